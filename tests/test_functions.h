/* What the tests of functions share. */
#ifndef TAPIR_TESTS_FUNCTIONS_H
#define TAPIR_TESTS_FUNCTIONS_H

#include "tests/helpers.h"

typedef enum slope_mode { BY_WALK, BY_SWEEP, BY_JVP, SLOPE_MODES } slope_mode;

/* df/dx at x of a function of one scalar. */
tp_var slope_of(slope_mode mode, tp_function f, tp_tape *on, tp_var x, void *user);

TCase *functions_descent_case(void);
TCase *functions_objective_case(void);
TCase *functions_ops_case(void);

#endif
