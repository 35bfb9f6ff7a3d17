/* Whether all, any or how many elements are not 0, over any axes: of any dtype, NaN is not 0. Not differentiable. */
#include "ops/axes.h"

static tp_status truth_shape(tp_ctx *ctx)
{
    return tp_axes_shape_of(ctx, TP_U8);
}

static tp_status count_shape(tp_ctx *ctx)
{
    return tp_axes_shape_of(ctx, TP_I64);
}

static tp_status all_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_ALL);
}

static tp_status any_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_ANY);
}

static tp_status count_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_NONZERO);
}

#define COUNT(name_, shape_, forward_, formula_, dtypes_, edges_)                                                      \
    const tp_op tp_op_##name_ = {TP_OP_HEAD,                                                                           \
                                 .name = #name_,                                                                       \
                                 .arity = 1,                                                                           \
                                 .structure = TP_REDUCE,                                                               \
                                 .flags = TP_NO_GRADIENT,                                                              \
                                 .attributes = sizeof(tp_axes),                                                        \
                                 .shape = shape_,                                                                      \
                                 .forward = forward_,                                                                  \
                                 .text = {.formula = formula_,                                                         \
                                          .derivative = "none",                                                        \
                                          .shapes = "x: any -> the dims that stay, with 1 for the others when keep; "  \
                                                    "no axis named: all of them, a scalar",                            \
                                          .dtypes = "x: any; y: " dtypes_ ", or a scalar",                             \
                                          .edges = edges_}};
COUNT(all, truth_shape, all_forward, "y = 1 if no x over the axes is 0, else 0", "u8", "Of nothing: 1. NaN is not 0.")
COUNT(any, truth_shape, any_forward, "y = 1 if an x over the axes is not 0, else 0", "u8",
      "Of nothing: 0. NaN is not 0.")
COUNT(count_nonzero, count_shape, count_forward, "y = how many x over the axes are not 0", "i64",
      "Of nothing: 0. NaN is not 0.")
#undef COUNT

tp_var tp_all_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_all, x, n, axes, keep, 0);
}

tp_var tp_all(tp_var x)
{
    return tp_all_axes(x, 0, NULL, false);
}

tp_var tp_any_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_any, x, n, axes, keep, 0);
}

tp_var tp_any(tp_var x)
{
    return tp_any_axes(x, 0, NULL, false);
}

tp_var tp_count_nonzero_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_count_nonzero, x, n, axes, keep, 0);
}

tp_var tp_count_nonzero(tp_var x)
{
    return tp_count_nonzero_axes(x, 0, NULL, false);
}
