/* Pooling. A maximum is an element of x: its rule puts the gradient where that lies, and the rule of that takes it from
   there again. An average is linear in x: its rule is its adjoint, and the rule of that is the average. */
#include "ops/pooling.h"

#include <string.h>

static tp_status save_shape(tp_ctx *ctx, bool back)
{
    tp_pool_shape s;
    const tp_status status = tp_pool_shape_of(ctx, back, &s);
    if (status != TP_OK) return status;
    tp_pool_shape *saved = tp_ctx_save(ctx, sizeof *saved);
    if (!saved) return TP_E_MEMORY;
    *saved = s;
    return TP_OK;
}

/* Result k: operand 0's batch and channels, and these spatial extents. */
static tp_status result(tp_ctx *ctx, int k, tp_dtype dtype, const int64_t extents[3])
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[5] = {x->dims[0], x->dims[1]};
    memcpy(dims + 2, &extents[5 - x->rank], sizeof(int64_t) * (size_t)(x->rank - 2));
    return tp_ctx_result(ctx, k, dtype, x->rank, dims);
}

static const tp_pool_shape *saved_shape(tp_ctx *ctx)
{
    return tp_ctx_saved(ctx);
}

static tp_status run(tp_ctx *ctx, tp_pooling what, void *x, void *y, int64_t *index)
{
    const tp_tape *tape = ctx->tape;
    tp_pool_run(tape->kernels, what, saved_shape(ctx), (tp_dtype)tp_ctx_input(ctx, 0)->dtype, x, y, index,
                tape->threads);
    return TP_OK;
}

/* The attributes of an op that goes back from where this one's result lies. */
static tp_pool_attributes back_from(tp_ctx *ctx)
{
    tp_pool_attributes attributes = *(const tp_pool_attributes *)tp_ctx_attributes(ctx);
    const int spatial = tp_ctx_input(ctx, 0)->rank - 2;
    attributes.called = NULL;
    memcpy(attributes.size, saved_shape(ctx)->x + 3 - spatial, sizeof(int64_t) * (size_t)spatial);
    return attributes;
}

/* Each place and its window; `back`: of an operand that lies where the result would. */
static tp_status windows_pattern(tp_ctx *ctx, bool back)
{
    const tp_pool_shape *s = saved_shape(ctx);
    const int rank = tp_ctx_input(ctx, 0)->rank;
    if (!tp_pattern_operand(ctx, 0)) return TP_OK;
    if (s->adaptive) return tp_pattern_batch(ctx, 0, rank - 2, 0, rank - 2); /* windows of several sizes: the plane */
    tp_status status = TP_OK;
    for (int axis = 2; axis < rank && status == TP_OK; axis++) {
        const int i = axis + 3 - rank;
        const tp_window w = {back ? s->x[i] : s->y[i], s->window[i], s->stride[i], s->dilation[i], s->padding[i], back};
        status = tp_pattern_window(ctx, axis, &w);
    }
    return status == TP_OK ? tp_pattern_to(ctx, 0, NULL) : status;
}

static tp_status pool_pattern(tp_ctx *ctx)
{
    return windows_pattern(ctx, false);
}

static tp_status spread_pattern(tp_ctx *ctx)
{
    return windows_pattern(ctx, true);
}

/* Indices that were given say where elements go; those that are computed on the tape lie in the windows. */
static tp_status indexed_pattern(tp_ctx *ctx, bool back)
{
    const bool given = ctx->tape->nodes[ctx->inputs[1]].op->structure == TP_LEAF;
    return given ? tp_pattern_moved(ctx) : windows_pattern(ctx, back);
}

static tp_status gather_pattern(tp_ctx *ctx)
{
    return indexed_pattern(ctx, false);
}

static tp_status scatter_pattern(tp_ctx *ctx)
{
    return indexed_pattern(ctx, true);
}

/* ---- the largest ---- */

static tp_status max_shape(tp_ctx *ctx)
{
    const tp_pool_attributes *attributes = tp_ctx_attributes(ctx);
    const tp_pool_options *o = &attributes->options;
    ctx->called = attributes->called;
    if (o->exclude_padding || o->divisor)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "exclude_padding and divisor are for averages");
    tp_status status = save_shape(ctx, false);
    if (status == TP_OK) status = result(ctx, 0, (tp_dtype)tp_ctx_input(ctx, 0)->dtype, saved_shape(ctx)->y);
    return status == TP_OK ? result(ctx, 1, TP_I64, saved_shape(ctx)->y) : status;
}

static tp_status max_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    return run(ctx, TP_POOL_MAX, x->data, tp_ctx_output(ctx, 0)->data, (int64_t *)(void *)tp_ctx_output(ctx, 1)->data);
}

static tp_status max_backward(tp_ctx *ctx, tp_var g)
{
    if (!tp_ok(g)) return TP_OK; /* only the indices were used */
    const tp_pool_attributes attributes = back_from(ctx);
    return tp_give(ctx, 0, tp_call2(&tp_op_pool_scatter, g, tp_ctx_output_var(ctx, 1), &attributes));
}

const tp_op tp_op_max_pool = {
    TP_OP_HEAD,
    .name = "max_pool",
    .arity = 1,
    .results = 2,
    .structure = TP_GATHER,
    .attributes = sizeof(tp_pool_attributes),
    .pattern = pool_pattern,
    .shape = max_shape,
    .forward = max_forward,
    .backward = max_backward,
    .text = {.formula = "the largest of each window, and where in x's plane it lies",
             .derivative = "dx = g at the place of the largest, added up where windows overlap",
             .shapes = "x: (N, C, X...) -> (N, C, Y...) twice, one to three spatial axes",
             .dtypes = "f32, f64; the places are i64",
             .edges = "the first of equals; the first NaN; padding counts as -Inf"}};

/* x[index] += g, and its adjoint: operands g or x, and the indices. */
static tp_status indexed_shape(tp_ctx *ctx, bool back)
{
    const tp_tensor *index = tp_ctx_input(ctx, 1);
    char text[TP_SHAPE_TEXT];
    tp_status status = save_shape(ctx, back);
    if (status != TP_OK) return status;
    const tp_pool_shape *s = saved_shape(ctx);
    const int64_t *out = back ? s->x : s->y;
    bool fits = index->dtype == TP_I64 && index->rank == tp_ctx_input(ctx, 0)->rank;
    for (int i = 0; fits && i < index->rank; i++)
        fits = index->dims[i] == (i < 2 ? tp_ctx_input(ctx, 0)->dims[i] : s->y[i + 3 - index->rank]);
    if (!fits) return tp_ctx_fail(ctx, TP_E_SHAPE, "indices %s do not fit", tp_tensor_text(text, index));
    return result(ctx, 0, (tp_dtype)tp_ctx_input(ctx, 0)->dtype, out);
}

static tp_status indexed_forward(tp_ctx *ctx, tp_pooling what)
{
    const tp_tensor *from = tp_ctx_dense(ctx, 0), *index = from ? tp_ctx_dense(ctx, 1) : NULL;
    if (!index) return TP_E_MEMORY;
    char *to = tp_ctx_output(ctx, 0)->data;
    int64_t *places = (int64_t *)(void *)index->data;
    return what == TP_POOL_SCATTER ? run(ctx, what, to, from->data, places) : run(ctx, what, from->data, to, places);
}

static tp_status scatter_shape(tp_ctx *ctx)
{
    return indexed_shape(ctx, true);
}

static tp_status scatter_forward(tp_ctx *ctx)
{
    return indexed_forward(ctx, TP_POOL_SCATTER);
}

static tp_status scatter_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call2(&tp_op_pool_gather, g, tp_ctx_input_var(ctx, 1), tp_ctx_attributes(ctx)));
}

const tp_op tp_op_pool_scatter = {
    TP_OP_HEAD,
    .name = "pool_scatter",
    .arity = 2,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_pool_attributes),
    .pattern = scatter_pattern,
    .shape = scatter_shape,
    .forward = scatter_forward,
    .backward = scatter_backward,
    .text = {.formula = "each element of g added to the place in its plane that its index names",
             .derivative = "dg = the upstream gradient at those places",
             .shapes = "g: (N, C, Y...), index: (N, C, Y...) -> (N, C, X...); the rule of max pooling",
             .edges = "an index outside of the plane names no place"}};

static tp_status gather_shape(tp_ctx *ctx)
{
    return indexed_shape(ctx, false);
}

static tp_status gather_forward(tp_ctx *ctx)
{
    return indexed_forward(ctx, TP_POOL_GATHER);
}

static tp_status gather_backward(tp_ctx *ctx, tp_var g)
{
    const tp_pool_attributes attributes = back_from(ctx);
    return tp_give(ctx, 0, tp_call2(&tp_op_pool_scatter, g, tp_ctx_input_var(ctx, 1), &attributes));
}

const tp_op tp_op_pool_gather = {
    TP_OP_HEAD,
    .name = "pool_gather",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_pool_attributes),
    .pattern = gather_pattern,
    .shape = gather_shape,
    .forward = gather_forward,
    .backward = gather_backward,
    .text = {.formula = "the elements of x at the places in their planes that the indices name",
             .derivative = "dx = g added to those places",
             .shapes = "x: (N, C, X...), index: (N, C, Y...) -> (N, C, Y...); the rule of pool_scatter",
             .edges = "0 where an index is outside of the plane"}};

/* ---- averages ---- */

static tp_status averages_shape(tp_ctx *ctx, bool back)
{
    const tp_pool_attributes *attributes = tp_ctx_attributes(ctx);
    const tp_pool_options *o = &attributes->options;
    ctx->called = attributes->called;
    for (int i = 0; i < 3; i++)
        if (o->dilation[i]) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "dilation is for max pooling");
    const tp_status status = save_shape(ctx, back);
    if (status != TP_OK) return status;
    const tp_pool_shape *s = saved_shape(ctx);
    return result(ctx, 0, (tp_dtype)tp_ctx_input(ctx, 0)->dtype, back ? s->x : s->y);
}

static tp_status average_shape(tp_ctx *ctx)
{
    return averages_shape(ctx, false);
}

static tp_status average_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    return x ? run(ctx, TP_POOL_AVERAGE, x->data, tp_ctx_output(ctx, 0)->data, NULL) : TP_E_MEMORY;
}

static tp_status average_backward(tp_ctx *ctx, tp_var g)
{
    const tp_pool_attributes attributes = back_from(ctx);
    return tp_give(ctx, 0, tp_call1(&tp_op_avg_spread, g, &attributes));
}

const tp_op tp_op_avg_pool = {TP_OP_HEAD,
                              .name = "avg_pool",
                              .arity = 1,
                              .structure = TP_DENSE,
                              .flags = TP_LINEAR,
                              .attributes = sizeof(tp_pool_attributes),
                              .pattern = pool_pattern,
                              .shape = average_shape,
                              .forward = average_forward,
                              .backward = average_backward,
                              .text = {.formula = "the mean of each window, or its sum over a divisor",
                                       .derivative = "dx = g over the same number, spread over the window",
                                       .shapes = "x: (N, C, X...) -> (N, C, Y...), one to three spatial axes",
                                       .edges = "padding counts as zeros, or not at all where exclude_padding is set"}};

static tp_status spread_shape(tp_ctx *ctx)
{
    return averages_shape(ctx, true);
}

static tp_status spread_forward(tp_ctx *ctx)
{
    const tp_tensor *g = tp_ctx_dense(ctx, 0);
    return g ? run(ctx, TP_POOL_SPREAD, tp_ctx_output(ctx, 0)->data, g->data, NULL) : TP_E_MEMORY;
}

static tp_status spread_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_avg_pool, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_avg_spread = {
    TP_OP_HEAD,
    .name = "avg_spread",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_pool_attributes),
    .pattern = spread_pattern,
    .shape = spread_shape,
    .forward = spread_forward,
    .backward = spread_backward,
    .text = {.formula = "each element over its window's divisor, spread over the window and added up",
             .derivative = "dg = the average of the upstream gradient",
             .shapes = "g: (N, C, Y...) -> (N, C, X...); the rule of avg_pool"}};

/* ---- constructors ---- */

static tp_var call_max(tp_var x, const tp_pool_attributes *attributes, tp_var *indices)
{
    tp_var results[2] = {tp_poison(x.tape), tp_poison(x.tape)};
    if (x.tape && tp_check_operand(x.tape, attributes->called, x, 0))
        tp_apply_all(&tp_op_max_pool, &x, 1, attributes, results);
    if (indices) *indices = results[1];
    return results[0];
}

static tp_var call_average(tp_var x, const tp_pool_attributes *attributes)
{
    return tp_call1(&tp_op_avg_pool, x, attributes);
}

static tp_pool_attributes attributes_of(const char *called, int spatial, const tp_pool_options *options)
{
    tp_pool_attributes attributes = {.called = called, .spatial = spatial};
    if (options) attributes.options = *options;
    return attributes;
}

#define POOLS(spatial)                                                                                                 \
    tp_var tp_max_pool##spatial##d(tp_var x, const tp_pool_options *options, tp_var *indices)                          \
    {                                                                                                                  \
        const tp_pool_attributes attributes = attributes_of("max_pool" #spatial "d", spatial, options);                \
        return call_max(x, &attributes, indices);                                                                      \
    }                                                                                                                  \
    tp_var tp_avg_pool##spatial##d(tp_var x, const tp_pool_options *options)                                           \
    {                                                                                                                  \
        const tp_pool_attributes attributes = attributes_of("avg_pool" #spatial "d", spatial, options);                \
        return call_average(x, &attributes);                                                                           \
    }                                                                                                                  \
    tp_var tp_lp_pool##spatial##d(tp_var x, double p, const tp_pool_options *options)                                  \
    {                                                                                                                  \
        return lp_pool("lp_pool" #spatial "d", spatial, x, p, options);                                                \
    }

/* s^(1/p) has no slope at s = 0: such a sum is raised to 1, and the result multiplied by 0. */
static tp_var lp_pool(const char *called, int spatial, tp_var x, double p, const tp_pool_options *options)
{
    tp_pool_attributes attributes = attributes_of(called, spatial, options);
    if (!(p > 0) || p > 1e6 || attributes.options.exclude_padding || attributes.options.divisor)
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_%s: p = %g, or options of averages", called, p);
    attributes.options.divisor = 1;
    const tp_var sum = call_average(p == 2 ? tp_square(x) : tp_pows(tp_abs(x), p), &attributes);
    if (p == 1 || !tp_ok(sum)) return sum;
    const tp_var zero = tp_same(sum, tp_const(x.tape, 0));
    return tp_mul(tp_pows(tp_add(sum, zero), 1 / p), tp_rsubs(1, zero));
}

POOLS(1)
POOLS(2)
POOLS(3)

static bool adaptive(const char *name, tp_var x, int n, const int64_t *size, tp_pool_attributes *attributes)
{
    *attributes = (tp_pool_attributes){.called = name, .spatial = n, .adaptive = true};
    if (n < 1 || n > 3 || !size) {
        tp_refuse(x.tape, TP_E_ARGUMENT, "tp_%s: %d sizes", name, n);
        return false;
    }
    memcpy(attributes->options.window, size, sizeof(int64_t) * (size_t)n);
    return true;
}

tp_var tp_adaptive_avg_pool(tp_var x, int n, const int64_t *size)
{
    tp_pool_attributes attributes;
    return adaptive("adaptive_avg_pool", x, n, size, &attributes) ? call_average(x, &attributes) : tp_poison(x.tape);
}

tp_var tp_adaptive_max_pool(tp_var x, int n, const int64_t *size, tp_var *indices)
{
    tp_pool_attributes attributes;
    if (indices) *indices = tp_poison(x.tape);
    return adaptive("adaptive_max_pool", x, n, size, &attributes) ? call_max(x, &attributes, indices)
                                                                  : tp_poison(x.tape);
}
