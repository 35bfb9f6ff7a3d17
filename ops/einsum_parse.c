/* The subscripts of einsum: which label every axis of an operand has, what sizes go with them, and the result's. */
#include "ops/einsum.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

typedef tp_einsum_term term;
typedef tp_einsum_plan plan;

bool tp_einsum_refuse(const plan *p, tp_status status, const char *at, const char *format, ...)
{
    char message[TP_ERROR_LENGTH / 2];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    tp_refuse(p->tape, status, "tp_einsum: \"%.120s\", character %lld: %s", p->text, (long long)(at - p->text) + 1,
              message);
    return false;
}

/* 'A'..'Z' come before 'a'..'z', as in ASCII. */
static int label_of(char letter)
{
    return letter >= 'a' ? letter - 'a' + 26 : letter - 'A';
}

static char letter_of(int label)
{
    return (char)(label < 26 ? 'A' + label : 'a' + (label - 26));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum { ELLIPSIS = TP_EINSUM_LABELS };

/* The subscripts of one operand or of the result as they stand: labels, and ELLIPSIS. */
typedef struct subscripts {
    int n, letters;
    bool ellipsis;
    uint8_t item[TP_MAX_RANK + 1];
    const char *at[TP_MAX_RANK + 1];
} subscripts;

/* Reads up to a comma, an arrow or the end, and leaves *at there. */
static bool read_subscripts(const plan *p, const char **at, subscripts *s)
{
    *s = (subscripts){0};
    for (const char *c = *at;; c++) {
        if (*c == ' ') continue;
        *at = c;
        if (*c == 0 || *c == ',' || (*c == '-' && c[1] == '>')) return true;
        const bool dots = strncmp(c, "...", 3) == 0;
        if (!dots && !is_letter(*c))
            return tp_einsum_refuse(p, TP_E_ARGUMENT, c, "'%c' is no subscript", isprint(*c) ? *c : '?');
        if (dots && s->ellipsis) return tp_einsum_refuse(p, TP_E_ARGUMENT, c, "a second ellipsis");
        if (!dots && s->letters == TP_MAX_RANK)
            return tp_einsum_refuse(p, TP_E_LIMIT, c, "more than %d subscripts", TP_MAX_RANK);
        s->at[s->n] = c;
        s->item[s->n++] = dots ? (uint8_t)ELLIPSIS : (uint8_t)label_of(*c);
        s->letters += !dots;
        s->ellipsis = s->ellipsis || dots;
        if (dots) c += 2;
    }
}

/* Notes a dim of `size` under a label. Dims under an ellipsis broadcast, letters do not. */
static bool note_size(plan *p, int label, int64_t size, int operand, const char *at)
{
    int64_t *known = &p->size[label];
    p->seen[label]++;
    if (*known == -1 || (label >= TP_EINSUM_LETTERS && *known == 1)) *known = size;
    if (*known == size || (label >= TP_EINSUM_LETTERS && size == 1)) return true;
    if (label >= TP_EINSUM_LETTERS)
        return tp_einsum_refuse(p, TP_E_SHAPE, at, "dims %lld and %lld of operand %d do not broadcast",
                                (long long)*known, (long long)size, operand);
    return tp_einsum_refuse(p, TP_E_SHAPE, at, "'%c' is %lld, in operand %d it is %lld", letter_of(label),
                            (long long)*known, operand, (long long)size);
}

/* The label of each of the operand's axes; a letter may come twice. */
static bool read_operand(plan *p, const char **at, int operand, tp_var x, uint8_t label[TP_MAX_RANK])
{
    subscripts s;
    const char *start = *at;
    char text[TP_SHAPE_TEXT];
    if (!read_subscripts(p, at, &s)) return false;
    const int rank = tp_var_rank(x), under = rank - s.letters;
    if (under < 0 || (under > 0 && !s.ellipsis))
        return tp_einsum_refuse(p, TP_E_SHAPE, start, "%d subscripts for operand %d, which is %s", s.letters, operand,
                                tp_shape_text(text, rank, tp_var_dims(x)));
    if (s.ellipsis && under > p->ellipsis) p->ellipsis = under;
    int axis = 0;
    for (int i = 0; i < s.n; i++)
        for (int k = s.item[i] == ELLIPSIS ? under : 1; k > 0; k--, axis++) {
            label[axis] = s.item[i] == ELLIPSIS ? (uint8_t)(TP_EINSUM_LABELS - k) : s.item[i];
            if (!note_size(p, label[axis], tp_var_dims(x)[axis], operand, s.at[i])) return false;
        }
    return true;
}

/* Without an arrow: what stands under "...", then every letter that stands once, in the order of ASCII. */
static bool imply_output(plan *p, const char *at)
{
    for (int i = 0; i < TP_EINSUM_LABELS; i++) {
        const int label = (i + TP_EINSUM_LETTERS) % TP_EINSUM_LABELS;
        if (p->size[label] == -1 || (label < TP_EINSUM_LETTERS && p->seen[label] != 1)) continue;
        if (p->out.rank == TP_MAX_RANK)
            return tp_einsum_refuse(p, TP_E_LIMIT, at, "the result has more than %d dims", TP_MAX_RANK);
        p->out.label[p->out.rank++] = (uint8_t)label;
    }
    return true;
}

static bool read_output(plan *p, const char *at)
{
    if (*at == 0) return imply_output(p, at);
    subscripts s;
    at += 2;
    if (!read_subscripts(p, &at, &s)) return false;
    if (*at) return tp_einsum_refuse(p, TP_E_ARGUMENT, at, "the result's subscripts go on to the end");
    for (int i = 0; i < s.n; i++)
        for (int k = s.item[i] == ELLIPSIS ? p->ellipsis : 1; k > 0; k--) {
            const int label = s.item[i] == ELLIPSIS ? TP_EINSUM_LABELS - k : s.item[i];
            if (p->out.rank == TP_MAX_RANK)
                return tp_einsum_refuse(p, TP_E_LIMIT, s.at[i], "the result has more than %d dims", TP_MAX_RANK);
            if (p->size[label] == -1)
                return tp_einsum_refuse(p, TP_E_ARGUMENT, s.at[i], "no operand has '%c'", letter_of(label));
            for (int j = 0; j < i; j++)
                if (s.item[j] == s.item[i])
                    return tp_einsum_refuse(p, TP_E_ARGUMENT, s.at[i], "the result has '%c' twice", letter_of(label));
            p->out.label[p->out.rank++] = (uint8_t)label;
        }
    return true;
}

bool tp_einsum_parse(plan *p, const tp_var *x, int n, term *terms)
{
    const char *at = p->text;
    for (int i = 0; i < n; i++) {
        if (!read_operand(p, &at, i, x[i], terms[i].label)) return false;
        if (*at == ',' && i == n - 1)
            return tp_einsum_refuse(p, TP_E_ARGUMENT, at, "subscripts of more than %d operands", n);
        if (*at != ',' && i < n - 1)
            return tp_einsum_refuse(p, TP_E_ARGUMENT, at, "subscripts of %d operands, there are %d", i + 1, n);
        at += *at == ',';
    }
    return read_output(p, at);
}
