/* The engine: the suite, put together from the files test_engine_*.c. */
#include "tests/helpers.h"

Suite *engine_suite(void)
{
    Suite *suite = suite_create("engine");
    suite_add_tcase(suite, engine_handles_case());
    suite_add_tcase(suite, engine_gradients_case());
    suite_add_tcase(suite, engine_forks_case());
    suite_add_tcase(suite, engine_higher_case());
    suite_add_tcase(suite, engine_forward_case());
    suite_add_tcase(suite, engine_leaves_case());
    suite_add_tcase(suite, engine_replay_case());
    suite_add_tcase(suite, engine_draw_case());
    suite_add_tcase(suite, engine_threads_case());
    suite_add_tcase(suite, engine_own_ops_case());
    suite_add_tcase(suite, engine_nested_case());
    suite_add_tcase(suite, engine_tuples_case());
    suite_add_tcase(suite, engine_random_case());
    suite_add_tcase(suite, engine_corners_case());
    suite_add_tcase(suite, engine_scale_case());
    return suite;
}
