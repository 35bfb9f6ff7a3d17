/* Forward mode node by node: scalars by their slopes, rows of tensors by loops, anything else by its rule. */
#include <math.h>

#include "autograd/elementwise.h"
#include "autograd/sweep.h"
#include "autograd/tangent.h"

/* ---- scalars ---- */

enum { TOGETHER = 4 };

/* out (+)= slope t, and 0 where t is 0, whatever the slope: such a tangent is absent. */
static void add_masked(double *out, const double *t, double slope, uint32_t n, bool fresh)
{
    for (uint32_t i = 0; i < n; i++) out[i] = (fresh ? 0 : out[i]) + (t[i] != 0 ? slope * t[i] : 0);
}

static void set_scaled(double *out, const double *t, double slope, uint32_t n)
{
    uint32_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER)
        for (int k = 0; k < TOGETHER; k++) out[i + (uint32_t)k] = slope * t[i + (uint32_t)k];
    for (; i < n; i++) out[i] = slope * t[i];
}

static void add_scaled(double *out, const double *t, double slope, uint32_t n)
{
    uint32_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER)
        for (int k = 0; k < TOGETHER; k++) out[i + (uint32_t)k] += slope * t[i + (uint32_t)k];
    for (; i < n; i++) out[i] += slope * t[i];
}

static void through_slope(const tp_sweep *s, uint32_t i, uint32_t operand, double slope)
{
    if (!tp_sweep_moves(s, operand)) return;
    uint32_t *until = &s->until[i - s->first];
    double *out = &tp_sweep_slots(s, i)->number;
    const double *t = &tp_sweep_slots(s, operand)->number;
    const bool fresh = !(*until & TP_MOVES);
    *until |= TP_MOVES;
    if (!isfinite(slope))
        add_masked(out, t, slope, s->lanes, fresh);
    else if (fresh)
        set_scaled(out, t, slope, s->lanes);
    else
        add_scaled(out, t, slope, s->lanes);
}

static void through_slopes(const tp_sweep *s, uint32_t i)
{
    const tp_node *node = &s->tape->nodes[i];
    const int arity = node->op->arity;
    const uint32_t a = node->a & TP_NODE_BITS, b = arity > 1 ? node->b & TP_NODE_BITS : a;
    const uint32_t c = arity > 2 ? node->extra.third : a;
    if (!tp_sweep_moves(s, a) && !tp_sweep_moves(s, b) && !tp_sweep_moves(s, c)) return;
    double slopes[TP_ROW_OPERANDS];
    node->op->scalar_slopes(s->tape->nodes, i, slopes);
    through_slope(s, i, a, slopes[0]);
    if (arity > 1) through_slope(s, i, b, slopes[1]);
    if (arity > 2) through_slope(s, i, c, slopes[2]);
}

/* A node among those of the sweep, counted from the first; others stand still. */
static inline bool moving(const uint32_t *until, uint32_t place, uint32_t places)
{
    return place < places && until[place] & TP_MOVES;
}

static inline double scaled(double slope, double t)
{
    return t != 0 ? slope * t : 0;
}

/* One lane through a run of scalars from node i on; returns the node that is none. */
static uint32_t through_scalars(const tp_sweep *s, uint32_t i)
{
    const tp_node *const nodes = s->tape->nodes;
    uint32_t *const until = s->until;
    tp_slot *const t = s->tangents;
    const uint32_t first = s->first, places = s->last - first + 1;
    for (; i - first < places; i++) {
        const tp_node *node = &nodes[i];
        const tp_op *op = node->op;
        if (until[i - first] == 0 || !(node->a & TP_NEEDS) || op->structure == TP_LEAF) continue;
        if (node->a & TP_IS_TENSOR || !op->scalar_slopes) return i;
        const int arity = op->arity;
        const uint32_t a = (node->a & TP_NODE_BITS) - first;
        const uint32_t b = arity > 1 ? (node->b & TP_NODE_BITS) - first : places;
        const uint32_t c = arity > 2 ? node->extra.third - first : places;
        const bool moves_a = moving(until, a, places), moves_b = moving(until, b, places);
        const bool moves_c = moving(until, c, places);
        if (!moves_a && !moves_b && !moves_c) continue;
        double slopes[TP_ROW_OPERANDS];
        op->scalar_slopes(nodes, i, slopes);
        double sum = moves_a ? scaled(slopes[0], t[a].number) : 0;
        if (moves_b) sum += scaled(slopes[1], t[b].number);
        if (moves_c) sum += scaled(slopes[2], t[c].number);
        t[i - first].number = until[i - first] & TP_MOVES ? t[i - first].number + sum : sum;
        until[i - first] |= TP_MOVES;
    }
    return i;
}

/* ---- by rules ---- */

static tp_status add_results(const tp_sweep *s, uint32_t i, uint32_t lane, const tp_var *results, int n)
{
    for (int k = 0; k < n; k++) {
        const uint32_t to = n > 1 ? i + 1 + (uint32_t)k : i;
        if (!tp_ok(results[k]) || !tp_sweep_wants(s, to)) continue;
        const tp_status status = tp_sweep_add(s, lane, to, results[k]);
        if (status != TP_OK) return status;
    }
    return s->tape->error.status;
}

/* What one lane recorded goes again; its tangents stay. */
static tp_status one_lane(const tp_sweep *s, tp_tangent *t, uint32_t lane, tp_var *operands)
{
    tp_tape *tape = s->tape;
    const uint32_t end = tape->count, chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    tp_var results[TP_MAX_RESULTS];
    bool moves = false;
    for (uint32_t k = 0; k < t->ctx.count; k++) {
        operands[k] = tp_sweep_var(s, lane, t->ctx.inputs[k]);
        moves = moves || tp_ok(operands[k]);
    }
    tp_status status = tape->error.status;
    if (moves && status == TP_OK) status = tp_tangent_of(t, operands, results);
    if (moves && status == TP_OK) status = add_results(s, t->ctx.node, lane, results, t->ctx.results);
    if (!s->recorded) tp_unwind(tape, end, chunk, used);
    return status;
}

static tp_status by_rule(const tp_sweep *s, uint32_t i)
{
    tp_tape *tape = s->tape;
    const uint32_t count = tp_input_count(&tape->nodes[i]);
    tp_var *operands = tp_chunks_push(&tape->stack, (count + 1) * sizeof *operands);
    bool *moves = tp_chunks_push(&tape->stack, (count + 1) * sizeof *moves), any = false;
    if (!operands || !moves) return tp_tape_out_of_memory(tape, s->called);
    for (uint32_t k = 0; k < count; k++) {
        moves[k] = tp_sweep_moves(s, tp_input_of(&tape->nodes[i], k));
        any = any || moves[k];
    }
    if (!any) return TP_OK;
    tp_tangent t;
    tp_status status = tp_tangent_begin(&t, tape, i, moves, s->recorded);
    for (uint32_t lane = 0; lane < s->lanes && status == TP_OK; lane++) status = one_lane(s, &t, lane, operands);
    return status;
}

static tp_status by_rule_in_numbers(const tp_sweep *s, uint32_t i)
{
    tp_tape *tape = s->tape;
    const uint32_t end = tape->count, chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    const tp_status status = by_rule(s, i);
    const bool recorded = tape->count > end;
    tp_unwind(tape, end, chunk, used);
    return !recorded || tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

/* ---- the sweep ---- */

/* A tensor's tangents are given back behind its last user. */
static void drop_operands(const tp_sweep *s, uint32_t i)
{
    const tp_node *node = &s->tape->nodes[i];
    const uint32_t count = tp_input_count(node);
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t operand = tp_input_of(node, k);
        if (tp_sweep_moves(s, operand) && (s->until[operand - s->first] & ~TP_MOVES) == i) tp_sweep_drop(s, operand);
    }
}

static tp_status advance(const tp_sweep *s, uint32_t i)
{
    const tp_node *node = &s->tape->nodes[i];
    const tp_op *op = node->op;
    if (op->structure == TP_LEAF || op->flags & TP_TUPLE_PART) return TP_OK;
    if (s->recorded) return by_rule(s, i);
    const size_t outer = tp_pool_watch(&s->tape->pool);
    const tp_status status = op->row ? tp_sweep_row(s, i) : by_rule_in_numbers(s, i);
    tp_note_walk(s->tape, outer);
    drop_operands(s, i);
    return status;
}

tp_status tp_sweep_run(tp_sweep *s)
{
    tp_tape *tape = s->tape;
    tp_status status = tape->error.status;
    const uint32_t mask = tape->grad_mask;
    const tp_level outer = tp_level_of(tape);
    if (!s->recorded) {
        tape->grad_mask = 0;
        tape->pool.use = TP_FOR_WALK;
    }
    tape->walk_low = s->first;
    tape->floor = s->last + 1;
    for (uint32_t i = s->first; i <= s->last && status == TP_OK; i++) {
        if (!s->recorded && s->lanes == 1 && (i = through_scalars(s, i)) > s->last) break;
        if (s->assumed) tp_sweep_mark(s);
        if (s->until[i - s->first] == 0) continue;
        const tp_node *node = &tape->nodes[i];
        const uint32_t kind = node->a & (TP_IS_TENSOR | TP_NEEDS);
        if (kind == TP_NEEDS && node->op->scalar_slopes && !s->recorded)
            through_slopes(s, i);
        else if (kind & TP_NEEDS)
            status = advance(s, i);
    }
    tape->grad_mask = mask;
    tp_level_restore(tape, &outer);
    return status == TP_OK ? tape->error.status : status;
}
