/* The suite of GradBench's program. */
#include "tests/gradbench.h"

Suite *gradbench_suite(void)
{
    Suite *suite = suite_create("gradbench");
#ifdef GRADBENCH /* the program is built: there is a library to read JSON with */
    suite_add_tcase(suite, gradbench_differences_case());
    suite_add_tcase(suite, gradbench_refusals_case());
    suite_add_tcase(suite, gradbench_forms_case());
    suite_add_tcase(suite, gradbench_protocol_case());
    suite_add_tcase(suite, gradbench_slopes_case());
#endif
    return suite;
}
