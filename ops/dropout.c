/* Dropout: each element, or each channel as a whole, becomes 0 with probability p, and is divided by 1 - p otherwise.
   No mask is kept: it is a function of the node's generator, and is drawn again where it is needed. Dropout is linear
   in x, so its gradient is the same dropout, by the same numbers. */
#include <math.h>

#include "ops/dropout.h"

typedef struct attributes {
    double p;
    bool by_channel;
    tp_rng *rng; /* in the saved context of the node whose mask this is: its own, or the one whose gradient it is */
} attributes;

static tp_status dropout_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (!(a->p >= 0 && a->p <= 1)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "p is %g, not in [0, 1]", a->p);
    if (a->by_channel && x->rank < 2)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has no channels: needs (N, C, ...)", tp_tensor_text(text, x));
    if (!a->rng && !(((attributes *)tp_ctx_attributes(ctx))->rng = tp_ctx_save(ctx, sizeof(tp_rng))))
        return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

static void drop_runs(tp_ctx *ctx, double p, tp_rng *rng, int64_t run, const tp_tensor *x, tp_tensor *out)
{
    const double scale = p < 1 ? 1 / (1 - p) : 0;
    const tp_rng by = tp_ctx_rng(ctx, rng);
    if (x->count)
        ctx->tape->kernels->random->dropout[x->dtype]((tp_stream){by.seed, by.stream}, x->count / run, run, out->data,
                                                      x->data, (uint64_t)ceil(p * 0x1p32), scale);
}

void tp_drop(tp_ctx *ctx, double p, tp_rng *rng, const tp_tensor *x, tp_tensor *out)
{
    drop_runs(ctx, p, rng, 1, x, out);
}

static void drop(tp_ctx *ctx, const tp_tensor *x, tp_tensor *out)
{
    const attributes *a = tp_ctx_attributes(ctx);
    drop_runs(ctx, a->p, a->rng, a->by_channel ? tp_shape_count(x->rank - 2, x->dims + 2) : 1, x, out);
}

static tp_status dropout_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    drop(ctx, x, tp_ctx_output(ctx, 0));
    return TP_OK;
}

static tp_status dropout_gradient(tp_ctx *ctx, const tp_tensor *upstream)
{
    tp_tensor *copy = NULL, *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *g = grad ? tp_densely(ctx->tape, upstream, &copy) : NULL;
    if (!g) return TP_E_MEMORY;
    drop(ctx, g, grad);
    tp_done(ctx->tape, copy);
    return TP_OK;
}

static tp_status dropout_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_dropout, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_dropout = {
    TP_OP_HEAD,
    .name = "dropout",
    .arity = 1,
    .structure = TP_ELEMENTWISE,
    .flags = TP_LINEAR,
    .attributes = sizeof(attributes),
    .shape = dropout_shape,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .gradient = dropout_gradient,
    .text = {.formula = "0 with probability p, else x / (1 - p); whole channels at once in tp_dropout_channels",
             .derivative = "dx = g / (1 - p) where x was kept, else 0",
             .shapes = "x: any shape, (N, C, ...) by channel -> x's shape",
             .edges =
                 "p = 1: all 0; an element that is dropped gives 0 even if it is NaN or Inf; replay repeats the mask"}};

tp_var tp_dropout(tp_var x, double p)
{
    return tp_call1(&tp_op_dropout, x, &(attributes){.p = p});
}

tp_var tp_dropout_channels(tp_var x, double p)
{
    return tp_call1(&tp_op_dropout, x, &(attributes){.p = p, .by_channel = true});
}

tp_var tp_dropout_like(tp_var x, double p, tp_rng *rng)
{
    return tp_call1(&tp_op_dropout, x, &(attributes){.p = p, .rng = rng});
}
