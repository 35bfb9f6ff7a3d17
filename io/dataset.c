/* Data sets: making and freeing them, and reading items. */
#include "io/dataset.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"

tp_status tp_data_fail(tp_error *error, tp_status status, const char *format, ...)
{
    if (!error) return status;
    error->status = status;
    error->message[0] = 0;
    if (!format) return status;
    va_list list;
    va_start(list, format);
    vsnprintf(error->message, sizeof error->message, format, list);
    va_end(list);
    return status;
}

/* ---- fields ---- */

int64_t tp_field_count(const tp_field *field)
{
    int64_t count = 0;
    return field && tp_field_check(field, &count, NULL, NULL) == TP_OK ? count : 0;
}

tp_status tp_field_check(const tp_field *field, int64_t *count, size_t *bytes, tp_error *error)
{
    int64_t n;
    if (field->rank >= TP_MAX_RANK)
        return tp_fail(error, TP_E_LIMIT, "an item of rank %d: at most %d, the batch needs an axis", field->rank,
                       TP_MAX_RANK - 1);
    const tp_status status = tp_tensor_check(field->dtype, field->rank, field->dims, &n, error);
    if (status != TP_OK) return status;
    if (count) *count = n;
    if (bytes) *bytes = (size_t)n * tp_dtype_size(field->dtype);
    return TP_OK;
}

bool tp_field_equal(const tp_field *a, const tp_field *b)
{
    return a->dtype == b->dtype && tp_shape_equal(a->rank, a->dims, b->rank, b->dims);
}

size_t tp_field_bytes(const tp_field *field)
{
    size_t bytes = tp_dtype_size(field->dtype);
    for (int i = 0; i < field->rank; i++) bytes *= (size_t)field->dims[i];
    return bytes;
}

/* ---- making and freeing ---- */

static tp_status check_spec(const tp_dataset_kind *kind, const tp_dataset_spec *spec, tp_error *error)
{
    if (!kind || kind->size < sizeof *kind || !kind->name || !kind->read)
        return tp_fail(error, TP_E_ARGUMENT,
                       "tp_dataset_new: the kind is NULL, or has no TP_DATASET_HEAD, no name or no read");
    if (!spec) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_new (%s): the spec is NULL", kind->name);
    if (spec->count < 0)
        return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_new (%s): count is %" PRId64, kind->name, spec->count);
    if (spec->fields < 1 || spec->fields > TP_DATA_FIELDS)
        return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_new (%s): %d fields, not 1 to %d", kind->name, spec->fields,
                       TP_DATA_FIELDS);
    for (int k = 0; k < spec->fields; k++) {
        tp_error local;
        const tp_status status = tp_field_check(&spec->field[k], NULL, NULL, &local);
        if (status != TP_OK)
            return tp_fail(error, status, "tp_dataset_new (%s): field %d: %.300s", kind->name, k, local.message);
    }
    if (spec->sources < 0 || (spec->sources > 0 && !spec->source))
        return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_new (%s): sources is %d, source is %s", kind->name,
                       spec->sources, spec->source ? "given" : "NULL");
    for (int k = 0; k < spec->sources; k++)
        if (!spec->source[k])
            return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_new (%s): source %d is NULL", kind->name, k);
    if (kind->state > TP_BYTES_MAX || spec->scratch > TP_BYTES_MAX)
        return tp_fail(error, TP_E_LIMIT, "tp_dataset_new (%s): %zu bytes of state, %zu of scratch", kind->name,
                       kind->state, spec->scratch);
    return TP_OK;
}

/* Depth and scratch, from those of the sources. */
static tp_status set_needs(tp_dataset *set, tp_error *error)
{
    size_t below = 0;
    set->depth = 1;
    for (int k = 0; k < set->sources; k++) {
        if (set->source[k]->depth >= set->depth) set->depth = set->source[k]->depth + 1;
        if (set->source[k]->scratch > below) below = set->source[k]->scratch;
    }
    set->scratch = set->scratch_here + below; /* neither is above TP_BYTES_MAX */
    if (set->depth > TP_DATA_DEPTH)
        return tp_fail(error, TP_E_LIMIT, "tp_dataset_new (%s): more than %d data sets that read from one another",
                       set->kind->name, TP_DATA_DEPTH);
    if (set->scratch > TP_BYTES_MAX)
        return tp_fail(error, TP_E_LIMIT, "tp_dataset_new (%s): %zu bytes of scratch", set->kind->name, set->scratch);
    return TP_OK;
}

/* What a set takes: head, state, references to sources. */
static size_t set_bytes(const tp_dataset_kind *kind, int sources)
{
    return tp_aligned(sizeof(tp_dataset)) + tp_aligned(kind->state) + (size_t)sources * sizeof(tp_dataset *);
}

tp_dataset *tp_dataset_new(const tp_dataset_kind *kind, const tp_dataset_spec *spec, tp_error *error)
{
    if (check_spec(kind, spec, error) != TP_OK) return NULL;
    const tp_allocator *memory = spec->memory ? spec->memory : &tp_default_allocator;
    const size_t bytes = set_bytes(kind, spec->sources);
    tp_dataset *set = tp_allocate_zeroed(memory, bytes);
    if (!set) {
        tp_fail(error, TP_E_MEMORY, "tp_dataset_new (%s): out of memory", kind->name);
        return NULL;
    }
    set->kind = kind;
    set->memory = *memory;
    set->count = spec->count;
    set->fields = spec->fields;
    memcpy(set->field, spec->field, (size_t)spec->fields * sizeof *set->field);
    set->scratch_here = tp_aligned(spec->scratch);
    set->sources = spec->sources;
    set->source = (tp_dataset **)((char *)tp_dataset_inside(set) + tp_aligned(kind->state));
    for (int k = 0; k < spec->sources; k++) set->source[k] = spec->source[k];
    if (set_needs(set, error) != TP_OK) {
        tp_deallocate(memory, set, bytes);
        return NULL;
    }
    for (int k = 0; k < spec->sources; k++) tp_dataset_retain(set->source[k]);
    atomic_init(&set->refs, 1);
    return set;
}

void *tp_dataset_state(tp_dataset *set)
{
    return set && set->kind->state ? tp_dataset_inside(set) : NULL;
}

tp_dataset *tp_dataset_retain(tp_dataset *set)
{
    if (set) atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

/* Goes at most TP_DATA_DEPTH deep. */
void tp_dataset_release(tp_dataset *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1) return;
    if (set->kind->free) set->kind->free(tp_dataset_state(set));
    for (int k = 0; k < set->sources; k++) tp_dataset_release(set->source[k]);
    const tp_allocator memory = set->memory;
    tp_deallocate(&memory, set, set_bytes(set->kind, set->sources));
}

/* ---- looking at one ---- */

int64_t tp_dataset_count(const tp_dataset *set)
{
    return set ? set->count : 0;
}

int tp_dataset_fields(const tp_dataset *set)
{
    return set ? set->fields : 0;
}

const tp_field *tp_dataset_field(const tp_dataset *set, int field)
{
    return set && field >= 0 && field < set->fields ? &set->field[field] : NULL;
}

tp_status tp_field_missing(const char *function, const tp_dataset *set, int field, tp_error *error)
{
    if (!set) return tp_fail(error, TP_E_ARGUMENT, "%s: the data set is NULL", function);
    return tp_fail(error, TP_E_INDEX, "%s (%s): there is no field %d of %d", function, set->kind->name, field,
                   set->fields);
}

/* ---- reading ---- */

/* A kind that fails without a word is still told by its name. */
static tp_status read_failed(const tp_dataset *set, int64_t i, tp_status status, tp_error *error)
{
    if (error && (error->status == TP_OK || !error->message[0]))
        return tp_fail(error, status, "%s: item %" PRId64 " cannot be read (%s)", set->kind->name, i,
                       tp_status_name(status));
    return status;
}

tp_status tp_dataset_read_into(const tp_dataset *set, int64_t i, void *const *to, tp_rng *rng, void *scratch,
                               tp_error *error)
{
    const tp_reading reading = {.set = set,
                                .state = set->kind->state ? tp_dataset_inside(set) : NULL,
                                .rng = rng,
                                .scratch = scratch,
                                .error = error};
    const tp_status status = set->kind->read(&reading, i, to);
    return status == TP_OK ? TP_OK : read_failed(set, i, status, error);
}

tp_status tp_reading_source(const tp_reading *reading, int k, int64_t i, void *const *to)
{
    if (!reading || !reading->set || !to)
        return tp_fail(reading ? reading->error : NULL, TP_E_ARGUMENT, "tp_reading_source: NULL");
    const tp_dataset *set = reading->set;
    if (k < 0 || k >= set->sources)
        return tp_fail(reading->error, TP_E_INDEX, "%s: there is no source %d of %d", set->kind->name, k, set->sources);
    const tp_dataset *source = set->source[k];
    if (i < 0 || i >= source->count)
        return tp_fail(reading->error, TP_E_INDEX, "%s: there is no item %" PRId64 " of %" PRId64 " in %s",
                       set->kind->name, i, source->count, source->kind->name);
    char *scratch = reading->scratch;
    return tp_dataset_read_into(source, i, to, reading->rng, scratch ? scratch + set->scratch_here : NULL,
                                reading->error);
}

static tp_status check_item(const tp_dataset *set, int64_t i, void *const *to, tp_error *error)
{
    if (!set || !to) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_read: %s is NULL", set ? "to" : "the data set");
    if (i < 0 || i >= set->count)
        return tp_fail(error, TP_E_INDEX, "tp_dataset_read (%s): there is no item %" PRId64 " of %" PRId64,
                       set->kind->name, i, set->count);
    for (int k = 0; k < set->fields; k++)
        if (!to[k]) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_read (%s): to[%d] is NULL", set->kind->name, k);
    return TP_OK;
}

tp_status tp_dataset_read(const tp_dataset *set, int64_t i, void *const *to, tp_rng *rng, tp_error *error)
{
    tp_status status = check_item(set, i, to, error);
    if (status != TP_OK) return status;
    void *scratch = set->scratch ? tp_allocate(&set->memory, set->scratch) : NULL;
    if (set->scratch && !scratch)
        return tp_fail(error, TP_E_MEMORY, "tp_dataset_read (%s): out of memory", set->kind->name);
    tp_rng own = tp_rng_stream(0, (uint64_t)i);
    tp_error local = {.status = TP_OK};
    status = tp_dataset_read_into(set, i, to, rng ? rng : &own, scratch, &local);
    if (status != TP_OK && error) *error = local;
    tp_deallocate(&set->memory, scratch, set->scratch);
    return status;
}

/* ---- room for an item ---- */

tp_status tp_item_room_make(tp_item_room *room, const tp_dataset *set, tp_error *error)
{
    size_t at[TP_DATA_FIELDS];
    *room = (tp_item_room){.bytes = set->scratch ? set->scratch : TP_ALIGNMENT};
    for (int k = 0; k < set->fields; k++) {
        at[k] = room->bytes;
        const size_t bytes = tp_aligned(tp_field_bytes(&set->field[k]));
        if (bytes > TP_BYTES_MAX - room->bytes) return tp_fail(error, TP_E_MEMORY, "out of memory for an item");
        room->bytes += bytes;
    }
    char *block = room->block = tp_allocate(&set->memory, room->bytes);
    if (!block) return tp_fail(error, TP_E_MEMORY, "out of memory for an item of %zu bytes", room->bytes);
    room->scratch = block;
    for (int k = 0; k < set->fields; k++) room->to[k] = block + at[k];
    return TP_OK;
}

void tp_item_room_free(tp_item_room *room, const tp_dataset *set)
{
    tp_deallocate(&set->memory, room->block, room->bytes);
}

tp_status tp_item_room_read(tp_item_room *room, const tp_dataset *set, int64_t i, tp_error *error)
{
    tp_rng rng = tp_rng_stream(0, (uint64_t)i);
    return tp_dataset_read_into(set, i, room->to, &rng, room->scratch, error);
}

/* ---- a field of all items ---- */

static tp_tensor *tensor_for(const tp_dataset *set, int field, tp_error *error)
{
    const tp_field *f = &set->field[field];
    int64_t dims[TP_MAX_RANK] = {set->count};
    for (int i = 0; i < f->rank; i++) dims[i + 1] = f->dims[i];
    return tp_tensor_make(&set->memory, f->dtype, f->rank + 1, dims, NULL, error);
}

/* The field's rows are read in their place, the other fields into the room. */
static tp_status fill_tensor(tp_tensor *tensor, const tp_dataset *set, int field, tp_error *error)
{
    tp_item_room room;
    const size_t bytes = tp_field_bytes(&set->field[field]);
    char *at = tp_tensor_data(tensor);
    tp_status status = tp_item_room_make(&room, set, error);
    for (int64_t i = 0; status == TP_OK && i < set->count; i++, at += bytes) {
        room.to[field] = at;
        status = tp_item_room_read(&room, set, i, error);
    }
    tp_item_room_free(&room, set);
    return status;
}

tp_tensor *tp_dataset_tensor(const tp_dataset *set, int field, tp_error *error)
{
    if (!tp_dataset_field(set, field)) {
        tp_field_missing("tp_dataset_tensor", set, field, error);
        return NULL;
    }
    tp_error local = {.status = TP_OK};
    tp_tensor *tensor = tensor_for(set, field, &local);
    if (tensor && fill_tensor(tensor, set, field, &local) != TP_OK) {
        tp_tensor_release(tensor);
        tensor = NULL;
    }
    if (!tensor) tp_fail(error, local.status, "tp_dataset_tensor (%s): %.400s", set->kind->name, local.message);
    return tensor;
}
