/* The table of a run, in rows one after the other, and its lines. */
#include <tapir/train_history.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { FORMATS = 2, NUMBER_TEXT = 40 };

typedef char column_name[TP_HISTORY_NAME + 1];

struct tp_history {
    tp_allocator memory;
    int columns;
    column_name *names;
    double *numbers;
    uint32_t rows, room; /* room: in rows */
    FILE *log[FORMATS];
};

/* ---- columns ---- */

static bool name_is_good(const char *name)
{
    const size_t length = name ? strlen(name) : 0;
    if (length < 1 || length > TP_HISTORY_NAME) return false;
    for (const char *at = name; *at; at++)
        if (*at < ' ' || *at > '~' || strchr("\"',\\", *at)) return false;
    return true;
}

static tp_status check_names(int n, const char *const *names, tp_error *error)
{
    if (n < 0 || (n > 0 && !names))
        return tp_fail(error, TP_E_ARGUMENT, n < 0 ? "tp_history: %d columns" : "tp_history: the names are NULL", n);
    for (int i = 0; i < n; i++) {
        if (!name_is_good(names[i]))
            return tp_fail(error, TP_E_ARGUMENT, "tp_history: the name of column %d is %s%.80s", i,
                           names[i] ? "no name: " : "NULL", names[i] ? names[i] : "");
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return tp_fail(error, TP_E_ARGUMENT, "tp_history: two columns have the name %s", names[i]);
    }
    return TP_OK;
}

static void forget(tp_history *history)
{
    tp_deallocate(&history->memory, history->numbers,
                  (size_t)history->room * (size_t)history->columns * sizeof(double));
    tp_deallocate(&history->memory, history->names, (size_t)history->columns * sizeof(column_name));
    *history = (tp_history){.memory = history->memory};
}

tp_status tp_history_set_columns(tp_history *history, int n, const char *const *names, tp_error *error)
{
    if (!history) return tp_fail(error, TP_E_ARGUMENT, "tp_history_set_columns: the history is NULL");
    const tp_status status = check_names(n, names, error);
    if (status != TP_OK) return status;
    column_name *made = n > 0 ? tp_allocate_zeroed(&history->memory, (size_t)n * sizeof(column_name)) : NULL;
    if (n > 0 && !made) return tp_fail(error, TP_E_MEMORY, "tp_history: out of memory for %d columns", n);
    forget(history);
    history->names = made;
    history->columns = n;
    for (int i = 0; i < n; i++) memcpy(made[i], names[i], strlen(names[i]));
    return TP_OK;
}

tp_history *tp_history_new(int n, const char *const *names, const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_history *made = tp_allocate_zeroed(memory, sizeof *made);
    if (!made) {
        tp_fail(error, TP_E_MEMORY, "tp_history_new: out of memory");
        return NULL;
    }
    made->memory = *memory;
    if (tp_history_set_columns(made, n, names, error) == TP_OK) return made;
    tp_history_free(made);
    return NULL;
}

void tp_history_free(tp_history *history)
{
    if (!history) return;
    forget(history);
    const tp_allocator memory = history->memory;
    tp_deallocate(&memory, history, sizeof *history);
}

/* ---- lines ---- */

/* The shortest text that reads back as the same double; the locale's point becomes a point. */
static const char *number_text(char text[NUMBER_TEXT], double number)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    for (char *at = text; isfinite(number) && *at; at++)
        if (!strchr("0123456789+-e", *at)) *at = '.';
    return text;
}

static void write_names(const tp_history *history, FILE *out)
{
    for (int k = 0; k < history->columns; k++) fprintf(out, "%s%s", k ? "," : "", history->names[k]);
    fputc('\n', out);
}

static void write_row(const tp_history *history, tp_history_format format, const double *row, FILE *out)
{
    char text[NUMBER_TEXT];
    if (format == TP_JSON_LINES) fputc('{', out);
    for (int k = 0; k < history->columns; k++) {
        if (k) fputs(format == TP_CSV ? "," : ", ", out);
        if (format == TP_JSON_LINES)
            fprintf(out, "\"%s\": %s", history->names[k], isfinite(row[k]) ? number_text(text, row[k]) : "null");
        else if (!isnan(row[k]))
            fputs(number_text(text, row[k]), out);
    }
    fputs(format == TP_JSON_LINES ? "}\n" : "\n", out);
}

tp_status tp_history_write(const tp_history *history, tp_history_format format, FILE *out)
{
    if (!history || !out || (format != TP_CSV && format != TP_JSON_LINES)) return TP_E_ARGUMENT;
    if (format == TP_CSV) write_names(history, out);
    for (int64_t i = 0; i < history->rows; i++) write_row(history, format, tp_history_row(history, i), out);
    return fflush(out) == 0 && !ferror(out) ? TP_OK : TP_E_IO;
}

tp_status tp_history_log(tp_history *history, tp_history_format format, FILE *out, tp_error *error)
{
    if (!history || (format != TP_CSV && format != TP_JSON_LINES))
        return tp_fail(error, TP_E_ARGUMENT, "tp_history_log: %s", history ? "no such format" : "the history is NULL");
    history->log[format] = NULL;
    if (out && tp_history_write(history, format, out) != TP_OK)
        return tp_fail(error, TP_E_IO, "tp_history_log: cannot write");
    history->log[format] = out;
    return TP_OK;
}

/* ---- rows ---- */

tp_status tp_history_reserve(tp_history *history, int64_t rows, tp_error *error)
{
    if (!history || rows < 0)
        return tp_fail(error, TP_E_ARGUMENT, "tp_history_reserve: %s", history ? "rows < 0" : "the history is NULL");
    if (history->columns == 0 || rows <= history->room) return TP_OK;
    size_t size = 0;
    const bool fits = tp_size_mul((size_t)history->columns, sizeof(double), &size) && rows <= INT32_MAX;
    if (!fits || !tp_grow_to(&history->memory, (void **)&history->numbers, &history->room, (uint32_t)rows, size))
        return tp_fail(error, TP_E_MEMORY, "tp_history: out of memory for %" PRId64 " rows", rows);
    return TP_OK;
}

tp_status tp_history_add(tp_history *history, const double *row, tp_error *error)
{
    if (!history || !row)
        return tp_fail(error, TP_E_ARGUMENT, "tp_history_add: the %s is NULL", history ? "row" : "history");
    if (history->columns == 0) return tp_fail(error, TP_E_ARGUMENT, "tp_history_add: there are no columns");
    if (history->rows == history->room) {
        const tp_status status = tp_history_reserve(history, history->room ? 2 * (int64_t)history->room : 16, error);
        if (status != TP_OK) return status;
    }
    const size_t columns = (size_t)history->columns;
    memcpy(history->numbers + history->rows * columns, row, columns * sizeof(double));
    history->rows++;
    for (int format = 0; format < FORMATS; format++) {
        FILE *out = history->log[format];
        if (!out) continue;
        write_row(history, (tp_history_format)format, row, out);
        if (fflush(out) != 0 || ferror(out)) return tp_fail(error, TP_E_IO, "tp_history_add: cannot write the row");
    }
    return TP_OK;
}

void tp_history_truncate(tp_history *history, int64_t rows)
{
    if (history && rows >= 0 && rows < history->rows) history->rows = (uint32_t)rows;
}

int64_t tp_history_rows(const tp_history *history)
{
    return history ? history->rows : 0;
}

int tp_history_columns(const tp_history *history)
{
    return history ? history->columns : 0;
}

const char *tp_history_name(const tp_history *history, int column)
{
    return column >= 0 && column < tp_history_columns(history) ? history->names[column] : NULL;
}

int tp_history_find(const tp_history *history, const char *name)
{
    for (int k = 0; name && k < tp_history_columns(history); k++)
        if (strcmp(history->names[k], name) == 0) return k;
    return -1;
}

const double *tp_history_row(const tp_history *history, int64_t row)
{
    if (row < 0 || row >= tp_history_rows(history)) return NULL;
    return history->numbers + (size_t)row * (size_t)history->columns;
}

double tp_history_at(const tp_history *history, int64_t row, int column)
{
    const double *numbers = column >= 0 && column < tp_history_columns(history) ? tp_history_row(history, row) : NULL;
    return numbers ? numbers[column] : (double)NAN;
}
