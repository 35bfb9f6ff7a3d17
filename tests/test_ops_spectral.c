/* Samples of QR factors, singular values and eigenvalues, least squares, exponentials. Leaves are drawn from -2 .. 2; a
   fifth of them is added to a diagonal of 3, 6, 9, ..., so that singular values stay apart. */
#include "tests/test_ops.h"

tp_var apart(tp_var x)
{
    const int rank = tp_var_rank(x);
    if (rank < 2) return x; /* a random program that is being cut down: the op refuses */
    const int64_t m = tp_var_dims(x)[rank - 2], n = tp_var_dims(x)[rank - 1];
    tp_tensor *wide = tp_tensor_new(TP_F64, TP_DIMS(m, n)), *scaffold = tp_tensor_new(tp_var_dtype(x), TP_DIMS(m, n));
    double *numbers = tp_tensor_data(wide);
    for (int64_t i = 0; i < m && i < n; i++) numbers[i * n + i] = 3 * (double)(i + 1);
    ck_assert_int_eq(tp_tensor_copy(scaffold, wide, NULL), TP_OK);
    const tp_var y = tp_add(tp_muls(x, .2), tp_data(x.tape, scaffold));
    tp_tensor_release(wide);
    tp_tensor_release(scaffold);
    return y;
}

/* keep: R; else Q */
static tp_var build_qr(const sample *s, const tp_var *x)
{
    tp_var q, r;
    tp_qr(s->keep ? apart(x[0]) : sound(x[0]), &q, &r);
    return s->number > 0 ? tp_add(tp_sum(tp_square(tp_adds(q, 1))), tp_sum(tp_mul(r, r))) : (s->keep ? r : q);
}

/* list: which of the results; 3: all */
static tp_var build_svd(const sample *s, const tp_var *x)
{
    tp_var r[3];
    tp_svd(apart(x[0]), &r[0], &r[1], &r[2]);
    if (s->list[0] < 3) return r[s->list[0]];
    return tp_add(tp_sum(tp_square(tp_adds(r[0], 1))), tp_mul(tp_sum(r[1]), tp_sum(tp_square(tp_adds(r[2], .5)))));
}

static tp_var build_eigh(const sample *s, const tp_var *x)
{
    tp_var w, v;
    tp_eigh(apart(x[0]), &w, &v);
    if (s->list[0] < 2) return s->list[0] ? v : w;
    return tp_mul(tp_sum(tp_square(tp_adds(v, 1))), tp_sum(tp_square(w)));
}

static tp_var build_lstsq(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_lstsq(apart(x[0]), x[1]);
}

static tp_var build_exp(const sample *s, const tp_var *x)
{
    return tp_matrix_exp(tp_muls(x[0], s->number));
}

static tp_var build_power(const sample *s, const tp_var *x)
{
    return tp_matrix_power(tp_muls(sound(x[0]), .5), (int)s->list[0]);
}

static tp_var build_pinv(const sample *s, const tp_var *x)
{
    return tp_pinv(s->keep ? tp_matmul(x[0], x[1]) : apart(x[0]), 0);
}

static const sample items[] = {
    {"qr", "Q of (3,3)", build_qr, ON(T(3, 3))},
    {"qr", "R of (3,3)", build_qr, ON(VIEW(3, 3)), .keep = true},
    {"qr", "both of (2,2)", build_qr, ON(T(2, 2)), .number = 1},
    {"qr", "both of (4,2)", build_qr, ON(T(4, 2)), .number = 1},
    {"qr", "Q of (3,2)", build_qr, ON(CUT(3, 2))},
    {"qr", "both of (2,3)", build_qr, ON(T(2, 3)), .number = 1},
    {"qr", "R of (2,4)", build_qr, ON(TRANSPOSED(2, 4)), .keep = true},
    {"qr", "Q of (2,3)", build_qr, ON(T(2, 3))},
    {"qr", "Q of (2,3,2)", build_qr, ON(VIEW(2, 3, 2))},
    {"qr", "(1,1)", build_qr, ON(T(1, 1)), .keep = true},
    {"qr", "(0,2)", build_qr, ON(T(0, 2)), .keep = true},
    {"qr", "(2,0,2)", build_qr, ON(T(2, 0, 2))},
    {"qr", "(0,2,2)", build_qr, ON(T(0, 2, 2)), .keep = true},

    {"svd", "U of (3,3)", build_svd, ON(T(3, 3)), LIST(0)},
    {"svd", "s of (3,3)", build_svd, ON(VIEW(3, 3)), LIST(1)},
    {"svd", "V^T of (3,3)", build_svd, ON(T(3, 3)), LIST(2)},
    {"svd", "all of (3,2)", build_svd, ON(T(3, 2)), LIST(3)},
    {"svd", "all of (2,3)", build_svd, ON(CUT(2, 3)), LIST(3)},
    {"svd", "U of (3,2)", build_svd, ON(T(3, 2)), LIST(0)},
    {"svd", "V^T of (2,3)", build_svd, ON(T(2, 3)), LIST(2)},
    {"svd", "s of (2,2,3)", build_svd, ON(T(2, 2, 3)), LIST(1)},
    {"svd", "all of (2,2,2)", build_svd, ON(VIEW(2, 2, 2)), LIST(3)},
    {"svd", "(1,1)", build_svd, ON(T(1, 1)), LIST(1)},
    {"svd", "(0,2)", build_svd, ON(T(0, 2)), LIST(1)},
    {"svd", "(0,2,2)", build_svd, ON(T(0, 2, 2)), LIST(0)},

    {"eigh", "w of (3,3)", build_eigh, ON(T(3, 3)), LIST(0)},
    {"eigh", "V of (3,3)", build_eigh, ON(VIEW(3, 3)), LIST(1)},
    {"eigh", "both of (3,3)", build_eigh, ON(T(3, 3)), LIST(2)},
    {"eigh", "both of (2,2,2)", build_eigh, ON(CUT(2, 2, 2)), LIST(2)},
    {"eigh", "w of (2,2)", build_eigh, ON(TRANSPOSED(2, 2)), LIST(0)},
    {"eigh", "(1,1)", build_eigh, ON(T(1, 1)), LIST(0)},
    {"eigh", "(0,0)", build_eigh, ON(T(0, 0)), LIST(1)},
    {"eigh", "(0,2,2)", build_eigh, ON(T(0, 2, 2)), LIST(0)},

    {"qr", "lstsq (4,2) (4,2)", build_lstsq, ON(T(4, 2), T(4, 2))},
    {"qr", "lstsq (3,2) (3)", build_lstsq, ON(VIEW(3, 2), T(3))},
    {"qr", "lstsq (2,3) (2)", build_lstsq, ON(T(2, 3), T(2))},
    {"qr", "lstsq (2,3,2) (3,1)", build_lstsq, ON(T(2, 3, 2), T(3, 1))},

    {"matrix_exp", "(3,3)", build_exp, ON(T(3, 3)), .number = .5},
    {"matrix_exp", "(2,2) large", build_exp, ON(VIEW(2, 2)), .number = 2},
    {"matrix_exp", "(1,1)", build_exp, ON(T(1, 1)), .number = 1},
    {"matrix_exp", "(2,2,2)", build_exp, ON(CUT(2, 2, 2)), .number = .3},
    {"matrix_exp", "(0,0)", build_exp, ON(T(0, 0)), .number = 1},
    {"matrix_exp", "(0,2,2)", build_exp, ON(T(0, 2, 2)), .number = 1},
    {"matmul", "power 5", build_power, ON(T(2, 2)), LIST(5)},
    {"inverse", "power -3", build_power, ON(T(2, 2, 2)), LIST(-3)},

    {"pinv", "(3,3)", build_pinv, ON(T(3, 3))},
    {"pinv", "(3,2)", build_pinv, ON(VIEW(3, 2))},
    {"pinv", "(2,3)", build_pinv, ON(T(2, 3))},
    {"pinv", "(2,3,2)", build_pinv, ON(CUT(2, 3, 2))},
    {"pinv", "(3,1) (1,2): rank 1", build_pinv, ON(T(3, 1), T(1, 2)), .keep = true},
    {"pinv", "(0,2)", build_pinv, ON(T(0, 2))},
    {"pinv", "(0,2,2)", build_pinv, ON(T(0, 2, 2))},
};

const sample_list spectral_samples = {items, COUNT(items)};
