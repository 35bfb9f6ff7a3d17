/* Finding numbers that are not finite: x - x is 0 for the others. Where numbers lie side by side a block is tested as a
   whole; only one that fails is gone through. */
#include "kernels/finite.h"

enum { BLOCK = 512 };

#if defined(_OPENMP) && !defined(__clang__)
#define SIMD_ANY _Pragma("omp simd reduction(| : bad)")
#else
#define SIMD_ANY
#endif

/* `flag` is an integer as wide as T, so that a vector of tests has as many lanes as one of numbers. */
#define FIRST(name, T, flag)                                                                                           \
    static bool name##_any(int64_t n, const T *x, bool nan_only)                                                       \
    {                                                                                                                  \
        flag bad = 0;                                                                                                  \
        if (nan_only)                                                                                                  \
            SIMD_ANY for (int64_t i = 0; i < n; i++) bad |= x[i] == x[i] ? 0 : 1;                                      \
        else                                                                                                           \
            SIMD_ANY for (int64_t i = 0; i < n; i++) bad |= x[i] - x[i] == 0 ? 0 : 1;                                  \
        return bad;                                                                                                    \
    }                                                                                                                  \
    static int64_t name(int64_t n, const T *x, int64_t stride, bool nan_only)                                          \
    {                                                                                                                  \
        for (int64_t at = 0; at < n; at += BLOCK) {                                                                    \
            const int64_t end = n - at < BLOCK ? n : at + BLOCK;                                                       \
            if (stride == 1 && !name##_any(end - at, x + at, nan_only)) continue;                                      \
            for (int64_t i = at; i < end; i++) {                                                                       \
                const T v = x[i * stride];                                                                             \
                if (nan_only ? v != v : !(v - v == 0)) return i;                                                       \
            }                                                                                                          \
        }                                                                                                              \
        return -1;                                                                                                     \
    }
FIRST(first_f32, float, int32_t)
FIRST(first_f64, double, int64_t)

/* Goes on to the next row of the last axis: moves *offset and the index; false at the end. */
static bool next_row(int rank, const int64_t *dims, const int64_t *strides, int64_t *index, int64_t *offset)
{
    for (int i = rank - 2; i >= 0; i--) {
        *offset += strides[i];
        if (++index[i] < dims[i]) return true;
        *offset -= strides[i] * dims[i];
        index[i] = 0;
    }
    return false;
}

int64_t tp_first_not_finite(tp_dtype dtype, int rank, const int64_t *dims, const int64_t *strides, const void *x,
                            bool nan_only)
{
    if (dtype != TP_F32 && dtype != TP_F64) return -1;
    int64_t index[TP_MAX_RANK] = {0}, offset = 0, seen = 0;
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0) return -1;
    int64_t n = rank ? dims[rank - 1] : 1;
    const int64_t stride = rank ? strides[rank - 1] : 1;
    while (rank > 1 && strides[rank - 2] == n * stride) n *= dims[--rank - 1]; /* rows that follow each other are one */
    do {
        const int64_t found = dtype == TP_F32 ? first_f32(n, (const float *)x + offset, stride, nan_only)
                                              : first_f64(n, (const double *)x + offset, stride, nan_only);
        if (found >= 0) return seen + found;
        seen += n;
    } while (next_row(rank, dims, strides, index, &offset));
    return -1;
}
