/* tp_minimize: options, memory, evaluation, and when to end. */
#include "optim/minimize.h"

#include <string.h>

#include "core/memory.h"

static const tp_minimizer *const minimizers[] = {
    [TP_LBFGS] = &tp_minimizer_lbfgs,
    [TP_CONJUGATE_GRADIENTS] = &tp_minimizer_cg,
    [TP_NEWTON_CG] = &tp_minimizer_newton,
    [TP_LEVENBERG_MARQUARDT] = &tp_minimizer_lm,
};

enum { METHODS = sizeof minimizers / sizeof *minimizers };

const char *tp_minimize_end_name(tp_minimize_end end)
{
    static const char *const names[] = {"gradient", "change", "rounding", "limit", "stopped"};
    return (unsigned)end < sizeof names / sizeof *names ? names[end] : "";
}

static bool all_finite(int64_t n, const double *g)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += g[i] * 0;
    return sum == 0;
}

double tp_search_at(tp_search *s, const double *x, double *g)
{
    s->result->evaluations++;
    tp_status status = tp_objective_at(s->o, x);
    if (status == TP_OK && g) status = tp_objective_gradient(s->o, g);
    if (status != TP_OK) {
        if (status != TP_E_NUMERIC) s->status = status;
        return HUGE_VAL;
    }
    const double value = tp_objective_value(s->o);
    return isfinite(value) && (!g || all_finite(s->n, g)) ? value : HUGE_VAL;
}

bool tp_search_flat(tp_search *s)
{
    double most = 0;
    for (int64_t i = 0; i < s->n; i++) most = fmax(most, fabs(s->g[i]));
    s->result->gradient = most;
    return most <= s->options->gradient;
}

bool tp_search_ends(tp_search *s, double before, tp_minimize_end *end)
{
    const tp_minimize_options *options = s->options;
    s->result->iterations++;
    s->result->value = s->value;
    const bool flat = tp_search_flat(s);
    if (options->progress && !options->progress(s->result, s->x, options->user))
        *end = TP_END_STOPPED;
    else if (flat)
        *end = TP_END_GRADIENT;
    else if (before - s->value <= options->change * fabs(s->value))
        *end = TP_END_CHANGE;
    else if (s->result->iterations >= options->iterations || s->result->evaluations >= options->evaluations)
        *end = TP_END_LIMIT;
    else
        return false;
    return true;
}

static tp_status fill_in(tp_minimize_options *full, const tp_minimize_options *given, tp_error *error)
{
    *full = given ? *given : (tp_minimize_options){0};
    if (full->history == 0) full->history = 10;
    if (full->iterations == 0) full->iterations = 1000;
    if (full->evaluations == 0)
        full->evaluations = full->iterations < INT64_MAX / 20 ? 20 * full->iterations : INT64_MAX;
    if (full->gradient == 0) full->gradient = 1e-8;
    if (full->change == 0) full->change = 1e-15;
    if (full->radius == 0) full->radius = 1;
    if ((unsigned)full->method >= METHODS)
        return tp_fail(error, TP_E_ARGUMENT, "tp_minimize: no method %d", (int)full->method);
    if (full->history < 0 || full->iterations < 0 || full->evaluations < 0)
        return tp_fail(error, TP_E_ARGUMENT, "tp_minimize: history %d, iterations %lld, evaluations %lld",
                       full->history, (long long)full->iterations, (long long)full->evaluations);
    if (isnan(full->gradient) || isnan(full->change) || !(full->radius > 0) || isinf(full->radius))
        return tp_fail(error, TP_E_ARGUMENT, "tp_minimize: gradient %g, change %g, radius %g", full->gradient,
                       full->change, full->radius);
    return TP_OK;
}

static tp_status failed(const tp_search *s, tp_status status, tp_error *error)
{
    const char *why = tp_objective_error(s->o);
    return tp_fail(error, status, "tp_minimize: %s", *why ? why : tp_status_name(status));
}

/* The start: f has to have as many elements as the method wants. */
static tp_status begin(tp_search *s, const double *x, tp_error *error)
{
    s->status = tp_objective_at(s->o, x);
    if (s->status != TP_OK) return failed(s, s->status, error);
    s->m = tp_objective_count(s->o);
    const bool residuals = s->options->method == TP_LEVENBERG_MARQUARDT;
    if (!residuals && s->m != 1)
        return tp_fail(error, TP_E_SHAPE, "tp_minimize: f has %lld elements: only TP_LEVENBERG_MARQUARDT takes several",
                       (long long)s->m);
    return TP_OK;
}

static tp_status go(tp_search *s, double *x, tp_error *error)
{
    const bool residuals = s->options->method == TP_LEVENBERG_MARQUARDT;
    memcpy(s->x, x, (size_t)s->n * sizeof *x);
    s->value = residuals ? 0 : tp_search_at(s, s->x, s->g);
    if (s->status == TP_OK && s->value == HUGE_VAL)
        return tp_fail(error, TP_E_NUMERIC, "tp_minimize: f or its gradient is not finite at the start");
    s->result->value = s->value;
    s->result->end = TP_END_GRADIENT;
    if (s->status == TP_OK && (residuals || !tp_search_flat(s)))
        s->result->end = minimizers[s->options->method]->run(s);
    if (s->status != TP_OK && (!error || error->status == TP_OK)) failed(s, s->status, error);
    memcpy(x, s->x, (size_t)s->n * sizeof *x);
    const tp_status last = tp_objective_at(s->o, s->x);
    return s->status != TP_OK ? s->status : last;
}

tp_status tp_minimize(tp_objective *o, double *x, const tp_minimize_options *options, tp_minimize_result *result,
                      tp_error *error)
{
    tp_minimize_result own;
    tp_minimize_options full;
    if (!result) result = &own;
    *result = (tp_minimize_result){.value = (double)NAN, .gradient = (double)NAN};
    if (error) *error = (tp_error){TP_OK, ""};
    if (!o) return tp_fail(error, TP_E_ARGUMENT, "tp_minimize: the objective is NULL");
    tp_status status = fill_in(&full, options, error);
    if (status != TP_OK) return status;
    tp_search s = {.o = o, .options = &full, .result = result, .n = tp_objective_size(o)};
    status = begin(&s, x, error);
    if (status != TP_OK) return status;

    const tp_allocator *memory = full.memory ? full.memory : &tp_default_allocator;
    const size_t n = (size_t)s.n;
    size_t bytes, numbers = minimizers[full.method]->work(&s);
    if (numbers == SIZE_MAX || numbers > SIZE_MAX - 5 * n - 1 ||
        !tp_size_mul(numbers + 5 * n + 1, sizeof(double), &bytes))
        return tp_fail(error, TP_E_LIMIT, "tp_minimize: %lld unknowns, %lld residuals", (long long)s.n, (long long)s.m);
    s.x = tp_allocate_zeroed(memory, bytes);
    if (!s.x) return tp_fail(error, TP_E_MEMORY, "tp_minimize: no memory for %zu bytes", bytes);
    s.g = s.x + n;
    s.trial = s.g + n;
    s.trial_g = s.trial + n;
    double *start = s.trial_g + n;
    s.work = start + n;
    double *const block = s.x;
    tp_objective_point(o, start);
    status = go(&s, x ? x : start, error);
    tp_deallocate(memory, block, bytes);
    return status;
}
