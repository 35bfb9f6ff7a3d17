/* Recording a node: shape, memory, forward. Whatever fails leaves the tape as it was. */
#include <string.h>

#include "autograd/profile.h"

/* One result of a tuple node `a`; number b. It shares the tuple's work: the engine routes its adjoint to the tuple. */
static tp_status part_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK; /* written by the tuple's own forward */
}

static const tp_op part_op = {TP_OP_HEAD,           .name = "result",       .arity = 1,
                              .structure = TP_VIEW, .flags = TP_TUPLE_PART, .forward = part_forward};

static void discard(tp_ctx *ctx)
{
    for (int k = 0; k < ctx->results; k++)
        if (ctx->result[k]) tp_unref(ctx->tape, ctx->result[k]);
    for (int k = 0; k < ctx->saved_count; k++) tp_unref(ctx->tape, ctx->saved_tensor[k]);
}

/* Puts attributes, a long operand list and saved context where the node can find them. */
static tp_status make_extra(tp_ctx *ctx, tp_extra **block)
{
    *block = NULL;
    const bool many = ctx->op->arity < 0 || ctx->op->arity > 2;
    if (!many && !ctx->attributes && !ctx->saved) return TP_OK;
    *block = tp_chunks_push(&ctx->tape->stack, sizeof **block);
    if (!*block) return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    **block = (tp_extra){.count = ctx->count, .attributes = (void *)ctx->attributes, .saved = ctx->saved};
    if (!many) return TP_OK;
    (*block)->inputs = tp_chunks_push(&ctx->tape->stack, (ctx->count ? ctx->count : 1) * sizeof *ctx->inputs);
    if (!(*block)->inputs) return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    if (ctx->count) memcpy((*block)->inputs, ctx->inputs, ctx->count * sizeof *ctx->inputs);
    ctx->inputs = (*block)->inputs;
    return TP_OK;
}

static uint32_t flags_of(const tp_ctx *ctx)
{
    uint32_t needs = 0;
    if (ctx->op->flags & TP_NO_GRADIENT) return 0;
    for (uint32_t i = 0; i < ctx->count; i++) needs |= ctx->tape->nodes[ctx->inputs[i]].a;
    return needs & ctx->tape->grad_mask;
}

static bool append_result(tp_ctx *ctx, int k, tp_node node)
{
    tp_tape *tape = ctx->tape;
    tp_tensor *tensor = ctx->result[k];
    ctx->result[k] = NULL;
    if (tensor) {
        if (!tp_own(tape, tape->count, tensor)) return false;
        node.a |= TP_IS_TENSOR;
        if (!tp_dtype_is_float((tp_dtype)tensor->dtype)) node.a &= ~TP_NEEDS;
        node.value.tensor = tensor;
    }
    tape->nodes[tape->count++] = node;
    return true;
}

static tp_status append_nodes(tp_ctx *ctx, tp_extra *block)
{
    tp_tape *tape = ctx->tape;
    const bool tuple = ctx->results > 1;
    if (!tp_node_room(tape, tuple ? (uint32_t)ctx->results + 1 : 1)) return tape->error.status;
    ctx->node = tape->count;
    tp_node node = {.op = ctx->op, .a = flags_of(ctx), .extra.block = block};
    if (!block || !block->inputs) {
        if (ctx->count > 0) node.a |= ctx->inputs[0];
        if (ctx->count > 1) node.b |= ctx->inputs[1];
    }
    while (ctx->saved_count > 0)
        if (!tp_own(tape, ctx->node, ctx->saved_tensor[--ctx->saved_count])) return tape->error.status;
    if (!tuple) return append_result(ctx, 0, node) ? TP_OK : tape->error.status;
    tape->nodes[tape->count++] = node;
    for (int k = 0; k < ctx->results; k++) {
        const tp_node part = {.op = &part_op, .a = ctx->node | (node.a & TP_NEEDS), .b = (uint32_t)k};
        if (!append_result(ctx, k, part)) return tape->error.status;
    }
    return TP_OK;
}

static tp_status call(tp_ctx *ctx)
{
    tp_extra *block;
    if (!ctx->op->shape || !ctx->op->forward)
        return tp_ctx_fail(ctx, TP_E_UNSUPPORTED, "the op has no %s closure", ctx->op->shape ? "forward" : "shape");
    const tp_status before = ctx->tape->error.status;
    ctx->tape->calling++;
    tp_status status = ctx->op->shape(ctx);
    if (status == TP_OK) status = make_extra(ctx, &block);
    if (status == TP_OK) status = append_nodes(ctx, block);
    ctx->phase = TP_IN_FORWARD;
    if (status == TP_OK) status = ctx->op->forward(ctx);
    ctx->tape->calling--;
    return status == TP_OK && before == TP_OK ? ctx->tape->error.status : status;
}

tp_status tp_record(tp_tape *tape, const tp_op *op, const uint32_t *inputs, uint32_t n, const void *attributes,
                    tp_var *results)
{
    tp_ctx ctx;
    ctx.tape = tape;
    ctx.op = op;
    ctx.called = NULL;
    ctx.phase = TP_IN_SHAPE;
    ctx.node = TP_NO_NODE;
    ctx.count = n;
    ctx.inputs = inputs;
    ctx.attributes = NULL;
    ctx.saved = NULL;
    ctx.results = tp_result_count(op);
    ctx.saved_count = 0;
    ctx.pending = NULL;
    ctx.copies = NULL;
    const uint64_t start = tp_profile_start(tape);
    for (int k = 0; k < ctx.results; k++) ctx.result[k] = NULL, results[k] = tp_poison(tape);
    const uint32_t first = tape->count, chunk = tape->stack.chunk;
    const size_t used = tape->stack.used, outer = tp_pool_watch(&tape->pool);
    tp_status status = TP_OK;
    if (op->attributes) {
        void *copy = tp_chunks_push(&tape->stack, op->attributes);
        if (copy) memcpy(copy, attributes, op->attributes);
        ctx.attributes = copy;
        if (!copy) status = tp_ctx_fail(&ctx, TP_E_MEMORY, "out of memory");
    }
    if (status == TP_OK) status = call(&ctx);
    tp_ctx_done(&ctx);
    tp_note_scratch(tape, outer);
    tp_profile_stop(tape, start, op, TP_TIMED_FORWARD, first, tape->count);
    if (status == TP_OK) {
        for (int k = 0; k < ctx.results; k++) results[k] = tp_ctx_output_var(&ctx, k);
        return TP_OK;
    }
    discard(&ctx);
    tp_unwind(tape, first, chunk, used);
    return tape->error.status != TP_OK ? tape->error.status : tp_ctx_fail(&ctx, status, "failed");
}

tp_var tp_record1(tp_tape *tape, const tp_op *op, uint32_t input, const void *attributes)
{
    tp_var result;
    tp_record(tape, op, &input, 1, attributes, &result);
    return result;
}

tp_var tp_record2(tp_tape *tape, const tp_op *op, uint32_t a, uint32_t b, const void *attributes)
{
    tp_var result;
    tp_record(tape, op, (uint32_t[]){a, b}, 2, attributes, &result);
    return result;
}

static tp_status check_call(tp_tape *tape, const tp_op *op, const tp_var *inputs, int n, const void *attributes)
{
    if (!op || op->size != sizeof *op || !op->name)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_apply: the op is NULL or of another version");
    if (n < 1) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: takes at least one operand", op->name);
    if (op->arity >= 0 && n != op->arity)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: takes %d operands, not %d", op->name, op->arity, n);
    if (op->attributes && !attributes)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: the attributes are NULL", op->name);
    if (op->results > TP_MAX_RESULTS)
        return tp_tape_fail(tape, TP_E_LIMIT, "tp_%s: more than %d results", op->name, TP_MAX_RESULTS);
    for (int i = 0; i < n; i++)
        if (!tp_check_operand(tape, op->name, inputs[i], i)) return tape->error.status;
    return TP_OK;
}

tp_status tp_apply_all(const tp_op *op, const tp_var *inputs, int n, const void *attributes, tp_var *results)
{
    tp_tape *tape = inputs && n > 0 ? inputs[0].tape : NULL;
    const bool many = op && op->size == sizeof *op && op->results > 1;
    const int count = many ? (op->results < TP_MAX_RESULTS ? op->results : TP_MAX_RESULTS) : 1;
    if (!results) return tape ? tp_tape_fail(tape, TP_E_ARGUMENT, "tp_apply: results is NULL") : TP_E_ARGUMENT;
    for (int k = 0; k < count; k++) results[k] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    const tp_status status = check_call(tape, op, inputs, n, attributes);
    if (status != TP_OK) return status;
    uint32_t few[8], *nodes = few;
    const uint32_t chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    if (n > 8 && !(nodes = tp_chunks_push(&tape->stack, (size_t)n * sizeof *nodes)))
        return tp_tape_out_of_memory(tape, op->name);
    for (int i = 0; i < n; i++) nodes[i] = inputs[i].node;
    const tp_status recorded = tp_record(tape, op, nodes, (uint32_t)n, attributes, results);
    if (recorded != TP_OK) tp_chunks_pop_to(&tape->stack, chunk, used);
    return recorded;
}

tp_var tp_apply(const tp_op *op, const tp_var *inputs, int n, const void *attributes)
{
    tp_var results[TP_MAX_RESULTS];
    tp_apply_all(op, inputs, n, attributes, results);
    return results[0];
}
