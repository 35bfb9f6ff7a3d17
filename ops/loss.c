/* Losses that are worked out element by element: every row of kernels/loss.def as an op. The value and its sum are made
   in one pass over the operands, and so is each gradient; the rule of higher orders is the row's recorded slope. */
#include "ops/loss.h"

#include <math.h>

#include "ops/loss_slopes.h"

/* One row: which loops, and the recorded slopes times the upstream; NULL for an operand that has none. */
typedef tp_var loss_slope(tp_var g, tp_var x, tp_var t, tp_var c, double p, double q);
typedef struct loss_row {
    int index;
    loss_slope *recorded[TP_LOSS_OPERANDS];
} loss_row;

static tp_status loss_shape(tp_ctx *ctx)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    for (int i = 1; i < tp_ctx_count(ctx); i++) {
        const tp_tensor *t = tp_ctx_input(ctx, i);
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (!tp_shape_equal(x->rank, x->dims, t->rank, t->dims))
            return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes differ: %s and %s", tp_tensor_text(first, x),
                               tp_tensor_text(second, t));
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
    }
    return a->how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims)
                             : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

/* The call's operands, laid out densely; false when out of memory. */
static bool prepare(tp_ctx *ctx, tp_loss_call *call)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    *call = (tp_loss_call){.threads = ctx->tape->threads, .number = {a->number[0], a->number[1]}};
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const tp_tensor *x = tp_ctx_dense(ctx, i);
        if (!x) return false;
        call->in[i] = x->data;
        call->count = x->count;
        call->dtype = (tp_dtype)x->dtype;
    }
    call->loops = ctx->tape->kernels->of[call->dtype];
    return true;
}

static tp_status loss_forward(tp_ctx *ctx, const loss_row *row)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_loss_call call;
    if (!prepare(ctx, &call)) return TP_E_MEMORY;
    if (a->how == TP_NONE) {
        tp_loss_values(&call, row->index, out->data);
        return TP_OK;
    }
    const double sum = tp_loss_sum(&call, row->index);
    tp_put(TP_F64, out->data, a->how == TP_MEAN ? sum / (double)call.count : sum);
    return TP_OK;
}

static tp_status loss_gradient(tp_ctx *ctx, const loss_row *row, const tp_tensor *g)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *copy = NULL;
    tp_loss_call call;
    if (!prepare(ctx, &call)) return TP_E_MEMORY;
    double scale = 0;
    if (a->how == TP_NONE) {
        const tp_tensor *dense = tp_densely(ctx->tape, g, &copy);
        if (!dense) return TP_E_MEMORY;
        call.in[TP_LOSS_G] = dense->data;
    } else {
        scale = tp_get(TP_F64, g->data);
        if (a->how == TP_MEAN) scale /= (double)call.count;
    }
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx) && status == TP_OK; i++) {
        if (!row->recorded[i] || !tp_ctx_needs(ctx, i)) continue;
        tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
        if (grad)
            tp_loss_slopes(&call, row->index, i, scale, grad->data);
        else
            status = TP_E_MEMORY;
    }
    tp_done(ctx->tape, copy);
    return status;
}

static tp_status loss_backward(tp_ctx *ctx, const loss_row *row, tp_var g)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_input_var(ctx, 0), t = tp_ctx_input_var(ctx, 1), c = tp_ctx_input_var(ctx, 2);
    if (a->how == TP_MEAN) g = tp_muls(g, 1 / fmax(1, (double)tp_ctx_input(ctx, 0)->count));
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx) && status == TP_OK; i++)
        if (row->recorded[i] && tp_ctx_needs(ctx, i))
            status = tp_give(ctx, i, row->recorded[i](g, x, t, c, a->number[0], a->number[1]));
    return status;
}

/* ---- the rows ---- */

#define UNUSED __attribute__((unused))
#define IS_ZERO(slope) (sizeof(#slope) == 2 && #slope[0] == '0')
#define RECORDED(name, by, slope, text)                                                                                \
    static tp_var name##_by_##by(tp_var g UNUSED, tp_var x UNUSED, tp_var t UNUSED, tp_var c UNUSED, double p UNUSED,  \
                                 double q UNUSED)                                                                      \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define SLOPE(name, by, slope) IS_ZERO(slope) ? NULL : name##_by_##by
#define DESCRIPTOR(name_, operands, formula_, derivative_, ...)                                                        \
    static const loss_row name_##_row = {TP_LOSS_##name_, {__VA_ARGS__}};                                              \
    static tp_status name_##_forward(tp_ctx *ctx)                                                                      \
    {                                                                                                                  \
        return loss_forward(ctx, &name_##_row);                                                                        \
    }                                                                                                                  \
    static tp_status name_##_backward(tp_ctx *ctx, tp_var g)                                                           \
    {                                                                                                                  \
        return loss_backward(ctx, &name_##_row, g);                                                                    \
    }                                                                                                                  \
    static tp_status name_##_gradient(tp_ctx *ctx, const tp_tensor *g)                                                 \
    {                                                                                                                  \
        return loss_gradient(ctx, &name_##_row, g);                                                                    \
    }                                                                                                                  \
    const tp_op tp_op_##name_ = {                                                                                      \
        TP_OP_HEAD,                                                                                                    \
        .name = #name_,                                                                                                \
        .arity = operands,                                                                                             \
        .structure = TP_DENSE,                                                                                         \
        .attributes = sizeof(tp_loss_attributes),                                                                      \
        .shape = loss_shape,                                                                                           \
        .pattern = loss_pattern,                                                                                       \
        .forward = name_##_forward,                                                                                    \
        .backward = name_##_backward,                                                                                  \
        .gradient = name_##_gradient,                                                                                  \
        .text = {.formula = formula_,                                                                                  \
                 .derivative = derivative_,                                                                            \
                 .shapes = "operands of one shape -> that shape, or a scalar for a sum or a mean",                     \
                 .edges = "finite wherever the formula is, also at logits of 1e4; the mean of nothing is NaN"},        \
    };

static tp_status loss_pattern(tp_ctx *ctx)
{
    const tp_loss_attributes *a = tp_ctx_attributes(ctx);
    return a->how == TP_NONE ? tp_pattern_places(ctx) : tp_pattern_everything(ctx);
}

#define LOSS(name, formula, derivative, value, slope_x, recorded_x, slope_t, recorded_t, ...)                          \
    RECORDED(name, x, slope_x, recorded_x)                                                                             \
    RECORDED(name, t, slope_t, recorded_t)                                                                             \
    DESCRIPTOR(name, 2, formula, derivative, SLOPE(name, x, slope_x), SLOPE(name, t, slope_t))
#define LOSS3(name, formula, derivative, value, slope_x, recorded_x, slope_t, recorded_t, slope_c, recorded_c, ...)    \
    RECORDED(name, x, slope_x, recorded_x)                                                                             \
    RECORDED(name, t, slope_t, recorded_t)                                                                             \
    RECORDED(name, c, slope_c, recorded_c)                                                                             \
    DESCRIPTOR(name, 3, formula, derivative, SLOPE(name, x, slope_x), SLOPE(name, t, slope_t), SLOPE(name, c, slope_c))
#include "kernels/loss.def"

/* ---- calling ---- */

bool tp_reduction_good(tp_tape *tape, const char *op, tp_reduction how)
{
    if ((unsigned)how <= TP_MEAN) return true;
    tp_refuse(tape, TP_E_ARGUMENT, "tp_%s: there is no reduction %d", op, (int)how);
    return false;
}

/* c in the shape of x, and a scalar c in its dtype. */
static tp_var stretched(const tp_op *op, tp_var c, tp_var x)
{
    const tp_tensor *value = tp_value(x), *from = tp_value(c);
    if (!value || (from && tp_shape_equal(from->rank, from->dims, value->rank, value->dims))) return c;
    tp_shape both = {.rank = value->rank};
    for (int i = 0; i < value->rank; i++) both.dims[i] = value->dims[i];
    char text[TP_SHAPE_TEXT], other[TP_SHAPE_TEXT];
    if (from && (!tp_shape_broadcast(&both, from->rank, from->dims) ||
                 !tp_shape_equal(both.rank, both.dims, value->rank, value->dims)))
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_%s: %s does not broadcast to %s", op->name,
                         tp_tensor_text(other, from), tp_tensor_text(text, value));
    if (!from) c = tp_cast(c, (tp_dtype)value->dtype);
    c = tp_expand(c, value->rank, value->dims);
    return from ? c : tp_cast(c, (tp_dtype)tp_value(x)->dtype);
}

tp_var tp_loss(const tp_op *op, tp_var x, tp_var t, tp_var c, tp_reduction how, double p, double q)
{
    tp_tape *tape = x.tape ? x.tape : t.tape;
    const tp_loss_attributes attributes = {how, {p, q}};
    if (!tape || !tp_reduction_good(tape, op->name, how)) return tp_poison(tape);
    if (op->arity == 2) return tp_call2(op, x, t, &attributes);
    if (!tp_check_operand(tape, op->name, x, 0) || !tp_check_operand(tape, op->name, t, 1) ||
        !tp_check_operand(tape, op->name, c, 2))
        return tp_poison(tape);
    return tp_apply(op, (tp_var[]){x, t, stretched(op, c, x)}, 3, &attributes);
}
