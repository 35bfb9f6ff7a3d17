/* What losses of classes share: integer labels, one of which may stand for "no label". */
#ifndef TAPIR_OPS_LABELS_H
#define TAPIR_OPS_LABELS_H

#include "ops/loss.h"

typedef struct tp_labelling {
    bool ignore; /* rows with this label count for nothing */
    int64_t ignored;
} tp_labelling;

/* Checks labels (...) against x (..., classes) and a weight (classes), operands 1, 0 and 2 if there are three. */
tp_status tp_labels_shape(tp_ctx *ctx);
/* The pattern of such a loss: each row on all of its classes, or everything when there is one result. */
tp_status tp_labels_pattern(tp_ctx *ctx);
/* The i-th label; -1 for one that is ignored; -2 after setting the error for one that is no class. */
int64_t tp_label(tp_ctx *ctx, const tp_tensor *labels, int64_t i, int64_t classes, const tp_labelling *of);

/* The operands of such a loss in numbers: rows of classes with a label each. */
typedef struct tp_class_rows {
    const tp_float_loops *loops;
    tp_dtype dtype;
    int64_t count, classes, size; /* size: bytes of an element */
    const char *x, *w;            /* w NULL: ones */
    const tp_tensor *labels;
    double *lse; /* of each row, where the loss keeps it */
} tp_class_rows;

/* False when out of memory; `lse` may be NULL. */
bool tp_class_rows_of(tp_ctx *ctx, const tp_tensor *lse, tp_class_rows *r);

static inline double tp_class_weight(const tp_class_rows *r, int64_t label)
{
    return r->w ? tp_get(r->dtype, r->w + label * r->size) : 1;
}

/* labels (...) -> (..., classes) of `dtype`: 1 - smoothing at the label, and smoothing / classes more everywhere; zeros
   in a row that is ignored. No derivative. `name` is the loss that asks. */
tp_var tp_label_shares(tp_var labels, int64_t classes, tp_dtype dtype, double smoothing, const tp_labelling *of);

/* Classes on axis 1, as (N, C, ...), brought to the end where `first` says so; x itself otherwise. */
tp_var tp_classes_last(const char *op, tp_var x, bool first);

#endif
