/* Small programs of many ops, and derivatives of third and fourth order. */
#include "tests/test_ops.h"

/* A network with one hidden layer and its cross-entropy. */
static tp_var classifier(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var hidden = tp_tanh(tp_linear(x[0], x[1], tp_none()));
    return tp_cross_entropy(tp_linear(hidden, x[2], tp_none()), x[3], TP_MEAN);
}

/* softmax(q k^T / sqrt d) v */
static tp_var attention(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var scores = tp_muls(tp_matmul(x[0], tp_transpose(x[1], -1, -2)), 1 / sqrt(3));
    return tp_matmul(tp_softmax(scores, -1), x[2]);
}

/* (x - mean) / sqrt(variance + c) times a gain */
static tp_var normalised(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var centred = tp_sub(x[0], tp_mean_axes(x[0], TP_AXES(-1), true));
    const tp_var variance = tp_mean_axes(tp_square(centred), TP_AXES(-1), true);
    return tp_mul(tp_div(centred, tp_sqrt(tp_adds(variance, .1))), x[1]);
}

/* The same weights at three steps. */
static tp_var recurrent(const sample *s, const tp_var *x)
{
    (void)s;
    tp_var state = x[0];
    for (int i = 0; i < 3; i++) state = tp_tanh(tp_add(tp_matmul(state, x[1]), tp_index(x[2], TP_AXES(i))));
    return state;
}

/* (x + sigmoid(y)) / (sigmoid(x) + (x + y)^2), on scalars, then on tensors */
static tp_var staged(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var above = tp_add(x[0], tp_sigmoid(x[1]));
    return tp_div(above, tp_add(tp_sigmoid(x[0]), tp_square(tp_add(x[0], x[1]))));
}

/* Views of views that meet again. */
static tp_var tangled(const sample *s, const tp_var *x)
{
    (void)s;
    const tp_var turned = tp_transpose(x[0], 0, 1), part = tp_slice(turned, 0, 1, TP_END, 2);
    const tp_var parts[] = {part, tp_exp(part), tp_slice(turned, 0, 0, 2, 1)};
    return tp_mul(tp_reshape(tp_concat(parts, 3, 0), TP_DIMS(-1, 2)), tp_max_axes(x[0], TP_AXES(1), false));
}

static const sample programs[] = {
    {"program", "classifier", classifier, ON(T(3, 4), T(5, 4), T(3, 5), LABELS(TP_I64, 3, 3))},
    {"program", "attention", attention, ON(T(2, 4, 3), T(2, 4, 3), T(2, 4, 2))},
    {"program", "normalisation", normalised, ON(T(3, 4), T(4))},
    {"program", "recurrent", recurrent, ON(T(2, 3), T(3, 3), T(3))},
    {"program", "staged scalars", staged, ON({.layout = SCALAR, .low = 1, .high = 2}, {.layout = SCALAR})},
    {"program", "staged tensors", staged, ON({SHAPE(2, 3), .low = 1, .high = 2}, {SHAPE(3), .low = .1, .high = 2})},
    {"program", "tangled views", tangled, ON(T(2, 4))},
};

START_TEST(program_gradients_agree_with_finite_differences)
{
    const sample *s = &programs[_i];
    run r = run_sample(s, TP_F64, 21, false);
    tp_error error = {0};
    ck_assert_msg(tp_gradcheck(r.y, r.leaf, r.n, NULL, &error) == TP_OK, "%s: %s", s->name, error.message);
    ck_assert_msg(tp_gradgradcheck(r.y, r.leaf, r.n, NULL, &error) == TP_OK, "%s: %s", s->name, error.message);
    tp_var numeric[MAX_LEAVES], recorded[MAX_LEAVES];
    run_vjp(&r, 5, 0, numeric);
    run_vjp(&r, 5, TP_CREATE_GRAPH, recorded);
    for (int i = 0; i < r.n; i++) ck_assert_str_eq(difference_of(numeric[i], recorded[i], 1e-12), "");
    run_end(&r);
}
END_TEST

/* ---- higher orders ---- */

static tp_var of_exp(tp_var x)
{
    return tp_exp(tp_muls(x, .8));
}
static tp_var of_products(tp_var x)
{
    return tp_mul(tp_mul(x, x), tp_mul(x, tp_mul(x, tp_adds(x, 1))));
}
static tp_var of_tanh(tp_var x)
{
    return tp_tanh(x);
}
static tp_var of_pow(tp_var x)
{
    return tp_pow(x, tp_muls(x, 1.5));
}
static tp_var of_pows(tp_var x)
{
    return tp_pows(x, 4.5);
}
static tp_var of_sigmoid(tp_var x)
{
    return tp_sigmoid(tp_square(x));
}
static tp_var of_quotient(tp_var x)
{
    return tp_div(tp_log(x), tp_sqrt(x));
}
static tp_var of_softmax(tp_var x)
{
    const tp_var parts[] = {tp_square(x), x, tp_const(x.tape, .5)};
    return tp_value(x) ? tp_mul(tp_softmax(x, 0), x) : tp_logsumexp(tp_stack(parts, 3, 0), 0, false);
}

static tp_var (*const functions[])(tp_var) = {of_exp,  of_products, of_tanh,     of_pow,
                                              of_pows, of_sigmoid,  of_quotient, of_softmax};

enum { POINTS = 3 };
static const double at_points[POINTS] = {.6, 1.1, 1.7};

/* Orders are taken one after another: of a tensor, each is the gradient of the sum of x^2 times the gradient before it.
   Returns that of `order` at the points, of which one is moved by h: its element `moved`, or, with `summed`, what the
   next order is the gradient of. */
static double derivative(tp_var (*f)(tp_var), int order, bool tensor, bool summed, int moved, double h)
{
    tp_tape *tape = tp_tape_new(NULL);
    double at[POINTS];
    memcpy(at, at_points, sizeof at);
    at[moved] += h;
    const tp_var x = tensor ? vector(tape, TP_F64, POINTS, at, false) : tp_scalar(tape, at[0]);
    tp_var y = tp_sum(f(x)), g = y;
    for (int i = 0; i < order; i++) {
        ck_assert_int_eq(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
        y = tensor ? tp_sum(tp_mul(g, tp_square(x))) : g;
    }
    const double result = summed ? tp_item(y) : number_at(g, tensor ? moved : 0);
    tp_tape_free(tape);
    return result;
}

static void check_order(int which, int order, bool tensor, int moved)
{
    tp_var (*f)(tp_var) = functions[which];
    const double h = 1e-3, got = derivative(f, order, tensor, false, moved, 0);
    double below[4];
    for (int k = 0; k < 4; k++)
        below[k] = derivative(f, order - 1, tensor, true, moved, (k % 2 ? -h : h) * (k < 2 ? 1 : 2));
    const double near = below[0] - below[1], far = below[2] - below[3];
    const double want = (8 * near - far) / (12 * h);
    ck_assert_msg(fabs(got - want) <= 1e-7 * (1 + fabs(want)),
                  "function %d, order %d, %s %d: %.12g, by differences %.12g", which, order,
                  tensor ? "tensor" : "scalar", moved, got, want);
}

START_TEST(third_and_fourth_derivatives_agree_with_differences)
{
    for (int order = 1; order <= 4; order++) {
        check_order(_i, order, false, 0);
        for (int moved = 0; moved < POINTS; moved++) check_order(_i, order, true, moved);
    }
}
END_TEST

TCase *programs_case(void)
{
    TCase *all = tcase_create("programs");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, program_gradients_agree_with_finite_differences, 0, COUNT(programs));
    tcase_add_loop_test(all, third_and_fourth_derivatives_agree_with_differences, 0, COUNT(functions));
    return all;
}
