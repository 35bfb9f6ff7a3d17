/* Transformer blocks: layers of an encoder and of a decoder, and stacks of them. A layer is a module whose children
   have PyTorch's names; a stack holds its layers in the sequential "layers". */
#include <math.h>

#include "autograd/scope.h"
#include "nn/layer.h"

typedef struct block_state {
    double dropout;
    bool gelu, norm_first;
} block_state;

/* ---- what both layers are made of ---- */

static tp_var norm(tp_module *module, const char *name, tp_var x)
{
    return tp_module_forward(tp_module_child(module, name), x);
}

static tp_var dropped(tp_module *module, tp_var x)
{
    const block_state *state = tp_module_state(module);
    return state->dropout > 0 && tp_module_is_training(module) ? tp_dropout(x, state->dropout) : x;
}

/* x + branch of x, with the norm before the branch or after the sum. */
static tp_var before(tp_module *module, const char *name, tp_var x)
{
    const block_state *state = tp_module_state(module);
    return state->norm_first ? norm(module, name, x) : x;
}

static tp_var after(tp_module *module, const char *name, tp_var x, tp_var branch)
{
    const block_state *state = tp_module_state(module);
    const tp_var sum = tp_add(x, dropped(module, branch));
    return state->norm_first ? sum : norm(module, name, sum);
}

static tp_var attend(tp_module *module, const char *name, const char *norm_name, tp_var x, tp_var memory,
                     const tp_attention_masks *masks)
{
    const tp_var q = before(module, norm_name, x), k = memory.tape ? memory : q;
    return after(module, norm_name, x, tp_attention_forward(tp_module_child(module, name), q, k, k, masks));
}

static tp_var feed_forward(tp_module *module, const char *norm_name, tp_var x)
{
    const block_state *state = tp_module_state(module);
    tp_tape *tape = x.tape;
    const tp_var hidden =
        tp_linear_activated(before(module, norm_name, x), tp_module_use(module, "linear1.weight", tape),
                            tp_layer_optional(module, "linear1.bias", tape), state->gelu ? TP_GELU : TP_RELU);
    return after(module, norm_name, x,
                 tp_linear(dropped(module, hidden), tp_module_use(module, "linear2.weight", tape),
                           tp_layer_optional(module, "linear2.bias", tape)));
}

/* ---- kinds ---- */

static tp_var encoder_layer(tp_module *module, tp_var x, const tp_attention_masks *masks)
{
    const uint32_t scope = tp_scope_begin(x.tape, module);
    const tp_var y = feed_forward(module, "norm2", attend(module, "self_attn", "norm1", x, tp_none(), masks));
    tp_scope_end(x.tape, scope, module);
    return y;
}

static tp_var decoder_layer(tp_module *module, tp_var x, tp_var memory, const tp_attention_masks *masks,
                            const tp_attention_masks *memory_masks)
{
    const uint32_t scope = tp_scope_begin(x.tape, module);
    x = attend(module, "self_attn", "norm1", x, tp_none(), masks);
    const tp_var y = feed_forward(module, "norm3", attend(module, "multihead_attn", "norm2", x, memory, memory_masks));
    tp_scope_end(x.tape, scope, module);
    return y;
}

static tp_var encoder_kind_forward(tp_module *module, tp_var x)
{
    return tp_encoder_forward(module, x, NULL);
}

static const tp_module_kind encoder_layer_kind = {TP_MODULE_HEAD, .name = "transformer_encoder_layer",
                                                  .state = sizeof(block_state), .forward = encoder_kind_forward};
static const tp_module_kind encoder_kind = {TP_MODULE_HEAD, .name = "transformer_encoder",
                                            .forward = encoder_kind_forward};
static const tp_module_kind decoder_layer_kind = {TP_MODULE_HEAD, .name = "transformer_decoder_layer",
                                                  .state = sizeof(block_state)};
static const tp_module_kind decoder_kind = {TP_MODULE_HEAD, .name = "transformer_decoder"};
static const tp_module_kind transformer_kind = {TP_MODULE_HEAD, .name = "transformer"};

/* ---- making ---- */

typedef struct sizes {
    int64_t width, heads, hidden;
} sizes;

/* Options with every default in place; `own` serves where no generator is given. */
static tp_status settle(const char *name, const tp_transformer_options *given, tp_transformer_options *o, sizes *n,
                        tp_rng *own, tp_error *error)
{
    *o = given ? *given : (tp_transformer_options){0};
    *own = tp_rng_seed(0);
    if (!o->layer.rng) o->layer.rng = own;
    if (o->eps == 0) o->eps = 1e-5;
    if (n->width < 1 || n->heads < 1 || n->width % n->heads)
        return tp_fail(error, TP_E_ARGUMENT, "tp_%s: a width of %lld and %lld heads: the width must be a multiple",
                       name, (long long)n->width, (long long)n->heads);
    if (o->hidden < 0)
        return tp_fail(error, TP_E_ARGUMENT, "tp_%s: a hidden width of %lld", name, (long long)o->hidden);
    if (n->width > INT64_MAX / 4)
        return tp_fail(error, TP_E_LIMIT, "tp_%s: a width of %lld", name, (long long)n->width);
    if (!isfinite(o->eps) || o->eps < 0) return tp_fail(error, TP_E_ARGUMENT, "tp_%s: an eps of %g", name, o->eps);
    n->hidden = o->hidden ? o->hidden : 4 * n->width;
    return TP_OK;
}

static tp_module *new_attention(const sizes *n, const tp_transformer_options *o, bool self, tp_error *error)
{
    const tp_multihead_options options = {.layer = o->layer,
                                          .dropout = o->dropout,
                                          .rotary = self ? o->rotary : 0,
                                          .causal = self && o->causal,
                                          .time_first = o->time_first};
    return tp_multihead_attention(n->width, n->heads, &options, error);
}

static tp_module *new_norm(const sizes *n, const tp_transformer_options *o, tp_error *error)
{
    return tp_layer_norm_layer(TP_DIMS(n->width), &(tp_norm_options){.eps = o->eps}, &o->layer, error);
}

/* Calls that make a child are not made once the layer has failed. */
#define CHILD(layer, name, call)                                                                                       \
    do {                                                                                                               \
        if ((layer)->module) tp_layer_child(layer, name, call);                                                        \
    } while (0)

static tp_module *new_layer(const tp_module_kind *kind, const sizes *n, const tp_transformer_options *o,
                            tp_error *error)
{
    const bool decodes = kind == &decoder_layer_kind;
    tp_layer layer;
    tp_layer_begin(&layer, kind, &(block_state){o->dropout, o->gelu, o->norm_first}, &o->layer, error);
    CHILD(&layer, "self_attn", new_attention(n, o, true, error));
    if (decodes) CHILD(&layer, "multihead_attn", new_attention(n, o, false, error));
    CHILD(&layer, "linear1", tp_linear_layer(n->width, n->hidden, &o->layer, error));
    CHILD(&layer, "linear2", tp_linear_layer(n->hidden, n->width, &o->layer, error));
    CHILD(&layer, "norm1", new_norm(n, o, error));
    CHILD(&layer, "norm2", new_norm(n, o, error));
    if (decodes) CHILD(&layer, "norm3", new_norm(n, o, error));
    return tp_layer_end(&layer);
}

static tp_module *new_layers(const tp_module_kind *kind, int64_t layers, const sizes *n,
                             const tp_transformer_options *o, tp_error *error)
{
    tp_module *all = tp_sequential(&o->layer, error);
    for (int64_t i = 0; i < layers && all; i++) {
        if (tp_sequential_add(all, new_layer(kind, n, o, error), error) == TP_OK) continue;
        tp_module_free(all);
        all = NULL;
    }
    return all;
}

static tp_module *new_stack(const tp_module_kind *kind, int64_t layers, const sizes *n, const tp_transformer_options *o,
                            tp_error *error)
{
    tp_layer stack;
    tp_layer_begin(&stack, kind, NULL, &o->layer, error);
    const tp_module_kind *each = kind == &encoder_kind ? &encoder_layer_kind : &decoder_layer_kind;
    CHILD(&stack, "layers", new_layers(each, layers, n, o, error));
    if (o->final_norm) CHILD(&stack, "norm", new_norm(n, o, error));
    return tp_layer_end(&stack);
}

/* `layers` < 0: one layer alone. */
static tp_module *make(const char *name, const tp_module_kind *kind, int64_t layers, sizes n,
                       const tp_transformer_options *options, tp_error *error)
{
    tp_transformer_options o;
    tp_rng own;
    tp_error local = {TP_OK, ""};
    tp_module *module = NULL;
    if (layers == 0 || (layers < 0 && kind != &encoder_layer_kind && kind != &decoder_layer_kind))
        tp_fail(&local, TP_E_ARGUMENT, "tp_%s: %lld layers", name, (long long)layers);
    else if (settle(name, options, &o, &n, &own, &local) == TP_OK)
        module = layers < 0 ? new_layer(kind, &n, &o, &local) : new_stack(kind, layers, &n, &o, &local);
    if (!module) tp_fail(error, local.status, "%s", local.message);
    return module;
}

tp_module *tp_transformer_encoder_layer(int64_t width, int64_t heads, const tp_transformer_options *options,
                                        tp_error *error)
{
    return make("transformer_encoder_layer", &encoder_layer_kind, -1, (sizes){width, heads, 0}, options, error);
}

tp_module *tp_transformer_decoder_layer(int64_t width, int64_t heads, const tp_transformer_options *options,
                                        tp_error *error)
{
    return make("transformer_decoder_layer", &decoder_layer_kind, -1, (sizes){width, heads, 0}, options, error);
}

tp_module *tp_transformer_encoder(int64_t layers, int64_t width, int64_t heads, const tp_transformer_options *options,
                                  tp_error *error)
{
    return make("transformer_encoder", &encoder_kind, layers, (sizes){width, heads, 0}, options, error);
}

tp_module *tp_transformer_decoder(int64_t layers, int64_t width, int64_t heads, const tp_transformer_options *options,
                                  tp_error *error)
{
    return make("transformer_decoder", &decoder_kind, layers, (sizes){width, heads, 0}, options, error);
}

tp_module *tp_transformer(int64_t encoder_layers, int64_t decoder_layers, int64_t width, int64_t heads,
                          const tp_transformer_options *options, tp_error *error)
{
    tp_rng own = tp_rng_seed(0);
    tp_transformer_options o = options ? *options : (tp_transformer_options){0};
    if (!o.layer.rng) o.layer.rng = &own;
    tp_transformer_options encoding = o;
    encoding.causal = false;
    tp_error local = {TP_OK, ""};
    tp_layer whole;
    tp_layer_begin(&whole, &transformer_kind, NULL, &o.layer, &local);
    CHILD(&whole, "encoder", tp_transformer_encoder(encoder_layers, width, heads, &encoding, &local));
    CHILD(&whole, "decoder", tp_transformer_decoder(decoder_layers, width, heads, &o, &local));
    if (!whole.module) tp_fail(error, local.status, "%s", local.message);
    return tp_layer_end(&whole);
}

/* ---- forward ---- */

static tp_var refuse(tp_tape *tape, const char *name, const char *what)
{
    if (tape) tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: the module is no %s", name, what);
    return tp_poison(tape);
}

/* The final norm of a stack, if it has one. */
static tp_var finish(tp_module *stack, tp_var x)
{
    tp_module *last = tp_module_child(stack, "norm");
    return last ? tp_module_forward(last, x) : x;
}

tp_var tp_encoder_forward(tp_module *encoder, tp_var x, const tp_attention_masks *masks)
{
    if (tp_module_kind_of(encoder) == &encoder_layer_kind) return encoder_layer(encoder, x, masks);
    if (tp_module_kind_of(encoder) != &encoder_kind) return refuse(x.tape, "encoder_forward", "encoder");
    const uint32_t scope = tp_scope_begin(x.tape, encoder);
    for (tp_module *at = tp_module_first_child(tp_module_child(encoder, "layers")); at; at = tp_module_next_child(at))
        x = encoder_layer(at, x, masks);
    x = finish(encoder, x);
    tp_scope_end(x.tape, scope, encoder);
    return x;
}

tp_var tp_decoder_forward(tp_module *decoder, tp_var x, tp_var memory, const tp_attention_masks *masks,
                          const tp_attention_masks *memory_masks)
{
    if (!x.tape || !tp_check_operand(x.tape, "decoder_forward", memory, 1)) return tp_poison(x.tape);
    if (tp_module_kind_of(decoder) == &decoder_layer_kind)
        return decoder_layer(decoder, x, memory, masks, memory_masks);
    if (tp_module_kind_of(decoder) != &decoder_kind) return refuse(x.tape, "decoder_forward", "decoder");
    const uint32_t scope = tp_scope_begin(x.tape, decoder);
    for (tp_module *at = tp_module_first_child(tp_module_child(decoder, "layers")); at; at = tp_module_next_child(at))
        x = decoder_layer(at, x, memory, masks, memory_masks);
    x = finish(decoder, x);
    tp_scope_end(x.tape, scope, decoder);
    return x;
}

tp_var tp_transformer_forward(tp_module *transformer, tp_var source, tp_var target,
                              const tp_attention_masks *source_masks, const tp_attention_masks *target_masks)
{
    if (tp_module_kind_of(transformer) != &transformer_kind)
        return refuse(source.tape, "transformer_forward", "transformer");
    const tp_var memory = tp_encoder_forward(tp_module_child(transformer, "encoder"), source, source_masks);
    const tp_attention_masks memory_masks = {.keys = source_masks ? source_masks->keys : tp_none()};
    return tp_decoder_forward(tp_module_child(transformer, "decoder"), target, memory, target_masks, &memory_masks);
}
