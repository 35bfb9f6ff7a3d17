/* What runs a program over elements, a block at a time. */
#ifndef TAPIR_OPS_MAP_RUN_H
#define TAPIR_OPS_MAP_RUN_H

#include "ops/map.h"

/* Where an operand's gradient goes. */
typedef enum tp_map_way {
    NOWHERE,
    STRAIGHT, /* it has the shape of all together: into its gradient's memory */
    PART,     /* it is a slice of another: added at its place in that one's gradient */
    SPREAD,   /* it is broadcast along some axes: into memory of its own, summed at the end */
    SUMMED    /* it is one number */
} tp_map_way;

/* An operand: where its elements are, and where its gradient goes. */
typedef struct tp_map_port {
    tp_operand operand;
    int64_t strides[TP_MAX_RANK];
    bool single; /* one number: its block is filled once */
    tp_map_way way;
    bool adds;       /* what is there stays */
    tp_tensor *grad; /* STRAIGHT, SPREAD; of PART, the other one's */
    int64_t offset;  /* PART: where it begins there, in elements */
    double sum;      /* SUMMED */
} tp_map_port;

typedef struct tp_map_machine {
    tp_ctx *ctx;
    const tp_map_program *p;
    const tp_float_loops *loops;
    size_t size;
    int64_t block;         /* elements */
    tp_tensor *room;       /* what follows lies in it */
    tp_map_port *port;     /* of each operand */
    tp_map_port *upstream; /* of each result */
    const void **value;    /* of each register: its block */
    const void **slope;    /* ... and its adjoint's; NULL: none has arrived */
    bool *wants;           /* whether a gradient is to arrive at the register */
    bool *again;           /* whether a walk back computes it again */
    char *own;             /* blocks: operands and constants, then values of steps */
    char *slope_own;       /* ... and adjoints, one a register; behind them one to add from, one of ones, upstreams */
} tp_map_machine;

static inline char *tp_map_block(const tp_map_machine *m, char *base, size_t i)
{
    return base + i * ((((size_t)m->block * m->size) + 63) & ~(size_t)63);
}

/* Bytes of the room that a run takes, and the elements of its blocks. */
size_t tp_map_room(const tp_map_program *p, bool back, int64_t *block);
/* Takes the room and fills what is the same for all blocks; tp_map_close gives it back in any case. */
tp_status tp_map_open(tp_map_machine *m, tp_ctx *ctx, bool back);
void tp_map_close(tp_map_machine *m);
/* Where the elements of x, or of the last `rank` of its dims, are along the common shape. */
void tp_map_connect(const tp_map_machine *m, tp_map_port *to, const tp_tensor *x, const char *data,
                    const int64_t *strides, int rank);
/* n elements of a port from `start` on, where they are or at `at`; and all operands'. */
const void *tp_map_pack(const tp_map_machine *m, const tp_map_port *from, int64_t start, int64_t n, void *at);
void tp_map_load(tp_map_machine *m, int64_t start, int64_t n);
/* Step i's value into `out`; one of its slopes, for the upstream g, by a loop of its row. */
void tp_map_value(const tp_map_machine *m, uint32_t i, int64_t n, void *out);
void tp_map_slope(const tp_map_machine *m, uint32_t i, tp_loop *loop, int64_t n, void *out);

#endif
