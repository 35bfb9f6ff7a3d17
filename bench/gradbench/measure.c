/* Running a function of an eval as often as a message asks for, and timing it. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/gradbench/gradbench.h"

enum { MOST_RUNS = 50000000 }; /* the answer has some 40 bytes for each */

#define EVAL(name) &gb_##name,
static const gb_eval *const evals[] = {
#include "bench/gradbench/evals.def"
};
#undef EVAL

const gb_eval *gb_eval_find(const char *name)
{
    for (size_t i = 0; i < sizeof evals / sizeof *evals; i++)
        if (!strcmp(evals[i]->name, name)) return evals[i];
    return NULL;
}

int gb_function_find(const gb_eval *eval, const char *name)
{
    for (int i = 0; i < GB_FUNCTIONS && eval->functions[i].name; i++)
        if (!strcmp(eval->functions[i].name, name)) return i;
    return -1;
}

static int64_t nanoseconds(const gb_options *options)
{
    struct timespec now;
    clock_gettime(options->processor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool add_run(gb_measured *measured, int64_t time)
{
    if (measured->count == MOST_RUNS) return false;
    if (measured->count == measured->room) {
        const int64_t room = 2 * measured->room + 64;
        int64_t *runs = realloc(measured->runs, (size_t)room * sizeof *runs);
        if (!runs) return false;
        measured->runs = runs, measured->room = room;
    }
    measured->runs[measured->count++] = time;
    return true;
}

static tp_status run_often(const gb_eval *eval, int function, void *problem, double min_runs, double min_seconds,
                           const gb_options *options, gb_measured *measured, tp_error *error)
{
    int64_t total = 0;
    measured->prepare = -1;
    if (eval->prepare) {
        const int64_t start = nanoseconds(options);
        const tp_status status = eval->prepare(problem, function, error);
        if (status != TP_OK) return status;
        measured->prepare = nanoseconds(options) - start;
    }
    while ((double)measured->count < min_runs || (double)total < min_seconds * 1e9) {
        const int64_t start = nanoseconds(options);
        const tp_status status = eval->run(problem, function, error);
        const int64_t time = nanoseconds(options) - start;
        if (status != TP_OK) return status;
        if (!add_run(measured, time)) return gb_fail(error, TP_E_MEMORY, "no room for the times of more runs");
        total += time;
    }
    return TP_OK;
}

static tp_status finish(const gb_eval *eval, int function, const void *problem, gb_measured *measured, tp_error *error)
{
    eval->write(problem, function, &measured->output);
    if (measured->output.short_of_memory) return gb_fail(error, TP_E_MEMORY, "no memory for the output");
    if (measured->output.not_finite) return gb_fail(error, TP_E_NUMERIC, "the result holds NaN or an infinite number");
    if (eval->tape) measured->tape_bytes = tp_tape_stats(eval->tape(problem)).total.peak;
    return TP_OK;
}

tp_status gb_measure(const gb_eval *eval, int function, const json_t *input, const gb_options *options,
                     gb_measured *measured, tp_error *error)
{
    double min_runs = 1, min_seconds = 0;
    *measured = (gb_measured){.prepare = -1};
    *error = (tp_error){.status = TP_E_FORMAT};
    if (json_object_get(input, "min_runs") && !gb_read_number(input, "min_runs", &min_runs, error))
        return error->status;
    if (json_object_get(input, "min_seconds") && !gb_read_number(input, "min_seconds", &min_seconds, error))
        return error->status;
    if (min_runs > MOST_RUNS) return gb_fail(error, TP_E_LIMIT, "\"min_runs\" is more than %d", MOST_RUNS);
    if (min_runs < 1) min_runs = 1;
    void *problem = eval->parse(input, options, error);
    if (!problem) return error->status;
    tp_status status = run_often(eval, function, problem, min_runs, min_seconds, options, measured, error);
    if (status == TP_OK) status = finish(eval, function, problem, measured, error);
    eval->free(problem);
    return status;
}

static int by_length(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double gb_short_ms(gb_measured *measured)
{
    if (measured->count == 0) return 0;
    qsort(measured->runs, (size_t)measured->count, sizeof *measured->runs, by_length);
    return (double)measured->runs[measured->count / 20] / 1e6;
}

void gb_measured_free(gb_measured *measured)
{
    gb_text_free(&measured->output);
    free(measured->runs);
    *measured = (gb_measured){.prepare = -1};
}
