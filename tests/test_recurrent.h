/* The parts that the suite of recurrent networks is made of. */
#ifndef TAPIR_TESTS_TEST_RECURRENT_H
#define TAPIR_TESTS_TEST_RECURRENT_H

#include <tapir/nn.h>

#include "tests/helpers.h"

TCase *recurrent_layers_case(void);
TCase *recurrent_ops_case(void);

#endif
