/* The numbers for another program. */
#ifndef TAPIR_CLI_JSON_H
#define TAPIR_CLI_JSON_H

#include "cli/check.h"
#include "cli/labels.h"

/* One object: expression, value, gates, variables. Numbers have all their digits; those that JSON has no way to write
   are the strings "inf", "-inf" and "nan". `checked` may be NULL. False when memory is short. */
bool cli_print_json(const cli_labels *labels, const cli_checked *checked, FILE *out);

#endif
