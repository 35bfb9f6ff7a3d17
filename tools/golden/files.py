"""Writes tests/files/: files as PyTorch's and NumPy's users have them, and what they hold.

A safetensors file is written by the format's description alone (https://github.com/huggingface/safetensors): the length of
the header, the header as JSON, the elements; elements of 8 bytes before those of 4 and so on, as Tapir writes them too.
"""
import json
import os
import zipfile

import numpy
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "tests", "files")
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int8: "I8",
         torch.int16: "I16", torch.int32: "I32", torch.int64: "I64", torch.uint8: "U8", torch.bool: "BOOL"}


def path(name):
    return os.path.join(FOLDER, name)


def bytes_of(tensor):
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.contiguous().numpy().tobytes()


def save(name, tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for key, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        new = bytes_of(tensor)
        header[key] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                       "data_offsets": [len(data), len(data) + len(new)]}
        data += new
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path(name), "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def network(dtype):
    """A small convolutional network whose weights and running statistics have moved."""
    torch.manual_seed(11)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(27, 4)).to(dtype)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        net(torch.randn(5, 1, 6, 6, dtype=dtype)).square().mean().backward()
        optimiser.step()
    net.eval()
    x = torch.randn(4, 1, 6, 6, dtype=dtype)
    return net, x, net(x).detach()


def write_networks():
    for name, dtype in (("f32", torch.float32), ("f64", torch.float64)):
        net, x, y = network(dtype)
        save("torch_%s.safetensors" % name, dict(net.state_dict()), {"format": "pt"})
        save("torch_%s_run.safetensors" % name, {"x": x, "y": y})


def write_dtypes():
    """Each element type with its edges, and the same numbers in types that Tapir holds."""
    inf, nan = float("inf"), float("nan")
    halves = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6.103515625e-05, 5.9604644775390625e-08, -6.0975552e-05, inf, -inf,
                           nan, 0.333251953125], dtype=torch.float16)
    brains = torch.tensor([0.0, -0.0, 1.0, -2.5, 3.3895313892515355e38, 1.17549435e-38, 9.18354962e-41, inf, -inf, nan],
                          dtype=torch.bfloat16)
    tensors = {
        "f16": halves, "bf16": brains,
        "f32": torch.tensor([[1.5, -inf], [nan, 1.401298464324817e-45]]),
        "f64": torch.tensor([[[0.1]], [[-5e-324]]], dtype=torch.float64),
        "i8": torch.tensor([-128, -1, 0, 127], dtype=torch.int8),
        "i16": torch.tensor([-32768, -1, 32767], dtype=torch.int16),
        "i32": torch.tensor([-2**31, 2**31 - 1], dtype=torch.int32),
        "i64": torch.tensor([-2**63, 2**63 - 1, 2**53 + 1], dtype=torch.int64),
        "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "naïve \"quoted\" \\ 名前 \U0001f9ab\t": torch.ones(1),
    }
    metadata = {"format": "pt", "note": "tabs\tand\nlines, \x01, ünïcode", "empty": ""}
    save("dtypes.safetensors", tensors, metadata)
    held = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.int8: torch.int32, torch.int16: torch.int32,
            torch.bool: torch.uint8}
    save("dtypes_held.safetensors", {k: t.to(held.get(t.dtype, t.dtype)) for k, t in tensors.items()}, metadata)


def arrays():
    """Every type in both byte orders and both orders of indices, and shapes with edges."""
    made = {}
    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
        numbers = numpy.arange(-5, 7) * 0.75 if kind[0] == "f" else numpy.arange(12) * (5 if kind[0] == "i" else 9)
        if kind[0] == "i":
            numbers = numbers - 30
        if kind in ("i8", "u4", "u8"):
            numbers = numbers + {"i8": -2**55, "u4": 2**32 - 200, "u8": 2**62}[kind]
        array = numbers.reshape(2, 3, 2)
        for order in "<>" if kind[1] > "1" else "|":
            made[kind + {"<": "_little", ">": "_big", "|": ""}[order]] = array.astype(order + kind)
            made[kind + {"<": "_little", ">": "_big", "|": ""}[order] + "_fortran"] = numpy.asfortranarray(array.astype(order + kind))
    made["edges"] = numpy.array([numpy.inf, -numpy.inf, numpy.nan, -0.0, 5e-8], dtype=">f2")
    made["bool"] = numpy.array([[True, False], [False, True]])
    made["scalar"] = numpy.array(2.5)
    made["empty"] = numpy.zeros((3, 0, 2), dtype="f4")
    made["name with spaces, \u540d"] = numpy.asfortranarray(numpy.arange(24, dtype="f4").reshape(4, 6))
    return made


HELD = {"f2": "f4", "i1": "i4", "i2": "i4", "u2": "i4", "u4": "i8", "u8": "i8", "b1": "u1"}


def write_arrays():
    made = arrays()
    numpy.savez(path("arrays.npz"), **made)
    few = {name: made[name] for name in ("f4_little", "u8_big_fortran", "bool", "scalar")}
    numpy.savez_compressed(path("deflated.npz"), zeros=numpy.zeros((300, 10)), **few)
    held = {}
    for name, array in made.items():
        code = array.dtype.str[1:]
        held[name] = torch.from_numpy(numpy.array(array.astype("<" + HELD.get(code, code)), order="C"))
    save("arrays_held.safetensors", held)
    plain = {"matrix": numpy.arange(6, dtype="<f4").reshape(2, 3) / 4, "vector": numpy.arange(5, dtype="<i8") - 2**40,
             "scalar": numpy.array(0.1), "none": numpy.zeros((0, 3), dtype="<i4"), "bytes": numpy.arange(200, dtype="u1").reshape(1, 200)}
    for name, array in plain.items():
        numpy.save(path(name + ".npy"), array)
    for major in (2, 3):
        with open(path("version%d.npy" % major), "wb") as file:
            numpy.lib.format.write_array(file, plain["matrix"], version=(major, 0))
    write_zip64(plain["matrix"])


def write_zip64(array):
    """An archive whose every size stands in the 64-bit fields."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 1, 0
    with zipfile.ZipFile(path("zip64.npz"), "w") as archive:
        for name in ("a.npy", "b.npy"):
            with archive.open(name, "w", force_zip64=True) as file:
                numpy.lib.format.write_array(file, array)
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits


def write():
    os.makedirs(FOLDER, exist_ok=True)
    write_networks()
    write_dtypes()
    write_arrays()
    size = sum(os.path.getsize(path(name)) for name in os.listdir(FOLDER))
    print("tests/files: %d files, %d bytes" % (len(os.listdir(FOLDER)), size))
