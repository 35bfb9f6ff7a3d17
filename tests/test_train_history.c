/* The history of a run: rows, lines of CSV and JSON, wrong calls, no memory. */
#include <stdio.h>

#include "tests/test_train.h"

static const char *const names[] = {"epoch", "loss", "val_loss"};
static const double first[] = {1, 0.1, (double)NAN}, second[] = {2, 1e-300 / 3, HUGE_VAL};

static void expect_text(FILE *file, const char *wanted)
{
    char text[512];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    ck_assert_str_eq(text, wanted);
}

START_TEST(history_writes_rows_as_they_come)
{
    tp_history *history = tp_history_new(3, names, NULL, NULL);
    FILE *csv = tmpfile(), *json = tmpfile(), *all = tmpfile();
    ck_assert_int_eq(tp_history_add(history, first, NULL), TP_OK);
    ck_assert_int_eq(tp_history_log(history, TP_CSV, csv, NULL), TP_OK); /* what is there comes too */
    ck_assert_int_eq(tp_history_log(history, TP_JSON_LINES, json, NULL), TP_OK);
    ck_assert_int_eq(tp_history_add(history, second, NULL), TP_OK);
    expect_text(csv, "epoch,loss,val_loss\n1,0.1,\n2,3.3333333333333334e-301,inf\n");
    expect_text(json, "{\"epoch\": 1, \"loss\": 0.1, \"val_loss\": null}\n"
                      "{\"epoch\": 2, \"loss\": 3.3333333333333334e-301, \"val_loss\": null}\n");
    tp_history_truncate(history, 1);
    ck_assert_int_eq(tp_history_write(history, TP_CSV, all), TP_OK);
    expect_text(all, "epoch,loss,val_loss\n1,0.1,\n");
    tp_history_free(history);
    fclose(csv), fclose(json), fclose(all);
}
END_TEST

START_TEST(history_can_be_read)
{
    tp_history *history = tp_history_new(3, names, NULL, NULL);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(tp_history_add(history, (double[]){i, i / 7.0, -i}, NULL), TP_OK);
    ck_assert_int_eq(tp_history_rows(history), 100);
    ck_assert_int_eq(tp_history_columns(history), 3);
    ck_assert_int_eq(tp_history_find(history, "val_loss"), 2);
    ck_assert_int_eq(tp_history_find(history, "accuracy"), -1);
    ck_assert_str_eq(tp_history_name(history, 1), "loss");
    ck_assert_double_eq(tp_history_at(history, 50, 1), 50 / 7.0);
    ck_assert_double_eq(tp_history_row(history, 99)[2], -99);
    ck_assert(isnan(tp_history_at(history, 100, 0)) && isnan(tp_history_at(history, 0, 3)) &&
              !tp_history_row(history, -1));
    ck_assert_int_eq(tp_history_set_columns(history, 1, names, NULL), TP_OK);
    ck_assert_int_eq(tp_history_rows(history), 0);
    ck_assert_ptr_null(tp_history_name(history, 1));
    tp_history_free(history);
}
END_TEST

START_TEST(history_refuses_names_that_are_none)
{
    static const struct {
        const char *names[2], *message;
    } wrong[] = {
        {{"a", "a"}, "tp_history: two columns have the name a"},
        {{"a", ""}, "tp_history: the name of column 1 is no name: "},
        {{"a,b", "c"}, "tp_history: the name of column 0 is no name: a,b"},
        {{"a", "\"b\""}, "tp_history: the name of column 1 is no name: \"b\""},
        {{"a", NULL}, "tp_history: the name of column 1 is NULL"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tp_error error = {0};
        ck_assert_ptr_null(tp_history_new(2, wrong[i].names, NULL, &error));
        ck_assert_int_eq(error.status, TP_E_ARGUMENT);
        ck_assert_str_eq(error.message, wrong[i].message);
    }
    tp_history *history = tp_history_new(0, NULL, NULL, NULL);
    ck_assert_int_eq(tp_history_add(history, first, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_history_add(NULL, first, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_history_reserve(history, -1, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_history_write(history, TP_CSV, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_history_log(NULL, TP_CSV, stdout, NULL), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_history_new(-1, NULL, NULL, NULL));
    ck_assert_ptr_null(tp_history_new(1, NULL, NULL, NULL));
    tp_history_free(history), tp_history_free(NULL);
    FILE *full = fopen("/dev/full", "w");
    history = tp_history_new(3, names, NULL, NULL);
    ck_assert(!full || tp_history_write(history, TP_CSV, full) == TP_E_IO);
    if (full) fclose(full);
    tp_history_free(history);
}
END_TEST

START_TEST(history_without_memory)
{
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        tp_history *history = tp_history_new(3, names, &memory, &error);
        int64_t added = 0;
        for (int i = 0; history && i < 40; i++) added += tp_history_add(history, first, &error) == TP_OK;
        ck_assert_int_eq(tp_history_rows(history), added);
        ck_assert(c.failed == 0 || error.status == TP_E_MEMORY);
        tp_history_free(history);
        ck_assert_uint_eq(c.blocks, 0);
        if (c.failed == 0) break;
    }
}
END_TEST

TCase *train_history_case(void)
{
    TCase *tests = tcase_create("history");
    tcase_add_test(tests, history_writes_rows_as_they_come);
    tcase_add_test(tests, history_can_be_read);
    tcase_add_test(tests, history_refuses_names_that_are_none);
    tcase_add_test(tests, history_without_memory);
    return tests;
}
