/* Reading IDX: the suite, put together from the files test_io_*.c, and the files that these read. */
#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "tests/test_layers.h"

/* ---- reading, with everything counted ---- */

static size_t largest; /* request of the allocator below */
static long live, calls, fail_at;

void idx_pattern(char path[IDX_PATH])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, IDX_PATH, "%s/tapir-test-XXXXXX", folder && strlen(folder) < IDX_PATH - 24 ? folder : ".");
}

const char *idx_file(const void *bytes, size_t n)
{
    static char path[IDX_PATH];
    idx_pattern(path);
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert(write(file, bytes, n) == (ssize_t)n);
    close(file);
    return path;
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

long idx_blocks(void)
{
    return live;
}

tp_tensor *idx_read(const void *bytes, size_t n, tp_error *error)
{
    largest = 0;
    live = calls = 0;
    const char *path = idx_file(bytes, n);
    tp_tensor *tensor = tp_read_idx_into(&counting, path, error);
    unlink(path);
    if (!tensor) ck_assert_int_eq(live, 0);
    return tensor;
}

void idx_refused(const void *bytes, size_t n, tp_status status, const char *text)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_parse_idx(bytes, n, &error));
    ck_assert_msg(error.status == status, "%s: %s", tp_status_name(error.status), error.message);
    ck_assert_msg(strstr(error.message, text) != NULL, "%s", error.message);
    ck_assert_ptr_null(tp_parse_idx(bytes, n, NULL));
    error = (tp_error){0};
    ck_assert_ptr_null(idx_read(bytes, n, &error));
    ck_assert_msg(error.status == status, "%s: %s", tp_status_name(error.status), error.message);
    ck_assert_msg(strstr(error.message, text) != NULL, "%s", error.message);
    ck_assert_uint_lt(largest, 1 << 20);
}

void idx_expect(const idx_sample *s, tp_tensor *tensor, const tp_error *error)
{
    ck_assert_msg(tensor != NULL, "%s", error->message);
    ck_assert_int_eq(tp_tensor_dtype(tensor), s->dtype);
    ck_assert_int_eq(tp_tensor_rank(tensor), s->rank);
    for (int i = 0; i < s->rank; i++) ck_assert_int_eq(tp_tensor_dim(tensor, i), s->dims[i]);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) ck_assert(tp_tensor_item(tensor, i) == s->values[i]);
    tp_tensor_release(tensor);
}

void idx_reports_failures(const void *bytes, size_t n)
{
    fail_at = 0;
    tp_tensor *tensor = idx_read(bytes, n, NULL);
    ck_assert_ptr_nonnull(tensor);
    tp_tensor_release(tensor);
    ck_assert_int_eq(live, 0);
    const long needed = calls;
    for (long i = 1; i <= needed; i++) {
        tp_error error = {0};
        fail_at = i;
        ck_assert_ptr_null(idx_read(bytes, n, &error));
        ck_assert_int_eq(error.status, TP_E_MEMORY);
    }
    fail_at = 0;
}

/* ---- what is right ---- */

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

const idx_sample idx_samples[] = {
    [IDX_U8] = {SAMPLE(u8), TP_U8, 2, {2, 3}, {0, 1, 127, 128, 254, 255}},
    [IDX_I8] = {SAMPLE(i8), TP_I32, 1, {5}, {0, 1, 127, -128, -1}},
    [IDX_I16] = {SAMPLE(i16), TP_I32, 1, {4}, {258, 32767, -32768, -1}},
    [IDX_I32] = {SAMPLE(i32), TP_I32, 2, {3, 1}, {16909060, -2147483648., -1}},
    [IDX_F32] = {SAMPLE(f32), TP_F32, 1, {4}, {1, (double)-3.14159274f, HUGE_VAL, 0x1p-149}},
    [IDX_F64] = {SAMPLE(f64), TP_F64, 3, {1, 2, 1}, {3.141592653589793, -1}},
    [IDX_DEEP] = {SAMPLE(deep), TP_U8, 8, {1, 1, 1, 1, 1, 1, 1, 2}, {7, 9}},
    [IDX_EMPTY] = {SAMPLE(empty), TP_F32, 2, {0, 28}, {0}},
};
_Static_assert(sizeof idx_samples / sizeof *idx_samples == IDX_SAMPLES, "IDX_SAMPLES ends their names");

/* ---- what is wrong ---- */

const idx_hostile idx_wrong[] = {
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
_Static_assert(sizeof idx_wrong / sizeof *idx_wrong == IDX_WRONG, "IDX_WRONG counts the wrong files");

Suite *io_suite(void)
{
    Suite *suite = suite_create("io");
    suite_add_tcase(suite, io_idx_case());
    suite_add_tcase(suite, io_gzip_case());
    return suite;
}
