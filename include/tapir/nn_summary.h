/* What a module is made of: layers, the shapes of their outputs, how many numbers they hold. */
#ifndef TAPIR_NN_SUMMARY_H
#define TAPIR_NN_SUMMARY_H

#include <stdio.h>

#include <tapir/nn_module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One module of a tree. */
typedef struct tp_module_row {
    const char *name; /* in its parent; "" for the module that was asked about */
    const char *kind; /* "conv2d" */
    int depth;        /* 0 for the module that was asked about */
    int rank;         /* of its output (the latest, if it ran more than once); -1 when it did not run */
    int64_t dims[TP_MAX_RANK];
    int64_t parameters; /* numbers in its own parameters, without those of its children */
    int64_t trainable;  /* ... of them those that learn */
    int64_t buffers;    /* numbers in its own buffers */
    int64_t parameter_bytes, buffer_bytes;
    bool was_training;
} tp_module_row;

/* Calls `visit` for the module and everything below it, parents first. To know the shapes, the module runs once on an x
   of zeros with this dtype and dims, in evaluation mode and on a tape of its own, so that nothing of it changes; with
   dims NULL it does not run, and all ranks are -1. The rows are valid during the call. Stops at the first status that
   is not TP_OK and returns it. TP_E_ARGUMENT for NULL, TP_E_MEMORY, and what the forward pass says. `error` may be
   NULL. */
TP_API tp_status tp_module_rows(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims,
                                tp_status (*visit)(void *user, const tp_module_row *row), void *user, tp_error *error);

/* Prints the rows as a table, and below it totals: tp_module_summary(net, TP_F32, TP_DIMS(1, 1, 28, 28), stdout, NULL).
   A tensor under two names counts twice. Also TP_E_IO. */
TP_API tp_status tp_module_summary(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims, FILE *out,
                                   tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
