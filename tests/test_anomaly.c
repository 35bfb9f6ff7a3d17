/* Anomaly mode: the first value, or gradient, that is NaN or infinite, by name. */
#include "tests/test_hooks.h"

static void expect_anomaly(tp_tape *tape, tp_status got, const char *text)
{
    EXPECT_STATUS(got, TP_E_NUMERIC);
    expect_error(tape, TP_E_NUMERIC, text);
}

START_TEST(the_first_value_is_named_with_its_operands)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *w = F32(TP_DIMS(2, 2), 1, 2, 3, 4);
    const tp_var x = tp_name(leaf_of(tape, F32(TP_DIMS(2, 2), 1, 2, -3, -4)), "x"), p = tp_param(tape, w);
    const tp_var l = tp_name(tp_log(tp_mul(x, p)), "scores"), y = tp_sum(tp_exp(l));
    EXPECT_STATUS(tp_backward(y), TP_OK); /* off: NaN comes through */
    ck_assert(isnan(tp_item(y)));
    tp_tensor_clear_grad(w);
    ck_assert_uint_eq(tp_tape_set_anomaly(tape, TP_ANOMALY), 0);
    const char *text = "the value of log (2,2) (node 3, scores) is NaN at (1,0), computed from mul (2,2) (node 2)";
    expect_anomaly(tape, tp_backward(y), "tp_backward: ");
    expect_anomaly(tape, tp_backward(y), text);
    expect_anomaly(tape, tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), text);
    ck_assert_ptr_null(tp_tensor_grad(w));
    expect_anomaly(tape, tp_replay(tape, 0), "tp_replay: ");
    expect_anomaly(tape, tp_tape_check_values(tape, 0), "tp_tape_check_values: ");
    expect_anomaly(tape, tp_replay(tape, 0), text);
    tp_tape_reset(tape);
    ck_assert_uint_eq(tp_tape_set_anomaly(tape, 0), TP_ANOMALY); /* a reset leaves it on */
    tp_tape_free(tape);
    tp_tensor_release(w);
}
END_TEST

START_TEST(scalars_leaves_and_infinities_are_named)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    const tp_var x = tp_name(tp_scalar(tape, 0), "x"), y = tp_reciprocal(x), z = tp_neg(y);
    expect_anomaly(tape, tp_backward(z),
                   "tp_backward: the value of reciprocal (node 1) is Inf, computed from scalar (node 0, x)");
    EXPECT_STATUS(tp_set_item(x, -HUGE_VAL), TP_OK);
    expect_anomaly(tape, tp_replay(tape, 0), "tp_replay: the value of scalar (node 0, x) is -Inf, a leaf");
    EXPECT_STATUS(tp_set_item(x, 2), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(z), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), .25, 0);
    data_of(tape, F64(TP_DIMS(1, 3), 1, 2, (double)NAN)); /* behind the result: no matter */
    EXPECT_STATUS(tp_backward(z), TP_OK);
    expect_anomaly(tape, tp_tape_check_values(tape, 0), "the value of data (1,3) (node 3) is NaN at (0,2), a leaf");
    tp_tape_free(tape);
}
END_TEST

/* sqrt x at 0: the value is 0, the slope infinite. */
START_TEST(the_first_gradient_is_named_with_the_rule_that_gave_it)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        tp_tape_set_anomaly(tape, TP_ANOMALY);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 4, 0, 9)), h = tp_name(tp_muls(x, 2), "h");
        const tp_var r = tp_sqrt(h), y = tp_sum(r), s = tp_scalar(tape, 0), z = tp_add(s, tp_sqrt(s));
        expect_anomaly(tape, tp_backward_from(y, tp_none(), flags),
                       "tp_backward: the gradient of muls (2,2) (node 1, h) is Inf at (1,0): given to operand 0 by the "
                       "rule of sqrt (2,2) (node 2), computed from muls (2,2) (node 1, h)");
        expect_anomaly(tape, tp_backward_from(z, tp_none(), flags),
                       "the gradient of scalar (node 4) is Inf: given to operand 0 by the rule of sqrt (node 5)");
        tp_var g;
        expect_anomaly(tape, tp_gradients(y, &x, 1, &g, flags), "the gradient of muls (2,2) (node 1, h) is Inf");
        ck_assert(!tp_ok(g));
        const tp_var seed = data_of(tape, F64(TP_DIMS(2, 2), 1, 1, 0, (double)NAN));
        expect_anomaly(tape, tp_backward_from(r, seed, flags),
                       "the gradient of sqrt (2,2) (node 2) is NaN at (1,1): it is the seed");
        tp_tape_free(tape);
    }
}
END_TEST

static tp_var spoil(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_muls(g, HUGE_VAL);
}

START_TEST(a_hook_and_a_sum_that_overflows_are_named)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        tp_tape_set_anomaly(tape, TP_ANOMALY);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), h = tp_square(x), y = tp_sum(h);
        tp_hook(h, spoil, NULL);
        expect_anomaly(tape, tp_backward_from(y, tp_none(), flags),
                       "the gradient of square (2) (node 1) is Inf at (0): it is what its hook returned");
        tp_tape_reset(tape);
        const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 1e-3));
        const int64_t at = 1; /* given in parts, each of which is finite */
        const tp_var a = tp_muls(tp_index(v, 1, &at), 1e308), b = tp_muls(tp_index(v, 1, &at), 1.5e308);
        const tp_var z = tp_add(tp_muls(a, 0x1p-1000), tp_muls(b, 0x1p-1000));
        EXPECT_STATUS(tp_backward_from(z, tp_none(), flags), TP_OK);
        tp_var g;
        EXPECT_STATUS(tp_vjp(z, tp_const(tape, 0x1p999), &v, 1, &g, flags), TP_OK);
        EXPECT_STATUS(tp_vjp(z, tp_const(tape, 0x1p1000), &v, 1, &g, flags), TP_E_NUMERIC);
        expect_error(tape, TP_E_NUMERIC, "the gradient of leaf (2) (node 0) is Inf at (1): it is the sum of what its");
        const tp_var big = tp_muls(tp_muls(tp_index(v, 1, &at), 0x1p-1000), 0x1p1000);
        EXPECT_STATUS(tp_vjp(big, tp_const(tape, 1e308), &v, 1, &g, flags), TP_E_NUMERIC);
        expect_error(tape, TP_E_NUMERIC, "given to operand 0 by the rule of muls");
        tp_tape_free(tape);
    }
}
END_TEST

/* A part that is not finite is named as it is given, by the rule that gives it. */
START_TEST(a_part_is_named)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        tp_tape_set_anomaly(tape, TP_ANOMALY_NAN_ONLY);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4)), part = tp_slice(x, 0, 1, 4, 2);
        tp_hook(part, spoil, NULL);
        EXPECT_STATUS(tp_backward_from(tp_sum(part), tp_none(), flags), TP_OK); /* Inf: only NaN counts */
        tp_tape_set_anomaly(tape, TP_ANOMALY);
        expect_anomaly(tape, tp_backward_from(tp_sum(part), tp_none(), flags), "is what its hook returned");
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(parameters_gradients_stay_as_they_were)
{
    for (int private_grads = 0; private_grads < 2; private_grads++) {
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.private_grads = private_grads});
        tp_tensor *w = F64(TP_DIMS(2), 1, 0), *v = F64(TP_DIMS(2), 1, 2), *s = F64(TP_DIMS(), 3);
        tp_tape_set_anomaly(tape, TP_ANOMALY);
        const tp_var p = tp_param(tape, w), q = tp_param(tape, v), r = tp_param(tape, s);
        const tp_var good = tp_sum(tp_mul(tp_mul(p, q), r)), bad = tp_sum(tp_mul(tp_mul(tp_sqrt(p), q), r));
        EXPECT_STATUS(tp_backward(good), TP_OK);
        expect_anomaly(tape, tp_backward(bad), "given to operand 0 by the rule of sqrt");
        if (private_grads) EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 3, 6);
        EXPECT_TENSOR(tp_tensor_grad(v), 0, 3, 0);
        EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(s), 0), 1, 0);
        tp_tape_free(tape);
        tp_tensor_release(w);
        tp_tensor_release(v);
        tp_tensor_release(s);
    }
}
END_TEST

/* Attention under a mask of -Inf: legitimate, with the flag that says so. */
START_TEST(infinities_and_constants_need_not_count)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4));
    const tp_var mask = data_of(tape, F64(TP_DIMS(2, 2), 0, -HUGE_VAL, 0, 0));
    const tp_var scores = tp_add(x, mask), y = tp_sum(tp_square(tp_softmax(scores, 1)));
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    expect_anomaly(tape, tp_backward(y), "the value of data (2,2) (node 1) is -Inf at (0,1), a leaf");
    tp_tape_set_anomaly(tape, TP_ANOMALY_NO_CONSTANTS);
    expect_anomaly(tape, tp_backward(y),
                   "the value of add (2,2) (node 2) is -Inf at (0,1), computed from leaf (2,2) "
                   "(node 0), data (2,2) (node 1)");
    tp_tape_set_anomaly(tape, TP_ANOMALY_NAN_ONLY);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_STATUS(tp_tape_check_values(tape, TP_ANOMALY_NAN_ONLY), TP_OK);
    data_of(tape, F64(TP_DIMS(1), (double)NAN));
    EXPECT_STATUS(tp_tape_check_values(tape, TP_ANOMALY_NO_CONSTANTS | TP_ANOMALY_NAN_ONLY), TP_OK);
    expect_anomaly(tape, tp_tape_check_values(tape, TP_ANOMALY_NAN_ONLY), "is NaN");
    tp_tape_free(tape);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_uint_eq(tp_tape_set_anomaly(NULL, 1), 0);
    EXPECT_STATUS(tp_tape_check_values(NULL, 0), TP_E_ARGUMENT);
    tp_tape_set_anomaly(tape, 2);
    ck_assert_uint_eq(tp_tape_set_anomaly(tape, 9), 2);
    expect_error(tape, TP_E_ARGUMENT, "tp_tape_set_anomaly: there is no flag 0x8");
    ck_assert_uint_eq(tp_tape_set_anomaly(tape, 0), 2);
    EXPECT_STATUS(tp_tape_check_values(tape, 16), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_tape_check_values: there is no flag 0x10");
    EXPECT_STATUS(tp_tape_check_values(tape, 0), TP_OK); /* nothing is recorded */
    tp_tape_free(tape);
}
END_TEST

START_TEST(the_first_element_is_found_wherever_it_lies)
{
    for (int64_t n = 1; n < 2200; n += n < 8 ? 1 : 307)
        for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
            tp_tape *tape = tp_tape_new(NULL);
            tp_tensor *flat = random_tensor((tp_dtype)dtype, TP_DIMS(3, n), 1, -1, 1);
            tp_tensor *turned = tp_tensor_transpose(flat, 0, 1, NULL); /* (n, 3) */
            tp_data(tape, turned);
            EXPECT_STATUS(tp_tape_check_values(tape, 0), TP_OK);
            const int64_t at = n + n / 2; /* in row 1: element (n/2, 1) of the other */
            if (dtype == TP_F32)
                ((float *)tp_tensor_data(flat))[at] = (float)HUGE_VAL;
            else
                ((double *)tp_tensor_data(flat))[at] = HUGE_VAL;
            char text[64];
            snprintf(text, sizeof text, "is Inf at (%d,1)", (int)(n / 2));
            expect_anomaly(tape, tp_tape_check_values(tape, 0), text);
            EXPECT_STATUS(tp_tape_check_values(tape, TP_ANOMALY_NAN_ONLY), TP_OK);
            tp_tape_free(tape);
            tp_tensor_release(turned);
            tp_tensor_release(flat);
        }
}
END_TEST

/* Empty tensors, and a tuple whose parts hold the values. */
START_TEST(odd_tensors_pass)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    const tp_var x = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(2, 0), NULL)), y = tp_sum(tp_exp(x));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    tp_var where;
    const tp_var v = leaf_of(tape, F64(TP_DIMS(3), 1, (double)NAN, 2)), top = tp_max_with_indices(v, 0, true, &where);
    expect_anomaly(tape, tp_backward(tp_sum(top)), "the value of leaf (3)");
    const tp_var u = leaf_of(tape, F64(TP_DIMS(3), 1, 4, 2)), best = tp_max_with_indices(u, 0, true, &where);
    expect_anomaly(tape, tp_backward_from(best, data_of(tape, F64(TP_DIMS(1), HUGE_VAL)), 0),
                   "the gradient of result 0 of max_with_indices (1) (node 10) is Inf at (0): it is the seed");
    tp_tape_free(tape);
}
END_TEST

TCase *anomaly_case(void)
{
    TCase *tcase = tcase_create("anomaly mode");
    tcase_add_test(tcase, the_first_value_is_named_with_its_operands);
    tcase_add_test(tcase, scalars_leaves_and_infinities_are_named);
    tcase_add_test(tcase, the_first_gradient_is_named_with_the_rule_that_gave_it);
    tcase_add_test(tcase, a_hook_and_a_sum_that_overflows_are_named);
    tcase_add_test(tcase, a_part_is_named);
    tcase_add_test(tcase, parameters_gradients_stay_as_they_were);
    tcase_add_test(tcase, infinities_and_constants_need_not_count);
    tcase_add_test(tcase, wrong_arguments_are_refused);
    tcase_add_test(tcase, the_first_element_is_found_wherever_it_lies);
    tcase_add_test(tcase, odd_tensors_pass);
    return tcase;
}
