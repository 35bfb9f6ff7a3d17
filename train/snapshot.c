/* The list of a snapshot's entries. */
#include "train/snapshot.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"

tp_snapshot *tp_snapshot_new(const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_snapshot *made = tp_allocate_zeroed(memory, sizeof *made);
    if (made) {
        made->memory = *memory;
        made->scratch = tp_allocate(memory, TP_SNAPSHOT_NAME + 1);
        if (made->scratch) return made;
    }
    tp_snapshot_free(made);
    tp_fail(error, TP_E_MEMORY, "tp_snapshot_new: out of memory");
    return NULL;
}

void tp_snapshot_rewind(tp_snapshot *snapshot, uint32_t count)
{
    while (snapshot->count > count) {
        tp_snapshot_entry *gone = &snapshot->entries[--snapshot->count];
        tp_deallocate(&snapshot->memory, gone->name, gone->bytes);
        tp_deallocate(&snapshot->memory, gone->owned, gone->owned_bytes);
        tp_tensor_release(gone->tensor);
    }
}

void tp_snapshot_free(tp_snapshot *snapshot)
{
    if (!snapshot) return;
    tp_snapshot_rewind(snapshot, 0);
    const tp_allocator memory = snapshot->memory;
    tp_deallocate(&memory, snapshot->entries, snapshot->room * sizeof *snapshot->entries);
    if (snapshot->scratch) tp_deallocate(&memory, snapshot->scratch, TP_SNAPSHOT_NAME + 1);
    tp_deallocate(&memory, snapshot, sizeof *snapshot);
}

uint32_t tp_snapshot_find(const tp_snapshot *snapshot, const char *name)
{
    uint32_t i = 0;
    while (i < snapshot->count && strcmp(snapshot->entries[i].name, name) != 0) i++;
    return i;
}

bool tp_snapshot_has(const tp_snapshot *snapshot, const tp_tensor *tensor)
{
    for (uint32_t i = 0; i < snapshot->count; i++)
        if (snapshot->entries[i].tensor == tensor) return true;
    return false;
}

/* The tensor is retained; `owned` is taken over when it succeeds. */
static tp_status add(tp_snapshot *snapshot, const char *name, tp_snapshot_entry what, tp_error *error)
{
    const size_t length = strlen(name);
    if (length < 1 || length > TP_SNAPSHOT_NAME)
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add: a name of %zu bytes, not 1 .. %d", length,
                       TP_SNAPSHOT_NAME);
    if (tp_snapshot_find(snapshot, name) < snapshot->count)
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add: the name is taken: %.400s", name);
    what.bytes = length + 1;
    what.name = tp_allocate(&snapshot->memory, what.bytes);
    if (!what.name || !tp_grow(&snapshot->memory, (void **)&snapshot->entries, &snapshot->room, snapshot->count + 1,
                               sizeof *snapshot->entries)) {
        tp_deallocate(&snapshot->memory, what.name, what.bytes);
        return tp_fail(error, TP_E_MEMORY, "tp_snapshot_add: out of memory for %.400s", name);
    }
    memcpy(what.name, name, what.bytes);
    tp_tensor_retain(what.tensor);
    snapshot->entries[snapshot->count++] = what;
    return TP_OK;
}

static tp_status check(const tp_snapshot *snapshot, const char *name, const void *what, const char *kind,
                       tp_error *error)
{
    if (snapshot && name && what) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add_%s: the %s is NULL", kind,
                   !snapshot ? "snapshot"
                   : !name   ? "name"
                             : kind);
}

tp_status tp_snapshot_add_tensor(tp_snapshot *snapshot, const char *name, tp_tensor *tensor, tp_error *error)
{
    const tp_status status = check(snapshot, name, tensor, "tensor", error);
    if (status != TP_OK) return status;
    if (tensor->pool)
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add_tensor: %.400s belongs to a tape: clone it", name);
    return add(snapshot, name, (tp_snapshot_entry){.tensor = tensor}, error);
}

tp_status tp_snapshot_add_list(tp_snapshot *snapshot, const char *name, const tp_snapshot_list *list, tp_error *error)
{
    const tp_status status = check(snapshot, name, list, "list", error);
    if (status != TP_OK) return status;
    if (!list->get || !list->set || (list->dtype != TP_F64 && list->dtype != TP_I64))
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add_list: %.400s wants get, set, and TP_F64 or TP_I64", name);
    return add(snapshot, name, (tp_snapshot_entry){.list = *list}, error);
}

/* ---- modules and optimisers ---- */

/* Puts a name together in `scratch`; NULL when it is too long. */
static const char *name_of(tp_snapshot *snapshot, const char *format, ...) TP_PRINTF(2, 3);
static const char *name_of(tp_snapshot *snapshot, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(snapshot->scratch, TP_SNAPSHOT_NAME + 1, format, list);
    va_end(list);
    return length >= 0 && length <= TP_SNAPSHOT_NAME ? snapshot->scratch : NULL;
}

static tp_status add_named(tp_snapshot *snapshot, const char *name, tp_tensor *tensor, tp_error *error)
{
    if (!name) return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add: a name is over %d bytes", TP_SNAPSHOT_NAME);
    return tp_snapshot_add_tensor(snapshot, name, tensor, error);
}

typedef struct visit {
    tp_snapshot *snapshot;
    const char *name;
    tp_error *error;
} visit;

static tp_status add_visited(void *user, const char *path, tp_tensor *tensor)
{
    const visit *v = user;
    return add_named(v->snapshot, name_of(v->snapshot, "%s%s%s", v->name, *v->name ? "." : "", path), tensor, v->error);
}

tp_status tp_snapshot_add_module(tp_snapshot *snapshot, const char *name, tp_module *module, tp_error *error)
{
    tp_status status = check(snapshot, name, module, "module", error);
    if (status != TP_OK) return status;
    const uint32_t before = snapshot->count;
    visit v = {snapshot, name, error};
    status = tp_module_visit(module, TP_VISIT_PARAMETERS | TP_VISIT_BUFFERS, add_visited, &v);
    if (status != TP_OK) tp_snapshot_rewind(snapshot, before);
    return status;
}

static int64_t get_optim(void *user, void *numbers, int64_t n)
{
    return (int64_t)tp_optim_numbers(user, numbers, (size_t)n);
}

static tp_status set_optim(void *user, const void *numbers, int64_t n, tp_error *error)
{
    return tp_optim_set_numbers(user, numbers, (size_t)n, error);
}

/* The states of the i-th parameter, under its name if one of the first `modules` entries is it. */
static tp_status add_states(tp_snapshot *snapshot, const char *name, tp_optim *optim, tp_tensor *parameter, size_t i,
                            uint32_t modules, tp_error *error)
{
    uint32_t at = 0;
    while (at < modules && snapshot->entries[at].tensor != parameter) at++;
    const char *state;
    for (int k = 0; (state = tp_optim_state_name(optim, k)) != NULL; k++) {
        tp_tensor *tensor = tp_optim_state(optim, parameter, state);
        if (!tensor) continue;
        const char *made = at < modules ? name_of(snapshot, "%s.%s.%s", name, state, snapshot->entries[at].name)
                                        : name_of(snapshot, "%s.%s.%zu", name, state, i);
        const tp_status status = add_named(snapshot, made, tensor, error);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

tp_status tp_snapshot_add_optim(tp_snapshot *snapshot, const char *name, tp_optim *optim, tp_error *error)
{
    tp_status status = check(snapshot, name, optim, "optim", error);
    if (status != TP_OK) return status;
    const uint32_t before = snapshot->count;
    const size_t n = tp_optim_parameter_count(optim);
    for (size_t i = 0; i < n && status == TP_OK; i++)
        status = add_states(snapshot, name, optim, tp_optim_parameter_at(optim, i), i, before, error);
    const tp_snapshot_list numbers = {.dtype = TP_F64, .get = get_optim, .set = set_optim, .user = optim};
    if (status == TP_OK)
        status =
            tp_snapshot_add_list(snapshot, name_of(snapshot, "%s.%s", name, tp_optim_name(optim)), &numbers, error);
    if (status != TP_OK) tp_snapshot_rewind(snapshot, before);
    return status;
}

static int64_t get_schedule(void *user, void *numbers, int64_t n)
{
    return tp_schedule_state(user, numbers, n < INT_MAX ? (int)n : INT_MAX);
}

static tp_status set_schedule(void *user, const void *numbers, int64_t n, tp_error *error)
{
    return tp_schedule_set_state(user, numbers, n < INT_MAX ? (int)n : INT_MAX, error);
}

tp_status tp_snapshot_add_schedule(tp_snapshot *snapshot, const char *name, tp_schedule *schedule, tp_error *error)
{
    const tp_status status = check(snapshot, name, schedule, "schedule", error);
    if (status != TP_OK) return status;
    const tp_snapshot_list list = {.dtype = TP_F64, .get = get_schedule, .set = set_schedule, .user = schedule};
    return tp_snapshot_add_list(snapshot, name_of(snapshot, "%s.%s", name, tp_schedule_name(schedule)), &list, error);
}

/* ---- numbers of the caller's, generators, positions ---- */

typedef struct array {
    void *at; /* double or int64_t, 8 bytes each */
    int64_t n;
} array;

static int64_t get_array(void *user, void *numbers, int64_t n)
{
    const array *a = user;
    const int64_t count = n < a->n ? n : a->n;
    if (count > 0) memcpy(numbers, a->at, (size_t)count * 8);
    return a->n;
}

static tp_status set_array(void *user, const void *numbers, int64_t n, tp_error *error)
{
    const array *a = user;
    if (n != a->n) return tp_fail(error, TP_E_FORMAT, "%lld numbers, not %lld", (long long)n, (long long)a->n);
    if (n > 0) memcpy(a->at, numbers, (size_t)n * 8);
    return TP_OK;
}

static tp_status add_array(tp_snapshot *snapshot, const char *name, tp_dtype dtype, void *at, int64_t n,
                           const char *kind, tp_error *error)
{
    tp_status status = check(snapshot, name, at || n == 0 ? name : NULL, kind, error);
    if (status != TP_OK) return status;
    if (n < 0) return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_add_%s: %lld of them", kind, (long long)n);
    array *made = tp_allocate(&snapshot->memory, sizeof *made);
    if (!made) return tp_fail(error, TP_E_MEMORY, "tp_snapshot_add_%s: out of memory", kind);
    *made = (array){at, n};
    const tp_snapshot_list list = {.dtype = dtype, .get = get_array, .set = set_array, .user = made};
    status = add(snapshot, name, (tp_snapshot_entry){.list = list, .owned = made, .owned_bytes = sizeof *made}, error);
    if (status != TP_OK) tp_deallocate(&snapshot->memory, made, sizeof *made);
    return status;
}

tp_status tp_snapshot_add_numbers(tp_snapshot *snapshot, const char *name, double *numbers, int64_t n, tp_error *error)
{
    return add_array(snapshot, name, TP_F64, numbers, n, "numbers", error);
}

tp_status tp_snapshot_add_words(tp_snapshot *snapshot, const char *name, int64_t *words, int64_t n, tp_error *error)
{
    return add_array(snapshot, name, TP_I64, words, n, "words", error);
}

/* A list of words that is read and set as a whole. */
enum { RNG_WORDS = 8 };

static int64_t give_words(void *to, int64_t n, const int64_t *words, int64_t count)
{
    if (n > count) n = count;
    if (n > 0) memcpy(to, words, (size_t)n * sizeof *words);
    return count;
}

static int64_t get_rng(void *user, void *numbers, int64_t n)
{
    const tp_rng *rng = user;
    const int64_t words[RNG_WORDS] = {(int64_t)rng->seed, (int64_t)rng->stream, (int64_t)rng->counter, rng->block[0],
                                      rng->block[1],      rng->block[2],        rng->block[3],         rng->left};
    return give_words(numbers, n, words, RNG_WORDS);
}

static tp_status set_rng(void *user, const void *numbers, int64_t n, tp_error *error)
{
    const int64_t *words = numbers;
    if (n != RNG_WORDS || words[7] < 0 || words[7] > 4) return tp_fail(error, TP_E_FORMAT, "it is no generator");
    *(tp_rng *)user =
        (tp_rng){.seed = (uint64_t)words[0],
                 .stream = (uint64_t)words[1],
                 .counter = (uint64_t)words[2],
                 .block = {(uint32_t)words[3], (uint32_t)words[4], (uint32_t)words[5], (uint32_t)words[6]},
                 .left = (uint32_t)words[7]};
    return TP_OK;
}

tp_status tp_snapshot_add_rng(tp_snapshot *snapshot, const char *name, tp_rng *rng, tp_error *error)
{
    const tp_status status = check(snapshot, name, rng, "rng", error);
    const tp_snapshot_list list = {.dtype = TP_I64, .get = get_rng, .set = set_rng, .user = rng};
    return status == TP_OK ? tp_snapshot_add_list(snapshot, name, &list, error) : status;
}

static int64_t get_tape(void *user, void *numbers, int64_t n)
{
    const tp_rng rng = tp_tape_rng(user);
    return give_words(numbers, n, (const int64_t[]){(int64_t)rng.seed, (int64_t)rng.stream}, 2);
}

static tp_status set_tape(void *user, const void *numbers, int64_t n, tp_error *error)
{
    const int64_t *words = numbers;
    if (n != 2) return tp_fail(error, TP_E_FORMAT, "it is no tape's generator");
    tp_tape_set_rng(user, (tp_rng){.seed = (uint64_t)words[0], .stream = (uint64_t)words[1]});
    return TP_OK;
}

tp_status tp_snapshot_add_tape(tp_snapshot *snapshot, const char *name, tp_tape *tape, tp_error *error)
{
    const tp_status status = check(snapshot, name, tape, "tape", error);
    const tp_snapshot_list list = {.dtype = TP_I64, .get = get_tape, .set = set_tape, .user = tape};
    return status == TP_OK ? tp_snapshot_add_list(snapshot, name, &list, error) : status;
}

static int64_t get_loader(void *user, void *numbers, int64_t n)
{
    const tp_data_position at = tp_loader_position(user);
    return give_words(numbers, n, (const int64_t[]){(int64_t)at.epoch, at.batch}, 2);
}

static tp_status set_loader(void *user, const void *numbers, int64_t n, tp_error *error)
{
    const int64_t *words = numbers;
    if (n != 2) return tp_fail(error, TP_E_FORMAT, "it is no position");
    return tp_loader_seek(user, (tp_data_position){(uint64_t)words[0], words[1]}, error);
}

tp_status tp_snapshot_add_loader(tp_snapshot *snapshot, const char *name, tp_loader *loader, tp_error *error)
{
    const tp_status status = check(snapshot, name, loader, "loader", error);
    const tp_snapshot_list list = {.dtype = TP_I64, .get = get_loader, .set = set_loader, .user = loader};
    return status == TP_OK ? tp_snapshot_add_list(snapshot, name, &list, error) : status;
}
