/* Samples of the products. */
#include "tests/test_ops.h"

static tp_var build_matmul(const sample *s, const tp_var *x)
{
    return tp_matmul(x[0], s->n > 1 ? x[1] : x[0]);
}

/* x x^T */
static tp_var build_gram(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_matmul(x[0], tp_transpose(x[0], -1, -2));
}

static tp_var build_linear(const sample *s, const tp_var *x)
{
    return tp_linear(x[0], s->n > 1 ? x[1] : x[0], s->n > 2 ? x[2] : tp_none());
}

/* list[0]: the activation. */
static tp_var build_activated(const sample *s, const tp_var *x)
{
    return tp_linear_activated(x[0], x[1], s->n > 2 ? x[2] : tp_none(), (tp_linear_activation)s->list[0]);
}

static const sample items[] = {
    {"matmul", "(2,3) (3,4)", build_matmul, ON(T(2, 3), T(3, 4))},
    {"matmul", "(1,1) (1,1)", build_matmul, ON(T(1, 1), T(1, 1))},
    {"matmul", "(1,3) (3,1)", build_matmul, ON(T(1, 3), T(3, 1))},
    {"matmul", "(3,1) (1,2)", build_matmul, ON(T(3, 1), T(1, 2))},
    {"matmul", "(3) (3)", build_matmul, ON(T(3), T(3))},
    {"matmul", "(3) twice", build_matmul, ON(T(3))},
    {"matmul", "(3) (3,2)", build_matmul, ON(T(3), T(3, 2))},
    {"matmul", "(2,3) (3)", build_matmul, ON(T(2, 3), T(3))},
    {"matmul", "(2,2,3) (3)", build_matmul, ON(T(2, 2, 3), T(3))},
    {"matmul", "(3) (2,3,2)", build_matmul, ON(T(3), T(2, 3, 2))},
    {"matmul", "batch (2,2,3) (2,3,2)", build_matmul, ON(T(2, 2, 3), T(2, 3, 2))},
    {"matmul", "batch (2,2,3) (3,2)", build_matmul, ON(T(2, 2, 3), T(3, 2))},
    {"matmul", "batch (2,3) (2,3,2)", build_matmul, ON(T(2, 3), T(2, 3, 2))},
    {"matmul", "batch (1,2,3) (2,3,2)", build_matmul, ON(T(1, 2, 3), T(2, 3, 2))},
    {"matmul", "batch (2,1,2,3) (3,3,2)", build_matmul, ON(T(2, 1, 2, 3), T(3, 3, 2))},
    {"matmul", "batch (2,1,2,3) (1,2,3,2)", build_matmul, ON(T(2, 1, 2, 3), T(1, 2, 3, 2))},
    {"matmul", "transposed leaves", build_matmul, ON(TRANSPOSED(2, 3), TRANSPOSED(3, 4))},
    {"matmul", "transposed", build_matmul, ON(VIEW(2, 3), VIEW(3, 4))},
    {"matmul", "transposed left", build_matmul, ON(VIEW(2, 3), T(3, 4))},
    {"matmul", "sliced leaf, cut", build_matmul, ON(SLICED(2, 3), CUT(3, 2))},
    {"matmul", "vectors sliced and cut", build_matmul, ON(SLICED(3), CUT(3))},
    {"matmul", "batch turned about", build_matmul, ON(VIEW(2, 2, 3), VIEW(2, 3, 2))},
    {"matmul", "batch turned about, one right", build_matmul, ON(VIEW(2, 2, 3), T(3, 2))},
    {"matmul", "(2,2) twice", build_matmul, ON(T(2, 2))},
    {"matmul", "(2,3) by its transpose", build_gram, ON(T(2, 3))},
    {"matmul", "batch (2,2,3) by its transpose", build_gram, ON(T(2, 2, 3))},
    {"matmul", "(0,3) (3,2)", build_matmul, ON(T(0, 3), T(3, 2))},
    {"matmul", "(2,0) (0,3)", build_matmul, ON(T(2, 0), T(0, 3))},
    {"matmul", "(2,3) (3,0)", build_matmul, ON(T(2, 3), T(3, 0))},
    {"matmul", "(0) (0)", build_matmul, ON(T(0), T(0))},
    {"matmul", "batch (0,2,3) (3,2)", build_matmul, ON(T(0, 2, 3), T(3, 2))},
    {"matmul", "batch (0,2,3) (1,3,2)", build_matmul, ON(T(0, 2, 3), T(1, 3, 2))},
    {"matmul", "(9,17) (17,11)", build_matmul, ON(T(9, 17), T(17, 11))},

    {"linear", "(2,3)", build_linear, ON(T(2, 3), T(4, 3), T(4))},
    {"linear", "(2,3) no bias", build_linear, ON(T(2, 3), T(4, 3))},
    {"linear", "(3)", build_linear, ON(T(3), T(4, 3), T(4))},
    {"linear", "(3) no bias", build_linear, ON(T(3), T(4, 3))},
    {"linear", "(2,2,3)", build_linear, ON(T(2, 2, 3), T(4, 3), T(4))},
    {"linear", "(1,1) to (1,1)", build_linear, ON(T(1, 1), T(1, 1), T(1))},
    {"linear", "transposed leaves", build_linear, ON(TRANSPOSED(2, 3), TRANSPOSED(4, 3), SLICED(4))},
    {"linear", "transposed", build_linear, ON(VIEW(2, 3), VIEW(4, 3), CUT(4))},
    {"linear", "sliced leaves", build_linear, ON(SLICED(2, 3), SLICED(4, 3), T(4))},
    {"linear", "(2,2,3) turned about", build_linear, ON(VIEW(2, 2, 3), T(4, 3), T(4))},
    {"linear", "x is the weight", build_linear, ON(T(3, 3))},
    {"linear", "(0,3)", build_linear, ON(T(0, 3), T(4, 3), T(4))},
    {"linear", "(2,0)", build_linear, ON(T(2, 0), T(4, 0), T(4))},
    {"linear", "(2,0) no bias", build_linear, ON(T(2, 0), T(4, 0))},
    {"linear_activated", "relu (2,3)", build_activated, ON(T(2, 3), T(4, 3), T(4)), LIST(TP_RELU)},
    {"linear_activated", "sigmoid (2,3)", build_activated, ON(T(2, 3), T(4, 3), T(4)), LIST(TP_SIGMOID)},
    {"linear_activated", "tanh (3) no bias", build_activated, ON(T(3), T(4, 3)), LIST(TP_TANH)},
    {"linear_activated", "sigmoid turned", build_activated, ON(VIEW(2, 2, 3), TRANSPOSED(4, 3), CUT(4)),
     LIST(TP_SIGMOID)},
    {"linear_activated", "relu (0,3)", build_activated, ON(T(0, 3), T(4, 3), T(4)), LIST(TP_RELU)},
    {"linear_activated", "tanh (2,0)", build_activated, ON(T(2, 0), T(4, 0), T(4)), LIST(TP_TANH)},
    {"linear_activated", "gelu (2,3)", build_activated, ON(T(2, 3), T(4, 3), T(4)), LIST(TP_GELU)},
    {"linear_activated", "gelu (3) no bias", build_activated, ON(T(3), T(4, 3)), LIST(TP_GELU)},
    {"linear_activated", "gelu turned", build_activated, ON(VIEW(2, 2, 3), TRANSPOSED(4, 3), CUT(4)), LIST(TP_GELU)},
    {"linear_activated", "gelu (0,3)", build_activated, ON(T(0, 3), T(4, 3), T(4)), LIST(TP_GELU)},
    {"linear", "(2,3) to nothing", build_linear, ON(T(2, 3), T(0, 3), T(0))},
};

const sample_list product_samples = {items, COUNT(items)};
