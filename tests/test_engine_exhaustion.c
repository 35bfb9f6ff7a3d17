/* A small training run in which each allocation fails in turn: the error is kept, nothing is lost, nothing crashes. */
#include <stdio.h>

#include "tests/helpers.h"

enum { TENSORS = 7, STEPS = 3 };

/* What a run owns, so that it can be given back wherever it stops. */
typedef struct run {
    tp_allocator memory;
    tp_tape *tape;
    tp_tensor *tensors[TENSORS]; /* x, target, labels, w1, b1, w2, s */
    double result[64];
    int results;
} run;

static tp_status make(run *r)
{
    const double w[] = {.5, -.5, .25, .75, -.3, .2, .9, -.8};
    r->tape = tp_tape_new(&(tp_tape_options){.memory = &r->memory});
    r->tensors[0] = tensor_on(&r->memory, TP_F64, TP_DIMS(4, 2), NUMBERS(0, 0, 0, 1, 1, 0, 1, 1));
    r->tensors[1] = tensor_on(&r->memory, TP_F64, TP_DIMS(4, 1), NUMBERS(0, 1, 1, 0));
    r->tensors[2] = tensor_on(&r->memory, TP_I64, TP_DIMS(4), NUMBERS(0, 1, 1, 0));
    r->tensors[3] = tensor_on(&r->memory, TP_F64, TP_DIMS(4, 2), w);
    r->tensors[4] = tensor_on(&r->memory, TP_F64, TP_DIMS(4), w + 2);
    r->tensors[5] = tensor_on(&r->memory, TP_F64, TP_DIMS(4, 1), w + 4);
    r->tensors[6] = tensor_on(&r->memory, TP_F64, TP_DIMS(), NUMBERS(.5));
    if (!r->tape) return TP_E_MEMORY;
    for (int i = 0; i < TENSORS; i++)
        if (!r->tensors[i]) return TP_E_MEMORY;
    return TP_OK;
}

static void finish(run *r)
{
    tp_tape_free(r->tape);
    for (int i = 0; i < TENSORS; i++) tp_tensor_release(r->tensors[i]);
}

static void keep(run *r, double number)
{
    ck_assert_int_lt(r->results, 64);
    r->result[r->results++] = number;
}

static tp_var loss_of(run *r, tp_var w1, tp_var s)
{
    const tp_var b1 = tp_param(r->tape, r->tensors[4]), w2 = tp_param(r->tape, r->tensors[5]);
    const tp_var h = tp_sigmoid(tp_linear(tp_data(r->tape, r->tensors[0]), w1, b1));
    const tp_var y = tp_sigmoid(tp_mul(tp_matmul(h, w2), s));
    const tp_var parts[] = {tp_slice(h, 1, 0, 1, 1), tp_slice(h, 1, 1, 4, 2), y, tp_name(y, "y")};
    tp_var where;
    const tp_var logits = tp_concat(parts, 4, 1), top = tp_max_with_indices(logits, 1, true, &where);
    const tp_var mse = tp_mse(y, tp_data(r->tape, r->tensors[1]), TP_MEAN);
    const tp_var entropy =
        tp_cross_entropy(tp_transpose(tp_transpose(logits, 0, 1), 0, 1), tp_data(r->tape, r->tensors[2]), TP_MEAN);
    const tp_var few[] = {mse, entropy, tp_index(h, 2, (int64_t[]){1, 2})};
    return tp_add(tp_sum(tp_square(tp_stack(few, 3, 0))), tp_mean(tp_mul(top, top)));
}

static tp_status step(run *r, int i)
{
    tp_tape *tape = r->tape;
    tp_tape_reset(tape);
    const tp_var w1 = tp_param(tape, r->tensors[3]), s = tp_param(tape, r->tensors[6]);
    tp_var loss = loss_of(r, w1, s), g[2];
    if (i == 1) { /* a gradient penalty */
        const tp_status status = tp_gradients(loss, (tp_var[]){w1, s}, 2, g, TP_CREATE_GRAPH);
        if (status != TP_OK) return status;
        loss = tp_add(loss, tp_add(tp_sum(tp_square(g[0])), tp_square(g[1])));
    }
    const tp_var one = tp_const(tape, 1);
    tp_status status = tp_jvp(loss, &w1, &one, 1, &g[0], i == 2 ? TP_CREATE_GRAPH : 0);
    if (status != TP_OK) return status;
    keep(r, tp_item(g[0]));
    status = tp_backward_from(loss, tp_none(), i == 2 ? TP_CREATE_GRAPH : 0);
    if (status != TP_OK) return status;
    keep(r, tp_item(loss));
    for (int k = 3; k < TENSORS; k++) {
        keep(r, tp_tensor_item(tp_tensor_grad(r->tensors[k]), 0));
        descend(r->tensors[k], .1);
    }
    return TP_OK;
}

static tp_status checks(run *r)
{
    tp_tape *tape = r->tape;
    tp_error error = {0};
    tp_tape_reset(tape);
    const tp_var w = tp_leaf(tape, r->tensors[3]), s = tp_leaf(tape, r->tensors[6]);
    const tp_var y = tp_mul(tp_mul(tp_sum(tp_tanh(tp_slice(w, 0, 1, 3, 1))), tp_index(w, 2, (int64_t[]){0, 0})), s);
    const tp_var x[] = {w, s};
    tp_status status = tp_gradcheck(y, x, 2, NULL, &error);
    if (status == TP_OK) status = tp_gradgradcheck(y, x, 2, NULL, &error);
    if (status != TP_OK) {
        ck_assert_int_eq(error.status, status);
        return status;
    }
    FILE *out = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(out);
    status = tp_draw_dot(y, out);
    fclose(out);
    if (status == TP_OK) status = tp_replay(tape, 0);
    keep(r, tp_item(y));
    return status;
}

/* The whole run; the status it ended with. */
static tp_status whole(run *r, counter *c)
{
    *r = (run){.memory = counted(c)};
    tp_status status = make(r);
    for (int i = 0; i < STEPS && status == TP_OK; i++) status = step(r, i);
    if (status == TP_OK) status = checks(r);
    if (status != TP_OK && r->tape && c->failed) { /* the tape is good again after a reset */
        tp_tape_reset(r->tape);
        EXPECT_OK(r->tape);
        const tp_var x = tp_scalar(r->tape, 2);
        EXPECT_STATUS(tp_backward(tp_square(x)), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), 4, 0);
    }
    finish(r);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    counter c = {0};
    run good, r;
    EXPECT_STATUS(whole(&good, &c), TP_OK);
    ck_assert_uint_eq(c.bytes, 0);
    const size_t calls = c.calls;
    ck_assert_uint_gt(calls, 50);
    for (size_t i = 1; i <= calls; i++) {
        c = (counter){.fail_at = i};
        const tp_status status = whole(&r, &c);
        ck_assert_uint_eq(c.failed, 1);
        ck_assert_msg(c.blocks == 0 && c.bytes == 0, "allocation %zu: %zu bytes in %zu blocks leak", i, c.bytes,
                      c.blocks);
        ck_assert_msg(status == TP_E_MEMORY || status == TP_OK, "allocation %zu: %s", i, tp_status_name(status));
        if (status != TP_OK) continue;
        ck_assert_int_eq(r.results, good.results); /* it could do without: then nothing is missing */
        for (int k = 0; k < r.results; k++)
            ck_assert_msg(r.result[k] == good.result[k], "allocation %zu: result %d is %.17g, not %.17g", i, k,
                          r.result[k], good.result[k]);
    }
}
END_TEST

START_TEST(all_allocations_from_one_on_may_fail)
{
    counter c = {0};
    run r;
    for (size_t limit = 256; limit < 1 << 22; limit += limit / 16) {
        c = (counter){.limit = limit};
        *(&r) = (run){.memory = counted(&c)};
        tp_status status = make(&r);
        for (int i = 0; i < STEPS && status == TP_OK; i++) status = step(&r, i);
        if (status == TP_OK) status = checks(&r);
        finish(&r);
        ck_assert_uint_eq(c.bytes, 0);
        ck_assert_msg(status == (c.failed ? TP_E_MEMORY : TP_OK), "limit %zu: %s", limit, tp_status_name(status));
        if (!c.failed) return;
    }
    ck_abort_msg("it never had enough");
}
END_TEST

START_TEST(reduction_of_private_gradients_may_run_out_of_memory)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    for (size_t fail = 0; fail < 3; fail++) {
        tp_tensor *w = tensor_on(&memory, TP_F64, TP_DIMS(2), NUMBERS(1, 2));
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.private_grads = true});
        EXPECT_STATUS(tp_backward(tp_sum(tp_square(tp_param(tape, w)))), TP_OK);
        c.fail_at = fail ? c.calls + fail : 0;
        EXPECT_STATUS(tp_reduce_grads(&tape, 1), fail ? TP_E_MEMORY : TP_OK);
        if (fail) {
            ck_assert_ptr_null(tp_tensor_grad(w));
            EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK);
        }
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 2, 4);
        tp_tape_free(tape);
        tp_tensor_release(w);
    }
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

TCase *engine_exhaustion_case(void)
{
    TCase *tcase = tcase_create("exhaustion");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, all_allocations_from_one_on_may_fail);
    tcase_add_test(tcase, reduction_of_private_gradients_may_run_out_of_memory);
    return tcase;
}
