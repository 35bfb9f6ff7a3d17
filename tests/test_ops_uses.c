/* Every op of the table on all its samples, used in other ways: forward, in f32, backwards in memory, on one node as
   several operands, replayed. */
#include "tests/test_ops.h"

/* ---- forward mode ---- */

static tp_var dot(tp_var a, tp_var b)
{
    return tp_sum(tp_mul(a, b));
}

/* <u, J v> = <J^T u, v>: as numbers, and, since both are recorded, in their gradients by x. */
static void check_forward(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 16, false);
    tp_var v[MAX_LEAVES], back[MAX_LEAVES], forward, ahead[MAX_LEAVES], behind[MAX_LEAVES];
    const tp_var u = upstream_like(r.y, 17);
    for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 18 + (uint64_t)i);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_status status = tp_jvp(r.y, r.leaf, v, r.n, &forward, flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        ck_assert_int_eq(tp_vjp(r.y, u, r.leaf, r.n, back, flags), TP_OK);
        tp_var sum = tp_const(r.tape, 0);
        for (int i = 0; i < r.n; i++) sum = tp_add(sum, dot(back[i], v[i]));
        expect_sample(s, "back and forth", sum, dot(forward, u), 1e-11);
        ck_assert_msg(flags || !tp_needs_grad(forward), "%s, %s: a numeric tangent is differentiable", s->op, s->name);
        if (!flags) continue;
        ck_assert_int_eq(tp_gradients(sum, r.leaf, r.n, behind, 0), TP_OK);
        ck_assert_int_eq(tp_gradients(dot(forward, u), r.leaf, r.n, ahead, 0), TP_OK);
        for (int i = 0; i < r.n; i++) expect_sample(s, "the gradient of a tangent", behind[i], ahead[i], 1e-11);
    }
    run_end(&r);
}

START_TEST(forward_mode_agrees_with_backward_mode)
{
    each_sample(_i, check_forward);
}
END_TEST

/* ---- f32 ---- */

static void check_f32(const sample *s)
{
    run wide = run_sample(s, TP_F64, 11, false), narrow = run_sample(s, TP_F32, 11, false);
    tp_var expected[MAX_LEAVES], got[MAX_LEAVES];
    run_vjp(&wide, 12, 0, expected);
    expect_sample(s, "f64 and f32 value", wide.y, narrow.y, 1e-5);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&narrow, 12, flags, got);
        for (int i = 0; i < wide.n; i++) expect_sample(s, "f64 and f32 gradient", expected[i], got[i], 1e-5);
    }
    run_end(&wide);
    run_end(&narrow);
}

START_TEST(f32_agrees_with_f64)
{
    each_sample(_i, check_f32);
}
END_TEST

/* ---- negative strides ---- */

/* The sample with all its dense operands turned round. */
static sample flipped(const sample *s, layout how)
{
    sample turned = *s;
    for (int i = 0; i < s->n; i++)
        if (s->x[i].layout == DENSE && s->x[i].rank > 0) turned.x[i].layout = how;
    return turned;
}

static void check_flipped(const sample *s)
{
    const sample views = flipped(s, FLIPPED), copies = flipped(s, FLIPPED_COPY);
    run r = run_sample(&views, TP_F64, 16, false), dense = run_sample(&copies, TP_F64, 16, false);
    tp_var got[MAX_LEAVES], expected[MAX_LEAVES];
    expect_sample(s, "value of dense operands and of turned ones", dense.y, r.y, 1e-12);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&dense, 17, flags, expected);
        run_vjp(&r, 17, flags, got);
        for (int i = 0; i < r.n; i++)
            expect_sample(s, "gradient of dense operands and of turned ones", expected[i], got[i], 1e-12);
    }
    run_end(&r);
    run_end(&dense);
}

START_TEST(views_with_negative_strides_are_as_good_as_copies)
{
    each_sample(_i, check_flipped);
}
END_TEST

/* ---- one node as several operands ---- */

static bool alike(const sample_leaf *a, const sample_leaf *b)
{
    return !a->labels && !b->labels && !a->constant && !b->constant && a->low == b->low && a->high == b->high &&
           (a->layout == SCALAR) == (b->layout == SCALAR) && tp_shape_equal(a->rank, a->dims, b->rank, b->dims);
}

/* Each operand that is like an earlier one is that node itself in `same`, and a copy of it in `copies`. */
static bool share_operands(const run *r, tp_var *same, tp_var *copies)
{
    bool any = false;
    for (int i = 0; i < r->of->n; i++) {
        same[i] = copies[i] = r->operand[i];
        for (int k = 0; k < i; k++) {
            if (!alike(&r->of->x[i], &r->of->x[k])) continue;
            same[i] = same[k];
            copies[i] = tp_muls(same[k], 1);
            any = true;
            break;
        }
    }
    return any;
}

static void check_shared(const sample *s)
{
    run r = run_sample(s, TP_F64, 18, false);
    tp_var same[MAX_LEAVES], copies[MAX_LEAVES], got[MAX_LEAVES], expected[MAX_LEAVES];
    run of_copies = r;
    if (share_operands(&r, same, copies)) {
        tp_tape_set_seed(r.tape, 1);
        r.y = s->build(s, same);
        tp_tape_set_seed(r.tape, 1);
        of_copies.y = s->build(s, copies);
        expect_sample(s, "value of one node twice and of its copies", of_copies.y, r.y, 1e-12);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            run_vjp(&r, 19, flags, got);
            run_vjp(&of_copies, 19, flags, expected);
            for (int i = 0; i < r.n; i++)
                expect_sample(s, "gradient of one node twice and of its copies", expected[i], got[i], 1e-12);
        }
    }
    run_end(&r);
}

START_TEST(one_node_twice_is_as_good_as_copies)
{
    each_sample(_i, check_shared);
}
END_TEST

/* ---- replay ---- */

static void check_replay_of(const sample *s, tp_dtype dtype)
{
    run r = run_sample(s, dtype, 13, false), anew = run_sample(s, dtype, 14, false);
    tp_var old[MAX_LEAVES], replayed[MAX_LEAVES], expected[MAX_LEAVES];
    run_vjp(&r, 15, TP_CREATE_GRAPH, old);
    run_refill(&r, 14);
    ck_assert_msg(tp_replay(r.tape, 0) == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    expect_sample(s, "replayed value", r.y, anew.y, 0);
    run_vjp(&anew, 15, TP_CREATE_GRAPH, expected);
    for (int i = 0; i < r.n; i++) expect_sample(s, "replayed gradient graph", old[i], expected[i], 0);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&r, 15, flags, replayed);
        run_vjp(&anew, 15, flags, expected);
        for (int i = 0; i < r.n; i++) expect_sample(s, "gradient after replay", replayed[i], expected[i], 0);
    }
    run_end(&r);
    run_end(&anew);
}

static void check_replay(const sample *s)
{
    check_replay_of(s, TP_F64);
    check_replay_of(s, TP_F32);
}

START_TEST(replay_equals_recording_bit_for_bit)
{
    each_sample(_i, check_replay);
}
END_TEST

void add_uses(TCase *table, int n)
{
    tcase_add_loop_test(table, forward_mode_agrees_with_backward_mode, 0, n);
    tcase_add_loop_test(table, f32_agrees_with_f64, 0, n);
    tcase_add_loop_test(table, views_with_negative_strides_are_as_good_as_copies, 0, n);
    tcase_add_loop_test(table, one_node_twice_is_as_good_as_copies, 0, n);
    tcase_add_loop_test(table, replay_equals_recording_bit_for_bit, 0, n);
}
