/* Whole files: written so that they are never half there, and read with a limit. */
#ifndef TAPIR_IO_FILE_H
#define TAPIR_IO_FILE_H

#include <tapir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writing ----

   The bytes go to a file beside the target, "<path>.tmp" (or ".tmp1", ... when somebody else writes to the same path);
   at the end it is flushed to the disk (fsync), renamed to the target, and the folder is flushed. So whoever opens
   `path`, at any moment and after any kill or loss of power, finds the old file whole or the new one whole. What a
   killed program left beside the target is taken over by the next write to the same path.

   The mode of a target that exists is kept; a symbolic link at `path` is replaced by the file. All return TP_E_ARGUMENT
   for NULL, TP_E_IO with the system's reason (also when `path` is there and no regular file), TP_E_MEMORY; the target
   is then as it was. (One exception: when only the last step failed, flushing the folder, the new file is in place, but
   may not survive a loss of power; the message says so.) `error` may be NULL. */

TP_API tp_status tp_write_file_atomically(const char *path, const void *bytes, size_t n, tp_error *error);

/* The same piece by piece. NULL with `error` set. `memory` is copied; NULL means malloc. */
typedef struct tp_writer tp_writer;
TP_API tp_writer *tp_writer_open(const tp_allocator *memory, const char *path, tp_error *error);
/* After a failure every later call fails in the same way, tp_writer_commit too: it is enough to look there. */
TP_API tp_status tp_writer_write(tp_writer *writer, const void *bytes, size_t n, tp_error *error);
/* Puts the file in place. Frees the writer in every case. */
TP_API tp_status tp_writer_commit(tp_writer *writer, tp_error *error);
/* Leaves the target as it was, removes the file beside it and frees the writer. NULL is ignored. */
TP_API void tp_writer_abandon(tp_writer *writer);

/* ---- reading ---- */

/* All bytes of a file or a pipe, unpacked if they are gzip; `*n` says how many. A NUL that is not counted follows them.
   More than `most` bytes are refused (TP_E_LIMIT), before memory is taken for them. NULL with `error` set: also
   TP_E_ARGUMENT, TP_E_IO, TP_E_FORMAT (a gzip stream that is damaged), TP_E_MEMORY. Give the bytes back with
   tp_free_file and the same `memory`; NULL means malloc. */
TP_API void *tp_read_file(const tp_allocator *memory, const char *path, size_t most, size_t *n, tp_error *error);
TP_API void tp_free_file(const tp_allocator *memory, void *bytes, size_t n);

#ifdef __cplusplus
}
#endif
#endif
