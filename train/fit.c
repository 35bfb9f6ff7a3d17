/* The training loop: epochs, batches, what happens after each. */
#include <tapir/train_fit.h>

#include <inttypes.h>
#include <math.h>

#include <tapir/nn_state.h>

#include "train/fit.h"

static tp_status tell(tp_fit_run *run, tp_fit_event event, tp_error *error)
{
    run->view.event = event;
    for (int i = 0; i < run->o->callback_count; i++) {
        const tp_fit_callback *c = &run->o->callbacks[i];
        const tp_status status = c->call(&run->view, c->user, error);
        if (status == TP_OK) continue;
        if (error->status == TP_OK) tp_fail(error, status, "callback %d has failed", i);
        return status;
    }
    return TP_OK;
}

static bool asked_to_stop(tp_fit_run *run)
{
    const bool asked = run->view.stop || (run->o->stop && *run->o->stop) || (run->catching && tp_interrupted());
    if (asked) run->stopped = true;
    return asked;
}

static void update_times(tp_fit_run *run)
{
    tp_fit_view *view = &run->view;
    const double now = tp_seconds();
    const int64_t all = (view->epochs - view->epoch) * view->batches - view->batch;
    view->seconds = now - run->epoch_begun;
    view->left = view->batches > 0 ? (now - run->begun) / (double)run->batches_done * (double)all : (double)NAN;
}

/* ---- the end of an epoch ---- */

enum { EPOCH, STEPS, RATE, LOSS, METRICS };

static void read_metrics(tp_fit_run *run, int column)
{
    for (int i = 0; i < run->o->metric_count; i++)
        run->row[column + i] = run->o->metrics[i].value(run->o->metrics[i].state);
}

static tp_status validate(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    const int column = METRICS + o->metric_count; /* val_loss */
    const int64_t every = o->validate_every ? o->validate_every : 1, done = run->view.epoch + 1;
    if (done % every != 0 && done != o->epochs) return TP_OK;
    run->recorded = false;
    const tp_status status = tp_pass(o, run->tape, &o->validation, &run->row[column], error);
    if (status != TP_OK) return status;
    read_metrics(run, column + 1);
    return tell(run, TP_FIT_EVALUATION, error);
}

/* Whether the epoch is the best so far, and what follows. */
static tp_status look_at_monitor(tp_fit_run *run, tp_error *error)
{
    tp_fit_view *view = &run->view;
    const double now = view->monitored = run->row[run->monitor], least = run->o->least;
    view->improved = false;
    if (isnan(now)) return TP_OK;
    view->improved = isnan(view->best) || (run->larger ? now > view->best + least : now < view->best - least);
    run->bad_epochs = view->improved ? 0 : run->bad_epochs + 1;
    if (!view->improved) return TP_OK;
    view->best = now;
    run->best_epoch = view->epoch + 1;
    return run->o->best_path ? tp_module_save(run->o->module, run->o->best_path, error) : TP_OK;
}

static tp_status step_schedule(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    if (!o->schedule || o->schedule_by_step) return TP_OK;
    const tp_status status = tp_schedule_step_metric(o->schedule, run->view.monitored);
    run->view.rate = tp_optim_rate(o->optim, 0);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "the schedule refuses to step");
}

static void next_epoch(tp_fit_run *run)
{
    run->view.epoch++;
    run->view.batch = 0;
    run->view.items = run->view.seen_here = run->loss_sum = 0;
}

static tp_status end_epoch(tp_fit_run *run, tp_error *error)
{
    tp_fit_view *view = &run->view;
    for (int k = 0; k < run->columns; k++) run->row[k] = (double)NAN;
    run->row[EPOCH] = (double)(view->epoch + 1);
    run->row[STEPS] = (double)view->steps;
    run->row[RATE] = view->rate;
    run->row[LOSS] = view->mean_loss;
    read_metrics(run, METRICS);
    tp_status status = run->o->validation.next ? validate(run, error) : TP_OK;
    tp_metrics_clear(run->o);
    if (status == TP_OK) status = look_at_monitor(run, error);
    if (status == TP_OK) status = tp_history_add(run->history, run->row, error);
    if (status != TP_OK) return status;
    tp_progress_epoch(&run->progress, view);
    status = tell(run, TP_FIT_EPOCH, error);
    if (status == TP_OK) status = step_schedule(run, error);
    if (status != TP_OK) return status;
    next_epoch(run);
    const int64_t every = run->o->snapshot_epochs ? run->o->snapshot_epochs : 1;
    return view->epoch % every == 0 ? tp_fit_save(run, error) : TP_OK;
}

/* ---- batches ---- */

static tp_status after_batch(tp_fit_run *run, bool *leave, tp_error *error)
{
    tp_status status = run->pending == run->accumulate ? tp_fit_step(run, error) : TP_OK;
    if (status != TP_OK) return status;
    update_times(run);
    tp_progress_batch(&run->progress, &run->view);
    status = tell(run, TP_FIT_BATCH, error);
    if (status != TP_OK || run->pending > 0) return status;
    *leave = asked_to_stop(run);
    const int64_t every = run->o->snapshot_steps;
    return every > 0 && run->view.steps % every == 0 ? tp_fit_save(run, error) : TP_OK;
}

static tp_status run_epoch(tp_fit_run *run, tp_error *error)
{
    const tp_feed *data = &run->o->data;
    run->epoch_begun = tp_seconds();
    for (bool leave = false; !leave;) {
        tp_batch batch = {0};
        tp_status status = data->next(data->user, &batch, error);
        if (status == TP_OK && batch.items == 0) break;
        if (status == TP_OK) status = tp_fit_batch(run, &batch, error);
        if (status == TP_OK) status = after_batch(run, &leave, error);
        if (status != TP_OK || leave) return status;
    }
    if (run->view.batch == 0) return tp_fail(error, TP_E_ARGUMENT, "the data has no batches");
    const tp_status status = run->pending > 0 ? tp_fit_step(run, error) : TP_OK;
    return status == TP_OK ? end_epoch(run, error) : status;
}

/* ---- the whole ---- */

static bool goes_on(tp_fit_run *run)
{
    run->out_of_patience = run->o->patience > 0 && run->bad_epochs >= run->o->patience;
    return run->view.epoch < run->o->epochs && !run->out_of_patience && !run->stopped;
}

static tp_status run_all(tp_fit_run *run, tp_error *error)
{
    tp_status status = tell(run, TP_FIT_BEGIN, error);
    while (status == TP_OK && goes_on(run)) {
        status = run_epoch(run, error);
        if (status == TP_OK && !run->stopped) asked_to_stop(run);
    }
    if (status == TP_OK) status = tp_fit_save(run, error);
    if (status == TP_OK && run->o->restore_best && run->best_epoch > 0)
        status = tp_module_load(run->o->module, run->o->best_path, true, error);
    return status;
}

static void fill_result(const tp_fit_run *run, tp_fit_result *result)
{
    const int64_t last = tp_history_rows(run->history) - 1;
    *result = (tp_fit_result){.epochs = run->view.epoch,
                              .steps = run->view.steps,
                              .loss = tp_history_at(run->history, last, LOSS),
                              .val_loss = tp_history_at(run->history, last, tp_history_find(run->history, "val_loss")),
                              .best = run->view.best,
                              .best_epoch = run->best_epoch,
                              .stopped = run->stopped,
                              .out_of_patience = run->out_of_patience};
}

tp_status tp_fit(const tp_fit_options *options, tp_fit_result *result, tp_error *error)
{
    tp_fit_run run;
    if (result) *result = (tp_fit_result){.loss = (double)NAN, .val_loss = (double)NAN, .best = (double)NAN};
    tp_error local = {.status = TP_OK};
    tp_status status = tp_fit_begin(&run, options, &local);
    if (status != TP_OK) {
        tp_fit_end(&run);
        return tp_fail(error, status, "%s", local.message);
    }
    const bool training = tp_module_is_training(options->module);
    tp_module_set_training(options->module, true);
    status = run_all(&run, &local);
    tp_progress_end(&run.progress);
    if (status != TP_OK)
        tp_fail(error, status, "tp_fit: epoch %" PRId64 ", batch %" PRId64 ": %.440s", run.view.epoch + 1,
                run.view.batch + 1, local.message);
    tp_error late = {.status = TP_OK};
    const tp_status ended = tell(&run, TP_FIT_END, &late);
    if (status == TP_OK && ended != TP_OK) status = tp_fail(error, ended, "tp_fit: %.480s", late.message);
    tp_optim_clear_grads(options->optim);
    tp_module_set_training(options->module, training);
    if (result) fill_result(&run, result);
    tp_fit_end(&run);
    return status;
}
