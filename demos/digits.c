/* Handwritten digits (1,797 images of 8×8): logistic regression and a multilayer perceptron, and what the latter takes
   for what.  usage: digits [folder of the data set] */
#include <math.h>
#include <stdio.h>

#include "lib_train.h"

enum { CLASSES = 10 };
static const double goal = 0.965; /* of the perceptron */

int main(int count, char **arguments)
{
    tp_error error = {TP_OK, ""};
    train_data data;
    tp_dataset *set = tp_digits(&(tp_datasets_options){.folder = count > 1 ? arguments[1] : NULL}, &error);
    if (!set && error.status == TP_E_IO) {
        printf("digits: nothing to learn from (python3-sklearn brings the file): %s\n", error.message);
        return 0;
    }
    if (!set) fprintf(stderr, "digits: %s\n", error.message);
    if (!train_cut(set, CLASSES, &data)) return 1;
    printf("%lld images to learn from, %lld to test with\n", (long long)tp_dataset_count(data.train),
           (long long)tp_dataset_count(data.test));
    tp_rng rng = tp_rng_seed(3);
    const tp_layer_options layers = {.rng = &rng};
    tp_confusion *confusion = tp_confusion_new(CLASSES, NULL, &error);
    const double logistic = train_and_test(&data, tp_linear_layer(data.features, CLASSES, &layers, &error),
                                           &(train_plan){"logistic regression", 40, 32, 0.01, 0.01}, confusion);
    const double perceptron =
        train_and_test(&data, tp_mlp(TP_DIMS(data.features, 128, 64, CLASSES), tp_relu, &layers, &error),
                       &(train_plan){"perceptron", 40, 32, 0.003, 0.05}, confusion);
    printf("logistic regression  %5.2f %% of the test images right\n", 100 * logistic);
    printf("64-128-64-10 network %5.2f %%, macro F1 %.4f\n\n", 100 * perceptron, tp_confusion_f1(confusion, TP_MACRO));
    tp_confusion_print(confusion, NULL, stdout);
    tp_confusion_free(confusion);
    train_free(&data);
    if (perceptron >= goal) return 0;
    fprintf(stderr, "digits: fewer than %g %% of the test images are right\n", 100 * goal);
    return 1;
}
