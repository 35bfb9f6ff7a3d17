/* Random programs over the op table. A program is data, leaves with their numbers and steps that call ops on values
   made before: so it can be run again with other numbers, cut down, and printed as C. Invariant: the operands of a step
   are leaves or earlier steps. */
#ifndef TAPIR_TESTS_RANDOM_PROGRAM_H
#define TAPIR_TESTS_RANDOM_PROGRAM_H

#include "tests/test_ops.h"

enum {
    MOST_LEAVES = 16,
    MOST_STEPS = 40,
    MOST_VALUES = MOST_LEAVES + MOST_STEPS,
    MOST_OPERANDS = 8,
    MOST_DIMS = 5,
    MOST_ELEMENTS = 48 /* of a value */
};

typedef struct form {
    int rank; /* 0: a scalar */
    int64_t dims[TP_MAX_RANK];
} form;

typedef struct step {
    const struct recipe *recipe;
    const tp_op *op;      /* of a row */
    const sample *sample; /* of an op that is called as one of its samples calls it */
    int n, operand[MOST_OPERANDS];
    int count;
    int64_t list[MOST_DIMS];
    bool keep;
    double number;
} step;

typedef struct program {
    uint64_t seed;
    int leaves, steps, result;
    form leaf[MOST_LEAVES];
    double numbers[MOST_LEAVES][MOST_ELEMENTS];
    step step[MOST_STEPS]; /* value MOST_LEAVES + k is that of step k */
} program;

/* Text that grows up to its end and is then cut off. */
typedef struct text {
    char at[16384];
    size_t n;
} text;
void say(text *t, const char *format, ...) TP_PRINTF(2, 3);

/* ---- drawing ---- */

typedef struct generator {
    tp_rng rng;
    program *program;
    tp_tape *tape; /* the program so far */
    tp_var value[MOST_VALUES];
    const struct recipe *extra; /* one more kind of step, or NULL */
} generator;

/* A kind of step: how it is drawn, recorded and written as C. */
typedef struct recipe {
    const char *name;
    bool (*draw)(generator *g, step *s); /* chooses operands and attributes; false when nothing fits */
    tp_var (*record)(const step *s, const tp_var *x);
    void (*print)(text *t, const step *s);
} recipe;

/* Draws the program of that seed. `extra` may be NULL. */
void program_draw(program *p, uint64_t seed, tp_tape *tape, const recipe *extra);

int below(generator *g, int n); /* 0 .. n-1 */
double between(generator *g, double a, double b);
int pick(generator *g); /* a value, rather one that nothing has used yet */
form form_of(const generator *g, int value);
/* A value of that shape made of `value` by further steps, with all its numbers in low .. high; -1 when
   there is none. */
int fitted(generator *g, int value, const form *to);
int guarded(generator *g, int value, double low, double high);
/* Records one more step. Returns its value, or -1 when the library refused or the numbers are no good. */
int append(generator *g, const step *s);
int append_leaf(generator *g, const form *shape, double low, double high);

extern const recipe recipe_row, recipe_sample;
/* The recipes that are written by hand, and those of them that fitting and guarding need. */
extern const recipe *const hand_recipes[];
extern const int hand_recipe_count;
extern const recipe recipe_reshape, recipe_slice, recipe_concat, recipe_expand, recipe_mean, recipe_sum;

/* The ops of the table that can be drawn through their samples: the i-th sample of the n of that op, which fit. */
int usable_samples(const tp_op *op, const sample *out[MAX_SAMPLES]);
/* Calls the op as its sample does; what the sample holds constant is drawn from `seed`. */
tp_var call_sample(const sample *s, uint64_t seed, const tp_var *x);

/* ---- running ---- */

typedef struct execution {
    tp_tape *tape;
    tp_tensor *tensor[MOST_LEAVES]; /* NULL for scalars */
    tp_var value[MOST_VALUES], y;
} execution;

/* Records the program on the tape, which is reset. False when the library refuses. */
bool program_record(const program *p, tp_tape *tape, execution *e);
void execution_end(const program *p, execution *e);
/* New numbers in the leaves: each its own plus t times its direction. */
void execution_move(const program *p, execution *e, double t, double (*direction)[MOST_ELEMENTS]);
/* Takes away what the result does not use. */
void program_prune(program *p);
int64_t form_count(const form *f);

/* ---- checking ---- */

typedef enum verdict { GOOD, DISCARDED, WRONG } verdict;
typedef struct finding {
    verdict verdict;
    char message[200];
} finding;

/* The numeric walk against the recorded walk, forward mode and finite differences, replay against recording anew, and
   with `second` the second derivative. Discarded: too near a kink, or the differences are not good enough to tell. */
finding program_check(const program *p, tp_tape *tape, tp_tape *other, bool second);

/* Cuts a wrong program down while it stays wrong. */
void program_shrink(program *p, tp_tape *tape, tp_tape *other, bool second);

/* The program as a C program with a call of tp_gradcheck, and what is wrong with it. */
void program_print(text *t, const program *p, const char *message);

/* Tests of the machine itself. */
TCase *random_wrong_case(void);

#endif
