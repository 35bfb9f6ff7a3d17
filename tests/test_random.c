/* Thousands of random programs over the op table, and tests of the machine that makes, checks and cuts them down. The
   environment sets TAPIR_RANDOM_SEED (the first seed; program i has that plus i) and TAPIR_RANDOM_COUNT. */
#include <stdlib.h>

#include "tests/random_program.h"
#include "tests/tests.h"

enum { PROGRAMS = 11000, FIRST_SEED = 1, APPEARANCES = 25 };

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);
    return given ? strtoull(given, NULL, 10) : otherwise;
}

static program drawn; /* large */

static void fail_with(tp_tape *tape, tp_tape *other, bool second)
{
    static text t;
    t.n = 0;
    program_shrink(&drawn, tape, other, second);
    program_print(&t, &drawn, program_check(&drawn, tape, other, second).message);
    ck_abort_msg("a random program is wrong; cut down it reads\n%s", t.at);
}

/* ---- which ops appear ---- */

static int appearances[4096];

/* Counts each op of the table once for a program whose recording it stands in. */
static void count_ops(const tp_tape *tape, uint32_t nodes)
{
    for (int i = 0; i < tp_op_count(); i++) {
        bool found = false;
        for (uint32_t k = 0; k < nodes && !found; k++) found = tape->nodes[k].op == tp_op_at(i);
        appearances[i] += found;
    }
}

/* Differentiable ops that no random program holds, and why. */
static const struct {
    const char *op, *why;
} never_drawn[] = {
    {"clamp_tensors", "what keeps operands in range puts them on its bounds, where it has a kink"},
    {NULL, NULL},
};

static const char *why_never(const char *op)
{
    for (int i = 0; never_drawn[i].op; i++)
        if (strcmp(never_drawn[i].op, op) == 0) return never_drawn[i].why;
    return NULL;
}

static void expect_coverage(void)
{
    static text t;
    t.n = 0;
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        const char *why = why_never(op->name);
        if (op->flags & TP_NO_GRADIENT) continue;
        if (why && appearances[i]) say(&t, "\n%s is drawn after all (%s)", op->name, why);
        if (!why && appearances[i] < APPEARANCES) say(&t, "\n%s is in %d programs", op->name, appearances[i]);
    }
    ck_assert_msg(!t.n, "ops that too few random programs hold:%s", t.at);
}

START_TEST(random_programs_agree_with_differences_and_themselves)
{
    const uint64_t first = setting("TAPIR_RANDOM_SEED", FIRST_SEED), count = setting("TAPIR_RANDOM_COUNT", PROGRAMS);
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    uint64_t discarded = 0;
    for (uint64_t i = 0; i < count; i++) {
        const bool second = (first + i) % 2 == 0;
        program_draw(&drawn, first + i, tape, NULL);
        const finding f = program_check(&drawn, tape, other, second);
        if (f.verdict == WRONG) fail_with(tape, other, second);
        discarded += f.verdict == DISCARDED;
        if (f.verdict == GOOD) count_ops(tape, tp_tape_stats(tape).nodes);
    }
    ck_assert_msg(discarded * 100 <= 5 * count + 100, "%llu of %llu programs were discarded",
                  (unsigned long long)discarded, (unsigned long long)count);
    if (count >= PROGRAMS) expect_coverage();
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

Suite *random_suite(void)
{
    Suite *suite = suite_create("random");
    TCase *programs = tcase_create("programs");
    tcase_set_timeout(programs, 0);
    tcase_add_test(programs, random_programs_agree_with_differences_and_themselves);
    suite_add_tcase(suite, programs);
    suite_add_tcase(suite, random_wrong_case());
    return suite;
}
