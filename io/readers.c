/* Data sets in files of Debian's packages: Fashion-MNIST in IDX, scikit-learn's tables in CSV. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

#include <tapir/io_idx.h>
#include <tapir/io_csv.h>
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

/* ---- scikit-learn's tables ----

   A line an item: features, then the class. Before them stands, in most, a line that is no header in the usual sense.
 */

typedef struct table_form {
    size_t skip;
    int64_t items;
    int features, classes;
} table_form;

static tp_status check_table(const tp_csv *csv, const table_form *form, const char *path, tp_error *error)
{
    if (tp_csv_rows(csv) != form->items || tp_csv_columns(csv) != form->features + 1)
        return tp_fail(error, TP_E_FORMAT, "%" PRId64 " rows of %d numbers, not %" PRId64 " of %d: %.300s",
                       tp_csv_rows(csv), tp_csv_columns(csv), form->items, form->features + 1, path);
    for (int k = 0; k <= form->features; k++)
        if (tp_csv_missing(csv, k) > 0)
            return tp_fail(error, TP_E_FORMAT, "a number is missing in column %d: %.300s", k + 1, path);
    return TP_OK;
}

/* All columns but the last, in the dtype; the last, as classes. */
static tp_status take_apart(const tp_tensor *numbers, const table_form *form, tp_tensor *inputs, tp_tensor *labels,
                            const char *path, tp_error *error)
{
    const double *at = tp_tensor_read(numbers);
    const tp_dtype dtype = (tp_dtype)inputs->dtype;
    char *to = tp_tensor_data(inputs);
    unsigned char *label = tp_tensor_data(labels);
    for (int64_t i = 0; i < form->items; i++, at++) {
        for (int k = 0; k < form->features; k++, to += tp_dtype_size(dtype)) tp_put(dtype, to, *at++);
        if (!(*at >= 0 && *at < form->classes) || (double)(int)*at != *at)
            return tp_fail(error, TP_E_FORMAT, "row %" PRId64 " is of class %g, of %d: %.300s", i + 1, *at,
                           form->classes, path);
        label[i] = (unsigned char)*at;
    }
    return TP_OK;
}

static tp_dataset *set_of_table(const char *path, const table_form *form, const tp_datasets_options *o, tp_error *error)
{
    tp_csv *csv =
        tp_read_csv(path, &(tp_csv_options){.memory = o->memory, .no_header = true, .skip = form->skip}, error);
    tp_tensor *numbers = NULL, *inputs = NULL, *labels = NULL;
    tp_dataset *set = NULL;
    if (csv && check_table(csv, form, path, error) == TP_OK) numbers = tp_csv_numbers(csv, 0, NULL, error);
    if (numbers && numbers->dims[1] != form->features + 1) {
        tp_fail(error, TP_E_FORMAT, "a column is text: %.300s", path);
        tp_tensor_release(numbers);
        numbers = NULL;
    }
    if (numbers) inputs = tp_tensor_make(o->memory, o->dtype, TP_DIMS(form->items, form->features), NULL, error);
    if (inputs) labels = tp_tensor_make(o->memory, TP_U8, TP_DIMS(form->items), NULL, error);
    if (labels && take_apart(numbers, form, inputs, labels, path, error) == TP_OK)
        set = tp_dataset_from_tensors(2, (tp_tensor *[]){inputs, labels}, error);
    tp_tensor_release(inputs);
    tp_tensor_release(labels);
    tp_tensor_release(numbers);
    tp_csv_free(csv);
    return set;
}

static tp_dataset *read_table(const char *name, const char *file, const table_form *form,
                              const tp_datasets_options *options, tp_error *error)
{
    const tp_datasets_options o = options ? *options : (tp_datasets_options){.folder = NULL};
    const char *folder = o.folder ? o.folder : "/usr/lib/python3/dist-packages/sklearn/datasets/data";
    tp_error local = {.status = TP_OK};
    tp_dataset *set = NULL;
    char path[PATH_ROOM];
    if (!tp_dtype_is_float(o.dtype))
        tp_fail(&local, TP_E_DTYPE, "the inputs' dtype is %s, not f32 or f64", tp_dtype_name(o.dtype));
    else if (path_of(path, folder, file, &local) == TP_OK)
        set = set_of_table(path, form, &o, &local);
    if (!set) missing(name, "python3-sklearn", &local, error);
    return set;
}

tp_dataset *tp_digits(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_digits", "digits.csv.gz", &(table_form){0, 1797, 64, 10}, options, error);
}

tp_dataset *tp_iris(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_iris", "iris.csv", &(table_form){1, 150, 4, 3}, options, error);
}

tp_dataset *tp_wine(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_wine", "wine_data.csv", &(table_form){1, 178, 13, 3}, options, error);
}

tp_dataset *tp_breast_cancer(const tp_datasets_options *options, tp_error *error)
{
    return read_table("tp_breast_cancer", "breast_cancer.csv", &(table_form){1, 569, 30, 2}, options, error);
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
