/* CSV: text into cells, and names for the columns. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/csv.h"
#include "io/json.h"
#include "io/order.h"

#define MOST_COLUMNS 100000
#define NUMBER_NAME 12

/* ---- text into cells ---- */

static tp_status wrong(const tp_csv_reader *r, uint32_t line, uint32_t column, const char *what)
{
    return tp_fail(r->error, TP_E_FORMAT, "line %" PRIu32 ", column %" PRIu32 ": %s: %s", line, column, what, r->name);
}

static bool line_end(const tp_csv_reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void pass_line_end(tp_csv_reader *r)
{
    if (r->at == r->end) return;
    if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n') r->at++;
    r->at++;
    r->line++;
}

/* A cell in quotes: decoded over itself. */
static tp_status read_quoted(tp_csv_reader *r, char **cell_end)
{
    const uint32_t line = r->line;
    char *to = r->at++;
    for (;;) {
        if (r->at == r->end) return wrong(r, line, r->column, "the quote that begins here is not closed");
        if (*r->at == r->quote) {
            if (r->at + 1 == r->end || r->at[1] != r->quote) break;
            r->at++;
        } else if (*r->at == '\n' || (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] != '\n'))) {
            r->line++;
        } else if (!*r->at) {
            return wrong(r, r->line, r->column, "a NUL");
        }
        *to++ = *r->at++;
    }
    r->at++;
    *cell_end = to;
    if (!line_end(r) && *r->at != r->delimiter)
        return wrong(r, r->line, r->column, "something follows the closing quote");
    return TP_OK;
}

static tp_status read_plain(tp_csv_reader *r, char **cell_end)
{
    while (!line_end(r) && *r->at != r->delimiter) {
        if (!*r->at) return wrong(r, r->line, r->column, "a NUL");
        r->at++;
    }
    *cell_end = r->at;
    return TP_OK;
}

static tp_status add_cell(tp_csv_reader *r, const char *text)
{
    tp_csv *csv = r->csv;
    if (csv->cell_count >= UINT32_MAX / 2)
        return tp_fail(r->error, TP_E_LIMIT, "line %" PRIu32 ": more than 2^31 cells: %s", r->line, r->name);
    if (!tp_grow(&csv->memory, (void **)&csv->cells, &csv->cell_room, csv->cell_count + 1, sizeof *csv->cells))
        return tp_fail(r->error, TP_E_MEMORY, "out of memory for the cells: %s", r->name);
    csv->cells[csv->cell_count++].text = text;
    return TP_OK;
}

/* The cells of a line, *n of them, up to its end. A terminating NUL is put where the delimiter stood. */
static tp_status read_line(tp_csv_reader *r, uint32_t *n)
{
    for (*n = 0;;) {
        char *start = r->at, *end = r->at;
        r->column = *n + 1;
        tp_status status = !line_end(r) && *r->at == r->quote ? read_quoted(r, &end) : read_plain(r, &end);
        if (status == TP_OK) status = add_cell(r, start);
        if (status != TP_OK) return status;
        const bool last = line_end(r);
        ++*n;
        if (last)
            pass_line_end(r);
        else
            r->at++;
        *end = 0;
        if (last) return TP_OK;
    }
}

static tp_status add_row(tp_csv_reader *r, uint32_t line)
{
    tp_csv *csv = r->csv;
    if (!tp_grow(&csv->memory, (void **)&csv->lines, &csv->row_room, csv->row_count + 1, sizeof *csv->lines))
        return tp_fail(r->error, TP_E_MEMORY, "out of memory for the rows: %s", r->name);
    csv->lines[csv->row_count++] = line;
    return TP_OK;
}

static tp_status read_rows(tp_csv_reader *r)
{
    static const char mark[] = "\xef\xbb\xbf";
    tp_csv *csv = r->csv;
    if (r->end - r->at >= 3 && memcmp(r->at, mark, 3) == 0) r->at += 3;
    for (size_t i = 0; i < r->options->skip && r->at < r->end; i++) {
        while (!line_end(r)) r->at++;
        pass_line_end(r);
    }
    while (r->at < r->end) {
        const uint32_t line = r->line;
        uint32_t n;
        if (line_end(r)) {
            pass_line_end(r);
            continue;
        }
        tp_status status = read_line(r, &n);
        if (status == TP_OK && csv->row_count == 0) csv->width = n;
        if (status == TP_OK && n > MOST_COLUMNS)
            status = tp_fail(r->error, TP_E_LIMIT, "line %" PRIu32 ": %" PRIu32 " cells, more than %d: %s", line, n,
                             MOST_COLUMNS, r->name);
        if (status == TP_OK && n != csv->width)
            status =
                tp_fail(r->error, TP_E_FORMAT,
                        "line %" PRIu32 ", column %" PRIu32 ": %" PRIu32 " cells, the first line has %" PRIu32 ": %s",
                        line, n < csv->width ? n : csv->width + 1, n, csv->width, r->name);
        if (status == TP_OK) status = add_row(r, line);
        if (status != TP_OK) return status;
    }
    if (csv->row_count > 0) return TP_OK;
    return tp_fail(r->error, TP_E_FORMAT, "line %" PRIu32 ", column 1: there is no line: %s", r->line, r->name);
}

/* ---- names ---- */

static int by_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_column *columns = items;
    return strcmp(columns[a].name, columns[b].name);
}

static tp_status check_names(const tp_csv_reader *r)
{
    const tp_csv *csv = r->csv;
    const size_t bytes = csv->width * sizeof(uint32_t);
    uint32_t *order = tp_allocate(&csv->memory, bytes);
    tp_status status = TP_OK;
    if (!order || !tp_order(&csv->memory, order, csv->width, csv->columns, by_name))
        status = tp_fail(r->error, TP_E_MEMORY, "out of memory for the columns: %s", r->name);
    for (uint32_t i = 1; status == TP_OK && i < csv->width; i++) {
        char text[TP_NAME_TEXT];
        if (by_name(csv->columns, order[i - 1], order[i]) == 0)
            status =
                tp_fail(r->error, TP_E_FORMAT, "line %" PRIu32 ", column %" PRIu32 ": the name \"%s\" comes twice: %s",
                        csv->lines[0], order[i] + 1, tp_name_text(text, csv->columns[order[i]].name), r->name);
    }
    tp_deallocate(&csv->memory, order, bytes);
    return status;
}

/* Takes the names from the first row, which is then no longer a row, or makes them. */
static tp_status name_columns(const tp_csv_reader *r)
{
    tp_csv *csv = r->csv;
    csv->name_room = csv->width;
    csv->columns = tp_allocate_zeroed(&csv->memory, csv->width * sizeof *csv->columns);
    csv->name_bytes = r->options->no_header ? (size_t)csv->width * NUMBER_NAME : 0;
    if (csv->name_bytes) csv->names = tp_allocate(&csv->memory, csv->name_bytes);
    if (!csv->columns || (csv->name_bytes && !csv->names))
        return tp_fail(r->error, TP_E_MEMORY, "out of memory for the columns: %s", r->name);
    for (uint32_t i = 0; i < csv->width; i++) {
        csv->columns[i].name = csv->names ? csv->names + (size_t)i * NUMBER_NAME : (char *)csv->cells[i].text;
        if (csv->names) snprintf(csv->columns[i].name, NUMBER_NAME, "%" PRIu32, i);
    }
    if (csv->names) return TP_OK;
    const tp_status status = check_names(r);
    csv->cell_count -= csv->width;
    csv->row_count--;
    memmove(csv->cells, csv->cells + csv->width, csv->cell_count * sizeof *csv->cells);
    memmove(csv->lines, csv->lines + 1, csv->row_count * sizeof *csv->lines);
    return status;
}

tp_status tp_csv_read_cells(tp_csv_reader *r)
{
    const tp_status status = read_rows(r);
    return status == TP_OK ? name_columns(r) : status;
}
