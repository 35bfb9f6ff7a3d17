/* The line is redrawn by a carriage return and "erase to the end of the line". */
#include "lib_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double score_loss(const score *sum)
{
    return sum->loss / (double)sum->seen;
}

double score_accuracy(const score *sum)
{
    return 100 * (double)sum->right / (double)sum->seen;
}

progress progress_begin(int epoch, int epochs, int64_t batches)
{
    const double now = seconds();
    return (progress){epoch, epochs, batches, isatty(STDOUT_FILENO) != 0, now, now};
}

void progress_show(progress *line, int64_t batch, const score *sum)
{
    if (!line->live) return;
    const double now = seconds();
    if (now - line->shown < .1 && batch < line->batches) return;
    line->shown = now;
    printf("\r\033[Kepoch %2d/%d  batch %*d/%d  loss %.4f  accuracy %5.2f %%  %6.0f samples/s", line->epoch,
           line->epochs, snprintf(NULL, 0, "%d", (int)line->batches), (int)batch, (int)line->batches, score_loss(sum),
           score_accuracy(sum), (double)sum->seen / (now - line->begun));
    fflush(stdout);
}

void progress_end(const progress *line, const score *sum)
{
    printf("%sepoch %2d/%d  %6.0f samples/s  train: loss %.4f, %5.2f %%", line->live ? "\r\033[K" : "", line->epoch,
           line->epochs, (double)sum->seen / (seconds() - line->begun), score_loss(sum), score_accuracy(sum));
    fflush(stdout);
}
