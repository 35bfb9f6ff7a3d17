/* Explicit Runge-Kutta methods. The coefficients are in Hairer, Norsett and Wanner, "Solving Ordinary Differential
   Equations I": tables II.1.2 and II.5.2. */
#include "ops/runge_kutta.h"

#include "autograd/function.h"

const tp_tableau tp_rk4 = {
    .stages = 4, .c = {0, .5, .5, 1}, .a = {{0}, {.5}, {0, .5}, {0, 0, 1}, {1. / 6, 1. / 3, 1. / 3, 1. / 6}}};

const tp_tableau tp_dopri5 = {
    .stages = 6,
    .c = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1},
    .a = {{0},
          {1. / 5},
          {3. / 40, 9. / 40},
          {44. / 45, -56. / 15, 32. / 9},
          {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
          {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
          {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}},
    .error = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}};

static bool like(tp_tape *tape, tp_var y, tp_var slope)
{
    char want[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
    const int rank = tp_var_rank(y), own = tp_var_rank(slope);
    if (!tp_shape_equal(rank, tp_var_dims(y), own, tp_var_dims(slope)))
        tp_tape_fail(tape, TP_E_SHAPE, "tp_odeint: f gives shape %s for a state of shape %s",
                     tp_shape_text(got, own, tp_var_dims(slope)), tp_shape_text(want, rank, tp_var_dims(y)));
    else if (tp_var_dtype(y) != tp_var_dtype(slope))
        tp_tape_fail(tape, TP_E_DTYPE, "tp_odeint: f gives %s for a state of %s", tp_dtype_name(tp_var_dtype(slope)),
                     tp_dtype_name(tp_var_dtype(y)));
    return tape->error.status == TP_OK;
}

tp_var tp_ode_slope(tp_tape *tape, const tp_ode *ode, double t, tp_var y)
{
    tp_var *x = tp_chunks_push(&tape->stack, ((size_t)ode->n + 2) * sizeof *x);
    if (!x) return tp_refuse(tape, TP_E_MEMORY, "tp_odeint: out of memory");
    x[0] = tp_const(tape, t);
    x[1] = y;
    for (int i = 0; i < ode->n; i++) x[i + 2] = ode->theta[i];
    const tp_var slope = tp_call_function("odeint", ode->f, tape, x, ode->n + 2, ode->user);
    return tp_ok(slope) && like(tape, y, slope) ? slope : tp_poison(tape);
}

tp_var tp_ode_combine(tp_tape *tape, tp_var y, double h, const double *w, const tp_var *k, int n)
{
    for (int j = 0; j < n; j++) {
        if (w[j] == 0) continue;
        const tp_var term = tp_muls(k[j], h * w[j]);
        y = y.tape ? tp_add(y, term) : term;
    }
    return y.tape ? y : tp_const(tape, 0);
}

tp_var tp_ode_step(tp_tape *tape, const tp_ode *ode, const tp_tableau *method, double t, double h, tp_var y, tp_var *k)
{
    for (int s = 1; s < method->stages; s++) {
        const tp_var at = tp_ode_combine(tape, y, h, method->a[s], k, s);
        k[s] = tp_ode_slope(tape, ode, t + method->c[s] * h, at);
        if (!tp_ok(k[s])) return tp_poison(tape);
    }
    return tp_ode_combine(tape, y, h, method->a[method->stages], k, method->stages);
}
