/* Patterns in the flow of gradients. What a gate does to the gradient that arrives depends on its kind:

     add    distributes it: each input gets all of it             3 + 4      with 2 arriving: 2 and 2
     copy   adds: a value used twice gets the sum of both         c and c    with 4 and 2 arriving: 6
     mul    swaps: each input gets it times the other input       2 x 3      with 5 arriving: 15 and 10
     max    routes: the larger input gets it, the other nothing   max(4, 5)  with 9 arriving: 0 and 9

   All four are one rule: downstream = local x upstream, and where a value forks, the sum of what comes back. For a gate
   with many inputs and outputs the local gradient is its Jacobian, and the product is one of a vector with a matrix.
   The last table holds many gates against the rule. */
#include <string.h>

#include "lib_gates.h"

static bool finish(gates *c, double upstream, const char *folder, const char *picture, const char *title)
{
    printf("%s\n", title);
    if (!gates_backward_from(c, upstream)) return false;
    gates_print(c);
    putchar('\n');
    return gates_draw(c, folder, picture, title);
}

static bool show_patterns(tp_tape *tape, const char *folder)
{
    gates add = gates_on(tape), copy = gates_on(tape), mul = gates_on(tape), max = gates_on(tape);
    const tp_var a = gates_input(&add, "a", 3), b = gates_input(&add, "b", 4);
    GATE(&add, "f", "a + b", tp_add(a, b), a, b);

    const tp_var c = gates_input(&copy, "c", 1);
    const tp_var four = GATE(&copy, "u", "4 c", tp_muls(c, 4), c), two = GATE(&copy, "v", "2 c", tp_muls(c, 2), c);
    GATE(&copy, "f", "u + v", tp_add(four, two), four, two);

    const tp_var h = gates_input(&mul, "h", 2), k = gates_input(&mul, "k", 3);
    GATE(&mul, "f", "h k", tp_mul(h, k), h, k);

    const tp_var m = gates_input(&max, "m", 4), n = gates_input(&max, "n", 5);
    GATE(&max, "f", "max(m, n)", tp_maximum(m, n), m, n);

    return finish(&add, 2, folder, "25_flow_patterns-add.svg", "add distributes") &&
           finish(&copy, 1, folder, "25_flow_patterns-copy.svg", "copy adds: what comes back along both ways") &&
           finish(&mul, 5, folder, "25_flow_patterns-mul.svg", "mul swaps its inputs") &&
           finish(&max, 9, folder, "25_flow_patterns-max.svg", "max routes to the larger");
}

/* Values are kept on the way forward, so that the way back, however often it is walked, computes none again. */
static bool show_cache(tp_tape *tape)
{
    static const char *const names[] = {"exp", "tanh", "mul"};
    tp_op_profile profile[4];
    tp_tape_reset(tape);
    tp_tape_set_profile(tape, true);
    const tp_var x = tp_scalar(tape, .5), f = tp_mul(tp_exp(x), tp_tanh(x));
    for (int walk = 0; walk < 3; walk++)
        if (tp_backward(f) != TP_OK) return false;
    const int ops = tp_tape_profile(tape, profile, 4);
    printf("Values are cached: e^x tanh(x), recorded once and walked back three times\n");
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < ops && i < 4; i++)
            if (strcmp(profile[i].op, names[k]) == 0)
                printf("  computed and walked, %-5s %d %d\n", names[k],
                       (int)(profile[i].calls[0] + profile[i].calls[2]), (int)profile[i].calls[1]);
    tp_tape_set_profile(tape, false);
    return true;
}

typedef tp_var (*unary)(tp_var x);
typedef tp_var (*binary)(tp_var x, tp_var y);

static tp_var softmax(tp_var x)
{
    return tp_softmax(x, 0);
}
static tp_var running_sum(tp_var x)
{
    return tp_cumsum(x, 0);
}

static const unary units[] = {tp_neg,  tp_reciprocal, tp_square,   tp_sqrt,     tp_exp,  tp_log,  tp_sin,  tp_cos,
                              tp_tan,  tp_asin,       tp_acos,     tp_atan,     tp_sinh, tp_cosh, tp_tanh, tp_erf,
                              tp_relu, tp_sigmoid,    tp_softplus, tp_softsign, tp_gelu, tp_silu, tp_abs,  tp_mish};
static const binary pairs[] = {tp_add, tp_sub, tp_mul, tp_div, tp_maximum, tp_minimum, tp_pow, tp_atan2, tp_hypot};
enum { UNITS = sizeof units / sizeof *units, PAIRS = sizeof pairs / sizeof *pairs };

/* |downstream - local x upstream| of y by x, where local is the downstream gradient that 1 gives. */
static double off(tp_var y, tp_var x)
{
    const double upstream = -2.5;
    tp_var local, downstream;
    tp_vjp(y, tp_const(x.tape, 1), &x, 1, &local, 0);
    tp_vjp(y, tp_const(x.tape, upstream), &x, 1, &downstream, 0);
    return fabs(tp_item(downstream) - tp_item(local) * upstream);
}

/* The same for a vector x: the local gradient is the Jacobian J, and downstream = upstream J. */
static double off_vector(tp_tape *tape, unary f)
{
    const tp_var x = course_leaf(tape, TP_DIMS(4), NUMBERS(.3, -1.2, 2, .5)), y = f(x);
    const tp_var upstream = course_data(tape, TP_DIMS(4), NUMBERS(1, -2, .5, 3));
    tp_var jacobian, downstream;
    tp_jacobian(&y, 1, &x, 1, &jacobian, 0);
    tp_vjp(y, upstream, &x, 1, &downstream, 0);
    return course_difference(downstream, tp_matmul(upstream, jacobian));
}

static void check_rule(tp_tape *tape)
{
    double most[3] = {0, 0, 0};
    tp_tape_reset(tape);
    const tp_var x = tp_scalar(tape, .7), y = tp_scalar(tape, .4);
    for (int i = 0; i < UNITS; i++) most[0] = fmax(most[0], off(units[i](x), x));
    for (int i = 0; i < PAIRS; i++) most[1] = fmax(most[1], fmax(off(pairs[i](x, y), x), off(pairs[i](x, y), y)));
    most[2] = fmax(off_vector(tape, softmax), off_vector(tape, running_sum));
    printf("\nDownstream - local x upstream, at most\n");
    printf("  of %d gates with one input    %.1e\n", UNITS, most[0]);
    printf("  of %d gates with two inputs    %.1e\n", PAIRS, most[1]);
    printf("  of softmax and running sum    %.1e (their local gradients are matrices)\n", most[2]);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    const bool good = show_patterns(tape, folder) && show_cache(tape);
    check_rule(tape);
    return course_end(tape, good);
}
