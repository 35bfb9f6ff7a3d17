/* Samples of the ops that move elements about. */
#include "tests/test_ops.h"

static tp_var build_reshape(const sample *s, const tp_var *x)
{
    return tp_reshape(x[0], s->count, s->list);
}

static tp_var build_transpose(const sample *s, const tp_var *x)
{
    return tp_transpose(x[0], (int)s->list[0], (int)s->list[1]);
}

static tp_var build_permute(const sample *s, const tp_var *x)
{
    return tp_permute(x[0], s->count, s->list);
}

/* list: axis, start, stop, step */
static tp_var build_slice(const sample *s, const tp_var *x)
{
    return tp_slice(x[0], (int)s->list[0], s->list[1], s->list[2], s->list[3]);
}

/* Two slices that overlap, multiplied. */
static tp_var build_slices(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_mul(tp_slice(x[0], 0, 0, -1, 1), tp_slice(x[0], 0, 1, TP_END, 1));
}

/* A slice of a slice. */
static tp_var build_slice_twice(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_slice(tp_slice(x[0], 1, 1, TP_END, 2), 0, 1, 3, 1);
}

static tp_var build_concat(const sample *s, const tp_var *x)
{
    return tp_concat(x, s->n, (int)s->list[0]);
}

static tp_var build_concat_same(const sample *s, const tp_var *x)
{
    const tp_var parts[] = {x[0], x[1], x[0]};
    return tp_concat(parts, 3, (int)s->list[0]);
}

static tp_var build_stack(const sample *s, const tp_var *x)
{
    return tp_stack(x, s->n, (int)s->list[0]);
}

static tp_var build_stack_twice(const sample *s, const tp_var *x)
{
    const tp_var parts[] = {x[0], tp_transpose(tp_transpose(x[0], 0, 1), 0, 1), x[0]};
    return tp_stack(parts, 3, (int)s->list[0]);
}

static tp_var build_stack_same(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var parts[] = {x[0], tp_exp(x[0]), x[1], x[0]};
    return tp_stack(parts, 4, 0);
}

static tp_var build_index(const sample *s, const tp_var *x)
{
    return tp_index(x[0], s->count, s->list);
}

/* Many elements of one tensor, one of them twice. */
static tp_var build_indices(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var a = tp_index(x[0], TP_AXES(0, 1)), b = tp_index(x[0], TP_AXES(1, -1));
    return tp_add(tp_mul(a, b), tp_mul(tp_index(x[0], TP_AXES(0, 1)), tp_index(x[0], TP_AXES(-1, 0))));
}

static tp_var build_expand(const sample *s, const tp_var *x)
{
    return tp_expand(x[0], s->count, s->list);
}

static tp_var build_detach(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_detach(x[0]);
}

static tp_var build_one_hot(const sample *s, const tp_var *x)
{
    return tp_one_hot(x[0], s->list[0], TP_F64);
}

static const sample items[] = {
    {"reshape", "(2,3) to (3,2)", build_reshape, ON(T(2, 3)), LIST(3, 2)},
    {"reshape", "(2,3) to (-1)", build_reshape, ON(T(2, 3)), LIST(-1)},
    {"reshape", "(2,3,2) to (2,-1)", build_reshape, ON(T(2, 3, 2)), LIST(2, -1)},
    {"reshape", "(4) to (1,4,1)", build_reshape, ON(T(4)), LIST(1, 4, 1)},
    {"reshape", "(2,3) transposed leaf to (6)", build_reshape, ON(TRANSPOSED(2, 3)), LIST(6)},
    {"reshape", "(2,3) transposed to (3,2)", build_reshape, ON(VIEW(2, 3)), LIST(3, 2)},
    {"reshape", "(2,3) cut to (6)", build_reshape, ON(CUT(2, 3)), LIST(6)},
    {"reshape", "(4) sliced leaf to (2,2)", build_reshape, ON(SLICED(4)), LIST(2, 2)},
    {"reshape", "(1) to a scalar", build_reshape, ON(T(1))},
    {"reshape", "(1,1) to a scalar", build_reshape, ON(T(1, 1))},
    {"reshape", "a scalar to (1,1)", build_reshape, ON({.layout = SCALAR}), LIST(1, 1)},
    {"reshape", "(0,3) to (3,0)", build_reshape, ON(T(0, 3)), LIST(3, 0)},

    {"permute", "(2,3) axes 0 1 swapped", build_transpose, ON(T(2, 3)), LIST(0, 1)},
    {"permute", "(2,3,4) axes 0 -1 swapped", build_transpose, ON(T(2, 3, 4)), LIST(0, -1)},
    {"permute", "(2,3) swapped with itself", build_transpose, ON(T(2, 3)), LIST(1, 1)},
    {"permute", "(2,3,4) to 1 2 0", build_permute, ON(T(2, 3, 4)), LIST(1, 2, 0)},
    {"permute", "(2,3,4) to -1 0 1", build_permute, ON(T(2, 3, 4)), LIST(-1, 0, 1)},
    {"permute", "(2,3) transposed leaf", build_permute, ON(TRANSPOSED(2, 3)), LIST(1, 0)},
    {"permute", "(2,3) cut", build_permute, ON(CUT(2, 3)), LIST(1, 0)},
    {"permute", "(0,3)", build_permute, ON(T(0, 3)), LIST(1, 0)},
    {"permute", "(5)", build_permute, ON(T(5)), LIST(0)},

    {"slice", "(6) 1:5:2", build_slice, ON(T(6)), LIST(0, 1, 5, 2)},
    {"slice", "(6) -3:end:1", build_slice, ON(T(6)), LIST(0, -3, TP_END, 1)},
    {"slice", "(6) 0:6:5", build_slice, ON(T(6)), LIST(0, 0, 6, 5)},
    {"slice", "(6) 2:3:9", build_slice, ON(T(6)), LIST(0, 2, 3, 9)},
    {"slice", "(6) nothing", build_slice, ON(T(6)), LIST(0, 3, 3, 1)},
    {"slice", "(3,4) axis 0", build_slice, ON(T(3, 4)), LIST(0, 1, 3, 1)},
    {"slice", "(3,4) axis -1 step 2", build_slice, ON(T(3, 4)), LIST(-1, 0, TP_END, 2)},
    {"slice", "(3,4) transposed leaf", build_slice, ON(TRANSPOSED(3, 4)), LIST(1, 1, 4, 2)},
    {"slice", "(3,4) transposed", build_slice, ON(VIEW(3, 4)), LIST(0, 0, 2, 1)},
    {"slice", "(3,4) sliced leaf", build_slice, ON(SLICED(3, 4)), LIST(1, 1, 4, 2)},
    {"slice", "two that overlap", build_slices, ON(T(4, 2))},
    {"slice", "two that overlap, of a view", build_slices, ON(VIEW(4, 2))},
    {"slice", "of a slice", build_slice_twice, ON(T(4, 5))},
    {"slice", "(0,3)", build_slice, ON(T(0, 3)), LIST(1, 0, 2, 1)},

    {"concat", "(2,3) (1,3)", build_concat, ON(T(2, 3), T(1, 3)), LIST(0)},
    {"concat", "(2,1) (2,3) (2,2) axis -1", build_concat, ON(T(2, 1), T(2, 3), T(2, 2)), LIST(-1)},
    {"concat", "(2,2,2) (2,1,2)", build_concat, ON(T(2, 2, 2), T(2, 1, 2)), LIST(1)},
    {"concat", "one", build_concat, ON(T(2, 3)), LIST(0)},
    {"concat", "one twice", build_concat_same, ON(T(2, 3), T(1, 3)), LIST(0)},
    {"concat", "one of them empty", build_concat, ON(T(2), T(0), T(3)), LIST(0)},
    {"concat", "both empty", build_concat, ON(T(0, 3), T(0, 3)), LIST(0)},
    {"concat", "transposed and sliced", build_concat, ON(TRANSPOSED(2, 3), SLICED(2, 2)), LIST(1)},
    {"concat", "views", build_concat, ON(VIEW(2, 3), CUT(2, 2)), LIST(1)},
    {"stack", "tensors (2,3)", build_stack, ON(T(2, 3), T(2, 3)), LIST(0)},
    {"stack", "tensors (2,3) axis 1", build_stack, ON(T(2, 3), T(2, 3), T(2, 3)), LIST(1)},
    {"stack", "tensors (2) axis -1", build_stack, ON(T(2), T(2)), LIST(-1)},
    {"stack", "tensors views", build_stack, ON(VIEW(2, 3), TRANSPOSED(2, 3)), LIST(2)},

    {"stack", "one tensor twice", build_stack_twice, ON(T(2, 3)), LIST(1)},
    {"stack", "nothing", build_stack, ON(T(0, 3), T(0, 3)), LIST(1)},
    {"stack", "one scalar", build_stack, ON({.layout = SCALAR}), LIST(0)},
    {"stack", "three scalars", build_stack, ON({.layout = SCALAR}, {.layout = SCALAR}, {.layout = SCALAR}), LIST(0)},
    {"stack", "a scalar twice", build_stack_same, ON({.layout = SCALAR}, {.layout = SCALAR})},

    {"index", "(5)", build_index, ON(T(5)), LIST(3)},
    {"index", "(5) from the end", build_index, ON(T(5)), LIST(-1)},
    {"index", "(2,3)", build_index, ON(T(2, 3)), LIST(1, -2)},
    {"index", "(2,3,4)", build_index, ON(T(2, 3, 4)), LIST(1, 0, 3)},
    {"index", "(2,3) transposed leaf", build_index, ON(TRANSPOSED(2, 3)), LIST(0, 2)},
    {"index", "(2,3) transposed", build_index, ON(VIEW(2, 3)), LIST(1, 1)},
    {"index", "(2,3) cut", build_index, ON(CUT(2, 3)), LIST(1, 2)},
    {"index", "many", build_indices, ON(T(2, 3))},
    {"index", "many of a view", build_indices, ON(VIEW(2, 3))},

    {"expand", "(3) to (2,3)", build_expand, ON(T(3)), LIST(2, 3)},
    {"expand", "(2,1) to (2,3)", build_expand, ON(T(2, 1)), LIST(2, 3)},
    {"expand", "(1,3) transposed leaf to (2,2,3)", build_expand, ON(TRANSPOSED(1, 3)), LIST(2, 2, 3)},
    {"expand", "(2,1) view to (2,3)", build_expand, ON(VIEW(2, 1)), LIST(2, 3)},
    {"expand", "a scalar to (2,2)", build_expand, ON({.layout = SCALAR}), LIST(2, 2)},
    {"expand", "(1,3) to (0,3)", build_expand, ON(T(1, 3)), LIST(0, 3)},
    {"expand", "(2,3) as it is", build_expand, ON(T(2, 3)), LIST(2, 3)},

    {"detach", "(2,3)", build_detach, ON(T(2, 3))},
    {"detach", "(2,3) transposed", build_detach, ON(VIEW(2, 3))},
    {"detach", "a scalar", build_detach, ON({.layout = SCALAR})},
    {"detach", "(0,3)", build_detach, ON(T(0, 3))},

    {"one_hot", "(4) i64", build_one_hot, ON(LABELS(TP_I64, 3, 4)), LIST(3)},
    {"one_hot", "(2,3) i32", build_one_hot, ON(LABELS(TP_I32, 5, 2, 3)), LIST(5)},
    {"one_hot", "(4) u8", build_one_hot, ON(LABELS(TP_U8, 2, 4)), LIST(2)},
    {"one_hot", "(0)", build_one_hot, ON(LABELS(TP_I64, 3, 0)), LIST(3)},
    {"one_hot", "a scalar", build_one_hot, ON({.layout = SCALAR, .labels = TP_I64, .high = 3}), LIST(3)},
};

const sample_list shape_samples = {items, COUNT(items)};
