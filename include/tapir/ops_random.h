/* Random numbers on the tape, drawn from its generator. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_RANDOM_H
#define TAPIR_OPS_RANDOM_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
