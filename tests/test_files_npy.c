/* npy and npz: what NumPy wrote is read bit for bit, what is written is what NumPy would write, the rest is refused. */
#include "tests/test_files.h"

#if defined(TP_WITH_ZLIB)
enum { ZLIB = 1 };
#else
enum { ZLIB = 0 };
#endif

static tp_npz *opened(const char *name)
{
    char path[FILES_PATH];
    tp_error error = {0};
    tp_npz *archive = tp_npz_open(files_stored(path, name), &error);
    ck_assert_msg(archive != NULL, "%s", error.message);
    return archive;
}

/* Every type, byte order and order of indices; the same in safetensors by another hand. */
START_TEST(arrays_are_read)
{
    char path[FILES_PATH];
    tp_npz *archive = opened("arrays.npz");
    tp_safetensors *held = tp_safetensors_open(files_stored(path, "arrays_held.safetensors"), NULL);
    ck_assert_uint_eq(tp_npz_count(archive), tp_safetensors_count(held));
    ck_assert_uint_ge(tp_npz_count(archive), 45);
    for (size_t i = 0; i < tp_npz_count(archive); i++) {
        tp_error error = {0};
        tp_tensor *a = tp_npz_tensor_at(archive, i, &error);
        ck_assert_msg(a != NULL, "%s", error.message);
        tp_tensor *b = tp_safetensors_tensor(held, tp_npz_name(archive, i), &error);
        ck_assert_msg(b != NULL, "%s", error.message);
        files_same(a, b);
        tp_tensor_release(a);
        tp_tensor_release(b);
    }
    tp_error error = {0};
    ck_assert_ptr_null(tp_npz_tensor(archive, "none", &error));
    FILES_REFUSED(error, TP_E_ARGUMENT, "there is no \"none\" among");
    tp_npz_close(archive);
    tp_safetensors_close(held);
}
END_TEST

START_TEST(deflated_arrays_are_read)
{
    tp_npz *plain = opened("arrays.npz"), *deflated = opened("deflated.npz");
    ck_assert_uint_eq(tp_npz_count(deflated), 5);
    for (size_t i = 0; i < 5; i++) {
        tp_error error = {0};
        tp_tensor *a = tp_npz_tensor_at(deflated, i, &error);
        if (!ZLIB && !a && error.status == TP_E_UNSUPPORTED) continue;
        ck_assert_msg(a != NULL, "%s", error.message);
        if (i == 0) {
            ck_assert_int_eq(tp_tensor_count(a), 3000);
            for (int64_t j = 0; j < 3000; j++) ck_assert(tp_tensor_item(a, j) == 0);
        } else {
            tp_tensor *b = tp_npz_tensor(plain, tp_npz_name(deflated, i), NULL);
            files_same(a, b);
            tp_tensor_release(b);
        }
        tp_tensor_release(a);
    }
    tp_npz_close(plain);
    tp_npz_close(deflated);
}
END_TEST

static const char *const plain[] = {"matrix.npy", "vector.npy", "scalar.npy", "none.npy", "bytes.npy"};

START_TEST(what_is_written_is_what_numpy_writes)
{
    const files_folder folder = files_open();
    char from[FILES_PATH], to[FILES_PATH + 64];
    tp_error error = {0};
    tp_tensor *x = tp_read_npy(files_stored(from, plain[_i]), &error);
    ck_assert_msg(x != NULL, "%s", error.message);
    ck_assert_msg(tp_write_npy(files_in(&folder, to, "x.npy"), x, &error) == TP_OK, "%s", error.message);
    size_t n;
    unsigned char *bytes = files_bytes(from, &n);
    files_expect(to, bytes, n);
    free(bytes);
    tp_tensor_release(x);
    files_close(&folder);
}
END_TEST

START_TEST(later_versions_and_zip64_are_read)
{
    static const char *const names[] = {"version2.npy", "version3.npy"};
    char path[FILES_PATH];
    tp_error error = {0};
    tp_tensor *wanted = tp_read_npy(files_stored(path, "matrix.npy"), NULL);
    for (int i = 0; i < 2; i++) {
        tp_tensor *x = tp_read_npy(files_stored(path, names[i]), &error);
        ck_assert_msg(x != NULL, "%s", error.message);
        files_same(x, wanted);
        tp_tensor_release(x);
    }
    tp_npz *archive = opened("zip64.npz");
    tp_tensor *b = tp_npz_tensor(archive, "b", &error);
    ck_assert_msg(b != NULL, "%s", error.message);
    files_same(b, wanted);
    tp_tensor_release(b);
    tp_tensor_release(wanted);
    tp_npz_close(archive);
}
END_TEST

START_TEST(archives_come_back)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64], again[FILES_PATH + 64];
    tp_tensor *x[] = {random_tensor(TP_F32, TP_DIMS(50, 70), 1, -1, 1), tensor_of(TP_F64, TP_DIMS(20000), NULL),
                      tensor_of(TP_I32, TP_DIMS(), NUMBERS(7)), tensor_of(TP_U8, TP_DIMS(0), NULL)};
    tp_tensor *turned = tp_tensor_transpose(x[0], 0, 1, NULL), *dense = tp_tensor_clone(turned);
    const tp_named_tensor named[] = {
        {"a", x[0]}, {"zeros", x[1]}, {"w\xc3\xb6rter/b", x[2]}, {"e", x[3]}, {"t", turned}};
    tp_error error = {0};
    const bool compressed = _i;
    const tp_status status = tp_write_npz(NULL, files_in(&folder, path, "x.npz"), named, 5, compressed, &error);
    if (!ZLIB && status == TP_E_UNSUPPORTED) goto done;
    ck_assert_msg(status == TP_OK, "%s", error.message);
    tp_npz *archive = tp_npz_open(path, &error);
    ck_assert_msg(archive != NULL, "%s", error.message);
    for (size_t i = 0; i < 5; i++) {
        tp_tensor *back = tp_npz_tensor(archive, named[i].name, &error);
        ck_assert_msg(back != NULL, "%s", error.message);
        files_same(back, i < 4 ? x[i] : dense);
        tp_tensor_release(back);
    }
    tp_npz_close(archive);
    size_t n;
    unsigned char *bytes = files_bytes(path, &n);
    if (compressed) ck_assert_uint_lt(n, 160000);
    ck_assert_int_eq(tp_write_npz(NULL, files_in(&folder, again, "y.npz"), named, 5, compressed, NULL), TP_OK);
    files_expect(again, bytes, n);
    free(bytes);
done:
    for (int i = 0; i < 4; i++) tp_tensor_release(x[i]);
    tp_tensor_release(turned);
    tp_tensor_release(dense);
    files_close(&folder);
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
    tp_tensor *x = F32(TP_DIMS(1), 1);
    const tp_named_tensor wrong[] = {{"a", x}, {"a", x}, {"", x}, {NULL, x}, {"b", NULL}, {"\xff", x}};
    static const struct {
        size_t first, n;
        const char *text;
    } ways[] = {{0, 2, "the name \"a\" comes twice"},
                {2, 1, "name 0 is empty"},
                {3, 1, "the name 0 is NULL"},
                {4, 1, "the tensor 0 is NULL"},
                {5, 1, "not UTF-8: \"?\""}};
    tp_error error = {0};
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(tp_write_npz(NULL, "nowhere/x", wrong + ways[i].first, ways[i].n, false, &error),
                         TP_E_ARGUMENT);
        FILES_REFUSED(error, TP_E_ARGUMENT, ways[i].text);
    }
    ck_assert_int_eq(tp_write_npz(NULL, "nowhere/x", NULL, 1, false, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_npz(NULL, NULL, wrong, 1, false, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_npz(NULL, "nowhere/x", wrong, 1, false, &error), TP_E_IO);
    ck_assert_int_eq(tp_write_npz(NULL, "nowhere/x", wrong, 65535, false, &error), TP_E_LIMIT);
    ck_assert_int_eq(tp_write_npy(NULL, x, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_npy("x", NULL, &error), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_npz_open(NULL, &error));
    ck_assert_ptr_null(tp_npz_open("nowhere", &error));
    FILES_REFUSED(error, TP_E_IO, "tp_npz_open: cannot open");
    ck_assert_ptr_null(tp_npz_tensor(NULL, "x", &error));
    ck_assert_ptr_null(tp_npz_tensor_at(NULL, 0, &error));
    ck_assert_ptr_null(tp_read_npy(NULL, &error));
    ck_assert_ptr_null(tp_parse_npy(NULL, 5, &error));
    ck_assert_ptr_null(tp_read_npy_into(NULL, "x", "x", 1, &error));
    ck_assert(tp_npz_count(NULL) == 0 && !tp_npz_name(NULL, 0));
    tp_npz_close(NULL);
    tp_tensor_release(x);
}
END_TEST

/* ---- hostile ---- */

static const struct {
    const char *header;
    size_t data;
    tp_status status;
    const char *text;
} wrong[] = {
    {"", 0, TP_E_FORMAT, "byte 10: '{' is wanted"},
    {"{}", 0, TP_E_FORMAT, "descr, fortran_order and shape are wanted"},
    {"{'descr': '<f4', 'fortran_order': False, }", 0, TP_E_FORMAT, "are wanted"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, TP_E_FORMAT, "there is no such key"},
    {"{'descr': '<f4', 'descr': '<f4'}", 4, TP_E_FORMAT, "a key that comes twice"},
    {"{'descr': '<f4' 'fortran_order': False}", 4, TP_E_FORMAT, "',' or '}' is wanted"},
    {"{'descr': '<f4', 'fortran_order': false, 'shape': (1,)}", 4, TP_E_FORMAT, "True or False"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", 4, TP_E_FORMAT, "a shape that is no tuple"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", 4, TP_E_FORMAT, "',' or ')' is wanted"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, TP_E_FORMAT, "a whole number, 0 or more"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,", 4, TP_E_FORMAT, "a whole number, 0 or more"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, TP_E_FORMAT, "nothing more is wanted"},
    {"{'descr': '<f4, 'fortran_order': False}", 4, TP_E_UNSUPPORTED, "elements \"<f4, \""},
    {"{'descr", 4, TP_E_FORMAT, "the string is not closed"},
    {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", 4, TP_E_FORMAT, "without byte order"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, TP_E_UNSUPPORTED,
     "elements \"<c8\", for which there is no dtype"},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, TP_E_UNSUPPORTED, "elements \"|O\""},
    {"{'descr': '<U5', 'fortran_order': False, 'shape': (1,)}", 20, TP_E_UNSUPPORTED, "elements \"<U5\""},
    {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", 16, TP_E_UNSUPPORTED, "elements \"<f16\""},
    {"{'descr': '<B2', 'fortran_order': False, 'shape': (1,)}", 2, TP_E_UNSUPPORTED, "elements \"<B2\""},
    {"{'descr': '', 'fortran_order': False, 'shape': (1,)}", 2, TP_E_UNSUPPORTED, "elements \"\""},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, TP_E_UNSUPPORTED, "an array of records"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, TP_E_LIMIT, "more than 8 dims"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 4, TP_E_LIMIT, "2^63"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (4194305, 4194305, 211106198978564)}", 4, TP_E_LIMIT,
     "overflows"},
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 4294967296, 0)}", 0, TP_E_LIMIT, "overflows"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296,)}", 12, TP_E_FORMAT,
     "shape (4294967296) ends at byte"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9, TP_E_FORMAT, "ends at byte"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7, TP_E_FORMAT, "the file ends at"},
};

static tp_status read_npy(const tp_allocator *memory, const void *bytes, size_t n, tp_error *error)
{
    tp_tensor *tensor = tp_read_npy_into(memory, NULL, bytes, n, error);
    tp_tensor_release(tensor);
    return error->status;
}

START_TEST(wrong_headers_are_refused)
{
    unsigned char bytes[256] = "\x93NUMPY\1\0";
    const size_t length = strlen(wrong[_i].header);
    bytes[8] = (unsigned char)length;
    memcpy(bytes + 10, wrong[_i].header, length);
    counter c = {.limit = 100000};
    const tp_allocator memory = counted(&c);
    tp_error error = {0};
    ck_assert_msg(read_npy(&memory, bytes, 10 + length + wrong[_i].data, &error) != TP_OK, "%s", wrong[_i].header);
    FILES_REFUSED(error, wrong[_i].status, wrong[_i].text);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

START_TEST(wrong_beginnings_are_refused)
{
    static const struct {
        const char *bytes;
        size_t n;
        tp_status status;
        const char *text;
    } ways[] = {{"", 0, TP_E_FORMAT, "the magic number needs 8 bytes, there are 0"},
                {"\x93NUMPX\1\0\0\0", 10, TP_E_FORMAT, "it does not begin with"},
                {"\x93NUMPY\4\0\0\0", 10, TP_E_UNSUPPORTED, "version 4.0"},
                {"\x93NUMPY\1\1\0\0", 10, TP_E_UNSUPPORTED, "version 1.1"},
                {"\x93NUMPY\1\0\7", 9, TP_E_FORMAT, "byte 8: the header's length needs 2 bytes, there are 1"},
                {"\x93NUMPY\1\0\7\0{", 11, TP_E_FORMAT, "byte 10: the header needs 7 bytes, there are 1"},
                {"\x93NUMPY\2\0\377\377\377\377", 12, TP_E_LIMIT, "a header of 4294967295 bytes"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        tp_error error = {0};
        ck_assert_ptr_null(tp_parse_npy(ways[i].bytes, ways[i].n, &error));
        FILES_REFUSED(error, ways[i].status, ways[i].text);
    }
}
END_TEST

static tp_status read_npz(const tp_allocator *memory, const void *bytes, size_t n, tp_error *error)
{
    tp_npz *archive = tp_npz_open_into(memory, NULL, bytes, n, error);
    for (size_t i = 0; i < tp_npz_count(archive) && error->status == TP_OK; i++)
        tp_tensor_release(tp_npz_tensor_at(archive, i, error));
    tp_npz_close(archive);
    return error->status;
}

static unsigned char *small_archive(bool compressed, size_t *n)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_tensor *x = F32(TP_DIMS(2, 2), 1, 2, 3, 4), *y = tensor_of(TP_U8, TP_DIMS(40), NULL);
    const tp_named_tensor named[] = {{"x", x}, {"y", y}};
    const tp_status status = tp_write_npz(NULL, files_in(&folder, path, "x.npz"), named, 2, compressed, NULL);
    unsigned char *bytes = status == TP_OK ? files_bytes(path, n) : NULL;
    tp_tensor_release(x);
    tp_tensor_release(y);
    files_close(&folder);
    return bytes;
}

/* Any single bit that is wrong in elements, sizes, names or checksums is noticed, or harmless. */
START_TEST(damaged_archives_are_survived)
{
    size_t n;
    unsigned char *bytes = small_archive(_i, &n);
    if (!bytes) return;
    files_survives(read_npz, bytes, n);
    files_reports_failures(read_npz, bytes, n);
    free(bytes);
}
END_TEST

START_TEST(damaged_arrays_are_survived)
{
    static const char *const names[] = {"matrix.npy", "bytes.npy"};
    char path[FILES_PATH];
    size_t n;
    unsigned char *bytes = files_bytes(files_stored(path, names[_i]), &n);
    files_survives(read_npy, bytes, n);
    files_reports_failures(read_npy, bytes, n);
    free(bytes);
}
END_TEST

/* Each change of an archive that is right, by its place from the start (or, negative, from the end). */
START_TEST(hostile_archives_are_refused)
{
    enum { X_DATA = 30 + 5, CENTRAL_X = -22 - 2 * (46 + 5), CENTRAL_Y = -22 - (46 + 5) };
    static const struct {
        long at;
        unsigned char value;
        const char *text;
    } ways[] = {
        {X_DATA + 140, 9, "has another checksum"},
        {CENTRAL_X + 16, 0, "has another checksum"},
        {CENTRAL_X + 8, 1, "is encrypted"},
        {CENTRAL_X + 10, 8, "whose method is not the directory's"},
        {CENTRAL_X + 20, 1, "two sizes"},
        {CENTRAL_X + 27, 0x7f, "two sizes"},
        {CENTRAL_X + 42, 10, "no header of an entry"},
        {CENTRAL_Y + 42, 0, "does not lie before"},
        {CENTRAL_Y + 43, 255, "does not lie before"},
        {CENTRAL_Y + 45, 0xff, "does not lie before"},
        {CENTRAL_Y + 46, 'x', "the name \"x\" comes twice"},
        {CENTRAL_Y + 46, 0xff, "a name that is not UTF-8"},
        {CENTRAL_Y + 46, 0, "a name that is not UTF-8"},
        {CENTRAL_Y + 28, 6, "goes on past the directory"},
        {CENTRAL_Y, 'Q', "no entry of the directory"},
        {-22, 'Q', "no end record"},
        {-2, 1, "no end record"},
        {-10, 0, "does not end where its end record begins"},
        {-14, 1, "in several parts"},
        {-18, 1, "in several parts"},
    };
    size_t n;
    unsigned char *bytes = small_archive(false, &n);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        unsigned char *copy = malloc(n);
        memcpy(copy, bytes, n);
        copy[ways[i].at < 0 ? (long)n + ways[i].at : ways[i].at] = ways[i].value;
        counter c = {.limit = 200000};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        ck_assert_msg(read_npz(&memory, copy, n, &error) != TP_OK, "%s: was read", ways[i].text);
        ck_assert_msg(strstr(error.message, ways[i].text), "%s, not %s", error.message, ways[i].text);
        ck_assert_uint_eq(c.blocks, 0);
        free(copy);
    }
    free(bytes);
}
END_TEST

START_TEST(writing_reports_every_failed_allocation)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_tensor *x = F32(TP_DIMS(2, 2), 1, 2, 3, 4);
    const tp_named_tensor named[] = {{"x", x}, {"a", x}};
    files_in(&folder, path, "x.npz");
    for (int compressed = 0; compressed < 2; compressed++) {
        tp_status status = TP_E_MEMORY;
        for (size_t at = 1; status == TP_E_MEMORY; at++) {
            counter c = {.fail_at = at};
            const tp_allocator memory = counted(&c);
            status = tp_write_npz(&memory, path, named, 2, compressed, NULL);
            ck_assert_uint_eq(c.blocks, 0);
            ck_assert_uint_lt(at, 100);
        }
        ck_assert(status == TP_OK || (!ZLIB && compressed && status == TP_E_UNSUPPORTED));
    }
    tp_tensor_release(x);
    files_close(&folder);
}
END_TEST

TCase *files_npy_case(void)
{
    TCase *tcase = tcase_create("npy");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, arrays_are_read);
    tcase_add_test(tcase, deflated_arrays_are_read);
    tcase_add_loop_test(tcase, what_is_written_is_what_numpy_writes, 0, 5);
    tcase_add_test(tcase, later_versions_and_zip64_are_read);
    tcase_add_loop_test(tcase, archives_come_back, 0, 2);
    tcase_add_test(tcase, what_cannot_be_written_is_an_error);
    tcase_add_loop_test(tcase, wrong_headers_are_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tcase, wrong_beginnings_are_refused);
    tcase_add_loop_test(tcase, damaged_archives_are_survived, 0, 2);
    tcase_add_loop_test(tcase, damaged_arrays_are_survived, 0, 2);
    tcase_add_test(tcase, hostile_archives_are_refused);
    tcase_add_test(tcase, writing_reports_every_failed_allocation);
    return tcase;
}
