#include "cli/circuit.h"

#include <math.h>
#include <string.h>

#include <tapir/ops.h>

bool cli_is_number(const cli_expression *e, int node, int i)
{
    return e->nodes[e->nodes[node].operand[i]].kind == CLI_NUMBER;
}

/* One call, with the handles of its operands. */
static tp_var record_call(tp_tape *tape, const cli_expression *e, int node, const tp_var *x)
{
    bool is_number[CLI_OPERANDS] = {false};
    double numbers[CLI_OPERANDS] = {0};
    for (int i = 0; i < cli_operand_count(&e->nodes[node]); i++) {
        is_number[i] = cli_is_number(e, node, i);
        numbers[i] = e->nodes[e->nodes[node].operand[i]].number;
    }
    return cli_apply(tape, e->nodes[node].function, x, is_number, numbers);
}

tp_var cli_record(tp_tape *tape, const cli_expression *e, const tp_var *bound, const bool *is_number,
                  const double *numbers, tp_var *handles)
{
    for (int n = 0; n < e->count; n++) {
        const cli_node *const node = &e->nodes[n];
        tp_var x[CLI_OPERANDS];
        for (int i = 0; i < cli_operand_count(node); i++) x[i] = handles[node->operand[i]];
        if (node->kind == CLI_CALL) {
            handles[n] = record_call(tape, e, n, x);
        } else {
            const bool number = node->kind == CLI_NUMBER || (is_number && is_number[node->name]);
            handles[n] = !number                    ? bound[node->name]
                         : node->kind == CLI_NUMBER ? tp_const(tape, node->number)
                                                    : tp_const(tape, numbers[node->name]);
        }
    }
    return handles[e->root];
}

bool cli_is_variable(const cli_circuit *c, int name)
{
    const int n = c->e->names[name].node;
    return n >= 0 && c->e->nodes[n].kind == CLI_VARIABLE && c->e->nodes[n].name == name && c->gates[n].used;
}

int cli_first_variable(const cli_expression *e)
{
    for (int n = 0; n < e->count; n++)
        if (e->nodes[n].kind == CLI_VARIABLE) return n;
    return -1;
}

tp_status cli_constant_value(const tp_allocator *memory, const cli_expression *e, double *value)
{
    tp_tape *const tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    tp_var *handles = NULL;
    size_t room = 0;
    tp_status status = TP_E_MEMORY;
    if (tape && cli_reserve(memory, &handles, &room, (size_t)e->count, sizeof *handles)) {
        *value = tp_item(cli_record(tape, e, NULL, NULL, NULL, handles));
        status = tp_tape_status(tape);
    }
    cli_release(memory, handles, room, sizeof *handles);
    tp_tape_free(tape);
    return status;
}

/* ---- forward ---- */

static tp_status fail(cli_circuit *c, tp_status status, const char *message)
{
    snprintf(c->message, sizeof c->message, "%s", message);
    return status;
}

static tp_status tape_status(cli_circuit *c)
{
    return tp_tape_status(c->tape) == TP_OK ? TP_OK : fail(c, tp_tape_status(c->tape), tp_tape_error(c->tape));
}

static void mark_used(cli_circuit *c)
{
    c->gates[c->e->root].used = true;
    for (int n = c->e->root; n >= 0; n--) {
        if (!c->gates[n].used) continue;
        for (int i = 0; i < cli_operand_count(&c->e->nodes[n]); i++) c->gates[c->e->nodes[n].operand[i]].used = true;
    }
}

static void record(cli_circuit *c, const double *values)
{
    const cli_expression *const e = c->e;
    for (int n = 0; n < e->count; n++) {
        const cli_node *const node = &e->nodes[n];
        cli_gate *const gate = &c->gates[n];
        *gate = (cli_gate){.used = gate->used, .first = -1, .last = -1, .at = tp_none(), .branch = tp_none()};
        gate->value = node->number;
        if (!gate->used || node->kind == CLI_NUMBER) continue;
        tp_var x[CLI_OPERANDS];
        for (int i = 0; i < cli_operand_count(node); i++) x[i] = c->gates[node->operand[i]].at;
        gate->at = node->kind == CLI_CALL ? record_call(c->tape, e, n, x) : tp_scalar(c->tape, values[node->name]);
        gate->value = tp_item(gate->at);
        gate->needs = tp_needs_grad(gate->at);
    }
}

/* ---- local gradients ---- */

/* Each gate once more, on leaves of its own with its operands' values; the walk back from the sum of all has 1 for each
   gate's upstream gradient, so that what comes to the leaves is the local gradient. Then all of it is forgotten. */
static tp_status local_gradients(cli_circuit *c, tp_var *leaves)
{
    const cli_expression *const e = c->e;
    const tp_mark mark = tp_tape_mark(c->tape);
    tp_var sum = tp_scalar(c->tape, 0);
    for (int n = 0; n < e->count; n++) {
        const cli_node *const node = &e->nodes[n];
        if (!c->gates[n].needs || node->kind != CLI_CALL) continue;
        tp_var x[CLI_OPERANDS];
        for (int i = 0; i < cli_operand_count(node); i++) {
            const cli_gate *const operand = &c->gates[node->operand[i]];
            x[i] = operand->needs ? tp_scalar(c->tape, operand->value) : tp_const(c->tape, operand->value);
            leaves[CLI_OPERANDS * n + i] = x[i];
        }
        sum = tp_add(sum, record_call(c->tape, e, n, x));
    }
    if (tp_backward(sum) != TP_OK) return tape_status(c);
    for (int n = 0; n < e->count; n++) {
        if (!c->gates[n].needs) continue;
        for (int i = 0; i < cli_operand_count(&e->nodes[n]); i++)
            if (c->gates[e->nodes[n].operand[i]].needs)
                c->gates[n].local[i] = tp_grad_item(leaves[CLI_OPERANDS * n + i]);
    }
    return tp_tape_rewind(c->tape, mark);
}

/* ---- backward ---- */

tp_status cli_circuit_walk(cli_circuit *c)
{
    if (!c->gates[c->e->root].needs) return TP_OK;
    return tp_backward(c->gates[c->e->root].at) == TP_OK ? TP_OK : tape_status(c);
}

static void arrive(cli_circuit *c, int node, cli_product product)
{
    cli_gate *const gate = &c->gates[node];
    const int at = c->product_count++;
    c->products[at] = product;
    if (gate->last >= 0)
        c->products[gate->last].next = at;
    else
        gate->first = at;
    gate->last = at;
    gate->arrivals++;
}

/* The products of the chain rule. An upstream gradient of 0 stays 0, whatever the slope: as on the tape. */
static bool list_products(cli_circuit *c)
{
    const cli_expression *const e = c->e;
    for (int n = e->root; n >= 0; n--) {
        const cli_gate *const gate = &c->gates[n];
        if (!gate->needs) continue;
        for (int i = 0; i < cli_operand_count(&e->nodes[n]); i++) {
            const int to = e->nodes[n].operand[i];
            if (!c->gates[to].needs || !cli_function_at(e->nodes[n].function)->slope[i]) continue;
            if (!cli_reserve(c->memory, &c->products, &c->product_room, (size_t)c->product_count + 1,
                             sizeof *c->products))
                return false;
            const double value = gate->gradient == 0 ? 0 : gate->gradient * gate->local[i];
            arrive(c, to, (cli_product){.gate = n, .operand = i, .value = value, .next = -1});
        }
    }
    return true;
}

static tp_status backward(cli_circuit *c)
{
    const tp_status status = cli_circuit_walk(c);
    if (status != TP_OK) return status;
    for (int n = 0; n < c->e->count; n++)
        if (c->gates[n].needs) c->gates[n].gradient = tp_grad_item(c->gates[n].at);
    return list_products(c) ? TP_OK : fail(c, TP_E_MEMORY, "out of memory");
}

/* ---- branches ---- */

static const cli_known formula_names[] = {{"x", 1, NULL}, {"b", 1, NULL}, {"c", 1, NULL}, {"y", 1, NULL}};
enum { FORMULA_NAMES = 4, MOST_FORMULA = 64 };

static tp_status record_branch(cli_circuit *c, int n)
{
    const cli_node *const node = &c->e->nodes[n];
    cli_expression *const branch = &c->branches[node->function];
    if (!branch->nodes) {
        const char *const text = cli_function_at(node->function)->branch;
        const tp_status status = cli_parse(branch, c->memory, text, strlen(text), formula_names, FORMULA_NAMES, false);
        if (status != TP_OK) return fail(c, status, "out of memory");
    }
    tp_var bound[FORMULA_NAMES], handles[MOST_FORMULA];
    bool is_number[FORMULA_NAMES] = {false};
    double numbers[FORMULA_NAMES] = {0};
    for (int i = 0; i < cli_operand_count(node); i++) {
        bound[i] = c->gates[node->operand[i]].at;
        is_number[i] = cli_is_number(c->e, n, i);
        numbers[i] = c->gates[node->operand[i]].value;
    }
    bound[FORMULA_NAMES - 1] = c->gates[n].at;
    if (branch->count > MOST_FORMULA) return fail(c, TP_E_LIMIT, "a branch has too long a formula");
    c->gates[n].branch = cli_record(c->tape, branch, bound, is_number, numbers, handles);
    return TP_OK;
}

static tp_status record_branches(cli_circuit *c)
{
    const size_t bytes = (size_t)cli_function_count() * sizeof *c->branches;
    c->branches = c->memory->allocate(c->memory->user, bytes, _Alignof(max_align_t));
    if (!c->branches) return fail(c, TP_E_MEMORY, "out of memory");
    memset(c->branches, 0, bytes);
    tp_status status = TP_OK;
    for (int n = 0; n <= c->e->root && status == TP_OK; n++) {
        if (!c->gates[n].used || c->e->nodes[n].kind != CLI_CALL) continue;
        bool moves = false;
        for (int i = 0; i < cli_operand_count(&c->e->nodes[n]); i++)
            moves = moves || c->gates[c->e->nodes[n].operand[i]].needs;
        if (moves && cli_function_at(c->e->nodes[n].function)->branch) status = record_branch(c, n);
    }
    return status == TP_OK ? tape_status(c) : status;
}

/* ---- all of it ---- */

tp_status cli_circuit_make(cli_circuit *c, const cli_expression *e, const double *values)
{
    *c = (cli_circuit){.memory = e->memory, .e = e};
    tp_var *leaves = NULL;
    size_t room = 0;
    tp_status status = TP_E_MEMORY;
    c->tape = tp_tape_new(&(tp_tape_options){.memory = e->memory});
    if (!c->tape || !cli_reserve(c->memory, &c->gates, &c->gate_room, (size_t)e->count, sizeof *c->gates) ||
        !cli_reserve(c->memory, &leaves, &room, CLI_OPERANDS * (size_t)e->count, sizeof *leaves)) {
        fail(c, status, "out of memory");
    } else {
        memset(c->gates, 0, (size_t)e->count * sizeof *c->gates);
        mark_used(c);
        record(c, values);
        status = tape_status(c);
        if (status == TP_OK) status = local_gradients(c, leaves);
        if (status == TP_OK) status = backward(c);
        if (status == TP_OK) status = record_branches(c);
    }
    cli_release(c->memory, leaves, room, sizeof *leaves);
    return status;
}

void cli_circuit_free(cli_circuit *c)
{
    for (int i = 0; c->branches && i < cli_function_count(); i++)
        if (c->branches[i].memory) cli_expression_free(&c->branches[i]);
    cli_release(c->memory, c->branches, (size_t)cli_function_count(), sizeof *c->branches);
    cli_release(c->memory, c->gates, c->gate_room, sizeof *c->gates);
    cli_release(c->memory, c->products, c->product_room, sizeof *c->products);
    tp_tape_free(c->tape);
    *c = (cli_circuit){0};
}
