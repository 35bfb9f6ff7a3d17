/* Expressions as text, plain or for LaTeX, with the fewest parentheses. */
#ifndef TAPIR_CLI_RENDER_H
#define TAPIR_CLI_RENDER_H

#include "cli/expression.h"

/* What stands for a variable: its name, or a number. */
typedef struct cli_leaf {
    const char *text;
    bool sign; /* it begins with one, and wants parentheses in all but the first place */
} cli_leaf;

typedef struct cli_style {
    bool latex;
    int digits;
} cli_style;

/* Node `root` of e with leaves[name] for each variable, and for each part below it that has a name. Out of memory
   shows in `to`. */
void cli_render(cli_text *to, const cli_expression *e, int root, const cli_leaf *leaves, cli_style style);
/* A single call of a function with these for its operands. */
void cli_render_call(cli_text *to, int function, const cli_leaf *operands, cli_style style);

/* A number; in LaTeX 1e-5 is a product with a power of ten. */
void cli_render_number(cli_text *to, double x, cli_style style);
/* A name; in LaTeX w12 is w_{12}, alpha the letter, and a longer word stands upright. */
void cli_render_name(cli_text *to, const char *name, size_t length, cli_style style);

#endif
