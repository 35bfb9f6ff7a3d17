/* The fixture of most suites: an empty tape before each test.
       tcase_add_checked_fixture(tc, setup, teardown); */
#ifndef TAPIR_TESTS_TAPE_FIXTURE_H
#define TAPIR_TESTS_TAPE_FIXTURE_H

#include "tests/helpers.h"

static tp_tape *tape;

static void setup(void)
{
    tape = tp_tape_new(NULL);
    ck_assert_ptr_nonnull(tape);
}

static void teardown(void)
{
    tp_tape_free(tape);
}

#endif
