/* Early stopping: when a metric has not become better for a while, training ends.

     tp_early_stop stop = tp_early_stop_with(&(tp_early_stop_options){.patience = 5});
     for (...) { an epoch; if (tp_early_stop_step(&stop, loss)) break; if (stop.improved) keep the weights; }

   A plain struct: copy it to keep its state, or use tp_early_stop_state. */
#ifndef TAPIR_OPTIM_STOPPING_H
#define TAPIR_OPTIM_STOPPING_H

#include <tapir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default, in brackets. */
typedef struct tp_early_stop_options {
    int64_t patience; /* [10] as many steps in a row that are not better end it, >= 1 */
    double min_delta; /* [0] better means: by more than this, >= 0 */
    bool maximise;    /* [false: the metric is a loss] */
} tp_early_stop_options;

typedef struct tp_early_stop {
    tp_early_stop_options options;
    double best;       /* metric so far; +Inf at the start, -Inf when maximising */
    int64_t best_step; /* at which it came, counted from 1; 0: none did */
    int64_t steps;     /* how many there were */
    int64_t waited;    /* since the best one */
    bool improved;     /* the last one was the best */
    bool stopped;
} tp_early_stop;

/* `options` may be NULL. Numbers out of range count as the nearest in range; a min_delta of NaN as 0. */
TP_API tp_early_stop tp_early_stop_with(const tp_early_stop_options *options);
/* One more metric; whether it is time to stop. NaN is never better. false for NULL. */
TP_API bool tp_early_stop_step(tp_early_stop *stop, double metric);

/* Everything that changes, as numbers: writes the first n to `state`, which may be NULL when n is 0, and returns how
   many there are; 0 for NULL. Setting them: TP_E_ARGUMENT for NULL, another count, a number out of range; nothing was
   changed then. */
TP_API int tp_early_stop_state(const tp_early_stop *stop, double *state, int n);
TP_API tp_status tp_early_stop_set_state(tp_early_stop *stop, const double *state, int n, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
