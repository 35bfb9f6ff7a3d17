/* Random numbers from a counter: the same seed gives the same numbers on every machine. */
#ifndef TAPIR_RANDOM_H
#define TAPIR_RANDOM_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The
   whole state is the key and a counter: copy the struct to copy the generator. */
typedef struct tp_rng {
    uint64_t seed;    /* the key */
    uint64_t stream;  /* upper half of the counter: independent sequences of one seed */
    uint64_t counter; /* lower half: blocks of four 32-bit words drawn so far */
    uint32_t block[4];
    uint32_t left; /* words of `block` not yet handed out */
} tp_rng;

/* A generator at the start of stream 0 of `seed`. */
TP_API tp_rng tp_rng_seed(uint64_t seed);
/* A generator at the start of another, independent stream of the same seed. */
TP_API tp_rng tp_rng_stream(uint64_t seed, uint64_t stream);
/* One block: four words that are a function of key and counter alone. */
TP_API void tp_philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t words[4]);

TP_API uint32_t tp_rng_u32(tp_rng *rng);
/* Uniform in [0, 1) with 53 bits. */
TP_API double tp_rng_uniform(tp_rng *rng);
/* Standard normal (Box and Muller, one value a call). */
TP_API double tp_rng_normal(tp_rng *rng);
/* Uniform in 0 .. n-1 without bias (Lemire's rejection); 0 when n is 0. */
TP_API uint32_t tp_rng_below(tp_rng *rng, uint32_t n);
/* A uniformly random permutation of 0 .. n-1 (Fisher and Yates) written to `order`. */
TP_API void tp_rng_permutation(tp_rng *rng, uint32_t *order, uint32_t n);

#ifdef __cplusplus
}
#endif
#endif
