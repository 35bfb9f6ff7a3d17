"""Layers of networks: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Given, Turned


SHAPES = [((5,), 0), ((1,), 0), ((2, 3), 1), ((2, 3), 0), ((2, 3, 2), 1), (Turned(2, 3), 1), (Turned(2, 3), 0),
          (Given((2, 3), [1000., 999., -1000., 1e4, 1e4, 9999.]), 1)]
COLUMNS = [((2, 3, 9), 1), ((3, 2, 5), 0), (Turned(3, 8), 0), ((2, 2, 2, 4), 1)]


def softmax_cases(shapes):
    cases = []
    for shape, axis in shapes:
        cases += [("softmax", [axis], [shape], lambda x, a=axis: torch.softmax(x, a), -3, 3),
                  ("log_softmax", [axis], [shape], lambda x, a=axis: torch.log_softmax(x, a), -3, 3),
                  ("logsumexp", [0, axis], [shape], lambda x, a=axis: torch.logsumexp(x, a), -3, 3),
                  ("logsumexp", [1, axis], [shape], lambda x, a=axis: torch.logsumexp(x, a, True), -3, 3)]
    return cases


LAYERS = [[(2, 3), (4, 3)], [(3,), (4, 3)], [(2, 2, 3), (4, 3)], [(1, 1), (1, 1)], [Turned(2, 3), (4, 3)],
          [(2, 3), Turned(4, 3)], [Turned(2, 2, 3), Turned(4, 3)], [(7, 5), (6, 5)]]


def width_of(weight):
    return (weight.dims if isinstance(weight, Turned) else weight)[0]


def linear_cases():
    cases = []
    for x, w in LAYERS:
        cases += [("linear", [], [x, w], torch.nn.functional.linear, -2, 2),
                  ("linear", [], [x, w, (width_of(w),)], torch.nn.functional.linear, -2, 2)]
    return cases


def activated_cases():
    cases = []
    for x, w in LAYERS:
        for number, activation in enumerate((torch.relu, torch.sigmoid, torch.tanh, torch.nn.functional.gelu)):
            def activated(x, w, b=None, activation=activation):
                return activation(torch.nn.functional.linear(x, w, b))
            cases += [("linear_activated", [number], [x, w], activated, -2, 2),
                      ("linear_activated", [number], [x, w, (width_of(w),)], activated, -2, 2)]
    return cases


def cases():
    return softmax_cases(SHAPES) + linear_cases() + softmax_cases(COLUMNS) + activated_cases()
