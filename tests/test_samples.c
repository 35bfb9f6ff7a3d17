/* Making samples: leaves of every layout, samples of rows from the rows themselves, numbers compared. */
#include "tests/test_ops.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- samples of rows ---- */

#define ANY_ROW(name) static tp_var row_##name(const sample *s, const tp_var *x)
ANY_ROW(unary)
{
    return row_call(s->op, x, s->row->number);
}
ANY_ROW(binary)
{
    return row_call(s->op, (tp_var[]){x[0], s->n > 1 ? x[1] : x[0]}, NULL);
}
ANY_ROW(ternary)
{
    return row_call(s->op, (tp_var[]){x[0], s->n > 1 ? x[1] : x[0], s->n > 2 ? x[2] : x[0]}, NULL);
}

static const sample unary_samples[] = {
    {.name = "scalar", .build = row_unary, ON({.layout = SCALAR})},
    {.name = "(1)", .build = row_unary, ON(T(1))},
    {.name = "(5)", .build = row_unary, ON(T(5))},
    {.name = "(2,3)", .build = row_unary, ON(T(2, 3))},
    {.name = "(1,4,1)", .build = row_unary, ON(T(1, 4, 1))},
    {.name = "(0,3)", .build = row_unary, ON(T(0, 3))},
    {.name = "(2,3) transposed leaf", .build = row_unary, ON(TRANSPOSED(2, 3))},
    {.name = "(2,3) sliced leaf", .build = row_unary, ON(SLICED(2, 3))},
    {.name = "(2,3) transposed", .build = row_unary, ON(VIEW(2, 3))},
    {.name = "(2,3) cut", .build = row_unary, ON(CUT(2, 3))},
    {.name = "(2,2,3) transposed", .build = row_unary, ON(VIEW(2, 2, 3))},
};

static const sample binary_samples[] = {
    {.name = "scalars", .build = row_binary, ON({.layout = SCALAR}, {.layout = SCALAR})},
    {.name = "a scalar twice", .build = row_binary, ON({.layout = SCALAR})},
    {.name = "(5) (5)", .build = row_binary, ON(T(5), T(5))},
    {.name = "(5) twice", .build = row_binary, ON(T(5))},
    {.name = "(2,3) (2,3)", .build = row_binary, ON(T(2, 3), T(2, 3))},
    {.name = "(2,3) (3)", .build = row_binary, ON(T(2, 3), T(3))},
    {.name = "(3) (2,3)", .build = row_binary, ON(T(3), T(2, 3))},
    {.name = "(2,1) (1,3)", .build = row_binary, ON(T(2, 1), T(1, 3))},
    {.name = "(1,4,1) (3,1,2)", .build = row_binary, ON(T(1, 4, 1), T(3, 1, 2))},
    {.name = "(1) (2,3)", .build = row_binary, ON(T(1), T(2, 3))},
    {.name = "(1) scalar", .build = row_binary, ON(T(1), {.layout = SCALAR})},
    {.name = "(2,3) scalar", .build = row_binary, ON(T(2, 3), {.layout = SCALAR})},
    {.name = "scalar (2,3)", .build = row_binary, ON({.layout = SCALAR}, T(2, 3))},
    {.name = "(0,3) (3)", .build = row_binary, ON(T(0, 3), T(3))},
    {.name = "(0,3) (1,1)", .build = row_binary, ON(T(0, 3), T(1, 1))},
    {.name = "(0,3) scalar", .build = row_binary, ON(T(0, 3), {.layout = SCALAR})},
    {.name = "scalar (0)", .build = row_binary, ON({.layout = SCALAR}, T(0))},
    {.name = "(2,3) and transposed leaf", .build = row_binary, ON(T(2, 3), TRANSPOSED(2, 3))},
    {.name = "sliced leaf and (2,3)", .build = row_binary, ON(SLICED(2, 3), T(2, 3))},
    {.name = "(2,3) transposed and cut", .build = row_binary, ON(VIEW(2, 3), CUT(2, 3))},
    {.name = "(2,3) transposed leaf, (2,1) cut", .build = row_binary, ON(TRANSPOSED(2, 3), CUT(2, 1))},
};

static const sample ternary_samples[] = {
    {.name = "scalars", .build = row_ternary, ON({.layout = SCALAR}, {.layout = SCALAR}, {.layout = SCALAR})},
    {.name = "a scalar thrice", .build = row_ternary, ON({.layout = SCALAR})},
    {.name = "(5) (5) (5)", .build = row_ternary, ON(T(5), T(5), T(5))},
    {.name = "(5) thrice", .build = row_ternary, ON(T(5))},
    {.name = "(2,3) (3) (2,1)", .build = row_ternary, ON(T(2, 3), T(3), T(2, 1))},
    {.name = "(3) (2,3) (1)", .build = row_ternary, ON(T(3), T(2, 3), T(1))},
    {.name = "(1,2,1) (3,1,1) (1,1,2)", .build = row_ternary, ON(T(1, 2, 1), T(3, 1, 1), T(1, 1, 2))},
    {.name = "scalar (2,3) scalar", .build = row_ternary, ON({.layout = SCALAR}, T(2, 3), {.layout = SCALAR})},
    {.name = "(2,3) scalar (3)", .build = row_ternary, ON(T(2, 3), {.layout = SCALAR}, T(3))},
    {.name = "scalar scalar (2,3)", .build = row_ternary, ON({.layout = SCALAR}, {.layout = SCALAR}, T(2, 3))},
    {.name = "(0,3) (3) scalar", .build = row_ternary, ON(T(0, 3), T(3), {.layout = SCALAR})},
    {.name = "(2,3), transposed leaf, sliced leaf", .build = row_ternary, ON(T(2, 3), TRANSPOSED(2, 3), SLICED(2, 3))},
    {.name = "transposed, (2,3), cut", .build = row_ternary, ON(VIEW(2, 3), T(2, 3), CUT(2, 3))},
    {.name = "sliced leaf, (2,1) cut, (3)", .build = row_ternary, ON(SLICED(2, 3), CUT(2, 1), T(3))},
};

static int samples_of_row(const tp_op *op, sample out[MAX_SAMPLES])
{
    static const sample_list lists[] = {{unary_samples, COUNT(unary_samples)},
                                        {binary_samples, COUNT(binary_samples)},
                                        {ternary_samples, COUNT(ternary_samples)}};
    const sample *from = lists[op->arity - 1].items;
    const tp_row *row = op->row;
    const int n = lists[op->arity - 1].n;
    for (int i = 0; i < n; i++) {
        out[i] = from[i];
        out[i].op = op->name;
        out[i].row = row;
        for (int k = 0; k < MAX_LEAVES; k++) out[i].x[k].low = row->low, out[i].x[k].high = row->high;
    }
    return n;
}

int samples_of(const char *name, const tp_op *op, sample out[MAX_SAMPLES])
{
    static const sample_list *const lists[] = {
#define SAMPLES(name) &name##_samples,
#include "tests/samples.def"
#undef SAMPLES
    };
    int n = op && op->row ? samples_of_row(op, out) : 0;
    for (int l = 0; l < COUNT(lists); l++)
        for (int i = 0; i < lists[l]->n && n < MAX_SAMPLES; i++)
            if (strcmp(lists[l]->items[i].op, name) == 0) out[n++] = lists[l]->items[i];
    return n;
}

/* ---- leaves ---- */

/* Numbers of a grid over low .. high in random order: no two operands share one, none lies near the middle, so that no
   sample is close to a kink of relu, maximum or the like. */
static void draw(const sample_leaf *leaf, int which, uint64_t seed, int64_t n, double *out)
{
    tp_rng rng = tp_rng_stream(seed, (uint64_t)which);
    const uint32_t cells = n > 64 ? (uint32_t)n + (uint32_t)(n & 1) : 64;
    uint32_t *order = malloc(cells * sizeof *order);
    ck_assert_ptr_nonnull(order);
    tp_rng_permutation(&rng, order, cells);
    const bool plain = leaf->low == 0 && leaf->high == 0;
    const double low = plain ? -2 : leaf->low, high = plain ? 2 : leaf->high;
    for (int64_t i = 0; i < n; i++)
        out[i] = leaf->labels ? (double)tp_rng_below(&rng, (uint32_t)leaf->high)
                              : low + (high - low) * (order[i] + .15 + .25 * which) / cells;
    free(order);
}

static void fill(tp_tensor *tensor, const sample_leaf *leaf, int which, uint64_t seed)
{
    const int64_t n = tp_tensor_count(tensor);
    double *numbers = malloc((size_t)(n + 1) * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    draw(leaf, which, seed, n, numbers);
    tp_tensor *dense = tp_tensor_from(TP_F64, tp_tensor_rank(tensor), tp_tensor_dims(tensor), numbers);
    ck_assert_int_eq(tp_tensor_copy(tensor, dense, NULL), TP_OK);
    tp_tensor_release(dense);
    free(numbers);
}

static tp_tensor *leaf_tensor(const sample_leaf *leaf, tp_dtype dtype)
{
    int64_t dims[5];
    memcpy(dims, leaf->dims, sizeof dims);
    const int last = leaf->rank - 1;
    const bool turned = leaf->layout == TRANSPOSED || leaf->layout == VIEW;
    const bool part = leaf->layout == SLICED || leaf->layout == CUT;
    if (turned) dims[0] = leaf->dims[last], dims[last] = leaf->dims[0];
    if (part) dims[last] = 2 * dims[last] + 1;
    tp_tensor *whole = tp_tensor_new(dtype, leaf->rank, dims), *view = NULL;
    ck_assert_ptr_nonnull(whole);
    if (leaf->layout == TRANSPOSED) view = tp_tensor_transpose(whole, 0, last, NULL);
    if (leaf->layout == SLICED) view = tp_tensor_slice(whole, last, 1, dims[last], 2, NULL);
    if (!view) return whole;
    tp_tensor_release(whole);
    return view;
}

static bool fixed(const sample_leaf *leaf)
{
    return leaf->labels || leaf->constant;
}

static void make_operand(run *r, int i, tp_dtype dtype, uint64_t seed, bool param)
{
    const sample_leaf *leaf = &r->of->x[i];
    if (leaf->layout == SCALAR) {
        double number;
        draw(leaf, i, seed, 1, &number);
        r->leaf[i] = fixed(leaf) ? tp_const(r->tape, number) : tp_scalar(r->tape, number);
        r->operand[i] = r->leaf[i];
        return;
    }
    tp_tensor *tensor = r->tensor[i] = leaf_tensor(leaf, leaf->labels ? leaf->labels : dtype);
    fill(tensor, leaf, i, seed);
    if (fixed(leaf))
        r->leaf[i] = tp_data(r->tape, tensor);
    else
        r->leaf[i] = param ? tp_param(r->tape, tensor) : tp_leaf(r->tape, tensor);
    r->operand[i] = r->leaf[i];
    if (leaf->layout == VIEW) r->operand[i] = tp_transpose(r->leaf[i], 0, -1);
    if (leaf->layout == FLIPPED || leaf->layout == FLIPPED_COPY) r->operand[i] = tp_flip(r->leaf[i], 0, NULL);
    if (leaf->layout == FLIPPED_COPY) r->operand[i] = tp_contiguous(r->operand[i]);
    if (leaf->layout == CUT) r->operand[i] = tp_slice(r->leaf[i], -1, 1, TP_END, 2);
}

run run_sample(const sample *s, tp_dtype dtype, uint64_t seed, bool params)
{
    run r = {.of = s, .tape = tp_tape_new(NULL)};
    ck_assert_ptr_nonnull(r.tape);
    for (int i = 0; i < s->n; i++) {
        make_operand(&r, i, dtype, seed, params);
        if (!fixed(&s->x[i])) r.n = i + 1;
    }
    r.y = s->build(s, r.operand);
    ck_assert_msg(tp_tape_status(r.tape) == TP_OK && tp_ok(r.y), "%s, %s: %s", s->op, s->name, tp_tape_error(r.tape));
    return r;
}

void run_refill(run *r, uint64_t seed)
{
    for (int i = 0; i < r->of->n; i++) {
        if (r->tensor[i]) {
            fill(r->tensor[i], &r->of->x[i], i, seed);
        } else {
            double number;
            draw(&r->of->x[i], i, seed, 1, &number);
            ck_assert_int_eq(tp_set_item(r->leaf[i], number), TP_OK);
        }
    }
}

void run_end(run *r)
{
    tp_tape_reset(r->tape);
    ck_assert_msg(r->tape->gemm_work || tp_tape_stats(r->tape).tensor.now == 0, "%s, %s: %zu bytes are not given back",
                  r->of->op, r->of->name, tp_tape_stats(r->tape).tensor.now);
    tp_tape_free(r->tape);
    for (int i = 0; i < r->of->n; i++) tp_tensor_release(r->tensor[i]);
}

tp_var upstream_like(tp_var y, uint64_t seed)
{
    static const sample_leaf numbers = {.low = -1.5, .high = 1.5};
    const tp_tensor *value = tp_value(y);
    double number;
    if (!value) {
        draw(&numbers, 3, seed, 1, &number);
        return tp_const(y.tape, number);
    }
    tp_tensor *tensor = tp_tensor_new(tp_tensor_dtype(value), tp_tensor_rank(value), tp_tensor_dims(value));
    ck_assert_ptr_nonnull(tensor);
    fill(tensor, &numbers, 3, seed);
    const tp_var upstream = tp_data(y.tape, tensor);
    tp_tensor_release(tensor);
    return upstream;
}

void run_vjp(const run *r, uint64_t seed, unsigned flags, tp_var *grads)
{
    if (!tp_dtype_is_float(tp_var_dtype(r->y))) {
        for (int i = 0; i < r->n; i++) grads[i] = tp_detach(tp_muls(r->leaf[i], 0));
        return;
    }
    const tp_status status = tp_vjp(r->y, upstream_like(r->y, seed), r->leaf, r->n, grads, flags);
    ck_assert_msg(status == TP_OK, "%s, %s: %s", r->of->op, r->of->name, tp_tape_error(r->tape));
}

/* ---- numbers ---- */

int64_t numbers_in(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? tp_tensor_count(value) : 1;
}

double number_at(tp_var x, int64_t i)
{
    const tp_tensor *value = tp_value(x);
    return value ? tp_tensor_item(value, i) : tp_item(x);
}

static double largest(tp_var x)
{
    double most = 1;
    for (int64_t i = 0; i < numbers_in(x); i++) most = fmax(most, fabs(number_at(x, i)));
    return most;
}

const char *difference_of(tp_var a, tp_var b, double tolerance)
{
    static char text[256];
    if (!tp_ok(a) || !tp_ok(b)) return "a handle is bad";
    const int rank = tp_var_rank(a);
    if (!tp_value(a) != !tp_value(b) || !tp_shape_equal(rank, tp_var_dims(a), tp_var_rank(b), tp_var_dims(b)))
        return "the shapes differ";
    const double allowed = tolerance * largest(a);
    for (int64_t i = 0; i < numbers_in(a); i++) {
        const double x = number_at(a, i), y = number_at(b, i);
        if (tolerance > 0 ? fabs(x - y) <= allowed : memcmp(&x, &y, sizeof x) == 0) continue;
        snprintf(text, sizeof text, "element %lld: %.17g and %.17g", (long long)i, x, y);
        return text;
    }
    return "";
}

tp_var vector(tp_tape *tape, tp_dtype dtype, int64_t n, const double *numbers, bool constant)
{
    tp_tensor *wide = tp_tensor_from(TP_F64, 1, &n, numbers), *tensor = tp_tensor_new(dtype, 1, &n);
    ck_assert(wide && tensor);
    ck_assert_int_eq(tp_tensor_copy(tensor, wide, NULL), TP_OK);
    const tp_var x = constant ? tp_data(tape, tensor) : tp_leaf(tape, tensor);
    tp_tensor_release(wide);
    tp_tensor_release(tensor);
    return x;
}

void expect_refusal(tp_tape *tape, tp_var result, tp_status status, const char *const *words)
{
    const char *message = tp_tape_error(tape);
    ck_assert_msg(!tp_ok(result), "it was not refused");
    ck_assert_msg(tp_tape_status(tape) == status, "status %s: %s", tp_status_name(tp_tape_status(tape)), message);
    for (; *words; words++) ck_assert_msg(strstr(message, *words) != NULL, "\"%s\" does not say %s", message, *words);
    tp_tape_clear_error(tape);
}

void expect_elements(const char *what, tp_var x, int n, const double *want, double tolerance)
{
    ck_assert_int_eq(numbers_in(x), n);
    for (int i = 0; i < n; i++) {
        const double got = number_at(x, i);
        const bool good =
            isnan(want[i]) ? isnan(got) : got == want[i] || fabs(got - want[i]) <= tolerance * fabs(want[i]);
        ck_assert_msg(good, "%s: element %d is %.17g, not %.17g", what, i, got, want[i]);
    }
}

void expect_gradient(const char *what, tp_var y, tp_var x, int n, const double *want)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        ck_assert_int_eq(tp_gradients(y, &x, 1, &g, flags), TP_OK);
        expect_elements(what, g, n, want, 1e-15);
    }
}

/* ---- constructors of rows, by name ---- */

typedef struct constructor {
    const char *name;
    tp_var (*unary)(tp_var);
    tp_var (*binary)(tp_var, tp_var);
    tp_var (*ternary)(tp_var, tp_var, tp_var);
    tp_var (*number)(tp_var, double);
    tp_var (*number_first)(double, tp_var);
    tp_var (*two_numbers)(tp_var, double, double);
    tp_var (*three_numbers)(tp_var, double, double, double);
} constructor;

static const constructor constructors[] = {
#define UNARY(called, ...) {.name = #called, .unary = tp_##called},
#define BINARY(called, ...) {.name = #called, .binary = tp_##called},
#define TERNARY(called, ...) {.name = #called, .ternary = tp_##called},
#define NUMBER(called, ...) {.name = #called, .number = tp_##called},
#define NUMBER_FIRST(called, ...) {.name = #called, .number_first = tp_##called},
#define TWO_NUMBERS(called, ...) {.name = #called, .two_numbers = tp_##called},
#define THREE_NUMBERS(called, ...) {.name = #called, .three_numbers = tp_##called},
#define COMPARE(called, ...) {.name = #called, .binary = tp_##called},
#define TEST(called, ...) {.name = #called, .unary = tp_##called},
#include "kernels/compare.def"
#include "kernels/rows.def"
};

tp_var row_call(const char *name, const tp_var *x, const double *number)
{
    for (int i = 0; i < COUNT(constructors); i++) {
        const constructor *c = &constructors[i];
        if (strcmp(c->name, name) != 0) continue;
        if (c->unary) return c->unary(x[0]);
        if (c->binary) return c->binary(x[0], x[1]);
        if (c->ternary) return c->ternary(x[0], x[1], x[2]);
        if (c->number) return c->number(x[0], number[0]);
        if (c->number_first) return c->number_first(number[0], x[0]);
        if (c->two_numbers) return c->two_numbers(x[0], number[0], number[1]);
        return c->three_numbers(x[0], number[0], number[1], number[2]);
    }
    ck_abort_msg("no row is called %s", name);
    return x[0];
}
