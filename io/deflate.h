/* zlib on the library's own allocators. */
#ifndef TAPIR_IO_DEFLATE_H
#define TAPIR_IO_DEFLATE_H

#if defined(TP_WITH_ZLIB)

#include <zlib.h>

#include "core/memory.h"

/* For a stream's zalloc and zfree; its `opaque` is a tp_allocator that stays where it is. */
void *tp_zlib_allocate(void *user, unsigned items, unsigned size);
void tp_zlib_free(void *user, void *address);

#endif
#endif
