/* Matrix products, many at once.

   C = A B, c_ij = sum_p a_ip b_pj, is where a network spends its time ("GEMM", general matrix multiplication). A batch
   of them, (..., m, k) by (..., k, n), is one op on the tape. Its gradient is made of two batches of products:

     dA = dC B^T,   dB = A^T dC      each for its own matrices; where one B serves all, its parts are added

   A single small product costs more to record than to compute. In a batch it is recorded once for all, and the
   processor is kept busy: what is true of a processor is all the more true of a big GPU, which wants thousands of
   products at a time. (How a device comes in: see 59_device.) */
#include "lib_course.h"

#include <time.h>

enum { BATCH = 64, MOST = 64, ROUNDS = 8 };

/* The i-th matrix of a batch. */
static tp_var matrix(tp_var batch, int64_t i)
{
    return tp_squeeze(tp_slice(batch, 0, i, i + 1, 1), TP_AXES(0));
}

/* The gradients of c, whose upstream gradient is random, against finite differences. */
static bool check(const char *name, tp_var a, tp_var b, tp_var c)
{
    tp_error error = {TP_OK, ""};
    const bool good = course_drawn(tp_gradcheck(c, (const tp_var[]){a, b}, 2, NULL, &error), &error);
    printf("  %-34s finite differences agree: %s\n", name, good ? "yes" : "no");
    return good;
}

static bool products(tp_tape *tape)
{
    tp_rng rng = tp_rng_seed(1);
    tp_var grads[2];
    const tp_var a = course_normal(tape, TP_DIMS(5, 3, 4), 1, &rng), b = course_normal(tape, TP_DIMS(5, 4, 2), 1, &rng),
                 one = course_normal(tape, TP_DIMS(4, 2), 1, &rng),
                 more = course_normal(tape, TP_DIMS(2, 1, 3, 4), 1, &rng),
                 g = course_normal(tape, TP_DIMS(5, 3, 2), 1, &rng);
    const tp_var c = tp_matmul(a, b);
    double off = 0;
    for (int64_t i = 0; i < 5; i++) { /* the i-th product of the batch, alone */
        off = fmax(off, course_difference(tp_matmul(matrix(a, i), matrix(b, i)), matrix(c, i)));
    }
    tp_vjp(c, g, (const tp_var[]){a, b}, 2, grads, 0);
    printf("  %-26s %12.1e\n", "batch - one by one", off);
    printf("  %-26s %12.1e\n", "dA - dC B^T", course_difference(grads[0], tp_matmul(g, tp_transpose(b, 1, 2))));
    printf("  %-26s %12.1e\n", "dB - A^T dC", course_difference(grads[1], tp_matmul(tp_transpose(a, 1, 2), g)));
    return check("(5,3,4) by (5,4,2)", a, b, c) && check("(5,3,4) by (4,2)", a, one, tp_matmul(a, one)) &&
           check("(2,1,3,4) by (5,4,2)", more, b, tp_matmul(more, b));
}

/* ---- how fast ---- */

/* c (n, n) = a (n, n) b (n, n), as it is written. */
static void plain_loop(int64_t n, const double *a, const double *b, double *c)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t p = 0; p < n; p++) sum += a[i * n + p] * b[p * n + j];
            c[i * n + j] = sum;
        }
}

/* BATCH products of n x n: in a plain loop, recorded one by one, recorded as a batch. */
static void multiply(int how, int64_t n, tp_var x, tp_var batch)
{
    static double c[MOST * MOST];
    const double *numbers = tp_tensor_read(tp_value(x));
    for (int i = 0; how < 2 && i < BATCH; i++) {
        if (how == 0) plain_loop(n, numbers, numbers, c);
        if (how == 1) tp_matmul(x, x);
    }
    if (how == 2) tp_matmul(batch, batch);
}

/* Billions of multiplications and additions in a second of the processor's time: the best of several short rounds. */
static double speed(tp_tape *tape, int how, int64_t n)
{
    double best = 0;
    tp_rng rng = tp_rng_seed(2);
    tp_tape_reset(tape);
    const tp_var x = course_normal(tape, TP_DIMS(n, n), 1, &rng),
                 batch = course_normal(tape, TP_DIMS(BATCH, n, n), 1, &rng);
    const tp_mark mark = tp_tape_mark(tape);
    for (int round = 0; round < ROUNDS; round++) {
        double times = 0, seconds = 0;
        for (const clock_t begin = clock(); seconds < 1e-3; seconds = (double)(clock() - begin) / CLOCKS_PER_SEC) {
            multiply(how, n, x, batch);
            tp_tape_rewind(tape, mark);
            times++;
        }
        best = fmax(best, 2e-9 * times * BATCH * (double)(n * n * n) / seconds);
    }
    return best;
}

int main(int argc, char **argv)
{
    static const char *const names[3] = {"a plain loop", "matmul, one by one", "matmul, a batch of 64"};
    double size[8], rate[3][8];
    int sizes = 0;
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 560, .height = 380}, NULL);
    puts("five products of 3 x 4 by 4 x 2, the largest difference");
    bool good = tape && plot && products(tape);
    printf("\nbillions of operations a second, on this machine\n  %4s %22s %22s %22s\n", "n", names[0], names[1],
           names[2]);
    for (int n = 2; good && n <= MOST; n *= 2, sizes++) {
        size[sizes] = n;
        printf("  %4d", n);
        for (int how = 0; how < 3; how++) printf(" %22.2f", rate[how][sizes] = speed(tape, how, n));
        putchar('\n');
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Products of n x n matrices",
                                                 .x_label = "n",
                                                 .y_label = "billions of operations a second",
                                                 .x_log = true,
                                                 .y_log = true});
    for (int how = 0; how < 3; how++)
        tp_plot_curve(plot, size, rate[how], sizes,
                      &(tp_plot_style){.label = names[how], .mark = (tp_plot_mark)(how + 1)});
    good = course_picture(plot, folder, "58_batched_products.svg") && good;
    return course_end(tape, good);
}
