#!/usr/bin/env python3
"""Writes tests/golden/optim.txt and tests/golden/schedules.txt: what PyTorch's optimisers and schedules do.

    python3 tools/golden/optim.py

optim.txt: for each case of tests/test_optim_golden.c
    case <name>
    <w0> <w1> <w2>      after each of the steps in KEPT, in f64 as hexadecimal floats
schedules.txt: for each case of tests/test_schedules.c, the rate (and the momentum, where it is cycled) at t = 0 .. 60
    case <name>
    <rate> [<momentum>]
The weights begin at START; at step k, from 0, the gradient is a w + cos(w + k), with a = (3, 0.2, 1). L-BFGS has losses
of its own: smooth, or Rosenbrock's.
"""
import os
import warnings

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
START = [1.0, -2.0, 0.5]
FACTORS = torch.tensor([3, 0.2, 1.0])
KEPT = [1, 2, 5, 10, 25]


class Lion(torch.optim.Optimizer):
    """Chen et al., arXiv:2302.06675, algorithm 2, written down as it stands there."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                p.sub_(group["lr"] * (torch.sign(c) + group["weight_decay"] * p))
                state["m"] = beta2 * m + (1 - beta2) * p.grad


O = torch.optim
RULES = {
    "sgd": lambda p: O.SGD(p, lr=0.03, weight_decay=0.1),
    "sgd_momentum": lambda p: O.SGD(p, lr=0.03, momentum=0.8, dampening=0.3, weight_decay=0.1),
    "sgd_nesterov": lambda p: O.SGD(p, lr=0.03, momentum=0.8, nesterov=True, weight_decay=0.05),
    "adagrad": lambda p: O.Adagrad(p),
    "adagrad_all": lambda p: O.Adagrad(p, lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3),
    "rmsprop": lambda p: O.RMSprop(p),
    "rmsprop_centred": lambda p: O.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-3, weight_decay=0.1, centered=True),
    "rmsprop_momentum": lambda p: O.RMSprop(p, lr=0.02, alpha=0.9, momentum=0.7),
    "rmsprop_all": lambda p: O.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-2, momentum=0.5, centered=True, weight_decay=0.05),
    "adadelta": lambda p: O.Adadelta(p),
    "adadelta_all": lambda p: O.Adadelta(p, lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1),
    "adam": lambda p: O.Adam(p, lr=0.05),
    "adam_all": lambda p: O.Adam(p, lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1),
    "adam_amsgrad": lambda p: O.Adam(p, lr=0.05, betas=(0.8, 0.7), weight_decay=0.1, amsgrad=True),
    "adamw": lambda p: O.AdamW(p),
    "adamw_all": lambda p: O.AdamW(p, lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3),
    "adamw_amsgrad": lambda p: O.AdamW(p, lr=0.05, betas=(0.8, 0.7), amsgrad=True),
    "nadam": lambda p: O.NAdam(p),
    "nadam_all": lambda p: O.NAdam(p, lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1, momentum_decay=0.1),
    "radam": lambda p: O.RAdam(p, lr=0.02),
    "radam_all": lambda p: O.RAdam(p, lr=0.05, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.1),
    "radam_short": lambda p: O.RAdam(p, lr=0.05, betas=(0.7, 0.5)),
    "lion": lambda p: Lion(p),
    "lion_all": lambda p: Lion(p, lr=0.03, betas=(0.8, 0.6), weight_decay=0.2),
    "rprop": lambda p: O.Rprop(p),
    "rprop_all": lambda p: O.Rprop(p, lr=0.1, etas=(0.3, 1.5), step_sizes=(1e-2, 0.3)),
}


def smooth(w):
    return (FACTORS / 2 * w * w + torch.sin(w + 0.3)).sum() + 0.1 * w.prod() ** 2


def rosenbrock(w):
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


SEARCHES = {
    "lbfgs": (smooth, {}),
    "lbfgs_short": (smooth, dict(lr=0.2, max_iter=3, history_size=2)),
    "lbfgs_wolfe": (rosenbrock, dict(max_iter=2, line_search_fn="strong_wolfe")),
    "lbfgs_wolfe_history": (rosenbrock, dict(max_iter=4, history_size=3, line_search_fn="strong_wolfe")),
    "lbfgs_wolfe_smooth": (smooth, dict(lr=20, max_iter=1, line_search_fn="strong_wolfe")),
}


def searched(loss, options):
    w = torch.tensor(START, requires_grad=True)
    optim = O.LBFGS([w], **options)

    def closure():
        optim.zero_grad()
        y = loss(w)
        y.backward()
        return y
    lines = []
    for k in range(KEPT[-1]):
        optim.step(closure)
        if k + 1 in KEPT:
            lines.append(numbers(w.tolist()))
    return lines


def numbers(values):
    return " ".join(float(v).hex() for v in values)


def trajectory(make):
    w = torch.tensor(START, requires_grad=True)
    optim = make([w])
    lines = []
    for k in range(KEPT[-1]):
        w.grad = (FACTORS * w + torch.cos(w + k)).detach()
        optim.step()
        if k + 1 in KEPT:
            lines.append(numbers(w.tolist()))
    return lines


def write(name, head, blocks):
    path = os.path.join(HERE, "..", "..", "tests", "golden", name)
    text = head + "\n" + "".join("case %s\n%s\n" % (case, "\n".join(lines)) for case, lines in blocks)
    with open(path, "w") as file:
        file.write(text)
    print("tests/golden/%s: %d cases, %d bytes" % (name, len(blocks), len(text)))


L = torch.optim.lr_scheduler
T = 60
SCHEDULES = {
    "step": lambda o: L.StepLR(o, 7, 0.5),
    "step_default": lambda o: L.StepLR(o, 20),
    "multistep": lambda o: L.MultiStepLR(o, [5, 12, 12, 40], 0.3),
    "exponential": lambda o: L.ExponentialLR(o, 0.93),
    "constant": lambda o: L.ConstantLR(o, 0.25, 9),
    "constant_default": lambda o: L.ConstantLR(o),
    "linear": lambda o: L.LinearLR(o, 0.1, 0.9, 13),
    "linear_default": lambda o: L.LinearLR(o),
    "polynomial": lambda o: L.PolynomialLR(o, 45, 2.0),
    "polynomial_default": lambda o: L.PolynomialLR(o),
    "cosine": lambda o: L.CosineAnnealingLR(o, 25, 0.01),
    "cosine_default": lambda o: L.CosineAnnealingLR(o, 60),
    "restarts": lambda o: L.CosineAnnealingWarmRestarts(o, 8, 2, 0.02),
    "restarts_default": lambda o: L.CosineAnnealingWarmRestarts(o, 10),
    "one_cycle": lambda o: L.OneCycleLR(o, 0.5, total_steps=T + 1),
    "one_cycle_linear": lambda o: L.OneCycleLR(o, 0.5, total_steps=T + 1, pct_start=0.4, anneal_strategy="linear",
                                               base_momentum=0.7, max_momentum=0.9, div_factor=10, final_div_factor=100),
    "one_cycle_three": lambda o: L.OneCycleLR(o, 0.5, total_steps=T + 1, three_phase=True),
    "plateau": lambda o: L.ReduceLROnPlateau(o, factor=0.5, patience=3, cooldown=2),
    "plateau_absolute": lambda o: L.ReduceLROnPlateau(o, mode="max", threshold_mode="abs", threshold=0.05, patience=0,
                                                      min_lr=0.003, factor=0.7),
    "chained": lambda o: L.ChainedScheduler([L.LinearLR(o, 0.1, 1.0, 10), L.ExponentialLR(o, 0.95),
                                             L.StepLR(o, 15, 0.5)]),
    "sequential": lambda o: L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 10), L.CosineAnnealingLR(o, 30),
                                               L.ExponentialLR(o, 0.9)], [10, 40]),
}


def metric(t):
    """What plateaus follow: it falls, levels off with ripples, and falls again."""
    return 1 / (1 + min(t, 12)) + 0.02 * (t * 7 % 5) - (0.01 * (t - 40) if t > 40 else 0)


def rates(name, make):
    optim = O.SGD([torch.zeros(1, requires_grad=True)], lr=0.2, momentum=0.9)
    schedule = make(optim)
    lines = []
    for t in range(T + 1):
        group = optim.param_groups[0]
        lines.append(numbers([group["lr"]] + ([group["momentum"]] if "one_cycle" in name else [])))
        if t == T:
            break
        optim.step()
        schedule.step(metric(t + 1)) if "plateau" in name else schedule.step()
    return lines


warnings.simplefilter("ignore")
write("optim.txt", "tapir optimisers 1", [(name, trajectory(make)) for name, make in RULES.items()] +
      [(name, searched(*search)) for name, search in SEARCHES.items()])
write("schedules.txt", "tapir schedules 1", [(name, rates(name, make)) for name, make in SCHEDULES.items()])
