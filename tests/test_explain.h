/* What the tests of the program tapir share: one run of `tapir explain` inside this process, and readers of what it
   printed. */
#ifndef TAPIR_TESTS_EXPLAIN_H
#define TAPIR_TESTS_EXPLAIN_H

#include "cli/explain.h"
#include "tests/helpers.h"

/* An expression in which two variables fork. */
#define EXPLAIN_STAGED "(x+sigmoid(y))/(sigmoid(x)+(x+y)^2)"

TCase *explain_formats_case(void);
TCase *explain_parse_case(void);
TCase *explain_functions_case(void);
TCase *explain_errors_case(void);
TCase *explain_program_case(void);
TCase *explain_hostile_case(void);

/* Texts of the latest run, to be freed with explained_free. */
typedef struct explained {
    int status;
    char *out, *complaints;
} explained;

/* `arguments` is the assignments with blanks between: "x=-2 y=5". `options` may be NULL; the expression is set in it.
 */
explained explain(const char *expression, const char *arguments, const cli_options *options);
/* The same with an allocator and any bytes. */
explained explain_with(const char *expression, size_t length, const char *arguments, const cli_options *options,
                       const tp_allocator *memory);
void explained_free(explained *run);

/* In the printed tables: a gate's value, its upstream gradient, and a variable's gradient. The test fails when there is
   no such row. */
double printed_value(const explained *run, const char *gate);
double printed_upstream(const explained *run, const char *gate);
double printed_gradient(const explained *run, const char *variable);
/* Whether the output, or the complaints, have the text in them. */
#define EXPECT_SAYS(run, text) ck_assert_msg(strstr((run)->out, text), "no '%s' in\n%s", text, (run)->out)
#define EXPECT_COMPLAINS(run, text)                                                                                    \
    ck_assert_msg(strstr((run)->complaints, text), "no '%s' in\n%s", text, (run)->complaints)

#endif
