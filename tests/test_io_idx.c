/* Reading IDX: what is right is read bit for bit, and whatever is wrong is refused with a reason. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test_layers.h"

START_TEST(idx_reads_every_element_type)
{
    const idx_sample *s = &idx_samples[_i];
    tp_error error = {0};
    idx_expect(s, tp_parse_idx(s->bytes, s->n, &error), &error);
    idx_expect(s, idx_read(s->bytes, s->n, &error), &error);
    ck_assert_int_eq(idx_blocks(), 0);
    const char *path = idx_file(s->bytes, s->n);
    idx_expect(s, tp_read_idx(path, &error), &error);
    unlink(path);
}
END_TEST

START_TEST(idx_refuses_every_truncation)
{
    const idx_sample *s = &idx_samples[_i];
    for (size_t n = 0; n < s->n; n++) {
        unsigned char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read beyond the end */
        memcpy(exact, s->bytes, n);
        idx_refused(exact, n, TP_E_FORMAT, n < 4 ? "the magic number needs 4 bytes" : "bytes, there are ");
        free(exact);
    }
}
END_TEST

START_TEST(idx_names_the_byte_counts)
{
    const idx_sample *s = &idx_samples[IDX_U8];
    idx_refused(s->bytes, s->n - 1, TP_E_FORMAT, "dims (2,3) make 18 bytes, there are 17: ");
    idx_refused(s->bytes, 10, TP_E_FORMAT, "the dims needs 8 bytes, there are 6: ");
}
END_TEST

START_TEST(idx_refuses_trailing_bytes)
{
    const idx_sample *s = &idx_samples[_i];
    unsigned char *longer = malloc(s->n + 1);
    memcpy(longer, s->bytes, s->n);
    longer[s->n] = 0;
    idx_refused(longer, s->n + 1, TP_E_FORMAT, "bytes, there are ");
    free(longer);
}
END_TEST

START_TEST(idx_refuses_hostile_headers)
{
    idx_refused(idx_wrong[_i].bytes, idx_wrong[_i].n, idx_wrong[_i].status, idx_wrong[_i].text);
}
END_TEST

/* Every byte of a good file replaced by every value: an error or a tensor, and nothing left behind. */
START_TEST(idx_survives_any_changed_byte)
{
    const idx_sample *s = &idx_samples[_i];
    unsigned char bytes[64];
    ck_assert_uint_le(s->n, sizeof bytes);
    for (size_t at = 0; at < s->n; at++)
        for (int value = 0; value < 256; value++) {
            memcpy(bytes, s->bytes, s->n);
            bytes[at] = (unsigned char)value;
            tp_error error = {0};
            tp_tensor *tensor = tp_parse_idx(bytes, s->n, &error);
            ck_assert_int_eq(tensor == NULL, error.status != TP_OK);
            tp_tensor_release(tensor);
        }
}
END_TEST

START_TEST(missing_files_and_null_are_errors)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_read_idx("/nonexistent/train-images", &error));
    ck_assert_int_eq(error.status, TP_E_IO);
    ck_assert_str_eq(error.message, "tp_read_idx: cannot open: No such file or directory: /nonexistent/train-images");
    ck_assert_ptr_null(tp_read_idx("/tmp", &error));
    ck_assert_int_eq(error.status, TP_E_IO);
    ck_assert_ptr_null(tp_read_idx(NULL, &error));
    ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_read_idx(NULL, NULL));
    ck_assert_ptr_null(tp_parse_idx(NULL, 12, &error));
    ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_parse_idx(NULL, 0, &error));
    ck_assert_int_eq(error.status, TP_E_FORMAT);
}
END_TEST

START_TEST(idx_reports_every_failed_allocation)
{
    idx_reports_failures(idx_samples[IDX_F64].bytes, idx_samples[IDX_F64].n);
}
END_TEST

/* A pipe does not tell its size: blocks grow as bytes arrive. */
START_TEST(idx_reads_from_a_pipe)
{
    enum { COUNT = 300000 };
    char path[IDX_PATH];
    idx_pattern(path);
    const int placeholder = mkstemp(path);
    ck_assert_int_ge(placeholder, 0);
    close(placeholder);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        FILE *out = fopen(path, "wb");
        const unsigned char head[] = {0, 0, 8, 1, 0, COUNT >> 16, (COUNT >> 8) & 255, COUNT & 255};
        fwrite(head, 1, sizeof head, out);
        for (int i = 0; i < COUNT; i++) fputc(i % 251, out);
        fclose(out);
        _exit(0);
    }
    tp_error error = {0};
    tp_tensor *tensor = tp_read_idx(path, &error);
    unlink(path);
    waitpid(child, NULL, 0);
    ck_assert_msg(tensor != NULL, "%s", error.message);
    ck_assert_int_eq(tp_tensor_count(tensor), COUNT);
    for (int i = 0; i < COUNT; i++) ck_assert(((const unsigned char *)tp_tensor_read(tensor))[i] == i % 251);
    tp_tensor_release(tensor);
}
END_TEST

TCase *io_idx_case(void)
{
    TCase *tcase = tcase_create("idx");
    tcase_add_loop_test(tcase, idx_reads_every_element_type, 0, IDX_SAMPLES);
    tcase_add_loop_test(tcase, idx_refuses_every_truncation, 0, IDX_SAMPLES);
    tcase_add_test(tcase, idx_names_the_byte_counts);
    tcase_add_loop_test(tcase, idx_refuses_trailing_bytes, 0, IDX_SAMPLES);
    tcase_add_loop_test(tcase, idx_refuses_hostile_headers, 0, IDX_WRONG);
    tcase_add_loop_test(tcase, idx_survives_any_changed_byte, 0, IDX_SAMPLES);
    tcase_add_test(tcase, missing_files_and_null_are_errors);
    tcase_add_test(tcase, idx_reports_every_failed_allocation);
    tcase_add_test(tcase, idx_reads_from_a_pipe);
    return tcase;
}
