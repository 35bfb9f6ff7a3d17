/* Matrix products with broadcasting over leading dims:  c = a b,  da = g b^T,  db = a^T g. */
#include <string.h>

#include "ops/ops.h"

/* A stack of matrices: element (i, j) of the one at batch offset o lies at data[o + i row + j col]. */
typedef struct matrices {
    const char *data;
    int64_t batch[TP_MAX_RANK], row, col;
} matrices;

/* One call's sizes: batch dims of the result, and a (m,k) by b (k,n). */
typedef struct product {
    tp_shape batch;
    int64_t m, n, k;
} product;

/* The leading dims of x, without the `own` dims of a single matrix. */
static tp_shape leading(const tp_tensor *x, int own)
{
    tp_shape shape = {.rank = x->rank > own ? x->rank - own : 0};
    memcpy(shape.dims, x->dims, sizeof shape.dims);
    return shape;
}

static bool sizes_of(const tp_tensor *a, const tp_tensor *b, product *p)
{
    const int64_t inner = b->rank == 1 ? b->dims[0] : b->dims[b->rank - 2];
    const tp_shape other = leading(b, 2);
    p->batch = leading(a, 2);
    p->k = a->dims[a->rank - 1];
    p->m = a->rank == 1 ? 1 : a->dims[a->rank - 2];
    p->n = b->rank == 1 ? 1 : b->dims[b->rank - 1];
    return inner == p->k && tp_shape_broadcast(&p->batch, other.rank, other.dims);
}

static tp_status refuse(tp_ctx *ctx, tp_status status, const char *why)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, status, "%s: %s %s x %s %s", why, tp_dtype_name((tp_dtype)a->dtype),
                       tp_tensor_text(first, a), tp_dtype_name((tp_dtype)b->dtype), tp_tensor_text(second, b));
}

static tp_status matmul_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    if (a->rank == 0 || b->rank == 0) return refuse(ctx, TP_E_SHAPE, "needs tensors, not scalars");
    if (tp_need_float(ctx, 0) != TP_OK || tp_need_float(ctx, 1) != TP_OK) return TP_E_DTYPE;
    if (a->dtype != b->dtype) return refuse(ctx, TP_E_DTYPE, "dtypes differ (use tp_cast)");
    product p;
    const int64_t inner = b->rank == 1 ? b->dims[0] : b->dims[b->rank - 2];
    if (!sizes_of(a, b, &p))
        return refuse(ctx, TP_E_SHAPE,
                      inner != a->dims[a->rank - 1] ? "inner dimensions differ" : "leading dimensions differ");
    int rank = p.batch.rank;
    int64_t dims[TP_MAX_RANK + 2];
    memcpy(dims, p.batch.dims, sizeof p.batch.dims);
    if (a->rank > 1) dims[rank++] = p.m;
    if (b->rank > 1) dims[rank++] = p.n;
    return tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, rank, dims);
}

/* x's matrices as a product broadcasts them; rows and cols tell which of its last dims a rank-1 x lacks. */
static matrices matrices_of(const tp_tensor *x, const tp_shape *batch, bool rows, bool cols)
{
    matrices s = {.data = x->data};
    int rank = x->rank;
    if (cols) s.col = x->strides[--rank];
    if (rows) s.row = x->strides[--rank];
    for (int i = 1; i <= batch->rank; i++)
        s.batch[batch->rank - i] = i <= rank && x->dims[rank - i] != 1 ? x->strides[rank - i] : 0;
    return s;
}

static matrices transposed(matrices s)
{
    const int64_t row = s.row;
    s.row = s.col;
    s.col = row;
    return s;
}

/* Whether all batches of s can be seen as more rows of one matrix. */
static bool rows_follow(const product *p, const matrices *s)
{
    int64_t stride = s->row * p->m;
    for (int i = p->batch.rank - 1; i >= 0; i--) {
        if (p->batch.dims[i] != 1 && s->batch[i] != stride) return false;
        stride *= p->batch.dims[i];
    }
    return true;
}

static bool is_single(const product *p, const matrices *s)
{
    for (int i = 0; i < p->batch.rank; i++)
        if (s->batch[i] != 0 && p->batch.dims[i] != 1) return false;
    return true;
}

/* out = a b for every batch; out's matrices are dense. */
static tp_status multiply(tp_tape *tape, tp_dtype dtype, product p, const matrices *a, const matrices *b, char *out,
                          bool accumulate)
{
    int64_t batches = tp_shape_count(p.batch.rank, p.batch.dims);
    if (batches > 1 && is_single(&p, b) && rows_follow(&p, a)) {
        p.m *= batches;
        p.batch.rank = 0;
        batches = 1;
    }
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < batches; i++) {
        int64_t at_a = 0, at_b = 0, rest = i;
        for (int axis = p.batch.rank - 1; axis >= 0; axis--) {
            const int64_t k = rest % p.batch.dims[axis];
            rest /= p.batch.dims[axis];
            at_a += k * a->batch[axis], at_b += k * b->batch[axis];
        }
        const tp_gemm_args args = {p.m,
                                   p.n,
                                   p.k,
                                   a->data + at_a * size,
                                   a->row,
                                   a->col,
                                   b->data + at_b * size,
                                   b->row,
                                   b->col,
                                   out + i * p.m * p.n * size,
                                   p.n,
                                   accumulate};
        const tp_status status = tp_multiply(tape, dtype, &args);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status matmul_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    product p;
    sizes_of(a, b, &p);
    const matrices ma = matrices_of(a, &p.batch, a->rank > 1, true), mb = matrices_of(b, &p.batch, true, b->rank > 1);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->rank > 0) return multiply(ctx->tape, (tp_dtype)a->dtype, p, &ma, &mb, out->data, false);
    double number = 0; /* two vectors: the product comes in their dtype, the node is a scalar */
    const tp_status status = multiply(ctx->tape, (tp_dtype)a->dtype, p, &ma, &mb, (char *)&number, false);
    tp_put(TP_F64, out->data, tp_get((tp_dtype)a->dtype, &number));
    return status;
}

/* ---- backward, recorded ---- */

static tp_var as_matrix(tp_var x, const tp_shape *batch, int64_t rows, int64_t cols)
{
    int64_t dims[TP_MAX_RANK + 2];
    memcpy(dims, batch->dims, sizeof batch->dims);
    dims[batch->rank] = rows, dims[batch->rank + 1] = cols;
    return tp_reshape(x, batch->rank + 2, dims);
}

/* A gradient of a rank-1 operand loses the dim of 1 that made it a matrix. */
static tp_var without_unit(tp_var g, const tp_shape *batch, int64_t length)
{
    int64_t dims[TP_MAX_RANK + 2];
    memcpy(dims, batch->dims, sizeof batch->dims);
    dims[batch->rank] = length;
    return tp_reshape(g, batch->rank + 1, dims);
}

static tp_status matmul_backward(tp_ctx *ctx, tp_var g)
{
    const tp_shape none = {0};
    const bool row = tp_ctx_input(ctx, 0)->rank == 1, column = tp_ctx_input(ctx, 1)->rank == 1;
    product p;
    sizes_of(tp_ctx_input(ctx, 0), tp_ctx_input(ctx, 1), &p);
    const tp_dtype dtype = (tp_dtype)tp_ctx_input(ctx, 0)->dtype;
    tp_var a = tp_ctx_input_var(ctx, 0), b = tp_ctx_input_var(ctx, 1);
    if (row) a = as_matrix(a, &none, 1, p.k);
    if (column) b = as_matrix(b, &none, p.k, 1);
    if (row || column) g = tp_cast(as_matrix(g, &p.batch, p.m, p.n), dtype);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) {
        const tp_var da = tp_matmul(g, tp_transpose(b, -1, -2));
        status = tp_give(ctx, 0, row ? without_unit(da, &p.batch, p.k) : da);
    }
    if (status == TP_OK && tp_ctx_needs(ctx, 1)) {
        const tp_var db = tp_matmul(tp_transpose(a, -1, -2), g);
        status = tp_give(ctx, 1, column ? without_unit(db, &p.batch, p.k) : db);
    }
    return status;
}

/* ---- gradient, in numbers ---- */

/* left right for every batch, given to operand i: straight into its gradient when it has every batch, else summed. */
static tp_status give_product(tp_ctx *ctx, int i, const product *p, const matrices *left, const matrices *right)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t batches = tp_shape_count(p->batch.rank, p->batch.dims);
    bool add;
    if (x->count == batches * p->m * p->n) {
        tp_tensor *grad = tp_ctx_grad(ctx, i, &add);
        return grad ? multiply(ctx->tape, dtype, *p, left, right, grad->data, add) : TP_E_MEMORY;
    }
    tp_shape shape = p->batch;
    if (shape.rank + 2 > TP_MAX_RANK) return tp_ctx_fail(ctx, TP_E_LIMIT, "rank over %d", TP_MAX_RANK);
    if (x->rank > 1 || i == 1) shape.dims[shape.rank++] = p->m;
    if (x->rank > 1 || i == 0) shape.dims[shape.rank++] = p->n;
    tp_tensor *all = tp_new_tensor(ctx->tape, dtype, shape.rank, shape.dims, "matmul");
    if (!all) return TP_E_MEMORY;
    tp_status status = multiply(ctx->tape, dtype, *p, left, right, all->data, false);
    if (status == TP_OK) status = tp_slot_add(ctx->tape, ctx->inputs[i], all);
    tp_unref(ctx->tape, all);
    return status;
}

/* db for one matrix b under many of a: the batches are so many more rows, summed by one long product. */
static tp_status give_merged(tp_ctx *ctx, const product *p, const matrices *a, const matrices *g)
{
    bool add;
    tp_tensor *grad = tp_ctx_grad(ctx, 1, &add);
    if (!grad) return TP_E_MEMORY;
    const int64_t rows = p->m * tp_shape_count(p->batch.rank, p->batch.dims);
    const tp_gemm_args args = {p->k,    p->n,   rows,   a->data,    a->col, a->row,
                               g->data, g->row, g->col, grad->data, p->n,   add};
    return tp_multiply(ctx->tape, (tp_dtype)grad->dtype, &args);
}

static tp_status matmul_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    product p;
    sizes_of(a, b, &p);
    float single = 0;
    tp_tensor number;
    if (g->rank == 0 && a->dtype == TP_F32) { /* the upstream of a scalar is f64 */
        single = (float)tp_get(TP_F64, g->data);
        number = *g;
        number.data = (char *)&single;
        g = &number;
    }
    const matrices ma = matrices_of(a, &p.batch, a->rank > 1, true), mb = matrices_of(b, &p.batch, true, b->rank > 1);
    const matrices mg = matrices_of(g, &p.batch, a->rank > 1, b->rank > 1);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) {
        const product q = {p.batch, p.m, p.k, p.n};
        const matrices bt = transposed(mb);
        status = give_product(ctx, 0, &q, &mg, &bt);
    }
    if (status != TP_OK || !tp_ctx_needs(ctx, 1)) return status;
    if (p.batch.rank > 0 && b->rank == 2 && rows_follow(&p, &ma) && rows_follow(&p, &mg))
        return give_merged(ctx, &p, &ma, &mg);
    const product q = {p.batch, p.k, p.n, p.m};
    const matrices at = transposed(ma);
    return give_product(ctx, 1, &q, &at, &mg);
}

/* Row i of a goes to row i of c, column j of b to column j. */
static tp_status matmul_pattern(tp_ctx *ctx)
{
    const int rows = tp_ctx_input(ctx, 0)->rank, columns = tp_ctx_input(ctx, 1)->rank;
    const int rank = tp_ctx_output(ctx, 0)->rank, batch = rank - (rows > 1) - (columns > 1);
    for (int i = 0; i < 2; i++) {
        if (!tp_pattern_operand(ctx, i)) continue;
        const int own = i ? columns : rows;
        int axes[TP_MAX_RANK];
        for (int d = 0; d < batch; d++) axes[d] = d - (batch - (own - 2)) >= 0 ? d - (batch - (own - 2)) : -1;
        if (rows > 1) axes[batch] = i == 0 ? rows - 2 : -1;
        if (columns > 1) axes[rank - 1] = i == 1 ? columns - 1 : -1;
        const tp_status status = tp_pattern_to(ctx, 0, axes);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

const tp_op tp_op_matmul = {
    TP_OP_HEAD,
    .name = "matmul",
    .arity = 2,
    .structure = TP_DENSE,
    .pattern = matmul_pattern,
    .shape = matmul_shape,
    .forward = matmul_forward,
    .backward = matmul_backward,
    .gradient = matmul_gradient,
    .jvp = tp_bilinear_jvp,
    .text = {.formula = "c = a b",
             .derivative = "da = g b^T, db = a^T g",
             .shapes = "a: (..., m, k), b: (..., k, n) -> (..., m, n); the leading dims broadcast; rank 1 is a row on "
                       "the left, a column on the right; two vectors give a scalar",
             .edges = "k = 0 gives zeros. Transposed operands are read where they lie."}};

tp_var tp_matmul(tp_var a, tp_var b)
{
    return tp_call2(&tp_op_matmul, a, b, NULL);
}
