/* Derivatives beyond the gradient against what is known in closed form, at their corners, and their errors. */
#include "tests/helpers.h"
#include "autograd/jacobian.h"
#include "tests/test_derive.h"
#include "tests/tests.h"

#include "tests/tape_fixture.h"

static double at(tp_var matrix, int64_t row, int64_t column)
{
    return tp_tensor_item(tp_value(matrix), row * tp_var_dims(matrix)[1] + column);
}

static tp_var hessian_of(tp_var y, const tp_var *x, int n, unsigned flags)
{
    tp_var h;
    const tp_status status = tp_hessian(y, x, n, &h, flags);
    ck_assert_msg(status == TP_OK && tp_ok(h), "%s", tp_tape_error(tape));
    return h;
}

static tp_var jacobian_of(const tp_var *y, int m, const tp_var *x, int n, unsigned flags)
{
    tp_var j;
    const tp_status status = tp_jacobian(y, m, x, n, &j, flags);
    ck_assert_msg(status == TP_OK && tp_ok(j), "%s", tp_tape_error(tape));
    return j;
}

/* ---- scalars ---- */

enum { N = 40 };

static tp_var rosenbrock(const tp_var *x, int n)
{
    tp_var sum = tp_const(tape, 0);
    for (int i = 0; i + 1 < n; i++)
        sum = tp_add(sum,
                     tp_add(tp_muls(tp_square(tp_sub(x[i + 1], tp_square(x[i]))), 100), tp_square(tp_rsubs(1, x[i]))));
    return sum;
}

/* d2f/dx_i^2 = 1200 x_i^2 - 400 x_i+1 + 2 (not for the last), + 200 (not for the first); beside it -400 x_i. */
static double rosenbrock_second(const double *x, int i, int k)
{
    if (k < i) return rosenbrock_second(x, k, i);
    if (k > i) return k == i + 1 ? -400 * x[i] : 0;
    return (i < N - 1 ? 1200 * x[i] * x[i] - 400 * x[i + 1] + 2 : 0) + (i > 0 ? 200 : 0);
}

START_TEST(hessian_of_rosenbrocks_function)
{
    double start[N];
    tp_var x[N], v[N], hv[N];
    for (int i = 0; i < N; i++) x[i] = tp_scalar(tape, start[i] = sin(i)), v[i] = tp_const(tape, cos(2. * i));
    const tp_var y = rosenbrock(x, N);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_var h = hessian_of(y, x, N, flags);
        EXPECT_STATUS(tp_hvp(y, x, v, N, hv, flags), TP_OK);
        for (int i = 0; i < N; i++) {
            double product = 0;
            for (int k = 0; k < N; k++) {
                EXPECT_NEAR(at(h, i, k), rosenbrock_second(start, i, k), 1e-10);
                product += rosenbrock_second(start, i, k) * cos(2. * k);
            }
            EXPECT_NEAR(tp_item(hv[i]), product, 1e-9);
        }
    }
}
END_TEST

/* Speelpenning's product of all x: the gradient is the product of the others, the Hessian that without two. */
START_TEST(hessian_of_speelpennings_product)
{
    enum { FEW = 12 };
    tp_var x[FEW], y = tp_const(tape, 1), g[FEW];
    double value[FEW];
    for (int i = 0; i < FEW; i++) {
        x[i] = tp_scalar(tape, value[i] = 1 + .1 * i);
        y = tp_mul(y, x[i]);
    }
    const tp_var h = hessian_of(y, x, FEW, 0);
    EXPECT_STATUS(tp_gradients(y, x, FEW, g, 0), TP_OK);
    for (int i = 0; i < FEW; i++) {
        EXPECT_NEAR(tp_item(g[i]), tp_item(y) / value[i], 1e-12 * tp_item(y));
        for (int k = 0; k < FEW; k++)
            EXPECT_NEAR(at(h, i, k), i == k ? 0 : tp_item(y) / (value[i] * value[k]), 1e-12 * tp_item(y));
    }
}
END_TEST

/* y = sum over i of x_0 x_i^2 / 2: an arrowhead. As scalars, and as a scalar with a vector. */
START_TEST(hessian_of_an_arrowhead)
{
    enum { FEW = 9 };
    tp_var x[FEW], y = tp_const(tape, 0);
    double value[FEW];
    for (int i = 0; i < FEW; i++) x[i] = tp_scalar(tape, value[i] = 2 - .3 * i);
    for (int i = 1; i < FEW; i++) y = tp_add(y, tp_mul(x[0], tp_muls(tp_square(x[i]), .5)));
    const tp_var rest = vector(tape, TP_F64, FEW - 1, value + 1, false);
    const tp_var mixed = tp_muls(tp_sum(tp_mul(x[0], tp_square(rest))), .5);
    const tp_var forms[] = {hessian_of(y, x, FEW, 0), hessian_of(mixed, (tp_var[]){x[0], rest}, 2, 0),
                            hessian_of(mixed, (tp_var[]){x[0], rest}, 2, TP_CREATE_GRAPH)};
    for (int form = 0; form < 3; form++)
        for (int i = 0; i < FEW; i++)
            for (int k = 0; k < FEW; k++) {
                const double border = i == 0 ? value[k] : (k == 0 ? value[i] : 0);
                const double expected = i == k ? (i ? value[0] : 0) : border;
                EXPECT_NEAR(at(forms[form], i, k), expected, 1e-14);
            }
}
END_TEST

/* Derivatives of every order up to the sixth: e^x and x^7 in closed form, tanh by P_n+1(t) = P_n'(t) (1 - t^2). */
START_TEST(derivatives_to_the_sixth_order)
{
    enum { ORDERS = 6 };
    const tp_var x = tp_scalar(tape, .4);
    tp_var y[] = {tp_exp(tp_muls(x, 2)), tp_pows(x, 7), tp_tanh(x), tp_pow(x, tp_const(tape, 2.5))};
    double polynomial[ORDERS + 3] = {0, 1}, falling = 1, powers = 1;
    const double t = tanh(.4);
    for (int order = 1; order <= ORDERS; order++) {
        for (int i = 0; i < COUNT(y); i++) EXPECT_STATUS(tp_gradients(y[i], &x, 1, &y[i], TP_CREATE_GRAPH), TP_OK);
        double next[ORDERS + 3] = {0}, sum = 0;
        for (int k = 1; k < ORDERS + 2; k++) {
            next[k - 1] += k * polynomial[k];
            next[k + 1] -= k * polynomial[k];
        }
        for (int k = 0; k < ORDERS + 3; k++) sum += (polynomial[k] = next[k]) * pow(t, k);
        falling *= 8 - order;
        powers *= 3.5 - order;
        EXPECT_NEAR(tp_item(y[0]), pow(2, order) * exp(.8), 1e-11);
        EXPECT_NEAR(tp_item(y[1]), falling * pow(.4, 7 - order), 1e-10);
        EXPECT_NEAR(tp_item(y[2]), sum, 1e-10);
        EXPECT_NEAR(tp_item(y[3]), powers * pow(.4, 2.5 - order), 1e-10 * fabs(powers) * pow(.4, -3.5));
    }
}
END_TEST

/* ---- tensors ---- */

typedef struct layer {
    tp_tensor *w, *b, *u, *c, *x;
} layer;

static layer network(void)
{
    return (layer){random_tensor(TP_F64, TP_DIMS(4, 3), 1, -1, 1), random_tensor(TP_F64, TP_DIMS(4), 2, -1, 1),
                   random_tensor(TP_F64, TP_DIMS(2, 4), 3, -1, 1), random_tensor(TP_F64, TP_DIMS(2), 4, -1, 1),
                   random_tensor(TP_F64, TP_DIMS(5, 3), 5, -1, 1)};
}

static tp_var loss_of(const layer *net, tp_var *x)
{
    x[0] = leaf_of(tape, net->w), x[1] = leaf_of(tape, net->b);
    x[2] = leaf_of(tape, net->u), x[3] = leaf_of(tape, net->c);
    const tp_var h = tp_tanh(tp_linear(tp_data(tape, net->x), x[0], x[1]));
    return tp_mean(tp_square(tp_log_softmax(tp_linear(h, x[2], x[3]), 1)));
}

/* A parameter moved, the gradient by all of them, replayed. */
static void gradient_at(tp_var y, const tp_var *x, double *to)
{
    tp_var g[4];
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_gradients(y, x, 4, g, 0), TP_OK);
    for (int i = 0; i < 4; i++)
        for (int64_t k = 0; k < numbers_in(g[i]); k++) *to++ = number_at(g[i], k);
}

START_TEST(hessian_of_a_network_agrees_with_differences_of_gradients)
{
    enum { ALL = 26 };
    layer net = network();
    tp_tensor *const parameters[] = {net.w, net.b, net.u, net.c};
    tp_var x[4], v[4], hv[4];
    const tp_var y = loss_of(&net, x), h = hessian_of(y, x, 4, 0);
    ck_assert_int_eq(tp_var_dims(h)[0], ALL);
    ck_assert_int_eq(tp_var_dims(h)[1], ALL);
    double products[ALL] = {0};
    for (int i = 0; i < 4; i++) v[i] = upstream_like(x[i], 7 + (uint64_t)i);
    EXPECT_STATUS(tp_hvp(y, x, v, 4, hv, 0), TP_OK);
    for (int i = 0, column = 0; i < 4; i++)
        for (int64_t k = 0; k < tp_tensor_count(parameters[i]); k++, column++) {
            double up[ALL], down[ALL];
            double *number = (double *)tp_tensor_data(parameters[i]) + k;
            const double was = *number, step = 1e-4, along = number_at(v[i], k);
            *number = was + step, tp_tensor_touch(parameters[i]), gradient_at(y, x, up);
            *number = was - step, tp_tensor_touch(parameters[i]), gradient_at(y, x, down);
            *number = was, tp_tensor_touch(parameters[i]), tp_replay(tape, 0);
            for (int row = 0; row < ALL; row++) {
                EXPECT_NEAR(at(h, row, column), (up[row] - down[row]) / (2 * step), 1e-6);
                products[row] += at(h, row, column) * along;
            }
        }
    for (int i = 0, row = 0; i < 4; i++)
        for (int64_t k = 0; k < numbers_in(hv[i]); k++) EXPECT_NEAR(number_at(hv[i], k), products[row++], 1e-12);
    tp_tensor_release(net.x);
}
END_TEST

/* Third derivatives: the gradient of <H v, u> against differences of products. */
static tp_var third_of_matmul(tp_var x)
{
    return tp_sum(tp_exp(tp_matmul(x, tp_transpose(x, 0, 1))));
}

static tp_var third_of_softmax(tp_var x)
{
    return tp_sum(tp_square(tp_softmax(x, 1)));
}

static tp_var third_of_conv(tp_var x)
{
    const tp_var image = tp_reshape(x, TP_DIMS(1, 1, 3, 3));
    return tp_sum(tp_tanh(tp_conv2d(image, tp_slice(tp_slice(image, 2, 0, 2, 1), 3, 0, 2, 1), tp_none(), NULL)));
}

static tp_var third_of_cholesky(tp_var x)
{
    return tp_sum(tp_square(tp_cholesky(tp_matmul(sound(x), tp_transpose(sound(x), 0, 1)))));
}

static tp_var third_of_layer_norm(tp_var x)
{
    return tp_sum(tp_exp(tp_layer_norm(x, 1, tp_none(), tp_none(), 1e-5)));
}

static tp_var (*const thirds[])(tp_var) = {third_of_matmul, third_of_softmax, third_of_conv, third_of_cholesky,
                                           third_of_layer_norm};

START_TEST(third_derivatives_agree_with_differences_of_second_ones)
{
    tp_tensor *tensor = random_tensor(TP_F64, TP_DIMS(3, 3), 11, -.6, .6);
    const tp_var x = leaf_of(tape, tensor), y = thirds[_i](x);
    const tp_var v = upstream_like(x, 12), u = upstream_like(x, 13);
    tp_var hv, third, up, down;
    EXPECT_STATUS(tp_hvp(y, &x, &v, 1, &hv, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_gradients(tp_sum(tp_mul(hv, u)), &x, 1, &third, 0), TP_OK);
    for (int64_t k = 0; k < 9; k++) {
        double *number = (double *)tp_tensor_data(tensor) + k, slope = 0;
        const double was = *number, step = 1e-4;
        *number = was + step, tp_tensor_touch(tensor), tp_replay(tape, 0);
        EXPECT_STATUS(tp_hvp(y, &x, &v, 1, &up, 0), TP_OK);
        *number = was - step, tp_tensor_touch(tensor), tp_replay(tape, 0);
        EXPECT_STATUS(tp_hvp(y, &x, &v, 1, &down, 0), TP_OK);
        for (int64_t i = 0; i < 9; i++) slope += number_at(u, i) * (number_at(up, i) - number_at(down, i)) / (2 * step);
        *number = was, tp_tensor_touch(tensor), tp_replay(tape, 0);
        EXPECT_NEAR(number_at(third, k), slope, 1e-5 * (1 + fabs(slope)));
    }
}
END_TEST

/* ---- corners ---- */

START_TEST(several_results_and_variables_of_every_kind_make_one_matrix)
{
    const tp_var s = tp_scalar(tape, 3), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)),
                 none = leaf_of(tape, tp_tensor_new(TP_F64, TP_DIMS(0)));
    const tp_var y[] = {tp_mul(s, v), tp_sum(tp_square(v)), none}, x[] = {v, none, s};
    const double expected[3][3] = {{3, 0, 1}, {0, 3, 2}, {2, 4, 0}};
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
        for (int way = TP_BY_ROWS; way <= TP_BY_COLUMNS; way++) {
            tp_var j;
            EXPECT_STATUS(tp_jacobian_by((tp_jacobian_way)way, y, 3, x, 3, &j, flags), TP_OK);
            ck_assert(tp_var_dims(j)[0] == 3 && tp_var_dims(j)[1] == 3);
            for (int i = 0; i < 9; i++) EXPECT_NEAR(at(j, i / 3, i % 3), expected[i / 3][i % 3], 0);
        }
    ck_assert_int_eq(tp_var_dims(jacobian_of(y, 3, NULL, 0, 0))[1], 0);
    ck_assert_int_eq(tp_var_dims(jacobian_of(y, 3, &none, 1, 0))[1], 0);
    ck_assert_int_eq(tp_var_dims(jacobian_of(&none, 1, x, 3, 0))[0], 0);
    ck_assert_int_eq(tp_var_dims(hessian_of(y[1], NULL, 0, 0))[0], 0);
    EXPECT_STATUS(tp_hvp(y[1], NULL, NULL, 0, NULL, 0), TP_OK);
}
END_TEST

START_TEST(a_variable_that_nothing_depends_on_gets_zeros)
{
    const tp_var x = tp_scalar(tape, 2), other = tp_scalar(tape, 5), c = tp_const(tape, 3), y = tp_square(x);
    const tp_var all[] = {other, x, c, y}, one = tp_const(tape, 1), ones[] = {one, one, one, one};
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
        for (int way = TP_BY_ROWS; way <= TP_BY_COLUMNS; way++) {
            tp_var j, hv[4];
            EXPECT_STATUS(tp_jacobian_by((tp_jacobian_way)way, (tp_var[]){y, x, c}, 3, all, 4, &j, flags), TP_OK);
            EXPECT_TENSOR(tp_value(j), 0, 0, 4, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0);
            EXPECT_STATUS(tp_hvp(y, all, ones, 4, hv, flags), TP_OK);
            EXPECT_NEAR(tp_item(hv[0]), 0, 0);
            EXPECT_NEAR(tp_item(hv[1]), 2, 0);
            EXPECT_NEAR(tp_item(hv[2]), 0, 0);
        }
    EXPECT_TENSOR(tp_value(hessian_of(tp_sum(tp_detach(y)), &x, 1, 0)), 0, 0);
    EXPECT_TENSOR(tp_value(hessian_of(tp_muls(x, 3), &x, 1, 0)), 0, 0);
}
END_TEST

/* y = A x, then y as a matrix turned round, whose tangents need not be dense: taller than what is written at once, with
   more columns than there are lanes. */
START_TEST(a_tall_jacobian_has_every_row)
{
    enum { ROWS = 700, COLUMNS = 19 };
    double numbers[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) numbers[i] = i;
    tp_tensor *a = random_tensor(TP_F64, TP_DIMS(ROWS, COLUMNS), 4, -1, 1);
    const tp_var x = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(COLUMNS), numbers));
    const tp_var y = tp_matvec(tp_data(tape, a), x);
    const tp_var turned = tp_transpose(tp_reshape(y, TP_DIMS(ROWS / 2, 2)), 0, 1);
    const tp_var j = jacobian_of((const tp_var[]){y, turned}, 2, &x, 1, 0);
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t c = 0; c < COLUMNS; c++) {
            const int64_t to = ROWS + r % 2 * (ROWS / 2) + r / 2;
            EXPECT_NEAR(at(j, r, c), tp_tensor_item(a, r * COLUMNS + c), 0);
            EXPECT_NEAR(at(j, to, c), tp_tensor_item(a, r * COLUMNS + c), 0);
        }
    tp_tensor_release(a);
}
END_TEST

START_TEST(a_jacobian_can_be_differentiated)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_pows(v, 3); /* diag(3 v^2); its sum's slope 6 v */
    for (int way = TP_BY_ROWS; way <= TP_BY_COLUMNS; way++) {
        tp_var j, g;
        EXPECT_STATUS(tp_jacobian_by((tp_jacobian_way)way, &y, 1, &v, 1, &j, TP_CREATE_GRAPH), TP_OK);
        EXPECT_TENSOR(tp_value(j), 1e-15, 3, 0, 0, 12);
        EXPECT_STATUS(tp_gradients(tp_sum(j), &v, 1, &g, 0), TP_OK);
        EXPECT_TENSOR(tp_value(g), 1e-14, 6, 12);
    }
    tp_var h = hessian_of(tp_sum(y), &v, 1, TP_CREATE_GRAPH), g; /* diag(6 v) */
    EXPECT_STATUS(tp_gradients(tp_sum(h), &v, 1, &g, 0), TP_OK);
    EXPECT_TENSOR(tp_value(g), 1e-14, 6, 6);
}
END_TEST

START_TEST(f32_stays_f32_and_meets_f64)
{
    const tp_var v = leaf_of(tape, F32(TP_DIMS(2), 1, 2)), s = tp_scalar(tape, 3),
                 w = leaf_of(tape, F64(TP_DIMS(1), 4));
    const tp_var y = tp_mul(s, tp_square(v)), narrow = jacobian_of(&y, 1, (tp_var[]){v, s}, 2, 0);
    ck_assert_int_eq(tp_var_dtype(narrow), TP_F32);
    EXPECT_TENSOR(tp_value(narrow), 0, 6, 0, 1, 0, 12, 4);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_var wide = jacobian_of((tp_var[]){y, w}, 2, (tp_var[]){v, w}, 2, flags);
        ck_assert_int_eq(tp_var_dtype(wide), TP_F64);
        EXPECT_TENSOR(tp_value(wide), 0, 6, 0, 0, 0, 12, 0, 0, 0, 1);
    }
    ck_assert_int_eq(tp_var_dtype(hessian_of(tp_sum(y), &v, 1, 0)), TP_F32);
    tp_var hv;
    EXPECT_STATUS(tp_hvp(tp_sum(y), &v, &s, 1, &hv, 0), TP_OK);
    ck_assert_int_eq(tp_var_dtype(hv), TP_F32);
    EXPECT_TENSOR(tp_value(hv), 0, 18, 18);
}
END_TEST

/* Numbers leave their results and nothing else; a loop over them takes no memory of its own. */
START_TEST(numbers_leave_only_results_and_take_no_memory_in_a_loop)
{
    counter c = {0};
    tp_tape_free(tape);
    tape = counted_tape(&c);
    layer net = network();
    tp_var x[4], v[4], hv[4], h;
    const tp_var y = loss_of(&net, x), one = tp_const(tape, 1);
    for (int i = 0; i < 4; i++) v[i] = one;
    size_t calls = 0;
    for (int round = 0; round < 4; round++) {
        const tp_mark mark = tp_tape_mark(tape);
        EXPECT_STATUS(tp_hvp(y, x, v, 4, hv, 0), TP_OK);
        ck_assert_uint_eq(tp_tape_mark(tape).node, mark.node + 4);
        EXPECT_STATUS(tp_hessian(y, x, 4, &h, 0), TP_OK);
        EXPECT_STATUS(tp_jacobian(x, 4, x, 4, &h, 0), TP_OK);
        ck_assert_uint_eq(tp_tape_mark(tape).node, mark.node + 6);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
        ck_assert(round < 2 || c.calls == calls);
        calls = c.calls;
    }
    EXPECT_STATUS(tp_backward(y), TP_OK);
    tp_tensor_release(net.x);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
    tape = NULL;
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), labels = data_of(tape, I64(TP_DIMS(2), 0, 1));
    const tp_var y = tp_sum(tp_square(v)), w = data_of(tape, F64(TP_DIMS(3), 1, 2, 3)), one = tp_const(tape, 1);
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var stale = tp_square(v);
    tp_tape_rewind(tape, mark);
    tp_var out = one;
#define REFUSED(call, status, text)                                                                                    \
    do {                                                                                                               \
        EXPECT_STATUS(call, status);                                                                                   \
        ck_assert(!tp_ok(out));                                                                                        \
        expect_error(tape, status, text);                                                                              \
        out = one;                                                                                                     \
    } while (0)
    REFUSED(tp_hvp(stale, &v, &one, 1, &out, 0), TP_E_STALE, "tp_hvp");
    REFUSED(tp_hvp(tp_square(v), &v, &one, 1, &out, 0), TP_E_SHAPE, "tp_hvp: y has shape (2)");
    REFUSED(tp_hvp(y, &v, &w, 1, &out, 0), TP_E_SHAPE, "tp_hvp: v[0] has shape (3), x[0] (2)");
    REFUSED(tp_hvp(y, &labels, &one, 1, &out, 0), TP_E_DTYPE, "tp_hvp: x[0] is of i64");
    REFUSED(tp_hvp(y, &v, NULL, 1, &out, 0), TP_E_ARGUMENT, "tp_hvp: x, v or hv is NULL");
    REFUSED(tp_jacobian(&stale, 1, &v, 1, &out, 0), TP_E_STALE, "tp_jacobian");
    REFUSED(tp_jacobian(&y, 1, &stale, 1, &out, 0), TP_E_STALE, "tp_jacobian");
    REFUSED(tp_jacobian(&labels, 1, &v, 1, &out, 0), TP_E_DTYPE, "tp_jacobian: y[0] is of i64");
    REFUSED(tp_jacobian(&y, 1, &labels, 1, &out, 0), TP_E_DTYPE, "tp_jacobian: x[0] is of i64");
    REFUSED(tp_jacobian(&y, 1, NULL, 1, &out, 0), TP_E_ARGUMENT, "tp_jacobian: y, x or jacobian is NULL");
    REFUSED(tp_jacobian(&y, -1, &v, 1, &out, 0), TP_E_ARGUMENT, "NULL");
    REFUSED(tp_hessian(tp_square(v), &v, 1, &out, 0), TP_E_SHAPE, "tp_hessian: y has shape (2)");
    REFUSED(tp_hessian(y, &labels, 1, &out, 0), TP_E_DTYPE, "tp_hessian: x[0] is of i64");
    REFUSED(tp_hessian(y, NULL, 1, &out, 0), TP_E_ARGUMENT, "tp_hessian: x or hessian is NULL");
#undef REFUSED
    EXPECT_STATUS(tp_hvp(y, &v, &one, 1, NULL, 0), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_jacobian(&y, 1, &v, 1, NULL, 0), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_hessian(y, &v, 1, NULL, 0), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    const tp_var none = tp_none();
    EXPECT_STATUS(tp_hvp(none, &v, &one, 1, &out, 0), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_hessian(none, NULL, 0, &out, 0), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_jacobian(NULL, 0, NULL, 0, &out, 0), TP_E_ARGUMENT);
    const tp_var wide = tp_expand(tp_scalar(tape, 1), TP_DIMS(1 << 30, 1 << 20));
    EXPECT_STATUS(tp_jacobian(&wide, 1, &wide, 1, &out, 0), TP_E_LIMIT);
    expect_error(tape, TP_E_LIMIT, "tp_jacobian");
    EXPECT_TENSOR(tp_value(hessian_of(y, &v, 1, 0)), 0, 2, 0, 0, 2);
}
END_TEST

/* ---- failing allocations ---- */

static bool everything(tp_tape *on)
{
    tp_tensor *tensor = random_tensor(TP_F64, TP_DIMS(2, 3), 21, -1, 1);
    const tp_var w = tp_leaf(on, tensor), s = tp_scalar(on, .5), one = tp_const(on, 1);
    tp_tensor_release(tensor);
    const tp_var h = tp_softmax(tp_matmul(tp_tanh(tp_mul(w, s)), tp_transpose(w, 0, 1)), 1);
    const tp_var y = tp_sum(tp_square(h)), x[] = {w, s}, v[] = {one, one};
    tp_var out[2], j;
    bool good = true;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        good = good && tp_hvp(y, x, v, 2, out, flags) == TP_OK && tp_hessian(y, x, 2, &j, flags) == TP_OK;
        for (int way = TP_BY_ROWS; way <= TP_BY_COLUMNS; way++)
            good = good && tp_jacobian_by((tp_jacobian_way)way, &h, 1, x, 2, &j, flags) == TP_OK;
    }
    ck_assert(good || tp_tape_status(on) == TP_E_MEMORY);
    return good;
}

START_TEST(each_allocation_may_fail)
{
    size_t calls = 0;
    for (size_t i = 1; i < 4000; i++) {
        counter c = {.fail_at = i};
        tp_tape *on = counted_tape(&c);
        const bool good = on && everything(on);
        tp_tape_free(on);
        ck_assert_uint_eq(c.bytes, 0);
        ck_assert(good || c.failed);
        calls = i;
        if (!c.failed) break;
    }
    ck_assert(calls > 20 && calls < 3999);
}
END_TEST

Suite *derive_suite(void)
{
    Suite *suite = suite_create("derive");
    TCase *known = tcase_create("known");
    tcase_add_checked_fixture(known, setup, teardown);
    tcase_add_test(known, hessian_of_rosenbrocks_function);
    tcase_add_test(known, hessian_of_speelpennings_product);
    tcase_add_test(known, hessian_of_an_arrowhead);
    tcase_add_test(known, derivatives_to_the_sixth_order);
    tcase_add_test(known, hessian_of_a_network_agrees_with_differences_of_gradients);
    tcase_add_loop_test(known, third_derivatives_agree_with_differences_of_second_ones, 0, COUNT(thirds));
    tcase_add_test(known, several_results_and_variables_of_every_kind_make_one_matrix);
    tcase_add_test(known, a_variable_that_nothing_depends_on_gets_zeros);
    tcase_add_test(known, a_tall_jacobian_has_every_row);
    tcase_add_test(known, a_jacobian_can_be_differentiated);
    tcase_add_test(known, f32_stays_f32_and_meets_f64);
    tcase_add_test(known, numbers_leave_only_results_and_take_no_memory_in_a_loop);
    tcase_add_test(known, wrong_calls_are_refused);
    tcase_add_test(known, each_allocation_may_fail);
    suite_add_tcase(suite, known);
    suite_add_tcase(suite, derive_ops_case());
    return suite;
}
