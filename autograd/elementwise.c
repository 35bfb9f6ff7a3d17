/* Rows on tensors: broadcasting, the loops, and the gradients summed back to each operand's shape. */
#include "autograd/elementwise.h"

#include <string.h>

#include "autograd/give.h"
#include "kernels/compare.h"

/* Strides of an operand along the dims of the result: 0 where it is broadcast. */
static void spread(const tp_tensor *x, int rank, const int64_t *dims, int64_t strides[TP_MAX_RANK])
{
    const int missing = rank - x->rank;
    for (int i = 0; i < rank; i++) {
        const int own = i - missing;
        strides[i] = own >= 0 && !(x->dims[own] == 1 && dims[i] != 1) ? x->strides[own] : 0;
    }
}

/* What a loop runs on: its elements' dtype, its result, and storage for what its operands point at. */
typedef struct frame {
    tp_dtype dtype;
    const tp_tensor *out;
    tp_operand in[TP_IN_COUNT];
    struct {
        int64_t strides[TP_MAX_RANK];
        union {
            float f32[TP_MAX_NUMBERS];
            double f64[TP_MAX_NUMBERS];
        } number;
    } views[TP_IN_COUNT];
} frame;

static tp_dtype dtype_of(const tp_node *node)
{
    return (tp_dtype)node->value.tensor->dtype;
}

/* A comparison runs on f32, f64 or i64; where integers meet a scalar it is f64, since the scalar need not be whole. */
static tp_dtype loop_dtype(const tp_tape *tape, const tp_node *node)
{
    if (node->op->row->kind != TP_ROW_COMPARE) return dtype_of(node);
    const tp_node *x = &tape->nodes[node->a & TP_NODE_BITS];
    const tp_node *b = node->op->arity == 2 ? &tape->nodes[node->b & TP_NODE_BITS] : x;
    const bool tensors = x->a & b->a & TP_IS_TENSOR;
    const tp_dtype dtype = dtype_of(x->a & TP_IS_TENSOR ? x : b);
    if (tp_dtype_is_float(dtype)) return dtype;
    return tensors ? TP_I64 : TP_F64;
}

/* Fills only what is used: this is on the path of every small tensor. */
static void frame_of(frame *f, const tp_tape *tape, const tp_node *node, const tp_tensor *out)
{
    f->dtype = loop_dtype(tape, node);
    f->out = out;
    for (int k = 0; k < TP_IN_COUNT; k++) f->in[k] = (tp_operand){.data = NULL};
}

static void set_numbers(frame *f, int k, int n, const double *numbers, bool as_is)
{
    for (int i = 0; i < TP_MAX_NUMBERS; i++) {
        const double number = i < n ? numbers[i] : 0;
        if (f->dtype == TP_F32)
            f->views[k].number.f32[i] = (float)number;
        else
            f->views[k].number.f64[i] = number;
    }
    if (!as_is) memset(f->views[k].strides, 0, sizeof f->views[k].strides);
    f->in[k] = (tp_operand){.data = &f->views[k].number, .strides = f->views[k].strides, .number = as_is};
}

static void set_tensor(frame *f, int k, const tp_tensor *x)
{
    if (x->dense && tp_shape_equal(x->rank, x->dims, f->out->rank, f->out->dims)) {
        f->in[k] = (tp_operand){.data = x->data, .dense = true};
        return;
    }
    spread(x, f->out->rank, f->out->dims, f->views[k].strides);
    f->in[k] = (tp_operand){.data = x->data, .strides = f->views[k].strides};
}

static void set_node(frame *f, int k, const tp_tape *tape, const tp_node *node, bool mask)
{
    if (!(node->a & TP_IS_TENSOR)) {
        const double number = mask ? node->value.number != 0 : node->value.number;
        set_numbers(f, k, 1, &number, false);
        return;
    }
    const tp_dtype dtype = dtype_of(node);
    set_tensor(f, k, node->value.tensor);
    if (dtype == f->dtype) return;
    const tp_compare_loops *loops = tape->kernels->compare[f->dtype];
    f->in[k].convert = (mask ? loops->truth : loops->value)[dtype];
    f->in[k].size = tp_dtype_size(dtype);
}

/* Fills the places of the operands and of the plain numbers. */
static void set_operands(frame *f, const tp_tape *tape, const tp_node *node)
{
    const tp_row *row = node->op->row;
    for (int k = 0; k < node->op->arity; k++)
        set_node(f, k, tape, &tape->nodes[tp_input_of(node, (uint32_t)k)], row->mask && k == 0);
    if (row->kind == TP_ROW_NUMBER)
        set_numbers(f, TP_IN_B, 1, &node->extra.number, true);
    else if (row->kind == TP_ROW_NUMBERS)
        set_numbers(f, TP_IN_B, row->numbers_count, node->extra.numbers, true);
}

static void run(const tp_tape *tape, tp_loop *loop, const frame *f)
{
    const tp_tensor *out = f->out;
    tp_run_loop_to(loop, tp_dtype_size(f->dtype), tp_dtype_size((tp_dtype)out->dtype), out->rank, out->dims, out->count,
                   out->data, f->in, tape->threads);
}

/* Elements up to which a frame would cost more than a test whether it is needed, and up to which a mask is converted on
   the stack. */
enum { SMALL = 4096, FEW = 64 };

static bool lies_as(const tp_tensor *x, const tp_tensor *out, bool any_dtype)
{
    return x->dense && (any_dtype || x->dtype == out->dtype) && tp_shape_equal(x->rank, x->dims, out->rank, out->dims);
}

/* Room beside the operands: plain numbers in f32, a mask in the loop's type. */
typedef struct side {
    float narrow[TP_MAX_NUMBERS];
    double mask[FEW];
} side;

/* The short way of small tensors: what the loop reads where each operand lies as the result does. False where a frame
   is needed. */
static bool direct(const tp_tape *tape, const tp_node *node, const tp_tensor *out, side *room, const void **in)
{
    const tp_row *row = node->op->row;
    if (out->count > SMALL || (row->mask && out->count > FEW) || row->kind == TP_ROW_COMPARE) return false;
    for (int k = 0; k < node->op->arity; k++) {
        const tp_node *x = &tape->nodes[tp_input_of(node, (uint32_t)k)];
        const bool mask = row->mask && k == 0;
        if (!(x->a & TP_IS_TENSOR) || !lies_as(x->value.tensor, out, mask)) return false;
        in[k] = x->value.tensor->data;
        if (!mask || x->value.tensor->dtype == out->dtype) continue;
        tape->kernels->compare[out->dtype]->truth[x->value.tensor->dtype](out->count, room->mask, in[k]);
        in[k] = room->mask;
    }
    for (int k = node->op->arity; k < TP_IN_COUNT; k++) in[k] = in[0];
    if (row->numbers_count == 0) return true;
    const double *numbers = row->kind == TP_ROW_NUMBERS ? node->extra.numbers : &node->extra.number;
    for (int k = 0; k < row->numbers_count; k++) room->narrow[k] = (float)numbers[k];
    in[TP_IN_B] = out->dtype == TP_F32 ? (const void *)room->narrow : (const void *)numbers;
    return true;
}

void tp_elementwise_compute(const tp_tape *tape, const tp_node *node)
{
    const tp_row *row = node->op->row;
    side room;
    const void *in[TP_IN_COUNT];
    tp_tensor *y = node->value.tensor;
    if (direct(tape, node, y, &room, in)) {
        tape->kernels->of[y->dtype]->rows[row->index].value(y->count, y->data, in);
        return;
    }
    frame f;
    frame_of(&f, tape, node, node->value.tensor);
    set_operands(&f, tape, node);
    run(tape,
        row->kind == TP_ROW_COMPARE ? tape->kernels->compare[f.dtype]->row[row->index]
                                    : tape->kernels->of[f.dtype]->rows[row->index].value,
        &f);
}

tp_status tp_elementwise_forward(tp_ctx *ctx)
{
    tp_elementwise_compute(ctx->tape, &ctx->tape->nodes[ctx->node]);
    return TP_OK;
}

/* ---- differentiating ---- */

/* The plain numbers of a node; `one` is room for a single one. */
static const double *numbers_of(const tp_node *node, double *one)
{
    if (node->op->row->kind == TP_ROW_NUMBERS) return node->extra.numbers;
    *one = node->op->row->kind == TP_ROW_NUMBER ? node->extra.number : 0;
    return one;
}

tp_var tp_elementwise_recorded(tp_ctx *ctx, int k, tp_var g)
{
    const tp_node node = ctx->tape->nodes[ctx->node];
    double one;
    const double *numbers = numbers_of(&node, &one);
    tp_var x[TP_ROW_OPERANDS];
    for (int i = 0; i < TP_ROW_OPERANDS; i++) x[i] = tp_ctx_input_var(ctx, i < ctx->op->arity ? i : 0);
    return ctx->op->row->recorded[k](g, x, tp_ctx_output_var(ctx, 0), numbers);
}

tp_status tp_elementwise_backward(tp_ctx *ctx, tp_var g)
{
    for (int i = 0; i < ctx->op->arity; i++) {
        if (!tp_ctx_needs(ctx, i) || ctx->op->row->none[i]) continue;
        const tp_status status = tp_give(ctx, i, tp_elementwise_recorded(ctx, i, g));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

void tp_elementwise_slope(const tp_tape *tape, uint32_t at, int i, const tp_node *g, tp_tensor *out)
{
    const tp_node *node = &tape->nodes[at];
    tp_loop *const loop = tape->kernels->of[out->dtype]->rows[node->op->row->index].slope[i];
    side room;
    const void *in[TP_IN_COUNT];
    const bool like = g->a & TP_IS_TENSOR && lies_as(g->value.tensor, out, false) && node->value.tensor->dense;
    if (like && direct(tape, node, out, &room, in)) {
        in[TP_IN_Y] = node->value.tensor->data;
        in[TP_IN_G] = g->value.tensor->data;
        loop(out->count, out->data, in);
        return;
    }
    frame f;
    frame_of(&f, tape, node, out);
    set_operands(&f, tape, node);
    set_tensor(&f, TP_IN_Y, node->value.tensor);
    set_node(&f, TP_IN_G, tape, g, false);
    run(tape, loop, &f);
}

void tp_elementwise_product(const tp_tape *tape, const tp_node *g, const tp_tensor *slope, tp_tensor *out)
{
    frame f;
    const bool like = g->a & TP_IS_TENSOR && lies_as(g->value.tensor, out, false) && lies_as(slope, out, false);
    tp_loop *const loop = tape->kernels->of[out->dtype]->rows[TP_ROW_mul_masked].value;
    if (like && out->count <= SMALL) {
        loop(out->count, out->data, (const void *[TP_IN_COUNT]){g->value.tensor->data, slope->data});
        return;
    }
    f.dtype = (tp_dtype)out->dtype;
    f.out = out;
    for (int k = 0; k < TP_IN_COUNT; k++) f.in[k] = (tp_operand){.data = NULL};
    set_node(&f, TP_IN_X, tape, g, false);
    set_tensor(&f, TP_IN_B, slope);
    run(tape, loop, &f);
}

enum { PIECE = 512 }; /* elements of a slope that is made on the stack, to be added */

/* The slope of operand i times g, added to `out`, piece by piece. False where an operand does not lie as `out` does. */
static bool add_slope(const tp_tape *tape, const tp_node *node, int i, const tp_tensor *g, tp_tensor *out)
{
    const tp_float_loops *loops = tape->kernels->of[out->dtype];
    tp_loop *const loop = loops->rows[node->op->row->index].slope[i];
    const size_t size = tp_dtype_size((tp_dtype)out->dtype);
    side room;
    double piece[PIECE];
    const void *in[TP_IN_COUNT];
    if (!lies_as(g, out, false) || !node->value.tensor->dense || !direct(tape, node, out, &room, in)) return false;
    in[TP_IN_Y] = node->value.tensor->data;
    in[TP_IN_G] = g->data;
    const int plain = node->op->row->numbers_count ? TP_IN_B : TP_IN_COUNT; /* where plain numbers are */
    for (int64_t at = 0; at < out->count; at += PIECE) {
        const int64_t n = out->count - at < PIECE ? out->count - at : PIECE;
        loop(n, piece, in);
        loops->add(n, out->data + (size_t)at * size, piece);
        for (int k = 0; k < TP_IN_COUNT; k++)
            if (k != plain) in[k] = (const char *)in[k] + (size_t)n * size;
    }
    return true;
}

static tp_status gradient_of(tp_ctx *ctx, int i, const tp_tensor *g)
{
    tp_tape *tape = ctx->tape;
    if (ctx->op->row->through[i]) return tp_ctx_pass(ctx, i, g);
    const tp_node *target = &tape->nodes[ctx->inputs[i]];
    const tp_tensor *y = tape->nodes[ctx->node].value.tensor;
    const bool same = target->a & TP_IS_TENSOR &&
                      tp_shape_equal(target->value.tensor->rank, target->value.tensor->dims, y->rank, y->dims);
    bool add = false;
    tp_tensor *own = same ? tp_ctx_grad(ctx, i, &add) : NULL;
    if (same && !own) return tape->error.status;
    if (add && add_slope(tape, &tape->nodes[ctx->node], i, g, own)) return TP_OK;
    tp_tensor *out = own && !add ? own : tp_new_tensor(tape, (tp_dtype)y->dtype, y->rank, y->dims, ctx->op->name);
    if (!out) return tape->error.status;
    tp_elementwise_slope(tape, ctx->node, i, &(tp_node){.a = TP_IS_TENSOR, .value.tensor = (tp_tensor *)g}, out);
    if (out == own) return TP_OK;
    const tp_status status = tp_slot_add(tape, ctx->inputs[i], out);
    tp_unref(tape, out);
    return status;
}

tp_status tp_elementwise_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    tp_status status = TP_OK;
    for (int i = 0; i < ctx->op->arity && status == TP_OK; i++)
        if (tp_ctx_needs(ctx, i) && !ctx->op->row->none[i]) status = gradient_of(ctx, i, g);
    return status;
}
