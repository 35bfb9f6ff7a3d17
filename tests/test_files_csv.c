/* CSV: cells, types, codes, and what is wrong with line and column. */
#include "tests/test_files.h"

static tp_csv *parsed(const char *text, const tp_csv_options *options)
{
    tp_error error = {0};
    tp_csv *csv = tp_parse_csv(text, strlen(text), options, &error);
    ck_assert_msg(csv != NULL, "%s", error.message);
    return csv;
}

START_TEST(columns_have_names_and_types)
{
    tp_csv *csv = parsed("age,name,height\n31,Ada,1.75\n,\"Bo, the \"\"big\"\"\",-1e-3\n4,Ada,NA\n", NULL);
    ck_assert_int_eq(tp_csv_rows(csv), 3);
    ck_assert_int_eq(tp_csv_columns(csv), 3);
    ck_assert_str_eq(tp_csv_name(csv, 2), "height");
    ck_assert_int_eq(tp_csv_find(csv, "name"), 1);
    ck_assert_int_eq(tp_csv_find(csv, "nam"), -1);
    ck_assert(!tp_csv_is_text(csv, 0) && tp_csv_is_text(csv, 1));
    ck_assert_int_eq(tp_csv_missing(csv, 0), 1);
    ck_assert_int_eq(tp_csv_value_count(csv, 1), 2);
    ck_assert_str_eq(tp_csv_value(csv, 1, 1), "Bo, the \"big\"");
    ck_assert_ptr_null(tp_csv_value(csv, 1, 2));
    ck_assert_ptr_null(tp_csv_value(csv, 0, 0));
    tp_tensor *all = tp_csv_numbers(csv, 0, NULL, NULL), *codes = tp_csv_codes(csv, 1, NULL);
    tp_tensor *turned = tp_csv_numbers(csv, 2, (int[]){2, 0}, NULL);
    ck_assert(isnan(tp_tensor_item(all, 2)) && isnan(tp_tensor_item(all, 5)));
    EXPECT_TENSOR(codes, 0, 0, 1, 0);
    ck_assert(tp_tensor_dim(turned, 0) == 3 && tp_tensor_item(turned, 0) == 1.75 && tp_tensor_item(turned, 1) == 31);
    tp_csv_free(csv);
    tp_tensor_release(all);
    tp_tensor_release(codes);
    tp_tensor_release(turned);
}
END_TEST

/* The same two rows, however they are written. */
START_TEST(dialects_are_read)
{
    static const struct {
        const char *text;
        tp_csv_options options;
    } dialects[] = {
        {"a,b\n1,x\n2,\"y\nz\"\n", {0}},
        {"a,b\r\n1,x\r\n2,\"y\nz\"", {0}},
        {"\xef\xbb\xbf\"a\",\"b\"\r\"1\",\"x\"\r\"2\",\"y\nz\"\r", {0}},
        {"\n\na;b\n\n 1 ;x\n+2.0e0;'y\nz'\n\n", {.delimiter = ';', .quote = '\''}},
        {"a\tb\n01\tx\n.2e1\t\"y\nz\"", {.delimiter = '\t'}},
        {"# a comment, \"open\nanother\na,b\n1,x\n2,\"y\nz\"\n", {.skip = 2}},
    };
    tp_csv *csv = parsed(dialects[_i].text, &dialects[_i].options);
    ck_assert_int_eq(tp_csv_find(csv, "a"), 0);
    ck_assert_int_eq(tp_csv_find(csv, "b"), 1);
    tp_tensor *a = tp_csv_numbers(csv, 1, (int[]){0}, NULL), *b = tp_csv_codes(csv, 1, NULL);
    EXPECT_TENSOR(a, 0, 1, 2);
    EXPECT_TENSOR(b, 0, 0, 1);
    ck_assert_str_eq(tp_csv_value(csv, 1, 1), "y\nz");
    tp_csv_free(csv);
    tp_tensor_release(a);
    tp_tensor_release(b);
}
END_TEST

START_TEST(a_table_without_header_counts_its_columns)
{
    static const char *const missing[] = {"-", "-1", NULL};
    tp_csv *csv = parsed("3,-,NA\n-1,5,x\n,,", &(tp_csv_options){.no_header = true, .missing = missing});
    ck_assert_int_eq(tp_csv_rows(csv), 3);
    ck_assert_str_eq(tp_csv_name(csv, 2), "2");
    ck_assert_int_eq(tp_csv_missing(csv, 0), 2);
    ck_assert_int_eq(tp_csv_missing(csv, 1), 2);
    tp_tensor *codes = tp_csv_codes(csv, 2, NULL);
    EXPECT_TENSOR(codes, 0, 0, 1, -1);
    tp_tensor_release(codes);
    tp_csv_free(csv);
    csv = parsed("a,b\n", NULL);
    tp_tensor *none = tp_csv_numbers(csv, 0, NULL, NULL);
    ck_assert(tp_csv_rows(csv) == 0 && tp_tensor_dim(none, 0) == 0 && tp_tensor_dim(none, 1) == 2);
    tp_tensor_release(none);
    tp_csv_free(csv);
}
END_TEST

/* Numbers are the nearest doubles, as the C library finds them. */
START_TEST(numbers_are_the_nearest_doubles)
{
    static const char *const numbers[] = {"0.1",
                                          "-0",
                                          "123456789012345678",
                                          "9007199254740993",
                                          "1e22",
                                          "1e23",
                                          "8.5e-23",
                                          "2.2250738585072011e-308",
                                          "4.9e-324",
                                          "2e-324",
                                          "1.7976931348623159e308",
                                          "1e400",
                                          "-1e400",
                                          "0.000000000000000000000000000000000000000000000000000000000000000000000123",
                                          "3.14159265358979323846264338327950288419716939937510582097494459",
                                          "18446744073709551615",
                                          "184467440737095516160000",
                                          "1e-400",
                                          "inf",
                                          "-Infinity",
                                          "5.",
                                          "+.5E+1",
                                          "0e99999999999",
                                          "1e-99999999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s,x", numbers[i]);
        tp_csv *csv = parsed(text, &(tp_csv_options){.no_header = true});
        tp_tensor *x = tp_csv_numbers(csv, 1, (int[]){0}, NULL);
        ck_assert_msg(x != NULL, "%s is no number", numbers[i]);
        const double got = tp_tensor_item(x, 0), wanted = strtod(numbers[i], NULL);
        ck_assert_msg(memcmp(&got, &wanted, sizeof got) == 0, "%s is %.17g, not %.17g", numbers[i], got, wanted);
        tp_tensor_release(x);
        tp_csv_free(csv);
    }
    static const char *const words[] = {"1.2.3",
                                        "1e",
                                        "e5",
                                        ".",
                                        "+",
                                        "-",
                                        "0x10",
                                        "1 2",
                                        "1_000",
                                        "infinite",
                                        "--1",
                                        "1d5",
                                        ("\xc2\xa0"
                                         "1")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        tp_csv *csv = parsed(words[i], &(tp_csv_options){.no_header = true});
        ck_assert_msg(tp_csv_is_text(csv, 0), "%s is a number", words[i]);
        tp_csv_free(csv);
    }
}
END_TEST

START_TEST(random_doubles_come_back)
{
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(2000), 3, -300, 300);
    char text[2000 * 32], *at = text;
    double *value = tp_tensor_data(x);
    for (int i = 0; i < 2000; i++) {
        if (i % 2) value[i] = ldexp(value[i], i % 1200 - 600);
        at += snprintf(at, 32, "%.17g\n", value[i]);
    }
    tp_csv *csv = parsed(text, &(tp_csv_options){.no_header = true});
    tp_tensor *back = tp_csv_numbers(csv, 0, NULL, NULL);
    ck_assert(memcmp(tp_tensor_read(back), value, 2000 * sizeof *value) == 0);
    tp_tensor_release(back);
    tp_tensor_release(x);
    tp_csv_free(csv);
}
END_TEST

static const struct {
    const char *text;
    tp_csv_options options;
    tp_status status;
    const char *message;
} wrong[] = {
    {"", {0}, TP_E_FORMAT, "tp_parse_csv: line 1, column 1: there is no line: memory"},
    {"\n\n", {0}, TP_E_FORMAT, "line 3, column 1: there is no line"},
    {"a,b\n1\n", {0}, TP_E_FORMAT, "line 2, column 1: 1 cells, the first line has 2"},
    {"a,b\n1,2\n\n1,2,3\n", {0}, TP_E_FORMAT, "line 4, column 3: 3 cells, the first line has 2"},
    {"a,b\n1,\"x\n\n2,3\n", {0}, TP_E_FORMAT, "line 2, column 2: the quote that begins here is not closed"},
    {"a,b\n\"x\ny\"z,2\n", {0}, TP_E_FORMAT, "line 3, column 1: something follows the closing quote"},
    {"a,b,a\n1,2,3\n", {0}, TP_E_FORMAT, "line 1, column 3: the name \"a\" comes twice"},
    {"a,b\n1,2\n", {.delimiter = '"'}, TP_E_ARGUMENT, "the delimiter and the quote"},
    {"a,b\n1,2\n", {.delimiter = '\n'}, TP_E_ARGUMENT, "a line end"},
    {"a,b\n1,2\n", {.most = 7}, TP_E_LIMIT, "8 bytes, more than 7"},
};

START_TEST(wrong_tables_are_refused)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_parse_csv(wrong[_i].text, strlen(wrong[_i].text), &wrong[_i].options, &error));
    FILES_REFUSED(error, wrong[_i].status, wrong[_i].message);
}
END_TEST

START_TEST(wrong_uses_are_errors)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_parse_csv("a\0b", 3, NULL, &error));
    FILES_REFUSED(error, TP_E_FORMAT, "line 1, column 1: a NUL");
    ck_assert_ptr_null(tp_parse_csv("a,\"\0\"", 5, NULL, &error));
    FILES_REFUSED(error, TP_E_FORMAT, "line 1, column 2: a NUL");
    ck_assert_ptr_null(tp_parse_csv(NULL, 3, NULL, &error));
    ck_assert_ptr_null(tp_read_csv(NULL, NULL, &error));
    ck_assert_ptr_null(tp_read_csv("nowhere", NULL, &error));
    FILES_REFUSED(error, TP_E_IO, "nowhere");
    tp_csv *csv = parsed("x,\"y\"\n1,\"a\nb\"\nabc,2\n", NULL);
    ck_assert_ptr_null(tp_csv_numbers(csv, 1, (int[]){0}, &error));
    FILES_REFUSED(error, TP_E_DTYPE, "tp_csv_numbers: line 4, column 1 (\"x\"): \"abc\" is no number");
    ck_assert_ptr_null(tp_csv_numbers(csv, 1, (int[]){2}, &error));
    FILES_REFUSED(error, TP_E_INDEX, "column 2 of 2");
    ck_assert_ptr_null(tp_csv_numbers(csv, -1, (int[]){2}, &error));
    ck_assert_ptr_null(tp_csv_numbers(NULL, 0, NULL, &error));
    ck_assert_ptr_null(tp_csv_codes(NULL, 0, &error));
    ck_assert_ptr_null(tp_csv_codes(csv, -1, &error));
    tp_csv_free(csv);
    csv = parsed("x\n1\n", NULL);
    ck_assert_ptr_null(tp_csv_codes(csv, 0, &error));
    FILES_REFUSED(error, TP_E_DTYPE, "the column \"x\" is numeric");
    ck_assert(tp_csv_rows(NULL) == 0 && tp_csv_columns(NULL) == 0 && tp_csv_find(NULL, "x") == -1 &&
              !tp_csv_name(NULL, 0));
    tp_csv_free(csv);
    tp_csv_free(NULL);
}
END_TEST

static tp_status read_all(const tp_allocator *memory, const void *bytes, size_t n, tp_error *error)
{
    tp_csv *csv = tp_parse_csv(bytes, n, &(tp_csv_options){.memory = memory}, error);
    for (int i = 0; i < tp_csv_columns(csv) && error->status == TP_OK; i++)
        tp_tensor_release(tp_csv_is_text(csv, i) ? tp_csv_codes(csv, i, error) : tp_csv_numbers(csv, 1, &i, error));
    tp_csv_free(csv);
    return error->status;
}

START_TEST(tables_survive_damage)
{
    static const char text[] = "a,\"b \"\"q\"\"\",c\n1,x,3\n2.5,\"y, z\n\",-4e-2\nNA,x,\n";
    files_reports_failures(read_all, text, sizeof text - 1);
    unsigned char changed[sizeof text];
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (int value = 0; value < 256; value++) {
            memcpy(changed, text, sizeof text);
            changed[at] = (unsigned char)value;
            counter c = {0};
            const tp_allocator memory = counted(&c);
            tp_error error = {0};
            read_all(&memory, changed, value % 2 ? sizeof text - 1 : at, &error);
            ck_assert_uint_eq(c.blocks, 0);
        }
}
END_TEST

START_TEST(a_large_table_takes_no_time)
{
    enum { ROWS = 40000 };
    char *text = malloc(ROWS * 48), *at = text;
    at += sprintf(at, "id,value,kind\n");
    for (int i = 0; i < ROWS; i++) at += sprintf(at, "%d,%d.%06d,kind %d\n", i, i % 777, i * 7919 % 1000000, i % 1000);
    const double start = processor_seconds();
    tp_csv *csv = parsed(text, NULL);
    const double seconds = processor_seconds() - start;
    ck_assert_int_eq(tp_csv_rows(csv), ROWS);
    ck_assert_int_eq(tp_csv_value_count(csv, 2), 1000);
    ck_assert_msg(seconds < 2, "%g s", seconds);
    tp_csv_free(csv);
    free(text);
}
END_TEST

TCase *files_csv_case(void)
{
    TCase *tcase = tcase_create("csv");
    tcase_add_test(tcase, columns_have_names_and_types);
    tcase_add_loop_test(tcase, dialects_are_read, 0, 6);
    tcase_add_test(tcase, a_table_without_header_counts_its_columns);
    tcase_add_test(tcase, numbers_are_the_nearest_doubles);
    tcase_add_test(tcase, random_doubles_come_back);
    tcase_add_loop_test(tcase, wrong_tables_are_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tcase, wrong_uses_are_errors);
    tcase_add_test(tcase, tables_survive_damage);
    tcase_add_test(tcase, a_large_table_takes_no_time);
    return tcase;
}
