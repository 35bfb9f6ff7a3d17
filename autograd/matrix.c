/* Filling a Jacobian: by columns, some directions of forward mode at a time, or by rows, a walk back each. */
#include <string.h>

#include "autograd/give.h"
#include "autograd/jacobian.h"
#include "autograd/sweep.h"
#include "autograd/walk.h"

enum { MOST_LANES = 16, SLOTS = 1 << 19 }; /* lanes share this many slots, which are to stay in a cache */

static int64_t count_of(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? value->count : 1;
}

static bool add_counts(const tp_var *x, int n, int64_t *sum, bool *narrow, bool *wide)
{
    *sum = 0;
    for (int i = 0; i < n; i++) {
        if (count_of(x[i]) > INT64_MAX - *sum) return false;
        *sum += count_of(x[i]);
        *narrow = *narrow || (tp_value(x[i]) && tp_var_dtype(x[i]) == TP_F32);
        *wide = *wide || (tp_value(x[i]) && tp_var_dtype(x[i]) == TP_F64);
    }
    return true;
}

tp_status tp_matrix_begin(tp_matrix *w, const char *called, tp_tape *tape, const tp_var *y, int m, const tp_var *x,
                          int n, bool recorded)
{
    bool narrow = false, wide = false;
    *w = (tp_matrix){
        .tape = tape, .called = called, .y = y, .x = x, .m = m, .n = n, .recorded = recorded, .dtype = TP_F64};
    if (!add_counts(y, m, &w->rows, &narrow, &wide) || !add_counts(x, n, &w->columns, &narrow, &wide))
        return tp_tape_fail(tape, TP_E_LIMIT, "%s: the sizes add up to more than 2^63", called);
    if (narrow && !wide) w->dtype = TP_F32;
    w->numbers = tp_new_tensor(tape, w->dtype, 2, (const int64_t[]){w->rows, w->columns}, called + 3);
    if (!w->numbers) return tape->error.status;
    tp_fill(w->numbers->count, w->dtype, w->numbers->data, 0);
    return TP_OK;
}

tp_var tp_matrix_end(tp_matrix *w, tp_status status)
{
    tp_tensor *numbers = w->numbers;
    w->numbers = NULL;
    if (status == TP_OK && w->parts == 0) return tp_constant_tensor(w->tape, numbers);
    tp_shape shape = {.rank = 2};
    if (numbers) {
        memcpy(shape.dims, numbers->dims, sizeof shape.dims);
        tp_unref(w->tape, numbers);
    }
    return status == TP_OK ? tp_put_together(w->tape, w->dtype, &shape, w->parts, w->inputs, w->regions)
                           : tp_poison(w->tape);
}

/* ---- parts: a column of y_j, or a row of x_i ---- */

/* Where in the matrix a node's elements go, which lie `step` apart in row-major order. */
static tp_region region_of(tp_var node, int64_t offset, int64_t step)
{
    const tp_tensor *value = tp_value(node);
    tp_region region = {.offset = offset, .rank = value ? value->rank : 0};
    for (int k = region.rank - 1; k >= 0; k--) {
        region.dims[k] = value->dims[k];
        region.strides[k] = step;
        step *= value->dims[k];
    }
    return region;
}

static void write_part(const tp_matrix *w, const tp_region *to, double number, const tp_tensor *tensor)
{
    char *at = w->numbers->data + to->offset * (int64_t)tp_dtype_size(w->dtype);
    if (tensor)
        tp_copy(to->rank, to->dims, w->dtype, at, to->strides, (tp_dtype)tensor->dtype, tensor->data, tensor->strides);
    else if (to->rank == 0)
        tp_put(w->dtype, at, number);
}

static tp_status keep_part(tp_matrix *w, const tp_region *to, tp_var part)
{
    tp_chunks *stack = &w->tape->stack;
    if (tp_value(part)) part = tp_cast(part, w->dtype);
    if (!tp_ok(part)) return w->tape->error.status;
    if (w->parts == w->room) { /* what is outgrown stays on the stack until the reset */
        const uint32_t room = w->room ? 2 * w->room : 16;
        uint32_t *inputs = tp_chunks_push(stack, room * sizeof *inputs);
        const tp_region **regions = tp_chunks_push(stack, room * sizeof *regions);
        if (!inputs || !regions) return tp_tape_out_of_memory(w->tape, w->called);
        if (w->parts) memcpy(inputs, w->inputs, w->parts * sizeof *inputs);
        if (w->parts) memcpy(regions, w->regions, w->parts * sizeof *regions);
        w->inputs = inputs, w->regions = regions, w->room = room;
    }
    tp_region *region = tp_chunks_push(stack, sizeof *region);
    if (!region) return tp_tape_out_of_memory(w->tape, w->called);
    *region = *to;
    w->inputs[w->parts] = part.node;
    w->regions[w->parts++] = region;
    return TP_OK;
}

/* 1 at one element, 0 elsewhere: as a tensor like the node's, and as a constant. */
static tp_tensor *unit_tensor(const tp_matrix *w, tp_var like, int64_t element)
{
    const tp_tensor *value = tp_value(like);
    const tp_dtype dtype = (tp_dtype)value->dtype;
    tp_tensor *unit = tp_new_tensor(w->tape, dtype, value->rank, value->dims, w->called + 3);
    if (!unit) return NULL;
    tp_fill(unit->count, dtype, unit->data, 0);
    tp_put(dtype, unit->data + element * (int64_t)tp_dtype_size(dtype), 1);
    return unit;
}

static tp_var unit_constant(const tp_matrix *w, tp_var like, int64_t element)
{
    if (!tp_value(like)) return tp_constant_number(w->tape, 1);
    tp_tensor *unit = unit_tensor(w, like, element);
    return unit ? tp_constant_tensor(w->tape, unit) : tp_poison(w->tape);
}

/* ---- by columns ---- */

static int lanes_of(const tp_matrix *w, int64_t most)
{
    uint32_t first = TP_NODE_BITS, last = 0;
    for (int i = 0; i < w->n; i++) first = w->x[i].node < first ? w->x[i].node : first;
    for (int j = 0; j < w->m; j++) last = w->y[j].node > last ? w->y[j].node : last;
    int lanes = MOST_LANES;
    while (lanes > 4 && last > first && (int64_t)(last - first) * lanes > SLOTS) lanes /= 2;
    return most < lanes ? (int)most : lanes;
}

static tp_status seed_column(const tp_matrix *w, tp_sweep *s, int lane, tp_var x, int64_t element)
{
    if (!tp_needs_grad(x)) return TP_OK;
    if (!w->recorded) return tp_sweep_seed_number(s, lane, x, element, 1);
    const tp_var unit = unit_constant(w, x, element);
    return tp_ok(unit) ? tp_sweep_seed(s, lane, x, unit) : w->tape->error.status;
}

/* A scalar y lies in its row of the matrix as it does in the sweep: lane beside lane. */
static void read_number(const tp_matrix *w, const tp_sweep *s, tp_var y, int lanes, int64_t at)
{
    const tp_slot *slots = tp_sweep_slots(s, y.node);
    char *to = w->numbers->data + at * (int64_t)tp_dtype_size(w->dtype);
    if (w->dtype == TP_F64)
        memcpy(to, slots, (size_t)lanes * sizeof *slots);
    else
        for (int lane = 0; lane < lanes; lane++) tp_put(TP_F32, to + lane * (int)sizeof(float), slots[lane].number);
}

enum { ROWS_AT_ONCE = 256 }; /* of all lanes, so that they stay in a cache until every lane has written to them */

/* Tangents laid out as y is go into the matrix side by side, some rows at a time; the others one by one. */
static void write_lanes(const tp_matrix *w, const tp_sweep *s, tp_var y, int lanes, int64_t offset)
{
    const int64_t count = tp_value(y)->count, size = (int64_t)tp_dtype_size(w->dtype);
    for (int64_t at = 0; at < count; at += ROWS_AT_ONCE) {
        const int64_t n = count - at < ROWS_AT_ONCE ? count - at : ROWS_AT_ONCE, one = 1;
        for (int lane = 0; lane < lanes; lane++) {
            const tp_tensor *dy = tp_sweep_tensor(s, lane, y);
            if (!dy || (!dy->dense && at > 0)) continue;
            if (!dy->dense) {
                const tp_region to = region_of(y, offset + lane, w->columns);
                write_part(w, &to, 0, dy);
            } else {
                tp_copy(1, &n, w->dtype, w->numbers->data + (offset + lane + at * w->columns) * size, &w->columns,
                        (tp_dtype)dy->dtype, dy->data + at * (int64_t)tp_dtype_size((tp_dtype)dy->dtype), &one);
            }
        }
    }
}

/* Row r of the result and those below it, in the columns of the lanes. */
static tp_status read_result(tp_matrix *w, const tp_sweep *s, tp_var y, int lanes, int64_t row, int64_t column)
{
    tp_status status = TP_OK;
    if (!tp_sweep_moves(s, y.node)) return TP_OK;
    if (!w->recorded) {
        (tp_value(y) ? write_lanes : read_number)(w, s, y, lanes, row * w->columns + column);
        return TP_OK;
    }
    for (int lane = 0; lane < lanes && status == TP_OK; lane++) {
        if (tp_sweep_slots(s, y.node)[lane].bits == 0) continue;
        const tp_region to = region_of(y, row * w->columns + column + lane, w->columns);
        status = keep_part(w, &to, tp_sweep_result(s, lane, y));
    }
    return status;
}

tp_status tp_matrix_by_columns(tp_matrix *w)
{
    if (w->numbers->count == 0) return TP_OK;
    tp_sweep s;
    const int lanes = lanes_of(w, w->columns);
    tp_status status = tp_sweep_begin(&s, w->called, w->tape, w->y, w->m, w->x, w->n, lanes, w->recorded);
    int i = 0, used;
    int64_t element = 0;
    for (int64_t column = 0; column < w->columns && status == TP_OK; column += used) {
        for (used = 0; used < lanes && column + used < w->columns && status == TP_OK; used++) {
            while (element == count_of(w->x[i])) i++, element = 0;
            status = seed_column(w, &s, used, w->x[i], element++);
        }
        if (status == TP_OK) status = tp_sweep_run(&s);
        int64_t row = 0;
        for (int j = 0; j < w->m && status == TP_OK; row += count_of(w->y[j++]))
            status = read_result(w, &s, w->y[j], used, row, column);
        if (status == TP_OK) tp_sweep_clear(&s);
    }
    tp_sweep_end(&s);
    return status;
}

/* ---- by rows ---- */

static tp_status row_recorded(tp_matrix *w, tp_var y, int64_t element, int64_t row, tp_var *gradients)
{
    const tp_var unit = unit_constant(w, y, element);
    if (!tp_ok(unit)) return w->tape->error.status;
    tp_status status = tp_vjp_flagged(y, unit, w->x, w->n, gradients, TP_CREATE_GRAPH | TP_NO_ADJOINTS);
    int64_t column = 0;
    for (int i = 0; i < w->n && status == TP_OK; column += count_of(w->x[i++])) {
        const tp_region to = region_of(w->x[i], row * w->columns + column, 1);
        status = keep_part(w, &to, gradients[i]);
    }
    return status;
}

static tp_status seed_row(const tp_matrix *w, tp_var y, int64_t element)
{
    if (!tp_value(y)) return tp_slot_add_number(w->tape, y.node, 1);
    tp_tensor *unit = unit_tensor(w, y, element);
    if (!unit) return w->tape->error.status;
    const tp_status status = tp_slot_add(w->tape, y.node, unit);
    tp_unref(w->tape, unit);
    return status;
}

static tp_status row_in_numbers(const tp_matrix *w, tp_var y, int64_t element, int64_t row, uint32_t low)
{
    tp_tape *tape = w->tape;
    const tp_level outer = tp_level_of(tape);
    tp_status status = tp_walk_begin(tape, y.node, low, false, false);
    if (status != TP_OK) return status;
    status = seed_row(w, y, element);
    if (status == TP_OK) status = tp_walk_numbers(tape, y.node, low);
    int64_t column = 0;
    for (int i = 0; i < w->n && status == TP_OK; column += count_of(w->x[i++])) {
        const uint32_t node = w->x[i].node;
        if (node > y.node || tape->slots[node].bits == 0 || !(tape->nodes[node].a & TP_NEEDS)) continue;
        const tp_region to = region_of(w->x[i], row * w->columns + column, 1);
        const bool tensor = tape->nodes[node].a & TP_IS_TENSOR;
        write_part(w, &to, tape->slots[node].number, tensor ? tape->slots[node].tensor : NULL);
    }
    return tp_walk_end(tape, y.node, status, &outer);
}

tp_status tp_matrix_by_rows(tp_matrix *w)
{
    if (w->numbers->count == 0) return TP_OK;
    tp_tape *tape = w->tape;
    if (tp_matrix_of_scalars(w)) return tp_matrix_by_lanes(w, lanes_of(w, w->rows));
    const uint32_t chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    uint32_t *retained = tp_chunks_push(&tape->stack, (size_t)w->n * sizeof *retained);
    tp_var *gradients = tp_chunks_push(&tape->stack, (size_t)w->n * sizeof *gradients);
    if (!retained || !gradients) return tp_tape_out_of_memory(tape, w->called);
    tp_retain_nodes(tape, w->x, w->n, retained);
    tp_status status = TP_OK;
    int64_t row = 0;
    for (int j = 0; j < w->m; row += count_of(w->y[j++])) {
        uint32_t low = w->y[j].node;
        for (int i = 0; i < w->n; i++) low = w->x[i].node < low ? w->x[i].node : low;
        if (!tp_needs_grad(w->y[j])) continue;
        for (int64_t e = 0; e < count_of(w->y[j]) && status == TP_OK; e++)
            status = w->recorded ? row_recorded(w, w->y[j], e, row + e, gradients)
                                 : row_in_numbers(w, w->y[j], e, row + e, low);
    }
    tp_restore_nodes(tape, w->x, w->n, retained);
    if (!w->recorded) tp_chunks_pop_to(&tape->stack, chunk, used);
    return status;
}
