/* The shapes of convolutions: every check of a call, and the extents that the kernels want. */
#include "ops/conv.h"

#include <string.h>

/* dilation (k - 1) + 1: places from a kernel's first tap to its last. */
static bool reach_of(int64_t k, int64_t dilation, int64_t *reach)
{
    return !__builtin_mul_overflow(k - 1, dilation, reach) && !__builtin_add_overflow(*reach, 1, reach);
}

static tp_status misfit(tp_ctx *ctx, tp_status status, const char *why)
{
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT], c[TP_SHAPE_TEXT];
    const bool bias = tp_ctx_count(ctx) > 2;
    tp_tensor_text(a, tp_ctx_input(ctx, 0));
    tp_tensor_text(b, tp_ctx_input(ctx, 1));
    if (bias) tp_tensor_text(c, tp_ctx_input(ctx, 2));
    return tp_ctx_fail(ctx, status, "%s: x %s, weight %s%s%s", why, a, b, bias ? ", bias " : "", bias ? c : "");
}

/* The options of axis i of x, with their defaults, into the kernels' axis `at`. */
static tp_status options_of(tp_ctx *ctx, const tp_conv_options *o, int i, int at, tp_conv_shape *s)
{
    s->stride[at] = o->stride[i] ? o->stride[i] : 1;
    s->dilation[at] = o->dilation[i] ? o->dilation[i] : 1;
    s->padding[at] = o->padding[i];
    if (s->stride[at] > 0 && s->dilation[at] > 0 && s->padding[at] >= 0 && o->output_padding[i] >= 0) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_ARGUMENT, "stride %lld, padding %lld, dilation %lld, output padding %lld on axis %d",
                       (long long)o->stride[i], (long long)o->padding[i], (long long)o->dilation[i],
                       (long long)o->output_padding[i], i);
}

/* y = floor((x + 2 padding - reach) / stride) + 1 */
static tp_status extent_of_y(tp_ctx *ctx, tp_conv_shape *s, int i)
{
    int64_t reach, room;
    if (s->padding[i] > INT64_MAX / 4 || !reach_of(s->k[i], s->dilation[i], &reach) ||
        __builtin_add_overflow(s->x[i], 2 * s->padding[i], &room))
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    if (reach > room) return misfit(ctx, TP_E_SHAPE, "the kernel is larger than the padded x");
    s->y[i] = (room - reach) / s->stride[i] + 1;
    return TP_OK;
}

/* x = (y - 1) stride - 2 padding + reach + extra */
static tp_status extent_of_x(tp_ctx *ctx, tp_conv_shape *s, int i, int64_t extra)
{
    int64_t reach, x;
    const int64_t most = s->stride[i] > s->dilation[i] ? s->stride[i] : s->dilation[i];
    if (extra >= most)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "output padding %lld is not below stride %lld or dilation %lld",
                           (long long)extra, (long long)s->stride[i], (long long)s->dilation[i]);
    if (s->y[i] < 1) return misfit(ctx, TP_E_SHAPE, "x has an empty spatial axis");
    if (s->padding[i] > INT64_MAX / 4 || !reach_of(s->k[i], s->dilation[i], &reach) ||
        __builtin_mul_overflow(s->y[i] - 1, s->stride[i], &x) || __builtin_add_overflow(x, reach, &x) ||
        __builtin_add_overflow(x, extra, &x))
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    x -= 2 * s->padding[i];
    if (x < 1) return misfit(ctx, TP_E_SHAPE, "the padding leaves nothing");
    s->x[i] = x;
    return TP_OK;
}

/* Where the extents come from the attributes, no place that a kernel computes may wrap. */
static tp_status check_places(tp_ctx *ctx, const tp_conv_shape *s, int i)
{
    int64_t last, reach;
    const bool good = s->x[i] >= 0 && s->k[i] >= 0 && s->y[i] >= 0 &&
                      !__builtin_mul_overflow(s->y[i] > 0 ? s->y[i] - 1 : 0, s->stride[i], &last) &&
                      !__builtin_mul_overflow(s->k[i] > 0 ? s->k[i] - 1 : 0, s->dilation[i], &reach) &&
                      !__builtin_add_overflow(last, reach, &last) &&
                      !__builtin_add_overflow(last, s->padding[i], &last) && last <= INT64_MAX / 4 &&
                      s->stride[i] <= INT64_MAX / 4;
    return good ? TP_OK : misfit(ctx, TP_E_LIMIT, "the size overflows");
}

static tp_status spatial_axis(tp_ctx *ctx, tp_conv_part part, int i, int at, tp_conv_shape *s)
{
    const tp_conv_attributes *attributes = tp_ctx_attributes(ctx);
    const tp_conv_options *o = &attributes->options;
    const int64_t a = tp_ctx_input(ctx, 0)->dims[2 + i], b = tp_ctx_input(ctx, 1)->dims[2 + i];
    tp_status status = options_of(ctx, o, i, at, s);
    if (status != TP_OK) return status;
    if (part != TP_CONV_W && b < 1) return misfit(ctx, TP_E_SHAPE, "the kernel is empty");
    s->x[at] = part == TP_CONV_X ? attributes->size[i] : a;
    s->k[at] = part == TP_CONV_W ? attributes->size[i] : b;
    s->y[at] = part == TP_CONV_Y ? attributes->size[i] : (part == TP_CONV_X ? a : b);
    if (!attributes->sized)
        status = part == TP_CONV_Y ? extent_of_y(ctx, s, at) : extent_of_x(ctx, s, at, o->output_padding[i]);
    return status == TP_OK ? check_places(ctx, s, at) : status;
}

/* Channels: x has groups * in of them, y groups * out. */
static tp_status channels(tp_ctx *ctx, tp_conv_part part, tp_conv_shape *s, int64_t dims[5])
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    const int64_t groups = s->groups, of_weight = part == TP_CONV_Y ? b->dims[0] : a->dims[1];
    int64_t of_x = a->dims[1];
    if (part == TP_CONV_X && __builtin_mul_overflow(b->dims[1], groups, &of_x))
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    const int64_t of_y = part == TP_CONV_W ? b->dims[1] : of_weight;
    if (of_x % groups != 0 || of_y % groups != 0)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%lld groups do not divide %lld and %lld channels", (long long)groups,
                           (long long)of_x, (long long)of_y);
    s->batch = a->dims[0];
    s->in = of_x / groups;
    s->out = of_y / groups;
    bool fits = part == TP_CONV_W ? b->dims[0] == a->dims[0] : true;
    if (part == TP_CONV_Y) fits = b->dims[1] == s->in;
    if (part == TP_CONV_X) fits = b->dims[0] == a->dims[1];
    if (!fits) {
        char x[TP_SHAPE_TEXT], w[TP_SHAPE_TEXT];
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the channels do not fit: x %s, weight %s, %lld groups",
                           tp_tensor_text(x, a), tp_tensor_text(w, b), (long long)groups);
    }
    dims[0] = part == TP_CONV_W ? of_y : a->dims[0];
    dims[1] = part == TP_CONV_W ? s->in : (part == TP_CONV_X ? of_x : of_y);
    return TP_OK;
}

static tp_status operands(tp_ctx *ctx)
{
    const tp_conv_attributes *attributes = tp_ctx_attributes(ctx);
    const int n = tp_ctx_count(ctx);
    if (n < 2 || n > 3) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "takes 2 or 3 operands, not %d", n);
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    for (int i = 0; i < n; i++) {
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (tp_ctx_input(ctx, i)->dtype != a->dtype) return misfit(ctx, TP_E_DTYPE, "dtypes differ (use tp_cast)");
    }
    if (a->rank < 3 || a->rank > 5 || b->rank != a->rank ||
        (attributes->spatial && a->rank != attributes->spatial + 2)) {
        char x[TP_SHAPE_TEXT], w[TP_SHAPE_TEXT];
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s and weight %s must be of rank %s%d", tp_tensor_text(x, a),
                           tp_tensor_text(w, b), attributes->spatial ? "" : "3 to ",
                           attributes->spatial ? attributes->spatial + 2 : 5);
    }
    return TP_OK;
}

/* Options of axes that x does not have. */
static tp_status beyond(tp_ctx *ctx, const tp_conv_options *o, int spatial)
{
    for (int i = spatial; i < 3; i++)
        if (o->stride[i] || o->padding[i] || o->dilation[i] || o->output_padding[i])
            return tp_ctx_fail(ctx, TP_E_ARGUMENT, "options for axis %d of %d", i, spatial);
    return TP_OK;
}

tp_status tp_conv_shape_of(tp_ctx *ctx, tp_conv_part part, tp_conv_shape *s, int64_t dims[5])
{
    const tp_conv_attributes *attributes = tp_ctx_attributes(ctx);
    ctx->called = attributes->called;
    tp_status status = operands(ctx);
    if (status != TP_OK) return status;
    const int spatial = tp_ctx_input(ctx, 0)->rank - 2;
    *s = (tp_conv_shape){.x = {1, 1, 1}, .k = {1, 1, 1}, .y = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    s->groups = attributes->options.groups ? attributes->options.groups : 1;
    if (s->groups < 1) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%lld groups", (long long)s->groups);
    status = beyond(ctx, &attributes->options, spatial);
    if (status == TP_OK) status = channels(ctx, part, s, dims);
    for (int i = 0; i < spatial && status == TP_OK; i++) {
        const int at = i + 3 - spatial;
        status = spatial_axis(ctx, part, i, at, s);
        dims[2 + i] = part == TP_CONV_X ? s->x[at] : (part == TP_CONV_W ? s->k[at] : s->y[at]);
    }
    if (status != TP_OK || tp_ctx_count(ctx) == 2) return status;
    const tp_tensor *bias = tp_ctx_input(ctx, 2);
    if (bias->rank != 1 || bias->dims[0] != dims[1]) return misfit(ctx, TP_E_SHAPE, "the bias does not fit");
    return TP_OK;
}
