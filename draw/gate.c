/* The symbols of ops. */
#include <math.h>
#include <string.h>

#include "autograd/elementwise.h"
#include "draw/circuit.h"

/* Ops whose symbol is not their name; % stands for the plain number. */
static const struct {
    const char *op, *symbol;
} symbols[] = {
    {"add", "+"},           {"accumulate", "+"},    {"sub", "−"},
    {"mul", "×"},           {"div", "÷"},           {"maximum", "max"},
    {"minimum", "min"},     {"pow", "^"},           {"neg", "× −1"},
    {"reciprocal", "1/x"},  {"square", "x²"},       {"sqrt", "√"},
    {"rsqrt", "1/√x"},      {"sigmoid", "σ"},       {"logsigmoid", "log σ"},
    {"abs", "|x|"},         {"adds", "+ %"},        {"muls", "× %"},
    {"rsubs", "% − x"},     {"rdivs", "%/x"},       {"pows", "^ %"},
    {"sum", "Σ"},           {"less", "<"},          {"less_equal", "≤"},
    {"greater", ">"},       {"greater_equal", "≥"}, {"equal", "="},
    {"not_equal", "≠"},     {"logical_and", "and"}, {"logical_or", "or"},
    {"logical_xor", "xor"}, {"logical_not", "not"}, {"mul_masked", "×"},
};

static const char *symbol_of(const char *name)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strcmp(symbols[i].op, name) == 0) return symbols[i].symbol;
    return NULL;
}

/* Appends to text[LABEL_TEXT] what fits. */
static void append(char *text, const char *more)
{
    strncat(text, more, LABEL_TEXT - 1 - strlen(text));
}

/* x², x³, ...: a power with a small whole number. */
static bool small_power(double exponent, char text[LABEL_TEXT])
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    if (!(fabs(exponent) < 10) || exponent != floor(exponent) || exponent == 0) return false;
    strcpy(text, exponent < 0 ? "x⁻" : "x");
    append(text, raised[(int)fabs(exponent)]);
    return true;
}

void gate_label(const tp_tape *tape, uint32_t i, char text[LABEL_TEXT])
{
    const tp_node *n = &tape->nodes[i];
    const tp_row *row = n->op->row;
    const char *symbol = symbol_of(n->op->name);
    char number[NUMBER_TEXT];
    text[0] = 0;
    if (n->op->flags & TP_TUPLE_PART) {
        snprintf(text, LABEL_TEXT, "result %u", (n->b & TP_NODE_BITS) + 1);
        return;
    }
    if (!row || (row->kind != TP_ROW_NUMBER && row->kind != TP_ROW_NUMBERS)) {
        append(text, symbol ? symbol : n->op->name);
        return;
    }
    if (strcmp(n->op->name, "pows") == 0 && small_power(n->extra.number, text)) return;
    if (strcmp(n->op->name, "adds") == 0 && n->extra.number < 0) { /* "− 3" rather than "+ −3" */
        append(text, "− ");
        append(text, number_text(number, -n->extra.number, 6));
        return;
    }
    const char *hole = symbol ? strchr(symbol, '%') : NULL;
    if (hole) {
        memcpy(text, symbol, (size_t)(hole - symbol));
        text[hole - symbol] = 0;
        append(text, number_text(number, n->extra.number, 6));
        append(text, hole + 1);
        return;
    }
    append(text, symbol ? symbol : n->op->name);
    for (int k = 0; k < (row->kind == TP_ROW_NUMBER ? 1 : row->numbers_count); k++) {
        append(text, k ? ", " : " ");
        append(text, number_text(number, row->kind == TP_ROW_NUMBER ? n->extra.number : n->extra.numbers[k], 6));
    }
}
