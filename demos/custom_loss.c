/* A loss of one's own, composed of recorded ops: pseudo-Huber, quadratic for small residuals and linear for large ones,
   so that outliers pull little. Its gradients are checked, then a line is fitted through points of which every eighth
   is far off, with this loss and with the squared error. */
#include <stdio.h>

#include <tapir/tapir.h>

enum { POINTS = 64, STEPS = 200 };
static const double true_slope = 2, true_offset = -1;

typedef tp_var loss_function(tp_var prediction, tp_var target);

/* mean of sqrt(1 + r^2) - 1 with r = prediction - target */
static tp_var pseudo_huber(tp_var prediction, tp_var target)
{
    const tp_var r = tp_sub(prediction, target);
    return tp_mean(tp_adds(tp_sqrt(tp_adds(tp_square(r), 1)), -1));
}

static tp_var squared_error(tp_var prediction, tp_var target)
{
    return tp_mse(prediction, target, TP_MEAN);
}

/* Gradient and second derivative of the new loss, against finite differences at random points. */
static bool check(tp_tape *tape, tp_rng *rng)
{
    tp_tensor *values[2] = {tp_tensor_new(TP_F64, TP_DIMS(5)), tp_tensor_new(TP_F64, TP_DIMS(5))};
    tp_var leaves[2];
    tp_error error = {TP_OK, ""};
    for (int i = 0; i < 2; i++) {
        tp_init_normal(values[i], 0, 2, rng, NULL);
        leaves[i] = tp_leaf(tape, values[i]);
        tp_tensor_release(values[i]); /* the tape has a reference of its own */
    }
    const tp_var loss = pseudo_huber(leaves[0], leaves[1]);
    const bool good = tp_gradcheck(loss, leaves, 2, NULL, &error) == TP_OK &&
                      tp_gradgradcheck(loss, leaves, 2, NULL, &error) == TP_OK;
    printf("pseudo_huber: %s\n", good ? "first and second derivatives agree with finite differences" : error.message);
    tp_tape_reset(tape);
    return good;
}

/* Fits y = slope x + offset by gradient descent with Adam; prints the loss as it falls, and the line. */
static bool fit(tp_tape *tape, const char *name, loss_function *loss_of, tp_tensor *x, tp_tensor *y)
{
    tp_tensor *line[2] = {tp_tensor_new(TP_F64, TP_DIMS()), tp_tensor_new(TP_F64, TP_DIMS())};
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .05}, NULL);
    bool good = tp_optim_add_all(adam, line, 2, NULL) == TP_OK;
    printf("\n%s\n  step        loss\n", name);
    for (int step = 0; good && step <= STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var slope = tp_param(tape, line[0]), offset = tp_param(tape, line[1]);
        const tp_var prediction = tp_add(tp_mul(slope, tp_data(tape, x)), offset);
        const tp_var loss = loss_of(prediction, tp_data(tape, y));
        good = tp_backward(loss) == TP_OK;
        if (step % (STEPS / 8) == 0) printf("  %4d  %10.6f\n", step, tp_item(loss));
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    if (good)
        printf("  slope %.4f, offset %.4f\n", tp_tensor_item(line[0], 0), tp_tensor_item(line[1], 0));
    else
        fprintf(stderr, "custom_loss: %s\n", tp_tape_error(tape));
    tp_optim_free(adam);
    for (int i = 0; i < 2; i++) tp_tensor_release(line[i]);
    return good;
}

/* Points near the true line; every eighth is lifted far above it. */
static void make_points(tp_rng *rng, tp_tensor *x, tp_tensor *y)
{
    double *to_x = tp_tensor_data(x), *to_y = tp_tensor_data(y);
    for (int i = 0; to_x && to_y && i < POINTS; i++) {
        to_x[i] = 4 * tp_rng_uniform(rng) - 2;
        to_y[i] = true_slope * to_x[i] + true_offset + .1 * tp_rng_normal(rng) + (i % 8 == 0 ? 15 : 0);
    }
}

int main(void)
{
    tp_rng rng = tp_rng_seed(7);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = tp_tensor_new(TP_F64, TP_DIMS(POINTS)), *y = tp_tensor_new(TP_F64, TP_DIMS(POINTS));
    make_points(&rng, x, y);
    bool good = check(tape, &rng);
    printf("\nThe points lie near the line with slope %g and offset %g, but for every eighth.\n", true_slope,
           true_offset);
    good = good && fit(tape, "pseudo_huber", pseudo_huber, x, y) && fit(tape, "squared error", squared_error, x, y);
    tp_tensor_release(x);
    tp_tensor_release(y);
    tp_tape_free(tape);
    return good ? 0 : 1;
}
