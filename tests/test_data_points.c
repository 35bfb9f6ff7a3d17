/* Synthetic points: where they lie, how many of each class, and what noise does to them. */
#include <tapir/io_datasets.h>

#include "tests/test_data.h"

enum { N = 4000 };

typedef struct cloud {
    tp_tensor *points, *labels;
    int64_t n;
    const double *at; /* x and y of each */
    const unsigned char *label;
    int ones;
} cloud;

typedef tp_dataset *make_points(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                tp_error *error);

static cloud cloud_of(make_points *make, int64_t n, double noise, uint64_t seed)
{
    tp_error error = {.status = TP_OK};
    tp_dataset *set = make(n, noise, seed, &(tp_datasets_options){.dtype = TP_F64}, &error);
    ck_assert_msg(set != NULL, "%s", error.message);
    ck_assert_int_eq(tp_dataset_count(set), n);
    cloud c = {.points = tp_dataset_tensor(set, 0, NULL), .labels = tp_dataset_tensor(set, 1, NULL), .n = n};
    tp_dataset_release(set);
    c.at = tp_tensor_read(c.points);
    c.label = tp_tensor_read(c.labels);
    for (int64_t i = 0; i < n; i++) c.ones += c.label[i];
    return c;
}

static void cloud_free(cloud *c)
{
    tp_tensor_release(c->points);
    tp_tensor_release(c->labels);
}

static make_points *const makers[] = {tp_points_circle, tp_points_xor, tp_points_gaussian, tp_points_spiral,
                                      tp_points_moons};

START_TEST(seeds_repeat)
{
    for (int n = 0; n < 12; n++) {
        cloud a = cloud_of(makers[_i], n, 0.2, 1), b = cloud_of(makers[_i], n, 0.2, 1),
              c = cloud_of(makers[_i], n, 0.2, 2);
        if (makers[_i] != tp_points_xor && makers[_i] != tp_points_circle) ck_assert_int_le(abs(n - 2 * a.ones), 1);
        if (n) ck_assert(memcmp(a.at, b.at, (size_t)n * 16) == 0 && memcmp(a.label, b.label, (size_t)n) == 0);
        if (n) ck_assert(memcmp(a.at, c.at, (size_t)n * 16) != 0);
        cloud_free(&a);
        cloud_free(&b);
        cloud_free(&c);
    }
    tp_dataset *set = makers[_i](10, 0, 1, NULL, NULL);
    ck_assert_int_eq(tp_dataset_field(set, 0)->dtype, TP_F32);
    tp_dataset_release(set);
    DATA_REFUSED(makers[_i](-1, 0, 1, NULL, &error), TP_E_ARGUMENT, "-1 points");
    DATA_REFUSED(makers[_i](1, -1, 1, NULL, &error), TP_E_ARGUMENT, "noise -1");
    DATA_REFUSED(makers[_i](1, (double)NAN, 1, NULL, &error), TP_E_ARGUMENT, "noise nan");
    DATA_REFUSED(makers[_i](1, 0, 1, &(tp_datasets_options){.dtype = TP_U8}, &error), TP_E_DTYPE, "u8");
    DATA_REFUSED(makers[_i](INT64_MAX, 0, 1, NULL, &error), TP_E_LIMIT, "tp_points_");
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        set = makers[_i](10, 0, 1, &(tp_datasets_options){.memory = &memory}, NULL);
        ck_assert_int_eq(set == NULL, c.failed > 0);
        tp_dataset_release(set);
        ck_assert_uint_eq(c.blocks, 0);
        if (set) break;
    }
}
END_TEST

/* A radius uniform in [0, 2.5] has the mean 1.25, one in [3.5, 5] the mean 4.25. */
START_TEST(circle_is_a_disc_in_a_ring)
{
    cloud c = cloud_of(tp_points_circle, N, 0, 1);
    double sums[2] = {0};
    int right = 0;
    for (int i = 0; i < N; i++) {
        const double r = hypot(c.at[2 * i], c.at[2 * i + 1]);
        right += c.label[i] == (i < N / 2) && (c.label[i] ? r <= 2.5 : r >= 3.5 && r <= 5);
        sums[c.label[i]] += r;
    }
    ck_assert_int_eq(right, N);
    EXPECT_NEAR(sums[1] / (N / 2.), 1.25, 5 * 2.5 / sqrt(12 * N / 2.));
    EXPECT_NEAR(sums[0] / (N / 2.), 4.25, 5 * 1.5 / sqrt(12 * N / 2.));
    cloud_free(&c);
    c = cloud_of(tp_points_circle, N, 0.5, 1); /* the points stay, labels change */
    int crossed = 0;
    for (int i = 0; i < N; i++) crossed += c.label[i] != (hypot(c.at[2 * i], c.at[2 * i + 1]) <= 2.5);
    ck_assert(crossed > N / 20 && crossed < N / 2);
    cloud_free(&c);
}
END_TEST

START_TEST(xor_keeps_away_from_the_axes)
{
    cloud c = cloud_of(tp_points_xor, N, 0, 1);
    double sum = 0;
    int right = 0;
    for (int i = 0; i < N; i++) {
        const double x = c.at[2 * i], y = c.at[2 * i + 1];
        right += fabs(x) >= 0.3 && fabs(x) <= 5.3 && fabs(y) >= 0.3 && fabs(y) <= 5.3 && c.label[i] == (x * y >= 0);
        sum += fabs(x) + fabs(y);
    }
    ck_assert_int_eq(right, N);
    EXPECT_NEAR(c.ones, N / 2., 5 * sqrt(N / 4.));
    EXPECT_NEAR(sum / (2 * N), 2.8, 5 * 5 / sqrt(12 * 2. * N));
    cloud_free(&c);
}
END_TEST

START_TEST(gaussian_has_its_moments)
{
    for (int k = 0; k < 2; k++) {
        const double noise = k * 0.5, variance = 0.5 + 7 * noise;
        cloud c = cloud_of(tp_points_gaussian, N, noise, 1);
        double sums[2] = {0}, squares = 0, product = 0;
        for (int i = 0; i < N; i++) {
            const double centre = c.label[i] ? 2 : -2, x = c.at[2 * i] - centre, y = c.at[2 * i + 1] - centre;
            sums[c.label[i]] += x + y;
            squares += x * x + y * y;
            product += x * y;
        }
        for (int label = 0; label < 2; label++) EXPECT_NEAR(sums[label] / N, 0, 5 * sqrt(variance / N));
        EXPECT_NEAR(squares / (2 * N), variance, 5 * variance * sqrt(2. / (2 * N)));
        EXPECT_NEAR(product / N, 0, 5 * variance / sqrt(N));
        cloud_free(&c);
    }
}
END_TEST

START_TEST(spiral_lies_on_its_arms)
{
    const double pi = acos(-1);
    for (int k = 0; k < 2; k++) {
        const double noise = k * 0.3;
        int right = 0;
        cloud c = cloud_of(tp_points_spiral, N, noise, 1);
        for (int i = 0; i < N; i++) {
            const double part = (i % (N / 2)) / (N / 2.), t = 1.75 * part * 2 * pi + (c.label[i] ? 0 : pi);
            const double off_x = c.at[2 * i] - 5 * part * sin(t), off_y = c.at[2 * i + 1] - 5 * part * cos(t);
            right += c.label[i] == (i < N / 2) && fabs(off_x) <= noise + 1e-12 && fabs(off_y) <= noise + 1e-12;
        }
        ck_assert_int_eq(right, N);
        cloud_free(&c);
    }
}
END_TEST

START_TEST(moons_interlock)
{
    cloud c = cloud_of(tp_points_moons, N, 0, 1);
    int right = 0;
    for (int i = 0; i < N; i++) {
        const double x = c.at[2 * i], y = c.at[2 * i + 1];
        const double r = c.label[i] ? hypot(x - 1, y - 0.5) : hypot(x, y);
        right += c.label[i] == (i >= N / 2) && fabs(r - 1) < 1e-12 && (c.label[i] ? y <= 0.5 + 1e-12 : y >= -1e-12);
    }
    ck_assert_int_eq(right, N);
    EXPECT_NEAR(c.at[0], 1, 0);
    EXPECT_NEAR(c.at[2 * (N / 2 - 1)], -1, 0);
    cloud noisy = cloud_of(tp_points_moons, N, 0.1, 1);
    double squares = 0;
    for (int i = 0; i < 2 * N; i++) squares += (noisy.at[i] - c.at[i]) * (noisy.at[i] - c.at[i]);
    EXPECT_NEAR(squares / (2 * N), 0.01, 5 * 0.01 * sqrt(2. / (2 * N)));
    cloud_free(&noisy);
    cloud_free(&c);
}
END_TEST

TCase *data_points_case(void)
{
    TCase *tcase = tcase_create("points");
    tcase_add_loop_test(tcase, seeds_repeat, 0, sizeof makers / sizeof *makers);
    tcase_add_test(tcase, circle_is_a_disc_in_a_ring);
    tcase_add_test(tcase, xor_keeps_away_from_the_axes);
    tcase_add_test(tcase, gaussian_has_its_moments);
    tcase_add_test(tcase, spiral_lies_on_its_arms);
    tcase_add_test(tcase, moons_interlock);
    return tcase;
}
