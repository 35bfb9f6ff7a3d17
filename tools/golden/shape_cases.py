"""Ops that move elements: (op, attributes, shapes of operands, function, low, high)."""
import torch

import shape_arrange
import shape_pick
from common import Labels, Turned


def shape_cases():
    cases = [("reshape", to, [s], lambda x, to=to: x.reshape(to), -2, 2) for s, to in
             [((2, 3), [3, 2]), ((2, 3), [6]), ((2, 3, 2), [2, -1]), (Turned(2, 3), [6]), (Turned(2, 3), [3, 2]),
              ((), [1, 1]), ((1, 1), [])]]
    cases += [("permute", to, [s], lambda x, to=to: x.permute(to), -2, 2) for s, to in
              [((2, 3), [1, 0]), ((2, 3, 4), [1, 2, 0]), ((2, 3, 4), [2, 0, 1]), (Turned(2, 3), [1, 0])]]
    cases += [("slice", [axis, start, stop, step], [s],
               lambda x, a=axis, b=start, e=stop, c=step: x[(slice(None),) * a + (slice(b, e, c),)], -2, 2)
              for s, axis, start, stop, step in
              [((6,), 0, 1, 5, 2), ((6,), 0, 0, 6, 5), ((3, 4), 0, 1, 3, 1), ((3, 4), 1, 0, 4, 2),
               (Turned(3, 4), 1, 1, 4, 2), (Turned(3, 4), 0, 0, 2, 1), ((2, 3, 4), 1, 1, 2, 1)]]
    cases += [("concat", [axis], shapes, lambda *x, a=axis: torch.cat(x, a), -2, 2) for axis, shapes in
              [(0, [(2, 3), (1, 3)]), (1, [(2, 1), (2, 3), (2, 2)]), (0, [(2,), (3,)]),
               (1, [Turned(2, 3), (2, 2)]), (1, [(2, 2, 2), (2, 1, 2)])]]
    cases += [("stack", [axis], shapes, lambda *x, a=axis: torch.stack(x, a), -2, 2) for axis, shapes in
              [(0, [(), (), ()]), (0, [(2, 3), (2, 3)]), (1, [(2, 3), Turned(2, 3)]), (2, [(2, 3), (2, 3)])]]
    cases += [("index", at, [s], lambda x, at=at: x[tuple(at)], -2, 2) for s, at in
              [((5,), [3]), ((2, 3), [1, 1]), ((2, 3, 4), [1, 0, 3]), (Turned(2, 3), [0, 2])]]
    cases += [("expand", to, [s], lambda x, to=to: x.expand(to), -2, 2) for s, to in
              [((3,), [2, 3]), ((2, 1), [2, 3]), ((), [2, 2]), (Turned(1, 3), [2, 2, 3])]]
    cases += [("detach", [], [s], torch.detach, -2, 2) for s in ((), (2, 3), Turned(2, 3))]
    cases += [("one_hot", [4], [Labels(4, *d)], lambda x: torch.nn.functional.one_hot(x, 4).double(), 0, 1)
              for d in ((), (3,), (2, 3))]
    return cases


def cases():
    return shape_cases() + shape_pick.cases() + shape_arrange.cases()
