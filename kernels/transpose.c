/* Matrices turned round, a square of SIDE x SIDE at a time: it is turned in a small buffer and written row by row,
   whole cache lines. Where the result is larger than a cache the lines go past it, so that they are not read first. */
#include "kernels/transpose.h"

#include <stdbool.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES 1
#endif
#endif

enum { SIDE = 16, LINE = 64, LARGE = 8 << 20 };

/* Whether rows can be streamed: whole lines, aligned, more of them than a cache holds. */
static bool streams(const void *out, int64_t row_bytes, int64_t rows)
{
#ifdef __SSE2__
    return (uintptr_t)out % LINE == 0 && row_bytes % LINE == 0 && rows * row_bytes >= LARGE;
#else
    (void)out, (void)row_bytes, (void)rows;
    return false;
#endif
}

static inline void put_line(void *out, const void *line, bool stream)
{
#ifdef __SSE2__
    if (stream) {
        __m128i *const to = out;
        const __m128i *const from = line;
        for (int i = 0; i < 4; i++) _mm_stream_si128(to + i, _mm_load_si128(from + i));
        return;
    }
#endif
    (void)stream;
    memcpy(out, line, LINE);
}

static void finish(bool stream)
{
#ifdef __SSE2__
    if (stream) _mm_sfence();
#else
    (void)stream;
#endif
}

#ifdef SHUFFLES
typedef uint32_t four __attribute__((vector_size(16)));

/* 4 x 4 elements: pairs of rows interleaved, then pairs of pairs. */
static inline void turn_4(uint32_t *out, const uint32_t *in, int64_t in_row)
{
    four r[4], t[4];
    for (int i = 0; i < 4; i++) memcpy(&r[i], in + i * in_row, sizeof r[i]);
    for (int i = 0; i < 4; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 4, 1, 5);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 6, 3, 7);
    }
    for (int i = 0; i < 2; i++) {
        r[2 * i] = __builtin_shufflevector(t[i], t[i + 2], 0, 1, 4, 5);
        r[2 * i + 1] = __builtin_shufflevector(t[i], t[i + 2], 2, 3, 6, 7);
    }
    for (int i = 0; i < 4; i++) memcpy(out + i * SIDE, &r[i], sizeof r[i]);
}
#endif

static inline void turn_square_4(uint32_t *out, const uint32_t *in, int64_t in_row)
{
#ifdef SHUFFLES
    for (int j = 0; j < SIDE; j += 4)
        for (int i = 0; i < SIDE; i += 4) turn_4(out + i * SIDE + j, in + j * in_row + i, in_row);
#else
    for (int j = 0; j < SIDE; j++)
        for (int i = 0; i < SIDE; i++) out[i * SIDE + j] = in[j * in_row + i];
#endif
}

static inline void turn_square_8(uint64_t *out, const uint64_t *in, int64_t in_row)
{
    for (int j = 0; j < SIDE; j++)
        for (int i = 0; i < SIDE; i++) out[i * SIDE + j] = in[j * in_row + i];
}

/* Squares side by side along the rows of `in`, which are read on from one to the next; what is left over is small. */
#define TRANSPOSE(name, type, turn)                                                                                    \
    void name(int64_t rows, int64_t columns, type *out, int64_t out_row, const type *in, int64_t in_row)               \
    {                                                                                                                  \
        _Alignas(LINE) type square[SIDE * SIDE];                                                                       \
        const int64_t size = (int64_t)sizeof(type), lines = SIDE * size / LINE;                                        \
        const int64_t whole_rows = rows / SIDE * SIDE, whole_columns = columns / SIDE * SIDE;                          \
        const bool stream = streams(out, out_row * size, rows);                                                        \
        for (int64_t j = 0; j < whole_columns; j += SIDE)                                                              \
            for (int64_t i = 0; i < whole_rows; i += SIDE) {                                                           \
                turn(square, in + j * in_row + i, in_row);                                                             \
                for (int64_t k = 0; k < SIDE; k++)                                                                     \
                    for (int64_t l = 0; l < lines; l++)                                                                \
                        put_line((char *)(out + (i + k) * out_row + j) + l * LINE,                                     \
                                 (const char *)(square + k * SIDE) + l * LINE, stream);                                \
            }                                                                                                          \
        finish(stream);                                                                                                \
        for (int64_t i = 0; i < rows; i++)                                                                             \
            for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)                                     \
                out[i * out_row + j] = in[j * in_row + i];                                                             \
    }
TRANSPOSE(tp_transpose_4, uint32_t, turn_square_4)
TRANSPOSE(tp_transpose_8, uint64_t, turn_square_8)
