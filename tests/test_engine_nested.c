/* Walks inside walks: a rule that differentiates what it has recorded itself, to three levels. */
#include "tests/helpers.h"

/* y = F(x, b) for each element of x and a scalar b, where F_0 = b x exp(-x) and F_d = x F_{d-1}(sin x, b) + b. */
typedef struct depth {
    int of;
    bool split; /* the gradient by b comes from tp_jvp, and b itself is used in the walk for x */
} depth;

static double number_of(int d, double x, double b)
{
    return d == 0 ? b * x * exp(-x) : x * number_of(d - 1, sin(x), b) + b;
}

static tp_var plain(int d, tp_var x, tp_var b)
{
    if (d == 0) return tp_mul(b, tp_mul(x, tp_exp(tp_neg(x))));
    return tp_add(tp_mul(x, plain(d - 1, tp_sin(x), b)), b);
}

static tp_status within_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status within_forward(tp_ctx *ctx)
{
    const depth *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const double b = tp_tensor_item(tp_ctx_input(ctx, 1), 0);
    double *y = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) y[i] = number_of(a->of, tp_tensor_item(x, i), b);
    return TP_OK;
}

static tp_var within(tp_var x, tp_var b, int d, bool split);

/* One level opened: what lies below is the op again. */
static tp_var opened(const depth *a, tp_var x, tp_var b)
{
    return a->of == 0 ? plain(0, x, b) : tp_add(tp_mul(x, within(tp_sin(x), b, a->of - 1, a->split)), b);
}

static tp_status both(tp_ctx *ctx, tp_var g, unsigned flags)
{
    const tp_var x[] = {tp_muls(tp_ctx_input_var(ctx, 0), 1), tp_muls(tp_ctx_input_var(ctx, 1), 1)};
    tp_var by[2];
    tp_status status = tp_vjp(opened(tp_ctx_attributes(ctx), x[0], x[1]), g, x, 2, by, flags);
    if (status == TP_OK) status = tp_give(ctx, 0, by[0]);
    return status == TP_OK ? tp_give(ctx, 1, by[1]) : status;
}

static tp_status one_by_one(tp_ctx *ctx, tp_var g, unsigned flags)
{
    tp_tape *tape = tp_ctx_tape(ctx);
    const depth *a = tp_ctx_attributes(ctx);
    const tp_var b = tp_ctx_input_var(ctx, 1), x = tp_muls(tp_ctx_input_var(ctx, 0), 1);
    tp_var by;
    tp_status status = tp_vjp(opened(a, x, b), g, &x, 1, &by, flags);
    if (status == TP_OK) status = tp_give(ctx, 0, by);
    if (status != TP_OK) return status;
    const tp_var c = tp_muls(b, 1), one = tp_const(tape, 1);
    status = tp_jvp(opened(a, tp_ctx_input_var(ctx, 0), c), &c, &one, 1, &by, flags);
    return status == TP_OK ? tp_give(ctx, 1, tp_mul(g, by)) : status;
}

static tp_status within_backward(tp_ctx *ctx, tp_var g)
{
    const depth *a = tp_ctx_attributes(ctx);
    const bool was = tp_tape_set_grad(tp_ctx_tape(ctx), true);
    const tp_status status = (a->split ? one_by_one : both)(ctx, g, tp_ctx_recorded(ctx) ? TP_CREATE_GRAPH : 0);
    tp_tape_set_grad(tp_ctx_tape(ctx), was);
    return status;
}

static const tp_op within_op = {TP_OP_HEAD,
                                .name = "within",
                                .arity = 2,
                                .structure = TP_ELEMENTWISE,
                                .attributes = sizeof(depth),
                                .shape = within_shape,
                                .forward = within_forward,
                                .backward = within_backward};

static tp_var within(tp_var x, tp_var b, int d, bool split)
{
    return tp_apply(&within_op, (tp_var[]){x, b}, 2, &(depth){d, split});
}

/* ---- the op against the same program recorded plainly ---- */

static void expect_alike(tp_var a, tp_var b)
{
    ck_assert(tp_ok(a) && tp_ok(b));
    if (tp_value(a))
        expect_same(tp_value(a), tp_value(b), 1e-12);
    else
        EXPECT_NEAR(tp_item(a), tp_item(b), 1e-12 * fmax(1, fabs(tp_item(b))));
}

typedef struct program {
    tp_tape *tape;
    tp_var x[3], y, grads[3], second[3], tangent;
} program;

/* Parts of x go through the op, whose gradients are put together; b has uses before and after; y is a scalar. */
static tp_var result_of(tp_var *x, int d, int how)
{
    const tp_var b = tp_mul(x[1], x[1]), part = tp_slice(x[0], 0, 1, 4, 1), single = tp_index(x[0], 1, (int64_t[]){0});
    const tp_var u = how < 0 ? plain(d, part, b) : within(part, b, d, how);
    const tp_var v = how < 0 ? plain(d, single, b) : within(single, b, d, how);
    const tp_var w = how < 0 ? plain(d, x[2], x[1]) : within(x[2], x[1], d, how);
    const tp_var joined = tp_concat((tp_var[]){u, tp_slice(x[0], 0, 0, 2, 1)}, 2, 0);
    tp_var where;
    const tp_var top = tp_max_with_indices(joined, 0, false, &where);
    return tp_add(tp_sum(tp_square(joined)), tp_mul(tp_add(v, top), tp_mul(tp_sin(b), w)));
}

static program run_program(int d, int how)
{
    program p = {.tape = tp_tape_new(NULL)};
    p.x[0] = leaf_of(p.tape, F64(TP_DIMS(5), .3, -.4, .9, 1.2, .1));
    p.x[1] = tp_scalar(p.tape, .7);
    p.x[2] = tp_scalar(p.tape, -.2);
    p.y = result_of(p.x, d, how);
    return p;
}

static void differentiate(program *p, unsigned flags)
{
    const tp_var dx[] = {tp_const(p->tape, .5), tp_const(p->tape, -1), tp_const(p->tape, 2)};
    ck_assert_msg(tp_gradients(p->y, p->x, 3, p->grads, flags) == TP_OK, "%s", tp_tape_error(p->tape));
    ck_assert_msg(tp_jvp(p->y, p->x, dx, 3, &p->tangent, flags) == TP_OK, "%s", tp_tape_error(p->tape));
    if (!flags) return;
    const tp_var size = tp_add(tp_sum(tp_square(p->grads[0])), tp_mul(p->tangent, tp_mul(p->grads[1], p->grads[2])));
    ck_assert_msg(tp_gradients(size, p->x, 3, p->second, 0) == TP_OK, "%s", tp_tape_error(p->tape));
}

START_TEST(a_rule_may_differentiate_what_it_records)
{
    const int d = _i / 2, how = _i % 2;
    program want = run_program(d, -1), got = run_program(d, how);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        differentiate(&want, flags);
        differentiate(&got, flags);
        expect_alike(got.tangent, want.tangent);
        for (int i = 0; i < 3; i++) {
            expect_alike(got.grads[i], want.grads[i]);
            if (flags) expect_alike(got.second[i], want.second[i]);
        }
    }
    tp_tape_free(want.tape);
    tp_tape_free(got.tape);
}
END_TEST

START_TEST(the_outer_walk_keeps_its_adjoints)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        program want = run_program(2, -1), got = run_program(2, 1);
        EXPECT_STATUS(tp_backward_from(want.y, tp_none(), flags), TP_OK);
        EXPECT_STATUS(tp_backward_from(got.y, tp_none(), flags), TP_OK);
        expect_same(tp_grad(got.x[0]), tp_grad(want.x[0]), 1e-13);
        for (int i = 1; i < 3; i++) EXPECT_NEAR(tp_grad_item(got.x[i]), tp_grad_item(want.x[i]), 1e-13);
        tp_tape_free(want.tape);
        tp_tape_free(got.tape);
    }
}
END_TEST

START_TEST(nested_walks_pass_the_checks)
{
    program p = run_program(2, _i);
    expect_gradients(p.y, p.x, 3);
    tp_tape_free(p.tape);
}
END_TEST

START_TEST(parameters_are_added_to_once)
{
    tp_tensor *w = F64(TP_DIMS(2), .5, -.25);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_param(tape, w), b = tp_scalar(tape, 2);
    for (int i = 1; i <= 2; i++) {
        EXPECT_STATUS(tp_backward(tp_sum(within(x, b, 1, false))), TP_OK);
        double slope[2];
        const double h = 1e-6;
        for (int k = 0; k < 2; k++) {
            const double at = tp_tensor_item(w, k);
            slope[k] = i * (number_of(1, at + h, 2) - number_of(1, at - h, 2)) / (2 * h);
        }
        expect_numbers(tp_tensor_grad(w), 2, slope, 1e-8);
    }
    tp_tape_free(tape);
    tp_tensor_release(w);
}
END_TEST

/* ---- a steady loop, and memory that runs out ---- */

static tp_status round_of(tp_tape *tape, tp_tensor *w, double *sum)
{
    tp_tape_reset(tape);
    const tp_var x = tp_param(tape, w), b = tp_scalar(tape, .5), y = tp_sum(within(x, b, 2, true));
    tp_var g[2];
    tp_status status = tp_gradients(y, (tp_var[]){x, b}, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_backward(tp_add(y, tp_mul(g[1], tp_sum(tp_square(g[0])))));
    *sum = status == TP_OK ? tp_tensor_item(tp_tensor_grad(w), 0) + tp_grad_item(b) : 0;
    if (status == TP_OK) tp_tensor_clear_grad(w);
    return status;
}

START_TEST(a_steady_loop_asks_for_no_memory)
{
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    tp_tensor *w = F64(TP_DIMS(3), .1, .2, .3);
    double first, later;
    EXPECT_STATUS(round_of(tape, w, &first), TP_OK);
    const size_t calls = c.calls;
    for (int i = 0; i < 3; i++) EXPECT_STATUS(round_of(tape, w, &later), TP_OK);
    ck_assert_uint_eq(c.calls, calls);
    ck_assert(first == later);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
    tp_tensor_release(w);
}
END_TEST

START_TEST(each_allocation_of_an_inner_walk_may_fail)
{
    tp_tensor *w = F64(TP_DIMS(3), .1, .2, .3);
    counter c = {.fail_at = 1};
    double sum;
    for (tp_status status = TP_E_MEMORY; status != TP_OK; c = (counter){.fail_at = c.fail_at + 1}) {
        tp_tape *tape = counted_tape(&c);
        status = tape ? round_of(tape, w, &sum) : TP_E_MEMORY;
        tp_tape_free(tape);
        ck_assert_uint_eq(c.bytes, 0);
        ck_assert_msg(status == (c.failed ? TP_E_MEMORY : TP_OK), "allocation %zu: %s", c.fail_at,
                      tp_status_name(status));
    }
    ck_assert_uint_gt(c.fail_at, 20);
    tp_tensor_release(w);
}
END_TEST

/* ---- what is refused ---- */

typedef enum wrong { BY_OPERAND, OF_OUTPUT, FORWARD_BY_OPERAND, BACKWARD, REWINDS_IN_JVP, RESETS_IN_JVP } wrong;

static tp_status wrong_shape(tp_ctx *ctx)
{
    return tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status wrong_forward(tp_ctx *ctx)
{
    *(double *)tp_tensor_data(tp_ctx_output(ctx, 0)) = 1;
    return TP_OK;
}

static tp_status wrong_backward(tp_ctx *ctx, tp_var g)
{
    const wrong *what = tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_input_var(ctx, 0), mine = tp_muls(x, 2);
    tp_var grad;
    if (*what == BACKWARD) return tp_backward(mine);
    if (*what == FORWARD_BY_OPERAND) return tp_jvp(mine, &x, &g, 1, &grad, 0);
    if (*what == OF_OUTPUT) return tp_gradients(tp_ctx_output_var(ctx, 0), &mine, 1, &grad, 0);
    return tp_gradients(mine, &x, 1, &grad, 0);
}

static tp_status wrong_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    const wrong *what = tp_ctx_attributes(ctx);
    tp_tape *tape = tp_ctx_tape(ctx);
    results[0] = operands[0];
    if (*what == BACKWARD) return tp_backward(tp_muls(operands[0], 1));
    if (*what == REWINDS_IN_JVP) return tp_tape_rewind(tape, tp_tape_mark(tape));
    tp_tape_reset(tape);
    return tp_tape_status(tape);
}

static const tp_op wrong_op = {TP_OP_HEAD,
                               .name = "wrong",
                               .arity = 1,
                               .attributes = sizeof(wrong),
                               .shape = wrong_shape,
                               .forward = wrong_forward,
                               .backward = wrong_backward,
                               .jvp = wrong_jvp};

static void expect_refused(wrong what, bool forward, const char *text)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1), y = tp_apply(&wrong_op, &x, 1, &what), one = tp_const(tape, 1);
    tp_var dy;
    EXPECT_STATUS(forward ? tp_jvp(y, &x, &one, 1, &dy, 0) : tp_backward(y), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, text);
    EXPECT_STATUS(tp_backward(tp_square(x)), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 2, 0);
    tp_tape_free(tape);
}

START_TEST(what_is_older_than_the_walk_is_refused)
{
    expect_refused(BY_OPERAND, false, "tp_gradients: operand 1 (node 0, scalar) is older than what is running");
    expect_refused(OF_OUTPUT, false, "tp_gradients: operand 0 (node 1, wrong) is older than what is running");
    expect_refused(FORWARD_BY_OPERAND, false, "tp_jvp: operand 1 (node 0, scalar) is older than what is running");
    expect_refused(BACKWARD, false, "tp_backward: a backward pass is running already");
    expect_refused(BACKWARD, true, "tp_backward: an op is running");
    expect_refused(REWINDS_IN_JVP, true, "tp_tape_rewind: an op is running");
    expect_refused(RESETS_IN_JVP, true, "tp_tape_reset: an op is running");
}
END_TEST

TCase *engine_nested_case(void)
{
    TCase *tcase = tcase_create("nested");
    tcase_add_loop_test(tcase, a_rule_may_differentiate_what_it_records, 0, 6);
    tcase_add_test(tcase, the_outer_walk_keeps_its_adjoints);
    tcase_add_loop_test(tcase, nested_walks_pass_the_checks, 0, 2);
    tcase_add_test(tcase, parameters_are_added_to_once);
    tcase_add_test(tcase, a_steady_loop_asks_for_no_memory);
    tcase_add_test(tcase, each_allocation_of_an_inner_walk_may_fail);
    tcase_add_test(tcase, what_is_older_than_the_walk_is_refused);
    return tcase;
}
