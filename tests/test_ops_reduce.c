/* Samples of the reductions and of the softmax family. */
#include "tests/test_ops.h"

static tp_var build_sum(const sample *s, const tp_var *x)
{
    return tp_sum_axes(x[0], s->count, s->list, s->keep);
}

static tp_var build_sum_all(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_sum(x[0]);
}

static tp_var build_mean(const sample *s, const tp_var *x)
{
    return s->count ? tp_mean_axes(x[0], s->count, s->list, s->keep) : tp_mean(x[0]);
}

/* The op says which; list: the axes, none for all. */
static tp_var build_extreme(const sample *s, const tp_var *x)
{
    const bool least = strcmp(s->op, "min") == 0;
    if (s->count == 0) return least ? tp_min(x[0]) : tp_max(x[0]);
    return (least ? tp_min_axes : tp_max_axes)(x[0], s->count, s->list, s->keep);
}

static tp_var build_max_with_indices(const sample *s, const tp_var *x)
{
    tp_var indices;
    return tp_max_with_indices(x[0], (int)s->list[0], s->keep, &indices);
}

static tp_var build_softmax(const sample *s, const tp_var *x)
{
    return tp_softmax(x[0], (int)s->list[0]);
}

static tp_var build_log_softmax(const sample *s, const tp_var *x)
{
    return tp_log_softmax(x[0], (int)s->list[0]);
}

static tp_var build_logsumexp(const sample *s, const tp_var *x)
{
    return tp_logsumexp(x[0], (int)s->list[0], s->keep);
}

#define EXTREME(name)                                                                                                  \
    {name, "of a scalar", build_extreme, ON({.layout = SCALAR})}, {name, "of all (5)", build_extreme, ON(T(5))},       \
        {name, "of all (2,3)", build_extreme, ON(T(2, 3))},                                                            \
        {name, "of all (2,3) transposed", build_extreme, ON(VIEW(2, 3))},                                              \
        {name, "(2,3) axis 0", build_extreme, ON(T(2, 3)), LIST(0)},                                                   \
        {name, "(2,3) axis 1 kept", build_extreme, ON(T(2, 3)), LIST(1), .keep = true},                                \
        {name, "(2,3,4) axes 0 2", build_extreme, ON(T(2, 3, 4)), LIST(0, 2)},                                         \
        {name, "(2,3,4) axes -1 0 kept", build_extreme, ON(T(2, 3, 4)), LIST(-1, 0), .keep = true},                    \
        {name, "(2,3) both axes kept", build_extreme, ON(T(2, 3)), LIST(0, 1), .keep = true},                          \
        {name, "(2,3) transposed leaf axis 1", build_extreme, ON(TRANSPOSED(2, 3)), LIST(1)},                          \
        {name, "(2,3) sliced leaf axis 0", build_extreme, ON(SLICED(2, 3)), LIST(0)},                                  \
        {name, "(2,3) cut axis 1", build_extreme, ON(CUT(2, 3)), LIST(1)},                                             \
        {name, "(1,3) axis 0", build_extreme, ON(T(1, 3)), LIST(0)},                                                   \
        {name, "(0,3) axis 1", build_extreme, ON(T(0, 3)), LIST(1)},                                                   \
        {name, "(20) long row", build_extreme, ON(T(20)), LIST(0)},                                                    \
    {                                                                                                                  \
        name, "(3,20) long columns", build_extreme, ON(T(3, 20)), LIST(0)                                              \
    }

#define SOFTMAX(name, build)                                                                                           \
    {name, "(5)", build, ON(T(5)), LIST(0)}, {name, "(1)", build, ON(T(1)), LIST(-1)},                                 \
        {name, "(2,3) axis 1", build, ON(T(2, 3)), LIST(1)}, {name, "(2,3) axis 0", build, ON(T(2, 3)), LIST(0)},      \
        {name, "(2,3,2) axis 1", build, ON(T(2, 3, 2)), LIST(1)},                                                      \
        {name, "(2,3,2) axis -3", build, ON(T(2, 3, 2)), LIST(-3)},                                                    \
        {name, "(2,1) axis 1", build, ON(T(2, 1)), LIST(1)},                                                           \
        {name, "(2,3) transposed leaf", build, ON(TRANSPOSED(2, 3)), LIST(1)},                                         \
        {name, "(2,3) sliced leaf", build, ON(SLICED(2, 3)), LIST(1)},                                                 \
        {name, "(2,3) transposed axis 0", build, ON(VIEW(2, 3)), LIST(0)},                                             \
        {name, "(2,3) cut", build, ON(CUT(2, 3)), LIST(1)}, {name, "(0,3) axis 1", build, ON(T(0, 3)), LIST(1)},       \
    {                                                                                                                  \
        name, "(3,0) axis 0", build, ON(T(3, 0)), LIST(0)                                                              \
    }

static const sample items[] = {
    {"sum", "of a scalar", build_sum_all, ON({.layout = SCALAR})},
    {"sum", "of all (5)", build_sum_all, ON(T(5))},
    {"sum", "of all (2,3)", build_sum_all, ON(T(2, 3))},
    {"sum", "of all (2,3) transposed", build_sum_all, ON(VIEW(2, 3))},
    {"sum", "of all (0,3)", build_sum_all, ON(T(0, 3))},
    {"sum", "(5) axis 0", build_sum, ON(T(5)), LIST(0)},
    {"sum", "(5) axis 0 kept", build_sum, ON(T(5)), LIST(0), .keep = true},
    {"sum", "(2,3) axis 0", build_sum, ON(T(2, 3)), LIST(0)},
    {"sum", "(2,3) axis 1", build_sum, ON(T(2, 3)), LIST(1)},
    {"sum", "(2,3) axis -1 kept", build_sum, ON(T(2, 3)), LIST(-1), .keep = true},
    {"sum", "(2,3,4) axis 1", build_sum, ON(T(2, 3, 4)), LIST(1)},
    {"sum", "(2,3,4) axes 0 2", build_sum, ON(T(2, 3, 4)), LIST(0, 2)},
    {"sum", "(2,3,4) axes 2 0 kept", build_sum, ON(T(2, 3, 4)), LIST(2, 0), .keep = true},
    {"sum", "(2,3,4) axes 1 2", build_sum, ON(T(2, 3, 4)), LIST(1, 2)},
    {"sum", "(2,3) both axes kept", build_sum, ON(T(2, 3)), LIST(0, 1), .keep = true},
    {"sum", "(2,3) transposed leaf axis 0", build_sum, ON(TRANSPOSED(2, 3)), LIST(0)},
    {"sum", "(2,3) sliced leaf axis 1", build_sum, ON(SLICED(2, 3)), LIST(1)},
    {"sum", "(2,3) cut axis 0", build_sum, ON(CUT(2, 3)), LIST(0)},
    {"sum", "(0,3) axis 0", build_sum, ON(T(0, 3)), LIST(0)},
    {"sum", "(0,3) axis 1", build_sum, ON(T(0, 3)), LIST(1)},
    {"sum", "(1,4,1) axes 0 2", build_sum, ON(T(1, 4, 1)), LIST(0, 2)},
    {"mean", "of a scalar", build_mean, ON({.layout = SCALAR})},
    {"mean", "of all (2,3)", build_mean, ON(T(2, 3))},
    {"mean", "(2,3) axis 0", build_mean, ON(T(2, 3)), LIST(0)},
    {"mean", "(2,3,4) axes 0 2 kept", build_mean, ON(T(2, 3, 4)), LIST(0, 2), .keep = true},
    {"mean", "(2,3) transposed axis 1", build_mean, ON(VIEW(2, 3)), LIST(1)},
    {"mean", "(0,3) axis 1", build_mean, ON(T(0, 3)), LIST(1)},

    EXTREME("max"),
    EXTREME("min"),

    {"max_with_indices", "(5)", build_max_with_indices, ON(T(5)), LIST(0)},
    {"max_with_indices", "(5) kept", build_max_with_indices, ON(T(5)), LIST(0), .keep = true},
    {"max_with_indices", "(1)", build_max_with_indices, ON(T(1)), LIST(0)},
    {"max_with_indices", "(2,3) axis 0", build_max_with_indices, ON(T(2, 3)), LIST(0)},
    {"max_with_indices", "(2,3) axis 1 kept", build_max_with_indices, ON(T(2, 3)), LIST(1), .keep = true},
    {"max_with_indices", "(2,3,4) axis 1", build_max_with_indices, ON(T(2, 3, 4)), LIST(1)},
    {"max_with_indices", "(2,3,4) axis 0 kept", build_max_with_indices, ON(T(2, 3, 4)), LIST(0), .keep = true},
    {"max_with_indices", "(2,3) transposed", build_max_with_indices, ON(VIEW(2, 3)), LIST(-1)},
    {"max_with_indices", "(2,3) sliced leaf", build_max_with_indices, ON(SLICED(2, 3)), LIST(0)},
    {"max_with_indices", "(0,3) axis 1", build_max_with_indices, ON(T(0, 3)), LIST(1)},

    {"softmax", "(2,3,9) columns", build_softmax, ON(T(2, 3, 9)), LIST(1)},
    {"softmax", "(2,2,35) columns", build_softmax, ON(T(2, 2, 35)), LIST(0)},
    {"softmax", "(3,9) columns turned", build_softmax, ON(VIEW(3, 9)), LIST(0)},
    {"softmax", "(0,9) columns", build_softmax, ON(T(0, 9)), LIST(0)},
    {"log_softmax", "(2,3,9) columns", build_log_softmax, ON(T(2, 3, 9)), LIST(1)},
    {"log_softmax", "(3,9) columns turned", build_log_softmax, ON(VIEW(3, 9)), LIST(0)},
    SOFTMAX("softmax", build_softmax),
    SOFTMAX("log_softmax", build_log_softmax),
    SOFTMAX("logsumexp", build_logsumexp),
    {"logsumexp", "(2,3) axis 1 kept", build_logsumexp, ON(T(2, 3)), LIST(1), .keep = true},
    {"logsumexp", "(2,3,2) axis 0 kept", build_logsumexp, ON(T(2, 3, 2)), LIST(0), .keep = true},
    {"logsumexp", "(5) kept", build_logsumexp, ON(T(5)), LIST(0), .keep = true},
};

const sample_list reduction_samples = {items, COUNT(items)};
