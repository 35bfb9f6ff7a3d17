/* Text: vocabularies, there and back, what is not UTF-8, windows with their targets. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>

#include <tapir/io_text.h>

#include "tests/test_data.h"

static tp_vocabulary *vocabulary_of(const char *text, tp_text_unit unit)
{
    tp_error error = {.status = TP_OK};
    tp_vocabulary *v = tp_vocabulary_of(text, strlen(text), unit, NULL, &error);
    ck_assert_msg(v != NULL, "%s", error.message);
    return v;
}

/* "aäcz" and a letter of each length of UTF-8. */
static const char mixed[] = "za\xc3\xa4 c\xe2\x82\xac\xf0\x9d\x84\x9e\n"
                            "az";

START_TEST(characters_there_and_back)
{
    tp_vocabulary *v = vocabulary_of(mixed, TP_TEXT_CHARACTERS);
    size_t bytes;
    ck_assert_int_eq(tp_vocabulary_size(v), 8);
    ck_assert_str_eq(tp_vocabulary_text(v, &bytes), "\n acz\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e");
    ck_assert_uint_eq(bytes, 14);
    ck_assert_str_eq(tp_vocabulary_unit(v, 0), "\n");
    ck_assert_str_eq(tp_vocabulary_unit(v, 7), "\xf0\x9d\x84\x9e");
    ck_assert_str_eq(tp_vocabulary_unit(v, 8), "");
    ck_assert_str_eq(tp_vocabulary_unit(v, -1), "");
    tp_tensor *numbers = tp_text_encode(v, mixed, strlen(mixed), NULL);
    ck_assert_int_eq(tp_tensor_dtype(numbers), TP_I32);
    EXPECT_TENSOR(numbers, 0, 4, 2, 5, 1, 3, 6, 7, 0, 2, 4);
    char text[64];
    ck_assert_int_eq(tp_text_decode(v, numbers, text, sizeof text, &bytes, NULL), TP_OK);
    ck_assert_str_eq(text, mixed);
    ck_assert_uint_eq(bytes, strlen(mixed));
    for (size_t size = 0; size < sizeof mixed; size++) { /* cut off at whole characters */
        char *exact = malloc(size ? size : 1);
        ck_assert_int_eq(tp_text_decode(v, numbers, size ? exact : NULL, size, &bytes, NULL), TP_OK);
        ck_assert_uint_eq(bytes, strlen(mixed));
        if (size) ck_assert(strlen(exact) < size && memcmp(exact, mixed, strlen(exact)) == 0);
        if (size == 5) ck_assert_uint_eq(strlen(exact), 4);
        if (size == 4) ck_assert_uint_eq(strlen(exact), 2);
        free(exact);
    }
    tp_vocabulary *again = vocabulary_of(tp_vocabulary_text(v, NULL), TP_TEXT_CHARACTERS);
    ck_assert_str_eq(tp_vocabulary_text(again, NULL), tp_vocabulary_text(v, NULL));
    tp_vocabulary_free(again);
    tp_tensor_release(numbers);
    tp_vocabulary_free(v);
}
END_TEST

START_TEST(bytes_there_and_back)
{
    unsigned char all[512];
    for (int i = 0; i < 512; i++) all[i] = (unsigned char)(i * 7);
    tp_vocabulary *v = tp_vocabulary_of(all, sizeof all, TP_TEXT_BYTES, NULL, NULL);
    ck_assert_int_eq(tp_vocabulary_size(v), 256);
    tp_tensor *numbers = tp_text_encode(v, all, sizeof all, NULL);
    for (int i = 0; i < 512; i++) ck_assert_double_eq(tp_tensor_item(numbers, i), all[i]);
    char back[600];
    size_t bytes;
    ck_assert_int_eq(tp_text_decode(v, numbers, back, sizeof back, &bytes, NULL), TP_OK);
    ck_assert_uint_eq(bytes, 512);
    ck_assert(memcmp(back, all, 512) == 0);
    tp_tensor_release(numbers);
    tp_vocabulary_free(v);
    v = vocabulary_of("", TP_TEXT_BYTES);
    ck_assert_int_eq(tp_vocabulary_size(v), 0);
    numbers = tp_text_encode(v, NULL, 0, NULL);
    ck_assert_int_eq(tp_tensor_count(numbers), 0);
    tp_tensor_release(numbers);
    tp_vocabulary_free(v);
}
END_TEST

/* Every code there is, through UTF-8 and back. */
START_TEST(all_of_unicode)
{
    enum { CODES = 0x110000 - 0x800 };
    char *text = malloc(4 * CODES);
    size_t n = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        if (c < 0x80)
            text[n++] = (char)c;
        else if (c < 0x800)
            text[n++] = (char)(0xc0 | c >> 6);
        else if (c < 0x10000)
            text[n++] = (char)(0xe0 | c >> 12);
        else
            text[n++] = (char)(0xf0 | c >> 18);
        if (c >= 0x10000) text[n++] = (char)(0x80 | (c >> 12 & 63));
        if (c >= 0x800) text[n++] = (char)(0x80 | (c >> 6 & 63));
        if (c >= 0x80) text[n++] = (char)(0x80 | (c & 63));
    }
    tp_vocabulary *v = tp_vocabulary_of(text, n, TP_TEXT_CHARACTERS, NULL, NULL);
    size_t bytes;
    ck_assert_int_eq(tp_vocabulary_size(v), CODES);
    const char *again = tp_vocabulary_text(v, &bytes);
    ck_assert_uint_eq(bytes, n);
    ck_assert(memcmp(again, text, n) == 0);
    tp_tensor *numbers = tp_text_encode(v, text, n, NULL);
    const int32_t *number = tp_tensor_read(numbers);
    int32_t right = 0;
    while (right < CODES && number[right] == right) right++;
    ck_assert_int_eq(right, CODES);
    tp_tensor_release(numbers);
    tp_vocabulary_free(v);
    free(text);
}
END_TEST

START_TEST(text_refuses)
{
    static const char *const bad[] = {"ab\x80",
                                      "ab\xc3",
                                      "ab\xc0\x80",
                                      "ab\xe0\x80\x80",
                                      "ab\xed\xa0\x80",
                                      "ab\xf4\x90\x80\x80",
                                      "ab\xf5\x80\x80\x80",
                                      "ab\xc3x",
                                      "ab\xe2\x82",
                                      "ab\xff",
                                      "ab\xf0\x8f\xbf\xbf"};
    tp_vocabulary *v = vocabulary_of("abc", TP_TEXT_CHARACTERS);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        DATA_REFUSED(tp_vocabulary_of(bad[i], strlen(bad[i]), TP_TEXT_CHARACTERS, NULL, &error), TP_E_FORMAT,
                     "not UTF-8 at byte 2");
        DATA_REFUSED(tp_text_encode(v, bad[i], strlen(bad[i]), &error), TP_E_FORMAT, "not UTF-8 at byte 2");
    }
    DATA_REFUSED(tp_text_encode(v, "abx", 3, &error), TP_E_INDEX, "U+0078 at byte 2");
    DATA_REFUSED(tp_text_encode(v, "a\xe2\x82\xac", 4, &error), TP_E_INDEX, "U+20AC at byte 1");
    DATA_REFUSED(tp_text_encode(NULL, "a", 1, &error), TP_E_ARGUMENT, "vocabulary is NULL");
    DATA_REFUSED(tp_text_encode(v, NULL, 1, &error), TP_E_ARGUMENT, "text is NULL");
    DATA_REFUSED(tp_vocabulary_of(NULL, 1, TP_TEXT_BYTES, NULL, &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_vocabulary_of("a", 1, (tp_text_unit)5, NULL, &error), TP_E_ARGUMENT, "unit 5");
    tp_tensor *high = I64(TP_DIMS(2), 1, 3), *low = I64(TP_DIMS(1), -1), *real = F32(TP_DIMS(1), 1);
    char text[8];
    DATA_REFUSED(tp_text_decode(v, high, text, 8, NULL, &error) == TP_OK, TP_E_INDEX, "element 1 is 3, the vocabulary");
    DATA_REFUSED(tp_text_decode(v, low, text, 8, NULL, &error) == TP_OK, TP_E_INDEX, "element 0 is -1");
    DATA_REFUSED(tp_text_decode(v, real, text, 8, NULL, &error) == TP_OK, TP_E_DTYPE, "f32");
    DATA_REFUSED(tp_text_decode(v, high, NULL, 8, NULL, &error) == TP_OK, TP_E_ARGUMENT, "the text is NULL");
    DATA_REFUSED(tp_text_decode(v, NULL, text, 8, NULL, &error) == TP_OK, TP_E_ARGUMENT, "the tensor is NULL");
    DATA_REFUSED(tp_text_decode(NULL, high, text, 8, NULL, &error) == TP_OK, TP_E_ARGUMENT, "vocabulary is NULL");
    DATA_REFUSED(tp_text_windows(NULL, 1, 1, &error), TP_E_ARGUMENT, "NULL");
    DATA_REFUSED(tp_text_windows(real, 1, 1, &error), TP_E_DTYPE, "f32");
    DATA_REFUSED(tp_text_windows(high, 0, 1, &error), TP_E_ARGUMENT, "length 0, step 1");
    DATA_REFUSED(tp_text_windows(high, 1, 0, &error), TP_E_ARGUMENT, "length 1, step 0");
    tp_tensor *square = tp_tensor_new(TP_U8, TP_DIMS(2, 2));
    DATA_REFUSED(tp_text_windows(square, 1, 1, &error), TP_E_SHAPE, "(2,2), not (n)");
    DATA_REFUSED(tp_read_text("/nonexistent/text", NULL, &error), TP_E_IO, "tp_read_text: cannot open: No such file");
    DATA_REFUSED(tp_read_text(NULL, NULL, &error), TP_E_ARGUMENT, "NULL");
    tp_tensor_release(square);
    tp_tensor_release(high);
    tp_tensor_release(low);
    tp_tensor_release(real);
    tp_vocabulary_free(v);
    tp_vocabulary_free(NULL);
    ck_assert_int_eq(tp_vocabulary_size(NULL), 0);
    ck_assert_str_eq(tp_vocabulary_text(NULL, NULL), "");
    ck_assert_str_eq(tp_vocabulary_unit(NULL, 0), "");
}
END_TEST

START_TEST(windows_have_their_targets)
{
    static const struct {
        int64_t n, length, step, count;
    } rows[] = {{10, 3, 1, 7},
                {10, 3, 3, 3},
                {10, 9, 4, 1},
                {10, 10, 1, 0},
                {10, 3, INT64_MAX, 1},
                {0, 1, 1, 0},
                {10, INT64_MAX / 16, 1, 0},
                {2, 1, 1, 1},
                {10, 3, 4, 2}};
    static const tp_dtype dtypes[] = {TP_U8, TP_I32, TP_I64};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int d = 0; d < 3; d++) {
            double values[10];
            for (int i = 0; i < 10; i++) values[i] = i * i;
            tp_tensor *x = tensor_of(dtypes[d], TP_DIMS(rows[r].n), values);
            tp_dataset *set = tp_text_windows(x, rows[r].length, rows[r].step, NULL);
            tp_tensor_release(x);
            ck_assert_int_eq(tp_dataset_count(set), rows[r].count);
            tp_tensor *in = rows[r].count ? tp_dataset_tensor(set, 0, NULL) : NULL;
            tp_tensor *out = rows[r].count ? tp_dataset_tensor(set, 1, NULL) : NULL;
            for (int64_t i = 0; i < rows[r].count; i++)
                for (int64_t j = 0; j < rows[r].length; j++) {
                    const int64_t at = i * rows[r].step + j;
                    ck_assert(tp_tensor_item(in, i * rows[r].length + j) == (double)(at * at));
                    ck_assert(tp_tensor_item(out, i * rows[r].length + j) == (double)((at + 1) * (at + 1)));
                }
            tp_tensor_release(in);
            tp_tensor_release(out);
            tp_dataset_release(set);
        }
    tp_tensor *x = I64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *column = tp_tensor_slice(x, 0, 0, 2, 1, NULL);
    tp_tensor *turned = tp_tensor_transpose(column, 0, 1, NULL), *part = tp_tensor_slice(turned, 1, 0, 1, 1, NULL);
    tp_tensor *strided = tp_tensor_reshape(part, TP_DIMS(3), NULL); /* 1 2 3, or a view that is not dense */
    tp_tensor *every = tp_tensor_slice(strided ? strided : part, 0, 0, 3, 2, NULL); /* 1 3 */
    tp_dataset *set = tp_text_windows(every, 1, 1, NULL);
    tp_tensor *out = tp_dataset_tensor(set, 1, NULL);
    EXPECT_TENSOR(out, 0, 3);
    tp_tensor *all[] = {x, column, turned, part, strided, every, out};
    for (int i = 0; i < 7; i++) tp_tensor_release(all[i]);
    tp_dataset_release(set);
}
END_TEST

START_TEST(files_are_read_whole)
{
    char path[] = "tapir-text-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    tp_error error = {.status = TP_OK};
    tp_tensor *none = tp_read_text(path, NULL, &error);
    ck_assert_msg(none != NULL, "%s", error.message);
    ck_assert_int_eq(tp_tensor_count(none), 0);
    ck_assert(write(file, mixed, sizeof mixed) == (ssize_t)sizeof mixed);
    close(file);
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_tensor *text = tp_read_text(path, &memory, NULL), *numbers = NULL;
        tp_vocabulary *v = NULL;
        tp_dataset *set = NULL;
        if (text) v = tp_vocabulary_of(tp_tensor_read(text), sizeof mixed, TP_TEXT_BYTES, &memory, NULL);
        if (v) numbers = tp_text_encode(v, tp_tensor_read(text), sizeof mixed, NULL);
        if (numbers) set = tp_text_windows(numbers, 4, 1, NULL);
        if (text) ck_assert(memcmp(tp_tensor_read(text), mixed, sizeof mixed) == 0);
        ck_assert_int_eq(set == NULL, c.failed > 0);
        const bool good = set != NULL;
        tp_dataset_release(set);
        tp_tensor_release(numbers);
        tp_vocabulary_free(v);
        tp_tensor_release(text);
        ck_assert_uint_eq(c.blocks, 0);
        if (good) break;
    }
    tp_tensor_release(none);
    unlink(path);
}
END_TEST

TCase *data_text_case(void)
{
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, characters_there_and_back);
    tcase_add_test(tcase, bytes_there_and_back);
    tcase_add_test(tcase, all_of_unicode);
    tcase_add_test(tcase, text_refuses);
    tcase_add_test(tcase, windows_have_their_targets);
    tcase_add_test(tcase, files_are_read_whole);
    return tcase;
}
