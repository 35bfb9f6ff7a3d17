/* CSV: types of columns, numbers and codes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <tapir/io_file.h>

#include "core/tensor.h"
#include "io/csv.h"
#include "io/decimal.h"
#include "io/json.h"
#include "io/order.h"

#define DEFAULT_MOST ((size_t)1 << 30)

/* ---- types ---- */

static bool is_missing(const tp_csv_options *options, const char *text)
{
    static const char *const usual[] = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", NULL};
    const char *const *missing = options->missing ? options->missing : usual;
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t')) n--;
    if (n == 0) return true;
    for (; *missing; missing++)
        if (strlen(*missing) == n && memcmp(*missing, text, n) == 0) return true;
    return false;
}

/* Finds out what is missing, and whether the rest are numbers. */
static void find_type(const tp_csv_reader *r, uint32_t i)
{
    tp_csv *csv = r->csv;
    tp_column *c = &csv->columns[i];
    double number;
    for (uint32_t row = 0; row < csv->row_count; row++) {
        tp_cell *x = tp_csv_cell(csv, row, i);
        if (is_missing(r->options, x->text)) {
            x->text = NULL;
            c->missing++;
        } else if (!c->text && !tp_decimal(x->text, &number)) {
            c->text = true;
            c->bad_row = row;
            c->bad = x->text;
        }
    }
}

static void make_numbers(tp_csv *csv, uint32_t i)
{
    for (uint32_t row = 0; row < csv->row_count; row++) {
        tp_cell *x = tp_csv_cell(csv, row, i);
        double number = (double)NAN;
        if (x->text) tp_decimal(x->text, &number);
        x->number = number;
    }
}

typedef struct text_column {
    const tp_csv *csv;
    uint32_t i;
} text_column;

/* Missing ones first. */
static int by_text(const void *items, uint32_t a, uint32_t b)
{
    const text_column *t = items;
    const char *x = tp_csv_cell(t->csv, a, t->i)->text, *y = tp_csv_cell(t->csv, b, t->i)->text;
    return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

static tp_status make_codes(const tp_csv_reader *r, uint32_t i)
{
    tp_csv *csv = r->csv;
    tp_column *c = &csv->columns[i];
    const size_t bytes = csv->row_count * sizeof(uint32_t);
    uint32_t *order = tp_allocate(&csv->memory, bytes);
    const text_column t = {csv, i};
    bool fine = order && tp_order(&csv->memory, order, csv->row_count, &t, by_text);
    for (uint32_t j = 0; fine && j < csv->row_count; j++)
        if (tp_csv_cell(csv, order[j], i)->text && (j == 0 || by_text(&t, order[j - 1], order[j]) != 0))
            c->value_room++;
    if (fine) c->values = tp_allocate(&csv->memory, c->value_room * sizeof *c->values);
    fine = fine && c->values;
    for (uint32_t j = 0; fine && j < csv->row_count; j++) {
        tp_cell *x = tp_csv_cell(csv, order[j], i);
        const char *latest = c->value_count ? c->values[c->value_count - 1] : NULL;
        if (x->text && (!latest || strcmp(latest, x->text) != 0)) c->values[c->value_count++] = x->text;
        const bool there = x->text != NULL;
        x->code = there ? c->value_count - 1 : -1;
    }
    tp_deallocate(&csv->memory, order, bytes);
    return fine ? TP_OK : tp_fail(r->error, TP_E_MEMORY, "out of memory for the texts: %s", r->name);
}

/* ---- the whole ---- */

static tp_status read_table(tp_csv_reader *r)
{
    tp_status status = tp_csv_read_cells(r);
    for (uint32_t i = 0; status == TP_OK && i < r->csv->width; i++) {
        find_type(r, i);
        if (r->csv->columns[i].text)
            status = make_codes(r, i);
        else
            make_numbers(r->csv, i);
    }
    return status;
}

static tp_status check_options(const tp_csv_options *options, tp_error *error)
{
    const char delimiter = options->delimiter ? options->delimiter : ',', quote = options->quote ? options->quote : '"';
    if (delimiter != quote && !strchr("\r\n", delimiter) && !strchr("\r\n", quote)) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "the delimiter and the quote are one, or a line end");
}

/* Makes a table of `text`, which it takes over. */
static tp_csv *make_table(char *text, size_t n, const tp_allocator *memory, const tp_csv_options *options,
                          const char *name, tp_error *error)
{
    tp_csv *csv = tp_allocate_zeroed(memory, sizeof *csv);
    if (!csv) {
        tp_fail(error, TP_E_MEMORY, "out of memory: %s", name);
        tp_free_file(memory, text, n);
        return NULL;
    }
    csv->memory = *memory;
    csv->text = text;
    csv->n = n;
    tp_csv_reader r = {.csv = csv,
                       .options = options,
                       .delimiter = options->delimiter ? options->delimiter : ',',
                       .quote = options->quote ? options->quote : '"',
                       .at = text,
                       .end = text + n,
                       .line = 1,
                       .column = 1,
                       .name = name,
                       .error = error};
    if (read_table(&r) == TP_OK) return csv;
    tp_csv_free(csv);
    return NULL;
}

static tp_csv *read_named(const char *function, const char *path, const void *bytes, size_t n,
                          const tp_csv_options *options, tp_error *error)
{
    static const tp_csv_options defaults = {.delimiter = ','};
    if (!options) options = &defaults;
    const tp_allocator *memory = options->memory ? options->memory : &tp_default_allocator;
    const size_t most = options->most ? options->most : DEFAULT_MOST;
    tp_error local = {.status = TP_OK};
    char *text = NULL;
    tp_csv *csv = NULL;
    if (check_options(options, &local) == TP_OK && path) {
        text = tp_read_file(memory, path, most, &n, &local);
    } else if (local.status == TP_OK && n > most) {
        tp_fail(&local, TP_E_LIMIT, "there are %zu bytes, more than %zu", n, most);
    } else if (local.status == TP_OK) {
        text = tp_allocate(memory, n + 1);
        if (text && n) memcpy(text, bytes, n);
        if (text) text[n] = 0;
        if (!text) tp_fail(&local, TP_E_MEMORY, "out of memory for %zu bytes", n);
    }
    if (text) csv = make_table(text, n, memory, options, path ? path : "memory", &local);
    if (!csv) tp_fail(error, local.status, "%s: %s", function, local.message);
    return csv;
}

tp_csv *tp_read_csv(const char *path, const tp_csv_options *options, tp_error *error)
{
    if (path) return read_named("tp_read_csv", path, NULL, 0, options, error);
    tp_fail(error, TP_E_ARGUMENT, "tp_read_csv: the path is NULL");
    return NULL;
}

tp_csv *tp_parse_csv(const void *bytes, size_t n, const tp_csv_options *options, tp_error *error)
{
    if (bytes || n == 0) return read_named("tp_parse_csv", NULL, bytes, n, options, error);
    tp_fail(error, TP_E_ARGUMENT, "tp_parse_csv: the bytes are NULL");
    return NULL;
}

void tp_csv_free(tp_csv *csv)
{
    if (!csv) return;
    const tp_allocator memory = csv->memory;
    for (uint32_t i = 0; csv->columns && i < csv->name_room; i++)
        tp_deallocate(&memory, csv->columns[i].values, csv->columns[i].value_room * sizeof *csv->columns[i].values);
    tp_deallocate(&memory, csv->columns, csv->name_room * sizeof *csv->columns);
    tp_deallocate(&memory, csv->names, csv->name_bytes);
    tp_deallocate(&memory, csv->cells, csv->cell_room * sizeof *csv->cells);
    tp_deallocate(&memory, csv->lines, csv->row_room * sizeof *csv->lines);
    tp_free_file(&memory, csv->text, csv->n);
    tp_deallocate(&memory, csv, sizeof *csv);
}

/* ---- what is in it ---- */

int64_t tp_csv_rows(const tp_csv *csv)
{
    return csv ? csv->row_count : 0;
}

int tp_csv_columns(const tp_csv *csv)
{
    return csv ? (int)csv->width : 0;
}

static const tp_column *find_column(const tp_csv *csv, int i)
{
    return csv && i >= 0 && (uint32_t)i < csv->width ? &csv->columns[i] : NULL;
}

const char *tp_csv_name(const tp_csv *csv, int i)
{
    const tp_column *c = find_column(csv, i);
    return c ? c->name : NULL;
}

int tp_csv_find(const tp_csv *csv, const char *name)
{
    for (int i = 0; name && i < tp_csv_columns(csv); i++)
        if (strcmp(csv->columns[i].name, name) == 0) return i;
    return -1;
}

bool tp_csv_is_text(const tp_csv *csv, int i)
{
    const tp_column *c = find_column(csv, i);
    return c && c->text;
}

int64_t tp_csv_missing(const tp_csv *csv, int i)
{
    const tp_column *c = find_column(csv, i);
    return c ? c->missing : 0;
}

int64_t tp_csv_value_count(const tp_csv *csv, int i)
{
    const tp_column *c = find_column(csv, i);
    return c ? c->value_count : 0;
}

const char *tp_csv_value(const tp_csv *csv, int i, int64_t code)
{
    return code >= 0 && code < tp_csv_value_count(csv, i) ? csv->columns[i].values[code] : NULL;
}

/* ---- tensors ---- */

static tp_status check_column(const char *function, const tp_csv *csv, int i, bool text, tp_error *error)
{
    const tp_column *c = find_column(csv, i);
    char name[TP_NAME_TEXT], there[TP_NAME_TEXT];
    if (!c) return tp_fail(error, TP_E_INDEX, "%s: column %d of %d", function, i, tp_csv_columns(csv));
    if (c->text == text) return TP_OK;
    if (text)
        return tp_fail(error, TP_E_DTYPE, "%s: the column \"%s\" is numeric", function, tp_name_text(name, c->name));
    return tp_fail(error, TP_E_DTYPE, "%s: line %" PRIu32 ", column %d (\"%s\"): \"%s\" is no number", function,
                   csv->lines[c->bad_row], i + 1, tp_name_text(name, c->name), tp_name_text(there, c->bad));
}

tp_tensor *tp_csv_numbers(const tp_csv *csv, int n, const int *columns, tp_error *error)
{
    static const char function[] = "tp_csv_numbers";
    if (!csv || (columns && n < 0)) {
        tp_fail(error, TP_E_ARGUMENT, "%s: %s", function, csv ? "n is negative" : "the table is NULL");
        return NULL;
    }
    int wanted = columns ? n : 0;
    for (int i = 0; i < (columns ? n : tp_csv_columns(csv)); i++) {
        if (!columns) wanted += !csv->columns[i].text;
        if (columns && check_column(function, csv, columns[i], false, error) != TP_OK) return NULL;
    }
    tp_tensor *tensor = tp_tensor_make_unset(&csv->memory, TP_F64, TP_DIMS(csv->row_count, wanted), error);
    double *to = tp_tensor_data(tensor);
    for (uint32_t row = 0; tensor && row < csv->row_count; row++)
        for (int i = 0; i < (columns ? n : tp_csv_columns(csv)); i++) {
            const int c = columns ? columns[i] : i;
            if (!csv->columns[c].text) *to++ = tp_csv_cell(csv, row, (uint32_t)c)->number;
        }
    return tensor;
}

tp_tensor *tp_csv_codes(const tp_csv *csv, int column, tp_error *error)
{
    static const char function[] = "tp_csv_codes";
    if (!csv) {
        tp_fail(error, TP_E_ARGUMENT, "%s: the table is NULL", function);
        return NULL;
    }
    if (check_column(function, csv, column, true, error) != TP_OK) return NULL;
    tp_tensor *tensor = tp_tensor_make_unset(&csv->memory, TP_I64, TP_DIMS(csv->row_count), error);
    int64_t *to = tp_tensor_data(tensor);
    for (uint32_t row = 0; tensor && row < csv->row_count; row++)
        to[row] = tp_csv_cell(csv, row, (uint32_t)column)->code;
    return tensor;
}
