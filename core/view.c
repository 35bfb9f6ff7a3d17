/* Views of tensors outside a tape, and access to single elements whatever the strides. */
#include <math.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"

bool tp_tensor_is_dense(int rank, const int64_t *dims, const int64_t *strides)
{
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        if (dims[i] == 0) return true;
        if (dims[i] != 1 && strides[i] != stride) return false;
        stride *= dims[i];
    }
    return true;
}

void tp_tensor_set_view(tp_tensor *view, int rank, const int64_t *dims, const int64_t *strides, int64_t offset)
{
    view->rank = (uint8_t)rank;
    view->count = 1;
    for (int i = 0; i < rank; i++) {
        view->dims[i] = dims[i];
        view->strides[i] = strides[i];
        view->count *= dims[i];
    }
    view->dense = tp_tensor_is_dense(rank, dims, strides);
    if (view->count) view->data += offset * (int64_t)tp_dtype_size((tp_dtype)view->dtype);
}

static tp_tensor *view_of(tp_tensor *base, int rank, const int64_t *dims, const int64_t *strides, int64_t offset,
                          tp_error *error)
{
    tp_tensor *view = tp_allocate_zeroed(&base->storage->memory, sizeof *view);
    if (!view) {
        tp_fail(error, TP_E_MEMORY, "tensor: out of memory for a view");
        return NULL;
    }
    atomic_init(&view->refs, 1);
    atomic_fetch_add_explicit(&base->storage->refs, 1, memory_order_relaxed);
    view->storage = base->storage;
    view->data = base->data;
    view->dtype = base->dtype;
    tp_tensor_set_view(view, rank, dims, strides, offset);
    return view;
}

static bool viewable(const tp_tensor *tensor, const char *what, tp_error *error)
{
    if (tensor && !tensor->pool) return true;
    tp_fail(error, TP_E_ARGUMENT, "%s: %s", what, tensor ? "the tensor belongs to a tape" : "the tensor is NULL");
    return false;
}

tp_tensor *tp_tensor_reshape(tp_tensor *tensor, int rank, const int64_t *dims, tp_error *error)
{
    if (!viewable(tensor, "tp_tensor_reshape", error)) return NULL;
    if (rank < 0 || rank > TP_MAX_RANK || (rank > 0 && !dims)) {
        tp_fail(error, TP_E_LIMIT, "tp_tensor_reshape: rank %d is not in 0..%d, or dims are NULL", rank, TP_MAX_RANK);
        return NULL;
    }
    int64_t wanted[TP_MAX_RANK], strides[TP_MAX_RANK];
    for (int i = 0; i < rank; i++) wanted[i] = dims[i];
    char from[TP_SHAPE_TEXT], to[TP_SHAPE_TEXT];
    if (!tp_shape_infer(tensor->count, rank, wanted)) {
        tp_fail(error, TP_E_SHAPE, "tp_tensor_reshape: %s does not hold as many elements as %s",
                tp_shape_text(to, rank, dims), tp_tensor_text(from, tensor));
        return NULL;
    }
    if (!tp_shape_reshape(tensor->rank, tensor->dims, tensor->strides, rank, wanted, strides)) {
        tp_fail(error, TP_E_SHAPE, "tp_tensor_reshape: the strides of %s allow no view as %s; clone it first",
                tp_tensor_text(from, tensor), tp_shape_text(to, rank, wanted));
        return NULL;
    }
    return view_of(tensor, rank, wanted, strides, 0, error);
}

tp_tensor *tp_tensor_transpose(tp_tensor *tensor, int axis_a, int axis_b, tp_error *error)
{
    if (!viewable(tensor, "tp_tensor_transpose", error)) return NULL;
    const int a = tp_shape_axis(tensor->rank, axis_a), b = tp_shape_axis(tensor->rank, axis_b);
    char text[TP_SHAPE_TEXT];
    if (a < 0 || b < 0) {
        tp_fail(error, TP_E_INDEX, "tp_tensor_transpose: axes %d and %d of %s", axis_a, axis_b,
                tp_tensor_text(text, tensor));
        return NULL;
    }
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    memcpy(dims, tensor->dims, sizeof dims);
    memcpy(strides, tensor->strides, sizeof strides);
    dims[a] = tensor->dims[b], dims[b] = tensor->dims[a];
    strides[a] = tensor->strides[b], strides[b] = tensor->strides[a];
    return view_of(tensor, tensor->rank, dims, strides, 0, error);
}

tp_tensor *tp_tensor_slice(tp_tensor *tensor, int axis, int64_t start, int64_t stop, int64_t step, tp_error *error)
{
    if (!viewable(tensor, "tp_tensor_slice", error)) return NULL;
    const int a = tp_shape_axis(tensor->rank, axis);
    char text[TP_SHAPE_TEXT];
    if (a < 0 || step < 1 || start < 0 || stop < start || stop > tensor->dims[a]) {
        tp_fail(error, TP_E_INDEX, "tp_tensor_slice: %lld:%lld:%lld along axis %d of %s", (long long)start,
                (long long)stop, (long long)step, axis, tp_tensor_text(text, tensor));
        return NULL;
    }
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    memcpy(dims, tensor->dims, sizeof dims);
    memcpy(strides, tensor->strides, sizeof strides);
    dims[a] = stop > start ? (stop - start - 1) / step + 1 : 0;
    strides[a] = dims[a] > 1 ? tensor->strides[a] * step : tensor->strides[a];
    return view_of(tensor, tensor->rank, dims, strides, start * tensor->strides[a], error);
}

static double element(const tp_tensor *tensor, int64_t offset)
{
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    return tp_get(dtype, tensor->data + offset * (int64_t)tp_dtype_size(dtype));
}

static void set_element(const tp_tensor *tensor, int64_t offset, double value)
{
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    tp_put(dtype, tensor->data + offset * (int64_t)tp_dtype_size(dtype), value);
}

int64_t tp_tensor_offset(const tp_tensor *tensor, int64_t i)
{
    if (tensor->dense) return i;
    int64_t offset = 0;
    for (int axis = tensor->rank - 1; axis >= 0; axis--) {
        offset += i % tensor->dims[axis] * tensor->strides[axis];
        i /= tensor->dims[axis];
    }
    return offset;
}

double tp_tensor_item(const tp_tensor *tensor, int64_t i)
{
    return tensor && i >= 0 && i < tensor->count ? element(tensor, tp_tensor_offset(tensor, i)) : (double)NAN;
}

double tp_tensor_at(const tp_tensor *tensor, const int64_t *index)
{
    if (!tensor || (tensor->rank > 0 && !index)) return (double)NAN;
    int64_t offset = 0;
    for (int axis = 0; axis < tensor->rank; axis++) {
        const int64_t i = index[axis] < 0 ? index[axis] + tensor->dims[axis] : index[axis];
        if (i < 0 || i >= tensor->dims[axis]) return (double)NAN;
        offset += i * tensor->strides[axis];
    }
    return element(tensor, offset);
}

tp_status tp_tensor_fill(tp_tensor *tensor, double value)
{
    if (!tensor) return TP_E_ARGUMENT;
    tp_tensor_touch(tensor);
    for (int64_t i = 0; i < tensor->count; i++) set_element(tensor, tp_tensor_offset(tensor, i), value);
    return TP_OK;
}

tp_status tp_tensor_copy(tp_tensor *tensor, const tp_tensor *source, tp_error *error)
{
    if (!tensor || !source) return tp_fail(error, TP_E_ARGUMENT, "tp_tensor_copy: a tensor is NULL");
    char to[TP_SHAPE_TEXT], from[TP_SHAPE_TEXT];
    if (!tp_shape_equal(tensor->rank, tensor->dims, source->rank, source->dims))
        return tp_fail(error, TP_E_SHAPE, "tp_tensor_copy: %s from %s", tp_tensor_text(to, tensor),
                       tp_tensor_text(from, source));
    tp_tensor_touch(tensor);
    if (tensor->dtype == source->dtype && tensor->dense && source->dense) {
        memmove(tensor->data, source->data, (size_t)tensor->count * tp_dtype_size((tp_dtype)tensor->dtype));
        return TP_OK;
    }
    const size_t size = tp_dtype_size((tp_dtype)tensor->dtype);
    for (int64_t i = 0; i < tensor->count; i++) {
        const int64_t at = tp_tensor_offset(tensor, i), other = tp_tensor_offset(source, i);
        if (tensor->dtype == source->dtype) /* an i64 does not fit into a double */
            memmove(tensor->data + at * (int64_t)size, source->data + other * (int64_t)size, size);
        else
            set_element(tensor, at, element(source, other));
    }
    return TP_OK;
}
