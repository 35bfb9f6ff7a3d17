/* Splitting: every item in one part, sizes by the largest remainder, the same share of each label. */
#include "tests/test_data.h"

static int64_t item_of(const tp_dataset *set, int64_t i)
{
    float x[1];
    unsigned char y;
    ck_assert_int_eq(tp_dataset_read(set, i, (void *[]){x, &y}, NULL, NULL), TP_OK);
    return (int64_t)x[0];
}

/* The parts' items are all different; they are counted. */
static int64_t expect_disjoint(tp_dataset *const *parts, int n, int64_t count)
{
    bool *seen = calloc((size_t)count, 1);
    int64_t total = 0;
    for (int k = 0; k < n; k++)
        for (int64_t i = 0; i < tp_dataset_count(parts[k]); i++, total++) {
            const int64_t item = item_of(parts[k], i);
            ck_assert_msg(!seen[item], "item %d is in two places", (int)item);
            seen[item] = true;
        }
    free(seen);
    return total;
}

START_TEST(split_sizes)
{
    static const struct {
        int64_t count;
        double fractions[4];
        int64_t sizes[4];
    } rows[] = {
        {10, {0.7, 0.2, 0.1}, {7, 2, 1}},
        {100, {0.29, 0.71}, {29, 71}},
        {10, {1. / 3, 1. / 3, 1. / 3}, {4, 3, 3}},
        {11, {0.5, 0.5}, {6, 5}},
        {10, {0.25, 0.25}, {3, 2}}, /* 5 are left over, and nothing of their own is cut off */
        {3, {0.1, 0.1, 0.1, 0.7}, {1, 0, 0, 2}},
        {7, {0, 1}, {0, 7}},
        {0, {0.5, 0.5}, {0, 0}},
        {1, {1}, {1}},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        tp_dataset *set = counting_set(NULL, rows[r].count, 1), *parts[4];
        int n = 4;
        while (n > 1 && rows[r].fractions[n - 1] == 0) n--;
        tp_error error = {.status = TP_OK};
        ck_assert_msg(tp_dataset_split(set, n, rows[r].fractions, NULL, parts, &error) == TP_OK, "%s", error.message);
        int64_t total = 0;
        for (int k = 0; k < n; k++) {
            ck_assert_msg(tp_dataset_count(parts[k]) == rows[r].sizes[k], "row %d: part %d has %d", (int)r, k,
                          (int)tp_dataset_count(parts[k]));
            total += rows[r].sizes[k];
        }
        ck_assert_int_eq(expect_disjoint(parts, n, rows[r].count), total);
        for (int k = 0; k < n; k++) tp_dataset_release(parts[k]);
        tp_dataset_release(set);
    }
}
END_TEST

START_TEST(split_shuffles_by_seed_or_not)
{
    static const double fractions[] = {0.6, 0.4};
    tp_dataset *set = counting_set(NULL, 200, 1), *a[2], *b[2], *c[2], *d[2];
    ck_assert_int_eq(tp_dataset_split(set, 2, fractions, &(tp_split_options){.seed = 5}, a, NULL), TP_OK);
    ck_assert_int_eq(tp_dataset_split(set, 2, fractions, &(tp_split_options){.seed = 5}, b, NULL), TP_OK);
    ck_assert_int_eq(tp_dataset_split(set, 2, fractions, &(tp_split_options){.seed = 6}, c, NULL), TP_OK);
    ck_assert_int_eq(tp_dataset_split(set, 2, fractions, &(tp_split_options){.ordered = true}, d, NULL), TP_OK);
    int same = 0;
    for (int i = 0; i < 120; i++) {
        ck_assert_int_eq(item_of(a[0], i), item_of(b[0], i));
        ck_assert_int_eq(item_of(d[0], i), i);
        same += item_of(a[0], i) == item_of(c[0], i);
    }
    for (int i = 0; i < 80; i++) ck_assert_int_eq(item_of(d[1], i), 120 + i);
    ck_assert_int_lt(same, 10);
    for (int k = 0; k < 2; k++) {
        tp_dataset_release(a[k]);
        tp_dataset_release(b[k]);
        tp_dataset_release(c[k]);
        tp_dataset_release(d[k]);
    }
    tp_dataset_release(set);
}
END_TEST

/* 90, 60 and 10 of three labels: each part within one of its share of each, and not sorted by label. */
START_TEST(split_stratified)
{
    enum { COUNT = 160 };
    static const double fractions[] = {0.7, 0.2, 0.1};
    static const int of_label[] = {90, 60, 10};
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(COUNT, 1)), *y = tp_tensor_new(TP_I64, TP_DIMS(COUNT));
    for (int i = 0; i < COUNT; i++) {
        ((float *)tp_tensor_data(x))[i] = (float)i;
        ((int64_t *)tp_tensor_data(y))[i] = i < 90 ? -7 : i < 150 ? INT64_MAX - 1 : INT64_MAX;
    }
    tp_dataset *set = tp_dataset_from_tensors(2, (tp_tensor *[]){x, y}, NULL), *parts[3];
    const tp_split_options o = {.seed = 3, .stratified = true, .label = 1};
    ck_assert_int_eq(tp_dataset_split(set, 3, fractions, &o, parts, NULL), TP_OK);
    for (int k = 0; k < 3; k++) {
        int counts[3] = {0}, changes = 0;
        int64_t label, before = 0;
        float item;
        EXPECT_NEAR((double)tp_dataset_count(parts[k]), COUNT * fractions[k], 0);
        for (int64_t i = 0; i < tp_dataset_count(parts[k]); i++, before = label) {
            ck_assert_int_eq(tp_dataset_read(parts[k], i, (void *[]){&item, &label}, NULL, NULL), TP_OK);
            counts[label == -7 ? 0 : label == INT64_MAX - 1 ? 1 : 2]++;
            changes += label != before;
        }
        for (int c = 0; c < 3; c++) EXPECT_NEAR(counts[c], of_label[c] * fractions[k], 1);
        ck_assert_int_gt(changes, 4);
        tp_dataset_release(parts[k]);
    }
    tp_dataset_release(set);
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

START_TEST(split_refuses)
{
    tp_dataset *set = counting_set(NULL, 10, 1), *parts[3], *wide = counting_set(NULL, 10, 2);
    const double good[] = {0.5, 0.5}, much[] = {0.8, 0.3}, odd[] = {0.5, (double)NAN}, minus[] = {-0.5, 1};
#define SPLIT(set, n, fractions, ...)                                                                                  \
    tp_dataset_split(set, n, fractions, &(tp_split_options){__VA_ARGS__}, parts, &error) == TP_OK
    parts[0] = set;
    DATA_REFUSED(SPLIT(set, 2, much, .seed = 0), TP_E_ARGUMENT, "sum to 1.1");
    ck_assert_ptr_null(parts[0]);
    DATA_REFUSED(SPLIT(set, 2, odd, .seed = 0), TP_E_ARGUMENT, "fractions[1] is nan");
    DATA_REFUSED(SPLIT(set, 2, minus, .seed = 0), TP_E_ARGUMENT, "fractions[0] is -0.5");
    DATA_REFUSED(SPLIT(set, 0, good, .seed = 0), TP_E_ARGUMENT, "0 parts");
    DATA_REFUSED(SPLIT(set, INT32_MAX, good, .seed = 0), TP_E_ARGUMENT, "parts, not 1 to 1024");
    DATA_REFUSED(SPLIT(NULL, 2, good, .seed = 0), TP_E_ARGUMENT, "data set is NULL");
    DATA_REFUSED(SPLIT(set, 2, NULL, .seed = 0), TP_E_ARGUMENT, "fractions is NULL");
    DATA_REFUSED(SPLIT(set, 2, good, .stratified = true), TP_E_DTYPE, "field 0, is f32");
    DATA_REFUSED(SPLIT(wide, 2, good, .stratified = true, .label = 2), TP_E_INDEX, "no field 2 of 2");
    DATA_REFUSED(SPLIT(wide, 2, good, .stratified = true, .label = 1, .ordered = true), TP_E_ARGUMENT, "exclude");
    ck_assert_int_eq(tp_dataset_split(set, 2, good, NULL, NULL, NULL), TP_E_ARGUMENT);
    ((counting_state *)tp_dataset_state(set))->fail_at = 3;
    DATA_REFUSED(SPLIT(set, 2, good, .stratified = true, .label = 1), TP_E_IO, "tp_dataset_split: counting: item 3");
    tp_tensor *labels = tp_tensor_new(TP_U8, TP_DIMS(10, 2));
    tp_dataset *rows = tp_dataset_from_tensors(1, &labels, NULL);
    DATA_REFUSED(SPLIT(rows, 2, good, .stratified = true), TP_E_SHAPE, "has 2 elements");
    tp_tensor_release(labels);
    tp_dataset_release(rows);
    tp_dataset_release(wide);
    tp_dataset_release(set);
    tp_dataset *huge = counting_set(NULL, (int64_t)1 << 33, 1);
    DATA_REFUSED(SPLIT(huge, 2, good, .seed = 0), TP_E_LIMIT, "8589934592 items");
    tp_dataset_release(huge);
}
END_TEST

TCase *data_split_case(void)
{
    TCase *tcase = tcase_create("split");
    tcase_add_test(tcase, split_sizes);
    tcase_add_test(tcase, split_shuffles_by_seed_or_not);
    tcase_add_test(tcase, split_stratified);
    tcase_add_test(tcase, split_refuses);
    return tcase;
}
