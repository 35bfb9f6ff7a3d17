/* Convolution, pooling and interpolation when memory fails, one allocation after another, and in a steady loop. */
#include "tests/helpers.h"
#include "tests/test_ops.h"

/* Large enough for a library to be called; the operands lie outside of the tape. */
static tp_status step(tp_tape *tape, tp_tensor *const tensors[3])
{
    const tp_var x = tp_param(tape, tensors[0]), w = tp_param(tape, tensors[1]), b = tp_param(tape, tensors[2]);
    tp_var y = tp_conv2d(x, w, b, &(tp_conv_options){.padding = {1, 1}});
    y = tp_max_pool2d(y, &(tp_pool_options){.window = {2, 2}}, NULL);
    y = tp_interpolate(y, &(tp_interpolate_options){.mode = TP_INTERPOLATE_LINEAR, .size = {5, 9}});
    y = tp_conv_transpose2d(y, w, tp_none(), &(tp_conv_options){.stride = {2, 2}});
    const tp_status status = tp_backward(tp_sum(tp_square(tp_lp_pool2d(y, 3, &(tp_pool_options){.window = {3, 3}}))));
    for (int i = 0; i < 3; i++) tp_tensor_clear_grad(tensors[i]);
    return status;
}

static void make_tensors(tp_tensor *tensors[3])
{
    tensors[0] = tp_tensor_new(TP_F32, TP_DIMS(4, 8, 12, 12));
    tensors[1] = tp_tensor_new(TP_F32, TP_DIMS(16, 8, 3, 3));
    tensors[2] = tp_tensor_new(TP_F32, TP_DIMS(16));
    for (int i = 0; i < 3; i++) {
        float *at = tp_tensor_data(tensors[i]);
        for (int64_t k = 0; k < tp_tensor_count(tensors[i]); k++) at[k] = (float)(k * 37 % 127 - 63) / 64;
    }
    tp_tape *tape = tp_tape_new(NULL); /* the gradients' own memory is made here */
    ck_assert_int_eq(step(tape, tensors), TP_OK);
    tp_tape_free(tape);
}

START_TEST(conv_survives_every_failing_allocation)
{
    tp_tensor *tensors[3];
    make_tensors(tensors);
    bool done = false;
    for (size_t at = 1; !done; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
        const tp_status status = tape ? step(tape, tensors) : TP_E_MEMORY;
        done = c.failed == 0;
        ck_assert_msg(status == (done ? TP_OK : TP_E_MEMORY), "allocation %zu: %s", at, tp_tape_error(tape));
        tp_tape_free(tape);
        ck_assert_uint_eq(c.blocks, 0);
    }
    for (int i = 0; i < 3; i++) tp_tensor_release(tensors[i]);
}
END_TEST

START_TEST(conv_in_a_steady_loop_allocates_nothing)
{
    tp_tensor *tensors[3];
    make_tensors(tensors);
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    size_t before = 0;
    for (int i = 0; i < 6; i++) {
        if (i == 3) before = c.calls;
        tp_tape_reset(tape);
        ck_assert_int_eq(step(tape, tensors), TP_OK);
    }
    ck_assert_uint_eq(c.calls, before);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.blocks, 0);
    for (int i = 0; i < 3; i++) tp_tensor_release(tensors[i]);
}
END_TEST

TCase *conv_memory_case(void)
{
    TCase *memory = tcase_create("conv_memory");
    tcase_add_test(memory, conv_survives_every_failing_allocation);
    tcase_add_test(memory, conv_in_a_steady_loop_allocates_nothing);
    return memory;
}
