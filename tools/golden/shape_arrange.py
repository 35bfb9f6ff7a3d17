"""Ops that repeat, turn, pad and cut out: (op, attributes, operands, function, low, high)."""
import itertools

import torch
from torch.nn import functional

from common import Mask, Sliced, Turned


def case(op, attributes, function, *operands):
    return (op, list(attributes), list(operands), function, -2, 2)


def dims_of(shape):
    return shape if isinstance(shape, tuple) else shape.dims


MATRICES = [(3, 4), (4, 3), (3, 3), (1, 4), (2, 3, 4), (2, 2, 3, 2), Turned(3, 4), Turned(2, 3, 3), Sliced(4, 3)]


def turns():
    for dims in [(5,), *MATRICES]:
        rank = len(dims_of(dims))
        for axes in {(0,), (-1,), tuple(range(rank)), (0, rank - 1) if rank > 1 else (0,)}:
            yield case("flip", axes, lambda x, a=axes: x.flip(a), dims)
        for shifts, axes in {((1,), (0,)), ((-3,), (-1,)), ((7,), (0,)), ((1,) * rank, tuple(range(rank)))}:
            yield case("roll", shifts + axes, lambda x, s=shifts, a=axes: x.roll(s, a), dims)
    for dims, start, stop, step in (((6,), 5, None, -1), ((6,), 4, 1, -2), ((5,), 3, None, -3), ((3, 4), 2, 0, -1),
                                    (Turned(4, 2), 3, None, -2), (Sliced(4, 2), 2, 1, -1)):
        at = list(range(start, -1 if stop is None else stop, step))
        yield case("slice_back", [start, -1 if stop is None else stop, step], lambda x, i=at: x[i], dims)


def tiles():
    for dims in ((), (3,), (2, 3), (2, 1, 3), Turned(2, 3), Sliced(2, 2)):
        for times in ((2,), (3, 2), (1, 4), (2, 1, 2), (1, 3, 1)):
            yield case("tile", times, lambda x, t=times: torch.tile(x, t), dims)
    for dims, axis, times in (((3,), 0, 2), ((2, 3), 0, 3), ((2, 3), -1, 2), (Turned(3, 2), 1, 3), ((2, 2, 2), 1, 2)):
        yield case("repeat_interleave", [axis, times],
                   lambda x, a=axis, t=times: x.repeat_interleave(t, a), dims)


def sources(mode, n, before, after):
    """Which element stands at each place of a padded axis."""
    places = range(-before, n + after)
    if mode == 1:
        return [abs(p) if p < n else 2 * (n - 1) - p for p in places]
    if mode == 2:
        return [min(max(p, 0), n - 1) for p in places]
    return [p % n for p in places]


def padded(x, amounts, mode, value):
    last = len(amounts) // 2
    if mode == 0:
        pairs = [amounts[2 * i:2 * i + 2] for i in range(last)]
        return functional.pad(x, [a for pair in reversed(pairs) for a in pair], value=value)
    for i in range(last):
        axis = x.dim() - last + i
        x = x.index_select(axis, torch.tensor(sources(mode, x.shape[axis], *amounts[2 * i:2 * i + 2])))
    return x


def folded(g, dims, amounts, mode):
    """The gradient of a padded tensor of these dims, in differentiable primitives."""
    last = len(amounts) // 2
    for i in reversed(range(last)):
        axis = len(dims) - last + i
        where = torch.tensor(sources(mode, dims[axis], *amounts[2 * i:2 * i + 2]))
        shape = list(g.shape)
        shape[axis] = dims[axis]
        g = torch.zeros(shape).index_add(axis, where, g)
    return g


def pads():
    for dims in ((4,), *MATRICES):
        rank = len(dims_of(dims))
        for value, amounts in ((0, (1, 2)), (1.5, (0, 3, 2, 1)), (2, (1, -1, -1, 0)), (0, (-1, 0))):
            if len(amounts) // 2 <= rank:
                yield case("pad", [0, value, *amounts], lambda x, a=amounts, v=value: padded(x, a, 0, v), dims)
        for mode, amounts in itertools.product((1, 2, 3), ((1, 0), (0, 1, 1, 2))):
            axes = dims_of(dims)[-(len(amounts) // 2):]
            most = max(amounts)
            if len(amounts) // 2 > rank or (mode == 1 and most >= min(axes)) or (mode == 3 and most > min(axes)):
                continue
            yield case("pad", [mode, 0, *amounts], lambda x, a=amounts, m=mode: padded(x, a, m, 0), dims)
    for mode, dims, amounts in ((1, (4,), (3, 2)), (1, (3, 4), (1, 2, 3, 0)), (2, (2, 3), (3, 1, 0, 4)), (2, (1,), (2, 2)),
                                (3, (3, 2), (3, 1, 2, 2)), (3, (4,), (0, 4))):
        wide = tuple(d + b + a for d, b, a in zip(dims, amounts[::2], amounts[1::2]))
        yield case("pad_fold", [mode, *amounts], lambda g, d=dims, a=amounts, m=mode: folded(g, d, a, m), wide)


def triangles():
    for dims, k in itertools.product(MATRICES, (0, 1, -1, 3)):
        yield case("tril", [k], lambda x, k=k: x.tril(k), dims)
        yield case("triu", [k], lambda x, k=k: x.triu(k), dims)
    for dims, k in itertools.product(MATRICES, (0, 1, -2)):
        yield case("diagonal", [k, 0, -1], lambda x, k=k: x.diagonal(k, 0, -1), dims)
    for dims, a, b in (((2, 3, 4), 1, 2), ((2, 3, 4), 2, 0), ((3, 3, 2), -2, -3), (Turned(2, 3, 3), 1, 0)):
        yield case("diagonal", [1, a, b], lambda x, a=a, b=b: x.diagonal(1, a, b), dims)
    for dims, k in itertools.product(((1,), (4,), (2, 3), Turned(2, 3), Sliced(3), (2, 1, 2)), (0, 2, -1)):
        yield case("diag", [k], lambda x, k=k: torch.diag_embed(x, k), dims)


def masks():
    for dims, mask, value in (((5,), (5,), 2), ((2, 3), (2, 3), -1.5), ((2, 3), (3,), 0), ((2, 3), (2, 1), 1),
                              (Turned(2, 3), (2, 3), 4), (Sliced(2, 3), (1, 3), 1), ((2, 1), (2, 3), 3), ((), (4,), 1),
                              ((2, 2, 2), (2, 2), .5), ((3, 1), (2, 1, 4), 2)):
        yield case("masked_fill", [value], lambda x, m, v=value: torch.where(m, torch.tensor(float(v)), x), dims,
                   Mask(*mask))
        yield case("masked_select", [], torch.masked_select, dims, Mask(*mask))
    for mask in ((6,), (2, 3), (2, 2, 2)):
        chosen = [1 - i % 3 % 2 for i in range(8)][:int(torch.tensor(mask).prod())]
        yield case("masked_place", [], lambda g, m: torch.zeros(m.shape).masked_scatter(m, g), (sum(chosen),),
                   Mask(*mask, numbers=chosen))


def windows():
    for dims, kernel, stride, padding, dilation in (
            ((1, 1, 3, 3), (2, 2), (1, 1), (0, 0), (1, 1)), ((2, 2, 3, 2), (2, 1), (1, 1), (1, 0), (1, 1)),
            ((1, 2, 4, 5), (3, 2), (2, 3), (1, 1), (1, 1)), ((1, 1, 5, 4), (2, 2), (1, 2), (1, 1), (2, 3)),
            ((1, 3, 1, 6), (1, 3), (1, 1), (0, 1), (1, 1)), (Turned(2, 1, 4, 3), (2, 2), (2, 1), (0, 0), (1, 1)),
            (Sliced(1, 2, 3, 3), (3, 3), (1, 1), (1, 1), (1, 1)), ((1, 1, 2, 2), (2, 2), (1, 1), (2, 2), (1, 1))):
        options = dict(kernel_size=kernel, stride=stride, padding=padding, dilation=dilation)
        attributes = [*kernel, *stride, *padding, *dilation]
        yield case("unfold", attributes, lambda x, o=options: functional.unfold(x, **o), dims)
        image = dims_of(dims)
        columns = tuple(functional.unfold(torch.zeros(image), **options).shape)
        yield case("fold", [*attributes, *image[2:]],
                   lambda x, o=options, s=image[2:]: functional.fold(x, s, **o), columns)
    for columns in (Turned(4, 4), Sliced(4, 4)):
        yield case("fold", [2, 2, 1, 1, 0, 0, 1, 1, 3, 3],
                   lambda x: functional.fold(x[None], (3, 3), (2, 2))[0], columns)


def others():
    for dims in (Turned(2, 3), Turned(2, 3, 2), Sliced(4), Sliced(2, 2)):
        yield case("contiguous", [], lambda x: x.clone(), dims)
    for dims, a, b in (((2, 3, 4), 0, 2), ((2, 3, 4), -1, 0), (Turned(2, 3), 0, 1), ((2, 1, 2, 3), 3, 1)):
        yield case("movedim", [a, b], lambda x, a=a, b=b: x.movedim(a, b), dims)
    for dims, a, b in (((2, 3, 2), 0, 1), ((2, 3, 2), 1, -1), (Turned(2, 3), 0, 1), ((), 0, 0)):
        yield case("flatten", [a, b], lambda x, a=a, b=b: x.flatten(a, b), dims)
    for dims in ((1, 3), (1, 1), (2, 1, 3), Turned(3, 1)):
        yield case("squeeze", [], torch.squeeze, dims)
        yield case("unsqueeze", [-1], lambda x: x.unsqueeze(-1), dims)
        yield case("unsqueeze", [1], lambda x: x.unsqueeze(1), dims)
    for dims, axis, sizes in (((5,), 0, (2, 0, 3)), ((3, 4), 1, (1, 3)), (Turned(3, 2), 0, (2, 1))):
        yield case("split", [axis, *sizes],
                   lambda x, a=axis, s=sizes: torch.cat([p * (k + 1) for k, p in enumerate(x.split(s, a))], a), dims)
    for dims, axis, n in (((5,), 0, 2), ((7,), 0, 4), ((3, 4), -1, 3), (Turned(4, 2), 0, 4)):
        yield case("chunk", [axis, n],
                   lambda x, a=axis, n=n: torch.cat([p * (k + 1) for k, p in enumerate(x.chunk(n, a))], a), dims)
    for shapes, indexing in itertools.product((((2,), (3,)), ((2,), (), (3,)), ((3,),)), ("ij", "xy")):
        yield case("meshgrid", [indexing == "xy"],
                   lambda *x, how=indexing: sum(g * (k + 1) for k, g in enumerate(grids(x, how))), *shapes)


def grids(x, how):
    return torch.meshgrid(*[v.reshape(-1) for v in x], indexing=how)


def cases():
    return [*turns(), *tiles(), *pads(), *triangles(), *masks(), *windows(), *others()]
