/* What docs/ops.md says of a row: its own text made readable, and its values and slopes at the edges, computed. */
#include <math.h>
#include <string.h>

#include "tools/ops_doc.h"

static void write_number(FILE *out, double x)
{
    if (isnan(x))
        fputs(" NaN |", out);
    else if (isinf(x))
        fputs(x > 0 ? " Inf |" : " -Inf |", out);
    else
        fprintf(out, " %.4g |", x);
}

/* Value and slopes of a row at one point. */
typedef struct point {
    double x[3], y, slope[3];
} point;

static void evaluate(tp_tape *tape, const tp_op *op, point *at)
{
    tp_tape_reset(tape);
    tp_var x[3], slope[3];
    for (int i = 0; i < 3; i++) x[i] = tp_scalar(tape, at->x[i]);
    const tp_var y = tp_elementwise(op, x, op->row->number);
    at->y = tp_item(y);
    if (tp_gradients(y, x, 3, slope, 0) != TP_OK)
        for (int i = 0; i < 3; i++) slope[i] = tp_none();
    for (int i = 0; i < 3; i++) at->slope[i] = tp_item(slope[i]);
}

#define INF HUGE_VAL
#define NOT_A_NUMBER ((double)NAN)
enum { MOST_POINTS = 16 };
/* Where rows of one, two and three operands are evaluated. */
static const struct {
    int n;
    double at[MOST_POINTS][3];
} points[] = {
    {8, {{-INF}, {-1}, {-0.0}, {0}, {1}, {2}, {INF}, {NOT_A_NUMBER}}},
    {13,
     {{0, 0},
      {1, 1},
      {1, 0},
      {0, 1},
      {-1, 2},
      {-1, 0.5},
      {0, -1},
      {INF, INF},
      {INF, 0},
      {0, INF},
      {-INF, 1},
      {NOT_A_NUMBER, 1},
      {1, NOT_A_NUMBER}}},
    {11,
     {{0, 0, 1},
      {1, 2, 3},
      {-1, 0, 1},
      {2, 0, 1},
      {0, NOT_A_NUMBER, 1},
      {1, NOT_A_NUMBER, 1},
      {1, 1, 0},
      {1, 1, 1},
      {0, INF, 1},
      {INF, 0, 1},
      {NOT_A_NUMBER, 0, 1}}},
};

static void write_line(FILE *out, const char *head, const point *at, int n, size_t field)
{
    fprintf(out, "| %s |", head);
    for (int i = 0; i < n; i++) write_number(out, *(const double *)(const void *)((const char *)&at[i] + field));
    fputc('\n', out);
}

static void write_edges(FILE *out, const tp_op *op)
{
    static const char *const names[] = {"x", "b", "c"}, *const slopes[] = {"dy/dx", "dy/db", "dy/dc"};
    const tp_row *row = op->row;
    const int operands = op->arity, n = points[operands - 1].n;
    point at[MOST_POINTS];
    for (int i = 0; i < n; i++) memcpy(at[i].x, points[operands - 1].at[i], sizeof at[i].x);
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < n && tape; i++) evaluate(tape, op, &at[i]);
    tp_tape_free(tape);
    if (row->kind == TP_ROW_NUMBER) fprintf(out, "At the edges, for c = %g:\n\n", row->number[0]);
    if (row->kind == TP_ROW_NUMBERS) {
        fprintf(out, "At the edges, for b = %g, c = %g", row->number[0], row->number[1]);
        if (row->numbers_count > 2) fprintf(out, ", d = %g", row->number[2]);
        fputs(":\n\n", out);
    }
    for (int k = 0; k < operands; k++) {
        write_line(out, names[k], at, n, offsetof(point, x) + (size_t)k * sizeof(double));
        if (k) continue;
        fputs("|-|", out);
        for (int i = 0; i < n; i++) fputs("-:|", out);
        fputc('\n', out);
    }
    write_line(out, "y", at, n, offsetof(point, y));
    for (int k = 0; k < operands && !(op->flags & TP_NO_GRADIENT); k++)
        write_line(out, slopes[k], at, n, offsetof(point, slope) + (size_t)k * sizeof(double));
}

void row_write(FILE *out, const tp_op *op)
{
    static const char *const shapes[] = {"`x`: any, and so `y`", "`x` and `b` broadcast", "`x`, `b` and `c` broadcast"};
    static const char *const slopes[] = {"`dx = ", ", `db = ", ", `dc = "};
    const tp_row *row = op->row;
    const bool number = row->kind == TP_ROW_NUMBER;
    fputs("- Value: `y = ", out);
    formula_write(out, row->formula, number);
    fputs("`\n- Derivative: ", out);
    if (op->flags & TP_NO_GRADIENT) {
        fputs("none; no gradient flows back\n", out);
    } else {
        for (int i = 0; i < op->arity; i++) {
            fputs(slopes[i], out);
            formula_write(out, row->slope[i], number);
            fputc('`', out);
        }
        fputc('\n', out);
    }
    fprintf(out, "- Shapes: %s\n", shapes[op->arity - 1]);
    if (row->kind == TP_ROW_COMPARE)
        fputs("- Element types: any; the result is u8\n\n", out);
    else
        fprintf(out, "- Element types: f32, f64%s\n\n", row->mask ? "; `x` any" : "");
    write_edges(out, op);
    fputc('\n', out);
}
