/* Neural networks: modules with named parameters, layers, initialisers. */
#ifndef TAPIR_NN_H
#define TAPIR_NN_H

#include <tapir/nn_activation.h>
#include <tapir/nn_attention.h>
#include <tapir/nn_conv.h>
#include <tapir/nn_init.h>
#include <tapir/nn_layers.h>
#include <tapir/nn_module.h>
#include <tapir/nn_norm.h>
#include <tapir/nn_recurrent.h>
#include <tapir/nn_state.h>
#include <tapir/nn_summary.h>

#endif
