/* Pooling at its edges: ties, NaN, Inf, indices, windows at the ends, long lines, threads, wrong calls. */
#include "tests/test_ops.h"

static tp_var line(tp_tape *tape, tp_dtype dtype, int64_t n, const double *numbers)
{
    return tp_reshape(vector(tape, dtype, n, numbers, false), TP_DIMS(1, 1, n));
}

START_TEST(max_pool_takes_the_first_of_equals)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const double numbers[] = {1, 3, 3, 2, 2, 2, 3, 3};
        const tp_var leaf = vector(tape, (tp_dtype)dtype, 8, numbers, false);
        const tp_pool_options o = {.window = {4}, .stride = {2}};
        tp_var indices;
        const tp_var y = tp_max_pool1d(tp_reshape(leaf, TP_DIMS(1, 1, 8)), &o, &indices);
        expect_elements("y", y, 3, (double[]){3, 3, 3}, 0);
        expect_elements("indices", indices, 3, (double[]){1, 2, 6}, 0);
        ck_assert_int_eq(tp_var_dtype(indices), TP_I64);
        expect_gradient("dx", tp_sum(y), leaf, 8, (double[]){0, 1, 1, 0, 0, 0, 1, 0});
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(max_pool_passes_nan_and_inf)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const double numbers[] = {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, NOT_A_NUMBER, 1, NOT_A_NUMBER, NOT_A_NUMBER, 5};
        const tp_var x = line(tape, (tp_dtype)dtype, 8, numbers);
        tp_var indices;
        const tp_var y = tp_max_pool1d(x, &(tp_pool_options){.window = {2}}, &indices);
        expect_elements("y", y, 4, (double[]){-HUGE_VAL, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER}, 0);
        expect_elements("indices", indices, 4, (double[]){0, 3, 5, 6}, 0);
        const tp_var all = tp_adaptive_max_pool(x, TP_DIMS(1), &indices);
        expect_elements("all", all, 1, (double[]){NOT_A_NUMBER}, 0);
        expect_elements("its index", indices, 1, (double[]){3}, 0);
    }
    tp_tape_free(tape);
}
END_TEST

/* The padding is -Inf to a maximum and 0 to an average, which may count it or not. */
START_TEST(pooling_at_the_ends)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = line(tape, TP_F64, 5, (double[]){-2, -4, -6, -8, -10});
    tp_pool_options o = {.window = {2}, .padding = {1}, .ceil_mode = true};
    expect_elements("max", tp_max_pool1d(x, &o, NULL), 3, (double[]){-2, -4, -8}, 0);
    expect_elements("avg", tp_avg_pool1d(x, &o), 3, (double[]){-1, -5, -9}, 0);
    o.exclude_padding = true;
    expect_elements("avg", tp_avg_pool1d(x, &o), 3, (double[]){-2, -5, -9}, 0);
    o = (tp_pool_options){.window = {3}, .stride = {2}, .ceil_mode = true};
    expect_elements("max", tp_max_pool1d(x, &o, NULL), 2, (double[]){-2, -6}, 0);
    o = (tp_pool_options){.window = {2}, .ceil_mode = true};
    expect_elements("max", tp_max_pool1d(x, &o, NULL), 3, (double[]){-2, -6, -10}, 0);
    expect_elements("avg", tp_avg_pool1d(x, &o), 3, (double[]){-3, -7, -10}, 0);
    o.divisor = 4;
    expect_elements("sum over 4", tp_avg_pool1d(x, &o), 3, (double[]){-1.5, -3.5, -2.5}, 0);
    expect_elements("adaptive", tp_adaptive_avg_pool(x, TP_DIMS(3)), 3, (double[]){-3, -6, -9}, 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(lp_pool_of_zeros_has_no_slope)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var leaf = vector(tape, TP_F64, 4, (double[]){0, 0, 3, -4}, false);
    const tp_var x = tp_reshape(leaf, TP_DIMS(1, 1, 4));
    const tp_var y = tp_lp_pool1d(x, 2, &(tp_pool_options){.window = {2}});
    expect_elements("y", y, 2, (double[]){0, 5}, 1e-15);
    expect_gradient("dx", tp_sum(y), leaf, 4, (double[]){0, 0, .6, -.8});
    tp_tape_free(tape);
}
END_TEST

/* A line longer than what is worked on at a time, by every step that has a loop of its own. */
START_TEST(pooling_of_a_long_line)
{
    enum { LENGTH = 1001 };
    static double numbers[LENGTH];
    for (int i = 0; i < LENGTH; i++) numbers[i] = (i * 37) % 101;
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = line(tape, TP_F32, LENGTH, numbers);
    for (int64_t stride = 1; stride <= 3; stride++) {
        const tp_pool_options o = {.window = {4}, .stride = {stride}, .padding = {2}};
        const tp_var most = tp_max_pool1d(x, &o, NULL), mean = tp_avg_pool1d(x, &o);
        for (int64_t i = 0; i < numbers_in(most); i++) {
            double best = -HUGE_VAL, sum = 0;
            for (int64_t k = i * stride - 2; k < i * stride + 2; k++)
                if (k >= 0 && k < LENGTH) best = fmax(best, numbers[k]), sum += numbers[k];
            ck_assert_double_eq(number_at(most, i), best);
            ck_assert_double_eq(number_at(mean, i), sum / 4);
        }
    }
    tp_tape_free(tape);
}
END_TEST

static void pool_on_threads(int threads, double out[72])
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.threads = threads});
    double numbers[288];
    for (int i = 0; i < 288; i++) numbers[i] = .37 * (i % 29) - .11 * (i % 13);
    const tp_var x = tp_reshape(vector(tape, TP_F64, 288, numbers, false), TP_DIMS(2, 4, 6, 6));
    const tp_pool_options o = {.window = {2, 2}};
    const tp_var y = tp_add(tp_max_pool2d(x, &o, NULL), tp_avg_pool2d(x, &o));
    for (int i = 0; i < 72; i++) out[i] = number_at(y, i);
    tp_tape_free(tape);
}

START_TEST(pooling_has_the_same_bits_for_any_number_of_threads)
{
    double one[72], three[72];
    pool_on_threads(1, one);
    pool_on_threads(3, three);
    ck_assert_mem_eq(one, three, sizeof one);
}
END_TEST

/* ---- wrong calls ---- */

typedef struct wrong {
    int kind; /* 0 maximum, 1 average, 2 lp, 3 and 4 adaptive with size options.window[0] */
    int rank;
    int64_t x[5];
    tp_pool_options options;
    double p;
    tp_status status;
    const char *says;
} wrong;

static const wrong wrongs[] = {
    {0, 2, {2, 4}, {.window = {2}}, 0, TP_E_SHAPE, "(2,4)"},
    {0, 4, {1, 1, 4, 4}, {.window = {2}}, 0, TP_E_SHAPE, "(1,1,4,4)"},
    {0, 3, {1, 1, 4}, {.ceil_mode = false}, 0, TP_E_ARGUMENT, "window 0"},
    {0, 3, {1, 1, 4}, {.window = {-2}}, 0, TP_E_ARGUMENT, "window -2"},
    {0, 3, {1, 1, 4}, {.window = {2}, .stride = {-1}}, 0, TP_E_ARGUMENT, "stride -1"},
    {0, 3, {1, 1, 4}, {.window = {2}, .padding = {-1}}, 0, TP_E_ARGUMENT, "padding -1"},
    {0, 3, {1, 1, 4}, {.window = {2}, .padding = {2}}, 0, TP_E_ARGUMENT, "padding 2"},
    {0, 3, {1, 1, 4}, {.window = {2}, .dilation = {-1}}, 0, TP_E_ARGUMENT, "dilation -1"},
    {0, 3, {1, 1, 4}, {.window = {2, 2}}, 0, TP_E_ARGUMENT, "axis 1"},
    {0, 3, {1, 1, 4}, {.window = {2}, .divisor = 2}, 0, TP_E_ARGUMENT, "averages"},
    {0, 3, {1, 1, 4}, {.window = {5}}, 0, TP_E_SHAPE, "larger than the padded x: x (1,1,4)"},
    {0, 3, {1, 1, 4}, {.window = {2}, .dilation = {4}}, 0, TP_E_SHAPE, "larger"},
    {0, 3, {1, 1, 0}, {.window = {1}}, 0, TP_E_SHAPE, "empty"},
    {0, 3, {1, 1, 4}, {.window = {INT64_MAX}, .stride = {1}}, 0, TP_E_LIMIT, "overflows"},
    {0, 3, {1, 1, 4}, {.window = {3}, .dilation = {INT64_MAX}}, 0, TP_E_LIMIT, "overflows"},
    {1, 3, {1, 1, 4}, {.window = {2}, .dilation = {2}}, 0, TP_E_ARGUMENT, "dilation"},
    {1, 3, {1, 1, 4}, {.window = {2}, .divisor = -2}, 0, TP_E_ARGUMENT, "divisor -2"},
    {2, 3, {1, 1, 4}, {.window = {2}}, 0, TP_E_ARGUMENT, "p = 0"},
    {2, 3, {1, 1, 4}, {.window = {2}}, NOT_A_NUMBER, TP_E_ARGUMENT, "p = "},
    {2, 3, {1, 1, 4}, {.window = {2}, .divisor = 3}, 2, TP_E_ARGUMENT, "averages"},
    {3, 3, {1, 1, 4}, {.window = {0}}, 0, TP_E_ARGUMENT, "size 0"},
    {3, 4, {1, 1, 4, 4}, {.window = {2}}, 0, TP_E_SHAPE, "(1,1,4,4)"},
    {3, 3, {1, 1, 0}, {.window = {2}}, 0, TP_E_SHAPE, "empty"},
    {4, 3, {1, 1, 4}, {.window = {INT64_MAX}}, 0, TP_E_LIMIT, "overflows"},
    {4, 3, {1, 1, 4}, {.window = {-3}}, 0, TP_E_ARGUMENT, "size -3"},
};

static tp_var call(const wrong *c, tp_var x)
{
    switch (c->kind) {
    case 0: return tp_max_pool1d(x, &c->options, NULL);
    case 1: return tp_avg_pool1d(x, &c->options);
    case 2: return tp_lp_pool1d(x, c->p, &c->options);
    case 3: return tp_adaptive_max_pool(x, 1, c->options.window, NULL);
    default: return tp_adaptive_avg_pool(x, 1, c->options.window);
    }
}

START_TEST(pooling_refuses)
{
    static const char *const called[] = {
        "tp_max_pool1d: ", "tp_avg_pool1d: ", "tp_lp_pool1d: ", "tp_adaptive_max_pool: ", "tp_adaptive_avg_pool: "};
    const wrong *c = &wrongs[_i];
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *tensor = tp_tensor_new(TP_F64, c->rank, c->x);
    ck_assert(!tp_ok(call(c, tp_leaf(tape, tensor))));
    ck_assert_msg(tp_tape_status(tape) == c->status && strstr(tp_tape_error(tape), c->says) &&
                      strstr(tp_tape_error(tape), called[c->kind]),
                  "%s", tp_tape_error(tape));
    tp_tensor_release(tensor);
    tp_tape_free(tape);
}
END_TEST

START_TEST(pooling_refuses_bad_handles_and_integers)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var indices = tp_const(tape, 1);
    const tp_pool_options o = {.window = {2}};
    ck_assert(!tp_ok(tp_max_pool1d(tp_none(), &o, &indices)) && !tp_ok(indices));
    ck_assert(!tp_ok(tp_avg_pool1d(tp_none(), NULL)) && !tp_ok(tp_lp_pool1d(tp_none(), 2, NULL)));
    ck_assert(!tp_ok(tp_avg_pool1d(tp_scalar(tape, 1), &o)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_adaptive_max_pool(tp_scalar(tape, 1), 4, NULL, &indices)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    tp_tensor *labels = tp_tensor_new(TP_I64, TP_DIMS(1, 1, 4));
    ck_assert(!tp_ok(tp_max_pool1d(tp_data(tape, labels), &o, NULL)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_DTYPE);
    tp_tensor_release(labels);
    tp_tape_free(tape);
}
END_TEST

TCase *pooling_case(void)
{
    TCase *edges = tcase_create("pooling");
    tcase_add_test(edges, max_pool_takes_the_first_of_equals);
    tcase_add_test(edges, max_pool_passes_nan_and_inf);
    tcase_add_test(edges, pooling_at_the_ends);
    tcase_add_test(edges, lp_pool_of_zeros_has_no_slope);
    tcase_add_test(edges, pooling_of_a_long_line);
    tcase_add_test(edges, pooling_has_the_same_bits_for_any_number_of_threads);
    tcase_add_loop_test(edges, pooling_refuses, 0, COUNT(wrongs));
    tcase_add_test(edges, pooling_refuses_bad_handles_and_integers);
    return edges;
}
