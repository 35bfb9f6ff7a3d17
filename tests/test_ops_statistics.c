/* Samples of reductions beyond sums and extremes: products, variances, norms, counts. */
#include "tests/test_ops.h"

/* The op says which; list: the axes, none for all; number: the p of a norm, the correction of a variance. */
static tp_var build_plain(const sample *s, const tp_var *x)
{
    static const struct {
        const char *op;
        tp_var (*all)(tp_var x);
        tp_var (*axes)(tp_var x, int n, const int64_t *axes, bool keep);
    } ops[] = {{"prod", tp_prod, tp_prod_axes},
               {"all", tp_all, tp_all_axes},
               {"any", tp_any, tp_any_axes},
               {"count_nonzero", tp_count_nonzero, tp_count_nonzero_axes},
               {"logsumexp", NULL, tp_logsumexp_axes}};
    for (int i = 0; i < COUNT(ops); i++)
        if (strcmp(s->op, ops[i].op) == 0)
            return s->count || !ops[i].all ? ops[i].axes(x[0], s->count, s->list, s->keep) : ops[i].all(x[0]);
    return tp_none();
}

static tp_var build_number(const sample *s, const tp_var *x)
{
    static const struct {
        const char *op;
        tp_var (*all)(tp_var x, double number);
        tp_var (*axes)(tp_var x, double number, int n, const int64_t *axes, bool keep);
    } ops[] = {
        {"variance", tp_variance, tp_variance_axes}, {"std", tp_std, tp_std_axes}, {"norm", tp_norm, tp_norm_axes}};
    for (int i = 0; i < COUNT(ops); i++)
        if (strcmp(s->op, ops[i].op) == 0)
            return s->count ? ops[i].axes(x[0], s->number, s->count, s->list, s->keep) : ops[i].all(x[0], s->number);
    return tp_none();
}

/* list: the axis, none for all */
static tp_var build_arg(const sample *s, const tp_var *x)
{
    const bool least = strcmp(s->op, "argmin") == 0;
    if (s->count == 0) return least ? tp_argmin(x[0]) : tp_argmax(x[0]);
    return (least ? tp_argmin_axis : tp_argmax_axis)(x[0], (int)s->list[0], s->keep);
}

static tp_var build_nearest(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_nearest(x[0], x[1]);
}

#define REDUCTION(name, build, c)                                                                                      \
    {name, "of all (5)", build, ON(T(5)), .number = c}, {name, "of all (2,3)", build, ON(T(2, 3)), .number = c},       \
        {name, "of all (2,3) transposed", build, ON(VIEW(2, 3)), .number = c},                                         \
        {name, "(2,3) axis 0", build, ON(T(2, 3)), LIST(0), .number = c},                                              \
        {name, "(2,3) axis 1 kept", build, ON(T(2, 3)), LIST(1), .keep = true, .number = c},                           \
        {name, "(2,3,4) axis 1", build, ON(T(2, 3, 4)), LIST(1), .number = c},                                         \
        {name, "(2,3,4) axes 0 2", build, ON(T(2, 3, 4)), LIST(0, 2), .number = c},                                    \
        {name, "(2,2,3) axes -1 0 kept", build, ON(T(2, 2, 3)), LIST(-1, 0), .keep = true, .number = c},               \
        {name, "(2,3) transposed leaf axis 1", build, ON(TRANSPOSED(2, 3)), LIST(1), .number = c},                     \
        {name, "(2,3) sliced leaf axis 0", build, ON(SLICED(2, 3)), LIST(0), .number = c},                             \
        {name, "(2,3) cut axis 1", build, ON(CUT(2, 3)), LIST(1), .number = c},                                        \
        {name, "(0,3) axis 1", build, ON(T(0, 3)), LIST(1), .number = c},                                              \
    {                                                                                                                  \
        name, "(70) long row", build, ON(T(70)), LIST(0), .number = c                                                  \
    }

static const sample items[] = {
    REDUCTION("prod", build_plain, 0),
    {"prod", "of a scalar", build_plain, ON({.layout = SCALAR})},
    {"prod", "of nothing", build_plain, ON(T(0, 3)), LIST(0)},
    {"prod", "(4,1) axis 1", build_plain, ON(T(4, 1)), LIST(1)},
    REDUCTION("variance", build_number, 1),
    {"variance", "of a scalar", build_number, ON({.layout = SCALAR})},
    {"variance", "(2,3) axis 1, correction 0", build_number, ON(T(2, 3)), LIST(1)},
    REDUCTION("std", build_number, 1),
    {"std", "(2,3) axis 1, correction .5", build_number, ON(T(2, 3)), LIST(1), .number = .5},
    REDUCTION("norm", build_number, 2),
    {"norm", "of a scalar", build_number, ON({.layout = SCALAR}), .number = 2},
    {"norm", "p 1", build_number, ON(T(2, 3)), LIST(1), .number = 1},
    {"norm", "p 3", build_number, ON(T(2, 3)), LIST(1), .number = 3},
    {"norm", "p 1.5 of all", build_number, ON(VIEW(2, 3)), .number = 1.5},
    {"norm", "p .5 kept", build_number, ON(T(2, 3)), LIST(0), .keep = true, .number = .5},
    {"norm", "p Inf", build_number, ON(T(2, 3)), LIST(1), .number = HUGE_VAL},
    {"norm", "p -Inf of all", build_number, ON(T(2, 3)), .number = -HUGE_VAL},
    {"norm", "p 0", build_number, ON(T(2, 3)), LIST(0)},
    {"logsumexp", "of all (2,3)", build_plain, ON(T(2, 3))},
    {"logsumexp", "(2,3,4) axes 0 2", build_plain, ON(T(2, 3, 4)), LIST(0, 2)},
    {"logsumexp", "(2,3,4) axes 1 0 kept", build_plain, ON(T(2, 3, 4)), LIST(1, 0), .keep = true},
    {"logsumexp", "(2,3) transposed leaf, both kept", build_plain, ON(TRANSPOSED(2, 3)), LIST(0, 1), .keep = true},

#define COUNTED(name)                                                                                                  \
    {name, "of all (5)", build_plain, ON(T(5))}, {name, "of a scalar", build_plain, ON({.layout = SCALAR})},           \
        {name, "(2,3) axis 0", build_plain, ON(T(2, 3)), LIST(0)},                                                     \
        {name, "(2,3,4) axes 0 2 kept", build_plain, ON(T(2, 3, 4)), LIST(0, 2), .keep = true},                        \
        {name, "(2,3) transposed axis 1", build_plain, ON(VIEW(2, 3)), LIST(1)},                                       \
        {name, "(0,3) axis 0", build_plain, ON(T(0, 3)), LIST(0)},                                                     \
        {name, "(0,3) axis 1", build_plain, ON(T(0, 3)), LIST(1)},                                                     \
        {name, "of integers", build_plain, ON(LABELS(TP_I64, 2, 4, 3)), LIST(1)},                                      \
    {                                                                                                                  \
        name, "of a mask", build_plain, ON(LABELS(TP_U8, 2, 4, 3)), LIST(0)                                            \
    }
    COUNTED("all"),
    COUNTED("any"),
    COUNTED("count_nonzero"),

#define PLACE(name)                                                                                                    \
    {name, "of all (5)", build_arg, ON(T(5))}, {name, "of all (2,3) transposed", build_arg, ON(VIEW(2, 3))},           \
        {name, "of a scalar", build_arg, ON({.layout = SCALAR})},                                                      \
        {name, "(2,3) axis 0", build_arg, ON(T(2, 3)), LIST(0)},                                                       \
        {name, "(2,3,4) axis 1 kept", build_arg, ON(T(2, 3, 4)), LIST(1), .keep = true},                               \
        {name, "(2,3) sliced leaf", build_arg, ON(SLICED(2, 3)), LIST(-1)},                                            \
        {name, "(0,3) axis 1", build_arg, ON(T(0, 3)), LIST(1)},                                                       \
    {                                                                                                                  \
        name, "of integers", build_arg, ON(LABELS(TP_I32, 9, 2, 4)), LIST(1)                                           \
    }
    PLACE("argmax"),
    PLACE("argmin"),

    {"nearest", "(5,3) of (4,3)", build_nearest, ON(T(5, 3), T(4, 3))},
    {"nearest", "(2,3,2) of (3,2), views", build_nearest, ON(VIEW(2, 3, 2), TRANSPOSED(3, 2))},
    {"nearest", "one point", build_nearest, ON(T(3), T(4, 3))},
    {"nearest", "no points", build_nearest, ON(T(0, 3), T(4, 3))},
    {"nearest", "no numbers", build_nearest, ON(T(2, 0), T(4, 0))},
};

const sample_list statistic_samples = {items, COUNT(items)};
