/* Duals: every function, at three levels of nesting, against the tape's derivatives; levels that must not meet. */
#include <tapir/function.h>

#include "tests/tape_fixture.h"

#define TP_DUAL one
#define TP_DUAL_OF tp_real
#define TP_DUAL_WAYS 1
#include <tapir/dual.h>
#define TP_DUAL two
#define TP_DUAL_OF one
#define TP_DUAL_WAYS 1
#include <tapir/dual.h>
#define TP_DUAL three
#define TP_DUAL_OF two
#define TP_DUAL_WAYS 1
#include <tapir/dual.h>
#define TP_DUAL wide
#define TP_DUAL_OF tp_real
#define TP_DUAL_WAYS 3
#include <tapir/dual.h>

/* The functions as the tape has them, and as duals do. */
#define FUNCTIONS(F)                                                                                                   \
    F(adds, tp_adds(x, 1.5), three_adds(x, 1.5))                                                                       \
    F(muls, tp_muls(tp_square(x), 1.5), three_muls(three_square(x), 1.5))                                              \
    F(rsubs, tp_rsubs(1.5, tp_square(x)), three_rsubs(1.5, three_square(x)))                                           \
    F(neg, tp_neg(tp_exp(x)), three_neg(three_exp(x)))                                                                 \
    F(add, tp_add(x, tp_square(x)), three_add(x, three_square(x)))                                                     \
    F(sub, tp_sub(x, tp_square(x)), three_sub(x, three_square(x)))                                                     \
    F(mul, tp_mul(x, tp_exp(x)), three_mul(x, three_exp(x)))                                                           \
    F(div, tp_div(x, tp_exp(x)), three_div(x, three_exp(x)))                                                           \
    F(fma, tp_fma(x, tp_exp(x), tp_square(x)), three_fma(x, three_exp(x), three_square(x)))                            \
    F(square, tp_square(tp_square(x)), three_square(three_square(x)))                                                  \
    F(reciprocal, tp_reciprocal(x), three_reciprocal(x))                                                               \
    F(sqrt, tp_sqrt(x), three_sqrt(x))                                                                                 \
    F(rsqrt, tp_rsqrt(x), three_rsqrt(x))                                                                              \
    F(exp, tp_exp(x), three_exp(x))                                                                                    \
    F(log, tp_log(x), three_log(x))                                                                                    \
    F(sin, tp_sin(x), three_sin(x))                                                                                    \
    F(cos, tp_cos(x), three_cos(x))                                                                                    \
    F(tanh, tp_tanh(x), three_tanh(x))

#define BOTH(name, recorded, dual)                                                                                     \
    static tp_var tape_##name(tp_var x)                                                                                \
    {                                                                                                                  \
        return recorded;                                                                                               \
    }                                                                                                                  \
    static three dual_##name(three x)                                                                                  \
    {                                                                                                                  \
        return dual;                                                                                                   \
    }
FUNCTIONS(BOTH)

#define ROW(name, recorded, dual) {#name, tape_##name, dual_##name},
static const struct {
    const char *name;
    tp_var (*recorded)(tp_var x);
    three (*dual)(three x);
} functions[] = {FUNCTIONS(ROW)};

START_TEST(derivatives_of_three_orders_are_those_of_the_tape)
{
    const double at = .7;
    const three x = three_variable(two_variable(one_variable(at, 0), 0), 0), f = functions[_i].dual(x);
    const double wanted[] = {f.value.value.value, f.value.value.slope[0], f.value.slope[0].slope[0],
                             f.slope[0].slope[0].slope[0]};
    const tp_var v = tp_scalar(tape, at);
    tp_var y = functions[_i].recorded(v);
    for (int order = 0; order < 4; order++) {
        ck_assert_msg(fabs(tp_item(y) - wanted[order]) <= 1e-12 * (1 + fabs(wanted[order])),
                      "%s, order %d: %.17g is not %.17g", functions[_i].name, order, wanted[order], tp_item(y));
        ck_assert_int_eq(tp_gradients(y, &v, 1, &y, TP_CREATE_GRAPH), TP_OK);
    }
    EXPECT_NEAR(three_number(f), f.value.value.value, 0);
    EXPECT_NEAR(f.value.slope[0].value, f.value.value.slope[0], 1e-13);
    EXPECT_NEAR(f.slope[0].value.value, f.value.value.slope[0], 1e-13);
}
END_TEST

START_TEST(several_ways_are_a_gradient)
{
    const wide x = wide_variable(2, 0), y = wide_variable(3, 1), z = wide_variable(5, 2);
    const wide f = wide_mul(wide_fma(x, y, wide_constant(1)), wide_sin(z));
    EXPECT_NEAR(f.value, 7 * sin(5), 1e-15);
    EXPECT_NEAR(f.slope[0], 3 * sin(5), 1e-15);
    EXPECT_NEAR(f.slope[1], 2 * sin(5), 1e-15);
    EXPECT_NEAR(f.slope[2], 7 * cos(5), 1e-15);
    EXPECT_NEAR(wide_lift(4).slope[2], 0, 0);
}
END_TEST

/* d/dx (x d/dy (x + y) at y = 1) at x = 1 is 1: a program that confuses the levels finds 2. */
START_TEST(levels_are_kept_apart)
{
    const one x = one_variable(1, 0);
    const two y = two_variable(one_constant(1), 0), inner = two_add(two_lift(x), y);
    const one outer = one_mul(x, inner.slope[0]);
    EXPECT_NEAR(outer.value, 1, 0);
    EXPECT_NEAR(outer.slope[0], 1, 0);
}
END_TEST

Suite *dual_suite(void)
{
    Suite *suite = suite_create("dual");
    TCase *tc = tcase_create("dual");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, derivatives_of_three_orders_are_those_of_the_tape, 0, sizeof functions / sizeof *functions);
    tcase_add_test(tc, several_ways_are_a_gradient);
    tcase_add_test(tc, levels_are_kept_apart);
    suite_add_tcase(suite, tc);
    return suite;
}
