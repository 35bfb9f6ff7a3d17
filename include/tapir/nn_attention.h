/* Attention: multi-head attention, transformer blocks and stacks of them, positions. Names and layouts of parameters
   are PyTorch's. */
#ifndef TAPIR_NN_ATTENTION_H
#define TAPIR_NN_ATTENTION_H

#include <tapir/nn_layers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sequences are (N, T, width), N of T rows each; with `time_first` (T, N, width), which is PyTorch's batch_first =
   False. One sequence may be (T, width) in either case. All tp_..._forward functions below return a poisoned handle and
   set the tape's error for a module of another kind (TP_E_ARGUMENT) and for shapes that do not fit (TP_E_SHAPE). */

/* ---- which rows attend to which ---- */

/* Zero everywhere lets every row attend to every other. A row that attends to nothing gives 0 before the projection of
   the result (PyTorch: NaN), and gets no gradient. */
typedef struct tp_attention_masks {
    /* (L, S), (N, L, S) or (N, heads, L, S), or what broadcasts to these: of u8, where 0 leaves out (PyTorch's
       attn_mask of booleans says the opposite), or of the sequences' dtype, to be added to the scores. */
    tp_var mask;
    /* u8, (N, S), for one sequence (S): 0 at rows of k and v that are padding, and that no row attends to. It is the
       opposite of PyTorch's key_padding_mask. */
    tp_var keys;
    bool causal; /* row i attends to rows 0 .. i */
} tp_attention_masks;

/* ---- multi-head attention ---- */

/* Zero means the default, given in brackets. */
typedef struct tp_multihead_options {
    tp_layer_options layer;
    int64_t key_width, value_width; /* [width] of the rows of k and of v */
    double dropout;                 /* [0] of the weights, while training; in [0, 1] */
    double rotary;                  /* [none] the base of rotary positions of q and k: 1e4 is usual; see tp_rotary */
    bool causal;                    /* [false] always, whatever the masks say */
    bool time_first;                /* [false] */
} tp_multihead_options;

/* With h heads of d = width / h: y = concat(head_1, ..., head_h) out_proj^T + bias, head_i = softmax(q_i k_i^T / sqrt d
   + mask) v_i, where q_i, k_i, v_i are the i-th d columns of q, k, v after their projections. Vaswani and others:
   "Attention is all you need", 2017, section 3.2.2.

   Parameters "in_proj_weight" (3 width, width), the projections of q, k and v above one another; or, where key_width or
   value_width differ from width, "q_proj_weight" (width, width), "k_proj_weight" (width, key_width) and "v_proj_weight"
   (width, value_width); "in_proj_bias" (3 width); and the child "out_proj", a linear layer. As in PyTorch the
   projections are drawn by Glorot's rule (tp_init_xavier_uniform) and the biases are 0. NULL with `error` set:
   TP_E_ARGUMENT for numbers outside their range, heads that do not divide width, rotary positions of an odd d;
   TP_E_DTYPE, TP_E_LIMIT, TP_E_MEMORY. `options` and `error` may be NULL. */
TP_API tp_module *tp_multihead_attention(int64_t width, int64_t heads, const tp_multihead_options *options,
                                         tp_error *error);
/* q: (N, L, width), k: (N, S, key_width), v: (N, S, value_width) -> (N, L, width). `masks` may be NULL.
   tp_module_forward(attention, x) is the attention of x to itself without masks. */
TP_API tp_var tp_attention_forward(tp_module *attention, tp_var q, tp_var k, tp_var v, const tp_attention_masks *masks);
/* The weights themselves, without dropout: (N, heads, L, S). */
TP_API tp_var tp_attention_weights(tp_module *attention, tp_var q, tp_var k, const tp_attention_masks *masks);

/* ---- transformer blocks ---- */

typedef struct tp_transformer_options {
    tp_layer_options layer;
    int64_t hidden;  /* [4 width] between the two linear layers (PyTorch's dim_feedforward, there [2048]) */
    double dropout;  /* [0] of weights, of hidden activations and of each branch (PyTorch: [0.1]) */
    double eps;      /* [1e-5] of the norms */
    double rotary;   /* [none] as of tp_multihead_options, of self-attention */
    bool gelu;       /* [relu] */
    bool norm_first; /* [false] norms before the branches, instead of after their sums */
    bool causal;     /* [false] of self-attention, always */
    bool time_first; /* [false] */
    bool final_norm; /* [false] of stacks: a norm after the last layer, "norm" */
} tp_transformer_options;

/* One layer of an encoder. With f(x) = linear2(a(linear1(x))):
       x = norm1(x + self_attn(x)),   x = norm2(x + f(x));   norm_first: x += self_attn(norm1(x)),   x += f(norm2(x)).
   Children "self_attn", "linear1", "linear2", "norm1", "norm2". Xiong and others: "On layer normalization in the
   transformer architecture", 2020, for norm_first. Errors as of tp_multihead_attention. */
TP_API tp_module *tp_transformer_encoder_layer(int64_t width, int64_t heads, const tp_transformer_options *options,
                                               tp_error *error);
/* One layer of a decoder: between the two stands the attention to the encoder's result,
       x = norm2(x + multihead_attn(x, memory, memory)),   and the norm around f is norm3.
   Children "self_attn", "multihead_attn", "linear1", "linear2", "norm1", "norm2", "norm3". */
TP_API tp_module *tp_transformer_decoder_layer(int64_t width, int64_t heads, const tp_transformer_options *options,
                                               tp_error *error);
/* `layers` of them, at least 1: children "layers" (with "0", "1", ...) and, with final_norm, "norm". */
TP_API tp_module *tp_transformer_encoder(int64_t layers, int64_t width, int64_t heads,
                                         const tp_transformer_options *options, tp_error *error);
TP_API tp_module *tp_transformer_decoder(int64_t layers, int64_t width, int64_t heads,
                                         const tp_transformer_options *options, tp_error *error);
/* Children "encoder" and "decoder", of so many layers each. PyTorch's nn.Transformer has final_norm. */
TP_API tp_module *tp_transformer(int64_t encoder_layers, int64_t decoder_layers, int64_t width, int64_t heads,
                                 const tp_transformer_options *options, tp_error *error);

/* The result of an encoder, or of one layer of it, for x: (N, T, width) -> (N, T, width). `masks` may be NULL;
   tp_module_forward does the same without. */
TP_API tp_var tp_encoder_forward(tp_module *encoder, tp_var x, const tp_attention_masks *masks);
/* ... of a decoder, or of one layer of it: x: (N, T, width), memory: (N, S, width) -> (N, T, width). `memory_masks` are
   of the attention to the memory. */
TP_API tp_var tp_decoder_forward(tp_module *decoder, tp_var x, tp_var memory, const tp_attention_masks *masks,
                                 const tp_attention_masks *memory_masks);
/* ... of both: the decoder for `target`, with the encoder's result for `source` as memory. `source_masks.keys` hold for
   the memory too. The decoder is causal when its options or `target_masks` say so. */
TP_API tp_var tp_transformer_forward(tp_module *transformer, tp_var source, tp_var target,
                                     const tp_attention_masks *source_masks, const tp_attention_masks *target_masks);

/* ---- positions ---- */

/* A new tensor (length, width): element (t, 2 i) is sin(t base^(-2 i / width)), (t, 2 i + 1) the cosine of the same.
   The base is 1e4 in Vaswani and others, section 3.5; 0 means that. NULL with `error` set: TP_E_ARGUMENT,
   TP_E_DTYPE, TP_E_LIMIT, TP_E_MEMORY. `memory` may be NULL (malloc). */
TP_API tp_tensor *tp_sinusoidal_positions(int64_t length, int64_t width, double base, tp_dtype dtype,
                                          const tp_allocator *memory, tp_error *error);
/* x + positions[0 .. T - 1], x: (N, T, width) or (T, width), T <= length. Buffer "positions" (length, width). With
   time_first x is (T, N, width). */
TP_API tp_module *tp_sinusoidal_layer(int64_t length, int64_t width, bool time_first, const tp_layer_options *options,
                                      tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
