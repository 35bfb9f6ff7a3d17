/* Edge cases: what holds everywhere, and elementwise ops. */
#include "tests/test_edges.h"

void edge_zero_upstream(tp_tape *tape)
{
    const tp_var x = VECTOR(0, -1, INF), none = vector(tape, TP_F64, 3, LIST_OF(0, 0, 0), true);
    SLOPE(tp_mul(tp_log(x), none), x, 0, 0, 0);
    SLOPE(tp_mul(tp_sqrt(x), none), x, 0, 0, 0);
    SLOPE(tp_muls(tp_div(x, x), 0), x, 0, 0, 0);
}

/* The slopes of the row at one point, recorded, numeric, and numeric in a tensor. */
static void compare_walks(tp_tape *tape, const tp_op *op, double x, double b)
{
    double slope[3][TP_ROW_OPERANDS] = {{0}};
    tp_tape_reset(tape);
    for (int kind = 0; kind < 3; kind++) {
        const tp_var v[] = {kind < 2 ? tp_scalar(tape, x) : VECTOR(x), kind < 2 ? tp_scalar(tape, b) : VECTOR(b),
                            kind < 2 ? tp_scalar(tape, .5) : VECTOR(.5)};
        tp_var g[TP_ROW_OPERANDS];
        const tp_var y = row_call(op->name, v, op->row->number);
        ck_assert_int_eq(tp_gradients(y, v, op->arity, g, kind == 0 ? TP_CREATE_GRAPH : 0), TP_OK);
        for (int i = 0; i < op->arity; i++) slope[kind][i] = number_at(g[i], 0);
        for (int i = 0; i < op->arity && kind; i++)
            ck_assert_msg(slope[0][i] == slope[kind][i] || (isnan(slope[0][i]) && isnan(slope[kind][i])) ||
                              fabs(slope[0][i] - slope[kind][i]) <= 1e-14 * fabs(slope[0][i]),
                          "%s at %g, %g: slope %d is %.17g, recorded %.17g", op->name, x, b, i, slope[kind][i],
                          slope[0][i]);
    }
}

void edge_walks_at_edges(tp_tape *tape)
{
    static const double points[] = {-INF, -1e300, -2, -1, -.5, -0., 0, .5, 1, 2, 1e300, INF};
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        for (int k = 0; op->row && !(op->flags & TP_NO_GRADIENT) && k < COUNT(points); k++)
            for (int m = 0; m < (op->arity > 1 ? COUNT(points) : 1); m++) compare_walks(tape, op, points[k], points[m]);
    }
}

void edge_untaken_branch(tp_tape *tape)
{
    const tp_var x = VECTOR(0, 0), s = tp_scalar(tape, 0);
    SLOPE(tp_maximum(x, tp_adds(tp_log(x), -1000)), x, 1, 1);
    SLOPE(tp_maximum(s, tp_adds(tp_log(s), -1000)), s, 1);
}

void edge_nan_comes_through(tp_tape *tape)
{
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        if (!op->row || op->flags & TP_NO_GRADIENT) continue;
        if (strcmp(op->name, "nan_to_num") == 0 || strcmp(op->name, "where") == 0) continue;
        for (int k = 0; k < op->arity; k++) {
            if (op->row->none[k]) continue; /* only its sign, or whether it is 0, matters */
            const tp_var nan = VECTOR(NOT_A_NUMBER), x = VECTOR(.75);
            const tp_var operands[] = {k == 0 ? nan : x, k == 1 ? nan : x, k == 2 ? nan : x};
            HOLDS(row_call(op->name, operands, op->row->number), NOT_A_NUMBER);
        }
    }
    HOLDS(tp_pows(VECTOR(NOT_A_NUMBER), 0), 1);
    HOLDS(tp_pow(VECTOR(1), VECTOR(NOT_A_NUMBER)), 1);
}

void edge_division_by_zero(tp_tape *tape)
{
    HOLDS(tp_div(VECTOR(1, 0, -1), VECTOR(0, 0, 0)), INF, NOT_A_NUMBER, -INF);
    HOLDS(tp_log(VECTOR(0, -1)), -INF, NOT_A_NUMBER);
    HOLDS(tp_sqrt(VECTOR(-1)), NOT_A_NUMBER);
    row_is("reciprocal", 0, 0, INF, -INF, 0);
}

void edge_not_reached(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2), other = VECTOR(3, 4, 5);
    SLOPE(tp_square(x), other, 0, 0, 0);
}

void edge_empty_tensor(tp_tape *tape)
{
    const tp_var x = NO_NUMBERS, y = tp_exp(tp_mul(x, x));
    ck_assert_int_eq(numbers_in(y), 0);
    tp_var g;
    ck_assert_int_eq(tp_gradients(tp_sum(y), &x, 1, &g, 0), TP_OK);
    ck_assert_int_eq(numbers_in(g), 0);
}

void edge_scalar_with_tensor(tp_tape *tape)
{
    const double ones[] = {1, 1, 1};
    const tp_var x = vector(tape, TP_F32, 3, ones, false), s = tp_scalar(tape, 1 + 1e-9), y = tp_mul(x, s);
    ck_assert_int_eq(tp_var_dtype(y), TP_F32);
    SLOPE(y, s, 3);
}

void edge_relu_at_zero(tp_tape *tape)
{
    (void)tape;
    row_is("relu", 0, 0, 0, 0, 0);
    row_is("relu", -0., 0, 0, 0, 0);
}

void edge_leaky_relu_at_zero(tp_tape *tape)
{
    (void)tape;
    row_is("leaky_relu", 0, .1, 0, .1, 0);
}

void edge_abs_at_zero(tp_tape *tape)
{
    (void)tape;
    row_is("abs", 0, 0, 0, 0, 0);
}

void edge_step_and_sign(tp_tape *tape)
{
    (void)tape;
    const double at[] = {-INF, -1, 0, 1, INF};
    for (int i = 0; i < COUNT(at); i++) {
        row_is("step", at[i], 0, at[i] > 0, 0, 0);
        row_is("sign", at[i], 0, (at[i] > 0) - (at[i] < 0), 0, 0);
    }
}

void edge_maximum_tie(tp_tape *tape)
{
    (void)tape;
    row_is("maximum", 2, 2, 2, .5, .5);
    row_is("minimum", 2, 2, 2, .5, .5);
    row_is("maximum", INF, INF, INF, .5, .5);
    row_is("maximum", 0, -0., ANY, .5, .5);
}

void edge_maximum_of_nan(tp_tape *tape)
{
    (void)tape;
    row_is("maximum", NOT_A_NUMBER, 1, NOT_A_NUMBER, 0, 0);
    row_is("maximum", 1, NOT_A_NUMBER, NOT_A_NUMBER, 0, 0);
    row_is("minimum", 1, NOT_A_NUMBER, NOT_A_NUMBER, 0, 0);
}

void edge_pow_zero_zero(tp_tape *tape)
{
    (void)tape;
    row_is("pow", 0, 0, 1, 0, 0);
    row_is("pows", 0, 0, 1, 0, 0);
}

void edge_pow_at_zero(tp_tape *tape)
{
    (void)tape;
    row_is("pow", 0, 2, 0, 0, 0);
    row_is("pow", 0, 1, 0, 1, 0);
    row_is("pow", 0, -1, INF, ANY, 0);
}

void edge_pow_to_the_zero(tp_tape *tape)
{
    (void)tape;
    row_is("pow", 3, 0, 1, 0, log(3));
    row_is("pow", INF, 0, 1, 0, ANY);
    row_is("pows", INF, 0, 1, 0, 0);
    row_is("pow", NOT_A_NUMBER, 0, 1, 0, ANY);
}

void edge_pow_of_negative(tp_tape *tape)
{
    (void)tape;
    row_is("pows", -2, 3, -8, 12, 0);
    row_is("pows", -2, .5, NOT_A_NUMBER, NOT_A_NUMBER, 0);
    row_is("pow", -2, 3, -8, 12, NOT_A_NUMBER);
}

void edge_sqrt_at_zero(tp_tape *tape)
{
    row_is("sqrt", 0, 0, 0, INF, 0);
    const tp_var x = VECTOR(0, 4);
    SLOPE(tp_mul(tp_sqrt(x), vector(tape, TP_F64, 2, LIST_OF(0, 1), true)), x, 0, .25);
}

void edge_sigmoid_far_out(tp_tape *tape)
{
    (void)tape;
    const double far[] = {800, 1e300, INF};
    for (int i = 0; i < COUNT(far); i++) {
        row_is("sigmoid", far[i], 0, 1, 0, 0);
        row_is("sigmoid", -far[i], 0, 0, 0, 0);
        row_is("tanh", far[i], 0, 1, 0, 0);
        row_is("tanh", -far[i], 0, -1, 0, 0);
    }
}
