/* Checkpoints: the suite. */
#include "tests/test_checkpoint.h"

void expect_equal(tp_var a, tp_var b)
{
    ck_assert(tp_ok(a) && tp_ok(b));
    if (tp_value(a))
        expect_same(tp_value(a), tp_value(b), 0);
    else
        ck_assert_msg(tp_item(a) == tp_item(b), "%.17g is not %.17g", tp_item(a), tp_item(b));
}

Suite *checkpoint_suite(void)
{
    Suite *suite = suite_create("checkpoint");
    suite_add_tcase(suite, checkpoint_segments_case());
    suite_add_tcase(suite, checkpoint_chain_case());
    suite_add_tcase(suite, checkpoint_errors_case());
    suite_add_tcase(suite, checkpoint_table_case());
    return suite;
}
