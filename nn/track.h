/* Running statistics that are kept by a node: moved once a step, when recorded and in a replay that advances. */
#ifndef TAPIR_NN_TRACK_H
#define TAPIR_NN_TRACK_H

#include <tapir/tape.h>

/* What is kept outside the tape. `batches` (i64, rank 0) counts one more; mean and variance, (C) each, become
   (1 - f) running + f now, with f = momentum, or 1 / batches where `cumulative`. Those that are NULL are not kept. */
typedef struct tp_track {
    tp_tensor *batches, *mean, *variance;
    double momentum;
    bool cumulative;
} tp_track;

/* Records it: mean and variance, (C) each, are the batch's, or tp_none() where none are kept. `on` is any operand.
   False after an error. */
bool tp_track_statistics(tp_var on, tp_var mean, tp_var variance, const tp_track *track);

#endif
