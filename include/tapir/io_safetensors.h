/* safetensors: named tensors and named texts in one file, as the frameworks exchange weights. */
#ifndef TAPIR_IO_SAFETENSORS_H
#define TAPIR_IO_SAFETENSORS_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The format (https://github.com/huggingface/safetensors): the header's length as 8 bytes, little-endian; the header, a
   JSON object {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
   "__metadata__": {"key": "text", ...}}, which may be padded with spaces; the elements, little-endian and row-major.
   Offsets count from the header's end.

   Nothing in a file is believed. Refused are (TP_E_FORMAT, with the byte at which it is wrong): a header over 100 MB or
   longer than the file, JSON that is not strictly right, text that is not UTF-8, keys that come twice, keys that the
   format does not have, tensors that overlap, that leave holes, that do not fill the file to its end, or whose offsets
   are not what dtype and shape ask for; (TP_E_LIMIT): more than 8 dims, sizes that overflow. So a file that opens is
   right in every part; only reading elements can fail afterwards.

   In the file      in the tensor
   F32 F16 BF16     f32
   F64              f64
   I8 I16 U16 I32   i32
   U32 I64 U64      i64 (TP_E_LIMIT for a U64 of 2^63 or more)
   U8 BOOL          u8 (a BOOL is 0 or 1)
   F8_E4M3 F8_E5M2  none: tp_safetensors_tensor says TP_E_UNSUPPORTED */

typedef struct tp_safetensors tp_safetensors;

/* What a file says of one tensor. */
typedef struct tp_safetensors_info {
    const char *name;     /* UTF-8; lives as long as the file is open */
    const char *encoding; /* "BF16" */
    tp_dtype dtype;       /* what it becomes */
    bool readable;        /* false: there is no such dtype here */
    int rank;
    int64_t dims[TP_MAX_RANK];
    uint64_t offset, bytes; /* of its elements in the file */
} tp_safetensors_info;

/* Opens a file and reads its header; elements are read when they are asked for. NULL with `error` set (it may be NULL);
   besides the above: TP_E_ARGUMENT, TP_E_IO, TP_E_MEMORY. */
TP_API tp_safetensors *tp_safetensors_open(const char *path, tp_error *error);
/* The same over n bytes in memory, which must stay as they are until the close. */
TP_API tp_safetensors *tp_safetensors_parse(const void *bytes, size_t n, tp_error *error);
/* The long form of both, `path` or `bytes` being NULL: all memory, the tensors' too, comes from `memory`, which is
   copied; NULL means malloc. */
TP_API tp_safetensors *tp_safetensors_open_into(const tp_allocator *memory, const char *path, const void *bytes,
                                                size_t n, tp_error *error);
/* Tensors that were read stay. NULL is ignored. */
TP_API void tp_safetensors_close(tp_safetensors *file);

/* How many tensors there are, and the i-th in the header's order; false, and *info empty, outside. */
TP_API size_t tp_safetensors_count(const tp_safetensors *file);
TP_API bool tp_safetensors_describe(const tp_safetensors *file, size_t i, tp_safetensors_info *info);
/* The number of the tensor with this name; TP_SAFETENSORS_NONE when there is none. Takes logarithmic time. */
#define TP_SAFETENSORS_NONE ((size_t)-1)
TP_API size_t tp_safetensors_find(const tp_safetensors *file, const char *name);

/* Reads one tensor, which is the caller's. NULL with `error` set: TP_E_ARGUMENT for a name that is not there,
   TP_E_UNSUPPORTED, TP_E_LIMIT, TP_E_IO, TP_E_FORMAT (the file is shorter than when it was opened), TP_E_MEMORY. */
TP_API tp_tensor *tp_safetensors_tensor(const tp_safetensors *file, const char *name, tp_error *error);
TP_API tp_tensor *tp_safetensors_tensor_at(const tp_safetensors *file, size_t i, tp_error *error);

/* The text that goes with a key of "__metadata__"; NULL when there is none. And all of them, in the header's order;
   false outside. */
TP_API const char *tp_safetensors_metadata(const tp_safetensors *file, const char *key);
TP_API size_t tp_safetensors_metadata_count(const tp_safetensors *file);
TP_API bool tp_safetensors_metadata_at(const tp_safetensors *file, size_t i, const char **key, const char **text);

/* ---- writing ---- */

typedef struct tp_named_tensor {
    const char *name;
    const tp_tensor *tensor; /* of any strides; written row-major as F32, F64, I32, I64 or U8 */
} tp_named_tensor;

typedef struct tp_named_text {
    const char *name, *text;
} tp_named_text;

/* What goes into a file. Elements stand in the order given, but those of 8 bytes before those of 4 before bytes, so
   that each is aligned; the header names them in that order, and is padded to a multiple of 8. The same contents give
   the same bytes. */
typedef struct tp_safetensors_contents {
    const tp_named_tensor *tensors;
    size_t tensor_count;
    const tp_named_text *metadata;
    size_t metadata_count; /* 0: no "__metadata__" */
} tp_safetensors_contents;

/* Writes a file as tp_write_file_atomically does. TP_E_ARGUMENT for NULL, a name that is not UTF-8, is
   "__metadata__" or comes twice; TP_E_LIMIT for a header over 100 MB; TP_E_IO, TP_E_MEMORY. The target is then as it
   was. `memory` (for the header) and `error` may be NULL. */
TP_API tp_status tp_safetensors_save(const tp_allocator *memory, const char *path,
                                     const tp_safetensors_contents *contents, tp_error *error);
/* The same to a block of *n bytes, to be given back with tp_free_file and the same `memory`. NULL with `error` set. */
TP_API void *tp_safetensors_pack(const tp_allocator *memory, const tp_safetensors_contents *contents, size_t *n,
                                 tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
