/* Vectors spread over a common grid: a reshape and an expand each. */
#include "ops/ops.h"

tp_status tp_meshgrid(const tp_var *x, int n, bool xy, tp_var *grids)
{
    tp_tape *tape = x && n > 0 ? x[0].tape : NULL;
    for (int i = 0; grids && i < n; i++) grids[i] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (n > TP_MAX_RANK || !grids)
        return tp_tape_fail(tape, TP_E_LIMIT, "tp_meshgrid: %d vectors are not 1..%d, or there is no room for grids", n,
                            TP_MAX_RANK);
    int64_t dims[TP_MAX_RANK];
    char text[TP_SHAPE_TEXT];
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, "meshgrid", x[i], i)) return tp_tape_status(tape);
        if (tp_var_rank(x[i]) > 1)
            return tp_tape_fail(tape, TP_E_SHAPE, "tp_meshgrid: operand %d is no vector: %s", i,
                                tp_shape_text(text, tp_var_rank(x[i]), tp_var_dims(x[i])));
        dims[xy && n > 1 && i < 2 ? 1 - i : i] = tp_var_rank(x[i]) ? tp_var_dims(x[i])[0] : 1;
    }
    for (int i = 0; i < n; i++) {
        const int axis = xy && n > 1 && i < 2 ? 1 - i : i;
        int64_t own[TP_MAX_RANK];
        for (int k = 0; k < n; k++) own[k] = k == axis ? dims[k] : 1;
        grids[i] = tp_expand(tp_reshape(x[i], n, own), n, dims);
    }
    return tp_tape_status(tape);
}
