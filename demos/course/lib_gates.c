#include "lib_gates.h"

#include <tapir/draw.h>

gates gates_on(tp_tape *tape)
{
    return (gates){.tape = tape};
}

tp_var gates_add(gates *c, const char *name, const char *expression, tp_var output, const tp_var *operands, int count)
{
    if (c->count == MOST_GATES || count > MOST_OPERANDS) return tp_none();
    gate *g = &c->gates[c->count++];
    *g = (gate){.name = name, .expression = expression, .output = output, .count = count};
    for (int i = 0; i < count; i++) g->operands[i] = operands[i];
    return tp_name(output, name);
}

tp_var gates_input(gates *c, const char *name, double value)
{
    return gates_add(c, name, NULL, tp_scalar(c->tape, value), NULL, 0);
}

/* The local gradients of a gate are its gradients by its operands under the upstream gradient 1. */
static bool read_locals(gates *c, gate *g)
{
    tp_var locals[MOST_OPERANDS];
    if (tp_vjp(g->output, tp_const(c->tape, 1), g->operands, g->count, locals, 0) != TP_OK) return false;
    for (int i = 0; i < g->count; i++) g->locals[i] = tp_item(locals[i]);
    return true;
}

bool gates_backward(gates *c)
{
    return gates_backward_from(c, 1);
}

bool gates_backward_from(gates *c, double upstream)
{
    bool good = c->count > 0;
    for (int i = 0; good && i < c->count; i++)
        if (c->gates[i].count) good = read_locals(c, &c->gates[i]);
    good = good && tp_backward_from(c->gates[c->count - 1].output, tp_const(c->tape, upstream), 0) == TP_OK;
    for (int i = 0; good && i < c->count; i++) {
        c->gates[i].value = tp_item(c->gates[i].output);
        c->gates[i].gradient = tp_grad_item(c->gates[i].output);
    }
    if (!good) fprintf(stderr, "%s\n", tp_tape_error(c->tape));
    return good;
}

static void print_forward(const gates *c)
{
    char text[64];
    printf("Forward\n");
    for (int i = 0; i < c->count; i++) {
        const gate *g = &c->gates[i];
        snprintf(text, sizeof text, g->expression ? "%s = %s" : "%s =", g->name, g->expression);
        printf("  %-28s %12.7f\n", text, g->value);
    }
}

/* A line for each gate that reads x, the first one beside the sum; the result itself is read by none. */
static void print_terms(const gates *c, const gate *x)
{
    int terms = 0;
    for (int i = c->count - 1; i >= 0; i--)
        for (int k = 0; k < c->gates[i].count; k++) {
            const gate *reader = &c->gates[i];
            if (reader->operands[k].node != x->output.node) continue;
            if (terms++)
                printf("\n%31s", "+");
            else
                printf("   ");
            printf(" %-6s %10.7f x %10.7f", reader->name, reader->gradient, reader->locals[k]);
        }
    putchar('\n');
}

static void print_backward(const gates *c)
{
    char text[64];
    const char *result = c->count ? c->gates[c->count - 1].name : "";
    printf("Backward                        gate   upstream x local\n");
    for (int i = c->count - 1; i >= 0; i--) {
        snprintf(text, sizeof text, "d%s/d%s =", result, c->gates[i].name);
        printf("  %-14s %11.7f", text, c->gates[i].gradient);
        print_terms(c, &c->gates[i]);
    }
}

void gates_print(const gates *c)
{
    print_forward(c);
    putchar('\n');
    print_backward(c);
}

bool gates_draw(const gates *c, const char *folder, const char *name, const char *title)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    if (c->count == 0) return false;
    return course_drawn(tp_draw_circuit(c->gates[c->count - 1].output,
                                        &(tp_draw_options){.title = title, .branches = true},
                                        course_path(path, folder, name), &error),
                        &error);
}
