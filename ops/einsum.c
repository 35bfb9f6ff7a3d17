/* Sums of products by subscripts ("bij,bjk->bik"), said in recorded ops, so that there is nothing to differentiate.
   Repeated letters of one operand become a diagonal, letters that stand nowhere else are summed at once, and the
   operands are then contracted two by two through tp_matmul. */
#include "ops/einsum.h"

#include <string.h>

typedef tp_einsum_term term;
typedef tp_einsum_plan plan;

/* Pairs are chosen among so many terms; so many operands need no room on the tape. */
enum { WINDOW = 16, FEW = 8 };

/* ---- one operand ---- */

static int place_of(const term *t, int label)
{
    for (int i = 0; i < t->rank; i++)
        if (t->label[i] == label) return i;
    return -1;
}

/* An operand with its labels as they stand: diagonals are taken, and dims of 1 that broadcast are left out. */
static term simplified(const plan *p, tp_var x, const uint8_t label[TP_MAX_RANK])
{
    term t = {.x = x};
    tp_diagonals merge = {0};
    const int rank = tp_var_rank(x);
    for (int i = 0; i < rank; i++) {
        merge.to[i] = place_of(&t, label[i]);
        if (merge.to[i] >= 0) continue;
        merge.to[i] = t.rank;
        t.label[t.rank++] = label[i];
    }
    merge.rank = t.rank;
    if (t.rank < rank) t.x = tp_record1(p->tape, &tp_op_diagonals, x.node, &merge);
    if (!tp_ok(t.x)) return t;
    int left = 0;
    int64_t dims[TP_MAX_RANK];
    for (int i = 0; i < t.rank; i++) {
        const int64_t dim = tp_var_dims(t.x)[i];
        if (dim != p->size[t.label[i]]) continue;
        dims[left] = dim;
        t.label[left++] = t.label[i];
    }
    if (left < t.rank) t.x = tp_reshape(t.x, left, dims);
    t.rank = left;
    return t;
}

/* Sums over the labels that nothing else has. */
static void sum_lonely(const plan *p, term *t)
{
    int64_t axes[TP_MAX_RANK];
    int n = 0, left = 0;
    for (int i = 0; i < t->rank; i++) {
        if (p->uses[t->label[i]] == 1)
            axes[n++] = i;
        else
            t->label[left++] = t->label[i];
    }
    t->rank = left;
    if (n) t->x = tp_sum_axes(t->x, n, axes, false);
}

/* ---- two terms ---- */

/* Labels of a product of a and b: in both and kept; in both and summed; in one. */
typedef struct parts {
    int batch_n, inner_n, left_n, right_n;
    uint8_t batch[TP_MAX_RANK], inner[TP_MAX_RANK], left[TP_MAX_RANK], right[TP_MAX_RANK];
} parts;

static parts split(const plan *p, const term *a, const term *b)
{
    parts s = {0};
    for (int i = 0; i < a->rank; i++) {
        const uint8_t label = a->label[i];
        if (place_of(b, label) < 0)
            s.left[s.left_n++] = label;
        else if (p->uses[label] > 2)
            s.batch[s.batch_n++] = label;
        else
            s.inner[s.inner_n++] = label;
    }
    for (int i = 0; i < b->rank; i++)
        if (place_of(a, b->label[i]) < 0) s.right[s.right_n++] = b->label[i];
    return s;
}

static double extent(const plan *p, int n, const uint8_t *labels)
{
    double count = 1;
    for (int i = 0; i < n; i++) count *= (double)p->size[labels[i]];
    return count;
}

/* How good it is to multiply a by b now: first by what memory grows, then by the work. */
typedef struct price {
    double growth, work;
} price;

static price price_of(const plan *p, const term *a, const term *b)
{
    const parts s = split(p, a, b);
    const double out = extent(p, s.batch_n, s.batch) * extent(p, s.left_n, s.left) * extent(p, s.right_n, s.right);
    return (price){out - extent(p, a->rank, a->label) - extent(p, b->rank, b->label),
                   out * extent(p, s.inner_n, s.inner)};
}

/* The axes of t in the order of the labels given, which are all of t's. */
static tp_var ordered(const term *t, const uint8_t *labels)
{
    int64_t axes[TP_MAX_RANK];
    bool moved = false;
    for (int i = 0; i < t->rank; i++) {
        axes[i] = place_of(t, labels[i]);
        moved = moved || axes[i] != i;
    }
    return moved ? tp_permute(t->x, t->rank, axes) : t->x;
}

static int append(uint8_t *labels, int n, const uint8_t *more, int count)
{
    if (count) memcpy(labels + n, more, (size_t)count);
    return n + count;
}

/* The size of a group of axes seen as one. */
static int64_t group(const plan *p, int n, const uint8_t *labels)
{
    int64_t count = 1;
    for (int i = 0; i < n; i++) count *= p->size[labels[i]];
    return count;
}

/* t as (batch, first, second); without a batch, and with no `first` or `second` where that group is the one that may be
   missing (a vector). A group of several axes is one. */
static tp_var as_matrices(const plan *p, const term *t, const parts *s, bool left)
{
    uint8_t labels[3 * TP_MAX_RANK];
    const uint8_t *first = left ? s->left : s->inner, *second = left ? s->inner : s->right;
    const int first_n = left ? s->left_n : s->inner_n, second_n = left ? s->inner_n : s->right_n;
    int n = append(labels, 0, s->batch, s->batch_n);
    n = append(labels, n, first, first_n);
    append(labels, n, second, second_n);
    const tp_var x = ordered(t, labels);
    int64_t dims[3];
    int rank = 0;
    if (s->batch_n) dims[rank++] = group(p, s->batch_n, s->batch);
    if (first_n || s->batch_n) dims[rank++] = group(p, first_n, first);
    if (second_n || s->batch_n) dims[rank++] = group(p, second_n, second);
    const bool already = s->batch_n ? s->batch_n == 1 && first_n == 1 && second_n == 1 : first_n <= 1 && second_n <= 1;
    return already ? x : tp_reshape(x, rank, dims);
}

static tp_var multiply_matrices(const plan *p, const term *a, const term *b, const parts *s, const term *out)
{
    const tp_var y = tp_matmul(as_matrices(p, a, s, true), as_matrices(p, b, s, false));
    const bool already = s->left_n <= 1 && s->right_n <= 1 &&
                         (s->batch_n == 0 || (s->batch_n == 1 && s->left_n == 1 && s->right_n == 1));
    if (already) return y;
    int64_t dims[TP_MAX_RANK];
    for (int i = 0; i < out->rank; i++) dims[i] = p->size[out->label[i]];
    return tp_reshape(y, out->rank, dims);
}

/* t over the labels given, with dims of 1 for those that it lacks. */
static tp_var spread(const plan *p, const term *t, int n, const uint8_t *labels)
{
    uint8_t own[TP_MAX_RANK] = {0};
    int64_t dims[TP_MAX_RANK];
    int count = 0;
    for (int i = 0; i < n; i++) {
        const bool has = place_of(t, labels[i]) >= 0;
        dims[i] = has ? p->size[labels[i]] : 1;
        if (has) own[count++] = labels[i];
    }
    const tp_var x = ordered(t, own);
    bool fits = true; /* broadcasting puts dims of 1 in front by itself */
    for (int i = n - count; i < n; i++) fits = fits && place_of(t, labels[i]) >= 0;
    return fits ? x : tp_reshape(x, n, dims);
}

/* Element by element: nothing is summed, or there is a number for each of the batch and no matrix at all. */
static tp_var multiply_elements(const plan *p, const term *a, const term *b, const parts *s)
{
    uint8_t labels[3 * TP_MAX_RANK];
    int n = append(labels, 0, s->batch, s->batch_n);
    n = append(labels, n, s->left, s->left_n);
    n = append(labels, n, s->right, s->right_n);
    const int kept = n;
    n = append(labels, n, s->inner, s->inner_n);
    const tp_var y = tp_mul(spread(p, a, n, labels), spread(p, b, n, labels));
    int64_t axes[TP_MAX_RANK];
    for (int i = kept; i < n; i++) axes[i - kept] = i;
    return n > kept ? tp_sum_axes(y, n - kept, axes, false) : y;
}

/* The product of a and b with the labels summed that nothing else has. */
static bool contract(plan *p, const term *a, const term *b, term *out)
{
    const parts s = split(p, a, b);
    if (s.batch_n + s.left_n + s.right_n > TP_MAX_RANK)
        return tp_einsum_refuse(p, TP_E_LIMIT, p->text, "a product of two operands has more than %d dims", TP_MAX_RANK);
    *out = (term){0};
    out->rank = append(out->label, out->rank, s.batch, s.batch_n);
    out->rank = append(out->label, out->rank, s.left, s.left_n);
    out->rank = append(out->label, out->rank, s.right, s.right_n);
    const bool elements = s.inner_n == 0 || (s.batch_n > 0 && s.left_n == 0 && s.right_n == 0);
    out->x = elements ? multiply_elements(p, a, b, &s) : multiply_matrices(p, a, b, &s, out);
    for (int i = 0; i < a->rank; i++) p->uses[a->label[i]]--;
    for (int i = 0; i < b->rank; i++) p->uses[b->label[i]]--;
    for (int i = 0; i < out->rank; i++) p->uses[out->label[i]]++;
    return tp_ok(out->x);
}

/* The pair, among the first few terms, that is best multiplied next. */
static void choose(const plan *p, const term *terms, int n, int *first, int *second)
{
    price best = {0};
    const int most = n < WINDOW ? n : WINDOW;
    *first = 0, *second = 1;
    for (int i = 0; i < most && n > 2; i++)
        for (int k = i + 1; k < most; k++) {
            const price now = price_of(p, &terms[i], &terms[k]);
            const bool better = now.growth < best.growth || (now.growth == best.growth && now.work < best.work);
            if (i + k > 1 && !better) continue;
            best = now;
            *first = i, *second = k;
        }
}

static tp_var evaluate(plan *p, term *terms, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < terms[i].rank; k++) p->uses[terms[i].label[k]]++;
    for (int i = 0; i < p->out.rank; i++) p->uses[p->out.label[i]]++;
    for (int i = 0; i < n; i++) {
        sum_lonely(p, &terms[i]);
        if (!tp_ok(terms[i].x)) return terms[i].x;
    }
    while (n > 1) {
        int a, b;
        term product;
        choose(p, terms, n, &a, &b);
        if (!contract(p, &terms[a], &terms[b], &product)) return tp_poison(p->tape);
        terms[a] = product;
        memmove(&terms[b], &terms[b + 1], (size_t)(--n - b) * sizeof *terms);
    }
    return ordered(&terms[0], p->out.label);
}

/* ---- the call ---- */

static bool check_operands(const plan *p, const tp_var *x, int n)
{
    const tp_tensor *first = NULL;
    int which = 0;
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(p->tape, "einsum", x[i], i)) return false;
        const tp_tensor *value = tp_value(x[i]);
        if (!value) continue;
        const tp_dtype dtype = (tp_dtype)value->dtype;
        if (!tp_dtype_is_float(dtype)) {
            tp_refuse(p->tape, TP_E_DTYPE, "tp_einsum: operand %d is %s, not f32 or f64", i, tp_dtype_name(dtype));
            return false;
        }
        if (first && first->dtype != dtype) {
            tp_refuse(p->tape, TP_E_DTYPE, "tp_einsum: operand %d is %s, operand %d %s; use tp_cast", which,
                      tp_dtype_name((tp_dtype)first->dtype), i, tp_dtype_name(dtype));
            return false;
        }
        if (!first) first = value, which = i;
    }
    return true;
}

tp_var tp_einsum(const char *text, const tp_var *x, int n)
{
    tp_tape *tape = x && n > 0 ? x[0].tape : NULL;
    if (!tape) return tp_poison(NULL);
    if (!text) return tp_refuse(tape, TP_E_ARGUMENT, "tp_einsum: the subscripts are NULL");
    plan p = {.tape = tape, .text = text};
    for (int i = 0; i < TP_EINSUM_LABELS; i++) p.size[i] = -1;
    if (!check_operands(&p, x, n)) return tp_poison(tape);
    term few[FEW], *terms = few;
    if (n > FEW && !(terms = tp_chunks_push(&tape->stack, (size_t)n * sizeof *terms)))
        return tp_refuse(tape, TP_E_MEMORY, "tp_einsum: out of memory");
    if (!tp_einsum_parse(&p, x, n, terms)) return tp_poison(tape);
    for (int i = 0; i < n; i++) {
        terms[i] = simplified(&p, x[i], terms[i].label);
        if (!tp_ok(terms[i].x)) return tp_poison(tape);
    }
    return evaluate(&p, terms, n);
}
