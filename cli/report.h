/* The derivation as it is done by hand: forward, backward, gradient and check, in plain text. */
#ifndef TAPIR_CLI_REPORT_H
#define TAPIR_CLI_REPORT_H

#include "cli/check.h"
#include "cli/labels.h"
#include "cli/table.h"

typedef struct cli_report {
    const cli_circuit *c;
    const cli_labels *labels;
    FILE *out;
    cli_colours colours;
    size_t width; /* of the terminal; 0: any */
    int digits;
} cli_report;

/* All return false when memory is short. */
bool cli_report_forward(const cli_report *r);
bool cli_report_backward(const cli_report *r);
/* checked[name] for each variable that is used; NULL: it was not checked, and *why may say why. */
bool cli_report_gradient(const cli_report *r, const cli_checked *checked, const char *why);

/* Whether value, gradient and check are as they should be. */
bool cli_is_good(const cli_circuit *c, const cli_checked *checked);

#endif
