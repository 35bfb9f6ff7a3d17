/* Checkpoints: the parts of the suite. */
#ifndef TAPIR_TESTS_TEST_CHECKPOINT_H
#define TAPIR_TESTS_TEST_CHECKPOINT_H

#include <tapir/checkpoint.h>

#include "tests/helpers.h"

TCase *checkpoint_segments_case(void);
TCase *checkpoint_chain_case(void);
TCase *checkpoint_errors_case(void);
TCase *checkpoint_table_case(void);

/* The two hold the same bits. */
void expect_equal(tp_var a, tp_var b);

#endif
