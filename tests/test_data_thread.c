/* The loader's thread and its position: bit-identical to no thread, and a seek equals having run there. */
#include <stdio.h>
#include <unistd.h>

#include "tests/test_data.h"

enum { IMAGES = 50, BATCH = 8, EPOCHS = 3, BATCHES = (IMAGES + BATCH - 1) / BATCH };

/* Images with everything random done to them. */
static tp_loader *random_loader(int prefetch, const tp_allocator *memory)
{
    tp_tensor *images = random_tensor(TP_F32, TP_DIMS(IMAGES, 1, 5, 6), 3, 0, 1);
    tp_dataset *set = tp_dataset_from_tensors(2, (tp_tensor *[]){images, images}, NULL);
    tp_transform *parts[] = {tp_transform_crop(2, 0, 0, -1, NULL), tp_transform_flip(0.5, NULL),
                             tp_transform_noise(0.1, NULL)};
    tp_transform *all = tp_transform_compose(3, parts, NULL);
    tp_error error = {.status = TP_OK};
    const tp_loader_options o = {.batch = BATCH,
                                 .shuffle = true,
                                 .seed = 9,
                                 .prefetch = prefetch,
                                 .transform = {all, parts[1]},
                                 .memory = memory};
    tp_loader *loader = set ? tp_loader_new(set, &o, &error) : NULL;
    for (int i = 0; i < 3; i++) tp_transform_release(parts[i]);
    tp_transform_release(all);
    tp_dataset_release(set);
    tp_tensor_release(images);
    return loader;
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++) h = (h ^ at[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_batch(const tp_batch *b)
{
    uint64_t h = hash(0xcbf29ce484222325u, b->index, (size_t)b->items * sizeof *b->index);
    for (int k = 0; k < b->fields; k++)
        h = hash(h, tp_tensor_read(b->field[k]),
                 (size_t)tp_tensor_count(b->field[k]) * tp_dtype_size(tp_tensor_dtype(b->field[k])));
    return h;
}

/* A hash of each batch of each epoch. */
static void run_all(tp_loader *loader, uint64_t hashes[EPOCHS][BATCHES])
{
    tp_batch b;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        int i = 0;
        while (tp_loader_next(loader, &b)) hashes[epoch][i++] = hash_batch(&b);
        ck_assert_msg(tp_loader_status(loader) == TP_OK && i == BATCHES, "%s", tp_loader_error(loader));
    }
}

START_TEST(thread_changes_no_bit)
{
    uint64_t without[EPOCHS][BATCHES], with[EPOCHS][BATCHES];
    tp_loader *loader = random_loader(0, NULL);
    run_all(loader, without);
    tp_loader_free(loader);
    for (int i = 0; i < BATCHES; i++) ck_assert(without[0][i] != without[1][i]);
    static const int depths[] = {1, 2, 3, 16, 100};
    for (size_t d = 0; d < 5; d++) {
        loader = random_loader(depths[d], NULL);
        run_all(loader, with);
        tp_loader_free(loader);
        ck_assert(memcmp(with, without, sizeof with) == 0);
    }
}
END_TEST

START_TEST(seek_equals_having_run_there)
{
    uint64_t hashes[EPOCHS][BATCHES];
    tp_batch b;
    for (int prefetch = 0; prefetch < 4; prefetch += 3) {
        tp_loader *loader = random_loader(prefetch, NULL);
        run_all(loader, hashes);
        for (int n = 0; n < 60; n++) { /* to and fro */
            const int epoch = n * 7 % EPOCHS, batch = n * 5 % (BATCHES + 1);
            ck_assert_int_eq(tp_loader_seek(loader, (tp_data_position){(uint64_t)epoch, batch}, NULL), TP_OK);
            if (batch < BATCHES) {
                ck_assert(tp_loader_next(loader, &b));
                ck_assert_uint_eq(hash_batch(&b), hashes[epoch][batch]);
                const tp_data_position at = tp_loader_position(loader);
                ck_assert(at.epoch == (uint64_t)epoch && at.batch == batch + 1);
            } else {
                ck_assert(!tp_loader_next(loader, &b));
                const tp_data_position at = tp_loader_position(loader);
                ck_assert(at.epoch == (uint64_t)epoch + 1 && at.batch == 0);
                if (epoch + 1 < EPOCHS) ck_assert(tp_loader_next(loader, &b) && hash_batch(&b) == hashes[epoch + 1][0]);
            }
        }
        tp_loader_free(loader);
    }
}
END_TEST

/* A run that is stopped after any batch and taken up by a new loader goes on as it would have. */
START_TEST(resumed_run_continues)
{
    uint64_t hashes[EPOCHS][BATCHES];
    tp_loader *loader = random_loader(2, NULL);
    run_all(loader, hashes);
    tp_loader_free(loader);
    for (int stop = 0; stop <= BATCHES + 2; stop++) {
        tp_batch b;
        loader = random_loader(2, NULL);
        for (int i = 0; i < stop; i++) tp_loader_next(loader, &b);
        const tp_data_position saved = tp_loader_position(loader);
        tp_loader_free(loader);
        loader = random_loader(0, NULL);
        ck_assert_int_eq(tp_loader_seek(loader, saved, NULL), TP_OK);
        for (uint64_t epoch = saved.epoch; epoch < EPOCHS; epoch++)
            for (int64_t i = epoch == saved.epoch ? saved.batch : 0; i <= BATCHES; i++)
                if (i == BATCHES)
                    ck_assert(!tp_loader_next(loader, &b));
                else
                    ck_assert(tp_loader_next(loader, &b) && hash_batch(&b) == hashes[epoch][i]);
        tp_loader_free(loader);
    }
}
END_TEST

/* Freed at any moment, also in the midst of a batch, and never used. */
START_TEST(loader_stops_cleanly)
{
    for (int n = 0; n < 40; n++) {
        tp_loader *loader = random_loader(1 + n % 5, NULL);
        tp_batch b;
        for (int i = 0; i < n % 8; i++) tp_loader_next(loader, &b);
        if (n % 3 == 0) tp_loader_seek(loader, (tp_data_position){.epoch = 5}, NULL);
        tp_loader_free(loader);
    }
}
END_TEST

/* Two loaders with threads on one data set that is mapped: scratch is not shared. */
START_TEST(loaders_share_a_set)
{
    tp_dataset *set = counting_set(NULL, 64, 100);
    tp_transform *scale = tp_transform_scale(TP_F64, 2, NULL);
    tp_dataset *mapped = tp_dataset_map(set, 0, scale, NULL);
    tp_loader *loaders[2];
    for (int k = 0; k < 2; k++)
        loaders[k] = tp_loader_new(
            mapped, &(tp_loader_options){.batch = 4, .shuffle = true, .seed = (uint64_t)k, .prefetch = 4}, NULL);
    tp_batch b;
    for (int n = 0; n < 200; n++) {
        if (!tp_loader_next(loaders[n & 1], &b)) continue;
        for (int64_t i = 0; i < b.items; i++)
            for (int64_t j = 0; j < 100; j += 33)
                ck_assert_double_eq(tp_tensor_item(b.field[0], 100 * i + j), (double)(2 * b.index[i] + j));
    }
    for (int k = 0; k < 2; k++) tp_loader_free(loaders[k]);
    tp_transform_release(scale);
    tp_dataset_release(mapped);
    tp_dataset_release(set);
}
END_TEST

START_TEST(steady_loop_takes_no_memory)
{
    for (int prefetch = 0; prefetch < 4; prefetch += 3) {
        counter c = {0};
        const tp_allocator memory = counted(&c);
        tp_loader *loader = random_loader(prefetch, &memory);
        ck_assert_ptr_nonnull(loader);
        const size_t calls = c.calls;
        tp_batch b;
        for (int i = 0; i < 5 * (BATCHES + 1); i++) tp_loader_next(loader, &b);
        tp_loader_seek(loader, (tp_data_position){9, 2}, NULL);
        ck_assert(tp_loader_next(loader, &b));
        ck_assert_uint_eq(c.calls, calls);
        tp_loader_free(loader);
        ck_assert_uint_eq(c.blocks, 0);
    }
}
END_TEST

START_TEST(loader_reports_every_failed_allocation)
{
    for (int prefetch = 0; prefetch < 2; prefetch++)
        for (size_t at = 1;; at++) {
            counter c = {.fail_at = at};
            const tp_allocator memory = counted(&c);
            tp_loader *loader = random_loader(prefetch, &memory);
            ck_assert_int_eq(loader == NULL, c.failed > 0);
            tp_loader_free(loader);
            ck_assert_uint_eq(c.blocks, 0);
            if (loader) break;
        }
}
END_TEST

/* What was recorded on one batch is replayed on the next: the tensors are the same, and their versions are stamped. */
START_TEST(recording_is_replayed_on_the_next_batch)
{
    tp_loader *loader = random_loader(3, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    tp_batch b;
    ck_assert(tp_loader_next(loader, &b));
    const tp_var y = tp_sum(tp_square(tp_data(tape, b.field[0])));
    for (int i = 1; i < BATCHES - 1; i++) {
        ck_assert(tp_loader_next(loader, &b));
        ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
        double sum = 0;
        for (int64_t k = 0; k < tp_tensor_count(b.field[0]); k++) sum += pow(tp_tensor_item(b.field[0], k), 2);
        EXPECT_NEAR(tp_item(y), sum, 1e-5 * sum);
    }
    tp_tape_free(tape);
    tp_loader_free(loader);
}
END_TEST

TCase *data_thread_case(void)
{
    TCase *tcase = tcase_create("thread");
    tcase_add_test(tcase, thread_changes_no_bit);
    tcase_add_test(tcase, seek_equals_having_run_there);
    tcase_add_test(tcase, resumed_run_continues);
    tcase_add_test(tcase, loader_stops_cleanly);
    tcase_add_test(tcase, loaders_share_a_set);
    tcase_add_test(tcase, recording_is_replayed_on_the_next_batch);
    tcase_add_test(tcase, steady_loop_takes_no_memory);
    tcase_add_test(tcase, loader_reports_every_failed_allocation);
    return tcase;
}
