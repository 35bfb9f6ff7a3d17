/* Functions of elements: against the same ops recorded on the tensors, to the bit where values are concerned; shapes,
   derivatives, replays. */
#include <tapir/checkpoint.h>
#include <tapir/derive.h>
#include <tapir/function.h>
#include <tapir/sparse.h>

#include "tests/test_map.h"

#include "tests/tape_fixture.h"

enum { OPERANDS = 4, RESULTS = 3 };

typedef struct example {
    tp_element_function f;
    int n, m;
    int rank[OPERANDS];
    int64_t dims[OPERANDS][3];
} example;

void shifted_exp(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)on, (void)n, (void)m, (void)user;
    y[0] = tp_exp(tp_sub(x[0], x[1]));
}

void several(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)n, (void)m, (void)user;
    const tp_var a = tp_mul(x[0], x[1]), b = tp_add(a, tp_muls(x[2], .5)), c = tp_clamp(b, -.7, 2);
    y[0] = tp_mul(tp_tanh(c), b);
    y[1] = tp_fma(tp_square(a), tp_const(on, 3), tp_mul(x[2], x[2]));
    y[2] = b;
}

void plain(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)n, (void)m, (void)user;
    y[0] = x[1];
    y[1] = tp_const(on, 2.5);
    y[2] = x[1];
}

static void only_sums(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)on, (void)n, (void)m, (void)user;
    y[0] = tp_add(tp_add(x[0], x[1]), x[0]);
}

/* The slope of sin(u) v by u, times w: a derivative inside. */
static tp_var wave(tp_tape *on, const tp_var *u, int n, void *user)
{
    (void)on, (void)n;
    return tp_mul(tp_sin(u[0]), *(const tp_var *)user);
}
static void slope_inside(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    tp_var v = x[1], slope;
    (void)n, (void)m, (void)user;
    tp_value_and_grad(wave, on, x, 1, &v, NULL, &slope, 0);
    y[0] = tp_mul(slope, x[2]);
}
static void slopes_of(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)on, (void)m, (void)user;
    tp_gradients(tp_div(tp_mul(x[0], tp_exp(x[1])), x[2]), x, n, y, TP_CREATE_GRAPH);
}

static const example examples[] = {
    {shifted_exp, 2, 1, {1, 0}, {{1500}}},
    {shifted_exp, 2, 1, {2, 2}, {{3, 5}, {3, 5}}},
    {shifted_exp, 2, 1, {2, 1}, {{7, 5}, {5}}},
    {shifted_exp, 2, 1, {2, 2}, {{7, 1}, {1, 5}}},
    {shifted_exp, 2, 1, {0, 0}, {{0}}},
    {several, 3, 3, {1, 1, 1}, {{700}, {700}, {700}}},
    {several, 3, 3, {3, 1, 2}, {{2, 3, 4}, {4}, {3, 1}}},
    {several, 3, 3, {0, 0, 0}, {{0}}},
    {several, 3, 3, {0, 2, 0}, {{0}, {2, 3}}},
    {plain, 2, 3, {1, 1}, {{6}, {6}}},
    {plain, 2, 3, {2, 1}, {{3, 4}, {4}}},
    {only_sums, 2, 1, {1, 0}, {{1100}}},
    {only_sums, 2, 1, {1, 1}, {{5}, {1}}},
    {slope_inside, 3, 1, {1, 1, 0}, {{9}, {9}}},
    {slopes_of, 3, 3, {1, 1, 1}, {{9}, {9}, {1}}},
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static void operands_of(const example *e, tp_dtype dtype, tp_var *x)
{
    for (int i = 0; i < e->n; i++)
        x[i] = e->rank[i] ? leaf_of(tape, random_tensor(dtype, e->rank[i], e->dims[i], (uint64_t)(3 + i), .3, 1.3))
                          : tp_scalar(tape, .4 + .3 * i);
}

/* What tp_map is to give: the same recorded on the tensors, stretched to the common shape. */
static tp_var recorded(const example *e, const tp_var *x)
{
    tp_var y[RESULTS], shape = x[0];
    for (int i = 1; i < e->n; i++) shape = tp_add(shape, x[i]);
    e->f(tape, x, e->n, y, e->m, NULL);
    const int rank = tp_var_rank(shape);
    int64_t dims[3];
    for (int d = 0; d < rank; d++) dims[d] = tp_var_dims(shape)[d];
    for (int k = 0; k < e->m && rank > 0; k++) {
        if (tp_var_rank(y[k]) == 0 && tp_var_dtype(x[0]) == TP_F32) y[k] = tp_mul(tp_ones_like(shape), y[k]);
        y[k] = tp_expand(y[k], rank, dims);
    }
    return e->m > 1 ? tp_stack(y, e->m, 0) : y[0];
}

static void expect_like(tp_var got, tp_var wanted, double tolerance)
{
    EXPECT_OK(tape);
    ck_assert_int_eq(tp_var_rank(got), tp_var_rank(wanted));
    if (tp_var_rank(got) == 0)
        EXPECT_NEAR(tp_item(got), tp_item(wanted), tolerance);
    else
        expect_same(tp_value(got), tp_value(wanted), tolerance);
}

START_TEST(values_and_gradients_are_those_of_the_ops)
{
    const example *e = &examples[_i];
    for (tp_dtype dtype = TP_F32; dtype <= TP_F64; dtype++) {
        tp_var x[OPERANDS], a[OPERANDS], b[OPERANDS];
        operands_of(e, dtype, x);
        if (e->f == slopes_of || e->f == slope_inside) break; /* their gradients are recorded of scalars */
        const tp_var y = tp_map(e->f, tape, x, e->n, e->m, NULL), z = recorded(e, x);
        expect_like(y, z, 0);
        const double tolerance = dtype == TP_F32 ? 2e-5 : 1e-13;
        const tp_var seed = tp_adds(tp_muls(tp_detach(z), .3), .7);
        ck_assert_int_eq(tp_vjp(y, seed, x, e->n, a, 0), TP_OK);
        ck_assert_int_eq(tp_vjp(z, seed, x, e->n, b, 0), TP_OK);
        for (int i = 0; i < e->n; i++) expect_like(a[i], b[i], (tp_var_rank(a[i]) ? 1 : 1000) * tolerance);
        tp_vjp(y, tp_const(tape, 2), x, e->n, a, 0); /* a seed that is spread out */
        tp_vjp(z, tp_const(tape, 2), x, e->n, b, 0);
        for (int i = 0; i < e->n; i++) expect_like(a[i], b[i], (tp_var_rank(a[i]) ? 1 : 1000) * tolerance);
        tp_tape_reset(tape);
    }
}
END_TEST

START_TEST(derivatives_of_two_orders_are_those_of_finite_differences)
{
    const example *e = &examples[_i];
    tp_var x[OPERANDS];
    operands_of(e, TP_F64, x);
    const tp_var y = tp_map(e->f, tape, x, e->n, e->m, NULL);
    EXPECT_OK(tape);
    if (tp_var_rank(y) == 1 && tp_var_dims(y)[0] > 100) return; /* slow, and no other case */
    if (tp_var_rank(y) == 2 && tp_var_dims(y)[1] > 100) return;
    expect_gradients(y, x, e->n);
}
END_TEST

/* An op twice, so that its slopes are written once and then added to that. */
static void twice(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    const tp_op *op = user;
    (void)on, (void)n, (void)m;
    y[0] = tp_add(row_call(op->name, x, op->row->number), row_call(op->name, x, op->row->number));
}

START_TEST(every_row_can_be_mapped)
{
    const tp_op *op = tp_op_at(_i);
    if (!op->row || op->row->kind == TP_ROW_COMPARE) return;
    for (tp_dtype dtype = TP_F32; dtype <= TP_F64; dtype++) {
        tp_var x[TP_ROW_OPERANDS], a[TP_ROW_OPERANDS], b[TP_ROW_OPERANDS];
        for (int k = 0; k < op->arity; k++)
            x[k] = leaf_of(tape, random_tensor(dtype, TP_DIMS(600), (uint64_t)(k + 1), op->row->low, op->row->high));
        const tp_var y = tp_map(twice, tape, x, op->arity, 1, (void *)(uintptr_t)op);
        const tp_var z = row_call(op->name, x, op->row->number);
        const tp_var seed = data_of(tape, random_tensor(dtype, TP_DIMS(600), 9, -1, 1));
        expect_like(y, tp_add(z, z), 0);
        if (op->flags & TP_NO_GRADIENT) break;
        ck_assert_int_eq(tp_vjp(y, seed, x, op->arity, a, 0), TP_OK);
        ck_assert_int_eq(tp_vjp(z, seed, x, op->arity, b, 0), TP_OK);
        for (int k = 0; k < op->arity; k++) expect_like(a[k], tp_muls(b[k], 2), dtype == TP_F32 ? 1e-4 : 1e-12);
        tp_tape_reset(tape);
    }
}
END_TEST

START_TEST(one_tensor_may_be_several_operands)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(40), 1, .3, 1.3));
    const tp_var both[] = {x, x, x};
    const tp_var y = tp_map(several, tape, both, 3, 3, NULL);
    expect_like(y, recorded(&(example){.f = several, .n = 3, .m = 3}, both), 0);
    expect_gradients(y, &x, 1);
}
END_TEST

START_TEST(operands_need_not_be_dense)
{
    const tp_var base = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(30, 20), 1, .3, 1.3));
    const tp_var x[] = {tp_transpose(base, 0, 1), tp_slice(tp_slice(base, 0, 0, 20, 1), 1, 3, 4, 1)};
    const tp_var y = tp_map(shifted_exp, tape, x, 2, 1, NULL);
    tp_var a, b;
    expect_like(y, tp_exp(tp_sub(x[0], x[1])), 0);
    tp_gradients(tp_sum(tp_square(y)), &base, 1, &a, 0);
    tp_gradients(tp_sum(tp_square(tp_exp(tp_sub(x[0], x[1])))), &base, 1, &b, 0);
    expect_like(a, b, 1e-13);
}
END_TEST

START_TEST(gradients_add_to_what_is_there)
{
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(1000), 1, .3, 1.3);
    const tp_var x = tp_param(tape, w), one = tp_const(tape, 1);
    const tp_var y = tp_map(shifted_exp, tape, (const tp_var[]){x, one}, 2, 1, NULL);
    const tp_var loss =
        tp_sum(tp_add(tp_add(tp_square(x), y), tp_map(only_sums, tape, (const tp_var[]){x, x}, 2, 1, NULL)));
    for (int turn = 1; turn <= 2; turn++) {
        ck_assert_int_eq(tp_backward(loss), TP_OK);
        for (int i = 0; i < 1000; i++) {
            const double at = tp_tensor_item(w, i);
            EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), i), turn * (2 * at + exp(at - 1) + 3), 1e-12);
        }
    }
    tp_tensor_release(w);
}
END_TEST

/* x e^x, where the second factor is recorded without gradients; and it alone. */
static void half_recorded(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)n, (void)m, (void)user;
    const bool was = tp_tape_set_grad(on, false);
    y[1] = tp_exp(x[0]);
    tp_tape_set_grad(on, was);
    y[0] = tp_mul(x[0], tp_muls(y[1], 3));
}

START_TEST(what_is_recorded_without_gradients_has_none)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(9), 1, .3, 1.3));
    const tp_var y = tp_map(half_recorded, tape, &x, 1, 2, NULL);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        tp_var g, second;
        ck_assert_int_eq(tp_gradients(tp_sum(y), &x, 1, &g, flags), TP_OK);
        expect_like(g, tp_muls(tp_exp(x), 3), 1e-14);
        if (!flags) continue;
        ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(g, x)), &x, 1, &second, 0), TP_OK);
        expect_like(second, g, 1e-14);
    }
}
END_TEST

/* A filter over a parameter's neighbours, the parameter itself among the operands: all add to one gradient. */
static void filter(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)on, (void)n, (void)m, (void)user;
    y[0] = tp_fma(x[0], x[1], tp_square(x[2]));
}

START_TEST(slices_of_a_parameter_add_to_its_gradient)
{
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(1500), 1, .3, 1.3);
    const double *at = tp_tensor_read(w);
    const tp_var x = tp_param(tape, w);
    tp_var part[3];
    for (int k = 0; k < 3; k++) part[k] = tp_slice(x, 0, k, 1498 + k, 1);
    const tp_var loss = tp_add(tp_sum(tp_map(filter, tape, part, 3, 1, NULL)), tp_sum(tp_square(x)));
    for (int turn = 1; turn <= 2; turn++) {
        ck_assert_int_eq(tp_backward(loss), TP_OK);
        for (int i = 0; i < 1500; i++) {
            const double want =
                2 * at[i] + (i < 1498 ? at[i + 1] : 0) + (i > 0 && i < 1499 ? at[i - 1] : 0) + (i > 1 ? 2 * at[i] : 0);
            EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), i), turn * want, 1e-12);
        }
    }
    tp_var wanted[2], got[2];
    const tp_var both[] = {x, part[1]}; /* the slice's own gradient is asked for, too */
    ck_assert_int_eq(tp_gradients(loss, both, 2, got, 0), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_add(tp_sum(tp_fma(part[0], part[1], tp_square(part[2]))), tp_sum(tp_square(x))),
                                  both, 2, wanted, 0),
                     TP_OK);
    for (int i = 0; i < 2; i++) expect_like(got[i], wanted[i], 1e-12);
    tp_tensor_release(w);
}
END_TEST

START_TEST(a_replay_takes_the_new_numbers_and_no_memory)
{
    counter c = {0};
    tp_tape *on = counted_tape(&c);
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(3000), 1, .3, 1.3);
    const tp_var x[] = {tp_leaf(on, w), tp_scalar(on, 1), tp_scalar(on, 2)};
    const tp_var y = tp_sum(tp_map(several, on, x, 3, 3, NULL));
    ck_assert_int_eq(tp_backward(y), TP_OK);
    size_t calls = 0;
    for (int turn = 0; turn < 4; turn++) {
        double *at = tp_tensor_data(w), sum = 0;
        for (int i = 0; i < 3000; i++) at[i] = .001 * (i % (100 + turn));
        tp_set_item(x[1], 1.5);
        ck_assert_int_eq(tp_replay(on, 0), TP_OK);
        ck_assert_int_eq(tp_backward(y), TP_OK);
        for (int i = 0; i < 3000; i++) {
            const double a = at[i] * 1.5, b = a + 1;
            sum += tanh(fmin(b, 2)) * b + a * a * 3 + 4 + b;
        }
        EXPECT_NEAR(tp_item(y), sum, 1e-8);
        if (turn == 1) calls = c.calls;
    }
    ck_assert_uint_eq(c.calls, calls);
    tp_tensor_release(w);
    tp_tape_free(on);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

static tp_var mapped(tp_tape *on, const tp_var *x, int n, void *user)
{
    const tp_var all[] = {x[0], x[1], *(const tp_var *)user};
    (void)n;
    return tp_sum(tp_map(several, on, all, 3, 3, NULL));
}

START_TEST(it_can_be_forgotten_and_recorded_again)
{
    tp_var outside = tp_scalar(tape, .8), a[3], b[3];
    const tp_var x[] = {leaf_of(tape, random_tensor(TP_F64, TP_DIMS(50), 1, .3, 1.3)), tp_scalar(tape, .5), outside};
    const tp_var y = mapped(tape, x, 2, &outside), z = tp_checkpoint(mapped, tape, x, 2, &outside);
    EXPECT_NEAR(tp_item(y), tp_item(z), 0);
    ck_assert_int_eq(tp_gradients(y, x, 3, a, 0), TP_OK);
    ck_assert_int_eq(tp_gradients(z, x, 3, b, 0), TP_OK);
    for (int i = 0; i < 3; i++) expect_like(a[i], b[i], 0);
}
END_TEST

START_TEST(what_a_walk_takes_is_known_before)
{
    const tp_var big = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(64, 40), 1, .3, 1.3));
    const tp_var x[] = {tp_slice(big, 0, 3, 60, 1), leaf_of(tape, random_tensor(TP_F64, TP_DIMS(40), 2, .3, 1.3)),
                        leaf_of(tape, random_tensor(TP_F64, TP_DIMS(57, 1), 3, .3, 1.3))};
    const tp_var y = tp_sum(tp_map(several, tape, x, 3, 3, NULL));
    tp_backward_need need;
    ck_assert_int_eq(tp_backward_bytes(y, 0, &need), TP_OK);
    tp_tape_reset_peaks(tape);
    ck_assert_int_eq(tp_backward(y), TP_OK);
    const tp_stats s = tp_tape_stats(tape);
    ck_assert_uint_le(s.gradient.peak, need.gradients);
    ck_assert_uint_le(s.scratch.peak, need.scratch);
}
END_TEST

START_TEST(its_jacobian_is_sparse)
{
    const tp_var x[] = {leaf_of(tape, random_tensor(TP_F64, TP_DIMS(6), 1, .3, 1.3)), tp_scalar(tape, .5),
                        leaf_of(tape, random_tensor(TP_F64, TP_DIMS(6), 2, .3, 1.3))};
    for (int m = 1; m <= 3; m += 2) {
        const tp_var y = m == 1 ? tp_map(shifted_exp, tape, x, 2, 1, NULL) : tp_map(several, tape, x, 3, 3, NULL);
        tp_sparse *s = tp_sparse_jacobian(&y, 1, x, 1, NULL);
        EXPECT_OK(tape);
        ck_assert_int_eq(tp_sparse_compute(s), TP_OK);
        const tp_csr csr = tp_sparse_csr(s);
        ck_assert_int_eq(csr.entries, 6 * m);
        tp_var dense;
        tp_jacobian(&y, 1, x, 1, &dense, 0);
        for (int64_t r = 0; r < csr.rows; r++) {
            ck_assert_int_eq(csr.column[csr.row_start[r]], r % 6);
            EXPECT_NEAR(csr.value[csr.row_start[r]], tp_tensor_item(tp_value(dense), r * 6 + r % 6), 1e-12);
        }
        tp_sparse_free(s);
    }
}
END_TEST

Suite *map_suite(void)
{
    Suite *suite = suite_create("map");
    TCase *tc = tcase_create("map");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, values_and_gradients_are_those_of_the_ops, 0, EXAMPLES);
    tcase_add_loop_test(tc, derivatives_of_two_orders_are_those_of_finite_differences, 0, EXAMPLES);
    tcase_add_loop_test(tc, every_row_can_be_mapped, 0, tp_op_count());
    tcase_add_test(tc, one_tensor_may_be_several_operands);
    tcase_add_test(tc, operands_need_not_be_dense);
    tcase_add_test(tc, gradients_add_to_what_is_there);
    tcase_add_test(tc, what_is_recorded_without_gradients_has_none);
    tcase_add_test(tc, slices_of_a_parameter_add_to_its_gradient);
    tcase_add_test(tc, a_replay_takes_the_new_numbers_and_no_memory);
    tcase_add_test(tc, it_can_be_forgotten_and_recorded_again);
    tcase_add_test(tc, what_a_walk_takes_is_known_before);
    tcase_add_test(tc, its_jacobian_is_sparse);
    suite_add_tcase(suite, tc);
    return suite;
}
