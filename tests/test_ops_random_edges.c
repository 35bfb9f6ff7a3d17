/* Random numbers: the generator's own vectors, what repeats and what does not, edges, and wrong calls. */
#include "tests/test_ops.h"

static tp_tape *tape;

static void setup(void)
{
    tape = tp_tape_new(&(tp_tape_options){.seed = 42});
    ck_assert_ptr_nonnull(tape);
}

static void teardown(void)
{
    tp_tape_free(tape);
}

/* ---- Philox ---- */

/* The published vector for counter and key of all ones, and of the digits of pi (Random123, kat_vectors). */
START_TEST(kernels_draw_the_words_of_philox)
{
    const tp_kernels *k = tp_kernels_pick();
    uint32_t words[3 * TP_RANDOM_GROUP], block[4];
    const tp_stream s = {0x299f31d0a4093822ULL, 0x0370734413198a2eULL};
    tp_philox(s.key, s.number, 0x85a308d3243f6a88ULL, block);
    ck_assert_uint_eq(block[0], 0xd16cfe09);
    ck_assert_uint_eq(block[3], 0x24126ea1);
    k->random->words(s, TP_RANDOM_GROUP, 2 * TP_RANDOM_GROUP + 5, words);
    for (int i = 0; i < 2 * TP_RANDOM_GROUP + 5; i++) {
        const int group = 1 + i / TP_RANDOM_GROUP, j = i % TP_RANDOM_GROUP;
        tp_philox(s.key, s.number, (uint64_t)(16 * group + j % 16), block);
        ck_assert_uint_eq(words[i], block[j / 16]);
    }
    const int64_t far = (int64_t)TP_RANDOM_GROUP << 40;
    k->random->words(s, far, 1, words);
    tp_philox(s.key, s.number, 16ULL << 40, block);
    ck_assert_uint_eq(words[0], block[0]);
}
END_TEST

/* ---- what repeats ---- */

static bool same(tp_var a, tp_var b)
{
    for (int64_t i = 0; i < numbers_in(a); i++)
        if (number_at(a, i) != number_at(b, i)) return false;
    return numbers_in(a) == numbers_in(b);
}

START_TEST(nodes_and_steps_draw_new_numbers)
{
    const tp_var a = tp_uniform(tape, TP_F64, TP_DIMS(8), 0, 1), b = tp_uniform(tape, TP_F64, TP_DIMS(8), 0, 1);
    ck_assert(!same(a, b));
    tp_tensor *kept = tp_tensor_clone(tp_value(a));
    tp_tape_reset(tape);
    const tp_var next = tp_uniform(tape, TP_F64, TP_DIMS(8), 0, 1);
    ck_assert(!same(next, tp_data(tape, kept)));
    tp_tape_set_seed(tape, 42);
    ck_assert(same(tp_uniform(tape, TP_F64, TP_DIMS(8), 0, 1), tp_data(tape, kept)));
    tp_tape_set_seed(tape, 43);
    ck_assert(!same(tp_uniform(tape, TP_F64, TP_DIMS(8), 0, 1), tp_data(tape, kept)));
    tp_tape_reset(tape);
    tp_tensor_release(kept);
    tp_tape_set_seed(NULL, 1);
}
END_TEST

/* A replay repeats each node's numbers, also after the seed was changed; so do the gradients. */
START_TEST(replay_repeats_the_numbers)
{
    tp_tensor *x = tp_tensor_new(TP_F64, TP_DIMS(200));
    double *numbers = tp_tensor_data(x);
    for (int i = 0; i < 200; i++) numbers[i] = 1;
    const tp_var leaf = tp_leaf(tape, x), y = tp_dropout(tp_mul(leaf, tp_normal(tape, TP_F64, TP_DIMS(200), 0, 1)), .5);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    tp_tensor *value = tp_tensor_clone(tp_value(y)), *grad = tp_tensor_clone(tp_grad(leaf));
    tp_tape_set_seed(tape, 7);
    tp_normal(tape, TP_F64, TP_DIMS(3), 0, 1);
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    for (int i = 0; i < 200; i++) {
        ck_assert_double_eq(tp_tensor_item(value, i), number_at(y, i));
        ck_assert_double_eq(tp_tensor_item(grad, i), tp_tensor_item(tp_grad(leaf), i));
        ck_assert_double_eq(tp_tensor_item(grad, i), tp_tensor_item(value, i)); /* x is 1 */
    }
    tp_tape_reset(tape);
    tp_tensor_release(x);
    tp_tensor_release(value);
    tp_tensor_release(grad);
}
END_TEST

START_TEST(f32_draws_what_f64_does)
{
    const int64_t dims[] = {1000};
    tp_tape *other = tp_tape_new(&(tp_tape_options){.seed = 42});
    const tp_var wide = tp_uniform(tape, TP_F64, 1, dims, 0, 1), narrow = tp_uniform(other, TP_F32, 1, dims, 0, 1);
    for (int i = 0; i < 1000; i++)
        ck_assert_double_eq(number_at(narrow, i), floor(number_at(wide, i) * 0x1p24) * 0x1p-24);
    const tp_var n64 = tp_normal(tape, TP_F64, 1, dims, 0, 1), n32 = tp_normal(other, TP_F32, 1, dims, 0, 1);
    for (int i = 0; i < 1000; i++) ck_assert_double_eq(number_at(n32, i), (double)(float)number_at(n64, i));
    tp_tape_free(other);
}
END_TEST

/* Numbers that every machine must draw: from this file, by seed 42. */
START_TEST(numbers_are_the_same_everywhere)
{
    const tp_var u = tp_uniform(tape, TP_F64, TP_DIMS(70), 0, 1), n = tp_normal(tape, TP_F64, TP_DIMS(70), 0, 1);
    const tp_var g = tp_gumbel(tape, TP_F64, TP_DIMS(70), 0, 1), k = tp_randint(tape, TP_DIMS(70), 0, 1000000);
    const double want[4][2] = {{0x1.b937455b248b7p-1, 0x1.11c0727153a87p-1},
                               {0x1.1d8f44cc43aa9p-1, 0x1.f29bac866c5d1p-1},
                               {-0x1.70e1bac90713dp+0, 0x1.59ec8e2950ddp+1},
                               {0x1.1dbep+19, 0x1.02594p+19}};
    const tp_var all[4] = {u, n, g, k};
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(number_at(all[i], 0) == want[i][0] && number_at(all[i], 69) == want[i][1], "{%a, %a}",
                      number_at(all[i], 0), number_at(all[i], 69));
    }
}
END_TEST

/* ---- edges ---- */

START_TEST(dropout_at_its_edges)
{
    const double odd[] = {HUGE_VAL, (double)NAN, 1};
    const tp_var x = vector(tape, TP_F32, 3, odd, false);
    const tp_var y = tp_dropout(x, 1);
    expect_elements("dropout", y, 3, (double[]){0, 0, 0}, 0);
    expect_gradient("dropout", tp_sum(y), x, 3, (double[]){0, 0, 0});
    expect_elements("dropout", tp_dropout(x, 0), 3, odd, 0);
    tp_tensor *ones = tp_tensor_new(TP_F64, TP_DIMS(4, 8, 5));
    double *at = tp_tensor_data(ones);
    for (int i = 0; i < 160; i++) at[i] = 1;
    const tp_var z = tp_dropout_channels(tp_data(tape, ones), .5);
    int kept = 0;
    for (int i = 0; i < 160; i++) {
        ck_assert(number_at(z, i) == 0 || number_at(z, i) == 2);
        ck_assert_double_eq(number_at(z, i), number_at(z, i / 5 * 5));
        kept += number_at(z, i) > 0;
    }
    ck_assert(kept > 40 && kept < 120);
    tp_tape_reset(tape);
    tp_tensor_release(ones);
}
END_TEST

START_TEST(reparameterised_draws_have_gradients)
{
    const tp_var mean = vector(tape, TP_F64, 2, (double[]){1, 2}, false), deviation = tp_scalar(tape, .5);
    const tp_var low = vector(tape, TP_F64, 2, (double[]){1, 2}, false),
                 high = vector(tape, TP_F64, 2, (double[]){3, 5}, false);
    const tp_var logits = vector(tape, TP_F64, 3, (double[]){1, 2, 0}, false);
    tp_error error;
    const tp_var n = tp_normal_around(mean, deviation), u = tp_uniform_between(low, high);
    ck_assert_int_eq(tp_gradcheck(n, (tp_var[]){mean, deviation}, 2, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradgradcheck(n, (tp_var[]){mean, deviation}, 2, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradcheck(u, (tp_var[]){low, high}, 2, NULL, &error), TP_OK);
    const tp_var soft = tp_gumbel_softmax(logits, 0, .7, false);
    ck_assert_int_eq(tp_gradcheck(soft, &logits, 1, NULL, &error), TP_OK);
    ck_assert_int_eq(tp_gradgradcheck(soft, &logits, 1, NULL, &error), TP_OK);
    const tp_var normal = tp_index(n, TP_AXES(0)), between = tp_index(u, TP_AXES(1));
    expect_gradient("normal_around", normal, mean, 2, (double[]){1, 0});
    const double share = (tp_item(between) - 2) / 3;
    tp_var g;
    ck_assert_int_eq(tp_gradients(between, &high, 1, &g, 0), TP_OK);
    ck_assert_double_eq_tol(number_at(g, 1), share, 1e-15);
}
END_TEST

/* The value is one class, the gradient that of the smooth draw by the same noise. */
START_TEST(hard_gumbel_softmax_goes_straight_through)
{
    const tp_var logits = vector(tape, TP_F64, 3, (double[]){1, 2, 0}, false);
    const tp_var weights = vector(tape, TP_F64, 3, (double[]){1, -2, 4}, true);
    tp_tape_set_seed(tape, 3);
    const tp_var soft = tp_gumbel_softmax(logits, 0, .7, false);
    tp_tape_set_seed(tape, 3);
    const tp_var hard = tp_gumbel_softmax(logits, 0, .7, true);
    tp_var a, b;
    ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(weights, soft)), &logits, 1, &a, 0), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(weights, hard)), &logits, 1, &b, 0), TP_OK);
    double largest = 0, sum = 0;
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(number_at(a, i), number_at(b, i), 1e-15);
        largest = fmax(largest, number_at(hard, i));
        sum += fabs(number_at(hard, i));
    }
    ck_assert_double_eq_tol(largest, 1, 1e-15);
    ck_assert_double_eq_tol(sum, 1, 1e-15);
    const tp_var column = tp_reshape(logits, TP_DIMS(3, 1));
    ck_assert_int_eq(tp_var_dims(tp_gumbel_softmax(column, 0, 1, true))[0], 3);
}
END_TEST

START_TEST(wrong_draws_are_refused)
{
    const tp_var x = vector(tape, TP_F64, 2, (double[]){.5, 1.5}, true), s = tp_const(tape, .5);
    const tp_var w = vector(tape, TP_F64, 2, (double[]){0, 1}, true),
                 minus = vector(tape, TP_F64, 1, (double[]){-1}, true);
    const int64_t huge[] = {INT64_MAX / 2, 8};
    REFUSES(TP_E_ARGUMENT, tp_uniform(tape, TP_F64, TP_DIMS(2), 1, 0), "tp_uniform: from 1 to 0");
    REFUSES(TP_E_ARGUMENT, tp_uniform(tape, TP_F64, TP_DIMS(2), 0, HUGE_VAL), "tp_uniform: from 0 to inf");
    REFUSES(TP_E_DTYPE, tp_uniform(tape, TP_I64, TP_DIMS(2), 0, 1), "tp_uniform: makes f32 or f64, not i64");
    REFUSES(TP_E_ARGUMENT, tp_uniform(tape, TP_F64, 9, huge, 0, 1), "tp_uniform: rank 9");
    REFUSES(TP_E_ARGUMENT, tp_uniform(tape, TP_F64, 1, NULL, 0, 1), "tp_uniform: rank 1 without dims");
    REFUSES(TP_E_LIMIT, tp_uniform(tape, TP_F64, 2, huge, 0, 1), "tp_uniform");
    REFUSES(TP_E_SHAPE, tp_uniform(tape, TP_F64, TP_DIMS(-1), 0, 1), "tp_uniform");
    REFUSES(TP_E_ARGUMENT, tp_normal(tape, TP_F64, TP_DIMS(2), 0, -1), "tp_normal: a deviation of -1");
    REFUSES(TP_E_ARGUMENT, tp_exponential(tape, TP_F64, TP_DIMS(2), 0), "tp_exponential: a rate of 0");
    REFUSES(TP_E_ARGUMENT, tp_gumbel(tape, TP_F64, TP_DIMS(2), 0, (double)NAN), "tp_gumbel: a scale of");
    REFUSES(TP_E_ARGUMENT, tp_randint(tape, TP_DIMS(2), 3, 3), "tp_randint: nothing in 3 .. 3 - 1");
    REFUSES(TP_E_ARGUMENT, tp_permutation(tape, -1), "tp_permutation: of -1");
    REFUSES(TP_E_ARGUMENT, tp_bernoulli(x), "tp_bernoulli: probability 1.5 (number 1) is not in [0, 1]");
    REFUSES(TP_E_SHAPE, tp_multinomial(s, 1, true), "tp_multinomial: nothing to draw from in weights ()");
    REFUSES(TP_E_ARGUMENT, tp_multinomial(x, 3, false), "tp_multinomial: 3 draws without replacement from weights (2)");
    REFUSES(TP_E_ARGUMENT, tp_multinomial(w, 2, false), "tp_multinomial: 2 draws from a row with 1 weights above 0");
    REFUSES(TP_E_ARGUMENT, tp_multinomial(x, -1, true), "tp_multinomial: -1 draws");
    REFUSES(TP_E_ARGUMENT, tp_multinomial(minus, 1, true), "tp_multinomial: weight -1 (number 0 of its row)");
    REFUSES(TP_E_ARGUMENT, tp_dropout(x, 1.5), "tp_dropout: p is 1.5, not in [0, 1]");
    REFUSES(TP_E_ARGUMENT, tp_dropout(x, (double)NAN), "tp_dropout: p is");
    REFUSES(TP_E_SHAPE, tp_dropout_channels(x, .5), "tp_dropout: x (2) has no channels");
    REFUSES(TP_E_ARGUMENT, tp_gumbel_softmax(x, 0, 0, false), "tp_gumbel_softmax: tau is 0");
    REFUSES(TP_E_INDEX, tp_gumbel_softmax(x, 1, 1, true), "tp_softmax: axis 1 of (2)");
    const tp_var three = vector(tape, TP_F64, 3, (double[]){1, 2, 3}, true);
    REFUSES(TP_E_SHAPE, tp_normal_around(x, three), "tp_normal_around: shapes do not broadcast: (2) and (3)");
    ck_assert(!tp_ok(tp_uniform(NULL, TP_F64, TP_DIMS(2), 0, 1)) && !tp_ok(tp_randint(NULL, TP_DIMS(2), 0, 1)) &&
              !tp_ok(tp_permutation(NULL, 3)) && !tp_ok(tp_normal_around(tp_none(), tp_none())));
}
END_TEST

TCase *random_case(void)
{
    TCase *test = tcase_create("random");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, kernels_draw_the_words_of_philox);
    tcase_add_test(test, nodes_and_steps_draw_new_numbers);
    tcase_add_test(test, replay_repeats_the_numbers);
    tcase_add_test(test, f32_draws_what_f64_does);
    tcase_add_test(test, numbers_are_the_same_everywhere);
    tcase_add_test(test, dropout_at_its_edges);
    tcase_add_test(test, reparameterised_draws_have_gradients);
    tcase_add_test(test, hard_gumbel_softmax_goes_straight_through);
    tcase_add_test(test, wrong_draws_are_refused);
    return test;
}
