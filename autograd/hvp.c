/* Products with the Hessian: the gradient is recorded, then pushed along a direction. */
#include <tapir/derive.h>

#include "autograd/sweep.h"
#include "autograd/walk.h"

static tp_status check_calls(tp_var y, const tp_var *x, const tp_var *v, int n, tp_var *hv)
{
    tp_tape *tape = y.tape;
    for (int i = 0; hv && i < n; i++) hv[i] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (n < 0 || (n > 0 && (!x || !v || !hv))) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_hvp: x, v or hv is NULL");
    if (!tp_check_operand(tape, "hvp", y, 0) || !tp_check_level(tape, "hvp", y, 0)) return tape->error.status;
    if (tp_value(y) && tp_value(y)->count != 1) {
        char text[TP_SHAPE_TEXT];
        return tp_tape_fail(tape, TP_E_SHAPE, "tp_hvp: y has shape %s: it must be one number",
                            tp_tensor_text(text, tp_value(y)));
    }
    for (int i = 0; i < n; i++) {
        const tp_status status = tp_check_direction(tape, "hvp", "v", x, v, i, n);
        if (status != TP_OK) return status;
    }
    return tape->error.status;
}

/* The sweep over the gradient's nodes; in numbers the products go to `kept`, else to hv. */
static tp_status push(const tp_var *gradients, const tp_var *x, const tp_var *v, int n, tp_slot *kept, tp_var *hv)
{
    tp_tape *tape = x[0].tape;
    tp_sweep s;
    tp_status status = tp_sweep_begin(&s, "tp_hvp", tape, gradients, n, x, n, 1, kept == NULL);
    for (int i = 0; i < n && status == TP_OK; i++) status = tp_sweep_seed(&s, 0, x[i], v[i]);
    if (status == TP_OK) status = tp_sweep_run(&s);
    for (int i = 0; i < n && status == TP_OK; i++) {
        if (kept)
            kept[i] = tp_sweep_take(&s, 0, gradients[i]);
        else
            hv[i] = tp_sweep_result(&s, 0, gradients[i]);
        status = tape->error.status;
    }
    tp_sweep_end(&s);
    return status;
}

/* Forgets what was recorded since `end`; what is left are the products. */
static tp_status hand_out(tp_tape *tape, tp_mark end, const tp_var *x, int n, const tp_slot *kept, tp_var *hv,
                          tp_status status)
{
    tp_unwind(tape, end.node, tape->stack.chunk, tape->stack.used); /* `kept` stays until it has been read */
    if (!tp_new_epoch(tape)) status = TP_E_MEMORY;
    for (int i = 0; i < n; i++) {
        if (status == TP_OK) hv[i] = tp_tangent_constant(tape, x[i].node, kept[i], "tp_hvp");
        if (tape->nodes[x[i].node].a & TP_IS_TENSOR && kept[i].tensor) tp_unref(tape, kept[i].tensor);
        if (tape->error.status != TP_OK) status = tape->error.status;
    }
    tp_chunks_pop_to(&tape->stack, end.chunk, end.used);
    return status;
}

static tp_status in_numbers(tp_var y, const tp_var *x, const tp_var *v, int n, tp_var *hv)
{
    tp_tape *tape = y.tape;
    const tp_mark end = tp_tape_mark(tape);
    tp_slot *kept = tp_chunks_push(&tape->stack, (size_t)n * sizeof *kept);
    tp_var *gradients = tp_chunks_push(&tape->stack, (size_t)n * sizeof *gradients);
    if (!kept || !gradients) return tp_tape_out_of_memory(tape, "tp_hvp");
    for (int i = 0; i < n; i++) kept[i].bits = 0;
    const bool grad = tp_tape_set_grad(tape, true);
    tp_status status = tp_vjp_flagged(y, tp_none(), x, n, gradients, TP_CREATE_GRAPH | TP_NO_ADJOINTS);
    tp_tape_set_grad(tape, grad);
    if (status == TP_OK) status = push(gradients, x, v, n, kept, NULL);
    return hand_out(tape, end, x, n, kept, hv, status);
}

tp_status tp_hvp(tp_var y, const tp_var *x, const tp_var *v, int n, tp_var *hv, unsigned flags)
{
    tp_status status = check_calls(y, x, v, n, hv);
    if (status != TP_OK || n == 0) return status;
    if (flags & TP_CREATE_GRAPH) {
        status = tp_vjp_flagged(y, tp_none(), x, n, hv, TP_CREATE_GRAPH | TP_NO_ADJOINTS);
        if (status == TP_OK) status = push(hv, x, v, n, NULL, hv);
    } else {
        status = in_numbers(y, x, v, n, hv);
    }
    for (int i = 0; i < n && status != TP_OK; i++) hv[i] = tp_poison(y.tape);
    return status;
}
