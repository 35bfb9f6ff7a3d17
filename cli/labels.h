/* What the nodes of an expression are called: variables and definitions by their names, the result f, and the gates
   between g1, g2, ...: by other letters where the expression has these names itself. */
#ifndef TAPIR_CLI_LABELS_H
#define TAPIR_CLI_LABELS_H

#include "cli/circuit.h"
#include "cli/render.h"

typedef struct cli_labels {
    const cli_circuit *c;
    int *index; /* of a gate without a name, from 1 */
    size_t room;
    char gate[8], result[8];
} cli_labels;

bool cli_labels_make(cli_labels *labels, const cli_circuit *c);
void cli_labels_free(cli_labels *labels);
void cli_put_label(cli_text *to, const cli_labels *labels, int node, cli_style style);
/* The result's, also where the result is a variable or a number. */
void cli_put_result(cli_text *to, const cli_labels *labels, cli_style style);

/* A formula with the labels of a call's operands in it, and with their values. */
typedef struct cli_formula {
    cli_text symbols, numbers;
    bool loose; /* a sum, or begins with a sign: as a factor it needs parentheses */
} cli_formula;
/* The slope of a call by operand i. False when nothing flows back by it, or memory is short, which shows in the texts.
 */
bool cli_slope_formula(cli_formula *to, const cli_labels *labels, int node, int i, cli_style style);
/* The call itself, likewise. */
void cli_call_formula(cli_formula *to, const cli_labels *labels, int node, cli_style style);
void cli_formula_clear(cli_formula *formula);
void cli_formula_free(cli_formula *formula);

#endif
