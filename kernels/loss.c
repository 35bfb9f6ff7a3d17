/* Drivers of the losses' loops. Elements are taken by chunks that stay in the first-level cache, and chunks by pieces
   that threads share: the same for any number of threads, so that a sum does not depend on it. */
#include "kernels/loss.h"

#include "kernels/span.h"

enum { CHUNK = 512, PIECE = 1 << 16, PIECES = 64 }; /* elements; and pieces whose sums are kept at a time */

typedef struct job {
    const tp_loss_call *call;
    const tp_loss_loops *loops;
    int by; /* slopes by this operand */
    double scale;
    char *out;
    double *sums; /* of the pieces from `first` on */
    int64_t first;
} job;

/* The operands from element `at` on. */
static void from(const tp_loss_call *call, int64_t at, const void *in[TP_LOSS_IN])
{
    const int64_t offset = at * (int64_t)tp_dtype_size(call->dtype);
    for (int i = 0; i < TP_LOSS_IN; i++) in[i] = (const char *)(call->in[i] ? call->in[i] : call->in[0]) + offset;
}

/* Runs body over all pieces; small work does not pay for the way there. */
static void each_piece(job *j, void (*body)(void *, int64_t))
{
    const int64_t pieces = (j->call->count + PIECE - 1) / PIECE;
    if (pieces == 1)
        body(j, 0);
    else
        tp_parallel(j->call->threads, pieces, body, j);
}

static void piece_values(void *user, int64_t piece)
{
    const job *j = user;
    const int64_t start = piece * PIECE, n = smaller(PIECE, j->call->count - start);
    const void *in[TP_LOSS_IN];
    from(j->call, start, in);
    j->loops->value(n, j->out + start * (int64_t)tp_dtype_size(j->call->dtype), in, j->call->number);
}

void tp_loss_values(const tp_loss_call *call, int row, void *out)
{
    job j = {.call = call, .loops = &call->loops->losses[row], .out = out};
    if (call->count) each_piece(&j, piece_values);
}

/* The sum of elements start .. end-1. */
static double sum_between(const tp_loss_call *call, tp_loss_loop *value, int64_t start, int64_t end)
{
    _Alignas(64) double values[CHUNK];
    double sum = 0;
    for (int64_t at = start; at < end; at += CHUNK) {
        const int64_t n = smaller(CHUNK, end - at);
        const void *in[TP_LOSS_IN];
        from(call, at, in);
        value(n, values, in, call->number);
        sum += call->loops->reduce->row[TP_FOLD_SUM](n, values, 1, 0, 0);
    }
    return sum;
}

static void piece_sum(void *user, int64_t piece)
{
    const job *j = user;
    const int64_t start = (j->first + piece) * PIECE;
    j->sums[piece] = sum_between(j->call, j->loops->value, start, smaller(start + PIECE, j->call->count));
}

double tp_loss_sum(const tp_loss_call *call, int row)
{
    const tp_loss_loops *loops = &call->loops->losses[row];
    if (call->count <= PIECE) return sum_between(call, loops->value, 0, call->count);
    double sums[PIECES], sum = 0;
    job j = {.call = call, .loops = loops, .sums = sums};
    const int64_t pieces = (call->count + PIECE - 1) / PIECE;
    for (; j.first < pieces; j.first += PIECES) {
        const int64_t n = smaller(PIECES, pieces - j.first);
        tp_parallel(call->threads, n, piece_sum, &j);
        for (int64_t i = 0; i < n; i++) sum += sums[i];
    }
    return sum;
}

static void piece_slopes(void *user, int64_t piece)
{
    const job *j = user;
    const int64_t start = piece * PIECE, end = smaller(start + PIECE, j->call->count);
    const int64_t size = (int64_t)tp_dtype_size(j->call->dtype);
    const bool spread = !j->call->in[TP_LOSS_G];
    _Alignas(64) double upstream[CHUNK];
    if (spread) tp_fill(smaller(CHUNK, end - start), j->call->dtype, upstream, j->scale);
    for (int64_t at = start; at < end; at += CHUNK) {
        const void *in[TP_LOSS_IN];
        from(j->call, at, in);
        if (spread) in[TP_LOSS_G] = upstream;
        j->loops->slope[j->by](smaller(CHUNK, end - at), j->out + at * size, in, j->call->number);
    }
}

void tp_loss_slopes(const tp_loss_call *call, int row, int by, double scale, void *out)
{
    job j = {.call = call, .loops = &call->loops->losses[row], .by = by, .scale = scale, .out = out};
    if (call->count) each_piece(&j, piece_slopes);
}
