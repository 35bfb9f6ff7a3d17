/* The derivation for LaTeX (with amsmath): the gates forward, then the chain rule backward. */
#ifndef TAPIR_CLI_LATEX_H
#define TAPIR_CLI_LATEX_H

#include "cli/labels.h"

/* A part to be put into a text, or with `document` one that stands alone. False when memory is short. */
bool cli_print_latex(const cli_labels *labels, int digits, bool document, FILE *out);

#endif
