/* Averages of weights. Invariant: averages[i] is dense, and of the dtype and dims of tensors[i]. */
#include <string.h>

#include <math.h>

#include <tapir/optim_average.h>

#include "core/tensor.h"
#include "kernels/kernels.h"
#include "optim/runs.h"

struct tp_average {
    tp_allocator memory;
    const tp_kernels *kernels;
    double decay;
    uint64_t updates;
    bool swapped;
    size_t count;
    tp_tensor **tensors, **averages; /* `count` each, in one block */
};

static size_t list_bytes(const tp_average *average)
{
    return 2 * average->count * sizeof(tp_tensor *);
}

void tp_average_free(tp_average *average)
{
    if (!average) return;
    for (size_t i = 0; average->tensors && i < 2 * average->count; i++) tp_tensor_release(average->tensors[i]);
    if (average->tensors) tp_deallocate(&average->memory, average->tensors, list_bytes(average));
    const tp_allocator memory = average->memory;
    tp_deallocate(&memory, average, sizeof *average);
}

static tp_status check(tp_tensor *const *tensors, size_t n, double decay, tp_error *error)
{
    if (!(decay >= 0 && decay < 1))
        return tp_fail(error, TP_E_ARGUMENT, "tp_average_new: decay is %g, outside [0, 1)", decay);
    if (n > SIZE_MAX / 2 / sizeof *tensors) return tp_fail(error, TP_E_LIMIT, "tp_average_new: %zu tensors", n);
    for (size_t i = 0; i < n; i++) {
        if (!tensors || !tensors[i] || tensors[i]->pool)
            return tp_fail(error, TP_E_ARGUMENT, "tp_average_new: tensor %zu %s", i,
                           tensors && tensors[i] ? "belongs to a tape: clone it" : "is NULL");
        if (!tp_dtype_is_float((tp_dtype)tensors[i]->dtype))
            return tp_fail(error, TP_E_DTYPE, "tp_average_new: tensor %zu is %s", i,
                           tp_dtype_name((tp_dtype)tensors[i]->dtype));
    }
    return TP_OK;
}

static bool fill(tp_average *average, tp_tensor *const *tensors, size_t n)
{
    average->count = n;
    if (n == 0) return true;
    average->tensors = tp_allocate_zeroed(&average->memory, list_bytes(average));
    if (!average->tensors) return false;
    average->averages = average->tensors + n;
    for (size_t i = 0; i < n; i++) {
        average->tensors[i] = tp_tensor_retain(tensors[i]);
        average->averages[i] = tp_tensor_make(&average->memory, (tp_dtype)tensors[i]->dtype, tensors[i]->rank,
                                              tensors[i]->dims, NULL, NULL);
        if (!average->averages[i]) return false;
    }
    return true;
}

tp_average *tp_average_new(tp_tensor *const *tensors, size_t n, const tp_average_options *options, tp_error *error)
{
    const tp_average_options o = options ? *options : (tp_average_options){0};
    if (check(tensors, n, o.decay, error) != TP_OK) return NULL;
    const tp_allocator *memory = o.memory ? o.memory : &tp_default_allocator;
    tp_average *average = tp_allocate_zeroed(memory, sizeof *average);
    if (average) {
        average->memory = *memory;
        average->kernels = tp_kernels_pick();
        average->decay = o.decay;
        if (fill(average, tensors, n)) return average;
    }
    tp_average_free(average);
    tp_fail(error, TP_E_MEMORY, "tp_average_new: out of memory for averages of %zu tensors", n);
    return NULL;
}

tp_status tp_average_update(tp_average *average)
{
    if (!average || average->swapped) return TP_E_ARGUMENT;
    const double k = (double)average->updates++;
    const double share = k == 0 ? 1 : average->decay != 0 ? 1 - average->decay : 1 / (k + 1);
    for (size_t i = 0; i < average->count; i++) {
        const tp_tensor *tensor = average->tensors[i];
        tp_update_loop *const mix = average->kernels->of[tensor->dtype]->updates[TP_UPDATE_mix];
        const size_t size = tp_dtype_size((tp_dtype)tensor->dtype);
        const char *w = tp_tensor_read(tensor);
        char *a = tp_tensor_data(average->averages[i]);
        tp_update update = {.n = tp_dense_tail(tensor), .rate = share};
        for (int64_t at = 0; at < tensor->count; at += update.n) {
            update.w = a + (size_t)at * size;
            update.g = w + tp_tensor_offset(tensor, at) * (int64_t)size;
            mix(&update);
        }
    }
    return TP_OK;
}

/* Exchanges n bytes that do not overlap. */
static void exchange(char *a, char *b, size_t n)
{
    char held[1024];
    for (size_t at = 0; at < n; at += sizeof held) {
        const size_t part = n - at < sizeof held ? n - at : sizeof held;
        memcpy(held, a + at, part);
        memcpy(a + at, b + at, part);
        memcpy(b + at, held, part);
    }
}

tp_status tp_average_swap(tp_average *average)
{
    if (!average || average->updates == 0) return TP_E_ARGUMENT;
    average->swapped = !average->swapped;
    for (size_t k = 0; k < average->count; k++) {
        const size_t i =
            average->swapped ? k : average->count - 1 - k; /* a tensor that is there twice comes back too */
        tp_tensor *tensor = average->tensors[i];
        const size_t size = tp_dtype_size((tp_dtype)tensor->dtype);
        const int64_t run = tp_dense_tail(tensor);
        char *w = tp_tensor_data(tensor), *a = tp_tensor_data(average->averages[i]);
        for (int64_t at = 0; at < tensor->count; at += run)
            exchange(w + tp_tensor_offset(tensor, at) * (int64_t)size, a + (size_t)at * size, (size_t)run * size);
    }
    return TP_OK;
}

bool tp_average_swapped(const tp_average *average)
{
    return average && average->swapped;
}

uint64_t tp_average_updates(const tp_average *average)
{
    return average ? average->updates : 0;
}

size_t tp_average_count(const tp_average *average)
{
    return average ? average->count : 0;
}

tp_tensor *tp_average_tensor(const tp_average *average, size_t i)
{
    return average && i < average->count ? average->averages[i] : NULL;
}

int tp_average_state(const tp_average *average, double *state, int n)
{
    if (!average) return 0;
    if (state && n > 0) state[0] = (double)average->updates;
    if (state && n > 1) state[1] = average->swapped;
    return 2;
}

tp_status tp_average_set_state(tp_average *average, const double *state, int n, tp_error *error)
{
    if (!average || !state || n != 2 || !(state[0] >= 0 && state[0] <= 0x1p53 && state[0] == floor(state[0])) ||
        !(state[1] == 0 || (state[1] == 1 && state[0] > 0)))
        return tp_fail(error, TP_E_ARGUMENT, "tp_average_set_state: NULL, or numbers that are no state of one");
    average->updates = (uint64_t)state[0];
    average->swapped = state[1] != 0;
    return TP_OK;
}
