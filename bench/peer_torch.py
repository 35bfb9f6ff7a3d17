"""The tasks of bench/*.c in PyTorch, each written the usual way, as a server: see bench/peer.c."""
import os
import sys
from time import perf_counter, process_time

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit(1)

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
torch.set_num_threads(THREADS)
now = process_time if THREADS == 1 else perf_counter
torch.manual_seed(1)
REPEATS = 256


def whole(step):
    """A step of one phase: (steps) -> seconds a step."""
    def run(steps):
        start = now()
        for _ in range(steps):
            step()
        return ((now() - start) / steps,)
    return run


def xyz(_):
    x, y, z = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (-2.0, 5.0, -4.0))

    def step():
        x.grad = y.grad = z.grad = None
        f = (x + y) * z
        f.backward()
        return x.grad.item() + y.grad.item() + z.grad.item()
    return whole(step)


def network(widths, batch, activation, classes):
    def make(_):
        layers = []
        for i in range(len(widths) - 1):
            layers.append(nn.Linear(widths[i], widths[i + 1]))
            if i + 2 < len(widths) or not classes:
                layers.append(activation())
        model = nn.Sequential(*layers)
        x = torch.randn(batch, widths[0])
        if classes:
            target = torch.randint(widths[-1], (batch,))
            criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())
        else:
            target = torch.rand(batch, widths[-1])
            criterion, optimizer = nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.5)

        def step():
            optimizer.zero_grad()
            loss = criterion(model(x), target)
            loss.backward()
            optimizer.step()
        return whole(step)
    return make


def recurrent(kind, steps, batch, width, hidden, **stack):
    def make(_):
        model = kind(width, hidden, **stack)
        optimizer = torch.optim.Adam(model.parameters())
        x = torch.randn(steps, batch, width)

        def step():
            optimizer.zero_grad()
            y, _ = model(x)
            y.square().mean().backward()
            optimizer.step()
        return whole(step)
    return make


def matmul(n):
    a = torch.randn(n, n, requires_grad=True)
    b = torch.randn(n, n, requires_grad=True)

    def step():
        a.grad = b.grad = None
        (a @ b).sum().backward()
    return whole(step)


def large(function, operands):
    def make(n):
        inputs = [torch.randn(n, requires_grad=True) for _ in range(operands)]
        ones = torch.ones(n)

        def step():
            for x in inputs:
                x.grad = None
            function(*inputs).backward(ones)
        return whole(step)
    return make


def small(function, square):
    def make(n):
        shape = (n, n) if square else (n,)
        x = torch.randn(*shape, requires_grad=True)
        ones = torch.full(shape, 1 / n if square else 1.0)

        def run(steps):
            forward = backward = 0.0
            for _ in range(steps):
                x.grad = None
                start = now()
                y = x
                for _ in range(REPEATS):
                    y = function(y, ones)
                middle = now()
                y.backward(ones)
                backward += now() - middle
                forward += middle - start
            return forward / steps, backward / steps
        return run
    return make


def repeated(loss):
    """REPEATS losses added up."""
    def many(x, target):
        total = loss(x, target)
        for _ in range(REPEATS - 1):
            total = total + loss(x, target)
        return total
    return many


def on(function, *shapes, constants=()):
    """A function of normal floats of these shapes, forward and back from ones, or from its scalar. A shape that is a pair
    ((dims), n) stands for labels below n; operands whose place is in `constants` get no gradient."""
    def make(_):
        inputs = []
        for place, shape in enumerate(shapes):
            labels = shape and isinstance(shape[0], tuple)
            inputs.append(torch.randint(shape[1], shape[0]) if labels else
                          torch.randn(*shape, requires_grad=place not in constants))
        ones = []

        def run(steps):
            forward = backward = 0.0
            for _ in range(steps):
                for x in inputs:
                    x.grad = None
                start = now()
                y = function(*inputs)
                middle = now()
                if y.dim() and not ones:
                    ones.append(torch.ones_like(y))
                y.backward(*ones)
                backward += now() - middle
                forward += middle - start
            return forward / steps, backward / steps
        return run
    return make


def lenet(_):
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                          nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                          nn.Linear(84, 10))
    x, target = torch.randn(64, 1, 28, 28), torch.randint(10, (64,))
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), target)
        loss.backward()
        optimizer.step()
    return whole(step)


def transformer(dropout, gpt):
    def make(_):
        model = nn.TransformerEncoderLayer(128, 4, 512, dropout, "gelu" if gpt else "relu", batch_first=True, norm_first=gpt)
        x, target = torch.randn(8, 128, 128), torch.randn(8, 128, 128)
        mask = nn.Transformer.generate_square_subsequent_mask(128) if gpt else None
        criterion, optimizer = nn.MSELoss(), torch.optim.Adam(model.parameters())

        def step():
            optimizer.zero_grad()
            loss = criterion(model(x, mask), target)
            loss.backward()
            optimizer.step()
        return whole(step)
    return make


def together(make):
    """The same in one phase."""
    def both(n):
        run = make(n)
        return lambda steps: (sum(run(steps)),)
    return both


def chained(function):
    """A function of what came out of it, and of the other operands, many times."""
    def run(y, *others):
        for _ in range(REPEATS):
            y = function(y, *others)
        return y
    return run


def added(reduction):
    """REPEATS reductions added up."""
    def run(x):
        total = reduction(x)
        for _ in range(REPEATS - 1):
            total = total + reduction(x)
        return total
    return run


CUBE = (256, 256, 256)
def stepping(optimizer, **options):
    """Steps of an optimiser on one parameter of n floats."""
    def make(n):
        parameter = nn.Parameter(torch.randn(n))
        parameter.grad = torch.randn(n)
        return whole(optimizer([parameter], **options).step)
    return make


TASKS = {
    "optim_sgd": stepping(torch.optim.SGD, lr=1e-3, momentum=0.9),
    "optim_adam": stepping(torch.optim.Adam),
    "optim_adamw": stepping(torch.optim.AdamW),
    "xyz": xyz,
    "xor": network((2, 4, 1), 4, nn.Sigmoid, False),
    "mlp_tiny": network((64, 64, 64, 8), 1, nn.ReLU, True),
    "mlp_middle": network((784, 128, 64, 10), 64, nn.ReLU, True),
    "mlp_wide": network((784, 512, 512, 10), 128, nn.ReLU, True),
    "recurrent_lstm": recurrent(nn.LSTM, 64, 32, 128, 128),
    "recurrent_gru": recurrent(nn.GRU, 64, 32, 128, 128),
    "recurrent_deep": recurrent(nn.LSTM, 32, 16, 64, 64, num_layers=2, bidirectional=True),
    "recurrent_small": recurrent(nn.LSTM, 16, 1, 16, 32),
    "matmul": matmul,
    "exp": large(torch.exp, 1),
    "sigmoid": large(torch.sigmoid, 1),
    "tanh": large(torch.tanh, 1),
    "relu": large(torch.relu, 1),
    "add": large(torch.add, 2),
    "mul": large(torch.mul, 2),
    "bmm_64": together(on(torch.matmul, (64, 64, 64), (64, 64, 64))),
    "bmm_16": together(on(torch.matmul, (64, 16, 16), (64, 16, 16))),
    "einsum": together(on(lambda q, k: torch.einsum("bqhd,bkhd->bhqk", q, k), (8, 64, 4, 32), (8, 64, 4, 32))),
    **{name + str(n): together(on(function, *(tuple(k * n for k in shape) for shape in shapes))) for n in (64, 256)
       for name, function, *shapes in [
           ("cholesky_", lambda x: torch.linalg.cholesky(x @ x.mT), (1, 2)),
           ("solve_", torch.linalg.solve, (1, 1), (1, 1)), ("inverse_", torch.linalg.inv, (1, 1)),
           ("qr_", lambda x: torch.linalg.qr(x).Q, (1, 1)), ("eigh_", lambda x: torch.linalg.eigh(x).eigenvalues, (1, 1)),
           ("svd_", lambda x: torch.linalg.svd(x, full_matrices=False).S, (1, 1))]},
    "cross_entropy": together(on(nn.functional.cross_entropy, (128, 1000), ((128,), 1000))),
    "conv3x3": on(lambda x, w, b: nn.functional.conv2d(x, w, b, padding=1), (16, 32, 32, 32), (64, 32, 3, 3), (64,)),
    "conv_depthwise": on(lambda x, w, b: nn.functional.conv2d(x, w, b, padding=1, groups=64), (16, 64, 32, 32), (64, 1, 3, 3),
                         (64,)),
    "conv_transpose": on(lambda x, w, b: nn.functional.conv_transpose2d(x, w, b, stride=2, padding=1), (16, 64, 16, 16),
                         (64, 32, 4, 4), (32,)),
    "max_pool": on(lambda x: nn.functional.max_pool2d(x, 2), (16, 32, 32, 32)),
    "avg_pool": on(lambda x: nn.functional.avg_pool2d(x, 3, 1, 1), (16, 32, 32, 32)),
    "bilinear": on(lambda x: nn.functional.interpolate(x, (64, 64), mode="bilinear"), (16, 32, 32, 32)),
    "lenet": lenet,
    "transformer": transformer(0., False),
    "transformer_gpt": transformer(.1, True),
    "layer_norm": on(lambda x, w, b: nn.functional.layer_norm(x, (256,), w, b), (512, 256), (256,), (256,)),
    "batch_norm": on(lambda x, w, b: nn.functional.batch_norm(x, None, None, w, b, True), (64, 64, 16, 16), (64,), (64,)),
    "attention": on(lambda q, k, v: torch.softmax(q @ k.transpose(-1, -2) / 8, -1) @ v, *[(4, 8, 128, 64)] * 3),
    "dropout": on(lambda x: nn.functional.dropout(x, .1), (1 << 20,)),
    "softmax_first": on(lambda x: torch.softmax(x, 0), (256, 256, 16)),
    "reduce_sum_0": on(lambda x: x.sum(0), CUBE),
    "reduce_sum_1": on(lambda x: x.sum(1), CUBE),
    "reduce_sum_2": on(lambda x: x.sum(2), CUBE),
    "reduce_max_0": on(lambda x: x.amax(0), CUBE),
    "reduce_max_1": on(lambda x: x.amax(1), CUBE),
    "reduce_max_2": on(lambda x: x.amax(2), CUBE),
    "reduce_variance_0": on(lambda x: x.var(0), CUBE),
    "reduce_variance_2": on(lambda x: x.var(2), CUBE),
    "reduce_sort": on(lambda x: torch.sort(x, 1).values, (1000, 1000)),
    "reduce_cumsum": on(lambda x: torch.cumsum(x, 1), (1000, 1000)),
    "small_reduce_sum": on(added(torch.sum), (16,)),
    "small_reduce_variance": on(added(torch.var), (16,)),
    "small_reduce_norm": on(added(torch.linalg.vector_norm), (16,)),
    "small_reduce_max": on(added(torch.amax), (16,)),
    "small_mse": on(repeated(nn.functional.mse_loss), (16,), (16,), constants=(1,)),
    "small_bce_with_logits": on(repeated(nn.functional.binary_cross_entropy_with_logits), (16,), (16,), constants=(1,)),
    "large_mse": together(on(nn.functional.mse_loss, (1 << 20,), (1 << 20,), constants=(1,))),
    "large_bce_with_logits": together(
        on(nn.functional.binary_cross_entropy_with_logits, (1 << 20,), (1 << 20,), constants=(1,))),
    "large_huber": together(on(nn.functional.huber_loss, (1 << 20,), (1 << 20,), constants=(1,))),
    "shape_transpose": on(lambda x: x.t().contiguous(), (4096, 4096)),
    "shape_permute": on(lambda x: x.permute(2, 0, 1).contiguous(), (256, 64, 512)),
    "shape_index_select": on(lambda x, i: x.index_select(0, i), (1 << 16, 16), ((1 << 20,), 1 << 16)),
    "shape_embedding": on(lambda x, i: nn.functional.embedding(i, x), (1 << 16, 16), ((1 << 20,), 1 << 16)),
    "shape_gather": on(lambda x, i: x.gather(1, i), (1024, 1024), ((1024, 1024), 1024)),
    "shape_small_reshape": on(chained(lambda y: y.reshape(4, 4)), (16,)),
    "shape_small_transpose": on(chained(lambda y: y.transpose(0, 1)), (4, 4)),
    "shape_small_slice": on(chained(lambda y: y[0:16]), (16,)),
    "shape_small_gather": on(chained(lambda y, i: y.gather(0, i)), (16,), ((16,), 16)),
    "shape_small_pad": on(chained(lambda y: nn.functional.pad(y, (1, 1))[1:17]), (16,)),
    "shape_small_concat": on(chained(lambda y, c: torch.cat((y, c))[0:16]), (16,), (8,), constants=(1,)),
    "shape_small_stack": on(chained(lambda y, c: torch.stack((y, c))[0:1].reshape(16)), (16,), (16,), constants=(1,)),
    "gelu": together(on(nn.functional.gelu, (1 << 20,))),
    "log": together(on(torch.log, (1 << 20,))),
    "erf": together(on(torch.erf, (1 << 20,))),
    "softplus": together(on(nn.functional.softplus, (1 << 20,))),
    "silu": together(on(nn.functional.silu, (1 << 20,))),
    "where": together(on(lambda x, b: torch.where(x < b, x, b), (1 << 20,), (1 << 20,))),
    "small_relu": small(lambda y, _: torch.relu(y), False),
    "small_mul": small(torch.mul, False),
    "small_matmul": small(torch.matmul, True),
}


def main():
    print("PyTorch", torch.__version__, flush=True)
    made = None
    for line in sys.stdin:
        name, n, steps = line.split()
        if name not in TASKS:
            print("unknown", flush=True)
            continue
        if made is None or made[0] != name:
            made = name, TASKS[name](int(n))
        print(*made[1](int(steps)), flush=True)


main()
