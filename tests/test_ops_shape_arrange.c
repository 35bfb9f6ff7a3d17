/* Samples of the ops that repeat, turn, pad and cut out. */
#include "tests/test_ops.h"

/* list: axis, start, stop, step */
static tp_var build_slice(const sample *s, const tp_var *x)
{
    return tp_slice(x[0], (int)s->list[0], s->list[1], s->list[2], s->list[3]);
}

static tp_var build_contiguous(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_contiguous(x[0]);
}

static tp_var build_turned(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_contiguous(tp_transpose(x[0], 0, -1));
}

static tp_var build_tile(const sample *s, const tp_var *x)
{
    return tp_tile(x[0], s->count, s->list);
}

static tp_var build_flip(const sample *s, const tp_var *x)
{
    return tp_flip(x[0], s->count, s->list);
}

/* A product of what is turned round with itself as it is. */
static tp_var build_flip_matmul(const sample *s, const tp_var *x)
{
    return tp_matmul(tp_flip(x[0], s->count, s->list), tp_transpose(tp_flip(x[0], 0, NULL), 0, 1));
}

/* list: shifts, then as many axes */
static tp_var build_roll(const sample *s, const tp_var *x)
{
    return tp_roll(x[0], s->count / 2, s->list, s->list + s->count / 2);
}

/* list: mode, amounts */
static tp_var build_pad(const sample *s, const tp_var *x)
{
    return tp_pad(x[0], s->count - 1, s->list + 1, (tp_pad_mode)s->list[0], s->number);
}

/* The rule of such a border: the gradient of a padded tensor of zeros, under x. list: mode, amounts; axes are 3 long */
static tp_var build_pad_fold(const sample *s, const tp_var *x)
{
    const int64_t dims[] = {3, 3};
    const tp_var zeros = tp_expand(tp_scalar(x[0].tape, 0), s->count / 2, dims);
    tp_var g;
    tp_vjp(tp_pad(zeros, s->count - 1, s->list + 1, (tp_pad_mode)s->list[0], 0), x[0], &zeros, 1, &g, TP_CREATE_GRAPH);
    return g;
}

static tp_var build_tril(const sample *s, const tp_var *x)
{
    return tp_tril(x[0], s->list[0]);
}

static tp_var build_triu(const sample *s, const tp_var *x)
{
    return tp_triu(x[0], s->list[0]);
}

static tp_var build_diag(const sample *s, const tp_var *x)
{
    return tp_diag_embed(x[0], s->list[0]);
}

/* list: k, axes */
static tp_var build_diagonal(const sample *s, const tp_var *x)
{
    return tp_diagonal(x[0], s->list[0], (int)s->list[1], (int)s->list[2]);
}

static tp_var build_masked_fill(const sample *s, const tp_var *x)
{
    return tp_masked_fill(x[0], x[1], s->number);
}

/* The mask is made of the operand's places, so that a replay with other numbers chooses as many. */
static tp_var fixed_mask(const tp_var x)
{
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    int64_t count = numbers_in(x);
    return tp_reshape(tp_cast(tp_step(tp_adds(tp_arange(x.tape, TP_F64, 0, (double)count, 1), -1.5)), TP_U8), rank,
                      dims);
}

static tp_var build_masked_select(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_masked_select(x[0], fixed_mask(x[0]));
}

/* x over rows and a mask of one row. */
static tp_var build_masked_select_row(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_masked_select(x[0], fixed_mask(tp_slice(tp_detach(x[1]), 0, 0, 1, 1)));
}

static tp_var build_masked_place(const sample *s, const tp_var *x)
{
    const tp_var like = tp_zeros(x[0].tape, TP_F64, s->count, s->list);
    return tp_call2(&tp_op_masked_place, x[0], fixed_mask(like), NULL);
}

/* list: kernel, stride, padding, dilation */
static tp_window_options windows_of(const sample *s)
{
    const int64_t *a = s->list;
    return (tp_window_options){{a[0], a[1]}, {a[2], a[3]}, {a[4], a[5]}, {a[6], a[7]}};
}

static tp_var build_unfold(const sample *s, const tp_var *x)
{
    const tp_window_options options = windows_of(s);
    return tp_unfold(x[0], &options);
}

static tp_var build_fold(const sample *s, const tp_var *x)
{
    const tp_window_options options = windows_of(s);
    return tp_fold(x[0], s->list[8], s->list[9], &options);
}

static const sample items[] = {
    {"slice", "(6) backwards", build_slice, ON(T(6)), LIST(0, TP_END, TP_END, -1)},
    {"slice", "(6) 4:1:-2", build_slice, ON(T(6)), LIST(0, 4, 1, -2)},
    {"slice", "(6) -1:-4:-1", build_slice, ON(T(6)), LIST(0, -1, -4, -1)},
    {"slice", "(3,4) backwards along axis 0", build_slice, ON(VIEW(3, 4)), LIST(0, TP_END, TP_END, -2)},
    {"slice", "(0) backwards", build_slice, ON(T(0)), LIST(0, TP_END, TP_END, -1)},

    {"contiguous", "(2,3) transposed", build_contiguous, ON(VIEW(2, 3))},
    {"contiguous", "(2,3) cut", build_contiguous, ON(CUT(2, 3))},
    {"contiguous", "(2,3) transposed leaf", build_contiguous, ON(TRANSPOSED(2, 3))},
    {"contiguous", "(2,3,4) turned", build_turned, ON(T(2, 3, 4))},
    {"contiguous", "(9,17) turned", build_turned, ON(T(9, 17))},

    {"tile", "(3) twice", build_tile, ON(T(3)), LIST(2)},
    {"tile", "(2,3) by 3 2", build_tile, ON(T(2, 3)), LIST(3, 2)},
    {"tile", "(2,3) by 2 1 2", build_tile, ON(T(2, 3)), LIST(2, 1, 2)},
    {"tile", "(2,3) by 5", build_tile, ON(T(2, 3)), LIST(5)},
    {"tile", "(2,3) transposed leaf", build_tile, ON(TRANSPOSED(2, 3)), LIST(2, 2)},
    {"tile", "(2,3) transposed", build_tile, ON(VIEW(2, 3)), LIST(1, 3)},
    {"tile", "(2,2) cut", build_tile, ON(CUT(2, 2)), LIST(3, 1)},
    {"tile", "a scalar", build_tile, ON({.layout = SCALAR}), LIST(2, 2)},
    {"tile", "no times", build_tile, ON(T(2, 3)), LIST(0, 2)},
    {"tile", "(0,2)", build_tile, ON(T(0, 2)), LIST(2, 2)},

    {"flip", "(5)", build_flip, ON(T(5)), LIST(0)},
    {"flip", "(2,3) all", build_flip, ON(T(2, 3))},
    {"flip", "(2,3) axis -1", build_flip, ON(T(2, 3)), LIST(-1)},
    {"flip", "(2,3,2) axes 0 2", build_flip, ON(T(2, 3, 2)), LIST(0, 2)},
    {"flip", "(2,3) transposed leaf", build_flip, ON(TRANSPOSED(2, 3)), LIST(0)},
    {"flip", "(2,3) transposed", build_flip, ON(VIEW(2, 3)), LIST(0, 1)},
    {"flip", "(2,3) cut", build_flip, ON(CUT(2, 3)), LIST(1)},
    {"flip", "(1,3) axis 0", build_flip, ON(T(1, 3)), LIST(0)},
    {"flip", "(0,3)", build_flip, ON(T(0, 3)), LIST(0)},
    {"flip", "multiplied", build_flip_matmul, ON(T(3, 4)), LIST(0)},

    {"roll", "(5) by 2", build_roll, ON(T(5)), LIST(2, 0)},
    {"roll", "(5) by -7", build_roll, ON(T(5)), LIST(-7, 0)},
    {"roll", "(2,3) by 1 -1", build_roll, ON(T(2, 3)), LIST(1, -1, 0, 1)},
    {"roll", "(2,3,2) axis 1", build_roll, ON(T(2, 3, 2)), LIST(1, 1)},
    {"roll", "(2,3) transposed leaf", build_roll, ON(TRANSPOSED(2, 3)), LIST(1, 1)},
    {"roll", "(2,3) cut", build_roll, ON(CUT(2, 3)), LIST(2, -1)},
    {"roll", "(2,3) not at all", build_roll, ON(VIEW(2, 3)), LIST(3, 1)},
    {"roll", "(0)", build_roll, ON(T(0)), LIST(3, 0)},

    {"pad", "(3) constant", build_pad, ON(T(3)), LIST(TP_PAD_CONSTANT, 1, 2), .number = 1.5},
    {"pad", "(2,3) constant", build_pad, ON(T(2, 3)), LIST(TP_PAD_CONSTANT, 1, 0, 2, 1)},
    {"pad", "(2,3) crop and pad", build_pad, ON(T(2, 3)), LIST(TP_PAD_CONSTANT, -1, 1, 2, -1)},
    {"pad", "(3,4) crop", build_pad, ON(T(3, 4)), LIST(TP_PAD_CONSTANT, -1, 0, -1, -2)},
    {"pad", "(2,3) crop all", build_pad, ON(T(2, 3)), LIST(TP_PAD_CONSTANT, -3, 2)},
    {"pad", "(3,4) reflect", build_pad, ON(T(3, 4)), LIST(TP_PAD_REFLECT, 2, 1, 1, 3)},
    {"pad", "(3,2) replicate", build_pad, ON(T(3, 2)), LIST(TP_PAD_REPLICATE, 2, 1, 3, 1)},
    {"pad", "(3,2) circular", build_pad, ON(T(3, 2)), LIST(TP_PAD_CIRCULAR, 3, 1, 1, 2)},
    {"pad", "(2,2,3) the last axis reflected", build_pad, ON(T(2, 2, 3)), LIST(TP_PAD_REFLECT, 1, 2)},
    {"pad", "transposed leaf", build_pad, ON(TRANSPOSED(2, 3)), LIST(TP_PAD_CONSTANT, 1, 1)},
    {"pad", "transposed", build_pad, ON(VIEW(2, 3)), LIST(TP_PAD_REPLICATE, 1, 1, 1, 1)},
    {"pad", "cut", build_pad, ON(CUT(2, 3)), LIST(TP_PAD_CIRCULAR, 1, 1, 1, 1)},
    {"pad", "(0,2)", build_pad, ON(T(0, 2)), LIST(TP_PAD_CONSTANT, 1, 1, 1, 0)},
    {"pad", "(0,2) reflect", build_pad, ON(T(0, 2)), LIST(TP_PAD_REFLECT, 1, 1)},

    {"pad_fold", "reflect", build_pad_fold, ON(T(6)), LIST(TP_PAD_REFLECT, 1, 2)},
    {"pad_fold", "reflect both", build_pad_fold, ON(VIEW(6, 5)), LIST(TP_PAD_REFLECT, 1, 2, 2, 0)},
    {"pad_fold", "replicate", build_pad_fold, ON(T(7, 3)), LIST(TP_PAD_REPLICATE, 4, 0, 0, 0)},
    {"pad_fold", "circular", build_pad_fold, ON(CUT(7, 5)), LIST(TP_PAD_CIRCULAR, 3, 1, 2, 0)},

    {"tril", "(3,3)", build_tril, ON(T(3, 3)), LIST(0)},
    {"tril", "(2,4) 1", build_tril, ON(T(2, 4)), LIST(1)},
    {"tril", "(2,3,2) -1", build_tril, ON(T(2, 3, 2)), LIST(-1)},
    {"tril", "(3,3) transposed", build_tril, ON(VIEW(3, 3)), LIST(0)},
    {"tril", "(3,3) cut", build_tril, ON(CUT(3, 3)), LIST(-9)},
    {"tril", "(0,3)", build_tril, ON(T(0, 3)), LIST(0)},
    {"triu", "(3,3)", build_triu, ON(T(3, 3)), LIST(0)},
    {"triu", "(4,2) -1", build_triu, ON(T(4, 2)), LIST(-1)},
    {"triu", "(2,3,2) 1", build_triu, ON(T(2, 3, 2)), LIST(1)},
    {"triu", "(3,3) transposed leaf", build_triu, ON(TRANSPOSED(3, 3)), LIST(0)},
    {"triu", "(3,3) sliced leaf", build_triu, ON(SLICED(3, 3)), LIST(9)},
    {"triu", "(3,0)", build_triu, ON(T(3, 0)), LIST(0)},

    {"diag", "(3)", build_diag, ON(T(3)), LIST(0)},
    {"diag", "(3) 2", build_diag, ON(T(3)), LIST(2)},
    {"diag", "(2,3) -1", build_diag, ON(T(2, 3)), LIST(-1)},
    {"diag", "(2,3) transposed", build_diag, ON(VIEW(2, 3)), LIST(0)},
    {"diag", "(3) cut", build_diag, ON(CUT(3)), LIST(1)},
    {"diag", "(0)", build_diag, ON(T(0)), LIST(1)},
    {"diagonal", "(3,3)", build_diagonal, ON(T(3, 3)), LIST(0, 0, 1)},
    {"diagonal", "(2,4) 1", build_diagonal, ON(T(2, 4)), LIST(1, 0, 1)},
    {"diagonal", "(4,2) -1", build_diagonal, ON(T(4, 2)), LIST(-1, 0, -1)},
    {"diagonal", "(2,3,4) axes 2 0", build_diagonal, ON(T(2, 3, 4)), LIST(1, 2, 0)},
    {"diagonal", "(3,4) transposed", build_diagonal, ON(VIEW(3, 4)), LIST(-1, 0, 1)},
    {"diagonal", "(3,3) transposed leaf", build_diagonal, ON(TRANSPOSED(3, 3)), LIST(1, 0, 1)},
    {"diagonal", "past the corner", build_diagonal, ON(T(2, 3)), LIST(7, 0, 1)},

    {"masked_fill", "(2,3)", build_masked_fill, ON(T(2, 3), LABELS(TP_U8, 2, 2, 3)), .number = 3},
    {"masked_fill", "(2,3) by (3)", build_masked_fill, ON(T(2, 3), LABELS(TP_U8, 2, 3))},
    {"masked_fill", "(2,1) by (2,3)", build_masked_fill, ON(T(2, 1), LABELS(TP_U8, 2, 2, 3)), .number = -1},
    {"masked_fill", "a scalar by (3)", build_masked_fill, ON({.layout = SCALAR}, LABELS(TP_U8, 2, 3)), .number = 1},
    {"masked_fill", "(3) by a scalar", build_masked_fill, ON(T(3), {.layout = SCALAR, .labels = TP_U8, .high = 2}),
     .number = 1},
    {"masked_fill", "transposed", build_masked_fill, ON(VIEW(2, 3), LABELS(TP_U8, 2, 2, 3)), .number = 1},
    {"masked_fill", "transposed leaf", build_masked_fill, ON(TRANSPOSED(2, 3), LABELS(TP_U8, 2, 2, 1)), .number = 1},
    {"masked_fill", "(0,3)", build_masked_fill, ON(T(0, 3), LABELS(TP_U8, 2, 3)), .number = 1},

    {"masked_select", "(5)", build_masked_select, ON(T(5))},
    {"masked_select", "(2,3)", build_masked_select, ON(T(2, 3))},
    {"masked_select", "(2,3) transposed", build_masked_select, ON(VIEW(2, 3))},
    {"masked_select", "(2,3) sliced leaf", build_masked_select, ON(SLICED(2, 3))},
    {"masked_select", "(2,3) by a row", build_masked_select_row, ON(T(2, 3), T(1, 3))},
    {"masked_select", "(3) by (1,3)", build_masked_select_row, ON(T(3), T(1, 3))},
    {"masked_select", "nothing", build_masked_select, ON(T(1))},
    {"masked_place", "(3) in (5)", build_masked_place, ON(T(3)), LIST(5)},
    {"masked_place", "(4) cut in (2,3)", build_masked_place, ON(CUT(4)), LIST(2, 3)},

    {"unfold", "(1,2,4,3)", build_unfold, ON(T(1, 2, 4, 3)), LIST(2, 2, 1, 1, 0, 0, 1, 1)},
    {"unfold", "stride, padding", build_unfold, ON(T(1, 1, 4, 5)), LIST(3, 2, 2, 3, 1, 2, 1, 1)},
    {"unfold", "dilation", build_unfold, ON(T(2, 1, 4, 3)), LIST(2, 2, 1, 1, 1, 0, 2, 2)},
    {"unfold", "no batch, transposed", build_unfold, ON(VIEW(2, 3, 3)), LIST(2, 2, 0, 0, 1, 1, 0, 0)},
    {"unfold", "much padding", build_unfold, ON(T(1, 1, 1, 2)), LIST(2, 1, 1, 1, 3, 0, 1, 1)},
    {"unfold", "no batch at all", build_unfold, ON(T(0, 1, 3, 3)), LIST(2, 2, 1, 1, 0, 0, 1, 1)},
    {"fold", "(1,8,6)", build_fold, ON(T(1, 8, 6)), LIST(2, 2, 1, 1, 0, 0, 1, 1, 4, 3)},
    {"fold", "stride, padding", build_fold, ON(T(1, 6, 6)), LIST(3, 2, 2, 3, 1, 2, 1, 1, 4, 5)},
    {"fold", "dilation", build_fold, ON(CUT(2, 4, 4)), LIST(2, 2, 1, 1, 1, 0, 2, 2, 4, 3)},
    {"fold", "no batch, transposed", build_fold, ON(VIEW(4, 9)), LIST(2, 2, 2, 2, 1, 1, 1, 1, 4, 4)},
};

const sample_list arrange_samples = {items, COUNT(items)};
