"""Recurrent layers and cells: (name, module, dims of x). See trajectories.py. The output is y, h_n and c_n of an LSTM, one
after the other; states begin as the sum of x, times 0.05 for h and 0.1 for c."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from trajectories import trajectory


def whole(kind, lengths=None, state=False):
    """A layer of that kind whose output is all that comes out."""
    class Whole(kind):
        def first(self, x):
            layers = self.num_layers * (2 if self.bidirectional else 1)
            h = 0.05 * x.sum() * torch.ones(layers, x.shape[1], self.hidden_size, dtype=x.dtype)
            return (h, 2 * h) if kind is nn.LSTM else h

        def forward(self, x):
            given = self.first(x) if state else None
            if lengths:
                packed = pack_padded_sequence(x, lengths, self.batch_first, enforce_sorted=False)
                y, last = super().forward(packed, given)
                steps = x.shape[1 if self.batch_first else 0]
                y, _ = pad_packed_sequence(y, self.batch_first, total_length=steps)
            else:
                y, last = super().forward(x, given)
            last = last if isinstance(last, tuple) else (last,)
            return torch.cat([t.reshape(-1) for t in (y, *last)])
    return Whole


def cell(kind, state):
    class Whole(kind):
        def forward(self, x):
            h = 0.05 * x.sum() * torch.ones(x.shape[0], self.hidden_size, dtype=x.dtype)
            given = (h, 2 * h) if kind is nn.LSTMCell else h
            last = super().forward(x, given if state else None)
            return torch.cat(last if isinstance(last, tuple) else (last,))
    return Whole


def texts():
    cases = []
    for kind, name in ((nn.RNN, "rnn"), (nn.LSTM, "lstm"), (nn.GRU, "gru")):
        cases += [(name, whole(kind)(2, 3), (3, 2, 2)),
                  (name + "_deep", whole(kind)(2, 2, num_layers=2, bidirectional=True), (3, 2, 2)),
                  (name + "_state", whole(kind, state=True)(2, 2, num_layers=2, bias=False), (3, 2, 2)),
                  (name + "_packed", whole(kind, [2, 4, 1], True)(2, 2, num_layers=2, bidirectional=True), (4, 3, 2)),
                  (name + "_batch_first", whole(kind, [3, 2])(2, 3, batch_first=True), (2, 3, 2))]
    cases += [("rnn_relu", whole(nn.RNN)(2, 3, nonlinearity="relu", bidirectional=True), (3, 2, 2)),
              ("rnn_cell", cell(nn.RNNCell, False)(2, 3), (2, 2)),
              ("rnn_cell_relu", cell(nn.RNNCell, True)(2, 3, nonlinearity="relu"), (2, 2)),
              ("lstm_cell", cell(nn.LSTMCell, True)(2, 3), (2, 2)),
              ("lstm_cell_zeros", cell(nn.LSTMCell, False)(3, 2, bias=False), (2, 3)),
              ("gru_cell", cell(nn.GRUCell, True)(2, 3), (2, 2))]
    return [trajectory(*case) for case in cases]
