/* An expression read into a list of nodes, each after its operands: no recursion here or in what follows.

     expression  = { name '=' sum ';' } [ name '=' ] sum
     sum         = product { ('+' | '-') product }
     product     = sign { ('*' | '/') sign }
     sign        = { '+' | '-' } power
     power       = operand [ '^' sign ]               so -x^2 is -(x^2), and a^b^c is a^(b^c)
     operand     = number | name | name '(' sum { ',' sum } ')' | '(' sum ')'

   The minus sign, dot, cross and division sign of Unicode serve as well. */
#ifndef TAPIR_CLI_EXPRESSION_H
#define TAPIR_CLI_EXPRESSION_H

#include "cli/functions.h"

typedef enum cli_kind { CLI_NUMBER, CLI_VARIABLE, CLI_CALL } cli_kind;

typedef struct cli_node {
    cli_kind kind;
    int function;              /* of a call */
    int operand[CLI_OPERANDS]; /* their nodes */
    int name;                  /* of a variable, or that a definition gave to a call; else -1 */
    double number;
    const char *word; /* of a number that was written as one: pi; else NULL */
    size_t at;        /* where it stands in the source */
} cli_node;

typedef struct cli_name {
    const char *at; /* not ended by a NUL */
    size_t length;
    int node;         /* the variable's only leaf, or what the name was defined as; -1 while it was not met */
    bool known;       /* told of before the source was read */
    bool defined;     /* in the source */
    size_t first_use; /* where it stands there */
} cli_name;

/* What is wrong, and where: `length` bytes from `at` in the source. */
typedef struct cli_problem {
    size_t at, length;
    char message[240];
} cli_problem;

typedef struct cli_expression {
    const tp_allocator *memory;
    const char *source; /* kept by the caller, as names point there */
    size_t length;
    cli_node *nodes;
    int count, root;
    cli_name *names;
    int name_count;
    cli_problem problem;
    size_t node_room, name_room, bucket_room;
    int *buckets; /* name + 1, by hash */
} cli_expression;

/* A name that is known beforehand: name i of the expression. `number`: it stands for that number, which is put in. */
typedef struct cli_known {
    const char *name;
    size_t length;
    const double *number;
} cli_known;

/* TP_E_FORMAT with `problem` set when the source is no expression, TP_E_MEMORY; what was read has to be freed in any
   case. With `fold`, sums of numbers are worked out, and 1 x and x^1 become x: for formulas with numbers put in. */
tp_status cli_parse(cli_expression *e, const tp_allocator *memory, const char *source, size_t length,
                    const cli_known *known, int known_count, bool fold);
void cli_expression_free(cli_expression *e);

int cli_operand_count(const cli_node *node);

/* Whether the text is one name, such as may stand before '='. */
bool cli_is_name(const char *text, size_t length);

/* ---- for the parser: names and tokens ---- */

/* The name's number, or -1. */
int cli_find_name(const cli_expression *e, const char *at, size_t length);
/* A new one, which e does not have yet; -1 when memory is short. */
int cli_add_name(cli_expression *e, const char *at, size_t length);

typedef enum cli_token_kind { CLI_T_END, CLI_T_NUMBER, CLI_T_NAME, CLI_T_SIGN, CLI_T_BAD } cli_token_kind;

typedef struct cli_token {
    cli_token_kind kind;
    char sign; /* + - * / ^ ( ) , ; = */
    size_t at, length;
    double number;
} cli_token;

/* The token at or after *at, and moves *at past it. Of a bad one `problem` says what it is. False: memory is short. */
bool cli_lex(const tp_allocator *memory, const char *source, size_t length, size_t *at, cli_token *token,
             cli_problem *problem);

#endif
