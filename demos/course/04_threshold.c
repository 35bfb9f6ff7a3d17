/* A threshold has no slope.

   The neuron of McCulloch and Pitts fires or does not: y = 1[w x + b > 0], or with signs y = sign(w x + b). Between its
   jumps the function is flat, so its derivative is 0, exactly, wherever it has one; where it jumps, the library says 0
   as well. A chain of factors with one 0 in it is 0:

     dL/dw = dL/dy * dy/ds * ds/dw,     dy/ds = 0

   Nothing below a threshold learns by gradients. Two networks with the same two layers and the same first weights are
   trained on XOR: one of signs, one of the smooth tanh. */
#include "lib_course.h"

enum { HIDDEN = 4, STEPS = 400 };

static void single_neuron(tp_tape *tape)
{
    printf("One neuron          y        dy/dw        dy/db        dy/dx\n");
    for (int i = 0; i < 4; i++) {
        tp_tape_reset(tape);
        const tp_var w = tp_scalar(tape, .3), b = tp_scalar(tape, -.1), x = tp_scalar(tape, i < 2 ? 2 : -2);
        const tp_var s = tp_add(tp_mul(w, x), b), y = i % 2 ? tp_sign(s) : tp_step(s);
        if (tp_backward(y) != TP_OK) return;
        printf("  %s(%+.1f) %8g %12g %12g %12g\n", i % 2 ? "sign" : "step", tp_item(s), tp_item(y), tp_grad_item(w),
               tp_grad_item(b), tp_grad_item(x));
    }
    putchar('\n');
}

/* sigma(sigma(X W1 + b1) . w2 + b2) for the four inputs of XOR, and half the squared error. */
static tp_var loss_of(tp_tape *tape, tp_tensor *const *p, tp_var (*sigma)(tp_var))
{
    const tp_var x = course_data(tape, TP_DIMS(4, 2), NUMBERS(-1, -1, -1, 1, 1, -1, 1, 1));
    const tp_var t = course_data(tape, TP_DIMS(4), NUMBERS(-1, 1, 1, -1));
    const tp_var h = sigma(tp_add(tp_matmul(x, tp_param(tape, p[0])), tp_param(tape, p[1])));
    const tp_var y = sigma(tp_add(tp_matmul(h, tp_param(tape, p[2])), tp_param(tape, p[3])));
    return tp_muls(tp_sum(tp_square(tp_sub(y, t))), .5);
}

/* The largest of all gradients, in size. */
static double steepest(tp_tensor *const *p)
{
    double most = 0;
    for (int i = 0; i < 4; i++)
        for (int64_t k = 0; k < tp_tensor_count(p[i]); k++)
            most = fmax(most, fabs(tp_tensor_item(tp_tensor_grad(p[i]), k)));
    return most;
}

/* The same draws for both networks: the seed is the same. */
static bool train(tp_tape *tape, const char *name, tp_var (*sigma)(tp_var), double *losses)
{
    tp_rng rng = tp_rng_seed(2);
    tp_error error = {TP_OK, ""};
    tp_tensor *p[] = {tp_tensor_new(TP_F64, TP_DIMS(2, HIDDEN)), tp_tensor_new(TP_F64, TP_DIMS(HIDDEN)),
                      tp_tensor_new(TP_F64, TP_DIMS(HIDDEN)), tp_tensor_new(TP_F64, TP_DIMS())};
    tp_optim *sgd = tp_sgd(&(tp_sgd_options){.rate = .1}, &error);
    bool good = sgd && tp_optim_add_all(sgd, p, 4, &error) == TP_OK;
    double most = 0;
    for (int i = 0; i < 4 && good; i++)
        for (int64_t k = 0; k < tp_tensor_count(p[i]); k++)
            ((double *)tp_tensor_data(p[i]))[k] = 2 * tp_rng_uniform(&rng) - 1;
    for (int step = 0; step <= STEPS && good; step++) {
        tp_tape_reset(tape);
        const tp_var loss = loss_of(tape, p, sigma);
        good = tp_backward(loss) == TP_OK;
        losses[step] = tp_item(loss);
        most = fmax(most, steepest(p));
        tp_optim_step(sgd);
        tp_optim_clear_grads(sgd);
    }
    printf("Two layers of %s units on XOR, %d steps\n", name, STEPS);
    printf("  loss before and after:   %12.7f %12.7f\n", losses[0], losses[STEPS]);
    printf("  largest gradient ever:   %12.7f\n", most);
    for (int i = 0; i < 4; i++) tp_tensor_release(p[i]);
    tp_optim_free(sgd);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    double signs[STEPS + 1], smooth[STEPS + 1], steps[STEPS + 1];
    tp_tape *tape = tp_tape_new(NULL);
    single_neuron(tape);
    bool good = train(tape, "sign", tp_sign, signs) && train(tape, "tanh", tp_tanh, smooth);
    for (int i = 0; i <= STEPS; i++) steps[i] = i;
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 520, .height = 360}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "XOR by gradient descent",
                                                 .x_label = "step",
                                                 .y_label = "half the squared error",
                                                 .y_low = 0,
                                                 .y_high = 1.15 * fmax(signs[0], smooth[0])});
    tp_plot_curve(plot, steps, signs, STEPS + 1,
                  &(tp_plot_style){.label = "sign units", .colour = 2, .dash = TP_PLOT_DASHED});
    tp_plot_curve(plot, steps, smooth, STEPS + 1, &(tp_plot_style){.label = "tanh units", .colour = 1});
    good = course_picture(plot, folder, "04_threshold.svg") && good;
    return course_end(tape, good);
}
