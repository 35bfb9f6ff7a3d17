/* Data sets that come with a Debian system, and synthetic ones. */
#ifndef TAPIR_IO_DATASETS_H
#define TAPIR_IO_DATASETS_H

#include <tapir/io_data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero everywhere is the default. */
typedef struct tp_datasets_options {
    const char *folder;         /* [where Debian's package puts the files] of the readers */
    tp_dtype dtype;             /* [TP_F32] of field 0, or TP_F64; Fashion-MNIST's pixels are always TP_U8 */
    const tp_allocator *memory; /* [malloc] copied */
} tp_datasets_options;

/* All of these make a data set of two fields: the inputs, and the class as one TP_U8. The caller owns one reference.
   `options` and `error` may be NULL. */

/* ---- readers ----

   NULL with `error` set: TP_E_IO when a file cannot be opened or read (the message names the path and the package),
   TP_E_FORMAT when it does not hold what it should (the message says where), TP_E_DTYPE, TP_E_UNSUPPORTED for a
   compressed file and a library without zlib, TP_E_MEMORY.

     tp_fashion_mnist   60,000 or 10,000 images (1, 28, 28) of clothes, 10 classes. Package dataset-fashion-mnist, from
                        Xiao, Rasul, Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking machine learning
                        algorithms" (2017). Files train-images-idx3-ubyte and so on, or the same with .gz.
     tp_digits          1,797 handwritten digits of 8 x 8 as 64 numbers 0 .. 16. Package python3-sklearn, as are:
     tp_iris            150 flowers by 4 lengths in cm, 3 classes. Fisher 1936.
     tp_wine            178 wines by 13 measurements, 3 classes.
     tp_breast_cancer   569 tumours by 30 measurements, 2 classes: 0 is malignant. */
TP_API tp_dataset *tp_fashion_mnist(bool train, const tp_datasets_options *options, tp_error *error);
TP_API tp_dataset *tp_digits(const tp_datasets_options *options, tp_error *error);
TP_API tp_dataset *tp_iris(const tp_datasets_options *options, tp_error *error);
TP_API tp_dataset *tp_wine(const tp_datasets_options *options, tp_error *error);
TP_API tp_dataset *tp_breast_cancer(const tp_datasets_options *options, tp_error *error);

/* What the classes are called; "" outside. */
TP_API const char *tp_fashion_mnist_class(int64_t label);
TP_API const char *tp_iris_class(int64_t label);
TP_API const char *tp_breast_cancer_class(int64_t label);

/* ---- synthetic ----

   n points in the plane of classes 1 and 0, half of each (xor: as it happens); class 1 comes first, but for xor. The
   numbers depend on n, noise and seed alone. TP_E_ARGUMENT for n < 0 and a noise that is not finite and >= 0.

   The four of the browser playground (Smilkov, Carter, Sculley, Viegas, Wattenberg: "Direct-manipulation visualization
   of deep networks", 2016), whose noise goes from 0 to 0.5; U is uniform in [-1, 1]:

     circle     radius in [0, 2.5] is 1, radius in [3.5, 5] is 0, with radius and angle uniform; the class is that of
                the point moved by 5 noise U in x and y: it is on the inside or outside of 2.5

     xor        x and y uniform in [-5, 5] and 0.3 further from the axes; 1 where, moved by 5 noise U, x y >= 0

     gaussian   normal around (2, 2) for 1 and (-2, -2) for 0, with the variance 0.5 + 7 noise

     spiral     r = 5 i/n, t = 1.75 i/n 2 pi (+ pi for 0): (r sin t + noise U, r cos t + noise U)

   and

     moons      two half circles that interlock: (cos t, sin t) is 0, (1 - cos t, 1/2 - sin t) is 1, t evenly spaced
                over [0, pi]; noise is the deviation of a normal number added to x and y. 0 comes first. */
TP_API tp_dataset *tp_points_circle(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                    tp_error *error);
TP_API tp_dataset *tp_points_xor(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                 tp_error *error);
TP_API tp_dataset *tp_points_gaussian(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                      tp_error *error);
TP_API tp_dataset *tp_points_spiral(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                    tp_error *error);
TP_API tp_dataset *tp_points_moons(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,
                                   tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
