/* How the cases of tests/golden/shape.txt are called. */
#include "tests/golden.h"

#include "ops/pick.h"

GOLDEN_CALL(reshape, tp_reshape(g->x[0], g->attributes, g->list))
GOLDEN_CALL(permute, tp_permute(g->x[0], g->attributes, g->list))
GOLDEN_CALL(slice, tp_slice(g->x[0], (int)g->list[0], g->list[1], g->list[2], g->list[3]))
GOLDEN_CALL(concat, tp_concat(g->x, g->n, (int)g->list[0]))
GOLDEN_CALL(stack, tp_stack(g->x, g->n, (int)g->list[0]))
GOLDEN_CALL(index, tp_index(g->x[0], g->attributes, g->list))
GOLDEN_CALL(expand, tp_expand(g->x[0], g->attributes, g->list))
GOLDEN_CALL(detach, tp_detach(g->x[0]))
GOLDEN_CALL(one_hot, tp_one_hot(g->x[0], g->list[0], TP_F64))
GOLDEN_CALL(gather, tp_gather(g->x[0], (int)g->list[0], g->x[1]))
GOLDEN_CALL(scatter, tp_scatter(g->x[0], (int)g->list[0], g->x[1], g->x[2]))
GOLDEN_CALL(scatter_add, tp_scatter_add(g->x[0], (int)g->list[0], g->x[1], g->x[2]))
GOLDEN_CALL(index_select, tp_index_select(g->x[0], (int)g->list[0], g->x[1]))
GOLDEN_CALL(index_add, tp_index_add(g->x[0], (int)g->list[0], g->x[1], g->x[2]))
GOLDEN_CALL(embedding, tp_embedding(g->x[0], g->x[1], g->attributes ? g->list[0] : TP_NO_PADDING))

/* axis, dims of what was read */
static tp_pick_target target_of(const golden *g)
{
    tp_pick_target target = {.dtype = TP_F64, .shape.rank = g->attributes - 1};
    target.picks = (tp_picks){.axis = (int)g->list[0], .skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    for (int i = 1; i < g->attributes; i++) target.shape.dims[i - 1] = g->list[i];
    return target;
}

static tp_var golden_pick_adjoint(const golden *g)
{
    const tp_pick_target target = target_of(g);
    return tp_call2(&tp_op_pick_adjoint, g->x[0], g->x[1], &target);
}

static tp_var golden_scatter_last(const golden *g)
{
    const tp_pick_target target = target_of(g);
    return tp_call1(&tp_op_scatter_last, g->x[0], &target);
}

static const golden_builder builders[] = {
    GOLDEN(pick_adjoint), GOLDEN(scatter_last), GOLDEN(reshape),   GOLDEN(permute), GOLDEN(slice),
    GOLDEN(concat),       GOLDEN(stack),        GOLDEN(gather),    GOLDEN(scatter), GOLDEN(scatter_add),
    GOLDEN(index_select), GOLDEN(index_add),    GOLDEN(embedding), GOLDEN(index),   GOLDEN(expand),
    GOLDEN(detach),       GOLDEN(one_hot),
};

const golden_family golden_shape = {"shape", builders, COUNT(builders)};
