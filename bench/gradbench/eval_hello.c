/* hello: the square of a number, and its derivative. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

typedef struct hello {
    tp_tape *tape;
    double x, result;
} hello;

static void *hello_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    hello *h = json_is_number(input) ? calloc(1, sizeof *h) : NULL;
    if (!h) {
        gb_fail(error, TP_E_FORMAT, "the input is no number");
        return NULL;
    }
    h->x = json_number_value(input);
    h->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    return h;
}

static tp_status hello_run(void *problem, int function, tp_error *error)
{
    hello *h = problem;
    tp_tape_reset(h->tape);
    const tp_var x = tp_scalar(h->tape, h->x), y = tp_square(x);
    if (function == 1) tp_backward(y);
    h->result = function == 1 ? tp_grad_item(x) : tp_item(y);
    return gb_tape_status(h->tape, error);
}

static void hello_write(const void *problem, int function, gb_text *out)
{
    (void)function;
    gb_put_number(out, ((const hello *)problem)->result);
}

static const tp_tape *hello_tape(const void *problem)
{
    return ((const hello *)problem)->tape;
}

static void hello_free(void *problem)
{
    hello *h = problem;
    if (!h) return;
    tp_tape_free(h->tape);
    free(h);
}

const gb_eval gb_hello = {
    .name = "hello",
    .functions = {{"square", "recorded"}, {"double", "recorded"}},
    .parse = hello_parse,
    .run = hello_run,
    .write = hello_write,
    .tape = hello_tape,
    .free = hello_free,
};
