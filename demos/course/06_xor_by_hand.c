/* XOR by hand.

   XOR is 1 where exactly one of two bits is 1, and no single line has (0,1) and (1,0) on one side and (0,0) and (1,1)
   on the other. Two hidden units are enough, and their weights need no training:

     h1 = 1[x1 + x2 > .5]      at least one (OR)
     h2 = 1[x1 + x2 > 1.5]     both (AND)
     y  = 1[h1 - h2 > .5]      at least one, but not both

   The same with a negated literal, y = 1[h1 + (1 - h2) > 1.5], an AND of h1 and not h2. And by the algebra of logic,
   with a bar for "not": a xor b = a b' + a' b, once with products and sums and once with three threshold units.

   The picture shows what the hidden layer does: it folds the plane so that (0,1) and (1,0) fall on one point, and in
   the new coordinates a line is enough. */
#include <tapir/draw.h>

#include "lib_course.h"

/* The network of the first form, a row of weights and a threshold for each unit. */
static const double w1[2][2] = {{1, 1}, {1, 1}}, t1[2] = {.5, 1.5}, w2[1][2] = {{1, -1}}, t2[1] = {.5};

/* 1[w . (a, b) > threshold] */
static tp_var unit(tp_var a, tp_var b, const double *w, double threshold)
{
    return tp_step(tp_adds(tp_add(tp_muls(a, w[0]), tp_muls(b, w[1])), -threshold));
}

static tp_var at_least_one(tp_var a, tp_var b)
{
    return unit(a, b, w1[0], t1[0]);
}
static tp_var both(tp_var a, tp_var b)
{
    return unit(a, b, w1[1], t1[1]);
}
static tp_var difference_form(tp_var a, tp_var b)
{
    return unit(at_least_one(a, b), both(a, b), w2[0], t2[0]);
}
static tp_var negated_form(tp_var a, tp_var b)
{
    return unit(at_least_one(a, b), tp_rsubs(1, both(a, b)), NUMBERS(1, 1), 1.5);
}
static tp_var algebra(tp_var a, tp_var b)
{
    return tp_add(tp_mul(a, tp_rsubs(1, b)), tp_mul(tp_rsubs(1, a), b));
}
static tp_var literal_units(tp_var a, tp_var b)
{
    return at_least_one(unit(a, b, NUMBERS(1, -1), .5), unit(a, b, NUMBERS(-1, 1), .5));
}

static const struct {
    const char *name;
    tp_var (*of)(tp_var, tp_var);
} forms[] = {
    {"h1 = 1[x1 + x2 > .5]", at_least_one}, {"h2 = 1[x1 + x2 > 1.5]", both}, {"1[h1 - h2 > .5]", difference_form},
    {"1[h1 + (1-h2) > 1.5]", negated_form}, {"a b' + a' b", algebra},        {"three literal units", literal_units}};

/* What the network says anywhere in the plane. */
static double network(double x1, double x2, void *tape)
{
    tp_tape_reset(tape);
    return tp_item(difference_form(tp_const(tape, x1), tp_const(tape, x2)));
}

static tp_plot *draw(tp_tape *tape)
{
    const tp_plot_style zero = {.colour = 1, .size = 12}, one = {.colour = 2, .size = 13, .mark = TP_PLOT_SQUARE};
    tp_plot_panel_options panel = {.title = "The plane: h1 fires above the solid line, h2 above the dashed",
                                   .x_label = "x1",
                                   .y_label = "x2",
                                   .equal = true,
                                   .x_low = -.5,
                                   .x_high = 1.5,
                                   .y_low = -.5,
                                   .y_high = 1.5,
                                   .legend = TP_PLOT_LEGEND_NONE};
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 460}, NULL);
    tp_plot_panel(plot, &panel);
    tp_plot_heat_function(plot, network, tape, 200,
                          &(tp_plot_heat_options){-.5, 1.5, -.5, 1.5, .map = TP_PLOT_CLASSES});
    tp_plot_curve(plot, NUMBERS(-.5, 1), NUMBERS(1, -.5), 2, &(tp_plot_style){.colour = TP_PLOT_INK});
    tp_plot_curve(plot, NUMBERS(0, 1.5), NUMBERS(1.5, 0), 2,
                  &(tp_plot_style){.colour = TP_PLOT_INK, .dash = TP_PLOT_DASHED});
    tp_plot_points(plot, NUMBERS(0, 1), NUMBERS(0, 1), 2, &zero);
    tp_plot_points(plot, NUMBERS(0, 1), NUMBERS(1, 0), 2, &one);
    panel.title = "What the last unit sees: y fires below the line";
    panel.x_label = "h1";
    panel.y_label = "h2";
    tp_plot_panel(plot, &panel);
    tp_plot_curve(plot, NUMBERS(0, 1.5), NUMBERS(-.5, 1), 2, &(tp_plot_style){.colour = TP_PLOT_INK});
    for (int i = 0; i < 4; i++) {
        tp_tape_reset(tape);
        const tp_var a = tp_const(tape, i >> 1), b = tp_const(tape, i & 1);
        const double h1 = tp_item(at_least_one(a, b)), h2 = tp_item(both(a, b));
        tp_plot_points(plot, &h1, &h2, 1, tp_item(difference_form(a, b)) > 0 ? &one : &zero);
    }
    return plot;
}

/* The network as a drawing, minus the thresholds in its circles. */
static bool draw_network(tp_tape *tape, const char *folder)
{
    tp_error error = {TP_OK, ""};
    char path[COURSE_PATH];
    tp_tape_reset(tape);
    const tp_var weights[] = {course_data(tape, TP_DIMS(2, 2), w1[0]), course_data(tape, TP_DIMS(1, 2), w2[0])};
    const tp_var biases[] = {tp_neg(course_data(tape, TP_DIMS(2), t1)), tp_neg(course_data(tape, TP_DIMS(1), t2))};
    const tp_draw_network_options options = {
        .title = "Minus the threshold stands in each unit",
        .inputs = (const char *const[]){"x1", "x2"},
        .outputs = (const char *const[]){"y"},
        .weights = (const tp_tensor *const[]){tp_value(weights[0]), tp_value(weights[1])},
        .biases = (const tp_tensor *const[]){tp_value(biases[0]), tp_value(biases[1])}};
    course_path(path, folder, "06_xor_by_hand-network.svg");
    return course_drawn(tp_draw_network((const int64_t[]){2, 2, 1}, 3, &options, path, &error), &error);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    printf("at (x1, x2) =              (0,0)  (0,1)  (1,0)  (1,1)\n");
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        printf("  %-22s", forms[k].name);
        for (int i = 0; i < 4; i++) printf(" %6g", tp_item(forms[k].of(tp_const(tape, i >> 1), tp_const(tape, i & 1))));
        putchar('\n');
    }
    const bool good = draw_network(tape, folder);
    return course_end(tape, course_picture(draw(tape), folder, "06_xor_by_hand.svg") && good);
}
