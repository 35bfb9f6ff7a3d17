/* How the weights begin.

   A network with one hidden layer, h = tanh(W1 x + b1), z = w2 h + b2, learns exclusive or by gradient descent from
   three starts:

     all zero      dL/dW1 = w2^T delta tanh' x^T holds the factor w2 = 0, dL/dw2 = delta h^T the factor h = 0: no weight
                   ever moves, whatever the data
     all equal     every hidden unit computes the same number and gets the same gradient, so that the units stay
                   identical for ever: the layer is worth a single unit
     random        the units differ from the start, and each finds work of its own

   So weights are drawn at random: from U[-a, a], whose mean is 0 and whose variance a^2/3, or from N(mu, sigma^2). */
#include "lib_course.h"

enum { HIDDEN = 4, STEPS = 400, DRAWS = 20000 };

static const double rate = .5, a = 2, mu = 1, sigma = .5;

typedef enum start { ZERO, EQUAL, RANDOM } start;

static tp_module *network(start how)
{
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *all[4];
    tp_module *net = tp_mlp(TP_DIMS(2, HIDDEN, 1), tp_tanh, &(tp_layer_options){.dtype = TP_F64}, NULL);
    const size_t n = tp_module_parameters(net, all, 4);
    for (size_t i = 0; i < n; i++)
        if (how == RANDOM)
            tp_init_uniform(all[i], -1, 1, &rng, NULL);
        else
            tp_init_constant(all[i], how == ZERO ? 0 : .5, NULL);
    return net;
}

/* The largest element in size; of no tensor, 0. */
static double largest(const tp_tensor *t)
{
    double most = 0;
    for (int64_t i = 0; i < tp_tensor_count(t); i++) most = fmax(most, fabs(tp_tensor_item(t, i)));
    return most;
}

/* By how much two hidden units differ at most: rows of W1, (HIDDEN, 2), against the first. */
static double units_apart(const tp_tensor *w1)
{
    double most = 0;
    for (int64_t i = 2; i < tp_tensor_count(w1); i++)
        most = fmax(most, fabs(tp_tensor_item(w1, i) - tp_tensor_item(w1, i % 2)));
    return most;
}

/* Gradient descent; the loss before each step goes to losses. */
static bool learn(tp_tape *tape, const char *name, start how, double losses[STEPS])
{
    char label[64];
    double hidden_gradient = 0;
    tp_tensor *all[4];
    tp_module *net = network(how);
    tp_optim *descent = tp_sgd(&(tp_sgd_options){.rate = rate}, NULL);
    bool good = tp_optim_add_all(descent, all, tp_module_parameters(net, all, 4), NULL) == TP_OK;
    for (int step = 0; good && step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var x = course_data(tape, TP_DIMS(4, 2), NUMBERS(0, 0, 0, 1, 1, 0, 1, 1));
        const tp_var y = course_data(tape, TP_DIMS(4, 1), NUMBERS(0, 1, 1, 0));
        const tp_var loss = tp_bce_with_logits(tp_module_forward(net, x), y, TP_MEAN);
        losses[step] = tp_item(loss);
        good = tp_backward(loss) == TP_OK;
        for (size_t i = 0; i < 3; i++) hidden_gradient = fmax(hidden_gradient, largest(tp_tensor_grad(all[i])));
        tp_optim_step(descent);
        tp_optim_clear_grads(descent);
    }
    snprintf(label, sizeof label, "%s: gradient", name);
    course_numbers(label, 1, &hidden_gradient);
    snprintf(label, sizeof label, "%s: units apart", name);
    course_numbers(label, 1, NUMBERS(units_apart(all[0])));
    snprintf(label, sizeof label, "%s: loss", name);
    course_numbers(label, 2, NUMBERS(losses[0], losses[STEPS - 1]));
    tp_optim_free(descent);
    tp_module_free(net);
    return good;
}

/* Mean and variance of what was drawn, beside what they should be; and the histogram. */
static bool moments(tp_plot *plot, const char *name, bool normal)
{
    double mean = 0, variance = 0, x[121], density[121];
    tp_rng rng = tp_rng_seed(2);
    tp_tensor *t = tp_tensor_new(TP_F64, TP_DIMS(DRAWS));
    const double goal_mean = normal ? mu : 0, goal_variance = normal ? sigma * sigma : a * a / 3;
    const tp_status status = normal ? tp_init_normal(t, mu, sigma, &rng, NULL) : tp_init_uniform(t, -a, a, &rng, NULL);
    const double *drawn = t ? tp_tensor_read(t) : NULL;
    if (!drawn || status != TP_OK) return false;
    for (int i = 0; i < DRAWS; i++) mean += drawn[i] / DRAWS;
    for (int i = 0; i < DRAWS; i++) variance += (drawn[i] - mean) * (drawn[i] - mean) / DRAWS;
    printf("  %-26s %12.7f %12.7f, of the distribution %.7f %.7f\n", name, mean, variance, goal_mean, goal_variance);
    for (int i = 0; i <= 120; i++) {
        x[i] = goal_mean + 2.4 * (i - 60) / 60;
        density[i] =
            normal ? exp(-pow((x[i] - mu) / sigma, 2) / 2) / (sigma * sqrt(2 * acos(-1))) : (fabs(x[i]) <= a) / (2 * a);
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = name, .x_label = "weight", .y_label = "density", .y_high = 1.5 * density[60]});
    tp_plot_histogram(plot, drawn, DRAWS, &(tp_plot_histogram_options){.bins = 40, .density = true},
                      &(tp_plot_style){.label = "drawn"});
    tp_plot_curve(plot, x, density, 121, &(tp_plot_style){.label = "density", .colour = 2});
    tp_tensor_release(t);
    return true;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"all zero", "all equal", "random"};
    static double losses[3][STEPS];
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 360, .height = 320}, NULL);
    bool good = tape && plot;
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = "Exclusive or from three starts", .x_label = "step", .y_label = "loss"});
    puts(
        "the largest gradient of a weight in all steps, how far units are apart at the end, the loss before and after");
    for (int i = 0; good && i < 3; i++) {
        good = learn(tape, names[i], (start)i, losses[i]);
        tp_plot_curve(plot, NULL, losses[i], STEPS, &(tp_plot_style){.label = names[i]});
    }
    puts("\nmean and variance of what is drawn");
    good = good && moments(plot, "U[-2, 2]", false) && moments(plot, "N(1, 0.25)", true);
    good = course_picture(plot, folder, "50_initial_weights.svg") && good;
    return course_end(tape, good);
}
