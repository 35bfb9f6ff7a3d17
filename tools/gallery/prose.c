/* Texts: files, characters that HTML wants written out, and the comment at the head of a program as prose. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gallery/gallery.h"

char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, read = 0;
    while (file && read == (size ? size - 1 : 0)) {
        char *larger = realloc(text, size += 1 << 16);
        if (!larger) break;
        text = larger;
        read += fread(text + read, 1, size - 1 - read, file);
    }
    if (!file || ferror(file) || !text || read == size - 1) {
        fprintf(stderr, "gallery: cannot read %s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (file) fclose(file);
    if (text) text[read] = 0;
    return text;
}

void put_escaped(FILE *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '&')
            fputs("&amp;", out);
        else if (text[i] == '<')
            fputs("&lt;", out);
        else
            fputc(text[i], out);
    }
}

bool put_style(FILE *out)
{
    char *style = read_text("tools/gallery/style.css");
    if (style) fputs(style, out);
    free(style);
    return style != NULL;
}

const char *skip_head_comment(const char *source)
{
    const char *end = strncmp(source, "/*", 2) == 0 ? strstr(source, "*/") : NULL;
    return end ? end + 2 : source;
}

/* n bytes of a sentence; `what stands so` is code. */
static void put_sentence(FILE *out, const char *text, size_t n)
{
    for (const char *end = text + n; text < end;) {
        const char *open = memchr(text, '`', (size_t)(end - text));
        const char *close = open ? memchr(open + 1, '`', (size_t)(end - open - 1)) : NULL;
        put_escaped(out, text, (size_t)((close ? open : end) - text));
        if (!close) return;
        fputs("<code>", out);
        put_escaped(out, open + 1, (size_t)(close - open - 1));
        fputs("</code>", out);
        text = close + 1;
    }
}

enum { NOWHERE, PARAGRAPH, AS_IT_STANDS };

static void change(FILE *out, int *state, int to)
{
    static const char *const begin[] = {"", "<p>", "<pre class=formula>"}, *const end[] = {"", "</p>\n", "</pre>\n"};
    if (*state == to) return;
    fputs(end[*state], out);
    fputs(begin[to], out);
    *state = to;
}

/* The comment's own lines begin in column 3; what stands further in is a formula or a table. */
void put_head_comment(FILE *out, const char *source, const char *title)
{
    enum { MARGIN = 3 };
    const char *end = skip_head_comment(source) - 2, *at = source;
    int state = NOWHERE;
    size_t empty = 0; /* lines that wait: within a formula they belong to it */
    if (end < source) return;
    const size_t n = strlen(title);
    const bool titled = strncmp(source + MARGIN, title, n) == 0 && strncmp(source + MARGIN + n, ".\n", 2) == 0;
    if (titled) at += MARGIN + n + 2;
    for (bool first = !titled; at < end; first = false) {
        const size_t length = strcspn(at, "\n") < (size_t)(end - at) ? strcspn(at, "\n") : (size_t)(end - at);
        size_t in = first ? MARGIN : strspn(at, " "), last = length;
        while (last > in && at[last - 1] == ' ') last--;
        if (in >= last) {
            empty++;
        } else {
            const int to = in > MARGIN ? AS_IT_STANDS : PARAGRAPH;
            if (empty && (to != AS_IT_STANDS || state != to)) change(out, &state, NOWHERE);
            if (state == to) fputc('\n', out);
            for (; empty && state == to; empty--) fputc('\n', out);
            change(out, &state, to);
            empty = 0;
            if (to == AS_IT_STANDS) in = MARGIN + 2 < in ? MARGIN + 2 : in;
            (to == PARAGRAPH ? put_sentence : put_escaped)(out, at + in, last - in);
        }
        at += length + 1;
    }
    change(out, &state, NOWHERE);
}
