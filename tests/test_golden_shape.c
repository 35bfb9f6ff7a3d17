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

/* ---- repeating, turning, padding, cutting out ---- */

GOLDEN_CALL(flip, tp_flip(g->x[0], g->attributes, g->list))
GOLDEN_CALL(roll, tp_roll(g->x[0], g->attributes / 2, g->list, g->list + g->attributes / 2))
GOLDEN_CALL(slice_back, tp_slice(g->x[0], 0, g->list[0], g->list[1] < 0 ? TP_END : g->list[1], g->list[2]))
GOLDEN_CALL(tile, tp_tile(g->x[0], g->attributes, g->list))
GOLDEN_CALL(repeat_interleave, tp_repeat_interleave(g->x[0], (int)g->list[0], g->list[1]))
GOLDEN_CALL(pad, tp_pad(g->x[0], g->attributes - 2, g->list + 2, (tp_pad_mode)g->list[0], g->attribute[1]))
GOLDEN_CALL(tril, tp_tril(g->x[0], g->list[0]))
GOLDEN_CALL(triu, tp_triu(g->x[0], g->list[0]))
GOLDEN_CALL(diagonal, tp_diagonal(g->x[0], g->list[0], (int)g->list[1], (int)g->list[2]))
GOLDEN_CALL(diag, tp_diag_embed(g->x[0], g->list[0]))
GOLDEN_CALL(masked_fill, tp_masked_fill(g->x[0], g->x[1], g->attribute[0]))
GOLDEN_CALL(masked_select, tp_masked_select(g->x[0], g->x[1]))
GOLDEN_CALL(masked_place, tp_call2(&tp_op_masked_place, g->x[0], g->x[1], NULL))
GOLDEN_CALL(contiguous, tp_contiguous(g->x[0]))
GOLDEN_CALL(movedim, tp_movedim(g->x[0], (int)g->list[0], (int)g->list[1]))
GOLDEN_CALL(flatten, tp_flatten(g->x[0], (int)g->list[0], (int)g->list[1]))
GOLDEN_CALL(squeeze, tp_squeeze(g->x[0], 0, NULL))
GOLDEN_CALL(unsqueeze, tp_unsqueeze(g->x[0], (int)g->list[0]))

/* The gradient of a padded tensor, recorded. */
static tp_var golden_pad_fold(const golden *g)
{
    int64_t dims[TP_MAX_RANK];
    const int rank = tp_var_rank(g->x[0]);
    for (int i = 0; i < rank; i++) dims[i] = tp_var_dims(g->x[0])[i] - g->list[2 * i + 1] - g->list[2 * i + 2];
    const tp_var zeros = tp_expand(tp_scalar(g->tape, 0), rank, dims);
    const tp_var wide = tp_pad(zeros, g->attributes - 1, g->list + 1, (tp_pad_mode)g->list[0], 0);
    tp_var gradient;
    ck_assert_int_eq(tp_vjp(wide, g->x[0], &zeros, 1, &gradient, TP_CREATE_GRAPH), TP_OK);
    return gradient;
}

static tp_window_options windows_of(const golden *g)
{
    const int64_t *a = g->list;
    return (tp_window_options){{a[0], a[1]}, {a[2], a[3]}, {a[4], a[5]}, {a[6], a[7]}};
}

static tp_var golden_unfold(const golden *g)
{
    const tp_window_options options = windows_of(g);
    return tp_unfold(g->x[0], &options);
}

static tp_var golden_fold(const golden *g)
{
    const tp_window_options options = windows_of(g);
    return tp_fold(g->x[0], g->list[8], g->list[9], &options);
}

/* The parts, each times its number, joined again. */
static tp_var joined(tp_var *parts, int n, int axis)
{
    for (int i = 0; i < n; i++) parts[i] = tp_muls(parts[i], i + 1);
    return tp_concat(parts, n, axis);
}

static tp_var golden_split(const golden *g)
{
    tp_var parts[GOLDEN_ATTRIBUTES];
    ck_assert_int_eq(tp_split(g->x[0], (int)g->list[0], g->attributes - 1, g->list + 1, parts), TP_OK);
    return joined(parts, g->attributes - 1, (int)g->list[0]);
}

static tp_var golden_chunk(const golden *g)
{
    tp_var parts[GOLDEN_ATTRIBUTES];
    return joined(parts, tp_chunk(g->x[0], (int)g->list[0], (int)g->list[1], parts), (int)g->list[0]);
}

static tp_var golden_meshgrid(const golden *g)
{
    tp_var grids[MAX_LEAVES];
    ck_assert_int_eq(tp_meshgrid(g->x, g->n, g->list[0] != 0, grids), TP_OK);
    tp_var sum = grids[0];
    for (int i = 1; i < g->n; i++) sum = tp_add(sum, tp_muls(grids[i], i + 1));
    return sum;
}

static const golden_builder builders[] = {
    GOLDEN(pick_adjoint), GOLDEN(scatter_last),
    GOLDEN(reshape),      GOLDEN(permute),
    GOLDEN(slice),        GOLDEN(concat),
    GOLDEN(stack),        GOLDEN(gather),
    GOLDEN(scatter),      GOLDEN(scatter_add),
    GOLDEN(index_select), GOLDEN(index_add),
    GOLDEN(embedding),    GOLDEN(index),
    GOLDEN(expand),       GOLDEN(detach),
    GOLDEN(one_hot),      GOLDEN(flip),
    GOLDEN(roll),         GOLDEN(slice_back),
    GOLDEN(tile),         GOLDEN(repeat_interleave),
    GOLDEN(pad),          GOLDEN(pad_fold),
    GOLDEN(tril),         GOLDEN(triu),
    GOLDEN(diagonal),     GOLDEN(diag),
    GOLDEN(masked_fill),  GOLDEN(masked_select),
    GOLDEN(masked_place), GOLDEN(unfold),
    GOLDEN(fold),         GOLDEN(contiguous),
    GOLDEN(movedim),      GOLDEN(flatten),
    GOLDEN(squeeze),      GOLDEN(unsqueeze),
    GOLDEN(split),        GOLDEN(chunk),
    GOLDEN(meshgrid),
};

const golden_family golden_shape = {"shape", builders, COUNT(builders)};
