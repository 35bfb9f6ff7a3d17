/* det, llsq, lse and ode at a middling size: its derivative against differences of its primal. */
#include <tapir/random.h>

#include "tests/gradbench.h"
#include "tests/test_gradbench_forms.h"

#ifdef GRADBENCH

static json_t *random_list(tp_rng *rng, int rank, const int *dims, double low, double high)
{
    if (rank == 0) return json_real(low + (high - low) * tp_rng_uniform(rng));
    json_t *list = json_array();
    for (int i = 0; i < dims[0]; i++) json_array_append_new(list, random_list(rng, rank - 1, dims + 1, low, high));
    return list;
}
#define RANDOM(rng, low, high, ...)                                                                                    \
    random_list(rng, (int)(sizeof(int[]){__VA_ARGS__} / sizeof(int)), (const int[]){__VA_ARGS__}, low, high)

/* All numbers of a value, in order, from *at on. */
static void numbers_of(const json_t *value, double *numbers, size_t *at)
{
    const char *key;
    json_t *part;
    size_t i;
    if (json_is_number(value)) numbers[(*at)++] = json_number_value(value);
    json_array_foreach(value, i, part) numbers_of(part, numbers, at);
    json_object_foreach((json_t *)(uintptr_t)value, key, part) numbers_of(part, numbers, at);
}

/* The i-th number in a value, to be changed in place; NULL, with *i less by how many there are, when it has fewer. */
static json_t *number_in(json_t *value, size_t *i)
{
    if (json_is_number(value)) return (*i)-- == 0 ? value : NULL;
    json_t *part, *found = NULL;
    size_t k;
    json_array_foreach(value, k, part) if (!found) found = number_in(part, i);
    return found;
}

typedef struct eval {
    const char *module, *primal;
    child c;
    json_t *input;
    const char *field; /* what moves */
} eval;

enum { MOST = 4096 };

/* The primal's numbers, with number i of the field moved by h. */
static size_t primal_at(eval *e, size_t i, double h, double *numbers)
{
    json_t *number = number_in(json_object_get(e->input, e->field), &i);
    ck_assert_ptr_nonnull(number);
    const double was = json_number_value(number);
    json_real_set(number, was + h);
    json_t *output = evaluate(&e->c, e->module, e->primal, e->input);
    json_real_set(number, was);
    size_t count = 0;
    numbers_of(output, numbers, &count);
    json_decref(output);
    return count;
}

/* d primal_k / d number i, by a central difference of order 4. */
static size_t difference(eval *e, size_t i, double h, double *first)
{
    double at[5][MOST];
    size_t count = 0;
    for (int k = 0; k < 5; k++) count = primal_at(e, i, (k - 2) * h, at[k]);
    for (size_t k = 0; k < count; k++) first[k] = (8 * (at[3][k] - at[1][k]) - (at[4][k] - at[0][k])) / (12 * h);
    return count;
}

static size_t derivative_of(eval *e, const char *function, double *numbers)
{
    json_t *output = evaluate(&e->c, e->module, function, e->input);
    size_t count = 0;
    numbers_of(output, numbers, &count);
    json_decref(output);
    return count;
}

static size_t count_of(const eval *e, const char *field)
{
    static double numbers[MOST];
    size_t count = 0;
    numbers_of(json_object_get(e->input, field), numbers, &count);
    return count;
}

static eval open_eval(const char *module, const char *primal, json_t *input)
{
    ck_assert_ptr_nonnull(input);
    return (eval){.module = module, .primal = primal, .c = start_child(0), .input = input};
}

static void close_eval(eval *e)
{
    json_decref(e->input);
    ck_assert_int_eq(end_child(&e->c), 0);
}

static void expect_close(const eval *e, size_t i, double got, double wanted, double tolerance)
{
    ck_assert_msg(fabs(got - wanted) <= tolerance * (1 + fabs(wanted)), "%s: number %zu of %s: %.12g is not %.12g",
                  e->module, i, e->field, got, wanted);
}

/* The gradient of the primal's result k (-1: the last) by all numbers of the fields, one field after another. */
static void expect_gradient(eval *e, const char *function, int k, const char *const *fields, int n)
{
    static double got[MOST], slope[MOST];
    const size_t count = derivative_of(e, function, got);
    size_t at = 0;
    for (int f = 0; f < n; f++) {
        e->field = fields[f];
        const size_t numbers = count_of(e, e->field);
        for (size_t i = 0; i < numbers; i++) {
            const size_t results = difference(e, i, 1e-3, slope);
            expect_close(e, i, got[at++], slope[k < 0 ? results - 1 : (size_t)k], 1e-7);
        }
    }
    ck_assert_uint_eq(at, count);
}
#define FIELDS(...) (const char *const[]){__VA_ARGS__}, (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(char *))

START_TEST(det)
{
    tp_rng rng = tp_rng_seed(4);
    eval e = open_eval("det", "primal", json_pack("{s:o, s:i}", "A", RANDOM(&rng, 0, 1, 36), "ell", 6));
    expect_gradient(&e, "gradient", 0, FIELDS("A"));
    close_eval(&e);
}
END_TEST

START_TEST(llsq)
{
    tp_rng rng = tp_rng_seed(5);
    eval e = open_eval("llsq", "primal", json_pack("{s:o, s:i}", "x", RANDOM(&rng, 0, 1, 40), "n", 701));
    expect_gradient(&e, "gradient", 0, FIELDS("x"));
    close_eval(&e);
}
END_TEST

START_TEST(lse)
{
    tp_rng rng = tp_rng_seed(6);
    eval e = open_eval("lse", "primal", json_pack("{s:o}", "x", RANDOM(&rng, -3, 3, 150)));
    expect_gradient(&e, "gradient", 0, FIELDS("x"));
    close_eval(&e);
}
END_TEST

START_TEST(ode)
{
    tp_rng rng = tp_rng_seed(7);
    for (int steps = 1; steps < 9; steps += 3) {
        eval e = open_eval("ode", "primal", json_pack("{s:o, s:i}", "x", RANDOM(&rng, .5, 2, 11), "s", steps));
        expect_gradient(&e, "gradient", -1, FIELDS("x"));
        close_eval(&e);
    }
}
END_TEST

TCase *gradbench_slopes_case(void)
{
    TCase *tc = tcase_create("slopes");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, det);
    tcase_add_test(tc, llsq);
    tcase_add_test(tc, lse);
    tcase_add_test(tc, ode);
    return tc;
}
#endif
