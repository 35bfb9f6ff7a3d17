/* The loader: every item once an epoch, orders by seed, positions; the same with a thread, bit for bit. */
#include <stdio.h>
#include <unistd.h>

#include "tests/test_data.h"

static tp_loader *loader_of(tp_dataset *set, tp_loader_options o)
{
    tp_error error = {.status = TP_OK};
    tp_loader *loader = tp_loader_new(set, &o, &error);
    ck_assert_msg(loader != NULL, "%s", error.message);
    return loader;
}

/* One epoch: checks the batches and adds what came to `seen`; returns how many batches there were. */
static int64_t go_through(tp_loader *loader, int64_t count, int64_t batch, bool drop_last, int *seen)
{
    tp_batch b;
    int64_t batches = 0, items = 0, right = 0;
    while (tp_loader_next(loader, &b)) {
        const bool last = ++batches == (count + batch - 1) / batch;
        ck_assert_int_eq(b.items, last && count % batch ? count % batch : batch);
        ck_assert_int_eq(b.fields, 2);
        ck_assert_int_eq(tp_tensor_rank(b.field[0]), 2);
        ck_assert_int_eq(tp_tensor_dim(b.field[0], 0), b.items);
        ck_assert_int_eq(tp_tensor_dim(b.field[0], 1), 3);
        ck_assert_int_eq(tp_tensor_rank(b.field[1]), 1);
        for (int64_t i = 0; i < b.items; i++, items++) {
            const int64_t item = b.index[i];
            if (seen) seen[item]++;
            for (int j = 0; j < 3; j++) right += tp_tensor_item(b.field[0], 3 * i + j) == (double)item + 0.5 * j;
            right += tp_tensor_item(b.field[1], i) == (double)(item % 3);
        }
    }
    ck_assert_msg(tp_loader_status(loader) == TP_OK, "%s", tp_loader_error(loader));
    ck_assert_int_eq(batches, tp_loader_batches(loader));
    ck_assert_int_eq(right, 4 * items);
    ck_assert_int_eq(items, drop_last ? count / batch * batch : count);
    return batches;
}

START_TEST(each_item_once_an_epoch)
{
    static const int64_t counts[] = {1, 2, 7, 32, 33, 100}, batches[] = {1, 2, 7, 32, 200};
    for (size_t c = 0; c < 6; c++)
        for (size_t b = 0; b < 5; b++)
            for (int how = 0; how < 8; how++) {
                const bool shuffle = how & 1, drop = how & 2;
                tp_dataset *set = counting_set(NULL, counts[c], 3);
                tp_loader *loader = loader_of(set, (tp_loader_options){.batch = batches[b],
                                                                       .shuffle = shuffle,
                                                                       .drop_last = drop,
                                                                       .seed = 11,
                                                                       .prefetch = how & 4 ? 3 : 0});
                tp_dataset_release(set);
                for (int epoch = 0; epoch < 3; epoch++) {
                    int seen[100] = {0};
                    ck_assert_uint_eq(tp_loader_position(loader).epoch, (uint64_t)epoch);
                    go_through(loader, counts[c], batches[b], drop, seen);
                    int most = 0, least = 1;
                    for (int64_t i = 0; i < counts[c]; i++) {
                        if (seen[i] > most) most = seen[i];
                        if (seen[i] < least) least = seen[i];
                    }
                    ck_assert(most <= 1 && (drop || least == 1));
                }
                tp_loader_free(loader);
            }
}
END_TEST

/* The order of two epochs, one after the other. */
static void orders(tp_dataset *set, tp_loader_options o, int64_t *to)
{
    tp_loader *loader = loader_of(set, o);
    tp_batch b;
    for (int epoch = 0; epoch < 2; epoch++)
        while (tp_loader_next(loader, &b))
            for (int64_t i = 0; i < b.items; i++) *to++ = b.index[i];
    tp_loader_free(loader);
}

static int places_alike(const int64_t *a, const int64_t *b, int n)
{
    int alike = 0;
    for (int i = 0; i < n; i++) alike += a[i] == b[i];
    return alike;
}

START_TEST(order_is_by_seed_and_epoch)
{
    tp_dataset *set = counting_set(NULL, 100, 1);
    int64_t a[200], b[200], c[200], d[200], plain[200];
    orders(set, (tp_loader_options){.batch = 10, .shuffle = true, .seed = 1}, a);
    orders(set, (tp_loader_options){.batch = 7, .shuffle = true, .seed = 1}, b); /* whatever the batch */
    orders(set, (tp_loader_options){.batch = 10, .shuffle = true, .seed = 2}, c);
    orders(set, (tp_loader_options){.batch = 10, .shuffle = true, .seed = 1, .prefetch = 4}, d);
    orders(set, (tp_loader_options){.batch = 10, .seed = 1}, plain);
    ck_assert_int_eq(places_alike(a, b, 200), 200);
    ck_assert_int_eq(places_alike(a, d, 200), 200);
    ck_assert_int_lt(places_alike(a, c, 200), 20);
    ck_assert_int_lt(places_alike(a, a + 100, 100), 10);
    for (int i = 0; i < 200; i++) ck_assert_int_eq(plain[i], i % 100);
    tp_dataset_release(set);
}
END_TEST

/* Full batches come in the same tensors, whose versions move on; the short one in tensors of its own. */
START_TEST(tensors_stay_the_same)
{
    tp_dataset *set = counting_set(NULL, 10, 3);
    for (int prefetch = 0; prefetch < 3; prefetch++) {
        tp_loader *loader = loader_of(set, (tp_loader_options){.batch = 4, .prefetch = prefetch});
        tp_batch first, b;
        ck_assert(tp_loader_next(loader, &first));
        const uint64_t version = tp_tensor_version(first.field[0]);
        ck_assert(tp_loader_next(loader, &b));
        ck_assert(b.field[0] == first.field[0] && b.field[1] == first.field[1]);
        ck_assert_uint_gt(tp_tensor_version(first.field[0]), version);
        ck_assert(tp_loader_next(loader, &b));
        ck_assert(b.field[0] != first.field[0]);
        ck_assert_int_eq(tp_tensor_dim(b.field[0], 0), 2);
        ck_assert(!tp_loader_next(loader, &b) && b.items == 0 && b.field[0] == NULL);
        ck_assert(tp_loader_next(loader, &b));
        ck_assert(b.field[0] == first.field[0]);
        tp_loader_free(loader);
    }
    tp_dataset_release(set);
}
END_TEST

START_TEST(no_items_no_batches)
{
    tp_dataset *none = counting_set(NULL, 0, 3), *few = counting_set(NULL, 3, 3);
    for (int prefetch = 0; prefetch < 2; prefetch++) {
        tp_loader *a = loader_of(none, (tp_loader_options){.shuffle = true, .prefetch = prefetch});
        tp_loader *b = loader_of(few, (tp_loader_options){.batch = 4, .drop_last = true, .prefetch = prefetch});
        tp_batch batch;
        for (int i = 0; i < 3; i++) {
            ck_assert_uint_eq(tp_loader_position(a).epoch, (uint64_t)i);
            ck_assert(!tp_loader_next(a, &batch) && !tp_loader_next(b, &batch));
        }
        ck_assert_int_eq(tp_loader_status(a), TP_OK);
        ck_assert_int_eq(tp_loader_batches(a) + tp_loader_batches(b), 0);
        ck_assert_int_eq(tp_loader_seek(a, (tp_data_position){.epoch = 7}, NULL), TP_OK);
        tp_loader_free(a);
        tp_loader_free(b);
    }
    tp_dataset_release(none);
    tp_dataset_release(few);
}
END_TEST

START_TEST(loader_refuses)
{
    tp_dataset *set = counting_set(NULL, 10, 1), *huge = counting_set(NULL, (int64_t)1 << 32, 1);
    tp_transform *flip = tp_transform_flip(0.5, NULL), *scale = tp_transform_scale(TP_F32, 1, NULL);
#define LOADER(set, ...) tp_loader_new(set, &(tp_loader_options){__VA_ARGS__}, &error)
    DATA_REFUSED(LOADER(NULL, .batch = 1), TP_E_ARGUMENT, "data set is NULL");
    DATA_REFUSED(LOADER(set, .batch = -1), TP_E_ARGUMENT, "batch is -1");
    DATA_REFUSED(LOADER(set, .prefetch = -1), TP_E_ARGUMENT, "prefetch is -1");
    DATA_REFUSED(LOADER(set, .prefetch = 1025), TP_E_ARGUMENT, "prefetch is 1025");
    DATA_REFUSED(LOADER(huge, .batch = 1), TP_E_LIMIT, "2^32 - 1");
    DATA_REFUSED(LOADER(set, .transform = {[2] = scale}), TP_E_INDEX, "transform[2] is given");
    DATA_REFUSED(LOADER(set, .transform = {flip}), TP_E_SHAPE, "tp_loader_new: tp_dataset_map: flip: an item of");
    ck_assert_ptr_null(tp_loader_new(NULL, NULL, NULL));
    tp_dataset_release(huge);
    tp_transform_release(flip);
    tp_transform_release(scale);
    tp_loader *loader = tp_loader_new(set, NULL, NULL);
    tp_batch b;
    DATA_REFUSED(tp_loader_seek(loader, (tp_data_position){0, 11}, &error) == TP_OK, TP_E_ARGUMENT, "batch 11, an");
    DATA_REFUSED(tp_loader_seek(loader, (tp_data_position){0, -1}, &error) == TP_OK, TP_E_ARGUMENT, "batch -1");
    DATA_REFUSED(tp_loader_seek(NULL, (tp_data_position){0, 0}, &error) == TP_OK, TP_E_ARGUMENT, "NULL");
    ck_assert(tp_loader_next(loader, &b));
    ck_assert_int_eq(b.items, 1);
    ck_assert(!tp_loader_next(loader, NULL));
    ck_assert_int_eq(tp_loader_status(loader), TP_E_ARGUMENT);
    ck_assert(!tp_loader_next(NULL, &b) && !tp_loader_next(NULL, NULL));
    ck_assert_int_eq(tp_loader_status(NULL), TP_E_ARGUMENT);
    ck_assert_str_ne(tp_loader_error(NULL), "");
    ck_assert_int_eq(tp_loader_batches(NULL) + tp_loader_position(NULL).batch, 0);
    ck_assert_ptr_null(tp_loader_dataset(NULL));
    tp_loader_free(NULL);
    tp_loader_free(loader);
    tp_dataset_release(set);
}
END_TEST

/* An item that cannot be read: the batches before it come, then the error, again and again, until a seek. */
START_TEST(errors_wait_for_their_turn)
{
    for (int prefetch = 0; prefetch < 5; prefetch++) {
        tp_dataset *set = counting_set(NULL, 20, 3);
        ((counting_state *)tp_dataset_state(set))->fail_at = 13;
        tp_loader *loader = loader_of(set, (tp_loader_options){.batch = 4, .prefetch = prefetch});
        tp_batch b;
        for (int i = 0; i < 3; i++) ck_assert(tp_loader_next(loader, &b));
        for (int i = 0; i < 3; i++) {
            ck_assert(!tp_loader_next(loader, &b) && b.items == 0);
            ck_assert_int_eq(tp_loader_status(loader), TP_E_IO);
            ck_assert_str_eq(tp_loader_error(loader),
                             "tp_loader_next: epoch 0, batch 3, item 13: counting: item 13 is torn");
        }
        ck_assert_int_eq(tp_loader_position(loader).batch, 3);
        ck_assert_int_eq(tp_loader_seek(loader, (tp_data_position){2, 4}, NULL), TP_OK);
        ck_assert_int_eq(tp_loader_status(loader), TP_OK);
        ck_assert_str_eq(tp_loader_error(loader), "");
        ck_assert(tp_loader_next(loader, &b) && b.index[0] == 16 && !tp_loader_next(loader, &b));
        for (int i = 0; i < 3; i++) ck_assert(tp_loader_next(loader, &b) && b.index[0] == 4 * i);
        ck_assert(!tp_loader_next(loader, &b) && tp_loader_status(loader) == TP_E_IO);
        tp_loader_free(loader);
        tp_dataset_release(set);
    }
}
END_TEST

TCase *data_loader_case(void)
{
    TCase *tcase = tcase_create("loader");
    tcase_add_test(tcase, each_item_once_an_epoch);
    tcase_add_test(tcase, order_is_by_seed_and_epoch);
    tcase_add_test(tcase, tensors_stay_the_same);
    tcase_add_test(tcase, no_items_no_batches);
    tcase_add_test(tcase, loader_refuses);
    tcase_add_test(tcase, errors_wait_for_their_turn);
    return tcase;
}
