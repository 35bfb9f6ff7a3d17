/* Every op of the table, replayed: without memory, as the next step would be recorded, and on scalars in every order.
 */
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

/* ---- values and adjoints in registers ---- */

enum { OPERANDS = 3, USES = 1 << OPERANDS };

typedef struct scalars {
    tp_tape *tape;
    tp_var x[OPERANDS], fresh[USES], y[USES], sum;
} scalars;

/* A row on scalars, each of whose operands is the node before, or an earlier one, in every combination. */
static scalars use_row(const tp_op *op, uint64_t seed)
{
    tp_rng rng = tp_rng_seed(seed);
    scalars s = {.tape = tp_tape_new(NULL)};
    const tp_row *row = op->row;
    for (int k = 0; k < OPERANDS; k++)
        s.x[k] = tp_scalar(s.tape, row->low + (row->high - row->low) * tp_rng_uniform(&rng));
    s.sum = tp_const(s.tape, 0);
    for (int use = 0; use < USES; use++) {
        tp_var operand[OPERANDS];
        s.fresh[use] = tp_muls(s.x[use % OPERANDS], 1);
        for (int k = 0; k < OPERANDS; k++) operand[k] = use >> k & 1 ? s.fresh[use] : s.x[k];
        s.y[use] = row_call(op->name, operand, row->number);
        s.sum = tp_add(s.sum, tp_muls(s.y[use], use + 1));
    }
    EXPECT_OK(s.tape);
    return s;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void expect_same_scalars(const tp_op *op, const scalars *a, const scalars *b)
{
    ck_assert_msg(same_bits(tp_item(a->sum), tp_item(b->sum)), "%s: the sum", op->name);
    for (int k = 0; k < OPERANDS; k++)
        ck_assert_msg(same_bits(tp_grad_item(a->x[k]), tp_grad_item(b->x[k])), "%s: gradient %d", op->name, k);
    for (int use = 0; use < USES; use++) {
        ck_assert_msg(same_bits(tp_item(a->y[use]), tp_item(b->y[use])), "%s: use %d", op->name, use);
        ck_assert_msg(same_bits(tp_grad_item(a->fresh[use]), tp_grad_item(b->fresh[use])), "%s: adjoint in use %d",
                      op->name, use);
    }
}

/* The walk in numbers carries adjoints, the recorded one does not. */
static void expect_recorded_walk(const tp_op *op, const scalars *s)
{
    double numeric[USES];
    tp_var recorded[USES];
    for (int use = 0; use < USES; use++) numeric[use] = tp_grad_item(s->fresh[use]);
    ck_assert_int_eq(tp_gradients(s->sum, s->fresh, USES, recorded, TP_CREATE_GRAPH), TP_OK);
    for (int use = 0; use < USES; use++) {
        const double want = tp_item(recorded[use]);
        ck_assert_msg(fabs(numeric[use] - want) <= 1e-12 * (1 + fabs(want)), "%s, use %d: %g, not %g", op->name, use,
                      numeric[use], want);
    }
}

START_TEST(scalars_are_right_whether_their_operand_is_the_node_before_or_not)
{
    const tp_op *op = tp_op_at(_i);
    if (!op->row) return;
    scalars old = use_row(op, 1), anew = use_row(op, 2);
    for (int k = 0; k < OPERANDS; k++) tp_set_item(old.x[k], tp_item(anew.x[k]));
    ck_assert_int_eq(tp_replay(old.tape, 0), TP_OK);
    ck_assert_int_eq(tp_backward(old.sum), TP_OK);
    ck_assert_int_eq(tp_backward(anew.sum), TP_OK);
    expect_same_scalars(op, &old, &anew);
    expect_recorded_walk(op, &old);
    tp_tape_free(old.tape);
    tp_tape_free(anew.tape);
}
END_TEST

/* ---- ops that refuse ---- */

START_TEST(only_masked_select_has_a_shape_that_depends_on_values)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *at = F64(TP_DIMS(3), 1, -1, 2);
    const tp_var x = tp_leaf(tape, at), y = tp_masked_select(x, tp_greater(x, tp_const(tape, 0)));
    ((double *)tp_tensor_data(at))[1] = 3;
    ck_assert_int_ne(tp_replay(tape, 0), TP_OK);
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "tp_masked_select: "));
    tp_tape_clear_error(tape);
    ck_assert_int_eq(tp_backward_from(y, tp_const(tape, 1), 0), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    ((double *)tp_tensor_data(at))[0] = -3;
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    EXPECT_TENSOR(tp_value(y), 0, 3, 2);
    ck_assert_int_eq(tp_backward_from(y, tp_const(tape, 1), 0), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 0, 0, 1, 1);
    tp_tensor_release(at);
    tp_tape_free(tape);
}
END_TEST

Suite *replay_suite(void)
{
    Suite *suite = suite_create("replay");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, replay_of_every_op_asks_for_no_memory, 0, tp_op_count());
    tcase_add_loop_test(table, advanced_replay_of_every_op_is_the_next_recording, 0, tp_op_count());
    tcase_add_loop_test(table, scalars_are_right_whether_their_operand_is_the_node_before_or_not, 0, tp_op_count());
    tcase_add_test(table, only_masked_select_has_a_shape_that_depends_on_values);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, guards_case());
    suite_add_tcase(suite, replayed_training_case());
    return suite;
}
