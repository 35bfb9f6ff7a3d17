/* Worked examples: layers, networks, activations. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* log(1 + e^z) without overflow. */
static tp_var softplus(tp_var z)
{
    return tp_add(tp_relu(z), tp_log(tp_adds(tp_exp(tp_neg(tp_abs(z))), 1)));
}

/* C/2 |w|^2 + log(1 + e^(-y f)): one code, whatever made f. */
static tp_var logit_loss(tp_var f, double y, tp_var w)
{
    return tp_add(tp_muls(tp_sum(tp_square(w)), .05), softplus(tp_muls(f, -y)));
}

START_TEST(one_loss_serves_three_kinds_of_decision)
{
    const tp_var x = data_of(tape, F64(TP_DIMS(3), 1, -2, .5)), w = leaf_of(tape, F64(TP_DIMS(3), .2, .1, -.4));
    const tp_var theta = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 3), 1, -1, 1));
    const tp_var fixed = tp_matmul(w, tp_square(x)), learned = tp_matmul(w, tp_tanh(tp_matmul(theta, x)));
    const tp_var net = tp_matmul(tp_tanh(tp_mul(w, x)), tp_sigmoid(tp_matmul(theta, tp_mul(w, x))));
    for (double y = -1; y <= 1; y += 2) {
        expect_gradients(logit_loss(fixed, y, w), &w, 1);
        expect_gradients(logit_loss(learned, y, w), (tp_var[]){w, theta}, 2);
        expect_gradients(logit_loss(net, y, w), (tp_var[]){w, theta}, 2);
    }
}
END_TEST

/* eps log(1 + e^((L - y f) / eps)) */
static tp_var general_loss(tp_var f, double y, double eps, double l)
{
    return tp_muls(softplus(tp_muls(tp_rsubs(l, tp_muls(f, y)), 1 / eps)), eps);
}

static void expect_slope(tp_var loss, tp_var f, double value, double slope)
{
    EXPECT_NEAR(tp_item(loss), value, 1e-7);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_NEAR(tp_grad_item(f), slope, 1e-7);
}

START_TEST(margin_losses_have_their_values_and_never_overflow)
{
    const tp_var f = tp_scalar(tape, .5);
    expect_slope(tp_muls(tp_square(tp_rsubs(1, f)), .5), f, .125, -.5);
    expect_slope(softplus(tp_neg(f)), f, .4740770, -.3775407);
    expect_slope(tp_relu(tp_rsubs(1, f)), f, .5, -1);
    expect_slope(general_loss(f, 1, .1, 1), f, .5006715, -.9933071);
    expect_slope(general_loss(f, 1, 1, 0), f, .4740770, -.3775407);
    expect_slope(general_loss(f, 1, 1e-3, 1), f, .5, -1);
    for (double v = -1e4; v <= 1e4; v += 2e4)
        for (double y = -1; y <= 1; y += 2) {
            const tp_var far = tp_scalar(tape, v);
            const bool wrong = y * v < 0;
            expect_slope(general_loss(far, y, 1, 0), far, wrong ? 1e4 : 0, wrong ? -y : 0);
            expect_slope(general_loss(far, y, .1, 1), far, wrong ? 1e4 + 1 : 0, wrong ? -y : 0);
        }
}
END_TEST

START_TEST(layer_counts_and_zero_input_gives_the_bias)
{
    const int64_t sizes[] = {3, 4, 4, 1};
    int64_t count = 0;
    for (int i = 0; i < 3; i++) {
        tp_tensor *w = random_tensor(TP_F64, TP_DIMS(sizes[i + 1], sizes[i]), 1, -1, 1);
        tp_tensor *b = random_tensor(TP_F64, TP_DIMS(sizes[i + 1]), 2, -1, 1);
        count += tp_tensor_count(w) + tp_tensor_count(b);
        const tp_var zero = data_of(tape, tensor_of(TP_F64, TP_DIMS(1, sizes[i]), NULL));
        const tp_var y = tp_linear(zero, tp_data(tape, w), tp_data(tape, b));
        for (int64_t k = 0; k < sizes[i + 1]; k++)
            ck_assert_double_eq(tp_tensor_item(tp_value(y), k), tp_tensor_item(b, k));
        tp_tensor_release(w);
        tp_tensor_release(b);
    }
    ck_assert_int_eq(count, 41);
}
END_TEST

START_TEST(two_layer_prediction_equals_a_plain_loop)
{
    enum { H = 5, D = 4 };
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(H, D), 1, -1, 1), *v = random_tensor(TP_F64, TP_DIMS(H), 2, -1, 1);
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(D), 3, -1, 1);
    double sum = 0;
    for (int i = 0; i < H; i++) {
        double a = 0;
        for (int k = 0; k < D; k++) a += tp_tensor_item(w, i * D + k) * tp_tensor_item(x, k);
        sum += tp_tensor_item(v, i) * tanh(a);
    }
    const tp_var y = tp_matmul(tp_data(tape, v), tp_tanh(tp_matmul(tp_data(tape, w), tp_data(tape, x))));
    EXPECT_NEAR(tp_item(y), sum, 1e-14);
    tp_tensor_release(w);
    tp_tensor_release(v);
    tp_tensor_release(x);
}
END_TEST

START_TEST(batch_equals_its_rows_one_by_one)
{
    const int64_t sizes[] = {3, 4, 4, 1};
    tp_var w[3], b[3];
    for (int i = 0; i < 3; i++) {
        w[i] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(sizes[i + 1], sizes[i]), (uint64_t)i, -1, 1));
        b[i] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(sizes[i + 1]), (uint64_t)i + 9, -1, 1));
    }
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(6, 3), 5, -2, 2));
    tp_var batch = x, rows = tp_const(tape, 0);
    for (int i = 0; i < 3; i++) batch = tp_sigmoid(tp_linear(batch, w[i], b[i]));
    for (int64_t r = 0; r < 6; r++) {
        tp_var a = tp_reshape(tp_slice(x, 0, r, r + 1, 1), TP_DIMS(3));
        for (int i = 0; i < 3; i++) a = tp_sigmoid(tp_add(tp_matmul(w[i], a), b[i]));
        EXPECT_NEAR(tp_tensor_item(tp_value(a), 0), tp_tensor_item(tp_value(batch), r), 1e-15);
        rows = tp_add(rows, tp_sum(tp_square(a)));
    }
    tp_var g[2];
    EXPECT_STATUS(tp_gradients(tp_sum(tp_square(batch)), &w[0], 1, &g[0], 0), TP_OK);
    EXPECT_STATUS(tp_gradients(rows, &w[0], 1, &g[1], 0), TP_OK);
    expect_same(tp_value(g[0]), tp_value(g[1]), 1e-14);
    expect_gradients(tp_sum(tp_square(batch)), (tp_var[]){x, w[0], b[0], w[2], b[2]}, 5);
}
END_TEST

static tp_var leaky(tp_var z)
{
    return tp_leaky_relu(z, .1);
}
static tp_var identity(tp_var z)
{
    return tp_adds(z, 0);
}
static tp_var scaled(tp_var z)
{
    return tp_muls(z, -1.5);
}
static tp_var larger(tp_var z)
{
    return tp_maximum(tp_muls(z, .1), z);
}
static tp_var elu(tp_var z)
{
    return tp_elu(z, 1);
}
/* z for z > 0, else e^z - 1 */
static tp_var composed_elu(tp_var z)
{
    return tp_add(tp_relu(z), tp_adds(tp_exp(tp_neg(tp_relu(tp_neg(z)))), -1));
}

START_TEST(activations_have_values_slopes_and_no_overflow)
{
    static const struct {
        tp_var (*f)(tp_var);
        double at[4]; /* at -1000, -.5, .5, 1000 */
        bool smooth;
    } rows[] = {{tp_sign, {-1, -1, 1, 1}, false},
                {tp_step, {0, 0, 1, 1}, false},
                {tp_sigmoid, {0, .3775406687981454, .6224593312018546, 1}, true},
                {tp_tanh, {-1, -.46211715726000975, .46211715726000975, 1}, true},
                {tp_relu, {0, 0, .5, 1000}, true},
                {leaky, {-100, -.05, .5, 1000}, true},
                {larger, {-100, -.05, .5, 1000}, true},
                {elu, {-1, -.3934693402873666, .5, 1000}, true},
                {composed_elu, {-1, -.3934693402873666, .5, 1000}, true},
                {identity, {-1000, -.5, .5, 1000}, true},
                {scaled, {1500, .75, -.75, -1500}, true}};
    tp_tensor *z = F64(TP_DIMS(4), -1000, -.5, .5, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tp_var x = tp_leaf(tape, z), y = rows[i].f(x);
        expect_numbers(tp_value(y), 4, rows[i].at, 1e-15);
        ck_assert(tp_needs_grad(y) == rows[i].smooth);
        EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
        for (int k = 0; k < 4; k++) {
            if (tp_needs_grad(y)) ck_assert(isfinite(tp_tensor_item(tp_grad(x), k)));
            const tp_var s = tp_scalar(tape, tp_tensor_item(z, k)), t = rows[i].f(s);
            EXPECT_NEAR(tp_item(t), rows[i].at[k], 1e-15);
        }
        const tp_var near = leaf_of(tape, F64(TP_DIMS(3), -1.2, .3, .9));
        if (rows[i].smooth) expect_gradients(rows[i].f(near), &near, 1);
    }
    tp_tensor_release(z);
}
END_TEST

START_TEST(linear_layers_collapse_to_one)
{
    tp_var product = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(5, 5), 1, -1, 1));
    const tp_var x = data_of(tape, random_tensor(TP_F64, TP_DIMS(5), 2, -1, 1));
    tp_var y = tp_matmul(product, x);
    for (uint64_t i = 0; i < 4; i++) {
        const tp_var w = data_of(tape, random_tensor(TP_F64, TP_DIMS(5, 5), i + 3, -1, 1));
        y = tp_matmul(w, y);
        product = tp_matmul(w, product);
    }
    expect_same(tp_value(y), tp_value(tp_matmul(product, x)), 1e-12);
}
END_TEST

START_TEST(tied_weights_and_diamonds_add_up)
{
    const tp_var w = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 3), 1, -1, 1));
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3), 2, -1, 1));
    const tp_var left = tp_tanh(tp_matmul(w, x)), right = tp_sigmoid(tp_matmul(tp_transpose(w, 0, 1), x));
    const tp_var y = tp_matmul(tp_mul(left, right), tp_matmul(w, tp_add(left, x)));
    expect_gradients(y, (tp_var[]){w, x}, 2);
}
END_TEST

TCase *seeds_networks_case(void)
{
    TCase *tcase = tcase_create("networks");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_loss_serves_three_kinds_of_decision);
    tcase_add_test(tcase, margin_losses_have_their_values_and_never_overflow);
    tcase_add_test(tcase, layer_counts_and_zero_input_gives_the_bias);
    tcase_add_test(tcase, two_layer_prediction_equals_a_plain_loop);
    tcase_add_test(tcase, batch_equals_its_rows_one_by_one);
    tcase_add_test(tcase, activations_have_values_slopes_and_no_overflow);
    tcase_add_test(tcase, linear_layers_collapse_to_one);
    tcase_add_test(tcase, tied_weights_and_diamonds_add_up);
    return tcase;
}
