/* Multi-head attention: projections of q, k and v, cut into heads, the attention op, and the projection of its result.
   Inside, heads are (N, heads, T, width / heads). */
#include <math.h>

#include "autograd/scope.h"
#include "nn/layer.h"

typedef struct attention_state {
    int64_t width, heads;
    double dropout, rotary;
    bool packed, causal, time_first;
} attention_state;

static tp_var attention_forward(tp_module *module, tp_var x)
{
    return tp_attention_forward(module, x, x, x, NULL);
}

static const tp_module_kind attention_kind = {TP_MODULE_HEAD, .name = "multihead_attention",
                                              .state = sizeof(attention_state), .forward = attention_forward};

/* ---- making ---- */

static tp_status check_options(int64_t width, int64_t heads, const tp_multihead_options *o, tp_error *error)
{
    static const char name[] = "tp_multihead_attention";
    if (width < 1 || heads < 1 || width % heads)
        return tp_fail(error, TP_E_ARGUMENT, "%s: a width of %lld and %lld heads: the width must be a multiple", name,
                       (long long)width, (long long)heads);
    if (o->key_width < 0 || o->value_width < 0)
        return tp_fail(error, TP_E_ARGUMENT, "%s: a key_width of %lld, a value_width of %lld", name,
                       (long long)o->key_width, (long long)o->value_width);
    if (!(o->dropout >= 0 && o->dropout <= 1))
        return tp_fail(error, TP_E_ARGUMENT, "%s: a dropout of %g, not in [0, 1]", name, o->dropout);
    if (!isfinite(o->rotary) || o->rotary < 0 || (o->rotary > 0 && width / heads % 2))
        return tp_fail(error, TP_E_ARGUMENT,
                       "%s: rotary positions of base %g for heads of %lld: an even width of a "
                       "head is needed",
                       name, o->rotary, (long long)(width / heads));
    if (width > INT64_MAX / 4) return tp_fail(error, TP_E_LIMIT, "%s: a width of %lld", name, (long long)width);
    return TP_OK;
}

static void add_projection(tp_layer *layer, const char *name, int64_t out, int64_t in)
{
    tp_layer_constant(layer, name, 0, TP_DIMS(out, in));
    if (layer->module) tp_init_xavier_uniform(tp_module_parameter(layer->module, name), 1, layer->options.rng, NULL);
}

tp_module *tp_multihead_attention(int64_t width, int64_t heads, const tp_multihead_options *options, tp_error *error)
{
    tp_multihead_options o = options ? *options : (tp_multihead_options){0};
    if (check_options(width, heads, &o, error) != TP_OK) return NULL;
    if (!o.key_width) o.key_width = width;
    if (!o.value_width) o.value_width = width;
    const attention_state state = {.width = width,
                                   .heads = heads,
                                   .dropout = o.dropout,
                                   .rotary = o.rotary,
                                   .packed = o.key_width == width && o.value_width == width,
                                   .causal = o.causal,
                                   .time_first = o.time_first};
    tp_rng own = tp_rng_seed(0);
    if (!o.layer.rng) o.layer.rng = &own;
    tp_layer layer;
    tp_layer_begin(&layer, &attention_kind, &state, &o.layer, error);
    if (state.packed) {
        add_projection(&layer, "in_proj_weight", 3 * width, width);
    } else {
        add_projection(&layer, "q_proj_weight", width, width);
        add_projection(&layer, "k_proj_weight", width, o.key_width);
        add_projection(&layer, "v_proj_weight", width, o.value_width);
    }
    if (!o.layer.no_bias) tp_layer_constant(&layer, "in_proj_bias", 0, TP_DIMS(3 * width));
    if (layer.module) tp_layer_child(&layer, "out_proj", tp_linear_layer(width, width, &o.layer, error));
    if (layer.module && !o.layer.no_bias) tp_tensor_fill(tp_module_parameter(layer.module, "out_proj.bias"), 0);
    return tp_layer_end(&layer);
}

/* ---- masks ---- */

/* The padding as (N, 1, 1, S). */
static tp_var keys_of(tp_module *module, tp_var keys, int64_t n, int64_t s)
{
    const int rank = tp_var_rank(keys);
    const int64_t *dims = tp_var_dims(keys);
    char text[TP_SHAPE_TEXT];
    if (tp_var_dtype(keys) != TP_U8)
        return tp_module_fail(module, keys.tape, TP_E_DTYPE, "keys of %s: needs u8", tp_dtype_name(tp_var_dtype(keys)));
    if (rank < 1 || rank > 2 || dims[rank - 1] != s || (rank == 2 ? dims[0] : 1) != n)
        return tp_module_fail(module, keys.tape, TP_E_SHAPE, "keys %s: needs (%lld,%lld)",
                              tp_shape_text(text, rank, dims), (long long)n, (long long)s);
    return tp_reshape(keys, TP_DIMS(n, 1, 1, s));
}

/* The mask with an axis for the heads, and the padding in it: what the attention op takes. */
static tp_var mask_of(tp_module *module, const tp_attention_masks *masks, int64_t n, int64_t s)
{
    if (!masks) return tp_none();
    const tp_var mask = masks->mask.tape && tp_var_rank(masks->mask) == 3 ? tp_unsqueeze(masks->mask, 1) : masks->mask;
    if (!masks->keys.tape) return mask.tape ? mask : tp_none();
    const tp_var keys = keys_of(module, masks->keys, n, s);
    if (!mask.tape || !tp_ok(keys)) return keys;
    if (tp_var_dtype(mask) == TP_U8) return tp_logical_and(mask, keys);
    return tp_masked_fill(mask, tp_logical_not(keys), -HUGE_VAL);
}

/* ---- forward ---- */

typedef struct weights {
    tp_var whole, bias; /* of the packed projection */
} weights;

static weights weights_of(tp_module *module, tp_tape *tape)
{
    const attention_state *state = tp_module_state(module);
    return (weights){state->packed ? tp_module_use(module, "in_proj_weight", tape) : tp_none(),
                     tp_layer_optional(module, "in_proj_bias", tape)};
}

/* Projection number `part` of x: q, k, v. */
static tp_var project(tp_module *module, const weights *w, tp_var x, int part)
{
    static const char *const names[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
    const attention_state *state = tp_module_state(module);
    const int64_t first = part * state->width;
    const tp_var weight = state->packed ? tp_slice(w->whole, 0, first, first + state->width, 1)
                                        : tp_module_use(module, names[part], x.tape);
    return tp_linear(x, weight, w->bias.tape ? tp_slice(w->bias, 0, first, first + state->width, 1) : tp_none());
}

/* From the operands' layout to (N, T, ...), and back. */
static tp_var in_batches(const attention_state *state, tp_var x)
{
    return state->time_first ? tp_transpose(x, 0, 1) : x;
}

/* (N, T, width), or (T, N, width), as (N, heads, T, d); a view. */
static tp_var cut(const attention_state *state, tp_var x)
{
    const int64_t *dims = tp_var_dims(x);
    if (!dims) return x;
    const tp_var split = tp_reshape(x, TP_DIMS(dims[0], dims[1], state->heads, state->width / state->heads));
    return state->time_first ? tp_permute(split, TP_AXES(1, 2, 0, 3)) : tp_permute(split, TP_AXES(0, 2, 1, 3));
}

/* The way back. */
static tp_var join(const attention_state *state, tp_var x)
{
    const tp_var turned = state->time_first ? tp_permute(x, TP_AXES(2, 0, 1, 3)) : tp_permute(x, TP_AXES(0, 2, 1, 3));
    return tp_flatten(turned, 2, 3);
}

/* The operands as (N, T, ...) by way of an axis of one sequence; *alone says that there was none. */
static bool check_operand(tp_module *module, const char *name, tp_var *x, int64_t width, int64_t n, int64_t length,
                          bool *alone)
{
    const attention_state *state = tp_module_state(module);
    const int rank = tp_var_rank(*x), batch = state->time_first ? 1 : 0;
    const int64_t *dims = tp_var_dims(*x);
    char text[TP_SHAPE_TEXT];
    *alone = rank == 2;
    if (*alone) *x = tp_unsqueeze(*x, batch);
    const int64_t *whole = *alone || rank == 3 ? tp_var_dims(*x) : NULL;
    if (whole && whole[2] == width && (n < 0 || whole[batch] == n) && (length < 0 || whole[!batch] == length))
        return true;
    tp_module_fail(module, x->tape, TP_E_SHAPE, "%s is %s: needs %s of rows of %lld%s", name,
                   tp_shape_text(text, rank, dims), state->time_first ? "(T, N, width)" : "(N, T, width)",
                   (long long)width, whole && whole[2] == width ? ", as many as the others have" : "");
    return false;
}

static int64_t width_of(tp_module *module, const char *name)
{
    const attention_state *state = tp_module_state(module);
    return state->packed ? state->width : tp_tensor_dim(tp_module_parameter(module, name), 1);
}

/* All three are one sequence, so that one product projects it. */
static bool is_self(const attention_state *state, const tp_var x[3])
{
    return state->packed && x[0].node == x[1].node && x[1].node == x[2].node;
}

/* q, k and v after projection, cut into heads and turned to their positions. v may be tp_none(). */
static void project_all(tp_module *module, tp_var x[3])
{
    const attention_state *state = tp_module_state(module);
    const weights w = weights_of(module, x[0].tape);
    if (is_self(state, x)) {
        tp_chunk(tp_linear(x[0], w.whole, w.bias), -1, 3, x);
    } else {
        for (int i = 0; i < 3; i++)
            if (x[i].tape) x[i] = project(module, &w, x[i], i);
    }
    for (int i = 0; i < 3; i++)
        if (x[i].tape) x[i] = cut(state, x[i]);
    for (int i = 0; i < 2 && state->rotary > 0; i++) x[i] = tp_rotary(x[i], state->rotary, 0, false);
}

/* The heads' results side by side, in the layout of the operands. */
static tp_var mix(tp_module *module, tp_var x[3], tp_var mask, const tp_attention_options *options)
{
    const attention_state *state = tp_module_state(module);
    if (state->rotary > 0) {
        project_all(module, x);
        return join(state, tp_attention(x[0], x[1], x[2], mask, options));
    }
    const weights w = weights_of(module, x[0].tape);
    if (is_self(state, x)) {
        const tp_var all = in_batches(state, tp_linear(x[0], w.whole, w.bias));
        return in_batches(state, tp_attention_packed(all, mask, state->heads, options));
    }
    for (int i = 0; i < 3; i++) x[i] = in_batches(state, project(module, &w, x[i], i));
    return in_batches(state, tp_attention_heads(x[0], x[1], x[2], mask, state->heads, options));
}

static bool check_handles(const char *name, int n, const tp_var *x, const tp_attention_masks *masks)
{
    tp_tape *tape = x[0].tape;
    if (!tape) return false;
    bool good = true;
    for (int i = 0; i < n && good; i++) good = tp_check_operand(tape, name, x[i], i);
    if (good && masks && masks->mask.tape) good = tp_check_operand(tape, name, masks->mask, 3);
    if (good && masks && masks->keys.tape) good = tp_check_operand(tape, name, masks->keys, 4);
    return good;
}

/* Checks the operands and gives them an axis of sequences; *alone: they had none. */
static bool check_operands(tp_module *module, const char *name, tp_var x[3], bool *alone)
{
    if (tp_module_kind_of(module) != &attention_kind) {
        tp_tape_fail(x[0].tape, TP_E_ARGUMENT, "tp_%s: the module is no multi-head attention", name);
        return false;
    }
    const attention_state *state = tp_module_state(module);
    const bool self = x[0].node == x[1].node && (!x[2].tape || x[1].node == x[2].node);
    bool one[3];
    if (!check_operand(module, "q", &x[0], state->width, -1, -1, &one[0])) return false;
    *alone = one[0];
    if (self && state->packed) {
        x[1] = x[0];
        if (x[2].tape) x[2] = x[0];
        return true;
    }
    const int64_t n = tp_var_dims(x[0])[state->time_first ? 1 : 0];
    if (!check_operand(module, "k", &x[1], width_of(module, "k_proj_weight"), n, -1, &one[1])) return false;
    const int64_t s = tp_var_dims(x[1])[state->time_first ? 0 : 1];
    return !x[2].tape || check_operand(module, "v", &x[2], width_of(module, "v_proj_weight"), n, s, &one[2]);
}

static tp_var forward(tp_module *attention, tp_var q, tp_var k, tp_var v, const tp_attention_masks *masks)
{
    tp_var x[3] = {q, k, v};
    bool alone;
    if (!check_handles("attention_forward", 3, x, masks)) return tp_poison(q.tape);
    if (!check_operands(attention, "attention_forward", x, &alone)) return tp_poison(q.tape);
    const attention_state *state = tp_module_state(attention);
    const int64_t *dims = tp_var_dims(x[1]);
    const tp_attention_options options = {.causal = state->causal || (masks && masks->causal),
                                          .dropout = tp_module_is_training(attention) ? state->dropout : 0};
    const tp_var mask = mask_of(attention, masks, dims[state->time_first], dims[!state->time_first]);
    const tp_var y = mix(attention, x, mask, &options);
    const tp_var out = tp_linear(y, tp_module_use(attention, "out_proj.weight", q.tape),
                                 tp_layer_optional(attention, "out_proj.bias", q.tape));
    return alone ? tp_squeeze(out, TP_AXES(state->time_first ? 1 : 0)) : out;
}

tp_var tp_attention_forward(tp_module *attention, tp_var q, tp_var k, tp_var v, const tp_attention_masks *masks)
{
    const uint32_t scope = tp_scope_begin(q.tape, attention);
    const tp_var y = forward(attention, q, k, v, masks);
    tp_scope_end(q.tape, scope, attention);
    return y;
}

tp_var tp_attention_weights(tp_module *attention, tp_var q, tp_var k, const tp_attention_masks *masks)
{
    tp_var x[3] = {q, k, tp_none()};
    bool alone;
    if (!check_handles("attention_weights", 2, x, masks) || !check_operands(attention, "attention_weights", x, &alone))
        return tp_poison(q.tape);
    const attention_state *state = tp_module_state(attention);
    const int64_t *dims = tp_var_dims(x[1]);
    const tp_var mask = mask_of(attention, masks, dims[state->time_first], dims[!state->time_first]);
    project_all(attention, x);
    return tp_masked_softmax(tp_matmul(x[0], tp_transpose(x[1], -1, -2)), mask,
                             state->causal || (masks && masks->causal),
                             1 / sqrt((double)(state->width / state->heads)));
}
