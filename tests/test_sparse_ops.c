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

/* Ops whose pattern holds more than their numbers show, and why. For all others it is the truth to the entry. */
typedef struct wide {
    const char *op, *why;
} wide;

static const wide wides[] = {
    {"where", "the branch that is not taken at these numbers"},
    {"dropout", "what is dropped is drawn"},
    {"masked_fill", "what is filled is a number's matter"},
    {"max", "any of them may be the largest"},
    {"min", "any of them may be the smallest"},
    {"norm", "the largest alone at p = inf, none at p = 0"},
    {"max_pool", "any of the window may be the largest"},
    {"sort", "any may stand anywhere"},
    {"topk", "any may be among them"},
    {"median", "any may be in the middle"},
    {"cummax", "any may be the largest, and prefixes are not told apart"},
    {"cummin", "any may be the smallest, and prefixes are not told apart"},
    {"max_with_indices", "any may be the largest"},
    {"min_with_indices", "any may be the smallest"},
    {"nll", "labels are numbers: any class of the row"},
    {"cross_entropy", "of nothing but ignored rows"},
    {"multi_margin", "margins that are kept"},
    {"perceptron", "margins that are kept"},
    {"hinge_embedding", "margins that are kept"},
    {"cosine_margin", "margins that are kept"},
    {"margin_ranking", "margins that are kept"},
    {"linear_before", "the first factor meets y_0 = 0"},
    {"ctc", "lengths and labels are numbers"},
    {"attention", "masks are numbers"},
    {"gru", "at its first step units are not told apart"},
    {"lstm", "at its first step units are not told apart"},
    {"rnn", "at its first step units are not told apart"},
    {"masked_softmax", "masks are numbers"},
    {"masked_select", "a mask that is computed is a number's matter"},
    {"masked_place", "a mask that is computed is a number's matter"},
    {"gather", "an index that is computed is a number's matter"},
    {"scatter_add", "a scalar that is added where an index says"},
    {"interpolate", "weights are not told apart within a plane"},
    {"interpolate_adjoint", "weights are not told apart within a plane"},
    {"avg_pool", "adaptive windows are not told apart within a plane"},
    {"conv", "channels of groups, and taps at borders, are not told apart"},
    {"conv_transpose", "channels of groups, and taps at strides, are not told apart"},
    {"conv_weight", "taps are not told apart"},
    {"group_norm", "groups of a sample are not told apart"},
    {"layer_norm", "a row of one is constant"},
    {"batch_norm", "a batch of one is constant"},
    {"softmax", "a row of one is constant"},
    {"log_softmax", "a row of one is constant"},
    {"variance", "of one it is constant"},
    {"rotary", "pairs of a row are not told apart"},
    {"trace", "the whole matrix"},
    {"cholesky", "triangles are not told apart"},
    {"qr", "triangles are not told apart"},
    {"triangular_solve", "triangles are not told apart"},
    {"weighted_triangle", "triangles are not told apart"},
    {"cofactor", "the minor is not told apart from its row and column"},
    {"cofactor_slope", "zeros of the slope within a matrix"},
};

static bool is_wide(const char *op)
{
    for (int i = 0; i < COUNT(wides); i++)
        if (strcmp(wides[i].op, op) == 0) return true;
    return false;
}

/* An elementwise op's result has a slope by each operand, some of which these numbers may make 0. */
static void expect_narrow(const sample *s, const run *r, const tp_csr *a, int64_t truth)
{
    int64_t most = truth;
    if (s->row) most = numbers_in(r->y) * r->n;
    ck_assert_msg(is_wide(s->op) || a->entries <= most, "%s, %s: %ld entries, of which %ld are not zero", s->op,
                  s->name, (long)a->entries, (long)truth);
}

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
    expect_narrow(s, &r, &csr, count_marks(&truth));
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
    tcase_add_loop_test(ops, jacobian_of_every_op, 0, n);
    tcase_add_loop_test(ops, hessian_of_every_op, 0, n);
    return ops;
}
