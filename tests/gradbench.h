/* What the tests of GradBench's program share: a session of the protocol with it. It lies beside the test program. */
#ifndef TAPIR_TESTS_GRADBENCH_H
#define TAPIR_TESTS_GRADBENCH_H

#include <stdio.h>

#include "tests/helpers.h"

TCase *gradbench_differences_case(void);
TCase *gradbench_refusals_case(void);
TCase *gradbench_forms_case(void);
TCase *gradbench_protocol_case(void);
TCase *gradbench_slopes_case(void);

/* Messages are written to `ask`, a line each, and answered all at once. */
typedef struct gb_session {
    FILE *ask;
    char *answers;
    char **line; /* the answers, one by one */
    int count;
} gb_session;

void gb_open(gb_session *session);
/* The start of an evaluate message, up to its input, which the caller prints; and its end. */
void gb_ask(gb_session *session, const char *eval, const char *function);
void gb_end(gb_session *session);
/* Runs the program, whose status must be 0, and splits its answers: as many as there are messages. */
void gb_run(gb_session *session, int messages);
void gb_close(gb_session *session);

/* The numbers of an answer's output, in the order in which they stand; at most `room`. The answer must be a success.
   Returns how many there are. */
int gb_numbers(const char *answer, double *numbers, int room);

#endif
