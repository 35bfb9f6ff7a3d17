/* Writing an op of one's own: the descriptor, and what its closures can ask for. */
#ifndef TAPIR_OP_H
#define TAPIR_OP_H

#include <tapir/random.h>
#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tp_node;
union tp_slot;
struct tp_row;

/* One call of an op, as its closures see it. It lives as long as the closure runs. */
typedef struct tp_ctx tp_ctx;

/* How an output element depends on the inputs. */
typedef enum tp_structure {
    TP_DENSE = 0,   /* every output on every input */
    TP_ELEMENTWISE, /* on the elements at its own place, after broadcasting */
    TP_VIEW,        /* it is one input element, in the same storage where strides allow */
    TP_REDUCE,      /* on the elements along the reduced axes */
    TP_GATHER,      /* it is one input element, or a constant */
    TP_LEAF         /* on nothing */
} tp_structure;

enum {
    TP_LINEAR = 1, /* linear in all its operands together (but for selectors): it is its own directional derivative */
    TP_NO_GRADIENT = 2, /* by nature not differentiable: the result needs no gradient */
    TP_TUPLE_PART = 4,  /* one result of a tuple node (the engine's own) */
    TP_GUARDS = 8       /* a branch that was taken (the engine's own) */
};

#define TP_VARIADIC (-1)

/* What docs/ops.md says of an op: a line each, in plain text. */
typedef struct tp_op_text {
    const char *formula;    /* "sum x over the axes" */
    const char *derivative; /* "dx = g, spread over the axes" */
    const char *shapes;     /* "x: any shape -> the dims that stay" */
    const char *dtypes;     /* NULL: "f32, f64" */
    const char *edges;      /* what it does at empty, NaN, Inf, ties; NULL: nothing beyond the formula */
} tp_op_text;

/* An op. A node is the closure (op, operands, extra); the struct must outlive every tape that holds one: make it
   `static const`. Fields that are not set are zero, and a missing closure means "not supported". */
typedef struct tp_op {
    size_t size;            /* sizeof(tp_op): TP_OP_HEAD */
    const char *name;       /* "matmul": for messages and drawings */
    int arity;              /* operands, or TP_VARIADIC */
    int results;            /* 0 means 1; more make a tuple */
    tp_structure structure; /* what the default pattern and drawing follow */
    unsigned flags;
    unsigned selectors; /* bit i: operand i is an index or a mask, no number, whatever its dtype */
    size_t attributes;  /* bytes that a call copies from `attributes` into the node */
    /* What the rule takes for its own time at most, as so many times the bytes of operands and results together: see
       tp_backward_bytes. 0: not said, 1 with `gradient`, 2 where the structure or TP_LINEAR says that it moves or adds
       numbers, else 8; -1: no more than copies of what is not dense, where gradients that are there are
       added to in place (the `accumulate` of tp_ctx_grad). */
    int scratch;

    /* Checks operands and attributes, and says with tp_ctx_result what comes out. */
    tp_status (*shape)(tp_ctx *ctx);
    /* Computes the outputs from the operands, in place: for the first time, and again on replay. */
    tp_status (*forward)(tp_ctx *ctx);
    /* Gives each operand that needs it a gradient (tp_give), written in recorded ops; g is the upstream gradient of
       the (first) output. May use operands, outputs, attributes and saved data that is not differentiable. */
    tp_status (*backward)(tp_ctx *ctx, tp_var g);
    /* Optional: the same in numbers, first order only, faster; may use anything saved. Writes tp_ctx_grad buffers. */
    tp_status (*gradient)(tp_ctx *ctx, const tp_tensor *g);

    /* Optional: the bytes that `gradient` takes besides what `scratch` says, for a library that computes it, say. */
    size_t (*workspace)(tp_ctx *ctx);

    /* Optional: forward mode. From the tangents of the operands (tp_ok is false: zero) those of the results (leave one
       as it is: zero), in recorded ops. Without it: an op that is TP_LINEAR is applied to the tangents, and for any
       other they come from differentiating `backward` by its upstream gradient, in which it is linear. */
    tp_status (*jvp)(tp_ctx *ctx, const tp_var *operands, tp_var *results);

    /* Optional: which elements of its operands each element of the results can depend on, whatever the numbers are: see
       below. Without it the structure says. */
    tp_status (*pattern)(tp_ctx *ctx);

    /* Made by the rows of elementwise ops; the first three serve nodes whose operands are all scalars: the value
       (which it returns; `last` is that of the node before), the walk back from the adjoint g (it returns the adjoint
       of the node before), and the slope by each operand. */
    double (*scalar_forward)(struct tp_node *nodes, uint32_t node, double last);
    double (*scalar_gradient)(const struct tp_node *nodes, union tp_slot *slots, uint32_t node, double g);
    void (*scalar_slopes)(const struct tp_node *nodes, uint32_t node, double *slopes);
    const struct tp_row *row;

    tp_op_text text;
} tp_op;
#define TP_OP_HEAD .size = sizeof(tp_op)

/* Records `op` on `n` inputs (on the tape of the first). `attributes` points at op->attributes bytes, or is NULL when
   those are 0. With several results, returns the first; see tp_apply_all. */
TP_API tp_var tp_apply(const tp_op *op, const tp_var *inputs, int n, const void *attributes);
/* The same, and writes the handles of all op->results results. */
TP_API tp_status tp_apply_all(const tp_op *op, const tp_var *inputs, int n, const void *attributes, tp_var *results);

/* The library's own ops: how many, and the i-th (NULL outside). */
TP_API int tp_op_count(void);
TP_API const tp_op *tp_op_at(int i);

/* ---- in every closure ---- */

TP_API tp_tape *tp_ctx_tape(const tp_ctx *ctx);
TP_API int tp_ctx_count(const tp_ctx *ctx); /* of operands */
/* Operand i as a tensor; a scalar node is seen as an f64 tensor of rank 0 (valid while the closure runs, for i >= 2
   only until the next such call). NULL when i is out of range. */
TP_API const tp_tensor *tp_ctx_input(tp_ctx *ctx, int i);
/* The same, laid out densely: itself, or a copy that lives until the closure returns. NULL when out of memory. */
TP_API const tp_tensor *tp_ctx_dense(tp_ctx *ctx, int i);
TP_API const void *tp_ctx_attributes(const tp_ctx *ctx);
/* Fails the call: returns `status` after setting the tape's error to "tp_<op>: <message>". */
TP_API tp_status tp_ctx_fail(tp_ctx *ctx, tp_status status, const char *format, ...) TP_PRINTF(3, 4);

/* ---- in shape ---- */

/* Output k is a new dense tensor. Rank 0 makes a scalar node, whatever the dtype. */
TP_API tp_status tp_ctx_result(tp_ctx *ctx, int k, tp_dtype dtype, int rank, const int64_t *dims);
/* Output k is a view of the tensor operand 0: element (0, ...) at `offset` from operand 0's, strides in elements. */
TP_API tp_status tp_ctx_result_view(tp_ctx *ctx, int rank, const int64_t *dims, const int64_t *strides, int64_t offset);
/* Zeroed memory that stays with the node: the saved context. Once a call. NULL when out of memory. */
TP_API void *tp_ctx_save(tp_ctx *ctx, size_t bytes);
/* A tensor that stays with the node and is released with it; not initialised. NULL when out of memory. */
TP_API tp_tensor *tp_ctx_save_tensor(tp_ctx *ctx, tp_dtype dtype, int rank, const int64_t *dims);
/* The node takes a reference to a tensor of the caller's that later forwards need: running statistics. */
TP_API tp_status tp_ctx_hold(tp_ctx *ctx, tp_tensor *outside);

/* ---- in forward, backward, gradient ---- */

/* What tp_ctx_save gave; NULL if nothing was saved. */
TP_API void *tp_ctx_saved(const tp_ctx *ctx);
/* Output k. In forward it is there to be written; a scalar is seen as an f64 tensor of rank 0. */
TP_API tp_tensor *tp_ctx_output(tp_ctx *ctx, int k);
/* A generator at the start of this node's own stream under the tape's seed: the same at every forward, but for a replay
   with TP_REPLAY_ADVANCE, which gives it the next. `kept` lies in the saved context and keeps it; a backward closure,
   or another node, may ask for it there. */
TP_API tp_rng tp_ctx_rng(tp_ctx *ctx, tp_rng *kept);
/* Whether forward is to update `outside`, a tensor that is not the tape's: when recorded, and in a replay with
   TP_REPLAY_ADVANCE; the engine then keeps what it holds, to put it back should the replay be stopped. Ask once a
   forward, before the first write. False for NULL, and after an error when out of memory. */
TP_API bool tp_ctx_updates(tp_ctx *ctx, tp_tensor *outside);
/* True when output 0 shares the storage of operand 0: a view has nothing to compute. */
TP_API bool tp_ctx_is_view(tp_ctx *ctx);

/* ---- in backward ----

   A backward or jvp closure may itself differentiate what it has recorded, to any depth: tp_vjp, tp_gradients and
   tp_jvp work there on nodes that are younger than the call, and leave no adjoints. (An operand's own handle is older:
   TP_E_ARGUMENT. Take a leaf of its value, or a copy of it, as tp_muls(x, 1).) In a walk in numbers gradients are off,
   and what the closure records goes when it returns: it puts tp_tape_set_grad on first. Where tp_ctx_recorded says so,
   what it gives has to be differentiable: it asks for TP_CREATE_GRAPH. */

/* Whether the walk or sweep is recorded, so that what the closure gives will be differentiated again. */
TP_API bool tp_ctx_recorded(const tp_ctx *ctx);
TP_API bool tp_ctx_needs(const tp_ctx *ctx, int i); /* whether operand i needs a gradient */
TP_API tp_var tp_ctx_input_var(const tp_ctx *ctx, int i);
TP_API tp_var tp_ctx_output_var(const tp_ctx *ctx, int k);
/* The upstream gradient of output k of a tuple; a poisoned handle (tp_ok is false) when none arrived. */
TP_API tp_var tp_ctx_upstream(tp_ctx *ctx, int k);
/* A saved tensor as a constant on the tape. */
TP_API tp_var tp_ctx_constant(tp_ctx *ctx, tp_tensor *saved);

/* Gives operand i the gradient g. The engine casts it, sums it over broadcast dims (or spreads it over missing ones)
   and adds it to what other uses gave. Nothing happens when the operand needs none. */
TP_API tp_status tp_give(tp_ctx *ctx, int i, tp_var g);

/* x b, but 0 where x is 0, whatever b is: how a rule multiplies its upstream gradient x by a slope b, so that a branch
   that was not taken gives 0 and not NaN. Itself differentiable to any order. */
TP_API tp_var tp_mul_masked(tp_var x, tp_var b);

/* Part of a dense tensor: element (0, ...) at `offset`, strides in elements. */
typedef struct tp_region {
    int64_t offset;
    int rank;
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
} tp_region;
/* Gives g to a part of operand i, as if the operand were dense in row-major order; the rest gets zero. Many parts of
   one operand share one buffer. A region must not hold an element twice. */
TP_API tp_status tp_give_region(tp_ctx *ctx, int i, tp_var g, const tp_region *region);

/* ---- in gradient ---- */

/* The buffer for operand i's gradient: dense, the operand's dtype and dims, every element to be written. When
   `accumulate` is not NULL the engine may hand out one that holds something already, and sets *accumulate: add then.
   NULL when the operand needs none or memory is short. */
TP_API tp_tensor *tp_ctx_grad(tp_ctx *ctx, int i, bool *accumulate);
/* Hands `g` on to operand i as it is, without copying. */
TP_API tp_status tp_ctx_pass(tp_ctx *ctx, int i, const tp_tensor *g);

/* ---- in pattern ---- */

/* A pattern closure leads operands to results one at a time: it takes one up, says in any number of steps which of its
   elements go together, and lays them on a result. What it lays there comes to what was there already.

   Takes operand i up, each element at its own place. False when nothing of it is to be followed: skip the rest. */
TP_API bool tp_pattern_operand(tp_ctx *ctx, int i);
/* All elements along the axes in `mask` go together; these axes stay with one element. */
TP_API tp_status tp_pattern_mix(tp_ctx *ctx, unsigned mask);
/* Along the axis, each element goes with those before it; with those behind it when `reverse`. */
TP_API tp_status tp_pattern_prefix(tp_ctx *ctx, int axis, bool reverse);
/* Along the axis `outputs` elements come out: the j-th goes with the elements j stride + k dilation - before, k = 0 ..
   size - 1, as far as there are such. */
typedef struct tp_window {
    int64_t outputs, size, stride, dilation, before;
    bool back; /* the other way about: the j-th goes to the elements j stride + k dilation - before */
} tp_window;
TP_API tp_status tp_pattern_window(tp_ctx *ctx, int axis, const tp_window *window);
/* Lays it on result k. axes[d] is the axis that dim d of the result follows, or -1 for none; the axes that none follows
   are mixed, and stay so; an axis of one element is stretched. NULL: as broadcasting does. */
TP_API tp_status tp_pattern_to(tp_ctx *ctx, int k, const int *axes);
/* Lays it on a part of result k, as if that were dense in row-major order; its elements and the region's agree. */
TP_API tp_status tp_pattern_to_region(tp_ctx *ctx, int k, const tp_region *region);
/* Short for the whole of an op of one result: operand i, mixed over the axes in `mask`, to the same places, or to those
   that are left when the result's rank is lower. */
TP_API tp_status tp_pattern_along(tp_ctx *ctx, int i, unsigned mask);
/* Whole closures. Every operand at its own places, as for TP_ELEMENTWISE; everything on everything, as for TP_DENSE;
   and for a linear op whose results are single elements of an operand, or sums of such: found by having the op move
   numbers. Where integers that are computed on the tape steer an op, they may be others after a replay: everything
   then. */
TP_API tp_status tp_pattern_places(tp_ctx *ctx);
TP_API tp_status tp_pattern_everything(tp_ctx *ctx);
TP_API tp_status tp_pattern_moved(tp_ctx *ctx);
/* Operand i, whose last `own` dims are a matrix, a row, ..., and result k, whose last `result` dims are: each on all of
   its own, and the dims before them broadcast. */
TP_API tp_status tp_pattern_batch(tp_ctx *ctx, int i, int own, int k, int result);

#ifdef __cplusplus
}
#endif
#endif
