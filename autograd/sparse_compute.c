/* The numbers of a sparse derivative: a few directions at a time forward, one at a time back, and each entry read from
   the one that has it. */
#include <string.h>

#include "autograd/give.h"
#include "autograd/sparse.h"
#include "autograd/sweep.h"
#include "autograd/walk.h"

enum { LANES = 8 }; /* directions that go forward together */

static int64_t count_of(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? value->count : 1;
}

/* Nodes one after another, as their elements are numbered. */
typedef struct place {
    const tp_var *x;
    int node;
    int64_t first; /* number of this node's first element */
} place;

/* The node that holds element i; the numbers asked for ascend. */
static tp_var node_at(place *p, int64_t i, int64_t *element)
{
    for (int64_t count; i >= p->first + (count = count_of(p->x[p->node])); p->node++) p->first += count;
    *element = i - p->first;
    return p->x[p->node];
}

static void copy_out(double *to, const tp_tensor *from, int64_t count)
{
    if (!from) {
        memset(to, 0, (size_t)count * sizeof *to);
        return;
    }
    int64_t strides[TP_MAX_RANK];
    tp_shape_strides(from->rank, from->dims, strides);
    tp_copy(from->rank, from->dims, TP_F64, to, strides, (tp_dtype)from->dtype, from->data, from->strides);
}

static void read_entries(const tp_sparse *s, int64_t direction)
{
    for (int64_t i = s->source_start[direction]; i < s->source_start[direction + 1]; i++)
        s->value[s->source[i].entry] = s->yield[s->source[i].element];
}

/* ---- forward ---- */

static tp_status seed_lane(const tp_sparse *s, tp_sweep *sweep, int lane, int64_t direction)
{
    place p = {.x = s->x};
    for (int64_t i = s->seeds.start[direction]; i < s->seeds.start[direction + 1]; i++) {
        int64_t element;
        const tp_var x = node_at(&p, s->seeds.item[i], &element);
        const tp_status status = tp_sweep_seed_number(sweep, lane, x, element, 1);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static void read_lane(const tp_sparse *s, const tp_sweep *sweep, int lane, int64_t direction)
{
    double *to = s->yield;
    for (int k = 0; k < s->m; k++) {
        const int64_t count = count_of(s->y[k]);
        if (tp_value(s->y[k]))
            copy_out(to, tp_sweep_tensor(sweep, lane, s->y[k]), count);
        else
            *to = tp_sweep_number(sweep, lane, s->y[k]);
        to += count;
    }
    read_entries(s, direction);
}

static tp_status go_forward(const tp_sparse *s)
{
    const int lanes = s->forwards < LANES ? (int)s->forwards : LANES;
    tp_sweep sweep;
    tp_status status = tp_sweep_begin(&sweep, "tp_sparse_compute", s->tape, s->y, s->m, s->x, s->n, lanes, false);
    for (int64_t first = 0; first < s->forwards && status == TP_OK; first += lanes) {
        const int64_t left = s->forwards - first;
        const int n = left < lanes ? (int)left : lanes;
        for (int lane = 0; lane < n && status == TP_OK; lane++) status = seed_lane(s, &sweep, lane, first + lane);
        if (status == TP_OK) status = tp_sweep_run(&sweep);
        for (int lane = 0; lane < n && status == TP_OK; lane++) read_lane(s, &sweep, lane, first + lane);
        tp_sweep_clear(&sweep);
    }
    tp_sweep_end(&sweep);
    return status;
}

/* ---- back ---- */

/* 1 at each row of the direction. */
static tp_status seed_rows(const tp_sparse *s, int64_t direction)
{
    tp_tape *tape = s->tape;
    place p = {.x = s->y};
    int64_t i = s->seeds.start[direction];
    const int64_t end = s->seeds.start[direction + 1];
    tp_status status = TP_OK;
    while (i < end && status == TP_OK) {
        int64_t element;
        const tp_var y = node_at(&p, s->seeds.item[i], &element);
        const tp_tensor *value = tp_value(y);
        if (!value) {
            status = tp_slot_add_number(tape, y.node, 1);
            i++;
            continue;
        }
        tp_tensor *g = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, "sparse_compute");
        if (!g) return TP_E_MEMORY;
        const size_t size = tp_dtype_size((tp_dtype)g->dtype);
        memset(g->data, 0, (size_t)g->count * size);
        for (; i < end && s->seeds.item[i] < p.first + g->count; i++)
            tp_put((tp_dtype)g->dtype, g->data + (size_t)(s->seeds.item[i] - p.first) * size, 1);
        status = tp_slot_add(tape, y.node, g);
        tp_unref(tape, g);
    }
    return status;
}

static void read_gradients(const tp_sparse *s, uint32_t root, int64_t direction)
{
    const tp_tape *tape = s->tape;
    double *to = s->yield;
    for (int k = 0; k < s->n; k++) {
        const uint32_t node = s->x[k].node;
        const bool arrived = node <= root && tape->nodes[node].a & TP_NEEDS;
        const int64_t count = count_of(s->x[k]);
        if (tape->nodes[node].a & TP_IS_TENSOR)
            copy_out(to, arrived ? tape->slots[node].tensor : NULL, count);
        else
            *to = arrived ? tape->slots[node].number : 0;
        to += count;
    }
    read_entries(s, direction);
}

/* Keeps the gradients of x through the walk, where nobody asked for it. Returns nothing: `added` says where. */
static void retain(const tp_sparse *s, bool *added)
{
    for (int k = 0; k < s->n; k++) {
        tp_node *node = &s->tape->nodes[s->x[k].node];
        added[k] = node->op->structure != TP_LEAF && !(node->b & TP_RETAINS);
        if (added[k]) node->b |= TP_RETAINS;
    }
}

static void release(const tp_sparse *s, const bool *added)
{
    for (int k = 0; k < s->n; k++)
        if (added[k]) s->tape->nodes[s->x[k].node].b &= ~TP_RETAINS;
}

static tp_status walk_back(const tp_sparse *s, uint32_t root, uint32_t low, int64_t direction)
{
    tp_tape *tape = s->tape;
    const tp_level outer = tp_level_of(tape);
    tp_status status = tp_walk_begin(tape, root, low, false, false);
    if (status != TP_OK) return status;
    status = seed_rows(s, direction);
    if (status == TP_OK) status = tp_walk_numbers(tape, root, low);
    if (status == TP_OK) read_gradients(s, root, direction);
    return tp_walk_end(tape, root, status, &outer);
}

static tp_status go_back(const tp_sparse *s)
{
    tp_tape *tape = s->tape;
    uint32_t root = 0, low = TP_NO_NODE;
    for (int k = 0; k < s->m; k++)
        if (s->y[k].node > root) root = s->y[k].node;
    for (int k = 0; k < s->n; k++)
        if (s->x[k].node < low) low = s->x[k].node;
    const uint32_t chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    bool *added = tp_chunks_push(&tape->stack, ((size_t)s->n + 1) * sizeof *added);
    if (!added) return tp_tape_out_of_memory(tape, "tp_sparse_compute");
    retain(s, added);
    tp_status status = TP_OK;
    for (int64_t k = 0; k < s->backwards && status == TP_OK; k++)
        status = walk_back(s, root, low < root ? low : root, s->forwards + k);
    release(s, added);
    tp_chunks_pop_to(&tape->stack, chunk, used);
    return status;
}

/* ---- both ---- */

static tp_status check_handles(const tp_sparse *s)
{
    tp_tape *tape = s->tape;
    if (tape->walking || tape->calling)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_sparse_compute: a backward pass or an op is running");
    for (int k = 0; k < s->m; k++)
        if (!tp_check_operand(tape, "sparse_compute", s->y[k], k)) return tape->error.status;
    for (int k = 0; k < s->n; k++)
        if (!tp_check_operand(tape, "sparse_compute", s->x[k], s->m + k)) return tape->error.status;
    return tape->error.status;
}

tp_status tp_sparse_compute(tp_sparse *s)
{
    if (!s) return TP_E_ARGUMENT;
    tp_status status = check_handles(s);
    if (status != TP_OK) return status;
    if (s->pattern_only)
        return tp_tape_fail(s->tape, TP_E_ARGUMENT, "tp_sparse_compute: a pattern alone has no values");
    if (s->forwards) status = go_forward(s);
    if (status == TP_OK && s->backwards) status = go_back(s);
    return status;
}
