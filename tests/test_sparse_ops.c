/* The pattern of every op of the table, on all its samples: it holds what is not zero, and little else; and the values
   of the Jacobian and of the Hessian, read from a few directions, are those of the dense ones. */
#include "tests/test_ops.h"
#include "tests/test_sparse.h"

enum { DRAWS = 3 };

/* ---- dense ---- */

/* Row by row, by walks back. */
static void dense_rows(const tp_var *y, int m, const tp_var *x, int n, matrix *j)
{
    int64_t row = 0;
    for (int k = 0; k < m; k++)
        for (int64_t e = 0, count = numbers_in(y[k]); e < count; e++, row++) {
            const tp_mark mark = tp_tape_mark(y[k].tape);
            tp_var grads[MAX_LEAVES];
            tp_tensor *unit = unit_like(y[k], e);
            const tp_var seed = unit ? tp_data(y[k].tape, unit) : tp_const(y[k].tape, 1);
            tp_tensor_release(unit);
            ck_assert_msg(tp_vjp(y[k], seed, x, n, grads, 0) == TP_OK, "%s", tp_tape_error(y[k].tape));
            double *to = j->at + row * j->columns;
            for (int i = 0; i < n; i++)
                for (int64_t c = 0; c < numbers_in(x[i]); c++) *to++ = number_at(grads[i], c);
            ck_assert_int_eq(tp_tape_rewind(y[k].tape, mark), TP_OK);
        }
}

static matrix dense_jacobian(const tp_var *y, int m, const tp_var *x, int n)
{
    int64_t rows = 0, columns = 0;
    for (int k = 0; k < m; k++) rows += numbers_in(y[k]);
    for (int i = 0; i < n; i++) columns += numbers_in(x[i]);
    matrix j = new_matrix(rows, columns);
    dense_rows(y, m, x, n, &j);
    return j;
}

/* ---- what is asked of an op ---- */

static const char *const wide[] = {"none"};

static void expect_pattern(const sample *s, const char *what, const tp_csr *a, const matrix *j)
{
    ck_assert_int_eq(a->rows, j->rows);
    ck_assert_int_eq(a->columns, j->columns);
    const char *difference = csr_difference(a, j, 1e-9);
    ck_assert_msg(!*difference, "%s, %s: %s: %s", s->op, s->name, what, difference);
}

/* A pattern is for the indices and masks that it was found with. */
static bool has_labels(const sample *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->x[i].labels) return true;
    return false;
}

static void check_jacobian(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 21, false);
    matrix truth = {0};
    tp_sparse *a = tp_sparse_jacobian(&r.y, 1, r.leaf, r.n, NULL);
    ck_assert_msg(a, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    const uint64_t draws = has_labels(s) ? 1 : DRAWS;
    for (uint64_t draw = 0; draw < draws; draw++) {
        if (draw) run_refill(&r, 21 + draw);
        if (draw) ck_assert_int_eq(tp_replay(r.tape, 0), TP_OK);
        ck_assert_msg(tp_sparse_compute(a) == TP_OK, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        matrix j = dense_jacobian(&r.y, 1, r.leaf, r.n);
        const tp_csr csr = tp_sparse_csr(a);
        expect_pattern(s, "Jacobian", &csr, &j);
        mark_nonzeros(&truth, &j);
        free_matrix(&j);
    }
    const tp_csr csr = tp_sparse_csr(a);
    if (csr.entries != count_marks(&truth))
        printf("%s, %s: %ld entries, %ld are not zero, of %ld (%ld + %ld directions)\n", s->op, s->name,
               (long)csr.entries, (long)count_marks(&truth), (long)(csr.rows * csr.columns), (long)tp_sparse_forward(a),
               (long)tp_sparse_backward(a));
    free_matrix(&truth);
    tp_sparse_free(a);
    run_end(&r);
}

START_TEST(jacobian_of_every_op)
{
    each_sample(_i, check_jacobian);
}
END_TEST

static void check_hessian(const sample *s)
{
    if (!differentiable(s)) return;
    run r = run_sample(s, TP_F64, 22, false);
    if (tp_dtype_is_float(tp_var_dtype(r.y))) {
        const tp_var y = tp_sum(tp_mul(r.y, upstream_like(r.y, 23)));
        tp_var g[MAX_LEAVES];
        tp_sparse *h = tp_sparse_hessian(y, r.leaf, r.n, NULL);
        ck_assert_msg(h, "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
        ck_assert_int_eq(tp_sparse_compute(h), TP_OK);
        ck_assert_int_eq(tp_gradients(y, r.leaf, r.n, g, TP_CREATE_GRAPH), TP_OK);
        matrix j = dense_jacobian(g, r.n, r.leaf, r.n);
        const tp_csr csr = tp_sparse_csr(h);
        expect_pattern(s, "Hessian", &csr, &j);
        free_matrix(&j);
        tp_sparse_free(h);
    }
    run_end(&r);
}

START_TEST(hessian_of_every_op)
{
    each_sample(_i, check_hessian);
}
END_TEST

TCase *sparse_ops_case(void)
{
    TCase *ops = tcase_create("every op");
    const int n = tp_op_count();
    (void)wide;
    tcase_add_loop_test(ops, jacobian_of_every_op, 0, n);
    tcase_add_loop_test(ops, hessian_of_every_op, 0, n);
    return ops;
}
