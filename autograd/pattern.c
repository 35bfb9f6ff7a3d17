/* The sweep that finds a pattern, node by node, and the rows that it ends in. What a node depends on is forgotten after
   its last use. */
#include "autograd/pattern.h"

#include <string.h>

#include "autograd/elementwise.h"

tp_tensor *tp_pattern_dense(tp_tape *tape, const tp_tensor *x, int rank, const int64_t *dims, const int64_t *strides)
{
    tp_tensor *dense = tp_new_tensor(tape, TP_F64, rank, dims, "sparsity");
    if (dense) tp_copy(rank, dims, TP_F64, dense->data, dense->strides, TP_F64, x->data, strides);
    return dense;
}

bool tp_pattern_has(const tp_ctx *ctx, uint32_t k)
{
    const tp_pattern *p = ctx->pattern;
    const uint32_t node = ctx->inputs[k];
    if (node < p->first || node > p->last || tp_pattern_of(p, node)->bits == 0) return false;
    return !(k < 32 && ctx->op->selectors >> k & 1) && !(ctx->op->row && ctx->op->row->none[k]);
}

tp_tensor *tp_pattern_tensor(const tp_pattern *p, uint32_t node)
{
    const tp_slot slot = *tp_pattern_of(p, node);
    if (p->tape->nodes[node].a & TP_IS_TENSOR) return tp_ref(slot.tensor);
    tp_tensor *single = tp_new_tensor(p->tape, TP_F64, 0, NULL, "sparsity");
    if (single) memcpy(single->data, &slot.number, sizeof slot.number);
    return single;
}

/* ---- adding up ---- */

static bool alone(const tp_tensor *x)
{
    return x->dense && atomic_load_explicit(&x->refs, memory_order_relaxed) == 1 &&
           atomic_load_explicit(&x->storage->refs, memory_order_relaxed) == 1;
}

/* x with the dims of `like`. */
static tp_tensor *stretched(tp_pattern *p, tp_tensor *x, const tp_tensor *like)
{
    if (tp_shape_equal(x->rank, x->dims, like->rank, like->dims)) return tp_ref(x);
    int64_t strides[TP_MAX_RANK];
    for (int i = like->rank, k = x->rank; i-- > 0;) strides[i] = --k >= 0 && x->dims[k] != 1 ? x->strides[k] : 0;
    tp_tensor *view = tp_pool_view(&p->tape->pool, x);
    if (view)
        tp_tensor_set_view(view, like->rank, like->dims, strides, 0);
    else
        tp_tape_out_of_memory(p->tape, "sparsity");
    return view;
}

tp_tensor *tp_pattern_own(tp_pattern *p, uint32_t node)
{
    tp_slot *slot = tp_pattern_of(p, node);
    const tp_node *to = &p->tape->nodes[node];
    if (!(to->a & TP_NEEDS) || p->last_use[node - p->first] == 0) return NULL;
    tp_tensor *held = slot->tensor;
    const tp_tensor *like = held ? held : to->value.tensor;
    if (held && alone(held)) return held;
    tp_tensor *own = tp_new_tensor(p->tape, TP_F64, like->rank, like->dims, "sparsity");
    if (!own) return NULL;
    if (held)
        tp_copy(own->rank, own->dims, TP_F64, own->data, own->strides, TP_F64, held->data, held->strides);
    else
        tp_fill(own->count, TP_F64, own->data, 0);
    if (held) tp_unref(p->tape, held);
    return slot->tensor = own;
}

static tp_status unite(tp_pattern *p, uint32_t node, tp_tensor *x)
{
    tp_tensor *held = tp_pattern_own(p, node);
    if (!held) return TP_E_MEMORY;
    tp_tensor *dense = x->dense ? tp_ref(x) : tp_pattern_dense(p->tape, x, x->rank, x->dims, x->strides);
    if (!dense) return TP_E_MEMORY;
    double *to = (double *)(void *)held->data;
    const double *from = (const double *)(const void *)dense->data;
    for (int64_t i = 0; i < held->count; i++)
        to[i] = (double)tp_sets_union(&p->sets, (uint32_t)to[i], (uint32_t)from[i]);
    tp_unref(p->tape, dense);
    return TP_OK;
}

/* All of them, where a scalar or every element takes them. */
static uint32_t all_of(tp_pattern *p, const tp_tensor *x)
{
    if (x->count == 1) return (uint32_t)tp_get(TP_F64, x->data);
    tp_tensor *dense = tp_pattern_dense(p->tape, x, x->rank, x->dims, x->strides);
    if (!dense) return 0;
    const uint32_t all = tp_sets_union_all(&p->sets, dense->count, (const double *)(const void *)dense->data);
    tp_unref(p->tape, dense);
    return all;
}

tp_status tp_pattern_add(tp_pattern *p, uint32_t to, tp_tensor *ids)
{
    tp_slot *slot = tp_pattern_of(p, to);
    const tp_node *node = &p->tape->nodes[to];
    if (!(node->a & TP_NEEDS) || p->last_use[to - p->first] == 0) return TP_OK;
    if (!(node->a & TP_IS_TENSOR)) {
        slot->number = (double)tp_sets_union(&p->sets, (uint32_t)slot->number, all_of(p, ids));
        return p->tape->error.status;
    }
    tp_tensor *x = stretched(p, ids, node->value.tensor);
    if (!x) return TP_E_MEMORY;
    if (!slot->tensor) {
        slot->tensor = x;
        return TP_OK;
    }
    const tp_status status = unite(p, to, x);
    tp_unref(p->tape, x);
    return status;
}

/* ---- the defaults ---- */

static tp_status to_results(tp_ctx *ctx, tp_tensor *ids)
{
    tp_status status = TP_OK;
    for (int k = 0; k < ctx->results && status == TP_OK; k++) {
        const uint32_t to = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
        if (to <= ctx->pattern->last) status = tp_pattern_add(ctx->pattern, to, ids);
    }
    return status;
}

tp_status tp_pattern_all_of(tp_ctx *ctx, uint32_t k)
{
    tp_pattern *p = ctx->pattern;
    tp_tensor *ids = tp_pattern_tensor(p, ctx->inputs[k]), *single = NULL;
    const uint32_t all = ids ? all_of(p, ids) : 0;
    if (ids) tp_unref(p->tape, ids);
    if (p->tape->error.status == TP_OK && all) single = tp_new_tensor(p->tape, TP_F64, 0, NULL, "sparsity");
    if (!single) return p->tape->error.status;
    tp_put(TP_F64, single->data, all);
    const tp_status status = to_results(ctx, single);
    tp_unref(p->tape, single);
    return status;
}

tp_status tp_pattern_places(tp_ctx *ctx)
{
    tp_status status = TP_OK;
    for (uint32_t k = 0; k < ctx->count && status == TP_OK; k++) {
        if (!tp_pattern_has(ctx, k)) continue;
        tp_tensor *ids = tp_pattern_tensor(ctx->pattern, ctx->inputs[k]);
        status = ids ? to_results(ctx, ids) : TP_E_MEMORY;
        if (ids) tp_unref(ctx->tape, ids);
    }
    return status;
}

tp_status tp_pattern_everything(tp_ctx *ctx)
{
    tp_status status = TP_OK;
    for (uint32_t k = 0; k < ctx->count && status == TP_OK; k++)
        if (tp_pattern_has(ctx, k)) status = tp_pattern_all_of(ctx, k);
    return status;
}

static tp_status by_structure(tp_ctx *ctx)
{
    const tp_structure structure = ctx->op->structure;
    const bool moves = (structure == TP_VIEW || structure == TP_GATHER) && ctx->op->flags & TP_LINEAR;
    if (structure == TP_ELEMENTWISE) return tp_pattern_places(ctx);
    return moves && ctx->results == 1 ? tp_pattern_moved(ctx) : tp_pattern_everything(ctx);
}

/* ---- the sweep ---- */

/* Scalars make most of many tapes: no tensor, no closure. */
static void scalar_places(const tp_ctx *ctx)
{
    tp_pattern *p = ctx->pattern;
    uint32_t all = 0;
    for (uint32_t k = 0; k < ctx->count; k++)
        if (tp_pattern_has(ctx, k))
            all = tp_sets_union(&p->sets, all, (uint32_t)tp_pattern_of(p, ctx->inputs[k])->number);
    tp_slot *slot = tp_pattern_of(p, ctx->node);
    slot->number = (double)tp_sets_union(&p->sets, (uint32_t)slot->number, all);
}

static void forget(const tp_pattern *p, uint32_t i)
{
    tp_slot *slot = tp_pattern_of(p, i);
    if (slot->bits && p->tape->nodes[i].a & TP_IS_TENSOR) tp_unref(p->tape, slot->tensor);
    slot->bits = 0;
}

static tp_status advance(tp_pattern *p, uint32_t i)
{
    tp_tape *tape = p->tape;
    const tp_op *op = tape->nodes[i].op;
    if (p->last_use[i - p->first] == 0 || op->structure == TP_LEAF || op->flags & TP_TUPLE_PART) return TP_OK;
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_PATTERN);
    ctx.pattern = p;
    bool any = false;
    for (uint32_t k = 0; k < ctx.count && !any; k++) any = tp_pattern_has(&ctx, k);
    tp_status status = TP_OK;
    if (any && tape->nodes[i].a & TP_NEEDS) {
        if (op->row && !(tape->nodes[i].a & TP_IS_TENSOR))
            scalar_places(&ctx);
        else
            status = op->pattern && !op->row ? op->pattern(&ctx) : by_structure(&ctx);
        tp_ctx_done(&ctx);
        if (p->work) tp_unref(tape, p->work);
        p->work = NULL;
    }
    for (uint32_t k = 0; k < ctx.count; k++)
        if (ctx.inputs[k] >= p->first && p->last_use[ctx.inputs[k] - p->first] == i) forget(p, ctx.inputs[k]);
    if (status != TP_OK && tape->error.status == TP_OK) return tp_ctx_fail(&ctx, status, "pattern failed");
    return tape->error.status;
}

/* Gives back the sets that nothing holds any more. */
static void sweep_sets(tp_pattern *p)
{
    if (!tp_sets_sweep_begin(&p->sets)) {
        p->sets.failed = true;
        return;
    }
    for (uint32_t i = p->first; i <= p->last; i++) {
        const tp_slot slot = *tp_pattern_of(p, i);
        if (slot.bits == 0) continue;
        if (!(p->tape->nodes[i].a & TP_IS_TENSOR)) {
            tp_sets_mark(&p->sets, (uint32_t)slot.number);
            continue;
        }
        const tp_tensor *x = slot.tensor;
        for (int64_t e = 0; e < x->count; e++) {
            const int64_t at = x->dense ? e : tp_tensor_offset(x, e);
            tp_sets_mark(&p->sets, (uint32_t)((const double *)(const void *)x->data)[at]);
        }
    }
    tp_sets_sweep_end(&p->sets);
}

static void mark_uses(const tp_pattern *p, const tp_var *y, int m)
{
    for (int i = 0; i < m; i++)
        if (y[i].node >= p->first) p->last_use[y[i].node - p->first] = TP_NO_NODE;
    for (uint32_t i = p->last + 1; i-- > p->first;) {
        const tp_node *node = &p->tape->nodes[i];
        if (p->last_use[i - p->first] == 0 || node->op->structure == TP_LEAF) continue;
        const uint32_t count = tp_input_count(node);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t operand = tp_input_of(node, k);
            if (operand >= p->first && p->last_use[operand - p->first] < i) p->last_use[operand - p->first] = i;
        }
    }
}

/* Each element of x its own number. */
static tp_status seed(tp_pattern *p, const tp_var *x, int n)
{
    double next = 1;
    for (int i = 0; i < n; i++) {
        const tp_tensor *value = tp_value(x[i]);
        tp_tensor *ids =
            tp_new_tensor(p->tape, TP_F64, value ? value->rank : 0, value ? value->dims : NULL, "sparsity");
        if (!ids) return TP_E_MEMORY;
        for (int64_t e = 0; e < ids->count; e++) ((double *)(void *)ids->data)[e] = next++;
        const tp_status status = x[i].node <= p->last ? tp_pattern_add(p, x[i].node, ids) : TP_OK;
        tp_unref(p->tape, ids);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status sweep(tp_pattern *p, const tp_var *y, int m, const tp_var *x, int n)
{
    mark_uses(p, y, m);
    tp_status status = seed(p, x, n);
    for (uint32_t i = p->first; i <= p->last && status == TP_OK; i++) {
        status = advance(p, i);
        if (status == TP_OK && tp_sets_full(&p->sets)) sweep_sets(p);
        if (p->sets.failed && status == TP_OK) status = tp_tape_out_of_memory(p->tape, "sparsity");
    }
    return status;
}

/* ---- rows ---- */

/* The set of element e of node y. */
static uint32_t set_at(const tp_pattern *p, uint32_t y, int64_t e)
{
    if (y < p->first || tp_pattern_of(p, y)->bits == 0) return 0;
    const tp_slot slot = *tp_pattern_of(p, y);
    if (!(p->tape->nodes[y].a & TP_IS_TENSOR)) return (uint32_t)slot.number;
    const int64_t at = slot.tensor->dense ? e : tp_tensor_offset(slot.tensor, e);
    return (uint32_t)((const double *)(const void *)slot.tensor->data)[at];
}

static tp_status write_rows(tp_pattern *p, const tp_var *y, int m, tp_chunks *memory, tp_rows *r)
{
    r->start = tp_chunks_push(memory, ((size_t)r->rows + 1) * sizeof *r->start);
    if (!r->start) return tp_tape_out_of_memory(p->tape, "sparsity");
    for (int fill = 0; fill <= 1; fill++) {
        int64_t row = 0, entries = 0;
        for (int i = 0; i < m; i++) {
            const tp_tensor *value = tp_value(y[i]);
            for (int64_t e = 0, count = value ? value->count : 1; e < count; e++) {
                const uint32_t set = set_at(p, y[i].node, e);
                uint32_t n = 0;
                const uint32_t *elements = set ? tp_sets_elements(&p->sets, set, &n) : NULL;
                r->start[row++] = entries;
                for (uint32_t k = 0; fill && k < n; k++) r->column[entries + k] = (int32_t)elements[k];
                entries += n;
            }
        }
        r->start[row] = r->entries = entries;
        if (!fill) r->column = tp_chunks_push(memory, ((size_t)entries + 1) * sizeof *r->column);
        if (!r->column || p->sets.failed) return tp_tape_out_of_memory(p->tape, "sparsity");
    }
    return TP_OK;
}

int64_t tp_elements_in(const tp_var *x, int n)
{
    int64_t count = 0;
    for (int i = 0; i < n; i++) {
        const tp_tensor *value = tp_value(x[i]);
        if (__builtin_add_overflow(count, value ? value->count : 1, &count)) return -1;
    }
    return count;
}

static tp_status open(tp_pattern *p, const tp_var *y, int m, const tp_var *x, int n, const tp_rows *r)
{
    tp_tape *tape = p->tape;
    p->first = TP_NO_NODE;
    for (int i = 0; i < n; i++)
        if (x[i].node < p->first) p->first = x[i].node;
    for (int i = 0; i < m; i++)
        if (y[i].node > p->last) p->last = y[i].node;
    if (p->first > p->last) p->first = p->last;
    const size_t nodes = (size_t)p->last - p->first + 1;
    p->found = tp_allocate_zeroed(&tape->memory, nodes * sizeof *p->found);
    p->last_use = tp_allocate_zeroed(&tape->memory, nodes * sizeof *p->last_use);
    if (!tp_sets_init(&p->sets, &tape->memory, (uint32_t)r->columns) || !p->found || !p->last_use)
        return tp_tape_out_of_memory(tape, "sparsity");
    return TP_OK;
}

static void close(tp_pattern *p)
{
    tp_tape *tape = p->tape;
    const size_t nodes = (size_t)p->last - p->first + 1;
    if (p->found)
        for (uint32_t i = p->first; i <= p->last; i++) forget(p, i);
    tp_deallocate(&tape->memory, p->found, nodes * sizeof *p->found);
    tp_deallocate(&tape->memory, p->last_use, nodes * sizeof *p->last_use);
    tp_sets_free(&p->sets);
}

tp_status tp_pattern_find(tp_tape *tape, const tp_var *y, int m, const tp_var *x, int n, tp_chunks *memory, tp_rows *r)
{
    *r = (tp_rows){.rows = tp_elements_in(y, m), .columns = tp_elements_in(x, n)};
    if (r->rows < 0 || r->rows > INT32_MAX || r->columns < 0 || r->columns > INT32_MAX)
        return tp_tape_fail(tape, TP_E_LIMIT, "tp_sparse: %lld rows and %lld columns: more than 2^31 - 1",
                            (long long)r->rows, (long long)r->columns);
    tp_pattern p = {.tape = tape};
    tp_status status = open(&p, y, m, x, n, r);
    if (status == TP_OK) status = sweep(&p, y, m, x, n);
    if (status == TP_OK) status = write_rows(&p, y, m, memory, r);
    close(&p);
    return status;
}
