/* What the parts of the generator of docs/ops.md share. Invariant: spans point into the text of a header, which lives
   as long as the program. */
#ifndef TAPIR_TOOLS_OPS_DOC_H
#define TAPIR_TOOLS_OPS_DOC_H

#include <stdio.h>

#include "ops/ops.h"

typedef struct span {
    const char *at;
    int n;
} span;

typedef enum item_kind { ITEM_HEADING, ITEM_NOTE, ITEM_TYPE, ITEM_FUNCTION } item_kind;

/* One declaration, heading or free comment of a header, in the order in which they stand there. */
typedef struct item {
    item_kind kind;
    span text;    /* as it is written, with a comment that follows on its line */
    span comment; /* what stands before the run of declarations; n is 0 where there is none */
    span name;    /* of a function, without tp_ */
} item;

enum { MAX_ITEMS = 512 };

typedef struct header {
    span title; /* the comment at its head */
    int n;
    item items[MAX_ITEMS];
} header;

/* Reads a public header. False (after a message to stderr) when it cannot. */
bool header_read(header *h, const char *path);

bool span_is(span s, const char *text);

/* Writes a row's text as mathematics, with its only plain number called c where `number`. False when it names a helper
   of which nothing is known. `out` may be NULL. */
bool formula_write(FILE *out, const char *from, bool number);

/* Writes what a row says: formula, derivative, shapes, and the table of its values and slopes at the edges. */
void row_write(FILE *out, const tp_op *op);

/* Writes the table of the edge cases. */
bool edges_write(FILE *out);

#endif
