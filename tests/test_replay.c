/* Every op of the table, replayed: without memory, and as the next step would be recorded. */
#include "tests/test_replay.h"

#include "tests/test_ops.h"

/* ---- no memory ---- */

static size_t allocations;

static void *count_allocation(void *user, size_t size, size_t alignment)
{
    (void)user;
    allocations++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

/* From now on everything that the tape asks for is counted; malloc's blocks are given back as before. */
static void count_from_now(tp_tape *tape)
{
    tape->memory.allocate = tape->pool.memory.allocate = tape->stack.memory.allocate = count_allocation;
}

static void walk(run *r)
{
    if (tp_needs_grad(r->y)) ck_assert_int_eq(tp_backward_from(r->y, tp_const(r->tape, 1), 0), TP_OK);
}

/* The first round warms up scratch that lay under later results. */
static void check_memory(const sample *s)
{
    run r = run_sample(s, TP_F32, 20, true);
    const tp_mark mark = tp_tape_mark(r.tape);
    count_from_now(r.tape);
    for (int round = 0; round < 4; round++) {
        if (round == 2) allocations = 0;
        ck_assert_msg(tp_replay(r.tape, 0) == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        walk(&r);
        ck_assert_int_eq(tp_tape_rewind(r.tape, mark), TP_OK);
    }
    ck_assert_msg(allocations == 0, "%s, %s: %zu allocations", s->op, s->name, allocations);
    run_end(&r);
}

START_TEST(replay_of_every_op_asks_for_no_memory)
{
    each_sample(_i, check_memory);
}
END_TEST

/* ---- the next step ---- */

static void expect_walks(const sample *s, const run *a, const run *b)
{
    tp_var of_a[MAX_LEAVES], of_b[MAX_LEAVES];
    run_vjp(a, 22, 0, of_a);
    run_vjp(b, 22, 0, of_b);
    for (int i = 0; i < a->n; i++) expect_sample(s, "gradient after an advance", of_a[i], of_b[i], 0);
}

static void check_advance(const sample *s)
{
    run recorded = run_sample(s, TP_F32, 21, false), replayed = run_sample(s, TP_F32, 21, false);
    for (int step = 0; step < 3; step++) {
        const tp_mark mark = tp_tape_mark(recorded.tape), before = tp_tape_mark(replayed.tape);
        recorded.y = s->build(s, recorded.operand);
        ck_assert_msg(tp_replay(replayed.tape, TP_REPLAY_ADVANCE) == TP_OK, "%s, %s: %s", s->op, s->name,
                      tp_tape_error(replayed.tape));
        expect_sample(s, "advanced value", recorded.y, replayed.y, 0);
        expect_walks(s, &recorded, &replayed);
        tp_tape_rewind(replayed.tape, before);
        ck_assert_int_eq(tp_replay(replayed.tape, 0), TP_OK); /* repeats the step that was advanced to */
        expect_sample(s, "repeated value", recorded.y, replayed.y, 0);
        ck_assert_uint_eq(recorded.tape->streams, replayed.tape->streams);
        tp_tape_rewind(recorded.tape, mark);
    }
    run_end(&recorded);
    run_end(&replayed);
}

START_TEST(advanced_replay_of_every_op_is_the_next_recording)
{
    each_sample(_i, check_advance);
}
END_TEST

Suite *replay_suite(void)
{
    Suite *suite = suite_create("replay");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, replay_of_every_op_asks_for_no_memory, 0, tp_op_count());
    tcase_add_loop_test(table, advanced_replay_of_every_op_is_the_next_recording, 0, tp_op_count());
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, guards_case());
    suite_add_tcase(suite, replayed_training_case());
    return suite;
}
