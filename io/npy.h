/* One array in NumPy's format, from a source and to a sink. */
#ifndef TAPIR_IO_NPY_INSIDE_H
#define TAPIR_IO_NPY_INSIDE_H

#include <tapir/io_npy.h>

#include "io/source.h"
#include "io/write.h"

/* Reads an array and the source's end; the caller closes the source. NULL with `error` set. */
tp_tensor *tp_npy_read(tp_source *source, tp_error *error);
/* Writes header and elements. */
void tp_npy_write(tp_sink *sink, const tp_tensor *tensor);

#endif
