/* Windows of an image as columns (unfold, or im2col), and columns added up into an image (fold, or col2im): each is the
   other's rule. For each channel and each place in the window, what lies there under all windows is one strided part of
   the image. */
#include <string.h>

#include "ops/ops.h"

typedef struct windows {
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    int64_t image[2], count[2]; /* height and width; windows along each */
} windows;

/* The windows 0 .. count-1 whose place k lies inside the image: from *first, this many. */
static int64_t inside(const windows *w, int axis, int64_t k, int64_t *first)
{
    const int64_t at = k * w->dilation[axis] - w->padding[axis], stride = w->stride[axis];
    const int64_t start = at < 0 ? (-at + stride - 1) / stride : 0;
    const int64_t room = w->image[axis] - at; /* windows at p stride with p stride < room fit */
    int64_t end = room <= 0 ? 0 : (room - 1) / stride + 1;
    if (end > w->count[axis]) end = w->count[axis];
    *first = start;
    return end > start ? end - start : 0;
}

/* Copies from the image (N, C, H, W) to the columns (N, C kh kw, windows), or adds the other way round. */
static void move(const tp_tape *tape, const windows *w, const tp_tensor *image, const tp_tensor *columns, bool adds)
{
    const int skip = image->rank == 3; /* no batch */
    /* of the channels and what follows them */
    const int64_t *const from = image->strides + (1 - skip), *const to = columns->strides + (1 - skip);
    const int64_t batch = skip ? 1 : image->dims[0], channels = image->dims[1 - skip];
    const int64_t places = w->kernel[0] * w->kernel[1], size = (int64_t)tp_dtype_size((tp_dtype)image->dtype);
    const int64_t from_strides[] = {skip ? 0 : image->strides[0], from[1] * w->stride[0], from[2] * w->stride[1]};
    const int64_t to_strides[] = {skip ? 0 : columns->strides[0], to[1] * w->count[1], to[1]};
    for (int64_t i = 0; i < channels * places; i++) {
        const int64_t c = i / places, ky = i % places / w->kernel[1], kx = i % w->kernel[1];
        int64_t y, x;
        const int64_t dims[] = {batch, inside(w, 0, ky, &y), inside(w, 1, kx, &x)};
        const int64_t row = y * w->stride[0] + ky * w->dilation[0] - w->padding[0];
        const int64_t column = x * w->stride[1] + kx * w->dilation[1] - w->padding[1];
        if (dims[1] == 0 || dims[2] == 0) continue;
        char *const a = image->data + (c * from[0] + row * from[1] + column * from[2]) * size;
        char *const b = columns->data + (i * to[0] + (y * w->count[1] + x) * to[1]) * size;
        if (adds)
            tp_add_into(tape->kernels, 3, dims, (tp_dtype)image->dtype, a, from_strides, b, to_strides);
        else
            tp_copy(3, dims, (tp_dtype)image->dtype, b, to_strides, (tp_dtype)image->dtype, a, from_strides);
    }
}

/* ---- unfold ---- */

static tp_status unfold_shape(tp_ctx *ctx)
{
    const windows *w = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int channel = x->rank - 3;
    int64_t dims[3];
    dims[0] = x->dims[0];
    bool good = !__builtin_mul_overflow(w->kernel[0], w->kernel[1], &dims[channel]) &&
                !__builtin_mul_overflow(dims[channel], x->dims[channel], &dims[channel]) &&
                !__builtin_mul_overflow(w->count[0], w->count[1], &dims[channel + 1]);
    if (!good) return tp_ctx_fail(ctx, TP_E_LIMIT, "the size overflows");
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 1, dims);
}

static tp_status unfold_forward(tp_ctx *ctx)
{
    const windows *w = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->count == 0) return TP_OK;
    if (w->padding[0] || w->padding[1]) tp_fill(out->count, (tp_dtype)out->dtype, out->data, 0);
    move(ctx->tape, w, tp_ctx_input(ctx, 0), out, false);
    return TP_OK;
}

static tp_status unfold_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_fold, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_unfold = {
    TP_OP_HEAD,
    .name = "unfold",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .attributes = sizeof(windows),
    .shape = unfold_shape,
    .forward = unfold_forward,
    .backward = unfold_backward,
    .text = {.formula = "y[n, (c, i, j), (p, q)] = x[n, c, p stride + i dilation - padding, q stride + ...], 0 outside",
             .derivative = "dx = g, folded",
             .shapes = "(N, C, H, W) -> (N, C kh kw, windows); N may be missing",
             .dtypes = "any; f32 and f64 carry a gradient"}};

/* ---- fold ---- */

static tp_status fold_shape(tp_ctx *ctx)
{
    const windows *w = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int channel = x->rank - 2;
    int64_t dims[4];
    dims[0] = x->dims[0];
    dims[channel] = x->dims[channel] / (w->kernel[0] * w->kernel[1]);
    dims[channel + 1] = w->image[0];
    dims[channel + 2] = w->image[1];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank + 1, dims);
}

static tp_status fold_forward(tp_ctx *ctx)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_fill(out->count, (tp_dtype)out->dtype, out->data, 0);
    if (tp_ctx_input(ctx, 0)->count) move(ctx->tape, tp_ctx_attributes(ctx), out, tp_ctx_input(ctx, 0), true);
    return TP_OK;
}

static tp_status fold_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_unfold, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_fold = {
    TP_OP_HEAD,
    .name = "fold",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .attributes = sizeof(windows),
    .shape = fold_shape,
    .forward = fold_forward,
    .backward = fold_backward,
    .text = {.formula = "zeros (N, C, H, W), with x[n, (c, i, j), (p, q)] added where unfold takes it from",
             .derivative = "dx = g, unfolded",
             .shapes = "(N, C kh kw, windows) -> (N, C, H, W); N may be missing"}};

/* ---- the calls ---- */

/* Works the options out; what is wrong with them, or NULL. */
static const char *read_windows(windows *w, const tp_window_options *o, int64_t height, int64_t width)
{
    if (!o) return "no options";
    w->image[0] = height, w->image[1] = width;
    for (int i = 0; i < 2; i++) {
        int64_t reach, room;
        w->kernel[i] = o->kernel[i];
        w->stride[i] = o->stride[i] ? o->stride[i] : 1;
        w->dilation[i] = o->dilation[i] ? o->dilation[i] : 1;
        w->padding[i] = o->padding[i];
        if (w->kernel[i] < 1 || w->stride[i] < 1 || w->dilation[i] < 1 || w->padding[i] < 0)
            return "kernel, stride and dilation must be positive, padding not negative";
        if (__builtin_mul_overflow(w->kernel[i] - 1, w->dilation[i], &reach) ||
            __builtin_mul_overflow(2, w->padding[i], &room) || __builtin_add_overflow(room, w->image[i], &room) ||
            room > INT64_MAX / 4 || w->stride[i] > INT64_MAX / 4 || reach > INT64_MAX / 4)
            return "the size overflows";
        if (reach >= room) return "the kernel is larger than the padded image";
        w->count[i] = (room - reach - 1) / w->stride[i] + 1;
    }
    return NULL;
}

static tp_var refuse_windows(tp_var x, const char *name, const windows *w, const char *why)
{
    char text[TP_SHAPE_TEXT];
    return tp_refuse(x.tape, TP_E_SHAPE, "tp_%s: %s: %s, kernel (%lld,%lld), image (%lld,%lld)", name,
                     tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)), why, (long long)w->kernel[0],
                     (long long)w->kernel[1], (long long)w->image[0], (long long)w->image[1]);
}

tp_var tp_unfold(tp_var x, const tp_window_options *options)
{
    if (!x.tape || !tp_check_operand(x.tape, "unfold", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    windows w = {.image = {0, 0}};
    if (rank != 3 && rank != 4) return refuse_windows(x, "unfold", &w, "not (N,C,H,W) or (C,H,W)");
    const char *why = read_windows(&w, options, dims[rank - 2], dims[rank - 1]);
    return why ? refuse_windows(x, "unfold", &w, why) : tp_record1(x.tape, &tp_op_unfold, x.node, &w);
}

tp_var tp_fold(tp_var x, int64_t height, int64_t width, const tp_window_options *options)
{
    if (!x.tape || !tp_check_operand(x.tape, "fold", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    windows w = {.image = {0, 0}};
    if (rank != 2 && rank != 3) return refuse_windows(x, "fold", &w, "not (N, C kh kw, windows) or (C kh kw, windows)");
    if (height < 0 || width < 0) return refuse_windows(x, "fold", &w, "a negative size");
    const char *why = read_windows(&w, options, height, width);
    if (why) return refuse_windows(x, "fold", &w, why);
    int64_t places, count;
    if (__builtin_mul_overflow(w.kernel[0], w.kernel[1], &places) || dims[rank - 2] % places)
        return refuse_windows(x, "fold", &w, "the rows are no multiple of the kernel");
    if (__builtin_mul_overflow(w.count[0], w.count[1], &count) || count != dims[rank - 1])
        return refuse_windows(x, "fold", &w, "there are not as many windows as columns");
    return tp_record1(x.tape, &tp_op_fold, x.node, &w);
}
