/* Fashion-MNIST from its IDX files; the pixels stay bytes until a batch needs them. */
#include "lib_fashion.h"

#include <stdio.h>
#include <string.h>

const char *const fashion_names[FASHION_CLASSES] = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                                    "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/* Mean and deviation of the training set's pixels, from 0 to 1. */
static const double pixel_mean = 0.2860, pixel_deviation = 0.3530;

/* Unpacked if it is there so, else as the package has it. */
static tp_tensor *read_part(const char *folder, const char *part, const char *kind)
{
    char path[1024];
    tp_error error = {TP_OK, ""};
    snprintf(path, sizeof path, "%s/%s-%s-ubyte", folder, part, kind);
    tp_tensor *tensor = tp_read_idx(path, &error);
    if (tensor) return tensor;
    strncat(path, ".gz", sizeof path - strlen(path) - 1);
    tensor = tp_read_idx(path, &error);
    if (tensor) return tensor;
    fprintf(stderr, "%s\n", error.message);
    if (error.status == TP_E_IO)
        fprintf(stderr, "Fashion-MNIST is Debian's package dataset-fashion-mnist: "
                        "apt-get install dataset-fashion-mnist\n");
    if (error.status == TP_E_UNSUPPORTED)
        fprintf(stderr, "Unpack the files and name their folder: fashion_mnist PICTURES FOLDER\n");
    return NULL;
}

static bool labels_fit(const fashion_set *set)
{
    const unsigned char *labels = tp_tensor_read(set->labels);
    for (int64_t i = 0; i < set->count; i++)
        if (labels[i] >= FASHION_CLASSES) return false;
    return true;
}

bool fashion_read(fashion_set *set, const char *folder, const char *part, int64_t count)
{
    *set = (fashion_set){.images = read_part(folder, part, "images-idx3")};
    if (set->images) set->labels = read_part(folder, part, "labels-idx1");
    if (!set->labels) {
        fashion_free(set);
        return false;
    }
    set->count = count;
    if (tp_tensor_rank(set->images) == 3 && tp_tensor_dim(set->images, 0) == count &&
        tp_tensor_dim(set->images, 1) == FASHION_SIDE && tp_tensor_dim(set->images, 2) == FASHION_SIDE &&
        tp_tensor_dtype(set->images) == TP_U8 && tp_tensor_rank(set->labels) == 1 &&
        tp_tensor_dtype(set->labels) == TP_U8 && tp_tensor_dim(set->labels, 0) == count && labels_fit(set))
        return true;
    fprintf(stderr, "%s/%s-*: these are not Fashion-MNIST's images and labels\n", folder, part);
    fashion_free(set);
    return false;
}

void fashion_free(fashion_set *set)
{
    tp_tensor_release(set->images);
    tp_tensor_release(set->labels);
    *set = (fashion_set){0};
}

void fashion_gather(const fashion_set *set, const uint32_t *order, int64_t first, int64_t n, tp_tensor *x, tp_tensor *y)
{
    float scaled[256], *pixels = tp_tensor_data(x);
    unsigned char *labels = tp_tensor_data(y);
    const unsigned char *images = tp_tensor_read(set->images), *all = tp_tensor_read(set->labels);
    for (int v = 0; v < 256; v++) scaled[v] = (float)((v / 255. - pixel_mean) / pixel_deviation);
    for (int64_t i = 0; i < n; i++) {
        const int64_t from = order ? (int64_t)order[first + i] : first + i;
        for (int64_t k = 0; k < FASHION_PIXELS; k++)
            pixels[i * FASHION_PIXELS + k] = scaled[images[from * FASHION_PIXELS + k]];
        labels[i] = all[from];
    }
}
