/* Recurrent networks: a whole sequence as one node. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_RECURRENT_H
#define TAPIR_OPS_RECURRENT_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The weights of one layer in one direction, laid out as PyTorch's: weight_ih (K H, in), weight_hh (K H, H), bias_ih
   and bias_hh (K H), or both biases tp_none(), with K = 1, 4 or 3 gates one above the other: of the LSTM i, f, g, o; of
   the GRU r, z, n. */
typedef struct tp_recurrent_weights {
    tp_var weight_ih, weight_hh, bias_ih, bias_hh;
} tp_recurrent_weights;

/* Zero everywhere is the default. */
typedef struct tp_recurrent_options {
    bool reverse; /* from the last step to the first; results stand where their step stands */
    bool relu;    /* of tp_rnn: relu in place of tanh */
    /* How many steps each row of the batch has: (B) of an integer dtype, each in 0 .. T; tp_none(): all have T. A step
       past a row's length leaves its state as it is and gives a row of zeros; x holds any finite numbers there, and
       gets a gradient of 0. In reverse, a row begins at its own last step. */
    tp_var lengths;
} tp_recurrent_options;

/* Below, x: (T, B, in), the state h0 (and c0): (B, H), or tp_none() for zeros -> y: (T, B, H), every step's h, and the
   state behind the last step of each row, h_n (and c_n): (B, H). sigma is the logistic function, * goes element by
   element. `options` may be NULL, and so may each of the places of results. dtypes: f32 or f64, the same for all.
   TP_E_SHAPE, TP_E_DTYPE, TP_E_INDEX for a length outside of 0 .. T. */

/* h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Elman: "Finding structure in time", 1990. */
TP_API tp_status tp_rnn(tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options,
                        tp_var *y, tp_var *h_n);
/* With a = W_ih x + b_ih + W_hh h + b_hh: i = sigma(a_i), f = sigma(a_f), g = tanh(a_g), o = sigma(a_o), c' = f * c + i
   * g, h' = o * tanh(c'). h0 and c0 are given both or neither. Hochreiter, Schmidhuber: "Long short-term memory", 1997;
   Gers, Schmidhuber, Cummins: "Learning to forget", 2000. */
TP_API tp_status tp_lstm(tp_var x, tp_var h0, tp_var c0, const tp_recurrent_weights *weights,
                         const tp_recurrent_options *options, tp_var *y, tp_var *h_n, tp_var *c_n);
/* With a = W_ih x + b_ih and s = W_hh h + b_hh: r = sigma(a_r + s_r), z = sigma(a_z + s_z), n = tanh(a_n + r * s_n),
   h' = (1 - z) * n + z * h. Cho and others: "Learning phrase representations using RNN encoder-decoder", 2014, in the
   form in which r is taken after the product. */
TP_API tp_status tp_gru(tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options,
                        tp_var *y, tp_var *h_n);

/* The part of an LSTM's step behind its products, for programs that make the sums in ways of their own: i, f, g, o are
   the four parts of `sums`, one behind the other along the axis, c' = sigma(f) * c + sigma(i) * tanh(g), h' = sigma(o)
   * tanh(c'). c: (..., H, ...), sums: (..., 4 H, ...), everything else as in c -> h' and c', of c's shape, to *h and
   *next (either may be NULL). TP_E_SHAPE, TP_E_DTYPE, TP_E_INDEX for an axis outside. */
TP_API tp_status tp_lstm_step(tp_var sums, tp_var c, int axis, tp_var *h, tp_var *next);

#ifdef __cplusplus
}
#endif
#endif
