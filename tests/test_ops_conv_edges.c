/* Convolution at its edges: exact small cases, NaN and Inf, threads, wrong calls. */
#include "tests/test_ops.h"

#include <stdlib.h>

typedef tp_var convolution(tp_var, tp_var, tp_var, const tp_conv_options *);
static convolution *const convolutions[2][3] = {{tp_conv1d, tp_conv2d, tp_conv3d},
                                                {tp_conv_transpose1d, tp_conv_transpose2d, tp_conv_transpose3d}};

static tp_tensor *filled(tp_dtype dtype, int rank, const int64_t *dims, double first, double step)
{
    tp_tensor *tensor = tp_tensor_new(dtype, rank, dims);
    ck_assert_ptr_nonnull(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) {
        if (dtype == TP_F32)
            ((float *)tp_tensor_data(tensor))[i] = (float)(first + step * (double)i);
        else
            ((double *)tp_tensor_data(tensor))[i] = first + step * (double)i;
    }
    return tensor;
}

static tp_var leaf(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double first, double step)
{
    tp_tensor *tensor = filled(dtype, rank, dims, first, step);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

START_TEST(conv_of_counting_numbers)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = leaf(tape, (tp_dtype)dtype, TP_DIMS(1, 1, 4), 1, 1);
        const tp_var w = leaf(tape, (tp_dtype)dtype, TP_DIMS(1, 1, 2), 10, 1),
                     b = vector(tape, (tp_dtype)dtype, 1, (double[]){.5}, false);
        expect_elements("conv", tp_conv1d(x, w, b, NULL), 3, (double[]){32.5, 53.5, 74.5}, 0);
        const tp_conv_options o = {.stride = {2}, .padding = {1}};
        expect_elements("strided", tp_conv1d(x, w, tp_none(), &o), 3, (double[]){11, 53, 40}, 0);
        expect_elements("transposed", tp_conv_transpose1d(x, w, tp_none(), NULL), 5, (double[]){10, 31, 52, 73, 44}, 0);
        const tp_var y = tp_sum(tp_conv1d(x, w, b, &o));
        expect_gradient("by x", y, x, 4, (double[]){11, 10, 11, 10});
        expect_gradient("by w", y, w, 2, (double[]){6, 4});
        expect_gradient("by b", y, b, 1, (double[]){3});
    }
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
}
END_TEST

/* What is not under the kernel stays clean; padding is not multiplied by Inf. */
START_TEST(conv_passes_nan_and_inf)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double numbers[] = {1, (double)NAN, 1, 1, HUGE_VAL};
    tp_var x = vector(tape, TP_F64, 5, numbers, false);
    x = tp_reshape(x, TP_DIMS(1, 1, 5));
    const tp_var w = leaf(tape, TP_F64, TP_DIMS(1, 1, 2), 1, 0);
    const tp_var y = tp_conv1d(x, w, tp_none(), NULL);
    expect_elements("y", y, 4, (double[]){(double)NAN, (double)NAN, 2, HUGE_VAL}, 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(conv_of_an_empty_batch)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf(tape, TP_F64, TP_DIMS(0, 2, 4, 4), 0, 0), w = leaf(tape, TP_F64, TP_DIMS(3, 2, 2, 2), 1, 1);
    const tp_var y = tp_conv2d(x, w, tp_none(), NULL);
    ck_assert(tp_shape_equal(tp_var_rank(y), tp_var_dims(y), TP_DIMS(0, 3, 3, 3)));
    const double zeros[24] = {0};
    expect_gradient("dw", tp_sum(y), w, 24, zeros);
    tp_tape_free(tape);
}
END_TEST

/* ---- the same bits for any number of threads; blocks of positions and their ends ---- */

static void copy_out(tp_var x, float **at)
{
    const int64_t n = numbers_in(x);
    memcpy(*at, tp_tensor_read(tp_value(x)), (size_t)n * sizeof(float));
    *at += n;
}

/* Value and gradients of one convolution. */
static float *run_threads(int threads, int64_t *count)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.threads = threads});
    const tp_var x = leaf(tape, TP_F32, TP_DIMS(8, 16, 33, 21), -1, .0007),
                 w = leaf(tape, TP_F32, TP_DIMS(24, 8, 3, 3), -.5, .01);
    const tp_var b = leaf(tape, TP_F32, TP_DIMS(24), -1, .3);
    const tp_conv_options o = {.padding = {1, 2}, .groups = 2};
    const tp_var y = tp_conv2d(x, w, b, &o);
    tp_var grads[3];
    ck_assert_int_eq(tp_vjp(y, y, (tp_var[]){x, w, b}, 3, grads, 0), TP_OK);
    *count = numbers_in(y) + numbers_in(x) + numbers_in(w) + numbers_in(b);
    float *all = malloc((size_t)*count * sizeof *all), *at = all;
    ck_assert_ptr_nonnull(all);
    copy_out(y, &at);
    for (int i = 0; i < 3; i++) copy_out(grads[i], &at);
    tp_tape_free(tape);
    return all;
}

START_TEST(conv_has_the_same_bits_for_any_number_of_threads)
{
    int64_t n, m;
    float *one = run_threads(1, &n);
    for (int threads = 2; threads <= 5; threads++) {
        float *more = run_threads(threads, &m);
        ck_assert_int_eq(n, m);
        ck_assert_msg(memcmp(one, more, (size_t)n * sizeof *one) == 0, "%d threads differ", threads);
        free(more);
    }
    free(one);
}
END_TEST

/* The sum that defines a convolution, for 1-d. */
static double sum_at(const tp_tensor *x, const tp_tensor *w, int64_t o, int64_t p, const tp_conv_options *options)
{
    double sum = 0;
    for (int64_t i = 0; i < tp_tensor_dim(w, 1); i++)
        for (int64_t t = 0; t < tp_tensor_dim(w, 2); t++) {
            const int64_t at = p * options->stride[0] + t * options->dilation[0] - options->padding[0];
            if (at < 0 || at >= tp_tensor_dim(x, 2)) continue;
            sum += tp_tensor_at(x, (int64_t[]){0, i, at}) * tp_tensor_at(w, (int64_t[]){o, i, t});
        }
    return sum;
}

START_TEST(conv_of_a_long_signal_is_the_sum_that_defines_it)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = filled(TP_F64, TP_DIMS(1, 40, 3001), -3, .001), *w = filled(TP_F64, TP_DIMS(2, 40, 11), 1, -.01);
    const tp_conv_options o = {.stride = {2}, .padding = {7}, .dilation = {3}};
    const tp_var y = tp_conv1d(tp_leaf(tape, x), tp_leaf(tape, w), tp_none(), &o);
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    const int64_t n = tp_var_dims(y)[2];
    for (int64_t i = 0; i < 2; i++)
        for (int64_t p = 0; p < n; p += p < 8 || p > n - 8 ? 1 : 13) {
            const double want = sum_at(x, w, i, p, &o);
            ck_assert_double_eq_tol(number_at(y, i * n + p), want, 1e-10 * (1 + fabs(want)));
        }
    tp_tensor_release(x);
    tp_tensor_release(w);
    tp_tape_free(tape);
}
END_TEST

/* ---- large enough for a library to be called: f32 against f64, whose loops are our own ---- */

typedef struct large {
    const char *name;
    bool transposed;
    int rank;
    int64_t x[5], w[5];
    tp_conv_options options;
} large;

static const large larges[] = {
    {"3x3", false, 4, {3, 8, 20, 17}, {16, 8, 3, 3}, {.padding = {1, 1}}},
    {"few channels", false, 4, {16, 1, 28, 28}, {6, 1, 5, 5}, {.padding = {2, 2}}},
    {"strides", false, 4, {4, 6, 21, 30}, {10, 6, 3, 4}, {.stride = {2, 3}, .padding = {1, 2}}},
    {"dilation", false, 4, {2, 16, 24, 20}, {16, 16, 3, 2}, {.dilation = {3, 2}, .padding = {3, 0}}},
    {"groups", false, 4, {8, 12, 18, 19}, {24, 3, 3, 3}, {.groups = 4}},
    {"a group a channel", false, 4, {8, 32, 18, 19}, {32, 1, 3, 3}, {.groups = 32, .padding = {1, 1}}},
    {"one tap", false, 4, {6, 32, 15, 13}, {20, 32, 1, 1}, {.groups = 1}},
    {"signal", false, 3, {4, 16, 300}, {24, 16, 7}, {.stride = {2}, .padding = {3}}},
    {"volume", false, 5, {2, 4, 9, 11, 10}, {8, 4, 3, 3, 3}, {.padding = {1, 1, 1}}},
    {"transposed", true, 4, {4, 16, 12, 11}, {16, 10, 4, 4}, {.stride = {2, 2}, .padding = {1, 1}}},
    {"output padding", true, 4, {2, 16, 12, 11}, {16, 10, 3, 3}, {.stride = {2, 3}, .output_padding = {1, 2}}},
    {"transposed signal", true, 3, {4, 16, 150}, {16, 8, 5}, {.stride = {3}, .padding = {1}, .output_padding = {2}}},
};

/* Multiples of 1/64 between -1 and 1, so that both dtypes hold them. */
static tp_var noise(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, int64_t factor)
{
    tp_tensor *wide = tp_tensor_new(TP_F64, rank, dims), *tensor = tp_tensor_new(dtype, rank, dims);
    ck_assert(wide && tensor);
    for (int64_t i = 0; i < tp_tensor_count(wide); i++)
        ((double *)tp_tensor_data(wide))[i] = (double)(i * factor % 127 - 63) / 64;
    ck_assert_int_eq(tp_tensor_copy(tensor, wide, NULL), TP_OK);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(wide);
    tp_tensor_release(tensor);
    return x;
}

/* Value, gradients and the gradient of a gradient, as f64 tensors. */
static void run_large(const large *c, tp_dtype dtype, tp_tensor *out[6])
{
    tp_tape *tape = tp_tape_new(NULL);
    const int64_t groups = c->options.groups ? c->options.groups : 1;
    const tp_var b = leaf(tape, dtype, TP_DIMS(c->transposed ? c->w[1] * groups : c->w[0]), -1, .25);
    const tp_var x = noise(tape, dtype, c->rank, c->x, 37), w = noise(tape, dtype, c->rank, c->w, 59);
    const tp_var y = convolutions[c->transposed][c->rank - 3](x, w, b, &c->options);
    ck_assert_msg(tp_tape_status(tape) == TP_OK, "%s: %s", c->name, tp_tape_error(tape));
    tp_var all[6] = {y}, inputs[] = {x, w, b};
    ck_assert_int_eq(tp_vjp(y, tp_tanh(y), inputs, 3, all + 1, 0), TP_OK);
    const tp_var square = tp_sum(tp_square(y));
    tp_var grads[2];
    ck_assert_int_eq(tp_gradients(square, (tp_var[]){w, b}, 2, grads, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_vjp(grads[0], w, (tp_var[]){w, b}, 2, all + 4, 0), TP_OK);
    for (int i = 0; i < 6; i++) {
        out[i] = tp_tensor_new(TP_F64, tp_var_rank(all[i]), tp_var_dims(all[i]));
        ck_assert_int_eq(tp_tensor_copy(out[i], tp_value(all[i]), NULL), TP_OK);
    }
    tp_tape_free(tape);
}

START_TEST(conv_in_f32_agrees_with_f64)
{
    const large *c = &larges[_i];
    tp_tensor *narrow[6], *wide[6];
    run_large(c, TP_F32, narrow);
    run_large(c, TP_F64, wide);
    for (int i = 0; i < 6; i++) {
        double most = 0;
        const int64_t n = tp_tensor_count(wide[i]);
        for (int64_t k = 0; k < n; k++) most = fmax(most, fabs(tp_tensor_item(wide[i], k)));
        ck_assert_double_gt(most, 0);
        for (int64_t k = 0; k < n; k++) {
            const double want = tp_tensor_item(wide[i], k), got = tp_tensor_item(narrow[i], k);
            ck_assert_msg(fabs(got - want) <= 2e-5 * most, "%s: result %d, element %lld: %g, not %g", c->name, i,
                          (long long)k, got, want);
        }
        tp_tensor_release(narrow[i]);
        tp_tensor_release(wide[i]);
    }
}
END_TEST

/* ---- wrong calls ---- */

typedef struct wrong {
    int spatial, x_rank, w_rank;
    int64_t x[6], w[6], b; /* b < 0: no bias */
    tp_conv_options options;
    bool transposed;
    tp_status status;
    const char *says;
} wrong;

static const wrong wrongs[] = {
    {2, 3, 4, {2, 3, 4}, {2, 3, 2, 2}, -1, {.groups = 0}, false, TP_E_SHAPE, "(2,3,4)"},
    {2, 5, 5, {1, 1, 3, 3, 3}, {1, 1, 2, 2, 2}, -1, {.groups = 0}, false, TP_E_SHAPE, "rank 4"},
    {1, 3, 2, {2, 3, 4}, {2, 3}, -1, {.groups = 0}, false, TP_E_SHAPE, "(2,3)"},
    {1, 2, 3, {2, 3}, {2, 3, 1}, -1, {.groups = 0}, false, TP_E_SHAPE, "(2,3)"},
    {1, 3, 3, {2, 3, 4}, {2, 2, 2}, -1, {.groups = 0}, false, TP_E_SHAPE, "channels do not fit"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, 3, {.groups = 0}, false, TP_E_SHAPE, "bias (3)"},
    {1, 3, 3, {2, 3, 4}, {2, 1, 2}, -1, {.groups = 2}, false, TP_E_ARGUMENT, "2 groups"},
    {1, 3, 3, {2, 4, 4}, {3, 2, 2}, -1, {.groups = 2}, false, TP_E_ARGUMENT, "2 groups"},
    {1, 3, 3, {2, 4, 4}, {2, 4, 2}, -1, {.groups = -1}, false, TP_E_ARGUMENT, "-1 groups"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 5}, -1, {.groups = 0}, false, TP_E_SHAPE, "larger than the padded x"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.dilation = {4}}, false, TP_E_SHAPE, "larger"},
    {1, 3, 3, {2, 3, 0}, {2, 3, 1}, -1, {.groups = 0}, false, TP_E_SHAPE, "larger"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 0}, -1, {.groups = 0}, false, TP_E_SHAPE, "empty"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.stride = {-1}}, false, TP_E_ARGUMENT, "stride -1"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.padding = {-1}}, false, TP_E_ARGUMENT, "padding -1"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.dilation = {-2}}, false, TP_E_ARGUMENT, "dilation -2"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.stride = {1, 2}}, false, TP_E_ARGUMENT, "axis 1"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.output_padding = {1}}, false, TP_E_ARGUMENT, "output padding"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.padding = {INT64_MAX}}, false, TP_E_LIMIT, "overflows"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.padding = {INT64_MAX / 5}}, false, TP_E_LIMIT, "overflows"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 3}, -1, {.dilation = {INT64_MAX}}, false, TP_E_LIMIT, "overflows"},
    {2,
     4,
     4,
     {1, 1, 1, 1},
     {1, 1, 1, 1},
     -1,
     {.padding = {INT64_C(1) << 40, INT64_C(1) << 40}},
     false,
     TP_E_LIMIT,
     "overflows"},
    {1, 3, 3, {2, 3, 4}, {2, 3, 2}, -1, {.groups = 0}, true, TP_E_SHAPE, "channels do not fit"},
    {1, 3, 3, {2, 3, 4}, {3, 1, 2}, -1, {.groups = 2}, true, TP_E_ARGUMENT, "2 groups"},
    {1, 3, 3, {2, 3, 0}, {3, 1, 2}, -1, {.groups = 0}, true, TP_E_SHAPE, "empty"},
    {1, 3, 3, {2, 3, 1}, {3, 1, 2}, -1, {.padding = {1}}, true, TP_E_SHAPE, "nothing"},
    {1, 3, 3, {2, 3, 4}, {3, 1, 2}, -1, {.output_padding = {1}}, true, TP_E_ARGUMENT, "output padding 1"},
    {1, 3, 3, {2, 3, 4}, {3, 1, 2}, -1, {.stride = {INT64_MAX}}, true, TP_E_LIMIT, "overflows"},
    {1, 3, 3, {2, 3, 4}, {3, 1, 2}, -1, {.stride = {INT64_C(1) << 59}}, true, TP_E_LIMIT, "overflows"},
    {1, 3, 3, {2, 3, 4}, {3, INT64_C(1) << 40, 0}, -1, {.groups = 3}, true, TP_E_SHAPE, "empty"},
};

START_TEST(conv_refuses)
{
    const wrong *c = &wrongs[_i];
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf(tape, TP_F64, c->x_rank, c->x, 1, 1), w = leaf(tape, TP_F64, c->w_rank, c->w, 1, 1);
    const tp_var b = c->b < 0 ? tp_none() : leaf(tape, TP_F64, TP_DIMS(c->b), 1, 1);
    const tp_var y = convolutions[c->transposed][c->spatial - 1](x, w, b, &c->options);
    ck_assert(!tp_ok(y));
    ck_assert_msg(tp_tape_status(tape) == c->status, "%s", tp_tape_error(tape));
    char called[32];
    snprintf(called, sizeof called, "tp_conv%s%dd: ", c->transposed ? "_transpose" : "", c->spatial);
    ck_assert_msg(strstr(tp_tape_error(tape), c->says) && strstr(tp_tape_error(tape), called), "%s",
                  tp_tape_error(tape));
    tp_tape_free(tape);
}
END_TEST

START_TEST(conv_refuses_dtypes_and_bad_handles)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf(tape, TP_F64, TP_DIMS(1, 1, 4), 1, 1), w = leaf(tape, TP_F32, TP_DIMS(1, 1, 2), 1, 1);
    ck_assert(!tp_ok(tp_conv1d(x, w, tp_none(), NULL)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_DTYPE);
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_conv1d(x, tp_scalar(tape, 1), tp_none(), NULL)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_conv2d(tp_none(), x, tp_none(), NULL)));
    ck_assert(!tp_ok(tp_conv2d(x, tp_none(), tp_none(), NULL)));
    tp_tape_free(tape);
}
END_TEST

TCase *conv_case(void)
{
    TCase *edges = tcase_create("conv");
    tcase_add_test(edges, conv_of_counting_numbers);
    tcase_add_test(edges, conv_passes_nan_and_inf);
    tcase_add_test(edges, conv_of_an_empty_batch);
    tcase_add_test(edges, conv_has_the_same_bits_for_any_number_of_threads);
    tcase_add_test(edges, conv_of_a_long_signal_is_the_sum_that_defines_it);
    tcase_add_loop_test(edges, conv_in_f32_agrees_with_f64, 0, COUNT(larges));
    tcase_add_loop_test(edges, conv_refuses, 0, COUNT(wrongs));
    tcase_add_test(edges, conv_refuses_dtypes_and_bad_handles);
    return edges;
}
