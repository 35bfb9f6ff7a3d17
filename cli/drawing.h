/* The circuit as a picture: by the library's own layout, and in Graphviz's language. */
#ifndef TAPIR_CLI_DRAWING_H
#define TAPIR_CLI_DRAWING_H

#include "cli/explain.h"
#include "cli/labels.h"

/* Writes what --svg and --dot ask for, to files or, for "-", to `out`. TP_OK, or what is wrong in `error`. */
tp_status cli_draw(cli_circuit *c, const cli_labels *labels, const cli_options *options, FILE *out, tp_error *error);

#endif
