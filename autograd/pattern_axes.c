/* What pattern closures are written in: an operand is taken up, its elements are put together along axes, and it is
   laid on a result. */
#include <string.h>

#include "autograd/give.h"
#include "autograd/pattern.h"

bool tp_pattern_operand(tp_ctx *ctx, int i)
{
    tp_pattern *p = ctx->pattern;
    if (ctx->phase != TP_IN_PATTERN || i < 0 || (uint32_t)i >= ctx->count || !tp_pattern_has(ctx, (uint32_t)i))
        return false;
    if (p->work) tp_unref(ctx->tape, p->work);
    p->work = tp_pattern_tensor(p, ctx->inputs[i]);
    return p->work != NULL;
}

static tp_status check(tp_ctx *ctx, bool good, const char *what)
{
    if (ctx->phase != TP_IN_PATTERN || !ctx->pattern->work)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "follows an operand that was not taken up");
    return good ? TP_OK : tp_ctx_fail(ctx, TP_E_INDEX, "%s", what);
}

static unsigned all_axes(int rank)
{
    return (1u << rank) - 1;
}

/* A dense copy of what was taken up in which the axes in `mask` come last; *outer is how many rows of them there are.
 */
static tp_tensor *rows_along(const tp_pattern *p, unsigned mask, int64_t *outer)
{
    const tp_tensor *x = p->work;
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    int at = 0;
    *outer = 1;
    for (int last = 0; last <= 1; last++)
        for (int i = 0; i < x->rank; i++) {
            if ((int)(mask >> i & 1) != last) continue;
            dims[at] = x->dims[i];
            strides[at++] = x->strides[i];
            if (!last) *outer *= x->dims[i];
        }
    return tp_pattern_dense(p->tape, x, x->rank, dims, strides);
}

/* Puts rows of n elements each in the place of what was taken up: along `axis`, or with every axis in `mask` of one
   element. */
static tp_status set_rows(tp_pattern *p, tp_tensor *rows, unsigned mask, int axis, int64_t n)
{
    tp_tensor *x = p->work;
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK], stride = n;
    for (int i = x->rank; i-- > 0;) {
        const bool own = mask >> i & 1;
        dims[i] = own ? (i == axis ? n : 1) : x->dims[i];
        strides[i] = own ? (i == axis ? 1 : 0) : stride;
        if (!own) stride *= x->dims[i];
    }
    tp_tensor *view = tp_pool_view(&p->tape->pool, rows);
    tp_unref(p->tape, rows);
    if (!view) return tp_tape_out_of_memory(p->tape, "sparsity");
    tp_tensor_set_view(view, x->rank, dims, strides, 0);
    tp_unref(p->tape, x);
    p->work = view;
    return TP_OK;
}

/* Writes what one row of n elements becomes. */
typedef void become(tp_sets *sets, int64_t n, const double *row, double *out, const void *how);

static tp_status transform(tp_ctx *ctx, unsigned mask, int axis, int64_t outputs, become *to, const void *how)
{
    tp_pattern *p = ctx->pattern;
    int64_t outer, dims[2];
    tp_tensor *rows = rows_along(p, mask, &outer);
    if (!rows) return TP_E_MEMORY;
    dims[0] = outer;
    dims[1] = outputs;
    tp_tensor *out = tp_new_tensor(p->tape, TP_F64, 2, dims, "sparsity");
    if (out) {
        const int64_t n = outer ? rows->count / outer : 0;
        for (int64_t r = 0; r < outer; r++)
            to(&p->sets, n, (const double *)(const void *)rows->data + r * n, (double *)(void *)out->data + r * outputs,
               how);
    }
    tp_unref(p->tape, rows);
    return out ? set_rows(p, out, mask, axis, outputs) : TP_E_MEMORY;
}

static void become_one(tp_sets *sets, int64_t n, const double *row, double *out, const void *how)
{
    (void)how;
    *out = (double)tp_sets_union_all(sets, n, row);
}

tp_status tp_pattern_mix(tp_ctx *ctx, unsigned mask)
{
    const tp_status status = check(ctx, true, "");
    if (status != TP_OK) return status;
    mask &= all_axes(ctx->pattern->work->rank);
    return mask ? transform(ctx, mask, -1, 1, become_one, NULL) : TP_OK;
}

static void become_prefix(tp_sets *sets, int64_t n, const double *row, double *out, const void *how)
{
    const bool reverse = *(const bool *)how;
    uint32_t all = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = reverse ? n - 1 - k : k;
        all = tp_sets_union(sets, all, (uint32_t)row[i]);
        out[i] = (double)all;
    }
}

tp_status tp_pattern_prefix(tp_ctx *ctx, int axis, bool reverse)
{
    const tp_tensor *x = ctx->phase == TP_IN_PATTERN ? ctx->pattern->work : NULL;
    const bool good = x && axis >= 0 && axis < x->rank;
    const tp_status status = check(ctx, good, "the pattern names an axis outside of the operand");
    if (status != TP_OK) return status;
    return transform(ctx, 1u << axis, axis, x->dims[axis], become_prefix, &reverse);
}

static void become_windows(tp_sets *sets, int64_t n, const double *row, double *out, const void *how)
{
    const tp_window *w = how;
    for (int64_t j = 0; w->back && j < w->outputs; j++) out[j] = 0;
    for (int64_t j = 0; w->back && j < n; j++)
        for (int64_t k = 0, i = j * w->stride - w->before; k < w->size && i < w->outputs; k++, i += w->dilation)
            if (i >= 0) out[i] = (double)tp_sets_union(sets, (uint32_t)out[i], (uint32_t)row[j]);
    if (w->back) return;
    for (int64_t j = 0; j < w->outputs; j++) {
        uint32_t all = 0;
        for (int64_t k = 0, i = j * w->stride - w->before; k < w->size && i < n; k++, i += w->dilation)
            if (i >= 0) all = tp_sets_union(sets, all, (uint32_t)row[i]);
        out[j] = (double)all;
    }
}

tp_status tp_pattern_window(tp_ctx *ctx, int axis, const tp_window *w)
{
    const tp_tensor *x = ctx->phase == TP_IN_PATTERN ? ctx->pattern->work : NULL;
    const bool good = x && axis >= 0 && axis < x->rank && w && w->outputs >= 0 && w->stride >= 0 && w->dilation >= 0;
    const tp_status status = check(ctx, good, "the pattern has a window outside of the operand");
    if (status != TP_OK) return status;
    return transform(ctx, 1u << axis, axis, w->outputs, become_windows, w);
}

/* The view of what was taken up that has the result's dims; NULL after failing. */
static tp_tensor *view_for(tp_ctx *ctx, const tp_tensor *out, const int *axes)
{
    tp_tensor *x = ctx->pattern->work;
    int64_t strides[TP_MAX_RANK];
    for (int d = 0; d < out->rank; d++) {
        const int axis = axes ? axes[d] : d - (out->rank - x->rank);
        const bool follows = axis >= 0 && axis < x->rank;
        if (follows && x->dims[axis] != 1 && x->dims[axis] != out->dims[d]) {
            tp_ctx_fail(ctx, TP_E_SHAPE, "the pattern ties dims that differ");
            return NULL;
        }
        strides[d] = follows && x->dims[axis] != 1 ? x->strides[axis] : 0;
    }
    tp_tensor *view = tp_pool_view(&ctx->tape->pool, x);
    if (view)
        tp_tensor_set_view(view, out->rank, out->dims, strides, 0);
    else
        tp_tape_out_of_memory(ctx->tape, "sparsity");
    return view;
}

tp_status tp_pattern_to(tp_ctx *ctx, int k, const int *axes)
{
    tp_status status = check(ctx, k >= 0 && k < ctx->results, "the pattern names a result that is not there");
    if (status != TP_OK) return status;
    tp_pattern *p = ctx->pattern;
    const uint32_t to = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
    const tp_tensor *out = tp_ctx_output(ctx, k);
    if (to > p->last) return TP_OK;
    unsigned followed = 0;
    for (int d = 0; d < out->rank; d++) {
        const int axis = axes ? axes[d] : d - (out->rank - p->work->rank);
        if (axis >= 0) followed |= 1u << axis;
    }
    status = tp_pattern_mix(ctx, ~followed);
    if (status != TP_OK || out->count == 0) return status;
    tp_tensor *view = view_for(ctx, out, axes);
    if (!view) return ctx->tape->error.status;
    status = tp_pattern_add(p, to, view);
    tp_unref(ctx->tape, view);
    return status;
}

/* The region's elements in row-major order: i counts them, `at` says where each lies. */
static void unite_region(tp_sets *sets, double *to, const tp_region *region, const tp_tensor *x)
{
    int64_t index[TP_MAX_RANK] = {0}, at = region->offset;
    const double *from = (const double *)(const void *)x->data;
    for (int64_t i = 0; i < x->count; i++) {
        to[at] = (double)tp_sets_union(sets, (uint32_t)to[at], (uint32_t)from[i]);
        for (int d = region->rank; d-- > 0;) {
            at += region->strides[d];
            if (++index[d] < region->dims[d]) break;
            at -= region->dims[d] * region->strides[d];
            index[d] = 0;
        }
    }
}

tp_status tp_pattern_to_region(tp_ctx *ctx, int k, const tp_region *region)
{
    tp_pattern *p = ctx->pattern;
    tp_status status = check(ctx, k >= 0 && k < ctx->results && region, "the pattern names a result that is not there");
    if (status != TP_OK) return status;
    const uint32_t to = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
    const tp_tensor *out = tp_ctx_output(ctx, k);
    if (!tp_region_inside(region, out->count) || tp_shape_count(region->rank, region->dims) != p->work->count)
        return tp_ctx_fail(ctx, TP_E_INDEX, "the pattern has a region outside of the result");
    if (to > p->last || out->rank == 0) return to > p->last ? TP_OK : tp_pattern_add(p, to, p->work);
    tp_tensor *held = tp_pattern_own(p, to);
    if (!held) return ctx->tape->error.status;
    const tp_tensor *w = p->work;
    tp_tensor *x = w->dense ? tp_ref(p->work) : tp_pattern_dense(p->tape, w, w->rank, w->dims, w->strides);
    if (!x) return TP_E_MEMORY;
    unite_region(&p->sets, (double *)(void *)held->data, region, x);
    tp_unref(p->tape, x);
    return TP_OK;
}

tp_status tp_pattern_along(tp_ctx *ctx, int i, unsigned mask)
{
    if (!tp_pattern_operand(ctx, i)) return ctx->tape->error.status;
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    const int rank = ctx->pattern->work->rank;
    const tp_status status = tp_pattern_mix(ctx, mask);
    if (status != TP_OK || out->rank >= rank) return status == TP_OK ? tp_pattern_to(ctx, 0, NULL) : status;
    int axes[TP_MAX_RANK], d = 0;
    for (int axis = 0; axis < rank && d < out->rank; axis++)
        if (!(mask >> axis & 1)) axes[d++] = axis;
    while (d < out->rank) axes[d++] = -1;
    return tp_pattern_to(ctx, 0, axes);
}

tp_status tp_pattern_batch(tp_ctx *ctx, int i, int own, int k, int result)
{
    if (!tp_pattern_operand(ctx, i)) return ctx->tape->error.status;
    const int rank = ctx->pattern->work->rank - own, out = tp_ctx_output(ctx, k)->rank - result;
    int axes[TP_MAX_RANK];
    for (int d = 0; d < TP_MAX_RANK; d++) axes[d] = d < out && d - (out - rank) >= 0 ? d - (out - rank) : -1;
    return tp_pattern_to(ctx, k, axes);
}
