/* Many optimisers, one problem.

   A 2-12-12-1 network of tanh learns a spiral, from the same start and with the same number of gradients, by every
   optimiser of the library. Each gets the best of six rates, from 0.01 to 3: without that such a table says little.

   Plain descent with one rate for all weights hardly gets away. Momentum helps; to divide each weight's gradient by its
   own size helps more. L-BFGS gathers curvature from the gradients that it sees. Rprop and Lion look at nothing but the
   signs; Rprop, which grows and shrinks a step for each weight, is hard to beat where every gradient is that of all
   points, and of no use where it is that of a few. So this is no ranking: with another network, or with few points at a
   time, the order is another. (docs/optimisers.md has the formulas, docs/minimisers.md more methods.) */
#include "lib_points.h"

enum { POINTS = 120, BUDGET = 400, RATES = 6, PARAMETERS = 6, PANELS = 2 };
static const double rates[RATES] = {.01, .03, .1, .3, 1, 3};

/* A network on its way: the least loss so far after each gradient. */
typedef struct run {
    tp_tape *tape;
    tp_module *net;
    const points *p;
    int calls;
    double least[BUDGET];
} run;

static tp_module *network(void)
{
    tp_rng rng = tp_rng_seed(3);
    return points_network(TP_DIMS(2, 12, 12, 1), tp_tanh, &rng);
}

static void note(run *r, double loss)
{
    if (r->calls < BUDGET) r->least[r->calls] = r->calls ? fmin(r->least[r->calls - 1], loss) : loss;
    r->calls++;
}

/* The loss and the gradients of the parameters, as an optimiser asks for them. */
static tp_status closure(void *user, double *loss)
{
    run *r = user;
    const tp_var mean = points_loss(r->tape, r->net, r->p);
    note(r, *loss = tp_item(mean));
    return tp_backward(mean);
}

/* ---- optimisers ---- */

/* A function that makes an optimiser of that kind with a rate, and further options. */
#define MAKER(name, kind, ...)                                                                                         \
    static tp_optim *name(double rate)                                                                                 \
    {                                                                                                                  \
        return tp_##kind(&(tp_##kind##_options){.rate = rate, __VA_ARGS__}, NULL);                                     \
    }
MAKER(descent, sgd, )
MAKER(momentum, sgd, .momentum = .9)
MAKER(nesterov, sgd, .momentum = .9, .nesterov = true)
MAKER(adagrad, adagrad, )
MAKER(rmsprop, rmsprop, .alpha = .9)
MAKER(centred, rmsprop, .alpha = .9, .centred = true)
MAKER(adadelta, adadelta, )
MAKER(adam, adam, )
MAKER(amsgrad, adam, .amsgrad = true)
MAKER(adamw, adamw, )
MAKER(nadam, nadam, )
MAKER(radam, radam, )
MAKER(lion, lion, )
MAKER(rprop, rprop, )
MAKER(lbfgs, lbfgs, .strong_wolfe = true)

static const struct kind {
    const char *name;
    tp_optim *(*make)(double rate);
    int panel; /* of its curve */
} kinds[] = {{"descent", descent, 0},   {"momentum", momentum, 0}, {"Nesterov", nesterov, 0},
             {"Rprop", rprop, 0},       {"Lion", lion, 0},         {"L-BFGS", lbfgs, 0},
             {"AdaGrad", adagrad, 1},   {"RMSProp", rmsprop, 1},   {"RMSProp, centred", centred, 1},
             {"Adadelta", adadelta, 1}, {"Adam", adam, 1},         {"AMSGrad", amsgrad, 1},
             {"AdamW", adamw, 1},       {"NAdam", nadam, 1},       {"RAdam", radam, 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* One run with one rate; what it reached is the last of r->least. Per cent right goes to *right. */
static bool learn(run *r, const struct kind *kind, double rate, double *right)
{
    tp_error error = {TP_OK, ""};
    tp_tensor *parameters[PARAMETERS];
    tp_optim *optim = kind->make(rate);
    r->net = network();
    r->calls = 0;
    tp_status status =
        tp_optim_add_all(optim, parameters, tp_module_parameters(r->net, parameters, PARAMETERS), &error);
    while (status == TP_OK && r->calls < BUDGET) status = tp_optim_step_with(optim, closure, r, NULL, &error);
    *right = points_right(r->tape, r->net, r->p);
    tp_module_free(r->net);
    tp_optim_free(optim);
    return course_drawn(status, &error);
}

int main(int argc, char **argv)
{
    points p;
    static run r, best[KINDS];
    const char *folder = course_folder(argc, argv);
    r.tape = tp_tape_new(NULL);
    r.p = &p;
    bool good = points_make(&p, tp_points_spiral, POINTS, .05, 1) && r.tape;
    printf("  %-18s %14s %14s %9s %8s\n", "least loss", "after 400", "after 100", "% right", "rate");
    for (int k = 0; good && k < KINDS; k++) {
        double right = 0, most = 0, rate = 0;
        for (int i = 0; good && i < RATES; i++) {
            good = learn(&r, &kinds[k], rates[i], &right);
            if (i == 0 || r.least[BUDGET - 1] < best[k].least[BUDGET - 1]) best[k] = r, rate = rates[i], most = right;
        }
        const double *least = best[k].least;
        printf("  %-18s %14.7f %14.7f %9.1f %8g\n", kinds[k].name, least[BUDGET - 1], least[BUDGET / 4 - 1], most,
               rate);
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 480, .height = 400}, NULL);
    for (int side = 0; side < PANELS; side++) {
        tp_plot_panel(plot, &(tp_plot_panel_options){.title = side ? "Divided by the gradient's size"
                                                                   : "Descent, signs, curvature",
                                                     .x_label = "gradients",
                                                     .y_label = "least loss so far",
                                                     .y_log = true,
                                                     .y_low = 5e-6,
                                                     .y_high = 1,
                                                     .legend = TP_PLOT_LEGEND_BOTTOM_LEFT});
        for (int k = 0; k < KINDS; k++)
            if (kinds[k].panel == side)
                tp_plot_curve(plot, NULL, best[k].least, BUDGET, &(tp_plot_style){.label = kinds[k].name});
    }
    good = course_picture(plot, folder, "60_optimisers.svg") && good;
    points_free(&p);
    return course_end(r.tape, good);
}
