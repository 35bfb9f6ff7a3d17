"""Elementwise ops: (op, attributes, shapes of operands, function, low, high)."""
import math

import torch
from torch.nn import functional as F

from common import Given, Labels, Mask, Sliced, Turned

INF, NAN = math.inf, math.nan
SHAPES = [(), (7,), (2, 3), Turned(2, 3), (3, 1, 2), Turned(2, 2, 3), Sliced(2, 3), (1,)]


class Polygamma(torch.autograd.Function):
    """torch.polygamma; its trigamma, and so the derivative of its digamma, has 10 digits only, its zeta function all."""

    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        sign = 1 if n % 2 else -1
        return torch.digamma(x) if n == 0 else sign * math.factorial(n) * torch.special.zeta(torch.tensor(n + 1.), x)

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * Polygamma.apply(x, ctx.n + 1), None


class LogGamma(torch.autograd.Function):
    """torch.lgamma with that derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.lgamma(x)

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * Polygamma.apply(x, 0)


def around(*numbers):
    """Kinks: the numbers and what lies beside them."""
    every = [n + d for n in numbers for d in (-.25, 0, .25)]
    return Given((len(every),), every)


# What the infinities, the signed zeros and the tails give, where PyTorch and docs agree.
SIGNED_ZEROS = Given((4,), [-0., 0., -1., 1.])
INFINITE = Given((3,), [-INF, INF, 1.])
UPPER = Given((3,), [INF, 2., 1.])
NOT_A_NUMBER = Given((3,), [NAN, 1., -1.])
TAILS = Given((4,), [-30., 30., -12., 12.])

UNARY = [
    ("neg", torch.neg, -2, 2, [SIGNED_ZEROS, INFINITE, NOT_A_NUMBER]),
    ("reciprocal", torch.reciprocal, .5, 2, [NOT_A_NUMBER]),
    ("square", torch.square, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("sqrt", torch.sqrt, .3, 3, [NOT_A_NUMBER]),
    ("rsqrt", torch.rsqrt, .3, 3, [NOT_A_NUMBER]),
    ("cbrt", lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3), .3, 3, []),
    ("exp", torch.exp, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("exp2", torch.exp2, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("expm1", torch.expm1, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER, Given((3,), [1e-9, -1e-9, 1e-5])]),
    ("log", torch.log, .3, 3, [NOT_A_NUMBER]),
    ("log2", torch.log2, .3, 3, [NOT_A_NUMBER]),
    ("log10", torch.log10, .3, 3, [NOT_A_NUMBER]),
    ("log1p", torch.log1p, -.7, 2, [Given((4,), [0., -0., 1., -.5]), Given((3,), [1e-9, -1e-9, 1e-5])]),
    ("sin", torch.sin, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER, TAILS]),
    ("cos", torch.cos, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER, TAILS]),
    ("tan", torch.tan, -1.2, 1.2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("asin", torch.asin, -.9, .9, [Given((3,), [0., -0., .5])]),
    ("acos", torch.acos, -.9, .9, [Given((3,), [0., -0., .5])]),
    ("atan", torch.atan, -2, 2, [SIGNED_ZEROS, TAILS]),
    ("sinh", torch.sinh, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("cosh", torch.cosh, -2, 2, [SIGNED_ZEROS, NOT_A_NUMBER]),
    ("tanh", torch.tanh, -2, 2, [SIGNED_ZEROS, TAILS, NOT_A_NUMBER]),
    ("asinh", torch.asinh, -2, 2, [SIGNED_ZEROS, TAILS]),
    ("acosh", torch.acosh, 1.3, 3, []),
    ("atanh", torch.atanh, -.9, .9, [Given((3,), [0., -0., .5])]),
    ("erf", torch.erf, -2, 2, [SIGNED_ZEROS, TAILS]),
    ("erfc", torch.erfc, -2, 2, [SIGNED_ZEROS, TAILS]),
    ("erfinv", torch.erfinv, -.9, .9, [Given((4,), [0., -0., .99, -.999])]),
    ("lgamma", LogGamma.apply, .3, 4, [Given((3,), [1., 2., 30.])]),
    ("digamma", lambda x: Polygamma.apply(x, 0), .3, 4, [Given((4,), [1., 2., 30., 10.])]),
    ("sigmoid", torch.sigmoid, -3, 3, [SIGNED_ZEROS, TAILS]),
    ("logsigmoid", F.logsigmoid, -3, 3, [SIGNED_ZEROS, TAILS]),
    ("softplus", lambda x: torch.logaddexp(x, torch.zeros_like(x)), -3, 3, [SIGNED_ZEROS, TAILS]),
    ("softsign", F.softsign, -2, 2, [TAILS]),
    ("relu", torch.relu, -2, 2, [SIGNED_ZEROS, INFINITE]),
    ("relu6", F.relu6, -2, 8, [around(0, 6), INFINITE]),
    ("selu", F.selu, -2, 2, [TAILS]),
    ("gelu", F.gelu, -3, 3, [SIGNED_ZEROS, Given((4,), [-8., 8., -5., 5.])]),
    ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), -3, 3, [SIGNED_ZEROS, Given((4,), [-4., 4., -3.5, 3.5])]),
    ("silu", F.silu, -3, 3, [SIGNED_ZEROS, TAILS]),
    ("mish", lambda x: x * torch.tanh(torch.logaddexp(x, torch.zeros_like(x))), -3, 3, [SIGNED_ZEROS, TAILS]),
    ("hardsigmoid", lambda x: F.relu6(x + 3) / 6, -4, 4, [around(-3, 0, 3), INFINITE]),
    ("hardswish", F.hardswish, -4, 4, [around(0, 1), Given((2,), [-4., 5.])]),
    ("abs", torch.abs, -2, 2, [SIGNED_ZEROS, INFINITE]),
    ("sign", torch.sign, -2, 2, [SIGNED_ZEROS, INFINITE]),
    ("step", lambda x: (x > 0).double(), -2, 2, [SIGNED_ZEROS, INFINITE]),
    ("floor", torch.floor, -4, 4, [around(-1, 0, 2), INFINITE, NOT_A_NUMBER]),
    ("ceil", torch.ceil, -4, 4, [around(-1, 0, 2), INFINITE, NOT_A_NUMBER]),
    ("round", torch.round, -4, 4, [around(-1.5, -.5, .5, 1.5, 2.5), INFINITE, NOT_A_NUMBER]),
    ("trunc", torch.trunc, -4, 4, [around(-1, 0, 2), INFINITE, NOT_A_NUMBER]),
    ("frac", torch.frac, -4, 4, [around(-1, 0, 2), NOT_A_NUMBER]),
    ("log_or_zero", torch.log, .3, 3, []),
    ("reciprocal_or_zero", torch.reciprocal, .5, 2, []),
]


def unary_cases():
    return [(op, [0], [s], f, low, high) for op, f, low, high, edges in UNARY for s in SHAPES + edges]


def number_cases():
    rows = []
    for c in (1.5, -.75):
        rows += [("adds", [c], lambda x, c=c: x + c, -2, 2), ("muls", [c], lambda x, c=c: x * c, -2, 2),
                 ("rsubs", [c], lambda x, c=c: c - x, -2, 2), ("rdivs", [c], lambda x, c=c: c / x, .5, 2),
                 ("pows", [2 + c], lambda x, c=c: x ** (2 + c), .5, 2)]
    rows += [("pows", [c], lambda x, c=c: x ** c, .5, 2) for c in (0., 1., 2., -1., -2.)]
    rows += [("pows", [c], lambda x, c=c: x ** c, -2, -.5) for c in (2., 3., -1.)]
    rows += [("polygamma", [n], lambda x, n=n: Polygamma.apply(x, n), .6, 4) for n in (0, 1, 2, 5)]
    for c in (.125, .01):
        rows += [("leaky_relu", [c], lambda x, c=c: F.leaky_relu(x, c), -2, 2)]
    for c in (.5, 1.5):
        rows += [("elu", [c], lambda x, c=c: F.elu(x, c), -2, 2), ("celu", [c], lambda x, c=c: F.celu(x, c), -2, 2)]
    for low, high in ((-.75, 1.25), (-INF, 1.), (.5, INF), (1., -1.)):
        rows += [("clamp", [low, high], lambda x, a=low, b=high: torch.clamp(x, a, b), -2, 2)]
        rows += [("inside", [low, high], lambda x, a=low, b=high: ((x >= a) & (x <= b)).double(), -2, 2)]
        rows += [("between", [low, high], lambda x, a=low, b=high: ((x > a) & (x < b)).double(), -2, 2)]
        if low < high:
            rows += [("hardtanh", [low, high], lambda x, a=low, b=high: F.hardtanh(x, a, b), -2, 2)]
    rows += [("nan_to_num", [.5, 2, -3], lambda x: torch.nan_to_num(x, .5, 2, -3), -2, 2)]
    cases = [(op, c, [s], f, low, high) for op, c, f, low, high in rows for s in ((), (2, 3), Turned(2, 3), Sliced(2, 2))]
    for op, c, f, low, high in rows:
        if op in ("clamp", "hardtanh", "inside", "between"):
            cases.append((op, c, [around(*[b for b in c if abs(b) < INF])], f, low, high))
        if op in ("leaky_relu", "adds", "muls"):
            cases.append((op, c, [SIGNED_ZEROS], f, low, high))
        if op in ("elu", "celu"):
            cases.append((op, c, [TAILS], f, low, high))
        if op == "nan_to_num":
            cases.append((op, c, [Given((4,), [NAN, INF, -INF, 1.])], f, low, high))
    return cases


BINARY = [
    ("add", torch.add, -2, 2), ("sub", torch.sub, -2, 2), ("mul", torch.mul, -2, 2), ("div", torch.div, .5, 2),
    ("maximum", torch.maximum, -2, 2), ("minimum", torch.minimum, -2, 2), ("pow", torch.pow, .5, 2),
    ("atan2", torch.atan2, -2, 2), ("hypot", torch.hypot, -2, 2), ("fmod", torch.fmod, -4, 4),
    ("remainder", torch.remainder, -4, 4), ("copysign", torch.copysign, -2, 2), ("xlogy", torch.xlogy, .3, 2),
    ("logaddexp", torch.logaddexp, -2, 2), ("difference", torch.sub, -2, 2),
    ("same", lambda x, b: (x == b).double(), -2, 2), ("mul_masked", torch.mul, -2, 2)]
PAIRS = [[(), ()], [(5,), (5,)], [(2, 3), (3,)], [(3,), (2, 3)], [(2, 1), (1, 3)], [(2, 3), ()], [(), (2, 3)],
         [Turned(2, 3), (2, 3)], [(2, 3), Turned(2, 3)], [Turned(2, 3), (2, 1)], [(1, 4, 1), (3, 1, 2)],
         [Sliced(2, 3), Turned(2, 3)]]


def binary_cases():
    cases = [(op, [0], pair, f, low, high) for op, f, low, high in BINARY for pair in PAIRS]
    functions = {op: f for op, f, _, _ in BINARY}

    def given(op, x, b):
        cases.append((op, [0], [Given((len(x),), x), Given((len(b),), b)], functions[op], 0, 1))
    for op in ("maximum", "minimum", "same"):
        given(op, [1., 2., -1., .5], [1., 1., -1., 2.])
        given(op, [INF, -INF, 1., 2.], [1., 1., -INF, INF])
    for op in ("fmod", "remainder"):
        given(op, [7., -7., 7., -7., 6., -6.], [3., 3., -3., -3., 3., 3.])
        given(op, [.5, -.5, 5.5, 0.], [2., 2., -2., 2.])
    given("pow", [-2., -2., -1.5], [2., 3., -2.])
    given("pow", [2., 1., 3., 4.], [2., 5., 1., -.5])
    given("copysign", [1., -2., 2., 3., -4.], [-1., 1., -3., 0., -0.])
    given("xlogy", [0., 0., 2., -1.], [2., 3., 3., 4.])
    given("logaddexp", [50., -40., 0., 3.], [-3., 1., -50., 3.])
    given("atan2", [0., 0., 1., -1.], [1., -1., 0., 0.])
    given("hypot", [3., 0., -5.], [4., 2., 0.])
    given("hypot", [1e200, 3e200], [1e200, -4e200])
    return cases


def clamp_tensors(x, low, high):
    """As torch.clamp, whose own second derivative by the bounds is not there, nor a first where low = high."""
    inside = (x >= low) & (x <= high)
    zero = torch.zeros(())
    value = torch.where(inside, x, zero) + torch.where((x < low) & (low <= high), low, zero)
    value = value + torch.where((x > high) | (high < low), high, zero)
    assert torch.equal(value.detach(), torch.clamp(x, low, high).detach())
    return value


def chosen(condition, x, b):
    return torch.where(condition if condition.dtype == torch.bool else condition != 0, x, b)


TRIPLES = [[(), (), ()], [(5,), (5,), (5,)], [(2, 3), (3,), (2, 1)], [(3,), (2, 3), (1,)],
           [(1, 2, 1), (3, 1, 1), (1, 1, 2)], [(), (2, 3), ()], [(2, 3), (), (3,)], [(), (), (2, 3)],
           [(2, 3), Turned(2, 3), Sliced(2, 3)], [Turned(2, 3), (2, 3), (2, 1)], [Sliced(2, 3), (1, 3), Turned(2, 3)]]


def ternary_cases():
    cases = []
    for op, f in (("where", chosen), ("fma", lambda x, b, c: x * b + c),
                  ("lerp", lambda x, b, w: x + w * (b - x)), ("clamp_tensors", clamp_tensors)):
        cases += [(op, [0], triple, f, -2, 2) for triple in TRIPLES]
    for mask in (Mask(2, 3), Mask(3), Mask(2, 1), Mask(4, 2, 3), Labels(3, 2, 3)):
        for x, b in (((2, 3), (2, 3)), (Turned(2, 3), (3,)), ((), (2, 3)), ((2, 1), Sliced(2, 3))):
            cases.append(("where", [0], [mask, x, b], chosen, -2, 2))
    cases.append(("where", [0], [Given((5,), [0., -0., 1., NAN, -INF]), (5,), (5,)], chosen, -2, 2))
    bounds = [Given((6,), [-1., -1., 0., 1., 1., 2.]), Given((6,), [-1., 0., 0., 1., 2., 1.]),
              Given((6,), [1., 1., 0., 1., 1., -1.])]
    cases.append(("clamp_tensors", [0], bounds, clamp_tensors, -2, 2))
    return cases


def compare_cases():
    cases = []
    given = [Given((7,), [1., 2., -1., 0., INF, -INF, NAN], grad=False),
             Given((7,), [1., 1., 2., -0., INF, INF, NAN], grad=False)]
    integers = [Labels(3, 2, 3), Labels(3, 3)]
    masks = [Mask(2, 3), Mask(2, 1)]
    for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or",
                 "logical_xor"):
        f = {"equal": torch.eq}.get(name, getattr(torch, name))
        cases += [(name, [0], pair, f, -2, 2) for pair in [*PAIRS, given, integers, masks]]
    for name in ("logical_not", "isnan", "isinf", "isfinite"):
        shapes = [*SHAPES[1:], given[0], integers[0], masks[0]]
        cases += [(name, [0], [s], getattr(torch, name), -2, 2) for s in shapes]
    return cases


def cases():
    return unary_cases() + number_cases() + binary_cases() + ternary_cases() + compare_cases()
