/* XOR three ways: backpropagation written by hand, by the tape, and with L-BFGS in place of plain descent.

   By hand, every formula of the backward pass is a line of C, and a mistake in one of them still gives a program that
   runs. The tape finds the same gradient from the forward pass alone. Side by side, each on its own, the two stay
   together for thousands of steps to the last digits: that is how code written by hand is tested.

   Plain descent crawls over plateaus. L-BFGS (Nocedal 1980) builds an estimate of the curvature from the latest steps
   and gradients, and asks for nothing but the loss and its gradient, which the tape gives. Whether it gets down to 0
   depends on where it begins: of a number of seeds, all are run and those that get there are counted. */
#include <string.h>

#include "lib_course.h"

/* All parameters in one row: W1 (2,2), b1 (2), W2 (2), b2 (1). */
enum { B1 = 4, W2 = 6, B2 = 8, ALL = 9, PARTS = 4, STEPS = 3000, SEEDS = 20, MOST = 200 };
static const double rate = .5, xs[8] = {1, 0, 0, 0, 0, 1, 1, 1}, ts[4] = {1, 0, 1, 0};

/* ---- by hand ---- */

static double by_hand(const double *p, double *g)
{
    double loss = 0;
    for (int i = 0; i < ALL; i++) g[i] = 0;
    for (int n = 0; n < 4; n++) {
        const double *x = xs + 2 * n;
        double h[2], z = p[B2];
        for (int j = 0; j < 2; j++) {
            h[j] = 1 / (1 + exp(-(x[0] * p[j] + x[1] * p[2 + j] + p[B1 + j])));
            z += h[j] * p[W2 + j];
        }
        const double y = 1 / (1 + exp(-z)), delta2 = (y - ts[n]) * y * (1 - y);
        loss += (y - ts[n]) * (y - ts[n]) / 2;
        g[B2] += delta2;
        for (int j = 0; j < 2; j++) {
            const double delta1 = delta2 * p[W2 + j] * h[j] * (1 - h[j]);
            g[W2 + j] += delta2 * h[j];
            g[B1 + j] += delta1;
            for (int k = 0; k < 2; k++) g[2 * k + j] += delta1 * x[k];
        }
    }
    return loss;
}

/* ---- by the tape ---- */

/* The loss from the parts W1, b1, W2, b2. */
static tp_var by_tape(tp_tape *tape, const tp_var *p, int n, void *user)
{
    (void)n, (void)user;
    const tp_var x = course_data(tape, TP_DIMS(4, 2), xs), t = course_data(tape, TP_DIMS(4), ts);
    const tp_var h = tp_sigmoid(tp_add(tp_matmul(x, p[0]), p[1])), y = tp_sigmoid(tp_add(tp_matmul(h, p[2]), p[3]));
    return tp_muls(tp_sum(tp_square(tp_sub(y, t))), .5);
}

/* Both from the same weights, each by its own gradients. Returns how far losses and weights are apart at most. */
static double side_by_side(tp_objective *o, double *losses, double *apart)
{
    double hand[ALL] = {.5, -.5, .25, .75, .1, -.1, 1, -1, .05}, tape[ALL], g[ALL], off = 0;
    memcpy(tape, hand, sizeof hand);
    printf("Descent with rate %g %16s %22s\n", rate, "by hand", "by the tape");
    for (int step = 0; step <= STEPS; step++) {
        const double loss = by_hand(hand, g);
        for (int i = 0; i < ALL; i++) hand[i] -= rate * g[i];
        if (tp_objective_at(o, tape) != TP_OK || tp_objective_gradient(o, g) != TP_OK) return HUGE_VAL;
        losses[step] = tp_objective_value(o);
        for (int i = 0; i < ALL; i++) tape[i] -= rate * g[i];
        off = fmax(off, apart[step] = fabs(loss - losses[step]));
        for (int i = 0; i < ALL; i++) off = fmax(off, fabs(hand[i] - tape[i]));
        if (step % 500 == 0) printf("  step %-4d %26.15f %22.15f\n", step, loss, losses[step]);
    }
    return off;
}

/* ---- by L-BFGS ---- */

typedef struct descent {
    double losses[MOST];
    int count;
} descent;

static bool note(const tp_minimize_result *so_far, const double *x, void *user)
{
    descent *d = user;
    (void)x;
    if (d->count < MOST) d->losses[d->count++] = so_far->value;
    return so_far->value > 1e-8; /* small enough */
}

/* From weights drawn from the standard normal distribution; true below 1e-6. */
static bool from_seed(tp_objective *o, int seed, tp_plot *plot, bool labels[2])
{
    static const char *const names[] = {"ends on a plateau", "gets below 1e-6"};
    descent d = {.count = 0};
    tp_rng rng = tp_rng_seed((uint64_t)seed);
    double p[ALL];
    tp_minimize_result result = {.value = HUGE_VAL};
    for (int i = 0; i < ALL; i++) p[i] = tp_rng_normal(&rng);
    tp_minimize(o, p, &(tp_minimize_options){.progress = note, .user = &d}, &result, NULL);
    const bool there = result.value < 1e-6;
    printf("  seed %-2d loss %.1e after %3d steps\n", seed, result.value, (int)result.iterations);
    tp_plot_curve(plot, NULL, d.losses, d.count,
                  &(tp_plot_style){.label = labels[there] ? NULL : names[there],
                                   .colour = there ? 1 : 2,
                                   .dash = there ? TP_PLOT_SOLID : TP_PLOT_DASHED});
    labels[there] = true;
    return there;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    static double steps[STEPS + 1], losses[STEPS + 1], apart[STEPS + 1];
    tp_error error = {TP_OK, "out of memory"};
    tp_tensor *parts[PARTS] = {tp_tensor_new(TP_F64, TP_DIMS(2, 2)), tp_tensor_new(TP_F64, TP_DIMS(2)),
                               tp_tensor_new(TP_F64, TP_DIMS(2)), tp_tensor_new(TP_F64, TP_DIMS(1))};
    tp_objective *o = tp_objective_new(by_tape, NULL, PARTS, parts, NULL, &error);
    bool good = o != NULL, labels[2] = {false, false};
    int there = 0;
    char title[48];

    printf("  losses and weights are apart by at most %.1e\n", side_by_side(o, losses, apart));
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 470, .height = 380}, NULL);
    for (int i = 0; i <= STEPS; i++) steps[i] = i;
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Plain descent",
                                                 .y_low = 1e-17,
                                                 .y_high = 1e4,
                                                 .legend = TP_PLOT_LEGEND_TOP_RIGHT,
                                                 .x_label = "step",
                                                 .y_label = "L, and a difference",
                                                 .y_log = true});
    tp_plot_curve(plot, steps, losses, STEPS + 1, &(tp_plot_style){.label = "loss, by hand and by the tape"});
    tp_plot_points(plot, steps, apart, STEPS + 1, &(tp_plot_style){.label = "how far these are apart", .size = 3});

    snprintf(title, sizeof title, "L-BFGS from %d seeds", SEEDS);
    printf("\n%s\n", title);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title,
                                                 .y_low = 1e-10,
                                                 .y_high = 2,
                                                 .legend = TP_PLOT_LEGEND_BOTTOM_LEFT,
                                                 .x_label = "step",
                                                 .y_label = "L",
                                                 .y_log = true});
    for (int seed = 1; good && seed <= SEEDS; seed++) there += from_seed(o, seed, plot, labels);
    printf("  below 1e-6: %d of %d\n", there, SEEDS);
    good = course_picture(plot, folder, "34_xor_three_ways.svg") && good;
    tp_objective_free(o);
    for (int i = 0; i < PARTS; i++) tp_tensor_release(parts[i]);
    return course_end(NULL, good);
}
