/* Rotary positions: each pair of a row is turned by an angle that grows with the row's position.

       (a, b) -> (a cos theta - b sin theta, a sin theta + b cos theta),   theta = (first + t) base^(-2 i / d)

   A rotation is linear, and its adjoint is the rotation back. The angles' cosines and sines, made in double, are saved
   for the gradient. */
#include <math.h>

#include "ops/ops.h"

typedef struct attributes {
    double base;
    int64_t first;
    bool halves, back;
} attributes;

typedef struct saved {
    tp_tensor *cosines, *sines; /* (T, d / 2) */
} saved;

static tp_status rotary_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 2 || x->dims[x->rank - 1] % 2)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has no rows of pairs: needs (..., T, d) with an even d",
                           tp_tensor_text(text, x));
    if (!isfinite(a->base) || !(a->base > 0)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a base of %g", a->base);
    saved *kept = tp_ctx_save(ctx, sizeof *kept);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t dims[2] = {x->dims[x->rank - 2], x->dims[x->rank - 1] / 2};
    if (!kept || !(kept->cosines = tp_ctx_save_tensor(ctx, dtype, 2, dims)) ||
        !(kept->sines = tp_ctx_save_tensor(ctx, dtype, 2, dims)))
        return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, dtype, x->rank, x->dims);
}

static tp_status make_angles(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const saved *kept = tp_ctx_saved(ctx);
    const tp_dtype dtype = (tp_dtype)kept->cosines->dtype;
    const int64_t rows = kept->cosines->dims[0], pairs = kept->cosines->dims[1];
    tp_tensor *rates = tp_new_tensor(ctx->tape, TP_F64, 1, &pairs, ctx->op->name);
    if (!rates) return TP_E_MEMORY;
    double *rate = (void *)rates->data;
    const int64_t bytes = pairs * (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < pairs; i++) rate[i] = pow(a->base, -(double)i / (double)pairs);
    for (int64_t t = 0; t < rows; t++)
        ctx->tape->kernels->of[dtype]->attention->angles(
            pairs, kept->cosines->data + t * bytes, kept->sines->data + t * bytes, (double)a->first + (double)t, rate);
    tp_unref(ctx->tape, rates);
    return TP_OK;
}

/* out, which is dense, = x turned by the saved angles, or back. */
static void turn(tp_ctx *ctx, const tp_tensor *x, bool back, tp_tensor *out)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const saved *kept = tp_ctx_saved(ctx);
    const int last = x->rank - 1;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)x->dtype), width = x->dims[last], length = x->dims[last - 1];
    const int64_t rows = tp_shape_count(last, x->dims), bytes = width / 2 * size;
    const tp_attention_loops *loops = ctx->tape->kernels->of[x->dtype]->attention;
    for (int64_t row = 0; row < rows && width; row++) {
        int64_t at = 0, rest = row;
        for (int d = last - 1; d >= 0; d--) {
            at += rest % x->dims[d] * x->strides[d];
            rest /= x->dims[d];
        }
        const int64_t angle = row % length * bytes;
        loops->rotate(width / 2, a->halves, back, out->data + row * width * size, x->data + at * size, x->strides[last],
                      kept->cosines->data + angle, kept->sines->data + angle);
    }
}

static tp_status rotary_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_status status = make_angles(ctx);
    if (status == TP_OK) turn(ctx, tp_ctx_input(ctx, 0), a->back, tp_ctx_output(ctx, 0));
    return status;
}

static tp_status rotary_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    if (!grad) return TP_E_MEMORY;
    turn(ctx, g, !a->back, grad);
    return TP_OK;
}

static tp_status rotary_backward(tp_ctx *ctx, tp_var g)
{
    attributes a = *(const attributes *)tp_ctx_attributes(ctx);
    a.back = !a.back;
    return tp_give(ctx, 0, tp_call1(&tp_op_rotary, g, &a));
}

/* An element goes to the two places of its pair; a row is taken as a whole. */
static tp_status rotary_pattern(tp_ctx *ctx)
{
    return tp_pattern_along(ctx, 0, 1u << (tp_ctx_input(ctx, 0)->rank - 1));
}

const tp_op tp_op_rotary = {
    TP_OP_HEAD,
    .name = "rotary",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(attributes),
    .pattern = rotary_pattern,
    .shape = rotary_shape,
    .forward = rotary_forward,
    .backward = rotary_backward,
    .gradient = rotary_gradient,
    .text = {.formula =
                 "each pair (a, b) of row t becomes (a cos - b sin, a sin + b cos) of (first + t) base^(-2 i / d)",
             .derivative = "dx = g, turned back",
             .shapes = "x: (..., T, d), d even -> x's shape"}};

tp_var tp_rotary(tp_var x, double base, int64_t first, bool halves)
{
    return tp_call1(&tp_op_rotary, x, &(attributes){.base = base, .first = first, .halves = halves});
}
