/* Runs an elementwise loop over operands of any strides. The result is dense; operands that are not laid out like it
   are packed, a chunk at a time, into a buffer that stays in the first-level cache. */
#include <string.h>

#include "kernels/kernels.h"

enum { CHUNK_BYTES = 4096, BLOCK = 1 << 16 }; /* BLOCK: elements that one thread takes at a time */

typedef struct job {
    tp_loop *loop;
    size_t size, out_size;
    int rank;
    const int64_t *dims;
    int64_t count;
    char *out;
    const tp_operand *in;
} job;

/* Copies n elements that lie `stride` apart to contiguous memory. */
static void gather(size_t size, int64_t n, void *to, const void *from, int64_t stride)
{
    if (stride == 1) {
        memcpy(to, from, (size_t)n * size);
    } else if (size == 4) {
        uint32_t *restrict const out = to;
        const uint32_t *restrict const in = from;
        for (int64_t i = 0; i < n; i++) out[i] = in[i * stride];
    } else if (size == 1) {
        uint8_t *restrict const out = to;
        const uint8_t *restrict const in = from;
        for (int64_t i = 0; i < n; i++) out[i] = in[i * stride];
    } else {
        uint64_t *restrict const out = to;
        const uint64_t *restrict const in = from;
        for (int64_t i = 0; i < n; i++) out[i] = in[i * stride];
    }
}

const void *tp_pack_operand(const tp_operand *operand, size_t size, int rank, const int64_t *dims, int64_t start,
                            int64_t n, void *at)
{
    if (operand->dense) return (const char *)operand->data + start * (int64_t)size;
    const int last = rank - 1;
    int64_t index[TP_MAX_RANK] = {0}, offset = 0, rest = start;
    for (int i = last; i >= 0; i--) {
        index[i] = rest % dims[i];
        rest /= dims[i];
        offset += index[i] * operand->strides[i];
    }
    const char *from = operand->data;
    const int64_t stride = operand->strides[last];
    int64_t run = dims[last] - index[last];
    if (run >= n && stride == 1) return from + offset * (int64_t)size;
    for (char *to = at; n > 0;) {
        if (run > n) run = n;
        gather(size, run, to, from + offset * (int64_t)size, stride);
        to += run * (int64_t)size;
        n -= run;
        offset -= index[last] * stride;
        index[last] = 0;
        run = dims[last];
        for (int i = last - 1; i >= 0; i--) {
            offset += operand->strides[i];
            if (++index[i] < dims[i]) break;
            offset -= dims[i] * operand->strides[i];
            index[i] = 0;
        }
    }
    return at;
}

static const void *pack(const job *j, const tp_operand *operand, size_t size, int64_t start, int64_t n, char *at)
{
    return tp_pack_operand(operand, size, j->rank, j->dims, start, n, at);
}

/* The same as elements of the loop's type. */
static const void *converted(const job *j, const tp_operand *operand, int64_t start, int64_t n, char *at)
{
    _Alignas(64) char raw[2 * CHUNK_BYTES]; /* the loop's elements have at least 4 bytes, these have at most 8 */
    operand->convert(n, at, pack(j, operand, operand->size, start, n, raw));
    return at;
}

static bool is_constant(const job *j, const tp_operand *operand)
{
    for (int i = 0; i < j->rank; i++)
        if (operand->strides[i] != 0 && j->dims[i] != 1) return false;
    return true;
}

static void run_chunks(const job *j, int64_t start, int64_t end)
{
    _Alignas(64) char scratch[TP_IN_COUNT][CHUNK_BYTES];
    const int64_t chunk = CHUNK_BYTES / (int64_t)j->size;
    bool constant[TP_IN_COUNT];
    for (int k = 0; k < TP_IN_COUNT; k++) {
        const tp_operand *operand = &j->in[k];
        constant[k] =
            operand->data && !operand->dense && !operand->number && !operand->convert && is_constant(j, operand);
        if (constant[k]) {
            const int64_t n = end - start < chunk ? end - start : chunk;
            gather(j->size, n, scratch[k], operand->data, 0);
        }
    }
    for (int64_t at = start; at < end; at += chunk) {
        const int64_t n = end - at < chunk ? end - at : chunk;
        const void *in[TP_IN_COUNT];
        for (int k = 0; k < TP_IN_COUNT; k++) {
            const tp_operand *operand = &j->in[k];
            if (!operand->data)
                in[k] = k > 0 ? in[0] : NULL;
            else if (operand->number)
                in[k] = operand->data;
            else if (operand->convert)
                in[k] = converted(j, operand, at, n, scratch[k]);
            else
                in[k] = constant[k] ? scratch[k] : pack(j, operand, j->size, at, n, scratch[k]);
        }
        j->loop(n, j->out + at * (int64_t)j->out_size, in);
    }
}

static void run_block(void *user, int64_t block)
{
    const job *j = user;
    const int64_t start = block * BLOCK, end = start + BLOCK;
    run_chunks(j, start, end < j->count ? end : j->count);
}

void tp_run_loop_to(tp_loop *loop, size_t size, size_t out_size, int rank, const int64_t *dims, int64_t count,
                    void *out, const tp_operand in[TP_IN_COUNT], int threads)
{
    if (count == 0) return;
    const void *direct[TP_IN_COUNT];
    bool dense = true;
    for (int k = 0; k < TP_IN_COUNT; k++) {
        direct[k] = in[k].data ? in[k].data : in[0].data;
        dense = dense && (!in[k].data || ((in[k].dense || in[k].number) && !in[k].convert));
    }
    if (dense && (threads <= 1 || count <= BLOCK)) {
        loop(count, out, direct);
        return;
    }
    job j = {loop, size, out_size, rank, dims, count, out, in};
    tp_parallel(threads, (count + BLOCK - 1) / BLOCK, run_block, &j);
}

void tp_run_loop(tp_loop *loop, size_t size, int rank, const int64_t *dims, int64_t count, void *out,
                 const tp_operand in[TP_IN_COUNT], int threads)
{
    tp_run_loop_to(loop, size, size, rank, dims, count, out, in, threads);
}
