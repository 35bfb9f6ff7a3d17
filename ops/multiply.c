/* Matrix products for the ops: scratch from the tape, one entry for both dtypes. */
#include "ops/ops.h"

void *tp_gemm_scratch(tp_tape *tape)
{
    static const int64_t size = TP_GEMM_WORKSPACE;
    if (!tape->gemm_work) {
        tape->gemm_work = tp_new_tensor(tape, TP_U8, 1, &size, "matmul");
        if (tape->gemm_work) tp_pool_use(&tape->pool, tape->gemm_work, TP_FOR_WORK);
    }
    return tape->gemm_work ? tape->gemm_work->data : NULL;
}

tp_status tp_multiply(tp_tape *tape, tp_dtype dtype, const tp_gemm_args *args)
{
    void *work = NULL;
    if (tp_gemm_wants_workspace(args->m, args->n, args->k) && !(work = tp_gemm_scratch(tape))) return TP_E_MEMORY;
    if (dtype == TP_F32)
        tp_gemm_f32(tape->kernels->gemm, args, work, tape->threads);
    else
        tp_gemm_f64(tape->kernels->gemm, args, work, tape->threads);
    return TP_OK;
}
