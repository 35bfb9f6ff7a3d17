/* Diagonals read out of matrices (a view), and matrices made of diagonals; each is the other's rule. */
#include <string.h>

#include "ops/ops.h"

/* ---- reading ---- */

typedef struct line {
    int a, b; /* rows and columns */
    int64_t k;
} line;

/* The diagonal as a part of a tensor with these dims and strides: the other axes, then along it. */
static tp_region part_of(const line *d, int rank, const int64_t *dims, const int64_t *strides)
{
    tp_region part = {.rank = 0};
    for (int i = 0; i < rank; i++) {
        if (i == d->a || i == d->b) continue;
        part.dims[part.rank] = dims[i];
        part.strides[part.rank++] = strides[i];
    }
    const int64_t rows = dims[d->a] - (d->k < 0 ? -d->k : 0), columns = dims[d->b] - (d->k > 0 ? d->k : 0);
    const int64_t n = rows < columns ? rows : columns;
    part.dims[part.rank] = n > 0 ? n : 0;
    part.strides[part.rank++] = strides[d->a] + strides[d->b];
    if (n > 0) part.offset = d->k > 0 ? d->k * strides[d->b] : -d->k * strides[d->a];
    return part;
}

static tp_status diagonal_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_region part = part_of(tp_ctx_attributes(ctx), x->rank, x->dims, x->strides);
    return tp_ctx_result_view(ctx, part.rank, part.dims, part.strides, part.offset);
}

static tp_status diagonal_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK;
}

static tp_status diagonal_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dense[TP_MAX_RANK];
    tp_shape_strides(x->rank, x->dims, dense);
    const tp_region part = part_of(tp_ctx_attributes(ctx), x->rank, x->dims, dense);
    return tp_give_region(ctx, 0, g, &part);
}

const tp_op tp_op_diagonal = {TP_OP_HEAD,
                              .name = "diagonal",
                              .arity = 1,
                              .structure = TP_VIEW,
                              .flags = TP_LINEAR,
                              .attributes = sizeof(line),
                              .shape = diagonal_shape,
                              .forward = diagonal_forward,
                              .backward = diagonal_backward,
                              .text = {.formula = "y[..., i] = x[..., i, i + k], or x[..., i - k, i] for negative k",
                                       .derivative = "dx = g on the diagonal, 0 elsewhere",
                                       .shapes = "x without the two axes, then the diagonal (a view)",
                                       .dtypes = "any; f32 and f64 carry a gradient",
                                       .edges = "a diagonal past the corner is empty"}};

tp_var tp_diagonal(tp_var x, int64_t k, int axis_a, int axis_b)
{
    if (!x.tape || !tp_check_operand(x.tape, "diagonal", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const line d = {tp_shape_axis(rank, axis_a), tp_shape_axis(rank, axis_b), k == INT64_MIN ? -INT64_MAX : k};
    char text[TP_SHAPE_TEXT];
    if (d.a < 0 || d.b < 0 || d.a == d.b)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_diagonal: axes %d and %d of %s", axis_a, axis_b,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    return tp_record1(x.tape, &tp_op_diagonal, x.node, &d);
}

/* ---- making ---- */

static tp_status diag_shape(tp_ctx *ctx)
{
    const int64_t k = *(const int64_t *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (x->rank < 1) return tp_ctx_fail(ctx, TP_E_SHAPE, "a scalar has no diagonal");
    if (x->rank == TP_MAX_RANK) return tp_ctx_fail(ctx, TP_E_LIMIT, "rank over %d", TP_MAX_RANK);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    const int last = x->rank - 1;
    if (k == INT64_MIN || __builtin_add_overflow(dims[last], k < 0 ? -k : k, &dims[last]))
        return tp_ctx_fail(ctx, TP_E_LIMIT, "diagonal %lld of %s: the size overflows", (long long)k,
                           tp_tensor_text(text, x));
    dims[last + 1] = dims[last];
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank + 1, dims);
}

static tp_status diag_forward(tp_ctx *ctx)
{
    const int64_t k = *(const int64_t *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const line d = {x->rank - 1, x->rank, k};
    const tp_region part = part_of(&d, out->rank, out->dims, out->strides);
    const tp_dtype dtype = (tp_dtype)out->dtype;
    tp_fill(out->count, dtype, out->data, 0);
    tp_copy(x->rank, x->dims, dtype, out->data + part.offset * (int64_t)tp_dtype_size(dtype), part.strides, dtype,
            x->data, x->strides);
    return TP_OK;
}

static tp_status diag_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_diagonal(g, *(const int64_t *)tp_ctx_attributes(ctx), -2, -1));
}

const tp_op tp_op_diag = {
    TP_OP_HEAD,
    .name = "diag",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .attributes = sizeof(int64_t),
    .shape = diag_shape,
    .forward = diag_forward,
    .backward = diag_backward,
    .text = {.formula = "y[..., i, i + k] = x[..., i] (y[..., i - k, i] for negative k), 0 elsewhere",
             .derivative = "dx = that diagonal of g",
             .shapes = "(..., n) -> (..., n + |k|, n + |k|)",
             .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_diag_embed(tp_var x, int64_t k)
{
    return tp_call1(&tp_op_diag, x, &k);
}

tp_var tp_diag(tp_var x, int64_t k)
{
    if (!x.tape || !tp_check_operand(x.tape, "diag", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    char text[TP_SHAPE_TEXT];
    if (rank != 1 && rank != 2)
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_diag: neither a vector nor a matrix: %s",
                         tp_shape_text(text, rank, tp_var_dims(x)));
    return rank == 1 ? tp_diag_embed(x, k) : tp_diagonal(x, k, 0, 1);
}
