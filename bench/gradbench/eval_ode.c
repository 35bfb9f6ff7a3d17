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

/* x_0, x_1 y_0, x_2 y_1, ...: y moved on by a place, with a 1 in front. */
static tp_var slope(tp_var x, tp_var y)
{
    return tp_mul(x, tp_pad(y, 2, (const int64_t[]){1, -1}, TP_PAD_CONSTANT, 1));
}

/* y + h k */
static tp_var along(tp_var y, double h, tp_var k)
{
    return tp_fma(k, tp_const(k.tape, h), y);
}

static void step(tp_tape *tape, tp_var *state, int n, int64_t turn, void *user)
{
    const ode *o = user;
    const double h = 2. / (double)o->steps;
    const tp_var x = o->x, y = state[0];
    (void)tape, (void)n, (void)turn;
    const tp_var k1 = slope(x, y), k2 = slope(x, along(y, h / 2, k1)), k3 = slope(x, along(y, h / 2, k2));
    const tp_var k4 = slope(x, along(y, h, k3));
    state[0] = along(along(along(along(y, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4);
}

static tp_status ode_prepare(void *problem, int function, tp_error *error)
{
    ode *o = problem;
    (void)function;
    o->x = tp_leaf(o->tape, o->numbers);
    o->y = tp_zeros(o->tape, TP_F64, TP_DIMS(o->n));
    for (int64_t k = 0; k < o->steps; k++) step(o->tape, &o->y, 1, k, o);
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
