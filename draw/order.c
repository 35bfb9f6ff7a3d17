/* The order within ranks: from four beginnings, sweeps over the ranks that sort spots by the mean place of their
   neighbours (the barycentre method), and swaps of neighbours; the order with the fewest crossings is kept. */
#include <string.h>

#include "draw/layout.h"

enum { SWEEPS = 24, SWAP_ROUNDS = 8, SWAP_WIRES = 200000 };

typedef struct sorter {
    layout *l;
    double *key;        /* of each spot */
    int *scratch;       /* as long as there are spots */
    int *best;          /* the rank lists with the fewest crossings so far */
    int *arrival, *sum; /* for counting */
    bool *seen;
    bool turns_equals; /* spots with the same key change places */
    int64_t fewest;    /* -1: nothing counted yet */
} sorter;

/* ---- crossings ---- */

/* Where a wire arrives among all that arrive at its rank, from the top; those that arrive at one node, whose places at
   it are free, count as one. */
static int arrival_of(const sorter *s, const wire *w)
{
    return s->arrival[w->to] + (s->l->spot[w->to].ordered ? w->input : 0);
}

static int number_arrivals(sorter *s, int rank)
{
    const layout *l = s->l;
    int n = 0;
    for (int i = l->rank.start[rank]; i < l->rank.start[rank + 1]; i++) {
        const int at = l->rank.item[i];
        s->arrival[at] = n;
        n += l->inputs.start[at + 1] - l->inputs.start[at];
    }
    return n;
}

/* Of wires from the rank, in the order in which they leave, pairs that arrive in the other order; a tree of sums tells
   how many arrived further down (Barth, Mutzel, Jünger, "Simple and efficient bilayer cross counting", 2004). */
static int64_t crossings_after(sorter *s, int rank)
{
    const layout *l = s->l;
    const int n = number_arrivals(s, rank + 1);
    int64_t crossings = 0, total = 0;
    memset(s->sum, 0, (size_t)(n + 1) * sizeof *s->sum);
    for (int i = l->rank.start[rank]; i < l->rank.start[rank + 1]; i++) {
        const int at = l->rank.item[i], from = l->outputs.start[at], to = l->outputs.start[at + 1];
        for (int k = from; k < to; k++) { /* wires of one spot do not cross each other: counted first, then added */
            int64_t up = 0;
            for (int p = arrival_of(s, &l->wire[l->outputs.item[k]]) + 1; p > 0; p -= p & -p) up += s->sum[p];
            crossings += total - up;
        }
        for (int k = from; k < to; k++, total++)
            for (int p = arrival_of(s, &l->wire[l->outputs.item[k]]) + 1; p <= n; p += p & -p) s->sum[p]++;
    }
    return crossings;
}

static int64_t count(sorter *s)
{
    int64_t crossings = 0;
    for (int r = 0; r + 1 < s->l->ranks; r++) crossings += crossings_after(s, r);
    return crossings;
}

/* ---- beginnings ---- */

/* Numbers ranks' lists by `visit`, an order of all spots. */
static void fill_ranks(layout *l, const int *visit)
{
    int *start = l->rank.start;
    memset(start, 0, ((size_t)l->ranks + 2) * sizeof *start);
    for (int i = 0; i < l->spots; i++) start[l->spot[i].rank + 2]++;
    for (int r = 0; r < l->ranks; r++) start[r + 2] += start[r + 1];
    for (int i = 0; i < l->spots; i++) {
        spot *at = &l->spot[visit[i]];
        at->place = start[at->rank + 1] - start[at->rank];
        l->rank.item[start[at->rank + 1]++] = visit[i];
    }
}

static void place_all(layout *l)
{
    for (int r = 0; r < l->ranks; r++)
        for (int i = l->rank.start[r]; i < l->rank.start[r + 1]; i++)
            l->spot[l->rank.item[i]].place = i - l->rank.start[r];
}

/* Depth first, from the ends back along the inputs in their order, or from the starts on: of a tree, without
   crossings. `turned`: upside down. `stack` has room for the wires and the spots. */
static void visit_all(sorter *s, bool back, bool turned, int *stack, int *visit)
{
    const layout *l = s->l;
    const lists *next = back ? &l->inputs : &l->outputs, *other = back ? &l->outputs : &l->inputs;
    int n = 0, depth = 0;
    memset(s->seen, 0, (size_t)l->spots);
    for (int i = l->nodes; i-- > 0;)
        if (other->start[i] == other->start[i + 1]) stack[depth++] = i;
    while (depth > 0) {
        const int at = stack[--depth];
        if (s->seen[at]) continue;
        s->seen[at] = true;
        visit[n++] = at;
        for (int k = next->start[at + 1]; k-- > next->start[at];) {
            const wire *w = &l->wire[next->item[k]];
            stack[depth++] = back ? w->from : w->to;
        }
    }
    for (int i = 0; turned && i < n / 2; i++) {
        const int moved = visit[i];
        visit[i] = visit[n - 1 - i];
        visit[n - 1 - i] = moved;
    }
}

/* ---- sweeps ---- */

static bool comes_before(const sorter *s, int a, int b)
{
    if (s->key[a] < s->key[b]) return true;
    return !(s->key[b] < s->key[a]) && (s->l->spot[a].place < s->l->spot[b].place) != s->turns_equals;
}

/* Merges runs of 1, 2, 4, ...: stable, and without recursion. */
static void sort_rank(sorter *s, int *item, int n)
{
    for (int width = 1; width < n; width *= 2) {
        for (int low = 0; low < n; low += 2 * width) {
            const int middle = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
            int a = low, b = middle, to = low;
            while (a < middle || b < high)
                s->scratch[to++] =
                    b == high || (a < middle && !comes_before(s, item[b], item[a])) ? item[a++] : item[b++];
        }
        memcpy(item, s->scratch, (size_t)n * sizeof *item);
    }
}

/* The mean place of a spot's neighbours before it (or after it); its own without any. */
static double barycentre(const sorter *s, int at, bool before)
{
    const layout *l = s->l;
    const lists *near = before ? &l->inputs : &l->outputs;
    const int from = near->start[at], to = near->start[at + 1];
    double sum = 0;
    for (int k = from; k < to; k++) {
        const wire *w = &l->wire[near->item[k]];
        const int other = before ? w->from : w->to;
        sum += l->spot[other].place;
        if (before || !l->spot[other].ordered) continue;
        const int n = l->inputs.start[other + 1] - l->inputs.start[other];
        sum += (w->input + .5) / n - .5;
    }
    return from < to ? sum / (to - from) : l->spot[at].place;
}

static void sweep(sorter *s, bool on)
{
    layout *l = s->l;
    for (int i = 1; i < l->ranks; i++) {
        const int r = on ? i : l->ranks - 1 - i, first = l->rank.start[r], n = l->rank.start[r + 1] - first;
        int *item = l->rank.item + first;
        for (int k = 0; k < n; k++) s->key[item[k]] = barycentre(s, item[k], on);
        sort_rank(s, item, n);
        for (int k = 0; k < n; k++) l->spot[item[k]].place = k;
    }
}

/* Swaps neighbours of a rank where that makes fewer crossings. */
static bool swap_in_rank(sorter *s, int r)
{
    layout *l = s->l;
    bool better = false;
    int64_t now = (r > 0 ? crossings_after(s, r - 1) : 0) + (r + 1 < l->ranks ? crossings_after(s, r) : 0);
    for (int i = l->rank.start[r]; now > 0 && i + 1 < l->rank.start[r + 1]; i++) {
        int *pair = l->rank.item + i;
        for (int turn = 0; turn < 2; turn++) {
            const int upper = pair[0];
            pair[0] = pair[1];
            pair[1] = upper;
            if (turn == 1) break; /* put back */
            const int64_t then =
                (r > 0 ? crossings_after(s, r - 1) : 0) + (r + 1 < l->ranks ? crossings_after(s, r) : 0);
            if (then >= now) continue;
            now = then;
            better = true;
            break;
        }
    }
    return better;
}

static void swap_all(sorter *s)
{
    layout *l = s->l;
    int64_t work = 0; /* about how many wires a round looks at */
    for (int r = 0; r < l->ranks; r++) {
        int64_t wires = 0;
        for (int i = l->rank.start[r]; i < l->rank.start[r + 1]; i++) {
            const int at = l->rank.item[i];
            wires += l->inputs.start[at + 1] - l->inputs.start[at] + l->outputs.start[at + 1] - l->outputs.start[at];
        }
        work += (l->rank.start[r + 1] - l->rank.start[r]) * wires;
    }
    if (work > SWAP_WIRES) return;
    bool better = true;
    for (int i = 0; better && i < SWAP_ROUNDS; i++) {
        better = false;
        for (int r = 0; r < l->ranks; r++) better = swap_in_rank(s, r) || better;
    }
    place_all(l);
}

/* Keeps the order if it is the best so far; whether nothing is left to gain. */
static bool keep(sorter *s)
{
    const int64_t crossings = count(s);
    if (s->fewest >= 0 && crossings >= s->fewest) return s->fewest == 0;
    s->fewest = crossings;
    memcpy(s->best, s->l->rank.item, (size_t)s->l->spots * sizeof *s->best);
    return crossings == 0;
}

static void improve(sorter *s)
{
    if (keep(s)) return;
    for (int i = 0; i < SWEEPS; i++) {
        s->turns_equals = i % 4 >= 2;
        sweep(s, i % 2 == 0);
        swap_all(s);
        if (keep(s)) return;
    }
}

static bool sorter_begin(sorter *s, layout *l)
{
    const size_t n = (size_t)l->spots;
    *s = (sorter){.l = l, .fewest = -1};
    l->rank.start = store_take(l->store, (size_t)l->ranks + 2, sizeof *l->rank.start);
    l->rank.item = store_take(l->store, n, sizeof *l->rank.item);
    s->key = store_take(l->store, n, sizeof *s->key);
    s->scratch = store_take(l->store, n + (size_t)l->wires, sizeof *s->scratch);
    s->best = store_take(l->store, n, sizeof *s->best);
    s->arrival = store_take(l->store, n, sizeof *s->arrival);
    s->sum = store_take(l->store, (size_t)l->wires + 2, sizeof *s->sum);
    s->seen = store_take(l->store, n, sizeof *s->seen);
    return !l->store->failed;
}

bool layout_order(layout *l)
{
    sorter s;
    if (!sorter_begin(&s, l)) return false;
    for (int turn = 0; turn < 4 && s.fewest != 0; turn++) {
        int *visit = s.best;
        int *kept = NULL;
        if (s.fewest > 0) { /* the best is needed still */
            visit = kept = store_take(l->store, (size_t)l->spots, sizeof *kept);
            if (!kept) return false;
        }
        visit_all(&s, turn < 2, turn % 2, s.scratch, visit);
        fill_ranks(l, visit);
        improve(&s);
    }
    memcpy(l->rank.item, s.best, (size_t)l->spots * sizeof *s.best);
    place_all(l);
    return true;
}

int64_t layout_crossings(layout *l)
{
    sorter s;
    const lists rank = l->rank;
    int64_t crossings = -1;
    if (sorter_begin(&s, l)) {
        l->rank = rank;
        crossings = count(&s);
    }
    l->rank = rank;
    return crossings;
}
