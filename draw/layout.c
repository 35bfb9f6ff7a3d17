/* Ranks, routes, and the coordinates along the flow. */
#include "draw/layout.h"

#include <math.h>
#include <string.h>

enum {
    SPOTS_MOST = 60000,
    FIRST_PASSES = 4, /* ranks that wires may pass so that inputs stand in the first one */
    WIRE_ROOM = 7     /* above and below a wire that passes */
};

bool layout_begin(layout *l, store *s, int nodes, int edges)
{
    *l = (layout){.store = s, .nodes = nodes, .spots = nodes, .wires = edges};
    l->spot = store_take(s, (size_t)nodes, sizeof *l->spot);
    l->wire = store_take(s, (size_t)edges, sizeof *l->wire);
    if (!l->spot || !l->wire) return false;
    for (int i = 0; i < nodes; i++) l->spot[i].source = i;
    return true;
}

bool layout_lists(layout *l, lists *made, bool by_target)
{
    made->start = store_take(l->store, (size_t)l->spots + 2, sizeof *made->start);
    made->item = store_take(l->store, (size_t)l->wires, sizeof *made->item);
    if (!made->start || !made->item) return false;
    int *at = made->start + 1; /* counts, then ends, then starts of the list after */
    for (int i = 0; i < l->wires; i++) at[1 + (by_target ? l->wire[i].to : l->wire[i].from)]++;
    for (int i = 0; i < l->spots; i++) at[i + 1] += at[i];
    for (int i = 0; i < l->wires; i++) made->item[at[by_target ? l->wire[i].to : l->wire[i].from]++] = i;
    return true;
}

int layout_common(const layout *l, int a, int b, int *of_a, int *of_b)
{
    while (a != b) {
        if (a > b) {
            a = l->group_parent[a];
            if (of_a) ++*of_a;
        } else {
            b = l->group_parent[b];
            if (of_b) ++*of_b;
        }
    }
    return a;
}

/* ---- ranks ---- */

/* The nodes in an order in which every edge leads on; false where there is none. */
static bool sort_nodes(layout *l, int *order, int *waits)
{
    int n = 0;
    for (int i = 0; i < l->nodes; i++) {
        waits[i] = l->inputs.start[i + 1] - l->inputs.start[i];
        if (waits[i] == 0) order[n++] = i;
    }
    for (int i = 0; i < n; i++) {
        const int node = order[i];
        for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++) {
            const int to = l->wire[l->outputs.item[k]].to;
            if (--waits[to] == 0) order[n++] = to;
        }
    }
    return n == l->nodes;
}

/* Whether all that leads on from `node` leads to `to`. */
static bool serves_only(const layout *l, int node, int to)
{
    for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++)
        if (l->wire[l->outputs.item[k]].to != to) return false;
    return true;
}

/* Of each node, how many inputs would become longer if it moved on: those whose whole origin moves with it do not. */
static void count_held(const layout *l, const int *order, int *held)
{
    for (int i = 0; i < l->nodes; i++) {
        const int node = order[i];
        const int from = l->inputs.start[node], to = l->inputs.start[node + 1];
        held[node] = 0;
        for (int k = from; k < to; k++) {
            const int input = l->wire[l->inputs.item[k]].from;
            if (held[input] > 0 || !serves_only(l, input, node)) held[node]++;
        }
    }
}

/* Inputs that are to stand in the first rank do, if few wires become longer, or none by more than one rank. */
static void move_first(layout *l)
{
    int64_t passed = 0;
    int most = 0;
    for (int turn = 0; turn < 2 && (passed <= FIRST_PASSES || most <= 1); turn++)
        for (int i = 0; i < l->nodes; i++) {
            spot *at = &l->spot[i];
            if (!at->first || l->inputs.start[i] < l->inputs.start[i + 1]) continue;
            passed += at->rank;
            if (at->rank > most) most = at->rank;
            if (turn) at->rank = 0;
        }
}

/* Each node as early as its inputs allow (the longest path); then, from the end, as late as its outputs allow where
   that makes more edges shorter than longer. */
layout_result layout_ranks(layout *l)
{
    int *order = store_take(l->store, (size_t)l->nodes, sizeof *order);
    int *held = store_take(l->store, (size_t)l->nodes, sizeof *held);
    if (!order || !held || !layout_lists(l, &l->inputs, true) || !layout_lists(l, &l->outputs, false))
        return LAYOUT_MEMORY;
    if (!sort_nodes(l, order, held)) return LAYOUT_CIRCLE;
    for (int i = 0; i < l->nodes; i++) {
        const int node = order[i];
        for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++) {
            spot *to = &l->spot[l->wire[l->outputs.item[k]].to];
            if (to->rank <= l->spot[node].rank) to->rank = l->spot[node].rank + 1;
        }
    }
    count_held(l, order, held);
    for (int i = l->nodes; i-- > 0;) {
        const int node = order[i], from = l->outputs.start[node], to = l->outputs.start[node + 1];
        if (l->spot[node].rank >= l->ranks) l->ranks = l->spot[node].rank + 1;
        if (to - from <= held[node]) continue;
        int latest = l->nodes;
        for (int k = from; k < to; k++) {
            const int rank = l->spot[l->wire[l->outputs.item[k]].to].rank;
            if (rank <= latest) latest = rank - 1;
        }
        l->spot[node].rank = latest;
    }
    move_first(l);
    return LAYOUT_DONE;
}

/* ---- routes ---- */

/* How many ranks lie between a node and the last that it leads to. */
static int passes(const layout *l, int node)
{
    int last = l->spot[node].rank + 1;
    for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++) {
        const int rank = l->spot[l->wire[l->outputs.item[k]].to].rank;
        if (rank > last) last = rank;
    }
    return last - l->spot[node].rank - 1;
}

/* The first rank of each group, over all in it. */
static int *first_ranks(const layout *l)
{
    int *first = store_take(l->store, (size_t)l->groups + 1, sizeof *first);
    for (int g = 1; first && g <= l->groups; g++) first[g] = l->ranks;
    for (int i = 0; first && i < l->nodes; i++)
        for (int g = l->spot[i].group; g > 0; g = l->group_parent[g])
            if (l->spot[i].rank < first[g]) first[g] = l->spot[i].rank;
    return first;
}

/* The innermost group that holds all to which the wire of a node goes on after the next rank. */
static int group_of_wire(const layout *l, int node)
{
    int group = -1;
    for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++) {
        const spot *to = &l->spot[l->wire[l->outputs.item[k]].to];
        if (to->rank <= l->spot[node].rank + 1) continue;
        group = group < 0 ? to->group : layout_common(l, group, to->group, NULL, NULL);
    }
    return group;
}

/* The spots of the wires are `base` + 0, 1, ... for the ranks after the node's. A wire runs within the group that it
   leads to, from that group's first rank on. */
static void route(layout *l, const int *first, int node, int base, wire *made, int *wires)
{
    const spot *from = &l->spot[node];
    const int n = passes(l, node), group = group_of_wire(l, node);
    for (int i = 0; i < n; i++) {
        spot *at = &l->spot[base + i];
        *at = (spot){.above = WIRE_ROOM, .below = WIRE_ROOM, .source = node, .rank = from->rank + 1 + i};
        at->group = group;
        while (at->group > 0 && first[at->group] > at->rank) at->group = l->group_parent[at->group];
        made[(*wires)++] = (wire){.from = i ? base + i - 1 : node, .to = base + i};
    }
    for (int k = l->outputs.start[node]; k < l->outputs.start[node + 1]; k++) {
        wire edge = l->wire[l->outputs.item[k]];
        const int before = l->spot[edge.to].rank - 1 - from->rank;
        if (before > 0) edge.from = base + before - 1;
        made[(*wires)++] = edge;
    }
}

layout_result layout_routes(layout *l)
{
    int more = 0;
    for (int i = 0; i < l->nodes; i++) {
        more += passes(l, i);
        if (more > SPOTS_MOST) return LAYOUT_LARGE;
    }
    const int *first = first_ranks(l);
    spot *spots = store_take(l->store, (size_t)(l->nodes + more), sizeof *spots);
    wire *made = store_take(l->store, (size_t)(l->wires + more), sizeof *made);
    if (!first || !spots || !made) return LAYOUT_MEMORY;
    memcpy(spots, l->spot, (size_t)l->nodes * sizeof *spots);
    l->spot = spots;
    int wires = 0;
    for (int i = 0; i < l->nodes; i++) {
        route(l, first, i, l->spots, made, &wires);
        l->spots += passes(l, i);
    }
    l->wire = made;
    l->wires = wires;
    if (!layout_lists(l, &l->inputs, true) || !layout_lists(l, &l->outputs, false)) return LAYOUT_MEMORY;
    for (int i = 0; i < l->wires; i++) /* in their order at the node */
        l->inputs.item[l->inputs.start[l->wire[i].to] + l->wire[i].input] = i;
    return LAYOUT_DONE;
}

/* ---- where wires arrive ---- */

double layout_separation(const layout *l, int upper, int lower)
{
    const spot *a = &l->spot[upper], *b = &l->spot[lower];
    int of_a = 0, of_b = 0;
    if (a->group != b->group) layout_common(l, a->group, b->group, &of_a, &of_b);
    return a->below + b->above + fmax(a->margin, b->margin) + of_a * l->group_high + of_b * l->group_low;
}

/* Whether wire a arrives above wire b at the same node. */
static bool arrives_above(const layout *l, const wire *a, const wire *b)
{
    if (!l->spot[a->to].ordered && l->spot[a->from].y != l->spot[b->from].y)
        return l->spot[a->from].y < l->spot[b->from].y;
    return a->input < b->input;
}

/* Wires arrive as straight as they can within the node's height, and apart. */
static void place_ports(layout *l, int node)
{
    const spot *to = &l->spot[node];
    const int from = l->inputs.start[node], n = l->inputs.start[node + 1] - from;
    int *item = l->inputs.item + from;
    for (int i = 1; i < n; i++) /* sorted by insertion */
        for (int k = i; k > 0 && arrives_above(l, &l->wire[item[k]], &l->wire[item[k - 1]]); k--) {
            const int other = item[k];
            item[k] = item[k - 1];
            item[k - 1] = other;
        }
    const double reach = to->reach, apart = n > 1 ? fmin(12, 2 * reach / (n - 1)) : 0;
    for (int i = 0; n > 1 && i < n; i++) {
        wire *in = &l->wire[item[i]];
        const double least = i ? l->wire[item[i - 1]].port + apart : -reach;
        const double most = reach - (n - 1 - i) * apart;
        in->port = fmax(least, fmin(most, l->spot[in->from].y - to->y));
    }
}

/* ---- along the flow ---- */

/* A gap between ranks is wider the more its wires rise or fall. */
static double gap_after(const layout *l, int rank)
{
    double most = 0;
    for (int i = l->rank.start[rank]; i < l->rank.start[rank + 1]; i++) {
        const int at = l->rank.item[i];
        for (int k = l->outputs.start[at]; k < l->outputs.start[at + 1]; k++) {
            const wire *out = &l->wire[l->outputs.item[k]];
            most = fmax(most, fabs(l->spot[out->to].y + out->port - l->spot[at].y));
        }
    }
    return fmin(30 + .3 * most, 120);
}

/* How many groups at most begin at each rank, one in another, and end there; false when out of memory. */
static bool count_groups(const layout *l, int *begin, int *end)
{
    if (l->groups == 0) return true;
    int *first = store_take(l->store, (size_t)l->groups + 1, sizeof *first);
    int *last = store_take(l->store, (size_t)l->groups + 1, sizeof *last);
    if (!first || !last) return false;
    for (int g = 0; g <= l->groups; g++) first[g] = l->ranks;
    for (int i = 0; i < l->spots; i++)
        for (int g = l->spot[i].group; g > 0; g = l->group_parent[g]) {
            if (l->spot[i].rank < first[g]) first[g] = l->spot[i].rank;
            if (l->spot[i].rank > last[g]) last[g] = l->spot[i].rank;
        }
    for (int i = 0; i < l->spots; i++) {
        const int r = l->spot[i].rank;
        int begins = 0, ends = 0;
        for (int g = l->spot[i].group; g > 0; g = l->group_parent[g]) {
            begins += first[g] == r;
            ends += last[g] == r;
        }
        if (begins > begin[r]) begin[r] = begins;
        if (ends > end[r]) end[r] = ends;
    }
    return true;
}

static bool place_ranks(layout *l)
{
    l->left = store_take(l->store, (size_t)l->ranks, sizeof *l->left);
    l->right = store_take(l->store, (size_t)l->ranks, sizeof *l->right);
    int *begin = store_take(l->store, (size_t)l->ranks, sizeof *begin);
    int *end = store_take(l->store, (size_t)l->ranks, sizeof *end);
    if (!l->left || !l->right || !begin || !end || !count_groups(l, begin, end)) return false;
    for (int i = 0; i < l->nodes; i++) place_ports(l, i);
    double x = 0;
    for (int r = 0; r < l->ranks; r++) {
        x += begin[r] * l->group_along;
        double before = 0, after = 0;
        for (int i = l->rank.start[r]; i < l->rank.start[r + 1]; i++) {
            before = fmax(before, l->spot[l->rank.item[i]].before);
            after = fmax(after, l->spot[l->rank.item[i]].after);
        }
        l->left[r] = x;
        l->right[r] = x + before + after;
        for (int i = l->rank.start[r]; i < l->rank.start[r + 1]; i++) l->spot[l->rank.item[i]].x = x + before;
        l->width = l->right[r];
        x = l->right[r] + end[r] * l->group_along + gap_after(l, r);
    }
    for (int i = 0; i < l->spots; i++) {
        l->above = fmax(l->above, l->spot[i].above - l->spot[i].y);
        l->below = fmax(l->below, l->spot[i].below + l->spot[i].y);
    }
    return true;
}

layout_result layout_run(layout *l)
{
    if (l->nodes == 0) return LAYOUT_DONE;
    layout_result result = layout_ranks(l);
    if (result == LAYOUT_DONE) result = layout_routes(l);
    if (result != LAYOUT_DONE) return result;
    return layout_order(l) && layout_align(l) && layout_separate(l) && place_ranks(l) ? LAYOUT_DONE : LAYOUT_MEMORY;
}
