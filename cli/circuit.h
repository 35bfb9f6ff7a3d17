/* An expression recorded on a tape: the values of its gates, their local gradients, and the walk back. Every number
   comes from the tape. */
#ifndef TAPIR_CLI_CIRCUIT_H
#define TAPIR_CLI_CIRCUIT_H

#include "cli/expression.h"

/* A node of the expression. */
typedef struct cli_gate {
    tp_var at; /* on the tape; of a number only where an op has it for an operand */
    double value;
    double gradient;            /* of the result by it: the upstream gradient of a gate */
    double local[CLI_OPERANDS]; /* of a call by each operand */
    bool used;                  /* the result depends on it */
    bool needs;                 /* and a variable is below it */
    int arrivals;               /* how many products come back to it: a fork has more than one */
    int first, last;            /* of them, in the order in which they come back; -1: none */
    tp_var branch;              /* of a function with corners, else tp_none */
} cli_gate;

/* A product of the chain rule, on its way from a gate to one of its operands. */
typedef struct cli_product {
    int gate, operand; /* which operand it is */
    double value;      /* upstream x local */
    int next;          /* that comes to the same node; -1: the last */
} cli_product;

typedef struct cli_circuit {
    const tp_allocator *memory;
    const cli_expression *e;
    tp_tape *tape;
    cli_gate *gates; /* one a node */
    cli_product *products;
    int product_count;
    size_t gate_room, product_room;
    cli_expression *branches; /* by function; read when first needed */
    char message[TP_ERROR_LENGTH];
} cli_circuit;

/* Records e with values[name] for the variables, and walks back. The status is not TP_OK when memory is short or an op
   refuses its operands: `message` says so. To be freed in any case. */
tp_status cli_circuit_make(cli_circuit *c, const cli_expression *e, const double *values);
void cli_circuit_free(cli_circuit *c);
/* The walk back from the result, once more: for drawings. */
tp_status cli_circuit_walk(cli_circuit *c);

/* Records an expression of its own: bound[name] stands for each variable, or numbers[name] where is_number. handles has
   room for one a node. What it comes to is the handle of the root. */
tp_var cli_record(tp_tape *tape, const cli_expression *e, const tp_var *bound, const bool *is_number,
                  const double *numbers, tp_var *handles);

/* Whether operand i of a call is a plain number. */
bool cli_is_number(const cli_expression *e, int node, int i);

/* Whether the name is a variable that the result depends on. A part that is another name of one is none. */
bool cli_is_variable(const cli_circuit *c, int name);

/* The first leaf that is a variable; -1: the expression is constant. */
int cli_first_variable(const cli_expression *e);
/* Computes a constant expression; the tape's status. */
tp_status cli_constant_value(const tp_allocator *memory, const cli_expression *e, double *value);

#endif
