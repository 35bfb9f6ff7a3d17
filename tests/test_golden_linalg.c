/* How the cases of tests/golden/linalg.txt are called. */
#include "ops/matrices.h"
#include "tests/golden.h"

/* The attributes are the text's characters, six of seven bits in each. */
static tp_var einsum(const golden *g)
{
    char text[6 * GOLDEN_ATTRIBUTES + 1] = "";
    for (int i = 0; i < g->attributes; i++)
        for (int k = 0; k < 6; k++) text[6 * i + k] = (char)(g->list[i] >> (7 * k) & 127);
    return tp_einsum(text, g->x, g->n);
}

GOLDEN_CALL(matmul, tp_matmul(g->x[0], g->x[1]))
GOLDEN_CALL(dot, tp_dot(g->x[0], g->x[1]))
GOLDEN_CALL(outer, tp_outer(g->x[0], g->x[1]))
GOLDEN_CALL(matvec, tp_matvec(g->x[0], g->x[1]))
GOLDEN_CALL(trace, tp_trace(g->x[0]))
GOLDEN_CALL(einsum, einsum(g))
GOLDEN_CALL(diagonals, einsum(g))

static tp_var slogdet(const golden *g)
{
    tp_var sign, logarithm;
    tp_slogdet(tp_neg(sound(g->x[0])), &sign, &logarithm);
    return tp_ok(sign) ? logarithm : sign;
}

GOLDEN_CALL(weighted_triangle, tp_triangle(g->x[0], g->list[0] != 0, g->attribute[1]))
GOLDEN_CALL(cholesky, tp_cholesky(sound(g->x[0])))
GOLDEN_CALL(triangular_solve, tp_triangular_solve(sound(g->x[0]), g->x[1], (unsigned)g->list[0]))
GOLDEN_CALL(solve, tp_solve(sound(g->x[0]), g->x[1]))
GOLDEN_CALL(inverse, tp_inverse(sound(g->x[0])))
GOLDEN_CALL(det, tp_det(sound(g->x[0])))
GOLDEN_CALL(det_drawn, tp_det(g->x[0]))
GOLDEN_CALL(logdet, tp_logdet(sound(g->x[0])))
GOLDEN_CALL(slogdet, slogdet(g))
GOLDEN_CALL(cofactor, tp_cofactor(sound(g->x[0])))
GOLDEN_CALL(cofactor_slope, tp_cofactor_slope(sound(g->x[0]), g->x[1]))

/* The result of qr, svd or eigh that the attribute names. */
static tp_var result(const golden *g, const tp_op *op)
{
    const tp_var x = apart(g->x[0]);
    tp_var results[3];
    tp_apply_all(op, &x, 1, NULL, results);
    return results[g->list[0]];
}

GOLDEN_CALL(qr, result(g, &tp_op_qr))
GOLDEN_CALL(svd, result(g, &tp_op_svd))
GOLDEN_CALL(eigh, result(g, &tp_op_eigh))
GOLDEN_CALL(lstsq, tp_lstsq(apart(g->x[0]), g->x[1]))
GOLDEN_CALL(pinv, tp_pinv(apart(g->x[0]), 0))
GOLDEN_CALL(matrix_exp, tp_matrix_exp(g->x[0]))
GOLDEN_CALL(matrix_power, tp_matrix_power(tp_muls(sound(g->x[0]), .5), (int)g->list[0]))

static const golden_builder builders[] = {
    GOLDEN(matmul),       GOLDEN(dot),
    GOLDEN(outer),        GOLDEN(matvec),
    GOLDEN(trace),        GOLDEN(einsum),
    GOLDEN(diagonals),    GOLDEN(weighted_triangle),
    GOLDEN(cholesky),     GOLDEN(triangular_solve),
    GOLDEN(solve),        GOLDEN(inverse),
    GOLDEN(det),          GOLDEN(det_drawn),
    GOLDEN(logdet),       GOLDEN(slogdet),
    GOLDEN(cofactor),     GOLDEN(cofactor_slope),
    GOLDEN(qr),           GOLDEN(svd),
    GOLDEN(eigh),         GOLDEN(lstsq),
    GOLDEN(pinv),         GOLDEN(matrix_exp),
    GOLDEN(matrix_power),
};

const golden_family golden_linalg = {"linalg", builders, COUNT(builders)};
