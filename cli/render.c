#include "cli/render.h"

#include <math.h>
#include <string.h>

/* How strongly what is written binds. */
enum { BIND_ANY, BIND_SUM, BIND_PRODUCT, BIND_SIGN, BIND_POWER, BIND_ATOM };

/* What is still to be written: a text, or a node and how strongly it has to bind. `first`: a sign may begin it. */
typedef struct piece {
    const char *text;
    size_t length;
    int node, least;
    bool first;
} piece;

typedef struct renderer {
    cli_text *to;
    const cli_expression *e;
    int root;
    const cli_leaf *leaves;
    cli_style style;
    piece *pieces; /* the next is the last */
    size_t count, room;
} renderer;

static void push(renderer *r, piece p)
{
    if (cli_reserve(r->to->memory, &r->pieces, &r->room, r->count + 1, sizeof *r->pieces))
        r->pieces[r->count++] = p;
    else
        r->to->failed = true;
}

static void push_text(renderer *r, const char *text, size_t length)
{
    push(r, (piece){.text = text, .length = length, .node = -1});
}

void cli_render_number(cli_text *to, double x, cli_style style)
{
    char text[64];
    if (!style.latex || isnan(x)) {
        cli_put_number(to, x, style.digits);
        return;
    }
    snprintf(text, sizeof text, "%.*g", style.digits, x == 0 ? 0 : x);
    char *const power = strchr(text, 'e');
    if (isinf(x)) {
        cli_put(to, x > 0 ? "\\infty" : "-\\infty");
    } else if (power) {
        int exponent = 0;
        sscanf(power + 1, "%d", &exponent);
        cli_putf(to, "%.*s \\cdot 10^{%d}", (int)(power - text), text, exponent);
    } else {
        cli_put(to, text);
    }
}

/* LaTeX's word for a letter of Greek, or NULL. */
static const char *greek_of(int32_t point)
{
    static const char *const small[] = {"alpha",     "beta", "gamma", "delta",    "epsilon", "zeta", "eta",
                                        "theta",     "iota", "kappa", "lambda",   "mu",      "nu",   "xi",
                                        "mathit{o}", "pi",   "rho",   "varsigma", "sigma",   "tau",  "upsilon",
                                        "phi",       "chi",  "psi",   "omega"};
    static const struct {
        int32_t point;
        const char *word;
    } large[] = {{0x393, "Gamma"}, {0x394, "Delta"}, {0x398, "Theta"}, {0x39b, "Lambda"},
                 {0x39e, "Xi"},    {0x3a0, "Pi"},    {0x3a3, "Sigma"}, {0x3a5, "Upsilon"},
                 {0x3a6, "Phi"},   {0x3a8, "Psi"},   {0x3a9, "Omega"}};
    if (point >= 0x3b1 && point <= 0x3c9) return small[point - 0x3b1];
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        if (large[i].point == point) return large[i].word;
    return NULL;
}

static bool is_greek(const char *name, size_t n)
{
    static const char letters[] = " alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho "
                                  "sigma tau upsilon phi chi psi omega ";
    for (const char *at = letters; *at; at++)
        if (*at == ' ' && strncmp(at + 1, name, n) == 0 && at[n + 1] == ' ') return true;
    return false;
}

void cli_render_name(cli_text *to, const char *name, size_t length, cli_style style)
{
    if (!style.latex) {
        cli_put_plain(to, name, length);
        return;
    }
    size_t stem = length;
    while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9') stem--;
    const size_t index = stem;
    while (stem > 0 && name[stem - 1] == '_') stem--;
    if (stem == 0) stem = length;
    size_t letters = 0, bytes;
    int32_t point = 0;
    for (size_t i = 0; i < stem; i += bytes) point = cli_decode(name + i, stem - i, &bytes), letters++;
    if (is_greek(name, stem)) {
        cli_putf(to, "\\%.*s", (int)stem, name);
    } else if (letters == 1 && greek_of(point)) {
        cli_putf(to, "\\%s", greek_of(point));
    } else if (letters <= 1) {
        cli_put(to, point == '_' ? "\\" : "");
        cli_put_bytes(to, name, stem);
    } else {
        cli_put(to, "\\mathit{");
        for (size_t i = 0; i < stem; i++) {
            if (name[i] == '_') cli_put(to, "\\");
            cli_put_bytes(to, name + i, 1);
        }
        cli_put(to, "}");
    }
    if (index < length && stem < length) cli_putf(to, "_{%.*s}", (int)(length - index), name + index);
}

static int binding_of(const renderer *r, const cli_node *node)
{
    if (node->kind != CLI_CALL) return BIND_ATOM;
    switch (node->function) {
    case CLI_ADD:
    case CLI_SUB: return BIND_SUM;
    case CLI_MUL: return BIND_PRODUCT;
    case CLI_DIV: return r->style.latex ? BIND_POWER : BIND_PRODUCT;
    case CLI_NEG: return BIND_SIGN;
    case CLI_POW: return BIND_POWER;
    default: return r->style.latex && cli_function_at(node->function)->latex ? BIND_POWER : BIND_ATOM;
    }
}

static bool begins_with_sign(const renderer *r, const cli_node *node)
{
    if (node->kind == CLI_VARIABLE) return r->leaves[node->name].sign;
    if (node->kind == CLI_CALL) return node->function == CLI_NEG;
    if (node->word) return false;
    char text[32];
    snprintf(text, sizeof text, "%.*g", r->style.digits, node->number);
    return text[0] == '-' || (r->style.latex && strchr(text, 'e'));
}

static void push_node(renderer *r, int node, int least, bool first)
{
    push(r, (piece){.node = node, .least = least, .first = first});
}

/* The sign between two operands, the first node, and how strongly the second has to bind; the last comes first. */
static void push_binary(renderer *r, const cli_node *node, bool first)
{
    static const char *const plain[] = {" + ", " - ", "*", "/", "^"};
    static const char *const latex[] = {" + ", " - ", " \\cdot ", "", ""};
    const int f = node->function, x = node->operand[0], b = node->operand[1];
    if (f == CLI_POW && r->style.latex) {
        push_text(r, "}", 1), push_node(r, b, BIND_ANY, true), push_text(r, "^{", 2);
        push_node(r, x, BIND_ATOM, false);
    } else if (f == CLI_DIV && r->style.latex) {
        push_text(r, "}", 1), push_node(r, b, BIND_ANY, true), push_text(r, "}{", 2);
        push_node(r, x, BIND_ANY, true), push_text(r, "\\frac{", 6);
    } else {
        static const int left[] = {BIND_SUM, BIND_SUM, BIND_PRODUCT, BIND_PRODUCT, BIND_ATOM};
        static const int right[] = {BIND_PRODUCT, BIND_PRODUCT, BIND_SIGN, BIND_SIGN, BIND_POWER};
        const char *const sign = r->style.latex ? latex[f] : plain[f];
        push_node(r, b, right[f], false);
        push_text(r, sign, strlen(sign));
        push_node(r, x, left[f], first && f != CLI_POW);
    }
}

/* A function's name; LaTeX wants a backslash before an underscore. */
static void push_upright(renderer *r, const char *name)
{
    if (!r->style.latex) {
        push_text(r, name, strlen(name));
        return;
    }
    const char *end = name + strlen(name);
    for (const char *at = end; at-- > name;) {
        if (*at != '_') continue;
        push_text(r, at, (size_t)(end - at)), push_text(r, "\\", 1);
        end = at;
    }
    push_text(r, name, (size_t)(end - name)), push_text(r, "\\mathrm{", 8);
}

/* name(x, b), or LaTeX's form, in which #x stands for an operand. */
static void push_call(renderer *r, const cli_node *node)
{
    const cli_function *const f = cli_function_at(node->function);
    if (!r->style.latex || !f->latex) {
        push_text(r, r->style.latex ? "\\right)" : ")", r->style.latex ? 7 : 1);
        for (int i = f->operands; i-- > 0;) {
            push_node(r, node->operand[i], BIND_ANY, true);
            if (i > 0) push_text(r, ", ", 2);
        }
        push_text(r, r->style.latex ? "}\\left(" : "(", r->style.latex ? 7 : 1);
        push_upright(r, cli_function_word(node->function));
        return;
    }
    const char *end = f->latex + strlen(f->latex);
    for (const char *at = end; at-- > f->latex;) {
        if (*at != '#') continue;
        /* in its own braces or parentheses it needs none */
        const bool alone = at > f->latex && strchr("{(|r ", at[-1]) && at[2] && strchr("},\\", at[2]);
        push_text(r, at + 2, (size_t)(end - at - 2));
        push_node(r, node->operand[at[1] == 'x' ? 0 : at[1] - 'b' + 1], alone ? BIND_ANY : BIND_ATOM, alone);
        end = at;
    }
    push_text(r, f->latex, (size_t)(end - f->latex));
}

static void put_leaf(renderer *r, const cli_node *node)
{
    if (node->kind == CLI_VARIABLE)
        cli_put(r->to, r->leaves[node->name].text);
    else if (node->word)
        cli_putf(r->to, "%s%s", r->style.latex && strcmp(node->word, "pi") == 0 ? "\\" : "", node->word);
    else
        cli_render_number(r->to, node->number, r->style);
}

static void put_node(renderer *r, piece p)
{
    const cli_node *const node = &r->e->nodes[p.node];
    if (node->kind == CLI_CALL && node->name >= 0 && p.node != r->root) {
        cli_put(r->to, r->leaves[node->name].text);
    } else if (binding_of(r, node) < p.least || (!p.first && begins_with_sign(r, node))) {
        const bool latex = r->style.latex;
        push_text(r, latex ? "\\right)" : ")", latex ? 7 : 1);
        push_node(r, p.node, BIND_ANY, true);
        push_text(r, latex ? "\\left(" : "(", latex ? 6 : 1);
    } else if (node->kind != CLI_CALL) {
        put_leaf(r, node);
    } else if (node->function == CLI_NEG) {
        push_node(r, node->operand[0], BIND_POWER, false);
        push_text(r, "-", 1);
    } else if (node->function < CLI_NEG) {
        push_binary(r, node, p.first);
    } else {
        push_call(r, node);
    }
}

void cli_render(cli_text *to, const cli_expression *e, int root, const cli_leaf *leaves, cli_style style)
{
    renderer r = {.to = to, .e = e, .root = root, .leaves = leaves, .style = style};
    push_node(&r, root, BIND_ANY, true);
    while (r.count > 0 && !to->failed) {
        const piece p = r.pieces[--r.count];
        if (p.node < 0)
            cli_put_bytes(to, p.text, p.length);
        else
            put_node(&r, p);
    }
    cli_release(to->memory, r.pieces, r.room, sizeof *r.pieces);
}

void cli_render_call(cli_text *to, int function, const cli_leaf *operands, cli_style style)
{
    cli_node nodes[CLI_OPERANDS + 1] = {{0}};
    cli_node *const call = &nodes[CLI_OPERANDS];
    *call = (cli_node){.kind = CLI_CALL, .function = function, .name = -1};
    for (int i = 0; i < CLI_OPERANDS; i++) {
        nodes[i] = (cli_node){.kind = CLI_VARIABLE, .name = i};
        call->operand[i] = i;
    }
    const cli_expression e = {.nodes = nodes, .count = CLI_OPERANDS + 1};
    cli_render(to, &e, CLI_OPERANDS, operands, style);
}
