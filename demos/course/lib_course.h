/* What the programs of the course share: where the pictures go, tables of numbers, and how a program ends. */
#ifndef LIB_COURSE_H
#define LIB_COURSE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapir/plot.h>
#include <tapir/tapir.h>

enum { COURSE_PATH = 1024 };

/* The folder for the pictures: the first argument, or build/gallery. It is made if need be. */
const char *course_folder(int argc, char **argv);
/* folder/name, written into `path`, which is returned: for what draws into a file by itself. */
const char *course_path(char path[COURSE_PATH], const char *folder, const char *name);
/* Writes the picture as folder/name and frees it. Silent when all is well; else a message and false. */
bool course_picture(tp_plot *plot, const char *folder, const char *name);
/* The same for a picture that was written by a call of its own: true for TP_OK, else a message. */
bool course_drawn(tp_status status, const tp_error *error);

/* Prints a line of a table: the label, then the numbers of a tensor (or the one of a scalar node, or an array). */
void course_tensor(const char *label, const tp_tensor *numbers);
void course_value(const char *label, tp_var x);
void course_gradient(const char *label, tp_var x);
void course_numbers(const char *label, int n, const double *numbers);

/* An f64 tensor of these numbers, in row-major order, on the tape; it goes with the tape. */
tp_var course_data(tp_tape *tape, int rank, const int64_t *dims, const double *numbers); /* a constant */
tp_var course_leaf(tp_tape *tape, int rank, const int64_t *dims, const double *numbers); /* differentiable */
/* The same, drawn from a normal distribution of mean 0: differentiable. */
tp_var course_normal(tp_tape *tape, int rank, const int64_t *dims, double deviation, tp_rng *rng);
/* The largest |x - y| of two tensors; it is recorded. */
double course_difference(tp_var x, tp_var y);
#define NUMBERS(...) ((const double[]){__VA_ARGS__})

/* The program's exit status: 0 when `good` and the tape (which may be NULL where there is none) holds no error; else 1,
   after the tape's message. Frees the tape. */
int course_end(tp_tape *tape, bool good);

#endif
