/* Writes docs/ops.md from the op table and the public headers: an entry an op, by family, in the headers' order. Fails
   when an op of the table has no complete text. With `edges` it writes docs/edge-cases.md from tests/edges.def.
   usage: ops_doc [edges]     (where include/ lies) */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ops_doc.h"

/* The families as a reader would meet them; a header that is not named here comes after them. */
static const char *const order[] = {"ops_math",    "ops_reduce", "ops_shape", "ops_linalg",
                                    "ops_network", "ops_conv",   "ops_loss"};
enum { ORDERED = sizeof order / sizeof *order, MAX_FAMILIES = 24, MOST_OPS = 4096 };

static header families[MAX_FAMILIES], engine, own_ops;
static int family_count;
static bool written[MOST_OPS]; /* which ops of the table have an entry */

/* ---- headers ---- */

static bool is_ordered(const char *name)
{
    for (int i = 0; i < ORDERED; i++)
        if (strcmp(order[i], name) == 0) return true;
    return false;
}

static bool read_family(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "include/tapir/%s.h", name);
    return family_count < MAX_FAMILIES && header_read(&families[family_count++], path);
}

/* Reads every header that ops.h includes. */
static bool read_families(void)
{
    char line[256], name[64];
    bool good = true;
    for (int i = 0; i < ORDERED && good; i++) good = read_family(order[i]);
    FILE *in = fopen("include/tapir/ops.h", "r");
    while (in && good && fgets(line, sizeof line, in))
        if (sscanf(line, "#include <tapir/%63[a-z_].h>", name) == 1 && !is_ordered(name)) good = read_family(name);
    if (in) fclose(in);
    return in && good && header_read(&engine, "include/tapir/tape.h") && header_read(&own_ops, "include/tapir/op.h");
}

/* ---- which function records which op ---- */

static int op_named(const char *name, int n)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (span_is((span){name, n}, tp_op_at(i)->name)) return i;
    return -1;
}

/* The length of a name without the ending, or 0 when it has another. */
static int without(const char *name, int n, const char *ending)
{
    const int length = (int)strlen(ending);
    return n > length && memcmp(name + n - length, ending, (size_t)length) == 0 ? n - length : 0;
}

/* tp_max and tp_max_axes record max, tp_conv2d conv; -1 for a function that is made of other ops. */
static int op_of(const item *it)
{
    static const char *const endings[] = {"_axes", "_with", "1d", "2d", "3d"};
    if (it->kind != ITEM_FUNCTION) return -1;
    int found = op_named(it->name.at, it->name.n);
    for (int i = 0; i < (int)(sizeof endings / sizeof *endings) && found < 0; i++)
        found = op_named(it->name.at, without(it->name.at, it->name.n, endings[i]));
    return found;
}

/* ---- pieces ---- */

/* A span of a header as it stands there, without TP_API. */
static void write_code(span s)
{
    static const char mark[] = "TP_API ";
    const int skip = (int)sizeof mark - 1;
    for (int i = 0; i < s.n; i++) {
        if (s.n - i == 4 && memcmp(s.at + i, "\n */", 4) == 0) i++; /* the end of a comment on a line of its own */
        if (s.n - i >= skip && memcmp(s.at + i, mark, (size_t)skip) == 0) i += skip;
        putchar(s.at[i]);
    }
    putchar('\n');
}

/* A comment as a paragraph: its delimiters, dashes and line ends taken off, and what Markdown would take for its own
   escaped. */
static void write_prose(const char *at, int n, bool capital)
{
    bool space = false, any = false;
    for (int i = 0; i < n; i++) {
        const bool first = capital && !any && i + 1 < n && isalpha((unsigned char)at[i + 1]);
        const char c = first ? (char)toupper((unsigned char)at[i]) : at[i];
        if (c == ' ' || c == '\n') {
            space = any;
            continue;
        }
        if (space) putchar(' ');
        space = false, any = true;
        if (strchr("*<|", c)) putchar('\\');
        putchar(c);
    }
}

static void write_comment(span s)
{
    int from = 2, to = s.n - 2;
    while (from < to && strchr(" -\n", s.at[from])) from++;
    while (to > from && strchr(" -\n", s.at[to - 1])) to--;
    write_prose(s.at + from, to - from, true);
    printf("\n\n");
}

/* What stands between dashes, and after them a paragraph. */
static void write_heading(span s)
{
    int from = 2, to;
    while (from < s.n && strchr(" -", s.at[from])) from++;
    for (to = from; to + 3 < s.n && memcmp(s.at + to, "---", 3) != 0 && memcmp(s.at + to, "*/", 2) != 0;) to++;
    printf("**");
    while (to > from && s.at[to - 1] == ' ') to--;
    write_prose(s.at + from, to - from, true);
    printf("**\n\n");
    while (to < s.n - 2 && strchr(" -\n", s.at[to])) to++;
    if (to < s.n - 2) write_comment((span){s.at + to - 2, s.n - to + 2});
}

/* The declarations of an op (or of all functions that are none, for -1), each run under its comment. */
static void write_declarations(const header *h, int op)
{
    span last = {NULL, 0};
    printf("```text\n");
    for (int i = 0; i < h->n; i++) {
        const item *it = &h->items[i];
        if (it->kind != ITEM_FUNCTION || op_of(it) != op) continue;
        if (it->comment.n && it->comment.at != last.at) write_code(it->comment);
        last = it->comment;
        write_code(it->text);
    }
    printf("```\n\n");
}

static void write_line(const char *head, const char *text, bool code)
{
    if (!text) return;
    printf(code ? "- %s: `" : "- %s: ", head);
    if (code)
        printf("%s`", text);
    else
        write_prose(text, (int)strlen(text), false);
    putchar('\n');
}

static void write_op(const header *h, int i)
{
    const tp_op *op = tp_op_at(i);
    written[i] = true;
    printf("### %s\n\n", op->name);
    if (h) write_declarations(h, i);
    if (op->row) {
        row_write(stdout, op);
        return;
    }
    write_line("Value", op->text.formula, true);
    write_line("Derivative", op->text.derivative, true);
    write_line("Shapes", op->text.shapes, true);
    write_line("Element types", op->text.dtypes ? op->text.dtypes : "f32, f64", false);
    write_line("Edges", op->text.edges, false);
    if (op->flags & TP_LINEAR) printf("- Linear in its operands.\n");
    putchar('\n');
}

/* ---- sections ---- */

/* What a header is about: its title up to the first colon or full stop, then the rest. */
static span title_of(const header *h)
{
    span s = {h->title.at + 3, 0};
    while (!strchr(":.", s.at[s.n])) s.n++;
    return s;
}

/* The rest of the title, without its last sentence, which is for readers of the header. */
static void write_about(const header *h)
{
    const span title = title_of(h);
    int from = (int)(title.at - h->title.at) + title.n + 1, to = h->title.n;
    for (int i = from; i < to; i++)
        if (strncmp(h->title.at + i, "See ops.h", 9) == 0) to = i;
    while (to > from && strchr(" \n", h->title.at[to - 1])) to--;
    if (to == from) return;
    write_prose(h->title.at + from, to - from, true);
    printf("\n\n");
}

static void write_family(const header *h)
{
    const span title = title_of(h);
    bool compositions = false;
    printf("## %.*s\n\n", title.n, title.at);
    write_about(h);
    for (int i = 0; i < h->n; i++) {
        const item *it = &h->items[i];
        const int op = op_of(it);
        if (it->kind == ITEM_HEADING) {
            write_heading(it->text);
        } else if (it->kind == ITEM_NOTE) {
            write_comment(it->text);
        } else if (it->kind == ITEM_TYPE) {
            printf("```text\n");
            if (it->comment.n) write_code(it->comment);
            write_code(it->text);
            printf("```\n\n");
        } else if (op < 0) {
            compositions = true;
        } else if (!written[op]) {
            write_op(h, op);
        }
    }
    if (!compositions) return;
    printf("### Made of other ops: %.*s\n\n", title.n, title.at);
    write_declarations(h, -1);
}

static void write_index(void)
{
    for (int f = 0; f < family_count; f++) {
        const span title = title_of(&families[f]);
        bool seen[MOST_OPS] = {false}, any = false;
        for (int i = 0; i < families[f].n; i++) {
            const int op = op_of(&families[f].items[i]);
            if (op < 0 || seen[op]) continue;
            if (!any) printf("- %.*s:", title.n, title.at);
            any = true;
            printf(" [%s](#%s)", tp_op_at(op)->name, tp_op_at(op)->name);
            seen[op] = true;
        }
        if (any) printf("\n");
    }
    putchar('\n');
}

static void write_fitting(void)
{
    bool inside = false;
    printf("## What the engine itself needs\n\n```text\n");
    for (int i = 0; i < engine.n; i++) {
        const item *it = &engine.items[i];
        if (it->kind == ITEM_HEADING)
            inside = strstr(it->text.at, "fitting") == it->text.at + strcspn(it->text.at, "f");
        if (!inside || it->kind != ITEM_FUNCTION) continue;
        if (it->comment.n) write_code(it->comment);
        write_code(it->text);
    }
    printf("```\n\n");
}

static void write_rest(void)
{
    bool any = false;
    for (int i = 0; i < tp_op_count(); i++) {
        if (written[i]) continue;
        if (!any)
            printf("## Ops that rules use\n\nThey stand in the table and in graphs; %s.\n\n",
                   "most have no function of their own in the public headers");
        any = true;
        bool public = false;
        for (int k = 0; k < own_ops.n; k++) public = public || op_of(&own_ops.items[k]) == i;
        write_op(public ? &own_ops : NULL, i);
    }
}

static const char intro[] =
    "# Ops\n\n"
    "Every op of the table, by family. `make docs` writes this page from the op table and the public headers, and "
    "`make test` compares the two; change the row or the descriptor, not this page.\n\n"
    "`x` is the operand, `b` a second one, `c` a plain number, `y` the result, `g` the upstream gradient, and `dx` "
    "what "
    "`x` gets. A derivative of any order exists unless the entry says that there is none. A value of rank 0 on the "
    "tape "
    "is a scalar, carried in f64, and meets tensors of either float type. The values and slopes in the tables are "
    "computed by the ops themselves; where the upstream gradient is 0, what flows back is 0 whatever the slope. What "
    "all ops do at an edge is in [edge-cases.md](edge-cases.md).\n\n";

static bool texts_are_complete(void)
{
    bool good = tp_op_count() <= (int)(sizeof written / sizeof *written);
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        for (int k = 0; op->row && k < op->arity; k++) {
            if (formula_write(NULL, op->row->formula, false) && formula_write(NULL, op->row->slope[k], false)) continue;
            fprintf(stderr, "ops_doc: the row %s names what tools/ops_doc_formula.c does not know\n", op->name);
            good = false;
        }
        if (op->row || (op->text.formula && op->text.derivative && op->text.shapes)) continue;
        fprintf(stderr, "ops_doc: op %s has no complete .text\n", op->name);
        good = false;
    }
    return good;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "edges") == 0) return edges_write(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!texts_are_complete() || !read_families()) return EXIT_FAILURE;
    fputs(intro, stdout);
    write_index();
    for (int i = 0; i < family_count; i++) write_family(&families[i]);
    write_fitting();
    write_rest();
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
