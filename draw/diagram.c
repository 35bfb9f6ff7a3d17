/* Diagrams: building them, their first error, and where they are written. */
#include "draw/diagram.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* ---- errors ---- */

tp_status diagram_fail(tp_diagram *d, const char *function, tp_status status, const char *format, ...)
{
    if (!d) return TP_E_ARGUMENT;
    if (d->status != TP_OK) return d->status;
    const int head = snprintf(d->message, sizeof d->message, "%s: ", function);
    va_list list;
    va_start(list, format);
    vsnprintf(d->message + head, sizeof d->message - (size_t)head, format, list);
    va_end(list);
    return d->status = status;
}

tp_status tp_diagram_status(const tp_diagram *diagram)
{
    return diagram ? diagram->status : TP_E_ARGUMENT;
}

const char *tp_diagram_error(const tp_diagram *diagram)
{
    return diagram ? diagram->message : "tp_diagram_error: diagram is NULL";
}

/* ---- its life ---- */

tp_diagram *tp_diagram_new(const tp_diagram_options *options, tp_error *error)
{
    const tp_diagram_options o = options ? *options : (tp_diagram_options){0};
    const tp_allocator memory = o.memory ? *o.memory : tp_default_allocator;
    tp_diagram *d = tp_allocate_zeroed(&memory, sizeof *d);
    if (d) {
        d->memory = memory;
        d->options = o;
        d->kept.memory = d->out.memory = &d->memory;
        d->options.title = store_text(&d->kept, o.title);
        if (!d->kept.failed) return d;
    }
    tp_diagram_free(d);
    tp_fail(error, TP_E_MEMORY, "tp_diagram_new: out of memory");
    return NULL;
}

void tp_diagram_free(tp_diagram *diagram)
{
    if (!diagram) return;
    tp_diagram *d = diagram;
    const tp_allocator memory = d->memory;
    tp_deallocate(&memory, d->nodes, d->node_room * sizeof *d->nodes);
    tp_deallocate(&memory, d->edges, d->edge_room * sizeof *d->edges);
    tp_deallocate(&memory, d->frames, d->frame_room * sizeof *d->frames);
    svg_free(&d->out);
    store_free(&d->kept);
    tp_deallocate(&memory, d, sizeof *d);
}

/* ---- building ---- */

/* Room for one more item of something that there may be `most` of. */
static bool room(tp_diagram *d, const char *function, void **items, uint32_t *capacity, uint32_t count, size_t size,
                 uint32_t most)
{
    if (d->network) {
        diagram_fail(d, function, TP_E_UNSUPPORTED, "a drawing of a network takes no further parts");
        return false;
    }
    if (count >= most) {
        diagram_fail(d, function, TP_E_LIMIT, "a diagram has at most %u of these", most);
        return false;
    }
    if (tp_grow(&d->memory, items, capacity, count + 1, size)) return true;
    diagram_fail(d, function, TP_E_MEMORY, "out of memory");
    return false;
}

static bool check_style(tp_diagram *d, const tp_diagram_style *s)
{
    static const char name[] = "tp_diagram_node";
    if ((int)s->shape < 0 || s->shape > TP_DIAGRAM_TEXT)
        diagram_fail(d, name, TP_E_ARGUMENT, "there is no shape %d", (int)s->shape);
    else if (s->colour < 0 || s->colour > TP_PLOT_INK)
        diagram_fail(d, name, TP_E_ARGUMENT, "there is no colour %d", s->colour);
    else if (s->frame < 0 || (uint32_t)s->frame > d->frame_count)
        diagram_fail(d, name, TP_E_ARGUMENT, "there is no frame %d", s->frame);
    return d->status == TP_OK;
}

int tp_diagram_node(tp_diagram *diagram, const char *label, const tp_diagram_style *style)
{
    static const char name[] = "tp_diagram_node";
    tp_diagram *d = diagram;
    if (!d || d->status != TP_OK) return -1;
    vertex added = {.style = style ? *style : (tp_diagram_style){0}};
    if (!check_style(d, &added.style) ||
        !room(d, name, (void **)&d->nodes, &d->node_room, d->node_count, sizeof *d->nodes, TP_DIAGRAM_NODES))
        return -1;
    const char **texts[] = {&added.label, &added.style.note, &added.style.above, &added.style.below,
                            &added.style.caption};
    added.label = label;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (*texts[i] && !**texts[i]) *texts[i] = NULL;
        *texts[i] = store_text(&d->kept, *texts[i]);
    }
    if (d->kept.failed) {
        diagram_fail(d, name, TP_E_MEMORY, "out of memory");
        return -1;
    }
    d->nodes[d->node_count] = added;
    return (int)d->node_count++;
}

tp_status tp_diagram_edge(tp_diagram *diagram, int from, int to, const char *above, const char *below)
{
    static const char name[] = "tp_diagram_edge";
    tp_diagram *d = diagram;
    if (!d || d->status != TP_OK) return tp_diagram_status(d);
    if (from < 0 || to < 0 || (uint32_t)from >= d->node_count || (uint32_t)to >= d->node_count)
        return diagram_fail(d, name, TP_E_ARGUMENT, "there is no node %d",
                            from < 0 || (uint32_t)from >= d->node_count ? from : to);
    if (!room(d, name, (void **)&d->edges, &d->edge_room, d->edge_count, sizeof *d->edges, TP_DIAGRAM_EDGES))
        return d->status;
    d->edges[d->edge_count++] = (edge){from, to, store_text(&d->kept, above && *above ? above : NULL),
                                       store_text(&d->kept, below && *below ? below : NULL)};
    return d->kept.failed ? diagram_fail(d, name, TP_E_MEMORY, "out of memory") : TP_OK;
}

int tp_diagram_frame(tp_diagram *diagram, int parent, const char *title)
{
    static const char name[] = "tp_diagram_frame";
    tp_diagram *d = diagram;
    if (!d || d->status != TP_OK) return -1;
    if (parent < 0 || (uint32_t)parent > d->frame_count) {
        diagram_fail(d, name, TP_E_ARGUMENT, "there is no frame %d", parent);
        return -1;
    }
    if (!room(d, name, (void **)&d->frames, &d->frame_room, d->frame_count, sizeof *d->frames, TP_DIAGRAM_FRAMES))
        return -1;
    d->frames[d->frame_count] = (frame){parent, store_text(&d->kept, title)};
    if (!d->kept.failed) return (int)++d->frame_count;
    diagram_fail(d, name, TP_E_MEMORY, "out of memory");
    return -1;
}

/* ---- writing ---- */

static tp_status paint(tp_diagram *d, const char *function, tp_error *error)
{
    if (!d) return tp_fail(error, TP_E_ARGUMENT, "%s: diagram is NULL", function);
    if (d->status != TP_OK) return tp_fail(error, d->status, "%s", d->message);
    const tp_status status = d->network ? network_paint(d, function, error) : diagram_paint(d, function, error);
    if (status != TP_OK || !d->out.failed) return status;
    return tp_fail(error, TP_E_MEMORY, "%s: out of memory for the picture", function);
}

const char *tp_diagram_svg(tp_diagram *diagram, size_t *length, tp_error *error)
{
    if (paint(diagram, "tp_diagram_svg", error) != TP_OK) return NULL;
    if (length) *length = diagram->out.length;
    return diagram->out.text;
}

static bool put_out(const tp_diagram *d, FILE *file)
{
    return fwrite(d->out.text, 1, d->out.length, file) == d->out.length && fflush(file) == 0;
}

tp_status tp_diagram_print(tp_diagram *diagram, FILE *file, tp_error *error)
{
    if (!file) return tp_fail(error, TP_E_ARGUMENT, "tp_diagram_print: file is NULL");
    const tp_status status = paint(diagram, "tp_diagram_print", error);
    if (status != TP_OK || put_out(diagram, file)) return status;
    return tp_fail(error, TP_E_IO, "tp_diagram_print: cannot write: %s", strerror(errno));
}

static tp_status save(tp_diagram *d, const char *function, const char *path, tp_error *error)
{
    if (!path) return tp_fail(error, TP_E_ARGUMENT, "%s: path is NULL", function);
    const tp_status status = paint(d, function, error);
    if (status != TP_OK) return status;
    FILE *file = fopen(path, "wb");
    if (!file) return tp_fail(error, TP_E_IO, "%s: cannot open: %s: %.300s", function, strerror(errno), path);
    const bool written = put_out(d, file);
    int code = errno;
    const bool closed = fclose(file) == 0;
    if (written && !closed) code = errno;
    if (written && closed) return TP_OK;
    return tp_fail(error, TP_E_IO, "%s: cannot write: %s: %.300s", function, strerror(code), path);
}

tp_status tp_diagram_save(tp_diagram *diagram, const char *path, tp_error *error)
{
    return save(diagram, "tp_diagram_save", path, error);
}

tp_status diagram_finish(tp_diagram *d, const char *function, const char *path, tp_error *error)
{
    const tp_status status = save(d, function, path, error);
    tp_diagram_free(d);
    return status;
}
