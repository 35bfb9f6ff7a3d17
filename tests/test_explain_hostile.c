/* Expressions that are very long, very deep or nonsense, and memory that runs out anywhere. */
#include "cli/circuit.h"
#include "tests/test_explain.h"

#include <stdio.h>

enum { DEEP = 1000000 };

/* `before` n times, `middle`, `after` n times. */
static cli_text repeated(const tp_allocator *memory, const char *before, const char *middle, const char *after, int n)
{
    cli_text text = {.memory = memory};
    for (int i = 0; i < n; i++) cli_put(&text, before);
    cli_put(&text, middle);
    for (int i = 0; i < n; i++) cli_put(&text, after);
    ck_assert(!text.failed);
    return text;
}

static tp_status parsed(const cli_text *text)
{
    cli_expression e;
    const tp_status status = cli_parse(&e, text->memory, text->at, text->length, NULL, 0, false);
    cli_expression_free(&e);
    return status;
}

START_TEST(depth_costs_no_stack)
{
    static const struct {
        const char *before, *middle, *after;
        tp_status status;
    } rows[] = {{"(", "x", ")", TP_OK},      {"-", "x", "", TP_OK},       {"x^", "x", "", TP_OK},
                {"sin(", "x", ")", TP_OK},   {"", "x", "+x", TP_OK},      {"x*(1+", "x", ")", TP_OK},
                {"(", "x", "", TP_E_FORMAT}, {"(", "", ")", TP_E_FORMAT}, {"(", "x", "))", TP_E_FORMAT},
                {"max(x,", "x", ")", TP_OK}, {"9", "9", "", TP_E_FORMAT}, {"a", "a", "", TP_OK},
                {"+", "x", "", TP_OK}};
    const tp_allocator memory = cli_malloc();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cli_text text = repeated(&memory, rows[i].before, rows[i].middle, rows[i].after, DEEP);
        ck_assert_msg(parsed(&text) == rows[i].status, "%s %s %s", rows[i].before, rows[i].middle, rows[i].after);
        cli_text_free(&text);
    }
}
END_TEST

START_TEST(deep_expressions_are_explained)
{
    const tp_allocator memory = cli_malloc();
    cli_text deep = repeated(&memory, "sin(", "x", ")", 50000), wide = repeated(&memory, "", "x*y", "+x*y", 20000);
    const cli_options forms[] = {{.quiet = true},
                                 {.no_check = true},
                                 {.latex = CLI_LATEX_PART, .no_check = true},
                                 {.json = true, .no_check = true}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        explained run = explain_with(deep.at, deep.length, "x=1", &forms[i], &memory);
        ck_assert_int_eq(run.status, CLI_GOOD);
        explained_free(&run);
        run = explain_with(wide.at, wide.length, "x=1 y=2", &forms[i], &memory);
        ck_assert_int_eq(run.status, CLI_GOOD);
        explained_free(&run);
    }
    explained run = explain_with(deep.at, deep.length, "x=1", &(cli_options){.svg = "-"}, &memory);
    ck_assert_int_eq(run.status, CLI_TROUBLE); /* too many gates for a drawing */
    explained_free(&run);
    cli_text_free(&deep), cli_text_free(&wide);
}
END_TEST

/* A definition that is used twice, again and again, is 2^n terms when written out. */
START_TEST(shared_parts_are_not_written_out)
{
    char text[2048] = "q0 = x*y; ";
    for (int i = 1; i < 60; i++) snprintf(text + strlen(text), 32, "q%d = q%d + q%d; ", i, i - 1, i - 1);
    strcat(text, "q59");
    const cli_options forms[] = {{.digits = 0}, {.latex = CLI_LATEX_PART}, {.json = true}, {.dot = "-"}, {.svg = "-"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        explained run = explain(text, "x=1 y=2", &forms[i]);
        ck_assert_int_eq(run.status, CLI_GOOD);
        explained_free(&run);
    }
}
END_TEST

/* ---- nonsense ---- */

/* One to four pieces of the language, or any bytes, put into a good expression or in the place of some of it. */
static size_t mutate(tp_rng *rng, char *text, size_t room)
{
    static const char *const seeds[] = {"(x+y)*z", "1/(1+exp(-(x*y+z)))", "q = max(x, y, -z); q^2/abs(q - 1e-3)",
                                        "elu(x, 0.5) + atan2(y, z)^-x", "-x^2*clamp(y, -1, 1)"};
    static const char *const pieces[] = {"(",      ")",
                                         ",",      ";",
                                         "=",      "^",
                                         "-",      "*",
                                         "/",      "+",
                                         "x",      "y",
                                         "1e",     "1e308",
                                         ".",      "e5",
                                         "sin(x)", "max(",
                                         "where(", "-z",
                                         "q",      " ",
                                         "−",      "α",
                                         "\xff",   "\xe2\x88",
                                         "\001",   "0",
                                         "inf",    "nan",
                                         "relu(",  "log(",
                                         "σ(",     "remainder(x,y)",
                                         "=="};
    snprintf(text, room, "%s", seeds[tp_rng_below(rng, 5)]);
    size_t length = strlen(text);
    for (uint32_t n = 1 + tp_rng_below(rng, 1 + tp_rng_below(rng, 4)); n > 0; n--) {
        const size_t at = tp_rng_below(rng, (uint32_t)length + 1);
        size_t cut = tp_rng_below(rng, 3) ? 0 : tp_rng_below(rng, (uint32_t)(length - at) + 1);
        const char *piece = pieces[tp_rng_below(rng, sizeof pieces / sizeof *pieces)];
        char byte[2] = {(char)tp_rng_below(rng, 256), 0};
        if (tp_rng_below(rng, 8) == 0) piece = byte;
        const size_t more = strlen(piece);
        if (length - cut + more >= room) continue;
        memmove(text + at + more, text + at + cut, length - at - cut);
        memcpy(text + at, piece, more);
        length += more - cut;
    }
    text[length] = 0;
    return length;
}

START_TEST(nonsense_is_explained_or_refused)
{
    tp_rng rng = tp_rng_seed(7);
    char text[256];
    int good = 0;
    for (int i = 0; i < 1500; i++) {
        const size_t length = mutate(&rng, text, sizeof text);
        const cli_options options = {.latex = i % 3 == 1 ? CLI_LATEX_PART : CLI_NO_LATEX, .json = i % 3 == 2};
        const tp_allocator memory = cli_malloc();
        explained run = explain_with(text, length, "x=0.5 y=-2 z=3", &options, &memory);
        ck_assert_msg(run.status == CLI_TROUBLE || *run.out, "%s", text);
        ck_assert_msg(run.status != CLI_TROUBLE || strncmp(run.complaints, "tapir: ", 7) == 0, "%s", text);
        ck_assert_msg(!strstr(run.out, "WRONG"), "%s\n%s", text, run.out);
        good += run.status != CLI_TROUBLE;
        explained_free(&run);
    }
    ck_assert_int_gt(good, 50);
}
END_TEST

/* ---- memory ---- */

START_TEST(memory_may_run_out_anywhere)
{
    static const cli_options forms[] = {
        {.digits = 7}, {.latex = CLI_LATEX_DOCUMENT}, {.json = true}, {.dot = "-"}, {.svg = "-"}};
    const char text[] = "q = max(x, y); relu(q - x)*sigmoid(y)/q + abs(y + 2)";
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        counter c = {0};
        const tp_allocator memory = counted(&c);
        int status = CLI_TROUBLE;
        for (size_t at = 1; at < 5000 && status == CLI_TROUBLE; at++) {
            c = (counter){.fail_at = at};
            explained run = explain_with(text, strlen(text), "x=1 y=-2", &forms[i], &memory);
            status = run.status;
            ck_assert_msg(status == CLI_TROUBLE || c.failed == 0, "allocation %zu of form %zu was not missed", at, i);
            if (status == CLI_TROUBLE) EXPECT_COMPLAINS(&run, "out of memory");
            ck_assert_msg(c.bytes == 0 && c.blocks == 0, "allocation %zu of form %zu leaks", at, i);
            explained_free(&run);
        }
        ck_assert_int_eq(status, CLI_GOOD);
    }
}
END_TEST

TCase *explain_hostile_case(void)
{
    TCase *tc = tcase_create("hostile");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, depth_costs_no_stack);
    tcase_add_test(tc, deep_expressions_are_explained);
    tcase_add_test(tc, shared_parts_are_not_written_out);
    tcase_add_test(tc, nonsense_is_explained_or_refused);
    tcase_add_test(tc, memory_may_run_out_anywhere);
    return tc;
}
