/* PNG files in memory (W3C, "Portable Network Graphics", second edition). */
#ifndef TAPIR_PLOT_PNG_H
#define TAPIR_PLOT_PNG_H

#include "core/memory.h"

/* Channels of 8 bits: 1 is grey, 3 is red, green, blue, 4 has alpha too. Pixels whose channels all are KEY are
   transparent in the first two, so nothing else may have that value. */
enum { PNG_KEY = 1 };

/* `pixels` are height * width * channels bytes, rows from the top; each becomes `factor` times `factor` of the file's,
   for renderers that blur what they enlarge (without zlib, one). Returns a block of *bytes bytes, of which the first
 *size are the file; the caller gives it back to `memory`. NULL when memory is short. */
unsigned char *png_encode(const tp_allocator *memory, uint32_t width, uint32_t height, int channels, uint32_t factor,
                          const unsigned char *pixels, size_t *size, size_t *bytes);

#endif
