/* How the cases of tests/golden/loss.txt are called. */
#include "tests/golden.h"

GOLDEN_CALL(mse, tp_mse(g->x[0], g->x[1], (tp_reduction)g->list[0]))
GOLDEN_CALL(cross_entropy, tp_cross_entropy(g->x[0], g->x[1], (tp_reduction)g->list[0]))

static const golden_builder builders[] = {
    GOLDEN(mse),
    GOLDEN(cross_entropy),
};

const golden_family golden_loss = {"loss", builders, COUNT(builders)};
