/* NumPy's files: one array (npy), several arrays (npz). */
#ifndef TAPIR_IO_NPY_H
#define TAPIR_IO_NPY_H

#include <tapir/io_safetensors.h>
#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- npy ----

   The format (numpy.lib.format): "\x93NUMPY", a version (1.0, 2.0 or 3.0), the header's length, the header, which is a
   Python dictionary of 'descr', 'fortran_order' and 'shape', and the elements: of either byte order, and in C's or
   Fortran's order; in the tensor they are row-major.
     f2 f4 -> f32;  f8 -> f64;  i1 i2 u2 i4 -> i32;  u4 i8 u8 -> i64;  u1 b1 -> u8
   Other types (complex, strings, records, objects) are refused (TP_E_UNSUPPORTED), an u8 (uint64) of 2^63 or more too
   (TP_E_LIMIT). The file must end where the shape says. Plain or gzip. Errors name the byte; otherwise they are those
   of tp_read_idx. The caller owns the tensor. */

TP_API tp_tensor *tp_read_npy(const char *path, tp_error *error);
TP_API tp_tensor *tp_parse_npy(const void *bytes, size_t n, tp_error *error);
/* The long form of both, `path` or `bytes` being NULL: all memory, the tensor's too, comes from `memory`; NULL means
   malloc. */
TP_API tp_tensor *tp_read_npy_into(const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                                   tp_error *error);
/* Writes what numpy.save would write, as tp_write_file_atomically does: <f4, <f8, <i4, <i8 or |u1, row-major. */
TP_API tp_status tp_write_npy(const char *path, const tp_tensor *tensor, tp_error *error);

/* ---- npz ----

   A zip archive of npy files, as numpy.savez and numpy.savez_compressed write it: entries that are stored or deflated,
   also in zip64. The name of an array is that of its entry without ".npy". Nothing in the archive is believed: names
   come once, entries lie inside the file, before the directory and not over one another, sizes and CRC-32 must be
   right (TP_E_FORMAT); encrypted entries, other methods, and deflated ones where the library was built without zlib
   are TP_E_UNSUPPORTED when they are read. Memory is taken as bytes arrive: an entry that promises much and holds
   little costs little. */

typedef struct tp_npz tp_npz;
/* Reads the directory; arrays are read when they are asked for. NULL with `error` set. */
TP_API tp_npz *tp_npz_open(const char *path, tp_error *error);
/* The long form, `path` or `bytes` being NULL; the bytes must stay as they are until the close. */
TP_API tp_npz *tp_npz_open_into(const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                                tp_error *error);
TP_API void tp_npz_close(tp_npz *archive);
TP_API size_t tp_npz_count(const tp_npz *archive);
/* The i-th name in the directory's order; NULL outside. It lives as long as the archive is open. */
TP_API const char *tp_npz_name(const tp_npz *archive, size_t i);
/* An array, which is the caller's; NULL with `error` set. */
TP_API tp_tensor *tp_npz_tensor(const tp_npz *archive, const char *name, tp_error *error);
TP_API tp_tensor *tp_npz_tensor_at(const tp_npz *archive, size_t i, tp_error *error);

/* Writes an archive that numpy.load reads, as tp_write_file_atomically does; deflated where `compressed`. The same
   tensors give the same bytes (the entries' time is 1980-01-01). TP_E_ARGUMENT for NULL, names that come twice, are
   empty, not UTF-8 or longer than 65000 bytes; TP_E_LIMIT for more than 2^16 - 2 arrays or 4 GiB; TP_E_UNSUPPORTED for
   compression without zlib; TP_E_IO, TP_E_MEMORY. The target is then as it was. `memory` and `error` may be NULL. */
TP_API tp_status tp_write_npz(const tp_allocator *memory, const char *path, const tp_named_tensor *tensors, size_t n,
                              bool compressed, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
