/* What a tape says of itself: bytes by kind, now and at most; counts by op; times by op. */
#include <tapir/random.h>

#include "tests/helpers.h"
#include "tests/test_ops.h"

/* ---- programs ---- */

enum { BATCH = 8, IN = 12, HIDDEN = 16, OUT = 4, TENSORS = 4 };

/* A small network's tensors. */
typedef struct net {
    tp_tensor *x, *labels, *w1, *w2;
} net;

static net make_net(void)
{
    tp_tensor *labels = tp_tensor_new(TP_I64, TP_DIMS(BATCH));
    for (int i = 0; i < BATCH; i++) ((int64_t *)tp_tensor_data(labels))[i] = i % OUT;
    return (net){random_tensor(TP_F32, TP_DIMS(BATCH, IN), 1, -1, 1), labels,
                 random_tensor(TP_F32, TP_DIMS(HIDDEN, IN), 2, -1, 1),
                 random_tensor(TP_F32, TP_DIMS(OUT, HIDDEN), 3, -1, 1)};
}

static void free_net(net n)
{
    tp_tensor *const all[TENSORS] = {n.x, n.labels, n.w1, n.w2};
    for (int i = 0; i < TENSORS; i++) tp_tensor_release(all[i]);
}

static tp_var loss_of(tp_tape *tape, net n)
{
    const tp_var h = tp_tanh(tp_linear(tp_data(tape, n.x), tp_param(tape, n.w1), tp_none()));
    const tp_var y = tp_linear(h, tp_param(tape, n.w2), tp_none());
    tp_var s = tp_scalar(tape, .5);
    for (int i = 0; i < 10; i++) s = tp_sin(tp_mul(s, s));
    return tp_add(tp_cross_entropy(y, tp_data(tape, n.labels), TP_MEAN), s);
}

/* ---- bytes ---- */

static void expect_sound(const tp_stats *s)
{
    const tp_bytes *const all[] = {&s->node,  &s->adjoint,  &s->extra,   &s->tensor,
                                   &s->value, &s->gradient, &s->scratch, &s->total};
    for (int i = 0; i < COUNT(all); i++) ck_assert_uint_le(all[i]->now, all[i]->peak);
    ck_assert_uint_eq(s->value.now + s->gradient.now + s->scratch.now, s->tensor.now);
    ck_assert_uint_le(s->tensor.peak, s->value.peak + s->gradient.peak + s->scratch.peak);
    ck_assert_uint_le(s->node.peak + s->adjoint.peak + s->extra.now + s->tensor.now + s->pooled, s->total.now);
    ck_assert_uint_eq(s->node.now, 32 * (size_t)s->nodes);
    ck_assert_uint_eq(s->node.peak, 32 * (size_t)s->nodes_peak);
    ck_assert_uint_le(s->total.peak, s->arena);
}

START_TEST(bytes_by_kind_are_what_a_program_takes)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, tensor_of(TP_F32, TP_DIMS(1024), NULL)), a = tp_tanh(x), b = tp_exp(a);
    const tp_var y = tp_sum(tp_mul(b, x));
    tp_stats s = tp_tape_stats(tape);
    expect_sound(&s);
    ck_assert_uint_eq(s.nodes, 5);
    ck_assert_uint_eq(s.value.now, 3 * 4096);
    ck_assert_uint_eq(s.gradient.peak + s.scratch.peak + s.adjoint.peak, 0);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    s = tp_tape_stats(tape);
    expect_sound(&s);
    ck_assert_uint_eq(s.value.now, 3 * 4096);
    ck_assert_uint_eq(s.gradient.now, 4096); /* x's */
    ck_assert_uint_ge(s.gradient.peak, 2 * 4096);
    ck_assert_uint_le(s.gradient.peak, 3 * 4096 + 64);
    ck_assert_uint_eq(s.adjoint.now, 5 * 8);
    tp_tape_reset(tape);
    s = tp_tape_stats(tape);
    expect_sound(&s);
    ck_assert_uint_eq(s.nodes + s.node.now + s.tensor.now + s.extra.now, 0);
    ck_assert_uint_eq(s.value.peak, 3 * 4096);
    ck_assert_uint_ge(s.nodes_peak, 5);
    ck_assert_uint_ge(s.pooled, 5 * 4096);
    tp_tape_reset_peaks(tape);
    s = tp_tape_stats(tape);
    expect_sound(&s);
    ck_assert_uint_eq(s.nodes_peak + s.tensor.peak + s.extra.peak, 0);
    ck_assert_uint_eq(s.total.peak, s.total.now);
    tp_tape_free(tape);
    s = tp_tape_stats(NULL);
    ck_assert_uint_eq(s.nodes + s.total.now, 0);
    tp_tape_reset_peaks(NULL);
}
END_TEST

START_TEST(gradients_that_are_handed_out_are_gradients_until_they_go)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(512), 1, 0, 1)), y = tp_sum(tp_exp(x));
    const tp_mark mark = tp_tape_mark(tape);
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, 0), TP_OK);
    ck_assert_uint_eq(tp_tape_stats(tape).gradient.now, 4096);
    EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_uint_eq(tp_tape_stats(tape).gradient.now, 4096);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_uint_eq(tp_tape_stats(tape).gradient.now, 4096);
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK); /* recorded: values, but for x's slot */
    ck_assert_uint_ge(tp_tape_stats(tape).value.now, 2 * 4096);
    const tp_stats s = tp_tape_stats(tape);
    expect_sound(&s);
    tp_tape_free(tape);
}
END_TEST

/* Counts the most that was held at once. */
typedef struct watcher {
    size_t now, peak;
} watcher;

static void *watched_allocate(void *user, size_t size, size_t alignment)
{
    watcher *w = user;
    w->now += size;
    if (w->now > w->peak) w->peak = w->now;
    return aligned_alloc(alignment < 16 ? 16 : alignment, (size + 63) / 64 * 64);
}

static void watched_free(void *user, void *memory, size_t size)
{
    ((watcher *)user)->now -= size;
    free(memory);
}

START_TEST(total_is_what_came_through_the_allocator)
{
    const net n = make_net();
    watcher w = {0};
    const tp_allocator memory = {watched_allocate, watched_free, &w};
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
    for (int i = 0; i < 5; i++) {
        const tp_stats s = tp_tape_stats(tape);
        ck_assert_uint_eq(s.total.now, w.now);
        ck_assert_uint_eq(s.total.peak, w.peak);
        expect_sound(&s);
        if (i % 2) tp_tape_reset(tape);
        EXPECT_STATUS(tp_backward(loss_of(tape, n)), TP_OK);
    }
    tp_tape_free(tape);
    ck_assert_uint_eq(w.now, 0);
    free_net(n);
}
END_TEST

static tp_status train(const tp_allocator *memory, net n, size_t *arena)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    if (!tape) return TP_E_MEMORY;
    tp_status status = TP_OK;
    for (int i = 0; i < 3 && status == TP_OK; i++) {
        tp_tape_reset(tape);
        status = tp_backward(loss_of(tape, n));
    }
    *arena = tp_tape_stats(tape).arena;
    tp_tape_free(tape);
    return status;
}

START_TEST(arena_of_the_told_size_serves_and_a_smaller_one_does_not)
{
    const net n = make_net();
    size_t told, same;
    EXPECT_STATUS(train(NULL, n, &told), TP_OK);
    unsigned char *buffer = aligned_alloc(64, (told + 63) / 64 * 64);
    ck_assert_ptr_nonnull(buffer);
    tp_arena arena = tp_arena_over(buffer, told);
    const tp_allocator memory = tp_arena_allocator(&arena);
    EXPECT_STATUS(train(&memory, n, &same), TP_OK);
    ck_assert_uint_eq(told, same);
    arena = tp_arena_over(buffer, told - 1);
    EXPECT_STATUS(train(&memory, n, &same), TP_E_MEMORY);
    free(buffer);
    free_net(n);
}
END_TEST

static void check_sound(const sample *s)
{
    run r = run_sample(s, TP_F64, 1, false);
    tp_var grads[MAX_LEAVES], forward;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_mark mark = tp_tape_mark(r.tape);
        run_vjp(&r, 2, flags, grads);
        tp_stats told = tp_tape_stats(r.tape);
        expect_sound(&told);
        if (differentiable(s)) ck_assert_int_eq(tp_jvp(r.y, r.leaf, r.leaf, r.n, &forward, flags), TP_OK);
        ck_assert_int_eq(tp_tape_rewind(r.tape, mark), TP_OK);
        told = tp_tape_stats(r.tape);
        expect_sound(&told);
    }
    tp_op_tally tallies[64];
    uint32_t nodes = 0;
    const int n = tp_tape_op_counts(r.tape, tallies, 64);
    for (int i = 0; i < n; i++) nodes += tallies[i].nodes;
    ck_assert_uint_eq(nodes, r.tape->count);
    run_end(&r);
}

START_TEST(bytes_and_counts_add_up_for_every_op)
{
    each_sample(_i, check_sound);
}
END_TEST

/* ---- counts ---- */

START_TEST(ops_are_counted_with_what_they_hold)
{
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_tape_op_counts(tape, NULL, 0), 0);
    const tp_var x = leaf_of(tape, tensor_of(TP_F32, TP_DIMS(2, 3), NULL)), s = tp_scalar(tape, 2);
    tp_sum(tp_mul(tp_exp(x), tp_mul(tp_exp(s), tp_exp(s))));
    tp_op_tally t[8];
    ck_assert_int_eq(tp_tape_op_counts(tape, t, 8), 5);
    const tp_op_tally want[] = {{"exp", 3, 8, 24 + 16, 8, 24 + 16},
                                {"mul", 2, 7, 24 + 8, 6 + 3, 24 + 24},
                                {"leaf", 1, 6, 24, 0, 0},
                                {"scalar", 1, 1, 8, 0, 0},
                                {"sum", 1, 1, 8, 6, 24}};
    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(t[i].op, want[i].op);
        ck_assert_uint_eq(t[i].nodes, want[i].nodes);
        ck_assert_int_eq(t[i].elements, want[i].elements);
        ck_assert_int_eq(t[i].bytes, want[i].bytes);
        ck_assert_int_eq(t[i].operand_elements, want[i].operand_elements);
        ck_assert_int_eq(t[i].operand_bytes, want[i].operand_bytes);
    }
    tp_op_tally two[2];
    ck_assert_int_eq(tp_tape_op_counts(tape, two, 2), 5);
    ck_assert_str_eq(two[1].op, "mul");
    ck_assert_int_eq(tp_tape_op_counts(tape, NULL, 0), 5);
    ck_assert_int_eq(tp_tape_op_counts(tape, two, -1), 5);
    ck_assert_int_eq(tp_tape_op_counts(tape, NULL, 2), -1);
    ck_assert_int_eq(tp_tape_op_counts(NULL, two, 2), 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(many_ops_are_told_apart)
{
    enum { OPS = 500 };
    static tp_op ops[OPS];
    static char names[OPS][16];
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.profile = true});
    const tp_op *linear = NULL;
    for (int i = 0; i < tp_op_count() && !linear; i++)
        if (strcmp(tp_op_at(i)->name, "flip") == 0) linear = tp_op_at(i);
    ck_assert_ptr_nonnull(linear);
    for (int i = 0; i < tp_op_count(); i++)
        if (strcmp(tp_op_at(i)->name, "trace") == 0) linear = tp_op_at(i);
    const tp_var x = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(2, 2), NULL));
    int attributes[64] = {0};
    for (int i = 0; i < OPS; i++) {
        ops[i] = *linear;
        snprintf(names[i], sizeof names[i], "op%d", i);
        ops[i].name = names[i];
        ck_assert_uint_le(ops[i].attributes, sizeof attributes);
        for (int k = 0; k <= i % 3; k++) tp_apply(&ops[i], &x, 1, ops[i].attributes ? attributes : NULL);
    }
    EXPECT_OK(tape);
    static tp_op_tally t[OPS + 1];
    ck_assert_int_eq(tp_tape_op_counts(tape, t, OPS + 1), OPS + 1);
    ck_assert_uint_eq(t[0].nodes, 3);
    ck_assert_uint_eq(t[OPS].nodes, 1);
    static tp_op_profile p[OPS];
    ck_assert_int_eq(tp_tape_profile(tape, p, OPS), OPS);
    for (int i = 0; i < OPS; i++) ck_assert_int_eq(p[i].calls[0], 1 + atoi(p[i].op + 2) % 3);
    tp_tape_free(tape);
}
END_TEST

/* ---- profile ---- */

static const tp_op_profile *find(const tp_op_profile *profiles, int n, const char *op)
{
    for (int i = 0; i < n; i++)
        if (strcmp(profiles[i].op, op) == 0) return &profiles[i];
    ck_abort_msg("%s is not in the profile", op);
    return NULL;
}

START_TEST(profile_counts_calls_and_times_them)
{
    const net n = make_net();
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.profile = true, .nodes = 1000});
    const double start = processor_seconds();
    const tp_var loss = loss_of(tape, n);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_STATUS(tp_backward_from(loss, tp_none(), TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    const double took = processor_seconds() - start;
    tp_op_profile p[64];
    const int count = tp_tape_profile(tape, p, 64);
    ck_assert_int_ge(count, 6);
    double sum = 0, last = (double)INFINITY;
    for (int i = 0; i < count; i++) {
        const double total = p[i].seconds[0] + p[i].seconds[1] + p[i].seconds[2];
        ck_assert_double_le(total, last);
        for (int k = 0; k < 3; k++) ck_assert_double_ge(p[i].seconds[k], 0);
        last = total, sum += total;
    }
    ck_assert_double_gt(sum, 0);
    ck_assert_double_le(sum, 4 * took + .01);
    const tp_op_profile *sine = find(p, count, "sin"), *linear = find(p, count, "linear");
    ck_assert_int_eq(sine->calls[0], 10);
    ck_assert_int_eq(sine->calls[1], 20);
    ck_assert_int_ge(sine->calls[2], 10);
    ck_assert_int_eq(linear->calls[0], 2);
    ck_assert_int_eq(linear->calls[1], 4);
    ck_assert_int_eq(linear->calls[2], 2);
    ck_assert_int_eq(linear->elements, 2 * BATCH * (HIDDEN + OUT));
    ck_assert_int_eq(linear->bytes, 4 * linear->elements);
    /* off: the times stay; on: anew */
    ck_assert(tp_tape_set_profile(tape, false));
    tp_sin(loss);
    ck_assert_int_eq(tp_tape_profile(tape, NULL, 0), count);
    ck_assert(!tp_tape_set_profile(tape, true));
    ck_assert_int_eq(tp_tape_profile(tape, p, 64), 0);
    tp_sin(loss);
    ck_assert_int_eq(tp_tape_profile(tape, p, 64), 1);
    ck_assert_int_eq(p[0].calls[0], 1);
    tp_tape_reset(tape);
    tp_sin(tp_scalar(tape, 1));
    ck_assert_int_eq(tp_tape_profile(tape, p, 64), 1);
    ck_assert_int_eq(p[0].calls[0], 2);
    ck_assert_int_eq(tp_tape_profile(tape, NULL, 1), -1);
    ck_assert_int_eq(tp_tape_profile(NULL, p, 1), 0);
    ck_assert(!tp_tape_set_profile(NULL, true));
    tp_tape_free(tape);
    free_net(n);
}
END_TEST

static void check_profiled(const sample *s)
{
    run plain = run_sample(s, TP_F64, 5, false), timed = run_sample(s, TP_F64, 5, false);
    tp_var expected[MAX_LEAVES], got[MAX_LEAVES];
    tp_tape_set_profile(timed.tape, true);
    tp_tape_set_seed(timed.tape, 1);
    tp_tape_set_seed(plain.tape, 1);
    timed.y = s->build(s, timed.operand);
    plain.y = s->build(s, plain.operand);
    expect_sample(s, "profiled value", plain.y, timed.y, 0);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        run_vjp(&plain, 6, flags, expected);
        run_vjp(&timed, 6, flags, got);
        for (int i = 0; i < plain.n; i++) expect_sample(s, "profiled gradient", expected[i], got[i], 0);
    }
    ck_assert_uint_eq(plain.tape->count, timed.tape->count);
    tp_op_profile p[128];
    const int n = tp_tape_profile(timed.tape, p, 128);
    const tp_op_profile *own = find(p, n, s->op); /* some ops are recorded by other ops' rules alone */
    ck_assert_msg(own->calls[0] + own->calls[1] > 0, "%s, %s is not counted", s->op, s->name);
    run_end(&plain);
    run_end(&timed);
}

START_TEST(profiling_changes_no_result_of_any_op)
{
    each_sample(_i, check_profiled);
}
END_TEST

static void read_back(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}

static char *table_of(const tp_tape *tape, char *text, size_t size)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    EXPECT_STATUS(tp_tape_print_profile(tape, file), TP_OK);
    read_back(file, text, size);
    return text;
}

START_TEST(profile_is_a_table_in_one_call)
{
    char text[4096];
    const net n = make_net();
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_ptr_nonnull(strstr(table_of(tape, text, sizeof text), "total"));
    tp_tape_set_profile(tape, true);
    EXPECT_STATUS(tp_backward(loss_of(tape, n)), TP_OK);
    table_of(tape, text, sizeof text);
    ck_assert_ptr_null(strstr(text, "replay"));
    ck_assert_ptr_nonnull(strstr(text, "linear "));
    ck_assert_ptr_nonnull(strstr(text, "100.0 %"));
    tp_replay(tape, 0);
    table_of(tape, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "replay ms"));
    size_t width = strcspn(text, "\n");
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) ck_assert_uint_eq(strcspn(at, "\n"), width);
    EXPECT_STATUS(tp_tape_print_profile(tape, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_tape_print_profile(NULL, stdout), TP_E_ARGUMENT);
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        EXPECT_STATUS(tp_tape_print_profile(tape, full), TP_E_IO);
        fclose(full);
    }
    tp_tape_free(tape);
    free_net(n);
}
END_TEST

START_TEST(short_memory_loses_no_more_than_the_profile)
{
    const net n = make_net();
    bool done = false;
    for (size_t fail = 1; !done; fail++) {
        counter c = {.fail_at = fail};
        const tp_allocator memory = counted(&c);
        tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory, .profile = true});
        if (tape) {
            const tp_status status = tp_backward(loss_of(tape, n));
            tp_op_tally t[16];
            tp_op_profile p[16];
            FILE *file = tmpfile();
            const int found = tp_tape_op_counts(tape, t, 16), timed = tp_tape_profile(tape, p, 16);
            const tp_status printed = tp_tape_print_profile(tape, file);
            ck_assert(status == TP_OK || status == TP_E_MEMORY);
            ck_assert(printed == TP_OK || printed == TP_E_MEMORY);
            done = c.failed == 0;
            if (done) ck_assert(found > 0 && timed > 0 && status == TP_OK && printed == TP_OK);
            fclose(file);
        }
        tp_tape_free(tape);
        ck_assert_uint_eq(c.bytes, 0);
    }
    free_net(n);
}
END_TEST

/* ---- what a walk will take ---- */

/* Walks back from y; what it took at most beyond what was there, and what was told before. */
static size_t measured(tp_var y, tp_var upstream, tp_backward_need *need)
{
    EXPECT_STATUS(tp_backward_bytes(y, 0, need), TP_OK);
    tp_tape_reset_peaks(y.tape);
    const tp_stats before = tp_tape_stats(y.tape);
    EXPECT_STATUS(tp_backward_from(y, upstream, 0), TP_OK);
    const tp_stats after = tp_tape_stats(y.tape);
    ck_assert_uint_le(after.gradient.now, need->gradients);
    ck_assert_uint_le(need->gradients, need->tensors);
    ck_assert_uint_le(need->tensors, need->gradients + need->scratch);
    return after.tensor.peak - before.tensor.now - (after.scratch.now - before.scratch.now); /* kept to work with */
}

static void check_told(const sample *s)
{
    for (int params = 0; params < 2; params++) {
        run r = run_sample(s, TP_F64, 1, params);
        tp_backward_need need;
        if (tp_dtype_is_float(tp_var_dtype(r.y)))
            for (int again = 0; again < 2; again++) { /* parameters hold a gradient the second time */
                const size_t took = measured(r.y, upstream_like(r.y, 3), &need);
                ck_assert_msg(took <= need.tensors, "%s, %s: %zu bytes were told, %zu taken", s->op, s->name,
                              need.tensors, took);
            }
        run_end(&r);
    }
}

START_TEST(walk_takes_no_more_than_was_told_for_any_op)
{
    each_sample(_i, check_told);
}
END_TEST

static tp_var param_of(tp_tape *tape, tp_tensor *tensor)
{
    const tp_var x = tp_param(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}
#define WEIGHTS(seed, ...) param_of(tape, random_tensor(TP_F32, TP_DIMS(__VA_ARGS__), seed, -.1, .1))
#define INPUT(...) data_of(tape, random_tensor(TP_F32, TP_DIMS(__VA_ARGS__), 1, -1, 1))

static tp_var dense_network(tp_tape *tape)
{
    const tp_var x = INPUT(64, 200), none = tp_none();
    const tp_var h = tp_relu(tp_linear(x, WEIGHTS(2, 128, 200), WEIGHTS(3, 128)));
    const tp_var k = tp_tanh(tp_linear(h, WEIGHTS(4, 64, 128), WEIGHTS(5, 64)));
    return tp_mean(tp_square(tp_linear(k, WEIGHTS(6, 10, 64), none)));
}

static tp_var wide_network(tp_tape *tape)
{
    const tp_var x = INPUT(32, 8), none = tp_none();
    tp_var h = tp_linear(x, WEIGHTS(2, 256, 8), none);
    for (uint64_t i = 0; i < 6; i++) h = tp_add(h, tp_gelu(tp_linear(h, WEIGHTS(3 + i, 256, 256), none)));
    return tp_sum(tp_softmax(h, 1));
}

static tp_var image_network(tp_tape *tape)
{
    const tp_var x = INPUT(4, 3, 20, 20), none = tp_none();
    const tp_var a = tp_relu(tp_conv2d(x, WEIGHTS(2, 8, 3, 3, 3), WEIGHTS(3, 8), NULL));
    const tp_var b = tp_relu(tp_conv2d(a, WEIGHTS(4, 16, 8, 3, 3), none, NULL));
    const tp_var flat = tp_reshape(b, 2, (int64_t[]){4, 16 * 16 * 16});
    return tp_mean(tp_square(tp_linear(flat, WEIGHTS(5, 10, 4096), none)));
}

/* Views of one gradient go separate ways, and some stay long. */
static tp_var joined_network(tp_tape *tape)
{
    const tp_var x = INPUT(16, 50), none = tp_none();
    tp_var parts[4];
    for (uint64_t i = 0; i < 4; i++) parts[i] = tp_linear(x, WEIGHTS(2 + i, 50, 50), none);
    for (int i = 0; i < 8; i++) parts[3] = tp_tanh(parts[3]);
    for (int i = 0; i < 4; i++) parts[i] = tp_adds(tp_transpose(parts[i], 0, 1), 1);
    const tp_var joined = tp_concat(parts, 4, 1);
    return tp_sum(tp_mul(joined, tp_sigmoid(joined)));
}

static tp_var attentive_network(tp_tape *tape)
{
    const tp_var x = INPUT(2, 24, 32), none = tp_none();
    tp_var h = tp_layer_norm(x, 1, WEIGHTS(2, 32), WEIGHTS(3, 32), 1e-5);
    for (uint64_t i = 0; i < 3; i++) {
        const tp_var q = tp_linear(h, WEIGHTS(4 + i, 32, 32), none), k = tp_linear(h, WEIGHTS(9 + i, 32, 32), none);
        h = tp_add(h, tp_matmul(tp_softmax(tp_matmul(q, tp_transpose(k, 1, 2)), 2), h));
    }
    return tp_mean(tp_square(h));
}

static tp_var (*const networks[])(tp_tape *tape) = {dense_network, wide_network, image_network, joined_network,
                                                    attentive_network};

START_TEST(told_bytes_are_near_what_a_network_takes)
{
    for (int i = 0; i < COUNT(networks); i++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var y = networks[i](tape);
        EXPECT_OK(tape);
        const size_t there = tp_tape_stats(tape).value.now;
        tp_backward_need need;
        const size_t took = measured(y, tp_none(), &need);
        ck_assert_msg(took <= need.tensors, "network %d: %zu bytes were told, %zu taken", i, need.tensors, took);
        ck_assert_msg(need.tensors <= 2 * took + 64, "network %d: %zu bytes were told, %zu taken", i, need.tensors,
                      took);
        ck_assert_uint_le(10 * (there + need.tensors), 13 * (there + took));
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(told_bytes_know_what_is_kept_what_is_the_parameters_and_what_is_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *w = random_tensor(TP_F64, TP_DIMS(1000), 1, 0, 1);
    const tp_var p = tp_param(tape, w), x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(1024), 2, 0, 1));
    const tp_var y = tp_add(tp_sum(tp_exp(p)), tp_sum(tp_exp(x)));
    tp_backward_need need;
    EXPECT_STATUS(tp_backward_bytes(y, 0, &need), TP_OK);
    ck_assert_uint_eq(need.params, 8000);
    ck_assert_uint_eq(need.adjoints, 256 * 8); /* for as many nodes as there is room for */
    ck_assert_uint_ge(need.gradients, 2 * 8192);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_STATUS(tp_backward_bytes(y, 0, &need), TP_OK);
    ck_assert_uint_eq(need.params + need.adjoints, 0);
    EXPECT_STATUS(tp_backward_bytes(tp_scalar(tape, 1), 0, &need), TP_OK);
    ck_assert_uint_eq(need.tensors, 0);
    EXPECT_STATUS(tp_backward_bytes(y, TP_CREATE_GRAPH, &need), TP_E_UNSUPPORTED);
    expect_error(tape, TP_E_UNSUPPORTED, "tp_backward_bytes");
    EXPECT_STATUS(tp_backward_bytes(y, 0, NULL), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_backward_bytes: need is NULL");
    EXPECT_STATUS(tp_backward_bytes(tp_none(), 0, &need), TP_E_ARGUMENT);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_backward_bytes(y, 0, &need), TP_E_STALE);
    tp_tape_free(tape);
    tp_tensor_release(w);
    counter c = {0};
    tape = counted_tape(&c);
    const tp_var z = tp_exp(tp_scalar(tape, 1));
    c.limit = c.bytes;
    EXPECT_STATUS(tp_backward_bytes(z, 0, &need), TP_E_MEMORY);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

Suite *stats_suite(void)
{
    Suite *suite = suite_create("stats");
    TCase *tcase = tcase_create("stats");
    const int ops = tp_op_count();
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, bytes_by_kind_are_what_a_program_takes);
    tcase_add_test(tcase, gradients_that_are_handed_out_are_gradients_until_they_go);
    tcase_add_test(tcase, total_is_what_came_through_the_allocator);
    tcase_add_test(tcase, arena_of_the_told_size_serves_and_a_smaller_one_does_not);
    tcase_add_test(tcase, told_bytes_are_near_what_a_network_takes);
    tcase_add_test(tcase, told_bytes_know_what_is_kept_what_is_the_parameters_and_what_is_refused);
    tcase_add_test(tcase, ops_are_counted_with_what_they_hold);
    tcase_add_test(tcase, many_ops_are_told_apart);
    tcase_add_test(tcase, profile_counts_calls_and_times_them);
    tcase_add_test(tcase, profile_is_a_table_in_one_call);
    tcase_add_test(tcase, short_memory_loses_no_more_than_the_profile);
    tcase_add_loop_test(tcase, bytes_and_counts_add_up_for_every_op, 0, ops);
    tcase_add_loop_test(tcase, profiling_changes_no_result_of_any_op, 0, ops);
    tcase_add_loop_test(tcase, walk_takes_no_more_than_was_told_for_any_op, 0, ops);
    suite_add_tcase(suite, tcase);
    return suite;
}
