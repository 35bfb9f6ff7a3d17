/* The inside of a tensor. Invariants: dims are non-negative and their product, times the element size, fits; every
   element that dims and strides reach lies inside the storage; `count` is the product of dims. */
#ifndef TAPIR_CORE_TENSOR_H
#define TAPIR_CORE_TENSOR_H

#include <stdatomic.h>

#include <tapir/tensor.h>

#include "core/memory.h"
#include "core/shape.h"

struct tp_pool;

/* Memory that tensors share. `data` follows the storage in the same block. */
typedef struct tp_storage {
    atomic_uint refs;
    int bin; /* in the pool's table; -1 outside a pool */
    size_t bytes;
    _Atomic uint64_t version; /* moved on whenever it is opened for writing */
    struct tp_storage *next;  /* in a pool's list of free buffers */
    tp_allocator memory;
    int device; /* 0, the host: the only one */
    int use;    /* in a pool: what it was taken for */
} tp_storage;

#define TP_STORAGE_HEAD ((sizeof(tp_storage) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

typedef enum tp_grad_state { TP_GRAD_NONE = 0, TP_GRAD_VALID, TP_GRAD_FAILED } tp_grad_state;

struct tp_tensor {
    atomic_uint refs;
    uint8_t dtype, rank;
    bool dense;
    uint8_t grad_state;   /* of `grad`: nothing yet, good, or left by a pass that failed */
    struct tp_pool *pool; /* NULL outside a tape */
    tp_storage *storage;
    char *data; /* element (0, ..., 0) */
    int64_t count;
    tp_tensor *grad;
    tp_tensor *next; /* in a pool's list of free headers */
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
};

static inline bool tp_dtype_is_float(tp_dtype dtype)
{
    return dtype == TP_F32 || dtype == TP_F64;
}

static inline char *tp_storage_data(tp_storage *storage)
{
    return (char *)storage + TP_STORAGE_HEAD;
}

/* Sets shape and dense strides of a header. */
static inline void tp_tensor_set_dense(tp_tensor *tensor, int rank, const int64_t *dims, int64_t count)
{
    tensor->rank = (uint8_t)rank;
    tensor->count = count;
    tensor->dense = true;
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        tensor->dims[i] = dims[i];
        tensor->strides[i] = stride;
        stride *= dims[i];
    }
}

/* Works out `dense` from dims and strides. */
bool tp_tensor_is_dense(int rank, const int64_t *dims, const int64_t *strides);
/* Where the i-th element in row-major order lies, in elements from `data`. */
int64_t tp_tensor_offset(const tp_tensor *tensor, int64_t i);
/* Sets shape, strides, count and denseness of a view header. */
void tp_tensor_set_view(tp_tensor *view, int rank, const int64_t *dims, const int64_t *strides, int64_t offset);

/* Checks dtype, rank and dims, and gives the element count. */
tp_status tp_tensor_check(tp_dtype dtype, int rank, const int64_t *dims, int64_t *count, tp_error *error);

/* tp_tensor_make for a caller that writes every element: they are not set. */
tp_tensor *tp_tensor_make_unset(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims,
                                tp_error *error);

/* The gradient's buffer, made at the first call; NULL when out of memory. Its contents count only when grad_state is
   TP_GRAD_VALID. */
tp_tensor *tp_tensor_grad_buffer(tp_tensor *tensor);

#define TP_TENSOR_TEXT (TP_SHAPE_TEXT)
static inline const char *tp_tensor_text(char text[TP_TENSOR_TEXT], const tp_tensor *tensor)
{
    return tp_shape_text(text, tensor->rank, tensor->dims);
}

#endif
