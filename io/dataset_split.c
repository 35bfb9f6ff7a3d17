/* Splitting a data set by fractions, with the same share of each label if asked. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

#define PARTS_MAX 1024

/* An item on its way into a part. */
typedef struct candidate {
    int64_t label;
    uint32_t item;
    uint32_t part; /* `parts` when it goes into none */
} candidate;

typedef struct split {
    tp_dataset *set;
    int parts;
    const double *fractions;
    candidate *items;        /* all of them, in the order in which they are dealt out */
    uint32_t *order;         /* the shuffle */
    uint32_t *part_of;       /* of each item */
    int64_t *index;          /* the items, part by part */
    int64_t *sizes, *so_far; /* of each part, and one more for what is left over: wanted; given */
    double *share;           /* fractions, and what is left over */
    void *block;
    size_t bytes;
} split;

static tp_status check_split(const tp_dataset *set, int n, const double *fractions, const tp_split_options *o,
                             tp_error *error)
{
    static const char *const name = "tp_dataset_split";
    double sum = 0;
    if (!set || !fractions)
        return tp_fail(error, TP_E_ARGUMENT, "%s: %s is NULL", name, set ? "fractions" : "the data set");
    if (n < 1 || n > PARTS_MAX) return tp_fail(error, TP_E_ARGUMENT, "%s: %d parts, not 1 to %d", name, n, PARTS_MAX);
    for (int k = 0; k < n; k++) {
        if (!(fractions[k] >= 0 && fractions[k] <= 1))
            return tp_fail(error, TP_E_ARGUMENT, "%s: fractions[%d] is %g, not in [0, 1]", name, k, fractions[k]);
        sum += fractions[k];
    }
    if (sum > 1 + 1e-9) return tp_fail(error, TP_E_ARGUMENT, "%s: the fractions sum to %.12g, more than 1", name, sum);
    if (set->count > UINT32_MAX) return tp_fail(error, TP_E_LIMIT, "%s: %" PRId64 " items", name, set->count);
    if (!o->stratified) return TP_OK;
    const tp_field *field = tp_dataset_field(set, o->label);
    if (!field) return tp_field_missing(name, set, o->label, error);
    if (o->ordered) return tp_fail(error, TP_E_ARGUMENT, "%s: stratified and ordered exclude one another", name);
    if (tp_dtype_is_float(field->dtype))
        return tp_fail(error, TP_E_DTYPE, "%s: the label, field %d, is %s, not an integer", name, o->label,
                       tp_dtype_name(field->dtype));
    if (tp_field_count(field) != 1)
        return tp_fail(error, TP_E_SHAPE, "%s: the label, field %d, has %" PRId64 " elements, not 1", name, o->label,
                       tp_field_count(field));
    return TP_OK;
}

static tp_status make_room(split *s, tp_error *error)
{
    const size_t n = (size_t)s->set->count, parts = (size_t)s->parts + 1;
    const size_t items = tp_aligned(n * sizeof(candidate)), order = tp_aligned(n * sizeof(uint32_t));
    const size_t sizes = tp_aligned(parts * sizeof(int64_t)), share = tp_aligned(parts * sizeof(double));
    const size_t index = tp_aligned(n * sizeof(int64_t));
    s->bytes = items + 2 * order + index + 2 * sizes + share;
    char *at = s->block = tp_allocate_zeroed(&s->set->memory, s->bytes);
    if (!at) return tp_fail(error, TP_E_MEMORY, "tp_dataset_split: out of memory for %zu items", n);
    s->items = (candidate *)(void *)at;
    s->order = (uint32_t *)(void *)(at += items);
    s->part_of = (uint32_t *)(void *)(at += order);
    s->index = (int64_t *)(void *)(at += order);
    s->sizes = (int64_t *)(void *)(at += index);
    s->so_far = (int64_t *)(void *)(at += sizes);
    s->share = (double *)(void *)(at + sizes);
    return TP_OK;
}

/* The largest remainder: each share rounded down, and what is missing given where most was cut off. */
static void set_sizes(split *s)
{
    const double n = (double)s->set->count;
    int64_t left = s->set->count;
    double rest = 1;
    for (int k = 0; k < s->parts; k++) rest -= s->share[k] = s->fractions[k];
    s->share[s->parts] = rest > 1e-9 ? rest : 0;
    for (int k = 0; k <= s->parts; k++) {
        s->sizes[k] = (int64_t)(s->share[k] * n);
        if (s->sizes[k] > left) s->sizes[k] = left;
        left -= s->sizes[k];
    }
    for (; left > 0; left--) {
        int most = 0;
        for (int k = 1; k <= s->parts; k++)
            if (s->share[k] * n - (double)s->sizes[k] > s->share[most] * n - (double)s->sizes[most]) most = k;
        s->sizes[most]++;
    }
}

static tp_status read_labels(split *s, int field, tp_error *error)
{
    tp_item_room room;
    tp_error local = {.status = TP_OK};
    tp_status status = tp_item_room_make(&room, s->set, &local);
    for (int64_t i = 0; status == TP_OK && i < s->set->count; i++) {
        status = tp_item_room_read(&room, s->set, s->items[i].item, &local);
        if (status != TP_OK) break;
        const void *label = room.to[field];
        if (s->set->field[field].dtype == TP_I64)
            memcpy(&s->items[i].label, label, sizeof(int64_t));
        else
            s->items[i].label = (int64_t)tp_get(s->set->field[field].dtype, label);
    }
    tp_item_room_free(&room, s->set);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "tp_dataset_split: %.400s", local.message);
}

/* By label; within one, as the shuffle has them (`part` holds the place in it meanwhile). */
static int by_label(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return x->part < y->part ? -1 : x->part > y->part;
}

/* Deals the items out: each to the part that is furthest behind its share and has room, so that every stretch of the
   order, each label's too, is divided as the whole is. */
static void deal(split *s)
{
    for (int64_t i = 0; i < s->set->count; i++) {
        int to = -1;
        double behind = 0;
        for (int k = 0; k <= s->parts; k++) {
            if (s->so_far[k] == s->sizes[k]) continue;
            const double lack = s->share[k] * (double)(i + 1) - (double)s->so_far[k];
            if (to < 0 || lack > behind) to = k, behind = lack;
        }
        s->items[i].part = (uint32_t)to;
        s->so_far[to]++;
    }
}

/* One part after the other. */
static void cut(split *s)
{
    int64_t i = 0;
    for (int k = 0; k <= s->parts; k++)
        for (int64_t j = 0; j < s->sizes[k]; j++) s->items[i++].part = (uint32_t)k;
}

static tp_status assign(split *s, const tp_split_options *o, tp_error *error)
{
    const uint32_t n = (uint32_t)s->set->count;
    tp_rng rng = tp_rng_seed(o->seed);
    if (!o->ordered) tp_rng_permutation(&rng, s->order, n);
    for (uint32_t i = 0; i < n; i++) {
        if (o->ordered) s->order[i] = i;
        s->items[i] = (candidate){.item = s->order[i], .part = i};
    }
    if (!o->stratified) {
        cut(s);
        return TP_OK;
    }
    const tp_status status = read_labels(s, o->label, error);
    if (status != TP_OK) return status;
    if (n > 0) qsort(s->items, n, sizeof *s->items, by_label);
    deal(s);
    return TP_OK;
}

/* Sorts the items by part, within one in the order of the shuffle; sizes become the ends of the parts. */
static int64_t *gather(split *s)
{
    int64_t end = 0;
    for (int64_t i = 0; i < s->set->count; i++) s->part_of[s->items[i].item] = s->items[i].part;
    for (int k = 0; k <= s->parts; k++) {
        s->so_far[k] = end;
        end += s->sizes[k];
    }
    for (int64_t i = 0; i < s->set->count; i++) s->index[s->so_far[s->part_of[s->order[i]]]++] = s->order[i];
    return s->so_far;
}

static tp_status make_parts(split *s, tp_dataset **parts, tp_error *error)
{
    const int64_t *end = gather(s);
    for (int k = 0; k < s->parts; k++) {
        tp_error local = {.status = TP_OK};
        parts[k] = tp_dataset_subset(s->set, s->sizes[k], s->index + end[k] - s->sizes[k], &local);
        if (parts[k]) continue;
        while (k-- > 0) {
            tp_dataset_release(parts[k]);
            parts[k] = NULL;
        }
        return tp_fail(error, local.status, "tp_dataset_split: %.400s", local.message);
    }
    return TP_OK;
}

tp_status tp_dataset_split(tp_dataset *set, int n, const double *fractions, const tp_split_options *options,
                           tp_dataset **parts, tp_error *error)
{
    const tp_split_options o = options ? *options : (tp_split_options){.seed = 0};
    if (!parts) return tp_fail(error, TP_E_ARGUMENT, "tp_dataset_split: parts is NULL");
    for (int k = 0; k < n && n <= PARTS_MAX; k++) parts[k] = NULL;
    tp_status status = check_split(set, n, fractions, &o, error);
    if (status != TP_OK) return status;
    split s = {.set = set, .parts = n, .fractions = fractions};
    status = make_room(&s, error);
    if (status != TP_OK) return status;
    set_sizes(&s);
    status = assign(&s, &o, error);
    if (status == TP_OK) status = make_parts(&s, parts, error);
    tp_deallocate(&set->memory, s.block, s.bytes);
    return status;
}
