/* Shape, forward and numeric slope of reductions over any axes. */
#include "ops/axes.h"

tp_var tp_axes_call(const tp_op *op, tp_var x, int n, const int64_t *axes, bool keep, double number)
{
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    tp_axes attributes = {.keep = keep, .number = number};
    const int rank = tp_var_rank(x);
    if (!tp_shape_axes(rank, n, axes, &attributes.mask)) {
        char text[TP_SHAPE_TEXT];
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: an axis is outside %s or named twice", op->name,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    }
    return tp_record1(x.tape, op, x.node, &attributes);
}

tp_status tp_axes_shape_of(tp_ctx *ctx, tp_dtype out)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, axes->mask, axes->keep);
    return tp_ctx_result(ctx, 0, out, left.rank, left.dims);
}

tp_status tp_axes_shape(tp_ctx *ctx)
{
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    return tp_axes_shape_of(ctx, (tp_dtype)tp_ctx_input(ctx, 0)->dtype);
}

tp_status tp_axes_not_empty(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (x->count != 0) return TP_OK;
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, axes->mask, false);
    char text[TP_SHAPE_TEXT];
    if (tp_shape_count(left.rank, left.dims) == 0) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to choose from in %s", tp_tensor_text(text, x));
}

tp_status tp_axes_fold_to(tp_ctx *ctx, tp_fold_kind how, tp_axes_buffers to)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_reduce_call call = {.how = how,
                                 .dtype = (tp_dtype)x->dtype,
                                 .rank = x->rank,
                                 .dims = x->dims,
                                 .strides = x->strides,
                                 .x = x->data,
                                 .mask = axes->mask,
                                 .out_dtype = (tp_dtype)to.out->dtype,
                                 .out = to.out->data,
                                 .power = axes->number,
                                 .shifts = to.shifts ? to.shifts->data : NULL,
                                 .shift_dtype = to.shifts ? (tp_dtype)to.shifts->dtype : TP_F64,
                                 .means = to.means ? to.means->data : NULL,
                                 .threads = ctx->tape->threads};
    tp_reduce_args(ctx->tape->kernels, &call);
    return TP_OK;
}

tp_status tp_axes_fold(tp_ctx *ctx, tp_fold_kind how)
{
    return tp_axes_fold_to(ctx, how, (tp_axes_buffers){.out = tp_ctx_output(ctx, 0)});
}

tp_tensor *tp_axes_number(tp_tensor *view, double *number)
{
    view->dtype = TP_F64;
    view->rank = 0;
    view->dense = true;
    view->count = 1;
    view->data = (char *)number;
    return view;
}

tp_tensor *tp_axes_new(tp_ctx *ctx, tp_axes_room *room)
{
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    room->tensor = NULL;
    if (out->rank == 0) return tp_axes_number(&room->view, &room->single);
    return room->tensor = tp_new_tensor(ctx->tape, (tp_dtype)out->dtype, out->rank, out->dims, ctx->op->name);
}

void tp_axes_done(tp_ctx *ctx, tp_axes_room *room)
{
    tp_done(ctx->tape, room->tensor);
}

tp_status tp_axes_pattern(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    return tp_pattern_along(ctx, 0, axes->mask);
}

double tp_axes_count(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double count = 1;
    for (int i = 0; i < x->rank; i++)
        if (axes->mask >> i & 1) count *= (double)x->dims[i];
    return count;
}

int tp_axes_list(const tp_axes *axes, int64_t list[TP_MAX_RANK])
{
    int n = 0;
    for (int i = 0; i < TP_MAX_RANK; i++)
        if (axes->mask >> i & 1) list[n++] = i;
    return n;
}

tp_var tp_axes_restore(tp_ctx *ctx, tp_var x)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *operand = tp_ctx_input(ctx, 0);
    if (axes->keep || tp_var_rank(x) == 0) return x;
    const tp_shape kept = tp_shape_reduced(operand->rank, operand->dims, axes->mask, true);
    return tp_reshape(x, kept.rank, kept.dims);
}

/* A number for each result, as an operand of a loop over x: one element is copied, in x's dtype, to `at`. */
static tp_operand spread(const tp_tensor *x, unsigned mask, const tp_tensor *r, int64_t strides[TP_MAX_RANK],
                         double *at)
{
    if (!r) return (tp_operand){0};
    const bool single = r->count == 1;
    const bool kept = r->rank == x->rank;
    for (int i = 0, k = 0; i < x->rank; i++) {
        const bool gone = mask >> i & 1;
        strides[i] = gone || single ? 0 : r->strides[kept ? i : k];
        k += !gone;
    }
    if (single) tp_put((tp_dtype)x->dtype, at, tp_get((tp_dtype)r->dtype, r->data));
    return (tp_operand){.data = single ? (const void *)at : r->data, .strides = strides};
}

enum { FEW = 64 }; /* elements over which single numbers are spread by hand, quicker than by the general way */

/* The short way of a few dense elements and one result. */
static void run_few(const tp_axes_slope *slope, const tp_tensor *x, tp_tensor *grad)
{
    union {
        float f32[FEW];
        double f64[FEW];
    } room[TP_IN_COUNT];
    const tp_tensor *const from[TP_IN_COUNT] = {[TP_IN_B] = slope->b, [TP_IN_Y] = slope->y, [TP_IN_G] = slope->g};
    const void *in[TP_IN_COUNT];
    for (int k = 0; k < TP_IN_COUNT; k++) {
        in[k] = x->data;
        if (!from[k] && !(k == TP_IN_B && slope->number)) continue;
        const double number = from[k] ? tp_get((tp_dtype)from[k]->dtype, from[k]->data) : *slope->number;
        for (int64_t i = 0; i < x->count && x->dtype == TP_F32; i++) room[k].f32[i] = (float)number;
        for (int64_t i = 0; i < x->count && x->dtype == TP_F64; i++) room[k].f64[i] = number;
        in[k] = &room[k];
    }
    slope->loop(x->count, grad->data, in);
}

tp_status tp_axes_run(tp_ctx *ctx, const tp_axes_slope *slope)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    if (!grad) return TP_E_MEMORY;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (x->dense && x->count <= FEW && tp_ctx_output(ctx, 0)->count == 1) {
        run_few(slope, x, grad);
        return TP_OK;
    }
    int64_t strides[3][TP_MAX_RANK];
    double single[3];
    tp_operand in[TP_IN_COUNT] = {[TP_IN_X] = {.data = x->data, .strides = x->strides, .dense = x->dense}};
    in[TP_IN_B] = spread(x, axes->mask, slope->b, strides[0], &single[0]);
    in[TP_IN_Y] = spread(x, axes->mask, slope->y, strides[1], &single[1]);
    in[TP_IN_G] = spread(x, axes->mask, slope->g, strides[2], &single[2]);
    if (slope->number) {
        tp_put((tp_dtype)x->dtype, &single[0], *slope->number);
        in[TP_IN_B] = (tp_operand){.data = &single[0], .number = true};
    }
    tp_run_loop(slope->loop, tp_dtype_size((tp_dtype)x->dtype), x->rank, x->dims, x->count, grad->data, in,
                ctx->tape->threads);
    return TP_OK;
}

const tp_reduce_loops *tp_axes_loops(tp_ctx *ctx)
{
    return ctx->tape->kernels->of[tp_ctx_input(ctx, 0)->dtype]->reduce;
}

static void run_row(tp_ctx *ctx, int row, const tp_tensor *x, const tp_tensor *b, const double *number, tp_tensor *out)
{
    const tp_dtype dtype = (tp_dtype)out->dtype;
    double cell;
    tp_operand in[TP_IN_COUNT] = {[TP_IN_X] = {.data = x->data, .strides = x->strides, .dense = x->dense}};
    if (b) in[TP_IN_B] = (tp_operand){.data = b->data, .strides = b->strides, .dense = b->dense};
    if (number) {
        tp_put(dtype, &cell, *number);
        in[TP_IN_B] = (tp_operand){.data = &cell, .number = true};
    }
    tp_run_loop(ctx->tape->kernels->of[dtype]->rows[row].value, tp_dtype_size(dtype), out->rank, out->dims, out->count,
                out->data, in, ctx->tape->threads);
}

tp_tensor *tp_axes_scaled(tp_ctx *ctx, const tp_tensor *g, double c, const tp_tensor *y, tp_axes_room *room)
{
    tp_tensor *out = tp_axes_new(ctx, room);
    if (!out) return NULL;
    if (g->rank == 0) {
        const double divisor = y ? tp_get(TP_F64, y->data) : 1;
        tp_put(TP_F64, out->data, divisor == 0 ? 0 : tp_get((tp_dtype)g->dtype, g->data) * c / divisor);
        return out;
    }
    run_row(ctx, TP_ROW_muls, g, NULL, &c, out);
    if (y) run_row(ctx, TP_ROW_div_or_zero, out, y, NULL, out);
    return out;
}

tp_status tp_axes_recorded(tp_ctx *ctx, const tp_tensor *g, tp_status (*backward)(tp_ctx *ctx, tp_var g))
{
    tp_tape *tape = ctx->tape;
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = 0;
    const tp_var up = g->rank ? tp_constant_tensor(tape, tp_ref((tp_tensor *)g))
                              : tp_constant_number(tape, tp_get((tp_dtype)g->dtype, g->data));
    const tp_status status = tape->error.status == TP_OK ? backward(ctx, up) : tape->error.status;
    tape->grad_mask = mask;
    return status;
}
