/* Weight decay: a large network kept smooth.

   A network of 20 hidden units learns points of two classes that overlap, by

     L = mean of log(1 + e^(-y f)) + lambda/2 |W|^2     W: all weights, but not the biases; y = -1 or 1

   The larger lambda is, the smaller the weights become, and small weights make a smooth output: the boundary between
   the classes no longer bends around single points. So it need not be the size of a network that keeps it from learning
   the noise by heart; lambda can. The norm of the weights and the accuracy on the points learned fall as lambda grows.
   What counts is the accuracy on other points, and that is best in between. */
#include "lib_points.h"

enum { HIDDEN = 20, POINTS = 80, UNSEEN = 4000, STEPS = 3000, RUNS = 3 };
static const double lambdas[RUNS] = {.001, .01, .1}, noise = .3;
static const double rectangle[] = {-6, 6, -6, 6};

/* Sum of squares of the weights: of the parameters that are matrices. */
static tp_var squares(tp_tape *tape, tp_tensor *const *parameters, size_t n)
{
    tp_var sum = tp_const(tape, 0);
    for (size_t i = 0; i < n; i++)
        if (tp_tensor_rank(parameters[i]) == 2) sum = tp_add(sum, tp_sum(tp_square(tp_param(tape, parameters[i]))));
    return sum;
}

/* Prints the norm of the weights and how many of the points learned, and of others, are right: also left in result. */
static bool learn(tp_tape *tape, tp_plot *plot, double lambda, const points *seen, const points *unseen,
                  double result[3])
{
    char label[64], title[64];
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[4];
    tp_module *net = tp_mlp(TP_DIMS(2, HIDDEN, 1), tp_tanh, &(tp_layer_options){.rng = &rng}, NULL);
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .02}, NULL);
    const size_t n = tp_module_parameters(net, parameters, 4);
    bool good = tp_optim_add_all(adam, parameters, n, NULL) == TP_OK;
    for (int step = 0; good && step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var f = tp_module_forward(net, tp_data(tape, seen->x));
        const tp_var fit = tp_bce_with_logits(f, tp_data(tape, seen->y), TP_MEAN);
        good = tp_backward(tp_add(fit, tp_muls(squares(tape, parameters, n), lambda / 2))) == TP_OK;
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    tp_tape_reset(tape);
    result[0] = sqrt(tp_item(squares(tape, parameters, n)));
    result[1] = points_right(tape, net, seen);
    result[2] = points_right(tape, net, unseen);
    snprintf(label, sizeof label, "lambda = %g", lambda);
    course_numbers(label, 3, result);
    snprintf(title, sizeof title, "λ = %g: %.1f %%, others %.1f %%", lambda, result[1], result[2]);
    points_draw(plot, tape, net, seen, title, rectangle);
    tp_module_free(net);
    tp_optim_free(adam);
    return good;
}

int main(int argc, char **argv)
{
    points seen, unseen;
    double of[RUNS][3] = {{0}};
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = RUNS, .width = 360, .height = 360}, NULL);
    bool good = points_make(&seen, tp_points_circle, POINTS, noise, 1);
    good = points_make(&unseen, tp_points_circle, UNSEEN, noise, 2) && good && tape && plot;
    printf("  %-26s %12s %12s %12s\n", "", "norm of W", "% learned", "% of others");
    for (int i = 0; good && i < RUNS; i++) good = learn(tape, plot, lambdas[i], &seen, &unseen, of[i]);
    puts("\nfrom one lambda to the next");
    course_numbers("the norm falls by", 2, NUMBERS(of[0][0] - of[1][0], of[1][0] - of[2][0]));
    course_numbers("% learned fall by", 2, NUMBERS(of[0][1] - of[1][1], of[1][1] - of[2][1]));
    good = course_picture(plot, folder, "55_weight_decay.svg") && good;
    points_free(&seen);
    points_free(&unseen);
    return course_end(tape, good);
}
