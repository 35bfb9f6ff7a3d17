/* Reading IDX: what is right is read bit for bit, and whatever is wrong is refused with a reason. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(TP_WITH_ZLIB)
#include <zlib.h>
#endif

#include <tapir/io.h>

#include "tests/tests.h"

/* ---- files ---- */

static char path[64];
static size_t largest; /* request of the allocator below */
static long live, calls, fail_at;

static void write_file(const void *bytes, size_t n)
{
    strcpy(path, "/tmp/tapir-test-XXXXXX");
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert(write(file, bytes, n) == (ssize_t)n);
    close(file);
}

static void *count_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    if (++calls == fail_at) return NULL;
    if (size > largest) largest = size;
    live++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_free(void *user, void *memory, size_t size)
{
    (void)user;
    memset(memory, 0xdd, size);
    live--;
    free(memory);
}

static const tp_allocator counting = {count_allocate, count_free, NULL};

/* Reads the bytes as a file, with everything counted; nothing may be left when it fails. */
static tp_tensor *read_counted(const void *bytes, size_t n, tp_error *error)
{
    largest = 0;
    live = calls = 0;
    write_file(bytes, n);
    tp_tensor *tensor = tp_read_idx_into(&counting, path, error);
    unlink(path);
    if (!tensor) ck_assert_int_eq(live, 0);
    return tensor;
}

/* The same error from a file and from memory. */
static void refused(const void *bytes, size_t n, tp_status status, const char *text)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_parse_idx(bytes, n, &error));
    ck_assert_msg(error.status == status, "%s: %s", tp_status_name(error.status), error.message);
    ck_assert_msg(strstr(error.message, text) != NULL, "%s", error.message);
    ck_assert_ptr_null(tp_parse_idx(bytes, n, NULL));
    error = (tp_error){0};
    ck_assert_ptr_null(read_counted(bytes, n, &error));
    ck_assert_msg(error.status == status, "%s: %s", tp_status_name(error.status), error.message);
    ck_assert_msg(strstr(error.message, text) != NULL, "%s", error.message);
    ck_assert_uint_lt(largest, 1 << 20);
}

/* ---- what is right ---- */

typedef struct sample {
    size_t n;
    const unsigned char *bytes;
    tp_dtype dtype;
    int rank;
    int64_t dims[TP_MAX_RANK];
    double values[6];
} sample;

static const unsigned char idx_u8[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 127, 128, 254, 255};
static const unsigned char idx_i8[] = {0, 0, 9, 1, 0, 0, 0, 5, 0, 1, 127, 128, 255};
static const unsigned char idx_i16[] = {0, 0, 11, 1, 0, 0, 0, 4, 0x01, 0x02, 0x7f, 0xff, 0x80, 0x00, 0xff, 0xff};
static const unsigned char idx_i32[] = {0, 0, 12, 2, 0,    0, 0, 3, 0,    0,    0,    1,
                                        1, 2, 3,  4, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
static const unsigned char idx_f32[] = {0,    0,    13,   1,    0,    0,    0, 4, 0x3f, 0x80, 0, 0,
                                        0xc0, 0x49, 0x0f, 0xdb, 0x7f, 0x80, 0, 0, 0,    0,    0, 1};
static const unsigned char idx_f64[] = {0,    0,    14,   3,    0,    0,    0,    1,    0,    0,    0, 2, 0, 0, 0, 1,
                                        0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0};
static const unsigned char idx_deep[] = {0, 0, 8, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
                                         1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9};
static const unsigned char idx_empty[] = {0, 0, 13, 2, 0, 0, 0, 0, 0, 0, 0, 28};

#define SAMPLE(name) sizeof idx_##name, idx_##name

static const sample samples[] = {
    {SAMPLE(u8), TP_U8, 2, {2, 3}, {0, 1, 127, 128, 254, 255}},
    {SAMPLE(i8), TP_I32, 1, {5}, {0, 1, 127, -128, -1}},
    {SAMPLE(i16), TP_I32, 1, {4}, {258, 32767, -32768, -1}},
    {SAMPLE(i32), TP_I32, 2, {3, 1}, {16909060, -2147483648., -1}},
    {SAMPLE(f32), TP_F32, 1, {4}, {1, (double)-3.14159274f, HUGE_VAL, 0x1p-149}},
    {SAMPLE(f64), TP_F64, 3, {1, 2, 1}, {3.141592653589793, -1}},
    {SAMPLE(deep), TP_U8, 8, {1, 1, 1, 1, 1, 1, 1, 2}, {7, 9}},
    {SAMPLE(empty), TP_F32, 2, {0, 28}, {0}},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void check_sample(const sample *s, tp_tensor *tensor, const tp_error *error)
{
    ck_assert_msg(tensor != NULL, "%s", error->message);
    ck_assert_int_eq(tp_tensor_dtype(tensor), s->dtype);
    ck_assert_int_eq(tp_tensor_rank(tensor), s->rank);
    for (int i = 0; i < s->rank; i++) ck_assert_int_eq(tp_tensor_dim(tensor, i), s->dims[i]);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) ck_assert(tp_tensor_item(tensor, i) == s->values[i]);
    tp_tensor_release(tensor);
}

START_TEST(idx_reads_every_element_type)
{
    const sample *s = &samples[_i];
    tp_error error = {0};
    check_sample(s, tp_parse_idx(s->bytes, s->n, &error), &error);
    check_sample(s, read_counted(s->bytes, s->n, &error), &error);
    ck_assert_int_eq(live, 0);
    write_file(s->bytes, s->n);
    check_sample(s, tp_read_idx(path, &error), &error);
    unlink(path);
}
END_TEST

/* ---- what is wrong ---- */

START_TEST(idx_refuses_every_truncation)
{
    const sample *s = &samples[_i];
    for (size_t n = 0; n < s->n; n++) {
        unsigned char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read beyond the end */
        memcpy(exact, s->bytes, n);
        refused(exact, n, TP_E_FORMAT, n < 4 ? "the magic number needs 4 bytes" : "bytes, there are ");
        free(exact);
    }
}
END_TEST

START_TEST(idx_names_the_byte_counts)
{
    refused(idx_u8, sizeof idx_u8 - 1, TP_E_FORMAT, "dims (2,3) make 18 bytes, there are 17: ");
    refused(idx_u8, 10, TP_E_FORMAT, "the dims needs 8 bytes, there are 6: ");
}
END_TEST

START_TEST(idx_refuses_trailing_bytes)
{
    const sample *s = &samples[_i];
    unsigned char *longer = malloc(s->n + 1);
    memcpy(longer, s->bytes, s->n);
    longer[s->n] = 0;
    refused(longer, s->n + 1, TP_E_FORMAT, "bytes, there are ");
    free(longer);
}
END_TEST

typedef struct hostile {
    size_t n;
    unsigned char bytes[40];
    tp_status status;
    const char *text;
} hostile;

static const hostile wrong[] = {
    {12, {1, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_FORMAT, "begins with 01 00"},
    {12, {0, 1, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_FORMAT, "begins with 00 01"},
    {12, {0, 0, 7, 1, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_FORMAT, "no element type 0x07"},
    {12, {0, 0, 10, 1, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_FORMAT, "no element type 0x0a"},
    {12, {0, 0, 15, 1, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_FORMAT, "no element type 0x0f"},
    {5, {0, 0, 8, 0, 1}, TP_E_FORMAT, "no dims"},
    {40, {0, 0, 8, 9, 0, 0, 0, 1}, TP_E_LIMIT, "9 dims"},
    {40, {0, 0, 8, 255, 0, 0, 0, 1}, TP_E_LIMIT, "255 dims"},
    /* 12 bytes that declare 4 GiB, and 2^31 elements of 8 bytes */
    {12, {0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, TP_E_FORMAT, "make 4294967303 bytes, there are 12"},
    {12, {0, 0, 14, 1, 0x80, 0, 0, 0, 1, 2, 3, 4}, TP_E_FORMAT, "make 17179869192 bytes, there are 12"},
    /* products that wrap: to 0, to 1 and to 4 modulo 2^64, and with a 0 among them */
    {20, {0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}, TP_E_LIMIT, "overflows"},
    {20, {0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4}, TP_E_LIMIT, "overflows"},
    {20, {0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 1, 2, 3, 4}, TP_E_LIMIT, "overflows"},
    {16, {0, 0, 14, 2, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4}, TP_E_LIMIT, "overflows"},
    {24,
     {0, 0, 8, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3, 4},
     TP_E_LIMIT,
     "overflows"},
    /* all bits set; text */
    {12, {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, TP_E_FORMAT, "begins with ff ff"},
    {12, "1,2,3\n4,5,6", TP_E_FORMAT, "begins with 31 2c"},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

START_TEST(idx_refuses_hostile_headers)
{
    refused(wrong[_i].bytes, wrong[_i].n, wrong[_i].status, wrong[_i].text);
}
END_TEST

/* Every byte of a good file replaced by every value: an error or a tensor, and nothing left behind. */
START_TEST(idx_survives_any_changed_byte)
{
    const sample *s = &samples[_i];
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

static void reports_failures(const void *bytes, size_t n)
{
    fail_at = 0;
    tp_tensor *tensor = read_counted(bytes, n, NULL);
    ck_assert_ptr_nonnull(tensor);
    tp_tensor_release(tensor);
    ck_assert_int_eq(live, 0);
    const long needed = calls;
    for (long i = 1; i <= needed; i++) {
        tp_error error = {0};
        fail_at = i;
        ck_assert_ptr_null(read_counted(bytes, n, &error));
        ck_assert_int_eq(error.status, TP_E_MEMORY);
    }
    fail_at = 0;
}

START_TEST(idx_reports_every_failed_allocation)
{
    reports_failures(idx_f64, sizeof idx_f64);
}
END_TEST

/* A pipe does not tell its size: blocks grow as bytes arrive. */
START_TEST(idx_reads_from_a_pipe)
{
    enum { COUNT = 300000 };
    strcpy(path, "/tmp/tapir-test-XXXXXX");
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

/* ---- gzip ---- */

#if defined(TP_WITH_ZLIB)

/* Packs into `out` of `room` bytes; returns how many there are. */
static size_t pack(const void *bytes, size_t n, unsigned char *out, size_t room)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

START_TEST(gzip_reads_as_plain)
{
    const sample *s = &samples[_i];
    unsigned char packed[256];
    const size_t n = pack(s->bytes, s->n, packed, sizeof packed);
    tp_error error = {0};
    check_sample(s, tp_parse_idx(packed, n, &error), &error);
    check_sample(s, read_counted(packed, n, &error), &error);
    ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(gzip_refuses_every_truncation)
{
    const sample *s = &samples[_i];
    unsigned char packed[256];
    const size_t n = pack(s->bytes, s->n, packed, sizeof packed);
    for (size_t k = 2; k < n; k++) refused(packed, k, TP_E_FORMAT, "gzip stream ends early");
    refused(packed, 1, TP_E_FORMAT, "the magic number needs 4 bytes, there are 1");
    for (size_t k = 0; k < s->n; k++) { /* a whole stream that holds too little */
        const size_t m = pack(s->bytes, k, packed, sizeof packed);
        refused(packed, m, TP_E_FORMAT, k < 4 ? "the magic number needs 4 bytes" : "bytes, there are ");
    }
}
END_TEST

START_TEST(gzip_refuses_what_follows)
{
    unsigned char packed[256], longer[32] = {0};
    size_t n = pack(idx_u8, sizeof idx_u8, packed, sizeof packed);
    packed[n] = 0;
    refused(packed, n + 1, TP_E_FORMAT, "gzip stream");
    memcpy(longer, idx_u8, sizeof idx_u8);
    n = pack(longer, sizeof idx_u8 + 1, packed, sizeof packed);
    refused(packed, n, TP_E_FORMAT, "dims (2,3) make 18 bytes, there are more: ");
}
END_TEST

START_TEST(gzip_members_are_joined)
{
    unsigned char packed[256];
    const sample *s = &samples[0];
    for (size_t cut = 0; cut <= s->n; cut++) {
        size_t n = pack(s->bytes, cut, packed, sizeof packed);
        n += pack(s->bytes + cut, s->n - cut, packed + n, sizeof packed - n);
        tp_error error = {0};
        check_sample(s, tp_parse_idx(packed, n, &error), &error);
    }
}
END_TEST

/* The checksum covers what the format cannot tell. (Bits that fill up deflate's last byte mean nothing.) */
START_TEST(gzip_notices_changed_bytes)
{
    unsigned char packed[256];
    const size_t n = pack(idx_f64, sizeof idx_f64, packed, sizeof packed);
    for (size_t at = 10; at < n; at++)
        for (int bit = 0; bit < 8; bit++) {
            packed[at] ^= (unsigned char)(1 << bit);
            tp_error error = {0};
            tp_tensor *tensor = read_counted(packed, n, &error);
            if (tensor) check_sample(&samples[5], tensor, &error);
            ck_assert_int_eq(tensor == NULL, error.status != TP_OK);
            packed[at] ^= (unsigned char)(1 << bit);
        }
}
END_TEST

START_TEST(gzip_takes_no_memory_that_is_only_declared)
{
    unsigned char packed[256];
    for (int i = 0; i < WRONG; i++) {
        const size_t n = pack(wrong[i].bytes, wrong[i].n, packed, sizeof packed);
        refused(packed, n, wrong[i].status, wrong[i].status == TP_E_FORMAT ? "" : wrong[i].text);
    }
}
END_TEST

/* More than one block, and more than the reader's room at once. */
START_TEST(gzip_reads_large_files)
{
    enum { COUNT = 3000000 };
    unsigned char *bytes = malloc(COUNT + 8), *packed = malloc(2 * COUNT);
    const unsigned char head[] = {0, 0, 8, 1, 0, COUNT >> 16, (COUNT >> 8) & 255, COUNT & 255};
    memcpy(bytes, head, sizeof head);
    uint32_t noise = 1;
    for (int i = 0; i < COUNT; i++) bytes[8 + i] = (unsigned char)((noise = noise * 1664525 + 1013904223) >> 27);
    const size_t n = pack(bytes, COUNT + 8, packed, 2 * COUNT);
    tp_error error = {0};
    tp_tensor *tensor = read_counted(packed, n, &error);
    ck_assert_msg(tensor != NULL, "%s", error.message);
    ck_assert_mem_eq(tp_tensor_read(tensor), bytes + 8, COUNT);
    tp_tensor_release(tensor);
    ck_assert_int_eq(live, 0);
    ck_assert_ptr_null(read_counted(packed, n - n / 3, &error));
    free(bytes);
    free(packed);
}
END_TEST

START_TEST(gzip_reports_every_failed_allocation)
{
    unsigned char packed[256];
    const size_t n = pack(idx_f64, sizeof idx_f64, packed, sizeof packed);
    reports_failures(packed, n);
}
END_TEST

#else

START_TEST(gzip_without_zlib_is_refused_by_name)
{
    refused((const unsigned char[]){0x1f, 0x8b, 8, 0}, 4, TP_E_UNSUPPORTED, "built without zlib");
}
END_TEST

#endif

Suite *io_suite(void)
{
    Suite *suite = suite_create("io");
    TCase *idx = tcase_create("idx");
    tcase_add_loop_test(idx, idx_reads_every_element_type, 0, SAMPLES);
    tcase_add_loop_test(idx, idx_refuses_every_truncation, 0, SAMPLES);
    tcase_add_test(idx, idx_names_the_byte_counts);
    tcase_add_loop_test(idx, idx_refuses_trailing_bytes, 0, SAMPLES);
    tcase_add_loop_test(idx, idx_refuses_hostile_headers, 0, WRONG);
    tcase_add_loop_test(idx, idx_survives_any_changed_byte, 0, SAMPLES);
    tcase_add_test(idx, missing_files_and_null_are_errors);
    tcase_add_test(idx, idx_reports_every_failed_allocation);
    tcase_add_test(idx, idx_reads_from_a_pipe);
    suite_add_tcase(suite, idx);
    TCase *gzip = tcase_create("gzip");
#if defined(TP_WITH_ZLIB)
    tcase_add_loop_test(gzip, gzip_reads_as_plain, 0, SAMPLES);
    tcase_add_loop_test(gzip, gzip_refuses_every_truncation, 0, SAMPLES);
    tcase_add_test(gzip, gzip_refuses_what_follows);
    tcase_add_test(gzip, gzip_members_are_joined);
    tcase_add_test(gzip, gzip_notices_changed_bytes);
    tcase_add_test(gzip, gzip_takes_no_memory_that_is_only_declared);
    tcase_add_test(gzip, gzip_reads_large_files);
    tcase_add_test(gzip, gzip_reports_every_failed_allocation);
#else
    tcase_add_test(gzip, gzip_without_zlib_is_refused_by_name);
#endif
    suite_add_tcase(suite, gzip);
    return suite;
}
