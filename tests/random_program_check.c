/* What is held against what in a random program. Finite differences are taken along a random direction, at two step
   sizes and from both sides: where these disagree a kink is near, or the numbers are too rough, and the program tells
   nothing. */
#include <stdarg.h>
#include <stdio.h>

#include "tests/random_program.h"

typedef double numbers[MOST_LEAVES][MOST_ELEMENTS];

typedef struct job {
    const program *p;
    execution e;
    numbers gradient, recorded, along, other; /* `along` and `other` are directions */
    double upstream[MOST_ELEMENTS];
    double size; /* sum |upstream y|: what the differences are rough against */
} job;

static finding found(verdict what, const char *format, ...)
{
    finding f = {.verdict = what};
    va_list list;
    va_start(list, format);
    vsnprintf(f.message, sizeof f.message, format, list);
    va_end(list);
    return f;
}

static const finding good = {GOOD, ""};

static double dot(const program *p, numbers a, numbers b, bool absolute)
{
    double sum = 0;
    for (int i = 0; i < p->leaves; i++)
        for (int64_t k = 0; k < form_count(&p->leaf[i]); k++)
            sum += absolute ? fabs(a[i][k] * b[i][k]) : a[i][k] * b[i][k];
    return sum;
}

static void draw_direction(const program *p, uint64_t stream, numbers out)
{
    tp_rng rng = tp_rng_stream(p->seed, stream);
    for (int i = 0; i < p->leaves; i++)
        for (int64_t k = 0; k < form_count(&p->leaf[i]); k++) out[i][k] = 2 * tp_rng_uniform(&rng) - 1;
}

/* ---- gradients ---- */

static tp_var upstream_of(job *j)
{
    const tp_var y = j->e.y;
    if (!tp_value(y)) return tp_const(y.tape, j->upstream[0]);
    tp_tensor *tensor = tp_tensor_from(TP_F64, tp_var_rank(y), tp_var_dims(y), j->upstream);
    const tp_var u = tp_data(y.tape, tensor);
    tp_tensor_release(tensor);
    return u;
}

static void copy_out(const program *p, const tp_var *g, numbers out)
{
    for (int i = 0; i < p->leaves; i++)
        for (int64_t k = 0; k < form_count(&p->leaf[i]); k++) out[i][k] = number_at(g[i], k);
}

/* <upstream, dy/dx> at the leaves' present values; the tape is as before. */
static bool gradient(job *j, unsigned flags, numbers out)
{
    tp_tape *tape = j->e.tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var g[MOST_LEAVES];
    const bool ok = tp_vjp(j->e.y, upstream_of(j), j->e.value, j->p->leaves, g, flags) == TP_OK;
    if (ok) copy_out(j->p, g, out);
    if (ok) tp_tape_rewind(tape, mark);
    return ok;
}

static double value(const job *j)
{
    double sum = 0;
    for (int64_t i = 0; i < numbers_in(j->e.y); i++) sum += j->upstream[i] * number_at(j->e.y, i);
    return sum;
}

/* Forward mode along the direction, under the upstream, against the gradient along it. */
static finding check_forward(job *j)
{
    tp_tape *tape = j->e.tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var d[MOST_LEAVES], dy;
    for (int i = 0; i < j->p->leaves; i++) {
        tp_tensor *tensor = tp_tensor_from(TP_F64, j->p->leaf[i].rank, j->p->leaf[i].dims, j->along[i]);
        d[i] = tp_data(tape, tensor);
        tp_tensor_release(tensor);
    }
    if (tp_jvp(j->e.y, j->e.value, d, j->p->leaves, &dy, 0) != TP_OK)
        return found(WRONG, "forward mode: %s", tp_tape_error(tape));
    double sum = 0;
    for (int64_t i = 0; i < numbers_in(dy); i++) sum += j->upstream[i] * number_at(dy, i);
    tp_tape_rewind(tape, mark);
    const double slope = dot(j->p, j->gradient, j->along, false), size = dot(j->p, j->gradient, j->along, true);
    if (fabs(sum - slope) <= 1e-9 * (size + j->size + .1)) return good;
    return found(WRONG, "forward mode: %.17g along a direction, by the walk back %.17g", sum, slope);
}

/* ---- differences ---- */

/* f at x + t d for t in -2h, -h, -h/2, 0, h/2, h, 2h; NaN where the program fails there. */
typedef struct line {
    double h, f[7];
} line;
static const double at[7] = {-2, -1, -.5, 0, .5, 1, 2};

typedef struct estimate {
    double slope, error, sides;
} estimate;

static estimate differentiate(const line *l)
{
    const double *f = l->f, h = l->h;
    const double wide = (8 * (f[5] - f[1]) - (f[6] - f[0])) / (12 * h);
    const double near = (8 * (f[4] - f[2]) - (f[5] - f[1])) / (6 * h);
    const double right = (4 * f[5] - f[6] - 3 * f[3]) / (2 * h), left = (3 * f[3] - 4 * f[1] + f[0]) / (2 * h);
    return (estimate){near, fabs(near - wide), fabs(right - left)};
}

/* `size` is that of the terms which the slope is a sum of, `noise` what rounding leaves in a difference. */
static finding compare(const char *what, const line *l, double slope, double size, double noise)
{
    const estimate d = differentiate(l);
    if (!(d.error <= 1e-6 * size + noise) || !(d.sides <= 1e-3 * size + 100 * noise))
        return found(DISCARDED, "%s: differences disagree by %g and %g", what, d.error, d.sides);
    if (fabs(d.slope - slope) <= 10 * d.error + 1e-7 * size + noise) return good;
    return found(WRONG, "%s: %.12g along a direction, by differences %.12g", what, slope, d.slope);
}

static finding check_first(job *j)
{
    line l = {.h = 5e-4};
    for (int i = 0; i < 7; i++) {
        execution_move(j->p, &j->e, at[i] * l.h, j->along);
        l.f[i] = tp_replay(j->e.tape, 0) == TP_OK ? value(j) : (double)NAN;
    }
    tp_tape_clear_error(j->e.tape);
    return compare("gradient", &l, dot(j->p, j->gradient, j->along, false), dot(j->p, j->gradient, j->along, true),
                   3e-11 * (1 + j->size));
}

/* <other, d/dx <along, gradient>>, by the recorded walk differentiated once more. */
static bool second_gradient(job *j, numbers out)
{
    tp_tape *tape = j->e.tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var g[MOST_LEAVES];
    bool ok = tp_vjp(j->e.y, upstream_of(j), j->e.value, j->p->leaves, g, TP_CREATE_GRAPH) == TP_OK;
    tp_var sum = tp_const(tape, 0);
    for (int i = 0; i < j->p->leaves && ok; i++) {
        const form *f = &j->p->leaf[i];
        tp_tensor *d = tp_tensor_from(TP_F64, f->rank, f->dims, j->along[i]);
        sum = tp_add(sum, tp_sum(tp_mul(g[i], tp_data(tape, d))));
        tp_tensor_release(d);
    }
    ok = ok && tp_gradients(sum, j->e.value, j->p->leaves, g, 0) == TP_OK;
    if (ok) copy_out(j->p, g, out);
    if (ok) tp_tape_rewind(tape, mark);
    return ok;
}

static finding check_second(job *j)
{
    static numbers second, moved;
    line l = {.h = 5e-4};
    if (!second_gradient(j, second)) return found(WRONG, "second derivative: %s", tp_tape_error(j->e.tape));
    for (int i = 0; i < 7; i++) {
        execution_move(j->p, &j->e, at[i] * l.h, j->other);
        const bool ok = tp_replay(j->e.tape, 0) == TP_OK && gradient(j, 0, moved);
        l.f[i] = ok ? dot(j->p, moved, j->along, false) : (double)NAN;
        tp_tape_clear_error(j->e.tape);
    }
    return compare("second derivative", &l, dot(j->p, second, j->other, false), dot(j->p, second, j->other, true),
                   1e-9 * (1 + dot(j->p, j->gradient, j->along, true)));
}

/* ---- equality ---- */

static finding check_walks(const job *j)
{
    double most = 0;
    for (int i = 0; i < j->p->leaves; i++)
        for (int64_t k = 0; k < form_count(&j->p->leaf[i]); k++) {
            if (!isfinite(j->gradient[i][k]) && !isfinite(j->recorded[i][k]))
                return found(DISCARDED,
                             "walks: the gradient is not finite"); /* a matrix that is exactly singular, say */
            most = fmax(most, fabs(j->gradient[i][k]));
        }
    for (int i = 0; i < j->p->leaves; i++)
        for (int64_t k = 0; k < form_count(&j->p->leaf[i]); k++)
            if (!(fabs(j->gradient[i][k] - j->recorded[i][k]) <= 1e-9 * (most + j->size + .1)))
                return found(WRONG, "walks: element %d of the gradient by v%d is %.17g, recorded %.17g", (int)k, i,
                             j->gradient[i][k], j->recorded[i][k]);
    return good;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* The leaves change a little; the replayed program against one recorded with the new numbers. */
static finding check_replay(job *j, tp_tape *tape)
{
    static program moved;
    static job anew;
    static numbers replayed;
    moved = *j->p;
    for (int i = 0; i < moved.leaves; i++)
        for (int64_t k = 0; k < form_count(&moved.leaf[i]); k++) moved.numbers[i][k] += .01 * j->other[i][k];
    execution_move(j->p, &j->e, .01, j->other);
    if (tp_replay(j->e.tape, 0) != TP_OK) return found(DISCARDED, "replay: %s", tp_tape_error(j->e.tape));
    anew.p = &moved;
    memcpy(anew.upstream, j->upstream, sizeof anew.upstream);
    finding f = good;
    if (!program_record(&moved, tape, &anew.e)) f = found(DISCARDED, "recorded anew: %s", tp_tape_error(tape));
    for (int k = 0; k < moved.steps && f.verdict == GOOD; k++) {
        const tp_var a = j->e.value[MOST_LEAVES + k], b = anew.e.value[MOST_LEAVES + k];
        for (int64_t i = 0; i < numbers_in(b) && f.verdict == GOOD; i++)
            if (!same_bits(number_at(a, i), number_at(b, i)))
                f = found(WRONG, "replay: element %d of v%d is %.17g, recorded anew %.17g", (int)i, MOST_LEAVES + k,
                          number_at(a, i), number_at(b, i));
    }
    if (f.verdict == GOOD && gradient(j, 0, replayed) && gradient(&anew, 0, anew.gradient))
        for (int i = 0; i < moved.leaves; i++)
            for (int64_t k = 0; k < form_count(&moved.leaf[i]); k++)
                if (!same_bits(replayed[i][k], anew.gradient[i][k]))
                    f = found(WRONG, "replay: the gradient by v%d is %.17g, recorded anew %.17g", i, replayed[i][k],
                              anew.gradient[i][k]);
    execution_end(&moved, &anew.e);
    return f;
}

static finding check_recorded(job *j, tp_tape *other, bool second)
{
    for (int64_t i = 0; i < numbers_in(j->e.y); i++) {
        j->upstream[i] = .5 + .3 * (double)(i * 7 % 5) - .2 * (double)(i % 3);
        j->size += fabs(j->upstream[i] * number_at(j->e.y, i));
    }
    draw_direction(j->p, 101, j->along);
    draw_direction(j->p, 102, j->other);
    if (!gradient(j, 0, j->gradient) || !gradient(j, TP_CREATE_GRAPH, j->recorded))
        return found(WRONG, "walks: %s", tp_tape_error(j->e.tape));
    finding f = check_walks(j);
    if (f.verdict == GOOD) f = check_forward(j);
    if (f.verdict == GOOD) f = check_first(j);
    if (f.verdict == GOOD && second) {
        execution_move(j->p, &j->e, 0, j->along);
        f = tp_replay(j->e.tape, 0) == TP_OK ? check_second(j) : found(WRONG, "replay: %s", tp_tape_error(j->e.tape));
    }
    return f.verdict == GOOD ? check_replay(j, other) : f;
}

finding program_check(const program *p, tp_tape *tape, tp_tape *other, bool second)
{
    static job j; /* large */
    j.p = p;
    j.size = 0;
    finding f = found(DISCARDED, "the library refuses: %s", "");
    if (program_record(p, tape, &j.e))
        f = numbers_in(j.e.y) <= MOST_ELEMENTS ? check_recorded(&j, other, second) : f;
    else
        f = found(DISCARDED, "%s", tp_tape_error(tape));
    execution_end(p, &j.e);
    return f;
}
