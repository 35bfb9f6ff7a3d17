/* A program over elements: the room of a run, its operands, and the run forwards. */
#include "ops/map_run.h"

#include <string.h>

/* Elements of a block, at least so many, and the bytes that blocks together should have. */
enum { BLOCK = 512, LEAST = 64, NEAR = 1 << 18 };

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

size_t tp_map_room(const tp_map_program *p, bool back, int64_t *block)
{
    const size_t size = tp_dtype_size(p->dtype), registers = tp_map_registers(p);
    const size_t blocks = values_of(p, back) + slopes_of(p, back);
    *block = block_of(blocks, size, p->count);
    return up((size_t)(p->n + (back ? p->m : 0)) * sizeof(tp_map_port)) + up(2 * registers * sizeof(void *)) +
           up(2 * registers) + blocks * up((size_t)*block * size);
}

/* An operand's elements along the common shape. */
void tp_map_connect(const tp_map_machine *m, tp_map_port *to, const tp_tensor *x, const char *data,
                    const int64_t *strides, int rank)
{
    const tp_shape *shape = &m->p->shape;
    *to = (tp_map_port){.operand = {.data = data, .strides = to->strides}};
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
static void fill_constants(tp_map_machine *m)
{
    const tp_map_program *p = m->p;
    for (uint32_t i = 0; i < p->constants; i++) {
        char *at = tp_map_block(m, m->own, (size_t)p->n + i);
        tp_fill(m->block, p->dtype, at, p->constant[i]);
        m->value[(uint32_t)p->n + i] = at;
    }
    for (int i = 0; i < p->n; i++) {
        const tp_tensor *x = tp_ctx_input(m->ctx, i);
        tp_map_connect(m, &m->port[i], x, x->data, x->strides, x->rank);
        if (!m->port[i].single) continue;
        char *at = tp_map_block(m, m->own, (size_t)i);
        tp_fill(m->block, p->dtype, at, tp_tensor_item(x, 0));
        m->value[i] = at;
    }
}

tp_status tp_map_open(tp_map_machine *m, tp_ctx *ctx, bool back)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    const size_t registers = tp_map_registers(p);
    *m = (tp_map_machine){
        .ctx = ctx, .p = p, .loops = ctx->tape->kernels->of[p->dtype], .size = tp_dtype_size(p->dtype)};
    const int64_t bytes = (int64_t)tp_map_room(p, back, &m->block);
    m->room = tp_new_tensor(ctx->tape, TP_U8, 1, &bytes, "map");
    if (!m->room) return ctx->tape->error.status;
    char *at = m->room->data;
    m->port = (tp_map_port *)(void *)at;
    m->upstream = m->port + p->n;
    at += up((size_t)(p->n + (back ? p->m : 0)) * sizeof(tp_map_port));
    m->value = (const void **)(void *)at;
    m->slope = m->value + registers;
    at += up(2 * registers * sizeof(void *));
    m->wants = (bool *)at;
    m->again = m->wants + registers;
    at += up(2 * registers);
    m->own = at;
    m->slope_own = tp_map_block(m, at, values_of(p, back));
    memset(m->value, 0, 2 * registers * sizeof(void *));
    memset(m->wants, 0, 2 * registers);
    fill_constants(m);
    return TP_OK;
}

void tp_map_close(tp_map_machine *m)
{
    tp_done(m->ctx->tape, m->room);
}

/* ---- forwards ---- */

const void *tp_map_pack(const tp_map_machine *m, const tp_map_port *from, int64_t start, int64_t n, void *at)
{
    const tp_shape *shape = &m->p->shape;
    return tp_pack_operand(&from->operand, m->size, shape->rank, shape->dims, start, n, at);
}

void tp_map_load(tp_map_machine *m, int64_t start, int64_t n)
{
    for (int i = 0; i < m->p->n; i++)
        if (!m->port[i].single && m->p->twin[i] == (uint32_t)i)
            m->value[i] = tp_map_pack(m, &m->port[i], start, n, tp_map_block(m, m->own, (size_t)i));
}

static void set_numbers(const tp_map_machine *m, const tp_map_step *s, const void **in)
{
    if (s->op->row->kind == TP_ROW_NUMBER || s->op->row->kind == TP_ROW_NUMBERS)
        in[TP_IN_B] = m->p->dtype == TP_F32 ? (const void *)s->narrow : (const void *)s->numbers;
}

void tp_map_value(const tp_map_machine *m, uint32_t i, int64_t n, void *out)
{
    const tp_map_step *s = &m->p->step[i];
    const void *in[TP_IN_COUNT] = {m->value[s->x[0]], m->value[s->x[1]], m->value[s->x[2]], NULL, NULL};
    set_numbers(m, s, in);
    m->loops->rows[s->op->row->index].value(n, out, in);
}

/* A loop for slopes may read what its slope does not name: that is not computed again, and anything will do. */
void tp_map_slope(const tp_map_machine *m, uint32_t i, tp_loop *loop, int64_t n, void *out)
{
    const tp_map_step *s = &m->p->step[i];
    const uint32_t reg = tp_map_first_step(m->p) + i;
    const void *in[TP_IN_COUNT] = {m->value[s->x[0]], m->value[s->x[1]], m->value[s->x[2]], m->value[reg],
                                   m->slope[reg]};
    for (int k = 0; k < TP_IN_G; k++)
        if (!in[k]) in[k] = in[TP_IN_G];
    set_numbers(m, s, in);
    loop(n, out, in);
}

tp_status tp_map_forward(tp_ctx *ctx)
{
    tp_map_machine m;
    if (tp_map_open(&m, ctx, false) != TP_OK) return ctx->tape->error.status;
    const tp_map_program *p = m.p;
    const uint32_t base = tp_map_first_step(p);
    char *const out = tp_ctx_output(ctx, 0)->data;
    for (int64_t start = 0; start < p->count; start += m.block) {
        const int64_t n = p->count - start < m.block ? p->count - start : m.block;
        tp_map_load(&m, start, n);
        for (int k = 0; k < p->m; k++) /* the first result that a step is has its memory */
            if (p->result[k] >= base) m.value[p->result[k]] = NULL;
        for (int k = 0; k < p->m; k++)
            if (p->result[k] >= base && !m.value[p->result[k]])
                m.value[p->result[k]] = out + (k * p->count + start) * (int64_t)m.size;
        for (uint32_t i = 0; i < p->steps; i++) {
            const tp_map_step *s = &p->step[i];
            if (s->slot != TP_NO_SLOT) m.value[base + i] = tp_map_block(&m, m.own, base + s->slot);
            tp_map_value(&m, i, n, (void *)(uintptr_t)m.value[base + i]);
        }
        for (int k = 0; k < p->m; k++) {
            char *to = out + (k * p->count + start) * (int64_t)m.size;
            if (m.value[p->result[k]] != to) memcpy(to, m.value[p->result[k]], (size_t)n * m.size);
        }
    }
    tp_map_close(&m);
    return TP_OK;
}
