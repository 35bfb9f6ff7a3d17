"""Ops that pick by integers: (op, attributes, operands, function, low, high)."""
import itertools

import torch

from common import Labels, Sliced, Turned


def picked(op, function, dims, axis, index):
    """A case whose index has these dims."""
    shape = dims if isinstance(dims, tuple) else dims.dims
    return (op, [axis], [dims, Labels(shape[axis], *index)], lambda x, i, a=axis: function(x, a, i), -2, 2)


def put(op, function, dims, axis, index, src):
    shape = dims if isinstance(dims, tuple) else dims.dims
    return (op, [axis], [dims, Labels(shape[axis], *index), src], lambda x, i, s, a=axis: function(x, a, i, s), -2, 2)


def each_axis(dims):
    shape = dims if isinstance(dims, tuple) else dims.dims
    return range(-1, len(shape))


ANY = [(4,), (3, 4), (2, 3, 4), (2, 2, 2, 3), Turned(3, 4), Sliced(3, 4), Turned(2, 3, 2), (1, 5), (5, 1)]


def along(dims, axis, n, fewer):
    """The dims of an index: n along the axis, on others as many as there are, or one fewer."""
    shape = list(dims if isinstance(dims, tuple) else dims.dims)
    index = [max(1, d - fewer) for d in shape]
    index[axis] = n
    return tuple(index)


def gathers():
    for dims, (n, fewer) in itertools.product(ANY, ((1, 0), (3, 0), (5, 1))):
        for axis in each_axis(dims):
            yield picked("gather", torch.gather, dims, axis, along(dims, axis, n, fewer))


def last_stays(x, axis, index, src):
    """torch.scatter leaves open which of several stays: here the last in row-major order, by differentiable selection."""
    out = x
    axis %= x.dim()
    for at in itertools.product(*(range(d) for d in index.shape)):
        place = list(at)
        place[axis] = int(index[at])
        chosen = torch.zeros_like(x, dtype=torch.bool)
        chosen[tuple(place)] = True
        out = torch.where(chosen, src if src.dim() == 0 else src[at], out)
    return out


def adds(x, axis, index, src):
    """torch.scatter_add, whose own gradient fails where src is larger than index."""
    return x.scatter_add(axis, index, src[tuple(slice(d) for d in index.shape)])


def scatters():
    for op, function in (("scatter_add", adds), ("scatter", last_stays)):
        for dims, (n, fewer) in itertools.product(ANY[:7], ((2, 0), (4, 1))):
            for axis in each_axis(dims):
                index = along(dims, axis, n, fewer)
                wide = tuple(d + 1 for d in index)
                yield put(op, function, dims, axis, index, index if n == 2 else wide)
        yield put(op, function, (3, 4), 0, (2, 4), Turned(2, 4))
        yield put(op, function, (3, 4), 1, (3, 3), Sliced(3, 3))
    yield put("scatter", last_stays, (3, 4), 1, (3, 3), ())
    yield put("scatter", last_stays, (3,), 0, (5,), ())


def rows(x, axis, index):
    """torch.index_select by an index of any shape."""
    axis %= x.dim()
    return x.index_select(axis, index.reshape(-1)).reshape(x.shape[:axis] + index.shape + x.shape[axis + 1:])


def add_rows(x, axis, index, src):
    axis %= x.dim()
    flat = src.reshape(x.shape[:axis] + (-1,) + x.shape[axis + 1:])
    return x.index_add(axis, index.reshape(-1), flat)


def row_shape(dims, axis, index):
    shape = list(dims if isinstance(dims, tuple) else dims.dims)
    axis %= len(shape)
    return tuple(shape[:axis]) + index + tuple(shape[axis + 1:])


def selections():
    for dims, index in itertools.product(ANY, ((1,), (6,), (2, 2))):
        for axis in each_axis(dims):
            yield picked("index_select", rows, dims, axis, index)
    for dims, index in itertools.product(ANY[:7], ((3,), (2, 2))):
        for axis in each_axis(dims):
            yield put("index_add", add_rows, dims, axis, index, row_shape(dims, axis, index))
    yield put("index_add", add_rows, (3, 4), 0, (2,), Turned(2, 4))
    yield put("index_add", add_rows, (3, 4), 1, (2,), Sliced(3, 2))


def embeddings():
    for dims, labels, padding in itertools.product(((5, 3), Turned(4, 2), Sliced(3, 2), (3, 1)),
                                                   ((), (4,), (9,), (2, 3), (2, 1, 3)), (None, 1, -1)):
        n = dims[0] if isinstance(dims, tuple) else dims.dims[0]
        yield ("embedding", [] if padding is None else [padding], [dims, Labels(n, *labels)],
               lambda w, i, p=padding: torch.nn.functional.embedding(i, w, p), -2, 2)


def rules():
    """Ops that only rules use: the axis, then the dims of what was read."""
    for dims, axis, index in (((4,), 0, (6,)), ((3, 4), 0, (5, 4)), ((3, 4), 1, (2, 6)), ((2, 3, 2), 1, (2, 5, 1))):
        n = dims[axis]
        yield ("pick_adjoint", [axis, *dims], [index, Labels(n, *index)],
               lambda g, i, a=axis, d=dims: torch.zeros(d).scatter_add(a, i, g), -2, 2)
        yield ("scatter_last", [axis, *dims], [Labels(n, *index)], lambda i, a=axis, d=dims: who_stays(d, a, i), -2, 2)


def who_stays(dims, axis, index):
    number = torch.arange(1., index.numel() + 1).reshape(index.shape)
    return last_stays(torch.zeros(dims), axis, index, number).gather(axis, index) == number


def cases():
    return [*rules(), *gathers(), *scatters(), *selections(), *embeddings()]
