/* Samples of the losses of classes. */
#include "ops/labels.h"
#include "tests/test_ops.h"

/* list: the reduction, and what is set; x: logits, the weight if it is set, labels */
enum { WEIGHT = 1, IGNORE = 2, SMOOTH = 4, FIRST = 8 };

static tp_cross_entropy_options options_of(const sample *s, const tp_var *x)
{
    const int64_t set = s->list[1];
    return (tp_cross_entropy_options){.reduction = (tp_reduction)s->list[0],
                                      .weight = set & WEIGHT ? x[1] : tp_none(),
                                      .ignore = set & IGNORE,
                                      .ignore_index = 1,
                                      .label_smoothing = set & SMOOTH ? .2 : 0,
                                      .channels_first = set & FIRST};
}

static tp_var build_cross_entropy(const sample *s, const tp_var *x)
{
    const tp_cross_entropy_options o = options_of(s, x);
    return s->list[1] ? tp_cross_entropy_with(x[0], x[s->n - 1], &o) : tp_cross_entropy(x[0], x[1], o.reduction);
}

static tp_var build_nll(const sample *s, const tp_var *x)
{
    const tp_cross_entropy_options o = options_of(s, x);
    return s->list[1] ? tp_nll_with(x[0], x[s->n - 1], &o) : tp_nll(x[0], x[1], o.reduction);
}

/* list: the reduction, what is set, p */
static tp_var build_multi_margin(const sample *s, const tp_var *x)
{
    return tp_multi_margin(x[0], x[s->n - 1], (int)s->list[2], s->number, s->list[1] ? x[1] : tp_none(),
                           (tp_reduction)s->list[0]);
}

static tp_var build_shares(const sample *s, const tp_var *x)
{
    return tp_label_shares(x[0], 3, TP_F64, s->number, &(tp_labelling){s->list[0] != 0, 1});
}

#define WEIGHTS(...)                                                                                                   \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .low = .3, .high = 2                                                                       \
    }
#define BOTH(op, build, how, text)                                                                                     \
    {op, text " (4,3) i64", build, ON(T(4, 3), LABELS(TP_I64, 3, 4)), LIST(how, 0)},                                   \
        {op, text " (2,2,3) i32", build, ON(T(2, 2, 3), LABELS(TP_I32, 3, 2, 2)), LIST(how, 0)},                       \
        {op, text " (3) scalar label", build, ON(T(3), {.layout = SCALAR, .labels = TP_I64, .high = 3}),               \
         LIST(how, 0)},                                                                                                \
        {op, text " (4,3) turned, sliced labels", build,                                                               \
         ON(VIEW(4, 3), {SHAPE(4), .labels = TP_U8, .high = 3, .layout = SLICED}), LIST(how, 0)},                      \
        {op, text " (5,3) weights", build, ON(T(5, 3), WEIGHTS(3), LABELS(TP_I64, 3, 5)), LIST(how, WEIGHT)},          \
        {op, text " (6,3) weights, ignored", build, ON(CUT(6, 3), WEIGHTS(3), LABELS(TP_I64, 3, 6)),                   \
         LIST(how, WEIGHT | IGNORE)},                                                                                  \
        {op, text " (6,4) ignored", build, ON(TRANSPOSED(6, 4), LABELS(TP_I64, 4, 6)), LIST(how, IGNORE)},             \
    {                                                                                                                  \
        op, text " (2,3,2) classes first", build, ON(T(2, 3, 2), WEIGHTS(3), LABELS(TP_I64, 3, 2, 2)),                 \
            LIST(how, WEIGHT | FIRST)                                                                                  \
    }
/* A label of one row of three classes. */
#define LABELED_ROW                                                                                                    \
    {                                                                                                                  \
        .layout = SCALAR, .labels = TP_I64, .high = 3                                                                  \
    }
#define CROSS_ENTROPY(how, text)                                                                                       \
    BOTH("cross_entropy", build_cross_entropy, how, text),                                                             \
        {"cross_entropy", text " (4,3) smooth", build_cross_entropy, ON(VIEW(4, 3), LABELS(TP_I64, 3, 4)),             \
         LIST(how, SMOOTH)},                                                                                           \
        {"cross_entropy", text " (6,3) all", build_cross_entropy, ON(T(6, 3), WEIGHTS(3), LABELS(TP_I64, 3, 6)),       \
         LIST(how, WEIGHT | IGNORE | SMOOTH)},                                                                         \
    {                                                                                                                  \
        "cross_entropy", text " (2,1)", build_cross_entropy, ON(T(2, 1), LABELS(TP_I64, 1, 2)), LIST(how, 0)           \
    }

static const sample items[] = {
    CROSS_ENTROPY(TP_NONE, "none"),
    CROSS_ENTROPY(TP_SUM, "sum"),
    CROSS_ENTROPY(TP_MEAN, "mean"),
    {"cross_entropy", "none (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_NONE, 0)},
    {"cross_entropy", "sum (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_SUM, 0)},
    BOTH("nll", build_nll, TP_NONE, "none"),
    BOTH("nll", build_nll, TP_SUM, "sum"),
    BOTH("nll", build_nll, TP_MEAN, "mean"),
    {"nll", "none (0,3)", build_nll, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_NONE, 0)},
    {"nll", "sum (0,3)", build_nll, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_SUM, 0)},
#define MARGIN(text, p, margin, how, weight, ...)                                                                      \
    {                                                                                                                  \
        "multi_margin", text, build_multi_margin, ON(__VA_ARGS__), LIST(how, weight, p), .number = margin              \
    }
    MARGIN("none (4,3)", 1, 1, TP_NONE, 0, T(4, 3), LABELS(TP_I64, 3, 4)),
    MARGIN("sum (3)", 1, 1, TP_SUM, 0, T(3), {.layout = SCALAR, .labels = TP_I64, .high = 3}),
    MARGIN("none (3)", 2, 1, TP_NONE, 0, T(3), {.layout = SCALAR, .labels = TP_I64, .high = 3}),
    MARGIN("mean (4,3) weights", 1, .5, TP_MEAN, WEIGHT, VIEW(4, 3), WEIGHTS(3), LABELS(TP_I32, 3, 4)),
    MARGIN("mean (4,3) squared", 2, 1, TP_MEAN, 0, TRANSPOSED(4, 3), LABELS(TP_U8, 3, 4)),
    MARGIN("none (2,2,3) squared, weights", 2, 1, TP_NONE, WEIGHT, CUT(2, 2, 3), WEIGHTS(3), LABELS(TP_I64, 3, 2, 2)),
    MARGIN("sum (3), weights like it", 2, 1, TP_SUM, WEIGHT, WEIGHTS(3), WEIGHTS(3), LABELED_ROW),
    MARGIN("sum (2,1)", 1, 1, TP_SUM, 0, T(2, 1), LABELS(TP_I64, 1, 2)),
    MARGIN("sum (0,3)", 1, 1, TP_SUM, 0, T(0, 3), LABELS(TP_I64, 3, 0)),
    MARGIN("none (0,3)", 1, 1, TP_NONE, 0, T(0, 3), LABELS(TP_I64, 3, 0)),
    {"cross_entropy", "(3), weights like it", build_cross_entropy, ON(WEIGHTS(3), WEIGHTS(3), LABELED_ROW),
     LIST(TP_SUM, WEIGHT | SMOOTH)},
    {"nll", "(3), weights like it", build_nll, ON(WEIGHTS(3), WEIGHTS(3), LABELED_ROW), LIST(TP_SUM, WEIGHT)},
    {"label_shares", "(4)", build_shares, ON(LABELS(TP_I64, 3, 4)), LIST(0), .number = .2},
    {"label_shares", "(2,3), ignored", build_shares, ON(LABELS(TP_I32, 3, 2, 3)), LIST(1), .number = .5},
    {"label_shares", "scalar", build_shares, ON({.layout = SCALAR, .labels = TP_I64, .high = 3}), LIST(0)},
    {"label_shares", "(0)", build_shares, ON(LABELS(TP_U8, 3, 0)), LIST(0)},
};

const sample_list loss_samples = {items, COUNT(items)};
