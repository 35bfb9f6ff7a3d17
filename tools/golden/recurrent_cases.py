"""Recurrent sequences: (op, attributes, shapes of operands, function, low, high). Attributes: reverse, bias, state,
lengths, relu; of lstm_step the axis. The result is y, h_n and c_n of the LSTM, one after the other; of lstm_step h and
c."""
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from common import Labels, Turned

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
# T, B, in, H, lengths
SIZES = [(3, 2, 2, 3, None), (1, 1, 1, 1, None), (4, 3, 2, 2, [2, 4, 1]), (5, 2, 3, 2, [5, 3])]


def call(op, flags, operands):
    reverse, bias, state, packed, relu = flags
    x, *rest = operands
    lengths = rest.pop() if packed else None
    weights = rest[:4 if bias else 2]
    batch, hidden = x.shape[1], weights[1].shape[1]
    states = rest[len(weights):] or [torch.zeros(batch, hidden)] * (2 if op == "lstm" else 1)
    states = [s.unsqueeze(0) for s in states]
    if reverse:  # the second of two directions; the first has zeros
        weights = [torch.zeros_like(w) for w in weights] + list(weights)
        states = [torch.cat([torch.zeros_like(s), s]) for s in states]
    name = {"rnn": "rnn_relu" if relu else "rnn_tanh"}.get(op, op)
    run = getattr(torch._VF, name)
    given = tuple(states) if op == "lstm" else states[0]
    rest = (list(weights), bool(bias), 1, 0.0, True, bool(reverse))
    if packed:
        # unsorted rows: the states go with them
        pack = pack_padded_sequence(x, lengths, enforce_sorted=False)
        order, back = pack.sorted_indices, pack.unsorted_indices
        given = tuple(s.index_select(1, order) for s in given) if op == "lstm" else given.index_select(1, order)
        y, *last = run(pack.data, pack.batch_sizes, given, *rest)
        y, _ = pad_packed_sequence(PackedSequence(y, pack.batch_sizes, order, back), total_length=x.shape[0])
        last = [s.index_select(1, back) for s in last]
    else:
        y, *last = run(x, given, *rest, False)
    if reverse:
        y, last = y[:, :, hidden:], [s[1:] for s in last]
    return torch.cat([t.reshape(-1) for t in [y, *last]])


def lstm_step(axis, sums, c):
    i, f, g, o = sums.chunk(4, axis)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return torch.cat([t.reshape(-1) for t in [o.sigmoid() * c.tanh(), c]])


def cases():
    found = []
    for axis, sums, c in [(0, (8, 3), (2, 3)), (1, (3, 4), Turned(3, 1)), (1, (2, 12, 2), (2, 3, 2))]:
        found.append(("lstm_step", [axis], [sums, c], lambda *x, axis=axis: lstm_step(axis, *x), -2, 2))
    for op, gates in GATES.items():
        for relu in (0, 1) if op == "rnn" else (0,):
            for t, b, n, h, lengths in SIZES:
                for reverse in (0, 1):
                    some = not reverse or lengths is not None
                    shapes = [Turned(t, b, n) if reverse else (t, b, n), (gates * h, n), (gates * h, h)]
                    shapes += [(gates * h,)] * 2 if some else []
                    shapes += [(b, h)] * (2 if op == "lstm" else 1) if some else []
                    shapes += [Labels(t + 1, b, numbers=lengths)] if lengths else []
                    flags = [reverse, int(some), int(some), int(lengths is not None), relu]
                    found.append((op, flags, shapes, lambda *x, op=op, flags=flags: call(op, flags, x), -2, 2))
    return found
