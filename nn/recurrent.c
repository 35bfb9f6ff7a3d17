/* Recurrent layers and cells: the ops on parameters under PyTorch's names. */
#include <math.h>
#include <stdio.h>

#include "autograd/scope.h"
#include "nn/layer.h"

typedef enum cell { RNN, LSTM, GRU } cell;

typedef struct recurrent_state {
    cell cell;
    int64_t in, hidden;
    tp_recurrent_stack stack;
} recurrent_state;

/* Parts of a parameter's name, and of what is told of. */
enum { NAME = 40 };

static const recurrent_state *state_of(const tp_module *module)
{
    return tp_module_state((tp_module *)module);
}

/* ---- the ops ---- */

/* The weights under these names; `suffix` is "_l0", "_l0_reverse", ... or "" of a cell. */
static tp_recurrent_weights weights_of(tp_module *module, const char *suffix, tp_tape *tape)
{
    tp_var found[4];
    static const char *const names[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    for (int i = 0; i < 4; i++) {
        char name[NAME];
        snprintf(name, sizeof name, "%s%s", names[i], suffix);
        found[i] = i < 2 ? tp_module_use(module, name, tape) : tp_layer_optional(module, name, tape);
    }
    return (tp_recurrent_weights){found[0], found[1], found[2], found[3]};
}

/* One layer in one direction, from `state` (in place). */
static tp_var run(tp_module *module, const char *suffix, tp_var x, tp_recurrent_options *o, tp_recurrent_state *state)
{
    const recurrent_state *s = state_of(module);
    const tp_recurrent_weights w = weights_of(module, suffix, x.tape);
    tp_var y = x;
    o->relu = s->stack.relu;
    if (s->cell == LSTM)
        tp_lstm(x, state->h, state->c, &w, o, &y, &state->h, &state->c);
    else if (s->cell == GRU)
        tp_gru(x, state->h, &w, o, &y, &state->h);
    else
        tp_rnn(x, state->h, &w, o, &y, &state->h);
    return y;
}

/* ---- layers ---- */

static bool is_layer(const tp_module *module);

/* "(2, B, 5)" */
static const char *wanted(char text[TP_SHAPE_TEXT], const recurrent_state *s, int rank, int64_t states)
{
    if (rank == 3)
        snprintf(text, TP_SHAPE_TEXT, "(%lld, B, %lld)", (long long)states, (long long)s->hidden);
    else
        snprintf(text, TP_SHAPE_TEXT, "(B, %lld)", (long long)s->hidden);
    return text;
}

/* Fails unless x and the states are of the ranks that are cut up here; the ops check the rest. */
static bool check(tp_module *module, tp_var x, const tp_recurrent_state *in, int rank, int64_t count)
{
    const recurrent_state *s = state_of(module);
    const tp_var states[2] = {in->h, in->c};
    const char *name = tp_module_kind_of(module)->name;
    char text[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
    if (!x.tape || !tp_check_operand(x.tape, name, x, 0)) return false;
    if (tp_var_rank(x) != rank || tp_var_dims(x)[rank - 1] != s->in) {
        tp_module_fail(module, x.tape, TP_E_SHAPE, "x is %s, not (%s%lld)",
                       tp_shape_text(got, tp_var_rank(x), tp_var_dims(x)),
                       rank == 2 ? "B, " : (s->stack.batch_first ? "B, T, " : "T, B, "), (long long)s->in);
        return false;
    }
    if (states[1].tape && s->cell != LSTM) {
        tp_module_fail(module, x.tape, TP_E_ARGUMENT, "a state c, which it has not");
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (!states[i].tape) continue;
        if (!tp_check_operand(x.tape, name, states[i], i + 1)) return false;
        const int64_t *dims = tp_var_dims(states[i]);
        if (tp_var_rank(states[i]) == rank && dims[rank - 1] == s->hidden && (rank == 2 || dims[0] == count)) continue;
        tp_module_fail(module, x.tape, TP_E_SHAPE, "the state %s is %s, not %s", i ? "c" : "h",
                       tp_shape_text(got, tp_var_rank(states[i]), dims), wanted(text, s, rank, count));
        return false;
    }
    return true;
}

/* The i-th of stacked states, (B, H); tp_none() of none. */
static tp_var unstacked(tp_var states, int64_t i)
{
    if (!states.tape) return states;
    const int64_t *dims = tp_var_dims(states);
    return tp_reshape(tp_slice(states, 0, i, i + 1, 1), 2, (const int64_t[]){dims[1], dims[2]});
}

/* Layer l in all its directions; the states of each go to h and c. */
static tp_var run_layer(tp_module *module, int l, tp_var x, const tp_recurrent_state *in, tp_var lengths, tp_var *h,
                        tp_var *c)
{
    const recurrent_state *s = state_of(module);
    const int directions = s->stack.bidirectional ? 2 : 1;
    tp_var y[2] = {tp_none(), tp_none()};
    for (int d = 0; d < directions; d++) {
        const int at = l * directions + d;
        char suffix[NAME];
        snprintf(suffix, sizeof suffix, "_l%d%s", l, d ? "_reverse" : "");
        tp_recurrent_options o = {.reverse = d, .lengths = lengths};
        tp_recurrent_state state = {0};
        if (in->h.tape || in->c.tape) state = (tp_recurrent_state){unstacked(in->h, at), unstacked(in->c, at)};
        y[d] = run(module, suffix, x, &o, &state);
        h[at] = state.h;
        c[at] = state.c;
    }
    return directions == 2 ? tp_concat(y, 2, 2) : y[0];
}

static tp_var run_all(tp_module *module, tp_var x, const tp_recurrent_state *in, tp_var lengths,
                      tp_recurrent_state *out)
{
    const tp_recurrent_state begun = in ? *in : (tp_recurrent_state){0}; /* `out` may be `in` */
    tp_var h[2 * TP_RECURRENT_LAYERS], c[2 * TP_RECURRENT_LAYERS];
    if (out) out->h = out->c = tp_poison(x.tape);
    if (!is_layer(module))
        return tp_module_fail(module, x.tape, TP_E_ARGUMENT, "tp_recurrent_forward: the module is no recurrent layer");
    const recurrent_state *s = state_of(module);
    const int n = s->stack.layers * (s->stack.bidirectional ? 2 : 1);
    if (!check(module, x, &begun, 3, n)) return tp_poison(x.tape);
    tp_var y = s->stack.batch_first ? tp_transpose(x, 0, 1) : x;
    for (int l = 0; l < s->stack.layers; l++) {
        if (l > 0 && s->stack.dropout > 0 && tp_module_is_training(module)) y = tp_dropout(y, s->stack.dropout);
        y = run_layer(module, l, y, &begun, lengths, h, c);
    }
    if (out && tp_ok(y)) out->h = tp_stack(h, n, 0);
    if (out && tp_ok(y)) out->c = s->cell == LSTM ? tp_stack(c, n, 0) : tp_none();
    return s->stack.batch_first ? tp_transpose(y, 0, 1) : y;
}

tp_var tp_recurrent_forward(tp_module *module, tp_var x, const tp_recurrent_state *in, tp_var lengths,
                            tp_recurrent_state *out)
{
    const uint32_t scope = tp_scope_begin(x.tape, module);
    const tp_var y = run_all(module, x, in, lengths, out);
    tp_scope_end(x.tape, scope, module);
    return y;
}

static tp_var layer_forward(tp_module *module, tp_var x)
{
    return tp_recurrent_forward(module, x, NULL, tp_none(), NULL);
}

#define KIND(text, run)                                                                                                \
    {                                                                                                                  \
        TP_MODULE_HEAD, .name = (text), .state = sizeof(recurrent_state), .forward = (run)                             \
    }
static const tp_module_kind layer_kinds[] = {
    [RNN] = KIND("rnn", layer_forward), [LSTM] = KIND("lstm", layer_forward), [GRU] = KIND("gru", layer_forward)};

static bool is_one_of(const tp_module *module, const tp_module_kind kinds[3])
{
    const tp_module_kind *kind = tp_module_kind_of(module);
    return kind == &kinds[RNN] || kind == &kinds[LSTM] || kind == &kinds[GRU];
}

static bool is_layer(const tp_module *module)
{
    return is_one_of(module, layer_kinds);
}

/* ---- making them ---- */

/* The four parameters, or two, of one direction. */
static void add_weights(tp_layer *layer, const recurrent_state *s, int64_t in, const char *suffix)
{
    const int64_t wide = s->hidden * (s->cell == LSTM ? 4 : (s->cell == GRU ? 3 : 1));
    const double bound = 1 / sqrt((double)s->hidden);
    char name[NAME];
    snprintf(name, sizeof name, "weight_ih%s", suffix);
    tp_layer_uniform(layer, name, bound, TP_DIMS(wide, in));
    snprintf(name, sizeof name, "weight_hh%s", suffix);
    tp_layer_uniform(layer, name, bound, TP_DIMS(wide, s->hidden));
    if (layer->options.no_bias) return;
    snprintf(name, sizeof name, "bias_ih%s", suffix);
    tp_layer_uniform(layer, name, bound, TP_DIMS(wide));
    snprintf(name, sizeof name, "bias_hh%s", suffix);
    tp_layer_uniform(layer, name, bound, TP_DIMS(wide));
}

/* Widths of which four times would not be a number either. */
static bool sizes_are_good(int64_t in, int64_t hidden)
{
    return in >= 1 && hidden >= 1 && hidden <= INT64_MAX / 8;
}

static tp_module *make(cell which, int64_t in, int64_t hidden, const tp_recurrent_stack *stack,
                       const tp_layer_options *options, tp_error *error)
{
    recurrent_state s = {which, in, hidden, {0}};
    const char *name = layer_kinds[which].name;
    if (stack) s.stack = *stack;
    if (s.stack.layers == 0) s.stack.layers = 1;
    if (!sizes_are_good(in, hidden))
        return tp_layer_refuse(error, "tp_%s_layer: %lld inputs and %lld units", name, (long long)in,
                               (long long)hidden);
    if (s.stack.layers < 1 || s.stack.layers > TP_RECURRENT_LAYERS)
        return tp_layer_refuse(error, "tp_%s_layer: %d layers, not 1 to %d", name, s.stack.layers, TP_RECURRENT_LAYERS);
    if (!(s.stack.dropout >= 0 && s.stack.dropout <= 1))
        return tp_layer_refuse(error, "tp_%s_layer: a dropout of %g, not in [0, 1]", name, s.stack.dropout);
    tp_layer layer;
    tp_layer_begin(&layer, &layer_kinds[which], &s, options, error);
    const int directions = s.stack.bidirectional ? 2 : 1;
    for (int l = 0; l < s.stack.layers; l++) {
        char suffix[NAME];
        const int64_t below = l ? hidden * directions : in;
        for (int d = 0; d < directions; d++) {
            snprintf(suffix, sizeof suffix, "_l%d%s", l, d ? "_reverse" : "");
            add_weights(&layer, &s, below, suffix);
        }
    }
    return tp_layer_end(&layer);
}

tp_module *tp_rnn_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack, const tp_layer_options *options,
                        tp_error *error)
{
    return make(RNN, in, hidden, stack, options, error);
}

tp_module *tp_lstm_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack, const tp_layer_options *options,
                         tp_error *error)
{
    return make(LSTM, in, hidden, stack, options, error);
}

tp_module *tp_gru_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack, const tp_layer_options *options,
                        tp_error *error)
{
    return make(GRU, in, hidden, stack, options, error);
}

/* ---- cells ---- */

static tp_var cell_forward(tp_module *module, tp_var x)
{
    return tp_recurrent_cell_forward(module, x, NULL, NULL);
}

static const tp_module_kind cell_kinds[] = {[RNN] = KIND("rnn_cell", cell_forward),
                                            [LSTM] = KIND("lstm_cell", cell_forward),
                                            [GRU] = KIND("gru_cell", cell_forward)};

tp_var tp_recurrent_cell_forward(tp_module *module, tp_var x, const tp_recurrent_state *in, tp_recurrent_state *out)
{
    tp_recurrent_state state = in ? *in : (tp_recurrent_state){0};
    tp_recurrent_options o = {0};
    if (out) out->h = out->c = tp_poison(x.tape);
    if (!is_one_of(module, cell_kinds))
        return tp_module_fail(module, x.tape, TP_E_ARGUMENT, "tp_recurrent_cell_forward: the module is no cell");
    if (!check(module, x, &state, 2, 0)) return tp_poison(x.tape);
    const int64_t *dims = tp_var_dims(x);
    const uint32_t scope = tp_scope_begin(x.tape, module);
    run(module, "", tp_reshape(x, 3, (const int64_t[]){1, dims[0], dims[1]}), &o, &state);
    tp_scope_end(x.tape, scope, module);
    if (out) *out = (tp_recurrent_state){state.h, state_of(module)->cell == LSTM ? state.c : tp_none()};
    return state.h;
}

static tp_module *make_cell(cell which, int64_t in, int64_t hidden, bool relu, const tp_layer_options *options,
                            tp_error *error)
{
    const recurrent_state s = {which, in, hidden, {.relu = relu}};
    if (!sizes_are_good(in, hidden))
        return tp_layer_refuse(error, "tp_%s: %lld inputs and %lld units", cell_kinds[which].name, (long long)in,
                               (long long)hidden);
    tp_layer layer;
    tp_layer_begin(&layer, &cell_kinds[which], &s, options, error);
    add_weights(&layer, &s, in, "");
    return tp_layer_end(&layer);
}

tp_module *tp_rnn_cell(int64_t in, int64_t hidden, bool relu, const tp_layer_options *options, tp_error *error)
{
    return make_cell(RNN, in, hidden, relu, options, error);
}

tp_module *tp_lstm_cell(int64_t in, int64_t hidden, const tp_layer_options *options, tp_error *error)
{
    return make_cell(LSTM, in, hidden, false, options, error);
}

tp_module *tp_gru_cell(int64_t in, int64_t hidden, const tp_layer_options *options, tp_error *error)
{
    return make_cell(GRU, in, hidden, false, options, error);
}
