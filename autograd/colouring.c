/* Partial distance-2 colouring, greedy: items of one colour share no group. Items are columns and groups are rows, or
   the other way round. */
#include "autograd/colouring.h"

#include <string.h>

bool tp_rows_transpose(const tp_rows *r, tp_chunks *memory, tp_rows *t)
{
    *t = (tp_rows){.rows = r->columns, .columns = r->rows, .entries = r->entries};
    t->start = tp_chunks_push(memory, ((size_t)t->rows + 2) * sizeof *t->start);
    t->column = tp_chunks_push(memory, ((size_t)t->entries + 1) * sizeof *t->column);
    if (!t->start || !t->column) return false;
    memset(t->start, 0, ((size_t)t->rows + 2) * sizeof *t->start);
    for (int64_t e = 0; e < r->entries; e++) t->start[r->column[e] + 2]++;
    for (int64_t i = 2; i <= t->rows + 1; i++) t->start[i] += t->start[i - 1];
    for (int64_t row = 0; row < r->rows; row++)
        for (int64_t e = r->start[row]; e < r->start[row + 1]; e++)
            t->column[t->start[r->column[e] + 1]++] = (int32_t)row;
    return true;
}

static int64_t length(const tp_rows *r, int64_t row)
{
    return r->start[row + 1] - r->start[row];
}

/* ---- orders ---- */

int32_t *tp_rows_longest_first(const tp_rows *r, tp_chunks *memory)
{
    int64_t *at = tp_chunks_push(memory, ((size_t)r->columns + 2) * sizeof *at);
    int32_t *order = tp_chunks_push(memory, ((size_t)r->rows + 1) * sizeof *order);
    if (!at || !order) return NULL;
    memset(at, 0, ((size_t)r->columns + 2) * sizeof *at);
    for (int64_t i = 0; i < r->rows; i++) at[r->columns - length(r, i) + 1]++;
    for (int64_t k = 1; k <= r->columns + 1; k++) at[k] += at[k - 1];
    for (int64_t i = 0; i < r->rows; i++) order[at[r->columns - length(r, i)]++] = (int32_t)i;
    return order;
}

/* ---- greedy ---- */

/* What is coloured: the rows of `items`, which point at groups; `groups` point back. */
typedef struct problem {
    const tp_rows *items, *groups;
    const uint8_t *item_out, *group_out; /* left out; NULL: none is */
} problem;

static bool out(const uint8_t *marks, int64_t i)
{
    return marks && marks[i];
}

/* The lowest colour that no item has with which item i shares a group; -1 when it has none of its own. */
static int32_t lowest_colour(const problem *p, int64_t i, const int32_t *of, int32_t *forbidden)
{
    bool any = false;
    for (int64_t e = p->items->start[i]; e < p->items->start[i + 1]; e++) {
        const int32_t group = p->items->column[e];
        if (out(p->group_out, group)) continue;
        any = true;
        for (int64_t f = p->groups->start[group]; f < p->groups->start[group + 1]; f++)
            if (of[p->groups->column[f]] >= 0) forbidden[of[p->groups->column[f]]] = (int32_t)i;
    }
    int32_t colour = 0;
    while (any && forbidden[colour] == i) colour++;
    return any ? colour : -1;
}

/* Some group holds every item: each has a colour of its own, and nothing is left to find out. */
static bool full_group(const problem *p)
{
    for (int64_t g = 0; g < p->groups->rows; g++)
        if (!out(p->group_out, g) && length(p->groups, g) == p->items->rows) return true;
    return false;
}

static bool colour_in_order(const problem *p, const int32_t *order, tp_chunks *memory, tp_chunks *scratch,
                            tp_colours *c)
{
    const int64_t n = p->items->rows;
    c->count = 0;
    c->of = tp_chunks_push(memory, ((size_t)n + 1) * sizeof *c->of);
    int32_t *forbidden = tp_chunks_push(scratch, ((size_t)n + 1) * sizeof *forbidden);
    if (!c->of || !forbidden) return false;
    memset(c->of, -1, ((size_t)n + 1) * sizeof *c->of);
    memset(forbidden, -1, ((size_t)n + 1) * sizeof *forbidden);
    const bool each = full_group(p);
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = order ? order[k] : k;
        if (out(p->item_out, i)) continue;
        c->of[i] = each ? c->count : lowest_colour(p, i, c->of, forbidden);
        if (c->of[i] >= c->count) c->count = c->of[i] + 1;
    }
    return true;
}

/* Fewer colours than the longest group has items there cannot be. */
static int64_t fewest(const problem *p)
{
    int64_t most = 0;
    for (int64_t g = 0; g < p->groups->rows; g++) {
        int64_t n = 0;
        if (out(p->group_out, g) || length(p->groups, g) <= most) continue;
        for (int64_t f = p->groups->start[g]; f < p->groups->start[g + 1]; f++)
            n += !out(p->item_out, p->groups->column[f]);
        if (n > most) most = n;
    }
    return most;
}

/* As the items stand, which is best for bands; then, unless nothing can be gained, the longest first. */
static bool colour(const problem *p, tp_chunks *kept, tp_chunks *scratch, tp_colours *c)
{
    if (!colour_in_order(p, NULL, kept, scratch, c)) return false;
    if (c->count <= fewest(p)) return true;
    const int32_t *order = tp_rows_longest_first(p->items, scratch);
    tp_colours other;
    if (!order || !colour_in_order(p, order, scratch, scratch, &other)) return false;
    if (other.count >= c->count) return true;
    memcpy(c->of, other.of, (size_t)p->items->rows * sizeof *c->of);
    c->count = other.count;
    return true;
}

/* ---- forward and back ---- */

/* Marks the k longest rows of r for which k + the length of the next is smallest, and returns that sum; `none`: marks
   none and returns the longest. */
static int64_t set_apart(const tp_rows *r, const int32_t *order, bool none, uint8_t *apart)
{
    int64_t best = r->rows ? length(r, order[0]) : 0, count = 0;
    for (int64_t k = 1; k <= r->rows && k < best && !none; k++) {
        const int64_t sum = k + (k < r->rows ? length(r, order[k]) : 0);
        if (sum >= best) continue;
        best = sum;
        count = k;
    }
    memset(apart, 0, (size_t)r->rows + 1);
    for (int64_t k = 0; k < count; k++) apart[order[k]] = 1;
    return best;
}

static void not(const uint8_t *marks, int64_t n, uint8_t *others)
{
    for (int64_t i = 0; i < n; i++) others[i] = !marks[i];
}

/* The rows of `r` that stand apart are coloured as rows, and the columns without them. */
static bool colour_apart(const tp_rows *r, const tp_rows *t, const uint8_t *apart, tp_chunks *kept, tp_chunks *scratch,
                         tp_colours *rows, tp_colours *columns)
{
    uint8_t *others = tp_chunks_push(scratch, (size_t)r->rows + 1);
    if (!others) return false;
    not(apart, r->rows, others);
    const problem down = {t, r, NULL, apart}, across = {r, t, others, NULL};
    return colour(&down, kept, scratch, columns) && colour(&across, kept, scratch, rows);
}

static int64_t directions(const tp_partition *p)
{
    return (int64_t)p->forwards.count + p->backwards.count;
}

/* With rows or columns apart or not: four ways, of which the more promising are tried first, and none that cannot be
   better than what was found. */
enum { WAYS = 4 };

static int most_promising(const int64_t *bound)
{
    int best = 0;
    for (int k = 1; k < WAYS; k++)
        if (bound[k] < bound[best]) best = k;
    return best;
}

bool tp_colour_partition(const tp_rows *r, const tp_rows *t, tp_chunks *kept, tp_chunks *scratch, tp_partition *p)
{
    const int32_t *rows = tp_rows_longest_first(r, scratch), *columns = tp_rows_longest_first(t, scratch);
    int64_t bound[WAYS], found = INT64_MAX;
    tp_partition of[WAYS];
    for (int k = 0; k < WAYS; k++) {
        const bool by_rows = k % 2 == 0;
        const tp_rows *own = by_rows ? r : t;
        of[k] = (tp_partition){.by_rows = by_rows, .apart = tp_chunks_push(kept, (size_t)own->rows + 1)};
        if (!rows || !columns || !of[k].apart) return false;
        bound[k] = set_apart(own, by_rows ? rows : columns, k > 1, of[k].apart);
    }
    for (int k; bound[k = most_promising(bound)] < found; bound[k] = INT64_MAX) {
        tp_partition *q = &of[k];
        const bool good = q->by_rows ? colour_apart(r, t, q->apart, kept, scratch, &q->backwards, &q->forwards)
                                     : colour_apart(t, r, q->apart, kept, scratch, &q->forwards, &q->backwards);
        if (!good) return false;
        if (directions(q) >= found) continue;
        *p = *q;
        found = directions(q);
    }
    return true;
}
