/* Normalisation within each sample: layer_norm, rms_norm, group_norm, instance_norm. One rule for all: x is seen as
   (outer, groups, channels, run); what has the same outer and group shares its statistics, and a gain and a bias belong
   to each (group, channel).

       y = z gain + bias,   z = (x - mean) / sqrt(variance + eps)

   rms_norm takes the mean to be 0. Mean and 1/sqrt are saved for the numeric rule. */
#include <math.h>

#include "ops/norm.h"

typedef struct attributes {
    tp_affine affine;
    bool by_layer, centre;
    int64_t parts; /* by_layer: how many trailing dims are normalised; else groups, 0 for one a channel */
    double eps;
} attributes;

typedef struct sizes {
    int64_t outer, groups, channels, run;
} sizes;

static sizes sizes_of(const tp_tensor *x, const attributes *a)
{
    if (a->by_layer) {
        const int rank = x->rank - (int)a->parts;
        return (sizes){tp_shape_count(rank, x->dims), 1, tp_shape_count((int)a->parts, x->dims + rank), 1};
    }
    const int64_t groups = a->parts ? a->parts : x->dims[1], all = x->dims[1];
    return (sizes){x->dims[0], groups, groups ? all / groups : 0, tp_shape_count(x->rank - 2, x->dims + 2)};
}

static tp_status row_norm_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    const int needed = a->by_layer ? 1 : 2;
    if (x->rank < needed)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has fewer than %d dims", tp_tensor_text(text, x), needed);
    if (a->by_layer && (a->parts < 1 || a->parts > x->rank))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "cannot normalise over the last %lld dims of x %s", (long long)a->parts,
                           tp_tensor_text(text, x));
    if (!a->by_layer && (a->parts < 0 || (a->parts && x->dims[1] % a->parts)))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%lld groups do not divide the channels of x %s", (long long)a->parts,
                           tp_tensor_text(text, x));
    const int rank = a->by_layer ? (int)a->parts : 1;
    const int64_t *dims = a->by_layer ? x->dims + x->rank - rank : x->dims + 1;
    const tp_status status = tp_affine_check(ctx, &a->affine, a->eps, rank, dims);
    if (status != TP_OK) return status;
    const sizes s = sizes_of(x, a);
    tp_tensor **saved = tp_ctx_save(ctx, sizeof *saved); /* mean and 1/sqrt of each row */
    if (!saved || !(*saved = tp_ctx_save_tensor(ctx, TP_F64, 2, (const int64_t[]){s.outer * s.groups, 2})))
        return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

/* The dense operands of a call. */
typedef struct operands {
    const tp_tensor *x, *gain, *bias;
    const tp_norm_loops *loops;
    sizes s;
    int64_t size, row; /* bytes of an element; elements of a row */
    double *stats;
} operands;

static bool operands_of(tp_ctx *ctx, operands *o)
{
    const attributes *a = tp_ctx_attributes(ctx);
    o->x = tp_ctx_dense(ctx, 0);
    o->gain = a->affine.gain ? tp_ctx_dense(ctx, a->affine.gain) : NULL;
    o->bias = a->affine.bias ? tp_ctx_dense(ctx, a->affine.bias) : NULL;
    if (!o->x || (a->affine.gain && !o->gain) || (a->affine.bias && !o->bias)) return false;
    o->loops = ctx->tape->kernels->of[o->x->dtype]->norm;
    o->s = sizes_of(o->x, a);
    o->size = (int64_t)tp_dtype_size((tp_dtype)o->x->dtype);
    o->row = o->s.channels * o->s.run;
    o->stats = (double *)(void *)(*(tp_tensor **)tp_ctx_saved(ctx))->data;
    return true;
}

static const char *part_at(const operands *o, const tp_tensor *part, int64_t channel)
{
    return part ? part->data + channel * o->size : NULL;
}

static void normalise_row(const operands *o, const attributes *a, int64_t i, char *y)
{
    const char *x = o->x->data + i * o->row * o->size;
    const double n = (double)o->row, mean = a->centre ? o->loops->sum(o->row, x) / n : 0;
    const double scale = 1 / sqrt(o->loops->squares(o->row, x, mean) / n + a->eps);
    const int64_t first = i % o->s.groups * o->s.channels, bytes = o->s.run * o->size;
    o->stats[2 * i] = mean, o->stats[2 * i + 1] = scale;
    if (o->s.run == 1) {
        o->loops->apply(o->row, y, x, mean, scale, part_at(o, o->gain, first), part_at(o, o->bias, first));
        return;
    }
    for (int64_t c = 0; c < o->s.channels; c++)
        o->loops->apply_one(o->s.run, y + c * bytes, x + c * bytes, mean, scale * tp_norm_at(o->gain, first + c, 1),
                            tp_norm_at(o->bias, first + c, 0));
}

static tp_status row_norm_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    operands o;
    if (!operands_of(ctx, &o)) return TP_E_MEMORY;
    char *out = tp_ctx_output(ctx, 0)->data;
    for (int64_t i = 0; i < o.s.outer * o.s.groups && o.row; i++) normalise_row(&o, a, i, out + i * o.row * o.size);
    return TP_OK;
}

/* ---- gradient ---- */

/* What a numeric walk writes: sums for gain and bias, in f64 and, for runs of one, in the dtype first. */
typedef struct sums {
    tp_tensor *wide, *narrow; /* (2, channels of all groups); NULL when nobody asks */
    int64_t count;
    double *gain, *bias;
} sums;

static bool make_sums(tp_ctx *ctx, const operands *o, const attributes *a, sums *s)
{
    *s = (sums){.count = o->s.groups * o->s.channels};
    const bool gain = a->affine.gain && tp_ctx_needs(ctx, a->affine.gain);
    const bool bias = a->affine.bias && tp_ctx_needs(ctx, a->affine.bias);
    if (!gain && !bias) return true;
    const int64_t dims[2] = {2, s->count};
    const tp_dtype dtype = (tp_dtype)o->x->dtype;
    s->wide = tp_new_tensor(ctx->tape, TP_F64, 2, dims, ctx->op->name);
    s->narrow = s->wide ? tp_new_tensor(ctx->tape, dtype, 2, dims, ctx->op->name) : NULL;
    if (!s->narrow) return false;
    tp_fill(2 * s->count, TP_F64, s->wide->data, 0);
    tp_fill(2 * s->count, dtype, s->narrow->data, 0);
    s->gain = (double *)(void *)s->wide->data;
    s->bias = s->gain + s->count;
    return true;
}

static void free_sums(tp_ctx *ctx, const sums *s)
{
    if (s->narrow) tp_unref(ctx->tape, s->narrow);
    if (s->wide) tp_unref(ctx->tape, s->wide);
}

/* sum h and sum h (x - mean) over a row, channel by channel; what gain and bias get on the way. */
static void channel_sums(const operands *o, const sums *s, int64_t i, const char *x, const char *g, double row[2])
{
    const int64_t first = i % o->s.groups * o->s.channels, bytes = o->s.run * o->size;
    for (int64_t c = 0; c < o->s.channels; c++) {
        double part[2] = {0, 0};
        o->loops->dot(o->s.run, g + c * bytes, x + c * bytes, o->stats[2 * i], NULL, part);
        if (s->wide && part[1] != 0) s->gain[first + c] += part[1] * o->stats[2 * i + 1];
        if (s->wide) s->bias[first + c] += part[0];
        row[0] += part[0] * tp_norm_at(o->gain, first + c, 1);
        row[1] += part[1] * tp_norm_at(o->gain, first + c, 1);
    }
}

static bool all_zero(const operands *o, const char *g)
{
    for (int64_t k = 0; k < o->row; k++)
        if (tp_get((tp_dtype)o->x->dtype, g + k * o->size) != 0) return false;
    return true;
}

/* dx = scale (h - mean h - z mean(h z)); a row without an upstream gets 0 even where its scale is infinite. */
static void slope_row(const operands *o, const sums *s, bool centre, int64_t i, const char *g, char *dx)
{
    enum { NARROW_ROWS = 64 };
    const char *x = o->x->data + i * o->row * o->size;
    const int64_t first = i % o->s.groups * o->s.channels, bytes = o->s.run * o->size;
    const double mean = o->stats[2 * i], scale = o->stats[2 * i + 1], n = (double)o->row;
    double row[2] = {0, 0};
    if (!isfinite(scale) && all_zero(o, g)) {
        if (dx) tp_fill(o->row, (tp_dtype)o->x->dtype, dx, 0);
        return;
    }
    if (o->s.run > 1) {
        channel_sums(o, s, i, x, g, row);
    } else {
        if (dx) o->loops->dot(o->row, g, x, mean, part_at(o, o->gain, first), row);
        if (s->wide) {
            char *sum = s->narrow->data + first * o->size;
            o->loops->affine(o->row, sum, sum + s->count * o->size, g, x, mean, scale);
            if (i / o->s.groups % NARROW_ROWS == NARROW_ROWS - 1 && i % o->s.groups == o->s.groups - 1)
                o->loops->add_wide(2 * s->count, s->gain, s->narrow->data);
        }
    }
    if (!dx) return;
    const double b = -scale * scale * scale * row[1] / n, c = centre ? -scale * row[0] / n : 0;
    if (o->s.run == 1) o->loops->slope(o->row, dx, g, x, mean, part_at(o, o->gain, first), scale, b, c);
    for (int64_t k = 0; k < o->s.channels && o->s.run > 1; k++)
        o->loops->slope(o->s.run, dx + k * bytes, g + k * bytes, x + k * bytes, mean, NULL,
                        scale * tp_norm_at(o->gain, first + k, 1), b, c);
}

static tp_status slopes(tp_ctx *ctx, const operands *o, const char *g, const sums *s)
{
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *dx = tp_ctx_needs(ctx, 0) ? tp_ctx_grad(ctx, 0, NULL) : NULL;
    if (tp_ctx_needs(ctx, 0) && !dx) return TP_E_MEMORY;
    for (int64_t i = 0; i < o->s.outer * o->s.groups && o->row; i++)
        slope_row(o, s, a->centre, i, g + i * o->row * o->size, dx ? dx->data + i * o->row * o->size : NULL);
    if (!s->wide) return TP_OK;
    if (o->s.run == 1) o->loops->add_wide(2 * s->count, s->gain, s->narrow->data);
    const tp_status status = a->affine.gain ? tp_give_sums(ctx, a->affine.gain, s->gain) : TP_OK;
    return status == TP_OK && a->affine.bias ? tp_give_sums(ctx, a->affine.bias, s->bias) : status;
}

static tp_status row_norm_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    operands o;
    sums s = {0};
    tp_tensor *copy = NULL;
    tp_status status = TP_E_MEMORY;
    if (operands_of(ctx, &o) && make_sums(ctx, &o, tp_ctx_attributes(ctx), &s) && (g = tp_densely(ctx->tape, g, &copy)))
        status = slopes(ctx, &o, g->data, &s);
    tp_done(ctx->tape, copy);
    free_sums(ctx, &s);
    return status;
}

static tp_status row_norm_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const sizes s = sizes_of(tp_ctx_input(ctx, 0), a);
    const tp_norm_view view = {.rank = 4,
                               .dims = {s.outer, s.groups, s.channels, s.run},
                               .shared_count = 2,
                               .shared = {2, 3},
                               .gain = {s.groups, s.channels, 1},
                               .centre = a->centre,
                               .eps = a->eps};
    return tp_norm_backward(ctx, g, &a->affine, &view);
}

/* A group of channels goes together with the other groups of its sample. */
static tp_status row_norm_pattern(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const int rank = tp_ctx_input(ctx, 0)->rank;
    const int first = a->by_layer ? rank - (int)a->parts : (a->parts > 1 ? 1 : 2);
    const unsigned channels = !a->by_layer && a->parts == 1 ? 1u << 1 : 0;
    return tp_norm_pattern(ctx, ~0u << first | channels, a->by_layer);
}

/* ---- descriptors ---- */

#define ROW_NORM(name_, ...)                                                                                           \
    const tp_op tp_op_##name_ = {TP_OP_HEAD,                                                                           \
                                 .name = #name_,                                                                       \
                                 .arity = TP_VARIADIC,                                                                 \
                                 .structure = TP_DENSE,                                                                \
                                 .attributes = sizeof(attributes),                                                     \
                                 .pattern = row_norm_pattern,                                                          \
                                 .shape = row_norm_shape,                                                              \
                                 .forward = row_norm_forward,                                                          \
                                 .backward = row_norm_backward,                                                        \
                                 .gradient = row_norm_gradient,                                                        \
                                 .text = {__VA_ARGS__}}

#define Z_EDGES                                                                                                        \
    "variance 0 with eps 0: NaN, as 0/0 says; a row without an upstream gets 0 all the same; empty batches work"

ROW_NORM(layer_norm, .formula = "(x - mean) / sqrt(variance + eps) gain + bias, over the last dims",
         .derivative = "dx = s (h - mean h - z mean(h z)), h = g gain, z = (x - mean) s, s = 1/sqrt(variance + eps); "
                       "dgain = sum g z; dbias = sum g",
         .shapes = "x: (..., d...), gain and bias: (d...) -> x's shape", .edges = Z_EDGES);
ROW_NORM(rms_norm, .formula = "x / sqrt(mean x^2 + eps) gain, over the last dims",
         .derivative = "dx = s (h - z mean(h z)), h = g gain, z = x s, s = 1/sqrt(mean x^2 + eps); dgain = sum g z",
         .shapes = "x: (..., d...), gain: (d...) -> x's shape",
         .edges = "all zeros with eps 0: NaN, as 0/0 says; a row without an upstream gets 0 all the same; "
                  "empty batches work");
ROW_NORM(group_norm, .formula = "(x - mean) / sqrt(variance + eps) gain + bias, over a group of channels of a sample",
         .derivative = "as layer_norm, a group for a row", .shapes = "x: (N, C, ...), gain and bias: (C) -> x's shape",
         .edges = Z_EDGES);
ROW_NORM(instance_norm, .formula = "(x - mean) / sqrt(variance + eps) gain + bias, over a channel of a sample",
         .derivative = "as layer_norm, a channel for a row",
         .shapes = "x: (N, C, ...), gain and bias: (C) -> x's shape", .edges = Z_EDGES);

static tp_var call(const tp_op *op, tp_var x, tp_var gain, tp_var bias, attributes a)
{
    tp_var inputs[3] = {x};
    const int n = tp_affine_inputs(gain, bias, 1, inputs, &a.affine);
    return tp_apply(op, inputs, n, &a);
}

tp_var tp_layer_norm(tp_var x, int dims, tp_var gain, tp_var bias, double eps)
{
    const attributes a = {.by_layer = true, .centre = true, .parts = dims, .eps = eps};
    return call(&tp_op_layer_norm, x, gain, bias, a);
}

tp_var tp_rms_norm(tp_var x, int dims, tp_var gain, double eps)
{
    const attributes a = {.by_layer = true, .parts = dims, .eps = eps};
    return call(&tp_op_rms_norm, x, gain, tp_none(), a);
}

tp_var tp_group_norm(tp_var x, int64_t groups, tp_var gain, tp_var bias, double eps)
{
    if (groups < 1) return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_group_norm: %lld groups", (long long)groups);
    return call(&tp_op_group_norm, x, gain, bias, (attributes){.centre = true, .parts = groups, .eps = eps});
}

tp_var tp_instance_norm(tp_var x, tp_var gain, tp_var bias, double eps)
{
    return call(&tp_op_instance_norm, x, gain, bias, (attributes){.centre = true, .eps = eps});
}
