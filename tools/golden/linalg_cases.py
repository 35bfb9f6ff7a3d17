"""Products and linear algebra: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Turned


def product_cases():
    pairs = [[(2, 3), (3, 4)], [(1, 1), (1, 1)], [(3,), (3,)], [(3,), (3, 2)], [(2, 3), (3,)], [(2, 2, 3), (3,)],
             [(3,), (2, 3, 2)], [(2, 2, 3), (2, 3, 2)], [(2, 2, 3), (3, 2)], [(2, 3), (2, 3, 2)],
             [(1, 2, 3), (2, 3, 2)], [(2, 1, 2, 3), (3, 3, 2)], [Turned(2, 3), (3, 4)], [(2, 3), Turned(3, 4)],
             [Turned(2, 3), Turned(3, 4)], [Turned(2, 2, 3), (2, 3, 2)], [(6, 9), (9, 7)]]
    return [("matmul", [], pair, torch.matmul, -2, 2) for pair in pairs]


def cases():
    return product_cases()
