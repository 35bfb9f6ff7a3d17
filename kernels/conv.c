/* Convolution as matrix products over unfolded images, a block of positions at a time, so that the block stays in the
   second-level cache:  y = w x',  x' += w^T y,  w += y x'^T,  with x' the taps of the block's positions. */
#include "kernels/conv.h"

#include "core/memory.h"
#include "kernels/conv_provider.h"
#include "kernels/kernels.h"
#include "kernels/span.h"

enum { BLOCK_BYTES = 384 * 1024, LEAST_BLOCK = 64 };

/* One call, seen as matrices: w (out, depth) and x' (depth, positions) in each group of each image. */
typedef struct plan {
    const tp_kernels *kernels;
    const tp_conv_shape *s;
    const tp_conv_call *call;
    tp_conv_part part;
    tp_dtype dtype;
    int64_t size, depth, positions, block, plane; /* elements of one channel of x */
    bool direct;                                  /* x is its own x' */
    char *workspace;
    int64_t share; /* bytes of scratch a strand has */
    int strands, threads;
} plan;

static int64_t volume(const int64_t extents[3])
{
    return extents[0] * extents[1] * extents[2];
}

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* One tap, and every place of x is met once. */
static bool is_direct(const tp_conv_shape *s)
{
    for (int i = 0; i < 3; i++)
        if (s->k[i] != 1 || s->stride[i] != 1 || s->padding[i] != 0 || s->x[i] != s->y[i]) return false;
    return true;
}

/* No product to be added up: the other extents may then be any. */
static bool is_empty(const tp_conv_shape *s)
{
    return s->batch == 0 || s->in == 0 || s->out == 0;
}

static plan plan_of(const tp_conv_shape *s, tp_conv_part part, tp_dtype dtype, int threads)
{
    plan p = {.s = s, .part = part, .dtype = dtype, .size = (int64_t)tp_dtype_size(dtype), .threads = 1, .strands = 1};
    p.depth = s->in * volume(s->k);
    p.positions = volume(s->y);
    p.plane = volume(s->x);
    p.direct = is_direct(s);
    if (is_empty(s)) return p;
    const int64_t fit = BLOCK_BYTES / (p.size * (p.depth ? p.depth : 1));
    p.block = p.direct ? p.positions : smaller(p.positions, fit > LEAST_BLOCK ? fit / 16 * 16 : LEAST_BLOCK);
    p.strands = part == TP_CONV_W ? 1 : (int)smaller(threads > 1 ? threads : 1, s->batch ? s->batch : 1);
    if (p.strands == 1) p.threads = threads; /* of each product */
    const int64_t rows = p.direct ? 0 : round_up(p.depth * p.block * p.size, TP_ALIGNMENT);
    const int64_t m = part == TP_CONV_X ? p.depth : s->out, k = part == TP_CONV_X ? s->out : p.depth;
    p.share = rows + (tp_gemm_wants_workspace(m, k, p.block) ? TP_GEMM_WORKSPACE : 0);
    return p;
}

static void multiply(const plan *p, const tp_gemm_args *args, char *scratch)
{
    void *work = p->share >= TP_GEMM_WORKSPACE ? scratch + p->share - TP_GEMM_WORKSPACE : NULL; /* else not wanted */
    if (p->dtype == TP_F32)
        tp_gemm_f32(p->kernels->gemm, args, work, p->threads);
    else
        tp_gemm_f64(p->kernels->gemm, args, work, p->threads);
}

/* Every channel's places to its bias, or to zero. */
static void start(const plan *p, char *channels, int64_t first, int64_t n, int64_t plane)
{
    const char *bias = p->call->bias;
    for (int64_t c = 0; c < n; c++)
        tp_fill(plane, p->dtype, channels + c * plane * p->size,
                bias ? tp_get(p->dtype, bias + (first + c) * p->size) : 0);
}

/* One block of positions of one group of one image. */
static void run_block(const plan *p, int64_t begin, char *x, char *w, char *y, char *scratch)
{
    const tp_conv_shape *s = p->s;
    const int64_t n = smaller(p->block, p->positions - begin), lead = p->direct ? p->positions : p->block;
    const tp_conv_loops *loops = p->kernels->of[p->dtype]->conv;
    char *const taps = p->direct ? x : scratch;
    char *const at = y + begin * p->size;
    if (p->part == TP_CONV_X) {
        const tp_gemm_args args = {p->depth, n, s->out, w, 1, p->depth, at, p->positions, 1, taps, lead, p->direct};
        multiply(p, &args, scratch);
        if (!p->direct) loops->fold(s, begin, begin + n, x, taps, lead);
        return;
    }
    if (!p->direct) loops->unfold(s, begin, begin + n, x, taps, lead);
    if (p->part == TP_CONV_Y) {
        const bool add = p->call->bias != NULL;
        const tp_gemm_args args = {s->out, n, p->depth, w, p->depth, 1, taps, lead, 1, at, p->positions, add};
        multiply(p, &args, scratch);
    } else {
        const tp_gemm_args args = {s->out, p->depth, n, at, p->positions, 1, taps, 1, lead, w, p->depth, true};
        multiply(p, &args, scratch);
    }
}

static void run_image(const plan *p, int64_t image, char *scratch)
{
    const tp_conv_shape *s = p->s;
    char *const all_x = p->call->array[TP_CONV_X], *const all_w = p->call->array[TP_CONV_W];
    char *const all_y = p->call->array[TP_CONV_Y];
    const int64_t blocks = is_empty(s) ? 0 : (p->positions + p->block - 1) / p->block;
    for (int64_t g = 0; g < s->groups; g++) {
        char *x = all_x + (image * s->groups + g) * s->in * p->plane * p->size;
        char *y = all_y + (image * s->groups + g) * s->out * p->positions * p->size;
        char *w = all_w + g * s->out * p->depth * p->size;
        if (p->part == TP_CONV_X) start(p, x, g * s->in, s->in, p->plane);
        if (p->part == TP_CONV_Y && (p->call->bias || blocks == 0)) start(p, y, g * s->out, s->out, p->positions);
        for (int64_t i = 0; i < blocks; i++) run_block(p, i * p->block, x, w, y, scratch);
    }
}

/* Images i, i + strands, ... */
static void run_strand(void *user, int64_t i)
{
    const plan *p = user;
    for (int64_t image = i; image < p->s->batch; image += p->strands)
        run_image(p, image, p->share ? p->workspace + i * p->share : NULL);
}

bool tp_conv_prepare(tp_conv_plan *to, tp_conv_cache *cache, bool bias)
{
    const tp_conv_plan *c = to;
    if (!tp_conv_lend(cache, c->s, c->part, c->dtype, bias, &to->lent)) return false;
    const plan p = plan_of(c->s, c->part, c->dtype, c->threads);
    to->workspace = p.share * p.strands;
    if (!c->lent) return true;
    const int64_t lent = tp_conv_lent_workspace(c->lent, c->threads);
    if (lent > c->workspace) to->workspace = lent; /* where the library fails, our own loops do it */
    return true;
}

void tp_conv_run(const tp_conv_plan *of, const tp_conv_call *call, void *workspace)
{
    if (of->lent && tp_conv_lent_run(of->lent, of->kernels, call, workspace, of->threads)) return;
    plan p = plan_of(of->s, of->part, of->dtype, of->threads);
    p.kernels = of->kernels;
    p.call = call;
    p.workspace = workspace;
    if (p.part == TP_CONV_W) tp_fill(p.s->groups * p.s->out * p.depth, p.dtype, call->array[TP_CONV_W], 0);
    tp_parallel(p.strands, p.strands, run_strand, &p);
}
