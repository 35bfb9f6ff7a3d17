/* The graph of a squared error.

   L = |(x1 t1 + x2 t2) - y|^2 is a linear regression on one example. As a graph: data nodes x1, x2 and y, parameter
   nodes t1 and t2 (theta), two products, two sums, a square. With r = x1 t1 + x2 t2 - y for the residual, the chain
   rule gives

     dL/dt = 2 r x        dL/dx = 2 r t        dL/dy = -2 r

   To learn, only dL/dt is wanted; the tape has the others too. One example leaves a whole line of best t, and descent
   goes straight down to it, along x. */
#include "lib_course.h"

#include <tapir/draw.h>

enum { CELLS = 120, STEPS = 12 };
static const double x[2] = {1, 2}, target = 1;

/* x1 t1 + x2 t2 - y, of x1, x2, t1, t2, y. */
static tp_var residual(const tp_var in[5])
{
    return tp_sub(tp_add(tp_mul(in[0], in[2]), tp_mul(in[1], in[3])), in[4]);
}

static bool graph(tp_tape *tape, const char *folder)
{
    static const char *const names[] = {"x₁", "x₂", "θ₁", "θ₂", "y"};
    static const double values[] = {1, 2, .5, -1, 1};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    tp_var in[5];
    for (int i = 0; i < 5; i++) in[i] = tp_name(tp_scalar(tape, values[i]), names[i]);
    const tp_var loss = tp_square(residual(in));
    if (tp_backward(loss) != TP_OK) return false;
    course_numbers("x1, x2, t1, t2, y", 5, values);
    course_value("L", loss);
    course_numbers("dL/dt", 2, NUMBERS(tp_grad_item(in[2]), tp_grad_item(in[3])));
    course_numbers("dL/dx", 2, NUMBERS(tp_grad_item(in[0]), tp_grad_item(in[1])));
    course_gradient("dL/dy", in[4]);
    return course_drawn(tp_draw_circuit(loss, &(tp_draw_options){.title = "‖(x₁θ₁ + x₂θ₂) − y‖²"},
                                        course_path(path, folder, "17_squared_error.svg"), &error),
                        &error);
}

/* Descent from (.5, -1): t -= rate dL/dt; the way is kept in `path`. */
static bool descend(tp_tape *tape, double path[2][STEPS + 1])
{
    const double rate = .03;
    double t[2] = {.5, -1};
    printf("\ndescent with rate %g\n  %-26s %12s %12s %12s\n", rate, "", "t1", "t2", "L");
    for (int step = 0; step <= STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var in[] = {tp_const(tape, x[0]), tp_const(tape, x[1]), tp_scalar(tape, t[0]), tp_scalar(tape, t[1]),
                             tp_const(tape, target)};
        const tp_var loss = tp_square(residual(in));
        char label[32];
        snprintf(label, sizeof label, "step %d", step);
        if (tp_backward(loss) != TP_OK) return false;
        if (step % 3 == 0) course_numbers(label, 3, NUMBERS(t[0], t[1], tp_item(loss)));
        for (int i = 0; i < 2; i++) {
            path[i][step] = t[i];
            t[i] -= rate * tp_grad_item(in[2 + i]);
        }
    }
    return true;
}

/* The residual over all t, and the way of the descent. */
static tp_plot *draw(tp_tape *tape, double path[2][STEPS + 1])
{
    const tp_var side = tp_linspace(tape, TP_F64, -2, 2, CELLS);
    tp_var t[2];
    tp_meshgrid((tp_var[]){side, side}, 2, true, t);
    const tp_var r =
        residual((tp_var[]){tp_const(tape, x[0]), tp_const(tape, x[1]), t[0], t[1], tp_const(tape, target)});
    const double best[2][2] = {{-2, 2}, {(target + 2 * x[0]) / x[1], (target - 2 * x[0]) / x[1]}};
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 520, .height = 440}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Descent goes down along x",
                                                 .x_label = "θ₁",
                                                 .y_label = "θ₂",
                                                 .equal = true,
                                                 .x_low = -2,
                                                 .x_high = 2,
                                                 .y_low = -2,
                                                 .y_high = 2,
                                                 .legend = TP_PLOT_LEGEND_TOP_RIGHT});
    tp_plot_heat_tensor(plot, tp_value(r),
                        &(tp_plot_heat_options){.x_low = -2,
                                                .x_high = 2,
                                                .y_low = -2,
                                                .y_high = 2,
                                                .smooth = true,
                                                .bar = true,
                                                .map = TP_PLOT_DIVERGING,
                                                .label = "r"});
    tp_plot_curve(plot, best[0], best[1], 2,
                  &(tp_plot_style){.label = "r = 0, the best", .colour = TP_PLOT_INK, .dash = TP_PLOT_DASHED});
    tp_plot_curve(plot, path[0], path[1], STEPS + 1,
                  &(tp_plot_style){.label = "descent", .colour = 3, .mark = TP_PLOT_DISC});
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    double path[2][STEPS + 1];
    tp_tape *tape = tp_tape_new(NULL);
    const bool good = graph(tape, folder) && descend(tape, path) &&
                      course_picture(draw(tape, path), folder, "17_squared_error-descent.svg");
    return course_end(tape, good);
}
