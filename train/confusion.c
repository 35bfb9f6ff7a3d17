/* The confusion matrix, and what is read off it. Invariant: counts are whole numbers >= 0, `seen` their sum. */
#include <tapir/train_metrics.h>

#include <inttypes.h>
#include <math.h>

#include "train/read.h"
#include "train/confusion.h"

#define MOST_CLASSES 65536

tp_confusion *tp_confusion_new(int64_t classes, const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    if (classes < 1 || classes > MOST_CLASSES) {
        tp_fail(error, TP_E_ARGUMENT, "tp_confusion_new: %" PRId64 " classes, not 1 .. %d", classes, MOST_CLASSES);
        return NULL;
    }
    const size_t bytes = sizeof(tp_confusion) + (size_t)(classes * classes) * sizeof(double);
    tp_confusion *made = tp_allocate_zeroed(memory, bytes);
    if (!made) {
        tp_fail(error, TP_E_MEMORY, "tp_confusion_new: out of memory for %" PRId64 " classes", classes);
        return NULL;
    }
    made->memory = *memory;
    made->classes = classes;
    return made;
}

void tp_confusion_free(tp_confusion *confusion)
{
    if (!confusion) return;
    const tp_allocator memory = confusion->memory;
    tp_deallocate(&memory, confusion,
                  sizeof *confusion + (size_t)(confusion->classes * confusion->classes) * sizeof(double));
}

void tp_confusion_clear(tp_confusion *confusion)
{
    for (int64_t i = 0; confusion && i < confusion->classes * confusion->classes; i++) confusion->counts[i] = 0;
}

void tp_confusion_set_threshold(tp_confusion *confusion, double threshold)
{
    if (confusion) confusion->threshold = threshold;
}

/* ---- adding ---- */

typedef enum kind { SCORES, CLASSES, ONE_SCORE } kind;

static tp_status check(const tp_confusion *confusion, const tp_tensor *predictions, const tp_tensor *labels, kind *is,
                       tp_error *error)
{
    static const char name[] = "tp_confusion_add";
    const int64_t classes = confusion->classes;
    const bool one = predictions->count == labels->count;
    const bool rows = predictions->rank > 0 && predictions->dims[predictions->rank - 1] == classes &&
                      predictions->count / classes == labels->count;
    *is = !tp_dtype_is_float((tp_dtype)predictions->dtype) ? CLASSES : rows ? SCORES : ONE_SCORE;
    const bool fits = *is == CLASSES ? one : rows || (one && classes == 2);
    if (!fits) {
        char a[TP_TENSOR_TEXT], b[TP_TENSOR_TEXT];
        return tp_fail(error, TP_E_SHAPE, "%s: predictions %s %s do not fit to labels %s and %" PRId64 " classes", name,
                       tp_dtype_name((tp_dtype)predictions->dtype), tp_tensor_text(a, predictions),
                       tp_tensor_text(b, labels), classes);
    }
    const tp_status status = tp_labels_check(name, labels, classes, error);
    return status == TP_OK && *is == CLASSES ? tp_labels_check(name, predictions, classes, error) : status;
}

tp_status tp_confusion_add(tp_confusion *confusion, const tp_tensor *predictions, const tp_tensor *labels,
                           tp_error *error)
{
    if (!confusion || !predictions || !labels)
        return tp_fail(error, TP_E_ARGUMENT, "tp_confusion_add: %s NULL",
                       !confusion     ? "the matrix is"
                       : !predictions ? "the predictions are"
                                      : "the labels are");
    kind is;
    const tp_status status = check(confusion, predictions, labels, &is, error);
    if (status != TP_OK) return status;
    const int64_t classes = confusion->classes;
    for (int64_t i = 0; i < labels->count; i++) {
        int64_t predicted;
        if (is == SCORES)
            predicted = tp_best_class(predictions, i * classes, classes);
        else if (is == CLASSES)
            predicted = (int64_t)tp_number(predictions, i);
        else
            predicted = tp_number(predictions, i) > confusion->threshold;
        confusion->counts[(int64_t)tp_number(labels, i) * classes + predicted]++;
    }
    return TP_OK;
}

/* ---- reading ---- */

int64_t tp_confusion_classes(const tp_confusion *confusion)
{
    return confusion ? confusion->classes : 0;
}

double tp_confusion_at(const tp_confusion *confusion, int64_t label, int64_t predicted)
{
    const int64_t classes = tp_confusion_classes(confusion);
    if (label < 0 || label >= classes || predicted < 0 || predicted >= classes) return (double)NAN;
    return confusion->counts[label * classes + predicted];
}

double tp_confusion_seen(const tp_confusion *confusion)
{
    const int64_t classes = tp_confusion_classes(confusion);
    double seen = 0;
    for (int64_t i = 0; i < classes * classes; i++) seen += confusion->counts[i];
    return seen;
}

double tp_confusion_accuracy(const tp_confusion *confusion)
{
    const int64_t classes = tp_confusion_classes(confusion);
    double right = 0;
    for (int64_t i = 0; i < classes; i++) right += confusion->counts[i * classes + i];
    const double seen = tp_confusion_seen(confusion);
    return seen > 0 ? right / seen : (double)NAN;
}

typedef struct tally {
    double right, labels, predicted; /* true positives; how often it was the label, and was predicted */
} tally;

static tally tally_of(const tp_confusion *confusion, int64_t class)
{
    const int64_t classes = confusion->classes;
    tally t = {.right = confusion->counts[class * classes + class]};
    for (int64_t i = 0; i < classes; i++) {
        t.labels += confusion->counts[class * classes + i];
        t.predicted += confusion->counts[i * classes + class];
    }
    return t;
}

static double ratio(double part, double of)
{
    return of > 0 ? part / of : 0;
}

static double precision(tally t)
{
    return ratio(t.right, t.predicted);
}

static double recall(tally t)
{
    return ratio(t.right, t.labels);
}

static double f1(tally t)
{
    return ratio(2 * t.right, t.predicted + t.labels);
}

static double read(const tp_confusion *confusion, int64_t which, double (*of)(tally t))
{
    const int64_t classes = tp_confusion_classes(confusion);
    if (which >= classes || which < TP_WEIGHTED || !(tp_confusion_seen(confusion) > 0)) return (double)NAN;
    if (which == TP_MICRO) return tp_confusion_accuracy(confusion);
    if (which >= 0) return of(tally_of(confusion, which));
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < classes; i++) {
        const tally t = tally_of(confusion, i);
        const double weight = which == TP_WEIGHTED ? t.labels : t.labels + t.predicted > 0;
        sum += weight * of(t);
        weights += weight;
    }
    return sum / weights;
}

double tp_confusion_precision(const tp_confusion *confusion, int64_t which)
{
    return read(confusion, which, precision);
}

double tp_confusion_recall(const tp_confusion *confusion, int64_t which)
{
    return read(confusion, which, recall);
}

double tp_confusion_f1(const tp_confusion *confusion, int64_t which)
{
    return read(confusion, which, f1);
}

/* ---- printing ---- */

static int digits_of(double number)
{
    return snprintf(NULL, 0, "%.0f", number);
}

/* Wide enough for every count and "100.0". */
static int column_width(const tp_confusion *confusion)
{
    int width = 5;
    for (int64_t i = 0; i < confusion->classes * confusion->classes; i++)
        if (digits_of(confusion->counts[i]) > width) width = digits_of(confusion->counts[i]);
    return width + 1;
}

/* A name is cut off to the width of its column. */
static void print_name(const char *const *names, int64_t class, int width, bool left, FILE *out)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, class);
    const char *name = names && names[class] ? names[class] : number;
    if (left)
        fprintf(out, "%-*.*s", width, width, name);
    else
        fprintf(out, " %*.*s", width - 1, width - 1, name);
}

tp_status tp_confusion_print(const tp_confusion *confusion, const char *const *names, FILE *out)
{
    enum { FIRST = 12 };
    if (!confusion || !out) return TP_E_ARGUMENT;
    const int width = column_width(confusion);
    const int64_t classes = confusion->classes;
    fprintf(out, "%-*s", FIRST, "label");
    for (int64_t k = 0; k < classes; k++) print_name(names, k, width, false, out);
    fprintf(out, "  recall %%\n");
    for (int64_t i = 0; i < classes; i++) {
        print_name(names, i, FIRST, true, out);
        for (int64_t k = 0; k < classes; k++) fprintf(out, "%*.0f", width, confusion->counts[i * classes + k]);
        fprintf(out, "  %8.1f\n", 100 * recall(tally_of(confusion, i)));
    }
    fprintf(out, "%-*s", FIRST, "precision %");
    for (int64_t k = 0; k < classes; k++) fprintf(out, "%*.1f", width, 100 * precision(tally_of(confusion, k)));
    fprintf(out, "\n");
    return ferror(out) ? TP_E_IO : TP_OK;
}
