/* The inside of a confusion matrix. */
#ifndef TAPIR_TRAIN_CONFUSION_H
#define TAPIR_TRAIN_CONFUSION_H

#include <tapir/train_metrics.h>

struct tp_confusion {
    tp_allocator memory;
    int64_t classes;
    double threshold;
    double counts[]; /* (label, predicted) */
};

#endif
