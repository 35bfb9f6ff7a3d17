/* The program tapir as the shell runs it. It lies beside the test program. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test_explain.h"

/* Runs `tapir <words>` through the shell; $TAPIR is the program. */
static explained shell(const char *command)
{
    char path[2048];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    char *const slash = strrchr(path, '/');
    ck_assert_ptr_nonnull(slash);
    snprintf(slash, sizeof path - (size_t)(slash - path), "/tapir");
    ck_assert_msg(access(path, X_OK) == 0, "%s is not built", path);
    setenv("TAPIR", path, 1);
    explained run = {.out = calloc(1, 1 << 16), .complaints = calloc(1, 1)};
    ck_assert(run.out && run.complaints);
    FILE *const pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_uint_lt(fread(run.out, 1, (1 << 16) - 1, pipe), (1 << 16) - 1);
    const int status = pclose(pipe);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return run;
}

static void expect_run(const char *command, int status, const char *text)
{
    explained run = shell(command);
    ck_assert_msg(run.status == status, "%s: status %d\n%s", command, run.status, run.out);
    ck_assert_msg(strstr(run.out, text), "%s: no '%s' in\n%s", command, text, run.out);
    explained_free(&run);
}

START_TEST(help_and_version)
{
    char version[64];
    snprintf(version, sizeof version, "tapir %s\n", tp_version());
    expect_run("$TAPIR --version", 0, version);
    expect_run("$TAPIR --help", 0, "usage: tapir explain");
    expect_run("$TAPIR explain --help", 0, "--digits=N");
    expect_run("$TAPIR explain -h", 0, "--digits=N");
    expect_run("$TAPIR ops", 0, "sigmoid(x)");
    expect_run("$TAPIR 2>&1", 2, "usage:");
    expect_run("$TAPIR nonsense 2>&1", 2, "unknown command 'nonsense'");
    expect_run("$TAPIR explain 2>&1", 2, "there is no expression");
}
END_TEST

START_TEST(exit_statuses)
{
    expect_run("$TAPIR explain '(x+y)*z' x=-2 y=5 z=-4", 0, "df/dz      3");
    expect_run("$TAPIR explain 'log(x)' x=-1", 1, "Check failed");
    expect_run("$TAPIR explain '(x + ) * z' x=1 2>&1", 2,
               "tapir: expected an operand, found ')'\n  (x + ) * z\n       ^\n");
    expect_run("$TAPIR explain 'x' x=1 --quiet", 0, "");
    expect_run("$TAPIR explain 'x*x' x=1 > /dev/full 2>/dev/null", 2, "");
}
END_TEST

START_TEST(options)
{
    expect_run("$TAPIR explain --digits=3 'x/3' x=2", 0, "0.667\n");
    expect_run("$TAPIR explain --digits 3 'x/3' x=2", 0, "0.667\n");
    expect_run("$TAPIR explain 'x/3' x=2 --digits 3", 0, "0.667\n");
    expect_run("$TAPIR explain --digits=18 x x=2 2>&1", 2, "this option does not take the value '18'");
    expect_run("$TAPIR explain --digits=3x x x=2 2>&1", 2, "this option does not take the value '3x'");
    expect_run("$TAPIR explain x x=2 --digits 2>&1", 2, "this option needs a value");
    expect_run("$TAPIR explain --quiet=1 x x=2 2>&1", 2, "this option takes no value");
    expect_run("$TAPIR explain --nonsense x 2>&1", 2, "unknown option '--nonsense'");
    expect_run("$TAPIR explain '-x*y' x=2 y=3", 0, "f = -x*y\n");
    expect_run("$TAPIR explain -- '--x' x=2", 0, "df/dx     1");
    expect_run("$TAPIR explain x*x x=2 --no-check", 0, "df/dx     4\n");
    expect_run("$TAPIR explain --latex x*x x=2", 0, "\\begin{align*}");
    expect_run("$TAPIR explain --latex=document x*x x=2", 0, "\\documentclass");
    expect_run("$TAPIR explain --latex=book x*x x=2 2>&1", 2, "this option does not take the value 'book'");
    expect_run("$TAPIR explain --json x*x x=2", 0, "\"gradient\": 4");
    expect_run("$TAPIR explain --svg=- x*x x=2", 0, "<svg");
    expect_run("$TAPIR explain --dot - x*x x=2", 0, "digraph");
    expect_run("echo 'x*x' | $TAPIR explain - x=2", 0, "df/dx     4");
}
END_TEST

START_TEST(colours_only_where_wanted)
{
    expect_run("$TAPIR explain --color=always x*x x=2", 0, "\033[31m");
    expect_run("$TAPIR explain --colour always x*x x=2", 0, "\033[31m");
    expect_run("$TAPIR explain --color=sometimes x*x x=2 2>&1", 2, "this option does not take the value 'sometimes'");
    explained run = shell("$TAPIR explain x*x x=2");
    ck_assert_ptr_null(strchr(run.out, '\033'));
    explained_free(&run);
}
END_TEST

START_TEST(a_million_parentheses)
{
    expect_run("{ head -c 1000000 /dev/zero | tr '\\0' '('; printf x; head -c 1000000 /dev/zero | tr '\\0' ')'; } | "
               "$TAPIR explain - x=2 | tail -1",
               0, "Check passed");
    expect_run("head -c 1000000 /dev/zero | tr '\\0' '(' | $TAPIR explain - 2>&1", 2,
               "expected an operand, found the end");
}
END_TEST

START_TEST(bash_completes)
{
    if (system("command -v bash >/dev/null") != 0) return;
    explained run = shell("bash tests/completion.bash $TAPIR 2>&1");
    ck_assert_msg(run.status == 0 && !*run.out, "%s", run.out);
    explained_free(&run);
}
END_TEST

TCase *explain_program_case(void)
{
    TCase *tc = tcase_create("program");
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, help_and_version);
    tcase_add_test(tc, exit_statuses);
    tcase_add_test(tc, options);
    tcase_add_test(tc, colours_only_where_wanted);
    tcase_add_test(tc, a_million_parentheses);
    tcase_add_test(tc, bash_completes);
    return tc;
}
