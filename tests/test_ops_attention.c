/* Samples of attention, its weights, and rotary positions. */
#include "tests/test_ops.h"

/* list[0]: causal; list[1]: the scale is given; number: dropout. */
static tp_var build_attention(const sample *s, const tp_var *x)
{
    const tp_attention_options o = {.causal = s->list[0] != 0, .scale = s->list[1] ? .7 : 0, .dropout = s->number};
    return tp_attention(x[0], x[1], x[2], s->n > 3 ? x[3] : tp_none(), &o);
}

/* list[0]: causal; list[1]: heads; list[2]: q, k and v side by side. */
static tp_var build_heads(const sample *s, const tp_var *x)
{
    const tp_attention_options o = {.causal = s->list[0] != 0, .dropout = s->number};
    if (s->list[2]) return tp_attention_packed(x[0], s->n > 1 ? x[1] : tp_none(), s->list[1], &o);
    return tp_attention_heads(x[0], x[1], x[2], s->n > 3 ? x[3] : tp_none(), s->list[1], &o);
}

static tp_var build_self(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_attention(x[0], x[0], x[0], tp_none(), NULL);
}

/* A mask that leaves nothing in row 1, and only the first column in row 0. */
static tp_var build_row_of_nothing(const sample *s, const tp_var *x)
{
    (void)s;
    tp_tensor *mask = tp_tensor_from(TP_U8, TP_DIMS(2, 3), (unsigned char[]){1, 0, 0, 0, 0, 0});
    const tp_var y = tp_attention(x[0], x[1], x[2], tp_data(x[0].tape, mask), NULL);
    tp_tensor_release(mask);
    return y;
}

static tp_var build_weights(const sample *s, const tp_var *x)
{
    return tp_masked_softmax(x[0], s->n > 1 ? x[1] : tp_none(), s->keep, s->number);
}

/* list: first, halves; number: the base. */
static tp_var build_rotary(const sample *s, const tp_var *x)
{
    return tp_rotary(x[0], s->number, s->list[0], s->list[1] != 0);
}

#define FIXED(...)                                                                                                     \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .constant = true                                                                           \
    }

static const sample items[] = {
    {"attention", "(2,3) (4,3) (4,2)", build_attention, ON(T(2, 3), T(4, 3), T(4, 2))},
    {"attention", "causal (3,2)", build_attention, ON(T(3, 2), T(3, 2), T(3, 2)), LIST(1, 1)},
    {"attention", "causal (2,2) (4,2)", build_attention, ON(T(2, 2), T(4, 2), T(4, 1)), LIST(1, 0)},
    {"attention", "causal (4,2) (2,2)", build_attention, ON(T(4, 2), T(2, 2), T(2, 1)), LIST(1, 0)},
    {"attention", "two heads", build_attention, ON(T(2, 2, 3), T(2, 3, 3), T(2, 3, 2))},
    {"attention", "turned", build_attention, ON(VIEW(2, 2, 3), VIEW(2, 3, 3), CUT(2, 3, 2))},
    {"attention", "transposed leaves", build_attention, ON(TRANSPOSED(2, 3), SLICED(4, 3), TRANSPOSED(4, 2))},
    {"attention", "mask of bytes", build_attention, ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 2), LABELS(TP_U8, 2, 2, 3))},
    {"attention", "mask of columns", build_attention,
     ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 2), LABELS(TP_U8, 2, 2, 1, 3))},
    {"attention", "mask of rows", build_attention, ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 2), LABELS(TP_U8, 2, 2, 1))},
    {"attention", "added (2,3)", build_attention, ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 2), T(2, 3)), LIST(0, 1)},
    {"attention", "added (2,1)", build_attention, ON(T(2, 2), T(3, 2), T(3, 2), VIEW(2, 1))},
    {"attention", "added constant", build_attention, ON(T(2, 2), T(3, 2), T(3, 2), FIXED(3))},
    {"attention", "dropout", build_attention, ON(T(3, 2), T(4, 2), T(4, 2)), .number = .5},
    {"attention", "of itself", build_self, ON(T(2, 3, 2))},
    {"attention", "a row of nothing", build_row_of_nothing, ON(T(2, 2), T(3, 2), T(3, 2))},
    {"attention", "heads (2,4) (3,4) (3,2)", build_heads, ON(T(2, 4), T(3, 4), T(3, 2)), LIST(0, 2)},
    {"attention", "heads of two", build_heads, ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 4)), LIST(1, 2)},
    {"attention", "heads, turned", build_heads, ON(VIEW(2, 3, 2), CUT(2, 3, 2), TRANSPOSED(2, 3, 2)), LIST(0, 2)},
    {"attention", "heads, masks", build_heads, ON(T(2, 2, 2), T(2, 3, 2), T(2, 3, 2), T(2, 2, 1, 3)), LIST(0, 2)},
    {"attention", "heads, dropout", build_heads, ON(T(3, 2), T(3, 2), T(3, 2)), LIST(0, 2), .number = .5},
    {"attention", "packed (3,6)", build_heads, ON(T(3, 6)), LIST(1, 2, 1)},
    {"attention", "packed (2,3,12)", build_heads, ON(T(2, 2, 12)), LIST(0, 2, 1)},
    {"attention", "packed, turned", build_heads, ON(VIEW(2, 2, 3), LABELS(TP_U8, 2, 2, 1, 1, 2)), LIST(0, 1, 1)},
    {"attention", "packed, added", build_heads, ON(T(2, 6), T(2, 2, 2)), LIST(1, 2, 1)},
    {"attention", "packed, dropout", build_heads, ON(T(3, 6)), LIST(0, 2, 1), .number = .5},
    {"attention", "packed (0,6)", build_heads, ON(T(0, 6)), LIST(0, 2, 1)},
    {"attention", "(0,2)", build_attention, ON(T(0, 2), T(3, 2), T(3, 2))},
    {"attention", "nothing to attend to", build_attention, ON(T(2, 2), T(0, 2), T(0, 2))},
    {"attention", "no width", build_attention, ON(T(2, 0), T(3, 0), T(3, 2))},

    {"masked_softmax", "(2,3)", build_weights, ON(T(2, 3)), .number = 1},
    {"masked_softmax", "causal (3,3)", build_weights, ON(T(3, 3)), .number = .5, .keep = true},
    {"masked_softmax", "added", build_weights, ON(T(2, 2, 3), T(2, 1, 3)), .number = .5},
    {"masked_softmax", "bytes, turned", build_weights, ON(VIEW(2, 2, 3), LABELS(TP_U8, 2, 3)), .number = 2},
    {"masked_softmax", "(2,0)", build_weights, ON(T(2, 0)), .number = 1},

    {"rotary", "(3,4)", build_rotary, ON(T(3, 4)), LIST(0, 0), .number = 100},
    {"rotary", "halves (3,6)", build_rotary, ON(T(3, 6)), LIST(2, 1), .number = 10},
    {"rotary", "heads, turned", build_rotary, ON(VIEW(2, 3, 4)), LIST(-1, 0), .number = 10},
    {"rotary", "halves, transposed leaf", build_rotary, ON(TRANSPOSED(4, 3, 2)), LIST(1, 1), .number = 10},
    {"rotary", "every second element", build_rotary, ON(SLICED(2, 4)), LIST(0, 0), .number = 10},
    {"rotary", "(2,0)", build_rotary, ON(T(2, 0)), LIST(0, 0), .number = 10},
    {"rotary", "(0,2)", build_rotary, ON(T(0, 2)), LIST(0, 1), .number = 10},
};

const sample_list attention_samples = {items, COUNT(items)};
