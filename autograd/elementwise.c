/* Rows on tensors: broadcasting, the loops, and the gradients summed back to each operand's shape. */
#include "autograd/elementwise.h"

#include "autograd/give.h"

/* Strides of an operand along the dims of the result: 0 where it is broadcast. */
static void spread(const tp_tensor *x, int rank, const int64_t *dims, int64_t strides[TP_MAX_RANK])
{
    const int missing = rank - x->rank;
    for (int i = 0; i < rank; i++) {
        const int own = i - missing;
        strides[i] = own >= 0 && !(x->dims[own] == 1 && dims[i] != 1) ? x->strides[own] : 0;
    }
}

/* An operand of a loop over `out`, with storage for what it points at. */
typedef struct operand_view {
    int64_t strides[TP_MAX_RANK];
    union {
        float f32;
        double f64;
    } number;
} operand_view;

static tp_operand number_operand(double number, tp_dtype dtype, operand_view *view, bool as_is)
{
    if (dtype == TP_F32)
        view->number.f32 = (float)number;
    else
        view->number.f64 = number;
    for (int i = 0; i < TP_MAX_RANK; i++) view->strides[i] = 0;
    return (tp_operand){.data = &view->number, .strides = view->strides, .number = as_is};
}

static tp_operand tensor_operand(const tp_tensor *x, const tp_tensor *out, operand_view *view)
{
    if (x->dense && tp_shape_equal(x->rank, x->dims, out->rank, out->dims))
        return (tp_operand){.data = x->data, .dense = true};
    spread(x, out->rank, out->dims, view->strides);
    return (tp_operand){.data = x->data, .strides = view->strides};
}

static tp_operand node_operand(const tp_node *node, const tp_tensor *out, operand_view *view)
{
    if (node->a & TP_IS_TENSOR) return tensor_operand(node->value.tensor, out, view);
    return number_operand(node->value.number, (tp_dtype)out->dtype, view, false);
}

/* Fills the x and b places of a loop whose result is laid out as `out`. */
static void operands_of(const tp_tape *tape, const tp_row *row, const tp_node *node, const tp_tensor *out,
                        tp_operand in[TP_IN_COUNT], operand_view views[TP_IN_COUNT])
{
    in[TP_IN_X] = node_operand(&tape->nodes[node->a & TP_NODE_BITS], out, &views[TP_IN_X]);
    if (row->kind == TP_ROW_BINARY)
        in[TP_IN_B] = node_operand(&tape->nodes[node->b & TP_NODE_BITS], out, &views[TP_IN_B]);
    else if (row->kind == TP_ROW_NUMBER)
        in[TP_IN_B] = number_operand(node->extra.number, (tp_dtype)out->dtype, &views[TP_IN_B], true);
}

static void run(const tp_tape *tape, tp_loop *loop, const tp_tensor *out, const tp_operand in[TP_IN_COUNT])
{
    tp_run_loop(loop, tp_dtype_size((tp_dtype)out->dtype), out->rank, out->dims, out->count, out->data, in,
                tape->threads);
}

static void compute(const tp_tape *tape, const tp_node *node)
{
    const tp_row *row = node->op->row;
    const tp_tensor *out = node->value.tensor;
    tp_operand in[TP_IN_COUNT] = {0};
    operand_view views[TP_IN_COUNT];
    operands_of(tape, row, node, out, in, views);
    run(tape, tape->kernels->of[out->dtype]->rows[row->index].value, out, in);
}

tp_status tp_elementwise_forward(tp_ctx *ctx)
{
    compute(ctx->tape, &ctx->tape->nodes[ctx->node]);
    return TP_OK;
}

/* ---- recording ---- */

static tp_var fail(tp_tape *tape, const tp_op *op, tp_status status, const tp_tensor *x, const tp_tensor *b,
                   const char *what)
{
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT] = "";
    if (b) tp_tensor_text(second, b);
    tp_tape_fail(tape, status, "tp_%s: %s: %s %s%s%s%s%s", op->name, what, tp_dtype_name((tp_dtype)x->dtype),
                 tp_tensor_text(first, x), b ? " and " : "", b ? tp_dtype_name((tp_dtype)b->dtype) : "", b ? " " : "",
                 second);
    return tp_poison(tape);
}

static tp_var append(tp_tape *tape, const tp_op *op, tp_tensor *out, uint32_t a, uint32_t b, uint32_t flags,
                     double number)
{
    if (!tp_node_room(tape, 1)) {
        tp_unref(tape, out);
        return tp_poison(tape);
    }
    if (!tp_own(tape, tape->count, out)) return tp_poison(tape);
    const uint32_t reach = op->flags & TP_NO_GRADIENT ? 0 : ~0u;
    const tp_var result = tp_scalar_append(tape, op, 0, a, b, flags & TP_NEEDS, number, reach);
    tp_node *node = &tape->nodes[result.node];
    node->a |= TP_IS_TENSOR;
    node->value.tensor = out;
    compute(tape, node);
    return result;
}

static tp_var scalar_node(tp_tape *tape, const tp_op *op, double value, uint32_t a, uint32_t b, uint32_t flags,
                          double number)
{
    if (!tp_node_room(tape, 1)) return tp_poison(tape);
    return tp_scalar_append(tape, op, value, a, b, flags & TP_NEEDS, number, op->flags & TP_NO_GRADIENT ? 0 : ~0u);
}

tp_var tp_elementwise1(const tp_op *op, tp_var x, double number)
{
    tp_tape *tape = x.tape;
    if (!tape) return tp_poison(NULL);
    if (!tp_check_operand(tape, op->name, x, 0)) return tp_poison(tape);
    const tp_node *node = &tape->nodes[x.node];
    const uint32_t flags = node->a;
    if (!(flags & TP_IS_TENSOR))
        return scalar_node(tape, op, op->row->value(node->value.number, number), x.node, 0, flags, number);
    const tp_tensor *value = node->value.tensor;
    if (!tp_dtype_is_float((tp_dtype)value->dtype))
        return fail(tape, op, TP_E_DTYPE, value, NULL, "needs f32 or f64; use tp_cast");
    tp_tensor *out = tp_pool_tensor(&tape->pool, (tp_dtype)value->dtype, value->rank, value->dims, value->count);
    if (!out) return fail(tape, op, TP_E_MEMORY, value, NULL, "out of memory");
    return append(tape, op, out, x.node, 0, flags, number);
}

static tp_var record_tensors(tp_tape *tape, const tp_op *op, uint32_t a, uint32_t b)
{
    const tp_node *nx = &tape->nodes[a], *nb = &tape->nodes[b];
    const tp_tensor *x = nx->a & TP_IS_TENSOR ? nx->value.tensor : nb->value.tensor;
    const tp_tensor *y = nb->a & TP_IS_TENSOR ? nb->value.tensor : nx->value.tensor;
    if (!tp_dtype_is_float((tp_dtype)x->dtype) || !tp_dtype_is_float((tp_dtype)y->dtype))
        return fail(tape, op, TP_E_DTYPE, x, y, "needs f32 or f64; use tp_cast");
    if (x->dtype != y->dtype) return fail(tape, op, TP_E_DTYPE, x, y, "dtypes differ; use tp_cast");
    tp_tensor *out;
    if (tp_shape_equal(x->rank, x->dims, y->rank, y->dims)) {
        out = tp_pool_tensor(&tape->pool, (tp_dtype)x->dtype, x->rank, x->dims, x->count);
    } else {
        tp_shape shape = {.rank = x->rank};
        for (int i = 0; i < x->rank; i++) shape.dims[i] = x->dims[i];
        if (!tp_shape_broadcast(&shape, y->rank, y->dims))
            return fail(tape, op, TP_E_SHAPE, x, y, "shapes do not broadcast");
        int64_t count;
        if (tp_tensor_check((tp_dtype)x->dtype, shape.rank, shape.dims, &count, NULL) != TP_OK)
            return fail(tape, op, TP_E_LIMIT, x, y, "the broadcast size overflows");
        out = tp_pool_tensor(&tape->pool, (tp_dtype)x->dtype, shape.rank, shape.dims, count);
    }
    if (!out) return fail(tape, op, TP_E_MEMORY, x, y, "out of memory");
    return append(tape, op, out, a, b, nx->a | nb->a, 0);
}

tp_var tp_elementwise2(const tp_op *op, tp_var x, tp_var b)
{
    tp_tape *tape = x.tape ? x.tape : b.tape;
    if (!tape) return tp_poison(NULL);
    if (!tp_check_operand(tape, op->name, x, 0) || !tp_check_operand(tape, op->name, b, 1)) return tp_poison(tape);
    const tp_node *nx = &tape->nodes[x.node], *nb = &tape->nodes[b.node];
    if ((nx->a | nb->a) & TP_IS_TENSOR) return record_tensors(tape, op, x.node, b.node);
    return scalar_node(tape, op, op->row->value(nx->value.number, nb->value.number), x.node, b.node, nx->a | nb->a, 0);
}

/* ---- differentiating ---- */

tp_status tp_elementwise_backward(tp_ctx *ctx, tp_var g)
{
    const tp_node node = ctx->tape->nodes[ctx->node];
    const tp_row *row = ctx->op->row;
    const int n = row->kind == TP_ROW_BINARY ? 2 : 1;
    for (int i = 0; i < n; i++) {
        if (!tp_ctx_needs(ctx, i)) continue;
        const tp_var x = tp_ctx_input_var(ctx, 0), b = n == 2 ? tp_ctx_input_var(ctx, 1) : x;
        const double number = row->kind == TP_ROW_NUMBER ? node.extra.number : 0;
        const tp_status status = tp_give(ctx, i, row->recorded[i](g, x, b, tp_ctx_output_var(ctx, 0), number));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

/* g times slope in the shape of the result, into `out`; g is a node for its value only. */
static void slope_into(tp_ctx *ctx, int i, const tp_node *g, tp_tensor *out)
{
    const tp_node *node = &ctx->tape->nodes[ctx->node];
    const tp_row *row = ctx->op->row;
    tp_operand in[TP_IN_COUNT] = {0};
    operand_view views[TP_IN_COUNT];
    operands_of(ctx->tape, row, node, out, in, views);
    in[TP_IN_Y] = tensor_operand(node->value.tensor, out, &views[TP_IN_Y]);
    in[TP_IN_G] = node_operand(g, out, &views[TP_IN_G]);
    run(ctx->tape, ctx->tape->kernels->of[out->dtype]->rows[row->index].slope[i], out, in);
}

static tp_status gradient_of(tp_ctx *ctx, int i, const tp_tensor *g)
{
    tp_tape *tape = ctx->tape;
    if (ctx->op->row->through[i]) return tp_ctx_pass(ctx, i, g);
    const tp_node *target = &tape->nodes[ctx->inputs[i]];
    const tp_tensor *y = tape->nodes[ctx->node].value.tensor;
    const bool same = target->a & TP_IS_TENSOR &&
                      tp_shape_equal(target->value.tensor->rank, target->value.tensor->dims, y->rank, y->dims);
    tp_tensor *out =
        same ? tp_ctx_grad(ctx, i, NULL) : tp_new_tensor(tape, (tp_dtype)y->dtype, y->rank, y->dims, ctx->op->name);
    if (!out) return tape->error.status;
    slope_into(ctx, i, &(tp_node){.a = TP_IS_TENSOR, .value.tensor = (tp_tensor *)g}, out);
    if (same) return TP_OK;
    const tp_status status = tp_slot_add(tape, ctx->inputs[i], out);
    tp_unref(tape, out);
    return status;
}

tp_status tp_elementwise_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    tp_status status = TP_OK;
    const int n = ctx->op->row->kind == TP_ROW_BINARY ? 2 : 1;
    for (int i = 0; i < n && status == TP_OK; i++)
        if (tp_ctx_needs(ctx, i)) status = gradient_of(ctx, i, g);
    return status;
}

tp_status tp_elementwise_tangent(tp_tape *tape, uint32_t i, tp_slot *tangents, uint32_t first)
{
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_NUMBERS);
    const tp_tensor *y = tape->nodes[i].value.tensor;
    tp_slot *slot = &tangents[i - first];
    for (uint32_t k = 0; k < ctx.count; k++) {
        const uint32_t operand = ctx.inputs[k];
        if (operand < first || tangents[operand - first].bits == 0) continue;
        tp_tensor *out = tp_new_tensor(tape, (tp_dtype)y->dtype, y->rank, y->dims, ctx.op->name);
        if (!out) return tape->error.status;
        tp_node dx = {.a = tape->nodes[operand].a & TP_IS_TENSOR};
        if (dx.a)
            dx.value.tensor = tangents[operand - first].tensor;
        else
            dx.value.number = tangents[operand - first].number;
        slope_into(&ctx, (int)k, &dx, out);
        if (slot->tensor) {
            tp_add_into(tape->kernels, out->rank, out->dims, (tp_dtype)out->dtype, out->data, out->strides,
                        slot->tensor->data, slot->tensor->strides);
            tp_unref(tape, slot->tensor);
        }
        slot->tensor = out;
    }
    return TP_OK;
}
