/* lse: f(x) = A + log sum_i exp(x_i - A), A = max x, and its gradient. A is a constant to the derivative, which does
   not depend on it. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

typedef struct lse {
    tp_tape *tape;
    tp_tensor *numbers;
    tp_var x, value;
} lse;

static void shifted_exp(tp_tape *tape, const tp_var *x, int n, tp_var *y, int m, void *user)
{
    (void)tape, (void)n, (void)m, (void)user;
    y[0] = tp_exp(tp_sub(x[0], x[1]));
}

static tp_var log_sum_exp(tp_var x)
{
    const tp_var a = tp_detach(tp_max(x));
    return tp_add(a, tp_log(tp_sum(tp_map(shifted_exp, x.tape, (const tp_var[]){x, a}, 2, 1, NULL))));
}

static tp_status lse_prepare(void *problem, int function, tp_error *error)
{
    lse *l = problem;
    (void)function;
    l->x = tp_leaf(l->tape, l->numbers);
    l->value = log_sum_exp(l->x);
    return gb_tape_status(l->tape, error);
}

static tp_status lse_run(void *problem, int function, tp_error *error)
{
    lse *l = problem;
    tp_replay(l->tape, 0);
    if (function == 1) tp_backward(l->value);
    return gb_tape_status(l->tape, error);
}

static void lse_write(const void *problem, int function, gb_text *out)
{
    const lse *l = problem;
    if (function == 1)
        gb_put_tensor(out, tp_grad(l->x));
    else
        gb_put_var(out, l->value);
}

static const tp_tape *lse_tape(const void *problem)
{
    return ((const lse *)problem)->tape;
}

static void lse_free(void *problem)
{
    lse *l = problem;
    if (!l) return;
    tp_tape_free(l->tape);
    tp_tensor_release(l->numbers);
    free(l);
}

static void *lse_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    lse *l = calloc(1, sizeof *l);
    if (!l) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    l->numbers = gb_read_tensor(input, "x", TP_F64, 1, (int64_t[]){-1}, error);
    l->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (l->numbers && gb_tape_status(l->tape, error) == TP_OK) return l;
    lse_free(l);
    return NULL;
}

const gb_eval gb_lse = {
    .name = "lse",
    .functions = {{"primal", "replayed"}, {"gradient", "replayed"}},
    .parse = lse_parse,
    .prepare = lse_prepare,
    .run = lse_run,
    .write = lse_write,
    .tape = lse_tape,
    .free = lse_free,
};
