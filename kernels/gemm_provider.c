/* oneDNN and CBLAS behind one face; without either, nothing is taken.
 * Invariant: a library is called only with one unit stride an operand and every number within its integers. */
#include "gemm_provider.h"

#ifdef TP_WITH_ONEDNN
#ifndef _OPENMP
#error "oneDNN is held to one thread through OpenMP: build this file with -fopenmp"
#endif
#include <dnnl.h>
#include <omp.h>
#endif
#ifdef TP_WITH_CBLAS
#include <cblas.h>
#ifdef __ELF__
/* OpenBLAS only; another CBLAS leaves these null. */
int openblas_get_num_threads(void) __attribute__((weak));
void openblas_set_num_threads(int threads) __attribute__((weak));
#endif
#endif

#if defined(TP_WITH_ONEDNN) || defined(TP_WITH_CBLAS)

typedef struct layout {
    bool turned; /* columns, not rows, are apart by `lead` */
    int64_t lead;
} layout;

/* rows x cols elements apart by (row, col): false where neither direction adjoins */
static bool lay_out(int64_t rows, int64_t cols, int64_t row, int64_t col, layout *out)
{
    const bool plain = col == 1 && row >= cols;
    *out = (layout){.turned = !plain, .lead = plain ? row : col};
    return (plain || (row == 1 && col >= rows)) && out->lead <= INT32_MAX;
}

static bool lay_out_all(const tp_gemm_args *g, layout *a, layout *b)
{
    return g->m <= INT32_MAX && g->n <= INT32_MAX && g->k <= INT32_MAX && g->c_row >= g->n && g->c_row <= INT32_MAX &&
           lay_out(g->m, g->k, g->a_row, g->a_col, a) && lay_out(g->k, g->n, g->b_row, g->b_col, b);
}

#endif

#ifdef TP_WITH_CBLAS

/* A library tuned to the processor beats tiles of 16-byte vectors; beside AVX2 ours draw level, beside AVX-512
 * they are ahead. */
static bool takes_cblas(const tp_gemm_args *g, int64_t panel_bytes)
{
    return panel_bytes < 64 && g->m >= 8;
}

#endif

#ifdef TP_WITH_ONEDNN

static double work_of(const tp_gemm_args *g)
{
    return (double)g->m * (double)g->n * (double)g->k;
}

/* Beside AVX-512 tiles of our own oneDNN gains up to a tenth once it has enough to do, later where it must turn
 * b; beside narrower ones it is twice as fast at once, for it picks its own instructions. */
static bool takes_float(const tp_gemm_args *g, int64_t panel_b)
{
    const double work = work_of(g), turned = 2e6, plain = 4e5;
    return panel_b * (int64_t)sizeof(float) < 128 || work >= (g->b_col == 1 ? plain : turned);
}

static bool run_float(const tp_gemm_args *g, layout a, layout b)
{
    return dnnl_sgemm(a.turned ? 'T' : 'N', b.turned ? 'T' : 'N', g->m, g->n, g->k, 1.0F, g->a, a.lead, g->b, b.lead,
                      g->accumulate ? 1.0F : 0.0F, g->c, g->c_row) == dnnl_success;
}

#elif defined(TP_WITH_CBLAS)

static bool takes_float(const tp_gemm_args *g, int64_t panel_b)
{
    return takes_cblas(g, panel_b * (int64_t)sizeof(float));
}

static bool run_float(const tp_gemm_args *g, layout a, layout b)
{
    cblas_sgemm(CblasRowMajor, a.turned ? CblasTrans : CblasNoTrans, b.turned ? CblasTrans : CblasNoTrans, (int)g->m,
                (int)g->n, (int)g->k, 1.0F, g->a, (int)a.lead, g->b, (int)b.lead, g->accumulate ? 1.0F : 0.0F, g->c,
                (int)g->c_row);
    return true;
}

#endif

#ifdef TP_WITH_CBLAS

static bool takes_double(const tp_gemm_args *g, int64_t panel_b)
{
    return takes_cblas(g, panel_b * (int64_t)sizeof(double));
}

static bool run_double(const tp_gemm_args *g, layout a, layout b)
{
    cblas_dgemm(CblasRowMajor, a.turned ? CblasTrans : CblasNoTrans, b.turned ? CblasTrans : CblasNoTrans, (int)g->m,
                (int)g->n, (int)g->k, 1.0, g->a, (int)a.lead, g->b, (int)b.lead, g->accumulate ? 1.0 : 0.0, g->c,
                (int)g->c_row);
    return true;
}

#endif

bool tp_gemm_provider_takes(const tp_gemm_args *g, int64_t size, int64_t panel_b)
{
    (void)g, (void)size, (void)panel_b;
#if defined(TP_WITH_ONEDNN) || defined(TP_WITH_CBLAS)
    layout a, b;
    if (size == sizeof(float)) return takes_float(g, panel_b) && lay_out_all(g, &a, &b);
#endif
#ifdef TP_WITH_CBLAS
    if (size == sizeof(double)) return takes_double(g, panel_b) && lay_out_all(g, &a, &b);
#endif
    return false;
}

bool tp_gemm_provider_run(const tp_gemm_args *g, int64_t size)
{
    (void)g, (void)size;
#if defined(TP_WITH_ONEDNN) || defined(TP_WITH_CBLAS)
    layout a, b;
    if (!lay_out_all(g, &a, &b)) return false;
    if (size == sizeof(float)) return run_float(g, a, b);
#endif
#ifdef TP_WITH_CBLAS
    if (size == sizeof(double)) return run_double(g, a, b);
#endif
    return false;
}

/* oneDNN asks OpenMP's thread count of the calling task, which belongs to that task alone.  OpenBLAS's count
 * belongs to the process: it is touched only where it is not 1, so that two callers cannot leave it at 1. */
int tp_gemm_provider_hold(int64_t size)
{
    (void)size;
#ifdef TP_WITH_ONEDNN
    if (size == sizeof(float)) {
        const int held = omp_get_max_threads();
        if (held > 1) omp_set_num_threads(1);
        return held;
    }
#endif
#if defined(TP_WITH_CBLAS) && defined(__ELF__)
    if (openblas_get_num_threads && openblas_set_num_threads) {
        const int held = openblas_get_num_threads();
        if (held > 1) openblas_set_num_threads(1);
        return held;
    }
#endif
    return 1;
}

void tp_gemm_provider_release(int64_t size, int held)
{
    (void)size;
    if (held <= 1) return;
#ifdef TP_WITH_ONEDNN
    if (size == sizeof(float)) {
        omp_set_num_threads(held);
        return;
    }
#endif
#if defined(TP_WITH_CBLAS) && defined(__ELF__)
    openblas_set_num_threads(held);
#endif
}
