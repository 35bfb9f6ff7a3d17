/* Every row at the same seven points, by every path: a scalar, f32 and f64 tensors; numeric and recorded slopes. The
   tables of rows with several operands are in test_ops_math_values_more.c. */
#include "tests/test_ops_math_values.h"

static const double points[POINTS] = {-I, -1, -0., 0, 1, I, N};

/* A slope is written where the op has one by that operand. Outside of a function's domain it is what its formula gives:
   1/x for log x at -1. A slope of 0 or 1 by a comparison (relu, clamp) is 0 at NaN, where no comparison holds. */
static const row_values unary_values[] = {
    {"neg", .y = {I, 1, 0, -0., -1, -I, N}, .dx = {-1, -1, -1, -1, -1, -1, -1}},
    {"reciprocal", .y = {-0., -1, -I, I, 1, 0, N}, .dx = {0, -1, -I, -I, -1, 0, N}},
    {"square", .y = {I, 1, 0, 0, 1, I, N}, .dx = {-I, -2, 0, 0, 2, I, N}},
    {"sqrt", .y = {N, N, -0., 0, 1, I, N}, .dx = {N, N, -I, I, 0.5, 0, N}},
    {"rsqrt", .y = {N, N, -I, I, 1, 0, N}, .dx = {N, N, I, -I, -0.5, 0, N}},
    {"cbrt", .y = {-I, -1, -0., 0, 1, I, N}, .dx = {0, 0.3333333333333333, I, I, 0.3333333333333333, 0, N}},
    {"abs", .y = {I, 1, 0, 0, 1, I, N}, .dx = {-1, -1, 0, 0, 1, 1, N}},
    {"exp", .y = {0, 0.36787944117144233, 1, 1, 2.718281828459045, I, N},
     .dx = {0, 0.36787944117144233, 1, 1, 2.718281828459045, I, N}},
    {"exp2", .y = {0, 0.5, 1, 1, 2, I, N},
     .dx = {0, 0.34657359027997264, 0.6931471805599453, 0.6931471805599453, 1.3862943611198906, I, N}},
    {"expm1", .y = {-1, -0.6321205588285577, -0., 0, 1.7182818284590453, I, N},
     .dx = {0, 0.36787944117144233, 1, 1, 2.718281828459045, I, N}},
    {"log", .y = {N, N, -I, -I, 0, I, N}, .dx = {0, -1, -I, I, 1, 0, N}},
    {"log2", .y = {N, N, -I, -I, 0, I, N}, .dx = {0, -1.4426950408889634, -I, I, 1.4426950408889634, 0, N}},
    {"log10", .y = {N, N, -I, -I, 0, I, N}, .dx = {0, -0.4342944819032518, -I, I, 0.4342944819032518, 0, N}},
    {"log1p", .y = {N, -I, -0., 0, 0.6931471805599453, I, N}, .dx = {0, I, 1, 1, 0.5, 0, N}},
    {"sin", .y = {N, -0.8414709848078965, -0., 0, 0.8414709848078965, N, N},
     .dx = {N, 0.5403023058681398, 1, 1, 0.5403023058681398, N, N}},
    {"cos", .y = {N, 0.5403023058681398, 1, 1, 0.5403023058681398, N, N},
     .dx = {N, 0.8414709848078965, 0, 0, -0.8414709848078965, N, N}},
    {"tan", .y = {N, -1.5574077246549023, -0., 0, 1.5574077246549023, N, N},
     .dx = {N, 3.4255188208147596, 1, 1, 3.4255188208147596, N, N}},
    {"asin", .y = {N, -1.5707963267948966, -0., 0, 1.5707963267948966, N, N}, .dx = {N, I, 1, 1, I, N, N}},
    {"acos", .y = {N, 3.141592653589793, 1.5707963267948966, 1.5707963267948966, 0, N, N},
     .dx = {N, -I, -1, -1, -I, N, N}},
    {"atan", .y = {-1.5707963267948966, -0.7853981633974483, -0., 0, 0.7853981633974483, 1.5707963267948966, N},
     .dx = {0, 0.5, 1, 1, 0.5, 0, N}},
    {"sinh", .y = {-I, -1.1752011936438014, -0., 0, 1.1752011936438014, I, N},
     .dx = {I, 1.5430806348152437, 1, 1, 1.5430806348152437, I, N}},
    {"cosh", .y = {I, 1.5430806348152437, 1, 1, 1.5430806348152437, I, N},
     .dx = {-I, -1.1752011936438014, 0, 0, 1.1752011936438014, I, N}},
    {"tanh", .y = {-1, -0.7615941559557649, -0., 0, 0.7615941559557649, 1, N},
     .dx = {0, 0.4199743416140261, 1, 1, 0.4199743416140261, 0, N}},
    {"asinh", .y = {-I, -0.881373587019543, -0., 0, 0.881373587019543, I, N},
     .dx = {0, 0.7071067811865476, 1, 1, 0.7071067811865476, 0, N}},
    {"acosh", .y = {N, N, N, N, 0, I, N}, .dx = {N, N, N, N, I, 0, N}},
    {"atanh", .y = {N, -I, -0., 0, I, N, N}, .dx = {0, I, 1, 1, I, 0, N}},
    {"erf", .y = {-1, -0.8427007929497149, -0., 0, 0.8427007929497149, 1, N},
     .dx = {0, 0.4151074974205947, 1.1283791670955126, 1.1283791670955126, 0.4151074974205947, 0, N}},
    {"erfc", .y = {2, 1.8427007929497148, 1, 1, 0.15729920705028513, 0, N},
     .dx = {0, -0.4151074974205947, -1.1283791670955126, -1.1283791670955126, -0.4151074974205947, 0, N}},
    {"erfinv", .y = {N, -I, -0., 0, I, N, N}, .dx = {N, I, 0.886226925452758, 0.886226925452758, I, N, N}},
    {"lgamma", .y = {I, I, I, I, 0, I, N}, .dx = {N, N, I, -I, -0.5772156649015329, I, N}},
    {"digamma", .y = {N, N, I, -I, -0.5772156649015329, I, N}, .dx = {I, I, I, I, 1.6449340668482264, 0, N}},
    {"sigmoid", .y = {0, 0.2689414213699951, 0.5, 0.5, 0.7310585786300049, 1, N},
     .dx = {0, 0.19661193324148185, 0.25, 0.25, 0.19661193324148185, 0, N}},
    {"logsigmoid",
     .y = {-I, -1.3132616875182228, -0.6931471805599453, -0.6931471805599453, -0.3132616875182228, -0., N},
     .dx = {1, 0.7310585786300049, 0.5, 0.5, 0.2689414213699951, 0, N}},
    {"softplus", .y = {0, 0.3132616875182228, 0.6931471805599453, 0.6931471805599453, 1.3132616875182228, I, N},
     .dx = {0, 0.2689414213699951, 0.5, 0.5, 0.7310585786300049, 1, N}},
    {"softsign", .y = {-1, -0.5, -0., 0, 0.5, 1, N}, .dx = {0, 0.25, 1, 1, 0.25, 0, N}},
    {"relu", .y = {0, 0, 0, 0, 1, I, N}, .dx = {0, 0, 0, 0, 1, 1, N}},
    {"relu6", .y = {0, 0, -0., 0, 1, 6, N}, .dx = {0, 0, 0, 0, 1, 0, 0}},
    {"selu", .y = {-1.7580993408473768, -1.1113307378125628, -0., 0, 1.0507009873554805, I, N},
     .dx = {0, 0.6467686030348141, 1.7580993408473768, 1.7580993408473768, 1.0507009873554805, 1.0507009873554805, N}},
    {"gelu", .y = {-0., -0.15865525393145705, -0., 0, 0.8413447460685429, I, N},
     .dx = {0, -0.0833154705876863, 0.5, 0.5, 1.0833154705876864, 1, N}},
    {"gelu_tanh", .y = {-0., -0.1588080093917233, -0., 0, 0.8411919906082767, I, N},
     .dx = {0, -0.08296408384578255, 0.5, 0.5, 1.0829640838457826, 1, N}},
    {"silu", .y = {-0., -0.2689414213699951, -0., 0, 0.7310585786300049, I, N},
     .dx = {0, 0.07232948812851327, 0.5, 0.5, 0.9276705118714867, 1, N}},
    {"mish", .y = {-0., -0.3034014613741089, -0., 0, 0.8650983882673103, I, N},
     .dx = {0, 0.05921675587739495, 0.6, 0.6, 1.0490362200997922, 1, N}},
    {"hardsigmoid", .y = {0, 0.3333333333333333, 0.5, 0.5, 0.6666666666666666, 1, N},
     .dx = {0, 0.16666666666666666, 0.16666666666666666, 0.16666666666666666, 0.16666666666666666, 0, 0}},
    {"hardswish", .y = {0, -0.3333333333333333, -0., 0, 0.6666666666666666, I, N},
     .dx = {0, 0.16666666666666666, 0.5, 0.5, 0.8333333333333334, 1, N}},
    {"sign", .y = {-1, -1, -0., 0, 1, 1, N}},
    {"step", .y = {0, 0, 0, 0, 1, 1, N}},
    {"floor", .y = {-I, -1, -0., 0, 1, I, N}},
    {"ceil", .y = {-I, -1, -0., 0, 1, I, N}},
    {"round", .y = {-I, -1, -0., 0, 1, I, N}},
    {"trunc", .y = {-I, -1, -0., 0, 1, I, N}},
    {"frac", .y = {N, 0, 0, 0, 0, N, N}, .dx = {1, 1, 1, 1, 1, 1, 1}},
    {"log_or_zero", .y = {N, N, 0, 0, 0, I, N}, .dx = {0, -1, 0, 0, 1, 0, N}},
    {"reciprocal_or_zero", .y = {-0., -1, 0, 0, 1, 0, N}, .dx = {0, -1, 0, 0, -1, 0, N}},
};

/* pow(x, 0) is 1, also for NaN; nan_to_num's numbers may be NaN. */
static const row_values number_values[] = {
    {"adds", .b = 2, .y = {-I, 1, 2, 2, 3, I, N}, .dx = {1, 1, 1, 1, 1, 1, 1}},
    {"muls", .b = -2, .y = {I, 2, 0, -0., -2, -I, N}, .dx = {-2, -2, -2, -2, -2, -2, -2}},
    {"muls", .b = 0, .y = {N, -0., -0., 0, 0, N, N}, .dx = {0, 0, 0, 0, 0, 0, 0}},
    {"rsubs", .b = 2, .y = {I, 3, 2, 2, 1, -I, N}, .dx = {-1, -1, -1, -1, -1, -1, -1}},
    {"rdivs", .b = 2, .y = {-0., -2, -I, I, 2, 0, N}, .dx = {0, -2, -I, -I, -2, 0, N}},
    {"pows", .b = 3, .y = {-I, -1, -0., 0, 1, I, N}, .dx = {I, 3, 0, 0, 3, I, N}},
    {"pows", .b = 2, .y = {I, 1, 0, 0, 1, I, N}, .dx = {-I, -2, 0, 0, 2, I, N}},
    {"pows", .b = 1, .y = {-I, -1, -0., 0, 1, I, N}, .dx = {1, 1, 1, 1, 1, 1, 1}},
    {"pows", .b = 0.5, .y = {I, N, 0, 0, 1, I, N}, .dx = {0, N, I, I, 0.5, 0, N}},
    {"pows", .b = 0, .y = {1, 1, 1, 1, 1, 1, 1}, .dx = {0, 0, 0, 0, 0, 0, 0}},
    {"pows", .b = -1, .y = {-0., -1, -I, I, 1, 0, N}, .dx = {0, -1, -I, -I, -1, 0, N}},
    {"pows_or_zero", .b = 2, .y = {I, 1, 0, 0, 1, I, N}, .dx = {-I, -2, 0, 0, 2, I, N}},
    {"pows_or_zero", .b = -1, .y = {-0., -1, 0, 0, 1, 0, N}, .dx = {0, -1, 0, 0, -1, 0, N}},
    {"polygamma", .b = 0, .y = {N, N, I, -I, -0.5772156649015329, I, N}, .dx = {I, I, I, I, 1.6449340668482264, 0, N}},
    {"polygamma", .b = 1, .y = {I, I, I, I, 1.6449340668482264, 0, N}, .dx = {N, N, N, N, -2.4041138063191885, 0, N}},
    {"polygamma", .b = 2, .y = {N, N, N, N, -2.4041138063191885, -0., N}, .dx = {I, I, I, I, 6.493939402266829, 0, N}},
    {"polygamma", .b = 1.5, .y = {N, N, N, N, N, N, N}, .dx = {N, N, N, N, N, N, N}},
    {"leaky_relu", .b = 0.25, .y = {-I, -0.25, -0., 0, 1, I, N}, .dx = {0.25, 0.25, 0.25, 0.25, 1, 1, 0.25}},
    {"elu", .b = 2, .y = {-2, -1.2642411176571153, -0., 0, 1, I, N}, .dx = {0, 0.7357588823428847, 2, 2, 1, 1, N}},
    {"celu", .b = 2, .y = {-2, -0.7869386805747332, -0., 0, 1, I, N}, .dx = {0, 0.6065306597126334, 1, 1, 1, 1, N}},
    {"clamp", .b = -1, .c = 1, .y = {-1, -1, -0., 0, 1, 1, N}, .dx = {0, 1, 1, 1, 1, 0, 0}},
    {"clamp", .b = -I, .c = 0, .y = {-I, -1, -0., 0, 0, 0, N}, .dx = {1, 1, 1, 1, 0, 0, 0}},
    {"hardtanh", .b = -1, .c = 1, .y = {-1, -1, -0., 0, 1, 1, N}, .dx = {0, 0, 1, 1, 0, 0, 0}},
    {"nan_to_num", .b = 7, .c = 8, .d = 9, .y = {9, -1, -0., 0, 1, 8, 7}, .dx = {0, 1, 1, 1, 1, 0, 0}},
    {"nan_to_num", .b = N, .c = I, .d = -I, .y = {-I, -1, -0., 0, 1, I, N}, .dx = {0, 1, 1, 1, 1, 0, 0}},
    {"inside", .b = -1, .c = 0, .y = {0, 1, 1, 1, 0, 0, 0}},
    {"between", .b = -1, .c = 1, .y = {0, 0, 1, 1, 0, 0, 0}},
};

/* ---- the check ---- */

enum { TURNS = 3 }; /* a tensor holds the points so often: more than a vector, and not a multiple */

static tp_var every_point(tp_tape *tape, tp_dtype dtype, double number, bool same)
{
    double numbers[TURNS * POINTS];
    for (int i = 0; i < TURNS * POINTS; i++) numbers[i] = same ? number : points[i % POINTS];
    return vector(tape, dtype, TURNS * POINTS, numbers, false);
}

static const tp_op *row_named(const char *name)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (strcmp(tp_op_at(i)->name, name) == 0) return tp_op_at(i);
    ck_abort_msg("no op is called %s", name);
    return NULL;
}

/* Zeros are told apart where `signs` says so. */
static bool is_number(double got, double want, double tolerance, bool signs)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (want == 0 && got == 0) return !signs || signbit(want) == signbit(got);
    return got == want || fabs(got - want) <= tolerance * fabs(want);
}

/* got[i] is the number of the point `first` + i. At NaN a recorded slope may be NaN where the numeric one is a
   constant: its factor is a mask of a number that is none. */
static void expect_points(const row_values *v, const char *what, const char *how, tp_var got, int first,
                          const double *want, double tolerance, bool recorded)
{
    const bool value = *what == 'y';
    for (int64_t i = 0; i < numbers_in(got); i++) {
        const int at = (first + (int)i) % POINTS;
        if (recorded && isnan(points[at]) && isnan(number_at(got, i))) continue;
        ck_assert_msg(is_number(number_at(got, i), want[at], tolerance, value),
                      "%s at %g, %g, %g, %s: %s is %.17g, not %.17g", v->op, points[at], v->b, v->c, how, what,
                      number_at(got, i), want[at]);
    }
}

/* x holds all points, or the one that is `first`. */
static void check_path(const row_values *v, const char *how, const tp_var *x, int first, double tolerance)
{
    const tp_op *op = row_named(v->op);
    const double *const slopes[] = {v->dx, v->db, v->dc}, numbers[] = {v->b, v->c, v->d};
    static const char *const names[] = {"dx", "db", "dc"};
    const tp_var y = row_call(v->op, x, numbers);
    expect_points(v, "y", how, y, first, v->y, tolerance, false);
    if (op->flags & TP_NO_GRADIENT) {
        ck_assert_msg(!tp_needs_grad(y), "%s needs a gradient", v->op);
        return;
    }
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g[TP_ROW_OPERANDS];
        ck_assert_int_eq(tp_gradients(tp_sum(y), x, op->arity, g, flags), TP_OK);
        for (int k = 0; k < op->arity; k++)
            expect_points(v, names[k], how, g[k], first, slopes[k], tolerance, flags == TP_CREATE_GRAPH);
    }
}

static void check_values(const row_values *v)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < POINTS; i++)
        check_path(v, "scalar", (tp_var[]){tp_scalar(tape, points[i]), tp_scalar(tape, v->b), tp_scalar(tape, v->c)}, i,
                   2e-15);
    for (int f32 = 0; f32 < 2; f32++) {
        const tp_dtype dtype = f32 ? TP_F32 : TP_F64;
        const tp_var x[] = {every_point(tape, dtype, 0, false), every_point(tape, dtype, v->b, true),
                            every_point(tape, dtype, v->c, true)};
        check_path(v, f32 ? "f32" : "f64", x, 0, f32 ? 1e-6 : 2e-15);
    }
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
}

static const value_list *const all_values[] = {&(const value_list){unary_values, COUNT(unary_values)},
                                               &(const value_list){number_values, COUNT(number_values)}, &binary_values,
                                               &ternary_values, &compare_values};

START_TEST(row_has_exact_values_and_slopes)
{
    for (int i = 0; i < all_values[_i]->n; i++) check_values(&all_values[_i]->items[i]);
}
END_TEST

START_TEST(every_row_has_written_values)
{
    for (int i = 0; i < tp_op_count(); i++) {
        bool found = !tp_op_at(i)->row;
        for (int k = 0; k < COUNT(all_values); k++)
            for (int m = 0; m < all_values[k]->n; m++)
                found = found || strcmp(all_values[k]->items[m].op, tp_op_at(i)->name) == 0;
        ck_assert_msg(found, "the row %s has no values: see tests/test_ops_math_values.c", tp_op_at(i)->name);
    }
}
END_TEST

TCase *math_values_case(void)
{
    TCase *values = tcase_create("math_values");
    tcase_add_loop_test(values, row_has_exact_values_and_slopes, 0, COUNT(all_values));
    tcase_add_test(values, every_row_has_written_values);
    return values;
}
