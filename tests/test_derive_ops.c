/* Derivatives beyond the gradient, of every op of the table on all its samples. */
#include "autograd/jacobian.h"
#include "autograd/sweep.h"
#include "tests/test_derive.h"

/* ---- several directions at once ---- */

enum { LANES = 3 };

/* Lane 0 moves every leaf, lane 1 the last one only, lane 2 none. */
static bool lane_moves(const run *r, int lane, int i)
{
    return lane == 0 || (lane == 1 && i == r->n - 1);
}

static void check_lanes(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 31, false);
    tp_var v[MAX_LEAVES], x[MAX_LEAVES], dx[MAX_LEAVES], one, lanes[LANES];
    for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 32 + (uint64_t)i);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_sweep sweep;
        tp_status status = tp_sweep_begin(&sweep, "tp_jvp", r.tape, &r.y, 1, r.leaf, r.n, LANES, flags != 0);
        for (int lane = 0; lane < LANES; lane++)
            for (int i = 0; i < r.n && status == TP_OK; i++)
                if (lane_moves(&r, lane, i)) status = tp_sweep_seed(&sweep, lane, r.leaf[i], v[i]);
        if (status == TP_OK) status = tp_sweep_run(&sweep);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        for (int lane = 0; lane < LANES; lane++) lanes[lane] = tp_sweep_result(&sweep, lane, r.y);
        tp_sweep_end(&sweep);
        for (int lane = 0; lane < LANES; lane++) {
            int n = 0;
            for (int i = 0; i < r.n; i++)
                if (lane_moves(&r, lane, i)) x[n] = r.leaf[i], dx[n++] = v[i];
            ck_assert_int_eq(tp_jvp(r.y, x, dx, n, &one, 0), TP_OK);
            expect_sample(s, "one direction and one of several", one, lanes[lane], 1e-13);
        }
    }
    run_end(&r);
}

START_TEST(several_directions_at_once_are_as_good_as_one_by_one)
{
    each_sample(_i, check_lanes);
}
END_TEST

/* ---- products with the Hessian ---- */

static tp_var dot(tp_var a, tp_var b)
{
    return tp_sum(tp_mul(a, b));
}

/* The gradient of <g(x), v> by reverse mode, against forward mode over g. */
static void check_hvp(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 41, false);
    const tp_var f = dot(r.y, upstream_like(r.y, 42));
    tp_var v[MAX_LEAVES], hv[MAX_LEAVES], g[MAX_LEAVES], expected[MAX_LEAVES];
    for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 43 + (uint64_t)i);
    ck_assert_int_eq(tp_gradients(f, r.leaf, r.n, g, TP_CREATE_GRAPH), TP_OK);
    tp_var sum = tp_const(r.tape, 0);
    for (int i = 0; i < r.n; i++) sum = tp_add(sum, dot(g[i], v[i]));
    ck_assert_int_eq(tp_gradients(sum, r.leaf, r.n, expected, 0), TP_OK);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const uint32_t nodes = tp_tape_mark(r.tape).node;
        const tp_status status = tp_hvp(f, r.leaf, v, r.n, hv, flags);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        ck_assert(flags || tp_tape_mark(r.tape).node == nodes + (uint32_t)r.n);
        for (int i = 0; i < r.n; i++) expect_sample(s, "product with the Hessian", expected[i], hv[i], 1e-10);
    }
    run_end(&r);
}

START_TEST(forward_over_reverse_is_as_good_as_reverse_over_reverse)
{
    each_sample(_i, check_hvp);
}
END_TEST

/* ---- whole matrices ---- */

enum { MOST = 1500 }; /* elements of a matrix that a sample may ask for */

static int64_t numbers_of(const run *r)
{
    int64_t sum = 0;
    for (int i = 0; i < r->n; i++) sum += numbers_in(r->leaf[i]);
    return sum;
}

/* The elements of all x one after another. */
static tp_var joined(const run *r, const tp_var *x)
{
    tp_var flat[MAX_LEAVES];
    for (int i = 0; i < r->n; i++) flat[i] = tp_reshape(x[i], 1, (const int64_t[]){-1});
    return r->n == 1 ? flat[0] : tp_concat(flat, r->n, 0);
}

/* Both ways, in numbers and recorded, and against the two products. */
static void check_jacobian(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 51, false);
    tp_var v[MAX_LEAVES], back[MAX_LEAVES], first = tp_none(), forward, j;
    if (numbers_of(&r) * numbers_in(r.y) <= MOST) {
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
            for (int way = TP_BY_ROWS; way <= TP_BY_COLUMNS; way++) {
                const tp_status status = tp_jacobian_by((tp_jacobian_way)way, &r.y, 1, r.leaf, r.n, &j, flags);
                ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
                if (tp_ok(first)) expect_sample(s, "a Jacobian by rows and by columns", first, j, 1e-11);
                ck_assert(flags || !tp_needs_grad(j));
                first = j;
            }
        const tp_var u = upstream_like(r.y, 52), flat_u = tp_reshape(u, 1, (const int64_t[]){-1});
        for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 53 + (uint64_t)i);
        ck_assert_int_eq(tp_vjp(r.y, u, r.leaf, r.n, back, 0), TP_OK);
        ck_assert_int_eq(tp_jvp(r.y, r.leaf, v, r.n, &forward, 0), TP_OK);
        expect_sample(s, "rows of the Jacobian", joined(&r, back), tp_matmul(flat_u, j), 1e-11);
        expect_sample(s, "columns of the Jacobian", tp_reshape(forward, 1, (const int64_t[]){-1}),
                      tp_matmul(j, joined(&r, v)), 1e-11);
    }
    run_end(&r);
}

START_TEST(a_jacobian_is_the_same_by_rows_and_by_columns)
{
    each_sample(_i, check_jacobian);
}
END_TEST

static void check_hessian(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 61, false);
    tp_var v[MAX_LEAVES], hv[MAX_LEAVES], h, recorded;
    if (numbers_of(&r) * numbers_of(&r) <= MOST) {
        const tp_var f = dot(r.y, upstream_like(r.y, 62));
        for (int i = 0; i < r.n; i++) v[i] = upstream_like(r.leaf[i], 63 + (uint64_t)i);
        const tp_status status = tp_hessian(f, r.leaf, r.n, &h, 0);
        ck_assert_msg(status == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        ck_assert_int_eq(tp_hessian(f, r.leaf, r.n, &recorded, TP_CREATE_GRAPH), TP_OK);
        ck_assert_int_eq(tp_hvp(f, r.leaf, v, r.n, hv, 0), TP_OK);
        expect_sample(s, "a Hessian and its transpose", h, tp_transpose(h, 0, 1), 0);
        expect_sample(s, "a Hessian in numbers and recorded", h, recorded, 1e-10);
        expect_sample(s, "a Hessian times a vector", joined(&r, hv), tp_matmul(h, joined(&r, v)), 1e-10);
    }
    run_end(&r);
}

START_TEST(a_hessian_is_symmetric_and_agrees_with_its_products)
{
    each_sample(_i, check_hessian);
}
END_TEST

TCase *derive_ops_case(void)
{
    TCase *table = tcase_create("every op");
    const int n = tp_op_count();
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, several_directions_at_once_are_as_good_as_one_by_one, 0, n);
    tcase_add_loop_test(table, forward_over_reverse_is_as_good_as_reverse_over_reverse, 0, n);
    tcase_add_loop_test(table, a_jacobian_is_the_same_by_rows_and_by_columns, 0, n);
    tcase_add_loop_test(table, a_hessian_is_symmetric_and_agrees_with_its_products, 0, n);
    return table;
}
