/* The classic loop: backpropagation layer by layer, with one vector delta handed down, against the tape.

   A network h0 = x, z_l = W_l h_(l-1) + b_l, h_l = sigma(z_l), the last layer without the sigma, and half the squared
   error L = |f - y|^2 / 2. With the row vector delta_l = dL/dz_l:

     delta_L = f - y                                     at the top
     delta_l = (delta_(l+1) W_(l+1)) * sigma'(z_l)       one layer further down, * being element by element
     dL/dW_l = delta_l^T h_(l-1)^T      dL/db_l = delta_l^T

   Everything below layer l reaches the loss through z_l, so dL/dz_l is computed once and used for all of it. That is
   what makes backpropagation cheap: the second table counts products with a weight matrix when one walk serves all
   layers, and when a walk from the top is made for each. */
#include <string.h>

#include <tapir/draw.h>

#include "lib_course.h"

enum { L = 3, MOST = 3, DEPTHS = 16 };
static const int64_t sizes[L + 1] = {2, 3, 2, 2};

typedef struct network {
    double w[L][MOST * MOST], b[L][MOST]; /* of layer l + 1: sizes[l + 1] rows of sizes[l] numbers */
} network;

/* The gradient in `g`, dL/dz of each layer in `delta`; returns the loss. */
static double classic_loop(const network *p, const double *x, const double *y, network *g, double delta[L][MOST])
{
    double h[L + 1][MOST] = {{0}}, loss = 0;
    memcpy(h[0], x, sizeof(double[2]));
    for (int l = 0; l < L; l++)
        for (int i = 0; i < sizes[l + 1]; i++) {
            double z = p->b[l][i];
            for (int k = 0; k < sizes[l]; k++) z += p->w[l][i * sizes[l] + k] * h[l][k];
            h[l + 1][i] = l < L - 1 ? 1 / (1 + exp(-z)) : z;
        }
    for (int i = 0; i < sizes[L]; i++) {
        delta[L - 1][i] = h[L][i] - y[i];
        loss += delta[L - 1][i] * delta[L - 1][i] / 2;
    }
    for (int l = L - 1; l >= 0; l--) {
        for (int i = 0; i < sizes[l + 1]; i++) {
            g->b[l][i] = delta[l][i];
            for (int k = 0; k < sizes[l]; k++) g->w[l][i * sizes[l] + k] = delta[l][i] * h[l][k];
        }
        for (int k = 0; l > 0 && k < sizes[l]; k++) {
            double sum = 0; /* (delta W)_k */
            for (int i = 0; i < sizes[l + 1]; i++) sum += delta[l][i] * p->w[l][i * sizes[l] + k];
            delta[l - 1][k] = sum * h[l][k] * (1 - h[l][k]);
        }
    }
    return loss;
}

/* Prints two lines, and returns how far they are from each other. */
static double compare(const char *name, int layer, const tp_tensor *tape, const double *hand)
{
    char label[64];
    double off = 0;
    const int n = (int)tp_tensor_count(tape);
    snprintf(label, sizeof label, "%s%d, the tape", name, layer);
    course_tensor(label, tape);
    snprintf(label, sizeof label, "%s%d, the loop", name, layer);
    course_numbers(label, n, hand);
    for (int i = 0; i < n; i++) off = fmax(off, fabs(tp_tensor_item(tape, i) - hand[i]));
    return off;
}

static bool loop_against_tape(tp_tape *tape, const char *folder)
{
    const double x[] = {.5, -1}, y[] = {.25, 1};
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    network p, g;
    double delta[L][MOST], off = 0;
    tp_rng rng = tp_rng_seed(1);
    tp_var w[L], b[L], z[L], h = course_data(tape, TP_DIMS(2), x);
    for (int l = 0; l < L; l++) {
        for (int i = 0; i < MOST * MOST; i++) p.w[l][i] = tp_rng_normal(&rng);
        for (int i = 0; i < MOST; i++) p.b[l][i] = tp_rng_normal(&rng);
        w[l] = course_leaf(tape, TP_DIMS(sizes[l + 1], sizes[l]), p.w[l]);
        b[l] = course_leaf(tape, TP_DIMS(sizes[l + 1]), p.b[l]);
        z[l] = tp_retain_grad(tp_add(tp_matmul(w[l], h), b[l]));
        h = l < L - 1 ? tp_sigmoid(z[l]) : z[l];
    }
    const tp_var loss = tp_muls(tp_sum(tp_square(tp_sub(h, course_data(tape, TP_DIMS(2), y)))), .5);
    if (tp_backward(loss) != TP_OK) return false;
    course_numbers("the loss: tape, loop", 2, NUMBERS(tp_item(loss), classic_loop(&p, x, y, &g, delta)));
    for (int l = L - 1; l >= 0; l--) off = fmax(off, compare("delta_", l + 1, tp_grad(z[l]), delta[l]));
    for (int l = L - 1; l >= 0; l--) off = fmax(off, compare("dL/db_", l + 1, tp_grad(b[l]), g.b[l]));
    for (int l = L - 1; l >= 0; l--) off = fmax(off, compare("dL/dW_", l + 1, tp_grad(w[l]), g.w[l]));
    printf("  largest difference %.1e\n", off);
    const double *const values[L + 1] = {x, delta[0], delta[1], delta[2]};
    const tp_draw_network_options options = {.title = "The input, and the delta of each unit", .values = values};
    return course_drawn(tp_draw_network(sizes, L + 1, &options, course_path(path, folder, "28_deltas.svg"), &error),
                        &error);
}

/* How often the rule of the product of matrix and vector has been used, by walks since the profile began. */
static int products(const tp_tape *tape)
{
    tp_op_profile ops[8];
    const int n = tp_tape_profile(tape, ops, 8);
    for (int i = 0; i < n && i < 8; i++)
        if (strcmp(ops[i].op, "matmul") == 0) return (int)ops[i].calls[1];
    return 0;
}

/* dL/dh of what every layer gets, in a deep network: by one walk for all, and by a walk for each. */
static bool count_products(tp_tape *tape, int depth, double *reused, double *anew)
{
    tp_var h[DEPTHS], gradients[DEPTHS];
    tp_tape_reset(tape);
    const tp_var w = course_data(tape, TP_DIMS(2, 2), NUMBERS(.5, -1, .8, .3));
    h[0] = course_leaf(tape, TP_DIMS(2), NUMBERS(.5, -1));
    for (int l = 1; l < depth; l++) h[l] = tp_sigmoid(tp_matmul(w, h[l - 1]));
    const tp_var loss = tp_sum(tp_square(tp_matmul(w, h[depth - 1])));
    tp_tape_set_profile(tape, true);
    bool good = tp_gradients(loss, h, depth, gradients, 0) == TP_OK;
    *reused = products(tape);
    tp_tape_set_profile(tape, false);
    tp_tape_set_profile(tape, true);
    for (int l = 0; good && l < depth; l++) good = tp_gradients(loss, &h[l], 1, &gradients[l], 0) == TP_OK;
    *anew = products(tape);
    tp_tape_set_profile(tape, false);
    return good;
}

static bool show_reuse(tp_tape *tape, const char *folder)
{
    double reused[DEPTHS], anew[DEPTHS];
    printf("\nProducts of delta with a weight matrix, for dL/dh of all layers\n");
    for (int i = 0; i < DEPTHS; i++) {
        if (!count_products(tape, i + 1, &reused[i], &anew[i])) return false;
        if (i % 4 == 3) printf("  %2d layers: one walk %4g, a walk for each layer %4g\n", i + 1, reused[i], anew[i]);
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.title = "What handing delta down saves", .width = 520}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_label = "layers", .y_label = "products with a weight matrix"});
    tp_plot_curve(plot, NULL, anew, DEPTHS,
                  &(tp_plot_style){.label = "from the top each time", .mark = TP_PLOT_SQUARE});
    tp_plot_curve(plot, NULL, reused, DEPTHS, &(tp_plot_style){.label = "delta handed down", .mark = TP_PLOT_DISC});
    return course_picture(plot, folder, "28_deltas-reuse.svg");
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    return course_end(tape, loop_against_tape(tape, folder) && show_reuse(tape, folder));
}
