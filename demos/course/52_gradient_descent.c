/* Gradient descent, on all points and on a few.

   Gradient descent goes against the gradient: w <- w - eta dL/dw. On L = w^2/2, whose gradient is w itself, each step
   multiplies w by 1 - eta.

   When L is a mean over N examples, every step asks for all N. Stochastic gradient descent takes the mean over a few of
   them, drawn anew for each step: its gradient is right on average, since the mean over the batches of one pass is the
   whole gradient, and a pass over the data makes N/B steps instead of one. The price is noise: with the rate held
   fixed it does not settle at the minimum but wanders about it.

   The example is a line y = a x + b through N points, whose loss is a bowl over (a, b). */
#include "lib_course.h"

enum { POINTS = 64, PASSES = 25, SHOWN = 2, CELLS = 80, LEVELS = 9, MOST = PASSES * POINTS + 1 };
static const double eta = .1, low[2] = {-.4, -1.3}, high[2] = {1.8, .7};

typedef struct data {
    double x[POINTS][2], y[POINTS]; /* a row of x is (x, 1), so that the line is x w, w = (a, b) */
} data;

/* Where a run came by, one place a step; the loss above the least. */
typedef struct path {
    int n;
    double a[MOST], b[MOST], loss[MOST], passes[MOST];
} path;

static data noisy_line(void)
{
    data d;
    tp_rng rng = tp_rng_seed(4);
    for (int i = 0; i < POINTS; i++) {
        d.x[i][0] = 3 * tp_rng_uniform(&rng) - .4;
        d.x[i][1] = 1;
        d.y[i] = .8 * d.x[i][0] - .5 + .6 * tp_rng_normal(&rng);
    }
    return d;
}

/* Mean of (x w - y)^2 / 2 over n points from the first on. w is (2, m), m lines at once: (m). */
static tp_var loss_of(tp_tape *tape, tp_var w, const data *d, int first, int n)
{
    const tp_var line = tp_matmul(course_data(tape, TP_DIMS(n, 2), d->x[first]), w);
    const tp_var off = tp_sub(line, course_data(tape, TP_DIMS(n, 1), d->y + first));
    return tp_muls(tp_mean_axes(tp_square(off), TP_AXES(0), false), .5);
}

/* w = 1, L = w^2/2. */
static bool one_weight(tp_tape *tape)
{
    double w = 1, after[3];
    for (int step = 0; step < 3; step++) {
        tp_tape_reset(tape);
        const tp_var v = tp_scalar(tape, w);
        if (tp_backward(tp_muls(tp_square(v), .5)) != TP_OK) return false;
        after[step] = w -= eta * tp_grad_item(v);
    }
    course_numbers("w after each step", 3, after);
    return true;
}

/* The gradient at the line y = 0 over all points, and the mean of those of the batches. */
static bool batches_are_fair(tp_tape *tape, const data *d, int batch)
{
    tp_tape_reset(tape);
    tp_var whole, part, mean = tp_const(tape, 0);
    const tp_var w = course_leaf(tape, TP_DIMS(2, 1), NUMBERS(0, 0));
    tp_gradients(loss_of(tape, w, d, 0, POINTS), &w, 1, &whole, 0);
    for (int first = 0; first < POINTS; first += batch) {
        tp_gradients(loss_of(tape, w, d, first, batch), &w, 1, &part, 0);
        mean = tp_add(mean, tp_muls(part, (double)batch / POINTS));
    }
    course_value("whole gradient", whole);
    course_value("mean over batches", mean);
    printf("  %-26s %12.1e\n", "difference", course_difference(whole, mean));
    return tp_tape_status(tape) == TP_OK;
}

/* As many steps as PASSES passes over the data have batches. The points come in no order; each step draws a block. */
static bool descend(tp_tape *tape, const data *d, double least, int batch, path *p)
{
    tp_rng rng = tp_rng_seed(6);
    tp_tensor *w = tp_tensor_new(TP_F64, TP_DIMS(2, 1));
    tp_optim *sgd = tp_sgd(&(tp_sgd_options){.rate = eta}, NULL);
    bool good = tp_optim_add(sgd, w, NULL) == TP_OK;
    for (p->n = 0; good && p->n <= PASSES * POINTS / batch; p->n++) {
        const int first = batch * (int)tp_rng_below(&rng, (uint32_t)(POINTS / batch));
        tp_tape_reset(tape);
        const tp_var v = tp_param(tape, w);
        p->a[p->n] = tp_tensor_item(w, 0), p->b[p->n] = tp_tensor_item(w, 1);
        p->passes[p->n] = (double)p->n * batch / POINTS;
        p->loss[p->n] = tp_item(loss_of(tape, v, d, 0, POINTS)) - least;
        good = tp_backward(loss_of(tape, v, d, first, batch)) == TP_OK;
        tp_optim_step(sgd);
        tp_optim_clear_grads(sgd);
    }
    tp_optim_free(sgd);
    tp_tensor_release(w);
    return good;
}

/* The bowl: the loss of CELLS x CELLS lines, all in one product, as contour lines. */
static void draw_bowl(tp_plot *plot, tp_tape *tape, const data *d, double least)
{
    static double w[2][CELLS * CELLS];
    double levels[LEVELS];
    for (int i = 0; i < CELLS * CELLS; i++) {
        w[0][i] = low[0] + (high[0] - low[0]) * (i % CELLS + .5) / CELLS;
        w[1][i] = low[1] + (high[1] - low[1]) * (i / CELLS + .5) / CELLS;
    }
    for (int i = 0; i < LEVELS; i++) levels[i] = least + pow(.1 * (i + 1), 2);
    tp_tape_reset(tape);
    const tp_var loss = loss_of(tape, course_data(tape, TP_DIMS(2, CELLS * CELLS), w[0]), d, 0, POINTS);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Ways down the bowl", .x_label = "a", .y_label = "b"});
    tp_plot_contour_tensor(plot, tp_value(tp_reshape(loss, TP_DIMS(CELLS, CELLS))),
                           &(tp_plot_contour_options){low[0], high[0], low[1], high[1], levels, LEVELS}, NULL);
}

int main(int argc, char **argv)
{
    static const int batches[3] = {1, 8, POINTS};
    static const char *const names[3] = {"one point", "8 points", "all points"};
    static path paths[3];
    const data d = noisy_line();
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 420}, NULL);
    printf("L = w^2/2, eta = %g, from w = 1\n", eta);
    bool good = tape && plot && one_weight(tape);
    puts("\nthe gradient for a line through points, by batches of 8");
    good = good && batches_are_fair(tape, &d, 8);
    tp_tape_reset(tape);
    const tp_var x = course_data(tape, TP_DIMS(POINTS, 2), d.x[0]), y = course_data(tape, TP_DIMS(POINTS, 1), d.y);
    const tp_var best = tp_lstsq(x, y);
    const double least = tp_item(loss_of(tape, best, &d, 0, POINTS));
    printf("\na, b, and the loss above the least, after %d passes over %d points\n", PASSES, POINTS);
    course_value("least squares", best);
    draw_bowl(plot, tape, &d, least);
    for (int i = 0; good && i < 3; i++) {
        path *p = &paths[i];
        good = descend(tape, &d, least, batches[i], p);
        course_numbers(names[i], 3, NUMBERS(p->a[p->n - 1], p->b[p->n - 1], p->loss[p->n - 1]));
        tp_plot_curve(plot, p->a, p->b, i == 0 ? SHOWN * POINTS : p->n,
                      &(tp_plot_style){.label = i ? names[i] : "one point, 2 passes", .width = i ? 2 : 1});
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = "Loss above the least", .y_log = true, .x_label = "passes over the data"});
    for (int i = 0; i < 3; i++)
        tp_plot_curve(plot, paths[i].passes, paths[i].loss, paths[i].n,
                      &(tp_plot_style){.label = names[i], .width = i ? 2 : 1});
    good = course_picture(plot, folder, "52_gradient_descent.svg") && good;
    return course_end(tape, good);
}
