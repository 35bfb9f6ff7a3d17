/* Steps of optimisers: one pass over n elements of one parameter that follow each other without gaps. */
#ifndef TAPIR_KERNELS_UPDATE_H
#define TAPIR_KERNELS_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
#define UPDATE(name) TP_UPDATE_##name,
#include "kernels/update.def"
#undef UPDATE
    TP_UPDATE_COUNT
};

enum { TP_UPDATE_STATES = 3 };

/* What a loop reads; each says what the numbers are to it. They are the same for all elements of a parameter. */
typedef struct tp_update {
    int64_t n;
    void *w;
    const void *g;
    void *state[TP_UPDATE_STATES]; /* NULL where the rule has none with these options */
    double rate, rate2;
    double decay;  /* the gradient is g + decay w */
    double shrink; /* w is multiplied with it first */
    double beta1, beta2, epsilon, momentum, dampening;
    double correction1, correction2;
    double low, high;
    bool flag;
} tp_update;

typedef void tp_update_loop(const tp_update *u);

#endif
