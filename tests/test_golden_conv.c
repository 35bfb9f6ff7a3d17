/* How the cases of tests/golden/conv.txt are called. */
#include "tests/golden.h"

#include "ops/conv.h"

/* Attributes: spatial axes, groups, then stride, padding, dilation and output padding of each. */
static tp_conv_options conv_options(const golden *g)
{
    const int spatial = (int)g->list[0];
    tp_conv_options o = {.groups = g->list[1]};
    int64_t *const fields[] = {o.stride, o.padding, o.dilation, o.output_padding};
    for (int f = 0; f < 4; f++)
        for (int i = 0; i < spatial; i++) fields[f][i] = g->list[2 + f * spatial + i];
    return o;
}

static tp_var convolve(const golden *g)
{
    const tp_conv_options o = conv_options(g);
    if (g->list[0] == 1) return tp_conv1d(g->x[0], g->x[1], g->x[2], &o);
    return (g->list[0] == 2 ? tp_conv2d : tp_conv3d)(g->x[0], g->x[1], g->x[2], &o);
}

static tp_var convolve_transposed(const golden *g)
{
    const tp_conv_options o = conv_options(g);
    if (g->list[0] == 1) return tp_conv_transpose1d(g->x[0], g->x[1], g->x[2], &o);
    return (g->list[0] == 2 ? tp_conv_transpose2d : tp_conv_transpose3d)(g->x[0], g->x[1], g->x[2], &o);
}

/* The rule of a convolution's weight: the kernel's extents stand where output padding would. */
static tp_var convolution_weight(const golden *g)
{
    tp_conv_attributes attributes = {.options = conv_options(g), .sized = true};
    memcpy(attributes.size, attributes.options.output_padding, sizeof attributes.size);
    memset(attributes.options.output_padding, 0, sizeof attributes.size);
    return tp_apply(&tp_op_conv_weight, g->x, 2, &attributes);
}

static const golden_builder builders[] = {
    {.op = "conv", .build = convolve},
    {.op = "conv_transpose", .build = convolve_transposed},
    {.op = "conv_weight", .build = convolution_weight},
};

const golden_family golden_conv = {"conv", builders, COUNT(builders)};
