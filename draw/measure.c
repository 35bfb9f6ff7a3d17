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

/* ---- texts on wires ---- */

enum { CELLS = 16, BLOCK_STEP = 14, CELL_GAP = 8 };

/* Ends the cell at `text` and returns the next one; NULL at the end of the line. */
static char *next_cell(char *text)
{
    char *tab = strchr(text, '\t');
    if (!tab) return NULL;
    *tab = 0;
    return tab[1] ? tab + 1 : NULL;
}

/* Widths of the columns; returns how many there are, 0 for a text without cells. */
static int measure_cells(const char *text, double wide[CELLS])
{
    char line[LINE_MOST + 1];
    int most = 0;
    if (!text || !strchr(text, '\t')) return 0;
    while (text) {
        text = next_line(line, text);
        int n = 0;
        for (char *cell = line, *next; cell && n < CELLS; cell = next, n++) {
            next = next_cell(cell);
            const double width = svg_text_width("v", cell);
            wide[n] = n < most ? fmax(wide[n], width) : width;
            if (n == most) most++;
        }
    }
    return most;
}

double block_width(const char *text)
{
    double wide[CELLS], sum = 0;
    const int n = measure_cells(text, wide);
    for (int i = 0; i < n; i++) sum += wide[i] + CELL_GAP;
    return n ? sum + 4 : lines_width("v", text);
}

double block_height(const char *text)
{
    return text ? BLOCK_STEP * lines_count(text) + (strchr(text, '\t') ? 9 : 5) : 0;
}

static void write_cells(svg *out, const char *class, double x, double y, int n, const double *wide, const char *text)
{
    char line[LINE_MOST + 1], ends[8];
    snprintf(ends, sizeof ends, "%.3s e", class);
    const double width = block_width(text), top = y - 11, bottom = top + BLOCK_STEP * lines_count(text);
    svg_add(out, "<path class='@s' d='M@p @ph-4V@ph4M@p @ph4V@ph-4'/>\n",
            class[0] == 'd'   ? "D"
            : class[0] == 'q' ? "Q"
                              : "V",
            x - width / 2 + 4, top, bottom, x + width / 2 - 4, top, bottom);
    for (; text; y += BLOCK_STEP) {
        text = next_line(line, text);
        double right = x - width / 2 + 2 - CELL_GAP / 2.;
        int i = 0;
        for (char *cell = line, *next; cell && i < n; cell = next, i++) {
            next = next_cell(cell);
            right += wide[i] + CELL_GAP;
            svg_text(out, ends, right, y, 0, 0, cell);
        }
    }
}

void block_write(svg *out, const char *class, double x, double y, bool above, const char *text)
{
    if (!text) return;
    double wide[CELLS];
    const int n = measure_cells(text, wide);
    y += above ? -5 - BLOCK_STEP * (lines_count(text) - 1) : 14;
    if (n) y += above ? -2 : 2;
    char middle[8];
    snprintf(middle, sizeof middle, "%.3s m", class);
    if (n)
        write_cells(out, class, x, y, n, wide, text);
    else
        lines_write(out, middle, x, y, BLOCK_STEP, text);
}

double stem_length(const char *above, const char *below)
{
    const double width = fmax(block_width(above), block_width(below));
    return width > 0 ? width + 2 * STEM_PAD : 0;
}

double text_after(const vertex *n)
{
    return n->reached ? 2 * n->wide : GATE;
}

spot node_spot(const tp_diagram *d, const vertex *n)
{
    const tp_diagram_style *s = &n->style;
    const double caption = s->caption ? CAPTION : 0;
    spot at = {.before = n->wide,
               .after = n->wide,
               .margin = 10,
               .reach = .62 * (d->options.down ? n->wide : n->high),
               .first = s->first,
               .ordered = s->ordered,
               .group = s->frame};
    const double titled = lines_width("l", s->caption);
    if (d->options.down) { /* the caption stands to the right of the shape */
        at.above = n->wide;
        at.below = n->wide + (titled > 0 ? titled + 8 : 0);
        at.before = at.after = n->high;
        at.margin = 22;
        return at;
    }
    if (s->shape == TP_DIAGRAM_TEXT) {
        at.before = n->reached ? TEXT_GAP : fmax(0, 2 * n->wide - GATE);
        at.after = text_after(n);
    }
    at.before = fmax(at.before, titled / 2);
    const double gap = s->shape == TP_DIAGRAM_TEXT && n->left ? TEXT_GAP : 0; /* a wire begins behind it */
    at.after = fmax(at.after + fmax(stem_length(s->above, s->below), gap), titled / 2);
    at.above = fmax(n->high + caption, block_height(s->above));
    at.below = fmax(n->high, block_height(s->below));
    return at;
}
