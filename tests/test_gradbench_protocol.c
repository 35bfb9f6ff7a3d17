/* The program's protocol: what is asked is answered, line by line, and so is what is no message. */
#include "tests/gradbench.h"
#include "tests/test_gradbench_forms.h"

#ifdef GRADBENCH

static const char *text_of(const json_t *answer, const char *field)
{
    const char *text = json_string_value(json_object_get(answer, field));
    return text ? text : "";
}

static void expect_id(const json_t *answer, int id)
{
    const json_t *got = json_object_get(answer, "id");
    ck_assert(id < 0 ? json_is_null(got) : json_integer_value(got) == id);
}

/* A line, answered with success false and an error that holds the text; then an evaluation that succeeds. */
static void expect_refusal(child *c, const char *line, int id, const char *text)
{
    json_t *answer = answer_to(c, line);
    expect_id(answer, id);
    ck_assert_msg(json_is_false(json_object_get(answer, "success")), "%.200s was not refused", line);
    ck_assert_msg(strstr(text_of(answer, "error"), text), "%.200s: \"%s\" has no \"%s\"", line,
                  text_of(answer, "error"), text);
    ck_assert_ptr_null(json_object_get(answer, "output"));
    json_decref(answer);
    json_t *three = json_real(3), *nine = evaluate(c, "hello", "square", three);
    ck_assert(json_number_value(nine) == 9);
    json_decref(nine);
    json_decref(three);
}

START_TEST(a_session_is_answered)
{
    static const struct {
        const char *line;
        int id;
        const char *field, *value;
    } steps[] = {
        {"{\"id\": 0, \"kind\": \"start\", \"eval\": \"llsq\", \"config\": {\"a\": [1]}}", 0, "tool", "tapir"},
        {"{\"kind\": \"start\", \"id\": 1}", 1, "tool", "tapir"},
        {"{\"id\": 4, \"kind\": \"analysis\", \"of\": 2, \"valid\": false, \"error\": \"\\u00e9\"}", 4, NULL, NULL},
        {"{\"id\": 5, \"kind\": \"of tomorrow\"}", 5, NULL, NULL},
        {"{\"id\": 6}", 6, NULL, NULL},
    };
    static const char *const modules[] = {"hello",  "gmm",  "ba",  "lstm", "ht",       "det",
                                          "kmeans", "llsq", "lse", "ode",  "particle", "saddle"};
    child c = start_child(0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        json_t *answer = answer_to(&c, steps[i].line);
        expect_id(answer, steps[i].id);
        ck_assert_uint_eq(json_object_size(answer), steps[i].field ? 2 : 1);
        if (steps[i].field) ck_assert_str_eq(text_of(answer, steps[i].field), steps[i].value);
        json_decref(answer);
    }
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        char line[100];
        snprintf(line, sizeof line, "{\"id\": %zu, \"kind\": \"define\", \"module\": \"%s\"}", 9 + i, modules[i]);
        json_t *answer = answer_to(&c, line);
        expect_id(answer, (int)(9 + i));
        ck_assert_msg(json_is_true(json_object_get(answer, "success")), "%s", modules[i]);
        json_decref(answer);
    }
    ck_assert_int_eq(end_child(&c), 0);
}
END_TEST

START_TEST(as_many_runs_and_seconds_as_asked_for)
{
    static const struct {
        const char *bounds;
        size_t least, most;
        double seconds;
    } cases[] = {{"", 1, 1, 0},
                 {", \"min_runs\": 5", 5, 5, 0},
                 {", \"min_runs\": 1, \"min_seconds\": 0.02", 2, 1000000, .02},
                 {", \"min_runs\": 3, \"min_seconds\": -1e300, \"other\": null", 3, 3, 0}};
    child c = start_child(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[300];
        snprintf(
            line, sizeof line,
            "{\"id\": 3, \"kind\": \"evaluate\", \"module\": \"det\", \"function\": \"gradient\", \"input\": {\"A\": "
            "[1, 2, 3, 4], \"ell\": 2%s}}",
            cases[i].bounds);
        json_t *answer = answer_to(&c, line), *timing;
        double total = 0;
        size_t k, runs = 0;
        json_array_foreach(json_object_get(answer, "timings"), k, timing)
        {
            ck_assert(json_integer_value(json_object_get(timing, "nanoseconds")) >= 0);
            if (strcmp(text_of(timing, "name"), "evaluate") != 0) continue;
            runs++;
            total += json_number_value(json_object_get(timing, "nanoseconds"));
        }
        ck_assert_uint_ge(runs, cases[i].least);
        ck_assert_uint_le(runs, cases[i].most);
        ck_assert(total >= cases[i].seconds * 1e9);
        json_decref(answer);
    }
    ck_assert_int_eq(end_child(&c), 0);
}
END_TEST

#define EVALUATE(module, function, input)                                                                              \
    "{\"id\": 3, \"kind\": \"evaluate\", \"module\": \"" module "\", \"function\": \"" function                        \
    "\", \"input\": " input "}"

START_TEST(what_is_wrong_is_refused_and_the_session_goes_on)
{
    static const struct {
        const char *line;
        int id;
        const char *text;
    } cases[] = {
        {"", -1, "no JSON"},
        {"{", -1, "no JSON"},
        {"\xff\xfe", -1, "no JSON"},
        {"{\"id\": 12, \"kind\": \"evaluate\"", 12, "no JSON"},
        {"{\"id\": 99999999999999999999, \"kind\"", -1, "no JSON"},
        {"{\"id\": 1, \"id\": 2}", 1, "duplicate"},
        {"[]", -1, "\"id\""},
        {"null", -1, "\"id\""},
        {"{\"id\": \"three\"}", -1, "\"id\""},
        {"{\"id\": -3}", -1, "\"id\""},
        {"{\"id\": 2, \"kind\": \"define\", \"module\": \"nothing\"}", 2, "module \"nothing\""},
        {"{\"id\": 2, \"kind\": \"define\"}", 2, "module \"\""},
        {"{\"id\": 2, \"kind\": \"define\", \"module\": 3}", 2, "module \"\""},
        {"{\"id\": 3, \"kind\": \"evaluate\", \"module\": \"det\", \"function\": \"primal\"}", 3,
         "\"input\" is missing"},
        {EVALUATE("nothing", "primal", "{}"), 3, "module \"nothing\""},
        {EVALUATE("det", "nothing", "{}"), 3, "function \"nothing\""},
        {EVALUATE("det", "primal", "{}"), 3, "\"ell\" is missing"},
        {EVALUATE("det", "primal", "[]"), 3, "no object"},
        {EVALUATE("hello", "square", "{}"), 3, "no number"},
        {EVALUATE("hello", "square", "1e200"), 3, "infinite"},
        {EVALUATE("hello", "square", "NaN"), 3, "no JSON"},
        {EVALUATE("hello", "square", "1e999"), 3, "no JSON"},
        {EVALUATE("det", "primal", "{\"A\": [1, 2, 3], \"ell\": 2}"), 3, "3 elements"},
        {EVALUATE("det", "primal", "{\"A\": [1, 2, 3, \"4\"], \"ell\": 2}"), 3, "no number"},
        {EVALUATE("det", "primal", "{\"A\": [1, 2, 3, null], \"ell\": 2}"), 3, "no number"},
        {EVALUATE("det", "primal", "{\"A\": [1, 2, 3, NaN], \"ell\": 2}"), 3, "no JSON"},
        {EVALUATE("det", "primal", "{\"A\": 4, \"ell\": 2}"), 3, "no list"},
        {EVALUATE("det", "primal", "{\"A\": [], \"ell\": 0}"), 3, "outside of"},
        {EVALUATE("det", "primal", "{\"A\": [], \"ell\": 2.5}"), 3, "no whole number"},
        {EVALUATE("det", "primal", "{\"A\": [], \"ell\": 1e300}"), 3, "no whole number"},
        {EVALUATE("det", "primal", "{\"A\": [1], \"ell\": 1, \"min_runs\": \"2\"}"), 3, "\"min_runs\" is no number"},
        {EVALUATE("det", "primal", "{\"A\": [1], \"ell\": 1, \"min_seconds\": []}"), 3, "\"min_seconds\" is no number"},
        {EVALUATE("llsq", "gradient", "{\"x\": [], \"n\": 5}"), 3, "0 elements"},
        {EVALUATE("llsq", "gradient", "{\"x\": [1], \"n\": 1}"), 3, "outside of"},
        {EVALUATE("llsq", "primal", "{\"x\": [1e200], \"n\": 5}"), 3, "infinite"},
        {EVALUATE("lse", "primal", "{\"x\": []}"), 3, ""},
        {EVALUATE("lse", "primal", "{\"x\": [[1]]}"), 3, "no number"},
        {EVALUATE("ode", "primal", "{\"x\": [], \"s\": 5}"), 3, "empty"},
        {EVALUATE("ode", "primal", "{\"x\": [1], \"s\": 0}"), 3, "outside of"},
        {EVALUATE("particle", "rr", "{\"w\": [1]}"), 3, "no number"},
        {EVALUATE("saddle", "rr", "{\"start\": [1, 2, 3]}"), 3, "3 elements"},
        {EVALUATE("saddle", "rr", "{\"start\": [1, {}]}"), 3, "no number"},
        {EVALUATE("gmm", "objective", "{\"d\": 2}"), 3, ""},
        {EVALUATE("ba", "objective", "{\"n\": 2}"), 3, ""},
        {EVALUATE("lstm", "objective", "{\"state\": 2}"), 3, ""},
        {EVALUATE("ht", "objective", "{\"theta\": 2}"), 3, ""},
        {EVALUATE("kmeans", "cost", "{\"points\": [[1, 2], [3]], \"centroids\": [[1, 2]]}"), 3, ""},
        {EVALUATE("kmeans", "cost", "{\"points\": [[1, 2]], \"centroids\": [[1, 2, 3]]}"), 3, ""},
        {EVALUATE("kmeans", "dir", "{\"points\": [], \"centroids\": []}"), 3, ""},
    };
    child c = start_child(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(&c, cases[i].line, cases[i].id, cases[i].text);
    ck_assert_int_eq(end_child(&c), 0);
}
END_TEST

/* Every field of every example taken away, and made something else. */
START_TEST(no_field_may_be_missing_or_of_another_kind)
{
    json_t *lines = example_lines(), *line, *value;
    const char *key;
    size_t i;
    child c = start_child(0);
    json_array_foreach(lines, i, line)
    {
        const json_t *input = json_object_get(line, "input");
        const char *module = text_of(line, "eval");
        if (!json_is_object(input)) continue;
        json_t *next = json_array_get(lines, i + 1);
        json_object_foreach((json_t *)(uintptr_t)input, key, value)
        {
            for (int way = 0; way < 3; way++) {
                json_t *copy = json_deep_copy(input);
                if (way == 0) json_object_del(copy, key);
                if (way == 1) json_object_set_new(copy, key, json_string("text"));
                if (way == 2) json_object_set_new(copy, key, json_pack("[[[f]]]", .5));
                json_t *message = json_pack("{s:i, s:s, s:s, s:O, s:o}", "id", 3, "kind", "evaluate", "module", module,
                                            "function", json_object_get(next, "function"), "input", copy);
                char *text = json_dumps(message, 0);
                expect_refusal(&c, text, 3, "");
                free(text);
                json_decref(message);
            }
        }
    }
    json_decref(lines);
    ck_assert_int_eq(end_child(&c), 0);
}
END_TEST

START_TEST(long_lines_are_answered)
{
    enum { LONG = 100 << 20 };
    static const char head[] = "{\"id\": 3, \"kind\": \"evaluate\", \"module\": \"lse\", \"function\": \"primal\", "
                               "\"input\": {\"x\": \"";
    char *line = malloc(LONG + 1);
    ck_assert_ptr_nonnull(line);
    memset(line, 'x', LONG);
    line[LONG] = 0;
    child c = start_child(0);
    expect_refusal(&c, line, -1, "no JSON");
    memcpy(line, head, sizeof head - 1);
    expect_refusal(&c, line, 3, "no JSON");
    memcpy(line + LONG - 3, "\"}}", 3);
    expect_refusal(&c, line, 3, "\"x\" is no list");
    memset(line, '[', 1 << 20);
    line[1 << 20] = 0;
    expect_refusal(&c, line, -1, "no JSON");
    ck_assert_int_eq(end_child(&c), 0);
    free(line);
}
END_TEST

/* A sanitizer wants address space for itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

START_TEST(too_little_memory_is_an_answer)
{
#ifndef SANITIZED
    char line[1200] = "{\"id\": 3, \"kind\": \"evaluate\", \"module\": \"det\", \"function\": \"gradient\", \"input\": "
                      "{\"ell\": 11, \"A\": [1";
    for (int i = 1; i < 121; i++) strcat(line, ", 0.5");
    strcat(line, "]}}");
    child c = start_child((size_t)256 << 20);
    expect_refusal(&c, line, 3, "memory");
    char *words = malloc((size_t)280 << 20);
    ck_assert_ptr_nonnull(words);
    memset(words, ' ', (size_t)280 << 20);
    words[((size_t)280 << 20) - 1] = 0;
    expect_refusal(&c, words, -1, "memory");
    free(words);
    ck_assert_int_eq(end_child(&c), 0);
#endif
}
END_TEST

TCase *gradbench_protocol_case(void)
{
    TCase *tc = tcase_create("protocol");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_session_is_answered);
    tcase_add_test(tc, as_many_runs_and_seconds_as_asked_for);
    tcase_add_test(tc, what_is_wrong_is_refused_and_the_session_goes_on);
    tcase_add_test(tc, no_field_may_be_missing_or_of_another_kind);
    tcase_add_test(tc, long_lines_are_answered);
    tcase_add_test(tc, too_little_memory_is_an_answer);
    return tc;
}
#endif
