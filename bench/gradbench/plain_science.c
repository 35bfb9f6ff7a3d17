/* Plain C of the problems of science: det, llsq, ode. */
#include "bench/gradbench/plain.h"

/* ---- det ---- */

enum { MOST = 16 };

static bool det_read(plain_problem *p, const json_t *input, tp_error *error)
{
    if (!gb_read_int(input, "ell", 1, MOST, &p->n[0], error)) return false;
    p->tensor[0] = gb_read_tensor(input, "A", TP_F64, 1, (int64_t[]){p->n[0] * p->n[0]}, error);
    return p->tensor[0] && plain_room(p, 0, 0, error);
}

/* The minor of the rows from `row` on and the columns that are left: next[c] is the one behind c, next[MOST] the first,
   `end` none. */
static double minor(const double *a, int64_t size, int64_t row, int64_t *next, int64_t end)
{
    double sum = 0, sign = 1;
    if (row == size - 1) return a[row * size + next[MOST]];
    for (int64_t before = MOST, c = next[MOST]; c != end; before = c, c = next[c], sign = -sign) {
        next[before] = next[c];
        sum += sign * a[row * size + c] * minor(a, size, row + 1, next, end);
        next[before] = c;
    }
    return sum;
}

static void det_compute(plain_problem *p)
{
    const int64_t size = p->n[0];
    int64_t next[MOST + 1];
    for (int64_t c = 0; c < MOST; c++) next[c] = c + 1;
    next[MOST] = 0;
    p->value = minor(plain_numbers(p, 0), size, 0, next, size);
}

PLAIN(det, "primal", det_read, det_compute, plain_write);

/* ---- llsq ---- */

static bool llsq_read(plain_problem *p, const json_t *input, tp_error *error)
{
    p->n[1] = -1;
    if (!gb_read_int(input, "n", 2, INT32_MAX, &p->n[0], error)) return false;
    p->tensor[0] = gb_read_tensor(input, "x", TP_F64, 1, &p->n[1], error);
    return p->tensor[0] && plain_room(p, 0, 0, error);
}

PLAIN_LOOPS static void llsq_compute(plain_problem *p)
{
    const int64_t n = p->n[0], m = p->n[1];
    const double *x = plain_numbers(p, 0);
    double value = 0;
    for (int64_t i = 0; i < n; i++) {
        const double t = -1 + 2 * (double)i / (double)(n - 1);
        double error = t > 0 ? 1 : t < 0 ? -1 : 0, power = 1;
        for (int64_t j = 0; j < m; j++) {
            error -= x[j] * power;
            power *= t;
        }
        value += error * error;
    }
    p->value = value / 2;
}

PLAIN(llsq, "primal", llsq_read, llsq_compute, plain_write);

/* ---- ode ---- */

static bool ode_read(plain_problem *p, const json_t *input, tp_error *error)
{
    p->n[0] = -1;
    if (!gb_read_int(input, "s", 1, 1000000, &p->n[1], error)) return false;
    p->tensor[0] = gb_read_tensor(input, "x", TP_F64, 1, &p->n[0], error);
    return p->tensor[0] && plain_room(p, 6 * p->n[0], p->n[0], error);
}

/* z = f(y + h k); k NULL is 0. `moved` is room for y + h k. */
PLAIN_LOOPS static void slope(int64_t n, const double *restrict x, const double *restrict y, double h,
                              const double *restrict k, double *restrict moved, double *restrict z)
{
    for (int64_t i = 0; i < n; i++) moved[i] = k ? y[i] + h * k[i] : y[i];
    z[0] = x[0];
    for (int64_t i = 1; i < n; i++) z[i] = x[i] * moved[i - 1];
}

PLAIN_LOOPS static void advance(int64_t n, double *restrict y, double h, const double *restrict k1,
                                const double *restrict k2, const double *restrict k3, const double *restrict k4)
{
    for (int64_t i = 0; i < n; i++) y[i] += h * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) / 6;
}

static void ode_compute(plain_problem *p)
{
    const int64_t n = p->n[0], steps = p->n[1];
    const double *x = plain_numbers(p, 0), h = 2. / (double)steps;
    double *k1 = p->room, *k2 = k1 + n, *k3 = k2 + n, *k4 = k3 + n, *moved = k4 + n, *y = p->result;
    for (int64_t i = 0; i < n; i++) y[i] = 0;
    for (int64_t t = 0; t < steps; t++) {
        slope(n, x, y, 0, NULL, moved, k1);
        slope(n, x, y, h / 2, k1, moved, k2);
        slope(n, x, y, h / 2, k2, moved, k3);
        slope(n, x, y, h, k3, moved, k4);
        advance(n, y, h, k1, k2, k3, k4);
    }
}

PLAIN(ode, "primal", ode_read, ode_compute, plain_write);
