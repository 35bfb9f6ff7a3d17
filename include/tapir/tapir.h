/* All of Tapir. */
#ifndef TAPIR_H
#define TAPIR_H

#include <tapir/base.h>
#include <tapir/checkpoint.h>
#include <tapir/derive.h>
#include <tapir/draw.h>
#include <tapir/function.h>
#include <tapir/hooks.h>
#include <tapir/implicit.h>
#include <tapir/io.h>
#include <tapir/map.h>
#include <tapir/minimize.h>
#include <tapir/nn.h>
#include <tapir/objective.h>
#include <tapir/op.h>
#include <tapir/ops.h>
#include <tapir/optim.h>
#include <tapir/plot.h>
#include <tapir/random.h>
#include <tapir/sparse.h>
#include <tapir/tape.h>
#include <tapir/tensor.h>
#include <tapir/train.h>

#ifdef TP_TRACE
#include <tapir/trace.h>
#endif

#endif
