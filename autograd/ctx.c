/* What an op's closures ask of their call. */
#include "autograd/ctx.h"

#include <stdarg.h>
#include <string.h>

void tp_ctx_of_node(tp_ctx *ctx, tp_tape *tape, uint32_t i, tp_phase phase)
{
    const tp_node *node = &tape->nodes[i];
    ctx->tape = tape;
    ctx->op = node->op;
    ctx->called = NULL;
    ctx->phase = phase;
    ctx->node = i;
    ctx->results = tp_result_count(node->op);
    ctx->saved_count = 0;
    ctx->pending = NULL;
    ctx->copies = NULL;
    ctx->attributes = ctx->saved = NULL;
    ctx->count = tp_input_count(node);
    if (node->op->arity >= 0 && (ctx->count <= 2 || node->op->row)) {
        ctx->few[0] = node->a & TP_NODE_BITS;
        ctx->few[1] = node->b & TP_NODE_BITS;
        ctx->few[2] = node->extra.third;
        ctx->inputs = ctx->few;
    } else {
        ctx->inputs = node->extra.block->inputs;
    }
    if (node->op->row || !node->extra.block) return;
    ctx->attributes = node->extra.block->attributes;
    ctx->saved = node->extra.block->saved;
}

bool tp_ctx_recorded(const tp_ctx *ctx)
{
    return ctx->phase == TP_IN_RECORDED;
}

tp_tape *tp_ctx_tape(const tp_ctx *ctx)
{
    return ctx->tape;
}

int tp_ctx_count(const tp_ctx *ctx)
{
    return (int)ctx->count;
}

const void *tp_ctx_attributes(const tp_ctx *ctx)
{
    return ctx->attributes;
}

void *tp_ctx_saved(const tp_ctx *ctx)
{
    return ctx->saved;
}

static tp_tensor *scalar_view(tp_ctx *ctx, int place, double *at)
{
    tp_tensor *view = &ctx->views[place];
    memset(view, 0, sizeof *view);
    view->dtype = TP_F64;
    view->pool = &ctx->tape->pool;
    view->dense = true;
    view->count = 1;
    view->data = (char *)at;
    return view;
}

const tp_tensor *tp_ctx_input(tp_ctx *ctx, int i)
{
    if (i < 0 || (uint32_t)i >= ctx->count) return NULL;
    const tp_node *node = &ctx->tape->nodes[ctx->inputs[i]];
    if (node->a & TP_IS_TENSOR) return node->value.tensor;
    const int place = i < TP_SCALAR_VIEWS ? i : TP_SCALAR_VIEWS - 1;
    ctx->numbers[place] = node->value.number;
    return scalar_view(ctx, place, &ctx->numbers[place]);
}

const tp_tensor *tp_ctx_dense(tp_ctx *ctx, int i)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    if (!x || x->dense) return x;
    tp_tensor *copy = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, x->rank, x->dims, ctx->op->name);
    if (!copy) return NULL;
    tp_copy(x->rank, x->dims, (tp_dtype)x->dtype, copy->data, copy->strides, (tp_dtype)x->dtype, x->data, x->strides);
    copy->next = ctx->copies;
    ctx->copies = copy;
    return copy;
}

void tp_ctx_done(tp_ctx *ctx)
{
    while (ctx->copies) {
        tp_tensor *copy = ctx->copies;
        ctx->copies = copy->next;
        tp_unref(ctx->tape, copy);
    }
}

tp_tensor *tp_ctx_output(tp_ctx *ctx, int k)
{
    if (k < 0 || k >= ctx->results || ctx->node == TP_NO_NODE) return NULL;
    tp_node *node = &ctx->tape->nodes[ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node];
    if (node->a & TP_IS_TENSOR) return node->value.tensor;
    const int place = TP_SCALAR_VIEWS + k;
    if (ctx->phase == TP_IN_FORWARD) return scalar_view(ctx, place, &node->value.number);
    ctx->numbers[place] = node->value.number;
    return scalar_view(ctx, place, &ctx->numbers[place]);
}

bool tp_ctx_is_view(tp_ctx *ctx)
{
    const tp_node *node = &ctx->tape->nodes[ctx->node], *base = &ctx->tape->nodes[ctx->inputs[0]];
    return node->a & base->a & TP_IS_TENSOR && node->value.tensor->storage == base->value.tensor->storage;
}

bool tp_ctx_needs(const tp_ctx *ctx, int i)
{
    if (i < 0 || (uint32_t)i >= ctx->count || !(ctx->tape->nodes[ctx->inputs[i]].a & TP_NEEDS)) return false;
    const bool walking = ctx->phase == TP_IN_NUMBERS || ctx->phase == TP_IN_RECORDED;
    return !walking || ctx->inputs[i] >= ctx->tape->walk_low; /* nobody asks for what lies below */
}

tp_var tp_ctx_input_var(const tp_ctx *ctx, int i)
{
    if (i < 0 || (uint32_t)i >= ctx->count) return tp_poison(ctx->tape);
    return tp_handle(ctx->tape, ctx->inputs[i]);
}

tp_var tp_ctx_output_var(const tp_ctx *ctx, int k)
{
    if (k < 0 || k >= ctx->results || ctx->node == TP_NO_NODE) return tp_poison(ctx->tape);
    return tp_handle(ctx->tape, ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node);
}

tp_var tp_ctx_constant(tp_ctx *ctx, tp_tensor *saved)
{
    return saved ? tp_constant_tensor(ctx->tape, tp_ref(saved)) : tp_poison(ctx->tape);
}

/* " [x: node 3, W: node 5]" for up to four operands, so that a message can be traced to the program. */
static void describe_operands(const tp_ctx *ctx, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < ctx->count && i < 4 && used < size; i++) {
        const char *name = tp_name_of(ctx->tape, ctx->inputs[i]);
        used += (size_t)snprintf(text + used, size - used, "%s%s%snode %u", i ? ", " : " [", name ? name : "",
                                 name ? ": " : "", ctx->inputs[i]);
    }
    if (used && used < size) snprintf(text + used, size - used, "%s", ctx->count > 4 ? ", ...]" : "]");
}

static const char *name_of(const tp_ctx *ctx)
{
    return ctx->called ? ctx->called : ctx->op->name;
}

tp_status tp_ctx_fail(tp_ctx *ctx, tp_status status, const char *format, ...)
{
    char message[TP_ERROR_LENGTH - 128], operands[120] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    describe_operands(ctx, operands, sizeof operands);
    return tp_tape_fail(ctx->tape, status, "tp_%s: %s%s", name_of(ctx), message, operands);
}

tp_status tp_ctx_result(tp_ctx *ctx, int k, tp_dtype dtype, int rank, const int64_t *dims)
{
    if (ctx->phase != TP_IN_SHAPE || k < 0 || k >= ctx->results || ctx->result[k])
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "the op's shape closure sets result %d wrongly", k);
    if (rank == 0) return TP_OK;
    ctx->result[k] = tp_new_tensor(ctx->tape, dtype, rank, dims, name_of(ctx));
    return ctx->result[k] ? TP_OK : ctx->tape->error.status;
}

tp_status tp_ctx_result_view(tp_ctx *ctx, int rank, const int64_t *dims, const int64_t *strides, int64_t offset)
{
    const tp_node *base = ctx->count ? &ctx->tape->nodes[ctx->inputs[0]] : NULL;
    if (ctx->phase != TP_IN_SHAPE || ctx->result[0] || !base || !(base->a & TP_IS_TENSOR) || rank < 1 ||
        rank > TP_MAX_RANK)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "the op's shape closure sets a view wrongly");
    tp_tensor *view = tp_pool_view(&ctx->tape->pool, base->value.tensor);
    if (!view) return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    tp_tensor_set_view(view, rank, dims, strides, offset);
    ctx->result[0] = view;
    return TP_OK;
}

void *tp_ctx_save(tp_ctx *ctx, size_t bytes)
{
    if (ctx->phase != TP_IN_SHAPE || ctx->saved) return NULL;
    ctx->saved = tp_chunks_push(&ctx->tape->stack, bytes ? bytes : 1);
    if (ctx->saved)
        memset(ctx->saved, 0, bytes);
    else
        tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    return ctx->saved;
}

tp_tensor *tp_ctx_save_tensor(tp_ctx *ctx, tp_dtype dtype, int rank, const int64_t *dims)
{
    if (ctx->phase != TP_IN_SHAPE || ctx->saved_count == TP_MAX_SAVED) return NULL;
    tp_tensor *tensor = tp_new_tensor(ctx->tape, dtype, rank, dims, ctx->op->name);
    if (tensor) ctx->saved_tensor[ctx->saved_count++] = tensor;
    return tensor;
}

tp_status tp_ctx_hold(tp_ctx *ctx, tp_tensor *outside)
{
    if (ctx->phase != TP_IN_SHAPE || !outside || ctx->saved_count == TP_MAX_SAVED)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "the op's shape closure holds a tensor wrongly");
    ctx->saved_tensor[ctx->saved_count++] = tp_ref(outside);
    return TP_OK;
}
