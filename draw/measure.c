#include "draw/measure.h"

#include <math.h>
#include <string.h>

enum { LINE_MOST = 200, LABEL_STEP = 17, NOTE_STEP = 15 };

/* Copies the line at `text`, cut off where it is too long; returns where the next begins, NULL at the end. */
static const char *next_line(char line[LINE_MOST + 1], const char *text)
{
    const size_t length = strcspn(text, "\n");
    size_t n = length < LINE_MOST ? length : LINE_MOST;
    while (n < length && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) n--; /* not within a character */
    memcpy(line, text, n);
    line[n] = 0;
    return text[length] ? text + length + 1 : NULL;
}

double lines_width(const char *class, const char *text)
{
    char line[LINE_MOST + 1];
    double most = 0;
    while (text) {
        text = next_line(line, text);
        most = fmax(most, svg_text_width(class, line));
    }
    return most;
}

int lines_count(const char *text)
{
    int n = 0;
    for (; text; n++) {
        text = strchr(text, '\n');
        if (text) text++;
    }
    return n;
}

void lines_write(svg *out, const char *class, double x, double y, double step, const char *text)
{
    char line[LINE_MOST + 1];
    for (; text; y += step) {
        text = next_line(line, text);
        svg_text(out, class, x, y, 0, 0, line);
    }
}

void title_write(svg *out, double x, const char *title)
{
    char line[LINE_MOST + 1];
    if (!title) return;
    title = next_line(line, title);
    svg_text(out, "h m", x, 27, 0, 0, line);
    lines_write(out, "q m", x, 45, 18, title);
}

/* A circle holds a sign large, or a short word. */
const char *node_font(const vertex *n)
{
    if (n->style.shape == TP_DIAGRAM_TEXT) return "n";
    if (n->style.shape == TP_DIAGRAM_BOX) return "n m";
    return n->label && lines_width("o", n->label) <= 22 ? "o m" : "l m";
}

void node_measure(vertex *n)
{
    const double width = lines_width(node_font(n), n->label);
    switch (n->style.shape) {
    case TP_DIAGRAM_CIRCLE:
        n->wide = fmax(GATE, width / 2 + 9);
        n->high = fmax(GATE, 8 * lines_count(n->label) + 8);
        break;
    case TP_DIAGRAM_TEXT:
        n->wide = width / 2 + 2;
        n->high = 9. * (lines_count(n->label) ? lines_count(n->label) : 1);
        break;
    default:
        n->wide = fmax(20, fmax(width, lines_width("v", n->style.note)) / 2 + 12);
        n->high = 7 + .5 * (LABEL_STEP * lines_count(n->label) + NOTE_STEP * lines_count(n->style.note));
    }
}

double stem_length(const char *above, const char *below)
{
    const double width = fmax(lines_width("v", above), lines_width("v", below));
    return width > 0 ? width + 2 * STEM_PAD : 0;
}

spot node_spot(const tp_diagram *d, const vertex *n)
{
    const tp_diagram_style *s = &n->style;
    const double caption = s->caption ? 15 : 0;
    spot at = {
        .before = n->wide, .after = n->wide, .margin = 10, .first = s->first, .ordered = s->ordered, .group = s->frame};
    if (d->options.down) {
        at.above = at.below = fmax(n->wide, lines_width("v", s->caption) / 2);
        at.before = n->high + caption;
        at.after = n->high;
        at.margin = 22;
        return at;
    }
    if (s->shape == TP_DIAGRAM_TEXT) { /* the wire leaves where it leaves a circle */
        at.before = fmax(0, 2 * n->wide - GATE);
        at.after = GATE;
    }
    at.before = fmax(at.before, lines_width("v", s->caption) / 2);
    at.after = fmax(at.after + stem_length(s->above, s->below), lines_width("v", s->caption) / 2);
    at.above = fmax(n->high + caption, s->above ? VALUE_HIGH : 0);
    at.below = fmax(n->high, s->below ? VALUE_HIGH : 0);
    return at;
}
