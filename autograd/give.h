/* Where gradients add up. The engine alone casts, sums over broadcast dims and accumulates. */
#ifndef TAPIR_AUTOGRAD_GIVE_H
#define TAPIR_AUTOGRAD_GIVE_H

#include "autograd/ctx.h"

/* Walk in numbers: adds a tensor or a number to the slot of a node, fitted to the node's dtype and shape. The caller
   keeps its reference to `g`. */
tp_status tp_slot_add(tp_tape *tape, uint32_t node, tp_tensor *g);
tp_status tp_slot_add_number(tp_tape *tape, uint32_t node, double g);
/* Where the gradient of a node with a tensor is to be written, or added when *accumulate comes back true: dense, the
   node's dtype and dims. The slot holds it. NULL after setting the error. */
tp_tensor *tp_slot_destination(tp_tape *tape, uint32_t node, bool *accumulate);
/* After a numeric rule: adds what it wrote beside occupied slots. */
tp_status tp_flush_pending(tp_ctx *ctx);

/* Recorded walk: adds the node of a gradient to the slot; and the slot's sum so far as one node, or
   a poisoned handle. */
tp_status tp_slot_record(tp_tape *tape, uint32_t node, tp_var g);
tp_var tp_slot_gradient(tp_tape *tape, uint32_t node);

/* The engine's own ops. */
tp_var tp_accumulate(tp_tape *tape, tp_var a, tp_var b);
tp_var tp_fit_gradient(tp_tape *tape, tp_var g,
                       uint32_t like);    /* g cast and summed, or spread, to the node's dtype and shape */
tp_var tp_alias(tp_tape *tape, tp_var x); /* a node of its own with x's value, differentiable whatever x is */
tp_var tp_assemble(tp_tape *tape, uint32_t like, uint32_t parts); /* the parts of a gradient put together */

/* Every element that the region reaches lies inside a dense tensor of so many. */
bool tp_region_inside(const tp_region *region, int64_t count);

/* A tensor of n parts; inputs and regions are on the tape's stack, in the order in which they are added up. */
tp_var tp_put_together(tp_tape *tape, tp_dtype dtype, const tp_shape *shape, uint32_t n, const uint32_t *inputs,
                       const tp_region **regions);

/* The axes of a gradient that must be summed to get `shape`; false when summing does not. */
bool tp_fit_axes(int rank, const int64_t *dims, const tp_shape *shape, unsigned *mask);
/* Fails: g has a shape that does not fit the node. */
tp_status tp_misfit(tp_tape *tape, uint32_t node, const tp_tensor *g);
/* out = g fitted to out's dtype and shape, where `out` is dense; false when the shapes cannot fit. */
bool tp_fit_numbers(const tp_tape *tape, const tp_tensor *g, tp_tensor *out);

#endif
