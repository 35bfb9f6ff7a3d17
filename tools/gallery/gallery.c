/* Writes the page of the course, index.html, into the folder where its programs have put NAME.txt, what they printed,
   and NAME.svg, NAME-what.svg, what they drew.  usage: gallery FOLDER      run where demos/course lies */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gallery/gallery.h"

enum part { PERCEPTRONS, NETWORKS, BACKPROPAGATION, LOSSES, TRAINING, PARTS };

static const struct {
    const char *title, *about;
} parts[PARTS] = {
    {"Perceptrons and logic", "One unit that decides, what it can learn, and what takes several."},
    {"Networks", "Layers, activations, and programs drawn as graphs."},
    {"Backpropagation", "The chain rule gate by gate, then by matrices, then by the tape alone."},
    {"Losses", "What is made small, and the gradients that leave it."},
    {"Training", "Where to begin, how to step, how large a network, how large a machine."},
};

static struct program {
    const char *name, *rows, *title;
    enum part part;
} programs[] = {
#define COURSE(name, part, rows, title) {#name, rows, title, part},
#include "demos/course/course.def"
#undef COURSE
};
enum { PROGRAMS = sizeof programs / sizeof *programs, PATH = 2048, MOST_PICTURES = 16 };

/* ---- the pictures of a program ---- */

typedef struct picture {
    char name[256];
    double width, height;
} picture;

/* NAME.svg comes before NAME-what.svg. */
static int by_name(const void *a, const void *b)
{
    const char *first = ((const picture *)a)->name, *second = ((const picture *)b)->name;
    while (*first && *first == *second) first++, second++;
    return *first == '.' ? -1 : *second == '.' ? 1 : *first - *second;
}
static int by_number(const void *a, const void *b)
{
    return strcmp(((const struct program *)a)->name, ((const struct program *)b)->name);
}

static double attribute(const char *svg, const char *name)
{
    const char *at = strstr(svg, name);
    return at ? atof(at + strlen(name)) : 0;
}

static bool measure(const char *folder, picture *drawn)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s", folder, drawn->name);
    char *svg = read_text(path);
    if (!svg) return false;
    drawn->width = attribute(svg, " width='");
    drawn->height = attribute(svg, " height='");
    free(svg);
    return true;
}

/* Sorted, NAME.svg first. Returns how many, -1 after a message. */
static int find_pictures(const char *folder, const char *name, picture *pictures)
{
    DIR *files = opendir(folder);
    const size_t length = strlen(name);
    int n = 0;
    bool good = files != NULL;
    if (!good) fprintf(stderr, "gallery: cannot open %s: %s\n", folder, strerror(errno));
    for (struct dirent *file; good && n < MOST_PICTURES && (file = readdir(files));) {
        const char *rest = file->d_name + length, *end = strrchr(file->d_name, '.');
        if (strncmp(file->d_name, name, length) != 0 || (*rest != '.' && *rest != '-') || !end ||
            strcmp(end, ".svg") != 0)
            continue;
        snprintf(pictures[n].name, sizeof pictures[n].name, "%s", file->d_name);
        good = measure(folder, &pictures[n++]);
    }
    if (files) closedir(files);
    qsort(pictures, (size_t)n, sizeof *pictures, by_name);
    return good ? n : -1;
}

static void put_pictures(FILE *out, const struct program *of, const picture *pictures, int n)
{
    fputs("<div class=pictures>\n", out);
    for (int i = 0; i < n; i++) {
        const double width = pictures[i].width;
        const char *class = width > 1260 ? " class=scrolled" : width > 640 ? " class=broad" : "";
        fprintf(out, "<figure><a href='%s'><img%s src='%s' width='%g' height='%g' loading=lazy alt='", pictures[i].name,
                class, pictures[i].name, pictures[i].width, pictures[i].height);
        for (const char *c = of->title; *c; c++)
            if (*c != '\'') fputc(*c, out);
        fprintf(out, ", picture %d'></a></figure>\n", i + 1);
    }
    fputs("</div>\n", out);
}

/* ---- a program ---- */

static size_t widest_line(const char *text)
{
    size_t most = 0;
    for (; *text; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] != 0)) {
        size_t n = 0;
        for (size_t i = 0; i < strcspn(text, "\n"); i++) n += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (n > most) most = n;
    }
    return most;
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

/* Pictures and table stand beside each other where a page of the style's widths has room for both. */
static bool put_results(FILE *out, const char *folder, const struct program *of)
{
    enum { LONG_TEXT = 64 };
    const double page = 1176, broad_page = 1536, character = 7.75, around = 62;
    char path[PATH];
    picture pictures[MOST_PICTURES];
    snprintf(path, sizeof path, "%s/%s.txt", folder, of->name);
    char *text = read_text(path);
    const int n = text ? find_pictures(folder, of->name, pictures) : -1;
    if (n >= 0) {
        double broadest = n ? 0 : broad_page;
        for (int i = 0; i < n; i++) broadest = pictures[i].width > broadest ? pictures[i].width : broadest;
        const double both = broadest + character * (double)widest_line(text) + around;
        fprintf(out, "<div class='results%s'>\n", both <= page ? " beside" : both <= broad_page ? " broad-beside" : "");
        if (n) put_pictures(out, of, pictures, n);
        fprintf(out, "<pre class='printed%s' tabindex=0>", count_lines(text) > LONG_TEXT ? " long" : "");
        put_escaped(out, text, strlen(text));
        fputs("</pre>\n</div>\n", out);
    }
    free(text);
    return n >= 0;
}

static bool put_section(FILE *out, const char *folder, const struct program *of)
{
    char path[PATH];
    snprintf(path, sizeof path, "demos/course/%s.c", of->name);
    char *source = read_text(path);
    if (!source) return false;
    fprintf(out, "<section id='%s'>\n<h3><a href='#%s'>%.2s</a> ", of->name, of->name, of->name);
    put_escaped(out, of->title, strlen(of->title));
    fprintf(out, "</h3>\n<p class=rows>%s %s of docs/course.md</p>\n", strpbrk(of->rows, ",-") ? "rows" : "row",
            of->rows);
    put_head_comment(out, source, of->title);
    const bool good = put_results(out, folder, of);
    fprintf(out, "<details><summary>The program: <code>%s.c</code>, %d lines</summary>\n<pre class=program>", of->name,
            count_lines(source));
    put_program(out, source);
    fputs("</pre></details>\n</section>\n", out);
    free(source);
    return good;
}

/* ---- the page ---- */

static void put_contents(FILE *out)
{
    fputs("<nav><h2>Contents</h2>\n", out);
    for (int part = 0; part < PARTS; part++) {
        fprintf(out, "<h4><a href='#part-%d'>%s</a></h4>\n<ol>\n", part + 1, parts[part].title);
        for (size_t i = 0; i < PROGRAMS; i++) {
            if ((int)programs[i].part != part) continue;
            fprintf(out, "<li><a href='#%s'><b>%.2s</b>", programs[i].name, programs[i].name);
            put_escaped(out, programs[i].title, strlen(programs[i].title));
            fputs("</a></li>\n", out);
        }
        fputs("</ol>\n", out);
    }
    fputs("</nav>\n", out);
}

static bool put_page(FILE *out, const char *folder)
{
    bool good = true;
    fputs("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content='width=device-width, initial-scale=1'>\n"
          "<meta name=color-scheme content='light dark'>\n<title>Tapir: the course</title>\n<style>\n",
          out);
    good = put_style(out);
    fprintf(out,
            "</style></head><body>\n<header><h1>Neural networks, worked out on a tape</h1>\n"
            "<p>Five university lecture decks on neural networks and backpropagation, example by example, as %d "
            "short C programs on Tapir, a library for reverse-mode automatic differentiation. Every number on this "
            "page was printed, and every picture drawn, by the program that it stands with, when <code>make "
            "course</code> made the page; the numbers that the decks give are held by tests.</p></header>\n",
            PROGRAMS);
    put_contents(out);
    fputs("<main>\n", out);
    for (int part = 0; part < PARTS; part++) {
        fprintf(out, "<h2 id='part-%d'>%s</h2>\n<p class=about>%s</p>\n", part + 1, parts[part].title,
                parts[part].about);
        for (size_t i = 0; i < PROGRAMS && good; i++)
            if ((int)programs[i].part == part) good = put_section(out, folder, &programs[i]);
    }
    fputs("</main>\n</body></html>\n", out);
    return good;
}

int main(int argc, char **argv)
{
    char path[PATH];
    if (argc != 2) {
        fprintf(stderr, "usage: gallery FOLDER\n");
        return 2;
    }
    qsort(programs, PROGRAMS, sizeof *programs, by_number);
    snprintf(path, sizeof path, "%s/index.html", argv[1]);
    FILE *out = fopen(path, "w");
    bool good = out && put_page(out, argv[1]);
    const int error = errno;
    if (out && fclose(out) != 0) good = false;
    if (!out || !good) fprintf(stderr, "gallery: cannot write %s: %s\n", path, strerror(error));
    return good ? 0 : 1;
}
