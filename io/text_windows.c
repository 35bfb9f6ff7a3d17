/* Windows of a sequence of numbers, with the numbers that follow as targets. */
#include <tapir/io_text.h>

#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/dataset.h"

typedef struct windows_state {
    tp_tensor *numbers;
    size_t window, step, size; /* bytes: of a window, from one to the next, of a number */
} windows_state;

static tp_status windows_read(const tp_reading *reading, int64_t i, void *const *to)
{
    const windows_state *windows = reading->state;
    const char *at = windows->numbers->data + (size_t)i * windows->step;
    memcpy(to[0], at, windows->window);
    memcpy(to[1], at + windows->size, windows->window);
    return TP_OK;
}

static void windows_free(void *state)
{
    const windows_state *windows = state;
    tp_tensor_release(windows->numbers);
}

static const tp_dataset_kind windows_kind = {TP_DATASET_HEAD, .name = "windows", .state = sizeof(windows_state),
                                             .read = windows_read, .free = windows_free};

static tp_status check(const tp_tensor *numbers, int64_t length, int64_t step, tp_error *error)
{
    static const char *const name = "tp_text_windows";
    char text[TP_TENSOR_TEXT];
    if (!numbers) return tp_fail(error, TP_E_ARGUMENT, "%s: the numbers are NULL", name);
    if (numbers->pool) return tp_fail(error, TP_E_ARGUMENT, "%s: the numbers are a tape's own", name);
    if (numbers->rank != 1)
        return tp_fail(error, TP_E_SHAPE, "%s: the numbers are %s, not (n)", name, tp_tensor_text(text, numbers));
    if (tp_dtype_is_float((tp_dtype)numbers->dtype))
        return tp_fail(error, TP_E_DTYPE, "%s: the numbers are %s, not integers", name,
                       tp_dtype_name((tp_dtype)numbers->dtype));
    if (length < 1 || step < 1)
        return tp_fail(error, TP_E_ARGUMENT, "%s: length %" PRId64 ", step %" PRId64, name, length, step);
    return TP_OK;
}

tp_dataset *tp_text_windows(tp_tensor *numbers, int64_t length, int64_t step, tp_error *error)
{
    if (check(numbers, length, step, error) != TP_OK) return NULL;
    const tp_dtype dtype = (tp_dtype)numbers->dtype;
    const int64_t room = numbers->count - 1 - length;
    tp_dataset_spec spec = {.count = room < 0 ? 0 : room / step + 1, .fields = 2, .memory = &numbers->storage->memory};
    for (int k = 0; k < 2; k++) spec.field[k] = (tp_field){.dtype = dtype, .rank = 1, .dims = {length}};
    tp_dataset *set = tp_dataset_new(&windows_kind, &spec, error);
    if (!set) return NULL;
    windows_state *windows = tp_dataset_state(set);
    windows->size = tp_dtype_size(dtype);
    windows->window = (size_t)length * windows->size;
    windows->step = spec.count > 1 ? (size_t)step * windows->size : 0;
    windows->numbers = numbers->dense ? tp_tensor_retain(numbers) : tp_tensor_clone(numbers);
    if (windows->numbers) return set;
    tp_fail(error, TP_E_MEMORY, "tp_text_windows: out of memory for a copy of the numbers");
    tp_dataset_release(set);
    return NULL;
}
