/* The metrics of this library as tp_fit sees them. */
#include <tapir/train_fit.h>

#include "train/confusion.h"

static tp_status add_top_k(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error)
{
    return tp_top_k_add(state, output, target, error);
}

static tp_status add_confusion(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error)
{
    return tp_confusion_add(state, output, target, error);
}

static tp_status add_auc(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error)
{
    return tp_auc_add(state, output, target, error);
}

static tp_status add_regression(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error)
{
    return tp_regression_add(state, output, target, error);
}

static double top_k(void *state)
{
    return tp_top_k_value(state);
}

static double accuracy(void *state)
{
    return tp_confusion_accuracy(state);
}

static double f1(void *state)
{
    return tp_confusion_f1(state, TP_MACRO);
}

static double auc(void *state)
{
    return tp_auc_value(state);
}

static double mae(void *state)
{
    return tp_regression_mae(state);
}

static double mse(void *state)
{
    return tp_regression_mse(state);
}

static double r2(void *state)
{
    return tp_regression_r2(state);
}

static void clear_top_k(void *state)
{
    tp_top_k_clear(state);
}

static void clear_confusion(void *state)
{
    tp_confusion_clear(state);
}

static void clear_auc(void *state)
{
    tp_auc_clear(state);
}

static void clear_regression(void *state)
{
    tp_regression_clear(state);
}

/* Their sums, as arrays of double. */
_Static_assert(offsetof(tp_top_k, seen) == offsetof(tp_top_k, right) + sizeof(double), "two sums");
_Static_assert(sizeof(tp_regression) == 5 * sizeof(double), "five sums");

tp_metric tp_metric_top_k(const char *name, tp_top_k *top)
{
    return (tp_metric){name, add_top_k, top_k, clear_top_k, top, top ? &top->right : NULL, 2, true};
}

static tp_metric of_confusion(const char *name, tp_confusion *confusion, double (*value)(void *))
{
    const int64_t classes = tp_confusion_classes(confusion);
    return (tp_metric){
        name, add_confusion, value, clear_confusion, confusion, confusion ? confusion->counts : NULL, classes * classes,
        true};
}

tp_metric tp_metric_accuracy(const char *name, tp_confusion *confusion)
{
    return of_confusion(name, confusion, accuracy);
}

tp_metric tp_metric_f1(const char *name, tp_confusion *confusion)
{
    return of_confusion(name, confusion, f1);
}

tp_metric tp_metric_auc(const char *name, tp_auc *area)
{
    return (tp_metric){name, add_auc, auc, clear_auc, area, NULL, 0, true};
}

static tp_metric of_regression(const char *name, tp_regression *sums, double (*value)(void *), bool larger)
{
    return (tp_metric){name, add_regression, value, clear_regression, sums, sums ? &sums->seen : NULL, 5, larger};
}

tp_metric tp_metric_mae(const char *name, tp_regression *sums)
{
    return of_regression(name, sums, mae, false);
}

tp_metric tp_metric_mse(const char *name, tp_regression *sums)
{
    return of_regression(name, sums, mse, false);
}

tp_metric tp_metric_r2(const char *name, tp_regression *sums)
{
    return of_regression(name, sums, r2, true);
}
