/* Why the walk goes backwards, one vector at a time.

   Through a chain of layers h_l = tanh(W_l h_(l-1)), n units each, the chain rule says

     dL/dx = u J_L ... J_2 J_1      u = dL/dh_L, a row vector;  J_l = diag(1 - h_l^2) W_l, an n x n matrix

   The product can be taken in any order. Multiply the matrices first, and each step is a product of two matrices, with
   n^3 multiplications; begin with the row vector, and each step is a product of a vector with a matrix, with n^2. That
   is the backward walk: no Jacobian is ever formed, not even a single layer's, since delta -> (delta * (1 - h^2)) W
   needs W alone. Multiplications are counted in what the tape records; numbers held are what a method takes of memory
   at most; time is the processor's, and has a step where the weights no longer fit into a cache. */
#include <string.h>
#include <time.h>

#include "lib_course.h"

enum { LAYERS = 4, SIZES = 6, FIRST = 16, KINDS = 3 };
static const char *const kinds[KINDS] = {"multiplications", "numbers held", "seconds"};

typedef struct chain {
    tp_var x, u, w[LAYERS], h[LAYERS + 1];
} chain;

static double now(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static tp_var random_numbers(tp_tape *tape, tp_rng *rng, int rank, int n, tp_var (*node)(tp_tape *, tp_tensor *))
{
    tp_tensor *tensor = tp_tensor_new(TP_F64, rank, (const int64_t[]){n, n});
    tp_init_normal(tensor, 0, 1 / sqrt(n), rng, NULL);
    const tp_var x = node(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

static chain record(tp_tape *tape, int n)
{
    tp_rng rng = tp_rng_seed((uint64_t)n);
    chain c;
    tp_tape_reset(tape);
    c.x = c.h[0] = random_numbers(tape, &rng, 1, n, tp_leaf);
    c.u = random_numbers(tape, &rng, 1, n, tp_data);
    for (int l = 0; l < LAYERS; l++) {
        c.w[l] = random_numbers(tape, &rng, 2, n, tp_data);
        c.h[l + 1] = tp_tanh(tp_matmul(c.w[l], c.h[l]));
    }
    return c;
}

/* diag(1 - h^2) W: each row of W times its own number */
static tp_var jacobian_of_layer(const chain *c, int l)
{
    const tp_var slope = tp_rsubs(1, tp_square(c->h[l + 1]));
    return tp_mul(tp_reshape(slope, TP_DIMS(-1, 1)), c->w[l]);
}

static tp_var by_jacobians(const chain *c, unsigned flags)
{
    (void)flags; /* this is always recorded */
    tp_var product = jacobian_of_layer(c, LAYERS - 1);
    for (int l = LAYERS - 2; l >= 0; l--) product = tp_matmul(product, jacobian_of_layer(c, l));
    return tp_matmul(c->u, product);
}

/* With TP_CREATE_GRAPH the walk itself is recorded, and can be looked at. */
static tp_var by_vectors(const chain *c, unsigned flags)
{
    tp_var gradient;
    tp_vjp(c->h[LAYERS], c->u, &c->x, 1, &gradient, flags);
    return gradient;
}

/* Multiplications in all products of matrices on the tape: n for each element that comes out. */
static double multiplications(const tp_tape *tape, int n)
{
    tp_op_tally ops[32];
    const int count = tp_tape_op_counts(tape, ops, 32);
    for (int i = 0; i < count && i < 32; i++)
        if (strcmp(ops[i].op, "matmul") == 0) return (double)n * (double)ops[i].elements;
    return 0;
}

/* What a method costs, beyond the recording of the chain. */
static void measure(tp_tape *tape, int n, tp_var (*method)(const chain *, unsigned), double *cost[KINDS])
{
    const chain c = record(tape, n);
    const tp_mark mark = tp_tape_mark(tape);
    const int calls = 1 + (1 << 16) / (n * n); /* that many take long enough for the clock */
    const double before = multiplications(tape, n);
    double seconds = HUGE_VAL;
    method(&c, TP_CREATE_GRAPH);
    *cost[0] = multiplications(tape, n) - before;
    tp_tape_rewind(tape, mark);
    const size_t held = tp_tape_stats(tape).tensor.now;
    tp_tape_reset_peaks(tape);
    for (double start = now(), t = start; t < start + .03; t = now()) {
        for (int i = 0; i < calls; i++) {
            method(&c, 0);
            tp_tape_rewind(tape, mark);
        }
        seconds = fmin(seconds, (now() - t) / calls); /* the quickest: nothing else was in the way */
    }
    *cost[1] = (double)(tp_tape_stats(tape).tensor.peak - held) / sizeof(double);
    *cost[2] = seconds;
}

/* k where the cost grows as n^k, over all sizes but the first two, which are too small to tell. */
static double exponent(const double *n, const double *cost)
{
    return log(cost[SIZES - 1] / cost[2]) / log(n[SIZES - 1] / n[2]);
}

static void draw(tp_plot *plot, const char *kind, const double *n, const double *jacobians, const double *vectors)
{
    char label[2][64];
    snprintf(label[0], sizeof *label, "Jacobians: about n^%.1f", exponent(n, jacobians));
    snprintf(label[1], sizeof *label, "vectors: about n^%.1f", exponent(n, vectors));
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = kind, .x_label = "n", .x_log = true, .y_log = true});
    tp_plot_curve(plot, n, jacobians, SIZES, &(tp_plot_style){.label = label[0], .mark = TP_PLOT_SQUARE});
    tp_plot_curve(plot, n, vectors, SIZES, &(tp_plot_style){.label = label[1], .mark = TP_PLOT_DISC});
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    double n[SIZES], j[KINDS][SIZES], v[KINDS][SIZES], off = 0;
    printf("Cost by Jacobians, and by vectors\n%46s %25s %25s\n", kinds[0], kinds[1], kinds[2]);
    for (int i = 0; i < SIZES; i++) {
        const int units = FIRST << i;
        n[i] = units;
        measure(tape, units, by_jacobians, (double *[]){&j[0][i], &j[1][i], &j[2][i]});
        measure(tape, units, by_vectors, (double *[]){&v[0][i], &v[1][i], &v[2][i]});
        printf("  n = %-14d %12.0f %12.0f %10.0f %12.0f %12.1e %12.1e\n", units, j[0][i], v[0][i], j[1][i], v[1][i],
               j[2][i], v[2][i]);
        const chain c = record(tape, units);
        off = fmax(off, course_difference(by_jacobians(&c, 0), by_vectors(&c, 0)));
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 380, .height = 380}, NULL);
    printf("\nThe cost grows as n to the power of\n");
    for (int k = 0; k < KINDS; k++) {
        printf("  %-18s %12.3f %12.3f\n", kinds[k], exponent(n, j[k]), exponent(n, v[k]));
        draw(plot, kinds[k], n, j[k], v[k]);
    }
    printf("\nThe gradients differ by at most %.1e\n", off);
    return course_end(tape, course_picture(plot, folder, "30_jacobian_cost.svg"));
}
