/* Reading at any place of a file or of memory. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "io/extent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_AT_ONCE ((size_t)1 << 30) /* what the system takes in one call */

static tp_status open_file(tp_extent *extent, const char *path, tp_error *error)
{
    struct stat about;
    extent->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not wait for its writer */
    if (extent->file < 0) return tp_fail(error, TP_E_IO, "cannot open: %s: %s", strerror(errno), path);
    if (fstat(extent->file, &about) != 0) return tp_fail(error, TP_E_IO, "cannot read: %s: %s", strerror(errno), path);
    if (!S_ISREG(about.st_mode)) return tp_fail(error, TP_E_IO, "it is no regular file: %s", path);
    extent->size = (uint64_t)about.st_size;
    const size_t bytes = strlen(path) + 1;
    char *name = tp_allocate(&extent->memory, bytes);
    if (!name) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", path);
    extent->name = memcpy(name, path, bytes);
    extent->name_bytes = bytes;
    return TP_OK;
}

tp_status tp_extent_open(tp_extent *extent, const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                         tp_error *error)
{
    *extent = (tp_extent){.file = -1, .name = "memory", .memory = memory ? *memory : tp_default_allocator};
    if (path && bytes) return tp_fail(error, TP_E_ARGUMENT, "both the path and the bytes are given");
    if (!path && !bytes) return tp_fail(error, TP_E_ARGUMENT, "the path or the bytes are NULL");
    extent->bytes = bytes;
    extent->size = n;
    const tp_status status = path ? open_file(extent, path, error) : TP_OK;
    if (status != TP_OK) tp_extent_close(extent);
    return status;
}

void tp_extent_close(tp_extent *extent)
{
    if (extent->file >= 0) close(extent->file);
    if (extent->name_bytes) tp_deallocate(&extent->memory, (char *)extent->name, extent->name_bytes);
    *extent = (tp_extent){.file = -1};
}

tp_status tp_extent_read(const tp_extent *extent, uint64_t at, void *to, size_t n, tp_error *error)
{
    if (at > extent->size || n > extent->size - at)
        return tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": past the end, at %" PRIu64 ": %s", at, extent->size,
                       extent->name);
    if (extent->bytes) {
        if (n) memcpy(to, extent->bytes + at, n);
        return TP_OK;
    }
    for (size_t done = 0; done < n;) {
        const size_t left = n - done, wanted = left < MOST_AT_ONCE ? left : MOST_AT_ONCE;
        const ssize_t got = pread(extent->file, (char *)to + done, wanted, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return tp_fail(error, TP_E_IO, "byte %" PRIu64 ": cannot read: %s: %s", at + done, strerror(errno),
                           extent->name);
        if (got == 0)
            return tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": the file ends here, and had %" PRIu64 " bytes: %s",
                           at + done, extent->size, extent->name);
        done += (size_t)got;
    }
    return TP_OK;
}
