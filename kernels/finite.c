/* Finding numbers that are not finite: x - x is 0 for the others. A block is tested as a whole, which the compiler
   vectorises; only one that fails is gone through. */
#include "kernels/finite.h"

enum { BLOCK = 512 };

#define FIRST(name, T)                                                                                                 \
    static int64_t name(int64_t n, const T *x, int64_t stride, bool nan_only)                                          \
    {                                                                                                                  \
        for (int64_t at = 0; at < n; at += BLOCK) {                                                                    \
            const int64_t end = n - at < BLOCK ? n : at + BLOCK;                                                       \
            int bad = 0;                                                                                               \
            if (nan_only)                                                                                              \
                for (int64_t i = at; i < end; i++) bad |= x[i * stride] != x[i * stride];                              \
            else                                                                                                       \
                for (int64_t i = at; i < end; i++) bad |= !(x[i * stride] - x[i * stride] == 0);                       \
            for (int64_t i = at; bad && i < end; i++) {                                                                \
                const T v = x[i * stride];                                                                             \
                if (nan_only ? v != v : !(v - v == 0)) return i;                                                       \
            }                                                                                                          \
        }                                                                                                              \
        return -1;                                                                                                     \
    }
FIRST(first_f32, float)
FIRST(first_f64, double)

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
    const int64_t n = rank ? dims[rank - 1] : 1, stride = rank ? strides[rank - 1] : 1;
    do {
        const int64_t found = dtype == TP_F32 ? first_f32(n, (const float *)x + offset, stride, nan_only)
                                              : first_f64(n, (const double *)x + offset, stride, nan_only);
        if (found >= 0) return seen + found;
        seen += n;
    } while (next_row(rank, dims, strides, index, &offset));
    return -1;
}
