/* Integer labels: their checks, and label_shares, rows that say how much of its example each class has. */
#include "ops/labels.h"

#include <string.h>

tp_status tp_labels_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *labels = tp_ctx_input(ctx, 1);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 1 || !tp_shape_equal(x->rank - 1, x->dims, labels->rank, labels->dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "labels %s do not fit logits %s", tp_tensor_text(b, labels),
                           tp_tensor_text(a, x));
    if (tp_need_integers(ctx, 1, "labels") != TP_OK) return TP_E_DTYPE;
    if (tp_ctx_count(ctx) < 3) return TP_OK;
    const tp_tensor *w = tp_ctx_input(ctx, 2);
    if (w->rank != 1 || w->dims[0] != x->dims[x->rank - 1])
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the weight %s is not one for each class of %s", tp_tensor_text(b, w),
                           tp_tensor_text(a, x));
    return tp_need_first_dtype(ctx, 2);
}

tp_status tp_labels_pattern(tp_ctx *ctx)
{
    const int rank = tp_ctx_input(ctx, 0)->rank;
    if (tp_ctx_output(ctx, 0)->rank != rank - 1) return tp_pattern_everything(ctx);
    const tp_status status = tp_pattern_batch(ctx, 0, 1, 0, 0);
    return status == TP_OK && tp_ctx_count(ctx) > 2 ? tp_pattern_batch(ctx, 2, 1, 0, 0) : status;
}

int64_t tp_label(tp_ctx *ctx, const tp_tensor *labels, int64_t i, int64_t classes, const tp_labelling *of)
{
    const double label = tp_tensor_item(labels, i);
    if (of->ignore && label == (double)of->ignored) return -1;
    if (label >= 0 && label < (double)classes && label == (double)(int64_t)label) return (int64_t)label;
    tp_ctx_fail(ctx, TP_E_INDEX, "label %g (number %lld) is not in 0..%lld", label, (long long)i,
                (long long)classes - 1);
    return -2;
}

bool tp_class_rows_of(tp_ctx *ctx, const tp_tensor *lse, tp_class_rows *r)
{
    const bool weighed = tp_ctx_count(ctx) > 2; /* perhaps by x itself */
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *w = weighed ? tp_ctx_dense(ctx, 2) : x;
    if (!x || !w) return false;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    *r = (tp_class_rows){.loops = ctx->tape->kernels->of[dtype],
                         .dtype = dtype,
                         .classes = x->dims[x->rank - 1],
                         .size = (int64_t)tp_dtype_size(dtype),
                         .x = x->data,
                         .w = weighed ? w->data : NULL,
                         .labels = tp_ctx_input(ctx, 1),
                         .lse = lse ? (double *)(void *)lse->data : NULL};
    r->count = r->labels->count;
    return true;
}

/* ---- label_shares ---- */

typedef struct attributes {
    int64_t classes;
    tp_dtype dtype;
    double smoothing;
    tp_labelling labelling;
} attributes;

static tp_status label_shares_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *labels = tp_ctx_input(ctx, 0);
    if (labels->rank == TP_MAX_RANK) return tp_ctx_fail(ctx, TP_E_LIMIT, "rank over %d", TP_MAX_RANK);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, labels->dims, sizeof dims);
    dims[labels->rank] = a->classes;
    return tp_ctx_result(ctx, 0, a->dtype, labels->rank + 1, dims);
}

static tp_status label_shares_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *labels = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const int64_t size = (int64_t)tp_dtype_size(a->dtype), n = a->classes;
    const double base = a->smoothing / (double)n;
    for (int64_t i = 0; i < labels->count; i++) {
        char *row = out->data + i * n * size;
        const int64_t label = tp_label(ctx, labels, i, n, &a->labelling);
        if (label == -2) return TP_E_INDEX;
        tp_fill(n, a->dtype, row, label < 0 ? 0 : base);
        if (label >= 0) tp_put(a->dtype, row + label * size, base + 1 - a->smoothing);
    }
    return TP_OK;
}

const tp_op tp_op_label_shares = {
    TP_OP_HEAD,
    .name = "label_shares",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_NO_GRADIENT,
    .selectors = 1u << 0,
    .attributes = sizeof(attributes),
    .shape = label_shares_shape,
    .forward = label_shares_forward,
    .text = {.formula = "1 - smoothing at the label, and smoothing / classes more everywhere: a rule's own op",
             .derivative = "none",
             .shapes = "labels: (...) -> (..., classes)",
             .dtypes = "labels: i32, i64, u8; result: f32, f64",
             .edges = "A row whose label is ignored is 0. A label outside 0 .. classes - 1: TP_E_INDEX."}};

tp_var tp_label_shares(tp_var labels, int64_t classes, tp_dtype dtype, double smoothing, const tp_labelling *of)
{
    return tp_call1(&tp_op_label_shares, labels, &(attributes){classes, dtype, smoothing, *of});
}

tp_var tp_classes_last(const char *op, tp_var x, bool first)
{
    if (!first || !tp_ok(x)) return x;
    const int rank = tp_var_rank(x);
    char text[TP_SHAPE_TEXT];
    if (rank < 2)
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_%s: %s has no axis 1 for the classes", op,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    int64_t order[TP_MAX_RANK] = {0};
    for (int i = 1; i < rank; i++) order[i] = i + 1 < rank ? i + 1 : 1;
    return rank == 2 ? x : tp_permute(x, rank, order);
}
