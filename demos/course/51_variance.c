/* Weights that keep the variance.

   With z_i = sum_j w_ij a_j over m inputs, weights of mean 0 that are drawn independently, and a = relu(z) of the layer
   before, whose z is symmetric about 0:

     E z_i = 0,   Var z_i = m Var(w) E a^2,   E a^2 = Var(z before) / 2   (relu keeps half of a symmetric square)

   so that each layer multiplies the variance by m Var(w) / 2. It stays what it is for Var(w) = 2/m, biases 0: Kaiming's
   start N(0, 2/m). With N(0, 1) and m = 128 it grows 64-fold a layer, with N(0, 1/m) it halves. (He, Zhang, Ren, Sun,
   "Delving deep into rectifiers", 2015, who find the same for the gradients on their way back.)

   The numbers below are means over six networks of 8 layers: the variance in a layer over that in the first. */
#include "lib_course.h"

enum { WIDTH = 128, LAYERS = 8, ROWS = 64, RUNS = 6 };

typedef struct start {
    const char *name;
    double deviation;
} start;

/* Of all elements. */
static double variance_of(const tp_tensor *t)
{
    const int64_t n = tp_tensor_count(t);
    double mean = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) mean += tp_tensor_item(t, i) / (double)n;
    for (int64_t i = 0; i < n; i++) sum += pow(tp_tensor_item(t, i) - mean, 2) / (double)n;
    return sum;
}

/* One network, in which z[0], ..., z[LAYERS - 1] are what arrives at the relus. Adds its ratios, divided by RUNS: those
   of the variances of z, and of dL/dz for a random gradient from above. */
static bool run(tp_tape *tape, double deviation, uint64_t seed, double forward[LAYERS], double backward[LAYERS])
{
    tp_var z[LAYERS], slopes[LAYERS];
    tp_rng rng = tp_rng_seed(seed);
    tp_tape_reset(tape);
    tp_var a = course_normal(tape, TP_DIMS(ROWS, WIDTH), 1, &rng);
    for (int l = 0; l < LAYERS; l++) {
        z[l] = tp_linear(a, course_normal(tape, TP_DIMS(WIDTH, WIDTH), deviation, &rng), tp_none());
        a = tp_relu(z[l]);
    }
    const tp_var from_above = course_normal(tape, TP_DIMS(ROWS, WIDTH), 1, &rng);
    if (tp_vjp(z[LAYERS - 1], from_above, z, LAYERS, slopes, 0) != TP_OK) return false;
    for (int l = 0; l < LAYERS; l++) {
        forward[l] += variance_of(tp_value(z[l])) / variance_of(tp_value(z[0])) / RUNS;
        backward[l] += variance_of(tp_value(slopes[l])) / variance_of(tp_value(from_above)) / RUNS;
    }
    return true;
}

static void print(const char *name, const char *what, const double ratios[LAYERS])
{
    printf("  %-10s %-8s", name, what);
    for (int l = 0; l < LAYERS; l++) printf(" %9.3g", ratios[l]);
    putchar('\n');
}

static void panel(tp_plot *plot, const char *title, const start *starts, double (*ratios)[LAYERS])
{
    static const tp_plot_mark marks[] = {TP_PLOT_SQUARE, TP_PLOT_DISC, TP_PLOT_TRIANGLE};
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = title, .x_label = "layer", .y_label = "variance, relative", .y_log = true});
    for (int i = 0; i < 3; i++)
        tp_plot_curve(plot, NULL, ratios[i], LAYERS, &(tp_plot_style){.label = starts[i].name, .mark = marks[i]});
}

int main(int argc, char **argv)
{
    const start starts[] = {{"N(0, 1)", 1}, {"N(0, 2/m)", sqrt(2. / WIDTH)}, {"N(0, 1/m)", sqrt(1. / WIDTH)}};
    double forward[3][LAYERS] = {{0}}, backward[3][LAYERS] = {{0}};
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 460, .height = 360}, NULL);
    bool good = tape && plot;
    printf("variance of z and of dL/dz in layers 1 to %d, m = %d\n", LAYERS, WIDTH);
    for (int i = 0; i < 3; i++) {
        for (uint64_t seed = 1; good && seed <= RUNS; seed++)
            good = run(tape, starts[i].deviation, seed, forward[i], backward[i]);
        print(starts[i].name, "z", forward[i]);
        print(starts[i].name, "dL/dz", backward[i]);
    }
    puts("\nfrom layer to layer the variance of z is multiplied by");
    for (int i = 0; i < 3; i++)
        printf("  growth with %-10s %12.7f, in theory m Var(w) / 2 = %g\n", starts[i].name,
               pow(forward[i][LAYERS - 1], 1. / (LAYERS - 1)), WIDTH * pow(starts[i].deviation, 2) / 2);
    puts("\nlast layer over first");
    for (int i = 0; i < 3; i++) printf("  %s, last/first: %.7g\n", starts[i].name, forward[i][LAYERS - 1]);
    panel(plot, "On the way forward: z", starts, forward);
    panel(plot, "On the way back: dL/dz", starts, backward);
    good = course_picture(plot, folder, "51_variance.svg") && good;
    return course_end(tape, good);
}
