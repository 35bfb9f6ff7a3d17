/* What the initialisers share. */
#ifndef TAPIR_NN_INIT_H
#define TAPIR_NN_INIT_H

#include <tapir/nn_init.h>

/* A float tensor of at least that rank, and a generator. */
tp_status tp_init_check(const char *name, const tp_tensor *tensor, const tp_rng *rng, int rank, tp_error *error);

#endif
