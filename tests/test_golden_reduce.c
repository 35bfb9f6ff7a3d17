/* How the cases of tests/golden/reduce.txt are called. */
#include "tests/golden.h"

GOLDEN_CALL(sum, tp_sum_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
GOLDEN_CALL(mean, tp_mean_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
GOLDEN_CALL(max, tp_max_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
GOLDEN_CALL(min, tp_min_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
GOLDEN_CALL(max_with_indices, tp_max_with_indices(g->x[0], (int)g->list[1], g->list[0] != 0, NULL))

static const golden_builder builders[] = {
    GOLDEN(sum), GOLDEN(mean), GOLDEN(max), GOLDEN(min), GOLDEN(max_with_indices),
};

const golden_family golden_reduce = {"reduce", builders, COUNT(builders)};
