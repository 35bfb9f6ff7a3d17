/* The largest and the smallest along one axis together with where they are. */
#include "ops/chosen.h"

static void choose_extreme(const tp_kernels *kernels, const tp_choice *c, tp_dtype dtype, int64_t n, const void *x,
                           int64_t stride, void *work)
{
    *(int64_t *)work = tp_arg_extreme(kernels, dtype, n, x, stride, c->largest);
}

static tp_status with_indices_forward(tp_ctx *ctx)
{
    return tp_chosen_forward(ctx, choose_extreme);
}

#define SHAPES "x: a tensor -> twice the dims that stay, with 1 for the axis when keep; of a rank-1 x two scalars"
#define EDGES "The first of a tie, or the first NaN. Nothing to choose from: TP_E_SHAPE."

TP_CHOSEN(max_with_indices, with_indices_forward, .formula = "values: the largest x along the axis; indices: where",
          .derivative = "dx = g of the values where they were found, else 0", .shapes = SHAPES,
          .dtypes = "f32, f64; indices: i64", .edges = EDGES);
TP_CHOSEN(min_with_indices, with_indices_forward, .formula = "values: the smallest x along the axis; indices: where",
          .derivative = "dx = g of the values where they were found, else 0", .shapes = SHAPES,
          .dtypes = "f32, f64; indices: i64", .edges = EDGES);

tp_var tp_max_with_indices(tp_var x, int axis, bool keep, tp_var *indices)
{
    return tp_chosen_call(&tp_op_max_with_indices, x,
                          (tp_choice){.axis = axis, .keep = keep, .largest = true, .count = 1}, indices);
}

tp_var tp_min_with_indices(tp_var x, int axis, bool keep, tp_var *indices)
{
    return tp_chosen_call(&tp_op_min_with_indices, x, (tp_choice){.axis = axis, .keep = keep, .count = 1}, indices);
}
