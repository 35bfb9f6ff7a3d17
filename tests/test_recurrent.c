/* Recurrent layers and cells: the suite, and each against the trajectory that PyTorch went through. */
#include "tests/test_recurrent.h"

#include "tests/trajectories.h"

static tp_var flat(tp_var x)
{
    return tp_reshape(x, 1, (const int64_t[]){-1});
}

/* y, and what of the state there is. */
static tp_var together(tp_var y, const tp_recurrent_state *state)
{
    const tp_var all[3] = {flat(y), flat(state->h), state->c.tape ? flat(state->c) : tp_none()};
    return tp_concat(all, state->c.tape ? 3 : 2, 0);
}

/* A state that begins as the sum of x, times .05 for h and .1 for c. */
static tp_recurrent_state first(tp_module *module, tp_var x, int rank, const int64_t *dims)
{
    const bool lstm = strncmp(tp_module_kind_of(module)->name, "lstm", 4) == 0;
    const tp_var h = tp_expand(tp_muls(tp_sum(x), .05), rank, dims);
    return (tp_recurrent_state){h, lstm ? tp_muls(h, 2) : tp_none()};
}

static tp_var plain(tp_module *module, tp_var x)
{
    tp_recurrent_state out;
    const tp_var y = tp_recurrent_forward(module, x, NULL, tp_none(), &out);
    return together(y, &out);
}

static tp_var stateful(tp_module *module, tp_var x)
{
    tp_recurrent_state state = first(module, x, TP_DIMS(2, 2, 2));
    const tp_var y = tp_recurrent_forward(module, x, &state, tp_none(), &state);
    return together(y, &state);
}

static tp_var packed(tp_module *module, tp_var x)
{
    tp_recurrent_state state = first(module, x, TP_DIMS(4, 3, 2));
    const tp_var lengths = data_of(x.tape, I64(TP_DIMS(3), 2, 4, 1));
    const tp_var y = tp_recurrent_forward(module, x, &state, lengths, &state);
    return together(y, &state);
}

static tp_var batch_first(tp_module *module, tp_var x)
{
    tp_recurrent_state out;
    const tp_var y = tp_recurrent_forward(module, x, NULL, data_of(x.tape, I64(TP_DIMS(2), 3, 2)), &out);
    return together(y, &out);
}

static tp_var cell(tp_module *module, tp_var x)
{
    tp_recurrent_state state = first(module, x, TP_DIMS(2, 3));
    const tp_var h = tp_recurrent_cell_forward(module, x, &state, &state);
    return state.c.tape ? tp_concat((tp_var[]){h, state.c}, 2, 0) : h;
}

static tp_var cell_from_zeros(tp_module *module, tp_var x)
{
    tp_recurrent_state state;
    const tp_var h = tp_recurrent_cell_forward(module, x, NULL, &state);
    return state.c.tape ? tp_concat((tp_var[]){h, state.c}, 2, 0) : tp_module_forward(module, x);
}

static const tp_recurrent_stack deep = {.layers = 2, .bidirectional = true}, two = {.layers = 2},
                                turned = {.batch_first = true};

/* The options, but without a bias; they last until the next call. */
static const tp_layer_options *bare(const tp_layer_options *o)
{
    static tp_layer_options options;
    options = *o;
    options.no_bias = true;
    return &options;
}

#define LAYERS(name)                                                                                                   \
    TRAJECTORY_MAKE(name, tp_##name##_layer(2, 3, NULL, o, e))                                                         \
    TRAJECTORY_MAKE(name##_deep, tp_##name##_layer(2, 2, &deep, o, e))                                                 \
    TRAJECTORY_MAKE(name##_state, tp_##name##_layer(2, 2, &two, bare(o), e))                                           \
    TRAJECTORY_MAKE(name##_batch_first, tp_##name##_layer(2, 3, &turned, o, e))
LAYERS(rnn)
LAYERS(lstm)
LAYERS(gru)
TRAJECTORY_MAKE(rnn_relu, tp_rnn_layer(2, 3, &(tp_recurrent_stack){.bidirectional = true, .relu = true}, o, e))
TRAJECTORY_MAKE(rnn_cell, tp_rnn_cell(2, 3, false, o, e))
TRAJECTORY_MAKE(rnn_cell_relu, tp_rnn_cell(2, 3, true, o, e))
TRAJECTORY_MAKE(lstm_cell, tp_lstm_cell(2, 3, o, e))
TRAJECTORY_MAKE(lstm_cell_zeros, tp_lstm_cell(3, 2, bare(o), e))
TRAJECTORY_MAKE(gru_cell, tp_gru_cell(2, 3, o, e))

#define RUNS(name_)                                                                                                    \
    {.name = #name_, .make = make_##name_, .forward = plain},                                                          \
        {.name = #name_ "_deep", .make = make_##name_##_deep, .forward = plain},                                       \
        {.name = #name_ "_state", .make = make_##name_##_state, .forward = stateful},                                  \
        {.name = #name_ "_packed", .make = make_##name_##_deep, .forward = packed},                                    \
    {                                                                                                                  \
        .name = #name_ "_batch_first", .make = make_##name_##_batch_first, .forward = batch_first                      \
    }

static const trajectory trajectories[] = {
    RUNS(rnn),
    RUNS(lstm),
    RUNS(gru),
    {.name = "rnn_relu", .make = make_rnn_relu, .forward = plain},
    {.name = "rnn_cell", .make = make_rnn_cell, .forward = cell_from_zeros},
    {.name = "rnn_cell_relu", .make = make_rnn_cell_relu, .forward = cell},
    {.name = "lstm_cell", .make = make_lstm_cell, .forward = cell},
    {.name = "lstm_cell_zeros", .make = make_lstm_cell_zeros, .forward = cell_from_zeros},
    {.name = "gru_cell", .make = make_gru_cell, .forward = cell},
};
enum { TRAJECTORIES = sizeof trajectories / sizeof *trajectories };

START_TEST(layer_agrees_with_pytorch)
{
    trajectory_check("recurrent_layers", &trajectories[_i]);
}
END_TEST

START_TEST(every_stored_layer_is_checked)
{
    ck_assert_int_eq(trajectory_count("recurrent_layers"), TRAJECTORIES);
}
END_TEST

Suite *recurrent_suite(void)
{
    Suite *suite = suite_create("recurrent");
    TCase *golden = tcase_create("golden");
    tcase_add_test(golden, every_stored_layer_is_checked);
    tcase_add_loop_test(golden, layer_agrees_with_pytorch, 0, TRAJECTORIES);
    suite_add_tcase(suite, golden);
    suite_add_tcase(suite, recurrent_layers_case());
    suite_add_tcase(suite, recurrent_ops_case());
    return suite;
}
