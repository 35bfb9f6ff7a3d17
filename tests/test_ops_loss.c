/* Samples of the losses. */
#include "tests/test_ops.h"

static tp_var build_cross_entropy(const sample *s, const tp_var *x)
{
    return tp_cross_entropy(x[0], x[1], (tp_reduction)s->list[0]);
}

#define CROSS_ENTROPY(how, text)                                                                                       \
    {"cross_entropy", text " (4,3) i64", build_cross_entropy, ON(T(4, 3), LABELS(TP_I64, 3, 4)), LIST(how)},           \
        {"cross_entropy", text " (2,2,3) i32", build_cross_entropy, ON(T(2, 2, 3), LABELS(TP_I32, 3, 2, 2)),           \
         LIST(how)},                                                                                                   \
        {"cross_entropy", text " (4,3) u8", build_cross_entropy, ON(T(4, 3), LABELS(TP_U8, 3, 4)), LIST(how)},         \
        {"cross_entropy", text " (3) scalar label", build_cross_entropy,                                               \
         ON(T(3), {.layout = SCALAR, .labels = TP_I64, .high = 3}), LIST(how)},                                        \
        {"cross_entropy", text " (2,1)", build_cross_entropy, ON(T(2, 1), LABELS(TP_I64, 1, 2)), LIST(how)},           \
        {"cross_entropy", text " transposed leaf", build_cross_entropy,                                                \
         ON(TRANSPOSED(4, 3), {SHAPE(4), .labels = TP_I64, .high = 3, .layout = SLICED}), LIST(how)},                  \
        {"cross_entropy", text " transposed", build_cross_entropy, ON(VIEW(4, 3), LABELS(TP_I64, 3, 4)), LIST(how)},   \
    {                                                                                                                  \
        "cross_entropy", text " cut", build_cross_entropy, ON(CUT(2, 3), LABELS(TP_I64, 3, 2)), LIST(how)              \
    }

static const sample items[] = {
    CROSS_ENTROPY(TP_NONE, "none"),
    CROSS_ENTROPY(TP_SUM, "sum"),
    CROSS_ENTROPY(TP_MEAN, "mean"),
    {"cross_entropy", "none (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_NONE)},
    {"cross_entropy", "sum (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_SUM)},
};

const sample_list loss_samples = {items, COUNT(items)};
