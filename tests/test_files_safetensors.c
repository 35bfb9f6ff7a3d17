/* safetensors: what is right is read bit for bit, and what is written is the same file again. */
#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "tests/test_files.h"

static tp_safetensors *opened(const char *name)
{
    char path[FILES_PATH];
    tp_error error = {0};
    tp_safetensors *file = tp_safetensors_open(files_stored(path, name), &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    return file;
}

/* F16 and BF16 become F32, and so on, exactly: infinities, NaN and the smallest numbers too. */
START_TEST(every_element_type_is_read)
{
    tp_safetensors *file = opened("dtypes.safetensors"), *held = opened("dtypes_held.safetensors");
    ck_assert_uint_eq(tp_safetensors_count(file), 13);
    for (size_t i = 0; i < tp_safetensors_count(file); i++) {
        tp_safetensors_info info;
        tp_error error = {0};
        ck_assert(tp_safetensors_describe(file, i, &info) && info.readable);
        tp_tensor *a = tp_safetensors_tensor_at(file, i, &error), *b = tp_safetensors_tensor(held, info.name, &error);
        ck_assert_msg(a && b, "%s", error.message);
        ck_assert_int_eq(info.dtype, tp_tensor_dtype(a));
        ck_assert_int_eq(info.rank, tp_tensor_rank(a));
        files_same(a, b);
        tp_tensor_release(a);
        tp_tensor_release(b);
    }
    tp_safetensors_close(file);
    tp_safetensors_close(held);
}
END_TEST

/* Everything in a file, to be written again. */
static void contents_of(const tp_safetensors *file, tp_safetensors_contents *c)
{
    c->tensor_count = tp_safetensors_count(file);
    c->metadata_count = tp_safetensors_metadata_count(file);
    tp_named_tensor *tensors = calloc(c->tensor_count, sizeof *tensors);
    tp_named_text *metadata = calloc(c->metadata_count, sizeof *metadata);
    for (size_t i = 0; i < c->tensor_count; i++) {
        tp_safetensors_info info;
        tp_safetensors_describe(file, i, &info);
        tensors[i] = (tp_named_tensor){info.name, tp_safetensors_tensor_at(file, i, NULL)};
    }
    for (size_t i = 0; i < c->metadata_count; i++)
        tp_safetensors_metadata_at(file, i, &metadata[i].name, &metadata[i].text);
    c->tensors = tensors;
    c->metadata = metadata;
}

static void free_contents(tp_safetensors_contents *c)
{
    for (size_t i = 0; i < c->tensor_count; i++) tp_tensor_release((tp_tensor *)c->tensors[i].tensor);
    free((void *)c->tensors);
    free((void *)c->metadata);
}

START_TEST(what_is_written_is_the_same_file)
{
    static const char *const names[] = {"dtypes_held.safetensors", "torch_f32.safetensors",
                                        "torch_f64_run.safetensors"};
    const files_folder folder = files_open();
    char stored[FILES_PATH], path[FILES_PATH + 64];
    tp_error error = {0};
    size_t n, packed_n;
    unsigned char *wanted = files_bytes(files_stored(stored, names[_i]), &n);
    tp_safetensors *file = tp_safetensors_parse(wanted, n, &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    tp_safetensors_contents c;
    contents_of(file, &c);
    ck_assert_msg(tp_safetensors_save(NULL, files_in(&folder, path, "saved"), &c, &error) == TP_OK, "%s",
                  error.message);
    files_expect(path, wanted, n);
    void *packed = tp_safetensors_pack(NULL, &c, &packed_n, &error);
    ck_assert_msg(packed && packed_n == n && memcmp(packed, wanted, n) == 0, "%s", error.message);
    tp_free_file(NULL, packed, packed_n);
    free_contents(&c);
    tp_safetensors_close(file);
    free(wanted);
    files_close(&folder);
}
END_TEST

START_TEST(names_and_metadata_are_found)
{
    tp_safetensors *file = opened("dtypes.safetensors");
    ck_assert_uint_ne(
        tp_safetensors_find(file, "na\xc3\xafve \"quoted\" \\ \xe5\x90\x8d\xe5\x89\x8d \xf0\x9f\xa6\xab\t"),
        TP_SAFETENSORS_NONE);
    ck_assert_uint_eq(tp_safetensors_find(file, "f3"), TP_SAFETENSORS_NONE);
    ck_assert_uint_eq(tp_safetensors_find(file, NULL), TP_SAFETENSORS_NONE);
    ck_assert_str_eq(tp_safetensors_metadata(file, "format"), "pt");
    ck_assert_str_eq(tp_safetensors_metadata(file, "note"), "tabs\tand\nlines, \x01, \xc3\xbcn\xc3\xaf"
                                                            "code");
    ck_assert_str_eq(tp_safetensors_metadata(file, "empty"), "");
    ck_assert_ptr_null(tp_safetensors_metadata(file, "none"));
    tp_error error = {0};
    ck_assert_ptr_null(tp_safetensors_tensor(file, "weight", &error));
    FILES_REFUSED(error, TP_E_ARGUMENT, "there is no \"weight\" among 13 tensors: tests/files/dtypes.safetensors");
    ck_assert_ptr_null(tp_safetensors_tensor_at(file, 13, &error));
    FILES_REFUSED(error, TP_E_ARGUMENT, "tensor 13 of 13");
    ck_assert_ptr_null(tp_safetensors_tensor_at(NULL, 0, &error));
    ck_assert_ptr_null(tp_safetensors_tensor(NULL, "x", &error));
    ck_assert_uint_eq(tp_safetensors_count(NULL), 0);
    ck_assert(!tp_safetensors_describe(file, 99, &(tp_safetensors_info){0}));
    ck_assert(!tp_safetensors_metadata_at(file, 3, NULL, NULL));
    tp_safetensors_close(file);
    tp_safetensors_close(NULL);
}
END_TEST

/* Views are written row-major, and rank 0 stays rank 0. */
START_TEST(views_are_written_row_major)
{
    tp_tensor *a = F32(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *scalar = F64(TP_DIMS(), 2.5),
              *big = tensor_of(TP_I32, TP_DIMS(7000), NULL);
    tp_tensor *turned = tp_tensor_transpose(a, 0, 1, NULL), *half = tp_tensor_slice(big, 0, 1, 7000, 2, NULL);
    for (int i = 0; i < 7000; i++) ((int32_t *)tp_tensor_data(big))[i] = i * i;
    const tp_named_tensor tensors[] = {{"half", half}, {"scalar", scalar}, {"turned", turned}};
    size_t n;
    void *bytes = tp_safetensors_pack(NULL, &(tp_safetensors_contents){tensors, 3, NULL, 0}, &n, NULL);
    tp_safetensors *file = tp_safetensors_parse(bytes, n, NULL);
    tp_tensor *back = tp_safetensors_tensor(file, "turned", NULL), *one = tp_safetensors_tensor(file, "scalar", NULL);
    tp_tensor *odd = tp_safetensors_tensor(file, "half", NULL);
    EXPECT_TENSOR(back, 0, 1, 4, 2, 5, 3, 6);
    ck_assert_int_eq(tp_tensor_rank(one), 0);
    for (int i = 0; i < 3500; i++) ck_assert(tp_tensor_item(odd, i) == (2 * i + 1) * (2 * i + 1));
    tp_safetensors_close(file);
    tp_free_file(NULL, bytes, n);
    tp_tensor *const all[] = {a, scalar, big, turned, half, back, one, odd};
    for (int i = 0; i < 8; i++) tp_tensor_release(all[i]);
}
END_TEST

START_TEST(what_cannot_be_saved_is_an_error)
{
    tp_tensor *x = F32(TP_DIMS(1), 1);
    static const tp_named_text text[] = {{"k", "v"}, {"k", "w"}, {"n", NULL}, {"\xff", "x"}, {"x", "\xed\xa0\x80"}};
    const tp_named_tensor t[] = {{"a", x},  {"b", x},    {"a", x},       {"__metadata__", x},
                                 {NULL, x}, {"z", NULL}, {"\xc0\xaf", x}};
    const struct {
        tp_safetensors_contents contents;
        const char *text;
    } wrong[] = {
        {{t, 3, NULL, 0}, "the name \"a\" comes twice"},
        {{t + 3, 1, NULL, 0}, "no tensor can be named \"__metadata__\""},
        {{t + 4, 1, NULL, 0}, "name 0 is NULL"},
        {{t + 5, 1, NULL, 0}, "tensor 0 is NULL"},
        {{t + 6, 1, NULL, 0}, "name 0 is not UTF-8: \"??\""},
        {{t, 1, text, 2}, "the metadata key \"k\" comes twice"},
        {{t, 1, text + 2, 1}, "metadata text 0 is NULL"},
        {{t, 1, text + 3, 1}, "metadata key 0 is not UTF-8"},
        {{t, 1, text + 4, 1}, "metadata text 0 is not UTF-8"},
        {{NULL, 1, NULL, 0}, "the contents are NULL"},
        {{t, 1, NULL, 1}, "the contents are NULL"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tp_error error = {0};
        size_t n;
        ck_assert_int_eq(tp_safetensors_save(NULL, "nowhere/at/all", &wrong[i].contents, &error), TP_E_ARGUMENT);
        FILES_REFUSED(error, TP_E_ARGUMENT, wrong[i].text);
        ck_assert_ptr_null(tp_safetensors_pack(NULL, &wrong[i].contents, &n, &error));
        FILES_REFUSED(error, TP_E_ARGUMENT, wrong[i].text);
    }
    tp_error error = {0};
    ck_assert_int_eq(tp_safetensors_save(NULL, "nowhere/at/all", &(tp_safetensors_contents){0}, &error), TP_E_IO);
    ck_assert_int_eq(tp_safetensors_save(NULL, NULL, &(tp_safetensors_contents){0}, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_safetensors_save(NULL, "x", NULL, &error), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_safetensors_pack(NULL, &(tp_safetensors_contents){0}, NULL, &error));
    tp_tensor_release(x);
}
END_TEST

/* Nothing at all is a file too. */
START_TEST(an_empty_file_has_no_tensors)
{
    size_t n;
    void *bytes = tp_safetensors_pack(NULL, &(tp_safetensors_contents){0}, &n, NULL);
    ck_assert_uint_eq(n, 16);
    ck_assert(memcmp(bytes, "\x08\0\0\0\0\0\0\0{}      ", 16) == 0);
    tp_safetensors *file = tp_safetensors_parse(bytes, n, NULL);
    ck_assert(file && tp_safetensors_count(file) == 0);
    tp_safetensors_close(file);
    tp_free_file(NULL, bytes, n);
}
END_TEST

/* Whatever order the file has: n log n comparisons. */
START_TEST(a_hundred_thousand_tensors_take_no_time)
{
    enum { MANY = 100000 };
    tp_tensor *one = F32(TP_DIMS(1), 1);
    tp_named_tensor *tensors = calloc(MANY, sizeof *tensors);
    char(*names)[24] = calloc(MANY, sizeof *names);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof *names, "layer.%d.weight", (i * 7919) % MANY);
        tensors[i] = (tp_named_tensor){names[i], one};
    }
    const double start = processor_seconds();
    size_t n;
    tp_error error = {0};
    void *bytes = tp_safetensors_pack(NULL, &(tp_safetensors_contents){tensors, MANY, NULL, 0}, &n, &error);
    tp_safetensors *file = tp_safetensors_parse(bytes, n, &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    for (int i = 0; i < MANY; i++) ck_assert_uint_eq(tp_safetensors_find(file, names[i]), (size_t)i);
    const double seconds = processor_seconds() - start;
    ck_assert_msg(seconds < 5, "%g s", seconds);
    tp_safetensors_close(file);
    tp_free_file(NULL, bytes, n);
    free(names);
    free(tensors);
    tp_tensor_release(one);
}
END_TEST

/* A file that is cut off after it was opened. */
START_TEST(a_file_that_shrinks_is_an_error)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(1000), 1, -1, 1);
    tp_safetensors_save(NULL, files_in(&folder, path, "x"),
                        &(tp_safetensors_contents){&(tp_named_tensor){"x", x}, 1, NULL, 0}, NULL);
    tp_error error = {0};
    tp_safetensors *file = tp_safetensors_open(path, &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    ck_assert_int_eq(truncate(path, 2000), 0);
    ck_assert_ptr_null(tp_safetensors_tensor(file, "x", &error));
    FILES_REFUSED(error, TP_E_FORMAT, "byte 2000: the file ends here");
    tp_safetensors_close(file);
    tp_tensor_release(x);
    files_close(&folder);
}
END_TEST

TCase *files_safetensors_case(void)
{
    TCase *tcase = tcase_create("safetensors");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, every_element_type_is_read);
    tcase_add_loop_test(tcase, what_is_written_is_the_same_file, 0, 3);
    tcase_add_test(tcase, names_and_metadata_are_found);
    tcase_add_test(tcase, views_are_written_row_major);
    tcase_add_test(tcase, what_cannot_be_saved_is_an_error);
    tcase_add_test(tcase, an_empty_file_has_no_tensors);
    tcase_add_test(tcase, a_hundred_thousand_tensors_take_no_time);
    tcase_add_test(tcase, a_file_that_shrinks_is_an_error);
    return tcase;
}
