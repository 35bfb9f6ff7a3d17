/* Steps that are written by hand: the ops whose shapes a sample would pin down. Each is drawn, recorded and printed. */
#include "tests/random_program.h"

/* "TP_AXES(0, 1)" */
static void say_list(text *t, const char *macro, const step *s)
{
    say(t, "%s(", macro);
    for (int i = 0; i < s->count; i++) say(t, i ? ", %lld" : "%lld", (long long)s->list[i]);
    say(t, ")");
}

static bool draw_tensor(generator *g, step *s, form *f)
{
    s->n = 1;
    for (int tries = 0; tries < 6; tries++) {
        s->operand[0] = pick(g);
        *f = form_of(g, s->operand[0]);
        if (f->rank > 0) return true;
    }
    return false;
}

/* ---- over axes: sum, mean, max, min ---- */

static bool draw_axes(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    for (int i = 0; i < f.rank; i++)
        if (below(g, 2)) s->list[s->count++] = below(g, 2) ? i : i - f.rank;
    s->keep = below(g, 2);
    return true;
}

#define OVER_AXES(name)                                                                                                \
    static tp_var record_##name(const step *s, const tp_var *x)                                                        \
    {                                                                                                                  \
        return tp_##name##_axes(x[0], s->count, s->list, s->keep);                                                     \
    }                                                                                                                  \
    static void print_##name(text *t, const step *s)                                                                   \
    {                                                                                                                  \
        say(t, "tp_" #name "_axes(v%d, ", s->operand[0]);                                                              \
        say_list(t, "TP_AXES", s);                                                                                     \
        say(t, ", %s)", s->keep ? "true" : "false");                                                                   \
    }
OVER_AXES(sum)
OVER_AXES(mean)
OVER_AXES(max)
OVER_AXES(min)
const recipe recipe_sum = {"sum", draw_axes, record_sum, print_sum};
const recipe recipe_mean = {"mean", draw_axes, record_mean, print_mean};
static const recipe recipe_max = {"max", draw_axes, record_max, print_max};
static const recipe recipe_min = {"min", draw_axes, record_min, print_min};

/* ---- along one axis: softmax, log_softmax, logsumexp ---- */

static bool draw_axis(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    s->list[0] = below(g, f.rank);
    s->keep = below(g, 2);
    return true;
}

static tp_var record_softmax(const step *s, const tp_var *x)
{
    return tp_softmax(x[0], (int)s->list[0]);
}
static tp_var record_log_softmax(const step *s, const tp_var *x)
{
    return tp_log_softmax(x[0], (int)s->list[0]);
}
static tp_var record_logsumexp(const step *s, const tp_var *x)
{
    return tp_logsumexp(x[0], (int)s->list[0], s->keep);
}
static void print_along(text *t, const step *s)
{
    say(t, "tp_%s(v%d, %lld%s)", s->recipe->name, s->operand[0], (long long)s->list[0],
        s->recipe->name[3] != 's' ? "" : (s->keep ? ", true" : ", false"));
}
static const recipe recipe_softmax = {"softmax", draw_axis, record_softmax, print_along};
static const recipe recipe_log_softmax = {"log_softmax", draw_axis, record_log_softmax, print_along};
static const recipe recipe_logsumexp = {"logsumexp", draw_axis, record_logsumexp, print_along};

/* ---- shapes ---- */

/* The elements under other dims: each prime factor of their number goes to a random one of up to four dims. */
static bool draw_reshape(generator *g, step *s)
{
    s->n = 1;
    s->operand[0] = pick(g);
    const form f = form_of(g, s->operand[0]);
    int64_t left = form_count(&f);
    s->count = 1 + below(g, 4);
    for (int i = 0; i < s->count; i++) s->list[i] = 1;
    for (int64_t factor = 2; left > 1; factor++)
        for (; left % factor == 0; left /= factor) s->list[below(g, s->count)] *= factor;
    return true;
}
static tp_var record_reshape(const step *s, const tp_var *x)
{
    return tp_reshape(x[0], s->count, s->list);
}
static void print_reshape(text *t, const step *s)
{
    say(t, "tp_reshape(v%d, ", s->operand[0]);
    say_list(t, "TP_DIMS", s);
    say(t, ")");
}
const recipe recipe_reshape = {"reshape", draw_reshape, record_reshape, print_reshape};

static bool draw_permute(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    uint32_t order[TP_MAX_RANK];
    tp_rng_permutation(&g->rng, order, (uint32_t)f.rank);
    s->count = f.rank;
    for (int i = 0; i < f.rank; i++) s->list[i] = order[i];
    return true;
}
static tp_var record_permute(const step *s, const tp_var *x)
{
    return tp_permute(x[0], s->count, s->list);
}
static void print_permute(text *t, const step *s)
{
    say(t, "tp_permute(v%d, ", s->operand[0]);
    say_list(t, "TP_AXES", s);
    say(t, ")");
}
static const recipe recipe_permute = {"permute", draw_permute, record_permute, print_permute};

/* list: axis, start, stop, step */
static bool draw_slice(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    s->list[0] = below(g, f.rank);
    const int dim = (int)f.dims[s->list[0]];
    s->list[1] = below(g, dim);
    s->list[2] = s->list[1] + 1 + below(g, dim - (int)s->list[1]);
    s->list[3] = 1 + below(g, 2);
    return true;
}
static tp_var record_slice(const step *s, const tp_var *x)
{
    return tp_slice(x[0], (int)s->list[0], s->list[1], s->list[2], s->list[3]);
}
static void print_slice(text *t, const step *s)
{
    say(t, "tp_slice(v%d, %lld, %lld, %lld, %lld)", s->operand[0], (long long)s->list[0], (long long)s->list[1],
        (long long)s->list[2], (long long)s->list[3]);
}
const recipe recipe_slice = {"slice", draw_slice, record_slice, print_slice};

static bool draw_index(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    s->count = f.rank;
    for (int i = 0; i < f.rank; i++) s->list[i] = below(g, (int)f.dims[i]);
    return true;
}
static tp_var record_index(const step *s, const tp_var *x)
{
    return tp_index(x[0], s->count, s->list);
}
static void print_index(text *t, const step *s)
{
    say(t, "tp_index(v%d, ", s->operand[0]);
    say_list(t, "TP_AXES", s);
    say(t, ")");
}
static const recipe recipe_index = {"index", draw_index, record_index, print_index};

static bool draw_expand(generator *g, step *s)
{
    s->n = 1;
    s->operand[0] = pick(g);
    const form f = form_of(g, s->operand[0]);
    const int more = below(g, 2) || f.rank == 0;
    if (f.rank + more > MOST_DIMS) return false;
    s->count = f.rank + more;
    for (int i = 0; i < s->count; i++)
        s->list[i] = i < more || f.dims[i - more] == 1 ? 1 + below(g, 3) : f.dims[i - more];
    return true;
}
static tp_var record_expand(const step *s, const tp_var *x)
{
    return tp_expand(x[0], s->count, s->list);
}
static void print_expand(text *t, const step *s)
{
    say(t, "tp_expand(v%d, ", s->operand[0]);
    say_list(t, "TP_DIMS", s);
    say(t, ")");
}
const recipe recipe_expand = {"expand", draw_expand, record_expand, print_expand};

/* ---- several operands ---- */

/* Two or three values of the first one's shape, one of which may be longer along the axis. list: axis */
static bool draw_concat(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    s->list[0] = below(g, f.rank);
    s->n = 2 + below(g, 2);
    for (int i = 1; i < s->n; i++) {
        form to = f;
        to.dims[s->list[0]] = 1 + below(g, 3);
        if ((s->operand[i] = fitted(g, pick(g), &to)) < 0) return false;
    }
    return true;
}
static tp_var record_concat(const step *s, const tp_var *x)
{
    return tp_concat(x, s->n, (int)s->list[0]);
}
static bool draw_stack(generator *g, step *s)
{
    s->n = 2 + below(g, 2);
    s->operand[0] = pick(g);
    const form f = form_of(g, s->operand[0]);
    s->list[0] = below(g, f.rank + 1);
    for (int i = 1; i < s->n; i++)
        if ((s->operand[i] = fitted(g, pick(g), &f)) < 0) return false;
    return true;
}
static tp_var record_stack(const step *s, const tp_var *x)
{
    return tp_stack(x, s->n, (int)s->list[0]);
}
static void print_list_of(text *t, const step *s)
{
    say(t, "tp_%s((tp_var[]){", s->recipe->name);
    for (int i = 0; i < s->n; i++) say(t, i ? ", v%d" : "v%d", s->operand[i]);
    say(t, "}, %d, %lld)", s->n, (long long)s->list[0]);
}
const recipe recipe_concat = {"concat", draw_concat, record_concat, print_list_of};
static const recipe recipe_stack = {"stack", draw_stack, record_stack, print_list_of};

static bool draw_matmul(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    const int64_t k = f.dims[f.rank - 1], n = 1 + below(g, 3);
    const form others[] = {{1, {k}}, {2, {k, n}}, {3, {2, k, n}}, {3, {1, k, n}}};
    s->n = 2;
    return (s->operand[1] = fitted(g, pick(g), &others[below(g, COUNT(others))])) >= 0;
}
static tp_var record_matmul(const step *s, const tp_var *x)
{
    (void)s;
    return tp_matmul(x[0], x[1]);
}
static bool draw_linear(generator *g, step *s)
{
    form f;
    if (!draw_tensor(g, s, &f)) return false;
    const int64_t out = 1 + below(g, 3);
    s->n = 2 + below(g, 2);
    s->operand[1] = fitted(g, pick(g), &(form){2, {out, f.dims[f.rank - 1]}});
    if (s->operand[1] >= 0 && s->n > 2) s->operand[2] = fitted(g, pick(g), &(form){1, {out}});
    return s->operand[1] >= 0 && s->operand[2] >= 0;
}
static tp_var record_linear(const step *s, const tp_var *x)
{
    return tp_linear(x[0], x[1], s->n > 2 ? x[2] : tp_none());
}
static void print_operands(text *t, const step *s)
{
    say(t, "tp_%s(", s->recipe->name);
    for (int i = 0; i < s->n; i++) say(t, i ? ", v%d" : "v%d", s->operand[i]);
    say(t, s->recipe->name[0] == 'l' && s->n < 3 ? ", tp_none())" : ")");
}
static const recipe recipe_matmul = {"matmul", draw_matmul, record_matmul, print_operands};
static const recipe recipe_linear = {"linear", draw_linear, record_linear, print_operands};

const recipe *const hand_recipes[] = {&recipe_sum,     &recipe_mean,        &recipe_max,       &recipe_min,
                                      &recipe_softmax, &recipe_log_softmax, &recipe_logsumexp, &recipe_reshape,
                                      &recipe_permute, &recipe_slice,       &recipe_index,     &recipe_expand,
                                      &recipe_concat,  &recipe_stack,       &recipe_matmul,    &recipe_linear};
const int hand_recipe_count = COUNT(hand_recipes);
