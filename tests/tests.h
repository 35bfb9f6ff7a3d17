/* The suites of the test program; each is made in a file of its own. */
#ifndef TAPIR_TESTS_H
#define TAPIR_TESTS_H

#include <check.h>

Suite *ops_suite(void);
Suite *golden_suite(void);
Suite *gradcheck_suite(void);
Suite *engine_suite(void);
Suite *errors_suite(void);
Suite *memory_suite(void);
Suite *seeds_suite(void);
Suite *nn_suite(void);
Suite *optim_suite(void);
Suite *io_suite(void);
Suite *random_suite(void);

#endif
