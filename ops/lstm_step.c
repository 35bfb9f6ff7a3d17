/* The elementwise part of an LSTM's step as one node: c' = f * c + i * g, h' = o * tanh(c'), where i, f, g, o are the
   parts of `sums` along an axis, behind their sigma or tanh. */
#include <string.h>

#include "ops/ops.h"

enum { SUMS, C };    /* operands */
enum { H, NEXT };    /* results */
enum { I, F, G, O }; /* parts of the sums */

/* What lies before the axis: so many rows of `units` numbers in c, of 4 times that in the sums. */
typedef struct layout {
    int64_t rows, units;
} layout;

static layout layout_of(const tp_tensor *c, int axis)
{
    const int64_t rows = tp_shape_count(axis, c->dims), rest = tp_shape_count(c->rank - axis, c->dims + axis);
    return (layout){rows, rest};
}

static tp_status step_shape(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const tp_tensor *sums = tp_ctx_input(ctx, SUMS), *c = tp_ctx_input(ctx, C);
    bool fits = c->rank > axis && sums->rank == c->rank;
    for (int i = 0; i < c->rank && fits; i++)
        fits = i == axis ? sums->dims[i] % 4 == 0 && sums->dims[i] / 4 == c->dims[i] : sums->dims[i] == c->dims[i];
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (!fits)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "sums %s are not four of c %s along axis %d", tp_tensor_text(a, sums),
                           tp_tensor_text(b, c), axis);
    if (tp_need_float(ctx, SUMS) != TP_OK || tp_need_first_dtype(ctx, C) != TP_OK) return TP_E_DTYPE;
    const tp_dtype dtype = (tp_dtype)c->dtype;
    const layout l = layout_of(c, axis);
    tp_tensor **kept = tp_ctx_save(ctx, sizeof(tp_tensor *));
    if (!kept || !(*kept = tp_ctx_save_tensor(ctx, dtype, 3, (int64_t[]){l.rows, 5, l.units}))) return TP_E_MEMORY;
    const tp_status status = tp_ctx_result(ctx, H, dtype, c->rank, c->dims);
    return status == TP_OK ? tp_ctx_result(ctx, NEXT, dtype, c->rank, c->dims) : status;
}

static tp_status step_forward(tp_ctx *ctx)
{
    const tp_tensor *sums = tp_ctx_dense(ctx, SUMS), *c = tp_ctx_dense(ctx, C);
    if (!sums || !c) return TP_E_MEMORY;
    const tp_tensor *kept = *(tp_tensor **)tp_ctx_saved(ctx), *h = tp_ctx_output(ctx, H),
                    *next = tp_ctx_output(ctx, NEXT);
    const layout l = layout_of(c, *(const int *)tp_ctx_attributes(ctx));
    const int64_t bytes = l.units * (int64_t)tp_dtype_size((tp_dtype)c->dtype);
    for (int64_t r = 0; r < l.rows; r++)
        ctx->tape->kernels->of[c->dtype]->lstm->step(l.units, &(tp_lstm_step_row){.sums = sums->data + 4 * r * bytes,
                                                                                  .c = c->data + r * bytes,
                                                                                  .kept = kept->data + 5 * r * bytes,
                                                                                  .h = h->data + r * bytes,
                                                                                  .next = next->data + r * bytes});
    return TP_OK;
}

/* ---- the rule in recorded ops ---- */

static tp_var part_of(tp_ctx *ctx, int gate)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const int64_t n = tp_ctx_input(ctx, C)->dims[axis];
    return tp_slice(tp_ctx_input_var(ctx, SUMS), axis, gate * n, (gate + 1) * n, 1);
}

/* y (1 - y), the slope of y = sigma(x) */
static tp_var gate_slope(tp_var y)
{
    return tp_mul(y, tp_rsubs(1, y));
}

/* The gradients of the four parts of the sums, from dh (or none) and d, what comes to the new c in all. */
static tp_status give_parts(tp_ctx *ctx, tp_var i, tp_var f, tp_var g, tp_var o, tp_var dh, tp_var d)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const tp_var t = tp_tanh(tp_ctx_output_var(ctx, NEXT));
    const tp_var slopes[4] = {
        [I] = tp_mul(g, gate_slope(i)),
        [F] = tp_mul(tp_ctx_input_var(ctx, C), gate_slope(f)),
        [G] = tp_mul(i, tp_rsubs(1, tp_square(g))),
        [O] = tp_mul(t, gate_slope(o)),
    };
    tp_var parts[4];
    for (int k = 0; k < 4; k++) {
        const tp_var upstream = k == O ? dh : d;
        parts[k] = tp_ok(upstream) ? tp_mul_masked(upstream, slopes[k]) : tp_zeros_like(slopes[k]);
    }
    return tp_give(ctx, SUMS, tp_concat(parts, 4, axis));
}

/* d = dc' + dh o (1 - tanh(c')^2);  di = d g i (1 - i), df = d c f (1 - f), dg = d i (1 - g^2), do = dh tanh(c') o
   (1 - o);  dc = d f */
static tp_status step_backward(tp_ctx *ctx, tp_var ignored)
{
    (void)ignored;
    const tp_var dh = tp_ctx_upstream(ctx, H), dnext = tp_ctx_upstream(ctx, NEXT);
    const tp_var i = tp_sigmoid(part_of(ctx, I)), f = tp_sigmoid(part_of(ctx, F));
    const tp_var g = tp_tanh(part_of(ctx, G)), o = tp_sigmoid(part_of(ctx, O));
    tp_var d = dnext;
    if (tp_ok(dh)) {
        const tp_var slope = tp_rsubs(1, tp_square(tp_tanh(tp_ctx_output_var(ctx, NEXT))));
        const tp_var by_h = tp_mul_masked(dh, tp_mul(o, slope));
        d = tp_ok(dnext) ? tp_add(dnext, by_h) : by_h;
    }
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, SUMS)) status = give_parts(ctx, i, f, g, o, dh, d);
    return status == TP_OK && tp_ctx_needs(ctx, C) ? tp_give(ctx, C, tp_mul_masked(d, f)) : status;
}

/* ---- in numbers ---- */

/* The upstream of result k, laid out densely: zeros where none arrived. */
static const tp_tensor *upstream_of(tp_ctx *ctx, int k, tp_tensor **own)
{
    const tp_tensor *g = ctx->tape->slots[ctx->node + 1 + (uint32_t)k].tensor;
    *own = NULL;
    if (g) return tp_densely(ctx->tape, g, own);
    const tp_tensor *like = tp_ctx_output(ctx, k);
    *own = tp_new_tensor(ctx->tape, (tp_dtype)like->dtype, like->rank, like->dims, ctx->op->name);
    if (*own) tp_fill(like->count, (tp_dtype)like->dtype, (*own)->data, 0);
    return *own;
}

/* Where a gradient goes: to the operand's own, or where that is not asked for, to *own. */
static tp_tensor *room_for(tp_ctx *ctx, int i, tp_tensor **own)
{
    const tp_tensor *like = tp_ctx_input(ctx, i);
    if (tp_ctx_needs(ctx, i)) return tp_ctx_grad(ctx, i, NULL);
    return *own = tp_new_tensor(ctx->tape, (tp_dtype)like->dtype, like->rank, like->dims, ctx->op->name);
}

static tp_status step_gradient(tp_ctx *ctx, const tp_tensor *ignored)
{
    (void)ignored;
    tp_tensor *own[4] = {NULL};
    const tp_tensor *dh = upstream_of(ctx, H, &own[0]), *dnext = upstream_of(ctx, NEXT, &own[1]);
    const tp_tensor *dsums = room_for(ctx, SUMS, &own[2]), *dc = room_for(ctx, C, &own[3]);
    const tp_tensor *c = tp_ctx_dense(ctx, C), *kept = *(tp_tensor **)tp_ctx_saved(ctx);
    const bool good = dh && dnext && dsums && dc && c;
    const layout l = good ? layout_of(c, *(const int *)tp_ctx_attributes(ctx)) : (layout){0};
    const int64_t bytes = good ? l.units * (int64_t)tp_dtype_size((tp_dtype)c->dtype) : 0;
    for (int64_t r = 0; r < l.rows; r++)
        ctx->tape->kernels->of[c->dtype]->lstm->slope(l.units,
                                                      &(tp_lstm_slope_row){.kept = kept->data + 5 * r * bytes,
                                                                           .c = c->data + r * bytes,
                                                                           .dh = dh->data + r * bytes,
                                                                           .dnext = dnext->data + r * bytes,
                                                                           .dsums = dsums->data + 4 * r * bytes,
                                                                           .dc = dc->data + r * bytes});
    for (int k = 0; k < 4; k++) tp_done(ctx->tape, own[k]);
    return good ? TP_OK : TP_E_MEMORY;
}

/* Each number of h' depends on the four of the sums that stand for it, and on c's; c' not on the last of them. */
static tp_status step_pattern(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const int64_t n = tp_ctx_input(ctx, C)->dims[axis];
    tp_status status = TP_OK;
    for (int k = 0; k < 2 && status == TP_OK; k++) {
        const tp_window parts = {.outputs = n, .size = k == H ? 4 : 3, .stride = 1, .dilation = n};
        if (n > 0 && tp_pattern_operand(ctx, SUMS)) {
            status = tp_pattern_window(ctx, axis, &parts);
            if (status == TP_OK) status = tp_pattern_to(ctx, k, NULL);
        }
        if (status == TP_OK && tp_pattern_operand(ctx, C)) status = tp_pattern_to(ctx, k, NULL);
    }
    return status;
}

const tp_op tp_op_lstm_step = {
    TP_OP_HEAD,
    .name = "lstm_step",
    .arity = 2,
    .results = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(int),
    .scratch = 2,
    .pattern = step_pattern,
    .shape = step_shape,
    .forward = step_forward,
    .backward = step_backward,
    .gradient = step_gradient,
    .text = {.formula = "c' = f * c + i * g, h' = o * tanh(c'), with i, f, o = sigma and g = tanh of the parts of sums",
             .derivative = "d = dc' + dh' o (1 - tanh(c')^2); of the parts d g i (1 - i), d c f (1 - f), d i (1 - "
                           "g^2), dh' tanh(c') o (1 - o); dc = d f",
             .shapes = "sums: (..., 4 H, ...), c: (..., H, ...) -> h', c': c's",
             .edges = "Saturated gates give 0 or 1, and a slope of 0"}};

tp_status tp_lstm_step(tp_var sums, tp_var c, int axis, tp_var *h, tp_var *next)
{
    tp_var results[2] = {tp_poison(sums.tape), tp_poison(sums.tape)};
    tp_status status = sums.tape ? TP_OK : TP_E_ARGUMENT;
    if (sums.tape && tp_check_operand(sums.tape, "lstm_step", sums, 0)) {
        const int found = tp_shape_axis(tp_var_rank(sums), axis);
        if (found < 0)
            status = tp_tape_fail(sums.tape, TP_E_INDEX, "tp_lstm_step: axis %d of rank %d", axis, tp_var_rank(sums));
        else
            status = tp_apply_all(&tp_op_lstm_step, (const tp_var[]){sums, c}, 2, &found, results);
    } else if (sums.tape) {
        status = sums.tape->error.status;
    }
    if (h) *h = results[H];
    if (next) *next = results[NEXT];
    return status;
}
