/* Iris (150 flowers, four measures, three species): logistic regression and a small perceptron.
   usage: iris [folder of the data set] */
#include <math.h>
#include <stdio.h>

#include "lib_train.h"

enum { CLASSES = 3 };
static const double goal = 0.93; /* of both */

int main(int count, char **arguments)
{
    tp_error error = {TP_OK, ""};
    train_data data;
    tp_dataset *set = tp_iris(&(tp_datasets_options){.folder = count > 1 ? arguments[1] : NULL}, &error);
    if (!set && error.status == TP_E_IO) {
        printf("iris: nothing to learn from (python3-sklearn brings the file): %s\n", error.message);
        return 0;
    }
    if (!set) fprintf(stderr, "iris: %s\n", error.message);
    if (!train_cut(set, CLASSES, &data)) return 1;
    printf("%lld flowers to learn from, %lld to test with\n", (long long)tp_dataset_count(data.train),
           (long long)tp_dataset_count(data.test));
    tp_rng rng = tp_rng_seed(3);
    const tp_layer_options layers = {.rng = &rng};
    tp_confusion *confusion = tp_confusion_new(CLASSES, NULL, &error);
    const double logistic = train_and_test(&data, tp_linear_layer(data.features, CLASSES, &layers, &error),
                                           &(train_plan){"logistic regression", 60, 16, 0.05, 0.01}, confusion);
    const double perceptron =
        train_and_test(&data, tp_mlp(TP_DIMS(data.features, 16, CLASSES), tp_tanh, &layers, &error),
                       &(train_plan){"perceptron", 60, 16, 0.02, 0.01}, confusion);
    printf("logistic regression %5.2f %% of the test flowers right\n", 100 * logistic);
    printf("4-16-3 network      %5.2f %%\n\n", 100 * perceptron);
    const char *names[CLASSES];
    for (int i = 0; i < CLASSES; i++) names[i] = tp_iris_class(i);
    tp_confusion_print(confusion, names, stdout);
    tp_confusion_free(confusion);
    train_free(&data);
    if (logistic >= goal && perceptron >= goal) return 0;
    fprintf(stderr, "iris: fewer than %g %% of the test flowers are right\n", 100 * goal);
    return 1;
}
