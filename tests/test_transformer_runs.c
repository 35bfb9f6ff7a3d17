/* Short trainings of attention and transformer blocks against PyTorch: first outputs, gradients, and the parameters
   after 20 steps. tests/golden/transformer.txt is written by tools/golden/transformer.py, which says what the format
   is. */
#include <stdio.h>

#include "tests/test_transformer.h"

enum { RUNS = 26, MAX_DATA = 12, MAX_PARAMETERS = 48, STEPS = 20 };
#define TOLERANCE 1e-8 /* of the largest number of a tensor */

typedef struct named {
    char name[80];
    tp_tensor *tensor;
} named;

typedef struct run {
    char kind[32], flags[16], *at, *text;
    int width, heads, hidden, layers, key_width, value_width;
    tp_module *module;
    named data[MAX_DATA];
    int datas;
} run;

/* ---- reading ---- */

static char *read_file(void)
{
    FILE *stream = fopen("tests/golden/transformer.txt", "rb");
    ck_assert_msg(stream != NULL, "tests/golden/transformer.txt is not there: run the tests in the repository's root");
    fseek(stream, 0, SEEK_END);
    const size_t size = (size_t)ftell(stream);
    rewind(stream);
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    text[fread(text, 1, size, stream)] = 0;
    fclose(stream);
    return text;
}

static uint64_t fnv1a(const char *data, const char *end)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; data < end; data++) hash = (hash ^ (unsigned char)*data) * 0x100000001b3u;
    return hash;
}

/* The next word of the line. */
static void word(run *r, char *out, size_t size)
{
    while (*r->at == ' ' || *r->at == '\n') r->at++;
    const size_t length = strcspn(r->at, " \n");
    ck_assert_uint_lt(length, size);
    memcpy(out, r->at, length);
    out[length] = 0;
    r->at += length;
}

static bool next_is(run *r, const char *expected)
{
    while (*r->at == ' ' || *r->at == '\n') r->at++;
    const size_t length = strlen(expected);
    if (strncmp(r->at, expected, length) != 0 || (r->at[length] != ' ' && r->at[length] != '\n')) return false;
    r->at += length;
    return true;
}

static int whole(run *r)
{
    return (int)strtol(r->at, &r->at, 10);
}

static void read_numbers(run *r, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = strtod(r->at, &r->at);
}

static named read_tensor(run *r)
{
    named found;
    int64_t dims[TP_MAX_RANK], count = 1;
    double numbers[256];
    word(r, found.name, sizeof found.name);
    const int rank = whole(r);
    for (int i = 0; i < rank; i++) count *= dims[i] = whole(r);
    ck_assert_int_le(count, 256);
    read_numbers(r, count, numbers);
    const bool mask = strcmp(found.name, "mask") == 0 || strstr(found.name, "keys");
    found.tensor = tensor_of(mask ? TP_U8 : TP_F64, rank, dims, numbers);
    return found;
}

/* ---- building ---- */

static tp_module *build(const run *r)
{
    const tp_layer_options layer = {.dtype = TP_F64, .no_bias = strchr(r->flags, 'b') != NULL};
    const bool time_first = strchr(r->flags, 't') != NULL, causal = strchr(r->flags, 'c') != NULL;
    const tp_multihead_options attention = {.layer = layer,
                                            .key_width = r->key_width,
                                            .value_width = r->value_width,
                                            .causal = causal,
                                            .time_first = time_first};
    const tp_transformer_options o = {.layer = layer,
                                      .hidden = r->hidden,
                                      .gelu = strchr(r->flags, 'g') != NULL,
                                      .norm_first = strchr(r->flags, 'n') != NULL,
                                      .final_norm = strchr(r->flags, 'f') != NULL,
                                      .causal = causal,
                                      .time_first = time_first};
    const int width = r->width, heads = r->heads;
    if (strcmp(r->kind, "attention") == 0) return tp_multihead_attention(width, heads, &attention, NULL);
    if (strcmp(r->kind, "encoder_layer") == 0) return tp_transformer_encoder_layer(width, heads, &o, NULL);
    if (strcmp(r->kind, "decoder_layer") == 0) return tp_transformer_decoder_layer(width, heads, &o, NULL);
    if (strcmp(r->kind, "encoder") == 0) return tp_transformer_encoder(r->layers, width, heads, &o, NULL);
    if (strcmp(r->kind, "decoder") == 0) return tp_transformer_decoder(r->layers, width, heads, &o, NULL);
    return tp_transformer(r->layers, r->layers, width, heads, &o, NULL);
}

/* The parameters have the names, the order and the shapes of PyTorch's state dict. */
static void load(run *r)
{
    size_t n = 0;
    while (next_is(r, "param")) {
        char path[80];
        const named given = read_tensor(r);
        tp_tensor *parameter = tp_module_parameter_at(r->module, n++, path, sizeof path);
        ck_assert_ptr_nonnull(parameter);
        ck_assert_str_eq(path, given.name);
        tp_error error = {0};
        ck_assert_msg(tp_tensor_copy(parameter, given.tensor, &error) == TP_OK, "%s: %s", path, error.message);
        tp_tensor_release(given.tensor);
    }
    ck_assert_uint_eq(n, tp_module_parameter_count(r->module));
}

static void begin(run *r, int number)
{
    *r = (run){.text = read_file()};
    r->at = r->text;
    for (int i = 0; i <= number; i++) {
        r->at = strstr(r->at, "\nrun ");
        ck_assert_ptr_nonnull(r->at);
        r->at += 5;
    }
    *strstr(r->at, "\nend\n") = 0;
    word(r, r->kind, sizeof r->kind);
    int *const sizes[] = {&r->width, &r->heads, &r->hidden, &r->layers, &r->key_width, &r->value_width};
    for (int i = 0; i < 6; i++) *sizes[i] = whole(r);
    word(r, r->flags, sizeof r->flags);
    r->module = build(r);
    ck_assert_ptr_nonnull(r->module);
    load(r);
    while (next_is(r, "data")) {
        ck_assert_int_lt(r->datas, MAX_DATA);
        r->data[r->datas++] = read_tensor(r);
    }
}

static void end(run *r)
{
    for (int i = 0; i < r->datas; i++) tp_tensor_release(r->data[i].tensor);
    tp_module_free(r->module);
    free(r->text);
}

/* ---- running ---- */

/* A tensor of the run's on the tape: an operand as a leaf, tp_none() where there is none. */
static tp_var given(const run *r, tp_tape *tape, const char *name, tp_var leaves[MAX_DATA])
{
    for (int i = 0; i < r->datas; i++) {
        if (strcmp(r->data[i].name, name) != 0) continue;
        if (leaves[i].tape) return leaves[i];
        const bool constant = tp_tensor_dtype(r->data[i].tensor) == TP_U8 || strcmp(name, "want") == 0;
        return leaves[i] = (constant ? tp_data : tp_leaf)(tape, r->data[i].tensor);
    }
    return tp_none();
}

static tp_var forward(const run *r, tp_tape *tape, tp_var leaves[MAX_DATA])
{
    const tp_var x = given(r, tape, "x", leaves), memory = given(r, tape, "memory", leaves);
    const tp_var added = given(r, tape, "added", leaves);
    const tp_attention_masks masks = {.mask = added.tape ? added : given(r, tape, "mask", leaves),
                                      .keys = given(r, tape, "keys", leaves)},
                             others = {.keys = given(r, tape, "memory_keys", leaves)};
    if (strcmp(r->kind, "attention") == 0 && x.tape) return tp_attention_forward(r->module, x, x, x, &masks);
    if (strcmp(r->kind, "attention") == 0)
        return tp_attention_forward(r->module, given(r, tape, "q", leaves), given(r, tape, "k", leaves),
                                    given(r, tape, "v", leaves), &masks);
    if (strncmp(r->kind, "encoder", 7) == 0) return tp_encoder_forward(r->module, x, &masks);
    if (strncmp(r->kind, "decoder", 7) == 0) return tp_decoder_forward(r->module, x, memory, &masks, &others);
    return tp_transformer_forward(r->module, memory, x, &others, &masks);
}

static void expect_near(run *r, const char *name, const tp_tensor *got)
{
    double want[256], largest = 1e-3;
    const int64_t n = tp_tensor_count(got);
    ck_assert_msg(got != NULL && n <= 256, "%s", name);
    read_numbers(r, n, want);
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(tp_tensor_item(got, i) - want[i]) <= TOLERANCE * largest,
                      "%s, flags %s: %s, element %lld: %.17g, PyTorch %.17g", r->kind, r->flags, name, (long long)i,
                      tp_tensor_item(got, i), want[i]);
}

/* What PyTorch says of the first step. */
static void expect_first(run *r, tp_var y, const tp_var leaves[MAX_DATA])
{
    char name[80];
    ck_assert(next_is(r, "out"));
    expect_near(r, "out", tp_value(y));
    while (next_is(r, "grad")) {
        word(r, name, sizeof name);
        const tp_tensor *gradient = tp_tensor_grad(tp_module_parameter(r->module, name));
        for (int i = 0; i < r->datas; i++)
            if (strcmp(r->data[i].name, name) == 0) gradient = tp_grad(leaves[i]);
        expect_near(r, name, gradient);
    }
}

START_TEST(training_agrees_with_pytorch)
{
    run r;
    begin(&r, _i);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim *sgd = tp_sgd(&(tp_sgd_options){.rate = 0.1}, NULL);
    tp_tensor *parameters[MAX_PARAMETERS];
    const size_t n = tp_module_parameters(r.module, parameters, MAX_PARAMETERS);
    ck_assert_int_eq(tp_optim_add_all(sgd, parameters, n, NULL), TP_OK);
    for (int step = 0; step < STEPS; step++) {
        tp_var leaves[MAX_DATA] = {{0}};
        tp_tape_reset(tape);
        tp_optim_clear_grads(sgd);
        const tp_var y = forward(&r, tape, leaves);
        tp_backward(tp_mse(y, given(&r, tape, "want", leaves), TP_MEAN));
        EXPECT_OK(tape);
        if (step == 0) expect_first(&r, y, leaves);
        tp_optim_step(sgd);
    }
    size_t seen = 0;
    while (next_is(&r, "after")) {
        char name[80];
        word(&r, name, sizeof name);
        expect_near(&r, name, tp_module_parameter(r.module, name));
        seen++;
    }
    ck_assert_uint_eq(seen, n);
    tp_optim_free(sgd);
    tp_tape_free(tape);
    end(&r);
}
END_TEST

START_TEST(file_of_runs_is_whole)
{
    char *text = read_file(), *last = strstr(text, "\nfnv1a ");
    int promised = 0;
    ck_assert_ptr_nonnull(last);
    ck_assert_int_eq(sscanf(text, "tapir runs 1 %d", &promised), 1);
    ck_assert_int_eq(promised, RUNS);
    ck_assert_uint_eq(strtoull(last + 7, NULL, 16), fnv1a(text, last + 1));
    free(text);
}
END_TEST

TCase *transformer_runs_case(void)
{
    TCase *tcase = tcase_create("runs");
    tcase_add_test(tcase, file_of_runs_is_whole);
    tcase_add_loop_test(tcase, training_agrees_with_pytorch, 0, RUNS);
    return tcase;
}
