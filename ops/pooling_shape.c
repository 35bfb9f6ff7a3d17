/* The shapes of pooling: every check of a call, and the extents that the kernels want. */
#include "ops/pooling.h"

static tp_status misfit(tp_ctx *ctx, tp_status status, const char *why)
{
    char text[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, status, "%s: x %s", why, tp_tensor_text(text, tp_ctx_input(ctx, 0)));
}

static tp_status options_of(tp_ctx *ctx, const tp_pool_options *o, int i, int at, tp_pool_shape *s)
{
    s->window[at] = o->window[i];
    s->stride[at] = o->stride[i] ? o->stride[i] : o->window[i];
    s->padding[at] = o->padding[i];
    s->dilation[at] = o->dilation[i] ? o->dilation[i] : 1;
    if (s->window[at] > 0 && s->stride[at] > 0 && s->padding[at] >= 0 && s->padding[at] <= s->window[at] / 2 &&
        s->dilation[at] > 0 && s->stride[at] <= INT64_MAX / 4)
        return TP_OK;
    return tp_ctx_fail(ctx, TP_E_ARGUMENT,
                       "window %lld, stride %lld, padding %lld (at most half of the window), dilation %lld on axis %d",
                       (long long)o->window[i], (long long)o->stride[i], (long long)o->padding[i],
                       (long long)o->dilation[i], i);
}

static tp_status axis_of(tp_ctx *ctx, bool ceil, int i, tp_pool_shape *s)
{
    int64_t reach, room;
    if (__builtin_mul_overflow(s->window[i] - 1, s->dilation[i], &reach) ||
        __builtin_add_overflow(s->x[i], 2 * s->padding[i], &room) || reach > INT64_MAX / 4 || room > INT64_MAX / 4)
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    if (reach >= room) return misfit(ctx, TP_E_SHAPE, "the window is larger than the padded x");
    const int64_t left = room - reach - 1, stride = s->stride[i];
    s->y[i] = left / stride + 1;
    if (ceil && left % stride && s->y[i] * stride < s->x[i] + s->padding[i]) s->y[i]++;
    return TP_OK;
}

static tp_status adaptive_axis(tp_ctx *ctx, const tp_pool_options *o, int i, int at, tp_pool_shape *s)
{
    int64_t product;
    s->y[at] = o->window[i];
    if (s->y[at] < 1) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "size %lld on axis %d", (long long)s->y[at], i);
    if (s->y[at] > INT64_MAX / 4 || __builtin_mul_overflow(s->y[at] + 1, s->x[at], &product) || product > INT64_MAX / 4)
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    return TP_OK;
}

tp_status tp_pool_shape_of(tp_ctx *ctx, bool back, tp_pool_shape *s)
{
    const tp_pool_attributes *attributes = tp_ctx_attributes(ctx);
    const tp_pool_options *o = &attributes->options;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int spatial = x->rank - 2;
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (spatial < 1 || spatial > 3 || (attributes->spatial && spatial != attributes->spatial))
        return misfit(ctx, TP_E_SHAPE, "the rank must be 2 and the spatial axes");
    *s = (tp_pool_shape){.planes = x->dims[0] * x->dims[1],
                         .x = {1, 1, 1},
                         .y = {1, 1, 1},
                         .window = {1, 1, 1},
                         .stride = {1, 1, 1},
                         .dilation = {1, 1, 1},
                         .adaptive = attributes->adaptive,
                         .exclude_padding = o->exclude_padding,
                         .divisor = o->divisor};
    if (o->divisor < 0) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "divisor %lld", (long long)o->divisor);
    for (int i = 0; i < 3; i++) {
        const int at = i + 3 - spatial;
        if (i >= spatial && (o->window[i] || o->stride[i] || o->padding[i] || o->dilation[i]))
            return tp_ctx_fail(ctx, TP_E_ARGUMENT, "options for axis %d of %d", i, spatial);
        if (i >= spatial) continue;
        s->x[at] = back ? attributes->size[i] : x->dims[2 + i];
        if (s->x[at] < 1) return misfit(ctx, TP_E_SHAPE, "a spatial axis is empty");
        tp_status status = attributes->adaptive ? adaptive_axis(ctx, o, i, at, s) : options_of(ctx, o, i, at, s);
        if (status == TP_OK && !attributes->adaptive) status = axis_of(ctx, o->ceil_mode, at, s);
        if (status != TP_OK) return status;
        if (back && s->y[at] != x->dims[2 + i]) return misfit(ctx, TP_E_SHAPE, "not the shape of the result");
    }
    return TP_OK;
}
