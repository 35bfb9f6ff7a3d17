/* Samples of the ops that pick by integers. Indices, being constants, come last among the operands. */
#include "tests/test_ops.h"

#include "ops/pick.h"

static tp_var build_gather(const sample *s, const tp_var *x)
{
    return tp_gather(x[0], (int)s->list[0], x[1]);
}

/* From the end. */
static tp_var build_gather_back(const sample *s, const tp_var *x)
{
    return tp_gather(x[0], (int)s->list[0], tp_cast(tp_adds(tp_cast(x[1], TP_F64), -3), TP_I64));
}

static tp_var build_scatter(const sample *s, const tp_var *x)
{
    return tp_scatter(x[0], (int)s->list[0], x[s->n - 1], s->n > 2 ? x[1] : x[0]);
}

static tp_var build_scatter_add(const sample *s, const tp_var *x)
{
    return tp_scatter_add(x[0], (int)s->list[0], x[s->n - 1], s->n > 2 ? x[1] : x[0]);
}

static tp_var build_index_select(const sample *s, const tp_var *x)
{
    return tp_index_select(x[0], (int)s->list[0], x[1]);
}

static tp_var build_index_add(const sample *s, const tp_var *x)
{
    return tp_index_add(x[0], (int)s->list[0], x[2], x[1]);
}

static tp_var build_embedding(const sample *s, const tp_var *x)
{
    return tp_embedding(x[0], x[1], s->count ? s->list[0] : TP_NO_PADDING);
}

/* list: axis, dims of what was read; keep: whole rows */
static tp_pick_target target_of(const sample *s, tp_dtype dtype)
{
    const int64_t skip = s->keep ? 1 : TP_PICK_ALL;
    tp_pick_target target = {.dtype = dtype, .shape.rank = 2};
    target.picks = (tp_picks){.axis = (int)s->list[0], .whole = s->keep, .skip = skip, .skip_adjoint = skip};
    memcpy(target.shape.dims, s->list + 1, 2 * sizeof *s->list);
    return target;
}

static tp_var build_adjoint(const sample *s, const tp_var *x)
{
    const tp_pick_target target = target_of(s, tp_var_dtype(x[0]));
    return tp_call2(&tp_op_pick_adjoint, x[0], x[1], &target);
}

static tp_var build_last(const sample *s, const tp_var *x)
{
    const tp_pick_target target = target_of(s, TP_F64);
    return tp_call1(&tp_op_scatter_last, x[0], &target);
}

#define NUMBER                                                                                                         \
    {                                                                                                                  \
        .layout = SCALAR                                                                                               \
    }

static const sample items[] = {
    {"gather", "(5) by (3)", build_gather, ON(T(5), LABELS(TP_I64, 5, 3)), LIST(0)},
    {"gather", "(3,4) axis 0", build_gather, ON(T(3, 4), LABELS(TP_I64, 3, 5, 4)), LIST(0)},
    {"gather", "(3,4) axis 1, fewer rows", build_gather, ON(T(3, 4), LABELS(TP_I32, 4, 2, 5)), LIST(1)},
    {"gather", "(2,3,2) axis -2", build_gather, ON(T(2, 3, 2), LABELS(TP_U8, 3, 2, 2, 1)), LIST(-2)},
    {"gather", "from the end", build_gather_back, ON(T(3, 2), LABELS(TP_I64, 3, 4, 2)), LIST(0)},
    {"gather", "(3,4) transposed leaf", build_gather, ON(TRANSPOSED(3, 4), LABELS(TP_I64, 3, 3, 4)), LIST(0)},
    {"gather", "(3,4) transposed", build_gather, ON(VIEW(3, 4), LABELS(TP_I64, 4, 3, 2)), LIST(1)},
    {"gather", "(3,4) cut", build_gather, ON(CUT(3, 4), LABELS(TP_I64, 3, 2, 4)), LIST(0)},
    {"gather", "(3,4) sliced leaf", build_gather, ON(SLICED(3, 4), LABELS(TP_I64, 4, 3, 3)), LIST(1)},
    {"gather", "index transposed", build_gather,
     ON(T(3, 4), {SHAPE(3, 2), .layout = TRANSPOSED, .labels = TP_I64, .high = 4}), LIST(1)},
    {"gather", "nothing", build_gather, ON(T(3, 4), LABELS(TP_I64, 3, 0, 4)), LIST(0)},
    {"gather", "nothing from (0,3)", build_gather, ON(T(0, 3), LABELS(TP_I64, 3, 0, 3)), LIST(1)},
    {"gather", "(1,1)", build_gather, ON(T(1, 1), LABELS(TP_I64, 1, 1, 1)), LIST(0)},

    {"scatter", "(4) by (6)", build_scatter, ON(T(4), T(6), LABELS(TP_I64, 4, 6)), LIST(0)},
    {"scatter", "(3,4) axis 0", build_scatter, ON(T(3, 4), T(3, 4), LABELS(TP_I64, 3, 2, 3)), LIST(0)},
    {"scatter", "(3,4) axis 1", build_scatter, ON(T(3, 4), T(3, 5), LABELS(TP_U8, 4, 3, 5)), LIST(-1)},
    {"scatter", "a scalar", build_scatter, ON(T(3, 4), NUMBER, LABELS(TP_I32, 3, 2, 4)), LIST(0)},
    {"scatter", "itself", build_scatter, ON(T(3, 2), LABELS(TP_I64, 3, 3, 2)), LIST(0)},
    {"scatter", "views", build_scatter, ON(VIEW(3, 4), CUT(2, 4), LABELS(TP_I64, 3, 2, 4)), LIST(0)},
    {"scatter", "strided leaves", build_scatter, ON(TRANSPOSED(3, 4), SLICED(3, 4), LABELS(TP_I64, 4, 3, 4)), LIST(1)},
    {"scatter", "nothing", build_scatter, ON(T(3), T(0), LABELS(TP_I64, 3, 0)), LIST(0)},
    {"scatter", "into nothing", build_scatter, ON(T(0, 2), T(0, 2), LABELS(TP_I64, 3, 0, 2)), LIST(0)},

    {"scatter_add", "(4) by (6)", build_scatter_add, ON(T(4), T(6), LABELS(TP_I64, 4, 6)), LIST(0)},
    {"scatter_add", "(3,4) axis 0", build_scatter_add, ON(T(3, 4), T(3, 4), LABELS(TP_I64, 3, 2, 3)), LIST(0)},
    {"scatter_add", "(3,4) axis 1", build_scatter_add, ON(T(3, 4), T(3, 5), LABELS(TP_U8, 4, 3, 5)), LIST(-1)},
    {"scatter_add", "a scalar", build_scatter_add, ON(T(3, 4), NUMBER, LABELS(TP_I32, 3, 2, 4)), LIST(0)},
    {"scatter_add", "itself", build_scatter_add, ON(T(3, 2), LABELS(TP_I64, 3, 3, 2)), LIST(0)},
    {"scatter_add", "views", build_scatter_add, ON(VIEW(3, 4), CUT(2, 4), LABELS(TP_I64, 3, 2, 4)), LIST(0)},
    {"scatter_add", "nothing", build_scatter_add, ON(T(3), T(0), LABELS(TP_I64, 3, 0)), LIST(0)},

    {"index_select", "(5) by (3)", build_index_select, ON(T(5), LABELS(TP_I64, 5, 3)), LIST(0)},
    {"index_select", "(3,4) by (5)", build_index_select, ON(T(3, 4), LABELS(TP_I64, 3, 5)), LIST(0)},
    {"index_select", "(3,4) axis 1", build_index_select, ON(T(3, 4), LABELS(TP_I32, 4, 2)), LIST(1)},
    {"index_select", "(2,3,2) axis 1", build_index_select, ON(T(2, 3, 2), LABELS(TP_U8, 3, 4)), LIST(1)},
    {"index_select", "(3,4) by (2,2)", build_index_select, ON(T(3, 4), LABELS(TP_I64, 3, 2, 2)), LIST(0)},
    {"index_select", "(2,3) by a scalar", build_index_select,
     ON(T(2, 3), {.layout = SCALAR, .labels = TP_I64, .high = 3}), LIST(1)},
    {"index_select", "(3) by a scalar", build_index_select, ON(T(3), {.layout = SCALAR, .labels = TP_I64, .high = 3}),
     LIST(0)},
    {"index_select", "transposed leaf", build_index_select, ON(TRANSPOSED(3, 4), LABELS(TP_I64, 3, 4)), LIST(0)},
    {"index_select", "transposed", build_index_select, ON(VIEW(3, 4), LABELS(TP_I64, 4, 3)), LIST(1)},
    {"index_select", "cut", build_index_select, ON(CUT(3, 4), LABELS(TP_I64, 3, 3)), LIST(0)},
    {"index_select", "nothing", build_index_select, ON(T(3, 2), LABELS(TP_I64, 3, 0)), LIST(0)},
    {"index_select", "rows of nothing", build_index_select, ON(T(3, 0), LABELS(TP_I64, 3, 2)), LIST(0)},

    {"index_add", "(4) by (6)", build_index_add, ON(T(4), T(6), LABELS(TP_I64, 4, 6)), LIST(0)},
    {"index_add", "(3,4) axis 1", build_index_add, ON(T(3, 4), T(3, 5), LABELS(TP_I64, 4, 5)), LIST(1)},
    {"index_add", "(3,2) by (2,2)", build_index_add, ON(T(3, 2), T(2, 2, 2), LABELS(TP_I64, 3, 2, 2)), LIST(0)},
    {"index_add", "a scalar", build_index_add, ON(T(3, 2), NUMBER, LABELS(TP_I64, 3, 4)), LIST(0)},
    {"index_add", "views", build_index_add, ON(VIEW(3, 4), CUT(2, 4), LABELS(TP_I64, 3, 2)), LIST(0)},
    {"index_add", "nothing", build_index_add, ON(T(3, 2), T(0, 2), LABELS(TP_I64, 3, 0)), LIST(0)},

    {"embedding", "(4,3) by (5)", build_embedding, ON(T(4, 3), LABELS(TP_I64, 4, 5))},
    {"embedding", "(4,3) by (2,3)", build_embedding, ON(T(4, 3), LABELS(TP_I32, 4, 2, 3))},
    {"embedding", "(4,3) by a scalar", build_embedding, ON(T(4, 3), {.layout = SCALAR, .labels = TP_I64, .high = 4})},
    {"embedding", "transposed leaf", build_embedding, ON(TRANSPOSED(3, 4), LABELS(TP_U8, 3, 6))},
    {"embedding", "transposed", build_embedding, ON(VIEW(3, 4), LABELS(TP_I64, 3, 4))},
    {"embedding", "nothing", build_embedding, ON(T(3, 4), LABELS(TP_I64, 3, 0))},
    {"embedding", "padding not met", build_embedding, ON(T(4, 3), LABELS(TP_I64, 3, 5)), LIST(-1)},

    {"pick_adjoint", "of (3,2) axis 0", build_adjoint, ON(T(4, 2), LABELS(TP_I64, 3, 4, 2)), LIST(0, 3, 2)},
    {"pick_adjoint", "of (3,4) axis 1", build_adjoint, ON(VIEW(3, 2), LABELS(TP_I64, 4, 3, 2)), LIST(1, 3, 4)},
    {"pick_adjoint", "of rows of (3,2)", build_adjoint, ON(T(4, 2), LABELS(TP_I64, 3, 4)), LIST(0, 3, 2), .keep = true},
    {"pick_adjoint", "of columns of (2,3)", build_adjoint, ON(CUT(2, 4), LABELS(TP_I64, 3, 4)), LIST(1, 2, 3),
     .keep = true},

    {"scatter_last", "(3,2) axis 0", build_last, ON(LABELS(TP_I64, 3, 4, 2)), LIST(0, 3, 2)},
    {"scatter_last", "(3,4) axis 1", build_last, ON(LABELS(TP_U8, 4, 3, 6)), LIST(1, 3, 4)},
    {"scatter_last", "nothing", build_last, ON(LABELS(TP_I32, 4, 3, 0)), LIST(1, 3, 4)},
};

const sample_list pick_samples = {items, COUNT(items)};
