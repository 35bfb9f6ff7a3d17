/* Chooses the instruction-set level at run time. */
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

#if defined(TP_X86_LEVELS)

extern const tp_kernels tp_kernels_v2, tp_kernels_v3, tp_kernels_v4;

static int level_of_processor(void)
{
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512cd");
    return v3 && v4 ? 4 : (v3 ? 3 : 2);
}

const tp_kernels *tp_kernels_pick(void)
{
    int level = level_of_processor();
    const char *cap = getenv("TAPIR_CPU");
    if (cap && strcmp(cap, "v2") == 0)
        level = 2;
    else if (cap && strcmp(cap, "v3") == 0 && level > 3)
        level = 3;
    return level == 4 ? &tp_kernels_v4 : (level == 3 ? &tp_kernels_v3 : &tp_kernels_v2);
}

#else

extern const tp_kernels tp_kernels_base;

const tp_kernels *tp_kernels_pick(void)
{
    return &tp_kernels_base;
}

#endif
