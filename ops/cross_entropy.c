/* Cross-entropy of logits against integer labels:  -log softmax(x)[label];  dx = (softmax(x) - onehot(label)) g. */
#include <string.h>

#include "ops/ops.h"

static tp_status cross_entropy_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *labels = tp_ctx_input(ctx, 1);
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 1 || !tp_shape_equal(x->rank - 1, x->dims, labels->rank, labels->dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "labels %s do not fit logits %s", tp_tensor_text(b, labels),
                           tp_tensor_text(a, x));
    if (labels->rank > 0 && tp_dtype_is_float((tp_dtype)labels->dtype))
        return tp_ctx_fail(ctx, TP_E_DTYPE, "labels must be integers, not %s %s",
                           tp_dtype_name((tp_dtype)labels->dtype), tp_tensor_text(b, labels));
    /* The log of the sum of each row, for the numeric rule. */
    tp_tensor **lse = tp_ctx_save(ctx, sizeof *lse);
    if (!lse || !(*lse = tp_ctx_save_tensor(ctx, TP_F64, labels->rank, labels->dims))) return TP_E_MEMORY;
    return how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 1, x->dims)
                          : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static int64_t label_at(const tp_tensor *labels, int64_t i, int64_t classes)
{
    const double label = tp_tensor_item(labels, i);
    return label >= 0 && label < (double)classes && label == (double)(int64_t)label ? (int64_t)label : -1;
}

static tp_status cross_entropy_forward(tp_ctx *ctx)
{
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    tp_tensor *lse = *(tp_tensor **)tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *labels = tp_ctx_input(ctx, 1);
    if (!x) return TP_E_MEMORY;
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t n = x->dims[x->rank - 1], size = (int64_t)tp_dtype_size(dtype);
    tp_status status = TP_OK;
    double sum = 0;
    for (int64_t i = 0; i < labels->count && status == TP_OK; i++) {
        const int64_t label = label_at(labels, i, n);
        if (label < 0) {
            status = tp_ctx_fail(ctx, TP_E_INDEX, "label %g (number %lld) is not in 0..%lld", tp_tensor_item(labels, i),
                                 (long long)i, (long long)n - 1);
            break;
        }
        const char *row = x->data + i * n * size;
        const double log_sum = ctx->tape->kernels->of[dtype]->softmax(n, NULL, row);
        ((double *)(void *)lse->data)[i] = log_sum;
        const double loss = log_sum - tp_get(dtype, row + label * size);
        sum += loss;
        if (how == TP_NONE)
            tp_put((tp_dtype)out->dtype, out->data + i * (int64_t)tp_dtype_size((tp_dtype)out->dtype), loss);
    }
    if (how != TP_NONE) tp_put(TP_F64, out->data, how == TP_MEAN ? sum / (double)labels->count : sum);
    return status;
}

static tp_status cross_entropy_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    if (!tp_ctx_needs(ctx, 0)) return TP_OK; /* only the label, a scalar, asks for one: it gets none */
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    const tp_tensor *lse = *(tp_tensor **)tp_ctx_saved(ctx), *labels = tp_ctx_input(ctx, 1);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *x = grad ? tp_ctx_dense(ctx, 0) : NULL;
    if (!x) return TP_E_MEMORY;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t n = x->dims[x->rank - 1], bytes = n * (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < labels->count; i++) {
        double scale = tp_tensor_item(g, how == TP_NONE ? i : 0);
        if (how == TP_MEAN) scale /= (double)labels->count;
        if (scale == 0)
            tp_fill(n, dtype, grad->data + i * bytes, 0);
        else
            ctx->tape->kernels->of[dtype]->cross_entropy_slope(n, grad->data + i * bytes, x->data + i * bytes,
                                                               ((const double *)(const void *)lse->data)[i],
                                                               label_at(labels, i, n), scale);
    }
    return TP_OK;
}

static tp_status cross_entropy_backward(tp_ctx *ctx, tp_var g)
{
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *labels = tp_ctx_input(ctx, 1);
    const int64_t classes = x->dims[x->rank - 1], count = labels->count;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if (how == TP_NONE && x->rank > 1) { /* (...) -> (..., 1) */
        int64_t dims[TP_MAX_RANK];
        memcpy(dims, x->dims, sizeof dims);
        dims[x->rank - 1] = 1;
        g = tp_reshape(g, x->rank, dims);
    }
    const tp_var chosen = tp_one_hot(tp_ctx_input_var(ctx, 1), classes, dtype);
    const tp_var slope = tp_sub(tp_softmax(tp_ctx_input_var(ctx, 0), -1), chosen);
    if (how == TP_MEAN) g = tp_muls(g, 1 / (double)count);
    return tp_give(ctx, 0, tp_mul_masked(g, slope));
}

const tp_op tp_op_cross_entropy = {
    TP_OP_HEAD,
    .name = "cross_entropy",
    .arity = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_reduction),
    .shape = cross_entropy_shape,
    .forward = cross_entropy_forward,
    .backward = cross_entropy_backward,
    .gradient = cross_entropy_gradient,
    .text = {.formula = "y = log sum e^x - x[label], for each row of logits x; or their sum or mean",
             .derivative = "dx = g (softmax(x) - onehot(label)); for the mean, over the number of rows",
             .shapes = "logits: (..., classes), labels: (...) -> (...); for the sum and the mean a scalar",
             .dtypes = "logits: f32, f64; labels: i32, i64, u8",
             .edges = "Never overflows. A label outside 0 .. classes - 1: TP_E_INDEX. The mean of no rows is NaN."}};

tp_var tp_cross_entropy(tp_var logits, tp_var labels, tp_reduction reduction)
{
    if ((unsigned)reduction > TP_MEAN)
        return tp_refuse(logits.tape, TP_E_ARGUMENT, "tp_cross_entropy: there is no reduction %d", (int)reduction);
    return tp_call2(&tp_op_cross_entropy, logits, labels, &reduction);
}
