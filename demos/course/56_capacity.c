/* Wide or deep.

   What a network can learn grows with the number of its hidden units (width) and of its layers (depth). A layer of 3
   units cannot wind a boundary round a spiral; one of 64 can, more or less; two layers with about as many parameters
   do it more easily, since the second builds on what the first has found (a "two-layer" network has one hidden layer).

   But depth has its price. On the way back each layer multiplies the gradient by W^T and by the slope of its units.
   The slope of a sigmoid is at most 1/4, so that the lower layers of a deep sigmoid network get next to no gradient,
   and learn next to nothing. tanh, whose slope is 1 at 0, and relu, whose slope is 0 or 1, with weights that keep the
   variance, let it through. */
#include "lib_points.h"

enum { POINTS = 160, STEPS = 1000, DEPTH = 10, WIDTH = 12, MOST = 2 * (DEPTH + 1) };
static const double noise = .15, rectangle[] = {-6, 6, -6, 6};

/* Weights by Glorot's rule, for relu by Kaiming's; biases 0. */
static tp_module *network(int n, const int64_t *widths, tp_activation *f)
{
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *all[MOST];
    tp_module *net = points_network(n, widths, f, NULL);
    const size_t count = tp_module_parameters(net, all, MOST);
    for (size_t i = 0; i < count; i++)
        if (tp_tensor_rank(all[i]) == 1)
            tp_init_constant(all[i], 0, NULL);
        else if (f == tp_relu)
            tp_init_kaiming_normal(all[i], TP_FAN_IN, TP_GAIN_RELU, &rng, NULL);
        else
            tp_init_xavier_normal(all[i], 1, &rng, NULL);
    return net;
}

/* A network of so many layers between 2 inputs and 1 output. */
static tp_module *deep_network(int depth, tp_activation *f)
{
    int64_t widths[DEPTH + 1] = {2};
    for (int i = 1; i < depth; i++) widths[i] = WIDTH;
    widths[depth] = 1;
    return network(depth + 1, widths, f);
}

/* Trains a network and prints per cent right, which it returns, loss and parameters; NaN when something failed. Takes
   the network over. */
static double learn(tp_tape *tape, tp_plot *plot, const char *name, tp_module *net, const points *p)
{
    char title[96];
    double loss = 0;
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .01}, NULL);
    const bool good = points_learn(tape, net, p, adam, STEPS, &loss);
    const double right = points_right(tape, net, p);
    printf("  %-26s %12.7f %12.7f %12lld\n", name, right, loss, (long long)tp_module_element_count(net));
    snprintf(title, sizeof title, "%s: %.0f %%", name, right);
    if (plot) points_draw(plot, tape, net, p, title, rectangle);
    tp_optim_free(adam);
    tp_module_free(net);
    return good ? right : (double)NAN;
}

/* The norm of dL/dW in each layer of a deep network before it has learned anything. */
static bool norms(tp_tape *tape, tp_plot *plot, const char *name, tp_activation *f, const points *p)
{
    double norm[DEPTH];
    tp_tensor *all[MOST];
    tp_module *net = deep_network(DEPTH, f);
    tp_module_parameters(net, all, MOST);
    const bool good = tp_backward(points_loss(tape, net, p)) == TP_OK;
    printf("  %-8s", name);
    for (int l = 0; l < DEPTH; l++) {
        const tp_tensor *g = tp_tensor_grad(all[2 * l]);
        double sum = 0;
        for (int64_t i = 0; g && i < tp_tensor_count(g); i++) sum += pow(tp_tensor_item(g, i), 2);
        printf(" %8.1e", norm[l] = sqrt(sum));
    }
    printf("\n  %s, last/first %.7g\n", name, norm[DEPTH - 1] / norm[0]);
    tp_plot_curve(plot, NULL, norm, DEPTH, &(tp_plot_style){.label = name, .mark = TP_PLOT_DISC});
    tp_module_free(net);
    return good;
}

static void draw_regions(tp_tape *tape, tp_plot *plot, const points *p)
{
    learn(tape, plot, "two layers, 3 units", network(TP_DIMS(2, 3, 1), tp_tanh), p);
    learn(tape, plot, "two layers, 8 units", network(TP_DIMS(2, 8, 1), tp_tanh), p);
    learn(tape, plot, "two layers, 64 units", network(TP_DIMS(2, 64, 1), tp_tanh), p);
    learn(tape, plot, "three layers, 14 + 14 units", network(TP_DIMS(2, 14, 14, 1), tp_tanh), p);
}

/* Per cent right after training by the number of layers. */
static void draw_depths(tp_tape *tape, tp_plot *plot, const char *name, tp_activation *f, const points *p)
{
    double depth[DEPTH / 2], right[DEPTH / 2];
    char label[64];
    for (int i = 0; i < DEPTH / 2; i++) {
        depth[i] = 2 * (i + 1);
        snprintf(label, sizeof label, "%s, %g layers", name, depth[i]);
        right[i] = learn(tape, NULL, label, deep_network(2 * (i + 1), f), p);
    }
    tp_plot_curve(plot, depth, right, DEPTH / 2, &(tp_plot_style){.label = name, .mark = TP_PLOT_DISC});
}

int main(int argc, char **argv)
{
    points spiral;
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *regions = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 360, .height = 360}, NULL);
    tp_plot *deep = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 360}, NULL);
    bool good = points_make(&spiral, tp_points_spiral, POINTS, noise, 1) && tape && regions && deep;
    if (good) {
        printf("a spiral, %d steps            %12s %12s %12s\n", STEPS, "% right", "loss", "parameters");
        draw_regions(tape, regions, &spiral);
        puts("\nnorm of the gradient by the weights of each layer, before the first step");
        tp_plot_panel(deep, &(tp_plot_panel_options){.title = "The gradient on its way back",
                                                     .x_label = "layer",
                                                     .y_label = "norm of dL/dW",
                                                     .y_log = true});
        good = norms(tape, deep, "sigmoid", tp_sigmoid, &spiral) && norms(tape, deep, "tanh", tp_tanh, &spiral) &&
               norms(tape, deep, "relu", tp_relu, &spiral);
        printf("\n%d units a layer, %d steps    %12s %12s %12s\n", WIDTH, STEPS, "% right", "loss", "parameters");
        tp_plot_panel(deep, &(tp_plot_panel_options){.title = "What a deep network learns",
                                                     .x_label = "layers",
                                                     .y_label = "% right",
                                                     .y_low = 30,
                                                     .y_high = 104,
                                                     .legend = TP_PLOT_LEGEND_BOTTOM_LEFT});
        draw_depths(tape, deep, "sigmoid", tp_sigmoid, &spiral);
        draw_depths(tape, deep, "tanh", tp_tanh, &spiral);
    }
    good = course_picture(regions, folder, "56_capacity-boundaries.svg") && good;
    good = course_picture(deep, folder, "56_capacity-depth.svg") && good;
    points_free(&spiral);
    return course_end(tape, good);
}
