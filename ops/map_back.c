/* A program over elements, run back: a block's values are computed again, as far as slopes name them, and its adjoints
   go from the results to the operands while they are near. */
#include "ops/map_run.h"

#include <string.h>

/* The node that operand i is a slice of, without gaps, where nobody asks for the slice's own gradient: TP_NO_NODE if it
   is none. */
static uint32_t sliced_from(const tp_ctx *ctx, int i)
{
    const tp_tape *tape = ctx->tape;
    const tp_node *node = &tape->nodes[ctx->inputs[i]];
    if (node->op->structure != TP_VIEW || node->op->arity != 1 || !(node->op->flags & TP_LINEAR) ||
        !(node->a & TP_IS_TENSOR) || node->b & TP_RETAINS)
        return TP_NO_NODE;
    for (uint32_t k = 0; k < tape->hooks.count; k++)
        if (tape->hooks.items[k].node == ctx->inputs[i]) return TP_NO_NODE;
    const uint32_t at = node->a & TP_NODE_BITS;
    const tp_tensor *x = node->value.tensor, *from = tape->nodes[at].value.tensor;
    const bool good = tape->nodes[at].a & TP_IS_TENSOR && tape->nodes[at].a & TP_NEEDS && at >= tape->walk_low &&
                      x->dense && from->dense && x->storage == from->storage && x->dtype == from->dtype;
    return good ? at : TP_NO_NODE;
}

size_t tp_map_workspace(tp_ctx *ctx)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    int64_t block;
    size_t bytes = tp_map_room(p, true, &block);
    for (int i = 0; i < p->n; i++) { /* of a slice, what it is cut from; of what is broadcast, all of it */
        const tp_node *node = &ctx->tape->nodes[ctx->inputs[i]];
        const uint32_t from = sliced_from(ctx, i);
        if (from != TP_NO_NODE)
            bytes += tp_pool_bytes((size_t)ctx->tape->nodes[from].value.tensor->count * tp_dtype_size(p->dtype));
        else if (node->a & TP_IS_TENSOR && node->value.tensor->count != p->count)
            bytes += tp_pool_bytes((size_t)p->count * tp_dtype_size(p->dtype));
    }
    return bytes;
}

/* Which registers a gradient is to arrive at, and which steps are computed again for that: those whose value is no
   result and a slope names it, and what these are computed from. */
static void find_wants(tp_map_machine *m)
{
    const tp_map_program *p = m->p;
    const uint32_t base = tp_map_first_step(p);
    for (int i = 0; i < p->n; i++) m->wants[i] = p->twin[i] == (uint32_t)i && tp_ctx_needs(m->ctx, i);
    for (uint32_t i = 0; i < p->steps; i++) {
        const tp_map_step *s = &p->step[i];
        for (int k = 0; k < s->op->arity && !s->cut; k++)
            m->wants[base + i] = m->wants[base + i] || (m->wants[s->x[k]] && !s->op->row->none[k]);
    }
    for (uint32_t i = p->steps; i-- > 0;) {
        const tp_map_step *s = &p->step[i];
        for (int k = 0; k < s->op->arity; k++) {
            const unsigned uses = m->wants[s->x[k]] ? s->uses[k] : 0;
            if (uses & TP_MAP_USES_RESULT) m->again[base + i] = true;
            for (int j = 0; j < s->op->arity; j++)
                if (uses >> j & 1) m->again[s->x[j]] = true;
        }
        if (s->slot == TP_NO_SLOT) m->again[base + i] = false;
        for (int j = 0; m->again[base + i] && j < s->op->arity; j++) m->again[s->x[j]] = true;
    }
}

static bool has_common_shape(const tp_map_machine *m, int i)
{
    const tp_node *node = &m->ctx->tape->nodes[m->ctx->inputs[i]];
    const tp_tensor *x = node->a & TP_IS_TENSOR ? node->value.tensor : NULL;
    return x && tp_shape_equal(x->rank, x->dims, m->p->shape.rank, m->p->shape.dims);
}

/* Slices first: when their tensor is an operand, too, it is added to what they have begun. */
static tp_status find_parts(tp_map_machine *m)
{
    tp_tape *tape = m->ctx->tape;
    for (int i = 0; i < m->p->n; i++) {
        tp_map_port *to = &m->port[i];
        const uint32_t from = m->wants[i] && has_common_shape(m, i) ? sliced_from(m->ctx, i) : TP_NO_NODE;
        if (from == TP_NO_NODE) continue;
        to->grad = tp_slot_destination(tape, from, &to->adds);
        if (!to->grad) return tape->error.status;
        if (!to->adds) memset(to->grad->data, 0, (size_t)to->grad->count * m->size);
        to->way = PART;
        to->adds = true;
        to->offset = (tp_ctx_input(m->ctx, i)->data - tape->nodes[from].value.tensor->data) / (int64_t)m->size;
    }
    return TP_OK;
}

/* Decides where each operand's gradient goes, and takes the memory. */
static tp_status find_ways(tp_map_machine *m)
{
    const tp_map_program *p = m->p;
    tp_tape *tape = m->ctx->tape;
    find_wants(m);
    const tp_status status = find_parts(m);
    for (int i = 0; i < p->n && status == TP_OK; i++) {
        tp_map_port *to = &m->port[i];
        if (!m->wants[i] || to->way == PART) continue;
        if (has_common_shape(m, i)) {
            to->way = STRAIGHT;
            to->grad = tp_ctx_grad(m->ctx, i, &to->adds);
        } else if (to->single) {
            to->way = SUMMED;
            continue;
        } else {
            to->way = SPREAD;
            to->grad = tp_new_tensor(tape, p->dtype, p->shape.rank, p->shape.dims, "map");
        }
        if (!to->grad) return tape->error.status ? tape->error.status : TP_E_MEMORY;
    }
    return status;
}

/* Where the adjoint of a register is added up: of an operand with elements of its own, in its gradient's memory. */
static char *destination(const tp_map_machine *m, uint32_t reg, int64_t start)
{
    if (reg < (uint32_t)m->p->n && m->port[reg].grad)
        return m->port[reg].grad->data + (m->port[reg].offset + start) * (int64_t)m->size;
    return tp_map_block(m, m->slope_own, reg);
}

/* Adds `part`, a block that may be read until the block is done, to the adjoint of a register. */
static void arrive(tp_map_machine *m, uint32_t reg, const void *part, int64_t start, int64_t n)
{
    char *own = destination(m, reg, start);
    if (!m->slope[reg]) {
        m->slope[reg] = part;
    } else if (m->slope[reg] == own) {
        m->loops->add(n, own, part);
    } else {
        const void *in[TP_IN_COUNT] = {m->slope[reg], part};
        m->loops->rows[TP_ROW_add].value(n, own, in);
        m->slope[reg] = own;
    }
}

/* The gradient of step i's operands. */
static void step_back(tp_map_machine *m, uint32_t i, int64_t start, int64_t n)
{
    const tp_map_step *s = &m->p->step[i];
    const uint32_t reg = tp_map_first_step(m->p) + i;
    const tp_row *row = s->op->row;
    for (int k = 0; k < s->op->arity; k++) {
        const uint32_t x = s->x[k];
        if (!m->wants[x] || row->none[k]) continue;
        if (row->through[k]) {
            arrive(m, x, m->slope[reg], start, n);
            continue;
        }
        const tp_row_loops *loops = &m->loops->rows[row->index];
        char *own = destination(m, x, start);
        if (m->slope[x] == own && loops->slope_add[k]) {
            tp_map_slope(m, i, loops->slope_add[k], n, own);
            continue;
        }
        char *to = m->slope[x] ? tp_map_block(m, m->slope_own, tp_map_registers(m->p)) : own;
        tp_map_slope(m, i, loops->slope[k], n, to);
        arrive(m, x, to, start, n);
    }
}

/* Where something is in an operand's gradient, it is added to there from the beginning. */
static void start_sums(tp_map_machine *m, int64_t start)
{
    memset(m->slope, 0, tp_map_registers(m->p) * sizeof *m->slope);
    for (int i = 0; i < m->p->n; i++)
        if (m->port[i].adds) m->slope[i] = destination(m, (uint32_t)i, start);
}

/* What has arrived at the operands goes to their gradients, where it is not there yet. */
static void deliver(tp_map_machine *m, int64_t start, int64_t n)
{
    const void *ones = tp_map_block(m, m->slope_own, (size_t)tp_map_registers(m->p) + 1);
    for (int i = 0; i < m->p->n; i++) {
        tp_map_port *to = &m->port[i];
        const void *g = m->slope[i];
        if (to->way == NOWHERE) continue;
        char *at = destination(m, (uint32_t)i, start);
        if (to->way == SUMMED)
            to->sum += g ? m->loops->dot(n, g, ones) : 0;
        else if (!g)
            memset(at, 0, (size_t)n * m->size);
        else if (g != at)
            memcpy(at, g, (size_t)n * m->size);
    }
}

static char *upstream_block(const tp_map_machine *m, int k)
{
    return tp_map_block(m, m->slope_own, (size_t)tp_map_registers(m->p) + 2 + (size_t)k);
}

static void block_back(tp_map_machine *m, int64_t start, int64_t n)
{
    const tp_map_program *p = m->p;
    const uint32_t base = tp_map_first_step(p);
    const char *out = tp_ctx_output(m->ctx, 0)->data;
    tp_map_load(m, start, n);
    for (int k = 0; k < p->m; k++)
        if (p->result[k] >= base) m->value[p->result[k]] = out + (k * p->count + start) * (int64_t)m->size;
    for (uint32_t i = 0; i < p->steps; i++) {
        if (!m->again[base + i]) continue;
        char *to = tp_map_block(m, m->own, base + i);
        m->value[base + i] = to;
        tp_map_value(m, i, n, to);
    }
    start_sums(m, start);
    for (int k = 0; k < p->m; k++) {
        const tp_map_port *from = &m->upstream[k];
        char *at = upstream_block(m, k);
        if (m->wants[p->result[k]])
            arrive(m, p->result[k], from->single ? at : tp_map_pack(m, from, start, n, at), start, n);
    }
    for (uint32_t i = p->steps; i-- > 0;)
        if (m->slope[base + i]) step_back(m, i, start, n);
    deliver(m, start, n);
}

/* What was summed, and what is to be. */
static tp_status finish(tp_map_machine *m, tp_status status)
{
    tp_tape *tape = m->ctx->tape;
    for (int i = 0; i < m->p->n; i++) {
        tp_map_port *from = &m->port[i];
        const uint32_t node = m->ctx->inputs[i];
        if (from->way == SPREAD && from->grad) {
            if (status == TP_OK) status = tp_slot_add(tape, node, from->grad);
            tp_unref(tape, from->grad);
        } else if (from->way == SUMMED && status == TP_OK) {
            status = tp_slot_add_number(tape, node, from->sum);
        }
    }
    return status;
}

static double number_at(tp_dtype dtype, const char *data)
{
    return dtype == TP_F32 ? (double)*(const float *)(const void *)data : *(const double *)(const void *)data;
}

tp_status tp_map_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    tp_map_machine m;
    if (tp_map_open(&m, ctx, true) != TP_OK) return ctx->tape->error.status;
    const tp_map_program *p = m.p;
    const bool several = p->m > 1;
    for (int k = 0; k < p->m; k++) {
        const char *data = g->data + (several ? k * g->strides[0] * (int64_t)m.size : 0);
        tp_map_connect(&m, &m.upstream[k], g, data, g->strides + several, g->rank - several);
        if (m.upstream[k].single) tp_fill(m.block, p->dtype, upstream_block(&m, k), number_at(p->dtype, data));
    }
    tp_fill(m.block, p->dtype, tp_map_block(&m, m.slope_own, (size_t)tp_map_registers(p) + 1), 1);
    tp_status status = find_ways(&m);
    for (int64_t start = 0; start < p->count && status == TP_OK; start += m.block)
        block_back(&m, start, p->count - start < m.block ? p->count - start : m.block);
    status = finish(&m, status);
    tp_map_close(&m);
    return status;
}
