/* The parts of the suite `hooks`. */
#ifndef TAPIR_TESTS_TEST_HOOKS_H
#define TAPIR_TESTS_TEST_HOOKS_H

#include <tapir/hooks.h>

#include "tests/helpers.h"

TCase *hooks_case(void);
TCase *hooks_table_case(void);
TCase *hooks_errors_case(void);
TCase *anomaly_case(void);
TCase *trace_case(void);
TCase *own_ops_case(void);
TCase *no_grad_case(void);

#endif
