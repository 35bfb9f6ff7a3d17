/* Softmax of rows of which some elements are left out: attention's weights.

       y = softmax(scale x + mask),   dx = scale y (g - sum g y),   dmask = y (g - sum g y)

   A mask of u8 leaves out what it has 0 at; a float one is added. A row of which nothing is left is 0, and so is its
   gradient. */
#include "ops/masked_softmax.h"

#include <math.h>
#include <string.h>

tp_status tp_mask_check(tp_ctx *ctx, int i, tp_dtype dtype, int rank, const int64_t *dims)
{
    if (i == 0) return TP_OK;
    const tp_tensor *mask = tp_ctx_input(ctx, i);
    char got[TP_SHAPE_TEXT], want[TP_SHAPE_TEXT];
    tp_shape shape = {.rank = rank};
    memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
    if (mask->dtype != TP_U8 && mask->dtype != dtype)
        return tp_ctx_fail(ctx, TP_E_DTYPE, "a mask of %s: needs u8, or %s to be added",
                           tp_dtype_name((tp_dtype)mask->dtype), tp_dtype_name(dtype));
    if (mask->rank <= rank && tp_shape_broadcast(&shape, mask->rank, mask->dims) &&
        tp_shape_equal(rank, dims, shape.rank, shape.dims))
        return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "mask %s does not broadcast to the scores %s", tp_tensor_text(got, mask),
                       tp_shape_text(want, rank, dims));
}

tp_status tp_mask_rows_of(tp_ctx *ctx, int i, int rank, const int64_t *dims, tp_mask_rows *rows)
{
    *rows = (tp_mask_rows){0};
    if (i == 0) return TP_OK;
    const tp_tensor *mask = rows->mask = tp_ctx_dense(ctx, i);
    if (!mask) return TP_E_MEMORY;
    for (int k = 1; k <= mask->rank; k++)
        rows->strides[rank - k] = mask->dims[mask->rank - k] == 1 ? 0 : mask->strides[mask->rank - k];
    const int64_t n = dims[rank - 1];
    if (mask->rank > 0 && (mask->dims[mask->rank - 1] == n || mask->count == 0)) return TP_OK;
    rows->work = tp_new_tensor(ctx->tape, (tp_dtype)mask->dtype, 1, &n, ctx->op->name);
    return rows->work ? TP_OK : TP_E_MEMORY;
}

static const void *row_at(const tp_mask_rows *r, const tp_tensor *scores, int64_t row)
{
    if (!r->mask) return NULL;
    const tp_dtype dtype = (tp_dtype)r->mask->dtype;
    int64_t at = 0;
    for (int k = scores->rank - 2; k >= 0; k--) {
        at += row % scores->dims[k] * r->strides[k];
        row /= scores->dims[k];
    }
    const char *data = r->mask->data + at * (int64_t)tp_dtype_size(dtype);
    if (!r->work) return data;
    if (dtype == TP_U8)
        memset(r->work->data, *data, (size_t)r->work->count);
    else
        tp_fill(r->work->count, dtype, r->work->data, tp_get(dtype, data));
    return r->work->data;
}

void tp_masked_rows(tp_ctx *ctx, const tp_score_rule *rule, const tp_mask_rows *rows, const tp_tensor *scores,
                    tp_tensor *weights, int64_t first, int64_t count)
{
    const int64_t n = scores->dims[scores->rank - 1], columns = scores->dims[scores->rank - 2];
    const int64_t bytes = n * (int64_t)tp_dtype_size((tp_dtype)scores->dtype);
    const tp_attention_loops *loops = ctx->tape->kernels->of[scores->dtype]->attention;
    for (int64_t k = first; n && k < first + count; k++) {
        const int64_t seen = rule->causal && k % columns < n ? k % columns + 1 : n;
        const void *mask = row_at(rows, scores, k);
        const bool byte = rows->mask && rows->mask->dtype == TP_U8;
        loops->weights(n, seen, weights->data + k * bytes, scores->data + k * bytes, rule->scale, byte ? mask : NULL,
                       byte ? NULL : mask);
    }
}

static int mask_of(const tp_ctx *ctx)
{
    return tp_ctx_count(ctx) > 1 ? 1 : 0;
}

static tp_status masked_softmax_shape(tp_ctx *ctx)
{
    const tp_score_rule *rule = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 2) return tp_ctx_fail(ctx, TP_E_SHAPE, "scores %s have fewer than 2 dims", tp_tensor_text(text, x));
    if (!isfinite(rule->scale)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a scale of %g", rule->scale);
    const tp_status status = tp_mask_check(ctx, mask_of(ctx), (tp_dtype)x->dtype, x->rank, x->dims);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

static tp_status masked_softmax_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    tp_mask_rows rows;
    if (!x || tp_mask_rows_of(ctx, mask_of(ctx), x->rank, x->dims, &rows) != TP_OK) return TP_E_MEMORY;
    tp_masked_rows(ctx, tp_ctx_attributes(ctx), &rows, x, tp_ctx_output(ctx, 0), 0,
                   tp_shape_count(x->rank - 1, x->dims));
    tp_done(ctx->tape, rows.work);
    return TP_OK;
}

tp_var tp_softmax_slope(tp_var y, tp_var g)
{
    const tp_var dot = tp_sum_axes(tp_mul_masked(g, y), TP_AXES(-1), true);
    return tp_mul_masked(tp_sub(g, dot), y);
}

static tp_status masked_softmax_backward(tp_ctx *ctx, tp_var g)
{
    const tp_score_rule *rule = tp_ctx_attributes(ctx);
    const tp_var slope = tp_softmax_slope(tp_ctx_output_var(ctx, 0), g);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) status = tp_give(ctx, 0, tp_muls(slope, rule->scale));
    return status == TP_OK && tp_ctx_needs(ctx, 1) ? tp_give(ctx, 1, slope) : status;
}

static tp_status masked_softmax_pattern(tp_ctx *ctx)
{
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const int rank = tp_ctx_input(ctx, i)->rank;
        if (!tp_pattern_operand(ctx, i)) continue;
        tp_status status = tp_pattern_mix(ctx, rank ? 1u << (rank - 1) : 0);
        if (status == TP_OK) status = tp_pattern_to(ctx, 0, NULL);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

const tp_op tp_op_masked_softmax = {
    TP_OP_HEAD,
    .name = "masked_softmax",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_score_rule),
    .pattern = masked_softmax_pattern,
    .shape = masked_softmax_shape,
    .forward = masked_softmax_forward,
    .backward = masked_softmax_backward,
    .text = {.formula = "softmax(scale x + mask) along the last axis; a u8 mask leaves out what it has 0 at",
             .derivative = "dx = scale y (g - sum g y), dmask = y (g - sum g y)",
             .shapes = "x: (..., L, S), mask: broadcast to it -> x's shape",
             .dtypes = "f32, f64; the mask x's or u8",
             .edges = "a row of which nothing is left is 0, and so is its gradient"}};

tp_var tp_masked_softmax_by(tp_var scores, tp_var mask, const tp_score_rule *rule)
{
    const tp_var inputs[2] = {scores, mask};
    return tp_apply(&tp_op_masked_softmax, inputs, mask.tape ? 2 : 1, rule);
}

tp_var tp_masked_softmax(tp_var x, tp_var mask, bool causal, double scale)
{
    return tp_masked_softmax_by(x, mask, &(tp_score_rule){scale, causal});
}
