/* llsq: y = 1/2 sum_i (s_i - sum_j x_j t_i^j)^2, the squares of what is left when a polynomial with the coefficients x
   is fitted to the sign s of t at n places t between -1 and 1; and its gradient. The coefficients are scalars, the
   places a tensor. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

typedef struct llsq {
    tp_tape *tape;
    tp_tensor *numbers;
    int64_t m, n;
    tp_var *v; /* t, s, then the m coefficients */
    tp_var y;
    double *gradient;
} llsq;

/* s less the polynomial at t, by Horner's rule. */
static void residual(tp_tape *tape, const tp_var *v, int n, tp_var *r, int m, void *user)
{
    const tp_var t = v[0], s = v[1];
    tp_var polynomial = v[n - 1];
    (void)tape, (void)m, (void)user;
    for (int j = n - 2; j >= 2; j--) polynomial = tp_fma(polynomial, t, v[j]);
    r[0] = tp_sub(s, polynomial);
}

static tp_status llsq_prepare(void *problem, int function, tp_error *error)
{
    llsq *l = problem;
    (void)function;
    l->v[0] = tp_linspace(l->tape, TP_F64, -1, 1, l->n);
    l->v[1] = tp_sign(l->v[0]);
    for (int64_t j = 0; j < l->m; j++) l->v[2 + j] = tp_scalar(l->tape, 0);
    const tp_var r = tp_map(residual, l->tape, l->v, (int)l->m + 2, 1, NULL);
    l->y = tp_muls(tp_sum(tp_square(r)), .5);
    return gb_tape_status(l->tape, error);
}

static tp_status llsq_run(void *problem, int function, tp_error *error)
{
    llsq *l = problem;
    const double *x = tp_tensor_read(l->numbers);
    for (int64_t j = 0; j < l->m; j++) tp_set_item(l->v[2 + j], x[j]);
    tp_replay(l->tape, 0);
    if (function == 1) {
        tp_backward(l->y);
        for (int64_t j = 0; j < l->m; j++) l->gradient[j] = tp_grad_item(l->v[2 + j]);
    }
    return gb_tape_status(l->tape, error);
}

static void llsq_write(const void *problem, int function, gb_text *out)
{
    const llsq *l = problem;
    if (function == 1)
        gb_put_list(out, l->gradient, l->m);
    else
        gb_put_var(out, l->y);
}

static const tp_tape *llsq_tape(const void *problem)
{
    return ((const llsq *)problem)->tape;
}

static void llsq_free(void *problem)
{
    llsq *l = problem;
    if (!l) return;
    tp_tape_free(l->tape);
    tp_tensor_release(l->numbers);
    free(l->gradient);
    free(l->v);
    free(l);
}

static void *llsq_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    llsq *l = calloc(1, sizeof *l);
    if (!l) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    l->m = -1;
    l->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_read_int(input, "n", 2, INT32_MAX, &l->n, error))
        l->numbers = gb_read_tensor(input, "x", TP_F64, 1, &l->m, error);
    if (l->numbers && (l->m < 1 || l->m > INT32_MAX - 2))
        gb_fail(error, TP_E_SHAPE, "\"x\" has %lld elements", (long long)l->m);
    else if (l->numbers && gb_tape_status(l->tape, error) == TP_OK) {
        l->v = malloc((size_t)(l->m + 2) * sizeof *l->v);
        l->gradient = malloc((size_t)l->m * sizeof *l->gradient);
        if (l->v && l->gradient) return l;
        gb_fail(error, TP_E_MEMORY, "no memory for %lld coefficients", (long long)l->m);
    }
    llsq_free(l);
    return NULL;
}

const gb_eval gb_llsq = {
    .name = "llsq",
    .functions = {{"primal", "replayed"}, {"gradient", "replayed"}},
    .parse = llsq_parse,
    .prepare = llsq_prepare,
    .run = llsq_run,
    .write = llsq_write,
    .tape = llsq_tape,
    .free = llsq_free,
};
