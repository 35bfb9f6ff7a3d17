#!/usr/bin/env python3
"""Writes tests/golden/FAMILY.txt: values, gradients and Hessian-vector products of every op, by PyTorch in f64.

    python3 tools/golden [family...]

A family's cases are in FAMILY_cases.py here. The files are text: numbers as hexadecimal floats, so that they are exact, and
at the end an FNV-1a hash of all bytes before that line. A case is
    case <op> <n> <attributes>          rows have their plain number there, other ops their axes and the like
    in <kind> <layout> <rank> <dims> <numbers>   an operand; kind g: a gradient arrives, k: constant numbers,
                                                 c: i64 constants, m: a u8 mask; layout d: dense, t: first and last
                                                 axis swapped in memory, s: every second element along the last axis
    up <rank> <dims> <numbers>          the upstream gradient
    out <rank> <dims> <numbers>         the value (integers and masks as numbers)
    grad <numbers>                      for each g operand: <up, d out / d operand>
    dir <numbers>                       for each g operand: a direction
    hvp <numbers>                       for each g operand, then for up: the derivative of the sum of <dir, grad>
Families of layers hold trajectories of training instead: see trajectories.py.
"files" writes tests/files, see files.py.
The same PyTorch on the same machine writes the same bytes; the seeds are the family's name and the case's number.
"""
import glob
import importlib
import os
import sys

import files
from common import Case, write_case

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = sorted(os.path.basename(p)[:-len("_cases.py")] for p in glob.glob(os.path.join(HERE, "*_cases.py")))


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def write_family(family):
    module = importlib.import_module(family + "_cases")
    if hasattr(module, "texts"):
        cases = module.texts()
        text = "tapir trajectories 1 %d\n" % len(cases) + "".join(cases)
    else:
        cases = module.cases()
        text = "tapir golden 2 %d\n" % len(cases)
        text += "".join(write_case(Case(family, number, *case)) for number, case in enumerate(cases))
    data = text.encode("ascii")
    path = os.path.join(HERE, "..", "..", "tests", "golden", family + ".txt")
    with open(path, "wb") as file:
        file.write(data + b"fnv1a %016x\n" % fnv1a(data))
    print("tests/golden/%s.txt: %d cases, %d bytes" % (family, len(cases), len(data)))


for name in sys.argv[1:] or FAMILIES + ["files"]:
    if name == "files":
        files.write()
    else:
        write_family(name)
