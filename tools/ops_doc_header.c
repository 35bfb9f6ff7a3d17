/* A public header as a list of declarations, with the comments that belong to them. The headers are the library's own:
   one declaration after another, TP_API before each function, a comment before a run of declarations or behind one. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ops_doc.h"

bool span_is(span s, const char *text)
{
    return (size_t)s.n == strlen(text) && memcmp(s.at, text, (size_t)s.n) == 0;
}

static bool starts(const char *p, const char *with)
{
    return strncmp(p, with, strlen(with)) == 0;
}

static const char *line_end(const char *p)
{
    const char *end = strchr(p, '\n');
    return end ? end : p + strlen(p);
}

static span span_to(const char *from, const char *end)
{
    return (span){from, (int)(end - from)};
}

static const char *comment_end(const char *p)
{
    const char *end = strstr(p, "*/");
    return end ? end + 2 : p + strlen(p);
}

/* Behind the ; that ends a declaration, and a comment on the same line. */
static const char *declaration_end(const char *p)
{
    int depth = 0;
    for (; *p && !(*p == ';' && depth == 0); p++) {
        if (starts(p, "/*")) p = comment_end(p) - 1;
        depth += (*p == '{') - (*p == '}');
    }
    if (*p) p++;
    const char *next = p + strspn(p, " ");
    return starts(next, "/*") ? comment_end(next) : p;
}

/* A macro, over its continued lines. */
static const char *macro_end(const char *p)
{
    const char *end = line_end(p);
    while (*end && end > p && end[-1] == '\\') end = line_end(end + 1);
    return end;
}

/* The identifier before the first parenthesis. */
static span name_of(const char *p)
{
    const char *open = strchr(p, '('), *from = open;
    while (from && from > p && (isalnum((unsigned char)from[-1]) || from[-1] == '_')) from--;
    if (!open) return (span){p, 0};
    if (starts(from, "tp_")) from += 3;
    return span_to(from, open);
}

static void add(header *h, item_kind kind, span text, span comment)
{
    if (h->n == MAX_ITEMS) return;
    h->items[h->n++] = (item){kind, text, comment, kind == ITEM_FUNCTION ? name_of(text.at) : (span){text.at, 0}};
}

/* Over what is no declaration: include lines, guards, and what is for C++ alone. NULL when p is not at such. */
static const char *skip(const char *p)
{
    if (starts(p, "#ifdef __cplusplus")) {
        const char *end = strstr(p, "#endif");
        return end ? line_end(end) : p + strlen(p);
    }
    const bool constant = starts(p, "#define TP_") || starts(p, "#define tp_");
    return *p == '#' && !constant ? line_end(p) : NULL;
}

static void parse(header *h, const char *p)
{
    span pending = {p, 0};
    bool used = true; /* whether a declaration follows the pending comment */
    while (*p) {
        const char *end = skip(p);
        if (!end && *p == '\n') {
            end = p + 1;
            if (*end == '\n' || *p == *end) {
                if (!used) add(h, ITEM_NOTE, pending, (span){p, 0});
                pending.n = 0, used = true;
            }
        } else if (!end && starts(p, "/*")) {
            end = comment_end(p);
            const span comment = span_to(p, end);
            if (!used) add(h, ITEM_NOTE, pending, (span){p, 0});
            pending.n = 0, used = true;
            if (!h->title.n)
                h->title = comment;
            else if (starts(p, "/* ----"))
                add(h, ITEM_HEADING, comment, pending);
            else
                pending = comment, used = false;
        } else if (!end) {
            end = *p == '#' ? macro_end(p) : declaration_end(p);
            add(h, starts(p, "TP_API") ? ITEM_FUNCTION : ITEM_TYPE, span_to(p, end), pending);
            used = true;
        }
        p = end;
    }
}

bool header_read(header *h, const char *path)
{
    enum { MOST = 1 << 18 };
    *h = (header){.n = 0};
    FILE *in = fopen(path, "r");
    char *text = malloc(MOST); /* stays: the spans point into it */
    const size_t n = in && text ? fread(text, 1, MOST - 1, in) : 0;
    if (in) fclose(in);
    if (n == 0 || n == MOST - 1) {
        fprintf(stderr, "ops_doc: cannot read %s\n", path);
        free(text);
        return false;
    }
    text[n] = 0;
    parse(h, text);
    if (h->n < MAX_ITEMS) return true;
    fprintf(stderr, "ops_doc: too many declarations in %s\n", path);
    return false;
}
