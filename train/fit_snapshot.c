/* What a run keeps: module, optimiser, schedule, generator, its counts and sums, metrics, the history. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "train/fit.h"

/* ---- counts and sums ---- */

enum { COUNTS = 7, SUMS = 4 };

static int64_t get_counts(void *user, void *numbers, int64_t n)
{
    const tp_fit_run *run = user;
    const int64_t counts[COUNTS] = {run->view.epoch, run->view.batch, run->view.steps, (int64_t)run->first_epoch,
                                    run->best_epoch, run->bad_epochs, run->columns};
    if (n > 0) memcpy(numbers, counts, sizeof(int64_t) * (size_t)(n < COUNTS ? n : COUNTS));
    return COUNTS;
}

static tp_status set_counts(void *user, const void *numbers, int64_t n, tp_error *error)
{
    tp_fit_run *run = user;
    const int64_t *counts = numbers;
    if (n != COUNTS) return tp_fail(error, TP_E_FORMAT, "%" PRId64 " numbers, not %d", n, COUNTS);
    for (int i = 0; i < COUNTS; i++)
        if (counts[i] < 0) return tp_fail(error, TP_E_FORMAT, "number %d is %" PRId64, i, counts[i]);
    if (counts[6] != run->columns)
        return tp_fail(error, TP_E_FORMAT, "that run had %" PRId64 " columns in its history, this one has %d",
                       counts[6], run->columns);
    run->view.epoch = counts[0];
    run->view.batch = counts[1];
    run->view.steps = counts[2];
    run->first_epoch = (uint64_t)counts[3];
    run->best_epoch = counts[4];
    run->bad_epochs = counts[5];
    return TP_OK;
}

static int64_t get_sums(void *user, void *numbers, int64_t n)
{
    const tp_fit_run *run = user;
    const double sums[SUMS] = {run->loss_sum, run->view.items, run->view.best, run->view.loss};
    if (n > 0) memcpy(numbers, sums, sizeof(double) * (size_t)(n < SUMS ? n : SUMS));
    return SUMS;
}

static tp_status set_sums(void *user, const void *numbers, int64_t n, tp_error *error)
{
    tp_fit_run *run = user;
    const double *sums = numbers;
    if (n != SUMS) return tp_fail(error, TP_E_FORMAT, "%" PRId64 " numbers, not %d", n, SUMS);
    run->loss_sum = sums[0];
    run->view.items = sums[1];
    run->view.best = sums[2];
    run->view.loss = sums[3];
    if (run->view.items > 0) run->view.mean_loss = run->loss_sum / run->view.items;
    return TP_OK;
}

/* ---- the history, row by row ---- */

static int64_t get_history(void *user, void *numbers, int64_t n)
{
    const tp_fit_run *run = user;
    const int64_t count = tp_history_rows(run->history) * run->columns;
    if (n > 0) memcpy(numbers, tp_history_row(run->history, 0), sizeof(double) * (size_t)(n < count ? n : count));
    return count;
}

static tp_status set_history(void *user, const void *numbers, int64_t n, tp_error *error)
{
    tp_fit_run *run = user;
    const double *row = numbers;
    if (n % run->columns != 0)
        return tp_fail(error, TP_E_FORMAT, "%" PRId64 " numbers are no rows of %d", n, run->columns);
    const tp_status status = tp_history_reserve(run->history, n / run->columns, error);
    if (status != TP_OK) return status;
    tp_history_truncate(run->history, 0);
    for (int64_t i = 0; i < n; i += run->columns) tp_history_add(run->history, row + i, NULL);
    if (n > 0) memcpy(run->row, row + n - run->columns, (size_t)run->columns * sizeof(double));
    return TP_OK;
}

/* ---- the snapshot ---- */

/* Parameters that are in no module. */
static tp_status add_parameters(tp_fit_run *run, tp_error *error)
{
    for (size_t i = 0; i < run->parameter_count; i++) {
        char name[40];
        snprintf(name, sizeof name, "parameter.%zu", i);
        const tp_status status = tp_snapshot_has(run->snapshot, run->parameters[i])
                                     ? TP_OK
                                     : tp_snapshot_add_tensor(run->snapshot, name, run->parameters[i], error);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status add_metrics(tp_fit_run *run, tp_error *error)
{
    for (int i = 0; i < run->o->metric_count; i++) {
        const tp_metric *m = &run->o->metrics[i];
        bool first = true;
        for (int k = 0; k < i; k++) first = first && run->o->metrics[k].state != m->state;
        if (!first || !m->sums) continue;
        char name[TP_HISTORY_NAME + 16];
        snprintf(name, sizeof name, "fit.metric.%.63s", m->name);
        const tp_status status = tp_snapshot_add_numbers(run->snapshot, name, m->sums, m->sum_count, error);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

tp_status tp_fit_snapshot_make(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    tp_snapshot *s = run->snapshot = tp_snapshot_new(o->memory, error);
    if (!s) return TP_E_MEMORY;
    const tp_snapshot_list counts = {TP_I64, get_counts, set_counts, run};
    const tp_snapshot_list sums = {TP_F64, get_sums, set_sums, run}, rows = {TP_F64, get_history, set_history, run};
    tp_status status = o->module ? tp_snapshot_add_module(s, "model", o->module, error) : TP_OK;
    if (status == TP_OK) status = add_parameters(run, error);
    if (status == TP_OK) status = tp_snapshot_add_optim(s, "optim", o->optim, error);
    if (status == TP_OK && o->schedule) status = tp_snapshot_add_schedule(s, "schedule", o->schedule, error);
    if (status == TP_OK) status = tp_snapshot_add_tape(s, "tape", run->tape, error);
    if (status == TP_OK) status = tp_snapshot_add_list(s, "fit.counts", &counts, error);
    if (status == TP_OK) status = tp_snapshot_add_list(s, "fit.sums", &sums, error);
    if (status == TP_OK) status = tp_snapshot_add_list(s, "fit.history", &rows, error);
    if (status == TP_OK) status = add_metrics(run, error);
    if (status == TP_OK && o->snapshot_add) status = o->snapshot_add(s, o->snapshot_user, error);
    return status;
}

tp_status tp_fit_save(tp_fit_run *run, tp_error *error)
{
    if (!run->snapshot || (run->saved_epoch == run->view.epoch && run->saved_batch == run->view.batch)) return TP_OK;
    const tp_status status = tp_snapshot_save(run->snapshot, run->o->snapshot, error);
    if (status != TP_OK) return status;
    run->saved_epoch = run->view.epoch;
    run->saved_batch = run->view.batch;
    return TP_OK;
}

tp_status tp_fit_resume(tp_fit_run *run, tp_error *error)
{
    if (access(run->o->snapshot, F_OK) != 0 && errno == ENOENT) return TP_OK;
    tp_status status = tp_snapshot_load(run->snapshot, run->o->snapshot, error);
    if (status != TP_OK) return status;
    run->view.resumed = true;
    run->saved_epoch = run->view.epoch;
    run->saved_batch = run->view.batch;
    const tp_feed *data = &run->o->data;
    const tp_data_position at = {run->first_epoch + (uint64_t)run->view.epoch, run->view.batch};
    return data->seek(data->user, at, error);
}
