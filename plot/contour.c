/* Contour lines by marching squares (Lorensen, Cline: "Marching cubes: a high resolution 3D surface construction
   algorithm", SIGGRAPH 1987, in the plane), followed from cell to cell so that they become long curves. */
#include <math.h>
#include <string.h>

#include "core/tensor.h"
#include "plot/series.h"

enum { NODES_MOST = 1024, LEVELS_MOST = 64, LEVELS = 8, RIGHT = 0, UP = 1 };

/* The nodes are the middles of the cells and, so that lines reach the sides of the rectangle, places on these. An edge
   is 2 (node) + RIGHT or UP: from the node to the next one there. A square has the number of its lower left node. */
typedef struct grid {
    const tp_allocator *memory;
    int64_t across, down;
    double *values;
    unsigned char *used; /* of each edge: the line of this level through it was followed */
    size_t bytes;
    double x_low, x_step, x_high, y_low, y_step, y_high;
    double level;
    double *x, *y; /* NULL: points are counted alone */
    int64_t n;
} grid;

/* ---- nodes, edges, squares ---- */

static double place(int64_t node, int64_t nodes, double low, double step, double high)
{
    return node == 0 ? low : node == nodes - 1 ? high : low + ((double)node - .5) * step;
}

static bool crossed(const grid *g, int64_t edge)
{
    const double a = g->values[edge / 2], b = g->values[edge / 2 + (edge % 2 == UP ? g->across : 1)];
    return (a < g->level) != (b < g->level);
}

/* Whether there is such a square, with a number at each corner. */
static bool whole(const grid *g, int64_t column, int64_t row)
{
    if (column < 0 || row < 0 || column > g->across - 2 || row > g->down - 2) return false;
    const double *v = g->values + row * g->across + column;
    return plot_shown(v[0]) && plot_shown(v[1]) && plot_shown(v[g->across]) && plot_shown(v[g->across + 1]);
}

/* The square above or right of the edge, or the one on its other side; -1 where there is none. */
static int64_t square_at(const grid *g, int64_t edge, bool other)
{
    int64_t column = edge / 2 % g->across, row = edge / 2 / g->across;
    if (other && edge % 2 == UP) column--;
    if (other && edge % 2 == RIGHT) row--;
    return whole(g, column, row) ? row * g->across + column : -1;
}

/* Where the line that enters the square through `edge` leaves it. In a saddle, where all four edges are crossed, the
   mean of the corners says which two of them belong together. */
static int64_t way_out(const grid *g, int64_t square, int64_t edge)
{
    const int64_t edges[] = {2 * square + RIGHT, 2 * (square + 1) + UP, 2 * (square + g->across) + RIGHT,
                             2 * square + UP}; /* round the square */
    int at = 0, count = 0, last = 0;
    for (int i = 0; i < 4; i++) {
        if (edges[i] == edge) at = i;
        count += crossed(g, edges[i]);
    }
    for (int i = 0; i < 4; i++)
        if (i != at && crossed(g, edges[i])) last = i;
    if (count < 4) return edges[last];
    const double *v = g->values + square;
    const double mean = v[0] / 4 + v[1] / 4 + v[g->across] / 4 + v[g->across + 1] / 4;
    const bool with_first = (mean < g->level) == (v[0] < g->level);
    return edges[with_first ? at ^ 1 : 3 - at];
}

/* ---- lines ---- */

static void put(grid *g, double x, double y)
{
    if (g->x) g->x[g->n] = x, g->y[g->n] = y;
    g->n++;
}

static void put_crossing(grid *g, int64_t edge)
{
    const bool up = edge % 2 == UP;
    const int64_t node = edge / 2, column = node % g->across, row = node / g->across;
    const double a = g->values[node], b = g->values[node + (up ? g->across : 1)];
    const double part = (g->level - a) / (b - a);
    const double x = place(column, g->across, g->x_low, g->x_step, g->x_high),
                 y = place(row, g->down, g->y_low, g->y_step, g->y_high);
    if (up)
        put(g, x, y + part * (place(row + 1, g->down, g->y_low, g->y_step, g->y_high) - y));
    else
        put(g, x + part * (place(column + 1, g->across, g->x_low, g->x_step, g->x_high) - x), y);
}

/* From an edge into the square, to where the line ends or is closed. */
static void follow(grid *g, int64_t edge, int64_t square)
{
    g->used[edge] = 1;
    put_crossing(g, edge);
    while (square >= 0) {
        edge = way_out(g, square, edge);
        put_crossing(g, edge);
        if (g->used[edge]) break;
        g->used[edge] = 1;
        const int64_t ahead = square_at(g, edge, false);
        square = ahead == square ? square_at(g, edge, true) : ahead;
    }
    put(g, (double)NAN, (double)NAN);
}

/* All lines of the level: those that begin at a side first, then the closed ones. */
static void trace(grid *g, double level)
{
    const int64_t edges = 2 * g->across * g->down;
    g->level = level;
    memset(g->used, 0, (size_t)edges);
    for (int closed = 0; closed < 2; closed++)
        for (int64_t edge = 0; edge < edges; edge++) {
            if (g->used[edge]) continue;
            const int64_t one = square_at(g, edge, false), other = square_at(g, edge, true);
            if ((one < 0 && other < 0) || (!closed && one >= 0 && other >= 0) || !crossed(g, edge)) continue;
            follow(g, edge, one >= 0 ? one : other);
        }
}

/* ---- the call ---- */

/* Where the numbers come from. */
typedef struct source {
    const double *values;
    const tp_tensor *tensor;
    int64_t rows, columns;
} source;

/* The values at both sides of n, `step` apart and after one place: half a cell further along the line through the last
   two. */
static void continue_to_sides(double *line, int64_t n, int64_t step)
{
    const double *first = line + step, *last = line + n * step;
    line[0] = n > 1 ? first[0] + (first[0] - first[step]) / 2 : first[0];
    line[(n + 1) * step] = n > 1 ? last[0] + (last[0] - last[-step]) / 2 : last[0];
}

static bool grid_begin(grid *g, const tp_allocator *memory, const source *s, const tp_plot_contour_options *o)
{
    *g = (grid){.memory = memory,
                .across = s->columns + 2,
                .down = s->rows + 2,
                .x_low = o->x_low,
                .x_high = o->x_high,
                .x_step = o->x_high / (double)s->columns - o->x_low / (double)s->columns,
                .y_low = o->y_low,
                .y_high = o->y_high,
                .y_step = o->y_high / (double)s->rows - o->y_low / (double)s->rows};
    const size_t nodes = (size_t)(g->across * g->down);
    g->bytes = nodes * (sizeof *g->values + 2);
    g->values = tp_allocate(memory, g->bytes);
    if (!g->values) return false;
    g->used = (unsigned char *)(g->values + nodes);
    for (int64_t r = 0; r < s->rows; r++)
        for (int64_t c = 0; c < s->columns; c++) {
            const int64_t i = r * s->columns + c;
            g->values[(r + 1) * g->across + c + 1] = s->values ? s->values[i] : tp_tensor_item(s->tensor, i);
        }
    for (int64_t r = 1; r <= s->rows; r++) continue_to_sides(g->values + r * g->across, s->columns, 1);
    for (int64_t c = 0; c < g->across; c++) continue_to_sides(g->values + c, s->rows, g->across);
    return true;
}

/* Round numbers between the least and the greatest value; returns how many. */
static int round_levels(const grid *g, double *levels)
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    int factor, exponent, n = 0;
    for (int64_t r = 1; r < g->down - 1; r++) plot_extend(&low, &high, g->values + r * g->across + 1, g->across - 2);
    if (!(low < high)) return 0;
    axis_nice_step(high - low, LEVELS, &factor, &exponent);
    const double step = factor * pow(10, exponent);
    for (int i = 0; i < LEVELS_MOST; i++) {
        const double level = (ceil(low / step) + i) * step;
        if (level > low && level < high) levels[n++] = level;
    }
    return n;
}

static tp_status check(tp_plot *plot, const char *name, const source *s, tp_plot_contour_options *o)
{
    if (s->rows < 0 || s->columns < 0 || s->rows > NODES_MOST || s->columns > NODES_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "rows and columns are %lld and %lld, not 0 to %d", (long long)s->rows,
                         (long long)s->columns, NODES_MOST);
    if (!s->values && !s->tensor && s->rows > 0 && s->columns > 0)
        return plot_fail(plot, name, TP_E_ARGUMENT, "values is NULL");
    if (o->count < 0 || o->count > LEVELS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "count is %d, not 0 to %d", o->count, LEVELS_MOST);
    if (o->count > 0 && !o->levels) return plot_fail(plot, name, TP_E_ARGUMENT, "levels is NULL");
    if (!plot_side_fits(&o->x_low, &o->x_high, (double)s->columns) ||
        !plot_side_fits(&o->y_low, &o->y_high, (double)s->rows))
        return plot_fail(plot, name, TP_E_ARGUMENT, "x %g to %g, y %g to %g is no rectangle", o->x_low, o->x_high,
                         o->y_low, o->y_high);
    return TP_OK;
}

/* Traces all levels twice: the first time to know how much room the points need. */
static void add_lines(tp_plot *plot, const char *name, item *it, grid *g, const double *levels, int count)
{
    for (int pass = 0; pass < 2; pass++) {
        g->n = 0;
        for (int i = 0; i < count; i++)
            if (plot_shown(levels[i])) trace(g, levels[i]);
        if (pass == 1 || g->n == 0) break;
        g->x = plot_keep(plot, name, 2 * (size_t)g->n * sizeof *g->x);
        if (!g->x) return;
        g->y = g->x + g->n;
    }
    it->x = g->x;
    it->y = g->y;
    it->n = g->n;
}

static tp_status add_contour(tp_plot *plot, const char *name, const source *s, const tp_plot_contour_options *options,
                             const tp_plot_style *style)
{
    tp_plot_contour_options o = options ? *options : (tp_plot_contour_options){0};
    tp_plot_style line = style ? *style : (tp_plot_style){0};
    double round[LEVELS_MOST];
    grid g;
    if (check(plot, name, s, &o) != TP_OK) return plot->status;
    if (line.colour == 0) line.colour = TP_PLOT_GREY;
    if (line.width == 0) line.width = 1;
    item *it = plot_item(plot, name, &plot_contour_kind, &line, false);
    if (!it) return plot->status;
    it->x_low = o.x_low, it->x_high = o.x_high;
    it->y_low = o.y_low, it->y_high = o.y_high;
    if (s->rows > 0 && s->columns > 0) {
        if (!grid_begin(&g, &plot->memory, s, &o))
            return plot_fail(plot, name, TP_E_MEMORY, "out of memory for %lld x %lld numbers", (long long)s->rows,
                             (long long)s->columns);
        const int n = o.count > 0 ? o.count : round_levels(&g, round);
        add_lines(plot, name, it, &g, o.count > 0 ? o.levels : round, n);
        tp_deallocate(&plot->memory, g.values, g.bytes);
    }
    return plot_add(plot, it);
}

tp_status tp_plot_contour(tp_plot *plot, const double *values, int64_t rows, int64_t columns,
                          const tp_plot_contour_options *options, const tp_plot_style *style)
{
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    return add_contour(plot, "tp_plot_contour", &(source){values, NULL, rows, columns}, options, style);
}

tp_status tp_plot_contour_tensor(tp_plot *plot, const tp_tensor *values, const tp_plot_contour_options *options,
                                 const tp_plot_style *style)
{
    static const char name[] = "tp_plot_contour_tensor";
    char text[TP_SHAPE_TEXT];
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (!values) return plot_fail(plot, name, TP_E_ARGUMENT, "values is NULL");
    if (values->rank != 2)
        return plot_fail(plot, name, TP_E_SHAPE, "values is %s, not (rows,columns)", tp_tensor_text(text, values));
    return add_contour(plot, name, &(source){NULL, values, values->dims[0], values->dims[1]}, options, style);
}
