/* The header of an npy file. */
#ifndef TAPIR_IO_NPY_HEADER_H
#define TAPIR_IO_NPY_HEADER_H

#include "io/encoding.h"
#include "io/source.h"

typedef struct tp_npy_header {
    const tp_encoding *encoding;
    bool swapped; /* the elements are in the other byte order than the host's */
    bool fortran; /* the first index runs fastest */
    int rank;
    int64_t dims[TP_MAX_RANK];
    int64_t count;
    uint64_t data; /* where the elements begin */
} tp_npy_header;

/* Reads it, up to the first element, and checks that the size fits into memory's addresses. */
tp_status tp_npy_read_header(tp_source *source, tp_npy_header *header, tp_error *error);

#endif
