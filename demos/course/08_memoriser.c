/* A network that remembers everything.

   Of D inputs, each -1 or +1, there are 2^D, and one hidden layer can hold any function of them: a unit for each input
   s that fires on s and on nothing else, since s . x reaches D only where x = s and is at most D - 2 elsewhere.

     h_s = 1[s . x > D - 1],      y = sum over s of t_s h_s

   It learns a table by heart. What is right for every question that was asked says nothing about one that was not. */
#include "lib_course.h"

/* Row i holds the i-th input: the bits of i, the first one in front, as -1 and +1. */
static tp_var all_inputs(tp_tape *tape, int d)
{
    tp_tensor *inputs = tp_tensor_new(TP_F64, TP_DIMS(1 << d, d));
    double *at = tp_tensor_data(inputs);
    for (int i = 0; at && i < 1 << d; i++)
        for (int k = 0; k < d; k++) *at++ = i >> (d - 1 - k) & 1 ? 1 : -1;
    const tp_var x = tp_data(tape, inputs);
    tp_tensor_release(inputs);
    return x;
}

/* The hidden layer on rows x; its weights are the inputs themselves. */
static tp_var hidden(tp_var x, tp_var s, int d)
{
    return tp_step(tp_adds(tp_matmul(x, tp_transpose(s, 0, 1)), 1 - d));
}

static tp_plot *draw(const tp_tensor *h)
{
    const double n = (double)tp_tensor_dim(h, 0);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 380, .height = 390}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "One hidden unit fires for each input",
                                                 .x_label = "hidden unit",
                                                 .y_label = "input",
                                                 .equal = true,
                                                 .y_down = true});
    tp_plot_heat_tensor(
        plot, h, &(tp_plot_heat_options){.5, n + .5, .5, n + .5, .low = -1, .high = 1, .map = TP_PLOT_DIVERGING});
    return plot;
}

/* Targets drawn by lot: how many of all inputs come out right, and how many units fire for one at the most. */
static void by_heart(tp_tape *tape, int d)
{
    const int n = 1 << d;
    tp_tape_reset(tape);
    tp_rng rng = tp_rng_seed(11);
    tp_tensor *targets = tp_tensor_new(TP_F64, TP_DIMS(n));
    for (int i = 0; i < n; i++) ((double *)tp_tensor_data(targets))[i] = tp_rng_below(&rng, 2) ? 1 : -1;
    const tp_var s = all_inputs(tape, d), t = tp_data(tape, targets), h = hidden(s, s, d);
    const tp_var fired = tp_sum_axes(h, TP_AXES(1), false), right = tp_sum(tp_same(tp_matmul(h, t), t));
    printf("  D=%-3d %8d hidden units, right: %g of %d, units that fire: %g to %g\n", d, n, tp_item(right), n,
           tp_item(tp_min(fired)), tp_item(tp_max(fired)));
    tp_tensor_release(targets);
}

int main(int argc, char **argv)
{
    enum { D = 3, N = 1 << D };
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var s = all_inputs(tape, D), t = course_data(tape, TP_DIMS(N), NUMBERS(1, -1, 1, 1, -1, 1, -1, -1));
    const tp_var h = hidden(s, s, D), y = tp_matmul(h, t), fired = tp_sum_axes(h, TP_AXES(1), false);
    if (tp_tape_status(tape) != TP_OK) return course_end(tape, false);
    printf("D=3: the input, its target, the output, how many units fire\n");
    for (int i = 0; i < N; i++) {
        printf("  (");
        for (int k = 0; k < D; k++)
            printf("%s%c", k ? "," : "", tp_tensor_item(tp_value(s), i * D + k) > 0 ? '+' : '-');
        printf(") %4g %4g %4g\n", tp_tensor_item(tp_value(t), i), tp_tensor_item(tp_value(y), i),
               tp_tensor_item(tp_value(fired), i));
    }
    bool good = course_picture(draw(tp_value(h)), folder, "08_memoriser.svg");
    printf("\nTargets drawn by lot\n");
    for (int d = 2; d <= 10; d += 2) by_heart(tape, d);
    return course_end(tape, good);
}
