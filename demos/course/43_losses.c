/* The losses that every framework has, and one of one's own.

     L1             |x - y|                           robust: an outlier pulls no harder than any other point
     MSE            (x - y)^2                         an outlier pulls the harder the further out it is
     NLL            -x_y                              of log-probabilities x, for class y
     CrossEntropy   -x_y + log sum e^x                of scores x: NLL after log-softmax
     KLDiv          y (log y - x)                     of log-probabilities x, from the probabilities y
     HingeEmbedding x for y = 1, max(0, 1 - x)        of a distance x: pulls together what belongs together, and
                    for y = -1                        pushes the rest apart, up to a distance of 1

   A loss of one's own is a function that records ops: here log cosh(x - y), which is a parabola near 0 and straight far
   out, written so that it cannot overflow: |d| + log(1 + e^(-2|d|)) - log 2. Nobody writes its slope, which is tanh d;
   finite differences check what the tape makes of it. The check can fail: with one value cut off from the tape by
   mistake, it does. */
#include "lib_course.h"

enum { POINTS = 161, COUNT = 8 };

typedef tp_var loss_function(tp_var x, tp_var y);

static tp_var log_cosh(tp_var x, tp_var y)
{
    const tp_var d = tp_abs(tp_sub(x, y));
    return tp_mean(tp_adds(tp_add(d, tp_softplus(tp_muls(d, -2))), -log(2)));
}

/* The same value, but half of its gradient is lost. */
static tp_var mistaken(tp_var x, tp_var y)
{
    const tp_var d = tp_abs(tp_sub(x, y));
    return tp_mean(tp_adds(tp_add(d, tp_softplus(tp_muls(tp_detach(d), -2))), -log(2)));
}

static tp_var l1(tp_var x, tp_var y)
{
    return tp_l1(x, y, TP_MEAN);
}
static tp_var mse(tp_var x, tp_var y)
{
    return tp_mse(x, y, TP_MEAN);
}
static tp_var hinge_embedding(tp_var x, tp_var y)
{
    return tp_hinge_embedding(x, y, 1, TP_MEAN);
}
static tp_var cross_entropy(tp_var x, tp_var y)
{
    return tp_cross_entropy(x, tp_argmax(y), TP_SUM); /* y one-hot */
}
static tp_var nll(tp_var x, tp_var y)
{
    return tp_nll(x, tp_argmax(y), TP_SUM);
}
static tp_var kl_div(tp_var x, tp_var y)
{
    return tp_kl_div(x, y, TP_SUM);
}

/* Each with its value, its slopes by x, and the check of these. */
static bool table(tp_tape *tape)
{
    static const double distances[] = {.3, .3, 1.4}, signs[] = {1, -1, -1};
    const double log_q[] = {log(.7), log(.2), log(.1)}, hot[] = {1, 0, 0}, p[] = {.5, .25, .25};
    const struct {
        const char *name;
        loss_function *loss;
        const double *x, *y;
    } rows[COUNT] = {{"L1", l1, distances, signs},
                     {"MSE", mse, distances, signs},
                     {"HingeEmbedding", hinge_embedding, distances, signs},
                     {"CrossEntropy", cross_entropy, log_q, hot},
                     {"NLL", nll, log_q, hot},
                     {"KLDiv", kl_div, log_q, p},
                     {"log cosh, one's own", log_cosh, distances, signs},
                     {"log cosh, mistaken", mistaken, distances, signs}};
    printf("  %-26s %12s %12s\n", "", "loss", "slopes by x");
    bool agree[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const tp_var x = course_leaf(tape, TP_DIMS(3), rows[i].x), y = course_data(tape, TP_DIMS(3), rows[i].y);
        const tp_var loss = rows[i].loss(x, y);
        if (tp_backward(loss) != TP_OK) return false;
        const tp_tensor *g = tp_grad(x);
        course_numbers(rows[i].name, 4,
                       NUMBERS(tp_item(loss), tp_tensor_item(g, 0), tp_tensor_item(g, 1), tp_tensor_item(g, 2)));
        agree[i] = tp_gradcheck(loss, &x, 1, NULL, NULL) == TP_OK && tp_gradgradcheck(loss, &x, 1, NULL, NULL) == TP_OK;
        tp_tape_clear_error(tape); /* the mistaken one's */
    }
    printf("\nfirst and second slopes against finite differences\n");
    for (int i = 0; i < COUNT; i++) {
        printf("  check of %s: %s\n", rows[i].name, agree[i] ? "they agree" : "they do not agree");
        if (agree[i] == (rows[i].loss == mistaken)) return false;
    }
    return true;
}

/* A loss and, dashed, its slope, over x, for one y. */
static void draw_one(tp_plot *plot, tp_tape *tape, loss_function *loss, const char *name, double target, int colour)
{
    const tp_var side = tp_linspace(tape, TP_F64, target == 0 ? -3 : 0, 3, POINTS);
    double value[POINTS], slope[POINTS];
    const double *at = tp_tensor_read(tp_value(side));
    for (int i = 0; i < POINTS; i++) {
        const tp_var x = course_leaf(tape, TP_DIMS(1), &at[i]), y = loss(x, course_data(tape, TP_DIMS(1), &target));
        tp_backward(y);
        value[i] = tp_item(y);
        slope[i] = tp_tensor_item(tp_grad(x), 0);
    }
    tp_plot_curve(plot, at, value, POINTS, &(tp_plot_style){.label = name, .colour = colour});
    tp_plot_curve(plot, at, slope, POINTS, &(tp_plot_style){.colour = colour, .dash = TP_PLOT_DASHED, .width = 1.5});
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    bool good = table(tape);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 340}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Losses, and their slopes (dashed)",
                                                 .x_label = "x − y",
                                                 .x_low = -3,
                                                 .x_high = 3,
                                                 .y_low = -3,
                                                 .y_high = 4,
                                                 .legend = TP_PLOT_LEGEND_BOTTOM_RIGHT});
    draw_one(plot, tape, l1, "L1", 0, 1);
    draw_one(plot, tape, mse, "MSE", 0, 2);
    draw_one(plot, tape, log_cosh, "log cosh", 0, 3);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Hinge embedding",
                                                 .x_label = "distance x",
                                                 .x_low = 0,
                                                 .x_high = 3,
                                                 .y_low = -1.5,
                                                 .y_high = 3,
                                                 .legend = TP_PLOT_LEGEND_TOP_LEFT});
    draw_one(plot, tape, hinge_embedding, "a pair, y = 1", 1, 1);
    draw_one(plot, tape, hinge_embedding, "no pair, y = −1", -1, 2);
    good = course_picture(plot, folder, "43_losses.svg") && good;
    return course_end(tape, good);
}
