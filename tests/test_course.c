/* The course: each program of demos/course/course.def runs once, quietly and in time, and prints and draws what
   tests/course.def expects. The programs lie beside the test program, in demos/course/. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/test_course.h"
#include "tests/test_plot.h"

enum { PATH = 2048 };

/* ---- running ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void become(const char *const *arguments, const char *output, const char *messages)
{
    const int in = open("/dev/null", O_RDONLY), out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666),
              err = open(messages, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

int run_program(const char *const *arguments, const char *output, const char *messages, double seconds, mistakes *list)
{
    const double end = now() + seconds;
    const pid_t child = fork();
    ck_assert_msg(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) become(arguments, output, messages);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (now() > end) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            add_mistake(list, "%s took longer than %g s", arguments[0], seconds);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (WIFSIGNALED(status)) add_mistake(list, "%s was ended by signal %d", arguments[0], WTERMSIG(status));
    if (!WIFEXITED(status)) return -1;
    if (WEXITSTATUS(status) >= 126)
        add_mistake(list, "%s cannot be run: build it with 'make test-programs'", arguments[0]);
    else if (WEXITSTATUS(status) != 0)
        add_mistake(list, "%s ends with status %d", arguments[0], WEXITSTATUS(status));
    return WEXITSTATUS(status);
}

/* folder/name and what comes behind it */
static void join(char path[PATH], const char *folder, const char *name, const char *end)
{
    const int n = snprintf(path, PATH, "%s/%s%s", folder, name, end);
    ck_assert_msg(n > 0 && n < PATH, "%s: too long", folder);
}

char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    char *text = NULL;
    size_t size = 0, read = 0;
    do {
        text = realloc(text, size += 1 << 16);
        ck_assert_ptr_nonnull(text);
        read += fread(text + read, 1, size - 1 - read, file);
    } while (read == size - 1);
    text[read] = 0;
    fclose(file);
    return text;
}

/* The folder that the test program was built in. */
static void find_build(char path[PATH])
{
    const ssize_t n = readlink("/proc/self/exe", path, PATH - 1);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    else
        snprintf(path, PATH, "%s", getenv("BUILD") ? getenv("BUILD") : "build");
}

/* ---- what a program left ---- */

/* An empty folder for a program's pictures. */
static void empty_folder(const char *path)
{
    char file[PATH];
    mkdir(path, 0777);
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        join(file, path, entry->d_name, "");
        remove(file);
    }
    closedir(folder);
}

/* Every file in the folder is a picture named after the program, and well-formed. */
static void check_pictures(const char *path, const char *name, mistakes *list)
{
    char file[PATH];
    const size_t length = strlen(name);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *rest = entry->d_name + length, *end = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.')) continue;
        if (strncmp(entry->d_name, name, length) != 0 || (*rest != '.' && *rest != '-') || !end ||
            strcmp(end, ".svg") != 0) {
            add_mistake(list, "%s is not a name for a picture: %s.svg, %s-what.svg", entry->d_name, name, name);
            continue;
        }
        join(file, path, entry->d_name, "");
        char *text = read_text(file);
        const char *wrong = xml_mistake(text);
        if (wrong) add_mistake(list, "%s is not well-formed: %s", entry->d_name, wrong);
        free(text);
    }
    closedir(folder);
}

static void check_output(const char *name, const char *output, const char *folder, mistakes *list)
{
    char file[PATH];
    expectation *own = calloc(expectation_count, sizeof *own);
    size_t n = 0;
    ck_assert_ptr_nonnull(own);
    for (size_t i = 0; i < expectation_count; i++)
        if (strcmp(expectations[i].program, name) == 0) own[n++] = expectations[i];
    for (size_t i = 0; i < n; i++) {
        join(file, folder, own[i].label, "");
        if (own[i].kind != PICTURE_IS)
            check_line(output, &own[i], list);
        else if (access(file, R_OK) != 0)
            add_mistake(list, "row %d: no picture %s", own[i].row, own[i].label);
    }
    check_finite(output, own, n, list);
    free(own);
    check_pictures(folder, name, list);
}

static double patience(void)
{
    const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
    const double times = text ? atof(text) : 1;
    return 30 * (times >= 1 ? times : 1);
}

START_TEST(program_prints_what_its_rows_say)
{
    const char *name = course_programs[_i].name;
    char build[PATH], program[PATH], left[PATH], folder[PATH], output[PATH], messages[PATH];
    mistakes list = {""};
    find_build(build);
    join(program, build, "demos/course/", name);
    join(left, build, "course", "");
    mkdir(left, 0777);
    join(folder, left, name, "");
    join(output, left, name, ".txt");
    join(messages, left, name, ".err");
    empty_folder(folder);
    const int status = run_program((const char *[]){program, folder, NULL}, output, messages, patience(), &list);
    if (status >= 0 && status < 126) {
        char *printed = read_text(output), *said = read_text(messages);
        if (*said) add_mistake(&list, "it says on stderr: %.600s", said);
        check_output(name, printed, folder, &list);
        free(printed);
        free(said);
    }
    ck_assert_msg(!list.text[0], "%s:\n%s", name, list.text);
}
END_TEST

Suite *course_suite(void)
{
    Suite *suite = suite_create("course");
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 40);
    tcase_add_loop_test(runs, program_prints_what_its_rows_say, 0, (int)course_program_count);
    suite_add_tcase(suite, course_harness_case());
    suite_add_tcase(suite, course_lists_case());
    suite_add_tcase(suite, runs);
    return suite;
}
