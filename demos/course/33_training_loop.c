/* The training loop that all of deep learning is made of, on XOR.

     load the data, once
     again and again:  forward, backward, descent; from time to time print the loss

   Each turn records the forward pass anew, walks back, and moves every parameter against its gradient. The loss that is
   printed is how one sees that something is learned at all, and when nothing is any more. The same loop runs from two
   beginnings. From the weights of the previous program it gets to a plateau, where two inputs are answered and the
   other two get 1/2: the loss creeps towards 1/4, and the gradient all but vanishes. From the random weights of the
   seed below it learns. With two hidden units many beginnings end on that plateau; the next program counts them. */
#include "lib_course.h"

enum { STEPS = 6000, PARAMETERS = 4, STARTS = 2, seed = 3 };
static const double rate = 2;
static const int64_t shapes[PARAMETERS][2] = {{2, 2}, {2, 0}, {2, 0}, {1, 0}};

typedef struct training {
    tp_tape *tape;
    tp_tensor *x, *t, *p[PARAMETERS]; /* the data; W1, b1, W2, b2 */
    double losses[STEPS + 1];
} training;

/* Y = sigma(sigma(X W1 + b1) W2 + b2), a number for each row of x. */
static tp_var network(const training *r, tp_var x)
{
    tp_var p[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) p[i] = tp_param(r->tape, r->p[i]);
    const tp_var h = tp_sigmoid(tp_add(tp_matmul(x, p[0]), p[1]));
    return tp_sigmoid(tp_add(tp_matmul(h, p[2]), p[3]));
}

/* w -= rate dL/dw */
static void descend(tp_tensor *parameter)
{
    const double *g = tp_tensor_read(tp_tensor_grad(parameter));
    double *w = tp_tensor_data(parameter);
    for (int64_t k = 0; k < tp_tensor_count(parameter); k++) w[k] -= rate * g[k];
    tp_tensor_clear_grad(parameter);
}

static bool train(training *r)
{
    for (int step = 0; step <= STEPS; step++) {
        tp_tape_reset(r->tape);
        const tp_var y = network(r, tp_data(r->tape, r->x));
        const tp_var loss = tp_muls(tp_sum(tp_square(tp_sub(y, tp_data(r->tape, r->t)))), .5);
        if (tp_backward(loss) != TP_OK) return false;
        for (int i = 0; i < PARAMETERS; i++) descend(r->p[i]);
        r->losses[step] = tp_item(loss);
        if (step % 500 == 0) printf("  step %-4d loss %10.7f\n", step, r->losses[step]);
    }
    return true;
}

static double output_at(double a, double b, void *user)
{
    const training *r = user;
    tp_tape_reset(r->tape);
    return tp_item(network(r, course_data(r->tape, TP_DIMS(1, 2), NUMBERS(a, b))));
}

static void print_answers(training *r)
{
    for (int i = 0; i < 4; i++) {
        const double a = tp_tensor_item(r->x, 2 * i), b = tp_tensor_item(r->x, 2 * i + 1);
        printf("  answer to %g, %g: %.4f, the target is %g\n", a, b, output_at(a, b, r), tp_tensor_item(r->t, i));
    }
}

static void draw_output(tp_plot *plot, training *r, const char *title)
{
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .x_label = "x1", .y_label = "x2"});
    tp_plot_heat_function(plot, output_at, r, 80,
                          &(tp_plot_heat_options){.x_low = -.5,
                                                  .x_high = 1.5,
                                                  .y_low = -.5,
                                                  .y_high = 1.5,
                                                  .low = 0,
                                                  .high = 1,
                                                  .smooth = true,
                                                  .bar = true,
                                                  .label = "y"});
    tp_plot_points(plot, NUMBERS(0, 1), NUMBERS(0, 1), 2,
                   &(tp_plot_style){.label = "XOR is 0", .colour = 2, .mark = TP_PLOT_SQUARE, .size = 12});
    tp_plot_points(plot, NUMBERS(0, 1), NUMBERS(1, 0), 2,
                   &(tp_plot_style){.label = "XOR is 1", .colour = 1, .size = 12});
}

/* The data, and weights: those given, or random ones from the standard normal distribution. */
static void begin(training *r, tp_tape *tape, tp_tensor *x, tp_tensor *t, bool random)
{
    static const double given[PARAMETERS][4] = {{.5, -.5, .25, .75}, {.1, -.1}, {1, -1}, {.05}};
    tp_rng rng = tp_rng_seed(seed);
    r->tape = tape, r->x = x, r->t = t;
    for (int i = 0; i < PARAMETERS; i++) {
        r->p[i] = tp_tensor_from(TP_F64, shapes[i][1] ? 2 : 1, shapes[i], given[i]);
        if (random) tp_init_normal(r->p[i], 0, 1, &rng, NULL);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[STARTS] = {"From given weights", "From random weights"};
    static training runs[STARTS];
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = tp_tensor_from(TP_F64, TP_DIMS(4, 2), NUMBERS(1, 0, 0, 0, 0, 1, 1, 1));
    tp_tensor *t = tp_tensor_from(TP_F64, TP_DIMS(4), NUMBERS(1, 0, 1, 0));
    double steps[STEPS + 1];
    for (int i = 0; i <= STEPS; i++) steps[i] = i;

    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 420, .height = 380}, NULL);
    bool good = true;
    for (int k = 0; good && k < STARTS; k++) {
        begin(&runs[k], tape, x, t, k > 0);
        printf(k ? "\n%s (seed %d)\n" : "%s\n", names[k], seed);
        good = train(&runs[k]);
        if (good) print_answers(&runs[k]);
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = "The loss while it learns", .x_label = "step", .y_label = "L", .y_log = true});
    for (int k = 0; k < STARTS; k++)
        tp_plot_curve(plot, steps, runs[k].losses, STEPS + 1, &(tp_plot_style){.label = names[k]});
    for (int k = 0; good && k < STARTS; k++) draw_output(plot, &runs[k], names[k]);
    good = course_picture(plot, folder, "33_training_loop.svg") && good;
    for (int k = 0; k < STARTS; k++)
        for (int i = 0; i < PARAMETERS; i++) tp_tensor_release(runs[k].p[i]);
    tp_tensor_release(x);
    tp_tensor_release(t);
    return course_end(tape, good);
}
