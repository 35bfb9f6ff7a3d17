/* Picking by integers: the loops over integers and single elements, for one instruction-set level. */
#include "kernels/index.h"
#include "kernels/level.h"

/* What can be wrong is gathered up and looked at once, so that the loop has no branch. Strides of 1 are
   the usual case. */
#define PLACES(name, type)                                                                                             \
    INLINE bool loop_##name(const tp_pick *p, const type *index, int64_t n, int64_t stride, int64_t axis,              \
                            int64_t step, int64_t *restrict place)                                                     \
    {                                                                                                                  \
        const int64_t dim = p->axis_dim, wrap = p->strict ? 0 : dim;                                                   \
        uint64_t outside = 0;                                                                                          \
        SIMD_SUM(outside)                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const int64_t given = (int64_t)index[i * stride], k = given + (given < 0 ? wrap : 0);                      \
            outside += (uint64_t)k >= (uint64_t)dim;                                                                   \
            place[i] = (int64_t)((uint64_t)i * (uint64_t)step + (uint64_t)k * (uint64_t)axis);                         \
        }                                                                                                              \
        return outside == 0;                                                                                           \
    }                                                                                                                  \
    static bool places_##name(const tp_pick *p, const void *index, int64_t n, int64_t stride, int64_t step,            \
                              int64_t *place)                                                                          \
    {                                                                                                                  \
        if (stride == 1 && p->axis_stride == 1 && step == 0) return loop_##name(p, index, n, 1, 1, 0, place);          \
        if (stride == 1) return loop_##name(p, index, n, 1, p->axis_stride, step, place);                              \
        return loop_##name(p, index, n, stride, p->axis_stride, step, place);                                          \
    }
PLACES(i32, int32_t)
PLACES(i64, int64_t)
PLACES(u8, uint8_t)

#define READ(name, type)                                                                                               \
    static void read_##name(int64_t n, void *out, int64_t step, const void *table, const int64_t *place)               \
    {                                                                                                                  \
        type *restrict const to = out;                                                                                 \
        const type *restrict const from = table;                                                                       \
        if (step == 1)                                                                                                 \
            for (int64_t i = 0; i < n; i++) to[i] = from[place[i]];                                                    \
        else                                                                                                           \
            for (int64_t i = 0; i < n; i++) to[i * step] = from[place[i]];                                             \
    }
READ(4, uint32_t)
READ(8, uint64_t)

#define ADD(name, type)                                                                                                \
    static void add_##name(int64_t n, void *table, const int64_t *place, const void *x, int64_t step)                  \
    {                                                                                                                  \
        type *const to = table;                                                                                        \
        const type *const from = x;                                                                                    \
        for (int64_t i = 0; i < n; i++) to[place[i]] += from[i * step];                                                \
    }
ADD(f32, float)
ADD(f64, double)

extern const tp_index_loops AT_LEVEL(tp_index_loops);
const tp_index_loops AT_LEVEL(tp_index_loops) = {
    .places = {[TP_I32] = places_i32, [TP_I64] = places_i64, [TP_U8] = places_u8},
    .read = {read_4, read_8},
    .add = {add_f32, add_f64},
};
