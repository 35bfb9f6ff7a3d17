/* One element of a tensor as a scalar. However many are read, their gradients share one buffer. */
#include "ops/ops.h"

/* The element's place in row-major order. */
static tp_status index_shape(tp_ctx *ctx)
{
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    return tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status index_forward(tp_ctx *ctx)
{
    const int64_t *place = tp_ctx_attributes(ctx);
    *(double *)(void *)tp_ctx_output(ctx, 0)->data = tp_tensor_item(tp_ctx_input(ctx, 0), *place);
    return TP_OK;
}

static tp_status index_backward(tp_ctx *ctx, tp_var g)
{
    const int64_t *place = tp_ctx_attributes(ctx);
    return tp_give_region(ctx, 0, g, &(tp_region){.offset = *place});
}

const tp_op tp_op_index = {TP_OP_HEAD,
                           .name = "index",
                           .arity = 1,
                           .structure = TP_GATHER,
                           .flags = TP_LINEAR,
                           .attributes = sizeof(int64_t),
                           .shape = index_shape,
                           .forward = index_forward,
                           .backward = index_backward,
                           .text = {.formula = "y = x[index]",
                                    .derivative = "dx = g at the element, else 0",
                                    .shapes = "x: any tensor -> scalar",
                                    .edges = "Negative indices count from the end. Outside: TP_E_INDEX."}};

tp_var tp_index(tp_var x, int n, const int64_t *index)
{
    if (!x.tape || !tp_check_operand(x.tape, "index", x, 0)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    const int rank = value ? value->rank : 0;
    const int64_t *dims = value ? value->dims : NULL;
    char text[TP_SHAPE_TEXT];
    if (n != rank || (n > 0 && !index))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_index: %d indices for %s", n, tp_shape_text(text, rank, dims));
    int64_t place = 0;
    for (int i = 0; i < rank; i++) {
        const int64_t k = index[i] < 0 ? index[i] + value->dims[i] : index[i];
        if (k < 0 || k >= value->dims[i])
            return tp_refuse(x.tape, TP_E_INDEX, "tp_index: index %lld on axis %d of %s", (long long)index[i], i,
                             tp_shape_text(text, rank, dims));
        place = place * value->dims[i] + k;
    }
    return rank == 0 ? x : tp_record1(x.tape, &tp_op_index, x.node, &place);
}
