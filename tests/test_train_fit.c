/* The training loop: against a loop by hand, replay, accumulation, clipping, metrics, best epochs, what it prints,
   wrong calls, no memory. */
#include <stdio.h>

#include "tests/test_train.h"

START_TEST(fit_is_the_loop_that_one_would_write)
{
    rig a, b;
    rig_make(&a), rig_make(&b);
    const tp_fit_result result = rig_fit(&a);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 9});
    tp_batch batch;
    double sum = 0;
    for (int epoch = 0; epoch < 2; epoch++) {
        sum = 0;
        while (tp_loader_next(b.loader, &batch)) {
            tp_tape_reset(tape);
            const tp_var output = tp_module_forward(b.net, tp_data(tape, batch.field[0]));
            const tp_var loss = tp_cross_entropy(output, tp_data(tape, batch.field[1]), TP_MEAN);
            ck_assert_int_eq(tp_backward(loss), TP_OK);
            tp_optim_step(b.adam);
            tp_optim_clear_grads(b.adam);
            tp_schedule_step(b.cosine);
            sum += tp_item(loss) * (double)batch.items;
        }
    }
    expect_same_rigs(&a, &b);
    ck_assert_double_eq(result.loss, sum / 22);
    ck_assert_int_eq(result.epochs, 2);
    ck_assert_int_eq(result.steps, 2 * RIG_BATCHES);
    ck_assert(!result.stopped && !result.out_of_patience && isfinite(result.val_loss));
    ck_assert(tp_module_is_training(a.net));
    tp_tape_free(tape);
    rig_free(&a), rig_free(&b);
}
END_TEST

START_TEST(fit_replays_to_the_same_bits)
{
    rig a, b;
    rig_make(&a), rig_make(&b);
    a.o.epochs = b.o.epochs = 4;
    a.o.accumulate = b.o.accumulate = 1 + _i;
    b.o.replay = true;
    rig_fit(&a), rig_fit(&b);
    expect_same_rigs(&a, &b);
    rig_free(&a), rig_free(&b);
}
END_TEST

/* w of y = w x with the mean of (w x - y)^2: the gradient is the mean of 2 x (w x - y). */
typedef struct line {
    tp_tensor *w;
} line;

static tp_var line_step(tp_tape *tape, const tp_batch *batch, tp_var *output, void *user)
{
    const line *l = user;
    *output = tp_mul(tp_data(tape, batch->field[0]), tp_param(tape, l->w));
    return tp_mse(*output, tp_data(tape, batch->field[1]), TP_MEAN);
}

/* One epoch over x = 1, 2, 3, 4 and y = 1 in batches of one by SGD with rate 1; how far w went from 0. */
static double line_went(tp_fit_options o, int64_t items)
{
    tp_tensor *x = F64(TP_DIMS(4), 1, 2, 3, 4), *y = F64(TP_DIMS(4), 1, 1, 1, 1);
    tp_tensor *part[2] = {tp_tensor_slice(x, 0, 0, items, 1, NULL), tp_tensor_slice(y, 0, 0, items, 1, NULL)};
    line l = {tp_tensor_new(TP_F64, 0, NULL)};
    tp_dataset *set = tp_dataset_from_tensors(2, part, NULL);
    tp_loader *loader = tp_loader_new(set, NULL, NULL);
    tp_optim *sgd = tp_sgd(&(tp_sgd_options){.rate = 1}, NULL);
    ck_assert_int_eq(tp_optim_add(sgd, l.w, NULL), TP_OK);
    o.step = line_step;
    o.user = &l;
    o.optim = sgd;
    o.data = tp_feed_loader(loader);
    o.epochs = 1;
    tp_error error = {0};
    ck_assert_msg(tp_fit(&o, NULL, &error) == TP_OK, "%s", error.message);
    const double w = tp_tensor_item(l.w, 0);
    tp_optim_free(sgd);
    tp_loader_free(loader);
    tp_dataset_release(set);
    tp_tensor *all[] = {x, y, part[0], part[1], l.w};
    for (int i = 0; i < 5; i++) tp_tensor_release(all[i]);
    return w;
}

START_TEST(gradients_are_accumulated_and_clipped)
{
    EXPECT_NEAR(line_went((tp_fit_options){.accumulate = 4}, 4), 5, 1e-12); /* 2 (1 + 2 + 3 + 4) / 4 */
    EXPECT_NEAR(line_went((tp_fit_options){.accumulate = 8}, 4), 5, 1e-12); /* a group that is smaller: its mean */
    EXPECT_NEAR(line_went((tp_fit_options){.accumulate = 4, .clip_norm = 2}, 4), 2, 1e-5);
    EXPECT_NEAR(line_went((tp_fit_options){.accumulate = 4, .clip_norm = 6}, 4), 5, 1e-12);
    EXPECT_NEAR(line_went((tp_fit_options){.accumulate = 4, .clip_value = 0.5}, 4), 0.5, 1e-12);
    EXPECT_NEAR(line_went((tp_fit_options){0}, 1), 2, 1e-12);
}
END_TEST

START_TEST(evaluation_leaves_the_model_as_it_was)
{
    rig a, b;
    rig_make(&a), rig_make(&b);
    rig_fit(&a), rig_fit(&b);
    double loss = (double)NAN;
    ck_assert_int_eq(tp_evaluate(&a.o, &a.o.validation, &loss, NULL), TP_OK);
    const double accuracy = tp_top_k_value(&a.top);
    ck_assert_double_eq(a.top.seen, 10);
    ck_assert(isfinite(loss) && accuracy >= 0);
    ck_assert(tp_module_is_training(a.net));
    expect_same_rigs(&a, &b);
    rig_free(&a), rig_free(&b);
}
END_TEST

/* ---- history, best epochs ---- */

START_TEST(history_has_losses_and_metrics)
{
    rig r;
    char path[RIG_PATH], text[600];
    const files_folder f = files_open();
    files_in(&f, path, "run.csv");
    rig_make(&r);
    r.o.epochs = 3;
    r.o.validate_every = 2;
    r.o.csv_path = path;
    r.o.history = tp_history_new(0, NULL, NULL, NULL);
    const tp_fit_result result = rig_fit(&r);
    static const char *const names[] = {"epoch", "steps", "rate", "loss", "accuracy", "val_loss", "val_accuracy"};
    ck_assert_int_eq(tp_history_columns(r.o.history), 7);
    for (int k = 0; k < 7; k++) ck_assert_str_eq(tp_history_name(r.o.history, k), names[k]);
    ck_assert_int_eq(tp_history_rows(r.o.history), 3);
    ck_assert(isnan(tp_history_at(r.o.history, 0, 5)) && !isnan(tp_history_at(r.o.history, 1, 5)));
    ck_assert_double_eq(tp_history_at(r.o.history, 2, 5), result.val_loss); /* after the last epoch in any case */
    ck_assert_double_eq(tp_history_at(r.o.history, 1, 1), 2 * RIG_BATCHES);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) lines++;
    ck_assert_int_eq(lines, 4);
    tp_history_free(r.o.history);
    rig_free(&r);
    files_close(&f);
}
END_TEST

/* Losses as they are told, an epoch each. */
typedef struct told {
    const double *losses;
    int64_t epoch, bests;
} told;

static tp_status told_add(void *state, const tp_tensor *output, const tp_tensor *target, tp_error *error)
{
    (void)state, (void)output, (void)target, (void)error;
    return TP_OK;
}

static double told_value(void *state)
{
    const told *t = state;
    return t->losses[t->epoch];
}

static void told_clear(void *state)
{
    (void)state;
}

static tp_status told_next(tp_fit_view *view, void *user, tp_error *error)
{
    (void)error;
    told *t = user;
    if (view->event == TP_FIT_EPOCH) {
        t->epoch++;
        t->bests += view->improved;
    }
    return TP_OK;
}

START_TEST(patience_ends_the_run_and_the_best_weights_come_back)
{
    static const double losses[] = {3, 2, 2.5, 1.95, 1.99, 1.98, 0, 0};
    rig r, best;
    char path[RIG_PATH];
    const files_folder f = files_open();
    told t = {.losses = losses};
    const tp_metric metric = {.name = "told", .add = told_add, .value = told_value, .clear = told_clear, .state = &t};
    const tp_fit_callback callback = {told_next, &t};
    rig_make(&r), rig_make(&best);
    r.o.metrics = &metric;
    r.o.monitor = "told";
    r.o.callbacks = &callback;
    r.o.callback_count = 1;
    r.o.epochs = 8;
    r.o.patience = 4;
    r.o.least = 0.1;
    r.o.best_path = files_in(&f, path, "best.safetensors");
    r.o.restore_best = true;
    const tp_fit_result result = rig_fit(&r);
    ck_assert(result.out_of_patience && !result.stopped);
    ck_assert_int_eq(result.epochs, 6);
    ck_assert_int_eq(result.best_epoch, 2);
    ck_assert_int_eq(t.bests, 2);
    ck_assert_double_eq(result.best, 2);
    best.o.epochs = 2;
    rig_fit(&best);
    tp_tensor *a = tp_module_parameter(r.net, "0.weight"), *b = tp_module_parameter(best.net, "0.weight");
    ck_assert_mem_eq(tp_tensor_read(a), tp_tensor_read(b), (size_t)tp_tensor_count(a) * sizeof(float));
    rig_free(&r), rig_free(&best);
    files_close(&f);
}
END_TEST

/* ---- what it prints ---- */

static void expect_shown(tp_fit_show show, const char *begins, bool live)
{
    rig r;
    char text[4000];
    rig_make(&r);
    r.o.out = tmpfile();
    r.o.show = show;
    rig_fit(&r);
    rewind(r.o.out);
    text[fread(text, 1, sizeof text - 1, r.o.out)] = 0;
    fclose(r.o.out);
    ck_assert_msg(strncmp(text, begins, strlen(begins)) == 0, "it begins with %.80s", text);
    ck_assert((strchr(text, '\r') != NULL) == live);
    ck_assert_ptr_nonnull(strstr(text, "epoch 2/2  loss "));
    ck_assert_ptr_nonnull(strstr(text, "  val_accuracy 0."));
    rig_free(&r);
}

START_TEST(progress_is_shown_in_lines_or_live)
{
    expect_shown(TP_SHOW_AUTO, "epoch 1/2  loss ", false); /* a file is no terminal */
    expect_shown(TP_SHOW_LINES, "epoch 1/2  loss ", false);
    expect_shown(TP_SHOW_LIVE, "\r\033[Kepoch 1/2  batch 1/3  loss ", true);
}
END_TEST

/* ---- wrong calls, no memory ---- */

static void expect_refused(tp_fit_options o, tp_status status, const char *text)
{
    tp_error error = {0};
    tp_fit_result result;
    EXPECT_STATUS(tp_fit(&o, &result, &error), status);
    ck_assert_str_eq(error.message, text);
    ck_assert_int_eq(result.steps, 0);
}

START_TEST(fit_refuses_options_that_make_no_sense)
{
    rig r;
    rig_make(&r);
#define REFUSED(text, ...)                                                                                             \
    do {                                                                                                               \
        tp_fit_options o = r.o;                                                                                        \
        __VA_ARGS__;                                                                                                   \
        expect_refused(o, TP_E_ARGUMENT, text);                                                                        \
    } while (0)
    REFUSED("tp_fit: there is no step, and no module", o.module = NULL);
    REFUSED("tp_fit: there is no step, and no loss", o.loss = NULL);
    REFUSED("tp_fit: there is no optimiser", o.optim = NULL);
    REFUSED("tp_fit: there is no data", o.data = (tp_feed){0});
    REFUSED("tp_fit: epochs is -1", o.epochs = -1);
    REFUSED("tp_fit: clip_norm is nan", o.clip_norm = (double)NAN);
    REFUSED("tp_fit: there is no column f1 to watch", o.monitor = "f1");
    REFUSED("tp_fit: there is no column rate to watch", o.monitor = "rate");
    REFUSED("tp_fit: restore_best wants best_path", o.restore_best = true);
    REFUSED("tp_fit: resume wants the path of a snapshot", o.resume = true);
    REFUSED("tp_fit: 2 metrics, and they are NULL", o.metrics = NULL; o.metric_count = 2);
    REFUSED("tp_fit: the callbacks are NULL", o.callback_count = 1);
    tp_error error = {0};
    ck_assert_int_eq(tp_fit(NULL, NULL, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_fit: the options are NULL");
    ck_assert_int_eq(tp_evaluate(&r.o, NULL, NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_evaluate(&r.o, &(tp_feed){0}, NULL, NULL), TP_E_ARGUMENT);
    ck_assert_ptr_null((void *)tp_feed_loader(NULL).user);
    rig_free(&r);
}
END_TEST

static tp_var bad_step(tp_tape *tape, const tp_batch *batch, tp_var *output, void *user)
{
    (void)output;
    const char *what = user;
    const tp_var x = tp_data(tape, batch->field[0]);
    if (*what == 's') return tp_reshape(x, TP_DIMS(7));
    if (*what == 't') return x;
    return tp_scalar(tape, (double)NAN);
}

START_TEST(errors_of_a_step_say_where)
{
    static const struct {
        const char *what, *begins;
        tp_status status;
    } wrong[] = {{"shape", "tp_fit: epoch 1, batch 1: tp_reshape: ", TP_E_SHAPE},
                 {"tensor", "tp_fit: epoch 1, batch 1: the loss is no scalar", TP_E_ARGUMENT},
                 {"nan", "tp_fit: epoch 1, batch 1: the loss is nan", TP_E_NUMERIC}};
    rig r, fresh;
    rig_make(&r), rig_make(&fresh);
    r.o.metric_count = 0;
    r.o.step = bad_step;
    for (int i = 0; i < 3; i++) {
        char what[8];
        snprintf(what, sizeof what, "%s", wrong[i].what);
        tp_error error = {0};
        r.o.user = what;
        EXPECT_STATUS(tp_fit(&r.o, NULL, &error), wrong[i].status);
        ck_assert_msg(strncmp(error.message, wrong[i].begins, strlen(wrong[i].begins)) == 0, "%s", error.message);
    }
    expect_same_rigs(&r, &fresh);
    rig_free(&r), rig_free(&fresh);
}
END_TEST

START_TEST(fit_without_memory)
{
    for (size_t at = 1;; at += at < 200 ? 1 : 37) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        rig r;
        tp_error error = {0};
        rig_make(&r);
        r.o.memory = &memory;
        r.o.epochs = 1;
        const tp_status status = tp_fit(&r.o, NULL, &error);
        ck_assert_int_eq(status, c.failed ? TP_E_MEMORY : TP_OK);
        ck_assert_uint_eq(c.blocks, 0);
        rig_free(&r);
        if (c.failed == 0) break;
    }
}
END_TEST

typedef struct watch {
    counter *c;
    size_t before; /* calls when the third epoch began */
    int64_t asked; /* since then */
} watch;

static tp_status count_calls(tp_fit_view *view, void *user, tp_error *error)
{
    (void)error;
    watch *w = user;
    if (view->event == TP_FIT_EPOCH && view->epoch == 1) w->before = w->c->calls;
    if (view->epoch >= 2) w->asked = (int64_t)(w->c->calls - w->before);
    return TP_OK;
}

START_TEST(fit_asks_for_no_memory_after_its_first_epochs)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    watch w = {.c = &c};
    const tp_fit_callback callback = {count_calls, &w};
    rig r;
    rig_make(&r);
    r.o.memory = &memory;
    r.o.epochs = 6;
    r.o.replay = _i == 1;
    r.o.callbacks = &callback;
    r.o.callback_count = 1;
    rig_fit(&r);
    ck_assert_uint_gt(w.before, 0);
    ck_assert_int_eq(w.asked, 0);
    rig_free(&r);
}
END_TEST

TCase *train_fit_case(void)
{
    TCase *tests = tcase_create("fit");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fit_is_the_loop_that_one_would_write);
    tcase_add_loop_test(tests, fit_replays_to_the_same_bits, 0, 2);
    tcase_add_test(tests, gradients_are_accumulated_and_clipped);
    tcase_add_test(tests, evaluation_leaves_the_model_as_it_was);
    tcase_add_test(tests, history_has_losses_and_metrics);
    tcase_add_test(tests, patience_ends_the_run_and_the_best_weights_come_back);
    tcase_add_test(tests, progress_is_shown_in_lines_or_live);
    tcase_add_test(tests, fit_refuses_options_that_make_no_sense);
    tcase_add_test(tests, errors_of_a_step_say_where);
    tcase_add_test(tests, fit_without_memory);
    tcase_add_loop_test(tests, fit_asks_for_no_memory_after_its_first_epochs, 0, 2);
    return tests;
}
