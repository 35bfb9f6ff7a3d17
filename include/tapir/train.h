/* Training: the loop, metrics, history, snapshots. */
#ifndef TAPIR_TRAIN_H
#define TAPIR_TRAIN_H

#include <tapir/train_fit.h>
#include <tapir/train_history.h>
#include <tapir/train_metrics.h>
#include <tapir/train_snapshot.h>

#endif
