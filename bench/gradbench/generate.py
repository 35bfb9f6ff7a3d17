"""Writes the inputs of GradBench's default run as JSON files, and prints a line for each: eval, workload, file.

usage: generate.py FOLDER [full]

The numbers are GradBench's, by its recipes for numpy's generators, but for lstm and ht, whose data comes in files there:
here a random text of 14 bits a character and a random hand of the same sizes stand in."""
import json
import os
import sys

import numpy

# n, m, p of the instances
BUNDLES = [(49, 7776, 31843), (21, 11315, 36455), (161, 48126, 182072), (372, 47423, 204472), (257, 65132, 225911),
           (539, 65220, 277273), (93, 61203, 287451), (88, 64298, 383937), (810, 88814, 393775), (1197, 126327, 563734),
           (1723, 156502, 678718), (253, 163691, 899155), (245, 198739, 1091386), (356, 226730, 1255268)]
CAMERA = [-0.758453, -1.109613, -0.845551, 34.556073, 39.676747, 53.881673, 419.194514, 5.864426, -8.51887, 0.087812,
          0.002739]
HANDS = [100, 192, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 100000]

# What is measured unless all is asked for.
SHORT = {
    "gmm": {"2_5_1000", "10_10_1000", "20_25_1000", "64_100_1000"},
    "ba": {"1", "5"},
    "lstm": {"l=2,c=1024", "l=4,c=4096"},
    "ht": {"hand1_t26_c100", "hand5_t26_c800"},
    "det": {"5", "8", "10"},
    "kmeans": {"k=10,n=1000,d=8", "k=100,n=1000,d=16", "k=100,n=10000,d=8"},
    "llsq": {"n=128,m=128", "n=1024,m=128", "n=16392,m=128"},
    "lse": {"n=2500", "n=80000", "n=1280000"},
    "ode": {"n=1000,s=10", "n=1000,s=100", "n=10000,s=100"},
}


def gmm():
    sizes = [(d, k) for d in (2, 10, 20, 32, 64) for k in (5, 10, 25, 50, 100)]
    n = 1000
    for d, k in sorted(sizes, key=lambda dk: dk[0] * dk[1]):
        rng = numpy.random.default_rng(31337)
        x, alpha = rng.normal(size=(n, d)), rng.normal(size=k)
        mu, q = rng.uniform(size=(k, d)), rng.normal(size=(k, d))
        yield f"{d}_{k}_{n}", dict(d=d, k=k, n=n, x=x, m=0, gamma=1.0, alpha=alpha, mu=mu, q=q,
                                   l=rng.normal(size=(k, d * (d - 1) // 2)))


def ba():
    for i, (n, m, p) in enumerate(BUNDLES):
        yield str(i + 1), dict(n=n, m=m, p=p, cam=CAMERA, x=[7.203245, 0.001144, 3.023326], w=0.417022,
                               feat=[271.760969, 834.209256])


def lstm():
    b = 14
    for l, c in sorted([(l, c) for l in (2, 4, 6) for c in (1024, 4096, 8192)], key=lambda lc: lc[0] * lc[1]):
        rng = numpy.random.default_rng(31337)
        letters = rng.integers(0, 1 << b, size=c)
        yield f"l={l},c={c}", dict(main_params=rng.uniform(size=(2 * l, 4 * b)), extra_params=rng.uniform(size=(3, b)),
                                   state=rng.uniform(size=(2 * l, b)),
                                   sequence=[[float(letter >> bit & 1) for bit in reversed(range(b))]
                                             for letter in letters])


def rigid(rng):
    """A random turn and a short way, as a matrix of 4 by 4."""
    m = numpy.eye(4)
    turn, upper = numpy.linalg.qr(rng.normal(size=(3, 3)))
    m[:3, :3], m[:3, 3] = turn * numpy.sign(numpy.diag(upper)), rng.normal(size=3) * 0.1
    return m


def ht():
    bones, vertices, triangles, used = 22, 10000, 1084, 544
    for i, p in enumerate(HANDS):
        rng = numpy.random.default_rng(31337)
        parents = [-1] + [0 if b % 4 == 1 else b - 1 for b in range(1, bones)]
        weights = numpy.zeros((vertices, bones))
        for row in weights:
            chosen = rng.choice(bones, size=rng.integers(1, 5), replace=False)
            share = rng.uniform(size=len(chosen))
            row[chosen] = share / share.sum()
        positions = numpy.concatenate([rng.uniform(-1, 1, size=(vertices, 3)), numpy.ones((vertices, 1))], axis=1)
        model = dict(bone_count=bones, bone_names=[f"bone{b}" for b in range(bones)], parents=parents,
                     base_relatives=[rigid(rng) for _ in range(bones)],
                     inverse_base_absolutes=[rigid(rng) for _ in range(bones)], base_positions=positions,
                     weights=weights, triangles=rng.integers(0, used, size=(triangles, 3)), is_mirrored=False)
        data = dict(correspondences=rng.integers(0, triangles, size=p), points=rng.normal(size=(p, 3)), model=model)
        yield f"hand{i + 1}_t26_c{p}", dict(theta=rng.normal(size=26) * 0.3, data=data,
                                            us=rng.uniform(0, 0.5, size=(p, 2)))


def det():
    numpy.random.seed(31337)
    for ell in range(5, 12):
        yield str(ell), dict(A=numpy.random.rand(ell * ell), ell=ell)


def kmeans():
    sizes = [(k, n, d) for k in (10, 100, 1000) for n in (1000, 10000) for d in (8, 16)]
    numpy.random.seed(31337)
    for k, n, d in sorted(sizes, key=lambda knd: knd[0] * knd[1] * knd[2]):
        points = numpy.random.rand(n, d)
        yield f"k={k},n={n},d={d}", dict(points=points, centroids=points[-k:])


def llsq():
    m = 128
    numpy.random.seed(31337)
    for n in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8196, 16392):
        yield f"n={n},m={m}", dict(x=numpy.random.rand(m), n=n)


def lse():
    numpy.random.seed(31337)
    for j in range(10):
        n = 2500 * 2**j
        yield f"n={n}", dict(x=numpy.random.rand(n))


def ode():
    sizes = [(n, s) for n in (1000, 10000, 100000) for s in (1, 10, 100)]
    numpy.random.seed(31337)
    for n, s in sorted(sizes, key=lambda ns: (ns[0] * ns[1], ns[0])):
        yield f"n={n},s={s}", dict(x=numpy.random.rand(n), s=s)


def particle():
    yield "w=0", dict(w=0.0)


def saddle():
    yield "w=0", dict(start=[1.0, 1.0])


def main():
    folder, full = sys.argv[1], sys.argv[2:] == ["full"]
    for generate in (gmm, ba, lstm, ht, det, kmeans, llsq, lse, ode, particle, saddle):
        name = generate.__name__
        for workload, values in generate():
            if not full and workload not in SHORT.get(name, {workload}):
                continue
            path = os.path.join(folder, f"{name}-{workload}.json")
            if not os.path.exists(path):
                with open(path + ".part", "w", encoding="ascii") as file:
                    json.dump({**values, "min_runs": 1, "min_seconds": 1}, file, default=lambda a: a.tolist())
                os.replace(path + ".part", path)
            print(name, workload, path)


main()
