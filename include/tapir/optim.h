/* Optimisers: what changes parameters by their gradients, and what goes with them. The arithmetic and its order are
   PyTorch's. */
#ifndef TAPIR_OPTIM_H
#define TAPIR_OPTIM_H

#include <tapir/optim_average.h>
#include <tapir/optim_common.h>
#include <tapir/optim_gradients.h>
#include <tapir/optim_lbfgs.h>
#include <tapir/optim_rules.h>
#include <tapir/optim_schedule.h>
#include <tapir/optim_stopping.h>

#endif
