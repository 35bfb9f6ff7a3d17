/* Plain C of the problems of learning: gmm, lstm, kmeans, lse. */
#include <math.h>

#include "bench/gradbench/plain.h"

/* max + log sum_j e^(x_j - max) */
static double log_sum_exp(const double *x, int64_t n)
{
    double most = x[0], sum = 0;
    for (int64_t j = 1; j < n; j++) most = x[j] > most ? x[j] : most;
    for (int64_t j = 0; j < n; j++) sum += exp(x[j] - most);
    return most + log(sum);
}

/* ---- gmm ---- */

enum { X, ALPHA, MU, Q, L };

static bool gmm_read(plain_problem *p, const json_t *input, tp_error *error)
{
    if (!gb_read_int(input, "d", 2, 4096, &p->n[0], error) || !gb_read_int(input, "k", 1, INT32_MAX, &p->n[1], error) ||
        !gb_read_int(input, "n", 1, INT32_MAX, &p->n[2], error) || !gb_read_number(input, "m", &p->real[0], error) ||
        !gb_read_number(input, "gamma", &p->real[1], error))
        return false;
    const int64_t d = p->n[0], k = p->n[1], n = p->n[2];
    p->tensor[X] = gb_read_tensor(input, "x", TP_F64, 2, (int64_t[]){n, d}, error);
    if (p->tensor[X]) p->tensor[ALPHA] = gb_read_tensor(input, "alpha", TP_F64, 1, (int64_t[]){k}, error);
    if (p->tensor[ALPHA]) p->tensor[MU] = gb_read_tensor(input, "mu", TP_F64, 2, (int64_t[]){k, d}, error);
    if (p->tensor[MU]) p->tensor[Q] = gb_read_tensor(input, "q", TP_F64, 2, (int64_t[]){k, d}, error);
    if (p->tensor[Q]) p->tensor[L] = gb_read_tensor(input, "l", TP_F64, 2, (int64_t[]){k, d * (d - 1) / 2}, error);
    return p->tensor[L] && plain_room(p, k * d + k + 2 * d + k, 0, error);
}

/* |Q (x - mu)|^2, Q by its diagonal and, column after column, what is below it. */
PLAIN_LOOPS static double distance(int64_t d, const double *x, const double *mu, const double *diagonal,
                                   const double *l, double *centred, double *z)
{
    double sum = 0;
    for (int64_t j = 0; j < d; j++) centred[j] = x[j] - mu[j];
    for (int64_t j = 0; j < d; j++) z[j] = diagonal[j] * centred[j];
    for (int64_t c = 0; c < d; c++)
        for (int64_t r = c + 1; r < d; r++) z[r] += *l++ * centred[c];
    for (int64_t j = 0; j < d; j++) sum += z[j] * z[j];
    return sum;
}

static double wishart(const plain_problem *p, const double *diagonal, const double *sums)
{
    const int64_t d = p->n[0], k = p->n[1], below = d * (d - 1) / 2;
    const double m = p->real[0], gamma = p->real[1], nu = (double)d + m + 1, *l = plain_numbers(p, L);
    double log_gamma = 0.25 * (double)(d * (d - 1)) * log(acos(-1)), value = 0;
    for (int64_t j = 1; j <= d; j++) log_gamma += lgamma(0.5 * nu + 0.5 * (double)(1 - j));
    for (int64_t i = 0; i < k; i++) {
        double frobenius = 0;
        for (int64_t j = 0; j < d; j++) frobenius += diagonal[i * d + j] * diagonal[i * d + j];
        for (int64_t j = 0; j < below; j++) frobenius += l[i * below + j] * l[i * below + j];
        value += m * sums[i] - 0.5 * gamma * gamma * frobenius;
    }
    return value + (double)k * (nu * (double)d * (log(gamma) - 0.5 * log(2)) - log_gamma);
}

static void gmm_compute(plain_problem *p)
{
    const int64_t d = p->n[0], k = p->n[1], n = p->n[2], below = d * (d - 1) / 2;
    const double *x = plain_numbers(p, X), *alpha = plain_numbers(p, ALPHA), *mu = plain_numbers(p, MU),
                 *q = plain_numbers(p, Q), *l = plain_numbers(p, L);
    double *diagonal = p->room, *sums = diagonal + k * d, *centred = sums + k, *z = centred + d, *beta = z + d,
           value = 0;
    for (int64_t i = 0; i < k; i++) {
        sums[i] = 0;
        for (int64_t j = 0; j < d; j++) sums[i] += q[i * d + j], diagonal[i * d + j] = exp(q[i * d + j]);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k; c++)
            beta[c] = alpha[c] + sums[c] -
                      0.5 * distance(d, x + i * d, mu + c * d, diagonal + c * d, l + c * below, centred, z);
        value += log_sum_exp(beta, k);
    }
    value -= (double)(n * d) / 2 * log(2 * acos(-1)) + (double)n * log_sum_exp(alpha, k);
    p->value = value + wishart(p, diagonal, sums);
}

PLAIN(gmm, "objective", gmm_read, gmm_compute, plain_write);

/* ---- lstm ---- */

enum { MAIN, EXTRA, STATE, SEQUENCE };

static bool lstm_read(plain_problem *p, const json_t *input, tp_error *error)
{
    int64_t main[2] = {-1, -1}, sequence[2] = {-1, 0};
    p->tensor[MAIN] = gb_read_tensor(input, "main_params", TP_F64, 2, main, error);
    if (!p->tensor[MAIN]) return false;
    const int64_t layers = main[0] / 2, b = main[1] / 4;
    sequence[1] = b;
    p->tensor[EXTRA] = gb_read_tensor(input, "extra_params", TP_F64, 2, (int64_t[]){3, b}, error);
    if (p->tensor[EXTRA])
        p->tensor[STATE] = gb_read_tensor(input, "state", TP_F64, 2, (int64_t[]){2 * layers, b}, error);
    if (p->tensor[STATE]) p->tensor[SEQUENCE] = gb_read_tensor(input, "sequence", TP_F64, 2, sequence, error);
    p->n[0] = layers, p->n[1] = b, p->n[2] = sequence[0];
    return p->tensor[SEQUENCE] && plain_room(p, (2 * layers + 2) * b, 0, error);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* One layer's step: `in` becomes its new h. */
static void cell(int64_t b, const double *weight, const double *bias, double *h, double *c, double *in)
{
    for (int64_t j = 0; j < b; j++) {
        const double forget = sigmoid(in[j] * weight[j] + bias[j]);
        const double gate = sigmoid(h[j] * weight[b + j] + bias[b + j]);
        const double output = sigmoid(in[j] * weight[2 * b + j] + bias[2 * b + j]);
        const double change = tanh(h[j] * weight[3 * b + j] + bias[3 * b + j]);
        c[j] = c[j] * forget + gate * change;
        in[j] = h[j] = output * tanh(c[j]);
    }
}

static void lstm_compute(plain_problem *p)
{
    const int64_t layers = p->n[0], b = p->n[1], steps = p->n[2] - 1;
    const double *weights = plain_numbers(p, MAIN), *extra = plain_numbers(p, EXTRA), *start = plain_numbers(p, STATE),
                 *sequence = plain_numbers(p, SEQUENCE);
    double *state = p->room, *a = state + 2 * layers * b, *y = a + b, total = 0;
    for (int64_t j = 0; j < 2 * layers * b; j++) state[j] = start[j];
    for (int64_t t = 0; t < steps; t++) {
        double sum = 0;
        for (int64_t j = 0; j < b; j++) a[j] = sequence[t * b + j] * extra[j];
        for (int64_t i = 0; i < layers; i++)
            cell(b, weights + 8 * i * b, weights + (8 * i + 4) * b, state + 2 * i * b, state + (2 * i + 1) * b, a);
        for (int64_t j = 0; j < b; j++) y[j] = a[j] * extra[b + j] + extra[2 * b + j], sum += exp(y[j]);
        const double log_sum = log(2 + sum);
        for (int64_t j = 0; j < b; j++) total += sequence[(t + 1) * b + j] * (y[j] - log_sum);
    }
    p->value = -total / (double)(b * steps);
}

PLAIN(lstm, "objective", lstm_read, lstm_compute, plain_write);

/* ---- kmeans ---- */

enum { POINTS, CENTROIDS };

static bool kmeans_read(plain_problem *p, const json_t *input, tp_error *error)
{
    int64_t points[2] = {-1, -1}, centroids[2] = {-1, -1};
    p->tensor[POINTS] = gb_read_tensor(input, "points", TP_F64, 2, points, error);
    centroids[1] = points[1];
    if (p->tensor[POINTS]) p->tensor[CENTROIDS] = gb_read_tensor(input, "centroids", TP_F64, 2, centroids, error);
    p->n[0] = points[0], p->n[1] = centroids[0], p->n[2] = points[1];
    return p->tensor[CENTROIDS] && plain_room(p, 0, 0, error);
}

PLAIN_LOOPS static void kmeans_compute(plain_problem *p)
{
    const int64_t n = p->n[0], k = p->n[1], d = p->n[2];
    const double *points = plain_numbers(p, POINTS), *centroids = plain_numbers(p, CENTROIDS);
    double cost = 0;
    for (int64_t i = 0; i < n; i++) {
        double least = (double)INFINITY;
        for (int64_t c = 0; c < k; c++) {
            double sum = 0;
            for (int64_t j = 0; j < d; j++) {
                const double apart = points[i * d + j] - centroids[c * d + j];
                sum += apart * apart;
            }
            least = sum < least ? sum : least;
        }
        cost += least;
    }
    p->value = cost;
}

PLAIN(kmeans, "cost", kmeans_read, kmeans_compute, plain_write);

/* ---- lse ---- */

static bool lse_read(plain_problem *p, const json_t *input, tp_error *error)
{
    p->n[0] = -1;
    p->tensor[X] = gb_read_tensor(input, "x", TP_F64, 1, &p->n[0], error);
    return p->tensor[X] && plain_room(p, 0, 0, error);
}

static void lse_compute(plain_problem *p)
{
    p->value = log_sum_exp(plain_numbers(p, X), p->n[0]);
}

PLAIN(lse, "primal", lse_read, lse_compute, plain_write);
