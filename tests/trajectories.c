/* Runs stored trajectories; see tests/trajectories.h. */
#include "tests/trajectories.h"

#include <stdio.h>

enum { STEPS = 20, MOST_ENTRIES = 64 };
static const double rate = 0.1;

/* ---- the numbers that both sides compute ---- */

static int64_t place(int64_t i, int seed)
{
    return (i * 7919 + (int64_t)seed * 104729) % 1009;
}

static double pattern(int64_t i, int seed)
{
    return ((double)place(i, seed) - 504.25) / 504;
}

static void fill(tp_tensor *tensor, int seed, double factor)
{
    double *to = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) to[i] = factor * pattern(i, seed);
}

tp_tensor *trajectory_x(const trajectory_case *c, int step)
{
    tp_tensor *x = tp_tensor_new(c->integers ? TP_I64 : TP_F64, c->rank, c->dims);
    ck_assert_ptr_nonnull(x);
    if (!c->integers) {
        fill(x, step + 1, 2);
        return x;
    }
    int64_t *to = tp_tensor_data(x);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) to[i] = place(i, step + 1) % c->classes;
    return x;
}

tp_module *trajectory_module(const trajectory *t)
{
    tp_error error = {0};
    tp_module *module = t->make(&(tp_layer_options){.dtype = TP_F64}, &error);
    ck_assert_msg(module != NULL, "%s: %s", t->name, error.message);
    const int n = (int)tp_module_parameter_count(module);
    for (int k = 0; k < n; k++) fill(tp_module_parameter_at(module, (size_t)k, NULL, 0), 100 + k, 0.5);
    return module;
}

tp_var trajectory_forward(const trajectory *t, tp_module *module, tp_var x)
{
    return (t->forward ? t->forward : tp_module_forward)(module, x);
}

/* ---- reading ---- */

static char *read_family(const char *family)
{
    char path[64];
    snprintf(path, sizeof path, "tests/golden/%s.txt", family);
    FILE *stream = fopen(path, "rb");
    ck_assert_msg(stream != NULL, "%s is not there: run the tests in the repository's root", path);
    fseek(stream, 0, SEEK_END);
    const size_t size = (size_t)ftell(stream);
    rewind(stream);
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    text[fread(text, 1, size, stream)] = 0;
    fclose(stream);
    return text;
}

int trajectory_count(const char *family)
{
    char *text = read_family(family);
    int promised = 0, cases = 0;
    ck_assert_int_eq(sscanf(text, "tapir trajectories 1 %d", &promised), 1);
    for (const char *at = text; (at = strstr(at, "\ncase ")) != NULL; at++) cases++;
    ck_assert_int_eq(cases, promised);
    free(text);
    return cases;
}

/* The next word; it ends where the line ends at the latest, and is cut off there. */
static char *word(char **at)
{
    char *first = *at + strspn(*at, " ");
    const size_t length = strcspn(first, " \n");
    *at = first + length;
    if (**at == ' ') *(*at)++ = 0;
    return first;
}

static void read_dims(char **at, int *rank, int64_t *dims)
{
    *rank = (int)strtol(*at, at, 10);
    ck_assert_int_le(*rank, TP_MAX_RANK);
    for (int i = 0; i < *rank; i++) dims[i] = strtol(*at, at, 10);
}

trajectory_case trajectory_find(const char *family, const char *name)
{
    char line[80];
    snprintf(line, sizeof line, "\ncase %s ", name);
    trajectory_case c = {.text = read_family(family)};
    char *at = strstr(c.text, line);
    ck_assert_msg(at != NULL, "tests/golden/%s.txt has no case %s", family, name);
    at += strlen(line);
    c.integers = *word(&at) == 'i';
    c.classes = (int)strtol(at, &at, 10);
    read_dims(&at, &c.rank, c.dims);
    c.at = at + 1;
    return c;
}

/* ---- comparing ---- */

/* What a run knows while it is compared. */
typedef struct runner {
    const trajectory *t;
    trajectory_case c;
    tp_module *module;
    tp_tape *tape;
    tp_tensor *entries[MOST_ENTRIES]; /* parameters and buffers, in the file's order */
    bool learns[MOST_ENTRIES];
    int n;
} runner;

/* The line of that name holds the numbers of `got`, within the tolerance of the largest of them. */
static void expect_line(runner *r, const char *what, const tp_tensor *got)
{
    const size_t length = strlen(what);
    ck_assert_msg(strncmp(r->c.at, what, length) == 0, "%s: \"%.20s\", not %s", r->t->name, r->c.at, what);
    char *at = r->c.at + length;
    const double tolerance = r->t->tolerance > 0 ? r->t->tolerance : 1e-9;
    const int64_t n = got ? tp_tensor_count(got) : 0;
    double largest = 1e-3;
    char *peek = at;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(strtod(peek, &peek)));
    for (int64_t i = 0; i < n; i++) {
        const double want = strtod(at, &at), is = tp_tensor_item(got, i);
        ck_assert_msg(fabs(is - want) <= tolerance * largest, "%s: %s, element %lld: %.17g, PyTorch %.17g", r->t->name,
                      what, (long long)i, is, want);
    }
    ck_assert_msg(*at == '\n', "%s: %s: PyTorch has more than %lld numbers", r->t->name, what, (long long)n);
    r->c.at = at + 1;
}

/* All names and shapes of the state dict, and no others. */
static void expect_state(runner *r)
{
    int parameters = 0;
    while (strncmp(r->c.at, "state ", 6) == 0) {
        char *at = r->c.at + 6;
        const bool learns = *word(&at) == 'p';
        const char *name = word(&at);
        int rank;
        int64_t dims[TP_MAX_RANK];
        read_dims(&at, &rank, dims);
        tp_tensor *entry = (learns ? tp_module_parameter : tp_module_buffer)(r->module, name);
        ck_assert_msg(entry != NULL, "%s: PyTorch has \"%s\"", r->t->name, name);
        ck_assert_msg(tp_tensor_rank(entry) == rank && memcmp(tp_tensor_dims(entry), dims, (size_t)rank * 8) == 0,
                      "%s: the shape of \"%s\"", r->t->name, name);
        ck_assert_int_lt(r->n, MOST_ENTRIES);
        if (learns) ck_assert_ptr_eq(tp_module_parameter_at(r->module, (size_t)parameters++, NULL, 0), entry);
        r->learns[r->n] = learns;
        r->entries[r->n++] = entry;
        r->c.at = at + 1;
    }
    ck_assert_uint_eq(tp_module_parameter_count(r->module), (size_t)parameters);
}

/* Records a training step, and walks back. */
static tp_var step(runner *r, tp_tensor *x, int number)
{
    tp_tape_reset(r->tape);
    const tp_var in = r->c.integers ? tp_data(r->tape, x) : tp_leaf(r->tape, x);
    const tp_var y = trajectory_forward(r->t, r->module, in);
    ck_assert_msg(tp_ok(y), "%s: %s", r->t->name, tp_tape_error(r->tape));
    tp_tensor *target = tp_tensor_new(TP_F64, tp_var_rank(y), tp_var_dims(y));
    fill(target, 1000 + number, 1);
    const tp_var loss = tp_mse(y, tp_data(r->tape, target), TP_MEAN);
    ck_assert_msg(tp_backward(loss) == TP_OK, "%s: %s", r->t->name, tp_tape_error(r->tape));
    tp_tensor_release(target);
    if (number > 0) return y;
    expect_line(r, "out", tp_value(y));
    expect_line(r, "dx", r->c.integers ? NULL : tp_grad(in));
    for (int i = 0; i < r->n; i++)
        if (r->learns[i]) expect_line(r, "grad", tp_tensor_grad(r->entries[i]));
    return y;
}

void trajectory_check(const char *family, const trajectory *t)
{
    runner r = {.t = t, .c = trajectory_find(family, t->name), .module = trajectory_module(t)};
    r.tape = tp_tape_new(NULL);
    expect_state(&r);
    for (int number = 0; number < STEPS; number++) {
        tp_tensor *x = trajectory_x(&r.c, number);
        step(&r, x, number);
        tp_tensor_release(x);
        for (int i = 0; i < r.n; i++)
            if (r.learns[i]) descend(r.entries[i], rate);
    }
    for (int i = 0; i < r.n; i++) expect_line(&r, "after", r.entries[i]);
    tp_module_set_training(r.module, false);
    tp_tape_reset(r.tape);
    tp_tensor *x = trajectory_x(&r.c, STEPS);
    expect_line(&r, "eval", tp_value(trajectory_forward(t, r.module, tp_data(r.tape, x))));
    tp_tensor_release(x);
    tp_tape_free(r.tape);
    tp_module_free(r.module);
    free(r.c.text);
}
