"""Losses: (op, attributes, shapes of operands, function, low, high)."""
import math

import torch
from torch.nn import functional as F

from common import Between, Constant, Given, Labels, Sliced, Turned

HOWS = ("none", "sum", "mean")


def reduced(each, how):
    return each if how == "none" else each.sum() if how == "sum" else each.mean()


def in_range(layout, low, high):
    """The operand of this layout drawn from low .. high; layouts of common.py draw from the range of their case."""
    if isinstance(layout, tuple):
        return Between(low, high, *layout)
    layout.low, layout.high = low, high
    return layout


# ---- element by element --------------------------------------------------------------------------------------------


def softplus(z):
    return -F.logsigmoid(-z)


def bce(x, t):
    """The second derivative of PyTorch's own has an epsilon in it."""
    return -(t * torch.log(x) + (1 - t) * torch.log(1 - x))


def hinge(x, t):
    return torch.relu(1 - t * x)


def soft_hinge(x, t, epsilon, margin):
    return epsilon * softplus((margin - t * x) / epsilon)


def focal(x, t, gamma, alpha):
    """As torchvision.ops.sigmoid_focal_loss."""
    loss = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    share = torch.sigmoid(x)
    loss = loss * (1 - (share * t + (1 - share) * (1 - t))) ** gamma
    return loss if alpha < 0 else loss * (alpha * t + (1 - alpha) * (1 - t))


def huber(x, t, delta):
    d = (x - t).abs()
    return torch.where(d <= delta, (x - t) ** 2 / 2, delta * (d - delta / 2))


def smooth_l1(x, t, beta):
    d = (x - t).abs()
    return torch.where(d < beta, (x - t) ** 2 / (2 * beta), d - beta / 2) if beta > 0 else d


SIGNS = (-1.5, 1.5)
UNIT = (.05, .95)
# op, numbers of the calls, function, range of x, range of the target
ELEMENTWISE = [
    ("mse", [()], lambda x, t: F.mse_loss(x, t, reduction="none"), (-2, 2), (-2, 2)),
    ("l1", [()], lambda x, t: F.l1_loss(x, t, reduction="none"), (-2, 2), (-2, 2)),
    ("huber", [(1,), (.5,)], huber, (-2, 2), (-2, 2)),
    ("smooth_l1", [(1,), (.5,), (0,)], smooth_l1, (-2, 2), (-2, 2)),
    ("hinge", [()], hinge, (-2, 2), SIGNS),
    ("squared_hinge", [()], lambda x, t: hinge(x, t) ** 2, (-2, 2), SIGNS),
    ("perceptron", [()], lambda x, t: torch.relu(-t * x), (-2, 2), SIGNS),
    ("logistic", [()], lambda x, t: softplus(-t * x), (-3, 3), SIGNS),
    ("soft_hinge", [(.1, 1), (1, 0), (.5, 1)], soft_hinge, (-2, 2), SIGNS),
    ("bce", [()], bce, UNIT, UNIT),
    ("bce_with_logits", [()], lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"), (-4, 4), UNIT),
    ("focal", [(2, .25), (2, -1), (.5, .75), (0, .25)], focal, (-4, 4), UNIT),
    ("kl_div", [()], lambda x, t: F.kl_div(x, t, reduction="none"), (-3, 0), (.05, 1)),
    ("kl_div_log", [()], lambda x, t: F.kl_div(x, t, reduction="none", log_target=True), (-3, 0), (-3, 0)),
    ("poisson_nll", [(0,), (1,)], lambda x, t, full: F.poisson_nll_loss(x, t, full=bool(full), reduction="none"),
     (-2, 2), (.1, 5)),
    ("poisson_nll_rate", [(0, 1e-8), (1, .1)],
     lambda x, t, full, eps: F.poisson_nll_loss(x, t, log_input=False, full=bool(full), eps=eps, reduction="none"),
     (.2, 3), (.1, 5)),
]
LAYOUTS = [((), ()), ((5,), (5,)), ((2, 3), (2, 3)), (lambda: Turned(2, 3), (2, 3)), ((2, 1, 3), lambda: Sliced(2, 1, 3))]


def elementwise_cases():
    cases = []
    for op, calls, f, x_range, t_range in ELEMENTWISE:
        for numbers in calls:
            for number, how in enumerate(HOWS):
                for layouts in LAYOUTS:
                    operands = [in_range(layout() if callable(layout) else layout, *limits)
                                for layout, limits in zip(layouts, (x_range, t_range))]
                    cases.append((op, [number, *numbers], operands,
                                  lambda x, t, f=f, n=numbers, how=how: reduced(f(x, t, *n), how)))
    return cases


FAR = [-1e4, -800., -40., -1., 1., 40., 800., 1e4]


def far_cases():
    """Logits and scores far out, against hard targets of both kinds."""
    cases = []
    zeros_and_ones, signs = [0., 1.] * 8, [-1., 1.] * 8
    scores = Given((16,), [v for v in FAR for _ in range(2)])
    for number, how in enumerate(HOWS):
        for op, numbers, f, targets in [
                ("bce_with_logits", (), lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"), zeros_and_ones),
                ("logistic", (), lambda x, t: softplus(-t * x), signs),
                ("soft_hinge", (.1, 1), soft_hinge, signs),
                ("hinge", (), hinge, signs),
                ("perceptron", (), lambda x, t: torch.relu(-t * x), signs),
                ("huber", (1,), huber, signs),
                ("smooth_l1", (1,), smooth_l1, signs),
                ("mse", (), lambda x, t: F.mse_loss(x, t, reduction="none"), signs)]:
            cases.append((op, [number, *numbers], [scores, Given((16,), targets, grad=False)],
                          lambda x, t, f=f, n=numbers, how=how: reduced(f(x, t, *n), how)))
        near = Given((10,), [v for v in (-30., -5., 0., 5., 30.) for _ in range(2)])
        for numbers in ((2, .25), (1, -1)):
            cases.append(("focal", [number, *numbers], [near, Given((10,), [0., 1.] * 5, grad=False)],
                          lambda x, t, n=numbers, how=how: reduced(focal_of_labels(x, t, *n), how)))
    return cases


def focal_of_labels(x, t, gamma, alpha):
    """For targets of 0 and 1, without the cancellation that 1 - sigmoid has far out."""
    z = (2 * t - 1) * x
    loss = torch.exp(gamma * F.logsigmoid(-z)) * softplus(-z)
    return loss if alpha < 0 else loss * (alpha * t + (1 - alpha) * (1 - t))


def hinge_embedding(x, t, margin):
    return torch.where(t > 0, x, torch.relu(margin - x))


def margin_ranking(a, b, y, margin):
    return torch.relu(margin - y * (a - b))


def with_third_cases():
    """Losses of three operands, and those whose label has no gradient."""
    cases = []
    shapes = [((4,), (4,), (4,)), ((2, 3), (2, 3), (2, 3)), ((2, 3), (2, 3), (3,)), ((2, 3), (2, 3), (2, 1)),
              ((2, 3), (2, 3), ())]
    for number, how in enumerate(HOWS):
        for a, b, c in shapes:
            for full in (0, 1):
                cases.append(("gaussian_nll", [number, full], [a, b, Between(.3, 3, *c)],
                              lambda x, t, v, how=how, full=full: reduced(
                                  (v.log() + (x - t) ** 2 / v + full * math.log(2 * math.pi)) / 2, how)))
            cases.append(("bce_with_pos_weight", [number], [a, in_range(b, *UNIT), Between(.5, 3, *c)],
                          lambda x, t, p, how=how: reduced((1 - t) * x + (1 + (p - 1) * t) * softplus(-x), how), -4, 4))
            for margin in (0, .5):
                cases.append(("margin_ranking", [number, margin], [a, b, in_range(c, *SIGNS)],
                              lambda x, t, y, how=how, m=margin: reduced(margin_ranking(x, t, y, m), how)))
        labels = Given((6,), [1., -1., -1., 1., -1., -1.], grad=False)
        for margin in (1, .25):
            cases.append(("hinge_embedding", [number, margin], [Between(0, 2, 6), labels],
                          lambda x, y, how=how, m=margin: F.hinge_embedding_loss(x, y, margin=m, reduction=how)))
            cases.append(("cosine_margin", [number, margin - .5], [Between(-1, 1, 6), labels],
                          lambda x, y, how=how, m=margin - .5: reduced(
                              torch.where(y > 0, 1 - x, torch.relu(x - m)), how)))
        cases.append(("bce_with_pos_weight", [number],
                      [Given((16,), [v for v in FAR for _ in range(2)]), Given((16,), [0., 1.] * 8, grad=False), Constant(16)],
                      lambda x, t, p, how=how: F.binary_cross_entropy_with_logits(x, t, pos_weight=p, reduction=how), .5, 3))
        cases.append(("bce_weighed", [number], [(2, 3), Between(*UNIT, 2, 3), Between(.5, 3, 2, 3)],
                      lambda x, t, w, how=how: reduced(softplus(x) * w - x * t * w, how)))
        cases.append(("bce_both_weights", [number], [(2, 3), Constant(2, 3), Constant(2, 3), Constant(3)],
                      lambda x, t, w, p, how=how: F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p, reduction=how),
                      .1, .9))
    for shape in ((3,), (4, 2), (2, 3, 2)):
        for log_target in (0, 1):
            cases.append(("kl_batch_mean", [log_target], [in_range(shape, -3, 0), in_range(shape, *((-3, 0) if log_target else UNIT))],
                          lambda x, t, log=log_target: F.kl_div(x, t, reduction="batchmean", log_target=bool(log))))
    return cases


# ---- of classes ----------------------------------------------------------------------------------------------------


WEIGHT, IGNORE, SMOOTH, FIRST = 1, 2, 4, 8


def by_hand(log_p, y, weight, ignored, smoothing, how):
    """Of rows of log-probabilities and a flat y; PyTorch's own has no gradient by the weight."""
    classes = log_p.shape[-1]
    rows, y = log_p.reshape(-1, classes), y.reshape(-1)
    kept = torch.ones_like(y, dtype=torch.bool) if ignored is None else y != ignored
    label = F.one_hot(torch.where(kept, y, torch.zeros_like(y)), classes) * kept[:, None]
    weighed = label * weight
    shares = (1 - smoothing) * weighed + smoothing / classes * weight * kept[:, None]
    each = -torch.where(shares == 0, torch.zeros_like(rows), shares * rows).sum(1)
    if how == "mean":
        return each.sum() / weighed.sum()
    return each.sum() if how == "sum" else each.reshape(log_p.shape[:-1])


def class_cases():
    cases = []
    for number, how in enumerate(HOWS):
        for x, labels in [((3,), Labels(3)), ((4, 3), Labels(3, 4)), ((2, 1), Labels(1, 2)), (Turned(4, 3), Labels(3, 4)),
                          (Given((2, 3), [1000., 999., -1000., 1e4, 1e4, 9999.]), Labels(3, 2))]:
            cases.append(("cross_entropy", [number], [x, labels],
                          lambda x, t, how=how: F.cross_entropy(x, t, reduction=how), -3, 3))
            cases.append(("nll", [number], [x, labels], lambda x, t, how=how: F.nll_loss(x, t, reduction=how), -3, -.1))
        cases.append(("cross_entropy", [number], [(2, 2, 3), Labels(3, 2, 2)],
                      lambda x, t, how=how: F.cross_entropy(x.movedim(-1, 1), t, reduction=how), -3, 3))
        cases += option_cases(number, how) + weight_cases(number, how) + probability_cases(number, how)
    return cases


def option_cases(number, how):
    """With PyTorch's own options; its second derivative covers them."""
    cases = []
    labels = Labels(3, 6, numbers=[0, 2, 1, 1, 2, 0])
    # one of them stands for no label
    ignoring = Labels(3, 6, numbers=[0, 2, -100, 1, -100, 0])
    for smoothing in (0, .1, 1):
        for x in ((6, 3), Sliced(6, 3)):
            for y, ignored in ((labels, 1), (ignoring, -100)):
                kind = (SMOOTH if smoothing else 0) | IGNORE | WEIGHT
                cases.append(("cross_entropy", [number, kind, ignored, smoothing], [x, Between(.3, 2, 3), y],
                              lambda x, w, t, how=how, i=ignored, s=smoothing: by_hand(
                                  torch.log_softmax(x, -1), t, w, i, s, how), -3, 3))
                cases.append(("cross_entropy", [number, kind & ~WEIGHT, ignored, smoothing], [x, y],
                              lambda x, t, how=how, i=ignored, s=smoothing: F.cross_entropy(
                                  x, t, ignore_index=i, label_smoothing=s, reduction=how), -3, 3))
        cases.append(("cross_entropy", [number, SMOOTH | FIRST, 0, smoothing], [(2, 3, 2), Labels(3, 2, 2)],
                      lambda x, t, how=how, s=smoothing: F.cross_entropy(x, t, label_smoothing=s, reduction=how), -3, 3))
        cases.append(("cross_entropy", [number, SMOOTH | FIRST, 0, smoothing], [(2, 3, 2, 1), Labels(3, 2, 2, 1)],
                      lambda x, t, how=how, s=smoothing: F.cross_entropy(x, t, label_smoothing=s, reduction=how), -3, 3))
    for y, ignored in ((labels, 1), (ignoring, -100)):
        cases.append(("nll", [number, IGNORE, ignored, 0], [(6, 3), y],
                      lambda x, t, how=how, i=ignored: F.nll_loss(x, t, ignore_index=i, reduction=how), -3, -.1))
    cases.append(("nll", [number, FIRST, 0, 0], [(2, 3, 2), Labels(3, 2, 2)],
                  lambda x, t, how=how: F.nll_loss(x, t, reduction=how), -3, -.1))
    return cases


def weight_cases(number, how):
    """The weights are constants, as PyTorch has them, or differentiable."""
    cases = []
    for weight in (Constant(3), Between(.3, 2, 3)):
        cases.append(("cross_entropy", [number, WEIGHT, 0, 0], [(4, 3), weight, Labels(3, 4)],
                      lambda x, w, t, how=how: by_hand(torch.log_softmax(x, -1), t, w, None, 0, how), .1, 3))
        cases.append(("nll", [number, WEIGHT, 0, 0], [Between(-3, -.1, 2, 2, 3), weight, Labels(3, 2, 2)],
                      lambda x, w, t, how=how: by_hand(x, t, w, None, 0, how), .1, 3))
    cases.append(("cross_entropy", [number, WEIGHT, 0, 0], [(4, 3), Constant(3), Labels(3, 4)],
                  lambda x, w, t, how=how: F.cross_entropy(x, t, weight=w, reduction=how), .1, 3))
    cases.append(("nll", [number, WEIGHT, 0, 0], [Between(-3, -.1, 5, 3), Constant(3), Labels(3, 5)],
                  lambda x, w, t, how=how: F.nll_loss(x, t, weight=w, reduction=how), .1, 3))
    return cases


def probability_cases(number, how):
    cases = []
    far = Given((2, 3), [1e4, -1e4, 0., 800., -800., 1.])
    sure = Given((2, 3), [1., 0., 0., 0., 0., 1.], grad=False)
    for smoothing in (0, .3):
        for x, t in (((3,), Between(.05, 1, 3)), ((4, 3), Between(.05, 1, 4, 3)), (Turned(4, 3), Constant(4, 3)), (far, sure)):
            cases.append(("cross_entropy", [number, SMOOTH, 0, smoothing], [x, t],
                          lambda x, t, how=how, s=smoothing: F.cross_entropy(x, t, label_smoothing=s, reduction=how), .1, 3))
        cases.append(("cross_entropy", [number, SMOOTH | FIRST, 0, smoothing], [(2, 3, 2), Between(.05, 1, 2, 3, 2)],
                      lambda x, t, how=how, s=smoothing: F.cross_entropy(x, t, label_smoothing=s, reduction=how)))
        cases.append(("cross_entropy_soft", [number, smoothing], [(4, 3), Between(.05, 1, 4, 3), Constant(3)],
                      lambda x, t, w, how=how, s=smoothing: F.cross_entropy(
                          x, t, weight=w, label_smoothing=s, reduction=how), .1, 3))
    return cases


def shares_cases():
    return [("label_shares", [smoothing, ignored], [labels],
             lambda t, s=smoothing, i=ignored: (F.one_hot(t, 4) * (1 - s) + s / 4) * (t != i)[..., None])
            for smoothing in (0, .25, 1) for ignored in (-1, 2) for labels in (Labels(4, 5), Labels(4, 2, 3), Labels(4))]


def multi_margin(x, y, w, p, margin):
    """PyTorch's own has no second derivative for p = 2, and none by the weight."""
    rows, y = x.reshape(-1, x.shape[-1]), y.reshape(-1)
    label = F.one_hot(y, x.shape[-1])
    z = torch.relu(margin - (rows * label).sum(1, keepdim=True) + rows) ** p * (1 - label)
    each = z.sum(1) / x.shape[-1] * (label * w).sum(1)
    weight = w.detach() if torch.is_tensor(w) else None
    assert torch.allclose(each, F.multi_margin_loss(rows, y, p=p, margin=margin, weight=weight, reduction="none"))
    return each.reshape(x.shape[:-1])


def focal_classes(x, y, w, gamma):
    log_p = torch.log_softmax(x, -1)
    label = F.one_hot(y, x.shape[-1])
    own = (log_p * label).sum(-1)
    return -(1 - own.exp()) ** gamma * own * (label * w).sum(-1)


def cosine_embedding(a, b, y, margin):
    lengths = ((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12)
    cosine = (a * b).sum(-1) / lengths.sqrt()
    return torch.where(y > 0, 1 - cosine, torch.relu(cosine - margin))


def triplet(a, p, n, margin, power, eps, swap):
    def distance(x, y):
        d = (x - y + eps).abs()
        return d.amax(-1) if math.isinf(power) else (d ** power).sum(-1) ** (1 / power)
    far = torch.minimum(distance(a, n), distance(p, n)) if swap else distance(a, n)
    return torch.relu(distance(a, p) - far + margin)


def margin_cases():
    cases = []
    for number, how in enumerate(HOWS):
        for p, margin in ((1, 1), (2, 1), (1, .25), (2, 1.5)):
            for x, y in (((3,), Labels(3)), ((4, 3), Labels(3, 4)), (Turned(2, 2, 3), Labels(3, 2, 2))):
                cases.append(("multi_margin", [number, 0, p, margin], [x, y],
                              lambda x, t, how=how, p=p, m=margin: reduced(multi_margin(x, t, 1., p, m), how)))
            cases.append(("multi_margin", [number, WEIGHT, p, margin], [(4, 3), Between(.3, 2, 3), Labels(3, 4)],
                          lambda x, w, t, how=how, p=p, m=margin: reduced(multi_margin(x, t, w, p, m), how)))
        for gamma in (0, 1, 2.5):
            for x, y in (((4, 3), Labels(3, 4)), (Sliced(2, 2, 3), Labels(3, 2, 2))):
                cases.append(("focal_classes", [number, 0, gamma], [x, y],
                              lambda x, t, how=how, k=gamma: reduced(focal_classes(x, t, 1., k), how)))
            cases.append(("focal_classes", [number, WEIGHT, gamma], [(4, 3), Between(.3, 2, 3), Labels(3, 4)],
                          lambda x, w, t, how=how, k=gamma: reduced(focal_classes(x, t, w, k), how)))
        signs = Given((4,), [1., -1., -1., 1.], grad=False)
        for margin in (0, .5):
            for shape in ((4, 3), Turned(4, 3), Sliced(4, 3)):
                cases.append(("cosine_embedding", [number, margin], [shape, (4, 3), signs],
                              lambda a, b, y, how=how, m=margin: reduced(cosine_embedding(a, b, y, m), how)))
        cases.append(("cosine_embedding", [number, .1], [(3,), (3,), Given((), [-1.], grad=False)],
                      lambda a, b, y, how=how: reduced(cosine_embedding(a, b, y, .1), how)))
        for power in (1, 2, 3, math.inf):
            for swap in (0, 1):
                name = [number, 1, 0 if math.isinf(power) else power, 1e-6, swap]
                cases.append(("triplet", name, [(4, 3), (4, 3), (4, 3)],
                              lambda a, p, n, how=how, q=power, s=swap: reduced(triplet(a, p, n, 1, q, 1e-6, s), how)))
        cases.append(("triplet", [number, .5, 2, 1e-6, 0], [(4, 3), Turned(4, 3), Sliced(4, 3)],
                      lambda a, p, n, how=how: F.triplet_margin_loss(a, p, n, margin=.5, reduction=how)))
        cases.append(("triplet", [number, .5, 2, .01, 0], [(3,), (3,), (3,)],
                      lambda a, p, n, how=how: reduced(triplet(a, p, n, .5, 2, .01, 0), how)))
    return cases


# ---- alignments ----------------------------------------------------------------------------------------------------


def ctc(log_p, targets, frames, lengths, blank, how, zero_infinity=False):
    """The sums over alignments in PyTorch's primitives: its own gradient is that through log_softmax, and has no second."""
    losses, start = [], 0
    for n in range(log_p.shape[1]):
        t, length = int(frames[n]), int(lengths[n])
        labels = targets[n, :length] if targets.dim() == 2 else targets[start:start + length]
        start += length
        path = [blank]
        for label in labels.tolist():
            path += [label, blank]
        emitted = log_p[:t, n, path]
        a = [emitted[0, s] if s < 2 else None for s in range(len(path))]
        for frame in range(1, t):
            now = []
            for s in range(len(path)):
                ways = [a[s], a[s - 1] if s > 0 else None,
                        a[s - 2] if s > 1 and path[s] != blank and path[s] != path[s - 2] else None]
                ways = [way for way in ways if way is not None]
                now.append(torch.logsumexp(torch.stack(ways), 0) + emitted[frame, s] if ways else None)
            a = now
        ends = [end for end in (a[-1], a[-2] if len(path) > 1 else None) if end is not None]
        infinite = torch.zeros(()) if zero_infinity else torch.tensor(math.inf)
        losses.append(-torch.logsumexp(torch.stack(ends), 0) if ends else infinite)
    each = torch.stack(losses)
    known = F.ctc_loss(log_p, targets, frames, lengths, blank=blank, reduction="none", zero_infinity=zero_infinity)
    assert torch.allclose(each, known, rtol=1e-12, atol=1e-12), (each, known)
    return reduced(each / lengths.clamp(min=1) if how == "mean" else each, how)


def ctc_cases():
    """(T, N, C), blank, targets, input lengths, target lengths; also where no alignment is possible."""
    cases = []
    calls = [((5, 2, 3), 0, [[1, 2], [2, 0]], [5, 4], [2, 1]),
             ((6, 2, 3), 2, [[0, 0], [1, 0]], [6, 5], [2, 2]),
             ((5, 2, 4), 0, [1, 3, 3, 2, 1], [5, 5], [2, 3]),
             ((4, 3, 3), 1, [[0, 2], [2, 2], [0, 0]], [4, 3, 2], [2, 2, 0]),
             ((9, 1, 4), 3, [[0, 1, 1, 2]], [9], [4]),
             ((1, 1, 3), 0, [[2]], [1], [1])]
    impossible = ((4, 2, 3), 0, [[1, 1], [1, 2]], [2, 4], [2, 2])
    for number, how in enumerate(HOWS):
        for zero, (dims, blank, targets, frames, lengths) in [(0, call) for call in calls] + [(1, impossible)]:
            integers = [torch.tensor(v) for v in (targets, frames, lengths)]
            operands = [Labels(0, *v.shape, numbers=v.reshape(-1).tolist()) for v in integers]
            cases.append(("ctc", [number, blank, zero], [Between(-3, -.1, *dims), *operands],
                          lambda x, t, f, l, how=how, b=blank, z=zero: ctc(x, t, f, l, b, how, bool(z))))
            cases.append(("ctc_of_logits", [number, blank, zero], [dims, *operands],
                          lambda x, t, f, l, how=how, b=blank, z=zero: ctc(torch.log_softmax(x, -1), t, f, l, b, how, bool(z))))
    return cases


def cases():
    return elementwise_cases() + far_cases() + with_third_cases() + class_cases() + shares_cases() + ctc_cases() + margin_cases()
