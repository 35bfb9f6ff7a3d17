/* A layer of one's own, in some 30 lines: radial basis functions with centres and widths that learn (Broomhead, Lowe
   1988). With a linear layer behind it, it tells two spirals apart, beside a multilayer perceptron of as many units.
   usage: own_layer [folder for the picture] */
#include <math.h>
#include <stdio.h>

#include <tapir/tapir.h>

/* ---- the layer ---- */

/* x: (N, in) -> exp(-|x - centre|^2 scale^2): (N, units) */
static tp_var radial_forward(tp_module *module, tp_var x)
{
    if (tp_var_rank(x) != 2) return tp_module_fail(module, x.tape, TP_E_SHAPE, "x of rank %d", tp_var_rank(x));
    const tp_var apart = tp_sub(tp_unsqueeze(x, 1), tp_module_use(module, "centres", x.tape)); /* (N, units, in) */
    const tp_var square = tp_sum_axes(tp_square(apart), TP_AXES(-1), false);
    return tp_exp(tp_neg(tp_mul(square, tp_square(tp_module_use(module, "scale", x.tape)))));
}

static const tp_module_kind radial_kind = {TP_MODULE_HEAD, .name = "radial", .forward = radial_forward};

static tp_module *radial_layer(int64_t in, int64_t units, tp_rng *rng, tp_error *error)
{
    tp_module *module = tp_module_new(&radial_kind, NULL, error);
    tp_tensor *centres = tp_tensor_new(TP_F32, TP_DIMS(units, in)), *scale = tp_tensor_new(TP_F32, TP_DIMS(units));
    if (centres) tp_init_uniform(centres, -1, 1, rng, error);
    tp_tensor_fill(scale, 3);
    /* Adding takes the tensors over, also when it fails. */
    const tp_status first = tp_module_add_parameter(module, "centres", centres, error);
    if (tp_module_add_parameter(module, "scale", scale, error) == TP_OK && first == TP_OK) return module;
    tp_module_free(module);
    return NULL;
}

/* ---- what it is for ---- */

enum { POINTS = 400, UNITS = 32, STEPS = 1500, SIDE = 80 };

/* Two arms, half a turn apart, of one and a half turns each; noise on every point. */
static void spirals(tp_tensor *x, tp_tensor *y, tp_rng *rng)
{
    float *point = tp_tensor_data(x), *label = tp_tensor_data(y);
    for (int i = 0; i < POINTS; i++) {
        const double r = .1 + .9 * tp_rng_uniform(rng), turn = 3 * r + (i % 2), pi = 3.141592653589793;
        point[2 * i] = (float)(r * cos(pi * turn) + .02 * tp_rng_normal(rng));
        point[2 * i + 1] = (float)(r * sin(pi * turn) + .02 * tp_rng_normal(rng));
        label[i] = (float)(i % 2);
    }
}

/* Trains the net, which it takes over, and says how many of the points it gets right; paints what it says everywhere.
 */
static double train(tp_module *net, tp_tensor *x, tp_tensor *y, tp_tensor *grid, tp_plot *plot, const char *title)
{
    tp_tensor *parameters[8];
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = 1e-2}, NULL);
    tp_optim_add_all(adam, parameters, tp_module_parameters(net, parameters, 8), NULL);
    tp_tape *tape = tp_tape_new(NULL);
    double right = 0, heat[SIDE * SIDE];
    for (int step = 0; step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var target = tp_data(tape, y), logits = tp_module_forward(net, tp_data(tape, x));
        if (tp_backward(tp_bce_with_logits(logits, target, TP_MEAN)) != TP_OK) break;
        right = tp_item(tp_count_nonzero(tp_equal(tp_step(logits), target)));
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    tp_tape_reset(tape);
    const tp_tensor *said = tp_value(tp_module_forward(net, tp_data(tape, grid)));
    for (int i = 0; i < SIDE * SIDE; i++) heat[i] = tp_tensor_item(said, i) > 0;
    if (*tp_tape_error(tape)) fprintf(stderr, "own_layer: %s\n", tp_tape_error(tape));
    tp_tensor *classes = tp_tensor_reshape(y, TP_DIMS(POINTS), NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .equal = true});
    tp_plot_heat(
        plot, heat, SIDE, SIDE,
        &(tp_plot_heat_options){.x_low = -1.2, .x_high = 1.2, .y_low = -1.2, .y_high = 1.2, .map = TP_PLOT_CLASSES});
    tp_plot_scatter(plot, x, classes, NULL, 2, &(tp_plot_style){.size = 4});
    printf("%s: %lld parameters, %.1f %% of the points right\n", title, (long long)tp_module_element_count(net),
           100 * right / POINTS);
    tp_tensor_release(classes);
    tp_tape_free(tape);
    tp_optim_free(adam);
    tp_module_free(net);
    return right;
}

int main(int count, char **arguments)
{
    char path[1024];
    tp_error error = {TP_OK, ""};
    tp_rng rng = tp_rng_seed(1);
    const tp_layer_options o = {.rng = &rng};
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(POINTS, 2)), *y = tp_tensor_new(TP_F32, TP_DIMS(POINTS, 1));
    tp_tensor *grid = tp_tensor_new(TP_F32, TP_DIMS(SIDE * SIDE, 2));
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 420}, &error);
    if (!x || !y || !grid) return 1;
    spirals(x, y, &rng);
    for (int i = 0; i < 2 * SIDE * SIDE; i++) {
        const int cell = i % 2 ? i / 2 / SIDE : i / 2 % SIDE;
        ((float *)tp_tensor_data(grid))[i] = (float)(2.4 * (cell + .5) / SIDE - 1.2);
    }
    tp_module *net = tp_sequential(NULL, &error);
    tp_sequential_add(net, radial_layer(2, UNITS, &rng, &error), &error);
    tp_sequential_add(net, tp_linear_layer(UNITS, 1, &o, &error), &error);
    if (error.status != TP_OK) return 1;
    tp_module_summary(net, TP_F32, TP_DIMS(POINTS, 2), stdout, NULL);
    const double radial = train(net, x, y, grid, plot, "radial layer");
    train(tp_mlp(TP_DIMS(2, UNITS, 1), tp_tanh, &o, NULL), x, y, grid, plot, "multilayer perceptron");
    snprintf(path, sizeof path, "%s/own_layer.svg", count > 1 ? arguments[1] : "build/demo");
    if (tp_plot_save(plot, path, &error) != TP_OK) fprintf(stderr, "%s\n", error.message);
    tp_plot_free(plot);
    tp_tensor_release(x), tp_tensor_release(y), tp_tensor_release(grid);
    return error.status == TP_OK && radial >= .97 * POINTS ? 0 : 1;
}
