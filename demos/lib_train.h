/* What the demos of small data sets share: a data set cut in two, and a network trained on the one and tested on the
   other with tp_fit. */
#ifndef LIB_TRAIN_H
#define LIB_TRAIN_H

#include <tapir/tapir.h>

typedef struct train_data {
    tp_dataset *train, *test; /* features normalised by the training set, and labels */
    int64_t features, classes;
} train_data;

/* Cuts off a fifth of each class for the test. Takes the set over. False after a message. */
bool train_cut(tp_dataset *set, int64_t classes, train_data *data);
void train_free(train_data *data);

typedef struct train_plan {
    const char *name; /* of the program and the network, for messages */
    int64_t epochs, batch;
    double rate, weight_decay;
} train_plan;

/* Trains with AdamW under a cosine, silently but for a live line on a terminal; the network is freed. The accuracy on
   the test set, counted in `confusion`; NaN after a message. */
double train_and_test(const train_data *data, tp_module *net, const train_plan *plan, tp_confusion *confusion);

#endif
