/* The pictures of a training run: curves by epoch, and a grid of predictions; and curves on two logarithmic axes. */
#ifndef LIB_PLOTS_H
#define LIB_PLOTS_H

#include "lib_progress.h"

enum { MOST_EPOCHS = 64 };

typedef struct training_history {
    int epochs;
    score train[MOST_EPOCHS], test[MOST_EPOCHS];
} training_history;

/* Loss and accuracy by epoch, side by side; `goal` is a line across the accuracy. False when the file cannot be
 * written. */
bool plot_curves(const char *path, const training_history *history, double goal);

typedef struct prediction_grid {
    int rows, columns, side;     /* pictures are side by side pixels */
    const unsigned char *images; /* rows * columns of them, 0 is empty ground */
    const unsigned char *predicted, *truth;
    const char *const *names; /* of the classes */
} prediction_grid;

/* The pictures with the class predicted; a wrong one is red, has a cross and the true class. */
bool plot_predictions(const char *path, const prediction_grid *grid);

/* Both, as curves.svg and predictions.svg in `folder`, which is made if need be; says where they are, or why they are
 * not. */
bool plot_run(const char *folder, const training_history *history, double goal, const prediction_grid *grid);

/* A curve, or points of their own. All numbers are above 0. */
typedef struct log_curve {
    const char *label;
    int n;
    const double *x, *y;
    bool points;
} log_curve;

/* Up to three curves on logarithmic axes. False when the file cannot be written. */
bool plot_log(const char *path, const char *title, const char *x_label, const char *y_label, const log_curve *curves,
              int n);

#endif
