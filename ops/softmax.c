/* softmax, log_softmax and logsumexp along an axis. The last axis is worked on row by row, another one many columns at
   a time; where these are few, and for logsumexp, a view brings the axis to the end. */
#include <string.h>

#include "ops/ops.h"

enum { FEW_COLUMNS = 8 };

/* The softmax's attribute: its axis, not negative. */
static int axis_in(const tp_ctx *ctx)
{
    return *(const int *)tp_ctx_attributes(ctx);
}

static tp_status same_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank == 0) return tp_ctx_fail(ctx, TP_E_SHAPE, "needs a tensor, not a scalar");
    if (axis_in(ctx) < 0 || axis_in(ctx) >= x->rank) return tp_ctx_fail(ctx, TP_E_INDEX, "axis %d", axis_in(ctx));
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

/* Calls a kernel on each row of x, and of out where there is one; logs of sums go to `lse` where asked for. */
static tp_status each_row(tp_ctx *ctx, double (*row)(int64_t, void *, const void *), tp_tensor *out, tp_tensor *lse)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    const int64_t n = x->dims[x->rank - 1], size = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    const int64_t count = n ? x->count / n : (lse ? lse->count : 0);
    for (int64_t i = 0; i < count; i++) {
        const double log_sum = row(n, out ? out->data + i * n * size : NULL, x->data + i * n * size);
        if (lse) tp_put((tp_dtype)lse->dtype, lse->data + i * (int64_t)tp_dtype_size((tp_dtype)lse->dtype), log_sum);
    }
    return TP_OK;
}

static const tp_float_loops *loops_of(tp_ctx *ctx)
{
    return ctx->tape->kernels->of[tp_ctx_input(ctx, 0)->dtype];
}

/* dx from y and g, a row at a time. */
static tp_status slope_rows(tp_ctx *ctx, const tp_tensor *g, void (*row)(int64_t, void *, const void *, const void *))
{
    tp_tensor *copy, *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *y = tp_ctx_output(ctx, 0), *dense = grad ? tp_densely(ctx->tape, g, &copy) : NULL;
    if (!dense) return TP_E_MEMORY;
    const int64_t n = y->dims[y->rank - 1], bytes = n * (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    const int64_t count = n ? y->count / n : 0;
    for (int64_t i = 0; i < count; i++) row(n, grad->data + i * bytes, y->data + i * bytes, dense->data + i * bytes);
    tp_done(ctx->tape, copy);
    return TP_OK;
}

/* How many columns lie side by side: the count of the dims behind the axis. */
static int64_t columns_of(const tp_tensor *x, int axis)
{
    return tp_shape_count(x->rank - axis - 1, x->dims + axis + 1);
}

static tp_status forward_along(tp_ctx *ctx, double (*row)(int64_t, void *, const void *), bool log)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const int axis = axis_in(ctx);
    if (axis == out->rank - 1) return each_row(ctx, row, out, NULL);
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    const int64_t n = x->dims[axis], columns = columns_of(x, axis);
    const int64_t bytes = n * columns * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    for (int64_t i = 0; x->count && i < x->count / (n * columns); i++)
        loops_of(ctx)->softmax_columns->columns(n, columns, columns, out->data + i * bytes, x->data + i * bytes, log);
    return TP_OK;
}

static tp_status slope_along(tp_ctx *ctx, const tp_tensor *g, void (*row)(int64_t, void *, const void *, const void *),
                             bool log)
{
    const tp_tensor *y = tp_ctx_output(ctx, 0);
    const int axis = axis_in(ctx);
    if (axis == y->rank - 1) return slope_rows(ctx, g, row);
    tp_tensor *copy, *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *dense = grad ? tp_densely(ctx->tape, g, &copy) : NULL;
    if (!dense) return TP_E_MEMORY;
    const int64_t n = y->dims[axis], columns = columns_of(y, axis);
    const int64_t bytes = n * columns * (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    for (int64_t i = 0; y->count && i < y->count / (n * columns); i++)
        loops_of(ctx)->softmax_columns->slope_columns(n, columns, columns, grad->data + i * bytes, y->data + i * bytes,
                                                      dense->data + i * bytes, log);
    tp_done(ctx->tape, copy);
    return TP_OK;
}

static tp_status softmax_forward(tp_ctx *ctx)
{
    return forward_along(ctx, loops_of(ctx)->softmax, false);
}

static tp_status softmax_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return slope_along(ctx, g, loops_of(ctx)->softmax_slope, false);
}

/* dx = y (g - sum g y) */
static tp_status softmax_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var y = tp_ctx_output_var(ctx, 0);
    const tp_var dot = tp_sum_axes(tp_mul_masked(g, y), TP_AXES(axis_in(ctx)), true);
    return tp_give(ctx, 0, tp_mul_masked(tp_sub(g, dot), y));
}

static tp_status softmax_pattern(tp_ctx *ctx)
{
    return tp_pattern_along(ctx, 0, 1u << axis_in(ctx));
}

const tp_op tp_op_softmax = {
    TP_OP_HEAD,
    .name = "softmax",
    .arity = 1,
    .structure = TP_DENSE,
    .attributes = sizeof(int),
    .pattern = softmax_pattern,
    .shape = same_shape,
    .forward = softmax_forward,
    .backward = softmax_backward,
    .gradient = softmax_gradient,
    .text = {.formula = "y = e^x / sum e^x along the axis",
             .derivative = "dx = y (g - sum g y)",
             .shapes = "x: any tensor -> the same",
             .edges = "Never overflows: the largest element is taken off first. An element of -Inf gives 0."}};

static tp_status log_softmax_forward(tp_ctx *ctx)
{
    return forward_along(ctx, loops_of(ctx)->log_softmax, true);
}

static tp_status log_softmax_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return slope_along(ctx, g, loops_of(ctx)->log_softmax_slope, true);
}

/* dx = g - e^y sum g */
static tp_status log_softmax_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var y = tp_ctx_output_var(ctx, 0);
    return tp_give(ctx, 0, tp_sub(g, tp_mul_masked(tp_sum_axes(g, TP_AXES(axis_in(ctx)), true), tp_exp(y))));
}

const tp_op tp_op_log_softmax = {
    TP_OP_HEAD,
    .name = "log_softmax",
    .arity = 1,
    .structure = TP_DENSE,
    .attributes = sizeof(int),
    .pattern = softmax_pattern,
    .shape = same_shape,
    .forward = log_softmax_forward,
    .backward = log_softmax_backward,
    .gradient = log_softmax_gradient,
    .text = {.formula = "y = x - log sum e^x along the axis",
             .derivative = "dx = g - e^y sum g",
             .shapes = "x: any tensor -> the same",
             .edges = "Never overflows, and keeps its digits where softmax would give 0."}};

static tp_status logsumexp_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank == 0) return tp_ctx_fail(ctx, TP_E_SHAPE, "needs a tensor, not a scalar");
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 1, x->dims);
}

static tp_status logsumexp_forward(tp_ctx *ctx)
{
    return each_row(ctx, loops_of(ctx)->softmax, NULL, tp_ctx_output(ctx, 0));
}

/* dx = g softmax(x) */
static tp_status logsumexp_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = 1;
    if (x->rank > 1) g = tp_reshape(g, x->rank, dims);
    return tp_give(ctx, 0, tp_mul_masked(g, tp_softmax(tp_ctx_input_var(ctx, 0), -1)));
}

/* The same, a row at a time; a zero upstream is a structural zero, whatever the row holds. */
static tp_status logsumexp_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    tp_tensor *copy, *grad = x ? tp_ctx_grad(ctx, 0, NULL) : NULL;
    const tp_tensor *dense = grad ? tp_densely(ctx->tape, g, &copy) : NULL;
    if (!dense) return TP_E_MEMORY;
    const tp_dtype up = (tp_dtype)dense->dtype;
    const int64_t n = x->dims[x->rank - 1], bytes = n * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    for (int64_t i = 0; n > 0 && i < dense->count; i++) {
        const double scale = tp_get(up, dense->data + i * (int64_t)tp_dtype_size(up));
        char *row = grad->data + i * bytes;
        if (scale == 0) {
            memset(row, 0, (size_t)bytes);
            continue;
        }
        loops_of(ctx)->softmax(n, row, x->data + i * bytes);
        loops_of(ctx)->scale(n, row, scale);
    }
    tp_done(ctx->tape, copy);
    return TP_OK;
}

static tp_status logsumexp_pattern(tp_ctx *ctx)
{
    return tp_pattern_along(ctx, 0, 1u << (tp_ctx_input(ctx, 0)->rank - 1));
}

const tp_op tp_op_logsumexp = {TP_OP_HEAD,
                               .name = "logsumexp",
                               .arity = 1,
                               .structure = TP_REDUCE,
                               .pattern = logsumexp_pattern,
                               .shape = logsumexp_shape,
                               .forward = logsumexp_forward,
                               .backward = logsumexp_backward,
                               .gradient = logsumexp_gradient,
                               .text = {.formula = "y = log sum e^x along the axis",
                                        .derivative = "dx = g softmax(x)",
                                        .shapes = "x: (..., n, ...) -> (..., ...), or (..., 1, ...) when keep",
                                        .edges = "Never overflows. Of nothing: -Inf."}};

/* The axis to be worked on, or -1 after setting the error. */
static int axis_of(const tp_op *op, tp_var x, int axis)
{
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return -1;
    const int rank = tp_var_rank(x), found = tp_shape_axis(rank, axis);
    char text[TP_SHAPE_TEXT];
    if (found < 0)
        tp_refuse(x.tape, TP_E_INDEX, "tp_%s: axis %d of %s", op->name, axis,
                  tp_shape_text(text, rank, tp_var_dims(x)));
    return found;
}

static tp_var along(const tp_op *op, tp_var x, int axis)
{
    const int found = axis_of(op, x, axis);
    if (found < 0) return tp_poison(x.tape);
    const int last = tp_var_rank(x) - 1;
    if (found == last || columns_of(tp_value(x), found) >= FEW_COLUMNS) return tp_call1(op, x, &found);
    return tp_transpose(tp_call1(op, tp_transpose(x, found, last), &last), found, last);
}

tp_var tp_softmax(tp_var x, int axis)
{
    return along(&tp_op_softmax, x, axis);
}

tp_var tp_log_softmax(tp_var x, int axis)
{
    return along(&tp_op_log_softmax, x, axis);
}

tp_var tp_logsumexp(tp_var x, int axis, bool keep)
{
    const int found = axis_of(&tp_op_logsumexp, x, axis);
    if (found < 0) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    int64_t order[TP_MAX_RANK];
    for (int i = 0; i < rank; i++) order[i] = i < found ? i : (i + 1 < rank ? i + 1 : found);
    const tp_shape left = tp_shape_reduced(rank, tp_var_dims(x), 1u << found, true);
    const tp_var y = tp_call1(&tp_op_logsumexp, found == rank - 1 ? x : tp_permute(x, rank, order), NULL);
    return keep ? tp_reshape(y, left.rank, left.dims) : y;
}

/* The reduced axes are brought to the end as one. */
tp_var tp_logsumexp_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    if (!x.tape || !tp_check_operand(x.tape, "logsumexp", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    unsigned mask;
    char text[TP_SHAPE_TEXT];
    if (!tp_shape_axes(rank, n, axes, &mask))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_logsumexp: an axis is outside %s or named twice",
                         tp_shape_text(text, rank, dims));
    if (rank == 0) return tp_muls(x, 1);
    int64_t order[TP_MAX_RANK];
    const tp_shape kept = tp_shape_reduced(rank, dims, mask, true), left = tp_shape_reduced(rank, dims, mask, false);
    tp_shape rows = left;
    rows.dims[rows.rank] = 1;
    for (int i = 0, at = 0, end = left.rank; i < rank; i++) {
        const bool gone = mask >> i & 1;
        order[gone ? end++ : at++] = i;
        if (gone) rows.dims[left.rank] *= dims[i];
    }
    const bool turned = mask >> left.rank != (1u << (rank - left.rank)) - 1;
    tp_var flat = turned ? tp_permute(x, rank, order) : x;
    if (left.rank + 1 != rank) flat = tp_reshape(flat, left.rank + 1, rows.dims);
    const tp_var y = tp_call1(&tp_op_logsumexp, flat, NULL);
    return keep ? tp_reshape(y, kept.rank, kept.dims) : y;
}
