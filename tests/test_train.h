/* What the tests of training share: a small run with everything in it that a snapshot has to hold. */
#ifndef TAPIR_TESTS_TEST_TRAIN_H
#define TAPIR_TESTS_TEST_TRAIN_H

#include <tapir/nn.h>
#include <tapir/train.h>

#include "tests/helpers.h"
#include "tests/test_files.h"

TCase *train_metrics_case(void);
TCase *train_history_case(void);
TCase *train_fit_case(void);
TCase *train_snapshot_case(void);
TCase *train_resume_case(void);

/* Images (1,4,4) of three classes, padded, cropped and flipped at random, shuffled, in three batches of 8, 8 and 6; a
   convolution, batch norm, dropout; Adam under a cosine schedule by steps. */
enum { RIG_BATCHES = 3, RIG_PATH = FILES_PATH + 64 };
typedef struct rig {
    tp_dataset *sets[2];
    tp_transform *transforms[2];
    tp_loader *loader, *validation;
    tp_module *net;
    tp_optim *adam;
    tp_schedule *cosine;
    tp_top_k top;
    tp_metric metric;
    tp_fit_options o; /* two epochs, validation, accuracy; silent */
} rig;
void rig_make(rig *r);
void rig_free(rig *r);
/* Runs; the test fails when that fails. */
tp_fit_result rig_fit(rig *r);
/* Weights, running statistics and the optimiser's state are the same, bit for bit. */
void expect_same_rigs(const rig *a, const rig *b);

#endif
