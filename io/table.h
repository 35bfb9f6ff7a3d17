/* Tables of scikit-learn's data sets: a line an item, features and the class, numbers between commas; before them, in
   most, a line with the number of items, of features, and the classes' names. */
#ifndef TAPIR_IO_TABLE_H
#define TAPIR_IO_TABLE_H

#include "io/dataset.h"

typedef struct tp_table_form {
    bool header;
    int features, classes;
} tp_table_form;

/* Reads the file, plain or gzip: inputs (n, features) of the dtype and labels (n) u8, both the caller's. On failure
   neither is set, and `error`, which is not NULL, tells; the message names the byte, counted in what was unpacked. */
tp_status tp_table_read(const char *path, const tp_table_form *form, tp_dtype dtype, const tp_allocator *memory,
                        tp_tensor **inputs, tp_tensor **labels, tp_error *error);

#endif
