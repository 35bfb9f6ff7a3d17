/* Memory: what a steady loop asks for, what comes back at the end, and what happens when there is none. Allocation
   failures one by one are in test_engine_exhaustion.c. */
#include <tapir/random.h>

#include "tests/helpers.h"

/* ---- the loops that are measured ---- */

static double scalar_step(tp_tape *tape, tp_tensor *a, tp_tensor *b, unsigned flags)
{
    tp_tape_reset(tape);
    const tp_var p = tp_param(tape, a), q = tp_param(tape, b);
    tp_var loss = tp_const(tape, 0);
    for (int i = 0; i < 200; i++) {
        const double x = .01 * i;
        loss = tp_add(loss, tp_square(tp_adds(tp_add(tp_muls(p, x), tp_mul(q, tp_const(tape, sin(x)))), -x)));
    }
    EXPECT_STATUS(tp_backward_from(loss, tp_none(), flags), TP_OK);
    descend(a, 1e-3), descend(b, 1e-3);
    return tp_item(loss);
}

typedef struct net {
    tp_tensor *x, *y, *w1, *b1, *w2, *b2;
} net;

static net net_on(const tp_allocator *memory, uint64_t seed)
{
    tp_rng rng = tp_rng_seed(seed);
    double draw[64];
    for (int i = 0; i < 64; i++) draw[i] = tp_rng_normal(&rng);
    return (net){.x = tensor_on(memory, TP_F32, TP_DIMS(4, 2), NUMBERS(0, 0, 0, 1, 1, 0, 1, 1)),
                 .y = tensor_on(memory, TP_F32, TP_DIMS(4, 1), NUMBERS(0, 1, 1, 0)),
                 .w1 = tensor_on(memory, TP_F32, TP_DIMS(4, 2), draw),
                 .b1 = tensor_on(memory, TP_F32, TP_DIMS(4), NULL),
                 .w2 = tensor_on(memory, TP_F32, TP_DIMS(1, 4), draw + 10),
                 .b2 = tensor_on(memory, TP_F32, TP_DIMS(1), NULL)};
}

static void net_free(net n)
{
    tp_tensor *const all[] = {n.x, n.y, n.w1, n.b1, n.w2, n.b2};
    for (int i = 0; i < 6; i++) tp_tensor_release(all[i]);
}

static double net_step(tp_tape *tape, net n, double rate, unsigned flags)
{
    tp_tape_reset(tape);
    const tp_var h = tp_tanh(tp_linear(tp_data(tape, n.x), tp_param(tape, n.w1), tp_param(tape, n.b1)));
    const tp_var y = tp_sigmoid(tp_linear(h, tp_param(tape, n.w2), tp_param(tape, n.b2)));
    const tp_var parts[] = {tp_slice(y, 0, 0, 2, 1), tp_slice(y, 0, 2, TP_END, 1)};
    const tp_var loss = tp_mse(tp_concat(parts, 2, 0), tp_data(tape, n.y), TP_MEAN);
    if (tp_backward_from(loss, tp_none(), flags) != TP_OK) return (double)NAN;
    tp_tensor *const learned[] = {n.w1, n.b1, n.w2, n.b2};
    for (int i = 0; i < 4; i++) descend(learned[i], rate);
    return tp_item(loss);
}

static void penalty_step(tp_tape *tape, net n)
{
    tp_tape_reset(tape);
    const tp_var x = tp_leaf(tape, n.x), w = tp_param(tape, n.w1);
    tp_var g;
    EXPECT_STATUS(tp_gradients(tp_sum(tp_tanh(tp_linear(x, w, tp_none()))), &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(g))), TP_OK);
    descend(n.w1, .01);
}

START_TEST(steady_scalar_loop_asks_for_no_memory)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_tape *tape = counted_tape(&c);
    tp_tensor *a = tensor_on(&memory, TP_F64, TP_DIMS(), NUMBERS(.5)), *b = tensor_on(&memory, TP_F64, TP_DIMS(), NULL);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        for (int i = 0; i < 2; i++) scalar_step(tape, a, b, flags);
        const size_t calls = c.calls;
        for (int i = 0; i < 50; i++) scalar_step(tape, a, b, flags);
        ck_assert_uint_eq(c.calls, calls);
    }
    tp_tensor_release(a);
    tp_tensor_release(b);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

START_TEST(steady_tensor_loop_asks_for_no_memory)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_tape *tape = counted_tape(&c);
    const net n = net_on(&memory, 1);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        for (int i = 0; i < 2; i++) net_step(tape, n, .1, flags);
        const size_t calls = c.calls;
        for (int i = 0; i < 50; i++) net_step(tape, n, .1, flags);
        ck_assert_uint_eq(c.calls, calls);
    }
    for (int i = 0; i < 2; i++) penalty_step(tape, n);
    const size_t calls = c.calls;
    for (int i = 0; i < 20; i++) penalty_step(tape, n);
    ck_assert_uint_eq(c.calls, calls);
    net_free(n);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

START_TEST(steady_loop_with_rewinds_replays_and_checks_asks_for_no_more_memory)
{
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 1, -1, 1));
    const tp_var y = tp_sum(tp_square(tp_tanh(x)));
    size_t bytes = 0;
    for (int i = 0; i < 20; i++) {
        if (i == 3) bytes = c.bytes;
        const tp_mark mark = tp_tape_mark(tape);
        tp_var g;
        EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
        EXPECT_STATUS(tp_backward(tp_sum(tp_mul(g, g))), TP_OK);
        EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
        expect_gradients(y, &x, 1);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    }
    ck_assert_uint_eq(c.bytes, bytes);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

START_TEST(buffers_of_dead_tensors_are_used_again)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < 30; i++) {
        const tp_mark mark = tp_tape_mark(tape);
        tp_var y = leaf_of(tape, tensor_of(TP_F32, TP_DIMS(1000 + i % 3), NULL));
        for (int k = 0; k < 20; k++) y = tp_exp(tp_neg(y));
        EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
        tp_tape_rewind(tape, mark);
    }
    const tp_stats stats = tp_tape_stats(tape);
    ck_assert_uint_eq(stats.tensor.now, 0);
    ck_assert_uint_ge(stats.tensor.peak, 40 * 4000);
    ck_assert_uint_le(stats.tensor.peak, 60 * 5000);
    ck_assert_uint_ge(stats.pooled, stats.tensor.peak);
    ck_assert_uint_le(stats.pooled, stats.tensor.peak + 4096);
    ck_assert_uint_eq(stats.node.now, 0);
    ck_assert_uint_ge(stats.node.peak, 32 * 42);
    tp_tape_free(tape);
}
END_TEST

START_TEST(walk_keeps_few_gradients_at_a_time)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var y = leaf_of(tape, tensor_of(TP_F32, TP_DIMS(1024), NULL));
    for (int k = 0; k < 100; k++) y = tp_tanh(y);
    y = tp_sum(y);
    const size_t recorded = tp_tape_stats(tape).tensor.now;
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_uint_le(tp_tape_stats(tape).tensor.peak, recorded + 4 * 4096);
    tp_tape_free(tape);
}
END_TEST

START_TEST(reserved_nodes_are_there_at_once)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory, .nodes = 100000});
    const size_t calls = c.calls;
    tp_var x = tp_scalar(tape, 1);
    for (int i = 0; i < 99999; i++) x = tp_neg(x);
    ck_assert_uint_eq(c.calls, calls);
    tp_tape_free(tape);
    c = (counter){.limit = 1 << 16};
    ck_assert_ptr_null(tp_tape_new(&(tp_tape_options){.memory = &memory, .nodes = 100000}));
    ck_assert_uint_eq(c.blocks, 0);
    ck_assert_ptr_null(tp_tape_new(&(tp_tape_options){.memory = &memory, .nodes = UINT32_MAX}));
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

/* ---- the arena ---- */

START_TEST(whole_training_runs_in_an_arena)
{
    static _Alignas(64) unsigned char buffer[1 << 18];
    tp_arena arena = tp_arena_over(buffer, sizeof buffer);
    const tp_allocator memory = tp_arena_allocator(&arena);
    for (int round = 0; round < 2; round++) {
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
        ck_assert_ptr_nonnull(tape);
        const net n = net_on(&memory, 3);
        const double first = net_step(tape, n, 1, 0);
        double loss = first;
        for (int i = 0; i < 2000; i++) loss = net_step(tape, n, 1, 0);
        EXPECT_OK(tape);
        ck_assert_double_lt(loss, first / 10);
        ck_assert_uint_le(arena.used, sizeof buffer);
        ck_assert((unsigned char *)tp_tensor_read(n.w1) > buffer &&
                  (unsigned char *)tp_tensor_read(n.w1) < buffer + sizeof buffer);
        net_free(n);
        tp_tape_free(tape);
        tp_arena_reset(&arena);
        ck_assert_uint_eq(arena.used, 0);
    }
    ck_assert_ptr_null(memory.allocate(memory.user, sizeof buffer + 1, 64));
    tp_arena none = tp_arena_over(NULL, 100);
    const tp_allocator empty = tp_arena_allocator(&none);
    ck_assert_ptr_null(tp_tape_new(&(tp_tape_options){.memory = &empty}));
    tp_arena_reset(NULL);
}
END_TEST

START_TEST(arena_that_is_too_small_is_an_error_and_the_tape_goes_on)
{
    static _Alignas(64) unsigned char buffer[1 << 18];
    const net n = net_on(NULL, 3);
    bool fits = false;
    int failures = 0;
    for (size_t size = 64; size <= sizeof buffer && !fits; size += 512) {
        tp_arena arena = tp_arena_over(buffer, size);
        const tp_allocator memory = tp_arena_allocator(&arena);
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
        if (!tape) continue;
        net_step(tape, n, 0, 0);
        fits = tp_tape_status(tape) == TP_OK;
        if (!fits) {
            failures++;
            EXPECT_STATUS(tp_tape_status(tape), TP_E_MEMORY);
            ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "out of memory"));
            tp_tape_reset(tape);
            EXPECT_OK(tape);
            const tp_var x = tp_scalar(tape, 3);
            if (tp_ok(x)) EXPECT_NEAR(tp_item(tp_square(x)), 9, 0);
        }
        tp_tape_free(tape);
    }
    ck_assert(fits);
    ck_assert_int_gt(failures, 5);
    net_free(n);
}
END_TEST

/* ---- over a long time, and the same again ---- */

START_TEST(resident_memory_does_not_grow_over_100000_steps)
{
    tp_tape *tape = tp_tape_new(NULL);
    const net n = net_on(NULL, 4);
    for (int i = 0; i < 1000; i++) net_step(tape, n, .1, i % 10 ? 0 : TP_CREATE_GRAPH);
    const long before = resident_pages();
    for (int i = 0; i < 100000; i++) net_step(tape, n, .1, i % 10 ? 0 : TP_CREATE_GRAPH);
    EXPECT_OK(tape);
    ck_assert_int_le(resident_pages() - before, 64); /* of 4 KiB: a leak of 3 bytes a step shows */
    net_free(n);
    tp_tape_free(tape);
}
END_TEST

START_TEST(training_is_reproducible_bit_for_bit)
{
    double losses[3][200];
    tp_tensor *weights[3];
    for (int run = 0; run < 3; run++) {
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.threads = run == 2 ? 2 : 1});
        const net n = net_on(NULL, 11);
        for (int i = 0; i < 200; i++) losses[run][i] = net_step(tape, n, .5, 0);
        weights[run] = tp_tensor_clone(n.w1);
        net_free(n);
        tp_tape_free(tape);
    }
    ck_assert_double_lt(losses[0][199], losses[0][0]);
    for (int run = 1; run < 3; run++) {
        ck_assert_mem_eq(losses[0], losses[run], sizeof losses[0]);
        ck_assert_mem_eq(tp_tensor_read(weights[0]), tp_tensor_read(weights[run]), 8 * sizeof(float));
    }
    for (int run = 0; run < 3; run++) tp_tensor_release(weights[run]);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("steady");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, steady_scalar_loop_asks_for_no_memory);
    tcase_add_test(tcase, steady_tensor_loop_asks_for_no_memory);
    tcase_add_test(tcase, steady_loop_with_rewinds_replays_and_checks_asks_for_no_more_memory);
    tcase_add_test(tcase, buffers_of_dead_tensors_are_used_again);
    tcase_add_test(tcase, walk_keeps_few_gradients_at_a_time);
    tcase_add_test(tcase, reserved_nodes_are_there_at_once);
    tcase_add_test(tcase, whole_training_runs_in_an_arena);
    tcase_add_test(tcase, arena_that_is_too_small_is_an_error_and_the_tape_goes_on);
    tcase_add_test(tcase, resident_memory_does_not_grow_over_100000_steps);
    tcase_add_test(tcase, training_is_reproducible_bit_for_bit);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, engine_exhaustion_case());
    return suite;
}
