/* The four data sets of the TensorFlow playground, each learned by a 2-16-16-1
   tanh network: its output as a heat map under the points it learned from.
   usage: playground [folder for the picture] */
#include <tapir/tapir.h>

#include "lib_plots.h"

enum { POINTS = 300, STEPS = 1500, CELLS = 100 };
static const double extent = 6, noise = .1;

typedef struct playground {
    const char *name;
    tp_dataset *(*make)(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options, tp_error *error);
} playground;

/* x, (POINTS, 2), and the classes 0 and 1 as y, (POINTS, 1). */
static void make(const playground *kind, uint64_t seed, tp_tensor *xy[2], tp_error *error)
{
    tp_dataset *set = kind->make(POINTS, noise, seed, NULL, error);
    tp_tensor *classes = tp_dataset_tensor(set, 1, error);
    xy[0] = tp_dataset_tensor(set, 0, error);
    xy[1] = tp_tensor_new(TP_F32, TP_DIMS(POINTS, 1));
    float *y = xy[1] ? tp_tensor_data(xy[1]) : NULL;
    for (int i = 0; y && i < POINTS; i++) y[i] = (float)tp_tensor_item(classes, i);
    tp_tensor_release(classes);
    tp_dataset_release(set);
}

static tp_var logits(tp_tape *tape, tp_module *net, tp_tensor *x)
{
    return tp_module_forward(net, tp_muls(tp_data(tape, x), .3));
}

static double accuracy(tp_tape *tape, tp_module *net, tp_tensor *const xy[2])
{
    int right = 0;
    tp_tape_reset(tape);
    const tp_tensor *out = tp_value(logits(tape, net, xy[0]));
    for (int64_t i = 0; i < POINTS; i++) right += (tp_tensor_item(out, i) > 0) == (tp_tensor_item(xy[1], i) > 0);
    return 100. * right / POINTS;
}

/* The output, between -1 and 1, at the middles of the cells. */
static void draw(tp_plot *plot, tp_tape *tape, tp_module *net, const char *name, tp_tensor *const xy[2])
{
    static float middles[2 * CELLS * CELLS];
    for (int i = 0; i < CELLS * CELLS; i++)
        for (int k = 0; k < 2; k++)
            middles[2 * i + k] = (float)(extent * ((2 * (k ? i / CELLS : i % CELLS) + 1.) / CELLS - 1));
    tp_tensor *x = tp_tensor_from(TP_F32, TP_DIMS(CELLS * CELLS, 2), middles);
    tp_tape_reset(tape);
    const tp_var out = tp_tanh(tp_muls(logits(tape, net, x), .5));
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = name, .equal = true});
    tp_plot_heat_tensor(plot, tp_value(tp_reshape(out, TP_DIMS(CELLS, CELLS))),
                        &(tp_plot_heat_options){.x_low = -extent,
                                                .x_high = extent,
                                                .y_low = -extent,
                                                .y_high = extent,
                                                .low = -1,
                                                .high = 1,
                                                .map = TP_PLOT_DIVERGING,
                                                .smooth = true});
    tp_tensor *classes = tp_tensor_reshape(xy[1], TP_DIMS(POINTS), NULL);
    tp_plot_scatter(plot, xy[0], classes, NULL, 2, &(tp_plot_style){.size = 6});
    tp_tensor_release(classes);
    tp_tensor_release(x);
}

static bool learn(tp_plot *plot, tp_tape *tape, const playground *kind)
{
    tp_rng rng = tp_rng_seed(3);
    tp_error error = {TP_OK, ""};
    tp_module *net = tp_mlp(TP_DIMS(2, 16, 16, 1), tp_tanh, &(tp_layer_options){.rng = &rng}, &error);
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .02, .weight_decay = 3e-4}, &error);
    tp_tensor *parameters[6], *learned[2], *unseen[2];
    make(kind, 1, learned, &error);
    make(kind, 2, unseen, &error);
    const size_t n = tp_module_parameters(net, parameters, 6);
    bool good = n == 6 && tp_optim_add_all(adam, parameters, n, &error) == TP_OK;
    for (int step = 0; good && step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var z = logits(tape, net, learned[0]);
        good = tp_backward(tp_bce_with_logits(z, tp_data(tape, learned[1]), TP_MEAN)) == TP_OK;
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    if (good) {
        char title[96];
        const double seen = accuracy(tape, net, learned), other = accuracy(tape, net, unseen);
        printf("%-9s right: %5.1f %% of the points learned, %5.1f %% of others\n", kind->name, seen, other);
        snprintf(title, sizeof title, "%s: %.1f %% of unseen points", kind->name, other);
        draw(plot, tape, net, title, learned);
    } else {
        fprintf(stderr, "playground: %s%s\n", error.message, tp_tape_error(tape));
    }
    for (int i = 0; i < 2; i++) tp_tensor_release(learned[i]), tp_tensor_release(unseen[i]);
    tp_module_free(net);
    tp_optim_free(adam);
    return good;
}

int main(int count, char **arguments)
{
    static const playground kinds[] = {{"circle", tp_points_circle},
                                       {"xor", tp_points_xor},
                                       {"gaussian", tp_points_gaussian},
                                       {"spiral", tp_points_spiral}};
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 420}, NULL);
    bool good = tape && plot;
    for (int i = 0; good && i < 4; i++) good = learn(plot, tape, &kinds[i]);
    good = good && plot_finish(plot, count > 1 ? arguments[1] : "build/demo", "playground.svg");
    tp_tape_free(tape);
    return good ? 0 : 1;
}
