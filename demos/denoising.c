/* A denoising autoencoder on Fashion-MNIST, 784-256-64-256-784: half of an image's pixels are struck out, and the
   network puts them back.  usage: denoising [folder for the picture]
   Vincent, Larochelle, Bengio, Manzagol: "Extracting and composing robust features with denoising autoencoders", ICML
   2008. */
#include <math.h>
#include <stdlib.h>

#include <tapir/tapir.h>

#include "lib_fashion.h"
#include "lib_plots.h"

enum { EPOCHS = 6, BATCH = 125, SHOWN = 12 };
static const double struck = .5; /* of the pixels */

typedef struct denoiser {
    tp_tape *tape;
    tp_module *net; /* to logits of the pixels */
    tp_optim *adam;
    tp_tensor *clean, *noisy; /* (BATCH, 784) of 0 to 1 */
} denoiser;

static void fill(denoiser *d, const fashion_set *set, const uint32_t *order, int64_t first, tp_rng *rng)
{
    const unsigned char *images = tp_tensor_read(set->images);
    float *clean = tp_tensor_data(d->clean), *noisy = tp_tensor_data(d->noisy);
    for (int64_t i = 0; i < BATCH * FASHION_PIXELS; i++) {
        const int64_t image = first + i / FASHION_PIXELS;
        clean[i] = (float)images[(order ? order[image] : image) * FASHION_PIXELS + i % FASHION_PIXELS] / 255;
        noisy[i] = tp_rng_uniform(rng) < struck ? 0 : clean[i];
    }
}

/* The root of the mean squared difference of two (BATCH, 784). */
static double difference(const tp_tensor *a, const tp_tensor *b)
{
    const float *x = tp_tensor_read(a), *y = tp_tensor_read(b);
    double sum = 0;
    for (int64_t i = 0; i < BATCH * FASHION_PIXELS; i++) sum += (double)(x[i] - y[i]) * (double)(x[i] - y[i]);
    return sqrt(sum / (BATCH * FASHION_PIXELS));
}

static bool learn(denoiser *d, const fashion_set *set, const uint32_t *order, tp_rng *rng)
{
    for (int64_t first = 0; first < set->count; first += BATCH) {
        fill(d, set, order, first, rng);
        tp_tape_reset(d->tape);
        const tp_var logits = tp_module_forward(d->net, tp_data(d->tape, d->noisy));
        if (tp_backward(tp_bce_with_logits(logits, tp_data(d->tape, d->clean), TP_MEAN)) != TP_OK) return false;
        tp_optim_step(d->adam);
        tp_optim_clear_grads(d->adam);
    }
    return true;
}

/* Fills a batch of test images and cleans it on the tape; NULL on failure. */
static const tp_tensor *clean_up(denoiser *d, const fashion_set *test, int64_t first, tp_rng *rng)
{
    fill(d, test, NULL, first, rng);
    tp_tape_reset(d->tape);
    return tp_value(tp_sigmoid(tp_module_forward(d->net, tp_data(d->tape, d->noisy))));
}

/* Means over the test set of the distance from the clean images. */
static bool measure(denoiser *d, const fashion_set *test, double *before, double *after)
{
    const double batches = (double)(test->count / BATCH);
    tp_rng rng = tp_rng_seed(2);
    *before = *after = 0;
    for (int64_t first = 0; first < test->count; first += BATCH) {
        const tp_tensor *cleaned = clean_up(d, test, first, &rng);
        if (!cleaned) return false;
        *before += difference(d->noisy, d->clean) / batches;
        *after += difference(cleaned, d->clean) / batches;
    }
    return true;
}

/* Clean, noisy and cleaned images, a row each. */
static tp_plot *draw(denoiser *d, const fashion_set *test)
{
    tp_rng rng = tp_rng_seed(2);
    const tp_tensor *rows[] = {d->clean, d->noisy, clean_up(d, test, 0, &rng)};
    tp_tensor *all = tp_tensor_new(TP_F32, TP_DIMS(3 * SHOWN, FASHION_SIDE, FASHION_SIDE));
    float *to = all ? tp_tensor_data(all) : NULL;
    for (int r = 0; to && r < 3; r++)
        for (int i = 0; i < SHOWN * FASHION_PIXELS; i++) *to++ = (float)tp_tensor_item(rows[r], i);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 800}, NULL);
    tp_plot_panel(plot,
                  &(tp_plot_panel_options){.title = "Test images; half of their pixels; what the network makes of "
                                                    "these"});
    tp_plot_images(plot, all, &(tp_plot_images_options){.columns = SHOWN, .high = 1});
    tp_tensor_release(all);
    return plot;
}

static bool start(denoiser *d, tp_rng *rng)
{
    const tp_layer_options layers = {.rng = rng};
    tp_error error = {TP_OK, "out of memory"};
    tp_tensor *p[8];
    d->tape = tp_tape_new(NULL);
    d->net = tp_mlp(TP_DIMS(FASHION_PIXELS, 256, 64, 256, FASHION_PIXELS), tp_relu, &layers, &error);
    d->adam = tp_adam(&(tp_adam_options){.rate = 1e-3}, &error);
    d->clean = tp_tensor_new(TP_F32, TP_DIMS(BATCH, FASHION_PIXELS));
    d->noisy = tp_tensor_new(TP_F32, TP_DIMS(BATCH, FASHION_PIXELS));
    if (d->tape && d->clean && d->noisy && tp_module_parameters(d->net, p, 8) == 8 &&
        tp_optim_add_all(d->adam, p, 8, &error) == TP_OK)
        return true;
    fprintf(stderr, "denoising: %s\n", error.message);
    return false;
}

int main(int count, char **arguments)
{
    fashion_set set = {0}, test = {0};
    denoiser d = {0};
    double before, after;
    tp_rng rng = tp_rng_seed(1);
    if (!fashion_read(&set, FASHION_FOLDER, "train", 60000)) return 0; /* which says what to install */
    uint32_t *order = malloc((size_t)set.count * sizeof *order);
    bool good = order && fashion_read(&test, FASHION_FOLDER, "t10k", 10000) && start(&d, &rng);
    for (int epoch = 1; good && epoch <= EPOCHS; epoch++) {
        tp_rng_permutation(&rng, order, (uint32_t)set.count);
        tp_optim_set_rate(d.adam, 0, 1e-3 * pow(.7, epoch - 1));
        good = learn(&d, &set, order, &rng) && measure(&d, &test, &before, &after);
        if (good)
            printf("epoch %d/%d  distance from the clean test images: %.4f, cleaned %.4f\n", epoch, EPOCHS, before,
                   after);
        fflush(stdout);
    }
    if (good) good = plot_finish(draw(&d, &test), count > 1 ? arguments[1] : "build/demo", "denoising.svg");
    if (!good && d.tape) fprintf(stderr, "denoising: %s\n", tp_tape_error(d.tape));
    free(order);
    tp_optim_free(d.adam);
    tp_module_free(d.net);
    tp_tensor_release(d.clean);
    tp_tensor_release(d.noisy);
    tp_tape_free(d.tape);
    fashion_free(&set);
    fashion_free(&test);
    return good ? 0 : 1;
}
