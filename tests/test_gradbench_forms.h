/* GradBench's program as a child that answers line by line, and its answers as JSON. */
#ifndef TAPIR_TESTS_GRADBENCH_FORMS_H
#define TAPIR_TESTS_GRADBENCH_FORMS_H

#include "tests/helpers.h"

#ifdef GRADBENCH
#include <jansson.h>

/* The program, started without arguments. */
typedef struct child {
    int pid;
    FILE *to, *from;
} child;

/* The path of the program that lies beside the test program; static. */
const char *gradbench_program(void);
/* bytes: the most memory that it may have; 0: any. */
child start_child(size_t bytes);
/* Its exit status, after the end of its input; -1 if it was killed. */
int end_child(child *c);
/* The answer to a line, read: to be given back with json_decref. */
json_t *answer_to(child *c, const char *line);
/* The output of an evaluation, which must succeed: to be given back. */
json_t *evaluate(child *c, const char *module, const char *function, json_t *input);
/* The file's lines, each an object with "eval" and either "input" or "function", "digits" and "output". */
json_t *example_lines(void);
/* Every number in the value agrees to so many significant digits; else a message, in `text`, says where not. */
bool agrees(const json_t *got, const json_t *wanted, int digits, char *text, size_t size);
#endif

#endif
