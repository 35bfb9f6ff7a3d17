/* How the cases of tests/golden/math.txt are called: rows by their names. */
#include "tests/golden.h"

static tp_var row(const golden *g)
{
    return row_call(g->op, g->x, g->attribute);
}

static const golden_builder builders[] = {
    {.op = "*", .build = row},
};

const golden_family golden_math = {"math", builders, COUNT(builders)};
