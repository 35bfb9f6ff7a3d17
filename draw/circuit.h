/* What stands in the gates of a circuit. */
#ifndef TAPIR_DRAW_CIRCUIT_H
#define TAPIR_DRAW_CIRCUIT_H

#include "autograd/tape.h"
#include "draw/diagram.h"

#define LABEL_TEXT 512

/* The symbol of node i's op, with its plain numbers: "+", "+ 1", "exp", "x²". */
void gate_label(const tp_tape *tape, uint32_t i, char text[LABEL_TEXT]);

/* Checks what drawings of a tape are given. */
tp_status draw_check(const char *function, tp_var root, const tp_draw_options *o, tp_error *error);

#endif
