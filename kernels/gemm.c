/* Matrix product: which kernel, which blocks, which threads.
 * Invariant: the kernel and the tiles follow from the shape and strides; threads only share tiles out, and the
 * sum over k is never split between them. */
#include "gemm.h"

#include "gemm_provider.h"
#include "gemm_table.h"

#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Measured on Zen 5 at levels v2, v3 and v4; work is counted in multiply-adds. */
#define SMALL_WORK 32768     /* up to here no scratch is used, whatever the strides */
#define DIRECT_WORK 400000.0 /* up to here b, if its columns adjoin, is read where it lies */
#define COPIED_WORK 120000.0 /* likewise where it is copied in squares first */
#define FLAT_ROWS 16         /* with so few rows packing b pays later: */
#define FLAT_WORK 4e6
#define THIN 4 /* so few rows against columns that adjoin are dot products, if they are long */
#define THIN_DEPTH 16
#define THREAD_LIMIT 16         /* so that a thread's share of the scratch holds useful blocks */
#define LITTLE (128 * 1024)     /* up to so many elements c is cut into small tiles, for the threads' sake */
#define VECTOR_WORK (64 * 1024) /* elements of a matrix that one tile of a matrix-vector product reads */
#define VECTOR_GRAIN 256        /* a multiple of every matrix-vector kernel's longest stripe */

typedef struct job job;
struct job {
    const tp_gemm_kernels *kernels;
    const tp_gemm_args *args;
    void (*run)(const job *plan, const tp_gemm_args *tile, char *scratch);
    int64_t tile_m, tile_n;
    int64_t share; /* bytes of scratch a thread has */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* the length of equal pieces, multiples of `grain`, when n is cut into pieces of at most `most` */
static int64_t piece(int64_t n, int64_t most, int64_t grain)
{
    const int64_t count = (n + most - 1) / most;
    return round_up((n + count - 1) / count, grain);
}

static const void *at(const void *base, int64_t elements, int64_t size)
{
    return (const char *)base + elements * size;
}

static void *at_c(const tp_gemm_args *g, int64_t i, int64_t j, int64_t size)
{
    return (char *)g->c + (i * g->c_row + j) * size;
}

static bool is_small(int64_t m, int64_t n, int64_t k)
{
    return (m | n | k) <= SMALL_WORK && m * n * k <= SMALL_WORK; /* the first keeps the product from wrapping */
}

bool tp_gemm_wants_workspace(int64_t m, int64_t n, int64_t k)
{
    return m > 1 && n > 1 && k > 1 && !is_small(m, n, k);
}

/* ---- one tile, each way ---- */

/* n == 1: rows of a against b */
static void run_column(const job *plan, const tp_gemm_args *g, char *scratch)
{
    (void)scratch;
    const tp_gemm_matvec v = {
        .rows = g->m,
        .cols = g->k,
        .matrix = g->a,
        .row = g->a_row,
        .col = g->a_col,
        .x = g->b,
        .x_step = g->b_row,
        .out = g->c,
        .out_step = g->c_row,
        .accumulate = g->accumulate,
    };
    plan->kernels->matvec(&v);
}

/* few rows: columns of b against each row of a */
static void run_row(const job *plan, const tp_gemm_args *g, char *scratch)
{
    (void)scratch;
    const int64_t size = plan->kernels->size;
    for (int64_t i = 0; i < g->m; i++) {
        const tp_gemm_matvec v = {
            .rows = g->n,
            .cols = g->k,
            .matrix = g->b,
            .row = g->b_col,
            .col = g->b_row,
            .x = at(g->a, i * g->a_row, size),
            .x_step = g->a_col,
            .out = at_c(g, i, 0, size),
            .out_step = 1,
            .accumulate = g->accumulate,
        };
        plan->kernels->matvec(&v);
    }
}

static void run_outer(const job *plan, const tp_gemm_args *g, char *scratch)
{
    (void)scratch;
    plan->kernels->outer(g);
}

static void run_direct(const job *plan, const tp_gemm_args *g, char *scratch)
{
    (void)scratch;
    plan->kernels->small(g);
}

/* c[.., j..j+cols] (+)= a[.., p..p+depth] . packed b, in blocks of packed rows of a */
static void run_rows(const tp_gemm_kernels *kernels, const tp_gemm_args *g, tp_gemm_block *block, int64_t p, int64_t j,
                     int64_t most, char *packed)
{
    const int64_t rows = piece(g->m, most, kernels->panel_a);
    for (int64_t i = 0; i < g->m; i += rows) {
        block->rows = smaller(rows, g->m - i);
        const tp_gemm_pack from = {
            .source = at(g->a, i * g->a_row + p * g->a_col, kernels->size),
            .lane_step = g->a_row,
            .depth_step = g->a_col,
            .lanes = block->rows,
            .depth = block->depth,
        };
        kernels->pack_a(&from, packed);
        block->a = packed;
        block->c = at_c(g, i, j, kernels->size);
        kernels->block(block);
    }
}

static void run_packed(const job *plan, const tp_gemm_args *g, char *scratch)
{
    const tp_gemm_kernels *kernels = plan->kernels;
    const int64_t depth = piece(g->k, kernels->depth, 1), lane = depth * kernels->size;
    const int64_t fit = plan->share / 2 / lane / kernels->panel_a * kernels->panel_a;
    const int64_t most = smaller(fit, kernels->block_a);
    const int64_t packed_a = round_up(most * lane, 64);
    const int64_t wide = (plan->share - packed_a) / lane / kernels->panel_b * kernels->panel_b;
    const int64_t cols = piece(g->n, wide, kernels->panel_b);
    tp_gemm_block block = {.b = scratch + packed_a, .c_row = g->c_row};
    for (int64_t j = 0; j < g->n; j += cols)
        for (int64_t p = 0; p < g->k; p += depth) {
            block.cols = smaller(cols, g->n - j);
            block.depth = smaller(depth, g->k - p);
            block.accumulate = g->accumulate || p > 0;
            const tp_gemm_pack from = {
                .source = at(g->b, p * g->b_row + j * g->b_col, kernels->size),
                .lane_step = g->b_col,
                .depth_step = g->b_row,
                .lanes = block.cols,
                .depth = block.depth,
            };
            kernels->pack_b(&from, scratch + packed_a);
            run_rows(kernels, g, &block, p, j, most, scratch);
        }
}

static void run_lent(const job *plan, const tp_gemm_args *g, char *scratch)
{
    if (!tp_gemm_provider_run(g, plan->kernels->size)) run_packed(plan, g, scratch);
}

/* ---- tiles and threads ---- */

static void run_tile(const job *plan, int64_t index, char *scratch)
{
    const tp_gemm_args *g = plan->args;
    const int64_t size = plan->kernels->size, across = (g->n + plan->tile_n - 1) / plan->tile_n;
    const int64_t i = index / across * plan->tile_m, j = index % across * plan->tile_n;
    tp_gemm_args tile = *g;
    tile.m = smaller(plan->tile_m, g->m - i);
    tile.n = smaller(plan->tile_n, g->n - j);
    tile.a = at(g->a, i * g->a_row, size);
    tile.b = at(g->b, j * g->b_col, size);
    tile.c = at_c(g, i, j, size);
    plan->run(plan, &tile, scratch);
}

static void run_tiles(job *plan, char *workspace, int threads)
{
    const tp_gemm_args *g = plan->args;
    const int64_t down = (g->m + plan->tile_m - 1) / plan->tile_m, across = (g->n + plan->tile_n - 1) / plan->tile_n;
    const int64_t count = down * across;
#ifdef _OPENMP
    const int team = (int)smaller(smaller(threads, THREAD_LIMIT), count);
    if (team > 1) {
        plan->share = TP_GEMM_WORKSPACE / team / 64 * 64;
#pragma omp parallel for num_threads(team) schedule(dynamic)
        for (int64_t index = 0; index < count; index++)
            run_tile(plan, index, workspace ? workspace + omp_get_thread_num() * plan->share : NULL);
        return;
    }
#else
    (void)threads;
#endif
    plan->share = TP_GEMM_WORKSPACE;
    for (int64_t index = 0; index < count; index++) run_tile(plan, index, workspace);
}

/* One dimension is 1, or m is thin.  The kernels' bits do not depend on the tiles, which start at whole stripes. */
static void multiply_vector(job *plan, int threads)
{
    const tp_gemm_args *g = plan->args;
    const bool tall = g->n == 1 || (g->k == 1 && g->m > 1);
    plan->run = g->k == 1 ? run_outer : g->n == 1 ? run_column : run_row;
    const int64_t length = tall ? g->m : g->n, other = smaller(g->k == 1 ? g->n : g->k, VECTOR_WORK);
    if (threads <= 1 || smaller(length, VECTOR_WORK) * other <= VECTOR_WORK) {
        plan->run(plan, g, NULL);
        return;
    }
    const int64_t each = round_up(VECTOR_WORK / other, VECTOR_GRAIN);
    plan->tile_m = tall ? each : g->m;
    plan->tile_n = tall ? g->n : each;
    run_tiles(plan, NULL, threads);
}

static void multiply_lent(job *plan, void *workspace, int threads)
{
    plan->run = run_lent;
    const int held = tp_gemm_provider_hold(plan->kernels->size);
    run_tiles(plan, workspace, threads);
    tp_gemm_provider_release(plan->kernels->size, held);
}

static bool is_direct(const tp_gemm_args *g)
{
    const double work = (double)g->m * (double)g->n * (double)g->k;
    if (g->b_col != 1) return work <= COPIED_WORK;
    return work <= DIRECT_WORK || (g->m <= FLAT_ROWS && work <= FLAT_WORK);
}

static bool is_vector(const tp_gemm_args *g)
{
    const bool thin = g->m <= THIN && g->k >= THIN_DEPTH && g->b_row == 1 && g->a_col == 1;
    return g->m == 1 || g->n == 1 || g->k == 1 || thin;
}

static void cut(job *plan)
{
    const tp_gemm_args *g = plan->args;
    const bool little = smaller(g->m, LITTLE) * smaller(g->n, LITTLE) <= LITTLE;
    plan->tile_m = piece(g->m, little ? 128 : 256, 16);
    plan->tile_n = piece(g->n, little ? 128 : 512, 64);
}

static void multiply(const tp_gemm_kernels *kernels, const tp_gemm_args *g, void *workspace, int threads)
{
    job plan = {.kernels = kernels, .args = g};
    if (is_vector(g)) {
        multiply_vector(&plan, threads);
        return;
    }
    cut(&plan);
    if (tp_gemm_provider_takes(g, kernels->size, kernels->panel_b)) {
        multiply_lent(&plan, workspace, threads);
        return;
    }
    plan.run = is_direct(g) ? run_direct : run_packed;
    if (threads <= 1) /* the bits of our own kernels do not depend on the tiles */
        plan.tile_m = g->m, plan.tile_n = g->n;
    run_tiles(&plan, workspace, threads);
}

static void clear(const tp_gemm_args *g, int64_t size)
{
    if (!g->accumulate)
        for (int64_t i = 0; i < g->m; i++) memset(at_c(g, i, 0, size), 0, (size_t)(g->n * size));
}

static inline void gemm(const tp_gemm_kernels *kernels, const tp_gemm_args *g, void *workspace, int threads)
{
    if (g->m <= 0 || g->n <= 0) return;
    if (g->k <= 0)
        clear(g, kernels->size);
    else if (g->m > 1 && g->n > 1 && g->k > 1 && is_small(g->m, g->n, g->k))
        kernels->small(g);
    else
        multiply(kernels, g, workspace, threads);
}

void tp_gemm_f32(const tp_gemm_table *level, const tp_gemm_args *args, void *workspace, int threads)
{
    gemm(&level->f32, args, workspace, threads);
}

void tp_gemm_f64(const tp_gemm_table *level, const tp_gemm_args *args, void *workspace, int threads)
{
    gemm(&level->f64, args, workspace, threads);
}
