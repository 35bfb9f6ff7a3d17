/* The losses of a margin.

   For a class y of -1 or +1 and a score f, the margin y f says how far on the right side the score is. The losses below
   are functions of it alone, and each turns it into a pull on f:

     linear    1/2 (1 - y f)^2                       pulls towards y f = 1 from both sides
     logit     log(1 + e^(-y f))                     always pulls a little
     hinge     max(0, 1 - y f)                       leaves alone what is beyond the margin
     general   eps log(1 + e^((L - y f) / eps))      eps = 1, L = 0 is the logit; eps -> 0, L = 1 tends to the hinge

   A classifier is found where C/2 |w|^2 plus the sum of one of them over all points is least. Written down as they
   stand the logarithms overflow at f = -1000; the library's ops do not, at any score. */
#include "lib_course.h"

typedef struct margin_loss {
    const char *name;
    double eps, l;
    tp_var (*of)(tp_var f, tp_var y, double eps, double l);
} margin_loss;

static tp_var linear(tp_var f, tp_var y, double eps, double l)
{
    (void)eps, (void)l;
    return tp_sum(tp_muls(tp_square(tp_rsubs(1, tp_mul(y, f))), .5));
}
static tp_var logit(tp_var f, tp_var y, double eps, double l)
{
    (void)eps, (void)l;
    return tp_logistic(f, y, TP_SUM);
}
static tp_var hinge(tp_var f, tp_var y, double eps, double l)
{
    (void)eps, (void)l;
    return tp_hinge(f, y, TP_SUM);
}
static tp_var general(tp_var f, tp_var y, double eps, double l)
{
    return tp_soft_hinge(f, y, eps, l, TP_SUM);
}

static const margin_loss losses[] = {{"linear", 0, 0, linear},
                                     {"logit", 0, 0, logit},
                                     {"hinge", 0, 0, hinge},
                                     {"general, eps=1 L=0", 1, 0, general},
                                     {"general, eps=.1 L=1", .1, 1, general},
                                     {"general, eps=.01 L=1", .01, 1, general},
                                     {"general, eps=.001 L=1", .001, 1, general}};
enum { LOSSES = sizeof losses / sizeof *losses };

/* The loss at the score f for the class y, and its slope by f. */
static double loss_at(tp_tape *tape, const margin_loss *loss, double f, double y, double *slope)
{
    tp_tape_reset(tape);
    const tp_var score = tp_scalar(tape, f), value = loss->of(score, tp_const(tape, y), loss->eps, loss->l);
    tp_backward(value);
    *slope = tp_grad_item(score);
    return tp_item(value);
}

static void print_at(tp_tape *tape, double f, double y)
{
    printf("y = %g, f = %g:          loss         dloss/df\n", y, f);
    for (int i = 0; i < LOSSES; i++) {
        double slope;
        const double value = loss_at(tape, &losses[i], f, y, &slope);
        printf("  %-22s %14.7f %14.7f\n", losses[i].name, value, slope);
    }
    putchar('\n');
}

/* C/2 |w|^2 + the sum over four points, and the gradient by w, which finite differences check. */
static bool print_objectives(tp_tape *tape)
{
    const double c = .1;
    bool good = true;
    int agree = 0;
    printf("C/2 |w|^2 + sum over four points:   value        gradient by w\n");
    for (int i = 0; i < LOSSES && good; i++) {
        tp_error error = {TP_OK, ""};
        tp_tape_reset(tape);
        const tp_var x = course_data(tape, TP_DIMS(4, 2), NUMBERS(1, 2, -1, .5, .3, -1, -2, -1));
        const tp_var y = course_data(tape, TP_DIMS(4), NUMBERS(1, 1, -1, -1));
        const tp_var w = course_leaf(tape, TP_DIMS(2), NUMBERS(.4, .7)), f = tp_matmul(x, w);
        const tp_var sum = losses[i].of(f, y, losses[i].eps, losses[i].l);
        const tp_var j = tp_add(tp_muls(tp_sum(tp_square(w)), c / 2), sum);
        good = tp_backward(j) == TP_OK;
        printf("  %-22s %14.7f %14.7f %14.7f\n", losses[i].name, tp_item(j), tp_tensor_item(tp_grad(w), 0),
               tp_tensor_item(tp_grad(w), 1));
        good = good && course_drawn(tp_gradcheck(j, &w, 1, NULL, &error), &error);
        agree += good;
    }
    printf("  finite differences agree with all gradients by w: %d of %d\n", agree, LOSSES);
    return good;
}

static tp_plot *draw(tp_tape *tape)
{
    enum { POINTS = 301 };
    static const int shown[] = {0, 1, 2, 4};
    static const tp_plot_dash dashes[] = {TP_PLOT_DASHED, TP_PLOT_SOLID, TP_PLOT_SOLID, TP_PLOT_DOTTED};
    double f[POINTS], value[POINTS], slope[POINTS];
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 380}, NULL);
    for (int panel = 0; panel < 2; panel++) {
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = panel ? "The pull on the score" : "The loss",
                                                     .x_label = "margin y f",
                                                     .y_label = panel ? "slope by f, y = 1" : "loss",
                                                     .y_low = panel ? -3 : -.2,
                                                     .y_high = panel ? 1.2 : 4});
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < POINTS; i++) {
                f[i] = -2 + 4.0 * i / (POINTS - 1);
                value[i] = loss_at(tape, &losses[shown[k]], f[i], 1, &slope[i]);
            }
            tp_plot_curve(plot, f, panel ? slope : value, POINTS,
                          &(tp_plot_style){.label = losses[shown[k]].name, .dash = dashes[k], .width = 2.5});
        }
    }
    return plot;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    print_at(tape, .5, 1);
    print_at(tape, -1e4, 1);
    print_at(tape, 1e4, 1);
    const bool good = print_objectives(tape) && course_picture(draw(tape), folder, "02_margin_losses.svg");
    return course_end(tape, good);
}
