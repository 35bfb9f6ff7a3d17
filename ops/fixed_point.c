/* x = g(x, theta), one node. Its operands are the start, theta, and what g captures; forward iterates, now and on
   replay. Its rules record g once more at the result, on aliases of all it depends on, and solve
       w = v + (dg/dx)^T w    for an upstream v: the gradients are (dg/dtheta)^T w
       dx = dy + (dg/dx) dx   in forward mode, where dy = (dg/dtheta) dtheta
   Where these are recorded, w and dx are themselves fixed points, of maps that differentiate g at the result: so there
   are derivatives of every order. */
#include <math.h>
#include <string.h>

#include <tapir/function.h>
#include <tapir/implicit.h>

#include "autograd/capture.h"
#include "autograd/function.h"
#include "ops/ops.h"

typedef struct problem {
    tp_function g;
    void *user;
    int n;                /* of theta */
    tp_captured captured; /* by g */
    tp_fixed_point_options o;
} problem;

/* ---- iteration ---- */

static double norm(tp_var x)
{
    return tp_value(x) ? sqrt(tp_item(tp_sum(tp_square(x)))) : fabs(tp_item(x));
}

/* Whether next is as good as x; fails at NaN. */
static tp_status compare(tp_tape *tape, const problem *p, tp_var x, tp_var next, int k, bool *good)
{
    const double step = norm(tp_sub(next, x));
    *good = step <= p->o.absolute + p->o.relative * norm(next);
    if (tape->error.status != TP_OK) return tape->error.status;
    if (isnan(step)) return tp_tape_fail(tape, TP_E_NUMERIC, "tp_fixed_point: NaN in iteration %d", k + 1);
    if (*good || k + 1 < p->o.limit) return TP_OK;
    return tp_tape_fail(tape, TP_E_NUMERIC, "tp_fixed_point: not converged after %d iterations: the last step is %g",
                        p->o.limit, step);
}

static tp_status check_like(tp_tape *tape, tp_var x, tp_var next)
{
    char want[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
    const int rank = tp_var_rank(x), own = tp_var_rank(next);
    if (!tp_shape_equal(rank, tp_var_dims(x), own, tp_var_dims(next)))
        return tp_tape_fail(tape, TP_E_SHAPE, "tp_fixed_point: g gives shape %s for an x of shape %s",
                            tp_shape_text(got, own, tp_var_dims(next)), tp_shape_text(want, rank, tp_var_dims(x)));
    if (tp_var_dtype(x) == tp_var_dtype(next)) return TP_OK;
    return tp_tape_fail(tape, TP_E_DTYPE, "tp_fixed_point: g gives %s for an x of %s",
                        tp_dtype_name(tp_var_dtype(next)), tp_dtype_name(tp_var_dtype(x)));
}

/* One step of an iteration: from x to the next one. */
typedef tp_var (*step)(tp_tape *tape, const problem *p, tp_var x, void *with);

/* From x to the fixed point, as a constant above what is on the tape. */
static tp_status iterate(tp_tape *tape, const problem *p, step next, void *with, tp_var *x)
{
    const tp_mark base = tp_tape_mark(tape);
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = 0;
    tp_status status = TP_OK;
    bool good = false;
    for (int k = 0; !good && status == TP_OK; k++) {
        tp_var y = next(tape, p, *x, with);
        status = tp_ok(y) ? check_like(tape, *x, y) : tape->error.status;
        if (status == TP_OK) status = compare(tape, p, *x, y, k, &good);
        if (status == TP_OK) status = tp_keep(tape, &base, &y, 1);
        *x = y;
    }
    tape->grad_mask = mask;
    return status;
}

/* ---- forward ---- */

static tp_status fixed_point_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_float(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

static tp_var call_g(tp_tape *tape, const problem *p, tp_var x, void *with)
{
    tp_var *operands = with;
    operands[0] = x;
    return tp_call_function("fixed_point", p->g, tape, operands, p->n + 1, p->user);
}

static tp_status fixed_point_forward(tp_ctx *ctx)
{
    tp_tape *tape = ctx->tape;
    const problem *p = tp_ctx_attributes(ctx);
    const tp_mark mark = tp_tape_mark(tape);
    tp_var *operands = tp_chunks_push(&tape->stack, ((size_t)p->n + 1) * sizeof *operands);
    if (!operands) return tp_tape_out_of_memory(tape, "tp_fixed_point");
    for (int i = 0; i <= p->n; i++) operands[i] = tp_ctx_input_var(ctx, i);
    tp_var x = operands[0];
    const tp_status status = iterate(tape, p, call_g, operands, &x);
    if (status == TP_OK) {
        tp_tensor *out = tp_ctx_output(ctx, 0);
        const tp_tensor *from = tp_value(x);
        if (from)
            tp_copy(out->rank, out->dims, (tp_dtype)out->dtype, out->data, out->strides, (tp_dtype)from->dtype,
                    from->data, from->strides);
        else
            tp_put(TP_F64, out->data, tp_item(x));
    }
    tp_drop_recording(tape, &mark);
    return status;
}

/* ---- the rules ---- */

/* g as a function of x alone, theta being captured. */
typedef struct at_theta {
    const problem *p;
    const tp_var *theta;
} at_theta;

static tp_var call_at_theta(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const at_theta *at = user;
    (void)n;
    tp_var *operands = tp_chunks_push(&tape->stack, ((size_t)at->p->n + 1) * sizeof *operands);
    if (!operands) return tp_refuse(tape, TP_E_MEMORY, "tp_fixed_point: out of memory");
    operands[0] = x[0];
    for (int i = 0; i < at->p->n; i++) operands[i + 1] = at->theta[i];
    return at->p->g(tape, operands, at->p->n + 1, at->p->user);
}

/* v + (dg/dx)^T w and v + (dg/dx) w as functions of w, v, x and theta. */
static tp_var pulled(tp_tape *tape, const tp_var *x, int n, void *user)
{
    at_theta at = {user, x + 3};
    tp_var product;
    (void)n;
    tp_vjp_of(call_at_theta, tape, &x[2], 1, &at, x[0], NULL, &product, 0);
    return tp_add(x[1], product);
}

static tp_var pushed(tp_tape *tape, const tp_var *x, int n, void *user)
{
    at_theta at = {user, x + 3};
    tp_var product;
    (void)n;
    tp_jvp_of(call_at_theta, tape, &x[2], &x[0], 1, &at, NULL, &product, 0);
    return tp_add(x[1], product);
}

/* As a fixed point of its own, differentiable. */
static tp_var solve_recorded(tp_ctx *ctx, tp_function map, tp_var v)
{
    tp_tape *tape = ctx->tape;
    const problem *p = tp_ctx_attributes(ctx);
    tp_var *theta = tp_chunks_push(&tape->stack, ((size_t)p->n + 2) * sizeof *theta);
    if (!theta) return tp_refuse(tape, TP_E_MEMORY, "tp_fixed_point: out of memory");
    theta[0] = v;
    theta[1] = tp_ctx_output_var(ctx, 0);
    for (int i = 0; i < p->n; i++) theta[i + 2] = tp_ctx_input_var(ctx, i + 1);
    return tp_fixed_point(map, tape, v, theta, p->n + 2, (void *)p, &p->o);
}

/* g recorded once, at the result. */
typedef struct linear {
    tp_var *x, y; /* aliases of the result and of the operands but for the start */
    tp_var v;     /* what is added in each iteration */
    bool transposed;
} linear;

static tp_status linearise(tp_ctx *ctx, linear *l)
{
    tp_tape *tape = ctx->tape;
    const problem *p = tp_ctx_attributes(ctx);
    const uint32_t mask = tape->grad_mask, below = tape->count;
    l->x = tp_chunks_push(&tape->stack, ctx->count * sizeof *l->x);
    if (!l->x) return tp_tape_out_of_memory(tape, "tp_fixed_point");
    tape->grad_mask = TP_NEEDS;
    for (int i = 0; i < (int)ctx->count; i++) {
        const tp_var x = i ? tp_ctx_input_var(ctx, i) : tp_ctx_output_var(ctx, 0);
        l->x[i] = tp_dtype_is_float(tp_var_dtype(x)) ? tp_alias(tape, x) : x;
    }
    const uint32_t first = tape->count;
    tp_status status = tape->error.status;
    if (status == TP_OK) {
        l->y = tp_call_function("fixed_point", p->g, tape, l->x, p->n + 1, p->user);
        status = tape->error.status;
    }
    if (status == TP_OK) status = tp_redirect(tape, "fixed_point", below, first, &p->captured, l->x + p->n + 1);
    tape->grad_mask = mask;
    return status;
}

static tp_var multiply(tp_tape *tape, const problem *p, tp_var w, void *with)
{
    const linear *l = with;
    tp_var product = tp_poison(tape);
    (void)p;
    if (l->transposed)
        tp_vjp(l->y, w, &l->x[0], 1, &product, 0);
    else
        tp_jvp(l->y, &l->x[0], &w, 1, &product, 0);
    return tp_add(l->v, product);
}

/* w = v + J^T w, or dx = v + J dx */
static tp_var solve(tp_ctx *ctx, linear *l, bool recorded, bool transposed, tp_var v)
{
    if (recorded) return solve_recorded(ctx, transposed ? pulled : pushed, v);
    l->v = v;
    l->transposed = transposed;
    return iterate(ctx->tape, tp_ctx_attributes(ctx), multiply, l, &v) == TP_OK ? v : tp_poison(ctx->tape);
}

static tp_status fixed_point_backward(tp_ctx *ctx, tp_var g)
{
    tp_tape *tape = ctx->tape;
    const bool recorded = tp_ctx_recorded(ctx);
    linear l;
    tp_status status = linearise(ctx, &l);
    if (status != TP_OK) return status;
    const tp_var w = solve(ctx, &l, recorded, true, g);
    tp_var *to = tp_chunks_push(&tape->stack, 2 * ctx->count * sizeof *to);
    if (!tp_ok(w) || !to) return tp_ok(w) ? tp_tape_out_of_memory(tape, "tp_fixed_point") : tape->error.status;
    tp_var *gradients = to + ctx->count;
    int n = 0;
    for (int i = 1; i < (int)ctx->count; i++)
        if (tp_ctx_needs(ctx, i)) to[n++] = l.x[i];
    status = tp_vjp(l.y, w, to, n, gradients, recorded ? TP_CREATE_GRAPH : 0);
    n = 0;
    for (int i = 1; i < (int)ctx->count && status == TP_OK; i++)
        if (tp_ctx_needs(ctx, i)) status = tp_give(ctx, i, gradients[n++]);
    return status;
}

static tp_status fixed_point_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    tp_tape *tape = ctx->tape;
    const bool recorded = tp_ctx_recorded(ctx);
    tp_var *x = tp_chunks_push(&tape->stack, 2 * ctx->count * sizeof *x);
    if (!x) return tp_tape_out_of_memory(tape, "tp_fixed_point");
    tp_var *dx = x + ctx->count, dy;
    linear l;
    tp_status status = linearise(ctx, &l);
    int n = 0;
    for (int i = 1; i < (int)ctx->count && status == TP_OK; i++)
        if (tp_ok(operands[i])) x[n] = l.x[i], dx[n++] = operands[i];
    if (status == TP_OK) status = tp_jvp(l.y, x, dx, n, &dy, recorded ? TP_CREATE_GRAPH : 0);
    if (status == TP_OK) results[0] = solve(ctx, &l, recorded, false, dy);
    return tape->error.status;
}

static const tp_op fixed_point_op = {TP_OP_HEAD,
                                     .name = "fixed_point",
                                     .arity = TP_VARIADIC,
                                     .attributes = sizeof(problem),
                                     .shape = fixed_point_shape,
                                     .forward = fixed_point_forward,
                                     .backward = fixed_point_backward,
                                     .jvp = fixed_point_jvp};

/* ---- the call ---- */

static tp_status check(tp_tape *tape, tp_function g, tp_var x0, const tp_var *theta, int n, const problem *p)
{
    if (!g || n < 0 || (n > 0 && !theta))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_fixed_point: g or theta is NULL, or n is %d", n);
    if (!(p->o.relative >= 0) || !(p->o.absolute >= 0) || p->o.limit < 0)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_fixed_point: an option is out of range");
    if (!tp_check_operand(tape, "fixed_point", x0, 0)) return tape->error.status;
    for (int i = 0; i < n; i++)
        if (!tp_check_operand(tape, "fixed_point", theta[i], i + 1)) return tape->error.status;
    return tape->error.status;
}

/* Calls g once, to see what it captures. */
static tp_status find_captured(tp_tape *tape, problem *p, const tp_var *operands)
{
    const uint32_t below = tape->count, chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    if (!tape->grad_mask) return TP_OK;
    tp_captured found = {0};
    tp_status status = TP_OK;
    tp_var *x = tp_chunks_push(&tape->stack, ((size_t)p->n + 1) * sizeof *x);
    if (!x) return tp_tape_out_of_memory(tape, "tp_fixed_point");
    for (int i = 0; i <= p->n && status == TP_OK; i++) {
        x[i] = tp_dtype_is_float(tp_var_dtype(operands[i])) ? tp_alias(tape, operands[i]) : operands[i];
        status = tape->error.status;
    }
    const uint32_t first = tape->count;
    if (status == TP_OK) {
        tp_call_function("fixed_point", p->g, tape, x, p->n + 1, p->user);
        status = tape->error.status;
    }
    if (status == TP_OK) status = tp_find_captured(tape, "fixed_point", below, first, &found);
    tp_unwind(tape, below, chunk, used);
    if (!tp_new_epoch(tape) && status == TP_OK) status = TP_E_MEMORY;
    if (status != TP_OK || found.count == 0) return status;
    uint32_t *nodes = tp_chunks_push(&tape->stack, found.count * sizeof *nodes); /* below where they were found */
    if (!nodes) return tp_tape_out_of_memory(tape, "tp_fixed_point");
    memmove(nodes, found.nodes, found.count * sizeof *nodes);
    p->captured = (tp_captured){found.count, nodes};
    return TP_OK;
}

static tp_var record(tp_tape *tape, problem *p, tp_var x0, const tp_var *theta)
{
    tp_var *few = tp_chunks_push(&tape->stack, ((size_t)p->n + 1) * sizeof *few);
    if (!few) return tp_refuse(tape, TP_E_MEMORY, "tp_fixed_point: out of memory");
    few[0] = tp_detach(x0);
    for (int i = 0; i < p->n; i++) few[i + 1] = theta[i];
    if (!tp_ok(few[0]) || find_captured(tape, p, few) != TP_OK) return tp_poison(tape);
    const size_t own = (size_t)p->n + 1, all = own + p->captured.count;
    if (all > INT32_MAX) return tp_refuse(tape, TP_E_LIMIT, "tp_fixed_point: too many operands");
    tp_var *operands = tp_chunks_push(&tape->stack, all * sizeof *operands);
    if (!operands) return tp_refuse(tape, TP_E_MEMORY, "tp_fixed_point: out of memory");
    memcpy(operands, few, own * sizeof *few);
    for (uint32_t i = 0; i < p->captured.count; i++) operands[own + i] = tp_handle(tape, p->captured.nodes[i]);
    return tp_apply(&fixed_point_op, operands, (int)all, p);
}

tp_var tp_fixed_point(tp_function g, tp_tape *tape, tp_var x0, const tp_var *theta, int n, void *user,
                      const tp_fixed_point_options *options)
{
    if (!tape) return tp_poison(NULL);
    problem p = {.g = g, .user = user, .n = n, .o = options ? *options : (tp_fixed_point_options){0}};
    const double usual = tp_var_dtype(x0) == TP_F32 && tp_ok(x0) ? 1e-6 : 1e-12;
    if (p.o.relative == 0) p.o.relative = usual;
    if (p.o.absolute == 0) p.o.absolute = usual;
    if (p.o.limit == 0) p.o.limit = 1000;
    if (check(tape, g, x0, theta, n, &p) != TP_OK) return tp_poison(tape);
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var x = record(tape, &p, x0, theta);
    if (!tp_ok(x)) tp_drop_recording(tape, &mark);
    return x;
}
