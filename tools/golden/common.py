"""Cases drawn by PyTorch in f64, and how they are written. See __main__.py for the format."""
import math
import random

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


class Turned:
    """An operand whose first and last axis are swapped in memory."""

    def __init__(self, *dims):
        self.dims = dims


class Sliced:
    """An operand that is every second element, along its last axis, of a wider tensor."""

    def __init__(self, *dims):
        self.dims = dims


class Given:
    """An operand with these numbers; a constant float one with grad=False."""

    def __init__(self, dims, numbers, grad=True):
        self.dims, self.numbers, self.grad = dims, numbers, grad


class Constant:
    """Float numbers that get no gradient."""

    def __init__(self, *dims):
        self.dims = dims


class Between:
    """An operand with a range of its own."""

    def __init__(self, low, high, *dims):
        self.low, self.high, self.dims = low, high, dims


class Labels:
    """Integers 0 .. classes-1, i64, drawn or given."""

    def __init__(self, classes, *dims, numbers=None):
        self.classes, self.dims, self.numbers = classes, dims, numbers


class Mask:
    """0 and 1, u8 (torch.bool), drawn or given."""

    def __init__(self, *dims, numbers=None):
        self.dims, self.numbers = dims, numbers


def count(dims):
    n = 1
    for d in dims:
        n *= d
    return n


class Case:
    """Operands drawn by a generator that is seeded with the family's name and the case's number."""

    def __init__(self, family, number, op, attributes, shapes, function, low=-2, high=2):
        self.rng = random.Random("%s %d" % (family, number))
        self.op, self.attributes, self.function = op, attributes, function
        self.kinds, self.layouts, self.operands = [], [], []
        for place, shape in enumerate(shapes):
            self.add(place, shape, low, high)

    def add(self, place, shape, low, high):
        if isinstance(shape, (Labels, Mask)):
            return self.add_integers(shape)
        dims = shape if isinstance(shape, tuple) else shape.dims
        low, high = getattr(shape, "low", low), getattr(shape, "high", high)
        numbers = shape.numbers if isinstance(shape, Given) else self.draw(count(dims), low, high, 1 + 2 * (place % 2))
        grad = not isinstance(shape, Constant) and getattr(shape, "grad", True)
        self.kinds.append("g" if grad else "k")
        self.layouts.append("t" if isinstance(shape, Turned) else "s" if isinstance(shape, Sliced) else "d")
        self.operands.append(torch.tensor(numbers, dtype=torch.float64).reshape(dims).requires_grad_(grad))

    def add_integers(self, shape):
        mask = isinstance(shape, Mask)
        numbers = shape.numbers
        if numbers is None:
            numbers = [self.rng.randrange(2 if mask else shape.classes) for _ in range(count(shape.dims))]
        self.kinds.append("m" if mask else "c")
        self.layouts.append("d")
        self.operands.append(torch.tensor(numbers, dtype=torch.bool if mask else torch.int64).reshape(shape.dims))

    def draw(self, n, low, high, offset):
        """n multiples of 1/256, never 0, none shared by two neighbouring operands; all different while there are enough."""
        cells = range(int(low * 64), int(high * 64) - 1)
        chosen = self.rng.sample(cells, n) if n <= len(cells) else self.rng.choices(cells, k=n)
        return [(4 * k + offset) / 256 for k in chosen]


# ---- writing -------------------------------------------------------------------------------------------------------


def text_of(number):
    number = float(number)
    if not math.isfinite(number):
        return repr(number)
    if number == 0:
        return "0"
    if not math.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < 1e6:
        return str(int(number))
    mantissa, exponent = number.hex().split("p")
    return mantissa.rstrip("0").rstrip(".") + "p" + exponent


def operand_text(number):
    """An operand's zero keeps its sign."""
    return "-0" if number == 0 and math.copysign(1, number) < 0 else text_of(number)


def line(word, *parts):
    words = [word]
    for part in parts:
        if torch.is_tensor(part):
            words += [(operand_text if word == "in" else text_of)(v) for v in part.detach().reshape(-1).tolist()]
        else:
            words += [str(v) for v in part]
    return " ".join(words) + "\n"


def shape_of(tensor):
    return [tensor.dim(), *tensor.shape]


def or_zeros(gradients, like):
    return [torch.zeros_like(x) if g is None else torch.zeros_like(x) + g for g, x in zip(gradients, like)]


def write_case(case):
    lines = [line("case", [case.op, len(case.attributes)], [text_of(a) for a in case.attributes])]
    for x, kind, layout in zip(case.operands, case.kinds, case.layouts):
        lines.append(line("in", [kind, layout], shape_of(x), x))
    inputs = [x for x in case.operands if x.requires_grad]
    out = case.function(*case.operands)
    out = out if out.dtype == torch.float64 else out.double()
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
