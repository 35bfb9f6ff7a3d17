/* What the files of the suite `transformer` share. */
#ifndef TAPIR_TESTS_TEST_TRANSFORMER_H
#define TAPIR_TESTS_TEST_TRANSFORMER_H

#include <tapir/nn.h>
#include <tapir/optim.h>

#include "tests/helpers.h"

TCase *transformer_runs_case(void);
TCase *transformer_errors_case(void);

#endif
