/* A batch: recorded or replayed, walked back, and the optimiser's step. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include <tapir/ops.h>

#include "train/fit.h"

double tp_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the loss of a batch ---- */

static tp_status tape_status(tp_tape *tape, tp_error *error)
{
    const tp_status status = tp_tape_status(tape);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "%.500s", tp_tape_error(tape));
}

tp_status tp_fit_record(const tp_fit_options *o, tp_tape *tape, const tp_batch *batch, tp_var *loss, tp_var *output,
                        tp_error *error)
{
    tp_tape_reset(tape);
    *output = tp_none();
    if (o->step) {
        *loss = o->step(tape, batch, output, o->user);
    } else {
        if (batch->fields < 2)
            return tp_fail(error, TP_E_ARGUMENT, "a loss wants two fields, there are %d", batch->fields);
        *output = tp_module_forward(o->module, tp_data(tape, batch->field[0]));
        *loss = o->loss(*output, tp_data(tape, batch->field[1]), TP_MEAN);
    }
    const tp_status status = tape_status(tape, error);
    if (status != TP_OK) return status;
    if (!tp_ok(*loss) || loss->tape != tape || tp_var_rank(*loss) != 0)
        return tp_fail(error, TP_E_ARGUMENT, "the loss is no scalar on the tape of the run");
    return TP_OK;
}

static bool same_tensors(const tp_batch *a, const tp_batch *b)
{
    bool same = a->fields == b->fields;
    for (int k = 0; same && k < a->fields; k++) same = a->field[k] == b->field[k];
    return same;
}

/* The values of the batch on the tape. */
static tp_status forward(tp_fit_run *run, const tp_batch *batch, tp_error *error)
{
    if (run->recorded && run->o->replay && same_tensors(&run->batch, batch)) {
        const tp_status status = tp_replay(run->tape, TP_REPLAY_ADVANCE);
        if (status == TP_OK) return TP_OK;
        if (status != TP_E_GUARD) return tape_status(run->tape, error);
    }
    run->recorded = false;
    const tp_status status = tp_fit_record(run->o, run->tape, batch, &run->loss, &run->output, error);
    if (status != TP_OK) return status;
    run->scaled = run->accumulate > 1 ? tp_muls(run->loss, 1 / (double)run->accumulate) : run->loss;
    run->batch = *batch;
    run->recorded = true;
    return TP_OK;
}

tp_status tp_fit_batch(tp_fit_run *run, const tp_batch *batch, tp_error *error)
{
    tp_status status = forward(run, batch, error);
    if (status != TP_OK) return status;
    const double loss = tp_item(run->loss);
    if (!isfinite(loss)) return tp_fail(error, TP_E_NUMERIC, "the loss is %g", loss);
    if (tp_backward(run->scaled) != TP_OK) return tape_status(run->tape, error);
    status = tp_metrics_add(run->o, run->output, batch, error);
    if (status != TP_OK) return status;
    tp_fit_view *view = &run->view;
    view->loss = loss;
    view->items += (double)batch->items;
    view->seen_here += (double)batch->items;
    run->loss_sum += loss * (double)batch->items;
    view->mean_loss = run->loss_sum / view->items;
    view->batch++;
    run->batches_done++;
    run->pending++;
    return TP_OK;
}

/* ---- the step ---- */

/* The mean of a last group that is smaller; clipping. */
static tp_status finish_gradients(tp_fit_run *run, tp_error *error)
{
    const tp_fit_options *o = run->o;
    tp_tensor *const *parameters = run->parameters;
    const size_t n = run->parameter_count;
    tp_status status = TP_OK;
    if (run->pending < run->accumulate)
        status = tp_scale_gradients(parameters, n, (double)run->accumulate / (double)run->pending, error);
    if (status == TP_OK && o->clip_norm > 0) {
        const tp_clip_options refuse = {.error_nonfinite = true};
        if (isnan(tp_clip_gradient_norm(parameters, n, o->clip_norm, &refuse, error))) status = error->status;
    }
    if (status == TP_OK && o->clip_value > 0) status = tp_clip_gradient_value(parameters, n, o->clip_value, error);
    return status;
}

tp_status tp_fit_step(tp_fit_run *run, tp_error *error)
{
    tp_optim *optim = run->o->optim;
    tp_status status = finish_gradients(run, error);
    if (status != TP_OK) return status;
    run->pending = 0;
    status = tp_optim_step(optim);
    if (status != TP_OK) return tp_fail(error, status, "the %s refuses to step", tp_optim_name(optim));
    tp_optim_clear_grads(optim);
    run->view.steps++;
    if (run->o->schedule && run->o->schedule_by_step) {
        status = tp_schedule_step_metric(run->o->schedule, run->view.loss);
        if (status != TP_OK) return tp_fail(error, status, "the schedule refuses to step");
    }
    run->view.rate = tp_optim_rate(optim, 0);
    return TP_OK;
}
