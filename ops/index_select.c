/* Whole rows picked along an axis, y[i] = x[index[i]]; an embedding picks rows of a matrix by labels. */
#include "ops/pick.h"

const tp_op tp_op_index_select = {
    TP_OP_HEAD,
    .name = "index_select",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .shape = tp_pick_read_shape,
    .forward = tp_pick_read_forward,
    .backward = tp_pick_read_backward,
    .gradient = tp_pick_read_gradient,
    .text = {.formula = "y[i] = x[index[i]] for axis 0, and so on for the others",
             .derivative = "dx = zeros, with g[i] added at [index[i]]",
             .shapes = "x, index of any shape -> the shape of x with index's in place of the axis",
             .dtypes = "x: any; index: i32, i64, u8",
             .edges = "a negative index counts from the end; one outside is an error that names it"},
};

const tp_op tp_op_embedding = {
    TP_OP_HEAD,
    .name = "embedding",
    .arity = 2,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .shape = tp_pick_read_shape,
    .forward = tp_pick_read_forward,
    .backward = tp_pick_read_backward,
    .gradient = tp_pick_read_gradient,
    .text = {.formula = "y[i] = weight[labels[i]]",
             .derivative = "dweight = zeros, with g[i] added to row labels[i]; a padding label adds nothing",
             .shapes = "weight: (n, d), labels: (...) -> (..., d)",
             .dtypes = "weight: f32, f64; labels: i32, i64, u8",
             .edges = "a label outside 0..n-1 is an error that names it"},
};

tp_var tp_pick_read(tp_var table, tp_var index, const tp_picks *picks)
{
    return tp_call2(picks->whole ? &tp_op_index_select : &tp_op_gather, table, index, picks);
}

tp_var tp_index_select(tp_var x, int axis, tp_var index)
{
    tp_picks picks = {.whole = true, .skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (!tp_pick_axis("index_select", x, axis, &picks)) return tp_poison(x.tape);
    return tp_call2(&tp_op_index_select, x, index, &picks);
}

tp_var tp_embedding(tp_var weight, tp_var labels, int64_t padding)
{
    if (!weight.tape || !tp_check_operand(weight.tape, "embedding", weight, 0)) return tp_poison(weight.tape);
    const tp_tensor *w = tp_value(weight);
    char text[TP_SHAPE_TEXT];
    if (!w || w->rank != 2 || !tp_dtype_is_float((tp_dtype)w->dtype))
        return tp_refuse(weight.tape, w && w->rank == 2 ? TP_E_DTYPE : TP_E_SHAPE,
                         "tp_embedding: the weight %s %s is not a matrix of f32 or f64",
                         tp_dtype_name(tp_var_dtype(weight)),
                         tp_shape_text(text, tp_var_rank(weight), tp_var_dims(weight)));
    if (padding != TP_NO_PADDING && (padding < -w->dims[0] || padding >= w->dims[0]))
        return tp_refuse(weight.tape, TP_E_INDEX, "tp_embedding: padding %lld is no row of %s", (long long)padding,
                         tp_tensor_text(text, w));
    const int64_t skip = padding == TP_NO_PADDING ? TP_PICK_ALL : (padding < 0 ? padding + w->dims[0] : padding);
    const tp_picks picks = {.whole = true, .strict = true, .skip = TP_PICK_ALL, .skip_adjoint = skip};
    return tp_call2(&tp_op_embedding, weight, labels, &picks);
}
