/* Text as numbers: vocabularies of characters or bytes, and windows of a text as a data set. */
#ifndef TAPIR_IO_TEXT_H
#define TAPIR_IO_TEXT_H

#include <tapir/io_data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All of these return NULL, or a status, with `error` set (it may be NULL): TP_E_ARGUMENT for NULL, TP_E_FORMAT with
   the byte for what is not UTF-8, TP_E_INDEX for what the vocabulary does not hold, TP_E_LIMIT, TP_E_MEMORY. */

/* The whole file, plain or gzip, as a tensor of bytes: (n) u8. `memory` may be NULL (malloc). TP_E_IO. These bytes are
   numbers already: tp_text_windows takes them without any vocabulary. */
TP_API tp_tensor *tp_read_text(const char *path, const tp_allocator *memory, tp_error *error);

typedef enum tp_text_unit {
    TP_TEXT_CHARACTERS = 0, /* of Unicode, in UTF-8 (RFC 3629) */
    TP_TEXT_BYTES
} tp_text_unit;

/* The units that occur in the n bytes of `text`, numbered from 0 in the order of their codes. So the text that
   tp_vocabulary_text gives makes the same vocabulary again: save that. `memory` is copied; NULL means malloc. */
typedef struct tp_vocabulary tp_vocabulary;
TP_API tp_vocabulary *tp_vocabulary_of(const void *text, size_t n, tp_text_unit unit, const tp_allocator *memory,
                                       tp_error *error);
TP_API void tp_vocabulary_free(tp_vocabulary *vocabulary); /* NULL is ignored */

TP_API int64_t tp_vocabulary_size(const tp_vocabulary *vocabulary); /* units; 0 for NULL */
/* All units one after another, with a NUL after them; `bytes`, which may be NULL, is told how many without it. */
TP_API const char *tp_vocabulary_text(const tp_vocabulary *vocabulary, size_t *bytes);
/* Unit `number` as a string; "" outside. */
TP_API const char *tp_vocabulary_unit(const tp_vocabulary *vocabulary, int64_t number);

/* The numbers of the text's units: a new tensor of i32, from the vocabulary's allocator. A unit that the vocabulary
   does not have is TP_E_INDEX with its byte. */
TP_API tp_tensor *tp_text_encode(const tp_vocabulary *vocabulary, const void *text, size_t n, tp_error *error);
/* The text of the numbers (any integer dtype and shape, in row-major order), cut off to size - 1 bytes and a NUL; the
   bytes of all of it go to *bytes, which may be NULL. `text` may be NULL when size is 0. */
TP_API tp_status tp_text_decode(const tp_vocabulary *vocabulary, const tp_tensor *numbers, char *text, size_t size,
                                size_t *bytes, tp_error *error);

/* Windows of a sequence x of n numbers (rank 1, an integer dtype; shared, as tensors of tp_dataset_from_tensors are):
   item i is x[i step .. i step + length - 1] and, as field 1, the same one further on, so that the number after each is
   its target. Both are (length), of the dtype of x; there are floor((n - 1 - length) / step) + 1 items, none when x is
   too short. length, step >= 1. */
TP_API tp_dataset *tp_text_windows(tp_tensor *numbers, int64_t length, int64_t step, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
