/* Functions of elements: the call, which makes a program of what f records on scalars, and the rule in recorded ops. */
#include <tapir/map.h>

#include <ctype.h>
#include <string.h>

#include "autograd/function.h"
#include "ops/map.h"

/* ---- from nodes to a program ---- */

/* What is known of the nodes that f recorded, from `first` on. */
typedef struct source {
    tp_tape *tape;
    uint32_t first, count;
    uint32_t *reg; /* of each node: 0 not used, else its register plus one; before they are numbered, 1 */
} source;

/* Whether the op gives its operand on as it is. */
static bool is_same(const tp_op *op)
{
    return op->arity == 1 && op->structure == TP_VIEW && op->flags & TP_LINEAR;
}

static tp_status check_node(const source *s, uint32_t i)
{
    const tp_node *node = &s->tape->nodes[i];
    const char *name = node->op->name;
    if (node->op->structure == TP_LEAF && !(node->a & TP_IS_TENSOR) && !tp_leaf_of(s->tape, i)) return TP_OK;
    if (node->a & TP_IS_TENSOR || !(is_same(node->op) || (node->op->row && node->op->row->kind != TP_ROW_COMPARE)))
        return tp_tape_fail(s->tape, TP_E_UNSUPPORTED,
                            "tp_map: f records %s, which is no op on floats element by element", name);
    for (uint32_t k = 0; k < tp_input_count(node); k++)
        if (tp_input_of(node, k) < s->first)
            return tp_tape_fail(s->tape, TP_E_ARGUMENT,
                                "tp_map: an operand of %s is node %u, from outside: hand it over in x", name,
                                tp_input_of(node, k));
    return TP_OK;
}

/* Marks what the results depend on. */
static tp_status mark(source *s, const tp_var *y, int m)
{
    tp_tape *tape = s->tape;
    for (int k = 0; k < m; k++) {
        if (y[k].tape != tape || !tp_valid(tape, y[k]) || y[k].node < s->first)
            return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_map: result %d is no handle of what f recorded", k);
        s->reg[y[k].node - s->first] = 1;
    }
    for (uint32_t i = s->first + s->count; i-- > s->first;) {
        if (!s->reg[i - s->first]) continue;
        const tp_status status = check_node(s, i);
        if (status != TP_OK) return status;
        const tp_node *node = &tape->nodes[i];
        for (uint32_t k = 0; node->op->structure != TP_LEAF && k < tp_input_count(node); k++)
            s->reg[tp_input_of(node, k) - s->first] = 1;
    }
    return TP_OK;
}

/* The arrays behind the struct; with `p` NULL only the size. */
static size_t lay_out(tp_map_program *p, int n, int m, uint32_t constants, uint32_t steps)
{
    const size_t step = sizeof *p + constants * sizeof(double), result = step + steps * sizeof(tp_map_step);
    const size_t twin = result + (size_t)m * sizeof(uint32_t), end = twin + (size_t)n * sizeof(uint32_t);
    if (!p) return end;
    char *at = (char *)p;
    p->constant = (double *)(void *)(at + sizeof *p);
    p->step = (tp_map_step *)(void *)(at + step);
    p->result = (uint32_t *)(void *)(at + result);
    p->twin = (uint32_t *)(void *)(at + twin);
    return end;
}

static void set_step(const source *s, const tp_node *node, tp_map_step *step)
{
    const tp_row *row = node->op->row;
    *step = (tp_map_step){.op = node->op, .slot = TP_NO_SLOT, .cut = !(node->a & TP_NEEDS)};
    for (uint32_t k = 0; k < (uint32_t)node->op->arity; k++) step->x[k] = s->reg[tp_input_of(node, k) - s->first] - 1;
    if (row->kind != TP_ROW_NUMBER && row->kind != TP_ROW_NUMBERS) return;
    const double *numbers = row->kind == TP_ROW_NUMBERS ? node->extra.numbers : &node->extra.number;
    for (int k = 0; k < row->numbers_count; k++) {
        step->numbers[k] = numbers[k];
        step->narrow[k] = (float)numbers[k];
    }
}

/* Registers for the marked nodes, and the program's steps and constants. `leaves` are the operands' nodes. */
static void fill(source *s, tp_map_program *p, const tp_var *leaves, const tp_var *y)
{
    uint32_t constants = (uint32_t)p->n, steps = tp_map_first_step(p);
    for (int i = p->n; i-- > 0;) s->reg[leaves[i].node - s->first] = (uint32_t)i + 1;
    for (uint32_t i = 0; i < s->count; i++) {
        const tp_node *node = &s->tape->nodes[s->first + i];
        if (!s->reg[i] || i < (uint32_t)p->n) continue;
        if (node->op->structure == TP_LEAF) {
            p->constant[constants - (uint32_t)p->n] = node->value.number;
            s->reg[i] = ++constants;
        } else if (is_same(node->op)) {
            s->reg[i] = s->reg[tp_input_of(node, 0) - s->first];
        } else {
            set_step(s, node, &p->step[steps - tp_map_first_step(p)]);
            s->reg[i] = ++steps;
        }
    }
    for (int k = 0; k < p->m; k++) p->result[k] = s->reg[y[k].node - s->first] - 1;
}

/* ---- which values slopes want, and where values lie ---- */

static bool is_result(const tp_map_program *p, uint32_t reg)
{
    for (int k = 0; k < p->m; k++)
        if (p->result[k] == reg) return true;
    return false;
}

/* Whether the text of a slope names the variable. */
static bool names(const char *text, char variable)
{
    for (const char *c = text; *c; c++) {
        const bool before = c > text && (isalnum((unsigned char)c[-1]) || c[-1] == '_');
        const bool after = isalnum((unsigned char)c[1]) || c[1] == '_';
        if (*c == variable && !before && !after) return true;
    }
    return false;
}

/* Which values a step's slopes want. */
static void find_uses(tp_map_program *p)
{
    for (uint32_t i = 0; i < p->steps; i++) {
        tp_map_step *step = &p->step[i];
        const tp_row *row = step->op->row;
        for (int k = 0; k < step->op->arity; k++) {
            if (row->none[k] || row->through[k]) continue;
            if (names(row->slope[k], 'y')) step->uses[k] |= TP_MAP_USES_RESULT;
            for (int j = 0; j < step->op->arity; j++)
                if (names(row->slope[k], "xbc"[j])) step->uses[k] |= (uint8_t)(1 << j);
        }
    }
}

/* Blocks for the values of the steps that are no results, used again when nobody wants what lies there. `last` is room
   for the last user of each step, `free` for blocks. */
static void find_slots(tp_map_program *p, uint32_t *last, uint32_t *free)
{
    const uint32_t base = tp_map_first_step(p);
    uint32_t idle = 0;
    for (uint32_t i = 0; i < p->steps; i++) {
        last[i] = i;
        for (int j = 0; j < p->step[i].op->arity; j++)
            if (p->step[i].x[j] >= base) last[p->step[i].x[j] - base] = i;
    }
    for (uint32_t i = 0; i < p->steps; i++) {
        tp_map_step *step = &p->step[i];
        if (!is_result(p, base + i)) step->slot = idle ? free[--idle] : p->slots++;
        for (int j = 0; j < step->op->arity; j++) {
            const uint32_t x = step->x[j] - base;
            if (step->x[j] < base || last[x] != i || p->step[x].slot == TP_NO_SLOT) continue;
            free[idle++] = p->step[x].slot;
            last[x] = UINT32_MAX; /* once, where it is used twice */
        }
    }
}

/* The program of what f has recorded, on the tape's stack; NULL after setting the error. */
static tp_map_program *translate(source *s, const tp_var *leaves, int n, const tp_var *y, int m)
{
    tp_tape *tape = s->tape;
    uint32_t constants = 0, steps = 0;
    s->reg = tp_chunks_push(&tape->stack, (s->count + 1) * sizeof *s->reg);
    if (!s->reg) return tp_tape_out_of_memory(tape, "tp_map"), NULL;
    memset(s->reg, 0, (s->count + 1) * sizeof *s->reg);
    if (mark(s, y, m) != TP_OK) return NULL;
    for (uint32_t i = (uint32_t)n; i < s->count; i++) {
        if (!s->reg[i]) continue;
        const tp_op *op = tape->nodes[s->first + i].op;
        constants += op->structure == TP_LEAF;
        steps += op->structure != TP_LEAF && !is_same(op);
    }
    const size_t bytes = lay_out(NULL, n, m, constants, steps);
    tp_map_program *p = tp_chunks_push(&tape->stack, bytes);
    uint32_t *room = tp_chunks_push(&tape->stack, 2 * ((size_t)steps + 1) * sizeof *room);
    if (!p || !room) return tp_tape_out_of_memory(tape, "tp_map"), NULL;
    *p = (tp_map_program){.bytes = bytes, .n = n, .m = m, .constants = constants, .steps = steps};
    lay_out(p, n, m, constants, steps);
    fill(s, p, leaves, y);
    find_uses(p);
    find_slots(p, room, room + steps + 1);
    return p;
}

/* ---- the call ---- */

static tp_status check_call(tp_tape *tape, tp_element_function f, const tp_var *x, int n, int m)
{
    if (!f || !x || n < 1 || m < 1)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_map: f or x is NULL, or there are %d operands and %d results", n,
                            m);
    for (int i = 0; i < n; i++)
        if (!tp_check_operand(tape, "map", x[i], i)) return tape->error.status;
    return tape->error.status;
}

/* The dtype and the shape of all operands together. */
static tp_status find_shape(tp_tape *tape, const tp_var *x, int n, int m, tp_map_program *p)
{
    char text[TP_SHAPE_TEXT];
    bool tensors = false;
    p->dtype = TP_F64;
    for (int i = 0; i < n; i++) {
        const tp_tensor *value = tp_value(x[i]);
        if (!value) continue;
        if (!tp_dtype_is_float((tp_dtype)value->dtype) || (tensors && (tp_dtype)value->dtype != p->dtype))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_map: x[%d] is %s%s%s; use tp_cast", i,
                                tp_dtype_name((tp_dtype)value->dtype), tensors ? ", others are " : "",
                                tensors ? tp_dtype_name(p->dtype) : "");
        if (!tp_shape_broadcast(&p->shape, value->rank, value->dims))
            return tp_tape_fail(tape, TP_E_SHAPE, "tp_map: x[%d] of shape %s does not broadcast to that of the others",
                                i, tp_tensor_text(text, value));
        p->dtype = (tp_dtype)value->dtype;
        tensors = true;
    }
    if (m > 1 && p->shape.rank == TP_MAX_RANK)
        return tp_tape_fail(tape, TP_E_LIMIT, "tp_map: %d results of rank %d", m, p->shape.rank);
    if (tp_tensor_check(p->dtype, p->shape.rank, p->shape.dims, &p->count, NULL) != TP_OK)
        return tp_tape_fail(tape, TP_E_LIMIT, "tp_map: the broadcast size overflows");
    return TP_OK;
}

/* Calls f with a scalar for each operand; one for operands that are the same. */
static tp_map_program *call(tp_tape *tape, tp_element_function f, const tp_var *x, int n, int m, void *user)
{
    const uint32_t guarded = tape->guarded, calling = tape->calling, mask = tape->grad_mask;
    source s = {.tape = tape, .first = tape->count};
    tp_var *leaves = tp_chunks_push(&tape->stack, ((size_t)n + (size_t)m) * sizeof *leaves);
    if (!leaves) return tp_tape_out_of_memory(tape, "tp_map"), NULL;
    tp_var *y = leaves + n;
    tape->grad_mask = TP_NEEDS;
    for (int i = 0; i < n; i++) {
        const tp_tensor *value = tp_value(x[i]);
        leaves[i] = tp_scalar(tape, value ? (value->count ? tp_tensor_item(value, 0) : 1) : tp_item(x[i]));
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (x[j].node == x[i].node) leaves[i] = leaves[j];
    for (int k = 0; k < m; k++) y[k] = tp_none();
    tape->guarded = tape->count;
    tape->calling = 0;
    tape->functions++;
    if (tape->error.status == TP_OK) f(tape, leaves, n, y, m, user);
    tape->functions--;
    tape->calling = calling;
    tape->guarded = guarded;
    tape->grad_mask = mask;
    s.count = tape->count - s.first;
    return tape->error.status == TP_OK ? translate(&s, leaves, n, y, m) : NULL;
}

/* Forgets what f recorded and moves the program down to where it began. */
static tp_map_program *settle(tp_tape *tape, const tp_mark *mark, const tp_map_program *p)
{
    const size_t bytes = p->bytes;
    tp_drop_recording(tape, mark);
    tp_map_program *kept = tp_chunks_push(&tape->stack, bytes);
    if (!kept) return tp_tape_out_of_memory(tape, "tp_map"), NULL;
    memmove(kept, p, bytes);
    lay_out(kept, kept->n, kept->m, kept->constants, kept->steps);
    return kept;
}

static const tp_op map_op;

tp_var tp_map(tp_element_function f, tp_tape *tape, const tp_var *x, int n, int m, void *user)
{
    tp_map_program together = {0};
    if (!tape || check_call(tape, f, x, n, m) != TP_OK) return tp_poison(tape);
    if (find_shape(tape, x, n, m, &together) != TP_OK) return tp_poison(tape);
    const tp_mark mark = tp_tape_mark(tape);
    const tp_map_program *made = call(tape, f, x, n, m, user);
    tp_map_program *p = made ? settle(tape, &mark, made) : NULL;
    tp_var y = tp_poison(tape);
    if (p) {
        p->dtype = together.dtype;
        p->shape = together.shape;
        p->count = together.count;
        for (int i = n; i-- > 0;)
            for (int j = 0; j <= i; j++)
                if (x[j].node == x[i].node) {
                    p->twin[i] = (uint32_t)j;
                    break;
                }
        y = tp_apply(&map_op, x, n, &p);
    }
    if (!tp_ok(y)) tp_drop_recording(tape, &mark);
    return y;
}

/* ---- the op ---- */

static tp_status map_shape(tp_ctx *ctx)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    int64_t dims[TP_MAX_RANK + 1] = {p->m};
    memcpy(dims + 1, p->shape.dims, (size_t)p->shape.rank * sizeof *dims);
    return p->m > 1 ? tp_ctx_result(ctx, 0, p->dtype, p->shape.rank + 1, dims)
                    : tp_ctx_result(ctx, 0, p->dtype, p->shape.rank, dims + 1);
}

/* The steps recorded as ops on the operands. */
static tp_status record_steps(tp_ctx *ctx, const tp_map_program *p, tp_var *value)
{
    tp_tape *tape = ctx->tape;
    const uint32_t base = tp_map_first_step(p), mask = tape->grad_mask;
    for (int i = 0; i < p->n; i++) value[i] = tp_ctx_input_var(ctx, i);
    for (uint32_t i = 0; i < p->constants; i++) value[(uint32_t)p->n + i] = tp_const(tape, p->constant[i]);
    for (uint32_t i = 0; i < p->steps; i++) {
        const tp_map_step *s = &p->step[i];
        tape->grad_mask = s->cut ? 0 : mask;
        value[base + i] =
            tp_elementwise(s->op, (const tp_var[]){value[s->x[0]], value[s->x[1]], value[s->x[2]]}, s->numbers);
    }
    tape->grad_mask = mask;
    return tape->error.status;
}

/* The gradient of result k, a tensor of the operands' common shape. */
static tp_var part_of(const tp_map_program *p, tp_var g, int k)
{
    if (p->m == 1) return g;
    const tp_var row = tp_slice(g, 0, k, k + 1, 1);
    return tp_reshape(row, p->shape.rank, p->shape.dims);
}

static void add_to(tp_tape *tape, tp_var *sum, tp_var g)
{
    if (!tp_ok(g)) return; /* the tape has the error */
    *sum = tp_ok(*sum) ? tp_accumulate(tape, *sum, g) : g;
}

static tp_status map_backward(tp_ctx *ctx, tp_var g)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    tp_tape *tape = ctx->tape;
    const uint32_t base = tp_map_first_step(p), registers = tp_map_registers(p);
    tp_var *value = tp_chunks_push(&tape->stack, 2 * (size_t)registers * sizeof *value);
    if (!value) return tp_tape_out_of_memory(tape, "tp_map");
    tp_var *slope = value + registers;
    tp_status status = record_steps(ctx, p, value);
    for (uint32_t i = 0; i < registers; i++) slope[i] = tp_none();
    for (int k = 0; k < p->m && status == TP_OK; k++) add_to(tape, &slope[p->result[k]], part_of(p, g, k));
    for (uint32_t i = p->steps; i-- > 0 && tape->error.status == TP_OK;) {
        const tp_map_step *s = &p->step[i];
        const tp_var x[] = {value[s->x[0]], value[s->x[1]], value[s->x[2]]};
        for (int k = 0; tp_ok(slope[base + i]) && !s->cut && k < s->op->arity; k++)
            if (!s->op->row->none[k] && tp_needs_grad(x[k]))
                add_to(tape, &slope[s->x[k]], s->op->row->recorded[k](slope[base + i], x, value[base + i], s->numbers));
    }
    for (int i = 0; i < p->n && tape->error.status == TP_OK; i++)
        if (p->twin[i] == (uint32_t)i && tp_ok(slope[i])) tp_give(ctx, i, slope[i]);
    return tape->error.status;
}

static tp_status map_pattern(tp_ctx *ctx)
{
    const tp_map_program *p = *(tp_map_program *const *)ctx->attributes;
    if (p->m == 1) return tp_pattern_places(ctx);
    for (int i = 0; i < p->n; i++) {
        int axes[TP_MAX_RANK] = {-1};
        const tp_tensor *x = tp_ctx_input(ctx, i);
        for (int d = 0; d < p->shape.rank; d++) {
            const int own = d - (p->shape.rank - x->rank);
            axes[d + 1] = own >= 0 ? own : -1;
        }
        const tp_status status = tp_pattern_operand(ctx, i) ? tp_pattern_to(ctx, 0, axes) : TP_OK;
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static const tp_op map_op = {TP_OP_HEAD,
                             .name = "map",
                             .arity = TP_VARIADIC,
                             .structure = TP_ELEMENTWISE,
                             .attributes = sizeof(tp_map_program *),
                             .scratch = 2,
                             .shape = map_shape,
                             .forward = tp_map_forward,
                             .backward = map_backward,
                             .gradient = tp_map_gradient,
                             .workspace = tp_map_workspace,
                             .pattern = map_pattern};
