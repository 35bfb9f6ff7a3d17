/* Backpropagation as one writes it down by hand: the gates of a circuit with their values, then, from the last gate
   back, each gradient as the sum of upstream x local over the gates that read it. All numbers are read from the tape.

     gates c = gates_on(tape);
     const tp_var x = gates_input(&c, "x", -2), y = gates_input(&c, "y", 5);
     const tp_var f = GATE(&c, "f", "x y", tp_mul(x, y), x, y);
     if (gates_backward(&c)) gates_print(&c); */
#ifndef LIB_GATES_H
#define LIB_GATES_H

#include "lib_course.h"

enum { MOST_GATES = 40, MOST_OPERANDS = 3 };

typedef struct gate {
    const char *name, *expression; /* NULL of an input */
    tp_var output, operands[MOST_OPERANDS];
    int count;
    double value, gradient, locals[MOST_OPERANDS]; /* what gates_backward reads */
} gate;

/* A circuit of scalars while it is recorded, in the order of the forward pass; the last gate is its result. */
typedef struct gates {
    tp_tape *tape;
    int count;
    gate gates[MOST_GATES];
} gates;

/* An empty circuit. */
gates gates_on(tp_tape *tape);

/* An input, under a name that the tape keeps too. */
tp_var gates_input(gates *c, const char *name, double value);

/* Notes `output` as the gate `name`, made by `expression` from the operands: at most three inputs or gates, none of
   which depends on another. Returns it. */
tp_var gates_add(gates *c, const char *name, const char *expression, tp_var output, const tp_var *operands, int count);
#define GATE(c, name, expression, output, ...)                                                                         \
    gates_add(c, name, expression, output, (const tp_var[]){__VA_ARGS__},                                              \
              (int)(sizeof((tp_var[]){__VA_ARGS__}) / sizeof(tp_var)))

/* Walks back from the last gate, whose own gradient is 1, and reads all values and gradients; the tape holds those of
   this walk afterwards, for a drawing. False, with the reason on stderr, after an error. */
bool gates_backward(gates *c);
/* The same from another upstream gradient than 1. */
bool gates_backward_from(gates *c, double upstream);

/* The forward table and the backward table. */
void gates_print(const gates *c);

/* Draws the circuit as folder/name, with what gates_backward left on the tape; title may be NULL. Silent when all is
   well; else a message and false. */
bool gates_draw(const gates *c, const char *folder, const char *name, const char *title);

#endif
