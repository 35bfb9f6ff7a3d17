/* Units: what the drawing of a module shows as one box or one gate, and which node of the tape belongs to which. */
#ifndef TAPIR_DRAW_MODULE_H
#define TAPIR_DRAW_MODULE_H

#include "autograd/tape.h"
#include "draw/diagram.h"
#include "nn/module.h"

enum { NO_UNIT = -1, ROOT_FRAME = 0 };

/* A module below the one that is drawn. */
typedef struct piece {
    tp_module *module;
    int parent;      /* part; of the first, the whole, -1 */
    bool whole;      /* shown as one box: it has no children, or is a layer made of others */
    bool shown;      /* in a box already */
    int64_t numbers; /* parameters of it and all below */
} piece;

/* Which part a parameter or buffer belongs to. */
typedef struct holding {
    const tp_tensor *tensor;
    const char *name;
    int part;
} holding;

/* A box (of a part), a gate (an op outside of those), or an input. */
typedef struct unit {
    int part;      /* -1: none; of a parameter that comes in, who holds it */
    int scope;     /* of the part, on the tape; -1: none */
    int frame;     /* index of the frame's place: see place */
    uint32_t node; /* whose value it hands on; the op of a gate */
    bool input;
} unit;

/* A call of a container: a frame around what it holds. */
typedef struct place {
    int part, parent; /* place; 0 is the outermost, without a frame */
    uint32_t scope;
    int number; /* of the frame in the diagram */
} place;

typedef struct flow {
    int from, to; /* units */
} flow;

typedef struct plan {
    const tp_tape *tape;
    uint32_t root;
    store *store;
    piece *parts;
    int part_count;
    holding *holdings;
    int holding_count;
    int *unit_of; /* of each node of the tape: its unit, NO_UNIT, or -2 for a node that root does not depend on */
    unit *units;
    int unit_count;
    place *places;
    int place_count;
    flow *flows;
    int flow_count;
} plan;

/* Fills in everything; false when out of memory, and with `*large` set for more than `most` units. */
bool plan_make(plan *p, tp_module *module, tp_var root, store *s, int most, bool *large);
/* What holds the tensor of a leaf; NULL: none. */
const holding *plan_holding(const plan *p, uint32_t node);
/* The path of a part below another (-1: the whole), "" for itself. */
const char *plan_path(const plan *p, int part, int below, char path[TP_MODULE_PATH]);

#endif
