/* A row's text as mathematics: M(exp)(x) becomes exp(x), C(.5) becomes 0.5, and a helper of kernels/formulas.h what it
   stands for. */
#include <ctype.h>
#include <string.h>

#include "tools/ops_doc.h"

enum { MOST_TEXT = 600, MOST_ARGUMENTS = 3 };

typedef struct text {
    char at[MOST_TEXT];
    int n;
} text;

/* What helpers compute. $1 is the first argument, $-1 its negative; `with` explains letters of it. */
static const struct {
    const char *name, *means, *with;
} helpers[] = {
    {"fabs", "|$1|", NULL},
    {"rint", "round($1)", NULL},
    {"lower", "max($1, $2)", NULL},
    {"upper", "min($1, $2)", NULL},
    {"hold", "min(max($1, $2), $3)", NULL},
    {"sign_of", "sign($1)", NULL},
    {"log_of", "log($1)", NULL},
    {"ratio", "$1 / $2", "0 where $2 = 0"},
    {"over_square", "$1 / $2^2", "0 where x = b = 0"},
    {"logistic", "(1 / (1 + exp($-1)))", NULL},
    {"log1pexp", "log(1 + exp($1))", NULL},
    {"soft_sign", "$1 / (1 + |$1|)", NULL},
    {"gelu_of", "$1 Phi($1)", "Phi(x) = erfc(-x / sqrt(2)) / 2"},
    {"gelu_slope", "(Phi($1) + $1 phi($1))", "phi(x) = exp(-x^2 / 2) / sqrt(2 pi) = Phi'(x)"},
    {"gelu_tanh_of", "$1 s", "s = 1 / (1 + exp(-w)), w = 2 sqrt(2 / pi) (x + 0.044715 x^3)"},
    {"gelu_tanh_slope", "(s + $1 s (1 - s) w')", "w' = 2 sqrt(2 / pi) (1 + 0.134145 x^2)"},
    {"silu_of", "$1 / (1 + exp($-1))", NULL},
    {"silu_slope", "(s + $1 s (1 - s))", "s = 1 / (1 + exp(-x))"},
    {"mish_of", "$1 tanh(log(1 + exp($1)))", NULL},
    {"mish_slope", "(t + $1 (1 - t^2) / (1 + exp($-1)))", "t = tanh(log(1 + exp(x)))"},
    {"log_add_exp", "log(exp($1) + exp($2))", NULL},
    {"log_add_exp_slope", "exp($1) / (exp($1) + exp($2))", NULL},
    {"modulo", "$1 - $2 floor($1 / $2)", NULL},
};

/* Functions whose name says what they are. */
static const char known[] =
    " sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh "
    "acosh atanh erf erfc erfinv lgamma digamma polygamma floor ceil trunc pow atan2 hypot fmod "
    "copysign ";

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int name_length(const char *p)
{
    int n = 0;
    while (is_name(p[n])) n++;
    return n;
}

static void put(text *to, const char *from, int n)
{
    for (int i = 0; i < n && to->n + 1 < MOST_TEXT; i++) to->at[to->n++] = from[i];
    to->at[to->n] = '\0';
}

/* The length up to the parenthesis that closes the one before `from`, or up to a comma. */
static int argument_length(const char *from)
{
    int depth = 0, n = 0;
    for (; from[n] && (depth > 0 || !strchr(",)", from[n])); n++) depth += (from[n] == '(') - (from[n] == ')');
    return n;
}

static void put_meaning(text *to, const char *means, const text *arguments)
{
    for (const char *p = means; *p; p++) {
        if (*p != '$') {
            put(to, p, 1);
            continue;
        }
        const bool negative = p[1] == '-';
        p += negative ? 2 : 1;
        const text *argument = &arguments[*p - '1'];
        const bool less = negative && argument->at[0] == '-';
        if (negative && !less) put(to, "-", 1);
        put(to, argument->at + less, argument->n - less);
    }
}

static void put_formula(text *to, text *with, const char *from, int n, bool number, bool *good);

static int index_of_helper(span name)
{
    for (int i = 0; i < (int)(sizeof helpers / sizeof *helpers); i++)
        if (span_is(name, helpers[i].name)) return i;
    return -1;
}

static bool is_known(span name)
{
    for (const char *p = known + 1; *p; p += strcspn(p, " ") + 1)
        if ((int)strcspn(p, " ") == name.n && memcmp(p, name.at, (size_t)name.n) == 0) return true;
    return false;
}

/* M(name)(arguments), or name(arguments) where the preprocessor was there first. Returns the length. */
static int put_call(text *to, text *with, const char *from, bool number, bool *good)
{
    const bool wrapped = strncmp(from, "M(", 2) == 0;
    const char *const first = wrapped ? from + 2 : from;
    const span name = {first, name_length(first)};
    text arguments[MOST_ARGUMENTS] = {0};
    const char *p = name.at + name.n + wrapped;
    int n = 0;
    do {
        p += 1 + (n > 0);
        const int length = argument_length(p);
        put_formula(&arguments[n++], with, p, length, number, good);
        p += length;
    } while (*p == ',' && n < MOST_ARGUMENTS);
    const int helper = index_of_helper(name);
    if (helper < 0) {
        *good = *good && is_known(name);
        put(to, name.at, name.n);
        for (int i = 0; i < n; i++) {
            put(to, i ? ", " : "(", i ? 2 : 1);
            put(to, arguments[i].at, arguments[i].n);
        }
        put(to, ")", 1);
    } else {
        put_meaning(to, helpers[helper].means, arguments);
        if (!helpers[helper].with) return (int)(p + 1 - from);
        put(with, ", ", 2);
        put_meaning(with, helpers[helper].with, arguments);
    }
    return (int)(p + 1 - from);
}

static void put_formula(text *to, text *with, const char *from, int n, bool number, bool *good)
{
    for (int i = 0; i < n; i++) {
        const char *const p = from + i;
        const bool begins = i == 0 || !is_name(p[-1]);
        if (begins && strncmp(p, "C(", 2) == 0) { /* its parentheses are not written */
            const int length = argument_length(p + 2);
            put_formula(to, with, p + 2, length, number, good);
            i += length + 2;
        } else if (begins && is_name(*p) && p[name_length(p)] == '(') {
            i += put_call(to, with, p, number, good) - 1;
        } else if (begins && *p == '.' && isdigit((unsigned char)p[1])) {
            put(to, "0.", 2);
        } else if (number && begins && *p == 'b' && !is_name(p[1])) {
            put(to, "c", 1);
        } else {
            put(to, p, 1);
        }
    }
}

bool formula_write(FILE *out, const char *from, bool number)
{
    text formula = {0}, with = {0};
    bool good = true;
    put_formula(&formula, &with, from, (int)strlen(from), number, &good);
    if (out) fprintf(out, "%s%s", formula.at, with.at);
    return good;
}
