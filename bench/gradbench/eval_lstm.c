/* lstm: the loss of a recurrent network of l layers of b units whose weights are diagonal, on a sequence of c vectors:
   forget and output gate of a layer see what comes into it, input gate and candidate its own last output.

   Layer i at time t needs layer i - 1 at time t and itself at time t - 1. So all layers can step at once, each a time
   behind the one below it: wave s takes layer i to time s - i. A wave works on tensors of (l, b); the program is
   recorded once and replayed. */
#include <math.h>
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

enum { IN, FORGET, CHANGE, OUT, GATES }; /* the order of tp_lstm_step; the input has forget, in, out, change */

typedef struct lstm {
    tp_tape *tape;
    int64_t l, b, c;
    tp_tensor *main, *extra;            /* (2 l, 4 b): of each layer weights, then biases; (3, b): in, out, out bias */
    tp_tensor *state, *sequence;        /* (2 l, b): of each layer h, then c; (c, b) */
    tp_tensor *order, *seen, **started; /* indices: see below */
    tp_var *waves;                      /* every layer's output behind each wave */
    tp_var params[2], loss;
} lstm;

/* ---- the network ---- */

/* Row `which` of two for each layer, of (l, 2, ...). */
static tp_var of_layers(tp_var x, int64_t which)
{
    return tp_squeeze(tp_slice(x, 1, which, which + 1, 1), TP_AXES(1));
}

/* (2 l, 4 b): weights or biases as (4 l, b), a gate of all layers after the other. */
static tp_var gates(const lstm *p, tp_var main, int64_t which)
{
    const tp_var by_layer = of_layers(tp_reshape(main, TP_DIMS(p->l, 2, GATES, p->b)), which);
    const tp_var by_gate = tp_index_select(tp_transpose(by_layer, 0, 1), 0, tp_data(p->tape, p->order));
    return tp_reshape(by_gate, TP_DIMS(GATES * p->l, p->b));
}

/* The outputs of the last layer at times 0 .. c - 2: (c - 1, b). */
static tp_var outputs(const lstm *p, tp_var main, tp_var inputs)
{
    const tp_var weights = gates(p, main, 0), biases = gates(p, main, 1), seen = tp_data(p->tape, p->seen);
    const tp_var state = tp_reshape(tp_data(p->tape, p->state), TP_DIMS(p->l, 2, p->b));
    const int64_t times = p->c - 1, last = p->l - 1;
    tp_var h = of_layers(state, 0), c = of_layers(state, 1), next_h, next_c;
    for (int64_t wave = 0; wave < times + last; wave++) {
        const int64_t time = wave < times ? wave : times - 1; /* past the end nobody asks for the first layers */
        const tp_var below[2] = {tp_slice(inputs, 0, time, time + 1, 1), h};
        const tp_var x = tp_index_select(tp_concat(below, 2, 0), 0, seen);
        tp_lstm_step(tp_fma(weights, x, biases), c, 0, &next_h, &next_c);
        if (wave < last) { /* layers above have not begun */
            const tp_var begun = tp_data(p->tape, p->started[wave]);
            next_h = tp_where(begun, next_h, h), next_c = tp_where(begun, next_c, c);
        }
        p->waves[wave] = h = next_h, c = next_c;
    }
    return of_layers(tp_stack(p->waves + last, (int)times, 0), last);
}

static tp_var loss(const lstm *p, tp_var main, tp_var extra)
{
    const tp_var sequence = tp_data(p->tape, p->sequence), target = tp_slice(sequence, 0, 1, TP_END, 1);
    const tp_var in = tp_slice(extra, 0, 0, 1, 1), out = tp_slice(extra, 0, 1, 2, 1),
                 bias = tp_slice(extra, 0, 2, 3, 1);
    const tp_var y = tp_fma(outputs(p, main, tp_mul(sequence, in)), out, bias);
    const tp_var total = tp_log(tp_adds(tp_sum_axes(tp_exp(y), TP_AXES(1), true), 2));
    return tp_muls(tp_sum(tp_mul(target, tp_sub(y, total))), -1 / (double)(p->b * (p->c - 1)));
}

static tp_status lstm_prepare(void *problem, int function, tp_error *error)
{
    lstm *p = problem;
    const bool was = tp_tape_set_grad(p->tape, function == 1);
    p->params[0] = tp_leaf(p->tape, p->main);
    p->params[1] = tp_leaf(p->tape, p->extra);
    p->loss = loss(p, p->params[0], p->params[1]);
    tp_tape_set_grad(p->tape, was);
    return gb_tape_status(p->tape, error);
}

static tp_status lstm_run(void *problem, int function, tp_error *error)
{
    lstm *p = problem;
    tp_replay(p->tape, 0);
    if (function == 1) tp_backward(p->loss);
    if (!isfinite(tp_item(p->loss))) return gb_fail(error, TP_E_NUMERIC, "the loss is NaN or infinite");
    return gb_tape_status(p->tape, error);
}

/* ---- the eval ---- */

static tp_tensor *integers(int64_t n, const int64_t *values)
{
    return tp_tensor_from(TP_I64, TP_DIMS(n), values);
}

/* order: where in the input each gate stands. seen: of the rows (input, layer 0, ..., layer l - 1), what each gate of
   each layer sees: the row below its own, or its own. started[wave]: 1 for layers 0 .. wave. */
static bool make_indices(lstm *p)
{
    static const int64_t order[GATES] = {[IN] = 1, [FORGET] = 0, [CHANGE] = 3, [OUT] = 2};
    p->order = integers(GATES, order);
    p->seen = tp_tensor_new(TP_I64, TP_DIMS(GATES * p->l));
    p->waves = malloc((size_t)(p->c + p->l) * sizeof *p->waves);
    p->started = calloc((size_t)p->l, sizeof *p->started);
    int64_t *seen = tp_tensor_data(p->seen);
    bool good = p->order && seen && p->waves && p->started;
    for (int64_t i = 0; i < p->l && good; i++)
        for (int gate = 0; gate < GATES; gate++) seen[gate * p->l + i] = gate == IN || gate == CHANGE ? i + 1 : i;
    for (int64_t wave = 0; wave < p->l && good; wave++) {
        p->started[wave] = tp_tensor_new(TP_U8, TP_DIMS(p->l, 1));
        uint8_t *begun = tp_tensor_data(p->started[wave]);
        good = begun != NULL;
        for (int64_t i = 0; i <= wave && good; i++) begun[i] = 1;
    }
    return good;
}

static void lstm_free(void *problem)
{
    lstm *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    tp_tensor *const all[] = {p->main, p->extra, p->state, p->sequence, p->order, p->seen};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tp_tensor_release(all[i]);
    for (int64_t i = 0; i < p->l && p->started; i++) tp_tensor_release(p->started[i]);
    free(p->started);
    free(p->waves);
    free(p);
}

static bool read_all(lstm *p, const json_t *input, tp_error *error)
{
    int64_t main[2] = {-1, -1}, sequence[2] = {-1, -1};
    if (!(p->main = gb_read_tensor(input, "main_params", TP_F64, 2, main, error))) return false;
    if (main[0] < 2 || main[0] % 2 || main[0] > 2000 || main[1] < 4 || main[1] % 4)
        return gb_fail(error, TP_E_SHAPE, "\"main_params\" is not 2 l by 4 b"), false;
    p->l = main[0] / 2, p->b = sequence[1] = main[1] / 4;
    p->extra = gb_read_tensor(input, "extra_params", TP_F64, 2, (int64_t[]){3, p->b}, error);
    if (p->extra) p->state = gb_read_tensor(input, "state", TP_F64, 2, (int64_t[]){2 * p->l, p->b}, error);
    if (p->state) p->sequence = gb_read_tensor(input, "sequence", TP_F64, 2, sequence, error);
    if (!p->sequence) return false;
    p->c = sequence[0];
    return p->c > 1 || (gb_fail(error, TP_E_SHAPE, "\"sequence\" is shorter than 2"), false);
}

static void *lstm_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    lstm *p = calloc(1, sizeof *p);
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK && read_all(p, input, error)) {
        if (make_indices(p)) return p;
        gb_fail(error, TP_E_MEMORY, "no memory for the problem");
    }
    lstm_free(p);
    return NULL;
}

static void lstm_write(const void *problem, int function, gb_text *out)
{
    const lstm *p = problem;
    if (function == 0) {
        gb_put_var(out, p->loss);
        return;
    }
    gb_put_char(out, '[');
    for (int i = 0; i < 2; i++) {
        const tp_tensor *gradient = tp_grad(p->params[i]);
        for (int64_t k = 0; k < tp_tensor_count(gradient); k++) {
            if (i || k) gb_put_char(out, ',');
            gb_put_number(out, tp_tensor_item(gradient, k));
        }
    }
    gb_put_char(out, ']');
}

static const tp_tape *lstm_tape(const void *problem)
{
    return ((const lstm *)problem)->tape;
}

const gb_eval gb_lstm = {
    .name = "lstm",
    .functions = {{"objective", "replayed"}, {"jacobian", "replayed"}},
    .parse = lstm_parse,
    .prepare = lstm_prepare,
    .run = lstm_run,
    .write = lstm_write,
    .tape = lstm_tape,
    .free = lstm_free,
};
