/* Rows along an axis in order, the first few of an order, the one in the middle, and running extremes. */
#include "ops/chosen.h"

#include <math.h>

#include "kernels/order.h"

/* The places of the first `count` of the ordered items, over the items themselves. */
static void keep_places(int64_t count, tp_ranked *items)
{
    int64_t *places = (int64_t *)items;
    for (int64_t i = 0; i < count; i++) places[i] = items[i].place;
}

static void choose_ordered(const tp_kernels *kernels, const tp_choice *c, tp_dtype dtype, int64_t n, const void *x,
                           int64_t stride, void *work)
{
    (void)kernels;
    tp_ranked *items = work;
    tp_rank(dtype, n, x, stride, c->largest, items);
    if (c->in_place) {
        for (int64_t i = 0; i < c->count; i++) items[i].key = (uint64_t)items[i].place;
        tp_rank_keys(c->count, items);
    }
    keep_places(c->count, items);
}

/* The lower of two in the middle; the first NaN if there is one: NaN are last. */
static void choose_middle(const tp_kernels *kernels, const tp_choice *c, tp_dtype dtype, int64_t n, const void *x,
                          int64_t stride, void *work)
{
    (void)kernels, (void)c;
    const char *at = x;
    const int64_t step = stride * (int64_t)tp_dtype_size(dtype);
    tp_ranked *items = work;
    tp_rank(dtype, n, x, stride, false, items);
    int64_t middle = (n - 1) / 2;
    if (isnan(tp_get(dtype, at + items[n - 1].place * step)))
        for (middle = n - 1; middle > 0 && isnan(tp_get(dtype, at + items[middle - 1].place * step));) middle--;
    *(int64_t *)work = items[middle].place;
}

static void choose_running(const tp_kernels *kernels, const tp_choice *c, tp_dtype dtype, int64_t n, const void *x,
                           int64_t stride, void *work)
{
    (void)kernels;
    tp_running_extreme(dtype, n, x, stride, c->largest, work);
}

static tp_status ordered_forward(tp_ctx *ctx)
{
    return tp_chosen_forward(ctx, choose_ordered);
}

static tp_status median_forward(tp_ctx *ctx)
{
    return tp_chosen_forward(ctx, choose_middle);
}

static tp_status running_forward(tp_ctx *ctx)
{
    return tp_chosen_forward(ctx, choose_running);
}

#define DERIVATIVE .derivative = "dx = g of the values where they were found, else 0"
#define DTYPES .dtypes = "f32, f64; indices: i64"
#define SAME_SHAPE .shapes = "x: a tensor -> twice its dims"

TP_CHOSEN(sort, ordered_forward, .formula = "values: x in ascending or descending order along the axis; indices: where",
          DERIVATIVE, SAME_SHAPE, DTYPES,
          .edges = "Equal elements keep their order. NaN counts as the largest, 0 and -0 are equal.");
TP_CHOSEN(topk, ordered_forward, .formula = "values: the k largest or smallest x along the axis; indices: where",
          DERIVATIVE, .shapes = "x: a tensor -> twice its dims with k in place of the axis", DTYPES,
          .edges = "The first of equal elements. NaN counts as the largest. k over the axis: TP_E_INDEX.");
TP_CHOSEN(median, median_forward,
          .formula = "values: the x in the middle of the order along the axis, the lower of two; indices: where",
          DERIVATIVE,
          .shapes = "x: a tensor -> twice the dims that stay, with 1 for the axis when keep; of a rank-1 x two scalars",
          DTYPES, .edges = "NaN if any element is, with the place of the first. Nothing to choose from: TP_E_SHAPE.");
TP_CHOSEN(cummax, running_forward, .formula = "values: the largest of x_0 .. x_i along the axis; indices: where",
          DERIVATIVE, SAME_SHAPE, DTYPES, .edges = "The last of equal elements; NaN from the first NaN on.");
TP_CHOSEN(cummin, running_forward, .formula = "values: the smallest of x_0 .. x_i along the axis; indices: where",
          DERIVATIVE, SAME_SHAPE, DTYPES, .edges = "The last of equal elements; NaN from the first NaN on.");

enum { WHOLE = -1 };

tp_var tp_sort(tp_var x, int axis, bool descending, tp_var *indices)
{
    return tp_chosen_call(&tp_op_sort, x,
                          (tp_choice){.axis = axis, .keep = true, .largest = descending, .count = WHOLE}, indices);
}

tp_var tp_argsort(tp_var x, int axis, bool descending)
{
    tp_var indices;
    tp_sort(x, axis, descending, &indices);
    return indices;
}

tp_var tp_topk(tp_var x, int64_t k, int axis, bool largest, bool sorted, tp_var *indices)
{
    if (k < 0) {
        if (indices) *indices = tp_poison(x.tape);
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_topk: %lld elements", (long long)k);
    }
    return tp_chosen_call(&tp_op_topk, x,
                          (tp_choice){.axis = axis, .keep = true, .largest = largest, .in_place = !sorted, .count = k},
                          indices);
}

tp_var tp_median_axis(tp_var x, int axis, bool keep, tp_var *indices)
{
    return tp_chosen_call(&tp_op_median, x, (tp_choice){.axis = axis, .keep = keep, .count = 1}, indices);
}

tp_var tp_median(tp_var x)
{
    return tp_median_axis(tp_reshape(x, 1, &(int64_t){-1}), 0, false, NULL);
}

tp_var tp_cummax(tp_var x, int axis, tp_var *indices)
{
    return tp_chosen_call(&tp_op_cummax, x, (tp_choice){.axis = axis, .keep = true, .largest = true, .count = WHOLE},
                          indices);
}

tp_var tp_cummin(tp_var x, int axis, tp_var *indices)
{
    return tp_chosen_call(&tp_op_cummin, x, (tp_choice){.axis = axis, .keep = true, .count = WHOLE}, indices);
}
