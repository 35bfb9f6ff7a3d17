/* Drawings of networks: every operation, every layer, every unit.

   The computation graph shows every operation. Its leaves are data and parameters; values run along its wires from left
   to right, gradients run back. It is what the tape holds, loss and all.

   Where operations are too many, a network is drawn layer by layer, with the shape of what comes out of each and the
   number of its parameters.

   The simplified drawing has a circle for each unit, in a column for each layer, and a line for each weight. What
   happens inside a unit (the sum, the bias, the activation) and the loss go without saying. It is the drawing for a
   talk: its circles and lines can be counted, and for a wide network dots stand for the circles that do not fit. */
#include "lib_course.h"

#include <tapir/draw.h>

enum { LAYERS = 3 };
static const int64_t widths[LAYERS] = {2, 3, 1};

/* 1/2 (yp - y)^2 with yp = W2 sigma(W1 x + b1) + b2, for one example. */
static bool graph(tp_tape *tape, tp_module *net, const char *folder)
{
    static const char *const names[] = {"W₁", "b₁", "W₂", "b₂"};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    tp_var parts[4];
    for (size_t i = 0; i < 4; i++)
        parts[i] = tp_name(tp_param(tape, tp_module_parameter_at(net, i, NULL, 0)), names[i]);
    const tp_var x = tp_name(course_data(tape, TP_DIMS(2), NUMBERS(1, -2)), "x");
    const tp_var y = tp_name(course_data(tape, TP_DIMS(1), NUMBERS(1)), "y");
    const tp_var wx = tp_retain_grad(tp_matmul(parts[0], x)), z = tp_retain_grad(tp_add(wx, parts[1]));
    const tp_var h = tp_retain_grad(tp_sigmoid(z)), wh = tp_retain_grad(tp_matmul(parts[2], h));
    const tp_var yp = tp_retain_grad(tp_add(wh, parts[3]));
    const tp_var loss = tp_muls(tp_mse(yp, y, TP_SUM), .5);
    printf("the computation graph of %d-%d-%d with its loss\n", (int)widths[0], (int)widths[1], (int)widths[2]);
    printf("  nodes %d\n", (int)tp_tape_stats(tape).nodes);
    course_value("loss", loss);
    if (tp_backward(loss) != TP_OK) return false;
    return course_drawn(tp_draw_circuit(loss, &(tp_draw_options){.title = "½(W₂σ(W₁x + b₁) + b₂ − y)²", .digits = 2},
                                        course_path(path, folder, "19_drawings.svg"), &error),
                        &error);
}

/* Circles and lines of the simplified drawing, against the numbers that the
 * network holds. */
static void count(const char *name, const int64_t *of, int layers, const tp_module *net)
{
    int64_t circles = of[0], lines = 0, biases = 0;
    for (int i = 1; i < layers; i++) {
        circles += of[i];
        lines += of[i - 1] * of[i];
        biases += of[i];
    }
    printf("\nthe simplified drawing of %s\n  circles %d\n  lines %d\n", name, (int)circles, (int)lines);
    printf("  lines and biases %d\n  parameters of the module %d\n", (int)(lines + biases),
           (int)tp_module_element_count(net));
}

static bool simplified(tp_module *net, const char *folder)
{
    static const char *const inputs[] = {"x₁", "x₂"}, *const outputs[] = {"yp"},
                             *const titles[] = {"input", "hidden", "output"};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    const tp_tensor *const weights[] = {tp_module_parameter(net, "0.weight"), tp_module_parameter(net, "2.weight")};
    const tp_tensor *const biases[] = {tp_module_parameter(net, "0.bias"), tp_module_parameter(net, "2.bias")};
    count("2-3-1", widths, LAYERS, net);
    return course_drawn(tp_draw_network(widths, LAYERS,
                                        &(tp_draw_network_options){.title = "2-3-1, unit by unit",
                                                                   .inputs = inputs,
                                                                   .outputs = outputs,
                                                                   .titles = titles,
                                                                   .weights = weights,
                                                                   .biases = biases},
                                        course_path(path, folder, "19_drawings-simplified.svg"), &error),
                        &error);
}

/* A network for pictures of 28 x 28 pixels and ten classes. */
static bool wide(const char *folder)
{
    static const int64_t of[] = {784, 128, 64, 10};
    static const char *const titles[] = {"pixels", "hidden", "hidden", "classes"};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    tp_module *net = tp_mlp(4, of, tp_relu, NULL, &error);
    count("784-128-64-10", of, 4, net);
    tp_module_free(net);
    return course_drawn(
        tp_draw_network(of, 4,
                        &(tp_draw_network_options){.title = "784-128-64-10, shortened", .titles = titles, .most = 7},
                        course_path(path, folder, "19_drawings-wide.svg"), &error),
        &error);
}

/* A small network of convolutions, on a batch of 8 pictures, with its loss. */
static bool by_module(tp_tape *tape, const char *folder)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    tp_module *net = tp_sequential(NULL, &error);
    tp_sequential_add(net, tp_conv_layer(1, 6, TP_DIMS(5, 5), NULL, NULL, &error), &error);
    tp_sequential_add(net, tp_activation_layer(tp_relu, NULL, &error), &error);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, NULL, &error), &error);
    tp_sequential_add(net, tp_flatten_layer(1, -1, NULL, &error), &error);
    tp_sequential_add(net, tp_dropout_layer(.5, NULL, &error), &error);
    tp_sequential_add(net, tp_mlp(TP_DIMS(864, 64, 10), tp_relu, NULL, &error), &error);
    tp_tensor *pictures = tp_tensor_new(TP_F32, TP_DIMS(8, 1, 28, 28)), *labels = tp_tensor_new(TP_U8, TP_DIMS(8));
    const tp_var x = tp_name(tp_data(tape, pictures), "pictures"), y = tp_name(tp_data(tape, labels), "labels");
    const tp_var loss = tp_cross_entropy(tp_module_forward(net, x), y, TP_MEAN);
    printf("\na network of convolutions\n  parameters of all layers %d\n", (int)tp_module_element_count(net));
    const bool good = course_drawn(tp_draw_module(net, loss, &(tp_draw_options){.title = "A network, layer by layer"},
                                                  course_path(path, folder, "19_drawings-layers.svg"), &error),
                                   &error);
    tp_module_free(net);
    tp_tensor_release(pictures);
    tp_tensor_release(labels);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_rng rng = tp_rng_seed(22);
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *net = tp_mlp(LAYERS, widths, tp_sigmoid, &(tp_layer_options){.rng = &rng, .dtype = TP_F64}, NULL);
    const bool good = graph(tape, net, folder) && simplified(net, folder) && wide(folder) && by_module(tape, folder);
    tp_module_free(net);
    return course_end(tape, good);
}
