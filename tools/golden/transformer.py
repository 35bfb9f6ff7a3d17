#!/usr/bin/env python3
"""Writes tests/golden/transformer.txt: short trainings of attention and transformer blocks, by PyTorch in f64.

    python3 tools/golden/transformer.py

The file is text; at the end stands an FNV-1a hash of all bytes before that line. A run is
    run <kind> <width> <heads> <hidden> <layers> <key_width> <value_width> <flags>    letters as below, "-" for none
    param <name> <rank> <dims> <numbers>     first values, in the order of PyTorch's state dict
    data <name> <rank> <dims> <numbers>      q, k, v, x, memory, source, target; want; the masks mask,
                                             added, keys and memory_keys; all but `added` are Tapir's: 0 leaves out
    out <numbers>                            the first output
    grad <name> <numbers>                    gradients of the mean squared error, of parameters and operands
    after <name> <numbers>                   parameters after 20 steps of SGD at a rate of 0.1
    end
Flags: b no bias, t time first, n norm first, g gelu, f final norm, c causal.
"""
import os
import random
import sys

import torch
from torch import nn

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
STEPS, RATE = 20, 0.1
N, L, S = 2, 3, 4
HERE = os.path.dirname(os.path.abspath(__file__))


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def dims_of(x):
    return " ".join(str(d) for d in [x.dim(), *x.shape])


class Run:
    def __init__(self, number, kind, flags="", masks=(), width=4, heads=2, hidden=5, layers=1, key_width=0, value_width=0):
        self.rng = random.Random("run %d" % number)
        self.kind, self.flags, self.masks = kind, flags, masks
        self.width, self.heads, self.hidden, self.layers = width, heads, hidden, layers
        self.key_width, self.value_width = key_width, value_width
        sizes = (kind, width, heads, hidden, layers, key_width, value_width, flags or "-")
        self.lines = ["run %s %d %d %d %d %d %d %s\n" % sizes]

    def numbers(self, *dims):
        count = 1
        for d in dims:
            count *= d
        return torch.tensor([self.rng.randrange(-200, 200) / 128 for _ in range(count)]).reshape(dims)

    def sequence(self, length, width):
        return self.numbers(length, N, width) if "t" in self.flags else self.numbers(N, length, width)

    def module(self):
        batch_first = "t" not in self.flags
        if self.kind == "attention":
            return nn.MultiheadAttention(self.width, self.heads, bias="b" not in self.flags, kdim=self.key_width or None,
                                         vdim=self.value_width or None, batch_first=batch_first)
        shared = dict(dim_feedforward=self.hidden, dropout=0., activation="gelu" if "g" in self.flags else "relu",
                      batch_first=batch_first, norm_first="n" in self.flags)
        norm = nn.LayerNorm(self.width) if "f" in self.flags else None
        if self.kind == "encoder_layer":
            return nn.TransformerEncoderLayer(self.width, self.heads, **shared)
        if self.kind == "decoder_layer":
            return nn.TransformerDecoderLayer(self.width, self.heads, **shared)
        if self.kind == "encoder":
            return nn.TransformerEncoder(nn.TransformerEncoderLayer(self.width, self.heads, **shared), self.layers, norm)
        if self.kind == "decoder":
            return nn.TransformerDecoder(nn.TransformerDecoderLayer(self.width, self.heads, **shared), self.layers, norm)
        return nn.Transformer(self.width, self.heads, self.layers, self.layers, **shared)

    def mask(self, name, rows, columns):
        """PyTorch's mask for one of ours, which is written."""
        if name == "none":
            return None
        if name == "added":
            mask = self.numbers(rows, columns)
            self.lines.append(self.rounded("data added %s" % dims_of(mask), mask))
            return mask
        shape = (rows, columns) if name == "mask" else (N, columns)
        left = torch.tensor([self.rng.random() < .6 for _ in range(shape[0] * shape[1])]).reshape(shape)
        left[:, 0] = True
        self.lines.append(self.rounded("data %s %s" % (name, dims_of(left)), left.double()))
        return ~left

    def masks_of(self, names, rows, columns):
        attn, keys = None, None
        for name in names:
            if name in ("mask", "added"):
                attn = self.mask(name, rows, columns)
            elif name in ("keys", "memory_keys"):
                keys = self.mask(name, rows, columns)
        if "c" in self.flags and rows == columns:
            attn = ~torch.ones(rows, rows).tril().bool()
        return attn, keys

    def operands(self):
        if self.kind == "attention":
            if "self" in self.masks:
                return {"x": self.sequence(S, self.width)}
            return {"q": self.sequence(L, self.width), "k": self.sequence(S, self.key_width or self.width),
                    "v": self.sequence(S, self.value_width or self.width)}
        if self.kind.startswith("encoder"):
            return {"x": self.sequence(S, self.width)}
        return {"x": self.sequence(S, self.width), "memory": self.sequence(L, self.width)}

    def forward(self, module, given):
        x = given.get("x")
        if self.kind == "attention":
            q, k, v = (x, x, x) if x is not None else (given["q"], given["k"], given["v"])
            return module(q, k, v, key_padding_mask=self.keys, need_weights=False, attn_mask=self.attn)[0]
        if self.kind.startswith("encoder"):
            if self.kind == "encoder":
                return module(x, mask=self.attn, src_key_padding_mask=self.keys)
            return module(x, src_mask=self.attn, src_key_padding_mask=self.keys)
        if self.kind.startswith("decoder"):
            return module(x, given["memory"], tgt_mask=self.attn, tgt_key_padding_mask=self.keys,
                          memory_key_padding_mask=self.memory_keys)
        return module(given["memory"], x, tgt_mask=self.attn, src_key_padding_mask=self.memory_keys,
                      memory_key_padding_mask=self.memory_keys, tgt_key_padding_mask=self.keys)

    def write(self):
        module = self.module()
        with torch.no_grad():
            for name, p in module.named_parameters():
                norm = "norm" in name and name.endswith("weight")
                p.copy_(self.numbers(*p.shape) / 2 + (1 if norm else 0))
                self.lines.append(self.rounded("param %s %s" % (name, dims_of(p)), p))
        given = self.operands()
        for name, x in given.items():
            x.requires_grad_()
            self.lines.append(self.rounded("data %s %s" % (name, dims_of(x)), x))
        rows = L if self.kind == "attention" and "self" not in self.masks else S
        self.attn, self.keys = self.masks_of(self.masks, rows, S)
        self.memory_keys = self.mask("memory_keys", L, L) if "memory" in self.masks else None
        optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
        want = None
        for step in range(STEPS):
            optimizer.zero_grad()
            y = self.forward(module, given)
            if step == 0:
                want = self.numbers(*y.shape)
                self.lines += [self.rounded("data want %s" % dims_of(want), want), self.rounded("out", y)]
            nn.functional.mse_loss(y, want).backward()
            if step == 0:
                self.lines += [self.rounded("grad " + name, p.grad) for name, p in
                               [*module.named_parameters(), *given.items()]]
            optimizer.step()
        self.lines += [self.rounded("after " + name, p) for name, p in module.named_parameters()]
        return "".join(self.lines) + "end\n"

    @staticmethod
    def rounded(words, x):
        return words + "".join(" %.10g" % v for v in x.detach().reshape(-1).tolist()) + "\n"


RUNS = [
    ("attention",), ("attention", "b"), ("attention", "t"), ("attention", "", ("self",)), ("attention", "c", ("self",)),
    ("attention", "", ("mask",)), ("attention", "", ("added",)), ("attention", "", ("keys",)),
    ("attention", "", ("mask", "keys")), ("attention", "", ("added", "keys")), ("attention", "t", ("self", "keys")),
    ("attention", "", (), 4, 2, 5, 1, 3, 5), ("attention", "b", ("keys",), 4, 1, 5, 1, 0, 2),
    ("encoder_layer",), ("encoder_layer", "n"), ("encoder_layer", "gc", ("keys",)), ("encoder_layer", "ngt", ("added",)),
    ("decoder_layer",), ("decoder_layer", "nc"), ("decoder_layer", "gct", ("memory",)), ("decoder_layer", "n", ("keys", "memory")),
    ("encoder", "nf", (), 4, 2, 3, 2), ("encoder", "gc", (), 2, 1, 3, 2), ("decoder", "fc", ("memory",), 2, 2, 3, 2),
    ("transformer", "fc", ("memory",), 4, 2, 3, 1), ("transformer", "fnt", (), 2, 1, 3, 1),
]
text = "tapir runs 1 %d\n" % len(RUNS) + "".join(Run(i, *run).write() for i, run in enumerate(RUNS))
encoded = text.encode("ascii")
with open(os.path.join(HERE, "..", "..", "tests", "golden", "transformer.txt"), "wb") as file:
    file.write(encoded + b"fnv1a %016x\n" % fnv1a(encoded))
print("tests/golden/transformer.txt: %d runs, %d bytes" % (len(RUNS), len(encoded)))
sys.exit(0)
