/* Vocabularies, encoding and decoding, windows. Invariant: the codes of a vocabulary ascend, each once. */
#include <tapir/io_text.h>

#include <inttypes.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"
#include "io/source.h"

#define CODES 0x110000u
#define UNIT_ROOM 5 /* bytes of a character, and a NUL */
#define LOW_CODES 256

struct tp_vocabulary {
    tp_allocator memory;
    tp_text_unit unit;
    size_t bytes;      /* of the block that this stands in, with all that follows */
    int32_t size;      /* units */
    size_t text_bytes; /* without the NUL */
    uint32_t *codes;
    char (*units)[UNIT_ROOM];
    char *text;
    int32_t low[LOW_CODES]; /* the number of a small code, or -1 */
};

/* ---- UTF-8 ---- */

/* The unit at `at`, of which `left` >= 1 bytes are there: its code goes to *code; returns its bytes, 0 when it is
   damaged. */
static size_t read_unit(tp_text_unit unit, const unsigned char *at, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    *code = at[0];
    if (unit == TP_TEXT_BYTES || at[0] < 0x80) return 1;
    const size_t n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < n) return 0;
    *code = at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (at[i] & 0x3fu);
    }
    return *code < least[n] || *code >= CODES || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* Writes it, with a NUL; returns its bytes. */
static size_t write_unit(tp_text_unit unit, uint32_t code, char to[UNIT_ROOM])
{
    const size_t n = unit == TP_TEXT_BYTES || code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    memset(to, 0, UNIT_ROOM);
    for (size_t i = n; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(first[n] | code);
    return n;
}

static tp_status not_utf8(const char *function, size_t at, tp_error *error)
{
    return tp_fail(error, TP_E_FORMAT, "%s: the text is not UTF-8 at byte %zu", function, at);
}

/* ---- vocabularies ---- */

static bool has_code(const uint64_t *seen, uint32_t code)
{
    return seen[code / 64] >> (code % 64) & 1;
}

/* Marks the codes that occur, and counts what a vocabulary of them takes. */
static tp_status look_through(const unsigned char *text, size_t n, tp_text_unit unit, uint64_t *seen, tp_vocabulary *v,
                              tp_error *error)
{
    char room[UNIT_ROOM];
    for (size_t i = 0, more; i < n; i += more) {
        uint32_t code;
        more = read_unit(unit, text + i, n - i, &code);
        if (more == 0) return not_utf8("tp_vocabulary_of", i, error);
        if (has_code(seen, code)) continue;
        seen[code / 64] |= UINT64_C(1) << (code % 64);
        v->size++;
        v->text_bytes += write_unit(unit, code, room);
    }
    return TP_OK;
}

static void fill(tp_vocabulary *v, const uint64_t *seen)
{
    int32_t k = 0;
    char *at = v->text;
    for (int i = 0; i < LOW_CODES; i++) v->low[i] = -1;
    for (uint32_t code = 0; code < CODES; code++) {
        if (!has_code(seen, code)) continue;
        const size_t n = write_unit(v->unit, code, v->units[k]);
        memcpy(at, v->units[k], n);
        at += n;
        if (code < LOW_CODES) v->low[code] = k;
        v->codes[k++] = code;
    }
}

/* One block: the head, the codes, the units, the text. */
static tp_vocabulary *make(const tp_vocabulary *head, const uint64_t *seen, tp_error *error)
{
    const size_t codes = tp_aligned(sizeof *head), units = codes + (size_t)head->size * sizeof(uint32_t);
    const size_t text = units + (size_t)head->size * UNIT_ROOM, bytes = text + head->text_bytes + 1;
    tp_vocabulary *v = tp_allocate_zeroed(&head->memory, bytes);
    if (!v) {
        tp_fail(error, TP_E_MEMORY, "tp_vocabulary_of: out of memory for %d units", (int)head->size);
        return NULL;
    }
    *v = *head;
    v->bytes = bytes;
    v->codes = (uint32_t *)(void *)((char *)v + codes);
    v->units = (char(*)[UNIT_ROOM])((char *)v + units);
    v->text = (char *)v + text;
    fill(v, seen);
    return v;
}

tp_vocabulary *tp_vocabulary_of(const void *text, size_t n, tp_text_unit unit, const tp_allocator *memory,
                                tp_error *error)
{
    if ((!text && n > 0) || (unit != TP_TEXT_CHARACTERS && unit != TP_TEXT_BYTES)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_vocabulary_of: the text is %s, the unit %d", text ? "given" : "NULL",
                (int)unit);
        return NULL;
    }
    tp_vocabulary head = {.memory = memory ? *memory : tp_default_allocator, .unit = unit};
    uint64_t *seen = tp_allocate_zeroed(&head.memory, CODES / 8);
    if (!seen) {
        tp_fail(error, TP_E_MEMORY, "tp_vocabulary_of: out of memory");
        return NULL;
    }
    tp_vocabulary *v = NULL;
    if (look_through(text, n, unit, seen, &head, error) == TP_OK) v = make(&head, seen, error);
    tp_deallocate(&head.memory, seen, CODES / 8);
    return v;
}

void tp_vocabulary_free(tp_vocabulary *v)
{
    if (!v) return;
    const tp_allocator memory = v->memory;
    tp_deallocate(&memory, v, v->bytes);
}

int64_t tp_vocabulary_size(const tp_vocabulary *v)
{
    return v ? v->size : 0;
}

const char *tp_vocabulary_text(const tp_vocabulary *v, size_t *bytes)
{
    if (bytes) *bytes = v ? v->text_bytes : 0;
    return v ? v->text : "";
}

const char *tp_vocabulary_unit(const tp_vocabulary *v, int64_t number)
{
    return v && number >= 0 && number < v->size ? v->units[number] : "";
}

/* The number of a code, -1 when there is none. */
static int32_t number_of(const tp_vocabulary *v, uint32_t code)
{
    if (code < LOW_CODES) return v->low[code];
    int32_t first = 0, end = v->size;
    while (first < end) {
        const int32_t middle = first + (end - first) / 2;
        if (v->codes[middle] == code) return middle;
        if (v->codes[middle] < code)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

/* ---- encoding and decoding ---- */

/* How many units there are; writes their numbers unless `to` is NULL. */
static tp_status encode(const tp_vocabulary *v, const unsigned char *text, size_t n, int32_t *to, int64_t *count,
                        tp_error *error)
{
    *count = 0;
    for (size_t i = 0, more; i < n; i += more) {
        uint32_t code;
        more = read_unit(v->unit, text + i, n - i, &code);
        if (more == 0) return not_utf8("tp_text_encode", i, error);
        const int32_t number = number_of(v, code);
        if (number < 0)
            return tp_fail(error, TP_E_INDEX,
                           "tp_text_encode: the vocabulary does not hold U+%04" PRIX32 " at byte %zu", code, i);
        if (to) to[*count] = number;
        ++*count;
    }
    return TP_OK;
}

tp_tensor *tp_text_encode(const tp_vocabulary *v, const void *text, size_t n, tp_error *error)
{
    int64_t count;
    if (!v || (!text && n > 0)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_text_encode: %s is NULL", v ? "the text" : "the vocabulary");
        return NULL;
    }
    if (encode(v, text, n, NULL, &count, error) != TP_OK) return NULL;
    tp_tensor *numbers = tp_tensor_make(&v->memory, TP_I32, TP_DIMS(count), NULL, error);
    if (numbers) encode(v, text, n, tp_tensor_data(numbers), &count, error);
    return numbers;
}

tp_status tp_text_decode(const tp_vocabulary *v, const tp_tensor *numbers, char *text, size_t size, size_t *bytes,
                         tp_error *error)
{
    size_t total = 0, written = 0;
    if (bytes) *bytes = 0;
    if (text && size > 0) text[0] = 0;
    if (!v || !numbers || (!text && size > 0))
        return tp_fail(error, TP_E_ARGUMENT, "tp_text_decode: %s is NULL",
                       !v         ? "the vocabulary"
                       : !numbers ? "the tensor"
                                  : "the text");
    if (tp_dtype_is_float((tp_dtype)numbers->dtype))
        return tp_fail(error, TP_E_DTYPE, "tp_text_decode: the numbers are %s, not integers",
                       tp_dtype_name((tp_dtype)numbers->dtype));
    for (int64_t i = 0; i < numbers->count; i++) {
        const double number = tp_tensor_item(numbers, i);
        if (!(number >= 0 && number < v->size))
            return tp_fail(error, TP_E_INDEX,
                           "tp_text_decode: element %" PRId64 " is %.17g, the vocabulary has %d units", i, number,
                           (int)v->size);
        const int32_t k = (int32_t)number;
        char room[UNIT_ROOM];
        const size_t n = write_unit(v->unit, v->codes[k], room);
        if (written == total && total + n < size) { /* nothing was cut off yet, and this fits */
            memcpy(text + total, room, n);
            written += n;
            text[written] = 0;
        }
        total += n;
    }
    if (bytes) *bytes = total;
    return TP_OK;
}

tp_tensor *tp_read_text(const char *path, const tp_allocator *memory, tp_error *error)
{
    tp_source source;
    tp_error local = {.status = TP_OK};
    tp_tensor *tensor = NULL;
    tp_status status = tp_source_file(&source, memory, path, &local);
    if (status == TP_OK) {
        unsigned char *block = NULL;
        size_t bytes = 0, got = 0;
        status = tp_source_take(&source, source.size == TP_SIZE_UNKNOWN ? UINT64_MAX : source.size, &block, &bytes,
                                &got, &local);
        if (status == TP_OK) tensor = tp_tensor_make(memory, TP_U8, TP_DIMS((int64_t)got), got ? block : NULL, &local);
        tp_deallocate(&source.memory, block, bytes);
        tp_source_close(&source);
    }
    if (!tensor) tp_fail(error, local.status, "tp_read_text: %.480s", local.message);
    return tensor;
}
