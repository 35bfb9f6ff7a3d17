/* Star colouring, greedy, in the order of the vertices, or the shortest or the longest rows first: whichever takes
   fewest. (The shortest first is good where many small blocks meet a few large ones.) A vertex with a colour of its own
   is on no path of two colours: the few that have so many neighbours that looking at the neighbours of all of these
   would cost more than the matrix are taken out with a colour each, which is what the hub of an arrow needs anyway. */
#include "autograd/colouring.h"

#include <string.h>

/* Neighbours of neighbours that are looked at: so many an entry, and so many at least. */
enum { STEPS_AN_ENTRY = 256, STEPS = 1 << 25 };

typedef struct star {
    const tp_rows *r;
    const uint8_t *hub;
    int32_t *of;
    int32_t *forbidden; /* of each colour: the vertex for which it is */
    int32_t *twice;     /* of each colour: the vertex that has it in its neighbourhood, and ... */
    int32_t *neighbour; /* ... the first such neighbour */
    uint32_t *mirror;   /* of each entry (w, x): where (x, w) is */
    uint8_t *shared;    /* of each entry (w, x): x has another neighbour of w's colour */
} star;

/* v's neighbour w has a colour that another one has: u v w x would be in two colours if x had v's. */
static void forbid_around(const star *s, int32_t v, int32_t w)
{
    for (int64_t f = s->r->start[w]; f < s->r->start[w + 1]; f++) {
        const int32_t colour = s->of[s->r->column[f]];
        if (colour >= 0 && s->r->column[f] != v) s->forbidden[colour] = v;
    }
}

/* The colours of v's neighbours, and around those that are not alone in theirs. */
static void look_beside(const star *s, int32_t v)
{
    const tp_rows *r = s->r;
    for (int64_t e = r->start[v]; e < r->start[v + 1]; e++) {
        const int32_t w = r->column[e], colour = s->of[w];
        if (w == v || colour < 0) continue;
        s->forbidden[colour] = v;
        if (s->twice[colour] == v) {
            if (s->neighbour[colour] >= 0) forbid_around(s, v, s->neighbour[colour]);
            s->neighbour[colour] = -1;
            forbid_around(s, v, w);
        } else {
            s->twice[colour] = v;
            s->neighbour[colour] = w;
        }
    }
}

/* v w x y would be in two colours if v had x's, where x has a neighbour y of w's colour. */
static void look_ahead(const star *s, int32_t v)
{
    const tp_rows *r = s->r;
    for (int64_t e = r->start[v]; e < r->start[v + 1]; e++) {
        const int32_t w = r->column[e];
        if (w == v || s->of[w] < 0) continue;
        for (int64_t f = r->start[w]; f < r->start[w + 1]; f++) {
            const int32_t x = r->column[f], colour = s->of[x];
            if (s->shared[f] && x != v && colour >= 0) s->forbidden[colour] = v;
        }
    }
}

/* v has its colour: its neighbours x, and those of its colour beside it, know of each other. */
static void share(const star *s, int32_t v)
{
    const tp_rows *r = s->r;
    for (int64_t e = r->start[v]; e < r->start[v + 1]; e++) {
        const int32_t x = r->column[e];
        if (x == v || s->hub[x]) continue;
        for (int64_t f = r->start[x]; f < r->start[x + 1]; f++) {
            const int32_t y = r->column[f];
            if (y == v || y == x || s->of[y] != s->of[v]) continue;
            s->shared[s->mirror[f]] = s->shared[e] = 1;
        }
    }
}

/* Rows ascend, and so does what points at each column: the next entry of row x is the mirror of the next that names x.
 */
static bool find_mirrors(star *s, tp_chunks *scratch)
{
    const tp_rows *r = s->r;
    int64_t *next = tp_chunks_push(scratch, ((size_t)r->rows + 1) * sizeof *next);
    s->mirror = tp_chunks_push(scratch, ((size_t)r->entries + 1) * sizeof *s->mirror);
    s->shared = tp_chunks_push(scratch, (size_t)r->entries + 1);
    if (!next || !s->mirror || !s->shared) return false;
    memcpy(next, r->start, ((size_t)r->rows + 1) * sizeof *next);
    for (int64_t i = 0; i < r->rows; i++)
        for (int64_t e = r->start[i]; e < r->start[i + 1]; e++) s->mirror[e] = (uint32_t)next[r->column[e]]++;
    return true;
}

/* Those that are taken out have no colour yet. */
static void colour_in_order(star *s, const int32_t *order, tp_colours *c)
{
    const int64_t n = s->r->rows;
    const size_t bytes = ((size_t)n + 1) * sizeof *s->of;
    c->count = 0;
    s->of = c->of;
    memset(s->of, -1, bytes);
    memset(s->forbidden, -1, bytes);
    memset(s->twice, -1, bytes);
    memset(s->shared, 0, (size_t)s->r->entries + 1);
    for (int64_t k = 0; k < n; k++) {
        const int32_t v = order ? order[k] : (int32_t)k;
        if (s->hub[v]) continue;
        look_beside(s, v);
        look_ahead(s, v);
        int32_t colour = 0;
        while (s->forbidden[colour] == v) colour++;
        s->of[v] = colour;
        share(s, v);
        if (colour >= c->count) c->count = colour + 1;
    }
}

/* Returns how many are taken out. */
static int32_t take_out(const tp_rows *r, const int32_t *order, uint8_t *hub)
{
    const double budget = (double)r->entries * STEPS_AN_ENTRY + STEPS;
    double steps = 0;
    int32_t k = 0;
    for (int64_t i = 0; i < r->rows; i++) {
        const double n = (double)(r->start[i + 1] - r->start[i]);
        steps += n * n;
    }
    memset(hub, 0, (size_t)r->rows + 1);
    for (; steps > budget && k < r->rows; k++) {
        const double n = (double)(r->start[order[k] + 1] - r->start[order[k]]);
        steps -= n * n;
        hub[order[k]] = 1;
    }
    return k;
}

static void turn(int32_t *order, int64_t n)
{
    for (int64_t i = 0; i < n / 2; i++) {
        const int32_t swap = order[i];
        order[i] = order[n - 1 - i];
        order[n - 1 - i] = swap;
    }
}

/* So few colours that no other order is tried: what a band of that width would be glad of. */
static int64_t few(const tp_rows *r, const int32_t *order, int32_t hubs)
{
    if (hubs >= r->rows) return 0;
    return (r->start[order[hubs] + 1] - r->start[order[hubs]]) / 2 + 2;
}

bool tp_colour_star(const tp_rows *r, tp_chunks *kept, tp_chunks *scratch, tp_colours *c)
{
    const size_t bytes = ((size_t)r->rows + 1) * sizeof(int32_t);
    int32_t *order = tp_rows_longest_first(r, scratch);
    uint8_t *hub = tp_chunks_push(scratch, (size_t)r->rows + 1);
    tp_colours other = {.of = tp_chunks_push(scratch, bytes)};
    c->of = tp_chunks_push(kept, bytes);
    star s = {.r = r, .hub = hub, .forbidden = tp_chunks_push(scratch, bytes)};
    s.twice = tp_chunks_push(scratch, bytes);
    s.neighbour = tp_chunks_push(scratch, bytes);
    if (!order || !hub || !other.of || !c->of || !s.forbidden || !s.twice || !s.neighbour) return false;
    if (!find_mirrors(&s, scratch)) return false;
    const int32_t hubs = take_out(r, order, hub);
    colour_in_order(&s, NULL, c);
    for (int turned = 1; turned >= 0 && c->count > few(r, order, hubs); turned--) {
        if (turned) turn(order, r->rows);
        colour_in_order(&s, order, &other);
        if (turned) turn(order, r->rows);
        if (other.count >= c->count) continue;
        memcpy(c->of, other.of, bytes);
        c->count = other.count;
    }
    for (int32_t k = 0; k < hubs; k++) c->of[order[k]] = c->count++;
    return true;
}
