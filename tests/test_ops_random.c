/* Samples of what draws random numbers. The first operand says which tape and dtype; draws take no operand. */
#include "tests/test_ops.h"

#define AS(x) (x)[0].tape, tp_var_dtype((x)[0]), s->count, s->list

static tp_var build_uniform(const sample *s, const tp_var *x)
{
    return tp_uniform(AS(x), -1, s->number);
}

static tp_var build_normal(const sample *s, const tp_var *x)
{
    return tp_normal(AS(x), 1, s->number);
}

static tp_var build_exponential(const sample *s, const tp_var *x)
{
    return tp_exponential(AS(x), s->number);
}

static tp_var build_gumbel(const sample *s, const tp_var *x)
{
    return tp_gumbel(AS(x), 1, s->number);
}

static tp_var build_randint(const sample *s, const tp_var *x)
{
    return tp_randint(x[0].tape, s->count, s->list, -5, 7);
}

static tp_var build_permutation(const sample *s, const tp_var *x)
{
    return tp_permutation(x[0].tape, s->list[0]);
}

static tp_var build_bernoulli(const sample *s, const tp_var *x)
{
    (void)s;
    return tp_bernoulli(x[0]);
}

static tp_var build_multinomial(const sample *s, const tp_var *x)
{
    return tp_multinomial(x[0], s->list[0], s->keep);
}

#define CHANCES(layout_, ...)                                                                                          \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = layout_, .low = .05, .high = .95                                                 \
    }

static const sample items[] = {
    {"uniform", "(2,3)", build_uniform, ON(T(1)), LIST(2, 3), .number = 2},
    {"uniform", "(130)", build_uniform, ON(T(1)), LIST(130), .number = 2},
    {"uniform", "(0,3)", build_uniform, ON(T(1)), LIST(0, 3), .number = 2},
    {"uniform", "scalar", build_uniform, ON(T(1)), .number = 2},
    {"normal", "(2,3)", build_normal, ON(T(1)), LIST(2, 3), .number = .5},
    {"normal", "(130)", build_normal, ON(T(1)), LIST(130), .number = .5},
    {"normal", "scalar", build_normal, ON(T(1)), .number = .5},
    {"exponential", "(2,3)", build_exponential, ON(T(1)), LIST(2, 3), .number = .5},
    {"exponential", "scalar", build_exponential, ON(T(1)), .number = .5},
    {"gumbel", "(2,3)", build_gumbel, ON(T(1)), LIST(2, 3), .number = .5},
    {"gumbel", "(0)", build_gumbel, ON(T(1)), LIST(0), .number = .5},
    {"randint", "(2,3)", build_randint, ON(T(1)), LIST(2, 3)},
    {"randint", "(130)", build_randint, ON(T(1)), LIST(130)},
    {"randint", "scalar", build_randint, ON(T(1))},
    {"permutation", "(7)", build_permutation, ON(T(1)), LIST(7)},
    {"permutation", "(0)", build_permutation, ON(T(1)), LIST(0)},
    {"bernoulli", "(2,3)", build_bernoulli, ON(CHANCES(DENSE, 2, 3))},
    {"bernoulli", "(70)", build_bernoulli, ON(CHANCES(DENSE, 70))},
    {"bernoulli", "turned", build_bernoulli, ON(CHANCES(VIEW, 2, 3))},
    {"bernoulli", "scalar", build_bernoulli, ON({.layout = SCALAR, .low = .05, .high = .95})},
    {"bernoulli", "(0)", build_bernoulli, ON(CHANCES(DENSE, 0))},
    {"multinomial", "(4)", build_multinomial, ON(CHANCES(DENSE, 4)), LIST(3)},
    {"multinomial", "(4) replaced", build_multinomial, ON(CHANCES(DENSE, 4)), LIST(7), .keep = true},
    {"multinomial", "turned", build_multinomial, ON(CHANCES(VIEW, 2, 3)), LIST(3)},
    {"multinomial", "(2,2,3) replaced", build_multinomial, ON(CHANCES(CUT, 2, 2, 3)), LIST(2), .keep = true},
    {"multinomial", "(0,3)", build_multinomial, ON(CHANCES(DENSE, 0, 3)), LIST(2)},
    {"multinomial", "none of (3)", build_multinomial, ON(CHANCES(DENSE, 3)), LIST(0)},
};

const sample_list random_samples = {items, COUNT(items)};
