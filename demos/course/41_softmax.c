/* Softmax, and the sigmoid that it is for two classes.

   Scores o_1, ..., o_K become probabilities by

     p_k = e^(o_k) / sum_j e^(o_j)

   which are positive, sum to 1, and keep the order of the scores. To add a number to all scores changes nothing, so of
   K scores K - 1 count; of two only their difference does, and softmax is then the sigmoid: p_1 = sigma(o_1 - o_2), p_2
   = 1 - p_1 (so that a slide may call the sigmoid a softmax). The true class is written in the same form, as a one-hot
   vector: 1 at the class and 0 elsewhere. Divided by a temperature T before, the scores give a sharper or a flatter
   answer: towards one-hot for T -> 0, towards 1/K for large T.

   e^1000 is more than a double can hold. Since a shift changes nothing, the largest score is subtracted first, and no
   power is above 1. */
#include "lib_course.h"

enum { CLASSES = 4, TEMPERATURES = 3, POINTS = 121 };

static bool two_classes(tp_tape *tape)
{
    const tp_var o = course_leaf(tape, TP_DIMS(2), NUMBERS(1, 2)), p = tp_softmax(o, 0);
    const tp_var s = tp_sigmoid(tp_sub(tp_index(o, 1, (int64_t[]){0}), tp_index(o, 1, (int64_t[]){1})));
    tp_error error = {TP_OK, ""};
    course_value("scores o", o);
    course_value("softmax(o)", p);
    course_numbers("sigma(o1 - o2), 1 - sigma", 2, NUMBERS(tp_item(s), tp_item(tp_rsubs(1, s))));
    return course_drawn(tp_gradcheck(p, &o, 1, NULL, &error), &error);
}

static void properties(tp_tape *tape)
{
    const tp_var o = course_data(tape, TP_DIMS(CLASSES), NUMBERS(1, 3, -.5, 2)), p = tp_softmax(o, 0);
    const tp_var moved = tp_softmax(tp_adds(o, 1000), 0), powers = tp_exp(tp_adds(o, 1000));
    printf("\nfour classes\n");
    course_value("o", o);
    course_value("p", p);
    course_value("their sum", tp_sum(p));
    course_value("p of o + 1000", moved);
    printf("  a shift changes p by %.1e\n", course_difference(moved, p));
    printf("  the formula, taken literally at o + 1000: %g\n",
           fabs(tp_tensor_item(tp_value(tp_div(powers, tp_sum(powers))), 0)));
    course_value("one-hot of class 1", tp_one_hot(tp_argmax_axis(o, 0, true), CLASSES, TP_F64));
    course_value("p of o / 0.01", tp_softmax(tp_muls(o, 100), 0));
    course_value("p of o / 100", tp_softmax(tp_muls(o, .01), 0));
}

static tp_plot *draw(tp_tape *tape)
{
    static const char *const classes[CLASSES] = {"o = 1", "o = 3", "o = −½", "o = 2"};
    static const double temperatures[TEMPERATURES] = {.5, 1, 4};
    const tp_var o = course_data(tape, TP_DIMS(CLASSES), NUMBERS(1, 3, -.5, 2));
    const tp_var d = tp_linspace(tape, TP_F64, -6, 6, POINTS), rows[] = {d, tp_zeros_like(d)};
    const tp_var p = tp_contiguous(tp_transpose(tp_softmax(tp_stack(rows, 2, 1), 1), 0, 1)), s = tp_sigmoid(d);
    const double *at = tp_tensor_read(tp_value(d)), *first = tp_tensor_read(tp_value(p));
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 440, .height = 320}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Softmax of four scores at three temperatures",
                                                 .y_label = "probability",
                                                 .y_high = 1,
                                                 .x_low = 0,
                                                 .y_low = 0});
    for (int i = 0; i < TEMPERATURES; i++) {
        char label[32];
        snprintf(label, sizeof label, "T = %g", temperatures[i]);
        tp_plot_bars(plot, tp_tensor_read(tp_value(tp_softmax(tp_muls(o, 1 / temperatures[i]), 0))), classes, CLASSES,
                     &(tp_plot_style){.label = label});
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Two classes: a sigmoid of the difference",
                                                 .x_label = "o₁ − o₂",
                                                 .legend = TP_PLOT_LEGEND_OUTSIDE,
                                                 .y_label = "probability"});
    tp_plot_curve(plot, at, first, POINTS, &(tp_plot_style){.label = "softmax, first", .width = 6, .colour = 5});
    tp_plot_curve(plot, at, first + POINTS, POINTS, &(tp_plot_style){.label = "second", .colour = 3});
    tp_plot_curve(plot, at, tp_tensor_read(tp_value(s)), POINTS,
                  &(tp_plot_style){.label = "σ(o₁ − o₂)", .colour = TP_PLOT_INK, .dash = TP_PLOT_DASHED});
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    bool good = two_classes(tape);
    properties(tape);
    good = good && course_picture(draw(tape), folder, "41_softmax.svg");
    return course_end(tape, good);
}
