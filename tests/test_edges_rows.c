/* Edge cases: rows of more operands, activations, comparisons. */
#include "tests/test_edges.h"

void edge_where_untaken(tp_tape *tape)
{
    const tp_var x = VECTOR(0, 4), safe = tp_greater(x, tp_const(tape, 0)), s = tp_scalar(tape, 0);
    HOLDS(tp_where(safe, tp_log(x), x), 0, log(4));
    SLOPE(tp_where(safe, tp_log(x), x), x, 1, .25);
    SLOPE(tp_where(safe, tp_sqrt(tp_adds(x, -1)), tp_muls(x, 3)), x, 3, .5 / sqrt(3));
    SLOPE(tp_where(tp_greater(s, tp_const(tape, 0)), tp_log(s), tp_muls(s, 2)), s, 2);
}

void edge_clamp_ends(tp_tape *tape)
{
    const tp_var x = VECTOR(-2, -1, 0, 1, 2, INF, -INF);
    HOLDS(tp_clamp(x, -1, 1), -1, -1, 0, 1, 1, 1, -1);
    SLOPE(tp_clamp(x, -1, 1), x, 0, 1, 1, 1, 0, 0, 0);
    SLOPE(tp_hardtanh(x, -1, 1), x, 0, 0, 1, 0, 0, 0, 0);
    row_is("relu6", 0, 0, 0, 0, 0);
    row_is("relu6", 6, 0, 6, 0, 0);
}

void edge_clamp_nan(tp_tape *tape)
{
    const tp_var x = VECTOR(-5, 0, 5);
    HOLDS(tp_clamp(VECTOR(NOT_A_NUMBER), -1, 1), NOT_A_NUMBER);
    HOLDS(tp_clamp(x, 1, -1), -1, -1, -1);
    SLOPE(tp_clamp(x, 1, -1), x, 0, 0, 0);
}

void edge_softplus_far_out(tp_tape *tape)
{
    const tp_var x = VECTOR(1e4, -1e4), b = VECTOR(1e4, 1e4);
    row_is("softplus", 1e4, 0, 1e4, 1, 0);
    row_is("softplus", -1e4, 0, 0, 0, 0);
    row_is("logsigmoid", 1e4, 0, 0, 0, 0);
    row_is("logsigmoid", -1e4, 0, -1e4, 1, 0);
    HOLDS(tp_logaddexp(x, b), 1e4 + log(2), 1e4);
    SLOPE(tp_logaddexp(x, b), x, .5, 0);
    SLOPE(tp_logaddexp(x, b), b, .5, 1);
}

void edge_hypot_zero(tp_tape *tape)
{
    row_is("hypot", 0, 0, 0, 0, 0);
    row_is("atan2", 0, 0, 0, 0, 0);
    HOLDS(tp_hypot(VECTOR(3e300), VECTOR(4e300)), 5e300);
}

void edge_xlogy_zero(tp_tape *tape)
{
    (void)tape;
    row_is("xlogy", 0, 0, 0, 0, 0);
    row_is("xlogy", 0, -1, 0, 0, 0);
    row_is("xlogy", 0, 2, 0, log(2), 0);
}

void edge_round_halves(tp_tape *tape)
{
    HOLDS(tp_round(VECTOR(.5, 1.5, 2.5, -.5, -1.5)), 0, 2, 2, 0, -2);
}

void edge_compare_nan(tp_tape *tape)
{
    const tp_var nan = VECTOR(NOT_A_NUMBER), x = VECTOR(1);
    tp_var (*const compare[])(tp_var, tp_var) = {tp_less, tp_less_equal, tp_greater, tp_greater_equal, tp_equal};
    for (int i = 0; i < COUNT(compare); i++) {
        HOLDS(compare[i](nan, x), 0);
        HOLDS(compare[i](x, nan), 0);
        HOLDS(compare[i](nan, nan), 0);
    }
    HOLDS(tp_not_equal(nan, nan), 1);
}

void edge_nan_to_num_slope(tp_tape *tape)
{
    const tp_var x = VECTOR(NOT_A_NUMBER, INF, -INF, 2);
    HOLDS(tp_nan_to_num(x, 7, 8, 9), 7, 8, 9, 2);
    SLOPE(tp_nan_to_num(x, 7, 8, 9), x, 0, 0, 0, 1);
}

void edge_cbrt_at_zero(tp_tape *tape)
{
    (void)tape;
    row_is("cbrt", 0, 0, 0, INF, 0);
    row_is("cbrt", -8, 0, -2, 1. / 12, 0);
    row_is("rsqrt", 0, 0, INF, -INF, 0);
}

void edge_activations_far_out(tp_tape *tape)
{
    (void)tape;
    static const char *const linear[] = {"gelu", "gelu_tanh", "silu", "mish"};
    for (int i = 0; i < COUNT(linear); i++) {
        row_is(linear[i], 1e4, 0, 1e4, 1, 0);
        row_is(linear[i], -1e4, 0, 0, 0, 0);
    }
    row_is("elu", -1e4, 1.5, -1.5, 0, 0);
    row_is("elu", 1e4, 1.5, 1e4, 1, 0);
    row_is("selu", -1e4, 0, -1.0507009873554805 * 1.6732632423543772, 0, 0);
}
