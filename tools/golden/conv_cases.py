"""Convolution, pooling, interpolation: (op, attributes, shapes of operands, function, low, high)."""
import torch
import torch.nn.functional as F

from common import Labels, Sliced, Turned

CONVOLVE = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


def dims_of(shape):
    return shape if isinstance(shape, tuple) else shape.dims


def spread(number, spatial):
    return list(number) if isinstance(number, tuple) else [number] * spatial


def convolution(op, x, w, groups=1, stride=1, padding=0, dilation=1, extra=0):
    """With a bias and without; attributes: spatial axes, groups, then each option for each axis."""
    spatial = len(dims_of(x)) - 2
    s, p, d, e = (spread(n, spatial) for n in (stride, padding, dilation, extra))
    attributes = [spatial, groups, *s, *p, *d, *e]
    if op == "conv":
        out = dims_of(w)[0]
        f = lambda x, w, b=None: CONVOLVE[spatial - 1](x, w, b, s, p, d, groups)
    else:
        out = dims_of(w)[1] * groups
        f = lambda x, w, b=None: TRANSPOSE[spatial - 1](x, w, b, s, p, e, groups, d)
    return [(op, attributes, [x, w], f, -2, 2), (op, attributes, [x, w, (out,)], f, -2, 2)]


def conv_cases():
    c = lambda *a, **k: convolution("conv", *a, **k)
    return sum([
        c((2, 2, 5), (3, 2, 3)), c((1, 1, 4), (1, 1, 1)), c((1, 1, 1), (1, 1, 1)), c((2, 3, 4), (2, 3, 4)),
        c((2, 2, 5), (2, 2, 2), stride=2), c((2, 2, 5), (2, 2, 3), padding=2), c((1, 2, 7), (2, 2, 2), dilation=3),
        c((1, 2, 6), (2, 2, 3), stride=2, padding=1), c((1, 2, 7), (2, 2, 2), stride=3, padding=1, dilation=2),
        c((1, 4, 5), (2, 2, 3), groups=2), c((1, 4, 5), (4, 1, 2), groups=4), c((1, 2, 5), (4, 1, 2), groups=2, stride=2),
        c((2, 4, 6), (6, 2, 2), groups=2, stride=2, padding=1, dilation=2), c((1, 1, 1), (2, 1, 3), padding=1),
        c((1, 1, 3), (1, 1, 2), padding=3), c((1, 1, 5), (1, 1, 1), stride=4), c((3, 1, 4), (1, 1, 4), stride=5),
        c(Turned(2, 2, 5), (3, 2, 3)), c((2, 2, 5), Turned(3, 2, 2)), c(Sliced(2, 2, 5), Sliced(2, 2, 3), padding=1),
        c((1, 2, 4, 4), (2, 2, 3, 3)), c((1, 2, 4, 4), (2, 2, 3, 3), padding=1), c((1, 2, 3, 4), (3, 2, 1, 1)),
        c((2, 1, 4, 5), (2, 1, 2, 3), stride=2), c((2, 1, 5, 4), (2, 1, 3, 2), stride=(2, 1), padding=(1, 0)),
        c((1, 1, 5, 5), (1, 1, 2, 2), dilation=(3, 2)), c((1, 1, 5, 4), (2, 1, 2, 2), stride=(1, 2), padding=1, dilation=(2, 1)),
        c((1, 2, 3, 3), (2, 1, 2, 2), groups=2), c((1, 4, 2, 3), (2, 2, 2, 2), groups=2, padding=1),
        c((1, 3, 3, 3), (6, 1, 2, 2), groups=3, stride=2, padding=1), c((2, 2, 1, 1), (2, 2, 3, 3), padding=1),
        c((1, 1, 1, 4), (1, 1, 1, 2)), c((1, 1, 4, 1), (1, 1, 2, 1), stride=(3, 1)), c((1, 1, 3, 3), (1, 1, 5, 5), padding=2),
        c((1, 2, 4, 4), (2, 2, 1, 1), stride=2), c((1, 2, 2, 2), (2, 2, 1, 1), padding=1), c((2, 2, 3, 3), (1, 2, 3, 3)),
        c(Turned(1, 2, 3, 4), (2, 2, 2, 2)), c(Sliced(1, 2, 3, 3), Turned(2, 2, 2, 2)),
        c((1, 1, 3, 3, 3), (1, 1, 2, 2, 2)), c((1, 2, 2, 2, 2), (2, 2, 2, 2, 2)), c((1, 1, 3, 2, 3), (2, 1, 2, 1, 2), padding=(1, 0, 1)),
        c((1, 1, 3, 3, 3), (1, 1, 2, 2, 2), stride=2, padding=1), c((1, 1, 4, 3, 3), (1, 1, 2, 2, 2), dilation=(3, 2, 1)),
        c((1, 2, 3, 2, 2), (2, 1, 2, 2, 1), groups=2, stride=(2, 1, 1)), c((2, 1, 2, 2, 2), (2, 1, 1, 1, 1)),
        c((1, 4, 2, 2, 2), (2, 2, 2, 1, 1), groups=2, padding=(0, 1, 0)), c(Turned(1, 1, 2, 3, 3), (1, 1, 2, 2, 2)),
    ], [])


def transpose_cases():
    c = lambda *a, **k: convolution("conv_transpose", *a, **k)
    return sum([
        c((2, 2, 4), (2, 3, 3)), c((1, 1, 4), (1, 1, 1)), c((1, 1, 1), (1, 1, 1)), c((2, 3, 2), (3, 2, 4)),
        c((2, 2, 3), (2, 2, 2), stride=2), c((2, 2, 4), (2, 2, 3), padding=2), c((1, 2, 4), (2, 2, 2), dilation=3),
        c((1, 2, 3), (2, 2, 3), stride=2, padding=1), c((1, 2, 3), (2, 2, 3), stride=2, padding=1, extra=1),
        c((1, 2, 3), (2, 2, 2), stride=3, padding=1, dilation=2, extra=2), c((1, 4, 3), (4, 1, 3), groups=2),
        c((1, 4, 3), (4, 1, 2), groups=4), c((1, 2, 3), (2, 2, 2), groups=2, stride=2, extra=1),
        c((1, 1, 3), (1, 1, 2), dilation=3, extra=2), c((1, 1, 3), (1, 1, 2), stride=2, dilation=4, extra=3),
        c(Turned(2, 2, 4), (2, 3, 3)), c((2, 2, 3), Turned(2, 3, 2)), c(Sliced(2, 2, 3), Sliced(2, 2, 3), padding=1),
        c((1, 2, 3, 3), (2, 2, 2, 2)), c((1, 2, 3, 2), (2, 2, 3, 3), padding=1), c((1, 2, 3, 4), (2, 3, 1, 1)),
        c((2, 1, 2, 3), (1, 2, 2, 3), stride=2), c((2, 1, 3, 2), (1, 2, 3, 2), stride=(2, 1), padding=(1, 0), extra=(1, 0)),
        c((1, 1, 3, 3), (1, 1, 2, 2), dilation=(3, 2)), c((1, 2, 2, 2), (2, 1, 2, 2), groups=2, stride=2, padding=1, extra=1),
        c((1, 4, 2, 2), (4, 2, 2, 1), groups=2), c((2, 2, 1, 1), (2, 2, 3, 3), padding=1), c((1, 1, 1, 3), (1, 1, 1, 2), stride=(1, 3)),
        c((1, 2, 2, 2), (2, 2, 1, 1), stride=2), c(Turned(1, 2, 2, 3), (2, 2, 2, 2)), c(Sliced(1, 2, 2, 2), Turned(2, 2, 2, 2)),
        c((1, 1, 2, 2, 2), (1, 1, 2, 2, 2)), c((1, 2, 2, 1, 2), (2, 2, 2, 2, 2)),
        c((1, 1, 2, 2, 2), (1, 2, 2, 1, 2), stride=2, padding=(1, 0, 0), extra=(1, 0, 1)),
        c((1, 2, 2, 2, 1), (2, 1, 2, 2, 1), groups=2, stride=(2, 1, 3), dilation=(1, 2, 1)), c((2, 1, 2, 2, 2), (1, 2, 1, 1, 1)),
    ], [])


def adjoint(f, operand, y):
    """The derivative of <y, f(operand)> by the operand, which must enter linearly."""
    return torch.autograd.grad(f(operand), operand, y, create_graph=True)[0]


def weight_case(x, y, k, groups=1, stride=1, padding=0, dilation=1):
    """The rule of a convolution's weight; the kernel's extents stand where output padding would."""
    spatial = len(x) - 2
    s, p, d = (spread(n, spatial) for n in (stride, padding, dilation))
    zeros = (y[1], x[1] // groups, *k)
    f = lambda x, y: adjoint(lambda w: CONVOLVE[spatial - 1](x, w, None, s, p, d, groups),
                             torch.zeros(zeros, requires_grad=True), y)
    return ("conv_weight", [spatial, groups, *s, *p, *d, *k], [x, y], f, -2, 2)


def weight_cases():
    w = weight_case
    return [
        w((2, 2, 5), (2, 3, 3), (3,)), w((1, 1, 3), (1, 1, 3), (1,)), w((2, 2, 5), (2, 2, 2), (2,), stride=2, padding=1, dilation=3),
        w((1, 4, 5), (1, 2, 4), (2,), groups=2), w((1, 4, 4), (1, 4, 2), (2,), groups=4, stride=2),
        w((1, 2, 4, 4), (1, 2, 2, 2), (3, 3)), w((2, 1, 3, 4), (2, 2, 3, 4), (1, 1)),
        w((1, 2, 4, 4), (1, 2, 2, 4), (2, 1), groups=2, stride=(2, 1)), w((1, 1, 2, 3, 2), (1, 1, 1, 2, 1), (2, 2, 2)),
    ]


# ---- pooling -------------------------------------------------------------------------------------------------------

MAX = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVERAGE = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
ADAPTIVE_MAX = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
ADAPTIVE_AVERAGE = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)


def window_sum(x, w, s, pad, ceil):
    if len(w) == 1:
        return F.avg_pool2d(x.unsqueeze(2), [1, *w], [1, *s], [0, *pad], ceil, divisor_override=1).squeeze(2)
    return AVERAGE[len(w) - 1](x, w, s, pad, ceil, divisor_override=1)


def pooling(kind, x, window, stride=None, padding=0, dilation=1, ceil=False, exclude=False, divisor=0, p=0):
    """Attributes: 0 maximum, 1 average, 2 lp; spatial axes, flags (1 ceil_mode, 2 exclude_padding), the divisor or p,
    then window, stride, padding and dilation (1 to 3) of each axis."""
    spatial = len(dims_of(x)) - 2
    w, pad, d = (spread(n, spatial) for n in (window, padding, dilation))
    s = w if stride is None else spread(stride, spatial)
    if kind == 0:
        f = lambda x: MAX[spatial - 1](x, w, s, pad, d, ceil)
    elif spatial == 1:
        f = lambda x: F.avg_pool1d(x, w, s, pad, ceil, not exclude)
    else:
        f = lambda x: AVERAGE[spatial - 1](x, w, s, pad, ceil, not exclude, divisor or None)
    if kind == 2:
        f = lambda x: window_sum(x.abs() ** p, w, s, pad, ceil) ** (1 / p)
    flags = (1 if ceil else 0) + (2 if exclude else 0)
    return (("max_pool", "avg_pool", "avg_pool")[kind], [kind, spatial, flags, divisor or p, *w, *s, *pad, *(d if spatial < 3 else [])],
            [x], f, *((.25, 2) if kind == 2 else (-2, 2)))


def both_poolings(*a, **k):
    return [pooling(0, *a, **k), pooling(1, *a, **k)]


def adaptive_cases():
    """Attributes: 3 maximum, 4 average, then the size."""
    cases = []
    for x, size in [((2, 2, 5), (2,)), ((1, 2, 5), (3,)), ((1, 2, 3), (5,)), ((2, 1, 4), (1,)), ((1, 2, 1), (1,)), (Turned(2, 2, 5), (2,)),
                    ((1, 2, 4, 4), (2, 2)), ((1, 1, 5, 4), (3, 2)), ((2, 1, 3, 3), (1, 1)), ((1, 2, 2, 3), (3, 5)),
                    (Sliced(1, 2, 3, 4), (2, 3)), ((1, 1, 1, 4), (1, 3)), ((1, 1, 3, 3, 3), (2, 2, 2)), ((1, 2, 2, 3, 2), (1, 2, 1))]:
        n = len(size)
        cases += [("max_pool", [3, *size], [x], lambda x, n=n, size=size: ADAPTIVE_MAX[n - 1](x, size if n > 1 else size[0]), -2, 2),
                  ("avg_pool", [4, *size], [x], lambda x, n=n, size=size: ADAPTIVE_AVERAGE[n - 1](x, size if n > 1 else size[0]), -2, 2)]
    return cases


def pooling_cases():
    both, p = both_poolings, pooling
    cases = sum([
        both((2, 2, 6), 2), both((1, 1, 1), 1), both((1, 2, 5), 5), both((2, 1, 7), 3, 2), both((1, 2, 6), 3, 1, 1), both((1, 2, 5), 1, 2),
        both((1, 2, 6), 3, 2, 0, ceil=True), both((1, 2, 6), 3, 2, 1, ceil=True), both((1, 1, 5), 2, 4, 1, ceil=True), both((2, 1, 8), 5, 3, 2),
        both((1, 1, 4), 2, 3, ceil=True), both(Turned(2, 2, 5), 2, 1), both(Sliced(1, 2, 6), 3, 1, 1),
        both((1, 2, 4, 4), 2), both((1, 1, 5, 4), (3, 2), (2, 1), (1, 0)), both((2, 1, 3, 4), (1, 2)), both((1, 2, 4, 5), 2, (1, 3)),
        both((1, 1, 5, 5), 3, 2, 1), both((1, 1, 4, 5), 2, 2, 1, ceil=True), both((1, 1, 5, 6), (2, 3), (2, 2), (1, 1), ceil=True),
        both((1, 2, 1, 3), (1, 2), 1), both(Turned(1, 2, 3, 4), 2, 1), both((2, 2, 1, 1), 1), both(Sliced(2, 1, 4, 3), 2, 1, 1),
        both((1, 1, 3, 3, 3), 2, 1), both((1, 2, 2, 2, 2), 2), both((1, 1, 4, 3, 2), (2, 3, 1), (2, 1, 1), (1, 1, 0)),
        both((1, 1, 3, 4, 3), 2, 2, 1, ceil=True), both(Turned(1, 1, 2, 3, 3), (1, 2, 2)),
    ], [])
    cases += [
        p(0, (1, 2, 7), 2, 2, 1, 3), p(0, (1, 1, 6), 3, 1, 0, 2), p(0, (2, 1, 7), 2, 1, 0, 5), p(0, (1, 2, 7), 3, 2, 1, 2, ceil=True),
        p(0, (1, 1, 5, 5), 2, 2, 1, (2, 3)), p(0, (1, 1, 5, 4), (2, 3), 1, (0, 1), (3, 1)), p(0, (1, 2, 4, 4), 2, 1, 0, 2),
        p(1, (1, 2, 6), 3, 1, 1, exclude=True), p(1, (1, 2, 6), 3, 2, 1, ceil=True, exclude=True), p(1, (2, 1, 5), 2, 4, 1, ceil=True, exclude=True),
        p(1, (1, 1, 5, 5), 3, 2, 1, exclude=True), p(1, (1, 1, 4, 5), 2, 2, 1, ceil=True, exclude=True), p(1, (1, 2, 3, 4), (3, 2), 1, (1, 0), exclude=True),
        p(1, (1, 1, 3, 3, 3), 2, 2, 1, exclude=True), p(1, (1, 1, 3, 3, 2), (2, 3, 2), 1, (0, 1, 1), exclude=True),
        p(1, (1, 2, 4, 4), 2, divisor=3), p(1, (1, 1, 4, 5), 3, 2, 1, divisor=1), p(1, (1, 1, 4, 5), 2, 2, 1, ceil=True, divisor=7),
        p(1, (1, 1, 3, 3, 3), 2, 1, divisor=5),
        p(2, (2, 2, 6), 2, p=2), p(2, (1, 2, 6), 3, 1, p=3), p(2, (1, 2, 5), 2, 3, p=1), p(2, (1, 1, 6), 3, 2, ceil=True, p=2),
        p(2, (1, 2, 4), 2, p=1.5), p(2, (1, 2, 4, 4), 2, p=2), p(2, (1, 1, 4, 5), (3, 2), (1, 2), p=4), p(2, (1, 1, 4, 4), 3, 2, 1, p=2),
        p(2, Turned(1, 2, 3, 3), 2, 1, p=2.5), p(2, (1, 1, 3, 3, 2), 2, 1, p=2), p(2, (1, 1, 2, 3, 3), 2, 1, p=3),
    ]
    by_op = lambda case: case[0]
    return sorted(cases + adaptive_cases(), key=by_op)


def spread_case(y, x, window, stride, padding=0, exclude=False):
    """The rule of an average: spatial axes, flags, window, stride, padding and x's extent of each axis."""
    spatial = len(x) - 2
    w, s, pad = (spread(n, spatial) for n in (window, stride, padding))
    f = lambda y: adjoint(lambda x: AVERAGE[spatial - 1](x, w, s, pad, False, not exclude), torch.zeros(x, requires_grad=True), y)
    return ("avg_spread", [spatial, 2 if exclude else 0, *w, *s, *pad, *x[2:]], [y], f, -2, 2)


def flat(t):
    return t.reshape(t.shape[0], t.shape[1], -1)


def indexed_cases():
    """The rules of max pooling: windows of 2, strides of 1."""
    cases = []
    for x, y in [((2, 2, 4), (2, 2, 3)), ((1, 2, 2), (1, 2, 1)), ((1, 2, 3, 3), (1, 2, 2, 2)), ((1, 1, 2, 3, 2), (1, 1, 1, 2, 1))]:
        extent = torch.Size(x[2:]).numel()
        index = Labels(extent, *y)
        cases += [("pool_scatter", [len(x) - 2, *x[2:]], [y, index],
                   lambda g, i, x=x: flat(torch.zeros(x)).scatter_add(2, flat(i), flat(g)).reshape(x), -2, 2),
                  ("pool_gather", [len(x) - 2, *x[2:]], [x, index], lambda v, i, y=y: flat(v).gather(2, flat(i)).reshape(y), -2, 2)]
    return sorted(cases, key=lambda case: case[0])


def rule_cases():
    return [spread_case((2, 2, 3), (2, 2, 6), 2, 2), spread_case((1, 2, 6), (1, 2, 6), 3, 1, 1), spread_case((1, 2, 6), (1, 2, 6), 3, 1, 1, True),
            spread_case((1, 1, 3, 2), (1, 1, 4, 4), 2, (1, 2)), spread_case((1, 2, 2, 2), (1, 2, 3, 3), 3, 2, 1, True),
            spread_case((1, 1, 2, 2, 1), (1, 1, 3, 3, 2), 2, 1)] + indexed_cases()


# ---- interpolation -------------------------------------------------------------------------------------------------

MODES = {"nearest": 0, "nearest-exact": 1, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 3}


def interpolation(x, mode, size=None, scale=None, corners=False):
    """Attributes: mode, align_corners, 1 for a scale, then size or scale of each axis."""
    align = corners if MODES[mode] >= 2 else None
    f = lambda x: F.interpolate(x, size=size, scale_factor=scale, mode=mode, align_corners=align)
    return ("interpolate", [MODES[mode], 1 if corners else 0, 0 if scale is None else 1, *(size or scale)], [x], f, -2, 2)


def adjoint_case(y, x, mode, corners=False):
    """The rule: mode, align_corners, then y's and x's extent of each axis."""
    align = corners if MODES[mode] >= 2 else None
    f = lambda y: adjoint(lambda x: F.interpolate(x, size=y.shape[2:], mode=mode, align_corners=align),
                          torch.zeros(x, requires_grad=True), y)
    return ("interpolate_adjoint", [MODES[mode], 1 if corners else 0, *y[2:], *x[2:]], [y], f, -2, 2)


def interpolate_cases():
    i = interpolation
    cases = []
    for x, size in [((2, 2, 3), (7,)), ((1, 2, 5), (2,)), ((1, 1, 1), (4,)), ((1, 2, 4), (1,)), ((1, 1, 4), (4,)), (Turned(2, 2, 3), (4,))]:
        cases += [i(x, "nearest", size), i(x, "nearest-exact", size), i(x, "linear", size), i(x, "linear", size, corners=True)]
    for x, size in [((1, 2, 2, 3), (3, 5)), ((2, 1, 4, 4), (2, 3)), ((1, 1, 1, 3), (3, 1)), ((1, 1, 3, 3), (3, 5)), (Sliced(1, 2, 3, 2), (2, 4)),
                    (Turned(1, 2, 2, 3), (3, 3))]:
        cases += [i(x, "nearest", size), i(x, "nearest-exact", size), i(x, "bilinear", size), i(x, "bilinear", size, corners=True),
                  i(x, "bicubic", size), i(x, "bicubic", size, corners=True)]
    for x, size in [((1, 1, 2, 2, 2), (3, 3, 3)), ((1, 2, 1, 3, 2), (2, 2, 3)), ((1, 1, 3, 2, 3), (2, 4, 1))]:
        cases += [i(x, "nearest", size), i(x, "nearest-exact", size), i(x, "trilinear", size), i(x, "trilinear", size, corners=True)]
    for x, scale in [((1, 2, 3), (2.,)), ((1, 2, 4), (.5,)), ((1, 2, 5), (1.75,)), ((1, 1, 7), (.375,))]:
        cases += [i(x, "nearest", scale=scale), i(x, "linear", scale=scale), i(x, "linear", scale=scale, corners=True)]
    for x, scale in [((1, 1, 3, 3), (2., 1.5)), ((1, 2, 3, 4), (.75, .5))]:
        cases += [i(x, "nearest", scale=scale), i(x, "bilinear", scale=scale), i(x, "bilinear", scale=scale, corners=True), i(x, "bicubic", scale=scale)]
    cases += [i((1, 1, 2, 3, 2), "trilinear", scale=(1.5, 1., 2.)), i((1, 1, 2, 2, 2), "nearest", scale=(2., 1.5, 1.))]
    a = adjoint_case
    return cases + [a((2, 2, 5), (2, 2, 3), "nearest"), a((1, 2, 2), (1, 2, 5), "linear"), a((1, 2, 5), (1, 2, 3), "linear", True),
                    a((1, 1, 3, 4), (1, 1, 4, 3), "bilinear"), a((1, 1, 3, 4), (1, 1, 4, 3), "bicubic"),
                    a((1, 1, 3, 2, 2), (1, 1, 2, 3, 2), "trilinear")]


def cases():
    return conv_cases() + transpose_cases() + weight_cases() + pooling_cases() + rule_cases() + interpolate_cases()
