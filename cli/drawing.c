#include "cli/drawing.h"

#include <errno.h>
#include <string.h>

#include <tapir/draw.h>

static tp_status fail(tp_error *error, tp_status status, const char *file, const char *what)
{
    error->status = status;
    snprintf(error->message, sizeof error->message, "%s%s%s", file, *file ? ": " : "", what);
    return status;
}

/* The names that the tables have, on the tape. */
static bool name_nodes(cli_circuit *c, const cli_labels *labels)
{
    cli_text label = {.memory = c->memory};
    for (int n = 0; n < c->e->count && !label.failed; n++) {
        if (!c->gates[n].used || c->e->nodes[n].kind == CLI_NUMBER) continue;
        cli_clear(&label);
        cli_put_label(&label, labels, n, (cli_style){.digits = 6});
        tp_name(c->gates[n].at, cli_string(&label));
    }
    const bool good = !label.failed;
    cli_text_free(&label);
    return good;
}

static tp_status write_dot(const cli_circuit *c, const char *name, FILE *out, tp_error *error)
{
    const bool output = strcmp(name, "-") == 0;
    FILE *const file = output ? out : fopen(name, "w");
    if (!file) return fail(error, TP_E_IO, name, strerror(errno));
    const tp_status status = tp_draw_dot(c->gates[c->e->root].at, file);
    const bool closed = output || fclose(file) == 0;
    if (status != TP_OK) return fail(error, status, name, tp_tape_error(c->tape));
    return closed ? TP_OK : fail(error, TP_E_IO, name, strerror(errno));
}

static tp_status write_svg(const cli_circuit *c, const char *name, int digits, FILE *out, tp_error *error)
{
    const tp_draw_options options = {.digits = digits, .branches = true, .memory = c->memory};
    tp_diagram *const diagram = tp_circuit_diagram(c->gates[c->e->root].at, &options, error);
    if (!diagram) return error->status;
    const tp_status status =
        strcmp(name, "-") == 0 ? tp_diagram_print(diagram, out, error) : tp_diagram_save(diagram, name, error);
    tp_diagram_free(diagram);
    return status;
}

tp_status cli_draw(cli_circuit *c, const cli_labels *labels, const cli_options *options, FILE *out, tp_error *error)
{
    const int digits = options->digits < 5 ? options->digits : 5;
    tp_status status = TP_OK;
    if (!options->svg && !options->dot) return TP_OK;
    if (!tp_ok(c->gates[c->e->root].at)) return fail(error, TP_E_ARGUMENT, "", "a number alone makes no circuit");
    if (!name_nodes(c, labels)) return fail(error, TP_E_MEMORY, "", "out of memory");
    if (cli_circuit_walk(c) != TP_OK) return fail(error, TP_E_MEMORY, "", c->message);
    if (options->svg) status = write_svg(c, options->svg, digits, out, error);
    if (options->dot && status == TP_OK) status = write_dot(c, options->dot, out, error);
    return status;
}
