/* Picking by integers: checks, the call of the kernel, reading and its adjoint.
   Reading is y[p] = x[.., index[p], ..]; its adjoint adds every y[p] to zeros at that place, and each is the other's
   rule, so that every order of derivative exists. */
#include "ops/pick.h"

#include <string.h>

/* ---- checks ---- */

bool tp_pick_axis(const char *name, tp_var x, int axis, tp_picks *picks)
{
    if (!x.tape || !tp_check_operand(x.tape, name, x, 0)) return false;
    char text[TP_SHAPE_TEXT];
    picks->axis = tp_shape_axis(tp_var_rank(x), axis);
    if (picks->axis >= 0) return true;
    tp_refuse(x.tape, TP_E_INDEX, "tp_%s: axis %d of %s", name, axis,
              tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    return false;
}

tp_status tp_pick_check(tp_ctx *ctx, const tp_picks *picks, const tp_tensor *table, int i)
{
    const tp_tensor *index = tp_ctx_input(ctx, i);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (tp_need_integers(ctx, i, "the index") != TP_OK) return TP_E_DTYPE;
    if (picks->whole) return TP_OK;
    bool fits = index->rank == table->rank;
    for (int k = 0; fits && k < index->rank; k++) fits = k == picks->axis || index->dims[k] <= table->dims[k];
    return fits ? TP_OK
                : tp_ctx_fail(ctx, TP_E_SHAPE, "the index %s does not fit %s along axis %d", tp_tensor_text(b, index),
                              tp_tensor_text(a, table), picks->axis);
}

bool tp_pick_shape(const tp_picks *picks, const tp_tensor *table, const tp_tensor *index, tp_shape *shape)
{
    shape->rank = 0;
    if (!picks->whole) {
        shape->rank = index->rank;
        memcpy(shape->dims, index->dims, sizeof shape->dims);
        return true;
    }
    if (table->rank - 1 + index->rank > TP_MAX_RANK) return false;
    for (int i = 0; i < table->rank; i++) {
        for (int k = 0; i == picks->axis && k < index->rank; k++) shape->dims[shape->rank++] = index->dims[k];
        if (i != picks->axis) shape->dims[shape->rank++] = table->dims[i];
    }
    return true;
}

tp_status tp_pick_check_source(tp_ctx *ctx, const tp_picks *picks, const tp_tensor *table, const tp_tensor *src)
{
    const tp_tensor *index = tp_ctx_input(ctx, 1);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT], c[TP_SHAPE_TEXT];
    if (src->rank == 0) return TP_OK;
    if (src->dtype != table->dtype)
        return tp_ctx_fail(ctx, TP_E_DTYPE, "src is %s, x is %s; use tp_cast", tp_dtype_name((tp_dtype)src->dtype),
                           tp_dtype_name((tp_dtype)table->dtype));
    tp_shape shape;
    bool fits = tp_pick_shape(picks, table, index, &shape) && shape.rank == src->rank;
    for (int i = 0; fits && i < src->rank; i++)
        fits = picks->whole ? src->dims[i] == shape.dims[i] : src->dims[i] >= shape.dims[i];
    return fits ? TP_OK
                : tp_ctx_fail(ctx, TP_E_SHAPE, "src %s does not fit x %s and index %s along axis %d",
                              tp_tensor_text(a, src), tp_tensor_text(b, table), tp_tensor_text(c, index), picks->axis);
}

tp_status tp_pick_give_source(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *src = tp_ctx_input(ctx, 2);
    if (!tp_ok(g)) return tp_tape_status(tp_ctx_tape(ctx));
    const int64_t *dims = tp_var_dims(g);
    if (src->rank == 0 || tp_shape_equal(src->rank, src->dims, tp_var_rank(g), dims)) return tp_give(ctx, 2, g);
    tp_region used = {.rank = src->rank};
    memcpy(used.dims, dims, (size_t)src->rank * sizeof *dims);
    tp_shape_strides(src->rank, src->dims, used.strides);
    return tp_give_region(ctx, 2, g, &used);
}

/* ---- the call ---- */

static tp_status outside(tp_ctx *ctx, const tp_picks *picks, const tp_tensor *table, const tp_tensor *index)
{
    const int64_t dim = table->dims[picks->axis];
    char text[TP_SHAPE_TEXT], place[TP_SHAPE_TEXT];
    for (int64_t i = 0; i < index->count; i++) {
        const double k = tp_tensor_item(index, i);
        if (k >= (picks->strict ? 0 : -(double)dim) && k < (double)dim && k == (double)(int64_t)k) continue;
        if (k == (double)picks->skip) continue;
        int64_t at[TP_MAX_RANK], rest = i;
        for (int d = index->rank - 1; d >= 0; d--) {
            at[d] = rest % index->dims[d];
            rest /= index->dims[d];
        }
        return tp_ctx_fail(ctx, TP_E_INDEX, "%s %g at %s is outside axis %d of %s", picks->strict ? "label" : "index",
                           k, tp_shape_text(place, index->rank, at), picks->axis, tp_tensor_text(text, table));
    }
    return tp_ctx_fail(ctx, TP_E_INDEX, "an index is outside axis %d of %s", picks->axis, tp_tensor_text(text, table));
}

tp_status tp_pick_call(tp_ctx *ctx, tp_pick_how how, const tp_picks *picks, const tp_tensor *table,
                       const tp_tensor *index, const tp_tensor *picked)
{
    const bool number = picked->rank == 0;
    const tp_dtype dtype = (tp_dtype)table->dtype;
    double cell;
    tp_shape shape;
    tp_pick_shape(picks, table, index, &shape);
    tp_pick pick; /* not zeroed: this is the price of a small call */
    pick.dtype = dtype;
    pick.rank = shape.rank;
    pick.picked = number ? (char *)&cell : picked->data;
    pick.table = table->data;
    pick.axis_dim = table->dims[picks->axis];
    pick.axis_stride = table->strides[picks->axis];
    pick.index_dtype = (tp_dtype)index->dtype;
    pick.index = index->data;
    pick.strict = picks->strict;
    pick.skip = picks->skip;
    for (int i = 0; i < shape.rank; i++) {
        pick.dims[i] = shape.dims[i];
        pick.picked_strides[i] = number ? 0 : picked->strides[i];
        const int k = i - picks->axis, behind = i - index->rank + 1; /* whole: along the index; the table's axis */
        const bool indexed = !picks->whole || (k >= 0 && k < index->rank);
        pick.index_strides[i] = !indexed ? 0 : index->strides[picks->whole ? k : i];
        if (picks->whole)
            pick.table_strides[i] = indexed ? 0 : table->strides[k < 0 ? i : behind];
        else
            pick.table_strides[i] = i == picks->axis ? 0 : table->strides[i];
    }
    if (number && how != TP_PICK_READ) tp_put(dtype, &cell, tp_get((tp_dtype)picked->dtype, picked->data));
    if (!tp_pick_run(ctx->tape->kernels, how, &pick)) return outside(ctx, picks, table, index);
    if (number && how == TP_PICK_READ) tp_put((tp_dtype)picked->dtype, picked->data, tp_get(dtype, &cell));
    return TP_OK;
}

/* ---- writing ---- */

tp_status tp_pick_write_shape(tp_ctx *ctx)
{
    const tp_picks *picks = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_status status = tp_pick_check(ctx, picks, x, 1);
    if (status == TP_OK) status = tp_pick_check_source(ctx, picks, x, tp_ctx_input(ctx, 2));
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

tp_status tp_pick_write(tp_ctx *ctx, tp_pick_how how)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_copy(x->rank, x->dims, (tp_dtype)x->dtype, out->data, out->strides, (tp_dtype)x->dtype, x->data, x->strides);
    return tp_pick_call(ctx, how, tp_ctx_attributes(ctx), out, tp_ctx_input(ctx, 1), tp_ctx_input(ctx, 2));
}

/* ---- reading ---- */

tp_status tp_pick_read_shape(tp_ctx *ctx)
{
    const tp_picks *picks = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_status status = tp_pick_check(ctx, picks, x, 1);
    if (status != TP_OK) return status;
    tp_shape shape;
    if (!tp_pick_shape(picks, x, tp_ctx_input(ctx, 1), &shape))
        return tp_ctx_fail(ctx, TP_E_LIMIT, "the result has a rank over %d", TP_MAX_RANK);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, shape.rank, shape.dims);
}

tp_status tp_pick_read_forward(tp_ctx *ctx)
{
    return tp_pick_call(ctx, TP_PICK_READ, tp_ctx_attributes(ctx), tp_ctx_input(ctx, 0), tp_ctx_input(ctx, 1),
                        tp_ctx_output(ctx, 0));
}

static tp_picks without(const tp_picks *picks)
{
    tp_picks p = *picks;
    if (p.skip == TP_PICK_ALL) p.skip = p.skip_adjoint;
    return p;
}

tp_status tp_pick_read_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    bool accumulate;
    tp_tensor *to = tp_ctx_grad(ctx, 0, &accumulate);
    if (!to) return tp_tape_status(tp_ctx_tape(ctx));
    if (!accumulate) tp_fill(to->count, (tp_dtype)to->dtype, to->data, 0);
    const tp_picks picks = without(tp_ctx_attributes(ctx));
    return tp_pick_call(ctx, TP_PICK_ADD, &picks, to, tp_ctx_input(ctx, 1), g);
}

/* ---- the adjoint: zeros, with y added where it was read ---- */

tp_pick_target tp_pick_target_of(const tp_picks *picks, const tp_tensor *table)
{
    tp_pick_target target = {*picks, (tp_dtype)table->dtype, {.rank = table->rank}};
    memcpy(target.shape.dims, table->dims, sizeof target.shape.dims);
    return target;
}

static tp_status adjoint_shape(tp_ctx *ctx)
{
    const tp_pick_target *a = tp_ctx_attributes(ctx);
    return tp_ctx_result(ctx, 0, a->dtype, a->shape.rank, a->shape.dims);
}

tp_status tp_pick_pattern(tp_ctx *ctx)
{
    const tp_picks *picks = tp_ctx_attributes(ctx); /* a target begins with them */
    const tp_tensor *x = tp_ctx_input(ctx, 0), *out = tp_ctx_output(ctx, 0);
    bool alike = !picks->whole && x->rank == out->rank;
    for (int i = 0; alike && i < x->rank; i++) alike = i == picks->axis || x->dims[i] == out->dims[i];
    const bool fixed = ctx->tape->nodes[ctx->inputs[1]].op->structure == TP_LEAF;
    return fixed || !alike ? tp_pattern_moved(ctx) : tp_pattern_along(ctx, 0, 1u << picks->axis);
}

static tp_status adjoint_forward(tp_ctx *ctx)
{
    const tp_pick_target *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_fill(out->count, (tp_dtype)out->dtype, out->data, 0);
    return tp_pick_call(ctx, TP_PICK_ADD, &a->picks, out, tp_ctx_input(ctx, 1), tp_ctx_input(ctx, 0));
}

static tp_status adjoint_backward(tp_ctx *ctx, tp_var g)
{
    const tp_pick_target *a = tp_ctx_attributes(ctx);
    return tp_give(ctx, 0, tp_pick_read(g, tp_ctx_input_var(ctx, 1), &a->picks));
}

const tp_op tp_op_pick_adjoint = {
    TP_OP_HEAD,
    .name = "pick_adjoint",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_pick_target),
    .pattern = tp_pick_pattern,
    .shape = adjoint_shape,
    .forward = adjoint_forward,
    .backward = adjoint_backward,
    .text = {.formula = "zeros, with g[p] added at x[.., index[p], ..]: what reading by an index gives back",
             .derivative = "dg = g read at the index",
             .shapes = "g: as read, index -> the shape that was read from"},
};

/* dx = g added up where it was read */
tp_status tp_pick_read_backward(tp_ctx *ctx, tp_var g)
{
    const tp_picks picks = without(tp_ctx_attributes(ctx));
    const tp_pick_target target = tp_pick_target_of(&picks, tp_ctx_input(ctx, 0));
    return tp_give(ctx, 0, tp_call2(&tp_op_pick_adjoint, g, tp_ctx_input_var(ctx, 1), &target));
}
