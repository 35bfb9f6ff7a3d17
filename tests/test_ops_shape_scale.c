/* Many reads of one tensor: what they cost is counted, in nodes and bytes. */
#include "tests/test_ops_shape.h"

enum { FEW = 10000, MANY = 100000 };

typedef struct work {
    uint32_t recorded, walked; /* nodes of the program; of the recorded walk and of the one after it */
    size_t bytes, walk_bytes;  /* of tensors: of the program; the most there were during the walks, beyond that */
} work;

typedef tp_var reading(tp_var x, int64_t i);

static tp_var one_element(tp_var x, int64_t i)
{
    return tp_index(x, 2, (int64_t[]){i / 10 % 10000, i % 10});
}

static tp_var one_row(tp_var x, int64_t i)
{
    return tp_index(tp_slice(x, 0, i % 10000, i % 10000 + 1, 1), 2, (int64_t[]){0, 3});
}

/* n reads of (10000, 10), their squares added up; the gradient, and where it is recorded that of its squares. */
static work count_work(reading *read, int64_t n, bool twice)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(10000, 10);
    tp_var sum = tp_const(tape, 0), g;
    for (int64_t i = 0; i < n; i++) sum = tp_add(sum, tp_square(read(x, i)));
    work w = {.recorded = tp_tape_stats(tape).nodes, .bytes = tp_tape_stats(tape).tensor.now};
    ck_assert_int_eq(tp_gradients(sum, &x, 1, &g, twice ? TP_CREATE_GRAPH : 0), TP_OK);
    ck_assert_double_eq(number_at(g, 13), 2. * 13 * (double)(n / (read == one_element ? 100000 : 10000)) +
                                              (read == one_element && n < 100000 ? 26 : 0));
    if (twice) {
        const tp_var both = tp_sum(tp_mul(g, g));
        ck_assert_int_eq(tp_gradients(both, &x, 1, &g, 0), TP_OK);
    }
    w.walked = tp_tape_stats(tape).nodes - w.recorded;
    w.walk_bytes = tp_tape_stats(tape).tensor.peak - w.bytes;
    tp_tape_free(tape);
    return w;
}

/* Ten times the reads are ten times the work, not a hundred times. A walk in numbers needs one buffer for all. */
static void check_linear(reading *read, bool twice)
{
    const work few = count_work(read, FEW, twice), many = count_work(read, MANY, twice);
    const size_t dense = 100000 * sizeof(double);
    ck_assert_uint_le(many.recorded, 10 * few.recorded);
    ck_assert_uint_le(many.walked, 10 * few.walked + 20);
    if (!twice) ck_assert_uint_le(many.walk_bytes, 2 * dense + (1 << 16));
    ck_assert_uint_le(many.walk_bytes, 10 * few.walk_bytes);
}

START_TEST(many_reads_of_one_tensor_are_linear)
{
    check_linear(_i % 2 ? one_row : one_element, _i / 2);
}
END_TEST

TCase *shape_scale_case(void)
{
    TCase *scale = tcase_create("shape scale");
    tcase_set_timeout(scale, 60);
    tcase_add_loop_test(scale, many_reads_of_one_tensor_are_linear, 0, 4);
    return scale;
}
