/* A diagram as SVG. The flow of the layout goes along x, or in a diagram that goes downwards along y. */
#include <math.h>

#include "draw/measure.h"

enum { EDGE = 14, TITLE = 40, ARROW = 7 };

const char diagram_rules[] =
    ".tapir .n{font-size:15px;fill:#24292f}"
    ".tapir .o{font-size:18px;fill:#24292f}"
    ".tapir .i{font-style:italic}"
    ".tapir .v{fill:#1a7f37}.tapir .d{fill:#c0392b}.tapir .q{fill:#6e7781}"
    ".tapir .V{fill:none;stroke:#1a7f37}.tapir .D{fill:none;stroke:#c0392b}.tapir .Q{fill:none;stroke:#6e7781}"
    ".tapir .b{fill:#eef2f6;stroke:#57606a;stroke-width:1.3}"
    ".tapir .y{fill:#6e7781;fill-opacity:.05;stroke:#afb8c1;stroke-dasharray:5 4}"
    ".tapir .p{fill:none;stroke:#57606a;stroke-width:1.3;stroke-linejoin:round}"
    ".tapir .z{stroke-width:.9;stroke-opacity:.6}"
    ".tapir .j{fill:#57606a}"
    ".tapir .u{fill:currentColor;fill-opacity:.16;stroke:currentColor;stroke-width:1.4}"
    "@media(prefers-color-scheme:dark){"
    ".tapir .n,.tapir .o{fill:#e6edf3}"
    ".tapir .v{fill:#56d364}.tapir .d{fill:#ff8479}.tapir .q{fill:#8b949e}"
    ".tapir .V{fill:none;stroke:#1a7f37}.tapir .D{fill:none;stroke:#c0392b}.tapir .Q{fill:none;stroke:#6e7781}"
    ".tapir .V{stroke:#56d364}.tapir .D{stroke:#ff8479}.tapir .Q{stroke:#8b949e}"
    ".tapir .b{fill:#1c2430;stroke:#9da7b3}"
    ".tapir .y{stroke:#484f58}"
    ".tapir .p{stroke:#9da7b3}.tapir .j{fill:#9da7b3}"
    "}";

/* What a frame encloses, along the flow and across it; one that encloses nothing has no extent. */
typedef struct outline {
    double start, end, low, high;
    bool shown;
} outline;

typedef struct painter {
    tp_diagram *d;
    svg *out;
    layout l;
    const edge **label; /* of each layout node beyond the diagram's: the edge whose texts it holds */
    outline *outline;   /* of each frame, from 1 on */
    bool *inside;       /* as long; scratch */
    double x, y;        /* of the layout's origin */
} painter;

/* ---- from layout to page ---- */

/* Adds a place that lies `along` the flow, `across` it. */
static void put_place(const painter *p, const char *letter, double along, double across)
{
    if (p->d->options.down)
        svg_add(p->out, "@s@p @p", letter, p->x + across, p->y + along);
    else
        svg_add(p->out, "@s@p @p", letter, p->x + along, p->y + across);
}

/* ---- wires ---- */

/* Where the outline of a node's shape lies before its middle line, at a port. */
static double shape_before(const painter *p, int at, double port)
{
    const vertex *n = &p->d->nodes[at];
    const bool down = p->d->options.down, circle = n->style.shape == TP_DIAGRAM_CIRCLE;
    const double round = n->high, off = fabs(port) - (down ? n->wide - round : 0); /* from where it is straight */
    if (circle && off > 0) return (down ? 0 : n->wide - round) + sqrt(fmax(0, round * round - off * off));
    if (n->style.shape == TP_DIAGRAM_TEXT && !down) return TEXT_GAP;
    return down ? n->high : n->wide;
}

static double shape_after(const painter *p, int at)
{
    const vertex *n = &p->d->nodes[at];
    if (p->d->options.down) return n->high;
    return n->style.shape == TP_DIAGRAM_TEXT ? text_after(n) + TEXT_GAP - 1 : n->wide;
}

static void paint_arrow(painter *p, double along, double across)
{
    svg_add(p->out, "<path class='j' d='");
    put_place(p, "M", along, across);
    put_place(p, "L", along - ARROW, across - .45 * ARROW);
    put_place(p, "L", along - ARROW, across + .45 * ARROW);
    svg_add(p->out, "z'/>\n");
}

/* The straight part within the rank of the spot where the wires leave, and a dot where they part. */
static void paint_own(painter *p, int at)
{
    const layout *l = &p->l;
    const spot *s = &l->spot[at];
    const int outputs = l->outputs.start[at + 1] - l->outputs.start[at];
    const bool real = at < (int)p->d->node_count;
    double from = l->left[s->rank], to = l->right[s->rank];
    if (real) from = s->x + shape_after(p, at);
    if (outputs == 0) {
        if (!real || p->d->options.down) return;
        to = s->x + s->after;
        if (to <= from + 1 || stem_length(p->d->nodes[at].style.above, p->d->nodes[at].style.below) <= 0) return;
    }
    svg_add(p->out, "<path class='p' d='");
    put_place(p, "M", from, s->y);
    put_place(p, "L", to, s->y);
    svg_add(p->out, "'/>\n");
    if (outputs > 1 && !p->d->options.arrows) {
        const bool down = p->d->options.down;
        svg_add(p->out, "<circle class='j' cx='@p' cy='@p' r='3'/>\n", p->x + (down ? s->y : to),
                p->y + (down ? to : s->y));
    }
}

/* From the end of a rank to a spot of the next. */
static void paint_wire(painter *p, const wire *w)
{
    const layout *l = &p->l;
    const spot *from = &l->spot[w->from], *to = &l->spot[w->to];
    const bool real = w->to < (int)p->d->node_count, arrow = real && p->d->options.arrows;
    const double start = l->right[from->rank], across = to->y + w->port;
    const double last = real ? to->x - shape_before(p, w->to, w->port) : l->left[to->rank];
    const double end = fmin(l->left[to->rank], last - (arrow ? ARROW : 0)), middle = (start + end) / 2;
    svg_add(p->out, "<path class='p' d='");
    put_place(p, "M", start, from->y);
    if (fabs(from->y - across) > .05) {
        put_place(p, "C", middle, from->y);
        put_place(p, " ", middle, across);
        put_place(p, " ", end, across);
    }
    put_place(p, "L", last - (arrow ? ARROW - 1 : 0), across);
    svg_add(p->out, "'/>\n");
    if (arrow) paint_arrow(p, last, across);
}

/* ---- nodes ---- */

/* A value above a wire, a gradient below it: in the middle of x, on both sides of y. */
static void paint_texts(painter *p, const char *above, const char *below, bool grey, double x, double y)
{
    block_write(p->out, grey ? "q" : "v", p->x + x, p->y + y, true, above);
    block_write(p->out, "d", p->x + x, p->y + y, false, below);
}

static void paint_shape(painter *p, const vertex *n, double x, double y)
{
    const tp_diagram_style *s = &n->style;
    if (s->shape == TP_DIAGRAM_TEXT) return;
    svg_add(p->out, "<rect class='");
    if (s->colour)
        svg_add(p->out, "u c@d", s->colour);
    else
        svg_add(p->out, "b");
    svg_add(p->out, "' x='@p' y='@p' width='@p' height='@p' rx='@p'/>\n", x - n->wide, y - n->high, 2 * n->wide,
            2 * n->high, s->shape == TP_DIAGRAM_CIRCLE ? n->high : 6.);
}

static void paint_label(painter *p, const vertex *n, double x, double y, bool end)
{
    const tp_diagram_style *s = &n->style;
    const char *font = node_font(n);
    const int labels = lines_count(n->label);
    if (s->shape == TP_DIAGRAM_TEXT) {
        const bool grey = s->colour == TP_PLOT_GREY;
        if (p->d->options.down)
            font = grey ? "n m q" : "n m i";
        else
            font = end ? (grey ? "n q" : "n i") : (grey ? "n e q" : "n e i");
    }
    if (s->shape != TP_DIAGRAM_BOX) {
        const double step = s->shape == TP_DIAGRAM_TEXT ? 18 : 16, low = font[0] == 'o' ? 6 : 5;
        lines_write(p->out, font, x, y + low - step * (labels - 1) / 2, step, n->label);
        return;
    }
    y += -n->high + 7;
    lines_write(p->out, font, x, y + 13, 17, n->label);
    lines_write(p->out, "q m", x, y + 17 * labels + 11, 15, s->note);
}

static void paint_node(painter *p, int at)
{
    const layout *l = &p->l;
    const vertex *n = &p->d->nodes[at];
    const spot *s = &l->spot[at];
    const bool down = p->d->options.down;
    const double x = p->x + (down ? s->y : s->x), y = p->y + (down ? s->x : s->y);
    const bool text = n->style.shape == TP_DIAGRAM_TEXT && !down;
    const bool end = text && n->reached;
    paint_shape(p, n, x, y);
    paint_label(p, n, x + (text && !end ? GATE - 2 : 0), y, end);
    if (n->style.caption && down) lines_write(p->out, "l i", x + n->wide + 6, y + 4, 14, n->style.caption);
    if (down) return;
    if (n->style.caption) lines_write(p->out, "l m i", x, y - n->high - 5, 14, n->style.caption);
    const double stem = stem_length(n->style.above, n->style.below), from = s->x + shape_after(p, at);
    paint_texts(p, n->style.above, n->style.below, n->style.colour == TP_PLOT_GREY, from + stem / 2, s->y);
}

/* ---- frames ---- */

static void enclose(outline *o, double start, double end, double low, double high)
{
    o->start = fmin(o->start, start);
    o->end = fmax(o->end, end);
    o->low = fmin(o->low, low);
    o->high = fmax(o->high, high);
}

static bool touch(const outline *a, const outline *b)
{
    return a->start < b->end && b->start < a->end && a->low < b->high && b->low < a->high;
}

/* A frame is shown unless it would lie over a node, or a frame that is shown, of which neither is in the other.
   `inside` is room for what groups lie in it. */
static bool is_clear(const painter *p, int f, bool *inside)
{
    const layout *l = &p->l;
    const outline *o = &p->outline[f];
    if (!(o->start < o->end)) return false;
    for (int g = 0; g <= l->groups; g++) inside[g] = g == f || (g > f && inside[l->group_parent[g]]);
    for (int i = 0; i < l->nodes; i++) {
        const spot *s = &l->spot[i];
        const outline at = {s->x - s->before, s->x + s->after, s->y - s->above, s->y + s->below, true};
        if (!inside[s->group] && touch(o, &at)) return false;
    }
    for (int g = 0; g <= f; g++) inside[g] = false;
    for (int g = f; g > 0; g = l->group_parent[g]) inside[g] = true; /* what it lies in */
    for (int g = 1; g < f; g++)
        if (p->outline[g].shown && !inside[g] && touch(o, &p->outline[g])) return false;
    return true;
}

/* From the inner ones to the outer ones, whose numbers are smaller. */
static void outline_frames(painter *p)
{
    layout *l = &p->l;
    const double low = l->group_low - 4, high = l->group_high - 4, along = l->group_along - 4;
    for (int f = 1; f <= l->groups; f++)
        p->outline[f] = (outline){(double)INFINITY, -(double)INFINITY, (double)INFINITY, -(double)INFINITY, false};
    for (int i = 0; i < l->spots; i++) {
        const spot *s = &l->spot[i];
        if (s->group)
            enclose(&p->outline[s->group], l->left[s->rank], l->right[s->rank], s->y - s->above, s->y + s->below);
    }
    for (int f = l->groups; f > 0; f--) {
        outline *o = &p->outline[f];
        if (!(o->start < o->end)) continue;
        *o = (outline){o->start - along, o->end + along, o->low - low, o->high + high, false};
        if (l->group_parent[f]) enclose(&p->outline[l->group_parent[f]], o->start, o->end, o->low, o->high);
    }
    for (int f = 1; f <= l->groups; f++) {
        outline *o = &p->outline[f];
        o->shown = is_clear(p, f, p->inside);
        if (!o->shown) continue;
        l->above = fmax(l->above, -o->low);
        l->below = fmax(l->below, o->high);
        l->width = fmax(l->width, o->end);
    }
}

static void paint_frame(painter *p, int f)
{
    const outline *o = &p->outline[f];
    const bool down = p->d->options.down;
    if (!o->shown) return;
    const double left = p->x + (down ? o->low : o->start), top = p->y + (down ? o->start : o->low);
    svg_add(p->out, "<rect class='y' x='@p' y='@p' width='@p' height='@p' rx='8'/>\n", left, top,
            down ? o->high - o->low : o->end - o->start, down ? o->end - o->start : o->high - o->low);
    const char *title = p->d->frames[f - 1].title;
    const double room = o->end - o->start - 12;
    if (title && down)
        svg_text(p->out, "c m q", left + 15, (top + p->y + o->end) / 2, room, -90, title);
    else if (title)
        svg_text(p->out, "c q", left + 8, top + 14, room, 0, title);
}

/* ---- the whole ---- */

/* Boxes below each other are equally wide. */
static void measure_nodes(tp_diagram *d)
{
    double wide = 0;
    for (uint32_t i = 0; i < d->edge_count; i++)
        d->nodes[d->edges[i].to].reached = d->nodes[d->edges[i].from].left = true;
    for (uint32_t i = 0; i < d->node_count; i++) {
        node_measure(&d->nodes[i]);
        if (d->nodes[i].style.shape == TP_DIAGRAM_BOX) wide = fmax(wide, d->nodes[i].wide);
    }
    for (uint32_t i = 0; d->options.down && i < d->node_count; i++)
        if (d->nodes[i].style.shape == TP_DIAGRAM_BOX) d->nodes[i].wide = wide;
}

static bool fill_groups(painter *p)
{
    const tp_diagram *d = p->d;
    layout *l = &p->l;
    int *parent = store_take(l->store, (size_t)d->frame_count + 1, sizeof *parent);
    p->outline = store_take(l->store, (size_t)d->frame_count + 1, sizeof *p->outline);
    p->inside = store_take(l->store, (size_t)d->frame_count + 1, sizeof *p->inside);
    if (!parent || !p->outline || !p->inside) return false;
    for (uint32_t i = 0; i < d->frame_count; i++) parent[i + 1] = d->frames[i].parent;
    l->group_parent = parent;
    l->groups = (int)d->frame_count;
    l->group_low = 26;
    l->group_high = l->group_along = 14;
    return true;
}

/* Of the texts of an edge: around it, or in a diagram that goes downwards to its right. */
static spot label_spot(const tp_diagram *d, const edge *e, int at)
{
    const double width = stem_length(e->above, e->below), above = block_height(e->above),
                 below = block_height(e->below);
    spot s = {.after = width, .above = fmax(7, above), .below = fmax(7, below), .margin = 4, .source = at};
    if (!d->options.down) return s;
    s.after = above + below;
    s.above = 7;
    s.below = width;
    return s;
}

static void paint_edge_texts(painter *p, int at)
{
    const edge *e = p->label[at - (int)p->d->node_count];
    const spot *s = &p->l.spot[at];
    if (p->d->options.down)
        paint_texts(p, e->above, e->below, false, s->y + s->below / 2, s->x + block_height(e->above));
    else
        paint_texts(p, e->above, e->below, false, s->x + s->after / 2, s->y);
}

/* The diagram's nodes, and one for each edge that has texts. */
static bool fill_layout(painter *p)
{
    tp_diagram *d = p->d;
    int labels = 0, at = (int)d->node_count, edges = 0;
    for (uint32_t i = 0; i < d->edge_count; i++) labels += d->edges[i].above || d->edges[i].below;
    p->label = store_take(p->l.store, (size_t)labels, sizeof *p->label);
    if (!p->label || !layout_begin(&p->l, p->l.store, at + labels, (int)d->edge_count + labels)) return false;
    int *inputs = store_take(p->l.store, (size_t)(at + labels), sizeof *inputs);
    if (!inputs || !fill_groups(p)) return false;
    measure_nodes(d);
    for (uint32_t i = 0; i < d->node_count; i++) {
        p->l.spot[i] = node_spot(d, &d->nodes[i]);
        p->l.spot[i].source = (int)i;
    }
    for (uint32_t i = 0; i < d->edge_count; i++) {
        const edge *e = &d->edges[i];
        int from = e->from;
        if (e->above || e->below) {
            p->label[at - (int)d->node_count] = e;
            p->l.spot[at] = label_spot(d, e, at);
            p->l.spot[at].group =
                layout_common(&p->l, d->nodes[from].style.frame, d->nodes[e->to].style.frame, NULL, NULL);
            p->l.wire[edges++] = (wire){.from = from, .to = at};
            from = at++;
        }
        p->l.wire[edges++] = (wire){.from = from, .to = e->to, .input = inputs[e->to]++};
    }
    return true;
}

static void paint(painter *p)
{
    const tp_diagram *d = p->d;
    layout *l = &p->l;
    const bool down = d->options.down;
    outline_frames(p);
    const int titles = lines_count(d->options.title);
    const double head = titles ? TITLE + 18 * (titles - 1) : 0, across = l->above + l->below;
    double width = (down ? across : l->width) + 2 * EDGE;
    const double height = (down ? l->width : across) + 2 * EDGE + head, least = lines_width("h", d->options.title) + 24;
    const double shift = fmax(0, least - width) / 2;
    width += 2 * shift;
    p->x = EDGE + shift + (down ? l->above : 0);
    p->y = EDGE + head + (down ? 0 : l->above);
    svg_begin_styled(p->out, ceil(width), ceil(height), diagram_rules);
    title_write(p->out, width / 2, d->options.title);
    for (int f = 1; f <= l->groups; f++) paint_frame(p, f);
    for (int i = 0; i < l->spots; i++) paint_own(p, i);
    for (int i = 0; i < l->wires; i++) paint_wire(p, &l->wire[i]);
    for (int i = 0; i < (int)d->node_count; i++) paint_node(p, i);
    for (int i = (int)d->node_count; i < l->nodes; i++) paint_edge_texts(p, i);
    svg_end(p->out);
}

tp_status diagram_paint(tp_diagram *d, const char *function, tp_error *error)
{
    store scratch = {.memory = &d->memory};
    painter p = {.d = d, .out = &d->out, .l.store = &scratch};
    const layout_result result = fill_layout(&p) ? layout_run(&p.l) : LAYOUT_MEMORY;
    tp_status status = TP_OK;
    if (result == LAYOUT_MEMORY)
        status = tp_fail(error, TP_E_MEMORY, "%s: out of memory for the layout", function);
    else if (result == LAYOUT_CIRCLE)
        status = tp_fail(error, TP_E_ARGUMENT, "%s: the edges form a circle", function);
    else if (result == LAYOUT_LARGE)
        status = tp_fail(error, TP_E_LIMIT, "%s: too many long edges to make anything out", function);
    else
        paint(&p);
    store_free(&scratch);
    return status;
}
