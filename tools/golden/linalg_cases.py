"""Products and linear algebra: (op, attributes, shapes of operands, function, low, high)."""
import torch

from common import Sliced, Turned


def product_cases():
    pairs = [[(2, 3), (3, 4)], [(1, 1), (1, 1)], [(3,), (3,)], [(3,), (3, 2)], [(2, 3), (3,)], [(2, 2, 3), (3,)],
             [(3,), (2, 3, 2)], [(2, 2, 3), (2, 3, 2)], [(2, 2, 3), (3, 2)], [(2, 3), (2, 3, 2)],
             [(1, 2, 3), (2, 3, 2)], [(2, 1, 2, 3), (3, 3, 2)], [Turned(2, 3), (3, 4)], [(2, 3), Turned(3, 4)],
             [Turned(2, 3), Turned(3, 4)], [Turned(2, 2, 3), (2, 3, 2)], [(6, 9), (9, 7)]]
    return [("matmul", [], pair, torch.matmul, -2, 2) for pair in pairs]


def vector_cases():
    cases = [("dot", [], pair, torch.dot, -2, 2) for pair in
             [[(1,), (1,)], [(4,), (4,)], [(17,), (17,)], [Sliced(5), (5,)], [Sliced(3), Sliced(3)], [(40,), (40,)]]]
    cases += [("outer", [], pair, lambda a, b: a.unsqueeze(-1) * b.unsqueeze(-2), -2, 2) for pair in
              [[(1,), (1,)], [(3,), (4,)], [Sliced(3), (2,)], [(2, 3), (2, 4)], [(2, 3), (4,)], [(3,), Turned(2, 4)],
               [(2, 1, 2), (3, 2)]]]
    cases += [("matvec", [], pair, lambda a, x: (a @ x.unsqueeze(-1)).squeeze(-1), -2, 2) for pair in
              [[(1, 1), (1,)], [(3, 4), (4,)], [Turned(3, 4), Sliced(4)], [(2, 3, 4), (4,)], [(2, 3, 4), (2, 4)],
               [(3, 4), (2, 4)], [(2, 1, 2, 3), (2, 3)], [Turned(2, 3, 4), Turned(2, 4)]]]
    cases += [("trace", [], [s], lambda x: torch.diagonal(x, 0, -2, -1).sum(-1), -2, 2) for s in
              [(1, 1), (3, 3), (2, 4), (4, 2), Turned(3, 3), Sliced(3, 3), (2, 3, 3), (2, 2, 2, 3), Turned(2, 2, 3)]]
    return cases


def packed(text):
    """Six characters of seven bits in a number."""
    return [sum(ord(c) << 7 * k for k, c in enumerate(text[i:i + 6])) for i in range(0, len(text), 6)]


EINSUMS = [
    ("i->i", (4,)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->i", (2, 3)), ("ij->j", (2, 3)), ("ba", (2, 3)),
    ("ijk->kij", (2, 3, 2)), ("ijk->j", (2, 3, 2)), ("...ij->...ji", (2, 2, 3)), ("...->...", (2, 3)),
    ("i...->...", (2, 3)), ("...i->i...", (2, 2, 3)), ("...->", (2, 3)), ("ij...->j", (2, 3, 2)),
    ("i,i->", (4,), (4,)), ("i,i->i", (4,), (4,)), ("i,i", (4,), (4,)), ("i,j->ij", (3,), (4,)), ("i,j", (3,), (2,)),
    ("j,i", (3,), (2,)), ("i,j->ji", (3,), (4,)), ("i,j->", (3,), (4,)), ("i,j->j", (3,), (4,)),
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4)),
    ("ji,jk->ik", (3, 2), (3, 4)), ("ij,kj->ik", (2, 3), (4, 3)), ("ji,kj->ik", (3, 2), (4, 3)),
    ("ij,j->i", (2, 3), (3,)), ("i,ij->j", (2,), (2, 3)), ("ij,ij->", (2, 3), (2, 3)), ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,ij->ij", (2, 3), (2, 3)), ("ij,ji->", (2, 3), (3, 2)), ("ij,ji->i", (2, 3), (3, 2)), ("ij,i->ij", (2, 3), (2,)),
    ("ij,j->ij", (2, 3), (3,)), ("ij,k->ijk", (2, 3), (2,)), ("ij,jk->", (2, 3), (3, 2)), ("ij,jk->j", (2, 3), (3, 2)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("bij,bkj->bik", (2, 2, 3), (2, 2, 3)), ("bij,jk->bik", (2, 2, 3), (3, 2)),
    ("bij,bjk->kib", (2, 2, 3), (2, 3, 2)), ("bij,bj->bi", (2, 2, 3), (2, 3)), ("bi,bi->b", (3, 4), (3, 4)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 2, 2)), ("bqhd,bkhd->bhqk", (2, 3, 2, 2), (2, 2, 2, 2)),
    ("bhqk,bkhd->bqhd", (2, 2, 3, 2), (2, 2, 2, 2)), ("abc,cda->bd", (2, 3, 2), (2, 2, 2)),
    ("abc,acd->abd", (2, 3, 2), (2, 2, 2)), ("abcd,cd->ab", (2, 2, 3, 2), (3, 2)), ("abcd,dcef->abef", (2, 1, 2, 3), (3, 2, 1, 2)),
    ("aB,Bc", (2, 3), (3, 2)), (" i j , j k -> i k ", (2, 3), (3, 2)), ("i,->i", (3,), ()), (",", (), ()),
    (",ij->ji", (), (2, 3)), ("...ij,...jk->...ik", (2, 2, 3), (3, 2)), ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
    ("...i,...i->...", (2, 3), (2, 3)), ("...i,...i->...", (2, 1, 3), (2, 3)), ("...i,...i", (2, 3), (3,)),
    ("...i,i->...i", (2, 3), (3,)), ("i...,i->...", (3, 2), (3,)), ("...,...->...", (2, 1), (1, 3)),
    ("...,...->", (2, 1), (1, 3)), ("b...,b...->b", (2, 3), (2, 3)), ("...ij,kj->ik...", (2, 2, 3), (2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 3)), ("ij,jk,kl", (2, 3), (3, 2), (2, 3)), ("ij,jk,ki->", (2, 3), (3, 2), (2, 2)),
    ("i,j,k->ijk", (2,), (3,), (2,)), ("i,ij,j->", (2,), (2, 3), (3,)), ("bi,ij,bj->b", (2, 2), (2, 3), (2, 3)),
    ("bn,anm,bm->ba", (2, 3), (2, 3, 2), (2, 2)), ("ab,bc,cd,de->ae", (2, 3), (3, 2), (2, 3), (3, 2)),
    ("i,i,i->i", (3,), (3,), (3,)), ("i,i,i->", (3,), (3,), (3,)), ("ij,ik,il->jkl", (2, 2), (2, 3), (2, 2)),
    ("ijk,il,jm,kn->lmn", (2, 2, 2), (2, 2), (2, 2), (2, 2)), ("a,b,c,d,e->", (2,), (2,), (2,), (2,), (2,)),
    ("ij,jk->ik", Turned(2, 3), (3, 4)), ("ij,jk->ik", Turned(2, 3), Turned(3, 4)), ("ij,kj->ki", Sliced(2, 3), Turned(4, 3)),
    ("bij,bjk->bik", Turned(2, 2, 3), Sliced(2, 3, 2)), ("abcd,dcef->abef", Turned(2, 1, 2, 3), Turned(3, 2, 1, 2)),
    ("...ij,...jk->...ik", Turned(2, 2, 3), Sliced(3, 2)), ("i,j->ij", Sliced(3), Sliced(4)),
    ("ij->j", Turned(2, 3)), ("bi,bi->b", Turned(3, 4), Sliced(3, 4)),
    ("abk,abkj->abj", (2, 3, 2), (2, 3, 2, 2)), ("abik,abk->abi", (2, 3, 2, 2), (2, 3, 2)),
    ("abk,abkj->abj", (1, 3, 2), (1, 3, 2, 2)), ("abck,kbacj->jcba", (2, 1, 2, 3), (3, 1, 2, 2, 2)),
    ("...k,...kj->...j", (2, 2, 3), (2, 1, 3, 2)), ("abc,cabe,bce,bc->e", (2, 3, 2), (2, 2, 3, 2), (3, 2, 2), (3, 2)),
    ("abc,adcb,abc->", (2, 3, 2), (2, 2, 2, 3), (2, 3, 2)),
]
DIAGONALS = [
    ("ii->i", (3, 3)), ("ii", (3, 3)), ("ii->", (3, 3)), ("iij->ij", (2, 2, 3)), ("iij->j", (2, 2, 3)),
    ("iji->ij", (2, 3, 2)), ("iji->ji", (2, 3, 2)), ("iii->i", (2, 2, 2)), ("iijj->ij", (2, 2, 3, 3)),
    ("ijij->ij", (2, 3, 2, 3)), ("ii,ij->ij", (2, 2), (2, 3)), ("ii,jj->ij", (2, 2), (3, 3)), ("ii,ii->i", (2, 2), (2, 2)),
    ("iji,jk->ik", (2, 3, 2), (3, 2)), ("...ii->...i", (2, 3, 3)), ("i...i->i...", (2, 3, 2)), ("...ii->...", (2, 3, 3)),
    ("ii->i", Turned(3, 3)), ("ii->i", Sliced(3, 3)), ("bii->b", Turned(2, 2, 2)), ("iij,jk->ik", Sliced(2, 2, 3), (3, 2)),
]


def einsum_cases():
    return [(op, packed(text), list(shapes), lambda *x, t=text: torch.einsum(t, *x), -2, 2)
            for op, rows in (("einsum", EINSUMS), ("diagonals", DIAGONALS)) for text, *shapes in rows]


# ---- matrices: as sound() of tests/test_ops_factors.c makes them --------------------------------------------------


def sound(x):
    return .3 * x + 4 * torch.eye(x.shape[-2], x.shape[-1])


def symmetric(a):
    return (a + a.mT) / 2


SQUARES = [(1, 1), (2, 2), (3, 3), (5, 5), Turned(3, 3), Sliced(3, 3), (2, 3, 3), (2, 1, 2, 2), Turned(2, 2, 2),
           Sliced(2, 2, 2)]


def square_cases():
    functions = [("cholesky", lambda x: torch.linalg.cholesky(symmetric(sound(x)))),
                 ("inverse", lambda x: torch.linalg.inv(sound(x))),
                 ("det", lambda x: torch.linalg.det(sound(x))),
                 ("logdet", lambda x: torch.logdet(sound(x))),
                 ("slogdet", lambda x: torch.linalg.slogdet(-sound(x)).logabsdet),
                 ("cofactor", lambda x: torch.linalg.inv(sound(x)).mT * torch.linalg.det(sound(x))[..., None, None])]
    cases = [(op, [], [s], f, -2, 2) for op, f in functions for s in SQUARES]
    return cases + [("det_drawn", [], [s], torch.linalg.det, -2, 2) for s in [(2, 2), (3, 3), (4, 4), (2, 3, 3), Turned(3, 3)]]


def slope_of(x, g):
    """The derivative of <g, cofactors> by the matrix, where it has an inverse."""
    a = sound(x)
    b, d = torch.linalg.inv(a).mT, torch.linalg.det(a)[..., None, None]
    return d * ((g * b).sum((-1, -2), True) * b - b @ g.mT @ b)


def slope_cases():
    return [("cofactor_slope", [], pair, slope_of, -2, 2) for pair in
            [[(1, 1), (1, 1)], [(2, 2), (2, 2)], [(3, 3), (3, 3)], [Turned(3, 3), (3, 3)], [(2, 2, 2), Sliced(2, 2, 2)]]]


def triangle_cases():
    shapes = [(3, 3), (2, 4), (4, 2), Turned(3, 3), (2, 2, 2)]
    return [("weighted_triangle", [upper, weight], [s],
             lambda x, u=upper, w=weight: (x.triu() if u else x.tril()) * (1 + (w - 1) * torch.eye(*x.shape[-2:])), -2, 2)
            for upper in (0, 1) for weight in (1, .5) for s in shapes]


def solve_cases():
    pairs = [[(1, 1), (1, 1)], [(3, 3), (3, 2)], [(3, 3), (3,)], [(5, 5), (5, 3)], [Turned(3, 3), (3, 2)],
             [(3, 3), Turned(3, 2)], [Sliced(3, 3), Sliced(3)], [(2, 3, 3), (2, 3, 2)], [(2, 3, 3), (3, 1)],
             [(3, 3), (2, 3, 1)], [(2, 1, 2, 2), (3, 2, 1)], [Turned(2, 2, 2), Turned(2, 2, 2)], [(2, 2, 2), (2,)]]

    def column(solve):
        return lambda a, b: solve(a, b[:, None]).squeeze(-1) if b.dim() == 1 else solve(a, b)

    def triangular(how):
        def solve(x, b):
            a = sound(x).mT if how & 2 else sound(x)
            return torch.linalg.solve_triangular(a, b, upper=bool(how & 1) != bool(how & 2), unitriangular=bool(how & 4))
        return solve
    cases = [("solve", [], pair, column(lambda x, b: torch.linalg.solve(sound(x), b)), -2, 2) for pair in pairs]
    return cases + [("triangular_solve", [how], pair, column(triangular(how)), -2, 2)
                    for how in range(8) for pair in pairs[how % 2::2 if how else 1]]


def apart(x):
    """As apart() of tests/test_ops_spectral.c makes them: singular values near 3, 6, 9, ..."""
    m, n = x.shape[-2:]
    return .2 * x + torch.eye(m, n) * (3 * torch.arange(1, m + 1)).unsqueeze(-1)


def larger_positive(u):
    """1 or -1 for each column: the sign of its largest element."""
    u = u.detach()
    return torch.sign(torch.gather(u, -2, u.abs().argmax(-2, keepdim=True)))


def qr(x):
    q, r = torch.linalg.qr(x)
    sign = torch.sign(torch.diagonal(r.detach(), 0, -2, -1)).unsqueeze(-2)
    return q * sign, r * sign.mT


def svd(x):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    sign = larger_positive(u)
    return u * sign, s, vt * sign.mT


def eigh(x):
    w, v = torch.linalg.eigh(symmetric(x))
    return w, v * larger_positive(v)


SHAPES = [(1, 1), (2, 2), (3, 3), (5, 5), (3, 2), (4, 1), (6, 3), (2, 3), (1, 3), (3, 6), Turned(3, 3), Sliced(3, 2), Turned(2, 4),
          (2, 3, 3), (2, 3, 2), (2, 2, 3), (2, 1, 2, 2)]


def spectral_cases():
    square = [s for s in SQUARES if s != (1, 1)]
    cases = [("qr", [k], [s], lambda x, k=k: qr(apart(x))[k], -2, 2) for k in (0, 1) for s in SHAPES]
    cases += [("svd", [k], [s], lambda x, k=k: svd(apart(x))[k], -2, 2) for k in (0, 1, 2) for s in SHAPES]
    cases += [("eigh", [k], [s], lambda x, k=k: eigh(apart(x))[k], -2, 2) for k in (0, 1) for s in square]
    cases += [("matrix_exp", [], [s], lambda x: torch.matrix_exp(x), -1, 1) for s in SQUARES]
    cases += [("matrix_exp", [], [s], lambda x: torch.matrix_exp(x), -4, 4) for s in [(2, 2), (3, 3)]]
    cases += [("pinv", [], [s], lambda x: torch.linalg.pinv(apart(x)), -2, 2) for s in SHAPES]
    cases += [("matrix_power", [p], [s], lambda x, p=p: torch.linalg.matrix_power(.5 * sound(x), p), -2, 2)
              for p in (1, 2, 3, 7, -1, -2) for s in [(2, 2), Turned(3, 3), (2, 2, 2)]]
    return cases + [("lstsq", [], pair, lambda a, b: torch.linalg.pinv(apart(a)) @ b, -2, 2) for pair in
                    [[(3, 3), (3, 2)], [(4, 2), (4, 2)], [(5, 3), (5,)], [(2, 4), (2, 2)], [(2, 3), (2,)],
                     [Turned(4, 2), Sliced(4, 2)], [(2, 4, 2), (2, 4, 1)], [(2, 3, 2), (3, 2)]]]


def cases():
    return (product_cases() + vector_cases() + einsum_cases() + square_cases() + slope_cases() + triangle_cases() +
            solve_cases() + spectral_cases())
