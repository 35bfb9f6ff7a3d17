/* IDX: the format of the MNIST data sets. */
#ifndef TAPIR_IO_IDX_H
#define TAPIR_IO_IDX_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Two zero bytes, a byte for the element type, a byte for the rank, the dims as 32-bit and the elements, all
   big-endian. (LeCun, Cortes, Burges: "The MNIST database", http://yann.lecun.com/exdb/mnist/.) 0x08 u8 -> u8;  0x09
   i8, 0x0B i16, 0x0C i32 -> i32;  0x0D f32 -> f32;  0x0E f64 -> f64.

   Plain or compressed with gzip, which is told by the first bytes and not by the name. Nothing in a file is believed:
   memory is taken as bytes arrive, not as the header promises, and the file must end where the header says. The caller
   owns the tensor that is returned; NULL with `error` set (it may be NULL):
     TP_E_IO           the system could not open or read the file
     TP_E_FORMAT       not IDX, too short (also in the midst of the gzip stream), too long, or a checksum is wrong
     TP_E_LIMIT        more than 8 dims, or a size that overflows
     TP_E_UNSUPPORTED  compressed, and this library was built without zlib
     TP_E_ARGUMENT, TP_E_MEMORY */

TP_API tp_tensor *tp_read_idx(const char *path, tp_error *error);
/* The same from n bytes in memory. */
TP_API tp_tensor *tp_parse_idx(const void *bytes, size_t n, tp_error *error);
/* The long form of tp_read_idx: all memory, the tensor's too, comes from `memory`; NULL means malloc. */
TP_API tp_tensor *tp_read_idx_into(const tp_allocator *memory, const char *path, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
