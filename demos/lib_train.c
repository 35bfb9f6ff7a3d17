/* A tp_fit with the options that small data sets want. */
#include "lib_train.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

bool train_cut(tp_dataset *set, int64_t classes, train_data *data)
{
    tp_error error = {TP_OK, ""};
    tp_dataset *parts[2] = {NULL, NULL};
    tp_transform *normalise = NULL;
    *data = (train_data){.classes = classes};
    if (set && tp_dataset_split(set, 2, (const double[]){0.8, 0.2},
                                &(tp_split_options){.seed = 1, .stratified = true, .label = 1}, parts, &error) == TP_OK)
        normalise = tp_dataset_fit_normalise(parts[0], 0, true, &error);
    if (normalise) {
        data->features = tp_dataset_field(set, 0)->dims[0];
        data->train = tp_dataset_map(parts[0], 0, normalise, &error);
        data->test = tp_dataset_map(parts[1], 0, normalise, &error);
    }
    tp_transform_release(normalise);
    tp_dataset_release(parts[0]);
    tp_dataset_release(parts[1]);
    tp_dataset_release(set);
    if (data->train && data->test) return true;
    fprintf(stderr, "%s\n", error.message);
    train_free(data);
    return false;
}

void train_free(train_data *data)
{
    tp_dataset_release(data->train);
    tp_dataset_release(data->test);
}

double train_and_test(const train_data *data, tp_module *net, const train_plan *plan, tp_confusion *confusion)
{
    tp_error error = {TP_OK, ""};
    double accuracy = (double)NAN;
    tp_tensor *parameters[16];
    const size_t n = tp_module_parameters(net, parameters, 16);
    tp_loader *train =
        tp_loader_new(data->train, &(tp_loader_options){.batch = plan->batch, .shuffle = true, .seed = 2}, &error);
    tp_loader *test = tp_loader_new(data->test, &(tp_loader_options){.batch = 64}, &error);
    tp_optim *adamw = tp_adamw(&(tp_adamw_options){.rate = plan->rate, .weight_decay = plan->weight_decay}, &error);
    if (net && train && test && adamw && tp_optim_add_all(adamw, parameters, n, &error) == TP_OK) {
        tp_schedule *cosine = tp_cosine_schedule(adamw, &(tp_cosine_schedule_options){.period = plan->epochs}, &error);
        const tp_metric metric = tp_metric_accuracy("accuracy", confusion);
        const tp_feed test_feed = tp_feed_loader(test);
        const tp_fit_options o = {.module = net,
                                  .loss = tp_cross_entropy,
                                  .optim = adamw,
                                  .schedule = cosine,
                                  .data = tp_feed_loader(train),
                                  .epochs = plan->epochs,
                                  .replay = true,
                                  .metrics = &metric,
                                  .metric_count = 1,
                                  .out = isatty(STDOUT_FILENO) ? stdout : NULL};
        if (tp_fit(&o, NULL, &error) == TP_OK && tp_evaluate(&o, &test_feed, NULL, &error) == TP_OK)
            accuracy = tp_confusion_accuracy(confusion);
        tp_schedule_free(cosine);
    }
    if (isnan(accuracy)) fprintf(stderr, "%s: %s\n", plan->name, error.message);
    tp_optim_free(adamw);
    tp_loader_free(train);
    tp_loader_free(test);
    tp_module_free(net);
    return accuracy;
}
