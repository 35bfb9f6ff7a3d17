/* Snapshots: what is in them, what is refused whole, stopping by a flag and by SIGINT, no memory. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>

#include <tapir/io.h>

#include "tests/test_train.h"

/* ---- stopping ---- */

static volatile sig_atomic_t flag;

typedef enum how { FLAG, SIGNAL } how;

static tp_status ask(tp_fit_view *view, void *user, tp_error *error)
{
    (void)error;
    if (view->event != TP_FIT_BATCH || view->batch != 2) return TP_OK;
    if (*(const how *)user == FLAG)
        flag = 1;
    else
        raise(SIGINT);
    return TP_OK;
}

static volatile sig_atomic_t own_handler;

static void handle(int number)
{
    own_handler = number;
}

START_TEST(stopped_by_a_flag_or_sigint_it_leaves_a_snapshot)
{
    const how way = _i == 0 ? FLAG : SIGNAL;
    rig r, whole;
    char path[RIG_PATH];
    const files_folder f = files_open();
    const tp_fit_callback callback = {ask, (void *)&way};
    rig_make(&r), rig_make(&whole);
    signal(SIGINT, handle);
    flag = own_handler = 0;
    r.o.snapshot = files_in(&f, path, "run.safetensors");
    r.o.callbacks = &callback;
    r.o.callback_count = 1;
    r.o.stop = &flag;
    r.o.catch_interrupt = way == SIGNAL;
    tp_fit_result result = rig_fit(&r);
    ck_assert(result.stopped);
    ck_assert_int_eq(result.steps, 2);
    ck_assert_int_eq(result.epochs, 0);
    ck_assert_int_eq(own_handler, 0);
    raise(SIGINT); /* the former action is back */
    ck_assert_int_eq(own_handler, SIGINT);
    r.o.callback_count = 0;
    r.o.resume = true;
    flag = 0;
    result = rig_fit(&r);
    ck_assert(!result.stopped);
    rig_fit(&whole);
    expect_same_rigs(&r, &whole);
    rig_free(&r), rig_free(&whole);
    files_close(&f);
}
END_TEST

/* ---- parts ---- */

typedef struct parts {
    tp_tensor *tensor;
    tp_rng rng;
    double numbers[3];
    int64_t words[2];
    tp_tape *tape;
    tp_snapshot *snapshot;
} parts;

static void parts_make(parts *p, double first, const tp_allocator *memory)
{
    *p = (parts){.tensor = F32(TP_DIMS(2, 2), first, 2, 3, 4),
                 .rng = tp_rng_seed((uint64_t)first),
                 .numbers = {first, (double)NAN, HUGE_VAL},
                 .words = {INT64_MIN, (int64_t)first},
                 .tape = tp_tape_new(&(tp_tape_options){.seed = (uint64_t)first})};
    p->snapshot = tp_snapshot_new(memory, NULL);
}

static tp_status parts_add(parts *p, tp_error *error)
{
    tp_status status = tp_snapshot_add_tensor(p->snapshot, "tensor", p->tensor, error);
    if (status == TP_OK) status = tp_snapshot_add_rng(p->snapshot, "rng", &p->rng, error);
    if (status == TP_OK) status = tp_snapshot_add_numbers(p->snapshot, "numbers", p->numbers, 3, error);
    if (status == TP_OK) status = tp_snapshot_add_words(p->snapshot, "words", p->words, 2, error);
    if (status == TP_OK) status = tp_snapshot_add_tape(p->snapshot, "tape", p->tape, error);
    return status;
}

static void parts_free(parts *p)
{
    tp_tensor_release(p->tensor);
    tp_tape_free(p->tape);
    tp_snapshot_free(p->snapshot);
}

static void expect_same_parts(const parts *a, const parts *b)
{
    ck_assert_mem_eq(tp_tensor_read(a->tensor), tp_tensor_read(b->tensor), 4 * sizeof(float));
    ck_assert_mem_eq(&a->rng, &b->rng, sizeof a->rng);
    ck_assert_mem_eq(a->numbers, b->numbers, sizeof a->numbers);
    ck_assert_mem_eq(a->words, b->words, sizeof a->words);
    const tp_rng x = tp_tape_rng(a->tape), y = tp_tape_rng(b->tape);
    ck_assert(x.seed == y.seed && x.stream == y.stream);
}

START_TEST(parts_come_back)
{
    parts a, b;
    char path[RIG_PATH];
    const files_folder f = files_open();
    files_in(&f, path, "s.safetensors");
    parts_make(&a, 1, NULL), parts_make(&b, 7, NULL);
    ck_assert_int_eq(parts_add(&a, NULL), TP_OK);
    ck_assert_int_eq(parts_add(&b, NULL), TP_OK);
    tp_rng_normal(&a.rng);
    tp_normal(a.tape, TP_F32, TP_DIMS(2), 0, 1); /* takes a stream */
    ck_assert_int_eq(tp_snapshot_save(a.snapshot, path, NULL), TP_OK);
    ck_assert_int_eq(tp_snapshot_load(b.snapshot, path, NULL), TP_OK);
    expect_same_parts(&a, &b);
    tp_tape_reset(a.tape);
    const tp_var x = tp_normal(a.tape, TP_F32, TP_DIMS(2), 0, 1), y = tp_normal(b.tape, TP_F32, TP_DIMS(2), 0, 1);
    expect_same(tp_value(x), tp_value(y), 0);
    parts_free(&a), parts_free(&b);
    files_close(&f);
}
END_TEST

static tp_status refuse(void *user, const void *numbers, int64_t n, tp_error *error)
{
    (void)user, (void)numbers;
    snprintf(error->message, sizeof error->message, "it does not like %d numbers", (int)n);
    return TP_E_ARGUMENT;
}

static int64_t get_two(void *user, void *numbers, int64_t n)
{
    (void)user;
    for (int64_t i = 0; i < n && i < 2; i++) ((double *)numbers)[i] = 1;
    return 2;
}

START_TEST(what_does_not_fit_is_refused_whole)
{
    parts a;
    char path[RIG_PATH];
    const files_folder f = files_open();
    files_in(&f, path, "s.safetensors");
    parts_make(&a, 1, NULL);
    ck_assert_int_eq(parts_add(&a, NULL), TP_OK);
    const tp_snapshot_list two = {.dtype = TP_F64, .get = get_two, .set = refuse};
    ck_assert_int_eq(tp_snapshot_add_list(a.snapshot, "two", &two, NULL), TP_OK);
    ck_assert_int_eq(tp_snapshot_save(a.snapshot, path, NULL), TP_OK);
    static const char *const wanted[] = {
        "it has no more",
        "tensor is (2,2) in the file, not (4)",
        "tensor is F32 in the file, not F64",
        "it also has two, which nothing here is called",
        "two: it does not like 2 numbers",
        "numbers: 3 numbers, not 2",
    };
    for (int i = 0; i < 6; i++) {
        parts b, before;
        parts_make(&b, 7, NULL), parts_make(&before, 7, NULL);
        tp_tensor *other = i == 1 ? tp_tensor_new(TP_F32, TP_DIMS(4)) : tp_tensor_new(TP_F64, TP_DIMS(2, 2));
        if (i == 1 || i == 2) ck_assert_int_eq(tp_snapshot_add_tensor(b.snapshot, "tensor", other, NULL), TP_OK);
        if (i == 5) ck_assert_int_eq(tp_snapshot_add_numbers(b.snapshot, "numbers", b.numbers, 2, NULL), TP_OK);
        parts_add(&b, NULL);
        if (i == 5) { /* parts_add stopped at the name that is taken */
            tp_snapshot_add_words(b.snapshot, "words", b.words, 2, NULL);
            tp_snapshot_add_tape(b.snapshot, "tape", b.tape, NULL);
        }
        if (i == 0) tp_snapshot_add_tensor(b.snapshot, "more", other, NULL);
        if (i != 3) tp_snapshot_add_list(b.snapshot, "two", &two, NULL);
        tp_error error = {0};
        ck_assert_int_ne(tp_snapshot_load(b.snapshot, path, &error), TP_OK);
        ck_assert_msg(strstr(error.message, wanted[i]) != NULL, "%s", error.message);
        expect_same_parts(&b, &before);
        tp_tensor_release(other);
        parts_free(&b), parts_free(&before);
    }
    parts_free(&a);
    files_close(&f);
}
END_TEST

START_TEST(a_snapshot_of_another_network_is_refused)
{
    rig r, fresh;
    char path[RIG_PATH];
    const files_folder f = files_open();
    rig_make(&r), rig_make(&fresh);
    r.o.snapshot = files_in(&f, path, "run.safetensors");
    rig_fit(&r);
    rig_free(&r);
    rig_make(&r);
    r.o.snapshot = path;
    r.o.resume = true;
    tp_optim *sgd = tp_sgd(NULL, NULL);
    tp_optim_add(sgd, tp_module_parameter(r.net, "0.weight"), NULL);
    tp_fit_options o = r.o;
    o.optim = sgd;
    tp_error error = {0};
    EXPECT_STATUS(tp_fit(&o, NULL, &error), TP_E_FORMAT);
    ck_assert_msg(strstr(error.message, "it has no optim.sgd") != NULL, "%s", error.message);
    o = r.o;
    o.metric_count = 0; /* fewer columns */
    EXPECT_STATUS(tp_fit(&o, NULL, &error), TP_E_FORMAT);
    FILE *file = fopen(path, "r+b");
    fseek(file, 100, SEEK_SET);
    fputc(0, file);
    fclose(file);
    EXPECT_STATUS(tp_fit(&r.o, NULL, &error), TP_E_FORMAT);
    expect_same_rigs(&r, &fresh);
    tp_optim_free(sgd);
    rig_free(&r), rig_free(&fresh);
    files_close(&f);
}
END_TEST

START_TEST(snapshots_refuse_wrong_calls)
{
    tp_error error = {0};
    tp_snapshot *s = tp_snapshot_new(NULL, NULL);
    double x[1] = {0};
    char name[TP_SNAPSHOT_NAME + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ck_assert_int_eq(tp_snapshot_add_numbers(s, "x", x, 1, &error), TP_OK);
    ck_assert_int_eq(tp_snapshot_add_numbers(s, "x", x, 1, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_snapshot_add: the name is taken: x");
    ck_assert_int_eq(tp_snapshot_add_numbers(s, name, x, 1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_numbers(s, "", x, 1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_numbers(s, "y", x, -1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_numbers(s, NULL, x, 1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_tensor(s, "t", NULL, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_snapshot_add_tensor: the tensor is NULL");
    ck_assert_int_eq(tp_snapshot_add_module(NULL, "m", NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_optim(s, "o", NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_schedule(s, "c", NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_loader(s, "l", NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_add_list(s, "z", &(tp_snapshot_list){0}, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_save(s, NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_load(NULL, "x", &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_snapshot_load(s, "there is no such file", &error), TP_E_IO);
    tp_snapshot_free(s), tp_snapshot_free(NULL);
}
END_TEST

START_TEST(snapshots_without_memory)
{
    char path[RIG_PATH];
    const files_folder f = files_open();
    files_in(&f, path, "s.safetensors");
    parts a;
    parts_make(&a, 1, NULL);
    ck_assert_int_eq(parts_add(&a, NULL), TP_OK);
    ck_assert_int_eq(tp_snapshot_save(a.snapshot, path, NULL), TP_OK);
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        parts b, before;
        parts_make(&b, 7, &memory), parts_make(&before, 7, NULL);
        tp_status status = b.snapshot ? parts_add(&b, &error) : TP_E_MEMORY;
        if (status == TP_OK) status = tp_snapshot_save(b.snapshot, files_in(&f, path, "b.safetensors"), &error);
        if (status == TP_OK) status = tp_snapshot_load(b.snapshot, files_in(&f, path, "s.safetensors"), &error);
        ck_assert_int_eq(status, c.failed ? TP_E_MEMORY : TP_OK);
        expect_same_parts(&b, c.failed ? &before : &a);
        parts_free(&b), parts_free(&before);
        ck_assert_uint_eq(c.blocks, 0);
        if (c.failed == 0) break;
    }
    parts_free(&a);
    files_close(&f);
}
END_TEST

TCase *train_snapshot_case(void)
{
    TCase *tests = tcase_create("snapshot");
    tcase_add_loop_test(tests, stopped_by_a_flag_or_sigint_it_leaves_a_snapshot, 0, 2);
    tcase_add_test(tests, parts_come_back);
    tcase_add_test(tests, what_does_not_fit_is_refused_whole);
    tcase_add_test(tests, a_snapshot_of_another_network_is_refused);
    tcase_add_test(tests, snapshots_refuse_wrong_calls);
    tcase_add_test(tests, snapshots_without_memory);
    return tests;
}
