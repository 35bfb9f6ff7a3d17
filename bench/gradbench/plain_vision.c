/* Plain C of the problems of vision: ba, ht. */
#include <math.h>

#include "bench/gradbench/plain.h"

/* ---- ba ---- */

enum { CAMERA = 11, SPACE = 3 };

/* Cameras, points, weights and features that repeat the one given, as data of their own. */
static bool ba_read(plain_problem *p, const json_t *input, tp_error *error)
{
    const int64_t most = INT32_MAX / 31;
    double weight;
    if (!gb_read_int(input, "n", 1, most, &p->n[0], error) || !gb_read_int(input, "m", 1, most, &p->n[1], error) ||
        !gb_read_int(input, "p", 1, most, &p->n[2], error) || !gb_read_number(input, "w", &weight, error))
        return false;
    const int64_t count[3] = {p->n[0], p->n[1], p->n[2]}, size[3] = {CAMERA, SPACE, 2};
    const char *const names[3] = {"cam", "x", "feat"};
    for (int k = 0; k < 3; k++)
        if (!(p->tensor[k] = gb_read_tensor(input, names[k], TP_F64, 1, (int64_t[]){size[k]}, error))) return false;
    if (!plain_room(p, CAMERA * count[0] + SPACE * count[1] + 3 * count[2] + 3 * count[2], 3 * count[2], error))
        return false;
    double *to = p->room;
    for (int k = 0; k < 3; k++)
        for (int64_t i = 0; i < count[k]; i++)
            for (int64_t j = 0; j < size[k]; j++) *to++ = plain_numbers(p, k)[j];
    for (int64_t i = 0; i < count[2]; i++) *to++ = weight;
    return true;
}

/* v turned by the rotation vector r: Rodrigues's formula. */
static void turn(const double *r, const double *v, double *out)
{
    const double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    const double angle = sqrt(square), scale = square > 0 ? 1 / angle : 1;
    const double a[3] = {r[0] * scale, r[1] * scale, r[2] * scale};
    const double cosine = square > 0 ? cos(angle) : 1, sine = square > 0 ? sin(angle) : 1;
    const double across[3] = {a[1] * v[2] - a[2] * v[1], a[2] * v[0] - a[0] * v[2], a[0] * v[1] - a[1] * v[0]};
    const double along = square > 0 ? (a[0] * v[0] + a[1] * v[1] + a[2] * v[2]) * (1 - cosine) : 0;
    for (int j = 0; j < 3; j++) out[j] = v[j] * cosine + across[j] * sine + a[j] * along;
}

static void project(const double *camera, const double *point, double weight, const double *feature, double *error)
{
    const double v[3] = {point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]};
    double y[3];
    turn(camera, v, y);
    const double at[2] = {y[0] / y[2], y[1] / y[2]}, rho = at[0] * at[0] + at[1] * at[1];
    const double scale = camera[6] * (1 + camera[9] * rho + camera[10] * rho * rho);
    for (int j = 0; j < 2; j++) error[j] = weight * (scale * at[j] + camera[7 + j] - feature[j]);
}

static void ba_compute(plain_problem *p)
{
    const int64_t n = p->n[0], m = p->n[1], count = p->n[2];
    const double *cameras = p->room, *points = cameras + CAMERA * n, *features = points + SPACE * m,
                 *weights = features + 2 * count;
    double *errors = p->result, *weight_errors = errors + 2 * count;
    for (int64_t i = 0; i < count; i++)
        project(cameras + CAMERA * (i % n), points + SPACE * (i % m), weights[i], features + 2 * i, errors + 2 * i);
    for (int64_t i = 0; i < count; i++) weight_errors[i] = 1 - weights[i] * weights[i];
}

static void ba_write(const void *problem, int function, gb_text *out)
{
    const plain_problem *p = problem;
    (void)function;
    gb_put(out, "{\"reproj_error\":{\"elements\":");
    gb_put_list(out, p->result, 2);
    gb_put(out, ",\"repeated\":");
    gb_put_int(out, p->n[2]);
    gb_put(out, "},\"w_err\":{\"element\":");
    gb_put_number(out, p->result[2 * p->n[2]]);
    gb_put(out, ",\"repeated\":");
    gb_put_int(out, p->n[2]);
    gb_put(out, "}}");
}

PLAIN(ba, "objective", ba_read, ba_compute, ba_write);

/* ---- ht ---- */

enum { THETA, POINTS, RELATIVES, INVERSES, POSITIONS, WEIGHTS, PARENTS, CORNERS };
enum { BONES = 22, FINGERS = 5 };

/* The vertices of each correspondence and the weights of their sum, behind each other: (v0, v1, v2) as i64 in CORNERS,
   u in room. Without us there is one vertex, three times. */
static bool read_corners(plain_problem *p, const json_t *input, const json_t *given, const json_t *model,
                         tp_error *error)
{
    const int64_t count = p->n[1];
    int64_t faces[2] = {-1, 3};
    const bool complicated = json_array_size(json_object_get(input, "us")) > 0;
    tp_tensor *at = gb_read_tensor(given, "correspondences", TP_I64, 1, (int64_t[]){count}, error), *us = NULL;
    tp_tensor *triangles = at && complicated ? gb_read_tensor(model, "triangles", TP_I64, 2, faces, error) : NULL;
    if (triangles) us = gb_read_tensor(input, "us", TP_F64, 2, (int64_t[]){count, 2}, error);
    bool good = at && (us || !complicated);
    p->tensor[CORNERS] = good ? tp_tensor_new(TP_I64, TP_DIMS(count, 3)) : NULL;
    int64_t *corner = tp_tensor_data(p->tensor[CORNERS]);
    for (int64_t i = 0; good && corner && i < count; i++) {
        const int64_t k = ((const int64_t *)tp_tensor_read(at))[i];
        good = k >= 0 && k < (complicated ? faces[0] : p->n[0]);
        for (int64_t j = 0; good && j < 3; j++)
            corner[3 * i + j] = complicated ? ((const int64_t *)tp_tensor_read(triangles))[3 * k + j] : k;
        for (int64_t j = 0; good && j < 3; j++) good = corner[3 * i + j] >= 0 && corner[3 * i + j] < p->n[0];
        const double *u = us ? (const double *)tp_tensor_read(us) + 2 * i : (const double[]){1, 0};
        for (int64_t j = 0; j < 2; j++) p->room[2 * i + j] = u[j];
    }
    if (!good && error->status == TP_OK) gb_fail(error, TP_E_INDEX, "a correspondence or triangle is out of range");
    tp_tensor_release(at);
    tp_tensor_release(us);
    tp_tensor_release(triangles);
    return good && corner;
}

static bool ht_read(plain_problem *p, const json_t *input, tp_error *error)
{
    const json_t *given = gb_field(input, "data", error), *model = given ? gb_field(given, "model", error) : NULL;
    int64_t points[2] = {-1, 3}, positions[2] = {-1, 4}, weights[2] = {-1, BONES}, matrices[3] = {BONES, 4, 4};
    *error = (tp_error){.status = TP_OK};
    if (!model) return gb_fail(error, TP_E_FORMAT, "there is no model"), false;
    p->tensor[THETA] = gb_read_tensor(input, "theta", TP_F64, 1, (int64_t[]){6 + 4 * FINGERS}, error);
    p->tensor[POINTS] = gb_read_tensor(given, "points", TP_F64, 2, points, error);
    p->tensor[RELATIVES] = gb_read_tensor(model, "base_relatives", TP_F64, 3, matrices, error);
    p->tensor[INVERSES] = gb_read_tensor(model, "inverse_base_absolutes", TP_F64, 3, matrices, error);
    p->tensor[POSITIONS] = gb_read_tensor(model, "base_positions", TP_F64, 2, positions, error);
    weights[0] = positions[0];
    p->tensor[WEIGHTS] = gb_read_tensor(model, "weights", TP_F64, 2, weights, error);
    p->tensor[PARENTS] = gb_read_tensor(model, "parents", TP_I64, 1, (int64_t[]){BONES}, error);
    for (int k = 0; k <= PARENTS; k++)
        if (!p->tensor[k]) return false;
    p->n[0] = positions[0], p->n[1] = points[0];
    p->n[2] = json_is_true(json_object_get(model, "is_mirrored"));
    return plain_room(p, 2 * p->n[1] + 3 * p->n[0] + 3 * p->n[1], 3 * p->n[1], error) &&
           read_corners(p, input, given, model, error);
}

/* c = a b of 4 by 4 matrices. */
static void multiply(const double *restrict a, const double *restrict b, double *restrict c)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            double sum = 0;
            for (int k = 0; k < 4; k++) sum += a[4 * i + k] * b[4 * k + j];
            c[4 * i + j] = sum;
        }
}

/* The rotations of a bone: Rz(z) Rx(x). */
static void joint(double x, double z, double *m)
{
    const double cx = cos(x), sx = sin(x), cz = cos(z), sz = sin(z);
    const double rows[16] = {cz, -sz * cx, sz * sx, 0, sz, cz * cx, -cz * sx, 0, 0, sx, cx, 0, 0, 0, 0, 1};
    for (int i = 0; i < 16; i++) m[i] = rows[i];
}

static void pose(const plain_problem *p, double (*transform)[16])
{
    const double *theta = plain_numbers(p, THETA);
    const int64_t *parent = tp_tensor_read(p->tensor[PARENTS]);
    double x[BONES] = {0}, z[BONES] = {0}, absolute[BONES][16];
    for (int f = 0; f < FINGERS; f++) {
        const double *angle = theta + 6 + 4 * f;
        x[4 * f + 2] = angle[0], z[4 * f + 2] = angle[1], x[4 * f + 3] = angle[2], x[4 * f + 4] = angle[3];
    }
    for (int b = 0; b < BONES; b++) {
        double turned[16], relative[16];
        joint(x[b], z[b], turned);
        multiply(plain_numbers(p, RELATIVES) + 16 * b, turned, relative);
        if (parent[b] >= 0 && parent[b] < b)
            multiply(absolute[parent[b]], relative, absolute[b]);
        else
            for (int i = 0; i < 16; i++) absolute[b][i] = relative[i];
        multiply(absolute[b], plain_numbers(p, INVERSES) + 16 * b, transform[b]);
    }
}

/* The global rotation G by the vector g. */
static void global(const double *g, double *m)
{
    const double norm = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
    for (int i = 0; i < 9; i++) m[i] = i % 4 == 0;
    if (norm < 1e-4) return;
    const double a[3] = {g[0] / norm, g[1] / norm, g[2] / norm}, s = sin(norm), c = cos(norm);
    const double cross[9] = {0, -a[2], a[1], a[2], 0, -a[0], -a[1], a[0], 0};
    for (int i = 0; i < 9; i++) m[i] = a[i / 3] * a[i % 3] * (1 - c) + (i % 4 == 0) * c + s * cross[i];
}

/* Every vertex of the skin, as a mean of where its bones take it. */
PLAIN_LOOPS static void skin(const plain_problem *p, double (*transform)[16], const double *turn, double *to)
{
    const double *shift = plain_numbers(p, THETA) + 3;
    for (int64_t v = 0; v < p->n[0]; v++) {
        const double *at = plain_numbers(p, POSITIONS) + 4 * v, *weight = plain_numbers(p, WEIGHTS) + BONES * v;
        double mean[3] = {0};
        for (int b = 0; b < BONES; b++)
            for (int i = 0; i < 3; i++) {
                const double *row = transform[b] + 4 * i;
                mean[i] += weight[b] * (row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3] * at[3]);
            }
        if (p->n[2]) mean[0] = -mean[0];
        for (int i = 0; i < 3; i++)
            to[3 * v + i] = turn[3 * i] * mean[0] + turn[3 * i + 1] * mean[1] + turn[3 * i + 2] * mean[2] + shift[i];
    }
}

static void ht_compute(plain_problem *p)
{
    const int64_t *corner = tp_tensor_read(p->tensor[CORNERS]);
    const double *points = plain_numbers(p, POINTS), *us = p->room;
    double transform[BONES][16], turn_all[9], *vertex = p->room + 2 * p->n[1];
    pose(p, transform);
    global(plain_numbers(p, THETA), turn_all);
    skin(p, transform, turn_all, vertex);
    for (int64_t i = 0; i < p->n[1]; i++) {
        const double u = us[2 * i], v = us[2 * i + 1], w = 1 - u - v;
        const double *a = vertex + 3 * corner[3 * i], *b = vertex + 3 * corner[3 * i + 1],
                     *c = vertex + 3 * corner[3 * i + 2];
        for (int j = 0; j < 3; j++) p->result[3 * i + j] = points[3 * i + j] - (u * a[j] + v * b[j] + w * c[j]);
    }
}

PLAIN(ht, "objective", ht_read, ht_compute, plain_write);
