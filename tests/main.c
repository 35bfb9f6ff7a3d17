/* Runs every suite; exits non-zero when a check fails. CK_FORK=no in the environment keeps all in one process. */
#include <stdlib.h>

#include "tests/tests.h"

int main(void)
{
    Suite *(*const suites[])(void) = {ops_suite,    golden_suite, gradcheck_suite, engine_suite,
                                      errors_suite, memory_suite, seeds_suite,     nn_suite,
                                      optim_suite,  io_suite,     random_suite};
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
