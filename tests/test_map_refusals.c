/* Calls of tp_map that are wrong, functions that do what they must not, and memory that is not there. */
#include <tapir/derive.h>

#include "tests/test_map.h"

#include "tests/tape_fixture.h"

typedef enum deed { NOTHING, CAPTURES, SUMS, COMPARES, FAILS, TAKES_A_PARAMETER, RETURNS_AN_OLD_ONE } deed;

typedef struct script {
    deed deed;
    tp_var outside;
    tp_tensor *w;
} script;

static void misbehave(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    const script *s = user;
    (void)n, (void)m;
    switch (s->deed) {
    case NOTHING: break;
    case CAPTURES: y[0] = tp_mul(x[0], s->outside); break;
    case SUMS: y[0] = tp_mul(x[0], tp_sum(x[0])); break;
    case COMPARES: y[0] = tp_mul(x[0], tp_less(x[0], x[0])); break;
    case FAILS: y[0] = tp_matmul(x[0], x[0]); break;
    case TAKES_A_PARAMETER: y[0] = tp_mul(x[0], tp_param(on, s->w)); break;
    case RETURNS_AN_OLD_ONE: y[0] = s->outside; break;
    }
}

START_TEST(wrong_functions_are_refused)
{
    static const struct {
        tp_status status;
        const char *text;
    } wanted[] = {{TP_E_ARGUMENT, "result 0"},
                  {TP_E_ARGUMENT, "from outside"},
                  {TP_E_UNSUPPORTED, "sum"},
                  {TP_E_UNSUPPORTED, "less"},
                  {TP_E_SHAPE, ""},
                  {TP_E_UNSUPPORTED, "param"},
                  {TP_E_ARGUMENT, "result 0"}};
    script s = {.deed = (deed)_i, .outside = tp_scalar(tape, 2), .w = F64(TP_DIMS(), 3)};
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(5), 1, .3, 1.3));
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    const tp_var y = tp_map(misbehave, tape, &x, 1, 1, &s);
    ck_assert(!tp_ok(y));
    expect_error(tape, wanted[_i].status, wanted[_i].text);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
    ck_assert(tp_ok(x));
    tp_tensor_release(s.w);
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(5), 1, .3, 1.3));
    const tp_var narrow = leaf_of(tape, random_tensor(TP_F32, TP_DIMS(5), 1, .3, 1.3));
    const tp_var other = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4), 1, .3, 1.3));
    const tp_var whole = data_of(tape, I64(TP_DIMS(2), 3, 4));
    const tp_var deep = tp_zeros(tape, TP_F64, TP_DIMS(1, 1, 1, 1, 1, 1, 1, 1));
    ck_assert(!tp_ok(tp_map(shifted_exp, NULL, &x, 1, 1, NULL)));
    EXPECT_REFUSED(tp_map(NULL, tape, &x, 1, 1, NULL), TP_E_ARGUMENT, "NULL");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, NULL, 1, 1, NULL), TP_E_ARGUMENT, "NULL");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, &x, 0, 1, NULL), TP_E_ARGUMENT, "0 operands");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, &x, 1, 0, NULL), TP_E_ARGUMENT, "0 results");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, (const tp_var[]){x, narrow}, 2, 1, NULL), TP_E_DTYPE, "tp_cast");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, (const tp_var[]){x, whole}, 2, 1, NULL), TP_E_DTYPE, "i64");
    EXPECT_REFUSED(tp_map(shifted_exp, tape, (const tp_var[]){x, other}, 2, 1, NULL), TP_E_SHAPE, "broadcast");
    EXPECT_REFUSED(tp_map(plain, tape, (const tp_var[]){deep, deep}, 2, 3, NULL), TP_E_LIMIT, "rank 8");
    const tp_var empty = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(3, 0), NULL));
    const tp_var y = tp_map(several, tape, (const tp_var[]){empty, empty, tp_scalar(tape, 1)}, 3, 3, NULL);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    ck_assert_int_eq(tp_var_rank(y), 3);
}
END_TEST

static tp_status whole_program(tp_tape *on, tp_tensor *w, tp_tensor *row)
{
    const tp_var x[] = {tp_leaf(on, w), tp_leaf(on, row), tp_scalar(on, 2)};
    const tp_var y = tp_sum(tp_map(several, on, x, 3, 3, NULL));
    tp_var slope[3];
    tp_status status = tp_backward(y);
    if (status == TP_OK) status = tp_replay(on, 0);
    if (status == TP_OK) status = tp_backward(y);
    return status == TP_OK ? tp_gradients(y, x, 3, slope, TP_CREATE_GRAPH) : status;
}

START_TEST(every_failing_allocation_is_an_error)
{
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(30, 40), 1, .3, 1.3),
              *row = random_tensor(TP_F64, TP_DIMS(40), 2, .3, 1.3);
    bool done = false;
    for (size_t at = 1; !done; at++) {
        counter c = {.fail_at = at};
        tp_tape *on = counted_tape(&c);
        if (on) {
            const tp_status status = whole_program(on, w, row);
            ck_assert(status == TP_OK || status == TP_E_MEMORY);
            done = status == TP_OK && c.failed == 0;
        }
        tp_tape_free(on);
        ck_assert_uint_eq(c.blocks, 0);
    }
    tp_tensor_release(row);
    tp_tensor_release(w);
}
END_TEST

Suite *map_refusals_suite(void)
{
    Suite *suite = suite_create("map_refusals");
    TCase *tc = tcase_create("map_refusals");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, wrong_functions_are_refused, 0, RETURNS_AN_OLD_ONE + 1);
    tcase_add_test(tc, wrong_calls_are_refused);
    tcase_add_test(tc, every_failing_allocation_is_an_error);
    suite_add_tcase(suite, tc);
    return suite;
}
