/* Numbers as texts: the digits of printf, written as pictures write them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw/diagram.h"

const char *number_text(char text[NUMBER_TEXT], double x, int digits)
{
    if (isnan(x)) return strcpy(text, "NaN");
    if (isinf(x)) return strcpy(text, x < 0 ? "−∞" : "∞");
    char scientific[40];
    snprintf(scientific, sizeof scientific, "%.*e", digits - 1, x);
    int64_t all = 0;
    int after = -1; /* digits after the point, whatever the locale takes for one */
    const char *at = scientific;
    for (; *at && *at != 'e'; at++) {
        if (*at < '0' || *at > '9') {
            if (*at != '-') after = after < 0 ? 0 : after;
            continue;
        }
        all = 10 * all + (*at - '0');
        if (after >= 0) after++;
    }
    const int exponent = *at ? atoi(at + 1) : 0;
    return svg_decimal(text, x < 0 ? -all : all, exponent - (after > 0 ? after : 0));
}
