/* Factorisations of matrices larger than a block, at every instruction-set level that can be asked for and in both
   dtypes: the factors multiply to what was factored, and what is orthogonal is. */
#define _POSIX_C_SOURCE 200112L /* setenv */
#include "tests/test_ops.h"

#include <stdlib.h>

static const char *const levels[] = {"v2", "v3", "v4"};
static const int64_t sizes[] = {1, 2, 7, 31, 32, 33, 64, 70, 129, 193};

static tp_tape *tape;
static tp_dtype dtype;

/* Numbers of a normal distribution. */
static tp_var normal(int64_t m, int64_t n, uint64_t seed)
{
    tp_rng rng = tp_rng_seed(seed);
    tp_tensor *wide = tp_tensor_new(TP_F64, TP_DIMS(m, n)), *x = tp_tensor_new(dtype, TP_DIMS(m, n));
    double *numbers = tp_tensor_data(wide);
    for (int64_t i = 0; i < m * n; i++) numbers[i] = tp_rng_normal(&rng);
    ck_assert_int_eq(tp_tensor_copy(x, wide, NULL), TP_OK);
    const tp_var leaf = tp_leaf(tape, x);
    tp_tensor_release(wide);
    tp_tensor_release(x);
    return leaf;
}

static tp_var unit(int64_t n)
{
    tp_tensor *x = tp_tensor_new(dtype, TP_DIMS(n, n));
    for (int64_t i = 0; i < n; i++) {
        if (dtype == TP_F32)
            ((float *)tp_tensor_data(x))[i * n + i] = 1;
        else
            ((double *)tp_tensor_data(x))[i * n + i] = 1;
    }
    const tp_var y = tp_data(tape, x);
    tp_tensor_release(x);
    return y;
}

static tp_var turned(tp_var x)
{
    return tp_transpose(x, 0, 1);
}

/* In units of rounding, for numbers near 1 summed over n. */
static void expect_close(const char *what, int64_t n, tp_var a, tp_var b, double factor)
{
    const double eps = dtype == TP_F32 ? 1.2e-7 : 2.2e-16;
    const char *difference = difference_of(a, b, factor * eps * (double)(n + 4));
    ck_assert_msg(!*difference, "%s, %s, order %lld: %s %s", what, tp_dtype_name(dtype), (long long)n, difference,
                  tp_tape_error(tape));
}

static void check_solving(int64_t n)
{
    const tp_var x = normal(n, n, 1), b = normal(n, 5, 2), one = unit(n);
    const tp_var a = tp_add(tp_matmul(x, turned(x)), tp_muls(one, (double)n)), l = tp_cholesky(a);
    expect_close("cholesky", n, tp_matmul(l, turned(l)), a, 4);
    const tp_var sound_x = tp_add(x, tp_muls(one, 4 * sqrt((double)n)));
    expect_close("solve", n, tp_matmul(sound_x, tp_solve(sound_x, b)), b, 8);
    expect_close("inverse", n, tp_matmul(sound_x, tp_inverse(sound_x)), one, 8);
    expect_close("log det", n, tp_logdet(a), tp_muls(tp_sum(tp_log(tp_einsum("ii->i", &l, 1))), 2), 8);
    for (unsigned how = 0; how < 8; how++) {
        const tp_var factor = tp_muls(how & TP_UPPER ? turned(l) : l, 1 / sqrt(2 * (double)n));
        const tp_var diagonal = tp_mul(factor, one), strict = tp_sub(factor, diagonal);
        const tp_var whole = how & TP_UNIT ? tp_add(strict, one) : factor;
        const tp_var y = tp_triangular_solve(factor, b, how);
        expect_close("triangular_solve", n, tp_matmul(how & TP_TRANSPOSED ? turned(whole) : whole, y), b, 64);
    }
}

static void check_shape(int64_t m, int64_t n)
{
    const int64_t k = m < n ? m : n, most = m + n;
    const tp_var a = normal(m, n, 3);
    tp_var q, r, u, s, vt, g;
    tp_qr(a, &q, &r);
    expect_close("Q R", most, tp_matmul(q, r), a, 4);
    expect_close("Q^T Q", most, tp_matmul(turned(q), q), unit(k), 4);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j <= i; j++) ck_assert(j < i ? number_at(r, i * n + j) == 0 : number_at(r, i * n + j) >= 0);
    tp_svd(a, &u, &s, &vt);
    expect_close("U s V^T", most, tp_matmul(tp_mul(u, s), vt), a, 8);
    expect_close("U^T U", most, tp_matmul(turned(u), u), unit(k), 8);
    expect_close("V^T V", most, tp_matmul(vt, turned(vt)), unit(k), 8);
    for (int64_t i = 1; i < k; i++) ck_assert(number_at(s, i) <= number_at(s, i - 1) && number_at(s, i) >= 0);
    ck_assert_int_eq(tp_gradients(tp_sum(s), &a, 1, &g, 0), TP_OK);
    expect_close("d sum s", most, g, tp_matmul(u, vt), 8);
}

static void check_symmetric(int64_t n)
{
    const tp_var x = normal(n, n, 4), a = tp_muls(tp_add(x, turned(x)), .5);
    tp_var w, v;
    tp_eigh(x, &w, &v);
    expect_close("V w V^T", n, tp_matmul(tp_mul(v, w), turned(v)), a, 8);
    expect_close("V^T V", n, tp_matmul(turned(v), v), unit(n), 8);
    for (int64_t i = 1; i < n; i++) ck_assert(number_at(w, i) >= number_at(w, i - 1));
    const tp_var scaled = tp_muls(a, 3 / sqrt((double)n)), e = tp_matrix_exp(scaled);
    const tp_var from_w = tp_matmul(tp_mul(v, tp_exp(tp_muls(w, 3 / sqrt((double)n)))), turned(v));
    expect_close("exp", n, e, from_w, 16);
}

START_TEST(factors_multiply_to_what_was_factored)
{
    setenv("TAPIR_CPU", levels[_i / 2], 1);
    tape = tp_tape_new(NULL);
    dtype = _i % 2 ? TP_F32 : TP_F64;
    for (int i = 0; i < COUNT(sizes); i++) {
        check_solving(sizes[i]);
        check_symmetric(sizes[i]);
        check_shape(sizes[i], sizes[i]);
        check_shape(sizes[i], sizes[i] + 9);
        check_shape(2 * sizes[i] + 1, sizes[i]);
        tp_tape_reset(tape);
    }
    ck_assert_str_eq(tp_tape_error(tape), "");
    tp_tape_free(tape);
}
END_TEST

/* ---- matrices that are hard to factor ---- */

enum { HARD = 600, KINDS = 6 };

/* Small whole numbers; columns far apart in size; mostly zeros; rank 1 and a little; sizes all over the range; rows
   that stand twice. */
static double hard_number(tp_rng *rng, int kind, int64_t i, int64_t j, double above)
{
    const double number = tp_rng_uniform(rng);
    switch (kind) {
    case 0: return floor(number * 3) - 1;
    case 1: return (number - .5) * pow(10, -8. * (double)j);
    case 2: return number < .7 ? 0 : number;
    case 3: return (double)(i * j) + (number < .1 ? 1e-9 : 0);
    case 4: return number * pow(10, 30 * (tp_rng_uniform(rng) - .5));
    default: return i % 2 ? above : number;
    }
}

static tp_var hard(int64_t m, int64_t n, int kind, tp_rng *rng)
{
    double numbers[100];
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            numbers[i * n + j] = hard_number(rng, kind, i, j, i ? numbers[(i - 1) * n + j] : 0);
    tp_tensor *wide = tp_tensor_from(TP_F64, TP_DIMS(m, n), numbers), *x = tp_tensor_new(dtype, TP_DIMS(m, n));
    ck_assert_int_eq(tp_tensor_copy(x, wide, NULL), TP_OK);
    const tp_var leaf = tp_leaf(tape, x);
    tp_tensor_release(wide);
    tp_tensor_release(x);
    return leaf;
}

START_TEST(singular_values_of_any_matrix_are_found)
{
    tape = tp_tape_new(NULL);
    tp_rng rng = tp_rng_seed(5);
    for (int i = 0; i < HARD; i++) {
        const int64_t m = 1 + tp_rng_below(&rng, 9), n = 1 + tp_rng_below(&rng, 9), k = m < n ? m : n;
        dtype = i % 2 ? TP_F32 : TP_F64;
        const tp_var a = hard(m, n, i / 2 % KINDS, &rng);
        tp_var u, s, vt, w, v;
        ck_assert_msg(tp_svd(a, &u, &s, &vt) == TP_OK, "%d: %s", i, tp_tape_error(tape));
        const double scale = number_at(s, 0) > 0 ? 1 / number_at(s, 0) : 1;
        expect_close("U s V^T", k, tp_muls(tp_matmul(tp_mul(u, s), vt), scale), tp_muls(a, scale), 4);
        expect_close("U^T U", k, tp_matmul(turned(u), u), unit(k), 4);
        expect_close("V^T V", k, tp_matmul(vt, turned(vt)), unit(k), 4);
        if (m == n) {
            ck_assert_msg(tp_eigh(a, &w, &v) == TP_OK, "%d: %s", i, tp_tape_error(tape));
            expect_close("V^T V of eigh", n, tp_matmul(turned(v), v), unit(n), 4);
            const tp_var half = tp_muls(tp_add(a, turned(a)), scale / 2);
            expect_close("V w V^T", n, tp_muls(tp_matmul(tp_mul(v, w), turned(v)), scale), half, 4);
        }
        tp_tape_reset(tape);
    }
    tp_tape_free(tape);
}
END_TEST

TCase *linalg_sizes_case(void)
{
    TCase *sizes_of_all = tcase_create("linalg sizes");
    tcase_set_timeout(sizes_of_all, 120);
    tcase_add_loop_test(sizes_of_all, factors_multiply_to_what_was_factored, 0, 2 * COUNT(levels));
    tcase_add_test(sizes_of_all, singular_values_of_any_matrix_are_found);
    return sizes_of_all;
}
