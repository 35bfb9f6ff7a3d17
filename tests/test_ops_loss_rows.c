/* Samples of the losses that are rows of kernels/loss.def: made from the rows themselves. */
#include "ops/loss.h"
#include "tests/test_ops.h"

typedef struct row {
    const tp_op *op;
    double p, q;
} row;

static const row rows[] = {
#define LOSS(name, formula, derivative, value, sx, rx, st, rt, xl, xh, tl, th, p, q) {&tp_op_##name, p, q},
#define LOSS3(name, formula, derivative, value, sx, rx, st, rt, sc, rc, xl, xh, tl, th, cl, ch, p, q)                  \
    {&tp_op_##name, p, q},
#include "kernels/loss.def"
#undef LOSS
};

/* The row's own numbers. */
static tp_var build_row(const sample *s, const tp_var *x)
{
    for (int i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].op->name, s->op) == 0)
            return tp_loss(rows[i].op, x[0], x[1], x[2], (tp_reduction)s->list[0], rows[i].p, rows[i].q);
    ck_abort_msg("no loss is called %s", s->op);
    return x[0];
}

#define IN(low_, high_, where) .layout = where, .low = low_, .high = high_
#define PAIR(xl, xh, tl, th, one, two, ...)                                                                            \
    ON({SHAPE(__VA_ARGS__), IN(xl, xh, one)}, {SHAPE(__VA_ARGS__), IN(tl, th, two)})
#define THREE(xl, xh, tl, th, cl, ch, one, two, ...)                                                                   \
    ON({SHAPE(__VA_ARGS__), IN(xl, xh, one)}, {SHAPE(__VA_ARGS__), IN(tl, th, two)},                                   \
       {SHAPE(__VA_ARGS__), IN(cl, ch, DENSE)})

#define ROW(name, text, how, operands)                                                                                 \
    {                                                                                                                  \
#name, text, build_row, operands, LIST(how)                                                                    \
    }
#define LOSS(name, formula, derivative, value, sx, rx, st, rt, xl, xh, tl, th, p, q)                                   \
    ROW(name, "none, scalars", TP_NONE, ON({IN(xl, xh, SCALAR)}, {IN(tl, th, SCALAR)})),                               \
        ROW(name, "sum, scalars", TP_SUM, ON({IN(xl, xh, SCALAR)}, {IN(tl, th, SCALAR)})),                             \
        ROW(name, "none (19)", TP_NONE, PAIR(xl, xh, tl, th, DENSE, DENSE, 19)),                                       \
        ROW(name, "mean (19)", TP_MEAN, PAIR(xl, xh, tl, th, DENSE, DENSE, 19)),                                       \
        ROW(name, "sum (2,3) leaves turned and sliced", TP_SUM, PAIR(xl, xh, tl, th, TRANSPOSED, SLICED, 2, 3)),       \
        ROW(name, "none (2,3) leaves turned and sliced", TP_NONE, PAIR(xl, xh, tl, th, TRANSPOSED, SLICED, 2, 3)),     \
        ROW(name, "mean (2,3) turned and cut", TP_MEAN, PAIR(xl, xh, tl, th, VIEW, CUT, 2, 3)),                        \
        ROW(name, "none (2,3) turned and cut", TP_NONE, PAIR(xl, xh, tl, th, VIEW, CUT, 2, 3)),                        \
        ROW(name, "mean (1,1)", TP_MEAN, PAIR(xl, xh, tl, th, DENSE, DENSE, 1, 1)),                                    \
        ROW(name, "sum (0,3)", TP_SUM, PAIR(xl, xh, tl, th, DENSE, DENSE, 0, 3)),                                      \
        ROW(name, "none (0,3)", TP_NONE, PAIR(xl, xh, tl, th, DENSE, DENSE, 0, 3)),
#define LOSS3(name, formula, derivative, value, sx, rx, st, rt, sc, rc, xl, xh, tl, th, cl, ch, p, q)                  \
    ROW(name, "none, scalars", TP_NONE, ON({IN(xl, xh, SCALAR)}, {IN(tl, th, SCALAR)}, {IN(cl, ch, SCALAR)})),         \
        ROW(name, "none (19)", TP_NONE, THREE(xl, xh, tl, th, cl, ch, DENSE, DENSE, 19)),                              \
        ROW(name, "mean (19)", TP_MEAN, THREE(xl, xh, tl, th, cl, ch, DENSE, DENSE, 19)),                              \
        ROW(name, "none (2,3) leaves turned and sliced", TP_NONE,                                                      \
            THREE(xl, xh, tl, th, cl, ch, TRANSPOSED, SLICED, 2, 3)),                                                  \
        ROW(name, "sum (2,3) turned and cut", TP_SUM, THREE(xl, xh, tl, th, cl, ch, VIEW, CUT, 2, 3)),                 \
        ROW(name, "mean (2,3) (2,3) (3)", TP_MEAN,                                                                     \
            ON({SHAPE(2, 3), IN(xl, xh, DENSE)}, {SHAPE(2, 3), IN(tl, th, DENSE)}, {SHAPE(3), IN(cl, ch, DENSE)})),    \
        ROW(name, "sum (2,3) (2,3) scalar", TP_SUM,                                                                    \
            ON({SHAPE(2, 3), IN(xl, xh, DENSE)}, {SHAPE(2, 3), IN(tl, th, DENSE)}, {IN(cl, ch, SCALAR)})),             \
        ROW(name, "none (2,3) (2,3) (2,1)", TP_NONE,                                                                   \
            ON({SHAPE(2, 3), IN(xl, xh, DENSE)}, {SHAPE(2, 3), IN(tl, th, DENSE)}, {SHAPE(2, 1), IN(cl, ch, DENSE)})), \
        ROW(name, "mean (1,1)", TP_MEAN, THREE(xl, xh, tl, th, cl, ch, DENSE, DENSE, 1, 1)),                           \
        ROW(name, "sum (0,3)", TP_SUM, THREE(xl, xh, tl, th, cl, ch, DENSE, DENSE, 0, 3)),                             \
        ROW(name, "none (0,3)", TP_NONE, THREE(xl, xh, tl, th, cl, ch, DENSE, DENSE, 0, 3)),

static const sample items[] = {
#include "kernels/loss.def"
};

const sample_list loss_rows_samples = {items, COUNT(items)};
