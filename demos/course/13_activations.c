/* Activations and their slopes.

   What a unit does with its sum z:

     sign z      -1, 0 or 1
     step z      1 for z > 0, else 0
     sigmoid z   1 / (1 + e^-z)
     tanh z      (e^z - e^-z) / (e^z + e^-z)
     ReLU z      max(0, z)
     leaky z     max(z / 10, z)
     ELU z       z for z > 0, else e^z - 1
     identity z  z
     linear z    a z, here with a = -1.5

   Sign and step are flat wherever they have a slope, so that nothing can be learned through them; ReLU's slope at 0 is
   taken to be 0 (some draw 1 there). Sigmoid and tanh flatten far out, where their units learn slowly.

   Each function is looked at around 0, its slope is checked against finite differences, and it is tried at +-1000,
   where e^1000 is more than a double can hold: the textbook's e^z / (1 + e^z) is Inf / Inf there. */
#include "lib_course.h"

enum { POINTS = 200 }; /* even, so that none is 0 */

static tp_var leaky(tp_var z)
{
    return tp_leaky_relu(z, .1);
}

static tp_var elu(tp_var z)
{
    return tp_elu(z, 1);
}

static tp_var identity(tp_var z)
{
    return tp_muls(z, 1);
}

static tp_var linear(tp_var z)
{
    return tp_muls(z, -1.5);
}

static const struct activation {
    const char *name;
    tp_var (*phi)(tp_var);
} activations[] = {{"sign", tp_sign}, {"step", tp_step}, {"sigmoid", tp_sigmoid}, {"tanh", tp_tanh}, {"ReLU", tp_relu},
                   {"leaky", leaky},  {"ELU", elu},      {"identity", identity},  {"linear", linear}};
enum { COUNT = sizeof activations / sizeof *activations };

/* The slopes of phi at the points z, or zeros where none come back: the gradient of the sum, since y_i sees z_i alone.
   They lie on the tape until the next walk. */
static const double *slopes_at(tp_var z, tp_var y)
{
    static const double none[POINTS] = {0};
    if (!tp_needs_grad(y)) return none;
    return tp_backward(tp_sum(y)) == TP_OK ? tp_tensor_read(tp_grad(z)) : none;
}

static void print_values(tp_tape *tape)
{
    static const double at[] = {-2, -.5, 0, .5, 2}, far[] = {-1000, 1000};
    printf("  %-26s %12g %12g %12g %12g %12g\n", "at z =", at[0], at[1], at[2], at[3], at[4]);
    for (int i = 0; i < COUNT; i++) {
        const tp_var z = course_leaf(tape, TP_DIMS(5), at), y = activations[i].phi(z);
        char label[32];
        course_value(activations[i].name, y);
        snprintf(label, sizeof label, "slope of %s", activations[i].name);
        course_numbers(label, 5, slopes_at(z, y));
    }
    printf("\n  %-26s %12g %12g %25s\n", "far out, at z =", far[0], far[1], "slopes there");
    for (int i = 0; i < COUNT; i++) {
        const tp_var z = course_leaf(tape, TP_DIMS(2), far), y = activations[i].phi(z);
        const double *slope = slopes_at(z, y);
        char label[32];
        snprintf(label, sizeof label, "far %s", activations[i].name);
        printf("  %-26s %12g %12g %12g %12g\n", label, tp_tensor_item(tp_value(y), 0), tp_tensor_item(tp_value(y), 1),
               slope[0], slope[1]);
    }
    const tp_var e = tp_exp(tp_const(tape, 1000));
    printf("  e^z / (1 + e^z) at 1000 is %g\n", fabs(tp_item(tp_div(e, tp_adds(e, 1)))));
}

/* The tape's slopes against finite differences, at points away from the kinks. */
static bool check(tp_tape *tape)
{
    tp_error error = {TP_OK, ""};
    printf("\nslopes against finite differences\n");
    for (int i = 0; i < COUNT; i++) {
        const tp_var z = course_leaf(tape, TP_DIMS(4), NUMBERS(-1.2, -.3, .4, 2.1)), y = activations[i].phi(z);
        if (!tp_needs_grad(y))
            printf("  check %-20s no gradient comes back\n", activations[i].name);
        else if (course_drawn(tp_gradcheck(y, &z, 1, NULL, &error), &error))
            printf("  check %-20s agree\n", activations[i].name);
        else
            return false;
    }
    return true;
}

static tp_plot *draw(tp_tape *tape)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 300, .height = 240}, NULL);
    const tp_var z = tp_linspace(tape, TP_F64, -3, 3, POINTS);
    const double *at = tp_tensor_read(tp_value(z));
    for (int i = 0; i < COUNT; i++) {
        const tp_var leaf = course_leaf(tape, TP_DIMS(POINTS), at), y = activations[i].phi(leaf);
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = activations[i].name,
                                                     .x_label = "z",
                                                     .x_low = -3,
                                                     .x_high = 3,
                                                     .y_low = -2,
                                                     .y_high = 2,
                                                     .legend = i ? TP_PLOT_LEGEND_NONE : TP_PLOT_LEGEND_TOP_LEFT});
        tp_plot_curve(plot, at, tp_tensor_read(tp_value(y)), POINTS, &(tp_plot_style){.label = "φ(z)", .width = 3});
        tp_plot_curve(plot, at, slopes_at(leaf, y), POINTS, &(tp_plot_style){.label = "slope", .dash = TP_PLOT_DASHED});
    }
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    print_values(tape);
    const bool good = check(tape) && course_picture(draw(tape), folder, "13_activations.svg");
    return course_end(tape, good);
}
