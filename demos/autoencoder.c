/* A variational autoencoder on Fashion-MNIST with a latent plane, 784-400-2-400-400-784: what it leaves of test images,
   what it makes of points of the plane, and where test images lie in it.  usage: autoencoder [folder for the picture]
   Kingma, Welling: "Auto-encoding variational Bayes", ICLR 2014. */
#include <math.h>
#include <stdlib.h>

#include <tapir/tapir.h>

#include "lib_fashion.h"
#include "lib_plots.h"

enum { EPOCHS = 10, BATCH = 128, HIDDEN = 400, LATENT = 2, SHOWN = 12, GRID = 12, PLACED = 16 * BATCH };

typedef struct vae {
    tp_tape *tape;
    tp_module *encoder, *decoder; /* to mean and log of the variance; to logits of the pixels */
    tp_optim *adam;
    tp_tensor *x; /* (BATCH, 784) of 0 to 1 */
    tp_var mean;  /* of the batch's codes */
} vae;

/* The negative evidence lower bound of a batch, in nats per image: what rebuilding the images costs, and the divergence
   of N(m, s^2) from N(0, 1), (m^2 + s^2 - 1 - log s^2) / 2 summed over the latent numbers. */
static tp_var bound(vae *v, const fashion_set *set, const uint32_t *order, int64_t first)
{
    const unsigned char *images = tp_tensor_read(set->images);
    float *pixels = tp_tensor_data(v->x);
    for (int64_t i = first; i < first + BATCH; i++)
        for (int64_t k = 0; k < FASHION_PIXELS; k++)
            *pixels++ = (float)images[(order ? order[i] : i) * FASHION_PIXELS + k] / 255;
    tp_tape_reset(v->tape);
    const tp_var x = tp_data(v->tape, v->x), code = tp_module_forward(v->encoder, x);
    const tp_var log_variance = tp_slice(code, 1, LATENT, 2 * LATENT, 1);
    v->mean = tp_slice(code, 1, 0, LATENT, 1);
    const tp_var z = tp_normal_around(v->mean, tp_exp(tp_muls(log_variance, .5)));
    const tp_var rebuilt = tp_bce_with_logits(tp_module_forward(v->decoder, z), x, TP_SUM);
    const tp_var parts = tp_adds(tp_sub(tp_add(tp_square(v->mean), tp_exp(log_variance)), log_variance), -1);
    return tp_muls(tp_add(rebuilt, tp_muls(tp_sum(parts), .5)), 1. / BATCH);
}

/* The mean over the whole batches of a set; with an order, it learns. */
static double pass(vae *v, const fashion_set *set, const uint32_t *order)
{
    const int64_t batches = set->count / BATCH;
    double sum = 0;
    tp_tape_set_grad(v->tape, order != NULL);
    for (int64_t b = 0; b < batches; b++) {
        const tp_var loss = bound(v, set, order, b * BATCH);
        if (order && tp_backward(loss) != TP_OK) break;
        if (order) tp_optim_step(v->adam), tp_optim_clear_grads(v->adam);
        sum += tp_item(loss);
    }
    return sum / (double)batches;
}

static tp_var decode(vae *v, tp_var z)
{
    return tp_sigmoid(tp_module_forward(v->decoder, z));
}

static void draw_images(tp_plot *plot, const char *title, tp_var rows)
{
    const tp_var images = tp_reshape(rows, TP_DIMS(-1, FASHION_SIDE, FASHION_SIDE));
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = title});
    tp_plot_images(plot, tp_value(images), &(tp_plot_images_options){.columns = SHOWN, .high = 1});
}

/* Test images above what is left of them; images at a grid of points of the plane; the means of test images' codes. */
static tp_plot *draw(vae *v, const fashion_set *test)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 800, .height = 520}, NULL);
    tp_tensor *points = tp_tensor_new(TP_F32, TP_DIMS(GRID * GRID, LATENT));
    tp_tensor *where = tp_tensor_new(TP_F32, TP_DIMS(PLACED, LATENT));
    tp_tensor *classes = tp_tensor_slice(test->labels, 0, 0, PLACED, 1, NULL);
    float *z = points ? tp_tensor_data(points) : NULL, *to = where ? tp_tensor_data(where) : NULL;
    bound(v, test, NULL, 0);
    const tp_var rows[] = {tp_slice(tp_data(v->tape, v->x), 0, 0, SHOWN, 1),
                           decode(v, tp_slice(v->mean, 0, 0, SHOWN, 1))};
    draw_images(plot, "Test images, and what two numbers keep of them", tp_concat(rows, 2, 0));
    for (int i = 0; z && i < GRID * GRID; i++) {
        z[2 * i] = 5.F * (float)(i % GRID) / (GRID - 1) - 2.5F;
        z[2 * i + 1] = 2.5F - 5.F * (float)(i / GRID) / (GRID - 1);
    }
    draw_images(plot, "The plane from -2.5 to 2.5, decoded", decode(v, tp_data(v->tape, points)));
    for (int64_t first = 0; to && first < PLACED; first += BATCH) {
        bound(v, test, NULL, first);
        for (int i = 0; i < BATCH * LATENT; i++) *to++ = (float)tp_tensor_item(tp_value(v->mean), i);
    }
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Where test images lie", .legend = TP_PLOT_LEGEND_OUTSIDE});
    tp_plot_scatter(plot, where, classes, fashion_names, FASHION_CLASSES, &(tp_plot_style){.size = 6});
    tp_tensor_release(points);
    tp_tensor_release(where);
    tp_tensor_release(classes);
    return plot;
}

static bool start(vae *v, tp_rng *rng)
{
    const tp_layer_options layers = {.rng = rng};
    tp_error error = {TP_OK, "out of memory"};
    tp_tensor *p[16];
    v->tape = tp_tape_new(NULL);
    v->encoder = tp_mlp(TP_DIMS(FASHION_PIXELS, HIDDEN, 2 * LATENT), tp_relu, &layers, &error);
    v->decoder = tp_mlp(TP_DIMS(LATENT, HIDDEN, HIDDEN, FASHION_PIXELS), tp_relu, &layers, &error);
    v->adam = tp_adam(&(tp_adam_options){.rate = 1e-3}, &error);
    v->x = tp_tensor_new(TP_F32, TP_DIMS(BATCH, FASHION_PIXELS));
    const size_t n = tp_module_parameters(v->encoder, p, 4), m = tp_module_parameters(v->decoder, p + 4, 6);
    if (v->tape && v->x && n == 4 && m == 6 && tp_optim_add_all(v->adam, p, n + m, &error) == TP_OK) return true;
    fprintf(stderr, "autoencoder: %s\n", error.message);
    return false;
}

int main(int count, char **arguments)
{
    fashion_set set = {0}, test = {0};
    vae v = {0};
    tp_rng rng = tp_rng_seed(1);
    if (!fashion_read(&set, FASHION_FOLDER, "train", 60000)) return 0; /* which says what to install */
    uint32_t *order = malloc((size_t)set.count * sizeof *order);
    bool good = order && fashion_read(&test, FASHION_FOLDER, "t10k", 10000) && start(&v, &rng);
    for (int epoch = 1; good && epoch <= EPOCHS; epoch++) {
        tp_rng_permutation(&rng, order, (uint32_t)set.count);
        tp_optim_set_rate(v.adam, 0, 1e-3 * pow(.6, fmax(0, epoch - EPOCHS / 2)));
        const double learned = pass(&v, &set, order), tested = pass(&v, &test, NULL);
        good = tp_tape_status(v.tape) == TP_OK;
        printf("epoch %2d/%d  ELBO in nats per image: train %.2f, test %.2f\n", epoch, EPOCHS, -learned, -tested);
        fflush(stdout);
    }
    if (good) good = plot_finish(draw(&v, &test), count > 1 ? arguments[1] : "build/demo", "autoencoder.svg");
    if (!good && v.tape) fprintf(stderr, "autoencoder: %s\n", tp_tape_error(v.tape));
    free(order);
    tp_optim_free(v.adam);
    tp_module_free(v.encoder);
    tp_module_free(v.decoder);
    tp_tensor_release(v.x);
    tp_tape_free(v.tape);
    fashion_free(&set);
    fashion_free(&test);
    return good ? 0 : 1;
}
