/* Programs compiled with TP_TRACE: each node, and each error, knows its line. */
#define TP_TRACE
#include <tapir/tapir.h>

#include "tests/test_hooks.h"

static const char here[] = __FILE__;

/* x was recorded at that line of this file. */
static void expect_line(tp_var x, int wanted)
{
    int line;
    const char *file = tp_source(x, &line);
    ck_assert_msg(file && strcmp(file, here) == 0, "node %u is from %s", x.node, file ? file : "nowhere");
    ck_assert_int_eq(line, wanted);
}

static void expect_at(tp_tape *tape, tp_status status, const char *text, int line)
{
    char place[512];
    snprintf(place, sizeof place, "%s [at %s:%d]", text, here, line);
    expect_error(tape, status, place);
}

START_TEST(nodes_know_their_lines)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 2);
    const int first = __LINE__;
    const tp_var a = tp_exp(tp_mul(x, x)), b = tp_muls(a, 2);
    const tp_var c = tp_add(a, b);
    tp_var parts[2];
    const tp_var v = tp_full(tape, TP_F64, TP_DIMS(2, 3), 1);
    tp_split(v, 1, 2, (const int64_t[]){1, 2}, parts);
    expect_line(x, first - 1);
    expect_line(a, first + 1);
    expect_line(b, first + 1);
    expect_line(c, first + 2);
    expect_line(v, first + 4);
    expect_line(parts[1], first + 5);
    tp_var g;
    ck_assert_int_eq(tp_gradients(c, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    expect_line(g, __LINE__ - 1);
    expect_line(v, first + 4);
    tp_tape_free(tape);
}
END_TEST

START_TEST(errors_say_where)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var v = tp_full(tape, TP_F64, TP_DIMS(2, 3), 1);
    const int line = __LINE__ + 1;
    const tp_var bad = tp_matmul(v, v), after = tp_exp(bad);
    ck_assert(!tp_ok(after));
    expect_at(tape, TP_E_SHAPE, "tp_matmul: inner dimensions differ: f64 (2,3) x f64 (2,3) [node 0, node 0]", line);
    tp_backward(v);
    tp_exp(v);
    expect_at(tape, TP_E_SHAPE, "only one element needs no seed", __LINE__ - 2);
    tp_param(tape, NULL);
    expect_at(tape, TP_E_ARGUMENT, "tp_param: the tensor is NULL", __LINE__ - 1);
    tp_reshape(v, TP_DIMS(7));
    expect_at(tape, TP_E_SHAPE, "", __LINE__ - 1);
    (tp_reshape)(v, TP_DIMS(7)); /* not the macro: no line, nor does a later call give it one that is not its own */
    ck_assert_ptr_null(strstr(tp_tape_error(tape), "[at"));
    tp_tape_free(tape);
}
END_TEST

START_TEST(anomaly_mode_says_where)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    const tp_var x = tp_scalar(tape, -1);
    const int line = __LINE__ + 1;
    const tp_var l = tp_log(x);
    tp_backward(tp_neg(l));
    char text[256];
    snprintf(text, sizeof text, "is NaN, computed from scalar (node 0), recorded at %s:%d", here, line);
    expect_at(tape, TP_E_NUMERIC, text, line + 1);
    tp_tape_free(tape);
}
END_TEST

START_TEST(lines_go_with_their_nodes)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 2);
    const int first = __LINE__;
    const tp_mark mark = tp_tape_mark(tape);
    for (int i = 0; i < 3; i++) {
        const tp_var y = tp_exp(x);
        expect_line(y, first + 3);
        ck_assert_int_eq(tp_tape_rewind(tape, mark), TP_OK);
        ck_assert_ptr_null(tp_source(y, NULL));
        expect_line(tp_neg(x), first + 7);
        expect_line(x, first - 1);
    }
    const tp_var plain = (tp_exp)(x);
    ck_assert_ptr_null(tp_source(plain, NULL));
    const tp_var next = tp_neg(plain); /* what was recorded without a line goes to the next call that has one */
    expect_line(next, first + 12);
    expect_line(plain, first + 12);
    tp_tape_reset(tape);
    ck_assert_ptr_null(tp_source(tp_none(), NULL));
    tp_tape_free(tape);
}
END_TEST

static tp_var through(tp_var (*f)(tp_var), tp_var x)
{
    return f(x);
}

static tp_var composed(tp_var a, tp_var b)
{
    return tp_add(tp_add(a, b), tp_add(tp_add(a, b), b)); /* a macro within itself */
}

START_TEST(calls_mean_what_they_did)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 2), y = through(tp_square, composed(x, tp_const(tape, 1)));
    ck_assert_int_eq(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_item(y), 49, 0);
    EXPECT_NEAR(tp_grad_item(x), 28, 0);
    tp_tape_free(tape);
    ck_assert(!tp_ok(tp_exp(tp_none())));
    ck_assert_int_eq(tp_backward(tp_none()), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_replay(NULL, 0), TP_E_ARGUMENT);
    tp_var grids[1];
    ck_assert_int_eq(tp_meshgrid(NULL, 0, true, grids), TP_E_ARGUMENT);
    ck_assert(!tp_ok(tp_concat(NULL, 0, 0)));
}
END_TEST

/* Long names of files and long messages: the place is there, whole. */
START_TEST(a_long_message_gives_way)
{
    tp_tape *tape = tp_tape_new(NULL);
    char file[400], name[] = "a name that takes its place in messages, of 47 b", *end = file;
    for (int i = 0; i < 39; i++) end += snprintf(end, 11, "directory/");
    snprintf(end, 8, "model.c");
    tp_var x[4];
    for (int i = 0; i < 4; i++) x[i] = tp_name(tp_full(tape, TP_F64, TP_DIMS(1, 2, 3, 4, 5, 6, 7, 8), 1), name);
    const tp_var bad = (tp_concat)(x, 4, 99);
    tp_at(bad, file, 1234567);
    const char *message = tp_tape_error(tape);
    ck_assert_uint_lt(strlen(message), TP_ERROR_LENGTH);
    ck_assert_ptr_nonnull(strstr(message, "directory/model.c:1234567]"));
    ck_assert_ptr_nonnull(strstr(message, " [at ..."));
    tp_at(bad, "other.c", 1);
    ck_assert_ptr_null(strstr(message, "other.c"));
    tp_tape_free(tape);
}
END_TEST

/* A steady loop notes its lines in the memory of the first turns. */
START_TEST(a_steady_loop_allocates_nothing)
{
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    size_t calls = 0;
    for (int i = 0; i < 20; i++) {
        tp_tape_reset(tape);
        tp_var x = tp_scalar(tape, 1);
        for (int k = 0; k < 50; k++) {
            x = tp_muls(x, .9);
            x = tp_exp(x);
        }
        ck_assert_int_eq(tp_backward(x), TP_OK);
        if (i == 2) calls = c.calls;
    }
    ck_assert_uint_eq(c.calls, calls);
    tp_tape_free(tape);
}
END_TEST

TCase *trace_case(void)
{
    TCase *tcase = tcase_create("lines");
    tcase_add_test(tcase, nodes_know_their_lines);
    tcase_add_test(tcase, errors_say_where);
    tcase_add_test(tcase, anomaly_mode_says_where);
    tcase_add_test(tcase, lines_go_with_their_nodes);
    tcase_add_test(tcase, calls_mean_what_they_did);
    tcase_add_test(tcase, a_long_message_gives_way);
    tcase_add_test(tcase, a_steady_loop_allocates_nothing);
    return tcase;
}
