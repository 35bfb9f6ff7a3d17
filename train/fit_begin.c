/* A run is set up and taken down: options, the columns of its history, tape, files. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "train/fit.h"

enum { FIXED_COLUMNS = 4, MOST_METRICS = 64, ROWS_AT_ONCE = 4096 };

static tp_status check_counts(const tp_fit_options *o, tp_error *error)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"epochs", (double)o->epochs},
                   {"accumulate", (double)o->accumulate},
                   {"validate_every", (double)o->validate_every},
                   {"patience", (double)o->patience},
                   {"snapshot_epochs", (double)o->snapshot_epochs},
                   {"snapshot_steps", (double)o->snapshot_steps},
                   {"callback_count", o->callback_count},
                   {"clip_norm", o->clip_norm},
                   {"clip_value", o->clip_value},
                   {"least", o->least}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= 0 && numbers[i].value < HUGE_VAL))
            return tp_fail(error, TP_E_ARGUMENT, "tp_fit: %s is %g", numbers[i].name, numbers[i].value);
    return TP_OK;
}

static tp_status check_options(const tp_fit_options *o, tp_error *error)
{
    if (!o) return tp_fail(error, TP_E_ARGUMENT, "tp_fit: the options are NULL");
    tp_status status = tp_metrics_check("tp_fit", o, error);
    if (status == TP_OK) status = check_counts(o, error);
    if (status != TP_OK) return status;
    const char *wrong = NULL;
    if (!o->optim)
        wrong = "there is no optimiser";
    else if (!o->data.next)
        wrong = "there is no data";
    else if (o->callback_count > 0 && !o->callbacks)
        wrong = "the callbacks are NULL";
    else if (o->metric_count > MOST_METRICS)
        wrong = "there are more than 64 metrics";
    else if (o->best_path && !o->module)
        wrong = "best_path wants a module";
    else if (o->restore_best && !o->best_path)
        wrong = "restore_best wants best_path";
    else if (o->resume && !o->snapshot)
        wrong = "resume wants the path of a snapshot";
    else if (o->snapshot && !o->data.seek)
        wrong = "snapshots want data with seek";
    for (int i = 0; !wrong && i < o->callback_count; i++)
        if (!o->callbacks[i].call) wrong = "a callback is NULL";
    return wrong ? tp_fail(error, TP_E_ARGUMENT, "tp_fit: %s", wrong) : TP_OK;
}

/* ---- the history ---- */

static tp_status make_columns(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    static const char *const fixed[FIXED_COLUMNS] = {"epoch", "steps", "rate", "loss"};
    const char *names[FIXED_COLUMNS + 1 + 2 * MOST_METRICS];
    char val_names[MOST_METRICS][TP_HISTORY_NAME + 1];
    int n = 0;
    while (n < FIXED_COLUMNS) {
        names[n] = fixed[n];
        n++;
    }
    for (int i = 0; i < o->metric_count; i++) names[n++] = o->metrics[i].name;
    if (o->validation.next) {
        names[n++] = "val_loss";
        for (int i = 0; i < o->metric_count; i++) {
            snprintf(val_names[i], sizeof val_names[i], "val_%.59s", o->metrics[i].name);
            names[n++] = val_names[i];
        }
    }
    run->columns = n;
    return tp_history_set_columns(run->history, n, names, error);
}

/* Which column is watched, and whether larger is better. */
static tp_status find_monitor(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    const char *name = o->monitor ? o->monitor : o->validation.next ? "val_loss" : "loss";
    run->monitor = tp_history_find(run->history, name);
    if (run->monitor < FIXED_COLUMNS - 1)
        return tp_fail(error, TP_E_ARGUMENT, "tp_fit: there is no column %.80s to watch", name);
    const int metrics = o->metric_count, past = run->monitor - FIXED_COLUMNS;
    const int metric = past < metrics ? past : past - metrics - 1;
    run->larger = metric >= 0 && o->metrics[metric].larger;
    run->view.best = (double)NAN;
    return TP_OK;
}

static tp_status make_history(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    run->history = o->history ? o->history : tp_history_new(0, NULL, o->memory, error);
    run->own_history = !o->history;
    if (!run->history) return TP_E_MEMORY;
    tp_status status = make_columns(run, error);
    if (status == TP_OK) status = find_monitor(run, error);
    const int64_t rows = o->epochs < ROWS_AT_ONCE ? o->epochs : ROWS_AT_ONCE;
    if (status == TP_OK) status = tp_history_reserve(run->history, rows, error);
    run->view.history = run->history;
    return status;
}

static tp_status open_logs(tp_fit_run *run, tp_error *error)
{
    const char *const paths[2] = {[TP_CSV] = run->o->csv_path, [TP_JSON_LINES] = run->o->jsonl_path};
    for (int k = 0; k < 2; k++) {
        if (!paths[k]) continue;
        errno = 0;
        run->files[k] = fopen(paths[k], "w");
        if (!run->files[k])
            return tp_fail(error, TP_E_IO, "tp_fit: cannot write to %.200s: %s", paths[k], strerror(errno));
        const tp_status status = tp_history_log(run->history, (tp_history_format)k, run->files[k], error);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

/* ---- all of it ---- */

static const tp_allocator *memory_of(const tp_fit_run *run)
{
    return run->o->memory ? run->o->memory : &tp_default_allocator;
}

static tp_status take_memory(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    const tp_tape_options made = {.memory = o->memory, .threads = o->threads, .seed = o->seed};
    run->tape = o->tape ? o->tape : tp_tape_new(&made);
    run->own_tape = !o->tape;
    run->row = tp_allocate_zeroed(memory_of(run), (size_t)run->columns * sizeof(double));
    run->parameter_count = tp_optim_parameter_count(o->optim);
    run->parameters = tp_allocate_zeroed(memory_of(run), (run->parameter_count + 1) * sizeof(tp_tensor *));
    if (!run->tape || !run->row || !run->parameters)
        return tp_fail(error, TP_E_MEMORY, "tp_fit: out of memory for the run");
    tp_optim_parameters(o->optim, run->parameters, run->parameter_count);
    return TP_OK;
}

/* The epoch of the data in which the first epoch of the run begins. */
static tp_status find_place(tp_fit_run *run, tp_error *error)
{
    const tp_feed *data = &run->o->data;
    if (data->position) {
        const tp_data_position at = data->position(data->user);
        run->first_epoch = at.epoch + (data->batches > 0 && at.batch >= data->batches);
    }
    return data->seek ? data->seek(data->user, (tp_data_position){run->first_epoch, 0}, error) : TP_OK;
}

tp_status tp_fit_begin(tp_fit_run *run, const tp_fit_options *options, tp_error *error)
{
    *run = (tp_fit_run){.o = options, .saved_batch = -1, .saved_epoch = -1};
    tp_status status = check_options(options, error);
    if (status != TP_OK) {
        run->o = NULL;
        return status;
    }
    run->accumulate = options->accumulate ? options->accumulate : 1;
    status = make_history(run, error);
    if (status == TP_OK) status = take_memory(run, error);
    if (status != TP_OK) return status;
    tp_fit_view *view = &run->view;
    view->epochs = options->epochs;
    view->batches = options->data.batches;
    view->values = run->row;
    view->monitored = view->left = view->loss = view->mean_loss = (double)NAN;
    view->tape = run->tape;
    view->module = options->module;
    view->optim = options->optim;
    tp_metrics_clear(options);
    tp_optim_clear_grads(options->optim);
    if (options->snapshot) status = tp_fit_snapshot_make(run, error);
    if (status == TP_OK) status = find_place(run, error);
    if (status == TP_OK && options->resume) status = tp_fit_resume(run, error);
    if (status == TP_OK) status = open_logs(run, error);
    if (status == TP_OK && options->catch_interrupt) {
        status = tp_interrupt_catch(error);
        run->catching = status == TP_OK;
    }
    view->rate = tp_optim_rate(options->optim, 0);
    tp_progress_begin(&run->progress, options->out, options->show);
    run->begun = tp_seconds();
    return status;
}

void tp_fit_end(tp_fit_run *run)
{
    if (!run->o) return;
    if (run->catching) tp_interrupt_release();
    for (int k = 0; k < 2; k++) {
        if (!run->files[k]) continue;
        tp_history_log(run->history, (tp_history_format)k, NULL, NULL);
        fclose(run->files[k]);
    }
    tp_snapshot_free(run->snapshot);
    if (run->own_history) tp_history_free(run->history);
    if (run->own_tape)
        tp_tape_free(run->tape);
    else
        tp_tape_reset(run->tape);
    tp_deallocate(memory_of(run), run->row, (size_t)run->columns * sizeof(double));
    tp_deallocate(memory_of(run), run->parameters, (run->parameter_count + 1) * sizeof(tp_tensor *));
}
