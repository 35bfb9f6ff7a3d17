/* gmm: the log posterior of a mixture of k Gaussians in d dimensions given n observations, with a Wishart prior, by the
   mixture's weights alpha, means mu and triangular factors Q of the inverse covariances (diagonal e^q, below it l). */
#include <math.h>
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

/* Rows of Q (x - mu) that are made together, so that what is made of them stays in a cache. */
enum { ROWS = 64 };
enum { ALPHA, MU, Q, L, PARAMS };

static const char *const names[PARAMS] = {"alpha", "mu", "q", "l"};

typedef struct gmm {
    tp_tape *tape;
    int64_t d, k, n, block, blocks; /* blocks of so many components */
    double m, gamma, constant;
    tp_tensor *x, *param[PARAMS]; /* (n, d); (k), (k, d), (k, d), (k, d (d - 1) / 2) */
    tp_tensor *place;             /* (d d): which of e^q, l and 0, one behind the other, each element of Q is */
    tp_var *squares;              /* of each block */
    double value;
    tp_var leaf[PARAMS]; /* of the latest run: they hold the gradient */
} gmm;

/* |Q (x - mu)|^2 of every observation and of the components first .. last - 1: (n, last - first). All their matrices
   are one, with Q mu for a bias: the product with x is a single one. */
static tp_var squared_distances(const gmm *p, tp_var x, tp_var factors, tp_var mu, int64_t first, int64_t last)
{
    const int64_t rows = (last - first) * p->d;
    const tp_var q = tp_slice(factors, 0, first, last, 1), centre = tp_slice(mu, 0, first, last, 1);
    const tp_var shift = tp_neg(tp_reshape(tp_matvec(q, centre), TP_DIMS(rows)));
    const tp_var z = tp_linear(x, tp_reshape(q, TP_DIMS(rows, p->d)), shift);
    return tp_sum_axes(tp_square(tp_reshape(z, TP_DIMS(p->n, last - first, p->d))), TP_AXES(2), false);
}

/* sum_i log sum_k e^(alpha_k + sum q_k - |Q_k (x_i - mu_k)|^2 / 2) - n log sum_k e^alpha_k */
static tp_var log_likelihood(const gmm *p, const tp_var *param, tp_var diagonal, tp_var log_det)
{
    const tp_var parts[] = {diagonal, param[L], tp_zeros(p->tape, TP_F64, TP_DIMS(p->k, 1))};
    const tp_var elements = tp_index_select(tp_concat(parts, 3, 1), 1, tp_data(p->tape, p->place));
    const tp_var factors = tp_reshape(elements, TP_DIMS(p->k, p->d, p->d)), x = tp_data(p->tape, p->x);
    for (int64_t b = 0; b < p->blocks; b++) {
        const int64_t first = b * p->block, last = first + p->block < p->k ? first + p->block : p->k;
        p->squares[b] = squared_distances(p, x, factors, param[MU], first, last);
    }
    const tp_var squares = tp_concat(p->squares, (int)p->blocks, 1);
    const tp_var beta = tp_sub(tp_add(param[ALPHA], log_det), tp_muls(squares, 0.5));
    const tp_var weights = tp_logsumexp_axes(param[ALPHA], TP_AXES(0), false);
    return tp_sub(tp_sum(tp_logsumexp(beta, 1, false)), tp_muls(weights, (double)p->n));
}

static tp_var log_posterior(gmm *p)
{
    tp_tape_reset(p->tape);
    for (int i = 0; i < PARAMS; i++) p->leaf[i] = tp_leaf(p->tape, p->param[i]);
    const tp_var *param = p->leaf;
    const tp_var diagonal = tp_exp(param[Q]), log_det = tp_sum_axes(param[Q], TP_AXES(1), false);
    const tp_var frobenius = tp_add(tp_sum(tp_square(diagonal)), tp_sum(tp_square(param[L])));
    const tp_var prior = tp_sub(tp_muls(tp_sum(log_det), p->m), tp_muls(frobenius, 0.5 * p->gamma * p->gamma));
    return tp_adds(tp_add(log_likelihood(p, param, diagonal, log_det), prior), p->constant);
}

static tp_status gmm_run(void *problem, int function, tp_error *error)
{
    gmm *p = problem;
    const bool was = tp_tape_set_grad(p->tape, function == 1);
    const tp_var value = log_posterior(p);
    if (function == 1) tp_backward(value);
    tp_tape_set_grad(p->tape, was);
    p->value = tp_item(value);
    if (!isfinite(p->value)) return gb_fail(error, TP_E_NUMERIC, "the log posterior is NaN or infinite");
    return gb_tape_status(p->tape, error);
}

/* ---- what does not depend on the parameters ---- */

/* -n d/2 log 2 pi + k C, where C = nu d (log gamma - log(2)/2) - log Gamma_d(nu/2) belongs to the Wishart distribution
   with nu = d + m + 1 degrees of freedom. */
static double constant_of(const gmm *p)
{
    const double d = (double)p->d, nu = d + p->m + 1, pi = acos(-1);
    double log_gamma = d * (d - 1) / 4 * log(pi);
    for (int64_t j = 0; j < p->d; j++) log_gamma += lgamma((nu - (double)j) / 2);
    const double wishart = nu * d * (log(p->gamma) - 0.5 * log(2)) - log_gamma;
    return -(double)p->n * d / 2 * log(2 * pi) + (double)p->k * wishart;
}

/* l holds the columns below the diagonal one after another. */
static tp_tensor *places(int64_t d)
{
    tp_tensor *place = tp_tensor_new(TP_I64, TP_DIMS(d * d));
    int64_t *at = tp_tensor_data(place);
    for (int64_t r = 0; r < d && at; r++)
        for (int64_t c = 0; c < d; c++) {
            const int64_t below = c * d - c * (c + 1) / 2 + r - c - 1;
            at[r * d + c] = r == c ? r : r > c ? d + below : d + d * (d - 1) / 2;
        }
    return place;
}

/* ---- the eval ---- */

static void gmm_free(void *problem)
{
    gmm *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    tp_tensor_release(p->x);
    tp_tensor_release(p->place);
    for (int i = 0; i < PARAMS; i++) tp_tensor_release(p->param[i]);
    free(p->squares);
    free(p);
}

static bool read_all(gmm *p, const json_t *input, tp_error *error)
{
    const int64_t most = INT32_MAX;
    if (!gb_read_int(input, "d", 2, 4096, &p->d, error) || !gb_read_int(input, "k", 1, most, &p->k, error) ||
        !gb_read_int(input, "n", 1, most, &p->n, error) || !gb_read_number(input, "m", &p->m, error) ||
        !gb_read_number(input, "gamma", &p->gamma, error))
        return false;
    if (!(p->m >= 0 && p->gamma > 0)) return gb_fail(error, TP_E_ARGUMENT, "\"m\" or \"gamma\" is out of range"), false;
    int64_t dims[PARAMS][2] = {{p->k}, {p->k, p->d}, {p->k, p->d}, {p->k, p->d * (p->d - 1) / 2}};
    p->x = gb_read_tensor(input, "x", TP_F64, 2, (int64_t[]){p->n, p->d}, error);
    if (!p->x) return false;
    for (int i = 0; i < PARAMS; i++)
        if (!(p->param[i] = gb_read_tensor(input, names[i], TP_F64, i == ALPHA ? 1 : 2, dims[i], error))) return false;
    return true;
}

static void *gmm_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    gmm *p = calloc(1, sizeof *p);
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK && read_all(p, input, error)) {
        p->constant = constant_of(p);
        p->place = places(p->d);
        p->block = p->d < ROWS ? ROWS / p->d : 1;
        p->blocks = (p->k + p->block - 1) / p->block;
        p->squares = malloc((size_t)p->blocks * sizeof *p->squares);
        if (p->place && p->squares) return p;
        gb_fail(error, TP_E_MEMORY, "no memory for the problem");
    }
    gmm_free(p);
    return NULL;
}

static void gmm_write(const void *problem, int function, gb_text *out)
{
    const gmm *p = problem;
    if (function == 0) {
        gb_put_number(out, p->value);
        return;
    }
    for (int i = 0; i < PARAMS; i++) {
        gb_put(out, i ? ",\"" : "{\"");
        gb_put(out, names[i]);
        gb_put(out, "\":");
        gb_put_tensor(out, tp_grad(p->leaf[i]));
    }
    gb_put(out, "}");
}

static const tp_tape *gmm_tape(const void *problem)
{
    return ((const gmm *)problem)->tape;
}

const gb_eval gb_gmm = {
    .name = "gmm",
    .functions = {{"objective", "recorded"}, {"jacobian", "recorded"}},
    .parse = gmm_parse,
    .run = gmm_run,
    .write = gmm_write,
    .tape = gmm_tape,
    .free = gmm_free,
};
