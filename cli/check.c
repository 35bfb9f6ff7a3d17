#include "cli/check.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A point beside the variable's value: the result there, and whether it has one. */
typedef struct beside {
    double y;
    bool finite;
} beside;

typedef struct checker {
    cli_circuit *c;
    tp_var x, y;
    double at, scale;
    double rounding;  /* of the values between: how far a result may be off by it */
    double *branches; /* at the latest point to the left */
    tp_status status;
} checker;

static beside look(checker *k, double step)
{
    if (k->status == TP_OK) k->status = tp_set_item(k->x, k->at + step);
    if (k->status == TP_OK) k->status = tp_replay(k->c->tape, 0);
    const double y = tp_item(k->y);
    return (beside){y, k->status == TP_OK && isfinite(y)};
}

static void note_branches(checker *k)
{
    for (int n = 0; n < k->c->e->count; n++)
        if (tp_ok(k->c->gates[n].branch)) k->branches[n] = tp_item(k->c->gates[n].branch);
}

/* The first gate that is on another branch than the one noted; -1: none. */
static int changed_branch(const checker *k)
{
    for (int n = 0; n < k->c->e->count; n++) {
        if (!tp_ok(k->c->gates[n].branch)) continue;
        const double branch = tp_item(k->c->gates[n].branch);
        if (branch != k->branches[n] && !(isnan(branch) && isnan(k->branches[n]))) return n;
    }
    return -1;
}

/* A central difference; *gate is the first whose branch is another on the other side. */
static beside central(checker *k, double step, int *gate)
{
    const beside left = look(k, -step);
    note_branches(k);
    const beside right = look(k, step);
    *gate = changed_branch(k);
    /* the points as they are in binary */
    const double width = (k->at + step) - (k->at - step);
    return (beside){(right.y - left.y) / width, left.finite && right.finite};
}

enum { STEPS = 44, COLUMNS = 8 };

/* Differences with steps that are halved again and again, each extrapolated with those before it to a step of 0; the
   best is where two neighbours are nearest (Ridders 1982), but none is better than rounding lets it be. Steps across a
   corner or to where there is no value do not count. Returns whether any counted; else *gate has the corner, if that is
   why. */
static bool extrapolate(checker *k, cli_checked *result, int *gate)
{
    double last[COLUMNS], now[COLUMNS];
    int count = 0;
    result->uncertain = HUGE_VAL;
    double step = .125 * k->scale;
    for (int s = 0; s < STEPS && k->at + step != k->at - step; s++, step /= 2) {
        const beside d = central(k, step, gate);
        if (!d.finite || *gate >= 0) continue;
        now[0] = d.y;
        double factor = 1;
        for (int j = 1; j <= (count < COLUMNS - 1 ? count : COLUMNS - 1); j++) {
            factor *= 4;
            now[j] = now[j - 1] + (now[j - 1] - last[j - 1]) / (factor - 1);
            const double off = fmax(fabs(now[j] - now[j - 1]), fabs(now[j] - last[j - 1])) + k->rounding / step;
            if (off < result->uncertain) result->uncertain = off, result->difference = now[j];
        }
        memcpy(last, now, sizeof last);
        count++;
    }
    return count > 1;
}

/* Value and slope as the point is approached from one side, from a parabola through three points on it. */
static beside approach(checker *k, double side, double *slope)
{
    const double h = side * 0x1p-18 * k->scale;
    const beside a = look(k, h), b = look(k, 2 * h), c = look(k, 3 * h);
    *slope = (-5 * a.y + 8 * b.y - 3 * c.y) / (2 * h);
    return (beside){3 * a.y - 3 * b.y + c.y, a.finite && b.finite && c.finite};
}

static void look_at_corner(checker *k, double gradient, cli_checked *result)
{
    const beside left = approach(k, -1, &result->left), right = approach(k, 1, &result->right);
    if (!left.finite || !right.finite) {
        result->verdict = CLI_NO_VALUE;
    } else if (fabs(left.y - right.y) > 1e-6 * fmax(1, fabs(left.y))) {
        result->verdict = CLI_JUMP;
        result->left = left.y, result->right = right.y;
    } else {
        const double low = fmin(result->left, result->right), high = fmax(result->left, result->right);
        const double room = 1e-5 * fmax(1, fmax(fabs(low), fabs(high)));
        result->verdict = gradient >= low - room && gradient <= high + room ? CLI_CORNER : CLI_OUTSIDE;
        if (result->verdict == CLI_CORNER && high - low <= room) { /* the branches meet smoothly */
            result->verdict = CLI_AGREES;
            result->difference = (low + high) / 2, result->uncertain = room;
            result->gate = -1;
        }
    }
}

static void judge(checker *k, double gradient, cli_checked *result)
{
    int gate = -1;
    if (!isfinite(gradient) || !isfinite(k->c->gates[k->c->e->root].value)) {
        result->verdict = CLI_NO_VALUE;
    } else if (extrapolate(k, result, &gate)) {
        const double off = fabs(result->difference - gradient);
        result->verdict = !isfinite(off)                        ? CLI_NO_VALUE
                          : off <= 1e-8 + 1e-6 * fabs(gradient) ? CLI_AGREES
                          : off <= 10 * result->uncertain       ? CLI_NOISY
                                                                : CLI_DIFFERS;
    } else if (gate >= 0) {
        result->gate = gate;
        look_at_corner(k, gradient, result);
    } else {
        result->verdict = CLI_NO_VALUE;
    }
}

tp_status cli_check(cli_circuit *c, int variable, cli_checked *checked)
{
    double *branches = NULL;
    size_t room = 0;
    *checked = (cli_checked){.verdict = CLI_NO_VALUE, .gate = -1, .difference = (double)NAN};
    if (!cli_reserve(c->memory, &branches, &room, (size_t)c->e->count, sizeof *branches)) return TP_E_MEMORY;
    const cli_gate *const gate = &c->gates[variable];
    checker k = {.c = c, .x = gate->at, .y = c->gates[c->e->root].at, .at = gate->value, .branches = branches};
    k.scale = fmax(1, fabs(k.at));
    for (int n = 0; n <= c->e->root; n++)
        if (c->gates[n].used && isfinite(c->gates[n].value))
            k.rounding = fmax(k.rounding, DBL_EPSILON * fabs(c->gates[n].value));
    judge(&k, gate->gradient, checked);
    look(&k, 0); /* back to where it was */
    cli_release(c->memory, branches, room, sizeof *branches);
    return k.status;
}
