/* Coordinates across the flow (Brandes and Köpf, "Fast and simple horizontal coordinate assignment", 2001): spots are
   aligned with the middle one of their neighbours, four times, looking back or on and from the top or the bottom; the
   spots of a wire that passes ranks stay in line. A column of aligned spots is a block; blocks are packed by longest
   paths. The mean of the two middle results counts. */
#include <math.h>
#include <string.h>

#include "draw/layout.h"

typedef struct aligner {
    layout *l;
    bool *bent;       /* wires that cross one that should be straight: nothing is aligned along them */
    int *root, *next; /* of each spot: the first of its block, and the one after it in the block, around */
    double *y[4];
    double *block; /* y of each root */
    int *waits, *queue;
} aligner;

static bool passes(const layout *l, int at)
{
    return at >= l->nodes;
}

/* Sorts each spot's wires by the place of their other end. */
static void sort_lists(layout *l)
{
    for (int turn = 0; turn < 2; turn++) {
        const lists *by = turn ? &l->inputs : &l->outputs;
        lists *sorted = turn ? &l->outputs : &l->inputs;
        for (int i = 0; i < l->spots; i++) {
            const int at = l->rank.item[i];
            for (int k = by->start[at]; k < by->start[at + 1]; k++) {
                const wire *w = &l->wire[by->item[k]];
                sorted->item[sorted->start[turn ? w->from : w->to]++] = by->item[k];
            }
        }
        for (int i = l->spots; i > 0; i--) sorted->start[i] = sorted->start[i - 1];
        sorted->start[0] = 0;
    }
}

/* A wire that crosses one between two passing spots gives way to it. */
static void mark_bent(aligner *a)
{
    const layout *l = a->l;
    for (int r = 0; r + 1 < l->ranks; r++) {
        for (int i = l->rank.start[r]; i < l->rank.start[r + 1]; i++) {
            const int inner = l->rank.item[i];
            if (!passes(l, inner)) continue;
            int to = -1;
            for (int k = l->outputs.start[inner]; k < l->outputs.start[inner + 1]; k++)
                if (passes(l, l->wire[l->outputs.item[k]].to)) to = l->wire[l->outputs.item[k]].to;
            if (to < 0) continue;
            for (int j = l->rank.start[r]; j < l->rank.start[r + 1]; j++) {
                const int other = l->rank.item[j];
                for (int k = l->outputs.start[other]; k < l->outputs.start[other + 1]; k++) {
                    const wire *w = &l->wire[l->outputs.item[k]];
                    const int from = j - i, side = l->spot[w->to].place - l->spot[to].place;
                    if ((from < 0 && side > 0) || (from > 0 && side < 0)) a->bent[l->outputs.item[k]] = true;
                }
            }
        }
    }
}

/* Aligns `at` with a middle neighbour if the place is still free beyond `*limit`, which moves on. */
static void align(aligner *a, int at, bool back, bool down, int *limit)
{
    const layout *l = a->l;
    const lists *near = back ? &l->inputs : &l->outputs;
    const int n = near->start[at + 1] - near->start[at];
    if (n == 0) return;
    for (int turn = 0; turn < 2; turn++) {
        const int k = (turn == 0) == down ? (n - 1) / 2 : n / 2;
        const int through = near->item[near->start[at] + k];
        const int other = back ? l->wire[through].from : l->wire[through].to, place = l->spot[other].place;
        if (a->next[at] != at || a->bent[through] || (down ? place <= *limit : place >= *limit)) continue;
        a->next[other] = at;
        a->root[at] = a->root[other];
        a->next[at] = a->root[at];
        *limit = place;
    }
}

static void make_blocks(aligner *a, bool back, bool down)
{
    const layout *l = a->l;
    for (int i = 0; i < l->spots; i++) a->root[i] = a->next[i] = i;
    for (int i = 1; i < l->ranks; i++) {
        const int r = back ? i : l->ranks - 1 - i, first = l->rank.start[r], n = l->rank.start[r + 1] - first;
        int limit = down ? -1 : l->spots;
        for (int k = 0; k < n; k++) align(a, l->rank.item[first + (down ? k : n - 1 - k)], back, down, &limit);
    }
}

/* The spot next to `at` in its rank, on the side `step`; -1 at the end. */
static int beside(const layout *l, int at, int step)
{
    const spot *s = &l->spot[at];
    const int first = l->rank.start[s->rank], n = l->rank.start[s->rank + 1] - first, place = s->place + step;
    return place < 0 || place >= n ? -1 : l->rank.item[first + place];
}

static double apart(const layout *l, int at, int other, int step)
{
    return step > 0 ? layout_separation(l, at, other) : layout_separation(l, other, at);
}

/* Packs the blocks towards the top (step 1) or the bottom (-1): each as far as the longest path to it says. Then, from
   the other end, blocks that have room move to their neighbours there. Distances are counted along `step`. */
static void pack(aligner *a, int step)
{
    const layout *l = a->l;
    int n = 0;
    memset(a->waits, 0, (size_t)l->spots * sizeof *a->waits);
    for (int i = 0; i < l->spots; i++) a->block[i] = 0;
    for (int i = 0; i < l->spots; i++)
        if (beside(l, i, -step) >= 0) a->waits[a->root[i]]++;
    for (int i = 0; i < l->spots; i++)
        if (a->root[i] == i && a->waits[i] == 0) a->queue[n++] = i;
    for (int i = 0; i < n; i++) {
        int at = a->queue[i];
        do {
            const int other = beside(l, at, step);
            if (other >= 0) {
                const int root = a->root[other];
                a->block[root] = fmax(a->block[root], a->block[a->queue[i]] + apart(l, at, other, step));
                if (--a->waits[root] == 0) a->queue[n++] = root;
            }
            at = a->next[at];
        } while (at != a->queue[i]);
    }
    while (n-- > 0) {
        double room = (double)INFINITY;
        int at = a->queue[n];
        do {
            const int other = beside(l, at, step);
            if (other >= 0) room = fmin(room, a->block[a->root[other]] - apart(l, at, other, step));
            at = a->next[at];
        } while (at != a->queue[n]);
        if (room < (double)INFINITY) a->block[a->queue[n]] = fmax(a->block[a->queue[n]], room);
    }
}

static void extent(const layout *l, const double *y, double *low, double *high)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (int i = 0; i < l->spots; i++) {
        *low = fmin(*low, y[i]);
        *high = fmax(*high, y[i]);
    }
}

/* The four results are moved to the lowest one, by their upper or lower end, and the two middle ones averaged. */
static void balance(aligner *a)
{
    layout *l = a->l;
    double low[4], high[4];
    int best = 0;
    for (int i = 0; i < 4; i++) {
        extent(l, a->y[i], &low[i], &high[i]);
        if (high[i] - low[i] < high[best] - low[best] - 1e-6) best = i;
    }
    for (int k = 0; k < l->spots; k++) {
        double y[4];
        for (int i = 0; i < 4; i++) {
            y[i] = a->y[i][k] + (i % 2 == 0 ? low[best] - low[i] : high[best] - high[i]);
            for (int j = i; j > 0 && y[j] < y[j - 1]; j--) {
                const double other = y[j];
                y[j] = y[j - 1];
                y[j - 1] = other;
            }
        }
        l->spot[k].y = (y[1] + y[2]) / 2;
    }
}

/* Moves a spot to `y` if it is near and its neighbours leave room. */
static void move(layout *l, int at, double y)
{
    enum { NEAR = 14 };
    const int upper = beside(l, at, -1), lower = beside(l, at, 1);
    if (!(fabs(l->spot[at].y - y) <= NEAR)) return;
    if (upper >= 0 && y < l->spot[upper].y + layout_separation(l, upper, at)) return;
    if (lower >= 0 && y > l->spot[lower].y - layout_separation(l, at, lower)) return;
    l->spot[at].y = y;
}

/* Wires that are nearly straight become so: on to spots with one input, and back to inputs that serve one such. */
static void straighten(layout *l)
{
    for (int i = 0; i < l->spots; i++) { /* the ranks lie one after the other */
        const int at = l->rank.item[i], from = l->inputs.start[at];
        if (l->inputs.start[at + 1] - from == 1) move(l, at, l->spot[l->wire[l->inputs.item[from]].from].y);
    }
    for (int i = l->spots; i-- > 0;) {
        const int at = l->rank.item[i], from = l->outputs.start[at];
        if (l->inputs.start[at] < l->inputs.start[at + 1] || l->outputs.start[at + 1] - from != 1) continue;
        const int to = l->wire[l->outputs.item[from]].to;
        if (l->inputs.start[to + 1] - l->inputs.start[to] == 1) move(l, at, l->spot[to].y);
    }
}

bool layout_align(layout *l)
{
    const size_t n = (size_t)l->spots;
    aligner a = {.l = l};
    sort_lists(l);
    a.bent = store_take(l->store, (size_t)l->wires, sizeof *a.bent);
    a.root = store_take(l->store, n, sizeof *a.root);
    a.next = store_take(l->store, n, sizeof *a.next);
    a.block = store_take(l->store, n, sizeof *a.block);
    a.waits = store_take(l->store, n, sizeof *a.waits);
    a.queue = store_take(l->store, n, sizeof *a.queue);
    for (int i = 0; i < 4; i++) a.y[i] = store_take(l->store, n, sizeof *a.y[i]);
    if (l->store->failed) return false;
    mark_bent(&a);
    for (int i = 0; i < 4; i++) {
        const int step = i % 2 ? -1 : 1;
        make_blocks(&a, i<2, step> 0);
        pack(&a, step);
        for (int k = 0; k < l->spots; k++) a.y[i][k] = step * a.block[a.root[k]];
    }
    balance(&a);
    straighten(l);
    return true;
}
