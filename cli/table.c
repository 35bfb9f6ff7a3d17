#include "cli/table.h"

#include <string.h>

enum { BLOCK = 512, LEAST = 8 }; /* rows that wait; columns that a cell keeps when it is cut */

cli_colours cli_colours_for(bool on)
{
    if (!on) return (cli_colours){"", "", "", "", "", ""};
    return (cli_colours){"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[1;31m", "\033[0m"};
}

void cli_table_begin(cli_table *t, const tp_allocator *memory, FILE *out, cli_colours colours, size_t width,
                     const cli_column *columns, int count)
{
    *t = (cli_table){.out = out, .colours = colours, .width = width, .columns = columns, .count = count};
    t->text.memory = memory;
    for (int i = 0; i < count; i++) t->widths[i] = strlen(columns[i].head);
}

/* Widths that fit the terminal: the widest of those that give way is cut again and again. */
static void fit(const cli_table *t, size_t *widths)
{
    size_t total = 0;
    for (int i = 0; i < t->count; i++) total += (widths[i] = t->widths[i]) + 2;
    while (t->width > 0 && total > t->width) {
        int widest = -1;
        for (int i = 0; i < t->count; i++)
            if (t->columns[i].gives_way && widths[i] > LEAST && (widest < 0 || widths[i] > widths[widest])) widest = i;
        if (widest < 0) return;
        widths[widest]--, total--;
    }
}

static void print_blanks(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* Where the end begins that is worth keeping: the last " = ..."; `length` where there is none, or no room for it. */
static size_t end_of(const char *at, size_t length, size_t width)
{
    for (size_t i = length; i-- > 3;)
        if (memcmp(at + i - 3, " = ", 3) == 0)
            return cli_width(at + i - 3, length - i + 3) + LEAST < width ? i - 3 : length;
    return length;
}

/* `width` columns of a text: where it is longer, its beginning, "..." and what it is equal to. Returns the columns
   printed. */
static size_t print_cut(FILE *out, const char *at, size_t length, size_t width)
{
    const size_t all = cli_width(at, length);
    if (all <= width) {
        fwrite(at, 1, length, out);
        return all;
    }
    const size_t end = end_of(at, length, width), rest = cli_width(at + end, length - end);
    size_t done = 0, i = 0, bytes;
    while (i < end) {
        const size_t next = (size_t)cli_columns(cli_decode(at + i, length - i, &bytes));
        if (done + next + 3 + rest > width) break;
        fwrite(at + i, 1, bytes, out);
        i += bytes, done += next;
    }
    fputs("...", out);
    fwrite(at + end, 1, length - end, out);
    return done + 3 + rest;
}

static void print_cell(const cli_table *t, int column, size_t width, const char *at, size_t length, const char *colour)
{
    const size_t own = cli_width(at, length);
    const bool last = column + 1 == t->count;
    print_blanks(t->out, 2 + (t->columns[column].right && own < width ? width - own : 0));
    fputs(length > 0 ? colour : "", t->out);
    const size_t done = print_cut(t->out, at, length, width);
    fputs(length > 0 && *colour ? t->colours.off : "", t->out);
    if (!t->columns[column].right && !last && done < width) print_blanks(t->out, width - done);
}

/* Cells that are empty to the end of the row leave no blanks behind. */
static int last_filled(const cli_table *t, size_t row)
{
    int last = -1;
    for (int i = 0; i < t->count; i++) {
        const size_t cell = row * (size_t)t->count + (size_t)i;
        if (t->ends[cell] > (cell ? t->ends[cell - 1] : 0)) last = i;
    }
    return last;
}

static void print_block(cli_table *t)
{
    size_t widths[CLI_COLUMNS];
    fit(t, widths);
    if (!t->headed) {
        for (int i = 0; i < t->count; i++)
            print_cell(t, i, widths[i], t->columns[i].head, strlen(t->columns[i].head), t->colours.faint);
        fputc('\n', t->out);
        t->headed = true;
    }
    for (size_t row = 0; row < t->cells / (size_t)t->count; row++) {
        const int last = last_filled(t, row);
        for (int i = 0; i <= last; i++) {
            const size_t cell = row * (size_t)t->count + (size_t)i;
            const size_t from = cell ? t->ends[cell - 1] : 0;
            const char *const colour = t->columns[i].colour ? t->columns[i].colour : "";
            print_cell(t, i, i == last && !t->columns[i].right && t->width == 0 ? SIZE_MAX : widths[i],
                       cli_string(&t->text) + from, t->ends[cell] - from, colour);
        }
        fputc('\n', t->out);
    }
    t->cells = 0;
    cli_clear(&t->text);
}

void cli_table_cell(cli_table *t)
{
    if (!cli_reserve(t->text.memory, &t->ends, &t->room, t->cells + 1, sizeof *t->ends)) t->text.failed = true;
    if (t->text.failed) return;
    const size_t from = t->cells ? t->ends[t->cells - 1] : 0;
    const int column = (int)(t->cells % (size_t)t->count);
    const size_t width = cli_width(cli_string(&t->text) + from, t->text.length - from);
    if (width > t->widths[column]) t->widths[column] = width;
    t->ends[t->cells++] = t->text.length;
    if (t->cells == BLOCK * (size_t)t->count) print_block(t);
}

bool cli_table_end(cli_table *t)
{
    const bool good = !t->text.failed;
    if (good && (t->cells > 0 || !t->headed)) print_block(t);
    cli_release(t->text.memory, t->ends, t->room, sizeof *t->ends);
    cli_text_free(&t->text);
    return good;
}
