/* Segments: networks, captured nodes, segments within segments, second derivatives, replay, memory. */
#include <stdio.h>

#include <tapir/derive.h>
#include <tapir/function.h>
#include <tapir/hooks.h>

#include "tests/test_checkpoint.h"

/* Runs f as a segment, or plainly. */
static tp_var call(bool segment, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user)
{
    return segment ? tp_checkpoint(f, tape, x, n, user) : f(tape, x, n, user);
}

/* ---- a network with dropout, running statistics and residuals ---- */

enum { LAYERS = 3, WIDTH = 6, TENSORS = 4 * LAYERS + 2 };

typedef struct net {
    tp_tensor *w[LAYERS], *gain[LAYERS], *mean[LAYERS], *variance[LAYERS], *data, *labels;
    tp_tape *tape;
    bool segments;
    int layer;
} net;

static void each_tensor(net *n, tp_tensor **all)
{
    for (int i = 0; i < LAYERS; i++) {
        all[4 * i] = n->w[i];
        all[4 * i + 1] = n->gain[i];
        all[4 * i + 2] = n->mean[i];
        all[4 * i + 3] = n->variance[i];
    }
    all[4 * LAYERS] = n->data;
    all[4 * LAYERS + 1] = n->labels;
}

static net make_net(bool segments, bool private_grads)
{
    net n = {.segments = segments};
    for (int i = 0; i < LAYERS; i++) {
        n.w[i] = random_tensor(TP_F32, TP_DIMS(WIDTH, WIDTH), 40 + (uint64_t)i, -1, 1);
        n.gain[i] = random_tensor(TP_F32, TP_DIMS(WIDTH), 50 + (uint64_t)i, .5, 1.5);
        n.mean[i] = tensor_of(TP_F32, TP_DIMS(WIDTH), NULL);
        n.variance[i] = random_tensor(TP_F32, TP_DIMS(WIDTH), 60, 1, 1);
    }
    n.data = random_tensor(TP_F32, TP_DIMS(8, WIDTH), 70, -1, 1);
    n.labels = I64(TP_DIMS(8), 0, 1, 2, 3, 4, 5, 0, 1);
    n.tape = tp_tape_new(&(tp_tape_options){.seed = 3, .private_grads = private_grads});
    return n;
}

static void free_net(net *n)
{
    tp_tensor *all[TENSORS];
    each_tensor(n, all);
    tp_tape_free(n->tape);
    for (int i = 0; i < TENSORS; i++) tp_tensor_release(all[i]);
}

static tp_var layer(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)n;
    const net *m = user;
    const int i = m->layer;
    const tp_var w = tp_name(tp_param(tape, m->w[i]), "w");
    const tp_var h = tp_dropout(tp_tanh(tp_linear(x[0], w, tp_none())), .3);
    return tp_add(x[0], tp_batch_norm(h, tp_param(tape, m->gain[i]), tp_none(), m->mean[i], m->variance[i], .1, 1e-5));
}

static tp_var loss_of(net *n)
{
    tp_var h = tp_data(n->tape, n->data);
    /* The layer's number must be there again when the segment is: one user a layer. */
    static net copies[2][LAYERS];
    net *copy = copies[n->segments];
    for (int i = 0; i < LAYERS; i++) {
        copy[i] = *n;
        copy[i].layer = i;
        h = call(n->segments, layer, n->tape, &h, 1, &copy[i]);
    }
    return tp_cross_entropy(h, tp_data(n->tape, n->labels), TP_MEAN);
}

static void expect_equal_nets(net *a, net *b)
{
    tp_tensor *x[TENSORS], *y[TENSORS];
    each_tensor(a, x);
    each_tensor(b, y);
    for (int i = 0; i < TENSORS; i++) expect_same(x[i], y[i], 0);
}

static void train(net *n, int steps, unsigned flags)
{
    for (int i = 0; i < steps; i++) {
        tp_tape_reset(n->tape);
        const tp_var loss = loss_of(n);
        for (int again = 0; again < 2; again++) /* the second walk adds the same again */
            ck_assert_msg(tp_backward_from(loss, tp_none(), flags) == TP_OK, "%s", tp_tape_error(n->tape));
        EXPECT_STATUS(tp_reduce_grads(&n->tape, 1), TP_OK);
        for (int k = 0; k < LAYERS; k++) {
            tp_tensor *params[] = {n->w[k], n->gain[k]};
            for (int p = 0; p < 2; p++) {
                float *w = tp_tensor_data(params[p]);
                for (int64_t e = 0; e < tp_tensor_count(params[p]); e++)
                    w[e] -= .1f * (float)tp_tensor_item(tp_tensor_grad(params[p]), e);
                tp_tensor_clear_grad(params[p]);
            }
        }
    }
}

START_TEST(training_with_segments_is_training)
{
    const bool private = _i & 1;
    const unsigned flags = _i & 2 ? TP_CREATE_GRAPH : 0;
    net plain = make_net(false, private), n = make_net(true, private);
    train(&plain, 5, flags);
    train(&n, 5, flags);
    expect_equal_nets(&plain, &n);
    free_net(&plain);
    free_net(&n);
}
END_TEST

START_TEST(a_replay_runs_segments_again)
{
    net plain = make_net(false, false), n = make_net(true, false);
    for (int k = 0; k < 2; k++) {
        net *m = k ? &n : &plain;
        const tp_var loss = loss_of(m);
        for (unsigned i = 0; i < 4; i++) {
            ck_assert_msg(tp_replay(m->tape, i % 2 ? TP_REPLAY_ADVANCE : 0) == TP_OK, "%s", tp_tape_error(m->tape));
            ck_assert_msg(tp_backward(loss) == TP_OK, "%s", tp_tape_error(m->tape));
            for (int l = 0; l < LAYERS; l++) descend(m->w[l], .1);
        }
    }
    expect_equal_nets(&plain, &n);
    free_net(&plain);
    free_net(&n);
}
END_TEST

START_TEST(a_steady_loop_of_segments_asks_for_no_memory)
{
    counter c = {0};
    net n = make_net(true, false);
    tp_tape_free(n.tape);
    n.tape = counted_tape(&c);
    train(&n, 2, 0);
    const size_t calls = c.calls;
    train(&n, 3, 0);
    ck_assert_uint_eq(c.calls, calls);
    free_net(&n);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

/* ---- what is captured, and segments within segments ---- */

typedef struct outside {
    tp_var b, c; /* c is a function of b */
    tp_tensor *w, *s;
    bool segments;
} outside;

static tp_var inner(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const outside *o = user;
    const tp_var w = tp_param(tape, o->w);
    return tp_mul(tp_tanh(tp_mul(tp_add(x[0], w), x[n - 1])), tp_add(o->b, tp_param(tape, o->s)));
}

static tp_var middle(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const outside *o = user;
    const tp_var y = call(o->segments, inner, tape, x, n, user);
    const tp_var next[] = {tp_add(y, x[0]), tp_mul(o->c, x[n - 1])};
    return tp_mul(call(o->segments, inner, tape, next, 2, user), tp_param(tape, o->w));
}

static tp_var whole(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const outside *o = user;
    const tp_var y = call(o->segments, middle, tape, x, n, user);
    return tp_sum(tp_mul(tp_sin(y), tp_sub(x[0], tp_square(o->c))));
}

typedef struct captures {
    tp_tape *tape;
    outside o;
    tp_var x[4], y; /* a tensor, a scalar, b, and a factor */
} captures;

static captures capture(bool segments)
{
    captures c = {.tape = tp_tape_new(NULL), .o = {.segments = segments}};
    c.o.w = F64(TP_DIMS(3), .5, -.25, .125);
    c.o.s = F64(TP_DIMS(), .75);
    c.x[0] = leaf_of(c.tape, F64(TP_DIMS(3), .1, .2, -.3));
    c.x[1] = tp_scalar(c.tape, 1.5);
    c.x[2] = c.o.b = tp_scalar(c.tape, .6);
    c.x[3] = leaf_of(c.tape, F64(TP_DIMS(3), .5, -.25, .125));
    c.o.c = tp_exp(c.o.b);
    return c;
}

static captures captured(bool segments, tp_function f)
{
    captures c = capture(segments);
    c.o.segments = segments && f == whole;
    static outside kept[2];
    kept[segments] = c.o;
    const tp_var x[] = {tp_mul(c.x[0], c.x[3]), c.x[1]};
    const tp_var y = call(segments, f, c.tape, x, 2, &kept[segments]);
    c.y = tp_mul(tp_sum(y), tp_sin(tp_sum(tp_mul(x[0], c.o.c))));
    return c;
}

static void release(captures *c)
{
    tp_tape_free(c->tape);
    tp_tensor_release(c->o.w);
    tp_tensor_release(c->o.s);
}

static tp_var derivative(captures *c, tp_var *grads, unsigned flags)
{
    const tp_var dx[] = {tp_const(c->tape, .5), tp_const(c->tape, -1), tp_const(c->tape, 2), tp_const(c->tape, .25)};
    tp_var tangent;
    ck_assert_msg(tp_gradients(c->y, c->x, 4, grads, flags) == TP_OK, "%s", tp_tape_error(c->tape));
    ck_assert_msg(tp_jvp(c->y, c->x, dx, 4, &tangent, flags) == TP_OK, "%s", tp_tape_error(c->tape));
    return tangent;
}

static const tp_function bodies[] = {inner, middle, whole};

START_TEST(captured_nodes_get_their_gradients)
{
    captures plain = captured(false, bodies[_i]), c = captured(true, bodies[_i]);
    expect_equal(plain.y, c.y);
    tp_var want[4], got[4];
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_var ahead = derivative(&plain, want, flags), tangent = derivative(&c, got, flags);
        EXPECT_NEAR(tp_item(tangent), tp_item(ahead), 1e-13);
        for (int i = 0; i < 4; i++) expect_equal(want[i], got[i]);
        if (!flags) continue;
        const tp_var norm = tp_add(tp_sum(tp_square(want[0])), tp_mul(want[1], want[2]));
        const tp_var same = tp_add(tp_sum(tp_square(got[0])), tp_mul(got[1], got[2]));
        EXPECT_STATUS(tp_gradients(tp_mul(norm, ahead), plain.x, 4, want, 0), TP_OK);
        EXPECT_STATUS(tp_gradients(tp_mul(same, tangent), c.x, 4, got, 0), TP_OK);
        for (int i = 0; i < 4; i++)
            if (tp_value(want[i]))
                expect_same(tp_value(want[i]), tp_value(got[i]), 1e-11);
            else
                EXPECT_NEAR(tp_item(got[i]), tp_item(want[i]), 1e-11);
    }
    EXPECT_STATUS(tp_backward(plain.y), TP_OK);
    EXPECT_STATUS(tp_backward(c.y), TP_OK);
    expect_same(tp_tensor_grad(plain.o.w), tp_tensor_grad(c.o.w), 1e-15);
    expect_same(tp_tensor_grad(plain.o.s), tp_tensor_grad(c.o.s), 1e-15);
    EXPECT_NEAR(tp_grad_item(c.x[2]), tp_grad_item(plain.x[2]), 0);
    release(&plain);
    release(&c);
}
END_TEST

START_TEST(captured_nodes_pass_the_checks)
{
    captures c = captured(true, bodies[_i]);
    expect_gradients(c.y, c.x, 4);
    release(&c);
}
END_TEST

START_TEST(a_drawing_shows_what_a_segment_depends_on)
{
    captures c = captured(true, whole);
    static char text[1 << 16];
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    tp_name(c.o.c, "captured");
    EXPECT_STATUS(tp_draw_dot(c.y, out), TP_OK);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = 0;
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "captured"));
    ck_assert_ptr_nonnull(strstr(text, "checkpoint"));
    ck_assert_ptr_nonnull(strstr(text, "param"));
    release(&c);
}
END_TEST

/* ---- a segment that differentiates ---- */

static tp_var cubic(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n, (void)user;
    return tp_sum(tp_mul(x[0], tp_mul(x[0], x[0])));
}

/* sum of (d/dx sum x^3)^2 + d/dw sum sin(w x) at w = x: both by walks inside. */
static tp_var differentiates(tp_tape *tape, const tp_var *x, int n, void *user)
{
    tp_var g, by;
    const tp_status status = tp_value_and_grad(cubic, tape, x, n, user, NULL, &g, TP_CREATE_GRAPH);
    const tp_var w = tp_muls(x[0], 1), y = tp_sum(tp_sin(tp_mul(w, x[0])));
    if (status != TP_OK || tp_gradients(y, &w, 1, &by, TP_CREATE_GRAPH) != TP_OK) return tp_none();
    return tp_add(tp_sum(tp_square(g)), tp_sum(by));
}

START_TEST(a_segment_may_differentiate)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), .5, -1, 2));
    const tp_var y = tp_checkpoint(differentiates, tape, &x, 1, NULL);
    const tp_var plain = differentiates(tape, &x, 1, NULL);
    EXPECT_OK(tape);
    expect_equal(y, plain);
    tp_var got, want;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        ck_assert_msg(tp_gradients(y, &x, 1, &got, flags) == TP_OK, "%s", tp_tape_error(tape));
        EXPECT_STATUS(tp_gradients(plain, &x, 1, &want, flags), TP_OK);
        expect_same(tp_value(got), tp_value(want), 1e-14);
    }
    expect_gradients(y, &x, 1);
    tp_tape_free(tape);
}
END_TEST

/* ---- with the rest of the library ---- */

START_TEST(matrices_of_derivatives_see_through_segments)
{
    captures plain = captured(false, middle), c = captured(true, middle);
    tp_var want, got;
    EXPECT_STATUS(tp_hessian(plain.y, plain.x, 4, &want, 0), TP_OK);
    ck_assert_msg(tp_hessian(c.y, c.x, 4, &got, 0) == TP_OK, "%s", tp_tape_error(c.tape));
    expect_same(tp_value(want), tp_value(got), 1e-11);
    EXPECT_STATUS(tp_jacobian(&plain.y, 1, plain.x, 4, &want, 0), TP_OK);
    ck_assert_msg(tp_jacobian(&c.y, 1, c.x, 4, &got, 0) == TP_OK, "%s", tp_tape_error(c.tape));
    expect_same(tp_value(want), tp_value(got), 1e-13);
    release(&plain);
    release(&c);
}
END_TEST

static tp_var root(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n, (void)user;
    return tp_muls(tp_sqrt(x[0]), 2);
}

static tp_var tenth(tp_var x, tp_var g, void *user)
{
    (void)x;
    *(int *)user += 1;
    return tp_muls(g, .1);
}

START_TEST(hooks_and_anomalies_are_seen_around_and_inside_segments)
{
    tp_tape *tape = tp_tape_new(NULL);
    int calls = 0;
    const tp_var x = tp_scalar(tape, 0), one = tp_hook(tp_adds(x, 1), tenth, &calls);
    const tp_var good = tp_checkpoint(root, tape, &one, 1, NULL), bad = tp_checkpoint(root, tape, &x, 1, NULL);
    EXPECT_STATUS(tp_backward(good), TP_OK);
    ck_assert_int_eq(calls, 1);
    EXPECT_NEAR(tp_grad_item(x), .1, 1e-16);
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    EXPECT_STATUS(tp_backward(bad), TP_E_NUMERIC);
    expect_error(tape, TP_E_NUMERIC, "sqrt");
    tp_tape_free(tape);
}
END_TEST

/* ---- memory ---- */

static tp_var many(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n;
    tp_var y = x[0];
    for (int i = 0; i < 16; i++) y = tp_sin(tp_mul(y, y));
    *(int *)user += 1;
    return y;
}

static size_t peak_of(bool segments, int *calls)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *t = random_tensor(TP_F64, TP_DIMS(1000), 4, -1, 1);
    tp_var x = leaf_of(tape, t);
    for (int i = 0; i < 16; i++) x = call(segments, many, tape, &x, 1, calls);
    EXPECT_STATUS(tp_backward(tp_sum(x)), TP_OK);
    const size_t peak = tp_tape_stats(tape).tensor.peak;
    tp_tape_free(tape);
    return peak;
}

START_TEST(segments_save_memory)
{
    int plain = 0, twice = 0;
    const size_t all = peak_of(false, &plain), few = peak_of(true, &twice);
    ck_assert_int_eq(twice, 2 * plain);
    ck_assert_msg(few * 6 < all, "%zu bytes of %zu", few, all);
}
END_TEST

START_TEST(what_a_walk_takes_is_told_before)
{
    tp_tape *tape = tp_tape_new(NULL);
    int calls = 0;
    tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(1000), 4, -1, 1));
    for (int i = 0; i < 4; i++) x = tp_checkpoint(many, tape, &x, 1, &calls);
    const tp_var y = tp_sum(x);
    tp_backward_need need;
    EXPECT_STATUS(tp_backward_bytes(y, 0, &need), TP_OK);
    const size_t now = tp_tape_stats(tape).tensor.now;
    tp_tape_reset_peaks(tape);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    const size_t took = tp_tape_stats(tape).tensor.peak - now;
    ck_assert_msg(took <= need.tensors && need.tensors <= 6 * took, "%zu bytes, told %zu", took, need.tensors);
    tp_tape_free(tape);
}
END_TEST

/* Segments in segments: walked in numbers and recorded, and replayed. */
static tp_status round_of(tp_tape *tape, outside *o, tp_tensor *first)
{
    o->b = tp_scalar(tape, .6);
    o->c = tp_exp(o->b);
    const tp_var x[] = {tp_leaf(tape, first), tp_scalar(tape, 1.5)};
    const tp_var y = tp_checkpoint(whole, tape, x, 2, o);
    tp_var g[2];
    tp_status status = tp_backward(y);
    if (status == TP_OK) status = tp_gradients(y, x, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_backward(tp_sum(tp_square(g[0])));
    return status == TP_OK ? tp_replay(tape, 0) : status;
}

START_TEST(each_allocation_of_segments_may_fail)
{
    outside o = {.w = F64(TP_DIMS(3), .5, -.25, .125), .s = F64(TP_DIMS(), .75), .segments = true};
    tp_tensor *first = F64(TP_DIMS(3), .1, .2, -.3);
    size_t at = 0;
    for (tp_status status = TP_E_MEMORY; status != TP_OK;) {
        counter c = {.fail_at = ++at};
        tp_tape *tape = counted_tape(&c);
        status = tape ? round_of(tape, &o, first) : TP_E_MEMORY;
        ck_assert_msg(status == (c.failed ? TP_E_MEMORY : TP_OK), "allocation %zu: %s", at, tp_status_name(status));
        tp_tape_reset(tape);
        if (tape && status != TP_OK) EXPECT_STATUS(round_of(tape, &o, first), TP_OK); /* good again */
        tp_tape_free(tape);
        ck_assert_msg(c.bytes == 0, "allocation %zu: %zu bytes leak", at, c.bytes);
    }
    ck_assert_uint_gt(at, 20);
    tp_tensor_release(o.w);
    tp_tensor_release(o.s);
    tp_tensor_release(first);
}
END_TEST

TCase *checkpoint_segments_case(void)
{
    TCase *tcase = tcase_create("segments");
    tcase_add_loop_test(tcase, training_with_segments_is_training, 0, 4);
    tcase_add_test(tcase, a_replay_runs_segments_again);
    tcase_add_test(tcase, a_steady_loop_of_segments_asks_for_no_memory);
    tcase_add_loop_test(tcase, captured_nodes_get_their_gradients, 0, 3);
    tcase_add_loop_test(tcase, captured_nodes_pass_the_checks, 0, 3);
    tcase_add_test(tcase, a_drawing_shows_what_a_segment_depends_on);
    tcase_add_test(tcase, a_segment_may_differentiate);
    tcase_add_test(tcase, matrices_of_derivatives_see_through_segments);
    tcase_add_test(tcase, hooks_and_anomalies_are_seen_around_and_inside_segments);
    tcase_add_test(tcase, segments_save_memory);
    tcase_add_test(tcase, each_allocation_of_segments_may_fail);
    tcase_add_test(tcase, what_a_walk_takes_is_told_before);
    return tcase;
}
