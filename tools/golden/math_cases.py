"""Elementwise ops: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Given, Turned


def unary_cases():
    functions = [
        ("neg", torch.neg, -2, 2), ("reciprocal", torch.reciprocal, .5, 2), ("exp", torch.exp, -2, 2),
        ("log", torch.log, .3, 3), ("tanh", torch.tanh, -2, 2), ("sigmoid", torch.sigmoid, -3, 3),
        ("relu", torch.relu, -2, 2), ("square", torch.square, -2, 2), ("sqrt", torch.sqrt, .3, 3),
        ("abs", torch.abs, -2, 2), ("step", lambda x: (x > 0).double(), -2, 2), ("sign", torch.sign, -2, 2),
        ("log_or_zero", torch.log, .3, 3), ("reciprocal_or_zero", torch.reciprocal, .5, 2)]
    shapes = [(), (7,), (2, 3), Turned(2, 3), (3, 1, 2), Turned(2, 2, 3)]
    return [(op, [0], [s], f, low, high) for op, f, low, high in functions for s in shapes]


def number_cases():
    rows = []
    for c in (1.5, -.75):
        rows += [("adds", c, lambda x, c=c: x + c, -2, 2), ("muls", c, lambda x, c=c: x * c, -2, 2),
                 ("rsubs", c, lambda x, c=c: c - x, -2, 2), ("rdivs", c, lambda x, c=c: c / x, .5, 2),
                 ("pows", 2 + c, lambda x, c=c: x ** (2 + c), .5, 2)]
    rows += [("pows", c, lambda x, c=c: x ** c, .5, 2) for c in (0., 1., 2., -1., -2.)]
    rows += [("leaky_relu", c, lambda x, c=c: torch.nn.functional.leaky_relu(x, c), -2, 2) for c in (.125, .01)]
    return [(op, [c], [s], f, low, high) for op, c, f, low, high in rows for s in ((), (2, 3), Turned(2, 3))]


def binary_cases():
    functions = [
        ("add", torch.add, -2, 2), ("sub", torch.sub, -2, 2), ("mul", torch.mul, -2, 2), ("div", torch.div, .5, 2),
        ("maximum", torch.maximum, -2, 2), ("minimum", torch.minimum, -2, 2), ("pow", torch.pow, .5, 2),
        ("same", lambda x, b: (x == b).double(), -2, 2), ("mul_masked", torch.mul, -2, 2)]
    pairs = [[(), ()], [(5,), (5,)], [(2, 3), (3,)], [(3,), (2, 3)], [(2, 1), (1, 3)], [(2, 3), ()], [(), (2, 3)],
             [Turned(2, 3), (2, 3)], [(2, 3), Turned(2, 3)], [Turned(2, 3), (2, 1)], [(1, 4, 1), (3, 1, 2)]]
    cases = [(op, [0], pair, f, low, high) for op, f, low, high in functions for pair in pairs]
    tie, other = Given((4,), [1., 2., -1., .5]), Given((4,), [1., 1., -1., 2.])
    return cases + [(op, [0], [tie, other], f, 0, 1) for op, f, low, high in functions if op in ("maximum", "minimum")]


def cases():
    return unary_cases() + number_cases() + binary_cases()
