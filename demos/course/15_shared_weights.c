/* Branches, shared weights, data and parameters.

   A network need not be a chain: any directed acyclic graph will do. Where a value is used in two places, what comes
   back from both is added: the chain rule sums over all ways from a value to the loss. A weight that several layers
   share ("tied") is such a value. So its gradient is the sum of the gradients that it would get if each place had a
   weight of its own.

   Leaves come in two kinds. Data nodes are given, and no gradient is computed for them; parameter nodes learn: their
   gradient is added up in the tensor, however many nodes of the graph stand for it. The last example has both. */
#include "lib_course.h"

#include <tapir/draw.h>

enum { USES = 3 };

/* y = tanh(a) a^2 with a = w x: from a two ways lead to y. */
static bool diamond(tp_tape *tape, const char *folder)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    const tp_var w = tp_name(tp_scalar(tape, .7), "w"), x = tp_name(tp_scalar(tape, -1.2), "x"), a = tp_mul(w, x);
    const tp_var left = tp_tanh(a), right = tp_square(a), y = tp_mul(left, right);
    if (tp_backward(y) != TP_OK) return false;
    const double upstream[2] = {tp_grad_item(left), tp_grad_item(right)}, whole = tp_grad_item(a);
    printf("a diamond: y = tanh(a) a^2 with a = w x\n");
    course_value("y", y);
    course_gradient("dy/dw", w);
    course_gradient("dy/dx", x);
    const bool drawn = course_drawn(
        tp_draw_circuit(y, &(tp_draw_options){.title = "tanh(wx) (wx)²: a fork adds what comes back", .branches = true},
                        course_path(path, folder, "15_shared_weights-diamond.svg"), &error),
        &error);
    tp_var ways[2];
    tp_vjp(left, tp_const(tape, upstream[0]), &a, 1, &ways[0], 0);
    tp_vjp(right, tp_const(tape, upstream[1]), &a, 1, &ways[1], 0);
    course_value("to a by way of tanh", ways[0]);
    course_value("to a by way of the square", ways[1]);
    course_numbers("dy/da, their sum", 1, &whole);
    printf("  the sum is off by %.1e\n\n", fabs(whole - tp_item(ways[0]) - tp_item(ways[1])));
    return drawn;
}

/* y = tanh(w_3 tanh(w_2 tanh(w_1 x))). */
static tp_var chain(tp_tape *tape, const tp_var weights[USES])
{
    tp_var h = tp_name(tp_const(tape, 1.5), "x");
    for (int i = 0; i < USES; i++) h = tp_tanh(tp_mul(weights[i], h));
    return h;
}

/* The same function of one weight, used three times, and of three weights that happen to be equal. */
static bool tied(tp_tape *tape, const char *folder)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    const tp_var one = tp_name(tp_scalar(tape, .7), "w");
    const tp_var own[USES] = {tp_scalar(tape, .7), tp_scalar(tape, .7), tp_scalar(tape, .7)};
    double parts[USES], sum = 0;
    if (tp_backward(chain(tape, own)) != TP_OK) return false;
    for (int i = 0; i < USES; i++) sum += parts[i] = tp_grad_item(own[i]);
    const tp_var y = chain(tape, (tp_var[]){one, one, one});
    if (tp_backward(y) != TP_OK) return false;
    printf("a composition tanh(w tanh(w tanh(w x)))\n");
    course_numbers("three weights of .7", USES, parts);
    course_numbers("their sum", 1, &sum);
    course_gradient("one weight, used thrice", one);
    printf("  tied and untied differ by %.1e\n\n", fabs(tp_grad_item(one) - sum));
    return course_drawn(tp_draw_circuit(y, &(tp_draw_options){.title = "One weight in three places", .branches = true},
                                        course_path(path, folder, "15_shared_weights-tied.svg"), &error),
                        &error);
}

/* An autoencoder whose decoder is the encoder transposed: x' = W^T tanh(W x), the loss |x' - x|^2. */
static bool leaves(tp_tape *tape)
{
    tp_error error = {TP_OK, ""};
    tp_tensor *weights = tp_tensor_from(TP_F64, TP_DIMS(2, 3), NUMBERS(.5, -.2, .8, .3, .9, -.4));
    const tp_var x = course_data(tape, TP_DIMS(3), NUMBERS(1, -.5, 2)), w = tp_param(tape, weights);
    const tp_var code = tp_tanh(tp_matmul(w, x)), back = tp_matmul(tp_transpose(w, 0, 1), code);
    const tp_var loss = tp_sum(tp_square(tp_sub(back, x)));
    bool good = tp_backward(loss) == TP_OK;
    printf("data and parameters: |W^T tanh(W x) - x|^2\n");
    course_value("loss", loss);
    printf("  x needs a gradient: %s\n  W needs a gradient: %s\n", tp_needs_grad(x) ? "yes" : "no",
           tp_needs_grad(w) ? "yes" : "no");
    if (good) course_tensor("dloss/dW, in the tensor", tp_tensor_grad(weights));
    good = good && course_drawn(tp_gradcheck(loss, &w, 1, NULL, &error), &error);
    if (good) printf("  finite differences agree: yes\n");
    tp_tensor_release(weights);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    const bool good = diamond(tape, folder) && tied(tape, folder) && leaves(tape);
    return course_end(tape, good);
}
