/* Fashion-MNIST: 70,000 pictures of clothing, 28 by 28, in ten classes (Xiao, Rasul, Vollgraf, arXiv:1708.07747). */
#ifndef LIB_FASHION_H
#define LIB_FASHION_H

#include <stdbool.h>

#include <tapir/tapir.h>

enum { FASHION_SIDE = 28, FASHION_PIXELS = FASHION_SIDE * FASHION_SIDE, FASHION_CLASSES = 10 };
#define FASHION_FOLDER "/usr/share/datasets/fashion-mnist"

extern const char *const fashion_names[FASHION_CLASSES];

typedef struct fashion_set {
    tp_tensor *images, *labels; /* u8 (n, 28, 28) and u8 (n) */
    int64_t count;
} fashion_set;

/* Reads "train" (60,000 images) or "t10k" (10,000) from `folder`, packed with gzip or not. On failure says on stderr
 * what is wrong and what to install, and returns false. */
bool fashion_read(fashion_set *set, const char *folder, const char *part, int64_t count);
void fashion_free(fashion_set *set);

/* Writes the images and labels order[0 .. n-1] to the first n rows of x, f32 (rows, 784), and y, u8 (rows). Pixels are
   shifted and scaled to mean 0 and deviation 1 over the training set. `order` NULL takes the n images from `first` on.
 */
void fashion_gather(const fashion_set *set, const uint32_t *order, int64_t first, int64_t n, tp_tensor *x,
                    tp_tensor *y);

#endif
