/* oneDNN's convolutions run: arrays are brought into the layouts that it wants, and results back, a piece of the batch
   at a time, so that a piece is still in the cache when it is used. */
#include "kernels/conv_provider.h"

#include "core/memory.h"
#include "kernels/kernels.h"

#ifndef TP_WITH_ONEDNN

int64_t tp_conv_lent_workspace(const tp_conv_lent *lent, int threads)
{
    (void)lent, (void)threads;
    return 0;
}

bool tp_conv_lent_run(const tp_conv_lent *lent, const tp_kernels *kernels, const tp_conv_call *call, void *workspace,
                      int threads)
{
    (void)lent, (void)kernels, (void)call, (void)workspace, (void)threads;
    return false;
}

#else

#include <string.h>

#include "kernels/conv_onednn.h"

static int64_t bytes_of(const dnnl_memory_desc_t *desc)
{
    const int64_t bytes = (int64_t)dnnl_memory_desc_get_size(desc);
    return (bytes + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT;
}

/* How the scratch is cut: the weight (of each piece, where it is what is computed), then each strand's own. */
typedef struct cut {
    int strands;
    int64_t weight, weights, own[TP_CONV_PARTS], share;
} cut;

static cut cut_of(const tp_conv_lent *lent, int threads)
{
    cut c = {.strands = threads < 1 ? 1 : (threads < lent->pieces ? threads : lent->pieces)};
    const bool sums = lent->part == TP_CONV_W && lent->pieces > 1;
    if (sums || lent->reorder[TP_CONV_W]) c.weight = bytes_of(&lent->own[TP_CONV_W]);
    c.weights = c.weight * (sums ? lent->pieces : 1);
    for (int i = 0; i < TP_CONV_PARTS; i++) c.own[i] = i != TP_CONV_W && lent->reorder[i] ? bytes_of(&lent->own[i]) : 0;
    c.share = c.own[TP_CONV_X] + c.own[TP_CONV_Y] + bytes_of(&lent->scratch);
    return c;
}

int64_t tp_conv_lent_workspace(const tp_conv_lent *lent, int threads)
{
    const cut c = cut_of(lent, threads);
    return c.weights + c.strands * c.share;
}

/* One run of the whole batch. */
typedef struct batch {
    const tp_conv_lent *lent;
    const tp_conv_call *call;
    cut cut;
    char *workspace;
    bool failed[TP_CONV_PIECES]; /* by strand */
} batch;

/* The library's handles of one strand. */
typedef struct strand {
    dnnl_stream_t stream;
    dnnl_memory_t plain[TP_CONV_PARTS], own[TP_CONV_PARTS], bias, scratch;
} strand;

static bool handle(dnnl_memory_t *memory, const tp_conv_lent *lent, const dnnl_memory_desc_t *desc, void *data)
{
    if (dnnl_memory_create(memory, desc, lent->engine, data) == dnnl_success) return true;
    *memory = NULL;
    return false;
}

static void drop(dnnl_memory_t memory)
{
    if (memory) dnnl_memory_destroy(memory);
}

static void close_strand(strand *st)
{
    for (int i = 0; i < TP_CONV_PARTS; i++) {
        if (st->own[i] != st->plain[i]) drop(st->own[i]);
        drop(st->plain[i]);
    }
    drop(st->bias);
    drop(st->scratch);
    if (st->stream) dnnl_stream_destroy(st->stream);
}

static bool open_strand(const batch *b, int64_t i, strand *st)
{
    const tp_conv_lent *lent = b->lent;
    char *own = b->workspace + b->cut.weights + i * b->cut.share;
    bool good = dnnl_stream_create(&st->stream, lent->engine, dnnl_stream_default_flags) == dnnl_success;
    if (!good) st->stream = NULL;
    for (int k = 0; k < TP_CONV_PARTS && good; k++) {
        const bool apart = k == TP_CONV_W ? b->cut.weight > 0 : lent->reorder[k] != NULL;
        good = handle(&st->plain[k], lent, &lent->plain[k], b->call->array[k]);
        if (!apart) {
            st->own[k] = st->plain[k];
            continue;
        }
        good = good && handle(&st->own[k], lent, &lent->own[k], k == TP_CONV_W ? b->workspace : own);
        own += b->cut.own[k];
    }
    good = good && handle(&st->scratch, lent, &lent->scratch, bytes_of(&lent->scratch) ? own : DNNL_MEMORY_NONE);
    if (good && lent->bias && lent->part == TP_CONV_Y)
        good = handle(&st->bias, lent, &lent->bias_desc, (void *)b->call->bias);
    return good;
}

static bool turn(const tp_conv_lent *lent, const strand *st, int i)
{
    const bool read = i != (int)lent->part;
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, read ? st->plain[i] : st->own[i]},
                                         {DNNL_ARG_TO, read ? st->own[i] : st->plain[i]}};
    return dnnl_primitive_execute(lent->reorder[i], st->stream, 2, arguments) == dnnl_success;
}

static bool run_piece(const batch *b, const strand *st, int64_t piece)
{
    static const int names[TP_CONV_PARTS][TP_CONV_PARTS] = {
        [TP_CONV_Y] = {[TP_CONV_X] = DNNL_ARG_SRC, [TP_CONV_W] = DNNL_ARG_WEIGHTS, [TP_CONV_Y] = DNNL_ARG_DST},
        [TP_CONV_X] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
        [TP_CONV_W] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST},
    };
    const tp_conv_lent *lent = b->lent;
    const tp_conv_part part = lent->part;
    bool good = true;
    for (int i = 0; i < TP_CONV_PARTS && good; i++) {
        if (i == TP_CONV_W) continue;
        char *data = (char *)b->call->array[i] + piece * (int64_t)dnnl_memory_desc_get_size(&lent->plain[i]);
        good = dnnl_memory_set_data_handle(st->plain[i], data) == dnnl_success;
        if (good && i != (int)part && lent->reorder[i]) good = turn(lent, st, i);
    }
    if (good && part == TP_CONV_W && b->cut.weight)
        good = dnnl_memory_set_data_handle(st->own[TP_CONV_W], b->workspace + piece * b->cut.weight) == dnnl_success;
    dnnl_exec_arg_t arguments[5] = {{DNNL_ARG_SCRATCHPAD, st->scratch}, {DNNL_ARG_BIAS, st->bias}};
    int n = st->bias ? 2 : 1;
    for (int i = 0; i < TP_CONV_PARTS; i++) arguments[n++] = (dnnl_exec_arg_t){names[part][i], st->own[i]};
    good = good && dnnl_primitive_execute(lent->conv, st->stream, n, arguments) == dnnl_success;
    if (good && part != TP_CONV_W && lent->reorder[part]) good = turn(lent, st, (int)part);
    return good;
}

/* Pieces i, i + strands, ... */
static void run_strand(void *user, int64_t i)
{
    batch *b = user;
    strand st = {0};
    bool good = open_strand(b, i, &st);
    for (int64_t piece = i; piece < b->lent->pieces && good; piece += b->cut.strands) good = run_piece(b, &st, piece);
    if (good) good = dnnl_stream_wait(st.stream) == dnnl_success;
    close_strand(&st);
    b->failed[i] = !good;
}

/* The weight into, or out of, the layout that it has in the scratch. */
static bool turn_weight(const batch *b)
{
    if (!b->lent->reorder[TP_CONV_W]) return true;
    strand st = {0};
    const bool good = open_strand(b, 0, &st) && turn(b->lent, &st, TP_CONV_W);
    close_strand(&st);
    return good;
}

/* The pieces' weights, added up in order. */
static bool add_weights(const batch *b, const tp_kernels *kernels)
{
    const tp_conv_lent *lent = b->lent;
    const int64_t bytes = (int64_t)dnnl_memory_desc_get_size(&lent->own[TP_CONV_W]);
    for (int i = 1; i < lent->pieces; i++)
        kernels->of[TP_F32]->add(bytes / (int64_t)sizeof(float), b->workspace, b->workspace + i * b->cut.weight);
    if (lent->reorder[TP_CONV_W]) return turn_weight(b);
    if (b->cut.weight) memcpy(b->call->array[TP_CONV_W], b->workspace, (size_t)bytes);
    return true;
}

static void add_bias(const batch *b, const tp_kernels *kernels)
{
    const tp_conv_shape *s = &b->lent->s;
    const int64_t channels = s->groups * s->in, plane = s->x[0] * s->x[1] * s->x[2];
    float *x = b->call->array[TP_CONV_X];
    for (int64_t i = 0; i < s->batch * channels; i++) {
        const void *in[TP_IN_COUNT] = {x + i * plane, (const float *)b->call->bias + i % channels};
        kernels->of[TP_F32]->rows[TP_ROW_adds].value(plane, x + i * plane, in);
    }
}

bool tp_conv_lent_run(const tp_conv_lent *lent, const tp_kernels *kernels, const tp_conv_call *call, void *workspace,
                      int threads)
{
    batch b = {.lent = lent, .call = call, .cut = cut_of(lent, threads), .workspace = workspace};
    const int held = hold();
    bool good = lent->part == TP_CONV_W || turn_weight(&b);
    release(held);
    if (good && b.cut.strands > 1) {
        tp_parallel(b.cut.strands, b.cut.strands, run_strand, &b);
    } else if (good) {
        hold();
        run_strand(&b, 0);
        release(held);
    }
    for (int i = 0; i < b.cut.strands; i++) good = good && !b.failed[i];
    if (good && lent->part == TP_CONV_W) {
        hold();
        good = add_weights(&b, kernels);
        release(held);
    }
    if (good && lent->part == TP_CONV_X && lent->bias) add_bias(&b, kernels);
    return good;
}

#endif
