#include "cli/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void *malloc_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    if (alignment < _Alignof(max_align_t)) alignment = _Alignof(max_align_t);
    if (size > SIZE_MAX - alignment) return NULL;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void malloc_free(void *user, void *memory, size_t size)
{
    (void)user, (void)size;
    free(memory);
}

tp_allocator cli_malloc(void)
{
    return (tp_allocator){malloc_allocate, malloc_free, NULL};
}

bool cli_reserve(const tp_allocator *memory, void *items, size_t *room, size_t need, size_t size)
{
    void *old;
    memcpy(&old, items, sizeof old);
    if (need <= *room) return true;
    size_t more = *room < 16 ? 16 : *room + *room / 2;
    if (more < need) more = need;
    if (more > SIZE_MAX / 2 / size) return false;
    void *fresh = memory->allocate(memory->user, more * size, _Alignof(max_align_t));
    if (!fresh) return false;
    if (old) {
        memcpy(fresh, old, *room * size);
        memory->free(memory->user, old, *room * size);
    }
    memcpy(items, &fresh, sizeof fresh);
    *room = more;
    return true;
}

void cli_release(const tp_allocator *memory, void *items, size_t room, size_t size)
{
    if (items) memory->free(memory->user, items, room * size);
}

const char *cli_string(const cli_text *text)
{
    return text->at ? text->at : "";
}

void cli_put_bytes(cli_text *text, const char *bytes, size_t n)
{
    if (text->failed) return;
    if (n > SIZE_MAX / 4 || !cli_reserve(text->memory, &text->at, &text->room, text->length + n + 1, 1)) {
        text->failed = true;
        return;
    }
    memcpy(text->at + text->length, bytes, n);
    text->length += n;
    text->at[text->length] = '\0';
}

void cli_put(cli_text *text, const char *string)
{
    cli_put_bytes(text, string, strlen(string));
}

void cli_putf(cli_text *text, const char *format, ...)
{
    char few[256];
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(few, sizeof few, format, list);
    va_end(list);
    if (n < 0) {
        text->failed = true;
    } else if ((size_t)n < sizeof few) {
        cli_put_bytes(text, few, (size_t)n);
    } else if (!text->failed) {
        if (!cli_reserve(text->memory, &text->at, &text->room, text->length + (size_t)n + 1, 1)) {
            text->failed = true;
            return;
        }
        va_start(list, format);
        vsnprintf(text->at + text->length, (size_t)n + 1, format, list);
        va_end(list);
        text->length += (size_t)n;
    }
}

void cli_put_number(cli_text *text, double x, int digits)
{
    if (isnan(x))
        cli_put(text, "nan"); /* without the sign that C prints */
    else
        cli_putf(text, "%.*g", digits, x == 0 ? 0 : x);
}

void cli_put_plain(cli_text *text, const char *bytes, size_t n)
{
    for (size_t i = 0, length; i < n; i += length) {
        const int32_t point = cli_decode(bytes + i, n - i, &length);
        if (point == '\t' || point == '\n' || point == '\r')
            cli_put(text, " ");
        else if (point < ' ' || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
                 (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
            cli_put(text, "?");
        else
            cli_put_bytes(text, bytes + i, length);
    }
}

void cli_clear(cli_text *text)
{
    text->length = 0;
    if (text->at) *text->at = '\0';
}

void cli_text_free(cli_text *text)
{
    cli_release(text->memory, text->at, text->room, 1);
    *text = (cli_text){.memory = text->memory};
}

int32_t cli_decode(const char *bytes, size_t n, size_t *length)
{
    const unsigned char *const p = (const unsigned char *)bytes;
    *length = 1;
    if (p[0] < 0x80) return p[0];
    const size_t more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || more >= n) return -1;
    int32_t point = p[0] & (0x3f >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) return -1;
        point = point << 6 | (p[i] & 0x3f);
    }
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return -1;
    *length = more + 1;
    return point;
}

/* Combining marks and characters without a width; then those of East Asia, and pictures, that take two columns. */
static const int32_t narrow[][2] = {{0x300, 0x36f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
                                    {0x200b, 0x200f}, {0x2060, 0x2064}, {0x20d0, 0x20ff},
                                    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};
static const int32_t wide[][2] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
                                  {0xf900, 0xfaff},   {0xfe30, 0xfe4f},  {0xff00, 0xff60}, {0xffe0, 0xffe6},
                                  {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};

static bool within(int32_t point, const int32_t (*ranges)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (point >= ranges[i][0] && point <= ranges[i][1]) return true;
    return false;
}

int cli_columns(int32_t point)
{
    if (within(point, narrow, sizeof narrow / sizeof *narrow)) return 0;
    return within(point, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

size_t cli_width(const char *bytes, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0, length; i < n; i += length)
        columns += (size_t)cli_columns(cli_decode(bytes + i, n - i, &length));
    return columns;
}
