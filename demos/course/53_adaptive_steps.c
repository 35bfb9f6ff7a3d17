/* A step size of its own for each weight.

   With d the gradient and eta = 0.1, element by element:

     AdaGrad    g <- g + d^2,                    w <- w - eta d / (sqrt(g) + eps)
     RMSProp    g <- beta g + (1 - beta) d^2,    w <- w - eta d / (sqrt(g) + eps)
     Adam       m <- beta1 m + (1 - beta1) d,    g <- beta2 g + (1 - beta2) d^2,
                w <- w - eta (m / (1 - beta1^t)) / (sqrt(g / (1 - beta2^t)) + eps)

   AdaGrad adds up all squares and so goes slower and slower; RMSProp forgets the old ones; Adam averages the gradient
   too, and divides both averages by what they lack in the first steps, since they begin at 0. (eps stands outside of
   the root.) All three divide a weight's gradient by its own size: where the loss is steep along one weight and flat
   along another, plain descent must take steps that are small enough for the steep one, and these need not. */
#include "lib_course.h"

enum { MOST = 600 };
static const double eta = .1, eps = 1e-8, goal = 1e-3;

/* ---- the rules, written out, for one weight ---- */

typedef struct memory {
    double g, m, t;
} memory;

static double adagrad(memory *s, double d)
{
    s->g += d * d;
    return eta * d / (sqrt(s->g) + eps);
}

static double rmsprop(memory *s, double d)
{
    s->g = .9 * s->g + .1 * d * d;
    return eta * d / (sqrt(s->g) + eps);
}

static double adam(memory *s, double d)
{
    s->t++;
    s->m = .9 * s->m + .1 * d;
    s->g = .999 * s->g + .001 * d * d;
    return eta * (s->m / (1 - pow(.9, s->t))) / (sqrt(s->g / (1 - pow(.999, s->t))) + eps);
}

/* Three steps on L = w^2/2 from w = 1, the gradient being the tape's: by the rule above and by the library. */
static bool three_steps(tp_tape *tape, const char *name, double (*rule)(memory *, double), tp_optim *optim)
{
    memory s = {0};
    double own = 1, after[2][3];
    char label[64];
    tp_tensor *w = tp_tensor_from(TP_F64, TP_DIMS(1), NUMBERS(1));
    bool good = tp_optim_add(optim, w, NULL) == TP_OK;
    for (int step = 0; good && step < 3; step++) {
        tp_tape_reset(tape);
        const tp_var v = tp_scalar(tape, own);
        const tp_var loss = tp_add(tp_square(v), tp_sum(tp_square(tp_param(tape, w))));
        good = tp_backward(tp_muls(loss, .5)) == TP_OK;
        after[0][step] = own -= rule(&s, tp_grad_item(v));
        tp_optim_step(optim);
        tp_optim_clear_grads(optim);
        after[1][step] = tp_tensor_item(w, 0);
    }
    course_numbers(name, 3, after[0]);
    snprintf(label, sizeof label, "%s, the library's", name);
    course_numbers(label, 3, after[1]);
    tp_tensor_release(w);
    tp_optim_free(optim);
    return good;
}

/* ---- a quadratic a hundred times steeper along one weight than along the other ---- */

/* Steps from (1, 1) until L = (100 u^2 + v^2) / 2 is below the goal; the values of L by the way are drawn. */
static int steps_to_goal(tp_tape *tape, tp_plot *plot, const char *name, tp_optim *optim)
{
    double values[MOST];
    int n = 0;
    tp_tensor *w = tp_tensor_from(TP_F64, TP_DIMS(2), NUMBERS(1, 1));
    bool good = tp_optim_add(optim, w, NULL) == TP_OK;
    while (good && n < MOST) {
        tp_tape_reset(tape);
        const tp_var curvature = course_data(tape, TP_DIMS(2), NUMBERS(100, 1));
        const tp_var loss = tp_muls(tp_sum(tp_mul(curvature, tp_square(tp_param(tape, w)))), .5);
        values[n++] = tp_item(loss);
        if (!(tp_item(loss) >= goal)) break;
        good = tp_backward(loss) == TP_OK;
        tp_optim_step(optim);
        tp_optim_clear_grads(optim);
    }
    printf("  %-26s %12d\n", name, n - 1);
    tp_plot_curve(plot, NULL, values, n, &(tp_plot_style){.label = name});
    tp_tensor_release(w);
    tp_optim_free(optim);
    return good ? n - 1 : -1;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 620, .height = 380}, NULL);
    printf("w after each step on L = w^2/2 from w = 1\n");
    bool good =
        tape && plot && three_steps(tape, "AdaGrad", adagrad, tp_adagrad(&(tp_adagrad_options){.rate = eta}, NULL)) &&
        three_steps(tape, "RMSProp", rmsprop, tp_rmsprop(&(tp_rmsprop_options){.rate = eta, .alpha = .9}, NULL)) &&
        three_steps(tape, "Adam", adam, tp_adam(&(tp_adam_options){.rate = eta}, NULL));
    printf("\nsteps until (100 u^2 + v^2) / 2 is below %g\n", goal);
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){
                      .title = "(100 u² + v²) / 2, step by step", .x_label = "step", .y_label = "L", .y_log = true});
    const int descent =
        good ? steps_to_goal(tape, plot, "descent, eta = 0.019", tp_sgd(&(tp_sgd_options){.rate = .019}, NULL)) : -1;
    const int scaled =
        good ? steps_to_goal(tape, plot, "AdaGrad, eta = 0.5", tp_adagrad(&(tp_adagrad_options){.rate = .5}, NULL))
             : -1;
    good = good && descent > 0 && scaled > 0 &&
           steps_to_goal(tape, plot, "RMSProp, eta = 0.02",
                         tp_rmsprop(&(tp_rmsprop_options){.rate = .02, .alpha = .9}, NULL)) > 0 &&
           steps_to_goal(tape, plot, "Adam, eta = 0.1", tp_adam(&(tp_adam_options){.rate = eta}, NULL)) > 0;
    course_numbers("descent / AdaGrad", 1, NUMBERS((double)descent / scaled));
    tp_plot_rule(plot, false, goal, &(tp_plot_style){.label = "goal", .colour = TP_PLOT_GREY, .dash = TP_PLOT_DOTTED});
    good = course_picture(plot, folder, "53_adaptive_steps.svg") && good;
    return course_end(tape, good);
}
