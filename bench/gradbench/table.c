/* A line of the table: a workload measured, and beside it what others reach. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gradbench/plain.h"
#include "bench/gradbench/table.h"

/* Times are the processor's, of the short runs; the ratios are to the plain C. */
void gb_table_head(void)
{
    printf("%-9s %-19s %-9s %9s %9s %10s %7s %9s %-9s %-8s %7s %7s\n", "", "", "", "plain C", "primal", "derivative",
           "to", "tape", "tape", "", "their", "by hand");
    printf("%-9s %-19s %-9s %9s %9s %10s %7s %9s %-9s %-8s %7s %7s\n", "eval", "workload", "function", "ms", "ms", "ms",
           "plain C", "KiB", "is", "result", "ratio", "ratio");
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

/* ---- what GradBench's reference gives ---- */

typedef struct reference {
    const char *eval, *workload;
    double primal, norm, sum;
} reference;

#define REFERENCE(eval, ...) {#eval, __VA_ARGS__},
static const reference references[] = {
#include "bench/gradbench/reference.def"
};
#undef REFERENCE

/* Sum and sum of squares of all numbers in a value. */
static void add_up(const json_t *value, double *sum, double *squares)
{
    const char *key;
    json_t *part;
    size_t i;
    if (json_is_number(value)) {
        *sum += json_number_value(value);
        *squares += json_number_value(value) * json_number_value(value);
    }
    json_array_foreach(value, i, part) add_up(part, sum, squares);
    json_object_foreach((json_t *)(uintptr_t)value, key, part) add_up(part, sum, squares);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (.1 + fabs(b));
}

/* "agrees", "differs", or nothing where there is no number to compare with. */
static const char *agreement(const gb_eval *eval, const char *workload, bool primal, const gb_measured *measured)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        const reference *r = &references[i];
        if (strcmp(r->eval, eval->name) != 0 || strcmp(r->workload, workload) != 0) continue;
        double sum = 0, squares = 0;
        json_t *output = json_loadb(measured->output.bytes, measured->output.used, JSON_DECODE_ANY, NULL);
        add_up(output, &sum, &squares);
        json_decref(output);
        const bool same = primal ? near(sum, r->primal) : near(sum, r->sum) && near(sqrt(squares), r->norm);
        return same ? "agrees" : "differs";
    }
    return "";
}

/* ---- a line ---- */

static const char *verdict(bool met)
{
    return met ? "met" : "not met";
}

/* What the best tool and the code written by hand take, over the primal written by hand; where there is none, the
   tool's milliseconds. */
static void print_goal(const goal *g, double plain, double ms)
{
    if (g && g->primal > 0 && plain > 0) {
        const double ratio = ms / plain;
        printf(" %7.2f", g->derivative / g->primal);
        if (g->by_hand > 0)
            printf(" %7.2f", g->by_hand / g->primal);
        else
            printf(" %7s", "");
        printf("  %s: %s", g->tool, verdict(ratio < g->derivative / g->primal));
        if (g->by_hand > 0) printf("; by hand: %s", verdict(ratio < g->by_hand / g->primal));
    } else if (g) {
        printf(" %4.2f ms %7s  %s: %s", g->derivative, "", g->tool, verdict(ms < g->derivative));
    }
    putchar('\n');
}

static void print_number(const char *format, double value, int width)
{
    if (value > 0)
        printf(format, value);
    else
        printf("%*s", width, "");
}

typedef struct row {
    const char *workload;
    double plain, primal, best; /* 0: there is none; best of four variants */
    const char *agrees;         /* the primal with the reference */
} row;

static int measure_function(const gb_eval *eval, int function, const json_t *input, const gb_options *options, row *r)
{
    gb_measured measured;
    tp_error error;
    const tp_status status = gb_measure(eval, function, input, options, &measured, &error);
    const double ms = gb_short_ms(&measured);
    const bool variants = eval->functions[2].name; /* particle and saddle: no primal, four ways to one number */
    const char *result = status == TP_OK ? agreement(eval, r->workload, function == 0 && !variants, &measured) : "";
    if (status != TP_OK) {
        printf("%-9s %-19s %-9s %s\n", eval->name, r->workload, eval->functions[function].name, error.message);
    } else if (function == 0 && !variants) {
        r->primal = ms;
        r->agrees = result;
    } else {
        printf("%-9s %-19s %-9s", eval->name, r->workload, eval->functions[function].name);
        print_number(" %9.4f", r->plain, 10);
        print_number(" %9.4f", r->primal, 10);
        printf(" %10.4f", ms);
        print_number(" %7.2f", r->plain > 0 ? ms / r->plain : 0, 8);
        printf(" %9.1f %-9s", (double)measured.tape_bytes / 1024, eval->functions[function].tape);
        printf(" %-8s", r->agrees && !strcmp(r->agrees, "differs") ? r->agrees : result);
        if (r->best == 0 || ms < r->best) r->best = ms;
        if (variants)
            putchar('\n');
        else
            print_goal(goal_of(eval->name, r->workload), r->plain, ms);
    }
    fflush(stdout);
    gb_measured_free(&measured);
    return status == TP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The primal in plain C; 0 where there is none. */
static double measure_plain(const char *name, const json_t *input, const gb_options *options)
{
    const gb_eval *plain = gb_plain_find(name);
    gb_measured measured;
    tp_error error;
    if (!plain) return 0;
    const tp_status status = gb_measure(plain, 0, input, options, &measured, &error);
    const double ms = status == TP_OK ? gb_short_ms(&measured) : 0;
    if (status != TP_OK) fprintf(stderr, "gradbench-tapir: %s in plain C: %s\n", name, error.message);
    gb_measured_free(&measured);
    return ms;
}

int gb_table(const char *eval_name, const char *name, const char *file, const gb_options *options)
{
    const gb_eval *eval = gb_eval_find(eval_name);
    json_t *input = eval ? gb_load(file) : NULL;
    int status = input ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!eval) fprintf(stderr, "gradbench-tapir: there is no eval \"%s\"\n", eval_name);
    row r = {.workload = name, .plain = input ? measure_plain(eval_name, input, options) : 0};
    for (int i = 0; input && i < GB_FUNCTIONS && eval->functions[i].name; i++)
        if (measure_function(eval, i, input, options, &r) != EXIT_SUCCESS) status = EXIT_FAILURE;
    if (input && eval->functions[2].name) {
        printf("%-9s %-19s %-9s %31.4f %7s %9s %-9s %-8s", eval_name, name, "best", r.best, "", "", "", "");
        print_goal(goal_of(eval_name, name), 0, r.best);
    }
    json_decref(input);
    return status;
}
