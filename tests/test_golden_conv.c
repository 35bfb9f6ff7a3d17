/* How the cases of tests/golden/conv.txt are called. */
#include "tests/golden.h"

#include "ops/conv.h"
#include "ops/interpolate.h"
#include "ops/pooling.h"

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

/* ---- pooling ---- */

/* n numbers an axis, one field after the other. */
static void read_fields(const golden *g, int from, int spatial, int n, int64_t *const *fields)
{
    for (int f = 0; f < n; f++)
        for (int i = 0; i < spatial; i++) fields[f][i] = g->list[from + f * spatial + i];
}

/* kind, spatial axes, flags, divisor or p, then window, stride, padding, and of one or two axes dilation. */
static tp_pool_options pool_options(const golden *g)
{
    const int spatial = (int)g->list[1];
    tp_pool_options o = {.ceil_mode = g->list[2] & 1, .exclude_padding = g->list[2] & 2};
    int64_t *const fields[] = {o.window, o.stride, o.padding, o.dilation};
    read_fields(g, 4, spatial, spatial < 3 && g->list[0] == 0 ? 4 : 3, fields);
    if (g->list[0] == 1) o.divisor = g->list[3];
    return o;
}

static tp_var pool(const golden *g)
{
    if (g->list[0] == 3) return tp_adaptive_max_pool(g->x[0], g->attributes - 1, g->list + 1, NULL);
    if (g->list[0] == 4) return tp_adaptive_avg_pool(g->x[0], g->attributes - 1, g->list + 1);
    const tp_pool_options o = pool_options(g);
    const int spatial = (int)g->list[1];
    switch (g->list[0]) {
    case 0: return (spatial == 1 ? tp_max_pool1d : spatial == 2 ? tp_max_pool2d : tp_max_pool3d)(g->x[0], &o, NULL);
    case 1: return (spatial == 1 ? tp_avg_pool1d : spatial == 2 ? tp_avg_pool2d : tp_avg_pool3d)(g->x[0], &o);
    default:
        return (spatial == 1 ? tp_lp_pool1d : spatial == 2 ? tp_lp_pool2d : tp_lp_pool3d)(g->x[0], g->attribute[3], &o);
    }
}

/* Spatial axes, flags, then window, stride, padding and x's extent of each. */
static tp_var average_spread(const golden *g)
{
    tp_pool_attributes a = {.options = {.exclude_padding = g->list[1] & 2}};
    int64_t *const fields[] = {a.options.window, a.options.stride, a.options.padding, a.size};
    read_fields(g, 2, (int)g->list[0], 4, fields);
    return tp_apply(&tp_op_avg_spread, g->x, 1, &a);
}

/* Windows of 2 and strides of 1: spatial axes, x's extents. */
static tp_var pool_indexed(const golden *g)
{
    tp_pool_attributes a = {.spatial = (int)g->list[0]};
    for (int i = 0; i < g->list[0]; i++) {
        a.options.window[i] = 2, a.options.stride[i] = 1;
        a.size[i] = g->list[1 + i];
    }
    return tp_apply(strcmp(g->op, "pool_gather") == 0 ? &tp_op_pool_gather : &tp_op_pool_scatter, g->x, 2, &a);
}

/* ---- interpolation ---- */

/* Mode, align_corners, 1 for a scale, then size or scale of each axis. */
static tp_var interpolate(const golden *g)
{
    tp_interpolate_options o = {.mode = (tp_interpolation)g->list[0], .align_corners = g->list[1] != 0};
    for (int i = 3; i < g->attributes; i++)
        if (g->list[2])
            o.scale[i - 3] = g->attribute[i];
        else
            o.size[i - 3] = g->list[i];
    return tp_interpolate(g->x[0], &o);
}

/* Mode, align_corners, then y's and x's extent of each axis. */
static tp_var interpolate_adjoint(const golden *g)
{
    tp_interpolate_attributes a = {.options = {.mode = (tp_interpolation)g->list[0], .align_corners = g->list[1] != 0}};
    int64_t *const fields[] = {a.options.size, a.size};
    read_fields(g, 2, (g->attributes - 2) / 2, 2, fields);
    return tp_apply(&tp_op_interpolate_adjoint, g->x, 1, &a);
}

static const golden_builder builders[] = {
    {.op = "conv", .build = convolve},
    {.op = "conv_transpose", .build = convolve_transposed},
    {.op = "conv_weight", .build = convolution_weight},
    {.op = "interpolate", .build = interpolate},
    {.op = "interpolate_adjoint", .build = interpolate_adjoint},
    {.op = "max_pool", .build = pool},
    {.op = "avg_pool", .build = pool},
    {.op = "avg_spread", .build = average_spread},
    {.op = "pool_scatter", .build = pool_indexed},
    {.op = "pool_gather", .build = pool_indexed},
};

const golden_family golden_conv = {"conv", builders, COUNT(builders)};
