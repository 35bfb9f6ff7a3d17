/* Running a program over elements, a block at a time: forwards; and back, after computing the block's values again. */
#include <string.h>

#include "ops/map.h"

enum {
    BLOCK = 512,
    LEAST = 64,
    NEAR = 1 << 18
}; /* elements of a block, and the bytes that blocks together should have */

/* Where an operand's gradient goes. */
typedef enum way {
    NOWHERE,
    STRAIGHT, /* it has the shape of all together: into its gradient's memory */
    PART,     /* it is a slice of another: added at its place in that one's gradient */
    SPREAD,   /* it is broadcast along some axes: into memory of its own, summed at the end */
    SUMMED    /* it is one number */
} way;

/* An operand: where its elements are, and where its gradient goes. */
typedef struct port {
    tp_operand operand;
    int64_t strides[TP_MAX_RANK];
    bool single; /* one number: its block is filled once */
    way way;
    bool adds;       /* what is there stays */
    tp_tensor *grad; /* STRAIGHT, SPREAD; of PART, the other one's */
    int64_t offset;  /* PART: where it begins there, in elements */
    double sum;      /* SUMMED */
} port;

typedef struct machine {
    tp_ctx *ctx;
    const tp_map_program *p;
    const tp_float_loops *loops;
    size_t size;
    int64_t block;      /* elements */
    tp_tensor *room;    /* what follows lies in it */
    port *port;         /* of each operand */
    port *upstream;     /* of each result */
    const void **value; /* of each register: its block */
    const void **slope; /* ... and its adjoint's; NULL: none has arrived */
    bool *again;
    bool *wants;     /* whether a gradient is to arrive at the register */
    char *own;       /* blocks: operands and constants, then values of steps */
    char *slope_own; /* ... and adjoints, one a register; behind them one to add from, one of ones, upstreams */
    bool back;
} machine;

/* ---- the room ---- */

static size_t up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static int64_t block_of(size_t blocks, size_t size, int64_t count)
{
    int64_t block = BLOCK;
    while (block > LEAST && blocks * (size_t)block * size > NEAR) block /= 2;
    if (block > count) block = (count + 7) & ~(int64_t)7;
    return block < 8 ? 8 : block;
}

/* Blocks for values and for adjoints. */
static size_t values_of(const tp_map_program *p, bool back)
{
    return tp_map_first_step(p) + (back ? p->steps : p->slots);
}

static size_t slopes_of(const tp_map_program *p, bool back)
{
    return back ? (size_t)tp_map_registers(p) + 2 + (size_t)p->m : 0;
}

static size_t room_of(const tp_map_program *p, bool back, int64_t *block)
{
    const size_t size = tp_dtype_size(p->dtype), registers = tp_map_registers(p);
    const size_t blocks = values_of(p, back) + slopes_of(p, back);
    *block = block_of(blocks, size, p->count);
    return up((size_t)(p->n + (back ? p->m : 0)) * sizeof(port)) + up(2 * registers * sizeof(void *)) +
           up(2 * registers) + blocks * up((size_t)*block * size);
}

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
    size_t bytes = room_of(p, true, &block);
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

static char *block_at(const machine *m, char *base, size_t i)
{
    return base + i * up((size_t)m->block * m->size);
}

/* An operand's elements along the common shape. */
static void connect(const machine *m, port *to, const tp_tensor *x, const char *data, const int64_t *strides, int rank)
{
    const tp_shape *shape = &m->p->shape;
    *to = (port){.operand = {.data = data, .strides = to->strides}};
    to->single = true;
    bool dense = rank == shape->rank;
    int64_t step = 1;
    for (int d = shape->rank - 1; d >= 0; d--) {
        const int own = d - (shape->rank - rank);
        const int64_t dim = own >= 0 ? x->dims[own + (x->rank - rank)] : 1;
        to->strides[d] = own >= 0 && dim != 1 ? strides[own] : 0;
        if (to->strides[d] != 0 && shape->dims[d] != 1) to->single = false;
        if (shape->dims[d] != 1 && to->strides[d] != step) dense = false;
        step *= shape->dims[d];
    }
    to->operand.dense = dense && !to->single;
    if (m->p->count == 1) to->single = true;
}

/* Operands, results' upstreams, constants: what is the same for all blocks. */
static void fill_constants(machine *m)
{
    const tp_map_program *p = m->p;
    for (uint32_t i = 0; i < p->constants; i++) {
        char *at = block_at(m, m->own, (size_t)p->n + i);
        tp_fill(m->block, p->dtype, at, p->constant[i]);
        m->value[(uint32_t)p->n + i] = at;
    }
    for (int i = 0; i < p->n; i++) {
        const tp_tensor *x = tp_ctx_input(m->ctx, i);
        connect(m, &m->port[i], x, x->data, x->strides, x->rank);
        if (!m->port[i].single) continue;
        char *at = block_at(m, m->own, (size_t)i);
        tp_fill(m->block, p->dtype, at, tp_tensor_item(x, 0));
        m->value[i] = at;
    }
}

static tp_status open(machine *m, tp_ctx *ctx, bool back)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    const size_t registers = tp_map_registers(p);
    *m = (machine){.ctx = ctx, .p = p, .loops = ctx->tape->kernels->of[p->dtype], .size = tp_dtype_size(p->dtype)};
    m->back = back;
    const int64_t bytes = (int64_t)room_of(p, back, &m->block);
    m->room = tp_new_tensor(ctx->tape, TP_U8, 1, &bytes, "map");
    if (!m->room) return ctx->tape->error.status;
    char *at = m->room->data;
    m->port = (port *)(void *)at;
    m->upstream = m->port + p->n;
    at += up((size_t)(p->n + (back ? p->m : 0)) * sizeof(port));
    m->value = (const void **)(void *)at;
    m->slope = m->value + registers;
    at += up(2 * registers * sizeof(void *));
    m->wants = (bool *)at;
    m->again = m->wants + registers;
    at += up(2 * registers);
    m->own = at;
    m->slope_own = block_at(m, at, values_of(p, back));
    memset(m->value, 0, 2 * registers * sizeof(void *));
    memset(m->wants, 0, 2 * registers);
    fill_constants(m);
    return TP_OK;
}

static void close(machine *m)
{
    tp_done(m->ctx->tape, m->room);
}

/* ---- forwards ---- */

static const void *pack(const machine *m, const port *from, int64_t start, int64_t n, void *at)
{
    const tp_shape *shape = &m->p->shape;
    return tp_pack_operand(&from->operand, m->size, shape->rank, shape->dims, start, n, at);
}

static void load(machine *m, int64_t start, int64_t n)
{
    for (int i = 0; i < m->p->n; i++)
        if (!m->port[i].single && m->p->twin[i] == (uint32_t)i)
            m->value[i] = pack(m, &m->port[i], start, n, block_at(m, m->own, (size_t)i));
}

static void run_step(const machine *m, const tp_map_step *s, tp_loop *loop, int64_t n, void *out, const void *y,
                     const void *g)
{
    const void *in[TP_IN_COUNT] = {m->value[s->x[0]], m->value[s->x[1]], m->value[s->x[2]], y, g};
    if (s->op->row->kind == TP_ROW_NUMBER || s->op->row->kind == TP_ROW_NUMBERS)
        in[TP_IN_B] = m->p->dtype == TP_F32 ? (const void *)s->narrow : (const void *)s->numbers;
    loop(n, out, in);
}

static tp_loop *value_loop(const machine *m, const tp_map_step *s)
{
    return m->loops->rows[s->op->row->index].value;
}

tp_status tp_map_forward(tp_ctx *ctx)
{
    machine m;
    if (open(&m, ctx, false) != TP_OK) return ctx->tape->error.status;
    const tp_map_program *p = m.p;
    const uint32_t base = tp_map_first_step(p);
    char *const out = tp_ctx_output(ctx, 0)->data;
    for (int64_t start = 0; start < p->count; start += m.block) {
        const int64_t n = p->count - start < m.block ? p->count - start : m.block;
        load(&m, start, n);
        for (int k = 0; k < p->m; k++) /* the first result that a step is has its memory */
            if (p->result[k] >= base) m.value[p->result[k]] = NULL;
        for (int k = 0; k < p->m; k++)
            if (p->result[k] >= base && !m.value[p->result[k]])
                m.value[p->result[k]] = out + (k * p->count + start) * (int64_t)m.size;
        for (uint32_t i = 0; i < p->steps; i++) {
            const tp_map_step *s = &p->step[i];
            if (s->slot != TP_NO_SLOT) m.value[base + i] = block_at(&m, m.own, base + s->slot);
            run_step(&m, s, value_loop(&m, s), n, (void *)(uintptr_t)m.value[base + i], NULL, NULL);
        }
        for (int k = 0; k < p->m; k++) {
            char *to = out + (k * p->count + start) * (int64_t)m.size;
            if (m.value[p->result[k]] != to) memcpy(to, m.value[p->result[k]], (size_t)n * m.size);
        }
    }
    close(&m);
    return TP_OK;
}

/* ---- back ---- */

/* Which registers a gradient is to arrive at, and which steps are computed again for that: those whose value is no
   result and a slope names it, and what these are computed from. */
static void find_wants(machine *m)
{
    const tp_map_program *p = m->p;
    const uint32_t base = tp_map_first_step(p);
    for (int i = 0; i < p->n; i++) m->wants[i] = p->twin[i] == (uint32_t)i && tp_ctx_needs(m->ctx, i);
    for (uint32_t i = 0; i < p->steps; i++) {
        const tp_map_step *s = &p->step[i];
        for (int k = 0; k < s->op->arity; k++)
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

static bool has_common_shape(const machine *m, int i)
{
    const tp_node *node = &m->ctx->tape->nodes[m->ctx->inputs[i]];
    const tp_tensor *x = node->a & TP_IS_TENSOR ? node->value.tensor : NULL;
    return x && tp_shape_equal(x->rank, x->dims, m->p->shape.rank, m->p->shape.dims);
}

/* Slices first: when their tensor is an operand, too, it is added to what they have begun. */
static tp_status find_parts(machine *m)
{
    tp_tape *tape = m->ctx->tape;
    for (int i = 0; i < m->p->n; i++) {
        port *to = &m->port[i];
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
static tp_status find_ways(machine *m)
{
    const tp_map_program *p = m->p;
    tp_tape *tape = m->ctx->tape;
    find_wants(m);
    const tp_status status = find_parts(m);
    for (int i = 0; i < p->n && status == TP_OK; i++) {
        port *to = &m->port[i];
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
static char *destination(const machine *m, uint32_t reg, int64_t start)
{
    if (reg < (uint32_t)m->p->n && m->port[reg].grad)
        return m->port[reg].grad->data + (m->port[reg].offset + start) * (int64_t)m->size;
    return block_at(m, m->slope_own, reg);
}

/* Adds `part`, a block that may be read until the block is done, to the adjoint of a register. */
static void arrive(machine *m, uint32_t reg, const void *part, int64_t start, int64_t n)
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
static void step_back(machine *m, uint32_t i, int64_t start, int64_t n)
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
            run_step(m, s, loops->slope_add[k], n, own, m->value[reg], m->slope[reg]);
            continue;
        }
        char *to = m->slope[x] ? block_at(m, m->slope_own, tp_map_registers(m->p)) : own;
        run_step(m, s, loops->slope[k], n, to, m->value[reg], m->slope[reg]);
        arrive(m, x, to, start, n);
    }
}

/* Where something is in an operand's gradient, it is added to there from the beginning. */
static void start_sums(machine *m, int64_t start)
{
    memset(m->slope, 0, tp_map_registers(m->p) * sizeof *m->slope);
    for (int i = 0; i < m->p->n; i++)
        if (m->port[i].adds) m->slope[i] = destination(m, (uint32_t)i, start);
}

/* What has arrived at the operands goes to their gradients, where it is not there yet. */
static void deliver(machine *m, int64_t start, int64_t n)
{
    const void *ones = block_at(m, m->slope_own, (size_t)tp_map_registers(m->p) + 1);
    for (int i = 0; i < m->p->n; i++) {
        port *to = &m->port[i];
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

static char *upstream_block(const machine *m, int k)
{
    return block_at(m, m->slope_own, (size_t)tp_map_registers(m->p) + 2 + (size_t)k);
}

static void block_back(machine *m, int64_t start, int64_t n)
{
    const tp_map_program *p = m->p;
    const uint32_t base = tp_map_first_step(p);
    const char *out = tp_ctx_output(m->ctx, 0)->data;
    load(m, start, n);
    for (int k = 0; k < p->m; k++)
        if (p->result[k] >= base) m->value[p->result[k]] = out + (k * p->count + start) * (int64_t)m->size;
    for (uint32_t i = 0; i < p->steps; i++) {
        if (!m->again[base + i]) continue;
        char *to = block_at(m, m->own, base + i);
        m->value[base + i] = to;
        run_step(m, &p->step[i], value_loop(m, &p->step[i]), n, to, NULL, NULL);
    }
    start_sums(m, start);
    for (int k = 0; k < p->m; k++) {
        const port *from = &m->upstream[k];
        char *at = upstream_block(m, k);
        if (m->wants[p->result[k]]) arrive(m, p->result[k], from->single ? at : pack(m, from, start, n, at), start, n);
    }
    for (uint32_t i = p->steps; i-- > 0;)
        if (m->slope[base + i]) step_back(m, i, start, n);
    deliver(m, start, n);
}

/* What was summed, and what is to be. */
static tp_status finish(machine *m, tp_status status)
{
    tp_tape *tape = m->ctx->tape;
    for (int i = 0; i < m->p->n; i++) {
        port *from = &m->port[i];
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
    machine m;
    if (open(&m, ctx, true) != TP_OK) return ctx->tape->error.status;
    const tp_map_program *p = m.p;
    const bool several = p->m > 1;
    for (int k = 0; k < p->m; k++) {
        const char *data = g->data + (several ? k * g->strides[0] * (int64_t)m.size : 0);
        connect(&m, &m.upstream[k], g, data, g->strides + several, g->rank - several);
        if (m.upstream[k].single) tp_fill(m.block, p->dtype, upstream_block(&m, k), number_at(p->dtype, data));
    }
    tp_fill(m.block, p->dtype, block_at(&m, m.slope_own, (size_t)tp_map_registers(p) + 1), 1);
    tp_status status = find_ways(&m);
    for (int64_t start = 0; start < p->count && status == TP_OK; start += m.block)
        block_back(&m, start, p->count - start < m.block ? p->count - start : m.block);
    status = finish(&m, status);
    close(&m);
    return status;
}
