/* safetensors that are wrong: each is refused with its reason and its place, and nothing is lost. */
#include "tests/test_files.h"

/* A file of this header, padded to `length` (0: as it is), and `data` bytes. */
static unsigned char *built(const char *header, size_t data, size_t *n)
{
    const size_t length = strlen(header);
    unsigned char *bytes = calloc(8 + length + data + 1, 1);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    *n = 8 + length + data;
    return bytes;
}

#define F32_1 "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
#define ENTRY(type, shape, offsets) "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *header;
    size_t data;
    tp_status status;
    const char *text;
} wrong[] = {
    /* the text */
    {"", 0, TP_E_FORMAT, "byte 8: the header does not begin with '{'"},
    {" {}", 0, TP_E_FORMAT, "byte 8: the header does not begin with '{'"},
    {"[]", 0, TP_E_FORMAT, "does not begin with '{'"},
    {"{", 0, TP_E_FORMAT, "byte 9: a text is wanted, and the header ends"},
    {"{}}", 0, TP_E_FORMAT, "byte 10: nothing more is wanted, and there is '}'"},
    {"{} {}", 0, TP_E_FORMAT, "nothing more"},
    {"{\"a\"", 4, TP_E_FORMAT, "byte 12: ':' is wanted, and the header ends"},
    {"{\"a\":}", 4, TP_E_FORMAT, "byte 13: '{' is wanted, and there is '}'"},
    {"{\"a\":" F32_1 ",}", 4, TP_E_FORMAT, "a text is wanted, and there is '}'"},
    {"{\"a\":" F32_1 " \"b\":" F32_1 "}", 4, TP_E_FORMAT, "',' or '}' is wanted"},
    {"{\"a\":" F32_1, 4, TP_E_FORMAT, "',' or '}' is wanted, and the header ends"},
    {"{\"a\":null}", 0, TP_E_FORMAT, "byte 13: '{' is wanted, and there is 'n'"},
    {"{'a':" F32_1 "}", 4, TP_E_FORMAT, "a text is wanted"},
    {"{a:" F32_1 "}", 4, TP_E_FORMAT, "a text is wanted"},
    {"{\"a", 0, TP_E_FORMAT, "byte 11: the header ends in a text"},
    {"{\"a\n\":" F32_1 "}", 4, TP_E_FORMAT, "byte 11: a control character 0a in a text"},
    {"{\"\\x\":" F32_1 "}", 4, TP_E_FORMAT, "byte 10: there is no such escape"},
    {"{\"\\", 4, TP_E_FORMAT, "byte 10: there is no such escape"},
    {"{\"\\u12g4\":" F32_1 "}", 4, TP_E_FORMAT, "byte 10: \\u needs four hexadecimal digits"},
    {"{\"\\u12", 4, TP_E_FORMAT, "hexadecimal"},
    {"{\"\\u0000\":" F32_1 "}", 4, TP_E_FORMAT, "byte 10: a NUL in a text"},
    {"{\"\\ud800\":" F32_1 "}", 4, TP_E_FORMAT, "half a pair of surrogates"},
    {"{\"\\udc00\\ud800\":" F32_1 "}", 4, TP_E_FORMAT, "half a pair of surrogates"},
    {"{\"\\ud800\\u0041\":" F32_1 "}", 4, TP_E_FORMAT, "half a pair of surrogates"},
    {"{\"\x80\":" F32_1 "}", 4, TP_E_FORMAT, "byte 10: the text is not UTF-8"},
    {"{\"\xc0\xaf\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    {"{\"\xe0\x80\xaf\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    {"{\"\xed\xa0\x80\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    {"{\"\xf4\x90\x80\x80\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    {"{\"\xf8\x88\x80\x80\x80\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    {"{\"\xe2\x82\":" F32_1 "}", 4, TP_E_FORMAT, "not UTF-8"},
    /* one tensor */
    {"{\"a\":{}}", 0, TP_E_FORMAT, "byte 9: a tensor needs dtype, shape and data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, TP_E_FORMAT, "a tensor needs dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":[[[[]]]]}}", 4, TP_E_FORMAT,
     "there is no key \"x\" of a tensor"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 4, TP_E_FORMAT, "the key \"dtype\" comes twice"},
    {"{\"a\":" ENTRY("F33", "[1]", "[0,4]") "}", 4, TP_E_FORMAT, "byte 22: there is no element type \"F33\""},
    {"{\"a\":" ENTRY("f32", "[1]", "[0,4]") "}", 4, TP_E_FORMAT, "there is no element type \"f32\""},
    {"{\"a\":" ENTRY("F32", "1", "[0,4]") "}", 4, TP_E_FORMAT, "'[' is wanted, and there is '1'"},
    {"{\"a\":" ENTRY("F32", "[-1]", "[0,4]") "}", 4, TP_E_FORMAT,
     "a whole number, 0 or more, is wanted, and there is '-'"},
    {"{\"a\":" ENTRY("F32", "[1.0]", "[0,4]") "}", 4, TP_E_FORMAT, "',' or ']' is wanted, and there is '.'"},
    {"{\"a\":" ENTRY("F32", "[1e0]", "[0,4]") "}", 4, TP_E_FORMAT, "',' or ']' is wanted, and there is 'e'"},
    {"{\"a\":" ENTRY("F32", "[01]", "[0,4]") "}", 4, TP_E_FORMAT, "a number that begins with 0"},
    {"{\"a\":" ENTRY("F32", "[1,]", "[0,4]") "}", 4, TP_E_FORMAT, "a whole number"},
    {"{\"a\":" ENTRY("F32", "[\"1\"]", "[0,4]") "}", 4, TP_E_FORMAT, "a whole number"},
    {"{\"a\":" ENTRY("F32", "[[1]]", "[0,4]") "}", 4, TP_E_FORMAT, "a whole number"},
    {"{\"a\":" ENTRY("F32", "[9223372036854775808]", "[0,4]") "}", 4, TP_E_LIMIT, "a number of 2^63 or more"},
    {"{\"a\":" ENTRY("F32", "[99999999999999999999999999]", "[0,4]") "}", 4, TP_E_LIMIT, "2^63"},
    {"{\"a\":" ENTRY("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, TP_E_LIMIT, "more than 8 dims"},
    {"{\"a\":" ENTRY("F32", "[1]", "[0]") "}", 4, TP_E_FORMAT, "',' is wanted, and there is ']'"},
    {"{\"a\":" ENTRY("F32", "[1]", "[0,4,8]") "}", 4, TP_E_FORMAT, "']' is wanted, and there is ','"},
    {"{\"a\":" ENTRY("F32", "[2]", "[0,4]") "}", 4, TP_E_FORMAT, "F32 (2) makes 8 bytes, the offsets are 0 and 4"},
    {"{\"a\":" ENTRY("F32", "[1]", "[4,0]") "}", 4, TP_E_FORMAT, "the offsets are 4 and 0"},
    {"{\"a\":" ENTRY("F32", "[]", "[0,8]") "}", 8, TP_E_FORMAT, "F32 () makes 4 bytes"},
    /* products that wrap: to 8 modulo 2^64, to 0, and with a 0 among them */
    {"{\"a\":" ENTRY("U8", "[4194305,4194305,211106198978564]", "[0,4]") "}", 4, TP_E_LIMIT, "overflows"},
    {"{\"a\":" ENTRY("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, TP_E_LIMIT, "overflows"},
    {"{\"a\":" ENTRY("F32", "[4611686018427387905]", "[0,4]") "}", 4, TP_E_LIMIT, "overflows"},
    {"{\"a\":" ENTRY("U8", "[9223372036854775807]", "[0,9223372036854775807]") "}", 4, TP_E_LIMIT, "overflows"},
    {"{\"a\":" ENTRY("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, TP_E_LIMIT, "overflows"},
    /* 12 bytes that promise 4 GiB */
    {"{\"a\":" ENTRY("U8", "[4294967296]", "[0,4294967296]") "}", 4, TP_E_FORMAT,
     "\"a\" ends at 4294967296 of the data, which has 4 bytes"},
    /* all together */
    {"{\"a\":" F32_1 ",\"a\":" ENTRY("F32", "[1]", "[4,8]") "}", 8, TP_E_FORMAT, "byte 62: the name \"a\" comes twice"},
    {"{\"a\":" F32_1 ",\"\\u0061\":" ENTRY("F32", "[1]", "[4,8]") "}", 8, TP_E_FORMAT, "the name \"a\" comes twice"},
    {"{\"a\":" F32_1 ",\"b\":" ENTRY("F32", "[1]", "[0,4]") "}", 4, TP_E_FORMAT, "in the midst of what ends at 4"},
    {"{\"a\":" F32_1 ",\"b\":" ENTRY("F32", "[1]", "[2,6]") "}", 6, TP_E_FORMAT,
     "\"b\" begins at 2 of the data, in the midst"},
    {"{\"a\":" F32_1 ",\"b\":" ENTRY("F32", "[1]", "[8,12]") "}", 12, TP_E_FORMAT,
     "\"b\" begins at 8 of the data, with a hole after what ends at 4"},
    {"{\"a\":" ENTRY("F32", "[1]", "[4,8]") "}", 8, TP_E_FORMAT,
     "\"a\" begins at 4 of the data, with a hole after what ends at 0"},
    {"{\"a\":" F32_1 ",\"b\":" ENTRY("F32", "[0]", "[2,2]") "}", 4, TP_E_FORMAT, "in the midst"},
    {"{\"a\":" F32_1 "}", 3, TP_E_FORMAT, "\"a\" ends at 4 of the data, which has 3 bytes"},
    {"{\"a\":" F32_1 "}", 5, TP_E_FORMAT, "byte 66: the data has 5 bytes, the tensors end at 4"},
    {"{}", 1, TP_E_FORMAT, "byte 10: the data has 1 bytes, the tensors end at 0"},
    /* metadata */
    {"{\"__metadata__\":[]}", 0, TP_E_FORMAT, "'{' is wanted"},
    {"{\"__metadata__\":{\"a\":1}}", 0, TP_E_FORMAT, "byte 29: a text is wanted, and there is '1'"},
    {"{\"__metadata__\":{\"a\":{\"b\":{}}}}", 0, TP_E_FORMAT, "a text is wanted"},
    {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, TP_E_FORMAT, "byte 32: the key \"a\" comes twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, TP_E_FORMAT, "the key \"__metadata__\" comes twice"},
};

/* Reads all tensors of a file in memory. */
static tp_status read_all(const tp_allocator *memory, const void *bytes, size_t n, tp_error *error)
{
    tp_safetensors *file = tp_safetensors_open_into(memory, NULL, bytes, n, error);
    if (!file) return error->status;
    for (size_t i = 0; i < tp_safetensors_count(file); i++) {
        tp_tensor *tensor = tp_safetensors_tensor_at(file, i, error);
        tp_tensor_release(tensor);
        if (!tensor) break;
    }
    tp_safetensors_close(file);
    return error->status;
}

START_TEST(wrong_files_are_refused)
{
    size_t n;
    unsigned char *bytes = built(wrong[_i].header, wrong[_i].data, &n);
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_error error = {0};
    ck_assert_msg(read_all(&memory, bytes, n, &error) != TP_OK, "%s was read", wrong[_i].header);
    FILES_REFUSED(error, wrong[_i].status, wrong[_i].text);
    ck_assert_uint_eq(c.blocks, 0);
    ck_assert_ptr_null(tp_safetensors_parse(bytes, n, NULL));
    free(bytes);
}
END_TEST

START_TEST(wrong_lengths_are_refused)
{
    static const struct {
        unsigned char bytes[16];
        size_t n;
        const char *text;
    } lengths[] = {
        {{2}, 0, "the path or the bytes are NULL"},
        {{2}, 7, "the header's length needs 8 bytes, there are 7"},
        {{9, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, 16, "a header of 9 bytes, 8 follow"},
        {{1, 0xe1, 0xf5, 5, 0, 0, 0, 0, '{', '}'}, 16, "a header of 100000001 bytes, at most 100000000"},
        {{255, 255, 255, 255, 255, 255, 255, 255, '{', '}'}, 16, "a header of 18446744073709551615 bytes"},
        {{248, 255, 255, 255, 255, 255, 255, 255, '{', '}'}, 16, "at most 100000000"},
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        counter c = {.limit = 10000};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        ck_assert_ptr_null(
            tp_safetensors_open_into(&memory, NULL, lengths[i].n ? lengths[i].bytes : NULL, lengths[i].n, &error));
        ck_assert_msg(strstr(error.message, lengths[i].text), "%s", error.message);
        ck_assert_uint_eq(c.blocks, 0);
    }
}
END_TEST

/* Right, and unusual: white space, any order of keys and of data, escapes, empty tensors in between, no alignment. */
START_TEST(unusual_files_are_read)
{
    static const char header[] = "{ \"b\\/\\u00e9\\ud83e\\uddab\" :\t{\"data_offsets\":[1,5],\n\"shape\" : [ 1 , 1 ] , "
                                 "\"dtype\":\"F\\u00332\" } ,\r\n"
                                 "\"z\":{\"dtype\":\"F64\",\"shape\":[0,9],\"data_offsets\":[1,1]},"
                                 "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},\"\":{\"dtype\":\"F32\","
                                 "\"shape\":[0],\"data_offsets\":[5,5]}}  \n ";
    size_t n;
    unsigned char *bytes = built(header, 5, &n);
    const float wanted = 1.25f;
    bytes[n - 5] = 7;
    memcpy(bytes + n - 4, &wanted, 4);
    tp_error error = {0};
    tp_safetensors *file = tp_safetensors_parse(bytes, n, &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    tp_tensor *a = tp_safetensors_tensor(file, "a", NULL),
              *b = tp_safetensors_tensor(file, "b/\xc3\xa9\xf0\x9f\xa6\xab", &error);
    tp_tensor *z = tp_safetensors_tensor(file, "z", NULL), *nameless = tp_safetensors_tensor(file, "", NULL);
    ck_assert_msg(a && b && z && nameless, "%s", error.message);
    ck_assert(tp_tensor_item(a, 0) == 7 && tp_tensor_item(b, 0) == 1.25);
    ck_assert_int_eq(tp_tensor_dim(z, 1), 9);
    tp_tensor *const all[] = {a, b, z, nameless};
    for (int i = 0; i < 4; i++) tp_tensor_release(all[i]);
    tp_safetensors_close(file);
    free(bytes);
}
END_TEST

/* What Tapir cannot hold is told when it is asked for, and does not vanish. */
START_TEST(what_cannot_be_held_is_told)
{
    size_t n;
    unsigned char *bytes = built("{\"f8\":" ENTRY("F8_E4M3", "[4]", "[0,4]") ",\"u\":" ENTRY(
                                     "U64", "[2]", "[4,20]") ",\"v\":" ENTRY("U64", "[1]", "[20,28]") "}",
                                 28, &n);
    bytes[n - 9] = 0x80;
    bytes[n - 1] = 0x7f;
    tp_error error = {0};
    tp_safetensors *file = tp_safetensors_parse(bytes, n, &error);
    ck_assert_msg(file != NULL, "%s", error.message);
    tp_safetensors_info info;
    ck_assert(tp_safetensors_describe(file, 0, &info) && !info.readable);
    ck_assert_str_eq(info.encoding, "F8_E4M3");
    ck_assert_ptr_null(tp_safetensors_tensor(file, "f8", &error));
    FILES_REFUSED(error, TP_E_UNSUPPORTED, "\"f8\" is F8_E4M3, for which there is no dtype");
    ck_assert_ptr_null(tp_safetensors_tensor(file, "u", &error));
    char where[64];
    snprintf(where, sizeof where, "byte %zu: a U64 that does not fit into i64", n - 16);
    FILES_REFUSED(error, TP_E_LIMIT, where);
    tp_tensor *v = tp_safetensors_tensor(file, "v", &error);
    ck_assert(*(const int64_t *)tp_tensor_read(v) == 0x7f00000000000000);
    tp_tensor_release(v);
    tp_safetensors_close(file);
    free(bytes);
}
END_TEST

START_TEST(damaged_files_are_survived)
{
    static const char *const names[] = {"dtypes.safetensors", "torch_f32.safetensors"};
    char path[FILES_PATH];
    size_t n;
    unsigned char *bytes = files_bytes(files_stored(path, names[_i]), &n);
    files_survives(read_all, bytes, n);
    files_reports_failures(read_all, bytes, n);
    free(bytes);
}
END_TEST

START_TEST(missing_files_are_errors)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_safetensors_open("tests/files/none", &error));
    FILES_REFUSED(error, TP_E_IO, "tp_safetensors_open: cannot open: No such file or directory: tests/files/none");
    ck_assert_ptr_null(tp_safetensors_open("tests", &error));
    FILES_REFUSED(error, TP_E_IO, "no regular file: tests");
    ck_assert_ptr_null(tp_safetensors_open(NULL, &error));
    FILES_REFUSED(error, TP_E_ARGUMENT, "NULL");
    ck_assert_ptr_null(tp_safetensors_open_into(NULL, "x", "x", 1, &error));
    FILES_REFUSED(error, TP_E_ARGUMENT, "both");
}
END_TEST

TCase *files_safetensors_hostile_case(void)
{
    TCase *tcase = tcase_create("safetensors, hostile");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, wrong_files_are_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tcase, wrong_lengths_are_refused);
    tcase_add_test(tcase, unusual_files_are_read);
    tcase_add_test(tcase, what_cannot_be_held_is_told);
    tcase_add_loop_test(tcase, damaged_files_are_survived, 0, 2);
    tcase_add_test(tcase, missing_files_are_errors);
    return tcase;
}
