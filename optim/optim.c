/* Optimisers of every kind: parameters, groups, state tensors, and the step that goes through them. */
#include "optim/optim.h"

#include <string.h>

#include "optim/runs.h"

/* ---- making and freeing ---- */

tp_optim *tp_optim_new(const tp_optim_kind *kind, const void *options, tp_error *error)
{
    const tp_allocator *memory = NULL;
    if (options) memory = *(const tp_allocator *const *)((const char *)options + kind->memory);
    if (!memory) memory = &tp_default_allocator;
    tp_optim *optim = tp_allocate_zeroed(memory, sizeof *optim);
    if (!optim) {
        tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for an optimiser", kind->name);
        return NULL;
    }
    optim->kind = kind;
    optim->kernels = tp_kernels_pick();
    optim->memory = *memory;
    optim->users = 1;
    if (tp_optim_add_group(optim, kind, options, error) == 0) return optim;
    tp_optim_free(optim);
    return NULL;
}

static void release_entry(tp_optim *optim, tp_optim_entry *gone)
{
    for (int i = 0; i < TP_OPTIM_STATES; i++) tp_tensor_release(gone->state[i]);
    tp_tensor_release(gone->tensor);
    tp_deallocate(&optim->memory, gone, sizeof *gone);
}

static void remove_entry(tp_optim *optim, tp_optim_entry *gone)
{
    HASH_DELETE(hh, optim->entries, gone);
    release_entry(optim, gone);
}

void tp_optim_free(tp_optim *optim)
{
    if (!optim || --optim->users > 0) return;
    if (optim->kind->search) optim->kind->search->free(optim);
    while (optim->entries) remove_entry(optim, optim->entries);
    tp_optim_free_groups(optim);
    const tp_allocator memory = optim->memory;
    tp_deallocate(&memory, optim, sizeof *optim);
}

/* ---- parameters ---- */

tp_optim_entry *tp_optim_find(const tp_optim *optim, const tp_tensor *tensor)
{
    tp_optim_entry *found = NULL;
    if (optim) HASH_FIND(hh, optim->entries, &tensor, sizeof tensor, found);
    return found;
}

/* A parameter's entry with its state; NULL when out of memory. */
static tp_optim_entry *make_entry(tp_optim *optim, tp_optim_group *into, tp_tensor *tensor)
{
    tp_optim_entry *made = tp_allocate_zeroed(&optim->memory, sizeof *made);
    if (!made) return NULL;
    made->tensor = tp_tensor_retain(tensor);
    made->group = into;
    const tp_optim_kind *kind = optim->kind;
    memcpy(made->numbers, kind->numbers, sizeof made->numbers);
    for (int i = 0; i < TP_OPTIM_STATES && kind->states[i]; i++) {
        if (kind->has_state && !kind->has_state(tp_options_of(into), i)) continue;
        made->state[i] =
            tp_tensor_make(&optim->memory, (tp_dtype)tensor->dtype, tensor->rank, tensor->dims, NULL, NULL);
        if (made->state[i]) continue;
        release_entry(optim, made);
        return NULL;
    }
    return made;
}

static tp_status add_one(tp_optim *optim, tp_optim_group *into, tp_tensor *tensor, tp_error *error)
{
    const char *name = optim->kind->name;
    if (!tensor || tensor->pool)
        return tp_fail(error, TP_E_ARGUMENT, "tp_%s: a parameter %s", name,
                       tensor ? "belongs to a tape: clone it" : "is NULL");
    char text[TP_TENSOR_TEXT];
    if (!tp_dtype_is_float((tp_dtype)tensor->dtype))
        return tp_fail(error, TP_E_DTYPE, "tp_%s: a parameter is %s %s", name, tp_dtype_name((tp_dtype)tensor->dtype),
                       tp_tensor_text(text, tensor));
    if (tp_optim_find(optim, tensor)) return TP_OK;
    tp_optim_entry *made = make_entry(optim, into, tensor);
    bool oom = !made;
    if (made) HASH_ADD(hh, optim->entries, tensor, sizeof made->tensor, made);
    if (!oom) return TP_OK;
    if (made) release_entry(optim, made);
    return tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for the state of %s", name, tp_tensor_text(text, tensor));
}

static tp_optim_entry *last_entry(const tp_optim *optim)
{
    return optim->entries ? ELMT_FROM_HH(optim->entries->hh.tbl, optim->entries->hh.tbl->tail) : NULL;
}

tp_status tp_optim_add_to(tp_optim *optim, int number, tp_tensor *const *parameters, size_t n, tp_error *error)
{
    if (!optim || (n > 0 && !parameters))
        return tp_fail(error, TP_E_ARGUMENT, "tp_optim_add: the %s NULL", optim ? "parameters are" : "optimiser is");
    if (optim->busy) return tp_optim_fail_busy("tp_optim_add", error);
    tp_optim_group *into = tp_optim_find_group(optim, number);
    if (!into) return tp_fail(error, TP_E_ARGUMENT, "tp_%s: there is no group %d", optim->kind->name, number);
    const tp_optim_entry *before = last_entry(optim);
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

/* State tensors begin as zeros; others are filled when the options that count are known. */
static void start_entry(const tp_optim *optim, tp_optim_entry *at)
{
    const tp_optim_kind *kind = optim->kind;
    for (int k = 0; k < TP_OPTIM_STATES && kind->start; k++)
        if (at->state[k])
            tp_fill(at->state[k]->count, (tp_dtype)at->state[k]->dtype, tp_tensor_data(at->state[k]),
                    kind->start(tp_options_of(at->group), k));
}

static void step_entry(const tp_optim *optim, tp_optim_entry *at, const tp_tensor *gradient)
{
    const tp_tensor *tensor = at->tensor;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)tensor->dtype);
    tp_update_loop *const loop = optim->kernels->of[tensor->dtype]->updates[optim->kind->loop];
    char *w = tp_tensor_data(at->tensor);
    const char *g = tp_tensor_read(gradient);
    char *state[TP_OPTIM_STATES];
    if (at->steps++ == 0) start_entry(optim, at);
    for (int k = 0; k < TP_OPTIM_STATES; k++) state[k] = tp_tensor_data(at->state[k]);
    tp_update update = {.n = tp_dense_tail(tensor), .shrink = 1};
    optim->kind->prepare(tp_options_of(at->group), (double)at->steps, at->numbers, &update);
    for (int64_t i = 0; i < tensor->count; i += update.n) {
        update.w = w + tp_tensor_offset(tensor, i) * size;
        update.g = g + i * size;
        for (int k = 0; k < TP_OPTIM_STATES; k++) update.state[k] = state[k] ? state[k] + i * size : NULL;
        loop(&update);
    }
}

static void step_all(tp_optim *optim)
{
    optim->steps++;
    for (tp_optim_entry *at = optim->entries; at; at = at->hh.next) {
        const tp_tensor *gradient = tp_tensor_grad(at->tensor);
        if (gradient) step_entry(optim, at, gradient);
    }
}

tp_status tp_optim_step(tp_optim *optim)
{
    if (!optim) return TP_E_ARGUMENT;
    if (optim->kind->search) return TP_E_UNSUPPORTED;
    step_all(optim);
    return TP_OK;
}

static tp_status step_with(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error)
{
    const tp_optim_search *search = optim->kind->search;
    if (search) {
        const tp_status status = search->step(optim, closure, user, loss, error);
        if (status == TP_OK) optim->steps++;
        return status;
    }
    const tp_status status = tp_optim_evaluate(optim, closure, user, loss, error);
    if (status == TP_OK) step_all(optim);
    return status;
}

tp_status tp_optim_step_with(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error)
{
    double found = (double)NAN;
    if (loss) *loss = found;
    if (!optim || !closure)
        return tp_fail(error, TP_E_ARGUMENT, "tp_optim_step_with: the %s is NULL", optim ? "closure" : "optimiser");
    if (optim->busy) return tp_optim_fail_busy("tp_optim_step_with", error);
    optim->busy = true;
    optim->users++; /* the closure may give its own away */
    const tp_status status = step_with(optim, closure, user, &found, error);
    optim->busy = false;
    tp_optim_free(optim);
    if (loss) *loss = found;
    return status;
}

tp_status tp_optim_fail_busy(const char *call, tp_error *error)
{
    return tp_fail(error, TP_E_ARGUMENT, "%s: called by the closure of a step of the same optimiser", call);
}

tp_status tp_optim_evaluate(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error)
{
    tp_optim_clear_grads(optim);
    *loss = (double)NAN;
    const tp_status status = closure(user, loss);
    if (status == TP_OK) return TP_OK;
    return tp_fail(error, status, "tp_%s: the closure failed: %s", optim->kind->name, tp_status_name(status));
}

void tp_optim_clear_grads(tp_optim *optim)
{
    for (tp_optim_entry *at = optim ? optim->entries : NULL; at; at = at->hh.next) tp_tensor_clear_grad(at->tensor);
}

uint64_t tp_optim_steps(const tp_optim *optim)
{
    return optim ? optim->steps : 0;
}
