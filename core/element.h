/* Single elements of any dtype as doubles. */
#ifndef TAPIR_CORE_ELEMENT_H
#define TAPIR_CORE_ELEMENT_H

#include <tapir/tensor.h>

/* The element at an address; NaN for a value that is no dtype. */
double tp_get(tp_dtype dtype, const void *at);
/* Writes it. An integer dtype truncates towards zero and stops at the ends of its range; NaN gives 0. */
void tp_put(tp_dtype dtype, void *at, double value);

#endif
