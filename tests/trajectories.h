/* Layers that PyTorch trained for 20 steps: tests/golden/FAMILY.txt, written by tools/golden/trajectories.py, which
   also says what the format is. */
#ifndef TAPIR_TESTS_TRAJECTORIES_H
#define TAPIR_TESTS_TRAJECTORIES_H

#include <tapir/nn.h>

#include "tests/helpers.h"

/* How a layer of the file is made, and run: NULL for tp_module_forward. */
typedef struct trajectory {
    const char *name;
    tp_module *(*make)(const tp_layer_options *o, tp_error *e);
    tp_var (*forward)(tp_module *module, tp_var x);
    double tolerance; /* of the largest number of a tensor; 0: 1e-9 */
} trajectory;

/* The function that makes the layer of that name, by an expression in which the options `o` and the error `e` are in
   scope. */
#define TRAJECTORY_MAKE(name_, ...)                                                                                    \
    static tp_module *make_##name_(const tp_layer_options *o, tp_error *e)                                             \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }

/* A case of a file: what x is, and where the rest stands. */
typedef struct trajectory_case {
    char *text, *at; /* the whole file, for the holder to free; behind the first line of the case */
    bool integers;
    int classes, rank;
    int64_t dims[TP_MAX_RANK];
} trajectory_case;

/* The test fails when there is none. */
trajectory_case trajectory_find(const char *family, const char *name);
/* How many there are in the file. */
int trajectory_count(const char *family);
/* The x of a step: f64, or i64 where it is of integers. */
tp_tensor *trajectory_x(const trajectory_case *c, int step);
/* The module in f64, with the parameters that the trajectory starts with. */
tp_module *trajectory_module(const trajectory *t);
tp_var trajectory_forward(const trajectory *t, tp_module *module, tp_var x);
/* Names, shapes, outputs, gradients, and parameters and buffers after 20 steps are PyTorch's. */
void trajectory_check(const char *family, const trajectory *t);

/* Those of tests/golden/layers.txt. */
extern const trajectory layer_trajectories[];
extern const int layer_trajectory_count;

#endif
