/* particle: where to put a charge so that a particle, pushed by it and by another that stays, lands at 0. A search by
   gradients through a simulation, the force in each step of which is a gradient itself. All four ways to nest forward
   and reverse mode: the first letter is the outer gradient's mode, the second the force's. Forward mode in forward mode
   needs no tape: its numbers are duals of duals. */
#include <stdlib.h>

#include "bench/gradbench/gradbench.h"

/* A number and its derivative by w; such a number and its derivatives by the two coordinates. */
#define TP_DUAL by_w
#define TP_DUAL_OF tp_real
#define TP_DUAL_WAYS 1
#include <tapir/dual.h>
#define TP_DUAL by_z
#define TP_DUAL_OF by_w
#define TP_DUAL_WAYS 2
#include <tapir/dual.h>

#define NUMBER tp_real
#include "bench/gradbench/descend.h"

enum { STEPS = 10000 }; /* a particle that flies longer than this lands nowhere; hundreds are usual */

typedef struct particle {
    tp_tape *tape;
    double start, found;
} particle;

/* What a simulation needs: the charge's place, and the mode of the force. */
typedef struct scene {
    tp_var w;
    unsigned force;
} scene;

/* The charges stand at (10, 10 - w) and at (10, 0): p(z) = sum of 1 / |charge - z|. */
static tp_var potential(tp_tape *tape, const tp_var *z, int n, void *user)
{
    const scene *s = user;
    const tp_var across = tp_square(tp_rsubs(10, z[0])), up = tp_sub(tp_rsubs(10, s->w), z[1]);
    (void)tape, (void)n;
    return tp_add(tp_rsqrt(tp_add(across, tp_square(up))), tp_rsqrt(tp_add(across, tp_square(z[1]))));
}

/* The square of where the particle lands, by steps of Euler from (0, 8) until it is below the ground; NaN if it stays
   above. */
static tp_var landing(tp_tape *tape, const tp_var *w, int n, void *user)
{
    const double dt = 0.1;
    scene s = {w[0], *(const unsigned *)user};
    tp_var z[] = {tp_const(tape, 0), tp_const(tape, 8)}, u[] = {tp_const(tape, 0.75), tp_const(tape, 0)};
    (void)n;
    for (int step = 0; step < STEPS && tp_tape_status(tape) == TP_OK; step++) {
        tp_var p[2], next[2];
        tp_value_and_grad(potential, tape, z, 2, &s, NULL, p, s.force);
        for (int i = 0; i < 2; i++) next[i] = tp_add(z[i], tp_muls(u[i], dt));
        if (tp_item(next[1]) <= 0) {
            const tp_var tau = tp_neg(tp_div(next[1], u[1]));
            return tp_square(tp_add(next[0], tp_mul(tau, u[0])));
        }
        for (int i = 0; i < 2; i++) {
            u[i] = tp_sub(u[i], tp_muls(p[i], dt));
            z[i] = next[i];
        }
    }
    return tp_const(tape, (double)NAN);
}

/* ---- forward mode in forward mode ---- */

static by_z dual_potential(by_w w, by_z x, by_z y)
{
    const by_z across = by_z_square(by_z_rsubs(10, x)), up = by_z_sub(by_z_lift(by_w_rsubs(10, w)), y);
    return by_z_add(by_z_rsqrt(by_z_add(across, by_z_square(up))), by_z_rsqrt(by_z_add(across, by_z_square(y))));
}

/* landing, with its slope. */
static double dual_landing(const double *place, double *slope, const void *user)
{
    const double dt = 0.1;
    const by_w w = by_w_variable(*place, 0);
    by_w z[] = {by_w_constant(0), by_w_constant(8)}, u[] = {by_w_constant(0.75), by_w_constant(0)};
    (void)user;
    for (int step = 0; step < STEPS; step++) {
        const by_z p = dual_potential(w, by_z_variable(z[0], 0), by_z_variable(z[1], 1));
        by_w next[2];
        for (int i = 0; i < 2; i++) next[i] = by_w_add(z[i], by_w_muls(u[i], dt));
        if (by_w_number(next[1]) <= 0) {
            const by_w tau = by_w_neg(by_w_div(next[1], u[1]));
            const by_w landed = by_w_square(by_w_add(next[0], by_w_mul(tau, u[0])));
            *slope = landed.slope[0];
            return landed.value;
        }
        for (int i = 0; i < 2; i++) {
            u[i] = by_w_sub(u[i], by_w_muls(p.slope[i], dt));
            z[i] = next[i];
        }
    }
    return *slope = (double)NAN;
}

static tp_status particle_run(void *problem, int function, tp_error *error)
{
    particle *p = problem;
    unsigned force = function & 1 ? 0 : TP_FORWARD;
    const tp_descend_options options = {.flags = function & 2 ? 0 : TP_FORWARD};
    if (function == 0) {
        p->found = p->start;
        const double least = tp_real_descend(dual_landing, &p->found, 1, 1, NULL);
        return isnan(least) ? gb_fail(error, TP_E_NUMERIC, "no place is found from %g on", p->start) : TP_OK;
    }
    tp_tape_reset(p->tape);
    const tp_var w = tp_const(p->tape, p->start);
    tp_var best;
    tp_descend(landing, p->tape, &w, 1, &force, &options, &best);
    p->found = tp_item(best);
    return gb_tape_status(p->tape, error);
}

static void particle_write(const void *problem, int function, gb_text *out)
{
    (void)function;
    gb_put_number(out, ((const particle *)problem)->found);
}

static const tp_tape *particle_tape(const void *problem)
{
    return ((const particle *)problem)->tape;
}

static void particle_free(void *problem)
{
    particle *p = problem;
    if (!p) return;
    tp_tape_free(p->tape);
    free(p);
}

static void *particle_parse(const json_t *input, const gb_options *options, tp_error *error)
{
    double start;
    if (!gb_read_number(input, "w", &start, error)) return NULL;
    particle *p = calloc(1, sizeof *p);
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    p->start = start;
    p->tape = tp_tape_new(&(tp_tape_options){.threads = options->threads});
    if (gb_tape_status(p->tape, error) == TP_OK) return p;
    particle_free(p);
    return NULL;
}

const gb_eval gb_particle = {
    .name = "particle",
    .functions = {{"ff", "none"}, {"fr", "recorded"}, {"rf", "recorded"}, {"rr", "recorded"}},
    .parse = particle_parse,
    .run = particle_run,
    .write = particle_write,
    .tape = particle_tape,
    .free = particle_free,
};
