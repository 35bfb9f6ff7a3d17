/* The checks of operands that many ops make. */
#include "ops/ops.h"

tp_status tp_need_float(tp_ctx *ctx, int i)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    if (tp_dtype_is_float((tp_dtype)x->dtype)) return TP_OK;
    char text[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, TP_E_DTYPE, "needs f32 or f64, not %s %s", tp_dtype_name((tp_dtype)x->dtype),
                       tp_tensor_text(text, x));
}

tp_status tp_need_first_dtype(tp_ctx *ctx, int i)
{
    const tp_dtype first = (tp_dtype)tp_ctx_input(ctx, 0)->dtype, own = (tp_dtype)tp_ctx_input(ctx, i)->dtype;
    if (own == first) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_DTYPE, "dtypes differ: operand 0 is %s, operand %d %s; use tp_cast",
                       tp_dtype_name(first), i, tp_dtype_name(own));
}

tp_status tp_need_integers(tp_ctx *ctx, int i, const char *what)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    if (x->rank == 0 || !tp_dtype_is_float((tp_dtype)x->dtype)) return TP_OK;
    char text[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, TP_E_DTYPE, "%s must be integers, not %s %s", what, tp_dtype_name((tp_dtype)x->dtype),
                       tp_tensor_text(text, x));
}
