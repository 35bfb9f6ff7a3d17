/* A program over elements. Registers hold a block of elements each: the operands first, then the constants, then what
   the steps compute, in their order. A register is computed from lower ones only. */
#ifndef TAPIR_OPS_MAP_H
#define TAPIR_OPS_MAP_H

#include "ops/ops.h"

#define TP_NO_SLOT UINT32_MAX

enum { TP_MAP_USES_RESULT = 1 << TP_ROW_OPERANDS };

typedef struct tp_map_step {
    const tp_op *op; /* a row */
    uint32_t x[TP_ROW_OPERANDS];
    uint32_t slot;                 /* block for the value while there is use for it; TP_NO_SLOT: it is a result */
    bool cut;                      /* no gradient passes: recorded where none were to be */
    uint8_t uses[TP_ROW_OPERANDS]; /* what the slope by each operand names: bit j, operand j; TP_MAP_USES_RESULT */
    double numbers[TP_MAX_NUMBERS];
    float narrow[TP_MAX_NUMBERS];
} tp_map_step;

/* One piece of memory: the arrays lie behind the struct. */
typedef struct tp_map_program {
    size_t bytes;
    int n, m; /* operands and results */
    uint32_t constants, steps, slots;
    tp_dtype dtype;
    tp_shape shape; /* of the operands together */
    int64_t count;
    double *constant;
    tp_map_step *step;
    uint32_t *result; /* m registers */
    uint32_t *twin;   /* of each operand: the first that is the same node */
} tp_map_program;

static inline uint32_t tp_map_registers(const tp_map_program *p)
{
    return (uint32_t)p->n + p->constants + p->steps;
}

static inline uint32_t tp_map_first_step(const tp_map_program *p)
{
    return (uint32_t)p->n + p->constants;
}

/* The closures (map_run.c, map_back.c). */
tp_status tp_map_forward(tp_ctx *ctx);
tp_status tp_map_gradient(tp_ctx *ctx, const tp_tensor *g);
size_t tp_map_workspace(tp_ctx *ctx);

#endif
