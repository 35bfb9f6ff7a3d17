/* Cross-entropy and divergence; why the slope is f - y.

     H(p) = -sum p log p        H(p; q) = -sum p log q        KL(p || q) = sum p log(p / q) = H(p; q) - H(p)

   What one pays for coding p with a code made for q is H(p; q), of which KL is the part that a better q saves: it is 0
   for q = p alone. A label is a one-hot p: H(p) is 0 then, and the loss is -log q of the true class. With q from
   softmax (or, for two classes, from a sigmoid) the slope by the scores is the shortest that there is:

     dloss / dscores = f - y        f the probabilities, y the one-hot label

   (One also finds y - f in print, and the loss of two classes without its minus signs; finite differences decide.) The
   op that takes the scores themselves never overflows; the logarithm of a probability that was rounded to 0 does. */
#include "lib_course.h"

enum { POINTS = 199, ROWS = 5, CLASSES = 4 };

static void divergence(tp_tape *tape)
{
    const tp_var p = course_data(tape, TP_DIMS(3), NUMBERS(.7, .2, .1));
    const tp_var q = course_data(tape, TP_DIMS(3), NUMBERS(.5, .25, .25)), log_q = tp_log(q);
    const tp_var entropy = tp_neg(tp_sum(tp_mul(p, tp_log(p)))), cross = tp_neg(tp_sum(tp_mul(p, log_q)));
    course_value("p", p);
    course_value("q", q);
    course_value("KL(p || q)", tp_sum(tp_mul(p, tp_log(tp_div(p, q)))));
    course_value("H(p; q)", cross);
    course_value("H(p)", entropy);
    course_value("H(p; q) - H(p)", tp_sub(cross, entropy));
    course_value("KL in one op", tp_kl_div(log_q, p, TP_SUM));
}

/* The true class is the first; the model says .7 to it. */
static bool labels(tp_tape *tape)
{
    const tp_var z = course_leaf(tape, TP_DIMS(3), NUMBERS(log(.7), log(.2), log(.1)));
    const tp_var loss = tp_cross_entropy(z, tp_const(tape, 0), TP_SUM);
    printf("\nthree classes, the true one is the first\n");
    course_value("probabilities", tp_softmax(z, 0));
    course_value("cross-entropy", loss);
    if (tp_backward(loss) != TP_OK) return false;
    course_gradient("slopes by the scores", z);

    const tp_var o = tp_scalar(tape, log(.7 / .3)), f = tp_sigmoid(o);
    printf("\ntwo classes: -y log f - (1 - y) log(1 - f)\n");
    course_value("f", f);
    for (int y = 1; y >= 0; y--) {
        const tp_var binary = tp_neg(y ? tp_log(f) : tp_log(tp_rsubs(1, f)));
        if (tp_backward(binary) != TP_OK) return false;
        printf("  y = %d: loss, slope, f - y  %12.7f %12.7f %12.7f\n", y, tp_item(binary), tp_grad_item(o),
               tp_item(f) - y);
    }
    return true;
}

/* The fused op against the chain softmax, log, pick. */
static bool fused_and_composed(tp_tape *tape)
{
    double z[ROWS * CLASSES], classes[ROWS];
    tp_rng rng = tp_rng_seed(42);
    for (int i = 0; i < ROWS * CLASSES; i++) z[i] = 2 * tp_rng_normal(&rng);
    for (int i = 0; i < ROWS; i++) classes[i] = tp_rng_below(&rng, CLASSES);
    const tp_var scores = course_leaf(tape, TP_DIMS(ROWS, CLASSES), z);
    const tp_var label = tp_cast(course_data(tape, TP_DIMS(ROWS), classes), TP_I64);
    const tp_var y = tp_one_hot(label, CLASSES, TP_F64), f = tp_softmax(scores, 1);
    const tp_var fused = tp_cross_entropy(scores, label, TP_SUM), composed = tp_neg(tp_sum(tp_mul(y, tp_log(f))));
    tp_var slope[2];
    tp_error error = {TP_OK, ""};
    if (tp_gradients(fused, &scores, 1, &slope[0], 0) != TP_OK) return false;
    if (tp_gradients(composed, &scores, 1, &slope[1], 0) != TP_OK) return false;
    printf("\n%d rows of %d random scores\n", ROWS, CLASSES);
    course_value("in one op", fused);
    course_value("composed", composed);
    printf("  slopes differ by at most %.1e\n", course_difference(slope[0], slope[1]));
    printf("  from f - y by at most %.1e\n", course_difference(slope[0], tp_sub(f, y)));
    const tp_var far = course_data(tape, TP_DIMS(2), NUMBERS(0, 800)),
                 first = tp_index(tp_softmax(far, 0), 1, (int64_t[]){0});
    printf("  scores (0, 800), class 0, in one op: %g\n", tp_item(tp_cross_entropy(far, tp_const(tape, 0), TP_SUM)));
    printf("  scores (0, 800), class 0, composed: %g\n", tp_item(tp_neg(tp_log(first))));
    if (!course_drawn(tp_gradcheck(fused, &scores, 1, NULL, &error), &error)) return false;
    printf("  finite differences agree with f - y: yes\n");
    return true;
}

/* The loss of two classes by the probability f, or by the score z with f = sigma(z), there with its slopes. */
static void draw_binary(tp_plot *plot, tp_tape *tape, bool by_score)
{
    const tp_var side = tp_linspace(tape, TP_F64, by_score ? -5 : .005, by_score ? 5 : .995, POINTS);
    const double *at = tp_tensor_read(tp_value(side));
    tp_plot_panel(
        plot, &(tp_plot_panel_options){.title = by_score ? "By the score: the slope is f − y" : "By the probability f",
                                       .x_label = by_score ? "score z" : "probability f",
                                       .legend = by_score ? TP_PLOT_LEGEND_OUTSIDE : TP_PLOT_LEGEND_AUTO});
    for (int y = 1; y >= 0; y--) {
        const tp_var x = course_leaf(tape, TP_DIMS(POINTS), at), target = tp_full_like(x, y);
        const tp_var loss = by_score ? tp_bce_with_logits(x, target, TP_NONE) : tp_bce(x, target, TP_NONE);
        char label[32];
        tp_backward(tp_sum(loss));
        snprintf(label, sizeof label, "loss, y = %d", y);
        tp_plot_curve(plot, at, tp_tensor_read(tp_value(loss)), POINTS,
                      &(tp_plot_style){.label = label, .colour = 2 - y});
        snprintf(label, sizeof label, "slope, y = %d", y);
        if (by_score)
            tp_plot_curve(plot, at, tp_tensor_read(tp_grad(x)), POINTS,
                          &(tp_plot_style){.label = label, .colour = 2 - y, .dash = TP_PLOT_DASHED});
    }
}

/* H(p; q) and KL(p || q) for p = (.7, .3) and q = (t, 1 - t). */
static void draw_divergence(tp_plot *plot, tp_tape *tape)
{
    const tp_var t = tp_linspace(tape, TP_F64, .005, .995, POINTS), p = tp_const(tape, .7), rest = tp_rsubs(1, p);
    const tp_var cross = tp_neg(tp_add(tp_mul(p, tp_log(t)), tp_mul(rest, tp_log(tp_rsubs(1, t)))));
    const double entropy = -tp_item(tp_add(tp_xlogy(p, p), tp_xlogy(rest, rest)));
    const double *at = tp_tensor_read(tp_value(t));
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "p = (.7, .3) against q = (t, 1 − t)",
                                                 .x_label = "t",
                                                 .y_low = 0,
                                                 .y_high = 3,
                                                 .x_low = 0,
                                                 .x_high = 1,
                                                 .legend = TP_PLOT_LEGEND_TOP_RIGHT});
    tp_plot_curve(plot, at, tp_tensor_read(tp_value(cross)), POINTS, &(tp_plot_style){.label = "H(p; q)"});
    tp_plot_curve(plot, at, tp_tensor_read(tp_value(tp_adds(cross, -entropy))), POINTS,
                  &(tp_plot_style){.label = "KL(p ‖ q)"});
    tp_plot_rule(plot, false, entropy,
                 &(tp_plot_style){.label = "H(p)", .colour = TP_PLOT_GREY, .dash = TP_PLOT_DOTTED});
    tp_plot_rule(plot, true, .7, &(tp_plot_style){.label = "q = p", .colour = TP_PLOT_GREY, .dash = TP_PLOT_DASHED});
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    divergence(tape);
    bool good = labels(tape) && fused_and_composed(tape);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 400, .height = 320}, NULL);
    draw_divergence(plot, tape);
    draw_binary(plot, tape, false);
    draw_binary(plot, tape, true);
    good = course_picture(plot, folder, "42_cross_entropy.svg") && good;
    return course_end(tape, good);
}
