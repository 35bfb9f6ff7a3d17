/* Any curve from steps.

   A sigmoid with a large weight is a step, sigma(s (x - c)) at x = c, and a sum of steps is a staircase that follows
   any continuous function: one hidden layer approximates what it is asked to, if it is wide enough (Cybenko, 1989).
   With n stairs of equal width over [0, 1], each as high as f at its middle,

     y(x) = f(m_0) + sum over k of (f(m_k) - f(m_(k-1))) sigma(s (x - k/n)),      m_k = (k + 1/2) / n

   is off by at most half a stair times the steepest slope of f: for sin 2 pi x that is pi / n. */
#include "lib_course.h"

enum { FINE = 20011, SHOWN = 1500 };

/* The weights are set, not learned: n - 1 hidden units; x is (P). */
static tp_var staircase(tp_tape *tape, tp_var x, int n)
{
    const double steepness = 1e6;
    const double two_pi = 2 * acos(-1);
    tp_var edges = tp_muls(tp_arange(tape, TP_F64, 1, n, 1), 1. / n);
    tp_var stairs = tp_sin(tp_muls(tp_adds(tp_arange(tape, TP_F64, 0, n, 1), .5), two_pi / n));
    const tp_var rises = tp_sub(tp_slice(stairs, 0, 1, n, 1), tp_slice(stairs, 0, 0, n - 1, 1));
    const tp_var s = tp_muls(tp_sub(tp_unsqueeze(x, 1), edges), steepness); /* (P, n - 1) */
    return tp_add(tp_matmul(tp_sigmoid(s), rises), tp_index(stairs, 1, (const int64_t[]){0}));
}

/* Draws the staircase of n stairs at SHOWN points. */
static void draw(tp_plot *plot, tp_tape *tape, int n)
{
    char title[48];
    tp_tape_reset(tape);
    const tp_var x = tp_linspace(tape, TP_F64, 0, 1, SHOWN), f = tp_sin(tp_muls(x, 2 * acos(-1)));
    const tp_var y = staircase(tape, x, n);
    if (tp_tape_status(tape) != TP_OK) return;
    snprintf(title, sizeof title, "%d stairs", n);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .x_label = "x", .y_label = "y"});
    tp_plot_curve(plot, tp_tensor_read(tp_value(x)), tp_tensor_read(tp_value(f)), SHOWN,
                  &(tp_plot_style){.label = "sin 2πx", .colour = TP_PLOT_GREY, .dash = TP_PLOT_DASHED});
    tp_plot_curve(plot, tp_tensor_read(tp_value(x)), tp_tensor_read(tp_value(y)), SHOWN,
                  &(tp_plot_style){.label = "sum of sigmoids", .colour = 1});
}

int main(int argc, char **argv)
{
    enum { SIZES = 6 };
    const char *folder = course_folder(argc, argv);
    double n[SIZES], sup[SIZES], bound[SIZES];
    tp_tape *tape = tp_tape_new(NULL);
    printf("  stairs n   sup error        pi / n\n");
    for (int i = 0; i < SIZES; i++) {
        const int stairs = 5 << i;
        tp_tape_reset(tape);
        const tp_var x = tp_linspace(tape, TP_F64, 0, 1, FINE), f = tp_sin(tp_muls(x, 2 * acos(-1)));
        n[i] = stairs;
        sup[i] = course_difference(staircase(tape, x, stairs), f);
        bound[i] = acos(-1) / stairs;
        printf("  n=%-6d %12.7f  %12.7f\n", stairs, sup[i], bound[i]);
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 340, .height = 320}, NULL);
    draw(plot, tape, 10);
    draw(plot, tape, 40);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "The error falls as 1 / n",
                                                 .x_label = "stairs n",
                                                 .y_label = "sup error",
                                                 .x_log = true,
                                                 .y_log = true});
    tp_plot_curve(plot, n, bound, SIZES,
                  &(tp_plot_style){.label = "π / n", .colour = TP_PLOT_GREY, .dash = TP_PLOT_DASHED});
    tp_plot_points(plot, n, sup, SIZES, &(tp_plot_style){.label = "measured", .colour = 2});
    return course_end(tape, course_picture(plot, folder, "10_steps.svg"));
}
