/* Derivatives of functions. A call lies on the tape as
       aliases of x | what f records | what the derivative records
   and is rewound to its start when only numbers are wanted: what comes out is then put there as constants.
   Levels are kept apart by the aliases: a walk or a sweep of one level starts and ends at its own. */
#include <tapir/function.h>

#include <tapir/derive.h>

#include "autograd/function.h"

#include "autograd/give.h"
#include "autograd/leaf.h"
#include "autograd/sweep.h"
#include "autograd/walk.h"

static const char *const names[] = {"value_and_grad", "vjp_of", "jacobian_of", "hessian_of", "jvp_of", "hvp_of"};

enum { LANES = 8 }; /* directions that a sweep carries */

typedef enum kind { GRADIENT, PULLBACK, JACOBIAN, HESSIAN, PUSHFORWARD, CURVATURE } kind; /* the last two have a dx */

typedef struct call {
    kind kind;
    tp_tape *tape;
    unsigned flags;
    int n, results; /* operands; and what comes out: the value first */
    tp_var seed;
    const tp_var *dx;
    tp_var *x, *out; /* the aliases; results */
} call;

static tp_status check(const call *c, tp_function f, const tp_var *x, const tp_var *results)
{
    tp_tape *tape = c->tape;
    const char *name = names[c->kind];
    if (!f || c->n < 0 || (c->n > 0 && !x) || (c->results > 1 && !results) ||
        (c->kind >= PUSHFORWARD && c->n > 0 && !c->dx))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: the function, x or results are NULL", name);
    for (int i = 0; i < c->n; i++) {
        if (!tp_check_operand(tape, name, x[i], i)) return tape->error.status;
        if (!tp_dtype_is_float(tp_var_dtype(x[i])))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: x[%d] is of %s", name, i, tp_dtype_name(tp_var_dtype(x[i])));
        if (c->flags & TP_FORWARD && tp_value(x[i]))
            return tp_tape_fail(tape, TP_E_SHAPE, "tp_%s: x[%d] is a tensor: TP_FORWARD takes scalars", name, i);
    }
    return tape->error.status;
}

tp_var tp_call_function(const char *name, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user)
{
    const uint32_t guarded = tape->guarded, calling = tape->calling;
    tape->guarded = tape->count;
    tape->calling = 0;
    tape->functions++;
    const tp_var y = f(tape, x, n, user);
    tape->functions--;
    tape->calling = calling;
    tape->guarded = guarded;
    if (tape->error.status != TP_OK) return tp_poison(tape);
    if (y.tape == tape && tp_valid(tape, y)) return y;
    if (y.epoch == 0)
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: what the function returned is no handle", name);
    else
        tp_tape_fail(tape, TP_E_STALE, "tp_%s: what the function returned is %s", name,
                     y.tape == tape ? "a stale handle" : "on another tape");
    return tp_poison(tape);
}

/* By forward mode: a lane an x, some at a time. */
static tp_status forward_gradient(const call *c, tp_var y, bool recorded)
{
    if (tp_value(y)) return tp_tape_fail(c->tape, TP_E_SHAPE, "tp_value_and_grad: with TP_FORWARD f gives a scalar");
    const tp_var one = tp_const(c->tape, 1);
    tp_status status = tp_ok(one) ? TP_OK : c->tape->error.status;
    for (int i = 0; i < c->n && status == TP_OK; i += LANES) {
        const int lanes = c->n - i < LANES ? c->n - i : LANES;
        tp_sweep s;
        status = tp_sweep_begin(&s, "tp_value_and_grad", c->tape, &y, 1, &c->x[i], lanes, lanes, recorded);
        for (int lane = 0; lane < lanes && status == TP_OK; lane++)
            status = tp_sweep_seed(&s, lane, c->x[i + lane], one);
        if (status == TP_OK) status = tp_sweep_run(&s);
        for (int lane = 0; lane < lanes && status == TP_OK; lane++) {
            c->out[1 + i + lane] = tp_sweep_result(&s, lane, y);
            if (!tp_ok(c->out[1 + i + lane])) status = c->tape->error.status;
        }
        tp_sweep_end(&s);
    }
    return status;
}

static tp_status differentiate(const call *c)
{
    const tp_var y = c->out[0];
    const unsigned flags = c->flags & TP_CREATE_GRAPH;
    if (c->kind == PUSHFORWARD) return tp_jvp(y, c->x, c->dx, c->n, &c->out[1], flags);
    if (c->kind == CURVATURE) return tp_hvp(y, c->x, c->dx, c->n, &c->out[1], flags);
    if (c->kind == JACOBIAN) return tp_jacobian(&y, 1, c->x, c->n, &c->out[1], flags);
    if (c->kind == HESSIAN) return tp_hessian(y, c->x, c->n, &c->out[1], flags);
    if (c->kind == PULLBACK) return tp_vjp(y, c->seed, c->x, c->n, &c->out[1], flags);
    if (c->flags & TP_FORWARD) return forward_gradient(c, y, flags != 0);
    return tp_gradients(y, c->x, c->n, &c->out[1], flags);
}

/* As an inner walk, which is no business of the nodes below the aliases: it costs what f has recorded, however long the
   tape is, and leaves the adjoints of the latest walk where they are. */
static tp_status differentiate_above(const call *c, uint32_t first)
{
    tp_tape *tape = c->tape;
    const uint32_t floor = tape->floor;
    tp_status status = TP_OK;
    if (floor == 0 && c->out[0].node >= first) { /* an outer walk would have seen to older leaves */
        status = tp_check_versions(tape, c->out[0].node);
        if (tape->walked > first) tp_drop_adjoints(tape); /* f itself has walked */
        tape->floor = first;
    }
    if (status == TP_OK) status = differentiate(c);
    tape->floor = floor;
    return status;
}

static tp_status run(call *c, tp_function f, const tp_var *x, void *user)
{
    tp_tape *tape = c->tape;
    const uint32_t first = tape->count;
    c->x = tp_chunks_push(&tape->stack, ((size_t)c->n + (size_t)c->results) * sizeof *c->x);
    if (!c->x) return tp_tape_out_of_memory(tape, names[c->kind]);
    c->out = c->x + c->n;
    for (int i = 0; i < c->n; i++) {
        c->x[i] = tp_alias(tape, x[i]);
        if (!tp_ok(c->x[i])) return tape->error.status;
    }
    c->out[0] = tp_call_function(names[c->kind], f, tape, c->x, c->n, user);
    if (!tp_ok(c->out[0])) return tape->error.status;
    const tp_status status = differentiate_above(c, first);
    return status == TP_OK ? tape->error.status : status;
}

static tp_status derive(call *c, tp_function f, const tp_var *x, void *user, tp_var *value, tp_var *results)
{
    tp_tape *tape = c->tape;
    if (value) *value = tp_poison(tape);
    for (int k = 1; k < c->results && results; k++) results[k - 1] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    tp_status status = check(c, f, x, results);
    if (status != TP_OK) return status;
    const tp_mark mark = tp_tape_mark(tape);
    const uint32_t needs = tape->grad_mask;
    if (tp_records_derivatives(tape, c->flags)) c->flags |= TP_CREATE_GRAPH;
    tape->grad_mask = TP_NEEDS;
    status = run(c, f, x, user);
    tape->grad_mask = needs;
    if (status == TP_OK && !(c->flags & TP_CREATE_GRAPH)) status = tp_keep(tape, &mark, c->out, c->results);
    if (status != TP_OK) {
        tp_drop_recording(tape, &mark);
        return status;
    }
    /* Of numbers alone the stack has nothing any more, but nothing has been pushed since either. */
    for (int k = 1; k < c->results; k++) results[k - 1] = c->out[k];
    if (value) *value = c->out[0];
    return TP_OK;
}

tp_status tp_value_and_grad(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                            tp_var *grads, unsigned flags)
{
    call c = {.kind = GRADIENT, .tape = tape, .flags = flags, .n = n, .results = n + 1};
    return derive(&c, f, x, user, value, grads);
}

tp_status tp_vjp_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var seed, tp_var *value,
                    tp_var *grads, unsigned flags)
{
    call c = {.kind = PULLBACK, .tape = tape, .flags = flags & TP_CREATE_GRAPH, .n = n, .results = n + 1, .seed = seed};
    return derive(&c, f, x, user, value, grads);
}

tp_status tp_jvp_of(tp_function f, tp_tape *tape, const tp_var *x, const tp_var *dx, int n, void *user, tp_var *value,
                    tp_var *dy, unsigned flags)
{
    call c = {.kind = PUSHFORWARD, .tape = tape, .flags = flags & TP_CREATE_GRAPH, .n = n, .results = 2, .dx = dx};
    return derive(&c, f, x, user, value, dy);
}

tp_status tp_hvp_of(tp_function f, tp_tape *tape, const tp_var *x, const tp_var *v, int n, void *user, tp_var *value,
                    tp_var *hv, unsigned flags)
{
    call c = {.kind = CURVATURE, .tape = tape, .flags = flags & TP_CREATE_GRAPH, .n = n, .results = n + 1, .dx = v};
    return derive(&c, f, x, user, value, hv);
}

tp_status tp_jacobian_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                         tp_var *jacobian, unsigned flags)
{
    call c = {.kind = JACOBIAN, .tape = tape, .flags = flags & TP_CREATE_GRAPH, .n = n, .results = 2};
    return derive(&c, f, x, user, value, jacobian);
}

tp_status tp_hessian_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                        tp_var *hessian, unsigned flags)
{
    call c = {.kind = HESSIAN, .tape = tape, .flags = flags & TP_CREATE_GRAPH, .n = n, .results = 2};
    return derive(&c, f, x, user, value, hessian);
}
