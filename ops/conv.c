/* Convolution, its adjoint by x (the transposed convolution) and its adjoint by the weight: each one's derivatives are
   the other two, so that there are derivatives of every order. See kernels/conv.h for the form that they share. */
#include <string.h>

#include "ops/conv.h"

/* conv: x, w -> y.  conv_transpose: y, w -> x.  conv_weight: x, y -> w. What operand is which part: */
static const tp_conv_part parts_of[TP_CONV_PARTS][2] = {
    [TP_CONV_Y] = {TP_CONV_X, TP_CONV_W},
    [TP_CONV_X] = {TP_CONV_Y, TP_CONV_W},
    [TP_CONV_W] = {TP_CONV_X, TP_CONV_Y},
};

static tp_status shape_of(tp_ctx *ctx, tp_conv_part part)
{
    tp_conv_shape s;
    int64_t dims[5];
    const tp_status status = tp_conv_shape_of(ctx, part, &s, dims);
    if (status != TP_OK) return status;
    tp_conv_shape *saved = tp_ctx_save(ctx, sizeof *saved);
    if (!saved) return TP_E_MEMORY;
    *saved = s;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, dims);
}

/* How `part` is computed; false when out of memory. */
static bool plan_of(tp_ctx *ctx, tp_conv_part part, tp_dtype dtype, bool bias, tp_conv_plan *plan)
{
    tp_tape *tape = ctx->tape;
    *plan = (tp_conv_plan){
        .kernels = tape->kernels, .s = tp_ctx_saved(ctx), .part = part, .dtype = dtype, .threads = tape->threads};
    return (tape->conv_cache || tp_conv_cache_make(&tape->conv_cache, &tape->memory)) &&
           tp_conv_prepare(plan, tape->conv_cache, bias);
}

/* Computes `part` into `out` from the other two, all of them dense. */
static tp_status run(tp_ctx *ctx, tp_conv_part part, tp_tensor *out, const tp_tensor *a, const tp_tensor *b,
                     const tp_tensor *bias)
{
    tp_tape *tape = ctx->tape;
    tp_conv_plan plan;
    tp_conv_call call = {.bias = bias ? bias->data : NULL};
    call.array[part] = out->data;
    call.array[parts_of[part][0]] = a->data;
    call.array[parts_of[part][1]] = b->data;
    if (!plan_of(ctx, part, (tp_dtype)out->dtype, bias != NULL, &plan))
        return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    const int64_t bytes = plan.workspace;
    tp_tensor *work = bytes ? tp_new_tensor(tape, TP_U8, 1, &bytes, ctx->op->name) : NULL;
    if (bytes && !work) return TP_E_MEMORY;
    tp_conv_run(&plan, &call, work ? work->data : NULL);
    if (work) tp_unref(tape, work);
    return TP_OK;
}

static tp_status forward(tp_ctx *ctx, tp_conv_part part)
{
    const tp_tensor *a = tp_ctx_dense(ctx, 0), *b = a ? tp_ctx_dense(ctx, 1) : NULL;
    const tp_tensor *bias = b && tp_ctx_count(ctx) > 2 ? tp_ctx_dense(ctx, 2) : NULL;
    if (!a || !b || (tp_ctx_count(ctx) > 2 && !bias)) return TP_E_MEMORY;
    return run(ctx, part, tp_ctx_output(ctx, 0), a, b, bias);
}

/* ---- rules ---- */

/* Operand i's gradient in numbers: the part that it is, from the other operand and g, which is the op's own part. */
static tp_status operand_gradient(tp_ctx *ctx, tp_conv_part own, int i, const tp_tensor *g)
{
    const tp_conv_part part = parts_of[own][i], other = parts_of[own][1 - i];
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    const tp_tensor *held = grad ? tp_ctx_dense(ctx, 1 - i) : NULL;
    if (!held) return TP_E_MEMORY;
    return parts_of[part][0] == other ? run(ctx, part, grad, held, g, NULL) : run(ctx, part, grad, g, held, NULL);
}

/* Every axis but the channels'. */
static const int64_t rest[4] = {0, 2, 3, 4};

static tp_status bias_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    tp_tensor *grad = tp_ctx_grad(ctx, 2, NULL);
    if (!grad) return TP_E_MEMORY;
    unsigned mask;
    tp_shape_axes(g->rank, g->rank - 1, rest, &mask);
    tp_reduce(ctx->tape->kernels, TP_FOLD_SUM, (tp_dtype)g->dtype, g->rank, g->dims, g->strides, g->data, mask,
              (tp_dtype)grad->dtype, grad->data, ctx->tape->threads);
    return TP_OK;
}

static tp_status gradient(tp_ctx *ctx, tp_conv_part own, const tp_tensor *upstream)
{
    tp_tensor *copy;
    const tp_tensor *g = tp_densely(ctx->tape, upstream, &copy);
    tp_status status = g ? TP_OK : TP_E_MEMORY;
    for (int i = 0; i < 2 && status == TP_OK; i++)
        if (tp_ctx_needs(ctx, i)) status = operand_gradient(ctx, own, i, g);
    if (status == TP_OK && tp_ctx_needs(ctx, 2)) status = bias_gradient(ctx, g);
    tp_done(ctx->tape, copy);
    return status;
}

/* The products that the rule computes, one after the other. */
static size_t workspace(tp_ctx *ctx, tp_conv_part own)
{
    const tp_dtype dtype = tp_tensor_dtype(tp_ctx_input(ctx, 0));
    int64_t most = 0;
    for (int i = 0; i < 2; i++) {
        tp_conv_plan plan;
        if (tp_ctx_needs(ctx, i) && plan_of(ctx, parts_of[own][i], dtype, false, &plan) && plan.workspace > most)
            most = plan.workspace;
    }
    return (size_t)most;
}

static const tp_op *const ops_of[TP_CONV_PARTS] = {
    [TP_CONV_Y] = &tp_op_conv, [TP_CONV_X] = &tp_op_conv_transpose, [TP_CONV_W] = &tp_op_conv_weight};

static tp_status backward(tp_ctx *ctx, tp_conv_part own, tp_var g)
{
    tp_conv_attributes attributes = *(const tp_conv_attributes *)tp_ctx_attributes(ctx);
    const tp_conv_shape s = *(const tp_conv_shape *)tp_ctx_saved(ctx);
    const int rank = tp_ctx_input(ctx, 0)->rank;
    attributes.called = NULL;
    attributes.sized = true;
    memset(attributes.options.output_padding, 0, sizeof attributes.options.output_padding);
    tp_status status = TP_OK;
    for (int i = 0; i < 2 && status == TP_OK; i++) {
        if (!tp_ctx_needs(ctx, i)) continue;
        const tp_conv_part part = parts_of[own][i], other = parts_of[own][1 - i];
        const int64_t *extents = part == TP_CONV_X ? s.x : (part == TP_CONV_W ? s.k : s.y);
        memcpy(attributes.size, extents + 5 - rank, sizeof(int64_t) * (size_t)(rank - 2));
        const tp_var held = tp_ctx_input_var(ctx, 1 - i);
        const tp_var inputs[2] = {parts_of[part][0] == other ? held : g, parts_of[part][0] == other ? g : held};
        status = tp_give(ctx, i, tp_apply(ops_of[part], inputs, 2, &attributes));
    }
    if (status == TP_OK && tp_ctx_needs(ctx, 2)) status = tp_give(ctx, 2, tp_sum_axes(g, rank - 1, rest, false));
    return status;
}

/* ---- patterns ---- */

/* Channels of x and of y: all of one group with all of it; where there are several groups, all with all. */
static tp_status pattern_of_image(tp_ctx *ctx, tp_conv_part part)
{
    const tp_conv_shape *s = tp_ctx_saved(ctx);
    const int rank = tp_ctx_input(ctx, 0)->rank;
    if (!tp_pattern_operand(ctx, 0)) return TP_OK;
    tp_status status = tp_pattern_mix(ctx, 1u << 1);
    for (int axis = 2; axis < rank && status == TP_OK; axis++) {
        const int i = axis + 3 - rank;
        const bool back = part == TP_CONV_X;
        const tp_window w = {back ? s->x[i] : s->y[i], s->k[i], s->stride[i], s->dilation[i], s->padding[i], back};
        status = tp_pattern_window(ctx, axis, &w);
    }
    return status == TP_OK ? tp_pattern_to(ctx, 0, NULL) : status;
}

/* Operand i follows the channels of the result by its axis `channels`; -1: it does not. */
static tp_status pattern_of_channels(tp_ctx *ctx, int i, int at, int channels)
{
    const int axes[5] = {at == 0 ? channels : -1, at == 1 ? channels : -1, -1, -1, -1};
    return tp_pattern_operand(ctx, i) ? tp_pattern_to(ctx, 0, axes) : TP_OK;
}

static tp_status pattern(tp_ctx *ctx, tp_conv_part part)
{
    const tp_conv_shape *s = tp_ctx_saved(ctx);
    if (part == TP_CONV_W) {
        const tp_status status = pattern_of_channels(ctx, 0, 1, s->groups == 1 ? 1 : -1);
        return status == TP_OK ? pattern_of_channels(ctx, 1, 0, 1) : status;
    }
    tp_status status = pattern_of_image(ctx, part);
    if (status == TP_OK) status = pattern_of_channels(ctx, 1, 1, part == TP_CONV_Y ? 0 : (s->groups == 1 ? 1 : -1));
    return status == TP_OK && tp_ctx_count(ctx) > 2 ? pattern_of_channels(ctx, 2, 1, 0) : status;
}

/* ---- descriptors ---- */

#define CLOSURES(name, part)                                                                                           \
    static tp_status name##_shape(tp_ctx *ctx)                                                                         \
    {                                                                                                                  \
        return shape_of(ctx, part);                                                                                    \
    }                                                                                                                  \
    static tp_status name##_forward(tp_ctx *ctx)                                                                       \
    {                                                                                                                  \
        return forward(ctx, part);                                                                                     \
    }                                                                                                                  \
    static tp_status name##_backward(tp_ctx *ctx, tp_var g)                                                            \
    {                                                                                                                  \
        return backward(ctx, part, g);                                                                                 \
    }                                                                                                                  \
    static tp_status name##_pattern(tp_ctx *ctx)                                                                       \
    {                                                                                                                  \
        return pattern(ctx, part);                                                                                     \
    }                                                                                                                  \
    static tp_status name##_gradient(tp_ctx *ctx, const tp_tensor *g)                                                  \
    {                                                                                                                  \
        return gradient(ctx, part, g);                                                                                 \
    }                                                                                                                  \
    static size_t name##_workspace(tp_ctx *ctx)                                                                        \
    {                                                                                                                  \
        return workspace(ctx, part);                                                                                   \
    }

CLOSURES(conv, TP_CONV_Y)
CLOSURES(transpose, TP_CONV_X)
CLOSURES(weight, TP_CONV_W)

const tp_op tp_op_conv = {
    TP_OP_HEAD,
    .name = "conv",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_conv_attributes),
    .pattern = conv_pattern,
    .shape = conv_shape,
    .forward = conv_forward,
    .backward = conv_backward,
    .gradient = conv_gradient,
    .jvp = tp_bilinear_jvp,
    .workspace = conv_workspace,
    .text = {.formula = "y[n, o, p] = b[o] + sum over i, t of x[n, i, stride p + dilation t - padding] w[o, i, t]",
             .derivative = "dx = the transposed convolution of g with w; dw = sum over n, p of x and g; db = sum of g",
             .shapes = "x: (N, C, X...), w: (O, C/groups, K...), b: (O) -> (N, O, Y...), one to three spatial axes",
             .edges = "places in the padding count as zero; an empty batch gives an empty result and zero gradients"}};

const tp_op tp_op_conv_transpose = {
    TP_OP_HEAD,
    .name = "conv_transpose",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_conv_attributes),
    .pattern = transpose_pattern,
    .shape = transpose_shape,
    .forward = transpose_forward,
    .backward = transpose_backward,
    .gradient = transpose_gradient,
    .jvp = tp_bilinear_jvp,
    .workspace = transpose_workspace,
    .text = {.formula = "y[n, o, q] = b[o] + sum over i, p, t with q = stride p + dilation t - padding of "
                        "x[n, i, p] w[i, o, t]",
             .derivative = "dx = the convolution of g with w; dw = sum over n, p of g and x; db = sum of g",
             .shapes = "x: (N, C, X...), w: (C, O/groups, K...), b: (O) -> (N, O, Y...), one to three spatial axes"}};

const tp_op tp_op_conv_weight = {
    TP_OP_HEAD,
    .name = "conv_weight",
    .arity = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_conv_attributes),
    .pattern = weight_pattern,
    .shape = weight_shape,
    .forward = weight_forward,
    .backward = weight_backward,
    .gradient = weight_gradient,
    .jvp = tp_bilinear_jvp,
    .workspace = weight_workspace,
    .text = {.formula = "w[o, i, t] = sum over n, p of x[n, i, stride p + dilation t - padding] y[n, o, p]",
             .derivative = "dx = the transposed convolution of y with g; dy = the convolution of x with g",
             .shapes = "x: (N, C, X...), y: (N, O, Y...) -> (O, C/groups, K...); the rule of convolutions"}};

/* ---- constructors ---- */

static tp_var call(const tp_op *op, const char *called, int spatial, const tp_var *inputs,
                   const tp_conv_options *options)
{
    tp_conv_attributes attributes = {.called = called, .spatial = spatial};
    if (options) attributes.options = *options;
    for (int i = 0; i < 3 && op == &tp_op_conv; i++)
        if (attributes.options.output_padding[i])
            return tp_refuse(inputs[0].tape, TP_E_ARGUMENT, "tp_%s: output padding is for tp_conv_transpose%dd", called,
                             spatial);
    return tp_apply(op, inputs, inputs[2].tape ? 3 : 2, &attributes);
}

#define CONV(op, spatial)                                                                                              \
    tp_var tp_##op##spatial##d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options)                   \
    {                                                                                                                  \
        return call(&tp_op_##op, #op #spatial "d", spatial, (tp_var[]){x, weight, bias}, options);                     \
    }
CONV(conv, 1)
CONV(conv, 2)
CONV(conv, 3)
CONV(conv_transpose, 1)
CONV(conv_transpose, 2)
CONV(conv_transpose, 3)
