/* What an optimiser is to optim.c, which knows none by name: a kind.
   Invariants: options begin with the rate, a double; a parameter's state tensors are dense and of its dtype and dims.
 */
#ifndef TAPIR_OPTIM_OPTIM_H
#define TAPIR_OPTIM_OPTIM_H

#include <tapir/optim.h>

#include "core/memory.h"
#include "kernels/kernels.h"

#define TP_OPTIM_STATES 3

/* Part of one parameter whose elements follow each other without gaps, and what belongs to it. */
typedef struct tp_optim_run {
    const tp_float_loops *loops; /* of its dtype */
    int64_t n;
    void *w;
    const void *g;
    void *state[TP_OPTIM_STATES]; /* NULL where the group's parameters have none */
    uint64_t step;                /* of this parameter: 1 at the first */
} tp_optim_run;

/* A kind of optimiser whose rule works element by element. */
typedef struct tp_optim_kind {
    const char *name;
    size_t options;                                    /* bytes of a group's hyperparameters */
    const char *state_names[TP_OPTIM_STATES];          /* NULL after the last */
    bool (*has_state)(const void *options, int state); /* whether a group's parameters have it; NULL: always */
    void (*step)(const void *options, const tp_optim_run *run);
} tp_optim_kind;

/* An optimiser with group 0; `options` have been checked and are copied. */
tp_optim *tp_optim_new(const tp_optim_kind *kind, const void *options, const tp_allocator *memory, tp_error *error);
/* One more group; -1 with `error` set when `optim` is NULL or of another kind, or memory is short. */
int tp_optim_group(tp_optim *optim, const tp_optim_kind *kind, const void *options, tp_error *error);

/* Replaces a zero by its default. */
static inline void tp_option_default(double *option, double value)
{
    if (*option == 0) *option = value;
}

/* Checks low <= value < high, which NaN fails. */
tp_status tp_option_check(const char *optimiser, const char *option, double value, double low, double high,
                          tp_error *error);

#endif
