/* Wrong calls, failing allocations, hostile texts, and where a drawing is written. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <tapir/nn.h>
#include <unistd.h>

#include "tests/test_draw.h"

#include "tests/tape_fixture.h"

/* The first error stays, whatever is called after. */
START_TEST(wrong_calls_are_named)
{
    static const struct {
        tp_diagram_style style;
        const char *message;
    } wrong[] = {
        {{.shape = (tp_diagram_shape)3}, "tp_diagram_node: there is no shape 3"},
        {{.colour = 11}, "tp_diagram_node: there is no colour 11"},
        {{.colour = -1}, "tp_diagram_node: there is no colour -1"},
        {{.frame = 1}, "tp_diagram_node: there is no frame 1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tp_error error = {0};
        tp_diagram *d = tp_diagram_new(NULL, NULL);
        ck_assert_int_eq(tp_diagram_node(d, "x", &wrong[i].style), -1);
        EXPECT_STATUS(tp_diagram_status(d), TP_E_ARGUMENT);
        ck_assert_str_eq(tp_diagram_error(d), wrong[i].message);
        ck_assert_int_eq(tp_diagram_node(d, "x", NULL), -1);
        EXPECT_STATUS(tp_diagram_edge(d, 0, 0, NULL, NULL), TP_E_ARGUMENT);
        ck_assert_ptr_null(tp_diagram_svg(d, NULL, &error));
        ck_assert_str_eq(error.message, wrong[i].message);
        tp_diagram_free(d);
    }
    tp_diagram *d = tp_diagram_new(NULL, NULL);
    tp_diagram_node(d, "x", NULL);
    EXPECT_STATUS(tp_diagram_edge(d, 0, 1, NULL, NULL), TP_E_ARGUMENT);
    ck_assert_str_eq(tp_diagram_error(d), "tp_diagram_edge: there is no node 1");
    ck_assert_int_eq(tp_diagram_frame(d, 1, "f"), -1);
    tp_diagram_free(d);
    d = tp_diagram_new(NULL, NULL);
    ck_assert_int_eq(tp_diagram_frame(d, -1, "f"), -1);
    ck_assert_str_eq(tp_diagram_error(d), "tp_diagram_frame: there is no frame -1");
    tp_diagram_free(d);
}
END_TEST

START_TEST(null_is_an_error_and_no_crash)
{
    tp_error error = {0};
    tp_diagram_free(NULL);
    EXPECT_STATUS(tp_diagram_status(NULL), TP_E_ARGUMENT);
    ck_assert_str_ne(tp_diagram_error(NULL), "");
    ck_assert_int_eq(tp_diagram_node(NULL, "x", NULL), -1);
    ck_assert_int_eq(tp_diagram_frame(NULL, 0, NULL), -1);
    EXPECT_STATUS(tp_diagram_edge(NULL, 0, 0, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_diagram_save(NULL, "never.svg", &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_diagram_print(NULL, stdout, NULL), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_diagram_svg(NULL, NULL, &error));
    ck_assert_str_eq(error.message, "tp_diagram_svg: diagram is NULL");
    tp_diagram *d = tp_diagram_new(NULL, NULL);
    EXPECT_STATUS(tp_diagram_save(d, NULL, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_diagram_print(d, NULL, &error), TP_E_ARGUMENT);
    drawing_of(d); /* nothing is a picture, too */
    ck_assert_int_eq(tp_diagram_frame(d, 0, NULL), 1);
    tp_diagram_node(d, NULL, &(tp_diagram_style){.frame = 1});
    drawing_of(d);
    EXPECT_STATUS(tp_diagram_edge(d, 0, 0, NULL, NULL), TP_OK);
    ck_assert_ptr_null(tp_diagram_svg(d, NULL, &error));
    ck_assert_str_eq(error.message, "tp_diagram_svg: the edges form a circle");
    tp_diagram_free(d);
}
END_TEST

START_TEST(texts_are_escaped)
{
    char longest[5000];
    memset(longest, 'W', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    const char *const texts[] = {
        "<a> & \"b\" 'c'", "\xff\xc0\xaf\xed\xa0\x80", "\n\n\n", "\t\t\n\t", "]]>", "", longest};
    tp_diagram *d = tp_diagram_new(&(tp_diagram_options){.title = "</svg>\n<&>"}, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *t = texts[i];
        for (int shape = 0; shape < 3; shape++)
            tp_diagram_node(
                d, t,
                &(tp_diagram_style){.shape = (tp_diagram_shape)shape, .note = t, .caption = t, .above = t, .below = t});
        if (i > 0) tp_diagram_edge(d, (int)i - 1, (int)i, t, t);
    }
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "&lt;a&gt; &amp; &quot;b&quot; &#39;c&#39;", "&lt;/svg&gt;", "&lt;&amp;&gt;");
    tp_diagram_free(d);
}
END_TEST

/* ---- memory ---- */

static tp_diagram *one_graph(const tp_allocator *memory, tp_error *error)
{
    tp_diagram *d = tp_diagram_new(&(tp_diagram_options){.title = "a", .memory = memory}, error);
    const int f = tp_diagram_frame(d, 0, "frame");
    for (int i = 0; i < 6; i++) {
        tp_diagram_node(
            d, "x",
            &(tp_diagram_style){.note = "n", .above = "1\t2", .below = "2", .caption = "c", .frame = i % 2 ? f : 0});
        for (int k = 0; k < i; k++) tp_diagram_edge(d, k, i, k ? "1" : NULL, NULL);
    }
    return d;
}

static tp_diagram *one_circuit(const tp_allocator *memory, tp_error *error)
{
    const tp_var x = tp_name(tp_scalar(tape, 2), "x"), y = tp_mul(tp_add(x, tp_const(tape, 1)), tp_exp(x));
    tp_backward(y);
    return tp_circuit_diagram(y, &(tp_draw_options){.title = "y", .branches = true, .memory = memory}, error);
}

static tp_module *net; /* of one_module */

static tp_diagram *one_module(const tp_allocator *memory, tp_error *error)
{
    const tp_var y = tp_module_forward(net, data_of(tape, tp_tensor_new(TP_F32, TP_DIMS(2, 3))));
    return tp_module_diagram(net, y, &(tp_draw_options){.memory = memory}, error);
}

static tp_diagram *one_network(const tp_allocator *memory, tp_error *error)
{
    tp_tensor *w = random_tensor(TP_F32, TP_DIMS(4, 2), 1, -1, 1), *b = random_tensor(TP_F32, TP_DIMS(4), 1, -1, 1);
    tp_diagram *d = tp_network_diagram((const int64_t[]){2, 4}, 2,
                                       &(tp_draw_network_options){.title = "n",
                                                                  .inputs = (const char *const[]){"a", "b"},
                                                                  .titles = (const char *const[]){"in", "out"},
                                                                  .weights = (const tp_tensor *const[]){w},
                                                                  .biases = (const tp_tensor *const[]){b},
                                                                  .memory = memory},
                                       error);
    tp_tensor_release(w);
    tp_tensor_release(b);
    return d;
}

static tp_diagram *(*const kinds[])(const tp_allocator *memory, tp_error *error) = {one_graph, one_circuit, one_module,
                                                                                    one_network};

/* Every allocation fails once: an error that says so, and nothing is left. */
START_TEST(every_failing_allocation_is_reported)
{
    size_t at = 1;
    net = tp_residual(tp_mlp(TP_DIMS(3, 4, 3), tp_relu, NULL, NULL), NULL, NULL);
    for (bool done = false; !done; at++) {
        counter c = {.fail_at = at};
        tp_error error = {0};
        const tp_allocator memory = counted(&c);
        tp_tape_reset(tape);
        tp_diagram *d = kinds[_i](&memory, &error);
        const char *svg = d ? tp_diagram_svg(d, NULL, &error) : NULL;
        tp_diagram_free(d);
        ck_assert_uint_eq(c.blocks, 0);
        ck_assert_uint_eq(c.bytes, 0);
        done = !c.failed;
        ck_assert(done == (svg != NULL));
        if (done) break;
        EXPECT_STATUS(error.status, TP_E_MEMORY);
        ck_assert_msg(strstr(error.message, "out of memory") != NULL, "%s", error.message);
    }
    ck_assert_uint_gt(at, 10);
    tp_module_free(net);
}
END_TEST

START_TEST(writing_can_be_tried_again)
{
    counter c = {0};
    tp_error error = {0};
    const tp_allocator memory = counted(&c);
    tp_diagram *d = one_graph(&memory, NULL);
    c.fail_at = c.calls + 9;
    ck_assert_ptr_null(tp_diagram_svg(d, NULL, &error));
    EXPECT_STATUS(error.status, TP_E_MEMORY);
    EXPECT_STATUS(tp_diagram_status(d), TP_OK);
    drawing_of(d);
    tp_diagram_free(d);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

/* ---- writing ---- */

START_TEST(files_hold_the_drawing)
{
    char path[256], text[65536];
    empty_file(path);
    tp_error error = {0};
    tp_diagram *d = one_circuit(NULL, &error);
    const tp_var y = tp_name(tp_scalar(tape, 1), "y");
    for (int turn = 0; turn < 2; turn++) {
        const tp_status status = turn ? tp_draw_circuit(y, NULL, path, &error) : tp_diagram_save(d, path, &error);
        ck_assert_msg(status == TP_OK, "%s", error.message);
        FILE *file = fopen(path, "r+b");
        size_t n = fread(text, 1, sizeof text - 1, file);
        text[n] = 0;
        if (turn)
            expect_label(text, "y");
        else
            ck_assert_str_eq(text, drawing_of(d));
        rewind(file);
        EXPECT_STATUS(tp_diagram_print(d, file, &error), TP_OK);
        ck_assert_int_eq(ftell(file), (long)strlen(drawing_of(d)));
        fclose(file);
    }
    unlink(path);
    tp_diagram_free(d);
}
END_TEST

START_TEST(files_that_cannot_be_written_are_errors)
{
    tp_error error = {0};
    const tp_var x = tp_scalar(tape, 1);
    EXPECT_STATUS(tp_draw_circuit(x, NULL, "/nonexistent/a.svg", &error), TP_E_IO);
    ck_assert_str_eq(error.message, "tp_draw_circuit: cannot open: No such file or directory: /nonexistent/a.svg");
    EXPECT_STATUS(tp_draw_network((const int64_t[]){2, 1}, 2, NULL, "/dev/full", &error), TP_E_IO);
    ck_assert_str_eq(error.message, "tp_draw_network: cannot write: No space left on device: /dev/full");
    tp_diagram *d = tp_circuit_diagram(x, NULL, NULL);
    FILE *full = fopen("/dev/full", "w");
    EXPECT_STATUS(tp_diagram_print(d, full, &error), TP_E_IO);
    fclose(full);
    EXPECT_STATUS(tp_diagram_status(d), TP_OK);
    tp_diagram_free(d);
}
END_TEST

TCase *draw_errors_case(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, wrong_calls_are_named);
    tcase_add_test(tcase, null_is_an_error_and_no_crash);
    tcase_add_test(tcase, texts_are_escaped);
    tcase_add_loop_test(tcase, every_failing_allocation_is_reported, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(tcase, writing_can_be_tried_again);
    tcase_add_test(tcase, files_hold_the_drawing);
    tcase_add_test(tcase, files_that_cannot_be_written_are_errors);
    return tcase;
}
