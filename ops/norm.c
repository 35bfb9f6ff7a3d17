/* What the normalisations share: gain and bias, and the rule in recorded ops. */
#include "ops/norm.h"

#include <math.h>

int tp_affine_inputs(tp_var gain, tp_var bias, int n, tp_var *inputs, tp_affine *affine)
{
    affine->gain = gain.tape ? n : 0;
    if (gain.tape) inputs[n++] = gain;
    affine->bias = bias.tape ? n : 0;
    if (bias.tape) inputs[n++] = bias;
    return n;
}

tp_status tp_norm_pattern(tp_ctx *ctx, unsigned mask, bool by_place)
{
    static const int channels[TP_MAX_RANK] = {-1, 0, -1, -1, -1, -1, -1, -1};
    tp_status status = tp_pattern_along(ctx, 0, mask);
    for (int i = 1; i < tp_ctx_count(ctx) && status == TP_OK; i++)
        if (tp_pattern_operand(ctx, i)) status = tp_pattern_to(ctx, 0, by_place ? NULL : channels);
    return status;
}

tp_status tp_part_check(tp_ctx *ctx, const char *what, int i, int rank, const int64_t *dims)
{
    if (i == 0) return TP_OK;
    const tp_tensor *part = tp_ctx_input(ctx, i);
    char got[TP_SHAPE_TEXT], want[TP_SHAPE_TEXT], whole[TP_SHAPE_TEXT];
    if (tp_shape_equal(part->rank, part->dims, rank, dims)) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "%s %s does not fit x %s: needs %s", what, tp_tensor_text(got, part),
                       tp_tensor_text(whole, tp_ctx_input(ctx, 0)), tp_shape_text(want, rank, dims));
}

tp_status tp_affine_check(tp_ctx *ctx, const tp_affine *affine, double eps, int rank, const int64_t *dims)
{
    if (!(eps >= 0) || isinf(eps)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "eps is %g", eps);
    if (affine->gain < 0 || affine->bias < 0 || affine->gain >= tp_ctx_count(ctx) || affine->bias >= tp_ctx_count(ctx))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%d operands are too few", tp_ctx_count(ctx));
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        if (tp_need_float(ctx, i) != TP_OK || tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
    }
    const tp_status status = tp_part_check(ctx, "gain", affine->gain, rank, dims);
    return status == TP_OK ? tp_part_check(ctx, "bias", affine->bias, rank, dims) : status;
}

tp_status tp_give_sums(tp_ctx *ctx, int i, const double *sums)
{
    if (!tp_ctx_needs(ctx, i)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    if (!grad) return TP_E_MEMORY;
    const int64_t one = 1;
    tp_copy(1, &grad->count, (tp_dtype)grad->dtype, grad->data, &one, TP_F64, sums, &one);
    return TP_OK;
}

/* sum of x over the axes that gain and bias are spread over */
static tp_var onto_gain(const tp_norm_view *view, tp_var x, const tp_tensor *like)
{
    int64_t axes[3];
    int n = 0;
    for (int i = 0; i < view->rank; i++)
        if (i == 0 || view->gain[i - 1] != view->dims[i]) axes[n++] = i;
    return tp_reshape(tp_sum_axes(x, n, axes, false), like->rank, like->dims);
}

tp_status tp_affine_backward(tp_ctx *ctx, tp_var g, tp_var z, const tp_affine *affine, const tp_norm_view *view)
{
    tp_status status = TP_OK;
    if (affine->gain && tp_ctx_needs(ctx, affine->gain)) {
        const tp_var each = tp_mul_masked(g, z);
        status = tp_give(ctx, affine->gain, onto_gain(view, each, tp_ctx_input(ctx, affine->gain)));
    }
    if (status == TP_OK && affine->bias && tp_ctx_needs(ctx, affine->bias))
        status = tp_give(ctx, affine->bias, onto_gain(view, g, tp_ctx_input(ctx, affine->bias)));
    return status;
}

tp_status tp_norm_backward(tp_ctx *ctx, tp_var g, const tp_affine *affine, const tp_norm_view *view)
{
    const int n = view->shared_count;
    const tp_var x = tp_reshape(tp_ctx_input_var(ctx, 0), view->rank, view->dims);
    g = tp_reshape(g, view->rank, view->dims);
    const tp_var centred = view->centre ? tp_sub(x, tp_mean_axes(x, n, view->shared, true)) : x;
    const tp_var variance = tp_mean_axes(tp_square(centred), n, view->shared, true);
    const tp_var scale = tp_pows(tp_adds(variance, view->eps), -.5);
    const tp_var z = tp_mul(centred, scale);
    const tp_status status = tp_affine_backward(ctx, g, z, affine, view);
    if (status != TP_OK || !tp_ctx_needs(ctx, 0)) return status;
    tp_var h = g;
    if (affine->gain) h = tp_mul_masked(g, tp_reshape(tp_ctx_input_var(ctx, affine->gain), view->rank - 1, view->gain));
    tp_var d = tp_sub(h, tp_mul_masked(tp_mean_axes(tp_mul_masked(h, z), n, view->shared, true), z));
    if (view->centre) d = tp_sub(d, tp_mean_axes(h, n, view->shared, true));
    const tp_tensor *like = tp_ctx_input(ctx, 0);
    return tp_give(ctx, 0, tp_reshape(tp_mul_masked(d, scale), like->rank, like->dims));
}
