/* The lists of the course: programs, expectations, and the table of docs/course.md. Each agrees with the others. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/test_course.h"

enum { PATH = 512, ROWS = 56 };

#define EXPECT(row, program, label, tolerance, ...)                                                                    \
    {NUMBERS_ARE, row, #program, label, NULL, tolerance, HOW_MANY(__VA_ARGS__), NUMBERS(__VA_ARGS__)},
#define BELOW(row, program, label, bound) {AT_MOST, row, #program, label, NULL, bound, 0, NULL},
#define ABOVE(row, program, label, bound) {AT_LEAST, row, #program, label, NULL, bound, 0, NULL},
#define TEXT(row, program, label, text) {TEXT_IS, row, #program, label, text, 0, 0, NULL},
#define PICTURE(row, program, file) {PICTURE_IS, row, #program, file, NULL, 0, 0, NULL},
static const expectation all_expectations[] = {
#include "tests/course.def"
};
const expectation *const expectations = all_expectations;
const size_t expectation_count = sizeof all_expectations / sizeof *all_expectations;

static const course_program all_programs[] = {
#define COURSE(name, part, rows, title) {#name, rows},
#include "demos/course/course.def"
#undef COURSE
};
const course_program *const course_programs = all_programs;
const size_t course_program_count = sizeof all_programs / sizeof *all_programs;

/* Whether "3", "3, 4" or "6-8" has the row in it. */
static bool has_row(const char *rows, int row)
{
    for (const char *at = rows; *at;) {
        char *end;
        const long first = strtol(at, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        if (row >= first && row <= last) return true;
        at = end + strspn(end, ", ");
        if (at == rows || (*at && (*at < '0' || *at > '9'))) ck_abort_msg("bad list of rows: %s", rows);
    }
    return false;
}

static const course_program *find_program(const char *name, size_t length)
{
    for (size_t i = 0; i < course_program_count; i++)
        if (strlen(course_programs[i].name) == length && strncmp(course_programs[i].name, name, length) == 0)
            return &course_programs[i];
    return NULL;
}

START_TEST(each_program_is_registered_once)
{
    char path[PATH];
    for (size_t i = 0; i < course_program_count; i++) {
        snprintf(path, sizeof path, "demos/course/%s.c", course_programs[i].name);
        ck_assert_msg(access(path, R_OK) == 0, "course.def names %s, which is not there", path);
        ck_assert_msg(find_program(course_programs[i].name, strlen(course_programs[i].name)) == &course_programs[i],
                      "course.def names %s twice", course_programs[i].name);
    }
    DIR *folder = opendir("demos/course");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".c") != 0 || strncmp(entry->d_name, "lib_", 4) == 0) continue;
        ck_assert_msg(find_program(entry->d_name, (size_t)(end - entry->d_name)), "%s is not in course.def",
                      entry->d_name);
    }
    closedir(folder);
}
END_TEST

START_TEST(each_expectation_is_of_a_row_of_its_program)
{
    for (size_t i = 0; i < expectation_count; i++) {
        const expectation *e = &expectations[i];
        const course_program *program = find_program(e->program, strlen(e->program));
        ck_assert_msg(program != NULL, "tests/course.def names %s, which is not in course.def", e->program);
        ck_assert_msg(has_row(program->rows, e->row), "%s: row %d is not among its rows, %s", e->program, e->row,
                      program->rows);
    }
    for (size_t i = 0; i < course_program_count; i++) /* and each row that a program names is tested */
        for (int row = 1; row <= ROWS; row++) {
            bool found = !has_row(course_programs[i].rows, row);
            for (size_t k = 0; k < expectation_count && !found; k++)
                found = expectations[k].row == row && strcmp(expectations[k].program, course_programs[i].name) == 0;
            ck_assert_msg(found, "nothing in tests/course.def is about row %d of %s", row, course_programs[i].name);
        }
}
END_TEST

/* ---- the table of docs/course.md ---- */

/* The words `in such quotes` of a line, one after another; NULL after the last. */
static const char *next_quoted(const char *at, const char *end, char word[PATH])
{
    const char *open = memchr(at, '`', (size_t)(end - at));
    const char *close = open ? memchr(open + 1, '`', (size_t)(end - open - 1)) : NULL;
    if (!close) return NULL;
    ck_assert_int_lt(snprintf(word, PATH, "%.*s", (int)(close - open - 1), open + 1), PATH);
    return close + 1;
}

/* The texts of all tests, to be freed. */
static char *read_tests(void)
{
    char *all = NULL, path[2 * PATH];
    size_t length = 0;
    DIR *folder = opendir("tests");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".c") != 0) continue;
        snprintf(path, sizeof path, "tests/%s", entry->d_name);
        char *text = read_text(path);
        all = realloc(all, length + strlen(text) + 1);
        ck_assert_ptr_nonnull(all);
        strcpy(all + length, text);
        length += strlen(text);
        free(text);
    }
    closedir(folder);
    ck_assert_ptr_nonnull(all);
    return all;
}

/* Each quoted word of the row is one of its programs or a test; every one of its programs is there, and some test. */
static void check_row(int row, const char *line, const char *end, const char *tests)
{
    char word[PATH], definition[PATH + 16];
    size_t named = 0, wanted = 0;
    int found = 0;
    for (const char *at = line; (at = next_quoted(at, end, word));) {
        const course_program *program = find_program(word, strlen(word));
        snprintf(definition, sizeof definition, "START_TEST(%s)", word);
        if (program)
            ck_assert_msg(has_row(program->rows, row), "docs/course.md: %s is not about row %d", word, row);
        else
            ck_assert_msg(strstr(tests, definition), "docs/course.md, row %d: no test is called %s", row, word);
        named += program != NULL;
        found += program == NULL;
    }
    for (size_t i = 0; i < course_program_count; i++) wanted += has_row(course_programs[i].rows, row);
    ck_assert_msg(named == wanted && wanted > 0, "docs/course.md, row %d: %zu programs, not %zu", row, named, wanted);
    ck_assert_msg(found > 0, "docs/course.md, row %d: no test", row);
}

START_TEST(table_in_the_documentation_is_complete)
{
    char *page = read_text("docs/course.md"), *tests = read_tests(), begin[32];
    for (int row = 1; row <= ROWS; row++) {
        snprintf(begin, sizeof begin, "\n| %d |", row);
        const char *line = strstr(page, begin);
        ck_assert_msg(line != NULL, "docs/course.md has no row %d", row);
        check_row(row, line + 1, line + 1 + strcspn(line + 1, "\n"), tests);
    }
    free(page);
    free(tests);
}
END_TEST

START_TEST(each_row_is_expected_somewhere)
{
    for (int row = 1; row <= ROWS; row++) {
        size_t i = 0;
        while (i < expectation_count && expectations[i].row != row) i++;
        ck_assert_msg(i < expectation_count, "nothing in tests/course.def is about row %d", row);
    }
}
END_TEST

TCase *course_lists_case(void)
{
    TCase *tcase = tcase_create("lists");
    tcase_add_test(tcase, each_program_is_registered_once);
    tcase_add_test(tcase, each_expectation_is_of_a_row_of_its_program);
    tcase_add_test(tcase, table_in_the_documentation_is_complete);
    tcase_add_test(tcase, each_row_is_expected_somewhere);
    return tcase;
}
