/* CTC's rule of any order: the forward sums over states recorded frame by frame, then the shares of the alignments
   carried back through them. Logs of nothing are NOTHING, a large finite number, so that no difference is NaN:
       m_t = log sum of the ways into each state, a_t = m_t + e_t            e_t: this frame's log p by state
       r_(T-1) = softmax(a_(T-1) + last), r_(t-1)(s) = sum over s' of r_t(s') e^(a_(t-1)(s) + way(s, s') - m_t(s'))
   Past an example's last frame both stand still. What follows from targets and lengths alone comes from ctc_plan. */
#include "ops/ctc.h"

#define NOTHING (-1e30)

/* ---- ctc_plan, an op of this rule alone: constants that targets and lengths make ---- */

typedef enum plan {
    PATHS,  /* (N, states, C): 1 at each state's class */
    START,  /* (N, states): 0 where a path starts, else NOTHING */
    LAST,   /* (N, states): 0 where it ends, else NOTHING */
    SKIPS,  /* (N, states): 0 where it may come from two states before, else NOTHING */
    RUNS,   /* (T, N, 1): 1 up to the last frame */
    SHARES, /* (N): 1 / max(1, length), what a mean makes of an example */
} plan;

typedef struct attributes {
    plan which;
    tp_dtype dtype;
    int64_t frames, states, classes, blank;
} attributes;

static tp_status ctc_plan_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const int64_t batch = tp_ctx_input(ctx, 1)->count;
    const int64_t paths[] = {batch, a->states, a->classes}, runs[] = {a->frames, batch, 1};
    const int rank = a->which == SHARES ? 1 : (a->which == PATHS || a->which == RUNS ? 3 : 2);
    return tp_ctx_result(ctx, 0, a->dtype, rank, a->which == RUNS ? runs : paths);
}

/* An example: how many labels it has, and the place of the first. */
typedef struct example {
    int64_t n, start, length;
} example;

static int64_t label_of(tp_ctx *ctx, const example *e, int64_t i)
{
    return (int64_t)tp_tensor_item(tp_ctx_input(ctx, 0), e->start + i);
}

/* What the plan says of state s, where it is a number a state. */
static double at_state(tp_ctx *ctx, plan which, const example *e, int64_t s)
{
    if (which == START) return s < 2 ? 0 : NOTHING;
    if (which == LAST) return s == 2 * e->length || s == 2 * e->length - 1 ? 0 : NOTHING;
    const bool label = s & 1 && s >= 3 && s < 2 * e->length;
    return label && label_of(ctx, e, s / 2) != label_of(ctx, e, s / 2 - 1) ? 0 : NOTHING;
}

static void plan_example(tp_ctx *ctx, const example *e, tp_tensor *out)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *frames = tp_ctx_input(ctx, 1);
    const int64_t size = (int64_t)tp_dtype_size(a->dtype), batch = frames->count;
    const bool by_class = a->which == PATHS;
    char *const row = out->data + e->n * a->states * (by_class ? a->classes : 1) * size;
    if (a->which == SHARES) {
        tp_put(a->dtype, out->data + e->n * size, 1 / (double)(e->length ? e->length : 1));
    } else if (a->which == RUNS) {
        for (int64_t t = 0; t < a->frames; t++)
            tp_put(a->dtype, out->data + (t * batch + e->n) * size, (double)t < tp_tensor_item(frames, e->n));
    } else {
        for (int64_t s = 0; s < (by_class ? 2 * e->length + 1 : a->states); s++) {
            const int64_t at = by_class ? s * a->classes + (s & 1 ? label_of(ctx, e, s / 2) : a->blank) : s;
            tp_put(a->dtype, row + at * size, by_class ? 1 : at_state(ctx, a->which, e, s));
        }
    }
}

/* Targets and lengths were checked by the op whose rule this is. */
static tp_status ctc_plan_forward(tp_ctx *ctx)
{
    const tp_tensor *targets = tp_ctx_input(ctx, 0), *lengths = tp_ctx_input(ctx, 2);
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_fill(out->count, a->dtype, out->data, 0);
    example e = {0};
    for (; e.n < lengths->count; e.n++) {
        if (targets->rank == 2) e.start = e.n * targets->dims[1];
        e.length = tp_ctc_length(lengths, e.n, 0, a->states / 2);
        if (e.length < 0) return tp_ctx_fail(ctx, TP_E_INDEX, "a target is longer than when it was recorded");
        plan_example(ctx, &e, out);
        e.start += targets->rank == 2 ? 0 : e.length;
    }
    return TP_OK;
}

static const tp_op ctc_plan = {TP_OP_HEAD,
                               .name = "ctc_plan",
                               .arity = TP_VARIADIC,
                               .structure = TP_GATHER,
                               .flags = TP_NO_GRADIENT,
                               .selectors = 7,
                               .attributes = sizeof(attributes),
                               .shape = ctc_plan_shape,
                               .forward = ctc_plan_forward};

static tp_var plan_of(tp_ctx *ctx, plan which)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const attributes of = {.which = which,
                           .dtype = (tp_dtype)x->dtype,
                           .frames = x->dims[0],
                           .states = tp_ctc_states(tp_ctx_input(ctx, 1), tp_ctx_input(ctx, 3)),
                           .classes = x->dims[2],
                           .blank = a->blank};
    return tp_apply(&ctc_plan, (tp_var[]){tp_ctx_input_var(ctx, 1), tp_ctx_input_var(ctx, 2), tp_ctx_input_var(ctx, 3)},
                    3, &of);
}

/* ---- the recursions ---- */

/* What every frame's step reads. */
typedef struct chain {
    int64_t frames, batch, states;
    tp_var emitted, skips, runs; /* (N, T, states), (N, states), (T, N, 1) */
} chain;

/* Frame t of emitted or runs, as (N, ...). */
static tp_var frame(tp_var x, int axis, int64_t t, int64_t batch, int64_t n)
{
    return tp_reshape(tp_slice(x, axis, t, t + 1, 1), 2, (int64_t[]){batch, n});
}

/* x (N, states) moved by `by` states up, or down where it is negative; `fill` comes in. */
static tp_var moved(tp_var x, int64_t by, double fill, int64_t batch)
{
    const int64_t n = by < 0 ? -by : by;
    const tp_var rest = by > 0 ? tp_slice(x, 1, 0, -n, 1) : tp_slice(x, 1, n, TP_END, 1);
    const tp_var in = tp_cast(tp_expand(tp_const(x.tape, fill), 2, (int64_t[]){batch, n}), tp_var_dtype(x));
    return tp_concat(by > 0 ? (tp_var[]){in, rest} : (tp_var[]){rest, in}, 2, 1);
}

/* The three ways into each state of a frame: from itself, from the one before, over a blank. One state has one way. */
static int ways_of(const chain *c, tp_var before, tp_var ways[3])
{
    ways[0] = before;
    if (c->states < 3) return 1;
    ways[1] = moved(before, 1, NOTHING, c->batch);
    ways[2] = tp_add(moved(before, 2, NOTHING, c->batch), c->skips);
    return 3;
}

static tp_var into(const chain *c, tp_var before)
{
    tp_var ways[3];
    const int n = ways_of(c, before, ways);
    return n == 1 ? before : tp_logsumexp(tp_stack(ways, n, 0), 0, false);
}

/* running ? a : b, where running is 1 or 0 */
static tp_var chosen(tp_var running, tp_var a, tp_var b)
{
    return tp_add(tp_mul(running, a), tp_mul(tp_rsubs(1, running), b));
}

/* The shares one frame earlier, where the example is still running at this one. */
static tp_var carried_back(const chain *c, tp_var shares, tp_var before)
{
    tp_var ways[3];
    const tp_var sum = into(c, before);
    const int n = ways_of(c, before, ways);
    tp_var all = tp_mul_masked(shares, tp_exp(tp_sub(ways[0], sum)));
    for (int k = 1; k < n; k++) {
        const tp_var part = tp_mul_masked(shares, tp_exp(tp_sub(ways[k], sum)));
        all = tp_add(all, moved(part, -k, 0, c->batch));
    }
    return all;
}

/* Shares of the alignments by frame and state: (N, T, states). *possible is (N): 1 where there is any alignment. */
static tp_var shares_of(tp_ctx *ctx, const chain *c, tp_var *possible)
{
    tp_var *a = tp_chunks_push(&ctx->tape->stack, (size_t)(2 * c->frames) * sizeof *a);
    if (!a) return tp_poison(ctx->tape);
    tp_var *const shares = a + c->frames;
    a[0] = tp_add(frame(c->emitted, 1, 0, c->batch, c->states), plan_of(ctx, START));
    for (int64_t t = 1; t < c->frames; t++) {
        const tp_var now = tp_add(into(c, a[t - 1]), frame(c->emitted, 1, t, c->batch, c->states));
        a[t] = chosen(frame(c->runs, 0, t, c->batch, 1), now, a[t - 1]);
    }
    const tp_var last = tp_add(a[c->frames - 1], plan_of(ctx, LAST));
    *possible = tp_step(tp_adds(tp_logsumexp(last, 1, false), -NOTHING / 2));
    tp_var r = tp_softmax(last, 1);
    for (int64_t t = c->frames - 1; t >= 0; t--) {
        const tp_var running = frame(c->runs, 0, t, c->batch, 1);
        shares[t] = tp_mul(running, r);
        if (t > 0) r = chosen(running, carried_back(c, r, a[t - 1]), r);
    }
    return tp_stack(shares, (int)c->frames, 1);
}

tp_status tp_ctc_backward_recorded(tp_ctx *ctx, tp_var g)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int64_t batch = x->dims[1], frames = x->dims[0];
    const tp_var log_p = tp_permute(tp_ctx_input_var(ctx, 0), 3, (int64_t[]){1, 0, 2});
    const tp_var paths = plan_of(ctx, PATHS);
    const chain c = {.frames = frames,
                     .batch = batch,
                     .states = tp_ctc_states(tp_ctx_input(ctx, 1), tp_ctx_input(ctx, 3)),
                     .emitted = tp_matmul(tp_maximum(log_p, tp_const(ctx->tape, NOTHING)), tp_transpose(paths, 1, 2)),
                     .skips = plan_of(ctx, SKIPS),
                     .runs = plan_of(ctx, RUNS)};
    tp_var possible;
    const tp_var shares = shares_of(ctx, &c, &possible);
    const tp_var by_class = tp_permute(tp_matmul(shares, paths), 3, (int64_t[]){1, 0, 2});
    if (!tp_ok(by_class)) return ctx->tape->error.status;
    if (a->how == TP_MEAN) g = tp_mul(tp_muls(g, 1 / (double)(batch ? batch : 1)), plan_of(ctx, SHARES));
    const tp_var up = tp_reshape(tp_mul(g, possible), 3, (int64_t[]){1, batch, 1});
    return tp_give(ctx, 0, tp_mul_masked(tp_neg(up), by_class));
}
