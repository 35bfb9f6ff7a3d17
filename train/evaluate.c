/* A pass over data without gradients; metrics over a pass. */
#include <inttypes.h>
#include <math.h>

#include "train/fit.h"

tp_status tp_metrics_check(const char *name, const tp_fit_options *o, tp_error *error)
{
    if (o->metric_count < 0 || (o->metric_count > 0 && !o->metrics))
        return tp_fail(error, TP_E_ARGUMENT, "%s: %d metrics%s", name, o->metric_count,
                       o->metrics ? "" : ", and they are NULL");
    for (int i = 0; i < o->metric_count; i++) {
        const tp_metric *m = &o->metrics[i];
        if (!m->name || !m->add || !m->value || !m->clear || !m->state)
            return tp_fail(error, TP_E_ARGUMENT, "%s: metric %d has no %s", name, i,
                           !m->name    ? "name"
                           : !m->add   ? "add"
                           : !m->value ? "value"
                           : !m->clear ? "clear"
                                       : "state");
    }
    if (!o->step && (!o->module || !o->loss))
        return tp_fail(error, TP_E_ARGUMENT, "%s: there is no step, and no %s", name, o->module ? "loss" : "module");
    return TP_OK;
}

/* Two metrics may look at one state, which gets each batch once. */
static bool is_first_of_state(const tp_fit_options *o, int i)
{
    for (int k = 0; k < i; k++)
        if (o->metrics[k].state == o->metrics[i].state) return false;
    return true;
}

void tp_metrics_clear(const tp_fit_options *o)
{
    for (int i = 0; i < o->metric_count; i++) o->metrics[i].clear(o->metrics[i].state);
}

tp_status tp_metrics_add(const tp_fit_options *o, tp_var output, const tp_batch *batch, tp_error *error)
{
    if (o->metric_count == 0) return TP_OK;
    const tp_tensor *value = tp_value(output);
    if (!value) return tp_fail(error, TP_E_ARGUMENT, "the step gives metrics no output to look at");
    if (batch->fields < 2) return tp_fail(error, TP_E_ARGUMENT, "metrics want field 1, there are %d", batch->fields);
    for (int i = 0; i < o->metric_count; i++) {
        const tp_metric *m = &o->metrics[i];
        const tp_status status = is_first_of_state(o, i) ? m->add(m->state, value, batch->field[1], error) : TP_OK;
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status run_pass(const tp_fit_options *o, tp_tape *tape, const tp_feed *data, double *loss, tp_error *error)
{
    double sum = 0, items = 0;
    for (int64_t n = 0;; n++) {
        tp_batch batch = {0};
        tp_error local = {.status = TP_OK};
        tp_var recorded, output;
        tp_status status = data->next(data->user, &batch, &local);
        if (status == TP_OK && batch.items == 0) break;
        if (status == TP_OK) status = tp_fit_record(o, tape, &batch, &recorded, &output, &local);
        if (status == TP_OK) status = tp_metrics_add(o, output, &batch, &local);
        if (status != TP_OK)
            return tp_fail(error, status, "evaluation, batch %" PRId64 ": %.440s", n + 1, local.message);
        sum += tp_item(recorded) * (double)batch.items;
        items += (double)batch.items;
    }
    *loss = items > 0 ? sum / items : (double)NAN;
    return TP_OK;
}

tp_status tp_pass(const tp_fit_options *o, tp_tape *tape, const tp_feed *data, double *loss, tp_error *error)
{
    tp_metrics_clear(o);
    if (data->seek) {
        const tp_status status = data->seek(data->user, (tp_data_position){0, 0}, error);
        if (status != TP_OK) return status;
    }
    const bool grad = tp_tape_set_grad(tape, false), training = tp_module_is_training(o->module);
    tp_module_set_training(o->module, false);
    const tp_status status = run_pass(o, tape, data, loss, error);
    tp_module_set_training(o->module, training);
    tp_tape_set_grad(tape, grad);
    tp_tape_reset(tape);
    return status;
}

tp_status tp_evaluate(const tp_fit_options *options, const tp_feed *data, double *loss, tp_error *error)
{
    if (!options || !data || !data->next)
        return tp_fail(error, TP_E_ARGUMENT, "tp_evaluate: %s", options ? "there is no data" : "the options are NULL");
    tp_error local = {.status = TP_OK};
    double mean = (double)NAN;
    tp_status status = tp_metrics_check("tp_evaluate", options, error);
    if (status != TP_OK) return status;
    const tp_tape_options made = {.memory = options->memory, .threads = options->threads, .seed = options->seed};
    tp_tape *tape = options->tape ? options->tape : tp_tape_new(&made);
    status = tape ? tp_pass(options, tape, data, &mean, &local) : tp_fail(&local, TP_E_MEMORY, "out of memory");
    if (tape != options->tape) tp_tape_free(tape);
    if (status != TP_OK) return tp_fail(error, status, "tp_evaluate: %.480s", local.message);
    if (loss) *loss = mean;
    return TP_OK;
}
