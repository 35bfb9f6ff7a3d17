/* GradBench's evals by this library: what each of them provides, and what they share. See docs/gradbench.md. */
#ifndef GRADBENCH_H
#define GRADBENCH_H

#include <jansson.h>
#include <tapir/tapir.h>

/* ---- a text that grows (text.c) ---- */

typedef struct gb_text {
    char *bytes;
    size_t used, room;
    bool short_of_memory; /* from the first time on nothing is added */
    bool not_finite;      /* a NaN or Inf was to be written, which JSON does not have */
} gb_text;

void gb_put(gb_text *text, const char *words);
void gb_put_bytes(gb_text *text, const char *bytes, size_t n);
void gb_put_char(gb_text *text, char c);
void gb_put_int(gb_text *text, int64_t value);
/* 17 significant digits; a whole number without a fraction. */
void gb_put_number(gb_text *text, double value);
/* The words as a JSON string, with quotes; what is not ASCII becomes a question mark. */
void gb_put_string(gb_text *text, const char *words);
/* [a, b, ...], and [[...], ...] of rows by columns. */
void gb_put_list(gb_text *text, const double *values, int64_t n);
void gb_put_matrix(gb_text *text, const double *values, int64_t rows, int64_t columns);
/* A tensor of f64, dense, of any rank, as nested lists; of rank 0, and of a scalar node, a number. */
void gb_put_tensor(gb_text *text, const tp_tensor *tensor);
void gb_put_var(gb_text *text, tp_var value);
void gb_text_free(gb_text *text);

/* ---- reading a message's input (input.c) ---- */

/* All of them write to *error what is wrong with which field. */

/* Always `status`, with the message in *error. */
tp_status gb_fail(tp_error *error, tp_status status, const char *format, ...) TP_PRINTF(3, 4);
/* The tape's error as *error; TP_OK when it has none. */
tp_status gb_tape_status(const tp_tape *tape, tp_error *error);

/* The field of an object; NULL when it is missing, or `object` is none. */
const json_t *gb_field(const json_t *object, const char *field, tp_error *error);
bool gb_read_number(const json_t *object, const char *field, double *value, tp_error *error);
bool gb_read_int(const json_t *object, const char *field, int64_t low, int64_t high, int64_t *value, tp_error *error);
/* Nested lists as a tensor of f64 or i64. dims: one a level, -1 where any length will do: it is found and written
   there. NULL when lengths differ, or something else than a number is in it (for i64, than a whole one). */
tp_tensor *gb_read_tensor(const json_t *object, const char *field, tp_dtype dtype, int rank, int64_t *dims,
                          tp_error *error);

/* ---- an eval ---- */

typedef struct gb_options {
    int threads;    /* of tapes */
    bool processor; /* times are the processor's, in which what else runs on the machine does not count; else the
                       clock's */
} gb_options;

/* A function of an eval; the first is the primal, if there is one. */
typedef struct gb_function {
    const char *name;
    const char *tape; /* what the tape does in the timed part: "recorded", "replayed", or "none" */
} gb_function;

#define GB_FUNCTIONS 4

/* run is called with the function's place in the list. Everything a problem holds is made by parse and prepare, so that
   in a steady loop run asks for no memory. */
typedef struct gb_eval {
    const char *name;
    gb_function functions[GB_FUNCTIONS]; /* as far as there are names */
    /* The problem of the message's input: sizes checked, numbers in arrays or tensors. NULL after an error. Not timed.
     */
    void *(*parse)(const json_t *input, const gb_options *options, tp_error *error);
    /* What happens once a message, timed as "prepare": recording what is replayed, say. NULL: nothing. */
    tp_status (*prepare)(void *problem, int function, tp_error *error);
    /* The function once, from the native arrays of the problem to native arrays of the result: what is timed. */
    tp_status (*run)(void *problem, int function, tp_error *error);
    /* The result of the latest run as JSON. */
    void (*write)(const void *problem, int function, gb_text *out);
    /* For its statistics. NULL: there is none. */
    const tp_tape *(*tape)(const void *problem);
    /* Takes NULL, and a problem of which parse made a part. */
    void (*free)(void *problem);
} gb_eval;

#define EVAL(name) extern const gb_eval gb_##name;
#include "bench/gradbench/evals.def"
#undef EVAL

/* NULL for no name of an eval; -1 for no name of a function of it. */
const gb_eval *gb_eval_find(const char *name);
int gb_function_find(const gb_eval *eval, const char *name);

/* ---- measuring (measure.c) ---- */

/* A function measured: its result as JSON, and the times of its runs. */
typedef struct gb_measured {
    gb_text output;
    int64_t prepare; /* nanoseconds; -1: there was nothing to prepare */
    int64_t *runs;
    int64_t count, room;
    size_t tape_bytes; /* the most that the tape took */
} gb_measured;

/* Runs the function on the message's input as often as that asks for: until there are min_runs runs [1] and they took
   min_seconds [0] together. gb_measured_free in any case. */
tp_status gb_measure(const gb_eval *eval, int function, const json_t *input, const gb_options *options,
                     gb_measured *measured, tp_error *error);
/* Sorts the runs by their times and gives the one than which a twentieth is shorter: what else the machine does only
   adds, but clocks err to both sides. */
double gb_short_ms(gb_measured *measured);
void gb_measured_free(gb_measured *measured);

/* ---- the protocol (protocol.c) ---- */

/* Answers a message, a line without its end, with a line. */
void gb_answer(const char *line, size_t length, const gb_options *options, gb_text *answer);

#endif
