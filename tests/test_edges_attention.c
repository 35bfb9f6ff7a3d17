/* Edge cases: softmax under a mask. */
#include "tests/test_edges.h"

void edge_masked_row(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(2, 2), LIST_OF(1, 2, NOT_A_NUMBER, INF));
    const tp_var mask = tp_reshape(vector(tape, TP_U8, 4, LIST_OF(1, 0, 0, 0), true), TP_DIMS(2, 2));
    HOLDS(tp_masked_softmax(x, mask, false, 1), 1, 0, 0, 0);
    SLOPE(tp_masked_softmax(x, mask, false, 1), x, 0, 0, 0, 0);
}
