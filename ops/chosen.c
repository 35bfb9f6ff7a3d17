/* Shape, forward and rule of ops that choose elements along an axis. The rule is that of a gather at the places. */
#include "ops/chosen.h"

#include <string.h>

static tp_shape kept_shape(const tp_choice *c, const tp_tensor *x)
{
    tp_shape shape = {.rank = x->rank};
    memcpy(shape.dims, x->dims, sizeof shape.dims);
    shape.dims[c->axis] = c->count;
    return shape;
}

tp_status tp_chosen_shape(tp_ctx *ctx)
{
    const tp_choice *c = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    tp_shape left = kept_shape(c, x);
    if (x->dims[c->axis] == 0 && tp_shape_count(left.rank, left.dims) != 0)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to choose from in %s", tp_tensor_text(text, x));
    if (!c->keep) left = tp_shape_reduced(x->rank, x->dims, 1u << c->axis, false);
    const tp_status status = tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, left.rank, left.dims);
    return status == TP_OK ? tp_ctx_result(ctx, 1, TP_I64, left.rank, left.dims) : status;
}

/* The offset of the i-th row along `axis`. */
static int64_t row_offset(const tp_tensor *x, int axis, int64_t i)
{
    int64_t offset = 0;
    for (int k = x->rank - 1; k >= 0; k--) {
        if (k == axis) continue;
        offset += i % x->dims[k] * x->strides[k];
        i /= x->dims[k];
    }
    return offset;
}

/* Values and places of one row, which lie `step` apart in the results, from `at` on. */
static void write_row(tp_ctx *ctx, const tp_choice *c, const char *row, const int64_t *places, int64_t at, int64_t step)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *values = tp_ctx_output(ctx, 0), *indices = tp_ctx_output(ctx, 1);
    const tp_dtype dtype = (tp_dtype)x->dtype, out = (tp_dtype)values->dtype, to = (tp_dtype)indices->dtype;
    const int64_t size = (int64_t)tp_dtype_size(dtype) * x->strides[c->axis];
    for (int64_t k = 0; k < c->count; k++, at += step) {
        tp_put(out, values->data + at * (int64_t)tp_dtype_size(out), tp_get(dtype, row + places[k] * size));
        if (to == TP_I64)
            ((int64_t *)(void *)indices->data)[at] = places[k];
        else
            tp_put(to, indices->data, (double)places[k]);
    }
}

tp_status tp_chosen_forward(tp_ctx *ctx, tp_choose *choose)
{
    const tp_choice *c = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int64_t n = x->dims[c->axis], words = 4 * n, rows = n ? x->count / n : 0;
    if (rows == 0 || c->count == 0) return TP_OK;
    int64_t small[64], inner = 1;
    tp_tensor *scratch = NULL;
    if (words > 64 && !(scratch = tp_new_tensor(ctx->tape, TP_I64, 1, &words, ctx->op->name))) return TP_E_MEMORY;
    int64_t *work = scratch ? (int64_t *)(void *)scratch->data : small;
    for (int i = c->axis + 1; i < x->rank; i++) inner *= x->dims[i];
    for (int64_t i = 0; i < rows; i++) {
        const char *row = x->data + row_offset(x, c->axis, i) * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
        choose(ctx->tape->kernels, c, (tp_dtype)x->dtype, n, row, x->strides[c->axis], work);
        write_row(ctx, c, row, work, i / inner * inner * c->count + i % inner, inner);
    }
    tp_done(ctx->tape, scratch);
    return TP_OK;
}

/* dx = zeros, with g at the places */
/* Which is chosen, the numbers decide: any along the axis, however far. */
tp_status tp_chosen_pattern(tp_ctx *ctx)
{
    const tp_choice *choice = tp_ctx_attributes(ctx);
    return tp_pattern_along(ctx, 0, 1u << choice->axis);
}

tp_status tp_chosen_backward(tp_ctx *ctx, tp_var g)
{
    const tp_choice *c = tp_ctx_attributes(ctx);
    if (!tp_ok(g)) return TP_OK; /* only the indices were used */
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_picks picks = {.axis = c->axis, .skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    const tp_pick_target target = tp_pick_target_of(&picks, x);
    tp_var indices = tp_ctx_output_var(ctx, 1);
    if (!c->keep) {
        const tp_shape kept = kept_shape(c, x);
        g = tp_cast(tp_reshape(g, kept.rank, kept.dims), (tp_dtype)target.dtype);
        indices = tp_cast(tp_reshape(indices, kept.rank, kept.dims), TP_I64);
    }
    return tp_give(ctx, 0, tp_call2(&tp_op_pick_adjoint, g, indices, &target));
}

tp_status tp_chosen_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    (void)g;
    const tp_choice *c = tp_ctx_attributes(ctx);
    const tp_var up = tp_ctx_upstream(ctx, 0);
    if (!tp_ok(up)) return ctx->tape->error.status;
    bool accumulate;
    tp_tensor *to = tp_ctx_grad(ctx, 0, &accumulate);
    if (!to) return tp_tape_status(ctx->tape);
    if (!accumulate) tp_fill(to->count, (tp_dtype)to->dtype, to->data, 0);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *indices = tp_ctx_output(ctx, 1);
    const tp_picks picks = {.axis = c->axis, .skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (indices->rank == 0) { /* two scalars */
        char *at = to->data + (int64_t)tp_get(TP_F64, indices->data) * (int64_t)tp_dtype_size((tp_dtype)to->dtype);
        tp_put((tp_dtype)to->dtype, at, tp_get((tp_dtype)to->dtype, at) + tp_item(up));
        return TP_OK;
    }
    if (c->keep) return tp_pick_call(ctx, TP_PICK_ADD, &picks, to, indices, tp_value(up));
    tp_tensor views[2] = {*indices, *tp_value(up)}; /* with the axis back */
    for (int v = 0; v < 2; v++) {
        views[v].rank = x->rank;
        for (int i = x->rank - 1; i >= c->axis; i--) {
            const bool new = i == c->axis;
            views[v].dims[i] = new ? 1 : views[v].dims[i - 1];
            views[v].strides[i] = new ? 0 : views[v].strides[i - 1];
        }
    }
    return tp_pick_call(ctx, TP_PICK_ADD, &picks, to, &views[0], &views[1]);
}

tp_var tp_chosen_call(const tp_op *op, tp_var x, tp_choice choice, tp_var *indices)
{
    if (indices) *indices = tp_poison(x.tape);
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x), axis = tp_shape_axis(rank, choice.axis);
    char text[TP_SHAPE_TEXT];
    if (axis < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: axis %d of %s", op->name, choice.axis,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    choice.axis = axis;
    const int64_t n = tp_var_dims(x)[axis];
    if (choice.count < 0) choice.count = n;
    if (choice.count > n && choice.keep && choice.count != 1)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: %lld along axis %d of %s", op->name, (long long)choice.count, axis,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    tp_var results[2];
    tp_apply_all(op, &x, 1, &choice, results);
    if (indices) *indices = results[1];
    return results[0];
}
