/* The inside of a table. Invariant: all text lies in one block, in which cells were decoded and terminated where they
   stand; a cell is its text while the columns' types are not known, then its number or code. */
#ifndef TAPIR_IO_CSV_INSIDE_H
#define TAPIR_IO_CSV_INSIDE_H

#include <tapir/io_csv.h>

#include "core/memory.h"

typedef union tp_cell {
    const char *text; /* NULL: missing */
    double number;
    int64_t code; /* -1: missing */
} tp_cell;

typedef struct tp_column {
    char *name; /* in the text, or in the table's `numbers` */
    bool text;
    int64_t missing;
    const char **values; /* of a text column, sorted; room for value_room */
    int64_t value_count;
    size_t value_room;
    uint32_t bad_row; /* of a text column: the first row that is no number, and what stood there */
    const char *bad;
} tp_column;

struct tp_csv {
    tp_allocator memory;
    char *text;
    size_t n;
    tp_cell *cells;  /* row by row */
    uint32_t *lines; /* of each row, from 1 */
    uint32_t cell_count, cell_room, row_count, row_room, width, name_room;
    tp_column *columns;
    char *names; /* "0", "1", ... where there is no header */
    size_t name_bytes;
};

typedef struct tp_csv_reader {
    tp_csv *csv;
    const tp_csv_options *options;
    char delimiter, quote;
    char *at, *end;
    uint32_t line, column; /* from 1 */
    const char *name;      /* of the file */
    tp_error *error;
} tp_csv_reader;

/* Reads lines into cells, which are all text then, takes the names from the first row, or makes them. */
tp_status tp_csv_read_cells(tp_csv_reader *reader);

static inline tp_cell *tp_csv_cell(const tp_csv *csv, uint32_t row, uint32_t i)
{
    return &csv->cells[(size_t)row * csv->width + i];
}

#endif
