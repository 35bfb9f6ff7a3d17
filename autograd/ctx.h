/* One call of an op, inside the engine. */
#ifndef TAPIR_AUTOGRAD_CTX_H
#define TAPIR_AUTOGRAD_CTX_H

#include "autograd/leaf.h"
#include "autograd/tape.h"

#define TP_MAX_RESULTS 8
#define TP_MAX_SAVED 8
#define TP_SCALAR_VIEWS 3

typedef enum tp_phase { TP_IN_SHAPE, TP_IN_FORWARD, TP_IN_NUMBERS, TP_IN_RECORDED, TP_IN_PATTERN } tp_phase;

/* A gradient that a numeric rule writes beside a slot that already holds one; added when the rule is done. */
typedef struct tp_pending {
    struct tp_pending *next;
    int operand;
    tp_tensor *tensor;
} tp_pending;

typedef struct tp_pattern tp_pattern;

struct tp_ctx {
    tp_tape *tape;
    const tp_op *op;
    const char *called; /* what messages name in place of the op, where several functions record it */
    tp_phase phase;
    uint32_t node;  /* TP_NO_NODE before it is on the tape */
    uint32_t count; /* of operands */
    const uint32_t *inputs;
    uint32_t few[3];
    const void *attributes;
    void *saved;
    int results;
    tp_tensor *result[TP_MAX_RESULTS]; /* while the shape is being found; NULL for a scalar */
    int saved_count;
    tp_tensor *saved_tensor[TP_MAX_SAVED];
    tp_pending *pending;
    tp_tensor *copies;   /* dense ones of operands, until the closure ends */
    tp_pattern *pattern; /* in a pattern closure */
    double numbers[TP_SCALAR_VIEWS + TP_MAX_RESULTS];
    tp_tensor views[TP_SCALAR_VIEWS + TP_MAX_RESULTS]; /* scalars seen as tensors: inputs, then outputs */
};

/* The call that node `node` is, for its closures. */
void tp_ctx_of_node(tp_ctx *ctx, tp_tape *tape, uint32_t node, tp_phase phase);

/* After a closure: gives back what it took for its own time. */
void tp_ctx_done(tp_ctx *ctx);

static inline int tp_result_count(const tp_op *op)
{
    return op->results > 1 ? op->results : 1;
}

/* Appends a node for `op` on checked operands; the handles of its results go to `results`. */
tp_status tp_record(tp_tape *tape, const tp_op *op, const uint32_t *inputs, uint32_t n, const void *attributes,
                    tp_var *results);
/* The same for engine code that has handles already checked and wants one result. */
tp_var tp_record1(tp_tape *tape, const tp_op *op, uint32_t input, const void *attributes);
tp_var tp_record2(tp_tape *tape, const tp_op *op, uint32_t a, uint32_t b, const void *attributes);

#endif
