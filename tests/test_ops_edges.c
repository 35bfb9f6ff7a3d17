/* Edges: infinities, NaN, zeros, ties, overflow, nothing at all, and the structural zero of an absent upstream. */
#include "tests/test_ops.h"

#define INF HUGE_VAL
#define ANY 12345. /* not checked */

typedef struct special {
    const char *op;
    double x, b, y, dx, db; /* b is the plain number of a row that has one */
} special;

/* ---- rows at special inputs ---- */

static const special specials[] = {
    {"neg", INF, 0, -INF, -1, 0},
    {"reciprocal", 0, 0, INF, -INF, 0},
    {"reciprocal", -0., 0, -INF, -INF, 0},
    {"reciprocal", INF, 0, 0, 0, 0},
    {"exp", INF, 0, INF, INF, 0},
    {"exp", -INF, 0, 0, 0, 0},
    {"exp", 1000, 0, INF, INF, 0},
    {"exp", -1000, 0, 0, 0, 0},
    {"log", 0, 0, -INF, INF, 0},
    {"log", INF, 0, INF, 0, 0},
    {"log", -1, 0, NOT_A_NUMBER, ANY, 0},
    {"tanh", 1000, 0, 1, 0, 0},
    {"tanh", -1000, 0, -1, 0, 0},
    {"tanh", INF, 0, 1, 0, 0},
    {"tanh", -INF, 0, -1, 0, 0},
    {"sigmoid", 1000, 0, 1, 0, 0},
    {"sigmoid", -1000, 0, 0, 0, 0},
    {"sigmoid", INF, 0, 1, 0, 0},
    {"sigmoid", -INF, 0, 0, 0, 0},
    {"sigmoid", 0, 0, .5, .25, 0},
    {"relu", 0, 0, 0, 0, 0},
    {"relu", -0., 0, 0, 0, 0},
    {"relu", INF, 0, INF, 1, 0},
    {"relu", -INF, 0, 0, 0, 0},
    {"square", -INF, 0, INF, -INF, 0},
    {"sqrt", 0, 0, 0, INF, 0},
    {"sqrt", INF, 0, INF, 0, 0},
    {"sqrt", -1, 0, NOT_A_NUMBER, ANY, 0},
    {"abs", 0, 0, 0, 0, 0},
    {"abs", -INF, 0, INF, -1, 0},
    {"step", 0, 0, 0, 0, 0},
    {"step", -0., 0, 0, 0, 0},
    {"step", INF, 0, 1, 0, 0},
    {"step", -INF, 0, 0, 0, 0},
    {"sign", 0, 0, 0, 0, 0},
    {"sign", INF, 0, 1, 0, 0},
    {"sign", -INF, 0, -1, 0, 0},
    {"log_or_zero", 0, 0, 0, 0, 0},
    {"reciprocal_or_zero", 0, 0, 0, 0, 0},
    {"adds", INF, 1, INF, 1, 0},
    {"muls", INF, 0, NOT_A_NUMBER, 0, 0},
    {"rsubs", INF, 1, -INF, -1, 0},
    {"rdivs", 0, 1.5, INF, -INF, 0},
    {"rdivs", INF, 1.5, 0, 0, 0},
    {"pows", 0, 0, 1, 0, 0},
    {"pows", 0, 2, 0, 0, 0},
    {"pows", 0, 1, 0, 1, 0},
    {"pows", 0, .5, 0, INF, 0},
    {"pows", 0, -1, INF, -INF, 0},
    {"pows", -2, 3, -8, 12, 0},
    {"pows", -2, .5, NOT_A_NUMBER, ANY, 0},
    {"pows", NOT_A_NUMBER, 0, 1, 0, 0},
    {"pows", INF, 2, INF, INF, 0},
    {"leaky_relu", 0, .125, 0, .125, 0},
    {"leaky_relu", -INF, .125, -INF, .125, 0},
    {"leaky_relu", INF, .125, INF, 1, 0},
    {"add", INF, -INF, NOT_A_NUMBER, 1, 1},
    {"mul", INF, 0, NOT_A_NUMBER, 0, INF},
    {"div", 1, 0, INF, INF, -INF},
    {"div", 1, INF, 0, 0, 0},
    {"maximum", 1, 1, 1, .5, .5},
    {"maximum", 0, -0., 0, .5, .5},
    {"maximum", INF, INF, INF, .5, .5},
    {"maximum", INF, 1, INF, 1, 0},
    {"maximum", -INF, 1, 1, 0, 1},
    {"minimum", 1, 1, 1, .5, .5},
    {"minimum", -INF, -INF, -INF, .5, .5},
    {"minimum", INF, 1, 1, 0, 1},
    {"minimum", -INF, 1, -INF, 1, 0},
    {"pow", 0, 0, 1, 0, 0},
    {"pow", 0, 2, 0, 0, 0},
    {"pow", 0, 1, 0, 1, 0},
    {"pow", 0, .5, 0, INF, 0},
    {"pow", 0, -1, INF, -INF, ANY},
    {"pow", 2, 0, 1, 0, 0.69314718055994531},
    {"pow", -2, 2, 4, -4, NOT_A_NUMBER},
    {"pow", -2, .5, NOT_A_NUMBER, ANY, ANY},
    {"pow", NOT_A_NUMBER, 0, 1, 0, ANY},
    {"pow", INF, 0, 1, 0, INF},
    {"same", 1, 1, 1, 0, 0},
    {"same", NOT_A_NUMBER, NOT_A_NUMBER, 0, 0, 0},
    {"winner", 1, 1, .5, 0, 0},
    {"mul_masked", 0, INF, 0, INF, 0},
    {"mul_masked", 0, NOT_A_NUMBER, 0, NOT_A_NUMBER, 0},
    {"mul_masked", NOT_A_NUMBER, 2, NOT_A_NUMBER, 2, NOT_A_NUMBER},
};

enum { WIDTH = 19 }; /* more than a vector, and not a multiple */

static tp_var repeated(tp_tape *tape, tp_dtype dtype, double number)
{
    double numbers[WIDTH];
    for (int i = 0; i < WIDTH; i++) numbers[i] = number;
    return vector(tape, dtype, WIDTH, numbers, false);
}

static bool agrees(double got, double want, double tolerance)
{
    if (want == ANY) return true;
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    return got == want || fabs(got - want) <= tolerance * fabs(want);
}

static void expect_number(const special *s, const char *how, const char *what, tp_var x, double want, double tolerance)
{
    for (int64_t i = 0; i < numbers_in(x); i++)
        ck_assert_msg(agrees(number_at(x, i), want, tolerance), "%s(%g, %g), %s: %s is %.17g, not %g", s->op, s->x,
                      s->b, how, what, number_at(x, i), want);
}

static bool is_binary(const char *op)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (strcmp(tp_op_at(i)->name, op) == 0) return tp_op_at(i)->arity == 2;
    return false;
}

static void check_special_on(const special *s, const char *how, tp_var x, tp_var b, double tolerance)
{
    const int n = is_binary(s->op) ? 2 : 1;
    const tp_var inputs[] = {x, b}, y = row_call(s->op, inputs, &s->b);
    expect_number(s, how, "the value", y, s->y, tolerance);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var grads[2];
        ck_assert_int_eq(tp_vjp(y, tp_const(x.tape, 1), inputs, n, grads, flags), TP_OK);
        expect_number(s, how, flags ? "recorded dx" : "numeric dx", grads[0], s->dx, tolerance);
        if (n == 2) expect_number(s, how, flags ? "recorded db" : "numeric db", grads[1], s->db, tolerance);
    }
    ck_assert_int_eq(tp_replay(x.tape, 0), TP_OK);
    expect_number(s, how, "the replayed value", y, s->y, tolerance);
}

START_TEST(row_at_special_input)
{
    const special *s = &specials[_i];
    tp_tape *tape = tp_tape_new(NULL);
    check_special_on(s, "scalar", tp_scalar(tape, s->x), tp_scalar(tape, s->b), 1e-15);
    check_special_on(s, "f64", repeated(tape, TP_F64, s->x), repeated(tape, TP_F64, s->b), 1e-15);
    check_special_on(s, "f32", repeated(tape, TP_F32, s->x), repeated(tape, TP_F32, s->b), 1e-6);
    tp_tape_free(tape);
}
END_TEST

/* Not among them: the comparisons, the masked multiply, masks, a sign, and powers with the exponent 0. */
START_TEST(row_gives_nan_for_nan)
{
    const tp_op *op = tp_op_at(_i);
    static const char *const others[] = {"same",   "winner",  "mul_masked", "where",
                                         "inside", "between", "nan_to_num", "copysign"};
    static const double numbers[TP_MAX_NUMBERS] = {2, 3};
    for (int i = 0; i < COUNT(others); i++)
        if (strcmp(op->name, others[i]) == 0) return;
    if (!op->row || op->row->kind == TP_ROW_COMPARE) return;
    tp_tape *tape = tp_tape_new(NULL);
    for (int side = 0; side < op->arity; side++) {
        tp_var scalars[TP_ROW_OPERANDS], wide[TP_ROW_OPERANDS], narrow[TP_ROW_OPERANDS];
        for (int k = 0; k < op->arity; k++) {
            const double number = k == side ? NOT_A_NUMBER : 2;
            scalars[k] = tp_scalar(tape, number);
            wide[k] = repeated(tape, TP_F64, number);
            narrow[k] = repeated(tape, TP_F32, number);
        }
        const special s = {op->name, NOT_A_NUMBER, side, NOT_A_NUMBER, ANY, ANY};
        expect_number(&s, "scalar", "the value", row_call(op->name, scalars, numbers), NOT_A_NUMBER, 0);
        expect_number(&s, "f64", "the value", row_call(op->name, wide, numbers), NOT_A_NUMBER, 0);
        expect_number(&s, "f32", "the value", row_call(op->name, narrow, numbers), NOT_A_NUMBER, 0);
    }
    tp_tape_free(tape);
}
END_TEST

/* ---- an upstream of zero ---- */

static const special steep[] = {
    {"sqrt", 0, 0, 0, 0, 0},
    {"log", 0, 0, 0, 0, 0},
    {"log", -1, 0, 0, 0, 0},
    {"reciprocal", 0, 0, 0, 0, 0},
    {"exp", INF, 0, 0, 0, 0},
    {"square", INF, 0, 0, 0, 0},
    {"tanh", NOT_A_NUMBER, 0, 0, 0, 0},
    {"sigmoid", NOT_A_NUMBER, 0, 0, 0, 0},
    {"relu", NOT_A_NUMBER, 0, 0, 0, 0},
    {"abs", NOT_A_NUMBER, 0, 0, 0, 0},
    {"pows", 0, .5, 0, 0, 0},
    {"pows", 0, -1, 0, 0, 0},
    {"rdivs", 0, 1, 0, 0, 0},
    {"leaky_relu", NOT_A_NUMBER, .1, 0, 0, 0},
    {"pow", 0, .5, 0, 0, 0},
    {"pow", 0, -1, 0, 0, 0},
    {"pow", -2, .5, 0, 0, 0},
    {"div", 1, 0, 0, 0, 0},
    {"div", 0, 0, 0, 0, 0},
    {"mul", INF, INF, 0, 0, 0},
    {"mul", NOT_A_NUMBER, 1, 0, 0, 0},
    {"maximum", NOT_A_NUMBER, 1, 0, 0, 0},
    {"minimum", 1, NOT_A_NUMBER, 0, 0, 0},
};

/* Element 0 has a steep slope and no upstream; element 1 has both finite. */
static void check_steep_tensor(const special *s, tp_tape *tape, tp_dtype dtype, unsigned flags)
{
    const int n = is_binary(s->op) ? 2 : 1;
    const tp_var inputs[] = {vector(tape, dtype, 2, (double[]){s->x, 1.25}, false),
                             vector(tape, dtype, 2, (double[]){s->b, 1.5}, false)};
    const tp_var seed = vector(tape, dtype, 2, (double[]){0, 1}, true);
    const tp_var y = row_call(s->op, inputs, &s->b);
    tp_var grads[2];
    ck_assert_int_eq(tp_vjp(y, seed, inputs, n, grads, flags), TP_OK);
    for (int i = 0; i < n; i++) {
        ck_assert_msg(number_at(grads[i], 0) == 0, "%s(%g, %g), flags %u: gradient %d of what was not taken is %g",
                      s->op, s->x, s->b, flags, i, number_at(grads[i], 0));
        ck_assert_msg(isfinite(number_at(grads[i], 1)) || !isfinite(s->b), "%s: gradient %d", s->op, i);
    }
}

START_TEST(zero_upstream_is_a_structural_zero_in_rows)
{
    const special *s = &steep[_i];
    tp_tape *tape = tp_tape_new(NULL);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        check_steep_tensor(s, tape, TP_F64, flags);
        check_steep_tensor(s, tape, TP_F32, flags);
        const tp_var inputs[] = {tp_scalar(tape, s->x), tp_scalar(tape, s->b)};
        const tp_var y = row_call(s->op, inputs, &s->b), gated = tp_mul(y, tp_const(tape, 0));
        tp_var grads[2];
        const int n = is_binary(s->op) ? 2 : 1;
        ck_assert_int_eq(tp_gradients(gated, inputs, n, grads, flags), TP_OK);
        for (int i = 0; i < n; i++) expect_number(s, "a scalar times 0", "the gradient", grads[i], 0, 0);
    }
    tp_tape_free(tape);
}
END_TEST

typedef tp_var row_function(tp_var x, tp_var labels);

static tp_var last_softmax(tp_var x, tp_var labels)
{
    (void)labels;
    return tp_softmax(x, -1);
}
static tp_var last_log_softmax(tp_var x, tp_var labels)
{
    (void)labels;
    return tp_log_softmax(x, -1);
}
static tp_var last_logsumexp(tp_var x, tp_var labels)
{
    (void)labels;
    return tp_logsumexp(x, -1, false);
}
static tp_var each_cross_entropy(tp_var x, tp_var labels)
{
    return tp_cross_entropy(x, labels, TP_NONE);
}
static tp_var each_mse(tp_var x, tp_var labels)
{
    (void)labels;
    return tp_mse(x, tp_muls(x, 2), TP_NONE);
}
static tp_var last_max(tp_var x, tp_var labels)
{
    (void)labels;
    return tp_max_axes(x, TP_AXES(-1), false);
}

static const struct {
    const char *name;
    row_function *of;
} row_functions[] = {{"softmax", last_softmax}, {"log_softmax", last_log_softmax},     {"logsumexp", last_logsumexp},
                     {"max", last_max},         {"cross_entropy", each_cross_entropy}, {"mse", each_mse}};

/* Row 0 of x holds `bad` and gets no upstream: its gradient is 0, and row 1's is as if it were alone. */
static void check_masked_row(int which, double bad, tp_dtype dtype, unsigned flags)
{
    tp_tape *tape = tp_tape_new(NULL);
    const int64_t labels[] = {0, 2}, two = 2;
    tp_tensor *label = tp_tensor_from(TP_I64, 1, &two, labels);
    const tp_var flat = vector(tape, dtype, 6, (double[]){bad, 1, bad, .5, 1.5, 1}, false);
    const tp_var y = row_functions[which].of(tp_reshape(flat, TP_DIMS(2, 3)), tp_data(tape, label));
    const bool rows = tp_var_rank(y) == 2;
    tp_var seed = vector(tape, dtype, rows ? 6 : 2, rows ? (double[]){0, 0, 0, 1, 2, 3} : (double[]){0, 1}, true), g;
    if (rows) seed = tp_reshape(seed, TP_DIMS(2, 3));
    ck_assert_int_eq(tp_vjp(y, seed, &flat, 1, &g, flags), TP_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_msg(i < 3 ? number_at(g, i) == 0 : isfinite(number_at(g, i)),
                      "%s of a row with %g, flags %u: dx[%d]=%g", row_functions[which].name, bad, flags, i,
                      number_at(g, i));
    tp_tape_free(tape);
    tp_tensor_release(label);
}

START_TEST(zero_upstream_is_a_structural_zero_in_rows_of_tensors)
{
    static const double bad[] = {INF, -INF, NOT_A_NUMBER};
    for (int i = 0; i < COUNT(bad); i++)
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            check_masked_row(_i, bad[i], TP_F64, flags);
            check_masked_row(_i, bad[i], TP_F32, flags);
        }
}
END_TEST

TCase *edges_case(void)
{
    TCase *edges = tcase_create("edges");
    tcase_add_loop_test(edges, row_at_special_input, 0, COUNT(specials));
    tcase_add_loop_test(edges, row_gives_nan_for_nan, 0, tp_op_count());
    tcase_add_loop_test(edges, zero_upstream_is_a_structural_zero_in_rows, 0, COUNT(steep));
    tcase_add_loop_test(edges, zero_upstream_is_a_structural_zero_in_rows_of_tensors, 0, COUNT(row_functions));
    return edges;
}
