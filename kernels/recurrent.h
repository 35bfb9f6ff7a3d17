/* Steps of recurrent networks, for one float type: a row of n units at a time. */
#ifndef TAPIR_KERNELS_RECURRENT_H
#define TAPIR_KERNELS_RECURRENT_H

#include <stdint.h>

/* The cells: how many gates each has, of n numbers a row. */
typedef enum tp_cell { TP_CELL_TANH = 0, TP_CELL_RELU, TP_CELL_LSTM, TP_CELL_GRU, TP_CELL_COUNT } tp_cell;

/* One step of a row, forward. */
typedef struct tp_cell_step {
    void *gates;      /* (gates, n): sums in, what the gates let through out */
    const void *sums; /* GRU: (3, n), what comes by the state: W_hh h + b_hh */
    void *kept;       /* LSTM: c after the step; GRU: the last n of `sums` */
    void *h, *c;      /* the state, in place; c of the LSTM alone */
    void *y;          /* the result: h after the step */
} tp_cell_step;

/* The same step back: from dh and dc behind the step to those before it, and to the gradients of the sums. */
typedef struct tp_cell_slope {
    const void *gates, *kept, *y;
    const void *before; /* LSTM: c before the step; GRU: h before it */
    const void *g;      /* upstream of y; NULL: none */
    void *dh;           /* in place: what comes back past the product with W_hh is still to be added */
    void *dc;           /* in place */
    void *dgates;       /* (gates, n): of the sums that came by x */
    void *dsums;        /* GRU: of those that came by the state */
} tp_cell_slope;

/* A single step of an LSTM whose sums are given, of n units: `kept` is (5, n), what the gates i, f, g, o let through
   and tanh of the new c. */
typedef struct tp_lstm_step_row {
    const void *sums, *c;  /* (4, n), (n) */
    void *kept, *h, *next; /* next: the new c */
} tp_lstm_step_row;

/* ... and back: to the gradients of sums and c, from those of h and of the new c. */
typedef struct tp_lstm_slope_row {
    const void *kept, *c, *dh, *dnext;
    void *dsums, *dc;
} tp_lstm_slope_row;

typedef struct tp_lstm_loops {
    void (*step)(int64_t n, const tp_lstm_step_row *row);
    void (*slope)(int64_t n, const tp_lstm_slope_row *row);
} tp_lstm_loops;

typedef struct tp_cell_loops {
    void (*step)(int64_t n, const tp_cell_step *row);
    void (*slope)(int64_t n, const tp_cell_slope *row);
} tp_cell_loops;

#endif
