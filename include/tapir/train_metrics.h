/* Metrics: figures of merit that are added up batch by batch and read at any time. */
#ifndef TAPIR_TRAIN_METRICS_H
#define TAPIR_TRAIN_METRICS_H

#include <stdio.h>

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All `_add` functions look at a batch of results and what they should have been, tensors of any strides, and leave
   everything as it was when they refuse it: TP_E_ARGUMENT for NULL, TP_E_SHAPE where the counts do not fit together,
   TP_E_DTYPE, TP_E_INDEX for a label that is no class, TP_E_NUMERIC where NaN is not allowed, TP_E_MEMORY. `error` may
   be NULL. Counts are exact up to 2^53. What nothing was added to, and NULL, reads as NaN.

   scores: (..., C), f32 or f64: logits or probabilities, whatever orders the classes. labels: as many integers (u8,
   i32, i64) 0 .. C-1 as there are rows. Of equal scores the first class comes first; NaN counts as the largest. */

/* ---- how often the label is the best class, or one of the best k ---- */

/* Start from zeros, or with k: 0 means 1, accuracy. */
typedef struct tp_top_k {
    int64_t k;
    double right, seen;
} tp_top_k;
TP_API tp_status tp_top_k_add(tp_top_k *top, const tp_tensor *scores, const tp_tensor *labels, tp_error *error);
TP_API double tp_top_k_value(const tp_top_k *top); /* right / seen */
TP_API void tp_top_k_clear(tp_top_k *top);         /* k stays */

/* ---- which class is taken for which ---- */

typedef struct tp_confusion tp_confusion;
/* A matrix of counts for 1 .. 65536 classes; `memory` is copied, NULL means malloc. NULL with `error` set. */
TP_API tp_confusion *tp_confusion_new(int64_t classes, const tp_allocator *memory, tp_error *error);
TP_API void tp_confusion_free(tp_confusion *confusion);
/* Takes scores (..., C); or predicted classes, integers, one a label; or, with two classes, one float a label, where
   class 1 is predicted above the threshold. */
TP_API tp_status tp_confusion_add(tp_confusion *confusion, const tp_tensor *predictions, const tp_tensor *labels,
                                  tp_error *error);
TP_API void tp_confusion_clear(tp_confusion *confusion);
/* For one float a label: 0, as it is at the start, for logits; 0.5 for probabilities. NULL is ignored. */
TP_API void tp_confusion_set_threshold(tp_confusion *confusion, double threshold);
TP_API int64_t tp_confusion_classes(const tp_confusion *confusion);
/* How often `label` was taken for `predicted`; NaN outside. */
TP_API double tp_confusion_at(const tp_confusion *confusion, int64_t label, int64_t predicted);
TP_API double tp_confusion_seen(const tp_confusion *confusion); /* all of them; 0 for NULL */
TP_API double tp_confusion_accuracy(const tp_confusion *confusion);

/* With true positives tp, false positives fp, false negatives fn of a class, where 0 / 0 is 0:
   precision = tp / (tp + fp), recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn).
   `which` is a class, or one of the averages:
   micro     of the sums over all classes: accuracy, for all three
   macro     the mean over the classes that were a label or predicted
   weighted  the mean weighed by how often each class was the label
   NaN for no such class. (van Rijsbergen, "Information Retrieval", 1979, chapter 7; as scikit-learn counts.) */
enum { TP_MICRO = -1, TP_MACRO = -2, TP_WEIGHTED = -3 };
TP_API double tp_confusion_precision(const tp_confusion *confusion, int64_t which);
TP_API double tp_confusion_recall(const tp_confusion *confusion, int64_t which);
TP_API double tp_confusion_f1(const tp_confusion *confusion, int64_t which);
/* Prints the matrix, a row a label, with the recall at the end of each row and the precision below each column.
   `names`, of the classes, may be NULL. TP_E_ARGUMENT, TP_E_IO. */
TP_API tp_status tp_confusion_print(const tp_confusion *confusion, const char *const *names, FILE *out);

/* ---- the area under the receiver operating characteristic ---- */

/* The probability that a positive has a higher score than a negative, where equal scores count half: the rank
   statistic U / (positives negatives) of Mann and Whitney ("On a test of whether one of two random variables is
   stochastically larger than the other", 1947). It keeps a double for each sample. */
typedef struct tp_auc tp_auc;
TP_API tp_auc *tp_auc_new(const tp_allocator *memory, tp_error *error);
TP_API void tp_auc_free(tp_auc *auc);
/* scores: one float a label, none of them NaN; or (..., 2), of which the second less the first counts. labels: 0 and 1,
   of any dtype. */
TP_API tp_status tp_auc_add(tp_auc *auc, const tp_tensor *scores, const tp_tensor *labels, tp_error *error);
TP_API void tp_auc_clear(tp_auc *auc); /* keeps the memory */
/* NaN unless there are positives and negatives. Sorts what is kept, in n log n. */
TP_API double tp_auc_value(tp_auc *auc);

/* ---- regression ---- */

/* Sums over all elements, with d = prediction - target. Start from zeros. */
typedef struct tp_regression {
    double seen, absolute, squared; /* the number of elements, sum of |d|, sum of d^2 */
    double mean, spread;            /* of the targets: mean, and the sum of (target - mean)^2 (Welford 1962) */
} tp_regression;
/* As many predictions as targets, of any dtype. NaN goes through. */
TP_API tp_status tp_regression_add(tp_regression *sums, const tp_tensor *predictions, const tp_tensor *targets,
                                   tp_error *error);
TP_API void tp_regression_clear(tp_regression *sums);
TP_API double tp_regression_mae(const tp_regression *sums);  /* mean of |d| */
TP_API double tp_regression_mse(const tp_regression *sums);  /* mean of d^2 */
TP_API double tp_regression_rmse(const tp_regression *sums); /* its square root */
/* R^2 = 1 - sum of d^2 / sum of (target - mean)^2; where all targets are equal, 1 if all d are 0, else 0. */
TP_API double tp_regression_r2(const tp_regression *sums);

#ifdef __cplusplus
}
#endif
#endif
