/* `tapir explain`: an expression and its variables' values, worked out step by step. */
#ifndef TAPIR_CLI_EXPLAIN_H
#define TAPIR_CLI_EXPLAIN_H

#include <stdio.h>

#include <tapir/base.h>

enum { CLI_GOOD = 0, CLI_BAD = 1, CLI_TROUBLE = 2 }; /* exit statuses */

typedef enum cli_latex { CLI_NO_LATEX, CLI_LATEX_PART, CLI_LATEX_DOCUMENT } cli_latex;

typedef struct cli_options {
    const char *expression;
    size_t length;
    const char *const *assignments; /* "x=-2" */
    int assignment_count;
    int digits;
    cli_latex latex;
    const char *svg, *dot; /* files, "-" for the output; or NULL */
    bool json, no_check, quiet, colours;
    size_t width; /* of the terminal; 0: any */
} cli_options;

/* Prints the explanation on `out` and what is wrong on `complaints`; returns the exit status. */
int cli_explain(const cli_options *options, const tp_allocator *memory, FILE *out, FILE *complaints);

#endif
