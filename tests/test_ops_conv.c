/* Samples of convolution. */
#include "tests/test_ops.h"

#include "ops/conv.h"

/* list: spatial axes, groups, then stride, padding, dilation, output padding of each. */
static tp_conv_options options_of(const sample *s)
{
    const int spatial = (int)s->list[0];
    tp_conv_options o = {.groups = s->list[1]};
    int64_t *const fields[] = {o.stride, o.padding, o.dilation, o.output_padding};
    for (int f = 0; f < 4; f++)
        for (int i = 0; i < spatial && 2 + f * spatial + i < s->count; i++) fields[f][i] = s->list[2 + f * spatial + i];
    return o;
}

typedef tp_var convolution(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);

static tp_var build_conv(const sample *s, const tp_var *x)
{
    static convolution *const of[] = {tp_conv1d, tp_conv2d, tp_conv3d};
    const tp_conv_options o = options_of(s);
    return of[s->list[0] - 1](x[0], s->n > 1 ? x[1] : x[0], s->n > 2 ? x[2] : tp_none(), s->count > 1 ? &o : NULL);
}

static tp_var build_transpose(const sample *s, const tp_var *x)
{
    static convolution *const of[] = {tp_conv_transpose1d, tp_conv_transpose2d, tp_conv_transpose3d};
    const tp_conv_options o = options_of(s);
    return of[s->list[0] - 1](x[0], s->n > 1 ? x[1] : x[0], s->n > 2 ? x[2] : tp_none(), s->count > 1 ? &o : NULL);
}

/* The rule of a convolution's weight, which nothing public records by itself; list ends in the kernel's extents. */
static tp_var build_weight(const sample *s, const tp_var *x)
{
    tp_conv_attributes attributes = {.options = options_of(s), .sized = true};
    for (int i = 0; i < s->list[0]; i++) attributes.size[i] = s->list[2 + 4 * s->list[0] + i];
    return tp_apply(&tp_op_conv_weight, x, 2, &attributes);
}

static const sample items[] = {
    {"conv", "1-d", build_conv, ON(T(2, 2, 5), T(3, 2, 3), T(3)), LIST(1)},
    {"conv", "1-d, all options", build_conv, ON(T(2, 4, 7), T(2, 2, 2), T(2)), LIST(1, 2, 2, 1, 3)},
    {"conv", "2-d", build_conv, ON(T(1, 2, 4, 4), T(2, 2, 3, 3), T(2)), LIST(2)},
    {"conv", "2-d, stride, padding", build_conv, ON(T(2, 1, 5, 4), T(2, 1, 3, 2)), LIST(2, 1, 2, 1, 1, 0)},
    {"conv", "2-d, dilation", build_conv, ON(T(1, 1, 5, 4), T(1, 1, 2, 2)), LIST(2, 1, 1, 1, 0, 2, 3, 2)},
    {"conv", "2-d, a group a channel", build_conv, ON(T(1, 3, 3, 3), T(3, 1, 2, 2), T(3)), LIST(2, 3)},
    {"conv", "2-d, one tap", build_conv, ON(T(2, 3, 2, 2), T(2, 3, 1, 1), T(2)), LIST(2)},
    {"conv", "3-d", build_conv, ON(T(1, 1, 3, 3, 3), T(2, 1, 2, 2, 2), T(2)), LIST(3)},
    {"conv", "3-d, all options", build_conv, ON(T(1, 2, 3, 4, 2), T(2, 1, 2, 2, 1)),
     LIST(3, 2, 2, 1, 1, 1, 0, 0, 1, 2, 1)},
    {"conv", "transposed leaves", build_conv, ON(TRANSPOSED(2, 2, 4), TRANSPOSED(3, 2, 2), SLICED(3)), LIST(1)},
    {"conv", "views", build_conv, ON(VIEW(1, 2, 3, 3), CUT(2, 2, 2, 2), CUT(2)), LIST(2)},
    {"conv", "x is the weight", build_conv, ON(T(2, 2, 3)), LIST(1, 1, 1, 1)},
    {"conv", "empty batch", build_conv, ON(T(0, 2, 4), T(3, 2, 2), T(3)), LIST(1)},
    {"conv", "no channels", build_conv, ON(T(1, 0, 4), T(2, 0, 2), T(2)), LIST(1)},
    {"conv", "size 1", build_conv, ON(T(1, 1, 1, 1), T(1, 1, 3, 3)), LIST(2, 1, 1, 1, 1, 1)},

    {"conv_transpose", "1-d", build_transpose, ON(T(2, 2, 4), T(2, 3, 3), T(3)), LIST(1)},
    {"conv_transpose", "1-d, all options", build_transpose, ON(T(1, 4, 3), T(4, 1, 2), T(2)), LIST(1, 2, 2, 1, 3, 2)},
    {"conv_transpose", "2-d", build_transpose, ON(T(1, 2, 3, 2), T(2, 1, 2, 3), T(1)), LIST(2)},
    {"conv_transpose", "2-d, stride, padding, output padding", build_transpose, ON(T(1, 1, 3, 2), T(1, 2, 3, 3)),
     LIST(2, 1, 2, 3, 1, 0, 1, 1, 1, 2)},
    {"conv_transpose", "2-d, one tap", build_transpose, ON(T(2, 3, 2, 2), T(3, 2, 1, 1), T(2)), LIST(2)},
    {"conv_transpose", "3-d", build_transpose, ON(T(1, 1, 2, 2, 2), T(1, 2, 2, 1, 2), T(2)), LIST(3)},
    {"conv_transpose", "3-d, stride, groups", build_transpose, ON(T(1, 2, 2, 1, 2), T(2, 1, 2, 2, 1)),
     LIST(3, 2, 2, 1, 3)},
    {"conv_transpose", "views", build_transpose, ON(VIEW(1, 2, 3), SLICED(2, 2, 2), CUT(2)), LIST(1)},
    {"conv_transpose", "empty batch", build_transpose, ON(T(0, 2, 3), T(2, 1, 2), T(1)), LIST(1)},
    {"conv_transpose", "to no channels", build_transpose, ON(T(1, 2, 3), T(2, 0, 2), T(0)), LIST(1)},

    {"conv_weight", "1-d", build_weight, ON(T(2, 2, 5), T(2, 3, 3)), LIST(1, 1, 1, 0, 1, 0, 3)},
    {"conv_weight", "1-d, all options", build_weight, ON(T(1, 4, 6), T(1, 2, 3)), LIST(1, 2, 2, 1, 3, 0, 2)},
    {"conv_weight", "2-d", build_weight, ON(T(2, 1, 3, 3), T(2, 2, 2, 2)), LIST(2, 1, 1, 1, 0, 0, 1, 1, 0, 0, 2, 2)},
    {"conv_weight", "2-d, views", build_weight, ON(VIEW(1, 2, 3, 3), CUT(1, 2, 2, 2)),
     LIST(2, 2, 1, 1, 0, 0, 1, 1, 0, 0, 2, 2)},
    {"conv_weight", "empty batch", build_weight, ON(T(0, 2, 5), T(0, 3, 3)), LIST(1, 1, 1, 0, 1, 0, 3)},
};

const sample_list convolution_samples = {items, COUNT(items)};
