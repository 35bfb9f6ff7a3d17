/* Initialisers: first values of parameters. */
#ifndef TAPIR_INIT_H
#define TAPIR_INIT_H

#include <tapir/random.h>
#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* They write every element of an f32 or f64 tensor of any strides, drawing from `rng` in row-major order and in double,
   so that the same seed gives the same values whatever the layout. All return TP_E_ARGUMENT for NULL or numbers that
   make no sense (not finite, low > high, a negative deviation), TP_E_DTYPE; the fans need a rank of 2 or more
   (TP_E_SHAPE). `error` may be NULL. On failure nothing is written or drawn.

   With dims (out, in, k1, k2, ...) and r = k1 k2 ...: fan_in = in r, fan_out = out r. `gain` is what the activation
   after the layer asks for: 1 for linear and sigmoid, TP_GAIN_TANH, TP_GAIN_RELU, tp_gain_leaky_relu(slope). */

TP_API tp_status tp_init_constant(tp_tensor *tensor, double value, tp_error *error);
TP_API tp_status tp_init_uniform(tp_tensor *tensor, double low, double high, tp_rng *rng, tp_error *error);
TP_API tp_status tp_init_normal(tp_tensor *tensor, double mean, double deviation, tp_rng *rng, tp_error *error);
/* The normal distribution within [low, high], and nothing outside: one uniform number an element. deviation > 0. */
TP_API tp_status tp_init_truncated_normal(tp_tensor *tensor, double mean, double deviation, double low, double high,
                                          tp_rng *rng, tp_error *error);

#define TP_GAIN_RELU 1.4142135623730951
#define TP_GAIN_TANH 1.6666666666666667
TP_API double tp_gain_leaky_relu(double slope); /* sqrt(2 / (1 + slope^2)) */

/* U(-a, a) with a = gain sqrt(6 / (fan_in + fan_out)), and N(0, gain^2 2 / (fan_in + fan_out)): Glorot, Bengio,
   "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, section 4.2. */
TP_API tp_status tp_init_xavier_uniform(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error);
TP_API tp_status tp_init_xavier_normal(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error);

typedef enum tp_fan { TP_FAN_IN = 0, TP_FAN_OUT } tp_fan;
/* U(-a, a) with a = gain sqrt(3 / fan), and N(0, gain^2 / fan), which is N(0, 2/fan) for ReLU: He, Zhang, Ren, Sun,
   "Delving deep into rectifiers", ICCV 2015, section 2.2. */
TP_API tp_status tp_init_kaiming_uniform(tp_tensor *tensor, tp_fan fan, double gain, tp_rng *rng, tp_error *error);
TP_API tp_status tp_init_kaiming_normal(tp_tensor *tensor, tp_fan fan, double gain, tp_rng *rng, tp_error *error);

/* gain times an orthogonal matrix, uniform among them: with the dims after the first as one, rows are orthonormal where
   there are no more rows than columns, else columns are. Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear
   dynamics of learning in deep linear neural networks", ICLR 2014. Rank >= 2 (TP_E_SHAPE); TP_E_MEMORY. */
TP_API tp_status tp_init_orthogonal(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error);
/* N(0, deviation^2), and in each column of a matrix (rank 2, TP_E_SHAPE) ceil(sparsity rows) zeros at random places.
   Martens, "Deep learning via Hessian-free optimization", ICML 2010. */
TP_API tp_status tp_init_sparse(tp_tensor *tensor, double sparsity, double deviation, tp_rng *rng, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
