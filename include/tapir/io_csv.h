/* CSV: tables of numbers and of text with names for their columns. */
#ifndef TAPIR_IO_CSV_H
#define TAPIR_IO_CSV_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 4180, and a little more: cells between delimiters; a cell in quotes may hold delimiters, line ends and quotes,
   which are doubled; lines end in LF, CRLF or CR; a byte-order mark and lines without anything are passed over. A quote
   inside a cell that does not begin with one is a character like others. All rows have as many cells as the first line.

   A column whose cells are all numbers or missing is numeric: f64, missing is NaN. A number is decimal ("-1.5e3", with
   '.' in every locale, spaces around it), inf or nan. Any other column is text: the values that occur, sorted by their
   bytes, have the codes 0, 1, ...; missing is -1. Quotes do not make a number text. */
typedef struct tp_csv tp_csv;

/* Zero everywhere is the default. */
typedef struct tp_csv_options {
    const tp_allocator *memory; /* copied; NULL: malloc */
    char delimiter;             /* 0: ',' */
    char quote;                 /* 0: '"' */
    bool no_header;             /* the first line is data: columns are named "0", "1", ... */
    size_t skip;                /* lines that are passed over at the start */
    size_t most;                /* bytes that the file may have, unpacked; 0: 2^30 */
    const char *const *missing; /* NULL-terminated: cells that mean a missing value, besides empty ones; NULL: "NA",
                                   "N/A", "NaN", "nan", "null", "NULL", "None", "?" */
} tp_csv_options;

/* Reads a file, which may be gzip, or n bytes. `options` may be NULL. NULL with `error` set (it may be NULL):
     TP_E_FORMAT  with line and column: a row of another length, a quote that is not closed or is followed by
                  something, a NUL, a name of a column that comes twice, no line at all
     TP_E_LIMIT   more bytes than allowed
     TP_E_ARGUMENT (also a delimiter that is the quote or a line end), TP_E_IO, TP_E_MEMORY */
TP_API tp_csv *tp_read_csv(const char *path, const tp_csv_options *options, tp_error *error);
TP_API tp_csv *tp_parse_csv(const void *bytes, size_t n, const tp_csv_options *options, tp_error *error);
/* NULL is ignored. Tensors made from it stay. */
TP_API void tp_csv_free(tp_csv *csv);

TP_API int64_t tp_csv_rows(const tp_csv *csv); /* without the header */
TP_API int tp_csv_columns(const tp_csv *csv);
/* Columns count from 0. NULL outside; the name stays the table's. */
TP_API const char *tp_csv_name(const tp_csv *csv, int column);
/* The column with this name; -1 when there is none. */
TP_API int tp_csv_find(const tp_csv *csv, const char *name);
TP_API bool tp_csv_is_text(const tp_csv *csv, int column);
/* How many cells of the column are missing. */
TP_API int64_t tp_csv_missing(const tp_csv *csv, int column);

/* f64 (rows, n) of n numeric columns, in the order given; NULL: of all numeric columns. The caller owns it. NULL with
   `error` set: TP_E_INDEX for a column that is not there, TP_E_DTYPE for one that is text: with line, column and what
   stands there; TP_E_ARGUMENT, TP_E_MEMORY. */
TP_API tp_tensor *tp_csv_numbers(const tp_csv *csv, int n, const int *columns, tp_error *error);
/* i64 (rows): the codes of a text column; TP_E_DTYPE for a numeric one. */
TP_API tp_tensor *tp_csv_codes(const tp_csv *csv, int column, tp_error *error);
/* The values of a text column: how many there are, and the text that a code stands for; 0 and NULL for others. */
TP_API int64_t tp_csv_value_count(const tp_csv *csv, int column);
TP_API const char *tp_csv_value(const tp_csv *csv, int column, int64_t code);

#ifdef __cplusplus
}
#endif
#endif
