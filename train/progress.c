/* The line that shows how far a run is: redrawn by a carriage return and "erase to the end of the line". */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "train/fit.h"

enum { LINE = 320, LIVE_WIDTH = 79 };
#define REDRAW 0.1 /* seconds between two drawings, at least */

void tp_progress_begin(tp_progress *progress, FILE *out, tp_fit_show show)
{
    *progress = (tp_progress){.out = out};
    if (out) progress->live = show == TP_SHOW_LIVE || (show == TP_SHOW_AUTO && isatty(fileno(out)) == 1);
}

/* Appends to a text of at most LINE - 1 bytes. */
static void append(char text[LINE], const char *format, ...) TP_PRINTF(2, 3);
static void append(char text[LINE], const char *format, ...)
{
    const size_t length = strlen(text);
    va_list list;
    va_start(list, format);
    vsnprintf(text + length, LINE - length, format, list);
    va_end(list);
}

static int digits_of(int64_t number)
{
    return snprintf(NULL, 0, "%" PRId64, number);
}

static void append_epoch(char text[LINE], const tp_fit_view *view)
{
    append(text, "epoch %*" PRId64 "/%" PRId64, digits_of(view->epochs), view->epoch + 1, view->epochs);
}

static void append_speed(char text[LINE], const tp_fit_view *view, double items)
{
    append(text, "  rate %.3g", view->rate);
    if (view->seconds > 0) append(text, "  %.0f items/s", items / view->seconds);
}

static void append_left(char text[LINE], double left)
{
    if (!(left >= 0 && left < 1e9)) return;
    const int64_t s = (int64_t)left;
    if (s < 3600)
        append(text, "  ETA %" PRId64 ":%02d", s / 60, (int)(s % 60));
    else
        append(text, "  ETA %" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
}

void tp_progress_batch(tp_progress *progress, const tp_fit_view *view)
{
    if (!progress->live) return;
    const double now = tp_seconds();
    if (now - progress->shown < REDRAW) return;
    progress->shown = now;
    char text[LINE] = "";
    append_epoch(text, view);
    append(text, "  batch %*" PRId64, view->batches ? digits_of(view->batches) : 1, view->batch);
    if (view->batches) append(text, "/%" PRId64, view->batches);
    append(text, "  loss %.4f", view->mean_loss);
    append_speed(text, view, view->seen_here);
    append_left(text, view->left);
    fprintf(progress->out, "\r\033[K%.*s", LIVE_WIDTH, text);
    fflush(progress->out);
}

void tp_progress_epoch(tp_progress *progress, const tp_fit_view *view)
{
    if (!progress->out) return;
    char text[LINE] = "";
    append_epoch(text, view);
    for (int k = 0; k < tp_history_columns(view->history); k++) {
        const char *name = tp_history_name(view->history, k);
        const bool shown = strcmp(name, "epoch") != 0 && strcmp(name, "steps") != 0 && strcmp(name, "rate") != 0 &&
                           strcmp(name, "seconds") != 0 && !isnan(view->values[k]);
        if (shown) append(text, "  %s %.4f", name, view->values[k]);
    }
    append_speed(text, view, view->seen_here);
    fprintf(progress->out, "%s%s\n", progress->live ? "\r\033[K" : "", text);
    fflush(progress->out);
}

void tp_progress_end(tp_progress *progress)
{
    if (!progress->live) return;
    fprintf(progress->out, "\r\033[K");
    fflush(progress->out);
}
