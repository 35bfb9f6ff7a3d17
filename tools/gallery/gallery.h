/* The page of the course: what its files share. All write HTML to `out`. */
#ifndef TOOLS_GALLERY_H
#define TOOLS_GALLERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The whole file, to be freed; NULL after a message. */
char *read_text(const char *path);
/* n bytes with & and < written out. */
void put_escaped(FILE *out, const char *text, size_t n);

/* The page's styles, the only text that is not made here: tools/gallery/style.css. */
bool put_style(FILE *out);
/* The comment at the head of a program as prose: paragraphs, and what is set in further as it stands. A
   first line that is the title, which stands above already, is left out. */
void put_head_comment(FILE *out, const char *source, const char *title);
/* The program after its head comment, with <span class=...> about words by their kind. */
void put_program(FILE *out, const char *source);
/* Past the head comment. */
const char *skip_head_comment(const char *source);

#endif
