"""Convolution, pooling, interpolation: (op, attributes, shapes of operands, function, low, high)."""
import torch
import torch.nn.functional as F

from common import Sliced, Turned

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


def cases():
    return conv_cases() + transpose_cases() + weight_cases()
