/* One pass through the network that is to learn XOR, with all its gradients.

     H = sigma(X W1 + b1)      Y = sigma(H W2 + b2)      L = 1/2 |Y - T|^2

   X holds the four inputs as rows, (1,0), (0,0), (0,1), (1,1), so that one pass serves all of them; T holds the targets
   1, 0, 1, 0. The weights are given, and small enough to follow the pass by hand in the drawing, which has every matrix
   above its wire and its gradient below. A perceptron cannot do this; two hidden units can, as the next programs show.
 */
#include <tapir/draw.h>

#include "lib_course.h"

enum { PARAMETERS = 4 };
static const char *const names[PARAMETERS] = {"W1", "b1", "W2", "b2"};

/* One layer, sigma(x w + b); what its steps get in gradients is kept, for the drawing. */
static tp_var layer(tp_var x, tp_var w, tp_var b)
{
    const tp_var product = tp_retain_grad(tp_matmul(x, w)), z = tp_retain_grad(tp_add(product, b));
    return tp_retain_grad(tp_sigmoid(z));
}

static bool draw_network(const tp_var p[PARAMETERS], const char *folder)
{
    static const char *const inputs[] = {"x1", "x2"}, *const outputs[] = {"y"};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    /* The drawing wants each layer's weights as (to, from). */
    const tp_var w1 = tp_transpose(p[0], 0, 1), w2 = tp_transpose(p[2], 0, 1);
    const tp_tensor *const weights[] = {tp_value(w1), tp_value(w2)}, *const biases[] = {tp_value(p[1]), tp_value(p[3])};
    const tp_draw_network_options options = {
        .title = "The XOR network", .inputs = inputs, .outputs = outputs, .weights = weights, .biases = biases};
    return course_drawn(
        tp_draw_network((const int64_t[]){2, 2, 1}, 3, &options, course_path(path, folder, "32_xor_net.svg"), &error),
        &error);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    char path[COURSE_PATH], label[16];
    tp_error error = {TP_OK, ""};
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_name(course_data(tape, TP_DIMS(4, 2), NUMBERS(1, 0, 0, 0, 0, 1, 1, 1)), "X");
    const tp_var t = tp_name(course_data(tape, TP_DIMS(4, 1), NUMBERS(1, 0, 1, 0)), "T");
    const tp_var p[PARAMETERS] = {
        course_leaf(tape, TP_DIMS(2, 2), NUMBERS(.5, -.5, .25, .75)), course_leaf(tape, TP_DIMS(2), NUMBERS(.1, -.1)),
        course_leaf(tape, TP_DIMS(2, 1), NUMBERS(1, -1)), course_leaf(tape, TP_DIMS(1), NUMBERS(.05))};
    for (int i = 0; i < PARAMETERS; i++) tp_name(p[i], names[i]);
    const tp_var h = tp_name(layer(x, p[0], p[1]), "H"), y = tp_name(layer(h, p[2], p[3]), "Y");
    const tp_var off = tp_retain_grad(tp_sub(y, t)), squares = tp_retain_grad(tp_square(off));
    const tp_var loss = tp_name(tp_muls(tp_sum(squares), .5), "L");
    bool good = tp_backward(loss) == TP_OK;

    printf("Forward\n");
    course_value("H, by rows", h);
    course_value("Y", y);
    course_value("T", t);
    course_value("L", loss);
    printf("\nBackward\n");
    course_gradient("dL/dY", y);
    course_gradient("dL/dH, by rows", h);
    for (int i = PARAMETERS - 1; i >= 0; i--) {
        snprintf(label, sizeof label, "dL/d%s", names[i]);
        course_gradient(label, p[i]);
    }
    const tp_draw_options options = {.title = "The XOR network as the tape has it", .digits = 3};
    good =
        good &&
        course_drawn(tp_draw_circuit(loss, &options, course_path(path, folder, "32_xor_net-tape.svg"), &error), &error);
    good = good && draw_network(p, folder);

    good = good && course_drawn(tp_gradcheck(loss, p, PARAMETERS, NULL, &error), &error);
    printf("\nFinite differences agree: %s\n", good ? "yes" : "no");
    return course_end(tape, good);
}
