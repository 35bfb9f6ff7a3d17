/* What a walk in numbers will take, from the shapes alone: the walk's order is known, and so is when a slot gets its
   tensor and when it gives it back. What a rule does inside is not; nor is which gradients are handed on by reference.
   Both are taken at a bound. */
#include "autograd/elementwise.h"
#include "autograd/leaf.h"

/* A slot as the walk will have it. */
typedef struct stay {
    uint32_t users;  /* it itself, and those that may look into its buffer; 0: it holds nothing */
    uint32_t lender; /* the node whose buffer it may look into, plus one */
    bool owns;       /* a buffer of its own is counted */
    bool dense;      /* for certain */
} stay;

typedef struct plan {
    tp_tape *tape;
    stay *slots;
    size_t now; /* bytes of gradients */
    tp_backward_need *need;
} plan;

static size_t size_of(const plan *p, uint32_t i)
{
    const tp_node *node = &p->tape->nodes[i];
    if (!(node->a & TP_IS_TENSOR)) return 0;
    return tp_pool_bytes((size_t)node->value.tensor->count * tp_dtype_size((tp_dtype)node->value.tensor->dtype));
}

/* A parameter's gradient lies in memory of its own. */
static bool sinks(const plan *p, uint32_t i)
{
    const tp_leaf_entry *leaf = tp_leaf_of(p->tape, i);
    if (!leaf || !leaf->is_param) return false;
    return !p->tape->private_grads || leaf->private_grad;
}

/* What a rule writes is added to it afterwards. */
static bool sink_holds(const plan *p, uint32_t i)
{
    const tp_leaf_entry *leaf = sinks(p, i) ? tp_leaf_of(p->tape, i) : NULL;
    return leaf && (leaf->private_grad || leaf->tensor->grad_state == TP_GRAD_VALID);
}

static void arrive(plan *p, uint32_t i, bool owns, uint32_t lender, bool dense)
{
    const bool sink = sinks(p, i);
    p->slots[i] = (stay){.users = 1, .owns = owns && !sink, .lender = sink ? 0 : lender, .dense = dense};
    if (p->slots[i].owns) p->now += size_of(p, i);
    if (p->slots[i].lender) p->slots[lender - 1].users++;
    if (!sink || p->tape->private_grads) return;
    const tp_tensor *param = tp_leaf_of(p->tape, i)->tensor;
    if (!param->grad) p->need->params += (size_t)param->count * tp_dtype_size((tp_dtype)param->dtype);
}

static void leave(plan *p, uint32_t i)
{
    for (uint32_t at = i + 1; at; at = p->slots[at - 1].lender) {
        stay *slot = &p->slots[at - 1];
        if (--slot->users) return;
        if (slot->owns) p->now -= size_of(p, at - 1);
    }
}

/* ---- one node ---- */

static bool takes(const plan *p, uint32_t i)
{
    return p->tape->nodes[i].a & TP_NEEDS;
}

/* Whether the op's rule may hand its upstream gradient on to operand k, or a view of it. */
static bool passes(const tp_op *op, uint32_t k)
{
    if (op->row) return op->row->through[k];
    return op->flags & TP_LINEAR || op->structure == TP_VIEW || op->structure == TP_GATHER;
}

static void arrive_operands(plan *p, uint32_t i)
{
    const tp_node *node = &p->tape->nodes[i];
    const uint32_t count = tp_input_count(node);
    const bool part = node->op->structure == TP_VIEW || node->op->structure == TP_GATHER;
    const uint32_t lender = p->slots[i].lender;
    size_t all = 0;
    for (uint32_t k = 0; k < count; k++) all += takes(p, tp_input_of(node, k)) ? size_of(p, tp_input_of(node, k)) : 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t x = tp_input_of(node, k);
        if (!takes(p, x) || p->slots[x].users) continue;
        /* A row's slope and what a rule in numbers makes are dense; what is handed on is as it came. */
        const bool made = node->op->row ? !node->op->row->through[k] : node->op->gradient && p->slots[i].dense;
        if (part && p->slots[i].owns && size_of(p, x) < size_of(p, i))
            arrive(p, x, all > size_of(p, i), i + 1, false); /* views of its buffer, or buffers no larger together */
        else
            arrive(p, x, true, lender && passes(node->op, k) ? lender : 0, made);
    }
}

/* A row's loops: a buffer beside each slot that holds something already, and the result's shape for what is summed to
   a smaller one. */
static size_t row_scratch(const plan *p, uint32_t i)
{
    const tp_node *node = &p->tape->nodes[i];
    size_t sum = 0;
    for (int k = 0; k < node->op->arity; k++) {
        const uint32_t x = tp_input_of(node, (uint32_t)k);
        if (!takes(p, x) || node->op->row->none[k]) continue;
        const bool twice = (k > 0 && tp_input_of(node, 0) == x) || (k > 1 && tp_input_of(node, 1) == x);
        if (size_of(p, x) != size_of(p, i)) sum += size_of(p, i);
        if (p->slots[x].users || twice || sink_holds(p, x)) sum += size_of(p, x);
    }
    return sum;
}

/* A rule sees a scalar as a tensor. */
static size_t scratch_size(const plan *p, uint32_t i)
{
    return p->tape->nodes[i].a & TP_IS_TENSOR ? size_of(p, i) : tp_pool_bytes(sizeof(double));
}

static size_t times_of(const tp_op *op)
{
    if (op->scratch) return (size_t)op->scratch;
    if (op->gradient) return 1;
    return op->flags & TP_LINEAR || op->structure == TP_VIEW || op->structure == TP_GATHER ? 2 : 8;
}

static size_t scratch_of(const plan *p, uint32_t i)
{
    const tp_node *node = &p->tape->nodes[i];
    const tp_op *op = node->op;
    if (op->row) return node->a & TP_IS_TENSOR ? row_scratch(p, i) : 0;
    size_t bytes = scratch_size(p, i);
    for (int k = 0; k < op->results && op->results > 1; k++) bytes += scratch_size(p, i + 1 + (uint32_t)k);
    const uint32_t count = tp_input_count(node);
    size_t beside = 0;                             /* what is added to a gradient that is there already */
    size_t copies = p->slots[i].dense ? 0 : bytes; /* of the upstream gradient and of operands */
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t x = tp_input_of(node, k);
        bytes += scratch_size(p, x);
        if (p->tape->nodes[x].a & TP_IS_TENSOR && !p->tape->nodes[x].value.tensor->dense) copies += size_of(p, x);
        if (takes(p, x) && (p->slots[x].users || sink_holds(p, x))) beside += scratch_size(p, x);
    }
    size_t room = 0;
    if (op->gradient && op->workspace) {
        tp_ctx ctx;
        tp_ctx_of_node(&ctx, p->tape, i, TP_IN_FORWARD);
        room = tp_pool_bytes(op->workspace(&ctx));
        tp_ctx_done(&ctx);
    }
    return room + (op->scratch < 0 ? copies : times_of(op) * bytes + beside);
}

static void most(size_t *so_far, size_t bytes)
{
    if (bytes > *so_far) *so_far = bytes;
}

static void visit(plan *p, uint32_t i)
{
    const tp_node *node = &p->tape->nodes[i];
    if (!p->slots[i].users || !takes(p, i) || node->op->structure == TP_LEAF) return;
    if (node->op->flags & TP_TUPLE_PART) {
        const uint32_t tuple = node->a & TP_NODE_BITS;
        if (!p->slots[tuple].users) p->slots[tuple].users = 1;
        return;
    }
    const size_t scratch = scratch_of(p, i);
    arrive_operands(p, i);
    most(&p->need->gradients, p->now);
    most(&p->need->scratch, scratch);
    most(&p->need->tensors, p->now + scratch);
    const int results = tp_result_count(node->op);
    for (int k = 0; k < results; k++) {
        const uint32_t result = results > 1 ? i + 1 + (uint32_t)k : i;
        if (p->slots[result].users && !(p->tape->nodes[result].b & TP_RETAINS && results == 1)) leave(p, result);
    }
}

tp_status tp_backward_bytes(tp_var y, unsigned flags, tp_backward_need *need)
{
    tp_tape *tape = y.tape;
    if (need) *need = (tp_backward_need){0};
    if (!tape) return TP_E_ARGUMENT;
    if (!need) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_backward_bytes: need is NULL");
    if (flags)
        return tp_tape_fail(tape, TP_E_UNSUPPORTED, "tp_backward_bytes: what a recorded walk adds is not known before");
    if (!tp_check_operand(tape, "backward_bytes", y, 0)) return tape->error.status;
    const size_t slots = (size_t)y.node + 1 + TP_MAX_RESULTS, bytes = slots * sizeof(stay);
    plan p = {.tape = tape, .slots = tp_allocate_zeroed(&tape->memory, bytes), .need = need};
    if (!p.slots) return tp_tape_out_of_memory(tape, "tp_backward_bytes");
    need->adjoints = (tape->reserved - (tape->slot_capacity < tape->reserved ? tape->slot_capacity : tape->reserved)) *
                     sizeof(tp_slot);
    arrive(&p, y.node, true, 0, false);
    need->gradients = need->scratch = p.now;
    need->tensors = 2 * p.now; /* a seed that is cast */
    for (uint32_t i = y.node + 1; i-- > 0;) visit(&p, i);
    tp_deallocate(&tape->memory, p.slots, bytes);
    return TP_OK;
}
