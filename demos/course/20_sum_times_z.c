/* Backpropagation on the smallest circuit that shows all of it: f = (x + y) z at (-2, 5, -4).

   Forward, each gate computes its value from its inputs: q = x + y, then f = q z. Backward, each gate gets df/d(its
   output) from the right, the upstream gradient, multiplies it by the derivative of its own output by each input, the
   local gradient, and hands the product on to the left:

     df/dz = df/df q = q      df/dq = df/df z = z      df/dx = df/dq 1      df/dy = df/dq 1

   No gate needs to know of more than its own inputs and output. */
#include "lib_gates.h"

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    gates c = gates_on(tape);

    const tp_var x = gates_input(&c, "x", -2);
    const tp_var y = gates_input(&c, "y", 5);
    const tp_var z = gates_input(&c, "z", -4);
    const tp_var q = GATE(&c, "q", "x + y", tp_add(x, y), x, y);
    const tp_var f = GATE(&c, "f", "q z", tp_mul(q, z), q, z);

    bool good = gates_backward(&c);
    if (good) gates_print(&c);
    good = good && gates_draw(&c, folder, "20_sum_times_z.svg", "f = (x + y) z");

    /* A small step along each input changes f by about the gradient times the step. */
    tp_error error = {TP_OK, ""};
    good = good && course_drawn(tp_gradcheck(f, (tp_var[]){x, y, z}, 3, NULL, &error), &error);
    printf("\nFinite differences agree: %s\n", good ? "yes" : "no");
    return course_end(tape, good);
}
