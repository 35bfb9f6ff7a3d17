/* The diverging map and the classes are colours of Okabe and Ito that let the ground through, so that they serve on
   light and on dark pages. */
#include "plot/colour.h"

#include <math.h>

/* Viridis (Smith, van der Walt, 2015, matplotlib; dedicated to the public domain), at tenths of its 256 steps. */
static const unsigned char viridis[10][3] = {{68, 1, 84},    {72, 40, 120},  {62, 73, 137},  {49, 104, 142},
                                             {38, 130, 142}, {31, 158, 137}, {53, 183, 121}, {110, 206, 88},
                                             {181, 222, 43}, {253, 231, 37}};

/* Of colours 1 to 8. */
static const unsigned char palette[TP_PLOT_COLOURS][3] = {{0, 114, 178},   {213, 94, 0},  {0, 158, 115},
                                                          {204, 121, 167}, {230, 159, 0}, {86, 180, 233},
                                                          {110, 110, 110}, {200, 185, 20}};

static void set(unsigned char rgba[4], const unsigned char *rgb, double alpha)
{
    for (int i = 0; i < 3; i++) rgba[i] = rgb[i];
    rgba[3] = (unsigned char)lround(255 * alpha);
}

static void viridis_at(double part, unsigned char rgba[4])
{
    const int i = (int)fmin(8, part * 9);
    const double more = part * 9 - i;
    for (int k = 0; k < 3; k++) rgba[k] = (unsigned char)lround((1 - more) * viridis[i][k] + more * viridis[i + 1][k]);
    rgba[3] = 255;
}

void colour_at(tp_plot_map map, double part, unsigned char rgba[4])
{
    part = fmax(0, fmin(1, part));
    if (map == TP_PLOT_VIRIDIS) {
        viridis_at(part, rgba);
    } else if (map == TP_PLOT_DIVERGING) {
        set(rgba, palette[part > .5], fabs(2 * part - 1) * .7);
    } else {
        const unsigned char grey = (unsigned char)lround(255 * part);
        set(rgba, (const unsigned char[]){grey, grey, grey}, 1);
    }
}

void colour_of_class(int64_t c, unsigned char rgba[4])
{
    set(rgba, palette[c % TP_PLOT_COLOURS], .3);
}
