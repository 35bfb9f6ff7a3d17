/* Cross-entropy of rows of logits x against integer labels, and nll, the same of log-probabilities. With weights w and
   shares T of a row (1 - s + s / C at its label, s / C elsewhere, where s is the smoothing):
       cross_entropy = sum_c w T (lse - x),  dx = (sum_c w T) softmax(x) - w T,  dw = T (lse - x)
       nll           = sum_c w T (-x),       dx = -w T,                          dw = -T x
   A mean divides by the sum of the labels' weights, which has a slope by w too. */
#include <string.h>

#include "ops/labels.h"

typedef struct attributes {
    tp_reduction how;
    bool logits; /* x are logits, not yet logs of probabilities */
    double smoothing;
    tp_labelling labelling;
} attributes;

typedef tp_class_rows rows;

typedef struct saved {
    tp_tensor *lse; /* of each row, f64, for the numeric rule; NULL for nll */
    double total;   /* the weight of the labels: what a mean divides by */
} saved;

static tp_status cross_entropy_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *labels = tp_ctx_input(ctx, 1);
    const tp_status status = tp_labels_shape(ctx);
    if (status != TP_OK) return status;
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    if (a->logits && !(s->lse = tp_ctx_save_tensor(ctx, TP_F64, labels->rank, labels->dims))) return TP_E_MEMORY;
    return a->how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 1, x->dims)
                             : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

/* The loss of a row with its label's weight. */
static double row_loss(const rows *r, const attributes *a, int64_t i, int64_t label, double weight)
{
    const char *x = r->x + i * r->classes * r->size;
    const double lse = r->lse ? (r->lse[i] = r->loops->softmax(r->classes, NULL, x)) : 0;
    const double own = weight == 0 ? 0 : weight * (lse - tp_get(r->dtype, x + label * r->size));
    if (a->smoothing == 0) return own;
    const double all = r->loops->classes->surprise(r->classes, x, r->w, lse);
    return (1 - a->smoothing) * own + a->smoothing / (double)r->classes * all;
}

static tp_status cross_entropy_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *s = tp_ctx_saved(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const int64_t out_size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    rows r;
    if (!tp_class_rows_of(ctx, s->lse, &r)) return TP_E_MEMORY;
    double sum = 0, total = 0;
    for (int64_t i = 0; i < r.count; i++) {
        const int64_t label = tp_label(ctx, r.labels, i, r.classes, &a->labelling);
        if (label == -2) return TP_E_INDEX;
        const double weight = label < 0 ? 0 : tp_class_weight(&r, label);
        const double loss = label < 0 ? 0 : row_loss(&r, a, i, label, weight);
        sum += loss;
        total += weight;
        if (a->how == TP_NONE) tp_put((tp_dtype)out->dtype, out->data + i * out_size, loss);
    }
    s->total = total;
    if (a->how != TP_NONE) tp_put(TP_F64, out->data, a->how == TP_MEAN ? sum / total : sum);
    return TP_OK;
}

/* g times the slope of a row by x. */
static void row_slope(const rows *r, const attributes *a, int64_t i, int64_t label, double g, char *out)
{
    const char *x = r->x + i * r->classes * r->size;
    const double weight = tp_class_weight(r, label), base = a->smoothing / (double)r->classes;
    const double own = (1 - a->smoothing) * weight;
    if (a->logits && a->smoothing == 0) {
        r->loops->cross_entropy_slope(r->classes, out, x, r->lse[i], label, g * weight);
        return;
    }
    double all = 0; /* the weight of the row */
    if (a->logits) {
        all = own;
        for (int64_t c = 0; c < r->classes; c++) all += base * tp_class_weight(r, c);
        r->loops->classes->slope(r->classes, out, x, r->w, r->lse[i], g * all, g * base);
    } else {
        tp_fill(r->classes, r->dtype, out, 0);
    }
    char *at = out + label * r->size;
    tp_put(r->dtype, at, tp_get(r->dtype, at) - g * own);
}

/* What a row gives to the weights; `mean` is the loss where it is a mean, else 0. */
static void weight_slope(const rows *r, const attributes *a, int64_t i, int64_t label, double g, double mean, char *out)
{
    const char *x = r->x + i * r->classes * r->size;
    const double lse = r->lse ? r->lse[i] : 0, base = a->smoothing / (double)r->classes;
    for (int64_t c = base != 0 ? 0 : label; c < (base != 0 ? r->classes : label + 1); c++) {
        const double share = c == label ? 1 - a->smoothing + base : base;
        const double term = share * (lse - tp_get(r->dtype, x + c * r->size)) - (c == label ? mean : 0);
        tp_put(r->dtype, out + c * r->size, tp_get(r->dtype, out + c * r->size) + g * term);
    }
}

static tp_status cross_entropy_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const saved *s = tp_ctx_saved(ctx);
    const bool by_x = tp_ctx_needs(ctx, 0), by_w = tp_ctx_needs(ctx, 2);
    tp_tensor *dx = by_x ? tp_ctx_grad(ctx, 0, NULL) : NULL, *dw = by_w ? tp_ctx_grad(ctx, 2, NULL) : NULL;
    rows r;
    if ((by_x && !dx) || (by_w && !dw) || !tp_class_rows_of(ctx, s->lse, &r)) return TP_E_MEMORY;
    if (dw) tp_fill(dw->count, r.dtype, dw->data, 0);
    const double mean = a->how == TP_MEAN ? tp_get(TP_F64, tp_ctx_output(ctx, 0)->data) : 0;
    for (int64_t i = 0; i < r.count; i++) {
        const int64_t label = tp_label(ctx, r.labels, i, r.classes, &a->labelling);
        double scale = tp_tensor_item(g, a->how == TP_NONE ? i : 0);
        if (a->how == TP_MEAN) scale /= s->total;
        char *row = dx ? dx->data + i * r.classes * r.size : NULL;
        if (row && (label < 0 || scale == 0)) tp_fill(r.classes, r.dtype, row, 0);
        if (label < 0 || scale == 0) continue;
        if (row) row_slope(&r, a, i, label, scale, row);
        if (dw) weight_slope(&r, a, i, label, scale, mean, dw->data);
    }
    return TP_OK;
}

/* What the rule of higher orders says of a call. */
typedef struct recorded {
    tp_var x, w, shares, label, weighed; /* T, T without smoothing, w T */
    tp_var g;                            /* for each row, and divided by the mean's total */
} recorded;

/* (...) -> (..., 1), beside x */
static tp_var beside(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (x->rank == 1) return g;
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = 1;
    return tp_reshape(g, x->rank, dims);
}

static recorded record_of(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int64_t classes = x->dims[x->rank - 1], count = tp_ctx_input(ctx, 1)->count;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const tp_var labels = tp_ctx_input_var(ctx, 1);
    const bool weights = tp_ctx_count(ctx) > 2;
    recorded r = {.x = tp_ctx_input_var(ctx, 0), .w = weights ? tp_ctx_input_var(ctx, 2) : tp_none(), .g = g};
    r.shares = tp_label_shares(labels, classes, dtype, a->smoothing, &a->labelling);
    r.label = a->smoothing == 0 ? r.shares : tp_label_shares(labels, classes, dtype, 0, &a->labelling);
    r.weighed = weights ? tp_mul(r.shares, r.w) : r.shares;
    if (a->how == TP_NONE)
        r.g = beside(ctx, g);
    else if (a->how == TP_MEAN)
        r.g = weights || a->labelling.ignore ? tp_div(g, tp_sum(weights ? tp_mul(r.label, r.w) : r.label))
                                             : tp_muls(g, 1 / (double)count);
    return r;
}

static tp_status cross_entropy_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const recorded r = record_of(ctx, g);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) {
        const bool one = !tp_ok(r.w) && !a->labelling.ignore; /* the weight of every row */
        const tp_var p = a->logits ? tp_softmax(r.x, -1) : r.x;
        const tp_var spread = one ? p : tp_mul(p, tp_sum_axes(r.weighed, TP_AXES(-1), true));
        status = tp_give(ctx, 0, tp_mul_masked(r.g, a->logits ? tp_sub(spread, r.weighed) : tp_neg(r.weighed)));
    }
    if (status != TP_OK || !tp_ctx_needs(ctx, 2)) return status;
    const tp_var log_p = a->logits ? tp_log_softmax(r.x, -1) : r.x;
    status = tp_give(ctx, 2, tp_neg(tp_mul_masked(r.g, tp_mul_masked(r.shares, log_p))));
    if (status != TP_OK || a->how != TP_MEAN) return status;
    return tp_give(ctx, 2, tp_neg(tp_mul_masked(tp_mul_masked(r.g, tp_ctx_output_var(ctx, 0)), r.label)));
}

#define SHAPES "(..., classes), labels (...), weight (classes) or none -> (...), or a scalar for a sum or a mean"
#define EDGES                                                                                                          \
    "A label that is no class: TP_E_INDEX. A mean divides by the weights of the labels that are not ignored: NaN if "  \
    "there are none."

const tp_op tp_op_cross_entropy = {
    TP_OP_HEAD,
    .name = "cross_entropy",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .selectors = 1u << 1,
    .attributes = sizeof(attributes),
    .pattern = tp_labels_pattern,
    .shape = cross_entropy_shape,
    .forward = cross_entropy_forward,
    .backward = cross_entropy_backward,
    .gradient = cross_entropy_gradient,
    .text = {.formula =
                 "for each row of logits x: sum over classes of w T (log sum e^x - x), with T = 1 - s + s / C at "
                 "the label and s / C elsewhere",
             .derivative =
                 "dx = g (sum(w T) softmax(x) - w T), dw = g T (log sum e^x - x); for the mean, that of the quotient",
             .shapes = "logits " SHAPES,
             .dtypes = "logits, weight: f32, f64; labels: i32, i64, u8",
             .edges = "Never overflows. " EDGES}};

const tp_op tp_op_nll = {
    TP_OP_HEAD,
    .name = "nll",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .selectors = 1u << 1,
    .attributes = sizeof(attributes),
    .pattern = tp_labels_pattern,
    .shape = cross_entropy_shape,
    .forward = cross_entropy_forward,
    .backward = cross_entropy_backward,
    .gradient = cross_entropy_gradient,
    .text = {.formula = "for each row of log-probabilities x: -w[label] x[label]",
             .derivative =
                 "dx = -g w[label] at the label, else 0; dw = -g x at the label; for the mean, that of the quotient",
             .shapes = "x " SHAPES,
             .dtypes = "x, weight: f32, f64; labels: i32, i64, u8",
             .edges = EDGES}};

/* ---- calling ---- */

static tp_var call(const tp_op *op, tp_var x, tp_var labels, const tp_cross_entropy_options *o)
{
    const attributes a = {o->reduction, op == &tp_op_cross_entropy, o->label_smoothing, {o->ignore, o->ignore_index}};
    const bool weights = o->weight.tape != NULL;
    x = tp_classes_last(op->name, x, o->channels_first);
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    return tp_apply(op, (tp_var[]){x, labels, o->weight}, weights ? 3 : 2, &a);
}

/* Against probabilities: -sum t log softmax(x) along the last axis, where t = w ((1 - s) target + s / C). */
static tp_var against_probabilities(tp_var x, tp_var target, const tp_cross_entropy_options *o)
{
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    const int rank = tp_var_rank(x);
    if (!tp_shape_equal(rank, tp_var_dims(x), tp_var_rank(target), tp_var_dims(target)))
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_cross_entropy: the shapes of logits %s and probabilities %s differ",
                         tp_shape_text(a, rank, tp_var_dims(x)),
                         tp_shape_text(b, tp_var_rank(target), tp_var_dims(target)));
    x = tp_classes_last("cross_entropy", x, o->channels_first);
    tp_var t = tp_classes_last("cross_entropy", target, o->channels_first);
    if (!tp_ok(x) || !tp_ok(t)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    const double classes = (double)value->dims[rank - 1], s = o->label_smoothing;
    const double count = (double)tp_shape_count(rank - 1, value->dims);
    if (s > 0) t = tp_adds(tp_muls(t, 1 - s), s / classes);
    if (o->weight.tape) t = tp_mul(t, o->weight);
    const tp_var terms = tp_mul_masked(t, tp_log_softmax(x, -1));
    if (o->reduction == TP_NONE) return tp_neg(tp_sum_axes(terms, TP_AXES(-1), false));
    return tp_muls(tp_sum(terms), o->reduction == TP_SUM ? -1 : -1 / count);
}

tp_var tp_cross_entropy_with(tp_var logits, tp_var target, const tp_cross_entropy_options *options)
{
    const tp_cross_entropy_options o = options ? *options : (tp_cross_entropy_options){0};
    tp_tape *tape = logits.tape;
    if (!tape || !tp_check_operand(tape, "cross_entropy", logits, 0)) return tp_poison(tape);
    if (!tp_reduction_good(tape, "cross_entropy", o.reduction)) return tp_poison(tape);
    if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1))
        return tp_refuse(tape, TP_E_ARGUMENT, "tp_cross_entropy: label smoothing %g is not in 0..1", o.label_smoothing);
    const tp_tensor *t = target.tape == tape && tp_ok(target) ? tp_value(target) : NULL;
    const bool probabilities = t && tp_dtype_is_float((tp_dtype)t->dtype) && t->rank == tp_var_rank(logits);
    return probabilities ? against_probabilities(logits, target, &o) : call(&tp_op_cross_entropy, logits, target, &o);
}

tp_var tp_cross_entropy(tp_var logits, tp_var target, tp_reduction reduction)
{
    return tp_cross_entropy_with(logits, target, &(tp_cross_entropy_options){.reduction = reduction});
}

tp_var tp_nll_with(tp_var x, tp_var labels, const tp_cross_entropy_options *options)
{
    const tp_cross_entropy_options o = options ? *options : (tp_cross_entropy_options){0};
    if (!x.tape || !tp_reduction_good(x.tape, "nll", o.reduction)) return tp_poison(x.tape);
    if (o.label_smoothing != 0)
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_nll: there is no label smoothing of log-probabilities");
    return call(&tp_op_nll, x, labels, &o);
}

tp_var tp_nll(tp_var x, tp_var labels, tp_reduction reduction)
{
    return tp_nll_with(x, labels, &(tp_cross_entropy_options){.reduction = reduction});
}
