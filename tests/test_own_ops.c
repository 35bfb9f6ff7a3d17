/* Ops as the page on writing them shows, from public headers alone: a straight-through estimator, gradient reversal,
   one with attributes and saved context and two rules, one with several results. */
#include "tests/test_hooks.h"

/* An output like operand 0. */
static tp_status like_x(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

/* ---- straight through: y = round(x / step) step, dx = g ---- */

typedef struct quantise_attributes {
    double step;
} quantise_attributes;

static tp_status quantise_forward(tp_ctx *ctx)
{
    const quantise_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *y = tp_ctx_output(ctx, 0);
    float *narrow = tp_tensor_data(y);
    double *wide = tp_tensor_data(y);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) {
        const double v = a->step * rint(tp_tensor_item(x, i) / a->step);
        if (tp_tensor_dtype(y) == TP_F32)
            narrow[i] = (float)v;
        else
            wide[i] = v;
    }
    return TP_OK;
}

static tp_status straight_through(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, g);
}

static const tp_op quantise_op = {TP_OP_HEAD,
                                  .name = "quantise",
                                  .arity = 1,
                                  .structure = TP_ELEMENTWISE,
                                  .attributes = sizeof(quantise_attributes),
                                  .shape = like_x,
                                  .forward = quantise_forward,
                                  .backward = straight_through};

static tp_var quantise(tp_var x, double step)
{
    return tp_apply(&quantise_op, &x, 1, &(quantise_attributes){step});
}

START_TEST(straight_through_gives_the_gradient_of_the_identity)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++)
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            tp_tape *tape = tp_tape_new(NULL);
            const tp_var x = leaf_of(tape, tensor_of((tp_dtype)dtype, TP_DIMS(2, 2), NUMBERS(.3, -.8, 1.2, 2.6)));
            const tp_var turned = tp_transpose(x, 0, 1), q = quantise(turned, .5), s = tp_scalar(tape, .9);
            EXPECT_TENSOR(tp_value(q), 0, .5, 1, -1, 2.5); /* of x transposed */
            EXPECT_STATUS(tp_backward_from(tp_add(tp_sum(tp_square(q)), quantise(s, 1)), tp_none(), flags), TP_OK);
            EXPECT_TENSOR(tp_grad(x), 0, 1, -2, 2, 5);
            EXPECT_NEAR(tp_grad_item(s), 1, 0);
            tp_tape_free(tape);
        }
}
END_TEST

/* The same without an op: x + detach(round(x) - x). */
START_TEST(straight_through_is_also_a_detached_difference)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), .3, -.8, 1.7)), q = quantise(x, 1);
    const tp_var other = tp_add(x, tp_detach(tp_sub(tp_round(x), x)));
    expect_same(tp_value(q), tp_value(other), 1e-15);
    tp_var a, b;
    EXPECT_STATUS(tp_gradients(tp_sum(tp_exp(q)), &x, 1, &a, 0), TP_OK);
    EXPECT_STATUS(tp_gradients(tp_sum(tp_exp(other)), &x, 1, &b, 0), TP_OK);
    expect_same(tp_value(a), tp_value(b), 1e-14);
    tp_tape_free(tape);
}
END_TEST

/* A weight on a grid of thirds is found, though the rounding has no slope: y = q(w) x, wanted 2 x. */
START_TEST(a_quantised_weight_learns)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *w = F64(TP_DIMS(2), -1, .4), *x = F64(TP_DIMS(2), 1, -.5), *want = F64(TP_DIMS(2), 2, 1);
    double loss = 0;
    for (int i = 0; i < 60; i++) {
        tp_tape_reset(tape);
        const tp_var q = quantise(tp_param(tape, w), 1. / 3);
        const tp_var error = tp_mse(tp_mul(q, tp_data(tape, x)), tp_data(tape, want), TP_SUM);
        EXPECT_STATUS(tp_backward(error), TP_OK);
        loss = tp_item(error);
        descend(w, .2);
    }
    EXPECT_NEAR(loss, 0, 1e-20);
    EXPECT_NEAR(tp_tensor_item(w, 0), 2, 1. / 6);
    EXPECT_NEAR(tp_tensor_item(w, 1), -2, 1. / 6);
    tp_tape_free(tape);
    tp_tensor_release(w);
    tp_tensor_release(x);
    tp_tensor_release(want);
}
END_TEST

/* ---- gradient reversal: y = x, dx = -strength g ---- */

static tp_status same_forward(tp_ctx *ctx)
{
    return tp_tensor_copy(tp_ctx_output(ctx, 0), tp_ctx_input(ctx, 0), NULL);
}

static tp_status reversed(tp_ctx *ctx, tp_var g)
{
    const double *strength = tp_ctx_attributes(ctx);
    return tp_give(ctx, 0, tp_muls(g, -*strength));
}

static const tp_op reverse_op = {TP_OP_HEAD,
                                 .name = "reverse_gradient",
                                 .arity = 1,
                                 .structure = TP_ELEMENTWISE,
                                 .attributes = sizeof(double),
                                 .shape = like_x,
                                 .forward = same_forward,
                                 .backward = reversed};

static tp_var reverse(tp_var x, double strength)
{
    return tp_apply(&reverse_op, &x, 1, &strength);
}

/* Forward mode follows the rule: the tangent of the identity, and of -strength times it. */
START_TEST(forward_mode_follows_the_rule)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(2), .3, -.8)), one = tp_const(tape, 1);
        tp_var a, b;
        EXPECT_STATUS(tp_jvp(quantise(x, 1), &x, &one, 1, &a, flags), TP_OK);
        EXPECT_STATUS(tp_jvp(reverse(x, .5), &x, &one, 1, &b, flags), TP_OK);
        EXPECT_TENSOR(tp_value(a), 0, 1, 1);
        EXPECT_TENSOR(tp_value(b), 0, -.5, -.5);
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(gradient_reversal_turns_the_sign_and_nothing_else)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = reverse(x, .5);
        EXPECT_TENSOR(tp_value(y), 0, 1, 2, 3);
        EXPECT_STATUS(tp_backward_from(tp_sum(tp_pows(y, 3)), tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 1e-14, -1.5, -6, -13.5);
        tp_tape_free(tape);
    }
}
END_TEST

/* A domain-adversarial network in small. Examples (a, d): a says the class, d the domain. The feature is f = w . (a,
   d), one head tells the class from it, the other the domain, through the reversal. So w learns a and unlearns d. */
static double domain_weight(double strength)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *w = F64(TP_DIMS(2, 1), .5, .5), *class_head = F64(TP_DIMS(), .5), *domain_head = F64(TP_DIMS(), .5);
    tp_tensor *x = F64(TP_DIMS(4, 2), 1, 1, 1, -1, -1, 1, -1, -1);
    tp_tensor *class = F64(TP_DIMS(4, 1), 1, 1, 0, 0), *domain = F64(TP_DIMS(4, 1), 1, 0, 1, 0);
    for (int i = 0; i < 300; i++) {
        tp_tape_reset(tape);
        const tp_var f = tp_matmul(tp_data(tape, x), tp_param(tape, w)), turned = reverse(f, strength);
        const tp_var of_class = tp_mul(f, tp_param(tape, class_head));
        const tp_var of_domain = tp_mul(turned, tp_param(tape, domain_head));
        const tp_var loss = tp_add(tp_bce_with_logits(of_class, tp_data(tape, class), TP_MEAN),
                                   tp_bce_with_logits(of_domain, tp_data(tape, domain), TP_MEAN));
        EXPECT_STATUS(tp_backward(loss), TP_OK);
        descend(w, .1);
        descend(class_head, .1);
        descend(domain_head, .1);
    }
    const double a = tp_tensor_item(w, 0), d = tp_tensor_item(w, 1);
    ck_assert_double_gt(a, .5); /* the class is learnt in any case */
    tp_tape_free(tape);
    tp_tensor *const all[] = {w, class_head, domain_head, x, class, domain};
    for (int i = 0; i < 6; i++) tp_tensor_release(all[i]);
    return fabs(d / a);
}

START_TEST(gradient_reversal_unlearns_the_domain)
{
    const double with = domain_weight(1), without = domain_weight(-1); /* -1: no reversal at all */
    ck_assert_msg(with < .1 && without > .5, "the domain's share of the feature: %g with reversal, %g without", with,
                  without);
}
END_TEST

/* ---- y = x / (|x|^p + c), a rule in ops and a fused one that reads what forward saved ---- */

typedef struct damp_attributes {
    double p, c;
} damp_attributes;

typedef struct damp_saved {
    tp_tensor *slope; /* of y by x: what the fused rule multiplies by */
} damp_saved;

static tp_status damp_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const damp_attributes *a = tp_ctx_attributes(ctx);
    if (tp_tensor_dtype(x) != TP_F64) return tp_ctx_fail(ctx, TP_E_DTYPE, "x must be f64");
    if (!(a->c > 0)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "c = %g", a->c);
    damp_saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s || !(s->slope = tp_ctx_save_tensor(ctx, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x)))) return TP_E_MEMORY;
    return like_x(ctx);
}

static tp_status damp_forward(tp_ctx *ctx)
{
    const damp_attributes *a = tp_ctx_attributes(ctx);
    const damp_saved *s = tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double *y = tp_tensor_data(tp_ctx_output(ctx, 0)), *slope = tp_tensor_data(s->slope);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) {
        const double v = tp_tensor_item(x, i), power = pow(fabs(v), a->p), below = power + a->c;
        y[i] = v / below;
        slope[i] = (below - a->p * power) / (below * below);
    }
    return TP_OK;
}

static tp_status damp_backward(tp_ctx *ctx, tp_var g)
{
    const damp_attributes *a = tp_ctx_attributes(ctx);
    const tp_var power = tp_pows(tp_abs(tp_ctx_input_var(ctx, 0)), a->p), below = tp_adds(power, a->c);
    return tp_give(ctx, 0, tp_mul_masked(g, tp_div(tp_sub(below, tp_muls(power, a->p)), tp_square(below))));
}

static tp_status damp_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const damp_saved *s = tp_ctx_saved(ctx);
    const double *slope = tp_tensor_read(s->slope);
    bool add;
    tp_tensor *grad = tp_ctx_grad(ctx, 0, &add);
    if (!grad) return tp_tape_status(tp_ctx_tape(ctx));
    double *dx = tp_tensor_data(grad);
    for (int64_t i = 0; i < tp_tensor_count(g); i++) dx[i] = (add ? dx[i] : 0) + tp_tensor_item(g, i) * slope[i];
    return TP_OK;
}

/* Wrong by a thousandth. */
static tp_status damp_wrong(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_status status = damp_gradient(ctx, g);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, &(bool){false});
    if (status == TP_OK && grad) *(double *)tp_tensor_data(grad) *= 1.001;
    return status;
}

#define DAMP                                                                                                           \
    TP_OP_HEAD, .name = "damp", .arity = 1, .structure = TP_ELEMENTWISE, .attributes = sizeof(damp_attributes),        \
                .shape = damp_shape, .forward = damp_forward, .backward = damp_backward
static const tp_op damp_op = {DAMP, .gradient = damp_gradient}, damp_wrong_op = {DAMP, .gradient = damp_wrong};

static tp_var damp(const tp_op *op, tp_var x, double p, double c)
{
    return tp_apply(op, &x, 1, &(damp_attributes){p, c});
}

START_TEST(fused_and_recorded_rule_are_held_against_each_other)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), .5, -1.5, 2, 1)), s = tp_scalar(tape, .7);
    const tp_var y = tp_add(damp(&damp_op, tp_transpose(x, 0, 1), 2.5, 1), damp(&damp_op, s, 3, 2));
    expect_gradients(tp_mul(y, tp_transpose(x, 0, 1)), (tp_var[]){x, s}, 2);
    const tp_var wrong = tp_sum(damp(&damp_wrong_op, x, 2.5, 1));
    tp_error error = {0};
    EXPECT_STATUS(tp_gradcheck(wrong, &x, 1, NULL, &error), TP_E_CHECK);
    EXPECT_STATUS(tp_gradgradcheck(wrong, &x, 1, NULL, &error), TP_E_CHECK);
    ck_assert_ptr_nonnull(strstr(error.message, "not recorded"));
    EXPECT_REFUSED(damp(&damp_op, x, 2, -1), TP_E_ARGUMENT, "tp_damp: c = -1");
    tp_tape_free(tape);
}
END_TEST

START_TEST(replay_saves_the_slopes_anew)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1), y = damp(&damp_op, x, 2, 1);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 0, 0);
    EXPECT_STATUS(tp_set_item(x, 3), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), -.08, 1e-15);
    tp_tape_free(tape);
}
END_TEST

/* ---- several results: (r, angle) of (x, y), scalars or tensors of f64 ---- */

static tp_status polar_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    for (int k = 0; k < 2; k++) {
        const tp_status status = tp_ctx_result(ctx, k, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status polar_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *y = tp_ctx_input(ctx, 1);
    double *r = tp_tensor_data(tp_ctx_output(ctx, 0)), *angle = tp_tensor_data(tp_ctx_output(ctx, 1));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) {
        r[i] = hypot(tp_tensor_item(x, i), tp_tensor_item(y, i));
        angle[i] = atan2(tp_tensor_item(y, i), tp_tensor_item(x, i));
    }
    return TP_OK;
}

/* dr = (x, y) / r, dangle = (-y, x) / r^2; either upstream may be absent. */
static tp_status polar_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var x = tp_ctx_input_var(ctx, 0), y = tp_ctx_input_var(ctx, 1), r = tp_ctx_output_var(ctx, 0);
    const tp_var of_angle = tp_ctx_upstream(ctx, 1);
    tp_status status = TP_OK;
    if (tp_ok(g)) {
        status = tp_give(ctx, 0, tp_mul(g, tp_div(x, r)));
        if (status == TP_OK) status = tp_give(ctx, 1, tp_mul(g, tp_div(y, r)));
    }
    if (!tp_ok(of_angle) || status != TP_OK) return status;
    const tp_var part = tp_div(of_angle, tp_square(r));
    status = tp_give(ctx, 0, tp_neg(tp_mul(part, y)));
    return status == TP_OK ? tp_give(ctx, 1, tp_mul(part, x)) : status;
}

static const tp_op polar_op = {TP_OP_HEAD,
                               .name = "polar",
                               .arity = 2,
                               .results = 2,
                               .structure = TP_ELEMENTWISE,
                               .shape = polar_shape,
                               .forward = polar_forward,
                               .backward = polar_backward};

static tp_var clip(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_clamp(g, -.25, .25);
}

START_TEST(several_results_with_hooks)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var x[2] = {tp_scalar(tape, 3), tp_scalar(tape, 4)};
        tp_var out[2];
        EXPECT_STATUS(tp_apply_all(&polar_op, x, 2, NULL, out), TP_OK);
        EXPECT_NEAR(tp_item(out[0]), 5, 0);
        for (int k = 0; k < 2; k++) expect_gradients(out[k], x, 2);
        expect_gradients(tp_mul(out[0], out[1]), x, 2);
        tp_hook(out[0], clip, NULL);
        EXPECT_STATUS(tp_backward_from(tp_add(out[0], tp_muls(out[1], 25)), tp_none(), flags), TP_OK);
        EXPECT_NEAR(tp_grad_item(x[0]), .25 * .6 - 4, 1e-14);
        EXPECT_NEAR(tp_grad_item(x[1]), .25 * .8 + 3, 1e-14);
        tp_tape_free(tape);
    }
}
END_TEST

TCase *own_ops_case(void)
{
    TCase *tcase = tcase_create("own ops");
    tcase_add_test(tcase, straight_through_gives_the_gradient_of_the_identity);
    tcase_add_test(tcase, straight_through_is_also_a_detached_difference);
    tcase_add_test(tcase, a_quantised_weight_learns);
    tcase_add_test(tcase, forward_mode_follows_the_rule);
    tcase_add_test(tcase, gradient_reversal_turns_the_sign_and_nothing_else);
    tcase_add_test(tcase, gradient_reversal_unlearns_the_domain);
    tcase_add_test(tcase, fused_and_recorded_rule_are_held_against_each_other);
    tcase_add_test(tcase, replay_saves_the_slopes_anew);
    tcase_add_test(tcase, several_results_with_hooks);
    return tcase;
}
