/* What the files of the benchmark share. A task is a program that runs step by step; a step has one or two phases, each
   of which is a line of the table. A peer runs the same program in a process of its own, and the two take turns. */
#ifndef TAPIR_BENCH_H
#define TAPIR_BENCH_H

#include <tapir/ops.h>

/* BENCH_TAPIR: the task's `rival`. */
typedef enum bench_peer { BENCH_ALONE, BENCH_TORCH, BENCH_ADOLC, BENCH_TAPIR, BENCH_PEERS } bench_peer;

enum { BENCH_PHASES = 2, BENCH_OPERANDS = 6 };

typedef struct bench_task bench_task;

/* Makes the state of a task, all of whose memory comes from `memory`; NULL when that failed. A step adds the seconds of
   its phases to `seconds`, unless it has one phase only; it returns false after printing what went wrong. */
typedef struct bench_program {
    void *(*open)(const bench_task *task, const tp_allocator *memory);
    bool (*step)(void *state, double seconds[BENCH_PHASES]);
    void (*close)(void *state);
} bench_program;

/* One line of the table. The goals, 0 where there is none: the peer's time over Tapir's is at least `ratio`; Tapir's
   number is at most `limit`. */
typedef struct bench_line {
    const char *label, *unit;
    double scale; /* from seconds a step to the unit */
    double ratio, limit;
} bench_line;

/* An operand of bench_op_program: f32 from a normal distribution, or, with `below`, i64 labels 0 .. below-1. */
typedef struct bench_operand {
    int rank; /* 0: there is no such operand */
    int64_t dims[5];
    int64_t below;
    double deviation; /* 0: 1 */
    bool constant;    /* needs no gradient */
} bench_operand;

#define BENCH_SHAPE(...) .rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}
#define FLOATS(...)                                                                                                    \
    {                                                                                                                  \
        BENCH_SHAPE(__VA_ARGS__)                                                                                       \
    }
#define CONSTANTS(...)                                                                                                 \
    {                                                                                                                  \
        BENCH_SHAPE(__VA_ARGS__), .constant = true                                                                     \
    }
#define LABELS(classes, ...)                                                                                           \
    {                                                                                                                  \
        BENCH_SHAPE(__VA_ARGS__), .below = classes                                                                     \
    }

struct bench_task {
    const char *name; /* what the filter looks at, and what the peer calls it */
    bench_peer peer;
    int64_t n; /* operations or elements, also for the peer */
    const bench_program *program;
    const bench_program *rival; /* another way to do the same with Tapir, in the peer's place */
    bool fresh;                 /* a new tape with the default allocator at every step: allocations are not counted */
    tp_var (*unary)(tp_var x);
    tp_var (*binary)(tp_var x, tp_var b);
    tp_var (*build)(const tp_var *x); /* for bench_op_program, on these operands: */
    bench_operand operands[BENCH_OPERANDS];
    const void *detail;
    bench_line lines[BENCH_PHASES]; /* a label of NULL: no such phase */
    bench_line between;             /* with a label: the second phase over the first, times `scale` */
};

typedef struct bench_list {
    const bench_task *tasks;
    int n;
} bench_list;

#define TASKS(name) extern const bench_list bench_##name;
#include "bench/tasks.def"
#undef TASKS
extern const bench_task bench_fresh_task;

/* Records a task's `build` on its operands and walks back from ones, or from the scalar: in one phase or two. */
extern const bench_program bench_op_program;

/* What was measured, in seconds a step. */
typedef struct bench_result {
    bool ok, peer_ok;
    double tapir[BENCH_PHASES], peer[BENCH_PHASES];
    double allocations; /* a step, through Tapir's allocator; negative: not counted */
} bench_result;

/* ---- measure.c ---- */

/* Counts what is taken through `memory`. */
typedef struct bench_counter {
    size_t allocations;
    tp_allocator memory;
} bench_counter;

void bench_counter_init(bench_counter *counter);
/* How many threads a step has; sets it where `set` is not 0. */
int bench_threads(int set);
/* Processor seconds of this process: what other programs on the machine take does not count. With several threads: the
   clock's. */
double bench_now(void);
bench_result bench_measure(const bench_task *task);

/* ---- peer.c ---- */

/* Starts the servers; `torch` and `adolc` are a script and a program, or NULL. */
void bench_peers_start(const char *torch, const char *adolc);
void bench_peers_stop(void);
/* "PyTorch 1.13.0", or NULL when the peer is not there. */
const char *bench_peer_version(bench_peer peer);
/* Has the peer run `steps` steps of the task; false when there is no answer. */
bool bench_peer_run(const bench_task *task, int64_t steps, double seconds[BENCH_PHASES]);

/* ---- table.c ---- */

void bench_table_head(void);
/* One line; `peer` is NaN where there is none, `allocations` negative where none were counted. */
void bench_table_line(const bench_line *line, bench_peer which, double tapir, double peer, double allocations);
void bench_table_foot(void);
/* Shows on a terminal what is being measured; NULL wipes it away. */
void bench_progress(const char *name);

/* ---- scalar.c ---- */

/* The chain of n operations; its start goes to `start`, if that is not NULL. */
tp_var bench_chain(tp_tape *tape, int64_t n, bool plain, tp_var *start);

/* Bytes that a long tape reserves for each node and each adjoint; NaN on failure. */
void bench_bytes(double *node, double *adjoint);
/* Prints the tape's error; returns false. */
bool bench_failed(const char *what, const tp_tape *tape);

#endif
