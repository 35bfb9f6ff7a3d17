/* Each function writes one element; svg_end tells whether all of it arrived. */
#include "lib_svg.h"

bool svg_begin(svg *picture, const char *path, double width, double height)
{
    picture->file = fopen(path, "w");
    if (!picture->file) return false;
    fprintf(picture->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"%g\" "
            "height=\"%g\" viewBox=\"0 0 %g %g\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n",
            width, height, width, height);
    svg_rect(picture, 0, 0, width, height, "#ffffff", "none");
    return true;
}

bool svg_end(svg *picture)
{
    fputs("</svg>\n", picture->file);
    const bool failed = ferror(picture->file) != 0;
    return fclose(picture->file) == 0 && !failed;
}

void svg_line(svg *picture, double x1, double y1, double x2, double y2, const char *colour, double width)
{
    fprintf(picture->file,
            "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"%g\" "
            "stroke-linecap=\"round\"/>\n",
            x1, y1, x2, y2, colour, width);
}

void svg_polyline(svg *picture, int n, const double *x, const double *y, const char *colour, const char *dash)
{
    fputs("<polyline points=\"", picture->file);
    for (int i = 0; i < n; i++) fprintf(picture->file, "%s%.2f,%.2f", i ? " " : "", x[i], y[i]);
    fprintf(picture->file,
            "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-dasharray=\"%s\"/>\n",
            colour, dash);
}

void svg_rect(svg *picture, double x, double y, double width, double height, const char *fill, const char *stroke)
{
    fprintf(picture->file, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" stroke=\"%s\"/>\n",
            x, y, width, height, fill, stroke);
}

void svg_circle(svg *picture, double x, double y, double radius, const char *fill, const char *stroke)
{
    fprintf(picture->file, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%g\" fill=\"%s\" stroke=\"%s\" stroke-width=\"2\"/>\n",
            x, y, radius, fill, stroke);
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc(*text, out);
        }
    }
}

void svg_text(svg *picture, double x, double y, svg_font font, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(picture->file, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%g\" fill=\"%s\" text-anchor=\"%s\"%s", x, y,
            font.size, font.colour, anchors[font.anchor], font.bold ? " font-weight=\"bold\"" : "");
    if (font.turn < 0 || font.turn > 0) fprintf(picture->file, " transform=\"rotate(%g %.2f %.2f)\"", font.turn, x, y);
    fputc('>', picture->file);
    put_escaped(picture->file, text);
    fputs("</text>\n", picture->file);
}

static void put_base64(FILE *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const unsigned word = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                              (left > 2 ? (unsigned)bytes[i + 2] : 0);
        fputc(digits[word >> 18], out);
        fputc(digits[word >> 12 & 63], out);
        fputc(left > 1 ? digits[word >> 6 & 63] : '=', out);
        fputc(left > 2 ? digits[word & 63] : '=', out);
    }
}

void svg_png(svg *picture, double x, double y, double width, double height, const unsigned char *png, size_t n)
{
    fprintf(picture->file,
            "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" style=\"image-rendering: pixelated\" "
            "xlink:href=\"data:image/png;base64,",
            x, y, width, height);
    put_base64(picture->file, png, n);
    fputs("\"/>\n", picture->file);
}
