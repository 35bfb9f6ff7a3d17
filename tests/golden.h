/* Cases that PyTorch computed, and how each op is called on them. */
#ifndef TAPIR_TESTS_GOLDEN_H
#define TAPIR_TESTS_GOLDEN_H

#include "tests/test_ops.h"

enum { GOLDEN_ATTRIBUTES = 16 };

/* A case of an op: its operands on a tape, and the numbers that say how the op is called. */
typedef struct golden {
    char op[32];
    tp_tape *tape;
    int attributes, n, inputs; /* the differentiable operands are the first `inputs`, or lie among them */
    double attribute[GOLDEN_ATTRIBUTES];
    int64_t list[GOLDEN_ATTRIBUTES]; /* the attributes as integers */
    tp_var x[MAX_LEAVES + 1];        /* those past n are tp_none() */
} golden;

/* How an op is called on a case. Values agree within `tolerance` (0: 1e-12) of the largest number of the result, at
   least 1e-3; a wider one has its reason beside it. */
typedef struct golden_builder {
    const char *op;
    tp_var (*build)(const golden *g);
    double tolerance;
    const char *why;
} golden_builder;

typedef struct golden_family {
    const char *name; /* tests/golden/NAME.txt */
    const golden_builder *builders;
    int n;
} golden_family;

#define GOLDEN_CALL(name, ...)                                                                                         \
    static tp_var golden_##name(const golden *g)                                                                       \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }
#define GOLDEN(name)                                                                                                   \
    {                                                                                                                  \
        .op = #name, .build = golden_##name                                                                            \
    }
#define GOLDEN_WIDER(name, tolerance_, why_)                                                                           \
    {                                                                                                                  \
        .op = #name, .build = golden_##name, .tolerance = tolerance_, .why = why_                                      \
    }

#define FAMILY(name) extern const golden_family golden_##name;
#include "tests/golden.def"
#undef FAMILY

#endif
