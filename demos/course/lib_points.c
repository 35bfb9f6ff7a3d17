#include "lib_points.h"

enum { CELLS = 90, MOST = 64 };

bool points_make(points *p, points_maker *make, int64_t n, double noise, uint64_t seed)
{
    tp_error error = {TP_OK, ""};
    tp_dataset *set = make(n, noise, seed, NULL, &error);
    tp_tensor *classes = tp_dataset_tensor(set, 1, &error);
    *p = (points){tp_dataset_tensor(set, 0, &error), tp_tensor_new(TP_F32, TP_DIMS(n, 1))};
    float *y = classes && p->y ? tp_tensor_data(p->y) : NULL;
    for (int64_t i = 0; y && i < n; i++) y[i] = (float)tp_tensor_item(classes, i);
    tp_tensor_release(classes);
    tp_dataset_release(set);
    return course_drawn(y && p->x ? TP_OK : TP_E_MEMORY, &error);
}

void points_free(points *p)
{
    tp_tensor_release(p->x);
    tp_tensor_release(p->y);
    *p = (points){NULL, NULL};
}

static tp_var scaled(tp_var x)
{
    return tp_muls(x, .3);
}

tp_module *points_network(int n, const int64_t *widths, tp_activation *f, tp_rng *rng)
{
    tp_error error = {TP_OK, ""};
    tp_module *net = tp_sequential(NULL, &error);
    tp_sequential_add(net, tp_activation_layer(scaled, NULL, &error), &error);
    tp_sequential_add(net, tp_mlp(n, widths, f, &(tp_layer_options){.rng = rng}, &error), &error);
    course_drawn(error.status, &error);
    return net;
}

tp_var points_loss(tp_tape *tape, tp_module *net, const points *p)
{
    tp_tape_reset(tape);
    const tp_var f = tp_module_forward(net, tp_data(tape, p->x));
    return tp_bce_with_logits(f, tp_data(tape, p->y), TP_MEAN);
}

bool points_learn(tp_tape *tape, tp_module *net, const points *p, tp_optim *optim, int steps, double *loss)
{
    tp_tensor *parameters[MOST];
    const size_t n = tp_module_parameters(net, parameters, MOST);
    bool good = n <= MOST && tp_optim_add_all(optim, parameters, n, NULL) == TP_OK;
    for (int step = 0; good && step < steps; step++) {
        tp_optim_clear_grads(optim);
        const tp_var mean = points_loss(tape, net, p);
        if (loss) *loss = tp_item(mean);
        good = tp_backward(mean) == TP_OK && tp_optim_step(optim) == TP_OK;
    }
    return good;
}

double points_right(tp_tape *tape, tp_module *net, const points *p)
{
    int64_t right = 0;
    tp_tape_reset(tape);
    const tp_tensor *f = tp_value(tp_module_forward(net, tp_data(tape, p->x)));
    const int64_t n = f ? tp_tensor_count(f) : 0;
    for (int64_t i = 0; i < n; i++) right += (tp_tensor_item(f, i) > 0) == (tp_tensor_item(p->y, i) > 0);
    return 100. * (double)right / (double)n;
}

void points_draw(tp_plot *plot, tp_tape *tape, tp_module *net, const points *p, const char *title,
                 const double rectangle[4])
{
    static float middles[CELLS * CELLS][2];
    const double *r = rectangle;
    for (int i = 0; i < CELLS * CELLS; i++) {
        middles[i][0] = (float)(r[0] + (r[1] - r[0]) * (i % CELLS + .5) / CELLS);
        middles[i][1] = (float)(r[2] + (r[3] - r[2]) * (i / CELLS + .5) / CELLS);
    }
    tp_tensor *x = tp_tensor_from(TP_F32, TP_DIMS(CELLS * CELLS, 2), middles);
    tp_tensor *classes = tp_tensor_reshape(p->y, TP_DIMS(tp_tensor_count(p->y)), NULL);
    tp_tape_reset(tape);
    const tp_var f = tp_reshape(tp_module_forward(net, tp_data(tape, x)), TP_DIMS(CELLS, CELLS));
    const tp_tensor *output = tp_value(tp_tanh(tp_muls(f, .5)));
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){
                      .title = title, .equal = true, .x_low = r[0], .x_high = r[1], .y_low = r[2], .y_high = r[3]});
    tp_plot_heat_tensor(plot, output,
                        &(tp_plot_heat_options){.x_low = r[0],
                                                .x_high = r[1],
                                                .y_low = r[2],
                                                .y_high = r[3],
                                                .low = -1,
                                                .high = 1,
                                                .map = TP_PLOT_DIVERGING,
                                                .smooth = true});
    tp_plot_contour_tensor(plot, output, &(tp_plot_contour_options){r[0], r[1], r[2], r[3], (const double[]){0}, 1},
                           &(tp_plot_style){.colour = TP_PLOT_INK, .width = 2});
    tp_plot_scatter(plot, p->x, classes, NULL, 2, &(tp_plot_style){.size = 6});
    tp_tensor_release(classes);
    tp_tensor_release(x);
}
