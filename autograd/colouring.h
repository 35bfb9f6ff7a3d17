/* Colouring: which columns (or rows) of a sparse matrix share a direction, so that few directional derivatives give all
   of its entries.
   Source: A. H. Gebremedhin, F. Manne, A. Pothen, "What Color Is Your Jacobian? Graph Coloring for Computing
   Derivatives", SIAM Review 47 (2005). */
#ifndef TAPIR_AUTOGRAD_COLOURING_H
#define TAPIR_AUTOGRAD_COLOURING_H

#include "core/chunks.h"

/* A pattern in compressed rows. */
typedef struct tp_rows {
    int64_t rows, columns, entries;
    int64_t *start; /* rows + 1 */
    int32_t *column;
} tp_rows;

/* t = the transpose of r, in `memory`; false when out of memory. */
bool tp_rows_transpose(const tp_rows *r, tp_chunks *memory, tp_rows *t);
/* Its rows, the longest first; those of one length stay in order. NULL when out of memory. */
int32_t *tp_rows_longest_first(const tp_rows *r, tp_chunks *memory);

typedef struct tp_colours {
    int32_t *of; /* -1: none */
    int32_t count;
} tp_colours;

/* Which entries go forward, by columns, and which go back, by rows. The few longest rows go back while the columns are
   coloured without them, or the few longest columns go forward while the rows are, whichever makes fewer directions. */
typedef struct tp_partition {
    bool by_rows;                   /* `apart` marks rows that go back; else columns that go forward */
    uint8_t *apart;                 /* of each row, or of each column */
    tp_colours forwards, backwards; /* of columns, of rows */
} tp_partition;

/* Partial distance-2 colouring by that partition; t is the transpose. `kept` is for the result, `scratch` for the work.
   False when out of memory. */
bool tp_colour_partition(const tp_rows *r, const tp_rows *t, tp_chunks *kept, tp_chunks *scratch, tp_partition *p);

/* Star colouring of a symmetric pattern, whose diagonal counts as there: neighbours differ, and every path of four has
   three colours, so that of two mirrored entries one can be read off directly. */
bool tp_colour_star(const tp_rows *r, tp_chunks *kept, tp_chunks *scratch, tp_colours *colours);

#endif
