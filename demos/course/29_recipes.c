/* The recipes: what four kinds of layer do with the delta that arrives. Each line of the tape stands above the same
   thing worked out from the recipe.

     linear   z = W a + b            dW = delta a^T    db = delta    da = W^T delta
     sigmoid  h = sigma(z)           dz = delta * h * (1 - h)
     ReLU     h = max(0, z)          dz = delta where z > 0, else 0
     softmax with cross-entropy      dz = p - 1(the true class)

   With these, any network of such layers can be walked back by hand. The last one is why softmax and cross-entropy are
   put together: the exponentials and the logarithm take each other away, and the error p - 1(class) is left. At z = 0
   the ReLU has a kink; the slope there is a choice, and this library's is 0. */
#include "lib_course.h"

enum { OUT = 2, IN = 3, UNITS = 5, CLASSES = 3 };

static bool show_linear(tp_tape *tape)
{
    const double w[OUT][IN] = {{.5, -1, 2}, {1, .25, -.5}}, b[OUT] = {.1, .2}, a[IN] = {1, -2, 3}, delta[OUT] = {2, -3};
    const tp_var weights = course_leaf(tape, TP_DIMS(OUT, IN), w[0]), bias = course_leaf(tape, TP_DIMS(OUT), b),
                 input = course_leaf(tape, TP_DIMS(IN), a), upstream = course_data(tape, TP_DIMS(OUT), delta);
    double dw[OUT * IN], da[IN] = {0};
    for (int i = 0; i < OUT; i++)
        for (int k = 0; k < IN; k++) {
            dw[i * IN + k] = delta[i] * a[k];
            da[k] += w[i][k] * delta[i];
        }
    printf("Linear, z = W a + b\n");
    if (tp_backward_from(tp_add(tp_matmul(weights, input), bias), upstream, 0) != TP_OK) return false;
    course_gradient("dW, the tape", weights);
    course_numbers("dW = delta a^T", OUT * IN, dw);
    course_gradient("db, the tape", bias);
    course_numbers("db = delta", OUT, delta);
    course_gradient("da, the tape", input);
    course_numbers("da = W^T delta", IN, da);
    return true;
}

/* One that works element by element: h = f(z), and what its recipe makes of delta, z and h. */
typedef struct recipe {
    const char *title, *formula;
    tp_var (*f)(tp_var z);
    double (*down)(double delta, double z, double h);
} recipe;

static double down_sigmoid(double delta, double z, double h)
{
    (void)z;
    return delta * h * (1 - h);
}
static double down_relu(double delta, double z, double h)
{
    (void)h;
    return z > 0 ? delta : 0;
}

static const recipe recipes[] = {{"Sigmoid, h = sigma(z)", "dz = delta h (1-h)", tp_sigmoid, down_sigmoid},
                                 {"ReLU, h = max(0, z)", "dz = delta 1(z>0)", tp_relu, down_relu}};

static bool show(tp_tape *tape, const recipe *r)
{
    const double z[UNITS] = {-2, -.5, 0, .5, 2}, delta[UNITS] = {1, 2, 3, -4, 5};
    const tp_var in = course_leaf(tape, TP_DIMS(UNITS), z), h = r->f(in);
    double dz[UNITS];
    for (int i = 0; i < UNITS; i++) dz[i] = r->down(delta[i], z[i], tp_tensor_item(tp_value(h), i));
    printf("\n%s\n", r->title);
    course_numbers("z", UNITS, z);
    course_value("h", h);
    course_numbers("delta", UNITS, delta);
    if (tp_backward_from(h, course_data(tape, TP_DIMS(UNITS), delta), 0) != TP_OK) return false;
    course_gradient("dz, the tape", in);
    course_numbers(r->formula, UNITS, dz);
    return true;
}

/* The factor dz / delta of both recipes over z. */
static bool draw_factors(tp_tape *tape, tp_plot *plot)
{
    enum { POINTS = 161 };
    double z[POINTS], factor[POINTS];
    for (int i = 0; i < POINTS; i++) z[i] = -4 + i * .05;
    tp_plot_panel(
        plot,
        &(tp_plot_panel_options){
            .title = "What a unit lets through", .x_label = "z", .y_label = "dz / delta", .y_low = -.1, .y_high = 1.4});
    for (int k = 0; k < 2; k++) {
        const tp_var in = course_leaf(tape, TP_DIMS(POINTS), z);
        if (tp_backward(tp_sum(recipes[k].f(in))) != TP_OK) return false;
        for (int i = 0; i < POINTS; i++) factor[i] = tp_tensor_item(tp_grad(in), i);
        tp_plot_curve(plot, z, factor, POINTS, &(tp_plot_style){.label = recipes[k].title});
    }
    return true;
}

static bool show_softmax(tp_tape *tape, tp_plot *plot)
{
    static const char *const names[] = {"class 0", "class 1", "class 2 (true)"};
    const double z[CLASSES] = {1, 2, .5}, truth = 2;
    const tp_var in = course_leaf(tape, TP_DIMS(CLASSES), z), p = tp_softmax(in, 0);
    double dz[CLASSES], share[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
        share[i] = tp_tensor_item(tp_value(p), i);
        dz[i] = share[i] - (i == (int)truth);
    }
    printf("\nSoftmax with cross-entropy, the true class being %g\n", truth);
    course_numbers("z", CLASSES, z);
    course_value("p = softmax(z)", p);
    const tp_var loss = tp_cross_entropy(in, tp_const(tape, truth), TP_SUM);
    if (tp_backward(loss) != TP_OK) return false;
    course_value("the loss", loss);
    course_value("-log p(class)", tp_neg(tp_log(tp_index(p, TP_DIMS((int64_t)truth)))));
    course_gradient("dz, the tape", in);
    course_numbers("dz = p - 1(class)", CLASSES, dz);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Softmax with cross-entropy",
                                                 .y_label = "p, dz",
                                                 .legend = TP_PLOT_LEGEND_BOTTOM_LEFT});
    tp_plot_bars(plot, share, names, CLASSES, &(tp_plot_style){.label = "p"});
    tp_plot_bars(plot, dz, names, CLASSES, &(tp_plot_style){.label = "dz = p - 1(class)"});
    return true;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 440, .height = 330}, NULL);
    bool good = show_linear(tape) && show(tape, &recipes[0]) && show(tape, &recipes[1]) && draw_factors(tape, plot);
    good = good && show_softmax(tape, plot);
    good = course_picture(plot, folder, "29_recipes.svg") && good;
    return course_end(tape, good);
}
