/* A score that grows sample by sample, and a line that shows it: redrawn on a terminal, once an epoch elsewhere. */
#ifndef LIB_PROGRESS_H
#define LIB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct score {
    double loss; /* summed over the samples seen */
    int64_t right, seen;
} score;

double score_loss(const score *sum);
double score_accuracy(const score *sum); /* per cent */

typedef struct progress {
    int epoch, epochs;
    int64_t batches;
    bool live; /* stdout is a terminal */
    double begun, shown;
} progress;

progress progress_begin(int epoch, int epochs, int64_t batches);
/* After batch number `batch`, counted from 1: at most ten times a second, and only on a terminal. */
void progress_show(progress *line, int64_t batch, const score *sum);
/* The epoch's line, without an end. */
void progress_end(const progress *line, const score *sum);

#endif
