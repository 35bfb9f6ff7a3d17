/* A curve learned by one hidden layer.

   The staircase of the program before was built by hand and is wasteful. A network with a few smooth units, trained,
   places and bends them where the curve needs it:

     y(x) = c + sum over j of v_j tanh(w_j x + b_j)

   What is made small is the sum of squares of r_i = y(x_i) - sin 2 pi x_i at 64 points; the method, Levenberg's and
   Marquardt's, asks the tape for the Jacobian of all r_i by all parameters; the best of ten starts is kept. The error
   printed is the largest on a fine grid. One tanh is a single bend; two make a wave; a handful is closer than a
   staircase of thousands. */
#include <string.h>

#include "lib_course.h"

enum { LEARNED = 64, ASKED = 2001, MOST = 8 };

/* y at the points x, (P), for p = w, b, v (H each) and c. */
static tp_var network(tp_var x, const tp_var *p)
{
    const tp_var s = tp_add(tp_mul(tp_unsqueeze(x, 1), p[0]), p[1]); /* (P, H) */
    return tp_add(tp_matmul(tp_tanh(s), p[2]), p[3]);
}

static tp_var target(tp_var x)
{
    return tp_sin(tp_muls(x, 2 * acos(-1)));
}

static tp_var residuals(tp_tape *tape, const tp_var *p, int n, void *user)
{
    (void)n, (void)user;
    const tp_var x = tp_linspace(tape, TP_F64, 0, 1, LEARNED);
    return tp_sub(network(x, p), target(x));
}

/* Parameters drawn from [-4, 4], then trained; some starts end in poor minima, and the best of ten is kept. */
static bool learn(tp_tensor *const *p, int width, double *best)
{
    const tp_minimize_options options = {.method = TP_LEVENBERG_MARQUARDT, .iterations = 300};
    double x[3 * MOST + 1], kept[3 * MOST + 1];
    tp_rng rng = tp_rng_seed(1);
    tp_error error = {TP_OK, ""};
    tp_objective *objective = tp_objective_new(residuals, NULL, 4, p, NULL, &error);
    bool good = objective != NULL;
    *best = HUGE_VAL;
    for (int start = 0; good && start < 10; start++) {
        tp_minimize_result result = {.value = 0};
        for (int i = 0; i < 3 * width + 1; i++) x[i] = 8 * tp_rng_uniform(&rng) - 4;
        good = tp_minimize(objective, x, &options, &result, &error) == TP_OK;
        if (result.value >= *best) continue;
        *best = result.value;
        memcpy(kept, x, sizeof x);
    }
    good = good && tp_objective_at(objective, kept) == TP_OK; /* which sets the tensors, too */
    tp_objective_free(objective);
    return good || course_drawn(error.status, &error);
}

/* The largest error on a fine grid; the curve goes into the picture where it has a label. */
static double ask(tp_tape *tape, tp_tensor *const *p, tp_plot *plot, const tp_plot_style *style)
{
    tp_var parameters[4];
    tp_tape_reset(tape);
    for (int i = 0; i < 4; i++) parameters[i] = tp_data(tape, p[i]);
    const tp_var x = tp_linspace(tape, TP_F64, 0, 1, ASKED), y = network(x, parameters);
    if (style->label && tp_value(y))
        tp_plot_curve(plot, tp_tensor_read(tp_value(x)), tp_tensor_read(tp_value(y)), ASKED, style);
    return course_difference(y, target(x));
}

int main(int argc, char **argv)
{
    static const int widths[] = {1, 2, 3, 4, 6, MOST};
    enum { WIDTHS = sizeof widths / sizeof *widths };
    const char *folder = course_folder(argc, argv);
    double width[WIDTHS], sup[WIDTHS];
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 360}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "sin 2πx, learned", .x_label = "x", .y_label = "y"});
    printf("                       sup error   mean square   parameters\n");
    bool good = true;
    const tp_var x = tp_linspace(tape, TP_F64, 0, 1, LEARNED), f = target(x);
    if (tp_value(f))
        tp_plot_points(plot, tp_tensor_read(tp_value(x)), tp_tensor_read(tp_value(f)), LEARNED,
                       &(tp_plot_style){.label = "learned", .colour = TP_PLOT_GREY, .size = 5});
    for (int i = 0; i < WIDTHS && good; i++) {
        const int h = widths[i];
        char label[32];
        double best;
        tp_tensor *p[] = {tp_tensor_new(TP_F64, TP_DIMS(h)), tp_tensor_new(TP_F64, TP_DIMS(h)),
                          tp_tensor_new(TP_F64, TP_DIMS(h)), tp_tensor_new(TP_F64, TP_DIMS())};
        snprintf(label, sizeof label, "%d hidden", h);
        good = learn(p, h, &best);
        width[i] = h;
        sup[i] = ask(tape, p, plot,
                     &(tp_plot_style){.label = h < 3 ? label : NULL, .dash = h < 2 ? TP_PLOT_DASHED : TP_PLOT_SOLID});
        printf("  sup error of width %d: %12.9f  %12.3e %8d\n", h, sup[i], 2 * best / LEARNED, 3 * h + 1);
        for (int k = 0; k < 4; k++) tp_tensor_release(p[k]);
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "More units, less error",
                                                 .x_label = "hidden units",
                                                 .y_label = "sup error",
                                                 .x_log = true,
                                                 .y_log = true});
    tp_plot_curve(plot, width, sup, WIDTHS, &(tp_plot_style){.colour = 2, .mark = TP_PLOT_SQUARE});
    return course_end(tape, course_picture(plot, folder, "11_universal.svg") && good);
}
