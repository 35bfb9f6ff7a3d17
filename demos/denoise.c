/* A denoising autoencoder on Fashion-MNIST, 784-256-64-256-784: noise of deviation 0.5 is added to images between 0 and
   1, and the network learns to give back the clean ones. The loader's thread draws the noise.
   usage: denoise [folder for the picture] [folder of the data set] */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tapir/tapir.h>

enum { PIXELS = 784, EPOCHS = 5, BATCH = 64, SHOWN = 10 };
static const double deviation = 0.5, first_rate = 1e-3, rate_decay = 0.6, goal = 0.019;

/* Batches of a noisy and a clean row of pixels; NULL with `error` set. */
static tp_loader *loader_of(bool train, const char *folder, tp_error *error)
{
    tp_dataset *set = tp_fashion_mnist(train, &(tp_datasets_options){.folder = folder}, error);
    tp_tensor *images = set ? tp_dataset_tensor(set, 0, error) : NULL;
    tp_dataset *pairs = images ? tp_dataset_from_tensors(2, (tp_tensor *[]){images, images}, error) : NULL;
    tp_transform *parts[] = {tp_transform_scale(TP_F32, 1. / 255, error), tp_transform_reshape(TP_DIMS(PIXELS), error),
                             tp_transform_noise(deviation, error)};
    tp_transform *clean = pairs ? tp_transform_compose(2, parts, error) : NULL;
    tp_transform *noisy = clean ? tp_transform_compose(3, parts, error) : NULL;
    const tp_loader_options o = {.batch = BATCH, .shuffle = train, .prefetch = 4, .transform = {noisy, clean}};
    tp_loader *loader = noisy ? tp_loader_new(pairs, &o, error) : NULL;
    for (int i = 0; i < 3; i++) tp_transform_release(parts[i]);
    tp_transform_release(clean);
    tp_transform_release(noisy);
    tp_dataset_release(pairs);
    tp_tensor_release(images);
    tp_dataset_release(set);
    return loader;
}

typedef struct trainer {
    tp_tape *tape;
    tp_module *net;
    tp_optim *adam;
    tp_loader *train, *test;
} trainer;

static bool start(trainer *t, const char *folder, tp_error *error)
{
    tp_tensor *weights[8];
    t->tape = tp_tape_new(NULL);
    t->train = loader_of(true, folder, error);
    t->test = t->train ? loader_of(false, folder, error) : NULL;
    t->net = tp_mlp(TP_DIMS(PIXELS, 256, 64, 256, PIXELS), tp_relu, NULL, error);
    t->adam = tp_adam(&(tp_adam_options){.rate = first_rate}, error);
    if (!t->tape || !t->test || !t->net || !t->adam) return false;
    return tp_optim_add_all(t->adam, weights, tp_module_parameters(t->net, weights, 8), error) == TP_OK;
}

static double squared_error(const tp_tensor *a, const tp_tensor *b)
{
    const float *x = tp_tensor_read(a), *y = tp_tensor_read(b);
    double sum = 0;
    for (int64_t i = 0; i < tp_tensor_count(a); i++) sum += pow((double)x[i] - (double)y[i], 2);
    return sum;
}

static bool train_epoch(trainer *t, int epoch)
{
    tp_batch b;
    tp_tape_set_grad(t->tape, true);
    while (tp_loader_next(t->train, &b)) {
        tp_tape_reset(t->tape);
        const tp_var y = tp_module_forward(t->net, tp_data(t->tape, b.field[0]));
        if (tp_backward(tp_mse(y, tp_data(t->tape, b.field[1]), TP_MEAN)) != TP_OK) return false;
        tp_optim_step(t->adam);
        tp_optim_clear_grads(t->adam);
        const int64_t done = tp_loader_position(t->train).batch;
        if (isatty(STDOUT_FILENO) && done % 20 == 0) printf("\repoch %d: batch %d ", epoch, (int)done), fflush(stdout);
    }
    if (isatty(STDOUT_FILENO)) printf("\r%40s\r", "");
    return tp_loader_status(t->train) == TP_OK;
}

/* Mean squared errors over the test set, of the noisy images and of what the network makes of them; the first images
   go to `shown`, a row of each kind: noisy, denoised, clean. The same noise every time. */
static bool evaluate(trainer *t, double *before, double *after, tp_tensor *shown)
{
    tp_batch b;
    double seen = *before = *after = 0;
    tp_tape_set_grad(t->tape, false);
    tp_loader_seek(t->test, (tp_data_position){.epoch = 0}, NULL);
    while (tp_loader_next(t->test, &b)) {
        tp_tape_reset(t->tape);
        const tp_tensor *y = tp_value(tp_module_forward(t->net, tp_data(t->tape, b.field[0])));
        if (!y) return false;
        *before += squared_error(b.field[0], b.field[1]);
        *after += squared_error(y, b.field[1]);
        const tp_tensor *const rows[] = {b.field[0], y, b.field[1]};
        for (int k = 0; seen == 0 && k < 3; k++)
            memcpy((float *)tp_tensor_data(shown) + k * SHOWN * PIXELS, tp_tensor_read(rows[k]),
                   SHOWN * PIXELS * sizeof(float));
        seen += (double)(b.items * PIXELS);
    }
    *before /= seen, *after /= seen;
    return tp_loader_status(t->test) == TP_OK;
}

static bool draw(const char *folder, const tp_tensor *shown, tp_error *error)
{
    char path[1024];
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return false;
    snprintf(path, sizeof path, "%s/denoise.svg", folder);
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 700}, error);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Test images: with noise, denoised, as they were"});
    tp_plot_images(plot, shown, &(tp_plot_images_options){.columns = SHOWN, .low = 0, .high = 1, .inverted = true});
    const bool good = tp_plot_save(plot, path, error) == TP_OK;
    tp_plot_free(plot);
    return good;
}

static bool run(trainer *t, const char *folder, tp_tensor *shown, tp_error *error)
{
    double before = 0, after = 1;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        tp_optim_set_rate(t->adam, 0, first_rate * pow(rate_decay, epoch - 1));
        if (!train_epoch(t, epoch) || !evaluate(t, &before, &after, shown)) return false;
        printf("epoch %d: squared error on test images %.4f with noise, %.4f denoised\n", epoch, before, after);
    }
    printf("a pixel is off by %.3f with noise, by %.3f denoised (root mean square)\n", sqrt(before), sqrt(after));
    if (after > goal) return tp_data_fail(error, TP_E_CHECK, "the error is above %g", goal) == TP_OK;
    return draw(folder, shown, error);
}

int main(int count, char **arguments)
{
    tp_error error = {.status = TP_OK};
    trainer t = {.tape = NULL};
    bool good = start(&t, count > 2 ? arguments[2] : NULL, &error);
    const bool missing = !good && error.status == TP_E_IO;
    if (missing) printf("denoise: left out: %s\n", error.message);
    tp_tensor *shown = tp_tensor_new(TP_F32, TP_DIMS(3 * SHOWN, 28, 28));
    good = good && shown && run(&t, count > 1 ? arguments[1] : "build/demo", shown, &error);
    if (!good && !missing)
        fprintf(stderr, "denoise: %s %s %s\n", error.message, tp_tape_error(t.tape), tp_loader_error(t.train));
    tp_tensor_release(shown);
    tp_loader_free(t.train);
    tp_loader_free(t.test);
    tp_optim_free(t.adam);
    tp_module_free(t.net);
    tp_tape_free(t.tape);
    return good || missing ? 0 : 1;
}
