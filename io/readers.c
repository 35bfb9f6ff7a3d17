/* Data sets in files of Debian's packages: Fashion-MNIST in IDX, scikit-learn's tables in CSV. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "io/table.h"

#include <tapir/io_idx.h>
#include <tapir/io_datasets.h>

#define PATH_ROOM 4096

/* What is said when a file is not there. */
static tp_status missing(const char *name, const char *package, const tp_error *local, tp_error *error)
{
    if (local->status != TP_E_IO) return tp_fail(error, local->status, "%s: %.480s", name, local->message);
    return tp_fail(error, TP_E_IO, "%s: %.360s (Debian's package %s has it)", name, local->message, package);
}

static tp_status path_of(char path[PATH_ROOM], const char *folder, const char *file, tp_error *error)
{
    const int length = snprintf(path, PATH_ROOM, "%s/%s", folder, file);
    if (length >= 0 && length < PATH_ROOM) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "the folder's name is too long: %.60s...", folder);
}

/* ---- Fashion-MNIST ---- */

enum { SIDE = 28, CLASSES = 10 };

/* Unpacked if it is there so, else as the package has it. */
static tp_tensor *read_part(const tp_datasets_options *o, const char *file, tp_error *error)
{
    char path[PATH_ROOM];
    const char *folder = o->folder ? o->folder : "/usr/share/datasets/fashion-mnist";
    if (path_of(path, folder, file, error) != TP_OK) return NULL;
    FILE *plain = fopen(path, "rb");
    if (plain) fclose(plain);
    if (!plain && strlen(path) + 3 < PATH_ROOM) strcat(path, ".gz");
    return tp_read_idx_into(o->memory, path, error);
}

static tp_status check_fashion(const tp_tensor *images, const tp_tensor *labels, tp_error *error)
{
    char of_images[TP_TENSOR_TEXT], of_labels[TP_TENSOR_TEXT];
    const bool good = images->dtype == TP_U8 && labels->dtype == TP_U8 && images->rank == 3 && labels->rank == 1 &&
                      images->dims[0] == labels->dims[0] && images->dims[1] == SIDE && images->dims[2] == SIDE;
    if (!good)
        return tp_fail(error, TP_E_FORMAT, "images are %s %s, labels are %s %s: u8 (n,28,28) and u8 (n) are wanted",
                       tp_dtype_name((tp_dtype)images->dtype), tp_tensor_text(of_images, images),
                       tp_dtype_name((tp_dtype)labels->dtype), tp_tensor_text(of_labels, labels));
    const unsigned char *label = tp_tensor_read(labels);
    for (int64_t i = 0; i < labels->count; i++)
        if (label[i] >= CLASSES)
            return tp_fail(error, TP_E_FORMAT, "label %" PRId64 " is %d, not 0 to 9 (byte %" PRId64 ")", i, label[i],
                           8 + i);
    return TP_OK;
}

tp_dataset *tp_fashion_mnist(bool train, const tp_datasets_options *options, tp_error *error)
{
    const tp_datasets_options o = options ? *options : (tp_datasets_options){.folder = NULL};
    tp_error local = {.status = TP_OK};
    tp_dataset *set = NULL;
    tp_tensor *images = read_part(&o, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", &local);
    tp_tensor *labels =
        images ? read_part(&o, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", &local) : NULL;
    if (labels && check_fashion(images, labels, &local) == TP_OK) {
        tp_tensor *shaped = tp_tensor_reshape(images, TP_DIMS(images->dims[0], 1, SIDE, SIDE), &local);
        if (shaped) set = tp_dataset_from_tensors(2, (tp_tensor *[]){shaped, labels}, &local);
        tp_tensor_release(shaped);
    }
    tp_tensor_release(images);
    tp_tensor_release(labels);
    if (!set) missing("tp_fashion_mnist", "dataset-fashion-mnist", &local, error);
    return set;
}

/* ---- scikit-learn's tables ---- */

static tp_dataset *read_table(const char *name, const char *file, const tp_table_form *form,
                              const tp_datasets_options *options, tp_error *error)
{
    const tp_datasets_options o = options ? *options : (tp_datasets_options){.folder = NULL};
    const char *folder = o.folder ? o.folder : "/usr/lib/python3/dist-packages/sklearn/datasets/data";
    tp_error local = {.status = TP_OK};
    tp_tensor *inputs = NULL, *labels = NULL;
    tp_dataset *set = NULL;
    char path[PATH_ROOM];
    if (!tp_dtype_is_float(o.dtype))
        tp_fail(&local, TP_E_DTYPE, "the inputs' dtype is %s, not f32 or f64", tp_dtype_name(o.dtype));
    else if (path_of(path, folder, file, &local) == TP_OK &&
             tp_table_read(path, form, o.dtype, o.memory, &inputs, &labels, &local) == TP_OK)
        set = tp_dataset_from_tensors(2, (tp_tensor *[]){inputs, labels}, &local);
    tp_tensor_release(inputs);
    tp_tensor_release(labels);
    if (!set) missing(name, "python3-sklearn", &local, error);
    return set;
}

tp_dataset *tp_digits(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_digits", "digits.csv.gz", &(tp_table_form){.features = 64, .classes = 10}, options, error);
}

tp_dataset *tp_iris(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_iris", "iris.csv", &(tp_table_form){.header = true, .features = 4, .classes = 3}, options,
                      error);
}

tp_dataset *tp_wine(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_wine", "wine_data.csv", &(tp_table_form){.header = true, .features = 13, .classes = 3},
                      options, error);
}

tp_dataset *tp_breast_cancer(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_breast_cancer", "breast_cancer.csv",
                      &(tp_table_form){.header = true, .features = 30, .classes = 2}, options, error);
}

/* ---- names of classes ---- */

static const char *name_of(const char *const *names, int64_t n, int64_t label)
{
    return label >= 0 && label < n ? names[label] : "";
}

const char *tp_fashion_mnist_class(int64_t label)
{
    static const char *const names[] = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                        "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    return name_of(names, CLASSES, label);
}

const char *tp_iris_class(int64_t label)
{
    static const char *const names[] = {"setosa", "versicolor", "virginica"};
    return name_of(names, 3, label);
}

const char *tp_breast_cancer_class(int64_t label)
{
    static const char *const names[] = {"malignant", "benign"};
    return name_of(names, 2, label);
}
