/* Small PNG pictures in memory, without a compressor. */
#ifndef LIB_PNG_H
#define LIB_PNG_H

#include <stddef.h>

/* A greyscale picture of 8 bits a pixel, rows from the top, as the bytes of a PNG file (W3C, "Portable Network
   Graphics", second edition). *size gets their number. The caller frees them; NULL when out of memory. */
unsigned char *png_grey(int width, int height, const unsigned char *pixels, size_t *size);

#endif
