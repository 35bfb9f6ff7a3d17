/* The writer and its stylesheet. The stylesheet sets colours by class, once for light and once for dark pages; plain
   rules, since several renderers know no CSS variables and would draw black on black. */
#include "plot/svg.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define LENGTH_MOST (UINT32_C(1) << 30)

/* Light: Okabe and Ito's colours, the yellow darker. Dark: blue, vermilion and purple lighter. */
static const char style[] =
    "<style>"
    ".tapir text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:12px;fill:#57606a}"
    ".tapir .h{font-size:17px;font-weight:bold;fill:#24292f}"
    ".tapir .t{font-size:15px;font-weight:bold;fill:#24292f}"
    ".tapir .l{font-size:13px;fill:#24292f}"
    ".tapir .c{font-size:11px;fill:#24292f}"
    ".tapir .cb{font-size:11px;font-weight:bold;fill:#d55e00}"
    ".tapir .k{fill:#fff}"
    ".tapir .m{text-anchor:middle}.tapir .e{text-anchor:end}"
    ".tapir .w{fill:#fff}"
    ".tapir .lg{fill:#fff;fill-opacity:.85;stroke:#d8dee4}"
    ".tapir .g{stroke:#d8dee4;fill:none}"
    ".tapir .gm{stroke:#eef1f4;fill:none}"
    ".tapir .a{stroke:#57606a;fill:none}"
    ".tapir .s{fill:none;stroke:currentColor;stroke-linejoin:round}"
    ".tapir .f{fill:currentColor;stroke:#fff;stroke-width:1.6;paint-order:stroke}"
    ".tapir .n{fill:currentColor;stroke:none}"
    ".tapir .r{fill:#fff;stroke:currentColor;stroke-width:2}"
    ".tapir .c1{color:#0072b2}.tapir .c2{color:#d55e00}.tapir .c3{color:#009e73}.tapir .c4{color:#cc79a7}"
    ".tapir .c5{color:#e69f00}.tapir .c6{color:#56b4e9}.tapir .c7{color:#000}.tapir .c8{color:#bdae00}"
    ".tapir .c9{color:#6e7781}.tapir .c10{color:#24292f}"
    "@media(prefers-color-scheme:dark){"
    ".tapir text{fill:#9da7b3}"
    ".tapir .h,.tapir .t,.tapir .l,.tapir .c{fill:#e6edf3}"
    ".tapir .cb{fill:#f07f2e}"
    ".tapir .k{fill:#fff}"
    ".tapir .w{fill:#0d1117}"
    ".tapir .lg{fill:#0d1117;stroke:#30363d}"
    ".tapir .g{stroke:#30363d}.tapir .gm{stroke:#1d232b}"
    ".tapir .a{stroke:#9da7b3}"
    ".tapir .f{stroke:#0d1117}.tapir .r{fill:#0d1117}"
    ".tapir .c1{color:#3a9bd9}.tapir .c2{color:#f07f2e}.tapir .c3{color:#1fb88d}.tapir .c4{color:#d991bb}"
    ".tapir .c7{color:#fff}.tapir .c8{color:#f0e442}"
    ".tapir .c9{color:#8b949e}.tapir .c10{color:#e6edf3}"
    "}";

static const struct {
    const char *name;
    double size;
} fonts[] = {{"h", 17.8}, {"t", 15.8}, {"l", 13}, {"c", 11}, {"cb", 11.6}, {"o", 18}, {"n", 15}};

/* ---- bytes ---- */

static bool reserve(svg *out, size_t n)
{
    if (out->failed) return false;
    if (n > LENGTH_MOST || out->length + n > LENGTH_MOST ||
        !tp_grow(out->memory, (void **)&out->text, &out->capacity, (uint32_t)(out->length + n), 1))
        out->failed = true;
    return !out->failed;
}

static void put(svg *out, const char *bytes, size_t n)
{
    if (!reserve(out, n)) return;
    memcpy(out->text + out->length, bytes, n);
    out->length += (uint32_t)n;
}

static void put_string(svg *out, const char *text)
{
    put(out, text, strlen(text));
}

/* ---- UTF-8 (RFC 3629) ---- */

/* The length of the character at `at`, or 0 where the bytes are none, or one that XML 1.0 does not allow. */
static size_t character(const unsigned char *at)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t n = 0; n < 4; n++) {
        if ((at[0] & forms[n].mask) != forms[n].lead) continue;
        uint32_t code = at[0] & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((at[i] & 0xc0) != 0x80) return 0;
            code = code << 6 | (at[i] & 0x3f);
        }
        const bool good = code >= forms[n].least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
                          code != 0xfffe && code != 0xffff;
        return good ? n + 1 : 0;
    }
    return 0;
}

static void put_escaped(svg *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        const size_t n = character(at);
        if (n == 0)
            put_string(out, "\xef\xbf\xbd");
        else if (*at == '&')
            put_string(out, "&amp;");
        else if (*at == '<')
            put_string(out, "&lt;");
        else if (*at == '>')
            put_string(out, "&gt;");
        else if (*at == '"')
            put_string(out, "&quot;");
        else if (*at == '\'')
            put_string(out, "&#39;");
        else if (*at < 0x20 || *at == 0x7f)
            put_string(out, " ");
        else
            put(out, (const char *)at, n);
        at += n ? n : 1;
    }
}

/* ---- numbers ---- */

/* The digits of n, at least `least`, from the end of text[24] backwards; returns the first. */
static char *digits_of(char text[24], uint64_t n, int least)
{
    char *at = text + 23;
    *at = 0;
    for (int i = 0; n > 0 || i < least; i++, n /= 10) *--at = (char)('0' + n % 10);
    return at;
}

static void put_integer(svg *out, int64_t n)
{
    char text[24];
    if (n < 0) put_string(out, "-");
    put_string(out, digits_of(text, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 1));
}

static void put_number(svg *out, double x, int decimals)
{
    const int scale = decimals == 2 ? 100 : 10;
    const double most = 1e9;
    const int64_t n = (int64_t)llround(fmax(-most, fmin(most, x)) * scale);
    const uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    const int whole = scale, part = (int)(size % (uint64_t)whole);
    char text[24];
    if (n < 0) put_string(out, "-");
    if (size / (uint64_t)whole > 0 || part == 0) put_string(out, digits_of(text, size / (uint64_t)whole, 1));
    if (part == 0) return;
    put_string(out, ".");
    char *digits = digits_of(text, (uint64_t)part, decimals);
    if (digits[decimals - 1] == '0') digits[decimals - 1] = 0;
    put_string(out, digits);
}

/* Appends to text[SVG_NUMBER], which has room. */
static void append(char *text, const char *more)
{
    strncat(text, more, SVG_NUMBER - 1 - strlen(text));
}

static void append_power(char *text, int exponent)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char digits[24];
    append(text, exponent < 0 ? "10⁻" : "10");
    for (const char *d = digits_of(digits, (uint64_t)(exponent < 0 ? -exponent : exponent), 1); *d; d++)
        append(text, raised[*d - '0']);
}

const char *svg_decimal(char text[SVG_NUMBER], int64_t digits, int exponent)
{
    char buffer[24], part[SVG_NUMBER] = "";
    text[0] = 0;
    while (digits != 0 && digits % 10 == 0) digits /= 10, exponent++;
    if (digits == 0) return strcpy(text, "0");
    if (digits < 0) append(text, "−");
    const char *all = digits_of(buffer, digits < 0 ? 0 - (uint64_t)digits : (uint64_t)digits, 1);
    const int n = (int)strlen(all), power = n - 1 + exponent; /* of the first digit */
    if (power > 5 || power < -4) {
        if (n > 1 || all[0] != '1') {
            memcpy(part, all, 1);
            if (n > 1) append(part, "."), append(part, all + 1);
            append(part, "·");
            append(text, part);
        }
        append_power(text, power);
    } else if (exponent >= 0) {
        append(text, all);
        for (int i = 0; i < exponent; i++) append(text, "0");
    } else if (power >= 0) {
        memcpy(part, all, (size_t)power + 1);
        append(text, part);
        append(text, ".");
        append(text, all + power + 1);
    } else {
        append(text, "0.");
        for (int i = -1; i > power; i--) append(text, "0");
        append(text, all);
    }
    return text;
}

/* ---- elements ---- */

void svg_add(svg *out, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    for (const char *at = format; *at; at++) {
        const size_t n = strcspn(at, "@");
        put(out, at, n);
        at += n;
        if (!*at) break;
        switch (*++at) {
        case 'n': put_number(out, va_arg(list, double), 2); break;
        case 'p': put_number(out, va_arg(list, double), 1); break;
        case 'd': put_integer(out, va_arg(list, int)); break;
        case 's': put_string(out, va_arg(list, const char *)); break;
        case 't': put_escaped(out, va_arg(list, const char *)); break;
        default: put(out, at, 1);
        }
    }
    va_end(list);
}

void svg_begin(svg *out, double width, double height)
{
    svg_begin_styled(out, width, height, "");
}

void svg_begin_styled(svg *out, double width, double height, const char *rules)
{
    out->length = 0;
    out->failed = false;
    svg_add(out, "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' class='tapir' ");
    svg_add(out, "width='@n' height='@n' viewBox='0 0 @n @n'>\n@s@s</style>\n", width, height, width, height, style,
            rules);
    svg_add(out, "<rect class='w' width='@n' height='@n'/>\n", width, height);
}

void svg_end(svg *out)
{
    put_string(out, "</svg>\n");
    put(out, "", 1);
    if (!out->failed) out->length--;
}

void svg_free(svg *out)
{
    tp_deallocate(out->memory, out->text, out->capacity);
    out->text = NULL;
    out->length = out->capacity = 0;
}

/* Widths of ASCII from the space on in Helvetica, in 4/1000 of the size (Adobe's font metrics). */
static const unsigned char widths[95] = {70,  70,  89,  139, 139, 222, 167, 48,  83,  83,  97,  146, 70,  83,  70,  70,
                                         139, 139, 139, 139, 139, 139, 139, 139, 139, 139, 70,  70,  146, 146, 146, 139,
                                         254, 167, 167, 181, 181, 167, 153, 195, 181, 70,  125, 167, 139, 208, 181, 195,
                                         167, 195, 181, 167, 153, 181, 167, 236, 167, 167, 153, 70,  70,  70,  117, 139,
                                         83,  139, 139, 125, 139, 139, 70,  139, 139, 56,  56,  125, 56,  208, 139, 139,
                                         139, 139, 83,  125, 70,  139, 125, 181, 125, 125, 125, 84,  65,  84,  146};

static double font_size(const char *class)
{
    const size_t n = strcspn(class, " ");
    for (size_t i = 0; i < sizeof fonts / sizeof *fonts; i++)
        if (strlen(fonts[i].name) == n && memcmp(fonts[i].name, class, n) == 0) return fonts[i].size;
    return 12;
}

double svg_text_width(const char *class, const char *text)
{
    double sum = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        const size_t n = character(at);
        /* beyond ASCII: most letters and signs; from U+2E80 on, the square ones of East Asia */
        sum += n == 1 && *at >= 0x20 && *at < 0x7f ? widths[*at - 0x20] : n >= 3 && *at >= 0xe3 ? 250 : 145;
        at += n ? n : 1;
    }
    return sum * .004 * font_size(class);
}

void svg_text(svg *out, const char *class, double x, double y, double width, double turn, const char *text)
{
    const double wide = svg_text_width(class, text);
    svg_add(out, "<text class='@s' x='@n' y='@n'", class, x, y);
    if (turn < 0 || turn > 0) svg_add(out, " transform='rotate(@n @n @n)'", turn, x, y);
    if (width > 0 && wide > width) svg_add(out, " style='font-size:@npx'", fmax(6, font_size(class) * width / wide));
    svg_add(out, ">@t</text>\n", text);
}

static void put_base64(svg *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!reserve(out, (n + 2) / 3 * 4)) return;
    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const unsigned word = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                              (left > 2 ? (unsigned)bytes[i + 2] : 0);
        const char four[] = {digits[word >> 18], digits[word >> 12 & 63], left > 1 ? digits[word >> 6 & 63] : '=',
                             left > 2 ? digits[word & 63] : '='};
        put(out, four, 4);
    }
}

void svg_image(svg *out, double x, double y, double width, double height, bool smooth, const unsigned char *png,
               size_t n)
{
    svg_add(out, "<image x='@n' y='@n' width='@n' height='@n' preserveAspectRatio='none'", x, y, width, height);
    svg_add(out, "@s xlink:href='data:image/png;base64,", smooth ? "" : " style='image-rendering:pixelated'");
    put_base64(out, png, n);
    put_string(out, "'/>\n");
}
