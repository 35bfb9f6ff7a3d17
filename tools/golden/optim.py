#!/usr/bin/env python3
"""Writes tests/golden/optim.txt and tests/golden/schedules.txt: what PyTorch's optimisers and schedules do.

    python3 tools/golden/optim.py

optim.txt: for each case of tests/test_optim_golden.c
    case <name>
    <w0> <w1> <w2>      after each of the steps in KEPT, in f64 as hexadecimal floats
The weights begin at START; at step k, from 0, the gradient is a w + cos(w + k), with a = (3, 0.2, 1).
"""
import os

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


write("optim.txt", "tapir optimisers 1", [(name, trajectory(make)) for name, make in RULES.items()])
