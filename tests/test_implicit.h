/* The parts of the suite of implicit differentiation. */
#ifndef TAPIR_TESTS_IMPLICIT_H
#define TAPIR_TESTS_IMPLICIT_H

#include "tests/helpers.h"

TCase *implicit_ode_case(void);

#endif
