/* What the files of the suite on derivatives beyond the gradient share. */
#ifndef TAPIR_TESTS_TEST_DERIVE_H
#define TAPIR_TESTS_TEST_DERIVE_H

#include <tapir/derive.h>

#include "tests/test_ops.h"

TCase *derive_ops_case(void);

#endif
