/* The functions that an expression may call: each is one of the library's elementwise ops, with its slopes written as
   formulas in the language that the program reads. */
#ifndef TAPIR_CLI_FUNCTIONS_H
#define TAPIR_CLI_FUNCTIONS_H

#include <tapir/tape.h>

#include "cli/text.h"

enum { CLI_OPERANDS = 3 };

/* A formula names the operands x, b, c and the result y. */
typedef struct cli_function {
    const char *name; /* of the op */
    int operands;     /* with the plain numbers, which come last */
    int numbers;
    const char *slope[CLI_OPERANDS]; /* by each operand; NULL: none flows back */
    const char *branch;              /* changes where the function has a corner or a jump; NULL: it has none */
    const char *note;                /* what is done there */
    const char *latex;               /* "#x" is the first operand; NULL: the name in upright letters */
    /* how it is recorded: one of these */
    tp_var (*one)(tp_var);
    tp_var (*two)(tp_var, tp_var);
    tp_var (*three)(tp_var, tp_var, tp_var);
    tp_var (*number)(tp_var, double);
    tp_var (*two_numbers)(tp_var, double, double);
} cli_function;

/* Those that are written as operators, by their place in the table. */
enum { CLI_ADD, CLI_SUB, CLI_MUL, CLI_DIV, CLI_POW, CLI_NEG };

int cli_function_count(void);
const cli_function *cli_function_at(int i);
/* What it is called where it is shown: max, not maximum. */
const char *cli_function_word(int i);
/* By a name of n bytes, or another word for it (max, ln); -1 when there is none. */
int cli_function_named(const char *name, size_t n);
/* The words that stand for functions of another name, one after the other: NULL at the end. */
const char *cli_alias_at(int i, const char **function);
/* The word that is nearest to an unknown one; NULL when none is near. */
const char *cli_nearest(const char *name, size_t n);

/* pi, e, inf, nan. */
bool cli_constant(const char *name, size_t n, const char **word, double *value);

/* Records a call. numbers[i] is the operand as a plain number, where is_number[i]; else x[i] is its handle. */
tp_var cli_apply(tp_tape *tape, int function, const tp_var *x, const bool *is_number, const double *numbers);

#endif
