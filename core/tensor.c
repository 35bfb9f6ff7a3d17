/* Tensors: making, sharing and freeing them; versions; the gradient that belongs to a parameter. */
#include "core/tensor.h"

#include <math.h>
#include <string.h>

size_t tp_dtype_size(tp_dtype dtype)
{
    static const uint8_t sizes[] = {4, 8, 4, 8, 1};
    const size_t i = (size_t)dtype;
    return i < sizeof sizes ? sizes[i] : 0;
}

const char *tp_dtype_name(tp_dtype dtype)
{
    static const char *const names[] = {"f32", "f64", "i32", "i64", "u8"};
    const size_t i = (size_t)dtype;
    return i < sizeof names / sizeof *names ? names[i] : "?";
}

tp_status tp_tensor_check(tp_dtype dtype, int rank, const int64_t *dims, int64_t *count, tp_error *error)
{
    if (tp_dtype_size(dtype) == 0) return tp_fail(error, TP_E_DTYPE, "tensor: there is no dtype %d", (int)dtype);
    if (rank < 0 || rank > TP_MAX_RANK)
        return tp_fail(error, TP_E_LIMIT, "tensor: rank %d is not in 0..%d", rank, TP_MAX_RANK);
    if (rank > 0 && !dims) return tp_fail(error, TP_E_ARGUMENT, "tensor: dims are NULL");
    char text[TP_SHAPE_TEXT];
    for (int i = 0; i < rank; i++)
        if (dims[i] < 0)
            return tp_fail(error, TP_E_SHAPE, "tensor: a dim of %s is negative", tp_shape_text(text, rank, dims));
    *count = tp_shape_count(rank, dims);
    if (*count < 0 || (uint64_t)*count > (PTRDIFF_MAX / 2) / tp_dtype_size(dtype))
        return tp_fail(error, TP_E_LIMIT, "tensor: the size of %s %s overflows", tp_dtype_name(dtype),
                       tp_shape_text(text, rank, dims));
    return TP_OK;
}

static tp_tensor *header_over(const tp_allocator *memory, tp_storage *storage)
{
    tp_tensor *tensor = tp_allocate_zeroed(memory, sizeof *tensor);
    if (!tensor) return NULL;
    atomic_init(&tensor->refs, 1);
    tensor->storage = storage;
    tensor->data = tp_storage_data(storage);
    return tensor;
}

static void storage_release(tp_storage *storage)
{
    if (atomic_fetch_sub_explicit(&storage->refs, 1, memory_order_acq_rel) != 1) return;
    const tp_allocator memory = storage->memory;
    tp_deallocate(&memory, storage, TP_STORAGE_HEAD + storage->bytes);
}

static tp_storage *storage_make(const tp_allocator *memory, size_t bytes)
{
    tp_storage *storage = tp_allocate(memory, TP_STORAGE_HEAD + bytes);
    if (!storage) return NULL;
    memset(storage, 0, sizeof *storage);
    atomic_init(&storage->refs, 1);
    atomic_init(&storage->version, 0);
    storage->bin = -1;
    storage->bytes = bytes;
    storage->memory = *memory;
    return storage;
}

tp_tensor *tp_tensor_make_unset(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims,
                                tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    int64_t count;
    if (tp_tensor_check(dtype, rank, dims, &count, error) != TP_OK) return NULL;
    tp_storage *storage = storage_make(memory, (size_t)count * tp_dtype_size(dtype));
    tp_tensor *tensor = storage ? header_over(memory, storage) : NULL;
    if (!tensor) {
        if (storage) storage_release(storage);
        char text[TP_SHAPE_TEXT];
        tp_fail(error, TP_E_MEMORY, "tensor: out of memory for %s %s", tp_dtype_name(dtype),
                tp_shape_text(text, rank, dims));
        return NULL;
    }
    tensor->dtype = (uint8_t)dtype;
    tp_tensor_set_dense(tensor, rank, dims, count);
    return tensor;
}

tp_tensor *tp_tensor_make(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims, const void *data,
                          tp_error *error)
{
    tp_tensor *tensor = tp_tensor_make_unset(memory, dtype, rank, dims, error);
    if (!tensor) return NULL;
    if (data && tensor->storage->bytes)
        memcpy(tensor->data, data, tensor->storage->bytes);
    else
        memset(tensor->data, 0, tensor->storage->bytes);
    return tensor;
}

tp_tensor *tp_tensor_new(tp_dtype dtype, int rank, const int64_t *dims)
{
    return tp_tensor_make(NULL, dtype, rank, dims, NULL, NULL);
}

tp_tensor *tp_tensor_from(tp_dtype dtype, int rank, const int64_t *dims, const void *data)
{
    return data ? tp_tensor_make(NULL, dtype, rank, dims, data, NULL) : NULL;
}

tp_tensor *tp_tensor_retain(tp_tensor *tensor)
{
    if (tensor && tensor->pool) return tp_tensor_clone(tensor);
    if (tensor) atomic_fetch_add_explicit(&tensor->refs, 1, memory_order_relaxed);
    return tensor;
}

void tp_tensor_release(tp_tensor *tensor)
{
    if (!tensor || tensor->pool) return; /* a tape's tensor is the tape's */
    if (atomic_fetch_sub_explicit(&tensor->refs, 1, memory_order_acq_rel) != 1) return;
    tp_tensor_release(tensor->grad);
    const tp_allocator memory = tensor->storage->memory;
    storage_release(tensor->storage);
    tp_deallocate(&memory, tensor, sizeof *tensor);
}

tp_tensor *tp_tensor_clone(const tp_tensor *tensor)
{
    if (!tensor) return NULL;
    tp_tensor *copy = tp_tensor_make(NULL, (tp_dtype)tensor->dtype, tensor->rank, tensor->dims, NULL, NULL);
    if (copy) tp_tensor_copy(copy, tensor, NULL);
    return copy;
}

tp_dtype tp_tensor_dtype(const tp_tensor *tensor)
{
    return tensor ? (tp_dtype)tensor->dtype : TP_F32;
}

int tp_tensor_rank(const tp_tensor *tensor)
{
    return tensor ? tensor->rank : 0;
}

int64_t tp_tensor_dim(const tp_tensor *tensor, int axis)
{
    const int i = tensor ? tp_shape_axis(tensor->rank, axis) : -1;
    return i < 0 ? 0 : tensor->dims[i];
}

int64_t tp_tensor_stride(const tp_tensor *tensor, int axis)
{
    const int i = tensor ? tp_shape_axis(tensor->rank, axis) : -1;
    return i < 0 ? 0 : tensor->strides[i];
}

const int64_t *tp_tensor_dims(const tp_tensor *tensor)
{
    return tensor ? tensor->dims : NULL;
}

int64_t tp_tensor_count(const tp_tensor *tensor)
{
    return tensor ? tensor->count : 0;
}

bool tp_tensor_dense(const tp_tensor *tensor)
{
    return tensor && tensor->dense;
}

void *tp_tensor_data(tp_tensor *tensor)
{
    tp_tensor_touch(tensor);
    return tensor ? tensor->data : NULL;
}

const void *tp_tensor_read(const tp_tensor *tensor)
{
    return tensor ? tensor->data : NULL;
}

void tp_tensor_touch(tp_tensor *tensor)
{
    if (tensor && tensor->storage) atomic_fetch_add_explicit(&tensor->storage->version, 1, memory_order_relaxed);
}

uint64_t tp_tensor_version(const tp_tensor *tensor)
{
    return tensor && tensor->storage ? atomic_load_explicit(&tensor->storage->version, memory_order_relaxed) : 0;
}

tp_tensor *tp_tensor_grad_buffer(tp_tensor *tensor)
{
    if (!tensor->grad)
        tensor->grad =
            tp_tensor_make(&tensor->storage->memory, (tp_dtype)tensor->dtype, tensor->rank, tensor->dims, NULL, NULL);
    return tensor->grad;
}

tp_tensor *tp_tensor_grad_mutable(tp_tensor *tensor)
{
    return tensor && tensor->grad_state == TP_GRAD_VALID ? tensor->grad : NULL;
}

const tp_tensor *tp_tensor_grad(const tp_tensor *tensor)
{
    return tensor && tensor->grad_state == TP_GRAD_VALID ? tensor->grad : NULL;
}

void tp_tensor_clear_grad(tp_tensor *tensor)
{
    if (tensor) tensor->grad_state = TP_GRAD_NONE;
}
