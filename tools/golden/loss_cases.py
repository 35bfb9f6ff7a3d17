"""Losses: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Given, Labels, Turned


def loss_cases():
    cases = []
    for number, how in enumerate(("none", "sum", "mean")):
        for pair in [[(), ()], [(5,), (5,)], [(2, 3), (2, 3)], [Turned(2, 3), (2, 3)]]:
            cases.append(("mse", [number], pair,
                          lambda x, t, how=how: torch.nn.functional.mse_loss(x, t, reduction=how), -2, 2))
        for x, labels in [((3,), Labels(3)), ((4, 3), Labels(3, 4)), ((2, 1), Labels(1, 2)), (Turned(4, 3), Labels(3, 4)),
                          (Given((2, 3), [1000., 999., -1000., 1e4, 1e4, 9999.]), Labels(3, 2))]:
            cases.append(("cross_entropy", [number], [x, labels],
                          lambda x, t, how=how: torch.nn.functional.cross_entropy(x, t, reduction=how), -3, 3))
        cases.append(("cross_entropy", [number], [(2, 2, 3), Labels(3, 2, 2)],
                      lambda x, t, how=how: torch.nn.functional.cross_entropy(x.movedim(-1, 1), t, reduction=how), -3, 3))
    return cases


def cases():
    return loss_cases()
