/* Elements picked along an axis, y[i][j] = x[index[i][j]][j] for axis 0, and their adjoint: elements added there. */
#include "ops/pick.h"

const tp_op tp_op_gather = {
    TP_OP_HEAD,
    .name = "gather",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .pattern = tp_pick_pattern,
    .shape = tp_pick_read_shape,
    .forward = tp_pick_read_forward,
    .backward = tp_pick_read_backward,
    .gradient = tp_pick_read_gradient,
    .text = {.formula = "y[i][j] = x[index[i][j]][j] for axis 0, and so on for the others",
             .derivative = "dx = zeros, with g[i][j] added at [index[i][j]][j]",
             .shapes = "x, index of x's rank and no larger than x on other axes -> the shape of index",
             .dtypes = "x: any; index: i32, i64, u8",
             .edges = "a negative index counts from the end; one outside is an error that names it"},
};

tp_var tp_gather(tp_var x, int axis, tp_var index)
{
    tp_picks picks = {.skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (!tp_pick_axis("gather", x, axis, &picks)) return tp_poison(x.tape);
    return tp_call2(&tp_op_gather, x, index, &picks);
}

/* ---- adding ---- */

static tp_status add_shape(tp_ctx *ctx)
{
    return tp_need_float(ctx, 0) == TP_OK ? tp_pick_write_shape(ctx) : TP_E_DTYPE;
}

static tp_status add_forward(tp_ctx *ctx)
{
    return tp_pick_write(ctx, TP_PICK_ADD);
}

/* dx = g, dsrc = g read at the index */
static tp_status add_backward(tp_ctx *ctx, tp_var g)
{
    const tp_status status = tp_give(ctx, 0, g);
    if (status != TP_OK || !tp_ctx_needs(ctx, 2)) return status;
    return tp_pick_give_source(ctx, tp_pick_read(g, tp_ctx_input_var(ctx, 1), tp_ctx_attributes(ctx)));
}

const tp_op tp_op_scatter_add = {
    TP_OP_HEAD,
    .name = "scatter_add",
    .arity = 3,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .shape = add_shape,
    .forward = add_forward,
    .backward = add_backward,
    .text = {.formula = "y = x, then y[index[i][j]][j] += src[i][j] for axis 0, and so on for the others",
             .derivative = "dx = g; dsrc[i][j] = g[index[i][j]][j]",
             .shapes = "x, index as for gather, src at least as large as index or a scalar -> the shape of x",
             .dtypes = "x and src: f32, f64; index: i32, i64, u8",
             .edges = "an index that comes twice adds twice, in row-major order; one outside is an error"},
};

const tp_op tp_op_index_add = {
    TP_OP_HEAD,
    .name = "index_add",
    .arity = 3,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .shape = add_shape,
    .forward = add_forward,
    .backward = add_backward,
    .text = {.formula = "y = x, then y[index[i]] += src[i] for axis 0, and so on for the others",
             .derivative = "dx = g; dsrc[i] = g[index[i]]",
             .shapes = "x, index of any shape, src of x's shape with index's in place of the axis -> the shape of x",
             .dtypes = "x and src: f32, f64; index: i32, i64, u8",
             .edges = "an index that comes twice adds twice, in row-major order; one outside is an error"},
};

tp_var tp_scatter_add(tp_var x, int axis, tp_var index, tp_var src)
{
    tp_picks picks = {.skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (!tp_pick_axis("scatter_add", x, axis, &picks)) return tp_poison(x.tape);
    return tp_apply(&tp_op_scatter_add, (tp_var[]){x, index, src}, 3, &picks);
}

tp_var tp_index_add(tp_var x, int axis, tp_var index, tp_var src)
{
    tp_picks picks = {.whole = true, .skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (!tp_pick_axis("index_add", x, axis, &picks)) return tp_poison(x.tape);
    return tp_apply(&tp_op_index_add, (tp_var[]){x, index, src}, 3, &picks);
}
