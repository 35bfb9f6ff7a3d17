/* The machine of the random programs against ops that are wrong, each in its own way: every one must be found within a
   few programs, and cut down to almost nothing. */
#include "tests/random_program.h"
#include "tests/tests.h"

/* ---- tanh, and x b, as a program's own ops ---- */

typedef struct saved {
    tp_tensor *y;
    bool done;
} saved;

static tp_status like_operand(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s || !(s->y = tp_ctx_save_tensor(ctx, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x)))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status tanh_forward(tp_ctx *ctx)
{
    const saved *s = tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double *y = tp_tensor_data(tp_ctx_output(ctx, 0)), *copy = tp_tensor_data(s->y);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) copy[i] = y[i] = tanh(tp_tensor_item(x, i));
    return TP_OK;
}

static tp_status tanh_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *y = tp_ctx_output(ctx, 0);
    double *dx = grad ? tp_tensor_data(grad) : NULL;
    for (int64_t i = 0; dx && i < tp_tensor_count(g); i++)
        dx[i] = tp_tensor_item(g, i) * (1 - tp_tensor_item(y, i) * tp_tensor_item(y, i));
    return TP_OK;
}

static tp_status product_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    double *y = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) y[i] = tp_tensor_item(x, i) * tp_tensor_item(b, i);
    return TP_OK;
}

static tp_status give_slope(tp_ctx *ctx, tp_var g, tp_var y, double factor)
{
    return tp_give(ctx, 0, tp_mul_masked(g, tp_muls(tp_rsubs(1, tp_square(y)), factor)));
}

static tp_status right_backward(tp_ctx *ctx, tp_var g)
{
    return give_slope(ctx, g, tp_ctx_output_var(ctx, 0), 1);
}

/* ---- what is wrong with them ---- */

static tp_status off_backward(tp_ctx *ctx, tp_var g)
{
    return give_slope(ctx, g, tp_ctx_output_var(ctx, 0), 1.0005);
}

/* Right to first order: the value saved is a constant to the walk. */
static tp_status frozen_backward(tp_ctx *ctx, tp_var g)
{
    const saved *s = tp_ctx_saved(ctx);
    return give_slope(ctx, g, tp_ctx_constant(ctx, s->y), 1);
}

static tp_status forgetful_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_mul_masked(g, tp_ctx_input_var(ctx, 1)));
}

static tp_status stale_forward(tp_ctx *ctx)
{
    saved *s = tp_ctx_saved(ctx);
    const bool done = s->done;
    s->done = true;
    return done ? TP_OK : tanh_forward(ctx);
}

static tp_status careless_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    (void)ctx;
    results[0] = operands[0];
    return TP_OK;
}

#define WRONG_OP(called, operands, ...)                                                                                \
    {                                                                                                                  \
        TP_OP_HEAD, .name = called, .arity = operands, .structure = TP_ELEMENTWISE, .shape = like_operand, __VA_ARGS__ \
    }
static const tp_op wrong_ops[] = {
    WRONG_OP("slope_off", 1, .forward = tanh_forward, .backward = off_backward),
    WRONG_OP("recorded_slope_off", 1, .forward = tanh_forward, .backward = off_backward, .gradient = tanh_gradient),
    WRONG_OP("frozen", 1, .forward = tanh_forward, .backward = frozen_backward),
    WRONG_OP("forgetful", 2, .forward = product_forward, .backward = forgetful_backward),
    WRONG_OP("careless", 1, .forward = tanh_forward, .backward = right_backward, .jvp = careless_jvp),
    WRONG_OP("stale", 1, .forward = stale_forward, .backward = right_backward),
};

/* ---- as a recipe ---- */

static const tp_op *wrong; /* the one of this test */

static bool draw_wrong(generator *g, step *s)
{
    s->n = wrong->arity;
    s->operand[0] = pick(g);
    const form f = form_of(g, s->operand[0]);
    if (s->n > 1) s->operand[1] = fitted(g, pick(g), &f);
    return s->n == 1 || s->operand[1] >= 0;
}
static tp_var record_wrong(const step *s, const tp_var *x)
{
    return tp_apply(wrong, x, s->n, NULL);
}
static void print_wrong(text *t, const step *s)
{
    say(t, "tp_apply(&%s, (tp_var[]){v%d, v%d}, %d, NULL)", wrong->name, s->operand[0], s->operand[s->n - 1], s->n);
}
static const recipe recipe_wrong = {"wrong", draw_wrong, record_wrong, print_wrong};

START_TEST(a_wrong_op_is_found_and_cut_down)
{
    static program p;
    static text t;
    wrong = &wrong_ops[_i];
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    finding f = {.verdict = GOOD};
    int tries = 0;
    for (; tries < 100 && f.verdict != WRONG; tries++) {
        program_draw(&p, 500 + (uint64_t)tries, tape, &recipe_wrong);
        f = program_check(&p, tape, other, true);
    }
    ck_assert_msg(f.verdict == WRONG, "%s was not found in %d programs", wrong->name, tries);
    program_shrink(&p, tape, other, true);
    f = program_check(&p, tape, other, true);
    t.n = 0;
    program_print(&t, &p, f.message);
    ck_assert_msg(f.verdict == WRONG && p.steps <= 3, "%s is cut down to %d steps:\n%s", wrong->name, p.steps, t.at);
    ck_assert_msg(strstr(t.at, wrong->name) && strstr(t.at, "TAPIR_RANDOM_SEED=5"), "what is printed:\n%s", t.at);
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

/* The same programs without the wrong op are good: what was found was that op. */
START_TEST(a_program_is_the_same_each_time)
{
    static program a, b;
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    for (uint64_t seed = 500; seed < 520; seed++) {
        program_draw(&a, seed, tape, NULL);
        program_draw(&b, seed, other, NULL);
        ck_assert_int_eq(a.steps, b.steps);
        ck_assert_int_eq(a.leaves, b.leaves);
        for (int i = 0; i < a.leaves; i++)
            ck_assert_mem_eq(a.numbers[i], b.numbers[i], (size_t)form_count(&a.leaf[i]) * sizeof(double));
        for (int k = 0; k < a.steps; k++)
            ck_assert(a.step[k].recipe == b.step[k].recipe && a.step[k].op == b.step[k].op);
        ck_assert_int_ne(program_check(&a, tape, other, true).verdict, WRONG);
    }
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

/* One relu so near its kink that the differences straddle it. */
START_TEST(a_program_at_a_kink_is_discarded)
{
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    const double near[] = {0, 1e-6, -1e-5, 4e-4, .5};
    for (int i = 0; i < COUNT(near); i++) {
        static program p;
        p = (program){.leaves = 1, .steps = 1, .result = MOST_LEAVES, .numbers = {{near[i]}}};
        p.step[0] = (step){.recipe = &recipe_row, .op = &tp_op_relu, .n = 1};
        const finding f = program_check(&p, tape, other, true);
        ck_assert_msg(f.verdict == (near[i] == .5 ? GOOD : DISCARDED), "at %g: %s", near[i], f.message);
    }
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

TCase *random_wrong_case(void)
{
    TCase *wrong_case = tcase_create("wrong ops");
    tcase_set_timeout(wrong_case, 120);
    tcase_add_loop_test(wrong_case, a_wrong_op_is_found_and_cut_down, 0, COUNT(wrong_ops));
    tcase_add_test(wrong_case, a_program_is_the_same_each_time);
    tcase_add_test(wrong_case, a_program_at_a_kink_is_discarded);
    return wrong_case;
}
