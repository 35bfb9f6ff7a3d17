/* The derivatives of GradBench's evals at middling sizes, along random directions, against differences of their values.
 */
#include "tests/gradbench.h"

enum { MOST = 4096, DIRECTIONS = 3, POINTS = 4 };

/* An eval's function of the parameters x, and its derivative, given as the eval gives it, along v. */
typedef struct problem {
    const char *eval, *value, *derivative;
    int n, outputs; /* parameters; numbers of the value that are compared, from the first on */
    void (*print)(FILE *out, const double *x);
    void (*along)(const double *derivative, const double *v, double *out);
} problem;

/* ---- writing inputs ---- */

static void put_list(FILE *out, const double *x, int n)
{
    for (int i = 0; i < n; i++) fprintf(out, "%c%.17g", i ? ',' : '[', x[i]);
    fputc(']', out);
}

/* "name":[[...],...] */
static void put_matrix(FILE *out, const char *name, const double *x, int rows, int columns)
{
    fprintf(out, ",\"%s\":[", name);
    for (int i = 0; i < rows; i++) {
        if (i) fputc(',', out);
        put_list(out, x + i * columns, columns);
    }
    fputc(']', out);
}

/* Random numbers that are the same each time: 0 .. 1. */
static void draw(uint64_t seed, double low, double high, double *x, int n)
{
    tp_rng rng = tp_rng_seed(seed);
    for (int i = 0; i < n; i++) x[i] = low + (high - low) * tp_rng_uniform(&rng);
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* ---- gmm: of several blocks of components ---- */

enum { D = 20, K = 7, N = 30, BELOW = D * (D - 1) / 2, GMM = K * (1 + 2 * D + BELOW) };

static void gmm_print(FILE *out, const double *x)
{
    double data[N * D];
    draw(1, -1, 1, data, N * D);
    fprintf(out, "{\"d\":%d,\"k\":%d,\"n\":%d,\"m\":2,\"gamma\":0.7,\"alpha\":", D, K, N);
    put_list(out, x, K);
    put_matrix(out, "x", data, N, D);
    put_matrix(out, "mu", x + K, K, D);
    put_matrix(out, "q", x + K + K * D, K, D);
    put_matrix(out, "l", x + K + 2 * K * D, K, BELOW);
    fputc('}', out);
}

static void gmm_along(const double *derivative, const double *v, double *out)
{
    *out = dot(derivative, v, GMM);
}

/* ---- ba: of several panels, the last one not full ---- */

enum { CAMERA = 11, BA = CAMERA + 3 + 1, OBSERVATIONS = 1100 };

static void ba_print(FILE *out, const double *x)
{
    static const double camera[CAMERA] = {0.1, -0.2, 0.3, 0.5, -0.4, -3, 2.5, 0.1, -0.3, 0.05, -0.01};
    double moved[CAMERA];
    for (int i = 0; i < CAMERA; i++) moved[i] = camera[i] + x[i];
    fprintf(out, "{\"n\":7,\"m\":9,\"p\":%d,\"feat\":[0.2,-0.5],\"w\":%.17g,\"cam\":", OBSERVATIONS, x[14]);
    put_list(out, moved, CAMERA);
    fputs(",\"x\":", out);
    put_list(out, x + CAMERA, 3);
    fputc('}', out);
}

/* rows, columns and values have 31 numbers each: two rows of the first observation, and the last weight. */
static void ba_along(const double *derivative, const double *v, double *out)
{
    const double *values = derivative + 62;
    out[0] = dot(values, v, BA);
    out[1] = dot(values + BA, v, BA);
    out[2] = 0;
    out[3] = values[30] * v[14];
}

/* ---- lstm ---- */

enum { LAYERS = 3, UNITS = 5, TIMES = 20, LSTM = (8 * LAYERS + 3) * UNITS };

static void lstm_print(FILE *out, const double *x)
{
    double state[2 * LAYERS * UNITS], sequence[TIMES * UNITS];
    draw(2, 0, 1, state, 2 * LAYERS * UNITS);
    draw(3, 0, 1, sequence, TIMES * UNITS);
    for (int i = 0; i < TIMES * UNITS; i++) sequence[i] = round(sequence[i]);
    fputs("{\"min_runs\":1", out);
    put_matrix(out, "main_params", x, 2 * LAYERS, 4 * UNITS);
    put_matrix(out, "extra_params", x + 8 * LAYERS * UNITS, 3, UNITS);
    put_matrix(out, "state", state, 2 * LAYERS, UNITS);
    put_matrix(out, "sequence", sequence, TIMES, UNITS);
    fputc('}', out);
}

static void lstm_along(const double *derivative, const double *v, double *out)
{
    *out = dot(derivative, v, LSTM);
}

/* ---- ht ---- */

enum { BONES = 22, VERTICES = 30, TRIANGLES = 25, MEASURED = 12, THETA = 26 };
enum { SIMPLE = THETA, COMPLICATED = THETA + 2 * MEASURED, ERRORS = 3 * MEASURED };

static void put_model(FILE *out)
{
    double matrix[16], weights[VERTICES * BONES], positions[VERTICES * 4];
    static const char *const names[2] = {"base_relatives", "inverse_base_absolutes"};
    fprintf(out, "\"model\":{\"bone_count\":%d,\"is_mirrored\":false,\"bone_names\":[\"0\"", BONES);
    for (int b = 1; b < BONES; b++) fprintf(out, ",\"%d\"", b);
    fputs("],\"parents\":[-1", out);
    for (int b = 1; b < BONES; b++) fprintf(out, ",%d", b % 4 == 1 ? 0 : b - 1);
    fputc(']', out);
    for (int k = 0; k < 2; k++) {
        fprintf(out, ",\"%s\":[", names[k]);
        for (int b = 0; b < BONES; b++) {
            draw((uint64_t)(10 + b + 100 * k), -0.5, 0.5, matrix, 16);
            for (int i = 0; i < 4; i++) matrix[12 + i] = i == 3, matrix[i * 5] = 1;
            fputs(b ? ",[" : "[", out);
            for (int i = 0; i < 4; i++) {
                if (i) fputc(',', out);
                put_list(out, matrix + 4 * i, 4);
            }
            fputc(']', out);
        }
        fputc(']', out);
    }
    draw(4, -1, 1, positions, VERTICES * 4);
    draw(5, 0, 0.2, weights, VERTICES * BONES);
    for (int v = 0; v < VERTICES; v++) positions[4 * v + 3] = 1;
    put_matrix(out, "base_positions", positions, VERTICES, 4);
    put_matrix(out, "weights", weights, VERTICES, BONES);
    fputs(",\"triangles\":[[0,1,2]", out);
    for (int t = 1; t < TRIANGLES; t++)
        fprintf(out, ",[%d,%d,%d]", t * 7 % VERTICES, t * 11 % VERTICES, t * 13 % VERTICES);
    fputs("]}", out);
}

static void ht_print(FILE *out, const double *x)
{
    double points[3 * MEASURED];
    draw(6, -1, 1, points, 3 * MEASURED);
    fputs("{\"theta\":", out);
    put_list(out, x, THETA);
    fputs(",\"data\":{\"correspondences\":[3", out);
    for (int i = 1; i < MEASURED; i++) fprintf(out, ",%d", i * 5 % TRIANGLES);
    fputc(']', out);
    put_matrix(out, "points", points, MEASURED, 3);
    fputc(',', out);
    put_model(out);
    fputc('}', out);
}

static void ht_simple(FILE *out, const double *x)
{
    ht_print(out, x);
    fputs(",\"us\":[]}", out);
}

static void ht_complicated(FILE *out, const double *x)
{
    ht_print(out, x);
    put_matrix(out, "us", x + THETA, MEASURED, 2);
    fputc('}', out);
}

static void ht_simple_along(const double *derivative, const double *v, double *out)
{
    for (int r = 0; r < ERRORS; r++) out[r] = dot(derivative + r * THETA, v, THETA);
}

/* The first two columns of a row are by its own point's u. */
static void ht_complicated_along(const double *derivative, const double *v, double *out)
{
    for (int r = 0; r < ERRORS; r++) {
        const double *row = derivative + r * (THETA + 2);
        out[r] = dot(row, v + THETA + r / 3 * 2, 2) + dot(row + 2, v, THETA);
    }
}

static const problem problems[] = {
    {"gmm", "objective", "jacobian", GMM, 1, gmm_print, gmm_along},
    {"ba", "objective", "jacobian", BA, 4, ba_print, ba_along},
    {"lstm", "objective", "jacobian", LSTM, 1, lstm_print, lstm_along},
    {"ht", "objective", "jacobian", SIMPLE, ERRORS, ht_simple, ht_simple_along},
    {"ht", "objective", "jacobian", COMPLICATED, ERRORS, ht_complicated, ht_complicated_along},
};

/* ---- the comparison ---- */

/* The four points of a central difference of the fourth order: its error is h^4 f^(5) / 30. */
static const double step = 1e-3, places[POINTS] = {-2, -1, 1, 2},
                    weights[POINTS] = {1. / 12, -8. / 12, 8. / 12, -1. / 12};

START_TEST(derivatives_are_those_of_the_values)
{
    const problem *p = &problems[_i];
    static double x[MOST], v[DIRECTIONS][MOST], moved[MOST], derivative[MOST];
    gb_session session;
    gb_open(&session);
    ck_assert(p->n <= MOST && p->outputs <= ERRORS);
    draw(7, -0.5, 0.5, x, p->n);
    gb_ask(&session, p->eval, p->derivative);
    p->print(session.ask, x);
    gb_end(&session);
    for (int k = 0; k < DIRECTIONS; k++) {
        draw((uint64_t)(8 + k), -0.3, 0.3, v[k], p->n);
        for (int j = 0; j < POINTS; j++) {
            for (int i = 0; i < p->n; i++) moved[i] = x[i] + places[j] * step * v[k][i];
            gb_ask(&session, p->eval, p->value);
            p->print(session.ask, moved);
            gb_end(&session);
        }
    }
    gb_run(&session, 1 + DIRECTIONS * POINTS);
    ck_assert_int_le(gb_numbers(session.line[0], derivative, MOST), MOST);
    for (int k = 0; k < DIRECTIONS; k++) {
        double got[ERRORS], wanted[ERRORS] = {0}, value[ERRORS];
        p->along(derivative, v[k], got);
        for (int j = 0; j < POINTS; j++) {
            ck_assert_int_ge(gb_numbers(session.line[1 + k * POINTS + j], value, p->outputs), p->outputs);
            for (int i = 0; i < p->outputs; i++) wanted[i] += weights[j] / step * value[i];
        }
        for (int i = 0; i < p->outputs; i++)
            ck_assert_msg(fabs(got[i] - wanted[i]) <= 1e-8 * (1 + fabs(wanted[i])), "%s: output %d: %.12g, not %.12g",
                          p->eval, i, got[i], wanted[i]);
    }
    gb_close(&session);
}
END_TEST

/* kmeans: the gradient divided by the diagonal of the Hessian, both by differences of the cost along each axis: it is
   piecewise quadratic, and the points lie close enough to their centroids that no difference changes a piece. */
enum { CENTROIDS = 6, DIMS = 3, EACH = 20 };

static void ask_cost(gb_session *session, const char *function, const double *points, const double *centroids)
{
    gb_ask(session, "kmeans", function);
    fputs("{\"min_runs\":2", session->ask);
    put_matrix(session->ask, "points", points, CENTROIDS * EACH, DIMS);
    put_matrix(session->ask, "centroids", centroids, CENTROIDS, DIMS);
    fputc('}', session->ask);
    gb_end(session);
}

START_TEST(the_step_of_kmeans_is_newtons)
{
    double points[CENTROIDS * EACH * DIMS], centroids[CENTROIDS * DIMS], direction[CENTROIDS * DIMS];
    const double h = 1e-3;
    gb_session session;
    gb_open(&session);
    draw(20, -0.2, 0.2, points, CENTROIDS * EACH * DIMS);
    draw(21, -0.1, 0.1, centroids, CENTROIDS * DIMS);
    for (int c = 0; c < CENTROIDS; c++) centroids[c * DIMS + c % DIMS] += c < 3 ? 1 : -1;
    for (int i = 0; i < CENTROIDS * EACH; i++) points[i * DIMS + i % CENTROIDS % DIMS] += i % CENTROIDS < 3 ? 1 : -1;
    ask_cost(&session, "dir", points, centroids);
    ask_cost(&session, "cost", points, centroids);
    for (int i = 0; i < CENTROIDS * DIMS; i++)
        for (int side = -1; side <= 1; side += 2) {
            centroids[i] += side * h;
            ask_cost(&session, "cost", points, centroids);
            centroids[i] -= side * h;
        }
    gb_run(&session, 2 + 2 * CENTROIDS * DIMS);
    ck_assert_int_eq(gb_numbers(session.line[0], direction, CENTROIDS * DIMS), CENTROIDS * DIMS);
    double middle, low, high;
    ck_assert_int_eq(gb_numbers(session.line[1], &middle, 1), 1);
    for (int i = 0; i < CENTROIDS * DIMS; i++) {
        ck_assert_int_eq(gb_numbers(session.line[2 + 2 * i], &low, 1), 1);
        ck_assert_int_eq(gb_numbers(session.line[3 + 2 * i], &high, 1), 1);
        const double gradient = (high - low) / (2 * h), curvature = (high - 2 * middle + low) / (h * h);
        EXPECT_NEAR(curvature, 2 * EACH, 1e-6);
        EXPECT_NEAR(direction[i], gradient / curvature, 1e-8);
    }
    gb_close(&session);
}
END_TEST

TCase *gradbench_differences_case(void)
{
    TCase *differences = tcase_create("differences");
    tcase_add_loop_test(differences, derivatives_are_those_of_the_values, 0, sizeof problems / sizeof *problems);
    tcase_add_test(differences, the_step_of_kmeans_is_newtons);
    return differences;
}
