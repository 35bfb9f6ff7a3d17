/* Variance and standard deviation over any axes, in two passes: the mean, then the squares of what is left. */
#include <math.h>

#include "ops/axes.h"

/* The means, for the numeric rule. */
typedef struct saved {
    double mean; /* of a scalar result */
    tp_tensor *means;
} saved;

static tp_status variance_shape(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, axes->mask, axes->keep);
    if (left.rank) s->means = tp_ctx_save_tensor(ctx, (tp_dtype)x->dtype, left.rank, left.dims);
    if (left.rank && !s->means) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, left.rank, left.dims);
}

static tp_tensor *means_of(saved *s, tp_tensor *view)
{
    return s->means ? s->means : tp_axes_number(view, &s->mean);
}

static tp_status fold(tp_ctx *ctx, tp_fold_kind how)
{
    tp_tensor number;
    return tp_axes_fold_to(
        ctx, how, (tp_axes_buffers){.out = tp_ctx_output(ctx, 0), .means = means_of(tp_ctx_saved(ctx), &number)});
}

static tp_status variance_forward(tp_ctx *ctx)
{
    return fold(ctx, TP_FOLD_VARIANCE);
}

static tp_status std_forward(tp_ctx *ctx)
{
    return fold(ctx, TP_FOLD_STD);
}

/* n - correction; NaN where there is no variance. */
static double freedom(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const double left = tp_axes_count(ctx) - axes->number;
    return left > 0 ? left : (double)NAN;
}

static tp_var centred(tp_ctx *ctx)
{
    const tp_var x = tp_ctx_input_var(ctx, 0);
    int64_t list[TP_MAX_RANK];
    const int n = tp_axes_list(tp_ctx_attributes(ctx), list);
    return tp_sub(x, n ? tp_mean_axes(x, n, list, true) : x);
}

/* dx = g 2 (x - mean) / (n - c) */
static tp_status variance_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var k = tp_muls(tp_axes_restore(ctx, g), 2 / freedom(ctx));
    return tp_give(ctx, 0, tp_mul_masked(k, centred(ctx)));
}

/* dx = g (x - mean) / (n - c) / y */
static tp_status std_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var y = tp_axes_restore(ctx, tp_ctx_output_var(ctx, 0));
    const tp_var k = tp_muls(tp_axes_restore(ctx, g), 1 / freedom(ctx));
    return tp_give(ctx, 0, tp_mul_masked(k, tp_div_or_zero(centred(ctx), y)));
}

/* g c (x - mean), or with y: g c (x - mean) / y */
static tp_status slope(tp_ctx *ctx, const tp_tensor *g, double c, const tp_tensor *y)
{
    tp_axes_room room;
    tp_tensor view, *k = tp_axes_scaled(ctx, g, c, y, &room);
    if (!k) return TP_E_MEMORY;
    const tp_axes_slope with = {.loop = tp_axes_loops(ctx)->centred, .b = means_of(tp_ctx_saved(ctx), &view), .g = k};
    const tp_status status = tp_axes_run(ctx, &with);
    tp_axes_done(ctx, &room);
    return status;
}

static tp_status variance_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return slope(ctx, g, 2 / freedom(ctx), NULL);
}

static tp_status std_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return slope(ctx, g, 1 / freedom(ctx), tp_ctx_output(ctx, 0));
}

#define SHAPES "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar"

const tp_op tp_op_variance = {TP_OP_HEAD,
                              .name = "variance",
                              .arity = 1,
                              .structure = TP_REDUCE,
                              .attributes = sizeof(tp_axes),
                              .pattern = tp_axes_pattern,
                              .shape = variance_shape,
                              .forward = variance_forward,
                              .backward = variance_backward,
                              .gradient = variance_gradient,
                              .text = {.formula = "y = sum (x - mean)^2 / (n - correction) over the axes",
                                       .derivative = "dx = g 2 (x - mean) / (n - correction)",
                                       .shapes = SHAPES,
                                       .edges = "NaN where n <= correction."}};

const tp_op tp_op_std = {TP_OP_HEAD,
                         .name = "std",
                         .arity = 1,
                         .structure = TP_REDUCE,
                         .attributes = sizeof(tp_axes),
                         .pattern = tp_axes_pattern,
                         .shape = variance_shape,
                         .forward = std_forward,
                         .backward = std_backward,
                         .gradient = std_gradient,
                         .text = {.formula = "y = sqrt(sum (x - mean)^2 / (n - correction)) over the axes",
                                  .derivative = "dx = g (x - mean) / ((n - correction) y), 0 where y is 0",
                                  .shapes = SHAPES,
                                  .edges = "NaN where n <= correction."}};

tp_var tp_variance_axes(tp_var x, double correction, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_variance, x, n, axes, keep, correction);
}

tp_var tp_variance(tp_var x, double correction)
{
    return tp_variance_axes(x, correction, 0, NULL, false);
}

tp_var tp_std_axes(tp_var x, double correction, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_std, x, n, axes, keep, correction);
}

tp_var tp_std(tp_var x, double correction)
{
    return tp_std_axes(x, correction, 0, NULL, false);
}
