/* The hinge loss of classes (Crammer, Singer 2001; Weston, Watkins 1999): for each row of scores x with label y,
       w_y / C sum over j != y of z_j^p, where z_j = max(0, margin - x_y + x_j) and p is 1 or 2;
   dx_j = g w_y / C p z_j^(p-1) where z_j > 0, and dx_y is minus the sum of these. */
#include <string.h>

#include "ops/labels.h"

typedef struct attributes {
    tp_reduction how;
    bool squared;
    double margin;
} attributes;

static const tp_labelling every = {0};

static tp_status multi_margin_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_status status = tp_labels_shape(ctx);
    if (status != TP_OK) return status;
    return a->how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 1, x->dims)
                             : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

typedef tp_class_rows rows;

/* The sum over the other classes; where `out` is not NULL its slope by the row, times `scale`, goes there. */
static double row_sum(const rows *r, const attributes *a, int64_t i, int64_t label, double scale, char *out)
{
    return r->loops->classes->margin(r->classes, out, r->x + i * r->classes * r->size, label, a->margin, a->squared,
                                     scale);
}

static tp_status multi_margin_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const int64_t out_size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    rows r;
    if (!tp_class_rows_of(ctx, NULL, &r)) return TP_E_MEMORY;
    double sum = 0;
    for (int64_t i = 0; i < r.count; i++) {
        const int64_t label = tp_label(ctx, r.labels, i, r.classes, &every);
        if (label < 0) return TP_E_INDEX;
        const double loss = tp_class_weight(&r, label) / (double)r.classes * row_sum(&r, a, i, label, 0, NULL);
        sum += loss;
        if (a->how == TP_NONE) tp_put((tp_dtype)out->dtype, out->data + i * out_size, loss);
    }
    if (a->how != TP_NONE) tp_put(TP_F64, out->data, a->how == TP_MEAN ? sum / (double)r.count : sum);
    return TP_OK;
}

static tp_status multi_margin_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const bool by_x = tp_ctx_needs(ctx, 0), by_w = tp_ctx_needs(ctx, 2);
    tp_tensor *dx = by_x ? tp_ctx_grad(ctx, 0, NULL) : NULL, *dw = by_w ? tp_ctx_grad(ctx, 2, NULL) : NULL;
    rows r;
    if ((by_x && !dx) || (by_w && !dw) || !tp_class_rows_of(ctx, NULL, &r)) return TP_E_MEMORY;
    if (dw) tp_fill(dw->count, r.dtype, dw->data, 0);
    for (int64_t i = 0; i < r.count; i++) {
        const int64_t label = tp_label(ctx, r.labels, i, r.classes, &every);
        double scale = tp_tensor_item(g, a->how == TP_NONE ? i : 0) / (double)r.classes;
        if (a->how == TP_MEAN) scale /= (double)r.count;
        char *row = dx ? dx->data + i * r.classes * r.size : NULL;
        if (row && scale == 0) tp_fill(r.classes, r.dtype, row, 0);
        if (scale == 0) continue;
        const double sum = row_sum(&r, a, i, label, scale * tp_class_weight(&r, label), row);
        char *at = dw ? dw->data + label * r.size : NULL;
        if (at) tp_put(r.dtype, at, tp_get(r.dtype, at) + scale * sum);
    }
    return TP_OK;
}

static tp_status multi_margin_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *value = tp_ctx_input(ctx, 0);
    const int rank = value->rank;
    const int64_t classes = value->dims[rank - 1], count = tp_ctx_input(ctx, 1)->count;
    const tp_var x = tp_ctx_input_var(ctx, 0);
    const tp_var own = tp_label_shares(tp_ctx_input_var(ctx, 1), classes, (tp_dtype)value->dtype, 0, &every);
    const tp_var others = tp_rsubs(1, own), score = tp_sum_axes(tp_mul_masked(own, x), TP_AXES(-1), true);
    const tp_var z = tp_adds(tp_sub(x, score), a->margin), above = tp_relu(z);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, value->dims, sizeof dims);
    dims[rank - 1] = 1;
    if (a->how == TP_NONE && rank > 1) g = tp_reshape(g, rank, dims);
    g = tp_muls(g, 1 / (double)classes / (double)(a->how == TP_MEAN && count ? count : 1));
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) {
        const tp_var slope = tp_mul(others, a->squared ? tp_muls(above, 2) : tp_step(z));
        const tp_var all = tp_sub(slope, tp_mul(own, tp_sum_axes(slope, TP_AXES(-1), true)));
        const bool weights = tp_ctx_count(ctx) > 2;
        const tp_var weight =
            weights ? tp_sum_axes(tp_mul(own, tp_ctx_input_var(ctx, 2)), TP_AXES(-1), true) : tp_none();
        status = tp_give(ctx, 0, tp_mul_masked(g, weights ? tp_mul(all, weight) : all));
    }
    if (status != TP_OK || !tp_ctx_needs(ctx, 2)) return status;
    const tp_var terms = tp_mul(others, a->squared ? tp_square(above) : above);
    return tp_give(ctx, 2, tp_mul_masked(g, tp_mul(own, tp_sum_axes(terms, TP_AXES(-1), true))));
}

const tp_op tp_op_multi_margin = {
    TP_OP_HEAD,
    .name = "multi_margin",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .selectors = 1u << 1,
    .attributes = sizeof(attributes),
    .pattern = tp_labels_pattern,
    .shape = multi_margin_shape,
    .forward = multi_margin_forward,
    .backward = multi_margin_backward,
    .gradient = multi_margin_gradient,
    .text = {.formula = "for each row: w[y] / C times the sum over j != y of max(0, margin - x[y] + x[j])^p, p 1 or 2",
             .derivative = "dx[j] = g w[y] / C p max(0, ...)^(p-1) where that is above 0, dx[y] = minus their sum; "
                           "dw[y] = g / C times the sum",
             .shapes = "scores (..., C), labels (...), weight (C) or none -> (...), or a scalar for a sum or a mean",
             .dtypes = "scores, weight: f32, f64; labels: i32, i64, u8",
             .edges = "A label outside 0 .. C - 1: TP_E_INDEX. The mean of no rows is NaN. Slope 0 at the kink."}};

tp_var tp_multi_margin(tp_var scores, tp_var labels, int p, double margin, tp_var weight, tp_reduction reduction)
{
    tp_tape *tape = scores.tape;
    if (!tape || !tp_reduction_good(tape, "multi_margin", reduction)) return tp_poison(tape);
    if (p != 1 && p != 2) return tp_refuse(tape, TP_E_ARGUMENT, "tp_multi_margin: p is 1 or 2, not %d", p);
    return tp_apply(&tp_op_multi_margin, (tp_var[]){scores, labels, weight}, weight.tape ? 3 : 2,
                    &(attributes){reduction, p == 2, margin});
}
