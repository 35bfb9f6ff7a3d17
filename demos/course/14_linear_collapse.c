/* Why activations: linear layers collapse.

   Without activations, layers W_1, ..., W_L give W_L (... (W_2 (W_1 x))), and since products of matrices may be
   grouped as one likes, that is (W_L ... W_2 W_1) x: one layer, however many were written. Biases collapse into one
   bias in the same way. With an activation between them the layers no longer merge, and the straight boundary of a
   linear classifier can bend. */
#include "lib_course.h"

enum { DEPTH = 5, CELLS = 90 };
static const int64_t widths[DEPTH + 1] = {4, 7, 5, 9, 6, 3};

/* x through the layers one by one, and through the one matrix that they come to. */
static void collapse(tp_tape *tape)
{
    double far = 0;
    const tp_var x = tp_normal(tape, TP_F64, TP_DIMS(4), 0, 1);
    tp_var h = x, product = tp_eye(tape, TP_F64, 4, 4);
    printf("layers 4-7-5-9-6-3 without activations\n");
    for (int l = 0; l < DEPTH; l++) {
        const tp_var w = tp_normal(tape, TP_F64, TP_DIMS(widths[l + 1], widths[l]), 0, .5);
        h = tp_matmul(w, h);
        product = tp_matmul(w, product);
    }
    const tp_var at_once = tp_matmul(product, x);
    course_value("layer by layer", h);
    course_value("by the one 3 x 4 matrix", at_once);
    for (int i = 0; i < 3; i++)
        far = fmax(far, fabs(tp_tensor_item(tp_value(h), i) - tp_tensor_item(tp_value(at_once), i)));
    printf("  they differ by at most %.1e\n", far);
}

/* The output of a 2-8-8-1 network, or what its linear layers come to. */
static tp_var output(tp_module *net, tp_var x, bool bent)
{
    tp_var h = x;
    for (tp_module *layer = tp_module_first_child(net); layer; layer = tp_module_next_child(layer))
        if (bent || tp_module_parameter_count(layer)) h = tp_module_forward(layer, h);
    return h;
}

/* A linear function keeps f(x + y) - f(x) - f(y) + f(0) at 0; one with activations between its layers does not. */
static void linearity(tp_tape *tape, tp_module *net)
{
    const tp_var x = course_data(tape, TP_DIMS(2), NUMBERS(1, -.5)),
                 y = course_data(tape, TP_DIMS(2), NUMBERS(.3, 1.2));
    const tp_var zero = tp_sub(x, x), both = tp_add(x, y);
    printf("\n|f(x + y) - f(x) - f(y) + f(0)| of a 2-8-8-1 network\n");
    for (int bent = 0; bent < 2; bent++) {
        const tp_var f = tp_sub(tp_add(output(net, both, bent), output(net, zero, bent)),
                                tp_add(output(net, x, bent), output(net, y, bent)));
        printf("  %-26s %12.7f\n", bent ? "with tanh between" : "without activations", fabs(tp_item(f)));
    }
}

/* The sign of the output over the square [-2, 2] x [-2, 2]. */
static tp_plot *draw(tp_tape *tape, tp_module *net)
{
    tp_plot *plot = tp_plot_new(
        &(tp_plot_options){
            .title = "One set of weights: the sign of a 2-8-8-1 network", .columns = 2, .width = 380, .height = 380},
        NULL);
    const tp_var side = tp_linspace(tape, TP_F64, -2, 2, CELLS);
    tp_var grid[2];
    tp_meshgrid((tp_var[]){side, side}, 2, true, grid);
    const tp_var points = tp_reshape(tp_stack(grid, 2, 2), TP_DIMS(CELLS * CELLS, 2));
    for (int bent = 0; bent < 2; bent++) {
        const tp_var f = tp_tanh(tp_muls(tp_reshape(output(net, points, bent), TP_DIMS(CELLS, CELLS)), 2));
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = bent ? "with tanh: the boundary bends"
                                                                   : "without activations: a straight boundary",
                                                     .x_label = "x₁",
                                                     .y_label = "x₂",
                                                     .equal = true});
        tp_plot_heat_tensor(plot, tp_value(f),
                            &(tp_plot_heat_options){.x_low = -2,
                                                    .x_high = 2,
                                                    .y_low = -2,
                                                    .y_high = 2,
                                                    .low = -1,
                                                    .high = 1,
                                                    .map = TP_PLOT_DIVERGING,
                                                    .smooth = true});
    }
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 14});
    tp_module *net = tp_mlp(TP_DIMS(2, 8, 8, 1), tp_tanh, &(tp_layer_options){.dtype = TP_F64}, NULL);
    for (size_t i = 0; i < tp_module_parameter_count(net); i++) {
        tp_rng rng = tp_rng_stream(5, i);
        tp_init_normal(tp_module_parameter_at(net, i, NULL, 0), 0, i % 2 ? .5 : 1, &rng, NULL);
    }
    collapse(tape);
    linearity(tape, net);
    const bool good = course_picture(draw(tape, net), folder, "14_linear_collapse.svg");
    tp_module_free(net);
    return course_end(tape, good);
}
