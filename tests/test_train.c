/* Training: the suite, put together from the files test_train_*.c. */
#include "tests/test_train.h"

Suite *train_suite(void)
{
    Suite *suite = suite_create("train");
    suite_add_tcase(suite, train_metrics_case());
    suite_add_tcase(suite, train_history_case());
    return suite;
}
