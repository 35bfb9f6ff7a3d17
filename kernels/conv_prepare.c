/* Finds what a library can do for a convolution: primitives and the layouts that they want, kept by shape. */
#include "kernels/conv_provider.h"

#include "core/memory.h"

#ifndef TP_WITH_ONEDNN

bool tp_conv_cache_make(tp_conv_cache **cache, const tp_allocator *memory)
{
    (void)memory;
    *cache = NULL;
    return true;
}

void tp_conv_cache_free(tp_conv_cache *cache)
{
    (void)cache;
}

bool tp_conv_lend(tp_conv_cache *cache, const tp_conv_shape *s, tp_conv_part part, tp_dtype dtype, bool bias,
                  const tp_conv_lent **lent)
{
    (void)cache, (void)s, (void)part, (void)dtype, (void)bias;
    *lent = NULL;
    return true;
}

#else

#include <string.h>

#include "kernels/conv_onednn.h"

enum { ENTRIES = 64 };
#define LEAST_WORK 2e5 /* multiply-adds: below, our own loops cost less than the calls */
#define PIECE_WORK 4e6 /* of a piece, if it can be */

struct tp_conv_cache {
    tp_allocator memory;
    dnnl_engine_t engine;
    tp_conv_lent *entries[ENTRIES];
    int next; /* whose place is taken when all are */
};

static void destroy(dnnl_primitive_t *primitive)
{
    if (*primitive) dnnl_primitive_destroy(*primitive);
    *primitive = NULL;
}

static void drop_primitives(tp_conv_lent *lent)
{
    destroy(&lent->conv);
    for (int i = 0; i < TP_CONV_PARTS; i++) destroy(&lent->reorder[i]);
}

bool tp_conv_cache_make(tp_conv_cache **cache, const tp_allocator *memory)
{
    *cache = tp_allocate_zeroed(memory, sizeof **cache);
    if (!*cache) return false;
    (*cache)->memory = *memory;
    if (dnnl_engine_create(&(*cache)->engine, dnnl_cpu, 0) != dnnl_success) (*cache)->engine = NULL;
    return true;
}

void tp_conv_cache_free(tp_conv_cache *cache)
{
    if (!cache) return;
    for (int i = 0; i < ENTRIES; i++) {
        if (!cache->entries[i]) continue;
        drop_primitives(cache->entries[i]);
        tp_deallocate(&cache->memory, cache->entries[i], sizeof *cache->entries[i]);
    }
    if (cache->engine) dnnl_engine_destroy(cache->engine);
    const tp_allocator memory = cache->memory;
    tp_deallocate(&memory, cache, sizeof *cache);
}

/* ---- making ready ---- */

static double work_of(const tp_conv_shape *s)
{
    double work = (double)s->batch * (double)s->groups * (double)s->in * (double)s->out;
    for (int i = 0; i < 3; i++) work *= (double)s->k[i] * (double)s->y[i];
    return work;
}

/* As many pieces as divide the batch and are worth a call. */
static int pieces_of(const tp_conv_shape *s)
{
    for (int n = TP_CONV_PIECES; n > 1; n--)
        if (s->batch % n == 0 && work_of(s) / n >= PIECE_WORK) return n;
    return 1;
}

static bool fits_integers(const tp_conv_shape *s)
{
    const int64_t most = INT32_MAX / 2;
    bool good = s->batch <= most && s->groups * s->in <= most && s->groups * s->out <= most;
    for (int i = 0; i < 3; i++)
        good = good && s->x[i] <= most && s->k[i] <= most && s->y[i] <= most && s->x[i] > 0 && s->stride[i] <= most &&
               s->dilation[i] <= most && s->padding[i] <= most;
    return good;
}

/* The extents as the library wants them: two spatial axes unless there are three. */
typedef struct geometry {
    int first, axes; /* of the three axes */
    dnnl_dims_t dims[TP_CONV_PARTS], stride, dilation, before, after;
    int rank[TP_CONV_PARTS];
} geometry;

static geometry geometry_of(const tp_conv_shape *s, int pieces)
{
    const bool flat = s->x[0] == 1 && s->k[0] == 1 && s->y[0] == 1 && s->padding[0] == 0;
    geometry g = {.first = flat ? 1 : 0, .axes = flat ? 2 : 3};
    const bool grouped = s->groups > 1;
    dnnl_dim_t *x = g.dims[TP_CONV_X], *w = g.dims[TP_CONV_W], *y = g.dims[TP_CONV_Y];
    x[0] = y[0] = s->batch / pieces;
    x[1] = s->groups * s->in;
    y[1] = s->groups * s->out;
    if (grouped) *w++ = s->groups;
    w[0] = s->out;
    w[1] = s->in;
    g.rank[TP_CONV_X] = g.rank[TP_CONV_Y] = 2 + g.axes;
    g.rank[TP_CONV_W] = 2 + g.axes + grouped;
    for (int i = 0; i < g.axes; i++) {
        const int from = g.first + i;
        x[2 + i] = s->x[from], w[2 + i] = s->k[from], y[2 + i] = s->y[from];
        g.stride[i] = s->stride[from];
        g.dilation[i] = s->dilation[from] - 1;
        g.before[i] = s->padding[from];
        const int64_t reach = (s->k[from] - 1) * s->dilation[from] + 1;
        const int64_t room = s->x[from] + 2 * s->padding[from] - reach;
        const bool even = room >= 0 && room / s->stride[from] + 1 == s->y[from];
        g.after[i] =
            even ? s->padding[from] : (s->y[from] - 1) * s->stride[from] + reach - s->x[from] - s->padding[from];
    }
    return g;
}

static bool describe(tp_conv_lent *lent, const geometry *g, dnnl_memory_desc_t any[TP_CONV_PARTS])
{
    static const dnnl_format_tag_t tags[] = {dnnl_abcd, dnnl_abcde, dnnl_abcdef};
    const dnnl_dims_t channels = {lent->s.groups * lent->s.out};
    bool good = dnnl_memory_desc_init_by_tag(&lent->bias_desc, 1, channels, dnnl_f32, dnnl_a) == dnnl_success;
    for (int i = 0; i < TP_CONV_PARTS && good; i++) {
        const int rank = g->rank[i];
        good =
            dnnl_memory_desc_init_by_tag(&lent->plain[i], rank, g->dims[i], dnnl_f32, tags[rank - 4]) == dnnl_success &&
            dnnl_memory_desc_init_by_tag(&any[i], rank, g->dims[i], dnnl_f32, dnnl_format_tag_any) == dnnl_success;
    }
    return good;
}

static dnnl_status_t conv_desc(const tp_conv_lent *lent, const geometry *g, const dnnl_memory_desc_t *any,
                               tp_conv_part part, dnnl_convolution_desc_t *out)
{
    const dnnl_memory_desc_t *x = &any[TP_CONV_X], *w = &any[TP_CONV_W], *y = &any[TP_CONV_Y];
    if (part == TP_CONV_X)
        return dnnl_dilated_convolution_backward_data_desc_init(out, dnnl_convolution_direct, x, w, y, g->stride,
                                                                g->dilation, g->before, g->after);
    if (part == TP_CONV_W)
        return dnnl_dilated_convolution_backward_weights_desc_init(out, dnnl_convolution_direct, x, w, NULL, y,
                                                                   g->stride, g->dilation, g->before, g->after);
    return dnnl_dilated_convolution_forward_desc_init(out, dnnl_forward_training, dnnl_convolution_direct, x, w,
                                                      lent->bias && lent->part == TP_CONV_Y ? &lent->bias_desc : NULL,
                                                      y, g->stride, g->dilation, g->before, g->after);
}

/* The two adjoints are made with the forward one as a hint. */
static dnnl_primitive_desc_t primitive_desc(const tp_conv_lent *lent, const geometry *g, const dnnl_memory_desc_t *any)
{
    dnnl_convolution_desc_t d;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t forward = NULL, found = NULL;
    if (dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (conv_desc(lent, g, any, TP_CONV_Y, &d) == dnnl_success &&
        dnnl_primitive_desc_create(&forward, &d, attr, lent->engine, NULL) == dnnl_success) {
        if (lent->part == TP_CONV_Y) {
            found = forward, forward = NULL;
        } else if (conv_desc(lent, g, any, lent->part, &d) == dnnl_success &&
                   dnnl_primitive_desc_create(&found, &d, attr, lent->engine, forward) != dnnl_success) {
            found = NULL;
        }
    }
    if (forward) dnnl_primitive_desc_destroy(forward);
    dnnl_primitive_attr_destroy(attr);
    return found;
}

static bool make_reorder(tp_conv_lent *lent, int i)
{
    const dnnl_memory_desc_t *plain = &lent->plain[i], *own = &lent->own[i];
    if (dnnl_memory_desc_equal(plain, own)) return true;
    const bool read = i != (int)lent->part;
    dnnl_primitive_desc_t desc;
    if (dnnl_reorder_primitive_desc_create(&desc, read ? plain : own, lent->engine, read ? own : plain, lent->engine,
                                           NULL) != dnnl_success)
        return false;
    const bool good = dnnl_primitive_create(&lent->reorder[i], desc) == dnnl_success;
    if (!good) lent->reorder[i] = NULL;
    dnnl_primitive_desc_destroy(desc);
    return good;
}

static const dnnl_query_t queries[TP_CONV_PARTS][TP_CONV_PARTS] = {
    [TP_CONV_Y] =
        {[TP_CONV_X] = dnnl_query_src_md, [TP_CONV_W] = dnnl_query_weights_md, [TP_CONV_Y] = dnnl_query_dst_md},
    [TP_CONV_X] = {[TP_CONV_X] = dnnl_query_diff_src_md,
                   [TP_CONV_W] = dnnl_query_weights_md,
                   [TP_CONV_Y] = dnnl_query_diff_dst_md},
    [TP_CONV_W] = {[TP_CONV_X] = dnnl_query_src_md,
                   [TP_CONV_W] = dnnl_query_diff_weights_md,
                   [TP_CONV_Y] = dnnl_query_diff_dst_md},
};

/* Code written for this processor at run time, not the library's plain loops. */
static bool is_good(dnnl_primitive_desc_t desc)
{
    const char *name = "";
    return dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, (void *)&name) == dnnl_success &&
           (strncmp(name, "jit", 3) == 0 || strncmp(name, "brg", 3) == 0);
}

static bool make_ready(tp_conv_lent *lent)
{
    const geometry g = geometry_of(&lent->s, lent->pieces);
    dnnl_memory_desc_t any[TP_CONV_PARTS];
    const dnnl_primitive_desc_t desc = describe(lent, &g, any) ? primitive_desc(lent, &g, any) : NULL;
    if (!desc) return false;
    bool good = is_good(desc) && dnnl_primitive_create(&lent->conv, desc) == dnnl_success;
    if (!good) lent->conv = NULL;
    for (int i = 0; i < TP_CONV_PARTS && good; i++) {
        const dnnl_memory_desc_t *own = dnnl_primitive_desc_query_md(desc, queries[lent->part][i], 0);
        good = own != NULL;
        if (good) lent->own[i] = *own;
        good = good && make_reorder(lent, i);
    }
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    if (scratch) lent->scratch = *scratch;
    dnnl_primitive_desc_destroy(desc);
    return good;
}

static tp_conv_lent *find(const tp_conv_cache *cache, const tp_conv_shape *s, tp_conv_part part, bool bias)
{
    for (int i = 0; i < ENTRIES && cache->entries[i]; i++) {
        tp_conv_lent *lent = cache->entries[i];
        if (lent->part == part && lent->bias == bias && memcmp(&lent->s, s, sizeof *s) == 0) return lent;
    }
    return NULL;
}

/* A place for a new entry: an empty one, else that of the one made longest ago. */
static tp_conv_lent *place(tp_conv_cache *cache)
{
    tp_conv_lent **at = &cache->entries[cache->next];
    if (*at)
        drop_primitives(*at);
    else
        *at = tp_allocate(&cache->memory, sizeof **at);
    if (!*at) return NULL;
    cache->next = (cache->next + 1) % ENTRIES;
    memset(*at, 0, sizeof **at);
    return *at;
}

bool tp_conv_lend(tp_conv_cache *cache, const tp_conv_shape *s, tp_conv_part part, tp_dtype dtype, bool bias,
                  const tp_conv_lent **lent)
{
    *lent = NULL;
    if (!cache || !cache->engine || dtype != TP_F32 || !(work_of(s) >= LEAST_WORK) || !fits_integers(s)) return true;
    tp_conv_lent *found = find(cache, s, part, bias);
    if (!found) {
        found = place(cache);
        if (!found) return false;
        found->s = *s;
        found->part = part;
        found->bias = bias;
        found->engine = cache->engine;
        found->pieces = pieces_of(s);
        const int held = hold();
        found->taken = make_ready(found);
        release(held);
        if (!found->taken) drop_primitives(found);
    }
    if (found->taken) *lent = found;
    return true;
}

#endif
