#include "cli/functions.h"

#include <math.h>
#include <string.h>

#include <tapir/ops.h>

static const cli_function table[] = {
#define ONE(name_, slope_, branch_, note_, latex_)                                                                     \
    {.name = #name_,                                                                                                   \
     .operands = 1,                                                                                                    \
     .slope = {slope_},                                                                                                \
     .branch = branch_,                                                                                                \
     .note = note_,                                                                                                    \
     .latex = latex_,                                                                                                  \
     .one = tp_##name_},
#define TWO(name_, slope_, by_b, branch_, note_, latex_)                                                               \
    {.name = #name_,                                                                                                   \
     .operands = 2,                                                                                                    \
     .slope = {slope_, by_b},                                                                                          \
     .branch = branch_,                                                                                                \
     .note = note_,                                                                                                    \
     .latex = latex_,                                                                                                  \
     .two = tp_##name_},
#define THREE(name_, slope_, by_b, by_c, branch_, note_, latex_)                                                       \
    {.name = #name_,                                                                                                   \
     .operands = 3,                                                                                                    \
     .slope = {slope_, by_b, by_c},                                                                                    \
     .branch = branch_,                                                                                                \
     .note = note_,                                                                                                    \
     .latex = latex_,                                                                                                  \
     .three = tp_##name_},
#define NUMBER(name_, slope_, branch_, note_, latex_)                                                                  \
    {.name = #name_,                                                                                                   \
     .operands = 2,                                                                                                    \
     .numbers = 1,                                                                                                     \
     .slope = {slope_},                                                                                                \
     .branch = branch_,                                                                                                \
     .note = note_,                                                                                                    \
     .latex = latex_,                                                                                                  \
     .number = tp_##name_},
#define TWO_NUMBERS(name_, slope_, branch_, note_, latex_)                                                             \
    {.name = #name_,                                                                                                   \
     .operands = 3,                                                                                                    \
     .numbers = 2,                                                                                                     \
     .slope = {slope_},                                                                                                \
     .branch = branch_,                                                                                                \
     .note = note_,                                                                                                    \
     .latex = latex_,                                                                                                  \
     .two_numbers = tp_##name_},
#include "cli/functions.def"
};

/* Other words for some; the first ones are those that are shown. */
static const struct {
    const char *word, *function;
} aliases[] = {{"max", "maximum"}, {"min", "minimum"}, {"clamp", "clamp_tensors"},
               {"ln", "log"},      {"swish", "silu"},  {"σ", "sigmoid"}};

int cli_function_count(void)
{
    return (int)(sizeof table / sizeof *table);
}

const cli_function *cli_function_at(int i)
{
    return i >= 0 && i < cli_function_count() ? &table[i] : NULL;
}

const char *cli_alias_at(int i, const char **function)
{
    if (i < 0 || i >= (int)(sizeof aliases / sizeof *aliases)) return NULL;
    if (function) *function = aliases[i].function;
    return aliases[i].word;
}

const char *cli_function_word(int i)
{
    enum { SHOWN = 3 };
    for (int k = 0; k < SHOWN; k++)
        if (strcmp(aliases[k].function, table[i].name) == 0) return aliases[k].word;
    return table[i].name;
}

static bool same(const char *word, const char *name, size_t n)
{
    return strlen(word) == n && memcmp(word, name, n) == 0;
}

int cli_function_named(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (!same(aliases[i].word, name, n)) continue;
        name = aliases[i].function, n = strlen(name);
        break;
    }
    for (int i = 0; i < cli_function_count(); i++)
        if (same(table[i].name, name, n)) return i;
    return -1;
}

bool cli_constant(const char *name, size_t n, const char **word, double *value)
{
    static const struct {
        const char *name, *word;
        double value;
    } constants[] = {{"pi", "pi", 3.14159265358979323846},
                     {"π", "pi", 3.14159265358979323846},
                     {"e", "e", 2.71828182845904523536},
                     {"inf", "inf", HUGE_VAL},
                     {"nan", "nan", (double)NAN}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (!same(constants[i].name, name, n)) continue;
        *word = constants[i].word, *value = constants[i].value;
        return true;
    }
    return false;
}

/* How many letters to insert, drop, replace or swap with the next one (Damerau 1964), for words up to MOST_LETTERS. */
enum { MOST_LETTERS = 24 };
static int distance(const char *a, int n, const char *b, int m)
{
    int rows[3][MOST_LETTERS + 1] = {{0}};
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (int j = 0; j <= m; j++) last[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int least = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < least) least = last[j] + 1;
            if (now[j - 1] + 1 < least) least = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < least)
                least = before[j - 2] + 1;
            now[j] = least;
        }
        int *const free_row = before;
        before = last, last = now, now = free_row;
    }
    return last[m];
}

const char *cli_nearest(const char *name, size_t n)
{
    if (n == 0 || n > MOST_LETTERS) return NULL;
    const char *best = NULL;
    int least = 2 * (n > 4 ? 3 : n > 1 ? 2 : 1); /* below this; half a letter for another length */
    const int words = (int)(sizeof aliases / sizeof *aliases);
    for (int i = 0; i < words + cli_function_count(); i++) {
        const char *const word = i < words ? aliases[i].word : table[i - words].name;
        const size_t m = strlen(word);
        if (m > MOST_LETTERS) continue;
        const int d = 2 * distance(name, (int)n, word, (int)m) + (n != m);
        if (d < least) least = d, best = word;
    }
    return best;
}

/* An operation with a plain number is one gate, where the library has it; else tp_none. */
static tp_var with_number(int function, const tp_var *x, const bool *is_number, const double *numbers)
{
    if (is_number[0] == is_number[1] || !isfinite(numbers[is_number[1]])) return tp_none();
    const double c = numbers[is_number[1]];
    const tp_var of = x[is_number[0]];
    switch (function) {
    case CLI_ADD: return tp_adds(of, c);
    case CLI_SUB: return is_number[0] ? tp_rsubs(c, of) : tp_adds(of, -c);
    case CLI_MUL: return tp_muls(of, c);
    case CLI_DIV: return is_number[0] ? tp_rdivs(c, of) : tp_none();
    case CLI_POW: return is_number[1] ? tp_pows(of, c) : tp_none();
    default: return tp_none();
    }
}

static tp_var constant(tp_tape *tape, double number)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", number);
    return tp_name(tp_const(tape, number), text);
}

tp_var cli_apply(tp_tape *tape, int function, const tp_var *x, const bool *is_number, const double *numbers)
{
    const cli_function *const f = &table[function];
    tp_var in[CLI_OPERANDS];
    if (f->two) {
        const tp_var y = with_number(function, x, is_number, numbers);
        if (tp_ok(y)) return y;
    }
    for (int i = 0; i < f->operands - f->numbers; i++) in[i] = is_number[i] ? constant(tape, numbers[i]) : x[i];
    if (f->number) return f->number(in[0], numbers[1]);
    if (f->two_numbers) return f->two_numbers(in[0], numbers[1], numbers[2]);
    if (f->one) return f->one(in[0]);
    return f->two ? f->two(in[0], in[1]) : f->three(in[0], in[1], in[2]);
}
