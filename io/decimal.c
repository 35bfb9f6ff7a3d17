/* Decimal to double: exact arithmetic where a double holds both parts, the C library's otherwise. */
#include "io/decimal.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 1100   /* characters of a number: more digits than any double has */
#define EXACT_POWER 22 /* 10^22 is the last power of ten that is a double */

static const char *spaces(const char *at)
{
    while (*at == ' ' || *at == '\t') at++;
    return at;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a number is made of. */
typedef struct parts {
    uint64_t digits; /* the significant ones, while they fit */
    int power;       /* of ten */
    bool negative, fits;
    const char *point; /* NULL: there is none */
    const char *end;
} parts;

static const char *read_digits(const char *at, parts *p, bool fraction)
{
    for (; digit(*at); at++) {
        p->fits = p->fits && p->digits <= (UINT64_MAX - 9) / 10;
        if (p->fits) {
            p->digits = p->digits * 10 + (uint64_t)(*at - '0');
            p->power -= fraction;
        }
    }
    return at;
}

static const char *read_exponent(const char *at, parts *p)
{
    const char *start = at;
    const bool negative = *++at == '-';
    if (*at == '+' || *at == '-') at++;
    if (!digit(*at)) return start;
    int power = 0;
    for (; digit(*at); at++)
        if (power < 100000) power = power * 10 + (*at - '0');
    p->power += negative ? -power : power;
    return at;
}

static bool read_parts(const char *text, parts *p)
{
    *p = (parts){.negative = *text == '-', .fits = true};
    const char *at = text + (*text == '-' || *text == '+'), *start = at;
    at = read_digits(at, p, false);
    size_t count = (size_t)(at - start);
    if (*at == '.') {
        p->point = at;
        start = ++at;
        at = read_digits(at, p, true);
        count += (size_t)(at - start);
    }
    if (count == 0) return false;
    if (*at == 'e' || *at == 'E') at = read_exponent(at, p);
    p->end = at;
    return true;
}

/* By the C library, which wants the locale's point. */
static bool convert(const char *text, const parts *p, double *value)
{
    char copy[LONGEST + 16];
    const char *point = localeconv()->decimal_point;
    const size_t n = (size_t)(p->end - text), point_n = strlen(point);
    if (n > LONGEST || point_n > 8) return false;
    const size_t before = p->point ? (size_t)(p->point - text) : n;
    memcpy(copy, text, before);
    size_t used = before;
    if (p->point) {
        memcpy(copy + used, point, point_n);
        used += point_n;
        memcpy(copy + used, p->point + 1, n - before - 1);
        used += n - before - 1;
    }
    copy[used] = 0;
    char *end;
    *value = strtod(copy, &end);
    return end == copy + used;
}

/* The nearest double is found by one operation on two exact ones (Clinger: "How to read floating point numbers
   accurately", 1990). */
static bool convert_exactly(const parts *p, double *value)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (FLT_EVAL_METHOD != 0 || !p->fits || p->digits > (uint64_t)1 << 53 || abs(p->power) > EXACT_POWER) return false;
    const double digits = (double)p->digits;
    const double size = p->power < 0 ? digits / powers[-p->power] : digits * powers[p->power];
    *value = p->negative ? -size : size;
    return true;
}

static bool same_word(const char *at, const char *word, const char **end)
{
    for (; *word; word++, at++)
        if (*at != *word && *at != *word - 'a' + 'A') return false;
    *end = at;
    return true;
}

static bool read_word(const char *text, double *value, const char **end)
{
    const char *at = text + (*text == '-' || *text == '+');
    if (same_word(at, "nan", end))
        *value = (double)NAN;
    else if (same_word(at, "infinity", end) || same_word(at, "inf", end))
        *value = *text == '-' ? -HUGE_VAL : HUGE_VAL;
    else
        return false;
    return true;
}

bool tp_decimal(const char *text, double *value)
{
    parts p;
    text = spaces(text);
    if (read_parts(text, &p)) return !*spaces(p.end) && (convert_exactly(&p, value) || convert(text, &p, value));
    return read_word(text, value, &p.end) && !*spaces(p.end);
}
