/* Every op of the table inside a function that is differentiated, and captured by a map that is iterated. */
#include <tapir/function.h>
#include <tapir/implicit.h>

#include "tests/test_functions.h"
#include "tests/test_ops.h"

/* A sample as a function of its differentiable operands; the others are captured. */
typedef struct inside {
    const sample *of;
    const tp_var *operands;
    tp_var upstream;
    double share; /* of the map in its own result */
} inside;

static tp_var rebuilt(tp_tape *on, const tp_var *x, int n, void *user)
{
    const inside *in = user;
    tp_var operands[MAX_LEAVES];
    for (int i = 0; i < in->of->n; i++) operands[i] = i < n ? x[i] : in->operands[i];
    tp_tape_set_seed(on, 1);
    return in->of->build(in->of, operands);
}

static inside with_own_draws(run *r, const sample *s)
{
    tp_tape_set_seed(r->tape, 1);
    r->y = s->build(s, r->operand);
    return (inside){.of = s, .operands = r->operand, .upstream = upstream_like(r->y, 17)};
}

static void check_function(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 16, false);
    inside in = with_own_draws(&r, s);
    tp_var v[MAX_LEAVES], want[MAX_LEAVES], got[MAX_LEAVES], along, y, dy;
    for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.operand[i], 18 + (uint64_t)i);
    ck_assert_int_eq(tp_vjp(r.y, in.upstream, r.operand, r.n, want, 0), TP_OK);
    ck_assert_int_eq(tp_jvp(r.y, r.operand, v, r.n, &along, 0), TP_OK);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_status status = tp_vjp_of(rebuilt, r.tape, r.operand, r.n, &in, in.upstream, &y, got, flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        expect_sample(s, "value inside a function", r.y, y, 0);
        for (int i = 0; i < r.n; i++) expect_sample(s, "gradient of a function", want[i], got[i], 1e-12);
        status = tp_jvp_of(rebuilt, r.tape, r.operand, v, r.n, &in, &y, &dy, flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        expect_sample(s, "tangent of a function", along, dy, 1e-12);
    }
    run_end(&r);
}

START_TEST(functions_agree_with_what_is_recorded)
{
    each_sample(_i, check_function);
}
END_TEST

/* x = x / 2 + share <u, op>, all of the op captured: its slope by the op's operands is 2 share J^T u. */
static tp_var map_of_op(tp_tape *on, const tp_var *x, int n, void *user)
{
    const inside *in = user;
    (void)n;
    const tp_var y = rebuilt(on, in->operands, in->of->n, user);
    return tp_add(tp_muls(x[0], .5), tp_muls(tp_sum(tp_mul(y, in->upstream)), in->share));
}

static void check_captured(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 16, false);
    inside in = with_own_draws(&r, s);
    const tp_var product = tp_sum(tp_mul(r.y, in.upstream));
    tp_var want[MAX_LEAVES], got[MAX_LEAVES];
    in.share = .5 / (1 + fabs(tp_item(product)));
    ck_assert_int_eq(tp_gradients(product, r.operand, r.n, want, 0), TP_OK);
    const tp_var x = tp_fixed_point(map_of_op, r.tape, tp_const(r.tape, 0), NULL, 0, &in, NULL);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_status status = tp_gradients(x, r.operand, r.n, got, flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        for (int i = 0; i < r.n; i++)
            expect_sample(s, "gradient of what a map captured", tp_muls(want[i], 2 * in.share), got[i], 1e-10);
    }
    run_end(&r);
}

START_TEST(maps_may_capture_every_op)
{
    each_sample(_i, check_captured);
}
END_TEST

TCase *functions_ops_case(void)
{
    TCase *tcase = tcase_create("every op");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, functions_agree_with_what_is_recorded, 0, tp_op_count());
    tcase_add_loop_test(tcase, maps_may_capture_every_op, 0, tp_op_count());
    return tcase;
}
