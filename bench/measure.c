/* Takes turns: a slice of Tapir's steps, a slice of the peer's, and so on; the median of the slices counts.
   Time is processor time, which other programs do not change, or the clock's where a step has several threads. */
#define _DEFAULT_SOURCE
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define SLICE 0.04       /* seconds that one turn takes */
#define ROUNDS 15        /* turns of each side, */
#define ROUNDS_OF_LONG 7 /* or so many where one step is longer than a slice */
#define WARM_TURNS 4     /* before anything counts, */
#define WARM_SLICE 0.01  /* each so long */

int bench_threads(int set)
{
    static int threads = 1;
    if (set > 0) threads = set;
    return threads;
}

double bench_now(void)
{
    struct timespec now;
    clock_gettime(bench_threads(0) > 1 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *take(void *user, size_t size, size_t alignment)
{
    bench_counter *counter = user;
    counter->allocations++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void give(void *user, void *memory, size_t size)
{
    (void)user, (void)size;
    free(memory);
}

void bench_counter_init(bench_counter *counter)
{
    *counter = (bench_counter){.memory = {take, give, counter}};
}

static int phases_of(const bench_task *task)
{
    return task->lines[1].label ? 2 : 1;
}

/* Seconds a step, of each phase. */
static bool run(const bench_task *task, const bench_program *program, void *state, int64_t steps,
                double seconds[BENCH_PHASES])
{
    for (int i = 0; i < BENCH_PHASES; i++) seconds[i] = 0;
    const double start = bench_now();
    for (int64_t i = 0; i < steps; i++)
        if (!program->step(state, seconds)) return false;
    if (phases_of(task) == 1) seconds[0] = bench_now() - start;
    for (int i = 0; i < BENCH_PHASES; i++) seconds[i] /= (double)steps;
    return true;
}

static int64_t steps_in(double slice, const double seconds[BENCH_PHASES])
{
    const double step = seconds[0] + seconds[1];
    if (!(step > 0)) return 1;
    return step > slice ? 1 : (int64_t)(slice / step);
}

/* One of the two: a program and its state, or, where that is NULL, the peer. */
typedef struct side {
    const bench_program *program;
    void *state;
} side;

static bool turn(const bench_task *task, const side *of, int64_t steps, double seconds[BENCH_PHASES])
{
    return of->state ? run(task, of->program, of->state, steps, seconds) : bench_peer_run(task, steps, seconds);
}

/* Warms up a side and leaves the seconds of a warm step: the first ones are dear, and
   so a first guess of how many make a slice is too low. */
static bool warm(const bench_task *task, const side *of, double seconds[BENCH_PHASES])
{
    bool ok = turn(task, of, 1, seconds);
    for (int i = 0; ok && i < WARM_TURNS; i++) ok = turn(task, of, steps_in(WARM_SLICE, seconds), seconds);
    return ok;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

typedef struct series {
    double of[BENCH_PHASES][ROUNDS];
} series;

static void keep(series *to, int round, const double seconds[BENCH_PHASES])
{
    for (int i = 0; i < BENCH_PHASES; i++) to->of[i][round] = seconds[i];
}

static void take_turns(const bench_task *task, const side *us, const side *them, const bench_counter *counter,
                       bench_result *result)
{
    double tapir[BENCH_PHASES], peer[BENCH_PHASES];
    series ours, theirs;
    if (!warm(task, us, tapir)) return;
    result->peer_ok = warm(task, them, peer);
    const int64_t steps = steps_in(SLICE, tapir), peer_steps = result->peer_ok ? steps_in(SLICE, peer) : 1;
    const int rounds = tapir[0] + tapir[1] > SLICE ? ROUNDS_OF_LONG : ROUNDS;
    const size_t before = counter->allocations;
    for (int i = 0; i < rounds; i++) {
        if (!turn(task, us, steps, tapir)) return;
        keep(&ours, i, tapir);
        result->peer_ok = result->peer_ok && turn(task, them, peer_steps, peer);
        if (result->peer_ok) keep(&theirs, i, peer);
    }
    result->allocations = (double)(counter->allocations - before) / (double)(rounds * steps);
    if (task->fresh) result->allocations = -1;
    for (int i = 0; i < BENCH_PHASES; i++) {
        result->tapir[i] = median(ours.of[i], rounds);
        result->peer[i] = result->peer_ok ? median(theirs.of[i], rounds) : (double)NAN;
    }
    result->ok = true;
}

bench_result bench_measure(const bench_task *task)
{
    bench_counter counter, others;
    bench_counter_init(&counter);
    bench_counter_init(&others);
    bench_result result = {.ok = false};
    const side us = {task->program, task->program->open(task, &counter.memory)};
    const side them = {task->rival, us.state && task->rival ? task->rival->open(task, &others.memory) : NULL};
    if (us.state) take_turns(task, &us, &them, &counter, &result);
    if (us.state) us.program->close(us.state);
    if (them.state) them.program->close(them.state);
    return result;
}
