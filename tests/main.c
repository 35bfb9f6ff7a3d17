/* Runs every suite; exits non-zero when a check fails. CK_FORK=no in the environment keeps all in one process. */
#include <stdlib.h>

#include "tests/tests.h"

int main(void)
{
#define SUITE(name) name##_suite,
    Suite *(*const suites[])(void) = {
#include "tests/suites.def"
    };
#undef SUITE
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
