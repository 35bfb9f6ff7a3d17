/* How the cases of tests/golden/shape.txt are called. */
#include "tests/golden.h"

GOLDEN_CALL(reshape, tp_reshape(g->x[0], g->attributes, g->list))
GOLDEN_CALL(permute, tp_permute(g->x[0], g->attributes, g->list))
GOLDEN_CALL(slice, tp_slice(g->x[0], (int)g->list[0], g->list[1], g->list[2], g->list[3]))
GOLDEN_CALL(concat, tp_concat(g->x, g->n, (int)g->list[0]))
GOLDEN_CALL(stack, tp_stack(g->x, g->n, (int)g->list[0]))
GOLDEN_CALL(index, tp_index(g->x[0], g->attributes, g->list))
GOLDEN_CALL(expand, tp_expand(g->x[0], g->attributes, g->list))
GOLDEN_CALL(detach, tp_detach(g->x[0]))
GOLDEN_CALL(one_hot, tp_one_hot(g->x[0], g->list[0], TP_F64))

static const golden_builder builders[] = {
    GOLDEN(reshape), GOLDEN(permute), GOLDEN(slice),  GOLDEN(concat),  GOLDEN(stack),
    GOLDEN(index),   GOLDEN(expand),  GOLDEN(detach), GOLDEN(one_hot),
};

const golden_family golden_shape = {"shape", builders, COUNT(builders)};
