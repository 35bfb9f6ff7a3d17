/* The playground.

   A browser program (Smilkov and others, "Direct-manipulation visualization of deep networks", 2016) lets one watch
   small networks learn to part two classes of points: a disc in a ring, four quarters of a square, two clouds, two arms
   of a spiral. Here one network, 2-16-16-1 with tanh, learns each of them. The picture shows its output tanh(f/2), from
   blue (class 0) to orange (class 1), the boundary between the two, and the points that it has learned from. How well
   it does on points that it has not seen tells whether it has understood or learned by heart. */
#include "lib_points.h"

enum { POINTS = 200, STEPS = 800 };
static const double noise = .1, rectangle[] = {-6, 6, -6, 6};

static const struct set {
    const char *name;
    points_maker *make;
} sets[] = {{"circle", tp_points_circle},
            {"xor", tp_points_xor},
            {"gaussian", tp_points_gaussian},
            {"spiral", tp_points_spiral}};

static bool learn(tp_plot *plot, tp_tape *tape, const struct set *set)
{
    char title[96];
    double loss = 0;
    points seen, unseen;
    tp_rng rng = tp_rng_seed(3);
    tp_module *net = points_network(TP_DIMS(2, 16, 16, 1), tp_tanh, &rng);
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .02, .weight_decay = 3e-4}, NULL);
    bool good = points_make(&seen, set->make, POINTS, noise, 1);
    good = points_make(&unseen, set->make, POINTS, noise, 2) && good;
    good = good && points_learn(tape, net, &seen, adam, STEPS, &loss);
    if (good) {
        const double learned = points_right(tape, net, &seen), others = points_right(tape, net, &unseen);
        course_numbers(set->name, 3, NUMBERS(learned, others, loss));
        snprintf(title, sizeof title, "%s: %.1f %% of unseen points", set->name, others);
        points_draw(plot, tape, net, &seen, title, rectangle);
    }
    points_free(&seen);
    points_free(&unseen);
    tp_module_free(net);
    tp_optim_free(adam);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 420, .height = 420}, NULL);
    bool good = tape && plot;
    printf("  %-26s %12s %12s %12s\n", "after training", "% learned", "% of others", "loss");
    for (int i = 0; good && i < 4; i++) good = learn(plot, tape, &sets[i]);
    good = course_picture(plot, folder, "57_playground.svg") && good;
    return course_end(tape, good);
}
