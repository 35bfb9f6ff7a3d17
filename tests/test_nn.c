/* Modules, layers and initialisers: the suite, put together from the files test_nn_*.c. */
#include "tests/test_layers.h"

Suite *nn_suite(void)
{
    Suite *suite = suite_create("nn");
    suite_add_tcase(suite, nn_modules_case());
    suite_add_tcase(suite, nn_layers_case());
    suite_add_tcase(suite, nn_initialisers_case());
    return suite;
}
