/* Connectionist temporal classification: the sums over all alignments of one example, in logarithms (Graves et al.
   2006, section 4). A path has `states` = 2 L + 1 states: blanks at even ones, the L labels between them. */
#ifndef TAPIR_KERNELS_CTC_H
#define TAPIR_KERNELS_CTC_H

#include <tapir/tensor.h>

typedef struct tp_ctc_example {
    tp_dtype dtype;
    const char *log_p; /* class c of frame t at element t * step + c */
    int64_t step, frames, blank;
    int64_t states;
    const int64_t *labels;
    double *alpha; /* (frames, width): log of the sum over all paths to a state, this frame's class with it */
    int64_t width;
} tp_ctc_example;

/* Fills alpha; the log of the sum over all paths, -Inf where there is none. There is at least one frame. */
double tp_ctc_forward(const tp_ctc_example *e);
/* After forward: adds `scale` times the share of paths through class c at frame t to grad, laid out as log_p. `beta` is
   scratch for 2 * width numbers. */
void tp_ctc_backward(const tp_ctc_example *e, double log_sum, double scale, double *beta, char *grad);

#endif
