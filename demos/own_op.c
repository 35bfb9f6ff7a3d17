/* An op of one's own: a network whose weights are -1, 0 or 1. Rounding has no slope to learn by, so that the op is a
   straight-through estimator: it rounds on the way forward and is the identity on the way back (Bengio, Leonard,
   Courville 2013). A small network tells two moons apart, trained three ways: as it is; as it is and rounded when it is
   done; and through the op, which lets it get used to the grid. */
#include <math.h>
#include <stdio.h>

#include <tapir/tapir.h>

enum { POINTS = 400, WIDTH = 16, STEPS = 600, PARAMETERS = 6 };

/* ---- the op ---- */

static tp_status quantise_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_tensor_dtype(x) != TP_F32) return tp_ctx_fail(ctx, TP_E_DTYPE, "x must be f32");
    return tp_ctx_result(ctx, 0, TP_F32, tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status quantise_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    float *y = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) y[i] = (float)rint(fmin(fmax(tp_tensor_item(x, i), -1), 1));
    return TP_OK;
}

static tp_status quantise_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, g);
}

static const tp_op quantise_op = {TP_OP_HEAD,
                                  .name = "quantise",
                                  .arity = 1,
                                  .structure = TP_ELEMENTWISE,
                                  .shape = quantise_shape,
                                  .forward = quantise_forward,
                                  .backward = quantise_backward};

static tp_var quantise(tp_var x)
{
    return tp_apply(&quantise_op, &x, 1, NULL);
}

static tp_var as_it_is(tp_var x)
{
    return x;
}

/* ---- the network ---- */

static const int64_t shapes[PARAMETERS][2] = {{WIDTH, 2}, {WIDTH, 0}, {WIDTH, WIDTH}, {WIDTH, 0}, {1, WIDTH}, {1, 0}};

static bool is_weight(int i)
{
    return shapes[i][1] > 0;
}

/* The logits of the second moon; every weight goes through `of`. */
static tp_var network(tp_tape *tape, tp_tensor *const *parameters, tp_tensor *points, tp_var (*of)(tp_var))
{
    tp_var h = tp_data(tape, points);
    for (int i = 0; i < PARAMETERS; i += 2) {
        if (i) h = tp_tanh(h);
        h = tp_linear(h, of(tp_param(tape, parameters[i])), tp_param(tape, parameters[i + 1]));
    }
    return h;
}

static double accuracy(tp_tape *tape, tp_tensor *const *parameters, tp_tensor *points, tp_tensor *labels,
                       tp_var (*of)(tp_var))
{
    int right = 0;
    tp_tape_reset(tape);
    TP_NO_GRAD(tape) {
        const tp_tensor *logits = tp_value(network(tape, parameters, points, of));
        for (int64_t i = 0; logits && i < POINTS; i++)
            right += (tp_tensor_item(logits, i) > 0) == (tp_tensor_item(labels, i) > 0);
    }
    return 100. * right / POINTS;
}

/* Two half circles that reach into each other. */
static void make_points(tp_rng *rng, tp_tensor *points, tp_tensor *labels)
{
    float *x = tp_tensor_data(points), *label = tp_tensor_data(labels);
    for (int i = 0; x && label && i < POINTS; i++) {
        const int second = i % 2;
        const double angle = 3.14159265358979 * tp_rng_uniform(rng), side = second ? -1 : 1;
        x[2 * i] = (float)(second + side * cos(angle) + .12 * tp_rng_normal(rng) - .5);
        x[2 * i + 1] = (float)(second * .5 + side * sin(angle) + .12 * tp_rng_normal(rng) - .25);
        label[i] = (float)second;
    }
}

static bool train(tp_tape *tape, tp_tensor **parameters, tp_tensor *points, tp_tensor *labels, tp_var (*of)(tp_var))
{
    tp_rng rng = tp_rng_seed(3);
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .01}, NULL);
    bool good = tp_optim_add_all(adam, parameters, PARAMETERS, NULL) == TP_OK;
    for (int i = 0; i < PARAMETERS; i++) tp_init_normal(parameters[i], 0, is_weight(i) ? .6 : .1, &rng, NULL);
    for (int step = 0; good && step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var logits = network(tape, parameters, points, of);
        good = tp_backward(tp_bce_with_logits(logits, tp_data(tape, labels), TP_MEAN)) == TP_OK;
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    if (!good) fprintf(stderr, "own_op: %s\n", tp_tape_error(tape));
    tp_optim_free(adam);
    return good;
}

int main(void)
{
    tp_rng rng = tp_rng_seed(11);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *points = tp_tensor_new(TP_F32, TP_DIMS(POINTS, 2)), *labels = tp_tensor_new(TP_F32, TP_DIMS(POINTS, 1));
    tp_tensor *parameters[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) parameters[i] = tp_tensor_new(TP_F32, is_weight(i) ? 2 : 1, shapes[i]);
    make_points(&rng, points, labels);
    printf("Two moons of %d points, weights of -1, 0 and 1\n", POINTS);
    bool good = train(tape, parameters, points, labels, as_it_is);
    printf("  not rounded                  %5.1f %%\n", accuracy(tape, parameters, points, labels, as_it_is));
    printf("  rounded when it is done      %5.1f %%\n", accuracy(tape, parameters, points, labels, quantise));
    good = good && train(tape, parameters, points, labels, quantise);
    printf("  trained through the rounding %5.1f %%\n", accuracy(tape, parameters, points, labels, quantise));
    for (int i = 0; i < PARAMETERS; i++) tp_tensor_release(parameters[i]);
    tp_tensor_release(points);
    tp_tensor_release(labels);
    tp_tape_free(tape);
    return good ? 0 : 1;
}
