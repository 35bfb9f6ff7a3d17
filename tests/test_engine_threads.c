/* Two tapes in two threads over the same parameters, and the sum of what they found. */
#include "tests/helpers.h"

#include <pthread.h>

enum { IN = 20, OUT = 7, ROWS = 64 };

typedef struct net {
    tp_tensor *w, *b, *s;
} net;

typedef struct part {
    tp_tape *tape;
    const net *net;
    tp_tensor *x;
    tp_status status;
} part;

static net make_net(void)
{
    return (net){random_tensor(TP_F32, TP_DIMS(OUT, IN), 1, -1, 1), random_tensor(TP_F32, TP_DIMS(OUT), 2, -1, 1),
                 F64(TP_DIMS(), .5)};
}

static void free_net(net n)
{
    tp_tensor_release(n.w);
    tp_tensor_release(n.b);
    tp_tensor_release(n.s);
}

static tp_var loss_of(tp_tape *tape, const net *n, tp_tensor *x)
{
    const tp_var w = tp_param(tape, n->w), b = tp_param(tape, n->b), s = tp_param(tape, n->s);
    return tp_mul(tp_sum(tp_tanh(tp_linear(tp_data(tape, x), w, b))), s);
}

static void *work(void *user)
{
    part *p = user;
    for (int i = 0; i < 50; i++) {
        p->status = tp_backward(loss_of(p->tape, p->net, p->x));
        if (p->status != TP_OK) break;
        if (i % 2 == 0) tp_tape_reset(p->tape); /* private gradients go with the nodes that they belong to */
    }
    return NULL;
}

START_TEST(two_threads_with_private_grads_equal_the_sum_in_order)
{
    const net n = make_net(), m = make_net();
    part parts[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        parts[i] = (part){tp_tape_new(&(tp_tape_options){.private_grads = true}), &n,
                          random_tensor(TP_F32, TP_DIMS(ROWS, IN), (uint64_t)i + 10, -1, 1), TP_OK};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &parts[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(parts[i].status == TP_OK, "%s", tp_tape_error(parts[i].tape));
    }
    ck_assert_ptr_null(tp_tensor_grad(n.w));
    EXPECT_STATUS(tp_reduce_grads((tp_tape *[]){parts[0].tape, parts[1].tape}, 2), TP_OK);
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < 2; i++) {
        EXPECT_STATUS(tp_backward(loss_of(tape, &m, parts[i].x)), TP_OK);
        tp_tape_reset(tape);
    }
    expect_same(tp_tensor_grad(n.w), tp_tensor_grad(m.w), 0);
    expect_same(tp_tensor_grad(n.b), tp_tensor_grad(m.b), 0);
    expect_same(tp_tensor_grad(n.s), tp_tensor_grad(m.s), 0);
    tp_tape_free(tape);
    for (int i = 0; i < 2; i++) tp_tape_free(parts[i].tape), tp_tensor_release(parts[i].x);
    free_net(n);
    free_net(m);
}
END_TEST

START_TEST(private_grads_add_up_on_the_tape_until_they_are_reduced)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.private_grads = true});
    tp_tensor *w = F64(TP_DIMS(2), 1, 2);
    const tp_var p = tp_param(tape, w), y = tp_sum(tp_square(p));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
    ck_assert_ptr_null(tp_tensor_grad(w));
    EXPECT_TENSOR(tp_grad(p), 0, 4, 8);
    EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 4, 8);
    ck_assert_ptr_null(tp_grad(p));
    EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK); /* nothing is left */
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 4, 8);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 6, 12);
    EXPECT_STATUS(tp_reduce_grads(NULL, 0), TP_OK);
    EXPECT_STATUS(tp_reduce_grads(NULL, 1), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_reduce_grads(&tape, -1), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_reduce_grads((tp_tape *[]){tape, NULL}, 2), TP_E_ARGUMENT);
    tp_tape_free(tape);
    tp_tensor_release(w);
}
END_TEST

/* A step on tensors large enough to be cut into pieces: the loss, and the gradients in w and v. */
static double large_step(int threads, tp_tensor *w, tp_tensor *v)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.threads = threads});
    tp_var loss = tp_const(tape, 0);
    for (int step = 0; step < 3; step++) {
        tp_tape_reset(tape);
        const tp_var a = tp_param(tape, w), b = tp_param(tape, v);
        const tp_var h = tp_tanh(tp_matmul(a, a)), e = tp_sigmoid(tp_mul(b, tp_sum_axes(b, TP_AXES(1), true)));
        loss = tp_add(tp_mean(tp_square(h)), tp_add(tp_sum(tp_max_axes(e, TP_AXES(0), false)), tp_mean(e)));
        EXPECT_STATUS(tp_backward(loss), TP_OK);
        if (step < 2) descend(w, .1), descend(v, .1);
    }
    const double value = tp_item(loss);
    tp_tape_free(tape);
    return value;
}

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    tp_tensor *w[2], *v[2];
    double loss[2];
    for (int i = 0; i < 2; i++) {
        w[i] = random_tensor(TP_F32, TP_DIMS(300, 300), 4, -.1, .1);
        v[i] = random_tensor(TP_F32, TP_DIMS(300, 301), 5, -1, 1);
        loss[i] = large_step(i + 1, w[i], v[i]);
    }
    ck_assert_double_eq(loss[0], loss[1]);
    expect_same(w[0], w[1], 0);
    expect_same(v[0], v[1], 0);
    expect_same(tp_tensor_grad(w[0]), tp_tensor_grad(w[1]), 0);
    expect_same(tp_tensor_grad(v[0]), tp_tensor_grad(v[1]), 0);
    for (int i = 0; i < 2; i++) tp_tensor_release(w[i]), tp_tensor_release(v[i]);
}
END_TEST

TCase *engine_threads_case(void)
{
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, two_threads_with_private_grads_equal_the_sum_in_order);
    tcase_add_test(tcase, private_grads_add_up_on_the_tape_until_they_are_reduced);
    tcase_add_test(tcase, results_do_not_depend_on_the_number_of_threads);
    return tcase;
}
