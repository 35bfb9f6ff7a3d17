/* Derivatives of a recorded program against finite differences of itself, replayed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tapir/random.h>

#include "autograd/leaf.h"
#include "autograd/replay.h"

typedef struct check {
    tp_tape *tape;
    tp_var y;
    tp_gradcheck_options options;
    double *upstream; /* one number for each element of y */
    tp_error *error;
    double worst; /* how far the worst element is outside its tolerance, as a factor */
} check;

static int64_t count_of(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? value->count : 1;
}

static double item_of(tp_var x, int64_t i)
{
    const tp_tensor *value = tp_value(x);
    return value ? tp_tensor_item(value, i) : tp_item(x);
}

/* <upstream, y> at the leaves' present values. */
static tp_status evaluate(const check *c, double *sum)
{
    const tp_status status = tp_recompute(c->tape, c->y.node + 1, TP_REPEATS);
    const int64_t n = count_of(c->y);
    *sum = 0;
    for (int64_t i = 0; i < n; i++) *sum += c->upstream[i] * item_of(c->y, i);
    return status;
}

static double *element_of(check *c, tp_var x, int64_t i)
{
    tp_node *node = &c->tape->nodes[x.node];
    tp_leaf_entry *leaf = tp_leaf_of(c->tape, x.node);
    if (!leaf) return &node->value.number;
    return (double *)(void *)leaf->tensor->data + tp_tensor_offset(leaf->tensor, i);
}

/* (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h: the error is of order h^4. */
static tp_status difference(check *c, double *at, double *slope)
{
    const double x = *at, h = c->options.step * fmax(1, fabs(x)), steps[] = {h, -h, 2 * h, -2 * h};
    double f[4];
    tp_status status = TP_OK;
    for (int k = 0; k < 4 && status == TP_OK; k++) {
        *at = x + steps[k];
        status = evaluate(c, &f[k]);
    }
    *at = x;
    *slope = (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * h);
    return status;
}

static void compare(check *c, const char *what, const char *other, tp_var x, int input, int64_t i, double analytic,
                    double numeric)
{
    const double size = fmax(fabs(analytic), fabs(numeric));
    double excess = fabs(analytic - numeric) / (c->options.absolute + c->options.relative * size);
    if (isnan(excess)) excess = isnan(analytic) && isnan(numeric) ? 0 : HUGE_VAL;
    if (excess <= 1 || excess <= c->worst) return;
    c->worst = excess;
    const char *name = tp_name_of(c->tape, x.node);
    tp_fail(c->error, TP_E_CHECK, "%s: %s (node %u): by x[%d]%s%s, element %lld: %.12g, %s %.12g", what,
            c->tape->nodes[c->y.node].op->name, c->y.node, input, name ? " " : "", name ? name : "", (long long)i,
            analytic, other, numeric);
}

static tp_status check_inputs(check *c, const char *what, const tp_var *x, int n)
{
    tp_tape *tape = c->y.tape;
    if (!tape || !tp_ok(c->y)) return tp_fail(c->error, TP_E_ARGUMENT, "%s: y is no good handle", what);
    if (tape->error.status != TP_OK) return tp_fail(c->error, tape->error.status, "%s", tape->error.message);
    if (tp_running(tape)) return tp_fail(c->error, TP_E_ARGUMENT, "%s: %s is running", what, tp_running(tape));
    if (n < 0 || (n > 0 && !x)) return tp_fail(c->error, TP_E_ARGUMENT, "%s: x is NULL", what);
    if (tp_var_dtype(c->y) != TP_F64) return tp_fail(c->error, TP_E_DTYPE, "%s: y is not f64", what);
    for (int i = 0; i < n; i++) {
        if (x[i].tape != tape || !tp_ok(x[i])) return tp_fail(c->error, TP_E_STALE, "%s: x[%d] is stale", what, i);
        const tp_node *node = &tape->nodes[x[i].node];
        const tp_leaf_entry *leaf = tp_leaf_of(tape, x[i].node);
        if (node->op->structure != TP_LEAF || !(node->a & TP_NEEDS))
            return tp_fail(c->error, TP_E_ARGUMENT, "%s: x[%d] is no differentiable leaf", what, i);
        if ((leaf ? leaf->tensor->dtype : TP_F64) != TP_F64)
            return tp_fail(c->error, TP_E_DTYPE, "%s: x[%d] is not f64", what, i);
    }
    return TP_OK;
}

/* A constant on the tape that holds the upstream gradient. */
static tp_var upstream_node(check *c)
{
    const tp_tensor *value = tp_value(c->y);
    if (!value) return tp_const(c->tape, c->upstream[0]);
    tp_tensor *seed = tp_new_tensor(c->tape, TP_F64, value->rank, value->dims, "gradcheck");
    if (!seed) return tp_poison(c->tape);
    memcpy(seed->data, c->upstream, (size_t)value->count * sizeof(double));
    return tp_constant_tensor(c->tape, seed);
}

/* grads = <upstream, dy/dx> for every element of every x, one after another; the tape is rewound. */
static tp_status analytic_gradient(check *c, const tp_var *x, int n, double *all)
{
    tp_tape *tape = c->tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var *grads = tp_chunks_push(&tape->stack, (size_t)(n ? n : 1) * sizeof *grads);
    tp_status status = grads ? TP_OK : tp_tape_out_of_memory(tape, "tp_gradcheck");
    const tp_var seed = upstream_node(c);
    if (status == TP_OK) status = tape->error.status;
    if (status == TP_OK) status = tp_vjp(c->y, seed, x, n, grads, 0);
    for (int i = 0; i < n && status == TP_OK; i++) {
        const int64_t count = count_of(x[i]);
        for (int64_t k = 0; k < count; k++) *all++ = item_of(grads[i], k);
    }
    tp_tape_rewind(tape, mark);
    return status;
}

/* A difference came to where the program cannot follow: another branch, a label out of range. The leaves are as they
   were, and so are the values after one more replay. */
static tp_status failed(check *c, const char *what, tp_status status)
{
    tp_tape *tape = c->tape;
    const tp_error error = tape->error;
    tp_fail(c->error, status, "%s: %s", what, error.message);
    if (!tape->stopped) return status;
    tp_tape_clear_error(tape);
    tp_recompute(tape, c->y.node + 1, TP_REPEATS);
    if (status != TP_E_GUARD && tape->error.status == TP_OK) tape->error = error;
    return status;
}

static tp_status run_check(check *c, const char *what, const tp_var *x, int n, double *all)
{
    tp_status status = analytic_gradient(c, x, n, all);
    for (int i = 0; i < n && status == TP_OK; i++) {
        const int64_t count = count_of(x[i]);
        for (int64_t k = 0; k < count && status == TP_OK; k++) {
            double numeric;
            status = difference(c, element_of(c, x[i], k), &numeric);
            if (status == TP_OK) compare(c, what, "by finite differences", x[i], i, k, *all++, numeric);
        }
    }
    if (status == TP_OK) status = tp_recompute(c->tape, c->y.node + 1, TP_REPEATS);
    if (status != TP_OK) return failed(c, what, status);
    return c->worst > 0 ? TP_E_CHECK : TP_OK;
}

static tp_gradcheck_options with_defaults(const tp_gradcheck_options *options)
{
    tp_gradcheck_options o = options ? *options : (tp_gradcheck_options){0};
    if (!(o.step > 0)) o.step = 2e-4;
    if (!(o.relative > 0)) o.relative = 1e-6;
    if (!(o.absolute > 0)) o.absolute = 1e-8;
    return o;
}

static tp_status gradcheck(const char *what, tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options,
                           tp_error *error)
{
    check c = {.tape = y.tape, .y = y, .options = with_defaults(options), .error = error};
    tp_status status = check_inputs(&c, what, x, n);
    if (status != TP_OK) return status;
    size_t total = (size_t)count_of(y);
    for (int i = 0; i < n; i++) total += (size_t)count_of(x[i]);
    const size_t bytes = (total ? total : 1) * sizeof(double);
    c.upstream = tp_allocate(&y.tape->memory, bytes);
    if (!c.upstream) return tp_fail(error, TP_E_MEMORY, "%s: out of memory", what);
    tp_rng rng = tp_rng_seed(c.options.seed);
    for (int64_t i = 0; i < count_of(y); i++) c.upstream[i] = 2 * tp_rng_uniform(&rng) - 1;
    status = run_check(&c, what, x, n, c.upstream + count_of(y));
    tp_deallocate(&y.tape->memory, c.upstream, bytes);
    return status;
}

tp_status tp_gradcheck(tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error)
{
    return gradcheck("tp_gradcheck", y, x, n, options, error);
}

/* The upstream gradient as one more differentiable leaf, in memory of its own. */
static tp_var upstream_leaf(tp_var y, uint64_t seed)
{
    tp_tape *tape = y.tape;
    tp_rng rng = tp_rng_stream(seed, 1);
    const tp_tensor *value = tp_value(y);
    if (!value) return tp_scalar(tape, 0.5 + tp_rng_uniform(&rng));
    tp_tensor *tensor = tp_tensor_make(&tape->memory, TP_F64, value->rank, value->dims, NULL, NULL);
    if (!tensor) {
        tp_tape_out_of_memory(tape, "tp_gradgradcheck");
        return tp_poison(tape);
    }
    double *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < value->count; i++) data[i] = 0.5 + tp_rng_uniform(&rng);
    const tp_var leaf = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return leaf;
}

/* The recorded gradients against those of a walk that is not recorded: an op's backward against its gradient. */
static tp_status check_walks(check *c, const tp_var *inputs, int n, const tp_var *grads)
{
    tp_tape *tape = c->tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var *plain = tp_chunks_push(&tape->stack, (size_t)(n ? n : 1) * sizeof *plain);
    tp_status status = plain ? TP_OK : tp_tape_out_of_memory(tape, "tp_gradgradcheck");
    if (status == TP_OK) status = tp_vjp(c->y, inputs[n], inputs, n, plain, 0);
    for (int i = 0; i < n && status == TP_OK; i++)
        for (int64_t k = 0; k < count_of(inputs[i]); k++)
            compare(c, "tp_gradgradcheck: gradient recorded", "not recorded", inputs[i], i, k, item_of(grads[i], k),
                    item_of(plain[i], k));
    tp_tape_rewind(tape, mark);
    return status == TP_OK && c->worst > 0 ? TP_E_CHECK : status;
}

static tp_status check_gradients(check *c, tp_var *inputs, int n, tp_var *grads, const tp_gradcheck_options *options,
                                 tp_error *error)
{
    const tp_var y = c->y;
    tp_status status = tp_vjp(y, inputs[n], inputs, n, grads, TP_CREATE_GRAPH);
    if (status != TP_OK) return tp_fail(error, status, "tp_gradgradcheck: %s", y.tape->error.message);
    status = check_walks(c, inputs, n, grads);
    if (status != TP_OK && status != TP_E_CHECK)
        return tp_fail(error, status, "tp_gradgradcheck: %s", y.tape->error.message);
    for (int i = 0; i < n && status == TP_OK; i++)
        status = gradcheck("tp_gradgradcheck", grads[i], inputs, n + 1, options, error);
    return status;
}

tp_status tp_gradgradcheck(tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error)
{
    check c = {.tape = y.tape, .y = y, .options = with_defaults(options), .error = error};
    tp_status status = check_inputs(&c, "tp_gradgradcheck", x, n);
    if (status != TP_OK) return status;
    tp_tape *tape = y.tape;
    const tp_mark mark = tp_tape_mark(tape);
    const size_t bytes = (2 * (size_t)n + 1) * sizeof(tp_var);
    tp_var *inputs = tp_allocate(&tape->memory, bytes);
    if (!inputs) return tp_fail(error, TP_E_MEMORY, "tp_gradgradcheck: out of memory");
    for (int i = 0; i < n; i++) inputs[i] = x[i];
    inputs[n] = upstream_leaf(y, c.options.seed);
    status = tp_ok(inputs[n]) ? check_gradients(&c, inputs, n, inputs + n + 1, options, error)
                              : tp_fail(error, tape->error.status, "%s", tape->error.message);
    tp_deallocate(&tape->memory, inputs, bytes);
    tp_tape_rewind(tape, mark);
    return status;
}
