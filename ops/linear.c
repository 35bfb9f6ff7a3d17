/* A fully connected layer as one node:  y = x W^T + b,  dx = g W,  dW = g^T x,  db = sum of g over the rows; and with
   an elementwise row behind it:  y = a(x W^T + b), where g is multiplied by the row's slope first. */
#include <string.h>

#include "ops/ops.h"

static tp_status misfit(tp_ctx *ctx, const tp_tensor *x, const tp_tensor *w, const tp_tensor *b)
{
    char tx[TP_SHAPE_TEXT], tw[TP_SHAPE_TEXT], tb[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes do not fit: x %s, weight %s%s%s", tp_tensor_text(tx, x),
                       tp_tensor_text(tw, w), b ? ", bias " : "", b ? tp_tensor_text(tb, b) : "");
}

static tp_status linear_shape(tp_ctx *ctx)
{
    if (tp_ctx_count(ctx) < 2 || tp_ctx_count(ctx) > 3)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "takes 2 or 3 operands, not %d", tp_ctx_count(ctx));
    const tp_tensor *x = tp_ctx_input(ctx, 0), *w = tp_ctx_input(ctx, 1);
    const tp_tensor *b = tp_ctx_count(ctx) > 2 ? tp_ctx_input(ctx, 2) : NULL;
    if (x->rank < 1 || w->rank != 2 || x->dims[x->rank - 1] != w->dims[1]) return misfit(ctx, x, w, b);
    if (b && (b->rank != 1 || b->dims[0] != w->dims[0])) return misfit(ctx, x, w, b);
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
    }
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = w->dims[0];
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, dims);
}

/* x or its upstream gradient as one matrix: element (i, j) at data[i row + j col]. */
typedef struct rows {
    const tp_tensor *tensor;
    tp_tensor *copy; /* where strides do not allow it */
    int64_t row, col, count;
} rows;

static bool rows_of(tp_tape *tape, const tp_tensor *x, rows *r)
{
    const int last = x->rank - 1;
    const int64_t flat[2] = {tp_shape_count(last, x->dims), x->dims[last]};
    int64_t strides[2];
    r->copy = NULL;
    r->tensor = x;
    r->count = flat[0];
    if (x->rank == 1) {
        r->row = 0, r->col = x->strides[0];
    } else if (x->rank == 2) {
        r->row = x->strides[0], r->col = x->strides[1];
    } else if (tp_shape_reshape(x->rank, x->dims, x->strides, 2, flat, strides)) {
        r->row = strides[0], r->col = strides[1];
    } else {
        r->tensor = tp_densely(tape, x, &r->copy);
        r->row = flat[1], r->col = 1;
    }
    return r->tensor != NULL;
}

static tp_status product(tp_ctx *ctx, tp_tensor *out)
{
    const tp_tensor *w = tp_ctx_input(ctx, 1);
    const tp_tensor *b = tp_ctx_count(ctx) > 2 ? tp_ctx_input(ctx, 2) : NULL;
    const tp_dtype dtype = (tp_dtype)out->dtype;
    rows x;
    if (!rows_of(ctx->tape, tp_ctx_input(ctx, 0), &x)) return TP_E_MEMORY;
    const int64_t n = w->dims[0], count = x.count;
    if (b) { /* every row starts as the bias, and the product is added to it */
        const int64_t dims[2] = {count, n}, to[2] = {n, 1}, from[2] = {0, b->strides[0]};
        tp_copy(2, dims, dtype, out->data, to, dtype, b->data, from);
    }
    const tp_gemm_args args = {count,         n,         w->dims[1], x.tensor->data,
                               x.row,         x.col,     w->data,    w->strides[1],
                               w->strides[0], out->data, n,          b != NULL};
    const tp_status status = tp_multiply(ctx->tape, dtype, &args);
    tp_done(ctx->tape, x.copy);
    return status;
}

static tp_status linear_forward(tp_ctx *ctx)
{
    return product(ctx, tp_ctx_output(ctx, 0));
}

static tp_status bias_gradient(tp_ctx *ctx, const rows *g, int64_t n)
{
    bool add;
    tp_tensor *grad = tp_ctx_grad(ctx, 2, &add);
    if (!grad) return TP_E_MEMORY;
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    tp_tensor *sums = add ? tp_new_tensor(ctx->tape, dtype, 1, &n, "linear") : grad;
    if (!sums) return TP_E_MEMORY;
    const int64_t dims[2] = {g->count, n}, strides[2] = {g->row, g->col};
    tp_reduce(ctx->tape->kernels, TP_FOLD_SUM, dtype, 2, dims, strides, g->tensor->data, 1, dtype, sums->data,
              ctx->tape->threads);
    if (!add) return TP_OK;
    ctx->tape->kernels->of[dtype]->add(n, grad->data, sums->data);
    tp_unref(ctx->tape, sums);
    return TP_OK;
}

static tp_status gradients(tp_ctx *ctx, const rows *x, const rows *g)
{
    const tp_tensor *w = tp_ctx_input(ctx, 1);
    const int64_t n = w->dims[0], k = w->dims[1];
    const tp_dtype dtype = (tp_dtype)w->dtype;
    bool add;
    if (tp_ctx_needs(ctx, 0)) {
        tp_tensor *grad = tp_ctx_grad(ctx, 0, &add);
        if (!grad) return TP_E_MEMORY;
        const tp_gemm_args args = {
            g->count, k, n, g->tensor->data, g->row, g->col, w->data, w->strides[0], w->strides[1], grad->data, k, add};
        if (tp_multiply(ctx->tape, dtype, &args) != TP_OK) return TP_E_MEMORY;
    }
    if (tp_ctx_needs(ctx, 1)) {
        tp_tensor *grad = tp_ctx_grad(ctx, 1, &add);
        if (!grad) return TP_E_MEMORY;
        const tp_gemm_args args = {
            n, k, g->count, g->tensor->data, g->col, g->row, x->tensor->data, x->row, x->col, grad->data, k, add};
        if (tp_multiply(ctx->tape, dtype, &args) != TP_OK) return TP_E_MEMORY;
    }
    return tp_ctx_needs(ctx, 2) ? bias_gradient(ctx, g, n) : TP_OK;
}

static tp_status linear_gradient(tp_ctx *ctx, const tp_tensor *upstream)
{
    rows x, g;
    if (!rows_of(ctx->tape, tp_ctx_input(ctx, 0), &x)) return TP_E_MEMORY;
    tp_status status = TP_E_MEMORY;
    if (rows_of(ctx->tape, upstream, &g)) {
        status = gradients(ctx, &x, &g);
        tp_done(ctx->tape, g.copy);
    }
    tp_done(ctx->tape, x.copy);
    return status;
}

/* The batch dims of x and g are flattened, so that the weight's gradient is one product. */
static tp_status linear_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *w = tp_ctx_input(ctx, 1);
    const int64_t n = w->dims[0], k = w->dims[1], count = tp_shape_count(x->rank - 1, x->dims);
    const tp_var flat_g = tp_reshape(g, 2, (const int64_t[]){count, n});
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) status = tp_give(ctx, 0, tp_matmul(g, tp_ctx_input_var(ctx, 1)));
    if (status == TP_OK && tp_ctx_needs(ctx, 1)) {
        const tp_var flat_x = tp_reshape(tp_ctx_input_var(ctx, 0), 2, (const int64_t[]){count, k});
        status = tp_give(ctx, 1, tp_matmul(tp_transpose(flat_g, 0, 1), flat_x));
    }
    if (status == TP_OK && tp_ctx_needs(ctx, 2)) status = tp_give(ctx, 2, tp_sum_axes(flat_g, TP_AXES(0), false));
    return status;
}

/* A row of x to its row of the result, a row of W and an element of b to their column. */
static tp_status linear_pattern(tp_ctx *ctx)
{
    const int last = tp_ctx_output(ctx, 0)->rank - 1;
    int axes[TP_MAX_RANK];
    for (int d = 0; d < TP_MAX_RANK; d++) axes[d] = d == last ? 0 : -1;
    tp_status status = tp_pattern_batch(ctx, 0, 1, 0, 1);
    for (int i = 1; i < tp_ctx_count(ctx) && status == TP_OK; i++)
        if (tp_pattern_operand(ctx, i)) status = tp_pattern_to(ctx, 0, axes);
    return status;
}

const tp_op tp_op_linear = {TP_OP_HEAD,
                            .name = "linear",
                            .arity = TP_VARIADIC,
                            .structure = TP_DENSE,
                            .pattern = linear_pattern,
                            .scratch = -1,
                            .shape = linear_shape,
                            .forward = linear_forward,
                            .backward = linear_backward,
                            .gradient = linear_gradient,
                            .jvp = tp_bilinear_jvp,
                            .text = {.formula = "y = x weight^T + bias",
                                     .derivative = "dx = g weight, dweight = g^T x, dbias = sum of g over the rows",
                                     .shapes = "x: (..., in), weight: (out, in), bias: (out) or none -> (..., out)",
                                     .edges = "in = 0 gives the bias."}};

tp_var tp_linear(tp_var x, tp_var weight, tp_var bias)
{
    const tp_var inputs[] = {x, weight, bias};
    return tp_apply(&tp_op_linear, inputs, bias.tape ? 3 : 2, NULL);
}

/* ---- with an activation: its slope follows from the result, or from what was kept of before it ---- */

typedef struct activated {
    const tp_op *row;
    bool keeps; /* the slope reads the row's operand, which is kept */
} activated;

static const activated activations[] = {
    [TP_RELU] = {&tp_op_relu, false},
    [TP_SIGMOID] = {&tp_op_sigmoid, false},
    [TP_TANH] = {&tp_op_tanh, false},
    [TP_GELU] = {&tp_op_gelu, true},
};

typedef struct saved {
    tp_tensor *sums; /* x W^T + b */
} saved;

static const activated *activated_of(tp_ctx *ctx)
{
    return &activations[*(const tp_linear_activation *)tp_ctx_attributes(ctx)];
}

static const tp_row_loops *loops_of(tp_ctx *ctx, const tp_tensor *x)
{
    return &ctx->tape->kernels->of[x->dtype]->rows[activated_of(ctx)->row->row->index];
}

/* What the row was applied to; where that is not kept, the result, which is as good for its slope. */
static tp_tensor *before(tp_ctx *ctx)
{
    return activated_of(ctx)->keeps ? ((saved *)tp_ctx_saved(ctx))->sums : tp_ctx_output(ctx, 0);
}

static tp_status activated_shape(tp_ctx *ctx)
{
    const tp_status status = linear_shape(ctx);
    if (status != TP_OK || !activated_of(ctx)->keeps) return status;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = tp_ctx_input(ctx, 1)->dims[0];
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (s) s->sums = tp_ctx_save_tensor(ctx, (tp_dtype)x->dtype, x->rank, dims);
    return s && s->sums ? TP_OK : TP_E_MEMORY;
}

static tp_status activated_forward(tp_ctx *ctx)
{
    tp_tensor *out = tp_ctx_output(ctx, 0), *h = before(ctx);
    const tp_status status = product(ctx, h);
    if (status == TP_OK)
        loops_of(ctx, out)->value(out->count, out->data, (const void *[TP_IN_COUNT]){[TP_IN_X] = h->data});
    return status;
}

static tp_status activated_gradient(tp_ctx *ctx, const tp_tensor *upstream)
{
    const tp_tensor *y = tp_ctx_output(ctx, 0);
    tp_tensor *copy, *h = tp_new_tensor(ctx->tape, (tp_dtype)y->dtype, y->rank, y->dims, ctx->op->name);
    const tp_tensor *g = h ? tp_densely(ctx->tape, upstream, &copy) : NULL;
    tp_status status = TP_E_MEMORY;
    if (g) {
        const void *in[TP_IN_COUNT] = {[TP_IN_X] = before(ctx)->data, [TP_IN_Y] = y->data, [TP_IN_G] = g->data};
        loops_of(ctx, y)->slope[0](y->count, h->data, in);
        tp_done(ctx->tape, copy);
        status = linear_gradient(ctx, h);
    }
    tp_done(ctx->tape, h);
    return status;
}

/* g a'(x W^T + b), recorded. What was kept is no node: the layer is recorded anew where the slope reads it. */
static tp_var through_activation(tp_ctx *ctx, tp_var g)
{
    const tp_var y = tp_ctx_output_var(ctx, 0), bias = tp_ctx_count(ctx) > 2 ? tp_ctx_input_var(ctx, 2) : tp_none();
    const tp_var x = activated_of(ctx)->keeps ? tp_linear(tp_ctx_input_var(ctx, 0), tp_ctx_input_var(ctx, 1), bias) : y;
    return activated_of(ctx)->row->row->recorded[0](g, &x, y, NULL);
}

static tp_status activated_backward(tp_ctx *ctx, tp_var g)
{
    return linear_backward(ctx, through_activation(ctx, g));
}

static tp_status activated_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    tp_var sums;
    const tp_status status = tp_bilinear_jvp_of(ctx, &tp_op_linear, NULL, operands, &sums);
    if (status == TP_OK) results[0] = through_activation(ctx, sums);
    return tp_tape_status(ctx->tape);
}

const tp_op tp_op_linear_activated = {
    TP_OP_HEAD,
    .name = "linear_activated",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_linear_activation),
    .pattern = linear_pattern,
    .shape = activated_shape,
    .forward = activated_forward,
    .backward = activated_backward,
    .gradient = activated_gradient,
    .jvp = activated_jvp,
    .text = {.formula = "y = a(x weight^T + bias), a one of relu, sigmoid, tanh, gelu",
             .derivative =
                 "with h = g a'(x weight^T + bias): dx = h weight, dweight = h^T x, dbias = sum of h over the "
                 "rows",
             .shapes = "x: (..., in), weight: (out, in), bias: (out) or none -> (..., out)",
             .edges = "The bits of tp_linear with the activation behind it."}};

tp_var tp_linear_activated(tp_var x, tp_var weight, tp_var bias, tp_linear_activation activation)
{
    const tp_var inputs[] = {x, weight, bias};
    if ((unsigned)activation >= sizeof activations / sizeof *activations)
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_linear_activated: there is no activation %d", (int)activation);
    return tp_apply(&tp_op_linear_activated, inputs, bias.tape ? 3 : 2, &activation);
}
