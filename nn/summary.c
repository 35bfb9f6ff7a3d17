/* Summaries: a row a module, filled in while the module runs once. */
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "nn/module.h"

/* Called by tp_module_forward. */
tp_var tp_module_seen(tp_module *module, tp_var y)
{
    tp_module_row *row = module->row;
    if (!row || !tp_ok(y)) return y;
    row->rank = tp_var_rank(y);
    for (int i = 0; i < row->rank; i++) row->dims[i] = tp_var_dims(y)[i];
    return y;
}

static void fill_row(tp_module_row *row, const tp_module *root, const tp_module *module)
{
    *row = (tp_module_row){.name = module == root ? "" : tp_module_name(module),
                           .kind = module->kind->name,
                           .depth = tp_module_depth(module) - tp_module_depth(root),
                           .rank = -1,
                           .was_training = module->training};
    for (const tp_entry *entry = module->entries; entry; entry = entry->hh.next) {
        if (entry->role == TP_ROLE_CHILD) continue;
        const int64_t n = entry->is.tensor->count;
        const int64_t bytes = n * (int64_t)tp_dtype_size((tp_dtype)entry->is.tensor->dtype);
        if (entry->role == TP_ROLE_BUFFER) {
            row->buffers += n;
            row->buffer_bytes += bytes;
            continue;
        }
        row->parameters += n;
        row->trainable += entry->frozen ? 0 : n;
        row->parameter_bytes += bytes;
    }
}

/* Runs the module, whose rows are in place, on zeros. */
static tp_status run(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims, tp_error *error)
{
    tp_error local = {0};
    tp_tensor *x = tp_tensor_make(&module->memory, dtype, rank, dims, NULL, &local);
    if (!x) return tp_fail(error, local.status, "tp_module_rows: %s", local.message);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &module->memory});
    tp_status status = TP_OK;
    if (tape) {
        tp_tape_set_grad(tape, false);
        tp_module_forward(module, tp_data(tape, x));
        status = tp_tape_status(tape);
        if (status != TP_OK) tp_fail(error, status, "%s", tp_tape_error(tape));
    } else {
        status = tp_fail(error, TP_E_MEMORY, "tp_module_rows: out of memory for a tape");
    }
    tp_tape_free(tape);
    tp_tensor_release(x);
    return status;
}

/* Rows of the module and everything below it, for the caller to deallocate; NULL with `error` set. */
static tp_module_row *make_rows(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims, size_t *count,
                                tp_error *error)
{
    size_t n = 0;
    for (const tp_module *at = module; at; at = tp_module_after(module, at)) n++;
    tp_module_row *rows = tp_allocate(&module->memory, n * sizeof *rows), *row = rows;
    if (!rows) {
        tp_fail(error, TP_E_MEMORY, "tp_module_rows: out of memory for %zu rows", n);
        return NULL;
    }
    *count = n;
    for (tp_module *at = module; at; at = tp_module_after(module, at)) {
        fill_row(row, module, at);
        at->row = row++;
        at->training = false;
    }
    const tp_status status = dims ? run(module, dtype, rank, dims, error) : TP_OK;
    for (tp_module *at = module; at; at = tp_module_after(module, at)) {
        at->training = at->row->was_training;
        at->row = NULL;
    }
    if (status == TP_OK) return rows;
    tp_deallocate(&module->memory, rows, n * sizeof *rows);
    return NULL;
}

tp_status tp_module_rows(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims,
                         tp_status (*visit)(void *user, const tp_module_row *row), void *user, tp_error *error)
{
    if (!module || !visit)
        return tp_fail(error, TP_E_ARGUMENT, "tp_module_rows: the %s is NULL", module ? "function" : "module");
    size_t n = 0;
    tp_error local = {0};
    tp_module_row *rows = make_rows(module, dtype, rank, dims, &n, &local);
    if (!rows) return tp_fail(error, local.status, "%s", local.message);
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < n; i++) status = visit(user, &rows[i]);
    tp_deallocate(&module->memory, rows, n * sizeof *rows);
    return status;
}

/* ---- the table ---- */

enum { NUMBER_TEXT = 32, DIMS_TEXT = 192, GAP = 3 };

/* Digits in groups of three. */
static const char *grouped(char text[NUMBER_TEXT], int64_t number)
{
    char digits[NUMBER_TEXT], *to = text;
    const int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (int i = 0; i < n; i++) {
        *to++ = digits[i];
        if (i + 1 < n && (n - 1 - i) % 3 == 0) *to++ = ',';
    }
    *to = 0;
    return text;
}

static const char *dims_text(char text[DIMS_TEXT], const tp_module_row *row)
{
    if (row->rank < 0) return "--";
    int at = snprintf(text, DIMS_TEXT, "(");
    for (int i = 0; i < row->rank; i++)
        at += snprintf(text + at, DIMS_TEXT - (size_t)at, i ? ", %lld" : "%lld", (long long)row->dims[i]);
    snprintf(text + at, DIMS_TEXT - (size_t)at, ")");
    return text;
}

/* What the table needs to know before its first line, and the sums. */
typedef struct table {
    FILE *out;
    int layer, shape, count; /* widths */
    tp_module_row total;
} table;

static int wider(int width, int other)
{
    return other > width ? other : width;
}

static int layer_width(const tp_module_row *row)
{
    return 2 * row->depth + (int)strlen(row->kind) + (*row->name ? (int)strlen(row->name) + 2 : 0);
}

static tp_status measure(void *user, const tp_module_row *row)
{
    table *t = user;
    char text[DIMS_TEXT], number[NUMBER_TEXT];
    t->layer = wider(t->layer, layer_width(row));
    t->shape = wider(t->shape, (int)strlen(dims_text(text, row)));
    t->count = wider(t->count, (int)strlen(grouped(number, row->parameters)));
    t->total.parameters += row->parameters;
    t->total.trainable += row->trainable;
    t->total.buffers += row->buffers;
    t->total.parameter_bytes += row->parameter_bytes;
    t->total.buffer_bytes += row->buffer_bytes;
    return TP_OK;
}

static tp_status print_row(void *user, const tp_module_row *row)
{
    const table *t = user;
    char text[DIMS_TEXT], number[NUMBER_TEXT];
    fprintf(t->out, "%*s%s%s%s%*s", 2 * row->depth, "", row->name, *row->name ? ": " : "", row->kind,
            t->layer - layer_width(row) + GAP, "");
    fprintf(t->out, "%-*s%*s\n", t->shape + GAP, dims_text(text, row), t->count,
            row->parameters ? grouped(number, row->parameters) : "--");
    return TP_OK;
}

static void print_rule(const table *t)
{
    for (int i = t->layer + t->shape + t->count + 2 * GAP; i > 0; i--) fputc('-', t->out);
    fputc('\n', t->out);
}

static void print_totals(const table *t)
{
    char number[NUMBER_TEXT], bytes[NUMBER_TEXT];
    fprintf(t->out, "Parameters      %s (%s bytes)\n", grouped(number, t->total.parameters),
            grouped(bytes, t->total.parameter_bytes));
    fprintf(t->out, "  trainable     %s\n", grouped(number, t->total.trainable));
    fprintf(t->out, "  not trainable %s\n", grouped(number, t->total.parameters - t->total.trainable));
    fprintf(t->out, "Buffers         %s (%s bytes)\n", grouped(number, t->total.buffers),
            grouped(bytes, t->total.buffer_bytes));
}

tp_status tp_module_summary(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims, FILE *out,
                            tp_error *error)
{
    if (!module || !out)
        return tp_fail(error, TP_E_ARGUMENT, "tp_module_summary: the %s is NULL", module ? "file" : "module");
    size_t n = 0;
    tp_error local = {0};
    tp_module_row *rows = make_rows(module, dtype, rank, dims, &n, &local);
    if (!rows) return tp_fail(error, local.status, "%s", local.message);
    table t = {
        .out = out, .layer = (int)strlen("Layer"), .shape = (int)strlen("Output"), .count = (int)strlen("Parameters")};
    for (size_t i = 0; i < n; i++) measure(&t, &rows[i]);
    fprintf(out, "%-*s%-*s%*s\n", t.layer + GAP, "Layer", t.shape + GAP, "Output", t.count, "Parameters");
    print_rule(&t);
    for (size_t i = 0; i < n; i++) print_row(&t, &rows[i]);
    print_rule(&t);
    print_totals(&t);
    tp_deallocate(&module->memory, rows, n * sizeof *rows);
    return ferror(out) ? tp_fail(error, TP_E_IO, "tp_module_summary: the file cannot be written") : TP_OK;
}
