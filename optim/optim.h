/* What an optimiser is to optim.c, which knows none by name: a kind, that is a row with its names, its options and its
   kernel. To add one: its options in optim_rules.h, its loop in kernels/update_body.h with a line in update.def, and
   optim/NAME.c with the kind.
   Invariants: options begin with the rate, a double; a parameter's state tensors are dense and of its dtype and dims.
 */
#ifndef TAPIR_OPTIM_OPTIM_H
#define TAPIR_OPTIM_OPTIM_H

#include <math.h>
#include <stddef.h>

#include <tapir/optim.h>

#include "core/memory.h"
#include "core/tensor.h"
#include "kernels/kernels.h"

/* The table of parameters takes its memory from the `optim` in scope, and tells of none left through `oom` in scope. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) tp_allocate(&optim->memory, (size))
#define uthash_free(block, size) tp_deallocate(&optim->memory, (block), (size))
#define uthash_nonfatal_oom(entry) (oom = true)
#include <uthash.h>

enum { TP_OPTIM_STATES = TP_UPDATE_STATES, TP_OPTIM_OPTIONS = 8, TP_OPTIM_NUMBERS = 1 };

/* A number among the options: low <= it < high. A zero that is given means `value`. */
typedef struct tp_option_row {
    const char *name; /* of the field */
    size_t at;        /* its offset */
    double value, low, high;
} tp_option_row;
#define TP_OPTION(kind, field, value, low, high)                                                                       \
    {                                                                                                                  \
#field, offsetof(tp_##kind##_options, field), value, low, high                                                 \
    }
#define TP_ANY_SIGN (-HUGE_VAL) /* `low` of an option that may be negative; infinity is outside of every range */

/* A kind that looks for its step by calling a closure, over all parameters at once; what it holds hangs on
   optim->own. */
typedef struct tp_optim_search {
    tp_status (*step)(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error);
    void (*free)(tp_optim *optim);
    size_t (*numbers)(const tp_optim *optim, double *out, size_t n); /* as tp_optim_numbers, of what hangs on `own` */
    tp_status (*set_numbers)(tp_optim *optim, const double *numbers, size_t n, tp_error *error); /* all or nothing */
} tp_optim_search;

typedef struct tp_optim_kind {
    const char *name;
    size_t size;                                              /* of the options */
    size_t memory;                                            /* offset of the allocator in them */
    tp_option_row options[TP_OPTIM_OPTIONS];                  /* the rate first; no name after the last */
    const char *states[TP_OPTIM_STATES];                      /* names of state tensors; NULL after the last */
    double numbers[TP_OPTIM_NUMBERS];                         /* what a parameter has beside them, at the start */
    int number_count;                                         /* how many of these */
    tp_status (*check)(const void *options, tp_error *error); /* of options together; may be NULL */
    bool (*has_state)(const void *options, int state);        /* in a group; NULL: every one */
    double (*start)(const void *options, int state);          /* at a parameter's first step; NULL: 0 */
    /* The numbers of a parameter's step, counted from 1. */
    void (*prepare)(const void *options, double step, double *numbers, tp_update *update);
    int loop;                      /* TP_UPDATE_... */
    const tp_optim_search *search; /* NULL: steps parameter by parameter, by the two above */
} tp_optim_kind;

typedef struct tp_optim_group {
    struct tp_optim_group *next;
    int number;
} tp_optim_group;

/* One parameter; the table links them in the order in which they were added. */
typedef struct tp_optim_entry {
    tp_tensor *tensor; /* the key is the address */
    tp_tensor *state[TP_OPTIM_STATES];
    tp_optim_group *group;
    uint64_t steps;
    double numbers[TP_OPTIM_NUMBERS];
    UT_hash_handle hh;
} tp_optim_entry;

struct tp_optim {
    const tp_optim_kind *kind;
    const tp_kernels *kernels;
    tp_allocator memory;
    tp_optim_entry *entries;
    tp_optim_group *groups; /* in the order of their numbers */
    uint64_t steps;
    void *own; /* of a search */
    int users; /* the caller, each schedule, and a step that calls a closure */
    bool busy; /* in such a step */
};

/* An optimiser with group 0; `options` may be NULL, and are filled in, checked and copied. */
tp_optim *tp_optim_new(const tp_optim_kind *kind, const void *options, tp_error *error);
/* One more group; -1 with `error` set when `optim` is NULL or of another kind, or memory is short. */
int tp_optim_add_group(tp_optim *optim, const tp_optim_kind *kind, const void *options, tp_error *error);

/* The public functions of a kind. */
#define TP_OPTIMISER(kind)                                                                                             \
    tp_optim *tp_##kind(const tp_##kind##_options *options, tp_error *error)                                           \
    {                                                                                                                  \
        return tp_optim_new(&kind##_kind, options, error);                                                             \
    }                                                                                                                  \
    int tp_##kind##_group(tp_optim *optim, const tp_##kind##_options *options, tp_error *error)                        \
    {                                                                                                                  \
        return tp_optim_add_group(optim, &kind##_kind, options, error);                                                \
    }

/* Clears the gradients and calls the closure. */
tp_status tp_optim_evaluate(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error);
/* TP_E_ARGUMENT: `call` came from within tp_optim_step_with. */
tp_status tp_optim_fail_busy(const char *call, tp_error *error);
void tp_optim_free_groups(tp_optim *optim);
/* Whether option i of a group may become `value`: in its range, and the state tensors stay the same. */
tp_status tp_optim_check_option(const tp_optim *optim, const tp_optim_group *of, int i, double value, tp_error *error);
tp_optim_group *tp_optim_find_group(const tp_optim *optim, int number);
tp_optim_entry *tp_optim_find(const tp_optim *optim, const tp_tensor *parameter);
/* Options, filled in and checked; a group's; one of them, which is at a row's offset. */
tp_status tp_options_check(const tp_optim_kind *kind, const void *options, tp_error *error);
void tp_options_fill(const tp_optim_kind *kind, void *options);
void *tp_options_of(const tp_optim_group *group);
static inline double *tp_option_at(const void *options, const tp_option_row *row)
{
    void *at = (char *)options + row->at;
    return at;
}

#endif
