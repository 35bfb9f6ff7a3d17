/* Which inputs what is recorded depends on, element by element. */
#ifndef TAPIR_AUTOGRAD_PATTERN_H
#define TAPIR_AUTOGRAD_PATTERN_H

#include "autograd/colouring.h"
#include "autograd/ctx.h"
#include "autograd/sets.h"

/* A sweep from x to y. A slot a node: of a scalar the number of its set, of a tensor an f64 tensor of its dims (with
   any strides) that holds the numbers of its elements' sets; all bits zero means that it depends on nothing. */
struct tp_pattern {
    tp_tape *tape;
    tp_sets sets;
    uint32_t first, last; /* the nodes that it visits */
    tp_slot *found;
    uint32_t *last_use; /* the last node that asks for it; 0: none does, TP_NO_NODE: it stays */
    tp_tensor *work;    /* what a closure has taken up */
};

static inline tp_slot *tp_pattern_of(const tp_pattern *p, uint32_t node)
{
    return &p->found[node - p->first];
}

/* Whether operand k brings anything in. */
bool tp_pattern_has(const tp_ctx *ctx, uint32_t k);
/* What a node holds as a tensor, with a reference; of a scalar of rank 0. NULL when out of memory. */
tp_tensor *tp_pattern_tensor(const tp_pattern *p, uint32_t node);
/* Adds what `ids` holds, stretched as broadcasting does, to node `to`. */
tp_status tp_pattern_add(tp_pattern *p, uint32_t to, tp_tensor *ids);
/* What a tensor node holds as a dense tensor of its own, to be written to; NULL when out of memory, or when nobody asks
   for it. */
tp_tensor *tp_pattern_own(tp_pattern *p, uint32_t node);
/* A dense copy of any view. */
tp_tensor *tp_pattern_dense(tp_tape *tape, const tp_tensor *x, int rank, const int64_t *dims, const int64_t *strides);

/* Every result on every element of operand k. */
tp_status tp_pattern_all_of(tp_ctx *ctx, uint32_t k);

/* The pattern of y by x; it lies in the memory given. */
tp_status tp_pattern_find(tp_tape *tape, const tp_var *y, int m, const tp_var *x, int n, tp_chunks *memory,
                          tp_rows *rows);
/* How many numbers the nodes hold; -1 when that overflows. */
int64_t tp_elements_in(const tp_var *x, int n);

#endif
