/* Random numbers on the tape, drawn from its generator. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_RANDOM_H
#define TAPIR_OPS_RANDOM_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers come from the tape's generator (tp_tape_set_seed): each call takes a stream of its own and keeps it, so that
   a replay repeats the numbers; the same seed and the same calls give the same numbers on every machine, for any number
   of threads, and in f32 those of f64, rounded. Draws have no derivative; the reparameterised forms have. */

/* ---- tensors of random numbers: dtype f32 or f64, and dims; rank 0 gives a scalar ---- */

/* Uniform in [low, high): 24 random bits in f32, 53 in f64 (high itself only where low + (high - low) u
   rounds to it). */
TP_API tp_var tp_uniform(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double low, double high);
/* Normal (Box, Muller: "A note on the generation of random normal deviates", 1958). */
TP_API tp_var tp_normal(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double mean, double deviation);
/* Density rate e^(-rate x) for x >= 0. */
TP_API tp_var tp_exponential(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double rate);
/* location - scale log(-log u): the largest of many. */
TP_API tp_var tp_gumbel(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double location, double scale);
/* i64 in low .. high - 1; rank 0 gives a scalar. */
TP_API tp_var tp_randint(tp_tape *tape, int rank, const int64_t *dims, int64_t low, int64_t high);
/* 0 .. n - 1 in random order: (n), i64. */
TP_API tp_var tp_permutation(tp_tape *tape, int64_t n);

/* ---- by probabilities that are an operand ---- */

/* p: any shape, in [0, 1] -> 1 with probability p, else 0. TP_E_ARGUMENT for a p outside. */
TP_API tp_var tp_bernoulli(tp_var p);
/* weights: (..., n), not negative -> (..., count) i64, indices drawn in proportion to the weights of their row, with
   replacement, or without: then each at most once. TP_E_ARGUMENT when a row has too few weights above 0. */
TP_API tp_var tp_multinomial(tp_var weights, int64_t count, bool replacement);

/* ---- reparameterised: a differentiable function of the parameters and of a draw that is not ---- */

/* mean + deviation n, of the shape that both have together; n standard normal. dmean = g, ddeviation = g n. */
TP_API tp_var tp_normal_around(tp_var mean, tp_var deviation);
/* low + (high - low) u;  dlow = g (1 - u), dhigh = g u. */
TP_API tp_var tp_uniform_between(tp_var low, tp_var high);
/* softmax((logits + Gumbel noise) / tau) along an axis: a draw of one class that is smooth in the logits. With `hard`
   the value is 1 at the largest and 0 elsewhere (to rounding), and the gradient that of the smooth one: straight
   through. Jang, Gu, Poole: "Categorical reparameterization with Gumbel-softmax", 2017. TP_E_ARGUMENT unless tau > 0.
 */
TP_API tp_var tp_gumbel_softmax(tp_var logits, int axis, double tau, bool hard);

#ifdef __cplusplus
}
#endif
#endif
