/* Random programs: the walk in numbers, the recorded walk, replay and finite differences agree, and all memory comes
   back. */
#include <tapir/random.h>

#include "tests/helpers.h"

enum { LEAVES = 4, NODES = 30 };

static tp_rng rng;
static bool smooth; /* only what finite differences can follow */

static int pick(int n)
{
    return (int)tp_rng_below(&rng, (uint32_t)n);
}

static tp_var unary(tp_var x)
{
    static tp_var (*const f[])(tp_var) = {tp_neg, tp_tanh, tp_sigmoid, tp_square, tp_relu, tp_abs, tp_detach};
    const int k = pick(12), rank = tp_var_rank(x);
    if (k < 7) return f[smooth ? k % 4 : k](x);
    if (k == 7) return tp_muls(x, .7);
    if (rank < 1 || k == 8) return tp_exp(tp_muls(tp_tanh(x), .5));
    if (k == 9) return tp_retain_grad(tp_softmax(x, pick(rank)));
    if (k == 10) return tp_transpose(x, pick(rank), pick(rank));
    return tp_sum_axes(x, 1, (int64_t[]){pick(rank)}, pick(2));
}

/* Something of x that reads part of it, or all of it in another shape. */
static tp_var part(tp_var x)
{
    const int rank = tp_var_rank(x);
    if (rank < 1) return tp_expand(x, TP_DIMS(2, 3));
    const int axis = pick(rank);
    const int64_t dim = tp_var_dims(x)[axis], start = pick((int)dim), stop = start + 1 + pick((int)(dim - start));
    int64_t index[TP_MAX_RANK];
    for (int i = 0; i < rank; i++) index[i] = pick((int)tp_var_dims(x)[i]);
    switch (pick(5)) {
    case 0: return tp_slice(x, axis, start, stop, 1 + pick(2));
    case 1: return tp_index(x, rank, index);
    case 2: return tp_reshape(x, TP_DIMS(-1));
    case 3: return smooth ? tp_square(x) : tp_max_with_indices(x, axis, pick(2), NULL);
    default: return tp_logsumexp(x, axis, pick(2));
    }
}

static tp_var binary(tp_var x, tp_var y)
{
    static tp_var (*const f[])(tp_var, tp_var) = {tp_add, tp_sub, tp_mul, tp_matmul, tp_maximum};
    const int k = pick(6);
    if (k < (smooth ? 4 : 5)) return f[k](x, y);
    return tp_concat((tp_var[]){x, y, x}, 3, 0);
}

/* Appends nodes to the leaves in v; calls that do not fit are taken back. The result is a scalar that uses the last
 * ones. */
static tp_var program(tp_tape *tape, tp_var *v)
{
    int n = LEAVES;
    while (n < NODES) {
        const tp_mark mark = tp_tape_mark(tape);
        const tp_var x = v[pick(n)], y = v[pick(n)];
        const int kind = pick(4);
        v[n] = kind == 0 ? unary(x) : kind == 1 ? part(x) : binary(x, y);
        const tp_tensor *value = tp_value(v[n]);
        if (tp_tape_status(tape) != TP_OK || tp_tensor_rank(value) > 4 || tp_tensor_count(value) > 60) {
            tp_tape_clear_error(tape);
            EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
        } else {
            n++;
        }
    }
    tp_var sum = tp_const(tape, 0);
    for (int i = NODES - 6; i < NODES; i++) sum = tp_add(sum, tp_sum(tp_tanh(tp_muls(v[i], .3))));
    EXPECT_OK(tape);
    return sum;
}

static void make_leaves(tp_tape *tape, tp_var v[LEAVES], uint64_t seed)
{
    v[0] = tp_scalar(tape, .7);
    v[1] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3), seed, -1, 1));
    v[2] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 3), seed + 1, -1, 1));
    v[3] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 1), seed + 2, -1, 1));
}

static void expect_close(tp_var a, tp_var b)
{
    ck_assert_int_eq(tp_var_rank(a), tp_var_rank(b));
    if (tp_value(a))
        expect_same(tp_value(a), tp_value(b), 1e-9);
    else
        EXPECT_NEAR(tp_item(a), tp_item(b), 1e-9 * (1 + fabs(tp_item(a))));
}

START_TEST(walks_replays_and_differences_agree)
{
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    smooth = false;
    for (uint64_t seed = 0; seed < 300; seed++) {
        rng = tp_rng_seed(seed);
        tp_tape_reset(tape);
        tp_var v[NODES];
        make_leaves(tape, v, seed);
        const tp_var y = program(tape, v);
        const double value = tp_item(y);
        tp_var g[NODES], h[NODES];
        EXPECT_STATUS(tp_gradients(y, v, NODES, g, 0), TP_OK);
        EXPECT_STATUS(tp_gradients(y, v, NODES, h, TP_CREATE_GRAPH), TP_OK);
        for (int i = 0; i < NODES; i++) expect_close(g[i], h[i]);
        EXPECT_STATUS(tp_backward(y), TP_OK);
        for (int i = 1; i < LEAVES; i++)
            if (tp_grad(v[i])) expect_same(tp_grad(v[i]), tp_value(g[i]), 1e-12);
        EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
        ck_assert_double_eq(tp_item(y), value);
        for (int i = 0; i < NODES; i++) expect_close(g[i], h[i]);
        tp_var s = tp_const(tape, 0), second[2][LEAVES];
        for (int i = 0; i < LEAVES; i++) s = tp_add(s, tp_sum(tp_square(h[i])));
        EXPECT_STATUS(tp_gradients(s, v, LEAVES, second[0], 0), TP_OK);
        EXPECT_STATUS(tp_gradients(s, v, LEAVES, second[1], TP_CREATE_GRAPH), TP_OK);
        for (int i = 0; i < LEAVES; i++) expect_close(second[0][i], second[1][i]);
    }
    tp_tape_reset(tape);
    ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, 0);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

START_TEST(random_programs_pass_the_gradient_check)
{
    tp_tape *tape = tp_tape_new(NULL);
    smooth = true;
    for (uint64_t seed = 1000; seed < 1100; seed++) {
        rng = tp_rng_seed(seed);
        tp_tape_reset(tape);
        tp_var v[NODES];
        make_leaves(tape, v, seed);
        const tp_var y = program(tape, v);
        const tp_gradcheck_options options = {.relative = 1e-5, .absolute = 1e-7};
        tp_error error = {0};
        ck_assert_msg(tp_gradcheck(y, v, LEAVES, &options, &error) == TP_OK, "seed %d: %s", (int)seed, error.message);
    }
    tp_tape_free(tape);
}
END_TEST

TCase *engine_random_case(void)
{
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, walks_replays_and_differences_agree);
    tcase_add_test(tcase, random_programs_pass_the_gradient_check);
    return tcase;
}
