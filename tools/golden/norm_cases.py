"""Normalisations, attention, activations behind a layer: (op, attributes, shapes of operands, function, low, high)."""
import torch
from torch.nn import functional as F

from common import Between, Constant, Given, Mask, Sliced, Turned


def affine(x, gain, bias, dims):
    """Gain and bias of these dims behind x, as asked for."""
    return [x] + ([dims] if gain else []) + ([dims] if bias else [])


def parts(rest, gain, bias):
    rest = list(rest)
    return (rest.pop(0) if gain else None), (rest.pop(0) if bias else None)


def primitives(x, axes, w, b, eps, torchs):
    """Without gain or bias PyTorch's second derivatives of norms fail: the same in primitives, held against its value."""
    if w is not None and b is not None:
        return torchs
    y = (x - x.mean(axes, True)) / (x.var(axes, False, keepdim=True) + eps).sqrt()
    y = y.reshape(torchs.shape)
    y = y if w is None else y * w
    y = y if b is None else y + b
    assert (y - torchs).abs().max() < 1e-12
    return y


def column(b, x):
    return None if b is None else b.reshape([-1] + [1] * (x.dim() - 2))


def dims_of(shape):
    return shape if isinstance(shape, tuple) else shape.dims


def layer_norm_cases():
    cases = []
    for shape, n in [((4,), 1), ((2, 5), 1), ((3, 2, 4), 1), ((3, 2, 4), 2), ((2, 2, 3), 3), (Turned(3, 4), 1),
                     (Sliced(3, 4), 1), (Turned(2, 3, 4), 2), ((1, 17), 1)]:
        last = tuple(dims_of(shape)[-n:])
        for gain, bias, eps in ((1, 1, 1e-5), (1, 0, 1e-2), (0, 1, 1e-3), (0, 0, .5)):
            def function(x, *rest, last=last, gain=gain, bias=bias, eps=eps):
                w, b = parts(rest, gain, bias)
                y = F.layer_norm(x, last, w, b, eps)
                return primitives(x, list(range(-len(last), 0)), w, b, eps, y)
            cases.append(("layer_norm", [n, gain, bias, eps], affine(shape, gain, bias, last), function, -2, 2))
    return cases


def rms_norm_cases():
    cases = []
    for shape, n in [((4,), 1), ((2, 5), 1), ((3, 2, 4), 2), ((2, 2, 3), 3), (Turned(3, 4), 1), (Sliced(3, 4), 1)]:
        last = tuple(dims_of(shape)[-n:])
        axes = list(range(-n, 0))
        for gain, eps in ((1, 1e-5), (1, .1), (0, 1e-3)):
            def function(x, *rest, axes=axes, eps=eps):
                y = x / (x.square().mean(axes, True) + eps).sqrt()
                return y * rest[0] if rest else y
            cases.append(("rms_norm", [n, eps], affine(shape, gain, 0, last), function, -2, 2))
    return cases


CHANNELS = [((2, 4, 3), 2), ((2, 6), 2), ((1, 6, 2), 3), ((2, 4, 2, 2), 1), ((2, 4, 2, 2), 4), ((2, 3, 2, 1, 2), 1),
            (Turned(2, 4, 3), 2), (Sliced(2, 4, 3), 4)]


def group_norm_cases():
    cases = []
    for shape, groups in CHANNELS:
        channels = (dims_of(shape)[1],)
        for gain, bias, eps in ((1, 1, 1e-5), (1, 0, 1e-2), (0, 1, 1e-3), (0, 0, .5)):
            def function(x, *rest, groups=groups, gain=gain, bias=bias, eps=eps):
                w, b = parts(rest, gain, bias)
                y = F.group_norm(x, groups, w, b, eps)
                return primitives(x.reshape(x.shape[0], groups, -1), [2], column(w, x), column(b, x), eps, y)
            cases.append(("group_norm", [groups, gain, bias, eps], affine(shape, gain, bias, channels), function, -2, 2))
    return cases


def each_channel(name, shapes, norm, batch):
    cases = []
    for shape in shapes:
        channels = (dims_of(shape)[1],)
        for gain, bias, eps in ((1, 1, 1e-5), (1, 0, 1e-2), (0, 1, 1e-3), (0, 0, .5)):
            def function(x, *rest, gain=gain, bias=bias, eps=eps):
                w, b = parts(rest, gain, bias)
                axes = ([0] if batch else []) + list(range(2, x.dim()))
                return primitives(x, axes, column(w, x), column(b, x), eps, norm(x, w, b, eps))
            cases.append((name, [gain, bias, eps], affine(shape, gain, bias, channels), function, -2, 2))
    return cases


def channel_cases():
    shapes = [(2, 3, 4), (1, 2, 5), (2, 2, 2, 2), Turned(2, 3, 3), Sliced(2, 2, 3), (1, 2, 2, 2, 2)]
    cases = each_channel("instance_norm", shapes,
                         lambda x, w, b, eps: F.instance_norm(x, None, None, w, b, True, .1, eps), False)
    return cases + each_channel("batch_norm", shapes + [(5, 3), (3, 1), (2, 2, 10), Turned(4, 3)],
                                lambda x, w, b, eps: F.batch_norm(x, None, None, w, b, True, .1, eps), True)


def fixed_cases():
    cases = []
    for shape in [(3, 2), (2, 3, 2), (2, 2, 9), Turned(2, 3, 3), Sliced(3, 2)]:
        channels = (dims_of(shape)[1],)
        for gain, bias, eps in ((1, 1, 1e-5), (1, 0, 1e-2), (0, 1, 1e-3), (0, 0, .5)):
            def function(x, mean, variance, *rest, gain=gain, bias=bias, eps=eps):
                w, b = parts(rest, gain, bias)
                y = (x - column(mean, x)) / (column(variance, x) + eps).sqrt()
                y = y if w is None else y * column(w, x)
                return y if b is None else y + column(b, x)
            operands = affine(shape, gain, bias, channels)
            cases.append(("batch_norm_fixed", [gain, bias, eps],
                          [operands[0], channels, Between(.5, 2, *channels), *operands[1:]], function, -2, 2))
    return cases


def lrn_cases():
    cases = []
    for shape in [(2, 5, 2), (1, 4, 2, 2), (3, 3, 1), Turned(2, 4, 2), Sliced(1, 4, 3)]:
        for size, alpha, beta, k in ((1, .5, .75, 1), (3, 1e-1, .75, 2), (4, 1, .5, 1), (5, 2, 1.5, .5)):
            cases.append(("local_response_norm", [size, alpha, beta, k], [shape],
                          lambda x, a=(size, alpha, beta, k): F.local_response_norm(x, *a), -2, 2))
    return cases


def attend(q, k, v, *rest, causal, scale):
    scores = q @ k.transpose(-1, -2) * (scale or 1 / q.shape[-1] ** .5)
    return weights(scores, *rest, causal=causal) @ v


def weights(scores, *rest, causal):
    """Softmax of what is left of each row; rows of nothing are 0."""
    left = torch.ones(scores.shape, dtype=torch.bool)
    if causal:
        left = left.tril()
    if rest and rest[0].dtype == torch.bool:
        left = left & rest[0]
    elif rest:
        scores = scores + rest[0]
    nothing = ~left.any(-1, True)
    p = torch.softmax(torch.where(left | nothing, scores, torch.full((), -float("inf"))), -1)
    return torch.where(nothing, torch.zeros(()), p)


def attention_cases():
    cases = []
    operands = [((2, 3), (4, 3), (4, 2)), ((3, 2), (3, 2), (3, 2)), ((2, 2, 2), (2, 3, 2), (2, 3, 1)),
                ((1, 2, 2, 3), (1, 2, 2, 3), (1, 2, 2, 3)), (Turned(2, 2, 3), Turned(2, 3, 3), Sliced(2, 3, 2)),
                (Sliced(4, 2), Turned(3, 2), (3, 2)), ((1, 1), (1, 1), (1, 1))]
    for q, k, v in operands:
        rows, columns, lead = dims_of(q)[-2], dims_of(k)[-2], dims_of(q)[:-2]
        for causal, scale in ((0, 0), (1, 0), (0, .7)):
            def function(*x, causal=causal, scale=scale):
                return attend(*x, causal=causal, scale=scale)
            masks = [[], [Mask(rows, columns)], [Mask(*lead, 1, columns)], [(rows, columns)], [(*lead, rows, 1)],
                     [Constant(1, columns)]]
            for mask in masks:
                cases.append(("attention", [causal, scale, 0, 0], [q, k, v, *mask], function, -2, 2))
    for shape in [(2, 3), (2, 2, 4), Turned(3, 4)]:
        dims = dims_of(shape)
        for causal in (0, 1):
            for mask in ([], [Mask(*dims[-2:])], [dims[-1:]], [Mask(dims[-2], 1)]):
                cases.append(("masked_softmax", [causal, .5], [shape, *mask],
                              lambda x, *rest, causal=causal: weights(x * .5, *rest, causal=causal), -2, 2))
    return cases


def cut(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def heads_cases():
    cases = []
    for heads, q, k, v in ((2, (2, 4), (3, 4), (3, 2)), (2, (2, 3, 4), (2, 3, 4), (2, 3, 4)), (1, Turned(2, 3), (2, 3), (2, 1)),
                           (3, Turned(2, 2, 3), Sliced(2, 2, 3), (2, 2, 6))):
        for causal in (0, 1):
            def function(q, k, v, *mask, causal=causal, heads=heads):
                y = attend(cut(q, heads), cut(k, heads), cut(v, heads), *mask, causal=causal, scale=0)
                return y.transpose(-2, -3).flatten(-2)
            for mask in ([], [Mask(dims_of(q)[-2], dims_of(k)[-2])], [(heads, 1, dims_of(k)[-2])]):
                cases.append(("attention", [causal, 0, heads, 0], [q, k, v, *mask], function, -2, 2))
    for heads, x in ((2, (3, 6)), (1, (2, 2, 6)), (2, Turned(2, 2, 12))):
        for causal in (0, 1):
            def function(x, *mask, causal=causal, heads=heads):
                y = attend(*(cut(p, heads) for p in x.chunk(3, -1)), *mask, causal=causal, scale=0)
                return y.transpose(-2, -3).flatten(-2)
            length = dims_of(x)[-2]
            for mask in ([], [Mask(length, length)], [(length, 1)]):
                cases.append(("attention", [causal, 0, heads, 1], [x, *mask], function, -2, 2))
    return cases


def rotate(x, base, first, halves):
    """Pairs as complex numbers, times e^(i theta)."""
    length, width = x.shape[-2:]
    rates = base ** (-torch.arange(0, width, 2) / width)
    theta = (first + torch.arange(length))[:, None] * rates
    a, b = (x[..., :width // 2], x[..., width // 2:]) if halves else (x[..., ::2], x[..., 1::2])
    turned = (a * theta.cos() - b * theta.sin(), a * theta.sin() + b * theta.cos())
    return torch.cat(turned, -1) if halves else torch.stack(turned, -1).flatten(-2)


def rotary_cases():
    cases = []
    for shape in [(3, 4), (2, 3, 6), Turned(2, 3, 4), Sliced(4, 2)]:
        for base, first, halves in ((10000, 0, 0), (10000, 0, 1), (100, 7, 0), (2.5, -3, 1)):
            cases.append(("rotary", [base, first, halves], [shape], lambda x, a=(base, first, halves): rotate(x, *a), -2, 2))
    return cases


def cases():
    return (layer_norm_cases() + rms_norm_cases() + group_norm_cases() + channel_cases() + fixed_cases() + lrn_cases()
            + attention_cases() + heads_cases() + rotary_cases())
