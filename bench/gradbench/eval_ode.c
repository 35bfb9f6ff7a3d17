/* ode: dy/dt = z(y) with z_0 = x_0 and z_i = x_i y_(i-1), from y = 0 at time 0 to time 2, by s steps of the classical
   Runge-Kutta method; and the gradient of the last component of the result. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

typedef struct ode {
    tp_tape *tape;
    tp_tensor *numbers;
    int64_t n, steps;
    tp_var x, y;
} ode;

enum { REACH = 4 }; /* a step leads from a component to the next four */

/* One step for one component: its new y from y[k], those of the component k places before it, k = 0 .. 4, and a[k], h/2
   times their x. The slopes are k1 = x y[1], k2 = x y2[1], k3 = x y3[1] and k4 = x y4[1], where y2 = y + h/2 k1,
   y3 = y + h/2 k2 and y4 = y + h k3. As y4 is 2 (y + h/2 k3) - y, the sum k1 + 2 k2 + 2 k3 + k4 is twice
   x (y2[1] + y3[1] + y[1] + h/2 k3[1]). */
static void step_of_one(tp_tape *tape, const tp_var *v, int n, tp_var *result, int m, void *user)
{
    const tp_var *y = v, *a = v + REACH + 1;
    tp_var y2[REACH], y3[REACH - 1];
    (void)tape, (void)n, (void)m, (void)user;
    for (int k = 1; k <= 3; k++) y2[k] = tp_fma(a[k], y[k + 1], y[k]);
    for (int k = 1; k <= 2; k++) y3[k] = tp_fma(a[k], y2[k + 1], y[k]);
    const tp_var half_sum = tp_add(tp_add(y2[1], y3[1]), tp_fma(a[1], y3[2], y[1]));
    result[0] = tp_fma(a[0], tp_muls(half_sum, 2. / 3), y[0]);
}

/* The first component has a 1 before it, and nothing before that: where x is 0, y stays as it is. */
static tp_var with_past(tp_tape *tape, tp_var v, double before)
{
    const tp_var zeros = tp_zeros(tape, TP_F64, TP_DIMS(REACH - 1));
    return tp_concat((const tp_var[]){zeros, tp_full(tape, TP_F64, TP_DIMS(1), before), v}, 3, 0);
}

/* The components 0, 1, ..., n - 1 places back. */
static void places_back(tp_var padded, int64_t n, int count, tp_var *places)
{
    for (int k = 0; k < count; k++) places[k] = tp_slice(padded, 0, REACH - k, REACH - k + n, 1);
}

static tp_var solve(const ode *o)
{
    tp_var v[2 * REACH + 1], y = tp_zeros(o->tape, TP_F64, TP_DIMS(o->n));
    const tp_var a = with_past(o->tape, tp_muls(o->x, 1. / (double)o->steps), 0);
    places_back(a, o->n, REACH, v + REACH + 1);
    for (int64_t s = 0; s < o->steps; s++) {
        places_back(with_past(o->tape, y, 1), o->n, REACH + 1, v);
        y = tp_map(step_of_one, o->tape, v, 2 * REACH + 1, 1, NULL);
    }
    return y;
}

static tp_status ode_prepare(void *problem, int function, tp_error *error)
{
    ode *o = problem;
    (void)function;
    o->x = tp_leaf(o->tape, o->numbers);
    o->y = solve(o);
    if (function == 1) o->y = tp_index(o->y, 1, (const int64_t[]){-1});
    return gb_tape_status(o->tape, error);
}

static tp_status ode_run(void *problem, int function, tp_error *error)
{
    ode *o = problem;
    tp_replay(o->tape, 0);
    if (function == 1) tp_backward(o->y);
    return gb_tape_status(o->tape, error);
}

static void ode_write(const void *problem, int function, gb_text *out)
{
    const ode *o = problem;
    gb_put_tensor(out, function == 1 ? tp_grad(o->x) : tp_value(o->y));
}

static const tp_tape *ode_tape(const void *problem)
{
    return ((const ode *)problem)->tape;
}

static void ode_free(void *problem)
{
    ode *o = problem;
    if (!o) return;
    tp_tape_free(o->tape);
    tp_tensor_release(o->numbers);
    free(o);
}

static void *ode_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    ode *o = calloc(1, sizeof *o);
    if (!o) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    o->n = -1;
    o->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_read_int(input, "s", 1, 1000000, &o->steps, error))
        o->numbers = gb_read_tensor(input, "x", TP_F64, 1, &o->n, error);
    if (o->numbers && o->n == 0) gb_fail(error, TP_E_SHAPE, "\"x\" is empty");
    if (o->numbers && o->n && gb_tape_status(o->tape, error) == TP_OK) return o;
    ode_free(o);
    return NULL;
}

const gb_eval gb_ode = {
    .name = "ode",
    .functions = {{"primal", "replayed"}, {"gradient", "replayed"}},
    .parse = ode_parse,
    .prepare = ode_prepare,
    .run = ode_run,
    .write = ode_write,
    .tape = ode_tape,
    .free = ode_free,
};
