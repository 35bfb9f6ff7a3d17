/* The table of make gradbench-run. */
#ifndef GRADBENCH_TABLE_H
#define GRADBENCH_TABLE_H

#include "bench/gradbench/gradbench.h"

/* A file's JSON; NULL after a message on stderr. */
json_t *gb_load(const char *file);
/* The lines above the columns. */
void gb_table_head(void);
/* Measures all functions of the eval on the input in `file` and prints a line of the table for each derivative: `name`
   is the workload's, as goals.def has it. An exit status. */
int gb_table(const char *eval, const char *name, const char *file, const gb_options *options);

#endif
