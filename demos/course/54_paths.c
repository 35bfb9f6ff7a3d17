/* Ways to a minimum.

   Five rules from one start, on two functions that are hard for plain descent:

     a bowl with one steep and one flat side     (x^2 + 16 y^2) / 2
     Rosenbrock's valley, narrow and bent        (1 - x)^2 + 100 (y - x^2)^2

   Descent leaps from side to side of the steep walls and creeps along the floor. Momentum adds up what the gradients
   have in common, v <- 0.9 v + d, w <- w - eta v, and swings past the goal. The rules that divide by the gradient's own
   size go nearly straight at first; AdaGrad tires. Each rule has a rate that suits it, found by trying. The dots are
   where they have come to at the end. */
#include "lib_course.h"

enum { CELLS = 120, RULES = 5, MOST = 400 };

typedef struct landscape {
    const char *title;
    tp_var (*f)(tp_var x, tp_var y);
    double x_low, x_high, y_low, y_high, start[2], minimum[2], rates[RULES];
    int steps;
    tp_plot_legend legend;
} landscape;

static tp_var bowl(tp_var x, tp_var y)
{
    return tp_muls(tp_add(tp_square(x), tp_muls(tp_square(y), 16)), .5);
}

static tp_var rosenbrock(tp_var x, tp_var y)
{
    return tp_add(tp_square(tp_rsubs(1, x)), tp_muls(tp_square(tp_sub(y, tp_square(x))), 100));
}

static const landscape landscapes[] = {
    {"A bowl", bowl, -10, 4, -7, 4.5, {-8.5, 3}, {0, 0}, {.15, .5, .02, .115, 1.4}, 60, TP_PLOT_LEGEND_BOTTOM_RIGHT},
    {"Rosenbrock's valley",
     rosenbrock,
     -1.6,
     1.6,
     -.8,
     1.7,
     {-1.2, 1},
     {1, 1},
     {.01, .15, .001, .0018, .5},
     400,
     TP_PLOT_LEGEND_BOTTOM_LEFT},
};
/* Those that get far first, so that none hides another's path. */
static const char *const names[RULES] = {"RMSProp", "Adam", "momentum", "descent", "AdaGrad"};
static const int colours[RULES] = {4, 1, 2, TP_PLOT_INK, 3};

static tp_optim *rule(int i, double rate)
{
    switch (i) {
    case 0: return tp_rmsprop(&(tp_rmsprop_options){.rate = rate, .alpha = .9}, NULL);
    case 1: return tp_adam(&(tp_adam_options){.rate = rate}, NULL);
    case 2: return tp_sgd(&(tp_sgd_options){.rate = rate, .momentum = .9}, NULL);
    case 3: return tp_sgd(&(tp_sgd_options){.rate = rate}, NULL);
    default: return tp_adagrad(&(tp_adagrad_options){.rate = rate}, NULL);
    }
}

/* Heights as a pale wash under contour lines, both of log(1 + f), so that the floor shows too; f of all cells is
   recorded at once. */
static bool draw_ground(tp_plot *plot, tp_tape *tape, const landscape *land)
{
    static double x[CELLS * CELLS], y[CELLS * CELLS];
    for (int i = 0; i < CELLS * CELLS; i++) {
        x[i] = land->x_low + (land->x_high - land->x_low) * (i % CELLS + .5) / CELLS;
        y[i] = land->y_low + (land->y_high - land->y_low) * (i / CELLS + .5) / CELLS;
    }
    tp_tape_reset(tape);
    const tp_var f = land->f(course_data(tape, TP_DIMS(CELLS, CELLS), x), course_data(tape, TP_DIMS(CELLS, CELLS), y));
    const tp_var height = tp_log1p(f);
    const double top = tp_item(tp_max(height));
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){
                      .title = land->title, .x_label = "x", .y_label = "y", .equal = true, .legend = land->legend});
    tp_plot_heat_tensor(plot, tp_value(tp_neg(height)),
                        &(tp_plot_heat_options){.x_low = land->x_low,
                                                .x_high = land->x_high,
                                                .y_low = land->y_low,
                                                .y_high = land->y_high,
                                                .low = -2.2 * top,
                                                .high = 2.2 * top,
                                                .map = TP_PLOT_DIVERGING,
                                                .smooth = true});
    tp_plot_contour_tensor(plot, tp_value(height),
                           &(tp_plot_contour_options){land->x_low, land->x_high, land->y_low, land->y_high, NULL, 0},
                           NULL);
    return tp_tape_status(tape) == TP_OK;
}

static bool walk(tp_plot *plot, tp_tape *tape, const landscape *land, int i)
{
    double x[MOST + 1], y[MOST + 1], last = 0;
    tp_tensor *w = tp_tensor_from(TP_F64, TP_DIMS(2), land->start);
    tp_optim *optim = rule(i, land->rates[i]);
    bool good = tp_optim_add(optim, w, NULL) == TP_OK;
    for (int step = 0; good && step <= land->steps; step++) {
        tp_tape_reset(tape);
        const tp_var v = tp_param(tape, w), f = land->f(tp_index(v, TP_DIMS(0)), tp_index(v, TP_DIMS(1)));
        x[step] = tp_tensor_item(w, 0), y[step] = tp_tensor_item(w, 1);
        last = tp_item(f);
        good = tp_backward(f) == TP_OK;
        tp_optim_step(optim);
        tp_optim_clear_grads(optim);
    }
    const int n = land->steps + 1;
    printf("  %-10s rate %-8g x %10.6f  y %10.6f  f %10.2e\n", names[i], land->rates[i], x[n - 1], y[n - 1], last);
    const tp_plot_style style = {.label = names[i], .colour = colours[i], .width = i ? 2.4 : 6};
    tp_plot_curve(plot, x, y, n, &style);
    tp_plot_points(plot, &x[n - 1], &y[n - 1], 1, &(tp_plot_style){.colour = colours[i], .size = 9});
    tp_tensor_release(w);
    tp_optim_free(optim);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 540, .height = 440}, NULL);
    bool good = tape && plot;
    for (int k = 0; good && k < 2; k++) {
        const landscape *land = &landscapes[k];
        printf("%s, after %d steps from (%g, %g)\n", land->title, land->steps, land->start[0], land->start[1]);
        good = draw_ground(plot, tape, land);
        for (int i = 0; good && i < RULES; i++) good = walk(plot, tape, land, i);
        tp_plot_points(plot, &land->start[0], &land->start[1], 1,
                       &(tp_plot_style){.label = "start", .mark = TP_PLOT_SQUARE, .colour = TP_PLOT_INK, .size = 9});
        tp_plot_points(
            plot, &land->minimum[0], &land->minimum[1], 1,
            &(tp_plot_style){.label = "minimum", .mark = TP_PLOT_DIAMOND, .colour = TP_PLOT_INK, .size = 11});
    }
    good = course_picture(plot, folder, "54_paths.svg") && good;
    return course_end(tape, good);
}
