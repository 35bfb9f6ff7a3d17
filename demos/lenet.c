/* LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) on Fashion-MNIST, as it was but for ReLU and max pooling: at least
   90.5 % of the 10,000 test images right after 10 epochs of Adam, at a rate that follows half a cosine down to 0. Then
   a little wider, with batch norm and dropout: at least 91.5 %. usage: lenet [folder for pictures] [folder of data] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tapir/tapir.h>

#include "lib_fashion.h"
#include "lib_progress.h"

enum { EPOCHS = 10, BATCH = 64, TEST_BATCH = 1000, MOST_PARAMETERS = 32 };

typedef struct variant {
    const char *name;
    int64_t channels[2];
    bool modern; /* with batch norm and dropout */
    double rate, goal;
} variant;

static const variant variants[] = {{"LeNet", {6, 16}, false, 2e-3, 90.5},
                                   {"LeNet with batch norm and dropout", {8, 24}, true, 3e-3, 91.5}};

typedef struct trainer {
    const variant *v;
    tp_tape *tape;
    tp_module *net;
    tp_optim *adam;
} trainer;

static void block(tp_module *net, tp_module *layer, bool norm, int64_t n, const tp_layer_options *o, tp_error *e)
{
    tp_sequential_add(net, layer, e);
    if (norm) tp_sequential_add(net, tp_batch_norm_layer(n, NULL, o, e), e);
    tp_sequential_add(net, tp_activation_layer(tp_relu, o, e), e);
}

static tp_module *lenet(const variant *v, tp_rng *rng, tp_error *e)
{
    const tp_layer_options options = {.rng = rng}, *o = &options;
    const tp_conv_options same = {.padding = {2, 2}};
    const int64_t *c = v->channels;
    tp_module *net = tp_sequential(o, e);
    tp_sequential_add(net, tp_unflatten_layer(1, TP_DIMS(1, FASHION_SIDE, FASHION_SIDE), o, e), e);
    block(net, tp_conv_layer(1, c[0], TP_DIMS(5, 5), &same, o, e), v->modern, c[0], o, e);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, o, e), e);
    block(net, tp_conv_layer(c[0], c[1], TP_DIMS(5, 5), NULL, o, e), v->modern, c[1], o, e);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, o, e), e);
    tp_sequential_add(net, tp_flatten_layer(1, -1, o, e), e);
    if (v->modern) tp_sequential_add(net, tp_dropout_layer(.1, o, e), e);
    block(net, tp_linear_layer(25 * c[1], 120, o, e), v->modern, 120, o, e);
    if (v->modern) tp_sequential_add(net, tp_dropout_layer(.2, o, e), e);
    block(net, tp_linear_layer(120, 84, o, e), v->modern, 84, o, e);
    tp_sequential_add(net, tp_linear_layer(84, FASHION_CLASSES, o, e), e);
    return net;
}

/* Records the loss of a batch on the emptied tape, and adds it to the score. */
static tp_var forward(trainer *t, tp_tensor *x, tp_tensor *y, score *sum)
{
    tp_tape_reset(t->tape);
    const tp_var logits = tp_module_forward(t->net, tp_data(t->tape, x)), truth = tp_data(t->tape, y);
    const tp_var loss = tp_cross_entropy(logits, truth, TP_MEAN), guess = tp_argmax_axis(logits, 1, false);
    const int64_t n = tp_tensor_dim(y, 0);
    sum->right += (int64_t)tp_item(tp_count_nonzero(tp_equal(tp_cast(guess, TP_U8), truth)));
    sum->loss += tp_item(loss) * (double)n;
    sum->seen += n;
    return loss;
}

/* Goes through the images once: learns from them in the order given, or is tested on them without one. */
static bool pass(trainer *t, const fashion_set *set, const uint32_t *order, int epoch, score *sum)
{
    const bool learns = order != NULL;
    const int64_t n = learns ? BATCH : TEST_BATCH, batches = set->count / n;
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(n, FASHION_PIXELS)), *y = tp_tensor_new(TP_U8, TP_DIMS(n));
    bool good = x && y;
    progress line = progress_begin(epoch + 1, EPOCHS, batches);
    tp_module_set_training(t->net, learns);
    tp_tape_set_grad(t->tape, learns);
    for (int64_t b = 0; good && b < batches; b++) {
        fashion_gather(set, order, b * n, n, x, y);
        const tp_var loss = forward(t, x, y, sum);
        good = learns ? tp_backward(loss) == TP_OK : tp_ok(loss);
        if (!learns) continue;
        const double done = ((double)epoch + (double)b / (double)batches) / EPOCHS;
        tp_optim_set_rate(t->adam, 0, t->v->rate * (1 + cos(3.141592653589793 * done)) / 2);
        tp_optim_step(t->adam);
        tp_optim_clear_grads(t->adam);
        progress_show(&line, b + 1, sum);
    }
    if (good && learns) progress_end(&line, sum);
    tp_tensor_release(x), tp_tensor_release(y);
    return good;
}

/* Trains a variant; its accuracies on the test images go to `tested`. */
static bool run(const variant *v, const fashion_set sets[2], double tested[EPOCHS])
{
    tp_tensor *parameters[MOST_PARAMETERS];
    tp_rng rng = tp_rng_seed(1);
    tp_error e = {TP_OK, ""};
    uint32_t *order = malloc((size_t)sets[0].count * sizeof *order);
    trainer t = {v, tp_tape_new(NULL), lenet(v, &rng, &e), tp_adam(NULL, &e)};
    if (e.status == TP_OK) tp_module_summary(t.net, TP_F32, TP_DIMS(1, FASHION_PIXELS), stdout, &e);
    tp_optim_add_all(t.adam, parameters, tp_module_parameters(t.net, parameters, MOST_PARAMETERS), &e);
    bool good = e.status == TP_OK && order;
    for (int epoch = 0; good && epoch < EPOCHS; epoch++) {
        score learned = {0}, sum = {0};
        tp_rng_permutation(&rng, order, (uint32_t)sets[0].count);
        good = pass(&t, &sets[0], order, epoch, &learned) && pass(&t, &sets[1], NULL, epoch, &sum);
        if (good) printf("  test: loss %.4f, %5.2f %%\n", score_loss(&sum), tested[epoch] = score_accuracy(&sum));
    }
    if (good)
        printf("%s: %.2f %% of the test images right (goal: %g)\n\n", v->name, tested[EPOCHS - 1], v->goal);
    else
        fprintf(stderr, "lenet: %s\n", e.status == TP_OK ? tp_tape_error(t.tape) : e.message);
    good = good && tested[EPOCHS - 1] >= v->goal;
    tp_optim_free(t.adam), tp_module_free(t.net), tp_tape_free(t.tape);
    free(order);
    return good;
}

static bool draw(const char *path, double tested[2][EPOCHS])
{
    tp_error e = {TP_OK, ""};
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.title = "Fashion-MNIST"}, &e);
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_label = "epoch", .y_label = "test images right, %"});
    for (int i = 0; i < 2; i++) {
        tp_plot_curve(plot, NULL, tested[i], EPOCHS, &(tp_plot_style){.label = variants[i].name, .mark = TP_PLOT_DISC});
        tp_plot_rule(plot, false, variants[i].goal, &(tp_plot_style){.colour = TP_PLOT_GREY, .dash = TP_PLOT_DASHED});
    }
    if (tp_plot_save(plot, path, &e) != TP_OK) fprintf(stderr, "%s\n", e.message);
    tp_plot_free(plot);
    return e.status == TP_OK;
}

int main(int count, char **arguments)
{
    const char *folder = count > 1 ? arguments[1] : "build/demo", *data = count > 2 ? arguments[2] : FASHION_FOLDER;
    char path[1024];
    double tested[2][EPOCHS];
    fashion_set sets[2] = {0};
    snprintf(path, sizeof path, "%s/lenet.svg", folder);
    if (!fashion_read(&sets[0], data, "train", 60000) || !fashion_read(&sets[1], data, "t10k", 10000)) return 0;
    const bool good = run(&variants[0], sets, tested[0]) && run(&variants[1], sets, tested[1]) && draw(path, tested);
    for (int i = 0; i < 2; i++) fashion_free(&sets[i]);
    return good ? 0 : 1;
}
