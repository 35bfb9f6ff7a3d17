/* Arithmetic on shapes. All counts are checked once, where a tensor is made; later sums of strides cannot overflow. */
#include "core/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT_MAX (INT64_C(1) << 62)

int64_t tp_shape_count(int rank, const int64_t *dims)
{
    int64_t nonzero = 1, count = 1;
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0) return -1;
        if (dims[i] == 0) {
            count = 0;
            continue;
        }
        if (dims[i] > COUNT_MAX / nonzero) return -1;
        nonzero *= dims[i];
    }
    return count ? nonzero : 0;
}

int64_t tp_shape_strides(int rank, const int64_t *dims, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= dims[i];
    }
    return stride;
}

bool tp_shape_equal(int rank_a, const int64_t *a, int rank_b, const int64_t *b)
{
    if (rank_a != rank_b) return false;
    for (int i = 0; i < rank_a; i++)
        if (a[i] != b[i]) return false;
    return true;
}

bool tp_shape_broadcast(tp_shape *shape, int rank, const int64_t *dims)
{
    const int wide = shape->rank > rank ? shape->rank : rank;
    tp_shape result = {.rank = wide};
    for (int i = 1; i <= wide; i++) {
        const int64_t a = i <= shape->rank ? shape->dims[shape->rank - i] : 1;
        const int64_t b = i <= rank ? dims[rank - i] : 1;
        if (a != b && a != 1 && b != 1) return false;
        result.dims[wide - i] = a == 1 ? b : a;
    }
    *shape = result;
    return true;
}

int tp_shape_axis(int rank, int64_t axis)
{
    if (axis < 0) axis += rank;
    return axis >= 0 && axis < rank ? (int)axis : -1;
}

bool tp_shape_axes(int rank, int n, const int64_t *axes, unsigned *mask)
{
    *mask = 0;
    if (n < 0 || n > TP_MAX_RANK || (n > 0 && !axes)) return false;
    for (int i = 0; i < n; i++) {
        const int axis = tp_shape_axis(rank, axes[i]);
        if (axis < 0 || *mask >> axis & 1) return false;
        *mask |= 1u << axis;
    }
    if (n == 0) *mask = (1u << rank) - 1;
    return true;
}

tp_shape tp_shape_reduced(int rank, const int64_t *dims, unsigned mask, bool keep)
{
    tp_shape shape = {0};
    for (int i = 0; i < rank; i++) {
        if (!(mask >> i & 1))
            shape.dims[shape.rank++] = dims[i];
        else if (keep)
            shape.dims[shape.rank++] = 1;
    }
    return shape;
}

bool tp_shape_infer(int64_t count, int rank, int64_t *dims)
{
    int unknown = -1;
    for (int i = 0; i < rank; i++)
        if (dims[i] == -1) {
            if (unknown >= 0) return false;
            unknown = i;
            dims[i] = 1;
        }
    const int64_t known = tp_shape_count(rank, dims);
    if (unknown < 0) return known == count;
    if (known <= 0 || count % known != 0) return false;
    dims[unknown] = count / known;
    return true;
}

/* Old dims are taken in runs that are contiguous among themselves; each new dim must be cut from one run. */
bool tp_shape_reshape(int rank, const int64_t *dims, const int64_t *strides, int new_rank, const int64_t *new_dims,
                      int64_t *new_strides)
{
    int64_t old_dims[TP_MAX_RANK], old_strides[TP_MAX_RANK];
    int old_rank = 0;
    for (int i = 0; i < rank; i++) {
        if (dims[i] == 0) {
            tp_shape_strides(new_rank, new_dims, new_strides);
            return true;
        }
        if (dims[i] == 1) continue;
        old_dims[old_rank] = dims[i];
        old_strides[old_rank++] = strides[i];
    }
    int next = new_rank;
    for (int end = old_rank; end > 0;) {
        int start = end - 1;
        int64_t run = old_dims[start], stride = old_strides[end - 1];
        while (start > 0 && old_strides[start - 1] == old_strides[start] * old_dims[start]) run *= old_dims[--start];
        while (run > 1 || (next > 0 && new_dims[next - 1] == 1)) {
            if (next == 0 || run % new_dims[next - 1] != 0) return false;
            new_strides[--next] = stride;
            run /= new_dims[next];
            stride *= new_dims[next];
        }
        end = start;
    }
    while (next > 0) new_strides[--next] = 1;
    return true;
}

const char *tp_shape_text(char text[TP_SHAPE_TEXT], int rank, const int64_t *dims)
{
    size_t used = 0;
    text[used++] = '(';
    for (int i = 0; i < rank && used < TP_SHAPE_TEXT - 24; i++)
        used += (size_t)snprintf(text + used, 24, "%s%" PRId64, i ? "," : "", dims[i]);
    text[used++] = ')';
    text[used] = 0;
    return text;
}
