/* How the cases of tests/golden/network.txt are called. */
#include "tests/golden.h"

GOLDEN_CALL(softmax, tp_softmax(g->x[0], (int)g->list[0]))
GOLDEN_CALL(log_softmax, tp_log_softmax(g->x[0], (int)g->list[0]))
GOLDEN_CALL(logsumexp, tp_logsumexp(g->x[0], (int)g->list[1], g->list[0] != 0))
GOLDEN_CALL(linear_activated, tp_linear_activated(g->x[0], g->x[1], g->x[2], (tp_linear_activation)g->list[0]))
GOLDEN_CALL(linear, tp_linear(g->x[0], g->x[1], g->x[2]))

static const golden_builder builders[] = {
    GOLDEN(softmax), GOLDEN(log_softmax), GOLDEN(logsumexp), GOLDEN(linear), GOLDEN(linear_activated),
};

const golden_family golden_network = {"network", builders, COUNT(builders)};
