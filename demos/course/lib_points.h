/* Points of two classes in the plane, and what a network with two inputs and one output, a logit, makes of the plane.
 */
#ifndef LIB_POINTS_H
#define LIB_POINTS_H

#include "lib_course.h"

/* One of tp_points_circle, tp_points_moons, ... */
typedef tp_dataset *points_maker(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                 tp_error *error);

typedef struct points {
    tp_tensor *x, *y; /* f32: (n, 2), and the classes, 0 and 1, (n, 1) */
} points;

/* False after a message; points_free is right in any case. */
bool points_make(points *p, points_maker *make, int64_t n, double noise, uint64_t seed);
void points_free(points *p);

/* A network for such points: they lie within 6 of the origin, so 0.3 x, then a tp_mlp with the weights that `rng` draws
   (tp_linear_layer). */
tp_module *points_network(int n, const int64_t *widths, tp_activation *f, tp_rng *rng);
/* The mean of log(1 + e^(-s f)) over the points, s = -1 for class 0, 1 for class 1; recorded on a tape that is reset.
 */
tp_var points_loss(tp_tape *tape, tp_module *net, const points *p);
/* So many steps of `optim`, which changes all parameters of the network from then on, on that loss. The last loss goes
   to `loss`, which may be NULL. False when something failed: the tape says what. */
bool points_learn(tp_tape *tape, tp_module *net, const points *p, tp_optim *optim, int steps, double *loss);

/* Per cent of the points whose logit is above 0 just where their class is 1. Resets the tape. */
double points_right(tp_tape *tape, tp_module *net, const points *p);
/* A panel with the points over the network's output tanh(f/2), from -1 (class 0) to 1, whose middle, the boundary
   between the classes, is a line. The rectangle is x_low, x_high, y_low, y_high. Resets the tape. */
void points_draw(tp_plot *plot, tp_tape *tape, tp_module *net, const points *p, const char *title,
                 const double rectangle[4]);

#endif
