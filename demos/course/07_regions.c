/* Regions from half-planes.

   A threshold unit fires on one side of a line. A second layer that asks for all of several units at once, 1[sum > n -
   1/2], fires where half-planes overlap: two make a wedge, four a square, and any convex region can be had. A third
   layer that asks for at least one, 1[sum > 1/2], joins regions: three layers carve out any set of clusters.

     AND of n units:  1[h1 + ... + hn > n - 1/2]        OR:  1[h1 + ... + hn > 1/2]

   All weights here were set by hand, from the lines that were wanted. */
#include "lib_course.h"

enum { POINTS = 400, MOST_LINES = 12 };

/* A line n . x + b = 0; the unit fires on the side that n points to. */
typedef struct line {
    double n1, n2, b;
} line;

/* Regions of `sides` lines each; a point is in class 1 if it lies in any of them. */
typedef struct network {
    const char *title, *what;
    int regions, sides;
    line lines[MOST_LINES];
} network;

static const network networks[] = {
    {"AND of two half-planes", "a wedge", 1, 2, {{1, 0, .2}, {-1, 2, .4}}},
    {"Four perceptrons in one layer", "a square", 1, 4, {{1, 1, 1}, {1, -1, 1}, {-1, 1, 1}, {-1, -1, 1}}},
    {"Three layers, three clusters",
     "three triangles",
     3,
     3,
     {{0, 1, .9},
      {2, -1, 1.5},
      {-2, -1, -.5},
      {0, 1, 1},
      {2, -1, -1.9},
      {-2, -1, 2.1},
      {0, 1, -.1},
      {2, -1, .6},
      {-2, -1, 1.4}}},
};

/* The layers on rows of points x, (P,2): half-planes, then all of a region's, then any region. */
static tp_var classify(tp_tape *tape, const network *net, tp_var x)
{
    tp_var regions[3];
    for (int r = 0; r < net->regions; r++) {
        double w[2][MOST_LINES], b[MOST_LINES];
        for (int s = 0; s < net->sides; s++) {
            const line *l = &net->lines[r * net->sides + s];
            w[0][s] = l->n1, w[1][s] = l->n2, b[s] = l->b;
        }
        const tp_var w1 = course_data(tape, TP_DIMS(net->sides), w[0]),
                     w2 = course_data(tape, TP_DIMS(net->sides), w[1]);
        const tp_var columns[] = {w1, w2}, weights = tp_stack(columns, 2, 0); /* (2, sides) */
        const tp_var h = tp_step(tp_add(tp_matmul(x, weights), course_data(tape, TP_DIMS(net->sides), b)));
        regions[r] = tp_step(tp_adds(tp_sum_axes(h, TP_AXES(1), false), .5 - net->sides));
    }
    return tp_step(tp_adds(tp_sum_axes(tp_stack(regions, net->regions, 1), TP_AXES(1), false), -.5));
}

/* How far a point is inside the class, by geometry alone: the deepest of the regions, each as deep as its nearest line.
 */
static double depth(const network *net, double x1, double x2)
{
    double deepest = -HUGE_VAL;
    for (int r = 0; r < net->regions; r++) {
        double nearest = HUGE_VAL;
        for (int s = 0; s < net->sides; s++) {
            const line *l = &net->lines[r * net->sides + s];
            nearest = fmin(nearest, (l->n1 * x1 + l->n2 * x2 + l->b) / hypot(l->n1, l->n2));
        }
        deepest = fmax(deepest, nearest);
    }
    return deepest;
}

static void draw(tp_plot *plot, tp_tape *tape, const network *net, tp_tensor *points, tp_tensor *classes)
{
    enum { CELLS = 160 };
    const double extent = 2;
    double *grid = malloc(sizeof(double[CELLS * CELLS][2]));
    for (int i = 0; grid && i < CELLS * CELLS; i++) {
        grid[2 * i] = extent * (2 * (i % CELLS + .5) / CELLS - 1);
        grid[2 * i + 1] = extent * (2 * (i / CELLS + .5) / CELLS - 1);
    }
    tp_tape_reset(tape);
    const tp_var says = classify(tape, net, course_data(tape, TP_DIMS(CELLS * CELLS, 2), grid));
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = net->title,
                                                 .x_label = "x1",
                                                 .y_label = "x2",
                                                 .equal = true,
                                                 .x_low = -extent,
                                                 .x_high = extent,
                                                 .y_low = -extent,
                                                 .y_high = extent});
    if (tp_value(says))
        tp_plot_heat(plot, tp_tensor_read(tp_value(says)), CELLS, CELLS,
                     &(tp_plot_heat_options){-extent, extent, -extent, extent, .map = TP_PLOT_CLASSES});
    for (int i = 0; i < net->regions * net->sides; i++) { /* each line, far beyond the frame, which cuts it off */
        const line *l = &net->lines[i];
        const double size = l->n1 * l->n1 + l->n2 * l->n2, x = -l->b * l->n1 / size, y = -l->b * l->n2 / size;
        tp_plot_curve(plot, NUMBERS(x - 4 * l->n2, x + 4 * l->n2), NUMBERS(y + 4 * l->n1, y - 4 * l->n1), 2,
                      &(tp_plot_style){.colour = TP_PLOT_GREY, .dash = TP_PLOT_DASHED, .width = 1.2});
    }
    tp_plot_scatter(plot, points, classes, NULL, 2, &(tp_plot_style){.size = 5});
    free(grid);
}

/* Points drawn evenly from the square, classed by geometry, none next to an edge; then the network's opinion. */
static void show(tp_plot *plot, tp_tape *tape, const network *net)
{
    tp_rng rng = tp_rng_seed(7);
    tp_tensor *points = tp_tensor_new(TP_F64, TP_DIMS(POINTS, 2)), *classes = tp_tensor_new(TP_F64, TP_DIMS(POINTS));
    double *x = tp_tensor_data(points), *t = tp_tensor_data(classes);
    for (int i = 0; i < POINTS;) {
        x[2 * i] = 4 * tp_rng_uniform(&rng) - 2, x[2 * i + 1] = 4 * tp_rng_uniform(&rng) - 2;
        const double inside = depth(net, x[2 * i], x[2 * i + 1]);
        if (fabs(inside) > .05) t[i++] = inside > 0;
    }
    tp_tape_reset(tape);
    const tp_var says = classify(tape, net, tp_data(tape, points));
    const tp_var right = tp_mean(tp_same(says, tp_data(tape, classes)));
    printf("%s: %s\n", net->title, net->what);
    printf("  threshold units: %d\n", net->regions * net->sides + net->regions + (net->regions > 1));
    printf("  points inside: %g of %d\n", tp_item(tp_sum(tp_data(tape, classes))), POINTS);
    printf("  right: %g %%\n", 100 * tp_item(right));
    draw(plot, tape, net, points, classes);
    tp_tensor_release(points);
    tp_tensor_release(classes);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 3, .width = 340, .height = 360}, NULL);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) show(plot, tape, &networks[i]);
    return course_end(tape, course_picture(plot, folder, "07_regions.svg"));
}
