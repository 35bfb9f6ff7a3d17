/* Philox 4x32-10 and the draws made from it. */
#include <math.h>

#include <tapir/random.h>

void tp_philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t words[4])
{
    uint32_t c0 = (uint32_t)counter_low, c1 = (uint32_t)(counter_low >> 32);
    uint32_t c2 = (uint32_t)counter_high, c3 = (uint32_t)(counter_high >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio and sqrt(3) - 1: the Weyl sequence of the key */
        k1 += 0xBB67AE85u;
    }
    words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

tp_rng tp_rng_stream(uint64_t seed, uint64_t stream)
{
    return (tp_rng){.seed = seed, .stream = stream};
}

tp_rng tp_rng_seed(uint64_t seed)
{
    return tp_rng_stream(seed, 0);
}

uint32_t tp_rng_u32(tp_rng *rng)
{
    if (rng->left == 0) {
        tp_philox(rng->seed, rng->stream, rng->counter++, rng->block);
        rng->left = 4;
    }
    return rng->block[4 - rng->left--];
}

double tp_rng_uniform(tp_rng *rng)
{
    const uint64_t high = tp_rng_u32(rng) >> 5, low = tp_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double tp_rng_normal(tp_rng *rng)
{
    const double u = 1 - tp_rng_uniform(rng), v = tp_rng_uniform(rng);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

uint32_t tp_rng_below(tp_rng *rng, uint32_t n)
{
    if (n == 0) return 0;
    const uint32_t threshold = (0u - n) % n;
    for (;;) {
        const uint64_t product = (uint64_t)tp_rng_u32(rng) * n;
        if ((uint32_t)product >= threshold) return (uint32_t)(product >> 32);
    }
}

void tp_rng_permutation(tp_rng *rng, uint32_t *order, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t j = tp_rng_below(rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}
