/* Files written so that they are never half there. Invariant: `path` always names a whole file; what is being written
   lies beside it, under a lock that goes with the process, and reaches `path` by one rename after its bytes are on the
   disk. */
#define _GNU_SOURCE /* sync_file_range */
#define _FILE_OFFSET_BITS 64

#include <tapir/io_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"

#define PENDING ((size_t)1 << 16)
#define MOST_AT_ONCE ((size_t)4 << 20)
#define MAX_WRITERS 64 /* of the same path at the same time */
#define SUFFIX_BYTES 16

struct tp_writer {
    tp_allocator memory;
    int file;
    tp_error failed; /* status TP_OK: all is well */
    size_t bytes;    /* of this block */
    size_t pending_bytes;
    unsigned char pending[PENDING]; /* not handed to the system yet */
    size_t length;                  /* of the path */
    char names[];                   /* the path, and the path of the file beside it */
};

static char *beside(tp_writer *writer)
{
    return writer->names + writer->length + 1;
}

static tp_status system_failed(tp_error *error, const char *what, const char *path)
{
    return tp_fail(error, TP_E_IO, "%s: %s: %s", what, strerror(errno), path);
}

/* ---- beginning ---- */

/* Locks the file, and looks whether it is still the one at `path`, and nothing else's. Where the file system knows no
   locks, only a new file is taken. */
static bool take(int file, const char *path, bool made)
{
    struct stat opened, named;
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && (!made || errno == EWOULDBLOCK)) return false;
    return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && S_ISREG(named.st_mode) &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino && named.st_nlink == 1 &&
           (made || named.st_uid == geteuid());
}

/* Makes the file beside the target, or takes over what a killed program left, under the first name that no other writer
   holds. */
static tp_status open_beside(tp_writer *writer, tp_error *error)
{
    const int how = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    for (int i = 0; i < MAX_WRITERS; i++) {
        char *path = beside(writer), suffix[SUFFIX_BYTES] = ".tmp";
        if (i) snprintf(suffix, sizeof suffix, ".tmp%d", i);
        memcpy(path, writer->names, writer->length);
        memcpy(path + writer->length, suffix, sizeof suffix);
        int file = open(path, how | O_CREAT | O_EXCL, 0666);
        const bool made = file >= 0;
        if (!made && errno != EEXIST) {
            const tp_status status = system_failed(error, "cannot make", path);
            *path = 0; /* there is nothing to remove */
            return status;
        }
        if (!made) file = open(path, how);
        if (file >= 0 && take(file, path, made)) {
            writer->file = file;
            return ftruncate(file, 0) == 0 ? TP_OK : system_failed(error, "cannot empty", path);
        }
        if (file >= 0) close(file);
    }
    *beside(writer) = 0;
    return tp_fail(error, TP_E_IO, "cannot make a file beside it, \".tmp\" to \".tmp%d\" are taken: %s",
                   MAX_WRITERS - 1, writer->names);
}

static tp_status begin(tp_writer *writer, tp_error *error)
{
    struct stat target;
    const bool there = stat(writer->names, &target) == 0;
    if (there && !S_ISREG(target.st_mode))
        return tp_fail(error, TP_E_IO, "it is there and no regular file: %s", writer->names);
    const tp_status status = open_beside(writer, error);
    if (status == TP_OK && there && fchmod(writer->file, target.st_mode & 07777) != 0)
        return system_failed(error, "cannot set the mode", beside(writer));
    return status;
}

tp_writer *tp_writer_open(const tp_allocator *memory, const char *path, tp_error *error)
{
    if (!path || !*path) {
        tp_fail(error, TP_E_ARGUMENT, "tp_writer_open: the path is %s", path ? "empty" : "NULL");
        return NULL;
    }
    if (!memory) memory = &tp_default_allocator;
    const size_t length = strlen(path), bytes = sizeof(tp_writer) + 2 * length + 1 + SUFFIX_BYTES;
    tp_writer *writer = tp_allocate(memory, bytes);
    if (!writer) {
        tp_fail(error, TP_E_MEMORY, "tp_writer_open: out of memory: %s", path);
        return NULL;
    }
    writer->memory = *memory;
    writer->file = -1;
    writer->failed = (tp_error){.status = TP_OK};
    writer->bytes = bytes;
    writer->pending_bytes = 0;
    writer->length = length;
    memcpy(writer->names, path, length + 1);
    *beside(writer) = 0;
    tp_error local = {.status = TP_OK};
    if (begin(writer, &local) == TP_OK) return writer;
    tp_fail(error, local.status, "tp_writer_open: %s", local.message);
    tp_writer_abandon(writer);
    return NULL;
}

/* ---- writing ---- */

/* Lets the disk begin with what was just written while the program goes on: the flush at the end then waits less. */
static void begin_flush(int file, size_t n)
{
#if defined(__linux__)
    const off_t end = lseek(file, 0, SEEK_CUR);
    if (n >= PENDING && end >= (off_t)n) sync_file_range(file, end - (off_t)n, (off_t)n, SYNC_FILE_RANGE_WRITE);
#else
    (void)file, (void)n;
#endif
}

static void write_all(tp_writer *writer, const unsigned char *bytes, size_t n)
{
    while (n > 0 && writer->failed.status == TP_OK) {
        const ssize_t put = write(writer->file, bytes, n < MOST_AT_ONCE ? n : MOST_AT_ONCE);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            system_failed(&writer->failed, "cannot write", beside(writer));
            return;
        }
        begin_flush(writer->file, (size_t)put);
        bytes += put;
        n -= (size_t)put;
    }
}

static void write_pending(tp_writer *writer)
{
    write_all(writer, writer->pending, writer->pending_bytes);
    writer->pending_bytes = 0;
}

static tp_status told(const tp_error *from, const char *name, tp_error *error)
{
    return from->status == TP_OK ? TP_OK : tp_fail(error, from->status, "%s: %s", name, from->message);
}

tp_status tp_writer_write(tp_writer *writer, const void *bytes, size_t n, tp_error *error)
{
    if (!writer || (!bytes && n > 0))
        return tp_fail(error, TP_E_ARGUMENT, "tp_writer_write: the %s NULL", writer ? "bytes are" : "writer is");
    if (n > PENDING - writer->pending_bytes) write_pending(writer);
    if (n >= PENDING) {
        write_all(writer, bytes, n);
    } else if (n > 0) {
        memcpy(writer->pending + writer->pending_bytes, bytes, n);
        writer->pending_bytes += n;
    }
    return told(&writer->failed, "tp_writer_write", error);
}

/* ---- ending ---- */

/* Flushes the folder in which `path` lies, so that the new name is on the disk. Cuts `path` off. */
static tp_status flush_folder(char *path, tp_error *error)
{
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path] = 0;
    const char *folder = slash ? path : ".";
    const int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool flushed = opened >= 0 && (fsync(opened) == 0 || errno == EINVAL); /* not every file system can */
    const tp_status status =
        flushed ? TP_OK : system_failed(error, "the file is in place, but the folder cannot be flushed", folder);
    if (opened >= 0) close(opened);
    return status;
}

static tp_status finish(tp_writer *writer, tp_error *error)
{
    write_pending(writer);
    if (writer->failed.status != TP_OK) {
        *error = writer->failed;
        return error->status;
    }
    if (fsync(writer->file) != 0) return system_failed(error, "cannot flush", beside(writer));
    if (rename(beside(writer), writer->names) != 0) return system_failed(error, "cannot rename", writer->names);
    *beside(writer) = 0;
    return flush_folder(writer->names, error);
}

tp_status tp_writer_commit(tp_writer *writer, tp_error *error)
{
    if (!writer) return tp_fail(error, TP_E_ARGUMENT, "tp_writer_commit: the writer is NULL");
    tp_error local = {.status = TP_OK};
    finish(writer, &local);
    tp_writer_abandon(writer);
    return told(&local, "tp_writer_commit", error);
}

/* The lock goes last: nobody takes the name over before it is gone. */
void tp_writer_abandon(tp_writer *writer)
{
    if (!writer) return;
    if (writer->file >= 0 && *beside(writer)) unlink(beside(writer));
    if (writer->file >= 0) close(writer->file);
    const tp_allocator memory = writer->memory;
    tp_deallocate(&memory, writer, writer->bytes);
}

tp_status tp_write_file_atomically(const char *path, const void *bytes, size_t n, tp_error *error)
{
    tp_error local = {.status = TP_OK};
    if (!path || (!bytes && n > 0))
        return tp_fail(error, TP_E_ARGUMENT, "tp_write_file_atomically: the path or the bytes are NULL");
    tp_writer *writer = tp_writer_open(NULL, path, &local);
    if (writer) {
        tp_writer_write(writer, bytes, n, NULL); /* a failure comes back below */
        tp_writer_commit(writer, &local);
    }
    return told(&local, "tp_write_file_atomically", error);
}
