/* Products of many small matrices, and factorisations. */
#include "bench/bench.h"

static tp_var product(const tp_var *x)
{
    return tp_matmul(x[0], x[1]);
}

static tp_var attention(const tp_var *x)
{
    return tp_einsum("bqhd,bkhd->bhqk", x, 2);
}

/* of x x^T, x twice as wide as high: far from singular */
static tp_var cholesky_of_gram(const tp_var *x)
{
    return tp_cholesky(tp_matmul(x[0], tp_transpose(x[0], -1, -2)));
}

static tp_var solved(const tp_var *x)
{
    return tp_solve(x[0], x[1]);
}

static tp_var inverted(const tp_var *x)
{
    return tp_inverse(x[0]);
}

static tp_var singular_values(const tp_var *x)
{
    tp_var s, u, vt;
    tp_svd(x[0], &u, &s, &vt);
    return s;
}

static tp_var eigenvalues(const tp_var *x)
{
    tp_var w, v;
    tp_eigh(x[0], &w, &v);
    return w;
}

static tp_var q_factor(const tp_var *x)
{
    tp_var q, r;
    tp_qr(x[0], &q, &r);
    return q;
}

#define TASK(row, function, text, goal, ...)                                                                           \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .program = &bench_op_program, .build = function, .operands = {__VA_ARGS__},  \
        .lines = {                                                                                                     \
            {text ", forward and backward", "us", 1e6, goal, 0}                                                        \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    TASK("bmm_64", product, "matmul 64 x (64 x 64)(64 x 64)", 1, FLOATS(64, 64, 64), FLOATS(64, 64, 64)),
    TASK("bmm_16", product, "matmul 64 x (16 x 16)(16 x 16)", 1, FLOATS(64, 16, 16), FLOATS(64, 16, 16)),
    TASK("einsum", attention, "einsum bqhd,bkhd->bhqk, 8 x 64 x 4 x 32", 0, FLOATS(8, 64, 4, 32), FLOATS(8, 64, 4, 32)),
    TASK("cholesky_64", cholesky_of_gram, "x x^T and cholesky, 64 x 64", 0, FLOATS(64, 128)),
    TASK("cholesky_256", cholesky_of_gram, "x x^T and cholesky, 256 x 256", 0, FLOATS(256, 512)),
    TASK("solve_64", solved, "solve 64 x 64, 64 right-hand sides", 0, FLOATS(64, 64), FLOATS(64, 64)),
    TASK("solve_256", solved, "solve 256 x 256, 256 right-hand sides", 0, FLOATS(256, 256), FLOATS(256, 256)),
    TASK("inverse_64", inverted, "inverse 64 x 64", 0, FLOATS(64, 64)),
    TASK("inverse_256", inverted, "inverse 256 x 256", 0, FLOATS(256, 256)),
    TASK("qr_64", q_factor, "Q of qr 64 x 64", 0, FLOATS(64, 64)),
    TASK("qr_256", q_factor, "Q of qr 256 x 256", 0, FLOATS(256, 256)),
    TASK("eigh_64", eigenvalues, "eigh 64 x 64", 0, FLOATS(64, 64)),
    TASK("eigh_256", eigenvalues, "eigh 256 x 256", 0, FLOATS(256, 256)),
    TASK("svd_64", singular_values, "svd 64 x 64", 0, FLOATS(64, 64)),
    TASK("svd_256", singular_values, "svd 256 x 256", 0, FLOATS(256, 256)),
};
const bench_list bench_linalg = {tasks, sizeof tasks / sizeof *tasks};
