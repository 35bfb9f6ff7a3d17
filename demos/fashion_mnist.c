/* A 784-128-64-10 ReLU network on all of Fashion-MNIST with Adam: at least 88 % of the 10,000 test images right within
   12 epochs, or an error.  usage: fashion_mnist [folder for the pictures] [folder of the data set] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapir/tapir.h>

#include "lib_fashion.h"
#include "lib_plots.h"
#include "lib_progress.h"

enum { EPOCHS = 12, BATCH = 64, TEST_BATCH = 1000, ROWS = 5, COLUMNS = 8 };
static const double first_rate = 1e-3, rate_decay = 0.8, goal = 88;

typedef struct trainer {
    tp_tape *tape;
    tp_module *net;
    tp_optim *adam;
    tp_tensor *x, *y; /* room for the larger of the two batches */
} trainer;

static int best_class(const float *logits)
{
    int best = 0;
    for (int k = 1; k < FASHION_CLASSES; k++)
        if (logits[k] > logits[best]) best = k;
    return best;
}

/* Records the loss of the first n rows of x and y on the emptied tape, and adds it to the score. The classes go to
   `predicted`; without it, gradients will be asked for. */
static tp_var forward(trainer *t, int64_t n, score *sum, unsigned char *predicted)
{
    tp_tensor *rows = tp_tensor_slice(t->x, 0, 0, n, 1, NULL), *labels = tp_tensor_slice(t->y, 0, 0, n, 1, NULL);
    tp_tape_reset(t->tape);
    tp_tape_set_grad(t->tape, predicted == NULL);
    const tp_var logits = tp_module_forward(t->net, tp_data(t->tape, rows));
    const tp_var loss = tp_cross_entropy(logits, tp_data(t->tape, labels), TP_MEAN);
    const tp_tensor *value = tp_value(logits);
    for (int64_t i = 0; value && i < n; i++) {
        const int best = best_class((const float *)tp_tensor_read(value) + i * FASHION_CLASSES);
        sum->right += best == ((const unsigned char *)tp_tensor_read(labels))[i];
        if (predicted) predicted[i] = (unsigned char)best;
    }
    sum->loss += tp_item(loss) * (double)n;
    sum->seen += n;
    tp_tensor_release(rows); /* the tape has references of its own */
    tp_tensor_release(labels);
    return loss;
}

static bool train_epoch(trainer *t, const fashion_set *set, const uint32_t *order, int epoch, score *sum)
{
    const int64_t batches = (set->count + BATCH - 1) / BATCH;
    progress line = progress_begin(epoch, EPOCHS, batches);
    for (int64_t b = 0; b < batches; b++) {
        const int64_t first = b * BATCH, n = set->count - first < BATCH ? set->count - first : BATCH;
        fashion_gather(set, order, first, n, t->x, t->y);
        if (tp_backward(forward(t, n, sum, NULL)) != TP_OK) return false;
        tp_optim_step(t->adam);
        tp_optim_clear_grads(t->adam);
        progress_show(&line, b + 1, sum);
    }
    progress_end(&line, sum);
    return true;
}

static bool evaluate(trainer *t, const fashion_set *set, unsigned char *predicted, score *sum)
{
    for (int64_t first = 0; first < set->count; first += TEST_BATCH) {
        const int64_t n = set->count - first < TEST_BATCH ? set->count - first : TEST_BATCH;
        fashion_gather(set, NULL, first, n, t->x, t->y);
        forward(t, n, sum, predicted + first);
        if (tp_tape_status(t->tape) != TP_OK) return false;
    }
    return true;
}

/* All epochs; the classes of the test images after the last go to `predicted`. */
static bool train(trainer *t, const fashion_set *set, const fashion_set *test, tp_rng *rng, training_history *history,
                  unsigned char *predicted)
{
    uint32_t *order = malloc((size_t)set->count * sizeof *order);
    bool good = order != NULL;
    for (int epoch = 1; good && epoch <= EPOCHS; epoch++) {
        score learned = {0}, tested = {0};
        tp_rng_permutation(rng, order, (uint32_t)set->count);
        tp_optim_set_rate(t->adam, 0, first_rate * pow(rate_decay, epoch - 1));
        good = train_epoch(t, set, order, epoch, &learned) && evaluate(t, test, predicted, &tested);
        if (!good) break;
        history->train[history->epochs] = learned;
        history->test[history->epochs++] = tested;
        printf("  test: loss %.4f, %5.2f %%\n", score_loss(&tested), score_accuracy(&tested));
    }
    if (!good) fprintf(stderr, "fashion_mnist: %s\n", order ? tp_tape_error(t->tape) : "out of memory");
    free(order);
    return good;
}

static bool start(trainer *t, tp_rng *rng)
{
    tp_error error = {TP_OK, "out of memory"};
    const tp_layer_options layers = {.rng = rng};
    t->tape = tp_tape_new(NULL);
    t->net = tp_mlp(TP_DIMS(FASHION_PIXELS, 128, 64, FASHION_CLASSES), tp_relu, &layers, &error);
    t->adam = tp_adam(&(tp_adam_options){.rate = first_rate}, &error);
    t->x = tp_tensor_new(TP_F32, TP_DIMS(TEST_BATCH, FASHION_PIXELS));
    t->y = tp_tensor_new(TP_U8, TP_DIMS(TEST_BATCH));
    tp_tensor *parameters[6];
    const size_t n = tp_module_parameters(t->net, parameters, 6);
    if (t->tape && t->x && t->y && t->net && t->adam && tp_optim_add_all(t->adam, parameters, n, &error) == TP_OK)
        return true;
    fprintf(stderr, "fashion_mnist: %s\n", error.message);
    return false;
}

int main(int count, char **arguments)
{
    const char *pictures = count > 1 ? arguments[1] : "build/demo", *data = count > 2 ? arguments[2] : FASHION_FOLDER;
    fashion_set set, test = {0};
    trainer t = {0};
    training_history history = {0};
    tp_rng rng = tp_rng_seed(1);
    if (!fashion_read(&set, data, "train", 60000)) return 1;
    bool good = fashion_read(&test, data, "t10k", 10000) && start(&t, &rng);
    unsigned char *predicted = good ? malloc((size_t)test.count) : NULL;
    good = predicted && train(&t, &set, &test, &rng, &history, predicted);
    const prediction_grid grid = {
        ROWS,         COLUMNS, FASHION_SIDE, tp_tensor_read(test.images), predicted, tp_tensor_read(test.labels),
        fashion_names};
    good = good && plot_run(pictures, &history, goal, &grid);
    if (good && score_accuracy(&history.test[EPOCHS - 1]) < goal) {
        fprintf(stderr, "fashion_mnist: fewer than %g %% of the test images are right\n", goal);
        good = false;
    }
    free(predicted);
    tp_optim_free(t.adam);
    tp_module_free(t.net);
    tp_tensor_release(t.x);
    tp_tensor_release(t.y);
    tp_tape_free(t.tape);
    fashion_free(&set);
    fashion_free(&test);
    return good ? 0 : 1;
}
