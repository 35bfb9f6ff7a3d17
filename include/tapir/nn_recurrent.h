/* Recurrent layers and cells. See nn_layers.h for what all layers share, ops_recurrent.h for the formulas and their
   sources. */
#ifndef TAPIR_NN_RECURRENT_H
#define TAPIR_NN_RECURRENT_H

#include <tapir/nn_layers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TP_RECURRENT_LAYERS 64 /* at most, one above the other */

/* Zero everywhere is the default: one layer, forward in time, (T, B, in). */
typedef struct tp_recurrent_stack {
    int layers;         /* [1] each on the output of the one below */
    bool bidirectional; /* each layer runs both ways; its output is both side by side, (..., 2 H) */
    bool batch_first;   /* x and y are (B, T, ...); states are not turned */
    double dropout;     /* of the output of each layer but the last, in training; in [0, 1] */
    bool relu;          /* of tp_rnn_layer: relu in place of tanh */
} tp_recurrent_stack;

/* x: (T, B, in) -> y: (T, B, D H), D = 2 where bidirectional, else 1. Parameters of layer l: "weight_ih_l<l>" (K H, in
   or D H), "weight_hh_l<l>" (K H, H), "bias_ih_l<l>" and "bias_hh_l<l>" (K H) unless no_bias, then where bidirectional
   the same with "_reverse" behind the name; K = 1 of the RNN, 4 of the LSTM, 3 of the GRU. All are drawn from U(-k, k)
   with k = 1/sqrt(H), in this order. `stack` may be NULL. tp_module_forward begins from zeros and gives y alone. NULL
   with `error` set, TP_E_ARGUMENT, for in or hidden below 1, layers outside of 0 .. TP_RECURRENT_LAYERS, no
   probability. */
TP_API tp_module *tp_rnn_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack,
                               const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_lstm_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack,
                                const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_gru_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack,
                               const tp_layer_options *options, tp_error *error);

/* Of a layer: h, and c of an LSTM, (layers D, B, H): forward and backward of the first layer, of the second, and so on.
   Of a cell: (B, H). tp_none() stands for zeros; {0} is that. The handles die with the tape's reset: what is to go on
   from there is copied to a tensor (tp_tensor_copy of tp_value) and comes back by tp_data. */
typedef struct tp_recurrent_state {
    tp_var h, c;
} tp_recurrent_state;

/* y for x, from the state `in` (NULL: zeros) to the state behind the last step, `out` (NULL: nobody wants it).
   `lengths` (B), or tp_none(): how many steps each row has, as for tp_lstm; with them a row's results do not depend on
   how long the others are, as with PyTorch's packed sequences. On an error y and `out` are poisoned, and the tape's
   error is set: TP_E_ARGUMENT for a module that is none of these layers, TP_E_SHAPE, TP_E_DTYPE, TP_E_INDEX. */
TP_API tp_var tp_recurrent_forward(tp_module *module, tp_var x, const tp_recurrent_state *in, tp_var lengths,
                                   tp_recurrent_state *out);

/* One step, x: (B, in) -> h: (B, H). Parameters "weight_ih", "weight_hh", "bias_ih", "bias_hh", drawn as above.
   tp_module_forward begins from zeros. */
TP_API tp_module *tp_rnn_cell(int64_t in, int64_t hidden, bool relu, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_lstm_cell(int64_t in, int64_t hidden, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_gru_cell(int64_t in, int64_t hidden, const tp_layer_options *options, tp_error *error);
/* h for x from the state `in` to the state `out`, either NULL as above. */
TP_API tp_var tp_recurrent_cell_forward(tp_module *module, tp_var x, const tp_recurrent_state *in,
                                        tp_recurrent_state *out);

#ifdef __cplusplus
}
#endif
#endif
