/* Metrics: stored results from exact fractions, closed forms, batches of any size, wrong calls, no memory. */
#include <stdio.h>

#include "tests/test_train.h"

/* ---- stored results: tests/golden/metrics.txt, written by tools/golden_metrics.py ---- */

enum { MOST = 512 };

static void read_line(FILE *file, int n, double *numbers)
{
    char word[64];
    ck_assert_int_le(n, MOST);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(fscanf(file, "%63s", word), 1);
        numbers[i] = strtod(word, NULL);
    }
}

static void expect_figures(const double *wanted, const tp_confusion *c, int classes,
                           double (*of)(const tp_confusion *, int64_t))
{
    EXPECT_NEAR(of(c, TP_MICRO), wanted[0], 1e-15);
    EXPECT_NEAR(of(c, TP_MACRO), wanted[1], 1e-15);
    EXPECT_NEAR(of(c, TP_WEIGHTED), wanted[2], 1e-15);
    for (int k = 0; k < classes; k++) EXPECT_NEAR(of(c, k), wanted[3 + k], 1e-15);
}

/* The rows of a tensor from `first` on. */
static tp_tensor *rows(tp_tensor *tensor, int64_t first, int64_t n)
{
    tp_tensor *part = tp_tensor_slice(tensor, 0, first, first + n, 1, NULL);
    ck_assert_ptr_nonnull(part);
    return part;
}

static void check_classes(FILE *file, tp_dtype dtype, tp_dtype label_dtype, int64_t batch)
{
    int n, classes, k;
    double numbers[MOST];
    ck_assert_int_eq(fscanf(file, "%d %d %d", &n, &classes, &k), 3);
    read_line(file, n * classes, numbers);
    tp_tensor *scores = tensor_of(dtype, TP_DIMS(n, classes), numbers);
    read_line(file, n, numbers);
    tp_tensor *labels = tensor_of(label_dtype, TP_DIMS(n), numbers);
    tp_confusion *c = tp_confusion_new(classes, NULL, NULL);
    tp_top_k best = {0}, top = {.k = k};
    for (int64_t first = 0; first < n; first += batch) {
        const int64_t m = n - first < batch ? n - first : batch;
        tp_tensor *x = rows(scores, first, m), *y = rows(labels, first, m);
        ck_assert_int_eq(tp_confusion_add(c, x, y, NULL), TP_OK);
        ck_assert_int_eq(tp_top_k_add(&best, x, y, NULL), TP_OK);
        ck_assert_int_eq(tp_top_k_add(&top, x, y, NULL), TP_OK);
        tp_tensor_release(x), tp_tensor_release(y);
    }
    read_line(file, classes * classes, numbers);
    for (int i = 0; i < classes * classes; i++)
        ck_assert_double_eq(tp_confusion_at(c, i / classes, i % classes), numbers[i]);
    ck_assert_double_eq(tp_confusion_seen(c), n);
    read_line(file, 2, numbers);
    EXPECT_NEAR(tp_confusion_accuracy(c), numbers[0], 1e-15);
    EXPECT_NEAR(tp_top_k_value(&best), numbers[0], 1e-15);
    EXPECT_NEAR(tp_top_k_value(&top), numbers[1], 1e-15);
    double (*const figures[])(const tp_confusion *, int64_t) = {tp_confusion_precision, tp_confusion_recall,
                                                                tp_confusion_f1};
    for (int f = 0; f < 3; f++) {
        read_line(file, 3 + classes, numbers);
        expect_figures(numbers, c, classes, figures[f]);
    }
    tp_confusion_free(c);
    tp_tensor_release(scores), tp_tensor_release(labels);
}

static void check_auc(FILE *file, tp_dtype dtype, int64_t batch)
{
    int n;
    double scores[MOST], labels[MOST], wanted;
    ck_assert_int_eq(fscanf(file, "%d", &n), 1);
    read_line(file, n, scores), read_line(file, n, labels), read_line(file, 1, &wanted);
    tp_auc *auc = tp_auc_new(NULL, NULL);
    for (int first = 0; first < n; first += (int)batch) {
        const int64_t m = n - first < batch ? n - first : batch;
        tp_tensor *x = tensor_of(dtype, TP_DIMS(m, 1), scores + first);
        tp_tensor *y = tensor_of(TP_U8, TP_DIMS(m), labels + first);
        ck_assert_int_eq(tp_auc_add(auc, x, y, NULL), TP_OK);
        tp_auc_value(auc); /* reading in between changes nothing */
        tp_tensor_release(x), tp_tensor_release(y);
    }
    EXPECT_NEAR(tp_auc_value(auc), wanted, 1e-15);
    tp_auc_free(auc);
}

static void check_regression(FILE *file, tp_dtype dtype, int64_t batch)
{
    int n;
    double predictions[MOST], targets[MOST], wanted[3];
    ck_assert_int_eq(fscanf(file, "%d", &n), 1);
    read_line(file, n, predictions), read_line(file, n, targets), read_line(file, 3, wanted);
    tp_regression sums = {0};
    for (int first = 0; first < n; first += (int)batch) {
        const int64_t m = n - first < batch ? n - first : batch;
        tp_tensor *x = tensor_of(dtype, TP_DIMS(m), predictions + first);
        tp_tensor *y = tensor_of(dtype, TP_DIMS(m), targets + first);
        ck_assert_int_eq(tp_regression_add(&sums, x, y, NULL), TP_OK);
        tp_tensor_release(x), tp_tensor_release(y);
    }
    EXPECT_NEAR(tp_regression_mae(&sums), wanted[0], 1e-14);
    EXPECT_NEAR(tp_regression_mse(&sums), wanted[1], 1e-14);
    EXPECT_NEAR(tp_regression_rmse(&sums), sqrt(wanted[1]), 1e-14);
    EXPECT_NEAR(tp_regression_r2(&sums), wanted[2], 1e-12);
}

START_TEST(metrics_agree_with_exact_fractions)
{
    static const tp_dtype label_dtypes[] = {TP_U8, TP_I32, TP_I64};
    static const int64_t batches[] = {1, 7, MOST};
    const tp_dtype dtype = _i % 2 ? TP_F32 : TP_F64;
    FILE *file = fopen("tests/golden/metrics.txt", "r");
    ck_assert_ptr_nonnull(file);
    char what[16];
    int cases = 0;
    for (; fscanf(file, "%15s", what) == 1; cases++) {
        if (strcmp(what, "classes") == 0)
            check_classes(file, dtype, label_dtypes[_i % 3], batches[_i % 3]);
        else if (strcmp(what, "auc") == 0)
            check_auc(file, dtype, batches[_i % 3]);
        else if (strcmp(what, "regression") == 0)
            check_regression(file, dtype, batches[_i % 3]);
        else
            ck_abort_msg("what is %s?", what);
    }
    ck_assert_int_eq(cases, 12);
    fclose(file);
}
END_TEST

/* ---- closed forms ---- */

START_TEST(confusion_of_two_classes_by_hand)
{
    /* 3 true positives, 1 false positive, 2 false negatives, 4 true negatives */
    const double y[10] = {1, 1, 1, 0, 1, 1, 0, 0, 0, 0}, p[10] = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
    double logits[10], probabilities[10];
    for (int i = 0; i < 10; i++) {
        logits[i] = 4 * p[i] - 2;
        probabilities[i] = 0.4 + 0.2 * p[i];
    }
    tp_tensor *labels = tensor_of(TP_U8, TP_DIMS(10), y);
    tp_tensor *given[3] = {tensor_of(TP_I32, TP_DIMS(10), p), tensor_of(TP_F64, TP_DIMS(10, 1), logits),
                           tensor_of(TP_F32, TP_DIMS(10), probabilities)};
    tp_confusion *c = tp_confusion_new(2, NULL, NULL);
    for (int k = 0; k < 3; k++) {
        tp_confusion_set_threshold(c, k == 2 ? 0.5 : 0);
        tp_confusion_clear(c);
        ck_assert(isnan(tp_confusion_f1(c, 1)));
        ck_assert_int_eq(tp_confusion_add(c, given[k], labels, NULL), TP_OK);
        ck_assert_double_eq(tp_confusion_at(c, 1, 1), 3);
        ck_assert_double_eq(tp_confusion_at(c, 0, 1), 1);
        ck_assert_double_eq(tp_confusion_at(c, 1, 0), 2);
        ck_assert_double_eq(tp_confusion_at(c, 0, 0), 4);
        EXPECT_NEAR(tp_confusion_precision(c, 1), 3.0 / 4, 1e-15);
        EXPECT_NEAR(tp_confusion_recall(c, 1), 3.0 / 5, 1e-15);
        EXPECT_NEAR(tp_confusion_f1(c, 1), 6.0 / 9, 1e-15);
        tp_tensor_release(given[k]);
    }
    char text[512] = "";
    const char *const names[] = {"no", "yes"};
    FILE *out = tmpfile();
    ck_assert_int_eq(tp_confusion_print(c, names, out), TP_OK);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = 0;
    fclose(out);
    ck_assert_str_eq(text, "label           no   yes  recall %\n"
                           "no               4     1      80.0\n"
                           "yes              2     3      60.0\n"
                           "precision %   66.7  75.0\n");
    tp_confusion_free(c);
    tp_tensor_release(labels);
}
END_TEST

START_TEST(ties_and_nan_are_ordered)
{
    const double nan = (double)NAN;
    tp_tensor *x = F64(TP_DIMS(4, 3), 1, 1, 1, 0, 2, 2, 5, nan, nan, -1, -1, 0);
    tp_tensor *y = I64(TP_DIMS(4), 0, 2, 1, 1);
    tp_top_k one = {.k = 1}, two = {.k = 2}, many = {.k = 9};
    tp_confusion *c = tp_confusion_new(3, NULL, NULL);
    ck_assert_int_eq(tp_top_k_add(&one, x, y, NULL), TP_OK);
    ck_assert_int_eq(tp_top_k_add(&two, x, y, NULL), TP_OK);
    ck_assert_int_eq(tp_top_k_add(&many, x, y, NULL), TP_OK);
    ck_assert_int_eq(tp_confusion_add(c, x, y, NULL), TP_OK);
    ck_assert_double_eq(one.right, 2);
    ck_assert_double_eq(two.right, 3);
    ck_assert_double_eq(tp_top_k_value(&many), 1);
    ck_assert_double_eq(tp_confusion_accuracy(c), 0.5);
    ck_assert_double_eq(tp_confusion_at(c, 2, 1), 1);
    tp_confusion_free(c);
    tp_tensor_release(x), tp_tensor_release(y);
}
END_TEST

START_TEST(auc_of_special_rankings)
{
    tp_auc *auc = tp_auc_new(NULL, NULL);
    tp_tensor *y = I64(TP_DIMS(4), 0, 0, 1, 1);
    tp_tensor *best = F64(TP_DIMS(4), 1, 2, 3, 4), *worst = F64(TP_DIMS(4), 4, 3, 2, 1),
              *equal = F64(TP_DIMS(4), 1, 1, 1, 1);
    tp_tensor *pairs = F32(TP_DIMS(4, 2), 0, 1, 9, 0, 1, 3, 2, 1); /* second less first: 1, -9, 2, -1 */
    tp_tensor *infinite = F64(TP_DIMS(4), -HUGE_VAL, 1, 1, HUGE_VAL);
    tp_tensor *given[] = {best, worst, equal, pairs, infinite};
    const double wanted[] = {1, 0, 0.5, 0.75, 0.875};
    ck_assert(isnan(tp_auc_value(auc)));
    for (int k = 0; k < 5; k++) {
        tp_auc_clear(auc);
        ck_assert_int_eq(tp_auc_add(auc, given[k], y, NULL), TP_OK);
        ck_assert_double_eq(tp_auc_value(auc), wanted[k]);
        tp_tensor_release(given[k]);
    }
    tp_auc_free(auc);
    tp_tensor_release(y);
}
END_TEST

START_TEST(r2_of_equal_targets)
{
    tp_tensor *same = F64(TP_DIMS(3), 2, 2, 2), *other = F64(TP_DIMS(3), 2, 2, 3);
    tp_regression sums = {0};
    ck_assert(isnan(tp_regression_r2(&sums)) && isnan(tp_regression_mse(&sums)));
    tp_regression_add(&sums, same, same, NULL);
    ck_assert_double_eq(tp_regression_r2(&sums), 1);
    tp_regression_add(&sums, other, same, NULL);
    ck_assert_double_eq(tp_regression_r2(&sums), 0);
    tp_regression_clear(&sums);
    tp_regression_add(&sums, same, other, NULL); /* always the same, 1/3 below the mean: 1 - 1 / (2/3) */
    EXPECT_NEAR(tp_regression_r2(&sums), -0.5, 1e-15);
    tp_tensor_release(same), tp_tensor_release(other);
}
END_TEST

START_TEST(metrics_read_strided_tensors)
{
    tp_tensor *turned = F64(TP_DIMS(2, 3), 3, 0, 1, 1, 2, 5), *y = I64(TP_DIMS(3), 0, 1, 0);
    tp_tensor *x = tp_tensor_transpose(turned, 0, 1, NULL); /* rows (3,1), (0,2), (1,5) */
    tp_top_k best = {0};
    ck_assert_int_eq(tp_top_k_add(&best, x, y, NULL), TP_OK);
    ck_assert_double_eq(best.right, 2);
    tp_tensor_release(x), tp_tensor_release(turned), tp_tensor_release(y);
}
END_TEST

/* ---- wrong calls ---- */

#define EXPECT_FAILURE(call, wanted, text)                                                                             \
    do {                                                                                                               \
        EXPECT_STATUS(call, wanted);                                                                                   \
        ck_assert_str_eq(error.message, text);                                                                         \
    } while (0)

START_TEST(metrics_refuse_wrong_batches_whole)
{
    tp_error error = {0};
    tp_tensor *x = F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *y = I64(TP_DIMS(2), 0, 3), *three = I64(TP_DIMS(3), 0, 1, 2);
    tp_tensor *negative = I64(TP_DIMS(2), 0, -1), *floats = F32(TP_DIMS(2), 0, 1),
              *scalar = tp_tensor_new(TP_F64, 0, NULL);
    tp_tensor *bad = F64(TP_DIMS(2), 0, (double)NAN);
    tp_top_k top = {0};
    tp_confusion *c = tp_confusion_new(3, NULL, NULL);
    tp_auc *auc = tp_auc_new(NULL, NULL);
    tp_regression sums = {0};
    EXPECT_FAILURE(tp_top_k_add(&top, x, y, &error), TP_E_INDEX, "tp_top_k_add: label 1 is 3, there are 3 classes");
    EXPECT_FAILURE(tp_top_k_add(&top, x, negative, &error), TP_E_INDEX,
                   "tp_top_k_add: label 1 is -1, there are 3 classes");
    EXPECT_FAILURE(tp_top_k_add(&top, x, three, &error), TP_E_SHAPE,
                   "tp_top_k_add: scores (2,3) want one label a row, there are labels (3)");
    EXPECT_FAILURE(tp_top_k_add(&top, scalar, y, &error), TP_E_SHAPE,
                   "tp_top_k_add: scores () want one label a row, there are labels (2)");
    EXPECT_FAILURE(tp_top_k_add(&top, x, floats, &error), TP_E_DTYPE,
                   "tp_top_k_add: labels are integers, these are f32");
    EXPECT_FAILURE(tp_top_k_add(&top, y, y, &error), TP_E_DTYPE, "tp_top_k_add: scores are f32 or f64, these are i64");
    EXPECT_FAILURE(tp_top_k_add(NULL, x, y, &error), TP_E_ARGUMENT, "tp_top_k_add: the metric is NULL");
    EXPECT_FAILURE(tp_top_k_add(&(tp_top_k){.k = -1}, x, y, &error), TP_E_ARGUMENT, "tp_top_k_add: k is -1");
    EXPECT_FAILURE(tp_confusion_add(c, x, y, &error), TP_E_INDEX,
                   "tp_confusion_add: label 1 is 3, there are 3 classes");
    EXPECT_FAILURE(tp_confusion_add(c, floats, y, &error), TP_E_SHAPE,
                   "tp_confusion_add: predictions f32 (2) do not fit to labels (2) and 3 classes");
    EXPECT_FAILURE(tp_confusion_add(c, y, NULL, &error), TP_E_ARGUMENT, "tp_confusion_add: the labels are NULL");
    EXPECT_FAILURE(tp_auc_add(auc, x, y, &error), TP_E_SHAPE, "tp_auc_add: scores (2,3) do not fit to labels (2)");
    EXPECT_FAILURE(tp_auc_add(auc, floats, y, &error), TP_E_INDEX, "tp_auc_add: label 1 is 3, not 0 or 1");
    EXPECT_FAILURE(tp_auc_add(auc, bad, floats, &error), TP_E_NUMERIC, "tp_auc_add: score 1 is NaN");
    EXPECT_FAILURE(tp_regression_add(&sums, x, y, &error), TP_E_SHAPE,
                   "tp_regression_add: predictions (2,3) do not fit to targets (2)");
    ck_assert_ptr_null(tp_confusion_new(0, NULL, &error));
    ck_assert_str_eq(error.message, "tp_confusion_new: 0 classes, not 1 .. 65536");
    ck_assert(isnan(tp_top_k_value(&top)) && isnan(tp_confusion_accuracy(c)) && isnan(tp_auc_value(auc)));
    ck_assert(isnan(tp_confusion_at(c, 3, 0)) && isnan(tp_confusion_f1(c, 3)) && isnan(tp_confusion_f1(c, -4)));
    ck_assert(isnan(tp_confusion_f1(NULL, 0)) && isnan(tp_auc_value(NULL)) && isnan(tp_regression_rmse(NULL)));
    ck_assert_int_eq(tp_confusion_print(c, NULL, NULL), TP_E_ARGUMENT);
    tp_confusion_free(c), tp_auc_free(auc), tp_confusion_free(NULL), tp_auc_free(NULL);
    tp_confusion_clear(NULL), tp_auc_clear(NULL), tp_top_k_clear(NULL), tp_regression_clear(NULL);
    tp_tensor *all[] = {x, y, three, negative, floats, scalar, bad};
    for (int i = 0; i < 7; i++) tp_tensor_release(all[i]);
}
END_TEST

START_TEST(metrics_without_memory)
{
    tp_tensor *x = F64(TP_DIMS(4), 1, 2, 3, 4), *y = I64(TP_DIMS(4), 0, 1, 0, 1);
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        tp_confusion *confusion = tp_confusion_new(2, &memory, &error);
        tp_auc *auc = tp_auc_new(&memory, &error);
        if (auc && tp_auc_add(auc, x, y, &error) != TP_OK) ck_assert(isnan(tp_auc_value(auc)));
        ck_assert(c.failed == 0 || error.status == TP_E_MEMORY);
        tp_auc_free(auc);
        tp_confusion_free(confusion);
        ck_assert_uint_eq(c.blocks, 0);
        if (c.failed == 0) break;
    }
    tp_tensor_release(x), tp_tensor_release(y);
}
END_TEST

TCase *train_metrics_case(void)
{
    TCase *tests = tcase_create("metrics");
    tcase_add_loop_test(tests, metrics_agree_with_exact_fractions, 0, 6);
    tcase_add_test(tests, confusion_of_two_classes_by_hand);
    tcase_add_test(tests, ties_and_nan_are_ordered);
    tcase_add_test(tests, auc_of_special_rankings);
    tcase_add_test(tests, r2_of_equal_targets);
    tcase_add_test(tests, metrics_read_strided_tensors);
    tcase_add_test(tests, metrics_refuse_wrong_batches_whole);
    tcase_add_test(tests, metrics_without_memory);
    return tests;
}
