/* Loaders: the order of an epoch, making a batch, going on. */
#include "io/loader.h"

#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"

#define PREFETCH_MAX 1024

/* ---- making a batch ---- */

/* Two keys from one block of seed and epoch: of the order, and of what transforms draw. */
static void begin_epoch(tp_batch_maker *maker, uint64_t epoch)
{
    uint32_t words[4];
    tp_philox(maker->seed, epoch, 0x6c6f61646572 /* "loader": apart from other uses of the seed */, words);
    maker->key = (uint64_t)words[1] << 32 | words[0];
    if (maker->order) {
        tp_rng rng = tp_rng_seed((uint64_t)words[3] << 32 | words[2]);
        tp_rng_permutation(&rng, maker->order, (uint32_t)maker->set->count);
    }
    maker->epoch = epoch;
    maker->begun = true;
}

int64_t tp_batch_items(const tp_batch_maker *maker, int64_t batch)
{
    const int64_t left = maker->set->count - batch * maker->batch;
    return left < maker->batch ? left : maker->batch;
}

tp_status tp_batch_make(tp_batch_maker *maker, tp_data_position at, void *const *to, int64_t *index, tp_error *error)
{
    if (!maker->begun || maker->epoch != at.epoch) begin_epoch(maker, at.epoch);
    const int64_t first = at.batch * maker->batch, items = tp_batch_items(maker, at.batch);
    char *row[TP_DATA_FIELDS];
    for (int k = 0; k < maker->set->fields; k++) row[k] = to[k];
    for (int64_t i = 0; i < items; i++) {
        void *place[TP_DATA_FIELDS];
        index[i] = maker->order ? (int64_t)maker->order[first + i] : first + i;
        for (int k = 0; k < maker->set->fields; k++) {
            place[k] = row[k];
            row[k] += maker->bytes[k];
        }
        tp_rng rng = tp_rng_stream(maker->key, (uint64_t)index[i]);
        tp_error local = {.status = TP_OK};
        const tp_status status = tp_dataset_read_into(maker->set, index[i], place, &rng, maker->scratch, &local);
        if (status != TP_OK)
            return tp_fail(error, status,
                           "tp_loader_next: epoch %" PRIu64 ", batch %" PRId64 ", item %" PRId64 ": %.380s", at.epoch,
                           at.batch, index[i], local.message);
    }
    return TP_OK;
}

/* ---- making and freeing a loader ---- */

static tp_status check_options(const tp_dataset *set, const tp_loader_options *o, tp_error *error)
{
    static const char *const name = "tp_loader_new";
    if (!set) return tp_fail(error, TP_E_ARGUMENT, "%s: the data set is NULL", name);
    if (o->batch < 0) return tp_fail(error, TP_E_ARGUMENT, "%s: batch is %" PRId64, name, o->batch);
    if (o->prefetch < 0 || o->prefetch > PREFETCH_MAX)
        return tp_fail(error, TP_E_ARGUMENT, "%s: prefetch is %d, not 0 to %d", name, o->prefetch, PREFETCH_MAX);
    if (set->count > UINT32_MAX)
        return tp_fail(error, TP_E_LIMIT, "%s: %" PRId64 " items, more than 2^32 - 1", name, set->count);
    for (int k = set->fields; k < TP_DATA_FIELDS; k++)
        if (o->transform[k])
            return tp_fail(error, TP_E_INDEX, "%s: transform[%d] is given, the data set has %d fields", name, k,
                           set->fields);
    return TP_OK;
}

/* The set with the transforms on it; the loader's own reference. */
static tp_dataset *transformed(tp_dataset *set, const tp_loader_options *o, tp_error *error)
{
    tp_dataset *at = tp_dataset_retain(set);
    for (int k = 0; at && k < set->fields; k++) {
        if (!o->transform[k]) continue;
        tp_dataset *mapped = tp_dataset_map(at, k, o->transform[k], error);
        tp_dataset_release(at);
        at = mapped;
    }
    return at;
}

/* Tensors for a full batch, and the shorter views of them. */
static tp_status make_tensors(tp_loader *loader, int64_t rows, int64_t short_rows, tp_error *error)
{
    for (int k = 0; k < loader->set->fields; k++) {
        const tp_field *field = &loader->set->field[k];
        int64_t dims[TP_MAX_RANK] = {rows};
        for (int i = 0; i < field->rank; i++) dims[i + 1] = field->dims[i];
        loader->maker.bytes[k] = tp_field_bytes(field);
        loader->full[k] = tp_tensor_make(&loader->memory, field->dtype, field->rank + 1, dims, NULL, error);
        if (!loader->full[k]) return error->status;
        if (short_rows > 0) loader->rest[k] = tp_tensor_slice(loader->full[k], 0, 0, short_rows, 1, error);
        if (short_rows > 0 && !loader->rest[k]) return error->status;
    }
    return TP_OK;
}

static tp_status make_room(tp_loader *loader, int64_t rows, tp_error *error)
{
    tp_batch_maker *maker = &loader->maker;
    const size_t items = (size_t)maker->set->count;
    loader->index = tp_allocate(&loader->memory, (size_t)rows * sizeof *loader->index);
    if (maker->shuffle && items) maker->order = tp_allocate(&loader->memory, items * sizeof *maker->order);
    if (maker->set->scratch) maker->scratch = tp_allocate(&loader->memory, maker->set->scratch);
    if (!loader->index || (maker->shuffle && items && !maker->order) || (maker->set->scratch && !maker->scratch))
        return tp_fail(error, TP_E_MEMORY, "out of memory");
    return TP_OK;
}

static tp_status set_up(tp_loader *loader, const tp_loader_options *o, tp_error *error)
{
    const int64_t count = loader->set->count, batch = o->batch ? o->batch : 1;
    const int64_t rows = batch < count ? batch : count > 0 ? count : 1, left = count % batch;
    const bool has_short = left > 0 && !o->drop_last;
    loader->maker = (tp_batch_maker){.set = loader->set,
                                     .seed = o->seed,
                                     .batch = batch,
                                     .batches = count / batch + has_short,
                                     .shuffle = o->shuffle};
    tp_status status = make_tensors(loader, rows, has_short ? left : 0, error);
    if (status == TP_OK) status = make_room(loader, rows, error);
    if (status != TP_OK || o->prefetch == 0 || loader->maker.batches == 0) return status;
    loader->prefetch = tp_prefetch_start(&loader->maker, o->prefetch, loader->at, &loader->memory, error);
    return loader->prefetch ? TP_OK : error->status;
}

tp_loader *tp_loader_new(tp_dataset *set, const tp_loader_options *options, tp_error *error)
{
    const tp_loader_options o = options ? *options : (tp_loader_options){.batch = 0};
    if (check_options(set, &o, error) != TP_OK) return NULL;
    const tp_allocator *memory = o.memory ? o.memory : &tp_default_allocator;
    tp_error local = {.status = TP_OK};
    tp_loader *loader = tp_allocate_zeroed(memory, sizeof *loader);
    if (!loader) {
        tp_fail(error, TP_E_MEMORY, "tp_loader_new: out of memory");
        return NULL;
    }
    loader->memory = *memory;
    loader->set = transformed(set, &o, &local);
    if (loader->set && set_up(loader, &o, &local) == TP_OK) return loader;
    tp_fail(error, local.status, "tp_loader_new: %.400s", local.message);
    tp_loader_free(loader);
    return NULL;
}

void tp_loader_free(tp_loader *loader)
{
    if (!loader) return;
    if (loader->prefetch) tp_prefetch_stop(loader->prefetch);
    const tp_dataset *set = loader->set;
    const int64_t rows = loader->full[0] ? loader->full[0]->dims[0] : 0;
    tp_deallocate(&loader->memory, loader->index, (size_t)rows * sizeof *loader->index);
    if (set) tp_deallocate(&loader->memory, loader->maker.order, (size_t)set->count * sizeof *loader->maker.order);
    if (set) tp_deallocate(&loader->memory, loader->maker.scratch, set->scratch);
    for (int k = 0; k < TP_DATA_FIELDS; k++) {
        tp_tensor_release(loader->rest[k]);
        tp_tensor_release(loader->full[k]);
    }
    tp_dataset_release(loader->set);
    const tp_allocator memory = loader->memory;
    tp_deallocate(&memory, loader, sizeof *loader);
}

/* ---- going on ---- */

/* The batch at the loader's position, into its tensors; their versions move on. */
static tp_status fetch(tp_loader *loader, tp_batch *batch)
{
    const int64_t items = tp_batch_items(&loader->maker, loader->at.batch);
    void *to[TP_DATA_FIELDS];
    *batch = (tp_batch){.items = items, .fields = loader->set->fields, .index = loader->index};
    for (int k = 0; k < loader->set->fields; k++) {
        batch->field[k] = items == loader->full[k]->dims[0] ? loader->full[k] : loader->rest[k];
        to[k] = tp_tensor_data(batch->field[k]);
    }
    return loader->prefetch ? tp_prefetch_take(loader->prefetch, to, loader->index, &loader->error)
                            : tp_batch_make(&loader->maker, loader->at, to, loader->index, &loader->error);
}

bool tp_loader_next(tp_loader *loader, tp_batch *batch)
{
    if (batch) *batch = (tp_batch){.items = 0};
    if (!loader || loader->error.status != TP_OK) return false;
    if (!batch) {
        tp_fail(&loader->error, TP_E_ARGUMENT, "tp_loader_next: the batch is NULL");
        return false;
    }
    if (loader->at.batch >= loader->maker.batches) {
        loader->at = (tp_data_position){.epoch = loader->at.epoch + 1};
        return false;
    }
    if (fetch(loader, batch) != TP_OK) {
        *batch = (tp_batch){.items = 0};
        return false;
    }
    loader->at.batch++;
    return true;
}

tp_status tp_loader_status(const tp_loader *loader)
{
    return loader ? loader->error.status : TP_E_ARGUMENT;
}

const char *tp_loader_error(const tp_loader *loader)
{
    return loader ? loader->error.message : "the loader is NULL";
}

int64_t tp_loader_batches(const tp_loader *loader)
{
    return loader ? loader->maker.batches : 0;
}

tp_dataset *tp_loader_dataset(const tp_loader *loader)
{
    return loader ? loader->set : NULL;
}

tp_data_position tp_loader_position(const tp_loader *loader)
{
    return loader ? loader->at : (tp_data_position){.epoch = 0};
}

tp_status tp_loader_seek(tp_loader *loader, tp_data_position position, tp_error *error)
{
    if (!loader) return tp_fail(error, TP_E_ARGUMENT, "tp_loader_seek: the loader is NULL");
    if (position.batch < 0 || position.batch > loader->maker.batches)
        return tp_fail(error, TP_E_ARGUMENT, "tp_loader_seek: batch %" PRId64 ", an epoch has %" PRId64, position.batch,
                       loader->maker.batches);
    loader->error = (tp_error){.status = TP_OK};
    loader->at = position;
    if (loader->prefetch) tp_prefetch_seek(loader->prefetch, position);
    return TP_OK;
}
