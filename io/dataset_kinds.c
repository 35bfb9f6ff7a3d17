/* The data sets that come ready: rows of tensors, subsets, one after the other, mapped. */
#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/dataset.h"

/* ---- rows of tensors ---- */

typedef struct rows_state {
    int n;
    tp_tensor *tensor[TP_DATA_FIELDS];
    size_t bytes[TP_DATA_FIELDS]; /* of a row */
} rows_state;

static tp_status rows_read(const tp_reading *reading, int64_t i, void *const *to)
{
    const rows_state *rows = reading->state;
    for (int k = 0; k < rows->n; k++)
        if (rows->bytes[k]) memcpy(to[k], rows->tensor[k]->data + (size_t)i * rows->bytes[k], rows->bytes[k]);
    return TP_OK;
}

static void rows_free(void *state)
{
    rows_state *rows = state;
    for (int k = 0; k < rows->n; k++) tp_tensor_release(rows->tensor[k]);
}

static const tp_dataset_kind rows_kind = {TP_DATASET_HEAD, .name = "tensors", .state = sizeof(rows_state),
                                          .read = rows_read, .free = rows_free};

static tp_status check_rows(int n, tp_tensor *const *tensors, tp_error *error)
{
    static const char *const name = "tp_dataset_from_tensors";
    if (n < 1 || n > TP_DATA_FIELDS || !tensors)
        return tp_fail(error, TP_E_ARGUMENT, "%s: %d tensors (1 to %d), %s", name, n, TP_DATA_FIELDS,
                       tensors ? "given" : "NULL");
    for (int k = 0; k < n; k++) {
        char text[TP_TENSOR_TEXT], first[TP_TENSOR_TEXT];
        if (!tensors[k]) return tp_fail(error, TP_E_ARGUMENT, "%s: tensor %d is NULL", name, k);
        if (tensors[k]->pool) return tp_fail(error, TP_E_ARGUMENT, "%s: tensor %d is a tape's own", name, k);
        if (tensors[k]->rank == 0) return tp_fail(error, TP_E_SHAPE, "%s: tensor %d has rank 0: no rows", name, k);
        if (tensors[k]->dims[0] != tensors[0]->dims[0])
            return tp_fail(error, TP_E_SHAPE, "%s: tensor 0 is %s, tensor %d is %s: as many rows are wanted", name,
                           tp_tensor_text(first, tensors[0]), k, tp_tensor_text(text, tensors[k]));
    }
    return TP_OK;
}

tp_dataset *tp_dataset_from_tensors(int n, tp_tensor *const *tensors, tp_error *error)
{
    if (check_rows(n, tensors, error) != TP_OK) return NULL;
    tp_dataset_spec spec = {.count = tensors[0]->dims[0], .fields = n, .memory = &tensors[0]->storage->memory};
    for (int k = 0; k < n; k++) {
        spec.field[k].dtype = (tp_dtype)tensors[k]->dtype;
        spec.field[k].rank = tensors[k]->rank - 1;
        memcpy(spec.field[k].dims, tensors[k]->dims + 1, (size_t)spec.field[k].rank * sizeof *tensors[k]->dims);
    }
    tp_dataset *set = tp_dataset_new(&rows_kind, &spec, error);
    rows_state *rows = tp_dataset_state(set);
    for (int k = 0; set && k < n; k++) {
        rows->bytes[k] = tp_field_bytes(&spec.field[k]);
        rows->tensor[k] = tensors[k]->dense ? tp_tensor_retain(tensors[k]) : tp_tensor_clone(tensors[k]);
        rows->n = k + 1;
        if (rows->tensor[k]) continue;
        tp_fail(error, TP_E_MEMORY, "tp_dataset_from_tensors: out of memory for a copy of tensor %d", k);
        tp_dataset_release(set);
        return NULL;
    }
    return set;
}

/* ---- subset ---- */

typedef struct subset_state {
    int64_t *index;
    int64_t n;
    tp_allocator memory;
} subset_state;

static tp_status subset_read(const tp_reading *reading, int64_t i, void *const *to)
{
    const subset_state *subset = reading->state;
    return tp_reading_source(reading, 0, subset->index[i], to);
}

static void subset_free(void *state)
{
    subset_state *subset = state;
    if (subset->index) tp_deallocate(&subset->memory, subset->index, (size_t)subset->n * sizeof *subset->index);
}

static const tp_dataset_kind subset_kind = {TP_DATASET_HEAD, .name = "subset", .state = sizeof(subset_state),
                                            .read = subset_read, .free = subset_free};

static tp_status check_indices(const tp_dataset *set, int64_t n, const int64_t *indices, tp_error *error)
{
    if (!set) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_subset: the data set is NULL");
    if (n < 0 || (n > 0 && !indices))
        return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_subset: %" PRId64 " indices, %s", n,
                       indices ? "given" : "NULL");
    if (n > (int64_t)(TP_BYTES_MAX / sizeof *indices))
        return tp_fail(error, TP_E_LIMIT, "tp_dataset_subset: %" PRId64 " indices", n);
    for (int64_t i = 0; i < n; i++)
        if (indices[i] < 0 || indices[i] >= set->count)
            return tp_fail(error, TP_E_INDEX,
                           "tp_dataset_subset: indices[%" PRId64 "] is %" PRId64 ", the data set has %" PRId64 " items",
                           i, indices[i], set->count);
    return TP_OK;
}

/* A data set with the same fields that reads from n others. */
static tp_dataset_spec spec_like(tp_dataset *const *sets, int n, int64_t count)
{
    tp_dataset_spec spec = {
        .count = count, .fields = sets[0]->fields, .sources = n, .source = sets, .memory = &sets[0]->memory};
    memcpy(spec.field, sets[0]->field, (size_t)spec.fields * sizeof *spec.field);
    return spec;
}

tp_dataset *tp_dataset_subset(tp_dataset *set, int64_t n, const int64_t *indices, tp_error *error)
{
    if (check_indices(set, n, indices, error) != TP_OK) return NULL;
    const tp_dataset_spec spec = spec_like(&set, 1, n);
    tp_dataset *made = tp_dataset_new(&subset_kind, &spec, error);
    if (!made) return NULL;
    subset_state *subset = tp_dataset_state(made);
    *subset = (subset_state){.n = n, .memory = set->memory};
    if (n > 0) subset->index = tp_allocate(&set->memory, (size_t)n * sizeof *indices);
    if (subset->index) memcpy(subset->index, indices, (size_t)n * sizeof *indices);
    if (subset->index || n == 0) return made;
    tp_fail(error, TP_E_MEMORY, "tp_dataset_subset: out of memory for %" PRId64 " indices", n);
    tp_dataset_release(made);
    return NULL;
}

/* ---- one after the other ---- */

/* The first k with i < the sum of the counts up to k: few sets, a straight search. */
static tp_status concat_read(const tp_reading *reading, int64_t i, void *const *to)
{
    int k = 0;
    while (i >= reading->set->source[k]->count) i -= reading->set->source[k++]->count;
    return tp_reading_source(reading, k, i, to);
}

static const tp_dataset_kind concat_kind = {TP_DATASET_HEAD, .name = "concat", .read = concat_read};

static tp_status check_alike(int n, tp_dataset *const *sets, int64_t *count, tp_error *error)
{
    if (n < 1 || !sets)
        return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_concat: %d data sets, %s", n, sets ? "given" : "NULL");
    for (int j = 0; j < n; j++) {
        if (!sets[j]) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_concat: data set %d is NULL", j);
        if (sets[j]->fields != sets[0]->fields)
            return tp_fail(error, TP_E_SHAPE, "tp_dataset_concat: data set 0 has %d fields, data set %d has %d",
                           sets[0]->fields, j, sets[j]->fields);
        for (int k = 0; k < sets[0]->fields; k++)
            if (!tp_field_equal(&sets[j]->field[k], &sets[0]->field[k]))
                return tp_fail(error, TP_E_SHAPE, "tp_dataset_concat: field %d of data set %d is not as in data set 0",
                               k, j);
        if (__builtin_add_overflow(*count, sets[j]->count, count))
            return tp_fail(error, TP_E_LIMIT, "tp_dataset_concat: the count overflows");
    }
    return TP_OK;
}

tp_dataset *tp_dataset_concat(int n, tp_dataset *const *sets, tp_error *error)
{
    int64_t count = 0;
    if (check_alike(n, sets, &count, error) != TP_OK) return NULL;
    const tp_dataset_spec spec = spec_like(sets, n, count);
    return tp_dataset_new(&concat_kind, &spec, error);
}

/* ---- mapped ---- */

typedef struct map_state {
    int field;
    tp_transform *transform;
    size_t half;     /* bytes of each of the two blocks of scratch */
    tp_field before; /* what the source gives */
} map_state;

/* The item goes to and fro between the two blocks, and to its place at the last step. */
static tp_status map_read(const tp_reading *reading, int64_t i, void *const *to)
{
    const map_state *map = reading->state;
    char *block[2] = {reading->scratch, (char *)reading->scratch + map->half};
    void *inner[TP_DATA_FIELDS];
    tp_transform *const *steps;
    const int n = tp_transform_steps(&map->transform, &steps);
    for (int k = 0; k < reading->set->fields; k++) inner[k] = to[k];
    if (n > 0) inner[map->field] = block[0];
    tp_status status = tp_reading_source(reading, 0, i, inner);
    tp_field fields[2] = {map->before, map->before};
    for (int s = 0; status == TP_OK && s < n; s++) {
        const int from = s & 1;
        const tp_applying applying = {.state = tp_transform_inside(steps[s]),
                                      .in = &fields[from],
                                      .out = &fields[!from],
                                      .from = block[from],
                                      .to = s == n - 1 ? to[map->field] : block[!from],
                                      .rng = reading->rng,
                                      .error = reading->error};
        status = tp_transform_shape(steps[s], &fields[from], &fields[!from], reading->error);
        if (status == TP_OK) status = steps[s]->kind->apply(&applying);
    }
    return status;
}

static void map_free(void *state)
{
    map_state *map = state;
    tp_transform_release(map->transform);
}

static const tp_dataset_kind map_kind = {TP_DATASET_HEAD, .name = "map", .state = sizeof(map_state), .read = map_read,
                                         .free = map_free};

/* What comes out after all steps, and the largest that is in between. */
static tp_status map_shapes(tp_transform *const *transform, tp_field *field, size_t *largest, tp_error *error)
{
    tp_transform *const *steps;
    const int n = tp_transform_steps(transform, &steps);
    *largest = tp_field_bytes(field);
    for (int s = 0; s < n; s++) {
        const tp_field in = *field;
        size_t bytes = 0;
        tp_error local = {.status = TP_OK};
        tp_status status = tp_transform_shape(steps[s], &in, field, &local);
        if (status == TP_OK) status = tp_field_check(field, NULL, &bytes, &local);
        if (status != TP_OK)
            return tp_fail(error, status, "tp_dataset_map: %s: %.300s", steps[s]->kind->name,
                           local.message[0] ? local.message : tp_status_name(status));
        if (bytes > *largest) *largest = bytes;
    }
    return TP_OK;
}

tp_dataset *tp_dataset_map(tp_dataset *set, int field, tp_transform *transform, tp_error *error)
{
    if (!tp_dataset_field(set, field)) {
        tp_field_missing("tp_dataset_map", set, field, error);
        return NULL;
    }
    if (!transform) {
        tp_fail(error, TP_E_ARGUMENT, "tp_dataset_map (%s): the transform is NULL", set->kind->name);
        return NULL;
    }
    tp_dataset_spec spec = spec_like(&set, 1, set->count);
    size_t largest;
    if (map_shapes(&transform, &spec.field[field], &largest, error) != TP_OK) return NULL;
    if (largest > TP_BYTES_MAX / 4) {
        tp_fail(error, TP_E_LIMIT, "tp_dataset_map: items of %zu bytes", largest);
        return NULL;
    }
    spec.scratch = 2 * tp_aligned(largest);
    tp_dataset *made = tp_dataset_new(&map_kind, &spec, error);
    if (!made) return NULL;
    map_state *map = tp_dataset_state(made);
    *map = (map_state){field, tp_transform_retain(transform), tp_aligned(largest), set->field[field]};
    return made;
}
