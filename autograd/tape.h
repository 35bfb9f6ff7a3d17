/* The inside of the tape: nodes, adjoint slots, what they own, and the checks of a handle.
   Invariants: operands have smaller numbers than their node, so the order of the array is topological; no pointer to a
   node is held across an append; every tensor on the tape is owned by exactly one entry of `owned` or `leaves`, plus
   the slots that refer to it. */
#ifndef TAPIR_AUTOGRAD_TAPE_H
#define TAPIR_AUTOGRAD_TAPE_H

#include <tapir/hooks.h>
#include <tapir/op.h>

#include "core/pool.h"
#include "core/chunks.h"
#include "kernels/kernels.h"

#define TP_NO_NODE UINT32_MAX    /* no node */
#define TP_NODE_BITS 0x3fffffffu /* a node's number; the two bits above hold flags */
#define TP_NODE_LIMIT (1u << 30)
#define TP_IS_TENSOR 0x80000000u /* in a: the value is a tensor */
#define TP_NEEDS 0x40000000u     /* in a: a gradient can arrive here */
#define TP_RETAINS 0x40000000u   /* in b: the gradient is kept after the walk */

typedef struct tp_node {
    const tp_op *op;
    union {
        double number;
        tp_tensor *tensor;
    } value;
    uint32_t a, b; /* operands; of a leaf, b is its place in `leaves` */
    union {
        double number;          /* of a row with a plain number */
        const double *numbers;  /* of a row with several; on the tape's stack */
        uint32_t third;         /* operand of a row with three */
        struct tp_extra *block; /* NULL if there is nothing more to say */
    } extra;
} tp_node;
_Static_assert(sizeof(tp_node) == 32, "a node is 32 bytes");

/* What does not fit into a node. */
typedef struct tp_extra {
    uint32_t count; /* of operands, where they are not one or two */
    uint32_t *inputs;
    void *attributes, *saved;
} tp_extra;

/* An adjoint: all bits zero means absent. */
typedef union tp_slot {
    double number;
    tp_tensor *tensor; /* the slot holds a reference */
    struct {
        uint32_t node;    /* in a recorded walk: the node of the gradient, plus one */
        uint32_t regions; /* ... and the latest of its parts still to be put together, plus one */
    } recorded;
    uint64_t bits;
} tp_slot;
_Static_assert(sizeof(tp_slot) == 8, "a slot is 8 bytes");

typedef struct tp_owned {
    uint32_t node;
    tp_tensor *tensor;
} tp_owned;

typedef struct tp_leaf_entry {
    uint32_t node;
    bool is_param;
    bool touched; /* the walk that is running has written to the parameter's gradient */
    bool waits;   /* ... adds to it at its end, and until then keeps the parameter's adjoint in the slot */
    tp_tensor *tensor;
    tp_tensor *private_grad; /* with the option private_grads */
    uint64_t version;        /* of the storage when it was put on the tape */
} tp_leaf_entry;

/* A run of nodes that were made in the same epoch: from `first` to the next segment. */
typedef struct tp_segment {
    uint32_t first, epoch;
} tp_segment;

#define TP_NAME_LENGTH 48

typedef struct tp_name_entry {
    uint32_t node;
    char name[TP_NAME_LENGTH];
} tp_name_entry;

typedef struct tp_hook_entry {
    uint32_t node;
    tp_gradient_hook fn;
    void *user;
} tp_hook_entry;

/* Nodes from `first` on were recorded here. */
typedef struct tp_source_entry {
    uint32_t first;
    int line;
    const char *file;
} tp_source_entry;

/* Nodes first .. end - 1 were recorded for `owner`: see autograd/scope.h. */
typedef struct tp_scope {
    uint32_t first, end;
    const void *owner;
} tp_scope;

/* A gradient of part of an operand, in a recorded walk. */
typedef struct tp_part {
    uint32_t next; /* the part before it, plus one */
    uint32_t gradient;
    const tp_region *region;
} tp_part;

/* What a segment uses from outside: a node, or a parameter that it takes itself. */
typedef struct tp_capture {
    uint32_t node;
    tp_tensor *tensor; /* the parameter, by a reference; NULL: the node */
    uint64_t version;
    char name[TP_NAME_LENGTH];
} tp_capture;

/* What a replay that advances has changed beside values: a tensor outside the tape, or a node's generator. */
typedef struct tp_undo {
    tp_tensor *tensor, *old; /* a reference, and a copy of its elements */
    tp_rng *kept;
    tp_rng was;
} tp_undo;

/* Why forward closures run. */
typedef enum tp_rerun {
    TP_RECORDS = 0, /* for the first time */
    TP_REPEATS,     /* again: nothing outside the tape is updated, draws are repeated */
    TP_ADVANCES     /* for the next step */
} tp_rerun;

/* The most that was, before it last became less: see tp_note_peaks. */
typedef struct tp_peaks {
    uint32_t nodes, slots;
    size_t value, gradient, scratch;
} tp_peaks;

#define TP_ARRAY(type)                                                                                                 \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        uint32_t count, capacity;                                                                                      \
    }

struct tp_tape {
    tp_node *nodes;
    uint32_t count, capacity; /* nodes up to `capacity` may be appended without asking */
    uint32_t epoch;
    uint32_t grad_mask; /* TP_NEEDS, or 0 while gradients are off */
    tp_slot *slots;
    uint32_t slot_capacity;
    uint32_t calling;   /* shape or forward closures that are running */
    uint32_t functions; /* functions of the user's that are being differentiated */
    uint32_t guarded;   /* nodes below it belong to who called the innermost of them */
    uint32_t slotted;   /* slots that the latest walk made absent at its start */
    uint32_t walked;    /* slots below it hold what the latest walk left */
    uint32_t reserved;  /* nodes that there is memory for */
    int threads;
    bool profiling;
    struct tp_profile *profile; /* NULL before the first time */
    uint64_t seed;              /* of Philox, its key */
    uint64_t streams;           /* taken so far */
    uint32_t step;              /* of replays that advance; a drawing node knows the one of its stream */
    tp_rerun rerun;
    uint32_t stopped; /* the node at which the latest replay was stopped, plus one; 0: none */
    bool private_grads;
    uint32_t walk_low;    /* the last node that the walk (or the sweep of tp_jvp) visits */
    uint32_t floor;       /* nodes below it serve what is running: an inner walk starts and ends above; 0: nothing is */
    bool inner;           /* ... inside another */
    bool walking;         /* a backward pass is running */
    bool sinking;         /* ... and it adds to parameters' gradients */
    bool slots_are_nodes; /* ... and it is recorded, its slots not yet turned into adjoints */
    const tp_kernels *kernels;
    tp_pool pool;
    tp_chunks stack;
    uint32_t reset_epoch; /* epoch of the latest reset */
    TP_ARRAY(tp_segment) segments;
    TP_ARRAY(tp_owned) owned;
    TP_ARRAY(tp_leaf_entry) leaves;
    TP_ARRAY(tp_name_entry) names;
    TP_ARRAY(tp_hook_entry) hooks;
    TP_ARRAY(tp_source_entry) sources;
    TP_ARRAY(tp_scope) scopes;
    uint32_t sourced;        /* nodes from it on have no source */
    bool error_placed;       /* the error says where it was made */
    unsigned anomaly;        /* flags; 0: nothing is checked */
    uint64_t in_parts;       /* operands (modulo 64) whose gradients the rule that runs gives in parts */
    TP_ARRAY(uint32_t) kept; /* nodes whose slot still holds a tensor after the walk */
    TP_ARRAY(tp_part) parts;
    TP_ARRAY(tp_undo) undo; /* of the replay that runs */
    TP_ARRAY(tp_capture) captures;
    struct tp_frame *frame; /* of the segment that runs; NULL: none does */
    size_t checkpoint_bytes;
    tp_conv_cache *conv_cache; /* what convolutions keep between calls, made at the first */
    tp_tensor *gemm_work;      /* scratch for matrix products, made at the first that wants it */
    void (*log)(void *user, const char *message);
    void *log_user;
    tp_peaks peaks;
    tp_account account;  /* of the allocator that the tape was given */
    tp_allocator memory; /* draws on the account */
    tp_error error;
};

/* Makes room for one more item; false when out of memory. */
#define TP_ARRAY_ROOM(tape, array)                                                                                     \
    ((array).count < (array).capacity ||                                                                               \
     tp_grow(&(tape)->memory, (void **)&(array).items, &(array).capacity, (array).count + 1, sizeof *(array).items))

/* ---- levels: a walk, or a sweep of tp_jvp, that is running ---- */

/* What a walk inside a rule must leave as it was. Its own nodes and slots lie at `floor` or above. */
typedef struct tp_level {
    uint32_t walk_low, floor, parts, kept;
    unsigned anomaly;
    bool inner, walking, sinking, slots_are_nodes;
    tp_use use;
} tp_level;

static inline tp_level tp_level_of(const tp_tape *tape)
{
    return (tp_level){tape->walk_low, tape->floor,   tape->parts.count, tape->kept.count,      tape->anomaly,
                      tape->inner,    tape->walking, tape->sinking,     tape->slots_are_nodes, tape->pool.use};
}

static inline void tp_level_restore(tp_tape *tape, const tp_level *level)
{
    tape->walk_low = level->walk_low;
    tape->floor = level->floor;
    tape->parts.count = level->parts;
    tape->anomaly = level->anomaly;
    tape->inner = level->inner;
    tape->walking = level->walking;
    tape->sinking = level->sinking;
    tape->slots_are_nodes = level->slots_are_nodes;
    tape->pool.use = level->use;
}

/* "a backward pass", "an op": what is running, so that the tape cannot be rewound; NULL: nothing. */
static inline const char *tp_running(const tp_tape *tape)
{
    if (tape->walking) return "a backward pass";
    if (tape->calling) return "an op";
    return tape->frame ? "tp_checkpoint" : tape->floor ? "tp_jvp" : NULL;
}

/* ---- errors ---- */

/* Keeps the first error, tells the log. Returns `status`. */
tp_status tp_tape_fail(tp_tape *tape, tp_status status, const char *format, ...) TP_PRINTF(3, 4);
tp_status tp_tape_out_of_memory(tp_tape *tape, const char *what);

/* ---- handles ---- */

static inline tp_var tp_poison(tp_tape *tape)
{
    return (tp_var){tape, TP_NO_NODE, 0};
}

/* The epoch in which a node was made. */
uint32_t tp_epoch_of(const tp_tape *tape, uint32_t node);

static inline tp_var tp_handle(tp_tape *tape, uint32_t node)
{
    const bool fresh = node >= tape->segments.items[tape->segments.count - 1].first;
    return (tp_var){tape, node, fresh ? tape->epoch : tp_epoch_of(tape, node)};
}

/* Good for sure; a handle that fails this may still be good: ask tp_valid. */
static inline bool tp_fresh(const tp_tape *tape, tp_var x)
{
    return x.epoch == tape->epoch;
}

static inline bool tp_valid(const tp_tape *tape, tp_var x)
{
    return TP_LIKELY(x.epoch == tape->epoch) ||
           (x.epoch != 0 && x.node < tape->count && tp_epoch_of(tape, x.node) == x.epoch);
}

/* Checks operand i of op `name` on `tape`; false after setting the error (a poisoned operand sets none). */
bool tp_check_operand(tp_tape *tape, const char *name, tp_var x, int i);
/* ... and that a walk inside a rule may start or end at it. */
bool tp_check_level(tp_tape *tape, const char *name, tp_var x, int i);

/* ---- nodes ---- */

/* Room for n more nodes; false after setting the error. */
bool tp_node_room(tp_tape *tape, uint32_t n);
/* Takes over one reference to `tensor` for node `node`; on failure releases it and returns false. */
bool tp_own(tp_tape *tape, uint32_t node, tp_tensor *tensor);
/* Forgets nodes from `first` on, without an epoch of their own: for what no handle has left the engine. */
void tp_unwind(tp_tape *tape, uint32_t first, uint32_t chunk, size_t used);
/* Forgets scopes that began at `first` or later, but for those that are open and begin there. */
static inline void tp_scopes_unwind(tp_tape *tape, uint32_t first)
{
    while (tape->scopes.count) {
        const tp_scope *last = &tape->scopes.items[tape->scopes.count - 1];
        if (last->first < first || (last->first == first && last->end == TP_NO_NODE)) break;
        tape->scopes.count--;
    }
}
/* Whether the tape can be rewound to the mark now; sets the error when not. */
tp_status tp_check_rewind(tp_tape *tape, tp_mark mark);
/* Before something becomes less. */
static inline void tp_note_peaks(tp_tape *tape)
{
    if (tape->count > tape->peaks.nodes) tape->peaks.nodes = tape->count;
    if (tape->pool.of[TP_FOR_VALUES] > tape->peaks.value) tape->peaks.value = tape->pool.of[TP_FOR_VALUES];
}
/* After a closure: what it took for its own time, since tp_pool_watch gave `outer`, is scratch. */
static inline void tp_note_scratch(tp_tape *tape, size_t outer)
{
    const size_t scratch = tp_pool_watched(&tape->pool, outer) - tape->pool.used + tape->pool.of[TP_FOR_WORK];
    if (scratch > tape->peaks.scratch) tape->peaks.scratch = scratch;
}
/* In a walk, when no closure is running. */
static inline void tp_note_gradients(tp_tape *tape)
{
    if (tape->pool.of[TP_FOR_WALK] > tape->peaks.gradient) tape->peaks.gradient = tape->pool.of[TP_FOR_WALK];
}
/* After a closure in a walk: both. */
static inline void tp_note_walk(tp_tape *tape, size_t outer)
{
    tp_note_scratch(tape, outer);
    tp_note_gradients(tape);
}
/* Starts a new epoch at the present end, so that handles to forgotten nodes are stale. */
bool tp_new_epoch(tp_tape *tape);
/* Gives back a reference to a tensor of this tape's pool or of the outside. */
void tp_unref(tp_tape *tape, tp_tensor *tensor);
static inline tp_tensor *tp_ref(tp_tensor *tensor)
{
    atomic_fetch_add_explicit(&tensor->refs, 1, memory_order_relaxed);
    return tensor;
}

const char *tp_name_of(const tp_tape *tape, uint32_t node); /* NULL if it has none */

/* The value of a scalar operand of node i; most often it is the node before, whose value is in a register: read back
   from memory, it would be late. */
static inline double tp_operand_number(const tp_node *nodes, uint32_t at, uint32_t i, double last)
{
    return at == i - 1 ? last : nodes[at].value.number;
}

static inline uint32_t tp_input_of(const tp_node *node, uint32_t i)
{
    if (node->op->arity >= 0 && (node->op->arity <= 2 || node->op->row))
        return (i == 0 ? node->a : (i == 1 ? node->b : node->extra.third)) & TP_NODE_BITS;
    return node->extra.block->inputs[i];
}

static inline uint32_t tp_input_count(const tp_node *node)
{
    return node->op->arity >= 0 ? (uint32_t)node->op->arity : node->extra.block->count;
}

/* The constant scalar and the constant tensor (whose reference is taken over): for the engine's own use. */
tp_var tp_constant_number(tp_tape *tape, double value);
tp_var tp_constant_tensor(tp_tape *tape, tp_tensor *tensor);

/* A new, uninitialised tensor from the tape's pool, or NULL after setting the error. */
tp_tensor *tp_new_tensor(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, const char *what);

#endif
