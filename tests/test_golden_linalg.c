/* How the cases of tests/golden/linalg.txt are called. */
#include "tests/golden.h"

GOLDEN_CALL(matmul, tp_matmul(g->x[0], g->x[1]))

static const golden_builder builders[] = {
    GOLDEN(matmul),
};

const golden_family golden_linalg = {"linalg", builders, COUNT(builders)};
