/* The training loop. */
#ifndef TAPIR_TRAIN_FIT_H
#define TAPIR_TRAIN_FIT_H

#include <signal.h>
#include <stdio.h>

#include <tapir/io_data.h>
#include <tapir/nn_module.h>
#include <tapir/ops_loss.h>
#include <tapir/optim.h>
#include <tapir/tape.h>
#include <tapir/train_history.h>
#include <tapir/train_metrics.h>
#include <tapir/train_snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- where batches come from ---- */

/* next: the next batch, valid until the next call; items 0 at the end of an epoch, once. seek and position: as
   tp_loader_seek and tp_loader_position. batches: in an epoch, 0 when that is not known. Zeros are no data. */
typedef struct tp_feed {
    tp_status (*next)(void *user, tp_batch *batch, tp_error *error);
    tp_status (*seek)(void *user, tp_data_position position, tp_error *error);
    tp_data_position (*position)(void *user);
    int64_t batches;
    void *user;
} tp_feed;
/* The batches of a loader, which must stay; no data for NULL. */
TP_API tp_feed tp_feed_loader(tp_loader *loader);

/* ---- metrics in the loop ---- */

/* A metric as the loop sees it: batches are added, the value is read at the end of a pass and the sums are cleared. The
   state is the caller's and must stay. */
typedef struct tp_metric {
    const char *name; /* "accuracy": the column in the history; "val_accuracy" for the validation */
    tp_status (*add)(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error);
    double (*value)(void *state);
    void (*clear)(void *state);
    void *state;
    double *sums; /* what changes of the state, for snapshots; NULL: it is not kept in the midst of an epoch */
    int64_t sum_count;
    bool larger; /* the larger the better */
} tp_metric;
TP_API tp_metric tp_metric_top_k(const char *name, tp_top_k *top);
TP_API tp_metric tp_metric_accuracy(const char *name, tp_confusion *confusion);
TP_API tp_metric tp_metric_f1(const char *name, tp_confusion *confusion); /* macro */
TP_API tp_metric tp_metric_auc(const char *name, tp_auc *auc);
TP_API tp_metric tp_metric_mae(const char *name, tp_regression *sums);
TP_API tp_metric tp_metric_mse(const char *name, tp_regression *sums);
TP_API tp_metric tp_metric_r2(const char *name, tp_regression *sums);

/* ---- what callbacks see ---- */

typedef enum tp_fit_event {
    TP_FIT_BEGIN = 0,  /* all is set up, and what was resumed from is loaded */
    TP_FIT_BATCH,      /* a batch is done, and the optimiser's step if it was due */
    TP_FIT_EVALUATION, /* the validation is done: its numbers are in `values` */
    TP_FIT_EPOCH,      /* an epoch is done: its row is in the history */
    TP_FIT_END         /* also after an error */
} tp_fit_event;

typedef struct tp_fit_view {
    tp_fit_event event;
    int64_t epoch, epochs;  /* the one that runs, counted from 0 */
    int64_t batch, batches; /* done in this epoch; in all, or 0 */
    int64_t steps;          /* of the optimiser, since the run began, through all resumptions */
    double items;           /* seen in this epoch, */
    double seen_here;       /* and of them since tp_fit was called */
    double loss, mean_loss; /* of the latest batch; of the epoch up to now, weighed by items */
    double rate;            /* of the optimiser's group 0 */
    double seconds;         /* since this epoch began, or was resumed */
    double left;            /* seconds, as an estimate, to the end of the last epoch; NaN when that is not known */
    const double *values;   /* the latest row of the history */
    const tp_history *history;
    double monitored, best; /* of the column that is watched: in this epoch, and the best so far; NaN: none */
    bool improved;          /* this epoch has set `best` */
    bool resumed;           /* it began from a snapshot */
    tp_tape *tape;
    tp_module *module;
    tp_optim *optim;
    bool stop; /* a callback sets it: the run ends after this batch, as by tp_fit_options.stop */
} tp_fit_view;

/* A status that is not TP_OK ends the run with it; say why in `error`, which is not NULL. */
typedef struct tp_fit_callback {
    tp_status (*call)(tp_fit_view *view, void *user, tp_error *error);
    void *user;
} tp_fit_callback;

typedef enum tp_fit_show {
    TP_SHOW_AUTO = 0, /* a line an epoch, and on a terminal a live line meanwhile, redrawn at most ten times a second */
    TP_SHOW_LINES,    /* a line an epoch */
    TP_SHOW_LIVE
} tp_fit_show;

/* ---- the loop ---- */

/* Zero means the default, given in brackets, or that there is none. All that is pointed to stays the caller's. */
typedef struct tp_fit_options {
    /* The loss of a batch: loss(forward(module, field 0), field 1, TP_MEAN), with tp_mse, tp_cross_entropy and the
       like; or what `step` records and returns, a scalar, the mean over the batch. `step` gives to *output what metrics
       look at, and may leave it. The tape was reset before; in the validation nothing needs a gradient, and the module
       is not training. */
    tp_module *module;
    tp_var (*loss)(tp_var output, tp_var target, tp_reduction reduction);
    tp_var (*step)(tp_tape *tape, const tp_batch *batch, tp_var *output, void *user);
    void *user; /* for step */

    tp_optim *optim;
    tp_schedule *schedule; /* stepped after each epoch, with the column that `monitor` names, */
    bool schedule_by_step; /* or after each step of the optimiser, with the loss */
    tp_feed data;
    int64_t epochs;     /* in all, those of the run that is resumed included */
    int64_t accumulate; /* [1] batches to a step of the optimiser, which then sees the mean of their gradients */
    double clip_norm;   /* the norm of all gradients together is brought down to it */
    double clip_value;  /* each element is brought to -clip_value .. clip_value */
    bool replay;        /* batches in the same tensors as the recorded one are replayed: the same bits, without the
                           time of recording. For steps that record the same for every batch (tp_guard watches over
                           branches), as modules without control flow of their own do */
    tp_tape *tape;      /* [one of its own, of `threads` and `seed`] */
    int threads;        /* [1] */
    uint64_t seed;
    const tp_allocator *memory; /* [malloc] */

    const tp_metric *metrics;
    int metric_count;
    tp_feed validation;
    int64_t validate_every; /* [1] epochs, and after the last */

    /* The best epoch. `monitor` names the column: ["val_loss", or "loss" without validation]. Losses are the smaller
       the better. */
    const char *monitor;
    double least;     /* what is better by less is no improvement */
    int64_t patience; /* the run ends after so many epochs, in which the column had a number, without improvement */
    const char *best_path; /* the module's weights are written there after each improvement, as tp_module_save does */
    bool restore_best;     /* at the end they are read from there; wants best_path */

    /* Snapshots hold module, optimiser, schedule, generator, counts, position, sums of metrics and the history, and
       what `snapshot_add` adds: a run that is resumed equals the one that was not stopped, bit for bit. */
    const char *snapshot;
    int64_t snapshot_epochs; /* [1] written after every so many epochs, and when the run ends or is stopped; */
    int64_t snapshot_steps;  /* and after every so many steps */
    bool resume;             /* begins from the file, if it is there */
    tp_status (*snapshot_add)(tp_snapshot *snapshot, void *user, tp_error *error);
    void *snapshot_user;

    /* A row an epoch: epoch (from 1), steps, rate, loss, the metrics, and with validation val_loss and
       val_<metric>. A history of the caller's gets these columns. */
    tp_history *history;
    const char *csv_path, *jsonl_path; /* written row by row */

    FILE *out; /* where progress is shown; NULL: nowhere */
    tp_fit_show show;
    const tp_fit_callback *callbacks; /* called in this order */
    int callback_count;

    volatile sig_atomic_t *stop; /* when it is not 0, the run ends after the step, with a snapshot */
    bool catch_interrupt;        /* SIGINT does the same: tp_fit sets an action of its own and puts back the former one
                                    at the end. A second SIGINT ends the program. In one thread at a time (TP_E_UNSUPPORTED) */
} tp_fit_options;

typedef struct tp_fit_result {
    int64_t epochs, steps; /* done, in all */
    double loss;           /* of the latest epoch, and its validation */
    double val_loss;
    double best;        /* of the column that was watched, */
    int64_t best_epoch; /* in that epoch, counted from 1; 0: none */
    bool stopped;       /* by a flag, a signal or a callback */
    bool out_of_patience;
} tp_fit_result;

/* Trains. `result` and `error` may be NULL; the result is right also after an error. Sets the module to training, and
   at the end to what it was. Asks for no memory in an epoch once it has seen batches of all shapes, but for snapshots.
   TP_E_ARGUMENT for options that make no sense; TP_E_NUMERIC for a loss that is not finite, before the optimiser sees
   it; otherwise what the tape, the data, a callback or a file says; the message names epoch and batch. */
TP_API tp_status tp_fit(const tp_fit_options *options, tp_fit_result *result, tp_error *error);

/* One pass over `data` without gradients: the mean loss goes to *loss (it may be NULL), and the metrics are cleared
   before and hold the pass after. Looks at module, loss, step, user, tape, threads, seed, memory, metrics. The pass is
   one of epoch 0. */
TP_API tp_status tp_evaluate(const tp_fit_options *options, const tp_feed *data, double *loss, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
