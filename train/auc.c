/* The area under the ROC curve by ranks. */
#include <tapir/train_metrics.h>

#include <inttypes.h>
#include <math.h>

#include "train/read.h"

typedef struct list {
    double *at;
    uint32_t count, room;
} list;

struct tp_auc {
    tp_allocator memory;
    list of[2]; /* scores of the negatives and of the positives */
};

tp_auc *tp_auc_new(const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_auc *made = tp_allocate_zeroed(memory, sizeof *made);
    if (made)
        made->memory = *memory;
    else
        tp_fail(error, TP_E_MEMORY, "tp_auc_new: out of memory");
    return made;
}

void tp_auc_free(tp_auc *auc)
{
    if (!auc) return;
    const tp_allocator memory = auc->memory;
    for (int k = 0; k < 2; k++) tp_deallocate(&memory, auc->of[k].at, auc->of[k].room * sizeof(double));
    tp_deallocate(&memory, auc, sizeof *auc);
}

void tp_auc_clear(tp_auc *auc)
{
    if (auc) auc->of[0].count = auc->of[1].count = 0;
}

/* ---- adding ---- */

static double score_at(const tp_tensor *scores, bool pairs, int64_t i)
{
    return pairs ? tp_number(scores, 2 * i + 1) - tp_number(scores, 2 * i) : tp_number(scores, i);
}

static tp_status check(const tp_tensor *scores, const tp_tensor *labels, bool pairs, int64_t counts[2], tp_error *error)
{
    for (int64_t i = 0; i < labels->count; i++) {
        const double label = tp_number(labels, i);
        if (label != 0 && label != 1)
            return tp_fail(error, TP_E_INDEX, "tp_auc_add: label %" PRId64 " is %g, not 0 or 1", i, label);
        if (isnan(score_at(scores, pairs, i)))
            return tp_fail(error, TP_E_NUMERIC, "tp_auc_add: score %" PRId64 " is NaN", i);
        counts[label == 1]++;
    }
    return TP_OK;
}

/* Room for so many more, or nothing changes. */
static tp_status make_room(tp_auc *auc, const int64_t more[2], tp_error *error)
{
    for (int k = 0; k < 2; k++) {
        list *of = &auc->of[k];
        if (more[k] > UINT32_MAX / 2 - of->count)
            return tp_fail(error, TP_E_LIMIT, "tp_auc_add: more than 2^31 samples");
        if (!tp_grow(&auc->memory, (void **)&of->at, &of->room, of->count + (uint32_t)more[k], sizeof(double)))
            return tp_fail(error, TP_E_MEMORY, "tp_auc_add: out of memory for %" PRId64 " scores", more[0] + more[1]);
    }
    return TP_OK;
}

tp_status tp_auc_add(tp_auc *auc, const tp_tensor *scores, const tp_tensor *labels, tp_error *error)
{
    char a[TP_TENSOR_TEXT], b[TP_TENSOR_TEXT];
    if (!auc || !scores || !labels)
        return tp_fail(error, TP_E_ARGUMENT, "tp_auc_add: %s NULL",
                       !auc      ? "the metric is"
                       : !scores ? "the scores are"
                                 : "the labels are");
    if (!tp_dtype_is_float((tp_dtype)scores->dtype))
        return tp_fail(error, TP_E_DTYPE, "tp_auc_add: scores are f32 or f64, these are %s",
                       tp_dtype_name((tp_dtype)scores->dtype));
    const bool pairs = scores->count != labels->count && scores->rank > 0 && scores->dims[scores->rank - 1] == 2;
    if (scores->count / (pairs ? 2 : 1) != labels->count)
        return tp_fail(error, TP_E_SHAPE, "tp_auc_add: scores %s do not fit to labels %s", tp_tensor_text(a, scores),
                       tp_tensor_text(b, labels));
    int64_t more[2] = {0};
    tp_status status = check(scores, labels, pairs, more, error);
    if (status == TP_OK) status = make_room(auc, more, error);
    for (int64_t i = 0; status == TP_OK && i < labels->count; i++) {
        list *of = &auc->of[tp_number(labels, i) == 1];
        of->at[of->count++] = score_at(scores, pairs, i);
    }
    return status;
}

/* ---- reading ---- */

static void sift(double *x, uint32_t at, uint32_t n)
{
    const double moved = x[at];
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && x[child + 1] > x[child]) child++;
        if (!(x[child] > moved)) break;
        x[at] = x[child];
    }
    x[at] = moved;
}

/* Heap sort: in place. */
static void sort(double *x, uint32_t n)
{
    for (uint32_t i = n / 2; i-- > 0;) sift(x, i, n);
    while (n-- > 1) {
        const double largest = x[0];
        x[0] = x[n];
        x[n] = largest;
        sift(x, 0, n);
    }
}

double tp_auc_value(tp_auc *auc)
{
    if (!auc || auc->of[0].count == 0 || auc->of[1].count == 0) return (double)NAN;
    const list *negative = &auc->of[0], *positive = &auc->of[1];
    sort(negative->at, negative->count);
    sort(positive->at, positive->count);
    double twice = 0; /* two for each negative below a positive, one for each equal */
    uint32_t below = 0, up_to = 0;
    for (uint32_t i = 0; i < positive->count; i++) {
        while (below < negative->count && negative->at[below] < positive->at[i]) below++;
        while (up_to < negative->count && negative->at[up_to] <= positive->at[i]) up_to++;
        twice += (double)below + up_to;
    }
    return twice / 2 / negative->count / positive->count;
}
