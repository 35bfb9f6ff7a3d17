/* kmeans: the sum of the squared distances of n points from the nearest of k centroids, and the step of Newton's method
   in the centroids: the gradient divided by the diagonal of the Hessian. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

typedef struct kmeans {
    tp_tape *tape;
    tp_tensor *points, *centroids; /* (n, d), (k, d) */
    tp_var result;
} kmeans;

static tp_var cost(tp_var points, tp_var centroids)
{
    const tp_var own = tp_index_select(centroids, 0, tp_nearest(points, centroids));
    return tp_sum(tp_square(tp_sub(points, own)));
}

/* The Hessian is diagonal, so that its product with ones, forward over reverse, is all of it. */
static tp_var direction(tp_var points, tp_var centroids)
{
    const tp_var ones = tp_const(points.tape, 1);
    tp_var gradient, diagonal;
    tp_gradients(cost(points, centroids), &centroids, 1, &gradient, TP_CREATE_GRAPH);
    tp_jvp(gradient, &centroids, &ones, 1, &diagonal, 0);
    return tp_div(gradient, diagonal);
}

static tp_status kmeans_run(void *problem, int function, tp_error *error)
{
    kmeans *p = problem;
    tp_tape_reset(p->tape);
    const tp_var points = tp_data(p->tape, p->points);
    if (function == 1)
        p->result = direction(points, tp_leaf(p->tape, p->centroids));
    else
        p->result = cost(points, tp_data(p->tape, p->centroids));
    return gb_tape_status(p->tape, error);
}

static void kmeans_write(const void *problem, int function, gb_text *out)
{
    (void)function;
    gb_put_var(out, ((const kmeans *)problem)->result);
}

static const tp_tape *kmeans_tape(const void *problem)
{
    return ((const kmeans *)problem)->tape;
}

static void kmeans_free(void *problem)
{
    kmeans *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    tp_tensor_release(p->points);
    tp_tensor_release(p->centroids);
    free(p);
}

static void *kmeans_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    kmeans *p = calloc(1, sizeof *p);
    int64_t points[2] = {-1, -1}, centroids[2] = {-1, -1};
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK) p->points = gb_read_tensor(input, "points", TP_F64, 2, points, error);
    centroids[1] = points[1];
    if (p->points) p->centroids = gb_read_tensor(input, "centroids", TP_F64, 2, centroids, error);
    if (p->centroids && points[0] > 0 && points[1] > 0 && centroids[0] > 0) return p;
    if (p->centroids) gb_fail(error, TP_E_SHAPE, "there are no points, no centroids or no dimensions");
    kmeans_free(p);
    return NULL;
}

const gb_eval gb_kmeans = {
    .name = "kmeans",
    .functions = {{"cost", "recorded"}, {"dir", "recorded"}},
    .parse = kmeans_parse,
    .run = kmeans_run,
    .write = kmeans_write,
    .tape = kmeans_tape,
    .free = kmeans_free,
};
