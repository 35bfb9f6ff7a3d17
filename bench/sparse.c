/* Sparse Jacobians and Hessians: what finding the pattern and its directions costs, what the numbers cost, and how much
   more than that many passes forward. All of it grows with the entries and not with n^2: the same program at several n.
 */
#include "bench/bench.h"
#include "bench/sparse_programs.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct state {
    const bench_task *task;
    sparse_program program;
    tp_sparse *sparse;
} state;

static sparse_kind kind_of(const bench_task *task)
{
    return *(const sparse_kind *)task->detail;
}

static tp_sparse *make(const state *s)
{
    const sparse_program *p = &s->program;
    return sparse_is_hessian(kind_of(s->task)) ? tp_sparse_hessian(p->y[0], p->x, p->n, NULL)
                                               : tp_sparse_jacobian(p->y, p->m, p->x, p->n, NULL);
}

static void *open_program(const bench_task *task, const tp_allocator *memory)
{
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->task = task;
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    if (tape && sparse_record(kind_of(task), tape, task->n, &s->program) && (s->sparse = make(s))) return s;
    bench_failed(task->name, tape);
    return NULL;
}

static void close_program(void *of)
{
    state *s = of;
    tp_sparse_free(s->sparse);
    tp_tape_free(s->program.tape);
    sparse_release(&s->program);
    free(s);
}

/* Finding pattern and directions, beside the numbers. */
static bool both_phases(void *of, double seconds[BENCH_PHASES])
{
    state *s = of;
    const tp_mark mark = tp_tape_mark(s->program.tape);
    const double start = bench_now();
    tp_sparse *fresh = make(s);
    const double middle = bench_now();
    tp_sparse_free(fresh);
    const bool good = fresh && tp_tape_rewind(s->program.tape, mark) == TP_OK;
    const double begin = bench_now();
    if (!good || tp_sparse_compute(s->sparse) != TP_OK) return bench_failed(s->task->name, s->program.tape);
    seconds[0] += middle - start;
    seconds[1] += bench_now() - begin;
    return true;
}

/* The numbers over directions times a pass forward (a replay of all that is recorded: of a Hessian, also the gradient).
 */
static bool against_passes(void *of, double seconds[BENCH_PHASES])
{
    state *s = of;
    enum { PASSES = 4 };
    const double start = bench_now();
    for (int i = 0; i < PASSES; i++)
        if (tp_replay(s->program.tape, 0) != TP_OK) return bench_failed(s->task->name, s->program.tape);
    const double middle = bench_now();
    if (tp_sparse_compute(s->sparse) != TP_OK) return bench_failed(s->task->name, s->program.tape);
    const double numbers = bench_now() - middle, pass = (middle - start) / PASSES;
    const double directions = (double)(tp_sparse_forward(s->sparse) + tp_sparse_backward(s->sparse));
    seconds[0] += numbers / pass / directions;
    seconds[1] += directions;
    return true;
}

static const bench_program phases = {open_program, both_phases, close_program};
static const bench_program passes = {open_program, against_passes, close_program};

static const sparse_kind kinds[] = {TRIDIAGONAL, TRIDIAGONAL_SCALARS, BANDED, ARROWHEAD, BUNDLE,
                                    ROSENBROCK,  ROSENBROCK_SCALARS,  BAND,   ARROW,     BUNDLE_COST};

/* A line of each phase in nanoseconds an entry, of which there are about `each` for every 1 of n. */
#define SIZE(text, kind, size, each)                                                                                   \
    {                                                                                                                  \
        .name = "sparse " text, .n = size, .program = &phases, .fresh = true, .detail = &kinds[kind],                  \
        .lines = {{text ": pattern", "ns/entry", 1e9 / ((double)(size) * (each)), 0, 0},                               \
                  {text ": numbers", "ns/entry", 1e9 / ((double)(size) * (each)), 0, 0}},                              \
    }
#define PASSES(text, kind, size, goal, most)                                                                           \
    {                                                                                                                  \
        .name = "sparse " text, .n = size, .program = &passes, .fresh = true, .detail = &kinds[kind],                  \
        .lines = {{.label = text ": a direction", .unit = "passes", .scale = 1, .limit = goal},                        \
                  {.label = text ": directions", .unit = "", .scale = 1, .limit = most}},                              \
    }

static const bench_task tasks[] = {
    SIZE("J tridiagonal, n 10^4", TRIDIAGONAL, 10000, 3),
    SIZE("J tridiagonal, n 10^6", TRIDIAGONAL, 1000000, 3),
    SIZE("J arrowhead, n 10^6", ARROWHEAD, 1000000, 3),
    SIZE("J bundle, 10^4 observations", BUNDLE, 10000, 24),
    SIZE("H tridiagonal, scalars, n 10^5", ROSENBROCK_SCALARS, 100000, 3),
    SIZE("H 11 diagonals, n 10^4", BAND, 10000, 11),
    SIZE("H 11 diagonals, n 10^5", BAND, 100000, 11),
    SIZE("H arrowhead, n 10^6", ARROW, 1000000, 3),
    SIZE("H bundle, 10^4 observations", BUNDLE_COST, 10000, 56.61),
    PASSES("J tridiagonal, scalars, n 10^5", TRIDIAGONAL_SCALARS, 100000, 4, 3),
    PASSES("J 11 diagonals, n 10^5", BANDED, 100000, 3, 11),
    PASSES("J bundle, 10^4 observations", BUNDLE, 10000, 3, 12),
    PASSES("H 11 diagonals, n 10^5", BAND, 100000, 3, 11),
    PASSES("H arrowhead, n 10^5", ARROW, 100000, 4, 2),
    PASSES("H bundle, 10^4 observations", BUNDLE_COST, 10000, 3, 48),
};

const bench_list bench_sparse = {tasks, sizeof tasks / sizeof *tasks};
