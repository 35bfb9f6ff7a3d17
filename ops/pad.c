/* A border around a tensor: of one number, or of its own elements reflected, repeated or continued in a circle.
   With a number, the rule is padding by the negative amounts, which crops. With its own elements, the rule folds the
   border back onto the elements it came from. */
#include <string.h>

#include "ops/ops.h"

typedef struct border {
    tp_pad_mode mode;
    double value;
    int64_t before[TP_MAX_RANK], after[TP_MAX_RANK];
} border;

static tp_status pad_shape(tp_ctx *ctx)
{
    const border *b = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK], offset = 0;
    bool crops = b->mode == TP_PAD_CONSTANT;
    for (int i = 0; i < x->rank; i++) {
        crops = crops && b->before[i] <= 0 && b->after[i] <= 0;
        offset -= b->before[i] * x->strides[i];
        dims[i] = x->dims[i] + b->before[i] + b->after[i];
    }
    return crops ? tp_ctx_result_view(ctx, x->rank, dims, x->strides, offset)
                 : tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, dims);
}

/* The element of 0 .. n-1 that stands at place p outside of them. */
static int64_t source(tp_pad_mode mode, int64_t p, int64_t n)
{
    if (mode == TP_PAD_REFLECT) return p < 0 ? -p : 2 * (n - 1) - p;
    if (mode == TP_PAD_REPLICATE) return p < 0 ? 0 : n - 1;
    return p < 0 ? p + n : p - n;
}

/* x goes to the middle of out, as much of it as there is room for. */
static void place(const border *b, const tp_tensor *x, tp_tensor *out)
{
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    int64_t dims[TP_MAX_RANK], from = 0, to = 0;
    for (int i = 0; i < x->rank; i++) {
        const int64_t start = b->before[i] < 0 ? -b->before[i] : 0, end = b->after[i] < 0 ? -b->after[i] : 0;
        dims[i] = x->dims[i] - start - end;
        if (dims[i] <= 0) return;
        from += start * x->strides[i];
        to += (b->before[i] > 0 ? b->before[i] : 0) * out->strides[i];
    }
    tp_copy(x->rank, dims, (tp_dtype)out->dtype, out->data + to * size, out->strides, (tp_dtype)x->dtype,
            x->data + from * size, x->strides);
}

/* Calls `move` with each slice of the border and the slice that it comes from, in `whole`: along axis 0, then 1, ...; a
   slice spans the axes that are done from end to end, and of those to come the middle. */
typedef void slice_move(const tp_kernels *kernels, int rank, const int64_t *dims, tp_dtype dtype, char *outer,
                        char *inner, const int64_t *strides);

static void along(const tp_kernels *kernels, const border *b, const tp_tensor *whole, int axis, slice_move *move)
{
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)whole->dtype), stride = whole->strides[axis];
    const int64_t n = whole->dims[axis] - b->before[axis] - b->after[axis];
    int64_t dims[TP_MAX_RANK], start = 0;
    for (int i = 0; i < whole->rank; i++) {
        dims[i] = i < axis ? whole->dims[i] : whole->dims[i] - b->before[i] - b->after[i];
        start += i < axis ? 0 : b->before[i] * whole->strides[i];
    }
    dims[axis] = 1;
    for (int64_t p = -b->before[axis]; p < n + b->after[axis]; p++) {
        if (p == 0) p = n;
        if (p == n + b->after[axis]) break;
        move(kernels, whole->rank, dims, (tp_dtype)whole->dtype, whole->data + (start + p * stride) * size,
             whole->data + (start + source(b->mode, p, n) * stride) * size, whole->strides);
    }
}

static void fill_slice(const tp_kernels *kernels, int rank, const int64_t *dims, tp_dtype dtype, char *outer,
                       char *inner, const int64_t *strides)
{
    (void)kernels;
    tp_copy(rank, dims, dtype, outer, strides, dtype, inner, strides);
}

static void fold_slice(const tp_kernels *kernels, int rank, const int64_t *dims, tp_dtype dtype, char *outer,
                       char *inner, const int64_t *strides)
{
    tp_add_into(kernels, rank, dims, dtype, inner, strides, outer, strides);
}

static tp_status pad_forward(tp_ctx *ctx)
{
    const border *b = tp_ctx_attributes(ctx);
    if (tp_ctx_is_view(ctx)) return TP_OK;
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (b->mode == TP_PAD_CONSTANT) tp_fill(out->count, (tp_dtype)out->dtype, out->data, b->value);
    if (out->count == 0) return TP_OK;
    place(b, tp_ctx_input(ctx, 0), out);
    for (int axis = 0; axis < out->rank && b->mode != TP_PAD_CONSTANT; axis++)
        along(ctx->tape->kernels, b, out, axis, fill_slice);
    return TP_OK;
}

static tp_status pad_backward(tp_ctx *ctx, tp_var g)
{
    const border *b = tp_ctx_attributes(ctx);
    if (b->mode != TP_PAD_CONSTANT) return tp_give(ctx, 0, tp_call1(&tp_op_pad_fold, g, b));
    border back = {.mode = TP_PAD_CONSTANT};
    for (int i = 0; i < TP_MAX_RANK; i++) {
        back.before[i] = -b->before[i];
        back.after[i] = -b->after[i];
    }
    return tp_give(ctx, 0, tp_call1(&tp_op_pad, g, &back));
}

/* A border of x's own elements moves with the op; a constant one depends on nothing. */
static tp_status pad_pattern(tp_ctx *ctx)
{
    const border *b = tp_ctx_attributes(ctx);
    if (b->mode != TP_PAD_CONSTANT) return tp_pattern_moved(ctx);
    if (!tp_pattern_operand(ctx, 0)) return TP_OK;
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_status status = TP_OK;
    for (int axis = 0; axis < out->rank && status == TP_OK; axis++) {
        const tp_window w = {
            .outputs = out->dims[axis], .size = 1, .stride = 1, .dilation = 1, .before = b->before[axis]};
        if (b->before[axis] || b->after[axis]) status = tp_pattern_window(ctx, axis, &w);
    }
    return status == TP_OK ? tp_pattern_to(ctx, 0, NULL) : status;
}

const tp_op tp_op_pad = {
    TP_OP_HEAD,
    .name = "pad",
    .arity = 1,
    .structure = TP_GATHER,
    .attributes = sizeof(border),
    .pattern = pad_pattern,
    .shape = pad_shape,
    .forward = pad_forward,
    .backward = pad_backward,
    .text = {.formula = "x with a border of a number, or of its own elements: reflected, repeated, in a circle",
             .derivative = "dx = g without the border, what came from x in it added where it came from",
             .shapes = "(d, ...) -> (before + d + after, ...)",
             .dtypes = "any; f32 and f64 carry a gradient",
             .edges = "negative amounts crop, with a number only; of crops alone it makes a view"}};

/* ---- the border folded back ---- */

static tp_status fold_shape(tp_ctx *ctx)
{
    const border *b = tp_ctx_attributes(ctx);
    const tp_tensor *g = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK];
    for (int i = 0; i < g->rank; i++) dims[i] = g->dims[i] - b->before[i] - b->after[i];
    return tp_ctx_result(ctx, 0, (tp_dtype)g->dtype, g->rank, dims);
}

static tp_status fold_forward(tp_ctx *ctx)
{
    const border *b = tp_ctx_attributes(ctx);
    const tp_tensor *g = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->count == 0) return TP_OK;
    tp_tensor *whole = tp_new_tensor(ctx->tape, (tp_dtype)g->dtype, g->rank, g->dims, "pad");
    if (!whole) return TP_E_MEMORY;
    tp_copy(g->rank, g->dims, (tp_dtype)g->dtype, whole->data, whole->strides, (tp_dtype)g->dtype, g->data, g->strides);
    for (int axis = g->rank - 1; axis >= 0; axis--) along(ctx->tape->kernels, b, whole, axis, fold_slice);
    border crop = {.mode = TP_PAD_CONSTANT};
    for (int i = 0; i < g->rank; i++) crop.before[i] = -b->before[i], crop.after[i] = -b->after[i];
    place(&crop, whole, out);
    tp_done(ctx->tape, whole);
    return TP_OK;
}

static tp_status fold_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_pad, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_pad_fold = {
    TP_OP_HEAD,
    .name = "pad_fold",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(border),
    .pattern = tp_pattern_moved,
    .shape = fold_shape,
    .forward = fold_forward,
    .backward = fold_backward,
    .text = {.formula = "the middle of g, with its border added where tp_pad took it from (inside its gradient)",
             .derivative = "dg = the upstream gradient, padded",
             .shapes = "(before + d + after, ...) -> (d, ...)"}};

/* ---- the call ---- */

/* Whether an axis of n elements can have this border. */
static bool possible(tp_pad_mode mode, int64_t n, int64_t before, int64_t after)
{
    int64_t dim;
    if (before < -n || after < -n) return false;
    if (__builtin_add_overflow(n, before, &dim) || __builtin_add_overflow(dim, after, &dim) || dim < 0) return false;
    if (mode == TP_PAD_CONSTANT) return true;
    const int64_t most = mode == TP_PAD_REFLECT ? n - 1 : (mode == TP_PAD_CIRCULAR || n == 0 ? n : INT64_MAX);
    return (before == 0 && after == 0) || (before >= 0 && after >= 0 && before <= most && after <= most);
}

tp_var tp_pad(tp_var x, int n, const int64_t *amounts, tp_pad_mode mode, double value)
{
    if (!x.tape || !tp_check_operand(x.tape, "pad", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    char text[TP_SHAPE_TEXT];
    if (n < 0 || n % 2 || n / 2 > rank || (n > 0 && !amounts) || (unsigned)mode > TP_PAD_CIRCULAR)
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_pad: %d amounts for %s, mode %d", n,
                         tp_shape_text(text, rank, tp_var_dims(x)), (int)mode);
    border b = {.mode = mode, .value = value};
    for (int i = 0; i < n / 2; i++) {
        const int axis = rank - n / 2 + i;
        b.before[axis] = amounts[2 * i];
        b.after[axis] = amounts[2 * i + 1];
        if (!possible(mode, tp_var_dims(x)[axis], b.before[axis], b.after[axis]))
            return tp_refuse(x.tape, TP_E_SHAPE, "tp_pad: %lld before and %lld after axis %d of %s in mode %d",
                             (long long)b.before[axis], (long long)b.after[axis], axis,
                             tp_shape_text(text, rank, tp_var_dims(x)), (int)mode);
    }
    return rank == 0 ? x : tp_record1(x.tape, &tp_op_pad, x.node, &b);
}
