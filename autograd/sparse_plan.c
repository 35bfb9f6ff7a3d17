/* From colours to directions: which columns or rows each is made of, and from which of them an entry is read. */
#include "autograd/sparse.h"

#include <string.h>

/* ---- seeds ---- */

/* Puts 0 .. n-1 into the lists from `first` on, by colour, behind those that are there; each list ascends. */
static void sort_by_colour(const tp_colours *c, int64_t n, int64_t first, tp_lists *lists)
{
    int64_t *start = lists->start + first;
    const int64_t begin = first ? start[0] : 0;
    start[0] = begin;
    for (int64_t k = 1; k <= c->count; k++) start[k] = 0;
    for (int64_t i = 0; i < n; i++)
        if (c->of[i] >= 0) start[c->of[i] + 1]++;
    for (int64_t k = 1; k <= c->count; k++) start[k] += start[k - 1];
    for (int64_t i = 0; i < n; i++)
        if (c->of[i] >= 0) lists->item[start[c->of[i]]++] = (int32_t)i;
    for (int64_t k = c->count; k > 0; k--) start[k] = start[k - 1]; /* each has come to where the next begins */
    start[0] = begin;
}

static bool make_seeds(tp_sparse *s, const tp_colours *columns, const tp_colours *rows)
{
    s->forwards = columns->count;
    s->backwards = rows ? rows->count : 0;
    const size_t lists = (size_t)(s->forwards + s->backwards);
    const size_t items = (size_t)s->pattern.columns + (rows ? (size_t)s->pattern.rows : 0);
    s->seeds.start = tp_chunks_push(&s->memory, (lists + 1) * sizeof *s->seeds.start);
    s->seeds.item = tp_chunks_push(&s->memory, (items + 1) * sizeof *s->seeds.item);
    if (!s->seeds.start || !s->seeds.item) return false;
    sort_by_colour(columns, s->pattern.columns, 0, &s->seeds);
    if (rows) sort_by_colour(rows, s->pattern.rows, s->forwards, &s->seeds);
    return true;
}

/* ---- sources ---- */

/* Where an entry is found. */
typedef struct reading {
    int64_t direction;
    int32_t element;
} reading;

/* What decides it: a partition, or the colours of a Hessian. */
typedef struct rule {
    const tp_rows *r;
    const tp_partition *partition;
    const tp_colours *star;
    int32_t *times; /* of each colour, in the row that is being read */
    int64_t forwards;
} rule;

static reading read_partition(const rule *u, int64_t row, int32_t column)
{
    const tp_partition *p = u->partition;
    const bool forward = p->by_rows ? !p->apart[row] : p->apart[column];
    if (forward) return (reading){p->forwards.of[column], (int32_t)row};
    return (reading){u->forwards + p->backwards.of[row], column};
}

/* In the row where its colour comes once; if not in its own, then in its mirror's. */
static reading read_star(const rule *u, int64_t row, int32_t column)
{
    const int32_t *of = u->star->of;
    if (u->times[of[column]] == 1) return (reading){of[column], (int32_t)row};
    return (reading){of[row], column};
}

static void count_colours(const rule *u, int64_t row)
{
    for (int64_t e = u->r->start[row]; e < u->r->start[row + 1]; e++) u->times[u->star->of[u->r->column[e]]]++;
}

/* Counts the entries of each direction at start[direction + 1], or puts them there. */
static void each_entry(const tp_sparse *s, const rule *u, bool put)
{
    const tp_rows *r = u->r;
    for (int64_t row = 0; row < r->rows; row++) {
        if (u->star) count_colours(u, row);
        for (int64_t e = r->start[row]; e < r->start[row + 1]; e++) {
            const reading q = u->star ? read_star(u, row, r->column[e]) : read_partition(u, row, r->column[e]);
            if (put)
                s->source[s->source_start[q.direction]++] = (tp_entry_source){(uint32_t)e, q.element};
            else
                s->source_start[q.direction + 1]++;
        }
        if (!u->star) continue;
        for (int64_t e = r->start[row]; e < r->start[row + 1]; e++) u->times[u->star->of[r->column[e]]] = 0;
    }
}

static bool make_sources(tp_sparse *s, const rule *u)
{
    const int64_t directions = s->forwards + s->backwards;
    s->source_start = tp_chunks_push(&s->memory, ((size_t)directions + 1) * sizeof *s->source_start);
    s->source = tp_chunks_push(&s->memory, ((size_t)s->pattern.entries + 1) * sizeof *s->source);
    if (!s->source_start || !s->source) return false;
    memset(s->source_start, 0, ((size_t)directions + 1) * sizeof *s->source_start);
    each_entry(s, u, false);
    for (int64_t k = 1; k <= directions; k++) s->source_start[k] += s->source_start[k - 1];
    each_entry(s, u, true);
    for (int64_t k = directions; k > 0; k--) s->source_start[k] = s->source_start[k - 1];
    s->source_start[0] = 0;
    return true;
}

/* ---- plans ---- */

bool tp_sparse_plan_jacobian(tp_sparse *s, tp_chunks *scratch)
{
    tp_rows transpose;
    tp_partition p;
    if (!tp_rows_transpose(&s->pattern, scratch, &transpose) ||
        !tp_colour_partition(&s->pattern, &transpose, scratch, scratch, &p) ||
        !make_seeds(s, &p.forwards, &p.backwards))
        return false;
    const rule u = {.r = &s->pattern, .partition = &p, .forwards = s->forwards};
    return make_sources(s, &u);
}

static int32_t column_at(const tp_rows *r, int64_t row, int64_t at)
{
    return at < r->start[row + 1] ? r->column[at] : INT32_MAX;
}

/* The pattern with its mirror image: the rules that recorded the gradient may see one side more widely. */
static bool make_symmetric(tp_sparse *s, const tp_rows *t)
{
    const tp_rows *r = &s->pattern;
    tp_rows both = {.rows = r->rows, .columns = r->columns};
    for (int put = 0; put <= 1; put++) {
        int64_t n = 0;
        for (int64_t row = 0; row < r->rows; row++) {
            if (put) both.start[row] = n;
            for (int64_t a = r->start[row], b = t->start[row];; n++) {
                const int32_t left = column_at(r, row, a), right = column_at(t, row, b);
                const int32_t next = left < right ? left : right;
                if (next == INT32_MAX) break;
                if (put) both.column[n] = next;
                a += left == next;
                b += right == next;
            }
        }
        if (!put && n == r->entries) return true;
        if (put) {
            both.start[r->rows] = both.entries = n;
            break;
        }
        both.start = tp_chunks_push(&s->memory, ((size_t)r->rows + 1) * sizeof *both.start);
        both.column = tp_chunks_push(&s->memory, ((size_t)n + 1) * sizeof *both.column);
        if (!both.start || !both.column) return false;
    }
    s->pattern = both;
    return true;
}

bool tp_sparse_plan_hessian(tp_sparse *s, tp_chunks *scratch)
{
    tp_rows transpose;
    tp_colours c;
    if (!tp_rows_transpose(&s->pattern, scratch, &transpose) || !make_symmetric(s, &transpose) ||
        !tp_colour_star(&s->pattern, scratch, scratch, &c) || !make_seeds(s, &c, NULL))
        return false;
    rule u = {.r = &s->pattern, .star = &c};
    u.times = tp_chunks_push(scratch, ((size_t)c.count + 1) * sizeof *u.times);
    if (!u.times) return false;
    memset(u.times, 0, ((size_t)c.count + 1) * sizeof *u.times);
    return make_sources(s, &u);
}
