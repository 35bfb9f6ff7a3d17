/* Layers, batches, and why there is a bias.

   A fully connected layer takes a vector x of D numbers to one of H numbers,

     h = phi(W x + b)

   with a weight matrix W of H rows and D columns, a bias b of H numbers, and an activation phi of each number by
   itself. A multilayer perceptron is such a layer after another; its last one is left linear, so that the output may be
   any number. Depth counts the layers, width the units of the largest hidden layer, size the units of all layers.

   The program counts a 3-4-4-1 perceptron and draws it; runs a network of two layers as a plain loop and on the tape;
   gives the perceptron a batch of rows and each row alone; and shows why a layer has a bias: where x = 0, W x is 0
   whatever W is, so that without b every unit is tied to one point. */
#include "lib_course.h"

#include <tapir/draw.h>

enum { ROWS = 6, POINTS = 121 };

static tp_module *perceptron(void)
{
    tp_rng rng = tp_rng_seed(12);
    return tp_mlp(TP_DIMS(3, 4, 4, 1), tp_sigmoid, &(tp_layer_options){.rng = &rng, .dtype = TP_F64}, NULL);
}

static void count(const tp_module *net)
{
    int depth = 0;
    int64_t width = 0, size = 0;
    printf("a perceptron 3-4-4-1\n");
    for (const tp_module *layer = tp_module_first_child(net); layer; layer = tp_module_next_child(layer)) {
        const tp_tensor *w = tp_module_parameter(layer, "weight"), *b = tp_module_parameter(layer, "bias");
        if (!w) continue; /* an activation */
        const int64_t h = tp_tensor_dim(w, 0), d = tp_tensor_dim(w, 1);
        const bool last = !tp_module_next_child(layer);
        printf("  layer %d: W is %d x %d, b is %d, %2d numbers, %s\n", ++depth, (int)h, (int)d, (int)tp_tensor_count(b),
               (int)tp_module_element_count(layer), last ? "linear" : "then phi");
        size += h;
        if (!last && h > width) width = h;
    }
    printf("  parameters %d\n  depth %d\n  width %d\n  size %d\n\n", (int)tp_module_element_count(net), depth,
           (int)width, (int)size);
}

/* h_i = tanh(w_i . x); return v . h: as one writes it in C, and as two products of matrices. */
static void two_layers(tp_tape *tape)
{
    static const double w[3][2] = {{.5, -1}, {1.5, .3}, {-.7, .8}}, v[3] = {1, -2, .5}, x[2] = {.6, -.4};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double a = 0;
        for (int k = 0; k < 2; k++) a += w[i][k] * x[k];
        sum += v[i] * tanh(a);
    }
    const tp_var h = tp_tanh(tp_matmul(course_data(tape, TP_DIMS(3, 2), &w[0][0]), course_data(tape, TP_DIMS(2), x)));
    const tp_var y = tp_matmul(course_data(tape, TP_DIMS(3), v), h);
    printf("two layers: h_i = tanh(w_i . x), then v . h\n");
    course_numbers("by a plain loop", 1, &sum);
    course_value("on the tape", y);
    printf("  they differ by %.1e\n\n", fabs(tp_item(y) - sum));
}

/* A batch is a matrix with an example in each row; the same code runs it. */
static void batch(tp_tape *tape, tp_module *net)
{
    double far = 0;
    const tp_var x = tp_normal(tape, TP_F64, TP_DIMS(ROWS, 3), 0, 1), all = tp_module_forward(net, x);
    printf("the perceptron 3-4-4-1, sigmoid\n  %-26s %12s %12s\n", "", "in the batch", "by itself");
    for (int r = 0; r < ROWS; r++) {
        const tp_var alone = tp_module_forward(net, tp_slice(x, 0, r, r + 1, 1));
        const double pair[2] = {tp_tensor_item(tp_value(all), r), tp_item(alone)};
        char label[32];
        snprintf(label, sizeof label, "row %d", r + 1);
        course_numbers(label, 2, pair);
        far = fmax(far, fabs(pair[0] - pair[1]));
    }
    printf("  rows differ by at most %.1e\n\n", far);
}

static void why_a_bias(tp_tape *tape, tp_module *net)
{
    const tp_var w = tp_module_use(net, "0.weight", tape), b = tp_module_use(net, "0.bias", tape);
    const tp_var zero = tp_zeros(tape, TP_F64, TP_DIMS(3)), nothing = tp_matmul(w, zero), y = tp_add(nothing, b);
    printf("the first layer at x = 0\n");
    course_value("W 0", nothing);
    course_value("W 0 + b", y);
    course_value("b", b);
    printf("  the last two differ by %.1e\n", course_difference(y, b));
}

/* Units sigma(w x + b): those without a bias all pass through (0, 1/2). */
static tp_plot *draw_units(tp_tape *tape)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 320}, NULL);
    const tp_var x = tp_linspace(tape, TP_F64, -6, 6, POINTS);
    for (int with = 0; with < 2; with++) {
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = with ? "σ(2x + b): a bias moves the step"
                                                                   : "σ(wx): all are 1/2 at x = 0",
                                                     .x_label = "x",
                                                     .y_label = "output",
                                                     .legend = TP_PLOT_LEGEND_OUTSIDE});
        for (int i = 0; i < 5; i++) {
            const double w = with ? 2 : 2 * i - 4, b = with ? 4 * i - 8 : 0;
            const tp_var y = tp_sigmoid(tp_adds(tp_muls(x, w), b));
            char label[32];
            snprintf(label, sizeof label, "%s = %g", with ? "b" : "w", with ? b : w);
            tp_plot_curve(plot, tp_tensor_read(tp_value(x)), tp_tensor_read(tp_value(y)), POINTS,
                          &(tp_plot_style){.label = label});
        }
    }
    return plot;
}

/* A circle for each unit, and one that is always 1 for the biases: then each line is one parameter. */
static bool draw_network(const tp_module *net, const char *folder)
{
    static const char *const inputs[] = {"x₁", "x₂", "x₃"}, *const outputs[] = {"y"};
    char path[COURSE_PATH], title[64];
    tp_error error = {TP_OK, ""};
    snprintf(title, sizeof title, "%d lines, one for each parameter", (int)tp_module_element_count(net));
    const tp_draw_network_options options = {.title = title, .inputs = inputs, .outputs = outputs, .bias_nodes = true};
    return course_drawn(
        tp_draw_network((const int64_t[]){3, 4, 4, 1}, 4, &options, course_path(path, folder, "12_layers.svg"), &error),
        &error);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *net = perceptron();
    count(net);
    two_layers(tape);
    batch(tape, net);
    why_a_bias(tape, net);
    const bool good = tp_tape_status(tape) == TP_OK && draw_network(net, folder) &&
                      course_picture(draw_units(tape), folder, "12_layers-units.svg");
    tp_module_free(net);
    return course_end(tape, good);
}
