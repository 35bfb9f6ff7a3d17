/* Characters to tokens. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/expression.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Signs of Unicode that mean one of ASCII. */
static char sign_of(int32_t point)
{
    switch (point) {
    case 0x2212: return '-';
    case 0xb7:
    case 0xd7:
    case 0x22c5:
    case 0x2217: return '*';
    case 0xf7:
    case 0x2215:
    case 0x2044: return '/';
    case 0xff08: return '(';
    case 0xff09: return ')';
    default: return point > 0 && point < 0x80 && strchr("+-*/^(),;=", point) ? (char)point : '\0';
    }
}

static bool is_blank(int32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0xa0 || (point >= 0x2000 && point <= 0x200b) ||
           point == 0x202f || point == 0x205f || point == 0x3000 || point == 0xfeff;
}

static bool is_letter(int32_t point)
{
    if (point < 0x80) return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || point == '_';
    if (point < 0xc0) return point == 0xaa || point == 0xb5 || point == 0xba;
    const bool punctuation = (point >= 0x2000 && point <= 0x207f) || (point >= 0x20a0 && point <= 0x20cf) ||
                             (point >= 0x2190 && point <= 0x2bff) || (point >= 0x3000 && point <= 0x303f) ||
                             (point >= 0xe000 && point <= 0xf8ff) || (point >= 0xff00 && point <= 0xff20);
    return point != 0xd7 && point != 0xf7 && !punctuation && point < 0xe0000;
}

static size_t name_length(const char *source, size_t length)
{
    size_t n = 0;
    while (n < length) {
        size_t bytes;
        const int32_t point = cli_decode(source + n, length - n, &bytes);
        if (!is_letter(point) && !(n > 0 && point >= '0' && point <= '9')) break;
        n += bytes;
    }
    return n;
}

bool cli_is_name(const char *text, size_t length)
{
    return length > 0 && name_length(text, length) == length;
}

/* digits [ . digits ] [ e [sign] digits ] */
static size_t number_length(const char *p, size_t length)
{
    size_t n = 0, digits = 0;
    while (n < length && is_digit(p[n])) n++, digits++;
    if (n < length && p[n] == '.') n++;
    while (n < length && is_digit(p[n])) n++, digits++;
    if (digits == 0) return 0;
    size_t power = n;
    if (power < length && (p[power] == 'e' || p[power] == 'E')) {
        power++;
        if (power < length && (p[power] == '+' || p[power] == '-')) power++;
        const size_t first = power;
        while (power < length && is_digit(p[power])) power++;
        if (power > first) n = power;
    }
    return n;
}

static void bad(cli_token *token, cli_problem *problem, const char *message)
{
    token->kind = CLI_T_BAD;
    problem->at = token->at, problem->length = token->length;
    snprintf(problem->message, sizeof problem->message, "%s", message);
}

static bool lex_number(const tp_allocator *memory, const char *source, cli_token *token, cli_problem *problem)
{
    cli_text text = {.memory = memory};
    cli_put_bytes(&text, source + token->at, token->length);
    token->kind = CLI_T_NUMBER;
    errno = 0;
    token->number = strtod(cli_string(&text), NULL);
    if (errno == ERANGE && fabs(token->number) > 1) bad(token, problem, "this number is too large for a double");
    if (errno == ERANGE && token->number == 0) bad(token, problem, "this number is too small for a double");
    const bool good = !text.failed;
    cli_text_free(&text);
    return good;
}

static const char *why_bad(int32_t point)
{
    if (point < 0) return "this byte is no UTF-8";
    if (point < ' ' || point == 0x7f) return "a control character";
    if (point == 0xb2) return "a power is written with ^, as in x^2";
    if (point == 0xb3) return "a power is written with ^, as in x^3";
    if (point == 0x221a) return "a square root is written sqrt(x)";
    if (point == '|') return "an absolute value is written abs(x)";
    if (point == '.') return "a point without digits";
    if (point == '[' || point == ']' || point == '{' || point == '}') return "only round parentheses group";
    if (point == '%') return "a remainder is written remainder(x, y)";
    return "this character has no meaning here";
}

bool cli_lex(const tp_allocator *memory, const char *source, size_t length, size_t *at, cli_token *token,
             cli_problem *problem)
{
    size_t i = *at, bytes = 0;
    int32_t point = 0;
    for (; i < length; i += bytes) {
        point = cli_decode(source + i, length - i, &bytes);
        if (!is_blank(point)) break;
    }
    *token = (cli_token){.kind = CLI_T_END, .at = i < length ? i : length};
    *at = token->at;
    if (i >= length) return true;
    bool good = true;
    token->length = bytes;
    if ((token->sign = sign_of(point)) != 0) {
        token->kind = CLI_T_SIGN;
    } else if (is_letter(point)) {
        token->kind = CLI_T_NAME;
        token->length = name_length(source + i, length - i);
    } else if (number_length(source + i, length - i) > 0) {
        token->length = number_length(source + i, length - i);
        good = lex_number(memory, source, token, problem);
    } else {
        bad(token, problem, why_bad(point));
    }
    *at = i + token->length;
    return good;
}
