/* The parts of the suite of replays. */
#ifndef TAPIR_TESTS_TEST_REPLAY_H
#define TAPIR_TESTS_TEST_REPLAY_H

#include "tests/helpers.h"

TCase *guards_case(void);
TCase *replayed_training_case(void);

#endif
