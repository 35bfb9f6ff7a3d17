/* The slopes of three gates, and what a derivative is.

   df/dx is the limit of (f(x + h) - f(x)) / h for h towards 0: how much f moves for a small move of x. The gates

     product   f = x y         df/dx = y           df/dy = x
     sum       f = x + y       df/dx = 1           df/dy = 1
     maximum   f = max(x, y)   df/dx = 1(x >= y)   df/dy = 1(y >= x)

   need no limit: each has its rule. For a gate that bends, the quotient comes near to the slope as h falls, and leaves
   it again when f(x + h) - f(x) has lost its digits. At a tie x = y the maximum has a kink, and both indicators are 1.
   A slope (a, b) of a convex f has to keep f(x) + a h + b k below f everywhere, which (1, 1) does not: the tape shares
   the gradient equally, (1/2, 1/2), which does. */
#include "lib_course.h"

typedef tp_var (*binary)(tp_var x, tp_var y);

static double value_at(tp_tape *tape, binary gate, double x, double y)
{
    return tp_item(gate(tp_const(tape, x), tp_const(tape, y)));
}

/* The value and both slopes at (x, y), by the gate's rule and by quotients. */
static bool show(tp_tape *tape, const char *name, binary gate, double x, double y)
{
    const double h = 1e-6;
    char label[64];
    const tp_var a = tp_scalar(tape, x), b = tp_scalar(tape, y), f = gate(a, b);
    if (tp_backward(f) != TP_OK) return false;
    snprintf(label, sizeof label, "%s at (%g, %g)", name, x, y);
    course_numbers(label, 3, NUMBERS(tp_item(f), tp_grad_item(a), tp_grad_item(b)));
    snprintf(label, sizeof label, "%s, quotients", name);
    course_numbers(label, 3,
                   NUMBERS(tp_item(f), (value_at(tape, gate, x + h, y) - tp_item(f)) / h,
                           (value_at(tape, gate, x, y + h) - tp_item(f)) / h));
    return true;
}

static bool show_tie(tp_tape *tape, double at, double h)
{
    const tp_var x = tp_scalar(tape, at), y = tp_scalar(tape, at), f = tp_maximum(x, y);
    const double one_x = tp_item(tp_greater_equal(x, y)), one_y = tp_item(tp_greater_equal(y, x));
    if (tp_backward(f) != TP_OK) return false;
    const double a = tp_grad_item(x), b = tp_grad_item(y), there = value_at(tape, tp_maximum, at + h, at + h);
    printf("\nA tie, max(%g, %g): the slopes, and what a line of these slopes says at (%g, %g), where max is %g\n", at,
           at, at + h, at + h, there);
    course_numbers("the tape, and its line", 3, NUMBERS(a, b, tp_item(f) + (a + b) * h));
    course_numbers("1(x>=y), 1(y>=x), line", 3, NUMBERS(one_x, one_y, tp_item(f) + (one_x + one_y) * h));
    return true;
}

static double sigmoid_at(tp_tape *tape, double x)
{
    return tp_item(tp_sigmoid(tp_const(tape, x)));
}

/* The sigmoid with a secant from x to x + h, for two steps h, and the line with the slope s. */
static void draw_secants(tp_tape *tape, tp_plot *plot, double x, double s)
{
    const double steps[] = {3, 1.2, 0}, from = -3, to = 5, f = sigmoid_at(tape, x);
    double at[81], curve[81];
    for (int i = 0; i <= 80; i++) curve[i] = sigmoid_at(tape, at[i] = from + (to - from) * i / 80);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Secants of the sigmoid turn into its slope",
                                                 .x_label = "x",
                                                 .y_label = "f",
                                                 .y_low = -.2,
                                                 .y_high = 1.4,
                                                 .legend = TP_PLOT_LEGEND_BOTTOM_RIGHT});
    tp_plot_curve(plot, at, curve, 81, &(tp_plot_style){.label = "f(x)", .colour = TP_PLOT_INK});
    for (int k = 0; k < 3; k++) {
        const double h = steps[k], slope = h > 0 ? (sigmoid_at(tape, x + h) - f) / h : s;
        char label[48];
        snprintf(label, sizeof label, h > 0 ? "slope %.3f for h = %g" : "slope %.3f from the tape", slope, h);
        tp_plot_curve(plot, NUMBERS(from, to), NUMBERS(f + slope * (from - x), f + slope * (to - x)), 2,
                      &(tp_plot_style){.label = label, .dash = h > 0 ? TP_PLOT_DASHED : TP_PLOT_SOLID});
    }
}

/* How far quotients are from the slope: from one side, and from both. */
static void show_limit(tp_tape *tape, tp_plot *plot, double x, double slope)
{
    double h[29], one[29], both[29];
    printf("\nThe slope of the sigmoid at %g as a limit: from the tape it is %.15f\n", x, slope);
    printf("  %-12s %-20s %s\n", "h", "(f(x+h) - f(x)) / h", "off by");
    for (int i = 0; i < 29; i++) {
        h[i] = pow(10, -.5 * i);
        const double q = (sigmoid_at(tape, x + h[i]) - sigmoid_at(tape, x)) / h[i];
        one[i] = fabs(q - slope);
        both[i] = fabs((sigmoid_at(tape, x + h[i]) - sigmoid_at(tape, x - h[i])) / (2 * h[i]) - slope);
        if (i % 4 == 0) printf("  h = %-8.0e %-20.15f %.1e\n", h[i], q, one[i]);
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "How far quotients are from the slope",
                                                 .x_log = true,
                                                 .y_log = true,
                                                 .x_label = "h",
                                                 .y_label = "error"});
    tp_plot_curve(plot, h, one, 29, &(tp_plot_style){.label = "(f(x+h) - f(x)) / h", .mark = TP_PLOT_DISC});
    tp_plot_curve(plot, h, both, 29, &(tp_plot_style){.label = "(f(x+h) - f(x-h)) / 2h", .mark = TP_PLOT_SQUARE});
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    printf("%41s %12s %12s\n", "f", "df/dx", "df/dy");
    bool good = show(tape, "x y", tp_mul, 4, -3) && show(tape, "x + y", tp_add, 4, -3) &&
                show(tape, "max(x, y)", tp_maximum, 4, -3) && show_tie(tape, 2, 1);

    const tp_var x = tp_scalar(tape, 1);
    good = good && tp_backward(tp_sigmoid(x)) == TP_OK;
    const double slope = tp_grad_item(x);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 480, .height = 360}, NULL);
    draw_secants(tape, plot, 1, slope);
    show_limit(tape, plot, 1, slope);
    good = course_picture(plot, folder, "21_product_sum_max.svg") && good;
    return course_end(tape, good);
}
