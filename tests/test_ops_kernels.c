/* Loops over many elements against the scalar formulas, at every instruction-set level that can be asked for. */
#define _POSIX_C_SOURCE 200112L /* setenv */
#include "tests/test_ops.h"

#include <stdlib.h>

static const char *const levels[] = {"v2", "v3", NULL};

static tp_tape *tape_at(int level)
{
    if (levels[level])
        setenv("TAPIR_CPU", levels[level], 1);
    else
        unsetenv("TAPIR_CPU");
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_ptr_nonnull(tape);
    return tape;
}

enum { MANY = 1003 };

typedef struct numbers {
    double x[TP_ROW_OPERANDS][MANY], g[MANY];
} numbers;

static double between(tp_rng *rng, double low, double high)
{
    return low + (high - low) * tp_rng_uniform(rng);
}

/* What f32 can hold, so that both dtypes see the same. */
static void draw_row(const tp_row *row, uint64_t seed, numbers *n)
{
    tp_rng rng = tp_rng_seed(seed);
    for (int i = 0; i < MANY; i++) {
        for (int k = 0; k < TP_ROW_OPERANDS; k++) n->x[k][i] = (double)(float)between(&rng, row->low, row->high);
        n->g[i] = (double)(float)between(&rng, -1, 1);
    }
}

/* The row's value by the scalar formula, on element i. */
static double formula(const tp_op *op, const numbers *n, int i)
{
    const double *plain = op->row->number;
    if (op->arity == 1) return op->row->value(n->x[0][i], plain[0], plain[1], plain[2]);
    return op->row->value(n->x[0][i], n->x[1][i], n->x[2][i], 0);
}

/* Beside the number itself: terms of some size may cancel in these, and the exponent of gelu_tanh grows as x^3. */
static double allowed_in(const tp_op *op, double want, double tolerance)
{
    static const char *const cancelling[] = {"fma", "lerp", "logaddexp"};
    for (int i = 0; i < COUNT(cancelling); i++)
        if (strcmp(op->name, cancelling[i]) == 0) return tolerance * (1 + fabs(want));
    return (strcmp(op->name, "gelu_tanh") == 0 ? 100 : 1) * tolerance * fabs(want);
}

static void check_values(const tp_op *op, int level, tp_dtype dtype, const numbers *n, double tolerance)
{
    tp_tape *tape = tape_at(level);
    tp_var x[TP_ROW_OPERANDS];
    for (int k = 0; k < op->arity; k++) x[k] = vector(tape, dtype, MANY, n->x[k], false);
    const tp_var y = row_call(op->name, x, op->row->number);
    for (int i = 0; i < MANY; i++) {
        const double want = formula(op, n, i), got = number_at(y, i);
        const bool good = isnan(want) ? isnan(got) : got == want || fabs(got - want) <= allowed_in(op, want, tolerance);
        ck_assert_msg(good, "%s(%.17g, %.17g, %.17g), %s, level %s: %.17g, not %.17g", op->name, n->x[0][i], n->x[1][i],
                      n->x[2][i], tp_dtype_name(dtype), levels[level] ? levels[level] : "default", got, want);
    }
    tp_tape_free(tape);
}

/* The slopes of the scalar path, one element at a time. */
static void check_slopes(const tp_op *op, int level, tp_dtype dtype, const numbers *n, double tolerance)
{
    tp_tape *tape = tape_at(level);
    tp_var inputs[TP_ROW_OPERANDS], scalars[TP_ROW_OPERANDS], grads[TP_ROW_OPERANDS], single[TP_ROW_OPERANDS];
    for (int k = 0; k < op->arity; k++) inputs[k] = vector(tape, dtype, MANY, n->x[k], false);
    const tp_var y = row_call(op->name, inputs, op->row->number);
    ck_assert_int_eq(tp_vjp(y, vector(tape, dtype, MANY, n->g, true), inputs, op->arity, grads, 0), TP_OK);
    for (int i = 0; i < MANY; i++) {
        const tp_mark mark = tp_tape_mark(tape);
        for (int k = 0; k < op->arity; k++) scalars[k] = tp_scalar(tape, n->x[k][i]);
        const tp_var z = row_call(op->name, scalars, op->row->number);
        ck_assert_int_eq(tp_vjp(z, tp_const(tape, n->g[i]), scalars, op->arity, single, 0), TP_OK);
        for (int k = 0; k < op->arity; k++) {
            const double want = tp_item(single[k]), got = number_at(grads[k], i);
            ck_assert_msg(fabs(got - want) <= tolerance * (1 + fabs(want)),
                          "slope %d of %s(%.17g, %.17g, %.17g), %s, level %s: %.17g, not %.17g", k, op->name,
                          n->x[0][i], n->x[1][i], n->x[2][i], tp_dtype_name(dtype),
                          levels[level] ? levels[level] : "default", got, want);
        }
        ck_assert_int_eq(tp_tape_rewind(tape, mark), TP_OK);
    }
    tp_tape_free(tape);
}

/* 1e-14 is some 45 ulp, 2e-6 some 17 of f32: a vector function is within 4, and a formula around it adds a few. */
START_TEST(row_loops_agree_with_the_scalar_formula)
{
    const tp_op *op = tp_op_at(_i);
    if (!op->row) return;
    static numbers n;
    draw_row(op->row, (uint64_t)_i, &n);
    for (int level = 0; level < COUNT(levels); level++) {
        check_values(op, level, TP_F64, &n, 1e-14);
        check_values(op, level, TP_F32, &n, 2e-6);
        if (op->flags & TP_NO_GRADIENT) continue;
        check_slopes(op, level, TP_F64, &n, 1e-14);
        check_slopes(op, level, TP_F32, &n, 2e-6);
    }
}
END_TEST

/* Magnitudes from 1e-12 to 30, of both signs; powers of positive numbers. */
START_TEST(row_loops_agree_over_many_magnitudes)
{
    const tp_op *op = tp_op_at(_i);
    if (!op->row) return;
    static numbers n;
    tp_rng rng = tp_rng_seed(77);
    const bool power = strncmp(op->name, "pow", 3) == 0;
    for (int i = 0; i < MANY; i++) {
        const double size = pow(10, between(&rng, power ? -3 : -12, 1.477)), sign = tp_rng_below(&rng, 2) ? 1 : -1;
        n.x[0][i] = power ? size : sign * size;
        for (int k = 1; k < TP_ROW_OPERANDS; k++) n.x[k][i] = between(&rng, -3, 3);
    }
    for (int level = 0; level < COUNT(levels); level++) check_values(op, level, TP_F64, &n, 1e-14);
}
END_TEST

/* ---- products ---- */

typedef struct product {
    int64_t m, k, n;
} product;

static const product products[] = {{1, 1, 1},     {2, 3, 4},     {3, 5, 7},       {8, 8, 8},
                                   {16, 16, 16},  {17, 33, 65},  {64, 64, 64},    {1, 300, 70},
                                   {70, 300, 1},  {200, 1, 100}, {5, 1000, 3},    {130, 70, 257},
                                   {96, 256, 48}, {31, 4, 500},  {150, 150, 150}, {129, 513, 33}};

static tp_tensor *random_matrix(tp_rng *rng, int64_t rows, int64_t columns)
{
    const int64_t dims[] = {rows, columns};
    tp_tensor *tensor = tp_tensor_new(TP_F64, 2, dims);
    double *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < rows * columns; i++) data[i] = (double)(float)between(rng, -1, 1);
    return tensor;
}

/* The same numbers in `dtype`, as a leaf that is laid out by columns where `turned`. */
static tp_var matrix_on(tp_tape *tape, tp_dtype dtype, const tp_tensor *from, bool turned)
{
    const int64_t *d = tp_tensor_dims(from), dims[] = {d[turned ? 1 : 0], d[turned ? 0 : 1]};
    tp_tensor *whole = tp_tensor_new(dtype, 2, dims), *view = turned ? tp_tensor_transpose(whole, 0, 1, NULL) : NULL;
    ck_assert_int_eq(tp_tensor_copy(view ? view : whole, from, NULL), TP_OK);
    const tp_var x = tp_leaf(tape, view ? view : whole);
    tp_tensor_release(whole);
    tp_tensor_release(view);
    return x;
}

/* Every rounding bounded: |error| <= (k + 2) u sum |a b|, plus the rounding of the result. */
static void check_product(tp_var y, const tp_tensor *a, const tp_tensor *b, double unit, const char *what)
{
    const int64_t m = tp_tensor_dim(a, 0), k = tp_tensor_dim(a, 1), n = tp_tensor_dim(b, 1);
    const double *pa = tp_tensor_read(a), *pb = tp_tensor_read(b);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0, size = 0;
            for (int64_t l = 0; l < k; l++) {
                sum += pa[i * k + l] * pb[l * n + j];
                size += fabs(pa[i * k + l] * pb[l * n + j]);
            }
            const double got = number_at(y, i * n + j);
            ck_assert_msg(fabs(got - sum) <= 2 * (double)(k + 2) * unit * size,
                          "%s (%lld,%lld,%lld) at %lld,%lld: %g, not %g", what, (long long)m, (long long)k,
                          (long long)n, (long long)i, (long long)j, got, sum);
        }
}

static void check_products_at(const product *p, int level, tp_dtype dtype)
{
    tp_rng rng = tp_rng_seed(5);
    tp_tensor *a = random_matrix(&rng, p->m, p->k), *b = random_matrix(&rng, p->k, p->n);
    tp_tape *tape = tape_at(level);
    for (int turned = 0; turned < 4; turned++) {
        const tp_var x = matrix_on(tape, dtype, a, turned & 1), w = matrix_on(tape, dtype, b, turned & 2);
        check_product(tp_matmul(x, w), a, b, dtype == TP_F32 ? 0x1p-24 : 0x1p-53, "matmul");
        const tp_var y = tp_linear(x, tp_transpose(w, 0, 1), tp_none());
        check_product(y, a, b, dtype == TP_F32 ? 0x1p-24 : 0x1p-53, "linear");
        tp_tape_reset(tape);
    }
    tp_tape_free(tape);
    tp_tensor_release(a);
    tp_tensor_release(b);
}

START_TEST(products_agree_with_three_loops)
{
    for (int level = 0; level < COUNT(levels); level++) {
        check_products_at(&products[_i], level, TP_F64);
        check_products_at(&products[_i], level, TP_F32);
    }
}
END_TEST

TCase *kernels_case(void)
{
    TCase *kernels = tcase_create("kernels");
    tcase_set_timeout(kernels, 120);
    tcase_add_loop_test(kernels, row_loops_agree_with_the_scalar_formula, 0, tp_op_count());
    tcase_add_loop_test(kernels, row_loops_agree_over_many_magnitudes, 0, tp_op_count());
    tcase_add_loop_test(kernels, products_agree_with_three_loops, 0, COUNT(products));
    return kernels;
}
