/* Scalars: a long chain of operations, each of which needs the one before it. Multiplications by 2 and 1/2, additions
   that cancel, and every eighth time an exponential at whose fixed point the slope is 1: neither values nor gradients
   fade. */
#include "bench/bench.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool bench_failed(const char *what, const tp_tape *tape)
{
    fprintf(stderr, "bench: %s: %s\n", what, tape ? tp_tape_error(tape) : "out of memory");
    return false;
}

typedef struct chain {
    tp_tape *tape;
    int64_t n;
    bool plain; /* without the exponential */
} chain;

tp_var bench_chain(tp_tape *tape, int64_t n, bool plain, tp_var *start)
{
    tp_var x = tp_scalar(tape, .5);
    if (start) *start = x;
    const tp_var two = tp_scalar(tape, 2), half = tp_scalar(tape, .5);
    const tp_var c = tp_scalar(tape, plain ? .5 : -.5), d = tp_scalar(tape, plain ? -.25 : -.5);
    for (int64_t i = 0; i < n; i += 8) {
        x = tp_mul(x, two);
        x = tp_add(x, c);
        x = tp_mul(x, half);
        x = tp_add(x, d);
        x = tp_mul(x, two);
        x = tp_add(x, c);
        x = tp_mul(x, half);
        x = plain ? tp_add(x, d) : tp_exp(x);
    }
    return x;
}

static bool pass(tp_tape *tape, const chain *of, double seconds[BENCH_PHASES])
{
    const double start = bench_now();
    const tp_var x = bench_chain(tape, of->n, of->plain, NULL);
    const double middle = bench_now();
    const tp_status status = tp_backward(x);
    const double end = bench_now();
    seconds[0] += middle - start;
    seconds[1] += end - middle;
    return status == TP_OK || bench_failed("chain", tape);
}

static void *chain_open(const bench_task *task, const tp_allocator *memory)
{
    chain *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->n = task->n;
    state->plain = task->detail != NULL;
    if (task->fresh) {
#ifdef M_MMAP_THRESHOLD
        mallopt(M_MMAP_THRESHOLD, 1 << 16); /* fresh pages, not those of the tape before it */
#endif
        return state;
    }
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    if (state->tape) return state;
    free(state);
    return NULL;
}

static bool chain_step(void *of, double seconds[BENCH_PHASES])
{
    chain *state = of;
    tp_tape_reset(state->tape);
    return pass(state->tape, state, seconds);
}

static bool fresh_step(void *of, double seconds[BENCH_PHASES])
{
    const chain *state = of;
    tp_tape *tape = tp_tape_new(NULL);
    const bool ok = tape ? pass(tape, state, seconds) : bench_failed("chain", NULL);
    tp_tape_free(tape);
    return ok;
}

static void chain_close(void *of)
{
    chain *state = of;
    tp_tape_free(state->tape);
    free(state);
}

/* f = (x + y) z and its three derivatives, on a tape that is there. */
static bool small_step(void *of, double seconds[BENCH_PHASES])
{
    tp_tape *tape = ((chain *)of)->tape;
    (void)seconds;
    tp_tape_reset(tape);
    const tp_var x = tp_scalar(tape, -2), y = tp_scalar(tape, 5), z = tp_scalar(tape, -4);
    const tp_var f = tp_mul(tp_add(x, y), z);
    const bool ok = tp_backward(f) == TP_OK && tp_grad_item(x) + tp_grad_item(y) + tp_grad_item(z) == -5;
    return ok || bench_failed("(x+y)z", tape);
}

void bench_bytes(double *node, double *adjoint)
{
    enum { FULL = 1 << 20, LEAVES = 8 }; /* capacities are powers of two: this tape is full to the last node */
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.nodes = FULL});
    *node = *adjoint = (double)NAN;
    for (int i = 5; i < LEAVES; i++) tp_const(tape, 0); /* beside the five of the chain */
    if (tape && tp_backward(bench_chain(tape, FULL - LEAVES, false, NULL)) == TP_OK) {
        const tp_stats stats = tp_tape_stats(tape);
        *node = (double)stats.node.now / stats.nodes;
        *adjoint = (double)stats.adjoint.now / stats.nodes;
    }
    tp_tape_free(tape);
}

static const bench_program chain_program = {chain_open, chain_step, chain_close};
static const bench_program fresh_program = {chain_open, fresh_step, chain_close};
static const bench_program small_program = {chain_open, small_step, chain_close};

static const bool without_exp = true;

#define CHAIN(operations, text, ratio, limit)                                                                          \
    {                                                                                                                  \
        .name = "chain", .peer = BENCH_ADOLC, .n = operations, .program = &chain_program, .lines = {                   \
            {"chain of " text ", recording", "ns/op", 1e9 / operations, ratio, limit},                                 \
            {"chain of " text ", reverse", "ns/op", 1e9 / operations, (ratio) > 0 ? 1 : 0, limit}                      \
        }                                                                                                              \
    }

/* The first three are the same chain at three sizes: main.c compares them. */
static const bench_task tasks[] = {
    CHAIN(10000, "10^4", 0, 0),
    CHAIN(1000000, "10^6", 4, 4),
    CHAIN(10000000, "10^7", 0, 0),
    {.name = "chain_plain",
     .peer = BENCH_ADOLC,
     .n = 1000000,
     .program = &chain_program,
     .detail = &without_exp,
     .lines = {{"chain of 10^6 without exp, recording", "ns/op", 1e3, 0, 0},
               {"chain of 10^6 without exp, reverse", "ns/op", 1e3, 0, 0}}},
    {.name = "xyz",
     .peer = BENCH_TORCH,
     .program = &small_program,
     .lines = {{"(x + y) z, forward and backward", "us", 1e6, 0, 0}}},
};
const bench_list bench_scalar = {tasks, sizeof tasks / sizeof *tasks};

/* The first pass of all; it changes how malloc gets its memory, and so comes last. */
const bench_task bench_fresh_task = {.name = "chain_fresh",
                                     .peer = BENCH_ADOLC,
                                     .n = 1000000,
                                     .program = &fresh_program,
                                     .fresh = true,
                                     .lines = {{"chain of 10^6 on a new tape, recording", "ns/op", 1e3, 0, 0},
                                               {"chain of 10^6 on a new tape, reverse", "ns/op", 1e3, 0, 0}}};
