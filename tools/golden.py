#!/usr/bin/env python3
"""Writes tests/golden/ops.txt: values, gradients and Hessian-vector products of every op, computed by PyTorch in f64.

    python3 tools/golden.py [file]

The file is text: numbers as hexadecimal floats, so that they are exact, and at the end an FNV-1a hash of all bytes before
that line. A case is
    case <op> <n> <attributes>          rows have their plain number there, other ops their axes and the like
    in <kind> <layout> <rank> <dims> <numbers>   an operand; kind g: a gradient arrives, c: integer constants;
                                                 layout d: dense, t: first and last axis swapped in memory
    up <rank> <dims> <numbers>          the upstream gradient
    out <rank> <dims> <numbers>         the value
    grad <numbers>                      for each g operand: <up, d out / d operand>
    dir <numbers>                       for each g operand: a direction
    hvp <numbers>                       for each g operand, then for up: the derivative of the sum of <dir, grad>
The same PyTorch on the same machine writes the same bytes; the seeds are the cases' own numbers.
"""
import random
import sys

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


class Case:
    """Operands drawn by a generator that is seeded with the case's number."""

    def __init__(self, number, op, attributes, shapes, function, low, high):
        self.rng = random.Random(20260 + number)
        self.op, self.attributes, self.function = op, attributes, function
        self.layouts, self.operands = [], []
        for place, shape in enumerate(shapes):
            self.add(place, shape, low, high)

    def add(self, place, shape, low, high):
        if isinstance(shape, Labels):
            labels = [self.rng.randrange(shape.classes) for _ in range(count(shape.dims))]
            self.layouts.append("d")
            self.operands.append(torch.tensor(labels, dtype=torch.int64).reshape(shape.dims))
            return
        dims = shape.dims if isinstance(shape, (Turned, Given)) else shape
        numbers = shape.numbers if isinstance(shape, Given) else self.draw(count(dims), low, high, 1 + 2 * (place % 2))
        self.layouts.append("t" if isinstance(shape, Turned) else "d")
        self.operands.append(torch.tensor(numbers).reshape(dims).requires_grad_())

    def draw(self, n, low, high, offset):
        """n different multiples of 1/256, never 0, none shared by two neighbouring operands."""
        first, last = int(low * 64), int(high * 64) - 1
        return [(4 * k + offset) / 256 for k in self.rng.sample(range(first, last), n)]


class Turned:
    def __init__(self, *dims):
        self.dims = dims


class Given:
    def __init__(self, dims, numbers):
        self.dims, self.numbers = dims, numbers


class Labels:
    def __init__(self, classes, *dims):
        self.classes, self.dims = classes, dims


def count(dims):
    n = 1
    for d in dims:
        n *= d
    return n


# ---- writing -------------------------------------------------------------------------------------------------------


def text_of(number):
    number = float(number)
    if number == 0:
        return "0"
    if number == int(number) and abs(number) < 1e6:
        return str(int(number))
    mantissa, exponent = number.hex().split("p")
    return mantissa.rstrip("0").rstrip(".") + "p" + exponent


def line(word, *parts):
    words = [word]
    for part in parts:
        if torch.is_tensor(part):
            words += [text_of(v) for v in part.detach().reshape(-1).tolist()]
        else:
            words += [str(v) for v in part]
    return " ".join(words) + "\n"


def shape_of(tensor):
    return [tensor.dim(), *tensor.shape]


def or_zeros(gradients, like):
    return [torch.zeros_like(x) if g is None else torch.zeros_like(x) + g for g, x in zip(gradients, like)]


def write_case(case):
    lines = [line("case", [case.op, len(case.attributes)], [text_of(a) for a in case.attributes])]
    for x, layout in zip(case.operands, case.layouts):
        lines.append(line("in", ["g" if x.requires_grad else "c", layout], shape_of(x), x))
    inputs = [x for x in case.operands if x.requires_grad]
    out = case.function(*case.operands)
    up = torch.tensor(case.draw(out.numel(), -2, 2, 1)).reshape(out.shape).requires_grad_()
    lines += [line("up", shape_of(up), up), line("out", shape_of(out), out)]
    gradients = [None] * len(inputs)
    if out.requires_grad:
        gradients = torch.autograd.grad(out, inputs, up, create_graph=True, allow_unused=True)
    gradients = or_zeros(gradients, inputs)
    directions = [torch.tensor(case.draw(x.numel(), -2, 2, 3)).reshape(x.shape) for x in inputs]
    total = sum(((g * d).sum() for g, d in zip(gradients, directions)), torch.zeros(()))
    second = [None] * (len(inputs) + 1)
    if total.requires_grad:
        second = torch.autograd.grad(total, [*inputs, up], allow_unused=True)
    for word, tensors in (("grad", gradients), ("dir", directions), ("hvp", or_zeros(second, [*inputs, up]))):
        lines += [line(word, t) for t in tensors]
    return "".join(lines)


# ---- the cases: (op, attributes, shapes of operands, function, low, high) ------------------------------------------


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


def softmax_cases():
    shapes = [((5,), 0), ((1,), 0), ((2, 3), 1), ((2, 3), 0), ((2, 3, 2), 1), (Turned(2, 3), 1), (Turned(2, 3), 0),
              (Given((2, 3), [1000., 999., -1000., 1e4, 1e4, 9999.]), 1)]
    cases = []
    for shape, axis in shapes:
        cases += [("softmax", [axis], [shape], lambda x, a=axis: torch.softmax(x, a), -3, 3),
                  ("log_softmax", [axis], [shape], lambda x, a=axis: torch.log_softmax(x, a), -3, 3),
                  ("logsumexp", [0, axis], [shape], lambda x, a=axis: torch.logsumexp(x, a), -3, 3),
                  ("logsumexp", [1, axis], [shape], lambda x, a=axis: torch.logsumexp(x, a, True), -3, 3)]
    return cases


def product_cases():
    pairs = [[(2, 3), (3, 4)], [(1, 1), (1, 1)], [(3,), (3,)], [(3,), (3, 2)], [(2, 3), (3,)], [(2, 2, 3), (3,)],
             [(3,), (2, 3, 2)], [(2, 2, 3), (2, 3, 2)], [(2, 2, 3), (3, 2)], [(2, 3), (2, 3, 2)],
             [(1, 2, 3), (2, 3, 2)], [(2, 1, 2, 3), (3, 3, 2)], [Turned(2, 3), (3, 4)], [(2, 3), Turned(3, 4)],
             [Turned(2, 3), Turned(3, 4)], [Turned(2, 2, 3), (2, 3, 2)], [(6, 9), (9, 7)]]
    cases = [("matmul", [], pair, torch.matmul, -2, 2) for pair in pairs]
    layers = [[(2, 3), (4, 3)], [(3,), (4, 3)], [(2, 2, 3), (4, 3)], [(1, 1), (1, 1)], [Turned(2, 3), (4, 3)],
              [(2, 3), Turned(4, 3)], [Turned(2, 2, 3), Turned(4, 3)], [(7, 5), (6, 5)]]
    for x, w in layers:
        out = (w.dims if isinstance(w, Turned) else w)[0]
        cases += [("linear", [], [x, w], torch.nn.functional.linear, -2, 2),
                  ("linear", [], [x, w, (out,)], torch.nn.functional.linear, -2, 2)]
    return cases


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


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/ops.txt"
    makers = [unary_cases, number_cases, binary_cases, reduction_cases, softmax_cases, product_cases, shape_cases,
              loss_cases]
    cases = [case for make in makers for case in make()]
    text = "tapir golden 1 %d\n" % len(cases)
    text += "".join(write_case(Case(number, *case)) for number, case in enumerate(cases))
    data = text.encode("ascii")
    with open(path, "wb") as file:
        file.write(data + b"fnv1a %016x\n" % fnv1a(data))
    print("%s: %d cases, %d bytes" % (path, len(cases), len(data)))


main()
