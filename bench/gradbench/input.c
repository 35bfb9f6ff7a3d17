/* Reading the input of a message: fields of the right kind and size, or an error that names the field. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "bench/gradbench/gradbench.h"

tp_status gb_fail(tp_error *error, tp_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

tp_status gb_tape_status(const tp_tape *tape, tp_error *error)
{
    const tp_status status = tape ? tp_tape_status(tape) : TP_E_MEMORY;
    if (status == TP_OK) return TP_OK;
    return gb_fail(error, status, "%s", tape ? tp_tape_error(tape) : "no memory for a tape");
}

const json_t *gb_field(const json_t *object, const char *field, tp_error *error)
{
    if (!json_is_object(object)) {
        gb_fail(error, TP_E_FORMAT, "no object to hold \"%s\"", field);
        return NULL;
    }
    const json_t *value = json_object_get(object, field);
    if (!value) gb_fail(error, TP_E_FORMAT, "\"%s\" is missing", field);
    return value;
}

bool gb_read_number(const json_t *object, const char *field, double *value, tp_error *error)
{
    const json_t *json = gb_field(object, field, error);
    if (!json) return false;
    if (!json_is_number(json)) return gb_fail(error, TP_E_FORMAT, "\"%s\" is no number", field), false;
    *value = json_number_value(json);
    return true;
}

/* Whether the number is a whole one that a double holds exactly. */
static bool whole(const json_t *json, int64_t *value)
{
    const double number = json_number_value(json);
    if (!json_is_number(json) || fabs(number) > 9007199254740992. || number != trunc(number)) return false;
    *value = (int64_t)number;
    return true;
}

bool gb_read_int(const json_t *object, const char *field, int64_t low, int64_t high, int64_t *value, tp_error *error)
{
    const json_t *json = gb_field(object, field, error);
    if (!json) return false;
    if (!whole(json, value)) return gb_fail(error, TP_E_FORMAT, "\"%s\" is no whole number", field), false;
    if (*value < low || *value > high)
        return gb_fail(error, TP_E_ARGUMENT, "\"%s\" is %lld, outside of %lld .. %lld", field, (long long)*value,
                       (long long)low, (long long)high),
               false;
    return true;
}

/* The lengths of the first lists at each level: those that all must have. */
static bool find_dims(const json_t *json, const char *field, int rank, int64_t *dims, tp_error *error)
{
    for (int d = 0; d < rank; d++) {
        if (json && !json_is_array(json))
            return gb_fail(error, TP_E_FORMAT, "\"%s\" is no list nested %d deep", field, rank), false;
        const int64_t size = (int64_t)json_array_size(json);
        if (dims[d] < 0) dims[d] = size;
        if (json && dims[d] != size)
            return gb_fail(error, TP_E_SHAPE, "\"%s\" has %lld elements at level %d, not %lld", field, (long long)size,
                           d + 1, (long long)dims[d]),
                   false;
        json = json_array_get(json, 0);
    }
    return true;
}

/* Element i, in row-major order, of lists nested as the dims say; NULL where one is none. */
static const json_t *element(const json_t *json, int64_t i, int rank, const int64_t *dims)
{
    int64_t place[TP_MAX_RANK];
    for (int d = rank - 1; d >= 0; d--) place[d] = i % dims[d], i /= dims[d];
    for (int d = 0; d < rank; d++) json = json_array_get(json, (size_t)place[d]);
    return json;
}

/* Whether all lists of a level have the length that the dims say. Only then are there as many numbers as memory
   is asked for. */
static bool regular(const json_t *json, int rank, const int64_t *dims)
{
    int64_t lists = 1;
    for (int d = 0; d < rank; d++) {
        for (int64_t i = 0; i < lists; i++) {
            const json_t *list = element(json, i, d, dims);
            if (!json_is_array(list) || (int64_t)json_array_size(list) != dims[d]) return false;
        }
        lists *= dims[d];
    }
    return true;
}

tp_tensor *gb_read_tensor(const json_t *object, const char *field, tp_dtype dtype, int rank, int64_t *dims,
                          tp_error *error)
{
    const json_t *json = gb_field(object, field, error);
    if (!json || !find_dims(json, field, rank, dims, error)) return NULL;
    if (!regular(json, rank, dims))
        return gb_fail(error, TP_E_SHAPE, "\"%s\" has lists of other lengths than the first", field), NULL;
    tp_tensor *tensor = tp_tensor_make(NULL, dtype, rank, dims, NULL, error);
    if (!tensor) return NULL;
    void *values = tp_tensor_data(tensor);
    const int64_t n = tp_tensor_count(tensor);
    for (int64_t i = 0; i < n; i++) {
        const json_t *number = element(json, i, rank, dims);
        const bool good = dtype == TP_F64 ? json_is_number(number) : number && whole(number, (int64_t *)values + i);
        if (!good) {
            gb_fail(error, TP_E_FORMAT, "\"%s\": element %lld is no %snumber", field, (long long)i,
                    dtype == TP_F64 ? "" : "whole ");
            tp_tensor_release(tensor);
            return NULL;
        }
        if (dtype == TP_F64) ((double *)values)[i] = json_number_value(number);
    }
    return tensor;
}
