/* Chains: the number of steps against the binomial schedule, bytes against the budget, and gradients against the plain
   recording. */
#include "tests/test_checkpoint.h"

/* ---- h <- tanh(W h + b) + x_k, with dropout, W and b taken inside or captured ---- */

typedef struct cell {
    tp_tensor *w, *b, *input;
    tp_var captured;
    bool inside, drops;
    int64_t calls;
} cell;

static void next(tp_tape *tape, tp_var *h, int n, int64_t k, void *user)
{
    cell *c = user;
    c->calls++;
    const tp_var w = c->inside ? tp_param(tape, c->w) : c->captured;
    tp_var z = tp_add(tp_matmul(w, h[0]), tp_param(tape, c->b));
    if (n > 1) { /* a scalar, and one that rests */
        z = tp_mul(z, h[1]);
        h[1] = tp_add(tp_sin(h[1]), tp_muls(tp_sum(h[0]), 1e-2));
    }
    if (c->drops) z = tp_dropout(z, .2);
    h[0] = tp_add(tp_tanh(z), tp_muls(tp_data(tape, c->input), 1e-3 * (double)k));
}

typedef struct chain {
    tp_tape *tape;
    cell cell;
    tp_var x[4], h[3], y; /* x: the first states, and W outside */
    int n, nx;
} chain;

static void begin(chain *c, int n, bool inside, bool drops, size_t bytes)
{
    *c = (chain){.n = n, .nx = n + 1};
    c->tape = tp_tape_new(&(tp_tape_options){.seed = 5, .checkpoint_bytes = bytes});
    c->cell = (cell){.inside = inside, .drops = drops};
    c->cell.w = random_tensor(TP_F64, TP_DIMS(4, 4), 1, -.7, .7);
    c->cell.b = random_tensor(TP_F64, TP_DIMS(4, 1), 2, -.1, .1);
    c->cell.input = random_tensor(TP_F64, TP_DIMS(4, 1), 3, -1, 1);
    c->x[0] = leaf_of(c->tape, random_tensor(TP_F64, TP_DIMS(4, 1), 4, -1, 1));
    c->x[1] = n > 1 ? tp_scalar(c->tape, .9) : tp_none();
    c->x[2] = n > 2 ? leaf_of(c->tape, random_tensor(TP_F64, TP_DIMS(2), 5, -1, 1)) : tp_none();
    c->x[n] = leaf_of(c->tape, random_tensor(TP_F64, TP_DIMS(4, 4), 1, -.7, .7));
    c->cell.captured = tp_muls(c->x[n], 1.25);
    memcpy(c->h, c->x, sizeof c->h);
}

/* `bytes` 0: plainly. */
static void record(chain *c, int64_t steps, size_t bytes)
{
    if (!bytes)
        for (int64_t k = 0; k < steps; k++) next(c->tape, c->h, c->n, k, &c->cell);
    else
        ck_assert_msg(tp_checkpoint_chain(next, c->tape, c->h, c->n, steps, &c->cell, bytes) == TP_OK, "%s",
                      tp_tape_error(c->tape));
    c->y = tp_sum(tp_square(c->h[0]));
    if (c->n > 1) c->y = tp_mul(c->y, c->h[1]);
    if (c->n > 2) c->y = tp_add(c->y, tp_sum(c->h[2]));
}

static void end(chain *c)
{
    tp_tape_free(c->tape);
    tp_tensor_release(c->cell.w);
    tp_tensor_release(c->cell.b);
    tp_tensor_release(c->cell.input);
}

/* What one state takes: (4, 1) f64 in the smallest buffer, a number, (2) f64. */
static size_t bytes_of(int n)
{
    return n > 2 ? 144u : n > 1 ? 80u : 64u;
}

START_TEST(a_chain_walks_as_many_steps_as_the_theory_says)
{
    const int n = _i + 1;
    for (int64_t steps = 1; steps < 40; steps += steps < 8 ? 1 : 5)
        for (int64_t places = 1; places <= steps; places += places < 5 ? 1 : 4) {
            chain plain, c;
            begin(&plain, n, true, true, 0);
            begin(&c, n, true, true, 0);
            record(&plain, steps, 0);
            record(&c, steps, (size_t)places * bytes_of(n));
            ck_assert_int_eq(c.cell.calls, steps);
            expect_equal(plain.y, c.y);
            for (int walk = 0; walk < 3; walk++) {
                c.cell.calls = 0;
                EXPECT_STATUS(tp_backward(plain.y), TP_OK);
                ck_assert_msg(tp_backward(c.y) == TP_OK, "%s", tp_tape_error(c.tape));
                const int64_t saved = walk == 0 ? steps - 1 : 0; /* the first walk has the sweep of the recording */
                ck_assert_int_eq(c.cell.calls, steps + tp_checkpoint_cost(steps, places) - saved);
                expect_same(tp_tensor_grad(plain.cell.w), tp_tensor_grad(c.cell.w), 0);
                expect_same(tp_tensor_grad(plain.cell.b), tp_tensor_grad(c.cell.b), 0);
                expect_same(tp_grad(plain.x[0]), tp_grad(c.x[0]), 0);
                if (n > 1) ck_assert(tp_grad_item(plain.x[1]) == tp_grad_item(c.x[1]));
            }
            end(&plain);
            end(&c);
        }
}
END_TEST

START_TEST(the_cost_is_the_least)
{
    enum { LONGEST = 120, PLACES = 7 };
    static int64_t least[PLACES + 1][LONGEST + 1];
    for (int64_t s = 1; s <= PLACES; s++)
        for (int64_t l = 1; l <= LONGEST; l++) {
            least[s][l] = l * (l - 1) / 2;
            for (int64_t m = 1; m < l && s > 1; m++) {
                const int64_t cost = m + least[s - 1][l - m] + least[s][m];
                if (cost < least[s][l]) least[s][l] = cost;
            }
            ck_assert_int_eq(tp_checkpoint_cost(l, s), least[s][l]);
        }
    ck_assert_int_eq(tp_checkpoint_cost(0, 1), -1);
    ck_assert_int_eq(tp_checkpoint_cost(1, 0), -1);
    ck_assert_int_eq(tp_checkpoint_cost(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(tp_checkpoint_cost(INT64_MAX, INT64_MAX), INT64_MAX - 1);
}
END_TEST

START_TEST(a_chain_has_derivatives_of_every_order)
{
    const int n = 1 + _i / 2;
    chain plain, c;
    begin(&plain, n, _i & 1, false, 0);
    begin(&c, n, _i & 1, false, 0);
    record(&plain, 7, 0);
    record(&c, 7, 2 * bytes_of(n));
    tp_var want[4], got[4], ahead, tangent, dx[4];
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        EXPECT_STATUS(tp_gradients(plain.y, plain.x, plain.nx, want, flags), TP_OK);
        ck_assert_msg(tp_gradients(c.y, c.x, c.nx, got, flags) == TP_OK, "%s", tp_tape_error(c.tape));
        for (int i = 0; i < c.nx; i++) expect_equal(want[i], got[i]);
        for (int i = 0; i < c.nx; i++) dx[i] = tp_const(plain.tape, 1 + i);
        EXPECT_STATUS(tp_jvp(plain.y, plain.x, dx, plain.nx, &ahead, flags), TP_OK);
        for (int i = 0; i < c.nx; i++) dx[i] = tp_const(c.tape, 1 + i);
        EXPECT_STATUS(tp_jvp(c.y, c.x, dx, c.nx, &tangent, flags), TP_OK);
        EXPECT_NEAR(tp_item(tangent), tp_item(ahead), 1e-12);
    }
    if (!(_i & 1)) expect_gradients(c.y, c.x, c.nx);
    end(&plain);
    end(&c);
}
END_TEST

START_TEST(a_chain_is_replayed)
{
    chain plain, c;
    begin(&plain, 2, true, true, 0);
    begin(&c, 2, true, true, 0);
    record(&plain, 20, 0);
    record(&c, 20, 4 * bytes_of(2));
    for (unsigned i = 0; i < 4; i++) {
        chain *both[] = {&plain, &c};
        for (int k = 0; k < 2; k++) {
            ck_assert_msg(tp_replay(both[k]->tape, i & 1 ? TP_REPLAY_ADVANCE : 0) == TP_OK, "%s",
                          tp_tape_error(both[k]->tape));
            EXPECT_STATUS(tp_backward(both[k]->y), TP_OK);
        }
        expect_equal(plain.y, c.y);
        expect_same(tp_tensor_grad(plain.cell.w), tp_tensor_grad(c.cell.w), 0);
        descend(plain.cell.w, .01);
        descend(c.cell.w, .01);
    }
    end(&plain);
    end(&c);
}
END_TEST

/* ---- the budget ---- */

typedef struct recurrence {
    tp_tensor *w, *b;
    int64_t calls;
} recurrence;

static void recur(tp_tape *tape, tp_var *h, int n, int64_t k, void *user)
{
    (void)n, (void)k;
    recurrence *r = user;
    r->calls++;
    h[0] = tp_tanh(tp_linear(h[0], tp_param(tape, r->w), tp_param(tape, r->b)));
}

enum { STEPS = 10000, UNITS = 32, STATE = UNITS * 4 };

/* The most bytes in tensors over those before, of `steps` steps recorded and walked with the budget given. */
static size_t peak_of(recurrence *r, int64_t steps, size_t bytes)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *first = random_tensor(TP_F32, TP_DIMS(1, UNITS), 8, -1, 1);
    tp_var h = tp_leaf(tape, first);
    r->calls = 0;
    if (bytes)
        EXPECT_STATUS(tp_checkpoint_chain(recur, tape, &h, 1, steps, r, bytes), TP_OK);
    else
        for (int64_t k = 0; k < steps; k++) recur(tape, &h, 1, k, r);
    ck_assert_msg(tp_backward(tp_sum(h)) == TP_OK, "%s", tp_tape_error(tape));
    const size_t peak = tp_tape_stats(tape).tensor.peak;
    tp_tape_free(tape);
    tp_tensor_release(first);
    return peak;
}

START_TEST(memory_stays_within_the_budget)
{
    recurrence r = {random_tensor(TP_F32, TP_DIMS(UNITS, UNITS), 6, -.25, .25),
                    random_tensor(TP_F32, TP_DIMS(UNITS), 7, -.1, .1), 0};
    const size_t one_step = peak_of(&r, 1, 0);
    static const int64_t places[] = {4, 10, 30, 140, 1000};
    for (int i = 0; i < 5; i++) {
        const size_t bytes = (size_t)places[i] * STATE, peak = peak_of(&r, STEPS, bytes);
        ck_assert_int_eq(r.calls, STEPS + 1 + tp_checkpoint_cost(STEPS, places[i]));
        ck_assert_msg(peak <= bytes + one_step + 4 * STATE, "%zu bytes, of %zu and %zu", peak, bytes, one_step);
        ck_assert_msg(peak > bytes / 2, "%zu bytes of %zu", peak, bytes);
    }
    tp_tensor_release(r.w);
    tp_tensor_release(r.b);
}
END_TEST

START_TEST(a_large_budget_records_plainly)
{
    recurrence r = {random_tensor(TP_F32, TP_DIMS(UNITS, UNITS), 6, -.25, .25),
                    random_tensor(TP_F32, TP_DIMS(UNITS), 7, -.1, .1), 0};
    const size_t plain = peak_of(&r, 100, 0), large = peak_of(&r, 100, 1 << 20);
    ck_assert_int_eq(r.calls, 100);
    ck_assert_uint_eq(large, plain);
    tp_tensor_release(r.w);
    tp_tensor_release(r.b);
}
END_TEST

START_TEST(the_tape_has_a_budget_of_its_own)
{
    for (int given = 0; given < 2; given++) {
        chain c;
        begin(&c, 1, true, false, given ? 3 * bytes_of(1) : 0);
        ck_assert_int_eq(tp_checkpoint_chain(next, c.tape, c.h, 1, 100, &c.cell, 0), TP_OK);
        EXPECT_STATUS(tp_backward(tp_sum(c.h[0])), TP_OK);
        /* C(13 + 2, 2) = 105 is the least that holds 100 */
        ck_assert_int_eq(c.cell.calls, 101 + tp_checkpoint_cost(100, given ? 3 : 13));
        end(&c);
    }
}
END_TEST

/* ---- memory ---- */

static tp_status round_of(tp_tape *tape, cell *user, tp_tensor *first, double *sum)
{
    tp_tape_reset(tape);
    tp_var h[] = {tp_leaf(tape, first), tp_scalar(tape, .5)}, g[2];
    const tp_var x[] = {h[0], h[1]};
    tp_status status = tp_checkpoint_chain(next, tape, h, 2, 9, user, 3 * bytes_of(2));
    const tp_var y = tp_mul(tp_sum(h[0]), h[1]);
    if (status == TP_OK) status = tp_backward(y);
    *sum = status == TP_OK ? tp_tensor_item(tp_tensor_grad(user->w), 0) + tp_grad_item(x[1]) : 0;
    if (status == TP_OK) status = tp_gradients(y, x, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_replay(tape, TP_REPLAY_ADVANCE);
    tp_tensor_clear_grad(user->w);
    return status;
}

START_TEST(a_steady_loop_of_chains_asks_for_no_memory)
{
    counter c = {0};
    chain of;
    begin(&of, 2, true, true, 0);
    tp_tape *tape = counted_tape(&c);
    tp_tensor *first = random_tensor(TP_F64, TP_DIMS(4, 1), 4, -1, 1);
    double sum;
    for (int i = 0; i < 2; i++) EXPECT_STATUS(round_of(tape, &of.cell, first, &sum), TP_OK);
    const size_t calls = c.calls;
    for (int i = 0; i < 3; i++) EXPECT_STATUS(round_of(tape, &of.cell, first, &sum), TP_OK);
    ck_assert_uint_eq(c.calls, calls);
    tp_tape_free(tape);
    ck_assert_uint_eq(c.bytes, 0);
    tp_tensor_release(first);
    end(&of);
}
END_TEST

START_TEST(each_allocation_of_a_chain_may_fail)
{
    chain of;
    begin(&of, 2, true, true, 0);
    tp_tensor *first = random_tensor(TP_F64, TP_DIMS(4, 1), 4, -1, 1);
    double sum;
    size_t at = 0;
    for (tp_status status = TP_E_MEMORY; status != TP_OK;) {
        counter c = {.fail_at = ++at};
        tp_tape *tape = counted_tape(&c);
        status = tape ? round_of(tape, &of.cell, first, &sum) : TP_E_MEMORY;
        ck_assert_msg(status == (c.failed ? TP_E_MEMORY : TP_OK), "allocation %zu: %s", at, tp_status_name(status));
        if (tape && status != TP_OK) EXPECT_STATUS(round_of(tape, &of.cell, first, &sum), TP_OK); /* good again */
        tp_tape_free(tape);
        ck_assert_msg(c.bytes == 0, "allocation %zu: %zu bytes leak", at, c.bytes);
    }
    ck_assert_uint_gt(at, 20);
    tp_tensor_release(first);
    end(&of);
}
END_TEST

TCase *checkpoint_chain_case(void)
{
    TCase *tcase = tcase_create("chain");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_chain_walks_as_many_steps_as_the_theory_says, 0, 3);
    tcase_add_test(tcase, the_cost_is_the_least);
    tcase_add_loop_test(tcase, a_chain_has_derivatives_of_every_order, 0, 6);
    tcase_add_test(tcase, a_chain_is_replayed);
    tcase_add_test(tcase, memory_stays_within_the_budget);
    tcase_add_test(tcase, a_large_budget_records_plainly);
    tcase_add_test(tcase, the_tape_has_a_budget_of_its_own);
    tcase_add_test(tcase, a_steady_loop_of_chains_asks_for_no_memory);
    tcase_add_test(tcase, each_allocation_of_a_chain_may_fail);
    return tcase;
}
