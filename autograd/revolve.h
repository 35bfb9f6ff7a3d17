/* The binomial schedule of walking a chain back from few of its states: how far apart they lie. */
#ifndef TAPIR_AUTOGRAD_REVOLVE_H
#define TAPIR_AUTOGRAD_REVOLVE_H

#include <stdint.h>

/* The least cost of walking back l steps with s places for states, one of them taken by the first: tp_checkpoint_cost.
 */
int64_t tp_revolve_cost(int64_t l, int64_t s);
/* How many steps to take before the second of s >= 2 places is filled, for l >= 2 steps. */
int64_t tp_revolve_split(int64_t l, int64_t s);
/* The least number of places with which no step is taken more than twice before it is walked. */
int64_t tp_revolve_twice(int64_t l);

#endif
