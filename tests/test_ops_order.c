/* Samples of running results and of orders along an axis. */
#include "tests/test_ops.h"

#include "ops/cumulative.h"

/* list: the axis */
static tp_var build_running(const sample *s, const tp_var *x)
{
    const int axis = (int)s->list[0];
    tp_var indices;
    if (strcmp(s->op, "cumsum") == 0) return tp_cumsum(x[0], axis);
    if (strcmp(s->op, "cumprod") == 0) return tp_cumprod(x[0], axis);
    if (strcmp(s->op, "logcumsumexp") == 0) return tp_logcumsumexp(x[0], axis);
    if (strcmp(s->op, "product_before") == 0) return tp_product_before(x[0], axis, s->keep);
    if (strcmp(s->op, "linear_before") == 0)
        return tp_linear_before(x[0], s->n > 1 ? x[1] : x[0], axis < 0 ? axis + tp_var_rank(x[0]) : axis, s->keep);
    return (strcmp(s->op, "cummax") == 0 ? tp_cummax : tp_cummin)(x[0], axis, &indices);
}

/* list: the axis; keep: descending */
static tp_var build_sort(const sample *s, const tp_var *x)
{
    return tp_sort(x[0], (int)s->list[0], s->keep, NULL);
}

/* list: the axis, k; keep: the largest; number: sorted */
static tp_var build_topk(const sample *s, const tp_var *x)
{
    return tp_topk(x[0], s->list[1], (int)s->list[0], s->keep, s->number > 0, NULL);
}

/* list: the axis, none for all */
static tp_var build_median(const sample *s, const tp_var *x)
{
    return s->count ? tp_median_axis(x[0], (int)s->list[0], s->keep, NULL) : tp_median(x[0]);
}

static tp_var build_min_with_indices(const sample *s, const tp_var *x)
{
    return tp_min_with_indices(x[0], (int)s->list[0], s->keep, NULL);
}

#define ALONG(name, build)                                                                                             \
    {name, "(5)", build, ON(T(5)), LIST(0)}, {name, "(1)", build, ON(T(1)), LIST(-1)},                                 \
        {name, "(2,3) axis 1", build, ON(T(2, 3)), LIST(1)}, {name, "(2,3) axis 0", build, ON(T(2, 3)), LIST(0)},      \
        {name, "(2,3) the other way", build, ON(T(2, 3)), LIST(1), .keep = true},                                      \
        {name, "(2,3,2) axis 1", build, ON(T(2, 3, 2)), LIST(1)},                                                      \
        {name, "(2,3) transposed leaf", build, ON(TRANSPOSED(2, 3)), LIST(1)},                                         \
        {name, "(2,3) sliced leaf", build, ON(SLICED(2, 3)), LIST(1)},                                                 \
        {name, "(2,3) transposed axis 0", build, ON(VIEW(2, 3)), LIST(0)},                                             \
        {name, "(2,3) cut", build, ON(CUT(2, 3)), LIST(1)}, {name, "(0,3) axis 1", build, ON(T(0, 3)), LIST(1)},       \
    {                                                                                                                  \
        name, "(3,0) axis 0", build, ON(T(3, 0)), LIST(0)                                                              \
    }

static const sample items[] = {
    ALONG("cumsum", build_running),
    ALONG("cumprod", build_running),
    ALONG("logcumsumexp", build_running),
    ALONG("product_before", build_running),
    ALONG("linear_before", build_running),
    {"linear_before", "(5) (5)", build_running, ON(T(5), T(5)), LIST(0)},
    {"linear_before", "(2,3) (2,3) reversed", build_running, ON(T(2, 3), VIEW(2, 3)), LIST(1), .keep = true},
    {"linear_before", "(2,3) (2,3) sliced", build_running, ON(SLICED(2, 3), TRANSPOSED(2, 3)), LIST(0)},
    ALONG("cummax", build_running),
    ALONG("cummin", build_running),
    ALONG("sort", build_sort),
    {"sort", "long (60)", build_sort, ON(T(60)), LIST(0)},
    {"topk", "(5) 2", build_topk, ON(T(5)), LIST(0, 2), .keep = true, .number = 1},
    {"topk", "(5) 5 smallest", build_topk, ON(T(5)), LIST(0, 5), .number = 1},
    {"topk", "(5) 0", build_topk, ON(T(5)), LIST(0, 0), .number = 1},
    {"topk", "(2,5) 3 by place", build_topk, ON(T(2, 5)), LIST(1, 3), .keep = true},
    {"topk", "(4,3) 2 axis 0", build_topk, ON(T(4, 3)), LIST(0, 2), .keep = true, .number = 1},
    {"topk", "(4,3) transposed", build_topk, ON(VIEW(4, 3)), LIST(0, 2), .number = 1},
    {"topk", "(0,3) axis 1", build_topk, ON(T(0, 3)), LIST(1, 2), .number = 1},
    {"median", "of all (5)", build_median, ON(T(5))},
    {"median", "of all (2,3) transposed", build_median, ON(VIEW(2, 3))},
    {"median", "of a scalar", build_median, ON({.layout = SCALAR})},
    {"median", "(5) axis 0 kept", build_median, ON(T(5)), LIST(0), .keep = true},
    {"median", "(2,4) axis 1", build_median, ON(T(2, 4)), LIST(1)},
    {"median", "(3,2) axis 0 kept", build_median, ON(T(3, 2)), LIST(0), .keep = true},
    {"median", "(2,3,4) axis 1", build_median, ON(T(2, 3, 4)), LIST(1)},
    {"median", "(2,3) sliced leaf", build_median, ON(SLICED(2, 3)), LIST(-1)},
    {"median", "(0,3) axis 1", build_median, ON(T(0, 3)), LIST(1)},
    {"min_with_indices", "(5)", build_min_with_indices, ON(T(5)), LIST(0)},
    {"min_with_indices", "(5) kept", build_min_with_indices, ON(T(5)), LIST(0), .keep = true},
    {"min_with_indices", "(2,3) axis 0", build_min_with_indices, ON(T(2, 3)), LIST(0)},
    {"min_with_indices", "(2,3,4) axis 1", build_min_with_indices, ON(T(2, 3, 4)), LIST(1)},
    {"min_with_indices", "(2,3) transposed kept", build_min_with_indices, ON(VIEW(2, 3)), LIST(-1), .keep = true},
    {"min_with_indices", "(0,3) axis 1", build_min_with_indices, ON(T(0, 3)), LIST(1)},
};

const sample_list order_samples = {items, COUNT(items)};
