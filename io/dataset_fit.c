/* Means and deviations of a field over a data set: Welford's update, element by element, in double. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

/* Of one channel: squares is the sum of the squared distances from the mean. */
typedef struct moments {
    double n, mean, squares;
} moments;

/* Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962). */
static void add(moments *m, double x)
{
    const double off = x - m->mean;
    m->n += 1;
    m->mean += off / m->n;
    m->squares += off * (x - m->mean);
}

static tp_status go_through(tp_dataset *set, int field, int64_t channels, moments *m, tp_error *error)
{
    const tp_field *f = &set->field[field];
    const int64_t inner = tp_field_count(f) / channels;
    const size_t size = tp_dtype_size(f->dtype);
    tp_item_room room;
    tp_status status = tp_item_room_make(&room, set, error);
    for (int64_t i = 0; status == TP_OK && i < set->count; i++) {
        status = tp_item_room_read(&room, set, i, error);
        const char *at = room.to[field];
        for (int64_t c = 0; status == TP_OK && c < channels; c++)
            for (int64_t j = 0; j < inner; j++, at += size) add(&m[c], tp_get(f->dtype, at));
    }
    tp_item_room_free(&room, set);
    return status;
}

static tp_transform *from_moments(const moments *m, int channels, double *numbers, tp_error *error)
{
    for (int c = 0; c < channels; c++) {
        const double deviation = sqrt(m[c].squares / m[c].n);
        numbers[c] = m[c].mean;
        numbers[channels + c] = deviation > 0 || isnan(deviation) ? deviation : 1;
    }
    return tp_transform_normalise(channels, numbers, numbers + channels, error);
}

tp_transform *tp_dataset_fit_normalise(tp_dataset *set, int field, bool by_channel, tp_error *error)
{
    const tp_field *f = tp_dataset_field(set, field);
    tp_error local = {.status = TP_OK};
    tp_transform *made = NULL;
    if (!f) {
        tp_field_missing("tp_dataset_fit_normalise", set, field, error);
        return NULL;
    }
    const int64_t channels = by_channel && f->rank > 0 ? f->dims[0] : 1;
    if (!tp_dtype_is_float(f->dtype) || set->count == 0 || tp_field_count(f) == 0 || channels > INT32_MAX / 64) {
        tp_fail(error, tp_dtype_is_float(f->dtype) ? TP_E_ARGUMENT : TP_E_DTYPE,
                "tp_dataset_fit_normalise (%s): %" PRId64 " items of %" PRId64 " elements of %s", set->kind->name,
                set->count, tp_field_count(f), tp_dtype_name(f->dtype));
        return NULL;
    }
    const size_t bytes = (size_t)channels * (sizeof(moments) + 2 * sizeof(double));
    moments *m = tp_allocate_zeroed(&set->memory, bytes);
    if (!m)
        tp_fail(&local, TP_E_MEMORY, "out of memory for %" PRId64 " channels", channels);
    else if (go_through(set, field, channels, m, &local) == TP_OK)
        made = from_moments(m, (int)channels, (double *)(m + channels), &local);
    tp_deallocate(&set->memory, m, bytes);
    if (!made) tp_fail(error, local.status, "tp_dataset_fit_normalise (%s): %.400s", set->kind->name, local.message);
    return made;
}
