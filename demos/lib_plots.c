/* Colour never stands alone: curves differ in dash and mark, a wrong prediction has a frame and the true class. */
#include "lib_plots.h"

#include <stdlib.h>
#include <sys/stat.h>

bool plot_finish(tp_plot *plot, const char *folder, const char *name)
{
    char path[1024];
    tp_error error = {TP_OK, "out of memory"};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(folder, 0777); /* if it cannot be made, the file cannot either, and that is reported */
    const bool good = tp_plot_save(plot, path, &error) == TP_OK;
    if (good)
        printf("drawn: %s\n", path);
    else
        fprintf(stderr, "%s\n", error.message);
    tp_plot_free(plot);
    return good;
}

static void draw_curves(tp_plot *plot, const training_history *history, double (*measure)(const score *))
{
    double train[MOST_EPOCHS], test[MOST_EPOCHS];
    for (int i = 0; i < history->epochs; i++) {
        train[i] = measure(&history->train[i]);
        test[i] = measure(&history->test[i]);
    }
    tp_plot_curve(plot, NULL, train, history->epochs, &(tp_plot_style){.label = "training set", .mark = TP_PLOT_DISC});
    tp_plot_curve(plot, NULL, test, history->epochs,
                  &(tp_plot_style){.label = "test set", .dash = TP_PLOT_DASHED, .mark = TP_PLOT_SQUARE});
}

static tp_plot *plot_curves(const training_history *history, double goal)
{
    char text[32];
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.columns = 2, .width = 500, .height = 400}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Loss", .x_label = "epoch", .y_label = "cross-entropy"});
    draw_curves(plot, history, score_loss);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Accuracy", .x_label = "epoch", .y_label = "per cent right"});
    draw_curves(plot, history, score_accuracy);
    snprintf(text, sizeof text, "goal: %g %%", goal);
    tp_plot_rule(plot, false, goal, &(tp_plot_style){.label = text, .colour = 3, .dash = TP_PLOT_DOTTED});
    return plot;
}

static tp_plot *plot_predictions(const prediction_grid *grid)
{
    enum { MOST = 256 };
    static char texts[MOST][64], title[160];
    const char *captions[MOST];
    bool wrong[MOST];
    const int count = grid->rows * grid->columns < MOST ? grid->rows * grid->columns : MOST;
    int right = count;
    for (int i = 0; i < count; i++) {
        captions[i] = texts[i];
        wrong[i] = grid->predicted[i] != grid->truth[i];
        right -= wrong[i];
        snprintf(texts[i], sizeof texts[i], wrong[i] ? "%s\nis: %s" : "%s", grid->names[grid->predicted[i]],
                 grid->names[grid->truth[i]]);
    }
    snprintf(title, sizeof title, "The first %d test images with the class predicted: %d right, %d wrong", count, right,
             count - right);
    tp_tensor *images = tp_tensor_from(TP_U8, TP_DIMS(count, grid->side, grid->side), grid->images);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 96 * grid->columns + 40}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title});
    tp_plot_images(
        plot, images,
        &(tp_plot_images_options){.columns = grid->columns, .inverted = true, .captions = captions, .marked = wrong});
    tp_tensor_release(images);
    return plot;
}

bool plot_run(const char *folder, const training_history *history, double goal, const prediction_grid *grid)
{
    return plot_finish(plot_curves(history, goal), folder, "curves.svg") &&
           plot_finish(plot_predictions(grid), folder, "predictions.svg");
}
