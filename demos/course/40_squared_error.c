/* Squared error, with a half or with 1/2N in front.

   For predictions yp of N numbers y the lectures write 1/2 sum (yp - y)^2, or the same divided by N. The half is there
   for the slope: d/dyp of 1/2 (yp - y)^2 is delta = yp - y, the error itself. With 1/N the gradient is a mean over the
   examples and does not grow with their number; so the same learning rate does for any N, where for the sum it has to
   shrink: descent on a parabola of curvature c needs a rate below 2 / c.

   The library's losses leave the half out and say what is done with the N numbers: none, sum or mean. */
#include "lib_course.h"

enum { POINTS = 101, SIZES = 4 };

static bool both_conventions(tp_tape *tape)
{
    const tp_var yp = course_leaf(tape, TP_DIMS(2), NUMBERS(.5, -1)), y = course_data(tape, TP_DIMS(2), NUMBERS(1, 1));
    const tp_var half = tp_muls(tp_mse(yp, y, TP_SUM), .5), mean = tp_muls(tp_mse(yp, y, TP_MEAN), .5);
    tp_error error = {TP_OK, ""};
    course_value("yp", yp);
    course_value("y", y);
    course_value("each (yp - y)^2", tp_mse(yp, y, TP_NONE));
    course_value("1/2 sum", half);
    if (tp_backward(half) != TP_OK) return false;
    course_gradient("its slope, yp - y", yp);
    course_value("1/2N sum", mean);
    if (tp_backward(mean) != TP_OK) return false;
    course_gradient("its slope, (yp - y) / N", yp);
    return course_drawn(tp_gradcheck(half, &yp, 1, NULL, &error), &error) &&
           course_drawn(tp_gradcheck(mean, &yp, 1, NULL, &error), &error);
}

/* Slope and curvature of both losses of a line w x fitted to n points of y = 2 x + noise, at w = 0. */
static bool sizes(tp_tape *tape, const int64_t *n, double slope[2][SIZES])
{
    printf("\nw x against y = 2 x + noise, at w = 0\n  %-26s %25s %25s\n  %-26s %12s %12s %12s %12s\n", "", "1/2 sum",
           "1/2N sum", "N", "slope", "rate below", "slope", "rate below");
    for (int i = 0; i < SIZES; i++) {
        const tp_var x = tp_normal(tape, TP_F64, TP_DIMS(n[i]), 0, 1), w = tp_scalar(tape, 0);
        const tp_var y = tp_add(tp_muls(x, 2), tp_normal(tape, TP_F64, TP_DIMS(n[i]), 0, .1)), yp = tp_mul(w, x);
        double row[4];
        for (int k = 0; k < 2; k++) {
            const tp_var loss = tp_muls(tp_mse(yp, y, k ? TP_MEAN : TP_SUM), .5);
            tp_var curvature;
            if (tp_backward(loss) != TP_OK) return false;
            row[2 * k] = tp_grad_item(w);
            slope[k][i] = fabs(row[2 * k]);
            if (tp_hessian(loss, &w, 1, &curvature, 0) != TP_OK) return false;
            row[2 * k + 1] = 2 / tp_item(curvature);
        }
        char label[32];
        snprintf(label, sizeof label, "N = %d", (int)n[i]);
        printf("  %-26s %12.3f %12.7f %12.7f %12.7f\n", label, row[0], row[1], row[2], row[3]);
    }
    return true;
}

static tp_plot *draw(tp_tape *tape, const int64_t *n, double slope[2][SIZES])
{
    double numbers[SIZES];
    const tp_var at = tp_linspace(tape, TP_F64, -2, 4, POINTS), y = tp_const(tape, 1);
    const tp_var yp = course_leaf(tape, TP_DIMS(POINTS), tp_tensor_read(tp_value(at)));
    const tp_var loss = tp_muls(tp_square(tp_sub(yp, y)), .5);
    const double *x = tp_tensor_read(tp_value(at));
    tp_backward(tp_sum(loss));
    for (int i = 0; i < SIZES; i++) numbers[i] = (double)n[i];
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 320}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "One example with y = 1", .x_label = "prediction yp"});
    tp_plot_curve(plot, x, tp_tensor_read(tp_value(loss)), POINTS, &(tp_plot_style){.label = "(yp − y)² / 2"});
    tp_plot_curve(plot, x, tp_tensor_read(tp_grad(yp)), POINTS,
                  &(tp_plot_style){.label = "slope δ = yp − y", .dash = TP_PLOT_DASHED});
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "The sum grows with N, the mean does not",
                                                 .x_label = "N",
                                                 .y_label = "|dL/dw|",
                                                 .x_log = true,
                                                 .y_log = true});
    tp_plot_curve(plot, numbers, slope[0], SIZES, &(tp_plot_style){.label = "½ Σ", .mark = TP_PLOT_DISC});
    tp_plot_curve(plot, numbers, slope[1], SIZES, &(tp_plot_style){.label = "1/2N Σ", .mark = TP_PLOT_SQUARE});
    return plot;
}

int main(int argc, char **argv)
{
    static const int64_t n[SIZES] = {10, 100, 1000, 10000};
    const char *folder = course_folder(argc, argv);
    double slope[2][SIZES];
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 40});
    const bool good = both_conventions(tape) && sizes(tape, n, slope) &&
                      course_picture(draw(tape, n, slope), folder, "40_squared_error.svg");
    return course_end(tape, good);
}
