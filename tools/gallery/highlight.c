/* C with its words coloured by kind: comments, strings, numbers, keywords, types, the library's functions. */
#include <ctype.h>
#include <string.h>

#include "tools/gallery/gallery.h"

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool one_of(const char *word, size_t n, const char *list)
{
    for (const char *at = list; *at; at += strcspn(at, " ") + (at[strcspn(at, " ")] != 0))
        if (strcspn(at, " ") == n && memcmp(at, word, n) == 0) return true;
    return false;
}

/* "k", "t", "f", "m" or NULL for the word of n characters at `word`. */
static const char *word_kind(const char *word, size_t n)
{
    static const char keywords[] = "break case const continue default do else enum extern for goto if inline return "
                                   "sizeof static struct switch typedef union while";
    static const char types[] = "bool char double float int long short signed unsigned void size_t int64_t uint64_t "
                                "int32_t uint32_t FILE";
    const char *after = word + n + strspn(word + n, " ");
    if (one_of(word, n, keywords)) return "k";
    if (one_of(word, n, types)) return "t";
    if (one_of(word, n, "true false NULL")) return "n";
    if (n > 3 && memcmp(word, "TP_", 3) == 0) return "n";
    if (n > 3 && memcmp(word, "tp_", 3) == 0) return *after == '(' ? "f" : "t";
    return NULL;
}

static size_t quoted_length(const char *at)
{
    size_t n = 1;
    while (at[n] && at[n] != at[0] && at[n] != '\n') n += at[n] == '\\' && at[n + 1] ? 2 : 1;
    return n + (at[n] == at[0]);
}

/* How long the token at `at` is, and its kind. */
static size_t token(const char *at, bool line_begins, const char **kind)
{
    size_t n = 1;
    *kind = NULL;
    if (at[0] == '/' && (at[1] == '*' || at[1] == '/')) {
        const char *end = strstr(at, at[1] == '*' ? "*/" : "\n");
        *kind = "c";
        n = end ? (size_t)(end - at) + (at[1] == '*' ? 2 : 0) : strlen(at);
    } else if (at[0] == '#' && line_begins) {
        *kind = "p";
        n = strcspn(at, "\n");
    } else if (at[0] == '"' || at[0] == '\'') {
        *kind = "s";
        n = quoted_length(at);
    } else if (isdigit((unsigned char)at[0]) || (at[0] == '.' && isdigit((unsigned char)at[1]))) {
        *kind = "n";
        while (in_word(at[n]) || at[n] == '.' || ((at[n] == '-' || at[n] == '+') && at[n - 1] == 'e')) n++;
    } else if (in_word(at[0])) {
        while (in_word(at[n])) n++;
        *kind = word_kind(at, n);
    }
    return n;
}

void put_program(FILE *out, const char *source)
{
    const char *at = skip_head_comment(source);
    at += strspn(at, "\n");
    for (bool line_begins = true; *at;) {
        const char *kind;
        const size_t n = token(at, line_begins, &kind);
        if (kind) fprintf(out, "<span class=%s>", kind);
        put_escaped(out, at, n);
        if (kind) fputs("</span>", out);
        line_begins = at[n - 1] == '\n';
        at += n;
    }
}
