/* Gradient descent that stays on the tape. */
#include <math.h>

#include <tapir/minimize.h>

#include "autograd/function.h"
#include "ops/ops.h"

typedef struct descent {
    tp_function f;
    tp_tape *tape;
    int n;
    void *user;
    tp_descend_options o;
    bool recorded;
    tp_var *at, *slope, *next, *next_slope; /* n each; slope lies behind at, so that both are kept by one call */
    double value;
    int64_t evaluations;
} descent;

/* |a - b|, or |a| where b is NULL, over all elements of n values. */
static double distance(const tp_var *a, const tp_var *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const tp_tensor *u = tp_value(a[i]), *v = b ? tp_value(b[i]) : NULL;
        const int64_t count = u ? u->count : 1;
        for (int64_t k = 0; k < count; k++) {
            double difference = u ? tp_tensor_item(u, k) : tp_item(a[i]);
            if (b) difference -= v ? tp_tensor_item(v, k) : tp_item(b[i]);
            sum += difference * difference;
        }
    }
    return sqrt(sum);
}

static tp_status evaluate(descent *d, const tp_var *x, tp_var *slope, double *value)
{
    tp_var y;
    if (d->evaluations++ == d->o.limit)
        return tp_tape_fail(d->tape, TP_E_NUMERIC, "tp_descend: no minimum after %lld evaluations, the slope is %g",
                            (long long)d->o.limit, distance(d->slope, NULL, d->n));
    const tp_status status = tp_value_and_grad(d->f, d->tape, x, d->n, d->user, &y, slope, d->o.flags);
    *value = tp_item(y);
    return status;
}

static tp_status step(descent *d, double size)
{
    for (int i = 0; i < d->n; i++) {
        d->next[i] = tp_sub(d->at[i], tp_muls(d->slope[i], d->o.maximise ? -size : size));
        if (!tp_ok(d->next[i])) return tp_tape_status(d->tape);
    }
    return TP_OK;
}

/* Takes the step where it leads down. */
static tp_status try(descent *d, tp_mark start, tp_mark mark, bool *taken)
{
    double value;
    tp_status status = evaluate(d, d->next, d->next_slope, &value);
    if (status != TP_OK) return status;
    *taken = d->o.maximise ? value > d->value : value < d->value;
    if (!*taken) return tp_tape_rewind(d->tape, mark);
    d->value = value;
    for (int i = 0; i < d->n; i++) d->at[i] = d->next[i], d->slope[i] = d->next_slope[i];
    return d->recorded ? TP_OK : tp_tape_rewind_keeping(d->tape, start, d->at, 2 * d->n);
}

static tp_status descend(descent *d, tp_mark start)
{
    tp_status status = evaluate(d, d->at, d->slope, &d->value);
    if (status == TP_OK && isnan(d->value))
        return tp_tape_fail(d->tape, TP_E_NUMERIC, "tp_descend: the function is NaN at the start");
    double size = d->o.step;
    int taken = 0;
    while (status == TP_OK && distance(d->slope, NULL, d->n) > d->o.tolerance) {
        if (taken == d->o.patience) size *= 2, taken = 0;
        const tp_mark mark = tp_tape_mark(d->tape);
        bool down = false;
        status = step(d, size);
        if (status != TP_OK) break;
        if (distance(d->at, d->next, d->n) <= d->o.tolerance) return tp_tape_rewind(d->tape, mark);
        status = try(d, start, mark, &down);
        taken = down ? taken + 1 : 0;
        if (!down) size /= 2;
    }
    if (status == TP_OK && isnan(distance(d->slope, NULL, d->n)))
        return tp_tape_fail(d->tape, TP_E_NUMERIC, "tp_descend: the slope is NaN");
    return status;
}

static tp_status open(descent *d, const tp_var *x, const tp_descend_options *options, const tp_var *minimum)
{
    tp_tape *tape = d->tape;
    const tp_descend_options given = options ? *options : (tp_descend_options){0};
    d->o = (tp_descend_options){.step = given.step != 0 ? given.step : 1e-5,
                                .tolerance = given.tolerance != 0 ? given.tolerance : 1e-5,
                                .patience = given.patience != 0 ? given.patience : 10,
                                .limit = given.limit != 0 ? given.limit : 1000000,
                                .maximise = given.maximise,
                                .flags = given.flags};
    if (!d->f || d->n < 0 || (d->n > 0 && (!x || !minimum)))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_descend: the function, x or minimum is NULL");
    if (!(d->o.step > 0) || !(d->o.tolerance >= 0) || d->o.patience < 0 || d->o.limit < 0)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_descend: an option is out of range");
    for (int i = 0; i < d->n; i++)
        if (!tp_check_operand(tape, "descend", x[i], i)) return tp_tape_status(tape);
    d->recorded = tp_records_derivatives(tape, d->o.flags);
    d->at = tp_chunks_push(&tape->stack, 4 * (size_t)d->n * sizeof *d->at);
    if (!d->at) return tp_tape_out_of_memory(tape, "tp_descend");
    d->slope = d->at + d->n;
    d->next = d->slope + d->n;
    d->next_slope = d->next + d->n;
    for (int i = 0; i < d->n; i++) d->at[i] = x[i];
    return tp_tape_status(tape);
}

tp_status tp_descend(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user,
                     const tp_descend_options *options, tp_var *minimum)
{
    for (int i = 0; i < n && minimum; i++) minimum[i] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    const tp_mark before = tp_tape_mark(tape);
    descent d = {.f = f, .tape = tape, .n = n, .user = user};
    tp_status status = open(&d, x, options, minimum);
    if (status == TP_OK) status = descend(&d, tp_tape_mark(tape));
    if (status == TP_OK && !d.recorded) status = tp_tape_rewind_keeping(tape, before, d.at, n);
    if (status == TP_OK) status = tape->error.status;
    if (status != TP_OK) tp_drop_recording(tape, &before);
    for (int i = 0; i < n && status == TP_OK; i++) minimum[i] = d.at[i];
    return status;
}
