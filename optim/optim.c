/* Optimisers of every kind: parameters, groups, state tensors, and the step that goes through them. */
#include "optim/optim.h"

#include <math.h>
#include <string.h>

#include "core/tensor.h"

/* The table of parameters takes its memory from the `optim` in scope, and tells of none left through `oom` in scope. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) tp_allocate(&optim->memory, (size))
#define uthash_free(block, size) tp_deallocate(&optim->memory, (block), (size))
#define uthash_nonfatal_oom(entry) (oom = true)
#include <uthash.h>

typedef struct group {
    struct group *next;
    int number;
} group;

#define GROUP_HEAD ((sizeof(group) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

/* One parameter; the table links them in the order in which they were added. */
typedef struct entry {
    tp_tensor *tensor; /* the key is the address */
    tp_tensor *state[TP_OPTIM_STATES];
    group *group;
    uint64_t steps;
    UT_hash_handle hh;
} entry;

struct tp_optim {
    const tp_optim_kind *kind;
    const tp_kernels *kernels;
    tp_allocator memory;
    entry *entries;
    group *groups; /* in the order of their numbers */
    uint64_t steps;
};

static void *options_of(const group *of)
{
    return (char *)of + GROUP_HEAD;
}

static double *rate_of(const group *of)
{
    return options_of(of);
}

tp_status tp_option_check(const char *optimiser, const char *option, double value, double low, double high,
                          tp_error *error)
{
    if (value >= low && value < high) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "%s: a %s of %g", optimiser, option, value);
}

/* ---- making and freeing ---- */

static int add_group(tp_optim *optim, const void *options, tp_error *error)
{
    group *made = tp_allocate_zeroed(&optim->memory, GROUP_HEAD + optim->kind->options);
    if (!made) {
        tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for a group", optim->kind->name);
        return -1;
    }
    memcpy(options_of(made), options, optim->kind->options);
    group **end = &optim->groups;
    for (; *end; end = &(*end)->next) made->number++;
    *end = made;
    return made->number;
}

tp_optim *tp_optim_new(const tp_optim_kind *kind, const void *options, const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_optim *optim = tp_allocate_zeroed(memory, sizeof *optim);
    if (!optim) {
        tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for an optimiser", kind->name);
        return NULL;
    }
    optim->kind = kind;
    optim->kernels = tp_kernels_pick();
    optim->memory = *memory;
    if (add_group(optim, options, error) == 0) return optim;
    tp_optim_free(optim);
    return NULL;
}

int tp_optim_group(tp_optim *optim, const tp_optim_kind *kind, const void *options, tp_error *error)
{
    if (optim && optim->kind == kind) return add_group(optim, options, error);
    tp_fail(error, TP_E_ARGUMENT, "tp_%s_group: the optimiser is %s", kind->name, optim ? optim->kind->name : "NULL");
    return -1;
}

static void release_entry(tp_optim *optim, entry *gone)
{
    for (int i = 0; i < TP_OPTIM_STATES; i++) tp_tensor_release(gone->state[i]);
    tp_tensor_release(gone->tensor);
    tp_deallocate(&optim->memory, gone, sizeof *gone);
}

static void remove_entry(tp_optim *optim, entry *gone)
{
    HASH_DELETE(hh, optim->entries, gone);
    release_entry(optim, gone);
}

void tp_optim_free(tp_optim *optim)
{
    if (!optim) return;
    while (optim->entries) remove_entry(optim, optim->entries);
    while (optim->groups) {
        group *gone = optim->groups;
        optim->groups = gone->next;
        tp_deallocate(&optim->memory, gone, GROUP_HEAD + optim->kind->options);
    }
    const tp_allocator memory = optim->memory;
    tp_deallocate(&memory, optim, sizeof *optim);
}

/* ---- parameters ---- */

static group *find_group(const tp_optim *optim, int number)
{
    group *found = optim ? optim->groups : NULL;
    while (found && found->number != number) found = found->next;
    return found;
}

static entry *find_entry(const tp_optim *optim, const tp_tensor *tensor)
{
    entry *found = NULL;
    if (optim) HASH_FIND(hh, optim->entries, &tensor, sizeof tensor, found);
    return found;
}

/* A parameter's entry with its state; NULL when out of memory. */
static entry *make_entry(tp_optim *optim, group *into, tp_tensor *tensor)
{
    entry *made = tp_allocate_zeroed(&optim->memory, sizeof *made);
    if (!made) return NULL;
    made->tensor = tp_tensor_retain(tensor);
    made->group = into;
    const tp_optim_kind *kind = optim->kind;
    for (int i = 0; i < TP_OPTIM_STATES && kind->state_names[i]; i++) {
        if (kind->has_state && !kind->has_state(options_of(into), i)) continue;
        made->state[i] =
            tp_tensor_make(&optim->memory, (tp_dtype)tensor->dtype, tensor->rank, tensor->dims, NULL, NULL);
        if (made->state[i]) continue;
        release_entry(optim, made);
        return NULL;
    }
    return made;
}

static tp_status add_one(tp_optim *optim, group *into, tp_tensor *tensor, tp_error *error)
{
    const char *name = optim->kind->name;
    if (!tensor || tensor->pool)
        return tp_fail(error, TP_E_ARGUMENT, "tp_%s: a parameter %s", name,
                       tensor ? "belongs to a tape: clone it" : "is NULL");
    char text[TP_TENSOR_TEXT];
    if (!tp_dtype_is_float((tp_dtype)tensor->dtype))
        return tp_fail(error, TP_E_DTYPE, "tp_%s: a parameter is %s %s", name, tp_dtype_name((tp_dtype)tensor->dtype),
                       tp_tensor_text(text, tensor));
    if (find_entry(optim, tensor)) return TP_OK;
    entry *made = make_entry(optim, into, tensor);
    bool oom = !made;
    if (made) HASH_ADD(hh, optim->entries, tensor, sizeof made->tensor, made);
    if (!oom) return TP_OK;
    if (made) release_entry(optim, made);
    return tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for the state of %s", name, tp_tensor_text(text, tensor));
}

static entry *last_entry(const tp_optim *optim)
{
    return optim->entries ? ELMT_FROM_HH(optim->entries->hh.tbl, optim->entries->hh.tbl->tail) : NULL;
}

tp_status tp_optim_add_to(tp_optim *optim, int number, tp_tensor *const *parameters, size_t n, tp_error *error)
{
    if (!optim || (n > 0 && !parameters))
        return tp_fail(error, TP_E_ARGUMENT, "tp_optim_add: the %s NULL", optim ? "parameters are" : "optimiser is");
    group *into = find_group(optim, number);
    if (!into) return tp_fail(error, TP_E_ARGUMENT, "tp_%s: there is no group %d", optim->kind->name, number);
    const entry *before = last_entry(optim);
    for (size_t i = 0; i < n; i++) {
        const tp_status status = add_one(optim, into, parameters[i], error);
        if (status == TP_OK) continue;
        while (last_entry(optim) != before) remove_entry(optim, last_entry(optim));
        return status;
    }
    return TP_OK;
}

tp_status tp_optim_add_all(tp_optim *optim, tp_tensor *const *parameters, size_t n, tp_error *error)
{
    return tp_optim_add_to(optim, 0, parameters, n, error);
}

tp_status tp_optim_add(tp_optim *optim, tp_tensor *parameter, tp_error *error)
{
    return tp_optim_add_to(optim, 0, &parameter, 1, error);
}

/* ---- the step ---- */

/* How many elements at the end of the shape lie without gaps, as they do in gradient and state. */
static int64_t dense_tail(const tp_tensor *tensor)
{
    int64_t run = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        if (tensor->dims[i] != 1 && tensor->strides[i] != run) return run;
        run *= tensor->dims[i];
    }
    return run;
}

static void step_entry(const tp_optim *optim, entry *at, const tp_tensor *gradient)
{
    const tp_tensor *tensor = at->tensor;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)tensor->dtype);
    char *w = tp_tensor_data(at->tensor);
    const char *g = tp_tensor_read(gradient);
    char *state[TP_OPTIM_STATES];
    for (int k = 0; k < TP_OPTIM_STATES; k++) state[k] = tp_tensor_data(at->state[k]);
    tp_optim_run run = {.loops = optim->kernels->of[tensor->dtype], .n = dense_tail(tensor), .step = ++at->steps};
    for (int64_t i = 0; i < tensor->count; i += run.n) {
        run.w = w + tp_tensor_offset(tensor, i) * size;
        run.g = g + i * size;
        for (int k = 0; k < TP_OPTIM_STATES; k++) run.state[k] = state[k] ? state[k] + i * size : NULL;
        optim->kind->step(options_of(at->group), &run);
    }
}

tp_status tp_optim_step(tp_optim *optim)
{
    if (!optim) return TP_E_ARGUMENT;
    optim->steps++;
    for (entry *at = optim->entries; at; at = at->hh.next) {
        const tp_tensor *gradient = tp_tensor_grad(at->tensor);
        if (gradient) step_entry(optim, at, gradient);
    }
    return TP_OK;
}

void tp_optim_clear_grads(tp_optim *optim)
{
    for (entry *at = optim ? optim->entries : NULL; at; at = at->hh.next) tp_tensor_clear_grad(at->tensor);
}

uint64_t tp_optim_steps(const tp_optim *optim)
{
    return optim ? optim->steps : 0;
}

tp_status tp_optim_set_rate(tp_optim *optim, int number, double rate)
{
    group *of = find_group(optim, number);
    if (!of || !(rate >= 0) || !isfinite(rate)) return TP_E_ARGUMENT;
    *rate_of(of) = rate;
    return TP_OK;
}

double tp_optim_rate(const tp_optim *optim, int number)
{
    const group *of = find_group(optim, number);
    return of ? *rate_of(of) : (double)NAN;
}

/* ---- for checkpoints ---- */

const char *tp_optim_name(const tp_optim *optim)
{
    return optim ? optim->kind->name : "";
}

int tp_optim_group_count(const tp_optim *optim)
{
    int count = 0;
    for (const group *at = optim ? optim->groups : NULL; at; at = at->next) count++;
    return count;
}

size_t tp_optim_parameter_count(const tp_optim *optim)
{
    return optim ? HASH_CNT(hh, optim->entries) : 0;
}

tp_tensor *tp_optim_parameter_at(const tp_optim *optim, size_t i)
{
    const entry *at = optim ? optim->entries : NULL;
    while (at && i-- > 0) at = at->hh.next;
    return at ? at->tensor : NULL;
}

const char *tp_optim_state_name(const tp_optim *optim, int i)
{
    return optim && i >= 0 && i < TP_OPTIM_STATES ? optim->kind->state_names[i] : NULL;
}

tp_tensor *tp_optim_state(const tp_optim *optim, const tp_tensor *parameter, const char *name)
{
    const entry *of = find_entry(optim, parameter);
    for (int i = 0; of && name && i < TP_OPTIM_STATES && optim->kind->state_names[i]; i++)
        if (strcmp(optim->kind->state_names[i], name) == 0) return of->state[i];
    return NULL;
}

uint64_t tp_optim_parameter_steps(const tp_optim *optim, const tp_tensor *parameter)
{
    const entry *of = find_entry(optim, parameter);
    return of ? of->steps : 0;
}

tp_status tp_optim_set_parameter_steps(tp_optim *optim, const tp_tensor *parameter, uint64_t steps)
{
    entry *of = find_entry(optim, parameter);
    if (!of) return TP_E_ARGUMENT;
    of->steps = steps;
    return TP_OK;
}
