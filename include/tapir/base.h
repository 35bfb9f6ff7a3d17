/* Status codes, errors, allocators: what every other header of Tapir stands on. */
#ifndef TAPIR_BASE_H
#define TAPIR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#define TP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define TP_API
#define TP_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TP_VERSION_MAJOR 0
#define TP_VERSION_MINOR 1
#define TP_VERSION_PATCH 0

/* "0.1.0": the version of the library that is linked. */
TP_API const char *tp_version(void);

typedef enum tp_status {
    TP_OK = 0,
    TP_E_ARGUMENT,    /* NULL, a number outside its range, a wrong count */
    TP_E_SHAPE,       /* shapes that do not fit together */
    TP_E_DTYPE,       /* element types that do not fit together */
    TP_E_INDEX,       /* an axis or an index outside its range */
    TP_E_STALE,       /* a handle from before a reset or rewind, or from another tape */
    TP_E_CHANGED,     /* a tensor was written to between its use and the backward pass */
    TP_E_LIMIT,       /* rank over 8, a size whose product overflows, 2^30 nodes */
    TP_E_MEMORY,      /* the allocator had none */
    TP_E_UNSUPPORTED, /* the op has no such closure */
    TP_E_IO,          /* the system could not open, read or write */
    TP_E_FORMAT,      /* a file's bytes are not what its format says */
    TP_E_CHECK,       /* a gradient check found a difference */
    TP_E_NUMERIC, /* the op has no result for these numbers: a singular matrix, one not positive definite; or anomaly
                     mode found NaN or Inf */
    TP_E_GUARD    /* a replay came to a branch, recorded by tp_guard, that the program would not take now */
} tp_status;

/* "shape", "memory", ...: one word for a status; never NULL. */
TP_API const char *tp_status_name(tp_status status);

#define TP_ERROR_LENGTH 512

/* What went wrong: `message` is a NUL-terminated line without a newline, "" when status is TP_OK.
   Functions without a tape take a tp_error * that may be NULL; they write it only when they fail. */
typedef struct tp_error {
    tp_status status;
    char message[TP_ERROR_LENGTH];
} tp_error;

/* Where memory comes from. `allocate` returns `size` bytes (never 0) aligned to `alignment` (a power of
   two, at most 64), or NULL; `free` gets back the pointer and the same size. Both may be called from
   several threads when objects made with the allocator are used from several threads. */
typedef struct tp_allocator {
    void *(*allocate)(void *user, size_t size, size_t alignment);
    void (*free)(void *user, void *memory, size_t size);
    void *user;
} tp_allocator;

/* An allocator over the caller's own buffer: it hands out from the front and takes nothing back until
   the arena is reset; only the latest block is really freed. Not for use from several threads at once. */
typedef struct tp_arena {
    unsigned char *memory;
    size_t size, used;
} tp_arena;

/* An arena over `memory`, which the caller owns and which must outlive everything made from it. */
TP_API tp_arena tp_arena_over(void *memory, size_t size);
/* The allocator that draws on `arena`; `arena` must stay where it is. */
TP_API tp_allocator tp_arena_allocator(tp_arena *arena);
/* Forgets all that was handed out. Nothing made from the arena may be used afterwards. */
TP_API void tp_arena_reset(tp_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
