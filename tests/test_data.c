/* Data sets: the suite, put together from the files test_data_*.c, and the sets that these read. */
#include "tests/test_data.h"

static tp_status counting_read(const tp_reading *reading, int64_t i, void *const *to)
{
    const counting_state *state = reading->state;
    const tp_field *field = tp_dataset_field(reading->set, 0);
    if (i == state->fail_at) return tp_data_fail(reading->error, TP_E_IO, "counting: item %d is torn", (int)i);
    for (int64_t j = 0; j < field->dims[0]; j++) ((float *)to[0])[j] = (float)i + 0.5f * (float)j;
    *(unsigned char *)to[1] = (unsigned char)(i % 3);
    return TP_OK;
}

static const tp_dataset_kind counting_kind = {TP_DATASET_HEAD, .name = "counting", .state = sizeof(counting_state),
                                              .read = counting_read};

tp_dataset *counting_set(const tp_allocator *memory, int64_t n, int64_t width)
{
    const tp_dataset_spec spec = {
        .count = n, .fields = 2, .field = {{TP_F32, 1, {width}}, {TP_U8, 0, {0}}}, .memory = memory};
    tp_dataset *set = tp_dataset_new(&counting_kind, &spec, NULL);
    if (set) ((counting_state *)tp_dataset_state(set))->fail_at = -1;
    return set;
}

void data_refused(const tp_error *error, tp_status status, const char *text)
{
    ck_assert_msg(error->status == status, "%s, not %s: %s", tp_status_name(error->status), tp_status_name(status),
                  error->message);
    ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" is not in \"%s\"", text, error->message);
}

Suite *data_suite(void)
{
    Suite *suite = suite_create("data");
    suite_add_tcase(suite, data_sets_case());
    suite_add_tcase(suite, data_split_case());
    suite_add_tcase(suite, data_loader_case());
    suite_add_tcase(suite, data_thread_case());
    suite_add_tcase(suite, data_transforms_case());
    suite_add_tcase(suite, data_readers_case());
    suite_add_tcase(suite, data_points_case());
    suite_add_tcase(suite, data_text_case());
    return suite;
}
