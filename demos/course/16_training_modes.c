/* Training and evaluation: two parts that behave differently.

   Dropout sets each number to 0 with probability p while the network trains, and divides the others by 1 - p: the mean
   stays what it was, and in evaluation the layer has nothing to do.

   Batch normalisation takes from each channel its mean over the batch and divides by its deviation, so that what comes
   out depends on the rest of the batch. While it trains it also gathers means and variances,

     gathered = (1 - m) gathered + m of the batch,        m = 0.1

   and in evaluation it goes by these: an example by itself has a result then, and the same one in every batch. */
#include "lib_course.h"

enum { MANY = 1000000, STEPS = 10, BATCHES = 60, ROWS = 500 };

/* Means of a layer's output over `MANY` ones, for p = 0, .1, ..., .9. */
static bool dropout(tp_tape *tape, double p[STEPS], double mean[STEPS], double zeros[STEPS])
{
    const tp_var ones = tp_ones(tape, TP_F64, TP_DIMS(MANY));
    printf("dropout of %d ones\n  %-26s %12s %12s %12s %12s\n", MANY, "in training", "mean", "zeros", "least",
           "largest");
    for (int i = 0; i < STEPS; i++) {
        p[i] = .1 * i;
        tp_module *layer = tp_dropout_layer(p[i], NULL, NULL);
        const tp_var y = tp_module_forward(layer, ones);
        char label[32];
        mean[i] = tp_item(tp_mean(y));
        zeros[i] = 1 - tp_item(tp_mean(tp_step(y)));
        snprintf(label, sizeof label, "p = %.1f", p[i]);
        if (i % 3 == 0) course_numbers(label, 4, NUMBERS(mean[i], zeros[i], tp_item(tp_min(y)), tp_item(tp_max(y))));
        tp_module_set_training(layer, false);
        const tp_var quiet = tp_module_forward(layer, ones);
        if (i % 3 == 0) printf("  evaluation, p = %.1f: off by %g\n", p[i], course_difference(quiet, ones));
        tp_module_free(layer);
    }
    return tp_tape_status(tape) == TP_OK;
}

/* Two channels, N(5, 2^2) and N(-1, 1/2^2): a batch before the layer and after it. */
static bool batch_norm(tp_tape *tape, tp_var batch[2])
{
    tp_module *layer = tp_batch_norm_layer(2, NULL, &(tp_layer_options){.dtype = TP_F64}, NULL);
    const tp_var deviation = course_data(tape, TP_DIMS(2), NUMBERS(2, .5));
    const tp_var mean = course_data(tape, TP_DIMS(2), NUMBERS(5, -1));
    for (int i = 0; i < BATCHES; i++) {
        batch[0] = tp_add(tp_mul(tp_normal(tape, TP_F64, TP_DIMS(ROWS, 2), 0, 1), deviation), mean);
        batch[1] = tp_module_forward(layer, batch[0]);
    }
    printf("\nbatch normalisation of two channels, N(5, 2^2) and N(-1, 1/2^2)\n");
    course_value("training: means", tp_mean_axes(batch[1], TP_AXES(0), false));
    course_value("training: variances", tp_variance_axes(batch[1], 0, TP_AXES(0), false));
    course_tensor("gathered means", tp_module_buffer(layer, "running_mean"));
    course_tensor("gathered variances", tp_module_buffer(layer, "running_var"));

    /* one deviation above the mean, and one below: first in a batch of three, then alone */
    const tp_var three = course_data(tape, TP_DIMS(3, 2), NUMBERS(7, -1.5, 4, -1, 9, 0)),
                 one = tp_slice(three, 0, 0, 1, 1);
    course_value("training: first of three", tp_slice(tp_module_forward(layer, three), 0, 0, 1, 1));
    tp_module_set_training(layer, false);
    course_value("evaluation: first of three", tp_slice(tp_module_forward(layer, three), 0, 0, 1, 1));
    course_value("evaluation: alone", tp_module_forward(layer, one));
    tp_module_free(layer);
    return tp_tape_status(tape) == TP_OK;
}

static void draw_batch(tp_plot *plot, const char *title, tp_var batch, tp_plot_legend legend)
{
    static const char *const names[2] = {"channel 1", "channel 2"};
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){.title = title, .x_label = "value", .y_label = "density", .legend = legend});
    for (int i = 0; i < 2; i++) {
        const tp_var channel = tp_contiguous(tp_slice(batch, 1, i, i + 1, 1));
        tp_plot_histogram(plot, tp_tensor_read(tp_value(channel)), ROWS, &(tp_plot_histogram_options){.density = true},
                          &(tp_plot_style){.label = names[i]});
    }
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    double p[STEPS], mean[STEPS], zeros[STEPS];
    tp_var batch[2];
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 16});
    bool good = dropout(tape, p, mean, zeros) && batch_norm(tape, batch);
    if (good) {
        tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 340, .height = 300}, NULL);
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Dropout keeps the mean",
                                                     .x_label = "p",
                                                     .y_low = 0,
                                                     .y_high = 1.5,
                                                     .legend = TP_PLOT_LEGEND_TOP_LEFT});
        tp_plot_curve(plot, p, mean, STEPS, &(tp_plot_style){.label = "mean", .mark = TP_PLOT_DISC});
        tp_plot_curve(plot, p, zeros, STEPS, &(tp_plot_style){.label = "share of zeros", .mark = TP_PLOT_SQUARE});
        draw_batch(plot, "A batch of two channels", batch[0], TP_PLOT_LEGEND_TOP_RIGHT);
        draw_batch(plot, "After batch normalisation", batch[1], TP_PLOT_LEGEND_NONE);
        good = course_picture(plot, folder, "16_training_modes.svg");
    }
    return course_end(tape, good);
}
