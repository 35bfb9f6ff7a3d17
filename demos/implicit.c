/* Implicit differentiation beside closed forms: a linear system, a fixed point, differential equations; and a picture
   of a solution with its sensitivities.  usage: implicit [FOLDER for the picture] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapir/tapir.h>

#include "lib_plots.h"

static void heading(const char *text, const char *beside)
{
    printf("\n%s\n%-22s %22s %22s %12s\n", text, "", "by Tapir", beside, "difference");
}

static void row(const char *name, double got, double wanted)
{
    printf("%-22s %22.15g %22.15g %12.1e\n", name, got, wanted, got - wanted);
}

/* A x = b with A = [2 1; 1 3]: d(x0)/db = the first row of A^-1, d(x0)/dA_ij = -(A^-1)_0i x_j. */
static tp_status linear_system(tp_tape *tape)
{
    tp_tensor *a = tp_tensor_from(TP_F64, TP_DIMS(2, 2), (double[]){2, 1, 1, 3});
    tp_tensor *b = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, 4});
    const tp_var ab[] = {tp_leaf(tape, a), tp_leaf(tape, b)}, x = tp_solve(ab[0], ab[1]);
    tp_var g[2];
    const tp_status status = tp_gradients(tp_index(x, 1, (int64_t[]){0}), ab, 2, g, 0);
    if (status == TP_OK) {
        heading("Linear system: A x = b, A = [2 1; 1 3], b = (1, 4)", "closed form");
        row("x0", tp_tensor_item(tp_value(x), 0), -1. / 5);
        row("dx0/db0", tp_tensor_item(tp_value(g[1]), 0), 3. / 5);
        row("dx0/dA01", tp_tensor_at(tp_value(g[0]), (int64_t[]){0, 1}), -3. / 5 * 7 / 5);
    }
    tp_tensor_release(a);
    tp_tensor_release(b);
    return status;
}

/* E = M + e sin E */
static tp_var kepler(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n;
    ++*(int *)user;
    return tp_add(x[1], tp_mul(x[2], tp_sin(x[0])));
}

static tp_status fixed_point(tp_tape *tape)
{
    const double e = .4;
    int calls = 0;
    const tp_var theta[] = {tp_scalar(tape, .8), tp_scalar(tape, e)};
    const tp_var x = tp_fixed_point(kepler, tape, theta[0], theta, 2, &calls, NULL);
    const int iterations = calls - 1;
    tp_var g[2], second;
    tp_status status = tp_gradients(x, theta, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_gradients(g[0], theta, 1, &second, 0);
    if (status != TP_OK) return status;
    const double E = tp_item(x), slope = 1 - e * cos(E);
    heading("Fixed point: Kepler's equation E = M + e sin E, M = 0.8, e = 0.4", "closed form");
    row("E - e sin E", E - e * sin(E), .8);
    row("dE/dM", tp_item(g[0]), 1 / slope);
    row("dE/de", tp_item(g[1]), sin(E) / slope);
    row("d2E/dM2", tp_item(second), -e * sin(E) / (slope * slope * slope));
    printf("%d iterations, of which none is on the tape\n", iterations);
    return TP_OK;
}

/* y' = -r y */
static tp_var decay(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n, (void)user;
    return tp_neg(tp_mul(x[2], x[1]));
}

static tp_status exponential_decay(tp_tape *tape)
{
    const tp_odeint_options exact = {.relative = 1e-12, .absolute = 1e-13};
    const tp_var x[] = {tp_scalar(tape, 3), tp_scalar(tape, .7)};
    tp_var y[2], g[2];
    tp_status status = tp_odeint(decay, tape, x[0], (double[]){0, 2}, 2, &x[1], 1, NULL, &exact, y);
    if (status == TP_OK) status = tp_gradients(y[1], x, 2, g, 0);
    if (status != TP_OK) return status;
    heading("Decay: y' = -r y, y(0) = 3, r = 0.7, at t = 2", "closed form");
    row("y", tp_item(y[1]), 3 * exp(-1.4));
    row("dy/dy0", tp_item(g[0]), exp(-1.4));
    row("dy/dr", tp_item(g[1]), -6 * exp(-1.4));
    return TP_OK;
}

/* x'' = -w^2 x as (x, v) */
static tp_var oscillator(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n, (void)user;
    const tp_var position = tp_index(x[1], 1, (int64_t[]){0}), velocity = tp_index(x[1], 1, (int64_t[]){1});
    return tp_stack((tp_var[]){velocity, tp_neg(tp_mul(tp_square(x[2]), position))}, 2, 0);
}

/* At T = pi / 2w the position is 0; it stays so where dT = -(dx/dw) dw / v. The period is 4 T. */
static tp_status period(tp_tape *tape)
{
    const double w = 1.3, pi = acos(-1), T = pi / (2 * w);
    const tp_odeint_options exact = {.relative = 1e-12, .absolute = 1e-13};
    tp_tensor *start = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, 0});
    const tp_var y0 = tp_leaf(tape, start), omega = tp_scalar(tape, w);
    tp_var y[2], g;
    tp_tensor_release(start);
    tp_status status = tp_odeint(oscillator, tape, y0, (double[]){0, T}, 2, &omega, 1, NULL, &exact, y);
    if (status == TP_OK) status = tp_gradients(tp_index(y[1], 1, (int64_t[]){0}), &omega, 1, &g, 0);
    if (status != TP_OK) return status;
    const double velocity = tp_tensor_item(tp_value(y[1]), 1);
    heading("Oscillator: x'' = -w^2 x, w = 1.3, a quarter of a period", "closed form");
    row("v", velocity, -w);
    row("d(period)/dw", -4 * tp_item(g) / velocity, -2 * pi / (w * w));
    return TP_OK;
}

/* Prey and predators: a' = a (p - q b), b' = b (s a - r), theta = (p, q, r, s) */
static tp_var hunting(tp_tape *tape, const tp_var *x, int n, void *user)
{
    tp_var p[4], y[2];
    (void)tape, (void)n, (void)user;
    for (int i = 0; i < 4; i++) p[i] = tp_index(x[2], 1, (int64_t[]){i});
    for (int i = 0; i < 2; i++) y[i] = tp_index(x[1], 1, (int64_t[]){i});
    const tp_var prey = tp_mul(y[0], tp_sub(p[0], tp_mul(p[1], y[1])));
    return tp_stack((tp_var[]){prey, tp_mul(y[1], tp_sub(tp_mul(p[3], y[0]), p[2]))}, 2, 0);
}

enum { POINTS = 181 };
static const double last = 9;

/* The solution at all times as one tensor (POINTS, 2), and what it depends on. */
static tp_var solution(tp_tape *tape, const double theta[4], tp_var *parameters)
{
    static const tp_odeint_options exact = {.relative = 1e-11, .absolute = 1e-11};
    tp_tensor *start = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, 1});
    tp_tensor *values = tp_tensor_from(TP_F64, TP_DIMS(4), theta);
    const tp_var y0 = tp_data(tape, start);
    double times[POINTS];
    tp_var y[POINTS];
    *parameters = tp_leaf(tape, values);
    tp_tensor_release(start);
    tp_tensor_release(values);
    for (int i = 0; i < POINTS; i++) times[i] = last * i / (POINTS - 1);
    if (tp_odeint(hunting, tape, y0, times, POINTS, parameters, 1, NULL, &exact, y) != TP_OK) return tp_none();
    return tp_stack(y, POINTS, 0);
}

/* Two of `values`, which alternate, over time. */
static void draw_pair(tp_plot *plot, const char *title, const double *values)
{
    static const char *const names[] = {"prey", "predators"};
    double times[POINTS], one[POINTS];
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title, .x_label = "time"});
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < POINTS; i++) times[i] = last * i / (POINTS - 1), one[i] = values[2 * i + k];
        tp_plot_curve(plot, times, one, POINTS,
                      &(tp_plot_style){.label = names[k], .dash = k ? TP_PLOT_DASHED : TP_PLOT_SOLID});
    }
}

static bool draw(const char *folder, const double *y, const double *slope)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 660, .height = 285}, NULL);
    draw_pair(plot, "Prey and predators over time", y);
    draw_pair(plot, "Their slopes by the prey's birth rate", slope);
    return plot_finish(plot, folder, "prey_and_predators.svg");
}

static tp_status prey_and_predators(tp_tape *tape, const char *folder)
{
    static const double theta[] = {1.5, 1, 3, 1}, step = 1e-4;
    static const char *const names[] = {"da/dp", "da/dq", "da/dr", "da/ds"};
    double finite[4], y[2 * POINTS], slope[2 * POINTS];
    for (int k = 0; k < 4; k++) { /* fourth order, of a solution that is good to 1e-11 */
        double values[4];
        for (int i = 0; i < 4; i++) {
            static const double at[] = {-2, -1, 1, 2};
            double moved[4] = {theta[0], theta[1], theta[2], theta[3]};
            tp_var parameters;
            moved[k] += at[i] * step;
            tp_tape_reset(tape);
            values[i] = tp_tensor_at(tp_value(solution(tape, moved, &parameters)), (int64_t[]){POINTS - 1, 0});
        }
        finite[k] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step);
    }
    tp_tape_reset(tape);
    tp_var parameters, g, dy;
    const tp_var all = solution(tape, theta, &parameters);
    tp_status status = tp_gradients(tp_index(all, 2, (int64_t[]){POINTS - 1, 0}), &parameters, 1, &g, 0);
    if (status != TP_OK) return status;
    heading("Prey and predators: a' = a (p - q b), b' = b (s a - r), at t = 9", "finite differences");
    for (int k = 0; k < 4; k++) row(names[k], tp_tensor_item(tp_value(g), k), finite[k]);
    tp_tensor *first = tp_tensor_from(TP_F64, TP_DIMS(4), (double[]){1, 0, 0, 0});
    const tp_var along = tp_data(tape, first);
    tp_tensor_release(first);
    status = tp_jvp(all, &parameters, &along, 1, &dy, 0); /* all slopes by p in one sweep */
    if (status != TP_OK) return status;
    row("da/dp, forward mode", tp_tensor_at(tp_value(dy), (int64_t[]){POINTS - 1, 0}), finite[0]);
    for (int i = 0; i < 2 * POINTS; i++)
        y[i] = tp_tensor_item(tp_value(all), i), slope[i] = tp_tensor_item(tp_value(dy), i);
    return folder && !draw(folder, y, slope) ? TP_E_IO : TP_OK;
}

int main(int argc, char **argv)
{
    tp_tape *tape = tp_tape_new(NULL);
    if (!tape) return EXIT_FAILURE;
    tp_status (*const parts[])(tp_tape *) = {linear_system, fixed_point, exponential_decay, period};
    tp_status status = TP_OK;
    for (int i = 0; i < 4 && status == TP_OK; i++) {
        tp_tape_reset(tape);
        status = parts[i](tape);
    }
    if (status == TP_OK) status = prey_and_predators(tape, argc > 1 ? argv[1] : NULL);
    if (status != TP_OK) fprintf(stderr, "implicit: %s: %s\n", tp_status_name(status), tp_tape_error(tape));
    tp_tape_free(tape);
    return status == TP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
