#include "cli/explain.h"

#include <math.h>
#include <string.h>

#include "cli/drawing.h"
#include "cli/json.h"
#include "cli/latex.h"
#include "cli/report.h"

/* One run: what it reads, and where it writes. */
typedef struct run {
    const cli_options *options;
    const tp_allocator *memory;
    FILE *out, *complaints;
    cli_known *known; /* the assignments' names */
    double *values;   /* and numbers: of the first names of the expression */
    cli_expression e;
    cli_circuit c;
    cli_labels labels;
    cli_checked *checked;
    size_t known_room, value_room, checked_room;
} run;

/* ---- complaints ---- */

static int out_of_memory(run *r)
{
    fputs("tapir: out of memory\n", r->complaints);
    return CLI_TROUBLE;
}

enum { BEFORE = 50, AFTER = 28 }; /* columns shown around a place in a long line */

/* The line with the place marked below it; of a long one the part around it. */
static void point_at(run *r, const char *source, size_t length, size_t at, size_t n)
{
    cli_text line = {.memory = r->memory};
    size_t from = at > BEFORE ? at - BEFORE : 0, to = length - at > AFTER + n ? at + n + AFTER : length;
    if (n > 40 && to > at + 40 + AFTER) to = at + 40 + AFTER;
    while (from > 0 && ((unsigned char)source[from] & 0xc0) == 0x80) from--;
    while (to < length && ((unsigned char)source[to] & 0xc0) == 0x80) to++;
    cli_put(&line, from > 0 ? "..." : "");
    cli_put_plain(&line, source + from, at - from);
    const size_t before = cli_width(cli_string(&line), line.length);
    cli_put_plain(&line, source + at, to - at);
    cli_put(&line, to < length ? "..." : "");
    size_t marks = at + n <= to ? cli_width(source + at, n) : cli_width(source + at, to - at);
    fprintf(r->complaints, "  %s\n  %*s^", cli_string(&line), (int)before, "");
    while (marks-- > 1) fputc('~', r->complaints);
    fputc('\n', r->complaints);
    cli_text_free(&line);
}

static int complain_at(run *r, const char *source, size_t length, const cli_problem *problem)
{
    fprintf(r->complaints, "tapir: %s\n", problem->message);
    point_at(r, source, length, problem->at, problem->length);
    return CLI_TROUBLE;
}

/* ---- assignments ---- */

/* The number that an expression without variables stands for. */
static int read_value(run *r, const char *assignment, size_t from, double *value)
{
    const size_t length = strlen(assignment);
    cli_expression e;
    const tp_status status = cli_parse(&e, r->memory, assignment + from, length - from, NULL, 0, false);
    const int variable = status == TP_OK ? cli_first_variable(&e) : -1;
    int bad = CLI_GOOD;
    e.problem.at += from;
    if (status == TP_E_FORMAT) {
        bad = complain_at(r, assignment, length, &e.problem);
    } else if (variable >= 0) {
        const cli_name *const name = &e.names[e.nodes[variable].name];
        e.problem = (cli_problem){.at = from + name->first_use, .length = name->length};
        snprintf(e.problem.message, sizeof e.problem.message, "a value has to be a number, without variables");
        bad = complain_at(r, assignment, length, &e.problem);
    } else if (status != TP_OK || cli_constant_value(r->memory, &e, value) != TP_OK) {
        bad = out_of_memory(r);
    }
    cli_expression_free(&e);
    return bad;
}

static int read_assignment(run *r, int i)
{
    const char *const text = r->options->assignments[i], *const sign = strchr(text, '=');
    size_t n = sign ? (size_t)(sign - text) : 0, from = 0;
    while (n > 0 && text[n - 1] == ' ') n--;
    while (from < n && text[from] == ' ') from++;
    if (!sign || !cli_is_name(text + from, n - from)) {
        fputs("tapir: after the expression come values, each one argument such as x=-2, but this is none\n",
              r->complaints);
        point_at(r, text, strlen(text), 0, strlen(text));
        return CLI_TROUBLE;
    }
    r->known[i] = (cli_known){text + from, n - from, NULL};
    for (int k = 0; k < i; k++) {
        if (r->known[k].length != r->known[i].length || memcmp(r->known[k].name, text + from, n - from) != 0) continue;
        fprintf(r->complaints, "tapir: '%.*s' is given a value twice\n", (int)(n - from), text + from);
        point_at(r, text, strlen(text), from, n - from);
        return CLI_TROUBLE;
    }
    return read_value(r, text, (size_t)(sign - text) + 1, &r->values[i]);
}

static int read_assignments(run *r)
{
    const size_t n = (size_t)r->options->assignment_count;
    if (!cli_reserve(r->memory, &r->known, &r->known_room, n + 1, sizeof *r->known) ||
        !cli_reserve(r->memory, &r->values, &r->value_room, n + 1, sizeof *r->values))
        return out_of_memory(r);
    for (int i = 0; i < (int)n; i++) {
        const int bad = read_assignment(r, i);
        if (bad) return bad;
    }
    return CLI_GOOD;
}

/* ---- the expression ---- */

static int complain_of_missing(run *r, int name)
{
    cli_problem problem = {.at = r->e.names[name].first_use, .length = r->e.names[name].length};
    int others = 0;
    for (int i = name + 1; i < r->e.name_count; i++) others += !r->e.names[i].known && !r->e.names[i].defined;
    char more[48] = "";
    if (others > 0)
        snprintf(more, sizeof more, ", nor %s %d other%s", others == 1 ? "has" : "have", others,
                 others == 1 ? "" : "s");
    const int n = (int)(problem.length < 60 ? problem.length : 60);
    const char *const at = r->e.names[name].at;
    snprintf(problem.message, sizeof problem.message, "'%.*s' has no value%s: add %.*s=NUMBER", n, at, more, n, at);
    return complain_at(r, r->e.source, r->e.length, &problem);
}

static void warn(run *r, int name, const char *what)
{
    fprintf(r->complaints, "tapir: warning: '%.*s' %s\n", (int)r->e.names[name].length, r->e.names[name].at, what);
}

static int read_expression(run *r)
{
    const cli_options *const o = r->options;
    const tp_status status =
        cli_parse(&r->e, r->memory, o->expression, o->length, r->known, o->assignment_count, false);
    if (status == TP_E_FORMAT) return complain_at(r, o->expression, o->length, &r->e.problem);
    if (status != TP_OK) return out_of_memory(r);
    for (int i = 0; i < r->e.name_count; i++) {
        const cli_name *const name = &r->e.names[i];
        if (!name->known && !name->defined) return complain_of_missing(r, i);
        if (name->known && name->node < 0) warn(r, i, "is given a value, but the expression does not use it");
    }
    return CLI_GOOD;
}

static int record(run *r)
{
    if (cli_circuit_make(&r->c, &r->e, r->values) != TP_OK) {
        fprintf(r->complaints, "tapir: %s\n", r->c.message);
        return CLI_TROUBLE;
    }
    for (int i = 0; i < r->e.name_count; i++)
        if (r->e.names[i].defined && !r->c.gates[r->e.names[i].node].used)
            warn(r, i, "is defined, but the result does not depend on it");
    return cli_labels_make(&r->labels, &r->c) ? CLI_GOOD : out_of_memory(r);
}

/* ---- the check ---- */

enum { PATIENCE = 2000000000 / 60 }; /* gates times variables that are checked */

static const char *why_not_checked(const run *r)
{
    if (r->options->no_check) return NULL;
    if ((double)r->e.count * r->e.name_count > PATIENCE)
        return "with so many gates and variables it would take too long";
    return NULL;
}

static int check(run *r)
{
    if (r->options->no_check || why_not_checked(r) || !r->c.gates[r->e.root].needs) return CLI_GOOD;
    if (!cli_reserve(r->memory, &r->checked, &r->checked_room, (size_t)r->e.name_count, sizeof *r->checked))
        return out_of_memory(r);
    for (int i = 0; i < r->e.name_count; i++) {
        r->checked[i] = (cli_checked){.verdict = CLI_AGREES, .gate = -1};
        if (!cli_is_variable(&r->c, i) || cli_check(&r->c, r->e.names[i].node, &r->checked[i]) == TP_OK) continue;
        fprintf(r->complaints, "tapir: %s\n", tp_tape_error(r->c.tape)[0] ? tp_tape_error(r->c.tape) : "out of memory");
        return CLI_TROUBLE;
    }
    return CLI_GOOD;
}

/* ---- the output ---- */

static bool print_head(run *r)
{
    cli_text line = {.memory = r->memory};
    const cli_style style = {.digits = r->options->digits};
    bool definitions = false;
    for (int i = 0; i < r->e.name_count; i++) definitions = definitions || r->e.names[i].defined;
    if (!definitions) {
        cli_put_result(&line, &r->labels, style);
        cli_put(&line, " = ");
    }
    cli_put_plain(&line, r->e.source, r->e.length);
    const cli_colours colours = cli_colours_for(r->options->colours);
    fprintf(r->out, "%s%s%s\n", colours.bold, cli_string(&line), colours.off);
    const bool good = !line.failed;
    cli_text_free(&line);
    return good;
}

static int print_report(run *r)
{
    const cli_report report = {.c = &r->c,
                               .labels = &r->labels,
                               .out = r->out,
                               .colours = cli_colours_for(r->options->colours),
                               .width = r->options->width,
                               .digits = r->options->digits};
    const bool good = print_head(r) && cli_report_forward(&report) && cli_report_backward(&report) &&
                      cli_report_gradient(&report, r->checked, why_not_checked(r));
    return good ? CLI_GOOD : out_of_memory(r);
}

static int print(run *r)
{
    const cli_options *const o = r->options;
    if (!o->json && !o->latex) return print_report(r);
    const bool good = o->json ? cli_print_json(&r->labels, r->checked, r->out)
                              : cli_print_latex(&r->labels, o->digits, o->latex == CLI_LATEX_DOCUMENT, r->out);
    return good ? CLI_GOOD : out_of_memory(r);
}

static int draw(run *r)
{
    tp_error error = {TP_OK, ""};
    if (cli_draw(&r->c, &r->labels, r->options, r->out, &error) == TP_OK) return CLI_GOOD;
    fprintf(r->complaints, "tapir: %s\n", error.message);
    return CLI_TROUBLE;
}

static bool is_output(const char *name)
{
    return name && strcmp(name, "-") == 0;
}

static int explain(run *r)
{
    int bad = read_assignments(r);
    if (!bad) bad = read_expression(r);
    if (!bad) bad = record(r);
    if (!bad) bad = check(r);
    if (bad) return bad;
    const cli_options *const o = r->options;
    if (!o->quiet && !is_output(o->svg) && !is_output(o->dot)) bad = print(r);
    if (!bad) bad = draw(r);
    if (bad) return bad;
    return cli_is_good(&r->c, r->checked) ? CLI_GOOD : CLI_BAD;
}

int cli_explain(const cli_options *options, const tp_allocator *memory, FILE *out, FILE *complaints)
{
    run r = {.options = options, .memory = memory, .out = out, .complaints = complaints};
    const int status = explain(&r);
    cli_release(memory, r.checked, r.checked_room, sizeof *r.checked);
    if (r.labels.c) cli_labels_free(&r.labels);
    if (r.c.memory) cli_circuit_free(&r.c);
    if (r.e.memory) cli_expression_free(&r.e);
    cli_release(memory, r.values, r.value_room, sizeof *r.values);
    cli_release(memory, r.known, r.known_room, sizeof *r.known);
    return status;
}
