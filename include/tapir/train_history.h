/* The history of a run: a table of numbers with named columns, kept and written line by line. */
#ifndef TAPIR_TRAIN_HISTORY_H
#define TAPIR_TRAIN_HISTORY_H

#include <stdio.h>

#include <tapir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_history tp_history;

#define TP_HISTORY_NAME 63 /* bytes in a column's name: printable ASCII without quote, comma and backslash */

/* A table without rows, of n columns with different names, which are copied; n may be 0: tp_fit sets columns of its
   own. `memory` is copied, NULL means malloc. NULL with `error` set: TP_E_ARGUMENT, TP_E_MEMORY. */
TP_API tp_history *tp_history_new(int n, const char *const *names, const tp_allocator *memory, tp_error *error);
/* NULL is ignored. */
TP_API void tp_history_free(tp_history *history);
/* Other columns: all rows are forgotten, and it writes to no stream any more. On failure nothing changes. */
TP_API tp_status tp_history_set_columns(tp_history *history, int n, const char *const *names, tp_error *error);

/* Adds a row, a number a column: NaN where there is none. TP_E_ARGUMENT, TP_E_MEMORY, TP_E_IO (the row is there then,
   but a stream did not take it). */
TP_API tp_status tp_history_add(tp_history *history, const double *row, tp_error *error);
/* Makes room, so that rows up to that many ask for no memory. */
TP_API tp_status tp_history_reserve(tp_history *history, int64_t rows, tp_error *error);
/* Forgets the rows from number `rows` on. */
TP_API void tp_history_truncate(tp_history *history, int64_t rows);

TP_API int64_t tp_history_rows(const tp_history *history);
TP_API int tp_history_columns(const tp_history *history);
TP_API const char *tp_history_name(const tp_history *history, int column);       /* NULL outside */
TP_API int tp_history_find(const tp_history *history, const char *name);         /* its column; -1 when there is none */
TP_API double tp_history_at(const tp_history *history, int64_t row, int column); /* NaN outside */
/* The numbers of a row; NULL outside. Valid until the next row is added. */
TP_API const double *tp_history_row(const tp_history *history, int64_t row);

/* CSV: a line of names, then a line a row; a field is empty for NaN. JSON lines: an object a row, null for NaN and
   infinities. Numbers have as many digits as it takes to read back the same double, with a point whatever the locale.
 */
typedef enum tp_history_format { TP_CSV = 0, TP_JSON_LINES } tp_history_format;
/* Writes all rows. TP_E_ARGUMENT, TP_E_IO. */
TP_API tp_status tp_history_write(const tp_history *history, tp_history_format format, FILE *out);
/* Writes all rows now, and each row when it is added; the stream is flushed after each line, so that the file can be
   followed and holds whole lines whatever becomes of the program. The stream stays the caller's and must live as long
   as rows are added; NULL ends it. One stream a format. */
TP_API tp_status tp_history_log(tp_history *history, tp_history_format format, FILE *out, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
