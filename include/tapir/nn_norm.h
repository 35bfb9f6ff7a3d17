/* Normalisation as layers. See nn_layers.h for what all layers share, ops_network.h for the formulas and their sources.
 */
#ifndef TAPIR_NN_NORM_H
#define TAPIR_NN_NORM_H

#include <tapir/nn_layers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero is the default, given in brackets; 1e-300 is a zero that is meant. Each layer says what it looks at. */
typedef struct tp_norm_options {
    double eps;       /* [1e-5] is added to the variance */
    double momentum;  /* [0.1] how far running statistics move towards those of the batch, in [0, 1] */
    bool cumulative;  /* running statistics are the means over all batches instead: PyTorch's momentum None */
    bool no_affine;   /* neither weight nor bias; tp_layer_options.no_bias leaves out the bias alone */
    bool no_tracking; /* no running statistics: evaluation normalises by the batch too */
    bool affine;      /* of instance norm, which has neither of them */
    bool tracking;    /* ... unless it is told */
} tp_norm_options;

/* x: (N, C, ...), of any number of spatial axes (PyTorch's BatchNorm1d, 2d and 3d). In training by mean and variance of
   each channel over the batch, in evaluation by the running ones. Parameters "weight", of ones, and "bias", of zeros;
   buffers "running_mean", of zeros, "running_var", of ones, and "num_batches_tracked" (i64, rank 0): (channels). They
   move when a forward pass is recorded in training, and in a replay with TP_REPLAY_ADVANCE. Looks at all but affine and
   tracking. */
TP_API tp_module *tp_batch_norm_layer(int64_t channels, const tp_norm_options *norm, const tp_layer_options *options,
                                      tp_error *error);
/* x: (N, C, ...): each channel of each sample by itself. Looks at eps, affine, tracking, momentum: running statistics
   are averaged over the samples, and with them evaluation goes by them. As in PyTorch, num_batches_tracked stays 0. */
TP_API tp_module *tp_instance_norm_layer(int64_t channels, const tp_norm_options *norm, const tp_layer_options *options,
                                         tp_error *error);
/* x: (N, C, ...): groups of C / groups channels of each sample. Looks at eps and no_affine. */
TP_API tp_module *tp_group_norm_layer(int64_t groups, int64_t channels, const tp_norm_options *norm,
                                      const tp_layer_options *options, tp_error *error);
/* x: (..., dims...): tp_layer_norm_layer(TP_DIMS(64), NULL, NULL, &error). "weight" and "bias" (dims...). Looks at eps
   and no_affine. RMS norm, which takes no mean out, has no bias. */
TP_API tp_module *tp_layer_norm_layer(int n, const int64_t *dims, const tp_norm_options *norm,
                                      const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_rms_norm_layer(int n, const int64_t *dims, const tp_norm_options *norm,
                                    const tp_layer_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
