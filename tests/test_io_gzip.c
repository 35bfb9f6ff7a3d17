/* Reading IDX through gzip: the same contents, and whatever is wrong with the stream is refused with a reason. */
#if defined(TP_WITH_ZLIB)
#include <zlib.h>
#endif

#include "tests/test_layers.h"

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
    const idx_sample *s = &idx_samples[_i];
    unsigned char packed[256];
    const size_t n = pack(s->bytes, s->n, packed, sizeof packed);
    tp_error error = {0};
    idx_expect(s, tp_parse_idx(packed, n, &error), &error);
    idx_expect(s, idx_read(packed, n, &error), &error);
    ck_assert_int_eq(idx_blocks(), 0);
}
END_TEST

START_TEST(gzip_refuses_every_truncation)
{
    const idx_sample *s = &idx_samples[_i];
    unsigned char packed[256];
    const size_t n = pack(s->bytes, s->n, packed, sizeof packed);
    for (size_t k = 2; k < n; k++) idx_refused(packed, k, TP_E_FORMAT, "gzip stream ends early");
    idx_refused(packed, 1, TP_E_FORMAT, "the magic number needs 4 bytes, there are 1");
    for (size_t k = 0; k < s->n; k++) { /* a whole stream that holds too little */
        const size_t m = pack(s->bytes, k, packed, sizeof packed);
        idx_refused(packed, m, TP_E_FORMAT, k < 4 ? "the magic number needs 4 bytes" : "bytes, there are ");
    }
}
END_TEST

START_TEST(gzip_refuses_what_follows)
{
    const idx_sample *u8 = &idx_samples[IDX_U8];
    unsigned char packed[256], longer[32] = {0};
    size_t n = pack(u8->bytes, u8->n, packed, sizeof packed);
    packed[n] = 0;
    idx_refused(packed, n + 1, TP_E_FORMAT, "gzip stream");
    memcpy(longer, u8->bytes, u8->n);
    n = pack(longer, u8->n + 1, packed, sizeof packed);
    idx_refused(packed, n, TP_E_FORMAT, "dims (2,3) make 18 bytes, there are more: ");
}
END_TEST

START_TEST(gzip_members_are_joined)
{
    unsigned char packed[256];
    const idx_sample *s = &idx_samples[IDX_U8];
    for (size_t cut = 0; cut <= s->n; cut++) {
        size_t n = pack(s->bytes, cut, packed, sizeof packed);
        n += pack(s->bytes + cut, s->n - cut, packed + n, sizeof packed - n);
        tp_error error = {0};
        idx_expect(s, tp_parse_idx(packed, n, &error), &error);
    }
}
END_TEST

/* The checksum covers what the format cannot tell. (Bits that fill up deflate's last byte mean nothing.) */
START_TEST(gzip_notices_changed_bytes)
{
    const idx_sample *f64 = &idx_samples[IDX_F64];
    unsigned char packed[256];
    const size_t n = pack(f64->bytes, f64->n, packed, sizeof packed);
    for (size_t at = 10; at < n; at++)
        for (int bit = 0; bit < 8; bit++) {
            packed[at] ^= (unsigned char)(1 << bit);
            tp_error error = {0};
            tp_tensor *tensor = idx_read(packed, n, &error);
            if (tensor) idx_expect(f64, tensor, &error);
            ck_assert_int_eq(tensor == NULL, error.status != TP_OK);
            packed[at] ^= (unsigned char)(1 << bit);
        }
}
END_TEST

START_TEST(gzip_takes_no_memory_that_is_only_declared)
{
    unsigned char packed[256];
    for (int i = 0; i < IDX_WRONG; i++) {
        const size_t n = pack(idx_wrong[i].bytes, idx_wrong[i].n, packed, sizeof packed);
        idx_refused(packed, n, idx_wrong[i].status, idx_wrong[i].status == TP_E_FORMAT ? "" : idx_wrong[i].text);
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
    tp_tensor *tensor = idx_read(packed, n, &error);
    ck_assert_msg(tensor != NULL, "%s", error.message);
    ck_assert_mem_eq(tp_tensor_read(tensor), bytes + 8, COUNT);
    tp_tensor_release(tensor);
    ck_assert_int_eq(idx_blocks(), 0);
    ck_assert_ptr_null(idx_read(packed, n - n / 3, &error));
    free(bytes);
    free(packed);
}
END_TEST

START_TEST(gzip_reports_every_failed_allocation)
{
    const idx_sample *f64 = &idx_samples[IDX_F64];
    unsigned char packed[256];
    const size_t n = pack(f64->bytes, f64->n, packed, sizeof packed);
    idx_reports_failures(packed, n);
}
END_TEST

#else

START_TEST(gzip_without_zlib_is_refused_by_name)
{
    idx_refused((const unsigned char[]){0x1f, 0x8b, 8, 0}, 4, TP_E_UNSUPPORTED, "built without zlib");
}
END_TEST

#endif

TCase *io_gzip_case(void)
{
    TCase *tcase = tcase_create("gzip");
#if defined(TP_WITH_ZLIB)
    tcase_add_loop_test(tcase, gzip_reads_as_plain, 0, IDX_SAMPLES);
    tcase_add_loop_test(tcase, gzip_refuses_every_truncation, 0, IDX_SAMPLES);
    tcase_add_test(tcase, gzip_refuses_what_follows);
    tcase_add_test(tcase, gzip_members_are_joined);
    tcase_add_test(tcase, gzip_notices_changed_bytes);
    tcase_add_test(tcase, gzip_takes_no_memory_that_is_only_declared);
    tcase_add_test(tcase, gzip_reads_large_files);
    tcase_add_test(tcase, gzip_reports_every_failed_allocation);
#else
    tcase_add_test(tcase, gzip_without_zlib_is_refused_by_name);
#endif
    return tcase;
}
