/* The pattern of linear ops whose results are elements of their operands: the op itself is run on the numbers of their
   sets, and moves them as it moves values. It is run on ones first: a result of anything but 0 or 1 is no such element.
   Where an operand's elements are added up, each goes to one place at most, and the adjoint says to which. */
#include "autograd/pattern.h"

#include <string.h>

typedef enum stand_in { ZEROS, ONES, SETS } stand_in;

enum { EXACT_IN_F32 = 1 << 24 };

/* A number everywhere, with the dims of operand k: one element in memory. */
static tp_var constant_like(tp_ctx *ctx, uint32_t k, double number)
{
    static const int64_t one = 1, still[TP_MAX_RANK] = {0};
    tp_tape *tape = ctx->tape;
    const tp_node *node = &tape->nodes[ctx->inputs[k]];
    if (!(node->a & TP_IS_TENSOR)) return tp_constant_number(tape, number);
    const tp_tensor *like = node->value.tensor;
    tp_tensor *x = tp_new_tensor(tape, TP_F64, 1, &one, "sparsity");
    if (!x) return tp_poison(tape);
    tp_put(TP_F64, x->data, number);
    tp_tensor_set_view(x, like->rank, like->dims, still, 0);
    return tp_constant_tensor(tape, x);
}

static tp_var stand_in_for(tp_ctx *ctx, uint32_t k, stand_in what)
{
    const tp_node *node = &ctx->tape->nodes[ctx->inputs[k]];
    const bool number = !(node->a & TP_IS_TENSOR) || tp_dtype_is_float((tp_dtype)node->value.tensor->dtype);
    if (!number || (k < 32 && ctx->op->selectors >> k & 1)) return tp_handle(ctx->tape, ctx->inputs[k]);
    if (what == SETS && node->a & TP_IS_TENSOR)
        return tp_constant_tensor(ctx->tape, tp_ref(tp_pattern_of(ctx->pattern, ctx->inputs[k])->tensor));
    if (what == SETS) return tp_constant_number(ctx->tape, tp_pattern_of(ctx->pattern, ctx->inputs[k])->number);
    return constant_like(ctx, k, what == ONES);
}

/* The op on `what` in the place of operand `only`, or of all that bring something in (-1), and zeros elsewhere. */
static tp_var run(tp_ctx *ctx, stand_in what, int64_t only)
{
    tp_tape *tape = ctx->tape;
    uint32_t *nodes = tp_chunks_push(&tape->stack, ((size_t)ctx->count + 1) * sizeof *nodes);
    tp_var result = tp_poison(tape);
    if (!nodes) {
        tp_tape_out_of_memory(tape, "sparsity");
        return result;
    }
    for (uint32_t k = 0; k < ctx->count; k++) {
        const bool chosen = only < 0 ? tp_pattern_has(ctx, k) : k == only;
        const tp_var x = stand_in_for(ctx, k, chosen ? what : ZEROS);
        if (!tp_ok(x)) return x;
        nodes[k] = x.node;
    }
    tp_record(tape, ctx->op, nodes, ctx->count, ctx->attributes, &result);
    return result;
}

/* x as dense doubles, with a reference; NULL when out of memory. */
static tp_tensor *numbers_of(tp_tape *tape, tp_var x)
{
    const tp_node *node = &tape->nodes[x.node];
    if (node->a & TP_IS_TENSOR) {
        tp_tensor *value = node->value.tensor;
        if (value->dense && value->dtype == TP_F64) return tp_ref(value);
        tp_tensor *dense = tp_new_tensor(tape, TP_F64, value->rank, value->dims, "sparsity");
        if (dense)
            tp_copy(value->rank, value->dims, TP_F64, dense->data, dense->strides, (tp_dtype)value->dtype, value->data,
                    value->strides);
        return dense;
    }
    const double number = node->value.number;
    tp_tensor *single = tp_new_tensor(tape, TP_F64, 0, NULL, "sparsity");
    if (single) tp_put(TP_F64, single->data, number);
    return single;
}

/* Every element is 0 or 1. */
static bool marks(tp_tape *tape, tp_var x)
{
    if (!tp_ok(x)) return false;
    const tp_tensor *value = tp_value(x);
    if (value && !value->dense) { /* an element stands for all that lie in its place */
        bool stretched = true;
        for (int i = 0; i < value->rank; i++) stretched = stretched && (value->strides[i] == 0 || value->dims[i] == 1);
        if (stretched && value->count) {
            const double number = tp_get((tp_dtype)value->dtype, value->data);
            return number == 0 || number == 1;
        }
    }
    tp_tensor *numbers = numbers_of(tape, x);
    if (!numbers) return false;
    const double *at = (const double *)(const void *)numbers->data;
    bool good = true;
    for (int64_t i = 0; i < numbers->count && good; i++) good = at[i] == 0 || at[i] == 1;
    tp_unref(tape, numbers);
    return good;
}

/* Whole numbers up to `highest` pass unchanged. */
static bool exact(tp_var x, double highest)
{
    return tp_var_dtype(x) == TP_F64 || highest < EXACT_IN_F32;
}

/* Moved as a whole: the result holds the numbers of its elements' sets. */
static tp_status forwards(tp_ctx *ctx, int64_t only, bool *done)
{
    tp_tape *tape = ctx->tape;
    const bool view = ctx->op->structure == TP_VIEW;
    *done = view || marks(tape, run(ctx, ONES, only));
    if (!*done || tape->error.status != TP_OK) return tape->error.status;
    const tp_var moved = run(ctx, SETS, only);
    const tp_sets *sets = &ctx->pattern->sets;
    if (!tp_ok(moved)) return tape->error.status;
    *done = exact(moved, (double)sets->inputs + sets->count);
    if (!*done) return TP_OK;
    if (tp_value(moved) && tp_var_dtype(moved) == TP_F64)
        return tp_pattern_add(ctx->pattern, ctx->node, tape->nodes[moved.node].value.tensor);
    tp_tensor *numbers = numbers_of(tape, moved);
    if (!numbers) return TP_E_MEMORY;
    const tp_status status = tp_pattern_add(ctx->pattern, ctx->node, numbers);
    tp_unref(tape, numbers);
    return status;
}

/* A leaf of zeros in the place of operand k, and the op on it: for the adjoint. */
static tp_var on_leaf(tp_ctx *ctx, uint32_t k, tp_var *leaf)
{
    tp_tape *tape = ctx->tape;
    tp_var result = tp_poison(tape);
    uint32_t *nodes = tp_chunks_push(&tape->stack, ((size_t)ctx->count + 1) * sizeof *nodes);
    if (!nodes) {
        tp_tape_out_of_memory(tape, "sparsity");
        return result;
    }
    for (uint32_t i = 0; i < ctx->count; i++) {
        const tp_var x = stand_in_for(ctx, i, ZEROS);
        if (!tp_ok(x)) return x;
        nodes[i] = x.node;
        if (i == k) *leaf = x;
    }
    tape->nodes[leaf->node].a |= TP_NEEDS;
    tape->grad_mask = TP_NEEDS;
    tp_record(tape, ctx->op, nodes, ctx->count, ctx->attributes, &result);
    tape->grad_mask = 0;
    return result;
}

/* 1, 2, ... in the shape of y. */
static tp_var numbered(tp_tape *tape, tp_var y)
{
    const tp_tensor *value = tp_value(y);
    if (!value) return tp_constant_number(tape, 1);
    tp_tensor *numbers = tp_new_tensor(tape, TP_F64, value->rank, value->dims, "sparsity");
    if (!numbers) return tp_poison(tape);
    for (int64_t i = 0; i < numbers->count; i++) ((double *)(void *)numbers->data)[i] = (double)(i + 1);
    return tp_cast(tp_constant_tensor(tape, numbers), tp_var_dtype(y));
}

/* Adds each element's set at its place, counted from 1, of the result. */
static tp_status scatter(tp_ctx *ctx, uint32_t k, const tp_tensor *places)
{
    tp_tape *tape = ctx->tape;
    tp_pattern *p = ctx->pattern;
    const tp_tensor *value = tp_value(tp_handle(tape, ctx->node));
    tp_tensor *out = tp_new_tensor(tape, TP_F64, value ? value->rank : 0, value ? value->dims : NULL, "sparsity");
    tp_tensor *held = out ? tp_pattern_tensor(p, ctx->inputs[k]) : NULL;
    tp_tensor *ids = held ? tp_pattern_dense(tape, held, held->rank, held->dims, held->strides) : NULL;
    if (ids) {
        tp_fill(out->count, TP_F64, out->data, 0);
        double *to = (double *)(void *)out->data;
        const double *set = (const double *)(const void *)ids->data,
                     *place = (const double *)(const void *)places->data;
        for (int64_t i = 0; i < ids->count; i++) {
            if (place[i] < 1 || place[i] > (double)out->count) continue;
            double *at = &to[(int64_t)place[i] - 1];
            *at = (double)tp_sets_union(&p->sets, (uint32_t)*at, (uint32_t)set[i]);
        }
        tp_pattern_add(p, ctx->node, out);
    }
    if (ids) tp_unref(tape, ids);
    if (held) tp_unref(tape, held);
    if (out) tp_unref(tape, out);
    return tape->error.status;
}

static tp_status backwards(tp_ctx *ctx, uint32_t k, bool *done)
{
    tp_tape *tape = ctx->tape;
    tp_var leaf = tp_poison(tape), places;
    const tp_var y = on_leaf(ctx, k, &leaf);
    *done = tp_ok(y) && tp_needs_grad(y) && tp_vjp(y, tp_constant_number(tape, 1), &leaf, 1, &places, 0) == TP_OK &&
            marks(tape, places) && exact(y, tp_value(y) ? (double)tp_value(y)->count : 1);
    if (!*done) return tape->error.status;
    *done = tp_vjp(y, numbered(tape, y), &leaf, 1, &places, 0) == TP_OK;
    tp_tensor *numbers = *done ? numbers_of(tape, places) : NULL;
    if (!numbers) return tape->error.status;
    const tp_status status = scatter(ctx, k, numbers);
    tp_unref(tape, numbers);
    return status;
}

/* An op that cannot be run on numbers in f64 is taken as one of which nothing is known. */
static void forgive(tp_ctx *ctx)
{
    tp_error *error = &ctx->tape->error;
    if (error->status != TP_OK && error->status != TP_E_MEMORY) *error = (tp_error){TP_OK, ""};
}

static tp_status one_by_one(tp_ctx *ctx)
{
    for (uint32_t k = 0; k < ctx->count; k++) {
        if (!tp_pattern_has(ctx, k)) continue;
        bool done;
        forwards(ctx, k, &done);
        forgive(ctx);
        if (!done) backwards(ctx, k, &done);
        forgive(ctx);
        if (!done) tp_pattern_all_of(ctx, k);
        if (ctx->tape->error.status != TP_OK) return ctx->tape->error.status;
    }
    return TP_OK;
}

/* Integers or masks that a replay may compute anew decide where elements go. */
static bool steered(const tp_ctx *ctx)
{
    for (uint32_t k = 0; k < ctx->count; k++) {
        const tp_node *node = &ctx->tape->nodes[ctx->inputs[k]];
        const bool number = !(node->a & TP_IS_TENSOR) || tp_dtype_is_float((tp_dtype)node->value.tensor->dtype);
        if ((!number || (k < 32 && ctx->op->selectors >> k & 1)) && node->op->structure != TP_LEAF) return true;
    }
    return false;
}

tp_status tp_pattern_moved(tp_ctx *ctx)
{
    if (ctx->results > 1 || steered(ctx)) return tp_pattern_everything(ctx);
    tp_tape *tape = ctx->tape;
    const tp_mark mark = tp_tape_mark(tape);
    const uint32_t mask = tape->grad_mask;
    void (*log)(void *user, const char *message) = tape->log;
    bool done;
    tape->grad_mask = 0;
    tape->log = NULL;
    forwards(ctx, -1, &done);
    forgive(ctx);
    if (!done && tape->error.status == TP_OK) one_by_one(ctx);
    tape->grad_mask = mask;
    tape->log = log;
    tp_unwind(tape, mark.node, mark.chunk, mark.used);
    return tp_new_epoch(tape) ? tape->error.status : TP_E_MEMORY;
}
