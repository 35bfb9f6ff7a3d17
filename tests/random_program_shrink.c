/* Cutting a wrong program down: anything that can go while it stays wrong goes. */
#include "tests/random_program.h"

typedef struct shrinker {
    program *p;
    tp_tape *tape, *other;
    bool second;
    program candidate;
} shrinker;

/* Keeps the candidate when it is wrong as well. */
static bool keep(shrinker *s)
{
    program_prune(&s->candidate);
    if (program_check(&s->candidate, s->tape, s->other, s->second).verdict != WRONG) return false;
    *s->p = s->candidate;
    return true;
}

/* Some earlier step is the result. */
static bool shorten(shrinker *s)
{
    for (int k = 0; k < s->p->steps; k++) {
        if (MOST_LEAVES + k == s->p->result) continue;
        s->candidate = *s->p;
        s->candidate.result = MOST_LEAVES + k;
        if (keep(s)) return true;
    }
    return false;
}

/* A step becomes a leaf that holds its value. */
static bool replace_by_leaf(shrinker *s, int k)
{
    program *c = &s->candidate;
    execution e;
    if (s->p->leaves == MOST_LEAVES || MOST_LEAVES + k == s->p->result) return false;
    *c = *s->p;
    const bool ok = program_record(c, s->tape, &e);
    const tp_var y = e.value[MOST_LEAVES + k];
    if (ok) {
        const int leaf = c->leaves;
        c->leaf[leaf] = (form){.rank = tp_var_rank(y)};
        for (int i = 0; i < c->leaf[leaf].rank; i++) c->leaf[leaf].dims[i] = tp_var_dims(y)[i];
        for (int64_t i = 0; i < numbers_in(y); i++) c->numbers[leaf][i] = number_at(y, i);
        for (int m = k + 1; m < c->steps; m++)
            for (int i = 0; i < c->step[m].n; i++)
                if (c->step[m].operand[i] == MOST_LEAVES + k) c->step[m].operand[i] = leaf;
    }
    execution_end(s->p, &e);
    if (ok) c->leaves++;
    return ok && keep(s);
}

/* What uses a step uses its operand instead. */
static bool bypass(shrinker *s, int k)
{
    for (int i = 0; i < s->p->step[k].n; i++) {
        s->candidate = *s->p;
        const int by = s->candidate.step[k].operand[i];
        for (int m = k + 1; m < s->candidate.steps; m++)
            for (int n = 0; n < s->candidate.step[m].n; n++)
                if (s->candidate.step[m].operand[n] == MOST_LEAVES + k) s->candidate.step[m].operand[n] = by;
        if (s->candidate.result == MOST_LEAVES + k) s->candidate.result = by;
        if (keep(s)) return true;
    }
    return false;
}

/* A dim becomes 1 (the first elements stay), or the leaf a scalar. */
static bool reduce_leaf(shrinker *s, int leaf)
{
    for (int i = -1; i < s->p->leaf[leaf].rank; i++) {
        form *f = &s->candidate.leaf[leaf];
        s->candidate = *s->p;
        if (f->rank == 0 || (i >= 0 && f->dims[i] == 1)) continue;
        if (i < 0)
            f->rank = 0;
        else
            f->dims[i] = 1;
        if (keep(s)) return true;
    }
    return false;
}

/* All numbers of a leaf with one digit behind the point. */
static bool round_leaf(shrinker *s, int leaf)
{
    bool rounds = false;
    s->candidate = *s->p;
    for (int64_t i = 0; i < form_count(&s->p->leaf[leaf]); i++) {
        double *x = &s->candidate.numbers[leaf][i];
        const double tenths = floor(*x * 10 + .5) / 10;
        rounds = rounds || tenths != *x;
        *x = tenths;
    }
    return rounds && keep(s);
}

static bool shrink_once(shrinker *s)
{
    if (shorten(s)) return true;
    for (int k = s->p->steps - 1; k >= 0; k--)
        if (bypass(s, k) || replace_by_leaf(s, k)) return true;
    for (int i = 0; i < s->p->leaves; i++)
        if (reduce_leaf(s, i) || round_leaf(s, i)) return true;
    return false;
}

void program_shrink(program *p, tp_tape *tape, tp_tape *other, bool second)
{
    static shrinker s; /* large */
    s.p = p, s.tape = tape, s.other = other, s.second = second;
    for (int rounds = 0; rounds < 300 && shrink_once(&s); rounds++) continue;
}

/* ---- as C ---- */

static void print_leaf(text *t, const program *p, int i)
{
    const form *f = &p->leaf[i];
    if (f->rank == 0) {
        say(t, "    const tp_var v%d = tp_scalar(tape, %.17g);\n", i, p->numbers[i][0]);
        return;
    }
    say(t, "    const tp_var v%d = tp_leaf(tape, tp_tensor_from(TP_F64, TP_DIMS(", i);
    for (int k = 0; k < f->rank; k++) say(t, k ? ", %lld" : "%lld", (long long)f->dims[k]);
    say(t, "), (double[]){");
    for (int64_t k = 0; k < form_count(f); k++) say(t, k ? ", %.17g" : "%.17g", p->numbers[i][k]);
    say(t, "}));\n");
}

void program_print(text *t, const program *p, const char *message)
{
    say(t, "/* TAPIR_RANDOM_SEED=%llu TAPIR_RANDOM_COUNT=1\n   %s */\n", (unsigned long long)p->seed, message);
    say(t, "#include <stdio.h>\n#include <tapir/tapir.h>\n\nint main(void)\n{\n");
    say(t, "    tp_tape *tape = tp_tape_new(NULL);\n");
    for (int i = 0; i < p->leaves; i++) print_leaf(t, p, i);
    for (int k = 0; k < p->steps; k++) {
        say(t, "    const tp_var v%d = ", MOST_LEAVES + k);
        p->step[k].recipe->print(t, &p->step[k]);
        say(t, ";\n");
    }
    say(t, "    const tp_var x[] = {");
    for (int i = 0; i < p->leaves; i++) say(t, i ? ", v%d" : "v%d", i);
    say(t, "};\n    tp_error error = {TP_OK, \"\"};\n");
    for (int i = 0; i < 2; i++)
        say(t, "    if (tp_grad%scheck(v%d, x, %d, NULL, &error) != TP_OK) printf(\"%%s\\n\", error.message);\n",
            i ? "grad" : "", p->result, p->leaves);
    say(t, "    tp_tape_free(tape);\n}\n");
}
