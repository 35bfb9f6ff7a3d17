/* Multiclass logistic regression, on features given and learned.

   A score for each class, theta_k . phi(x), goes through softmax; the loss of an example of class y is

     -log p(y) = -phi(x) . theta_y + log sum_k e^(phi(x) . theta_k),        dloss/dscore_k = p(k) - 1(k = y)

   What phi is, is open: x itself; products chosen beforehand; or sigma(W x + b), each number through a sigmoid by
   itself, where W and b are learned with theta through the same loss; or such features of such features. */
#include "lib_course.h"

#include <tapir/draw.h>

enum { POINTS = 300, STEPS = 400, CELLS = 80, CLASSES = 3 };

/* The loss of one example in two ways: as the formula says, and in one op, which is what one uses. */
static bool one_example(tp_tape *tape, const char *folder)
{
    char path[COURSE_PATH];
    const tp_var x = tp_name(course_leaf(tape, TP_DIMS(2), NUMBERS(1, 2)), "x"), y = tp_const(tape, 0);
    const tp_var theta = tp_name(course_leaf(tape, TP_DIMS(3, 2), NUMBERS(.1, .2, .3, -.1, 0, .5)), "θ");
    const tp_var scores = tp_retain_grad(tp_matmul(theta, x));
    const tp_var formula = tp_sub(tp_logsumexp(scores, 0, false), tp_index(scores, 1, (int64_t[]){0}));
    const tp_var losses[] = {formula, tp_cross_entropy(scores, y, TP_SUM)};
    double slopes[2][CLASSES], apart = 0;
    tp_error error = {TP_OK, ""};
    printf("one example, of class 0\n");
    course_value("x", x);
    course_value("theta, row by row", theta);
    course_value("scores", scores);
    course_value("p", tp_softmax(scores, 0));
    course_value("loss by the formula", losses[0]);
    course_value("loss in one op", losses[1]);
    for (int i = 0; i < 2; i++) {
        if (!course_drawn(tp_gradcheck(losses[i], (tp_var[]){x, theta}, 2, NULL, &error), &error)) return false;
        if (tp_backward(losses[i]) != TP_OK) return false;
        for (int k = 0; k < CLASSES; k++) slopes[i][k] = tp_tensor_item(tp_grad(scores), k);
    }
    for (int k = 0; k < CLASSES; k++) apart = fmax(apart, fabs(slopes[0][k] - slopes[1][k]));
    course_gradient("dloss/dscores", scores);
    course_gradient("dloss/dtheta", theta);
    printf("  the two differ by at most %.1e\n", apart);
    printf("  finite differences agree: yes\n\n");
    if (tp_backward(formula) != TP_OK) return false;
    return course_drawn(
        tp_draw_circuit(formula,
                        &(tp_draw_options){.title = "log Σ exp(θx) − (θx)₀: one example of class 0", .digits = 3},
                        course_path(path, folder, "18_logistic.svg"), &error),
        &error);
}

/* phi: x1, x2, x1^2, x2^2, x1 x2. */
static tp_var products(tp_module *module, tp_var x)
{
    const tp_var a = tp_slice(x, 1, 0, 1, 1), b = tp_slice(x, 1, 1, 2, 1);
    (void)module;
    return tp_concat((tp_var[]){x, tp_square(x), tp_mul(a, b)}, 3, 1);
}

static const tp_module_kind products_kind = {TP_MODULE_HEAD, .name = "products", .forward = products};

/* Four choices of phi, each followed by the scores. */
static tp_module *model(int kind)
{
    tp_rng rng = tp_rng_seed(18);
    const tp_layer_options options = {.rng = &rng, .dtype = TP_F64};
    if (kind == 0) return tp_mlp(TP_DIMS(2, CLASSES), NULL, &options, NULL);
    if (kind == 2) return tp_mlp(TP_DIMS(2, 6, CLASSES), tp_sigmoid, &options, NULL);
    if (kind == 3) return tp_mlp(TP_DIMS(2, 6, 6, CLASSES), tp_sigmoid, &options, NULL);
    tp_module *net = tp_sequential(&options, NULL);
    tp_sequential_add(net, tp_module_new(&products_kind, NULL, NULL), NULL);
    tp_sequential_add(net, tp_linear_layer(5, CLASSES, &options, NULL), NULL);
    return net;
}

/* Three arms of a spiral, class by class. */
static void make(tp_tensor *x, tp_tensor *y)
{
    tp_rng rng = tp_rng_seed(3);
    double *at = tp_tensor_data(x);
    int64_t *label = tp_tensor_data(y);
    for (int i = 0; i < POINTS; i++) {
        const double r = .2 + 1.5 * tp_rng_uniform(&rng), turn = 2 * acos(-1) * (i % CLASSES) / CLASSES + 2.2 * r;
        at[2 * i] = r * cos(turn) + .1 * tp_rng_normal(&rng);
        at[2 * i + 1] = r * sin(turn) + .1 * tp_rng_normal(&rng);
        label[i] = i % CLASSES;
    }
}

static bool learn(tp_tape *tape, tp_module *net, tp_tensor *x, tp_tensor *y)
{
    tp_tensor *parameters[6];
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .05}, NULL);
    bool good = tp_optim_add_all(adam, parameters, tp_module_parameters(net, parameters, 6), NULL) == TP_OK;
    for (int step = 0; good && step < STEPS; step++) {
        tp_tape_reset(tape);
        const tp_var scores = tp_module_forward(net, tp_data(tape, x));
        good = tp_backward(tp_cross_entropy(scores, tp_data(tape, y), TP_MEAN)) == TP_OK;
        tp_optim_step(adam);
        tp_optim_clear_grads(adam);
    }
    tp_optim_free(adam);
    return good;
}

static void draw(tp_plot *plot, tp_tape *tape, tp_module *net, const char *title, tp_tensor *x, tp_tensor *y)
{
    const tp_var side = tp_linspace(tape, TP_F64, -2, 2, CELLS);
    tp_var grid[2];
    tp_meshgrid((tp_var[]){side, side}, 2, true, grid);
    const tp_var points = tp_reshape(tp_stack(grid, 2, 2), TP_DIMS(CELLS * CELLS, 2));
    const tp_var answer = tp_argmax_axis(tp_module_forward(net, points), 1, false);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .equal = true, .x_label = "x₁", .y_label = "x₂"});
    tp_plot_heat_tensor(
        plot, tp_value(tp_reshape(answer, TP_DIMS(CELLS, CELLS))),
        &(tp_plot_heat_options){.x_low = -2, .x_high = 2, .y_low = -2, .y_high = 2, .map = TP_PLOT_CLASSES});
    tp_plot_scatter(plot, x, y, NULL, CLASSES, &(tp_plot_style){.size = 5});
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"x itself", "products of x1, x2", "learned: sigmoids of x",
                                        "learned, two layers"};
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = tp_tensor_new(TP_F64, TP_DIMS(POINTS, 2)), *y = tp_tensor_new(TP_I64, TP_DIMS(POINTS));
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 340, .height = 340}, NULL);
    bool good = one_example(tape, folder);
    make(x, y);
    printf("three classes, %d points\n  %-26s %12s %12s\n", POINTS, "features", "loss", "% right");
    for (int kind = 0; good && kind < 4; kind++) {
        tp_module *net = model(kind);
        good = learn(tape, net, x, y);
        const tp_var scores = tp_module_forward(net, tp_data(tape, x)), labels = tp_data(tape, y);
        const tp_var right = tp_equal(tp_argmax_axis(scores, 1, false), labels);
        course_numbers(names[kind], 2,
                       NUMBERS(tp_item(tp_cross_entropy(scores, labels, TP_MEAN)),
                               100 * tp_item(tp_count_nonzero(right)) / POINTS));
        draw(plot, tape, net, names[kind], x, y);
        tp_module_free(net);
    }
    good = course_picture(plot, folder, "18_logistic-regions.svg") && good;
    tp_tensor_release(x);
    tp_tensor_release(y);
    return course_end(tape, good);
}
