/* Modules to files and back: PyTorch's weights give PyTorch's outputs, and what Tapir writes is what PyTorch had. */
#include <tapir/nn.h>

#include "tests/test_files.h"

static tp_module *network(tp_dtype dtype, const tp_allocator *memory)
{
    const tp_layer_options o = {.dtype = dtype, .memory = memory};
    const tp_conv_options same = {.padding = {1, 1}};
    tp_error error = {0};
    tp_module *net = tp_sequential(&o, &error);
    tp_sequential_add(net, tp_conv_layer(1, 3, TP_DIMS(3, 3), &same, &o, &error), &error);
    tp_sequential_add(net, tp_batch_norm_layer(3, NULL, &o, &error), &error);
    tp_sequential_add(net, tp_activation_layer(tp_relu, &o, &error), &error);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, &o, &error), &error);
    tp_sequential_add(net, tp_flatten_layer(1, -1, &o, &error), &error);
    tp_sequential_add(net, tp_linear_layer(27, 4, &o, &error), &error);
    ck_assert_msg(error.status == TP_OK, "%s", error.message);
    return net;
}

static const struct {
    const char *state, *run;
    tp_dtype dtype;
    double tolerance;
} stored[] = {{"torch_f32.safetensors", "torch_f32_run.safetensors", TP_F32, 1e-6},
              {"torch_f64.safetensors", "torch_f64_run.safetensors", TP_F64, 1e-14}};

START_TEST(weights_of_pytorch_give_its_outputs)
{
    char path[FILES_PATH];
    tp_error error = {0};
    tp_module *net = network(stored[_i].dtype, NULL);
    ck_assert_msg(tp_module_load(net, files_stored(path, stored[_i].state), true, &error) == TP_OK, "%s",
                  error.message);
    tp_module_set_training(net, false);
    tp_safetensors *run = tp_safetensors_open(files_stored(path, stored[_i].run), &error);
    tp_tensor *x = tp_safetensors_tensor(run, "x", &error), *y = tp_safetensors_tensor(run, "y", &error);
    ck_assert_msg(x && y, "%s", error.message);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var out = tp_module_forward(net, tp_data(tape, x));
    EXPECT_OK(tape);
    expect_same(tp_value(out), y, stored[_i].tolerance);
    tp_tape_free(tape);
    tp_tensor_release(x);
    tp_tensor_release(y);
    tp_safetensors_close(run);
    tp_module_free(net);
}
END_TEST

START_TEST(what_is_saved_is_what_pytorch_had)
{
    const files_folder folder = files_open();
    char from[FILES_PATH], to[FILES_PATH + 64];
    tp_error error = {0};
    tp_module *net = network(stored[_i].dtype, NULL);
    ck_assert_int_eq(tp_module_load(net, files_stored(from, stored[_i].state), true, NULL), TP_OK);
    ck_assert_msg(tp_module_save(net, files_in(&folder, to, "net"), &error) == TP_OK, "%s", error.message);
    size_t n;
    unsigned char *bytes = files_bytes(from, &n);
    files_expect(to, bytes, n);
    free(bytes);
    tp_module_free(net);
    files_close(&folder);
}
END_TEST

/* f32 weights in an f64 network are the same numbers. */
START_TEST(other_floats_are_converted)
{
    char path[FILES_PATH];
    tp_module *narrow = network(TP_F32, NULL), *wide = network(TP_F64, NULL);
    files_stored(path, stored[0].state);
    ck_assert_int_eq(tp_module_load(narrow, path, true, NULL), TP_OK);
    ck_assert_int_eq(tp_module_load(wide, path, true, NULL), TP_OK);
    static const char *const names[] = {"0.weight", "1.weight", "5.bias"};
    for (int i = 0; i < 3; i++) {
        const tp_tensor *x = tp_module_parameter(narrow, names[i]), *y = tp_module_parameter(wide, names[i]);
        for (int64_t j = 0; j < tp_tensor_count(x); j++) ck_assert(tp_tensor_item(x, j) == tp_tensor_item(y, j));
    }
    ck_assert(tp_tensor_item(tp_module_buffer(wide, "1.num_batches_tracked"), 0) == 3);
    tp_module_free(narrow);
    tp_module_free(wide);
}
END_TEST

/* ---- what does not fit ---- */

static tp_module *small(void)
{
    tp_error error = {0};
    return tp_mlp(TP_DIMS(3, 2, 1), tp_relu, NULL, &error);
}

/* A file of these tensors, and the module after loading it: as it was, when that failed. */
static tp_status load_into(tp_module *net, const tp_named_tensor *tensors, size_t n, const char *prefix, bool strict,
                           tp_error *error)
{
    size_t bytes, before_n, after_n;
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_module_save(net, files_in(&folder, path, "net"), NULL);
    unsigned char *before = files_bytes(path, &before_n);
    void *packed = tp_safetensors_pack(NULL, &(tp_safetensors_contents){tensors, n, NULL, 0}, &bytes, NULL);
    tp_safetensors *file = tp_safetensors_parse(packed, bytes, NULL);
    *error = (tp_error){0};
    const tp_status status = tp_module_load_from(net, file, prefix, strict, error);
    tp_module_save(net, path, NULL);
    unsigned char *after = files_bytes(path, &after_n);
    if (status != TP_OK) ck_assert(before_n == after_n && memcmp(before, after, after_n) == 0);
    tp_safetensors_close(file);
    tp_free_file(NULL, packed, bytes);
    free(before);
    free(after);
    files_close(&folder);
    return status;
}

START_TEST(what_does_not_fit_is_listed)
{
    tp_module *net = small();
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(2, 3), NULL), *b = tensor_of(TP_F32, TP_DIMS(2), NULL);
    tp_tensor *whole = tensor_of(TP_I64, TP_DIMS(2), NULL);
    tp_error error;
    const tp_named_tensor wrong[] = {{"0.weight", w}, {"0.bias", b}, {"2.weight", w}, {"0.wieght", w}, {"x", b}};
    ck_assert_int_eq(load_into(net, wrong, 5, NULL, true, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_module_load_from: missing in the file: 2.bias; not in the module: 0.wieght, x; "
                                    "other dims: 2.weight is (1,2), in the file (2,3)");
    ck_assert_int_eq(load_into(net, wrong, 3, "", false, &error), TP_E_SHAPE);
    ck_assert_str_eq(error.message, "tp_module_load_from: other dims: 2.weight is (1,2), in the file (2,3)");
    ck_assert_int_eq(load_into(net, wrong, 2, NULL, false, &error), TP_OK);
    EXPECT_TENSOR(tp_module_parameter(net, "0.bias"), 0, 0, 0);
    ck_assert_int_eq(load_into(net, &(tp_named_tensor){"0.bias", whole}, 1, NULL, false, &error), TP_OK);
    const tp_named_tensor prefixed[] = {{"m.0.weight", w}, {"m.0.bias", b}, {"other", w}};
    ck_assert_int_eq(load_into(net, prefixed, 3, "m.", true, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_module_load_from: missing in the file: 2.weight, 2.bias");
    tp_module_add_buffer(net, "count", tensor_of(TP_I64, TP_DIMS(2), NULL), NULL);
    ck_assert_int_eq(load_into(net, &(tp_named_tensor){"count", b}, 1, NULL, false, &error), TP_E_DTYPE);
    ck_assert_str_eq(error.message, "tp_module_load_from: count is i64, in the file f32");
    tp_tensor_release(w);
    tp_tensor_release(b);
    tp_tensor_release(whole);
    tp_module_free(net);
}
END_TEST

START_TEST(long_lists_are_cut_off)
{
    tp_module *net = small();
    tp_tensor *x = F32(TP_DIMS(1), 1);
    char names[100][24];
    tp_named_tensor tensors[100];
    for (int i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "tensor_%d", i);
        tensors[i] = (tp_named_tensor){names[i], x};
    }
    tp_error error;
    ck_assert_int_eq(load_into(net, tensors, 100, NULL, true, &error), TP_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "not in the module: tensor_0, tensor_1, "), "%s", error.message);
    ck_assert_msg(strcmp(error.message + strlen(error.message) - 5, ", ...") == 0, "%s", error.message);
    tp_tensor_release(x);
    tp_module_free(net);
}
END_TEST

START_TEST(state_reports_wrong_arguments)
{
    tp_module *net = small();
    tp_error error = {0};
    ck_assert_int_eq(tp_module_save(NULL, "x", &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_save(net, NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_save(net, "nowhere/at/all", &error), TP_E_IO);
    ck_assert_int_eq(tp_module_load(NULL, "x", true, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_load(net, NULL, true, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_load_from(net, NULL, NULL, true, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_load(net, "nowhere", true, &error), TP_E_IO);
    FILES_REFUSED(error, TP_E_IO, "tp_module_load: tp_safetensors_open_into: cannot open");
    ck_assert_int_eq(tp_module_load(net, "tests/files/torch_f32.safetensors", true, &error), TP_E_ARGUMENT);
    FILES_REFUSED(error, TP_E_ARGUMENT, ": tests/files/torch_f32.safetensors");
    tp_module_free(net);
}
END_TEST

START_TEST(state_reports_every_failed_allocation)
{
    const files_folder folder = files_open();
    char path[FILES_PATH], to[FILES_PATH + 64];
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_module *net = network(TP_F32, &memory);
    files_stored(path, stored[0].state);
    files_in(&folder, to, "net");
    const size_t held = c.blocks;
    for (int saving = 0; saving < 2; saving++) {
        tp_status status = TP_E_MEMORY;
        for (size_t at = 1; status != TP_OK; at++) {
            tp_error error = {0};
            c.calls = 0, c.fail_at = at;
            status = saving ? tp_module_save(net, to, &error) : tp_module_load(net, path, true, &error);
            ck_assert_msg(status == TP_OK || status == TP_E_MEMORY, "%s", error.message);
            ck_assert_uint_eq(c.blocks, held);
            ck_assert_uint_lt(at, 200);
            if (!saving && status != TP_OK) /* untouched */
                ck_assert(tp_tensor_item(tp_module_buffer(net, "1.num_batches_tracked"), 0) == 0);
        }
    }
    tp_module_free(net);
    files_close(&folder);
}
END_TEST

TCase *files_state_case(void)
{
    TCase *tcase = tcase_create("state");
    tcase_add_loop_test(tcase, weights_of_pytorch_give_its_outputs, 0, 2);
    tcase_add_loop_test(tcase, what_is_saved_is_what_pytorch_had, 0, 2);
    tcase_add_test(tcase, other_floats_are_converted);
    tcase_add_test(tcase, what_does_not_fit_is_listed);
    tcase_add_test(tcase, long_lists_are_cut_off);
    tcase_add_test(tcase, state_reports_wrong_arguments);
    tcase_add_test(tcase, state_reports_every_failed_allocation);
    return tcase;
}
