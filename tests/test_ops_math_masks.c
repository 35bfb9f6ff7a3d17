/* Masks of integers as the condition of where, integers as operands of comparisons and logical ops; calls of rows with
   several operands that are refused, and numbers that are not. */
#include "tests/test_ops.h"

#define INF HUGE_VAL

/* ---- where under masks ---- */

static tp_var where_last(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_where(x[2], x[0], x[1]);
}
static tp_var where_compared(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_where(tp_less(x[0], x[1]), tp_square(x[0]), tp_exp(x[1]));
}

#define MASK(dtype, lies, ...)                                                                                         \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .labels = dtype, .high = 2, .layout = lies                                                 \
    }
static const sample samples[] = {
    {"where", "u8 mask", where_last, ON(T(2, 3), T(2, 3), MASK(TP_U8, DENSE, 2, 3))},
    {"where", "u8 mask, transposed leaf", where_last, ON(T(2, 3), T(2, 3), MASK(TP_U8, TRANSPOSED, 2, 3))},
    {"where", "u8 row mask", where_last, ON(T(2, 3), {.layout = SCALAR}, MASK(TP_U8, DENSE, 3))},
    {"where", "i32 column mask, sliced leaf", where_last, ON(T(2, 3), VIEW(2, 3), MASK(TP_I32, SLICED, 2, 1))},
    {"where", "i64 mask (2,2,3), cut", where_last, ON(T(2, 3), T(2, 1, 1), MASK(TP_I64, CUT, 2, 2, 3))},
    {"where", "i64 mask (1), transposed", where_last, ON(VIEW(3, 2), T(2), MASK(TP_I64, VIEW, 1, 1))},
    {"where", "u8 mask over scalars", where_last, ON({.layout = SCALAR}, {.layout = SCALAR}, MASK(TP_U8, DENSE, 3))},
    {"where", "empty i32 mask", where_last, ON(T(1, 3), T(3), MASK(TP_I32, DENSE, 0, 3))},
    {"where", "u8 of a comparison", where_compared, ON(T(2, 3), TRANSPOSED(2, 3))},
};
const sample_list mask_samples = {samples, COUNT(samples)};

/* ---- comparisons of integers ---- */

/* A constant of integers: dense, or every second column of a tensor whose others are 77. */
static tp_var integers(tp_tape *tape, tp_dtype dtype, int64_t rows, int64_t columns, const double *numbers, bool sliced)
{
    double all[16];
    const int64_t width = sliced ? 2 * columns : columns, dims[] = {rows, width};
    for (int64_t i = 0; i < rows * width; i++)
        all[i] = !sliced ? numbers[i] : (i % 2 ? 77 : numbers[i / width * columns + i % width / 2]);
    tp_tensor *wide = tp_tensor_from(TP_F64, 2, dims, all), *narrow = tp_tensor_new(dtype, 2, dims);
    ck_assert(wide && narrow);
    ck_assert_int_eq(tp_tensor_copy(narrow, wide, NULL), TP_OK);
    tp_tensor *view = tp_tensor_slice(narrow, 1, 0, width, sliced ? 2 : 1, NULL);
    ck_assert_ptr_nonnull(view);
    const tp_var x = tp_data(tape, view);
    tp_tensor_release(view);
    tp_tensor_release(wide);
    tp_tensor_release(narrow);
    return x;
}

/* Bit 4 of the answers is for x < b, bit 2 for x = b, bit 1 for x > b. */
static const struct {
    const char *op;
    tp_var (*of)(tp_var, tp_var);
    int answers;
} orders[] = {{"less", tp_less, 4},       {"less_equal", tp_less_equal, 6},       {"equal", tp_equal, 2},
              {"greater", tp_greater, 1}, {"greater_equal", tp_greater_equal, 3}, {"not_equal", tp_not_equal, 5}};

/* Bit 2 p + q is the answer for the truths p and q. */
static const struct {
    const char *op;
    tp_var (*of)(tp_var, tp_var);
    int answers;
} connectives[] = {
    {"logical_and", tp_logical_and, 8}, {"logical_or", tp_logical_or, 14}, {"logical_xor", tp_logical_xor, 6}};

static bool order_holds(int answers, double x, double b)
{
    return answers & (x < b ? 4 : (x > b ? 1 : 2));
}
static bool connective_holds(int answers, double x, double b)
{
    return answers >> (2 * (x != 0) + (b != 0)) & 1;
}

/* y holds the answers for x (2,3) with b (rows, columns) broadcast to it. */
static void expect_answers(const char *op, tp_var y, bool (*holds)(int, double, double), int answers, const double *x,
                           const double *b, int64_t rows, int64_t columns)
{
    ck_assert_msg(tp_ok(y), "%s: %s", op, tp_tape_error(y.tape));
    ck_assert_int_eq(tp_var_dtype(y), TP_U8);
    ck_assert_int_eq(numbers_in(y), 6);
    ck_assert(!tp_needs_grad(y));
    for (int64_t i = 0; i < 6; i++) {
        const double other = b[(rows == 1 ? 0 : i / 3 * columns) + (columns == 1 ? 0 : i % 3)];
        ck_assert_msg((number_at(y, i) == 1) == holds(answers, x[i], other) && number_at(y, i) <= 1,
                      "%s of %g and %g is %g", op, x[i], other, number_at(y, i));
    }
}

START_TEST(integers_are_compared)
{
    static const double x[] = {0, 1, 2, 2, 0, 5}, b[] = {0, 2, 1, 2, 1, 5};
    static const tp_dtype dtypes[] = {TP_U8, TP_I32, TP_I64};
    tp_tape *tape = tp_tape_new(NULL);
    for (int at = 0; at < 16; at++) {
        const int64_t rows = at & 1 ? 1 : 2, columns = at & 2 ? 1 : 3;
        const tp_var p = integers(tape, dtypes[_i], 2, 3, x, at & 4);
        const tp_var q = integers(tape, dtypes[_i], rows, columns, b, at & 8);
        for (int i = 0; i < COUNT(orders); i++)
            expect_answers(orders[i].op, orders[i].of(p, q), order_holds, orders[i].answers, x, b, rows, columns);
        for (int i = 0; i < COUNT(connectives); i++)
            expect_answers(connectives[i].op, connectives[i].of(p, q), connective_holds, connectives[i].answers, x, b,
                           rows, columns);
        expect_elements("logical_not", tp_logical_not(p), 6, (const double[]){1, 0, 0, 0, 1, 0}, 0);
        expect_elements("isnan", tp_isnan(p), 6, (const double[]){0, 0, 0, 0, 0, 0}, 0);
        expect_elements("isinf", tp_isinf(p), 6, (const double[]){0, 0, 0, 0, 0, 0}, 0);
        expect_elements("isfinite", tp_isfinite(p), 6, (const double[]){1, 1, 1, 1, 1, 1}, 0);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(large_integers_are_told_apart)
{
    tp_tape *tape = tp_tape_new(NULL);
    const int64_t two = 2, a[] = {(INT64_C(1) << 53) + 1, INT64_MIN}, b[] = {INT64_C(1) << 53, INT64_MAX};
    tp_tensor *ta = tp_tensor_from(TP_I64, 1, &two, a), *tb = tp_tensor_from(TP_I64, 1, &two, b);
    const tp_var x = tp_data(tape, ta), y = tp_data(tape, tb);
    expect_elements("equal", tp_equal(x, y), 2, (const double[]){0, 0}, 0);
    expect_elements("greater", tp_greater(x, y), 2, (const double[]){1, 0}, 0);
    expect_elements("isinf", tp_isinf(y), 2, (const double[]){0, 0}, 0);
    expect_elements("where", tp_where(x, tp_const(tape, 3), tp_const(tape, 4)), 2, (const double[]){3, 3}, 0);
    /* a scalar need not be whole: with one, integers are compared as f64 */
    const tp_var half = integers(tape, TP_I32, 1, 3, (const double[]){-1, 0, 1}, false);
    expect_elements("less", tp_less(half, tp_const(tape, .5)), 3, (const double[]){1, 1, 0}, 0);
    expect_elements("less", tp_less(tp_const(tape, -.5), half), 3, (const double[]){0, 1, 1}, 0);
    expect_elements("less", tp_less(half, tp_const(tape, NOT_A_NUMBER)), 3, (const double[]){0, 0, 0}, 0);
    expect_elements("and", tp_logical_and(half, tp_const(tape, NOT_A_NUMBER)), 3, (const double[]){1, 0, 1}, 0);
    tp_tensor_release(ta);
    tp_tensor_release(tb);
    tp_tape_free(tape);
}
END_TEST

/* The mask itself is no operand of arithmetic, but sums and casts make it one. */
START_TEST(masks_are_combined)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = vector(tape, TP_F32, 5, (const double[]){-2, -1, 0, 1, NOT_A_NUMBER}, false),
                 zero = tp_const(tape, 0);
    const tp_var inner = tp_logical_and(tp_greater(x, tp_const(tape, -2)), tp_less(x, tp_const(tape, 1)));
    expect_elements("inner", inner, 5, (const double[]){0, 1, 1, 0, 0}, 0);
    const tp_var known = tp_logical_xor(tp_isnan(x), tp_logical_not(inner));
    expect_elements("known", known, 5, (const double[]){1, 0, 0, 1, 0}, 0);
    expect_gradient("where", tp_sum(tp_where(inner, tp_square(x), tp_where(known, x, zero))), x, 5,
                    (const double[]){1, -2, 0, 1, 0});
    expect_elements("a count", tp_count_nonzero(inner), 1, (const double[]){2}, 0);
    tp_tape_free(tape);
}
END_TEST

/* ---- refused ---- */

static void expect_refused(tp_var y, const char *call, tp_status status, const char *message)
{
    ck_assert_msg(!tp_ok(y), "%s was not refused", call);
    ck_assert_msg(tp_tape_status(y.tape) == status && strcmp(tp_tape_error(y.tape), message) == 0,
                  "%s: status %s, \"%s\"", call, tp_status_name(tp_tape_status(y.tape)), tp_tape_error(y.tape));
    tp_tape_clear_error(y.tape);
}
#define REFUSED(call, status, message) expect_refused(call, #call, status, message)

static tp_var v3, v4, f3, i3, u3, m23, s;

static tp_tape *operands(void)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double numbers[] = {1, 2, 3, 4, 5, 6};
    v3 = vector(tape, TP_F64, 3, numbers, false);
    v4 = vector(tape, TP_F64, 4, numbers, false);
    f3 = vector(tape, TP_F32, 3, numbers, false);
    i3 = vector(tape, TP_I64, 3, numbers, true);
    u3 = vector(tape, TP_U8, 3, numbers, true);
    m23 = tp_reshape(vector(tape, TP_F64, 6, numbers, false), TP_DIMS(2, 3));
    s = tp_scalar(tape, 1);
    return tape;
}

START_TEST(shapes_that_do_not_broadcast_are_refused)
{
    tp_tape *tape = operands();
    REFUSED(tp_where(u3, v4, s), TP_E_SHAPE, "tp_where: shapes do not broadcast: u8 (3) and f64 (4)");
    REFUSED(tp_where(v4, m23, v3), TP_E_SHAPE, "tp_where: shapes do not broadcast: f64 (4), f64 (2,3) and f64 (3)");
    REFUSED(tp_fma(v3, s, v4), TP_E_SHAPE, "tp_fma: shapes do not broadcast: f64 (3) and f64 (4)");
    REFUSED(tp_lerp(m23, v3, v4), TP_E_SHAPE, "tp_lerp: shapes do not broadcast: f64 (2,3), f64 (3) and f64 (4)");
    REFUSED(tp_clamp_tensors(v4, v3, v3), TP_E_SHAPE,
            "tp_clamp_tensors: shapes do not broadcast: f64 (4), f64 (3) and f64 (3)");
    REFUSED(tp_less(v3, v4), TP_E_SHAPE, "tp_less: shapes do not broadcast: f64 (3) and f64 (4)");
    REFUSED(tp_equal(m23, v4), TP_E_SHAPE, "tp_equal: shapes do not broadcast: f64 (2,3) and f64 (4)");
    REFUSED(tp_logical_xor(v4, m23), TP_E_SHAPE, "tp_logical_xor: shapes do not broadcast: f64 (4) and f64 (2,3)");
    tp_tape_free(tape);
}
END_TEST

START_TEST(dtypes_that_do_not_fit_are_refused)
{
    tp_tape *tape = operands();
    REFUSED(tp_where(u3, v3, f3), TP_E_DTYPE, "tp_where: dtypes differ; use tp_cast: u8 (3), f64 (3) and f32 (3)");
    REFUSED(tp_where(u3, i3, s), TP_E_DTYPE, "tp_where: needs f32 or f64; use tp_cast: u8 (3) and i64 (3)");
    REFUSED(tp_where(u3, s, u3), TP_E_DTYPE, "tp_where: needs f32 or f64; use tp_cast: u8 (3) and u8 (3)");
    REFUSED(tp_fma(v3, f3, s), TP_E_DTYPE, "tp_fma: dtypes differ; use tp_cast: f64 (3) and f32 (3)");
    REFUSED(tp_fma(s, s, i3), TP_E_DTYPE, "tp_fma: needs f32 or f64; use tp_cast: i64 (3)");
    REFUSED(tp_lerp(v3, v3, f3), TP_E_DTYPE, "tp_lerp: dtypes differ; use tp_cast: f64 (3), f64 (3) and f32 (3)");
    REFUSED(tp_clamp_tensors(i3, s, s), TP_E_DTYPE, "tp_clamp_tensors: needs f32 or f64; use tp_cast: i64 (3)");
    REFUSED(tp_less(v3, f3), TP_E_DTYPE, "tp_less: dtypes differ; use tp_cast: f64 (3) and f32 (3)");
    REFUSED(tp_greater_equal(i3, u3), TP_E_DTYPE, "tp_greater_equal: dtypes differ; use tp_cast: i64 (3) and u8 (3)");
    REFUSED(tp_logical_and(u3, v3), TP_E_DTYPE, "tp_logical_and: dtypes differ; use tp_cast: u8 (3) and f64 (3)");
    REFUSED(tp_clamp(i3, 0, 1), TP_E_DTYPE, "tp_clamp: needs f32 or f64; use tp_cast: i64 (3)");
    REFUSED(tp_polygamma(u3, 1), TP_E_DTYPE, "tp_polygamma: needs f32 or f64; use tp_cast: u8 (3)");
    REFUSED(tp_nan_to_num(i3, 0, 1, 2), TP_E_DTYPE, "tp_nan_to_num: needs f32 or f64; use tp_cast: i64 (3)");
    tp_tape_free(tape);
}
END_TEST

/* What a refused call gave, a handle from before a reset, and one without a tape. */
START_TEST(bad_handles_are_refused)
{
    tp_tape *tape = operands();
    const tp_var bad = tp_add(v3, v4);
    tp_tape_clear_error(tape);
    REFUSED(tp_where(bad, v3, v3), TP_E_ARGUMENT, "tp_where: operand 0 is no handle");
    REFUSED(tp_where(u3, v3, bad), TP_E_ARGUMENT, "tp_where: operand 2 is no handle");
    REFUSED(tp_fma(s, bad, s), TP_E_ARGUMENT, "tp_fma: operand 1 is no handle");
    REFUSED(tp_lerp(s, s, bad), TP_E_ARGUMENT, "tp_lerp: operand 2 is no handle");
    REFUSED(tp_clamp_tensors(bad, s, s), TP_E_ARGUMENT, "tp_clamp_tensors: operand 0 is no handle");
    REFUSED(tp_clamp(bad, 0, 1), TP_E_ARGUMENT, "tp_clamp: operand 0 is no handle");
    REFUSED(tp_polygamma(bad, 1), TP_E_ARGUMENT, "tp_polygamma: operand 0 is no handle");
    REFUSED(tp_nan_to_num(bad, 0, 1, 2), TP_E_ARGUMENT, "tp_nan_to_num: operand 0 is no handle");
    REFUSED(tp_logical_not(bad), TP_E_ARGUMENT, "tp_logical_not: operand 0 is no handle");
    REFUSED(tp_less(v3, bad), TP_E_ARGUMENT, "tp_less: operand 1 is no handle");
    const tp_var old = v3;
    tp_tape_reset(tape);
    REFUSED(tp_where(old, old, old), TP_E_STALE, "tp_where: operand 0 (node 0) is from before a reset or rewind");
    REFUSED(tp_clamp(old, 0, 1), TP_E_STALE, "tp_clamp: operand 0 (node 0) is from before a reset or rewind");
    REFUSED(tp_logical_or(old, old), TP_E_STALE, "tp_logical_or: operand 0 (node 0) is from before a reset or rewind");
    tp_tape_free(tape);
    const tp_var nothing = tp_none();
    ck_assert(!tp_ok(tp_where(nothing, nothing, nothing)) && !tp_ok(tp_fma(nothing, nothing, nothing)));
    ck_assert(!tp_ok(tp_equal(nothing, nothing)) && !tp_ok(tp_isnan(nothing)));
    ck_assert(!tp_ok(tp_nan_to_num(nothing, 0, 0, 0)) && !tp_ok(tp_clamp(nothing, 0, 1)));
}
END_TEST

/* ---- plain numbers ---- */

START_TEST(plain_numbers_that_are_odd_give_what_the_formula_gives)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = vector(tape, TP_F64, 3, (const double[]){-2, .5, 2}, false);
    const double none[] = {NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER};
    expect_elements("clamp above NaN", tp_clamp(x, NOT_A_NUMBER, 1), 3, none, 0);
    expect_elements("clamp below NaN", tp_clamp(x, -1, NOT_A_NUMBER), 3, none, 0);
    expect_elements("clamp, crossed", tp_clamp(x, 1, -1), 3, (const double[]){-1, -1, -1}, 0);
    expect_elements("clamp, open", tp_clamp(x, -INF, INF), 3, (const double[]){-2, .5, 2}, 0);
    expect_elements("polygamma(x, NaN)", tp_polygamma(x, NOT_A_NUMBER), 3, none, 0);
    expect_elements("polygamma(x, -1)", tp_polygamma(x, -1), 3, none, 0);
    const tp_var half = vector(tape, TP_F64, 1, (const double[]){.5}, false);
    expect_elements("polygamma of an order beyond all terms", tp_polygamma(half, 1e12), 1, (const double[]){-INF}, 0);
    expect_elements("adds", tp_adds(x, INF), 3, (const double[]){INF, INF, INF}, 0);
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
}
END_TEST

TCase *math_masks_case(void)
{
    TCase *masks = tcase_create("math_masks");
    tcase_add_loop_test(masks, integers_are_compared, 0, 3);
    tcase_add_test(masks, large_integers_are_told_apart);
    tcase_add_test(masks, masks_are_combined);
    tcase_add_test(masks, shapes_that_do_not_broadcast_are_refused);
    tcase_add_test(masks, dtypes_that_do_not_fit_are_refused);
    tcase_add_test(masks, bad_handles_are_refused);
    tcase_add_test(masks, plain_numbers_that_are_odd_give_what_the_formula_gives);
    return masks;
}
