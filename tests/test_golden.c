/* Every op against values, gradients and Hessian-vector products that PyTorch computed: tests/golden/FAMILY.txt,
   written by tools/golden, which also says what the format is. Tests run in the repository's root. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/golden.h"
#include "tests/tests.h"

enum { LEAST_CASES = 400, MAX_GROUPS = 1024 };

static const golden_family *const families[] = {
#define FAMILY(name) &golden_##name,
#include "tests/golden.def"
};

/* ---- the files ---- */

typedef struct file {
    char *text; /* the whole file; NULL when it is not there */
    int cases;
} file;

/* The cases of one op that stand one after another. */
typedef struct group {
    int family, n;
    char *at;
    char op[32];
} group;

static file files[COUNT(families)];
static group groups[MAX_GROUPS];
static int group_count;

static uint64_t fnv1a(const char *data, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
    return hash;
}

static char *read_text(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    FILE *stream = fopen(path, "rb");
    if (!stream) return NULL;
    fseek(stream, 0, SEEK_END);
    const size_t size = (size_t)ftell(stream);
    rewind(stream);
    char *data = malloc(size + 1);
    if (data) data[fread(data, 1, size, stream)] = 0;
    fclose(stream);
    return data;
}

static void add_case(int family, char *at)
{
    char op[32];
    if (sscanf(at, "case %31s", op) != 1 || group_count == MAX_GROUPS) return;
    group *last = group_count ? &groups[group_count - 1] : NULL;
    if (!last || last->family != family || strcmp(last->op, op) != 0) {
        last = &groups[group_count++];
        *last = (group){.family = family, .at = at};
        memcpy(last->op, op, sizeof op);
    }
    last->n++;
}

static void read_files(void)
{
    for (int f = 0; f < COUNT(families); f++) {
        files[f] = (file){.text = read_text(families[f]->name)};
        char *at = files[f].text;
        while (at && (at = strstr(at, "\ncase ")) != NULL) {
            add_case(f, ++at);
            files[f].cases++;
        }
    }
}

/* ---- reading a case ---- */

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

/* sscanf measures the whole rest of the file for each word: cases are cut out first. */
static words cut(char **at)
{
    const char *end = strstr(*at, "\ncase ");
    if (!end) end = strstr(*at, "\nfnv1a ");
    const size_t length = end ? (size_t)(end + 1 - *at) : strlen(*at);
    char *copy = malloc(length + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, *at, length);
    copy[length] = 0;
    *at += length;
    return (words){copy};
}

static int whole(words *w)
{
    return (int)strtol(w->at, &w->at, 10);
}

static void expect_word(words *w, const char *expected)
{
    ck_assert_str_eq(word(w), expected);
}

static double *read_numbers(words *w, int64_t n)
{
    double *numbers = malloc((size_t)(n + 1) * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (int64_t i = 0; i < n; i++) numbers[i] = strtod(w->at, &w->at);
    return numbers;
}

/* Rank, dims and numbers; a rank of 0 gives a scalar. */
static tp_tensor *read_tensor(words *w)
{
    tp_shape shape = {.rank = whole(w)};
    for (int i = 0; i < shape.rank; i++) shape.dims[i] = whole(w);
    double *numbers = read_numbers(w, tp_shape_count(shape.rank, shape.dims));
    tp_tensor *dense = tp_tensor_from(TP_F64, shape.rank, shape.dims, numbers);
    ck_assert_ptr_nonnull(dense);
    free(numbers);
    return dense;
}

/* The same elements with the memory of layout t or s; takes `dense` over. */
static tp_tensor *laid_out(tp_tensor *dense, char how)
{
    const int rank = tp_tensor_rank(dense), last = rank - 1;
    if (how == 'd' || rank == 0) return dense;
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, tp_tensor_dims(dense), (size_t)rank * sizeof *dims);
    const int64_t first = dims[0];
    if (how == 't') dims[0] = dims[last], dims[last] = first;
    if (how == 's') dims[last] = 2 * dims[last] + 1;
    tp_tensor *memory = tp_tensor_new(TP_F64, rank, dims);
    tp_tensor *view =
        how == 't' ? tp_tensor_transpose(memory, 0, last, NULL) : tp_tensor_slice(memory, last, 1, dims[last], 2, NULL);
    ck_assert_int_eq(tp_tensor_copy(view, dense, NULL), TP_OK);
    tp_tensor_release(memory);
    tp_tensor_release(dense);
    return view;
}

static tp_var integers(tp_tape *tape, tp_dtype dtype, const tp_tensor *numbers)
{
    tp_tensor *tensor = tp_tensor_new(dtype, tp_tensor_rank(numbers), tp_tensor_dims(numbers));
    ck_assert_int_eq(tp_tensor_copy(tensor, numbers, NULL), TP_OK);
    const tp_var x = tp_data(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

static tp_var read_leaf(words *w, tp_tape *tape)
{
    const char kind = *word(w), how = *word(w);
    tp_tensor *tensor = laid_out(read_tensor(w), how);
    tp_var x;
    if (tp_tensor_rank(tensor) == 0)
        x = (kind == 'g' ? tp_scalar : tp_const)(tape, tp_tensor_item(tensor, 0));
    else if (kind == 'c' || kind == 'm')
        x = integers(tape, kind == 'c' ? TP_I64 : TP_U8, tensor);
    else
        x = kind == 'g' ? tp_leaf(tape, tensor) : tp_data(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

static golden read_operands(words *w)
{
    golden g = {.tape = tp_tape_new(NULL)};
    expect_word(w, "case");
    snprintf(g.op, sizeof g.op, "%s", word(w));
    g.attributes = whole(w);
    ck_assert_int_le(g.attributes, GOLDEN_ATTRIBUTES);
    double *numbers = read_numbers(w, g.attributes);
    for (int i = 0; i < g.attributes; i++) {
        g.attribute[i] = numbers[i];
        g.list[i] = isfinite(numbers[i]) ? (int64_t)numbers[i] : 0;
    }
    free(numbers);
    for (int i = 0; i <= MAX_LEAVES; i++) g.x[i] = tp_none();
    words next = *w;
    while (strcmp(word(&next), "in") == 0) {
        ck_assert_int_lt(g.n, MAX_LEAVES);
        g.x[g.n++] = read_leaf(&next, g.tape);
        if (tp_needs_grad(g.x[g.n - 1])) g.inputs = g.n;
        *w = next;
    }
    return g;
}

/* ---- comparing ---- */

static const golden_builder *builder_of(const group *of)
{
    const golden_family *family = families[of->family];
    for (int i = 0; i < family->n; i++) {
        const golden_builder *b = &family->builders[i];
        if (strcmp(b->op, of->op) == 0 || strcmp(b->op, "*") == 0) return b;
    }
    ck_abort_msg("%s: tests/test_golden_%s.c does not say how it is called", of->op, family->name);
    return NULL;
}

/* What the numbers of a case are compared with, and what is said when they differ. */
typedef struct judge {
    const golden *g;
    const golden_builder *builder;
    int which; /* case of the group */
} judge;

/* Within the tolerance of the largest of the tensor's numbers: where terms cancel, an element has that much rounding in
   it. What PyTorch gives as 0 may be the rounding of numbers near 1. */
static void expect_numbers(const judge *j, const char *what, tp_var x, const double *want)
{
    const double tolerance = j->builder->tolerance > 0 ? j->builder->tolerance : 1e-12;
    double largest = 1e-3;
    for (int64_t i = 0; i < numbers_in(x); i++)
        if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < numbers_in(x); i++) {
        const double got = number_at(x, i);
        const bool good =
            got == want[i] || (isnan(got) && isnan(want[i])) || fabs(got - want[i]) <= tolerance * largest;
        ck_assert_msg(good, "case %d of %s: %s, element %lld: %.17g, PyTorch %.17g", j->which, j->g->op, what,
                      (long long)i, got, want[i]);
    }
}

static void expect_line(words *w, const judge *j, const char *what, tp_var x)
{
    expect_word(w, what);
    double *want = read_numbers(w, numbers_in(x));
    expect_numbers(j, what, x, want);
    free(want);
}

static void expect_out(words *w, const judge *j, tp_var y)
{
    expect_word(w, "out");
    tp_tensor *out = read_tensor(w);
    ck_assert_msg(tp_ok(y), "case %d of %s: %s", j->which, j->g->op, tp_tape_error(j->g->tape));
    ck_assert_msg(tp_shape_equal(tp_tensor_rank(out), tp_tensor_dims(out), tp_var_rank(y), tp_var_dims(y)),
                  "case %d of %s: the shape of the result", j->which, j->g->op);
    expect_numbers(j, "out", y, tp_tensor_read(out));
    tp_tensor_release(out);
}

/* The operands that a gradient arrives at. */
static int wanted(const golden *g, tp_var *x)
{
    int n = 0;
    for (int i = 0; i < g->inputs; i++)
        if (tp_needs_grad(g->x[i])) x[n++] = g->x[i];
    return n;
}

/* Gradients by both rules; leaves the recorded ones in `grads`. */
static void expect_gradients(words *w, const judge *j, tp_var y, tp_var up, tp_var *grads)
{
    tp_var x[MAX_LEAVES];
    const int n = wanted(j->g, x);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        words again = *w;
        const tp_status status = tp_vjp(y, up, x, n, grads, flags);
        ck_assert_msg(status == TP_OK, "case %d of %s: %s", j->which, j->g->op, tp_tape_error(j->g->tape));
        for (int i = 0; i < n; i++) expect_line(&again, j, "grad", grads[i]);
        if (flags == TP_CREATE_GRAPH) *w = again;
    }
}

static tp_var read_direction(words *w, tp_var like)
{
    expect_word(w, "dir");
    double *numbers = read_numbers(w, numbers_in(like));
    tp_var direction;
    if (tp_value(like)) {
        tp_tensor *tensor = tp_tensor_from(TP_F64, tp_var_rank(like), tp_var_dims(like), numbers);
        direction = tp_data(like.tape, tensor);
        tp_tensor_release(tensor);
    } else {
        direction = tp_const(like.tape, numbers[0]);
    }
    free(numbers);
    return direction;
}

static void check_case(const group *of, int which, char **at)
{
    words w = cut(at);
    char *const copy = w.at;
    golden g = read_operands(&w);
    const judge j = {&g, builder_of(of), which};
    expect_word(&w, "up");
    tp_tensor *upstream = read_tensor(&w);
    const tp_var up =
        tp_tensor_rank(upstream) ? tp_leaf(g.tape, upstream) : tp_scalar(g.tape, tp_tensor_item(upstream, 0));
    const tp_var y = j.builder->build(&g);
    expect_out(&w, &j, y);
    if (tp_dtype_is_float(tp_var_dtype(y))) {
        tp_var grads[MAX_LEAVES], second[MAX_LEAVES + 1], x[MAX_LEAVES + 1], total = tp_const(g.tape, 0);
        const int n = wanted(&g, x);
        expect_gradients(&w, &j, y, up, grads);
        for (int i = 0; i < n; i++) total = tp_add(total, tp_sum(tp_mul(grads[i], read_direction(&w, x[i]))));
        x[n] = up;
        const tp_status status = tp_gradients(total, x, n + 1, second, 0);
        ck_assert_msg(status == TP_OK, "case %d of %s: %s", which, g.op, tp_tape_error(g.tape));
        for (int i = 0; i <= n; i++) expect_line(&w, &j, "hvp", second[i]);
    }
    tp_tape_free(g.tape);
    tp_tensor_release(upstream);
    free(copy);
}

START_TEST(op_agrees_with_pytorch)
{
    char *at = groups[_i].at;
    for (int i = 0; i < groups[_i].n; i++) check_case(&groups[_i], i, &at);
}
END_TEST

/* ---- what is there ---- */

START_TEST(golden_file_is_whole)
{
    const file *f = &files[_i];
    ck_assert_msg(f->text != NULL, "tests/golden/%s.txt is not there: run the tests in the repository's root",
                  families[_i]->name);
    char *last = strstr(f->text, "\nfnv1a ");
    ck_assert_ptr_nonnull(last);
    uint64_t hash = 0;
    for (const char *digit = last + 7; *digit > ' '; digit++)
        hash = hash << 4 | (uint64_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
    ck_assert_msg(hash == fnv1a(f->text, (size_t)(last + 1 - f->text)), "tests/golden/%s.txt was changed or is damaged",
                  families[_i]->name);
    int promised = 0;
    ck_assert_int_eq(sscanf(f->text, "tapir golden 2 %d", &promised), 1);
    ck_assert_int_eq(promised, f->cases);
}
END_TEST

START_TEST(there_are_enough_cases)
{
    int cases = 0, counted = 0;
    for (int f = 0; f < COUNT(families); f++) cases += files[f].cases;
    for (int i = 0; i < group_count; i++) counted += groups[i].n;
    ck_assert_int_ge(cases, LEAST_CASES);
    ck_assert_int_eq(cases, counted);
}
END_TEST

START_TEST(wider_tolerances_have_a_reason)
{
    for (int i = 0; i < families[_i]->n; i++) {
        const golden_builder *b = &families[_i]->builders[i];
        ck_assert_msg(b->tolerance <= 1e-12 || b->why, "%s", b->op);
    }
}
END_TEST

/* PyTorch has no op of this kind, or draws other random numbers. */
static const char *const unknown[] = {
    "bernoulli", "dropout",     "exponential", "gumbel",  "multinomial",
    "normal",    "permutation", "randint",     "uniform", "winner",
};

START_TEST(op_has_golden_cases)
{
    const char *name = tp_op_at(_i)->name;
    bool found = false;
    for (int i = 0; i < COUNT(unknown); i++) found = found || strcmp(unknown[i], name) == 0;
    for (int i = 0; i < group_count; i++) found = found || strcmp(groups[i].op, name) == 0;
    ck_assert_msg(found, "op %s has no cases: add some to tools/golden/*_cases.py", name);
}
END_TEST

Suite *golden_suite(void)
{
    Suite *suite = suite_create("golden");
    TCase *stored = tcase_create("files"), *cases = tcase_create("cases");
    read_files();
    tcase_set_timeout(cases, 120);
    tcase_add_test(stored, there_are_enough_cases);
    tcase_add_loop_test(stored, golden_file_is_whole, 0, COUNT(families));
    tcase_add_loop_test(stored, wider_tolerances_have_a_reason, 0, COUNT(families));
    tcase_add_loop_test(stored, op_has_golden_cases, 0, tp_op_count());
    tcase_add_loop_test(cases, op_agrees_with_pytorch, 0, group_count);
    suite_add_tcase(suite, stored);
    suite_add_tcase(suite, cases);
    return suite;
}
