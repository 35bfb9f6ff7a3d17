/* ba: bundle adjustment. p observations of m points by n cameras; the errors of reprojection, weighted, one term for
   each weight, and their sparse Jacobian in compressed rows.

   The program of one observation is recorded once, on panels of many observations side by side, and replayed for each
   panel. A row of the Jacobian belongs to one observation, so that a walk back from all errors of a panel at once gives
   a row for each. */
#include <stdlib.h>
#include <string.h>

#include "bench/gradbench/gradbench.h"

enum { PANEL = 512 }; /* observations: what a panel's program keeps stays in a cache */
/* What an observation depends on, in the order of its columns: rotation, centre, focal length, principal point and
   distortion of the camera; the point; the weight. */
enum { R = 0, CENTRE = 3, FOCAL = 6, PRINCIPAL = 7, DISTORTION = 9, POINT = 11, WEIGHT = 14, INPUTS };
enum { CAMERA = POINT, SPACE = 3 };

typedef struct ba {
    tp_tape *tape;
    int64_t n, m, p;
    double *cameras, *points, *weights, *features; /* (n, 11), (m, 3), (p), (p, 2) */
    int32_t *camera, *point;                       /* (p): which of them an observation is of */
    double *errors, *weight_errors;                /* (p, 2), (p) */
    int32_t *rows, *columns;                       /* (3 p + 1), (31 p) */
    double *values;                                /* (31 p) */
    tp_tensor *input[INPUTS], *feature[2];         /* of a panel */
    tp_var leaf[INPUTS], error[2], weight_error;
} ba;

/* ---- the program of a panel ---- */

typedef struct vector {
    tp_var x, y, z;
} vector;

static vector vector_at(const tp_var *x)
{
    return (vector){x[0], x[1], x[2]};
}

static vector minus(vector a, vector b)
{
    return (vector){tp_sub(a.x, b.x), tp_sub(a.y, b.y), tp_sub(a.z, b.z)};
}

/* a s + b */
static vector along(vector a, tp_var s, vector b)
{
    return (vector){tp_fma(a.x, s, b.x), tp_fma(a.y, s, b.y), tp_fma(a.z, s, b.z)};
}

static vector times(vector a, tp_var s)
{
    return (vector){tp_mul(a.x, s), tp_mul(a.y, s), tp_mul(a.z, s)};
}

static tp_var dot(vector a, vector b)
{
    return tp_fma(a.x, b.x, tp_fma(a.y, b.y, tp_mul(a.z, b.z)));
}

static vector cross(vector a, vector b)
{
    return (vector){tp_sub(tp_mul(a.y, b.z), tp_mul(a.z, b.y)), tp_sub(tp_mul(a.z, b.x), tp_mul(a.x, b.z)),
                    tp_sub(tp_mul(a.x, b.y), tp_mul(a.y, b.x))};
}

/* v turned about the axis a = r/|r| by the angle |r|: v cos + (a x v) sin + a (a.v) (1 - cos). */
static vector turned(vector r, tp_var angle, vector v)
{
    const tp_var cosine = tp_cos(angle);
    const vector a = times(r, tp_reciprocal(angle));
    const vector across = along(cross(a, v), tp_sin(angle), times(v, cosine));
    return along(a, tp_mul(dot(a, v), tp_rsubs(1, cosine)), across);
}

/* The same, and its limit v + r x v where r is 0. A replay that comes to another case is stopped by the guard. */
static vector rotate(vector r, vector v)
{
    const tp_var square = dot(r, r), zero = tp_equal(square, tp_const(square.tape, 0));
    if (!tp_guard(tp_any(zero))) return turned(r, tp_sqrt(square), v);
    const tp_var one = tp_const(square.tape, 1);
    const vector limit = along(cross(r, v), one, v), other = turned(r, tp_sqrt(tp_where(zero, one, square)), v);
    return (vector){tp_where(zero, limit.x, other.x), tp_where(zero, limit.y, other.y),
                    tp_where(zero, limit.z, other.z)};
}

static tp_status record(ba *p)
{
    tp_var feature[2];
    tp_tape_reset(p->tape);
    for (int i = 0; i < INPUTS; i++) p->leaf[i] = tp_leaf(p->tape, p->input[i]);
    for (int i = 0; i < 2; i++) feature[i] = tp_data(p->tape, p->feature[i]);
    const tp_var *in = p->leaf;
    const vector y = rotate(vector_at(in + R), minus(vector_at(in + POINT), vector_at(in + CENTRE)));
    const tp_var at[2] = {tp_div(y.x, y.z), tp_div(y.y, y.z)};
    const tp_var rho = tp_fma(at[0], at[0], tp_square(at[1]));
    const tp_var bend = tp_adds(tp_mul(tp_fma(in[DISTORTION + 1], rho, in[DISTORTION]), rho), 1);
    const tp_var scale = tp_mul(in[FOCAL], bend);
    for (int i = 0; i < 2; i++)
        p->error[i] = tp_mul(in[WEIGHT], tp_sub(tp_fma(scale, at[i], in[PRINCIPAL + i]), feature[i]));
    p->weight_error = tp_rsubs(1, tp_square(in[WEIGHT]));
    return tp_tape_status(p->tape);
}

/* ---- panels ---- */

/* Observations first .. first + count - 1; the rest of the panel repeats the last. */
static void fill(const ba *p, int64_t first, int64_t count)
{
    double *input[INPUTS], *feature[2];
    for (int i = 0; i < INPUTS; i++) input[i] = tp_tensor_data(p->input[i]);
    for (int i = 0; i < 2; i++) feature[i] = tp_tensor_data(p->feature[i]);
    for (int64_t k = 0; k < PANEL; k++) {
        const int64_t o = first + (k < count ? k : count - 1);
        const double *camera = p->cameras + p->camera[o] * CAMERA, *point = p->points + p->point[o] * SPACE;
        for (int i = 0; i < CAMERA; i++) input[i][k] = camera[i];
        for (int i = 0; i < SPACE; i++) input[POINT + i][k] = point[i];
        input[WEIGHT][k] = p->weights[o];
        for (int i = 0; i < 2; i++) feature[i][k] = p->features[2 * o + i];
    }
}

static tp_status evaluate(ba *p, int64_t first, int64_t count)
{
    fill(p, first, count);
    const tp_status status = tp_replay(p->tape, 0);
    return status == TP_E_GUARD ? record(p) : status;
}

static const double *numbers(tp_var x)
{
    return tp_tensor_read(tp_value(x));
}

static tp_status objective_panel(ba *p, int64_t first, int64_t count)
{
    const tp_status status = evaluate(p, first, count);
    if (status != TP_OK) return status;
    const double *x = numbers(p->error[0]), *y = numbers(p->error[1]), *weight = numbers(p->weight_error);
    for (int64_t k = 0; k < count; k++) {
        p->errors[2 * (first + k)] = x[k], p->errors[2 * (first + k) + 1] = y[k];
        p->weight_errors[first + k] = weight[k];
    }
    return TP_OK;
}

/* The rows of component i of the panel's errors: 11 columns of the camera, 3 of the point, 1 of the weight. */
static void write_rows(const ba *p, int64_t first, int64_t count, int i, const double *const gradient[INPUTS])
{
    for (int64_t k = 0; k < count; k++) {
        const int64_t o = first + k, at = (2 * o + i) * INPUTS;
        const int32_t camera = p->camera[o] * CAMERA, point = (int32_t)p->n * CAMERA + p->point[o] * SPACE;
        double *value = p->values + at;
        int32_t *column = p->columns + at;
        for (int j = 0; j < INPUTS; j++) value[j] = gradient[j][k];
        for (int j = 0; j < CAMERA; j++) column[j] = camera + j;
        for (int j = 0; j < SPACE; j++) column[POINT + j] = point + j;
        column[WEIGHT] = (int32_t)(p->n * CAMERA + p->m * SPACE + o);
        p->rows[2 * o + i + 1] = (int32_t)(at + INPUTS);
    }
}

static void write_weights(const ba *p, int64_t first, int64_t count, const double *gradient)
{
    for (int64_t k = 0; k < count; k++) {
        const int64_t o = first + k, at = 2 * p->p * INPUTS + o;
        p->values[at] = gradient[k];
        p->columns[at] = (int32_t)(p->n * CAMERA + p->m * SPACE + o);
        p->rows[2 * p->p + o + 1] = (int32_t)(at + 1);
    }
}

static tp_status jacobian_panel(ba *p, int64_t first, int64_t count)
{
    tp_status status = evaluate(p, first, count);
    const tp_mark mark = tp_tape_mark(p->tape);
    const tp_var one = tp_const(p->tape, 1);
    for (int i = 0; i < 2 && status == TP_OK; i++) {
        tp_var gradient[INPUTS];
        const double *values[INPUTS];
        status = tp_vjp(p->error[i], one, p->leaf, INPUTS, gradient, 0);
        for (int j = 0; j < INPUTS && status == TP_OK; j++) {
            values[j] = numbers(tp_contiguous(gradient[j]));
            status = tp_tape_status(p->tape);
        }
        if (status == TP_OK) write_rows(p, first, count, i, values);
    }
    tp_var gradient;
    if (status == TP_OK) status = tp_vjp(p->weight_error, one, &p->leaf[WEIGHT], 1, &gradient, 0);
    if (status == TP_OK) write_weights(p, first, count, numbers(gradient));
    tp_tape_rewind(p->tape, mark);
    return status;
}

static tp_status ba_prepare(void *problem, int function, tp_error *error)
{
    ba *p = problem;
    (void)function;
    fill(p, 0, p->p < PANEL ? p->p : PANEL);
    record(p);
    return gb_tape_status(p->tape, error);
}

static tp_status ba_run(void *problem, int function, tp_error *error)
{
    ba *p = problem;
    tp_status status = TP_OK;
    p->rows[0] = 0;
    for (int64_t first = 0; first < p->p && status == TP_OK; first += PANEL) {
        const int64_t count = p->p - first < PANEL ? p->p - first : PANEL;
        status = (function == 1 ? jacobian_panel : objective_panel)(p, first, count);
    }
    return gb_tape_status(p->tape, error);
}

/* ---- the eval ---- */

static void ba_free(void *problem)
{
    ba *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    for (int i = 0; i < INPUTS; i++) tp_tensor_release(p->input[i]);
    for (int i = 0; i < 2; i++) tp_tensor_release(p->feature[i]);
    double *const all[] = {p->cameras, p->points, p->weights, p->features, p->errors, p->weight_errors, p->values};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    int32_t *const integers[] = {p->camera, p->point, p->rows, p->columns};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) free(integers[i]);
    free(p);
}

/* `times` copies of n numbers. */
static double *repeated(const double *values, int64_t n, int64_t times)
{
    double *all = malloc((size_t)(n * times) * sizeof *all);
    for (int64_t i = 0; all && i < n * times; i++) all[i] = values[i % n];
    return all;
}

/* Room for a result, with its pages there: of zeros a system may make a promise. */
static void *room_for(int64_t n, size_t size)
{
    void *all = malloc((size_t)n * size);
    return all ? memset(all, 1, (size_t)n * size) : NULL;
}

/* 0, 1, ..., n - 1, 0, 1, ...: so many. */
static int32_t *counted_by(int64_t n, int64_t count)
{
    int32_t *all = malloc((size_t)count * sizeof *all);
    for (int64_t i = 0; all && i < count; i++) all[i] = (int32_t)(i % n);
    return all;
}

static bool make_all(ba *p, const double *camera, const double *point, double weight, const double *feature)
{
    bool good = true;
    p->cameras = repeated(camera, CAMERA, p->n);
    p->points = repeated(point, SPACE, p->m);
    p->weights = repeated(&weight, 1, p->p);
    p->features = repeated(feature, 2, p->p);
    p->errors = room_for(2 * p->p, sizeof *p->errors);
    p->weight_errors = room_for(p->p, sizeof *p->weight_errors);
    p->camera = counted_by(p->n, p->p);
    p->point = counted_by(p->m, p->p);
    p->rows = room_for(3 * p->p + 1, sizeof *p->rows);
    p->columns = room_for(31 * p->p, sizeof *p->columns);
    p->values = room_for(31 * p->p, sizeof *p->values);
    for (int i = 0; i < INPUTS; i++) good &= (p->input[i] = tp_tensor_new(TP_F64, TP_DIMS(PANEL))) != NULL;
    for (int i = 0; i < 2; i++) good &= (p->feature[i] = tp_tensor_new(TP_F64, TP_DIMS(PANEL))) != NULL;
    good = good && p->camera && p->point;
    return good && p->cameras && p->points && p->weights && p->features && p->errors && p->weight_errors && p->rows &&
           p->columns && p->values;
}

static bool read_all(ba *p, const json_t *input, tp_error *error)
{
    const int64_t most = 10000000; /* GradBench's largest instance has 9 million */
    double weight;
    if (!gb_read_int(input, "n", 1, most, &p->n, error) || !gb_read_int(input, "m", 1, most, &p->m, error) ||
        !gb_read_int(input, "p", 10, most, &p->p, error) || !gb_read_number(input, "w", &weight, error))
        return false;
    tp_tensor *camera = gb_read_tensor(input, "cam", TP_F64, 1, (int64_t[]){CAMERA}, error);
    tp_tensor *point = camera ? gb_read_tensor(input, "x", TP_F64, 1, (int64_t[]){SPACE}, error) : NULL;
    tp_tensor *feature = point ? gb_read_tensor(input, "feat", TP_F64, 1, (int64_t[]){2}, error) : NULL;
    const bool read = feature != NULL;
    const bool made =
        read && make_all(p, tp_tensor_read(camera), tp_tensor_read(point), weight, tp_tensor_read(feature));
    if (read && !made) gb_fail(error, TP_E_MEMORY, "no memory for the problem");
    tp_tensor_release(camera);
    tp_tensor_release(point);
    tp_tensor_release(feature);
    return made;
}

static void *ba_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    ba *p = calloc(1, sizeof *p);
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK && read_all(p, input, error)) return p;
    ba_free(p);
    return NULL;
}

/* The first 30 and the last of so many. */
static void put_ends(gb_text *out, const char *name, const double *values, const int32_t *indices, int64_t n)
{
    gb_put(out, name);
    for (int i = 0; i <= 30; i++) {
        const int64_t at = i < 30 ? i : n - 1;
        if (i) gb_put_char(out, ',');
        if (values)
            gb_put_number(out, values[at]);
        else
            gb_put_int(out, indices[at]);
    }
    gb_put_char(out, ']');
}

static void ba_write(const void *problem, int function, gb_text *out)
{
    const ba *p = problem;
    if (function == 1) {
        put_ends(out, "{\"rows\":[", NULL, p->rows, 3 * p->p + 1);
        put_ends(out, ",\"cols\":[", NULL, p->columns, 31 * p->p);
        put_ends(out, ",\"vals\":[", p->values, NULL, 31 * p->p);
        gb_put(out, "}");
        return;
    }
    gb_put(out, "{\"reproj_error\":{\"elements\":");
    gb_put_list(out, p->errors, 2);
    gb_put(out, ",\"repeated\":");
    gb_put_int(out, p->p);
    gb_put(out, "},\"w_err\":{\"element\":");
    gb_put_number(out, p->weight_errors[0]);
    gb_put(out, ",\"repeated\":");
    gb_put_int(out, p->p);
    gb_put(out, "}}");
}

static const tp_tape *ba_tape(const void *problem)
{
    return ((const ba *)problem)->tape;
}

const gb_eval gb_ba = {
    .name = "ba",
    .functions = {{"objective", "replayed"}, {"jacobian", "replayed"}},
    .parse = ba_parse,
    .prepare = ba_prepare,
    .run = ba_run,
    .write = ba_write,
    .tape = ba_tape,
    .free = ba_free,
};
