/* Tensors outside any tape: dtype, shape, strides and shared, versioned storage. */
#ifndef TAPIR_TENSOR_H
#define TAPIR_TENSOR_H

#include <tapir/base.h>

#ifdef __cplusplus
#include <initializer_list>
extern "C" {
#endif

#define TP_MAX_RANK 8

/* The two float types come first: they are the ones that can be differentiated. */
typedef enum tp_dtype { TP_F32 = 0, TP_F64, TP_I32, TP_I64, TP_U8 } tp_dtype;

/* Bytes of one element; 0 for a value that is no dtype. */
TP_API size_t tp_dtype_size(tp_dtype dtype);
/* "f32", "f64", "i32", "i64", "u8"; "?" for a value that is no dtype. */
TP_API const char *tp_dtype_name(tp_dtype dtype);

/* A tensor is reference-counted and opaque. Counts are atomic; the elements are not guarded. */
typedef struct tp_tensor tp_tensor;

/* A shape as two arguments, rank and dims: tp_tensor_new(TP_F32, TP_DIMS(64, 784)). TP_DIMS() is rank 0. */
#ifdef __cplusplus
#define TP_DIMS(...)                                                                                                   \
    (int)std::initializer_list<int64_t>{__VA_ARGS__}.size(), std::initializer_list<int64_t>{__VA_ARGS__}.begin()
#else
#define TP_DIMS(...)                                                                                                   \
    (int)(sizeof((const int64_t[]){0, __VA_ARGS__}) / sizeof(int64_t) - 1), ((const int64_t[]){0, __VA_ARGS__} + 1)
#endif
/* A list of axes as two arguments, count and axes. Negative axes count from the end. */
#define TP_AXES(...) TP_DIMS(__VA_ARGS__)

/* A new tensor of zeros. The caller owns one reference. NULL when rank is not 0..8, a dim is negative, the size
   overflows, or memory is short: tp_tensor_make tells which. */
TP_API tp_tensor *tp_tensor_new(tp_dtype dtype, int rank, const int64_t *dims);
/* As tp_tensor_new, with a copy of prod(dims) elements of `dtype` from `data` in row-major order. */
TP_API tp_tensor *tp_tensor_from(tp_dtype dtype, int rank, const int64_t *dims, const void *data);
/* The long form of both: `memory` may be NULL (malloc), `data` may be NULL (zeros), `error` may be NULL. */
TP_API tp_tensor *tp_tensor_make(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims,
                                 const void *data, tp_error *error);
/* A dense, independent copy in row-major order, without gradient. NULL when out of memory or given NULL. */
TP_API tp_tensor *tp_tensor_clone(const tp_tensor *tensor);
/* One more reference to the same tensor, for another owner. Passes NULL through. A tape's own tensor (tp_value,
   tp_grad) dies with the tape's reset: of one, this makes an independent copy. */
TP_API tp_tensor *tp_tensor_retain(tp_tensor *tensor);
/* Gives one reference back; the last one frees tensor, gradient and (unless shared) storage. NULL is ignored. */
TP_API void tp_tensor_release(tp_tensor *tensor);

/* Shape. All of them answer 0 (or NULL) for a NULL tensor; `axis` may be negative. Strides are in elements. */
TP_API tp_dtype tp_tensor_dtype(const tp_tensor *tensor);
TP_API int tp_tensor_rank(const tp_tensor *tensor);
TP_API int64_t tp_tensor_dim(const tp_tensor *tensor, int axis);
TP_API int64_t tp_tensor_stride(const tp_tensor *tensor, int axis);
TP_API const int64_t *tp_tensor_dims(const tp_tensor *tensor);
TP_API int64_t tp_tensor_count(const tp_tensor *tensor);
/* True when the elements lie in row-major order without gaps (always for what tp_tensor_new makes). */
TP_API bool tp_tensor_dense(const tp_tensor *tensor);

/* Views: tensors of their own that share the storage (and so its version). NULL with `error` set when the
   shape does not allow it. The caller owns one reference; gradients are not shared.
   reshape: same number of elements, one dim may be -1; only where strides allow a view.
   transpose: swaps two axes.  slice: elements start, start+step, ... below stop along an axis. */
TP_API tp_tensor *tp_tensor_reshape(tp_tensor *tensor, int rank, const int64_t *dims, tp_error *error);
TP_API tp_tensor *tp_tensor_transpose(tp_tensor *tensor, int axis_a, int axis_b, tp_error *error);
TP_API tp_tensor *tp_tensor_slice(tp_tensor *tensor, int axis, int64_t start, int64_t stop, int64_t step,
                                  tp_error *error);

/* The address of element (0, ..., 0). `tp_tensor_data` is for writing and moves the version on, so that a tape
   notices a change between use and backward; `tp_tensor_read` does not. Keeping the pointer and writing later
   wants tp_tensor_touch. NULL for a NULL tensor. */
TP_API void *tp_tensor_data(tp_tensor *tensor);
TP_API const void *tp_tensor_read(const tp_tensor *tensor);
TP_API void tp_tensor_touch(tp_tensor *tensor);
/* How often the storage was opened for writing. */
TP_API uint64_t tp_tensor_version(const tp_tensor *tensor);

/* One element as a double, by `rank` indices (negative ones count from the end); NaN when outside. */
TP_API double tp_tensor_at(const tp_tensor *tensor, const int64_t *index);
/* The i-th element in row-major order, whatever the strides; NaN when outside. */
TP_API double tp_tensor_item(const tp_tensor *tensor, int64_t i);
/* Sets every element; copies every element from `source`, which must have the same dims (the dtype may differ). */
TP_API tp_status tp_tensor_fill(tp_tensor *tensor, double value);
TP_API tp_status tp_tensor_copy(tp_tensor *tensor, const tp_tensor *source, tp_error *error);

/* The gradient that backward passes added up in this tensor as a parameter: same dtype and dims, dense. It belongs
   to the tensor. NULL while there is none: before the first backward pass, after tp_tensor_clear_grad, or after
   a backward pass that failed. */
TP_API const tp_tensor *tp_tensor_grad(const tp_tensor *tensor);
/* The same, writable, for clipping and the like. */
TP_API tp_tensor *tp_tensor_grad_mutable(tp_tensor *tensor);
/* Forgets the gradient (a flag; the memory is kept for the next one). */
TP_API void tp_tensor_clear_grad(tp_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
