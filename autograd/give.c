/* Adding up adjoints in numbers. A slot takes the first gradient over by reference; a later one is added in place only
   where the slot's tensor is its alone and dense, otherwise to a copy. A parameter's slot is its gradient's own memory.
 */
#include "autograd/give.h"

#include <string.h>

#include "autograd/anomaly.h"
#include "autograd/walk.h"

static bool fits(const tp_tensor *a, const tp_tensor *b)
{
    return a->dtype == b->dtype && tp_shape_equal(a->rank, a->dims, b->rank, b->dims);
}

/* Strides that stretch g over out's dims; false when g has to be summed. */
static bool stretches(const tp_tensor *g, const tp_tensor *out, int64_t strides[TP_MAX_RANK])
{
    const int missing = out->rank - g->rank;
    if (missing < 0) return false;
    for (int i = 0; i < out->rank; i++) {
        const int64_t dim = i < missing ? 1 : g->dims[i - missing];
        if (dim != out->dims[i] && dim != 1) return false;
        strides[i] = dim == out->dims[i] && i >= missing ? g->strides[i - missing] : 0;
    }
    return true;
}

bool tp_fit_axes(int rank, const int64_t *dims, const tp_shape *shape, unsigned *mask)
{
    const int extra = rank - shape->rank;
    if (extra < 0) return false;
    *mask = (1u << extra) - 1;
    for (int i = extra; i < rank; i++) {
        if (shape->dims[i - extra] == dims[i]) continue;
        if (shape->dims[i - extra] != 1) return false;
        *mask |= 1u << i;
    }
    return true;
}

bool tp_fit_numbers(const tp_tape *tape, const tp_tensor *g, tp_tensor *out)
{
    int64_t strides[TP_MAX_RANK];
    if (stretches(g, out, strides)) {
        tp_copy(out->rank, out->dims, (tp_dtype)out->dtype, out->data, out->strides, (tp_dtype)g->dtype, g->data,
                strides);
        return true;
    }
    tp_shape shape = {.rank = out->rank};
    memcpy(shape.dims, out->dims, sizeof shape.dims);
    unsigned mask;
    if (!tp_fit_axes(g->rank, g->dims, &shape, &mask)) return false;
    tp_reduce(tape->kernels, TP_FOLD_SUM, (tp_dtype)g->dtype, g->rank, g->dims, g->strides, g->data, mask,
              (tp_dtype)out->dtype, out->data, tape->threads);
    return true;
}

tp_status tp_misfit(tp_tape *tape, uint32_t node, const tp_tensor *g)
{
    char want[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
    return tp_tape_fail(tape, TP_E_SHAPE, "tp_backward: a gradient of shape %s was given to %s (node %u) of shape %s",
                        tp_tensor_text(got, g), tape->nodes[node].op->name, node,
                        tp_shape_text(want, tp_var_rank(tp_handle(tape, node)), tp_var_dims(tp_handle(tape, node))));
}

static bool writable(tp_tape *tape, uint32_t node, const tp_tensor *tensor)
{
    if (tensor->pool == &tape->pool && tensor->dense &&
        atomic_load_explicit(&tensor->refs, memory_order_relaxed) == 1 &&
        atomic_load_explicit(&tensor->storage->refs, memory_order_relaxed) == 1)
        return true;
    const tp_leaf_entry *leaf = tp_leaf_sinking(tape, node);
    return leaf && (tensor == leaf->tensor->grad || tensor == leaf->private_grad);
}

tp_tensor *tp_slot_destination(tp_tape *tape, uint32_t node, bool *accumulate)
{
    tp_tensor *held = tape->slots[node].tensor;
    const tp_tensor *value = tape->nodes[node].value.tensor;
    *accumulate = held != NULL;
    if (held && writable(tape, node, held)) return held;
    tp_leaf_entry *leaf = tp_leaf_sinking(tape, node);
    if (!held && leaf) {
        tp_tensor *sink = tp_leaf_sink(tape, leaf, accumulate);
        if (sink) tape->slots[node].tensor = tp_ref(sink);
        return sink;
    }
    tp_tensor *fresh = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, "backward");
    if (!fresh) return NULL;
    if (held) {
        tp_copy(fresh->rank, fresh->dims, (tp_dtype)fresh->dtype, fresh->data, fresh->strides, (tp_dtype)held->dtype,
                held->data, held->strides);
        tp_unref(tape, held);
    }
    tape->slots[node].tensor = fresh;
    return fresh;
}

static void add_tensor(const tp_tape *tape, tp_tensor *to, const tp_tensor *g, const int64_t *strides)
{
    tp_add_into(tape->kernels, to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, g->data, strides);
}

static tp_status add_fitted(tp_tape *tape, uint32_t node, const tp_tensor *g)
{
    bool accumulate;
    tp_tensor *to = tp_slot_destination(tape, node, &accumulate);
    if (!to) return tape->error.status;
    if (!accumulate) return tp_fit_numbers(tape, g, to) ? TP_OK : tp_misfit(tape, node, g);
    int64_t strides[TP_MAX_RANK];
    if (g->dtype == to->dtype && stretches(g, to, strides)) {
        add_tensor(tape, to, g, strides);
        return TP_OK;
    }
    tp_tensor *fitted = tp_new_tensor(tape, (tp_dtype)to->dtype, to->rank, to->dims, "backward");
    if (!fitted) return tape->error.status;
    const bool good = tp_fit_numbers(tape, g, fitted);
    if (good) add_tensor(tape, to, fitted, fitted->strides);
    tp_unref(tape, fitted);
    return good ? TP_OK : tp_misfit(tape, node, g);
}

tp_status tp_slot_add(tp_tape *tape, uint32_t node, tp_tensor *g)
{
    const tp_node *target = &tape->nodes[node];
    if (!(target->a & TP_NEEDS) || node < tape->walk_low) return TP_OK; /* nobody asks for what lies below */
    if (!(target->a & TP_IS_TENSOR)) {
        double sum = 0;
        tp_reduce(tape->kernels, TP_FOLD_SUM, (tp_dtype)g->dtype, g->rank, g->dims, g->strides, g->data,
                  (1u << g->rank) - 1, TP_F64, &sum, tape->threads);
        tape->slots[node].number += sum;
        return TP_OK;
    }
    /* The user's memory may be written to while a gradient that is kept is still to be read. */
    const bool lasting = g->storage && (g->storage->bin >= 0 || !tp_keeps(tape, node));
    const bool shared = lasting && !tape->slots[node].tensor && !tp_leaf_sinking(tape, node);
    if (shared && fits(g, target->value.tensor)) {
        tape->slots[node].tensor = tp_ref(g);
        return TP_OK;
    }
    int64_t strides[TP_MAX_RANK];
    const tp_tensor *value = target->value.tensor;
    if (shared && g->dtype == value->dtype && stretches(g, value, strides)) {
        tp_tensor *view = tp_pool_view(&tape->pool, g);
        if (!view) return tp_tape_out_of_memory(tape, "tp_backward");
        tp_tensor_set_view(view, value->rank, value->dims, strides, 0);
        tape->slots[node].tensor = view;
        return TP_OK;
    }
    return add_fitted(tape, node, g);
}

/* A tensor of one element seen everywhere. */
static tp_tensor *spread_number(tp_tape *tape, const tp_tensor *like, double g)
{
    static const int64_t one = 1, zeros[TP_MAX_RANK] = {0};
    tp_tensor *tensor = tp_new_tensor(tape, (tp_dtype)like->dtype, 1, &one, "backward");
    if (!tensor) return NULL;
    tp_put((tp_dtype)like->dtype, tensor->data, g);
    tp_tensor_set_view(tensor, like->rank, like->dims, zeros, 0);
    return tensor;
}

tp_status tp_slot_add_number(tp_tape *tape, uint32_t node, double g)
{
    const tp_node *target = &tape->nodes[node];
    if (!(target->a & TP_NEEDS) || node < tape->walk_low) return TP_OK; /* nobody asks for what lies below */
    if (!(target->a & TP_IS_TENSOR)) {
        tape->slots[node].number += g;
        return TP_OK;
    }
    tp_tensor *tensor = spread_number(tape, target->value.tensor, g);
    if (!tensor) return tape->error.status;
    const tp_status status = tp_slot_add(tape, node, tensor);
    tp_unref(tape, tensor);
    return status;
}

static tp_status check_give(tp_ctx *ctx, int i, tp_var g)
{
    tp_tape *tape = ctx->tape;
    if (i < 0 || (uint32_t)i >= ctx->count) return tp_ctx_fail(ctx, TP_E_INDEX, "gives to operand %d", i);
    if (ctx->phase != TP_IN_NUMBERS && ctx->phase != TP_IN_RECORDED)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "gives a gradient outside of backward");
    if (!tp_ctx_needs(ctx, i) || (g.tape == tape && tp_valid(tape, g))) return TP_OK;
    return tape->error.status ? tape->error.status : tp_ctx_fail(ctx, TP_E_STALE, "gives a bad handle");
}

tp_status tp_give(tp_ctx *ctx, int i, tp_var g)
{
    tp_tape *tape = ctx->tape;
    const tp_status status = check_give(ctx, i, g);
    if (status != TP_OK || !tp_ctx_needs(ctx, i)) return status;
    if (!tp_dtype_is_float(tp_var_dtype(g))) { /* sums are made of floats only */
        g = tp_cast(g, tp_var_dtype(tp_ctx_input_var(ctx, i)));
        if (!tp_ok(g)) return tape->error.status;
    }
    if (ctx->phase == TP_IN_RECORDED) return tp_slot_record(tape, ctx->inputs[i], g);
    const tp_node *node = &tape->nodes[g.node];
    return node->a & TP_IS_TENSOR ? tp_slot_add(tape, ctx->inputs[i], node->value.tensor)
                                  : tp_slot_add_number(tape, ctx->inputs[i], node->value.number);
}

tp_status tp_ctx_pass(tp_ctx *ctx, int i, const tp_tensor *g)
{
    if (ctx->phase != TP_IN_NUMBERS) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "passes numbers outside of gradient");
    if (!g || !tp_dtype_is_float((tp_dtype)g->dtype))
        return tp_ctx_fail(ctx, TP_E_DTYPE, "passes a gradient that is not f32 or f64");
    return tp_ctx_needs(ctx, i) ? tp_slot_add(ctx->tape, ctx->inputs[i], (tp_tensor *)g) : TP_OK;
}

/* The node is a parameter that has a gradient already: a walk adds to it. */
static bool param_holds(tp_tape *tape, uint32_t node)
{
    const tp_leaf_entry *leaf = tp_leaf_sinking(tape, node);
    if (!leaf) return false;
    return tape->private_grads ? leaf->private_grad != NULL : leaf->tensor->grad_state == TP_GRAD_VALID;
}

tp_tensor *tp_ctx_grad(tp_ctx *ctx, int i, bool *accumulate)
{
    tp_tape *tape = ctx->tape;
    bool add = false;
    if (accumulate) *accumulate = false;
    if (ctx->phase != TP_IN_NUMBERS || !tp_ctx_needs(ctx, i)) return NULL;
    const uint32_t node = ctx->inputs[i];
    const tp_node *target = &tape->nodes[node];
    const bool scalar = !(target->a & TP_IS_TENSOR);
    if (!scalar && (accumulate || (!tape->slots[node].tensor && !param_holds(tape, node)))) {
        tp_tensor *to = tp_slot_destination(tape, node, &add);
        if (accumulate) *accumulate = add;
        return to;
    }
    const tp_tensor *value = target->value.tensor;
    tp_tensor *beside = tp_new_tensor(tape, scalar ? TP_F64 : (tp_dtype)value->dtype, scalar ? 0 : value->rank,
                                      scalar ? NULL : value->dims, ctx->op->name);
    tp_pending *pending = beside ? tp_chunks_push(&tape->stack, sizeof *pending) : NULL;
    if (!pending) {
        if (beside) tp_unref(tape, beside);
        tp_tape_out_of_memory(tape, "tp_backward");
        return NULL;
    }
    *pending = (tp_pending){ctx->pending, i, beside};
    ctx->pending = pending;
    return beside;
}

tp_status tp_flush_pending(tp_ctx *ctx)
{
    tp_status status = TP_OK;
    for (tp_pending *p = ctx->pending; p; p = p->next) {
        const tp_status added = tp_slot_add(ctx->tape, ctx->inputs[p->operand], p->tensor);
        if (status == TP_OK) status = added;
        tp_unref(ctx->tape, p->tensor);
    }
    ctx->pending = NULL;
    return status;
}

/* ---- parts ---- */

bool tp_region_inside(const tp_region *region, int64_t count)
{
    if (region->rank < 0 || region->rank > TP_MAX_RANK) return false;
    int64_t low = region->offset, high = low;
    for (int i = 0; i < region->rank; i++) {
        if (region->dims[i] < 0) return false;
        if (region->dims[i] == 0) return true;
        int64_t reach;
        if (__builtin_mul_overflow(region->dims[i] - 1, region->strides[i], &reach)) return false;
        if (__builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high)) return false;
    }
    return low >= 0 && high < count;
}

static tp_status add_region(tp_ctx *ctx, uint32_t node, tp_var g, const tp_region *region)
{
    tp_tape *tape = ctx->tape;
    bool accumulate;
    tp_tensor *to = tp_slot_destination(tape, node, &accumulate);
    if (!to) return tape->error.status;
    const tp_dtype dtype = (tp_dtype)to->dtype;
    if (!accumulate) tp_fill(to->count, dtype, to->data, 0);
    char *at = to->data + region->offset * (int64_t)tp_dtype_size(dtype);
    const tp_node *from = &tape->nodes[g.node];
    if (!(from->a & TP_IS_TENSOR)) {
        tp_put(dtype, at, tp_get(dtype, at) + from->value.number);
        return TP_OK;
    }
    const tp_tensor *tensor = from->value.tensor;
    tp_add_into(tape->kernels, region->rank, region->dims, dtype, at, region->strides, tensor->data, tensor->strides);
    return TP_OK;
}

static tp_status record_region(tp_ctx *ctx, uint32_t node, tp_var g, const tp_region *region)
{
    tp_tape *tape = ctx->tape;
    tp_region *copy = tp_chunks_push(&tape->stack, sizeof *copy);
    if (!copy || !TP_ARRAY_ROOM(tape, tape->parts)) return tp_tape_out_of_memory(tape, "tp_backward");
    *copy = *region;
    tape->parts.items[tape->parts.count] = (tp_part){tape->slots[node].recorded.regions, g.node, copy};
    tape->slots[node].recorded.regions = ++tape->parts.count;
    return TP_OK;
}

tp_status tp_give_region(tp_ctx *ctx, int i, tp_var g, const tp_region *region)
{
    tp_tape *tape = ctx->tape;
    const tp_status status = check_give(ctx, i, g);
    if (status != TP_OK || !tp_ctx_needs(ctx, i)) return status;
    const tp_node *target = &tape->nodes[ctx->inputs[i]];
    if (!(target->a & TP_IS_TENSOR)) return tp_give(ctx, i, g);
    if (!region || !tp_region_inside(region, target->value.tensor->count))
        return tp_ctx_fail(ctx, TP_E_INDEX, "gives to a region outside of operand %d", i);
    const tp_dtype dtype = (tp_dtype)target->value.tensor->dtype; /* target may move: what follows appends */
    if (region->rank && !tp_value(g)) g = tp_expand(g, region->rank, region->dims);
    if (tp_value(g)) g = tp_cast(g, dtype);
    if (!tp_ok(g)) return tape->error.status;
    if (!tp_shape_equal(tp_var_rank(g), tp_var_dims(g), region->rank, region->dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "gives a gradient that does not have its region's shape");
    if (tape->anomaly && tp_check_part(tape, ctx->node, (uint32_t)i, g) != TP_OK) return TP_E_NUMERIC;
    return ctx->phase == TP_IN_RECORDED ? record_region(ctx, ctx->inputs[i], g, region)
                                        : add_region(ctx, ctx->inputs[i], g, region);
}
