/* Accuracy and top-k; what all metrics of classes share. */
#include <tapir/train_metrics.h>

#include <inttypes.h>
#include <math.h>

#include "train/read.h"

tp_status tp_labels_check(const char *name, const tp_tensor *labels, int64_t classes, tp_error *error)
{
    if (tp_dtype_is_float((tp_dtype)labels->dtype))
        return tp_fail(error, TP_E_DTYPE, "%s: labels are integers, these are %s", name,
                       tp_dtype_name((tp_dtype)labels->dtype));
    for (int64_t i = 0; i < labels->count; i++) {
        const double label = tp_number(labels, i);
        if (!(label >= 0 && label < (double)classes))
            return tp_fail(error, TP_E_INDEX, "%s: label %" PRId64 " is %.0f, there are %" PRId64 " classes", name, i,
                           label, classes);
    }
    return TP_OK;
}

tp_status tp_scores_check(const char *name, const tp_tensor *scores, const tp_tensor *labels, tp_error *error)
{
    char a[TP_TENSOR_TEXT], b[TP_TENSOR_TEXT];
    if (!tp_dtype_is_float((tp_dtype)scores->dtype))
        return tp_fail(error, TP_E_DTYPE, "%s: scores are f32 or f64, these are %s", name,
                       tp_dtype_name((tp_dtype)scores->dtype));
    const int64_t classes = scores->rank > 0 ? scores->dims[scores->rank - 1] : 0;
    if (classes < 1 || labels->count != scores->count / classes)
        return tp_fail(error, TP_E_SHAPE, "%s: scores %s want one label a row, there are labels %s", name,
                       tp_tensor_text(a, scores), tp_tensor_text(b, labels));
    return tp_labels_check(name, labels, classes, error);
}

int64_t tp_best_class(const tp_tensor *scores, int64_t first, int64_t n)
{
    int64_t best = 0;
    double most = tp_number(scores, first);
    for (int64_t k = 1; k < n; k++) {
        const double score = tp_number(scores, first + k);
        if (!tp_larger(score, most)) continue;
        most = score;
        best = k;
    }
    return best;
}

/* How many of the n scores from `first` on come before the label's. */
static int64_t rank_of(const tp_tensor *scores, int64_t first, int64_t n, int64_t label)
{
    const double own = tp_number(scores, first + label);
    int64_t before = 0;
    for (int64_t k = 0; k < n; k++) {
        const double score = tp_number(scores, first + k);
        before += tp_larger(score, own) || (k < label && !tp_larger(own, score));
    }
    return before;
}

tp_status tp_top_k_add(tp_top_k *top, const tp_tensor *scores, const tp_tensor *labels, tp_error *error)
{
    if (!top || !scores || !labels)
        return tp_fail(error, TP_E_ARGUMENT, "tp_top_k_add: %s NULL",
                       !top      ? "the metric is"
                       : !scores ? "the scores are"
                                 : "the labels are");
    if (top->k < 0) return tp_fail(error, TP_E_ARGUMENT, "tp_top_k_add: k is %" PRId64, top->k);
    const tp_status status = tp_scores_check("tp_top_k_add", scores, labels, error);
    if (status != TP_OK) return status;
    const int64_t classes = scores->dims[scores->rank - 1], k = top->k ? top->k : 1;
    for (int64_t i = 0; i < labels->count; i++)
        top->right += rank_of(scores, i * classes, classes, (int64_t)tp_number(labels, i)) < k;
    top->seen += (double)labels->count;
    return TP_OK;
}

double tp_top_k_value(const tp_top_k *top)
{
    return top && top->seen > 0 ? top->right / top->seen : (double)NAN;
}

void tp_top_k_clear(tp_top_k *top)
{
    if (top) top->right = top->seen = 0;
}
