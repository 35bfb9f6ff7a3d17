/* The checker is checked: ops whose rules are slightly wrong must be rejected, right ones accepted, and nothing may be
   left changed. Then whole programs, and derivatives of third order. */
#include "tests/test_ops.h"
#include "tests/tests.h"

/* ---- x^3 as a user writes it, right and wrong ---- */

static tp_status cube_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status cube_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double *out = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) out[i] = pow(tp_tensor_item(x, i), 3);
    return TP_OK;
}

static tp_status give_slope(tp_ctx *ctx, tp_var g, double factor)
{
    return tp_give(ctx, 0, tp_mul_masked(g, tp_muls(tp_square(tp_ctx_input_var(ctx, 0)), factor)));
}

static tp_status cube_backward(tp_ctx *ctx, tp_var g)
{
    return give_slope(ctx, g, 3);
}

static tp_status cube_backward_off(tp_ctx *ctx, tp_var g)
{
    return give_slope(ctx, g, 3 * 1.0005);
}

static tp_status cube_backward_negative(tp_ctx *ctx, tp_var g)
{
    return give_slope(ctx, g, -3);
}

static tp_status cube_backward_silent(tp_ctx *ctx, tp_var g)
{
    (void)ctx, (void)g;
    return TP_OK;
}

static tp_status write_slope(tp_ctx *ctx, const tp_tensor *g, double factor)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    if (!grad) return TP_E_MEMORY;
    double *out = tp_tensor_data(grad);
    for (int64_t i = 0; i < tp_tensor_count(x); i++)
        out[i] = factor * pow(tp_tensor_item(x, i), 2) * tp_tensor_item(g, i);
    return TP_OK;
}

static tp_status cube_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return write_slope(ctx, g, 3);
}

static tp_status cube_gradient_off(tp_ctx *ctx, const tp_tensor *g)
{
    return write_slope(ctx, g, 3 * 1.0005);
}

/* Saves 3 x^2, which is differentiable, and uses it as if it were constant: the first derivative is right. */
static tp_status saving_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor **saved = tp_ctx_save(ctx, sizeof *saved);
    if (!saved || !(*saved = tp_ctx_save_tensor(ctx, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x)))) return TP_E_MEMORY;
    return cube_shape(ctx);
}

static tp_status saving_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double *slope = tp_tensor_data(*(tp_tensor **)tp_ctx_saved(ctx));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) slope[i] = 3 * pow(tp_tensor_item(x, i), 2);
    return cube_forward(ctx);
}

static tp_status saving_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_mul_masked(g, tp_ctx_constant(ctx, *(tp_tensor **)tp_ctx_saved(ctx))));
}

#define CUBE TP_OP_HEAD, .arity = 1, .structure = TP_ELEMENTWISE, .shape = cube_shape, .forward = cube_forward
static const tp_op cube = {CUBE, .name = "cube", .backward = cube_backward};
static const tp_op cube_fused = {CUBE, .name = "cube_fused", .backward = cube_backward, .gradient = cube_gradient};
static const tp_op cube_off = {CUBE, .name = "cube_off", .backward = cube_backward_off};
static const tp_op cube_negative = {CUBE, .name = "cube_negative", .backward = cube_backward_negative};
static const tp_op cube_silent = {CUBE, .name = "cube_silent", .backward = cube_backward_silent};
static const tp_op cube_fused_off = {CUBE, .name = "cube_fused_off", .backward = cube_backward,
                                     .gradient = cube_gradient_off};
static const tp_op cube_recorded_off = {CUBE, .name = "cube_recorded_off", .backward = cube_backward_off,
                                        .gradient = cube_gradient};
static const tp_op cube_saving = {TP_OP_HEAD,
                                  .name = "cube_saving",
                                  .arity = 1,
                                  .structure = TP_ELEMENTWISE,
                                  .shape = saving_shape,
                                  .forward = saving_forward,
                                  .backward = saving_backward};

static const double points[] = {.7, -1.3, 1.9, .4};

static tp_var leaf_on(tp_tape *tape)
{
    return vector(tape, TP_F64, COUNT(points), points, false);
}

static tp_status first(const tp_op *op, tp_error *error)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_on(tape), y = tp_apply(op, &x, 1, NULL);
    const tp_status status = tp_gradcheck(y, &x, 1, NULL, error);
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
    return status;
}

static tp_status second(const tp_op *op, tp_error *error)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_on(tape), y = tp_apply(op, &x, 1, NULL);
    const tp_status status = tp_gradgradcheck(y, &x, 1, NULL, error);
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
    return status;
}

static bool rules_agree(const tp_op *op)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_on(tape), y = tp_apply(op, &x, 1, NULL), seed = upstream_like(y, 3);
    tp_var numeric, recorded;
    ck_assert_int_eq(tp_vjp(y, seed, &x, 1, &numeric, 0), TP_OK);
    ck_assert_int_eq(tp_vjp(y, seed, &x, 1, &recorded, TP_CREATE_GRAPH), TP_OK);
    const bool agree = !*difference_of(numeric, recorded, 1e-12);
    tp_tape_free(tape);
    return agree;
}

START_TEST(right_rule_passes_every_check)
{
    static const tp_op *const right[] = {&cube, &cube_fused};
    for (int i = 0; i < COUNT(right); i++) {
        tp_error error = {0};
        ck_assert_msg(first(right[i], &error) == TP_OK, "%s", error.message);
        ck_assert_msg(second(right[i], &error) == TP_OK, "%s", error.message);
        ck_assert(rules_agree(right[i]));
        ck_assert_int_eq(error.status, TP_OK);
    }
}
END_TEST

START_TEST(gradcheck_rejects_a_wrong_rule)
{
    static const tp_op *const wrong[] = {&cube_off, &cube_negative, &cube_silent, &cube_fused_off};
    tp_error error = {0};
    ck_assert_int_eq(first(wrong[_i], &error), TP_E_CHECK);
    ck_assert_int_eq(error.status, TP_E_CHECK);
    ck_assert_ptr_nonnull(strstr(error.message, wrong[_i]->name));
    ck_assert_ptr_nonnull(strstr(error.message, "finite differences"));
    ck_assert_int_eq(first(wrong[_i], NULL), TP_E_CHECK);
}
END_TEST

START_TEST(gradcheck_rejects_a_wrong_rule_on_a_scalar)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1.5);
    ck_assert_int_eq(tp_gradcheck(tp_apply(&cube, &x, 1, NULL), &x, 1, NULL, NULL), TP_OK);
    ck_assert_int_eq(tp_gradcheck(tp_apply(&cube_off, &x, 1, NULL), &x, 1, NULL, NULL), TP_E_CHECK);
    tp_tape_free(tape);
}
END_TEST

START_TEST(gradgradcheck_and_comparison_reject_rules_that_differ)
{
    ck_assert(!rules_agree(&cube_fused_off));
    ck_assert(!rules_agree(&cube_recorded_off));
    tp_error error = {0};
    ck_assert_int_eq(first(&cube_recorded_off, &error), TP_OK);
    ck_assert_int_eq(second(&cube_recorded_off, &error), TP_E_CHECK);
    ck_assert_int_eq(second(&cube_fused_off, &error), TP_E_CHECK);
}
END_TEST

START_TEST(gradgradcheck_rejects_saved_data_taken_for_constant)
{
    tp_error error = {0};
    ck_assert_msg(first(&cube_saving, &error) == TP_OK, "%s", error.message);
    ck_assert(rules_agree(&cube_saving));
    ck_assert_int_eq(second(&cube_saving, &error), TP_E_CHECK);
    ck_assert_ptr_nonnull(strstr(error.message, "tp_gradgradcheck"));
}
END_TEST

/* ---- x y, with a rule that forgets y ---- */

static tp_status product_forward(tp_ctx *ctx)
{
    double *out = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int i = 0; i < COUNT(points); i++)
        out[i] = tp_tensor_item(tp_ctx_input(ctx, 0), i) * tp_tensor_item(tp_ctx_input(ctx, 1), i);
    return TP_OK;
}

static tp_status forgetful_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_mul_masked(g, tp_ctx_input_var(ctx, 1)));
}

static tp_status product_backward(tp_ctx *ctx, tp_var g)
{
    const tp_status status = forgetful_backward(ctx, g);
    return status == TP_OK ? tp_give(ctx, 1, tp_mul_masked(g, tp_ctx_input_var(ctx, 0))) : status;
}

/* dx = g y, with y as it is now: right in first order, and blind to y in second. */
static tp_status blind_backward(tp_ctx *ctx, tp_var g)
{
    const tp_status status = tp_give(ctx, 0, tp_mul_masked(g, tp_detach(tp_ctx_input_var(ctx, 1))));
    return status == TP_OK ? tp_give(ctx, 1, tp_mul_masked(g, tp_ctx_input_var(ctx, 0))) : status;
}

#define PRODUCT TP_OP_HEAD, .arity = 2, .structure = TP_ELEMENTWISE, .shape = cube_shape, .forward = product_forward
static const tp_op product_op = {PRODUCT, .name = "product", .backward = product_backward};
static const tp_op forgetful_op = {PRODUCT, .name = "forgetful", .backward = forgetful_backward};
static const tp_op blind_op = {PRODUCT, .name = "blind", .backward = blind_backward};

START_TEST(gradcheck_rejects_a_forgotten_operand)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x[] = {leaf_on(tape), vector(tape, TP_F64, COUNT(points), (double[]){2, .5, -1, 3}, false)};
    const tp_var right = tp_apply(&product_op, x, 2, NULL), wrong = tp_apply(&forgetful_op, x, 2, NULL);
    tp_error error = {0};
    ck_assert_int_eq(tp_gradcheck(right, x, 2, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradgradcheck(right, x, 2, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradcheck(wrong, x, 1, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradcheck(wrong, x, 2, NULL, &error), TP_E_CHECK);
    ck_assert_ptr_nonnull(strstr(error.message, "x[1]"));
    const tp_var blind = tp_apply(&blind_op, x, 2, NULL);
    ck_assert_int_eq(tp_gradcheck(blind, x, 2, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradgradcheck(blind, x, 2, NULL, &error), TP_E_CHECK);
    tp_tape_free(tape);
}
END_TEST

/* ---- options, errors, and what must stay as it was ---- */

START_TEST(gradcheck_follows_its_options)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_on(tape), off = tp_apply(&cube_off, &x, 1, NULL), right = tp_apply(&cube, &x, 1, NULL);
    const tp_gradcheck_options loose = {.relative = 1e-3}, absolute = {.absolute = 1}, tight = {.relative = 1e-5};
    ck_assert_int_eq(tp_gradcheck(off, &x, 1, &loose, NULL), TP_OK);
    ck_assert_int_eq(tp_gradcheck(off, &x, 1, &absolute, NULL), TP_OK);
    ck_assert_int_eq(tp_gradcheck(off, &x, 1, &tight, NULL), TP_E_CHECK);
    const tp_gradcheck_options coarse = {.step = 1e-2, .seed = 7}, strict = {.relative = 1e-15, .absolute = 1e-300};
    ck_assert_int_eq(tp_gradcheck(right, &x, 1, &coarse, NULL), TP_OK);
    ck_assert_int_eq(tp_gradcheck(tp_exp(x), &x, 1, &strict, NULL), TP_E_CHECK);
    const tp_gradcheck_options nonsense = {.step = -1, .relative = (double)NAN, .absolute = -3};
    ck_assert_int_eq(tp_gradcheck(right, &x, 1, &nonsense, NULL), TP_OK);
    ck_assert_int_eq(tp_gradcheck(off, &x, 1, &nonsense, NULL), TP_E_CHECK);
    tp_tape_free(tape);
}
END_TEST

typedef tp_status checker(tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error);
static checker *const checkers[] = {tp_gradcheck, tp_gradgradcheck};

static void expect_status(checker *check, tp_var y, const tp_var *x, int n, tp_status status)
{
    tp_error error = {0};
    ck_assert_int_eq(check(y, x, n, NULL, &error), status);
    ck_assert_int_eq(error.status, status);
    ck_assert(*error.message || status == TP_OK);
    ck_assert_int_eq(check(y, x, n, NULL, NULL), status);
}

START_TEST(gradcheck_rejects_wrong_calls)
{
    checker *check = checkers[_i];
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    const tp_var x = leaf_on(tape), y = tp_square(x), elsewhere = leaf_on(other);
    const tp_var narrow = vector(tape, TP_F32, 4, points, false), constant = vector(tape, TP_F64, 4, points, true);
    const tp_var number = tp_const(tape, 2), poisoned = tp_none();
    expect_status(check, y, &x, 1, TP_OK);
    expect_status(check, y, NULL, 0, TP_OK);
    expect_status(check, poisoned, &x, 1, TP_E_ARGUMENT);
    expect_status(check, y, NULL, 1, TP_E_ARGUMENT);
    expect_status(check, y, &x, -1, TP_E_ARGUMENT);
    expect_status(check, tp_exp(y), &y, 1, TP_E_ARGUMENT);
    expect_status(check, y, &constant, 1, TP_E_ARGUMENT);
    expect_status(check, y, &number, 1, TP_E_ARGUMENT);
    expect_status(check, tp_cast(tp_exp(narrow), TP_F64), &narrow, 1, TP_E_DTYPE);
    expect_status(check, tp_exp(narrow), &x, 1, TP_E_DTYPE);
    expect_status(check, y, &elsewhere, 1, TP_E_STALE);
    expect_status(check, y, &poisoned, 1, TP_E_STALE);
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var gone = leaf_on(tape), result = tp_exp(gone);
    ck_assert_int_eq(tp_tape_rewind(tape, mark), TP_OK);
    expect_status(check, y, &gone, 1, TP_E_STALE);
    expect_status(check, result, &x, 1, TP_E_ARGUMENT);
    tp_reshape(x, TP_DIMS(7, 7));
    expect_status(check, y, &x, 1, TP_E_SHAPE);
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

/* A parameter, a leaf and a scalar, and what there is to compare afterwards. */
START_TEST(gradcheck_leaves_everything_as_it_was)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *tensor = tp_tensor_from(TP_F64, TP_DIMS(4), points), *whole = tp_tensor_from(TP_F64, TP_DIMS(), points);
    const tp_var p = tp_param(tape, tensor), x = leaf_on(tape), s = tp_scalar(tape, .3), w = tp_param(tape, whole);
    const tp_var inputs[] = {p, x, s, w}, y = tp_mul(tp_tanh(tp_mul(tp_add(p, s), x)), w);
    const tp_var loss = tp_sum(y), wrong = tp_apply(&cube_off, &p, 1, NULL);
    ck_assert_int_eq(tp_backward(loss), TP_OK);
    tp_tensor *before = tp_tensor_clone(tp_tensor_grad(tensor)), *value = tp_tensor_clone(tp_value(y));
    const double scale = tp_tensor_item(tp_tensor_grad(whole), 0);
    const uint64_t version = tp_tensor_version(tensor);
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    for (int i = 0; i < 3; i++) {
        tp_error error = {0};
        if (i < 2) ck_assert_msg(checkers[i](y, inputs, 4, NULL, &error) == TP_OK, "%s", error.message);
        if (i == 2) ck_assert_int_eq(tp_gradcheck(wrong, inputs, 1, NULL, &error), TP_E_CHECK);
        ck_assert_int_eq(tp_tape_status(tape), TP_OK);
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
        ck_assert_uint_eq(tp_tensor_version(tensor), version);
        ck_assert_mem_eq(tp_tensor_read(tensor), points, sizeof points);
        ck_assert_mem_eq(tp_tensor_read(tp_value(x)), points, sizeof points);
        ck_assert_double_eq(tp_item(s), .3);
        ck_assert_double_eq(tp_item(w), points[0]);
        ck_assert_mem_eq(tp_tensor_read(tp_tensor_grad(tensor)), tp_tensor_read(before), sizeof points);
        ck_assert_mem_eq(tp_tensor_read(tp_value(y)), tp_tensor_read(value), sizeof points);
        ck_assert_double_eq(tp_tensor_item(tp_tensor_grad(whole), 0), scale);
    }
    ck_assert_int_eq(tp_backward(loss), TP_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol(tp_tensor_item(tp_tensor_grad(tensor), i), 2 * tp_tensor_item(before, i), 1e-15);
    tp_tape_free(tape);
    tp_tensor_release(tensor);
    tp_tensor_release(whole);
    tp_tensor_release(before);
    tp_tensor_release(value);
}
END_TEST

Suite *gradcheck_suite(void)
{
    Suite *suite = suite_create("gradcheck");
    TCase *checked = tcase_create("the checker");
    tcase_add_test(checked, right_rule_passes_every_check);
    tcase_add_loop_test(checked, gradcheck_rejects_a_wrong_rule, 0, 4);
    tcase_add_test(checked, gradcheck_rejects_a_wrong_rule_on_a_scalar);
    tcase_add_test(checked, gradgradcheck_and_comparison_reject_rules_that_differ);
    tcase_add_test(checked, gradgradcheck_rejects_saved_data_taken_for_constant);
    tcase_add_test(checked, gradcheck_rejects_a_forgotten_operand);
    tcase_add_test(checked, gradcheck_follows_its_options);
    tcase_add_loop_test(checked, gradcheck_rejects_wrong_calls, 0, COUNT(checkers));
    tcase_add_test(checked, gradcheck_leaves_everything_as_it_was);
    suite_add_tcase(suite, checked);
    suite_add_tcase(suite, programs_case());
    return suite;
}
