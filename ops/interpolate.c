/* Interpolation. An axis is a table: for every position of the result a few places of x and their weights. The axes
   come one after another. It is linear in x: its rule is its adjoint, and the rule of that is the interpolation. */
#include <math.h>
#include <string.h>

#include "ops/interpolate.h"

typedef tp_interpolate_attributes attributes;

typedef struct extents {
    int axes;
    int64_t x[3], y[3];
} extents;

/* ---- shapes ---- */

static tp_status misfit(tp_ctx *ctx, tp_status status, const char *why)
{
    char text[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, status, "%s: x %s", why, tp_tensor_text(text, tp_ctx_input(ctx, 0)));
}

static tp_status axis_of(tp_ctx *ctx, const tp_interpolate_options *o, int i, extents *e)
{
    const bool sized = o->size[i] != 0, scaled = o->scale[i] != 0;
    if (e->x[i] < 1) return misfit(ctx, TP_E_SHAPE, "a spatial axis is empty");
    const double scaled_size = floor((double)e->x[i] * o->scale[i]);
    if (sized == scaled || o->size[i] < 0 || (scaled && !(scaled_size >= 1)) || (scaled && !isfinite(1 / o->scale[i])))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "size %lld and scale %g on axis %d: give one, for a size of at least 1",
                           (long long)o->size[i], o->scale[i], i);
    if (scaled_size > 0x1p52 || o->size[i] > INT64_C(1) << 52 || e->x[i] > INT64_C(1) << 52)
        return misfit(ctx, TP_E_LIMIT, "the size overflows");
    e->y[i] = sized ? o->size[i] : (int64_t)scaled_size;
    return TP_OK;
}

static tp_status check_options(tp_ctx *ctx, const tp_interpolate_options *o, int spatial)
{
    if ((unsigned)o->mode > TP_INTERPOLATE_CUBIC)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "there is no mode %d", (int)o->mode);
    if (o->align_corners && o->mode < TP_INTERPOLATE_LINEAR)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "align_corners is for linear and cubic interpolation");
    for (int i = spatial; i < 3; i++)
        if (o->size[i] || o->scale[i] != 0)
            return tp_ctx_fail(ctx, TP_E_ARGUMENT, "size or scale for axis %d of %d", i, spatial);
    return TP_OK;
}

/* `back`: the operand lies where the result would, and x is computed. */
static tp_status shape_of(tp_ctx *ctx, bool back)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    extents e = {.axes = x->rank - 2};
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (e.axes < 1 || e.axes > 3) return misfit(ctx, TP_E_SHAPE, "the rank must be 3 to 5");
    tp_status status = check_options(ctx, &a->options, e.axes);
    int64_t dims[5] = {x->dims[0], x->dims[1]};
    for (int i = 0; i < e.axes && status == TP_OK; i++) {
        e.x[i] = back ? a->size[i] : x->dims[2 + i];
        status = axis_of(ctx, &a->options, i, &e);
        if (status == TP_OK && back && e.y[i] != x->dims[2 + i])
            status = misfit(ctx, TP_E_SHAPE, "not the shape of the result");
        dims[2 + i] = back ? e.x[i] : e.y[i];
    }
    extents *saved = status == TP_OK ? tp_ctx_save(ctx, sizeof *saved) : NULL;
    if (!saved) return status == TP_OK ? TP_E_MEMORY : status;
    *saved = e;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, dims);
}

/* ---- tables ---- */

static int taps_of(tp_interpolation mode)
{
    return mode == TP_INTERPOLATE_CUBIC ? 4 : (mode == TP_INTERPOLATE_LINEAR ? 2 : 1);
}

static int64_t clamp(int64_t place, int64_t extent)
{
    return place < 0 ? 0 : (place >= extent ? extent - 1 : place);
}

/* Where position p lies in x, for linear and cubic interpolation. */
static double source(const tp_interpolate_options *o, const extents *e, int i, int64_t p)
{
    const double x = (double)e->x[i], y = (double)e->y[i];
    if (o->align_corners) return y > 1 ? (double)p * ((x - 1) / (y - 1)) : 0;
    return ((double)p + .5) * (o->scale[i] != 0 ? 1 / o->scale[i] : x / y) - .5;
}

/* floor((p + shift / 2) r), exactly where r is a ratio of whole numbers. */
static int64_t nearest(const tp_interpolate_options *o, const extents *e, int i, int64_t p)
{
    const int64_t shift = o->mode == TP_INTERPOLATE_NEAREST_EXACT;
    int64_t above;
    if (o->scale[i] == 0 && !__builtin_mul_overflow(2 * p + shift, e->x[i], &above)) return above / (2 * e->y[i]);
    return (int64_t)floor(((double)p + (double)shift / 2) * (o->scale[i] != 0 ? 1 / o->scale[i] : 1) *
                          (o->scale[i] != 0 ? 1 : (double)e->x[i] / (double)e->y[i]));
}

/* Keys' kernel at the distances 1 + f, f, 1 - f, 2 - f. */
static void cubic(double f, double w[4])
{
    const double a = -.75;
    for (int t = 0; t < 4; t++) {
        const double d = fabs(f + 1 - t);
        w[t] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }
}

/* The places and weights of position p of axis i. */
static void tabulate(const tp_interpolate_options *o, const extents *e, int i, int64_t p, int64_t place[4], double w[4])
{
    w[0] = 1;
    if (o->mode < TP_INTERPOLATE_LINEAR) {
        place[0] = clamp(nearest(o, e, i, p), e->x[i]);
        return;
    }
    double at = source(o, e, i, p);
    if (o->mode == TP_INTERPOLATE_LINEAR && at < 0) at = 0;
    const double low = floor(at);
    const int first = o->mode == TP_INTERPOLATE_CUBIC ? -1 : 0;
    for (int t = 0; t < taps_of(o->mode); t++) place[t] = clamp((int64_t)low + first + t, e->x[i]);
    if (o->mode == TP_INTERPOLATE_CUBIC)
        cubic(at - low, w);
    else
        w[1] = at - low, w[0] = 1 - w[1];
}

/* Tables of one axis, in tensors of the tape's pool; false when out of memory. */
static bool table_of(tp_ctx *ctx, int i, tp_dtype dtype, tp_tensor **places, tp_tensor **weights)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const extents *e = tp_ctx_saved(ctx);
    const int64_t dims[2] = {e->y[i], taps_of(a->options.mode)};
    *places = tp_new_tensor(ctx->tape, TP_I64, 2, dims, ctx->op->name);
    *weights = *places ? tp_new_tensor(ctx->tape, dtype, 2, dims, ctx->op->name) : NULL;
    if (!*weights) {
        tp_done(ctx->tape, *places);
        return false;
    }
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t p = 0; p < dims[0]; p++) {
        int64_t place[4];
        double w[4];
        tabulate(&a->options, e, i, p, place, w);
        for (int64_t t = 0; t < dims[1]; t++) {
            ((int64_t *)(void *)(*places)->data)[p * dims[1] + t] = place[t];
            tp_put(dtype, (*weights)->data + (p * dims[1] + t) * size, w[t]);
        }
    }
    return true;
}

/* ---- running ---- */

/* Axis i between `from` and `to`: axes before it have y's extents, those after it x's. */
static tp_status run_axis(tp_ctx *ctx, int i, bool back, const tp_tensor *from, tp_tensor *to)
{
    const extents *e = tp_ctx_saved(ctx);
    const tp_dtype dtype = (tp_dtype)to->dtype;
    tp_resample r = {.outer = to->dims[0] * to->dims[1], .extent = e->x[i], .count = e->y[i], .inner = 1};
    for (int k = 0; k < i; k++) r.outer *= e->y[k];
    for (int k = i + 1; k < e->axes; k++) r.inner *= e->x[k];
    tp_tensor *places, *weights;
    if (!table_of(ctx, i, dtype, &places, &weights)) return TP_E_MEMORY;
    r.taps = (int)places->dims[1];
    r.place = (const int64_t *)(const void *)places->data;
    r.weight = weights->data;
    tp_resample_run(ctx->tape->kernels, &r, dtype, back, back ? to->data : from->data, back ? from->data : to->data,
                    ctx->tape->threads);
    tp_unref(ctx->tape, places);
    tp_unref(ctx->tape, weights);
    return TP_OK;
}

/* From x to y the axes come first to last, back the other way round. */
static tp_status run(tp_ctx *ctx, bool back)
{
    const extents *e = tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0), *held = NULL;
    if (!x) return TP_E_MEMORY;
    int64_t dims[5];
    memcpy(dims, x->dims, sizeof dims);
    tp_status status = TP_OK;
    for (int k = 0; k < e->axes && status == TP_OK; k++) {
        const int i = back ? e->axes - 1 - k : k;
        const bool last = k == e->axes - 1;
        dims[2 + i] = back ? e->x[i] : e->y[i];
        tp_tensor *to = last ? out : tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, x->rank, dims, ctx->op->name);
        status = to ? run_axis(ctx, i, back, held ? held : x, to) : TP_E_MEMORY;
        tp_done(ctx->tape, held);
        held = last ? NULL : to;
    }
    tp_done(ctx->tape, held);
    return status;
}

static tp_status interpolate_shape(tp_ctx *ctx)
{
    return shape_of(ctx, false);
}

static tp_status interpolate_forward(tp_ctx *ctx)
{
    return run(ctx, false);
}

static tp_status interpolate_backward(tp_ctx *ctx, tp_var g)
{
    const extents *e = tp_ctx_saved(ctx);
    attributes a = *(const attributes *)tp_ctx_attributes(ctx);
    memcpy(a.size, e->x, sizeof a.size);
    return tp_give(ctx, 0, tp_call1(&tp_op_interpolate_adjoint, g, &a));
}

/* Weights reach from place to place as the sizes say: within a plane, anywhere. */
static tp_status plane_pattern(tp_ctx *ctx)
{
    const int spatial = tp_ctx_input(ctx, 0)->rank - 2;
    return tp_pattern_batch(ctx, 0, spatial, 0, spatial);
}

const tp_op tp_op_interpolate = {
    TP_OP_HEAD,
    .name = "interpolate",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(attributes),
    .pattern = plane_pattern,
    .scratch = 3,
    .shape = interpolate_shape,
    .forward = interpolate_forward,
    .backward = interpolate_backward,
    .text = {.formula = "each place a weighted sum of one, two or four places of x along each axis",
             .derivative = "dx = the adjoint: each place of x gets what it gave",
             .shapes = "x: (N, C, X...) -> (N, C, Y...), one to three spatial axes",
             .edges = "a place outside of x counts as the nearest inside; an empty batch gives an empty result"}};

static tp_status adjoint_shape(tp_ctx *ctx)
{
    return shape_of(ctx, true);
}

static tp_status adjoint_forward(tp_ctx *ctx)
{
    return run(ctx, true);
}

static tp_status adjoint_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_interpolate, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_interpolate_adjoint = {
    TP_OP_HEAD,
    .name = "interpolate_adjoint",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(attributes),
    .pattern = plane_pattern,
    .shape = adjoint_shape,
    .forward = adjoint_forward,
    .backward = adjoint_backward,
    .text = {.formula = "each place gets, from every element of g, the weight that it had in it",
             .derivative = "dg = the interpolation of the upstream gradient",
             .shapes = "g: (N, C, Y...) -> (N, C, X...); the rule of interpolate"}};

tp_var tp_interpolate(tp_var x, const tp_interpolate_options *options)
{
    attributes a = {.size = {0}};
    if (options) a.options = *options;
    return tp_call1(&tp_op_interpolate, x, &a);
}
