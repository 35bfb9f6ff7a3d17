/* Samples of the products of vectors, traces and einsum. */
#include "tests/test_ops.h"

static tp_var build_dot(const sample *s, const tp_var *x)
{
    return tp_dot(x[0], s->n > 1 ? x[1] : x[0]);
}

static tp_var build_outer(const sample *s, const tp_var *x)
{
    return tp_outer(x[0], s->n > 1 ? x[1] : x[0]);
}

static tp_var build_matvec(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_matvec(x[0], x[1]);
}

static tp_var build_trace(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_trace(x[0]);
}

/* The sample's name is its subscripts. */
static tp_var build_einsum(const sample *s, const tp_var *x)
{
    return tp_einsum(s->name, x, s->n);
}

static const sample items[] = {
    {"matmul", "dot (3) (3)", build_dot, ON(T(3), T(3))},
    {"matmul", "dot of sliced and cut", build_dot, ON(SLICED(4), CUT(4))},
    {"mul", "outer (3) (2)", build_outer, ON(T(3), T(2))},
    {"mul", "outer (2) twice", build_outer, ON(T(2))},
    {"mul", "outer (2,3) (2,2)", build_outer, ON(VIEW(2, 3), CUT(2, 2))},
    {"mul", "outer (0) (2)", build_outer, ON(T(0), T(2))},
    {"matmul", "matvec (2,3) (3)", build_matvec, ON(VIEW(2, 3), T(3))},
    {"matmul", "matvec (2,2,3) (2,3)", build_matvec, ON(T(2, 2, 3), CUT(2, 3))},
    {"matmul", "matvec (2,3) (2,2,3)", build_matvec, ON(T(2, 3), T(2, 2, 3))},

    {"trace", "(3,3)", build_trace, ON(T(3, 3))},
    {"trace", "(1,1)", build_trace, ON(T(1, 1))},
    {"trace", "(2,4)", build_trace, ON(T(2, 4))},
    {"trace", "(4,2) transposed", build_trace, ON(VIEW(4, 2))},
    {"trace", "(2,3,3)", build_trace, ON(T(2, 3, 3))},
    {"trace", "(2,3,3) turned about", build_trace, ON(VIEW(2, 3, 3))},
    {"trace", "(2,1,2,3) sliced leaf", build_trace, ON(SLICED(2, 1, 2, 3))},
    {"trace", "(2,2) cut", build_trace, ON(CUT(2, 2))},
    {"trace", "(0,0)", build_trace, ON(T(0, 0))},
    {"trace", "(2,0,3)", build_trace, ON(T(2, 0, 3))},
    {"trace", "(0,2,2)", build_trace, ON(T(0, 2, 2))},

    {"diagonals", "ii->i", build_einsum, ON(T(3, 3))},
    {"diagonals", "ii", build_einsum, ON(VIEW(3, 3))},
    {"diagonals", "bii->bi", build_einsum, ON(CUT(2, 2, 2))},
    {"diagonals", "iji,jk->ki", build_einsum, ON(T(2, 3, 2), T(3, 2))},
    {"diagonals", "iii->i", build_einsum, ON(TRANSPOSED(2, 2, 2))},
    {"diagonals", "ii,ii->i", build_einsum, ON(T(2, 2), SLICED(2, 2))},
    {"diagonals", "ii->", build_einsum, ON(T(0, 0))},
    {"diagonals", "i...i->...i", build_einsum, ON(T(2, 3, 2))},
    {"matmul", "ij,jk", build_einsum, ON(T(2, 3), VIEW(3, 2))},
    {"matmul", "bij,bkj->bik", build_einsum, ON(T(2, 2, 3), CUT(2, 2, 3))},
    {"matmul", "ij,jk,kl->il", build_einsum, ON(T(2, 3), T(3, 2), T(2, 2))},
    {"matmul", "...ij,jk->...ik", build_einsum, ON(VIEW(2, 2, 3), T(3, 2))},
    {"matmul", "abc,cda->bd", build_einsum, ON(T(2, 3, 2), T(2, 2, 2))},
    {"mul", "bi,bi->b", build_einsum, ON(T(2, 3), VIEW(2, 3))},
    {"mul", "ij,i,j->ij", build_einsum, ON(T(2, 3), T(2), T(3))},
    {"sum", "ijk->ki", build_einsum, ON(T(2, 3, 2))},
    {"permute", "ijk->kji", build_einsum, ON(CUT(2, 3, 2))},
};

const sample_list linalg_samples = {items, COUNT(items)};
