/* The local gradients that the neuron's gates need, one picture each:

     f = 1/x      df/dx = -1/x^2          f = c + x    df/dx = 1
     f = e^x      df/dx = e^x             f = a x      df/dx = a

   A local gradient is all that a gate contributes to backpropagation. It depends on the gate's own input alone, which
   was computed on the way forward and is still there. Each formula is held against the tape along the whole curve. */
#include "lib_course.h"

enum { POINTS = 161 };
static const double a = -2.5, c = 3;

static tp_var add_c(tp_var x)
{
    return tp_adds(x, c);
}
static tp_var times_a(tp_var x)
{
    return tp_muls(x, a);
}
static double slope_of_reciprocal(double x)
{
    return -1 / (x * x);
}
static double slope_of_sum(double x)
{
    (void)x;
    return 1;
}
static double slope_of_product(double x)
{
    (void)x;
    return a;
}

typedef struct kind {
    const char *name, *slope_name;
    tp_var (*gate)(tp_var x);
    double (*slope)(double x);
    double low, high, f_low, f_high; /* the part of the curve that is shown */
} kind;

static const kind kinds[] = {{"1/x", "-1/x^2", tp_reciprocal, slope_of_reciprocal, .25, 4, -5, 5},
                             {"c + x", "1", add_c, slope_of_sum, -2, 2, -1, 6},
                             {"e^x", "e^x", tp_exp, exp, -2, 2, -1, 8},
                             {"a x", "a", times_a, slope_of_product, -2, 2, -6, 6}};

/* The value at x, and the slope. */
static double at(tp_tape *tape, const kind *k, double x, double *slope)
{
    tp_tape_reset(tape);
    const tp_var v = tp_scalar(tape, x), f = k->gate(v);
    tp_backward(f);
    *slope = tp_grad_item(v);
    return tp_item(f);
}

/* The curve, its slope and tangents at three points; returns how far the slope is from the formula at most. */
static double draw(tp_tape *tape, tp_plot *plot, const kind *k)
{
    double x[POINTS], f[POINTS], slope[POINTS], off = 0;
    char title[64];
    for (int i = 0; i < POINTS; i++) {
        x[i] = k->low + (k->high - k->low) * i / (POINTS - 1);
        f[i] = at(tape, k, x[i], &slope[i]);
        off = fmax(off, fabs(slope[i] - k->slope(x[i])));
    }
    snprintf(title, sizeof title, "f = %s, local gradient %s", k->name, k->slope_name);
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){.title = title, .x_label = "x", .y_low = k->f_low, .y_high = k->f_high});
    tp_plot_curve(plot, x, f, POINTS, &(tp_plot_style){.label = "f"});
    tp_plot_curve(plot, x, slope, POINTS, &(tp_plot_style){.label = "df/dx", .dash = TP_PLOT_DASHED});
    for (int i = 20; i < POINTS; i += 60) {
        const double reach = (k->high - k->low) / 9;
        tp_plot_curve(plot, NUMBERS(x[i] - reach, x[i] + reach),
                      NUMBERS(f[i] - reach * slope[i], f[i] + reach * slope[i]), 2,
                      &(tp_plot_style){.label = i == 20 ? "tangents" : NULL, .colour = TP_PLOT_GREY});
        tp_plot_points(plot, &x[i], &f[i], 1, &(tp_plot_style){.colour = TP_PLOT_GREY});
    }
    return off;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 440, .height = 320}, NULL);
    const double x = 1.7;
    double off = 0;
    printf("At x = %g, with a = %g and c = %g\n%41s %12s %12s\n", x, a, c, "f", "df/dx", "the formula");
    for (int i = 0; i < 4; i++) {
        double slope;
        const double f = at(tape, &kinds[i], x, &slope);
        char label[32];
        snprintf(label, sizeof label, "%s, slope %s:", kinds[i].name, kinds[i].slope_name);
        course_numbers(label, 3, NUMBERS(f, slope, kinds[i].slope(x)));
        off = fmax(off, draw(tape, plot, &kinds[i]));
    }
    printf("  all of them, along the curves, off by at most %.1e\n", off);
    const bool good = course_picture(plot, folder, "23_local_gradients.svg");
    return course_end(tape, good);
}
