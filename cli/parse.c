/* Tokens to nodes, by Dijkstra's two stacks: of values, and of what waits for its operands. */
#include <stdarg.h>
#include <string.h>

#include "cli/expression.h"

enum { MOST_NODES = 1 << 29, MOST_NAME = 60 };

typedef enum wait { WAIT_GROUP, WAIT_CALL, WAIT_PREFIX, WAIT_BINARY } wait;

typedef struct pending {
    wait kind;
    int function;
    int count; /* of a call's operands so far */
    size_t at, length;
} pending;

typedef struct parser {
    cli_expression *e;
    bool fold;
    int *values;
    size_t value_count, value_room;
    pending *waiting;
    size_t waiting_count, waiting_room;
    size_t next; /* where the token after `token` is looked for */
    cli_token token;
    int defining; /* the name that the statement defines, or -1 */
    tp_status status;
} parser;

static bool no_memory(parser *p)
{
    p->status = TP_E_MEMORY;
    return false;
}

static bool problem(parser *p, size_t at, size_t length, const char *format, ...) TP_PRINTF(4, 5);
static bool problem(parser *p, size_t at, size_t length, const char *format, ...)
{
    cli_problem *const to = &p->e->problem;
    to->at = at, to->length = length;
    va_list list;
    va_start(list, format);
    vsnprintf(to->message, sizeof to->message, format, list);
    va_end(list);
    p->status = TP_E_FORMAT;
    return false;
}

/* A part of the source for a message: cut where it is long. */
typedef struct excerpt {
    char text[MOST_NAME + 8];
} excerpt;

static excerpt excerpt_of(const char *at, size_t length)
{
    excerpt x;
    size_t n = 0, bytes;
    while (n < length && n < MOST_NAME) {
        cli_decode(at + n, length - n, &bytes);
        n += bytes;
    }
    memcpy(x.text, at, n < length ? n : length);
    snprintf(x.text + n, sizeof x.text - n, "%s", n < length ? "..." : "");
    return x;
}

static const char *found(const parser *p, excerpt *x)
{
    if (p->token.kind == CLI_T_END) return "the end";
    *x = excerpt_of(p->e->source + p->token.at, p->token.length);
    char quoted[sizeof x->text];
    snprintf(quoted, sizeof quoted, "'%.*s'", (int)sizeof quoted - 3, x->text);
    memcpy(x->text, quoted, sizeof quoted);
    return x->text;
}

static bool advance(parser *p)
{
    if (!cli_lex(p->e->memory, p->e->source, p->e->length, &p->next, &p->token, &p->e->problem)) return no_memory(p);
    if (p->token.kind != CLI_T_BAD) return true;
    p->status = TP_E_FORMAT;
    return false;
}

static bool next_is(parser *p, char sign)
{
    size_t at = p->next;
    cli_token token;
    cli_problem unused;
    return cli_lex(p->e->memory, p->e->source, p->e->length, &at, &token, &unused) && token.kind == CLI_T_SIGN &&
           token.sign == sign;
}

/* ---- nodes ---- */

int cli_operand_count(const cli_node *node)
{
    return node->kind == CLI_CALL ? cli_function_at(node->function)->operands : 0;
}

static int add_node(parser *p, cli_node node)
{
    cli_expression *const e = p->e;
    if (e->count >= MOST_NODES || !cli_reserve(e->memory, &e->nodes, &e->node_room, (size_t)e->count + 1, sizeof node))
        return -1;
    e->nodes[e->count] = node;
    return e->count++;
}

static bool push_value(parser *p, int node)
{
    if (node < 0 || !cli_reserve(p->e->memory, &p->values, &p->value_room, p->value_count + 1, sizeof *p->values))
        return no_memory(p);
    p->values[p->value_count++] = node;
    return true;
}

static bool push_waiting(parser *p, wait kind, int function)
{
    if (!cli_reserve(p->e->memory, &p->waiting, &p->waiting_room, p->waiting_count + 1, sizeof *p->waiting))
        return no_memory(p);
    p->waiting[p->waiting_count++] =
        (pending){.kind = kind, .function = function, .at = p->token.at, .length = p->token.length};
    return true;
}

static bool is_one(const cli_node *node)
{
    return node->kind == CLI_NUMBER && node->number == 1;
}

static int add_number(parser *p, double number, const char *word, size_t at)
{
    return add_node(p, (cli_node){.kind = CLI_NUMBER, .number = number, .word = word, .name = -1, .at = at});
}

/* A simpler node that a call of an operator can be replaced by, or -1. */
static int folded(parser *p, int function, const int *operand)
{
    const cli_node *const x = &p->e->nodes[operand[0]], *const b = &p->e->nodes[operand[1]];
    if (function == CLI_MUL && is_one(x)) return operand[1];
    if ((function == CLI_MUL || function == CLI_POW || function == CLI_DIV) && is_one(b)) return operand[0];
    if (x->kind != CLI_NUMBER || b->kind != CLI_NUMBER || (function != CLI_ADD && function != CLI_SUB)) return -1;
    return add_number(p, function == CLI_ADD ? x->number + b->number : x->number - b->number, NULL, x->at);
}

/* Replaces the values on top by a call of them. */
static bool make_call(parser *p, int function, size_t at)
{
    const int n = cli_function_at(function)->operands;
    cli_node node = {.kind = CLI_CALL, .function = function, .name = -1, .at = at};
    p->value_count -= (size_t)n;
    memcpy(node.operand, p->values + p->value_count, (size_t)n * sizeof *node.operand);
    const cli_node *const x = &p->e->nodes[node.operand[0]];
    if (function == CLI_NEG && x->kind == CLI_NUMBER && !x->word) /* a negative number, not a gate */
        return push_value(p, add_number(p, -x->number, NULL, at));
    const int simpler = p->fold && function < CLI_NEG ? folded(p, function, node.operand) : -1;
    return push_value(p, simpler >= 0 ? simpler : add_node(p, node));
}

/* ---- operators ---- */

static int strength(char sign)
{
    return sign == '^' ? 4 : sign == '*' || sign == '/' ? 2 : 1;
}

static int function_of(char sign)
{
    static const char signs[] = "+-*/^";
    const char *const at = strchr(signs, sign);
    return sign && at ? (int)(at - signs) : -1;
}

static int strength_of(const pending *w)
{
    static const int of[] = {[CLI_ADD] = 1, [CLI_SUB] = 1, [CLI_MUL] = 2, [CLI_DIV] = 2, [CLI_POW] = 4};
    return w->kind == WAIT_PREFIX ? 3 : w->kind == WAIT_BINARY ? of[w->function] : 0;
}

/* Makes the calls that wait on top and bind at least as strongly. */
static bool reduce(parser *p, int least)
{
    while (p->waiting_count > 0 && strength_of(&p->waiting[p->waiting_count - 1]) >= least) {
        const pending w = p->waiting[--p->waiting_count];
        if (!make_call(p, w.function, w.at)) return false;
    }
    return true;
}

/* max and min take any number of operands, as a chain; what has to be a plain number is one. */
static bool close_call(parser *p, pending w)
{
    const cli_function *const f = cli_function_at(w.function);
    const bool chain = strcmp(f->name, "maximum") == 0 || strcmp(f->name, "minimum") == 0;
    if (w.count != f->operands && !(chain && w.count > 2))
        return problem(p, w.at, w.length, "%s takes %d operand%s, not %d", cli_function_word(w.function), f->operands,
                       f->operands == 1 ? "" : "s", w.count);
    for (int i = 1; i <= f->numbers; i++) {
        const cli_node *const operand = &p->e->nodes[p->values[p->value_count - (size_t)i]];
        if (operand->kind != CLI_NUMBER)
            return problem(p, operand->at, 1, "operand %d of %s has to be a plain number", w.count - i + 1, f->name);
    }
    if (!chain) return make_call(p, w.function, w.at);
    const size_t first = p->value_count - (size_t)w.count;
    for (int i = 1; i < w.count; i++) { /* the first two become one, and so on */
        const int rest = p->values[first + (size_t)i];
        p->value_count = first + 1;
        if (!push_value(p, rest) || !make_call(p, w.function, w.at)) return false;
    }
    return true;
}

/* ---- one step where an operand is wanted: *wanted says whether one still is ---- */

static bool read_variable(parser *p)
{
    cli_expression *const e = p->e;
    const char *const at = e->source + p->token.at, *word;
    const size_t length = p->token.length;
    double number;
    int name = cli_find_name(e, at, length);
    if (name < 0 && cli_constant(at, length, &word, &number))
        return push_value(p, add_number(p, number, word, p->token.at));
    if (name < 0 && (name = cli_add_name(e, at, length)) < 0) return no_memory(p);
    if (name == p->defining)
        return problem(p, p->token.at, length, "'%s' is defined by itself", excerpt_of(at, length).text);
    if (e->names[name].first_use == SIZE_MAX || e->names[name].node < 0) e->names[name].first_use = p->token.at;
    if (e->names[name].node < 0)
        e->names[name].node = add_node(p, (cli_node){.kind = CLI_VARIABLE, .name = name, .at = p->token.at});
    return push_value(p, e->names[name].node);
}

static bool read_call(parser *p)
{
    const char *const at = p->e->source + p->token.at;
    const size_t length = p->token.length;
    const int function = cli_function_named(at, length);
    if (function < 0) {
        const excerpt name = excerpt_of(at, length);
        const char *const nearest = cli_nearest(at, length);
        if (nearest)
            return problem(p, p->token.at, length, "unknown function '%s': did you mean '%s'?", name.text, nearest);
        return problem(p, p->token.at, length, "unknown function '%s' (a product is written with *)", name.text);
    }
    if (!push_waiting(p, WAIT_CALL, function)) return false;
    p->waiting[p->waiting_count - 1].count = 1;
    return advance(p); /* to the parenthesis */
}

static bool read_operand(parser *p, bool *wanted)
{
    const char sign = p->token.kind == CLI_T_SIGN ? p->token.sign : '\0';
    excerpt x;
    *wanted = true;
    if (p->token.kind == CLI_T_NAME && next_is(p, '(')) return read_call(p);
    if (p->token.kind == CLI_T_NAME) return *wanted = false, read_variable(p);
    if (p->token.kind == CLI_T_NUMBER) {
        *wanted = false;
        return push_value(p, add_number(p, p->token.number, NULL, p->token.at));
    }
    if (sign == '+') return true;
    if (sign == '-') return push_waiting(p, WAIT_PREFIX, CLI_NEG);
    if (sign == '(') return push_waiting(p, WAIT_GROUP, -1);
    if (sign == '*' && p->token.at > 0 && p->e->source[p->token.at - 1] == '*')
        return problem(p, p->token.at - 1, 2, "a power is written with ^");
    return problem(p, p->token.at, p->token.length, "expected an operand, found %s", found(p, &x));
}

/* ---- one step where an operator is wanted: *wanted says whether an operand is wanted after it ---- */

static bool close_parenthesis(parser *p)
{
    if (!reduce(p, 1)) return false;
    if (p->waiting_count == 0) return problem(p, p->token.at, p->token.length, "this ')' closes nothing");
    const pending w = p->waiting[--p->waiting_count];
    return w.kind == WAIT_GROUP || close_call(p, w);
}

static bool read_comma(parser *p)
{
    if (!reduce(p, 1)) return false;
    pending *const w = p->waiting_count ? &p->waiting[p->waiting_count - 1] : NULL;
    if (!w || w->kind != WAIT_CALL)
        return problem(p, p->token.at, p->token.length, "a comma may stand only between a function's operands");
    w->count++;
    return true;
}

static bool end_statement(parser *p)
{
    if (!reduce(p, 1)) return false;
    if (p->waiting_count > 0) {
        const pending *const w = &p->waiting[p->waiting_count - 1];
        return problem(p, w->at, w->length,
                       w->kind == WAIT_CALL ? "this function's '(' is never closed" : "this '(' is never closed");
    }
    const int node = p->values[--p->value_count];
    p->e->root = node;
    if (p->defining < 0) return true;
    cli_name *const name = &p->e->names[p->defining];
    name->node = node, name->defined = true;
    if (p->e->nodes[node].kind == CLI_CALL && p->e->nodes[node].name < 0) p->e->nodes[node].name = p->defining;
    p->defining = -1;
    return true;
}

/* 2x, or sin x */
static bool no_operator(parser *p, const char *what)
{
    const cli_node *const last = &p->e->nodes[p->values[p->value_count - 1]];
    const cli_name *const name = last->kind == CLI_VARIABLE ? &p->e->names[last->name] : NULL;
    if (name && cli_function_named(name->at, name->length) >= 0)
        return problem(p, p->token.at, p->token.length, "the operand of %.*s stands in parentheses", (int)name->length,
                       name->at);
    return problem(p, p->token.at, p->token.length, "expected an operator, found %s (a product is written with *)",
                   what);
}

static bool read_operator(parser *p, bool *wanted)
{
    const char sign = p->token.kind == CLI_T_SIGN ? p->token.sign : '\0';
    const int function = function_of(sign);
    excerpt x;
    *wanted = true;
    if (function >= 0) /* ^ binds to the right: what waits with the same strength goes on waiting */
        return reduce(p, sign == '^' ? strength(sign) + 1 : strength(sign)) && push_waiting(p, WAIT_BINARY, function);
    if (sign == ',') return read_comma(p);
    if (sign == ')') return *wanted = false, close_parenthesis(p);
    if (sign == '=') return problem(p, p->token.at, 1, "'=' may stand only after a name that begins a definition");
    return no_operator(p, found(p, &x));
}

/* ---- statements ---- */

/* name '=' */
static bool read_definition(parser *p)
{
    cli_expression *const e = p->e;
    if (p->token.kind != CLI_T_NAME || !next_is(p, '=')) return true;
    const char *const at = e->source + p->token.at;
    const size_t length = p->token.length;
    int name = cli_find_name(e, at, length);
    const excerpt x = excerpt_of(at, length);
    if (name >= 0 && e->names[name].known)
        return problem(p, p->token.at, length, "'%s' is defined here and also given a value", x.text);
    if (name >= 0 && e->names[name].defined) return problem(p, p->token.at, length, "'%s' is defined twice", x.text);
    if (name >= 0) return problem(p, p->token.at, length, "'%s' is used before it is defined", x.text);
    if ((name = cli_add_name(e, at, length)) < 0) return no_memory(p);
    e->names[name].first_use = SIZE_MAX;
    p->defining = name;
    return advance(p) && advance(p);
}

static bool read_statement(parser *p)
{
    if (!read_definition(p)) return false;
    bool wanted = true; /* an operand, else an operator */
    for (;;) {
        const bool end = p->token.kind == CLI_T_END || (p->token.kind == CLI_T_SIGN && p->token.sign == ';');
        if (!wanted && end) return end_statement(p);
        if (!(wanted ? read_operand(p, &wanted) : read_operator(p, &wanted)) || !advance(p)) return false;
    }
}

static bool add_known(parser *p, const cli_known *known, int count)
{
    for (int i = 0; i < count; i++) {
        const int name = cli_add_name(p->e, known[i].name, known[i].length);
        if (name < 0) return no_memory(p);
        p->e->names[name].known = true;
        if (!known[i].number) continue;
        if ((p->e->names[name].node = add_number(p, *known[i].number, NULL, 0)) < 0) return no_memory(p);
    }
    return true;
}

static bool read_all(parser *p)
{
    for (;;) {
        if (!advance(p) || !read_statement(p)) return false;
        if (p->token.kind == CLI_T_END) return true;
    }
}

tp_status cli_parse(cli_expression *e, const tp_allocator *memory, const char *source, size_t length,
                    const cli_known *known, int known_count, bool fold)
{
    *e = (cli_expression){.memory = memory, .source = source, .length = length, .root = -1};
    parser p = {.e = e, .fold = fold, .defining = -1};
    if (add_known(&p, known, known_count)) read_all(&p);
    cli_release(memory, p.values, p.value_room, sizeof *p.values);
    cli_release(memory, p.waiting, p.waiting_room, sizeof *p.waiting);
    return p.status;
}

void cli_expression_free(cli_expression *e)
{
    cli_release(e->memory, e->nodes, e->node_room, sizeof *e->nodes);
    cli_release(e->memory, e->names, e->name_room, sizeof *e->names);
    cli_release(e->memory, e->buckets, e->bucket_room, sizeof *e->buckets);
    *e = (cli_expression){0};
}
