/* Levenberg and Marquardt: each step minimises |J d + r|^2 + damping |D d|^2, by QR factorisations and never by J^T J,
   whose condition is that of J squared. D has the largest norms that J's columns have had (More 1978), so that units
   of x do not matter; the damping follows the gain as Nielsen, "Damping parameter in Marquardt's method" (1999), has
   it.
   */
#include <string.h>

#include "optim/minimize.h"

typedef struct squares {
    int64_t m, n, k;            /* k = min(m, n) */
    double *r, *r_trial;        /* m residuals: at x, at the trial */
    double *j;                  /* m by n; its first k rows become R */
    double *q;                  /* m: Q^T r */
    double *a, *b;              /* k + n by n: R above the damping; its right-hand side */
    double *scale, *step, *row; /* n each: D; d; scratch */
} squares;

static size_t work(const tp_search *s)
{
    const size_t m = (size_t)s->m, n = (size_t)s->n, k = m < n ? m : n;
    size_t jacobian, square;
    if (__builtin_mul_overflow(m, n, &jacobian) || __builtin_mul_overflow(k + n, n, &square)) return SIZE_MAX;
    const size_t vectors = 3 * m + 4 * n + k;
    return jacobian > SIZE_MAX / 4 || square > SIZE_MAX / 4 ? SIZE_MAX : jacobian + square + vectors;
}

static void lay_out(squares *q, const tp_search *s)
{
    const int64_t m = s->m, n = s->n, k = m < n ? m : n;
    double *at = s->work;
    *q = (squares){.m = m, .n = n, .k = k};
    q->r = at, at += m;
    q->r_trial = at, at += m;
    q->q = at, at += m;
    q->j = at, at += m * n;
    q->a = at, at += (k + n) * n;
    q->b = at, at += k + n;
    q->scale = at, at += n;
    q->step = at, at += n;
    q->row = at;
}

/* a (rows by n) and its right-hand side b to upper triangular form by Householder reflections; `row` holds n. */
static void triangularise(int64_t rows, int64_t n, double *a, double *b, double *row)
{
    for (int64_t c = 0; c < n && c < rows - 1; c++) {
        double square = 0;
        for (int64_t i = c; i < rows; i++) square += a[i * n + c] * a[i * n + c];
        const double top = a[c * n + c], norm = top > 0 ? -sqrt(square) : sqrt(square);
        if (!(square > 0)) continue;
        a[c * n + c] = top - norm;                     /* the reflection's vector v lies in the column */
        const double beta = 1 / (norm * (norm - top)); /* 2 / |v|^2 */
        double of_b = 0;
        memset(row, 0, (size_t)n * sizeof *row);
        for (int64_t i = c; i < rows; i++) {
            const double v = a[i * n + c];
            tp_axpy(n - c - 1, v, &a[i * n + c + 1], &row[c + 1]);
            of_b += v * b[i];
        }
        for (int64_t i = c; i < rows; i++) {
            const double v = a[i * n + c];
            tp_axpy(n - c - 1, -beta * v, &row[c + 1], &a[i * n + c + 1]);
            b[i] -= beta * v * of_b;
            a[i * n + c] = 0;
        }
        a[c * n + c] = norm;
    }
}

/* step = argmin |R d + q|^2 + damping |D d|^2 */
static void solve(squares *q, double damping)
{
    const int64_t n = q->n, k = q->k;
    memcpy(q->a, q->j, (size_t)(k * n) * sizeof *q->a);
    memset(&q->a[k * n], 0, (size_t)(n * n) * sizeof *q->a);
    memset(&q->b[k], 0, (size_t)n * sizeof *q->b);
    memcpy(q->b, q->q, (size_t)k * sizeof *q->b);
    for (int64_t i = 0; i < n; i++) q->a[(k + i) * n + i] = sqrt(damping) * q->scale[i];
    triangularise(k + n, n, q->a, q->b, q->row);
    for (int64_t i = n; i-- > 0;) {
        const double *row = &q->a[i * n];
        q->step[i] = (-q->b[i] - tp_dot(n - i - 1, &row[i + 1], &q->step[i + 1])) / row[i];
    }
}

/* The residuals where the objective stands; the half of their squares, HUGE_VAL where they are not finite. */
static double residuals(tp_search *s, double *r)
{
    if (tp_objective_count(s->o) != s->m) {
        s->status = TP_E_SHAPE;
        return HUGE_VAL;
    }
    s->status = tp_objective_values(s->o, r);
    const double value = tp_dot(s->m, r, r) / 2;
    return s->status == TP_OK && isfinite(value) ? value : HUGE_VAL;
}

/* Jacobian, gradient and scale at x, where the objective stands; J becomes R, and q is Q^T r. */
static bool linearise(tp_search *s, squares *q)
{
    const int64_t m = q->m, n = q->n;
    s->status = tp_objective_jacobian(s->o, q->j);
    s->result->products++;
    if (s->status != TP_OK) return false;
    memset(s->g, 0, (size_t)n * sizeof *s->g);
    memset(q->row, 0, (size_t)n * sizeof *q->row);
    for (int64_t i = 0; i < m; i++) {
        const double *row = &q->j[i * n];
        tp_axpy(n, q->r[i], row, s->g);
        for (int64_t c = 0; c < n; c++) q->row[c] += row[c] * row[c];
    }
    for (int64_t c = 0; c < n; c++) {
        q->scale[c] = fmax(q->scale[c], sqrt(q->row[c]));
        if (!isfinite(q->row[c])) s->status = TP_E_NUMERIC;
    }
    memcpy(q->q, q->r, (size_t)m * sizeof *q->q);
    triangularise(m, n, q->j, q->q, q->row);
    return s->status == TP_OK;
}

/* What the model of the damped step promises. */
static double promise(const squares *q, const double *g, double damping)
{
    double sum = 0;
    for (int64_t i = 0; i < q->n; i++) sum += q->step[i] * (damping * q->scale[i] * q->scale[i] * q->step[i] - g[i]);
    return sum / 2;
}

static double try(tp_search *s, squares *q, double damping)
{
    for (int64_t i = 0; i < q->n; i++) q->scale[i] = q->scale[i] > 0 ? q->scale[i] : 1;
    solve(q, damping);
    for (int64_t i = 0; i < q->n; i++) s->trial[i] = s->x[i] + q->step[i];
    s->result->evaluations++;
    const tp_status status = tp_objective_at(s->o, s->trial);
    if (status == TP_E_NUMERIC) return HUGE_VAL;
    if (status != TP_OK) s->status = status;
    return status == TP_OK ? residuals(s, q->r_trial) : HUGE_VAL;
}

static void take(tp_search *s, squares *q, double value)
{
    double *r = q->r;
    q->r = q->r_trial, q->r_trial = r;
    memcpy(s->x, s->trial, (size_t)s->n * sizeof *s->x);
    s->value = value;
}

static tp_minimize_end run(tp_search *s)
{
    squares q;
    lay_out(&q, s);
    s->value = residuals(s, q.r);
    s->result->evaluations++;
    s->result->value = s->value;
    if (s->value == HUGE_VAL && s->status == TP_OK) s->status = TP_E_NUMERIC;
    double damping = 1e-3, growth = 2, before = 0;
    bool first = true;
    tp_minimize_end end = TP_END_GRADIENT;
    while (s->status == TP_OK && linearise(s, &q)) {
        if (first ? tp_search_flat(s) : tp_search_ends(s, before, &end)) return end;
        first = false;
        before = s->value;
        for (bool lower = false; !lower && s->status == TP_OK;) {
            const double value = try(s, &q, damping), promised = promise(&q, s->g, damping);
            if (!(tp_norm(s->n, q.step) > 1e-16 * tp_norm(s->n, s->x)) || !(promised > 0)) return TP_END_ROUNDING;
            const double gain = value == HUGE_VAL ? -1 : (before - value) / promised;
            lower = gain > 0;
            if (lower) {
                take(s, &q, value);
                damping *= fmax(1. / 3, 1 - pow(2 * gain - 1, 3));
                growth = 2;
            } else {
                damping *= growth;
                growth *= 2;
                if (!isfinite(damping)) return TP_END_ROUNDING;
                if (s->result->evaluations >= s->options->evaluations) return TP_END_LIMIT;
            }
        }
    }
    return end;
}

const tp_minimizer tp_minimizer_lm = {work, run};
