/* Drawing a random program: which values a step takes, how they are brought to its shape and into its domain. */
#include "tests/random_program.h"

int below(generator *g, int n)
{
    return (int)tp_rng_below(&g->rng, (uint32_t)n);
}

double between(generator *g, double a, double b)
{
    return a + (b - a) * tp_rng_uniform(&g->rng);
}

form form_of(const generator *g, int value)
{
    form f = {.rank = tp_var_rank(g->value[value])};
    if (f.rank > 0) memcpy(f.dims, tp_var_dims(g->value[value]), (size_t)f.rank * sizeof *f.dims);
    return f;
}

static int value_at(const generator *g, int i)
{
    return i < g->program->leaves ? i : MOST_LEAVES + i - g->program->leaves;
}

static bool is_used(const program *p, int value)
{
    for (int k = 0; k < p->steps; k++)
        for (int i = 0; i < p->step[k].n; i++)
            if (p->step[k].operand[i] == value) return true;
    return false;
}

int pick(generator *g)
{
    const int n = g->program->leaves + g->program->steps;
    int value = value_at(g, below(g, n));
    for (int tries = 0; tries < 4 && is_used(g->program, value); tries++) value = value_at(g, below(g, n));
    return value;
}

/* ---- appending ---- */

static bool all_good(const generator *g, tp_var y, uint32_t from)
{
    if (tp_tape_status(g->tape) != TP_OK || !tp_ok(y) || tp_var_dtype(y) != TP_F64) return false;
    if (tp_var_rank(y) > MOST_DIMS || numbers_in(y) < 1 || numbers_in(y) > MOST_ELEMENTS) return false;
    for (int64_t i = 0; i < numbers_in(y); i++) { /* a tiny number is what rounding left of 0, and its slope noise */
        const double size = fabs(number_at(y, i));
        if (!(size <= 60) || (size > 0 && size < 1e-14)) return false;
    }
    for (uint32_t i = from; i < g->tape->count; i++) { /* differences do not see through f32 */
        const tp_node *node = &g->tape->nodes[i];
        if ((node->a & TP_IS_TENSOR) && node->value.tensor && node->value.tensor->dtype == TP_F32) return false;
    }
    return true;
}

int append(generator *g, const step *s)
{
    program *p = g->program;
    if (p->steps == MOST_STEPS) return -1;
    const tp_mark mark = tp_tape_mark(g->tape);
    const uint32_t from = g->tape->count;
    tp_var x[MOST_OPERANDS];
    for (int i = 0; i < s->n; i++) x[i] = g->value[s->operand[i]];
    const tp_var y = s->recipe->record(s, x);
    if (!all_good(g, y, from)) {
        tp_tape_clear_error(g->tape);
        ck_assert_int_eq(tp_tape_rewind(g->tape, mark), TP_OK);
        return -1;
    }
    p->step[p->steps] = *s;
    g->value[MOST_LEAVES + p->steps] = y;
    return MOST_LEAVES + p->steps++;
}

int append_leaf(generator *g, const form *shape, double low, double high)
{
    program *p = g->program;
    const int i = p->leaves;
    if (i == MOST_LEAVES || form_count(shape) > MOST_ELEMENTS || form_count(shape) < 1) return -1;
    p->leaf[i] = *shape;
    for (int64_t k = 0; k < form_count(shape); k++) p->numbers[i][k] = between(g, low, high);
    if (shape->rank == 0) {
        g->value[i] = tp_scalar(g->tape, p->numbers[i][0]);
    } else {
        tp_tensor *tensor = tp_tensor_from(TP_F64, shape->rank, shape->dims, p->numbers[i]);
        g->value[i] = tp_leaf(g->tape, tensor);
        tp_tensor_release(tensor);
    }
    p->leaves++;
    return i;
}

/* ---- fitting and guarding ---- */

static int reshaped(generator *g, int value, const form *to)
{
    step s = {.recipe = &recipe_reshape, .n = 1, .operand = {value}, .count = to->rank};
    memcpy(s.list, to->dims, sizeof s.list);
    return append(g, &s);
}

/* The first n elements in one row, of as many copies of the value as are needed. */
static int row_of(generator *g, int value, int64_t n)
{
    const form f = form_of(g, value);
    const int64_t has = form_count(&f), copies = (n + has - 1) / has;
    if (copies > MOST_OPERANDS) return -1;
    if (f.rank != 1) value = reshaped(g, value, &(form){1, {has}});
    if (value >= 0 && copies > 1) {
        step s = {.recipe = &recipe_concat, .n = (int)copies, .list = {0}};
        for (int i = 0; i < s.n; i++) s.operand[i] = value;
        value = append(g, &s);
    }
    if (value < 0 || has * copies == n) return value;
    return append(g, &(step){.recipe = &recipe_slice, .n = 1, .operand = {value}, .list = {0, 0, n, 1}});
}

static bool same_form(const form *a, const form *b)
{
    return tp_shape_equal(a->rank, a->dims, b->rank, b->dims);
}

int fitted(generator *g, int value, const form *to)
{
    const form from = form_of(g, value);
    if (same_form(&from, to)) return value;
    if (to->rank == 0)
        return append(g, &(step){.recipe = below(g, 2) ? &recipe_sum : &recipe_mean, .n = 1, .operand = {value}});
    if (from.rank == 0 || below(g, 2)) {
        step s = {.recipe = &recipe_expand, .n = 1, .operand = {value}, .count = to->rank};
        memcpy(s.list, to->dims, sizeof s.list);
        const int wide = append(g, &s);
        if (wide >= 0) return wide;
    }
    const int row = row_of(g, value, form_count(to));
    return row < 0 || to->rank == 1 ? row : reshaped(g, row, to);
}

static int with_number(generator *g, const tp_op *op, int value, double number)
{
    const step s = {.recipe = &recipe_row, .op = op, .n = 1, .operand = {value}, .number = number};
    return value < 0 ? value : append(g, &s);
}

/* Squeezes the value, whatever it is, into the middle of low .. high; a value that is in it already stays. */
int guarded(generator *g, int value, double low, double high)
{
    double least = HUGE_VAL, most = -HUGE_VAL;
    const tp_var x = g->value[value];
    for (int64_t i = 0; i < numbers_in(x); i++) {
        least = fmin(least, number_at(x, i));
        most = fmax(most, number_at(x, i));
    }
    if (least >= low && most <= high) return value;
    const double span = high - low, size = fmax(most, -least);
    switch (size < .05 ? 3 : below(g, 4)) { /* what is tiny is not blown up */
    case 0:                                 /* scaled, where the range is about 0 */
        if (low < 0 && high > 0) return with_number(g, &tp_op_muls, value, .9 * fmin(-low, high) / size);
        /* fall through */
    case 1: /* low + span / (1 + e^-x) */
        value = with_number(g, &tp_op_muls, with_number(g, &tp_op_sigmoid, value, 0), .9 * span);
        return with_number(g, &tp_op_adds, value, low + .05 * span);
    case 2: /* low + a x^2 */
        value = with_number(g, &tp_op_square, value, 0);
        value = with_number(g, &tp_op_muls, value, .9 * span / (size * size));
        return with_number(g, &tp_op_adds, value, low + .05 * span);
    default: /* the middle + a tanh x */
        value = with_number(g, &tp_op_muls, with_number(g, &tp_op_tanh, value, 0), .45 * span);
        return with_number(g, &tp_op_adds, value, (low + high) / 2);
    }
}

/* ---- a whole program ---- */

static void draw_leaves(generator *g)
{
    const int64_t a = 2 + below(g, 2), b = 1 + below(g, 3);
    const form shapes[] = {{0}, {1, {a}}, {2, {b, a}}, {2, {b, 1}}, {3, {2, b, a}}};
    const int n = 2 + below(g, 3);
    for (int i = 0; i < n; i++) append_leaf(g, &shapes[below(g, COUNT(shapes))], -1.5, 1.5);
}

/* One step of a random kind, with what it needs before it; all of it is taken back when it comes to nothing. */
static void draw_step(generator *g)
{
    program *p = g->program;
    const recipe *r = hand_recipes[below(g, hand_recipe_count)];
    const int kind = below(g, 10), steps = p->steps, leaves = p->leaves;
    if (kind < 4) r = &recipe_row;
    if (kind > 6) r = &recipe_sample;
    if (g->extra && below(g, 6) == 0) r = g->extra;
    const tp_mark mark = tp_tape_mark(g->tape);
    step s = {.recipe = r};
    if (r->draw(g, &s) && append(g, &s) >= 0) return;
    p->steps = steps;
    p->leaves = leaves;
    ck_assert_int_eq(tp_tape_rewind(g->tape, mark), TP_OK);
}

/* Adds the sums of up to three values that nothing uses to the last one. */
static void join(generator *g)
{
    program *p = g->program;
    const int last = p->steps - 1;
    int sum = p->result;
    for (int k = last - 1, joined = 0; k >= 0 && joined < 3; k--) {
        if (is_used(p, MOST_LEAVES + k)) continue;
        const int part = fitted(g, MOST_LEAVES + k, &(form){0});
        const step s = {.recipe = &recipe_row, .op = &tp_op_add, .n = 2, .operand = {sum, part}};
        const int more = part < 0 ? -1 : append(g, &s);
        if (more >= 0) sum = more, joined++;
    }
    p->result = sum;
}

void program_draw(program *p, uint64_t seed, tp_tape *tape, const recipe *extra)
{
    static generator g; /* large */
    tp_tape_reset(tape);
    g = (generator){.rng = tp_rng_seed(seed), .program = p, .tape = tape, .extra = extra};
    *p = (program){.seed = seed};
    draw_leaves(&g);
    const int wanted = 3 + below(&g, 10);
    for (int tries = 0; tries < 60 && p->steps < wanted; tries++) draw_step(&g);
    p->result = p->steps ? MOST_LEAVES + p->steps - 1 : 0;
    if (below(&g, 3)) join(&g);
    program_prune(p);
}
