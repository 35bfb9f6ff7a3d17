/* Every op of the table, one after another, on all its samples. */
#include "tests/test_edges.h"
#include "tests/tests.h"

/* Beyond the table: an op of the engine that users call. */
static const char *const engine_ops[] = {"expand"};

static int op_count(void)
{
    return tp_op_count() + COUNT(engine_ops);
}

void each_sample(int i, check_sample *check)
{
    static sample samples[MAX_SAMPLES];
    const tp_op *op = tp_op_at(i);
    const char *name = op ? op->name : engine_ops[i - tp_op_count()];
    const int n = samples_of(name, op, samples);
    ck_assert_msg(n > 0 && n < MAX_SAMPLES, "op %s has %d samples: see tests/test_ops_*.c", name, n);
    for (int k = 0; k < n; k++) check(&samples[k]);
}

bool differentiable(const sample *s)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (strcmp(tp_op_at(i)->name, s->op) == 0) return !(tp_op_at(i)->flags & TP_NO_GRADIENT);
    return true;
}

void expect_sample(const sample *s, const char *what, tp_var a, tp_var b, double tolerance)
{
    const char *difference = difference_of(a, b, tolerance);
    ck_assert_msg(!*difference, "%s, %s: %s: %s", s->op, s->name, what, difference);
}

/* ---- what a sample records ---- */

static void check_records_op(const sample *s)
{
    run r = run_sample(s, TP_F64, 1, false);
    bool found = false;
    for (uint32_t i = 0; i < r.tape->count; i++) found = found || strcmp(r.tape->nodes[i].op->name, s->op) == 0;
    ck_assert_msg(found, "%s, %s: the op is not on the tape", s->op, s->name);
    run_end(&r);
}

START_TEST(op_has_samples_that_record_it)
{
    each_sample(_i, check_records_op);
}
END_TEST

static void check_samples_name_ops(const sample_list *list)
{
    for (int i = 0; i < list->n; i++) {
        bool found = false;
        for (int k = 0; k < tp_op_count(); k++) found = found || strcmp(tp_op_at(k)->name, list->items[i].op) == 0;
        for (int k = 0; k < COUNT(engine_ops); k++) found = found || strcmp(engine_ops[k], list->items[i].op) == 0;
        ck_assert_msg(found, "a sample is of %s, which is no op", list->items[i].op);
    }
}

START_TEST(every_sample_is_of_an_op)
{
#define SAMPLES(name) check_samples_name_ops(&name##_samples);
#include "tests/samples.def"
}
END_TEST

START_TEST(names_of_ops_are_unique)
{
    for (int i = 0; i < tp_op_count(); i++)
        for (int k = 0; k < i; k++) ck_assert_str_ne(tp_op_at(i)->name, tp_op_at(k)->name);
    ck_assert_ptr_null(tp_op_at(-1));
    ck_assert_ptr_null(tp_op_at(tp_op_count()));
}
END_TEST

/* What docs/ops.md is made of; a row says it by itself. */
START_TEST(every_op_says_what_it_does)
{
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        const char *const texts[] = {op->text.formula, op->text.derivative, op->text.shapes};
        for (int k = 0; k < COUNT(texts) && !op->row; k++)
            ck_assert_msg(texts[k] && *texts[k], "op %s does not say its %s: fill .text of its descriptor", op->name,
                          ((const char *const[]){"formula", "derivative", "shapes"})[k]);
        if (op->row) ck_assert(*op->row->formula && *op->row->slope[0]);
    }
}
END_TEST

/* ---- finite differences ---- */

static void check_gradient(const sample *s)
{
    run r = run_sample(s, TP_F64, 2, false);
    tp_error error = {0};
    if (differentiable(s)) {
        const tp_status status = tp_gradcheck(r.y, r.leaf, r.n, NULL, &error);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, error.message);
    } else {
        ck_assert_msg(!tp_needs_grad(r.y), "%s, %s: needs a gradient", s->op, s->name);
    }
    run_end(&r);
}

START_TEST(gradient_agrees_with_finite_differences)
{
    each_sample(_i, check_gradient);
}
END_TEST

static void check_second_gradient(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 3, false);
    tp_error error = {0};
    const tp_status status = tp_gradgradcheck(r.y, r.leaf, r.n, NULL, &error);
    ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, error.message);
    run_end(&r);
}

START_TEST(second_gradient_agrees_with_finite_differences)
{
    each_sample(_i, check_second_gradient);
}
END_TEST

/* ---- one rule against the other ---- */

static void check_rules_agree(const sample *s)
{
    run r = run_sample(s, TP_F64, 4, false);
    tp_var numeric[MAX_LEAVES], recorded[MAX_LEAVES];
    run_vjp(&r, 5, 0, numeric);
    run_vjp(&r, 5, TP_CREATE_GRAPH, recorded);
    for (int i = 0; i < r.n; i++) {
        expect_sample(s, "numeric and recorded rule", numeric[i], recorded[i], 1e-12);
        ck_assert_msg(!tp_needs_grad(numeric[i]), "%s, %s: a numeric gradient is differentiable", s->op, s->name);
        if (differentiable(s)) continue;
        for (int64_t k = 0; k < numbers_in(numeric[i]); k++) ck_assert_double_eq(number_at(numeric[i], k), 0);
    }
    run_end(&r);
}

START_TEST(numeric_rule_agrees_with_recorded_rule)
{
    each_sample(_i, check_rules_agree);
}
END_TEST

static bool holds_numbers(const run *r)
{
    return tp_dtype_is_float(tp_var_dtype(r->y));
}

static void check_gradient_shape(const sample *s, const run *r, const tp_var *x, unsigned flags)
{
    tp_var grads[MAX_LEAVES];
    ck_assert_int_eq(tp_vjp(r->y, upstream_like(r->y, 6), x, r->n, grads, flags), TP_OK);
    for (int i = 0; i < r->n; i++) {
        ck_assert_msg(tp_var_dtype(grads[i]) == tp_var_dtype(x[i]), "%s, %s: dtype of gradient %d", s->op, s->name, i);
        ck_assert_msg(
            tp_shape_equal(tp_var_rank(grads[i]), tp_var_dims(grads[i]), tp_var_rank(x[i]), tp_var_dims(x[i])),
            "%s, %s: shape of gradient %d", s->op, s->name, i);
        for (int64_t k = 0; k < numbers_in(grads[i]); k++)
            ck_assert_msg(isfinite(number_at(grads[i], k)), "%s, %s: gradient %d not finite", s->op, s->name, i);
    }
}

static void check_gradients_fit(const sample *s)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        run r = run_sample(s, (tp_dtype)dtype, 6, false);
        for (int64_t k = 0; k < numbers_in(r.y); k++)
            ck_assert_msg(isfinite(number_at(r.y, k)), "%s, %s: the value is not finite", s->op, s->name);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH && holds_numbers(&r); flags++) {
            check_gradient_shape(s, &r, r.leaf, flags);
            check_gradient_shape(s, &r, r.operand, flags);
        }
        run_end(&r);
    }
}

START_TEST(gradients_have_the_shape_and_dtype_of_their_operands)
{
    each_sample(_i, check_gradients_fit);
}
END_TEST

/* ---- adding up ---- */

/* The rule meets slots that hold something already: the gradients of later uses of its operands. */
static void check_accumulates(const sample *s, unsigned flags)
{
    run r = run_sample(s, TP_F64, 7, false);
    tp_var alone[MAX_LEAVES], all[MAX_LEAVES];
    run_vjp(&r, 8, 0, alone);
    tp_var sum = tp_sum(tp_mul(r.y, upstream_like(r.y, 8)));
    for (int i = 0; i < r.n; i++) sum = tp_add(sum, tp_sum(tp_square(r.operand[i])));
    const tp_status status = tp_gradients(sum, r.operand, r.n, all, flags);
    ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    run_vjp(&r, 8, 0, alone);
    tp_var of_operand[MAX_LEAVES];
    ck_assert_int_eq(tp_vjp(r.y, upstream_like(r.y, 8), r.operand, r.n, of_operand, 0), TP_OK);
    for (int i = 0; i < r.n; i++) {
        const tp_var expected = tp_add(of_operand[i], tp_muls(r.operand[i], 2));
        expect_sample(s, "added to what a later use gave", all[i], expected, 1e-12);
    }
    run_end(&r);
}

static void check_accumulates_both(const sample *s)
{
    if (!differentiable(s)) return;
    check_accumulates(s, 0);
    check_accumulates(s, TP_CREATE_GRAPH);
}

START_TEST(gradient_adds_to_that_of_other_uses)
{
    each_sample(_i, check_accumulates_both);
}
END_TEST

static void check_params_after(const sample *s, const run *r, const tp_var *once, int passes)
{
    for (int i = 0; i < r->n; i++) {
        if (!r->tensor[i]) continue;
        const tp_tensor *grad = tp_tensor_grad(r->tensor[i]);
        ck_assert_msg(!grad || tp_tensor_dense(grad), "%s, %s: the parameter's gradient is not dense", s->op, s->name);
        for (int64_t k = 0; k < numbers_in(once[i]); k++) {
            const double want = passes * number_at(once[i], k), got = grad ? tp_tensor_item(grad, k) : 0;
            ck_assert_msg(fabs(got - want) <= 1e-12 * (1 + fabs(want)), "%s, %s: pass %d: parameter %d has %g, not %g",
                          s->op, s->name, passes, i, got, want);
        }
    }
}

static void check_parameters(const sample *s)
{
    if (!differentiable(s)) return;
    run leaves = run_sample(s, TP_F64, 9, false), r = run_sample(s, TP_F64, 9, true);
    tp_var once[MAX_LEAVES];
    run_vjp(&leaves, 10, 0, once);
    for (int pass = 1; pass <= 3; pass++) {
        const unsigned flags = pass == 3 ? TP_CREATE_GRAPH : 0;
        const tp_status status = tp_backward_from(r.y, upstream_like(r.y, 10), flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        check_params_after(s, &r, once, pass);
    }
    run_end(&leaves);
    run_end(&r);
}

START_TEST(parameters_add_up_over_backward_passes)
{
    each_sample(_i, check_parameters);
}
END_TEST

Suite *ops_suite(void)
{
    Suite *suite = suite_create("ops");
    TCase *table = tcase_create("table");
    const int n = op_count();
    tcase_set_timeout(table, 120);
    tcase_add_test(table, every_sample_is_of_an_op);
    tcase_add_test(table, names_of_ops_are_unique);
    tcase_add_test(table, every_op_says_what_it_does);
    tcase_add_loop_test(table, op_has_samples_that_record_it, 0, n);
    tcase_add_loop_test(table, gradient_agrees_with_finite_differences, 0, n);
    tcase_add_loop_test(table, second_gradient_agrees_with_finite_differences, 0, n);
    tcase_add_loop_test(table, numeric_rule_agrees_with_recorded_rule, 0, n);
    tcase_add_loop_test(table, gradients_have_the_shape_and_dtype_of_their_operands, 0, n);
    tcase_add_loop_test(table, gradient_adds_to_that_of_other_uses, 0, n);
    tcase_add_loop_test(table, parameters_add_up_over_backward_passes, 0, n);
    add_uses(table, n);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, conv_case());
    suite_add_tcase(suite, conv_memory_case());
    suite_add_tcase(suite, edges_case());
    suite_add_tcase(suite, edge_table_case());
    suite_add_tcase(suite, reductions_case());
    suite_add_tcase(suite, orders_case());
    suite_add_tcase(suite, shape_edges_case());
    suite_add_tcase(suite, shape_scale_case());
    suite_add_tcase(suite, interpolate_case());
    suite_add_tcase(suite, pooling_case());
    suite_add_tcase(suite, kernels_case());
    suite_add_tcase(suite, extremes_case());
    suite_add_tcase(suite, linalg_case());
    suite_add_tcase(suite, linalg_sizes_case());
    suite_add_tcase(suite, spectral_case());
    suite_add_tcase(suite, attention_case());
    suite_add_tcase(suite, math_masks_case());
    suite_add_tcase(suite, math_values_case());
    suite_add_tcase(suite, norm_case());
    suite_add_tcase(suite, random_case());
    suite_add_tcase(suite, distributions_case());
    suite_add_tcase(suite, tuples_case());
    suite_add_tcase(suite, losses_case());
    suite_add_tcase(suite, loss_errors_case());
    return suite;
}
