/* Tables of text: columns as wide as what is in them, and no wider than the terminal. Long ones are printed in blocks,
   so that memory stays bounded. */
#ifndef TAPIR_CLI_TABLE_H
#define TAPIR_CLI_TABLE_H

#include "cli/text.h"

/* Escape sequences, all "" where the output is no terminal. */
typedef struct cli_colours {
    const char *bold, *faint, *value, *gradient, *alarm, *off;
} cli_colours;
cli_colours cli_colours_for(bool on);

enum { CLI_COLUMNS = 6 };

typedef struct cli_column {
    const char *head;
    bool right;         /* flush right */
    bool gives_way;     /* cut where the table is too wide */
    const char *colour; /* or NULL */
} cli_column;

typedef struct cli_table {
    FILE *out;
    cli_colours colours;
    size_t width; /* of the terminal; 0: any */
    const cli_column *columns;
    int count;
    cli_text text; /* of the cells that wait to be printed; what is put here belongs to the next */
    size_t *ends;  /* where each ends in it */
    size_t cells, room;
    size_t widths[CLI_COLUMNS];
    bool headed;
} cli_table;

void cli_table_begin(cli_table *t, const tp_allocator *memory, FILE *out, cli_colours colours, size_t width,
                     const cli_column *columns, int count);
/* The text put since the last one is a cell. */
void cli_table_cell(cli_table *t);
/* Prints what waits, and frees. False when memory was short. */
bool cli_table_end(cli_table *t);

#endif
