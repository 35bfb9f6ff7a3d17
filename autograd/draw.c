/* The graph below a node in Graphviz's language. Each op is a node, each value a wire: a label with the forward value
   above the line and the gradient below it. */
#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/walk.h"

static void print_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else
            fputc(*text > 0 && *text < ' ' ? ' ' : *text, out); /* XML has no control characters */
    }
}

/* A scalar's number; a tensor's dtype and shape, and its elements when they are few. */
static void print_tensor(FILE *out, const tp_tensor *tensor)
{
    char text[TP_SHAPE_TEXT];
    if (tensor->count > 4) {
        fprintf(out, "%s %s", tp_dtype_name((tp_dtype)tensor->dtype), tp_tensor_text(text, tensor));
        return;
    }
    fprintf(out, "%s [", tp_tensor_text(text, tensor));
    for (int64_t i = 0; i < tensor->count; i++) fprintf(out, "%s%.4g", i ? ", " : "", tp_tensor_item(tensor, i));
    fputc(']', out);
}

static void print_value(FILE *out, const tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    if (tp_result_count(node->op) > 1) { /* its results have the values */
        fputc(' ', out);
        return;
    }
    if (node->a & TP_IS_TENSOR)
        print_tensor(out, node->value.tensor);
    else
        fprintf(out, "%.4g", node->value.number);
}

static void print_gradient(FILE *out, tp_tape *tape, uint32_t i)
{
    const tp_var x = tp_handle(tape, i);
    if (!(tape->nodes[i].a & TP_NEEDS) || tape->walked == 0 || tp_result_count(tape->nodes[i].op) > 1) {
        fputs(" ", out);
    } else if (!(tape->nodes[i].a & TP_IS_TENSOR)) {
        fprintf(out, "%.4g", tp_grad_item(x));
    } else if (tp_grad(x)) {
        print_tensor(out, tp_grad(x));
    } else {
        fputs(" ", out);
    }
}

/* An op's node. Edges leave at the middle of a right side (tailport), where the rule of a wire ends. */
static const char box[] = "shape=box, style=\"rounded,filled\", fillcolor=\"#eef2f6\", margin=\"0.1,0.06\", height=0.4";

static void print_op(FILE *out, const tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    const char *name = tp_name_of(tape, i);
    if (name && !*name) name = NULL;
    const bool leaf = node->op->structure == TP_LEAF;
    fprintf(out, "  op%u [%s, label=<", i, leaf ? "shape=plaintext" : box);
    if (leaf && name) {
        fputs("<b>", out), print_text(out, name), fputs("</b>", out);
    } else if (leaf) {
        print_text(out, node->op->name);
    } else {
        print_text(out, node->op->name);
        if (node->op->row && node->op->row->kind == TP_ROW_NUMBER) fprintf(out, " %.4g", node->extra.number);
        if (node->op->row && node->op->row->kind == TP_ROW_NUMBERS)
            for (int k = 0; k < node->op->row->numbers_count; k++) fprintf(out, " %.4g", node->extra.numbers[k]);
        if (name) fputs("<br/><i>", out), print_text(out, name), fputs("</i>", out);
    }
    fputs(">];\n", out);
    fprintf(out,
            "  wire%u [shape=plaintext, label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
            "cellpadding=\"2\" color=\"#57606a\"><tr><td><font color=\"#1a7f37\">",
            i);
    print_value(out, tape, i);
    fputs("</font></td></tr><hr/><tr><td><font color=\"#c0392b\">", out);
    print_gradient(out, (tp_tape *)tape, i);
    fputs("</font></td></tr></table>>];\n", out);
    fprintf(out, "  op%u -> wire%u [arrowhead=none, headport=w];\n", i, i);
}

static void draw(FILE *out, const tp_tape *tape, uint32_t root, const bool *below)
{
    fputs("digraph tapir {\n  rankdir=LR;\n  bgcolor=\"white\";\n  nodesep=0.25;\n  ranksep=0.25;\n  ordering=in;\n"
          "  node [fontname=\"Helvetica\", fontsize=12, width=0, height=0, margin=0, color=\"#57606a\"];\n"
          "  edge [arrowsize=0.6, color=\"#57606a\", tailport=e];\n",
          out);
    for (uint32_t i = 0; i <= root; i++) {
        if (!below[i]) continue;
        print_op(out, tape, i);
        const uint32_t n = tp_input_count(&tape->nodes[i]);
        for (uint32_t k = 0; k < n; k++) fprintf(out, "  wire%u -> op%u;\n", tp_input_of(&tape->nodes[i], k), i);
    }
    fputs("}\n", out);
}

tp_status tp_draw_dot(tp_var y, FILE *out)
{
    tp_tape *tape = y.tape;
    if (!tape) return TP_E_ARGUMENT;
    if (!out) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_draw_dot: the file is NULL");
    if (!tp_check_operand(tape, "draw_dot", y, 0)) return tape->error.status;
    const size_t size = (size_t)y.node + 1;
    bool *below = tp_allocate_zeroed(&tape->memory, size);
    if (!below) return tp_tape_out_of_memory(tape, "tp_draw_dot");
    below[y.node] = true;
    for (uint32_t i = y.node + 1; i-- > 0;) {
        if (!below[i]) continue;
        const uint32_t n = tp_input_count(&tape->nodes[i]);
        for (uint32_t k = 0; k < n; k++) below[tp_input_of(&tape->nodes[i], k)] = true;
    }
    draw(out, tape, y.node, below);
    tp_deallocate(&tape->memory, below, size);
    return ferror(out) ? tp_tape_fail(tape, TP_E_IO, "tp_draw_dot: writing failed") : TP_OK;
}
