/* The inside of a run of tp_fit. Invariants: `view` and `counts` say what was done and are what a snapshot holds;
   `pending` batches have added gradients that no step has used; `recorded` while the tape holds the latest batch's step
   and `batch` its tensors. */
#ifndef TAPIR_TRAIN_FIT_H_
#define TAPIR_TRAIN_FIT_H_

#include <tapir/train_fit.h>

#include "core/memory.h"
#include "train/snapshot.h"

/* What shows progress. */
typedef struct tp_progress {
    FILE *out;
    bool live;
    double shown; /* when the line was drawn */
} tp_progress;

typedef struct tp_fit_run {
    const tp_fit_options *o;
    tp_tape *tape;
    bool own_tape;
    tp_fit_view view;
    tp_history *history;
    bool own_history;
    double *row;          /* of the history */
    int columns, monitor; /* monitor: the column; -1: none */
    bool larger;          /* is better */
    int64_t accumulate, pending;
    double loss_sum; /* over items */
    int64_t best_epoch, bad_epochs;
    uint64_t first_epoch; /* of the data */
    int64_t batches_done; /* since tp_fit was called */
    double begun, epoch_begun;
    bool stopped, out_of_patience, catching;
    tp_tensor **parameters; /* of the optimiser */
    size_t parameter_count;
    bool recorded;
    tp_batch batch;
    tp_var loss, scaled, output;
    tp_snapshot *snapshot;
    int64_t saved_batch, saved_epoch; /* where it was written latest; -1: nowhere */
    FILE *files[2];                   /* CSV, JSON lines */
    tp_progress progress;
} tp_fit_run;

/* ---- fit_step.c ---- */

/* Seconds of a clock that never goes back. */
double tp_seconds(void);
/* The loss of a batch recorded on the tape after a reset; *output is what metrics look at. */
tp_status tp_fit_record(const tp_fit_options *o, tp_tape *tape, const tp_batch *batch, tp_var *loss, tp_var *output,
                        tp_error *error);
/* Adds a batch's gradients, loss and metrics. */
tp_status tp_fit_batch(tp_fit_run *run, const tp_batch *batch, tp_error *error);
/* A step of the optimiser with the gradients that are pending. */
tp_status tp_fit_step(tp_fit_run *run, tp_error *error);

/* ---- evaluate.c ---- */

tp_status tp_metrics_add(const tp_fit_options *o, tp_var output, const tp_batch *batch, tp_error *error);
void tp_metrics_clear(const tp_fit_options *o);
tp_status tp_metrics_check(const char *name, const tp_fit_options *o, tp_error *error);
/* One pass without gradients on the tape, from the beginning of the epoch 0 of the data. */
tp_status tp_pass(const tp_fit_options *o, tp_tape *tape, const tp_feed *data, double *loss, tp_error *error);

/* ---- fit_begin.c ---- */

tp_status tp_fit_begin(tp_fit_run *run, const tp_fit_options *options, tp_error *error);
void tp_fit_end(tp_fit_run *run);

/* ---- fit_snapshot.c: what a run keeps in its snapshot ---- */

tp_status tp_fit_snapshot_make(tp_fit_run *run, tp_error *error);
tp_status tp_fit_save(tp_fit_run *run, tp_error *error);
/* From the file, if it is there. */
tp_status tp_fit_resume(tp_fit_run *run, tp_error *error);

/* ---- progress.c ---- */

void tp_progress_begin(tp_progress *progress, FILE *out, tp_fit_show show);
void tp_progress_batch(tp_progress *progress, const tp_fit_view *view);
void tp_progress_epoch(tp_progress *progress, const tp_fit_view *view);
void tp_progress_end(tp_progress *progress);

/* ---- interrupt.c ---- */

/* Catches SIGINT from now on; TP_E_UNSUPPORTED when another run does. */
tp_status tp_interrupt_catch(tp_error *error);
bool tp_interrupted(void);
void tp_interrupt_release(void);

#endif
