/* Colour maps: numbers to red, green, blue and alpha, 0 to 255. */
#ifndef TAPIR_PLOT_COLOUR_H
#define TAPIR_PLOT_COLOUR_H

#include <tapir/plot.h>

/* The colour at `part`, 0 (low) to 1 (high), of a map that is not TP_PLOT_CLASSES. */
void colour_at(tp_plot_map map, double part, unsigned char rgba[4]);
/* The pale colour of class c >= 0. */
void colour_of_class(int64_t c, unsigned char rgba[4]);

#endif
