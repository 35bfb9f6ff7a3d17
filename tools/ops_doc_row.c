/* What docs/ops.md says of a row: its own text made readable, and its values and slopes at the edges, computed. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "tools/ops_doc.h"

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* M(exp)(x) -> exp(x), C(.5) -> 0.5, and b -> c where that is a plain number. */
static void write_formula(FILE *out, const char *text, bool number)
{
    bool wrapped = false; /* inside M( or C(, whose parenthesis is not written */
    for (const char *p = text; *p; p++) {
        const bool begins = p == text || !is_name(p[-1]);
        if (begins && (p[0] == 'M' || p[0] == 'C') && p[1] == '(') {
            p++;
            wrapped = true;
            if (strncmp(p + 1, "fabs)", 5) == 0) p++; /* abs */
        } else if (wrapped && *p == ')') {
            wrapped = false;
        } else if (begins && *p == '.' && isdigit((unsigned char)p[1])) {
            fputs("0.", out);
        } else if (begins && strncmp(p, "HUGE_VAL", 8) == 0) {
            fputs("Inf", out);
            p += 7;
        } else {
            fputc(number && begins && *p == 'b' && !is_name(p[1]) ? 'c' : *p, out);
        }
    }
}

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
    double x, b, y, slope[2];
} point;

static void evaluate(tp_tape *tape, const tp_op *op, point *at)
{
    tp_tape_reset(tape);
    const tp_var x[2] = {tp_scalar(tape, at->x), tp_scalar(tape, at->b)};
    const bool two = op->row->kind == TP_ROW_BINARY;
    const tp_var y = two ? tp_elementwise2(op, x[0], x[1]) : tp_elementwise1(op, x[0], op->row->number);
    tp_var slope[2];
    at->y = tp_item(y);
    if (tp_gradients(y, x, 2, slope, 0) != TP_OK) slope[0] = slope[1] = tp_none();
    for (int i = 0; i < 2; i++) at->slope[i] = tp_item(slope[i]);
}

static const point unary_points[] = {{.x = -HUGE_VAL}, {.x = -1}, {.x = -0.0},     {.x = 0},
                                     {.x = 1},         {.x = 2},  {.x = HUGE_VAL}, {.x = (double)NAN}};
static const point binary_points[] = {
    {.x = 0, .b = 0},          {.x = 1, .b = 1},        {.x = 1, .b = 0},         {.x = 0, .b = 1},
    {.x = -1, .b = 2},         {.x = -1, .b = 0.5},     {.x = 0, .b = -1},        {.x = HUGE_VAL, .b = HUGE_VAL},
    {.x = HUGE_VAL, .b = 0},   {.x = 0, .b = HUGE_VAL}, {.x = -HUGE_VAL, .b = 1}, {.x = (double)NAN, .b = 1},
    {.x = 1, .b = (double)NAN}};
enum { UNARY_POINTS = sizeof unary_points / sizeof *unary_points };
enum { BINARY_POINTS = sizeof binary_points / sizeof *binary_points };

static void write_line(FILE *out, const char *head, const point *at, int n, size_t field)
{
    fprintf(out, "| %s |", head);
    for (int i = 0; i < n; i++) write_number(out, *(const double *)(const void *)((const char *)&at[i] + field));
    fputc('\n', out);
}

static void write_edges(FILE *out, const tp_op *op)
{
    const tp_row *row = op->row;
    const bool two = row->kind == TP_ROW_BINARY;
    const int n = two ? BINARY_POINTS : UNARY_POINTS;
    point at[BINARY_POINTS];
    memcpy(at, two ? binary_points : unary_points, (size_t)n * sizeof *at);
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < n && tape; i++) evaluate(tape, op, &at[i]);
    tp_tape_free(tape);
    if (row->kind == TP_ROW_NUMBER) fprintf(out, "At the edges, for c = %g:\n\n", row->number);
    write_line(out, "x", at, n, offsetof(point, x));
    fputs("|-|", out);
    for (int i = 0; i < n; i++) fputs("-:|", out);
    fputc('\n', out);
    if (two) write_line(out, "b", at, n, offsetof(point, b));
    write_line(out, "y", at, n, offsetof(point, y));
    if (op->flags & TP_NO_GRADIENT) return;
    write_line(out, "dy/dx", at, n, offsetof(point, slope));
    if (two) write_line(out, "dy/db", at, n, offsetof(point, slope) + sizeof(double));
}

void row_write(FILE *out, const tp_op *op)
{
    const tp_row *row = op->row;
    const bool number = row->kind == TP_ROW_NUMBER, two = row->kind == TP_ROW_BINARY;
    fputs("- Value: `y = ", out);
    write_formula(out, row->formula, number);
    fputs("`\n- Derivative: ", out);
    if (op->flags & TP_NO_GRADIENT) {
        fputs("none; no gradient flows back\n", out);
    } else {
        for (int i = 0; i < (two ? 2 : 1); i++) {
            fprintf(out, i ? ", `db = " : "`dx = ");
            write_formula(out, row->slope[i], number);
            fputc('`', out);
        }
        fputc('\n', out);
    }
    fprintf(out, "- Shapes: %s\n", two ? "`x` and `b` broadcast" : "`x`: any, and so `y`");
    fputs("- Element types: f32, f64\n\n", out);
    write_edges(out, op);
    fputc('\n', out);
}
