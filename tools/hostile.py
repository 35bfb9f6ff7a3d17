#!/usr/bin/env python3
"""Writes a C program that calls every public op with arguments drawn from what a caller can get wrong, and walks back
from whatever comes out: nothing may crash. The program is meant for a build with sanitizers; its arguments are a seed
and a number of calls.

    python3 tools/hostile.py include/tapir/ops_*.h > hostile.c
"""
import re
import sys

HEAD = r"""/* Written by tools/hostile.py. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tapir/tapir.h>

enum { TENSORS = 22, LIST = 16 };

static tp_rng rng;
static tp_tape *tape, *other;
static tp_tensor *tensors[TENSORS];
static tp_var operands[16], stale; /* stale: of a recording that was reset */

/* At most 16 MiB for a tape: what asks for more is refused, and nothing takes long. */
static size_t held;
static void *allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    if (size > ((size_t)1 << 24) - held) return NULL;
    held += size;
    return aligned_alloc(alignment < 16 ? 16 : alignment, (size + 63) / 64 * 64);
}

static void give_back(void *user, void *memory, size_t size)
{
    (void)user;
    held -= size;
    free(memory);
}

static uint32_t below(uint32_t n)
{
    return tp_rng_below(&rng, n);
}

#define PICK(...) pick((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
static double pick(const double *from, size_t n)
{
    return from[below((uint32_t)n)];
}

static void make_tensors(void)
{
    static const int64_t dims[][8] = {{3},       {2, 3},    {3, 3},    {3, 2, 3}, {1, 1, 3}, {0, 3},   {3, 0},
                                      {2, 3, 3}, {2, 2, 4, 4}, {2, 3, 4, 4}, {1, 2, 2, 3, 3}, {1, 2, 1, 1, 2, 1, 1, 3},
                                      {1},       {0}};
    static const int ranks[] = {1, 2, 2, 3, 3, 2, 2, 3, 4, 4, 5, 8, 1, 1};
    static const tp_dtype kinds[] = {TP_F64, TP_F64, TP_F32, TP_F64, TP_I64, TP_U8, TP_I32};
    const int shapes = (int)(sizeof ranks / sizeof *ranks);
    for (int i = 0; i < TENSORS; i++) {
        const int shape = i < shapes ? i : (int)below((uint32_t)shapes);
        const tp_dtype dtype = i < shapes ? TP_F64 : kinds[below(7)];
        tensors[i] = tp_tensor_new(dtype, ranks[shape], dims[shape]);
        tp_tensor *wide = tp_tensor_new(TP_F64, ranks[shape], dims[shape]);
        double *numbers = tp_tensor_data(wide);
        for (int64_t k = 0; k < tp_tensor_count(wide); k++)
            numbers[k] = dtype != TP_F64 && dtype != TP_F32 ? (double)below(4)
                         : below(12) == 0                   ? PICK(0, -0., INFINITY, -INFINITY, (double)NAN, 1e308, 1e-320)
                                                            : 4 * tp_rng_uniform(&rng) - 2;
        tp_tensor_copy(tensors[i], wide, NULL);
        tp_tensor_release(wide);
    }
}

static tp_var a_var(void)
{
    switch (below(14)) {
    case 0: return tp_none();
    case 1: return tp_scalar(tape, PICK(0, 1, -1, 2.5, (double)NAN, INFINITY));
    case 2: return tp_const(tape, PICK(0, 1, 2, -1, 1e300));
    case 3: return tp_sum_axes(tp_scalar(tape, 1), 1, (int64_t[]){7}, false); /* poisoned */
    case 4: return below(8) ? tp_scalar(tape, .5) : tp_scalar(other, 1);
    case 5: return below(4) ? tp_scalar(tape, .5) : stale;
    default: {
        tp_tensor *tensor = tensors[below(TENSORS)];
        const tp_dtype dtype = tp_tensor_dtype(tensor);
        const bool differentiable = below(4) && (dtype == TP_F64 || dtype == TP_F32);
        tp_var x = differentiable ? tp_leaf(tape, tensor) : tp_data(tape, tensor);
        if (below(4) == 0 && tp_var_rank(x) > 1) x = tp_transpose(x, 0, -1);
        return x;
    }
    }
}

static int an_int(void)
{
    return (int)PICK(-1, 0, 1, 2, 3, 4, 8, 9, 16, -2, INT32_MIN, below(8) ? 1 : 16);
}

/* How many entries of a list: never more than it has. */
static int a_count(void)
{
    return (int)PICK(-1, 0, 1, 2, 2, 3, 3, 4, 4, 5, 8, 9, 16, INT32_MIN);
}

static int64_t an_int64(void)
{
    switch (below(24)) {
    case 0: return INT64_MAX;
    case 1: return INT64_MIN;
    case 2: return INT64_C(1) << 62;
    case 3: return -(INT64_C(1) << 40);
    case 4: return 2000;
    default: return (int64_t)below(9) - 3;
    }
}

static const int64_t *a_list(void)
{
    static int64_t lists[8][LIST];
    static int at;
    int64_t *list = lists[at++ % 8];
    const bool tame = below(3);
    for (int i = 0; i < LIST; i++) list[i] = tame ? (int64_t)below(5) : an_int64();
    return below(24) ? list : NULL;
}

static double a_double(void)
{
    return PICK(0, 1, -1, .5, 2, 1e-8, 1e300, -.25, 3, INFINITY, -INFINITY, (double)NAN);
}

static tp_dtype a_dtype(void)
{
    return (tp_dtype)PICK(TP_F32, TP_F64, TP_F64, TP_I64, TP_I32, TP_U8, 9, -1);
}

static const tp_var *vars(void)
{
    for (int i = 0; i < 16; i++) operands[i] = a_var();
    return below(24) ? operands : NULL;
}

static tp_var results[64];
static tp_var *room(void)
{
    return below(8) ? results : NULL;
}

static const char *a_text(void)
{
    static const char *const texts[] = {"ij,jk->ik", "ii->i", "ij->", "...i,...i", "i,j", "abc,cd", "", "->", ",",
                                        "i->jj", "i.j", "ij->ji", "iii", "...ii->...i", "\xff", "i1", "i->i->i", " i j "};
    return below(24) ? texts[below(sizeof texts / sizeof *texts)] : NULL;
}

/* Options: a few fields set. A call may have several. */
static void *some_options(size_t size, const size_t *bools, int nbools, const size_t *handles, int nhandles,
                          const size_t *doubles, int ndoubles, const size_t *longs, int nlongs)
{
    static _Alignas(16) char rooms[4][512];
    static int turn;
    char *const bytes = rooms[turn++ % 4];
    memset(bytes, 0, sizeof *rooms);
    if (below(10) == 0 || size > sizeof *rooms) return NULL;
    for (int i = 0; i < nbools; i++) bytes[bools[i]] = (char)(below(3) == 0);
    for (int i = 0; i < nhandles; i++)
        if (below(2)) memcpy(bytes + handles[i], &(tp_var[]){a_var()}, sizeof(tp_var));
    for (int i = 0; i < ndoubles; i++)
        if (below(2)) memcpy(bytes + doubles[i], &(double[]){a_double()}, sizeof(double));
    for (int i = 0; i < nlongs; i++)
        if (below(2)) memcpy(bytes + longs[i], &(int64_t[]){below(2) ? (int64_t)below(4) : an_int64()}, sizeof(int64_t));
    return bytes;
}
"""

FOOT = r"""
/* What asks for derivatives, statistics and replays, on whatever is recorded. */
static void differentiate(tp_var y)
{
    const tp_var *x = vars(), *v = below(4) ? x : vars();
    const int n = a_count(), m = a_count();
    const unsigned flags = below(3) ? below(2) : (unsigned)an_int();
    tp_backward_need need;
    tp_op_tally tallies[4];
    tp_op_profile profiles[4];
    tp_error error;
    if (below(3) == 0) y = a_var();
    switch (below(18)) {
    case 0: tp_hvp(y, x, v, n, room(), flags); break;
    case 1: tp_jacobian(x, m, v, n, room(), flags); break;
    case 2: tp_hessian(y, x, n, room(), flags); break;
    case 3: tp_vjp(y, a_var(), x, n, room(), flags); break;
    case 4: tp_jvp(y, x, v, n, room(), flags); break;
    case 5: tp_gradients(y, x, n, room(), flags); break;
    case 6: tp_backward_from(y, a_var(), flags); break;
    case 7: tp_backward_bytes(y, flags, below(8) ? &need : NULL); break;
    case 8: tp_tape_op_counts(tape, below(8) ? tallies : NULL, below(2) ? 4 : -1); break;
    case 9: tp_tape_set_profile(below(8) ? tape : NULL, below(2)); break;
    case 10: tp_tape_profile(tape, below(8) ? profiles : NULL, below(2) ? 4 : 0); break;
    case 11: tp_replay(below(8) ? tape : NULL, flags); break;
    case 12: tp_guard(y), tp_guard_int(a_var()); break;
    case 13: tp_tape_rewind(tape, (tp_mark){below(8), below(8), below(2), below(64)}); break;
    case 14: tp_retain_grad(y), tp_set_item(y, a_double()), tp_name(y, a_text()); break;
    case 15: tp_gradcheck(y, x, x && below(3) ? 1 : n, NULL, below(2) ? &error : NULL); break;
    default: {
        const bool one = below(2);
        tp_sparse *sparse = below(2) ? tp_sparse_jacobian(one ? &y : x, one ? 1 : m, v, n, NULL)
                                     : tp_sparse_hessian(y, x, n, NULL);
        tp_sparse_compute(sparse);
        if (below(4) == 0) tp_sparse_rebind(sparse, x, m, v, n);
        tp_sparse_csr(sparse);
        tp_sparse_free(sparse);
    }
    }
}

int main(int argc, char **argv)
{
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const long calls = argc > 2 ? strtol(argv[2], NULL, 10) : 10000;
    long good = 0;
    rng = tp_rng_seed(seed);
    make_tensors();
    const tp_allocator memory = {allocate, give_back, NULL};
    tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
    other = tp_tape_new(NULL);
    for (long i = 0; i < calls; i++) {
        const uint32_t which = below(COUNT);
        if (getenv("HOSTILE_TRACE")) fprintf(stderr, "call %ld: %s\n", i, functions[which].name);
        memset(results, 0, sizeof results);
        tp_var y = functions[which].call();
        if (!tp_ok(y)) y = results[0];
        if (y.tape == tape && tp_ok(y) && tp_tape_status(tape) == TP_OK) {
            good++;
            const tp_dtype dtype = tp_var_dtype(y);
            if (dtype == TP_F32 || dtype == TP_F64) {
                const tp_var one = tp_const(tape, below(4) ? 1 : 0);
                tp_var dy;
                if (below(2)) tp_replay(tape, 0);
                if (tp_backward_from(y, one, below(2) ? TP_CREATE_GRAPH : 0) == TP_OK && below(2)) tp_backward_from(y, one, 0);
                tp_jvp(y, &y, &one, 1, &dy, 0);
            }
        }
        if (below(3) == 0) tp_tape_clear_error(tape);
        differentiate(y);
        if (y.tape == tape) stale = y;
        tp_tape_error(tape);
        tp_tape_reset(tape);
        tp_tape_reset(other);
        if (held > (size_t)1 << 23) { /* the pool keeps what it has: begin anew */
            stale = tp_none();
            tp_tape_free(tape);
            tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
        }
    }
    printf("hostile: %ld calls of %d functions, %ld of them good; seed %" PRIu64 "\n", calls, (int)COUNT, good, seed);
    tp_tape_free(tape);
    tp_tape_free(other);
    for (int k = 0; k < TENSORS; k++) tp_tensor_release(tensors[k]);
    return good > calls / 50 ? 0 : 1;
}
"""

SIMPLE = {"tp_var": "a_var()", "int": "an_int()", "int64_t": "an_int64()", "double": "a_double()", "bool": "below(2)",
          "tp_dtype": "a_dtype()", "const int64_t *": "a_list()", "const tp_var *": "vars()", "tp_var *": "room()",
          "const char *": "a_text()", "tp_tape *": "(below(24) ? tape : NULL)", "int64_t *": "NULL",
          "tp_tensor *": "(below(4) ? tensors[below(TENSORS)] : NULL)", "uint64_t": "(uint64_t)an_int64()",
          "double *": "NULL", "unsigned": "below(8)", "uint32_t": "below(100)"}


def structs(text):
    """Name -> list of (type, field, array length)."""
    found = {}
    for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", text, re.S):
        fields = []
        for kind, names in re.findall(r"^\s*(\w+) ([\w\[\], ]+);", re.sub(r"/\*.*?\*/", "", body, flags=re.S), re.M):
            for field in names.split(","):
                array = re.match(r"(\w+)(?:\[(\d+)\])?", field.strip())
                fields.append((kind, array.group(1), int(array.group(2) or 0)))
        found[name] = fields
    return found


def offsets(name, fields, kinds):
    places = []
    for kind, field, length in fields:
        if kind in kinds:
            places += ["offsetof(%s, %s%s)" % (name, field, "[%d]" % i if length else "") for i in range(max(length, 1))]
    return "(const size_t[]){%s}, %d" % (", ".join(places) or "0", len(places))


def options(name, fields, enums):
    parts = [offsets(name, fields, k) for k in (("bool",), ("tp_var",), ("double",), ("int64_t",))]
    return "some_options(sizeof(%s), %s)" % (name, ", ".join(parts))


def main():
    text = "".join(open(path).read() for path in sys.argv[1:])
    plain = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    enums = set(re.findall(r"typedef enum \w+ \{[^}]*\} (\w+);", plain))
    known = structs(text)
    print(HEAD.replace("#include <inttypes.h>", "#include <inttypes.h>\n#include <stddef.h>"))
    names = []
    for result, name, arguments in re.findall(r"TP_API ([\w ]+?) ?\*?(tp_\w+)\(([^;]*)\);", plain):
        calls, previous = [], ""
        for argument in [a.strip() for a in arguments.replace("\n", " ").split(",")]:
            kind, field = re.match(r"(.*?)(\w+)$", argument).groups()
            kind = kind.strip()
            base = kind.replace("const ", "").replace(" *", "")
            if base in known:
                calls.append(options(base, known[base], enums))
            elif base in enums:
                calls.append("(%s)PICK(0, 0, 1, 1, 2, 3, 9)" % base)
            elif kind == "int" and field in ("n", "rank", "parts"):
                calls.append("a_count()")
            else:
                calls.append(SIMPLE[kind])
        call = "%s(%s)" % (name, ", ".join(calls))
        body = "return %s;" % call if result == "tp_var" else "(void)%s;\n    return results[0];" % call
        print("static tp_var call_%s(void)\n{\n    %s\n}\n" % (name, body))
        names.append(name)
    print("static const struct {\n    const char *name;\n    tp_var (*call)(void);\n} functions[] = {")
    print("".join('    {"%s", call_%s},\n' % (n, n) for n in names) + "};")
    print("enum { COUNT = sizeof functions / sizeof *functions };")
    print(FOOT)


main()
