/* The gradient against central differences of the tape replayed beside the point. */
#ifndef TAPIR_CLI_CHECK_H
#define TAPIR_CLI_CHECK_H

#include "cli/circuit.h"

typedef enum cli_verdict {
    CLI_AGREES,
    CLI_DIFFERS,
    CLI_NOISY,   /* the difference is too rough to tell */
    CLI_CORNER,  /* slopes to the left and right differ; the gradient is one of those between */
    CLI_OUTSIDE, /* ... or it is not: the rules at corners do not add up to one */
    CLI_JUMP,    /* the function has a jump here */
    CLI_NO_VALUE /* value, gradient or difference is not finite */
} cli_verdict;

typedef struct cli_checked {
    cli_verdict verdict;
    double difference, uncertain; /* and how far it may be off */
    double left, right;           /* slopes, at a corner; values, at a jump */
    int gate;                     /* the first one that has the corner or jump; -1: none */
} cli_checked;

/* Checks the variable at this node. TP_E_MEMORY and the tape's errors are passed on. */
tp_status cli_check(cli_circuit *c, int variable, cli_checked *checked);

#endif
