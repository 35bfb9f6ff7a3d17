/* The suites of the test program; each is made in a file of its own. */
#ifndef TAPIR_TESTS_H
#define TAPIR_TESTS_H

#include <check.h>

#define SUITE(name) Suite *name##_suite(void);
#include "tests/suites.def"
#undef SUITE

#endif
