/* Status words and the error record. */
#include <stdarg.h>
#include <stdio.h>

#include "core/memory.h"

#define TEXT_OF(x) #x
#define VERSION_TEXT(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *tp_version(void)
{
    return VERSION_TEXT(TP_VERSION_MAJOR, TP_VERSION_MINOR, TP_VERSION_PATCH);
}

const char *tp_status_name(tp_status status)
{
    static const char *const names[] = {"ok",           "argument", "shape", "dtype",   "index",
                                        "stale",        "changed",  "limit", "memory",  "unsupported",
                                        "input/output", "format",   "check", "numeric", "guard"};
    const size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown";
}

tp_status tp_fail(tp_error *error, tp_status status, const char *format, ...)
{
    if (!error) return status;
    error->status = status;
    va_list list;
    va_start(list, format);
    vsnprintf(error->message, sizeof error->message, format, list);
    va_end(list);
    return status;
}
