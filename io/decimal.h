/* Decimal numbers in text, the same in every locale. */
#ifndef TAPIR_IO_DECIMAL_H
#define TAPIR_IO_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

/* [+-] digits [. digits] [e [+-] digits], with a digit before or after the point; inf, infinity or nan in any case;
   white space before and after. The nearest double; false when the NUL-terminated text is no such number. */
bool tp_decimal(const char *text, double *value);

#endif
