/* Samples of the normalisations. */
#include "tests/test_ops.h"

#define EPS 1e-3

/* list[0]: how many dims, or groups. Operands: x, gain, bias. */
static tp_var part(const sample *s, const tp_var *x, int i)
{
    return s->n > i ? x[i] : tp_none();
}

static tp_var build_layer_norm(const sample *s, const tp_var *x)
{
    return tp_layer_norm(x[0], (int)s->list[0], part(s, x, 1), part(s, x, 2), EPS);
}

static tp_var build_layer_norm_bias(const sample *s, const tp_var *x)
{
    return tp_layer_norm(x[0], (int)s->list[0], tp_none(), part(s, x, 1), EPS);
}

static tp_var build_rms_norm(const sample *s, const tp_var *x)
{
    return tp_rms_norm(x[0], (int)s->list[0], part(s, x, 1), EPS);
}

static tp_var build_group_norm(const sample *s, const tp_var *x)
{
    return tp_group_norm(x[0], s->list[0], part(s, x, 1), part(s, x, 2), EPS);
}

static tp_var build_instance_norm(const sample *s, const tp_var *x)
{
    return tp_instance_norm(x[0], part(s, x, 1), part(s, x, 2), EPS);
}

static tp_var build_batch_norm(const sample *s, const tp_var *x)
{
    return tp_batch_norm(x[0], part(s, x, 1), part(s, x, 2), NULL, NULL, .1, EPS);
}

static tp_var build_fixed(const sample *s, const tp_var *x)
{
    return tp_batch_norm_fixed(x[0], x[1], x[2], part(s, x, 3), part(s, x, 4), EPS);
}

/* A positive operand, for a variance. */
#define POSITIVE(...)                                                                                                  \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .low = .5, .high = 2                                                                       \
    }

static tp_var build_lrn(const sample *s, const tp_var *x)
{
    return tp_local_response_norm(x[0], s->list[0], .5, .75, 1.5);
}

static tp_var build_dropout(const sample *s, const tp_var *x)
{
    return s->keep ? tp_dropout_channels(x[0], s->number) : tp_dropout(x[0], s->number);
}

static const sample items[] = {
    {"layer_norm", "(2,4)", build_layer_norm, ON(T(2, 4), T(4), T(4)), LIST(1)},
    {"layer_norm", "(4)", build_layer_norm, ON(T(4), T(4), T(4)), LIST(1)},
    {"layer_norm", "(2,4) bare", build_layer_norm, ON(T(2, 4)), LIST(1)},
    {"layer_norm", "(2,4) no bias", build_layer_norm, ON(T(2, 4), T(4)), LIST(1)},
    {"layer_norm", "(2,4) no gain", build_layer_norm_bias, ON(T(2, 4), T(4)), LIST(1)},
    {"layer_norm", "(2,2,3) two dims", build_layer_norm, ON(T(2, 2, 3), T(2, 3), T(2, 3)), LIST(2)},
    {"layer_norm", "(2,3) all dims", build_layer_norm, ON(T(2, 3), T(2, 3), T(2, 3)), LIST(2)},
    {"layer_norm", "transposed leaves", build_layer_norm, ON(TRANSPOSED(2, 3), SLICED(3), T(3)), LIST(1)},
    {"layer_norm", "turned and cut", build_layer_norm, ON(VIEW(2, 2, 3), VIEW(2, 3), CUT(2, 3)), LIST(2)},
    {"layer_norm", "(2,37)", build_layer_norm, ON(T(2, 37), T(37), T(37)), LIST(1)},
    {"layer_norm", "(0,3)", build_layer_norm, ON(T(0, 3), T(3), T(3)), LIST(1)},
    {"layer_norm", "(3,0)", build_layer_norm, ON(T(3, 0), T(0), T(0)), LIST(1)},
    {"layer_norm", "(2,1)", build_layer_norm, ON(T(2, 1), T(1), T(1)), LIST(1)},

    {"rms_norm", "(2,4)", build_rms_norm, ON(T(2, 4), T(4)), LIST(1)},
    {"rms_norm", "(2,4) bare", build_rms_norm, ON(T(2, 4)), LIST(1)},
    {"rms_norm", "(2,2,3) two dims", build_rms_norm, ON(T(2, 2, 3), T(2, 3)), LIST(2)},
    {"rms_norm", "turned", build_rms_norm, ON(VIEW(2, 3), CUT(3)), LIST(1)},
    {"rms_norm", "(0,3)", build_rms_norm, ON(T(0, 3), T(3)), LIST(1)},
    {"rms_norm", "(1,1)", build_rms_norm, ON(T(1, 1), T(1)), LIST(1)},

    {"group_norm", "(2,4,3) by 2", build_group_norm, ON(T(2, 4, 3), T(4), T(4)), LIST(2)},
    {"group_norm", "(2,4,3) bare", build_group_norm, ON(T(2, 4, 3)), LIST(2)},
    {"group_norm", "(2,4) by 2", build_group_norm, ON(T(2, 4), T(4), T(4)), LIST(2)},
    {"group_norm", "(2,4,1,2) by 1", build_group_norm, ON(T(2, 4, 1, 2), T(4), T(4)), LIST(1)},
    {"group_norm", "(1,4,3) by 4", build_group_norm, ON(T(1, 4, 3), T(4)), LIST(4)},
    {"group_norm", "turned", build_group_norm, ON(VIEW(2, 4, 2), SLICED(4), CUT(4)), LIST(2)},
    {"group_norm", "(0,4,2)", build_group_norm, ON(T(0, 4, 2), T(4), T(4)), LIST(2)},
    {"group_norm", "(2,4,0)", build_group_norm, ON(T(2, 4, 0), T(4), T(4)), LIST(2)},

    {"instance_norm", "(2,2,3)", build_instance_norm, ON(T(2, 2, 3), T(2), T(2))},
    {"instance_norm", "(2,2,3) bare", build_instance_norm, ON(T(2, 2, 3))},
    {"instance_norm", "(1,2,2,2) turned", build_instance_norm, ON(VIEW(1, 2, 2, 2), T(2), T(2))},
    {"instance_norm", "(0,2,2)", build_instance_norm, ON(T(0, 2, 2), T(2), T(2))},

    {"batch_norm", "(4,3)", build_batch_norm, ON(T(4, 3), T(3), T(3))},
    {"batch_norm", "(4,3) bare", build_batch_norm, ON(T(4, 3))},
    {"batch_norm", "(2,2,3)", build_batch_norm, ON(T(2, 2, 3), T(2), T(2))},
    {"batch_norm", "(2,2,3) no bias", build_batch_norm, ON(T(2, 2, 3), T(2))},
    {"batch_norm", "(2,2,3,3)", build_batch_norm, ON(T(2, 2, 3, 3), T(2), T(2))},
    {"batch_norm", "(1,2,4)", build_batch_norm, ON(T(1, 2, 4), T(2), T(2))},
    {"batch_norm", "turned and cut", build_batch_norm, ON(VIEW(3, 2, 2), SLICED(2), CUT(2))},
    {"batch_norm", "(1,1)", build_batch_norm, ON(T(1, 1), T(1), T(1))},
    {"batch_norm", "(3,0)", build_batch_norm, ON(T(3, 0), T(0), T(0))},

    {"batch_norm_fixed", "(3,2)", build_fixed, ON(T(3, 2), T(2), POSITIVE(2), T(2), T(2))},
    {"batch_norm_fixed", "(3,2) bare", build_fixed, ON(T(3, 2), T(2), POSITIVE(2))},
    {"batch_norm_fixed", "(2,2,3)", build_fixed, ON(T(2, 2, 3), T(2), POSITIVE(2), T(2), T(2))},
    {"batch_norm_fixed", "(2,2,9)", build_fixed, ON(T(2, 2, 9), T(2), POSITIVE(2), T(2), T(2))},
    {"batch_norm_fixed", "turned", build_fixed, ON(VIEW(2, 2, 3), SLICED(2), POSITIVE(2), CUT(2), T(2))},
    {"batch_norm_fixed", "(0,2)", build_fixed, ON(T(0, 2), T(2), POSITIVE(2), T(2), T(2))},

    {"local_response_norm", "(2,5,2) by 3", build_lrn, ON(T(2, 5, 2)), LIST(3)},
    {"local_response_norm", "(2,4) by 2", build_lrn, ON(T(2, 4)), LIST(2)},
    {"local_response_norm", "(1,3,2) by 1", build_lrn, ON(T(1, 3, 2)), LIST(1)},
    {"local_response_norm", "(1,3,2) by 9", build_lrn, ON(T(1, 3, 2)), LIST(9)},
    {"local_response_norm", "turned", build_lrn, ON(VIEW(2, 4, 2)), LIST(5)},
    {"local_response_norm", "(1,2,35)", build_lrn, ON(T(1, 2, 35)), LIST(2)},
    {"local_response_norm", "(0,4,2)", build_lrn, ON(T(0, 4, 2)), LIST(3)},
    {"local_response_norm", "(2,0,2)", build_lrn, ON(T(2, 0, 2)), LIST(3)},

    {"dropout", "(5)", build_dropout, ON(T(5)), .number = .5},
    {"dropout", "(2,3) p 0", build_dropout, ON(T(2, 3)), .number = 0},
    {"dropout", "(2,3) p 1", build_dropout, ON(T(2, 3)), .number = 1},
    {"dropout", "(3,35)", build_dropout, ON(T(3, 35)), .number = .3},
    {"dropout", "turned", build_dropout, ON(VIEW(2, 3, 4)), .number = .3},
    {"dropout", "sliced leaf", build_dropout, ON(SLICED(2, 3)), .number = .3},
    {"dropout", "scalar", build_dropout, ON({.layout = SCALAR}), .number = .3},
    {"dropout", "(0,3)", build_dropout, ON(T(0, 3)), .number = .3},
    {"dropout", "channels (2,3,4)", build_dropout, ON(T(2, 3, 4)), .number = .5, .keep = true},
    {"dropout", "channels (5,3)", build_dropout, ON(T(5, 3)), .number = .5, .keep = true},
    {"dropout", "channels (2,3,0)", build_dropout, ON(T(2, 3, 0)), .number = .5, .keep = true},
};

const sample_list norm_samples = {items, COUNT(items)};
