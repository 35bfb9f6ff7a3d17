"""Layers trained for 20 steps by PyTorch in f64, as text. A case of a file of trajectories is
    case <name> <kind> <classes> <rank> <dims>     of x; kind f: floats, i: integers 0 .. classes-1
    state <p or b> <name> <rank> <dims>            for each parameter and buffer, in the order of state_dict
    out <numbers>                                  the output of the first step, in training mode
    dx <numbers>                                   the gradient by x (nothing for integers)
    grad <numbers>                                 for each parameter
    after <numbers>                                for each parameter and buffer, after the last step
    eval <numbers>                                 the output in evaluation mode for the x of one more step
Nothing is drawn: numbers come from pattern(), which tests/trajectories.c computes too. At step s (from 0) x is pattern(s +
1) times 2, the loss is the mean of (y - pattern(1000 + s))^2, and parameters go down its gradient times 0.1; parameter k
starts as pattern(100 + k) / 2.
"""
import torch

from common import count

STEPS, RATE = 20, 0.1


def pattern(dims, seed):
    n = count(dims)
    numbers = [((i * 7919 + seed * 104729) % 1009 - 504.25) / 504 for i in range(n)]
    return torch.tensor(numbers, dtype=torch.float64).reshape(list(dims))


def labels(dims, seed, classes):
    return torch.tensor([(i * 7919 + seed * 104729) % 1009 % classes for i in range(count(dims))]).reshape(list(dims))


def line(word, *tensors):
    return word + "".join(" %.13g" % v for t in tensors for v in t.detach().double().reshape(-1).tolist()) + "\n"


def trajectory(name, module, dims, classes=0):
    """The text of a case: x has these dims, and is of integers where there are classes."""
    def batch(step):
        return labels(dims, step + 1, classes) if classes else 2 * pattern(dims, step + 1)

    module = module.double().train()
    parameters = list(module.parameters())
    names = {id(p): n for n, p in module.named_parameters()}
    with torch.no_grad():
        for k, p in enumerate(parameters):
            p.copy_(pattern(p.shape, 100 + k) / 2)
    text = "case %s %s %d %s\n" % (name, "i" if classes else "f", classes, " ".join(map(str, [len(dims), *dims])))
    for key, value in module.state_dict().items():
        kind = "p" if key in names.values() else "b"
        text += "state %s %s %s\n" % (kind, key, " ".join(map(str, [value.dim(), *value.shape])))
    for step in range(STEPS):
        x = batch(step)
        if not classes:
            x.requires_grad_()
        y = module(x)
        loss = (y - pattern(y.shape, 1000 + step)).square().mean()
        module.zero_grad()
        if loss.requires_grad:
            loss.backward()
        if step == 0:
            text += line("out", y) + line("dx", *([] if classes else [x.grad]))
            text += "".join(line("grad", p.grad) for p in parameters)
        with torch.no_grad():
            for p in parameters:
                p -= RATE * p.grad
    text += "".join(line("after", value) for value in module.state_dict().values())
    return text + line("eval", module.eval()(batch(STEPS)))
