/* Plain C beside the evals: their primal functions as one writes them without a library, in loops over arrays. They
   differentiate nothing; their times are the yardstick of the table, and their values a check on the tape's. */
#ifndef GRADBENCH_PLAIN_H
#define GRADBENCH_PLAIN_H

#include "bench/gradbench/gradbench.h"

/* What a problem consists of: tensors and numbers in an order of its own, and room. */
typedef struct plain_problem {
    tp_tensor *tensor[8];
    int64_t n[6];
    double real[3];
    double *room, *result; /* from malloc; the results are `results` numbers of it */
    int64_t results;       /* 0: the result is `value` */
    double value;
} plain_problem;

/* A tensor's numbers. */
static inline const double *plain_numbers(const plain_problem *p, int k)
{
    return tp_tensor_read(p->tensor[k]);
}

/* An eval with one function, the primal `name`, made of two: `read` takes the input apart and makes room, `compute` is
   what is timed, `put` writes what it made. */
#define PLAIN(eval, primal, read, compute, put)                                                                        \
    static void *eval##_parse(const json_t *input, const gb_options *options, tp_error *error)                         \
    {                                                                                                                  \
        (void)options;                                                                                                 \
        return plain_parse(read, input, error);                                                                        \
    }                                                                                                                  \
    static tp_status eval##_run(void *problem, int function, tp_error *error)                                          \
    {                                                                                                                  \
        (void)function, (void)error;                                                                                   \
        compute(problem);                                                                                              \
        return TP_OK;                                                                                                  \
    }                                                                                                                  \
    const gb_eval gb_plain_##eval = {                                                                                  \
        .name = #eval,                                                                                                 \
        .functions = {{primal, "none"}},                                                                               \
        .parse = eval##_parse,                                                                                         \
        .run = eval##_run,                                                                                             \
        .write = put,                                                                                                  \
        .free = plain_free,                                                                                            \
    }

void *plain_parse(bool (*read)(plain_problem *, const json_t *, tp_error *), const json_t *input, tp_error *error);
/* Room for `room` numbers, the last `results` of which are the result. */
bool plain_room(plain_problem *p, int64_t room, int64_t results, tp_error *error);
void plain_write(const void *problem, int function, gb_text *out);
void plain_free(void *problem);

/* The plain primal of an eval; NULL where there is none. */
const gb_eval *gb_plain_find(const char *name);

/* The loops are compiled once for each level of instructions, as those of a library would be. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define PLAIN_LOOPS __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PLAIN_LOOPS
#endif

#endif
