/* The other parts of networks, each with a rule for the way back.

     convolution     y_p = sum over taps t of w_t x_(p+t) + b: one small w for every place
     max pooling     the largest number of each window, which alone gets the gradient (of equal ones, the first)
     mean pooling    the mean of each window: every number gets an equal part of the gradient
     softmax         e^(z_k) / sum e^(z_j): positive numbers that sum to 1
     dropout         each number is 0 with probability p, else divided by 1 - p, so that the mean stays
     normalisation   (x - mean) / deviation: over a batch, channel by channel, or over each example

   Each is run on the same numbers and its gradients are checked; the picture shows what it does to an image. What
   dropout and batch normalisation do differently once training is over is told in 16_training_modes. */
#include "lib_course.h"

#include <string.h>

enum { SIDE = 28 };

/* Each takes x: (2, 2, 4, 6), and what it needs of w: (2, 2, 3, 3) and b: (2). */
static tp_var convolution(const tp_var *in)
{
    return tp_conv2d(in[0], in[1], in[2], NULL);
}
static tp_var max_pooling(const tp_var *in)
{
    return tp_max_pool2d(in[0], &(tp_pool_options){.window = {2, 2}}, NULL);
}
static tp_var mean_pooling(const tp_var *in)
{
    return tp_avg_pool2d(in[0], &(tp_pool_options){.window = {2, 2}});
}
static tp_var softmax(const tp_var *in)
{
    return tp_softmax(tp_flatten(in[0], 1, -1), 1);
}
static tp_var dropout(const tp_var *in)
{
    return tp_dropout(in[0], .5);
}
static tp_var batch_norm(const tp_var *in)
{
    return tp_batch_norm(in[0], in[2], tp_none(), NULL, NULL, .1, 1e-5);
}
static tp_var layer_norm(const tp_var *in)
{
    return tp_layer_norm(in[0], 3, tp_none(), tp_none(), 1e-5);
}

/* The shape of what each part makes of x, and the check of its gradients by x, w and b. */
static bool check(tp_tape *tape)
{
    static const struct {
        const char *name;
        tp_var (*apply)(const tp_var *in);
    } parts[] = {{"convolution", convolution}, {"max pooling", max_pooling}, {"mean pooling", mean_pooling},
                 {"softmax", softmax},         {"dropout", dropout},         {"batch norm", batch_norm},
                 {"layer norm", layer_norm}};
    double drawn[96];
    tp_rng rng = tp_rng_seed(1);
    tp_error error = {TP_OK, ""};
    for (int i = 0; i < 96; i++) drawn[i] = tp_rng_normal(&rng);
    const tp_var in[] = {course_leaf(tape, TP_DIMS(2, 2, 4, 6), drawn), course_leaf(tape, TP_DIMS(2, 2, 3, 3), drawn),
                         course_leaf(tape, TP_DIMS(2), drawn)};
    printf("  what                       of (2, 2, 4, 6)   gradients against finite differences\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const tp_var y = parts[i].apply(in);
        char shape[64] = "";
        for (int k = 0, at = 0; k < tp_var_rank(y); k++)
            at += snprintf(shape + at, sizeof shape - (size_t)at, k ? ", %d" : "(%d", (int)tp_var_dims(y)[k]);
        if (!course_drawn(tp_gradcheck(y, in, 3, NULL, &error), &error)) return false;
        printf("  %-26s %s)%*s agree\n", parts[i].name, shape, (int)(16 - strlen(shape)), "");
    }
    return true;
}

/* A ring and a bar, 28 x 28. */
static tp_var picture(tp_tape *tape)
{
    double pixels[SIDE][SIDE];
    for (int r = 0; r < SIDE; r++)
        for (int c = 0; c < SIDE; c++) {
            const double from_ring = fabs(hypot(r - 11, c - 11) - 6),
                         from_bar = r > 15 && c > 15 ? fabs(r - 1. * c) : 9;
            pixels[r][c] = fmax(0, fmin(1, 2.2 - fmin(from_ring, from_bar)));
        }
    return course_data(tape, TP_DIMS(1, 1, SIDE, SIDE), &pixels[0][0]);
}

static void show(tp_plot *plot, const char *title, tp_var image, double low, double high)
{
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .y_down = true, .equal = true, .bare = true});
    tp_plot_heat_tensor(plot, tp_value(tp_reshape(image, 2, tp_var_dims(image) + 2)),
                        &(tp_plot_heat_options){.map = TP_PLOT_GREYS, .low = low, .high = high});
}

/* The same picture through each part. */
static tp_plot *draw(tp_tape *tape)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 260, .height = 280}, NULL);
    const tp_var x = picture(tape),
                 sobel = course_data(tape, TP_DIMS(1, 1, 3, 3), NUMBERS(-1, 0, 1, -2, 0, 2, -1, 0, 1));
    const tp_var edges = tp_conv2d(x, sobel, tp_none(), NULL);
    const tp_pool_options window = {.window = {4, 4}};
    show(plot, "a picture", x, 0, 1);
    show(plot, "convolution: upright edges", edges, -4, 4);
    show(plot, "max pooling, 4 x 4", tp_max_pool2d(x, &window, NULL), 0, 1);
    show(plot, "mean pooling, 4 x 4", tp_avg_pool2d(x, &window), 0, 1);
    show(plot, "dropout, p = 1/2", tp_dropout(x, .5), 0, 2);
    show(plot, "normalised: mean 0, variance 1", tp_layer_norm(x, 3, tp_none(), tp_none(), 1e-5), -2, 2);
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 16});
    const bool good = check(tape) && course_picture(draw(tape), folder, "16_parts.svg");
    return course_end(tape, good);
}
