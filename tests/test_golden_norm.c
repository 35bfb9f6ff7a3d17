/* How the cases of tests/golden/norm.txt are called. */
#include "tests/golden.h"

/* Gain and bias lie behind `first` operands where attributes `at` and `at` + 1 say so. */
static tp_var gain_of(const golden *g, int first, int at)
{
    return g->list[at] ? g->x[first] : tp_none();
}

static tp_var bias_of(const golden *g, int first, int at)
{
    return g->list[at + 1] ? g->x[first + (g->list[at] != 0)] : tp_none();
}

GOLDEN_CALL(layer_norm, tp_layer_norm(g->x[0], (int)g->list[0], gain_of(g, 1, 1), bias_of(g, 1, 1), g->attribute[3]))
GOLDEN_CALL(rms_norm, tp_rms_norm(g->x[0], (int)g->list[0], g->x[1], g->attribute[1]))
GOLDEN_CALL(group_norm, tp_group_norm(g->x[0], g->list[0], gain_of(g, 1, 1), bias_of(g, 1, 1), g->attribute[3]))
GOLDEN_CALL(instance_norm, tp_instance_norm(g->x[0], gain_of(g, 1, 0), bias_of(g, 1, 0), g->attribute[2]))
GOLDEN_CALL(batch_norm, tp_batch_norm(g->x[0], gain_of(g, 1, 0), bias_of(g, 1, 0), NULL, NULL, .1, g->attribute[2]))
GOLDEN_CALL(batch_norm_fixed,
            tp_batch_norm_fixed(g->x[0], g->x[1], g->x[2], gain_of(g, 3, 0), bias_of(g, 3, 0), g->attribute[2]))
GOLDEN_CALL(local_response_norm,
            tp_local_response_norm(g->x[0], g->list[0], g->attribute[1], g->attribute[2], g->attribute[3]))

static tp_var golden_attention(const golden *g)
{
    const tp_attention_options o = {.causal = g->list[0] != 0, .scale = g->attribute[1]};
    if (g->list[3]) return tp_attention_packed(g->x[0], g->x[1], g->list[2], &o);
    if (g->list[2]) return tp_attention_heads(g->x[0], g->x[1], g->x[2], g->x[3], g->list[2], &o);
    return tp_attention(g->x[0], g->x[1], g->x[2], g->x[3], &o);
}

GOLDEN_CALL(masked_softmax, tp_masked_softmax(g->x[0], g->x[1], g->list[0] != 0, g->attribute[1]))

GOLDEN_CALL(rotary, tp_rotary(g->x[0], g->attribute[0], g->list[1], g->list[2] != 0))

static const golden_builder builders[] = {
    GOLDEN(layer_norm),     GOLDEN(rms_norm),         GOLDEN(group_norm),          GOLDEN(instance_norm),
    GOLDEN(batch_norm),     GOLDEN(batch_norm_fixed), GOLDEN(local_response_norm), GOLDEN(attention),
    GOLDEN(masked_softmax), GOLDEN(rotary),
};

const golden_family golden_norm = {"norm", builders, COUNT(builders)};
