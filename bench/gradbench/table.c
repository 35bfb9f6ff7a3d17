/* A line of the table: a workload measured, and beside it what others reach. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gradbench/table.h"

void gb_table_head(void)
{
    printf("%-9s %-22s %-9s %10s %10s %7s %9s %-9s  %7s %7s\n", "", "", "", "primal", "derivative", "", "tape", "tape",
           "their", "by hand");
    printf("%-9s %-22s %-9s %10s %10s %7s %9s %-9s  %7s %7s\n", "eval", "workload", "function", "ms", "ms", "ratio",
           "KiB", "is", "ratio", "ratio");
}

typedef struct goal {
    const char *eval, *workload;
    double primal;
    const char *tool;
    double derivative, by_hand;
} goal;

#define GOAL(eval, ...) {#eval, __VA_ARGS__},
static const goal goals[] = {
#include "bench/gradbench/goals.def"
};
#undef GOAL

json_t *gb_load(const char *file)
{
    json_error_t wrong;
    json_t *input = json_load_file(file, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
    if (!input) fprintf(stderr, "gradbench-tapir: %s: %s\n", file, wrong.text);
    return input;
}

static const goal *goal_of(const char *eval, const char *workload)
{
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++)
        if (!strcmp(goals[i].eval, eval) && !strcmp(goals[i].workload, workload)) return &goals[i];
    return NULL;
}

/* Ours over the primal, and the same of the best tool and of the code written by hand. */
static void print_goal(const goal *g, double primal, double ms)
{
    if (!g) return;
    if (g->primal > 0 && primal > 0)
        printf("  %7.2f %7.2f %-8s", g->derivative / g->primal, g->by_hand / g->primal, g->tool);
    else
        printf("  %7.2f %7s %-8s", g->derivative, "", g->tool);
    printf(" %s", ms < g->derivative ? "met" : "not met");
}

static int measure_function(const gb_eval *eval, int function, const char *name, const json_t *input,
                            const gb_options *options, double *primal)
{
    gb_measured measured;
    tp_error error;
    const tp_status status = gb_measure(eval, function, input, options, &measured, &error);
    const double ms = gb_mean_ms(&measured);
    const bool variants = eval->functions[2].name; /* particle and saddle: no primal, four ways to one number */
    if (status != TP_OK) {
        printf("%-9s %-22s %-9s %s\n", eval->name, name, eval->functions[function].name, error.message);
    } else if (function == 0 && !variants) {
        *primal = ms;
    } else {
        printf("%-9s %-22s %-9s %10.4f %10.4f %7.2f %9.1f %-9s", eval->name, name, eval->functions[function].name,
               *primal, ms, *primal > 0 ? ms / *primal : 0, (double)measured.tape_bytes / 1024,
               eval->functions[function].tape);
        print_goal(goal_of(eval->name, name), *primal, ms);
        putchar('\n');
    }
    fflush(stdout);
    gb_measured_free(&measured);
    return status == TP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int gb_table(const char *eval_name, const char *name, const char *file, const gb_options *options)
{
    const gb_eval *eval = gb_eval_find(eval_name);
    json_t *input = eval ? gb_load(file) : NULL;
    double primal = 0;
    int status = input ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!eval) fprintf(stderr, "gradbench-tapir: there is no eval \"%s\"\n", eval_name);
    for (int i = 0; input && i < GB_FUNCTIONS && eval->functions[i].name; i++)
        if (measure_function(eval, i, name, input, options, &primal) != EXIT_SUCCESS) status = EXIT_FAILURE;
    json_decref(input);
    return status;
}
