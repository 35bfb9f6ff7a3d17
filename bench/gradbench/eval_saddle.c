/* saddle: min over p of max over q of f(p, q) = |p|^2 - |q|^2 in two dimensions each, by gradient descent within
   gradient descent: the gradient in p goes through the whole search for q. All four ways to nest forward and reverse
   mode: the first letter is the mode of the minimisation's gradient, the second that of the maximisation's. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

/* A number and its derivatives by p; such a number and its derivatives by q. */
#define TP_DUAL by_p
#define TP_DUAL_OF tp_real
#define TP_DUAL_WAYS 2
#include <tapir/dual.h>
#define TP_DUAL by_q
#define TP_DUAL_OF by_p
#define TP_DUAL_WAYS 2
#include <tapir/dual.h>

#define NUMBER tp_real
#include "bench/gradbench/descend.h"
#define NUMBER by_p
#include "bench/gradbench/descend.h"

typedef struct saddle {
    tp_tape *tape;
    tp_tensor *start;
    double found[4]; /* p, q */
} saddle;

typedef struct height_at {
    const double *start;
    tp_var p[2];
    unsigned inner; /* the mode of the maximisation */
} height_at;

static tp_var height(tp_tape *tape, const tp_var *q, int n, void *user)
{
    const height_at *h = user;
    (void)tape, (void)n;
    return tp_sub(tp_add(tp_square(h->p[0]), tp_square(h->p[1])), tp_add(tp_square(q[0]), tp_square(q[1])));
}

/* The q of the greatest height. */
static void highest(tp_tape *tape, height_at *h, tp_var q[2])
{
    const tp_var start[] = {tp_const(tape, h->start[0]), tp_const(tape, h->start[1])};
    const tp_descend_options up = {.maximise = true, .flags = h->inner};
    tp_descend(height, tape, start, 2, h, &up, q);
}

static tp_var greatest_height(tp_tape *tape, const tp_var *p, int n, void *user)
{
    height_at h = *(const height_at *)user;
    tp_var q[2];
    (void)n;
    h.p[0] = p[0], h.p[1] = p[1];
    highest(tape, &h, q);
    return height(tape, q, 2, &h);
}

/* ---- forward mode in forward mode ---- */

typedef struct dual_place {
    const double *start;
    by_p p[2];
} dual_place;

/* f at q, and its gradient there. */
static by_p dual_height(const by_p *q, by_p *slope, const void *user)
{
    const dual_place *at = user;
    const by_q q0 = by_q_variable(q[0], 0), q1 = by_q_variable(q[1], 1);
    const by_p up = by_p_add(by_p_square(at->p[0]), by_p_square(at->p[1]));
    const by_q f = by_q_sub(by_q_lift(up), by_q_add(by_q_square(q0), by_q_square(q1)));
    slope[0] = f.slope[0], slope[1] = f.slope[1];
    return f.value;
}

/* The maximum over q, whose place is left there. */
static by_p dual_highest(const dual_place *at, by_p q[2])
{
    for (int i = 0; i < 2; i++) q[i] = by_p_constant(at->start[i]);
    return by_p_descend(dual_height, q, 2, -1, at);
}

static double dual_greatest_height(const double *p, double *slope, const void *user)
{
    const dual_place at = {user, {by_p_variable(p[0], 0), by_p_variable(p[1], 1)}};
    by_p q[2];
    const by_p f = dual_highest(&at, q);
    slope[0] = f.slope[0], slope[1] = f.slope[1];
    return f.value;
}

/* Whether it is found. */
static bool dual_saddle(const double *start, double found[4])
{
    dual_place at = {.start = start};
    by_p q[2];
    found[0] = start[0], found[1] = start[1];
    if (isnan(tp_real_descend(dual_greatest_height, found, 2, 1, start))) return false;
    for (int i = 0; i < 2; i++) at.p[i] = by_p_constant(found[i]);
    if (isnan(by_p_number(dual_highest(&at, q)))) return false;
    for (int i = 0; i < 2; i++) found[2 + i] = by_p_number(q[i]);
    return true;
}

static tp_status saddle_run(void *problem, int function, tp_error *error)
{
    saddle *s = problem;
    height_at h = {.start = tp_tensor_read(s->start), .inner = function & 1 ? 0 : TP_FORWARD};
    const tp_descend_options down = {.flags = function & 2 ? 0 : TP_FORWARD};
    tp_var start[2], q[2];
    if (function == 0) {
        return dual_saddle(h.start, s->found) ? TP_OK : gb_fail(error, TP_E_NUMERIC, "no saddle is found");
    }
    tp_tape_reset(s->tape);
    for (int i = 0; i < 2; i++) start[i] = tp_const(s->tape, h.start[i]);
    tp_descend(greatest_height, s->tape, start, 2, &h, &down, h.p);
    highest(s->tape, &h, q);
    for (int i = 0; i < 2; i++) s->found[i] = tp_item(h.p[i]), s->found[2 + i] = tp_item(q[i]);
    return gb_tape_status(s->tape, error);
}

static void saddle_write(const void *problem, int function, gb_text *out)
{
    (void)function;
    gb_put_list(out, ((const saddle *)problem)->found, 4);
}

static const tp_tape *saddle_tape(const void *problem)
{
    return ((const saddle *)problem)->tape;
}

static void saddle_free(void *problem)
{
    saddle *s = problem;
    if (!s) return;
    tp_tape_free(s->tape);
    tp_tensor_release(s->start);
    free(s);
}

static void *saddle_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    saddle *s = calloc(1, sizeof *s);
    if (!s) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    s->start = gb_read_tensor(input, "start", TP_F64, 1, (int64_t[]){2}, error);
    s->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (s->start && gb_tape_status(s->tape, error) == TP_OK) return s;
    saddle_free(s);
    return NULL;
}

const gb_eval gb_saddle = {
    .name = "saddle",
    .functions = {{"ff", "none"}, {"fr", "recorded"}, {"rf", "recorded"}, {"rr", "recorded"}},
    .parse = saddle_parse,
    .run = saddle_run,
    .write = saddle_write,
    .tape = saddle_tape,
    .free = saddle_free,
};
