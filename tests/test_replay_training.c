/* Whole training loops by replay, against loops that record each step: bit for bit. */
#include "tests/test_replay.h"

#include <tapir/optim.h>

enum { STEPS = 10, BATCH = 6, IN = 4, HIDDEN = 5, CLASSES = 3, PARAMETERS = 7 };

typedef struct trainer {
    tp_dtype dtype;
    bool drops; /* dropout and batch norm */
    bool guarded;
    counter memory;
    tp_tape *tape;
    tp_optim *optim;
    tp_tensor *parameter[PARAMETERS]; /* two layers, gain and bias, a temperature of rank 0 */
    tp_tensor *mean, *variance, *x, *labels;
    tp_var loss;
    int recorded;
} trainer;

static trainer trainer_of(tp_dtype dtype, bool adam, bool drops, bool guarded)
{
    trainer t = {.dtype = dtype, .drops = drops, .guarded = guarded};
    const int ranks[PARAMETERS] = {2, 1, 1, 1, 2, 1, 0};
    const int64_t dims[PARAMETERS][2] = {{HIDDEN, IN}, {HIDDEN}, {HIDDEN}, {HIDDEN}, {CLASSES, HIDDEN}, {CLASSES}};
    t.optim = adam ? tp_adam(&(tp_adam_options){.rate = .05}, NULL) : tp_sgd(&(tp_sgd_options){.rate = .1}, NULL);
    for (int i = 0; i < PARAMETERS; i++) {
        t.parameter[i] = random_tensor(dtype, ranks[i], dims[i], (uint64_t)i + 1, .2, 1);
        ck_assert_int_eq(tp_optim_add(t.optim, t.parameter[i], NULL), TP_OK);
    }
    t.mean = tensor_of(dtype, TP_DIMS(HIDDEN), NULL);
    t.variance = tensor_of(TP_F64, TP_DIMS(HIDDEN), NUMBERS(1, 1, 1, 1, 1));
    t.x = tensor_of(dtype, TP_DIMS(BATCH, IN), NULL);
    t.labels = tensor_of(TP_I64, TP_DIMS(BATCH), NULL);
    return t;
}

static void start(trainer *t)
{
    t->tape = counted_tape(&t->memory);
    tp_tape_set_seed(t->tape, 7);
}

static void finish(trainer *t)
{
    tp_tape_free(t->tape);
    tp_optim_free(t->optim);
    for (int i = 0; i < PARAMETERS; i++) tp_tensor_release(t->parameter[i]);
    tp_tensor_release(t->mean);
    tp_tensor_release(t->variance);
    tp_tensor_release(t->x);
    tp_tensor_release(t->labels);
}

static void next_batch(trainer *t, int step)
{
    tp_tensor *x = random_tensor(t->dtype, TP_DIMS(BATCH, IN), 100 + (uint64_t)step, -1, 1);
    tp_tensor_copy(t->x, x, NULL);
    tp_tensor_release(x);
    int64_t *label = tp_tensor_data(t->labels);
    for (int i = 0; i < BATCH; i++) label[i] = (7 * step + 3 * i) % CLASSES;
}

static void record(trainer *t)
{
    tp_tape *tape = t->tape;
    tp_var p[PARAMETERS];
    tp_tape_reset(tape);
    for (int i = 0; i < PARAMETERS; i++) p[i] = tp_param(tape, t->parameter[i]);
    tp_var h = tp_linear(tp_data(tape, t->x), p[0], p[1]);
    if (t->drops) h = tp_batch_norm(h, p[2], p[3], t->mean, t->variance, .1, 1e-5);
    h = tp_relu(h);
    if (t->drops) h = tp_dropout(h, .3);
    const tp_var scores = tp_linear(h, p[4], p[5]);
    t->loss = tp_cross_entropy(tp_mul(scores, p[6]), tp_data(tape, t->labels), TP_MEAN);
    if (t->guarded && tp_guard(tp_greater(t->loss, tp_const(tape, 1)))) t->loss = tp_log(tp_adds(t->loss, 1));
    if (t->drops) t->loss = tp_add(t->loss, tp_muls(tp_sum(tp_dropout(tp_square(h), .5)), .01));
    t->recorded++;
}

static void update(trainer *t)
{
    tp_optim_clear_grads(t->optim);
    ck_assert_msg(tp_backward(t->loss) == TP_OK, "%s", tp_tape_error(t->tape));
    ck_assert_int_eq(tp_optim_step(t->optim), TP_OK);
}

static void expect_like(const trainer *a, const trainer *b)
{
    ck_assert_double_eq(tp_item(a->loss), tp_item(b->loss));
    for (int i = 0; i < PARAMETERS; i++) {
        expect_same(a->parameter[i], b->parameter[i], 0);
        const tp_tensor *g = tp_tensor_grad(a->parameter[i]), *h = tp_tensor_grad(b->parameter[i]);
        ck_assert_int_eq(g != NULL, h != NULL);
        if (g) expect_same(g, h, 0);
    }
    expect_same(a->mean, b->mean, 0);
    expect_same(a->variance, b->variance, 0);
}

/* Ten steps of each; how often the second one recorded. */
static int train(tp_dtype dtype, bool adam, bool drops, bool guarded)
{
    trainer a = trainer_of(dtype, adam, drops, guarded), b = trainer_of(dtype, adam, drops, guarded);
    start(&a), start(&b);
    size_t calls = 0;
    for (int step = 0; step < STEPS; step++) {
        next_batch(&a, step), next_batch(&b, step);
        record(&a);
        update(&a);
        const tp_status status = step ? tp_replay(b.tape, drops ? TP_REPLAY_ADVANCE : 0) : TP_E_GUARD;
        ck_assert_msg(status == TP_OK || (status == TP_E_GUARD && (guarded || !step)), "%s", tp_tape_error(b.tape));
        if (status == TP_E_GUARD) record(&b);
        update(&b);
        expect_like(&a, &b);
        if (step == 2) calls = b.memory.calls;
    }
    ck_assert_msg(guarded || b.memory.calls == calls, "replays asked for memory");
    const tp_var after_a = tp_normal(a.tape, TP_F64, TP_DIMS(3), 0, 1);
    const tp_var after_b = tp_normal(b.tape, TP_F64, TP_DIMS(3), 0, 1);
    expect_same(tp_value(after_a), tp_value(after_b), 0);
    const int recorded = b.recorded;
    finish(&a), finish(&b);
    return recorded;
}

START_TEST(replayed_training_equals_recorded_training)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++)
        for (int adam = 0; adam < 2; adam++) ck_assert_int_eq(train((tp_dtype)dtype, adam, false, false), 1);
}
END_TEST

START_TEST(advanced_training_with_dropout_and_batch_norm_equals_recorded_training)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++)
        for (int adam = 0; adam < 2; adam++) ck_assert_int_eq(train((tp_dtype)dtype, adam, true, false), 1);
}
END_TEST

/* The guard lies behind dropout and batch norm: a replay that it stops must not have drawn or updated anything. */
START_TEST(training_that_records_anew_at_failed_guards_equals_recorded_training)
{
    for (int drops = 0; drops < 2; drops++) {
        const int recorded = train(TP_F32, true, drops, true);
        ck_assert_msg(recorded > 1 && recorded < STEPS, "%d steps were recorded", recorded);
    }
}
END_TEST

/* Without the flag nothing is drawn or updated, however often. */
START_TEST(plain_replay_repeats_masks_and_leaves_statistics)
{
    trainer t = trainer_of(TP_F32, true, true, false);
    start(&t);
    next_batch(&t, 0);
    record(&t);
    const double loss = tp_item(t.loss);
    tp_tensor *mean = tp_tensor_clone(t.mean), *variance = tp_tensor_clone(t.variance);
    for (int i = 0; i < 3; i++) {
        EXPECT_STATUS(tp_replay(t.tape, 0), TP_OK);
        ck_assert_double_eq(tp_item(t.loss), loss);
        expect_same(t.mean, mean, 0);
        expect_same(t.variance, variance, 0);
    }
    EXPECT_STATUS(tp_replay(t.tape, TP_REPLAY_ADVANCE), TP_OK);
    ck_assert_double_ne(tp_item(t.loss), loss);
    ck_assert_double_ne(tp_tensor_item(t.mean, 0), tp_tensor_item(mean, 0));
    tp_tensor_release(mean);
    tp_tensor_release(variance);
    finish(&t);
}
END_TEST

/* A replay that fails for want of memory, at whichever call, has changed nothing that the next one would miss. */
START_TEST(advanced_replay_out_of_memory_can_be_tried_again)
{
    for (size_t fail = 1;; fail++) {
        trainer a = trainer_of(TP_F32, true, true, false), b = trainer_of(TP_F32, true, true, false);
        start(&a), start(&b);
        next_batch(&a, 0), next_batch(&b, 0);
        record(&a), record(&b);
        b.memory.fail_at = b.memory.calls + fail;
        const tp_status status = tp_replay(b.tape, TP_REPLAY_ADVANCE);
        const bool failed = b.memory.failed > 0;
        b.memory.fail_at = 0;
        EXPECT_STATUS(status, failed ? TP_E_MEMORY : TP_OK);
        tp_tape_clear_error(b.tape);
        if (failed) {
            EXPECT_STATUS(tp_replay(b.tape, TP_REPLAY_ADVANCE), TP_OK);
        }
        record(&a);
        expect_like(&a, &b);
        update(&a), update(&b);
        expect_like(&a, &b);
        finish(&a), finish(&b);
        ck_assert_uint_eq(b.memory.bytes, 0);
        if (!failed) break;
        ck_assert_uint_lt(fail, 20);
    }
}
END_TEST

/* The caller's own reference may go: the node holds the running statistics. */
START_TEST(running_statistics_are_held_by_their_node)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *mean = F64(TP_DIMS(1), 0), *variance = F64(TP_DIMS(1), 1);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3, 1), 1, 2, 6));
    const tp_var y = tp_batch_norm(x, tp_none(), tp_none(), mean, variance, .5, 1e-5);
    ck_assert(tp_ok(y));
    ck_assert_double_eq(tp_tensor_item(mean, 0), 1.5);
    tp_tensor_release(variance);
    EXPECT_STATUS(tp_replay(tape, TP_REPLAY_ADVANCE), TP_OK);
    ck_assert_double_eq(tp_tensor_item(mean, 0), 2.25);
    tp_tape_reset(tape);
    tp_tensor_release(mean);
    tp_tape_free(tape);
}
END_TEST

TCase *replayed_training_case(void)
{
    TCase *tcase = tcase_create("training");
    tcase_add_test(tcase, replayed_training_equals_recorded_training);
    tcase_add_test(tcase, advanced_training_with_dropout_and_batch_norm_equals_recorded_training);
    tcase_add_test(tcase, training_that_records_anew_at_failed_guards_equals_recorded_training);
    tcase_add_test(tcase, plain_replay_repeats_masks_and_leaves_statistics);
    tcase_add_test(tcase, advanced_replay_out_of_memory_can_be_tried_again);
    tcase_add_test(tcase, running_statistics_are_held_by_their_node);
    return tcase;
}
