/* A run that is stopped anywhere and resumed equals the run that was not, bit for bit. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/test_train.h"

typedef struct stopper {
    int64_t after, seen; /* batches */
} stopper;

static tp_status stop_after(tp_fit_view *view, void *user, tp_error *error)
{
    (void)error;
    stopper *s = user;
    if (view->event == TP_FIT_BATCH && ++s->seen == s->after) view->stop = true;
    return TP_OK;
}

enum { EPOCHS = 3, WAYS = 5 };

/* One run, the first `after` batches of it; 0: all that is left. In other words: other options each time. */
static tp_fit_result run(rig *r, int way, const char *path, int64_t after, tp_history *history)
{
    stopper s = {.after = after};
    const tp_fit_callback callback = {stop_after, &s};
    rig_make(r);
    r->o.epochs = EPOCHS;
    r->o.replay = way == 1;
    r->o.accumulate = way == 2 ? 2 : 1;
    r->o.snapshot = path;
    r->o.resume = path != NULL;
    r->o.history = history;
    r->o.callbacks = &callback;
    r->o.callback_count = 1;
    r->o.clip_norm = way == 3 ? 0.5 : 0;
    if (way == 4) {
        tp_loader_free(r->loader);
        r->loader = tp_loader_new(r->sets[0],
                                  &(tp_loader_options){.batch = 8, .shuffle = true, .seed = 3, .prefetch = 2}, NULL);
        r->o.data = tp_feed_loader(r->loader);
    }
    return rig_fit(r);
}

START_TEST(stopped_after_every_batch_and_resumed_it_is_the_same_run)
{
    rig whole, first, second;
    char path[RIG_PATH];
    const files_folder f = files_open();
    tp_history *wanted = tp_history_new(0, NULL, NULL, NULL), *got = tp_history_new(0, NULL, NULL, NULL);
    run(&whole, _i, NULL, 0, wanted);
    for (int64_t k = 1; k <= EPOCHS * RIG_BATCHES; k++) {
        files_in(&f, path, "run.safetensors");
        remove(path);
        const tp_fit_result a = run(&first, _i, path, k, got);
        ck_assert(a.stopped || k == EPOCHS * RIG_BATCHES || _i == 2);
        rig_free(&first);
        const tp_fit_result b = run(&second, _i, path, 0, got);
        ck_assert_int_eq(b.epochs, EPOCHS);
        expect_same_rigs(&whole, &second);
        ck_assert_int_eq(tp_history_rows(got), EPOCHS);
        for (int i = 0; i < EPOCHS; i++)
            ck_assert_mem_eq(tp_history_row(got, i), tp_history_row(wanted, i),
                             (size_t)tp_history_columns(got) * sizeof(double));
        rig_free(&second);
    }
    rig_free(&whole);
    tp_history_free(wanted), tp_history_free(got);
    files_close(&f);
}
END_TEST

START_TEST(resumed_again_and_again)
{
    rig whole, part;
    char path[RIG_PATH];
    const files_folder f = files_open();
    files_in(&f, path, "run.safetensors");
    run(&whole, 0, NULL, 0, NULL);
    for (int k = 0; k < EPOCHS * RIG_BATCHES; k++) {
        const tp_fit_result result = run(&part, 0, path, 1, NULL);
        if (k + 1 < EPOCHS * RIG_BATCHES)
            rig_free(&part);
        else
            ck_assert(result.stopped);
    }
    rig_free(&part);
    const tp_fit_result result = run(&part, 0, path, 1, NULL); /* the last validation */
    ck_assert_int_eq(result.steps, EPOCHS * RIG_BATCHES);
    expect_same_rigs(&whole, &part);
    rig_free(&whole), rig_free(&part);
    files_close(&f);
}
END_TEST

/* Trains with a snapshot after every step; a new process each time. */
static void train_in_child(const char *path)
{
    rig r;
    rig_make(&r);
    r.o.epochs = EPOCHS;
    r.o.snapshot = path;
    r.o.snapshot_steps = 1;
    r.o.resume = true;
    const tp_status status = tp_fit(&r.o, NULL, NULL);
    _exit(status == TP_OK ? 0 : 1);
}

/* As often as TAPIR_KILLS says: tests/kills.sh makes it hundreds. A run that comes to its end begins anew. */
START_TEST(killed_at_random_moments_nothing_is_lost)
{
    rig whole, last;
    char path[RIG_PATH];
    const files_folder f = files_open();
    files_in(&f, path, "run.safetensors");
    run(&whole, 0, NULL, 0, NULL);
    const char *often = getenv("TAPIR_KILLS");
    tp_rng rng = tp_rng_seed(11);
    for (int left = often ? atoi(often) : 12; left > 0;) {
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) train_in_child(path);
        nanosleep(&(struct timespec){.tv_nsec = 1000 + 1000 * (long)tp_rng_below(&rng, 30000)}, NULL);
        kill(child, SIGKILL);
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
        if (WIFSIGNALED(status)) left--;
        if (!WIFEXITED(status)) continue;
        run(&last, 0, path, 0, NULL); /* it was through */
        expect_same_rigs(&whole, &last);
        rig_free(&last);
        remove(path);
    }
    run(&last, 0, path, 0, NULL);
    expect_same_rigs(&whole, &last);
    rig_free(&whole), rig_free(&last);
    files_close(&f);
}
END_TEST

TCase *train_resume_case(void)
{
    TCase *tests = tcase_create("resume");
    tcase_add_loop_test(tests, stopped_after_every_batch_and_resumed_it_is_the_same_run, 0, WAYS);
    tcase_add_test(tests, resumed_again_and_again);
    tcase_set_timeout(tests, getenv("TAPIR_KILLS") ? 600 : 60);
    tcase_add_test(tests, killed_at_random_moments_nothing_is_lost);
    return tests;
}
