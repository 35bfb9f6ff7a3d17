/* Memory against forward work: a recurrence of 10,000 steps walked back from few of its states, measured and drawn
   over the curve of the theory.  usage: checkpoints [folder for the drawing] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <tapir/checkpoint.h>
#include <tapir/ops.h>
#include <tapir/random.h>

#include "lib_plots.h"

enum { STEPS = 10000, UNITS = 64, STATE = UNITS * (int)sizeof(float) };

typedef struct recurrence {
    tp_tensor *w, *b, *first;
    int64_t calls;
} recurrence;

/* h = tanh(W h + b) */
static void step(tp_tape *tape, tp_var *h, int n, int64_t k, void *user)
{
    (void)n, (void)k;
    recurrence *r = user;
    r->calls++;
    h[0] = tp_tanh(tp_linear(h[0], tp_param(tape, r->w), tp_param(tape, r->b)));
}

typedef struct measured {
    int64_t places, calls;
    size_t bytes;
    double seconds;
} measured;

/* Records the chain and walks back from the sum of the last state, by the parameters; plainly with no places. */
static tp_status run(tp_tape *tape, recurrence *r, int64_t places)
{
    tp_tape_reset(tape);
    tp_tensor_clear_grad(r->w);
    tp_tensor_clear_grad(r->b);
    r->calls = 0;
    tp_var h = tp_data(tape, r->first);
    for (int64_t k = 0; places == 0 && k < STEPS; k++) step(tape, &h, 1, k, r);
    if (places > 0) tp_checkpoint_chain(step, tape, &h, 1, STEPS, r, (size_t)places * STATE);
    return tp_backward(tp_sum(h));
}

/* The best of a few runs on one tape, so that all are warm but for the first. */
static bool measure(recurrence *r, int64_t places, measured *m)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_status status = tape ? TP_OK : TP_E_MEMORY;
    *m = (measured){.places = places, .seconds = (double)INFINITY};
    for (int i = 0; i < 4 && status == TP_OK; i++) {
        const clock_t start = clock();
        status = run(tape, r, places);
        m->seconds = fmin(m->seconds, (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    if (status != TP_OK) fprintf(stderr, "%s\n", tp_tape_error(tape));
    m->calls = r->calls;
    m->bytes = tp_tape_stats(tape).tensor.peak;
    tp_tape_free(tape);
    return status == TP_OK;
}

static tp_tensor *numbers(int rank, const int64_t *dims, uint64_t seed, double size)
{
    tp_tensor *t = tp_tensor_new(TP_F32, rank, dims);
    float *x = t ? tp_tensor_data(t) : NULL;
    tp_rng rng = tp_rng_seed(seed);
    for (int64_t i = 0; x && i < tp_tensor_count(t); i++) x[i] = (float)(size * (2 * tp_rng_uniform(&rng) - 1));
    return t;
}

static bool draw(const char *folder, const measured *points, int n, const measured *plain)
{
    enum { CURVE = 60 };
    static double x[CURVE], y[CURVE], px[32], py[32];
    int64_t places = 0;
    int count = 0;
    for (double c = 1; count < CURVE && places < STEPS - 1; c *= 1.2) {
        if ((int64_t)c == places) continue;
        places = (int64_t)c < STEPS - 1 ? (int64_t)c : STEPS - 1;
        x[count] = (double)(places * STATE) / 1024;
        y[count++] = 1 + (double)(1 + tp_checkpoint_cost(STEPS, places)) / STEPS;
    }
    for (int i = 0; i < n; i++) {
        px[i] = (double)points[i].bytes / 1024;
        py[i] = (double)points[i].calls / STEPS;
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 720, .height = 484}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "10,000 steps walked back: memory against work",
                                                 .x_label = "memory, KiB",
                                                 .y_label = "calls of the step, per step",
                                                 .x_log = true,
                                                 .y_log = true});
    tp_plot_curve(plot, x, y, count, &(tp_plot_style){.label = "theory: copies of the state alone"});
    tp_plot_points(plot, px, py, n,
                   &(tp_plot_style){.label = "measured: the most that the tape held", .mark = TP_PLOT_RING});
    tp_plot_points(plot, (double[]){(double)plain->bytes / 1024}, (double[]){1}, 1,
                   &(tp_plot_style){.label = "plain recording", .mark = TP_PLOT_SQUARE});
    return plot_finish(plot, folder, "checkpoints.svg");
}

int main(int argc, char **argv)
{
    static const int64_t places[] = {4, 6, 8, 10, 15, 20, 30, 50, 100, 140, 300, 1000, 3000, 9999};
    enum { POINTS = sizeof places / sizeof *places };
    recurrence r = {.w = numbers(TP_DIMS(UNITS, UNITS), 1, .2), .b = numbers(TP_DIMS(UNITS), 2, .1)};
    r.first = numbers(TP_DIMS(1, UNITS), 3, 1);
    measured plain = {0}, points[POINTS];
    bool good = r.w && r.b && r.first && measure(&r, 0, &plain);
    printf("h = tanh(W h + b), %d wide, %d steps; plainly %zu KiB in %.1f ms\n", UNITS, STEPS, plain.bytes >> 10,
           1e3 * plain.seconds);
    printf("copies  budget KiB  most held KiB  calls    theory   time / plain\n");
    for (int i = 0; i < POINTS && good; i++) {
        good = measure(&r, places[i], &points[i]);
        const int64_t theory = STEPS + 1 + tp_checkpoint_cost(STEPS, places[i]);
        printf("%6lld  %10.1f  %13.1f  %7lld  %7lld  %.2f\n", (long long)places[i], (double)places[i] * STATE / 1024,
               (double)points[i].bytes / 1024, (long long)points[i].calls, (long long)theory,
               points[i].seconds / plain.seconds);
        good = good && points[i].calls == theory;
    }
    if (good) good = draw(argc > 1 ? argv[1] : "out", points, POINTS, &plain);
    tp_tensor_release(r.w);
    tp_tensor_release(r.b);
    tp_tensor_release(r.first);
    return good ? 0 : 1;
}
