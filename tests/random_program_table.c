/* Steps drawn from the op table itself: any row, and any other op as one of its samples calls it. So an op that joins
   the table, with its samples, joins the random programs. */
#include "tests/random_program.h"

/* ---- rows ---- */

static bool broadcast(const form *a, const form *b)
{
    tp_shape shape = {.rank = a->rank};
    memcpy(shape.dims, a->dims, sizeof shape.dims);
    return tp_shape_broadcast(&shape, b->rank, b->dims);
}

/* The second operand: one that broadcasts against the first, rarely the same one again. */
static int partner(generator *g, int first)
{
    const form f = form_of(g, first);
    for (int tries = 0; tries < 8; tries++) {
        const int other = pick(g);
        const form o = form_of(g, other);
        if ((other != first || below(g, 4) == 0) && broadcast(&f, &o)) return other;
    }
    return fitted(g, pick(g), below(g, 2) ? &f : &(form){0});
}

static const tp_op *any_row(generator *g)
{
    for (;;) {
        const tp_op *op = tp_op_at(below(g, tp_op_count()));
        if (!op->row || op->row->kind == TP_ROW_COMPARE) continue; /* a program's values are f64 */
        if (strcmp(op->name, "clamp_tensors") == 0) continue;      /* guards put operands right on the bounds */
        if (!(op->flags & TP_NO_GRADIENT) || below(g, 8) == 0) return op;
    }
}

static bool draw_row(generator *g, step *s)
{
    const tp_op *op = any_row(g);
    /* where a row is tested on -2 .. 2 it has no edge near by */
    const double wide = op->row->low == -2 && op->row->high == 2 ? 1.5 : 1;
    s->op = op;
    s->n = op->arity;
    s->number = op->row->number[0];
    for (int i = 0; i < s->n; i++) {
        const int value = i ? partner(g, s->operand[0]) : pick(g);
        s->operand[i] = value < 0 ? value : guarded(g, value, wide * op->row->low, wide * op->row->high);
        if (s->operand[i] < 0) return false;
    }
    return true;
}

static tp_var record_row(const step *s, const tp_var *x)
{
    const double *plain = s->op->row->number;
    return row_call(s->op->name, x, (const double[]){s->number, plain[1], plain[2]});
}

static void print_row(text *t, const step *s)
{
    const char *name = s->op->name;
    const tp_row *row = s->op->row;
    bool first = false;
#define ROW(...)
#define NUMBER_FIRST(called, ...) first = first || strcmp(name, #called) == 0;
#include "kernels/rows.def"
    if (first) {
        say(t, "tp_%s(%.17g, v%d)", name, s->number, s->operand[0]);
        return;
    }
    say(t, "tp_%s(v%d", name, s->operand[0]);
    for (int i = 1; i < s->n; i++) say(t, ", v%d", s->operand[i]);
    for (int i = 0; i < row->numbers_count; i++) say(t, ", %.17g", i ? row->number[i] : s->number);
    say(t, ")");
}
const recipe recipe_row = {"row", draw_row, record_row, print_row};

/* ---- samples ---- */

static bool is_constant(const sample_leaf *leaf)
{
    return leaf->labels || leaf->constant;
}

static form form_of_leaf(const sample_leaf *leaf)
{
    form f = {.rank = leaf->layout == SCALAR ? 0 : leaf->rank};
    memcpy(f.dims, leaf->dims, sizeof leaf->dims);
    return f;
}

/* Small, not empty, differentiable in at least one operand. */
static bool usable(const sample *s)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const form f = form_of_leaf(&s->x[i]);
        const int64_t count = form_count(&f);
        if (count < 1 || count > MOST_ELEMENTS || f.rank > MOST_DIMS) return false;
        n += !is_constant(&s->x[i]);
    }
    return n > 0 && n <= MOST_OPERANDS;
}

int usable_samples(const tp_op *op, const sample *out[MAX_SAMPLES])
{
    static const sample_list *const lists[] = {
#define SAMPLES(name) &name##_samples,
#include "tests/samples.def"
#undef SAMPLES
    };
    int n = 0;
    for (int l = 0; l < COUNT(lists); l++)
        for (int i = 0; i < lists[l]->n && n < MAX_SAMPLES; i++)
            if (strcmp(lists[l]->items[i].op, op->name) == 0 && usable(&lists[l]->items[i]))
                out[n++] = &lists[l]->items[i];
    return n;
}

/* Those of each op, found once. */
typedef struct group {
    int n;
    const sample *items[MAX_SAMPLES];
} group;
static group groups[512];
static int group_count;

static void find_groups(void)
{
    for (int i = 0; i < tp_op_count() && group_count < COUNT(groups) && tp_op_at(i); i++) {
        group *found = &groups[group_count];
        if (!tp_op_at(i)->row && !(tp_op_at(i)->flags & TP_NO_GRADIENT))
            group_count += (found->n = usable_samples(tp_op_at(i), found->items)) > 0;
    }
}

static bool draw_sample(generator *g, step *s)
{
    if (!group_count) find_groups();
    const group *of = &groups[below(g, group_count)];
    s->sample = of->items[below(g, of->n)];
    s->list[0] = below(g, 1000);
    for (int i = 0; i < s->sample->n && !is_constant(&s->sample->x[i]); i++) {
        const sample_leaf *leaf = &s->sample->x[i];
        const bool plain = leaf->low == 0 && leaf->high == 0;
        const double low = plain ? -2 : leaf->low, high = plain ? 2 : leaf->high;
        const form f = form_of_leaf(leaf);
        int value = below(g, 4) ? fitted(g, pick(g), &f) : -1;
        if (value < 0) value = append_leaf(g, &f, low, high);
        if (value >= 0) value = guarded(g, value, low, high);
        if (value < 0) return false;
        s->operand[s->n++] = value;
    }
    return true;
}

static tp_var constant_of(const sample_leaf *leaf, tp_tape *tape, tp_rng *rng)
{
    double numbers[MOST_ELEMENTS];
    const form f = form_of_leaf(leaf);
    const bool plain = leaf->low == 0 && leaf->high == 0;
    const double low = plain ? -2 : leaf->low, high = plain ? 2 : leaf->high;
    for (int64_t i = 0; i < form_count(&f); i++)
        numbers[i] =
            leaf->labels ? (double)tp_rng_below(rng, (uint32_t)leaf->high) : low + (high - low) * tp_rng_uniform(rng);
    if (f.rank == 0 && leaf->layout == SCALAR) return tp_const(tape, numbers[0]);
    tp_tensor *wide = tp_tensor_from(TP_F64, f.rank, f.dims, numbers);
    tp_tensor *tensor = tp_tensor_new(leaf->labels ? leaf->labels : TP_F64, f.rank, f.dims);
    tp_tensor_copy(tensor, wide, NULL);
    const tp_var x = tp_data(tape, tensor);
    tp_tensor_release(wide);
    tp_tensor_release(tensor);
    return x;
}

tp_var call_sample(const sample *s, uint64_t seed, const tp_var *x)
{
    tp_rng rng = tp_rng_seed(seed);
    tp_var all[MAX_LEAVES];
    for (int i = 0; i < s->n; i++) all[i] = is_constant(&s->x[i]) ? constant_of(&s->x[i], x[0].tape, &rng) : x[i];
    return s->build(s, all);
}

static tp_var record_sample(const step *s, const tp_var *x)
{
    return call_sample(s->sample, (uint64_t)s->list[0], x);
}

/* The sample of that op and name stands in tests/test_ops_*.c. */
static void print_sample(text *t, const step *s)
{
    say(t, "call_sample(/* %s, %s */, %lld, (tp_var[]){", s->sample->op, s->sample->name, (long long)s->list[0]);
    for (int i = 0; i < s->n; i++) say(t, i ? ", v%d" : "v%d", s->operand[i]);
    say(t, "})");
}
const recipe recipe_sample = {"sample", draw_sample, record_sample, print_sample};
