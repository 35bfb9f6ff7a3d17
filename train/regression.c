/* Sums over predictions and targets. */
#include <tapir/train_metrics.h>

#include <math.h>

#include "train/read.h"

tp_status tp_regression_add(tp_regression *sums, const tp_tensor *predictions, const tp_tensor *targets,
                            tp_error *error)
{
    char a[TP_TENSOR_TEXT], b[TP_TENSOR_TEXT];
    if (!sums || !predictions || !targets)
        return tp_fail(error, TP_E_ARGUMENT, "tp_regression_add: the %s NULL",
                       !sums          ? "sums are"
                       : !predictions ? "predictions are"
                                      : "targets are");
    if (predictions->count != targets->count)
        return tp_fail(error, TP_E_SHAPE, "tp_regression_add: predictions %s do not fit to targets %s",
                       tp_tensor_text(a, predictions), tp_tensor_text(b, targets));
    for (int64_t i = 0; i < targets->count; i++) {
        const double target = tp_number(targets, i), d = tp_number(predictions, i) - target;
        const double off = target - sums->mean;
        sums->seen++;
        sums->mean += off / sums->seen;
        sums->spread += off * (target - sums->mean);
        sums->absolute += fabs(d);
        sums->squared += d * d;
    }
    return TP_OK;
}

void tp_regression_clear(tp_regression *sums)
{
    if (sums) *sums = (tp_regression){0};
}

static double mean(const tp_regression *sums, double sum)
{
    return sums->seen > 0 ? sum / sums->seen : (double)NAN;
}

double tp_regression_mae(const tp_regression *sums)
{
    return sums ? mean(sums, sums->absolute) : (double)NAN;
}

double tp_regression_mse(const tp_regression *sums)
{
    return sums ? mean(sums, sums->squared) : (double)NAN;
}

double tp_regression_rmse(const tp_regression *sums)
{
    return sqrt(tp_regression_mse(sums));
}

double tp_regression_r2(const tp_regression *sums)
{
    if (!sums || !(sums->seen > 0)) return (double)NAN;
    if (sums->spread == 0) return sums->squared == 0 ? 1 : 0;
    return 1 - sums->squared / sums->spread;
}
