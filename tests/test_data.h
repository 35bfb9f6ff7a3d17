/* What the tests of data sets share. */
#ifndef TAPIR_TESTS_TEST_DATA_H
#define TAPIR_TESTS_TEST_DATA_H

#include <tapir/io.h>

#include "tests/helpers.h"

TCase *data_sets_case(void);
TCase *data_split_case(void);
TCase *data_loader_case(void);
TCase *data_thread_case(void);
TCase *data_transforms_case(void);
TCase *data_readers_case(void);
TCase *data_points_case(void);
TCase *data_text_case(void);

/* Item i of n is (i, i + 0.5, ...) in f32 (width), and i % 3 in u8; reading an item of `fail_at` fails. */
typedef struct counting_state {
    int64_t fail_at;
} counting_state;
tp_dataset *counting_set(const tp_allocator *memory, int64_t n, int64_t width);

/* The call gave NULL (or false), and the error is that. */
void data_refused(const tp_error *error, tp_status status, const char *text);
#define DATA_REFUSED(call, wanted, text)                                                                               \
    do {                                                                                                               \
        tp_error error = {.status = TP_OK};                                                                            \
        ck_assert_msg(!(call), "%s was not refused", #call);                                                           \
        data_refused(&error, wanted, text);                                                                            \
    } while (0)

#endif
