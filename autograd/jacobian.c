/* The public Jacobian and Hessian. */
#include "autograd/jacobian.h"

#include "autograd/walk.h"

static tp_status check_nodes(tp_tape *tape, const char *called, const char *letter, const tp_var *x, int n, int first)
{
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, called, x[i], first + i) || !tp_check_level(tape, called, x[i], first + i))
            return tape->error.status ? tape->error.status : TP_E_ARGUMENT;
        if (!tp_dtype_is_float(tp_var_dtype(x[i])))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: %s[%d] is of %s", called, letter, i,
                                tp_dtype_name(tp_var_dtype(x[i])));
    }
    return tape->error.status;
}

static tp_tape *tape_of(const tp_var *y, int m, const tp_var *x, int n)
{
    if (y && m > 0 && y[0].tape) return y[0].tape;
    return x && n > 0 ? x[0].tape : NULL;
}

tp_status tp_jacobian_by(tp_jacobian_way way, const tp_var *y, int m, const tp_var *x, int n, tp_var *jacobian,
                         unsigned flags)
{
    tp_tape *tape = tape_of(y, m, x, n);
    if (jacobian) *jacobian = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (m < 0 || n < 0 || (m > 0 && !y) || (n > 0 && !x) || !jacobian)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_jacobian: y, x or jacobian is NULL");
    tp_status status = check_nodes(tape, "jacobian", "y", y, m, 0);
    if (status == TP_OK) status = check_nodes(tape, "jacobian", "x", x, n, m);
    if (status != TP_OK) return status;
    tp_matrix w;
    status = tp_matrix_begin(&w, "tp_jacobian", tape, y, m, x, n, flags & TP_CREATE_GRAPH);
    const bool by_rows = way == TP_FEWER ? w.rows < w.columns : way == TP_BY_ROWS;
    if (status == TP_OK) status = by_rows ? tp_matrix_by_rows(&w) : tp_matrix_by_columns(&w);
    *jacobian = tp_matrix_end(&w, status);
    return tp_ok(*jacobian) ? TP_OK : tape->error.status;
}

tp_status tp_jacobian(const tp_var *y, int m, const tp_var *x, int n, tp_var *jacobian, unsigned flags)
{
    return tp_jacobian_by(TP_FEWER, y, m, x, n, jacobian, flags);
}

/* ---- the Hessian ---- */

/* H becomes (H + H^T) / 2. */
static tp_status symmetric(tp_tape *tape, tp_tensor *h)
{
    tp_tensor *other = tp_new_tensor(tape, (tp_dtype)h->dtype, 2, h->dims, "hessian");
    if (!other) return tape->error.status;
    const int64_t turned[2] = {h->strides[1], h->strides[0]};
    const tp_dtype dtype = (tp_dtype)h->dtype;
    tp_copy(2, h->dims, dtype, other->data, other->strides, dtype, h->data, turned);
    tp_add_into(tape->kernels, 2, h->dims, dtype, h->data, h->strides, other->data, other->strides);
    tape->kernels->of[dtype]->scale(h->count, h->data, .5);
    tp_unref(tape, other);
    return TP_OK;
}

static tp_status check_hessian(tp_var y, const tp_var *x, int n, tp_var *hessian)
{
    tp_tape *tape = y.tape ? y.tape : tape_of(NULL, 0, x, n);
    if (hessian) *hessian = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (n < 0 || (n > 0 && !x) || !hessian)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_hessian: x or hessian is NULL");
    tp_status status = check_nodes(tape, "hessian", "y", &y, 1, 0);
    if (status == TP_OK) status = check_nodes(tape, "hessian", "x", x, n, 1);
    char text[TP_SHAPE_TEXT];
    if (status == TP_OK && tp_value(y) && tp_value(y)->count != 1)
        return tp_tape_fail(tape, TP_E_SHAPE, "tp_hessian: y has shape %s: it must be one number",
                            tp_tensor_text(text, tp_value(y)));
    return status;
}

tp_status tp_hessian(tp_var y, const tp_var *x, int n, tp_var *hessian, unsigned flags)
{
    tp_status status = check_hessian(y, x, n, hessian);
    if (status != TP_OK) return status;
    tp_tape *tape = y.tape;
    const bool recorded = flags & TP_CREATE_GRAPH;
    const tp_mark end = tp_tape_mark(tape);
    tp_var *gradients = tp_chunks_push(&tape->stack, (size_t)(n + 1) * sizeof *gradients);
    if (!gradients) return tp_tape_out_of_memory(tape, "tp_hessian");
    const bool grad = tp_tape_set_grad(tape, true);
    status = tp_vjp_flagged(y, tp_none(), x, n, gradients, TP_CREATE_GRAPH | TP_NO_ADJOINTS);
    tp_tape_set_grad(tape, grad);
    tp_matrix w = {.tape = tape};
    if (status == TP_OK) status = tp_matrix_begin(&w, "tp_hessian", tape, gradients, n, x, n, recorded);
    if (status == TP_OK) status = tp_matrix_by_columns(&w);
    if (status == TP_OK && !recorded) status = symmetric(tape, w.numbers);
    if (!recorded) {
        tp_unwind(tape, end.node, end.chunk, end.used);
        if (!tp_new_epoch(tape)) status = TP_E_MEMORY;
    }
    *hessian = tp_matrix_end(&w, status);
    return tp_ok(*hessian) ? TP_OK : tape->error.status;
}
