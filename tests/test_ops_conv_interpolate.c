/* Interpolation: samples, exact cases, wrong calls. */
#include "tests/test_ops.h"

#include "ops/interpolate.h"

/* list: mode, align_corners, then Y; number: the scale of every axis, where there is no Y. */
static tp_interpolate_options options_of(const sample *s)
{
    tp_interpolate_options o = {.mode = (tp_interpolation)s->list[0], .align_corners = s->list[1] != 0};
    for (int i = 2; i < s->count; i++) o.size[i - 2] = s->list[i];
    for (int i = 0; i < s->x[0].rank - 2 && s->count == 2; i++) o.scale[i] = s->number;
    return o;
}

static tp_var build_interpolate(const sample *s, const tp_var *x)
{
    const tp_interpolate_options o = options_of(s);
    return tp_interpolate(x[0], &o);
}

/* The rule of one axis, which nothing public records by itself, from Y = 5 to X = 3. */
static tp_var build_adjoint(const sample *s, const tp_var *x)
{
    const tp_interpolate_attributes a = {.options = options_of(s), .size = {3}};
    return tp_apply(&tp_op_interpolate_adjoint, x, 1, &a);
}

enum { NEAREST = TP_INTERPOLATE_NEAREST, EXACT, LINEAR, CUBIC };

static const sample items[] = {
    {"interpolate", "nearest, 1-d", build_interpolate, ON(T(2, 2, 3)), LIST(NEAREST, 0, 7)},
    {"interpolate", "nearest, fewer", build_interpolate, ON(T(1, 2, 5)), LIST(NEAREST, 0, 3)},
    {"interpolate", "exact, 2-d", build_interpolate, ON(T(1, 2, 3, 4)), LIST(EXACT, 0, 5, 2)},
    {"interpolate", "linear, 1-d", build_interpolate, ON(T(2, 2, 3)), LIST(LINEAR, 0, 7)},
    {"interpolate", "linear, corners", build_interpolate, ON(T(2, 2, 3)), LIST(LINEAR, 1, 7)},
    {"interpolate", "bilinear", build_interpolate, ON(T(1, 2, 3, 4)), LIST(LINEAR, 0, 5, 3)},
    {"interpolate", "bilinear, corners", build_interpolate, ON(T(1, 2, 3, 2)), LIST(LINEAR, 1, 2, 5)},
    {"interpolate", "trilinear", build_interpolate, ON(T(1, 1, 2, 3, 2)), LIST(LINEAR, 0, 3, 2, 4)},
    {"interpolate", "cubic", build_interpolate, ON(T(1, 1, 4, 3)), LIST(CUBIC, 0, 5, 4)},
    {"interpolate", "cubic, corners", build_interpolate, ON(T(1, 2, 4)), LIST(CUBIC, 1, 6)},
    {"interpolate", "by a scale", build_interpolate, ON(T(1, 2, 3, 3)), LIST(LINEAR, 0), .number = 1.75},
    {"interpolate", "transposed leaf", build_interpolate, ON(TRANSPOSED(2, 2, 3)), LIST(LINEAR, 0, 4)},
    {"interpolate", "cut", build_interpolate, ON(CUT(1, 2, 2, 3)), LIST(LINEAR, 0, 3, 3)},
    {"interpolate", "from size 1 to size 1", build_interpolate, ON(T(1, 2, 1, 3)), LIST(LINEAR, 1, 3, 1)},
    {"interpolate", "empty batch", build_interpolate, ON(T(0, 2, 3)), LIST(LINEAR, 0, 4)},

    {"interpolate_adjoint", "nearest", build_adjoint, ON(T(1, 2, 5)), LIST(NEAREST, 0, 5)},
    {"interpolate_adjoint", "linear", build_adjoint, ON(T(2, 2, 5)), LIST(LINEAR, 0, 5)},
    {"interpolate_adjoint", "cubic, transposed leaf", build_adjoint, ON(TRANSPOSED(2, 2, 5)), LIST(CUBIC, 0, 5)},
    {"interpolate_adjoint", "empty batch", build_adjoint, ON(T(0, 2, 5)), LIST(LINEAR, 0, 5)},
};

const sample_list interpolate_samples = {items, COUNT(items)};

static tp_var line(tp_tape *tape, tp_dtype dtype, int64_t n, const double *numbers)
{
    return tp_reshape(vector(tape, dtype, n, numbers, false), TP_DIMS(1, 1, n));
}

START_TEST(interpolate_exactly)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = line(tape, (tp_dtype)dtype, 3, (double[]){1, 5, 3});
        tp_interpolate_options o = {.size = {6}};
        expect_elements("nearest", tp_interpolate(x, &o), 6, (double[]){1, 1, 5, 5, 3, 3}, 0);
        o = (tp_interpolate_options){.scale = {2. / 3}};
        expect_elements("fewer", tp_interpolate(x, &o), 2, (double[]){1, 5}, 0);
        o = (tp_interpolate_options){.mode = TP_INTERPOLATE_LINEAR, .size = {6}};
        expect_elements("linear", tp_interpolate(x, &o), 6, (double[]){1, 2, 4, 4.5, 3.5, 3}, 1e-7);
        o = (tp_interpolate_options){.mode = TP_INTERPOLATE_LINEAR, .align_corners = true, .size = {5}};
        expect_elements("corners", tp_interpolate(x, &o), 5, (double[]){1, 3, 5, 4, 3}, 0);
        o.size[0] = 1;
        expect_elements("the first corner", tp_interpolate(x, &o), 1, (double[]){1}, 0);
        o = (tp_interpolate_options){.mode = TP_INTERPOLATE_CUBIC, .size = {3}};
        expect_elements("as it is", tp_interpolate(x, &o), 3, (double[]){1, 5, 3}, 0);
    }
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    tp_tape_free(tape);
}
END_TEST

/* Ratios of whole numbers are exact: 49 places of 7 are each seven times the same, whatever 7 / 49 rounds to. */
START_TEST(nearest_does_not_round)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int64_t extent = 1; extent < 60; extent++) {
        double numbers[60];
        for (int64_t i = 0; i < extent; i++) numbers[i] = (double)i;
        const tp_var y =
            tp_interpolate(line(tape, TP_F32, extent, numbers), &(tp_interpolate_options){.size = {7 * extent}});
        for (int64_t p = 0; p < 7 * extent; p++) ck_assert_double_eq(number_at(y, p), (double)(p / 7));
    }
    tp_tape_free(tape);
}
END_TEST

typedef struct wrong {
    int rank;
    int64_t x[6];
    tp_interpolate_options options;
    tp_status status;
    const char *says;
} wrong;

static const wrong wrongs[] = {
    {2, {2, 3}, {.size = {3}}, TP_E_SHAPE, "(2,3)"},
    {6, {1, 1, 1, 1, 1, 1}, {.size = {3}}, TP_E_SHAPE, "rank"},
    {3, {1, 1, 3}, {.mode = TP_INTERPOLATE_LINEAR}, TP_E_ARGUMENT, "axis 0"},
    {4, {1, 1, 3, 3}, {.size = {3}}, TP_E_ARGUMENT, "axis 1"},
    {3, {1, 1, 3}, {.size = {3}, .scale = {1}}, TP_E_ARGUMENT, "give one"},
    {3, {1, 1, 3}, {.size = {-3}}, TP_E_ARGUMENT, "size -3"},
    {3, {1, 1, 3}, {.scale = {-1}}, TP_E_ARGUMENT, "scale -1"},
    {3, {1, 1, 3}, {.scale = {.25}}, TP_E_ARGUMENT, "at least 1"},
    {3, {1, 1, 3}, {.scale = {(double)NAN}}, TP_E_ARGUMENT, "give one"},
    {3, {1, 1, 3}, {.scale = {HUGE_VAL}}, TP_E_LIMIT, "overflows"},
    {3, {1, 1, 3}, {.size = {INT64_MAX}}, TP_E_LIMIT, "overflows"},
    {3, {1, 1, 3}, {.size = {3, 3}}, TP_E_ARGUMENT, "axis 1 of 1"},
    {3, {1, 1, 0}, {.size = {3}}, TP_E_SHAPE, "empty"},
    {3, {1, 1, 3}, {.size = {3}, .align_corners = true}, TP_E_ARGUMENT, "align_corners"},
    {3, {1, 1, 3}, {.size = {3}, .mode = (tp_interpolation)9}, TP_E_ARGUMENT, "mode 9"},
};

START_TEST(interpolate_refuses)
{
    const wrong *c = &wrongs[_i];
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *tensor = tp_tensor_new(TP_F64, c->rank, c->x);
    ck_assert(!tp_ok(tp_interpolate(tp_leaf(tape, tensor), &c->options)));
    ck_assert_msg(tp_tape_status(tape) == c->status && strstr(tp_tape_error(tape), c->says) &&
                      strstr(tp_tape_error(tape), "tp_interpolate"),
                  "%s", tp_tape_error(tape));
    tp_tensor_release(tensor);
    tp_tape_free(tape);
}
END_TEST

START_TEST(interpolate_refuses_bad_handles)
{
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert(!tp_ok(tp_interpolate(tp_none(), NULL)));
    ck_assert(!tp_ok(tp_interpolate(tp_scalar(tape, 1), NULL)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_free(tape);
}
END_TEST

TCase *interpolate_case(void)
{
    TCase *edges = tcase_create("interpolate");
    tcase_add_test(edges, interpolate_exactly);
    tcase_add_test(edges, nearest_does_not_round);
    tcase_add_loop_test(edges, interpolate_refuses, 0, COUNT(wrongs));
    tcase_add_test(edges, interpolate_refuses_bad_handles);
    return edges;
}
