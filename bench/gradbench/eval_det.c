/* det: the determinant of a matrix by expansion into minors along the first row, and its gradient, the matrix of
   cofactors. The expansion takes the same path for all numbers: it is recorded once and replayed. */
#include <stdlib.h>
#include <string.h>

#include "bench/gradbench/gradbench.h"

enum { LARGEST = 12 };

typedef struct det {
    tp_tape *tape;
    tp_tensor *matrix;
    int ell;
    tp_var a[LARGEST][LARGEST], negative[LARGEST][LARGEST];
    tp_var value;
    double gradient[LARGEST * LARGEST];
} det;

/* The determinant of the rows from `row` on and of the columns in the set:
   sum_j (-1)^j a_j |the rows below, without column j|. */
static tp_var minor_of(const det *d, int row, unsigned columns)
{
    tp_var sum = tp_none();
    bool odd = false;
    for (int j = 0; j < d->ell; j++) {
        if (!(columns >> j & 1)) continue;
        const tp_var a = odd ? d->negative[row][j] : d->a[row][j];
        if (row == d->ell - 1) return a;
        const tp_var below = minor_of(d, row + 1, columns & ~(1u << j));
        sum = tp_ok(sum) ? tp_fma(a, below, sum) : tp_mul(a, below);
        odd = !odd;
    }
    return sum;
}

static tp_status det_prepare(void *problem, int function, tp_error *error)
{
    det *d = problem;
    for (int i = 0; i < d->ell; i++) {
        for (int j = 0; j < d->ell; j++) {
            d->a[i][j] = tp_scalar(d->tape, 0);
            d->negative[i][j] = tp_neg(d->a[i][j]);
        }
    }
    d->value = minor_of(d, 0, (1u << d->ell) - 1);
    if (function == 1) tp_backward(d->value); /* takes the memory of the walk */
    return gb_tape_status(d->tape, error);
}

static tp_status det_run(void *problem, int function, tp_error *error)
{
    det *d = problem;
    const double *numbers = tp_tensor_read(d->matrix);
    for (int i = 0; i < d->ell; i++)
        for (int j = 0; j < d->ell; j++) tp_set_item(d->a[i][j], numbers[i * d->ell + j]);
    tp_replay(d->tape, 0);
    if (function == 1) {
        tp_backward(d->value);
        for (int i = 0; i < d->ell; i++)
            for (int j = 0; j < d->ell; j++) d->gradient[i * d->ell + j] = tp_grad_item(d->a[i][j]);
    }
    return gb_tape_status(d->tape, error);
}

static void det_write(const void *problem, int function, gb_text *out)
{
    const det *d = problem;
    if (function == 1)
        gb_put_list(out, d->gradient, d->ell * d->ell);
    else
        gb_put_var(out, d->value);
}

static const tp_tape *det_tape(const void *problem)
{
    return ((const det *)problem)->tape;
}

static void det_free(void *problem)
{
    det *d = problem;
    if (!d) return;
    tp_tape_free(d->tape);
    tp_tensor_release(d->matrix);
    free(d);
}

/* One node for each product of the expansion: there are 1.72 ell! of them. */
static uint32_t nodes_of(int ell)
{
    uint32_t products = 0;
    for (int k = 2; k <= ell; k++) products = (uint32_t)k * (products + 1);
    return products + 2u * LARGEST * LARGEST;
}

static void *det_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    int64_t ell;
    if (!gb_read_int(input, "ell", 1, LARGEST, &ell, error)) return NULL;
    det *d = calloc(1, sizeof *d);
    if (!d) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    d->ell = (int)ell;
    d->matrix = gb_read_tensor(input, "A", TP_F64, 1, (int64_t[]){ell * ell}, error);
    d->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads, .nodes = nodes_of(d->ell)});
    if (d->matrix && gb_tape_status(d->tape, error) == TP_OK) return d;
    det_free(d);
    return NULL;
}

const gb_eval gb_det = {
    .name = "det",
    .functions = {{"primal", "replayed"}, {"gradient", "replayed"}},
    .parse = det_parse,
    .prepare = det_prepare,
    .run = det_run,
    .write = det_write,
    .tape = det_tape,
    .free = det_free,
};
