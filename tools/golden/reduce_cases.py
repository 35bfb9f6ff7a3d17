"""Reductions: (op, attributes, shapes of operands, function, low, high)."""
import math

import torch

from common import Between, Given, Labels, Mask, Sliced, Turned


AXES = [((5,), [0]), ((2, 3), [0]), ((2, 3), [1]), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2]), ((2, 3, 4), [0, 1, 2]),
        (Turned(2, 3), [0]), (Turned(2, 3), [1]), (Turned(2, 2, 3), [0, 1])]
MORE = AXES + [(Sliced(2, 3), [1]), (Sliced(2, 3, 2), [0, 1]), ((1, 4), [1]), ((1, 4), [0])]
ROWS = [((5,), 0), ((1,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), -3), (Turned(2, 3), 0),
        (Turned(2, 3, 2), 1), (Sliced(2, 4), 1), (Sliced(2, 4), 0)]


def reduction_cases():
    cases = []
    for op, f in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin)):
        for shape, axes in AXES:
            for keep in (0, 1):
                cases.append((op, [keep, *axes], [shape], lambda x, f=f, a=axes, k=keep: f(x, a, bool(k)), -2, 2))
    for op, f in (("max", torch.amax), ("min", torch.amin)):
        tie = Given((2, 4), [1., 2., 2., 1., -1., 2., 3., 3.])
        for axes in ([0], [1], [0, 1]):
            cases.append((op, [0, *axes], [tie], lambda x, f=f, a=axes: f(x, a), 0, 1))
    return cases


def product(x, axes, keep):
    """Over several axes; by multiplications alone, whose derivatives are right at zeros to every order."""
    kept = [i for i in range(x.dim()) if i not in axes]
    rows = x.permute(*kept, *axes).reshape([x.shape[i] for i in kept] + [-1]).unbind(-1)
    y = rows[0]
    for row in rows[1:]:
        y = y * row
    return y.reshape([1 if i in axes else x.shape[i] for i in range(x.dim())]) if keep else y


def prod_cases():
    cases = []
    zeros = [Given((2, 4), [1., 0., 2., -3., .5, 0., 0., 2.]), Given((2, 4), [0., 0., 0., 1., 2., 1.5, 3., 0.]),
             Given((3, 2), [0., 1., 0., 2., 3., 0.])]
    for shape, axes in MORE + [(z, a) for z in zeros for a in ([0], [1], [0, 1])]:
        for keep in (0, 1):
            cases.append(("prod", [keep, *axes], [shape], lambda x, a=axes, k=keep: product(x, a, k), -2, 2))
    return cases


def variance(x, c, axes, keep):
    n = 1
    for a in axes:
        n *= x.shape[a]
    centred = x - x.mean(axes, True)
    return (centred * centred).sum(axes, bool(keep)) / (n - c)


def two(shape, axes):
    """Of two numbers std is their distance: its second derivative is rounding alone."""
    dims = shape if isinstance(shape, tuple) else shape.dims
    return len(axes) == 1 and dims[axes[0]] == 2


def statistic_cases():
    cases = []
    for shape, axes in MORE[:-2]:
        for c in (0, 1, .5):
            cases.append(("variance", [0, c, *axes], [shape], lambda x, c=c, a=axes: variance(x, c, a, 0), -2, 2))
            if two(shape, axes):
                continue
            cases.append(("std", [1, c, *axes], [shape], lambda x, c=c, a=axes: variance(x, c, a, 1).sqrt(), -2, 2))
        for c in (0, 1):
            f = lambda x, c=c, a=axes: torch.var(x, a, unbiased=bool(c), keepdim=True)
            cases.append(("variance", [1, c, *axes], [shape], f, -2, 2))
            if not two(shape, axes):
                cases.append(("std", [0, c, *axes], [shape],
                              lambda x, c=c, a=axes: torch.std(x, a, unbiased=bool(c)), -2, 2))
    return cases


def norm_cases():
    cases = []
    for shape, axes in MORE:
        for p in (1, 2, 3, 1.5, math.inf, -math.inf):
            keep = int(p in (1, 3))
            cases.append(("norm", [keep, p, *axes], [shape],
                          lambda x, p=p, a=axes, k=keep: torch.linalg.vector_norm(x, p, a, bool(k)), -2, 2))
    for p in (0, .5, 2.5, 10):
        cases.append(("norm", [0, p, 1], [(2, 4)],
                      lambda x, p=p: torch.linalg.vector_norm(x, p, [1]) if p else (x != 0).double().sum(1), -2, 2))
    tie = Given((2, 4), [1., -2., 2., 1., -3., 2., 3., 3.])
    for p in (math.inf, -math.inf):
        cases.append(("norm", [0, p, 1], [tie], lambda x, p=p: torch.linalg.vector_norm(x, p, [1]), -2, 2))
    cases.append(("norm", [0, 2, 1], [Given((3, 2), [0., 0., 3., 4., 0., 0.])],
                  lambda x: torch.stack([x[0].sum() * 0, (x[1] * x[1]).sum().sqrt(), x[2].sum() * 0]), -2, 2))
    return cases


def slope_cases():
    """Multiplied by 0 where the divisor or the base is 0."""
    quotient = lambda x, b: torch.where(b == 0, torch.zeros(()), x / torch.where(b == 0, torch.ones(()), b))
    cases = [("div_or_zero", [], [(2, 3), b], quotient, .5, 2)
             for b in ((2, 3), (3,), Given((3,), [0., 2., -1.]), Turned(2, 3))]
    for p in (-.5, .5, 2.5, 1):
        for x in (Between(.5, 2, 4), Given((4,), [0., 2., 1., .5])):
            power = lambda x, p=p: torch.where(x == 0, torch.zeros(()), torch.where(x == 0, torch.ones(()), x) ** p)
            cases.append(("pows_or_zero", [p], [x], power, .5, 2))
    return cases


def lse_cases():
    cases = []
    for shape, axes in MORE:
        for keep in (0, 1):
            cases.append(("logsumexp_axes", [keep, *axes], [shape],
                          lambda x, a=axes, k=keep: torch.logsumexp(x, a, bool(k)), -2, 2))
    return cases


def truth_cases():
    cases = []
    some = [Given((2, 4), [1., 0., 2., -3., .5, 1., 3., 2.]), Given((3, 2), [0., 0., 0., 2., 3., 1.]),
            Mask(3, 4), Labels(2, 2, 3, 2), Given((2, 2), [math.nan, 1., 0., 0.])]
    for x in some:
        for axes in ([0], [1], [0, 1]):
            f = lambda x, a=axes: (x != 0).sum(a)
            cases.append(("count_nonzero", [0, *axes], [x], lambda x, f=f: f(x), 0, 1))
            n = 1
            for a in axes:
                n *= x.dims[a]
            cases.append(("all", [0, *axes], [x], lambda x, f=f, n=n: f(x) == n, 0, 1))
            cases.append(("any", [1, *axes], [x], lambda x, a=axes: (x != 0).sum(a, True) > 0, 0, 1))
    return cases


def place_cases():
    """A tie takes the first, as torch.max along an axis does on the processor."""
    cases = []
    tie = Given((2, 4), [1., 2., 2., 1., -1., 2., 3., 3.])
    for shape, axis in ROWS + [(tie, 0), (tie, 1)]:
        for keep in (0, 1):
            for op, f in (("max", torch.max), ("min", torch.min)):
                cases.append((op + "_with_indices", [keep, axis], [shape],
                              lambda x, f=f, a=axis, k=keep: f(x, a, bool(k)).values, -2, 2))
            for op, f in (("argmax", torch.argmax), ("argmin", torch.argmin)):
                cases.append((op, [keep, axis], [shape], lambda x, f=f, a=axis, k=keep: f(x, a, bool(k)), -2, 2))
    for shapes in [((7, 3), (5, 3)), ((70, 2), (20, 2)), ((2, 3, 4), (6, 4))]:
        cases.append(("nearest", [], list(shapes), lambda x, t: torch.cdist(x, t).argmin(-1), -2, 2))
    return cases


def running_product(x, axis):
    rows = list(x.unbind(axis))
    for i in range(1, len(rows)):
        rows[i] = rows[i - 1] * rows[i]
    return torch.stack(rows, axis)


def before(x, axis, reverse):
    """The products of what lies before each element."""
    rows = list((x.flip(axis) if reverse else x).unbind(axis))
    out = [torch.ones_like(rows[0])]
    for row in rows[:-1]:
        out.append(out[-1] * row)
    y = torch.stack(out, axis)
    return y.flip(axis) if reverse else y


def recurrence(a, b, axis, reverse):
    """y_0 = 0, y_(i+1) = a_i y_i + b_i"""
    if reverse:
        return recurrence(a.flip(axis), b.flip(axis), axis, 0).flip(axis)
    out = [torch.zeros_like(a.select(axis, 0))]
    for x, c in list(zip(a.unbind(axis), b.unbind(axis)))[:-1]:
        out.append(x * out[-1] + c)
    return torch.stack(out, axis)


def running_cases():
    cases = []
    zeros = [Given((2, 5), [1., 0., 2., -3., .5, 0., 0., 2., 1.5, -1.]), Given((3, 2), [0., 1., 0., 2., 3., 0.])]
    tie = Given((2, 5), [1., 2., 2., 1., 3., 3., 2., 3., 1., 1.])
    for shape, axis in ROWS:
        cases.append(("cumsum", [axis], [shape], lambda x, a=axis: torch.cumsum(x, a), -2, 2))
        cases.append(("cumprod", [axis], [shape], lambda x, a=axis: torch.cumprod(x, a), -2, 2))
        if shape != (1,):  # there it is x: the second derivative is rounding alone
            cases.append(("logcumsumexp", [axis], [shape], lambda x, a=axis: torch.logcumsumexp(x, a), -2, 2))
        cases.append(("cummax", [axis], [shape], lambda x, a=axis: torch.cummax(x, a).values, -2, 2))
        cases.append(("cummin", [axis], [shape], lambda x, a=axis: torch.cummin(x, a).values, -2, 2))
    for x in zeros:
        for axis in (0, 1):
            cases.append(("cumprod", [axis], [x], lambda x, a=axis: running_product(x, a), -2, 2))
            for reverse in (0, 1):
                cases.append(("product_before", [axis, reverse], [x],
                              lambda x, a=axis, r=reverse: before(x, a, r), -2, 2))
    for axis in (0, 1):
        cases.append(("cummax", [axis], [tie], lambda x, a=axis: torch.cummax(x, a).values, -2, 2))
        cases.append(("cummin", [axis], [tie], lambda x, a=axis: torch.cummin(x, a).values, -2, 2))
        for reverse in (0, 1):
            for shapes in ([(2, 4), (2, 4)], [Turned(3, 2), Sliced(3, 2)]):
                cases.append(("linear_before", [axis, reverse], shapes,
                              lambda x, b, a=axis, r=reverse: recurrence(x, b, a, r), -2, 2))
    cases.append(("logcumsumexp", [0], [Given((6,), [-800., 799., 800., 801., -799., 800.5])], lambda x: torch.logcumsumexp(x, 0), -2, 2))
    return cases


def order_cases():
    cases = []
    tie = Given((2, 6), [1., 2., 2., 1., 3., 2., 3., 2., 3., 1., 1., 3.])
    nan = Given((2, 4), [2., math.nan, 1., 3., math.nan, 1., math.nan, -1.])
    for shape, axis in ROWS + [((70,), 0), (tie, 0), (tie, 1), (nan, 1)]:
        for descending in (0, 1):
            f = lambda x, a=axis, d=descending: torch.sort(x, dim=a, descending=bool(d), stable=True)
            cases.append(("sort", [axis, descending], [shape], lambda x, f=f: f(x)[0], -2, 2))
            if shape is not nan:
                cases.append(("argsort", [axis, descending], [shape], lambda x, f=f: f(x)[1], -2, 2))
    for shape, axis, n in (((5,), 0, 5), ((2, 5), 1, 5), ((4, 3), 0, 4), (Turned(4, 3), 0, 4), (Sliced(2, 4), 1, 4)):
        for k in (1, 2, n):
            for largest in (0, 1):
                cases.append(("topk", [axis, k, largest], [shape],
                              lambda x, k=k, a=axis, l=largest: torch.topk(x, k, a, bool(l), True).values, -2, 2))
    for shape, axis in ROWS + [(nan, 0), (nan, 1)]:
        for keep in (0, 1):
            cases.append(("median", [keep, axis], [shape],
                          lambda x, a=axis, k=keep: torch.median(x, a, bool(k)).values, -2, 2))
    return cases


def cases():
    """Those of one op one after another."""
    return sorted(reduction_cases() + prod_cases() + statistic_cases() + norm_cases() + slope_cases() + lse_cases()
                  + truth_cases() + place_cases() + running_cases() + order_cases(), key=lambda case: case[0])
