/* Products over any axes. */
#include <math.h>

#include "ops/axes.h"
#include "ops/cumulative.h"

static tp_status prod_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_PROD);
}

/* The product of all others that meet in one result, for each element: of those before it by those behind it, along
   one axis into which the reduced ones are brought. Nothing is divided, so zeros are right to every order. */
static tp_var others(tp_ctx *ctx, tp_var x)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *value = tp_ctx_input(ctx, 0);
    const int rank = value->rank;
    int64_t order[TP_MAX_RANK], back[TP_MAX_RANK], turned[TP_MAX_RANK], rows[TP_MAX_RANK];
    int kept = 0, n = 0;
    int64_t count = 1;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < rank; i++) {
            const int64_t dim = value->dims[i];
            if ((int)(axes->mask >> i & 1) != pass) continue;
            back[i] = n;
            turned[n] = dim;
            order[n++] = i;
            if (pass)
                count *= dim;
            else
                rows[kept++] = dim;
        }
    rows[kept] = count;
    const tp_var flat = tp_reshape(tp_permute(x, rank, order), kept + 1, rows);
    const tp_var product = tp_mul(tp_product_before(flat, kept, false), tp_product_before(flat, kept, true));
    return tp_permute(tp_reshape(product, rank, turned), rank, back);
}

static tp_status prod_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (x->rank == 0) return tp_give(ctx, 0, g);
    return tp_give(ctx, 0, tp_mul_masked(tp_axes_restore(ctx, g), others(ctx, tp_ctx_input_var(ctx, 0))));
}

/* Where every product is far from 0 and from overflow, dx = g y / x. */
static tp_status prod_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_tensor *y = tp_ctx_output(ctx, 0);
    bool plain = true;
    for (int64_t i = 0; i < y->count && plain; i++) {
        const double size = fabs(tp_get((tp_dtype)y->dtype, y->data + i * (int64_t)tp_dtype_size((tp_dtype)y->dtype)));
        plain = size > 1e-30 && size < 1e30;
    }
    const tp_axes_slope slope = {.loop = tp_axes_loops(ctx)->prod, .y = y, .g = g};
    return plain ? tp_axes_run(ctx, &slope) : tp_axes_recorded(ctx, g, prod_backward);
}

const tp_op tp_op_prod = {
    TP_OP_HEAD,
    .name = "prod",
    .arity = 1,
    .structure = TP_REDUCE,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = tp_axes_shape,
    .forward = prod_forward,
    .backward = prod_backward,
    .gradient = prod_gradient,
    .text = {.formula = "y = product of x over the axes, carried in f64",
             .derivative = "dx = g times the product of all others",
             .shapes =
                 "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
             .edges = "Of nothing: 1. Right at zeros, to every order: a single zero gets the product of the others."}};

tp_var tp_prod_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_prod, x, n, axes, keep, 0);
}

tp_var tp_prod(tp_var x)
{
    return tp_prod_axes(x, 0, NULL, false);
}
