/* Every op of the table on all its samples, inside a segment: bit for bit what it is outside. */
#include "tests/test_ops.h"

#include "tests/test_checkpoint.h"

static tp_var sample_of(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const sample *s = user;
    (void)tape, (void)n;
    return s->build(s, x);
}

static tp_var around(tp_tape *tape, const tp_var *x, int n, void *user)
{
    return tp_checkpoint(sample_of, tape, x, n, user);
}

static run inside(const sample *s, tp_function f, uint64_t seed)
{
    run r = run_sample(s, TP_F64, seed, false);
    tp_tape_set_seed(r.tape, 1);
    r.y = f(r.tape, r.operand, s->n, (void *)s);
    ck_assert_msg(tp_ok(r.y), "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    return r;
}

static void check_segment(const sample *s, tp_function f)
{
    run plain = inside(s, sample_of, 31), r = inside(s, f, 31);
    tp_var want[MAX_LEAVES], got[MAX_LEAVES], v[MAX_LEAVES], ahead, tangent;
    expect_sample(s, "value inside a segment", plain.y, r.y, 0);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&plain, 32, flags, want);
        run_vjp(&r, 32, flags, got);
        for (int i = 0; i < r.n; i++) expect_sample(s, "gradient inside a segment", want[i], got[i], 0);
    }
    if (differentiable(s)) {
        for (int i = 0; i < r.n; i++) v[i] = upstream_like(plain.leaf[i], 33 + (uint64_t)i);
        ck_assert_int_eq(tp_jvp(plain.y, plain.leaf, v, r.n, &ahead, 0), TP_OK);
        for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 33 + (uint64_t)i);
        ck_assert_msg(tp_jvp(r.y, r.leaf, v, r.n, &tangent, 0) == TP_OK, "%s", tp_tape_error(r.tape));
        expect_sample(s, "tangent inside a segment", ahead, tangent, 1e-11);
    }
    run_refill(&plain, 34);
    run_refill(&r, 34);
    ck_assert_int_eq(tp_replay(plain.tape, 0), TP_OK);
    ck_assert_msg(tp_replay(r.tape, 0) == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    expect_sample(s, "value replayed inside a segment", plain.y, r.y, 0);
    run_end(&plain);
    run_end(&r);
}

static void check_one(const sample *s)
{
    check_segment(s, around);
}

START_TEST(each_op_is_the_same_inside_a_segment)
{
    each_sample(_i, check_one);
}
END_TEST

static tp_var twice(tp_tape *tape, const tp_var *x, int n, void *user)
{
    return tp_checkpoint(around, tape, x, n, user);
}

static void check_second(const sample *s)
{
    if (!differentiable(s)) return;
    run r = inside(s, twice, 35);
    tp_error error = {0};
    ck_assert_msg(tp_gradgradcheck(r.y, r.leaf, r.n, NULL, &error) == TP_OK, "%s, %s: %s", s->op, s->name,
                  error.message);
    run_end(&r);
}

START_TEST(each_op_has_second_derivatives_inside_two_segments)
{
    each_sample(_i, check_second);
}
END_TEST

TCase *checkpoint_table_case(void)
{
    TCase *tcase = tcase_create("table");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_op_is_the_same_inside_a_segment, 0, tp_op_count());
    tcase_add_loop_test(tcase, each_op_has_second_derivatives_inside_two_segments, 0, tp_op_count());
    return tcase;
}
