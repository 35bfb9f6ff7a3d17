/* Recurrent networks over a whole sequence, a layer and a direction a node. The products with x are one for all steps;
   then step by step the product with the state is added and the cell's loop runs over the rows of the batch. h_n and
   c_n are the state while it runs. The rule in numbers is in recurrent_gradient.c, the recorded one in
   recurrent_recorded.c. */
#include "ops/recurrent.h"

#include <string.h>

enum { X = TP_RECURRENT_X, W_IH, W_HH, B_IH, B_HH };

tp_recurrent tp_recurrent_of(tp_ctx *ctx)
{
    const tp_recurrent_call *call = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, X), *w = tp_ctx_input(ctx, W_HH);
    const int after = call->bias ? B_HH + 1 : B_IH;
    const bool lstm = call->cell == TP_CELL_LSTM;
    return (tp_recurrent){.call = call,
                          .steps = x->dims[0],
                          .batch = x->dims[1],
                          .in = x->dims[2],
                          .units = w->dims[1],
                          .wide = w->dims[0],
                          .h0 = call->state ? after : -1,
                          .c0 = call->state && lstm ? after + 1 : -1,
                          .lengths = call->lengths ? tp_ctx_count(ctx) - 1 : -1};
}

/* ---- shape ---- */

static int expected_count(const tp_recurrent_call *call)
{
    const int states = call->cell == TP_CELL_LSTM ? 2 : 1;
    return 3 + (call->bias ? 2 : 0) + (call->state ? states : 0) + (call->lengths ? 1 : 0);
}

static tp_status check_weights(tp_ctx *ctx)
{
    const tp_recurrent_call *call = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, X), *wi = tp_ctx_input(ctx, W_IH), *wh = tp_ctx_input(ctx, W_HH);
    const int64_t gates = tp_cell_gates(call->cell);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT], c[TP_SHAPE_TEXT];
    const bool fits = x->rank == 3 && wi->rank == 2 && wh->rank == 2 && wi->dims[1] == x->dims[2] &&
                      wi->dims[0] == wh->dims[0] && wh->dims[0] / gates == wh->dims[1] && wh->dims[0] % gates == 0;
    if (!fits)
        return tp_ctx_fail(
            ctx, TP_E_SHAPE, "x %s, weight_ih %s, weight_hh %s do not fit: needs (T, B, in), (%s, in), (%s, H)",
            tp_tensor_text(a, x), tp_tensor_text(b, wi), tp_tensor_text(c, wh),
            gates == 4 ? "4 H" : (gates == 3 ? "3 H" : "H"), gates == 4 ? "4 H" : (gates == 3 ? "3 H" : "H"));
    for (int i = B_IH; i <= B_HH && call->bias; i++) {
        const tp_tensor *bias = tp_ctx_input(ctx, i);
        if (bias->rank != 1 || bias->dims[0] != wh->dims[0])
            return tp_ctx_fail(ctx, TP_E_SHAPE, "bias_%s is %s, not (%lld)", i == B_IH ? "ih" : "hh",
                               tp_tensor_text(a, bias), (long long)wh->dims[0]);
    }
    return TP_OK;
}

static tp_status check_state(tp_ctx *ctx, const tp_recurrent *r)
{
    char text[TP_SHAPE_TEXT];
    const int places[2] = {r->h0, r->c0};
    for (int i = 0; i < 2; i++) {
        if (places[i] < 0) continue;
        const tp_tensor *s = tp_ctx_input(ctx, places[i]);
        if (s->rank != 2 || s->dims[0] != r->batch || s->dims[1] != r->units)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "%s0 is %s, not (%lld,%lld)", i ? "c" : "h", tp_tensor_text(text, s),
                               (long long)r->batch, (long long)r->units);
    }
    if (r->lengths < 0) return TP_OK;
    const tp_tensor *lengths = tp_ctx_input(ctx, r->lengths);
    if (lengths->rank != 1 || lengths->dims[0] != r->batch)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "lengths are %s, not (%lld)", tp_tensor_text(text, lengths),
                           (long long)r->batch);
    return tp_need_integers(ctx, r->lengths, "lengths");
}

static tp_status save(tp_ctx *ctx, const tp_recurrent *r, tp_dtype dtype)
{
    tp_recurrent_saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    s->gates = tp_ctx_save_tensor(ctx, dtype, 3, (int64_t[]){r->steps, r->batch, r->wide});
    if (!s->gates) return TP_E_MEMORY;
    if (r->call->cell == TP_CELL_LSTM || r->call->cell == TP_CELL_GRU) {
        s->kept = tp_ctx_save_tensor(ctx, dtype, 3, (int64_t[]){r->steps, r->batch, r->units});
        if (!s->kept) return TP_E_MEMORY;
    }
    if (r->lengths >= 0) s->lengths = tp_ctx_save_tensor(ctx, TP_I64, 1, &r->batch);
    return r->lengths < 0 || s->lengths ? TP_OK : TP_E_MEMORY;
}

static tp_status recurrent_shape(tp_ctx *ctx)
{
    const tp_recurrent_call *call = tp_ctx_attributes(ctx);
    if (tp_ctx_count(ctx) != expected_count(call))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "takes %d operands, not %d", expected_count(call), tp_ctx_count(ctx));
    tp_status status = check_weights(ctx);
    if (status != TP_OK) return status;
    const tp_recurrent r = tp_recurrent_of(ctx);
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        if (i == r.lengths) continue;
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
    }
    status = check_state(ctx, &r);
    const tp_dtype dtype = (tp_dtype)tp_ctx_input(ctx, X)->dtype;
    if (status == TP_OK) status = save(ctx, &r, dtype);
    if (status == TP_OK) status = tp_ctx_result(ctx, 0, dtype, 3, (int64_t[]){r.steps, r.batch, r.units});
    for (int k = 1; k < ctx->op->results && status == TP_OK; k++)
        status = tp_ctx_result(ctx, k, dtype, 2, (int64_t[]){r.batch, r.units});
    return status;
}

/* ---- forward ---- */

static tp_status read_lengths(tp_ctx *ctx, const tp_recurrent *r)
{
    if (r->lengths < 0) return TP_OK;
    const tp_tensor *lengths = tp_ctx_input(ctx, r->lengths);
    int64_t *to = (int64_t *)(void *)((tp_recurrent_saved *)tp_ctx_saved(ctx))->lengths->data;
    for (int64_t b = 0; b < r->batch; b++) {
        const double length = tp_tensor_item(lengths, b);
        if (!(length >= 0 && length <= (double)r->steps))
            return tp_ctx_fail(ctx, TP_E_INDEX, "length %lld is %.17g, not in 0..%lld", (long long)b, length,
                               (long long)r->steps);
        to[b] = (int64_t)length;
    }
    return TP_OK;
}

/* `rows` rows, each the bias; nothing where there is none. */
static void spread(const tp_tensor *bias, int64_t rows, tp_dtype dtype, char *out)
{
    const int64_t dims[2] = {rows, bias->dims[0]}, to[2] = {bias->dims[0], 1}, from[2] = {0, bias->strides[0]};
    tp_copy(2, dims, dtype, out, to, dtype, bias->data, from);
}

/* gates = x W_ih^T + b_ih, and + b_hh where that is no matter of the state's sums alone. */
static tp_status project(tp_ctx *ctx, const tp_recurrent *r, const tp_tensor *w)
{
    const tp_tensor *x = tp_ctx_dense(ctx, X);
    if (!x) return TP_E_MEMORY;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t rows = r->steps * r->batch;
    tp_tensor *gates = ((tp_recurrent_saved *)tp_ctx_saved(ctx))->gates;
    if (r->call->bias) {
        tp_tensor *sum = tp_new_tensor(ctx->tape, dtype, 1, &r->wide, ctx->op->name);
        if (!sum) return TP_E_MEMORY;
        spread(tp_ctx_input(ctx, B_IH), 1, dtype, sum->data);
        const tp_tensor *b = tp_ctx_dense(ctx, B_HH);
        if (b && r->call->cell != TP_CELL_GRU) ctx->tape->kernels->of[dtype]->add(r->wide, sum->data, b->data);
        spread(sum, rows, dtype, gates->data);
        tp_unref(ctx->tape, sum);
        if (!b) return TP_E_MEMORY;
    }
    const tp_gemm_args args = {rows,    r->wide, r->in, x->data,     r->in,   1,
                               w->data, 1,       r->in, gates->data, r->wide, r->call->bias};
    return tp_multiply(ctx->tape, dtype, &args);
}

/* A result of (B, H) begins as an operand, or as zeros. */
static void begin(tp_ctx *ctx, tp_tensor *state, int operand)
{
    const tp_dtype dtype = (tp_dtype)state->dtype;
    if (operand < 0) {
        tp_fill(state->count, dtype, state->data, 0);
        return;
    }
    const tp_tensor *from = tp_ctx_input(ctx, operand);
    tp_copy(2, state->dims, dtype, state->data, state->strides, dtype, from->data, from->strides);
}

/* The rows of step t; `sums` is the GRU's. */
static void run_rows(tp_ctx *ctx, const tp_recurrent *r, int64_t t, const char *sums)
{
    const tp_recurrent_saved *s = tp_ctx_saved(ctx);
    const tp_tensor *y = tp_ctx_output(ctx, 0), *h = tp_ctx_output(ctx, 1);
    const tp_tensor *c = ctx->op->results > 2 ? tp_ctx_output(ctx, 2) : NULL;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)y->dtype), unit = r->units * size, wide = r->wide * size;
    const int64_t *lengths = s->lengths ? (const int64_t *)(const void *)s->lengths->data : NULL;
    const tp_cell_loops *cell = &ctx->tape->kernels->of[y->dtype]->cells[r->call->cell];
    for (int64_t b = 0; b < r->batch; b++) {
        const int64_t at = t * r->batch + b;
        if (lengths && t >= lengths[b]) {
            memset(y->data + at * unit, 0, (size_t)unit);
            continue;
        }
        cell->step(r->units, &(tp_cell_step){.gates = s->gates->data + at * wide,
                                             .sums = sums ? sums + b * wide : NULL,
                                             .kept = s->kept ? s->kept->data + at * unit : NULL,
                                             .h = h->data + b * unit,
                                             .c = c ? c->data + b * unit : NULL,
                                             .y = y->data + at * unit});
    }
}

/* All steps; the GRU's product with the state goes to `sums` and not to the gates. */
static tp_status run_steps(tp_ctx *ctx, const tp_recurrent *r, const tp_tensor *w, tp_tensor *sums)
{
    const tp_tensor *gates = ((tp_recurrent_saved *)tp_ctx_saved(ctx))->gates, *h = tp_ctx_output(ctx, 1);
    const tp_dtype dtype = (tp_dtype)h->dtype;
    const int64_t slab = r->batch * r->wide * (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < r->steps; i++) {
        const int64_t t = tp_recurrent_step(r, i);
        char *to = sums ? sums->data : gates->data + t * slab;
        if (sums && r->call->bias) spread(tp_ctx_input(ctx, B_HH), r->batch, dtype, to);
        const tp_gemm_args args = {r->batch, r->wide, r->units, h->data, r->units, 1,
                                   w->data,  1,       r->units, to,      r->wide,  !sums || r->call->bias};
        if (tp_multiply(ctx->tape, dtype, &args) != TP_OK) return TP_E_MEMORY;
        run_rows(ctx, r, t, sums ? to : NULL);
    }
    return TP_OK;
}

static tp_status recurrent_forward(tp_ctx *ctx)
{
    const tp_recurrent r = tp_recurrent_of(ctx);
    tp_status status = read_lengths(ctx, &r);
    if (status != TP_OK || r.batch * r.units == 0) return status;
    const tp_tensor *wi = tp_ctx_dense(ctx, W_IH), *wh = tp_ctx_dense(ctx, W_HH);
    begin(ctx, tp_ctx_output(ctx, 1), r.h0);
    if (ctx->op->results > 2) begin(ctx, tp_ctx_output(ctx, 2), r.c0);
    if (!wi || !wh) return TP_E_MEMORY;
    if (r.steps == 0) return TP_OK;
    status = project(ctx, &r, wi);
    tp_tensor *sums = NULL;
    if (status == TP_OK && r.call->cell == TP_CELL_GRU) {
        sums = tp_new_tensor(ctx->tape, (tp_dtype)wh->dtype, 2, (int64_t[]){r.batch, r.wide}, ctx->op->name);
        if (!sums) return TP_E_MEMORY;
    }
    if (status == TP_OK) status = run_steps(ctx, &r, wh, sums);
    tp_done(ctx->tape, sums);
    return status;
}

/* ---- pattern ---- */

/* Rows of the batch stay apart, and a step depends on those before it; everything depends on the weights. */
static tp_status recurrent_pattern(tp_ctx *ctx)
{
    const tp_recurrent r = tp_recurrent_of(ctx);
    static const int sequence[2][TP_MAX_RANK] = {{0, 1, -1}, {1, -1}}, state[2][TP_MAX_RANK] = {{-1, 0, -1}, {0, -1}};
    static const int nowhere[TP_MAX_RANK] = {-1, -1, -1};
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx) && status == TP_OK; i++) {
        if (i == r.lengths || !tp_pattern_operand(ctx, i)) continue;
        if (i == X) status = tp_pattern_prefix(ctx, 0, r.call->reverse);
        const bool is_state = r.h0 >= 0 && i >= r.h0;
        for (int k = 0; k < ctx->op->results && status == TP_OK; k++)
            status = tp_pattern_to(ctx, k, i == X ? sequence[k > 0] : (is_state ? state[k > 0] : nowhere));
    }
    return status;
}

/* ---- the ops ---- */

#define CLOSURES                                                                                                       \
    .arity = TP_VARIADIC, .structure = TP_DENSE, .attributes = sizeof(tp_recurrent_call),                              \
    .pattern = recurrent_pattern, .shape = recurrent_shape, .forward = recurrent_forward,                              \
    .backward = tp_recurrent_backward, .gradient = tp_recurrent_gradient, .workspace = tp_recurrent_workspace
#define SHAPES(gates, state)                                                                                           \
    "x: (T, B, in), weight_ih: (" gates "H, in), weight_hh: (" gates "H, H), biases: (" gates "H) or none, " state     \
    ": (B, H) or none, lengths: (B) or none -> (T, B, H), the state (B, H)"
#define EDGES "past a row's length the output is 0 and the state stays; T = 0 gives the state as it came"

const tp_op tp_op_rnn = {
    TP_OP_HEAD, .name = "rnn", .results = 2, CLOSURES,
    .text = {.formula = "h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu, step by step",
             .derivative = "step by step back: da = (g + dh) slope, dh = W_hh^T da, dx = W_ih^T da; dW_ih = sum of da "
                           "x^T, dW_hh = sum of da h^T, db = sum of da",
             .shapes = SHAPES("", "h0"),
             .edges = EDGES}};

const tp_op tp_op_lstm = {
    TP_OP_HEAD, .name = "lstm", .results = 3, CLOSURES,
    .text = {
        .formula = "c' = f * c + i * g, h' = o * tanh(c'), with i, f, o = sigma and g = tanh of the parts of W_ih x "
                   "+ b_ih + W_hh h + b_hh, step by step",
        .derivative = "step by step back: d = dc + (g + dh) o (1 - tanh(c')^2), of the gates' sums da = d g i (1 - "
                      "i), d c f (1 - f), d i (1 - g^2), (g + dh) tanh(c') o (1 - o); dc = d f, dh = W_hh^T da, "
                      "the weights as for rnn",
        .shapes = SHAPES("4 ", "h0 and c0"),
        .edges = EDGES}};

const tp_op tp_op_gru = {
    TP_OP_HEAD, .name = "gru", .results = 2, CLOSURES,
    .text = {.formula = "h' = (1 - z) * n + z * h, with r = sigma(a_r + s_r), z = sigma(a_z + s_z), n = tanh(a_n + r * "
                        "s_n), a = W_ih x + b_ih, s = W_hh h + b_hh, step by step",
             .derivative = "step by step back, with e = g + dh: da_n = e (1 - z)(1 - n^2), da_z = e (h - n) z (1 - z), "
                           "da_r = da_n s_n r (1 - r), ds as da but ds_n = da_n r; dh = e z + W_hh^T ds, the weights "
                           "as for rnn",
             .shapes = SHAPES("3 ", "h0"),
             .edges = EDGES}};

/* ---- the calls ---- */

static tp_status record(const tp_op *op, tp_recurrent_call call, tp_var x, const tp_var state[2],
                        const tp_recurrent_weights *w, const tp_recurrent_options *o, tp_var *const *results)
{
    static const tp_recurrent_options defaults;
    tp_var all[3] = {tp_poison(x.tape), tp_poison(x.tape), tp_poison(x.tape)}, inputs[8];
    int n = 0;
    for (int k = 0; k < op->results; k++)
        if (results[k]) *results[k] = all[k];
    if (!x.tape) return TP_E_ARGUMENT;
    if (!w) return tp_tape_fail(x.tape, TP_E_ARGUMENT, "tp_%s: weights are NULL", op->name);
    if (!o) o = &defaults;
    const bool lstm = call.cell == TP_CELL_LSTM;
    if (!w->bias_ih.tape != !w->bias_hh.tape)
        return tp_tape_fail(x.tape, TP_E_ARGUMENT, "tp_%s: one bias without the other", op->name);
    if (lstm && !state[0].tape != !state[1].tape)
        return tp_tape_fail(x.tape, TP_E_ARGUMENT, "tp_lstm: one of h0 and c0 without the other");
    call.reverse = o->reverse;
    call.bias = w->bias_ih.tape;
    call.state = state[0].tape;
    call.lengths = o->lengths.tape;
    inputs[n++] = x;
    inputs[n++] = w->weight_ih;
    inputs[n++] = w->weight_hh;
    if (call.bias) inputs[n++] = w->bias_ih, inputs[n++] = w->bias_hh;
    if (call.state) inputs[n++] = state[0];
    if (call.state && lstm) inputs[n++] = state[1];
    if (call.lengths) inputs[n++] = o->lengths;
    const tp_status status = tp_apply_all(op, inputs, n, &call, all);
    for (int k = 0; k < op->results; k++)
        if (results[k]) *results[k] = all[k];
    return status;
}

tp_status tp_rnn(tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options,
                 tp_var *y, tp_var *h_n)
{
    const tp_recurrent_call call = {.cell = options && options->relu ? TP_CELL_RELU : TP_CELL_TANH};
    return record(&tp_op_rnn, call, x, (tp_var[]){h0, tp_none()}, weights, options, (tp_var *[]){y, h_n});
}

tp_status tp_lstm(tp_var x, tp_var h0, tp_var c0, const tp_recurrent_weights *weights,
                  const tp_recurrent_options *options, tp_var *y, tp_var *h_n, tp_var *c_n)
{
    const tp_recurrent_call call = {.cell = TP_CELL_LSTM};
    return record(&tp_op_lstm, call, x, (tp_var[]){h0, c0}, weights, options, (tp_var *[]){y, h_n, c_n});
}

tp_status tp_gru(tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options,
                 tp_var *y, tp_var *h_n)
{
    const tp_recurrent_call call = {.cell = TP_CELL_GRU};
    return record(&tp_op_gru, call, x, (tp_var[]){h0, tp_none()}, weights, options, (tp_var *[]){y, h_n});
}
