/* Every op of the table on all its samples: a hook on each operand sees what tp_gradients gives, and anomaly mode names
   the op and changes nothing. And every row at NaN: the two walks agree. */
#include "tests/test_hooks.h"
#include "tests/test_ops.h"

enum { MOST = 4096 };

/* What a hook saw: the numbers of one gradient. */
typedef struct sight {
    int calls;
    int64_t n;
    double seen[MOST];
} sight;

static tp_var look(tp_var x, tp_var g, void *user)
{
    sight *s = user;
    s->calls++;
    s->n = numbers_in(g);
    ck_assert_int_le(s->n, MOST);
    ck_assert(tp_var_dtype(g) == tp_var_dtype(x));
    ck_assert(tp_shape_equal(tp_var_rank(g), tp_var_dims(g), tp_var_rank(x), tp_var_dims(x)));
    for (int64_t i = 0; i < s->n; i++) s->seen[i] = number_at(g, i);
    return g;
}

static void check_seen(const sample *s, const sight *seen, tp_var gradient)
{
    ck_assert_msg(seen->calls <= 1, "%s, %s: a hook is called %d times", s->op, s->name, seen->calls);
    for (int64_t k = 0; k < numbers_in(gradient); k++) {
        const double got = seen->calls ? seen->seen[k] : 0, want = number_at(gradient, k);
        ck_assert_msg(got == want || (isnan(got) && isnan(want)), "%s, %s: a hook saw %.17g at %lld, not %.17g", s->op,
                      s->name, got, (long long)k, want);
    }
}

static void check_hooks(const sample *s)
{
    static sight seen[MAX_LEAVES];
    if (!differentiable(s)) return;
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        run r = run_sample(s, (tp_dtype)dtype, 21, false);
        tp_var alone[MAX_LEAVES], hooked[MAX_LEAVES];
        const tp_var upstream = upstream_like(r.y, 22);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            ck_assert_int_eq(tp_vjp(r.y, upstream, r.operand, r.n, alone, flags), TP_OK);
            for (int i = 0; i < r.n; i++) seen[i].calls = 0, tp_hook(r.operand[i], look, &seen[i]);
            ck_assert_int_eq(tp_vjp(r.y, upstream, r.operand, r.n, hooked, flags), TP_OK);
            for (int i = 0; i < r.n; i++) {
                check_seen(s, &seen[i], alone[i]);
                expect_sample(s, "gradients with hooks", hooked[i], alone[i], 0);
                ck_assert_int_eq(tp_unhook(r.operand[i], look, &seen[i]), TP_OK);
            }
        }
        run_end(&r);
    }
}

START_TEST(a_hook_on_each_operand_sees_its_gradient)
{
    each_sample(_i, check_hooks);
}
END_TEST

static tp_var twice(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_muls(g, 2);
}

/* A hook that doubles the gradient of y doubles all below: rules are linear in their upstream. */
static void check_replaced(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 23, false);
    tp_var alone[MAX_LEAVES], doubled[MAX_LEAVES];
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&r, 24, flags, alone);
        tp_hook(r.y, twice, NULL);
        run_vjp(&r, 24, flags, doubled);
        for (int i = 0; i < r.n; i++)
            expect_sample(s, "under a hook that doubles", doubled[i], tp_muls(alone[i], 2), 1e-13);
        ck_assert_int_eq(tp_unhook(r.y, twice, NULL), TP_OK);
    }
    run_end(&r);
}

START_TEST(what_a_hook_returns_goes_into_every_rule)
{
    each_sample(_i, check_replaced);
}
END_TEST

/* ---- anomaly mode ---- */

static void check_unchanged(const sample *s)
{
    if (!differentiable(s)) return;
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        run r = run_sample(s, (tp_dtype)dtype, 25, true);
        tp_var off[MAX_LEAVES], on[MAX_LEAVES];
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            run_vjp(&r, 26, flags, off);
            tp_tape_set_anomaly(r.tape, TP_ANOMALY);
            run_vjp(&r, 26, flags, on);
            tp_tape_set_anomaly(r.tape, 0);
            for (int i = 0; i < r.n; i++) expect_sample(s, "gradients in anomaly mode", on[i], off[i], 0);
        }
        const tp_var upstream = upstream_like(r.y, 26);
        run_vjp(&r, 26, 0, off);
        tp_tape_set_anomaly(r.tape, TP_ANOMALY);
        ck_assert_int_eq(tp_backward_from(r.y, upstream, 0), TP_OK);
        for (int i = 0; i < r.n; i++)
            for (int64_t k = 0; r.tensor[i] && k < numbers_in(off[i]); k++) {
                const tp_tensor *grad = tp_tensor_grad(r.tensor[i]);
                ck_assert_msg((grad ? tp_tensor_item(grad, k) : 0) == number_at(off[i], k), "%s, %s: parameter %d",
                              s->op, s->name, i);
            }
        run_end(&r);
    }
}

START_TEST(anomaly_mode_changes_nothing)
{
    each_sample(_i, check_unchanged);
}
END_TEST

static void expect_named(const sample *s, const run *r, const char *text)
{
    ck_assert_msg(tp_tape_status(r->tape) == TP_E_NUMERIC && strstr(tp_tape_error(r->tape), text),
                  "%s, %s: \"%s\" does not hold \"%s\"", s->op, s->name, tp_tape_error(r->tape), text);
    tp_tape_clear_error(r->tape);
}

/* The identity, whose rule gives NaN. */
static tp_status spoil_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status spoil_forward(tp_ctx *ctx)
{
    return tp_tensor_copy(tp_ctx_output(ctx, 0), tp_ctx_input(ctx, 0), NULL);
}

static tp_status spoil_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_adds(g, (double)NAN));
}

static const tp_op spoil_op = {TP_OP_HEAD,           .name = "spoil",          .arity = 1,
                               .shape = spoil_shape, .forward = spoil_forward, .backward = spoil_backward};

/* "log (2,3) (node 7)", as messages name it; of a part of a tuple its own node */
static void text_of(tp_var x, char *text, size_t size)
{
    char shape[TP_SHAPE_TEXT + 1] = "";
    const tp_node *node = &x.tape->nodes[x.node];
    if (tp_value(x)) shape[0] = ' ', tp_tensor_text(shape + 1, tp_value(x));
    if (node->op->flags & TP_TUPLE_PART)
        snprintf(text, size, "result %u of %s%s (node %u", node->b, x.tape->nodes[node->a & TP_NODE_BITS].op->name,
                 shape, x.node);
    else
        snprintf(text, size, "%s%s (node %u", node->op->name, shape, x.node);
}

/* NaN in the first operand that can hold it: a replay names that leaf; where the op itself refuses NaN, the check of
   values does. */
static void plant(const sample *s, const run *r)
{
    char leaf[TP_SHAPE_TEXT + 96], text[TP_SHAPE_TEXT + 160];
    int i = 0;
    while (i < s->n && (tp_var_dtype(r->leaf[i]) != TP_F64 || numbers_in(r->leaf[i]) == 0)) i++;
    if (i == s->n) return;
    if (r->tensor[i])
        *(double *)tp_tensor_data(r->tensor[i]) = (double)NAN;
    else
        ck_assert_int_eq(tp_set_item(r->leaf[i], (double)NAN), TP_OK);
    text_of(r->leaf[i], leaf, sizeof leaf);
    snprintf(text, sizeof text, "the value of %s) is NaN", leaf);
    ck_assert_int_ne(tp_replay(r->tape, 0), TP_OK);
    if (strstr(tp_tape_error(r->tape), "tp_replay: the value of")) {
        expect_named(s, r, text);
        return;
    }
    tp_tape_clear_error(r->tape);
    ck_assert_int_eq(tp_tape_check_values(r->tape, 0), TP_E_NUMERIC);
    expect_named(s, r, text);
}

static void check_found(const sample *s)
{
    run r = run_sample(s, TP_F64, 27, false);
    char of_y[TP_SHAPE_TEXT + 96], text[TP_SHAPE_TEXT + 160];
    const bool numbers = tp_dtype_is_float(tp_var_dtype(r.y)) && numbers_in(r.y) > 0 && tp_needs_grad(r.y);
    tp_tape_set_anomaly(r.tape, TP_ANOMALY);
    text_of(r.y, of_y, sizeof of_y);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH && numbers; flags++) {
        tp_var grads[MAX_LEAVES];
        snprintf(text, sizeof text, "the gradient of %s) is NaN", of_y);
        ck_assert_int_eq(tp_vjp(r.y, tp_const(r.tape, (double)NAN), r.leaf, r.n, grads, flags), TP_E_NUMERIC);
        expect_named(s, &r, text);
        tp_vjp(r.y, tp_const(r.tape, (double)NAN), r.leaf, r.n, grads, flags);
        expect_named(s, &r, "it is the seed");
        const tp_var spoilt = tp_apply(&spoil_op, &r.y, 1, NULL);
        ck_assert_int_eq(tp_vjp(spoilt, tp_const(r.tape, 1), r.leaf, r.n, grads, flags), TP_E_NUMERIC);
        expect_named(s, &r, text);
        tp_vjp(spoilt, tp_const(r.tape, 1), r.leaf, r.n, grads, flags);
        expect_named(s, &r, "given to operand 0 by the rule of spoil");
    }
    plant(s, &r);
    run_end(&r);
}

START_TEST(anomaly_mode_names_what_was_planted)
{
    each_sample(_i, check_found);
}
END_TEST

/* ---- rows at NaN ---- */

/* The slopes of a row by each operand, of which one is NaN, in the two walks. */
static void check_row_at(const tp_op *op, int dtype, int place)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var x[TP_ROW_OPERANDS], numeric[TP_ROW_OPERANDS], recorded[TP_ROW_OPERANDS];
    for (int k = 0; k < op->arity; k++) {
        const double v = k == place ? (double)NAN : (op->row->low + op->row->high) / 2 + .1 * k + .05;
        x[k] = dtype < 0 ? tp_scalar(tape, v) : vector(tape, (tp_dtype)dtype, 1, &v, false);
    }
    const tp_var y = tp_elementwise(op, x, op->row->number);
    ck_assert_int_eq(tp_vjp(y, tp_const(tape, 1), x, op->arity, numeric, 0), TP_OK);
    ck_assert_int_eq(tp_vjp(y, tp_const(tape, 1), x, op->arity, recorded, TP_CREATE_GRAPH), TP_OK);
    for (int k = 0; k < op->arity; k++) {
        const double a = number_at(numeric[k], 0), b = number_at(recorded[k], 0);
        ck_assert_msg((isnan(a) && isnan(b)) || fabs(a - b) <= 1e-5 * fabs(a),
                      "%s, operand %d NaN: the slope by operand %d is %g, recorded %g", op->name, place, k, a, b);
    }
    tp_tape_free(tape);
}

START_TEST(the_slopes_of_rows_at_nan_agree_in_both_walks)
{
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        if (!op->row || op->row->kind == TP_ROW_COMPARE) continue;
        for (int dtype = -1; dtype <= TP_F64; dtype++)
            for (int place = 0; place < op->arity; place++) check_row_at(op, dtype, place);
    }
}
END_TEST

TCase *hooks_table_case(void)
{
    TCase *tcase = tcase_create("every op");
    const int n = tp_op_count() + 1; /* and the engine's own */
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_hook_on_each_operand_sees_its_gradient, 0, n);
    tcase_add_loop_test(tcase, what_a_hook_returns_goes_into_every_rule, 0, n);
    tcase_add_loop_test(tcase, anomaly_mode_changes_nothing, 0, n);
    tcase_add_loop_test(tcase, anomaly_mode_names_what_was_planted, 0, n);
    tcase_add_test(tcase, the_slopes_of_rows_at_nan_agree_in_both_walks);
    return tcase;
}
