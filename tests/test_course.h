/* What the tests of the course share: what a program must print, the reader of what it printed, the runner. */
#ifndef TAPIR_TESTS_COURSE_H
#define TAPIR_TESTS_COURSE_H

#include "tests/helpers.h"

TCase *course_harness_case(void);
TCase *course_lists_case(void);

typedef enum expectation_kind { NUMBERS_ARE, AT_MOST, AT_LEAST, TEXT_IS, PICTURE_IS } expectation_kind;

typedef struct expectation {
    expectation_kind kind;
    int row;
    const char *program, *label, *text; /* of a picture, the label is its file */
    double tolerance;                   /* or the bound */
    size_t count;
    const double *numbers;
} expectation;

/* tests/course.def and demos/course/course.def. */
typedef struct course_program {
    const char *name, *rows;
} course_program;
extern const expectation *const expectations;
extern const size_t expectation_count;
extern const course_program *const course_programs;
extern const size_t course_program_count;

/* The whole file, to be freed; it must be there. */
char *read_text(const char *path);

/* A text that grows up to its end: what is wrong, one line each. */
typedef struct mistakes {
    char text[4096];
} mistakes;
void add_mistake(mistakes *list, const char *format, ...) TP_PRINTF(2, 3);

/* Compares one line of `output` with what is expected of it. Not for pictures. */
void check_line(const char *output, const expectation *wanted, mistakes *list);
/* A line with the word nan or inf is a mistake, unless one of the n expectations is a text about it. */
void check_finite(const char *output, const expectation *wanted, size_t n, mistakes *list);

/* Runs the program, its output and messages into the files; the exit status, -1 after `seconds` or where it was killed
   by a signal; what went wrong is added to the list. */
int run_program(const char *const *arguments, const char *output, const char *messages, double seconds, mistakes *list);

#endif
