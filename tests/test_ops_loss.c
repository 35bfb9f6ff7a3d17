/* Samples of the losses. */
#include "tests/test_ops.h"

static tp_var build_mse(const sample *s, const tp_var *x)
{
    return tp_mse(x[0], s->n > 1 ? x[1] : x[0], (tp_reduction)s->list[0]);
}

static tp_var build_cross_entropy(const sample *s, const tp_var *x)
{
    return tp_cross_entropy(x[0], x[1], (tp_reduction)s->list[0]);
}

#define MSE(how, text)                                                                                                 \
    {"mse", text " of scalars", build_mse, ON({.layout = SCALAR}, {.layout = SCALAR}), LIST(how)},                     \
        {"mse", text " (5)", build_mse, ON(T(5), T(5)), LIST(how)},                                                    \
        {"mse", text " (2,3)", build_mse, ON(T(2, 3), T(2, 3)), LIST(how)},                                            \
        {"mse", text " transposed leaf, sliced leaf", build_mse, ON(TRANSPOSED(2, 3), SLICED(2, 3)), LIST(how)},       \
        {"mse", text " transposed, cut", build_mse, ON(VIEW(2, 3), CUT(2, 3)), LIST(how)},                             \
        {"mse", text " (1,1)", build_mse, ON(T(1, 1), T(1, 1)), LIST(how)},                                            \
    {                                                                                                                  \
        "mse", text " of one with itself", build_mse, ON(T(3)), LIST(how)                                              \
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
    MSE(TP_NONE, "none"),
    MSE(TP_SUM, "sum"),
    MSE(TP_MEAN, "mean"),
    {"mse", "none (0,3)", build_mse, ON(T(0, 3), T(0, 3)), LIST(TP_NONE)},
    {"mse", "sum (0,3)", build_mse, ON(T(0, 3), T(0, 3)), LIST(TP_SUM)},
    CROSS_ENTROPY(TP_NONE, "none"),
    CROSS_ENTROPY(TP_SUM, "sum"),
    CROSS_ENTROPY(TP_MEAN, "mean"),
    {"cross_entropy", "none (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_NONE)},
    {"cross_entropy", "sum (0,3)", build_cross_entropy, ON(T(0, 3), LABELS(TP_I64, 3, 0)), LIST(TP_SUM)},
};

const sample_list loss_samples = {items, COUNT(items)};
