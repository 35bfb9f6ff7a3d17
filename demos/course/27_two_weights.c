/* The smallest network with a hidden layer: f = w2 sigma(w1 . x), and the loss L = sum (y - f)^2 over two examples.

   With the residual r = y - f of an example, two applications of the chain rule give

     dL/dw2 = -2 sum r sigma            dL/dw1 = -2 sum r w2 sigma' x          sigma' = (1 - sigma) sigma

   The second contains the first's factor -2 r = dL/df: a layer further down multiplies what is there already by its own
   local gradients. The loop below writes both sums out; the tape finds the same numbers by itself. */
#include <tapir/draw.h>

#include "lib_course.h"

enum { EXAMPLES = 2, CELLS = 80, STEPS = 120 };
static const double xs[EXAMPLES][2] = {{1, 2}, {-1, .5}}, ys[EXAMPLES] = {1, 0};
static const double w1[2] = {.4, -.3}, w2 = 1.5, rate = .1;

/* The loss, and its gradient by w1 and w2, as the formulas have it. */
static double by_hand(const double *v, double g1[2], double *g2)
{
    double loss = 0;
    g1[0] = g1[1] = *g2 = 0;
    for (int n = 0; n < EXAMPLES; n++) {
        const double sigma = 1 / (1 + exp(-(v[0] * xs[n][0] + v[1] * xs[n][1]))), r = ys[n] - w2 * sigma;
        loss += r * r;
        *g2 += -2 * r * sigma;
        for (int k = 0; k < 2; k++) g1[k] += -2 * r * w2 * (1 - sigma) * sigma * xs[n][k];
    }
    return loss;
}

static tp_var loss_of(tp_var v, tp_var u)
{
    const tp_var x = tp_name(course_data(v.tape, TP_DIMS(EXAMPLES, 2), xs[0]), "x");
    const tp_var y = tp_name(course_data(v.tape, TP_DIMS(EXAMPLES), ys), "y");
    const tp_var a = tp_retain_grad(tp_matmul(x, v)), h = tp_retain_grad(tp_sigmoid(a));
    const tp_var f = tp_retain_grad(tp_mul(u, h)), r = tp_retain_grad(tp_sub(y, f));
    return tp_sum(tp_retain_grad(tp_square(r)));
}

static double loss_at(double a, double b, void *user)
{
    tp_tape *tape = user;
    tp_tape_reset(tape);
    return tp_item(loss_of(course_leaf(tape, TP_DIMS(2), NUMBERS(a, b)), tp_const(tape, w2)));
}

/* The loss over w1, w2 being held, with the way that minus the gradient leads. */
static bool draw_descent(tp_tape *tape, const char *folder)
{
    double at[2] = {w1[0], w1[1]}, way[2][STEPS + 1];
    char start[64], path[64];
    snprintf(start, sizeof start, "start: (%g, %g)", at[0], at[1]);
    snprintf(path, sizeof path, "%d steps of size %g", STEPS, rate);
    for (int step = 0; step <= STEPS; step++) {
        way[0][step] = at[0], way[1][step] = at[1];
        tp_tape_reset(tape);
        const tp_var v = course_leaf(tape, TP_DIMS(2), at);
        if (tp_backward(loss_of(v, tp_const(tape, w2))) != TP_OK) return false;
        for (int k = 0; k < 2; k++) at[k] -= rate * tp_tensor_item(tp_grad(v), k);
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 560, .height = 440}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "The loss over w1, and descent along minus the gradient",
                                                 .x_label = "first weight of w1",
                                                 .y_label = "second weight of w1",
                                                 .legend = TP_PLOT_LEGEND_BOTTOM_LEFT});
    tp_plot_heat_function(
        plot, loss_at, tape, CELLS,
        &(tp_plot_heat_options){
            .x_low = -1, .x_high = 3, .y_low = -2, .y_high = 2, .smooth = true, .bar = true, .label = "L"});
    tp_plot_curve(plot, way[0], way[1], STEPS + 1, &(tp_plot_style){.label = path, .colour = 2, .width = 3});
    tp_plot_points(plot, way[0], way[1], 1, &(tp_plot_style){.label = start, .colour = 2, .size = 10});
    return course_picture(plot, folder, "27_two_weights-descent.svg");
}

static bool draw_network(tp_var loss, const char *folder)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    const tp_draw_options options = {.title = "L = Σ (y − w2 σ(w1 · x))²"};
    if (!course_drawn(tp_draw_circuit(loss, &options, course_path(path, folder, "27_two_weights-tape.svg"), &error),
                      &error))
        return false;
    tp_tensor *first = tp_tensor_from(TP_F64, TP_DIMS(1, 2), w1), *second = tp_tensor_from(TP_F64, TP_DIMS(1, 1), &w2);
    const tp_tensor *const weights[] = {first, second};
    const tp_status status = tp_draw_network((const int64_t[]){2, 1, 1}, 3,
                                             &(tp_draw_network_options){.title = "f = w2 σ(w1 · x)",
                                                                        .inputs = (const char *const[]){"x1", "x2"},
                                                                        .outputs = (const char *const[]){"f"},
                                                                        .weights = weights},
                                             course_path(path, folder, "27_two_weights.svg"), &error);
    tp_tensor_release(first);
    tp_tensor_release(second);
    return course_drawn(status, &error);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    double g1[2], g2;
    const tp_var v = tp_name(course_leaf(tape, TP_DIMS(2), w1), "w1"), u = tp_name(tp_scalar(tape, w2), "w2");
    const tp_var loss = tp_name(loss_of(v, u), "L");
    bool good = tp_backward(loss) == TP_OK;
    const double value = by_hand(w1, g1, &g2);

    printf("%41s %12s %25s\n", "L", "dL/dw2", "dL/dw1");
    course_numbers(
        "the tape", 4,
        NUMBERS(tp_item(loss), tp_grad_item(u), tp_tensor_item(tp_grad(v), 0), tp_tensor_item(tp_grad(v), 1)));
    course_numbers("the formulas", 4, NUMBERS(value, g2, g1[0], g1[1]));
    double off = fabs(g2 - tp_grad_item(u));
    for (int k = 0; k < 2; k++) off = fmax(off, fabs(g1[k] - tp_tensor_item(tp_grad(v), k)));
    printf("  largest difference %.1e\n", off);
    good = good && draw_network(loss, folder) && draw_descent(tape, folder);
    return course_end(tape, good);
}
