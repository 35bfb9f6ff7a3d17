/* Derivatives beyond the gradient: forward mode, products with the Hessian, Jacobians and Hessians. */
#include "tests/helpers.h"
#include "tests/test_derive.h"
#include "tests/tests.h"

Suite *derive_suite(void)
{
    Suite *suite = suite_create("derive");
    suite_add_tcase(suite, derive_ops_case());
    return suite;
}
