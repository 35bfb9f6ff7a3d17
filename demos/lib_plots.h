/* The pictures of a training run: curves by epoch, and a grid of predictions. */
#ifndef LIB_PLOTS_H
#define LIB_PLOTS_H

#include <tapir/plot.h>

#include "lib_progress.h"

enum { MOST_EPOCHS = 64 };

typedef struct training_history {
    int epochs;
    score train[MOST_EPOCHS], test[MOST_EPOCHS];
} training_history;

typedef struct prediction_grid {
    int rows, columns, side;     /* pictures are side by side pixels */
    const unsigned char *images; /* rows * columns of them, 0 is empty ground */
    const unsigned char *predicted, *truth;
    const char *const *names; /* of the classes */
} prediction_grid;

/* Loss and accuracy by epoch, with `goal` as a line across the accuracy, and the pictures with the class predicted; as
   curves.svg and predictions.svg in `folder`, which is made if need be. Says where they are, or why they are not. */
bool plot_run(const char *folder, const training_history *history, double goal, const prediction_grid *grid);

/* Writes the picture as folder/name, says so, and frees it. The folder is made if need be. */
bool plot_finish(tp_plot *plot, const char *folder, const char *name);

#endif
