/* How the cases of tests/golden/linalg.txt are called. */
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

static const golden_builder builders[] = {
    GOLDEN(matmul), GOLDEN(dot), GOLDEN(outer), GOLDEN(matvec), GOLDEN(trace), GOLDEN(einsum), GOLDEN(diagonals),
};

const golden_family golden_linalg = {"linalg", builders, COUNT(builders)};
