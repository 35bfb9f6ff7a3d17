/* Transforms: closed forms, and what they refuse. */
#include "tests/test_data.h"

/* The rows of `x` sent through the transform, which is released. */
static tp_tensor *through(tp_tensor *x, tp_transform *transform)
{
    tp_error error = {.status = TP_OK};
    tp_dataset *set = tp_dataset_from_tensors(1, &x, &error), *mapped = tp_dataset_map(set, 0, transform, &error);
    ck_assert_msg(mapped != NULL, "%s", error.message);
    tp_tensor *y = tp_dataset_tensor(mapped, 0, &error);
    ck_assert_msg(y != NULL, "%s", error.message);
    tp_dataset_release(set);
    tp_dataset_release(mapped);
    tp_transform_release(transform);
    return y;
}

START_TEST(scale_makes_floats)
{
    static const double values[] = {0, 51, 255, 102};
    static const tp_dtype dtypes[] = {TP_U8, TP_I32, TP_I64, TP_F32, TP_F64};
    for (int d = 0; d < 5; d++)
        for (int to = 0; to < 2; to++) {
            tp_tensor *x = tensor_of(dtypes[d], TP_DIMS(2, 2), values);
            tp_tensor *y = through(x, tp_transform_scale(to ? TP_F64 : TP_F32, 1. / 255, NULL));
            ck_assert_int_eq(tp_tensor_dtype(y), to ? TP_F64 : TP_F32);
            EXPECT_TENSOR(y, to ? 1e-15 : 1e-7, 0, 0.2, 1, 0.4);
            tp_tensor_release(x);
            tp_tensor_release(y);
        }
}
END_TEST

START_TEST(reshape_keeps_elements)
{
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(3, 4, 6), 1, -1, 1);
    tp_tensor *y = through(x, tp_transform_reshape(TP_DIMS(1, 2, -1), NULL));
    ck_assert_int_eq(tp_tensor_rank(y), 4);
    ck_assert_int_eq(tp_tensor_dim(y, 3), 12);
    ck_assert(memcmp(tp_tensor_read(x), tp_tensor_read(y), 3 * 24 * sizeof(float)) == 0);
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

START_TEST(normalise_by_channel)
{
    static const double values[] = {1, 3, 10, 20, 5, 7, 30, 40};
    tp_tensor *x = tensor_of(TP_F64, TP_DIMS(2, 2, 2), values); /* two items of two channels */
    tp_tensor *y = through(x, tp_transform_normalise(2, NUMBERS(4, 25), NUMBERS(2, 5), NULL));
    EXPECT_TENSOR(y, 0, -1.5, -0.5, -3, -1, 0.5, 1.5, 1, 3);
    tp_tensor_release(y);
    y = through(x, tp_transform_normalise(1, NUMBERS(1), NUMBERS(2), NULL));
    EXPECT_TENSOR(y, 0, 0, 1, 4.5, 9.5, 2, 3, 14.5, 19.5);
    tp_tensor_release(y);
    tp_dataset *set = tp_dataset_from_tensors(1, &x, NULL);
    y = through(x, tp_dataset_fit_normalise(set, 0, true, NULL)); /* means 4, 25; variances 5, 125 */
    const double a = 1 / sqrt(5);
    EXPECT_TENSOR(y, 1e-14, -3 * a, -a, -15 * a / 5, -5 * a / 5, a, 3 * a, 5 * a / 5, 15 * a / 5);
    tp_tensor_release(y);
    y = through(x, tp_dataset_fit_normalise(set, 0, false, NULL));
    double sum = 0, squares = 0;
    for (int i = 0; i < 8; i++) {
        sum += tp_tensor_item(y, i);
        squares += tp_tensor_item(y, i) * tp_tensor_item(y, i);
    }
    EXPECT_NEAR(sum, 0, 1e-14);
    EXPECT_NEAR(squares, 8, 1e-13);
    tp_tensor_release(y);
    tp_tensor_release(x);
    tp_dataset_release(set);
}
END_TEST

/* A feature that is the same everywhere becomes 0; numbers far from 0 keep their deviation. */
START_TEST(fit_is_stable)
{
    enum { N = 1000 };
    tp_tensor *x = tp_tensor_new(TP_F64, TP_DIMS(N, 2));
    for (int i = 0; i < N; i++) {
        ((double *)tp_tensor_data(x))[2 * i] = 7;
        ((double *)tp_tensor_data(x))[2 * i + 1] = 1e9 + (i % 2 ? 1 : -1);
    }
    tp_dataset *set = tp_dataset_from_tensors(1, &x, NULL);
    tp_tensor *y = through(x, tp_dataset_fit_normalise(set, 0, true, NULL));
    for (int i = 0; i < N; i++) {
        EXPECT_NEAR(tp_tensor_item(y, 2 * i), 0, 0);
        EXPECT_NEAR(tp_tensor_item(y, 2 * i + 1), i % 2 ? 1 : -1, 1e-6);
    }
    tp_tensor_release(x);
    tp_tensor_release(y);
    tp_dataset_release(set);
}
END_TEST

START_TEST(one_hot_rows)
{
    tp_tensor *x = tensor_of(TP_U8, TP_DIMS(3), NUMBERS(2, 0, 1));
    tp_tensor *y = through(x, tp_transform_one_hot(3, TP_F32, NULL));
    EXPECT_TENSOR(y, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0);
    tp_tensor_release(y);
    tp_tensor *z = I64(TP_DIMS(1, 2), 1, 0);
    y = through(z, tp_transform_one_hot(2, TP_F64, NULL));
    ck_assert_int_eq(tp_tensor_rank(y), 3);
    EXPECT_TENSOR(y, 0, 0, 1, 1, 0);
    tp_tensor_release(y);
    tp_tensor_release(z);
    tp_transform *two = tp_transform_one_hot(2, TP_F32, NULL);
    tp_dataset *set = tp_dataset_from_tensors(1, &x, NULL), *mapped = tp_dataset_map(set, 0, two, NULL);
    DATA_REFUSED(tp_dataset_tensor(mapped, 0, &error), TP_E_INDEX, "one_hot: there is no class 2 of 2");
    tp_transform_release(two);
    tp_dataset_release(set);
    tp_dataset_release(mapped);
    tp_tensor_release(x);
}
END_TEST

START_TEST(flip_mirrors_rows)
{
    tp_tensor *x = tensor_of(TP_U8, TP_DIMS(1, 2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    tp_tensor *y = through(x, tp_transform_flip(1, NULL));
    EXPECT_TENSOR(y, 0, 3, 2, 1, 6, 5, 4);
    tp_tensor_release(y);
    y = through(x, tp_transform_flip(0, NULL));
    EXPECT_TENSOR(y, 0, 1, 2, 3, 4, 5, 6);
    tp_tensor_release(y);
    tp_tensor_release(x);
    enum { N = 4000 }; /* half of many, within five deviations */
    x = tp_tensor_new(TP_F64, TP_DIMS(N, 1, 2));
    for (int i = 0; i < N; i++) ((double *)tp_tensor_data(x))[2 * i] = 1;
    y = through(x, tp_transform_flip(0.5, NULL));
    double flipped = 0;
    for (int i = 0; i < N; i++) flipped += tp_tensor_item(y, 2 * i + 1);
    EXPECT_NEAR(flipped, N / 2, 5 * sqrt(N / 4.));
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

/* Each window lies in the padded image, at every place about equally often. */
START_TEST(crop_moves_a_window)
{
    enum {
        N = 5000,
        PADDING = 1,
        H = 3,
        W = 4,
        OUT_H = 2,
        OUT_W = 5,
        PLACES = (H + 2 - OUT_H + 1) * (W + 2 - OUT_W + 1)
    };
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(N, 2, H, W));
    for (int i = 0; i < N * 2 * H * W; i++) ((float *)tp_tensor_data(x))[i] = (float)(i % (2 * H * W));
    tp_tensor *y = through(x, tp_transform_crop(PADDING, OUT_H, OUT_W, -1, NULL));
    int counts[PLACES] = {0};
    for (int n = 0; n < N; n++) {
        const float *image = (const float *)tp_tensor_read(y) + n * 2 * OUT_H * OUT_W;
        int found = -1;
        for (int place = 0; place < PLACES && found < 0; place++) {
            const int top = place / 2 - PADDING, left = place % 2 - PADDING;
            bool same = true;
            for (int k = 0; same && k < 2 * OUT_H * OUT_W; k++) {
                const int c = k / (OUT_H * OUT_W), row = top + k / OUT_W % OUT_H, column = left + k % OUT_W;
                const bool inside = row >= 0 && row < H && column >= 0 && column < W;
                same = image[k] == (inside ? (float)(c * H * W + row * W + column) : -1);
            }
            if (same) found = place;
        }
        if (found < 0) ck_abort_msg("image %d is no window", n);
        counts[found]++;
    }
    for (int place = 0; place < PLACES; place++)
        EXPECT_NEAR(counts[place], (double)N / PLACES, 5 * sqrt((double)N / PLACES));
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

/* Nothing but padding in sight: every window of an image of no pixels, and one as large as all. */
START_TEST(crop_at_its_limits)
{
    tp_tensor *none = tp_tensor_new(TP_U8, TP_DIMS(2, 0, 0));
    tp_tensor *y = through(none, tp_transform_crop(3, 2, 2, 9, NULL));
    EXPECT_TENSOR(y, 0, 9, 9, 9, 9, 9, 9, 9, 9);
    tp_tensor_release(none);
    tp_tensor_release(y);
    tp_tensor *one = tensor_of(TP_I64, TP_DIMS(1, 1, 1), NUMBERS(5));
    y = through(one, tp_transform_crop(1, 3, 3, 0, NULL));
    EXPECT_TENSOR(y, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0);
    tp_tensor_release(one);
    tp_tensor_release(y);
}
END_TEST

START_TEST(noise_has_its_deviation)
{
    enum { N = 20000 };
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(2, N / 2));
    tp_tensor *y = through(x, tp_transform_noise(0.5, NULL));
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        sum += tp_tensor_item(y, i);
        squares += tp_tensor_item(y, i) * tp_tensor_item(y, i);
    }
    EXPECT_NEAR(sum / N, 0, 5 * 0.5 / sqrt(N));
    EXPECT_NEAR(squares / N, 0.25, 5 * 0.25 * sqrt(2. / N));
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

START_TEST(compose_goes_in_order)
{
    tp_transform *scale = tp_transform_scale(TP_F32, 0.5, NULL),
                 *shift = tp_transform_normalise(1, NUMBERS(1), NUMBERS(0.5), NULL);
    tp_transform *inner = tp_transform_compose(2, (tp_transform *[]){scale, shift}, NULL);
    tp_transform *none = tp_transform_compose(0, NULL, NULL);
    tp_transform *outer = tp_transform_compose(4, (tp_transform *[]){none, inner, none, inner}, NULL);
    tp_transform_release(scale);
    tp_transform_release(shift);
    tp_transform_release(inner);
    tp_tensor *x = tensor_of(TP_U8, TP_DIMS(2, 1), NUMBERS(10, 4)); /* x - 2, twice: 10 -> 8 -> 6 */
    tp_tensor *y = through(x, outer);
    EXPECT_TENSOR(y, 0, 6, 0);
    tp_tensor_release(y);
    y = through(x, none);
    ck_assert_int_eq(tp_tensor_dtype(y), TP_U8);
    EXPECT_TENSOR(y, 0, 10, 4);
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

/* A transform of one's own, with state: x^p. */
static tp_status power_apply(const tp_applying *a)
{
    const double p = *(const double *)a->state;
    for (int64_t i = 0; i < tp_field_count(a->in); i++) ((double *)a->to)[i] = pow(((const double *)a->from)[i], p);
    return TP_OK;
}

static tp_status stubborn_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    (void)state, (void)in, (void)error;
    out->rank = 50;
    return TP_OK;
}

START_TEST(own_transform)
{
    const tp_transform_kind power = {TP_TRANSFORM_HEAD, .name = "power", .state = sizeof(double), .apply = power_apply};
    tp_transform *cube = tp_transform_new(&power, NULL, NULL);
    *(double *)tp_transform_state(cube) = 3;
    tp_tensor *x = F64(TP_DIMS(3), 1, 2, -3), *y = through(x, cube);
    EXPECT_TENSOR(y, 1e-14, 1, 8, -27);
    tp_tensor_release(y);
    const tp_transform_kind stubborn = {TP_TRANSFORM_HEAD, .name = "stubborn", .shape = stubborn_shape,
                                        .apply = power_apply};
    tp_transform *bad = tp_transform_new(&stubborn, NULL, NULL);
    tp_dataset *set = tp_dataset_from_tensors(1, &x, NULL);
    DATA_REFUSED(tp_dataset_map(set, 0, bad, &error), TP_E_LIMIT, "stubborn: an item of rank 50");
    tp_transform_release(bad);
    tp_dataset_release(set);
    tp_tensor_release(x);
    const tp_transform_kind headless = {.name = "headless", .apply = power_apply};
    DATA_REFUSED(tp_transform_new(&headless, NULL, &error), TP_E_ARGUMENT, "TP_TRANSFORM_HEAD");
    DATA_REFUSED(tp_transform_new(NULL, NULL, &error), TP_E_ARGUMENT, "NULL");
    ck_assert_ptr_null(tp_transform_retain(NULL));
    ck_assert_ptr_null(tp_transform_state(NULL));
    tp_transform_release(NULL);
}
END_TEST

START_TEST(transforms_refuse_numbers)
{
    DATA_REFUSED(tp_transform_scale(TP_U8, 1, &error), TP_E_DTYPE, "u8");
    DATA_REFUSED(tp_transform_scale(TP_F32, HUGE_VAL, &error), TP_E_ARGUMENT, "inf");
    DATA_REFUSED(tp_transform_reshape(TP_DIMS(-1, -1), &error), TP_E_ARGUMENT, "one -1");
    DATA_REFUSED(tp_transform_reshape(TP_DIMS(-2), &error), TP_E_ARGUMENT, "one -1");
    DATA_REFUSED(tp_transform_reshape(8, NULL, &error), TP_E_ARGUMENT, "rank 8");
    DATA_REFUSED(tp_transform_reshape(2, NULL, &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_transform_normalise(0, NUMBERS(1), NUMBERS(1), &error), TP_E_ARGUMENT, "0 means");
    DATA_REFUSED(tp_transform_normalise(1, NULL, NUMBERS(1), &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_transform_normalise(2, NUMBERS(1, 1), NUMBERS(1, 0), &error), TP_E_ARGUMENT, "deviation 0 at 1");
    DATA_REFUSED(tp_transform_one_hot(0, TP_F32, &error), TP_E_ARGUMENT, "0 classes");
    DATA_REFUSED(tp_transform_one_hot(5, TP_I32, &error), TP_E_DTYPE, "i32");
    DATA_REFUSED(tp_transform_flip(1.5, &error), TP_E_ARGUMENT, "1.5");
    DATA_REFUSED(tp_transform_flip((double)NAN, &error), TP_E_ARGUMENT, "nan");
    DATA_REFUSED(tp_transform_crop(-1, 0, 0, 0, &error), TP_E_ARGUMENT, "padding -1");
    DATA_REFUSED(tp_transform_crop(0, INT64_MAX, 0, 0, &error), TP_E_ARGUMENT, "9223372036854775807");
    DATA_REFUSED(tp_transform_noise(-1, &error), TP_E_ARGUMENT, "-1");
    DATA_REFUSED(tp_transform_compose(-1, NULL, &error), TP_E_ARGUMENT, "-1 transforms");
    DATA_REFUSED(tp_transform_compose(1, (tp_transform *[]){NULL}, &error), TP_E_ARGUMENT, "transform 0 is NULL");
    ck_assert_ptr_null(tp_transform_scale(TP_U8, 1, NULL));
}
END_TEST

START_TEST(maps_refuse_fields)
{
    tp_tensor *vector = tp_tensor_new(TP_F32, TP_DIMS(3, 4)), *bytes = tp_tensor_new(TP_U8, TP_DIMS(3, 4, 4));
    tp_tensor *deep = tp_tensor_new(TP_U8, TP_DIMS(1, 1, 1, 1, 1, 1, 1, 1));
    tp_dataset *set = tp_dataset_from_tensors(2, (tp_tensor *[]){vector, bytes}, NULL);
    tp_dataset *deeper = tp_dataset_from_tensors(1, &deep, NULL);
    tp_transform *t[] = {tp_transform_flip(0.5, NULL),
                         tp_transform_crop(0, 9, 2, 0, NULL),
                         tp_transform_noise(1, NULL),
                         tp_transform_normalise(3, NUMBERS(1, 2, 3), NUMBERS(1, 2, 3), NULL),
                         tp_transform_one_hot(3, TP_F32, NULL),
                         tp_transform_reshape(TP_DIMS(5, -1), NULL),
                         tp_transform_one_hot(INT32_MAX, TP_F64, NULL)};
    DATA_REFUSED(tp_dataset_map(set, 0, t[0], &error), TP_E_SHAPE, "flip: an item of shape (4) is no image");
    DATA_REFUSED(tp_dataset_map(set, 1, t[1], &error), TP_E_SHAPE, "9 x 2 cannot be cut out of 4 x 4");
    DATA_REFUSED(tp_dataset_map(set, 1, t[2], &error), TP_E_DTYPE, "noise: the field is u8");
    DATA_REFUSED(tp_dataset_map(set, 0, t[3], &error), TP_E_SHAPE, "3 means for an item of shape (4)");
    DATA_REFUSED(tp_dataset_map(set, 0, t[4], &error), TP_E_DTYPE, "one_hot: the field is f32");
    DATA_REFUSED(tp_dataset_map(deeper, 0, t[4], &error), TP_E_LIMIT, "rank 7");
    DATA_REFUSED(tp_dataset_map(set, 0, t[5], &error), TP_E_SHAPE, "(4) cannot become (5,-1)");
    DATA_REFUSED(tp_dataset_map(set, 2, t[0], &error), TP_E_INDEX, "no field 2 of 2");
    DATA_REFUSED(tp_dataset_map(set, 0, NULL, &error), TP_E_ARGUMENT, "transform is NULL");
    DATA_REFUSED(tp_dataset_map(NULL, 0, t[0], &error), TP_E_ARGUMENT, "data set is NULL");
    DATA_REFUSED(tp_dataset_fit_normalise(set, 1, true, &error), TP_E_DTYPE, "u8");
    DATA_REFUSED(tp_dataset_fit_normalise(set, 2, true, &error), TP_E_INDEX, "no field 2");
    DATA_REFUSED(tp_dataset_fit_normalise(NULL, 0, true, &error), TP_E_ARGUMENT, "NULL");
    tp_dataset *none = tp_dataset_subset(set, 0, NULL, NULL);
    DATA_REFUSED(tp_dataset_fit_normalise(none, 0, true, &error), TP_E_ARGUMENT, "0 items");
    *(float *)tp_tensor_data(vector) = NAN; /* no statistics of it */
    DATA_REFUSED(tp_dataset_fit_normalise(set, 0, true, &error), TP_E_ARGUMENT, "mean nan");
    tp_dataset_release(none);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) tp_transform_release(t[i]);
    tp_dataset_release(set);
    tp_dataset_release(deeper);
    tp_tensor_release(vector);
    tp_tensor_release(bytes);
    tp_tensor_release(deep);
}
END_TEST

TCase *data_transforms_case(void)
{
    TCase *tcase = tcase_create("transforms");
    tcase_add_test(tcase, scale_makes_floats);
    tcase_add_test(tcase, reshape_keeps_elements);
    tcase_add_test(tcase, normalise_by_channel);
    tcase_add_test(tcase, fit_is_stable);
    tcase_add_test(tcase, one_hot_rows);
    tcase_add_test(tcase, flip_mirrors_rows);
    tcase_add_test(tcase, crop_moves_a_window);
    tcase_add_test(tcase, crop_at_its_limits);
    tcase_add_test(tcase, noise_has_its_deviation);
    tcase_add_test(tcase, compose_goes_in_order);
    tcase_add_test(tcase, own_transform);
    tcase_add_test(tcase, transforms_refuse_numbers);
    tcase_add_test(tcase, maps_refuse_fields);
    return tcase;
}
