/* Modules: names, paths, children, visits, and what they do without memory or with wrong arguments. */
#include "tests/test_layers.h"

static const tp_module_kind plain_kind = {TP_MODULE_HEAD, .name = "plain"};

static tp_module *plain(void)
{
    tp_module *module = tp_module_new(&plain_kind, NULL, NULL);
    ck_assert_ptr_nonnull(module);
    return module;
}

static tp_tensor *vector(int64_t n)
{
    return tp_tensor_new(TP_F32, TP_DIMS(n));
}

START_TEST(mlp_3_4_4_1_has_41_parameters)
{
    tp_error error = {0};
    tp_module *mlp = tp_mlp(TP_DIMS(3, 4, 4, 1), tp_sigmoid, NULL, &error);
    ck_assert_msg(mlp != NULL, "%s", error.message);
    ck_assert_int_eq(tp_module_element_count(mlp), 41);
    ck_assert_uint_eq(tp_module_parameter_count(mlp), 6);
    tp_module_free(mlp);
}
END_TEST

START_TEST(mlp_names_are_those_of_a_sequential)
{
    static const char *const names[] = {"0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"};
    tp_module *mlp = tp_mlp(TP_DIMS(3, 5, 4, 2), tp_relu, NULL, NULL);
    char path[TP_MODULE_PATH];
    tp_tensor *all[6];
    ck_assert_uint_eq(tp_module_parameters(mlp, all, 6), 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_ptr_eq(tp_module_parameter_at(mlp, i, path, sizeof path), all[i]);
        ck_assert_str_eq(path, names[i]);
        ck_assert_ptr_eq(tp_module_parameter(mlp, names[i]), all[i]);
    }
    ck_assert_ptr_null(tp_module_parameter_at(mlp, 6, path, sizeof path));
    ck_assert_int_eq(tp_tensor_dim(all[0], 0), 5);
    ck_assert_int_eq(tp_tensor_dim(all[0], 1), 3);
    ck_assert_int_eq(tp_tensor_dim(all[1], 0), 5);
    ck_assert_str_eq(tp_module_kind_of(tp_module_child(mlp, "1"))->name, "relu");
    ck_assert_str_eq(tp_module_kind_of(tp_module_child(mlp, "4"))->name, "linear");
    ck_assert_ptr_null(tp_module_child(mlp, "5"));
    tp_module_free(mlp);
}
END_TEST

START_TEST(module_refuses_bad_names)
{
    tp_module *module = plain();
    char long_name[TP_MODULE_NAME + 2];
    memset(long_name, 'a', sizeof long_name);
    long_name[TP_MODULE_NAME + 1] = 0;
    tp_error error = {0};
    ck_assert_int_eq(tp_module_add_parameter(module, "", vector(1), &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_parameter(module, "a.b", vector(1), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_parameter(module, long_name, vector(1), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_parameter(module, NULL, vector(1), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_parameter(NULL, "w", vector(1), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_child(NULL, "w", plain(), NULL), TP_E_ARGUMENT);
    long_name[TP_MODULE_NAME] = 0;
    ck_assert_int_eq(tp_module_add_parameter(module, long_name, vector(1), &error), TP_OK);
    ck_assert_int_eq(tp_module_add_parameter(module, "w", tp_tensor_new(TP_I64, TP_DIMS(2)), &error), TP_E_DTYPE);
    ck_assert_int_eq(tp_module_add_buffer(module, "w", tp_tensor_new(TP_I64, TP_DIMS(2)), &error), TP_OK);
    tp_module_free(module);
}
END_TEST

START_TEST(module_refuses_duplicate_names)
{
    tp_module *module = plain();
    tp_error error = {0};
    ck_assert_int_eq(tp_module_add_parameter(module, "w", vector(1), NULL), TP_OK);
    ck_assert_int_eq(tp_module_add_parameter(module, "w", vector(2), &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "plain: the name \"w\" is taken");
    ck_assert_int_eq(tp_module_add_buffer(module, "w", vector(2), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_child(module, "w", plain(), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_child(module, "c", plain(), NULL), TP_OK);
    ck_assert_int_eq(tp_module_add_buffer(module, "c", vector(2), NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_tensor_dim(tp_module_parameter(module, "w"), 0), 1);
    tp_module_free(module);
}
END_TEST

START_TEST(module_finds_by_path)
{
    tp_module *root = plain(), *middle = plain(), *leaf = plain();
    tp_tensor *weight = vector(3), *mean = vector(2);
    tp_module_add_parameter(leaf, "weight", weight, NULL);
    tp_module_add_buffer(leaf, "mean", mean, NULL);
    tp_module_add_child(root, "block", middle, NULL);
    tp_module_add_child(middle, "0", leaf, NULL);
    ck_assert_ptr_eq(tp_module_parameter(root, "block.0.weight"), weight);
    ck_assert_ptr_eq(tp_module_buffer(root, "block.0.mean"), mean);
    ck_assert_ptr_eq(tp_module_child(root, "block.0"), leaf);
    ck_assert_ptr_eq(tp_module_child(root, "block"), middle);
    ck_assert_ptr_eq(tp_module_parent(leaf), middle);
    ck_assert_str_eq(tp_module_name(leaf), "0");
    static const char *const wrong[] = {
        "",        ".",      "block.",         ".block", "block.0.", "block.0.weight.x", "block..0", "block.0.weigh",
        "block.1", "weight", "block.0.weight "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_ptr_null(tp_module_parameter(root, wrong[i]));
        ck_assert_ptr_null(tp_module_buffer(root, wrong[i]));
        ck_assert_ptr_null(tp_module_child(root, wrong[i]));
    }
    ck_assert_ptr_null(tp_module_parameter(root, "block.0.mean"));
    ck_assert_ptr_null(tp_module_parameter(root, "block"));
    tp_module_free(root);
}
END_TEST

typedef struct visits {
    int count, stop_at;
    char paths[8][64];
} visits;

static tp_status note_path(void *user, const char *path, tp_tensor *tensor)
{
    visits *v = user;
    ck_assert_ptr_nonnull(tensor);
    snprintf(v->paths[v->count++], sizeof v->paths[0], "%s", path);
    return v->count == v->stop_at ? TP_E_IO : TP_OK;
}

START_TEST(visit_goes_depth_first_with_own_parameters_first)
{
    tp_module *root = plain(), *a = plain(), *b = plain();
    tp_module_add_child(root, "a", a, NULL);
    tp_module_add_parameter(a, "w", vector(2), NULL);
    tp_module_add_child(a, "b", b, NULL);
    tp_module_add_buffer(b, "m", vector(5), NULL);
    tp_module_add_parameter(b, "w", vector(3), NULL);
    tp_module_add_child(root, "c", plain(), NULL);
    tp_module_add_parameter(root, "late", vector(1), NULL);
    visits v = {0};
    ck_assert_int_eq(tp_module_visit(root, TP_VISIT_PARAMETERS | TP_VISIT_BUFFERS, note_path, &v), TP_OK);
    ck_assert_int_eq(v.count, 4);
    ck_assert_str_eq(v.paths[0], "late");
    ck_assert_str_eq(v.paths[1], "a.w");
    ck_assert_str_eq(v.paths[2], "a.b.w");
    ck_assert_str_eq(v.paths[3], "a.b.m");
    v = (visits){0};
    ck_assert_int_eq(tp_module_visit(a, TP_VISIT_PARAMETERS, note_path, &v), TP_OK);
    ck_assert_int_eq(v.count, 2);
    ck_assert_str_eq(v.paths[1], "b.w");
    v = (visits){.stop_at = 2};
    ck_assert_int_eq(tp_module_visit(root, TP_VISIT_PARAMETERS, note_path, &v), TP_E_IO);
    ck_assert_int_eq(v.count, 2);
    ck_assert_int_eq(tp_module_element_count(root), 6);
    tp_module_free(root);
}
END_TEST

START_TEST(module_refuses_cycles_and_second_parents)
{
    tp_module *a = plain(), *b = plain(), *c = plain();
    tp_error error = {0};
    ck_assert_int_eq(tp_module_add_child(a, "b", b, NULL), TP_OK);
    ck_assert_int_eq(tp_module_add_child(b, "a", a, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_child(a, "a", a, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_module_add_child(c, "b", b, &error), TP_E_ARGUMENT);
    ck_assert_ptr_eq(tp_module_child(a, "b"), b);
    tp_module_free(b); /* takes itself from its parent */
    ck_assert_ptr_null(tp_module_child(a, "b"));
    ck_assert_ptr_null(tp_module_first_child(a));
    tp_module_free(a);
    tp_module_free(c);
}
END_TEST

START_TEST(module_depth_is_limited)
{
    tp_module *root = plain(), *at = root;
    for (int i = 1; i < TP_MODULE_DEPTH; i++) {
        tp_module *child = plain();
        ck_assert_int_eq(tp_module_add_child(at, "deep", child, NULL), TP_OK);
        at = child;
    }
    tp_error error = {0};
    ck_assert_int_eq(tp_module_add_child(at, "deep", plain(), &error), TP_E_LIMIT);
    ck_assert_int_eq(tp_module_add_parameter(at, "w", vector(1), NULL), TP_OK);
    visits v = {0};
    ck_assert_int_eq(tp_module_visit(root, TP_VISIT_PARAMETERS, note_path, &v), TP_OK);
    tp_module *above = plain();
    ck_assert_int_eq(tp_module_add_child(above, "x", root, &error), TP_E_LIMIT); /* and frees it */
    tp_module_free(above);
}
END_TEST

START_TEST(training_mode_reaches_every_child)
{
    tp_module *mlp = tp_mlp(TP_DIMS(2, 2, 2), tp_relu, NULL, NULL);
    ck_assert(tp_module_is_training(tp_module_child(mlp, "2")));
    tp_module_set_training(mlp, false);
    ck_assert(!tp_module_is_training(mlp));
    ck_assert(!tp_module_is_training(tp_module_child(mlp, "2")));
    tp_module_set_training(tp_module_child(mlp, "2"), true);
    ck_assert(!tp_module_is_training(mlp));
    ck_assert(!tp_module_is_training(tp_module_child(mlp, "1")));
    ck_assert(tp_module_is_training(tp_module_child(mlp, "2")));
    tp_module_free(mlp);
}
END_TEST

/* What is refused while a module is made; the module stays as it is. */
static void refuse_null_parts(tp_module *module)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_module_new(NULL, NULL, &error));
    ck_assert_ptr_null(tp_module_new(&(tp_module_kind){.name = "headless"}, NULL, &error));
    ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    error = (tp_error){0};
    ck_assert_int_eq(tp_module_add_parameter(module, "w", NULL, &error), TP_E_ARGUMENT);
    error.status = TP_E_MEMORY; /* what failed to make the tensor has told why */
    ck_assert_int_eq(tp_module_add_child(module, "w", NULL, &error), TP_E_MEMORY);
}

static void ask_null_modules(tp_module *module)
{
    tp_module_free(NULL);
    ck_assert_ptr_null(tp_module_state(NULL));
    ck_assert_ptr_null(tp_module_state(module));
    ck_assert_str_eq(tp_module_name(NULL), "");
    ck_assert_ptr_null(tp_module_parameter(NULL, "w"));
    ck_assert_ptr_null(tp_module_parameter(module, NULL));
    ck_assert_ptr_null(tp_module_first_child(NULL));
    ck_assert_ptr_null(tp_module_next_child(NULL));
    ck_assert_ptr_null(tp_module_next_child(module));
    ck_assert_int_eq(tp_module_visit(NULL, 1, note_path, NULL), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_module_parameters(NULL, NULL, 3), 0);
    ck_assert_int_eq(tp_module_element_count(NULL), 0);
    tp_module_set_training(NULL, true);
    tp_module_clear_grads(NULL);
}

static void record_null_modules(tp_module *module)
{
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert(!tp_ok(tp_module_forward(NULL, tp_none())));
    ck_assert(!tp_ok(tp_module_use(module, "w", NULL)));
    ck_assert(!tp_ok(tp_module_forward(NULL, tp_scalar(tape, 1))));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_ARGUMENT);
    tp_tape_reset(tape);
    ck_assert(!tp_ok(tp_module_forward(module, tp_scalar(tape, 1))));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_UNSUPPORTED);
    ck_assert_str_eq(tp_tape_error(tape), "plain: this kind has no forward");
    tp_tape_reset(tape);
    ck_assert(!tp_ok(tp_module_use(module, "w", tape)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_ARGUMENT);
    tp_tape_free(tape);
}

static void refuse_bad_layers(tp_module *module)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_linear_layer(0, 3, NULL, &error));
    ck_assert_ptr_null(tp_linear_layer(3, -1, NULL, NULL));
    ck_assert_ptr_null(tp_linear_layer(3, INT64_MAX / 2, NULL, &error));
    ck_assert_int_eq(error.status, TP_E_LIMIT);
    ck_assert_ptr_null(tp_linear_layer(3, 3, &(tp_layer_options){.dtype = TP_I32}, &error));
    ck_assert_int_eq(error.status, TP_E_DTYPE);
    ck_assert_ptr_null(tp_leaky_relu_layer((double)NAN, NULL, &error));
    ck_assert_ptr_null(tp_mlp(1, (int64_t[]){3}, tp_relu, NULL, &error));
    ck_assert_ptr_null(tp_mlp(3, NULL, tp_relu, NULL, &error));
    ck_assert_ptr_null(tp_mlp(TP_DIMS(3, 0, 2), tp_relu, NULL, &error));
    ck_assert_int_eq(tp_sequential_add(NULL, plain(), &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_sequential_add(module, plain(), &error), TP_E_ARGUMENT);
}

START_TEST(null_arguments_are_errors)
{
    tp_module *module = plain();
    refuse_null_parts(module);
    ask_null_modules(module);
    record_null_modules(module);
    refuse_bad_layers(module);
    tp_module_free(module);
}
END_TEST

static tp_module *mlp_from(counter *m, tp_error *error)
{
    const tp_allocator memory = counted(m);
    return tp_mlp(TP_DIMS(3, 4, 2), tp_tanh, &(tp_layer_options){.memory = &memory}, error);
}

START_TEST(mlp_reports_every_failed_allocation)
{
    counter m = {0};
    tp_module_free(mlp_from(&m, NULL));
    ck_assert_uint_eq(m.blocks, 0);
    const size_t calls = m.calls;
    ck_assert_uint_gt(calls, 20);
    for (size_t i = 1; i <= calls; i++) {
        tp_error error = {0};
        m = (counter){.fail_at = i};
        ck_assert_ptr_null(mlp_from(&m, &error));
        ck_assert_int_eq(error.status, TP_E_MEMORY);
        ck_assert_msg(strstr(error.message, "out of memory") != NULL, "%s", error.message);
        ck_assert_uint_eq(m.blocks, 0);
    }
}
END_TEST

/* So many names that the table has to grow, with each allocation failing once. */
START_TEST(module_survives_failures_while_its_table_grows)
{
    enum { NAMES = 1000 };
    counter m = {0};
    const tp_allocator memory = counted(&m);
    tp_module *module = tp_module_new(&plain_kind, &memory, NULL);
    long failures = 0;
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        for (size_t ahead = 1;; ahead++) { /* the first, second, ... call of this adding fails, until none does */
            m.fail_at = m.calls + ahead;
            const size_t live = m.blocks;
            const tp_status status = tp_module_add_parameter(module, name, vector(1), NULL);
            if (status == TP_OK) break;
            ck_assert_int_eq(status, TP_E_MEMORY);
            ck_assert_uint_eq(m.blocks, live);
            ck_assert_ptr_null(tp_module_parameter(module, name));
            failures++;
        }
    }
    ck_assert_int_gt(failures, NAMES);
    ck_assert_uint_eq(tp_module_parameter_count(module), NAMES);
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        ck_assert_ptr_nonnull(tp_module_parameter(module, name));
    }
    tp_module_free(module);
    ck_assert_uint_eq(m.blocks, 0);
}
END_TEST

TCase *nn_modules_case(void)
{
    TCase *tcase = tcase_create("modules");
    tcase_add_test(tcase, mlp_3_4_4_1_has_41_parameters);
    tcase_add_test(tcase, mlp_names_are_those_of_a_sequential);
    tcase_add_test(tcase, module_refuses_bad_names);
    tcase_add_test(tcase, module_refuses_duplicate_names);
    tcase_add_test(tcase, module_finds_by_path);
    tcase_add_test(tcase, visit_goes_depth_first_with_own_parameters_first);
    tcase_add_test(tcase, module_refuses_cycles_and_second_parents);
    tcase_add_test(tcase, module_depth_is_limited);
    tcase_add_test(tcase, training_mode_reaches_every_child);
    tcase_add_test(tcase, null_arguments_are_errors);
    tcase_add_test(tcase, mlp_reports_every_failed_allocation);
    tcase_add_test(tcase, module_survives_failures_while_its_table_grows);
    return tcase;
}
