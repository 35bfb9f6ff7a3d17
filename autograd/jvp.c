/* The public Jacobian-vector product: checks, one sweep of one lane. */
#include "autograd/sweep.h"

tp_status tp_check_direction(tp_tape *tape, const char *called, const char *direction, const tp_var *x,
                             const tp_var *dx, int i, int n)
{
    if (!tp_check_operand(tape, called, x[i], i + 1) || !tp_check_operand(tape, called, dx[i], n + i + 1) ||
        !tp_check_level(tape, called, x[i], i + 1))
        return tape->error.status;
    const tp_node *at = &tape->nodes[x[i].node], *along = &tape->nodes[dx[i].node];
    if (!((at->a | along->a) & TP_IS_TENSOR)) return TP_OK;
    char want[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
    const int rank = tp_var_rank(x[i]);
    if (!tp_dtype_is_float(tp_var_dtype(x[i])))
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: x[%d] is of %s", called, i, tp_dtype_name(tp_var_dtype(x[i])));
    if (tp_var_rank(dx[i]) != 0 && !tp_shape_equal(rank, tp_var_dims(x[i]), tp_var_rank(dx[i]), tp_var_dims(dx[i])))
        return tp_tape_fail(tape, TP_E_SHAPE, "tp_%s: %s[%d] has shape %s, x[%d] %s", called, direction, i,
                            tp_shape_text(got, tp_var_rank(dx[i]), tp_var_dims(dx[i])), i,
                            tp_shape_text(want, rank, tp_var_dims(x[i])));
    return TP_OK;
}

static tp_status check_directions(tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy)
{
    tp_tape *tape = y.tape;
    if (dy) *dy = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (n < 0 || !dy || (n > 0 && (!x || !dx))) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_jvp: x, dx or dy is NULL");
    if (!tp_check_operand(tape, "jvp", y, 0) || !tp_check_level(tape, "jvp", y, 0)) return tape->error.status;
    if (!tp_dtype_is_float(tp_var_dtype(y)))
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_jvp: y is of %s", tp_dtype_name(tp_var_dtype(y)));
    for (int i = 0; i < n; i++) {
        const tp_status status = tp_check_direction(tape, "jvp", "dx", x, dx, i, n);
        if (status != TP_OK) return status;
    }
    return tape->error.status;
}

tp_status tp_jvp(tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy, unsigned flags)
{
    tp_status status = check_directions(y, x, dx, n, dy);
    if (status != TP_OK) return status;
    tp_tape *tape = y.tape;
    tp_sweep s;
    status = tp_sweep_begin(&s, "tp_jvp", tape, &y, 1, x, n, 1, flags & TP_CREATE_GRAPH);
    for (int i = 0; i < n && status == TP_OK; i++) status = tp_sweep_seed(&s, 0, x[i], dx[i]);
    if (status == TP_OK) status = tp_sweep_run(&s);
    if (status == TP_OK) *dy = tp_sweep_result(&s, 0, y);
    tp_sweep_end(&s);
    return tp_ok(*dy) ? TP_OK : tape->error.status;
}
