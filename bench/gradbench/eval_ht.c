/* ht: hand tracking. The pose of a skeleton moves the vertices of a hand; the errors are the distances of measured
   points from points on its surface, each at a vertex or, with `us`, somewhere in a triangle. The Jacobian is tall: 26
   numbers theta of the pose, and of each point's own two u, which need a column each since rows touch only their own.
   So it is made by forward mode. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

enum { THETA = 26, FINGERS = 5, BONES = 21, LEVELS = 32 };

typedef struct ht {
    tp_tape *tape;
    bool complicated;
    int64_t p, bones, vertices, used, levels;
    tp_tensor *theta, *us, *points;  /* (26), (p, 2) or NULL, (p, 3) */
    tp_tensor *relatives, *inverses; /* (bones, 4, 4) */
    tp_tensor *positions, *weights;  /* (vertices, 4), (vertices, bones) */
    tp_tensor *x_angle, *z_angle;    /* (bones): where the angle stands in (theta, 0) */
    tp_tensor *level[LEVELS],
        *parent[LEVELS];  /* the bones of a depth, and where in the depth before their parents are */
    tp_tensor *bone;      /* (bones): where each is when the levels stand one behind the other */
    tp_tensor *vertex;    /* (used): those that the points refer to; the others move nothing */
    tp_tensor *corner[3]; /* (p): the triangle's vertices among them; the first alone: a vertex */
    tp_tensor *skew;      /* (9): see cross_matrix */
    tp_tensor *mirror;    /* (3): -1, 1, 1; NULL: it is not mirrored */
    tp_var result;
} ht;

static tp_var data(const ht *p, tp_tensor *tensor)
{
    return tp_data(p->tape, tensor);
}

/* ---- the pose ---- */

/* The matrices of rotations about x and then about z, made homogeneous: (bones, 4, 4). */
static tp_var rotations(const ht *p, tp_var theta)
{
    const tp_var angles[2] = {theta, tp_zeros(p->tape, TP_F64, TP_DIMS(1))}, all = tp_concat(angles, 2, 0);
    const tp_var x = tp_index_select(all, 0, data(p, p->x_angle)), z = tp_index_select(all, 0, data(p, p->z_angle));
    const tp_var cx = tp_cos(x), sx = tp_sin(x), cz = tp_cos(z), sz = tp_sin(z);
    const tp_var o = tp_zeros(p->tape, TP_F64, TP_DIMS(p->bones)), one = tp_ones(p->tape, TP_F64, TP_DIMS(p->bones));
    const tp_var elements[16] = {
        cz,
        tp_neg(tp_mul(sz, cx)),
        tp_mul(sz, sx),
        o, /* */
        sz,
        tp_mul(cz, cx),
        tp_neg(tp_mul(cz, sx)),
        o, /* */
        o,
        sx,
        cx,
        o, /* */
        o,
        o,
        o,
        one, /* */
    };
    return tp_reshape(tp_stack(elements, 16, 1), TP_DIMS(p->bones, 4, 4));
}

/* What the pose does to each bone: from its place at rest to where it is now, (bones, 4, 4). A bone is moved by its
   parent; those of one depth move together. */
static tp_var transforms(const ht *p, tp_var theta)
{
    const tp_var relative = tp_matmul(data(p, p->relatives), rotations(p, theta));
    tp_var absolute[LEVELS];
    for (int64_t d = 0; d < p->levels; d++) {
        absolute[d] = tp_index_select(relative, 0, data(p, p->level[d]));
        if (d > 0) absolute[d] = tp_matmul(tp_index_select(absolute[d - 1], 0, data(p, p->parent[d])), absolute[d]);
    }
    const tp_var all = tp_index_select(tp_concat(absolute, (int)p->levels, 0), 0, data(p, p->bone));
    return tp_matmul(all, data(p, p->inverses));
}

/* The matrix [a] with [a] v = a x v. */
static tp_var cross_matrix(const ht *p, tp_var a)
{
    const tp_var parts[3] = {a, tp_neg(a), tp_zeros(p->tape, TP_F64, TP_DIMS(1))};
    return tp_reshape(tp_index_select(tp_concat(parts, 3, 0), 0, data(p, p->skew)), TP_DIMS(3, 3));
}

/* The rotation about g by the angle |g|: cos I + (1 - cos) a a^T + sin [a], a = g/|g|. Near 0 it is none. */
static tp_var global_rotation(const ht *p, tp_var g)
{
    const tp_var angle = tp_norm(g, 2), unit = tp_eye(p->tape, TP_F64, 3, 3);
    if (tp_item(angle) < 1e-4) return unit;
    const tp_var a = tp_div(g, angle), cosine = tp_cos(angle);
    const tp_var along = tp_mul(tp_outer(a, a), tp_rsubs(1, cosine)),
                 across = tp_mul(cross_matrix(p, a), tp_sin(angle));
    return tp_add(tp_mul(unit, cosine), tp_add(along, across));
}

/* Where the vertices are that are asked for: (used, 3). The sum over bones b of weight_b (T_b x) is one product, of all
   weight_b x_c by all T_b's columns c. */
static tp_var vertices(const ht *p, tp_var theta)
{
    const tp_var moved = tp_slice(tp_permute(transforms(p, theta), TP_AXES(0, 2, 1)), 2, 0, 3, 1);
    const tp_var columns = tp_reshape(moved, TP_DIMS(p->bones * 4, 3)), index = data(p, p->vertex);
    const tp_var weight = tp_index_select(data(p, p->weights), 0, index);
    const tp_var position = tp_index_select(data(p, p->positions), 0, index);
    const tp_var rows = tp_reshape(tp_outer(weight, position), TP_DIMS(p->used, p->bones * 4));
    tp_var local = tp_matmul(rows, columns);
    if (p->mirror) local = tp_mul(local, data(p, p->mirror));
    return tp_linear(local, global_rotation(p, tp_slice(theta, 0, 0, 3, 1)), tp_slice(theta, 0, 3, 6, 1));
}

/* ---- the errors ---- */

/* u_0 x_0 + u_1 x_1 + (1 - u_0 - u_1) x_2, or x_0 */
static tp_var hand_points(const ht *p, tp_var theta, tp_var u, tp_var v)
{
    const tp_var all = vertices(p, theta), first = tp_index_select(all, 0, data(p, p->corner[0]));
    if (!p->complicated) return first;
    const tp_var second = tp_index_select(all, 0, data(p, p->corner[1]));
    const tp_var third = tp_index_select(all, 0, data(p, p->corner[2]));
    return tp_fma(u, tp_sub(first, third), tp_fma(v, tp_sub(second, third), third));
}

/* One shift of all u_0 and one of all u_1, by 0, stand for the u: a row's derivative by the shift is that by its own.
 */
static tp_status ht_run(void *problem, int function, tp_error *error)
{
    ht *p = problem;
    tp_tape_reset(p->tape);
    const bool was = tp_tape_set_grad(p->tape, function == 1);
    const tp_var x[3] = {tp_scalar(p->tape, 0), tp_scalar(p->tape, 0), tp_leaf(p->tape, p->theta)};
    tp_var u[2] = {tp_none(), tp_none()};
    for (int i = 0; i < 2 && p->complicated; i++) u[i] = tp_add(tp_slice(data(p, p->us), 1, i, i + 1, 1), x[i]);
    const tp_var errors = p->result = tp_sub(data(p, p->points), hand_points(p, x[2], u[0], u[1]));
    const int first = p->complicated ? 0 : 2;
    if (function == 1) tp_jacobian(&errors, 1, x + first, 3 - first, &p->result, 0);
    tp_tape_set_grad(p->tape, was);
    return gb_tape_status(p->tape, error);
}

/* ---- reading ---- */

static tp_tensor *integers(int64_t n)
{
    return tp_tensor_new(TP_I64, TP_DIMS(n));
}

/* Of each finger's last three bones the first turns about x and z, the others about x. */
static bool make_angles(ht *p)
{
    p->x_angle = integers(p->bones);
    p->z_angle = integers(p->bones);
    int64_t *x = tp_tensor_data(p->x_angle), *z = tp_tensor_data(p->z_angle);
    if (!x || !z) return false;
    for (int64_t b = 0; b < p->bones; b++) x[b] = z[b] = THETA;
    for (int64_t f = 0; f < FINGERS; f++) {
        const int64_t from = 6 + 4 * f;
        x[4 * f + 2] = from, z[4 * f + 2] = from + 1;
        x[4 * f + 3] = from + 2;
        x[4 * f + 4] = from + 3;
    }
    static const int64_t skew[9] = {6, 5, 1, 2, 6, 3, 4, 0, 6}; /* in (x, y, z, -x, -y, -z, 0) */
    return (p->skew = tp_tensor_from(TP_I64, TP_DIMS(9), skew)) != NULL;
}

/* Bones by their depth below a root. place[b]: where b stands among those of its depth. */
static bool make_levels(ht *p, const int64_t *parents, int64_t *depth, int64_t *place, tp_error *error)
{
    int64_t count[LEVELS] = {0}, before[LEVELS + 1] = {0};
    for (int64_t b = 0; b < p->bones; b++) {
        if (parents[b] < -1 || parents[b] >= b)
            return gb_fail(error, TP_E_ARGUMENT, "\"parents\": bone %lld has no parent before it", (long long)b), false;
        depth[b] = parents[b] < 0 ? 0 : depth[parents[b]] + 1;
        if (depth[b] == LEVELS)
            return gb_fail(error, TP_E_LIMIT, "\"parents\": bones more than %d deep", LEVELS), false;
        place[b] = count[depth[b]]++;
        if (depth[b] >= p->levels) p->levels = depth[b] + 1;
    }
    for (int64_t d = 0; d < p->levels; d++) {
        before[d + 1] = before[d] + count[d];
        p->level[d] = integers(count[d]);
        p->parent[d] = integers(count[d]);
        if (!p->level[d] || !p->parent[d]) return false;
    }
    p->bone = integers(p->bones);
    int64_t *bone = tp_tensor_data(p->bone);
    for (int64_t b = 0; b < p->bones && bone; b++) {
        ((int64_t *)tp_tensor_data(p->level[depth[b]]))[place[b]] = b;
        ((int64_t *)tp_tensor_data(p->parent[depth[b]]))[place[b]] = parents[b] < 0 ? 0 : place[parents[b]];
        bone[b] = before[depth[b]] + place[b];
    }
    return bone != NULL;
}

static bool in_range(const char *field, const int64_t *values, int64_t n, int64_t below, tp_error *error)
{
    for (int64_t i = 0; i < n; i++)
        if (values[i] < 0 || values[i] >= below)
            return gb_fail(error, TP_E_INDEX, "\"%s\": %lld is not in 0 .. %lld", field, (long long)values[i],
                           (long long)below - 1),
                   false;
    return true;
}

/* The vertices that are asked for, each once, and the corners as places among them. */
static bool make_corners(ht *p, const int64_t *points, const int64_t *triangles, int64_t *number)
{
    const int corners = triangles ? 3 : 1;
    for (int64_t v = 0; v < p->vertices; v++) number[v] = -1;
    for (int c = 0; c < corners; c++) {
        p->corner[c] = integers(p->p);
        int64_t *corner = tp_tensor_data(p->corner[c]);
        for (int64_t i = 0; i < p->p && corner; i++) {
            const int64_t v = triangles ? triangles[3 * points[i] + c] : points[i];
            if (number[v] < 0) number[v] = p->used++;
            corner[i] = number[v];
        }
        if (!corner) return false;
    }
    p->vertex = integers(p->used);
    int64_t *vertex = tp_tensor_data(p->vertex);
    for (int64_t v = 0; v < p->vertices && vertex; v++)
        if (number[v] >= 0) vertex[number[v]] = v;
    return vertex != NULL;
}

static bool read_tensors(ht *p, const json_t *model, tp_error *error)
{
    int64_t matrices[3] = {p->bones, 4, 4}, positions[2] = {-1, 4}, weights[2] = {-1, p->bones};
    p->relatives = gb_read_tensor(model, "base_relatives", TP_F64, 3, matrices, error);
    if (p->relatives) p->inverses = gb_read_tensor(model, "inverse_base_absolutes", TP_F64, 3, matrices, error);
    if (p->inverses) p->positions = gb_read_tensor(model, "base_positions", TP_F64, 2, positions, error);
    p->vertices = weights[0] = positions[0];
    if (p->positions) p->weights = gb_read_tensor(model, "weights", TP_F64, 2, weights, error);
    return p->weights != NULL;
}

static bool read_skeleton(ht *p, const json_t *model, tp_error *error)
{
    if (!gb_read_int(model, "bone_count", BONES, 100000, &p->bones, error) || !read_tensors(p, model, error) ||
        !make_angles(p))
        return false;
    const json_t *mirrored = gb_field(model, "is_mirrored", error);
    if (!mirrored) return false;
    if (!json_is_boolean(mirrored))
        return gb_fail(error, TP_E_FORMAT, "\"is_mirrored\" is neither true nor false"), false;
    if (json_is_true(mirrored)) p->mirror = tp_tensor_from(TP_F64, TP_DIMS(3), (const double[]){-1, 1, 1});
    const json_t *names = gb_field(model, "bone_names", error);
    if (!names) return false;
    if (!json_is_array(names) || (int64_t)json_array_size(names) != p->bones)
        return gb_fail(error, TP_E_SHAPE, "\"bone_names\" is no list of %lld", (long long)p->bones), false;
    tp_tensor *parents = gb_read_tensor(model, "parents", TP_I64, 1, &(int64_t){p->bones}, error);
    int64_t *work = calloc((size_t)p->bones, 2 * sizeof *work);
    const bool good = parents && work && make_levels(p, tp_tensor_read(parents), work, work + p->bones, error);
    tp_tensor_release(parents);
    free(work);
    return good && (p->mirror || !json_is_true(mirrored));
}

/* correspondences, and the triangles that they count where there are us. */
static bool read_corners(ht *p, const json_t *given, const json_t *model, tp_error *error)
{
    int64_t count[2] = {-1, 3};
    tp_tensor *triangles = NULL, *points = gb_read_tensor(given, "correspondences", TP_I64, 1, &p->p, error);
    int64_t *number = calloc((size_t)p->vertices + 1, sizeof *number);
    bool good = points && number;
    if (good) triangles = gb_read_tensor(model, "triangles", TP_I64, 2, count, error);
    good = triangles && in_range("triangles", tp_tensor_read(triangles), 3 * count[0], p->vertices, error);
    const int64_t below = p->complicated ? count[0] : p->vertices;
    good = good && in_range("correspondences", tp_tensor_read(points), p->p, below, error) &&
           make_corners(p, tp_tensor_read(points), p->complicated ? tp_tensor_read(triangles) : NULL, number);
    tp_tensor_release(points);
    tp_tensor_release(triangles);
    free(number);
    return good;
}

static bool read_all(ht *p, const json_t *input, tp_error *error)
{
    const json_t *us = gb_field(input, "us", error), *given = us ? gb_field(input, "data", error) : NULL;
    const json_t *model = given ? gb_field(given, "model", error) : NULL;
    int64_t points[2] = {-1, 3};
    if (!model || !read_skeleton(p, model, error)) return false;
    if (!json_is_array(us)) return gb_fail(error, TP_E_FORMAT, "\"us\" is no list"), false;
    p->theta = gb_read_tensor(input, "theta", TP_F64, 1, &(int64_t){THETA}, error);
    if (p->theta) p->points = gb_read_tensor(given, "points", TP_F64, 2, points, error);
    if (!p->points) return false;
    p->p = points[0];
    p->complicated = json_array_size(us) > 0;
    if (p->complicated) p->us = gb_read_tensor(input, "us", TP_F64, 2, (int64_t[]){p->p, 2}, error);
    return (p->us || !p->complicated) && read_corners(p, given, model, error);
}

/* ---- the eval ---- */

static void ht_free(void *problem)
{
    ht *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    tp_tensor *const all[] = {p->theta,   p->us,        p->points,    p->relatives, p->inverses, p->positions,
                              p->weights, p->x_angle,   p->z_angle,   p->bone,      p->vertex,   p->skew,
                              p->mirror,  p->corner[0], p->corner[1], p->corner[2]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tp_tensor_release(all[i]);
    for (int d = 0; d < LEVELS; d++) {
        tp_tensor_release(p->level[d]);
        tp_tensor_release(p->parent[d]);
    }
    free(p);
}

static void *ht_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    gb_fail(error, TP_E_MEMORY, "no memory for the problem"); /* unless it is found to be something else */
    ht *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK && read_all(p, input, error)) return p;
    ht_free(p);
    return NULL;
}

static void ht_write(const void *problem, int function, gb_text *out)
{
    const tp_tensor *result = tp_value(((const ht *)problem)->result);
    if (function == 1)
        gb_put_tensor(out, result);
    else
        gb_put_list(out, tp_tensor_read(result), tp_tensor_count(result));
}

static const tp_tape *ht_tape(const void *problem)
{
    return ((const ht *)problem)->tape;
}

const gb_eval gb_ht = {
    .name = "ht",
    .functions = {{"objective", "recorded"}, {"jacobian", "recorded"}},
    .parse = ht_parse,
    .run = ht_run,
    .write = ht_write,
    .tape = ht_tape,
    .free = ht_free,
};
