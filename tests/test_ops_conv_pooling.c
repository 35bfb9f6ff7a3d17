/* Samples of pooling. */
#include "tests/test_ops.h"

#include "ops/pooling.h"

/* list: spatial axes, then window, stride, padding, dilation of each; a trailing number: 1 ceil_mode, 2
   exclude_padding, 3 both. number: the divisor, or p. */
static tp_pool_attributes attributes_of(const sample *s)
{
    const int spatial = (int)s->list[0];
    tp_pool_attributes a = {.spatial = spatial};
    int64_t *const fields[] = {a.options.window, a.options.stride, a.options.padding, a.options.dilation};
    for (int f = 0; f < 4; f++)
        for (int i = 0; i < spatial; i++) fields[f][i] = s->list[1 + f * spatial + i];
    a.options.ceil_mode = s->list[1 + 4 * spatial] & 1;
    a.options.exclude_padding = s->list[1 + 4 * spatial] & 2;
    return a;
}

static tp_var build_max(const sample *s, const tp_var *x)
{
    typedef tp_var pool(tp_var x, const tp_pool_options *options, tp_var *indices);
    static pool *const of[] = {tp_max_pool1d, tp_max_pool2d, tp_max_pool3d};
    const tp_pool_attributes a = attributes_of(s);
    return of[s->list[0] - 1](x[0], &a.options, NULL);
}

static tp_var build_average(const sample *s, const tp_var *x)
{
    typedef tp_var pool(tp_var x, const tp_pool_options *options);
    static pool *const of[] = {tp_avg_pool1d, tp_avg_pool2d, tp_avg_pool3d};
    tp_pool_attributes a = attributes_of(s);
    a.options.divisor = (int64_t)s->number;
    return of[s->list[0] - 1](x[0], &a.options);
}

static tp_var build_lp(const sample *s, const tp_var *x)
{
    typedef tp_var pool(tp_var x, double p, const tp_pool_options *options);
    static pool *const of[] = {tp_lp_pool1d, tp_lp_pool2d, tp_lp_pool3d};
    const tp_pool_attributes a = attributes_of(s);
    return of[s->list[0] - 1](x[0], s->number, &a.options);
}

static tp_var build_adaptive_max(const sample *s, const tp_var *x)
{
    return tp_adaptive_max_pool(x[0], s->count, s->list, NULL);
}

static tp_var build_adaptive_average(const sample *s, const tp_var *x)
{
    return tp_adaptive_avg_pool(x[0], s->count, s->list);
}

/* The rules, which nothing public records by itself: pooling of x: (1, 2, 4) by windows of 2, strides of 1. */
static const tp_pool_attributes rule = {.options = {.window = {2}, .stride = {1}}, .size = {4}};

static tp_var build_spread(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_apply(&tp_op_avg_spread, x, 1, &rule);
}

static tp_var build_scatter(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_apply(&tp_op_pool_scatter, x, 2, &rule);
}

static tp_var build_gather(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_apply(&tp_op_pool_gather, x, 2, &rule);
}

static const sample items[] = {
    {"max_pool", "1-d", build_max, ON(T(2, 2, 6)), LIST(1, 2)},
    {"max_pool", "1-d, overlapping", build_max, ON(T(1, 2, 6)), LIST(1, 3, 1, 1)},
    {"max_pool", "1-d, dilated", build_max, ON(T(1, 2, 7)), LIST(1, 2, 2, 1, 3)},
    {"max_pool", "1-d, ceil", build_max, ON(T(1, 2, 6)), LIST(1, 3, 2, 0, 1, 1)},
    {"max_pool", "2-d", build_max, ON(T(2, 1, 4, 4)), LIST(2, 2, 2)},
    {"max_pool", "2-d, all options", build_max, ON(T(1, 2, 5, 6)), LIST(2, 3, 2, 2, 3, 1, 0, 1, 2, 1)},
    {"max_pool", "3-d", build_max, ON(T(1, 1, 3, 3, 3)), LIST(3, 2, 2, 2, 1, 1, 1)},
    {"max_pool", "adaptive", build_adaptive_max, ON(T(2, 1, 5, 3)), LIST(3, 2)},
    {"max_pool", "adaptive, more than there are", build_adaptive_max, ON(T(1, 1, 3)), LIST(5)},
    {"max_pool", "transposed leaf", build_max, ON(TRANSPOSED(2, 2, 4)), LIST(1, 2)},
    {"max_pool", "cut", build_max, ON(CUT(1, 2, 4, 4)), LIST(2, 2, 2)},
    {"max_pool", "size 1", build_max, ON(T(1, 2, 1, 1)), LIST(2, 1, 1)},
    {"max_pool", "empty batch", build_max, ON(T(0, 2, 4)), LIST(1, 2)},

    {"avg_pool", "1-d", build_average, ON(T(2, 2, 6)), LIST(1, 2)},
    {"avg_pool", "1-d, padding", build_average, ON(T(1, 2, 6)), LIST(1, 3, 1, 1)},
    {"avg_pool", "1-d, padding not counted", build_average, ON(T(1, 2, 6)), LIST(1, 3, 2, 1, 0, 2)},
    {"avg_pool", "1-d, ceil", build_average, ON(T(1, 2, 6)), LIST(1, 3, 2, 0, 0, 1)},
    {"avg_pool", "2-d", build_average, ON(T(2, 1, 4, 4)), LIST(2, 2, 2)},
    {"avg_pool", "2-d, all options", build_average, ON(T(1, 2, 4, 6)), LIST(2, 3, 2, 2, 3, 1, 1, 0, 0, 3)},
    {"avg_pool", "2-d, a divisor", build_average, ON(T(1, 1, 3, 3)), LIST(2, 2, 2, 1, 1), .number = 3},
    {"avg_pool", "3-d", build_average, ON(T(1, 1, 3, 3, 2)), LIST(3, 2, 2, 2, 1, 1, 1, 0, 1, 1)},
    {"avg_pool", "adaptive", build_adaptive_average, ON(T(2, 1, 5, 3)), LIST(3, 2)},
    {"avg_pool", "adaptive to one", build_adaptive_average, ON(T(1, 2, 3, 2, 2)), LIST(1, 1, 1)},
    {"avg_pool", "views", build_average, ON(VIEW(2, 2, 4)), LIST(1, 2)},
    {"avg_pool", "sliced leaf", build_average, ON(SLICED(1, 2, 4)), LIST(1, 2)},
    {"avg_pool", "empty batch", build_average, ON(T(0, 2, 4)), LIST(1, 2)},
    {"avg_pool", "p 2", build_lp, ON({SHAPE(1, 2, 6), .low = .5, .high = 2}), LIST(1, 2), .number = 2},
    {"avg_pool", "p 3, 2-d", build_lp, ON({SHAPE(1, 1, 4, 4), .low = .5, .high = 2}), LIST(2, 3, 2, 1, 2), .number = 3},
    {"avg_pool", "p 1", build_lp, ON({SHAPE(1, 2, 4), .low = .5, .high = 2}), LIST(1, 2), .number = 1},

    {"avg_spread", "1-d", build_spread, ON(T(1, 2, 3))},
    {"avg_spread", "transposed leaf", build_spread, ON(TRANSPOSED(3, 2, 3))},
    {"avg_spread", "empty batch", build_spread, ON(T(0, 2, 3))},
    {"pool_scatter", "1-d", build_scatter, ON(T(1, 2, 3), LABELS(TP_I64, 4, 1, 2, 3))},
    {"pool_scatter", "views", build_scatter, ON(VIEW(2, 2, 3), LABELS(TP_I64, 5, 2, 2, 3))},
    {"pool_scatter", "empty batch", build_scatter, ON(T(0, 2, 3), LABELS(TP_I64, 4, 0, 2, 3))},
    {"pool_gather", "1-d", build_gather, ON(T(1, 2, 4), LABELS(TP_I64, 4, 1, 2, 3))},
    {"pool_gather", "views", build_gather, ON(VIEW(2, 2, 4), LABELS(TP_I64, 5, 2, 2, 3))},
    {"pool_gather", "empty batch", build_gather, ON(T(0, 2, 4), LABELS(TP_I64, 4, 0, 2, 3))},
};

const sample_list pooling_samples = {items, COUNT(items)};
