/* What the tests of training share. */
#ifndef TAPIR_TESTS_TEST_TRAIN_H
#define TAPIR_TESTS_TEST_TRAIN_H

#include <tapir/train.h>

#include "tests/helpers.h"

TCase *train_metrics_case(void);
TCase *train_history_case(void);

#endif
