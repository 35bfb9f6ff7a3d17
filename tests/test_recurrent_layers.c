/* Recurrent layers: names, refusals, states handed on, dropout, memory. */
#include "tests/test_recurrent.h"

#include "tests/tape_fixture.h"

static const tp_layer_options in_f64 = {.dtype = TP_F64};

static tp_var uniform(int rank, const int64_t *dims, uint64_t seed)
{
    return data_of(tape, random_tensor(TP_F64, rank, dims, seed, -1, 1));
}

START_TEST(parameters_have_pytorchs_names_and_order)
{
    static const char *const names[] = {
        "weight_ih_l0",         "weight_hh_l0",         "bias_ih_l0",         "bias_hh_l0",
        "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse",
        "weight_ih_l1",         "weight_hh_l1",         "bias_ih_l1",         "bias_hh_l1",
        "weight_ih_l1_reverse", "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"};
    tp_module *net = tp_gru_layer(5, 3, &(tp_recurrent_stack){.layers = 2, .bidirectional = true}, NULL, NULL);
    ck_assert_uint_eq(tp_module_parameter_count(net), 16);
    for (size_t i = 0; i < 16; i++) {
        char path[64];
        const tp_tensor *tensor = tp_module_parameter_at(net, i, path, sizeof path);
        ck_assert_str_eq(path, names[i]);
        ck_assert_int_eq(tp_tensor_dim(tensor, 0), 9);
        for (int64_t k = 0; k < tp_tensor_count(tensor); k++) ck_assert(fabs(tp_tensor_item(tensor, k)) <= 1 / sqrt(3));
    }
    ck_assert_int_eq(tp_tensor_dim(tp_module_parameter(net, "weight_ih_l0"), 1), 5);
    ck_assert_int_eq(tp_tensor_dim(tp_module_parameter(net, "weight_ih_l1"), 1), 6);
    tp_module_free(net);
}
END_TEST

START_TEST(numbers_that_make_no_sense_are_refused)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_lstm_layer(0, 3, NULL, NULL, &error));
    ck_assert_str_eq(error.message, "tp_lstm_layer: 0 inputs and 3 units");
    ck_assert_ptr_null(tp_lstm_layer(3, INT64_MAX, NULL, NULL, NULL));
    ck_assert_ptr_null(tp_gru_layer(3, 3, &(tp_recurrent_stack){.layers = 65}, NULL, &error));
    ck_assert_str_eq(error.message, "tp_gru_layer: 65 layers, not 1 to 64");
    ck_assert_ptr_null(tp_rnn_layer(3, 3, &(tp_recurrent_stack){.dropout = (double)NAN}, NULL, &error));
    ck_assert_ptr_null(tp_gru_cell(3, -1, NULL, NULL));
    error = (tp_error){0};
    ck_assert_ptr_null(tp_lstm_layer(3, INT64_MAX / 8, NULL, NULL, &error));
    ck_assert(error.status != TP_OK);
}
END_TEST

static tp_var states_of(tp_module *net, tp_var x, tp_var h, tp_var c)
{
    tp_recurrent_state out = {h, c};
    const tp_var y = tp_recurrent_forward(net, x, &(tp_recurrent_state){h, c}, tp_none(), &out);
    if (!tp_ok(y)) ck_assert(!tp_ok(out.h) && !tp_ok(out.c) && out.h.tape == x.tape);
    return y;
}

START_TEST(operands_that_do_not_fit_are_told)
{
    tp_module *net = tp_lstm_layer(2, 3, &(tp_recurrent_stack){.layers = 2}, &in_f64, NULL);
    tp_module *gru = tp_gru_layer(2, 3, &(tp_recurrent_stack){.batch_first = true}, &in_f64, NULL);
    tp_module *cell = tp_gru_cell(2, 3, &in_f64, NULL);
    const tp_var x = uniform(TP_DIMS(4, 5, 2), 1), h = uniform(TP_DIMS(2, 5, 3), 2), none = tp_none();
    EXPECT_REFUSED(states_of(net, uniform(TP_DIMS(4, 5), 1), h, h), TP_E_SHAPE, "lstm: x is (4,5), not (T, B, 2)");
    EXPECT_REFUSED(states_of(net, x, uniform(TP_DIMS(1, 5, 3), 1), h), TP_E_SHAPE,
                   "lstm: the state h is (1,5,3), not (2, B, 3)");
    EXPECT_REFUSED(states_of(net, x, h, uniform(TP_DIMS(2, 3), 1)), TP_E_SHAPE, "the state c is (2,3), not (2, B, 3)");
    EXPECT_REFUSED(states_of(net, x, h, none), TP_E_ARGUMENT, "one of h0 and c0 without the other");
    EXPECT_REFUSED(states_of(net, x, uniform(TP_DIMS(2, 4, 3), 1), uniform(TP_DIMS(2, 4, 3), 1)), TP_E_SHAPE,
                   "h0 is (4,3), not (5,3)");
    EXPECT_REFUSED(states_of(gru, uniform(TP_DIMS(4, 5, 1), 1), none, none), TP_E_SHAPE,
                   "gru: x is (4,5,1), not (B, T, 2)");
    EXPECT_REFUSED(states_of(gru, x, none, h), TP_E_ARGUMENT, "gru: a state c, which it has not");
    EXPECT_REFUSED(states_of(cell, x, none, none), TP_E_ARGUMENT, "no recurrent layer");
    EXPECT_REFUSED(states_of(NULL, x, none, none), TP_E_ARGUMENT, "no recurrent layer");
    EXPECT_REFUSED(tp_recurrent_cell_forward(gru, x, NULL, NULL), TP_E_ARGUMENT, "the module is no cell");
    EXPECT_REFUSED(tp_recurrent_cell_forward(cell, x, NULL, NULL), TP_E_SHAPE, "gru_cell: x is (4,5,2), not (B, 2)");
    EXPECT_REFUSED(tp_module_forward(net, tp_scalar(tape, 1)), TP_E_SHAPE, "lstm: x is");
    ck_assert(!tp_ok(tp_module_forward(net, none)));
    ck_assert(!tp_ok(tp_recurrent_forward(gru, none, NULL, none, NULL)));
    tp_tape_reset(tape);
    ck_assert(!tp_ok(tp_module_forward(net, x)));
    EXPECT_STATUS(tp_tape_status(tape), TP_E_STALE);
    tp_module_free(net);
    tp_module_free(gru);
    tp_module_free(cell);
}
END_TEST

/* Two halves, the state handed on, are the whole; and a cell step by step is the layer. */
START_TEST(states_carry_on)
{
    tp_module *net = tp_lstm_layer(2, 3, NULL, &in_f64, NULL), *cell = tp_lstm_cell(2, 3, &in_f64, NULL);
    const tp_var x = uniform(TP_DIMS(4, 5, 2), 1), whole = tp_module_forward(net, x);
    tp_recurrent_state state = {0}, step = {0};
    const tp_var a = tp_recurrent_forward(net, tp_slice(x, 0, 0, 2, 1), &state, tp_none(), &state);
    const tp_var b = tp_recurrent_forward(net, tp_slice(x, 0, 2, 4, 1), &state, tp_none(), &state);
    tp_var y[4];
    for (int t = 0; t < 4; t++) {
        const tp_var row = tp_reshape(tp_slice(x, 0, t, t + 1, 1), TP_DIMS(5, 2));
        y[t] = tp_recurrent_cell_forward(cell, row, &step, &step);
    }
    EXPECT_OK(tape);
    expect_same(tp_value(whole), tp_value(tp_concat((tp_var[]){a, b}, 2, 0)), 1e-15);
    expect_same(tp_value(whole), tp_value(tp_stack(y, 4, 0)), 1e-15);
    expect_same(tp_value(step.c), tp_value(tp_reshape(state.c, TP_DIMS(5, 3))), 1e-15);
    tp_module_free(net);
    tp_module_free(cell);
}
END_TEST

START_TEST(dropout_lies_between_layers_in_training)
{
    const tp_recurrent_stack all = {.layers = 2, .dropout = 1}, one = {.dropout = 1};
    tp_module *net = tp_gru_layer(2, 3, &all, &in_f64, NULL), *single = tp_gru_layer(2, 3, &one, &in_f64, NULL);
    const tp_var x = uniform(TP_DIMS(4, 2, 2), 1), other = uniform(TP_DIMS(4, 2, 2), 2);
    expect_same(tp_value(tp_module_forward(net, x)), tp_value(tp_module_forward(net, other)), 0);
    const tp_tensor *y = tp_value(tp_module_forward(single, x));
    tp_module_set_training(single, false);
    expect_same(y, tp_value(tp_module_forward(single, x)), 0);
    tp_module_set_training(net, false);
    ck_assert(tp_tensor_item(tp_value(tp_module_forward(net, x)), 0) !=
              tp_tensor_item(tp_value(tp_module_forward(net, other)), 0));
    tp_module_free(net);
    tp_module_free(single);
}
END_TEST

/* ---- memory ---- */

static const tp_recurrent_stack deep = {.layers = 2, .bidirectional = true};

static tp_module *deep_on(counter *m, tp_error *error)
{
    const tp_allocator memory = counted(m);
    return tp_lstm_layer(2, 3, &deep, &(tp_layer_options){.memory = &memory}, error);
}

START_TEST(making_a_layer_reports_every_failed_allocation)
{
    counter m = {0};
    tp_module_free(deep_on(&m, NULL));
    const size_t calls = m.calls;
    ck_assert_uint_gt(calls, 30);
    for (size_t i = 1; i <= calls; i++) {
        tp_error error = {0};
        m = (counter){.fail_at = i};
        ck_assert_ptr_null(deep_on(&m, &error));
        ck_assert_int_eq(error.status, TP_E_MEMORY);
        ck_assert_uint_eq(m.blocks, 0);
    }
}
END_TEST

/* A step of training, with lengths. */
static tp_status train(tp_tape *on, tp_module *net, tp_tensor *x, tp_tensor *lengths, unsigned flags)
{
    tp_tape_reset(on);
    tp_recurrent_state state = {0};
    const tp_var y = tp_recurrent_forward(net, tp_data(on, x), NULL, tp_data(on, lengths), &state);
    const tp_var loss = tp_add(tp_sum(tp_square(y)), tp_sum(state.h));
    const tp_status status = tp_backward_from(loss, tp_const(on, 1), flags);
    tp_module_clear_grads(net);
    return status;
}

START_TEST(a_step_survives_every_failed_allocation)
{
    static tp_module *(*const makes[])(int64_t, int64_t, const tp_recurrent_stack *, const tp_layer_options *,
                                       tp_error *) = {tp_rnn_layer, tp_lstm_layer, tp_gru_layer};
    const bool recorded = _i % 2; /* a long list of small nodes */
    const int64_t steps = recorded ? 2 : 3;
    tp_module *net = makes[_i / 2](2, 3, recorded ? NULL : &deep, &in_f64, NULL);
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(steps, 2, 2), 1, -1, 1), *lengths = I64(TP_DIMS(2), 1, 2);
    bool good = false;
    for (size_t i = 1; !good; i++) {
        counter m = {.fail_at = i};
        tp_tape *own = counted_tape(&m);
        if (own) {
            const tp_status status = train(own, net, x, lengths, recorded ? TP_CREATE_GRAPH : 0);
            good = status == TP_OK;
            if (!good) EXPECT_STATUS(status, TP_E_MEMORY);
        }
        tp_tape_free(own);
        ck_assert_uint_eq(m.blocks, 0);
    }
    tp_module_free(net);
    tp_tensor_release(x);
    tp_tensor_release(lengths);
}
END_TEST

START_TEST(steps_ask_for_no_memory)
{
    counter m = {0};
    tp_tape *own = counted_tape(&m);
    tp_module *net = tp_gru_layer(2, 3, &deep, &in_f64, NULL);
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(3, 2, 2), 1, -1, 1), *lengths = I64(TP_DIMS(2), 1, 3);
    size_t before = 0;
    for (int i = 0; i < 5; i++) {
        if (i == 3) before = m.calls;
        EXPECT_STATUS(train(own, net, x, lengths, 0), TP_OK);
    }
    ck_assert_uint_eq(m.calls, before);
    tp_tape_free(own);
    tp_module_free(net);
    tp_tensor_release(x);
    tp_tensor_release(lengths);
}
END_TEST

TCase *recurrent_layers_case(void)
{
    TCase *layers = tcase_create("layers");
    tcase_add_checked_fixture(layers, setup, teardown);
    tcase_add_test(layers, parameters_have_pytorchs_names_and_order);
    tcase_add_test(layers, numbers_that_make_no_sense_are_refused);
    tcase_add_test(layers, operands_that_do_not_fit_are_told);
    tcase_add_test(layers, states_carry_on);
    tcase_add_test(layers, dropout_lies_between_layers_in_training);
    tcase_add_test(layers, making_a_layer_reports_every_failed_allocation);
    tcase_add_loop_test(layers, a_step_survives_every_failed_allocation, 0, 6);
    tcase_add_test(layers, steps_ask_for_no_memory);
    return layers;
}
