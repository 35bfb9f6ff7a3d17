/* Programs whose Jacobians and Hessians are sparse.
   Sources: J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing Unconstrained Optimization Software", ACM TOMS 7 (1981),
   functions 30 and 31, and the extended Rosenbrock function in its chained form; S. Agarwal et al., "Bundle Adjustment
   in the Large", ECCV 2010, for the camera. */
#include "bench/sparse_programs.h"

#include <math.h>
#include <stdlib.h>

enum { REACH = 5, CAMERA = 9 };

/* A leaf of numbers between low and high. */
static tp_var leaf(sparse_program *p, int at, int rank, const int64_t *dims, double low, double high)
{
    tp_tensor *x = tp_tensor_new(TP_F64, rank, dims);
    p->tensor[at] = x;
    tp_rng rng = tp_rng_stream(7, (uint64_t)at);
    double *to = tp_tensor_data(x);
    for (int64_t i = 0; x && i < tp_tensor_count(x); i++) to[i] = low + (high - low) * tp_rng_uniform(&rng);
    return tp_leaf(p->tape, x);
}

static tp_var part(tp_var x, int64_t start, int64_t count)
{
    return tp_slice(x, 0, start, start + count, 1);
}

/* (3 - 2 x_i) x_i - x_(i-1) - 2 x_(i+1) + 1 with zeros beyond the ends */
static void tridiagonal(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    const tp_var wide = tp_pad(x, 2, (int64_t[]){1, 1}, TP_PAD_CONSTANT, 0);
    const tp_var own = tp_mul(tp_rsubs(3, tp_muls(x, 2)), x);
    p->y[0] = tp_adds(tp_sub(tp_sub(own, part(wide, 0, n)), tp_muls(part(wide, 2, n), 2)), 1);
}

static void tridiagonal_scalars(sparse_program *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) p->x[i] = tp_scalar(p->tape, sin((double)i));
    for (int64_t i = 0; i < n; i++) {
        tp_var y = tp_mul(tp_rsubs(3, tp_muls(p->x[i], 2)), p->x[i]);
        if (i > 0) y = tp_sub(y, p->x[i - 1]);
        if (i + 1 < n) y = tp_sub(y, tp_muls(p->x[i + 1], 2));
        p->y[i] = tp_adds(y, 1);
    }
}

/* x_i (2 + 5 x_i^2) + 1 - sum over 0 < |i - j| <= 5 of x_j (1 + x_j) */
static void banded(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    const tp_var terms = tp_mul(x, tp_adds(x, 1));
    const tp_var wide = tp_pad(terms, 2, (int64_t[]){REACH, REACH}, TP_PAD_CONSTANT, 0);
    tp_var y = tp_adds(tp_mul(x, tp_adds(tp_muls(tp_square(x), 5), 2)), 1);
    for (int64_t k = 0; k <= 2 * REACH; k++)
        if (k != REACH) y = tp_sub(y, part(wide, k, n));
    p->y[0] = y;
}

static tp_var first(tp_var x)
{
    return tp_index(x, 1, (int64_t[]){0});
}

static void arrowhead(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    p->y[0] = tp_sum(tp_square(x));
    p->y[1] = tp_mul(part(x, 1, n - 1), first(x));
    p->m = 2;
}

static void rosenbrock(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    const tp_var low = part(x, 0, n - 1), high = part(x, 1, n - 1);
    p->y[0] =
        tp_add(tp_sum(tp_muls(tp_square(tp_sub(high, tp_square(low))), 100)), tp_sum(tp_square(tp_rsubs(1, low))));
}

static void rosenbrock_scalars(sparse_program *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) p->x[i] = tp_scalar(p->tape, sin((double)i));
    tp_var f = tp_const(p->tape, 0);
    for (int64_t i = 0; i + 1 < n; i++) {
        f = tp_add(f, tp_muls(tp_square(tp_sub(p->x[i + 1], tp_square(p->x[i]))), 100));
        f = tp_add(f, tp_square(tp_rsubs(1, p->x[i])));
    }
    p->y[0] = f;
}

static void band(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    tp_var f = tp_const(p->tape, 0);
    for (int64_t k = 1; k <= REACH; k++) f = tp_add(f, tp_sum(tp_cos(tp_mul(part(x, 0, n - k), part(x, k, n - k)))));
    p->y[0] = f;
}

static void arrow(sparse_program *p, int64_t n)
{
    const tp_var x = p->x[0] = leaf(p, 0, TP_DIMS(n), -1, 1);
    p->y[0] = tp_add(tp_sum(tp_square(tp_square(x))), tp_sum(tp_cos(tp_mul(x, first(x)))));
}

/* ---- bundle adjustment ---- */

static tp_var indices(sparse_program *p, int at, int64_t n, int64_t group, int64_t step, int64_t below)
{
    tp_tensor *x = tp_tensor_new(TP_I64, TP_DIMS(n));
    p->tensor[at] = x;
    int64_t *to = tp_tensor_data(x);
    for (int64_t i = 0; x && i < n; i++) to[i] = (i / group + i % group * step) % below;
    return tp_data(p->tape, x);
}

static tp_var dot(const tp_var *a, const tp_var *b)
{
    return tp_add(tp_add(tp_mul(a[0], b[0]), tp_mul(a[1], b[1])), tp_mul(a[2], b[2]));
}

/* Row k of a cross b. */
static tp_var cross(const tp_var *a, const tp_var *b, int k)
{
    const int i = (k + 1) % 3, j = (k + 2) % 3;
    return tp_sub(tp_mul(a[i], b[j]), tp_mul(a[j], b[i]));
}

/* x turned about w by |w|: x cos + (u cross x) sin + u (u x) (1 - cos), u = w / |w| */
static void rotate(const tp_var *w, const tp_var *x, tp_var *to)
{
    const tp_var angle = tp_sqrt(dot(w, w)), c = tp_cos(angle), s = tp_sin(angle);
    tp_var u[3];
    for (int k = 0; k < 3; k++) u[k] = tp_div(w[k], angle);
    const tp_var along = tp_mul(dot(u, x), tp_rsubs(1, c));
    for (int k = 0; k < 3; k++) to[k] = tp_add(tp_add(tp_mul(x[k], c), tp_mul(cross(u, x, k), s)), tp_mul(u[k], along));
}

/* camera: rotation, translation, focal length, two of radial distortion; each a row of numbers for all observations.
   y = f (1 + k1 r^2 + k2 r^4) q, q = -(X, Y) / Z of the turned and moved point */
static void project(const tp_var *camera, const tp_var *point, tp_var *y)
{
    tp_var turned[3];
    rotate(camera, point, turned);
    for (int k = 0; k < 3; k++) turned[k] = tp_add(turned[k], camera[3 + k]);
    const tp_var q[2] = {tp_neg(tp_div(turned[0], turned[2])), tp_neg(tp_div(turned[1], turned[2]))};
    const tp_var r = tp_add(tp_square(q[0]), tp_square(q[1]));
    const tp_var d = tp_adds(tp_mul(r, tp_add(camera[7], tp_mul(r, camera[8]))), 1), scale = tp_mul(camera[6], d);
    for (int k = 0; k < 2; k++) y[k] = tp_adds(tp_mul(scale, q[k]), .1);
}

/* n observations of n/5 points by n/100 cameras, at least 10: each point is seen by five. */
static void bundle(sparse_program *p, int64_t n, bool cost)
{
    const int64_t points = (n + 4) / 5, cameras = n < 1000 ? 10 : n / 100;
    p->n = 2;
    p->m = 2;
    p->x[0] = leaf(p, 0, TP_DIMS(CAMERA, cameras), .1, .3);
    p->x[1] = leaf(p, 1, TP_DIMS(3, points), 1, 2);
    const tp_var seen = tp_index_select(p->x[0], 1, indices(p, 2, n, 5, cameras / 5, cameras));
    const tp_var at = tp_index_select(p->x[1], 1, indices(p, 3, n, 5, 0, points));
    tp_var camera[CAMERA], point[3];
    for (int64_t k = 0; k < CAMERA; k++) camera[k] = part(seen, k, 1);
    for (int64_t k = 0; k < 3; k++) point[k] = part(at, k, 1);
    project(camera, point, p->y);
    if (!cost) return;
    p->y[0] = tp_muls(tp_add(tp_sum(tp_square(p->y[0])), tp_sum(tp_square(p->y[1]))), .5);
    p->m = 1;
}

/* ---- all of them ---- */

static bool by_scalars(sparse_kind kind)
{
    return kind == TRIDIAGONAL_SCALARS || kind == ROSENBROCK_SCALARS;
}

bool sparse_record(sparse_kind kind, tp_tape *tape, int64_t n, sparse_program *p)
{
    const size_t room = by_scalars(kind) ? (size_t)n : SPARSE_NODES;
    *p = (sparse_program){.tape = tape, .n = by_scalars(kind) ? (int)n : 1};
    p->m = kind == TRIDIAGONAL_SCALARS ? (int)n : 1;
    p->x = calloc(room, sizeof *p->x);
    p->y = calloc(room, sizeof *p->y);
    if (!p->x || !p->y) return false;
    switch (kind) {
    case TRIDIAGONAL: tridiagonal(p, n); break;
    case TRIDIAGONAL_SCALARS: tridiagonal_scalars(p, n); break;
    case BANDED: banded(p, n); break;
    case ARROWHEAD: arrowhead(p, n); break;
    case BUNDLE: bundle(p, n, false); break;
    case ROSENBROCK: rosenbrock(p, n); break;
    case ROSENBROCK_SCALARS: rosenbrock_scalars(p, n); break;
    case BAND: band(p, n); break;
    case ARROW: arrow(p, n); break;
    case BUNDLE_COST: bundle(p, n, true); break;
    }
    return tp_tape_status(tape) == TP_OK;
}

void sparse_release(sparse_program *p)
{
    for (int i = 0; i < 4; i++) tp_tensor_release(p->tensor[i]);
    free(p->x);
    free(p->y);
}
