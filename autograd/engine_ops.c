/* The few ops that the engine itself records: adding up, fitting a gradient to its operand, putting parts together. */
#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/give.h"

static void copy_tensor(tp_tensor *to, const tp_tensor *from)
{
    tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, (tp_dtype)from->dtype, from->data,
            from->strides);
}

/* ---- accumulate: a + b, of the same dtype and shape ---- */

static double sum_value(double x, double b, double c, double d)
{
    (void)c, (void)d;
    return x + b;
}

static tp_var sum_recorded(tp_var g, const tp_var *x, tp_var y, const double *numbers)
{
    (void)x, (void)y, (void)numbers;
    return g;
}

static const tp_row accumulate_row = {.index = TP_ROW_add,
                                      .kind = TP_ROW_BINARY,
                                      .value = sum_value,
                                      .recorded = {sum_recorded, sum_recorded},
                                      .through = {true, true},
                                      .low = -2,
                                      .high = 2,
                                      .formula = "x + b",
                                      .slope = {"g", "g"},
                                      .recorded_text = {"g", "g"}};

static double accumulate_scalar_forward(tp_node *nodes, uint32_t i, double last)
{
    return nodes[i].value.number = tp_operand_number(nodes, nodes[i].a & TP_NODE_BITS, i, last) +
                                   tp_operand_number(nodes, nodes[i].b & TP_NODE_BITS, i, last);
}

static double accumulate_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i, double g)
{
    slots[nodes[i].a & TP_NODE_BITS].number += g;
    slots[nodes[i].b & TP_NODE_BITS].number += g;
    return slots[i - 1].number;
}

static void accumulate_scalar_slopes(const tp_node *nodes, uint32_t i, double *slopes)
{
    (void)nodes, (void)i;
    slopes[0] = slopes[1] = 1;
}

static const tp_op accumulate_op = {TP_OP_HEAD,
                                    .name = "accumulate",
                                    .arity = 2,
                                    .structure = TP_ELEMENTWISE,
                                    .flags = TP_LINEAR,
                                    .forward = tp_elementwise_forward,
                                    .backward = tp_elementwise_backward,
                                    .gradient = tp_elementwise_gradient,
                                    .scalar_forward = accumulate_scalar_forward,
                                    .scalar_gradient = accumulate_scalar_gradient,
                                    .scalar_slopes = accumulate_scalar_slopes,
                                    .row = &accumulate_row};

tp_var tp_accumulate(tp_tape *tape, tp_var a, tp_var b)
{
    const tp_node *p = &tape->nodes[a.node], *q = &tape->nodes[b.node];
    if (!((p->a | q->a) & TP_IS_TENSOR) && TP_LIKELY(tape->count < tape->capacity))
        return tp_scalar_append(tape, &accumulate_op, p->value.number + q->value.number, a.node, b.node, p->a | q->a,
                                NULL, ~0u);
    return tp_elementwise(&accumulate_op, (const tp_var[]){a, b}, NULL);
}

/* ---- shapes as attributes: cast, sum_to, expand ---- */

typedef struct target {
    tp_dtype dtype;
    tp_shape shape;
} target;

static tp_status target_shape(tp_ctx *ctx)
{
    const target *to = tp_ctx_attributes(ctx);
    return tp_ctx_result(ctx, 0, to->dtype, to->shape.rank, to->shape.dims);
}

static tp_status fit_forward(tp_ctx *ctx)
{
    if (tp_fit_numbers(ctx->tape, tp_ctx_input(ctx, 0), tp_ctx_output(ctx, 0))) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes do not fit");
}

/* The engine stretches or sums the upstream to the operand: that is the whole rule of these ops. */
static tp_status fit_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, g);
}

static const tp_op cast_op = {TP_OP_HEAD,
                              .name = "cast",
                              .arity = 1,
                              .structure = TP_ELEMENTWISE,
                              .flags = TP_LINEAR,
                              .attributes = sizeof(target),
                              .shape = target_shape,
                              .forward = fit_forward,
                              .backward = fit_backward};

static tp_status sum_to_pattern(tp_ctx *ctx)
{
    const target *to = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    unsigned mask = 0;
    tp_fit_axes(x->rank, x->dims, &to->shape, &mask);
    return tp_pattern_along(ctx, 0, mask);
}

static const tp_op sum_to_op = {TP_OP_HEAD,
                                .name = "sum_to",
                                .arity = 1,
                                .structure = TP_REDUCE,
                                .flags = TP_LINEAR,
                                .attributes = sizeof(target),
                                .shape = target_shape,
                                .forward = fit_forward,
                                .backward = fit_backward,
                                .pattern = sum_to_pattern};

static tp_status expand_shape(tp_ctx *ctx)
{
    static const int64_t one = 1, still[TP_MAX_RANK] = {0};
    const target *to = tp_ctx_attributes(ctx);
    if (to->shape.rank == 0) return tp_ctx_result(ctx, 0, to->dtype, 0, NULL);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t count, strides[TP_MAX_RANK];
    tp_error error;
    if (tp_tensor_check(to->dtype, to->shape.rank, to->shape.dims, &count, &error) != TP_OK)
        return tp_ctx_fail(ctx, error.status, "%s", error.message);
    if (x->rank == 0) {
        if (tp_ctx_result(ctx, 0, to->dtype, 1, &one) != TP_OK) return TP_E_MEMORY;
        tp_tensor_set_view(ctx->result[0], to->shape.rank, to->shape.dims, still, 0);
        return TP_OK;
    }
    const int missing = to->shape.rank - x->rank;
    for (int i = 0; i < to->shape.rank; i++) {
        const int64_t dim = i < missing ? 1 : x->dims[i - missing];
        strides[i] = i < missing || dim != to->shape.dims[i] ? 0 : x->strides[i - missing];
    }
    return tp_ctx_result_view(ctx, to->shape.rank, to->shape.dims, strides, 0);
}

static tp_status expand_forward(tp_ctx *ctx)
{
    if (tp_ctx_is_view(ctx)) return TP_OK;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_put((tp_dtype)out->dtype, out->data, tp_get((tp_dtype)x->dtype, x->data));
    return TP_OK;
}

static const tp_op expand_op = {TP_OP_HEAD,
                                .name = "expand",
                                .arity = 1,
                                .structure = TP_VIEW,
                                .flags = TP_LINEAR,
                                .attributes = sizeof(target),
                                .shape = expand_shape,
                                .forward = expand_forward,
                                .backward = fit_backward};

tp_var tp_cast(tp_var x, tp_dtype dtype)
{
    if (!x.tape || !tp_check_operand(x.tape, "cast", x, 0)) return tp_poison(x.tape);
    if (tp_dtype_size(dtype) == 0) {
        tp_tape_fail(x.tape, TP_E_DTYPE, "tp_cast: there is no dtype %d", (int)dtype);
        return tp_poison(x.tape);
    }
    const tp_tensor *value = tp_value(x);
    if (!value || value->dtype == dtype) return x;
    target to = {dtype, {.rank = value->rank}};
    memcpy(to.shape.dims, value->dims, sizeof to.shape.dims);
    return tp_record1(x.tape, &cast_op, x.node, &to);
}

/* Whether a value of the given shape broadcasts to `shape`. */
static bool expands(const tp_tensor *value, const tp_shape *shape)
{
    tp_shape both = *shape;
    return !value || (tp_shape_broadcast(&both, value->rank, value->dims) &&
                      tp_shape_equal(both.rank, both.dims, shape->rank, shape->dims));
}

tp_var tp_expand(tp_var x, int rank, const int64_t *dims)
{
    if (!x.tape || !tp_check_operand(x.tape, "expand", x, 0)) return tp_poison(x.tape);
    if (rank < 0 || rank > TP_MAX_RANK || (rank && !dims)) {
        tp_tape_fail(x.tape, TP_E_LIMIT, "tp_expand: rank %d is not in 0..%d, or dims are NULL", rank, TP_MAX_RANK);
        return tp_poison(x.tape);
    }
    const tp_tensor *value = tp_value(x);
    target to = {tp_var_dtype(x), {.rank = rank}};
    for (int i = 0; i < rank; i++) to.shape.dims[i] = dims[i];
    char from[TP_SHAPE_TEXT], wanted[TP_SHAPE_TEXT];
    if (!expands(value, &to.shape)) {
        tp_tape_fail(x.tape, TP_E_SHAPE, "tp_expand: %s does not expand to %s", tp_tensor_text(from, value),
                     tp_shape_text(wanted, rank, dims));
        return tp_poison(x.tape);
    }
    return rank == 0 && !value ? x : tp_record1(x.tape, &expand_op, x.node, &to);
}

static tp_var fitted_shape(tp_tape *tape, tp_var g, const tp_shape *shape, tp_dtype dtype, uint32_t like)
{
    const tp_tensor *value = tp_value(g);
    const target to = {value ? (tp_dtype)value->dtype : dtype, *shape};
    unsigned mask;
    if (expands(value, shape)) return tp_record1(tape, &expand_op, g.node, &to);
    if (tp_fit_axes(value->rank, value->dims, shape, &mask)) return tp_record1(tape, &sum_to_op, g.node, &to);
    tp_misfit(tape, like, value);
    return tp_poison(tape);
}

tp_var tp_fit_gradient(tp_tape *tape, tp_var g, uint32_t like)
{
    if (!tp_ok(g)) return g;
    const bool scalar = !(tape->nodes[like].a & TP_IS_TENSOR);
    tp_shape shape = {0};
    tp_dtype dtype = TP_F64;
    if (!scalar) {
        const tp_tensor *value = tape->nodes[like].value.tensor;
        shape.rank = value->rank;
        memcpy(shape.dims, value->dims, sizeof shape.dims);
        dtype = (tp_dtype)value->dtype;
    }
    const tp_tensor *value = tp_value(g);
    const bool same = value ? tp_shape_equal(value->rank, value->dims, shape.rank, shape.dims) : scalar;
    if (!same) g = fitted_shape(tape, g, &shape, dtype, like);
    return tp_ok(g) && tp_value(g) && tp_var_dtype(g) != dtype ? tp_cast(g, dtype) : g;
}

/* ---- alias: y = x, the variable of one level of differentiation ---- */

static tp_status alias_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return x->rank ? tp_ctx_result_view(ctx, x->rank, x->dims, x->strides, 0) : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status alias_forward(tp_ctx *ctx)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->rank == 0) tp_put(TP_F64, out->data, tp_get(TP_F64, tp_ctx_input(ctx, 0)->data));
    return TP_OK;
}

static tp_status alias_tangent(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    (void)ctx;
    results[0] = operands[0];
    return TP_OK;
}

static double alias_scalar_forward(tp_node *nodes, uint32_t node, double last)
{
    return nodes[node].value.number = tp_operand_number(nodes, nodes[node].a & TP_NODE_BITS, node, last);
}

static double alias_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t node, double g)
{
    slots[nodes[node].a & TP_NODE_BITS].number += g;
    return slots[node - 1].number;
}

static const tp_op alias_op = {TP_OP_HEAD,
                               .name = "alias",
                               .arity = 1,
                               .structure = TP_VIEW,
                               .flags = TP_LINEAR,
                               .shape = alias_shape,
                               .forward = alias_forward,
                               .backward = fit_backward,
                               .jvp = alias_tangent,
                               .scalar_forward = alias_scalar_forward,
                               .scalar_gradient = alias_scalar_gradient};

tp_var tp_alias(tp_tape *tape, tp_var x)
{
    const tp_var y = tp_record1(tape, &alias_op, x.node, NULL);
    if (tp_ok(y)) tape->nodes[y.node].a |= TP_NEEDS;
    return y;
}

/* ---- parts: a gradient put together from regions, and a region taken out of a tensor ---- */

typedef struct assembly {
    target to;
    const tp_region **regions; /* one an operand; on the tape's stack */
} assembly;

static tp_status assemble_shape(tp_ctx *ctx)
{
    const assembly *a = tp_ctx_attributes(ctx);
    return tp_ctx_result(ctx, 0, a->to.dtype, a->to.shape.rank, a->to.shape.dims);
}

static tp_status assemble_forward(tp_ctx *ctx)
{
    const assembly *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)out->dtype;
    tp_fill(out->count, dtype, out->data, 0);
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const tp_region *region = a->regions[i];
        const tp_tensor *g = tp_ctx_input(ctx, i);
        char *at = out->data + region->offset * (int64_t)tp_dtype_size(dtype);
        if (region->rank == 0)
            tp_put(dtype, at, tp_get(dtype, at) + tp_get((tp_dtype)g->dtype, g->data));
        else
            tp_add_into(ctx->tape->kernels, region->rank, region->dims, dtype, at, region->strides, g->data,
                        g->strides);
    }
    return TP_OK;
}

static tp_var take(tp_tape *tape, tp_var x, const tp_region *region);

static tp_status assemble_backward(tp_ctx *ctx, tp_var g)
{
    const assembly *a = tp_ctx_attributes(ctx);
    if (!tp_tensor_dense(tp_value(g))) { /* once, and not for each part */
        g = tp_record1(ctx->tape, &cast_op, g.node, &a->to);
        if (!tp_ok(g)) return ctx->tape->error.status;
    }
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        if (!tp_ctx_needs(ctx, i)) continue;
        const tp_status status = tp_give(ctx, i, take(ctx->tape, g, a->regions[i]));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status assemble_pattern(tp_ctx *ctx)
{
    const assembly *a = tp_ctx_attributes(ctx);
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx) && status == TP_OK; i++)
        if (tp_pattern_operand(ctx, i)) status = tp_pattern_to_region(ctx, 0, a->regions[i]);
    return status == TP_OK ? ctx->tape->error.status : status;
}

static const tp_op assemble_op = {TP_OP_HEAD,
                                  .name = "assemble",
                                  .arity = TP_VARIADIC,
                                  .structure = TP_GATHER,
                                  .flags = TP_LINEAR,
                                  .attributes = sizeof(assembly),
                                  .shape = assemble_shape,
                                  .forward = assemble_forward,
                                  .backward = assemble_backward,
                                  .pattern = assemble_pattern};

static tp_status take_shape(tp_ctx *ctx)
{
    const tp_region *region = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (region->rank > 0 && x->dense)
        return tp_ctx_result_view(ctx, region->rank, region->dims, region->strides, region->offset);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, region->rank, region->dims);
}

static tp_status take_forward(tp_ctx *ctx)
{
    if (tp_ctx_is_view(ctx)) return TP_OK;
    const tp_region *region = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if (region->rank == 0) {
        tp_put((tp_dtype)out->dtype, out->data, tp_tensor_item(x, region->offset));
        return TP_OK;
    }
    tp_tensor *dense = tp_new_tensor(ctx->tape, dtype, x->rank, x->dims, "take");
    if (!dense) return TP_E_MEMORY;
    copy_tensor(dense, x);
    tp_copy(region->rank, region->dims, dtype, out->data, out->strides, dtype,
            dense->data + region->offset * (int64_t)tp_dtype_size(dtype), region->strides);
    tp_unref(ctx->tape, dense);
    return TP_OK;
}

static tp_status take_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give_region(ctx, 0, g, tp_ctx_attributes(ctx));
}

static const tp_op take_op = {TP_OP_HEAD,
                              .name = "take",
                              .arity = 1,
                              .structure = TP_GATHER,
                              .flags = TP_LINEAR,
                              .attributes = sizeof(tp_region),
                              .shape = take_shape,
                              .forward = take_forward,
                              .backward = take_backward};

static tp_var take(tp_tape *tape, tp_var x, const tp_region *region)
{
    return tp_record1(tape, &take_op, x.node, region);
}

tp_var tp_put_together(tp_tape *tape, tp_dtype dtype, const tp_shape *shape, uint32_t n, const uint32_t *inputs,
                       const tp_region **regions)
{
    const assembly a = {.to = {dtype, *shape}, .regions = regions};
    tp_var result;
    tp_record(tape, &assemble_op, inputs, n, &a, &result);
    return result;
}

tp_var tp_assemble(tp_tape *tape, uint32_t like, uint32_t parts)
{
    uint32_t n = 0;
    for (uint32_t p = parts; p; p = tape->parts.items[p - 1].next) n++;
    const tp_tensor *value = tape->nodes[like].value.tensor;
    tp_shape shape = {.rank = value->rank};
    memcpy(shape.dims, value->dims, sizeof shape.dims);
    uint32_t *inputs = tp_chunks_push(&tape->stack, n * sizeof *inputs);
    const tp_region **regions = tp_chunks_push(&tape->stack, n * sizeof *regions);
    if (!inputs || !regions) {
        tp_tape_out_of_memory(tape, "tp_backward");
        return tp_poison(tape);
    }
    for (uint32_t p = parts, i = n; p; p = tape->parts.items[p - 1].next) {
        inputs[--i] = tape->parts.items[p - 1].gradient;
        regions[i] = tape->parts.items[p - 1].region;
    }
    return tp_put_together(tape, (tp_dtype)value->dtype, &shape, n, inputs, regions);
}
