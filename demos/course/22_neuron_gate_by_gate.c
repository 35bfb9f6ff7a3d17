/* A sigmoid neuron, f = 1 / (1 + e^-(w0 x0 + w1 x1 + w2)), gate by gate, and then with its gates put together.

   What counts as a gate is our choice. Split as far as possible there are eight, each with a derivative that needs no
   looking up: 1/d has -1/d^2, p + 1 has 1, e^n has e^n, -s has -1. The last four together are the sigmoid, whose own
   local gradient comes out of their product, simplified once and for all:

     d sigma/ds = e^-s / (1 + e^-s)^2 = (1 - sigma) sigma

   One gate instead of four: less to record, one multiplication on the way back, the value already at hand. The
   products and sums can become one gate too, the product of two vectors. However they are grouped, the gradients are
   the same. */
#include "lib_gates.h"

enum { INPUTS = 5 };
static const char *const names[INPUTS] = {"w0", "x0", "w1", "x1", "w2"};
static const double inputs[INPUTS] = {2, -1, -3, -2, -3};

/* s = w0 x0 + w1 x1 + w2 */
static tp_var weighted_sum(gates *c)
{
    tp_var v[INPUTS];
    for (int i = 0; i < INPUTS; i++) v[i] = gates_input(c, names[i], inputs[i]);
    const tp_var a = GATE(c, "a", "w0 x0", tp_mul(v[0], v[1]), v[0], v[1]);
    const tp_var b = GATE(c, "b", "w1 x1", tp_mul(v[2], v[3]), v[2], v[3]);
    const tp_var sum = GATE(c, "c", "a + b", tp_add(a, b), a, b);
    return GATE(c, "s", "c + w2", tp_add(sum, v[4]), sum, v[4]);
}

static void split_sigmoid(gates *c, tp_var s)
{
    const tp_var n = GATE(c, "n", "-s", tp_neg(s), s);
    const tp_var p = GATE(c, "p", "e^n", tp_exp(n), n);
    const tp_var d = GATE(c, "d", "p + 1", tp_adds(p, 1), p);
    GATE(c, "f", "1 / d", tp_reciprocal(d), d);
}

static void fused_sigmoid(gates *c, tp_var s)
{
    GATE(c, "f", "sigma(s)", tp_sigmoid(s), s);
}

/* One line of the comparison: how many gates, the value, and the five gradients. */
static void print_line(const char *label, int count, double f, const double *gradients)
{
    printf("  %-10s %5d %12.7f", label, count, f);
    for (int i = 0; i < INPUTS; i++) printf(" %11.7f", gradients[i]);
    putchar('\n');
}

/* The inputs come first in the list of gates. */
static void read_inputs(const gates *c, const char *label, double *gradients)
{
    for (int i = 0; i < INPUTS; i++) gradients[i] = c->gates[i].gradient;
    print_line(label, c->count - INPUTS, c->gates[c->count - 1].value, gradients);
}

/* The neuron on vectors, w . x with x2 = 1 for the bias. */
static bool on_vectors(tp_tape *tape, double *gradients)
{
    const tp_var w = course_leaf(tape, TP_DIMS(3), NUMBERS(inputs[0], inputs[2], inputs[4]));
    const tp_var x = course_leaf(tape, TP_DIMS(3), NUMBERS(inputs[1], inputs[3], 1));
    const tp_var f = tp_sigmoid(tp_matmul(w, x));
    if (tp_backward(f) != TP_OK) return false;
    for (int i = 0; i < INPUTS; i++) gradients[i] = tp_tensor_item(tp_grad(i % 2 ? x : w), i / 2);
    print_line("vectors", 2, tp_item(f), gradients);
    return true;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    double gradients[3][INPUTS], most = 0;

    gates split = gates_on(tape);
    split_sigmoid(&split, weighted_sum(&split));
    bool good = gates_backward(&split);
    if (good) gates_print(&split);
    good = good && gates_draw(&split, folder, "22_neuron_gate_by_gate.svg", "A neuron, gate by gate");

    gates fused = gates_on(tape);
    fused_sigmoid(&fused, weighted_sum(&fused));
    good =
        good && gates_backward(&fused) &&
        gates_draw(&fused, folder, "22_neuron_gate_by_gate-fused.svg", "The same neuron with one gate for the sigmoid");
    if (!good) return course_end(tape, false);

    printf("\n%-12s %5s %12s", "Grouped as", "gates", "f");
    for (int i = 0; i < INPUTS; i++) printf("      df/d%s", names[i]);
    putchar('\n');
    read_inputs(&split, "split", gradients[0]);
    read_inputs(&fused, "fused", gradients[1]);
    good = on_vectors(tape, gradients[2]);
    for (int i = 0; i < 2 * INPUTS; i++)
        most = fmax(most, fabs(gradients[1 + i / INPUTS][i % INPUTS] - gradients[0][i % INPUTS]));
    printf("  largest difference %.1e\n", most);

    const gate *s = &fused.gates[fused.count - 2], *f = &fused.gates[fused.count - 1];
    printf("\nThe local gradient of the fused gate at s = %g\n", s->value);
    course_numbers("from the tape", 1, &f->locals[0]);
    course_numbers("(1 - f) f", 1, NUMBERS((1 - f->value) * f->value));
    return course_end(tape, good);
}
