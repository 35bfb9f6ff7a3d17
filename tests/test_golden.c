/* Every op against values, gradients and Hessian-vector products that PyTorch computed: tests/golden/ops.txt, written
   by tools/golden.py, which also says what the format is. Tests run in the repository's root. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/test_ops.h"
#include "tests/tests.h"

static const char path[] = "tests/golden/ops.txt";

/* ---- reading ---- */

static char *text;     /* the whole file; words are cut out of it as they are read */
static char **case_at; /* where each case begins */
static int case_count;

static uint64_t fnv1a(const char *data, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
    return hash;
}

/* The file in memory; NULL when it is not there. */
static char *read_file(size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    if (data) data[fread(data, 1, *size, file)] = 0;
    fclose(file);
    return data;
}

static void read_cases(void)
{
    size_t size;
    text = read_file(&size);
    if (!text || sscanf(text, "tapir golden 1 %d", &case_count) != 1) return;
    case_at = malloc((size_t)case_count * sizeof *case_at);
    int n = 0;
    for (char *at = strstr(text, "\ncase "); case_at && at && n < case_count; at = strstr(at + 1, "\ncase "))
        case_at[n++] = at + 1;
}

/* ---- a case ---- */

enum { MAX_NUMBERS = 256, MAX_ATTRIBUTES = 6 };

typedef struct words {
    char *at;
} words;

static const char *word(words *w)
{
    static char found[64];
    int length = 0;
    ck_assert_int_eq(sscanf(w->at, "%63s%n", found, &length), 1);
    w->at += length;
    return found;
}

static int whole(words *w)
{
    return atoi(word(w));
}

static void expect_word(words *w, const char *expected)
{
    ck_assert_str_eq(word(w), expected);
}

static void read_numbers(words *w, int64_t n, double *out)
{
    ck_assert_int_le(n, MAX_NUMBERS);
    for (int64_t i = 0; i < n; i++) out[i] = strtod(w->at, &w->at);
}

/* Rank, dims and numbers; a rank of 0 gives a scalar. */
static tp_tensor *read_tensor(words *w, char order)
{
    double numbers[MAX_NUMBERS];
    tp_shape shape = {.rank = whole(w)}, stored;
    for (int i = 0; i < shape.rank; i++) shape.dims[i] = whole(w);
    read_numbers(w, tp_shape_count(shape.rank, shape.dims), numbers);
    tp_tensor *dense = tp_tensor_from(TP_F64, shape.rank, shape.dims, numbers);
    ck_assert_ptr_nonnull(dense);
    if (order == 'd') return dense;
    const int last = shape.rank - 1;
    stored = shape;
    stored.dims[0] = shape.dims[last], stored.dims[last] = shape.dims[0];
    tp_tensor *memory = tp_tensor_new(TP_F64, stored.rank, stored.dims);
    tp_tensor *view = tp_tensor_transpose(memory, 0, last, NULL);
    ck_assert_int_eq(tp_tensor_copy(view, dense, NULL), TP_OK);
    tp_tensor_release(memory);
    tp_tensor_release(dense);
    return view;
}

static tp_var read_leaf(words *w, tp_tape *tape)
{
    const bool constant = *word(w) == 'c';
    const char order = *word(w);
    tp_tensor *tensor = read_tensor(w, order);
    const bool scalar = tp_tensor_rank(tensor) == 0;
    tp_var x;
    if (constant && !scalar) {
        tp_tensor *labels = tp_tensor_new(TP_I64, tp_tensor_rank(tensor), tp_tensor_dims(tensor));
        ck_assert_int_eq(tp_tensor_copy(labels, tensor, NULL), TP_OK);
        x = tp_data(tape, labels);
        tp_tensor_release(labels);
    } else if (scalar) {
        x = (constant ? tp_const : tp_scalar)(tape, tp_tensor_item(tensor, 0));
    } else {
        x = tp_leaf(tape, tensor);
    }
    tp_tensor_release(tensor);
    return x;
}

typedef struct golden {
    char op[32];
    tp_tape *tape;
    int attributes, n, inputs; /* `inputs` come first and are differentiable */
    double attribute[MAX_ATTRIBUTES];
    int64_t list[MAX_ATTRIBUTES];
    tp_var x[MAX_LEAVES + 1];
} golden;

static golden read_operands(words *w)
{
    golden g = {.tape = tp_tape_new(NULL)};
    expect_word(w, "case");
    snprintf(g.op, sizeof g.op, "%s", word(w));
    g.attributes = whole(w);
    ck_assert_int_le(g.attributes, MAX_ATTRIBUTES);
    read_numbers(w, g.attributes, g.attribute);
    for (int i = 0; i < g.attributes; i++) g.list[i] = (int64_t)g.attribute[i];
    words next = *w;
    while (strcmp(word(&next), "in") == 0) {
        ck_assert_int_lt(g.n, MAX_LEAVES);
        g.x[g.n++] = read_leaf(&next, g.tape);
        if (tp_needs_grad(g.x[g.n - 1])) g.inputs = g.n;
        *w = next;
    }
    return g;
}

/* ---- ops by name: what the attributes of a case mean ---- */

typedef tp_var builder(const golden *g);
#define CALL(name, call)                                                                                               \
    static tp_var golden_##name(const golden *g)                                                                       \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
CALL(sum, tp_sum_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
CALL(mean, tp_mean_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
CALL(max, tp_max_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
CALL(min, tp_min_axes(g->x[0], g->attributes - 1, g->list + 1, g->list[0] != 0))
CALL(max_with_indices, tp_max_with_indices(g->x[0], (int)g->list[1], g->list[0] != 0, NULL))
CALL(softmax, tp_softmax(g->x[0], (int)g->list[0]))
CALL(log_softmax, tp_log_softmax(g->x[0], (int)g->list[0]))
CALL(logsumexp, tp_logsumexp(g->x[0], (int)g->list[1], g->list[0] != 0))
CALL(matmul, tp_matmul(g->x[0], g->x[1]))
CALL(linear, tp_linear(g->x[0], g->x[1], g->n > 2 ? g->x[2] : tp_none()))
CALL(reshape, tp_reshape(g->x[0], g->attributes, g->list))
CALL(permute, tp_permute(g->x[0], g->attributes, g->list))
CALL(slice, tp_slice(g->x[0], (int)g->list[0], g->list[1], g->list[2], g->list[3]))
CALL(concat, tp_concat(g->x, g->n, (int)g->list[0]))
CALL(stack, tp_stack(g->x, g->n, (int)g->list[0]))
CALL(index, tp_index(g->x[0], g->attributes, g->list))
CALL(expand, tp_expand(g->x[0], g->attributes, g->list))
CALL(detach, tp_detach(g->x[0]))
CALL(one_hot, tp_one_hot(g->x[0], g->list[0], TP_F64))
CALL(mse, tp_mse(g->x[0], g->x[1], (tp_reduction)g->list[0]))
CALL(cross_entropy, tp_cross_entropy(g->x[0], g->x[1], (tp_reduction)g->list[0]))
CALL(row, row_call(g->op, g->x[0], g->x[1], g->attribute[0]))

#define NAMED(op)                                                                                                      \
    {                                                                                                                  \
#op, golden_##op                                                                                               \
    }
static const struct {
    const char *op;
    builder *build;
} builders[] = {NAMED(sum),          NAMED(mean),    NAMED(max),         NAMED(min),       NAMED(max_with_indices),
                NAMED(softmax),      NAMED(matmul),  NAMED(log_softmax), NAMED(logsumexp), NAMED(linear),
                NAMED(reshape),      NAMED(permute), NAMED(slice),       NAMED(concat),    NAMED(stack),
                NAMED(index),        NAMED(expand),  NAMED(detach),      NAMED(one_hot),   NAMED(mse),
                NAMED(cross_entropy)};

static tp_var build(const golden *g)
{
    for (int i = 0; i < COUNT(builders); i++)
        if (strcmp(builders[i].op, g->op) == 0) return builders[i].build(g);
    return golden_row(g);
}

/* ---- comparing ---- */

/* Within 1e-12 of the largest of the tensor's numbers: where terms cancel, an element has that much rounding in it.
   What PyTorch gives as 0 may be the rounding of numbers near 1. */
static void expect_numbers(const golden *g, const char *what, int which, tp_var x, const double *want)
{
    double largest = 1e-3;
    for (int64_t i = 0; i < numbers_in(x); i++)
        if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < numbers_in(x); i++) {
        const double got = number_at(x, i);
        ck_assert_msg(got == want[i] || fabs(got - want[i]) <= 1e-12 * largest,
                      "case %d, %s: %s %d, element %lld: %.17g, PyTorch %.17g", which, g->op, what, which, (long long)i,
                      got, want[i]);
    }
}

static void expect_line(words *w, const golden *g, const char *what, int which, tp_var x)
{
    double want[MAX_NUMBERS];
    expect_word(w, what);
    read_numbers(w, numbers_in(x), want);
    expect_numbers(g, what, which, x, want);
}

static void expect_out(words *w, const golden *g, int which, tp_var y)
{
    expect_word(w, "out");
    tp_tensor *out = read_tensor(w, 'd');
    ck_assert_msg(tp_ok(y), "case %d, %s: %s", which, g->op, tp_tape_error(g->tape));
    ck_assert_msg(tp_shape_equal(tp_tensor_rank(out), tp_tensor_dims(out), tp_var_rank(y), tp_var_dims(y)),
                  "case %d, %s: the shape of the result", which, g->op);
    expect_numbers(g, "out", which, y, tp_tensor_read(out));
    tp_tensor_release(out);
}

/* Gradients by both rules; returns the recorded ones in `grads`. */
static void expect_gradients(words *w, const golden *g, int which, tp_var y, tp_var up, tp_var *grads)
{
    words again = *w;
    ck_assert_int_eq(tp_vjp(y, up, g->x, g->inputs, grads, 0), TP_OK);
    for (int i = 0; i < g->inputs; i++) expect_line(&again, g, "grad", which, grads[i]);
    const tp_status status = tp_vjp(y, up, g->x, g->inputs, grads, TP_CREATE_GRAPH);
    ck_assert_msg(status == TP_OK, "case %d, %s: %s", which, g->op, tp_tape_error(g->tape));
    for (int i = 0; i < g->inputs; i++) expect_line(w, g, "grad", which, grads[i]);
}

static tp_var read_direction(words *w, tp_var like)
{
    double numbers[MAX_NUMBERS];
    expect_word(w, "dir");
    read_numbers(w, numbers_in(like), numbers);
    if (!tp_value(like)) return tp_const(like.tape, numbers[0]);
    tp_tensor *tensor = tp_tensor_from(TP_F64, tp_var_rank(like), tp_var_dims(like), numbers);
    const tp_var direction = tp_data(like.tape, tensor);
    tp_tensor_release(tensor);
    return direction;
}

START_TEST(op_agrees_with_pytorch)
{
    words w = {case_at[_i]};
    golden g = read_operands(&w);
    expect_word(&w, "up");
    tp_tensor *upstream = read_tensor(&w, 'd');
    const int rank = tp_tensor_rank(upstream);
    const tp_var up = rank ? tp_leaf(g.tape, upstream) : tp_scalar(g.tape, tp_tensor_item(upstream, 0)), y = build(&g);
    expect_out(&w, &g, _i, y);
    tp_var grads[MAX_LEAVES], second[MAX_LEAVES + 1], total = tp_const(g.tape, 0);
    expect_gradients(&w, &g, _i, y, up, grads);
    for (int i = 0; i < g.inputs; i++) total = tp_add(total, tp_sum(tp_mul(grads[i], read_direction(&w, g.x[i]))));
    g.x[g.inputs] = up; /* labels are not needed any more */
    ck_assert_int_eq(tp_gradients(total, g.x, g.inputs + 1, second, 0), TP_OK);
    for (int i = 0; i <= g.inputs; i++) expect_line(&w, &g, "hvp", _i, second[i]);
    tp_tape_free(g.tape);
    tp_tensor_release(upstream);
}
END_TEST

/* ---- the file ---- */

START_TEST(golden_file_is_whole)
{
    ck_assert_msg(text != NULL, "%s is not there: run the tests in the repository's root", path);
    char *last = strstr(text, "\nfnv1a ");
    ck_assert_ptr_nonnull(last);
    uint64_t hash = 0;
    for (const char *digit = last + 7; *digit > ' '; digit++)
        hash = hash << 4 | (uint64_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
    ck_assert_msg(hash == fnv1a(text, (size_t)(last + 1 - text)), "%s was changed by hand or is damaged", path);
    ck_assert_int_ge(case_count, 300);
    for (int i = 0; i < case_count; i++) ck_assert_int_eq(strncmp(case_at[i], "case ", 5), 0);
}
END_TEST

/* PyTorch has no op of this kind. */
static const char *const unknown[] = {"winner"};

START_TEST(op_has_golden_cases)
{
    const char *name = tp_op_at(_i)->name;
    char line[64];
    snprintf(line, sizeof line, "\ncase %s ", name);
    bool excused = false;
    for (int i = 0; i < COUNT(unknown); i++) excused = excused || strcmp(unknown[i], name) == 0;
    ck_assert_msg(excused || strstr(text, line), "op %s has no cases: add some to tools/golden.py", name);
}
END_TEST

Suite *golden_suite(void)
{
    Suite *suite = suite_create("golden");
    TCase *file = tcase_create("file"), *cases = tcase_create("cases");
    read_cases();
    tcase_set_timeout(cases, 60);
    tcase_add_test(file, golden_file_is_whole);
    tcase_add_loop_test(file, op_has_golden_cases, 0, tp_op_count());
    tcase_add_loop_test(cases, op_agrees_with_pytorch, 0, text && case_at ? case_count : 0);
    suite_add_tcase(suite, file);
    suite_add_tcase(suite, cases);
    return suite;
}
