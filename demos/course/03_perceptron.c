/* The perceptron learns from its mistakes.

   A unit with weights w answers sign(w . x), where x ends in a 1 that carries the bias. It is right about a point of
   class y = -1 or +1 when y w . x > 0. The criterion sums what is wrong,

     J(w) = - sum over the misclassified of y w . x,      dJ/dw = - sum over the misclassified of y x

   and two rules go down it: batch descent takes the whole gradient; the perceptron rule goes from point to point and at
   each mistake adds alpha y x, which is the gradient of that point's term alone. If some w separates the classes, the
   rule finds one after at most (R / gamma)^2 mistakes, R being the longest point and gamma the margin of the best
   line of length 1 (Novikoff, 1962). If none does, as for XOR, it goes on for ever.

   A point with w . x = 0 counts as a mistake: otherwise nothing would ever happen from w = 0. */
#include "lib_course.h"

enum { POINTS = 4, MOST = 64 };
static const double inputs[POINTS][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
static const double is_and[POINTS] = {-1, -1, -1, 1}, is_xor[POINTS] = {-1, 1, 1, -1};

/* w -= alpha dJ/dw, and the gradient is forgotten. */
static void descend(tp_tensor *w, double alpha)
{
    double *at = tp_tensor_data(w);
    for (int64_t i = 0; i < tp_tensor_count(w); i++) at[i] -= alpha * tp_tensor_item(tp_tensor_grad(w), i);
    tp_tensor_clear_grad(w);
}

/* One point; true where it was a mistake, and w has learned from it. */
static bool learn(tp_tape *tape, tp_tensor *w, const double *x, double y)
{
    tp_tape_reset(tape);
    const tp_var margin = tp_muls(tp_matmul(tp_param(tape, w), course_data(tape, TP_DIMS(3), x)), y);
    if (tp_item(margin) > 0) return false;
    tp_backward(tp_neg(margin));
    descend(w, 1);
    return true;
}

/* The picture's line w . x = 0 between x1 = -.5 and 1.5. */
static void draw_line(tp_plot *plot, const tp_tensor *w, const char *label, tp_plot_dash dash)
{
    const tp_plot_style style = {.label = label, .colour = 3, .dash = dash};
    const double w1 = tp_tensor_item(w, 0), w2 = tp_tensor_item(w, 1), b = tp_tensor_item(w, 2);
    tp_plot_curve(plot, NUMBERS(-.5, 1.5), NUMBERS((.5 * w1 - b) / w2, (-1.5 * w1 - b) / w2), 2, &style);
}

static void learn_and(tp_tape *tape, tp_tensor *w, tp_plot *plot)
{
    int updates = 0;
    printf("AND, point by point from w = 0\n  update   at (x1, x2)       w1     w2      b\n");
    for (int last = -1; updates > last;) {
        last = updates;
        for (int i = 0; i < POINTS; i++) {
            if (!learn(tape, w, inputs[i], is_and[i])) continue;
            printf("  %4d        (%g, %g)     %5g  %5g  %5g\n", ++updates, inputs[i][0], inputs[i][1],
                   tp_tensor_item(w, 0), tp_tensor_item(w, 1), tp_tensor_item(w, 2));
            if (updates == 5) draw_line(plot, w, "after 5 updates", TP_PLOT_DOTTED);
            if (updates == 12) draw_line(plot, w, "after 12", TP_PLOT_DASHED);
        }
    }
    printf("  updates until all four are right: %d\n", updates);
    printf("  final w: %g %g %g\n\n", tp_tensor_item(w, 0), tp_tensor_item(w, 1), tp_tensor_item(w, 2));
    draw_line(plot, w, "after the last", TP_PLOT_SOLID);
}

/* J by one tensor expression: the mask of the misclassified is a constant to the gradient. */
static void batch_descent(tp_tape *tape, tp_tensor *w)
{
    double mistakes = POINTS;
    printf("AND, the whole batch at each step\n  step   wrong           J      w1      w2       b\n");
    tp_tensor_fill(w, 0);
    for (int step = 0;; step++) {
        tp_tape_reset(tape);
        const tp_var x = course_data(tape, TP_DIMS(POINTS, 3), inputs[0]);
        const tp_var y = course_data(tape, TP_DIMS(POINTS), is_and);
        const tp_var margin = tp_mul(y, tp_matmul(x, tp_param(tape, w)));
        const tp_var wrong = tp_rsubs(1, tp_step(margin)), j = tp_rsubs(0, tp_sum(tp_mul(wrong, margin)));
        printf("  %4d   %5g %11.4f  %6.2f  %6.2f  %6.2f\n", step, tp_item(tp_sum(wrong)), tp_item(j),
               tp_tensor_item(w, 0), tp_tensor_item(w, 1), tp_tensor_item(w, 2));
        mistakes = tp_item(tp_sum(wrong));
        if (mistakes <= 0 || step == MOST || tp_backward(j) != TP_OK) break;
        descend(w, .25);
    }
    printf("  mistakes after the last step of the batch: %g\n\n", mistakes);
}

/* Points to both sides of a line drawn at random, none closer to it than gamma: mistakes against Novikoff's bound. */
static void separable(tp_tape *tape, tp_tensor *w, uint64_t seed)
{
    enum { N = 100 };
    const double gamma = .1;
    double x[N][3], y[N], longest = 0;
    tp_rng rng = tp_rng_seed(seed);
    const double angle = tp_rng_uniform(&rng) * 6.283185307179586, shift = tp_rng_uniform(&rng) - .5;
    for (int i = 0; i < N;) {
        const double a = 2 * tp_rng_uniform(&rng) - 1, b = 2 * tp_rng_uniform(&rng) - 1;
        const double side = (cos(angle) * a + sin(angle) * b + shift) / sqrt(1 + shift * shift);
        if (fabs(side) < gamma) continue;
        x[i][0] = a, x[i][1] = b, x[i][2] = 1;
        y[i++] = side > 0 ? 1 : -1;
        longest = fmax(longest, sqrt(a * a + b * b + 1));
    }
    int mistakes = 0, last = -1;
    tp_tensor_fill(w, 0);
    while (mistakes > last) {
        last = mistakes;
        for (int i = 0; i < N; i++) mistakes += learn(tape, w, x[i], y[i]);
    }
    const double bound = longest * longest / (gamma * gamma);
    printf("  data set %d: mistakes %4d  of at most %.0f\n", (int)seed, mistakes, bound);
}

static void never_xor(tp_tape *tape, tp_tensor *w)
{
    enum { PASSES = 1000 };
    int fewest = POINTS;
    tp_tensor_fill(w, 0);
    for (int pass = 0; pass < PASSES; pass++) {
        int mistakes = 0;
        for (int i = 0; i < POINTS; i++) mistakes += learn(tape, w, inputs[i], is_xor[i]);
        if (mistakes < fewest) fewest = mistakes;
    }
    printf("\nXOR, %d passes\n  fewest mistakes in a pass: %d\n", PASSES, fewest);
    course_tensor("w after the last pass", w);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *w = tp_tensor_new(TP_F64, TP_DIMS(3));
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 560, .height = 420}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "AND: the line that the perceptron finds",
                                                 .x_label = "x1",
                                                 .y_label = "x2",
                                                 .equal = true,
                                                 .x_low = -.5,
                                                 .x_high = 1.5,
                                                 .y_low = -.5,
                                                 .y_high = 1.5,
                                                 .legend = TP_PLOT_LEGEND_OUTSIDE});
    learn_and(tape, w, plot);
    batch_descent(tape, w);
    printf("Data that a line separates, 100 points each\n");
    for (uint64_t seed = 1; seed <= 5; seed++) separable(tape, w, seed);
    never_xor(tape, w);
    tp_plot_points(plot, NUMBERS(0, 0, 1), NUMBERS(0, 1, 0), 3,
                   &(tp_plot_style){.label = "0", .colour = 1, .size = 11});
    tp_plot_points(plot, NUMBERS(1), NUMBERS(1), 1,
                   &(tp_plot_style){.label = "1", .colour = 2, .size = 12, .mark = TP_PLOT_SQUARE});
    tp_tensor_release(w);
    return course_end(tape, course_picture(plot, folder, "03_perceptron.svg"));
}
