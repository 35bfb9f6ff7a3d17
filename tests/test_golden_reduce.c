/* How the cases of tests/golden/reduce.txt are called. */
#include "ops/cumulative.h"
#include "tests/golden.h"

/* keep, axes */
#define AXES(name, function) GOLDEN_CALL(name, function(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
AXES(sum, tp_sum_axes)
AXES(mean, tp_mean_axes)
AXES(max, tp_max_axes)
AXES(min, tp_min_axes)
AXES(prod, tp_prod_axes)
AXES(logsumexp_axes, tp_logsumexp_axes)
AXES(all, tp_all_axes)
AXES(any, tp_any_axes)
AXES(count_nonzero, tp_count_nonzero_axes)
/* keep, a number, axes */
#define NUMBER_AXES(name, function)                                                                                    \
    GOLDEN_CALL(name, function(g->x[0], g->attribute[1], g->attributes - 2, g->list + 2, g->list[0] != 0))
NUMBER_AXES(variance, tp_variance_axes)
NUMBER_AXES(std, tp_std_axes)
NUMBER_AXES(p_norm, tp_norm_axes)
/* what slopes of norms divide and raise by */
GOLDEN_CALL(div_or_zero, tp_div_or_zero(g->x[0], g->x[1]))
GOLDEN_CALL(pows_or_zero, tp_pows_or_zero(g->x[0], g->attribute[0]))
/* keep, axis */
GOLDEN_CALL(max_with_indices, tp_max_with_indices(g->x[0], (int)g->list[1], g->list[0] != 0, NULL))
GOLDEN_CALL(min_with_indices, tp_min_with_indices(g->x[0], (int)g->list[1], g->list[0] != 0, NULL))
GOLDEN_CALL(argmax, tp_argmax_axis(g->x[0], (int)g->list[1], g->list[0] != 0))
GOLDEN_CALL(argmin, tp_argmin_axis(g->x[0], (int)g->list[1], g->list[0] != 0))
GOLDEN_CALL(nearest, tp_nearest(g->x[0], g->x[1]))
GOLDEN_CALL(median, tp_median_axis(g->x[0], (int)g->list[1], g->list[0] != 0, NULL))
/* axis, and what follows in the call */
GOLDEN_CALL(cumsum, tp_cumsum(g->x[0], (int)g->list[0]))
GOLDEN_CALL(cumprod, tp_cumprod(g->x[0], (int)g->list[0]))
GOLDEN_CALL(logcumsumexp, tp_logcumsumexp(g->x[0], (int)g->list[0]))
GOLDEN_CALL(product_before, tp_product_before(g->x[0], (int)g->list[0], g->list[1] != 0))
GOLDEN_CALL(linear_before, tp_linear_before(g->x[0], g->x[1], (int)g->list[0], g->list[1] != 0))
GOLDEN_CALL(cummax, tp_cummax(g->x[0], (int)g->list[0], NULL))
GOLDEN_CALL(cummin, tp_cummin(g->x[0], (int)g->list[0], NULL))
GOLDEN_CALL(sort, tp_sort(g->x[0], (int)g->list[0], g->list[1] != 0, NULL))
GOLDEN_CALL(argsort, tp_argsort(g->x[0], (int)g->list[0], g->list[1] != 0))
GOLDEN_CALL(topk, tp_topk(g->x[0], g->list[1], (int)g->list[0], g->list[2] != 0, true, NULL))

static const golden_builder builders[] = {
    GOLDEN(sum),
    GOLDEN(mean),
    GOLDEN(max),
    GOLDEN(min),
    GOLDEN(prod),
    GOLDEN(logsumexp_axes),
    GOLDEN(all),
    GOLDEN(any),
    GOLDEN(count_nonzero),
    GOLDEN(variance),
    GOLDEN(std),
    {.op = "norm", .build = golden_p_norm},
    GOLDEN(div_or_zero),
    GOLDEN(pows_or_zero),
    GOLDEN(max_with_indices),
    GOLDEN(min_with_indices),
    GOLDEN(argmax),
    GOLDEN(argmin),
    GOLDEN(nearest),
    GOLDEN(median),
    GOLDEN(cumsum),
    GOLDEN(cumprod),
    GOLDEN(logcumsumexp),
    GOLDEN(product_before),
    GOLDEN(linear_before),
    GOLDEN(cummax),
    GOLDEN(cummin),
    GOLDEN(sort),
    GOLDEN(argsort),
    GOLDEN(topk),
};

const golden_family golden_reduce = {"reduce", builders, COUNT(builders)};
