/* The program for GradBench: every example of tests/files/gradbench, in both forms. */
#define _GNU_SOURCE
#include "tests/gradbench.h"
#include "tests/test_gradbench_forms.h"

#ifdef GRADBENCH
#include <stdio.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

const char *gradbench_program(void)
{
    static char path[1024];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "gradbench-tapir");
    return path;
}

child start_child(size_t bytes)
{
    int in[2], out[2];
    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    const char *program = gradbench_program();
    const pid_t pid = fork();
    ck_assert(pid >= 0);
    if (pid == 0) {
        const struct rlimit limit = {bytes, bytes};
        if (bytes) setrlimit(RLIMIT_AS, &limit);
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    const child c = {pid, fdopen(in[1], "w"), fdopen(out[0], "r")};
    ck_assert(c.to && c.from);
    return c;
}

int end_child(child *c)
{
    int status = 0;
    fclose(c->to);
    ck_assert_msg(fgetc(c->from) == EOF, "it writes more than answers");
    fclose(c->from);
    ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

json_t *answer_to(child *c, const char *line)
{
    char *text = NULL;
    size_t room = 0;
    fputs(line, c->to);
    fputc('\n', c->to);
    fflush(c->to);
    const ssize_t n = getline(&text, &room, c->from);
    ck_assert_msg(n > 0, "no answer: is %s built ('make test-programs')?", gradbench_program());
    json_error_t wrong;
    json_t *answer = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &wrong);
    ck_assert_msg(answer != NULL, "%s in %.200s", wrong.text, text);
    free(text);
    return answer;
}

json_t *evaluate(child *c, const char *module, const char *function, json_t *input)
{
    json_t *message = json_pack("{s:i, s:s, s:s, s:s, s:O}", "id", 7, "kind", "evaluate", "module", module, "function",
                                function, "input", input);
    char *line = json_dumps(message, 0);
    json_t *answer = answer_to(c, line), *output = json_object_get(answer, "output");
    const char *error = json_string_value(json_object_get(answer, "error"));
    ck_assert_msg(output != NULL, "%s %s: %s", module, function, error ? error : "no output");
    ck_assert(json_is_true(json_object_get(answer, "success")));
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "id")), 7);
    const json_t *timings = json_object_get(answer, "timings"), *last;
    ck_assert_uint_ge(json_array_size(timings), 1);
    last = json_array_get(timings, json_array_size(timings) - 1);
    ck_assert_str_eq(json_string_value(json_object_get(last, "name")), "evaluate");
    ck_assert(json_is_integer(json_object_get(last, "nanoseconds")));
    json_incref(output);
    json_decref(answer);
    json_decref(message);
    free(line);
    return output;
}

/* ---- comparing ---- */

json_t *example_lines(void)
{
    FILE *file = fopen("tests/files/gradbench/examples.jsonl", "r");
    ck_assert_ptr_nonnull(file);
    json_t *lines = json_array(), *line;
    while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) json_array_append_new(lines, line);
    fclose(file);
    ck_assert_uint_eq(json_array_size(lines), 49);
    return lines;
}

static bool numbers_agree(double got, double wanted, int digits)
{
    if (wanted == 0) return fabs(got) < 1e-12;
    const double unit = pow(10, floor(log10(fabs(wanted))) + 1 - digits);
    return fabs(got - wanted) <= .51 * unit + 2e-16 * fabs(wanted);
}

bool agrees(const json_t *got, const json_t *wanted, int digits, char *text, size_t size)
{
    if (json_is_number(wanted)) {
        const double a = json_number_value(got), b = json_number_value(wanted);
        snprintf(text, size, "%.17g is not %.17g", a, b);
        return json_is_number(got) && numbers_agree(a, b, digits);
    }
    if (json_is_array(wanted)) {
        snprintf(text, size, "a list is no list of %zu", json_array_size(wanted));
        bool same = json_is_array(got) && json_array_size(got) == json_array_size(wanted);
        for (size_t i = 0; same && i < json_array_size(wanted); i++)
            same = agrees(json_array_get(got, i), json_array_get(wanted, i), digits, text, size);
        return same;
    }
    snprintf(text, size, "an object has other fields");
    bool same = json_is_object(got) && json_object_size(got) == json_object_size(wanted);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value)
    {
        same = same && agrees(json_object_get(got, key), value, digits, text, size);
        if (!same) break;
    }
    return same;
}

static const char *string_of(const json_t *line, const char *field)
{
    return json_string_value(json_object_get(line, field));
}

static void expect_output(const json_t *line, const json_t *got)
{
    char text[200];
    const int digits = (int)json_integer_value(json_object_get(line, "digits"));
    ck_assert_msg(agrees(got, json_object_get(line, "output"), digits, text, sizeof text), "%s %s: %s",
                  string_of(line, "eval"), string_of(line, "function"), text);
}

START_TEST(the_protocol_gives_the_expected_numbers)
{
    child c = start_child(0);
    json_t *lines = example_lines(), *line, *input = NULL;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        if (json_object_get(line, "input")) {
            input = json_object_get(line, "input");
            continue;
        }
        json_t *got = evaluate(&c, string_of(line, "eval"), string_of(line, "function"), input);
        expect_output(line, got);
        json_decref(got);
    }
    json_decref(lines);
    ck_assert_int_eq(end_child(&c), 0);
}
END_TEST

/* ---- the file form ---- */

static void expect_file_form(const json_t *line, const char *path, const char *function)
{
    char command[2048], *text = NULL;
    size_t room = 0;
    int timings = 0;
    snprintf(command, sizeof command, "'%s' %s %s %s", gradbench_program(), string_of(line, "eval"), path, function);
    FILE *from = popen(command, "r");
    ck_assert_ptr_nonnull(from);
    ck_assert(getline(&text, &room, from) > 0);
    json_t *got = json_loads(text, JSON_DECODE_ANY, NULL);
    expect_output(line, got);
    json_decref(got);
    for (; getline(&text, &room, from) > 0; timings++) {
        json_t *timing = json_loads(text, 0, NULL);
        ck_assert_str_eq(string_of(timing, "name"), timings ? "evaluate" : "prepare");
        ck_assert(json_is_integer(json_object_get(timing, "nanoseconds")));
        json_decref(timing);
    }
    ck_assert_int_ge(timings, 2);
    ck_assert_int_eq(pclose(from), 0);
    free(text);
}

START_TEST(the_file_form_gives_the_expected_numbers)
{
    char path[] = "/tmp/tapir-gradbench-XXXXXX";
    close(mkstemp(path));
    json_t *lines = example_lines(), *line;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        if (json_object_get(line, "input"))
            ck_assert_int_eq(json_dump_file(json_object_get(line, "input"), path, JSON_ENCODE_ANY), 0);
        else if (i % 3 != 1 || strcmp(string_of(line, "function"), "jacobian"))
            expect_file_form(line, path, string_of(line, "function"));
    }
    json_decref(lines);
    unlink(path);
}
END_TEST

/* The first function of an eval that has a primal. */
static bool is_primal(const char *function)
{
    return !strcmp(function, "primal") || !strcmp(function, "objective") || !strcmp(function, "cost");
}

START_TEST(plain_c_gives_the_expected_numbers)
{
    char path[] = "/tmp/tapir-gradbench-XXXXXX";
    close(mkstemp(path));
    json_t *lines = example_lines(), *line;
    int primals = 0;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        const json_t *input = json_object_get(line, "input");
        if (input) {
            ck_assert_int_eq(json_dump_file(input, path, JSON_ENCODE_ANY), 0);
        } else if (is_primal(string_of(line, "function"))) {
            expect_file_form(line, path, "plain");
            primals++;
        }
    }
    ck_assert_int_ge(primals, 9);
    json_decref(lines);
    unlink(path);
}
END_TEST

START_TEST(the_file_form_refuses_what_is_wrong)
{
    static const char *const arguments[] = {"det",
                                            "det /dev/null",
                                            "det /dev/null primal extra",
                                            "nothing /dev/null primal",
                                            "det /dev/null nothing",
                                            "det /dev/null primal",
                                            "det /nowhere primal",
                                            "--nothing"};
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        char command[2048];
        snprintf(command, sizeof command, "'%s' %s 2>/dev/null", gradbench_program(), arguments[i]);
        FILE *from = popen(command, "r");
        ck_assert_ptr_nonnull(from);
        ck_assert_msg(fgetc(from) == EOF, "%s", arguments[i]);
        const int status = pclose(from);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s", arguments[i]);
    }
}
END_TEST

TCase *gradbench_forms_case(void)
{
    TCase *tc = tcase_create("forms");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_protocol_gives_the_expected_numbers);
    tcase_add_test(tc, the_file_form_gives_the_expected_numbers);
    tcase_add_test(tc, plain_c_gives_the_expected_numbers);
    tcase_add_test(tc, the_file_form_refuses_what_is_wrong);
    return tc;
}
#endif
