/* Elements chosen by a mask: set to a number (masked_fill), or taken out one after another (masked_select), whose rule
   puts them back among zeros (masked_place), and the other way round. */
#include "kernels/mask.h"

#include <string.h>

#include "ops/ops.h"

/* A mask is u8; a scalar is one when it is read as 0 or not. */
static tp_status check_mask(tp_ctx *ctx, int i)
{
    const tp_tensor *mask = tp_ctx_input(ctx, i);
    char text[TP_SHAPE_TEXT];
    if (mask->rank == 0 || mask->dtype == TP_U8) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_DTYPE, "the mask must be u8, not %s %s", tp_dtype_name((tp_dtype)mask->dtype),
                       tp_tensor_text(text, mask));
}

static void stretch(const tp_tensor *x, int rank, int64_t strides[TP_MAX_RANK])
{
    const int missing = rank - x->rank;
    for (int i = 0; i < rank; i++) strides[i] = i < missing || x->dims[i - missing] == 1 ? 0 : x->strides[i - missing];
}

/* ---- masked_fill ---- */

static tp_status fill_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *mask = tp_ctx_input(ctx, 1);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    const tp_status status = check_mask(ctx, 1);
    if (status != TP_OK) return status;
    tp_shape shape = {.rank = x->rank};
    memcpy(shape.dims, x->dims, sizeof shape.dims);
    if (!tp_shape_broadcast(&shape, mask->rank, mask->dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the mask %s does not broadcast with %s", tp_tensor_text(b, mask),
                           tp_tensor_text(a, x));
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, shape.rank, shape.dims);
}

static tp_status fill_forward(tp_ctx *ctx)
{
    const double value = *(const double *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *mask = tp_ctx_input(ctx, 1);
    tp_tensor *out = tp_ctx_output(ctx, 0), *wide = NULL;
    const tp_dtype dtype = (tp_dtype)out->dtype;
    int64_t strides[TP_MAX_RANK];
    if (out->count == 0) return TP_OK;
    stretch(x, out->rank, strides);
    tp_copy(out->rank, out->dims, dtype, out->data, out->strides, (tp_dtype)x->dtype, x->data, strides);
    if (mask->rank == 0) {
        if (tp_get((tp_dtype)mask->dtype, mask->data) != 0) tp_fill(out->count, dtype, out->data, value);
        return TP_OK;
    }
    if (!mask->dense || mask->count != out->count) {
        wide = tp_new_tensor(ctx->tape, TP_U8, out->rank, out->dims, "masked_fill");
        if (!wide) return TP_E_MEMORY;
        stretch(mask, out->rank, strides);
        tp_copy(out->rank, out->dims, TP_U8, wide->data, wide->strides, TP_U8, mask->data, strides);
        mask = wide;
    }
    tp_mask_fill(out->count, dtype, out->data, (const uint8_t *)mask->data, value);
    tp_done(ctx->tape, wide);
    return TP_OK;
}

/* dx = g, 0 where the number went */
static tp_status fill_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_masked_fill(g, tp_ctx_input_var(ctx, 1), 0));
}

const tp_op tp_op_masked_fill = {TP_OP_HEAD,
                                 .name = "masked_fill",
                                 .arity = 2,
                                 .structure = TP_ELEMENTWISE,
                                 .attributes = sizeof(double),
                                 .shape = fill_shape,
                                 .forward = fill_forward,
                                 .backward = fill_backward,
                                 .text = {.formula = "y = value where the mask is not 0, else x",
                                          .derivative = "dx = g where the mask is 0, else 0",
                                          .shapes = "x and mask broadcast",
                                          .dtypes = "x: any, mask: u8; f32 and f64 carry a gradient",
                                          .edges = "x is not looked at where it is masked: NaN there does no harm"}};

tp_var tp_masked_fill(tp_var x, tp_var mask, double value)
{
    return tp_call2(&tp_op_masked_fill, x, mask, &value);
}

/* ---- masked_select: x and mask have one shape by now ---- */

static tp_status select_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *mask = tp_ctx_dense(ctx, 1);
    if (!mask) return TP_E_MEMORY;
    const int64_t n = tp_mask_count(mask->count, (const uint8_t *)mask->data);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, 1, &n);
}

static tp_status check_count(tp_ctx *ctx, const tp_tensor *mask, int64_t count)
{
    const int64_t n = tp_mask_count(mask->count, (const uint8_t *)mask->data);
    if (n == count) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the mask chooses %lld elements, %lld when it was recorded", (long long)n,
                       (long long)count);
}

static tp_status select_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *mask = tp_ctx_dense(ctx, 1);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (!x || !mask) return TP_E_MEMORY;
    const tp_status status = check_count(ctx, mask, out->count);
    if (status == TP_OK) tp_mask_pack(x->count, (tp_dtype)x->dtype, out->data, x->data, (const uint8_t *)mask->data);
    return status;
}

static tp_status select_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call2(&tp_op_masked_place, g, tp_ctx_input_var(ctx, 1), NULL));
}

const tp_op tp_op_masked_select = {
    TP_OP_HEAD,
    .name = "masked_select",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .shape = select_shape,
    .forward = select_forward,
    .backward = select_backward,
    .text = {.formula = "the elements of x where the mask is not 0, one after another",
             .derivative = "dx = zeros, with g put back where it came from",
             .shapes = "x and mask broadcast -> (how many the mask chooses)",
             .dtypes = "x: any, mask: u8; f32 and f64 carry a gradient",
             .edges = "a mask that chooses none gives (0); replay fails when the number that it chooses has changed"}};

static tp_status place_shape(tp_ctx *ctx)
{
    const tp_tensor *mask = tp_ctx_input(ctx, 1);
    return tp_ctx_result(ctx, 0, (tp_dtype)tp_ctx_input(ctx, 0)->dtype, mask->rank, mask->dims);
}

static tp_status place_forward(tp_ctx *ctx)
{
    const tp_tensor *g = tp_ctx_dense(ctx, 0), *mask = tp_ctx_dense(ctx, 1);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (!g || !mask) return TP_E_MEMORY;
    const tp_status status = check_count(ctx, mask, g->count);
    if (status == TP_OK)
        tp_mask_spread(out->count, (tp_dtype)out->dtype, out->data, g->data, (const uint8_t *)mask->data);
    return status;
}

static tp_status place_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call2(&tp_op_masked_select, g, tp_ctx_input_var(ctx, 1), NULL));
}

const tp_op tp_op_masked_place = {
    TP_OP_HEAD,
    .name = "masked_place",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .shape = place_shape,
    .forward = place_forward,
    .backward = place_backward,
    .text = {.formula = "the next element of g where the mask is not 0, else 0 (inside masked_select's gradient)",
             .derivative = "dg = the chosen elements of the upstream gradient",
             .shapes = "g: (how many the mask chooses), mask -> the shape of mask"}};

/* Both in one shape that is no scalar. */
tp_var tp_masked_select(tp_var x, tp_var mask)
{
    tp_tape *tape = x.tape;
    if (!tape || !tp_check_operand(tape, "masked_select", x, 0)) return tp_poison(tape);
    if (!tp_check_operand(tape, "masked_select", mask, 1)) return tp_poison(tape);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    tp_shape shape = {.rank = tp_var_rank(x)};
    const int64_t *dims = tp_var_dims(x);
    for (int i = 0; i < shape.rank; i++) shape.dims[i] = dims[i];
    if (tp_var_dtype(mask) != TP_U8)
        return tp_refuse(tape, TP_E_DTYPE, "tp_masked_select: the mask must be u8, not %s %s",
                         tp_dtype_name(tp_var_dtype(mask)), tp_shape_text(b, tp_var_rank(mask), tp_var_dims(mask)));
    if (!tp_shape_broadcast(&shape, tp_var_rank(mask), tp_var_dims(mask)))
        return tp_refuse(tape, TP_E_SHAPE, "tp_masked_select: the mask %s does not broadcast with %s",
                         tp_shape_text(b, tp_var_rank(mask), tp_var_dims(mask)),
                         tp_shape_text(a, tp_var_rank(x), tp_var_dims(x)));
    if (!tp_shape_equal(tp_var_rank(x), tp_var_dims(x), shape.rank, shape.dims))
        x = tp_expand(x, shape.rank, shape.dims);
    if (!tp_shape_equal(tp_var_rank(mask), tp_var_dims(mask), shape.rank, shape.dims))
        mask = tp_expand(mask, shape.rank, shape.dims);
    return tp_call2(&tp_op_masked_select, x, mask, NULL);
}
