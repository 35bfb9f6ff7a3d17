/* Training: the suite, put together from the files test_train_*.c, and the run that these share. */
#include "tests/test_train.h"

/* ---- the run ---- */

enum { ITEMS = 22, TEST_ITEMS = 10, CLASSES = 3, SIDE = 4 };

/* A bright row in the place of the class, and noise. */
static tp_dataset *images(int64_t n, uint64_t seed)
{
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(n, 1, SIDE, SIDE)), *y = tp_tensor_new(TP_U8, TP_DIMS(n));
    tp_rng rng = tp_rng_seed(seed);
    float *pixels = tp_tensor_data(x);
    uint8_t *labels = tp_tensor_data(y);
    for (int64_t i = 0; i < n; i++) {
        labels[i] = (uint8_t)tp_rng_below(&rng, CLASSES);
        for (int k = 0; k < SIDE * SIDE; k++)
            pixels[i * SIDE * SIDE + k] = (float)(tp_rng_normal(&rng) + 2 * (k / SIDE == labels[i]));
    }
    tp_dataset *set = tp_dataset_from_tensors(2, (tp_tensor *[]){x, y}, NULL);
    ck_assert_ptr_nonnull(set);
    tp_tensor_release(x), tp_tensor_release(y);
    return set;
}

static tp_module *network(void)
{
    tp_rng rng = tp_rng_seed(5);
    const tp_layer_options o = {.rng = &rng};
    tp_module *layers[] = {tp_conv_layer(1, 4, TP_DIMS(3, 3), NULL, &o, NULL),
                           tp_batch_norm_layer(4, NULL, &o, NULL),
                           tp_activation_layer(tp_relu, &o, NULL),
                           tp_flatten_layer(1, -1, &o, NULL),
                           tp_dropout_layer(0.25, &o, NULL),
                           tp_linear_layer(16, CLASSES, &o, NULL)};
    tp_module *net = tp_sequential(&o, NULL);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        ck_assert_int_eq(tp_sequential_add(net, layers[i], NULL), TP_OK);
    return net;
}

void rig_make(rig *r)
{
    *r = (rig){.sets = {images(ITEMS, 1), images(TEST_ITEMS, 2)}, .net = network()};
    r->transforms[0] = tp_transform_crop(1, SIDE, SIDE, 0, NULL);
    r->transforms[1] = tp_transform_flip(0.5, NULL);
    tp_transform *both = tp_transform_compose(2, r->transforms, NULL);
    r->loader = tp_loader_new(r->sets[0],
                              &(tp_loader_options){.batch = 8, .shuffle = true, .seed = 3, .transform = {both}}, NULL);
    r->validation = tp_loader_new(r->sets[1], &(tp_loader_options){.batch = 4}, NULL);
    tp_transform_release(both);
    r->adam = tp_adam(&(tp_adam_options){.rate = 0.01}, NULL);
    tp_tensor *parameters[8];
    const size_t n = tp_module_parameters(r->net, parameters, 8);
    ck_assert_int_eq(tp_optim_add_all(r->adam, parameters, n, NULL), TP_OK);
    r->cosine = tp_cosine_schedule(r->adam, &(tp_cosine_schedule_options){.period = 12}, NULL);
    ck_assert(r->loader && r->validation && r->cosine);
    r->metric = tp_metric_top_k("accuracy", &r->top);
    r->o = (tp_fit_options){.module = r->net,
                            .loss = tp_cross_entropy,
                            .optim = r->adam,
                            .schedule = r->cosine,
                            .schedule_by_step = true,
                            .data = tp_feed_loader(r->loader),
                            .validation = tp_feed_loader(r->validation),
                            .epochs = 2,
                            .seed = 9,
                            .metrics = &r->metric,
                            .metric_count = 1};
}

void rig_free(rig *r)
{
    tp_schedule_free(r->cosine);
    tp_optim_free(r->adam);
    tp_module_free(r->net);
    tp_loader_free(r->loader), tp_loader_free(r->validation);
    for (int k = 0; k < 2; k++) {
        tp_dataset_release(r->sets[k]);
        tp_transform_release(r->transforms[k]);
    }
}

tp_fit_result rig_fit(rig *r)
{
    tp_fit_result result;
    tp_error error = {0};
    const tp_status status = tp_fit(&r->o, &result, &error);
    ck_assert_msg(status == TP_OK, "%s: %s", tp_status_name(status), error.message);
    return result;
}

static void expect_same_bits(const tp_tensor *a, const tp_tensor *b)
{
    const size_t bytes = (size_t)tp_tensor_count(a) * tp_dtype_size(tp_tensor_dtype(a));
    ck_assert_int_eq(tp_tensor_count(a), tp_tensor_count(b));
    ck_assert_mem_eq(tp_tensor_read(a), tp_tensor_read(b), bytes);
}

static tp_status compare(void *user, const char *path, tp_tensor *tensor)
{
    const rig *b = user;
    const tp_tensor *other = tp_module_parameter(b->net, path);
    expect_same_bits(tensor, other ? other : tp_module_buffer(b->net, path));
    return TP_OK;
}

void expect_same_rigs(const rig *a, const rig *b)
{
    rig other = *b;
    ck_assert_int_eq(tp_module_visit(a->net, TP_VISIT_PARAMETERS | TP_VISIT_BUFFERS, compare, &other), TP_OK);
    for (size_t i = 0; i < tp_optim_parameter_count(a->adam); i++)
        for (int k = 0; tp_optim_state_name(a->adam, k); k++) {
            const char *name = tp_optim_state_name(a->adam, k);
            const tp_tensor *state = tp_optim_state(a->adam, tp_optim_parameter_at(a->adam, i), name);
            if (state) expect_same_bits(state, tp_optim_state(b->adam, tp_optim_parameter_at(b->adam, i), name));
        }
    double numbers[2][64];
    const size_t n = tp_optim_numbers(a->adam, numbers[0], 64);
    ck_assert_uint_le(n, 64);
    ck_assert_uint_eq(tp_optim_numbers(b->adam, numbers[1], 64), n);
    ck_assert_mem_eq(numbers[0], numbers[1], n * sizeof(double));
}

Suite *train_suite(void)
{
    Suite *suite = suite_create("train");
    suite_add_tcase(suite, train_metrics_case());
    suite_add_tcase(suite, train_history_case());
    suite_add_tcase(suite, train_fit_case());
    suite_add_tcase(suite, train_snapshot_case());
    suite_add_tcase(suite, train_resume_case());
    return suite;
}
