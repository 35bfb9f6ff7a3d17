/* Groups as rectangles: what does not belong to a group moves out of its way. Places within a rank are never closer
   after than before, since what moves is always all that lies beyond a cut through every rank. */
#include <math.h>

#include "draw/layout.h"

enum { TURNS = 2, APART = 8, WORK_MOST = 20000000 };

/* What a group takes up, with its edges and those of groups in it; in each rank, the places of its spots. */
typedef struct band {
    double low, high;
    int first, last; /* ranks; none where first > last */
    int *from, *to;  /* of each rank; none where from > to */
} band;

static bool is_member(const layout *l, int group, int of, int *levels)
{
    for (*levels = 1; group > of; group = l->group_parent[group]) ++*levels;
    return group == of;
}

static void measure(const layout *l, int group, band *b)
{
    int levels;
    b->low = (double)INFINITY;
    b->high = -(double)INFINITY;
    b->first = l->ranks;
    b->last = -1;
    for (int r = 0; r < l->ranks; r++) b->from[r] = l->spots, b->to[r] = -1;
    for (int i = 0; i < l->spots; i++) {
        const spot *s = &l->spot[i];
        if (!is_member(l, s->group, group, &levels)) continue;
        b->low = fmin(b->low, s->y - s->above - levels * l->group_low);
        b->high = fmax(b->high, s->y + s->below + levels * l->group_high);
        if (s->rank < b->first) b->first = s->rank;
        if (s->rank > b->last) b->last = s->rank;
        if (s->place < b->from[s->rank]) b->from[s->rank] = s->place;
        if (s->place > b->to[s->rank]) b->to[s->rank] = s->place;
    }
}

/* -1 for a spot above the group, 1 for one below it, 0 for one of its own or among its own. */
static int side_of(const band *b, const spot *s)
{
    const bool known = b->from[s->rank] <= b->to[s->rank];
    if (!known) return s->y < (b->low + b->high) / 2 ? -1 : 1;
    return s->place < b->from[s->rank] ? -1 : s->place > b->to[s->rank] ? 1 : 0;
}

/* By how much spots above it (side -1) or below it reach into the group. */
static double reach_in(const layout *l, int group, const band *b, int side)
{
    double most = 0;
    for (int i = 0; i < l->spots; i++) {
        const spot *s = &l->spot[i];
        int own = 0;
        if (s->rank < b->first || s->rank > b->last || side_of(b, s) != side) continue;
        layout_common(l, s->group, group, &own, NULL); /* the edges of groups that the spot alone lies in */
        const double in = side < 0 ? s->y + s->below + own * l->group_high + APART - b->low
                                   : b->high + APART - (s->y - s->above - own * l->group_low);
        most = fmax(most, in);
    }
    return most;
}

/* Moves all that lies beyond the upper edge of the group (side -1: the group itself, too), or beyond its lower edge. */
static void move_beyond(layout *l, const band *b, int side, double by)
{
    for (int i = 0; i < l->spots; i++) {
        spot *s = &l->spot[i];
        const bool beside = s->rank >= b->first && s->rank <= b->last;
        const bool beyond = beside ? side_of(b, s) > (side < 0 ? -1 : 0) : s->y > (side < 0 ? b->low : b->high);
        s->y += beyond ? by : 0;
    }
}

/* What has no inputs goes back to the middle of what it leads to, as far as its neighbours leave room. */
static void recentre(layout *l)
{
    for (int i = 0; i < l->spots; i++) {
        const int at = l->rank.item[i], from = l->outputs.start[at], to = l->outputs.start[at + 1];
        spot *s = &l->spot[at];
        if (l->inputs.start[at] < l->inputs.start[at + 1] || from == to) continue;
        double y = 0;
        for (int k = from; k < to; k++) y += l->spot[l->wire[l->outputs.item[k]].to].y / (to - from);
        const int first = l->rank.start[s->rank], last = l->rank.start[s->rank + 1] - 1;
        if (i > first) {
            const int upper = l->rank.item[i - 1];
            y = fmax(y, l->spot[upper].y + layout_separation(l, upper, at));
        }
        if (i < last) {
            const int lower = l->rank.item[i + 1];
            y = fmin(y, l->spot[lower].y - layout_separation(l, at, lower));
        }
        s->y = y;
    }
}

bool layout_separate(layout *l)
{
    if (l->groups == 0 || (int64_t)l->groups * l->groups * l->spots > WORK_MOST) return true;
    band b = {.from = store_take(l->store, (size_t)l->ranks, sizeof *b.from),
              .to = store_take(l->store, (size_t)l->ranks, sizeof *b.to)};
    if (!b.from || !b.to) return false;
    for (int turn = 0; turn < TURNS; turn++)
        for (int g = l->groups; g > 0; g--)
            for (int side = -1; side <= 1; side += 2) {
                measure(l, g, &b);
                const double by = b.first <= b.last ? reach_in(l, g, &b, side) : 0;
                if (by > 0) move_beyond(l, &b, side, by);
            }
    recentre(l);
    return true;
}
