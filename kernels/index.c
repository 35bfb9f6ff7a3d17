/* Picking rows by integers. Both sides and the index are walked together; the integers of a run of rows are first
   turned into places in the table, checked, a few hundred at a time. */
#include "kernels/index.h"

#include <math.h>
#include <string.h>

enum { RUN = 256 };
#define NOWHERE INT64_MIN

/* The dims of the picked side, neighbours joined where all three layouts allow. The last is a row of elements that
   share an index, the one before it a run of rows. */
typedef struct walk {
    int rank;
    int64_t dims[TP_MAX_RANK + 2], picked[TP_MAX_RANK + 2], table[TP_MAX_RANK + 2], index[TP_MAX_RANK + 2];
} walk;

static void push(walk *w, int64_t dim, int64_t picked, int64_t table, int64_t index)
{
    w->dims[w->rank] = dim;
    w->picked[w->rank] = picked, w->table[w->rank] = table, w->index[w->rank++] = index;
}

static void walk_of(const tp_pick *p, walk *w)
{
    w->rank = 0;
    push(w, 1, 0, 0, 0);
    for (int i = 0; i < p->rank; i++) {
        const int last = w->rank - 1;
        const int64_t dim = p->dims[i];
        if (dim == 1) continue;
        if (last > 0 && w->picked[last] == p->picked_strides[i] * dim && w->table[last] == p->table_strides[i] * dim &&
            w->index[last] == p->index_strides[i] * dim) {
            w->dims[last] *= dim;
            w->picked[last] = p->picked_strides[i];
            w->table[last] = p->table_strides[i];
            w->index[last] = p->index_strides[i];
        } else {
            push(w, dim, p->picked_strides[i], p->table_strides[i], p->index_strides[i]);
        }
    }
    if (w->rank == 1 || w->index[w->rank - 1] != 0) push(w, 1, 1, 1, 0);
}

/* n integers `stride` apart as places in the table, `step` further for each, where one of them is skipped. */
#define PLACES(type, name)                                                                                             \
    static bool places_##name(const tp_pick *p, const type *index, int64_t n, int64_t stride, int64_t step,            \
                              int64_t *place)                                                                          \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const int64_t given = (int64_t)index[i * stride];                                                          \
            if (given == p->skip) {                                                                                    \
                place[i] = NOWHERE;                                                                                    \
                continue;                                                                                              \
            }                                                                                                          \
            const int64_t k = given < 0 && !p->strict ? given + p->axis_dim : given;                                   \
            if (k < 0 || k >= p->axis_dim) return false;                                                               \
            place[i] = i * step + k * p->axis_stride;                                                                  \
        }                                                                                                              \
        return true;                                                                                                   \
    }
PLACES(int32_t, i32)
PLACES(int64_t, i64)
PLACES(uint8_t, u8)

/* A scalar node: one double, seen everywhere. */
static bool places_number(const tp_pick *p, const double *index, int64_t n, int64_t step, int64_t *place)
{
    if (!(fabs(*index) < 0x1p62)) return false;
    const int64_t whole = (int64_t)*index;
    return (double)whole == *index && places_i64(p, &whole, n, 0, step, place);
}

static bool places(const tp_kernels *kernels, const tp_pick *p, int64_t at, int64_t n, int64_t stride, int64_t step,
                   int64_t *place)
{
    const char *index = p->index + at * (int64_t)tp_dtype_size(p->index_dtype);
    if (p->skip == TP_PICK_ALL && p->index_dtype > TP_F64)
        return kernels->index->places[p->index_dtype](p, index, n, stride, step, place);
    switch (p->index_dtype) {
    case TP_I32: return places_i32(p, (const int32_t *)(const void *)index, n, stride, step, place);
    case TP_I64: return places_i64(p, (const int64_t *)(const void *)index, n, stride, step, place);
    case TP_U8: return places_u8(p, (const uint8_t *)index, n, stride, step, place);
    case TP_F64: return places_number(p, (const double *)(const void *)index, n, step, place);
    default: return false;
    }
}

/* ---- runs of rows: `rows` of them, n elements each ---- */

typedef struct run {
    int64_t rows, n;
    char *picked, *table;
    int64_t picked_row, picked_step, table_step;
    const int64_t *place;
    bool skips; /* some places are NOWHERE */
} run;

#define MOVE_ELEMENTS(name, type)                                                                                      \
    static void read_##name(const run *r)                                                                              \
    {                                                                                                                  \
        type *const to = (type *)(void *)r->picked;                                                                    \
        const type *const from = (const type *)(const void *)r->table;                                                 \
        for (int64_t i = 0; i < r->rows; i++)                                                                          \
            for (int64_t k = 0; k < r->n; k++)                                                                         \
                to[i * r->picked_row + k * r->picked_step] =                                                           \
                    r->place[i] == NOWHERE ? 0 : from[r->place[i] + k * r->table_step];                                \
    }                                                                                                                  \
    static void write_##name(const run *r)                                                                             \
    {                                                                                                                  \
        type *const to = (type *)(void *)r->table;                                                                     \
        const type *const from = (const type *)(const void *)r->picked;                                                \
        for (int64_t i = 0; i < r->rows; i++)                                                                          \
            for (int64_t k = 0; k < r->n && r->place[i] != NOWHERE; k++)                                               \
                to[r->place[i] + k * r->table_step] = from[i * r->picked_row + k * r->picked_step];                    \
    }
MOVE_ELEMENTS(1, uint8_t)
MOVE_ELEMENTS(4, uint32_t)
MOVE_ELEMENTS(8, uint64_t)

#define ADD_ELEMENTS(name, type)                                                                                       \
    static void add_##name(const run *r)                                                                               \
    {                                                                                                                  \
        type *const to = (type *)(void *)r->table;                                                                     \
        const type *const from = (const type *)(const void *)r->picked;                                                \
        for (int64_t i = 0; i < r->rows; i++)                                                                          \
            for (int64_t k = 0; k < r->n && r->place[i] != NOWHERE; k++)                                               \
                to[r->place[i] + k * r->table_step] += from[i * r->picked_row + k * r->picked_step];                   \
    }
ADD_ELEMENTS(f32, float)
ADD_ELEMENTS(f64, double)

/* Rows of so many bytes on end, on both sides: at most two `parts`, the front and the back of the row, which may meet;
   0 of them: as memcpy does. */
static inline __attribute__((always_inline)) void read_bytes(const run *r, size_t size, size_t bytes, size_t part)
{
    for (int64_t i = 0; i < r->rows; i++) {
        char *const to = r->picked + i * r->picked_row * (int64_t)size;
        if (r->place[i] == NOWHERE) {
            memset(to, 0, bytes);
            continue;
        }
        const char *const from = r->table + r->place[i] * (int64_t)size;
        memcpy(to, from, part ? part : bytes);
        if (part) memcpy(to + bytes - part, from + bytes - part, part);
    }
}

static void read_rows(const run *r, size_t size)
{
    const size_t bytes = (size_t)r->n * size;
    if (bytes < 8 || bytes > 128)
        read_bytes(r, size, bytes, 0);
    else if (bytes <= 16)
        read_bytes(r, size, bytes, 8);
    else if (bytes <= 32)
        read_bytes(r, size, bytes, 16);
    else if (bytes <= 64)
        read_bytes(r, size, bytes, 32);
    else
        read_bytes(r, size, bytes, 64);
}

static void run_rows(const tp_kernels *kernels, tp_pick_how how, tp_dtype dtype, const run *r)
{
    const size_t size = tp_dtype_size(dtype);
    const bool rows = r->n > 1 && r->picked_step == 1 && r->table_step == 1, one = r->n == 1 && !r->skips;
    if (how == TP_PICK_READ && one && size >= 4)
        kernels->index->read[size == 8](r->rows, r->picked, r->picked_row, r->table, r->place);
    else if (how == TP_PICK_ADD && one)
        kernels->index->add[dtype](r->rows, r->table, r->place, r->picked, r->picked_row);
    else if (how == TP_PICK_READ && rows)
        read_rows(r, size);
    else if (how == TP_PICK_READ)
        (size == 4 ? read_4 : (size == 8 ? read_8 : read_1))(r);
    else if (how == TP_PICK_WRITE)
        (size == 4 ? write_4 : (size == 8 ? write_8 : write_1))(r);
    else if (rows)
        kernels->of[dtype]->add_rows(r->rows, r->n, r->table, r->place, r->picked, r->picked_row);
    else
        (dtype == TP_F32 ? add_f32 : add_f64)(r);
}

/* Moves to the next run; false after the last. */
static bool next_run(const walk *w, int64_t at[TP_MAX_RANK], int64_t *picked, int64_t *table, int64_t *index)
{
    for (int i = w->rank - 3; i >= 0; i--) {
        *picked += w->picked[i], *table += w->table[i], *index += w->index[i];
        if (++at[i] < w->dims[i]) return true;
        *picked -= w->dims[i] * w->picked[i], *table -= w->dims[i] * w->table[i], *index -= w->dims[i] * w->index[i];
        at[i] = 0;
    }
    return false;
}

/* A short vector: no walk is needed. */
static bool run_vector(const tp_kernels *kernels, tp_pick_how how, const tp_pick *p)
{
    int64_t place[RUN];
    const run r = {.rows = p->dims[0],
                   .n = 1,
                   .picked = p->picked,
                   .table = p->table,
                   .picked_row = p->picked_strides[0],
                   .place = place,
                   .skips = p->skip != TP_PICK_ALL};
    if (!places(kernels, p, 0, r.rows, p->index_strides[0], p->table_strides[0], place)) return false;
    run_rows(kernels, how, p->dtype, &r);
    return true;
}

bool tp_pick_run(const tp_kernels *kernels, tp_pick_how how, const tp_pick *p)
{
    if (p->rank == 1 && p->dims[0] <= RUN) return run_vector(kernels, how, p);
    for (int i = 0; i < p->rank; i++)
        if (p->dims[i] == 0) return true;
    walk w;
    walk_of(p, &w);
    const int row = w.rank - 1, across = w.rank - 2;
    const int64_t size = (int64_t)tp_dtype_size(p->dtype);
    int64_t at[TP_MAX_RANK] = {0}, picked = 0, table = 0, index = 0, place[RUN];
    run r = {.n = w.dims[row],
             .picked_row = w.picked[across],
             .picked_step = w.picked[row],
             .table_step = w.table[row],
             .place = place,
             .skips = p->skip != TP_PICK_ALL};
    do {
        for (int64_t done = 0; done < w.dims[across]; done += RUN) {
            r.rows = w.dims[across] - done < RUN ? w.dims[across] - done : RUN;
            r.picked = p->picked + (picked + done * w.picked[across]) * size;
            r.table = p->table + (table + done * w.table[across]) * size;
            if (!places(kernels, p, index + done * w.index[across], r.rows, w.index[across], w.table[across], place))
                return false;
            run_rows(kernels, how, p->dtype, &r);
        }
    } while (next_run(&w, at, &picked, &table, &index));
    return true;
}
