/* Samples of the ops on matrices. Leaves are drawn from -2 .. 2; what is factored is a third of them added to four
   times the unit matrix, or the like, so that it is far from singular. */
#include "ops/matrices.h"
#include "tests/test_ops.h"

/* The (m x n) matrix with `value` on its diagonal, of x's dtype. */
static tp_var scaffold(tp_var x, double value)
{
    const int rank = tp_var_rank(x);
    const int64_t m = tp_var_dims(x)[rank - 2], n = tp_var_dims(x)[rank - 1];
    tp_tensor *tensor = tp_tensor_new(TP_F64, TP_DIMS(m, n)), *cast = tp_tensor_new(tp_var_dtype(x), TP_DIMS(m, n));
    double *numbers = tp_tensor_data(tensor);
    for (int64_t i = 0; i < m && i < n; i++) numbers[i * n + i] = value;
    ck_assert_int_eq(tp_tensor_copy(cast, tensor, NULL), TP_OK);
    const tp_var y = tp_data(x.tape, cast);
    tp_tensor_release(tensor);
    tp_tensor_release(cast);
    return y;
}

tp_var sound(tp_var x)
{
    return tp_add(tp_muls(x, .3), scaffold(x, 4));
}

static tp_var build_cholesky(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_cholesky(sound(x[0]));
}

/* list: the flags */
static tp_var build_triangular(const sample *s, const tp_var *x)
{
    return tp_triangular_solve(sound(x[0]), x[1], (unsigned)s->list[0]);
}

static tp_var build_solve(const sample *s, const tp_var *x)
{
    return tp_solve(sound(x[0]), s->n > 1 ? x[1] : x[0]);
}

static tp_var build_inverse(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_inverse(sound(x[0]));
}

static tp_var build_det(const sample *s, const tp_var *x)
{
    return tp_det(s->number > 0 ? sound(x[0]) : x[0]);
}

static tp_var build_logdet(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_logdet(sound(x[0]));
}

static tp_var build_slogdet(const sample *s, const tp_var *x)
{
    tp_var sign, logarithm;
    tp_slogdet(tp_muls(sound(x[0]), s->number), &sign, &logarithm);
    return s->keep ? tp_mul(sign, logarithm) : logarithm;
}

static tp_var build_triangle(const sample *s, const tp_var *x)
{
    return tp_triangle(x[0], s->keep, s->number);
}

static tp_var build_cofactor(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_cofactor(sound(x[0]));
}

static tp_var build_cofactor_slope(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_cofactor_slope(sound(x[0]), x[1]);
}

static const sample items[] = {
    {"weighted_triangle", "lower", build_triangle, ON(T(3, 3)), .number = 1},
    {"weighted_triangle", "lower, diagonal halved", build_triangle, ON(VIEW(2, 3, 3)), .number = .5},
    {"weighted_triangle", "upper", build_triangle, ON(CUT(3, 3)), .number = 1, .keep = true},
    {"weighted_triangle", "upper, no diagonal", build_triangle, ON(TRANSPOSED(3, 3)), .number = 0, .keep = true},
    {"weighted_triangle", "(2,4)", build_triangle, ON(T(2, 4)), .number = 2},
    {"weighted_triangle", "(4,2) upper", build_triangle, ON(T(4, 2)), .number = 2, .keep = true},
    {"weighted_triangle", "(0,2,2)", build_triangle, ON(T(0, 2, 2)), .number = 1},

    {"cholesky", "(3,3)", build_cholesky, ON(T(3, 3))},
    {"cholesky", "(1,1)", build_cholesky, ON(T(1, 1))},
    {"cholesky", "(2,2) transposed", build_cholesky, ON(VIEW(2, 2))},
    {"cholesky", "(2,3,3)", build_cholesky, ON(T(2, 3, 3))},
    {"cholesky", "(2,2,2) cut", build_cholesky, ON(CUT(2, 2, 2))},
    {"cholesky", "(0,0)", build_cholesky, ON(T(0, 0))},
    {"cholesky", "(0,2,2)", build_cholesky, ON(T(0, 2, 2))},

    {"triangular_solve", "lower", build_triangular, ON(T(3, 3), T(3, 2)), LIST(0)},
    {"triangular_solve", "upper", build_triangular, ON(VIEW(3, 3), T(3, 2)), LIST(TP_UPPER)},
    {"triangular_solve", "lower, transposed", build_triangular, ON(T(3, 3), CUT(3, 2)), LIST(TP_TRANSPOSED)},
    {"triangular_solve", "upper, transposed", build_triangular, ON(TRANSPOSED(3, 3), T(3, 1)),
     LIST(TP_UPPER | TP_TRANSPOSED)},
    {"triangular_solve", "lower, unit", build_triangular, ON(T(3, 3), VIEW(3, 2)), LIST(TP_UNIT)},
    {"triangular_solve", "upper, transposed, unit", build_triangular, ON(T(2, 2), T(2, 2)),
     LIST(TP_UPPER | TP_TRANSPOSED | TP_UNIT)},
    {"triangular_solve", "vector", build_triangular, ON(T(3, 3), CUT(3)), LIST(0)},
    {"triangular_solve", "batch (2,2,2) (2,1)", build_triangular, ON(T(2, 2, 2), T(2, 1)), LIST(TP_UPPER)},
    {"triangular_solve", "batch (2,2) (2,2,1)", build_triangular, ON(T(2, 2), T(2, 2, 1)), LIST(TP_TRANSPOSED)},
    {"triangular_solve", "batch (2,1,2,2) (3,2,1)", build_triangular, ON(T(2, 1, 2, 2), T(3, 2, 1)), LIST(0)},
    {"triangular_solve", "no right-hand side", build_triangular, ON(T(2, 2), T(2, 0)), LIST(0)},
    {"triangular_solve", "(0,0)", build_triangular, ON(T(0, 0), T(0, 2)), LIST(0)},

    {"solve", "(3,3) (3,2)", build_solve, ON(T(3, 3), T(3, 2))},
    {"solve", "(3,3) (3)", build_solve, ON(VIEW(3, 3), T(3))},
    {"solve", "(1,1) (1,1)", build_solve, ON(T(1, 1), T(1, 1))},
    {"solve", "one matrix twice", build_solve, ON(T(2, 2))},
    {"solve", "views", build_solve, ON(CUT(2, 2), VIEW(2, 3))},
    {"solve", "leaves turned and sliced", build_solve, ON(TRANSPOSED(2, 2), SLICED(2, 3))},
    {"solve", "batch (2,2,2) (2,2,1)", build_solve, ON(T(2, 2, 2), T(2, 2, 1))},
    {"solve", "batch (2,2,2) (2)", build_solve, ON(T(2, 2, 2), T(2))},
    {"solve", "batch (2,2) (2,2,1)", build_solve, ON(T(2, 2), T(2, 2, 1))},
    {"solve", "batch (2,1,2,2) (2,2,1)", build_solve, ON(T(2, 1, 2, 2), T(2, 2, 1))},
    {"solve", "no right-hand side", build_solve, ON(T(2, 2), T(2, 0))},
    {"solve", "(0,0) (0,2)", build_solve, ON(T(0, 0), T(0, 2))},
    {"solve", "(0,2,2) (2,1)", build_solve, ON(T(0, 2, 2), T(2, 1))},

    {"inverse", "(3,3)", build_inverse, ON(T(3, 3))},
    {"inverse", "(1,1)", build_inverse, ON(T(1, 1))},
    {"inverse", "(2,2,2) turned about", build_inverse, ON(VIEW(2, 2, 2))},
    {"inverse", "(2,2) cut", build_inverse, ON(CUT(2, 2))},
    {"inverse", "(0,0)", build_inverse, ON(T(0, 0))},
    {"inverse", "(0,2,2)", build_inverse, ON(T(0, 2, 2))},

    {"det", "(3,3)", build_det, ON(T(3, 3)), .number = 1},
    {"det", "(3,3) as drawn", build_det, ON(T(3, 3))},
    {"det", "(1,1)", build_det, ON(T(1, 1)), .number = 1},
    {"det", "(2,2) transposed", build_det, ON(VIEW(2, 2)), .number = 1},
    {"det", "(2,3,3)", build_det, ON(T(2, 3, 3)), .number = 1},
    {"det", "(2,2,2) sliced leaf", build_det, ON(SLICED(2, 2, 2)), .number = 1},
    {"det", "(0,0)", build_det, ON(T(0, 0)), .number = 1},
    {"det", "(0,2,2)", build_det, ON(T(0, 2, 2)), .number = 1},

    {"logdet", "(3,3)", build_logdet, ON(T(3, 3))},
    {"logdet", "(2,2,2) cut", build_logdet, ON(CUT(2, 2, 2))},
    {"logdet", "(0,0)", build_logdet, ON(T(0, 0))},
    {"logdet", "(0,2,2)", build_logdet, ON(T(0, 2, 2))},
    {"slogdet", "(3,3)", build_slogdet, ON(T(3, 3)), .number = 1},
    {"slogdet", "(3,3) negative", build_slogdet, ON(VIEW(3, 3)), .number = -1, .keep = true},
    {"slogdet", "(2,3,3)", build_slogdet, ON(T(2, 3, 3)), .number = -.5, .keep = true},
    {"slogdet", "(0,2,2)", build_slogdet, ON(T(0, 2, 2)), .number = 1},

    {"cofactor", "(3,3)", build_cofactor, ON(T(3, 3))},
    {"cofactor", "(2,2,2) turned about", build_cofactor, ON(VIEW(2, 2, 2))},
    {"cofactor", "(1,1)", build_cofactor, ON(T(1, 1))},
    {"cofactor", "(0,0)", build_cofactor, ON(T(0, 0))},
    {"cofactor_slope", "(3,3)", build_cofactor_slope, ON(T(3, 3), CUT(3, 3))},
    {"cofactor_slope", "(2,2,2)", build_cofactor_slope, ON(VIEW(2, 2, 2), T(2, 2, 2))},
    {"cofactor_slope", "(1,1)", build_cofactor_slope, ON(T(1, 1), T(1, 1))},
    {"cofactor_slope", "(0,2,2)", build_cofactor_slope, ON(T(0, 2, 2), T(0, 2, 2))},
};

const sample_list factors_samples = {items, COUNT(items)};
