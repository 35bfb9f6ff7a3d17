"""Reductions: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Given, Turned


AXES = [((5,), [0]), ((2, 3), [0]), ((2, 3), [1]), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2]), ((2, 3, 4), [0, 1, 2]),
        (Turned(2, 3), [0]), (Turned(2, 3), [1]), (Turned(2, 2, 3), [0, 1])]


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
    for shape, axes in AXES:
        if len(axes) == 1:
            for keep in (0, 1):
                cases.append(("max_with_indices", [keep, *axes], [shape],
                              lambda x, a=axes, k=keep: torch.max(x, a[0], bool(k)).values, -2, 2))
    return cases


def cases():
    return reduction_cases()
