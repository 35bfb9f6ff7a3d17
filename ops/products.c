/* Products of vectors, said as products of matrices or of elements. */
#include <string.h>

#include "ops/ops.h"

/* Both operands are good handles and have at least these ranks; else refuses. */
static bool take(const char *name, tp_var a, tp_var b, int rank_a, int rank_b)
{
    tp_tape *tape = a.tape ? a.tape : b.tape;
    if (!tape || !tp_check_operand(tape, name, a, 0) || !tp_check_operand(tape, name, b, 1)) return false;
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    if (tp_var_rank(a) >= rank_a && tp_var_rank(b) >= rank_b) return true;
    tp_refuse(tape, TP_E_SHAPE, "tp_%s: needs a %s and a vector, not %s and %s", name, rank_a > 1 ? "matrix" : "vector",
              tp_shape_text(first, tp_var_rank(a), tp_var_dims(a)),
              tp_shape_text(second, tp_var_rank(b), tp_var_dims(b)));
    return false;
}

static tp_var misfit(const char *name, tp_var a, tp_var b)
{
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    return tp_refuse(a.tape, TP_E_SHAPE, "tp_%s: the lengths differ: %s and %s", name,
                     tp_shape_text(first, tp_var_rank(a), tp_var_dims(a)),
                     tp_shape_text(second, tp_var_rank(b), tp_var_dims(b)));
}

/* The same with a dim of 1 put in at `axis`. */
static tp_var with_unit(tp_var x, int axis)
{
    const int rank = tp_var_rank(x);
    const int64_t *from = tp_var_dims(x);
    int64_t dims[TP_MAX_RANK + 1];
    for (int i = 0; i <= rank; i++) dims[i] = i == axis ? 1 : from[i < axis ? i : i - 1];
    return tp_reshape(x, rank + 1, dims);
}

tp_var tp_dot(tp_var a, tp_var b)
{
    if (!take("dot", a, b, 1, 1)) return tp_poison(a.tape ? a.tape : b.tape);
    if (tp_var_rank(a) != 1 || tp_var_rank(b) != 1 || tp_var_dims(a)[0] != tp_var_dims(b)[0])
        return misfit("dot", a, b);
    return tp_matmul(a, b);
}

tp_var tp_outer(tp_var a, tp_var b)
{
    if (!take("outer", a, b, 1, 1)) return tp_poison(a.tape ? a.tape : b.tape);
    return tp_mul(with_unit(a, tp_var_rank(a)), tp_var_rank(b) > 1 ? with_unit(b, tp_var_rank(b) - 1) : b);
}

tp_var tp_matvec(tp_var a, tp_var x)
{
    if (!take("matvec", a, x, 2, 1)) return tp_poison(a.tape ? a.tape : x.tape);
    const int rank = tp_var_rank(x);
    if (tp_var_dims(a)[tp_var_rank(a) - 1] != tp_var_dims(x)[rank - 1]) return misfit("matvec", a, x);
    if (rank == 1) return tp_matmul(a, x);
    const tp_var y = tp_matmul(a, with_unit(x, rank));
    return tp_ok(y) ? tp_reshape(y, tp_var_rank(y) - 1, tp_var_dims(y)) : y;
}
