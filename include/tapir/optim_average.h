/* Averages of weights over steps: of all of them, or weighted towards the latest.

     tp_average *average = tp_average_new(tensors, n, &(tp_average_options){.decay = 0.999}, &error);
     for (...) { a step; tp_average_update(average); }
     tp_average_swap(average);      the model now has the average; evaluate it, or save it
     tp_average_swap(average);      back to the weights that are trained
     tp_average_free(average);

   Batch norms keep means and variances that belong to the weights which were trained. For the average they have to be
   found anew: with the average swapped in, set their running statistics to 0 and 1 and their momentum so that each
   batch counts the same, put the module into training mode, and run forward passes over the training data; or list the
   statistics among the tensors, and they are averaged as the weights are. */
#ifndef TAPIR_OPTIM_AVERAGE_H
#define TAPIR_OPTIM_AVERAGE_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_average tp_average;

typedef struct tp_average_options {
    double decay;               /* [0: a = a + (w - a) / (k + 1) at update k, from 0: the mean of all]; below 1:
                                   a = decay a + (1 - decay) w, from a = w at the first update */
    const tp_allocator *memory; /* [malloc] copied */
} tp_average_options;

/* Room for the averages of n tensors (f32 or f64), to each of which it takes a reference. NULL with `error` set:
   TP_E_ARGUMENT for NULL, a tape's own tensor, a decay outside its range; TP_E_DTYPE; TP_E_MEMORY.
   The mean of all: Izmailov, Podoprikhin, Garipov, Vetrov, Wilson: "Averaging weights leads to wider optima and better
   generalization", UAI 2018. Weighted: Polyak, Juditsky: "Acceleration of stochastic approximation by averaging", SIAM
   J. Control Optim. 30 (1992), with an exponential window. */
TP_API tp_average *tp_average_new(tp_tensor *const *tensors, size_t n, const tp_average_options *options,
                                  tp_error *error);
/* Gives back averages and references; what is swapped stays swapped. NULL is ignored. */
TP_API void tp_average_free(tp_average *average);

/* Takes the tensors' present elements into the average. TP_E_ARGUMENT for NULL, and while the average is swapped in.
   Asks for no memory, as the next. */
TP_API tp_status tp_average_update(tp_average *average);
/* Exchanges the elements of tensors and averages; a second time: back. TP_E_ARGUMENT for NULL and before the first
   update. */
TP_API tp_status tp_average_swap(tp_average *average);
TP_API bool tp_average_swapped(const tp_average *average);

/* How many updates there were; how many tensors there are; the average of the i-th, the average's own (while swapped:
   the tensor's elements), NULL outside. */
TP_API uint64_t tp_average_updates(const tp_average *average);
TP_API size_t tp_average_count(const tp_average *average);
TP_API tp_tensor *tp_average_tensor(const tp_average *average, size_t i);

/* For checkpoints, with the tensors of tp_average_tensor: writes the first n numbers to `state`, which may be NULL when
   n is 0, and returns how many there are; 0 for NULL. Setting them: TP_E_ARGUMENT for NULL, another count, a number out
   of range. */
TP_API int tp_average_state(const tp_average *average, double *state, int n);
TP_API tp_status tp_average_set_state(tp_average *average, const double *state, int n, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
