/* Data sets of one's own, of tensors, subsets, one after the other, mapped; all items as a tensor. */
#include "tests/test_data.h"

/* The first number of field 0 and the label of item i. */
static void expect_item(const tp_dataset *set, int64_t i, double first, int label)
{
    float x[16];
    unsigned char y;
    tp_error error = {.status = TP_OK};
    ck_assert_msg(tp_dataset_read(set, i, (void *[]){x, &y}, NULL, &error) == TP_OK, "%s", error.message);
    ck_assert_msg((double)x[0] == first && y == label, "item %d is (%g, %d)", (int)i, (double)x[0], y);
}

START_TEST(own_set_is_read)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_dataset *set = counting_set(&memory, 10, 4);
    ck_assert_int_eq(tp_dataset_count(set), 10);
    ck_assert_int_eq(tp_dataset_fields(set), 2);
    ck_assert_int_eq(tp_dataset_field(set, 0)->dims[0], 4);
    ck_assert_int_eq(tp_field_count(tp_dataset_field(set, 0)), 4);
    ck_assert_int_eq(tp_field_count(tp_dataset_field(set, 1)), 1);
    ck_assert_ptr_null(tp_dataset_field(set, 2));
    for (int i = 0; i < 10; i++) expect_item(set, i, i, i % 3);
    tp_tensor *x = tp_dataset_tensor(set, 0, NULL), *y = tp_dataset_tensor(set, 1, NULL);
    ck_assert_int_eq(tp_tensor_rank(x), 2);
    ck_assert_int_eq(tp_tensor_rank(y), 1);
    for (int i = 0; i < 40; i++) ck_assert_double_eq(tp_tensor_item(x, i), i / 4 + 0.5 * (i % 4));
    for (int i = 0; i < 10; i++) ck_assert_double_eq(tp_tensor_item(y, i), i % 3);
    tp_tensor_release(x);
    tp_tensor_release(y);
    tp_dataset_release(set);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

START_TEST(rows_of_tensors)
{
    tp_tensor *a = F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *b = I64(TP_DIMS(3), 7, 8, 9);
    tp_tensor *turned = tp_tensor_transpose(a, 0, 1, NULL); /* rows 1 4, 2 5, 3 6: not dense */
    tp_dataset *set = tp_dataset_from_tensors(2, (tp_tensor *[]){turned, b}, NULL);
    ck_assert_ptr_nonnull(set);
    tp_tensor_release(a);
    tp_tensor_release(turned);
    double x[2];
    int64_t y;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(tp_dataset_read(set, i, (void *[]){x, &y}, NULL, NULL), TP_OK);
        ck_assert(x[0] == i + 1 && x[1] == i + 4 && y == i + 7);
    }
    *(int64_t *)tp_tensor_data(b) = 70; /* what is dense is shared */
    ck_assert_int_eq(tp_dataset_read(set, 0, (void *[]){x, &y}, NULL, NULL), TP_OK);
    ck_assert_int_eq(y, 70);
    tp_tensor_release(b);
    tp_dataset_release(set);
}
END_TEST

START_TEST(rows_refuse_what_does_not_fit)
{
    tp_tensor *a = tp_tensor_new(TP_F32, TP_DIMS(3, 2)), *b = tp_tensor_new(TP_U8, TP_DIMS(4));
    tp_tensor *scalar = tp_tensor_new(TP_F32, TP_DIMS());
    tp_tensor *both[] = {a, b}, *none[] = {a, NULL}, *flat[] = {scalar};
    DATA_REFUSED(tp_dataset_from_tensors(2, both, &error), TP_E_SHAPE, "tensor 0 is (3,2), tensor 1 is (4)");
    DATA_REFUSED(tp_dataset_from_tensors(2, none, &error), TP_E_ARGUMENT, "tensor 1 is NULL");
    DATA_REFUSED(tp_dataset_from_tensors(1, flat, &error), TP_E_SHAPE, "rank 0");
    DATA_REFUSED(tp_dataset_from_tensors(0, both, &error), TP_E_ARGUMENT, "0 tensors");
    DATA_REFUSED(tp_dataset_from_tensors(9, both, &error), TP_E_ARGUMENT, "9 tensors");
    DATA_REFUSED(tp_dataset_from_tensors(1, NULL, &error), TP_E_ARGUMENT, "NULL");
    ck_assert_ptr_null(tp_dataset_from_tensors(2, both, NULL));
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var sum = tp_add(tp_data(tape, a), tp_data(tape, a));
    tp_tensor *own[] = {(tp_tensor *)(uintptr_t)tp_value(sum)};
    DATA_REFUSED(tp_dataset_from_tensors(1, own, &error), TP_E_ARGUMENT, "a tape's own");
    tp_tape_free(tape);
    tp_tensor_release(a);
    tp_tensor_release(b);
    tp_tensor_release(scalar);
}
END_TEST

START_TEST(subset_and_concat)
{
    tp_dataset *set = counting_set(NULL, 10, 2);
    tp_dataset *some = tp_dataset_subset(set, 4, (const int64_t[]){9, 0, 9, 5}, NULL);
    tp_dataset *none = tp_dataset_subset(set, 0, NULL, NULL);
    tp_dataset *all = tp_dataset_concat(4, (tp_dataset *[]){some, none, set, some}, NULL);
    tp_dataset_release(set);
    tp_dataset_release(some);
    tp_dataset_release(none);
    ck_assert_int_eq(tp_dataset_count(all), 18);
    const int wanted[] = {9, 0, 9, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 0, 9, 5};
    for (int i = 0; i < 18; i++) expect_item(all, i, wanted[i], wanted[i] % 3);
    tp_dataset_release(all);
}
END_TEST

START_TEST(subset_and_concat_refuse)
{
    tp_dataset *set = counting_set(NULL, 10, 2), *other = counting_set(NULL, 10, 3);
    const int64_t wrong[] = {1, 10}, negative[] = {-1};
    DATA_REFUSED(tp_dataset_subset(set, 2, wrong, &error), TP_E_INDEX, "indices[1] is 10, the data set has 10");
    DATA_REFUSED(tp_dataset_subset(set, 1, negative, &error), TP_E_INDEX, "indices[0] is -1");
    DATA_REFUSED(tp_dataset_subset(set, 1, NULL, &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_dataset_subset(set, -1, wrong, &error), TP_E_ARGUMENT, "-1 indices");
    DATA_REFUSED(tp_dataset_subset(set, INT64_MAX, wrong, &error), TP_E_LIMIT, "indices");
    DATA_REFUSED(tp_dataset_subset(NULL, 1, wrong, &error), TP_E_ARGUMENT, "NULL");
    tp_dataset *unlike[] = {set, other}, *hole[] = {set, NULL};
    DATA_REFUSED(tp_dataset_concat(2, unlike, &error), TP_E_SHAPE, "field 0 of data set 1");
    DATA_REFUSED(tp_dataset_concat(2, hole, &error), TP_E_ARGUMENT, "data set 1 is NULL");
    DATA_REFUSED(tp_dataset_concat(0, unlike, &error), TP_E_ARGUMENT, "0 data sets");
    DATA_REFUSED(tp_dataset_concat(1, NULL, &error), TP_E_ARGUMENT, "NULL");
    tp_dataset *huge = counting_set(NULL, INT64_MAX, 2), *twice[] = {huge, huge};
    DATA_REFUSED(tp_dataset_concat(2, twice, &error), TP_E_LIMIT, "overflows");
    tp_dataset_release(huge);
    tp_dataset_release(set);
    tp_dataset_release(other);
}
END_TEST

/* A tower of sets is read to its foot, and does not grow without end. */
START_TEST(depth_is_limited)
{
    tp_dataset *set = counting_set(NULL, 3, 2);
    const int64_t back[] = {2, 1, 0};
    int depth = 1;
    for (tp_dataset *more; (more = tp_dataset_subset(set, 3, back, NULL)) != NULL; depth++) {
        tp_dataset_release(set);
        set = more;
    }
    ck_assert_int_eq(depth, TP_DATA_DEPTH);
    expect_item(set, 0, 2, 2);
    DATA_REFUSED(tp_dataset_concat(1, &set, &error), TP_E_LIMIT, "32 data sets");
    tp_dataset_release(set);
}
END_TEST

static tp_status mute_read(const tp_reading *reading, int64_t i, void *const *to)
{
    (void)reading, (void)i, (void)to;
    return TP_E_IO;
}

static tp_status astray_read(const tp_reading *reading, int64_t i, void *const *to)
{
    return tp_reading_source(reading, i == 0 ? 0 : 7, i == 0 ? 1000 : 0, to);
}

START_TEST(wrong_specs_are_refused)
{
    const tp_dataset_kind mute = {TP_DATASET_HEAD, .name = "mute", .read = mute_read}, headless = {.name = "headless"};
    const tp_dataset_spec good = {.count = 2, .fields = 1, .field = {{TP_F32, 1, {3}}}};
    tp_dataset_spec bad = good;
    DATA_REFUSED(tp_dataset_new(NULL, &good, &error), TP_E_ARGUMENT, "kind");
    DATA_REFUSED(tp_dataset_new(&headless, &good, &error), TP_E_ARGUMENT, "TP_DATASET_HEAD");
    DATA_REFUSED(tp_dataset_new(&mute, NULL, &error), TP_E_ARGUMENT, "mute");
    bad.count = -1;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_ARGUMENT, "count is -1");
    bad = good, bad.fields = 0;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_ARGUMENT, "0 fields");
    bad = good, bad.fields = 9;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_ARGUMENT, "9 fields");
    bad = good, bad.field[0].rank = 8;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_LIMIT, "rank 8");
    bad = good, bad.field[0].rank = -1;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_LIMIT, "field 0");
    bad = good, bad.field[0].dims[0] = -4;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_SHAPE, "field 0");
    bad = good, bad.field[0] = (tp_field){TP_F32, 2, {(int64_t)1 << 40, (int64_t)1 << 40}};
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_LIMIT, "field 0");
    bad = good, bad.field[0].dtype = (tp_dtype)77;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_DTYPE, "field 0");
    bad = good, bad.sources = 1;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_ARGUMENT, "source is NULL");
    bad = good, bad.scratch = SIZE_MAX;
    DATA_REFUSED(tp_dataset_new(&mute, &bad, &error), TP_E_LIMIT, "scratch");
    ck_assert_ptr_null(tp_dataset_new(&mute, &bad, NULL));
}
END_TEST

START_TEST(failing_reads_are_told)
{
    const tp_dataset_kind mute = {TP_DATASET_HEAD, .name = "mute", .read = mute_read};
    const tp_dataset_kind astray = {TP_DATASET_HEAD, .name = "astray", .read = astray_read};
    tp_dataset_spec spec = {.count = 2, .fields = 1, .field = {{TP_F32, 1, {3}}}};
    tp_dataset *silent = tp_dataset_new(&mute, &spec, NULL);
    spec.sources = 1, spec.source = &silent;
    tp_dataset *lost = tp_dataset_new(&astray, &spec, NULL);
    float x[3];
    void *to[] = {x}, *nowhere[] = {NULL};
    DATA_REFUSED(tp_dataset_read(silent, 0, to, NULL, &error) == TP_OK, TP_E_IO, "mute: item 0 cannot be read");
    DATA_REFUSED(tp_dataset_tensor(silent, 0, &error), TP_E_IO, "tp_dataset_tensor (mute): mute: item 0");
    DATA_REFUSED(tp_dataset_read(lost, 0, to, NULL, &error) == TP_OK, TP_E_INDEX, "no item 1000 of 2 in mute");
    DATA_REFUSED(tp_dataset_read(lost, 1, to, NULL, &error) == TP_OK, TP_E_INDEX, "no source 7 of 1");
    DATA_REFUSED(tp_dataset_read(lost, 2, to, NULL, &error) == TP_OK, TP_E_INDEX, "no item 2 of 2");
    DATA_REFUSED(tp_dataset_read(lost, -1, to, NULL, &error) == TP_OK, TP_E_INDEX, "no item -1");
    DATA_REFUSED(tp_dataset_read(lost, 0, nowhere, NULL, &error) == TP_OK, TP_E_ARGUMENT, "to[0] is NULL");
    DATA_REFUSED(tp_dataset_read(lost, 0, NULL, NULL, &error) == TP_OK, TP_E_ARGUMENT, "to is NULL");
    DATA_REFUSED(tp_dataset_read(NULL, 0, to, NULL, &error) == TP_OK, TP_E_ARGUMENT, "data set is NULL");
    DATA_REFUSED(tp_dataset_tensor(NULL, 0, &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_dataset_tensor(lost, 1, &error), TP_E_INDEX, "no field 1 of 1");
    ck_assert_int_eq(tp_dataset_read(silent, 0, to, NULL, NULL), TP_E_IO);
    ck_assert_int_eq(tp_reading_source(NULL, 0, 0, to), TP_E_ARGUMENT);
    tp_dataset_release(lost);
    tp_dataset_release(silent);
    tp_dataset_release(NULL);
    ck_assert_ptr_null(tp_dataset_retain(NULL));
    ck_assert_ptr_null(tp_dataset_state(NULL));
    ck_assert_int_eq(tp_dataset_count(NULL) + tp_dataset_fields(NULL) + tp_field_count(NULL), 0);
}
END_TEST

/* Everything that takes memory, with each allocation refused in turn. */
static bool use_everything(const tp_allocator *memory)
{
    static const int64_t picked[] = {1, 4, 4};
    static const double halves[] = {0.5, 0.5};
    tp_dataset *set = counting_set(memory, 6, 4), *some = NULL, *both = NULL, *mapped = NULL, *parts[2] = {NULL, NULL};
    tp_transform *scale = tp_transform_scale(TP_F64, 2, NULL), *fitted = NULL;
    tp_tensor *all = NULL;
    double x[4];
    unsigned char y;
    bool good = set && (some = tp_dataset_subset(set, 3, picked, NULL)) != NULL;
    good = good && (both = tp_dataset_concat(2, (tp_dataset *[]){set, some}, NULL)) != NULL;
    good = good && (mapped = tp_dataset_map(both, 0, scale, NULL)) != NULL;
    good = good && tp_dataset_read(mapped, 8, (void *[]){x, &y}, NULL, NULL) == TP_OK;
    if (good) ck_assert(x[0] == 8 && y == 1);
    good = good && (fitted = tp_dataset_fit_normalise(mapped, 0, true, NULL)) != NULL;
    const tp_split_options o = {.stratified = true, .label = 1};
    good = good && tp_dataset_split(mapped, 2, halves, &o, parts, NULL) == TP_OK;
    good = good && (all = tp_dataset_tensor(parts[0], 0, NULL)) != NULL;
    tp_tensor_release(all);
    for (int k = 0; k < 2; k++) tp_dataset_release(parts[k]);
    tp_transform_release(scale);
    tp_transform_release(fitted);
    tp_dataset_release(mapped);
    tp_dataset_release(both);
    tp_dataset_release(some);
    tp_dataset_release(set);
    return good;
}

START_TEST(sets_report_every_failed_allocation)
{
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        const bool good = use_everything(&memory);
        ck_assert_uint_eq(c.blocks, 0);
        ck_assert_int_eq(good, c.failed == 0);
        if (good) break;
        ck_assert_uint_lt(at, 100);
    }
}
END_TEST

TCase *data_sets_case(void)
{
    TCase *tcase = tcase_create("sets");
    tcase_add_test(tcase, own_set_is_read);
    tcase_add_test(tcase, rows_of_tensors);
    tcase_add_test(tcase, rows_refuse_what_does_not_fit);
    tcase_add_test(tcase, subset_and_concat);
    tcase_add_test(tcase, subset_and_concat_refuse);
    tcase_add_test(tcase, depth_is_limited);
    tcase_add_test(tcase, wrong_specs_are_refused);
    tcase_add_test(tcase, failing_reads_are_told);
    tcase_add_test(tcase, sets_report_every_failed_allocation);
    return tcase;
}
