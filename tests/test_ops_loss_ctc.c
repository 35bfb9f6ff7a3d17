/* Samples of CTC. */
#include "tests/test_ops.h"

static tp_var lengths(tp_tape *tape, tp_dtype dtype, const int64_t *numbers, int64_t n)
{
    tp_tensor *wide = tp_tensor_from(TP_I64, 1, &n, numbers), *tensor = tp_tensor_new(dtype, 1, &n);
    ck_assert(wide && tensor && tp_tensor_copy(tensor, wide, NULL) == TP_OK);
    const tp_var x = tp_data(tape, tensor);
    tp_tensor_release(wide);
    tp_tensor_release(tensor);
    return x;
}

/* x: log-probabilities, targets below the blank, the last class; list: the reduction, then the frames and the labels of
   each example; keep: lengths in i32. */
static tp_var build_ctc(const sample *s, const tp_var *x)
{
    const int64_t batch = tp_var_dims(x[0])[1];
    const tp_dtype dtype = s->keep ? TP_I32 : TP_I64;
    return tp_ctc_with(x[0], x[1], lengths(x[0].tape, dtype, s->list + 1, batch),
                       lengths(x[0].tape, dtype, s->list + 1 + batch, batch),
                       &(tp_ctc_options){.reduction = (tp_reduction)s->list[0], .blank = tp_var_dims(x[0])[2] - 1});
}

#define LOGS(where, ...)                                                                                               \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = where, .low = -3, .high = -.1                                                    \
    }
#define CTC(text, ...)                                                                                                 \
    {                                                                                                                  \
        .op = "ctc", .name = text, .build = build_ctc, __VA_ARGS__                                                     \
    }

static const sample items[] = {
    CTC("none", ON(LOGS(DENSE, 5, 2, 3), LABELS(TP_I64, 2, 2, 2)), LIST(TP_NONE, 5, 4, 2, 1)),
    CTC("sum, one after the other", ON(LOGS(DENSE, 5, 2, 3), LABELS(TP_I32, 2, 3)), LIST(TP_SUM, 5, 5, 1, 2),
        .keep = true),
    CTC("mean, an empty target", ON(LOGS(VIEW, 4, 3, 4), LABELS(TP_U8, 3, 3, 2)), LIST(TP_MEAN, 3, 4, 4, 2, 0, 2)),
    CTC("none, leaf turned", ON(LOGS(TRANSPOSED, 4, 1, 3), LABELS(TP_I64, 2, 1, 2)), LIST(TP_NONE, 4, 2)),
    CTC("sum, cut", ON(LOGS(CUT, 3, 2, 2), LABELS(TP_I64, 1, 2, 2)), LIST(TP_SUM, 3, 3, 2, 1)),
    CTC("mean, one frame", ON(LOGS(DENSE, 1, 2, 3), LABELS(TP_I64, 2, 2, 1)), LIST(TP_MEAN, 1, 1, 1, 0)),
    CTC("none, nothing but blanks", ON(LOGS(DENSE, 3, 1, 2), LABELS(TP_I64, 1, 1, 0)), LIST(TP_NONE, 3, 0)),
    CTC("sum, longer", ON(LOGS(DENSE, 8, 1, 4), LABELS(TP_I64, 3, 1, 4)), LIST(TP_SUM, 8, 4)),
    CTC("none, no examples", ON(LOGS(DENSE, 3, 0, 2), LABELS(TP_I64, 1, 0, 2)), LIST(TP_NONE)),
};

const sample_list loss_ctc_samples = {items, COUNT(items)};
