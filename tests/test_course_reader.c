/* How a line that a program of the course printed is found and compared. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "tests/test_course.h"

void add_mistake(mistakes *list, const char *format, ...)
{
    const size_t used = strlen(list->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(list->text + used, sizeof list->text - used, format, arguments);
    va_end(arguments);
    strncat(list->text, "\n", sizeof list->text - 1 - strlen(list->text));
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at)
{
    while (blank(*at)) at++;
    return at;
}

static bool word_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Past the label at the head of the line, or NULL. Label x is not the head of x0. */
static const char *past_label(const char *line, const char *label, size_t length)
{
    const char *end = label + length;
    line = skip_blanks(line);
    while (label < end) {
        if (blank(*label) ? !blank(*line) : *label != *line) return NULL;
        const bool gap = blank(*label);
        label = gap ? skip_blanks(label) : label + 1;
        line = gap ? skip_blanks(line) : line + 1;
    }
    return length > 0 && word_character(end[-1]) && word_character(*line) ? NULL : line;
}

static const char *find_line(const char *at, const char *label, size_t length)
{
    while (at && *at) {
        const char *rest = past_label(at, label, length);
        if (rest) return rest;
        at = strchr(at, '\n');
        if (at) at++;
    }
    return NULL;
}

/* Past the label of the first line that has it. Where none has, "section > label" looks behind the line that begins
   with the section. */
static const char *find(const char *output, const char *label)
{
    static const char deeper[] = " > ";
    while (output) {
        const char *found = find_line(output, label, strlen(label)), *next = strstr(label, deeper);
        if (found || !next) return found;
        output = find_line(output, label, (size_t)(next - label));
        label = next + strlen(deeper);
    }
    return NULL;
}

/* The next number on the line, and where it ends; NULL where there is none. A digit within a word is none. */
static const char *next_number(const char *at, double *number)
{
    for (bool inside = false; *at && *at != '\n'; inside = word_character(*at), at++) {
        const char *digit = at + (*at == '-' || *at == '+');
        if (*digit == '.') digit++;
        if (inside || !isdigit((unsigned char)*digit)) continue;
        char *end;
        *number = strtod(at, &end);
        return end;
    }
    return NULL;
}

static void check_numbers(const char *at, const expectation *wanted, mistakes *list)
{
    for (size_t i = 0; i < wanted->count; i++) {
        double got = 0;
        at = next_number(at, &got);
        if (!at) {
            add_mistake(list, "row %d: '%s' has %zu numbers, not %zu", wanted->row, wanted->label, i, wanted->count);
            return;
        }
        if (!(fabs(got - wanted->numbers[i]) <= wanted->tolerance))
            add_mistake(list, "row %d: '%s', number %zu is %.10g, not %.10g", wanted->row, wanted->label, i + 1, got,
                        wanted->numbers[i]);
    }
}

static void check_bound(const char *at, const expectation *wanted, mistakes *list)
{
    const bool most = wanted->kind == AT_MOST;
    double got = 0;
    if (!next_number(at, &got))
        add_mistake(list, "row %d: '%s' has no number", wanted->row, wanted->label);
    else if (most ? !(got <= wanted->tolerance) : !(got >= wanted->tolerance))
        add_mistake(list, "row %d: '%s' is %.10g, not %s %.10g", wanted->row, wanted->label, got,
                    most ? "at most" : "at least", wanted->tolerance);
}

static void check_text(const char *at, const expectation *wanted, mistakes *list)
{
    const char *text = skip_blanks(wanted->text);
    const size_t length = strcspn(at, "\n");
    const char *end = past_label(at, text, strlen(text));
    if (!end || *skip_blanks(end) != '\n')
        add_mistake(list, "row %d: '%s' reads '%.*s', not '%s'", wanted->row, wanted->label, (int)length, at, text);
}

void check_line(const char *output, const expectation *wanted, mistakes *list)
{
    const char *at = find(output, wanted->label);
    if (!at)
        add_mistake(list, "row %d: no line begins with '%s'", wanted->row, wanted->label);
    else if (wanted->kind == NUMBERS_ARE)
        check_numbers(at, wanted, list);
    else if (wanted->kind == TEXT_IS)
        check_text(at, wanted, list);
    else
        check_bound(at, wanted, list);
}

static bool has_word(const char *at, size_t length, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= length; i++)
        if (strncmp(at + i, word, n) == 0 && (i == 0 || !word_character(at[i - 1])) && !word_character(at[i + n]))
            return true;
    return false;
}

void check_finite(const char *output, const expectation *wanted, size_t n, mistakes *list)
{
    for (const char *line = output; *line;) {
        const size_t length = strcspn(line, "\n");
        bool allowed = !has_word(line, length, "nan") && !has_word(line, length, "inf");
        for (size_t i = 0; i < n && !allowed; i++) {
            const char *found = wanted[i].kind == TEXT_IS ? find(output, wanted[i].label) : NULL;
            allowed = found && found >= line && found <= line + length;
        }
        if (!allowed) add_mistake(list, "not a finite number: %.*s", (int)length, line);
        line += length + (line[length] != 0);
    }
}
