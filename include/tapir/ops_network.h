/* Layers of neural networks, without state. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_NETWORK_H
#define TAPIR_OPS_NETWORK_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x: (..., in), weight: (out, in), bias: (out), or tp_none() -> x weight^T + bias: (..., out).
   dx = g weight, dweight = g^T x, dbias = sum of g over the leading dims. */
TP_API tp_var tp_linear(tp_var x, tp_var weight, tp_var bias);

typedef enum tp_linear_activation { TP_RELU = 0, TP_SIGMOID, TP_TANH, TP_GELU } tp_linear_activation;
/* tp_relu(tp_linear(x, weight, bias)) and the like, to the bit, as one node; TP_GELU is tp_gelu, the exact form. */
TP_API tp_var tp_linear_activated(tp_var x, tp_var weight, tp_var bias, tp_linear_activation activation);

/* ---- the softmax family: along one axis, never overflowing ---- */

TP_API tp_var tp_softmax(tp_var x, int axis);              /* e^x / sum e^x;  dx = y (g - sum g y) */
TP_API tp_var tp_log_softmax(tp_var x, int axis);          /* x - log sum e^x;  dx = g - e^y sum g */
TP_API tp_var tp_logsumexp(tp_var x, int axis, bool keep); /* log sum e^x;  dx = g softmax(x) */

/* ---- normalisation ---- */

/* y = (x - mean) / sqrt(variance + eps) gain + bias, with the mean and the (biased) variance of x over some of its
   elements; gain and bias may be tp_none(). With h = g gain, s = 1/sqrt(variance + eps) and z = (x - mean) s:
   dx = s (h - mean h - z mean(h z)), dgain = sum g z, dbias = sum g. Where the variance and eps are both 0 the value is
   0/0, a NaN; use eps > 0. TP_E_ARGUMENT for an eps that is negative or not finite. */

/* Over the last `dims` dims d... of x: (..., d...), gain and bias: (d...). Ba, Kiros, Hinton: "Layer normalization",
   2016. */
TP_API tp_var tp_layer_norm(tp_var x, int dims, tp_var gain, tp_var bias, double eps);
/* y = x / sqrt(mean x^2 + eps) gain over the last `dims` dims: no mean is taken out. Zhang, Sennrich: "Root mean square
   layer normalization", 2019. */
TP_API tp_var tp_rms_norm(tp_var x, int dims, tp_var gain, double eps);
/* x: (N, C, ...), gain and bias: (C). Over each sample's groups of C / groups channels. Wu, He: "Group normalization",
   2018. */
TP_API tp_var tp_group_norm(tp_var x, int64_t groups, tp_var gain, tp_var bias, double eps);
/* ... over each channel of each sample. */
TP_API tp_var tp_instance_norm(tp_var x, tp_var gain, tp_var bias, double eps);
/* x: (N, C, ...), gain and bias: (C). Over each channel of the whole batch, as in training. The running mean and
   variance, (C) and outside any tape, may each be NULL; they become (1 - momentum) running + momentum batch's, with the
   unbiased variance, once a step: when the call is recorded, and in a replay with TP_REPLAY_ADVANCE. TP_E_SHAPE for an
   empty batch, and for a running variance with one value a channel. Ioffe, Szegedy: "Batch normalization", 2015. */
TP_API tp_var tp_batch_norm(tp_var x, tp_var gain, tp_var bias, tp_tensor *mean, tp_tensor *variance, double momentum,
                            double eps);
/* The same by a given mean and variance, (C) each, as in evaluation: tp_data of the running ones. Differentiable by
   them too. */
TP_API tp_var tp_batch_norm_fixed(tp_var x, tp_var mean, tp_var variance, tp_var gain, tp_var bias, double eps);

/* x: (N, C, ...) -> x / d^beta with d = k + alpha / size sum of x^2 over the `size` channels around each (size / 2
   before it, (size - 1) / 2 behind it; those outside count as 0). dx = g d^-beta - 2 alpha beta / size x sum of g x
   d^(-beta-1) over the channels that see it. Krizhevsky, Sutskever, Hinton: "ImageNet classification", 2012. */
TP_API tp_var tp_local_response_norm(tp_var x, int64_t size, double alpha, double beta, double k);

/* ---- attention ---- */

/* softmax(scale x + mask) along the last axis of x: (..., L, S), for a mask that broadcasts to it, or tp_none(). A u8
   mask leaves out what it has 0 at; one of x's dtype is added (and gets a gradient). `causal` leaves out the columns
   behind i in row i. A row of which nothing is left is 0, and so is its gradient. */
TP_API tp_var tp_masked_softmax(tp_var x, tp_var mask, bool causal, double scale);

/* Zero everywhere is the default. */
typedef struct tp_attention_options {
    bool causal;    /* row i of q attends to rows 0 .. i of k */
    double scale;   /* 0: 1 / sqrt(E) */
    double dropout; /* of the weights: each is 0 with this probability */
} tp_attention_options;
/* q: (..., L, E), k: (..., S, E), v: (..., S, Ev), with equal leading dims -> softmax(scale q k^T + mask) v: (..., L,
   Ev); mask as for tp_masked_softmax, options may be NULL. A row that attends to nothing is 0, and so is its gradient.
   Vaswani and others: "Attention is all you need", 2017. */
TP_API tp_var tp_attention(tp_var q, tp_var k, tp_var v, tp_var mask, const tp_attention_options *options);
/* The same for heads side by side: q: (..., L, heads E), k: (..., S, heads E), v: (..., S, heads Ev) -> (..., L, heads
   Ev), where head i attends by the i-th E columns of q and k and to the i-th Ev of v. The mask broadcasts to (...,
   heads, L, S). */
TP_API tp_var tp_attention_heads(tp_var q, tp_var k, tp_var v, tp_var mask, int64_t heads,
                                 const tp_attention_options *options);
/* ... and with q, k and v side by side, each with its heads: qkv: (..., L, 3 heads E) -> (..., L, heads E). */
TP_API tp_var tp_attention_packed(tp_var qkv, tp_var mask, int64_t heads, const tp_attention_options *options);

/* x: (..., T, d) with an even d. Row t is at position first + t; its pair i of elements is turned by the angle
   theta = (first + t) base^(-2 i / d):  (a, b) -> (a cos theta - b sin theta, a sin theta + b cos theta). So the
   product of a row of q with one of k depends on how far they lie apart, and not on where. A pair is elements 2 i and 2
   i + 1; with `halves` i and d / 2 + i. TP_E_SHAPE for an odd d and rank 1; TP_E_ARGUMENT for a base that is not finite
   and above 0. Su, Lu, Pan, Murtadha, Wen, Liu: "RoFormer", 2021, section 3.2; base is 10000 there. */
TP_API tp_var tp_rotary(tp_var x, double base, int64_t first, bool halves);

/* ---- dropout: masks from the tape's generator, see ops_random.h ---- */

/* Each element is 0 with probability p, in [0, 1], and x / (1 - p) otherwise; the gradient is the upstream's by the
   same mask. The mask is not kept but drawn again. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: "Dropout",
   2014. */
TP_API tp_var tp_dropout(tp_var x, double p);
/* x: (N, C, ...). ... each channel of each sample as a whole. */
TP_API tp_var tp_dropout_channels(tp_var x, double p);

#ifdef __cplusplus
}
#endif
#endif
